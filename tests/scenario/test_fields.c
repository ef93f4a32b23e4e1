/* Every kind of field and every policy, as an operator configures it: a line of a mapping file, an edit on one side or on
 * both, and what must stand on both sides when all is quiet. */
#include "bridge/base/str.h"
#include "tests/kit/world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

struct row {
    const char *what;
    const char *field;      /* one line of the mapping */
    const char *before;     /* Inbox edit all agree on first; NULL = none */
    const char *inbox, *crm; /* edits of this story; NULL = none */
    bool crm_first;         /* the CRM's edit is the earlier one, by ten minutes */
    const char *want_inbox; /* JSON of the Inbox field afterwards; NULL = not looked at */
    const char *want_crm;   /* text of the property afterwards; NULL = not looked at */
    int holds;
};

#define VALUE "name = \"v\"; inbox = \"context.valuation\"; crm = \"inbox_v\"; initial = \"source\";"
#define NOTES "name = \"v\"; inbox = \"context.notes\"; crm = \"inbox_v\"; initial = \"source\";"
#define STATUS "name = \"v\"; inbox = \"context.status\"; crm = \"inbox_v\"; initial = \"source\"; table = \"stages\";"
#define TAGS "name = \"v\"; inbox = \"context.tags\"; crm = \"inbox_v\";"
#define TEN "'context.valuation':10"
#define TWENTY "'context.valuation':20"
#define THIRTY "'inbox_v':'30'"

