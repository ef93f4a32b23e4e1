/* Runs, and a change log that only grows. */
#include "tests/io/store_kit.h"

static void add(struct kit *k, int64_t link, const char *event, const char *cells)
{
    AUTO_JSON json_t *json = cells ? kit_json(cells) : NULL;
    must(store_log_add(k->st, 3, link, event, json, err));
}

static void a_row_of_the_log_comes_back_bit_for_bit(void **state)
{
    struct kit *k = *state;
    struct log_row *rows = NULL;
    size_t n = 0;
    AUTO_FREE char *note = mem_alloc(10001);
    memset(note, 'n', 10000);
    AUTO_JSON json_t *cells = json_pack("{s:{s:s,s:s,s:s,s:n},s:n}", "notes", "side", "crm", "old", note, "new", "👩‍💻 \"q\"\\", "s", "b");
    must(store_log_add(k->st, 3, 5, "synced", cells, err));
    must(store_log_of(k->st, 5, 0, 10, &rows, &n, err));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].at, k->now);
    assert_int_equal(rows[0].run, 3);
    assert_int_equal(rows[0].link, 5);
    assert_string_equal(rows[0].event, "synced");
    AUTO_FREE char *bytes = js_print(rows[0].cells), *were = js_print(cells);
    assert_string_equal(bytes, were);
    log_rows_free(rows, n);
}

static void the_log_is_read_by_link_or_whole_in_order_page_by_page(void **state)
{
    struct kit *k = *state;
    struct log_row *rows = NULL;
    size_t n = 0;
    add(k, 5, "linked", NULL);
    add(k, 6, "linked", NULL);
    add(k, 5, "synced", "{'a':{}}");
    must(store_log_of(k->st, 5, 0, 10, &rows, &n, err));
    assert_int_equal(n, 2);
    assert_string_equal(rows[0].event, "linked");
    assert_null(rows[0].cells);
    int64_t first = rows[0].seq;
    log_rows_free(rows, n);
    must(store_log_of(k->st, 5, first, 10, &rows, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].event, "synced");
    log_rows_free(rows, n);
    must(store_log_of(k->st, 0, 0, 2, &rows, &n, err));
    assert_int_equal(n, 2);
    assert_int_equal(rows[1].link, 6);
    log_rows_free(rows, n);
    must(store_log_of(k->st, 7, 0, 10, &rows, &n, err));
    assert_int_equal(n, 0);
    log_rows_free(rows, n);
}

static void nobody_can_change_or_delete_a_row_of_the_log(void **state)
{
    struct kit *k = *state;
    struct log_row *rows = NULL;
    struct err why = {0};
    size_t n = 0;
    add(k, 5, "linked", NULL);
    assert_false(sql_run(k->st, "UPDATE log SET event = 'other'", NO_ARGS, &why));
    assert_non_null(strstr(why.text, "the change log is append only"));
    assert_false(sql_run(k->st, "DELETE FROM log", NO_ARGS, &why));
    assert_false(sql_run(k->st, "INSERT OR REPLACE INTO log(seq, at, run, link, event) VALUES(1, 0, 0, 0, 'x')", NO_ARGS, &why));
    must(store_log_of(k->st, 0, 0, 10, &rows, &n, err));
    assert_int_equal(n, 1);
    assert_string_equal(rows[0].event, "linked");
    log_rows_free(rows, n);
}

static void a_run_has_a_number_a_beginning_and_an_end(void **state)
{
    struct kit *k = *state;
    int64_t a = 0, b = 0, started = 0, ended = 0;
    AUTO_FREE char *counts = NULL;
    AUTO_JSON json_t *json = kit_json("{'created':2}");
    must(store_run_start(k->st, "sales", "sync", &a, err));
    must(store_run_start(k->st, "sales", "full", &b, err));
    assert_true(b > a && a > 0);
    k->now += 500;
    must(store_run_end(k->st, a, json, err));
    must(sql_int(k->st, "SELECT started FROM run WHERE id = ?", ARGS(INT(a)), &started, err));
    must(sql_int(k->st, "SELECT ended FROM run WHERE id = ?", ARGS(INT(a)), &ended, err));
    must(sql_text(k->st, "SELECT counts FROM run WHERE id = ?", ARGS(INT(a)), &counts, err));
    assert_int_equal(ended - started, 500);
    assert_string_equal(counts, "{\"created\":2}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KIT_TEST(a_row_of_the_log_comes_back_bit_for_bit),
        KIT_TEST(the_log_is_read_by_link_or_whole_in_order_page_by_page),
        KIT_TEST(nobody_can_change_or_delete_a_row_of_the_log),
        KIT_TEST(a_run_has_a_number_a_beginning_and_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
