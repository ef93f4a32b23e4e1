/* JSON in and out: what is read, what is refused and in which words, and that printing loses nothing. */
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "tests/base/asserts.h"
#include <math.h>

static json_t *parsed(const char *text)
{
    struct err err = {0};
    json_t *v = js_parse(text, strlen(text), &err);
    if (!v)
        fail_msg("%s", err.text);
    return v;
}

static void assert_prints(const char *text, const char *expected)
{
    AUTO_JSON json_t *v = parsed(text);
    AUTO_FREE char *got = js_print(v);
    assert_string_equal(got, expected);
}

static void assert_refused(const char *text, size_t n, const char *words)
{
    struct err err = {0};
    AUTO_JSON json_t *v = js_parse(text, n, &err);
    assert_null(v);
    assert_err(&err, ERR_TEMP, words);
}

static void every_kind_of_value_may_stand_alone(void **state)
{
    (void)state;
    static const char *const same[] = {"null", "true", "false", "0", "-17", "\"\"", "\"text\"", "[]", "{}", "1.5"};
    for (size_t i = 0; i < COUNT(same); i++)
        assert_prints(same[i], same[i]);
}

static void white_space_around_and_within_is_ignored(void **state)
{
    (void)state;
    assert_prints(" \r\n\t{ \"a\" :\n[ 1 , 2 ] }\n \n", "{\"a\":[1,2]}");
}

static void members_keep_the_order_they_came_in(void **state)
{
    (void)state;
    assert_prints("{\"z\":1,\"a\":{\"y\":2,\"b\":3},\"m\":[]}", "{\"z\":1,\"a\":{\"y\":2,\"b\":3},\"m\":[]}");
}

static void of_duplicate_members_the_last_wins(void **state)
{
    (void)state;
    assert_prints("{\"a\":1,\"b\":2,\"a\":{\"c\":3}}", "{\"a\":{\"c\":3},\"b\":2}");
    assert_prints("{\"a\":{\"deep\":[1,2,{\"x\":1}]},\"a\":null}", "{\"a\":null}");
}

static void an_empty_name_is_a_name(void **state)
{
    (void)state;
    assert_prints("{\"\":1}", "{\"\":1}");
}

static void integers_hold_64_bits_and_become_reals_beyond(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = parsed("[9223372036854775807,-9223372036854775808,999999999999999999,9223372036854775808,"
                                 "123456789012345678901234567890,-0]");
    assert_true(json_integer_value(json_array_get(v, 0)) == INT64_MAX);
    assert_true(json_integer_value(json_array_get(v, 1)) == INT64_MIN);
    assert_true(json_integer_value(json_array_get(v, 2)) == INT64_C(999999999999999999));
    assert_true(json_is_real(json_array_get(v, 3)));
    assert_true(fabs(json_real_value(json_array_get(v, 4)) - 1.2345678901234568e29) < 1e14);
    assert_true(json_is_integer(json_array_get(v, 5)));
}

static void a_very_long_number_is_still_a_number(void **state)
{
    (void)state;
    char text[400] = "0.";
    memset(text + 2, '3', 300);
    text[302] = '\0';
    AUTO_JSON json_t *v = parsed(text);
    assert_true(fabs(json_real_value(v) - 1.0 / 3) < 1e-15);
}

static void a_number_too_large_for_a_real_is_refused(void **state)
{
    (void)state;
    assert_refused("[1, 1e999]", 10, "a number too large");
}

static void escapes_are_read(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = parsed("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20ac\\ud83d\\ude80\"");
    assert_string_equal(json_string_value(v), "\"\\/\b\f\n\r\t\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x80");
}

static void half_a_surrogate_pair_becomes_a_replacement_character(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"\"cut \\ud83d\"", "cut \xef\xbf\xbd"},
        {"\"\\uD83Dnext\"", "\xef\xbf\xbdnext"},
        {"\"\\ude80\"", "\xef\xbf\xbd"},
        {"\"\\ud83d\\u0041\"", "\xef\xbf\xbd"
                               "A"},
        {"\"\\ud83d\\ud83d\\ude80\"", "\xef\xbf\xbd\xf0\x9f\x9a\x80"},
        {"\"\\ud83d\\n\"", "\xef\xbf\xbd\n"},
        {"\"\\\\ud83d\"", "\\ud83d"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        AUTO_JSON json_t *v = parsed(rows[i][0]);
        assert_string_equal(json_string_value(v), rows[i][1]);
    }
}

