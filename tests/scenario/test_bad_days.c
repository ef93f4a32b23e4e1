/* Bad days of everything around the bridge: a full disk, a clock that was wrong, a service that denies its people or forgets
 * what it said. When the day is over all is as it should be, and meanwhile nobody was flooded. */
#include "bridge/base/str.h"
#include "tests/kit/must.h"
#include "tests/kit/world.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
/* after the standard headers */
#include <cmocka.h>

#define MINUTES(n) ((n) * INT64_C(60000))

/* ---- people ---- */

static void assert_prop(struct world *w, size_t i, const char *name, const char *wanted)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_non_null(c);
    assert_string_equal(js_str_or(json_object_get(c, "properties"), name, ""), wanted);
}

/* ---- the disk ---- */

/* Every write beyond the first byte of a file fails. */
static void disk(bool full)
{
    static struct rlimit before;
    if (full)
        getrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, full ? SIG_IGN : SIG_DFL);
    setrlimit(RLIMIT_FSIZE, full ? &(struct rlimit){1, before.rlim_max} : &before);
}

static void an_event_that_a_full_disk_did_not_take_is_heard_again(void **state)
{
    struct world *w = world_new(1, 4, world_mapping);
    struct err err = {0};
    bool more = false;
    (void)state;
    world_settle(w);
    world_edit_inbox(w, 0, "'context.valuation':4711");
    disk(true);
    bool taken = intake_page(&w->intake[0], "prospect", &more, &err);
    disk(false);
    assert_false(taken);
    assert_int_equal(err.kind, ERR_STORE);
    world_settle(w);
    assert_prop(w, 0, "inbox_valuation", "4711");
    world_free(w);
}

/* ---- the clock ---- */

#define YEAR MINUTES(365 * 24 * 60)

/* Ahead by a year for a while in which writes failed and were put off. */
static struct world *begin_a_year_ahead(void)
{
    struct world *w = world_new(1, 4, world_mapping);
    world_settle(w);
    sandbox_advance(w->box, YEAR);
    world_edit_inbox(w, 0, "'context.valuation':4711");
    sandbox_fault(w->box, "{\"match\":{\"path\":\"*contacts/batch*\"},\"do\":\"status\",\"status\":503}");
    world_pass(w, 1000);
    sandbox_faults_clear(w->box);
    return w;
}

static void what_a_clock_that_was_ahead_put_off_is_done_once_it_is_right(void **state)
{
    (void)state;
    for (int restart = 0; restart < 2; restart++) {
        struct world *w = begin_a_year_ahead();
        if (restart)
            world_stop(w);
        w->box->now -= YEAR;
        for (int i = 0; i < 3; i++) {
            world_pass(w, MINUTES(1));
            sandbox_advance(w->box, MINUTES(2));
        }
        assert_prop(w, 0, "inbox_valuation", "4711");
        world_free(w);
    }
}

/* ---- a service that forgets what it said ---- */

static void a_record_taken_back_to_an_older_state_is_believed_after_a_while(void **state)
{
    struct world *w = world_new(1, 4, world_mapping);
    (void)state;
    world_settle(w);
    struct link link __attribute__((cleanup(link_done))) = world_link(w, "r", 0);
    link.touched = sandbox_now(w->box) + YEAR; /* the service's clock was ahead when it was written */
    must(store_link_put(w->store, &link, err));
    world_edit_inbox(w, 0, "'context.valuation':4711");
    world_pass(w, MINUTES(1)); /* it may be a replica that lags: nothing is decided on it */
    assert_prop(w, 0, "inbox_valuation", "12000");
    int64_t before = world_calls(w, 1);
    for (int i = 0; i < 4; i++) {
        world_pass(w, MINUTES(30));
        sandbox_advance(w->box, MINUTES(1));
    }
    assert_prop(w, 0, "inbox_valuation", "4711");
    assert_in_range(world_calls(w, 1) - before, 1, 60); /* two hours of feed, and a look now and then */
    assert_null(world_broken(w));
    world_free(w);
}

/* ---- automations on both sides ---- */

/* Each end answers whatever the notes become with a text of its own that nobody has seen before. */
static bool news(char *last, const char *now, const char *mark)
{
    if (str_eq(now, last))
        return false;
    str_copy(last, 400, now);
    strcat(last, mark);
    return true;
}

static void answer(struct world *w, char last[2][500])
{
    AUTO_FREE char *key = world_key(w, 0);
    AUTO_JSON json_t *c = world_contact(w, key), *p = world_prospect(w, 0);
    const char *t = js_str_or(json_object_get(c, "properties"), "inbox_notes", ""), *s = js_str_or(json_object_get(p, "context"), "notes", "");
    if (news(last[1], t, "!"))
        json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{'inbox_notes':'%s'}}", js_str(c, "id"), last[1]));
    if (news(last[0], s, "?"))
        json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.notes':'%s'}}", js_str(p, "platformId"), last[0]));
}

