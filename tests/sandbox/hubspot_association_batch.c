/* Associations by the thousand: read 1,000, create 2,000, archive 100 at a time; v3 spells the type as a name. */
#include "tests/sandbox/hubspot.h"

enum { READ_MOST = 1000, CREATE_MOST = 2000, ARCHIVE_MOST = 100, PAGE_MOST = 500 };

struct work {
    struct hub_ask *ask;
    struct hub_type *from, *to;
    json_t *results, *errors;
};

static void add_bad(struct work *w, struct hub_bad *bad, const char *from, const char *to)
{
    json_t *row = hub_bad_row(bad, NULL), *context = json_object_get(row, "context");
    if (from)
        js_set(context, "fromObjectId", json_pack("[s]", from));
    if (to)
        js_set(context, "toObjectId", json_pack("[s]", to));
    js_add(w->errors, row);
    hub_bad_done(bad);
}

static const char *id_in(const json_t *in, const char *end)
{
    return js_str_or(json_object_get(in, end), "id", "");
}

/* Both ends of an input must be there. */
static bool find_ends(struct work *w, const char *from, const char *to, struct hub_link *l)
{
    struct hub_bad bad = {0};
    *l = (struct hub_link){
        .from_type = w->from, .to_type = w->to, .from = hub_live(w->from, from), .to = hub_live(w->to, to)};
    if (l->from && l->to)
        return true;
    hub_set_bad(&bad, 404, "VALIDATION_ERROR", "One or more associations are not valid");
    bad.sub = "crm.associations.INVALID_OBJECT_IDS";
    add_bad(w, &bad, from, to);
    return false;
}

/* ---- the verbs ---- */

static void read_one(struct work *w, const json_t *in)
{
    const char *id = js_str_or(in, "id", "");
    const struct hub_record *r = hub_live(w->from, id);
    json_t *page = r ? hub_link_page(w->ask->h, w->from, w->to, r, PAGE_MOST, js_int_or(in, "after", 0)) : NULL;
    struct hub_bad bad = {0};
    if (!json_array_size(json_object_get(page, "results"))) {
        hub_set_bad(&bad, 404, "OBJECT_NOT_FOUND", "No %s is associated with %s %s.", w->to->names[2],
                    w->from->names[2], id);
        bad.sub = "crm.associations.NO_ASSOCIATIONS_FOUND";
        add_bad(w, &bad, id, NULL);
        json_decref(page);
        return;
    }
    json_t *row = json_pack("{s:{s:s},s:O}", "from", "id", id, "to", json_object_get(page, "results"));
    if (json_object_get(page, "paging"))
        json_object_set(row, "paging", json_object_get(page, "paging"));
    js_add(w->results, row);
    json_decref(page);
}

static void read_one_v3(struct work *w, const json_t *in)
{
    const char *id = js_str_or(in, "id", "");
    const struct hub_record *r = hub_live(w->from, id);
    json_t *to = r ? hub_links_v3(w->ask->h, w->from, r, w->to) : NULL;
    if (json_array_size(to))
        js_add(w->results, json_pack("{s:{s:s},s:O}", "from", "id", id, "to", to));
    else
        read_one(w, in); /* refuses in the same words */
    json_decref(to);
}

static void create_one(struct work *w, const json_t *in)
{
    struct hub_link l;
    struct hub_bad bad = {0};
    AUTO_JSON json_t *codes = NULL;
    if (!find_ends(w, id_in(in, "from"), id_in(in, "to"), &l))
        return;
    if (!hub_specs(w->ask->h, &l, json_object_get(in, "types"), &codes, &bad)) {
        add_bad(w, &bad, id_in(in, "from"), id_in(in, "to"));
        return;
    }
    hub_join(w->ask->h, &l, codes, false);
    js_add(w->results, hub_joined_json(w->ask->h, &l, codes));
}

static void create_one_v3(struct work *w, const json_t *in)
{
    struct hub_link l;
    struct hub_bad bad = {0};
    const char *name = js_str_or(in, "type", "");
    const struct hub_link_type *lt = hub_named_link(w->ask->h, w->from->kind, w->to->kind, name);
    if (!find_ends(w, id_in(in, "from"), id_in(in, "to"), &l))
        return;
    if (!lt) {
        hub_set_bad(&bad, 400, "VALIDATION_ERROR", "No association type %s exists", name);
        add_bad(w, &bad, id_in(in, "from"), id_in(in, "to"));
        return;
    }
    AUTO_JSON json_t *codes = json_pack("[i]", lt->code);
    hub_join(w->ask->h, &l, codes, false);
    js_add(w->results, json_pack("{s:{s:s},s:{s:s},s:s}", "from", "id", id_in(in, "from"), "to", "id", id_in(in, "to"),
                                 "type", lt->name));
}

