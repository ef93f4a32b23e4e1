/* A duplicate rule says that the person is known already. Where it names exactly one record of the object, that record
 * gets the bridge key and nothing else: the engine then finds it by its key and decides about the values like at any first
 * contact. Anything less clear waits for a person. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"

struct matches {
    const char *id, *other, *other_type; /* the last one of the object, and one of another */
    size_t n, n_other;
};

static void salesforce_match(const json_t *record, const char *object, struct matches *m)
{
    const char *id = js_str(record, "Id"), *type = js_str_or(json_object_get(record, "attributes"), "type", "");
    const struct salesforce_object *of = salesforce_object_by_id(id);
    if (!salesforce_is_id(id) || salesforce_same_id(m->id, id))
        return;
    if (of ? str_eq(of->name, object) : str_eq(type, object)) {
        m->id = id;
        m->n++;
    } else {
        m->other = id;
        m->other_type = of ? of->name : type;
        m->n_other++;
    }
}

/* The member's name is misspelt in the service; both spellings are read. */
static struct matches salesforce_matches(const json_t *error, const char *object)
{
    const json_t *result = json_object_get(error, "duplicateResut");
    struct matches m = {0};
    size_t i, k;
    json_t *one, *hit;
    if (!result)
        result = json_object_get(error, "duplicateResult");
    json_array_foreach (json_object_get(result, "matchResults"), i, one)
        json_array_foreach (json_object_get(one, "matchRecords"), k, hit)
            salesforce_match(json_object_get(hit, "record"), object, &m);
    return m;
}

/* Whether the record is free for this key: it has none, or has it already. */
static bool salesforce_free(struct endpoint *ep, const struct patch *p, const char *id, struct err *err)
{
    const struct schema *types = salesforce_types(ep, p->object, err);
    const char *const fields[] = {p->key_field, NULL};
    AUTO(record_done) struct record r = {0};
    if (!types)
        return false;
    salesforce_read(ep, types, &id, 1, fields, &r);
    const char *key = js_str(r.fields, p->key_field);
    if (r.err.kind != ERR_NONE) {
        *err = r.err;
        return false;
    }
    if (r.state != RECORD_LIVE)
        return err_set(err, ERR_STALE, "the duplicate %s %s moved", p->object, id);
    return !key || str_eq_nocase(key, p->key) ||
           err_set(err, ERR_LIMIT, "DUPLICATES_DETECTED: %s %s is somebody like this, but belongs to %s", p->object, id,
                   key);
}

static void salesforce_claim(struct endpoint *ep, const struct patch *p, const char *id, struct err *err)
{
    AUTO_FREE char *tail = mem_printf("/sobjects/%s/%s", p->object, id);
    AUTO(call_done) struct call c = {0};
    AUTO_JSON json_t *body = json_object();
    js_set(body, p->key_field, json_string(p->key));
    salesforce_call(ep, &c, "PATCH", tail);
    salesforce_write_headers(ep, &c);
    http_headers_set(&c.request.headers, "Sforce-Duplicate-Rule-Header", "allowSave=true");
    call_body(&c, body);
    endpoint_call_many(ep, &c, 1);
    /* Whether it landed is seen by the next look; the create itself certainly was not done. */
    if (c.err.kind == ERR_NONE || c.err.kind == ERR_UNSURE)
        err_set(err, ERR_STALE, "a duplicate rule names %s %s: it has the key now", p->object, id);
    else
        *err = c.err;
}

void salesforce_link(struct endpoint *ep, const struct patch *p, const json_t *body, struct err *err)
{
    const json_t *error = json_array_get(body, 0);
    if (!str_eq(salesforce_code(error), "DUPLICATES_DETECTED"))
        return;
    struct matches m = salesforce_matches(error, p->object);
    const char *words = js_str_or(error, "message", "");
    err->kind = ERR_LIMIT;
    if (m.n > 1)
        err_set(err, ERR_LIMIT, "DUPLICATES_DETECTED: %s: several records are like this, %s among them", words, m.id);
    else if (m.n == 0 && m.n_other)
        err_set(err, ERR_LIMIT, "DUPLICATES_DETECTED: %s: %s %s is somebody like this", words, m.other_type, m.other);
    else if (m.n == 1 && salesforce_free(ep, p, m.id, err))
        salesforce_claim(ep, p, m.id, err);
}
