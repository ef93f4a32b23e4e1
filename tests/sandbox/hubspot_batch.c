/* Batches of at most a hundred: what is refused as a whole, and what becomes a row of a 207. */
#include "tests/sandbox/hubspot.h"

#define BATCH_MOST 100

enum verb { UPDATE, UPSERT };

struct batch {
    struct hub_ask *ask;
    struct hub_type *t;
    json_t *results, *errors, *lost; /* lost: ids of inputs that name no record */
    bool wrote;
};

/* ---- the answer ---- */

static json_t *now_text(struct hub *h)
{
    char at[WHEN_TEXT];
    when_print(sandbox_now(hub_box(h)), at);
    return json_string(at);
}

/* One row tells of all that are missing. */
static void add_lost(struct batch *b)
{
    if (!json_array_size(b->lost))
        return;
    AUTO_FREE char *kind = mem_dup(b->t->names[2]);
    for (char *c = kind; *c; c++)
        *c = (char)(*c - 32);
    AUTO_FREE char *message = mem_printf(
        "Could not get some %s objects, they may be deleted or not exist. Check that ids are valid.", kind);
    js_add(b->errors, json_pack("{s:s,s:s,s:s,s:{s:O}}", "status", "error", "category", "OBJECT_NOT_FOUND", "message",
                                message, "context", "ids", b->lost));
}

static void reply(struct batch *b, int good)
{
    add_lost(b);
    size_t n = json_array_size(b->errors);
    json_t *out = json_pack("{s:s,s:O,s:o,s:o}", "status", "COMPLETE", "results", b->results, "startedAt",
                            now_text(b->ask->h), "completedAt", now_text(b->ask->h));
    if (n) {
        js_set(out, "numErrors", json_integer((json_int_t)n));
        json_object_set(out, "errors", b->errors);
    }
    hub_reply(b->ask, n ? 207 : good, out);
}

/* A new record is told whole. */
static void add_row(struct batch *b, const struct hub_record *r, const json_t *input, bool born, int fresh)
{
    AUTO_JSON json_t *names = hub_keys(born ? r->props : json_object_get(input, "properties")),
                     *defaults = hub_default_names(b->t);
    json_array_extend(names, defaults);
    struct hub_view view = {.names = names, .url = b->ask->version >= HUB_2026_03};
    json_t *row = hub_show(b->ask->h, b->t, r, &view), *trace = json_object_get(input, "objectWriteTraceId");
    if (fresh >= 0)
        js_set(row, "new", json_boolean(fresh));
    if (trace)
        json_object_set(row, "objectWriteTraceId", trace);
    js_add(b->results, row);
}

static void add_bad(struct batch *b, struct hub_bad *bad, const json_t *input)
{
    if (bad->status == 409) /* in rows a taken email is a matter of validation */
        bad->category = "VALIDATION_ERROR";
    js_add(b->errors, hub_bad_row(bad, input));
    hub_bad_done(bad);
}

/* ---- reading ---- */

static bool read_refused(struct hub_ask *ask, struct hub_type *t)
{
    const char *property = js_str(ask->body, "idProperty");
    if (!property || hub_is_unique(t, property))
        return false;
    hub_error(ask->h, ask->a, 400, "VALIDATION_ERROR", "idProperty %s is not a unique property", property);
    return true;
}

static void read_batch(struct batch *b)
{
    const json_t *body = b->ask->body;
    const char *property = js_str(body, "idProperty");
    bool archived = str_eq(js_str(b->ask->query, "archived"), "true");
    struct hub_view view = {.names = json_object_get(body, "properties"),
                            .past = json_object_get(body, "propertiesWithHistory"),
                            .url = b->ask->version >= HUB_2026_03};
    AUTO_JSON json_t *told = json_object();
    size_t i;
    json_t *in;
    b->ask->h->stale &= !property; /* a unique property is looked up where it is enforced: at the primary */
    json_array_foreach (json_object_get(body, "inputs"), i, in) {
        const char *id = js_str(in, "id");
        struct hub_record *r = property ? hub_unique(b->t, property, id) : hub_follow(b->t, hub_get(b->t, id));
        if (!r || r->archived != archived) {
            js_add(b->lost, json_string(id ? id : ""));
            continue;
        }
        AUTO_FREE char *key = mem_printf("%lld", (long long)r->id);
        if (!json_object_get(told, key))
            js_add(b->results, hub_show(b->ask->h, b->t, r, &view));
        js_set(told, key, json_true());
    }
    reply(b, 200);
}

