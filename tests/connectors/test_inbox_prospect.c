/* Reading prospects in every shape in print. */
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define FULL                                                                                                           \
    "{\"platform\":\"twitter\",\"platformId\":\"1502239944556677889\",\"externalId\":\"e50ce9\",\"displayName\":"      \
    "\"Mara Lind\",\"username\":\"maralind\",\"handle\":\"@maralind\",\"image\":\"https://p.example/m_normal.jpg\","   \
    "\"imageNormalized\":\"https://p.example/m.jpg\",\"bio\":null,\"location\":\"Oslo\",\"profileUrl\":\"https://"     \
    "x.com/maralind\",\"verified\":\"none\",\"profileType\":\"personal\",\"isProtected\":false,\"followerCount\":18,"  \
    "\"followingCount\":3,\"postCount\":902,\"context\":{\"tags\":[\"b2\",\"a1\",\"b2\"],\"statusId\":\"s1\","         \
    "\"valuation\":4200,\"notes\":\"Wants pricing\",\"threads\":[{\"id\":\"t1\",\"accountLinkId\":\"l2\","             \
    "\"lastMessageTimestamp\":\"2026-03-01T17:40:11.020Z\"},{\"id\":\"t2\",\"accountLinkId\":\"l1\","                  \
    "\"lastMessageTimestamp\":null},{\"id\":\"t3\",\"accountLinkId\":\"l2\",\"lastMessageTimestamp\":\"2026-03-02"     \
    "T09:00:00Z\"}]}}"

static struct record read_record(const char *text, const char *const *fields)
{
    AUTO_JSON json_t *prospect = recorded_json(text);
    struct record r = {0};
    assert_true(inbox_read_prospect(prospect, inbox_wants(fields), &r));
    return r;
}

static void a_full_prospect_tells_everything(void **state)
{
    (void)state;
    AUTO(record_done) struct record r = read_record(FULL, NULL);
    assert_string_equal(r.id, "e50ce9");
    assert_string_equal(r.key, "x:1502239944556677889");
    assert_string_equal(r.label, "@maralind");
    assert_member(r.fields, "displayName", "'Mara Lind'");
    assert_member(r.fields, "bio", "null");
    assert_member(r.fields, "image", "'https://p.example/m.jpg'");
    assert_member(r.fields, "followerCount", "18");
    assert_member(r.fields, "isProtected", "false");
    assert_member(r.fields, "context.status", "'s1'");
    assert_member(r.fields, "context.tags", "['a1','b2']");
    assert_member(r.fields, "context.valuation", "4200");
    assert_member(r.fields, "context.notes", "'Wants pricing'");
}

static void all_threads_of_the_prospect_make_one_set_of_accounts(void **state)
{
    (void)state;
    AUTO(record_done) struct record r = read_record(FULL, NULL);
    assert_member(r.fields, "accountLinks", "['l1','l2']");
    assert_member(r.fields, "lastMessageAt", "'2026-03-02T09:00:00.000Z'");
    assert_member(r.fields, "replied", NULL);
    assert_member(r.fields, "context.assignee", NULL);
}

static void only_what_was_asked_for_is_delivered(void **state)
{
    (void)state;
    const char *const fields[] = {"username", "context.tags", "shoeSize", NULL};
    AUTO(record_done) struct record r = read_record(FULL, fields);
    assert_int_equal(json_object_size(r.fields), 2);
    assert_member(r.fields, "username", "'maralind'");
}

static void what_was_not_told_is_absent_and_never_null(void **state)
{
    (void)state;
    AUTO(record_done)
    struct record r = read_record(
        "{\"platformId\":\"7\",\"externalId\":\"e1\",\"username\":\"ada\",\"context\":{\"tags\":[]}}", NULL);
    assert_member(r.fields, "bio", NULL);
    assert_member(r.fields, "context.status", NULL);
    assert_member(r.fields, "context.notes", NULL);
    assert_member(r.fields, "context.tags", "[]");
    assert_member(r.fields, "handle", "'@ada'");
}

