/* Reading: by id, by unique property, by search confirmed by id, and changes by fixed windows paged by object id. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/hubspot/hubspot_private.h"
#include <string.h>

/* ---- batch reads ---- */

struct reading {
    struct endpoint *ep;
    const char *object;
    const char *property; /* idProperty; NULL = by id */
    const char *also;     /* asked for beside the fields, to compare hits; not told */
    const char *const *fields;
    unsigned flags;
    bool archived;
    const struct schema *types;
};

/* The properties to ask for: those wanted, or all there are. */
static json_t *hubspot_names(const char *const *fields, const struct schema *types)
{
    json_t *out = json_array();
    for (size_t i = 0; !fields && i < types->n; i++)
        js_add(out, json_string(types->fields[i].name));
    for (; fields && *fields; fields++)
        if (!str_eq(*fields, HUBSPOT_ADDRESS))
            js_add(out, json_string(*fields));
    return out;
}

/* HubSpot adds a few of its own; what was not asked for is not told. */
static void hubspot_only(const struct reading *from, struct record *r)
{
    const char *const *fields = from->fields;
    if (!fields)
        return;
    AUTO_FREE char *address = hubspot_address(from->ep, from->object, r->id);
    if (address)
        js_set(r->fields, HUBSPOT_ADDRESS, json_string(address));
    json_t *only = json_object();
    for (; *fields; fields++)
        if (json_object_get(r->fields, *fields))
            json_object_set(only, *fields, json_object_get(r->fields, *fields));
    json_decref(r->fields);
    r->fields = only;
}

static void hubspot_build(const struct reading *r, struct call *c, const char *const *ids, size_t n)
{
    AUTO_FREE char *tail = mem_printf("/%s/batch/read%s", r->object, r->archived ? "?archived=true" : ""), *path = hubspot_path(r->ep, "objects", tail);
    json_t *inputs = json_array(), *names = hubspot_names(r->fields, r->types);
    for (size_t i = 0; i < n; i++)
        js_add(inputs, json_pack("{s:s}", "id", ids[i]));
    if (!r->property)
        js_add(names, json_string("hs_merged_object_ids"));
    if (r->property || r->also)
        js_add(names, json_string(r->property ? r->property : r->also));
    AUTO_JSON json_t *body = json_pack("{s:o,s:o}", "inputs", inputs, "properties", names);
    if (r->property)
        js_set(body, "idProperty", json_string(r->property));
    if (r->flags & FETCH_HISTORY)
        js_set(body, "propertiesWithHistory", hubspot_names(r->fields, r->types));
    call_init(c, "POST", "%s", path);
    call_body(c, body);
    c->writes = false; /* a POST that only reads */
}

/* All chunks at once; the door decides how many are in flight. */
static struct call *hubspot_calls(const struct reading *r, const char *const *ids, size_t n, size_t *n_calls)
{
    *n_calls = (n + HUBSPOT_BATCH - 1) / HUBSPOT_BATCH;
    struct call *calls = mem_alloc((*n_calls + 1) * sizeof *calls);
    for (size_t i = 0; i < *n_calls; i++) {
        size_t from = i * HUBSPOT_BATCH, count = n - from < HUBSPOT_BATCH ? n - from : HUBSPOT_BATCH;
        hubspot_build(r, &calls[i], ids + from, count);
    }
    endpoint_call_many(r->ep, calls, *n_calls);
    for (size_t i = 0; i < *n_calls; i++)
        hubspot_listed(&calls[i]);
    return calls;
}

static bool hubspot_among(const char *list, const char *id)
{
    size_t n = strlen(id);
    for (const char *at = list; at && (at = strstr(at, id)); at += n)
        if ((at == list || at[-1] == ';') && (at[n] == '\0' || at[n] == ';' || at[n] == ':'))
            return true;
    return false;
}

