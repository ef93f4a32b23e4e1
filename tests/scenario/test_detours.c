/* What goes the road with a detour: undo, cut off at every touch; adopting after the store was lost; the full comparison, class
 * by class; a paused route. */
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/adopt.h"
#include "bridge/sync/drift.h"
#include "bridge/sync/pause.h"
#include "bridge/sync/undo.h"
#include "bridge/sync/worker.h"
#include "tests/kit/must.h"
#include "tests/kit/world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* after the standard headers */
#include <cmocka.h>

/* ---- people ---- */

static json_t *contact(struct world *w, size_t i)
{
    AUTO_FREE char *key = world_key(w, i);
    json_t *c = world_contact(w, key);
    assert_non_null(c);
    return c;
}

static void edit_crm(struct world *w, size_t i, const char *set)
{
    AUTO_JSON json_t *c = contact(w, i);
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{%s}}", js_str(c, "id"), set));
}

static char *prop(struct world *w, size_t i, const char *name)
{
    AUTO_JSON json_t *c = contact(w, i);
    return mem_dup(js_str_or(json_object_get(c, "properties"), name, ""));
}

static char *context(struct world *w, size_t i, const char *name)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    return js_print(json_object_get(json_object_get(p, "context"), name));
}

static void assert_text(char *taken, const char *wanted)
{
    assert_string_equal(taken, wanted);
    free(taken);
}

/* ---- undo ---- */

struct before {
    char *valuation, *notes, *valuation_3;
};

static void note_before(struct world *w, struct before *b)
{
    *b = (struct before){prop(w, 0, "inbox_valuation"), context(w, 1, "notes"), prop(w, 3, "inbox_valuation")};
}

static void before_done(struct before *b)
{
    free(b->valuation);
    free(b->notes);
    free(b->valuation_3);
}

/* One run: a value that goes to the CRM, one that goes to Inbox, tags that merge, and one a person edits again afterwards. */
static int64_t live_run(struct world *w, struct before *b)
{
    int64_t run = 0;
    world_settle(w);
    note_before(w, b);
    must(store_run_start(w->store, "r", "sync", &run, err));
    w->route->run = run;
    world_edit_inbox(w, 0, "'context.valuation':777");
    edit_crm(w, 1, "'inbox_notes':'from the CRM'");
    world_edit_inbox(w, 2, "'context.tags':['VIP','Lead']");
    edit_crm(w, 2, "'inbox_tags':'Press;VIP;Investor'");
    world_edit_inbox(w, 3, "'context.valuation':5");
    world_settle(w);
    w->route->run = 0;
    edit_crm(w, 3, "'inbox_valuation':'6'");
    assert_true(world_pass(w, 0) || w->out);
    return run;
}

static json_t *row_of(struct world *w, json_t *rows, int64_t link_id)
{
    AUTO_FREE char *id = mem_printf("%lld", (long long)link_id);
    struct link link __attribute__((cleanup(link_done))) = {0};
    bool found = false;
    if (!json_object_get(rows, id)) {
        must(store_link_by_id(w->store, link_id, &link, &found, err));
        js_set(rows, id, json_pack("{s:s,s:{}}", "key", link.key, "cells"));
    }
    return json_object_get(rows, id);
}

/* The oldest value written over, the newest shadows. */
static json_t *rows_of(struct world *w, int64_t run)
{
    struct log_row *log = NULL;
    size_t n = 0;
    json_t *rows = json_object();
    must(store_log_run(w->store, run, 0, 1000, &log, &n, err));
    for (size_t i = 0; i < n; i++) {
        const char *field;
        json_t *note, *cells = json_object_get(row_of(w, rows, log[i].link), "cells");
        json_object_foreach (log[i].cells, field, note) {
            const char *side = js_str(note, "side");
            if (!side)
                continue;
            bool both = str_eq(side, "both");
            js_set(cells, field,
                   json_pack("{s:O,s:O,s:O}", "s", json_object_get(note, "s"), "t", json_object_get(note, "t"),
                             both ? "crm" : side, json_object_get(note, "old")));
            if (both)
                json_object_set(json_object_get(cells, field), "inbox", json_object_get(note, "old_inbox"));
        }
    }
    log_rows_free(log, n);
    return rows;
}

