/* Records as HubSpot tells them: strings or null, a few properties nobody asked for, history and associations on
 * demand. */
#include "tests/sandbox/hubspot.h"

#define REPLICA_LAG_MS 10000 /* replicas are seconds behind, not hours */

json_t *hub_id(int64_t id)
{
    return json_sprintf("%lld", (long long)id);
}

json_t *hub_names(const json_t *said)
{
    json_t *out = json_array(), *one;
    size_t i;
    AUTO_JSON json_t *list = json_is_array(said) ? json_incref((json_t *)said) : json_pack("[O*]", said);
    json_array_foreach (list, i, one) {
        AUTO_FREE char *copy = mem_dup(json_is_string(one) ? json_string_value(one) : "");
        char *save = NULL;
        for (char *name = strtok_r(copy, ", ", &save); name; name = strtok_r(NULL, ", ", &save))
            js_add(out, json_string(name));
    }
    return out;
}

json_t *hub_keys(const json_t *object)
{
    json_t *out = json_array(), *v;
    const char *name;
    json_object_foreach ((json_t *)object, name, v)
        js_add(out, json_string(name));
    return out;
}

/* Defined but unset is null; not defined is left out. */
static json_t *show_props(const struct hub_type *t, const json_t *props, const json_t *names)
{
    const char *always[] = {"hs_object_id", t->created, t->modified};
    json_t *out = json_object(), *name;
    size_t i;
    json_array_foreach ((json_t *)names, i, name) {
        json_t *v = json_object_get(props, json_string_value(name));
        if (hub_def(t, json_string_value(name)))
            js_set(out, json_string_value(name), v ? json_incref(v) : json_null());
    }
    for (size_t k = 0; k < COUNT(always); k++)
        json_object_set(out, always[k], json_object_get(props, always[k]));
    return out;
}

static json_t *show_past(const struct hub_type *t, const struct hub_record *r, const json_t *names)
{
    json_t *out = json_object(), *name;
    size_t i;
    json_array_foreach ((json_t *)names, i, name) {
        json_t *list = json_object_get(r->history, json_string_value(name));
        if (hub_def(t, json_string_value(name)))
            js_set(out, json_string_value(name), list ? json_incref(list) : json_array());
    }
    return out;
}

static json_t *show_links(struct hub *h, struct hub_type *t, const struct hub_record *r, const json_t *types)
{
    json_t *out = json_object(), *name;
    size_t i;
    json_array_foreach ((json_t *)types, i, name) {
        struct hub_type *to = hub_type_of(h, json_string_value(name));
        json_t *rows = to ? hub_links_v3(h, t, r, to) : NULL;
        if (json_array_size(rows))
            js_set(out, to->names[0], json_pack("{s:O}", "results", rows));
        json_decref(rows);
    }
    return out;
}

static void set_time(json_t *out, const char *name, int64_t ms)
{
    char at[WHEN_TEXT];
    when_print(ms, at);
    js_set(out, name, json_string(at));
}

json_t *hub_show(struct hub *h, struct hub_type *t, const struct hub_record *r, const struct hub_view *view)
{
    bool lagging = h->stale && r->before && sandbox_now(hub_box(h)) - r->updated < REPLICA_LAG_MS;
    const json_t *props = view->props ? view->props : lagging ? r->before : r->props;
    AUTO_JSON json_t *names = json_array_size(view->names) ? json_incref((json_t *)view->names) : hub_default_names(t);
    json_t *out = json_object(), *updated = json_object_get(props, t->modified);
    js_set(out, "id", hub_id(r->id));
    js_set(out, "properties", show_props(t, props, names));
    if (json_array_size(view->past))
        js_set(out, "propertiesWithHistory", show_past(t, r, view->past));
    set_time(out, "createdAt", r->created);
    js_set(out, "updatedAt", updated ? json_incref(updated) : json_null());
    js_set(out, "archived", json_boolean(r->archived));
    if (r->archived)
        set_time(out, "archivedAt", r->archived_at);
    AUTO_JSON json_t *links = show_links(h, t, r, view->linked);
    if (json_object_size(links))
        js_set(out, "associations", json_incref(links));
    if (view->url)
        js_set(out, "url",
               json_sprintf("https://app.hubspot.com/contacts/%d/record/%s/%lld", HUB_PORTAL, t->names[1],
                            (long long)r->id));
    return out;
}
