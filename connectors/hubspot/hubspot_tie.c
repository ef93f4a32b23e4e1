/* Records and their parents: said while creating, or looked up and mended afterwards. Associating twice does no harm, but what is
 * there already is not written. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/hubspot/hubspot_private.h"

#define HUBSPOT_TIES 1000 /* read at once */

static const struct hubspot_tie_kind {
    const char *object, *parent;
    int type;
    const char *name; /* what v3 calls it */
} hubspot_ties[] = {{"deals", "contacts", 3, "deal_to_contact"}, {"notes", "contacts", 202, "note_to_contact"},
                   {"communications", "contacts", 81, "communication_to_contact"}};

static const struct hubspot_tie_kind *hubspot_tie_kind(const char *object, const char *parent)
{
    for (size_t i = 0; i < COUNT(hubspot_ties); i++)
        if (str_eq(hubspot_ties[i].object, object) && str_eq(hubspot_ties[i].parent, parent))
            return &hubspot_ties[i];
    return NULL;
}

int hubspot_tie_type(const char *object, const char *parent)
{
    const struct hubspot_tie_kind *kind = hubspot_tie_kind(object, parent);
    return kind ? kind->type : 0;
}

static json_t *hubspot_tie_spec(const struct patch *p)
{
    return json_pack("[{s:s,s:i}]", "associationCategory", "HUBSPOT_DEFINED", "associationTypeId", hubspot_tie_type(p->object, p->parent_type));
}

json_t *hubspot_tie_inline(const struct patch *p)
{
    return json_pack("[{s:{s:s},s:o}]", "to", "id", p->parent_id, "types", hubspot_tie_spec(p));
}

/* ---- looking ---- */

/* Ids are numbers in some versions and texts in others. */
static bool hubspot_is_id(const json_t *v, const char *id)
{
    AUTO_FREE char *text = json_is_integer(v) ? mem_printf("%lld", (long long)json_integer_value(v)) : mem_dup(json_string_value(v));
    return str_eq(text, id);
}

static bool hubspot_tied(const json_t *rows, const struct patch *p)
{
    size_t i, k;
    json_t *row, *to;
    json_array_foreach ((json_t *)rows, i, row) {
        if (!hubspot_is_id(json_object_get(json_object_get(row, "from"), "id"), p->id))
            continue;
        json_array_foreach (json_object_get(row, "to"), k, to)
            if (hubspot_is_id(json_object_get(to, "toObjectId"), p->parent_id) || hubspot_is_id(json_object_get(to, "id"), p->parent_id))
                return true;
    }
    return false;
}

static void hubspot_tie_call(struct endpoint *ep, struct call *c, const struct patch *p, const char *verb, json_t *stolen_inputs)
{
    AUTO_FREE char *tail = mem_printf("/%s/%s/batch/%s", p->object, p->parent_type, verb), *path = hubspot_path(ep, "associations", tail);
    AUTO_JSON json_t *body = json_pack("{s:o}", "inputs", stolen_inputs);
    call_init(c, "POST", "%s", path);
    call_body(c, body);
    c->writes = str_eq(verb, "create");
    endpoint_call_many(ep, c, 1);
    hubspot_listed(c);
}

/* ---- mending ---- */

static json_t *hubspot_tie_input(struct endpoint *ep, const struct patch *p)
{
    bool old = hubspot_of(ep)->version == HUBSPOT_V3;
    json_t *in = json_pack("{s:{s:s},s:{s:s}}", "from", "id", p->id, "to", "id", p->parent_id);
    if (old)
        js_set(in, "type", json_string(hubspot_tie_kind(p->object, p->parent_type)->name));
    else
        js_set(in, "types", hubspot_tie_spec(p));
    return in;
}

static void hubspot_tie_answer(const json_t *errors, const struct patch *p, struct result *out)
{
    size_t i, k;
    json_t *e, *id;
    json_array_foreach ((json_t *)errors, i, e)
        json_array_foreach (json_object_get(json_object_get(e, "context"), "fromObjectId"), k, id)
            if (hubspot_is_id(id, p->id)) {
                err_set(&out->err, ERR_STALE, "%s", js_str_or(e, "message", "not associated"));
                return;
            }
    out->tied = true;
}

static void hubspot_tie_missing(struct endpoint *ep, const struct patch *patches, const size_t *which, size_t n, struct result *out)
{
    json_t *inputs = json_array();
    for (size_t i = 0; i < n; i++)
        js_add(inputs, hubspot_tie_input(ep, &patches[which[i]]));
    struct call c __attribute__((cleanup(call_done)));
    hubspot_tie_call(ep, &c, &patches[which[0]], "create", inputs);
    for (size_t i = 0; i < n; i++) {
        struct result *r = &out[which[i]];
        if (c.err.kind == ERR_NONE)
            hubspot_tie_answer(json_object_get(c.json, "errors"), &patches[which[i]], r);
        else
            r->err = c.err;
    }
}

static void hubspot_tie_some(struct endpoint *ep, const struct patch *patches, const size_t *which, size_t n, struct result *out)
{
    AUTO_FREE size_t *missing = mem_grow(NULL, n + 1, sizeof *missing);
    json_t *inputs = json_array();
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        js_add(inputs, json_pack("{s:s}", "id", patches[which[i]].id));
    struct call c __attribute__((cleanup(call_done)));
    hubspot_tie_call(ep, &c, &patches[which[0]], "read", inputs);
    for (size_t i = 0; i < n; i++) {
        if (c.err.kind != ERR_NONE)
            out[which[i]].err = c.err;
        else if (!hubspot_tied(json_object_get(c.json, "results"), &patches[which[i]]))
            missing[k++] = which[i];
    }
    if (k)
        hubspot_tie_missing(ep, patches, missing, k, out);
}

void hubspot_tie(struct endpoint *ep, const struct patch *patches, const size_t *which, size_t n, struct result *out)
{
    if (n && !hubspot_tie_kind(patches[which[0]].object, patches[which[0]].parent_type)) {
        for (size_t i = 0; i < n; i++)
            err_set(&out[which[i]].err, ERR_REJECT, "hubspot does not know how %s belong to %s", patches[which[i]].object, patches[which[i]].parent_type);
        return;
    }
    for (size_t at = 0; at < n; at += HUBSPOT_TIES)
        hubspot_tie_some(ep, patches, which + at, n - at < HUBSPOT_TIES ? n - at : HUBSPOT_TIES, out);
}
