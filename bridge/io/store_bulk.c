/* Bulk jobs: which ops went to a service together, under which ticket, and when to look at it next. The ops themselves stay
 * what they are, durable intents; this is only the envelope. */
#include "bridge/io/store_private.h"

#define BULK "SELECT id, route, object, ticket, due, attempts, rows FROM bulk "

void bulk_done(struct bulk *b)
{
    free(b->route);
    free(b->object);
    free(b->ticket);
    *b = (struct bulk){0};
}

static void done_bulk(void *item)
{
    bulk_done(item);
}

static bool read_bulk(struct rows *r, void *item, struct err *err)
{
    (void)err;
    *(struct bulk *)item = (struct bulk){.id = rows_int(r, 0), .route = rows_name(r, 1), .object = rows_name(r, 2),
                                         .ticket = rows_text(r, 3), .due = rows_int(r, 4), .attempts = (int)rows_int(r, 5),
                                         .rows = rows_int(r, 6)};
    return true;
}

static const struct reader bulk_reader = {sizeof(struct bulk), read_bulk, done_bulk};

void bulks_free(struct bulk *b, size_t n)
{
    list_free(&bulk_reader, b, n);
}

/* ---- writing ---- */

static bool insert(struct store *st, const struct bulk *b, struct err *err)
{
    int64_t route = 0, object = 0;
    return name_make(st, b->route, &route, err) && name_make(st, b->object, &object, err) &&
           sql_run(st, "INSERT INTO bulk(route, object, ticket, due, attempts, rows) VALUES(?, ?, ?, ?, ?, ?)",
                   ARGS(INT(route), INT(object), TEXT(b->ticket), INT(b->due), INT(b->attempts), INT(b->rows)), err);
}

static bool update(struct store *st, const struct bulk *b, struct err *err)
{
    if (!sql_run(st, "UPDATE bulk SET ticket = ?, due = ?, attempts = ?, rows = ? WHERE id = ?",
                 ARGS(TEXT(b->ticket), INT(b->due), INT(b->attempts), INT(b->rows), INT(b->id)), err))
        return false;
    return sqlite3_changes(st->db) || err_set(err, ERR_STALE, "bulk job %lld is over", (long long)b->id);
}

bool store_bulk_put(struct store *st, struct bulk *b, struct err *err)
{
    VERB(v);
    if (!verb_write(&v, st, "keep a bulk job", err) || !(b->id ? update(st, b, err) : insert(st, b, err)))
        return false;
    int64_t id = b->id ? b->id : sqlite3_last_insert_rowid(st->db);
    if (!verb_commit(&v, err))
        return false;
    b->id = id;
    return true;
}

bool store_bulk_delete(struct store *st, int64_t id, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "end a bulk job", err) && sql_run(st, "DELETE FROM bulk WHERE id = ?", ARGS(INT(id)), err) &&
           verb_commit(&v, err);
}

bool store_bulk_move(struct store *st, int64_t from, int64_t after_op, int64_t to, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "divide a bulk job", err) &&
           sql_run(st, "UPDATE op SET bulk = ?3 WHERE bulk = ?1 AND bulk <> 0 AND id > ?2",
                   ARGS(INT(from), INT(after_op), INT(to)), err) &&
           verb_commit(&v, err);
}

/* ---- reading ---- */

bool store_bulks(struct store *st, const char *route, struct bulk **out, size_t *n, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "list bulk jobs", err) &&
           sql_all(st, BULK "WHERE route = ? ORDER BY due, id", ARGS(INT(name_find(st, route))), &bulk_reader, out, n, err);
}

bool store_bulk_due(struct store *st, const char *route, const char *object, int lane, int64_t now, int64_t most, int64_t *out,
                    struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "count who is to be created", err) &&
           sql_int(st,
                   "SELECT count(*) FROM (SELECT 1 FROM job LEFT JOIN link ON link.route = job.route AND link.object = job.object "
                   "AND link.key = job.key WHERE job.route = ?1 AND job.object = ?2 AND job.lane >= ?3 AND job.due <= ?4 "
                   "AND link.t_id IS NULL LIMIT ?5)",
                   ARGS(INT(name_find(st, route)), INT(name_find(st, object)), INT(lane), INT(now), INT(most)), out, err);
}
