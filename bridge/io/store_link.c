/* Links: which subject is which CRM record, with both shadows of every cell. Two primaries never share a record. */
#include "bridge/base/str.h"
#include "bridge/io/store_private.h"

#define LINK                                                                                                                   \
    "SELECT id, route, object, key, t_type, t_id, state, reason, secondary, t_version, cells, parent, touched, behind FROM link "

static const char *const state_names[] = {"linked", "creating", "ambiguous", "paused", "detached", "tombstone"};

const char *link_state_name(enum link_state s)
{
    return s < COUNT(state_names) ? state_names[s] : "?";
}

/* ---- rows ---- */

void link_done(struct link *l)
{
    free(l->route);
    free(l->object);
    free(l->key);
    free(l->t_type);
    free(l->t_id);
    free(l->reason);
    free(l->t_version);
    json_decref(l->cells);
    *l = (struct link){0};
}

static void done_link(void *item)
{
    link_done(item);
}

static bool read_link(struct rows *r, void *item, struct err *err)
{
    struct link *l = item;
    *l = (struct link){.id = rows_int(r, 0), .route = rows_name(r, 1), .object = rows_name(r, 2), .key = rows_text(r, 3),
                       .t_type = rows_name(r, 4), .t_id = rows_text(r, 5), .state = (enum link_state)rows_int(r, 6),
                       .reason = rows_text(r, 7), .secondary = rows_int(r, 8) != 0, .t_version = rows_text(r, 9),
                       .parent = rows_int(r, 11), .touched = rows_int(r, 12), .behind = rows_int(r, 13)};
    return rows_json(r, 10, &l->cells, err);
}

static const struct reader link_reader = {sizeof(struct link), read_link, done_link};

void links_free(struct link *l, size_t n)
{
    list_free(&link_reader, l, n);
}

/* ---- reading ---- */

static bool by_key(struct store *st, const char *route, const char *object, const char *key, struct link *out, bool *found,
                   struct err *err)
{
    return sql_one(st, LINK "WHERE route = ? AND object = ? AND key = ?",
                   ARGS(INT(name_find(st, route)), INT(name_find(st, object)), TEXT(key)), &link_reader, out, found, err);
}

bool store_link_get(struct store *st, const char *route, const char *object, const char *key, struct link *out, bool *found,
                    struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a link", err) && by_key(st, route, object, key, out, found, err);
}

bool store_link_by_id(struct store *st, int64_t id, struct link *out, bool *found, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a link by its number", err) &&
           sql_one(st, LINK "WHERE id = ?", ARGS(INT(id)), &link_reader, out, found, err);
}

/* Each kind has an index of its own; the literals in the condition are what lets it be used. */
static bool by_target(struct store *st, const char *route, const char *t_type, const char *t_id, struct link *out, bool *found,
                      struct err *err)
{
    static const char *const kinds[] = {
        LINK "WHERE route = ?1 AND t_type = ?2 AND t_id = ?3 AND t_id IS NOT NULL AND secondary = 0",
        LINK "WHERE route = ?1 AND t_type = ?2 AND t_id = ?3 AND t_id IS NOT NULL AND secondary = 1 ORDER BY id LIMIT 1"};
    bool hit = false;
    for (size_t i = 0; !hit && i < COUNT(kinds); i++)
        if (!sql_one(st, kinds[i], ARGS(INT(name_find(st, route)), INT(name_find(st, t_type)), TEXT(t_id)), &link_reader, out,
                     &hit, err))
            return false;
    *found = hit;
    return true;
}

bool store_link_by_target(struct store *st, const char *route, const char *t_type, const char *t_id, struct link *out,
                          bool *found, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a link by its record", err) && by_target(st, route, t_type, t_id, out, found, err);
}

bool store_links_after(struct store *st, const char *route, int64_t after_id, size_t max, struct link **out, size_t *n,
                       struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "list links", err) &&
           sql_all(st, LINK "WHERE route = ? AND id > ? ORDER BY id LIMIT ?",
                   ARGS(INT(name_find(st, route)), INT(after_id), INT(sql_limit(max))), &link_reader, out, n, err);
}

bool store_links_below(struct store *st, const char *route, const char *front, int64_t after_id, size_t max, struct link **out, size_t *n,
                       struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "list links by their keys", err) &&
           sql_all(st, LINK "WHERE route = ? AND id > ? AND substr(key, 1, length(?)) = ? ORDER BY id LIMIT ?",
                   ARGS(INT(name_find(st, route)), INT(after_id), TEXT(front), TEXT(front), INT(sql_limit(max))), &link_reader, out, n, err);
}

