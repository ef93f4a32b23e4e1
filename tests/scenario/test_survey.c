/* Full comparisons that read through a job of the service: they find what reading by id finds, never decide from what is old,
 * keep no live edit waiting, and go on after a cut with the job they had. */
#include "bridge/base/str.h"
#include "bridge/sync/drift.h"
#include "bridge/sync/survey.h"
#include "bridge/sync/worker.h"
#include "tests/kit/leads.h"
#include "tests/kit/must.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define BULK(n) LEADS_STATIC " bulk = " #n ";"
#define HOUR INT64_C(3600000)

/* All linked, in step, and long ago: what was written a moment ago is told again by the feed, and read by id. */
static struct world *in_step(uint64_t seed, size_t people, const char *options)
{
    struct world *w = leads_begin(seed, people, options, NULL);
    world_settle(w);
    sandbox_advance(w->box, HOUR);
    world_settle(w);
    return w;
}

/* As sweep.c begins it; the power may go. */
static bool begin(struct world *w)
{
    AUTO_JSON json_t *none = json_object();
    struct err err = {0};
    return survey_begin(w->route, &err) && drift_count_from(w->route, none, &err) && intake_mark_all(w->route, LANE_RECONCILE, &err);
}

static json_t *counted(struct world *w)
{
    json_t *counts = NULL;
    world_settle(w);
    must(drift_counts(w->route, &counts, err));
    return counts;
}

static size_t bulk_rows(struct world *w, int64_t *rows)
{
    struct bulk *list = NULL;
    size_t n = 0;
    must(store_bulks(w->store, "r", &list, &n, err));
    *rows = n ? list[0].rows : 0;
    bulks_free(list, n);
    return n;
}

static void assert_counts(const json_t *counts, const char *wanted)
{
    AUTO_FREE char *text = js_print_sorted(counts);
    assert_string_equal(text, wanted);
}

static void finish(struct world *w)
{
    int64_t rows = 0;
    assert_int_equal(bulk_rows(w, &rows), 0);
    leads_finish(w);
}

/* ---- in step ---- */

static void what_is_in_step_is_read_by_one_job_and_written_nowhere(void **state)
{
    (void)state;
    struct world *w = in_step(71, 120, BULK(100));
    int64_t by_id = world_asked(w, 1, "POST /composite/sobjects/Lead"), writes = world_writes(w, 0) + world_writes(w, 1), before = w->route->tally.unchanged;
    assert_true(begin(w));
    AUTO_JSON json_t *counts = counted(w);
    assert_counts(counts, "{\"in_sync\":120}");
    assert_int_equal(world_asked(w, 1, "POST /jobs/query"), 1);
    assert_int_equal(world_asked(w, 1, "GET /jobs/query/{id}/results"), 1);
    assert_int_equal(world_asked(w, 1, "POST /composite/sobjects/Lead"), by_id);
    assert_int_equal(world_writes(w, 0) + world_writes(w, 1), writes);
    assert_int_equal(w->route->tally.unchanged, before + 120);
    finish(w);
}

static void few_are_read_by_id(void **state)
{
    (void)state;
    struct world *w = in_step(72, 20, BULK(21));
    assert_true(begin(w));
    AUTO_JSON json_t *counts = counted(w);
    assert_counts(counts, "{\"in_sync\":20}");
    assert_int_equal(world_asked(w, 1, "POST /jobs/query"), 0);
    finish(w);
}

static void pages_of_any_length_tell_the_same(void **state)
{
    (void)state;
    struct world *w = in_step(73, 40, BULK(10));
    world_manners(w, 1, "{\"short_pages\":true}");
    assert_true(begin(w));
    AUTO_JSON json_t *counts = counted(w);
    assert_counts(counts, "{\"in_sync\":40}");
    assert_true(world_asked(w, 1, "GET /jobs/query/{id}/results") > 1);
    world_manners(w, 1, "{\"short_pages\":false}");
    finish(w);
}

/* ---- drift ---- */