/* The row that answers for an id: the record itself, or the survivor it was merged into. */
static const json_t *hubspot_row(const json_t *rows, const char *id, size_t hint)
{
    const json_t *near = json_array_get(rows, hint);
    if (str_eq(js_str(near, "id"), id))
        return near;
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (str_eq(js_str(json_array_get(rows, i), "id"), id))
            return json_array_get(rows, i);
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (hubspot_among(js_str(json_object_get(json_array_get(rows, i), "properties"), "hs_merged_object_ids"), id))
            return json_array_get(rows, i);
    return NULL;
}

/* Of a missing record a 207 says that it is missing, or what else came in between; who is merely left out may be there. */
static void hubspot_missing(const struct reading *r, const struct call *c, const char *id, struct record *out)
{
    size_t i, k;
    json_t *row, *one;
    bool said = c->answer.status == 207 || r->archived; /* of the bin only what is there is asked */
    out->id = mem_dup(id);
    out->state = RECORD_GONE;
    if (!said)
        err_set(&out->err, ERR_TEMP, "the answer is shorter than the question: it says nothing about %s", id);
    json_array_foreach (json_object_get(c->json, "errors"), i, row) {
        if (str_eq(js_str_or(row, "category", "OBJECT_NOT_FOUND"), "OBJECT_NOT_FOUND"))
            continue;
        json_array_foreach (json_object_get(json_object_get(row, "context"), "ids"), k, one)
            if (str_eq(json_string_value(one), id))
                err_set(&out->err, ERR_TEMP, "%s: %.240s", id, js_str_or(row, "message", "refused"));
    }
}

static void hubspot_answered(const struct reading *r, const struct call *c, const char *id, size_t hint, struct record *out)
{
    const json_t *row = hubspot_row(json_object_get(c->json, "results"), id, hint);
    int64_t date = endpoint_answer_date(&c->answer);
    if (!row) {
        hubspot_missing(r, c, id, out);
        return;
    }
    hubspot_record(r->types, row, date ? date + 1000 : 0, out);
    hubspot_only(r, out);
    if (str_eq(out->id, id))
        return;
    out->state = RECORD_MERGED;
    out->moved_to = out->id;
    out->id = mem_dup(id);
}

static void hubspot_read(const struct reading *r, const char *const *ids, size_t n, struct record *out)
{
    size_t n_calls = 0;
    struct call *calls = hubspot_calls(r, ids, n, &n_calls);
    for (size_t i = 0; i < n; i++) {
        const struct call *c = &calls[i / HUBSPOT_BATCH];
        if (c->err.kind != ERR_NONE)
            out[i].err = c->err;
        else
            hubspot_answered(r, c, ids[i], i % HUBSPOT_BATCH, &out[i]);
    }
    for (size_t i = 0; i < n_calls; i++)
        call_done(&calls[i]);
    free(calls);
}

/* Missing among the living: in the bin, or nowhere? */
static void hubspot_look_in_bin(struct reading *r, const char *const *ids, size_t n, struct record *out)
{
    AUTO_FREE const char **lost = mem_grow(NULL, n + 1, sizeof *lost);
    AUTO_FREE size_t *where = mem_grow(NULL, n + 1, sizeof *where);
    AUTO_FREE struct record *binned = mem_alloc((n + 1) * sizeof *binned);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (out[i].err.kind == ERR_NONE && out[i].state == RECORD_GONE) {
            where[k] = i;
            lost[k++] = ids[i];
        }
    r->archived = true;
    if (k)
        hubspot_read(r, lost, k, binned);
    for (size_t i = 0; i < k; i++) {
        record_done(&out[where[i]]);
        out[where[i]] = binned[i];
    }
}

bool hubspot_fetch(struct endpoint *ep, const char *object, const char *const *ids, size_t n, const char *const *fields, unsigned flags,
                   struct record *out, struct err *err)
{
    struct reading r = {.ep = ep, .object = object, .fields = fields, .flags = flags, .types = hubspot_types(ep, object, err)};
    if (!r.types)
        return false;
    hubspot_read(&r, ids, n, out);
    hubspot_look_in_bin(&r, ids, n, out);
    return true;
}