static const struct row rows[] = {
    /* one side changed: each kind, both ways */
    {"a number to the CRM", VALUE, TEN, TWENTY, NULL, false, "20", "20", 0},
    {"a number to Inbox", VALUE, TEN, NULL, THIRTY, false, "30", "30", 0},
    {"a fraction to Inbox", VALUE, TEN, NULL, "'inbox_v':'12.5'", false, "12.5", "12.5", 0},
    {"a text to the CRM", NOTES, NULL, "'context.notes':'Grüße 🎉'", NULL, false, "\"Grüße 🎉\"", "Grüße 🎉", 0},
    {"a text to Inbox", NOTES, "'context.notes':'a'", NULL, "'inbox_v':'שלום'", false, "\"שלום\"", "שלום", 0},
    {"a choice to the CRM", STATUS, "'context.status':'New'", "'context.status':'Won'", NULL, false, "\"Won\"", "won", 0},
    {"a choice to Inbox", STATUS, "'context.status':'New'", NULL, "'inbox_v':'lost'", false, "\"Lost\"", "lost", 0},
    {"a set to the CRM", TAGS, "'context.tags':['VIP']", "'context.tags':['Lead','VIP']", NULL, false, NULL, "Lead;VIP", 0},
    {"a set to Inbox", TAGS "conflict = \"union\";", "'context.tags':['VIP']", NULL, "'inbox_v':'Lead'", false, "[\"Lead\"]", "Lead", 0},
    {"a transformed text and back", NOTES "transform = ( \"prefix:> \" );", "'context.notes':'a'", NULL, "'inbox_v':'> b'", false, "\"b\"", "> b", 0},
    {"a number as text", VALUE "flow = \"to_crm\"; transform = ( \"prefix:EUR \" );", TEN, TWENTY, NULL, false, "20", "EUR 20", 0},

    /* both sides changed: each policy */
    {"crm", VALUE "conflict = \"crm\";", TEN, TWENTY, THIRTY, false, "30", "30", 0},
    {"source", VALUE "conflict = \"source\";", TEN, TWENTY, THIRTY, false, "20", "20", 0},
    {"crm_unless_blank", VALUE "conflict = \"crm_unless_blank\";", TEN, TWENTY, THIRTY, false, "30", "30", 0},
    {"crm_unless_blank, blank", VALUE "conflict = \"crm_unless_blank\";", TEN, TWENTY, "'inbox_v':''", false, "20", "20", 0},
    {"source_unless_blank", VALUE "conflict = \"source_unless_blank\";", TEN, TWENTY, THIRTY, false, "20", "20", 0},
    {"source_unless_blank, blank", VALUE "conflict = \"source_unless_blank\";", TEN, "'context.valuation':null", THIRTY, false, "30", "30", 0},
    {"newest, the CRM later", VALUE "conflict = \"newest\";", TEN, TWENTY, THIRTY, false, "30", "30", 0},
    {"newest, Inbox later", VALUE "conflict = \"newest\";", TEN, TWENTY, THIRTY, true, "20", "20", 0},
    {"max", VALUE "conflict = \"max\";", TEN, TWENTY, THIRTY, false, "30", "30", 0},
    {"min", VALUE "conflict = \"min\";", TEN, TWENTY, THIRTY, false, "20", "20", 0},
    {"hold", VALUE "conflict = \"hold\";", TEN, TWENTY, THIRTY, false, "20", "30", 1},
    {"monotone", STATUS "conflict = \"monotone\";", "'context.status':'New'", "'context.status':'Won'", "'inbox_v':'contacted'", false, "\"Won\"", "won", 0},
    {"monotone the other way", STATUS "conflict = \"monotone\";", "'context.status':'New'", "'context.status':'Contacted'", "'inbox_v':'qualified'", false, "\"Qualified\"", "qualified", 0},
    {"append", NOTES "conflict = \"append\";", "'context.notes':'one'", "'context.notes':'one\\n\\ntwo'", "'inbox_v':'one\\n\\nthree'", false, "\"one\\n\\nthree\\n\\ntwo\"", "one\n\nthree\n\ntwo", 0},
    {"union", TAGS "conflict = \"union\";", "'context.tags':['VIP','Press']", "'context.tags':['Press']", "'inbox_v':'VIP;Press;Lead'", false, NULL, "Lead;Press", 0},

    /* blank rules */
    {"a blank is written to the CRM", VALUE, TEN, "'context.valuation':null", NULL, false, "null", "", 0},
    {"a blank is written to Inbox", VALUE, TEN, NULL, "'inbox_v':''", false, "null", "", 0},
    {"a blank is kept from the CRM", VALUE "on_blank = \"keep\";", TEN, "'context.valuation':null", NULL, false, "null", "10", 0},
    {"a blank is kept from Inbox", VALUE "on_blank = \"keep\";", TEN, NULL, "'inbox_v':''", false, "10", "", 0},
    {"kept one way only", VALUE "on_blank = { to_inbox = \"keep\"; };", TEN, "'context.valuation':null", NULL, false, "null", "", 0},

    /* directions */
    {"to_crm leaves a CRM edit alone", VALUE "flow = \"to_crm\";", TEN, NULL, THIRTY, false, "10", "30", 0},
    {"to_crm puts it back", VALUE "flow = \"to_crm\"; on_forbidden = \"revert\";", TEN, NULL, THIRTY, false, "10", "10", 0},
    {"to_crm tells", VALUE "flow = \"to_crm\"; on_forbidden = \"alert\";", TEN, NULL, THIRTY, false, "10", "30", 1},
    {"to_crm wins when both changed", VALUE "flow = \"to_crm\";", TEN, TWENTY, THIRTY, false, "20", "20", 0},
    {"to_inbox takes the CRM's", VALUE "flow = \"to_inbox\";", NULL, NULL, THIRTY, false, "30", "30", 0},
    {"to_inbox leaves an Inbox edit alone", VALUE "flow = \"to_inbox\";", NULL, TWENTY, NULL, false, "20", "", 0},
    {"none does nothing", VALUE "flow = \"none\";", TEN, TWENTY, THIRTY, false, "20", "30", 0},
};

