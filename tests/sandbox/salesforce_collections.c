/* sObject Collections: up to 200 rows in one call, each with its own fate, in the order they were sent; 200 even when
 * every row failed. */
#include "tests/sandbox/salesforce.h"

#define CHUNKS_MOST 10

typedef json_t *deed(struct sf_ask *ask, const json_t *input, const struct sf_hand *hand, void *with);

static const char *id_in(const json_t *input)
{
    const char *id = js_str(input, "id");
    return id ? id : js_str(input, "Id");
}

static json_t *without_id(const json_t *input)
{
    json_t *out = json_copy((json_t *)input);
    json_object_del(out, "id");
    json_object_del(out, "Id");
    json_object_del(out, "attributes");
    return out;
}

static json_t *done_row(const struct sf_row *r, int created)
{
    json_t *row = json_pack("{s:s,s:b,s:[]}", "id", r->id, "success", 1, "errors");
    if (created >= 0)
        js_set(row, "created", json_boolean(created));
    return row;
}

static json_t *failed(struct sf_ask *ask, struct sf_bad *bad, const char *id, bool creates)
{
    json_t *row = sf_failed_row(bad, id);
    if (creates && sf_says(ask->s, "failed_created", "true"))
        js_set(row, "created", json_true());
    return row;
}

static struct sf_type *type_in(struct sf_ask *ask, const json_t *input, struct sf_bad *bad)
{
    const char *name = js_str(json_object_get(input, "attributes"), "type");
    struct sf_type *t = sf_type_of(ask->s, name);
    if (t && t->api)
        return t;
    if (name)
        sf_set_bad(bad, 400, "INVALID_TYPE", NULL, "sObject type '%s' is not supported.", name);
    else
        sf_set_bad(bad, 400, "INVALID_INPUT", NULL, "The type of the record is missing: attributes.type");
    return NULL;
}

/* ---- one row ---- */

static json_t *create_one(struct sf_ask *ask, const json_t *input, const struct sf_hand *hand, void *with)
{
    struct sf_bad bad = {0};
    struct sf_type *t = type_in(ask, input, &bad);
    struct sf_row *r = t ? sf_save(ask->s, t, NULL, input, hand, &bad) : NULL;
    (void)with;
    return r ? done_row(r, -1) : failed(ask, &bad, NULL, false);
}

static struct sf_row *by_id(struct sf_ask *ask, const char *id, struct sf_type **t, struct sf_bad *bad)
{
    char full[SF_ID];
    struct sf_row *r = sf_id_read(id, full) ? sf_find(ask->s, full) : NULL;
    if (!sf_id_read(id, full))
        sf_set_bad(bad, 400, "MALFORMED_ID", "Id", "malformed id %s", id ? id : "null");
    else if (!r || r->purged)
        sf_set_bad(bad, 404, "INVALID_CROSS_REFERENCE_KEY", NULL, "invalid cross reference id");
    else if (r->deleted)
        sf_set_bad(bad, 404, "ENTITY_IS_DELETED", NULL, "entity is deleted");
    if (bad->code)
        return NULL;
    *t = sf_type_of_id(ask->s, full);
    return r;
}

static json_t *update_one(struct sf_ask *ask, const json_t *input, const struct sf_hand *hand, void *with)
{
    struct sf_bad bad = {0};
    struct sf_type *t = type_in(ask, input, &bad), *own = NULL;
    struct sf_row *r = NULL;
    AUTO_JSON json_t *fields = without_id(input);
    (void)with;
    if (t && !id_in(input))
        sf_set_bad(&bad, 400, "MISSING_ARGUMENT", "Id", "Id not specified in an update call");
    else if (t)
        r = by_id(ask, id_in(input), &own, &bad);
    if (r && own != t)
        sf_set_bad(&bad, 400, "MALFORMED_ID", "Id", "Record ID: id value of incorrect type: %s", r->id);
    if (r && !bad.code)
        sf_save(ask->s, t, r, fields, hand, &bad);
    return bad.code ? failed(ask, &bad, id_in(input), false) : done_row(r, -1);
}

struct upsert {
    struct sf_type *type;
    const struct sf_field *key;
    json_t *keys; /* key → how often it is among the rows */
};