/* ---- what refuses a batch as a whole ---- */

static bool traced(const json_t *inputs)
{
    AUTO_JSON json_t *seen = json_object();
    size_t i;
    json_t *in;
    json_array_foreach ((json_t *)inputs, i, in) {
        const char *trace = js_str(in, "objectWriteTraceId");
        if (!trace || json_object_get(seen, trace))
            return false;
        js_set(seen, trace, json_true());
    }
    return true;
}

static bool any_twice(const json_t *inputs)
{
    AUTO_JSON json_t *seen = json_object();
    size_t i;
    json_t *in;
    json_array_foreach ((json_t *)inputs, i, in) {
        const char *id = js_str(in, "id");
        if (id && json_object_get(seen, id))
            return true;
        if (id)
            js_set(seen, id, json_true());
    }
    return false;
}

static bool check_id(struct hub_type *t, enum verb verb, const json_t *in, struct hub_bad *bad)
{
    const char *property = js_str(in, "idProperty");
    if (!js_str(in, "id"))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Invalid input JSON: id is required");
    if (!property && verb == UPDATE)
        return true;
    if (!property || !hub_is_unique(t, property))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Unable to perform update/upsert by non-unique property %s",
                           property ? property : "null");
    if (verb == UPDATE && str_eq(property, "email"))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Unable to perform batch update by email");
    return true;
}

static struct hub_record *target(struct hub_type *t, const json_t *in)
{
    const char *id = js_str(in, "id"), *property = js_str(in, "idProperty");
    return property ? hub_unique(t, property, id) : hub_get(t, id);
}

/* The first fault of any row refuses all of them. */
static bool check_all(struct batch *b, enum verb verb, struct hub_bad *bad)
{
    const json_t *inputs = json_object_get(b->ask->body, "inputs");
    bool rows = hub_says(b->ask->h, "bad_row", "row");
    size_t i;
    json_t *in;
    if (any_twice(inputs))
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "Duplicate IDs found in batch input");
    json_array_foreach ((json_t *)inputs, i, in) {
        const json_t *props = json_object_get(in, "properties");
        if (!check_id(b->t, verb, in, bad))
            return false;
        if (!rows && !hub_check(b->ask->h, b->t, target(b->t, in), props, HUB_BY_APP, bad))
            return false;
    }
    return true;
}

/* ---- writing ---- */

/* Upserts by email know no half: the first bad row refuses the batch, before anything is written. */
static bool check_emails(struct batch *b, struct hub_bad *bad)
{
    size_t i;
    json_t *in;
    json_array_foreach (json_object_get(b->ask->body, "inputs"), i, in) {
        const struct hub_record *r = hub_unique(b->t, "email", js_str(in, "id"));
        if (str_eq(js_str(in, "idProperty"), "email") &&
            !hub_check_unique(b->t, r, json_object_get(in, "properties"), bad))
            return false;
    }
    return true;
}

static bool check_row(struct batch *b, enum verb verb, struct hub_record *r, const json_t *in, struct hub_bad *bad)
{
    AUTO_JSON json_t *all = json_copy(json_object_get(in, "properties"));
    all = all ? all : json_object();
    if (verb == UPSERT)
        json_object_set(all, js_str(in, "idProperty"), json_object_get(in, "id"));
    return hub_check(b->ask->h, b->t, r, all, HUB_BY_APP, bad) && hub_check_required(b->ask, b->t, r, all, bad) &&
           hub_check_unique(b->t, r, all, bad);
}