static char *mapping_of(const char *field)
{
    bool table = strstr(field, "stages") != NULL;
    return mem_printf("prospect = { crm = \"contacts\"; key = \"inbox_prospect_key\"; max_creates = 1000;\n"
                      "  fields = ( { name = \"n\"; inbox = \"displayName\"; crm = \"firstname\"; flow = \"to_crm\"; },\n{ %s } );\n%s};\n",
                      field, table ? "stages = ( (\"New\", \"new\"), (\"Contacted\", \"contacted\"), (\"Qualified\", \"qualified\"), "
                                     "(\"Negotiation\", \"negotiation\"), (\"Won\", \"won\"), (\"Lost\", \"lost\") );" : "");
}

static void edit(struct world *w, int side, const char *id, const char *set)
{
    if (set)
        json_decref(world_edit(w, side, "{'object':'%s','id':'%s','set':{%s}}", side ? "contact" : "prospect", id, set));
}

static const char *inbox_field(const char *field)
{
    const char *at = strstr(field, "context.") + strlen("context.");
    return str_starts(at, "notes") ? "notes" : str_starts(at, "status") ? "status" : str_starts(at, "tags") ? "tags" : "valuation";
}

/* Labels as people see them: statuses and tags by their names. */
static const char *named(const json_t *state, const char *list, const json_t *id)
{
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(state, list), i, one)
        if (str_eq(js_str(one, "id"), json_string_value(id)))
            return js_str(one, "name");
    return NULL;
}

static char *inbox_value(struct world *w, const char *field)
{
    AUTO_JSON json_t *p = world_prospect(w, 0), *state = world_state(w, 0);
    const json_t *context = json_object_get(p, "context"), *tags = json_object_get(context, "tags");
    AUTO_JSON json_t *names = json_array();
    if (str_eq(field, "status")) {
        const char *name = named(state, "status", json_object_get(context, "statusId"));
        return name ? mem_printf("\"%s\"", name) : mem_dup("null");
    }
    if (!str_eq(field, "tags"))
        return js_print(json_object_get(context, field));
    for (size_t i = 0; i < json_array_size(tags); i++)
        js_add(names, js_text(named(state, "tag", json_array_get(tags, i))));
    return js_print(names);
}

static int64_t holds(struct world *w)
{
    struct err err = {0};
    int64_t n = -1;
    assert_true(store_holds_count(w->store, "r", &n, &err));
    return n;
}

static bool tell(const struct row *row)
{
    AUTO_FREE char *mapping = mapping_of(row->field);
    struct world *w = world_new(7, 3, mapping);
    AUTO_JSON json_t *p = world_prospect(w, 0);
    AUTO_FREE char *id = mem_dup(js_str(p, "platformId")), *key = world_key(w, 0);
    edit(w, 0, id, "'context.notes':null,'context.valuation':null,'context.tags':[]");
    edit(w, 0, id, row->before);
    world_settle(w);
    AUTO_JSON json_t *made = world_contact(w, key);
    AUTO_FREE char *contact = mem_dup(js_str(made, "id"));
    if (row->crm_first)
        edit(w, 1, contact, row->crm);
    sandbox_advance(w->box, 10 * 60 * 1000);
    edit(w, 0, id, row->inbox);
    sandbox_advance(w->box, 10 * 60 * 1000);
    if (!row->crm_first)
        edit(w, 1, contact, row->crm);
    world_settle(w);
    AUTO_JSON json_t *after = world_contact(w, key);
    AUTO_FREE char *inbox = inbox_value(w, inbox_field(row->field));
    const char *crm = js_str_or(json_object_get(after, "properties"), "inbox_v", "");
    bool right = (!row->want_inbox || str_eq(inbox, row->want_inbox)) && (!row->want_crm || str_eq(crm, row->want_crm)) &&
                 holds(w) == row->holds;
    if (!right)
        print_error("%s: Inbox %s, CRM \"%s\", %lld holds; wanted %s, \"%s\", %d\n", row->what, inbox, crm, (long long)holds(w),
                    row->want_inbox ? row->want_inbox : "anything", row->want_crm ? row->want_crm : "anything", row->holds);
    bool apart = strstr(row->field, "to_") || strstr(row->field, "keep") || strstr(row->field, "none"); /* the sides may differ */
    AUTO_FREE char *broken = apart ? NULL : world_broken(w);
    if (broken)
        print_error("%s: %s\n", row->what, broken);
    world_free(w);
    return right && !broken;
}

