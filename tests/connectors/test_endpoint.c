/* The one door, with a connector that does nothing and a service that reads its answers from a script. */
#include "connectors/endpoint.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "tests/base/asserts.h"
#include "tests/kit/script.h"

static bool nothing_open(struct endpoint *ep, struct err *err)
{
    static const struct limiter_bucket bucket[] = {{"main", false, {{1000, 5}}}};
    (void)err;
    ep->base_url = mem_dup("https://crm.example/api");
    ep->limiter = limiter_new(bucket, 1, 1, 1);
    ep->oauth = oauth_new(&(struct oauth_options){.name = "crm", .token_url = "https://crm.example/token", .client_id = "app",
                                                  .client_secret = "s", .refresh_token = "r"}, NULL);
    return true;
}

static void nothing_close(struct endpoint *ep)
{
    (void)ep;
}

static const struct opt no_options[] = {OPT_END};
static const struct connector nothing = {.name = "nothing", .state_size = 8, .options = no_options, .open = nothing_open, .close = nothing_close};

static struct endpoint *begin(struct script *s, const struct line *lines, size_t n)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    script_begin(s, lines, n);
    struct opt_file *file = opt_open_text("door", "e = { };", &faults);
    struct endpoint *ep = endpoint_new("crm", &nothing, opt_member(opt_root(file), "e"), NULL, &s->env, NULL, &faults);
    opt_close(file);
    assert_non_null(ep);
    return ep;
}

static void end(struct endpoint *ep, struct script *s)
{
    endpoint_free(ep);
    script_end(s);
}

#define TOKEN                                                                                                          \
    {                                                                                                                  \
        200, "{\"access_token\":\"a1\",\"expires_in\":1800}", NULL, NULL                                              \
    }
#define TOKEN2                                                                                                         \
    {                                                                                                                  \
        200, "{\"access_token\":\"a2\",\"expires_in\":1800}", NULL, NULL                                              \
    }

static void a_call_is_completed_authorised_and_parsed(void **state)
{
    static const struct line lines[] = {TOKEN, {200, "{\"x\":[1,2]}", "Date", "Fri, 15 Jan 2027 08:00:00 GMT"}};
    struct script s;
    struct endpoint *ep = begin(&s, lines, 2);
    struct call c;
    struct err err = {0};
    (void)state;
    call_init(&c, "GET", "/things/%d", 7);
    assert_true(endpoint_call(ep, &c, &err));
    assert_string_equal(s.asked[1], "GET https://crm.example/api/things/7 Bearer a1 ");
    assert_int_equal(json_array_size(json_object_get(c.json, "x")), 2);
    assert_int_equal(endpoint_answer_date(&c.answer), 1800000000000LL);
    assert_int_equal(ep->calls, 1);
    call_done(&c);
    end(ep, &s);
}

