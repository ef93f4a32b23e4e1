/* Setting a trial up and taking it down, and the verbs of the promises. */
#include "tests/contract/trial.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PEOPLE 250

static struct trial *of(struct env *env)
{
    return (struct trial *)(void *)((char *)env - offsetof(struct trial, env));
}

static int64_t trial_now(struct env *env)
{
    return sandbox_now(of(env)->box);
}

static void trial_sleep(struct env *env, int64_t ms)
{
    sandbox_advance(of(env)->box, ms);
}

static uint64_t trial_random(struct env *env)
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

static struct endpoint *open_endpoint(struct trial *t)
{
    struct opt_faults faults = {0};
    AUTO_FREE char *text = mem_printf("ep = { %s };", t->c->options);
    struct opt_file *file = opt_open_text("contract", text, &faults);
    struct endpoint *ep = NULL;
    if (file)
        ep = endpoint_new("ep", t->c->kind, opt_member(opt_root(file), "ep"), NULL, &t->env, &(struct vault){0},
                          &faults);
    for (size_t i = 0; i < faults.n; i++)
        print_error("%s\n", faults.lines[i]);
    opt_faults_done(&faults);
    opt_close(file);
    assert_non_null(ep);
    ep->patience = 120000;
    struct schema known = {0}; /* the engine describes before it does anything else */
    assert_true(ep->kind->describe(ep, t->c->object, &known, &(struct err){0}));
    schema_done(&known);
    return ep;
}

/* What a service must have before the bridge key can be written. */
static void set_up(struct trial *t)
{
    AUTO(schema_done) struct schema wanted = {.object = mem_dup(t->c->object)};
    AUTO_JSON json_t *missing = NULL;
    struct err err = {0};
    if (!t->c->key_field || !(t->c->kind->caps & CAP_SETUP))
        return;
    schema_add(&wanted, t->c->key_field, "Bridge key", SCHEMA_TEXT)->unique = true;
    if (!t->c->kind->setup(t->ep, &wanted, true, &missing, &err))
        fail_msg("%s", err.text);
}

int trial_setup(void **state)
{
    static struct trial t;
    t = (struct trial){.c = *state, .env = {.now = trial_now, .sleep = trial_sleep, .random = trial_random}};
    setenv("CONTRACT_TOKEN", "sandbox-token", 1);
    setenv("CONTRACT_HOOK_SECRET", CONTRACT_HOOK_SECRET, 1);
    t.box = sandbox_new(7);
    t.service = t.c->service(t.box, PEOPLE);
    if (t.c->manners)
        json_decref(serve(t.box, t.service, "POST", "/_sandbox/manners", t.c->manners));
    t.env.transport = sandbox_transport(t.box);
    t.ep = open_endpoint(&t);
    set_up(&t);
    *state = &t;
    return 0;
}

int trial_teardown(void **state)
{
    struct trial *t = *state;
    endpoint_free(t->ep);
    t->env.transport->free(t->env.transport);
    sandbox_free(t->box);
    return 0;
}

void trial_needs(struct trial *t, unsigned caps)
{
    if ((t->ep->caps & caps) != caps)
        skip();
}

bool trial_deed(struct trial *t, enum contract_deed what, const char *id, const char *with)
{
    struct err err = {0};
    AUTO_JSON json_t *edit = t->c->deed(t->box, t->service, what, id, with);
    json_t *after = NULL;
    if (!edit)
        return false;
    if (!sandbox_edit(t->box, t->service, edit, &after, &err))
        fail_msg("%s: %s", t->c->name, err.text);
    json_decref(after);
    return true;
}

json_t *trial_everybody(struct trial *t)
{
    AUTO_JSON json_t *state = sandbox_state(t->box, t->service);
    const json_t *list = json_object_get(state, t->c->state);
    json_t *ids = json_object();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *id = js_str(one, t->c->state_id);
        if (id && !js_bool_or(one, "archived", false) && !js_str(one, "mergedInto"))
            js_set(ids, id, json_true());
    }
    assert_true(json_object_size(ids) > 0);
    return ids;
}

