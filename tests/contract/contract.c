/* The suite. Every test has a world of its own: a sandbox with one service, a clock that moves only when somebody
 * sleeps, and one endpoint. */
#include "tests/contract/contract.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PEOPLE 250
#define PAGES_MAX 2000

struct world {
    const struct contract_case *c;
    struct sandbox *box;
    struct sandbox_service *service;
    struct env env;
    struct endpoint *ep;
    unsigned traces; /* every write has one of its own */
};
static struct world *of(struct env *env)
{
    return (struct world *)((char *)env - offsetof(struct world, env));
}

static int64_t world_now(struct env *env)
{
    return sandbox_now(of(env)->box);
}

static void world_sleep(struct env *env, int64_t ms)
{
    sandbox_advance(of(env)->box, ms);
}

static uint64_t world_random(struct env *env)
{
    return sandbox_random(of(env)->box);
}

/* One request to the service, past the endpoint. */
static json_t *serve(struct sandbox *box, struct sandbox_service *service, const char *method, const char *path,
                     const char *body)
{
    struct http_request request = {0};
    struct http_answer answer = {0};
    int64_t delay = 0;
    AUTO_FREE char *url = mem_printf("http://%s.sandbox%s", service->name, path);
    http_request_init(&request, method, url);
    http_headers_add(&request.headers, "Authorization", "Bearer sandbox-token");
    if (body)
        http_request_body(&request, mem_dup(body), strlen(body), "application/json");
    sandbox_serve(box, service, &request, &answer, &delay);
    json_t *out = answer.status >= 200 && answer.status < 300 && answer.body_n
                      ? js_parse(answer.body, answer.body_n, &(struct err){0})
                      : NULL;
    http_request_done(&request);
    http_answer_done(&answer);
    return out;
}

json_t *contract_ask(struct sandbox *box, struct sandbox_service *service, const char *path)
{
    return serve(box, service, "GET", path, NULL);
}

static struct endpoint *open_endpoint(struct world *w)
{
    struct opt_faults faults = {0};
    AUTO_FREE char *text = mem_printf("ep = { %s };", w->c->options);
    struct opt_file *file = opt_open_text("contract", text, &faults);
    struct endpoint *ep = NULL;
    if (file)
        ep = endpoint_new("ep", w->c->kind, opt_member(opt_root(file), "ep"), NULL, &w->env, &(struct vault){0},
                          &faults);
    for (size_t i = 0; i < faults.n; i++)
        print_error("%s\n", faults.lines[i]);
    opt_faults_done(&faults);
    opt_close(file);
    assert_non_null(ep);
    ep->patience = 120000;
    struct schema known = {0}; /* the engine describes before it does anything else */
    assert_true(ep->kind->describe(ep, w->c->object, &known, &(struct err){0}));
    schema_done(&known);
    return ep;
}

/* What a service must have before the bridge key can be written. */
static void set_up(struct world *w)
{
    AUTO(schema_done) struct schema wanted = {.object = mem_dup(w->c->object)};
    AUTO_JSON json_t *missing = NULL;
    struct err err = {0};
    if (!w->c->key_field || !(w->c->kind->caps & CAP_SETUP))
        return;
    schema_add(&wanted, w->c->key_field, "Bridge key", SCHEMA_TEXT)->unique = true;
    if (!w->c->kind->setup(w->ep, &wanted, true, &missing, &err))
        fail_msg("%s", err.text);
}

static int setup(void **state)
{
    static struct world w;
    w = (struct world){.c = *state, .env = {.now = world_now, .sleep = world_sleep, .random = world_random}};
    setenv("CONTRACT_TOKEN", "sandbox-token", 1);
    setenv("CONTRACT_HOOK_SECRET", CONTRACT_HOOK_SECRET, 1);
    w.box = sandbox_new(7);
    w.service = w.c->service(w.box, PEOPLE);
    if (w.c->manners)
        json_decref(serve(w.box, w.service, "POST", "/_sandbox/manners", w.c->manners));
    w.env.transport = sandbox_transport(w.box);
    w.ep = open_endpoint(&w);
    set_up(&w);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    endpoint_free(w->ep);
    w->env.transport->free(w->env.transport);
    sandbox_free(w->box);
    return 0;
}

/* ---- small verbs ---- */

/* What this account cannot do it has not promised. First in a test: nothing is cleaned up. */
static void needs(struct world *w, unsigned caps)
{
    if ((w->ep->caps & caps) != caps)
        skip();
}

static bool deed(struct world *w, enum contract_deed what, const char *id, const char *with)
{
    struct err err = {0};
    AUTO_JSON json_t *edit = w->c->deed(w->box, w->service, what, id, with);
    json_t *after = NULL;
    if (!edit)
        return false;
    if (!sandbox_edit(w->box, w->service, edit, &after, &err))
        fail_msg("%s: %s", w->c->name, err.text);
    json_decref(after);
    return true;
}