/* A feed that missed it all: the comparison alone finds it. */
static void drift_behind_the_feed(struct world *w)
{
    for (size_t i = 0; i < 3; i++)
        leads_edit(w, i, "'set':{'inbox_notes__c':'theirs'}");
    for (size_t i = 3; i < 5; i++)
        leads_edit(w, i, "'delete':true");
    must(store_cursor_set(w->store, w->ep[1]->name, "Lead", "", err)); /* from now on */
    for (size_t i = 5; i < 9; i++)
        world_edit_inbox(w, i, "'context.notes':'ours'");
}

static void drift_is_found_as_exactly_as_by_id(void **state)
{
    static const char *const options[] = {BULK(10), BULK(0)};
    (void)state;
    char *found[2];
    for (int i = 0; i < 2; i++) {
        struct world *w = in_step(74, 40, options[i]);
        drift_behind_the_feed(w);
        assert_true(begin(w));
        AUTO_JSON json_t *counts = counted(w);
        found[i] = js_print_sorted(counts);
        assert_int_equal(world_asked(w, 1, "POST /jobs/query"), i ? 0 : 1);
        leads_assert(w, 6, "inbox_notes__c", "ours");
        world_free(w);
    }
    assert_string_equal(found[0], found[1]);
    assert_null(strstr(found[0], "unread"));
    free(found[0]);
    free(found[1]);
}

/* ---- races ---- */

static void step_until_running(struct world *w)
{
    int64_t wake = 0;
    bool worked = false;
    world_manners(w, 1, "{\"bulk_ms\":600000}");
    assert_true(begin(w));
    for (int i = 0; i < 3; i++) {
        struct err err = {0};
        assert_true(worker_step(w->route, &worked, &wake, &err));
    }
    assert_int_equal(world_asked(w, 1, "POST /jobs/query"), 1);
}

/* The job read it before somebody edited both sides: what it tells is old, and is not what is decided on. */
static void an_edit_after_the_job_is_neither_lost_nor_overwritten(void **state)
{
    (void)state;
    struct world *w = in_step(75, 30, BULK(10));
    step_until_running(w);
    leads_edit(w, 2, "'set':{'inbox_notes__c':'theirs, later'}"); /* the policy of notes: the CRM has the last word */
    world_edit_inbox(w, 2, "'context.notes':'ours, later'");
    leads_edit(w, 3, "'set':{'inbox_valuation__c':4711}");
    world_edit_inbox(w, 4, "'context.notes':'only ours'");
    leads_edit(w, 5, "'delete':true");
    sandbox_advance(w->box, 600000);
    json_decref(counted(w));
    AUTO_FREE char *broken = world_broken(w);
    if (broken)
        fail_msg("%s", broken);
    leads_assert(w, 4, "inbox_notes__c", "only ours");
    AUTO_JSON json_t *p = world_prospect(w, 2), *l = leads_of(w, 2), *q = world_prospect(w, 3);
    assert_int_equal(js_int_or(json_object_get(q, "context"), "valuation", 0), 4711);
    assert_string_equal(js_str(json_object_get(p, "context"), "notes"), js_str(l, "inbox_notes__c"));
    world_free(w);
}

static void a_live_edit_does_not_wait_for_the_job(void **state)
{
    (void)state;
    struct world *w = in_step(76, 30, BULK(10));
    step_until_running(w);
    world_edit_inbox(w, 7, "'context.notes':'now'");
    assert_true(world_pass(w, 30 * 1000));
    leads_assert(w, 7, "inbox_notes__c", "now");
    int64_t left = 0, rows = 0;
    must(store_jobs_why(w->store, "r", "compare", &left, err));
    assert_int_equal(left, 29); /* the others wait for the job */
    assert_int_equal(bulk_rows(w, &rows), 1);
    sandbox_advance(w->box, 600000);
    json_decref(counted(w));
    finish(w);
}

/* ---- what goes wrong ---- */

static void a_job_that_fails_is_aborted_or_forgotten_is_done_without(void **state)
{
    (void)state;
    for (int how = 0; how < 4; how++) {
        struct world *w = in_step(77, 30, BULK(10));
        if (how == 0)
            world_manners(w, 1, "{\"bulk_query_daily\":0}");
        else if (how == 1)
            world_manners(w, 1, "{\"bulk_query_fails\":true}");
        if (how < 2) {
            assert_true(begin(w));
        } else {
            step_until_running(w);
            if (how == 2)
                leads_abort_job(w, "query");
            else
                world_stop(w);
            sandbox_advance(w->box, how == 3 ? 8 * 24 * HOUR : 0);
        }
        AUTO_JSON json_t *counts = counted(w);
        assert_int_equal(js_int_or(counts, "in_sync", 0), 30);
        finish(w);
    }
}

