/* Writing: creates as upserts on the bridge key, or with their association when they have a parent; updates by id; in batches of 100. Every input gets its own outcome: from
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

enum hubspot_way { HUBSPOT_UPDATE, HUBSPOT_UPSERT, HUBSPOT_CREATE };
static const char *const hubspot_verbs[] = {"update", "upsert", "create"};

/* Only a create takes associations; the unique key refuses a second one. */
static enum hubspot_way hubspot_way(const struct patch *p)
{
    if (p->id)
        return HUBSPOT_UPDATE;
    return p->parent_id ? HUBSPOT_CREATE : HUBSPOT_UPSERT;
}

/* What a communication cannot be without and no conversation tells. */
static void hubspot_log_as(struct endpoint *ep, const struct patch *p, json_t *props)
{
    if (p->id || !str_eq(p->object, "communications"))
        return;
    if (!json_object_get(props, "hs_communication_channel_type"))
        js_set(props, "hs_communication_channel_type", json_string(hubspot_of(ep)->channel));
    if (!json_object_get(props, "hs_communication_logged_from"))
        js_set(props, "hs_communication_logged_from", json_string("CRM"));
}

static json_t *hubspot_input(struct endpoint *ep, const struct patch *p)
{
    json_t *props = json_object(), *v, *in;
    const char *name;
    json_object_foreach (p->set, name, v)
        js_set(props, name, hubspot_raw(v));
    hubspot_log_as(ep, p, props);
    in = json_pack("{s:o,s:s}", "properties", props, "objectWriteTraceId", p->trace);
    if (!p->id)
        js_set(props, p->key_field, json_string(p->key));
    if (hubspot_way(p) == HUBSPOT_CREATE) {
        js_set(in, "associations", hubspot_tie_inline(p));
        return in;
    }
    js_set(in, "id", json_string(p->id ? p->id : p->key));
    if (!p->id)
        js_set(in, "idProperty", json_string(p->key_field));
    return in;
}

static void hubspot_call_for(const struct writing *w, struct call *c, const size_t *which, size_t n)
{
    const struct patch *first = &w->patches[which[0]];
    AUTO_FREE char *tail = mem_printf("/%s/batch/%s", first->object, hubspot_verbs[hubspot_way(first)]);
    AUTO_FREE char *path = hubspot_path(w->ep, "objects", tail);
    json_t *inputs = json_array();
    for (size_t i = 0; i < n; i++)
        js_add(inputs, hubspot_input(w->ep, &w->patches[which[i]]));
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

/* The key is taken, by an earlier try of ours; or the parent has moved. Who looks again finds either. */
static bool hubspot_overtaken(const json_t *error)
{
    static const char *const codes[] = {"CONFLICTING_UNIQUE_VALUE", "INVALID_OBJECT_IDS"};
    for (size_t i = 0; i < json_array_size(json_object_get(error, "errors")); i++)
        for (size_t k = 0; k < COUNT(codes); k++)
            if (str_eq(js_str(json_array_get(json_object_get(error, "errors"), i), "code"), codes[k]))
                return true;
    return false;
}

static void hubspot_item_error(const json_t *errors, const struct patch *p, struct err *err)
{
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *e = json_array_get(errors, i);
        if (!hubspot_names(e, p))
            continue;
        bool gone = str_eq(js_str(e, "category"), "OBJECT_NOT_FOUND");
        bool again = hubspot_way(p) == HUBSPOT_CREATE && hubspot_overtaken(e);
        err_set(err, gone ? ERR_GONE : again ? ERR_STALE : ERR_REJECT, "%s", js_str_or(e, "message", "refused"));
        return;
    }
    if (p->id)
        err_set(err, ERR_STALE, "the batch left this record out: it was merged or moved");
    else
        err_set(err, ERR_UNSURE, "the batch told nothing about this record");
}

