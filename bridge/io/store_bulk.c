/* Bulk jobs: which ops went to a service together, under which ticket, and when to look at it next. The ops themselves stay
 * what they are, durable intents; this is only the envelope. Jobs that read have no ops: what they told is kept for as long as
 * the job. */
#include "bridge/io/store_private.h"

#define BULK "SELECT id, route, object, ticket, due, attempts, rows, kind, begun, over, error FROM bulk "

void bulk_done(struct bulk *b)
{
    free(b->route);
    free(b->object);
    free(b->ticket);
    free(b->error);
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
                                         .rows = rows_int(r, 6), .kind = (enum bulk_kind)rows_int(r, 7),
                                         .begun = rows_int(r, 8), .over = rows_int(r, 9) != 0, .error = rows_text(r, 10)};
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
           sql_run(st,
                   "INSERT INTO bulk(route, object, ticket, due, attempts, rows, kind, begun, over, error) "
                   "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   ARGS(INT(route), INT(object), TEXT(b->ticket), INT(b->due), INT(b->attempts), INT(b->rows), INT(b->kind),
                        INT(b->begun), INT(b->over), TEXT(b->error)),
                   err);
}

static bool update(struct store *st, const struct bulk *b, struct err *err)
{
    if (!sql_run(st, "UPDATE bulk SET ticket = ?, due = ?, attempts = ?, rows = ?, over = ?, error = ? WHERE id = ?",
                 ARGS(TEXT(b->ticket), INT(b->due), INT(b->attempts), INT(b->rows), INT(b->over), TEXT(b->error), INT(b->id)), err))
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

/* ---- what a job that reads has told ---- */

bool store_seen_put(struct store *st, int64_t link, int64_t bulk, const json_t *record, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "keep a record read in bulk", err) &&
           sql_run(st, "INSERT OR REPLACE INTO seen(link, bulk, record) VALUES(?, ?, ?)", ARGS(INT(link), INT(bulk), JSON(record)),
                   err) &&
           verb_commit(&v, err);
}

bool store_seen_get(struct store *st, int64_t link, json_t **record, struct err *err)
{
    VERB(v);
    ROWS(r);
    bool more = false;
    json_t *found = NULL;
    if (!verb_read(&v, st, "look up a record read in bulk", err) ||
        !rows_open(&r, st, "SELECT record FROM seen WHERE link = ?", ARGS(INT(link)), err) || !rows_next(&r, &more, err) ||
        (more && !rows_json(&r, 0, &found, err)))
        return false;
    *record = found;
    return true;
}

bool store_seen_drop(struct store *st, int64_t link, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "forget a record read in bulk", err) &&
           sql_run(st, "DELETE FROM seen WHERE link = ?", ARGS(INT(link)), err) && verb_commit(&v, err);
}

bool store_seen_clear(struct store *st, int64_t bulk, size_t max, size_t *n, struct err *err)
{
    VERB(v);
    if (!verb_write(&v, st, "forget records read in bulk", err) ||
        !sql_run(st, "DELETE FROM seen WHERE link IN (SELECT link FROM seen WHERE bulk = ? LIMIT ?)", ARGS(INT(bulk), INT(sql_limit(max))),
                 err))
        return false;
    size_t gone = (size_t)sqlite3_changes(st->db);
    if (!verb_commit(&v, err))
        return false;
    *n = gone;
    return true;
}

bool store_links_many(struct store *st, const char *route, const char *object, const char *t_type, int64_t most, int64_t *out,
                      struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "count who has a record", err) &&
           sql_int(st,
                   "SELECT count(*) FROM (SELECT 1 FROM link WHERE route = ?1 AND object = ?2 AND t_type = ?3 AND t_id IS NOT NULL "
                   "AND state = ?4 LIMIT ?5)",
                   ARGS(INT(name_find(st, route)), INT(name_find(st, object)), INT(name_find(st, t_type)), INT(LINK_LINKED), INT(most)),
                   out, err);
}