/* Ids of all records there are: {"id":true,…}; not those in the bin, merged away or still without an id. */
static json_t *everybody(struct world *w)
{
    AUTO_JSON json_t *state = sandbox_state(w->box, w->service);
    const json_t *list = json_object_get(state, w->c->state);
    json_t *ids = json_object();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *id = js_str(one, w->c->state_id);
        if (id && !js_bool_or(one, "archived", false) && !js_str(one, "mergedInto"))
            js_set(ids, id, json_true());
    }
    assert_true(json_object_size(ids) > 0);
    return ids;
}

/* The n-th id; borrowed from ids. */
static const char *nth(json_t *ids, size_t n)
{
    void *at = json_object_iter(ids);
    for (n %= json_object_size(ids); n; n--)
        at = json_object_iter_next(ids, at);
    return json_object_iter_key(at);
}

static int64_t calls_made(struct world *w, const char *which)
{
    AUTO_JSON json_t *calls = sandbox_calls_json(w->box, w->service);
    return js_int_or(calls, which, -1);
}

/* One page; *cursor moves on. Passing faults are waited out. */
static bool next_page(struct world *w, const char *const *fields, char **cursor, struct page *page)
{
    struct err err = {0};
    for (int tries = 0; tries < 20; tries++) {
        if (w->c->kind->changes(w->ep, w->c->object, fields, *cursor, page, &err)) {
            if (!page->next && !page->gap)
                return page->more;
            free(*cursor);
            *cursor = page->gap ? NULL : mem_dup(page->next); /* what was lost is enumerated */
            return page->more || page->gap;
        }
        if (err.kind != ERR_TEMP && err.kind != ERR_RATE)
            break;
        sandbox_advance(w->box, 61000);
    }
    fail_msg("%s: %s: %s", w->c->name, err_name(err.kind), err.text);
    return false;
}

static void note_ids(const struct page *page, json_t *seen)
{
    for (size_t i = 0; i < page->n; i++) {
        assert_non_null(page->items[i].id);
        js_set(seen, page->items[i].id, json_true());
    }
}

/* Reads until nothing more is ready, noting whom pages told of. */
static void drain(struct world *w, char **cursor, json_t *seen)
{
    const char *const fields[] = {w->c->text, NULL};
    bool more = true;
    for (int pages = 0; more; pages++) {
        AUTO(page_done) struct page page = {0};
        assert_true(pages < PAGES_MAX);
        more = next_page(w, fields, cursor, &page);
        note_ids(&page, seen);
    }
}

/* Follows the feed long enough that everything done so far must have been told. */
static void follow(struct world *w, char **cursor, json_t *seen)
{
    drain(w, cursor, seen);
    sandbox_advance(w->box, w->c->feed_lag_ms);
    drain(w, cursor, seen);
}

static void assert_told(json_t *everyone, const json_t *seen)
{
    const char *id;
    json_t *value;
    json_object_foreach (everyone, id, value)
        if (!json_object_get(seen, id))
            fail_msg("%s was never told", id);
}

static struct record fetch_one(struct world *w, const char *id)
{
    struct record r = {0};
    struct err err = {0};
    if (!w->c->kind->fetch(w->ep, w->c->object, &id, 1, NULL, FETCH_FRESH, &r, &err))
        fail_msg("%s", err.text);
    return r;
}

static struct result put_text(struct world *w, const char *id, const char *text)
{
    AUTO_JSON json_t *set = json_object();
    struct result out = {0};
    struct err err = {0};
    js_set(set, w->c->text, js_text(text));
    AUTO_FREE char *trace = mem_printf("t%u", ++w->traces);
    const struct patch patch = {.object = w->c->object, .id = id, .trace = trace, .set = set};
    if (!w->c->kind->put(w->ep, &patch, 1, &out, &err))
        fail_msg("%s", err.text);
    return out;
}

/* ---- enumeration and feed ---- */

static void an_enumeration_names_everybody(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *everyone = everybody(w);
    drain(w, &cursor, seen);
    assert_told(everyone, seen);
    assert_non_null(cursor);
}

static void an_enumeration_costs_little(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *everyone = everybody(w);
    sandbox_calls_clear(w->box);
    drain(w, &cursor, seen);
    assert_true(calls_made(w, "total") <= (int64_t)(4 * json_object_size(everyone) / w->c->page + 20));
    assert_int_equal(calls_made(w, "writes"), 0);
}

/* Between any two pages people edit, move to other places of the lists, and arrive. */
static void pages_never_skip_under_live_edits(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FEED);
    const char *const fields[] = {w->c->text, NULL};
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *before = everybody(w);
    bool more = true;
    for (size_t pages = 0; more; pages++) {
        AUTO(page_done) struct page page = {0};
        assert_true(pages < PAGES_MAX);
        more = next_page(w, fields, &cursor, &page);
        note_ids(&page, seen);
        sandbox_advance(w->box, 1000);
        for (size_t i = 0; pages < 60 && i < 5; i++)
            deed(w, i % 2 ? DEED_TOUCH : DEED_TEXT, nth(before, pages * 37 + i * 11), "edited");
        if (pages < 20)
            deed(w, DEED_ADD, NULL, NULL);
    }
    AUTO_JSON json_t *everyone = everybody(w);
    follow(w, &cursor, seen);
    assert_told(everyone, seen);
}

