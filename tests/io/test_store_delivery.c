/* What a webhook brought stays until it is done, in its order, by endpoint; and a reader beside the holder sees it. */
#include "tests/io/store_kit.h"

static void deliveries_stay_in_order_by_endpoint_until_they_are_done(void **state)
{
    struct kit *k = *state;
    struct store_delivery *d = NULL;
    size_t n = 0;
    int64_t count = 0;
    must(store_delivery_add(k->st, "inbox", 1, "{\"a\":1}", err));
    must(store_delivery_add(k->st, "crm", 2, "{}", err));
    must(store_delivery_add(k->st, "inbox", 3, "{\"a\":2}", err));
    kit_close(k);
    kit_open(k);
    must(store_deliveries(k->st, "inbox", 10, &d, &n, err));
    assert_int_equal(n, 2);
    assert_string_equal(d[0].text, "{\"a\":1}");
    assert_int_equal(d[1].at, 3);
    must(store_delivery_delete(k->st, d[0].id, err));
    store_deliveries_free(d, n);
    must(store_deliveries_count(k->st, "inbox", &count, err));
    assert_int_equal(count, 1);
    must(store_deliveries_count(k->st, "nobody", &count, err));
    assert_int_equal(count, 0);
}

static void a_reader_sees_what_the_holder_commits_and_writes_nothing(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    char *text = NULL;
    must(store_meta_set(k->st, "a", "1", err));
    struct store *reader = store_look(k->path, &k->env, NULL, &why);
    assert_non_null(reader);
    must(store_meta_set(k->st, "a", "2", err));
    must(store_meta_get(reader, "a", &text, err));
    assert_string_equal(text, "2");
    free(text);
    assert_false(store_meta_set(reader, "a", "3", &why));
    assert_int_equal(why.kind, ERR_STORE);
    store_close(reader);
    must(store_meta_set(k->st, "a", "4", err));
}

static void a_reader_works_when_nobody_holds_it_and_in_a_transaction(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    int64_t count = 5;
    kit_close(k);
    struct store *reader = store_look(k->path, &k->env, NULL, &why);
    assert_non_null(reader);
    must(store_begin(reader, err));
    must(store_deliveries_count(reader, "inbox", &count, err));
    must(store_commit(reader, err));
    assert_int_equal(count, 0);
    store_close(reader);
}

static void a_reader_makes_no_store(void **state)
{
    struct kit *k = *state;
    struct err why = {0};
    assert_null(store_look(k->path, &k->env, NULL, &why));
    assert_non_null(strstr(why.text, "no store yet"));
    assert_int_not_equal(access(k->path, F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(deliveries_stay_in_order_by_endpoint_until_they_are_done),
        KIT_TEST(a_reader_sees_what_the_holder_commits_and_writes_nothing),
        KIT_TEST(a_reader_works_when_nobody_holds_it_and_in_a_transaction),
        KIT_TEST_DIR(a_reader_makes_no_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
