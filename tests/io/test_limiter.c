/* The limiter, by a clock of our own: nothing here waits. */
#include "bridge/base/js.h"
#include "bridge/io/limiter.h"
#include "tests/base/asserts.h"

#define NOON 1800000000000LL
#define MINUTE 60000LL
#define DAY (1440 * MINUTE)

static const struct limiter_bucket inbox_like[] = {{"main", false, {{MINUTE, 300}, {60 * MINUTE, 10000}, {1440 * MINUTE, 100000}}}};
static const struct limiter_bucket hubspot_like[] = {{"main", false, {{10000, 100}, {0, 0}, {0, 0}}}, {"search", false, {{1000, 5}, {0, 0}, {0, 0}}}};

static unsigned take_all(struct limiter *l, int64_t now, unsigned bucket, enum lane lane)
{
    unsigned n = 0;
    while (limiter_take(l, now, bucket, lane, 1) == 0)
        n++;
    return n;
}

static void no_span_of_the_window_ever_holds_more_than_the_limit(void **state)
{
    struct limiter *l = limiter_new(inbox_like, 1, 1, 1);
    enum { SECONDS = 600 };
    unsigned taken[SECONDS] = {0}, total = 0;
    (void)state;
    for (int s = 0; s < SECONDS; s++)
        for (int i = 0; i < 13; i++) /* more than is allowed, all the time */
            taken[s] += limiter_take(l, NOON + s * 1000 + i * 70, 0, LANE_LIVE, 1) == 0;
    for (int s = 0; s + 60 <= SECONDS; s++) {
        unsigned in_window = 0;
        for (int i = 0; i < 60; i++)
            in_window += taken[s + i];
        assert_in_range(in_window, 0, 300);
    }
    for (int s = 0; s < SECONDS; s++)
        total += taken[s];
    assert_in_range(total, 2700, 3000); /* and little of it is wasted */
    limiter_free(l);
}

static void the_answer_is_how_long_to_wait(void **state)
{
    struct limiter *l = limiter_new(hubspot_like, 1, 1, 1);
    (void)state;
    assert_int_equal(take_all(l, NOON, 0, LANE_LIVE), 100);
    int64_t wait = limiter_take(l, NOON, 0, LANE_LIVE, 1);
    assert_in_range(wait, 10000, 10500);
    assert_true(limiter_take(l, NOON + wait - 500, 0, LANE_LIVE, 1) > 0);
    assert_int_equal(limiter_take(l, NOON + wait, 0, LANE_LIVE, 1), 0);
    limiter_free(l);
}

static void the_tightest_of_several_windows_decides(void **state)
{
    struct limiter *l = limiter_new(inbox_like, 1, 1, 1);
    int64_t now = NOON;
    unsigned n = 0;
    (void)state;
    for (; now < NOON + 59 * MINUTE; now += 61000)
        n += take_all(l, now, 0, LANE_LIVE);
    assert_in_range(n, 9900, 10000); /* the hour is full long before 58 minutes of 300 */
    assert_true(limiter_take(l, now, 0, LANE_LIVE, 1) > 0);
    limiter_free(l);
}

static void a_named_bucket_counts_in_the_main_one_too(void **state)
{
    struct limiter *l = limiter_new(hubspot_like, 2, 1, 1);
    (void)state;
    assert_int_equal(take_all(l, NOON, 1, LANE_LIVE), 5);
    assert_int_equal(limiter_used(l, NOON, 1, 1000), 5);
    assert_int_equal(limiter_used(l, NOON, 0, 10000), 5);
    assert_int_equal(take_all(l, NOON, 0, LANE_LIVE), 95);
    assert_int_equal(limiter_room(l, NOON + 2000, 1, LANE_LIVE), 0); /* the main one is full */
    limiter_free(l);
}

static void a_bucket_alone_leaves_the_main_one_in_peace(void **state)
{
    const struct limiter_bucket two[] = {{"main", false, {{10000, 10}}}, {"bulk", true, {{10000, 10}}}};
    struct limiter *l = limiter_new(two, 2, 1, 1);
    (void)state;
    assert_int_equal(take_all(l, NOON, 1, LANE_LIVE), 10);
    assert_int_equal(take_all(l, NOON, 0, LANE_LIVE), 10);
    limiter_free(l);
}

static void a_backfill_leaves_room_for_live_calls_and_takes_what_is_idle(void **state)
{
    struct limiter *l = limiter_new(hubspot_like, 1, 1, 1);
    (void)state;
    unsigned backfill = take_all(l, NOON, 0, LANE_BACKFILL);
    assert_in_range(backfill, 75, 90);             /* far more than its own 15 % */
    assert_in_range(limiter_room(l, NOON, 0, LANE_LIVE), 10, 25); /* yet live calls find room at once */
    assert_int_equal(limiter_room(l, NOON, 0, LANE_RECONCILE), 0);
    limiter_free(l);
}

