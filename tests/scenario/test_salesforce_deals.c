/* What is particular about opportunities and tasks of Salesforce: leads have none until they are converted, contacts have
 * accounts and roles, stages depend on record types, organisations have currencies, and old tasks are archived. */
#include "bridge/base/str.h"
#include "tests/kit/deals.h"
#include "tests/kit/talk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* after the standard headers */
#include <cmocka.h>

#define STATIC "token = \"env:WORLD_TOKEN\"; base_url = \"http://salesforce.sandbox\";"
#define FIELDS                                                                                                            \
    "  fields = (\n"                                                                                                      \
    "    { name = \"title\"; inbox = \"displayName\"; crm = \"Name\"; flow = \"to_crm\"; on_blank = \"keep\"; },\n"           \
    "    { name = \"stage\"; inbox = \"context.status\"; crm = \"StageName\"; table = \"stages\"; conflict = \"monotone\";\n"  \
    "      initial = \"source\"; },\n"                                                                                      \
    "    { name = \"amount\"; inbox = \"context.valuation\"; crm = \"Amount\"; conflict = \"crm\"; initial = \"source\"; }\n" \
    "  );\n"

static const char of_leads[] =
    "prospect = {\n"
    "  crm = \"Lead\"; key = \"inbox_prospect_key__c\"; match = ( \"inbox_prospect_key__c\" ); create = true;\n"
    "  fields = ( { name = \"name\"; inbox = \"displayName\"; crm = \"LastName\"; flow = \"to_crm\"; on_blank = \"keep\"; } );\n"
    "};\n"
    "deal = {\n"
    "  crm = \"Opportunity\"; of = \"prospect\"; key = \"inbox_deal_key__c\"; create_when = \"context.valuation\"; reopen = \"new\";\n" FIELDS
    "  stages = { pairs = ( (\"New\", \"Prospecting\"), (\"Contacted\", \"Qualification\"), (\"Qualified\", \"Needs Analysis\"),\n"
    "             (\"Negotiation\", \"Negotiation/Review\"), (\"Won\", \"Closed Won\"), (\"Lost\", \"Closed Lost\") );\n"
    "             ignore_crm = ( \"Value Proposition\", \"Proposal/Price Quote\" ); };\n"
    "};\n";

static const char of_partners[] =
    "prospect = {\n"
    "  crm = \"Contact\"; key = \"inbox_prospect_key__c\"; match = ( \"inbox_prospect_key__c\" ); create = true;\n"
    "  fields = ( { name = \"name\"; inbox = \"displayName\"; crm = \"LastName\"; flow = \"to_crm\"; on_blank = \"keep\"; } );\n"
    "};\n"
    "deal = {\n"
    "  crm = \"Opportunity\"; of = \"prospect\"; key = \"inbox_deal_key__c\"; create_when = \"context.valuation\"; reopen = \"new\";\n"
    "  pipeline = \"Partner deals\";\n" FIELDS
    "  stages = { pairs = ( (\"New\", \"Qualification\"), (\"Won\", \"Closed Won\"), (\"Lost\", \"Closed Lost\") );\n"
    "             ignore_inbox = ( \"Contacted\", \"Qualified\", \"Negotiation\" ); };\n"
    "};\n";

/* ---- looking ---- */

static json_t *row_where(struct world *w, const char *object, const char *field, const char *value)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    json_t *row;
    size_t k;
    json_array_foreach (json_object_get(state, object), k, row)
        if (str_eq(js_str(row, field), value) && !js_bool_or(row, "IsDeleted", false))
            return json_incref(row);
    return NULL;
}

static size_t rows(struct world *w, const char *object)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    return json_array_size(json_object_get(state, object));
}

static json_t *deal_of(struct world *w, size_t i)
{
    AUTO_FREE char *who = world_key(w, i), *key = mem_printf("%s#deal-1", who);
    return world_deal(w, key);
}

static void assert_of_deal(struct world *w, size_t i, const char *field, const char *value)
{
    AUTO_JSON json_t *deal = deal_of(w, i);
    AUTO_FREE char *have = deal_text(deal, field);
    assert_non_null(deal);
    assert_string_equal(have, value);
}

/* ---- people ---- */

static void edit_person(struct world *w, const char *object, size_t i, const char *edit)
{
    AUTO_FREE char *key = world_key(w, i);
    json_decref(world_edit(w, 1, "{'object':'%s','id':{'inbox_prospect_key__c':'%s'},%s}", object, key, edit));
}