static bool undo(struct world *w, int64_t run, bool dry, json_t **out)
{
    json_t *rows[8], *row;
    struct job jobs[8];
    size_t n = 0;
    const char *id;
    struct err err = {0};
    bool found = false, ok = true;
    *out = rows_of(w, run);
    json_object_foreach (*out, id, row) {
        const char *key = js_str(row, "key");
        ok = ok && store_job_mark(w->store, "r", "prospect", key, LANE_LIVE, 0, "undo", &err) &&
             store_job_get(w->store, "r", "prospect", key, &jobs[n], &found, &err);
        rows[n] = row;
        n += ok;
    }
    ok = ok && sync_undo(w->route, run, jobs, rows, n, dry, &err);
    for (size_t i = 0; i < n; i++)
        job_done(&jobs[i]);
    if (!ok && !w->out)
        fail_msg("%s", err.text);
    return ok;
}

static size_t listed(const json_t *rows, const char *name)
{
    const char *id;
    json_t *row;
    size_t n = 0;
    json_object_foreach ((json_t *)rows, id, row)
        n += json_array_size(json_object_get(row, name));
    return n;
}

static void assert_undone(struct world *w, const struct before *b)
{
    assert_text(prop(w, 0, "inbox_valuation"), b->valuation);
    assert_text(context(w, 0, "valuation"), "777"); /* what a person wrote stays */
    assert_text(context(w, 1, "notes"), b->notes);
    assert_text(prop(w, 1, "inbox_notes"), "from the CRM");
    assert_text(prop(w, 3, "inbox_valuation"), "6"); /* edited since */
    AUTO_FREE char *broken = world_broken(w);
    if (broken)
        fail_msg("%s", broken);
}

static void undo_puts_back_what_both_sides_still_hold_and_nothing_else(void **state)
{
    (void)state;
    struct world *w = world_new(42, 4, NULL);
    struct before b;
    int64_t run = live_run(w, &b);
    AUTO_JSON json_t *dry = NULL, *rows = NULL;
    int64_t writes[2] = {world_writes(w, 0), world_writes(w, 1)};
    assert_true(undo(w, run, true, &dry));
    assert_int_equal(world_writes(w, 0), writes[0]);
    assert_int_equal(world_writes(w, 1), writes[1]);
    assert_true(undo(w, run, false, &rows));
    assert_int_equal(listed(dry, "undone"), listed(rows, "undone"));
    assert_int_equal(listed(rows, "undone"), 4); /* two values, and the tags on both sides */
    assert_int_equal(listed(rows, "kept"), 1);
    world_settle(w);
    AUTO_FREE char *there = prop(w, 2, "inbox_tags");
    assert_true(strlen(there) == strlen("Press;VIP;Investor") && strstr(there, "Press") && strstr(there, "Investor"));
    AUTO_JSON json_t *here = world_prospect(w, 2);
    assert_int_equal(json_array_size(json_object_get(json_object_get(here, "context"), "tags")), 2);
    assert_undone(w, &b);
    AUTO_JSON json_t *again = NULL;
    assert_true(undo(w, run, false, &again)); /* twice is once */
    assert_int_equal(listed(again, "undone"), 0);
    before_done(&b);
    world_free(w);
}

/* Returns the touches the undo took. */
static int64_t undo_cut_at(int64_t k)
{
    struct world *w = world_new(42, 4, NULL);
    struct before b;
    int64_t run = live_run(w, &b), touches = 0;
    AUTO_JSON json_t *rows = NULL, *again = NULL;
    world_watch(w, k);
    undo(w, run, false, &rows);
    touches = w->touches;
    world_settle(w);
    if (k)
        assert_true(undo(w, run, false, &again));
    world_settle(w);
    assert_undone(w, &b);
    before_done(&b);
    world_free(w);
    return touches;
}

static void an_undo_cut_off_at_any_touch_is_finished_by_the_next(void **state)
{
    (void)state;
    int64_t n = undo_cut_at(0);
    assert_true(n > 4);
    for (int64_t k = 1; k <= n; k++)
        undo_cut_at(k);
    print_message("undo: %lld touches, each cut once\n", (long long)n);
}

/* ---- adopt ---- */

struct seen {
    json_t *counts, *differs;
};

static void see(void *self, const json_t *row)
{
    struct seen *s = self;
    const char *act = js_str(row, "act") ? js_str(row, "act") : js_str(row, "class");
    js_set(s->counts, act, json_integer(js_int_or(s->counts, act, 0) + 1));
    json_array_extend(s->differs, json_object_get(row, "differs"));
}

static void take_in(struct world *w)
{
    must(intake_all(&w->intake[1], NULL, NULL, err));
    must(intake_all(&w->intake[0], NULL, NULL, err));
}

