/* What the files of the store share: the connection, cached statements, and binding by a small format. Private. */
#pragma once
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/io/store.h"
#include <pthread.h>
#include <sqlite3.h>

#define STATEMENTS_MOST 128

struct store {
    sqlite3 *db;
    char *path;
    struct env *env;
    struct seal_key key;
    bool has_key;
    pthread_mutex_t lock; /* recursive: held from begin to commit or rollback, and around each verb */
    int depth;            /* 1 inside a transaction */
    int lock_fd;
    struct {
        const char *sql; /* the literal's address is the key */
        sqlite3_stmt *stmt;
    } cache[STATEMENTS_MOST];
    size_t n_cache;
};

/* q_open: the cached statement of a literal, bound by `format`: t text, i int64, j JSON (printed compact, NULL → NULL).
 * The store's lock is taken; q_close gives it back. NULL with err. */
sqlite3_stmt *q_open(struct store *st, struct err *err, const char *sql, const char *format, ...);
/* q_row: true = a row is there; false = done, or failed with err set. */
bool q_row(struct store *st, sqlite3_stmt *q, struct err *err);
void q_close(struct store *st, sqlite3_stmt *q);
/* q_run: opens, steps once to the end, closes. */
#define q_run(st, err, sql, ...) q_finish(st, q_open(st, err, sql, __VA_ARGS__), err)
bool q_finish(struct store *st, sqlite3_stmt *q, struct err *err);

char *q_text(sqlite3_stmt *q, int column);       /* copy; NULL for NULL */
json_t *q_json(sqlite3_stmt *q, int column);     /* parsed; NULL for NULL or damage */
int64_t q_int(sqlite3_stmt *q, int column);

bool store_fail(struct store *st, struct err *err, const char *doing);