static void edit_deal(struct world *w, size_t i, const char *set)
{
    AUTO_JSON json_t *deal = deal_of(w, i);
    json_decref(world_edit(w, 1, "{'object':'Opportunity','id':'%s','set':{%s}}", js_str(deal, "Id"), set));
}

/* Only the first is worth something. */
static struct world *begin(const char *mapping, const char *account, size_t people)
{
    struct world *w = world_new_salesforce(31, people, mapping, account);
    for (size_t i = 0; i < people; i++)
        world_edit_inbox(w, i, i ? "'context.valuation':null,'context.status':'New'" : "'context.valuation':1000,'context.status':'New'");
    return w;
}

static void finish(struct world *w)
{
    AUTO_FREE char *first = world_broken(w), *broken = world_broken(w); /* conversions are found by the full compare */
    if (broken)
        fail_msg("%s (%s)", broken, first ? first : "at once");
    world_free(w);
}

/* ---- leads ---- */

static void a_lead_has_no_deal_until_it_is_converted(void **state)
{
    (void)state;
    struct world *w = begin(of_leads, STATIC, 2);
    world_settle(w);
    assert_int_equal(rows(w, "Lead"), 2);
    assert_int_equal(rows(w, "Opportunity"), 0);
    int64_t before = world_writes(w, 1);
    world_edit_inbox(w, 0, "'context.valuation':1100");
    world_settle(w);
    assert_int_equal(world_writes(w, 1), before); /* it waits without asking anybody */
    edit_person(w, "Lead", 0, "'convert':{}");
    world_settle(w);
    assert_int_equal(rows(w, "Opportunity"), 1);
    assert_of_deal(w, 0, "Amount", "1100");
    AUTO_JSON json_t *deal = deal_of(w, 0), *contact = row_where(w, "OpportunityContactRole", "OpportunityId", js_str(deal, "Id"));
    AUTO_JSON json_t *person = row_where(w, "Contact", "Id", js_str(contact, "ContactId"));
    assert_string_equal(js_str(deal, "AccountId"), js_str(person, "AccountId")); /* the account conversion made */
    finish(w);
}

static void convert_with_deal(struct world *w)
{
    world_settle(w);
    edit_person(w, "Lead", 0, "'convert':{'opportunity':'Big deal'}");
}

/* Whenever the power goes: the opportunity sales made, and no second one. */
static void the_opportunity_a_conversion_made_is_followed(void **state)
{
    (void)state;
    int64_t n = 0;
    for (int64_t k = 0; k <= n; k++) {
        struct world *w = begin(of_leads, STATIC, 1);
        convert_with_deal(w);
        world_watch(w, k);
        world_settle(w);
        n = k ? n : w->touches;
        assert_int_equal(rows(w, "Opportunity"), 1);
        assert_int_equal(rows(w, "OpportunityContactRole"), 1);
        world_edit_inbox(w, 0, "'context.valuation':4321");
        world_settle(w);
        assert_of_deal(w, 0, "Amount", "4321");
        finish(w);
    }
    print_message("a conversion with an opportunity: %lld touches, each cut once\n", (long long)n);
}

static void of_two_opportunities_a_person_says_which(void **state)
{
    (void)state;
    struct world *w = begin(of_leads, STATIC, 1);
    convert_with_deal(w);
    AUTO_FREE char *key = world_key(w, 0);
    AUTO_JSON json_t *lead = row_where(w, "Lead", "inbox_prospect_key__c", key);
    json_decref(world_edit(w, 1, "{'object':'Lead','create':{'LastName':'Twin','Company':'T'}}"));
    json_decref(world_edit(w, 1, "{'object':'Lead','id':{'LastName':'Twin'},'convert':{'opportunity':'Other deal','contact':'%s'}}",
                           js_str(lead, "ConvertedContactId")));
    world_settle(w);
    assert_int_equal(rows(w, "Opportunity"), 2);
    AUTO_JSON json_t *none = deal_of(w, 0), *wanted = row_where(w, "Opportunity", "Name", "Other deal");
    assert_null(none);
    json_decref(world_edit(w, 1, "{'object':'Opportunity','id':'%s','set':{'inbox_deal_key__c':'%s#deal-1'}}", js_str(wanted, "Id"), key));
    world_edit_inbox(w, 0, "'context.valuation':77");
    world_settle(w);
    assert_of_deal(w, 0, "Name", "Other deal");
    assert_int_equal(rows(w, "Opportunity"), 2);
    world_free(w);
}

/* ---- opportunities ---- */