/* One person's text must not hold up the page it comes in. */
static void an_escaped_nul_becomes_a_replacement_character(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = parsed("{\"a\\u0000\":\"b\\u0000\\u0000c\\\\u0000\"}");
    assert_string_equal(js_str(v, "a\xef\xbf\xbd"), "b\xef\xbf\xbd\xef\xbf\xbd" "c\\u0000");
}

static void a_bare_nul_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    assert_refused("[\"a\0b\"]", 7, "unexpected text");
    assert_refused("[1]\0", 4, "unexpected text");
}

static void malformed_utf8_is_refused_with_its_place(void **state)
{
    (void)state;
    assert_refused("{\"a\":\n\"caf\xe9\"}", 14, "line 2, column 5: not UTF-8");
    assert_refused("[\"\xc0\x80\"]", 6, "not UTF-8");
    assert_refused("[\"\xed\xa0\x80\"]", 7, "not UTF-8");
}

static void what_is_not_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"[1,]",       "{\"a\":1,}", "[1 2]",     "{\"a\"}",       "{a:1}",
                                      "[01]",       "[1.]",       "[.5]",      "[+1]",          "[NaN]",
                                      "[Infinity]", "'a'",        "// c\n1",   "/* c */ 1",     "[1]x",
                                      "[1][2]",     "{}{}",       "[\"\\x\"]", "[\"\t\"]",      "[True]",
                                      "[1e]",       "[-]",        "]",         "[\"\\u12g4\"]", "\xef\xbb\xbf[]"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(bad[i], strlen(bad[i]), "not JSON at line 1");
}

static void half_a_document_is_told_from_a_wrong_one(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "  ", "{", "[1", "[1,", "{\"a\"", "{\"a\":", "\"abc", "tru", "\"\\u12"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_refused(bad[i], strlen(bad[i]), "it ends in the middle");
    assert_refused(NULL, 0, "it ends in the middle");
}

static void an_error_names_line_column_and_what_stood_there(void **state)
{
    (void)state;
    const char *text = "{\n  \"a\": 1,\n  \"b\": nope\n}";
    assert_refused(text, strlen(text), "line 3, column 8: unexpected text, near `{   \"a\": 1,   \"b\": nope");
    const char *page = "<html><head><title>502 Bad Gateway</title></head></html>";
    assert_refused(page, strlen(page),
                   "line 1, column 1: unexpected text, near `<html><head><title>502 Bad Gateway</titl`");
}

static void an_error_may_be_thrown_away(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = js_parse("[", 1, NULL);
    assert_null(v);
}

static char *nested(int depth, const char *open, const char *close)
{
    struct buf b = {0};
    for (int i = 0; i < depth; i++)
        buf_puts(&b, open);
    buf_puts(&b, "1");
    for (int i = 0; i < depth; i++)
        buf_puts(&b, close);
    return buf_take(&b);
}

static void depth_has_a_ceiling(void **state)
{
    (void)state;
    AUTO_FREE char *deepest = nested(JS_MAX_DEPTH, "[", "]");
    AUTO_FREE char *deeper = nested(JS_MAX_DEPTH + 1, "{\"a\":", "}");
    AUTO_FREE char *bomb = nested(100000, "[", "]");
    AUTO_JSON json_t *v = parsed(deepest);
    assert_non_null(v);
    assert_refused(deeper, strlen(deeper), "nested too deep");
    assert_refused(bomb, strlen(bomb), "nested too deep");
}

static void a_long_text_and_a_long_name_survive(void **state)
{
    (void)state;
    AUTO_FREE char *name = mem_printf("%05000d", 1);
    AUTO_FREE char *text = mem_printf("{\"%s\":\"%s\",\"b\":1}", name, name);
    AUTO_JSON json_t *v = parsed(text);
    assert_string_equal(js_str(v, name), name);
    assert_int_equal(js_int_or(v, "b", 0), 1);
}

static void printing_escapes_what_must_be_escaped_and_no_more(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = json_pack("[s,s]", "\"\\/\b\f\n\r\t\x01\x1f\x7f", "\xc3\xa4\xf0\x9f\x9a\x80");
    AUTO_FREE char *text = js_print(v);
    assert_string_equal(text, "[\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\",\"\xc3\xa4\xf0\x9f\x9a\x80\"]");
}

