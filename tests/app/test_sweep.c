/* When a full comparison is due, and that a cut-off one goes on where it was. */
#include "bridge/app/sweep.h"
#include "tests/io/store_kit.h"

#define HOUR (3600 * 1000LL)
#define DAY (24 * HOUR)

static struct sweep_when parsed(const char *text)
{
    struct sweep_when when = {0};
    must(sweep_when_parse(text, &when, err));
    return when;
}

static void an_interval_is_counted_from_the_last_and_jittered_by_a_tenth(void **state)
{
    (void)state;
    struct sweep_when when = parsed("10h");
    assert_int_equal(sweep_next(&when, 1000 * DAY, 0, 0), 1000 * DAY + 10 * HOUR);
    for (uint64_t luck = 0; luck < 100; luck++) {
        int64_t next = sweep_next(&when, 1000 * DAY, 0, luck * 7919 * 1000);
        assert_in_range(next - 1000 * DAY, 10 * HOUR, 11 * HOUR);
    }
}

static void a_time_of_day_is_the_next_one_after_the_last(void **state)
{
    (void)state;
    struct sweep_when when = parsed("03:30");
    assert_int_equal(sweep_next(&when, 100 * DAY, 0, 5), 100 * DAY + 3 * HOUR + HOUR / 2);
    assert_int_equal(sweep_next(&when, 100 * DAY + 3 * HOUR + HOUR / 2, 0, 5), 101 * DAY + 3 * HOUR + HOUR / 2);
    assert_int_equal(sweep_next(&when, 100 * DAY + 4 * HOUR, 0, 5), 101 * DAY + 3 * HOUR + HOUR / 2);
}

static void off_is_never_and_nonsense_is_refused(void **state)
{
    (void)state;
    struct sweep_when when = parsed("off");
    struct err why = {0};
    assert_int_equal(sweep_next(&when, 5, 6, 7), WHEN_NEVER);
    static const char *const wrong[] = {"24:00", "12:60", "3:30x", "5", "1s", "daily"};
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_false(sweep_when_parse(wrong[i], &when, &why));
}

/* An app of one route whose Inbox is not polled here: what the daemon would ask. */
struct town {
    struct app app;
    struct app_route route;
    struct endpoint ep;
    struct map_object object;
    struct bound bound;
};

static void open_town(struct town *t, struct kit *k)
{
    *t = (struct town){.route = {.sweep = {.every = 10 * HOUR, .at = -1}}};
    t->app.env = k->env;
    t->app.store = k->st;
    t->app.routes = &t->route;
    t->app.n_routes = 1;
    t->ep.name = (char *)"inbox";
    t->object = (struct map_object){.name = (char *)"prospect", .type = {(char *)"prospect", (char *)"contacts"}};
    t->bound.o = &t->object;
    t->route.route = (struct route){.name = "sales", .store = k->st, .ep = {&t->ep, &t->ep}, .objects = &t->bound, .n = 1};
}

static int64_t kit_time;
static int64_t now_of_test(struct env *env)
{
    (void)env;
    return kit_time;
}

static void add_links(struct kit *k, int n)
{
    must(store_begin(k->st, err));
    for (int i = 0; i < n; i++) {
        AUTO_FREE char *key = mem_printf("x:%d", i);
        struct link l = {.route = (char *)"sales",
                         .object = (char *)"prospect",
                         .key = key,
                         .t_type = (char *)"contacts",
                         .t_id = key};
        must(store_link_put(k->st, &l, err));
    }
    must(store_commit(k->st, err));
}

/* People in Inbox without a link: the filter leaves them out, or they are new. */
static void add_subjects(struct kit *k, int from, int to)
{
    must(store_begin(k->st, err));
    for (int i = from; i < to; i++) {
        AUTO_FREE char *key = mem_printf("x:%d", i);
        must(store_subject_put(k->st, "inbox", &(struct subject){.object = (char *)"prospect", .key = key}, err));
    }
    must(store_commit(k->st, err));
}

/* Turns of the engine until it does not want another one at once. */
static int64_t rounds(struct town *t)
{
    for (;;) {
        int64_t wake = INT64_MAX;
        sweep_round(&t->app, &wake);
        if (wake > kit_time)
            return wake;
    }
}

static int64_t marks(struct kit *k)
{
    int64_t n = 0;
    must(store_jobs_why(k->st, "sales", "compare", &n, err));
    return n;
}

