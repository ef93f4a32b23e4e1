/* Inbox against its imitation: what only a service with a memory and a clock can show. */
#include "connectors/inbox/inbox.h"
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"
#include "tests/sandbox/sandbox.h"

#define PEOPLE 1000
#define DAY_MS INT64_C(86400000)

struct place {
    struct sandbox *box;
    struct sandbox_service *service;
    struct env env;
    struct endpoint *ep;
    char *cursor;
};

static struct place *of(struct env *env)
{
    return (struct place *)((char *)env - offsetof(struct place, env));
}

static int64_t place_now(struct env *env)
{
    return sandbox_now(of(env)->box);
}

static void place_sleep(struct env *env, int64_t ms)
{
    sandbox_advance(of(env)->box, ms);
}

static uint64_t place_random(struct env *env)
{
    return sandbox_random(of(env)->box);
}

static void edit(struct place *p, const char *fmt, const char *id)
{
    AUTO_FREE char *text = mem_alloc(strlen(fmt) + 64);
    struct err err = {0};
    json_t *out = NULL;
    snprintf(text, strlen(fmt) + 64, "%s%s\"}", fmt, id);
    AUTO_JSON json_t *one = recorded_json(text);
    if (!sandbox_edit(p->box, p->service, one, &out, &err))
        fail_msg("%s", err.text);
    json_decref(out);
}

#define NOTE "{\"object\":\"prospect\",\"set\":{\"context.notes\":\"seen\"},\"id\":\""

static char *person(struct place *p, size_t i)
{
    AUTO_JSON json_t *state = sandbox_state(p->box, p->service);
    return mem_dup(js_str(json_array_get(json_object_get(state, "prospect"), i), "externalId"));
}

struct told {
    size_t items, complete;
    bool gap, relearn;
};

/* Reads all that is ready. */
static struct told read_all(struct place *p, const char *const *fields)
{
    struct told told = {0};
    for (bool more = true; more;) {
        AUTO(page_done) struct page page = {0};
        struct err err = {0};
        if (!inbox_connector.changes(p->ep, "prospect", fields, p->cursor, &page, &err))
            fail_msg("%s", err.text);
        free(p->cursor);
        p->cursor = mem_dup(page.next);
        told.items += page.n;
        for (size_t i = 0; i < page.n; i++)
            told.complete += page.items[i].fields != NULL;
        told.gap = told.gap || page.gap;
        told.relearn = told.relearn || page.relearn;
        more = page.more;
    }
    return told;
}

static int64_t calls(struct place *p)
{
    AUTO_JSON json_t *all = sandbox_calls_json(p->box, p->service);
    return js_int_or(all, "total", -1);
}

static void a_first_enumeration_keeps_its_budget(void **state)
{
    struct place *p = *state;
    struct told told = read_all(p, NULL);
    assert_true(told.items >= PEOPLE);
    assert_int_equal(told.items, told.complete);
    assert_true(calls(p) <= 4 * PEOPLE / 100 + 20);
}

static void an_edit_comes_with_its_content_and_costs_one_call(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person(p, 3);
    read_all(p, NULL);
    edit(p, NOTE, id);
    sandbox_calls_clear(p->box);
    struct told told = read_all(p, NULL);
    assert_int_equal(told.items, 1);
    assert_int_equal(told.complete, 1);
    assert_int_equal(calls(p), 1);
}

static void three_hundred_edits_in_a_burst_are_all_told(void **state)
{
    struct place *p = *state;
    AUTO_JSON json_t *all = sandbox_state(p->box, p->service);
    read_all(p, NULL);
    for (size_t i = 0; i < 300; i++)
        edit(p, NOTE, js_str(json_array_get(json_object_get(all, "prospect"), i), "externalId"));
    assert_int_equal(read_all(p, NULL).items, 300);
    assert_int_equal(read_all(p, NULL).items, 0);
}

static void more_events_than_a_page_holds_are_all_told(void **state)
{
    struct place *p = *state;
    AUTO_JSON json_t *all = sandbox_state(p->box, p->service);
    read_all(p, NULL);
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < PEOPLE; i++) {
            const char *id = js_str(json_array_get(json_object_get(all, "prospect"), i), "externalId");
            edit(
                p,
                round == 1
                    ? NOTE
                    : "{\"object\":\"prospect\",\"set\":{\"context.valuation\":null,\"context.notes\":\"x\"},\"id\":\"",
                id);
        }
    struct told told = read_all(p, NULL);
    assert_true(told.items >= 2 * PEOPLE);
    assert_false(told.gap);
}