const char *trial_nth(json_t *ids, size_t n)
{
    void *at = json_object_iter(ids);
    for (n %= json_object_size(ids); n; n--)
        at = json_object_iter_next(ids, at);
    return json_object_iter_key(at);
}

int64_t trial_calls(struct trial *t, const char *which)
{
    AUTO_JSON json_t *calls = sandbox_calls_json(t->box, t->service);
    return js_int_or(calls, which, -1);
}

bool trial_page(struct trial *t, const char *const *fields, char **cursor, struct page *page)
{
    struct err err = {0};
    for (int tries = 0; tries < 20; tries++) {
        if (t->c->kind->changes(t->ep, t->c->object, fields, *cursor, page, &err)) {
            if (!page->next && !page->gap)
                return page->more;
            free(*cursor);
            *cursor = page->gap ? NULL : mem_dup(page->next); /* what was lost is enumerated */
            return page->more || page->gap;
        }
        if (err.kind != ERR_TEMP && err.kind != ERR_RATE)
            break;
        sandbox_advance(t->box, 61000);
    }
    fail_msg("%s: %s: %s", t->c->name, err_name(err.kind), err.text);
    return false;
}

void trial_note(const struct page *page, json_t *seen)
{
    for (size_t i = 0; i < page->n; i++) {
        assert_non_null(page->items[i].id);
        js_set(seen, page->items[i].id, json_true());
    }
}

void trial_drain(struct trial *t, char **cursor, json_t *seen)
{
    const char *const fields[] = {t->c->text, NULL};
    bool more = true;
    for (int pages = 0; more; pages++) {
        AUTO(page_done) struct page page = {0};
        assert_true(pages < TRIAL_PAGES);
        more = trial_page(t, fields, cursor, &page);
        trial_note(&page, seen);
    }
}

void trial_follow(struct trial *t, char **cursor, json_t *seen)
{
    trial_drain(t, cursor, seen);
    sandbox_advance(t->box, t->c->feed_lag_ms);
    trial_drain(t, cursor, seen);
}

void trial_assert_told(json_t *everyone, const json_t *seen)
{
    const char *id;
    json_t *value;
    json_object_foreach (everyone, id, value)
        if (!json_object_get(seen, id))
            fail_msg("%s was never told", id);
}

struct record trial_fetch(struct trial *t, const char *id)
{
    struct record r = {0};
    struct err err = {0};
    if (!t->c->kind->fetch(t->ep, t->c->object, &id, 1, NULL, FETCH_FRESH, &r, &err))
        fail_msg("%s", err.text);
    return r;
}

struct result trial_put(struct trial *t, const char *id, const char *text)
{
    AUTO_JSON json_t *set = json_object();
    struct result out = {0};
    struct err err = {0};
    js_set(set, t->c->text, js_text(text));
    AUTO_FREE char *trace = mem_printf("t%u", ++t->traces);
    const struct patch patch = {.object = t->c->object, .id = id, .trace = trace, .set = set};
    if (!t->c->kind->put(t->ep, &patch, 1, &out, &err))
        fail_msg("%s", err.text);
    return out;
}

struct result trial_create(struct trial *t, const char *key)
{
    AUTO_JSON json_t *set = json_object();
    struct result out = {0};
    struct err err = {0};
    js_set(set, t->c->text, js_text("made by the bridge"));
    if (t->c->key_field)
        js_set(set, t->c->key_field, js_text(key));
    AUTO_FREE char *trace = mem_printf("c%u", ++t->traces);
    const struct patch patch = {
        .object = t->c->object, .key_field = t->c->key_field, .key = key, .trace = trace, .set = set};
    if (!t->c->kind->put(t->ep, &patch, 1, &out, &err))
        fail_msg("%s", err.text);
    return out;
}
