/* Opening the one file, transactions, and the small tables. Every statement of every verb is a literal with bound values. */
#include "bridge/io/store_private.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 0x49425247 /* "IBRG" */
#define SCHEMA 1

static const char schema_1[] =
    "CREATE TABLE meta(name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;"
    "CREATE TABLE secret(name TEXT PRIMARY KEY, sealed TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE cursor(endpoint TEXT, stream TEXT, cursor TEXT NOT NULL, PRIMARY KEY(endpoint, stream)) WITHOUT ROWID;"
    "CREATE TABLE term(endpoint TEXT, field TEXT, id TEXT, label TEXT NOT NULL, now TEXT, gone INT, PRIMARY KEY(endpoint, field, id)) WITHOUT ROWID;"
    "CREATE TABLE subject(endpoint TEXT, object TEXT, key TEXT, id TEXT, label TEXT, fields TEXT, as_of INT, stale INT, scan INT, missed_at INT, PRIMARY KEY(endpoint, object, key)) WITHOUT ROWID;"
    "CREATE INDEX subject_id ON subject(endpoint, object, id);"
    "CREATE INDEX subject_label ON subject(endpoint, label COLLATE NOCASE);"
    "CREATE TABLE link(id INTEGER PRIMARY KEY, route TEXT, object TEXT, key TEXT, t_type TEXT, t_id TEXT, state INT, reason TEXT, secondary INT, t_version TEXT, cells TEXT, parent INT, touched INT);"
    "CREATE UNIQUE INDEX link_key ON link(route, object, key);"
    "CREATE UNIQUE INDEX link_target ON link(route, t_type, t_id) WHERE secondary = 0 AND t_id IS NOT NULL;"
    "CREATE INDEX link_any_target ON link(route, t_type, t_id);"
    "CREATE TABLE job(id INTEGER PRIMARY KEY, route TEXT, object TEXT, key TEXT, lane INT, attempts INT, due INT, mark INT, why TEXT);"
    "CREATE UNIQUE INDEX job_key ON job(route, object, key);"
    "CREATE INDEX job_due ON job(route, lane, due);"
    "CREATE TABLE op(id INTEGER PRIMARY KEY, link INT, route TEXT, side INT, kind TEXT, trace TEXT UNIQUE, payload TEXT, state INT, attempts INT, created INT, run INT, error TEXT, revive TEXT);"
    "CREATE INDEX op_link ON op(link);"
    "CREATE TABLE hold(id INTEGER PRIMARY KEY, link INT, route TEXT, field TEXT, why TEXT, about TEXT, opened INT, choice TEXT, value TEXT);"
    "CREATE UNIQUE INDEX hold_cell ON hold(link, ifnull(field, ''));"
    "CREATE TABLE run(id INTEGER PRIMARY KEY, route TEXT, kind TEXT, started INT, ended INT, counts TEXT);"
    "CREATE TABLE log(seq INTEGER PRIMARY KEY AUTOINCREMENT, at INT, run INT, link INT, event TEXT, cells TEXT);"
    "CREATE INDEX log_link ON log(link);"
    "CREATE TRIGGER log_kept BEFORE UPDATE ON log BEGIN SELECT raise(ABORT, 'the change log is append-only'); END;"
    "CREATE TRIGGER log_stays BEFORE DELETE ON log BEGIN SELECT raise(ABORT, 'the change log is append-only'); END;";

/* migrations[v] brings schema v to v + 1. */
static const char *const migrations[] = {schema_1};

/* ---- errors ---- */

bool store_fail(struct store *st, struct err *err, const char *doing)
{
    const char *advice = "";
    switch (sqlite3_errcode(st->db) & 0xff) {
    case SQLITE_FULL:
        advice = "; the disk is full: make room, nothing was lost";
        break;
    case SQLITE_IOERR:
        advice = "; the disk failed or is full: nothing was half-written";
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        advice = "; the file is damaged: restore a backup";
        break;
    case SQLITE_READONLY:
        advice = "; the file is read-only";
        break;
    default:
        break;
    }
    return err_set(err, ERR_STORE, "%s: %s: %s%s", st->path, doing, sqlite3_errmsg(st->db), advice);
}

/* ---- statements ---- */

static sqlite3_stmt *prepared(struct store *st, const char *sql)
{
    for (size_t i = 0; i < st->n_cache; i++)
        if (st->cache[i].sql == sql)
            return st->cache[i].stmt;
    sqlite3_stmt *q = NULL;
    if (st->n_cache == STATEMENTS_MOST ||
        sqlite3_prepare_v3(st->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q, NULL) != SQLITE_OK)
        return NULL;
    st->cache[st->n_cache].sql = sql;
    st->cache[st->n_cache++].stmt = q;
    return q;
}

