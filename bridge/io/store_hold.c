/* Holds: cells, or whole links, that wait for a person. One per cell; news about it renews it, and an answer that was
 * given to older news is not kept. */
#include "bridge/io/store_private.h"

#define HOLD "SELECT id, link, route, field, why, about, opened, choice, value FROM hold "

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

static void done_hold(void *item)
{
    hold_done(item);
}

static bool read_hold(struct rows *r, void *item, struct err *err)
{
    struct hold *h = item;
    *h = (struct hold){.id = rows_int(r, 0), .link = rows_int(r, 1), .route = rows_name(r, 2), .field = rows_text(r, 3),
                       .why = rows_text(r, 4), .opened = rows_int(r, 6), .choice = rows_text(r, 7)};
    return rows_json(r, 5, &h->about, err) && rows_json(r, 8, &h->value, err);
}

static const struct reader hold_reader = {sizeof(struct hold), read_hold, done_hold};

void holds_free(struct hold *h, size_t n)
{
    list_free(&hold_reader, h, n);
}

/* ---- writing ---- */

static bool put(struct store *st, struct hold *h, int64_t route, int64_t got[2], struct err *err)
{
    ROWS(r);
    bool more = false;
    int64_t opened = h->opened ? h->opened : st->env->now(st->env);
    if (!rows_open(&r, st,
                   "INSERT INTO hold(link, route, field, why, about, opened, choice, value) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, "
                   "?8) ON CONFLICT(link, ifnull(field, '')) DO UPDATE SET why = ?4, about = ?5, choice = ?7, value = ?8 "
                   "RETURNING id, opened",
                   ARGS(INT(h->link), INT(route), TEXT(h->field), TEXT(h->why), JSON(h->about), INT(opened), TEXT(h->choice),
                        JSON(h->value)),
                   err) ||
        !rows_next(&r, &more, err))
        return false;
    got[0] = rows_int(&r, 0);
    got[1] = rows_int(&r, 1);
    return rows_next(&r, &more, err);
}

bool store_hold_put(struct store *st, struct hold *h, struct err *err)
{
    VERB(v);
    int64_t route = 0, got[2] = {0};
    if (!verb_write(&v, st, "keep a hold", err) || !name_make(st, h->route, &route, err) || !put(st, h, route, got, err) ||
        !verb_commit(&v, err))
        return false;
    h->id = got[0];
    h->opened = got[1];
    return true;
}

bool store_hold_delete(struct store *st, int64_t id, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "end a hold", err) && sql_run(st, "DELETE FROM hold WHERE id = ?", ARGS(INT(id)), err) &&
           verb_commit(&v, err);
}

/* ---- reading ---- */

bool store_hold_by_id(struct store *st, int64_t id, struct hold *out, bool *found, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a hold", err) &&
           sql_one(st, HOLD "WHERE id = ?", ARGS(INT(id)), &hold_reader, out, found, err);
}

bool store_holds_of(struct store *st, int64_t link, struct hold **out, size_t *n, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read the holds of a link", err) &&
           sql_all(st, HOLD "WHERE link = ? ORDER BY id", ARGS(INT(link)), &hold_reader, out, n, err);
}

bool store_holds(struct store *st, const char *route, int64_t after_id, size_t max, struct hold **out, size_t *n,
                 struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "list holds", err) &&
           sql_all(st, HOLD "WHERE route = ? AND id > ? ORDER BY id LIMIT ?",
                   ARGS(INT(name_find(st, route)), INT(after_id), INT(sql_limit(max))), &hold_reader, out, n, err);
}

/* Holds a person has answered wait for nobody any more. */
bool store_holds_count(struct store *st, const char *route, int64_t *out, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "count holds", err) &&
           sql_int(st, "SELECT count(*) FROM hold WHERE route = ? AND choice IS NULL", ARGS(INT(name_find(st, route))), out, err);
}