static void a_sweep_begins_when_due_marks_everything_once_and_ends_with_the_last_mark(void **state)
{
    struct kit *k = *state;
    struct town t;
    open_town(&t, k);
    t.app.env.now = now_of_test;
    kit_time = 1000 * DAY;
    add_links(k, 1200);
    add_subjects(k, 600, 1300); /* 600 of them linked, and 600 links whose people nobody knows any more */
    int64_t wake = rounds(&t); /* a fresh store waits for its first */
    assert_int_equal(marks(k), 0);
    assert_in_range(wake - kit_time, 10 * HOUR, 11 * HOUR);
    kit_time += 12 * HOUR;
    rounds(&t);
    assert_int_equal(marks(k), 1300);
    must(sql_run(k->st, "DELETE FROM job WHERE key <> 'x:7'", NO_ARGS, err));
    kit_time += HOUR;
    rounds(&t); /* under way: nothing is marked again */
    assert_int_equal(marks(k), 1);
    must(sql_run(k->st, "DELETE FROM job", NO_ARGS, err));
    kit_time += HOUR;
    rounds(&t);
    AUTO_FREE char *at = kit_meta(k, "sweep:sales");
    AUTO_JSON json_t *seen = js_parse(at, strlen(at), NULL);
    assert_int_equal(js_int_or(seen, "ended", 0), kit_time);
    assert_int_equal(js_int_or(seen, "runs", 0), 1);
    assert_null(js_str(seen, "phase"));
    rounds(&t); /* the next counts from the beginning of this one */
    assert_int_equal(marks(k), 0);
}

static void a_sweep_cut_off_while_marking_goes_on_behind_its_checkpoint(void **state)
{
    struct kit *k = *state;
    struct town t;
    open_town(&t, k);
    t.app.env.now = now_of_test;
    kit_time = 1000 * DAY;
    add_links(k, 1200);
    must(store_meta_set(k->st, "sweep:sales",
                        "{\"begun\":5,\"ended\":1,\"phase\":\"mark\",\"place\":{\"object\":1,\"link\":500}}", err));
    rounds(&t);
    assert_int_equal(marks(k), 700);
    AUTO_FREE char *at = kit_meta(k, "sweep:sales");
    assert_non_null(strstr(at, "\"phase\":\"work\""));
    assert_non_null(strstr(at, "\"begun\":5"));
}

static void a_mark_of_a_sweep_keeps_its_reason_when_somebody_edits_meanwhile(void **state)
{
    struct kit *k = *state;
    must(store_job_mark(k->st, "sales", "prospect", "x:1", LANE_RECONCILE, 5, "compare", err));
    must(store_job_mark(k->st, "sales", "prospect", "x:1", LANE_LIVE, 3, "event", err));
    struct job job = {0};
    bool found = false;
    must(store_job_get(k->st, "sales", "prospect", "x:1", &job, &found, err));
    assert_string_equal(job.why, "compare");
    assert_int_equal(job.lane, LANE_LIVE);
    assert_int_equal(job.due, 3);
    job_done(&job);
}

static void a_sweep_the_day_has_no_calls_for_is_put_off(void **state)
{
    struct kit *k = *state;
    struct town t;
    static const struct limiter_bucket bucket = {.name = "main", .windows = {{DAY, 100}}};
    open_town(&t, k);
    t.app.env.now = now_of_test;
    kit_time = 1000 * DAY;
    t.ep.limiter = limiter_new(&bucket, 1, 1.0, 0.7);
    add_links(k, 1200);
    add_subjects(k, 0, 1200); /* up to 36 calls to the CRM and 60 to Inbox, of the 70 that are for it */
    rounds(&t);
    for (int i = 0; i < 20; i++)
        assert_int_equal(limiter_take(t.ep.limiter, kit_time + 12 * HOUR, 0, LANE_LIVE, 1), 0);
    kit_time += 12 * HOUR;
    int64_t wake = rounds(&t);
    assert_int_equal(marks(k), 0);
    assert_int_equal(wake, kit_time + HOUR);
    kit_time += 2 * DAY;
    rounds(&t);
    assert_int_equal(marks(k), 1200);
    limiter_free(t.ep.limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_is_counted_from_the_last_and_jittered_by_a_tenth),
        cmocka_unit_test(a_time_of_day_is_the_next_one_after_the_last),
        cmocka_unit_test(off_is_never_and_nonsense_is_refused),
        KIT_TEST(a_sweep_begins_when_due_marks_everything_once_and_ends_with_the_last_mark),
        KIT_TEST(a_sweep_cut_off_while_marking_goes_on_behind_its_checkpoint),
        KIT_TEST(a_mark_of_a_sweep_keeps_its_reason_when_somebody_edits_meanwhile),
        KIT_TEST(a_sweep_the_day_has_no_calls_for_is_put_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
