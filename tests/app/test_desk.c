/* The desk without its socket: who asks, who waits, who has gone. The engine's turns are made by hand, the clock is ours. */
#include "bridge/app/desk.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/pause.h"
#include "tests/base/asserts.h"

static struct env env;
static int64_t now;
static struct bell bell = {.fd = -1};
static struct desk desk;
static struct app app;

static int64_t fake_now(struct env *e)
{
    (void)e;
    return now;
}

static int set_up(void **state)
{
    struct err err = {0};
    (void)state;
    now = 1772442930250;
    env = (struct env){.now = fake_now};
    app = (struct app){.env = env, .n_routes = 1, .routes = mem_alloc(sizeof *app.routes)};
    app.routes[0].route.name = "sales";
    app.store = store_open(":memory:", &env, NULL, &err);
    assert_non_null(app.store);
    desk_init(&desk, &bell, &env);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    desk_done(&desk);
    store_close(app.store);
    free(app.routes);
    return 0;
}

static int64_t put(const char *words, struct err *err)
{
    AUTO_JSON json_t *all = js_parse(words, strlen(words), err);
    return desk_put(&desk, all, now, err);
}

static int64_t asked(const char *words)
{
    struct err err = {0};
    int64_t id = put(words, &err);
    assert_true(id > 0);
    return id;
}

/* Its state and, once it is done, its exit code: "done 0". NULL: it is not known. */
static char *stands(int64_t id)
{
    AUTO_JSON json_t *state = desk_state(&desk, id);
    const json_t *answer = json_object_get(state, "answer");
    return !state ? NULL : answer ? mem_printf("%s %lld", js_str(state, "state"), (long long)js_int_or(answer, "exit", -1))
                                  : mem_dup(js_str(state, "state"));
}

static void assert_stands(int64_t id, const char *wanted)
{
    AUTO_FREE char *is = stands(id);
    assert_string_equal(is ? is : "unknown", wanted);
}

static bool paused(void)
{
    struct err err = {0};
    int64_t since = 0;
    assert_true(pause_since(app.store, "sales", &since, &err));
    return since != 0;
}

static void a_wish_is_done_at_the_next_turn_and_not_before(void **state)
{
    (void)state;
    int64_t id = asked("[\"pause\",\"sales\"]");
    assert_stands(id, "waits");
    assert_false(paused());
    assert_false(desk_turn(&desk, &app));
    assert_true(paused());
    assert_stands(id, "done 0");
    AUTO_JSON json_t *there = desk_state(&desk, id);
    const json_t *out = json_object_get(json_object_get(there, "answer"), "out");
    assert_string_equal(js_str(json_array_get(out, 0), "route"), "sales");
    assert_true(js_bool_or(json_array_get(out, 0), "changed", false));
}

static void what_went_wrong_is_told_to_who_asked_and_is_not_the_services_own_fault(void **state)
{
    (void)state;
    int64_t id = asked("[\"pause\",\"sale\"]");
    desk_turn(&desk, &app);
    assert_stands(id, "done 1");
    AUTO_JSON json_t *there = desk_state(&desk, id);
    const json_t *said = json_object_get(json_object_get(there, "answer"), "said");
    assert_holds(json_string_value(json_array_get(said, 0)), "did you mean \"sales\"");
    assert_int_equal(app.exit_code, 0);
    assert_null(app.said);
}

static void wishes_are_done_in_their_order(void **state)
{
    (void)state;
    asked("[\"pause\",\"sales\"]");
    int64_t last = asked("[\"resume\",\"--all\"]");
    desk_turn(&desk, &app);
    assert_stands(last, "done 0");
    assert_false(paused());
}

static void a_wish_nobody_asks_about_any_more_is_not_done(void **state)
{
    (void)state;
    int64_t left = asked("[\"pause\",\"sales\"]"), kept = asked("[\"resume\",\"sales\"]");
    for (int i = 0; i < 3; i++) {
        now += DESK_FORSAKEN_MS / 2;
        assert_stands(kept, "waits");
    }
    desk_turn(&desk, &app);
    assert_stands(left, "unknown");
    assert_stands(kept, "done 0");
    assert_false(paused());
}

static void a_wish_can_be_taken_back_until_it_is_begun(void **state)
{
    (void)state;
    int64_t first = asked("[\"pause\",\"sales\"]");
    assert_true(desk_withdraw(&desk, first));
    assert_false(desk_withdraw(&desk, first));
    desk_turn(&desk, &app);
    assert_false(paused());
    int64_t second = asked("[\"pause\",\"sales\"]");
    desk_turn(&desk, &app);
    assert_false(desk_withdraw(&desk, second));
    assert_true(paused());
}

static void what_was_said_long_ago_or_makes_no_sense_is_refused(void **state)
{
    static const char *const nonsense[] = {"null", "[]", "[7]", "[\"pause\"]", "[\"pause\",\"-x\"]", "[\"adopt\"]", "[\"undo\"]", "[\"plan\",\"--out\",\"x\"]", "[\"apply\",\"x\"]", "[\"links\",\"export\",\"x\"]", "[\"retry\",\"none\"]",
                                           "[\"sync\",\"--fast\"]", "[\"pause\",7]", "{\"pause\":1}"};
    struct err err = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        err = (struct err){0};
        assert_int_equal(put(nonsense[i], &err), 0);
        assert_int_equal(err.kind, ERR_REJECT);
    }
    AUTO_JSON json_t *words = json_pack("[s,s]", "pause", "sales");
    err = (struct err){0};
    assert_int_equal(desk_put(&desk, words, now - DESK_FORSAKEN_MS - 1, &err), 0);
    assert_int_equal(err.kind, ERR_STALE);
    desk_turn(&desk, &app);
    assert_false(paused());
}

static void so_many_wishes_and_no_more(void **state)
{
    struct err err = {0};
    int64_t n = 0;
    (void)state;
    while (put("[\"resume\",\"sales\"]", &err))
        assert_in_range(++n, 1, 1000);
    assert_int_equal(err.kind, ERR_LIMIT);
    desk_turn(&desk, &app);
    now += 2 * 60 * 1000; /* answers are kept for a while, not for ever */
    asked("[\"resume\",\"sales\"]");
}

static void who_waits_is_sent_home_when_the_engine_goes(void **state)
{
    (void)state;
    int64_t id = asked("[\"pause\",\"sales\"]");
    desk_drop(&desk);
    AUTO_JSON json_t *there = desk_wait(&desk, id, 60 * 60 * 1000);
    assert_string_equal(js_str(there, "state"), "waits");
    desk_turn(&desk, &app);
    AUTO_JSON json_t *done = desk_wait(&desk, id, 60 * 60 * 1000);
    assert_string_equal(js_str(done, "state"), "done");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_wish_is_done_at_the_next_turn_and_not_before),
        TEST(what_went_wrong_is_told_to_who_asked_and_is_not_the_services_own_fault),
        TEST(wishes_are_done_in_their_order),
        TEST(a_wish_nobody_asks_about_any_more_is_not_done),
        TEST(a_wish_can_be_taken_back_until_it_is_begun),
        TEST(what_was_said_long_ago_or_makes_no_sense_is_refused),
        TEST(so_many_wishes_and_no_more),
        TEST(who_waits_is_sent_home_when_the_engine_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
