/* Reading by id from HubSpot: a record is gone when HubSpot says so, not when an answer leaves it out. */
#include "connectors/hubspot/hubspot.h"
#include "tests/connectors/recorded.h"

#define PROPERTIES "{\"results\":[{\"name\":\"city\",\"label\":\"City\",\"type\":\"string\",\"fieldType\":\"text\"}]}"
#define ROW(id) "{\"id\":\"" id "\",\"properties\":{\"city\":\"Oslo\"},\"updatedAt\":\"2026-01-02T03:04:05Z\"}"
#define N 3

static void fetch(struct recorded *world, int status, const char *answer, struct record out[N])
{
    static const char *const ids[N] = {"1", "2", "3"}, *const fields[] = {"city", NULL};
    struct err err = {0};
    recorded_add(world, "/crm/properties/2026-09/contacts", 200, PROPERTIES);
    recorded_add(world, "batch/read?archived=true", 200, "{\"status\":\"COMPLETE\",\"results\":[]}");
    recorded_add(world, "batch/read", status, answer);
    if (!hubspot_connector.fetch(world->ep, "contacts", ids, N, fields, 0, out, &err))
        fail_msg("%s", err.text);
}

static void done(struct record out[N])
{
    for (size_t i = 0; i < N; i++)
        record_done(&out[i]);
}

static void who_is_left_out_without_a_word_is_not_gone(void **state)
{
    struct record out[N] = {0};
    fetch(*state, 200, "{\"status\":\"COMPLETE\",\"results\":[" ROW("2") "]}", out);
    assert_int_equal(out[0].err.kind, ERR_TEMP);
    assert_int_equal(out[1].err.kind, ERR_NONE);
    assert_int_equal(out[1].state, RECORD_LIVE);
    assert_int_equal(out[2].err.kind, ERR_TEMP);
    done(out);
}

static void who_is_named_as_missing_is_gone_and_who_failed_otherwise_is_not(void **state)
{
    struct record out[N] = {0};
    fetch(*state, 207,
          "{\"status\":\"COMPLETE\",\"results\":[" ROW("2") "],\"numErrors\":2,\"errors\":["
          "{\"status\":\"error\",\"category\":\"OBJECT_NOT_FOUND\",\"message\":\"Could not get some\",\"context\":{\"ids\":[\"1\"]}},"
          "{\"status\":\"error\",\"category\":\"INTERNAL\",\"message\":\"try later\",\"context\":{\"ids\":[\"3\"]}}]}",
          out);
    assert_int_equal(out[0].err.kind, ERR_NONE);
    assert_int_equal(out[0].state, RECORD_GONE);
    assert_int_equal(out[1].state, RECORD_LIVE);
    assert_int_equal(out[2].err.kind, ERR_TEMP);
    assert_non_null(strstr(out[2].err.text, "try later"));
    done(out);
}

RECORDED_WORLD(hubspot_connector)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_is_left_out_without_a_word_is_not_gone),
        TEST(who_is_named_as_missing_is_gone_and_who_failed_otherwise_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
