/* Small questions about text, with the texts that usually break them. */
#include "bridge/base/str.h"
#include "tests/base/asserts.h"
#include <locale.h>
#include <math.h>

#define ROCKET "\xf0\x9f\x9a\x80"

static void null_equals_only_null(void **state)
{
    (void)state;
    assert_true(str_eq(NULL, NULL));
    assert_false(str_eq(NULL, ""));
    assert_false(str_eq_nocase("", NULL));
    assert_true(str_eq_nocase(NULL, NULL));
    assert_true(str_eq("a", "a"));
    assert_false(str_eq("a", "A"));
}

static void case_is_forgiven_in_ascii_only(void **state)
{
    (void)state;
    assert_true(str_eq_nocase("Content-TYPE", "content-type"));
    assert_false(str_eq_nocase("content", "content-type"));
    assert_false(str_eq_nocase("content-type", "content"));
    assert_false(str_eq_nocase("\xc3\x84", "\xc3\xa4"));
    assert_false(str_eq_nocase("@", "`"));
}

static void a_prefix_may_be_empty_or_too_long(void **state)
{
    (void)state;
    assert_true(str_starts("env:NAME", "env:"));
    assert_true(str_starts("x", ""));
    assert_false(str_starts("en", "env:"));
}

static void blank_is_nothing_but_white_space(void **state)
{
    (void)state;
    assert_true(str_blank(NULL));
    assert_true(str_blank(""));
    assert_true(str_blank(" \t\r\n\v\f"));
    assert_false(str_blank(" . "));
    assert_false(str_blank("\xc2\xa0"));
}

static void a_copy_is_cut_at_a_character(void **state)
{
    (void)state;
    char out[6];
    str_copy(out, sizeof out, "ab" ROCKET);
    assert_string_equal(out, "ab");
    str_copy(out, sizeof out, "a" ROCKET);
    assert_string_equal(out, "a" ROCKET);
    str_copy(out, sizeof out, "abcdefgh");
    assert_string_equal(out, "abcde");
    str_copy(out, 1, ROCKET);
    assert_string_equal(out, "");
    str_copy(out, 0, "untouched");
    assert_string_equal(out, "");
}

static void length_counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(str_utf8_len(""), 0);
    assert_int_equal(str_utf8_len("na\xc3\xafve"), 5);
    assert_int_equal(str_utf8_len(ROCKET ROCKET), 2);
}

static void a_cut_never_splits_a_character(void **state)
{
    (void)state;
    assert_int_equal(str_utf8_cut("na\xc3\xafve", 3), 4);
    assert_int_equal(str_utf8_cut("na\xc3\xafve", 2), 2);
    assert_int_equal(str_utf8_cut(ROCKET "x", 1), 4);
    assert_int_equal(str_utf8_cut("abc", 0), 0);
    assert_int_equal(str_utf8_cut("abc", 99), 3);
}

static void well_formed_utf8_is_accepted_up_to_its_borders(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "plain",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       ROCKET};
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(str_utf8_valid(good[i], strlen(good[i])));
    assert_true(str_utf8_valid("a\0b", 3));
}

static void overlong_surrogate_and_truncated_utf8_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "\xfe",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x9f\x9a",
                                      "\xc3(",
                                      "caf\xe9"};
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(str_utf8_valid(bad[i], strlen(bad[i])));
}

static void the_span_ends_at_the_first_malformed_byte(void **state)
{
    (void)state;
    const char *text = "12345678"
                       "1234567\xff"
                       "12345678";
    assert_int_equal(str_utf8_span(text, 24), 15);
    assert_int_equal(str_utf8_span(text, 15), 15);
    assert_int_equal(str_utf8_span("", 0), 0);
}

static void whole_numbers_are_read_whole(void **state)
{
    (void)state;
    int64_t n = 7;
    assert_true(str_to_int("-9223372036854775808", INT64_MIN, INT64_MAX, &n));
    assert_true(n == INT64_MIN);
    assert_true(str_to_int("+42", 0, 100, &n));
    assert_int_equal(n, 42);
    assert_true(str_to_int("007", 0, 100, &n));
    assert_int_equal(n, 7);
}

