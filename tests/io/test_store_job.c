/* Jobs: one per record, the most urgent mark wins, and a mark made while the job is worked on is never lost. */
#include "tests/io/store_kit.h"

static void mark(struct kit *k, const char *key, int lane, int64_t due, const char *why)
{
    must(store_job_mark(k->st, "sales", "prospect", key, lane, due, why, err));
}

static void read_job(struct kit *k, const char *key, struct job *out)
{
    bool found = false;
    must(store_job_get(k->st, "sales", "prospect", key, out, &found, err));
    assert_true(found);
}

static bool is_there(struct kit *k, const char *key)
{
    struct job j __attribute__((cleanup(job_done))) = {0};
    bool found = false;
    must(store_job_get(k->st, "sales", "prospect", key, &j, &found, err));
    return found;
}

/* The keys of what is due, "x:1 x:2". */
static char *due(struct kit *k, int64_t now, size_t max)
{
    struct job *jobs = NULL;
    size_t n = 0;
    char *all = mem_dup("");
    must(store_jobs_due(k->st, "sales", now, LANES, NULL, max, &jobs, &n, err));
    for (size_t i = 0; i < n; i++) {
        char *longer = mem_printf("%s%s%s", all, i ? " " : "", jobs[i].key);
        free(all);
        all = longer;
    }
    jobs_free(jobs, n);
    return all;
}

#define assert_due(k, now, max, keys)                                                                                          \
    do {                                                                                                                       \
        AUTO_FREE char *got_ = due(k, now, max);                                                                               \
        assert_string_equal(got_, keys);                                                                                       \
    } while (0)

static void a_mark_comes_back_as_a_job(void **state)
{
    struct kit *k = *state;
    struct job j __attribute__((cleanup(job_done))) = {0};
    mark(k, "x:1", 2, 100, "scan");
    read_job(k, "x:1", &j);
    assert_string_equal(j.object, "prospect");
    assert_string_equal(j.key, "x:1");
    assert_int_equal(j.lane, 2);
    assert_int_equal(j.due, 100);
    assert_int_equal(j.attempts, 0);
    assert_string_equal(j.why, "scan");
}

static void a_second_mark_keeps_the_urgent_lane_the_earlier_time_and_the_latest_reason(void **state)
{
    struct kit *k = *state;
    struct job a __attribute__((cleanup(job_done))) = {0}, b __attribute__((cleanup(job_done))) = {0};
    mark(k, "x:1", 2, 100, "scan");
    read_job(k, "x:1", &a);
    mark(k, "x:1", 0, 200, "event");
    read_job(k, "x:1", &b);
    assert_int_equal(b.id, a.id);
    assert_int_equal(b.lane, 0);
    assert_int_equal(b.due, 100);
    assert_string_equal(b.why, "event");
    assert_true(b.mark > a.mark);
    mark(k, "x:1", 3, 50, "crm");
    job_done(&b);
    read_job(k, "x:1", &b);
    assert_int_equal(b.lane, 0);
    assert_int_equal(b.due, 50);
}

static void due_jobs_come_by_lane_then_time_then_age(void **state)
{
    struct kit *k = *state;
    mark(k, "backfill-old", 2, 10, "scan");
    mark(k, "live-late", 0, 30, "event");
    mark(k, "live-b", 0, 20, "event");
    mark(k, "live-c", 0, 20, "event");
    mark(k, "retry", 1, 5, "retry");
    mark(k, "live-tomorrow", 0, 1000, "event");
    mark(k, "backfill-young", 2, 11, "scan");
    must(store_job_mark(k->st, "support", "prospect", "other-route", 0, 1, "event", err));
    assert_due(k, 100, 100, "live-b live-c live-late retry backfill-old backfill-young");
    assert_due(k, 100, 4, "live-b live-c live-late retry");
    assert_due(k, 100, 0, "");
    assert_due(k, 20, 100, "live-b live-c retry backfill-old backfill-young");
    assert_due(k, WHEN_NEVER - 1, SIZE_MAX / 2, "live-b live-c live-late live-tomorrow retry backfill-old backfill-young");
    assert_due(k, 1, 100, "");
}

static void risky_jobs_come_last_and_stay_risky_when_marked_again(void **state)
{
    struct kit *k = *state;
    int64_t n = 0;
    mark(k, "x:1", 0, 1, "risky");
    mark(k, "x:2", 3, 9, "scan");
    mark(k, "x:1", 0, 1, "event");
    assert_due(k, 100, 100, "x:2 x:1");
    assert_due(k, 100, 1, "x:2");
    must(store_jobs_why(k->st, "sales", "risky", &n, err));
    assert_int_equal(n, 1);
}

static void a_finished_job_is_gone(void **state)
{
    struct kit *k = *state;
    struct job j __attribute__((cleanup(job_done))) = {0};
    mark(k, "x:1", 0, 1, "event");
    read_job(k, "x:1", &j);
    must(store_job_finish(k->st, &j, err));
    assert_false(is_there(k, "x:1"));
    must(store_job_finish(k->st, &j, err)); /* twice is once */
}

static void a_job_marked_while_it_was_worked_on_is_due_again_with_fresh_attempts(void **state)
{
    struct kit *k = *state;
    struct job claimed __attribute__((cleanup(job_done))) = {0}, left __attribute__((cleanup(job_done))) = {0};
    mark(k, "x:1", 0, 10, "event");
    read_job(k, "x:1", &claimed);
    must(store_job_again(k->st, &claimed, 10, "retry", true, err));
    job_done(&claimed);
    read_job(k, "x:1", &claimed);
    assert_int_equal(claimed.attempts, 1);
    mark(k, "x:1", 0, 50, "event");
    must(store_job_finish(k->st, &claimed, err));
    read_job(k, "x:1", &left);
    assert_int_equal(left.attempts, 0);
    assert_int_equal(left.due, 10);
    must(store_job_finish(k->st, &left, err));
    assert_false(is_there(k, "x:1"));
}

