/* The one place that talks to SQLite: statements are prepared once and kept, values are bound, and each failure becomes
 * one sentence that says what was done, on which file, and what a person should do about it. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/io/store_private.h"
#include <errno.h>
#include <string.h>

/* ---- failures ---- */

const char *sql_advice(int rc, int why)
{
    if (why == ENOSPC || why == EDQUOT || why == EFBIG)
        rc = SQLITE_FULL;
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return "no room left on the disk: make room and start again, nothing was half-written";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return "it cannot be written: give the user of this program write access to the file and its directory";
    case SQLITE_CORRUPT:
    case SQLITE_FORMAT:
        return "the file is damaged: stop, keep a copy of it, and restore a backup";
    case SQLITE_NOTADB:
        return "this is not a database, or its first page is damaged: check the path, or restore a backup";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another program has it open for writing: close that one";
    case SQLITE_IOERR:
        return "the disk reports an error: check the disk and its file system, then start again";
    default:
        return "the database refused";
    }
}

/* A rule of the schema that a caller broke is no fault of the disk: the statement is undone, the transaction lives. */
static bool refuse(struct store *st, struct err *err)
{
    return err_set(err, ERR_REJECT, "%s: %s", st->doing, sqlite3_errmsg(st->db));
}

/* What the system last said about the file or its log: a full quota comes as a mere I/O error. */
static int system_errno(struct store *st)
{
    static const int which[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
    int last = 0;
    for (size_t i = 0; st->db && !last && i < COUNT(which); i++) {
        sqlite3_file *file = NULL;
        sqlite3_file_control(st->db, "main", which[i], &file);
        if (file && file->pMethods)
            file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &last);
    }
    return last;
}

bool sql_fail(struct store *st, int rc, struct err *err)
{
    if ((rc & 0xff) == SQLITE_CONSTRAINT)
        return refuse(st, err);
    if ((rc & 0xff) == SQLITE_NOMEM)
        abort();
    st->doomed = true;
    const char *words = st->db && sqlite3_errcode(st->db) != SQLITE_OK ? sqlite3_errmsg(st->db) : sqlite3_errstr(rc);
    return err_set(err, ERR_STORE, "%s in %s: %s (%s)", st->doing, st->path,
                   sql_advice(rc, (rc & 0xff) == SQLITE_IOERR ? system_errno(st) : 0), words);
}

/* ---- statements ---- */

static int statement_of(struct store *st, const char *sql, sqlite3_stmt **out)
{
    size_t at = ((uintptr_t)sql >> 2) % STORE_STATEMENTS;
    for (size_t tries = 0; tries < STORE_STATEMENTS; tries++, at = (at + 1) % STORE_STATEMENTS) {
        struct statement *slot = &st->statements[at];
        if (slot->sql == sql) {
            *out = slot->s;
            return SQLITE_OK;
        }
        if (slot->sql)
            continue;
        int rc = sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &slot->s, NULL);
        if (rc == SQLITE_OK)
            slot->sql = sql;
        *out = slot->s;
        return rc;
    }
    return SQLITE_INTERNAL;
}

static int bind_one(sqlite3_stmt *s, int at, const struct arg *arg)
{
    if (arg->kind == ARG_INT)
        return sqlite3_bind_int64(s, at, arg->i);
    if (arg->kind == ARG_JSON)
        return arg->j ? sqlite3_bind_text(s, at, js_print(arg->j), -1, free) : sqlite3_bind_null(s, at);
    return sqlite3_bind_text(s, at, arg->t, -1, SQLITE_STATIC); /* NULL binds NULL; lives until the verb ends */
}

static void put_back(sqlite3_stmt *s)
{
    sqlite3_reset(s);
    if (s)
        sqlite3_clear_bindings(s);
}

static int ready(struct store *st, const char *sql, const struct arg *args, size_t n, sqlite3_stmt **out)
{
    int rc = statement_of(st, sql, out);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = bind_one(*out, (int)i + 1, &args[i]);
    return rc;
}