static char *folded(const json_t *v)
{
    char *out = json_is_string(v) ? mem_dup(json_string_value(v)) : js_print(v ? v : json_null());
    for (char *c = out; *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    return out;
}

static json_t *upsert_one(struct sf_ask *ask, const json_t *input, const struct sf_hand *hand, void *with)
{
    const struct upsert *u = with;
    struct sf_bad bad = {0};
    struct sf_row *r = NULL;
    bool created = false, by_row_id = str_eq(u->key->name, "Id");
    const json_t *value = by_row_id && !json_object_get(input, "Id") ? json_object_get(input, "id")
                                                                     : json_object_get(input, u->key->name);
    AUTO_JSON json_t *fields = without_id(input);
    AUTO_FREE char *key = folded(value);
    struct sf_type *t = type_in(ask, input, &bad);
    if (t && t != u->type)
        sf_set_bad(&bad, 400, "INVALID_TYPE", NULL, "the record's type is not the URL's: %s", t->name);
    else if (t && !by_row_id && id_in(input))
        sf_set_bad(&bad, 400, "INVALID_FIELD", "Id", "The Id field should not be specified in the sobject data.");
    else if (t && js_int_or(u->keys, key, 0) > 1)
        sf_set_bad(&bad, 400, "DUPLICATE_VALUE", u->key->name, "Duplicate external id specified: %s", key);
    else if (t)
        r = sf_upsert(ask->s, t, u->key, value, fields, hand, &created, &bad);
    return r ? done_row(r, created) : failed(ask, &bad, NULL, true);
}

static json_t *delete_one(struct sf_ask *ask, const json_t *input, const struct sf_hand *hand, void *with)
{
    struct sf_bad bad = {0};
    struct sf_type *t = NULL;
    const char *id = json_string_value(input);
    struct sf_row *r = by_id(ask, id, &t, &bad);
    (void)with;
    if (r && sf_erase(ask->s, t, r, hand, &bad))
        return done_row(r, -1);
    return failed(ask, &bad, id, false);
}

/* ---- all rows ---- */

static bool succeeded(const json_t *row)
{
    return js_bool_or(row, "success", false);
}

/* One bad row takes the good ones with it. */
static void roll_back(json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach (rows, i, row) {
        struct sf_bad bad = {0};
        if (!succeeded(row))
            continue;
        sf_set_bad(&bad, 400, "ALL_OR_NONE_OPERATION_ROLLED_BACK", NULL,
                   "Record rolled back because not all records were valid and the request was using AllOrNone header");
        json_array_set_new(rows, i, sf_failed_row(&bad, NULL));
    }
}

static bool few_chunks(const json_t *inputs)
{
    const char *last = NULL;
    size_t i, chunks = 0;
    json_t *one;
    json_array_foreach ((json_t *)inputs, i, one) {
        const char *type = js_str(json_object_get(one, "attributes"), "type");
        chunks += !str_eq_nocase(type ? type : "", last);
        last = type ? type : "";
    }
    return chunks <= CHUNKS_MOST;
}

static void for_each(struct sf_ask *ask, const json_t *inputs, bool all_or_none, deed *does, void *with,
                     const char *route)
{
    struct sf_hand hand = sf_hand_of(ask);
    json_t *rows = json_array(), *one;
    size_t i, good = 0, mark = sf_begin(ask->s);
    json_array_foreach ((json_t *)inputs, i, one)
        js_add(rows, does(ask, one, &hand, with));
    json_array_foreach (rows, i, one)
        good += succeeded(one);
    bool keep = !all_or_none || good == json_array_size(rows);
    sf_end(ask->s, mark, keep);
    if (!keep)
        roll_back(rows);
    sf_note(ask, keep && good, route);
    sf_reply(ask, 200, rows);
}

/* The rows of a body; NULL when refused. */
static const json_t *rows_of(struct sf_ask *ask)
{
    const json_t *rows = json_object_get(ask->body, "records");
    if (!json_is_array(rows))
        sf_error(ask, 400, "JSON_PARSER_ERROR", "The request body must have an array of records");
    else if (json_array_size(rows) > SF_ROWS_MOST)
        sf_error(ask, 400, "EXCEEDED_ID_LIMIT",
                 "record limit reached. cannot submit more than %d records into this call", SF_ROWS_MOST);
    else if (!few_chunks(rows))
        sf_error(ask, 400, "LIMIT_EXCEEDED", "more than %d chunks of types", CHUNKS_MOST);
    else
        return rows;
    return NULL;
}

static void upsert(struct sf_ask *ask, struct sf_type *t, const char *field)
{
    struct sf_bad bad = {0};
    const json_t *rows = rows_of(ask);
    AUTO_JSON json_t *keys = json_object();
    size_t i;
    json_t *one;
    struct upsert u = {.type = t, .key = sf_key_field(ask->s, t, field, &bad), .keys = keys};
    AUTO_FREE char *route = mem_printf("/composite/sobjects/%s/{field}", t->name);
    if (rows && !u.key)
        sf_refuse(ask, &bad);
    sf_bad_done(&bad);
    if (!rows || !u.key)
        return;
    json_array_foreach ((json_t *)rows, i, one) {
        AUTO_FREE char *key = folded(json_object_get(one, u.key->name));
        js_set(keys, key, json_integer(js_int_or(keys, key, 0) + 1));
    }
    for_each(ask, rows, js_bool_or(ask->body, "allOrNone", false), upsert_one, &u, route);
}

/* ---- reading ---- */

static json_t *split(const char *text)
{
    json_t *out = json_array();
    AUTO_FREE char *copy = mem_dup(text ? text : "");
    char *save = NULL;
    for (char *one = strtok_r(copy, ", ", &save); one; one = strtok_r(NULL, ", ", &save))
        js_add(out, json_string(one));
    return out;
}

static bool names_exist(struct sf_ask *ask, const struct sf_type *t, const json_t *names)
{
    size_t i;
    json_t *name;
    json_array_foreach ((json_t *)names, i, name) {
        const struct sf_type *to = NULL;
        if (soql_field(ask->s, t, json_string_value(name), &to))
            continue;
        sf_error(ask, 400, "INVALID_FIELD", "No such column '%s' on sobject of type %s",
                 json_is_string(name) ? json_string_value(name) : "?", t->name);
        return false;
    }
    return true;
}

static void retrieve(struct sf_ask *ask, struct sf_type *t)
{
    bool post = sf_is(ask, "POST");
    AUTO_JSON json_t *ids = post ? json_incref(json_object_get(ask->body, "ids")) : split(js_str(ask->query, "ids")),
                     *names = post ? json_incref(json_object_get(ask->body, "fields"))
                                   : split(js_str(ask->query, "fields"));
    AUTO_FREE char *route = mem_printf("/composite/sobjects/%s", t->name);
    size_t i;
    json_t *id, *out;
    sf_note(ask, false, route);
    if (!json_array_size(ids) || !json_array_size(names)) {
        sf_error(ask, 400, "MISSING_ARGUMENT", "ids and fields must be given");
        return;
    }
    if (json_array_size(ids) > SF_ROWS_MOST) {
        sf_error(ask, 400, "EXCEEDED_ID_LIMIT", "cannot retrieve more than %d records", SF_ROWS_MOST);
        return;
    }
    if (!names_exist(ask, t, names))
        return;
    out = json_array();
    json_array_foreach (ids, i, id) {
        struct sf_row *r = sf_find(ask->s, json_is_string(id) ? json_string_value(id) : "");
        bool there = r && sf_live(ask->s, r) && sf_type_of_id(ask->s, r->id) == t && !sf_archived(r->values);
        js_add(out, there ? sf_show(ask->s, ask->version, t, sf_seen(ask->s, r), names) : json_null());
    }
    sf_reply(ask, 200, out);
}

/* ---- the way there ---- */

static void many(struct sf_ask *ask)
{
    bool all = js_bool_or(ask->body, "allOrNone", false), erase = sf_is(ask, "DELETE");
    AUTO_JSON json_t *ids = split(js_str(ask->query, "ids"));
    sf_note(ask, false, "/composite/sobjects");
    if (!erase && !sf_is(ask, "POST") && !sf_is(ask, "PATCH")) {
        sf_wrong_method(ask, "POST,PATCH,DELETE");
        return;
    }
    if (erase && json_array_size(ids) > SF_ROWS_MOST) {
        sf_error(ask, 400, "EXCEEDED_ID_LIMIT", "cannot delete more than %d records", SF_ROWS_MOST);
        return;
    }
    const json_t *rows = erase ? ids : rows_of(ask);
    if (rows)
        for_each(ask, rows, erase ? str_eq(js_str(ask->query, "allOrNone"), "true") : all,
                 erase                ? delete_one
                 : sf_is(ask, "POST") ? create_one
                                      : update_one,
                 NULL, "/composite/sobjects");
}

void sf_collections(struct sf_ask *ask)
{
    struct sf_type *t = ask->n > 2 ? sf_type_of(ask->s, ask->part[2]) : NULL;
    if (ask->n == 2)
        many(ask);
    else if (!t || !t->api)
        sf_not_there(ask);
    else if (ask->n == 3 && (sf_is(ask, "GET") || sf_is(ask, "POST")))
        retrieve(ask, t);
    else if (ask->n == 4 && sf_is(ask, "PATCH"))
        upsert(ask, t, ask->part[3]);
    else
        sf_wrong_method(ask, "GET,POST,PATCH");
}