/* ---- find ---- */

static void hubspot_add(struct found *f, const struct reading *r, const json_t *row, int64_t as_of)
{
    f->items = mem_grow(f->items, f->n + 1, sizeof *f->items);
    f->items[f->n] = (struct record){0};
    hubspot_record(r->types, row, as_of, &f->items[f->n]);
    hubspot_only(r, &f->items[f->n++]);
}

static void hubspot_sort_rows(const struct reading *r, const struct call *c, const char *field, const char *const *values, size_t n, struct found *out)
{
    size_t i;
    json_t *row;
    int64_t date = endpoint_answer_date(&c->answer);
    json_array_foreach (json_object_get(c->json, "results"), i, row) {
        const char *value = js_str(json_object_get(row, "properties"), field);
        for (size_t k = 0; value && js_str(row, "id") && k < n; k++)
            if (str_eq_nocase(value, values[k]))
                hubspot_add(&out[k], r, row, date ? date + 1000 : 0);
    }
}

static void hubspot_find_unique(struct reading *r, const char *field, const char *const *values, size_t n, struct found *out)
{
    size_t n_calls = 0;
    r->property = field;
    struct call *calls = hubspot_calls(r, values, n, &n_calls);
    for (size_t i = 0; i < n_calls; i++) {
        size_t from = i * HUBSPOT_BATCH, count = n - from < HUBSPOT_BATCH ? n - from : HUBSPOT_BATCH;
        for (size_t k = 0; k < count; k++)
            out[from + k].err = calls[i].err;
        if (calls[i].err.kind == ERR_NONE)
            hubspot_sort_rows(r, &calls[i], field, values + from, count, out + from);
        call_done(&calls[i]);
    }
    free(calls);
}

/* A search for up to `count` values, within the 3,000 characters a body may have. */
static void hubspot_search_call(const struct reading *r, struct call *c, const char *field, const char *const *values, size_t count)
{
    AUTO_FREE char *tail = mem_printf("/%s/search", r->object), *path = hubspot_path(r->ep, "objects", tail);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        AUTO_FREE char *low = mem_dup(values[i]);
        for (char *ch = low; *ch; ch++)
            if (*ch >= 'A' && *ch <= 'Z')
                *ch = (char)(*ch + 32);
        js_add(list, json_string(low));
    }
    AUTO_JSON json_t *body = json_pack("{s:[{s:[{s:s,s:s,s:o}]}],s:[s],s:i}", "filterGroups", "filters", "propertyName", field, "operator", "IN", "values",
                                       list, "properties", field, "limit", 200);
    call_init(c, "POST", "%s", path);
    call_body(c, body);
    c->writes = false;
    c->bucket = HUBSPOT_SEARCH;
}

/* What the index says is only a hint: the hits are read by id and compared again. */
static void hubspot_confirm(struct reading *r, const struct call *c, const char *field, const char *const *values, size_t n, struct found *out)
{
    const json_t *rows = json_object_get(c->json, "results");
    size_t hits = json_array_size(rows), n_calls = 0;
    AUTO_FREE const char **ids = mem_grow(NULL, hits + 1, sizeof *ids);
    for (size_t i = 0; i < hits; i++)
        ids[i] = js_str_or(json_array_get(rows, i), "id", "");
    struct reading again = *r;
    again.also = field;
    struct call *calls = hits ? hubspot_calls(&again, ids, hits, &n_calls) : NULL;
    for (size_t i = 0; i < n_calls; i++) {
        for (size_t v = 0; v < n && calls[i].err.kind != ERR_NONE; v++)
            out[v].err = calls[i].err;
        if (calls[i].err.kind == ERR_NONE)
            hubspot_sort_rows(&again, &calls[i], field, values, n, out);
        call_done(&calls[i]);
    }
    free(calls);
}

