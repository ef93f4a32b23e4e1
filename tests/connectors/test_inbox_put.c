/* Writing the context of prospects. */
#include "connectors/inbox/inbox.h"
#include "connectors/inbox/inbox_inner.h"
#include "tests/connectors/recorded.h"

#define ADA                                                                                                            \
    "{\"platformId\":\"7\",\"externalId\":\"e7\",\"username\":\"ada\",\"context\":{\"tags\":[\"a\"],\"statusId\":"     \
    "\"s1\",\"valuation\":5,\"notes\":\"trimmed\"}}"

static void body_is(const char *set, const char *seen, const char *expected)
{
    AUTO_JSON json_t *s = recorded_json(set), *b = recorded_json(seen);
    struct err err = {0};
    const struct patch patch = {.object = "prospect", .id = "e7", .set = s, .seen = b};
    AUTO_JSON json_t *body = inbox_patch_body(&patch, &err), *want = recorded_json(expected);
    AUTO_FREE char *printed = body ? js_print(body) : mem_dup(err.text);
    if (!js_equal(body, want))
        fail_msg("%s is not %s", printed, expected);
}

static void refused(const char *object, const char *id, const char *set, enum err_kind kind)
{
    AUTO_JSON json_t *s = recorded_json(set);
    struct err err = {0};
    const struct patch patch = {.object = object, .id = id, .set = s};
    assert_null(inbox_patch_body(&patch, &err));
    assert_int_equal(err.kind, kind);
}

static void only_documented_members_are_sent(void **state)
{
    (void)state;
    body_is("{\"context.status\":\"s2\",\"context.notes\":\"hi\",\"context.valuation\":4.5,\"context.assignee\":\"m\"}",
            "{}", "{\"statusId\":\"s2\",\"notes\":\"hi\",\"valuation\":4.5,\"assigneeId\":\"m\"}");
}

static void clearing_sends_null_and_never_an_empty_text(void **state)
{
    (void)state;
    body_is("{\"context.status\":null,\"context.notes\":\"\",\"context.valuation\":null,\"context.assignee\":null}",
            "{}", "{\"statusId\":null,\"notes\":null,\"valuation\":null,\"assigneeId\":null}");
}

static void tags_are_sent_as_differences(void **state)
{
    (void)state;
    body_is("{\"context.tags\":[\"b\",\"c\",\"c\"]}", "{\"context.tags\":[\"a\",\"b\"]}",
            "{\"addTags\":[\"c\"],\"removeTags\":[\"a\"]}");
    body_is("{\"context.tags\":null}", "{\"context.tags\":[\"a\"]}", "{\"removeTags\":[\"a\"]}");
    body_is("{\"context.tags\":[\"b\"]}", "{}", "{\"addTags\":[\"b\"]}");
    body_is("{\"context.tags\":[\"b\",\"a\"]}", "{\"context.tags\":[\"a\",\"b\"]}", "{}");
}

static void what_inbox_cannot_take_is_refused_here(void **state)
{
    (void)state;
    refused("prospect", NULL, "{}", ERR_CONFIG);
    refused("contacts", "e7", "{}", ERR_CONFIG);
    refused("prospect", "e7", "{\"displayName\":\"x\"}", ERR_CONFIG);
    refused("prospect", "e7", "{\"context.valuation\":\"12\"}", ERR_REJECT);
    refused("prospect", "e7", "{\"context.notes\":12}", ERR_REJECT);
    refused("prospect", "e7", "{\"context.tags\":\"a\"}", ERR_REJECT);
}

static struct result put_one(struct recorded *world, const char *id, const char *set)
{
    AUTO_JSON json_t *s = recorded_json(set);
    struct err err = {0};
    struct result out = {0};
    const struct patch patch = {.object = "prospect", .id = id, .set = s};
    assert_true(inbox_connector.put(world->ep, &patch, 1, &out, &err));
    return out;
}

static void the_answer_is_the_read_back(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "PATCH https://service.example/prospects/e7/context {\"notes\":\" trimmed \"}", 200, ADA);
    AUTO(result_done) struct result r = put_one(world, "e7", "{\"context.notes\":\" trimmed \"}");
    assert_int_equal(r.err.kind, ERR_NONE);
    assert_false(r.created);
    assert_string_equal(r.record.id, "e7");
    assert_member(r.record.fields, "context.notes", "'trimmed'");
    assert_int_equal(r.record.as_of, RECORDED_NOW + 1000);
}

static void an_empty_patch_makes_no_call(void **state)
{
    struct recorded *world = *state;
    AUTO(result_done) struct result r = put_one(world, "e7", "{}");
    assert_int_equal(r.err.kind, ERR_NONE);
    assert_null(r.record.id);
    assert_int_equal(world->n_asked, 0);
}