static void the_feed_tells_what_changed(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *walk = json_object(), *told = json_object(), *everyone = everybody(w), *changed = json_object();
    follow(w, &cursor, walk);
    for (size_t i = 0; i < 30; i++) {
        const char *id = nth(everyone, i * 7);
        js_set(changed, id, json_true());
        deed(w, DEED_TEXT, id, "changed by a person");
        sandbox_advance(w->box, 200);
    }
    follow(w, &cursor, told);
    assert_told(changed, told);
}

static void a_quiet_feed_stays_quiet(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *everyone = everybody(w);
    follow(w, &cursor, seen);
    deed(w, DEED_TEXT, nth(everyone, 1), "the last word");
    follow(w, &cursor, seen);
    for (int i = 0; i < 5; i++) {
        AUTO(page_done) struct page page = {0};
        sandbox_advance(w->box, 60000);
        next_page(w, NULL, &cursor, &page);
        assert_false(page.gap);
        assert_false(page.more);
    }
}

static void a_page_may_be_asked_for_twice(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FEED);
    AUTO_FREE char *cursor = NULL, *again = NULL;
    AUTO_JSON json_t *walk = json_object(), *one = json_object(), *two = json_object(), *everyone = everybody(w);
    follow(w, &cursor, walk);
    deed(w, DEED_TEXT, nth(everyone, 3), "told twice");
    sandbox_advance(w->box, w->c->feed_lag_ms);
    again = mem_dup(cursor);
    drain(w, &cursor, one);
    drain(w, &again, two);
    assert_told(one, two);
    assert_non_null(json_object_get(two, nth(everyone, 3)));
}

static void a_fault_in_the_middle_skips_nobody(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *everyone = everybody(w);
    const char *const fields[] = {w->c->text, NULL};
    bool more = true;
    for (int pages = 0; more; pages++) {
        AUTO(page_done) struct page page = {0};
        if (pages % 2)
            sandbox_fault(w->box, "{\"do\":\"status\",\"status\":503,\"times\":1}");
        assert_true(pages < PAGES_MAX);
        more = next_page(w, fields, &cursor, &page);
        note_ids(&page, seen);
    }
    assert_told(everyone, seen);
}

static void a_cursor_of_nonsense_skips_nobody(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FEED);
    AUTO_FREE char *cursor = mem_dup("{\"nonsense\":[1,2");
    AUTO_JSON json_t *seen = json_object(), *everyone = everybody(w);
    struct err err = {0};
    AUTO(page_done) struct page page = {0};
    if (!w->c->kind->changes(w->ep, w->c->object, NULL, cursor, &page, &err))
        return; /* refusing it is as good */
    drain(w, &cursor, seen);
    assert_told(everyone, seen);
}

/* ---- reading ---- */

static void the_organisation_stays_the_same(void **state)
{
    struct world *w = *state;
    AUTO(organisation_done) struct organisation one = {0}, two = {0};
    struct err err = {0};
    assert_true(w->c->kind->probe(w->ep, &one, &err));
    assert_true(w->c->kind->probe(w->ep, &two, &err));
    assert_non_null(one.id);
    assert_string_equal(one.id, two.id);
}

static void the_description_has_what_can_be_written(void **state)
{
    struct world *w = *state;
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    assert_true(w->c->kind->describe(w->ep, w->c->object, &schema, &err));
    const struct schema_field *text = schema_find(&schema, w->c->text);
    if (schema.open && !text)
        return; /* takes whatever it is given */
    assert_non_null(text);
    assert_false(text->read_only);
    assert_int_equal(text->type, SCHEMA_TEXT);
    if (w->c->set) {
        assert_non_null(schema_find(&schema, w->c->set));
        assert_true(schema_find(&schema, w->c->set)->n_options > 0);
    }
    for (size_t i = 0; i < schema.n; i++)
        assert_non_null(schema.fields[i].name);
}

static void reads_answer_in_the_order_asked(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FETCH);
    enum { N = 120 };
    AUTO_JSON json_t *everyone = everybody(w);
    const char *ids[N], *const fields[] = {w->c->text, NULL};
    static struct record out[N];
    struct err err = {0};
    memset(out, 0, sizeof out);
    for (size_t i = 0; i < N; i++)
        ids[i] = nth(everyone, i * 2);
    assert_true(w->c->kind->fetch(w->ep, w->c->object, ids, N, fields, 0, out, &err));
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(out[i].err.kind, ERR_NONE);
        assert_int_equal(out[i].state, RECORD_LIVE);
        assert_string_equal(out[i].id, ids[i]);
        assert_true(json_object_size(out[i].fields) <= 1);
        record_done(&out[i]);
    }
}

