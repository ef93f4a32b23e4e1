/* Every alarm is raised once and cleared once, signed, kept over a restart; what flickers says nothing. The notices go to a real
 * receiver over a real wire; only the clock is ours. */
#include "bridge/app/alarm.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/io/server.h"
#include "connectors/signature.h"
#include "tests/base/asserts.h"
#include <pthread.h>

#define MINUTE 60000LL
#define SECRET "whsec_YWxhcm1zIGFyZSBzaWduZWQ="

/* ---- a service without an engine ---- */

struct bench {
    struct env env; /* first: the fakes cast from it */
    struct server *receiver;
    pthread_mutex_t lock; /* of what the receiver's thread shares with us */
    int64_t now;
    int status;     /* what the receiver answers */
    int forged;     /* notices whose signature did not fit */
    json_t *posted; /* bodies it was offered, with their ids */
    struct app app;
    struct endpoint ep;
    struct alarm alarm;
};

static struct bench *bench;

static int64_t fake_now(struct env *env)
{
    return ((struct bench *)env)->now;
}

static void receive(void *self, const struct http_request *q, struct http_answer *a)
{
    struct signature_secrets secrets = {{SECRET, NULL}};
    AUTO_JSON json_t *headers = json_object();
    struct err err = {0};
    (void)self;
    for (size_t i = 0; i < q->headers.n; i++)
        js_set(headers, q->headers.items[i].name, json_string(q->headers.items[i].value));
    pthread_mutex_lock(&bench->lock);
    struct delivery d = {.method = q->method, .headers = headers, .body = q->body, .body_n = q->body_n, .now = bench->now, .tolerance = 1000};
    json_t *body = signature_standard(&d, &secrets, &err) ? js_parse(q->body, q->body_n, &err) : NULL;
    bench->forged += !body;
    a->status = bench->status;
    if (body) {
        js_set(body, "id", json_string(signature_header(headers, "webhook-id")));
        js_add(bench->posted, body);
    }
    pthread_mutex_unlock(&bench->lock);
}

static int set_up(void **state)
{
    static const struct limiter_bucket bucket = {.name = "main", .windows = {{86400000, 100}}};
    struct err err = {0};
    (void)state;
    bench = mem_alloc(sizeof *bench);
    bench->now = 1772442930250;
    bench->status = 204;
    bench->posted = json_array();
    bench->env.now = fake_now;
    pthread_mutex_init(&bench->lock, NULL);
    bench->receiver = server_start(&(struct server_options){.threads = 1}, receive, NULL, &err);
    assert_non_null(bench->receiver);
    bench->env.transport = http_curl_new(&(struct http_curl_options){0});
    bench->app.env = bench->env;
    bench->app.alarms = (struct alarm_settings){.url = mem_printf("http://127.0.0.1:%d/alarms", server_port(bench->receiver)), .secret = mem_dup(SECRET),
                                                .after = 5 * MINUTE, .hold_age = 60 * MINUTE, .dead = 0, .budget = 90, .drift = 2};
    bench->app.store = store_open(":memory:", &bench->env, NULL, &err);
    assert_non_null(bench->app.store);
    bench->ep = (struct endpoint){.name = (char *)"crm", .limiter = limiter_new(&bucket, 1, 1.0, 1.0), .env = &bench->env};
    bench->app.n_endpoints = bench->app.n_routes = 1;
    bench->app.endpoints = mem_alloc(sizeof *bench->app.endpoints);
    bench->app.endpoints[0].ep = &bench->ep;
    bench->app.routes = mem_alloc(sizeof *bench->app.routes);
    bench->app.routes[0].route.name = "sales";
    alarm_open(&bench->alarm, &bench->app);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(bench->forged, 0);
    alarm_close(&bench->alarm);
    bench->env.transport->free(bench->env.transport);
    server_stop(bench->receiver);
    pthread_mutex_destroy(&bench->lock);
    store_close(bench->app.store);
    limiter_free(bench->ep.limiter);
    json_decref(bench->posted);
    free(bench->app.endpoints);
    free(bench->app.routes);
    free(bench->app.alarms.url);
    free(bench->app.alarms.secret);
    free(bench);
    return 0;
}

/* The app has its own copy of the env, whose clock must be ours. */
static int64_t app_now(struct env *env)
{
    (void)env;
    return bench->now;
}

