/* Ops: durable write intents. They never expire; settling or a person resolves them. */
#include "bridge/io/store_private.h"

#define OP                                                                                                                     \
    "SELECT id, link, route, side, kind, trace, payload, state, attempts, created, run, error, revive, bulk FROM op "

void op_done(struct op *op)
{
    free(op->route);
    free(op->kind);
    free(op->trace);
    free(op->error);
    free(op->revive);
    json_decref(op->payload);
    *op = (struct op){0};
}

static void done_op(void *item)
{
    op_done(item);
}

static bool read_op(struct rows *r, void *item, struct err *err)
{
    struct op *o = item;
    *o = (struct op){.id = rows_int(r, 0), .link = rows_int(r, 1), .route = rows_name(r, 2), .side = (int)rows_int(r, 3),
                     .kind = rows_text(r, 4), .trace = rows_text(r, 5), .state = (enum op_state)rows_int(r, 7),
                     .attempts = (int)rows_int(r, 8), .created = rows_int(r, 9), .run = rows_int(r, 10),
                     .error = rows_text(r, 11), .revive = rows_text(r, 12), .bulk = rows_int(r, 13)};
    return rows_json(r, 6, &o->payload, err);
}

static const struct reader op_reader = {sizeof(struct op), read_op, done_op};

void ops_free(struct op *ops, size_t n)
{
    list_free(&op_reader, ops, n);
}

/* ---- writing ---- */

static bool insert(struct store *st, const struct op *op, int64_t route, struct err *err)
{
    return sql_run(st,
                   "INSERT INTO op(link, route, side, kind, trace, payload, state, attempts, created, run, error, revive, bulk) "
                   "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   ARGS(INT(op->link), INT(route), INT(op->side), TEXT(op->kind), TEXT(op->trace), JSON(op->payload),
                        INT(op->state), INT(op->attempts), INT(op->created), INT(op->run), TEXT(op->error), TEXT(op->revive),
                        INT(op->bulk)),
                   err);
}

/* What an op is about never changes; how it stands does. */
static bool update(struct store *st, const struct op *op, struct err *err)
{
    if (!sql_run(st, "UPDATE op SET payload = ?, state = ?, attempts = ?, run = ?, error = ?, revive = ?, bulk = ? WHERE id = ?",
                 ARGS(JSON(op->payload), INT(op->state), INT(op->attempts), INT(op->run), TEXT(op->error), TEXT(op->revive),
                      INT(op->bulk), INT(op->id)),
                 err))
        return false;
    return sqlite3_changes(st->db) || err_set(err, ERR_STALE, "op %lld was resolved meanwhile", (long long)op->id);
}

bool store_op_put(struct store *st, struct op *op, struct err *err)
{
    VERB(v);
    int64_t route = 0;
    if (!verb_write(&v, st, "keep an op", err) || !name_make(st, op->route, &route, err) ||
        !(op->id ? update(st, op, err) : insert(st, op, route, err)))
        return false;
    int64_t id = op->id ? op->id : sqlite3_last_insert_rowid(st->db);
    if (!verb_commit(&v, err))
        return false;
    op->id = id;
    return true;
}

bool store_op_delete(struct store *st, int64_t id, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "finish an op", err) && sql_run(st, "DELETE FROM op WHERE id = ?", ARGS(INT(id)), err) &&
           verb_commit(&v, err);
}

/* ---- reading ---- */

bool store_ops_of(struct store *st, int64_t link, struct op **out, size_t *n, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read the ops of a link", err) &&
           sql_all(st, OP "WHERE link = ? ORDER BY id", ARGS(INT(link)), &op_reader, out, n, err);
}

bool store_ops_bulk(struct store *st, int64_t bulk, int64_t after_id, size_t max, struct op **out, size_t *n, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read the ops of a bulk job", err) &&
           sql_all(st, OP "WHERE bulk = ? AND bulk <> 0 AND id > ? ORDER BY id LIMIT ?",
                   ARGS(INT(bulk), INT(after_id), INT(sql_limit(max))), &op_reader, out, n, err);
}

bool store_ops_dead(struct store *st, const char *route, int64_t after_id, size_t max, struct op **out, size_t *n,
                    struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "list dead ops", err) &&
           sql_all(st, OP "WHERE route = ? AND state = ? AND id > ? ORDER BY id LIMIT ?",
                   ARGS(INT(name_find(st, route)), INT(OP_DEAD), INT(after_id), INT(sql_limit(max))), &op_reader, out, n, err);
}

bool store_ops_counts(struct store *st, const char *route, int64_t *open, int64_t *dead, struct err *err)
{
    static const char count[] = "SELECT count(*) FROM op WHERE route = ? AND state = ?";
    int64_t n[2] = {0}, r;
    VERB(v);
    if (!verb_read(&v, st, "count ops", err))
        return false;
    r = name_find(st, route);
    if (!sql_int(st, count, ARGS(INT(r), INT(OP_OPEN)), &n[0], err) || !sql_int(st, count, ARGS(INT(r), INT(OP_DEAD)), &n[1], err))
        return false;
    *open = n[0];
    *dead = n[1];
    return true;
}
