/* Who comes first: a live edit, however much of a backfill waits. */
#include "bridge/sync/worker.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "tests/base/asserts.h"
#include "tests/kit/talk.h"

#define PEOPLE 60

static void a_live_edit_shares_no_batch_with_a_backfill(void **state)
{
    struct world *w = world_new(3, PEOPLE, world_mapping);
    struct err err = {0};
    AUTO_FREE char *key = NULL;
    bool worked = false;
    int64_t wake = 0, before;
    (void)state;
    world_start(w);
    world_settle(w);
    key = world_key(w, 7);
    assert_true(intake_mark_all(w->route, LANE_BACKFILL, &err));
    json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.valuation':4711}}", key + 2));
    assert_true(intake_all(&w->intake[0], NULL, NULL, &err));
    before = w->route->tally.seen;
    assert_true(worker_step(w->route, &worked, &wake, &err) && worked);
    assert_int_equal(w->route->tally.seen - before, 1);
    AUTO_JSON json_t *contact = world_contact(w, key);
    assert_int_equal(js_int_or(json_object_get(contact, "properties"), "inbox_valuation", 0), 4711);
    assert_true(worker_step(w->route, &worked, &wake, &err) && worked);
    assert_int_equal(w->route->tally.seen - before, PEOPLE); /* the others together */
    world_free(w);
}

static void a_walk_is_taken_page_by_page(void **state)
{
    struct world *w = world_new(4, 250, world_mapping);
    struct err err = {0};
    bool more = true;
    int pages = 0;
    (void)state;
    world_start(w);
    for (; more; pages++)
        assert_true(intake_some(&w->intake[0], &more, &err));
    assert_in_range(pages, 3, 30);
    assert_in_range(w->intake[0].pages, (uintmax_t)pages, (uintmax_t)pages);
    world_free(w);
}

/* What a person wrote into the contact is looked at now. */
static void edit_contact(struct world *w, const char *key, int valuation)
{
    struct err err = {0};
    AUTO_JSON json_t *contact = world_contact(w, key);
    json_decref(world_edit(w, 1, "{'object':'contacts','id':'%s','set':{'inbox_valuation':'%d'}}", js_str(contact, "id"), valuation));
    assert_true(store_job_mark(w->store, w->route[0].name, "prospect", key, LANE_LIVE, w->env.now(&w->env), "crm", &err));
}

static int valuation_of(struct world *w, size_t i)
{
    AUTO_JSON json_t *prospect = world_prospect(w, i);
    return (int)js_int_or(json_object_get(prospect, "context"), "valuation", 0);
}

static void step(struct world *w, bool *worked, int64_t *wake)
{
    struct err err = {0};
    if (!worker_step(&w->route[0], worked, wake, &err))
        fail_msg("%s", err.text);
}

static void a_source_without_quota_holds_up_only_what_needs_it(void **state)
{
    struct world *w = world_new(5, PEOPLE, world_mapping);
    AUTO_FREE char *from_crm = NULL, *from_inbox = NULL;
    struct err err = {0};
    bool worked = false;
    int64_t wake = 0, now;
    (void)state;
    world_start(w);
    world_settle(w);
    now = w->env.now(&w->env);
    from_crm = world_key(w, 1);
    from_inbox = world_key(w, 2);
    limiter_wait_until(w->ep[0]->limiter, 0, now + 30000);
    w->ep[0]->patience = 0;
    edit_contact(w, from_crm, 4711);
    step(w, &worked, &wake);
    assert_true(worked && valuation_of(w, 1) != 4711);
    AUTO_JSON json_t *fields = json_pack("{s:i}", "context.valuation", 4712);
    struct record rec = {.object = (char *)"prospect", .id = from_inbox, .key = from_inbox, .as_of = now + 5000, .fields = fields};
    assert_true(intake_delivery(&w->intake[0], &(struct page){.items = &rec, .n = 1}, &err));
    step(w, &worked, &wake);
    assert_true(worked);
    AUTO_JSON json_t *contact = world_contact(w, from_inbox);
    assert_int_equal(js_int_or(json_object_get(contact, "properties"), "inbox_valuation", 0), 4712);
    step(w, &worked, &wake);
    assert_false(worked); /* it is not tried again and again */
    assert_in_range(wake, now + 1, now + 30000);
    sandbox_advance(w->box, 30001);
    step(w, &worked, &wake);
    assert_true(worked);
    assert_int_equal(valuation_of(w, 1), 4711);
    world_free(w);
}

/* As a webhook tells it, with everything, or as a feed does that was asked for what the mapping needs. */
static void take_event(struct world *w, const char *key, int64_t at, int valuation, bool webhook)
{
    struct err err = {0};
    AUTO_JSON json_t *fields = json_pack("{s:i}", "context.valuation", valuation);
    struct record rec = {.object = (char *)"prospect", .id = (char *)key, .key = (char *)key, .as_of = at, .fields = fields};
    if (webhook)
        js_set(fields, "listedCount", json_integer(at));
    if (!intake_delivery(&w->intake[0], &(struct page){.items = &rec, .n = 1}, &err))
        fail_msg("%s", err.text);
}

static bool is_stale(struct world *w, const char *key)
{
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    struct err err = {0};
    bool found = false;
    assert_true(store_subject_get(w->store, w->ep[0]->name, "prospect", key, &s, &found, &err) && found);
    return s.stale;
}