static void each_status_and_fate_becomes_one_kind(void **state)
{
    static const struct {
        struct line line;
        enum err_kind read, write;
        const char *words;
    } rows[] = {
        {{204, NULL, NULL, NULL}, ERR_NONE, ERR_NONE, ""},
        {{301, NULL, "location", "https://evil.example"}, ERR_CONFIG, ERR_CONFIG, "redirected to https://evil.example"},
        {{400, "{\"message\":\"bad row\",\"correlationId\":\"c-1\"}", NULL, NULL}, ERR_REJECT, ERR_REJECT, "bad row (correlationId c-1)"},
        {{403, "{\"error\":{\"message\":\"not yours\"}}", NULL, NULL}, ERR_AUTH, ERR_AUTH, "not yours"},
        {{404, "{\"error\":\"nobody here\"}", NULL, NULL}, ERR_GONE, ERR_GONE, "nobody here"},
        {{408, "", NULL, NULL}, ERR_TEMP, ERR_TEMP, "408"},
        {{412, "", NULL, NULL}, ERR_STALE, ERR_STALE, "412"},
        {{423, "", NULL, NULL}, ERR_TEMP, ERR_TEMP, "423"},
        {{429, "", "retry-after", "17"}, ERR_RATE, ERR_RATE, "429"},
        {{500, "<html>oops</html>", NULL, NULL}, ERR_TEMP, ERR_UNSURE, "<html>oops"},
        {{200, "{\"half\":", NULL, NULL}, ERR_TEMP, ERR_UNSURE, "something else"},
        {{0, NULL, NULL, NULL}, ERR_TEMP, ERR_UNSURE, "the answer is lost"},
        {{-1, NULL, NULL, NULL}, ERR_TEMP, ERR_TEMP, "nobody listens"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int write = 0; write < 2; write++) {
            const struct line lines[] = {TOKEN, rows[i].line};
            struct script s;
            struct endpoint *ep = begin(&s, lines, 2);
            struct call c;
            call_init(&c, write ? "POST" : "GET", "/things?secret=1");
            endpoint_call_many(ep, &c, 1);
            assert_err(&c.err, write ? rows[i].write : rows[i].read, rows[i].words);
            if (c.err.kind == ERR_REJECT)
                assert_null(strstr(c.err.text, "secret=1")); /* queries may hold what logs must not */
            call_done(&c);
            end(ep, &s);
        }
}

static void one_401_renews_the_token_and_repeats_the_refused_calls_alone(void **state)
{
    static const struct line lines[] = {TOKEN, {200, "{\"n\":1}", NULL, NULL}, {401, "", NULL, NULL}, TOKEN2, {200, "{\"n\":2}", NULL, NULL}};
    struct script s;
    struct endpoint *ep = begin(&s, lines, 5);
    struct call c[2];
    (void)state;
    call_init(&c[0], "GET", "/one");
    call_init(&c[1], "POST", "/two");
    endpoint_call_many(ep, c, 2);
    assert_int_equal(c[0].err.kind, ERR_NONE);
    assert_int_equal(c[1].err.kind, ERR_NONE);
    assert_int_equal(js_int_or(c[1].json, "n", 0), 2);
    assert_string_equal(s.asked[4], "POST https://crm.example/api/two Bearer a2 ");
    assert_int_equal(s.at, 5);
    call_done(&c[0]);
    call_done(&c[1]);
    end(ep, &s);
}

static void a_second_401_is_the_answer(void **state)
{
    static const struct line lines[] = {TOKEN, {401, "{\"message\":\"gone\"}", NULL, NULL}, TOKEN2, {401, "{\"message\":\"gone\"}", NULL, NULL}, TOKEN};
    struct script s;
    struct endpoint *ep = begin(&s, lines, 5);
    struct call c;
    (void)state;
    call_init(&c, "GET", "/one");
    endpoint_call_many(ep, &c, 1);
    assert_err(&c.err, ERR_AUTH, "401");
    assert_int_equal(s.at, 4);
    call_done(&c);
    end(ep, &s);
}

static void the_limit_is_waited_for_within_the_patience_and_told_beyond_it(void **state)
{
    static const struct line lines[] = {TOKEN, {204, 0, 0, 0}, {204, 0, 0, 0}, {204, 0, 0, 0}, {204, 0, 0, 0}, {204, 0, 0, 0}, {204, 0, 0, 0}};
    struct script s;
    struct endpoint *ep = begin(&s, lines, 7);
    struct call c[7];
    (void)state;
    ep->patience = 1500;
    for (int i = 0; i < 7; i++)
        call_init(&c[i], "GET", "/n/%d", i);
    endpoint_call_many(ep, c, 6);
    for (int i = 0; i < 6; i++)
        assert_int_equal(c[i].err.kind, ERR_NONE);
    assert_in_range(s.slept, 900, 1500);
    limiter_wait_until(ep->limiter, 0, s.now + 60000);
    endpoint_call_many(ep, &c[6], 1);
    assert_err(&c[6].err, ERR_RATE, "quota");
    assert_int_equal(c[6].err.retry_at, s.now + 60000);
    assert_int_equal(s.at, 7); /* it was not sent */
    for (int i = 0; i < 7; i++)
        call_done(&c[i]);
    end(ep, &s);
}

static void retry_after_in_seconds_or_as_a_date_stops_the_bucket(void **state)
{
    static const struct {
        const char *value;
        int64_t wait;
    } rows[] = {{"17", 17000}, {"Fri, 15 Jan 2027 08:00:30 GMT", 30000}, {"soon", 60000}, {"-5", 60000}, {"Thu, 01 Jan 1970 00:00:00 GMT", 0}};
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct line lines[] = {TOKEN, {429, "", "retry-after", rows[i].value}};
        struct script s;
        struct endpoint *ep = begin(&s, lines, 2);
        struct call c;
        call_init(&c, "GET", "/one");
        endpoint_call_many(ep, &c, 1);
        assert_int_equal(c.err.retry_at - s.now, rows[i].wait);
        assert_int_equal(limiter_take(ep->limiter, s.now, 0, LANE_LIVE, 1), rows[i].wait);
        call_done(&c);
        end(ep, &s);
    }
}

/* ---- the power switch ---- */

static int touches_left;

static bool switch_off(struct env *env, const char *what, bool after)
{
    (void)env;
    (void)what;
    (void)after;
    return touches_left-- > 0;
}

static void without_power_a_write_is_not_sent_or_unsure(void **state)
{
    (void)state;
    for (int k = 2; k < 4; k++) { /* the first two touches are the refresh's */
        static const struct line lines[] = {TOKEN, {200, "{}", NULL, NULL}};
        struct script s;
        struct endpoint *ep = begin(&s, lines, 2);
        struct call c;
        s.env.touch = switch_off;
        touches_left = k;
        call_init(&c, "POST", "/one");
        endpoint_call_many(ep, &c, 1);
        assert_int_equal(c.err.kind, k == 2 ? ERR_TEMP : ERR_UNSURE);
        assert_int_equal(s.at, k == 2 ? 1 : 2);
        call_done(&c);
        end(ep, &s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_completed_authorised_and_parsed),
        cmocka_unit_test(each_status_and_fate_becomes_one_kind),
        cmocka_unit_test(one_401_renews_the_token_and_repeats_the_refused_calls_alone),
        cmocka_unit_test(a_second_401_is_the_answer),
        cmocka_unit_test(the_limit_is_waited_for_within_the_patience_and_told_beyond_it),
        cmocka_unit_test(retry_after_in_seconds_or_as_a_date_stops_the_bucket),
        cmocka_unit_test(without_power_a_write_is_not_sent_or_unsure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
