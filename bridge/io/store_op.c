/* Ops (durable write intents) and holds (cells that wait for a person). */
#include "bridge/io/store_private.h"

#define OP "SELECT id,link,route,side,kind,trace,payload,state,attempts,created,run,error,revive FROM op "
#define HOLD "SELECT id,link,route,field,why,about,opened,choice,value FROM hold "

void op_done(struct op *o)
{
    free(o->route);
    free(o->kind);
    free(o->trace);
    free(o->error);
    free(o->revive);
    json_decref(o->payload);
    *o = (struct op){0};
}

void ops_free(struct op *ops, size_t n)
{
    for (size_t i = 0; i < n; i++)
        op_done(&ops[i]);
    free(ops);
}

static struct op op_of(sqlite3_stmt *q)
{
    return (struct op){.id = q_int(q, 0), .link = q_int(q, 1), .route = q_text(q, 2), .side = (int)q_int(q, 3), .kind = q_text(q, 4),
                       .trace = q_text(q, 5), .payload = q_json(q, 6), .state = (enum op_state)q_int(q, 7),
                       .attempts = (int)q_int(q, 8), .created = q_int(q, 9), .run = q_int(q, 10), .error = q_text(q, 11),
                       .revive = q_text(q, 12)};
}

bool store_op_put(struct store *st, struct op *o, struct err *err)
{
    pthread_mutex_lock(&st->lock);
    bool fresh = o->id == 0;
    bool ok = fresh ? q_run(st, err, "INSERT INTO op(link,route,side,kind,trace,payload,state,attempts,created,run,error,revive) "
                                     "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
                            "itittjiiiitt", o->link, o->route, (int64_t)o->side, o->kind, o->trace, o->payload, (int64_t)o->state,
                            (int64_t)o->attempts, o->created, o->run, o->error, o->revive)
                    : q_run(st, err, "UPDATE op SET state=?2,attempts=?3,error=?4,revive=?5,payload=?6 WHERE id=?1", "iiittj", o->id,
                            (int64_t)o->state, (int64_t)o->attempts, o->error, o->revive, o->payload);
    if (ok && fresh)
        o->id = sqlite3_last_insert_rowid(st->db);
    pthread_mutex_unlock(&st->lock);
    return ok;
}

bool store_op_delete(struct store *st, int64_t id, struct err *err)
{
    return q_run(st, err, "DELETE FROM op WHERE id=?1", "i", id);
}

static bool list_ops(struct store *st, sqlite3_stmt *q, struct op **out, size_t *n, struct err *err)
{
    struct op *list = NULL;
    size_t count = 0;
    if (!q)
        return false;
    enum err_kind before = err->kind;
    while (q_row(st, q, err)) {
        list = mem_grow(list, count + 1, sizeof *list);
        list[count++] = op_of(q);
    }
    q_close(st, q);
    *out = list;
    *n = count;
    return err->kind == before;
}

bool store_ops_of(struct store *st, int64_t link, struct op **out, size_t *n, struct err *err)
{
    return list_ops(st, q_open(st, err, OP "WHERE link=?1 ORDER BY id", "i", link), out, n, err);
}

bool store_ops_dead(struct store *st, const char *route, int64_t after, size_t max, struct op **out, size_t *n, struct err *err)
{
    return list_ops(st, q_open(st, err, OP "WHERE route=?1 AND state=1 AND id>?2 ORDER BY id LIMIT ?3", "tii", route, after, (int64_t)max),
                    out, n, err);
}

bool store_ops_counts(struct store *st, const char *route, int64_t *open, int64_t *dead, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, "SELECT ifnull(sum(state=0),0), ifnull(sum(state=1),0) FROM op WHERE route=?1", "t", route);
    if (!q)
        return false;
    bool ok = q_row(st, q, err);
    if (ok) {
        *open = q_int(q, 0);
        *dead = q_int(q, 1);
    }
    q_close(st, q);
    return ok;
}