static void bind_one(sqlite3_stmt *q, int at, char kind, va_list *ap)
{
    if (kind == 'i') {
        sqlite3_bind_int64(q, at, va_arg(*ap, int64_t));
        return;
    }
    if (kind == 't') {
        const char *text = va_arg(*ap, const char *);
        sqlite3_bind_text(q, at, text, -1, SQLITE_TRANSIENT);
        return;
    }
    const json_t *value = va_arg(*ap, const json_t *);
    if (value)
        sqlite3_bind_text(q, at, js_print(value), -1, free);
    else
        sqlite3_bind_null(q, at);
}

sqlite3_stmt *q_open(struct store *st, struct err *err, const char *sql, const char *format, ...)
{
    pthread_mutex_lock(&st->lock);
    sqlite3_stmt *q = prepared(st, sql);
    if (!q) {
        store_fail(st, err, "prepare");
        pthread_mutex_unlock(&st->lock);
        return NULL;
    }
    va_list ap;
    va_start(ap, format);
    for (int i = 0; format[i]; i++)
        bind_one(q, i + 1, format[i], &ap);
    va_end(ap);
    return q;
}

bool q_row(struct store *st, sqlite3_stmt *q, struct err *err)
{
    int rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        return true;
    if (rc != SQLITE_DONE)
        store_fail(st, err, "read or write");
    return false;
}

void q_close(struct store *st, sqlite3_stmt *q)
{
    sqlite3_reset(q);
    sqlite3_clear_bindings(q);
    pthread_mutex_unlock(&st->lock);
}

/* A write outside a transaction is one of its own, and touches the world like any commit. */
bool q_finish(struct store *st, sqlite3_stmt *q, struct err *err)
{
    if (!q)
        return false;
    bool alone = st->depth == 0 && !sqlite3_stmt_readonly(q);
    bool ok = !alone || env_touch(st->env, "commit", false) || err_set(err, ERR_STORE, "power is out");
    if (ok) {
        int rc = sqlite3_step(q);
        ok = rc == SQLITE_DONE || rc == SQLITE_ROW || store_fail(st, err, "write");
    }
    q_close(st, q);
    return ok && (!alone || env_touch(st->env, "commit", true) || err_set(err, ERR_STORE, "power is out"));
}

char *q_text(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    return text ? mem_dup_n(text, (size_t)sqlite3_column_bytes(q, column)) : NULL;
}

json_t *q_json(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    return text ? js_parse(text, (size_t)sqlite3_column_bytes(q, column), NULL) : NULL;
}

int64_t q_int(sqlite3_stmt *q, int column)
{
    return sqlite3_column_int64(q, column);
}

/* ---- transactions ---- */