static void an_unknown_id_is_gone_and_the_others_are_there(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FETCH);
    AUTO_JSON json_t *everyone = everybody(w);
    const char *const ids[] = {nth(everyone, 0), "999999999999", nth(everyone, 1)};
    struct record out[3] = {0};
    struct err err = {0};
    assert_true(w->c->kind->fetch(w->ep, w->c->object, ids, 3, NULL, 0, out, &err));
    assert_int_equal(out[0].state, RECORD_LIVE);
    assert_int_equal(out[1].state, RECORD_GONE);
    assert_string_equal(out[1].id, ids[1]);
    assert_int_equal(out[2].state, RECORD_LIVE);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(out[i].err.kind, ERR_NONE);
        record_done(&out[i]);
    }
}

static void a_read_sees_a_persons_edit_at_once(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FETCH);
    AUTO_JSON json_t *everyone = everybody(w);
    const char *id = nth(everyone, 5);
    deed(w, DEED_TEXT, id, "seen at once");
    AUTO(record_done) struct record r = fetch_one(w, id);
    assert_string_equal(js_str(r.fields, w->c->text), "seen at once");
    assert_true(r.as_of > 0);
}

static void what_was_removed_is_gone_or_in_the_bin(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FETCH);
    AUTO_JSON json_t *everyone = everybody(w);
    const char *id = nth(everyone, 5);
    if (!deed(w, DEED_REMOVE, id, NULL))
        return; /* not skip(): it would jump over what is to be freed */
    AUTO(record_done) struct record r = fetch_one(w, id);
    assert_true(r.state == RECORD_GONE || r.state == RECORD_ARCHIVED);
    AUTO(result_done) struct result put = put_text(w, id, "x");
    assert_int_equal(put.err.kind, ERR_GONE);
}

static void what_was_merged_says_into_whom(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FETCH);
    AUTO_JSON json_t *everyone = everybody(w);
    const char *loser = nth(everyone, 5), *winner = nth(everyone, 6);
    if (!deed(w, DEED_MERGE, loser, winner))
        return;
    AUTO(record_done) struct record r = fetch_one(w, loser);
    assert_int_equal(r.state, RECORD_MERGED);
    assert_non_null(r.moved_to);
}

static void finding_by_a_unique_field_is_a_strong_read(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FIND);
    if (!w->c->unique)
        skip();
    AUTO_JSON json_t *everyone = everybody(w);
    AUTO(record_done) struct record known = fetch_one(w, nth(everyone, 9));
    const char *const values[] = {js_str(known.fields, w->c->unique), "987654321000"};
    struct found out[2] = {0};
    struct err err = {0};
    assert_non_null(values[0]);
    assert_true(w->c->kind->find(w->ep, w->c->object, w->c->unique, values, 2, NULL, out, &err));
    assert_int_equal(out[0].n, 1);
    assert_string_equal(out[0].items[0].id, known.id);
    assert_int_equal(out[1].n, 0);
    assert_int_equal(out[1].err.kind, ERR_NONE);
    found_done(&out[0]);
    found_done(&out[1]);
}

/* ---- writing ---- */

static void an_empty_patch_makes_no_call(void **state)
{
    struct world *w = *state;
    AUTO_JSON json_t *everyone = everybody(w), *set = json_object();
    const struct patch patch = {.object = w->c->object, .id = nth(everyone, 2), .trace = "t", .set = set};
    AUTO(result_done) struct result out = {0};
    struct err err = {0};
    sandbox_calls_clear(w->box);
    assert_true(w->c->kind->put(w->ep, &patch, 1, &out, &err));
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_false(out.created);
    assert_int_equal(calls_made(w, "total"), 0);
}

static void a_write_is_read_back(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FETCH);
    AUTO_JSON json_t *everyone = everybody(w);
    const char *id = nth(everyone, 2);
    AUTO(result_done) struct result out = put_text(w, id, "written by the bridge");
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_string_equal(out.record.id, id);
    AUTO(record_done) struct record r = fetch_one(w, id);
    assert_true(js_equal(json_object_get(out.record.fields, w->c->text), json_object_get(r.fields, w->c->text)));
}

static void a_text_can_be_cleared(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FETCH);
    AUTO_JSON json_t *everyone = everybody(w);
    const char *id = nth(everyone, 2);
    AUTO(result_done) struct result full = put_text(w, id, "x"), empty = put_text(w, id, NULL);
    assert_int_equal(empty.err.kind, ERR_NONE);
    AUTO(record_done) struct record r = fetch_one(w, id);
    assert_true(str_blank(js_str(r.fields, w->c->text)));
}

