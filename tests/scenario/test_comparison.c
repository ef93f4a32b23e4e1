/* A comparison under way beside the feed: live edits do not wait for the walk of Inbox, and what only the walk found is counted
 * once, as drift, with the marks that follow it. */
#include "bridge/base/str.h"
#include "bridge/sync/drift.h"
#include "bridge/sync/everything.h"
#include "bridge/sync/worker.h"
#include "tests/kit/must.h"
#include "tests/kit/world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define PROSPECTS 320 /* pages of a hundred: the walk takes several */

static void edit_inbox(struct world *w, size_t i, int valuation)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.valuation':%d}}", js_str(p, "platformId"), valuation));
}

static void assert_worth(struct world *w, size_t i, const char *wanted)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_string_equal(js_str_or(json_object_get(c, "properties"), "inbox_valuation", ""), wanted);
}

static struct world *in_step(void)
{
    struct world *w = world_new(11, PROSPECTS, NULL);
    world_settle(w);
    sandbox_advance(w->box, 130 * 1000);
    must(intake_all(&w->intake[0], NULL, NULL, err));
    must(worker_quiet(w->route, NULL, NULL, err));
    must(intake_walk_again(&w->intake[0], err));
    return w;
}

static void walk_on(struct world *w)
{
    bool more = true;
    while (more)
        must(intake_walk(&w->intake[0], w->route, &more, err));
}

/* As sweep.c does it: everything marked, worked off, counted. */
static json_t *compared(struct world *w)
{
    AUTO_JSON json_t *place = json_object(), *none = json_object();
    json_t *counts = NULL;
    must(drift_count_from(w->route, none, err));
    while (!js_bool_or(place, "through", false)) {
        struct job *jobs = NULL;
        size_t n = 0;
        must(everything_next(w->route, place, 100, &jobs, &n, err));
        for (size_t i = 0; i < n; i++)
            must(store_job_mark(w->store, "r", jobs[i].object, jobs[i].key, LANE_RECONCILE, 0, "compare", err));
        jobs_free(jobs, n);
    }
    must(worker_quiet(w->route, NULL, NULL, err));
    must(drift_counts(w->route, &counts, err));
    return counts;
}

static void a_live_edit_does_not_wait_for_the_walk(void **state)
{
    (void)state;
    struct world *w = in_step();
    bool more = false;
    for (int page = 0; page < 2; page++)
        must(intake_walk(&w->intake[0], w->route, &more, err));
    assert_true(more);
    edit_inbox(w, 7, 4711);
    bool feed = false;
    must(intake_some(&w->intake[0], &feed, err));
    must(worker_quiet(w->route, NULL, NULL, err));
    assert_worth(w, 7, "4711");
    must(intake_walk(&w->intake[0], w->route, &more, err));
    assert_true(more); /* and the walk was still under way */
    walk_on(w);
    AUTO_JSON json_t *counts = compared(w);
    assert_int_equal(js_int_or(counts, "in_sync", 0), PROSPECTS);
    world_free(w);
}

static void what_only_the_walk_found_is_counted_once_as_drift(void **state)
{
    (void)state;
    struct world *w = in_step();
    struct job *jobs = NULL;
    size_t n = 0;
    int64_t waiting = 0;
    for (size_t i = 0; i < 5; i++)
        edit_inbox(w, i, 9000 + (int)i);
    walk_on(w); /* before the feed was asked */
    must(store_jobs_due(w->store, "r", w->env.now(&w->env), LANES, NULL, 10, &jobs, &n, err));
    assert_int_equal(n, 0); /* they wait for their marks */
    jobs_free(jobs, n);
    must(store_jobs_why(w->store, "r", "compare", &waiting, err));
    assert_int_equal(waiting, 5); /* but are not lost, were the comparison to end here */
    AUTO_JSON json_t *counts = compared(w);
    AUTO_FREE char *told = js_print(counts);
    if (js_int_or(counts, "s_ahead", 0) != 5 || js_int_or(counts, "in_sync", 0) != PROSPECTS - 5)
        fail_msg("%s", told);
    assert_worth(w, 4, "9004");
    world_settle(w);
    AUTO_FREE char *broken = world_broken(w);
    if (broken)
        fail_msg("%s", broken);
    world_free(w);
}

static int64_t linked(struct world *w)
{
    int64_t states[8] = {0};
    must(store_link_counts(w->store, "r", states, err));
    return states[LINK_LINKED];
}

static void delete_contacts(struct world *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        AUTO_FREE char *key = world_key(w, i);
        AUTO_JSON json_t *c = world_contact(w, key);
        json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','delete':true}", js_str(c, "id")));
    }
    sandbox_advance(w->box, 130 * 1000);
}

static void more_detaches_than_allowed_stop_before_the_first(void **state)
{
    (void)state;
    struct world *w = in_step();
    delete_contacts(w, 0, 20); /* as many as are always allowed */
    json_decref(compared(w));
    assert_int_equal(linked(w), PROSPECTS - 20);
    delete_contacts(w, 20, 41);
    json_decref(compared(w));
    assert_int_equal(linked(w), PROSPECTS - 20);
    assert_int_equal(w->route->tally.guarded, 21);
    w->route->accept_mass = true;
    json_decref(compared(w));
    assert_int_equal(linked(w), PROSPECTS - 41);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_edit_does_not_wait_for_the_walk),
        cmocka_unit_test(more_detaches_than_allowed_stop_before_the_first),
        cmocka_unit_test(what_only_the_walk_found_is_counted_once_as_drift),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