bool store_begin(struct store *st, struct err *err)
{
    pthread_mutex_lock(&st->lock);
    if (st->depth == 0 && sqlite3_exec(st->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {
        st->depth = 1;
        return true;
    }
    if (st->depth)
        err_set(err, ERR_BUG, "a transaction inside a transaction");
    else
        store_fail(st, err, "begin");
    pthread_mutex_unlock(&st->lock);
    return false;
}

static void end(struct store *st)
{
    st->depth = 0;
    pthread_mutex_unlock(&st->lock);
}

void store_rollback(struct store *st)
{
    if (pthread_mutex_trylock(&st->lock) != 0)
        return; /* another thread's transaction: not ours to end */
    bool open = st->depth > 0;
    pthread_mutex_unlock(&st->lock);
    if (!open)
        return;
    sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    end(st);
}

bool store_commit(struct store *st, struct err *err)
{
    if (!env_touch(st->env, "commit", false))
        return err_set(err, ERR_STORE, "power is out"); /* the closing brace rolls back */
    if (sqlite3_exec(st->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return store_fail(st, err, "commit");
    end(st);
    return env_touch(st->env, "commit", true) || err_set(err, ERR_STORE, "power is out");
}

void store_relax(struct store *st)
{
    sqlite3_exec(st->db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
}

/* ---- opening ---- */

/* One writer process: the lock file says who it is. It outlives nobody: the kernel drops the lock with the process. */
static bool take_lock(struct store *st, struct err *err)
{
    AUTO_FREE char *path = mem_printf("%s.lock", st->path);
    char pid[32] = "";
    st->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (st->lock_fd < 0)
        return err_set(err, ERR_STORE, "%s cannot be made: %s", path, strerror(errno));
    if (flock(st->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        int n = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
        return (ftruncate(st->lock_fd, 0) == 0 && pwrite(st->lock_fd, pid, (size_t)n, 0) == n) ||
               err_set(err, ERR_STORE, "%s cannot be written: %s", path, strerror(errno));
    }
    ssize_t n = pread(st->lock_fd, pid, sizeof pid - 1, 0);
    pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
    return err_set(err, ERR_STORE, "%s is in use by another inbox-bridge (process %s); one process works on a store at a time",
                   st->path, *pid ? pid : "?");
}

/* The file exists with mode 0600 before SQLite sees it; SQLite gives its side files the same mode. */
static bool make_file(struct store *st, struct err *err)
{
    int fd = open(st->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_STORE, "%s cannot be opened: %s", st->path, strerror(errno));
    close(fd);
    return true;
}

static bool pragma_int(struct store *st, const char *sql, int64_t *out)
{
    sqlite3_stmt *q = NULL;
    bool ok = sqlite3_prepare_v2(st->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
    if (ok)
        *out = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return ok;
}

/* Whole pages checked, quickly; the first complaint is told. */
static bool sound(struct store *st, struct err *err)
{
    sqlite3_stmt *q = NULL;
    bool ok = sqlite3_prepare_v2(st->db, "PRAGMA quick_check(1)", -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW;
    AUTO_FREE char *said = ok ? q_text(q, 0) : mem_dup(sqlite3_errmsg(st->db));
    sqlite3_finalize(q);
    if (ok && str_eq(said, "ok"))
        return true;
    return err_set(err, ERR_STORE, "%s is damaged (%s): restore a backup, or move the file away and start anew", st->path, said);
}

static bool migrate(struct store *st, int64_t from, struct err *err)
{
    for (int64_t v = from; v < SCHEMA; v++) {
        AUTO_FREE char *sql = mem_printf("BEGIN IMMEDIATE;%sPRAGMA application_id=%d;PRAGMA user_version=%lld;COMMIT;",
                                         migrations[v], APPLICATION_ID, (long long)v + 1);
        if (sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK)
            continue;
        store_fail(st, err, "migrate");
        sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
        return false;
    }
    return true;
}

static bool check_kind(struct store *st, struct err *err)
{
    int64_t app = 0, version = 0, objects = 0;
    if (!pragma_int(st, "PRAGMA application_id", &app) || !pragma_int(st, "PRAGMA user_version", &version) ||
        !pragma_int(st, "SELECT count(*) FROM sqlite_schema", &objects))
        return err_set(err, ERR_STORE, "%s is not a store of inbox-bridge (%s)", st->path, sqlite3_errmsg(st->db));
    if (objects && app != APPLICATION_ID)
        return err_set(err, ERR_STORE, "%s is a database of another program", st->path);
    if (version > SCHEMA)
        return err_set(err, ERR_STORE,
                       "%s was written by a newer inbox-bridge (schema %lld, this program knows %d): upgrade the program or "
                       "restore a backup", st->path, (long long)version, SCHEMA);
    return (!objects || sound(st, err)) && migrate(st, objects ? version : 0, err);
}

static bool open_db(struct store *st, struct err *err)
{
    static const char pragmas[] = "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-4096;"
                                  "PRAGMA temp_store=MEMORY;PRAGMA journal_size_limit=16777216;PRAGMA trusted_schema=OFF;";
    bool memory = str_eq(st->path, ":memory:");
    if (!memory && (!make_file(st, err) || !take_lock(st, err)))
        return false;
    int rc = sqlite3_open_v2(st->path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return store_fail(st, err, "open");
    sqlite3_busy_timeout(st->db, 5000);
    if (!check_kind(st, err))
        return false;
    return sqlite3_exec(st->db, pragmas, NULL, NULL, NULL) == SQLITE_OK || store_fail(st, err, "open");
}

struct store *store_open(const char *path, struct env *env, const struct seal_key *key, struct err *err)
{
    struct store *st = mem_alloc(sizeof *st);
    pthread_mutexattr_t recursive;
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&st->lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    st->path = mem_dup(path);
    st->env = env;
    st->lock_fd = -1;
    st->has_key = key != NULL;
    if (key)
        st->key = *key;
    if (open_db(st, err))
        return st;
    store_close(st);
    return NULL;
}

void store_close(struct store *st)
{
    if (!st)
        return;
    if (st->db)
        store_rollback(st);
    for (size_t i = 0; i < st->n_cache; i++)
        sqlite3_finalize(st->cache[i].stmt);
    sqlite3_close(st->db);
    if (st->lock_fd >= 0)
        close(st->lock_fd);
    pthread_mutex_destroy(&st->lock);
    mem_wipe(&st->key, sizeof st->key);
    free(st->path);
    free(st);
}