static void away_for_longer_than_events_are_kept_is_a_gap(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = person(p, 3), *two = person(p, 4);
    read_all(p, NULL);
    edit(p, NOTE, one);
    read_all(p, NULL);
    edit(p, NOTE, two);
    sandbox_advance(p->box, 8 * DAY_MS);
    assert_true(read_all(p, NULL).gap);
    edit(p, "{\"object\":\"prospect\",\"set\":{\"context.notes\":\"again\"},\"id\":\"", two);
    struct told told = read_all(p, NULL);
    assert_false(told.gap);
    assert_int_equal(told.items, 1);
}

static void away_for_some_days_is_none(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = person(p, 3), *two = person(p, 4);
    read_all(p, NULL);
    edit(p, NOTE, one);
    read_all(p, NULL);
    sandbox_advance(p->box, 5 * DAY_MS);
    edit(p, NOTE, two);
    struct told told = read_all(p, NULL);
    assert_false(told.gap);
    assert_int_equal(told.items, 1);
}

static void a_new_tag_is_learnt_and_a_deleted_one_looked_for(void **state)
{
    struct place *p = *state;
    read_all(p, NULL);
    edit(p, "{\"object\":\"tag\",\"create\":{\"name\":\"Fresh\"},\"x\":\"", "");
    struct told told = read_all(p, NULL);
    assert_true(told.relearn && !told.gap);
    edit(p, "{\"object\":\"tag\",\"delete\":true,\"id\":\"", "Fresh");
    told = read_all(p, NULL);
    assert_true(told.relearn && told.gap);
}

static void an_assignee_is_written_and_confirmed(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person(p, 7);
    AUTO(schema_done) struct schema schema = {0};
    AUTO(result_done) struct result out = {0};
    struct err err = {0};
    assert_true(inbox_connector.describe(p->ep, "prospect", &schema, &err));
    const char *member = schema_option_by_label(schema_find(&schema, "context.assignee"), "ben@team.example")->id;
    AUTO_JSON json_t *set = json_pack("{s:s}", "context.assignee", member);
    const struct patch patch = {.object = "prospect", .id = id, .set = set};
    assert_true(inbox_connector.put(p->ep, &patch, 1, &out, &err));
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_string_equal(js_str(out.record.fields, "context.assignee"), member);
}

static int setup(void **state)
{
    static struct place p;
    struct opt_faults faults = {0};
    p = (struct place){.env = {.now = place_now, .sleep = place_sleep, .random = place_random}};
    setenv("SANDBOX_TOKEN", "sandbox-token", 1);
    struct opt_file *file = opt_open_text(
        "test", "ep = { token = \"env:SANDBOX_TOKEN\"; base_url = \"http://inbox.sandbox/api/v1/\"; };", &faults);
    p.box = sandbox_new(3);
    p.service = sandbox_inbox_new(p.box, PEOPLE);
    p.env.transport = sandbox_transport(p.box);
    p.ep = endpoint_new("inbox", &inbox_connector, opt_member(opt_root(file), "ep"), NULL, &p.env, NULL, &faults);
    opt_close(file);
    opt_faults_done(&faults);
    *state = &p;
    return p.ep ? 0 : -1;
}

static int teardown(void **state)
{
    struct place *p = *state;
    free(p->cursor);
    endpoint_free(p->ep);
    p->env.transport->free(p->env.transport);
    sandbox_free(p->box);
    return 0;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_first_enumeration_keeps_its_budget),
        TEST(an_edit_comes_with_its_content_and_costs_one_call),
        TEST(three_hundred_edits_in_a_burst_are_all_told),
        TEST(more_events_than_a_page_holds_are_all_told),
        TEST(away_for_longer_than_events_are_kept_is_a_gap),
        TEST(away_for_some_days_is_none),
        TEST(a_new_tag_is_learnt_and_a_deleted_one_looked_for),
        TEST(an_assignee_is_written_and_confirmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