static void hubspot_find_loose(struct reading *r, const char *field, const char *const *values, size_t n, struct found *out)
{
    for (size_t from = 0; from < n;) {
        size_t count = 0, bytes = 400;
        while (from + count < n && count < 100 && bytes + strlen(values[from + count]) + 3 < 3000) {
            bytes += strlen(values[from + count]) + 3;
            count++;
        }
        struct call c __attribute__((cleanup(call_done)));
        count = count ? count : 1;
        hubspot_search_call(r, &c, field, values + from, count);
        endpoint_call_many(r->ep, &c, 1);
        hubspot_listed(&c);
        for (size_t k = 0; k < count; k++)
            out[from + k].err = c.err;
        if (c.err.kind == ERR_NONE)
            hubspot_confirm(r, &c, field, values + from, count, out + from);
        from += count;
    }
}

bool hubspot_find(struct endpoint *ep, const char *object, const char *field, const char *const *values, size_t n, const char *const *fields,
                  struct found *out, struct err *err)
{
    struct reading r = {.ep = ep, .object = object, .fields = fields, .types = hubspot_types(ep, object, err)};
    const struct schema_field *f = r.types ? schema_find(r.types, field) : NULL;
    if (!r.types)
        return false;
    if (!f)
        return err_set(err, ERR_CONFIG, "%s has no property %s", object, field);
    if (f->unique)
        hubspot_find_unique(&r, field, values, n, out);
    else
        hubspot_find_loose(&r, field, values, n, out);
    return true;
}

/* ---- changes ---- */

/* The cursor: {"lo":ms} between windows, {"lo","hi","id"} inside one, {"after":…} while enumerating. */
static char *hubspot_cursor(json_t *stolen)
{
    char *text = js_print(stolen);
    json_decref(stolen);
    return text;
}

static void hubspot_mention(struct page *out, const char *id, size_t n, const char *version)
{
    out->items = mem_grow(out->items, out->n + 1, sizeof *out->items);
    out->items[out->n++] = (struct record){.id = mem_dup_n(id, n), .version = mem_dup(version)};
}

/* A survivor speaks for the records merged into it: whoever is linked to one of those has to look. */
static void hubspot_take(struct page *out, const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach ((json_t *)rows, i, row) {
        const char *id = js_str_or(row, "id", ""), *merged = js_str_or(json_object_get(row, "properties"), "hs_merged_object_ids", "");
        hubspot_mention(out, id, strlen(id), js_str(row, "updatedAt"));
        for (size_t n; *merged; merged += n + (merged[n] == ';')) {
            n = strcspn(merged, ";");
            if (n)
                hubspot_mention(out, merged, n, NULL);
        }
    }
}

static bool hubspot_enumerate(struct endpoint *ep, const char *object, const json_t *at, struct page *out, struct err *err)
{
    const char *after = js_str(at, "after");
    AUTO_FREE char *tail = mem_printf("/%s?limit=100%s%s", object, after ? "&after=" : "", after ? after : ""), *path = hubspot_path(ep, "objects", tail);
    struct call c __attribute__((cleanup(call_done)));
    call_init(&c, "GET", "%s", path);
    if (!hubspot_list(ep, &c, err))
        return false;
    int64_t date = endpoint_answer_date(&c.answer), start = js_int_or(at, "start", date ? date : ep->env->now(ep->env));
    const char *next = js_str(json_object_get(json_object_get(c.json, "paging"), "next"), "after");
    hubspot_take(out, json_object_get(c.json, "results"));
    out->walk = true;
    out->more = next != NULL;
    out->next = hubspot_cursor(next ? json_pack("{s:s,s:I}", "after", next, "start", (json_int_t)start)
                                    : json_pack("{s:I}", "lo", (json_int_t)(start - hubspot_of(ep)->overlap)));
    return true;
}

