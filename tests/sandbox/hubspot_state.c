/* Records with history and unique values, merges, and what a person's edit does. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

#define HISTORY_MOST 45
#define FIRST_ID 100001

struct hub_type *hub_type_of(struct hub *h, const char *name)
{
    for (size_t i = 0; i < h->n_types; i++)
        for (int k = 0; k < 3; k++)
            if (str_eq(h->types[i].names[k], name))
                return &h->types[i];
    return NULL;
}

struct hub_record *hub_get(struct hub_type *t, const char *id)
{
    int64_t n = 0;
    if (!id || !str_to_int(id, FIRST_ID, INT32_MAX, &n) || !t->n)
        return NULL;
    size_t low = 0, high = t->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (t->records[mid].id < n)
            low = mid + 1;
        else
            high = mid;
    }
    return low < t->n && t->records[low].id == n ? &t->records[low] : NULL;
}

struct hub_record *hub_follow(struct hub_type *t, struct hub_record *r)
{
    char id[24];
    while (r && r->merged_into) {
        snprintf(id, sizeof id, "%lld", (long long)r->merged_into);
        r = hub_get(t, id);
    }
    return r;
}

struct hub_record *hub_unique(struct hub_type *t, const char *property, const char *value)
{
    const json_t *at = value ? json_object_get(json_object_get(t->unique, property), value) : NULL;
    struct hub_record *r = at ? &t->records[json_integer_value(at)] : NULL;
    return r && !r->archived && !r->merged_into ? r : NULL;
}

struct hub_record *hub_create(struct hub *h, struct hub_type *t)
{
    if (t->n == 0 || (t->n >= 64 && (t->n & (t->n - 1)) == 0))
        t->records = mem_grow(t->records, t->n ? t->n * 2 : 64, sizeof *t->records);
    struct hub_record *r = &t->records[t->n++];
    *r = (struct hub_record){.id = h->next_id++, .props = json_object(), .history = json_object(), .created = sandbox_now(hub_box(h))};
    char id[24], at[WHEN_TEXT];
    snprintf(id, sizeof id, "%lld", (long long)r->id);
    when_print(r->created, at);
    js_set(r->props, "hs_object_id", json_string(id));
    js_set(r->props, "createdate", json_string(at));
    hub_touch(h, t, r);
    return r;
}

void hub_touch(struct hub *h, struct hub_type *t, struct hub_record *r)
{
    char at[WHEN_TEXT];
    r->updated = sandbox_now(hub_box(h));
    r->seen = r->updated + js_int_or(h->manners, "index_lag_ms", 2000);
    when_print(r->updated, at);
    js_set(r->props, t->modified, json_string(at));
}

static bool is_unique(const struct hub_type *t, const char *name)
{
    return js_bool_or(json_object_get(t->defs, name), "hasUniqueValue", false);
}

/* CRMs tidy what they are given. */
static char *tidy(struct hub *h, const struct hub_type *t, const char *name, const char *value)
{
    const char *from = value;
    size_t n = strlen(value);
    bool text = str_eq(js_str(json_object_get(t->defs, name), "type"), "string");
    if (text && js_bool_or(h->manners, "trim", false)) {
        while (n && strchr(" \t\r\n", from[n - 1]))
            n--;
        while (n && strchr(" \t\r\n", *from)) {
            from++;
            n--;
        }
    }
    char *out = mem_dup_n(from, n);
    int64_t most = js_int_or(h->manners, "truncate", 0);
    if (text && most > 0 && !is_unique(t, name))
        out[str_utf8_cut(out, (size_t)most)] = '\0';
    return out;
}

static void remember(struct hub *h, struct hub_record *r, const char *name, const char *value, const char *source, const char *source_id)
{
    json_t *list = json_object_get(r->history, name);
    char at[WHEN_TEXT];
    if (!list) {
        list = json_array();
        js_set(r->history, name, list);
    }
    when_print(sandbox_now(hub_box(h)), at);
    json_array_insert_new(list, 0, json_pack("{s:s,s:s,s:s,s:s}", "value", value, "timestamp", at, "sourceType", source, "sourceId", source_id));
    if (json_array_size(list) > HISTORY_MOST)
        json_array_remove(list, HISTORY_MOST);
}

static void index_unique(struct hub_type *t, struct hub_record *r, const char *name, const char *old, const char *value)
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

bool hub_set(struct hub *h, struct hub_type *t, struct hub_record *r, const char *name, const char *value, const char *source, const char *source_id)
{
    AUTO_FREE char *tidied = tidy(h, t, name, value);
    const char *old = js_str(r->props, name);
    if (str_eq(old ? old : "", tidied))
        return false;
    if (!json_is_object(r->before))
        r->before = json_copy(r->props);
    if (is_unique(t, name))
        index_unique(t, r, name, old, tidied);
    remember(h, r, name, tidied, source, source_id);
    if (*tidied)
        js_set(r->props, name, json_string(tidied));
    else
        json_object_del(r->props, name);
    return true;
}