static void reals_are_printed_short_and_stay_reals(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = json_pack("[f,f,f,f,f]", 0.1, 5.0, -1234.56, 1e300, -0.0);
    AUTO_FREE char *text = js_print(v);
    assert_string_equal(text, "[0.1,5.0,-1234.56,1e+300,-0.0]");
    AUTO_JSON json_t *back = parsed(text);
    assert_true(json_equal(v, back));
}

static void sorted_printing_sorts_at_every_level(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = parsed("{\"b\":[{\"z\":1,\"a\":2}],\"B\":0,\"a\":{},\"\":null}");
    AUTO_FREE char *text = js_print_sorted(v);
    assert_string_equal(text, "{\"\":null,\"B\":0,\"a\":{},\"b\":[{\"a\":2,\"z\":1}]}");
}

static void pretty_printing_indents_by_two(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = parsed("{\"a\":[1,{}],\"b\":[]}");
    AUTO_FREE char *text = js_print_pretty(v);
    assert_string_equal(text, "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

static void integers_print_to_their_borders(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = json_pack("[I,I,i]", (json_int_t)INT64_MIN, (json_int_t)INT64_MAX, 0);
    AUTO_FREE char *text = js_print(v);
    assert_string_equal(text, "[-9223372036854775808,9223372036854775807,0]");
}

static void printing_nothing_gives_null(void **state)
{
    (void)state;
    AUTO_FREE char *text = js_print(NULL);
    assert_string_equal(text, "null");
}

static void a_member_of_another_type_gives_the_default(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = parsed("{\"s\":\"text\",\"n\":5,\"t\":true,\"z\":null}");
    assert_string_equal(js_str(v, "s"), "text");
    assert_null(js_str(v, "n"));
    assert_null(js_str(v, "z"));
    assert_null(js_str(NULL, "s"));
    assert_string_equal(js_str_or(v, "missing", "none"), "none");
    assert_true(js_bool_or(v, "t", false));
    assert_true(js_bool_or(v, "n", true));
    assert_false(js_bool_or(NULL, "t", false));
}

static void integers_may_come_as_reals_or_texts(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = parsed(
        "{\"a\":5,\"b\":5.0,\"c\":\"-5\",\"d\":5.5,\"e\":\"5x\",\"f\":1e300,\"g\":null,\"h\":\"\"}");
    assert_int_equal(js_int_or(v, "a", 0), 5);
    assert_int_equal(js_int_or(v, "b", 0), 5);
    assert_int_equal(js_int_or(v, "c", 0), -5);
    for (const char *key = "defgh"; *key; key++)
        assert_int_equal(js_int_or(v, (char[]){*key, 0}, 77), 77);
    assert_int_equal(js_int_or(NULL, "a", 77), 77);
}

static void text_or_null(void **state)
{
    (void)state;
    AUTO_JSON json_t *text = js_text("a");
    AUTO_JSON json_t *none = js_text(NULL);
    AUTO_JSON json_t *broken = js_text("caf\xe9");
    assert_string_equal(json_string_value(text), "a");
    assert_true(json_is_null(none));
    assert_true(json_is_null(broken));
}

static void building_steals_its_parts(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = json_object();
    json_t *list = json_array();
    js_add(list, js_text("x"));
    js_set(v, "list", list);
    js_set(v, "list", json_integer(1));
    AUTO_FREE char *text = js_print(v);
    assert_string_equal(text, "{\"list\":1}");
}

static void equal_looks_at_values_not_at_spelling(void **state)
{
    (void)state;
    static const char *const same[][2] = {{"5", "5.0"},
                                          {"{\"a\":1,\"b\":[2,{}]}", "{\"b\":[2.0,{}],\"a\":1}"},
                                          {"null", "null"},
                                          {"\"\\u00e4\"", "\"\xc3\xa4\""},
                                          {"9007199254740993", "9007199254740993"}};
    for (size_t i = 0; i < COUNT(same); i++) {
        AUTO_JSON json_t *a = parsed(same[i][0]);
        AUTO_JSON json_t *b = parsed(same[i][1]);
        assert_true(js_equal(a, b));
        assert_true(js_equal(b, a));
    }
}

static void different_values_are_not_equal(void **state)
{
    (void)state;
    static const char *const other[][2] = {{"5", "\"5\""},
                                           {"null", "false"},
                                           {"true", "false"},
                                           {"[1,2]", "[2,1]"},
                                           {"[1]", "[1,1]"},
                                           {"{\"a\":1}", "{\"b\":1}"},
                                           {"{}", "[]"},
                                           {"\"\"", "null"},
                                           {"{\"a\":1}", "{\"a\":1,\"b\":null}"},
                                           {"9007199254740993", "9007199254740992"}};
    for (size_t i = 0; i < COUNT(other); i++) {
        AUTO_JSON json_t *a = parsed(other[i][0]);
        AUTO_JSON json_t *b = parsed(other[i][1]);
        assert_false(js_equal(a, b));
        assert_false(js_equal(b, a));
    }
}

static void nothing_equals_only_nothing(void **state)
{
    (void)state;
    assert_true(js_equal(NULL, NULL));
    assert_false(js_equal(NULL, json_null()));
    assert_false(js_equal(json_null(), NULL));
}

static void printing_and_reading_again_changes_nothing(void **state)
{
    (void)state;
    AUTO_JSON json_t *v = parsed(
        "{\"a\":[0.1,1e-7,123456789.123456,-1,null,true,\"\\u0001\\\"\\ud83d\\ude80\"],\"b\":{\"c\":{}}}");
    char *(*const printers[])(const json_t *) = {js_print, js_print_sorted, js_print_pretty};
    for (size_t i = 0; i < COUNT(printers); i++) {
        AUTO_FREE char *text = printers[i](v);
        AUTO_JSON json_t *again = parsed(text);
        assert_true(js_equal(v, again));
        assert_true(json_equal(v, again));
    }
}

static void members_nobody_wants_are_left_out_with_all_in_them(void **state)
{
    static const char *const only[] = {"a", "list", NULL};
    static const char text[] = "{\"x\":{\"a\":1,\"y\":[1,{\"a\":2}]},\"a\":{\"ab\":1,\"a\":[true,null],\"\":7},\"list\":[{\"z\":\"s\"},[],"
                               "{\"a\":\"t\"},\"u\"],\"z\":null}";
    struct err err = {0};
    (void)state;
    AUTO_JSON json_t *v = js_parse_only(text, strlen(text), only, &err);
    AUTO_FREE char *printed = v ? js_print(v) : mem_dup(err.text);
    assert_string_equal(printed, "{\"a\":{\"a\":[true,null]},\"list\":[{},[],{\"a\":\"t\"},\"u\"]}");
    assert_null(js_parse_only("{\"x\":[1,}", 9, only, &err)); /* still JSON or nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_nobody_wants_are_left_out_with_all_in_them),
        cmocka_unit_test(every_kind_of_value_may_stand_alone),
        cmocka_unit_test(white_space_around_and_within_is_ignored),
        cmocka_unit_test(members_keep_the_order_they_came_in),
        cmocka_unit_test(of_duplicate_members_the_last_wins),
        cmocka_unit_test(an_empty_name_is_a_name),
        cmocka_unit_test(integers_hold_64_bits_and_become_reals_beyond),
        cmocka_unit_test(a_very_long_number_is_still_a_number),
        cmocka_unit_test(a_number_too_large_for_a_real_is_refused),
        cmocka_unit_test(escapes_are_read),
        cmocka_unit_test(half_a_surrogate_pair_becomes_a_replacement_character),
        cmocka_unit_test(an_escaped_nul_becomes_a_replacement_character),
        cmocka_unit_test(a_bare_nul_is_refused_wherever_it_stands),
        cmocka_unit_test(malformed_utf8_is_refused_with_its_place),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(half_a_document_is_told_from_a_wrong_one),
        cmocka_unit_test(an_error_names_line_column_and_what_stood_there),
        cmocka_unit_test(an_error_may_be_thrown_away),
        cmocka_unit_test(depth_has_a_ceiling),
        cmocka_unit_test(a_long_text_and_a_long_name_survive),
        cmocka_unit_test(printing_escapes_what_must_be_escaped_and_no_more),
        cmocka_unit_test(reals_are_printed_short_and_stay_reals),
        cmocka_unit_test(sorted_printing_sorts_at_every_level),
        cmocka_unit_test(pretty_printing_indents_by_two),
        cmocka_unit_test(integers_print_to_their_borders),
        cmocka_unit_test(printing_nothing_gives_null),
        cmocka_unit_test(a_member_of_another_type_gives_the_default),
        cmocka_unit_test(integers_may_come_as_reals_or_texts),
        cmocka_unit_test(text_or_null),
        cmocka_unit_test(building_steals_its_parts),
        cmocka_unit_test(equal_looks_at_values_not_at_spelling),
        cmocka_unit_test(different_values_are_not_equal),
        cmocka_unit_test(nothing_equals_only_nothing),
        cmocka_unit_test(printing_and_reading_again_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
