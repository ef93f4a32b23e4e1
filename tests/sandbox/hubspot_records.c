/* Records: created, written with history and unique values, archived, erased. The search index follows later; until
 * then it shows what it knew. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

#define HISTORY_MOST 45

struct hub_record *hub_get(struct hub_type *t, const char *id)
{
    int64_t n = 0;
    if (!id || !str_to_int(id, HUB_FIRST_ID, INT32_MAX, &n) || (size_t)(n - HUB_FIRST_ID) >= t->n)
        return NULL;
    struct hub_record *r = &t->records[n - HUB_FIRST_ID];
    return r->erased ? NULL : r;
}

struct hub_record *hub_follow(struct hub_type *t, struct hub_record *r)
{
    while (r && r->merged_into)
        r = &t->records[r->merged_into - HUB_FIRST_ID];
    return r;
}

struct hub_record *hub_live(struct hub_type *t, const char *id)
{
    struct hub_record *r = hub_follow(t, hub_get(t, id));
    return r && !r->archived && !r->erased ? r : NULL;
}

struct hub_record *hub_unique(struct hub_type *t, const char *property, const char *value)
{
    const json_t *at = value ? json_object_get(json_object_get(t->unique, property), value) : NULL;
    struct hub_record *r = at ? &t->records[json_integer_value(at)] : NULL;
    return r && !r->archived && !r->merged_into ? r : NULL;
}

void hub_put(struct hub_record *r, const char *name, const char *value)
{
    if (value && *value)
        js_set(r->props, name, json_string(value));
    else
        json_object_del(r->props, name);
}

/* Who created it is set once and tells nothing of later writers. */
static void put_source(struct hub_record *r, enum hub_source source)
{
    bool app = source == HUB_BY_APP;
    hub_put(r, "hs_object_source", app ? "INTEGRATION" : "CRM_UI");
    hub_put(r, "hs_object_source_label", app ? "INTEGRATION" : "CRM_UI");
    hub_put(r, "hs_object_source_id", app ? HUB_APP : "userId:7");
    hub_put(r, app ? "hs_object_source_detail_1" : "hs_object_source_user_id", app ? "Inbox Bridge" : "7");
}

struct hub_record *hub_create(struct hub *h, struct hub_type *t, enum hub_source source)
{
    if (t->n == 0 || (t->n >= 64 && (t->n & (t->n - 1)) == 0))
        t->records = mem_grow(t->records, t->n ? t->n * 2 : 64, sizeof *t->records);
    struct hub_record *r = &t->records[t->n];
    char id[24], at[WHEN_TEXT];
    *r = (struct hub_record){.id = HUB_FIRST_ID + (int64_t)t->n++,
                             .props = json_object(),
                             .history = json_object(),
                             .created = sandbox_now(hub_box(h))};
    snprintf(id, sizeof id, "%lld", (long long)r->id);
    when_print(r->created, at);
    hub_put(r, "hs_object_id", id);
    hub_put(r, t->created, at);
    put_source(r, source);
    hub_touch(h, t, r);
    hub_tell(h, t, r, "creation", source);
    return r;
}

/* Before a change: the index holds on to what it knows. While it lags, it stays as it was before the first of many. */
static void hold_index(struct hub *h, struct hub_record *r)
{
    int64_t now = sandbox_now(hub_box(h));
    if (!r->seen || r->seen > now)
        return;
    json_decref(r->indexed);
    r->indexed = json_copy(r->props);
    r->seen = now + hub_count(h, "index_lag_ms");
}

void hub_touch(struct hub *h, struct hub_type *t, struct hub_record *r)
{
    char at[WHEN_TEXT];
    int64_t now = sandbox_now(hub_box(h));
    hold_index(h, r);
    r->updated = now;
    r->seen = now + hub_count(h, "index_lag_ms");
    when_print(r->updated, at);
    hub_put(r, t->modified, at);
    if (t->kind == HUB_CONTACT)
        hub_put(r, "hs_lastmodifieddate", at);
}

void hub_archive(struct hub *h, struct hub_type *t, struct hub_record *r, enum hub_source source)
{
    r->archived = true;
    r->archived_at = sandbox_now(hub_box(h));
    hub_touch(h, t, r);
    hub_tell(h, t, r, "deletion", source);
}

static void forget_unique(struct hub_type *t, struct hub_record *r)
{
    const char *name;
    json_t *v;
    json_object_foreach (r->props, name, v)
        if (hub_is_unique(t, name) && hub_unique(t, name, json_string_value(v)) == r)
            hub_index_unique(t, r, name, json_string_value(v), "");
}

static void empty(struct hub_record *r)
{
    json_decref(r->props);
    json_decref(r->before);
    json_decref(r->indexed);
    json_decref(r->history);
    json_decref(r->links);
    r->props = r->before = r->indexed = r->history = r->links = NULL;
}

void hub_erase(struct hub_type *t, struct hub_record *r)
{
    forget_unique(t, r);
    empty(r);
    r->erased = r->archived = true;
    r->props = json_object();
    r->history = json_object();
}

void hub_type_done(struct hub_type *t)
{
    for (size_t i = 0; i < t->n; i++)
        empty(&t->records[i]);
    free(t->records);
    json_decref(t->unique);
    json_decref(t->defs);
    json_decref(t->groups);
}