json_t *hub_record_json(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *wanted, const json_t *with_history)
{
    bool lagging = h->stale && r->before && sandbox_now(hub_box(h)) - r->updated < 10000; /* replicas are seconds behind, not hours */
    const json_t *props = lagging ? r->before : r->props;
    json_t *out = json_object(), *shown = json_object(), *name;
    char id[24], at[WHEN_TEXT];
    size_t i;
    json_array_foreach ((json_t *)wanted, i, name)
        if (json_object_get(t->defs, json_string_value(name))) {
            json_t *v = json_object_get(props, json_string_value(name));
            js_set(shown, json_string_value(name), v ? json_incref(v) : json_null());
        }
    static const char *const always[] = {"hs_object_id", "createdate"};
    for (size_t k = 0; k < COUNT(always); k++)
        json_object_set(shown, always[k], json_object_get(props, always[k]));
    json_object_set(shown, t->modified, json_object_get(props, t->modified));
    snprintf(id, sizeof id, "%lld", (long long)r->id);
    js_set(out, "id", json_string(id));
    js_set(out, "properties", shown);
    if (json_array_size(with_history)) {
        json_t *past = json_object();
        json_array_foreach ((json_t *)with_history, i, name) {
            json_t *list = json_object_get(r->history, json_string_value(name));
            js_set(past, json_string_value(name), list ? json_incref(list) : json_array());
        }
        js_set(out, "propertiesWithHistory", past);
    }
    when_print(r->created, at);
    js_set(out, "createdAt", json_string(at));
    js_set(out, "updatedAt", json_incref(json_object_get(props, t->modified)));
    js_set(out, "archived", json_boolean(r->archived));
    return out;
}

/* ---- validation ---- */

static bool has_option(const json_t *def, const char *value)
{
    size_t i;
    json_t *o;
    json_array_foreach (json_object_get(def, "options"), i, o)
        if (str_eq(js_str(o, "value"), value))
            return true;
    return js_bool_or(def, "externalOptions", false);
}

static bool good_options(const json_t *def, const char *value)
{
    if (!str_eq(js_str(def, "fieldType"), "checkbox"))
        return has_option(def, value);
    AUTO_FREE char *copy = mem_dup(value);
    char *save = NULL;
    for (char *one = strtok_r(copy, ";", &save); one; one = strtok_r(NULL, ";", &save))
        if (!has_option(def, one))
            return false;
    return true;
}

static const char *bad_value(const json_t *def, const char *value)
{
    const char *type = js_str_or(def, "type", "string");
    double r;
    int64_t ms;
    if (!*value)
        return NULL;
    if (str_eq(type, "number") && !str_to_real(value, &r))
        return "INVALID_INTEGER";
    if (str_eq(type, "enumeration") && !good_options(def, value))
        return "INVALID_OPTION";
    if (str_eq(type, "bool") && !str_eq(value, "true") && !str_eq(value, "false"))
        return "INVALID_OPTION";
    if ((str_eq(type, "date") || str_eq(type, "datetime")) && !when_parse(value, &ms) && !str_to_int(value, 0, INT64_MAX, &ms))
        return "INVALID_DATE";
    return str_utf8_len(value) > 65536 ? "VALUE_TOO_LONG" : NULL;
}

char *hub_invalid(struct hub *h, struct hub_type *t, const json_t *props, bool by_api)
{
    const char *name;
    json_t *v;
    (void)h;
    json_object_foreach ((json_t *)props, name, v) {
        const json_t *def = json_object_get(t->defs, name);
        const char *code = def ? NULL : "PROPERTY_DOESNT_EXIST", *value = json_string_value(v);
        if (def && by_api && js_bool_or(json_object_get(def, "modificationMetadata"), "readOnlyValue", false))
            code = "READ_ONLY_VALUE";
        if (def && !code)
            code = value ? bad_value(def, value) : "INVALID_VALUE";
        if (code)
            return mem_printf("Property values were not valid: [{\"isValid\":false,\"message\":\"Property \\\"%s\\\": %s was not one of the allowed values\","
                              "\"error\":\"%s\",\"name\":\"%s\"}]", name, value ? value : "null", code, name);
    }
    return NULL;
}

void hub_error(struct http_answer *a, int status, const char *category, const char *message)
{
    sandbox_reply_json(a, status, json_pack("{s:s,s:s,s:s,s:s}", "status", "error", "message", message, "correlationId", "aeb5f871-7f07-4993-9211-075dc63e7cbf",
                                            "category", category));
}

