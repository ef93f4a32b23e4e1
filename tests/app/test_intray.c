/* Deliveries: kept before they are answered, made into jobs once, and bounded. */
#include "bridge/app/delivery.h"
#include "bridge/app/intray.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "tests/base/asserts.h"
#include "tests/kit/world.h"

static struct app app;
static struct app_endpoint endpoint;
static struct intray tray;

/* The tray and the store of a world, with its Inbox endpoint. */
static struct world *open_world(void)
{
    struct err err = {0};
    struct world *w = world_new(1, 5, world_mapping);
    world_start(w);
    world_settle(w);
    app = (struct app){.env = w->env, .store = w->store, .endpoints = &endpoint, .n_endpoints = 1};
    endpoint = (struct app_endpoint){.ep = w->ep[0], .intake = w->intake[0]};
    assert_true(intray_open(&tray, &app, &err));
    return w;
}

static void close_world(struct world *w)
{
    intray_close(&tray);
    world_free(w);
}

static char *about(struct world *w, size_t i)
{
    AUTO_FREE char *key = world_key(w, i);
    struct record r = {.object = (char *)"prospect", .id = key, .key = key};
    return delivery_text(&(struct page){.items = &r, .n = 1});
}

static void a_page_comes_back_as_it_was(void **state)
{
    struct page out __attribute__((cleanup(page_done))) = {0};
    struct err err = {0};
    AUTO_JSON json_t *fields = json_pack("{s:i,s:n}", "a", 1, "b");
    struct record rows[2] = {{.object = (char *)"prospect", .id = (char *)"1", .key = (char *)"x:1", .label = (char *)"@ada", .as_of = 5, .fields = fields},
                             {.object = (char *)"people", .id = (char *)"2", .state = RECORD_GONE, .version = (char *)"v", .modified = 7}};
    AUTO_FREE char *text = delivery_text(&(struct page){.items = rows, .n = 2, .late = 3, .relearn = true});
    (void)state;
    assert_true(delivery_page(text, &out, &err));
    assert_int_equal(out.n, 2);
    assert_true(out.late == 3 && out.relearn && out.items[0].as_of == 5 && out.items[1].modified == 7);
    assert_string_equal(out.items[0].label, "@ada");
    assert_true(js_equal(out.items[0].fields, fields));
    assert_int_equal(out.items[1].state, RECORD_GONE);
    assert_null(out.items[1].fields);
    assert_null(out.items[1].key);
}

static void what_was_put_becomes_a_live_job_once(void **state)
{
    struct world *w = open_world();
    struct err err = {0};
    struct job job = {0};
    int64_t taken = 0;
    bool found = false;
    AUTO_FREE char *text = about(w, 2), *key = world_key(w, 2);
    (void)state;
    assert_true(intray_put(&tray, "inbox", 1, text, &err));
    assert_true(intray_put(&tray, "inbox", 2, text, &err));
    assert_int_equal(intray_waiting(&tray), 2);
    assert_true(intray_take(&tray, &endpoint.intake, &taken, &err));
    assert_int_equal(taken, 2);
    assert_int_equal(intray_waiting(&tray), 0);
    assert_true(store_job_get(w->store, "r", "prospect", key, &job, &found, &err) && found);
    assert_int_equal(job.lane, LANE_LIVE);
    job_done(&job);
    assert_true(intray_take(&tray, &endpoint.intake, &taken, &err));
    assert_int_equal(taken, 0);
    close_world(w);
}

static void what_was_put_is_there_after_a_restart(void **state)
{
    struct world *w = open_world();
    struct err err = {0};
    AUTO_FREE char *text = about(w, 1);
    (void)state;
    assert_true(intray_put(&tray, "inbox", 1, text, &err));
    intray_close(&tray);
    assert_true(intray_open(&tray, &app, &err));
    assert_int_equal(intray_waiting(&tray), 1);
    close_world(w);
}

static void without_schemas_they_wait(void **state)
{
    struct world *w = open_world();
    struct err err = {0};
    int64_t taken = 0;
    AUTO_FREE char *text = about(w, 1);
    (void)state;
    assert_true(intray_put(&tray, "inbox", 1, text, &err));
    w->route->learnt = false;
    assert_true(intray_take(&tray, &endpoint.intake, &taken, &err));
    assert_int_equal(taken, 0);
    assert_int_equal(intray_waiting(&tray), 1);
    close_world(w);
}

static void a_full_tray_says_so(void **state)
{
    struct world *w = open_world();
    struct err err = {0};
    (void)state;
    tray.waiting = INTRAY_MOST;
    assert_false(intray_put(&tray, "inbox", 1, "{}", &err));
    assert_int_equal(err.kind, ERR_LIMIT);
    close_world(w);
}

static void *put_many(void *arg)
{
    struct err err = {0};
    for (int i = 0; i < 50; i++)
        if (!intray_put(&tray, "inbox", i, arg, &err))
            return arg;
    return NULL;
}

static void many_threads_put_while_the_engine_takes(void **state)
{
    struct world *w = open_world();
    struct err err = {0};
    pthread_t threads[8];
    int64_t all = 0, taken = 0;
    AUTO_FREE char *text = about(w, 3);
    (void)state;
    w->env.touch = NULL; /* the power switch is of one thread */
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, put_many, text), 0);
    while (all < 50 * (int64_t)COUNT(threads)) {
        assert_true(intray_take(&tray, &endpoint.intake, &taken, &err));
        all += taken;
    }
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(all, 50 * COUNT(threads));
    assert_int_equal(intray_waiting(&tray), 0);
    close_world(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_comes_back_as_it_was),
        cmocka_unit_test(what_was_put_becomes_a_live_job_once),
        cmocka_unit_test(what_was_put_is_there_after_a_restart),
        cmocka_unit_test(without_schemas_they_wait),
        cmocka_unit_test(a_full_tray_says_so),
        cmocka_unit_test(many_threads_put_while_the_engine_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
