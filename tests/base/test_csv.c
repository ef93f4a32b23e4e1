/* Rows out of text, and text out of rows. */
#include "bridge/base/csv.h"
#include "bridge/base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

static void assert_next(struct csv *c, int line, size_t n, const char *const *cells)
{
    struct csv_row row = {0};
    struct err err = {0};
    bool more = false;
    if (!csv_next(c, &row, &more, &err))
        fail_msg("%s", err.text);
    assert_true(more);
    assert_int_equal(c->line, line);
    assert_int_equal(row.n, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(row.cells[i], cells[i]);
    csv_row_done(&row);
}
#define NEXT(c, line, ...)                                                                                             \
    assert_next(c, line, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *), (const char *[]){__VA_ARGS__})

static void assert_end(struct csv *c)
{
    struct csv_row row = {0};
    struct err err = {0};
    bool more = true;
    assert_true(csv_next(c, &row, &more, &err));
    assert_false(more);
}

static void cells_come_bare_and_quoted_with_either_line_end(void **state)
{
    (void)state;
    struct csv c = {.at = "a,b,c\r\n\"x, y\",\"say \"\"no\"\"\",\"\"\n1,,"};
    NEXT(&c, 1, "a", "b", "c");
    NEXT(&c, 2, "x, y", "say \"no\"", "");
    NEXT(&c, 3, "1", "", "");
    assert_end(&c);
}

static void lines_are_counted_through_quoted_line_ends(void **state)
{
    (void)state;
    struct csv c = {.at = "\"a\nb\"\nc\n"};
    NEXT(&c, 1, "a\nb");
    NEXT(&c, 3, "c");
    assert_end(&c);
}

static void broken_quotes_are_refused_with_their_line(void **state)
{
    (void)state;
    static const char *const wrong[] = {"a\n\"b", "a\n\"b\"c", "a\nb\"c\""};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct csv c = {.at = wrong[i]};
        struct csv_row row = {0};
        struct err err = {0};
        bool more = false;
        NEXT(&c, 1, "a");
        assert_false(csv_next(&c, &row, &more, &err));
        assert_non_null(strstr(err.text, "line 2: "));
    }
}

static void what_is_printed_reads_back(void **state)
{
    (void)state;
    const char *cells[] = {"plain", "with, comma", "with \"quotes\"", "two\nlines", " blank before", NULL};
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    csv_print(f, cells, COUNT(cells));
    fclose(f);
    struct csv c = {.at = text};
    NEXT(&c, 1, "plain", "with, comma", "with \"quotes\"", "two\nlines", " blank before", "");
    assert_end(&c);
    free(text);
}

static void a_cell_in_quotes_comes_back_as_it_was(void **state)
{
    static const char *const cells[] = {"", "plain", "a \"b\"", "\"", "x,\r\ny", " #N/A"};
    struct buf b = {0};
    (void)state;
    for (size_t i = 0; i < COUNT(cells); i++) {
        if (i)
            buf_putc(&b, ',');
        csv_cell(&b, cells[i]);
    }
    struct csv c = {.at = buf_str(&b)};
    NEXT(&c, 1, "", "plain", "a \"b\"", "\"", "x,\r\ny", " #N/A");
    assert_end(&c);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cell_in_quotes_comes_back_as_it_was),
        cmocka_unit_test(cells_come_bare_and_quoted_with_either_line_end),
        cmocka_unit_test(lines_are_counted_through_quoted_line_ends),
        cmocka_unit_test(broken_quotes_are_refused_with_their_line),
        cmocka_unit_test(what_is_printed_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
