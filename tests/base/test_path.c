/* Paths: absent, null and empty are three answers; a set that fails changes nothing. */
#include "bridge/base/js.h"
#include "bridge/base/path.h"
#include "tests/base/asserts.h"

static const char sample[] =
    "{\"a\":{\"b\":[{\"c\":1},{\"c\":2}],\"empty\":\"\",\"none\":null},\"odd key\":{\"x.y\":3},\"n\":5}";

static json_t *parsed(const char *text)
{
    json_t *v = js_parse(text, strlen(text), NULL);
    assert_non_null(v);
    return v;
}

static void assert_json(const json_t *v, const char *text)
{
    AUTO_FREE char *got = js_print(v);
    assert_string_equal(got, text);
}

static void members_items_and_odd_names_are_found(void **state)
{
    (void)state;
    AUTO_JSON json_t *root = parsed(sample);
    assert_int_equal(json_integer_value(path_get(root, "n")), 5);
    assert_int_equal(json_integer_value(path_get(root, "a.b[1].c")), 2);
    assert_int_equal(json_integer_value(path_get(root, "['odd key']['x.y']")), 3);
    assert_int_equal(json_integer_value(path_get(root, "['a'].b[0]['c']")), 1);
}

static void an_array_may_be_the_root(void **state)
{
    (void)state;
    AUTO_JSON json_t *root = parsed("[[1,2],[3]]");
    assert_int_equal(json_integer_value(path_get(root, "[0][1]")), 2);
    assert_null(path_get(root, "[2]"));
}

static void a_path_with_a_missing_step_is_absent_not_null(void **state)
{
    (void)state;
    AUTO_JSON json_t *root = parsed(sample);
    assert_null(path_get(root, "a.missing"));
    assert_null(path_get(root, "a.missing.more"));
    assert_null(path_get(root, "a.b[2]"));
    assert_null(path_get(root, "n.deeper"));
    assert_null(path_get(root, "a.none.deeper"));
    assert_null(path_get(root, "a[0]"));
    assert_null(path_get(root, "a.b.c"));
    assert_null(path_get(NULL, "a"));
}

static void null_and_empty_are_values(void **state)
{
    (void)state;
    AUTO_JSON json_t *root = parsed(sample);
    assert_true(json_is_null(path_get(root, "a.none")));
    assert_string_equal(json_string_value(path_get(root, "a.empty")), "");
}

static const char *const malformed[] = {"",     ".",    ".a",    "a.",     "a..b",         "a[",    "a[]",
                                        "a[x]", "a[1",  "a[-1]", "a]",     "a[1]b",        "a.[1]", "['']",
                                        "['a'", "['a]", "[a]",   "a[1.5]", "[9999999999]", "a['b'", "['a']b"};

static void a_malformed_path_is_absent_and_named_by_its_column(void **state)
{
    (void)state;
    AUTO_JSON json_t *root = parsed(sample);
    for (size_t i = 0; i < COUNT(malformed); i++) {
        struct err err = {0};
        assert_null(path_get(root, malformed[i]));
        assert_false(path_check(malformed[i], &err));
        assert_err(&err, ERR_CONFIG, "column");
    }
    struct err err = {0};
    assert_false(path_check("context..status", &err));
    assert_err(&err, ERR_CONFIG, "\"context..status\" is malformed at column 8");
}

static void a_path_that_is_not_utf8_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    assert_false(path_check("caf\xe9", &err));
    assert_err(&err, ERR_CONFIG, "not UTF-8");
}

static void sixteen_steps_are_enough_seventeen_too_many(void **state)
{
    (void)state;
    struct err err = {0};
    AUTO_JSON json_t *root = json_object();
    const char *sixteen = "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a", *seventeen = "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a";
    assert_true(path_check(sixteen, &err));
    assert_true(path_set(root, sixteen, json_object(), &err));
    assert_non_null(path_get(root, sixteen));
    js_set(path_get(root, sixteen), "a", json_true());
    assert_null(path_get(root, seventeen));
    assert_false(path_check(seventeen, &err));
    assert_err(&err, ERR_CONFIG, "more than 16 steps");
}

static void a_step_longer_than_any_field_name_is_refused(void **state)
{
    (void)state;
    char path[300];
    memset(path, 'x', sizeof path);
    path[299] = '\0';
    assert_false(path_check(path, NULL));
    path[127] = '\0';
    assert_true(path_check(path, NULL));
}

static void setting_makes_the_objects_in_between(void **state)
{
    (void)state;
    AUTO_JSON json_t *root = json_object();
    assert_true(path_set(root, "context.status", js_text("New"), NULL));
    assert_true(path_set(root, "context.tags[0].name", js_text("Lead"), NULL));
    assert_true(path_set(root, "context.tags[1]['odd name']", json_integer(1), NULL));
    assert_json(root, "{\"context\":{\"status\":\"New\",\"tags\":[{\"name\":\"Lead\"},{\"odd name\":1}]}}");
}

static void setting_replaces_what_was_there(void **state)
{
    (void)state;
    AUTO_JSON json_t *root = parsed("{\"a\":[1,2],\"b\":{\"c\":1}}");
    assert_true(path_set(root, "a[0]", json_null(), NULL));
    assert_true(path_set(root, "a[2]", json_integer(3), NULL));
    assert_true(path_set(root, "b", json_integer(4), NULL));
    assert_json(root, "{\"a\":[null,2,3],\"b\":4}");
}

static void a_set_that_fails_changes_nothing(void **state)
{
    (void)state;
    static const char before[] = "{\"a\":{\"n\":5,\"none\":null,\"list\":[1]}}";
    static const char *const bad[] = {"a.n.x",       "a.none.x", "a.list[2]",  "a.list.x",   "a[0]",
                                      "a.list[3].x", "new[1]",   "new.x[1].y", "a.new[0][1]"};
    AUTO_JSON json_t *root = parsed(before);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {.kind = ERR_BUG, .text = "left from before"};
        assert_false(path_set(root, bad[i], json_integer(1), &err));
        assert_err(&err, ERR_REJECT, bad[i]);
        assert_json(root, before);
    }
}

static void setting_by_a_malformed_path_frees_the_value(void **state)
{
    (void)state;
    AUTO_JSON json_t *root = json_object();
    struct err err = {0};
    assert_false(path_set(root, "a..b", json_object(), &err));
    assert_err(&err, ERR_CONFIG, "column");
    assert_json(root, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_items_and_odd_names_are_found),
        cmocka_unit_test(an_array_may_be_the_root),
        cmocka_unit_test(a_path_with_a_missing_step_is_absent_not_null),
        cmocka_unit_test(null_and_empty_are_values),
        cmocka_unit_test(a_malformed_path_is_absent_and_named_by_its_column),
        cmocka_unit_test(a_path_that_is_not_utf8_is_refused),
        cmocka_unit_test(sixteen_steps_are_enough_seventeen_too_many),
        cmocka_unit_test(a_step_longer_than_any_field_name_is_refused),
        cmocka_unit_test(setting_makes_the_objects_in_between),
        cmocka_unit_test(setting_replaces_what_was_there),
        cmocka_unit_test(a_set_that_fails_changes_nothing),
        cmocka_unit_test(setting_by_a_malformed_path_frees_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
