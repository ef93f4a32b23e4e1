/* Buffers: growing, printing, and keeping to their ceiling. */
#include "bridge/base/buf.h"
#include "tests/base/asserts.h"

static void an_empty_buffer_reads_as_an_empty_text(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    assert_string_equal(buf_str(&b), "");
    assert_int_equal(b.n, 0);
}

static void what_is_added_stands_behind_what_was_there(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = BUF_INIT(0);
    assert_true(buf_puts(&b, "GET "));
    assert_true(buf_printf(&b, "/v1/%s?n=%d", "threads", 50));
    assert_true(buf_putc(&b, '&'));
    assert_true(buf_add(&b, "abc", 2));
    assert_string_equal(buf_str(&b), "GET /v1/threads?n=50&ab");
    assert_int_equal(b.n, 23);
}

static void bytes_may_be_nul(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    buf_add(&b, "a\0b", 3);
    assert_int_equal(b.n, 3);
    assert_memory_equal(b.s, "a\0b", 4);
}

static void adding_nothing_still_makes_a_text(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    assert_true(buf_add(&b, NULL, 0));
    assert_non_null(b.s);
    assert_string_equal(b.s, "");
}

static void it_grows_over_many_small_steps(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    for (int i = 0; i < 100000; i++)
        buf_putc(&b, (char)('a' + i % 26));
    assert_int_equal(b.n, 100000);
    assert_int_equal(b.s[99999], 'a' + 99999 % 26);
    assert_int_equal(b.s[100000], 0);
}

static void the_ceiling_can_be_reached_exactly(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = BUF_INIT(5);
    assert_true(buf_puts(&b, "12345"));
    assert_false(b.over);
}

static void past_the_ceiling_it_keeps_what_it_has_and_takes_no_more(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = BUF_INIT(5);
    assert_true(buf_puts(&b, "1234"));
    assert_false(buf_puts(&b, "56"));
    assert_true(b.over);
    assert_false(buf_putc(&b, '5'));
    assert_false(buf_printf(&b, "%d", 5));
    assert_string_equal(buf_str(&b), "1234");
}

static void a_huge_size_does_not_wrap_around(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = {0};
    buf_puts(&b, "x");
    assert_false(buf_add(&b, "y", SIZE_MAX));
    assert_true(b.over);
    assert_string_equal(buf_str(&b), "x");
}

static void reset_forgets_text_and_overflow_but_not_the_ceiling(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = BUF_INIT(3);
    buf_puts(&b, "abcd");
    buf_reset(&b);
    assert_false(b.over);
    assert_true(buf_puts(&b, "abc"));
    assert_false(buf_putc(&b, 'd'));
}

static void taking_hands_over_the_text_and_leaves_an_empty_buffer(void **state)
{
    (void)state;
    AUTO(buf_done) struct buf b = BUF_INIT(8);
    buf_puts(&b, "text");
    AUTO_FREE char *text = buf_take(&b);
    AUTO_FREE char *nothing = buf_take(&b);
    assert_string_equal(text, "text");
    assert_string_equal(nothing, "");
    assert_int_equal(b.n, 0);
    assert_int_equal(b.max, 8);
}

static void done_may_be_called_twice(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_puts(&b, "x");
    buf_done(&b);
    buf_done(&b);
    assert_null(b.s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_buffer_reads_as_an_empty_text),
        cmocka_unit_test(what_is_added_stands_behind_what_was_there),
        cmocka_unit_test(bytes_may_be_nul),
        cmocka_unit_test(adding_nothing_still_makes_a_text),
        cmocka_unit_test(it_grows_over_many_small_steps),
        cmocka_unit_test(the_ceiling_can_be_reached_exactly),
        cmocka_unit_test(past_the_ceiling_it_keeps_what_it_has_and_takes_no_more),
        cmocka_unit_test(a_huge_size_does_not_wrap_around),
        cmocka_unit_test(reset_forgets_text_and_overflow_but_not_the_ceiling),
        cmocka_unit_test(taking_hands_over_the_text_and_leaves_an_empty_buffer),
        cmocka_unit_test(done_may_be_called_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