static void what_must_be_there_is_filled_once_and_never_over_a_real_value(void **state)
{
    (void)state;
    struct world *w = begin(deal_salesforce.mapping, STATIC " close_date = \"2031-01-31\";", 1);
    json_decref(world_edit(w, 1, "{'object':'currency','create':{'IsoCode':'USD','IsCorporate':true}}"));
    world_settle(w);
    assert_of_deal(w, 0, "CloseDate", "2031-01-31");
    assert_of_deal(w, 0, "CurrencyIsoCode", "USD");
    edit_deal(w, 0, "'CloseDate':'2027-05-05'");
    world_edit_inbox(w, 0, "'context.valuation':2000");
    world_settle(w);
    assert_of_deal(w, 0, "CloseDate", "2027-05-05");
    assert_of_deal(w, 0, "Amount", "2000");
    finish(w);
}

static char *without_currency(void)
{
    static const char said[] = "currency = \"CurrencyIsoCode\";";
    const char *at = strstr(deal_salesforce.mapping, said);
    return mem_printf("%.*s%s", (int)(at - deal_salesforce.mapping), deal_salesforce.mapping, at + sizeof said - 1);
}

static void amounts_of_an_organisation_with_another_currency_are_held(void **state)
{
    (void)state;
    AUTO_FREE char *mapping = without_currency();
    struct world *w = begin(mapping, STATIC " currency = \"EUR\";", 1);
    int64_t held = 0;
    struct err err = {0};
    world_settle(w);
    assert_of_deal(w, 0, "Amount", ""); /* 1000 of another currency is not 1000 */
    assert_of_deal(w, 0, "StageName", "Prospecting");
    assert_true(store_holds_count(w->store, "r", &held, &err));
    assert_int_equal(held, 1);
    finish(w);
    struct world *same = begin(mapping, STATIC " currency = \"USD\";", 1);
    world_settle(same);
    assert_of_deal(same, 0, "Amount", "1000");
    finish(same);
}

/* A stage that another record type has is none here. */
static void stages_are_those_of_the_record_type(void **state)
{
    (void)state;
    struct world *w = begin(of_partners, STATIC, 1);
    json_decref(world_edit(w, 1, "{'object':'record_type','create':{'Name':'Sales','default':true,'stages':['Prospecting','Closed Won','Closed Lost']}}"));
    json_decref(world_edit(w, 1, "{'object':'record_type','create':{'Name':'Partner deals','stages':['Qualification','Closed Won','Closed Lost']}}"));
    world_settle(w);
    AUTO_JSON json_t *type = row_where(w, "RecordType", "Name", "Partner deals");
    assert_of_deal(w, 0, "StageName", "Qualification");
    assert_of_deal(w, 0, "RecordTypeId", js_str(type, "Id"));
    world_edit_inbox(w, 0, "'context.status':'Won'");
    world_settle(w);
    assert_of_deal(w, 0, "StageName", "Closed Won");
    finish(w);
}

/* Where the integration user may not name the contact, the role is made behind the opportunity, and only once. */
static void a_role_is_made_once_where_it_is_made_apart(void **state)
{
    (void)state;
    AUTO_FREE char *mapping = without_currency();
    int64_t n = 0;
    for (int64_t k = 0; k <= n; k += k < 30 ? 1 : 5) {
        struct world *w = begin(mapping, STATIC, 1);
        json_decref(world_edit(w, 1, "{'object':'permission','id':'Opportunity.ContactId','set':{'read':false,'edit':false}}"));
        assert_true(sandbox_fault(w->box, "{\"match\":{\"method\":\"POST\",\"path\":\"*/composite/sobjects\"},\"do\":\"reset_after\",\"times\":1}"));
        world_watch(w, k);
        world_settle(w);
        n = k ? n : w->touches;
        assert_int_equal(rows(w, "Opportunity"), 1);
        assert_int_equal(rows(w, "OpportunityContactRole"), 1);
        finish(w);
    }
}

/* ---- tasks ---- */

static void say(struct world *w, const char *text)
{
    AUTO_JSON json_t *inbox = world_state(w, 0);
    json_decref(world_edit(w, 0, "{'object':'message','thread':'%s','content':'%s'}",
                           js_str(json_array_get(json_object_get(inbox, "thread"), 0), "id"), text));
}

static json_t *task_saying(struct world *w, const char *text)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    json_t *row;
    size_t k;
    json_array_foreach (json_object_get(state, "Task"), k, row)
        if (strstr(js_str_or(row, "Description", ""), text))
            return json_incref(row);
    return NULL;
}

