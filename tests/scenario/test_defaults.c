/* HubSpot makes every new contact a lead. That is nobody's edit: it stays there and does not come to Inbox, whatever the power
 * does; what a person makes of it later does. (For Salesforce: test_leads.c; the table behind it: sync/cases/given.json.) */
#include "bridge/base/str.h"
#include "tests/kit/story.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

static const char mapping[] =
    "prospect = {\n"
    "  crm = \"contacts\"; key = \"inbox_prospect_key\"; match = ( \"inbox_prospect_key\" ); create = true; max_creates = 1000;\n"
    "  fields = (\n"
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"firstname\"; flow = \"to_crm\"; },\n"
    "    { name = \"stage\"; inbox = \"context.status\"; crm = \"lifecyclestage\"; table = \"stages\"; conflict = \"crm\"; "
    "initial = \"source\"; }\n"
    "  );\n"
    "  stages = { pairs = ( (\"New\", \"lead\"), (\"Qualified\", \"salesqualifiedlead\"), (\"Won\", \"customer\") );\n"
    "             ignore_inbox = ( \"Contacted\", \"Negotiation\", \"Lost\" );\n"
    "             ignore_crm = ( \"subscriber\", \"marketingqualifiedlead\", \"opportunity\", \"evangelist\", \"other\" ); };\n"
    "};\n";

static const char only_from_there[] =
    "prospect = {\n"
    "  crm = \"contacts\"; key = \"inbox_prospect_key\"; match = ( \"inbox_prospect_key\" ); create = true; max_creates = 1000;\n"
    "  fields = (\n"
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"firstname\"; flow = \"to_crm\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"lifecyclestage\"; flow = \"to_inbox\"; }\n"
    "  );\n"
    "};\n";

static void assert_stages(struct world *w, size_t i, const char *status, const char *stage)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *p = world_prospect(w, i), *c = world_contact(w, key), *state = world_state(w, 0);
    const char *id = js_str(json_object_get(p, "context"), "statusId"), *have = NULL;
    size_t k;
    json_t *one;
    json_array_foreach (json_object_get(state, "status"), k, one)
        if (str_eq(js_str(one, "id"), id))
            have = js_str(one, "name");
    if (!str_eq(have, status))
        fail_msg("%zu: %s in Inbox, not %s", i, have ? have : "none", status ? status : "none");
    assert_string_equal(js_str(json_object_get(c, "properties"), "lifecyclestage"), stage);
}

/* 0 has no status, 1 one that the mapping keeps from the CRM, 2 one that it sends. */
static struct world *begin(const void *story, const char *text)
{
    (void)story;
    struct world *w = world_new(41, 3, text);
    world_edit_inbox(w, 0, "'context.status':null");
    world_edit_inbox(w, 1, "'context.status':'Negotiation'");
    world_edit_inbox(w, 2, "'context.status':'Qualified'");
    return w;
}

static void check(struct world *w, const void *story)
{
    (void)story;
    assert_int_equal(world_writes(w, 0), 0);
    assert_stages(w, 0, NULL, "lead");
    assert_stages(w, 1, "Negotiation", "lead");
    assert_stages(w, 2, "Qualified", "salesqualifiedlead");
}

static void what_a_new_contact_is_given_is_no_news(void **state)
{
    (void)state;
    story_tell(&(struct telling){.name = "what is given", .mapping = mapping, .begin = begin, .check = check});
}

static void what_somebody_makes_of_it_is_news(void **state)
{
    (void)state;
    struct world *w = begin(NULL, mapping);
    world_settle(w);
    for (size_t i = 0; i < 2; i++) {
        AUTO_FREE char *key = world_key(w, i);
        AUTO_JSON json_t *c = world_contact(w, key);
        json_decref(world_edit(w, 1, "{'object':'contacts','id':'%s','set':{'lifecyclestage':'customer'}}", js_str(c, "id")));
    }
    world_settle(w);
    assert_stages(w, 0, "Won", "customer");
    assert_stages(w, 1, "Won", "customer");
    AUTO_FREE char *broken = world_broken(w);
    assert_null(broken);
    world_free(w);
}

/* Where only the CRM has a say, what it says at birth is the value. */
static void a_field_that_only_flows_from_there_begins_with_it(void **state)
{
    (void)state;
    struct world *w = world_new(42, 2, only_from_there);
    for (size_t i = 0; i < 2; i++)
        world_edit_inbox(w, i, "'context.notes':null");
    world_settle(w);
    for (size_t i = 0; i < 2; i++) {
        AUTO_JSON json_t *p = world_prospect(w, i);
        assert_string_equal(js_str_or(json_object_get(p, "context"), "notes", "nothing"), "lead");
    }
    AUTO_FREE char *broken = world_broken(w);
    assert_null(broken);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_new_contact_is_given_is_no_news),
        cmocka_unit_test(what_somebody_makes_of_it_is_news),
        cmocka_unit_test(a_field_that_only_flows_from_there_begins_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