static void default_one(struct work *w, const json_t *in)
{
    struct hub_link l;
    size_t i;
    json_t *row;
    if (!find_ends(w, id_in(in, "from"), id_in(in, "to"), &l))
        return;
    if (!hub_plain_link(w->ask->h, w->from->kind, w->to->kind)) {
        struct hub_bad bad = {0};
        hub_set_bad(&bad, 400, "VALIDATION_ERROR", "%s cannot be associated with %s", w->from->names[0],
                    w->to->names[0]);
        add_bad(w, &bad, id_in(in, "from"), id_in(in, "to"));
        return;
    }
    hub_join(w->ask->h, &l, NULL, false);
    AUTO_JSON json_t *told = hub_default_json(w->ask->h, &l);
    json_array_foreach (json_object_get(told, "results"), i, row)
        json_array_append(w->results, row);
}

/* "to" is a list in v4, one record in v3. What is not there is archived already. */
static void archive_one(struct work *w, const json_t *in, bool labels)
{
    AUTO_JSON json_t *ends = json_is_array(json_object_get(in, "to")) ? json_incref(json_object_get(in, "to"))
                                                                      : json_pack("[O*]", json_object_get(in, "to"));
    size_t i;
    json_t *end;
    json_array_foreach (ends, i, end) {
        struct hub_bad bad = {0};
        AUTO_JSON json_t *codes = NULL;
        struct hub_link l = {.from_type = w->from,
                             .to_type = w->to,
                             .from = hub_live(w->from, id_in(in, "from")),
                             .to = hub_live(w->to, js_str_or(end, "id", ""))};
        if (!l.from || !l.to)
            continue;
        if (!labels || hub_specs(w->ask->h, &l, json_object_get(in, "types"), &codes, &bad))
            hub_part(w->ask->h, &l, codes);
        hub_bad_done(&bad);
    }
}

/* ---- the batch ---- */

static void one(struct work *w, const char *verb, const json_t *in)
{
    bool old = w->ask->version == HUB_V3;
    if (str_eq(verb, "read"))
        old ? read_one_v3(w, in) : read_one(w, in);
    else if (str_eq(verb, "create"))
        old ? create_one_v3(w, in) : create_one(w, in);
    else if (str_eq(verb, "associate/default"))
        default_one(w, in);
    else
        archive_one(w, in, str_eq(verb, "labels/archive"));
}

static size_t most_of(const char *verb, bool old)
{
    if (str_eq(verb, "read"))
        return READ_MOST;
    if (str_eq(verb, "create") || (str_eq(verb, "associate/default") && !old))
        return CREATE_MOST;
    return str_eq(verb, "archive") || (str_eq(verb, "labels/archive") && !old) ? ARCHIVE_MOST : 0;
}

static void reply(struct work *w, const char *verb)
{
    char at[WHEN_TEXT];
    size_t n = json_array_size(w->errors);
    when_print(sandbox_now(hub_box(w->ask->h)), at);
    if (strstr(verb, "archive")) {
        hub_reply(w->ask, 204, NULL);
        return;
    }
    json_t *out = json_pack("{s:s,s:O,s:s,s:s}", "status", "COMPLETE", "results", w->results, "startedAt", at,
                            "completedAt", at);
    if (n) {
        js_set(out, "numErrors", json_integer((json_int_t)n));
        json_object_set(out, "errors", w->errors);
    }
    hub_reply(w->ask, n ? 207 : str_eq(verb, "create") ? 201 : 200, out);
}

void hub_association_batch(struct hub_ask *ask, struct hub_type *from, struct hub_type *to, const char *verb)
{
    const json_t *inputs = json_object_get(ask->body, "inputs");
    size_t most = most_of(verb, ask->version == HUB_V3), i;
    struct work w = {.ask = ask, .from = from, .to = to, .results = json_array(), .errors = json_array()};
    json_t *in;
    AUTO_FREE char *route = mem_printf("/associations/%s/%s/batch/%s", from->names[0], to->names[0], verb);
    hub_note(ask, most && !str_eq(verb, "read"), route);
    if (!most || !hub_is(ask, "POST")) {
        hub_not_found(ask);
    } else if (!json_is_array(inputs) || json_array_size(inputs) > most) {
        hub_note(ask, false, route);
        hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "inputs must be an array of at most %zu", most);
    } else {
        json_array_foreach ((json_t *)inputs, i, in)
            one(&w, verb, in);
        reply(&w, verb);
    }
    json_decref(w.results);
    json_decref(w.errors);
}

/* part: from, to, "batch", verb…; or from, to, "labels", id; v3 calls labels "types" */
void hub_association_family(struct hub_ask *ask)
{
    struct hub_type *from = ask->n > 1 ? hub_type_of(ask->h, ask->part[0]) : NULL;
    struct hub_type *to = ask->n > 1 ? hub_type_of(ask->h, ask->part[1]) : NULL;
    const char *third = ask->n > 2 ? ask->part[2] : "";
    bool labels = str_eq(third, ask->version == HUB_V3 ? "types" : "labels");
    if (!from || !to || ask->n > 5)
        hub_not_found(ask);
    else if (labels && ask->n < 5)
        hub_labels(ask, from, to, ask->n == 4 ? ask->part[3] : NULL);
    else if (str_eq(third, "batch") && ask->n > 3) {
        AUTO_FREE char *verb = mem_printf("%s%s%s", ask->part[3], ask->n == 5 ? "/" : "",
                                          ask->n == 5 ? ask->part[4] : "");
        hub_association_batch(ask, from, to, verb);
    } else
        hub_not_found(ask);
}
