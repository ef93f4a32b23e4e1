/* merge.c: sets element by element, notes paragraph by paragraph. */
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/sync/merge.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

/* "abc" is the set {a,b,c}; NULL is no shadow. */
static json_t *set(const char *letters)
{
    json_t *out = letters ? json_array() : NULL;
    for (; letters && *letters; letters++)
        js_add(out, json_stringn(letters, 1));
    return out;
}

static const struct {
    const char *base_s, *base_t, *s, *t, *out;
} sets[] = {
    {"ab", "ab", "ab", "ab", "ab"}, {"a", "a", "ab", "ac", "abc"},  {"ab", "ab", "b", "a", ""},      {"abc", "abc", "bc", "abd", "bd"},
    {NULL, NULL, "a", "b", "ab"},   {"", "", "a", "a", "a"},        {"a", "a", "", "", ""},         {"a", "a", "a", "", ""},
    {"ab", "a", "ab", "a", "ab"},   {"a", "ab", "a", "b", "b"},
};

static void sets_keep_what_was_added_and_drop_what_was_removed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sets); i++) {
        AUTO_JSON json_t *bs = set(sets[i].base_s), *bt = set(sets[i].base_t), *s = set(sets[i].s), *t = set(sets[i].t);
        AUTO_JSON json_t *out = merge_sets(bs, bt, s, t), *want = set(sets[i].out);
        if (!js_equal(out, want))
            print_error("row %zu\n", i);
        assert_true(js_equal(out, want));
        AUTO_JSON json_t *again = merge_sets(bt, bs, t, s); /* which side is which does not matter */
        assert_true(js_equal(again, want));
    }
}

static const struct {
    const char *base_s, *base_t, *s, *t;
    int newer_first;
    const char *out;
} notes[] = {
    {"a", "a", "a\n\nb", "a\n\nc", 1, "a\n\nc\n\nb"},
    {"a", "a", "a\n\nb", "a\n\nc", 0, "a\n\nb\n\nc"},
    {"a\n\nb", "a\n\nb", "b", "a\n\nb\n\nc", 0, "b\n\nc"},
    {"a\n\nb", "a\n\nb", "a\n\nb\n\nc", "a", 0, "a\n\nc"},
    {NULL, NULL, "one", "two", 0, "one\n\ntwo"},
    {NULL, NULL, NULL, "two", 0, "two"},
    {"", "", "", "", 0, ""},
    {"a\n\nb\n\nc", "a\n\nb\n\nc", "c\n\na\n\nb", "a\n\nb\n\nc", 0, "c\n\na\n\nb"},
    {"a", "a", "\n\na\r\n\n\nx", "a", 0, "a\n\nx"},
    {"a\n\nb", "a\n\nb", "a", "b", 0, ""},
    {"", "", "p", "p\n\np", 0, "p\n\np"}, /* said twice on one side */
    {"", "", "p\n\np", "p", 1, "p\n\np"},
    {"", "", "a\n\nb", "b\n\na", 0, "a\n\nb"},
    {"k", "k", "x\n\nk", "y\n\nk", 0, "x\n\ny\n\nk"},
};

static void notes_merge_by_whole_paragraphs(void **state)
{
    (void)state;
    size_t bad = 0;
    for (size_t i = 0; i < COUNT(notes); i++) {
        AUTO_JSON json_t *out = merge_notes(notes[i].base_s, notes[i].base_t, notes[i].s, notes[i].t, notes[i].newer_first);
        if (strcmp(json_string_value(out), notes[i].out)) {
            AUTO_FREE char *text = js_print(out);
            print_error("row %zu: %s\n", i, text);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

static void more_paragraphs_than_the_ceiling_are_not_merged(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int i = 0; i < 2000; i++)
        buf_printf(&b, "%sp%d", i ? "\n\n" : "", i);
    AUTO_FREE char *text = buf_take(&b), *more = mem_printf("%s\n\nlast", text);
    AUTO_JSON json_t *out = merge_notes("", "", text, "tail", 0);
    assert_memory_equal(json_string_value(out), text, strlen(text));
    assert_null(merge_notes("", "", more, "tail", 0));
    assert_null(merge_notes("", more, "a", "tail", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_keep_what_was_added_and_drop_what_was_removed),
        cmocka_unit_test(notes_merge_by_whole_paragraphs),
        cmocka_unit_test(more_paragraphs_than_the_ceiling_are_not_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
