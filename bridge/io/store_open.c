/* Opening and closing: the file is made for us alone, held by one process at a time, and looked at, page by
 * page, before it is believed. */
#include "bridge/base/str.h"
#include "bridge/io/store_private.h"
#include <errno.h>
#include <unistd.h>

static const char memory[] = ":memory:";

/* ---- looking ---- */

static bool check_pages(struct store *st, struct err *err)
{
    AUTO_FREE char *verdict = NULL;
    st->doing = "check the pages";
    if (!sql_text(st, "PRAGMA quick_check(1)", NO_ARGS, &verdict, err))
        return false;
    if (str_eq(verdict, "ok"))
        return true;
    return err_set(err, ERR_STORE, "%s: %s (%s)", st->path, sql_advice(SQLITE_CORRUPT, 0), verdict ? verdict : "no answer");
}

/* ---- the connection ---- */

/* FULL: a commit that returned survives a power cut, and every earlier one with it. */
static const char settings[] = "PRAGMA busy_timeout = 5000;"
                               "PRAGMA page_size = 8192;" /* seven links a page instead of three in half of one */
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA cache_size = -3000;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA secure_delete = FAST;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA recursive_triggers = ON;" /* a REPLACE is a delete too, for the triggers of the log */
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA wal_autocheckpoint = 500;"
                               "PRAGMA journal_size_limit = 8388608";

/* A name that begins with "file:" is still the name of a file. */
static int connect(struct store *st)
{
    AUTO_FREE char *path = mem_printf("%s%s", str_starts(st->path, "file:") ? "./" : "", st->path);
    int rc = sqlite3_open_v2(path, &st->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK)
        return rc;
    sqlite3_extended_result_codes(st->db, 1);
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    return SQLITE_OK;
}

static bool log_ahead(struct store *st, struct err *err)
{
    AUTO_FREE char *mode = NULL;
    if (!sql_text(st, "PRAGMA journal_mode = WAL", NO_ARGS, &mode, err))
        return false;
    if (str_eq(mode, "wal") || str_eq(st->path, memory))
        return true;
    return err_set(err, ERR_STORE, "open %s: its file system cannot hold a write-ahead log: keep the store on a local disk", st->path);
}

static bool prepare(struct store *st, const char *const *steps, int n_steps, struct err *err)
{
    int schema = 0;
    int rc = connect(st);
    if (rc != SQLITE_OK)
        return sql_fail(st, rc, err);
    if (!sql_script(st, settings, err) || !store_identify(st, n_steps, &schema, err))
        return false;
    if (!check_pages(st, err))
        return false;
    st->doing = "open the store";
    return log_ahead(st, err) && store_migrate(st, schema, steps, n_steps, err) && names_load(st, err);
}

/* ---- open and close ---- */

static struct store *blank(const char *path, struct env *env, const struct seal_key *key)
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
    st->doing = "open the store";
    if (key)
        st->key = *key;
    st->sealed = key;
    return st;
}

static bool secure(struct store *st, struct err *err)
{
    if (str_eq(st->path, memory))
        return true;
    return store_lock_file(st->path, &st->lock_fd, err) && store_make_file(st->path, err);
}

struct store *store_open_schema(const char *path, struct env *env, const struct seal_key *key, const char *const *steps,
                                int n_steps, struct err *err)
{
    struct store *st = blank(path, env, key);
    if (secure(st, err) && prepare(st, steps, n_steps, err))
        return st;
    store_close(st);
    return NULL;
}

struct store *store_open(const char *path, struct env *env, const struct seal_key *key, struct err *err)
{
    return store_open_schema(path, env, key, store_steps, store_n_steps, err);
}

/* A connection that may recover the log after a crash, as every reader must be able to, but never writes a row and leaves
 * the checkpoint to the holder. */
static bool look(struct store *st, struct err *err)
{
    int schema = 0;
    if (access(st->path, F_OK) != 0)
        return err_set(err, ERR_STORE, "open %s: there is no store yet", st->path);
    int rc = connect(st);
    if (rc != SQLITE_OK)
        return sql_fail(st, rc, err);
    st->reader = true;
    sqlite3_db_config(st->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if (!sql_script(st, settings, err) || !sql_script(st, "PRAGMA query_only = ON", err) ||
        !store_identify(st, store_n_steps, &schema, err))
        return false;
    if (schema != store_n_steps)
        return err_set(err, ERR_STORE, "open %s: it has schema %d, this program reads %d", st->path, schema, store_n_steps);
    return names_load(st, err);
}

struct store *store_look(const char *path, struct env *env, const struct seal_key *key, struct err *err)
{
    struct store *st = blank(path, env, key);
    if (look(st, err))
        return st;
    store_close(st);
    return NULL;
}

void store_close(struct store *st)
{
    if (!st)
        return;
    store_rollback(st);
    for (size_t i = 0; i < STORE_STATEMENTS; i++)
        sqlite3_finalize(st->statements[i].s);
    sqlite3_close(st->db); /* carries the log over into the file and deletes it */
    store_unlock_file(st->lock_fd);
    pthread_mutex_destroy(&st->lock);
    names_cut(st, 0);
    free(st->names);
    free(st->path);
    mem_wipe(&st->key, sizeof st->key);
    free(st);
}