/* ---- writing ---- */

void hub_index_unique(struct hub_type *t, struct hub_record *r, const char *name, const char *old, const char *value)
{
    json_t *index = json_object_get(t->unique, name);
    if (!index) {
        index = json_object();
        js_set(t->unique, name, index);
    }
    if (old)
        json_object_del(index, old);
    if (*value)
        js_set(index, value, json_integer(r - t->records));
}

/* Additional emails are taken, too. */
static void index_additional(struct hub_type *t, struct hub_record *r, const char *old, const char *value)
{
    const char *lists[] = {old ? old : "", value};
    for (int i = 0; i < 2; i++) {
        AUTO_FREE char *copy = mem_dup(lists[i]);
        char *save = NULL;
        for (char *one = strtok_r(copy, ";", &save); one; one = strtok_r(NULL, ";", &save))
            hub_index_unique(t, r, "hs_additional_emails", i ? NULL : one, i ? one : "");
    }
}

static void remember(struct hub *h, struct hub_record *r, const char *name, const char *value, enum hub_source source)
{
    json_t *list = json_object_get(r->history, name);
    char at[WHEN_TEXT];
    if (!list) {
        list = json_array();
        js_set(r->history, name, list);
    }
    when_print(sandbox_now(hub_box(h)), at);
    json_array_insert_new(list, 0,
                          json_pack("{s:s,s:s,s:s,s:s}", "value", value, "timestamp", at, "sourceType",
                                    source == HUB_BY_APP ? "INTEGRATION" : "CRM_UI", "sourceId",
                                    source == HUB_BY_APP ? HUB_APP : "userId:7"));
    if (json_array_size(list) > HISTORY_MOST)
        json_array_remove(list, HISTORY_MOST);
}

/* Through the API lifecyclestage only moves forward; to go back it has to be cleared first. */
static bool moves_back(struct hub_type *t, const struct hub_record *r, const char *name, const char *value)
{
    const json_t *options = json_object_get(hub_def(t, name), "options");
    const char *old = js_str(r->props, name);
    size_t i, from = SIZE_MAX, to = SIZE_MAX;
    json_t *o;
    if (!str_eq(name, "lifecyclestage") || !old || !*value)
        return false;
    json_array_foreach ((json_t *)options, i, o) {
        from = str_eq(js_str(o, "value"), old) ? i : from;
        to = str_eq(js_str(o, "value"), value) ? i : to;
    }
    return from != SIZE_MAX && to != SIZE_MAX && to < from;
}

static bool write_one(struct hub *h, struct hub_type *t, struct hub_record *r, const char *name, const char *value,
                      enum hub_source source)
{
    AUTO_FREE char *tidied = hub_tidy(h, t, r, name, value);
    const char *old = js_str(r->props, name);
    if (!hub_def(t, name) || str_eq(old ? old : "", tidied))
        return false;
    if (source == HUB_BY_APP && moves_back(t, r, name, tidied))
        return false;
    hold_index(h, r);
    if (!r->before)
        r->before = json_copy(r->props);
    if (hub_is_unique(t, name))
        hub_index_unique(t, r, name, old, tidied);
    if (str_eq(name, "hs_additional_emails"))
        index_additional(t, r, old, tidied);
    remember(h, r, name, tidied, source);
    hub_put(r, name, tidied);
    hub_tell_property(h, t, r, name, tidied, source);
    return true;
}

/* Calculated values follow without moving any date. */
static void calculate(struct hub *h, struct hub_type *t, struct hub_record *r)
{
    if (t->kind != HUB_DEAL)
        return;
    const json_t *stage = hub_stage(h, NULL, js_str(r->props, "dealstage"));
    const json_t *metadata = json_object_get(stage, "metadata");
    const char *closed = js_str_or(metadata, "isClosed", "false"), *odds = js_str(metadata, "probability");
    double p = 0;
    hub_put(r, "hs_is_closed", closed);
    hub_put(r, "hs_is_closed_won",
            str_eq(closed, "true") && odds && str_to_real(odds, &p) && p == 1.0 ? "true" : "false");
    hub_put(r, "hs_deal_stage_probability", odds);
}

bool hub_write(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *props, enum hub_source source)
{
    const char *name;
    json_t *v;
    bool changed = false;
    json_decref(r->before);
    r->before = NULL;
    json_object_foreach ((json_t *)props, name, v)
        if (json_is_string(v))
            changed |= write_one(h, t, r, name, json_string_value(v), source);
    if (t->kind == HUB_DEAL && js_str(r->props, "dealstage") && !js_str(r->props, "pipeline"))
        changed |= write_one(h, t, r, "pipeline", "default", source);
    if (changed) {
        calculate(h, t, r);
        hub_touch(h, t, r);
    }
    return changed;
}

void hub_born(struct hub *h, struct hub_type *t, struct hub_record *r)
{
    const char *stage = hub_text(h, "new_lifecycle");
    bool staged = t->kind == HUB_CONTACT || t->kind == HUB_COMPANY;
    if (staged && *stage && !js_str(r->props, "lifecyclestage"))
        write_one(h, t, r, "lifecyclestage", stage, HUB_BY_PERSON);
}