static void an_answer_without_the_prospect_leaves_it_open(void **state)
{
    struct recorded *world = *state;
    static const char *const bodies[] = {"null", "", "{}", "{\"externalId\":\"e7\",\"platformId\":\"7\"}", "<html>"};
    for (size_t i = 0; i < COUNT(bodies); i++) {
        recorded_add(world, "PATCH", 200, bodies[i]);
        AUTO(result_done) struct result r = put_one(world, "e7", "{\"context.notes\":\"x\"}");
        assert_int_equal(r.err.kind, ERR_UNSURE);
    }
}

static void a_lost_answer_and_a_broken_service_leave_it_open(void **state)
{
    struct recorded *world = *state;
    static const int statuses[] = {0, 500, 502, 503};
    for (size_t i = 0; i < COUNT(statuses); i++) {
        recorded_add(world, "PATCH", statuses[i], "");
        AUTO(result_done) struct result r = put_one(world, "e7", "{\"context.notes\":\"x\"}");
        assert_true(r.err.kind == ERR_UNSURE || (statuses[i] == 503 && r.err.kind == ERR_TEMP));
    }
}

static void refusals_are_told_in_the_services_words(void **state)
{
    struct recorded *world = *state;
    static const struct {
        int status;
        const char *body;
        enum err_kind kind;
    } cases[] = {
        {400, "{\"error\":{\"code\":\"BAD_REQUEST\",\"message\":\"no such tag\",\"status\":400}}", ERR_REJECT},
        {409, "{\"error\":\"Conflict\",\"message\":\"no such tag\"}", ERR_REJECT},
        {422, "{\"code\":\"invalid\",\"message\":\"no such tag\",\"requestId\":\"r\"}", ERR_REJECT},
        {404, "{\"error\":{\"code\":\"PROSPECT_NOT_FOUND\",\"message\":\"no such tag\"}}", ERR_GONE},
        {404, "{\"error\":{\"code\":\"TAG_NOT_FOUND\",\"message\":\"no such tag\"}}", ERR_REJECT},
        {403, "{\"error\":{\"code\":\"FORBIDDEN\",\"message\":\"no such tag\"}}", ERR_AUTH},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        recorded_add(world, "PATCH", cases[i].status, cases[i].body);
        AUTO(result_done) struct result r = put_one(world, "e7", "{\"context.notes\":\"x\"}");
        assert_int_equal(r.err.kind, cases[i].kind);
        assert_non_null(strstr(r.err.text, "no such tag"));
    }
}

static void a_key_is_exchanged_for_the_id_first(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "GET https://service.example/prospects/lookup?platformId=7", 200, ADA);
    recorded_add(world, "PATCH https://service.example/prospects/e7/context", 200, ADA);
    AUTO(result_done) struct result r = put_one(world, "x:7", "{\"context.notes\":\"x\"}");
    assert_int_equal(r.err.kind, ERR_NONE);
    assert_string_equal(r.record.id, "e7");
    recorded_add(world, "GET https://service.example/prospects/lookup?platformId=8", 200, "null");
    AUTO(result_done) struct result g = put_one(world, "x:8", "{\"context.notes\":\"x\"}");
    assert_int_equal(g.err.kind, ERR_GONE);
}

static void an_assignee_that_is_not_read_back_is_asked_of_a_thread(void **state)
{
    struct recorded *world = *state;
    recorded_add(
        world, "PATCH", 200,
        "{\"platformId\":\"7\",\"externalId\":\"e7\",\"context\":{\"tags\":[],\"statusId\":null,\"valuation\":null,"
        "\"notes\":null,\"threads\":[{\"id\":\"t1\"}]}}");
    recorded_add(world, "/threads/t1 ", 200, "{\"assigneeId\":\"m1\",\"platformId\":\"3:7\"}");
    AUTO(result_done) struct result r = put_one(world, "e7", "{\"context.assignee\":\"m1\"}");
    assert_int_equal(r.err.kind, ERR_NONE);
    assert_member(r.record.fields, "context.assignee", "'m1'");
    assert_member(r.record.fields, "conversationUrl", NULL);
}

RECORDED_WORLD(inbox_connector)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_documented_members_are_sent),
        cmocka_unit_test(clearing_sends_null_and_never_an_empty_text),
        cmocka_unit_test(tags_are_sent_as_differences),
        cmocka_unit_test(what_inbox_cannot_take_is_refused_here),
        cmocka_unit_test_setup_teardown(the_answer_is_the_read_back, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_patch_makes_no_call, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_without_the_prospect_leaves_it_open, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_answer_and_a_broken_service_leave_it_open, setup, teardown),
        cmocka_unit_test_setup_teardown(refusals_are_told_in_the_services_words, setup, teardown),
        cmocka_unit_test_setup_teardown(an_assignee_that_is_not_read_back_is_asked_of_a_thread, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_is_exchanged_for_the_id_first, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
