/* Batches of at most 100, with 207 and whole-batch refusals, and search with its caps and its lagging index. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

/* ---- reading ---- */

static struct hub_record *asked(struct hub_type *t, const char *property, const char *id)
{
    return property ? hub_unique(t, property, id) : hub_follow(t, hub_get(t, id));
}

static void reply_batch(struct http_answer *a, json_t *results, json_t *errors)
{
    bool partly = json_array_size(errors) > 0;
    json_t *out = json_pack("{s:s,s:o,s:s,s:s}", "status", "COMPLETE", "results", results, "startedAt", "2026-11-20T10:00:00.000Z", "completedAt",
                            "2026-11-20T10:00:00.000Z");
    if (partly) {
        js_set(out, "numErrors", json_integer((json_int_t)json_array_size(errors)));
        json_object_set(out, "errors", errors);
    }
    json_decref(errors);
    sandbox_reply_json(a, partly ? 207 : 200, out);
}

static void missing(json_t *errors, json_t *stolen_ids)
{
    if (!json_array_size(stolen_ids)) {
        json_decref(stolen_ids);
        return;
    }
    js_add(errors, json_pack("{s:s,s:s,s:s,s:{s:o}}", "status", "error", "category", "OBJECT_NOT_FOUND", "message",
                             "Could not get some CONTACT objects, they may be deleted or not exist. Check that ids are valid.", "context", "ids", stolen_ids));
}

static void batch_read(struct hub *h, struct hub_type *t, bool archived, const json_t *body, struct http_answer *a)
{
    json_t *results = json_array(), *errors = json_array(), *lost = json_array(), *in;
    const char *property = js_str(body, "idProperty");
    size_t i;
    h->stale &= !property; /* a unique property is looked up where it is enforced: at the primary */
    json_array_foreach (json_object_get(body, "inputs"), i, in) {
        struct hub_record *r = asked(t, property, js_str(in, "id"));
        bool again = false;
        if (!r || r->archived != archived) {
            json_array_append(lost, json_object_get(in, "id"));
            continue;
        }
        for (size_t k = 0; k < json_array_size(results) && !property; k++) {
            int64_t id = js_int_or(json_array_get(results, k), "id", 0);
            again |= id == r->id;
        }
        if (!again)
            js_add(results, hub_record_json(h, t, r, json_object_get(body, "properties"), json_object_get(body, "propertiesWithHistory")));
    }
    missing(errors, lost);
    reply_batch(a, results, errors);
}

/* ---- writing ---- */

static bool write_props(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *props)
{
    const char *name;
    json_t *v;
    bool changed = false;
    json_decref(r->before);
    r->before = NULL;
    json_object_foreach ((json_t *)props, name, v)
        changed |= hub_set(h, t, r, name, json_string_value(v), "INTEGRATION", "app-1");
    if (changed)
        hub_touch(h, t, r);
    return changed;
}

static bool twice(const json_t *inputs, size_t at)
{
    const char *id = js_str(json_array_get(inputs, at), "id");
    for (size_t k = 0; k < at; k++)
        if (id && str_eq(id, js_str(json_array_get(inputs, k), "id")))
            return true;
    return false;
}

/* The first fault of any row refuses the whole batch. */
static bool refused(struct hub *h, struct hub_type *t, const json_t *body, bool upsert, struct http_answer *a)
{
    const json_t *inputs = json_object_get(body, "inputs");
    size_t i;
    json_t *in;
    if (json_array_size(inputs) > 100)
        return hub_error(a, 400, "VALIDATION_ERROR", "The maximum batch size is 100"), true;
    json_array_foreach ((json_t *)inputs, i, in) {
        const json_t *props = json_object_get(in, "properties");
        const char *property = js_str(in, "idProperty");
        AUTO_FREE char *bad = hub_invalid(h, t, props, true);
        if (bad)
            return hub_error(a, 400, "VALIDATION_ERROR", bad), true;
        if (twice(inputs, i))
            return hub_error(a, 400, "VALIDATION_ERROR", "Duplicate IDs found in batch input"), true;
        if (upsert && (!property || !js_bool_or(json_object_get(t->defs, property), "hasUniqueValue", false)))
            return hub_error(a, 400, "VALIDATION_ERROR", "Unable to perform update/upsert by non-unique property"), true;
    }
    return false;
}