static void an_old_claim_cannot_finish_a_job_made_later(void **state)
{
    struct kit *k = *state;
    struct job old __attribute__((cleanup(job_done))) = {0};
    mark(k, "x:1", 0, 1, "event");
    read_job(k, "x:1", &old);
    must(store_job_finish(k->st, &old, err));
    mark(k, "x:1", 0, 1, "event");
    must(store_job_finish(k->st, &old, err));
    assert_true(is_there(k, "x:1"));
}

static void a_job_put_back_waits_and_counts_only_when_asked(void **state)
{
    struct kit *k = *state;
    struct job j __attribute__((cleanup(job_done))) = {0};
    mark(k, "x:1", 0, 10, "event");
    read_job(k, "x:1", &j);
    must(store_job_again(k->st, &j, 500, "retry", true, err));
    must(store_job_again(k->st, &j, 600, "withheld", false, err));
    assert_due(k, 599, 10, "");
    assert_due(k, 600, 10, "x:1");
    job_done(&j);
    read_job(k, "x:1", &j);
    assert_int_equal(j.attempts, 1);
    assert_string_equal(j.why, "withheld");
}

static void a_job_put_back_after_a_new_mark_does_not_wait(void **state)
{
    struct kit *k = *state;
    struct job claimed __attribute__((cleanup(job_done))) = {0}, now __attribute__((cleanup(job_done))) = {0};
    mark(k, "x:1", 0, 10, "scan");
    read_job(k, "x:1", &claimed);
    mark(k, "x:1", 0, 20, "event");
    must(store_job_again(k->st, &claimed, 5000, "retry", true, err));
    assert_due(k, 20, 10, "x:1");
    read_job(k, "x:1", &now);
    assert_string_equal(now.why, "event");
    assert_int_equal(now.attempts, 1);
}

static void a_job_rolled_back_was_never_claimed(void **state)
{
    struct kit *k = *state;
    struct job j __attribute__((cleanup(job_done))) = {0};
    mark(k, "x:1", 0, 1, "event");
    must(store_begin(k->st, err));
    read_job(k, "x:1", &j);
    must(store_job_finish(k->st, &j, err));
    store_rollback(k->st);
    assert_due(k, 1, 10, "x:1");
}

static void the_next_due_time_is_known_and_never_when_there_is_none(void **state)
{
    struct kit *k = *state;
    int64_t total = 7, next = 7;
    must(store_jobs_count(k->st, "sales", &total, &next, err));
    assert_int_equal(total, 0);
    assert_true(next == WHEN_NEVER);
    mark(k, "x:1", 2, 900, "scan");
    mark(k, "x:2", 3, 300, "scan");
    must(store_jobs_count(k->st, "sales", &total, &next, err));
    assert_int_equal(total, 2);
    assert_int_equal(next, 300);
}

static void a_route_can_be_delayed_and_woken_whole_or_by_reason(void **state)
{
    struct kit *k = *state;
    mark(k, "x:1", 0, 10, "withheld");
    mark(k, "x:2", 0, 20, "event");
    mark(k, "x:3", 0, 900, "event");
    must(store_jobs_delay(k->st, "sales", 500, err));
    assert_due(k, 499, 10, "");
    assert_due(k, 500, 10, "x:1 x:2");
    must(store_jobs_wake(k->st, "sales", "withheld", err));
    assert_due(k, 0, 10, "x:1");
    must(store_jobs_wake(k->st, "sales", NULL, err));
    assert_due(k, 0, 10, "x:1 x:2 x:3");
    must(store_jobs_wake(k->st, "nowhere", NULL, err));
}

static void one_reason_can_be_left_for_later(void **state)
{
    struct kit *k = *state;
    struct job *jobs = NULL;
    size_t n = 0;
    mark(k, "x:1", 0, 100, "waits");
    mark(k, "x:2", 0, 100, "event");
    mark(k, "x:3", 0, 100, "risky");
    must(store_jobs_due(k->st, "sales", 100, LANES, (const char *const[2]){"waits"}, 10, &jobs, &n, err));
    assert_int_equal(n, 2);
    assert_string_equal(jobs[0].key, "x:2");
    jobs_free(jobs, n);
    must(store_jobs_due(k->st, "sales", 100, LANES, (const char *const[2]){"waits", "risky"}, 10, &jobs, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(jobs[0].key, "x:2");
    jobs_free(jobs, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_mark_comes_back_as_a_job),
        KIT_TEST(a_second_mark_keeps_the_urgent_lane_the_earlier_time_and_the_latest_reason),
        KIT_TEST(due_jobs_come_by_lane_then_time_then_age),
        KIT_TEST(risky_jobs_come_last_and_stay_risky_when_marked_again),
        KIT_TEST(a_finished_job_is_gone),
        KIT_TEST(a_job_marked_while_it_was_worked_on_is_due_again_with_fresh_attempts),
        KIT_TEST(an_old_claim_cannot_finish_a_job_made_later),
        KIT_TEST(a_job_put_back_waits_and_counts_only_when_asked),
        KIT_TEST(a_job_put_back_after_a_new_mark_does_not_wait),
        KIT_TEST(a_job_rolled_back_was_never_claimed),
        KIT_TEST(the_next_due_time_is_known_and_never_when_there_is_none),
        KIT_TEST(a_route_can_be_delayed_and_woken_whole_or_by_reason),
        KIT_TEST(one_reason_can_be_left_for_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
