/* Who comes first: a live edit, however much of a backfill waits. */
#include "bridge/sync/worker.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "tests/base/asserts.h"
#include "tests/kit/world.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_live_edit_shares_no_batch_with_a_backfill),
        cmocka_unit_test(a_walk_is_taken_page_by_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
