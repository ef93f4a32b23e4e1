/* Rows by an External ID: read, create or update, delete; several matches are a 300 and nothing is written. */
#include "tests/sandbox/salesforce.h"

const struct sf_field *sf_key_field(struct sf *s, const struct sf_type *t, const char *name, struct sf_bad *bad)
{
    const struct sf_field *f = sf_visible(s, t, name);
    if (f && (f->external || str_eq(f->name, "Id")))
        return f;
    sf_unknown(bad, name);
    return NULL;
}

/* *r stays NULL when there is none. */
static bool match(struct sf_type *t, const struct sf_field *key, const char *value, struct sf_row **r,
                  struct sf_bad *bad)
{
    size_t n = sf_matches(t, key, value, r);
    if (n < 2)
        return true;
    sf_set_bad(bad, 300, "MULTIPLE_CHOICES", NULL, "%s: more than one record found for external id field: [%s]",
               key->name, value);
    bad->fields = json_array();
    for (size_t i = 0; i < t->n; i++) {
        AUTO_FREE char *url = sf_url(SF_VERSION_NEWEST, t, t->rows[i]->id);
        const char *have = sf_get(t->rows[i], key->name);
        if (!t->rows[i]->deleted && (key->cased ? str_eq(have, value) : str_eq_nocase(have, value)))
            js_add(bad->fields, json_string(url));
    }
    return false;
}

static bool match_id(struct sf *s, const struct sf_type *t, const char *value, struct sf_row **r, struct sf_bad *bad)
{
    char id[SF_ID];
    if (sf_id_read(value, id) && sf_type_of_id(s, id) == t && (*r = sf_find(s, id)))
        return true;
    sf_unknown(bad, value);
    return false;
}

struct sf_row *sf_upsert(struct sf *s, struct sf_type *t, const struct sf_field *key, const json_t *value,
                         const json_t *said, const struct sf_hand *hand, bool *created, struct sf_bad *bad)
{
    AUTO_JSON json_t *row = json_copy((json_t *)said);
    AUTO_FREE char *printed = json_is_string(value) ? mem_dup(json_string_value(value))
                              : value               ? js_print(value)
                                                    : NULL;
    struct sf_row *r = NULL;
    bool by_id = str_eq(key->name, "Id");
    if (str_blank(printed)) {
        sf_set_bad(bad, 400, "MISSING_ARGUMENT", NULL, "%s not specified", key->name);
        return NULL;
    }
    if (!by_id && !key->unique && !sf_flag(s, "view_all")) {
        sf_set_bad(bad, 403, "INSUFFICIENT_ACCESS_OR_READONLY", NULL,
                   "upsert by a non-unique field needs the View All permission");
        return NULL;
    }
    if (by_id ? !match_id(s, t, printed, &r, bad) : !match(t, key, printed, &r, bad))
        return NULL;
    *created = r == NULL;
    if (r) /* a matched row keeps its key, whose case may differ */
        json_object_del(row, key->name);
    else
        js_set(row, key->name, json_incref((json_t *)value));
    return sf_save(s, t, r, row, hand, bad);
}

/* ---- /sobjects/{type}/{field}/{value} ---- */

static void answer_upsert(struct sf_ask *ask, struct sf_type *t, const struct sf_field *key, const char *value,
                          const char *route)
{
    struct sf_bad bad = {0};
    struct sf_hand hand = sf_hand_of(ask);
    struct sf_row *r = NULL;
    bool created = false, none = false;
    AUTO_JSON json_t *text = json_string(value);
    if (json_object_get(ask->body, key->name) || json_object_get(ask->body, "Id"))
        sf_set_bad(&bad, 400, "INVALID_FIELD", NULL, "The %s field should not be specified in the sobject data.",
                   json_object_get(ask->body, "Id") ? "Id" : key->name);
    else if (str_eq(js_str(ask->query, "updateOnly"), "true"))
        none = !sf_matches(t, key, value, &r);
    if (none)
        sf_unknown(&bad, value);
    if (!bad.code)
        r = sf_upsert(ask->s, t, key, text, ask->body, &hand, &created, &bad);
    sf_note(ask, !bad.code, route);
    if (bad.code)
        sf_refuse(ask, &bad);
    else if (!created && ask->version < 46)
        sf_reply(ask, 204, NULL);
    else
        sf_reply(ask, created ? 201 : 200,
                 json_pack("{s:s,s:b,s:[],s:b}", "id", r->id, "success", 1, "errors", "created", created));
}

static void answer_found(struct sf_ask *ask, struct sf_type *t, const struct sf_field *key, const char *value,
                         const char *route)
{
    struct sf_bad bad = {0};
    struct sf_row *r = NULL;
    struct sf_hand hand = sf_hand_of(ask);
    bool one = match(t, key, value, &r, &bad);
    if (one && (!r || !sf_live(ask->s, r)))
        sf_unknown(&bad, value);
    else if (one && sf_is(ask, "DELETE"))
        sf_note(ask, sf_erase(ask->s, t, r, &hand, &bad), route);
    if (bad.code)
        sf_refuse(ask, &bad);
    else if (sf_is(ask, "DELETE"))
        sf_reply(ask, 204, NULL);
    else
        sf_reply(ask, 200, sf_show(ask->s, ask->version, t, sf_seen(ask->s, r), NULL));
}

/* The front of Salesforce takes this ending for a file's. */
static bool like_a_file(const char *value)
{
    size_t n = strlen(value);
    return n > 4 && str_eq_nocase(value + n - 4, ".inc");
}

void sf_by_key(struct sf_ask *ask, struct sf_type *t, const char *field, const char *value)
{
    struct sf_bad bad = {0};
    const struct sf_field *key = sf_key_field(ask->s, t, field, &bad);
    AUTO_FREE char *route = mem_printf("/sobjects/%s/%s/{value}", t->name, key ? key->name : "{field}");
    sf_note(ask, false, route);
    if (!key)
        sf_refuse(ask, &bad);
    else if (like_a_file(value))
        sf_not_there(ask);
    else if (sf_is(ask, "PATCH"))
        answer_upsert(ask, t, key, value, route);
    else if (sf_is(ask, "GET") || sf_is(ask, "DELETE"))
        answer_found(ask, t, key, value, route);
    else
        sf_wrong_method(ask, "HEAD,GET,PATCH,DELETE");
}