static void adopt(struct world *w, bool dry, struct seen *s)
{
    struct job *jobs = NULL;
    size_t n = 0;
    *s = (struct seen){json_object(), json_array()};
    must(store_jobs_due(w->store, "r", WHEN_NEVER - 1, LANES, NULL, 1000, &jobs, &n, err));
    must(sync_adopt(w->route, jobs, n, dry, see, s, err));
    jobs_free(jobs, n);
}

static void seen_done(struct seen *s)
{
    json_decref(s->counts);
    json_decref(s->differs);
}

static void adopting_after_the_store_was_lost_creates_and_writes_nothing(void **state)
{
    (void)state;
    struct world *w = world_new(7, 20, NULL);
    struct seen plan, done;
    int64_t links[8] = {0};
    world_settle(w);
    world_stop(w);
    unlink(w->path);
    int64_t writes[2] = {world_writes(w, 0), world_writes(w, 1)};
    assert_true(world_start(w));
    take_in(w);
    adopt(w, true, &plan);
    must(store_link_counts(w->store, "r", links, err));
    assert_int_equal(links[LINK_LINKED], 0);
    adopt(w, false, &done);
    assert_true(js_equal(plan.counts, done.counts));
    assert_int_equal(js_int_or(done.counts, "linked", 0), 20);
    assert_int_equal(json_array_size(done.differs), 0);
    must(store_link_counts(w->store, "r", links, err));
    assert_int_equal(links[LINK_LINKED], 20);
    world_settle(w);
    AUTO_FREE char *broken = world_broken(w);
    assert_null(broken);
    assert_int_equal(world_writes(w, 0), writes[0]);
    assert_int_equal(world_writes(w, 1), writes[1]);
    seen_done(&plan);
    seen_done(&done);
    world_free(w);
}

static void adopting_leaves_what_differs_and_what_has_no_key_to_the_next_sync(void **state)
{
    (void)state;
    struct world *w = world_new(7, 5, NULL);
    struct seen done;
    world_settle(w);
    world_stop(w);
    unlink(w->path);
    edit_crm(w, 1, "'inbox_valuation':'12345'");
    edit_crm(w, 2, "'inbox_prospect_key':''");
    int64_t writes = world_writes(w, 1);
    assert_true(world_start(w));
    take_in(w);
    adopt(w, false, &done);
    assert_int_equal(js_int_or(done.counts, "linked", 0), 4);
    assert_int_equal(js_int_or(done.counts, "unmatched", 0), 1);
    assert_int_equal(json_array_size(done.differs), 1);
    assert_string_equal(json_string_value(json_array_get(done.differs, 0)), "valuation");
    assert_int_equal(world_writes(w, 1), writes);
    AUTO_FREE char *valuation = context(w, 1, "valuation");
    world_settle(w);
    assert_text(prop(w, 1, "inbox_valuation"), valuation); /* initial = source */
    seen_done(&done);
    world_free(w);
}

/* ---- drift ---- */

static const char held_mapping[] = "prospect = {\n"
                                   "  crm = \"contacts\"; key = \"inbox_prospect_key\"; match = ( "
                                   "\"inbox_prospect_key\" ); create = true; max_creates = 1000000;\n"
                                   "  fields = (\n"
                                   "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = "
                                   "\"inbox_valuation\"; conflict = \"crm\"; initial = \"source\"; },\n"
                                   "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"inbox_notes\"; conflict "
                                   "= \"hold\"; initial = \"source\"; }\n"
                                   "  );\n"
                                   "};\n";

static void set_state(struct world *w, size_t i, enum link_state to)
{
    struct link link __attribute__((cleanup(link_done))) = world_link(w, "r", i);
    link.state = to;
    must(store_link_put(w->store, &link, err));
}

static void plant(struct world *w)
{
    world_edit_inbox(w, 3, "'context.notes':'one'");
    edit_crm(w, 3, "'inbox_notes':'other'");
    AUTO_JSON json_t *five = contact(w, 5);
    world_settle(w); /* 3 is held now */
    world_edit_inbox(w, 0, "'context.valuation':1001");
    edit_crm(w, 1, "'inbox_valuation':'1002'");
    world_edit_inbox(w, 2, "'context.valuation':1003");
    edit_crm(w, 2, "'inbox_valuation':'1004'");
    world_edit_inbox(w, 12, "'context.notes':'a new one'");
    edit_crm(w, 12, "'inbox_notes':'another new one'");
    AUTO_JSON json_t *four = contact(w, 4), *six = contact(w, 6), *seven = contact(w, 7);
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','delete':true}", js_str(four, "id")));
    set_state(w, 5, LINK_DETACHED);
    json_decref(
        world_edit(w, 1, "{'object':'contact','id':'%s','merge_into':'%s'}", js_str(six, "id"), js_str(seven, "id")));
    struct link eight __attribute__((cleanup(link_done))) = world_link(w, "r", 8);
    must(store_link_delete(w->store, eight.id, err));
    set_state(w, 9, LINK_AMBIGUOUS);
    set_state(w, 10, LINK_TOMBSTONE);
}