static json_t *names_of(const json_t *props)
{
    json_t *out = json_array(), *v;
    const char *name;
    json_object_foreach ((json_t *)props, name, v)
        js_add(out, json_string(name));
    return out;
}

static void conflict(json_t *errors, const json_t *in, const char *message)
{
    json_t *row = json_pack("{s:s,s:s,s:s}", "status", "error", "category", "VALIDATION_ERROR", "message", message);
    json_t *context = json_object();
    if (json_object_get(in, "objectWriteTraceId"))
        js_set(context, "objectWriteTraceId", json_pack("[O]", json_object_get(in, "objectWriteTraceId")));
    else
        js_set(context, "ids", json_pack("[O]", json_object_get(in, "id")));
    js_set(row, "context", context);
    js_add(errors, row);
}

static bool taken(struct hub_type *t, const struct hub_record *r, const json_t *props)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *)props, name, v) {
        const struct hub_record *other = hub_unique(t, name, json_string_value(v));
        if (other && other != r && js_bool_or(json_object_get(t->defs, name), "hasUniqueValue", false))
            return true;
    }
    return false;
}

static void batch_write(struct hub *h, struct hub_type *t, bool upsert, const json_t *body, struct http_answer *a)
{
    json_t *results = json_array(), *errors = json_array(), *lost = json_array(), *in;
    bool wrote = false;
    size_t i;
    json_array_foreach (json_object_get(body, "inputs"), i, in) {
        const json_t *props = json_object_get(in, "properties");
        const char *id = js_str(in, "id"), *property = js_str(in, "idProperty");
        struct hub_record *r = property ? hub_unique(t, property, id) : hub_get(t, id);
        bool fresh = upsert && !r;
        if (!fresh && r && r->merged_into)
            continue; /* merged away: silently left out */
        if (!fresh && (!r || r->archived)) {
            json_array_append(lost, json_object_get(in, "id"));
            continue;
        }
        if (taken(t, r, props)) {
            conflict(errors, in, "CONFLICTING_UNIQUE_VALUE: the value is taken by another record");
            continue;
        }
        if (fresh) {
            r = hub_create(h, t);
            hub_set(h, t, r, property, id, "INTEGRATION", "app-1");
        }
        wrote |= write_props(h, t, r, props) || fresh;
        AUTO_JSON json_t *names = names_of(props);
        json_t *row = hub_record_json(h, t, r, names, NULL);
        js_set(row, "new", json_boolean(fresh));
        if (json_object_get(in, "objectWriteTraceId"))
            json_object_set(row, "objectWriteTraceId", json_object_get(in, "objectWriteTraceId"));
        js_add(results, row);
    }
    missing(errors, lost);
    AUTO_FREE char *route = mem_printf("POST /objects/%s/batch/%s", t->names[0], upsert ? "upsert" : "update");
    sandbox_note(hub_box(h), route, wrote);
    reply_batch(a, results, errors);
}

static void batch_archive(struct hub *h, struct hub_type *t, const json_t *body, struct http_answer *a)
{
    size_t i;
    json_t *in;
    json_array_foreach (json_object_get(body, "inputs"), i, in) {
        struct hub_record *r = hub_get(t, js_str(in, "id"));
        if (r)
            r->archived = true;
    }
    sandbox_note(hub_box(h), "POST /objects/batch/archive", true);
    a->status = 204;
}

void hub_batch(struct hub *h, struct hub_type *t, const char *verb, bool archived, const json_t *body, struct http_answer *a)
{
    AUTO_FREE char *route = mem_printf("POST /objects/%s/batch/%s", t->names[0], verb);
    sandbox_note(hub_box(h), route, false);
    if (str_eq(verb, "read"))
        batch_read(h, t, archived, body, a);
    else if (str_eq(verb, "archive"))
        batch_archive(h, t, body, a);
    else if (!refused(h, t, body, str_eq(verb, "upsert"), a))
        batch_write(h, t, str_eq(verb, "upsert"), body, a);
}

