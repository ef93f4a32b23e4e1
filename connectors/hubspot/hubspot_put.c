/* Writing: creates as upserts on the bridge key, updates by id, in batches of 100. Every input gets its own outcome: from
 * the rows of the answer, from the errors of a 207, or by halving a batch that was refused whole. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/hubspot/hubspot_private.h"

struct writing {
    struct endpoint *ep;
    const struct patch *patches;
    struct result *out;
    const struct schema *types;
};

static bool hubspot_upserts(const struct patch *p)
{
    return p->id == NULL;
}

static json_t *hubspot_input(const struct patch *p)
{
    json_t *props = json_object(), *v, *in;
    const char *name;
    json_object_foreach (p->set, name, v)
        js_set(props, name, hubspot_raw(v));
    in = json_pack("{s:s,s:o,s:s}", "id", p->id ? p->id : p->key, "properties", props, "objectWriteTraceId", p->trace);
    if (hubspot_upserts(p)) {
        js_set(in, "idProperty", json_string(p->key_field));
        js_set(props, p->key_field, json_string(p->key));
    }
    return in;
}

static void hubspot_call_for(const struct writing *w, struct call *c, const size_t *which, size_t n)
{
    const struct patch *first = &w->patches[which[0]];
    AUTO_FREE char *tail = mem_printf("/%s/batch/%s", first->object, hubspot_upserts(first) ? "upsert" : "update");
    AUTO_FREE char *path = hubspot_path(w->ep, "objects", tail);
    json_t *inputs = json_array();
    for (size_t i = 0; i < n; i++)
        js_add(inputs, hubspot_input(&w->patches[which[i]]));
    AUTO_JSON json_t *body = json_pack("{s:o}", "inputs", inputs);
    call_init(c, "POST", "%s", path);
    call_body(c, body);
    c->writes = true;
}

/* ---- answers ---- */

static bool hubspot_is_row(const struct patch *p, const json_t *row)
{
    if (p->id || !js_str(row, "id"))
        return p->id && str_eq(js_str(row, "id"), p->id);
    const char *key = js_str(json_object_get(row, "properties"), p->key_field);
    return str_eq(js_str(row, "objectWriteTraceId"), p->trace) || str_eq(key, p->key);
}

static const json_t *hubspot_row_for(const json_t *rows, const struct patch *p, size_t hint)
{
    if (hubspot_is_row(p, json_array_get(rows, hint)))
        return json_array_get(rows, hint);
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (hubspot_is_row(p, json_array_get(rows, i)))
            return json_array_get(rows, i);
    return NULL;
}

static bool hubspot_names(const json_t *error, const struct patch *p)
{
    static const char *const lists[] = {"objectWriteTraceId", "ids"};
    const json_t *context = json_object_get(error, "context");
    for (int l = 0; l < 2; l++)
        for (size_t i = 0; i < json_array_size(json_object_get(context, lists[l])); i++) {
            const char *name = json_string_value(json_array_get(json_object_get(context, lists[l]), i));
            if (str_eq(name, p->trace) || (p->id && str_eq(name, p->id)) || (!p->id && str_eq(name, p->key)))
                return true;
        }
    return false;
}

static void hubspot_item_error(const json_t *errors, const struct patch *p, struct err *err)
{
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *e = json_array_get(errors, i);
        if (!hubspot_names(e, p))
            continue;
        bool gone = str_eq(js_str(e, "category"), "OBJECT_NOT_FOUND");
        err_set(err, gone ? ERR_GONE : ERR_REJECT, "%s", js_str_or(e, "message", "refused"));
        return;
    }
    if (p->id)
        err_set(err, ERR_STALE, "the batch left this record out: it was merged or moved");
    else
        err_set(err, ERR_UNSURE, "the batch told nothing about this record");
}

/* What was written is told back; what HubSpot adds of its own is not. */
static void hubspot_only_set(struct record *r, json_t *set)
{
    json_t *only = json_object(), *v;
    const char *name;
    json_object_foreach (set, name, v)
        if (json_object_get(r->fields, name))
            json_object_set(only, name, json_object_get(r->fields, name));
    json_decref(r->fields);
    r->fields = only;
}