/* Time goes by, and the alarms are looked at as often as they want. */
static void pass(int64_t ms)
{
    bench->app.env.now = app_now;
    for (int64_t end = bench->now + ms; bench->now < end;) {
        alarm_turn(&bench->alarm);
        pthread_mutex_lock(&bench->lock);
        bench->now += 15000;
        pthread_mutex_unlock(&bench->lock);
    }
}

static size_t posted(const char *type, const char *alarm)
{
    size_t n = 0, i;
    json_t *body;
    json_array_foreach (bench->posted, i, body)
        n += str_eq(js_str(body, "type"), type) && str_eq(js_str(json_object_get(body, "data"), "alarm"), alarm);
    return n;
}

static void assert_once(const char *alarm)
{
    assert_int_equal(posted("alarm.raised", alarm), 1);
    assert_int_equal(posted("alarm.cleared", alarm), 1);
    assert_int_equal(json_array_size(bench->posted), 2);
}

/* ---- each of them ---- */

static void an_endpoint_that_stays_down_is_raised_and_cleared_once(void **state)
{
    struct app_endpoint *e = &bench->app.endpoints[0];
    (void)state;
    err_set(&e->fault, ERR_TEMP, "nobody answers");
    pass(4 * MINUTE);
    assert_int_equal(json_array_size(bench->posted), 0);
    pass(60 * MINUTE);
    assert_int_equal(posted("alarm.raised", "endpoint_down"), 1);
    e->fault = (struct err){0};
    pass(60 * MINUTE);
    assert_once("endpoint_down");
}

static void what_flickers_says_nothing(void **state)
{
    struct app_endpoint *e = &bench->app.endpoints[0];
    (void)state;
    for (int i = 0; i < 20; i++) {
        err_set(&e->fault, ERR_TEMP, "now and then");
        pass(2 * MINUTE);
        e->fault = (struct err){0};
        pass(2 * MINUTE);
    }
    assert_int_equal(json_array_size(bench->posted), 0);
}

static void lost_authorisation_is_raised_at_once(void **state)
{
    struct app_endpoint *e = &bench->app.endpoints[0];
    (void)state;
    err_set(&e->fault, ERR_AUTH, "401");
    pass(1);
    assert_int_equal(posted("alarm.raised", "authorisation_lost"), 1);
    e->fault = (struct err){0};
    pass(10 * MINUTE);
    assert_once("authorisation_lost");
}

static void a_route_that_stands_still_is_raised(void **state)
{
    struct app_route *r = &bench->app.routes[0];
    (void)state;
    err_set(&r->why, ERR_CONFIG, "the mapping does not fit");
    pass(10 * MINUTE);
    r->why = (struct err){0};
    pass(10 * MINUTE);
    assert_once("route_stopped");
}

static int64_t some_link(void)
{
    struct link l = {.route = (char *)"sales", .object = (char *)"prospect", .key = (char *)"x:1", .t_type = (char *)"contacts"};
    struct err err = {0};
    assert_true(store_link_put(bench->app.store, &l, &err));
    return l.id;
}

static void a_dead_write_is_raised_until_it_is_gone(void **state)
{
    struct op op = {.link = some_link(), .route = (char *)"sales", .side = 1, .kind = (char *)"update", .trace = (char *)"t", .state = OP_DEAD};
    struct err err = {0};
    (void)state;
    assert_true(store_op_put(bench->app.store, &op, &err));
    pass(10 * MINUTE);
    assert_true(store_op_delete(bench->app.store, op.id, &err));
    pass(10 * MINUTE);
    assert_once("dead_writes");
}

static void a_hold_is_raised_when_it_has_waited_too_long(void **state)
{
    struct hold h = {.link = some_link(), .route = (char *)"sales", .field = (char *)"notes", .why = (char *)"conflict", .opened = bench->now};
    struct err err = {0};
    (void)state;
    assert_true(store_hold_put(bench->app.store, &h, &err));
    pass(50 * MINUTE);
    assert_int_equal(json_array_size(bench->posted), 0);
    pass(20 * MINUTE);
    assert_true(store_hold_delete(bench->app.store, h.id, &err));
    pass(10 * MINUTE);
    assert_once("holds_aging");
}

static void what_a_guard_stopped_is_raised_until_somebody_let_it_through(void **state)
{
    static const char *const rows[][2] = {{"withheld", "creates_withheld"}, {"risky", "guard_stopped"}};
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct job job = {0};
        bool found = false;
        assert_true(store_job_mark(bench->app.store, "sales", "prospect", "x:1", 0, bench->now, rows[i][0], &err));
        pass(20 * MINUTE);
        assert_true(store_job_get(bench->app.store, "sales", "prospect", "x:1", &job, &found, &err) && found);
        assert_true(store_job_finish(bench->app.store, &job, &err));
        job_done(&job);
        pass(20 * MINUTE);
        assert_once(rows[i][1]);
        json_array_clear(bench->posted);
    }
}