static void two_automations_that_answer_each_other_are_parted(void **state)
{
    struct world *w = world_new(1, 2, world_mapping);
    char last[2][500] = {"", ""};
    struct hold *holds = NULL;
    size_t n = 0;
    (void)state;
    world_settle(w);
    world_edit_inbox(w, 0, "'context.notes':'hello'");
    int64_t before = world_writes(w, 0) + world_writes(w, 1);
    for (int i = 0; i < 60; i++) {
        world_pass(w, 1000);
        answer(w, last);
        sandbox_advance(w->box, 15000);
    }
    must(store_holds(w->store, "r", 0, 10, &holds, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(holds[0].why, "flapping");
    assert_string_equal(holds[0].field, "notes");
    assert_in_range(world_writes(w, 0) + world_writes(w, 1) - before, 1, 16);
    holds_free(holds, n);
    world_edit_inbox(w, 0, "'context.valuation':4711"); /* the other cells go on */
    world_settle(w);
    assert_prop(w, 0, "inbox_valuation", "4711");
    world_free(w);
}

/* ---- a service that denies its people ---- */

static int64_t links_that_are(struct world *w, enum link_state state)
{
    int64_t by[8] = {0};
    must(store_link_counts(w->store, "r", by, err));
    return by[state];
}

/* Every read of a person by id finds nobody for some hours, while the feed goes on. */
static void deny_everybody(struct world *w, int hours)
{
    sandbox_fault(w->box, "{\"match\":{\"method\":\"GET\",\"path\":\"*/prospects/*\"},\"do\":\"status\",\"status\":404}");
    for (int i = 0; i < hours; i++) {
        world_pass(w, MINUTES(1));
        sandbox_advance(w->box, MINUTES(61));
    }
    sandbox_faults_clear(w->box);
}

static void edit_everybody_in_the_crm(struct world *w, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        AUTO_FREE char *key = world_key(w, i);
        AUTO_JSON json_t *c = world_contact(w, key);
        json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{'inbox_notes':'from the CRM'}}", js_str(c, "id")));
    }
}

static void assert_all_is_well(struct world *w, size_t n)
{
    assert_int_equal(links_that_are(w, LINK_LINKED), n);
    for (size_t i = 0; i < n; i++) {
        AUTO_JSON json_t *p = world_prospect(w, i);
        assert_string_equal(js_str_or(json_object_get(p, "context"), "notes", ""), "from the CRM");
    }
}

static void a_flood_of_people_who_seem_gone_stops_at_the_guard(void **state)
{
    struct world *w = world_new(1, 30, world_mapping);
    (void)state;
    world_settle(w);
    edit_everybody_in_the_crm(w, 30);
    deny_everybody(w, 4);
    assert_int_equal(links_that_are(w, LINK_TOMBSTONE), 0);
    assert_true(w->route->tally.guarded > 0);
    sandbox_advance(w->box, MINUTES(61));
    world_settle(w);
    assert_all_is_well(w, 30);
    world_free(w);
}

static void who_seemed_gone_and_is_told_of_again_comes_back_with_every_edit(void **state)
{
    struct world *w = world_new(1, 5, world_mapping);
    (void)state;
    world_settle(w);
    edit_everybody_in_the_crm(w, 5);
    deny_everybody(w, 4);
    assert_int_equal(links_that_are(w, LINK_TOMBSTONE), 5);
    world_edit_inbox(w, 0, "'context.valuation':4711"); /* one is heard of by an event, the others by the next walk */
    world_settle(w);
    assert_prop(w, 0, "inbox_valuation", "4711");
    assert_int_equal(links_that_are(w, LINK_LINKED), 1);
    must(intake_restart(&w->intake[0], err));
    world_settle(w);
    assert_all_is_well(w, 5);
    assert_null(world_broken(w));
    world_free(w);
}

static void who_is_really_gone_stays_away(void **state)
{
    struct world *w = world_new(1, 3, world_mapping);
    AUTO_JSON json_t *p = NULL;
    (void)state;
    world_settle(w);
    p = world_prospect(w, 0);
    edit_everybody_in_the_crm(w, 3);
    json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','delete':true}", js_str(p, "platformId")));
    for (int i = 0; i < 4; i++) {
        world_pass(w, MINUTES(1));
        sandbox_advance(w->box, MINUTES(61));
        must(intake_restart(&w->intake[0], err));
    }
    assert_int_equal(links_that_are(w, LINK_TOMBSTONE), 1);
    assert_int_equal(links_that_are(w, LINK_LINKED), 2);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_that_a_full_disk_did_not_take_is_heard_again),
        cmocka_unit_test(what_a_clock_that_was_ahead_put_off_is_done_once_it_is_right),
        cmocka_unit_test(a_record_taken_back_to_an_older_state_is_believed_after_a_while),
        cmocka_unit_test(two_automations_that_answer_each_other_are_parted),
        cmocka_unit_test(a_flood_of_people_who_seem_gone_stops_at_the_guard),
        cmocka_unit_test(who_seemed_gone_and_is_told_of_again_comes_back_with_every_edit),
        cmocka_unit_test(who_is_really_gone_stays_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
