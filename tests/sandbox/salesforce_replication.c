/* /updated and /deleted: ids of a window of whole minutes, and how far one may trust it: not past the oldest
 * transaction that is still running. */
#include "tests/sandbox/salesforce.h"

#define UPDATED_DAYS 30
#define DELETED_DAYS 15

struct window {
    int64_t start, end;
};

static int64_t minute(int64_t ms)
{
    return ms - ms % SF_MINUTE;
}

static bool read_time(struct sf_ask *ask, const char *name, int64_t *ms)
{
    const char *text = js_str(ask->query, name);
    if (text && when_parse(text, ms)) {
        *ms = minute(*ms);
        return true;
    }
    sf_error(ask, 400, "INVALID_REPLICATION_DATE", "%s date is missing or no date: %s", name, text ? text : "");
    return false;
}

static bool read_window(struct sf_ask *ask, bool deleted, struct window *w)
{
    int64_t now = sf_now(ask->s), days = deleted ? DELETED_DAYS : UPDATED_DAYS;
    const char *why = NULL;
    if (!read_time(ask, "start", &w->start) || !read_time(ask, "end", &w->end))
        return false;
    if (w->start >= w->end)
        why = "startDate must be before endDate";
    else if (w->start < minute(now) - days * SF_DAY)
        why = "startDate is too long ago";
    else if (w->start > now)
        why = "startDate cannot be in the future";
    if (why)
        sf_error(ask, 400, "INVALID_REPLICATION_DATE", "%s", why);
    return !why;
}

/* The start of the oldest open transaction of any kind, if that is before the window's end. */
static int64_t covered(struct sf *s, const struct window *w)
{
    int64_t now = sf_now(s), end = minute(w->end < now ? w->end : now);
    for (size_t i = 0; i < s->n_types; i++)
        for (size_t k = 0; k < s->types[i].n; k++) {
            const struct sf_row *r = s->types[i].rows[k];
            if (now < r->commits_at && minute(r->changed) < end)
                end = minute(r->changed);
        }
    int64_t safe = minute(now) - sf_count(s, "covered_lag_minutes") * SF_MINUTE;
    return safe < end ? safe : end;
}

static bool inside(const struct window *w, int64_t at)
{
    return at >= w->start && at < w->end;
}

static json_t *list_updated(struct sf *s, const struct sf_type *t, const struct window *w)
{
    json_t *ids = json_array();
    for (size_t i = 0; i < t->n; i++) {
        const json_t *values = sf_seen(s, t->rows[i]);
        int64_t at = 0;
        if (sf_live(s, t->rows[i]) && when_parse(js_str_or(values, "SystemModstamp", ""), &at) && inside(w, at))
            js_add(ids, json_string(t->rows[i]->id));
    }
    return ids;
}

static json_t *list_deleted(struct sf *s, const struct sf_type *t, const struct window *w)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < t->n; i++) {
        const struct sf_row *r = t->rows[i];
        char at[SF_STAMP];
        bool seen = r->deleted && sf_now(s) >= r->commits_at && !r->purged;
        sf_stamp(r->deleted_at, at);
        if (seen && inside(w, r->deleted_at))
            js_add(rows, json_pack("{s:s,s:s}", "id", r->id, "deletedDate", at));
    }
    return rows;
}

void sf_replication(struct sf_ask *ask, struct sf_type *t, bool deleted)
{
    AUTO_FREE char *route = mem_printf("/sobjects/%s/%s", t->name, deleted ? "deleted" : "updated");
    struct window w;
    char end[SF_STAMP], earliest[SF_STAMP];
    sf_note(ask, false, route);
    if (!sf_is(ask, "GET")) {
        sf_wrong_method(ask, "HEAD,GET");
        return;
    }
    if (!read_window(ask, deleted, &w))
        return;
    json_t *found = deleted ? list_deleted(ask->s, t, &w) : list_updated(ask->s, t, &w);
    sf_stamp(covered(ask->s, &w), end);
    sf_stamp(minute(sf_now(ask->s)) - sf_count(ask->s, "deletes_kept_days") * SF_DAY, earliest);
    json_t *out = json_pack("{s:o,s:s}", deleted ? "deletedRecords" : "ids", found, "latestDateCovered", end);
    if (deleted)
        js_set(out, "earliestDateAvailable", json_string(earliest));
    if ((int64_t)json_array_size(found) > sf_count(ask->s, "id_limit")) {
        json_decref(out);
        sf_error(ask, 400, "EXCEEDED_ID_LIMIT", "too many ids in this window");
        return;
    }
    sf_reply(ask, 200, out);
}
