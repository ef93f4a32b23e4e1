/* fence.c: the bridge's lines in people's texts. */
#include "mappings/fence.h"
#include "tests/mappings/kit.h"

#define HUB "[inbox-bridge hubspot] https://app.hubspot.com/contacts/4242/record/0-1/512"
#define SF "[inbox-bridge salesforce] https://acme.my.salesforce.com/00Q1"

static const struct {
    const char *text, *people;
} strips[] = {
    {"", ""},
    {"met in Oslo", "met in Oslo"},
    {HUB, ""},
    {"met in Oslo\n" HUB, "met in Oslo"},
    {HUB "\nmet in Oslo", "met in Oslo"},
    {"met in Oslo\n\n" HUB, "met in Oslo\n"},
    {"above\n" HUB "\nbelow", "above\nbelow"},
    {"above\r\n" HUB "\r\nbelow", "above\r\nbelow"},
    {"above\n" HUB "\n" SF, "above"},
    {"above\n" HUB "\n" SF "\nbelow", "above\nbelow"},
    {"see " HUB, "see " HUB},                                     /* not alone on its line: people's */
    {HUB " (old)", HUB " (old)"},
    {"[inbox-bridge hubspot]", "[inbox-bridge hubspot]"},
    {"[inbox-bridge ] x", "[inbox-bridge ] x"},
    {"[inbox-bridge a b] x", "[inbox-bridge a b] x"},
};

static void peoples_text_is_what_is_left_without_our_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(strips); i++) {
        AUTO_FREE char *people = fence_strip(strips[i].text);
        assert_string_equal(people, strips[i].people);
        assert_int_equal(fence_any(strips[i].text), strcmp(strips[i].text, strips[i].people) != 0);
    }
    assert_false(fence_any(NULL));
}

static void a_line_is_put_once_and_replaced_where_it_stands(void **state)
{
    (void)state;
    AUTO_FREE char *first = fence_put("met in Oslo", "hubspot", "https://a/1"), *again = fence_put(first, "hubspot", "https://a/1");
    assert_string_equal(first, "met in Oslo\n[inbox-bridge hubspot] https://a/1");
    assert_string_equal(again, first);
    AUTO_FREE char *moved = fence_put("above\n" HUB "\nbelow\n" HUB, "hubspot", "https://a/2");
    assert_string_equal(moved, "above\n[inbox-bridge hubspot] https://a/2\nbelow");
    AUTO_FREE char *alone = fence_put(NULL, "hubspot", "https://a/1"), *gone = fence_put(alone, "hubspot", NULL);
    assert_string_equal(alone, "[inbox-bridge hubspot] https://a/1");
    assert_string_equal(gone, "");
}

static void each_tag_has_a_line_of_its_own(void **state)
{
    (void)state;
    AUTO_FREE char *one = fence_put("met", "hubspot", "https://a/1"), *two = fence_put(one, "salesforce", "https://b/2");
    AUTO_FREE char *a = fence_find(two, "hubspot"), *b = fence_find(two, "salesforce"), *less = fence_put(two, "hubspot", NULL);
    assert_string_equal(two, "met\n[inbox-bridge hubspot] https://a/1\n[inbox-bridge salesforce] https://b/2");
    assert_string_equal(a, "https://a/1");
    assert_string_equal(b, "https://b/2");
    assert_string_equal(less, "met\n[inbox-bridge salesforce] https://b/2");
    assert_null(fence_find(two, "hub"));
    assert_null(fence_find(NULL, "hubspot"));
}

static void new_text_of_people_keeps_the_lines(void **state)
{
    (void)state;
    AUTO_FREE char *below = fence_carry("new", "old\n" HUB "\n" SF), *above = fence_carry("new", HUB "\nold\n" SF), *none = fence_carry("", "old\n" HUB);
    assert_string_equal(below, "new\n" HUB "\n" SF);
    assert_string_equal(above, HUB "\nnew\n" SF);
    assert_string_equal(none, HUB);
}

static void a_field_of_the_line_and_the_text_around_it_do_not_disturb_each_other(void **state)
{
    struct mapping *m = mapping_with("{ name = \"notes\"; inbox = \"context.notes\"; crm = \"n\"; },"
                                     "{ name = \"link\"; inbox = \"context.notes\"; crm = \"u\"; flow = \"to_inbox\"; line = true; }", "");
    struct map_field *notes = &m->objects[0].fields[0], *link = &m->objects[0].fields[1];
    struct err err = {0};
    bool unknown = false;
    (void)state;
    mapping_tag(m, "hubspot");
    AUTO_JSON json_t *held = js("{'context.notes':'met\\n[inbox-bridge salesforce] https://b/2'}"), *url = js("'https://a/1'"), *text = js("'met twice'");
    for (int order = 0; order < 2; order++) {
        AUTO_JSON json_t *set = json_object();
        assert_true(map_write_over(order ? notes : link, SIDE_S, order ? text : url, NULL, held, set, &err));
        assert_true(map_write_over(order ? link : notes, SIDE_S, order ? url : text, NULL, held, set, &err));
        assert_string_equal(js_str(set, "context.notes"), "met twice\n[inbox-bridge salesforce] https://b/2\n[inbox-bridge hubspot] https://a/1");
        AUTO_JSON json_t *people = map_read(notes, SIDE_S, set, NULL, &unknown), *line = map_read(link, SIDE_S, set, NULL, &unknown);
        assert_js(people, "'met twice'");
        assert_js(line, "'https://a/1'");
    }
    mapping_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peoples_text_is_what_is_left_without_our_lines),
        cmocka_unit_test(a_line_is_put_once_and_replaced_where_it_stands),
        cmocka_unit_test(each_tag_has_a_line_of_its_own),
        cmocka_unit_test(new_text_of_people_keeps_the_lines),
        cmocka_unit_test(a_field_of_the_line_and_the_text_around_it_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
