/* Transactions: who holds the store, and when rows are kept. A thread that begins holds the store's lock until it commits
 * or rolls back; a verb outside a transaction is a transaction of its own. Each commit waits for the disk once, so callers
 * put many rows into one. */
#include "bridge/io/store_private.h"

static _Thread_local char this_thread; /* its address is the thread's identity */

static bool mine(struct store *st)
{
    return atomic_load(&st->owner) == &this_thread;
}

static bool usable(struct store *st, struct err *err)
{
    if (mine(st) && (st->doomed || sqlite3_get_autocommit(st->db)))
        return err_set(err, ERR_STORE, "%s in %s: an earlier step of this transaction failed, nothing of it is kept", st->doing,
                       st->path);
    return true;
}

/* ---- begin and rollback ---- */

static bool begin(struct store *st, struct err *err)
{
    if (mine(st))
        return err_set(err, ERR_BUG, "this thread has a transaction open already");
    if (!usable(st, err) || !sql_run(st, st->reader ? "BEGIN" : "BEGIN IMMEDIATE", NO_ARGS, err))
        return false;
    st->doomed = st->reshaped = false;
    st->begun = sqlite3_total_changes64(st->db);
    st->names_begun = st->n_names;
    atomic_store(&st->owner, &this_thread);
    return true;
}

bool store_begin(struct store *st, struct err *err)
{
    pthread_mutex_lock(&st->lock);
    st->doing = "begin a transaction";
    if (begin(st, err))
        return true; /* the lock stays ours */
    pthread_mutex_unlock(&st->lock);
    return false;
}

static void leave(struct store *st)
{
    st->doomed = st->reshaped = false;
    atomic_store(&st->owner, NULL);
    pthread_mutex_unlock(&st->lock);
}

static void undo(struct store *st)
{
    if (!sqlite3_get_autocommit(st->db)) /* a full disk has undone it already */
        sql_try(st, "ROLLBACK", NO_ARGS);
    names_cut(st, st->names_begun);
}

void store_rollback(struct store *st)
{
    if (!st || !mine(st))
        return;
    undo(st);
    leave(st);
}

/* ---- commit ---- */

static bool power_out(struct store *st, struct err *err)
{
    return err_set(err, ERR_STORE, "%s in %s: the power is out", st->doing, st->path);
}

/* A transaction that changed nothing is no effect on the outside world, and touches nothing. */
static bool commit(struct store *st, struct err *err)
{
    bool effect = st->reshaped || sqlite3_total_changes64(st->db) != st->begun;
    if (!usable(st, err))
        return false;
    if (effect && !env_touch(st->env, "commit", false))
        return power_out(st, err);
    if (!sql_run(st, "COMMIT", NO_ARGS, err))
        return false;
    st->names_begun = st->n_names; /* kept, whatever comes */
    return !effect || env_touch(st->env, "commit", true) || power_out(st, err);
}

static bool commit_and_leave(struct store *st, struct err *err)
{
    bool ok = commit(st, err);
    if (!ok)
        undo(st);
    leave(st);
    return ok;
}

bool store_commit(struct store *st, struct err *err)
{
    if (!mine(st))
        return err_set(err, ERR_BUG, "commit: this thread has no transaction open");
    st->doing = "commit";
    return commit_and_leave(st, err);
}

void store_relax(struct store *st)
{
    pthread_mutex_lock(&st->lock);
    sqlite3_exec(st->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL);
    pthread_mutex_unlock(&st->lock);
}

/* ---- verbs ---- */

bool verb_read(struct verb *v, struct store *st, const char *doing, struct err *err)
{
    pthread_mutex_lock(&st->lock);
    v->st = st;
    st->doing = doing;
    return usable(st, err);
}

bool verb_write(struct verb *v, struct store *st, const char *doing, struct err *err)
{
    if (!verb_read(v, st, doing, err))
        return false;
    if (mine(st))
        return true;
    pthread_mutex_lock(&st->lock); /* given back by commit or rollback */
    v->own = begin(st, err);
    if (!v->own)
        pthread_mutex_unlock(&st->lock);
    return v->own;
}

bool verb_commit(struct verb *v, struct err *err)
{
    if (!v->own)
        return true;
    v->own = false;
    return commit_and_leave(v->st, err);
}

void verb_end(struct verb *v)
{
    if (!v->st)
        return;
    if (v->own)
        store_rollback(v->st);
    pthread_mutex_unlock(&v->st->lock);
    v->st = NULL;
}
