/* Notes in HubSpot: made below their contact in one call, under a key that a second try meets. */
#include "connectors/hubspot/hubspot.h"
#include "tests/connectors/recorded.h"

#define PROPERTIES                                                                                                                                 \
    "{\"results\":[{\"name\":\"hs_note_body\",\"label\":\"\",\"type\":\"string\"},{\"name\":\"hs_timestamp\",\"label\":\"\",\"type\":\"datetime\"}," \
    "{\"name\":\"inbox_entry_key\",\"label\":\"\",\"type\":\"string\",\"hasUniqueValue\":true}]}"

static struct result put(struct recorded *world, const char *id)
{
    AUTO_JSON json_t *set = recorded_json("{\"hs_note_body\":\"<strong>Hi</strong>\",\"hs_timestamp\":\"2026-03-02T09:15:30.250Z\"}");
    struct patch p = {.object = "notes", .id = id, .key_field = id ? NULL : "inbox_entry_key", .key = "t1:2026-03-02", .trace = "trace-1", .set = set};
    struct result r = {0};
    struct err err = {0};
    if (!id) {
        p.parent_type = "contacts";
        p.parent_id = "512";
    }
    recorded_add(world, "/crm/properties/2026-09/notes", 200, PROPERTIES);
    if (!hubspot_connector.put(world->ep, &p, 1, &r, &err))
        fail_msg("%s", err.text);
    return r;
}

static void a_note_is_made_below_its_contact_in_one_call(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "POST https://service.example/crm/objects/2026-09/notes/batch/create", 201,
                 "{\"status\":\"COMPLETE\",\"results\":[{\"id\":\"9\",\"properties\":{\"hs_note_body\":\"<strong>Hi</strong>\",\"inbox_entry_key\":\"t1:2026-03-02\"},"
                 "\"objectWriteTraceId\":\"trace-1\",\"updatedAt\":\"2026-03-02T09:15:31.000Z\"}]}");
    AUTO(result_done) struct result r = put(world, NULL);
    assert_int_equal(r.err.kind, ERR_NONE);
    assert_string_equal(r.record.id, "9");
    assert_int_equal(recorded_count(world, "\"inbox_entry_key\":\"t1:2026-03-02\""), 1);
    assert_int_equal(recorded_count(world, "\"associationTypeId\":202"), 1);
    assert_int_equal(recorded_count(world, "\"to\":{\"id\":\"512\"}"), 1);
}

static void a_second_try_of_the_same_note_looks_again(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "batch/create", 207,
                 "{\"status\":\"COMPLETE\",\"results\":[],\"numErrors\":1,\"errors\":[{\"status\":\"error\",\"category\":\"VALIDATION_ERROR\",\"message\":\"taken\","
                 "\"errors\":[{\"code\":\"CONFLICTING_UNIQUE_VALUE\",\"message\":\"taken\"}],\"context\":{\"objectWriteTraceId\":[\"trace-1\"]}}]}");
    AUTO(result_done) struct result r = put(world, NULL);
    assert_int_equal(r.err.kind, ERR_STALE);
}

static void a_lost_answer_leaves_it_open_whether_the_note_was_made(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "batch/create", 0, NULL);
    AUTO(result_done) struct result r = put(world, NULL);
    assert_int_equal(r.err.kind, ERR_UNSURE);
}

static void a_note_that_goes_on_is_updated_by_its_id(void **state)
{
    struct recorded *world = *state;
    recorded_add(world, "notes/batch/update", 200, "{\"status\":\"COMPLETE\",\"results\":[{\"id\":\"9\",\"properties\":{\"hs_note_body\":\"<strong>Hi</strong>\"}}]}");
    AUTO(result_done) struct result r = put(world, "9");
    assert_int_equal(r.err.kind, ERR_NONE);
    assert_int_equal(recorded_count(world, "associations"), 0);
}

RECORDED_WORLD(hubspot_connector)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_note_is_made_below_its_contact_in_one_call),
        TEST(a_second_try_of_the_same_note_looks_again),
        TEST(a_lost_answer_leaves_it_open_whether_the_note_was_made),
        TEST(a_note_that_goes_on_is_updated_by_its_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
