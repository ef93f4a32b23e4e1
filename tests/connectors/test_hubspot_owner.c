/* Owners in HubSpot: all pages, those who left, and queues, which have no e-mail. */
#include "connectors/hubspot/hubspot.h"
#include "tests/connectors/recorded.h"

#define PROPERTIES                                                                                                                     \
    "{\"results\":[{\"name\":\"hubspot_owner_id\",\"label\":\"\",\"type\":\"enumeration\",\"fieldType\":\"select\",\"externalOptions\":true}]}"

static void owners_come_whole_with_those_who_left(void **state)
{
    struct recorded *world = *state;
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    for (int i = 0; i < 2; i++)
        recorded_add(world, "/crm/properties/2026-09/notes", 200, PROPERTIES);
    recorded_add(world, "archived=false&after=a%2F1", 200, "{\"results\":[{\"id\":\"8\",\"firstName\":\"Round\",\"lastName\":\"robin\",\"type\":\"QUEUE\"},{\"id\":\"9\"}]}");
    recorded_add(world, "archived=false", 200,
                 "{\"results\":[{\"id\":\"7\",\"email\":\"Ann@team.example\"},{\"email\":\"no id\"}],\"paging\":{\"next\":{\"after\":\"a/1\"}}}");
    recorded_add(world, "archived=true", 200, "{\"results\":[{\"id\":\"5\",\"email\":\"dora@team.example\",\"archived\":true},{\"id\":\"7\",\"email\":\"twice\"}]}");
    if (!hubspot_connector.describe(world->ep, "notes", &schema, &err))
        fail_msg("%s", err.text);
    const struct schema_field *f = schema_find(&schema, "hubspot_owner_id");
    assert_true(f->people && f->by_label && !f->open && !f->required);
    assert_int_equal(f->n_options, 4);
    assert_string_equal(schema_option_by_id(f, "7")->label, "Ann@team.example");
    assert_string_equal(schema_option_by_id(f, "8")->label, "Round robin");
    assert_string_equal(schema_option_by_id(f, "9")->label, "9");
    assert_true(schema_option_by_id(f, "5")->gone && !schema_option_by_id(f, "7")->gone);
}

static void a_list_of_owners_that_fails_is_no_empty_one(void **state)
{
    struct recorded *world = *state;
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    for (int i = 0; i < 2; i++)
        recorded_add(world, "/crm/properties/2026-09/notes", 200, PROPERTIES);
    recorded_add(world, "archived=false", 200, "{\"results\":[]}");
    recorded_add(world, "archived=true", 200, "{}");
    assert_false(hubspot_connector.describe(world->ep, "notes", &schema, &err));
    assert_int_equal(err.kind, ERR_TEMP);
}

RECORDED_WORLD(hubspot_connector)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(owners_come_whole_with_those_who_left),
        TEST(a_list_of_owners_that_fails_is_no_empty_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
