/* Bulk jobs: envelopes of ops, and who would be worth one. */
#include "tests/io/store_kit.h"

static int64_t op_in(struct kit *k, int64_t link, int64_t bulk)
{
    AUTO_FREE char *trace = mem_printf("t%lld", (long long)link);
    struct op op = {.link = link, .route = "sales", .side = 1, .kind = "create", .trace = trace, .bulk = bulk};
    must(store_op_put(k->st, &op, err));
    return op.id;
}

static size_t ops_in(struct kit *k, int64_t bulk, int64_t after)
{
    struct op *ops = NULL;
    size_t n = 0;
    must(store_ops_bulk(k->st, bulk, after, 100, &ops, &n, err));
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ops[i].bulk, bulk);
    ops_free(ops, n);
    return n;
}

static void a_job_keeps_its_ticket_and_comes_when_it_is_due(void **state)
{
    struct kit *k = *state;
    struct bulk *list = NULL, one = {.route = "sales", .object = "prospect", .due = 900, .rows = 3}, two = one;
    size_t n = 0;
    int64_t total = 0, next = 0;
    must(store_bulk_put(k->st, &one, err));
    two.due = 500;
    must(store_bulk_put(k->st, &two, err));
    two.ticket = "750x Key__c";
    two.attempts = 4;
    must(store_bulk_put(k->st, &two, err));
    must(store_bulks(k->st, "sales", &list, &n, err));
    assert_int_equal(n, 2);
    assert_int_equal(list[0].id, two.id);
    assert_string_equal(list[0].ticket, "750x Key__c");
    assert_string_equal(list[0].object, "prospect");
    assert_int_equal(list[0].attempts, 4);
    assert_null(list[1].ticket);
    assert_int_equal(list[1].rows, 3);
    bulks_free(list, n);
    must(store_jobs_count(k->st, "sales", &total, &next, err));
    assert_int_equal(total, 0);
    assert_int_equal(next, 500); /* whoever waits for the route wakes up for it */
    must(store_bulk_delete(k->st, two.id, err));
    must(store_bulk_delete(k->st, one.id, err));
    must(store_jobs_count(k->st, "sales", &total, &next, err));
    assert_int_equal(next, WHEN_NEVER);
    struct err err = {0};
    assert_false(store_bulk_put(k->st, &one, &err)); /* it is over */
    assert_int_equal(err.kind, ERR_STALE);
}

static void ops_ride_and_change_over_and_get_off(void **state)
{
    struct kit *k = *state;
    int64_t first = op_in(k, 1, 7), second = op_in(k, 2, 7);
    op_in(k, 3, 7);
    op_in(k, 4, 0);
    assert_int_equal(ops_in(k, 7, 0), 3);
    assert_int_equal(ops_in(k, 7, second), 1);
    assert_int_equal(ops_in(k, 0, 0), 0); /* those that ride nowhere are in no job */
    must(store_bulk_move(k->st, 7, first, 8, err));
    assert_int_equal(ops_in(k, 7, 0), 1);
    assert_int_equal(ops_in(k, 8, 0), 2);
    struct op *ops = NULL;
    size_t n = 0;
    must(store_ops_bulk(k->st, 7, 0, 1, &ops, &n, err));
    ops[0].bulk = 0;
    must(store_op_put(k->st, &ops[0], err));
    ops_free(ops, n);
    assert_int_equal(ops_in(k, 7, 0), 0);
}

static void mark(struct kit *k, const char *key, int lane, int64_t due)
{
    must(store_job_mark(k->st, "sales", "prospect", key, lane, due, "scan", err));
}

static void who_is_due_and_has_no_record_is_counted_up_to_a_limit(void **state)
{
    struct kit *k = *state;
    int64_t n = 0;
    mark(k, "x:1", LANE_BACKFILL, 10);
    mark(k, "x:2", LANE_RECONCILE, 10);
    mark(k, "x:3", LANE_LIVE, 10);      /* somebody waits */
    mark(k, "x:4", LANE_BACKFILL, 999); /* not yet */
    mark(k, "x:5", LANE_BACKFILL, 10);
    struct link link = {.route = "sales", .object = "prospect", .key = "x:5", .t_type = "Lead", .t_id = "00Q", .state = LINK_LINKED};
    must(store_link_put(k->st, &link, err));
    mark(k, "x:6", LANE_BACKFILL, 10);
    struct link begun = {.route = "sales", .object = "prospect", .key = "x:6", .t_type = "Lead", .state = LINK_CREATING};
    must(store_link_put(k->st, &begun, err));
    must(store_bulk_due(k->st, "sales", "prospect", LANE_BACKFILL, 100, 50, &n, err));
    assert_int_equal(n, 3);
    must(store_bulk_due(k->st, "sales", "prospect", LANE_BACKFILL, 100, 2, &n, err));
    assert_int_equal(n, 2);
    must(store_bulk_due(k->st, "sales", "deal", LANE_BACKFILL, 100, 50, &n, err));
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_job_keeps_its_ticket_and_comes_when_it_is_due),
        KIT_TEST(ops_ride_and_change_over_and_get_off),
        KIT_TEST(who_is_due_and_has_no_record_is_counted_up_to_a_limit),
    };
    return cmocka_run_group_tests_name("io.store_bulk", tests, NULL, NULL);
}