static void what_was_said_with_a_lead_follows_it_to_the_contact(void **state)
{
    (void)state;
    AUTO_FREE char *mapping = talk_mapping(&talk_leads, "digest = \"day\";");
    struct world *w = world_new_salesforce(31, 1, mapping, STATIC);
    world_settle(w);
    say(w, "said to a lead");
    world_settle(w);
    AUTO_JSON json_t *first = task_saying(w, "said to a lead");
    assert_true(str_starts(js_str_or(first, "WhoId", ""), "00Q"));
    assert_null(js_str(first, "WhatId"));
    assert_string_equal(js_str(first, "Status"), "Completed"); /* a log is nobody's to-do */
    edit_person(w, "Lead", 0, "'convert':{}");
    say(w, "said to a contact");
    world_settle(w);
    world_settle(w);
    AUTO_JSON json_t *second = task_saying(w, "said to a contact");
    assert_non_null(second);
    assert_true(str_starts(js_str_or(second, "WhoId", ""), "003"));
    assert_string_equal(js_str(first, "Id"), js_str(second, "Id")); /* the same day, the same task */
    finish(w);
}

/* With the store lost, too: an archived task is found by its key and not written again. */
static void archived_tasks_are_known(void **state)
{
    (void)state;
    AUTO_FREE char *mapping = talk_mapping(&talk_contacts, "digest = \"day\";");
    struct world *w = world_new_salesforce(31, 1, mapping, STATIC);
    world_settle(w);
    say(w, "long ago");
    world_settle(w);
    AUTO_JSON json_t *task = task_saying(w, "long ago");
    json_decref(world_edit(w, 1, "{'object':'Task','id':'%s','set':{'IsArchived':true}}", js_str(task, "Id")));
    size_t before = rows(w, "Task");
    AUTO_FREE char *broken = world_broken(w);
    assert_null(broken);
    world_stop(w);
    unlink(w->path);
    world_settle(w);
    assert_int_equal(rows(w, "Task"), before);
    finish(w);
}

/* ---- what is shipped ---- */

static char *changed(char *stolen, const char *from, const char *to)
{
    AUTO_FREE char *text = stolen;
    const char *at = strstr(text, from);
    assert_non_null(at);
    return mem_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* The mapping with its commented sections switched on, as its comments tell operators to. */
static char *switched_on(const char *name)
{
    AUTO_FREE char *path = mem_printf(SOURCE_DIR "/mappings/%s", name);
    struct buf b = {0};
    char line[1000];
    bool on = false;
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        on |= str_starts(line, "# deal = {") || str_starts(line, "# message = {");
        buf_puts(&b, on && str_starts(line, "# ") ? line + 2 : on && str_eq(line, "#\n") ? "\n" : line);
        on &= !str_starts(line, "# };");
    }
    fclose(f);
    char *text = changed(buf_take(&b), "conflict = \"source_unless_blank\"", "flow = \"to_crm\"");
    return changed(text, "conflict = \"crm\"; initial = \"source\"", "flow = \"to_crm\"");
}

static void the_shipped_sections_work_once_they_are_switched_on(void **state)
{
    (void)state;
    AUTO_FREE char *contacts = switched_on("salesforce-contacts.cfg"), *leads = switched_on("salesforce-leads.cfg");
    struct world *w = begin(contacts, STATIC, 2);
    say(w, "with an opportunity");
    world_settle(w);
    AUTO_JSON json_t *task = task_saying(w, "with an opportunity");
    assert_of_deal(w, 0, "Amount", "1000");
    assert_non_null(task);
    finish(w);
    w = begin(leads, STATIC, 2);
    say(w, "without one");
    world_settle(w);
    AUTO_JSON json_t *other = task_saying(w, "without one");
    assert_int_equal(rows(w, "Opportunity"), 0);
    assert_non_null(other);
    finish(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lead_has_no_deal_until_it_is_converted),
        cmocka_unit_test(the_opportunity_a_conversion_made_is_followed),
        cmocka_unit_test(of_two_opportunities_a_person_says_which),
        cmocka_unit_test(what_must_be_there_is_filled_once_and_never_over_a_real_value),
        cmocka_unit_test(amounts_of_an_organisation_with_another_currency_are_held),
        cmocka_unit_test(stages_are_those_of_the_record_type),
        cmocka_unit_test(a_role_is_made_once_where_it_is_made_apart),
        cmocka_unit_test(what_was_said_with_a_lead_follows_it_to_the_contact),
        cmocka_unit_test(archived_tasks_are_known),
        cmocka_unit_test(the_shipped_sections_work_once_they_are_switched_on),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