static void hubspot_window(struct endpoint *ep, struct call *c, const char *object, int64_t lo, int64_t hi, const char *after_id)
{
    AUTO_FREE char *tail = mem_printf("/%s/search", object), *path = hubspot_path(ep, "objects", tail);
    AUTO_FREE char *from = mem_printf("%lld", (long long)lo), *to = mem_printf("%lld", (long long)hi);
    const char *modified = hubspot_object_of(object)->modified;
    json_t *filters = json_array();
    js_add(filters, json_pack("{s:s,s:s,s:s}", "propertyName", modified, "operator", "GTE", "value", from));
    if (hi)
        js_add(filters, json_pack("{s:s,s:s,s:s}", "propertyName", modified, "operator", "LTE", "value", to));
    js_add(filters, json_pack("{s:s,s:s,s:s}", "propertyName", "hs_object_id", "operator", "GT", "value", after_id));
    AUTO_JSON json_t *body = json_pack("{s:[{s:o}],s:[{s:s,s:s}],s:[s],s:i}", "filterGroups", "filters", filters, "sorts", "propertyName", "hs_object_id",
                                       "direction", "ASCENDING", "properties", "hs_merged_object_ids", "limit", 200);
    call_init(c, "POST", "%s", path);
    call_body(c, body);
    c->writes = false;
    c->bucket = HUBSPOT_SEARCH;
}

/* One page of one window. The window's end is fixed by the first answer's own clock, and becomes the next beginning only
 * after its last page, so nothing that changes meanwhile is jumped over. */
static bool hubspot_feed(struct endpoint *ep, const char *object, const json_t *at, struct page *out, struct err *err)
{
    struct hubspot *h = hubspot_of(ep);
    int64_t lo = js_int_or(at, "lo", 0), hi = js_int_or(at, "hi", 0);
    struct call c __attribute__((cleanup(call_done)));
    hubspot_window(ep, &c, object, lo, hi, js_str_or(at, "id", "0"));
    if (!hubspot_list(ep, &c, err))
        return false;
    int64_t date = endpoint_answer_date(&c.answer);
    const json_t *rows = json_object_get(c.json, "results");
    size_t n = json_array_size(rows);
    if (!hi)
        hi = (date ? date : ep->env->now(ep->env)) - h->margin;
    hubspot_take(out, rows);
    out->more = n == 200;
    out->next = hubspot_cursor(out->more ? json_pack("{s:I,s:I,s:s}", "lo", (json_int_t)lo, "hi", (json_int_t)hi, "id",
                                                   js_str_or(json_array_get(rows, n - 1), "id", "0"))
                                         : json_pack("{s:I}", "lo", (json_int_t)(hi - h->overlap)));
    return true;
}

static bool hubspot_from_now(struct endpoint *ep, struct page *out, struct err *err)
{
    struct organisation org = {0};
    struct call c __attribute__((cleanup(call_done)));
    call_init(&c, "GET", "/account-info/v3/details");
    (void)org;
    if (!endpoint_call(ep, &c, err))
        return false;
    int64_t date = endpoint_answer_date(&c.answer);
    out->next = hubspot_cursor(json_pack("{s:I}", "lo", (json_int_t)((date ? date : ep->env->now(ep->env)) - hubspot_of(ep)->overlap)));
    return true;
}

bool hubspot_changes(struct endpoint *ep, const char *object, const char *const *fields, const char *cursor, struct page *out, struct err *err)
{
    (void)fields; /* the engine reads by id: a search hit is never believed */
    if (str_eq(cursor, "now"))
        return hubspot_from_now(ep, out, err);
    AUTO_JSON json_t *at = cursor ? js_parse(cursor, strlen(cursor), NULL) : NULL;
    if (!at || js_str(at, "after"))
        return hubspot_enumerate(ep, object, at, out, err);
    return hubspot_feed(ep, object, at, out, err);
}