static void a_budget_near_its_end_is_raised_until_there_is_room(void **state)
{
    (void)state;
    assert_int_equal(limiter_take(bench->ep.limiter, bench->now, 0, LANE_LIVE, 89), 0);
    pass(10 * MINUTE);
    assert_int_equal(json_array_size(bench->posted), 0);
    assert_int_equal(limiter_take(bench->ep.limiter, bench->now, 0, LANE_LIVE, 2), 0);
    pass(26 * 60 * MINUTE);
    assert_once("budget_low");
}

static void report_drift(const char *records)
{
    struct err err = {0};
    AUTO_FREE char *text = mem_printf("{\"at\":\"2026-03-02T09:00:00Z\",\"compared\":2000,\"records\":%s}", records);
    assert_true(store_meta_set(bench->app.store, "drift:sales", text, &err));
}

static void drift_above_the_threshold_is_raised_until_a_comparison_finds_less(void **state)
{
    (void)state;
    report_drift("{\"in_sync\":1960,\"s_ahead\":30,\"missing_in_crm\":10}"); /* two percent is not more than two percent */
    pass(20 * MINUTE);
    report_drift("{\"in_sync\":1000,\"held\":600,\"detached\":100,\"excluded\":300}"); /* people know of those */
    pass(20 * MINUTE);
    report_drift("{\"in_sync\":1900,\"t_ahead\":100}");
    pass(2 * MINUTE);
    report_drift("{\"in_sync\":2000}"); /* gone before anybody had to know */
    pass(20 * MINUTE);
    assert_int_equal(json_array_size(bench->posted), 0);
    report_drift("{\"in_sync\":1959,\"s_ahead\":30,\"missing_in_crm\":11}");
    pass(20 * MINUTE);
    assert_int_equal(posted("alarm.raised", "drift_high"), 1);
    const char *text = js_str(json_object_get(json_array_get(bench->posted, 0), "data"), "text");
    assert_string_equal(text, "41 of 2000 records were out of step when they were compared at 2026-03-02T09:00:00Z");
    report_drift("{\"in_sync\":2000}");
    pass(20 * MINUTE);
    assert_once("drift_high");
}

static void a_few_records_out_of_step_are_no_alarm_however_few_there_are(void **state)
{
    struct err err = {0};
    (void)state;
    assert_true(store_meta_set(bench->app.store, "drift:sales", "{\"at\":\"x\",\"compared\":40,\"records\":{\"s_ahead\":20}}", &err));
    pass(20 * MINUTE);
    assert_int_equal(json_array_size(bench->posted), 0);
    assert_true(store_meta_set(bench->app.store, "drift:sales", "{\"at\":\"x\",\"compared\":40,\"records\":{\"s_ahead\":21}}", &err));
    pass(20 * MINUTE);
    assert_int_equal(posted("alarm.raised", "drift_high"), 1);
}

static void hooks_that_fall_silent_while_the_feed_has_news_are_raised(void **state)
{
    struct app_endpoint *e = &bench->app.endpoints[0];
    (void)state;
    e->heard = bench->now;
    pass(3 * 60 * MINUTE); /* a quiet night is no fault */
    assert_int_equal(json_array_size(bench->posted), 0);
    e->news = bench->now;
    pass(10 * MINUTE);
    assert_int_equal(posted("alarm.raised", "hooks_silent"), 1);
    e->heard = bench->now;
    pass(10 * MINUTE);
    assert_once("hooks_silent");
}

static void hooks_that_were_never_used_are_not_missed(void **state)
{
    (void)state;
    bench->app.endpoints[0].news = bench->now;
    pass(5 * 60 * MINUTE);
    assert_int_equal(json_array_size(bench->posted), 0);
}

