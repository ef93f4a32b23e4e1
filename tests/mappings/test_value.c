/* value.c: what "the same" means. */
#include "tests/mappings/kit.h"

static bool compare(bool (*f)(const json_t *, const json_t *), const char *a, const char *b)
{
    AUTO_JSON json_t *x = js(a), *y = js(b);
    return f(x, y);
}

static void blank_is_null_empty_text_or_empty_set(void **state)
{
    (void)state;
    static const char *const blanks[] = {"null", "''", "[]"}, *const values[] = {"0", "false", "' '", "[1]", "{}"};
    assert_true(value_blank(NULL));
    for (size_t i = 0; i < COUNT(blanks); i++) {
        AUTO_JSON json_t *v = js(blanks[i]);
        assert_true(value_blank(v));
    }
    for (size_t i = 0; i < COUNT(values); i++) {
        AUTO_JSON json_t *v = js(values[i]);
        assert_false(value_blank(v));
    }
}

static void sets_are_the_same_by_content_and_null_is_not_the_empty_text(void **state)
{
    (void)state;
    assert_true(compare(value_same, "['a','b']", "['b','a']"));
    assert_false(compare(value_same, "['a']", "['a','b']"));
    assert_false(compare(value_same, "['a','b']", "['a']"));
    assert_false(compare(value_same, "null", "''"));
    assert_true(compare(value_same, "5", "5"));
    assert_false(compare(value_same, "5", "'5'"));
}

static void alike_is_how_services_tidy_values(void **state)
{
    (void)state;
    static const char *const yes[][2] = {{"'a  b'", "' a b '"}, {"'a\\r\\nb'", "'a\\nb'"}, {"'5'", "5"}, {"5", "5.0"},
                                         {"null", "''"}, {"'a '", "'a'"}, {"['x']", "['x']"}, {"'7.50'", "7.5"}};
    static const char *const no[][2] = {{"'a'", "'b'"}, {"'ab'", "'a b'"}, {"'5x'", "5"}, {"null", "0"}, {"'a'", "'ab'"}, {"true", "1"},
                                        {"'a b c'", "'a b'"}, {"'5'", "'5.0'"}};
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_true(compare(value_alike, yes[i][0], yes[i][1]));
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(compare(value_alike, no[i][0], no[i][1]));
}

static void canonical_values_are_sorted_whole_and_without_carriage_returns(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"['b','a','b']", "['a','b']"}, {"5.0", "5"}, {"5.5", "5.5"}, {"'a\\r\\nb\\rc'", "'a\\nb\\nc'"},
                                          {"'a'", "'a'"}, {"true", "true"}, {"[2,'a',1]", "[1,2,'a']"}};
    static const char *const sets[][2] = {{"null", "[]"}, {"''", "[]"}, {"'a'", "['a']"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *v = js(rows[i][0]), *c = value_canonical(v, false);
        assert_js(c, rows[i][1]);
    }
    for (size_t i = 0; i < COUNT(sets); i++) {
        AUTO_JSON json_t *v = js(sets[i][0]), *c = value_canonical(v, true);
        assert_js(c, sets[i][1]);
    }
    assert_null(value_canonical(NULL, true));
    AUTO_JSON json_t *huge = json_real(1e300), *same = value_canonical(huge, false);
    assert_true(json_is_real(same));
}

static void order_is_by_size_then_by_bytes_blank_first(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int order;
    } rows[] = {{"2", "10", -1}, {"'10'", "9", 1}, {"'b'", "'a'", 1}, {"null", "1", -1}, {"1", "''", 1}, {"null", "''", 0}, {"'a'", "'a'", 0},
                {"true", "'a'", 1}, {"3", "3.0", 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *a = js(rows[i].a), *b = js(rows[i].b);
        int got = value_compare(a, b);
        assert_int_equal((got > 0) - (got < 0), rows[i].order);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blank_is_null_empty_text_or_empty_set),
        cmocka_unit_test(sets_are_the_same_by_content_and_null_is_not_the_empty_text),
        cmocka_unit_test(alike_is_how_services_tidy_values),
        cmocka_unit_test(canonical_values_are_sorted_whole_and_without_carriage_returns),
        cmocka_unit_test(order_is_by_size_then_by_bytes_blank_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