static void faults_of_one_item_stay_with_it(void **state)
{
    struct world *w = *state;
    AUTO_JSON json_t *everyone = everybody(w), *set = json_object();
    js_set(set, w->c->text, js_text("both"));
    const struct patch patches[] = {{.object = w->c->object, .id = nth(everyone, 2), .trace = "a", .set = set},
                                    {.object = w->c->object, .id = "999999999999", .trace = "b", .set = set},
                                    {.object = w->c->object, .id = nth(everyone, 4), .trace = "c", .set = set}};
    struct result out[3] = {0};
    struct err err = {0};
    assert_true(w->c->kind->put(w->ep, patches, 3, out, &err));
    assert_int_equal(out[0].err.kind, ERR_NONE);
    assert_int_equal(out[1].err.kind, ERR_GONE);
    assert_int_equal(out[2].err.kind, ERR_NONE);
    for (size_t i = 0; i < 3; i++)
        result_done(&out[i]);
}

static void a_set_keeps_what_others_added(void **state)
{
    struct world *w = *state;
    needs(w, CAP_FETCH);
    if (!w->c->set)
        skip();
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    AUTO_JSON json_t *everyone = everybody(w), *set = json_object(), *seen = json_object();
    assert_true(w->c->kind->describe(w->ep, w->c->object, &schema, &err));
    const char *option = schema_find(&schema, w->c->set)->options[0].id, *id = nth(everyone, 2);
    AUTO(record_done) struct record before = fetch_one(w, id);
    js_set(set, w->c->set, json_pack("[s]", option));
    js_set(seen, w->c->set, json_array());
    const struct patch patch = {.object = w->c->object, .id = id, .trace = "t", .set = set, .seen = seen};
    AUTO(result_done) struct result out = {0};
    assert_true(w->c->kind->put(w->ep, &patch, 1, &out, &err));
    assert_int_equal(out.err.kind, ERR_NONE);
    const json_t *now = json_object_get(out.record.fields, w->c->set);
    assert_true(json_array_size(now) >= 1);
    if (w->c->kind->caps & CAP_CREATE)
        return; /* services that take whole sets replace them */
    assert_true(json_array_size(now) >= json_array_size(json_object_get(before.fields, w->c->set)));
}

static void a_lost_answer_leaves_it_open(void **state)
{
    struct world *w = *state;
    AUTO_JSON json_t *everyone = everybody(w);
    sandbox_fault(w->box, "{\"do\":\"reset_after\",\"times\":1}");
    AUTO(result_done) struct result out = put_text(w, nth(everyone, 2), "perhaps");
    assert_int_equal(out.err.kind, ERR_UNSURE);
    sandbox_faults_clear(w->box);
}

static void an_answer_that_cannot_be_read_leaves_it_open(void **state)
{
    struct world *w = *state;
    AUTO_JSON json_t *everyone = everybody(w);
    static const char *const faults[] = {"{\"do\":\"empty\",\"times\":1}", "{\"do\":\"truncate\",\"times\":1}"};
    for (size_t i = 0; i < COUNT(faults); i++) {
        sandbox_fault(w->box, faults[i]);
        AUTO(result_done) struct result out = put_text(w, nth(everyone, 2 + i), "perhaps");
        assert_int_equal(out.err.kind, ERR_UNSURE);
        sandbox_faults_clear(w->box);
    }
}

/* In doubt a write is put again; what people did since is not undone. */
static void a_write_put_again_is_done_once(void **state)
{
    struct world *w = *state;
    needs(w, CAP_REPEAT);
    AUTO_JSON json_t *everyone = everybody(w);
    const char *id = nth(everyone, 2);
    sandbox_fault(w->box, "{\"do\":\"reset_after\",\"times\":1}");
    AUTO(result_done) struct result lost = put_text(w, id, "of the bridge");
    assert_int_equal(lost.err.kind, ERR_UNSURE);
    deed(w, DEED_TEXT, id, "of a person");
    sandbox_calls_clear(w->box);
    w->traces--; /* the same again */
    AUTO(result_done) struct result again = put_text(w, id, "of the bridge");
    assert_int_equal(again.err.kind, ERR_NONE);
    assert_int_equal(calls_made(w, "writes"), 0);
    if (!(w->ep->caps & CAP_FETCH))
        return;
    AUTO(record_done) struct record r = fetch_one(w, id);
    assert_string_equal(js_str(r.fields, w->c->text), "of a person");
}

static struct result create(struct world *w, const char *key)
{
    AUTO_JSON json_t *set = json_object();
    struct result out = {0};
    struct err err = {0};
    js_set(set, w->c->text, js_text("made by the bridge"));
    if (w->c->key_field)
        js_set(set, w->c->key_field, js_text(key));
    AUTO_FREE char *trace = mem_printf("c%u", ++w->traces);
    const struct patch patch = {
        .object = w->c->object, .key_field = w->c->key_field, .key = key, .trace = trace, .set = set};
    if (!w->c->kind->put(w->ep, &patch, 1, &out, &err))
        fail_msg("%s", err.text);
    return out;
}