static void the_newer_shape_with_id_and_status_is_read_too(void **state)
{
    (void)state;
    AUTO(record_done)
    struct record r = read_record(
        "{\"id\":\"e1\",\"platformId\":\"7\",\"platform\":\"twitter\",\"context\":{\"tags\":[{\"id\":\"b\"},"
        "\"a\"],\"status\":{\"id\":\"s9\"},\"valuation\":null,\"notes\":null,\"assigneeId\":\"m1\"}}",
        NULL);
    assert_string_equal(r.id, "e1");
    assert_member(r.fields, "context.status", "'s9'");
    assert_member(r.fields, "context.tags", "['a','b']");
    assert_member(r.fields, "context.valuation", "null");
    assert_member(r.fields, "context.assignee", "'m1'");
}

static void a_prospect_not_imported_yet_goes_by_its_key(void **state)
{
    (void)state;
    AUTO(record_done) struct record r = read_record("{\"platformId\":\"7\",\"externalId\":null}", NULL);
    assert_string_equal(r.id, "x:7");
    assert_string_equal(r.key, "x:7");
    assert_null(r.label);
}

static void another_platform_has_its_own_keys(void **state)
{
    (void)state;
    AUTO(record_done)
    struct record r = read_record("{\"platform\":\"linkedin\",\"platformId\":\"ada\",\"externalId\":\"e1\"}", NULL);
    assert_string_equal(r.key, "linkedin:ada");
    assert_true(inbox_is_key(r.key));
    assert_string_equal(inbox_key_platform_id(r.key), "ada");
}

static void nobody_is_named_by_an_empty_object(void **state)
{
    (void)state;
    struct record r = {0};
    AUTO_JSON json_t *empty = json_object();
    AUTO_JSON json_t *null = json_null();
    assert_false(inbox_read_prospect(empty, inbox_wants(NULL), &r));
    assert_false(inbox_read_prospect(null, inbox_wants(NULL), &r));
    assert_false(inbox_read_prospect(NULL, inbox_wants(NULL), &r));
}

static void the_small_picture_names_the_full_one(void **state)
{
    (void)state;
    AUTO(record_done)
    struct record a = read_record("{\"platformId\":\"7\",\"image\":\"https://p.example/_normal.d/m_x.jpg\"}", NULL);
    AUTO(record_done)
    struct record b = read_record("{\"platformId\":\"7\",\"image\":\"https://p.example/m_normal.jpg\"}", NULL);
    assert_member(a.fields, "image", "'https://p.example/_normal.d/m_x.jpg'");
    assert_member(b.fields, "image", "'https://p.example/m.jpg'");
}

static void a_valuation_that_is_no_number_is_not_told(void **state)
{
    (void)state;
    AUTO(record_done)
    struct record r = read_record(
        "{\"platformId\":\"7\",\"context\":{\"valuation\":\"Infinity\"},\"followerCount\":\"12\"}", NULL);
    assert_member(r.fields, "context.valuation", NULL);
    assert_member(r.fields, "followerCount", "12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_prospect_tells_everything),
        cmocka_unit_test(all_threads_of_the_prospect_make_one_set_of_accounts),
        cmocka_unit_test(only_what_was_asked_for_is_delivered),
        cmocka_unit_test(what_was_not_told_is_absent_and_never_null),
        cmocka_unit_test(the_newer_shape_with_id_and_status_is_read_too),
        cmocka_unit_test(a_prospect_not_imported_yet_goes_by_its_key),
        cmocka_unit_test(another_platform_has_its_own_keys),
        cmocka_unit_test(nobody_is_named_by_an_empty_object),
        cmocka_unit_test(the_small_picture_names_the_full_one),
        cmocka_unit_test(a_valuation_that_is_no_number_is_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