bool store_link_counts(struct store *st, const char *route, int64_t by_state[8], struct err *err)
{
    VERB(v);
    ROWS(r);
    int64_t counts[8] = {0};
    bool more = true;
    if (!verb_read(&v, st, "count links", err) ||
        !rows_open(&r, st, "SELECT state, count(*) FROM link WHERE route = ? GROUP BY state", ARGS(INT(name_find(st, route))), err))
        return false;
    while (more) {
        if (!rows_next(&r, &more, err))
            return false;
        if (more && rows_int(&r, 0) >= 0 && rows_int(&r, 0) < 8)
            counts[rows_int(&r, 0)] = rows_int(&r, 1);
    }
    for (size_t i = 0; i < COUNT(counts); i++)
        by_state[i] = counts[i];
    return true;
}

/* ---- writing ---- */

/* A rule of uniqueness refused the link: say who was there first. */
static bool clash(struct store *st, const struct link *l, struct err *err)
{
    struct link other __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    if (l->t_id && !by_target(st, l->route, l->t_type, l->t_id, &other, &found, err))
        return false;
    if (found && !other.secondary && other.id != l->id)
        return err_set(err, ERR_REJECT, "the record %s %s is already linked to %s", l->t_type ? l->t_type : "", l->t_id, other.key);
    return err_set(err, ERR_REJECT, "%s %s has a link in route %s already", l->object, l->key, l->route);
}

static int insert(struct store *st, const struct link *l, const int64_t name[3])
{
    return sql_try(st,
                   "INSERT INTO link(route, object, key, t_type, t_id, state, reason, secondary, t_version, cells, parent, "
                   "touched, behind) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                   ARGS(INT(name[0]), INT(name[1]), TEXT(l->key), INT(name[2]), TEXT(l->t_id), INT(l->state), TEXT(l->reason),
                        INT(l->secondary), TEXT(l->t_version), JSON(l->cells), INT(l->parent), INT(l->touched), INT(l->behind)));
}

/* A link that stays where it is, which is nearly every settled write: no index is touched. */
static int update_content(struct store *st, const struct link *l, int64_t t_type)
{
    return sql_try(st,
                   "UPDATE link SET reason = ?, t_version = ?, cells = ?, parent = ?, touched = ?, behind = ? "
                   "WHERE id = ? AND t_type = ? AND t_id IS ? AND state = ? AND secondary = ?",
                   ARGS(TEXT(l->reason), TEXT(l->t_version), JSON(l->cells), INT(l->parent), INT(l->touched), INT(l->behind), INT(l->id),
                        INT(t_type), TEXT(l->t_id), INT(l->state), INT(l->secondary)));
}

/* Whose link it is never changes: route, object and key stay as they were made. */
static int update(struct store *st, const struct link *l, int64_t t_type)
{
    int rc = update_content(st, l, t_type);
    if (rc != SQLITE_OK || sqlite3_changes(st->db))
        return rc;
    return sql_try(st,
                   "UPDATE link SET t_type = ?, t_id = ?, state = ?, reason = ?, secondary = ?, t_version = ?, cells = ?, "
                   "parent = ?, touched = ?, behind = ? WHERE id = ?",
                   ARGS(INT(t_type), TEXT(l->t_id), INT(l->state), TEXT(l->reason), INT(l->secondary), TEXT(l->t_version),
                        JSON(l->cells), INT(l->parent), INT(l->touched), INT(l->behind), INT(l->id)));
}

static bool put(struct store *st, struct link *l, int64_t *id, struct err *err)
{
    int64_t name[3] = {0};
    if (!name_make(st, l->route, &name[0], err) || !name_make(st, l->object, &name[1], err) ||
        !name_make(st, l->t_type, &name[2], err))
        return false;
    int rc = l->id ? update(st, l, name[2]) : insert(st, l, name);
    if (rc == SQLITE_CONSTRAINT_UNIQUE)
        return clash(st, l, err);
    if (rc != SQLITE_OK)
        return sql_fail(st, rc, err);
    if (l->id && !sqlite3_changes(st->db))
        return err_set(err, ERR_STALE, "link %lld of %s was deleted meanwhile", (long long)l->id, l->key);
    *id = l->id ? l->id : sqlite3_last_insert_rowid(st->db);
    return true;
}

bool store_link_put(struct store *st, struct link *l, struct err *err)
{
    VERB(v);
    int64_t id = 0;
    if (!verb_write(&v, st, "keep a link", err) || !put(st, l, &id, err) || !verb_commit(&v, err))
        return false;
    l->id = id;
    return true;
}

/* What waited for the link goes with it; the change log stays. */
bool store_link_delete(struct store *st, int64_t id, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "delete a link", err) && sql_run(st, "DELETE FROM hold WHERE link = ?", ARGS(INT(id)), err) &&
           sql_run(st, "DELETE FROM op WHERE link = ?", ARGS(INT(id)), err) &&
           sql_run(st, "DELETE FROM seen WHERE link = ?", ARGS(INT(id)), err) &&
           sql_run(st, "DELETE FROM link WHERE id = ?", ARGS(INT(id)), err) && verb_commit(&v, err);
}