static void two_creates_with_one_key_are_one_record(void **state)
{
    struct world *w = *state;
    AUTO_JSON json_t *before = everybody(w);
    if (!(w->c->kind->caps & CAP_CREATE)) {
        AUTO(result_done) struct result none = create(w, "x:1");
        assert_int_equal(none.err.kind, ERR_CONFIG);
        return;
    }
    AUTO(result_done) struct result one = create(w, "x:424242"), two = create(w, "x:424242");
    assert_int_equal(one.err.kind, ERR_NONE);
    assert_int_equal(two.err.kind, ERR_NONE);
    assert_string_equal(one.record.id, two.record.id);
    AUTO_JSON json_t *after = everybody(w);
    assert_int_equal(json_object_size(after), json_object_size(before) + 1);
}

/* ---- many creates as one job ---- */

#define LOADED 6

/* Takes them in two steps and hands them over; the ticket. */
static bool load_six(struct world *w, char **ticket, struct err *err)
{
    const char *const fields[] = {w->c->text, NULL};
    struct load l __attribute__((cleanup(load_done))) = {.object = w->c->object, .key_field = w->c->key_field, .fields = fields};
    struct patch patches[LOADED];
    struct result out[LOADED] = {0};
    static char keys[LOADED][16];
    for (size_t i = 0; i < LOADED; i++) {
        snprintf(keys[i], sizeof keys[i], "x:77%zu", i);
        patches[i] = (struct patch){.object = w->c->object, .key_field = w->c->key_field, .key = keys[i], .trace = keys[i],
                                    .set = json_pack("{s:s}", w->c->text, i ? "plain" : "\"quoted\", and\ntwo lines")};
    }
    bool ok = w->c->kind->load(w->ep, patches, 2, &l, out, err) && w->c->kind->load(w->ep, patches + 2, LOADED - 2, &l, out + 2, err);
    for (size_t i = 0; i < LOADED; i++) {
        assert_int_equal(out[i].err.kind, ERR_NONE);
        json_decref(patches[i].set);
    }
    assert_true(ok);
    assert_int_equal(l.n, LOADED);
    assert_null(l.ticket);
    ok = w->c->kind->load(w->ep, NULL, 0, &l, NULL, err);
    if (ok)
        *ticket = mem_dup(l.ticket);
    return ok;
}

/* Everything the job says, by key ("" = refused); waits for its end. */
static json_t *collect_all(struct world *w, const char *ticket)
{
    json_t *ids = json_object();
    for (int tries = 0; tries < 100; tries++) {
        struct harvest h __attribute__((cleanup(harvest_done))) = {0};
        do {
            struct err err = {0};
            if (!w->c->kind->collect(w->ep, ticket, &h, &err))
                fail_msg("%s", err.text);
            for (size_t i = 0; i < h.n; i++)
                js_set(ids, h.items[i].record.key, json_string(h.items[i].err.kind ? "" : h.items[i].record.id));
        } while (h.more);
        if (!h.running) {
            assert_int_not_equal(h.rest.kind, ERR_NONE);
            return ids;
        }
        sandbox_advance(w->box, 1000);
    }
    fail_msg("the job does not come to an end");
    return ids;
}

static void many_creates_go_as_one_job_that_begins_when_it_is_asked_about(void **state)
{
    struct world *w = *state;
    needs(w, CAP_BULK);
    struct err err = {0};
    AUTO_FREE char *ticket = NULL;
    AUTO_JSON json_t *before = everybody(w);
    sandbox_fault(w->box, "{\"do\":\"reset_after\",\"times\":1}");
    assert_false(load_six(w, &ticket, &err)); /* what was lost is simply made again */
    assert_int_equal(err.kind, ERR_TEMP);
    sandbox_faults_clear(w->box);
    assert_true(load_six(w, &ticket, &err));
    sandbox_advance(w->box, 3600000);
    AUTO_JSON json_t *meanwhile = everybody(w);
    assert_int_equal(json_object_size(meanwhile), json_object_size(before));
    AUTO_JSON json_t *ids = collect_all(w, ticket), *again = collect_all(w, ticket);
    assert_int_equal(json_object_size(ids), LOADED);
    assert_true(json_equal(ids, again));
    AUTO_JSON json_t *after = everybody(w);
    const char *key;
    json_t *id;
    size_t made = 0;
    json_object_foreach (ids, key, id)
        made += *json_string_value(id) != '\0';
    assert_true(made > 0); /* where a rule watches, those alike are refused */
    assert_int_equal(json_object_size(after), json_object_size(before) + made);
    if (!*js_str_or(ids, "x:770", ""))
        return;
    AUTO(record_done) struct record first = fetch_one(w, js_str(ids, "x:770"));
    assert_string_equal(js_str(first.fields, w->c->text), "\"quoted\", and\ntwo lines");
}