/* ---- holds ---- */

void hold_done(struct hold *h)
{
    free(h->route);
    free(h->field);
    free(h->why);
    free(h->choice);
    json_decref(h->about);
    json_decref(h->value);
    *h = (struct hold){0};
}

void holds_free(struct hold *h, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hold_done(&h[i]);
    free(h);
}

static struct hold hold_of(sqlite3_stmt *q)
{
    return (struct hold){.id = q_int(q, 0), .link = q_int(q, 1), .route = q_text(q, 2), .field = q_text(q, 3), .why = q_text(q, 4),
                         .about = q_json(q, 5), .opened = q_int(q, 6), .choice = q_text(q, 7), .value = q_json(q, 8)};
}

bool store_hold_put(struct store *st, struct hold *h, struct err *err)
{
    int64_t now = st->env->now(st->env);
    sqlite3_stmt *q = q_open(st, err,
                             "INSERT INTO hold(link,route,field,why,about,opened,choice,value) VALUES(?1,?2,?3,?4,?5,?6,?7,?8) "
                             "ON CONFLICT(link, ifnull(field, '')) DO UPDATE SET why=?4, about=?5, choice=?7, value=?8 RETURNING id, opened",
                             "itttjitj", h->link, h->route, h->field, h->why, h->about, h->opened ? h->opened : now, h->choice, h->value);
    if (!q)
        return false;
    bool alone = st->depth == 0;
    bool ok = (!alone || env_touch(st->env, "commit", false) || err_set(err, ERR_STORE, "power is out")) && q_row(st, q, err);
    if (ok) {
        h->id = q_int(q, 0);
        h->opened = q_int(q, 1);
        struct err after = {0};
        ok = !q_row(st, q, &after) && after.kind == ERR_NONE;
        if (!ok)
            *err = after;
    }
    q_close(st, q);
    return ok && (!alone || env_touch(st->env, "commit", true) || err_set(err, ERR_STORE, "power is out"));
}

bool store_hold_delete(struct store *st, int64_t id, struct err *err)
{
    return q_run(st, err, "DELETE FROM hold WHERE id=?1", "i", id);
}

bool store_hold_by_id(struct store *st, int64_t id, struct hold *out, bool *found, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, HOLD "WHERE id=?1", "i", id);
    if (!q)
        return false;
    enum err_kind before = err->kind;
    *found = q_row(st, q, err);
    if (*found)
        *out = hold_of(q);
    q_close(st, q);
    return err->kind == before;
}

static bool list_holds(struct store *st, sqlite3_stmt *q, struct hold **out, size_t *n, struct err *err)
{
    struct hold *list = NULL;
    size_t count = 0;
    if (!q)
        return false;
    enum err_kind before = err->kind;
    while (q_row(st, q, err)) {
        list = mem_grow(list, count + 1, sizeof *list);
        list[count++] = hold_of(q);
    }
    q_close(st, q);
    *out = list;
    *n = count;
    return err->kind == before;
}

bool store_holds_of(struct store *st, int64_t link, struct hold **out, size_t *n, struct err *err)
{
    return list_holds(st, q_open(st, err, HOLD "WHERE link=?1 ORDER BY id", "i", link), out, n, err);
}

bool store_holds(struct store *st, const char *route, int64_t after, size_t max, struct hold **out, size_t *n, struct err *err)
{
    return list_holds(st, q_open(st, err, HOLD "WHERE route=?1 AND id>?2 ORDER BY id LIMIT ?3", "tii", route, after, (int64_t)max), out, n, err);
}

bool store_holds_count(struct store *st, const char *route, int64_t *out, struct err *err)
{
    sqlite3_stmt *q = q_open(st, err, "SELECT count(*) FROM hold WHERE route=?1 AND choice IS NULL", "t", route);
    if (!q)
        return false;
    bool ok = q_row(st, q, err);
    if (ok)
        *out = q_int(q, 0);
    q_close(st, q);
    return ok;
}