/* Each of them goes and comes back for a moment, again and again, while it is raised: that is one alarm, and one end of it. */
static void what_comes_and_goes_while_it_is_raised_is_one_alarm(void **state)
{
    static const char *const kinds[] = {"authorisation_lost", "dead_writes", "hooks_silent"};
    struct app_endpoint *e = &bench->app.endpoints[0];
    struct err err = {0};
    (void)state;
    int64_t link = some_link(), heard = bench->now;
    for (int i = 0; i < 8; i++) {
        struct op op = {.link = link, .route = (char *)"sales", .side = 1, .kind = (char *)"update", .trace = (char *)"t", .state = OP_DEAD};
        err_set(&e->fault, ERR_AUTH, "401");
        assert_true(store_op_put(bench->app.store, &op, &err));
        e->heard = heard;
        js_set(bench->alarm.heard, "crm", json_integer(heard));
        e->news = bench->now + 61 * MINUTE;
        pass(i ? 3 * MINUTE : 70 * MINUTE);
        e->fault = (struct err){0};
        assert_true(store_op_delete(bench->app.store, op.id, &err));
        e->heard = bench->now;
        pass(3 * MINUTE);
    }
    for (size_t k = 0; k < COUNT(kinds); k++)
        assert_int_equal(posted("alarm.raised", kinds[k]), 1);
    assert_int_equal(json_array_size(bench->posted), COUNT(kinds));
    pass(10 * MINUTE);
    for (size_t k = 0; k < COUNT(kinds); k++)
        assert_int_equal(posted("alarm.cleared", kinds[k]), 1);
    assert_int_equal(json_array_size(bench->posted), 2 * COUNT(kinds));
}

static void more_dead_writes_than_are_allowed_are_raised_and_no_fewer(void **state)
{
    struct err err = {0};
    int64_t link = some_link(), ids[3];
    (void)state;
    bench->app.alarms.dead = 2;
    for (int i = 0; i < 3; i++) {
        AUTO_FREE char *trace = mem_printf("t%d", i);
        struct op op = {.link = link, .route = (char *)"sales", .side = 1, .kind = (char *)"update", .trace = trace, .state = OP_DEAD};
        pass(10 * MINUTE);
        assert_int_equal(json_array_size(bench->posted), 0);
        assert_true(store_op_put(bench->app.store, &op, &err));
        ids[i] = op.id;
    }
    pass(10 * MINUTE);
    assert_int_equal(posted("alarm.raised", "dead_writes"), 1);
    assert_true(store_op_delete(bench->app.store, ids[0], &err));
    pass(10 * MINUTE);
    assert_once("dead_writes");
}

/* ---- sending ---- */

static void a_notice_nobody_took_is_offered_again_under_its_id(void **state)
{
    (void)state;
    bench->status = 503;
    err_set(&bench->app.endpoints[0].fault, ERR_AUTH, "401");
    pass(3 * MINUTE);
    size_t tries = json_array_size(bench->posted);
    assert_in_range(tries, 2, 6);
    bench->status = 200;
    pass(60 * MINUTE);
    assert_int_equal(json_array_size(bench->posted), tries + 1);
    for (size_t i = 1; i <= tries; i++)
        assert_string_equal(js_str(json_array_get(bench->posted, i), "id"), js_str(json_array_get(bench->posted, 0), "id"));
}

static void a_restart_neither_repeats_nor_forgets(void **state)
{
    struct app_endpoint *e = &bench->app.endpoints[0];
    (void)state;
    err_set(&e->fault, ERR_AUTH, "401");
    pass(MINUTE);
    alarm_close(&bench->alarm);
    alarm_open(&bench->alarm, &bench->app);
    pass(10 * MINUTE);
    assert_int_equal(json_array_size(bench->posted), 1);
    e->fault = (struct err){0};
    pass(10 * MINUTE);
    assert_once("authorisation_lost");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_endpoint_that_stays_down_is_raised_and_cleared_once),
        TEST(what_flickers_says_nothing),
        TEST(lost_authorisation_is_raised_at_once),
        TEST(a_route_that_stands_still_is_raised),
        TEST(a_dead_write_is_raised_until_it_is_gone),
        TEST(a_hold_is_raised_when_it_has_waited_too_long),
        TEST(what_a_guard_stopped_is_raised_until_somebody_let_it_through),
        TEST(a_budget_near_its_end_is_raised_until_there_is_room),
        TEST(drift_above_the_threshold_is_raised_until_a_comparison_finds_less),
        TEST(a_few_records_out_of_step_are_no_alarm_however_few_there_are),
        TEST(hooks_that_fall_silent_while_the_feed_has_news_are_raised),
        TEST(hooks_that_were_never_used_are_not_missed),
        TEST(what_comes_and_goes_while_it_is_raised_is_one_alarm),
        TEST(more_dead_writes_than_are_allowed_are_raised_and_no_fewer),
        TEST(a_notice_nobody_took_is_offered_again_under_its_id),
        TEST(a_restart_neither_repeats_nor_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