static void a_service_in_a_bad_mood_is_outlasted(void **state)
{
    static const char *const moods[] = {"reset_after", "truncate", "html", "empty"};
    (void)state;
    struct world *w = in_step(78, 40, BULK(10));
    for (size_t i = 0; i < COUNT(moods); i++) {
        AUTO_FREE char *mood = mem_printf("{\"match\":{\"path\":\"/jobs/query\"},\"do\":\"%s\",\"chance\":0.2}", moods[i]);
        assert_true(sandbox_fault(w->box, mood));
    }
    world_manners(w, 1, "{\"short_pages\":true}");
    drift_behind_the_feed(w);
    assert_true(begin(w));
    AUTO_JSON json_t *counts = counted(w);
    sandbox_faults_clear(w->box);
    world_manners(w, 1, "{\"short_pages\":false}");
    assert_int_equal(js_int_or(counts, "in_sync", 0), 31);
    world_settle(w);
    AUTO_FREE char *broken = world_broken(w);
    if (broken)
        fail_msg("%s", broken);
    world_free(w);
}

static void pages_of_long_texts_are_asked_for_in_smaller_pieces(void **state)
{
    (void)state;
    struct world *w = in_step(79, 212, BULK(200));
    AUTO_FREE char *edit = mem_printf("'set':{'inbox_notes__c':'%030000d'}", 7);
    for (size_t i = 0; i < 212; i++)
        leads_edit(w, i, edit);
    world_settle(w);
    sandbox_advance(w->box, HOUR);
    world_settle(w);
    assert_true(begin(w));
    AUTO_JSON json_t *counts = counted(w);
    assert_counts(counts, "{\"in_sync\":212}");
    assert_true(world_asked(w, 1, "GET /jobs/query/{id}/results") > 2);
    finish(w);
}

/* The power goes at touch k of a comparison; afterwards all is as if it had not, and there was no second job but where nobody had
 * yet written down the first. */
static void a_comparison_survives_the_power_at_every_touch(void **state)
{
    (void)state;
    int64_t n = 1;
    const char *every = getenv("STORY_EVERY");
    int64_t step = 9;
    assert_true(!every || str_to_int(every, 1, 1000, &step));
    for (int64_t k = 0; k <= n; k += step) {
        struct world *w = in_step(80, 12, BULK(5));
        drift_behind_the_feed(w);
        world_watch(w, k);
        for (int i = 0; i < 3 && !(w->up && begin(w)); i++)
            world_settle(w);
        world_settle(w);
        if (!k)
            n = w->touches;
        w->cut_at = 0;
        assert_true(world_asked(w, 1, "POST /jobs/query") <= 2);
        for (size_t i = 5; i < 9; i++)
            leads_assert(w, i, "inbox_notes__c", "ours");
        int64_t rows = 0;
        assert_int_equal(bulk_rows(w, &rows), 0);
        AUTO_FREE char *broken = world_broken(w);
        if (broken)
            fail_msg("cut at %lld: %s", (long long)k, broken);
        world_free(w);
    }
    print_message("a comparison of 12: %lld touches\n", (long long)n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_step_is_read_by_one_job_and_written_nowhere),
        cmocka_unit_test(few_are_read_by_id),
        cmocka_unit_test(pages_of_any_length_tell_the_same),
        cmocka_unit_test(drift_is_found_as_exactly_as_by_id),
        cmocka_unit_test(an_edit_after_the_job_is_neither_lost_nor_overwritten),
        cmocka_unit_test(a_live_edit_does_not_wait_for_the_job),
        cmocka_unit_test(a_job_that_fails_is_aborted_or_forgotten_is_done_without),
        cmocka_unit_test(a_service_in_a_bad_mood_is_outlasted),
        cmocka_unit_test(pages_of_long_texts_are_asked_for_in_smaller_pieces),
        cmocka_unit_test(a_comparison_survives_the_power_at_every_touch),
    };
    return cmocka_run_group_tests_name("scenario.survey", tests, NULL, NULL);
}