static void write_row(struct batch *b, enum verb verb, const json_t *in)
{
    const char *id = js_str(in, "id"), *property = js_str(in, "idProperty");
    struct hub_record *r = target(b->t, in);
    struct hub_bad bad = {0};
    bool fresh = verb == UPSERT && !r;
    if (!fresh && r && r->merged_into)
        return; /* merged away: left out without a word */
    if (!fresh && (!r || r->archived)) {
        js_add(b->lost, json_string(id));
        return;
    }
    if (!check_row(b, verb, r, in, &bad)) {
        add_bad(b, &bad, in);
        return;
    }
    if (fresh) {
        AUTO_JSON json_t *key = json_pack("{s:s}", property, id);
        r = hub_create(b->ask->h, b->t, HUB_BY_APP);
        hub_write(b->ask->h, b->t, r, key, HUB_BY_APP);
    }
    b->wrote |= hub_write(b->ask->h, b->t, r, json_object_get(in, "properties"), HUB_BY_APP) || fresh;
    if (fresh)
        hub_born(b->ask->h, b->t, r);
    add_row(b, r, in, fresh, verb == UPSERT ? fresh : -1);
}

static void write_batch(struct batch *b, enum verb verb)
{
    struct hub_bad bad = {0};
    size_t i;
    json_t *in;
    if (!check_all(b, verb, &bad) || (verb == UPSERT && !check_emails(b, &bad))) {
        hub_refuse(b->ask->h, b->ask->a, &bad);
        return;
    }
    json_array_foreach (json_object_get(b->ask->body, "inputs"), i, in)
        write_row(b, verb, in);
    reply(b, 200);
}

/* All or nothing, unless every input has a trace id of its own. */
static void create_batch(struct batch *b)
{
    const json_t *inputs = json_object_get(b->ask->body, "inputs");
    bool rows = traced(inputs);
    size_t i, from = b->t->n;
    json_t *in;
    json_array_foreach ((json_t *)inputs, i, in) {
        struct hub_bad bad = {0};
        const struct hub_record *r = hub_new(b->ask, b->t, in, &bad);
        if (r) {
            add_row(b, r, in, true, -1);
        } else if (rows) {
            add_bad(b, &bad, in);
        } else {
            while (b->t->n > from) /* those made so far never were: their ids stay used */
                hub_erase(b->t, &b->t->records[from++]);
            hub_refuse(b->ask->h, b->ask->a, &bad);
            return;
        }
    }
    b->wrote = json_array_size(b->results) > 0;
    reply(b, 201);
}

static void archive_batch(struct batch *b)
{
    size_t i;
    json_t *in;
    json_array_foreach (json_object_get(b->ask->body, "inputs"), i, in) {
        struct hub_record *r = hub_get(b->t, js_str(in, "id"));
        if (r && !r->archived && !r->merged_into) {
            hub_archive(b->ask->h, b->t, r, HUB_BY_APP);
            b->wrote = true;
        }
    }
    hub_reply(b->ask, 204, NULL);
}

static void act(struct batch *b, const char *verb)
{
    const json_t *inputs = json_object_get(b->ask->body, "inputs");
    if (!json_is_array(inputs))
        hub_error(b->ask->h, b->ask->a, 400, "VALIDATION_ERROR", "Invalid input JSON: inputs must be an array");
    else if (json_array_size(inputs) > BATCH_MOST)
        hub_error(b->ask->h, b->ask->a, 400, "VALIDATION_ERROR", "The maximum batch size is %d", BATCH_MOST);
    else if (str_eq(verb, "create"))
        create_batch(b);
    else if (str_eq(verb, "archive"))
        archive_batch(b);
    else if (str_eq(verb, "update") || str_eq(verb, "upsert"))
        write_batch(b, str_eq(verb, "upsert") ? UPSERT : UPDATE);
    else if (!str_eq(verb, "read"))
        hub_not_found(b->ask);
    else if (!read_refused(b->ask, b->t))
        read_batch(b);
}

void hub_batch(struct hub_ask *ask, struct hub_type *t, const char *verb)
{
    struct batch b = {.ask = ask, .t = t, .results = json_array(), .errors = json_array(), .lost = json_array()};
    AUTO_FREE char *route = mem_printf("/objects/%s/batch/%s", t->names[0], verb);
    act(&b, verb);
    hub_note(ask, b.wrote, route);
    json_decref(b.results);
    json_decref(b.errors);
    json_decref(b.lost);
}