static void the_full_comparison_names_every_class_and_writes_nothing(void **state)
{
    (void)state;
    struct world *w = world_new(5, 14, held_mapping);
    struct seen s = {json_object(), json_array()};
    struct subject *all = NULL;
    struct job jobs[20];
    size_t n = 0;
    int64_t wait = 0;
    world_settle(w);
    plant(w);
    sandbox_advance(w->box, 130 * 1000);
    must(intake_restart(&w->intake[0], err));
    take_in(w);
    int64_t writes[2] = {world_writes(w, 0), world_writes(w, 1)};
    must(store_subjects_after(w->store, "inbox", "prospect", NULL, 20, &all, &n, err));
    for (size_t i = 0; i < n; i++)
        jobs[i] = (struct job){.object = (char *)"prospect", .key = all[i].key, .why = (char *)"compare"};
    struct tally before = w->route->tally;
    must(sync_drift(w->route, jobs, n, see, &s, &wait, err));
    assert_int_equal(wait, 0);
    assert_memory_equal(&before, &w->route->tally, sizeof before);
    static const struct {
        const char *class;
        int n;
    } wanted[] = {{"in_sync", 2},        {"s_ahead", 1},        {"t_ahead", 1},  {"conflict", 2},
                  {"held", 1},           {"missing_in_crm", 1}, {"detached", 1}, {"merged", 2},
                  {"unlinked_match", 1}, {"duplicate_key", 1},  {"excluded", 1}};
    AUTO_FREE char *told = js_print(s.counts);
    for (size_t i = 0; i < COUNT(wanted); i++)
        if (js_int_or(s.counts, wanted[i].class, 0) != wanted[i].n)
            fail_msg("%s is not %d: %s", wanted[i].class, wanted[i].n, told);
    assert_int_equal(world_writes(w, 0), writes[0]);
    assert_int_equal(world_writes(w, 1), writes[1]);
    /* the same on schedule: marked, worked off, counted on the way */
    AUTO_JSON json_t *counted = NULL, *none = json_object();
    must(drift_count_from(w->route, none, err));
    must(store_begin(w->store, err));
    for (size_t i = 0; i < n; i++)
        must(store_job_mark(w->store, "r", "prospect", jobs[i].key, LANE_RECONCILE, 0, "compare", err));
    must(store_commit(w->store, err));
    must(worker_quiet(w->route, NULL, NULL, err));
    must(drift_counts(w->route, &counted, err));
    AUTO_FREE char *scheduled = js_print(counted);
    if (!js_equal(counted, s.counts))
        fail_msg("by hand %s, on schedule %s", told, scheduled);
    subjects_free(all, n);
    seen_done(&s);
    world_free(w);
}

/* ---- pause ---- */

static void a_paused_route_takes_in_but_works_nothing_across_a_restart(void **state)
{
    (void)state;
    struct world *w = world_new(3, 3, NULL);
    int64_t jobs = 0, next = 0;
    world_settle(w);
    must(pause_set(w->store, "r", true, 1000, err));
    must(pause_set(w->store, "r", true, 2000, err));
    must(pause_since(w->store, "r", &next, err));
    assert_int_equal(next, 1000);
    world_edit_inbox(w, 0, "'context.valuation':4242");
    world_stop(w);
    assert_true(world_start(w));
    int64_t writes = world_writes(w, 1);
    sandbox_advance(w->box, 130 * 1000);
    assert_true(world_pass(w, 0));
    assert_int_equal(world_writes(w, 1), writes);
    must(store_jobs_count(w->store, "r", &jobs, &next, err));
    assert_int_equal(jobs, 1);
    must(pause_set(w->store, "r", false, 3000, err));
    world_settle(w);
    assert_text(prop(w, 0, "inbox_valuation"), "4242");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(undo_puts_back_what_both_sides_still_hold_and_nothing_else),
        cmocka_unit_test(an_undo_cut_off_at_any_touch_is_finished_by_the_next),
        cmocka_unit_test(adopting_after_the_store_was_lost_creates_and_writes_nothing),
        cmocka_unit_test(adopting_leaves_what_differs_and_what_has_no_key_to_the_next_sync),
        cmocka_unit_test(the_full_comparison_names_every_class_and_writes_nothing),
        cmocka_unit_test(a_paused_route_takes_in_but_works_nothing_across_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
