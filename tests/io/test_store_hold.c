/* Holds: one per cell, renewed by news, answered by a person. */
#include "tests/io/store_kit.h"

static int64_t put(struct kit *k, int64_t link, const char *field, const char *why, const char *about)
{
    AUTO_JSON json_t *json = kit_json(about);
    struct hold h = {.link = link, .route = "sales", .field = (char *)field, .why = (char *)why, .about = json};
    must(store_hold_put(k->st, &h, err));
    assert_true(h.opened > 0);
    return h.id;
}

static void read_hold(struct kit *k, int64_t id, struct hold *out)
{
    bool found = false;
    must(store_hold_by_id(k->st, id, out, &found, err));
    assert_true(found);
}

static int64_t waiting(struct kit *k)
{
    int64_t n = -1;
    must(store_holds_count(k->st, "sales", &n, err));
    return n;
}

static void a_hold_comes_back_as_it_was_put(void **state)
{
    struct kit *k = *state;
    struct hold h __attribute__((cleanup(hold_done))) = {0};
    AUTO_JSON json_t *about = kit_json("{'s':'ich 🦊','t':null,'base_s':['a','b']}");
    read_hold(k, put(k, 5, "notes", "conflict", "{'s':'ich 🦊','t':null,'base_s':['a','b']}"), &h);
    assert_int_equal(h.link, 5);
    assert_string_equal(h.route, "sales");
    assert_string_equal(h.field, "notes");
    assert_string_equal(h.why, "conflict");
    assert_true(json_equal(h.about, about));
    assert_int_equal(h.opened, k->now);
    assert_null(h.choice);
    assert_null(h.value);
}

static void news_renews_a_hold_and_keeps_when_it_was_opened(void **state)
{
    struct kit *k = *state;
    struct hold h __attribute__((cleanup(hold_done))) = {0};
    int64_t opened = k->now, id = put(k, 5, "notes", "conflict", "{'s':1}");
    k->now += 1000;
    assert_int_equal(put(k, 5, "notes", "flapping", "{'s':2}"), id);
    read_hold(k, id, &h);
    assert_int_equal(h.opened, opened);
    assert_string_equal(h.why, "flapping");
    assert_int_equal(js_int_or(h.about, "s", 0), 2);
    assert_int_equal(waiting(k), 1);
}

static void the_link_itself_is_held_once_beside_its_cells(void **state)
{
    struct kit *k = *state;
    struct hold *holds = NULL;
    size_t n = 0;
    int64_t whole = put(k, 5, NULL, "ambiguous", "{'candidates':['51','52']}");
    put(k, 5, "notes", "conflict", "{}");
    put(k, 6, NULL, "ambiguous", "{}");
    assert_int_equal(put(k, 5, NULL, "ambiguous", "{'candidates':['51']}"), whole);
    must(store_holds_of(k->st, 5, &holds, &n, err));
    assert_int_equal(n, 2);
    assert_null(holds[0].field);
    assert_string_equal(holds[1].field, "notes");
    holds_free(holds, n);
}

static void an_answered_hold_waits_for_nobody_until_news_asks_again(void **state)
{
    struct kit *k = *state;
    struct hold h __attribute__((cleanup(hold_done))) = {0}, again __attribute__((cleanup(hold_done))) = {0};
    int64_t id = put(k, 5, "notes", "conflict", "{'s':1}");
    read_hold(k, id, &h);
    h.choice = mem_dup("value");
    h.value = kit_json("{'both':['a',null]}");
    must(store_hold_put(k->st, &h, err));
    assert_int_equal(waiting(k), 0);
    read_hold(k, id, &again);
    assert_string_equal(again.choice, "value");
    assert_true(json_equal(again.value, h.value));
    put(k, 5, "notes", "conflict", "{'s':2}"); /* the answer was to another question */
    assert_int_equal(waiting(k), 1);
}

static void holds_are_listed_by_route_page_by_page_and_end(void **state)
{
    struct kit *k = *state;
    struct hold *holds = NULL;
    size_t n = 0;
    bool found = true;
    struct hold none = {0};
    int64_t first = put(k, 1, "a", "conflict", "{}"), second = put(k, 2, "a", "conflict", "{}");
    must(store_hold_put(k->st, &(struct hold){.link = 3, .route = "support", .field = "a", .why = "conflict"}, err));
    must(store_holds(k->st, "sales", 0, 1, &holds, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(holds[0].id, first);
    holds_free(holds, n);
    must(store_holds(k->st, "sales", first, 10, &holds, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(holds[0].id, second);
    holds_free(holds, n);
    must(store_hold_delete(k->st, second, err));
    must(store_hold_by_id(k->st, second, &none, &found, err));
    assert_false(found);
    assert_int_equal(waiting(k), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_hold_comes_back_as_it_was_put),
        KIT_TEST(news_renews_a_hold_and_keeps_when_it_was_opened),
        KIT_TEST(the_link_itself_is_held_once_beside_its_cells),
        KIT_TEST(an_answered_hold_waits_for_nobody_until_news_asks_again),
        KIT_TEST(holds_are_listed_by_route_page_by_page_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