int sql_try(struct store *st, const char *sql, const struct arg *args, size_t n)
{
    sqlite3_stmt *s = NULL;
    int rc = ready(st, sql, args, n, &s);
    if (rc == SQLITE_OK)
        while ((rc = sqlite3_step(s)) == SQLITE_ROW)
            ;
    put_back(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

bool sql_run(struct store *st, const char *sql, const struct arg *args, size_t n, struct err *err)
{
    int rc = sql_try(st, sql, args, n);
    return rc == SQLITE_OK || sql_fail(st, rc, err);
}

bool sql_script(struct store *st, const char *sql, struct err *err)
{
    int rc = sqlite3_exec(st->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK || sql_fail(st, rc, err);
}

/* ---- rows ---- */

void rows_end(struct rows *r)
{
    put_back(r->s);
    r->s = NULL;
}

bool rows_open(struct rows *r, struct store *st, const char *sql, const struct arg *args, size_t n, struct err *err)
{
    r->st = st;
    int rc = ready(st, sql, args, n, &r->s);
    return rc == SQLITE_OK || sql_fail(st, rc, err);
}

bool rows_next(struct rows *r, bool *more, struct err *err)
{
    int rc = sqlite3_step(r->s);
    *more = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE || sql_fail(r->st, rc, err);
}

int64_t rows_int(struct rows *r, int column)
{
    return sqlite3_column_int64(r->s, column);
}

char *rows_text(struct rows *r, int column)
{
    const char *text = (const char *)sqlite3_column_text(r->s, column);
    return text ? mem_dup_n(text, (size_t)sqlite3_column_bytes(r->s, column)) : NULL;
}

char *rows_name(struct rows *r, int column)
{
    return mem_dup(name_text(r->st, rows_int(r, column)));
}

bool rows_json(struct rows *r, int column, json_t **out, struct err *err)
{
    struct err why = {0};
    const char *text = (const char *)sqlite3_column_text(r->s, column);
    if (!text)
        return true;
    *out = js_parse(text, (size_t)sqlite3_column_bytes(r->s, column), &why);
    return *out || err_set(err, ERR_STORE, "%s in %s: a row is damaged: restore a backup (%s)", r->st->doing, r->st->path, why.text);
}

bool sql_int(struct store *st, const char *sql, const struct arg *args, size_t n, int64_t *out, struct err *err)
{
    ROWS(r);
    bool more = false;
    if (!rows_open(&r, st, sql, args, n, err) || !rows_next(&r, &more, err))
        return false;
    *out = more ? rows_int(&r, 0) : 0;
    return true;
}

bool sql_text(struct store *st, const char *sql, const struct arg *args, size_t n, char **out, struct err *err)
{
    ROWS(r);
    bool more = false;
    if (!rows_open(&r, st, sql, args, n, err) || !rows_next(&r, &more, err))
        return false;
    *out = more ? rows_text(&r, 0) : NULL;
    return true;
}

/* ---- items ---- */

struct list {
    char *items;
    size_t n, room;
};

static bool list_add(struct list *l, struct rows *r, const struct reader *kind, struct err *err)
{
    if (l->n == l->room)
        l->items = mem_grow(l->items, l->room = l->room ? 2 * l->room : 4, kind->size);
    void *item = l->items + l->n * kind->size;
    memset(item, 0, kind->size);
    l->n++; /* half-read items are freed too */
    return kind->read(r, item, err);
}

static bool fill(struct list *l, struct rows *r, const struct reader *kind, struct err *err)
{
    for (bool more = true;;) {
        if (!rows_next(r, &more, err))
            return false;
        if (!more)
            return true;
        if (!list_add(l, r, kind, err))
            return false;
    }
}

bool sql_all(struct store *st, const char *sql, const struct arg *args, size_t n, const struct reader *kind, void *list,
             size_t *count, struct err *err)
{
    ROWS(r);
    struct list l = {0};
    if (!rows_open(&r, st, sql, args, n, err) || !fill(&l, &r, kind, err)) {
        list_free(kind, l.items, l.n);
        return false;
    }
    memcpy(list, &l.items, sizeof l.items);
    *count = l.n;
    return true;
}

bool sql_one(struct store *st, const char *sql, const struct arg *args, size_t n, const struct reader *kind, void *item,
             bool *found, struct err *err)
{
    void *items = NULL;
    size_t count = 0;
    if (!sql_all(st, sql, args, n, kind, &items, &count, err))
        return false;
    *found = count > 0;
    if (count)
        memcpy(item, items, kind->size);
    free(items);
    return true;
}

int64_t sql_limit(size_t max)
{
    return max > INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)max;
}

void list_free(const struct reader *kind, void *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        kind->done((char *)items + i * kind->size);
    free(items);
}