/* One piece of a survey; the ids it tells are added. */
static bool told_some(struct world *w, struct survey *s, json_t *ids)
{
    struct err err = {0};
    if (!w->c->kind->survey(w->ep, s, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < s->n; i++) {
        assert_int_equal(s->items[i].err.kind, ERR_NONE);
        assert_true(s->items[i].as_of > 0);
        assert_string_equal(json_object_get(ids, s->items[i].id) ? "told twice" : "", "");
        js_set(ids, s->items[i].id, json_incref(s->items[i].fields ? s->items[i].fields : json_null()));
    }
    return s->more;
}

/* All it tells; every call but those for the next piece goes by the ticket alone, as after a cut. */
static json_t *surveyed(struct world *w)
{
    const char *const fields[] = {w->c->text, w->c->key_field, NULL};
    AUTO_FREE char *at = NULL;
    json_t *ids = json_object();
    for (int tries = 0; tries < 100; tries++) {
        struct survey s __attribute__((cleanup(survey_done))) = {.object = w->c->object, .key_field = w->c->key_field, .fields = fields, .ticket = mem_dup(at)};
        while (told_some(w, &s, ids))
            ;
        free(at);
        at = mem_dup(s.ticket);
        if (s.over)
            return ids;
        sandbox_advance(w->box, 1000);
    }
    fail_msg("the job does not come to an end");
    return ids;
}

static void a_survey_tells_every_record_with_a_key_once(void **state)
{
    struct world *w = *state;
    needs(w, CAP_SURVEY);
    AUTO(result_done) struct result made = create(w, "x:881");
    assert_non_null(made.record.id);
    AUTO_JSON json_t *ids = surveyed(w);
    AUTO(record_done) struct record same = fetch_one(w, made.record.id);
    assert_true(js_equal(json_object_get(json_object_get(ids, made.record.id), w->c->text), json_object_get(same.fields, w->c->text)));
    const char *id;
    json_t *fields;
    json_object_foreach (ids, id, fields)
        assert_non_null(js_str(fields, w->c->key_field));
}

static void a_survey_called_off_is_forgotten(void **state)
{
    struct world *w = *state;
    needs(w, CAP_SURVEY);
    const char *const fields[] = {w->c->text, NULL};
    struct survey s __attribute__((cleanup(survey_done))) = {.object = w->c->object, .key_field = w->c->key_field, .fields = fields};
    struct err err = {0};
    assert_true(w->c->kind->survey(w->ep, &s, &err));
    assert_non_null(s.ticket);
    s.drop = true;
    assert_true(w->c->kind->survey(w->ep, &s, &err));
    s.drop = false;
    s.over = s.running = false;
    assert_false(w->c->kind->survey(w->ep, &s, &err));
    assert_int_equal(err.kind, ERR_GONE);
}

static void a_ticket_nobody_knows_is_gone(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    struct harvest h __attribute__((cleanup(harvest_done))) = {0};
    assert_false(w->c->kind->collect(w->ep, "7505e0000000042AAA no_such_key", &h, &err));
    assert_int_equal(err.kind, w->c->kind->caps & CAP_BULK ? ERR_GONE : ERR_CONFIG);
}

/* ---- deliveries ---- */

/* The deliveries that follow an edit of `id`. */
static json_t *delivered(struct world *w, const char *id)
{
    assert_non_null(w->c->deliveries);
    deed(w, DEED_TEXT, id, "told by a delivery");
    json_t *list = w->c->deliveries(w->box, w->service, id);
    assert_true(json_array_size(list) > 0);
    return list;
}

static bool hook(struct world *w, const json_t *headers, const char *body, struct page *out, struct err *err)
{
    return w->c->kind->hook(w->ep, "POST", "/hooks/ep", headers, body, strlen(body), sandbox_now(w->box), out, err);
}

static void a_delivery_names_who_was_edited(void **state)
{
    struct world *w = *state;
    needs(w, CAP_HOOK);
    AUTO_JSON json_t *everyone = everybody(w), *told = json_object(), *list = delivered(w, nth(everyone, 3));
    sandbox_calls_clear(w->box);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        AUTO(page_done) struct page page = {0};
        struct err err = {0};
        if (!hook(w, json_object_get(one, "headers"), js_str(one, "body"), &page, &err))
            fail_msg("%s", err.text);
        assert_false(page.gap);
        assert_null(page.next);
        for (size_t k = 0; k < page.n; k++)
            assert_non_null(page.items[k].object);
        note_ids(&page, told);
    }
    assert_non_null(json_object_get(told, nth(everyone, 3)));
    assert_int_equal(calls_made(w, "total"), 0);
}

static void assert_refused(struct world *w, const json_t *headers, const char *body)
{
    struct page page = {0};
    struct err err = {0};
    assert_false(hook(w, headers, body, &page, &err));
    assert_int_equal(err.kind, ERR_AUTH);
    assert_null(page.items);
}

static void a_delivery_that_was_altered_is_refused(void **state)
{
    struct world *w = *state;
    needs(w, CAP_HOOK);
    AUTO_JSON json_t *everyone = everybody(w), *list = delivered(w, nth(everyone, 3)), *nothing = json_object();
    const json_t *one = json_array_get(list, json_array_size(list) - 1), *headers = json_object_get(one, "headers");
    AUTO_FREE char *body = mem_printf("%s ", js_str(one, "body"));
    assert_refused(w, headers, body);
    body[strlen(body) - 1] = '\0';
    body[strlen(body) / 2] ^= 1;
    assert_refused(w, headers, body);
    assert_refused(w, nothing, js_str(one, "body"));
    assert_refused(w, NULL, js_str(one, "body"));
    assert_refused(w, headers, "");
}