static void hubspot_answer(const struct writing *w, const struct call *c, const size_t *which, size_t n)
{
    const json_t *rows = json_object_get(c->json, "results"), *errors = json_object_get(c->json, "errors");
    int64_t date = endpoint_answer_date(&c->answer);
    for (size_t i = 0; i < n; i++) {
        const struct patch *p = &w->patches[which[i]];
        struct result *out = &w->out[which[i]];
        const json_t *row = hubspot_row_for(rows, p, i);
        if (!row) {
            hubspot_item_error(errors, p, &out->err);
            continue;
        }
        hubspot_record(w->types, row, date ? date + 1000 : 0, &out->record);
        hubspot_only_set(&out->record, p->set);
        out->created = js_bool_or(row, "new", false);
    }
}

/* ---- batches ---- */

static void hubspot_settle(const struct writing *w, struct call *c, const size_t *which, size_t n);

static void hubspot_send(const struct writing *w, const size_t *which, size_t n)
{
    struct call c __attribute__((cleanup(call_done)));
    hubspot_call_for(w, &c, which, n);
    endpoint_call_many(w->ep, &c, 1);
    hubspot_settle(w, &c, which, n);
}

/* A batch that was refused whole is halved down to the rows that are bad; at most seven levels deep. */
static void hubspot_settle(const struct writing *w, struct call *c, const size_t *which, size_t n)
{
    bool whole = c->err.kind == ERR_REJECT || c->err.kind == ERR_STALE;
    if (hubspot_listed(c)) {
        hubspot_answer(w, c, which, n);
        return;
    }
    if (whole && n > 1) {
        hubspot_send(w, which, n / 2);
        hubspot_send(w, which + n / 2, n - n / 2);
        return;
    }
    for (size_t i = 0; i < n; i++)
        w->out[which[i]].err = c->err;
}

/* The patches of one kind and object, in chunks, all chunks at once. */
static void hubspot_put_kind(const struct writing *w, size_t *which, size_t n)
{
    size_t n_calls = (n + HUBSPOT_BATCH - 1) / HUBSPOT_BATCH;
    AUTO_FREE struct call *calls = mem_alloc((n_calls + 1) * sizeof *calls);
    for (size_t i = 0; i < n_calls; i++) {
        size_t from = i * HUBSPOT_BATCH, count = n - from < HUBSPOT_BATCH ? n - from : HUBSPOT_BATCH;
        hubspot_call_for(w, &calls[i], which + from, count);
    }
    endpoint_call_many(w->ep, calls, n_calls);
    for (size_t i = 0; i < n_calls; i++) {
        size_t from = i * HUBSPOT_BATCH, count = n - from < HUBSPOT_BATCH ? n - from : HUBSPOT_BATCH;
        hubspot_settle(w, &calls[i], which + from, count);
        call_done(&calls[i]);
    }
}

static bool hubspot_earlier(const struct patch *patches, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (patches[at].id ? str_eq(patches[i].id, patches[at].id) : !patches[i].id && str_eq(patches[i].key, patches[at].key))
            return true;
    return false;
}

bool hubspot_put(struct endpoint *ep, const struct patch *patches, size_t n, struct result *out, struct err *err)
{
    AUTO_FREE size_t *which = mem_grow(NULL, n + 1, sizeof *which);
    struct writing w = {.ep = ep, .patches = patches, .out = out};
    size_t wanted = 0;
    for (size_t i = 0; i < n; i++)
        wanted += hubspot_upserts(&patches[i]) || json_object_size(patches[i].set);
    w.types = wanted ? hubspot_types(ep, patches[0].object, err) : NULL;
    if (!w.types)
        return wanted == 0;
    for (int upsert = 0; upsert < 2; upsert++) {
        size_t k = 0;
        for (size_t i = 0; i < n; i++) {
            if (hubspot_upserts(&patches[i]) != upsert || (patches[i].id && !json_object_size(patches[i].set)))
                continue;
            if (n <= 2000 && hubspot_earlier(patches, i))
                err_set(&out[i].err, ERR_STALE, "the same record twice in one batch");
            else
                which[k++] = i;
        }
        if (k)
            hubspot_put_kind(&w, which, k);
    }
    return true;
}
