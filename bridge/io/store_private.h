/* What the files of the store share: the connection, a verb's frame, statements with bound values, rows, names.
 * Only bridge/io/store*.c and its tests include this. */
#pragma once
#include "bridge/base/mem.h"
#include "bridge/io/store.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#define STORE_APPLICATION 0x49425247 /* "IBRG", in the header of the file */
#define STORE_STATEMENTS 128         /* more than the program has texts of SQL */

struct statement {
    const char *sql; /* sql is the key: the literal's address */
    sqlite3_stmt *s;
};

struct store {
    sqlite3 *db;
    char *path;
    int lock_fd;              /* lock_fd holds the lock file; -1: none (":memory:") */
    struct env *env;
    struct seal_key key;
    bool sealed;              /* key is there */
    pthread_mutex_t lock;     /* recursive; held from begin to commit or rollback, and by each verb */
    _Atomic(const void *) owner; /* the thread whose transaction is open; NULL: none */
    bool reader;              /* opened by store_look */
    bool doomed;              /* a statement of the open transaction failed: it can only be rolled back */
    bool reshaped;            /* the transaction changed the schema, which counts as no row */
    int64_t begun;            /* total changes when the transaction began */
    const char *doing;        /* the verb at work, for error texts */
    struct statement statements[STORE_STATEMENTS];
    char **names;             /* names[id - 1]: routes, endpoints, object types; see store_name.c */
    size_t n_names, names_begun;
};

/* ---- store_open.c, store_schema.c ---- */

/* A migration: SQL that leads from schema i to i + 1. Forward only, one transaction each. */
struct store *store_open_schema(const char *path, struct env *env, const struct seal_key *key, const char *const *steps,
                                int n_steps, struct err *err) MUST_CHECK;
extern const char *const store_steps[];
extern const int store_n_steps;
/* store_identify looks without writing: *schema 0 for a new file; refuses strangers and newer schemas. */
bool store_identify(struct store *st, int newest, int *schema, struct err *err) MUST_CHECK;
bool store_migrate(struct store *st, int from, const char *const *steps, int n_steps, struct err *err) MUST_CHECK;
/* store_lock_file takes <path>.lock or names who holds it. Also makes the file itself, mode 0600. */
bool store_lock_file(const char *path, int *fd, struct err *err) MUST_CHECK;
void store_unlock_file(int fd);
bool store_make_file(const char *path, struct err *err) MUST_CHECK;

/* ---- a verb: holds the lock, and for writes a transaction, its own when the caller has none ---- */

struct verb {
    struct store *st;
    bool own; /* the transaction is the verb's, not the caller's */
};
#define VERB(name) struct verb name AUTO(verb_end) = {0}
bool verb_read(struct verb *v, struct store *st, const char *doing, struct err *err) MUST_CHECK;
bool verb_write(struct verb *v, struct store *st, const char *doing, struct err *err) MUST_CHECK;
bool verb_commit(struct verb *v, struct err *err) MUST_CHECK; /* commits when the transaction is its own */
void verb_end(struct verb *v);

/* ---- store_sql.c: statements; every value is bound, none is printed into SQL ---- */

struct arg {
    enum { ARG_INT, ARG_TEXT, ARG_JSON } kind;
    int64_t i;
    const char *t;
    const json_t *j;
};
#define INT(x) {.kind = ARG_INT, .i = (int64_t)(x)}
#define TEXT(x) {.kind = ARG_TEXT, .t = (x)}
#define JSON(x) {.kind = ARG_JSON, .j = (x)}
#define ARGS(...) (const struct arg[]){__VA_ARGS__}, sizeof((const struct arg[]){__VA_ARGS__}) / sizeof(struct arg)
#define NO_ARGS NULL, 0

int sql_try(struct store *st, const char *sql, const struct arg *args, size_t n); /* the database's result code */
bool sql_run(struct store *st, const char *sql, const struct arg *args, size_t n, struct err *err) MUST_CHECK;
bool sql_int(struct store *st, const char *sql, const struct arg *args, size_t n, int64_t *out, struct err *err) MUST_CHECK;
bool sql_text(struct store *st, const char *sql, const struct arg *args, size_t n, char **out, struct err *err) MUST_CHECK;
bool sql_script(struct store *st, const char *sql, struct err *err) MUST_CHECK; /* several statements, no values */

/* sql_fail turns the result code into ERR_STORE with what was done, on which file, what to do; dooms the transaction. */
bool sql_fail(struct store *st, int rc, struct err *err);
/* sql_advice is the sentence for a result code; why: the errno behind it, or 0. */
const char *sql_advice(int rc, int why);

struct rows {
    struct store *st;
    sqlite3_stmt *s;
};
void rows_end(struct rows *r);
#define ROWS(name) struct rows name AUTO(rows_end) = {0}
bool rows_open(struct rows *r, struct store *st, const char *sql, const struct arg *args, size_t n, struct err *err) MUST_CHECK;
bool rows_next(struct rows *r, bool *more, struct err *err) MUST_CHECK;
int64_t rows_int(struct rows *r, int column);
char *rows_text(struct rows *r, int column); /* caller frees; NULL for NULL */
char *rows_name(struct rows *r, int column); /* the text of a name's id; caller frees */
bool rows_json(struct rows *r, int column, json_t **out, struct err *err) MUST_CHECK;

/* How one kind of item is read from a row into zeroed storage, and freed. */
struct reader {
    size_t size;
    bool (*read)(struct rows *r, void *item, struct err *err);
    void (*done)(void *item);
};
/* list: the address of the caller's array pointer. item: the caller's storage; both untouched on failure. */
bool sql_all(struct store *st, const char *sql, const struct arg *args, size_t n, const struct reader *kind, void *list,
             size_t *count, struct err *err) MUST_CHECK;
bool sql_one(struct store *st, const char *sql, const struct arg *args, size_t n, const struct reader *kind, void *item,
             bool *found, struct err *err) MUST_CHECK;
int64_t sql_limit(size_t max);
void list_free(const struct reader *kind, void *items, size_t n);

/* ---- store_name.c ---- */

int64_t name_find(const struct store *st, const char *text); /* 0 for NULL and for a name never seen */
bool name_make(struct store *st, const char *text_or_null, int64_t *id, struct err *err) MUST_CHECK;
const char *name_text(const struct store *st, int64_t id); /* NULL for 0 */
bool names_load(struct store *st, struct err *err) MUST_CHECK;
void names_cut(struct store *st, size_t n);
