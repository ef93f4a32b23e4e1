/* /sobjects: the list, descriptions, and rows one by one, by id or by a key. */
#include "tests/sandbox/salesforce.h"

static bool stamp_of(const struct sf_row *r, int64_t *ms)
{
    return when_parse(js_str_or(r->values, "SystemModstamp", ""), ms);
}

/* If-Modified-Since and If-Unmodified-Since, to the second; neither answer has an error array. */
static bool condition_holds(struct sf_ask *ask, const struct sf_row *r)
{
    const char *modified = http_headers_get(&ask->request->headers, "If-Modified-Since");
    const char *unmodified = http_headers_get(&ask->request->headers, "If-Unmodified-Since");
    int64_t since = 0, stamp = 0;
    if (!stamp_of(r, &stamp))
        return true;
    if (sf_is(ask, "GET") && modified && when_parse_http(modified, &since) && stamp <= since)
        ask->a->status = 304;
    else if (unmodified && when_parse_http(unmodified, &since) && stamp > since)
        ask->a->status = 412;
    return ask->a->status == 0;
}

/* fields=A,B as names that exist; NULL with *bad. None asked for: *names stays NULL. */
static bool names_of(struct sf_ask *ask, const struct sf_type *t, json_t **names, struct sf_bad *bad)
{
    AUTO_FREE char *list = mem_dup(js_str(ask->query, "fields"));
    char *save = NULL;
    if (!list)
        return true;
    *names = json_array();
    for (char *name = strtok_r(list, ", ", &save); name; name = strtok_r(NULL, ", ", &save)) {
        const struct sf_type *to = NULL;
        if (!soql_field(ask->s, t, name, &to))
            return sf_set_bad(bad, 400, "INVALID_FIELD", NULL, "No such column '%s' on sobject of type %s", name,
                              t->name);
        js_add(*names, json_string(name));
    }
    return true;
}

static void read_row(struct sf_ask *ask, struct sf_type *t, struct sf_row *r)
{
    struct sf_bad bad = {0};
    AUTO_JSON json_t *names = NULL;
    if (!names_of(ask, t, &names, &bad))
        sf_refuse(ask, &bad);
    else if (condition_holds(ask, r))
        sf_reply(ask, 200, sf_show(ask->s, ask->version, t, sf_seen(ask->s, r), names));
}

static void write_row(struct sf_ask *ask, struct sf_type *t, struct sf_row *r, const char *route)
{
    struct sf_bad bad = {0};
    struct sf_hand hand = sf_hand_of(ask);
    if (json_object_get(ask->body, "Id") || json_object_get(ask->body, "id"))
        sf_set_bad(&bad, 400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Id",
                   "The Id field should not be specified in the sobject data.");
    else if (!condition_holds(ask, r))
        return;
    else
        sf_save(ask->s, t, r, ask->body, &hand, &bad);
    sf_note(ask, bad.code == NULL, route);
    if (bad.code)
        sf_refuse(ask, &bad);
    else
        sf_reply(ask, 204, NULL);
}

static void delete_row(struct sf_ask *ask, struct sf_type *t, struct sf_row *r, const char *route)
{
    struct sf_bad bad = {0};
    struct sf_hand hand = sf_hand_of(ask);
    bool done = sf_erase(ask->s, t, r, &hand, &bad);
    sf_note(ask, done, route);
    if (done)
        sf_reply(ask, 204, NULL);
    else
        sf_refuse(ask, &bad);
}

static void one(struct sf_ask *ask, struct sf_type *t, struct sf_row *r)
{
    AUTO_FREE char *route = mem_printf("/sobjects/%s/{id}", t->name);
    sf_note(ask, false, route);
    if (sf_is(ask, "GET"))
        read_row(ask, t, r);
    else if (sf_is(ask, "PATCH"))
        write_row(ask, t, r, route);
    else if (sf_is(ask, "DELETE"))
        delete_row(ask, t, r, route);
    else
        sf_wrong_method(ask, "HEAD,GET,PATCH,DELETE");
}

static void by_id(struct sf_ask *ask, struct sf_type *t, const char *id)
{
    struct sf_bad bad = {0};
    char full[SF_ID];
    struct sf_row *r = sf_id_read(id, full) && sf_type_of_id(ask->s, full) == t ? sf_find(ask->s, full) : NULL;
    bool gone = r && r->deleted && !r->purged && !sf_is(ask, "GET");
    if (gone) {
        one(ask, t, r); /* says that it is deleted */
    } else if (!r || !sf_live(ask->s, r)) {
        AUTO_FREE char *route = mem_printf("/sobjects/%s/{id}", t->name);
        sf_note(ask, false, route);
        sf_unknown(&bad, id);
        sf_refuse(ask, &bad);
    } else {
        one(ask, t, r);
    }
}

static void create(struct sf_ask *ask, struct sf_type *t)
{
    struct sf_bad bad = {0};
    struct sf_hand hand = sf_hand_of(ask);
    const struct sf_row *r = sf_save(ask->s, t, NULL, ask->body, &hand, &bad);
    AUTO_FREE char *route = mem_printf("/sobjects/%s", t->name);
    sf_note(ask, r != NULL, route);
    if (r)
        sf_reply(ask, 201, json_pack("{s:s,s:b,s:[]}", "id", r->id, "success", 1, "errors"));
    else
        sf_refuse(ask, &bad);
}

static void whole_type(struct sf_ask *ask, struct sf_type *t)
{
    AUTO_FREE char *route = mem_printf("/sobjects/%s", t->name);
    sf_note(ask, false, route);
    if (sf_is(ask, "POST"))
        create(ask, t);
    else if (sf_is(ask, "GET"))
        sf_reply(ask, 200, json_pack("{s:o,s:[]}", "objectDescribe", sf_type_brief(ask, t), "recentItems"));
    else
        sf_wrong_method(ask, "HEAD,GET,POST");
}

void sf_sobjects(struct sf_ask *ask)
{
    struct sf_type *t = ask->n > 1 ? sf_type_of(ask->s, ask->part[1]) : NULL;
    if (ask->n == 1)
        sf_sobjects_list(ask);
    else if (!t || !t->api)
        sf_not_there(ask);
    else if (ask->n == 2)
        whole_type(ask, t);
    else if (ask->n == 3 && str_eq(ask->part[2], "describe"))
        sf_describe(ask, t);
    else if (ask->n == 3 && (str_eq(ask->part[2], "updated") || str_eq(ask->part[2], "deleted")))
        sf_replication(ask, t, str_eq(ask->part[2], "deleted"));
    else if (ask->n == 3)
        by_id(ask, t, ask->part[2]);
    else if (ask->n == 4)
        sf_by_key(ask, t, ask->part[2], ask->part[3]);
    else
        sf_not_there(ask);
}
