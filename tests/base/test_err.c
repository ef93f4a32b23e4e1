/* Errors: kinds, wrapping, and texts that stay one line of UTF-8 whatever goes into them. */
#include "bridge/base/str.h"
#include "tests/base/asserts.h"

static void an_error_carries_kind_and_text(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(err_set(&err, ERR_REJECT, "field %s is read-only", "email"));
    assert_int_equal(err.kind, ERR_REJECT);
    assert_string_equal(err.text, "field email is read-only");
}

static void no_place_for_the_error_is_allowed(void **state)
{
    (void)state;
    assert_false(err_set(NULL, ERR_TEMP, "lost"));
    assert_false(err_wrap(NULL, "reading"));
}

static void wrapping_says_what_we_were_doing_and_keeps_the_kind(void **state)
{
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_RATE, "429 Too Many Requests");
    err.retry_at = 1234;
    assert_false(err_wrap(&err, "reading page %d", 3));
    assert_false(err_wrap(&err, "sweeping"));
    assert_string_equal(err.text, "sweeping: reading page 3: 429 Too Many Requests");
    assert_int_equal(err.kind, ERR_RATE);
    assert_int_equal(err.retry_at, 1234);
}

static void wrapping_an_empty_text_leaves_no_colon_behind(void **state)
{
    (void)state;
    struct err err = {.kind = ERR_BUG};
    err_wrap(&err, "opening the store");
    assert_string_equal(err.text, "opening the store");
}

static void setting_anew_forgets_the_time_of_the_last_error(void **state)
{
    (void)state;
    struct err err = {.kind = ERR_RATE, .retry_at = 99};
    err_set(&err, ERR_TEMP, "connection reset");
    assert_int_equal(err.retry_at, 0);
}

static void the_old_text_may_be_part_of_the_new_one(void **state)
{
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_TEMP, "reset");
    err_set(&err, ERR_UNSURE, "answer lost (%s)", err.text);
    assert_string_equal(err.text, "answer lost (reset)");
}

static void control_characters_become_spaces(void **state)
{
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_TEMP, "a\nb\tc\rd\x1b[31me\x7f");
    assert_string_equal(err.text, "a b c d [31me ");
}

static void bytes_that_are_not_utf8_become_question_marks(void **state)
{
    (void)state;
    struct err err = {0};
    err_set(&err, ERR_TEMP, "%s", "caf\xe9 says no");
    assert_string_equal(err.text, "caf? says no");
    assert_true(str_utf8_valid(err.text, strlen(err.text)));
}

static void a_long_text_is_cut_at_a_character(void **state)
{
    (void)state;
    struct err err = {0};
    for (int shift = 0; shift < 4; shift++) {
        char text[2000] = "";
        memset(text, 'x', (size_t)shift);
        for (int i = 0; i < 300; i++)
            strcat(text, "\xf0\x9f\x9a\x80");
        err_set(&err, ERR_TEMP, "%s", text);
        assert_true(strlen(err.text) > sizeof err.text - 5);
        assert_true(str_utf8_valid(err.text, strlen(err.text)));
    }
}

static void a_long_prefix_is_cut_at_a_character_too(void **state)
{
    (void)state;
    struct err err = {0};
    char prefix[1200] = "x";
    for (int i = 0; i < 250; i++)
        strcat(prefix, "\xf0\x9f\x9a\x80");
    err_set(&err, ERR_TEMP, "reset");
    err_wrap(&err, "%s", prefix);
    assert_true(str_utf8_valid(err.text, strlen(err.text)));
    assert_int_equal(err.kind, ERR_TEMP);
}

static void every_kind_has_a_name_that_leads_back_to_it(void **state)
{
    (void)state;
    for (int kind = 0; kind < ERR_KINDS; kind++)
        assert_int_equal(err_kind_of(err_name((enum err_kind)kind)), kind);
    assert_string_equal(err_name(ERR_UNSURE), "UNSURE");
    assert_string_equal(err_name(ERR_STORE), "STORE");
}

static void an_unknown_kind_or_name_is_answered_calmly(void **state)
{
    (void)state;
    assert_string_equal(err_name(ERR_KINDS), "BUG");
    assert_string_equal(err_name((enum err_kind) - 1), "BUG");
    assert_int_equal(err_kind_of("temp"), ERR_NONE);
    assert_int_equal(err_kind_of(NULL), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_carries_kind_and_text),
        cmocka_unit_test(no_place_for_the_error_is_allowed),
        cmocka_unit_test(wrapping_says_what_we_were_doing_and_keeps_the_kind),
        cmocka_unit_test(wrapping_an_empty_text_leaves_no_colon_behind),
        cmocka_unit_test(setting_anew_forgets_the_time_of_the_last_error),
        cmocka_unit_test(the_old_text_may_be_part_of_the_new_one),
        cmocka_unit_test(control_characters_become_spaces),
        cmocka_unit_test(bytes_that_are_not_utf8_become_question_marks),
        cmocka_unit_test(a_long_text_is_cut_at_a_character),
        cmocka_unit_test(a_long_prefix_is_cut_at_a_character_too),
        cmocka_unit_test(every_kind_has_a_name_that_leads_back_to_it),
        cmocka_unit_test(an_unknown_kind_or_name_is_answered_calmly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
