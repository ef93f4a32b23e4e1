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

/* Jobs that read: what they told is kept link by link, goes with them, and can go before. */
static void what_a_query_told_is_kept_until_it_is_over(void **state)
{
    struct kit *k = *state;
    struct bulk *list = NULL, one = {.route = "sales", .object = "prospect", .kind = BULK_QUERY, .due = 900, .begun = 800};
    size_t n = 0;
    must(store_bulk_put(k->st, &one, err));
    one.over = true;
    one.error = "the service had no mind to";
    one.begun = 7; /* is given by the insert */
    must(store_bulk_put(k->st, &one, err));
    must(store_bulks(k->st, "sales", &list, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].kind, BULK_QUERY);
    assert_int_equal(list[0].begun, 800);
    assert_true(list[0].over);
    assert_string_equal(list[0].error, "the service had no mind to");
    bulks_free(list, n);
    for (int64_t link = 1; link <= 5; link++) {
        AUTO_JSON json_t *record = json_pack("{s:I}", "n", (json_int_t)link);
        must(store_seen_put(k->st, link, link < 5 ? one.id : one.id + 1, record, err));
    }
    AUTO_JSON json_t *later = json_pack("{s:i}", "n", 33), *seen = NULL;
    must(store_seen_put(k->st, 3, one.id, later, err));
    must(store_seen_get(k->st, 3, &seen, err));
    assert_true(json_equal(seen, later));
    must(store_seen_drop(k->st, 2, err));
    must(store_seen_clear(k->st, one.id, 2, &n, err));
    assert_int_equal(n, 2);
    must(store_seen_clear(k->st, one.id, 2, &n, err));
    assert_int_equal(n, 1);
    must(store_seen_clear(k->st, one.id, 2, &n, err));
    assert_int_equal(n, 0);
    AUTO_JSON json_t *none = NULL, *others = NULL;
    must(store_seen_get(k->st, 3, &none, err));
    assert_null(none);
    must(store_seen_get(k->st, 5, &others, err));
    assert_non_null(others); /* another job's */
}

static void who_has_a_record_of_that_type_is_counted_up_to_a_limit(void **state)
{
    struct kit *k = *state;
    static const char *const types[] = {"Lead", "Lead", "Contact", "Lead"};
    int64_t n = 0;
    for (int i = 0; i < 4; i++) {
        AUTO_FREE char *key = mem_printf("x:%d", i), *id = mem_printf("00Q%d", i);
        struct link link = {.route = "sales", .object = "prospect", .key = key, .t_type = (char *)types[i], .t_id = id,
                            .state = i == 3 ? LINK_DETACHED : LINK_LINKED};
        must(store_link_put(k->st, &link, err));
    }
    must(store_links_many(k->st, "sales", "prospect", "Lead", 10, &n, err));
    assert_int_equal(n, 2);
    must(store_links_many(k->st, "sales", "prospect", "Lead", 1, &n, err));
    assert_int_equal(n, 1);
    must(store_links_many(k->st, "other", "prospect", "Lead", 10, &n, err));
    assert_int_equal(n, 0);
}

/* Who is only compared waits for a query under way, and nobody wakes up for them before it does. */
static void comparisons_wait_for_a_query_under_way(void **state)
{
    struct kit *k = *state;
    int64_t total = 0, next = 0;
    struct bulk query = {.route = "sales", .object = "prospect", .kind = BULK_QUERY, .due = 700};
    mark(k, "x:1", LANE_RECONCILE, 10);
    must(store_bulk_put(k->st, &query, err));
    must(store_jobs_count(k->st, "sales", &total, &next, err));
    assert_int_equal(total, 1);
    assert_int_equal(next, 700);
    mark(k, "x:2", LANE_LIVE, 20);
    must(store_jobs_count(k->st, "sales", &total, &next, err));
    assert_int_equal(next, 20);
    struct job *jobs = NULL;
    size_t n = 0;
    must(store_jobs_due(k->st, "sales", 100, LANE_RECONCILE, NULL, 10, &jobs, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(jobs[0].key, "x:2");
    jobs_free(jobs, n);
    query.over = true;
    query.due = WHEN_NEVER;
    must(store_bulk_put(k->st, &query, err));
    must(store_jobs_count(k->st, "sales", &total, &next, err));
    assert_int_equal(next, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_job_keeps_its_ticket_and_comes_when_it_is_due),
        KIT_TEST(ops_ride_and_change_over_and_get_off),
        KIT_TEST(who_is_due_and_has_no_record_is_counted_up_to_a_limit),
        KIT_TEST(what_a_query_told_is_kept_until_it_is_over),
        KIT_TEST(who_has_a_record_of_that_type_is_counted_up_to_a_limit),
        KIT_TEST(comparisons_wait_for_a_query_under_way),
    };
    return cmocka_run_group_tests_name("io.store_bulk", tests, NULL, NULL);
}
