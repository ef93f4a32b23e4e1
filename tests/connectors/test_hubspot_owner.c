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

/* Owners number `from` to `to`; after: where the next page begins, NULL = nowhere. */
static char *owners(int from, int to, const char *after)
{
    struct buf b = {0};
    buf_puts(&b, "{\"results\":[");
    for (int i = from; i < to; i++)
        buf_printf(&b, "%s{\"id\":\"%d\",\"email\":\"o%d@team.example\"}", i > from ? "," : "", i, i);
    buf_puts(&b, "]");
    if (after)
        buf_printf(&b, ",\"paging\":{\"next\":{\"after\":\"%s\"}}", after);
    buf_puts(&b, "}");
    return buf_take(&b);
}

static void owners_of_many_pages_are_all_known(void **state)
{
    struct recorded *world = *state;
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    AUTO_FREE char *first = owners(1, 501, "500="), *second = owners(501, 1001, "1000="), *third = owners(1001, 1013, NULL);
    AUTO_FREE char *left = owners(5001, 5501, "x"), *stuck = owners(5501, 5502, "x");
    for (int i = 0; i < 2; i++)
        recorded_add(world, "/crm/properties/2026-09/notes", 200, PROPERTIES);
    recorded_add(world, "limit=500&archived=false&after=500%3D", 200, second);
    recorded_add(world, "limit=500&archived=false&after=1000%3D", 200, third);
    recorded_add(world, "limit=500&archived=false", 200, first);
    recorded_add(world, "limit=500&archived=true&after=x", 200, stuck); /* a place that does not move is the end */
    recorded_add(world, "limit=500&archived=true", 200, left);
    if (!hubspot_connector.describe(world->ep, "notes", &schema, &err))
        fail_msg("%s", err.text);
    const struct schema_field *f = schema_find(&schema, "hubspot_owner_id");
    assert_int_equal(f->n_options, 1012 + 501);
    assert_string_equal(schema_option_by_id(f, "1012")->label, "o1012@team.example");
    assert_true(schema_option_by_id(f, "5501")->gone);
}

/* The same where it has to be escaped: it ended never. */
static void a_place_that_does_not_move_ends_the_list_whatever_it_looks_like(void **state)
{
    struct recorded *world = *state;
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    AUTO_FREE char *first = owners(1, 3, "a="), *again = owners(3, 4, "a="), *none = owners(0, 0, NULL);
    for (int i = 0; i < 2; i++)
        recorded_add(world, "/crm/properties/2026-09/notes", 200, PROPERTIES);
    recorded_add(world, "archived=false&after=a%3D", 200, again);
    recorded_add(world, "archived=false", 200, first);
    recorded_add(world, "archived=true", 200, none);
    if (!hubspot_connector.describe(world->ep, "notes", &schema, &err))
        fail_msg("%s", err.text);
    assert_int_equal(schema_find(&schema, "hubspot_owner_id")->n_options, 3);
}

RECORDED_WORLD(hubspot_connector)

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(owners_come_whole_with_those_who_left),
        TEST(a_list_of_owners_that_fails_is_no_empty_one),
        TEST(owners_of_many_pages_are_all_known),
        TEST(a_place_that_does_not_move_ends_the_list_whatever_it_looks_like),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