static void what_is_no_whole_number_leaves_the_place_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    " 1", "1 ", "1.0", "1e3", "0x10", "-", "+", "--1", "9223372036854775808",
                                      "ten", "101"};
    int64_t n = 7;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(str_to_int(bad[i], 0, 100, &n));
    assert_false(str_to_int(NULL, 0, 100, &n));
    assert_int_equal(n, 7);
}

static void real_numbers_are_decimal_and_finite(void **state)
{
    (void)state;
    static const char *const bad[] = {"",       " 1",  "1 ", "0x1p3", "inf",   "nan", "1e999",
                                      "-1e999", "1,5", ".",  "e5",    "1.5.2", "--1"};
    double v = 7;
    assert_true(str_to_real("-12.5e-1", &v));
    assert_true(v < -1.2499 && v > -1.2501);
    assert_true(str_to_real("1e-400", &v));
    assert_true(fabs(v) < 1e-300);
    v = 7;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(str_to_real(bad[i], &v));
    assert_false(str_to_real(NULL, &v));
    assert_true(v > 6.9 && v < 7.1);
}

static void a_locale_with_commas_changes_no_number(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8"};
    char out[STR_REAL];
    double v = 0;
    for (size_t i = 0; i < COUNT(names); i++) {
        setlocale(LC_ALL, names[i]);
        assert_true(str_to_real("1.5", &v));
        str_of_real(v, out);
        assert_string_equal(out, "1.5");
    }
    setlocale(LC_ALL, "C");
}

static void a_real_is_printed_as_short_as_it_reads_back(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *text;
    } rows[] = {{0.1, "0.1"},
                {1234.56, "1234.56"},
                {5, "5"},
                {-0.5, "-0.5"},
                {1e300, "1e+300"},
                {0.1 + 0.2, "0.30000000000000004"},
                {1.0 / 3, "0.3333333333333333"},
                {2e-7, "2e-07"},
                {9007199254740993.0, "9007199254740992"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[STR_REAL];
        double back;
        str_of_real(rows[i].v, out);
        assert_string_equal(out, rows[i].text);
        assert_true(str_to_real(out, &back));
        assert_memory_equal(&back, &rows[i].v, sizeof back);
    }
}

static void the_nearest_word_forgives_a_slip_of_the_hand(void **state)
{
    (void)state;
    static const char *const known[] = {"poll", "token", "connector", "daily_budget"};
    assert_string_equal(str_nearest("pol", known, COUNT(known)), "poll");
    assert_string_equal(str_nearest("tokne", known, COUNT(known)), "token");
    assert_string_equal(str_nearest("Connecter", known, COUNT(known)), "connector");
    assert_string_equal(str_nearest("daily_bugdet", known, COUNT(known)), "daily_budget");
}

static void a_word_far_from_all_has_no_nearest(void **state)
{
    (void)state;
    static const char *const known[] = {"poll", NULL, "token"};
    char longest[200];
    memset(longest, 'p', sizeof longest);
    longest[199] = '\0';
    assert_null(str_nearest("organisation", known, COUNT(known)));
    assert_null(str_nearest(longest, known, COUNT(known)));
    assert_null(str_nearest(NULL, known, COUNT(known)));
    assert_null(str_nearest("poll", known, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_equals_only_null),
        cmocka_unit_test(case_is_forgiven_in_ascii_only),
        cmocka_unit_test(a_prefix_may_be_empty_or_too_long),
        cmocka_unit_test(blank_is_nothing_but_white_space),
        cmocka_unit_test(a_copy_is_cut_at_a_character),
        cmocka_unit_test(length_counts_code_points),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(well_formed_utf8_is_accepted_up_to_its_borders),
        cmocka_unit_test(overlong_surrogate_and_truncated_utf8_is_refused),
        cmocka_unit_test(the_span_ends_at_the_first_malformed_byte),
        cmocka_unit_test(whole_numbers_are_read_whole),
        cmocka_unit_test(what_is_no_whole_number_leaves_the_place_alone),
        cmocka_unit_test(real_numbers_are_decimal_and_finite),
        cmocka_unit_test(a_locale_with_commas_changes_no_number),
        cmocka_unit_test(a_real_is_printed_as_short_as_it_reads_back),
        cmocka_unit_test(the_nearest_word_forgives_a_slip_of_the_hand),
        cmocka_unit_test(a_word_far_from_all_has_no_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