static int64_t marked_by(struct world *w, const char *event, int64_t at)
{
    struct err err = {0};
    int64_t before = w->intake[0].marked;
    AUTO_JSON json_t *fields = json_pack("{s:s,s:s}", "parent", "x:1", "touched", event);
    struct record rec = {.object = (char *)"conversation", .id = (char *)"thread", .key = (char *)"x:1/thread", .as_of = at, .fields = fields};
    if (!intake_delivery(&w->intake[0], &(struct page){.items = &rec, .n = 1}, &err))
        fail_msg("%s", err.text);
    return w->intake[0].marked - before;
}

static void two_words_of_one_instant_are_two(void **state)
{
    AUTO_FREE char *mapping = talk_mapping(&talk_hubspot, "digest = \"day\";");
    struct world *w = talk_hubspot.make(8, 2, mapping);
    (void)state;
    world_settle(w);
    int64_t now = w->env.now(&w->env) + 5000;
    assert_int_equal(marked_by(w, "first", now), 1);
    assert_int_equal(marked_by(w, "first", now), 0); /* as the feed tells what a webhook told */
    assert_int_equal(marked_by(w, "second", now), 1);
    world_free(w);
}

/* The feed tells again what webhooks told; only an old event nobody has heard of is a contradiction. */
static void events_told_again_cost_no_read(void **state)
{
    struct world *w = world_new(8, 5, world_mapping);
    (void)state;
    world_start(w);
    world_settle(w);
    int64_t now = w->env.now(&w->env) + 5000, calls;
    AUTO_FREE char *key = world_key(w, 1);
    take_event(w, key, now, 100, true);
    take_event(w, key, now + 1000, 200, true);
    calls = world_calls(w, 0);
    take_event(w, key, now, 100, false);
    take_event(w, key, now + 1000, 200, false);
    assert_false(is_stale(w, key));
    assert_int_equal(world_calls(w, 0), calls);
    take_event(w, key, now + 500, 150, false);
    assert_true(is_stale(w, key));
    world_free(w);
}

/* With ten calls left, five people are read and written, not ten read. */
static void no_look_is_wasted_for_want_of_a_call_to_write(void **state)
{
    const struct limiter_bucket ten = {"main", false, {{60000, 10}}};
    struct world *w = world_new(6, PEOPLE, world_mapping);
    bool worked = false;
    int64_t wake = 0;
    int written = 0;
    (void)state;
    world_start(w);
    world_settle(w);
    limiter_free(w->ep[0]->limiter);
    w->ep[0]->limiter = limiter_new(&ten, 1, 1, 1);
    w->ep[0]->heed = NULL;
    w->ep[0]->patience = 0;
    for (size_t i = 0; i < 12; i++) {
        AUTO_FREE char *key = world_key(w, i);
        edit_contact(w, key, 5000 + (int)i);
    }
    step(w, &worked, &wake);
    for (size_t i = 0; i < 12; i++)
        written += valuation_of(w, i) == 5000 + (int)i;
    assert_int_equal(written, 5);
    for (int minute = 0; minute < 2; minute++) {
        sandbox_advance(w->box, 61001);
        step(w, &worked, &wake);
    }
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(valuation_of(w, i), 5000 + (int)i);
    world_free(w);
}

/* A backfill makes thousands of changes that the CRM tells at its next poll; nobody waits for all of them. Meanwhile the
 * mass-change guard cannot know how many detaches there are. */
static void a_crm_tells_its_changes_page_by_page_and_what_is_risky_waits(void **state)
{
    struct world *w = world_new(9, 210, world_mapping);
    struct err err = {0};
    bool more = false, worked = false;
    int64_t wake = 0;
    (void)state;
    world_start(w);
    world_settle(w);
    for (size_t i = 0; i < 210; i++) {
        AUTO_FREE char *key = world_key(w, i);
        AUTO_JSON json_t *contact = world_contact(w, key);
        json_decref(world_edit(w, 1, "{'object':'contacts','id':'%s','set':{'inbox_valuation':'%zu'}}", js_str(contact, "id"), 7000 + i));
    }
    sandbox_advance(w->box, 600000);
    assert_true(intake_some(&w->intake[1], &more, &err));
    assert_true(more && w->route[0].hearing);
    for (worked = true; worked;)
        step(w, &worked, &wake);
    AUTO_FREE char *key = world_key(w, 0);
    assert_true(store_job_mark(w->store, w->route[0].name, "prospect", key, LANE_LIVE, 0, "risky", &err));
    step(w, &worked, &wake);
    assert_false(worked);
    assert_true(wake > w->env.now(&w->env));
    while (more)
        assert_true(intake_some(&w->intake[1], &more, &err));
    assert_false(w->route[0].hearing);
    step(w, &worked, &wake);
    assert_true(worked);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_edit_shares_no_batch_with_a_backfill),
        cmocka_unit_test(a_walk_is_taken_page_by_page),
        cmocka_unit_test(a_source_without_quota_holds_up_only_what_needs_it),
        cmocka_unit_test(no_look_is_wasted_for_want_of_a_call_to_write),
        cmocka_unit_test(two_words_of_one_instant_are_two),
        cmocka_unit_test(events_told_again_cost_no_read),
        cmocka_unit_test(a_crm_tells_its_changes_page_by_page_and_what_is_risky_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