static void each_kind_and_policy_travels_as_configured(void **state)
{
    (void)state;
    size_t bad = 0;
    for (size_t i = 0; i < COUNT(rows); i++)
        bad += !tell(&rows[i]);
    print_message("%zu rows\n", COUNT(rows));
    assert_int_equal(bad, 0);
}

/* ---- names and ids ---- */

static void a_renamed_status_changes_no_crm_value(void **state)
{
    (void)state;
    AUTO_FREE char *mapping = mapping_of(STATUS);
    struct world *w = world_new(7, 3, mapping);
    AUTO_JSON json_t *p = world_prospect(w, 0);
    AUTO_FREE char *id = mem_dup(js_str(p, "platformId")), *key = world_key(w, 0);
    edit(w, 0, id, "'context.status':'Qualified'");
    world_settle(w);
    int64_t writes = world_writes(w, 1);
    json_decref(world_edit(w, 0, "{'object':'status','id':'Qualified','set':{'name':'Interested'}}"));
    world_settle(w);
    assert_int_equal(world_writes(w, 1), writes);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_string_equal(js_str(json_object_get(c, "properties"), "inbox_v"), "qualified");
    edit(w, 1, js_str(c, "id"), "'inbox_v':'won'");
    world_settle(w);
    edit(w, 1, js_str(c, "id"), "'inbox_v':'qualified'"); /* the old name in the file still finds the renamed status */
    world_settle(w);
    AUTO_FREE char *now = inbox_value(w, "status");
    assert_string_equal(now, "\"Interested\"");
    world_free(w);
}

/* ---- one bad field ---- */

static void one_refused_field_does_not_hold_up_the_others(void **state)
{
    (void)state;
    AUTO_FREE char *mapping = mapping_of("name = \"v\"; inbox = \"context.notes\"; crm = \"inbox_v\"; }, { name = \"w\"; inbox = "
                                         "\"context.valuation\"; crm = \"inbox_w\";");
    struct world *w = world_new(7, 3, mapping);
    AUTO_JSON json_t *p = world_prospect(w, 0);
    AUTO_FREE char *id = mem_dup(js_str(p, "platformId")), *key = world_key(w, 0);
    world_settle(w);
    AUTO_FREE char *long_note = mem_alloc(70001);
    memset(long_note, 'x', 70000); /* HubSpot takes 65,536 characters */
    AUTO_FREE char *set = mem_printf("'context.notes':'%s','context.valuation':77", long_note);
    edit(w, 0, id, set);
    world_settle(w);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_string_equal(js_str(json_object_get(c, "properties"), "inbox_w"), "77");
    int64_t open = 0, dead = 0;
    struct err err = {0};
    assert_true(store_ops_counts(w->store, "r", &open, &dead, &err));
    assert_int_equal(open, 0);
    assert_int_equal(dead, 1);
    int64_t writes = world_writes(w, 1);
    world_settle(w);
    assert_int_equal(world_writes(w, 1), writes); /* what stays dead is not offered again and again */
    edit(w, 0, id, "'context.notes':'short'");
    world_settle(w);
    AUTO_JSON json_t *cured = world_contact(w, key);
    assert_string_equal(js_str(json_object_get(cured, "properties"), "inbox_v"), "short");
    assert_true(store_ops_counts(w->store, "r", &open, &dead, &err));
    assert_int_equal(dead, 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_and_policy_travels_as_configured),
        cmocka_unit_test(a_renamed_status_changes_no_crm_value),
        cmocka_unit_test(one_refused_field_does_not_hold_up_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
