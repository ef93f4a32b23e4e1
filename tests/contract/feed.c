/* What is promised of the enumeration and the feed: nobody is skipped, whatever happens between two pages. */
#include "tests/contract/trial.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void an_enumeration_names_everybody(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *everyone = trial_everybody(t);
    trial_drain(t, &cursor, seen);
    trial_assert_told(everyone, seen);
    assert_non_null(cursor);
}

static void an_enumeration_costs_little(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *everyone = trial_everybody(t);
    sandbox_calls_clear(t->box);
    trial_drain(t, &cursor, seen);
    assert_true(trial_calls(t, "total") <= (int64_t)(4 * json_object_size(everyone) / t->c->page + 20));
    assert_int_equal(trial_calls(t, "writes"), 0);
}

/* Between any two pages people edit, move to other places of the lists, and arrive. */
static void pages_never_skip_under_live_edits(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FEED);
    const char *const fields[] = {t->c->text, NULL};
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *before = trial_everybody(t);
    bool more = true;
    for (size_t pages = 0; more; pages++) {
        AUTO(page_done) struct page page = {0};
        assert_true(pages < TRIAL_PAGES);
        more = trial_page(t, fields, &cursor, &page);
        trial_note(&page, seen);
        sandbox_advance(t->box, 1000);
        for (size_t i = 0; pages < 60 && i < 5; i++)
            trial_deed(t, i % 2 ? DEED_TOUCH : DEED_TEXT, trial_nth(before, pages * 37 + i * 11), "edited");
        if (pages < 20)
            trial_deed(t, DEED_ADD, NULL, NULL);
    }
    AUTO_JSON json_t *everyone = trial_everybody(t);
    trial_follow(t, &cursor, seen);
    trial_assert_told(everyone, seen);
}

static void the_feed_tells_what_changed(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *walk = json_object(), *told = json_object(), *everyone = trial_everybody(t), *changed = json_object();
    trial_follow(t, &cursor, walk);
    for (size_t i = 0; i < 30; i++) {
        const char *id = trial_nth(everyone, i * 7);
        js_set(changed, id, json_true());
        trial_deed(t, DEED_TEXT, id, "changed by a person");
        sandbox_advance(t->box, 200);
    }
    trial_follow(t, &cursor, told);
    trial_assert_told(changed, told);
}

static void a_quiet_feed_stays_quiet(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *everyone = trial_everybody(t);
    trial_follow(t, &cursor, seen);
    trial_deed(t, DEED_TEXT, trial_nth(everyone, 1), "the last word");
    trial_follow(t, &cursor, seen);
    for (int i = 0; i < 5; i++) {
        AUTO(page_done) struct page page = {0};
        sandbox_advance(t->box, 60000);
        trial_page(t, NULL, &cursor, &page);
        assert_false(page.gap);
        assert_false(page.more);
    }
}

static void a_page_may_be_asked_for_twice(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FEED);
    AUTO_FREE char *cursor = NULL, *again = NULL;
    AUTO_JSON json_t *walk = json_object(), *one = json_object(), *two = json_object(), *everyone = trial_everybody(t);
    trial_follow(t, &cursor, walk);
    trial_deed(t, DEED_TEXT, trial_nth(everyone, 3), "told twice");
    sandbox_advance(t->box, t->c->feed_lag_ms);
    again = mem_dup(cursor);
    trial_drain(t, &cursor, one);
    trial_drain(t, &again, two);
    trial_assert_told(one, two);
    assert_non_null(json_object_get(two, trial_nth(everyone, 3)));
}

static void a_fault_in_the_middle_skips_nobody(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FEED);
    AUTO_FREE char *cursor = NULL;
    AUTO_JSON json_t *seen = json_object(), *everyone = trial_everybody(t);
    const char *const fields[] = {t->c->text, NULL};
    bool more = true;
    for (int pages = 0; more; pages++) {
        AUTO(page_done) struct page page = {0};
        if (pages % 2)
            sandbox_fault(t->box, "{\"do\":\"status\",\"status\":503,\"times\":1}");
        assert_true(pages < TRIAL_PAGES);
        more = trial_page(t, fields, &cursor, &page);
        trial_note(&page, seen);
    }
    trial_assert_told(everyone, seen);
}

static void a_cursor_of_nonsense_skips_nobody(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FEED);
    AUTO_FREE char *cursor = mem_dup("{\"nonsense\":[1,2");
    AUTO_JSON json_t *seen = json_object(), *everyone = trial_everybody(t);
    struct err err = {0};
    AUTO(page_done) struct page page = {0};
    if (!t->c->kind->changes(t->ep, t->c->object, NULL, cursor, &page, &err))
        return; /* refusing it is as good */
    trial_drain(t, &cursor, seen);
    trial_assert_told(everyone, seen);
}

const struct promise feed_promises[] = {
    PROMISE(an_enumeration_names_everybody),
    PROMISE(an_enumeration_costs_little),
    PROMISE(pages_never_skip_under_live_edits),
    PROMISE(the_feed_tells_what_changed),
    PROMISE(a_quiet_feed_stays_quiet),
    PROMISE(a_page_may_be_asked_for_twice),
    PROMISE(a_fault_in_the_middle_skips_nobody),
    PROMISE(a_cursor_of_nonsense_skips_nobody),
    {0},
};