/* ---- merging ---- */

struct hub_record *hub_merge(struct hub *h, struct hub_type *t, struct hub_record *winner, struct hub_record *loser)
{
    size_t w = (size_t)(winner - t->records), l = (size_t)(loser - t->records);
    struct hub_record *survivor = winner;
    json_t *unique_values = json_object();
    const char *name;
    json_t *v;
    if (!js_bool_or(h->manners, "primary_id_preservation", false)) {
        survivor = hub_create(h, t); /* may move the array */
        winner = &t->records[w];
        loser = &t->records[l];
        json_object_foreach (winner->props, name, v)
            if (!str_eq(name, "hs_object_id") && !str_eq(name, "createdate"))
                json_object_set(survivor->props, name, v);
        json_decref(survivor->history);
        survivor->history = json_deep_copy(winner->history);
        winner->merged_into = survivor->id;
    }
    loser->merged_into = survivor->id;
    json_object_foreach (loser->props, name, v)
        if (is_unique(t, name))
            index_unique(t, loser, name, json_string_value(v), "");
    json_object_foreach (survivor->props, name, v)
        if (is_unique(t, name))
            index_unique(t, survivor, name, NULL, json_string_value(v));
    AUTO_FREE char *ids = mem_printf("%s%s%lld;%lld", js_str_or(survivor->props, "hs_merged_object_ids", ""),
                                     js_str(survivor->props, "hs_merged_object_ids") ? ";" : "", (long long)winner->id, (long long)loser->id);
    js_set(survivor->props, "hs_merged_object_ids", json_string(ids));
    json_decref(unique_values);
    hub_touch(h, t, survivor);
    return survivor;
}

/* ---- a person's edit ---- */

static struct hub_record *target(struct hub_type *t, const json_t *id)
{
    const char *name;
    json_t *v;
    if (json_is_string(id))
        return hub_get(t, json_string_value(id));
    json_object_foreach ((json_t *)id, name, v)
        return hub_unique(t, name, json_string_value(v));
    return NULL;
}

static bool edit_property(struct hub *h, const json_t *edit, json_t **out)
{
    struct hub_type *t = hub_type_of(h, js_str_or(edit, "type", "contacts"));
    const char *name = js_str_or(edit, "id", "");
    json_t *def = json_object_get(t->defs, name);
    if (js_bool_or(edit, "delete", false))
        json_object_del(t->defs, name);
    else if (def)
        json_object_update(def, json_object_get(edit, "set"));
    *out = def ? json_incref(def) : json_null();
    return true;
}

static bool set_all(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *set, struct err *err)
{
    const char *name;
    json_t *v;
    AUTO_FREE char *bad = hub_invalid(h, t, set, false);
    bool changed = false;
    if (bad)
        return err_set(err, ERR_REJECT, "%s", bad);
    json_decref(r->before);
    r->before = NULL;
    json_object_foreach ((json_t *)set, name, v)
        changed |= hub_set(h, t, r, name, json_string_value(v), "CRM_UI", "userId:7");
    if (changed)
        hub_touch(h, t, r);
    return true;
}

bool hub_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err)
{
    struct hub *h = (struct hub *)s;
    struct hub_type *t = hub_type_of(h, js_str_or(edit, "object", ""));
    json_t *create = json_object_get(edit, "create"), *all;
    if (str_eq(js_str(edit, "object"), "property"))
        return edit_property(h, edit, out);
    if (!t)
        return err_set(err, ERR_REJECT, "HubSpot has no object \"%s\" here", js_str_or(edit, "object", "?"));
    struct hub_record *r = create ? hub_create(h, t) : target(t, json_object_get(edit, "id"));
    if (!r)
        return err_set(err, ERR_REJECT, "no such record");
    if (create && !set_all(h, t, r, create, err))
        return false;
    if (js_bool_or(edit, "delete", false)) {
        r->archived = true;
        hub_touch(h, t, r);
    }
    const json_t *into = json_object_get(edit, "merge_into");
    struct hub_record *winner = into ? target(t, into) : NULL;
    if (into && !winner)
        return err_set(err, ERR_REJECT, "no record to merge into");
    if (winner)
        r = hub_merge(h, t, winner, r);
    if (json_object_get(edit, "set") && !set_all(h, t, r, json_object_get(edit, "set"), err))
        return false;
    all = json_array();
    const char *name;
    json_t *v;
    json_object_foreach (r->props, name, v)
        js_add(all, json_string(name));
    *out = hub_record_json(h, t, r, all, NULL);
    json_decref(all);
    return true;
}