static void a_delivery_of_yesterday_is_refused(void **state)
{
    struct world *w = *state;
    needs(w, CAP_HOOK);
    AUTO_JSON json_t *everyone = everybody(w), *list = delivered(w, nth(everyone, 3));
    const json_t *one = json_array_get(list, json_array_size(list) - 1);
    sandbox_advance(w->box, INT64_C(24) * 3600 * 1000);
    assert_refused(w, json_object_get(one, "headers"), js_str(one, "body"));
}

/* ---- refusals ---- */

static void what_it_cannot_do_is_a_fault_of_the_configuration(void **state)
{
    struct world *w = *state;
    struct err err = {0};
    json_t *missing = NULL;
    struct schema wanted = {0};
    struct page page = {0};
    if (!(w->c->kind->caps & CAP_SETUP)) {
        assert_false(w->c->kind->setup(w->ep, &wanted, false, &missing, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
    }
    if (!(w->c->kind->caps & CAP_HOOK)) {
        assert_false(w->c->kind->hook(w->ep, "POST", "/", NULL, "", 0, 0, &page, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
    }
}

static void a_refused_token_is_told_as_such(void **state)
{
    struct world *w = *state;
    struct organisation out = {0};
    struct err err = {0};
    sandbox_fault(w->box, "{\"do\":\"status\",\"status\":401,\"times\":9}");
    assert_false(w->c->kind->probe(w->ep, &out, &err));
    assert_int_equal(err.kind, ERR_AUTH);
    sandbox_faults_clear(w->box);
}

static void a_quota_used_up_says_when_to_come_back(void **state)
{
    struct world *w = *state;
    struct organisation out = {0};
    struct err err = {0};
    sandbox_fault(w->box, "{\"do\":\"status\",\"status\":429,\"times\":9,\"retry_after\":30}");
    assert_false(w->c->kind->probe(w->ep, &out, &err));
    assert_int_equal(err.kind, ERR_RATE);
    assert_true(err.retry_at > sandbox_now(w->box));
    sandbox_faults_clear(w->box);
}

int contract_run(const struct contract_case *c)
{
#define PROMISE(f)                                                                                                     \
    {                                                                                                                  \
#f, f, setup, teardown, (void *)c                                                                              \
    }
    const struct CMUnitTest promises[] = {
        PROMISE(an_enumeration_names_everybody),
        PROMISE(an_enumeration_costs_little),
        PROMISE(pages_never_skip_under_live_edits),
        PROMISE(the_feed_tells_what_changed),
        PROMISE(a_quiet_feed_stays_quiet),
        PROMISE(a_page_may_be_asked_for_twice),
        PROMISE(a_fault_in_the_middle_skips_nobody),
        PROMISE(a_cursor_of_nonsense_skips_nobody),
        PROMISE(the_organisation_stays_the_same),
        PROMISE(the_description_has_what_can_be_written),
        PROMISE(reads_answer_in_the_order_asked),
        PROMISE(an_unknown_id_is_gone_and_the_others_are_there),
        PROMISE(a_read_sees_a_persons_edit_at_once),
        PROMISE(what_was_removed_is_gone_or_in_the_bin),
        PROMISE(what_was_merged_says_into_whom),
        PROMISE(finding_by_a_unique_field_is_a_strong_read),
        PROMISE(an_empty_patch_makes_no_call),
        PROMISE(a_write_is_read_back),
        PROMISE(a_text_can_be_cleared),
        PROMISE(faults_of_one_item_stay_with_it),
        PROMISE(a_set_keeps_what_others_added),
        PROMISE(a_lost_answer_leaves_it_open),
        PROMISE(an_answer_that_cannot_be_read_leaves_it_open),
        PROMISE(a_write_put_again_is_done_once),
        PROMISE(two_creates_with_one_key_are_one_record),
        PROMISE(many_creates_go_as_one_job_that_begins_when_it_is_asked_about),
        PROMISE(a_survey_tells_every_record_with_a_key_once),
        PROMISE(a_survey_called_off_is_forgotten),
        PROMISE(a_ticket_nobody_knows_is_gone),
        PROMISE(a_delivery_names_who_was_edited),
        PROMISE(a_delivery_that_was_altered_is_refused),
        PROMISE(a_delivery_of_yesterday_is_refused),
        PROMISE(what_it_cannot_do_is_a_fault_of_the_configuration),
        PROMISE(a_refused_token_is_told_as_such),
        PROMISE(a_quota_used_up_says_when_to_come_back),
    };
    return cmocka_run_group_tests_name(c->name, promises, NULL, NULL);
}