static void the_fill_and_the_days_budget_keep_below_the_limit(void **state)
{
    const struct limiter_bucket day[] = {{"main", false, {{1440 * MINUTE, 1000}}}};
    struct limiter *l = limiter_new(day, 1, 0.9, 0.7);
    (void)state;
    unsigned backfill = take_all(l, NOON, 0, LANE_RECONCILE);
    assert_in_range(backfill, 500, 700);
    assert_in_range(backfill + take_all(l, NOON, 0, LANE_LIVE), 895, 900);
    limiter_free(l);
}

static void a_wait_the_service_asked_for_is_kept(void **state)
{
    struct limiter *l = limiter_new(hubspot_like, 2, 1, 1);
    (void)state;
    limiter_wait_until(l, 0, NOON + 30000);
    limiter_wait_until(l, 0, NOON + 10000); /* a shorter one does not undo it */
    assert_int_equal(limiter_take(l, NOON, 0, LANE_LIVE, 1), 30000);
    assert_int_equal(limiter_take(l, NOON, 1, LANE_LIVE, 1), 30000); /* searches count in the main bucket */
    assert_int_equal(limiter_room(l, NOON, 0, LANE_LIVE), 0);
    assert_int_equal(limiter_take(l, NOON + 30000, 0, LANE_LIVE, 1), 0);
    limiter_free(l);
}

static void what_others_used_up_is_believed(void **state)
{
    struct limiter *l = limiter_new(hubspot_like, 1, 1, 1);
    (void)state;
    assert_int_equal(limiter_take(l, NOON, 0, LANE_LIVE, 10), 0);
    limiter_seen(l, NOON, 0, 10000, 100, 40); /* ten are ours, fifty somebody else's */
    assert_int_equal(take_all(l, NOON, 0, LANE_LIVE), 40);
    limiter_seen(l, NOON, 0, 10000, 250, 250); /* a larger plan was bought */
    assert_int_equal(take_all(l, NOON, 0, LANE_LIVE), 200);
    limiter_seen(l, NOON, 0, 777, 1, 0); /* a window nobody knows */
    assert_int_equal(limiter_used(l, NOON, 0, 10000), 250);
    limiter_free(l);
}

static void what_others_use_of_a_day_is_asked_about_again(void **state)
{
    (void)state;
    const struct limiter_bucket day = {.name = "main", .windows = {{DAY, 100}}};
    struct limiter *l = limiter_new(&day, 1, 1.0, 1.0);
    int64_t now = NOON;
    limiter_seen(l, now, 0, DAY, 100, 0);
    assert_int_equal(limiter_take(l, now, 0, LANE_LIVE, 1), 15 * MINUTE);
    now += 15 * MINUTE;
    assert_int_equal(limiter_take(l, now, 0, LANE_BACKFILL, 1), 0); /* one, whoever it is, and no more */
    assert_true(limiter_take(l, now, 0, LANE_LIVE, 1) > 0);
    limiter_seen(l, now, 0, DAY, 100, 60);
    assert_int_equal(limiter_room(l, now, 0, LANE_LIVE), 60);
    limiter_free(l);
}

static void counters_survive_a_restart(void **state)
{
    struct limiter *l = limiter_new(inbox_like, 1, 1, 1), *again = limiter_new(inbox_like, 1, 1, 1);
    (void)state;
    take_all(l, NOON, 0, LANE_LIVE);
    limiter_wait_until(l, 0, NOON + 5000);
    AUTO_JSON json_t *saved = limiter_save(l, NOON);
    limiter_load(again, NOON + 2000, saved);
    assert_int_equal(limiter_used(again, NOON + 2000, 0, MINUTE), 300);
    assert_int_equal(limiter_used(again, NOON + 2000, 0, 1440 * MINUTE), 300);
    assert_true(limiter_take(again, NOON + 6000, 0, LANE_LIVE, 1) > 40000);
    assert_int_equal(limiter_take(again, NOON + 2 * MINUTE, 0, LANE_LIVE, 1), 0);
    limiter_free(l);
    limiter_free(again);
}

static void nonsense_in_the_store_is_ignored(void **state)
{
    static const char *const texts[] = {"null", "[]", "{\"main\":7}", "{\"main\":{\"wait_until\":\"soon\",\"windows\":{}}}",
                                        "{\"main\":{\"wait_until\":99999999999999999,\"windows\":[{\"span\":60000,\"slices\":[[1,2],[],7,"
                                        "[1800000000,-5],[30000000,99999999999]]}]}}"};
    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct limiter *l = limiter_new(inbox_like, 1, 1, 1);
        AUTO_JSON json_t *saved = js_parse(texts[i], strlen(texts[i]), NULL);
        limiter_load(l, NOON, saved);
        assert_int_equal(limiter_used(l, NOON, 0, MINUTE), 0);
        assert_int_equal(limiter_take(l, NOON, 0, LANE_LIVE, 1), 0);
        limiter_free(l);
    }
}