/* What was written is told back, and of a new record also what HubSpot gave it; what else it adds is not. */
static void hubspot_only_told(struct record *r, const struct patch *p, bool created)
{
    json_t *only = json_object(), *v;
    const char *name;
    json_object_foreach (p->set, name, v)
        if (json_object_get(r->fields, name))
            json_object_set(only, name, json_object_get(r->fields, name));
    for (const char *const *tell = p->tell; created && tell && *tell; tell++)
        if (json_object_get(r->fields, *tell))
            json_object_set(only, *tell, json_object_get(r->fields, *tell));
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
        out->created = js_bool_or(row, "new", hubspot_way(p) == HUBSPOT_CREATE);
        out->record.untouched = out->created; /* the answer to the create itself */
        hubspot_only_told(&out->record, p, out->created);
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
    AUTO_JSON json_t *body = c->answer.body_n ? js_parse(c->answer.body, c->answer.body_n, NULL) : NULL;
    if (whole && hubspot_way(&w->patches[which[0]]) == HUBSPOT_CREATE && hubspot_overtaken(body))
        c->err.kind = ERR_STALE;
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
        if (str_eq(patches[i].object, patches[at].object) &&
            (patches[at].id ? str_eq(patches[i].id, patches[at].id) : !patches[i].id && str_eq(patches[i].key, patches[at].key)))
            return true;
    return false;
}

static bool hubspot_idle(const struct patch *p)
{
    return p->id && !json_object_size(p->set);
}

static void hubspot_put_way(const struct writing *w, const size_t *all, size_t n, enum hubspot_way way)
{
    AUTO_FREE size_t *which = mem_grow(NULL, n + 1, sizeof *which);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const struct patch *p = &w->patches[all[i]];
        if (hubspot_way(p) != way || hubspot_idle(p) || w->out[all[i]].err.kind != ERR_NONE)
            continue;
        if (way == HUBSPOT_CREATE && !hubspot_tie_type(p->object, p->parent_type))
            err_set(&w->out[all[i]].err, ERR_REJECT, "hubspot does not know how %s belong to %s", p->object, p->parent_type);
        else
            which[k++] = all[i];
    }
    if (k)
        hubspot_put_kind(w, which, k);
}

static void hubspot_tie_updated(const struct writing *w, const size_t *all, size_t n)
{
    AUTO_FREE size_t *which = mem_grow(NULL, n + 1, sizeof *which);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (w->patches[all[i]].id && w->patches[all[i]].parent_id && w->out[all[i]].err.kind == ERR_NONE)
            which[k++] = all[i];
    if (k)
        hubspot_tie(w->ep, w->patches, which, k, w->out);
}

/* The patches of one object. */
static void hubspot_put_object(struct writing *w, const size_t *all, size_t n)
{
    bool idle = true;
    struct err err = {0};
    for (size_t i = 0; i < n; i++)
        idle &= hubspot_idle(&w->patches[all[i]]);
    w->types = idle ? NULL : hubspot_types(w->ep, w->patches[all[0]].object, &err);
    for (size_t i = 0; !idle && !w->types && i < n; i++)
        w->out[all[i]].err = err;
    for (int way = HUBSPOT_UPDATE; w->types && way <= HUBSPOT_CREATE; way++)
        hubspot_put_way(w, all, n, (enum hubspot_way)way);
    hubspot_tie_updated(w, all, n);
}

bool hubspot_put(struct endpoint *ep, const struct patch *patches, size_t n, struct result *out, struct err *err)
{
    AUTO_FREE size_t *which = mem_grow(NULL, n + 1, sizeof *which);
    AUTO_FREE bool *done = mem_alloc((n + 1) * sizeof *done);
    struct writing w = {.ep = ep, .patches = patches, .out = out};
    (void)err;
    for (size_t i = 0; i < n; i++)
        if (n <= 2000 && !hubspot_idle(&patches[i]) && hubspot_earlier(patches, i))
            err_set(&out[i].err, ERR_STALE, "the same record twice in one batch");
    for (size_t first = 0; first < n; first++) {
        size_t k = 0;
        for (size_t i = first; !done[first] && i < n; i++)
            if (!done[i] && str_eq(patches[i].object, patches[first].object))
                which[k++] = i;
        for (size_t i = 0; i < k; i++)
            done[which[i]] = true;
        if (k)
            hubspot_put_object(&w, which, k);
    }
    return true;
}