/* ---- search ---- */

static bool is_number(const json_t *def)
{
    const char *type = js_str_or(def, "type", "string");
    return str_eq(type, "number") || str_eq(type, "datetime") || str_eq(type, "date");
}

static int64_t as_number(const char *text)
{
    int64_t n = 0;
    double r = 0;
    if (text && when_parse(text, &n))
        return n;
    return text && str_to_int(text, INT64_MIN, INT64_MAX, &n) ? n : text && str_to_real(text, &r) ? (int64_t)r : 0;
}

static int compare(const json_t *def, const char *have, const char *value)
{
    if (!is_number(def) && !str_eq(js_str(def, "name"), "hs_object_id"))
        return have && value ? strcasecmp(have, value) : have ? 1 : -1;
    int64_t a = as_number(have), b = as_number(value);
    return (a > b) - (a < b);
}

static bool in_list(const json_t *values, const char *have)
{
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *)values, i, v)
        if (have && str_eq_nocase(json_string_value(v), have))
            return true;
    return false;
}

static bool matches(struct hub_type *t, const struct hub_record *r, const json_t *f)
{
    const char *name = js_str_or(f, "propertyName", ""), *op = js_str_or(f, "operator", ""), *value = js_str(f, "value");
    const json_t *def = json_object_get(t->defs, name);
    const char *have = js_str(r->props, name);
    if (str_eq(op, "HAS_PROPERTY") || str_eq(op, "NOT_HAS_PROPERTY"))
        return (have != NULL) == str_eq(op, "HAS_PROPERTY");
    if (str_eq(op, "IN") || str_eq(op, "NOT_IN"))
        return in_list(json_object_get(f, "values"), have) == str_eq(op, "IN");
    if (!have)
        return str_eq(op, "NEQ");
    int c = compare(def, have, value);
    if (str_eq(op, "BETWEEN"))
        return c >= 0 && compare(def, have, js_str(f, "highValue")) <= 0;
    return str_eq(op, "EQ") ? c == 0 : str_eq(op, "NEQ") ? c != 0 : str_eq(op, "GT") ? c > 0 : str_eq(op, "GTE") ? c >= 0 : str_eq(op, "LT") ? c < 0 : c <= 0;
}

static bool in_groups(struct hub_type *t, const struct hub_record *r, const json_t *groups)
{
    size_t g, k;
    json_t *group, *f;
    bool any = !json_array_size(groups);
    json_array_foreach ((json_t *)groups, g, group) {
        bool all = true;
        json_array_foreach (json_object_get(group, "filters"), k, f)
            all = all && matches(t, r, f);
        any |= all;
    }
    return any;
}

void hub_search(struct hub *h, struct hub_type *t, const json_t *body, struct http_answer *a)
{
    int64_t limit = js_int_or(body, "limit", 10), after = js_int_or(body, "after", 0), total = 0, now = sandbox_now(hub_box(h));
    const json_t *groups = json_object_get(body, "filterGroups");
    sandbox_note(hub_box(h), "POST /objects/search", false);
    if (limit < 1 || limit > 200 || json_array_size(groups) > 5 || after + limit > 10000) {
        hub_error(a, 400, "VALIDATION_ERROR", "limit, groups or paging beyond 10000");
        return;
    }
    json_t *results = json_array();
    for (size_t i = 0; i < t->n; i++) { /* record order is id order, the sort our callers use */
        struct hub_record *r = &t->records[i];
        if (r->archived || r->merged_into || r->seen > now || !in_groups(t, r, groups))
            continue;
        if (total++ >= after && (int64_t)json_array_size(results) < limit)
            js_add(results, hub_record_json(h, t, r, json_object_get(body, "properties"), NULL));
    }
    json_t *out = json_pack("{s:I,s:o}", "total", (json_int_t)total, "results", results);
    if (after + limit < total) {
        AUTO_FREE char *next = mem_printf("%lld", (long long)(after + limit));
        js_set(out, "paging", json_pack("{s:{s:s}}", "next", "after", next));
    }
    sandbox_reply_json(a, 200, out);
}