static void a_clock_set_back_counts_on(void **state)
{
    struct limiter *l = limiter_new(hubspot_like, 1, 1, 1);
    (void)state;
    assert_int_equal(take_all(l, NOON, 0, LANE_LIVE), 100);
    int64_t wait = limiter_take(l, NOON - 3600000, 0, LANE_LIVE, 1);
    assert_true(wait >= 0); /* whatever it says, it ends: */
    assert_int_equal(limiter_take(l, NOON + 3600000, 0, LANE_LIVE, 1), 0);
    limiter_free(l);
}

static void a_clock_that_was_a_year_ahead_blocks_nobody(void **state)
{
    struct limiter *l = limiter_new(inbox_like, 1, 1, 1);
    int64_t before = NOON - 365 * DAY;
    (void)state;
    limiter_take(l, before, 0, LANE_LIVE, 1);
    assert_int_equal(take_all(l, NOON, 0, LANE_LIVE), 300);
    limiter_wait_until(l, 0, NOON + MINUTE);
    assert_in_range(limiter_take(l, before, 0, LANE_LIVE, 1), 1, 2 * MINUTE); /* what was just called still counts … */
    assert_int_equal(take_all(l, before + 2 * MINUTE, 0, LANE_LIVE), 300);    /* … and only that long */
    assert_in_range(limiter_used(l, before + 2 * MINUTE, 0, 60 * MINUTE), 600, 602);
    limiter_free(l);
}

static void asking_how_long_takes_nothing(void **state)
{
    struct limiter *l = limiter_new(hubspot_like, 1, 1, 1);
    (void)state;
    for (int i = 0; i < 200; i++)
        assert_int_equal(limiter_wait(l, NOON, 0, LANE_LIVE, 100), 0);
    assert_int_equal(take_all(l, NOON, 0, LANE_LIVE), 100);
    assert_in_range(limiter_wait(l, NOON, 0, LANE_LIVE, 1), 10000, 10500);
    limiter_free(l);
}

static void a_window_half_used_asks_for_a_pace_that_lasts(void **state)
{
    struct limiter *l = limiter_new(hubspot_like, 1, 1, 1);
    (void)state;
    for (int i = 0; i < 48; i += 4) {
        assert_int_equal(limiter_take(l, NOON, 0, LANE_LIVE, 4), 0);
        assert_int_equal(limiter_pace(l, NOON, 0, LANE_LIVE, 4), 0);
    }
    assert_int_equal(limiter_take(l, NOON, 0, LANE_LIVE, 4), 0);
    assert_int_equal(limiter_pace(l, NOON, 0, LANE_LIVE, 4), 400); /* 25 times four calls in ten seconds */
    assert_int_equal(limiter_pace(l, NOON, 0, LANE_LIVE, 90), 1000);
    assert_int_equal(limiter_pace(l, NOON + 20000, 0, LANE_LIVE, 4), 0);
    limiter_free(l);
    l = limiter_new((const struct limiter_bucket[]){{"main", false, {{1440 * MINUTE, 100}}}}, 1, 1, 1);
    assert_int_equal(limiter_take(l, NOON, 0, LANE_LIVE, 90), 0);
    assert_int_equal(limiter_pace(l, NOON, 0, LANE_LIVE, 4), 0); /* a day is for the budgets */
    limiter_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_span_of_the_window_ever_holds_more_than_the_limit),
        cmocka_unit_test(the_answer_is_how_long_to_wait),
        cmocka_unit_test(the_tightest_of_several_windows_decides),
        cmocka_unit_test(a_named_bucket_counts_in_the_main_one_too),
        cmocka_unit_test(a_bucket_alone_leaves_the_main_one_in_peace),
        cmocka_unit_test(a_backfill_leaves_room_for_live_calls_and_takes_what_is_idle),
        cmocka_unit_test(the_fill_and_the_days_budget_keep_below_the_limit),
        cmocka_unit_test(a_wait_the_service_asked_for_is_kept),
        cmocka_unit_test(what_others_used_up_is_believed),
        cmocka_unit_test(what_others_use_of_a_day_is_asked_about_again),
        cmocka_unit_test(counters_survive_a_restart),
        cmocka_unit_test(nonsense_in_the_store_is_ignored),
        cmocka_unit_test(a_clock_set_back_counts_on),
        cmocka_unit_test(a_clock_that_was_a_year_ahead_blocks_nobody),
        cmocka_unit_test(asking_how_long_takes_nothing),
        cmocka_unit_test(a_window_half_used_asks_for_a_pace_that_lasts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
