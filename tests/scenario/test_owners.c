/* Whose record it is: assignees in Inbox and owners in the CRM, matched by e-mail, both ways, in HubSpot and in Salesforce. People
 * leave, change their address, share one; nobody is ever given somebody else's record for it. */
#include "bridge/base/str.h"
#include "tests/kit/story.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define STATIC "token = \"env:WORLD_TOKEN\"; base_url = \"http://salesforce.sandbox\";"
#define PLAIN "conflict = \"crm\"; initial = \"source\";"

struct crm { /* what the two call the same */
    const char *name, *object, *key, *owner, *title, *record;
    const char *nobody; /* nobody: in the table, who stands for nobody */
};
static const struct crm crms[] = {
    {"hubspot", "contacts", "inbox_prospect_key", "hubspot_owner_id", "firstname", "contact", ""},
    {"salesforce", "Lead", "inbox_prospect_key__c", "OwnerId", "LastName", "Lead", "blank_crm = \"Integration@sandbox.example\";"},
};

/* pairs: exceptions, as the file says them. */
static char *mapping_of(const struct crm *crm, const char *how, const char *pairs)
{
    return mem_printf("prospect = { crm = \"%s\"; key = \"%s\"; max_creates = 1000;\n"
                      "  fields = ( { name = \"n\"; inbox = \"displayName\"; crm = \"%s\"; flow = \"to_crm\"; },\n"
                      "    { name = \"owner\"; inbox = \"context.assignee\"; crm = \"%s\"; table = \"people\"; %s } );\n"
                      "  people = { pairs = ( %s ); %s }; };\n",
                      crm->object, crm->key, crm->title, crm->owner, how, pairs, crm->nobody);
}

struct stage { /* a world and what it is told about */
    const struct crm *crm;
    char *mapping;
    struct world *w;
};

static struct stage stage_new(const struct crm *crm, const char *how, const char *pairs)
{
    struct stage s = {.crm = crm, .mapping = mapping_of(crm, how, pairs)};
    bool hub = str_eq(crm->name, "hubspot");
    s.w = hub ? world_new(7, 3, s.mapping) : world_new_salesforce(7, 3, s.mapping, STATIC);
    return s;
}

static void stage_done(struct stage *s)
{
    AUTO_FREE char *broken = world_broken(s->w);
    if (broken)
        print_error("%s: %s\n", s->crm->name, broken);
    assert_null(broken);
    world_free(s->w);
    free(s->mapping);
}

/* Names are learnt when the bridge starts. */
static void again(struct stage *s)
{
    world_stop(s->w);
    world_settle(s->w);
}

static bool hubspot(const struct stage *s)
{
    return str_eq(s->crm->name, "hubspot");
}

/* ---- who ---- */

static json_t *find_in(const json_t *list, const char *member, const char *text)
{
    size_t i;
    json_t *one;
    json_array_foreach ((json_t *)list, i, one)
        if (str_eq_nocase(js_str(one, member), text))
            return one;
    return NULL;
}

static char *crm_id(struct stage *s, const char *who)
{
    AUTO_JSON json_t *state = world_state(s->w, 1);
    json_t *one = find_in(json_object_get(state, hubspot(s) ? "owner" : "User"), hubspot(s) ? "email" : "Email", who);
    if (!one && !hubspot(s))
        one = find_in(json_object_get(state, "Group"), "Name", who);
    if (!one)
        print_error("%s has nobody called %s\n", s->crm->name, who);
    assert_non_null(one);
    return mem_dup(js_str(one, hubspot(s) ? "id" : "Id"));
}

static char *inbox_who(struct stage *s, size_t i)
{
    AUTO_JSON json_t *state = world_state(s->w, 0), *p = world_prospect(s->w, i);
    size_t k;
    json_t *t;
    json_array_foreach (json_object_get(state, "thread"), k, t)
        if (str_eq(js_str(t, "prospect"), js_str(p, "externalId")) || str_eq(js_str(t, "prospect"), js_str(p, "platformId"))) {
            const json_t *m = find_in(json_object_get(state, "member"), "id", js_str(t, "assigneeId"));
            return mem_dup(m ? js_str(m, "email") : "nobody");
        }
    return mem_dup("no thread");
}

static json_t *record(struct stage *s, size_t i)
{
    AUTO_FREE char *key = world_key(s->w, i);
    return world_contact(s->w, key);
}

static char *crm_who(struct stage *s, size_t i)
{
    AUTO_JSON json_t *state = world_state(s->w, 1), *r = record(s, i);
    const char *id = hubspot(s) ? js_str(json_object_get(r, "properties"), "hubspot_owner_id") : js_str(r, "OwnerId");
    const json_t *one = find_in(json_object_get(state, hubspot(s) ? "owner" : "User"), hubspot(s) ? "id" : "Id", id);
    if (!id || !*id || (one && str_eq(js_str(one, "Email"), "integration@sandbox.example")))
        return mem_dup("nobody");
    return mem_dup(one ? js_str_or(one, hubspot(s) ? "email" : "Email", id) : id);
}

static void assign_inbox(struct stage *s, size_t i, const char *who)
{
    AUTO_JSON json_t *p = world_prospect(s->w, i);
    AUTO_FREE char *said = who ? mem_printf("'%s'", who) : mem_dup("null");
    json_decref(world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.assignee':%s}}", js_str(p, "platformId"), said));
}

static void assign_crm(struct stage *s, size_t i, const char *who)
{
    AUTO_JSON json_t *r = record(s, i);
    AUTO_FREE char *id = who ? crm_id(s, who) : hubspot(s) ? mem_dup("") : crm_id(s, "integration@sandbox.example");
    json_decref(world_edit(s->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", s->crm->record, js_str(r, hubspot(s) ? "id" : "Id"),
                           s->crm->owner, id));
}

static void both_are(struct stage *s, size_t i, const char *inbox, const char *crm)
{
    AUTO_FREE char *mine = inbox_who(s, i), *theirs = crm_who(s, i);
    if (!str_eq_nocase(mine, inbox) || !str_eq_nocase(theirs, crm))
        print_error("%s: Inbox %s, CRM %s; wanted %s, %s\n", s->crm->name, mine, theirs, inbox, crm);
    assert_true(str_eq_nocase(mine, inbox) && str_eq_nocase(theirs, crm));
}

static size_t holds(struct stage *s, char **why)
{
    struct hold *list = NULL;
    size_t n = 0;
    struct err err = {0};
    assert_true(store_holds(s->w->store, "r", 0, 100, &list, &n, &err));
    if (why)
        *why = n ? mem_dup(list[0].why) : NULL;
    holds_free(list, n);
    return n;
}

static void waits(struct stage *s, const char *word)
{
    AUTO_FREE char *why = NULL;
    size_t n = holds(s, &why);
    if (n != 1 || !strstr(why, word))
        print_error("%s: %zu holds, the first \"%s\"; wanted one with \"%s\"\n", s->crm->name, n, why ? why : "", word);
    assert_int_equal(n, 1);
    assert_non_null(strstr(why, word));
}

/* All begin with nobody's prospects, so that each story says who has whom. */
static void clear(struct stage *s)
{
    for (size_t i = 0; i < 3; i++)
        assign_inbox(s, i, NULL);
    world_settle(s->w);
    assert_int_equal(holds(s, NULL), 0);
}

static void in_both(void (*story)(const struct crm *crm))
{
    for (size_t i = 0; i < COUNT(crms); i++)
        story(&crms[i]);
}

/* ---- both ways ---- */

static void go_both_ways(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    clear(&s);
    assign_inbox(&s, 0, "ben@team.example");
    world_settle(s.w);
    both_are(&s, 0, "ben@team.example", "ben@team.example");
    assign_crm(&s, 0, "ann@team.example");
    assign_crm(&s, 1, "cy@team.example");
    world_settle(s.w);
    both_are(&s, 0, "ann@team.example", "ann@team.example");
    both_are(&s, 1, "cy@team.example", "cy@team.example");
    assign_inbox(&s, 0, NULL);
    assign_crm(&s, 1, NULL);
    world_settle(s.w);
    both_are(&s, 0, "nobody", "nobody");
    both_are(&s, 1, "nobody", "nobody");
    assert_int_equal(holds(&s, NULL), 0);
    stage_done(&s);
}

static void assigning_and_unassigning_goes_both_ways(void **state)
{
    (void)state;
    in_both(go_both_ways);
}

static void match_any_case(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    AUTO_FREE char *id = crm_id(&s, "ben@team.example");
    json_decref(world_edit(s.w, 1, hubspot(&s) ? "{'object':'owner','id':'%s','set':{'email':'Ben@TEAM.example'}}"
                                               : "{'object':'User','id':'%s','set':{'Email':'Ben@TEAM.example'}}", id));
    clear(&s);
    assign_inbox(&s, 0, "ben@team.example");
    world_settle(s.w);
    both_are(&s, 0, "ben@team.example", "ben@team.example");
    stage_done(&s);
}

static void addresses_match_in_any_case(void **state)
{
    (void)state;
    in_both(match_any_case);
}

/* ---- exceptions ---- */

static void heed_exceptions(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "(\"Ann@team.example\", \"cy@team.example\"), (\"cy@team.example\", \"ann@team.example\")");
    clear(&s);
    assign_inbox(&s, 0, "ann@team.example");
    assign_inbox(&s, 1, "ben@team.example");
    world_settle(s.w);
    both_are(&s, 0, "ann@team.example", "cy@team.example");
    both_are(&s, 1, "ben@team.example", "ben@team.example");
    assign_crm(&s, 0, "ann@team.example");
    world_settle(s.w);
    both_are(&s, 0, "cy@team.example", "ann@team.example");
    stage_done(&s);
}

static void the_table_lists_exceptions_and_nothing_else(void **state)
{
    (void)state;
    in_both(heed_exceptions);
}

/* ---- no counterpart ---- */

static void meet_strangers(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    json_decref(world_edit(s.w, 0, "{'object':'member','create':{'name':'Eve','email':'eve@team.example'}}"));
    clear(&s);
    assign_inbox(&s, 0, "eve@team.example");
    world_settle(s.w);
    waits(&s, "eve@team.example");
    both_are(&s, 0, "eve@team.example", "nobody");
    json_decref(hubspot(&s) ? world_edit(s.w, 1, "{'object':'owner','create':{'email':'eve@team.example'}}")
                            : world_edit(s.w, 1, "{'object':'User','create':{'Username':'eve@x.example','Email':'eve@team.example','LastName':'E',"
                                                 "'Name':'Eve','IsActive':true,'UserType':'Standard'}}"));
    world_stop(s.w);
    assign_inbox(&s, 0, "ben@team.example");
    assign_inbox(&s, 0, "eve@team.example"); /* somebody looks at it again */
    world_settle(s.w);
    both_are(&s, 0, "eve@team.example", "eve@team.example");
    assert_int_equal(holds(&s, NULL), 0);
    stage_done(&s);
}

static void who_has_no_counterpart_waits_for_a_person(void **state)
{
    (void)state;
    in_both(meet_strangers);
}

static void ignore_strangers(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN "on_unknown = \"ignore\";", "");
    json_decref(world_edit(s.w, 0, "{'object':'member','create':{'name':'Eve','email':'eve@team.example'}}"));
    clear(&s);
    assign_inbox(&s, 0, "eve@team.example");
    world_settle(s.w);
    both_are(&s, 0, "eve@team.example", "nobody");
    assert_int_equal(holds(&s, NULL), 0);
    stage_done(&s);
}

static void who_has_no_counterpart_is_ignored_where_that_is_said(void **state)
{
    (void)state;
    in_both(ignore_strangers);
}

/* Only Salesforce gives leads to queues; HubSpot's have owners' ids as well. */
static void give_to_queue(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    clear(&s);
    assign_inbox(&s, 0, "ben@team.example");
    world_settle(s.w);
    if (hubspot(&s)) {
        AUTO_JSON json_t *state = world_state(s.w, 1), *r = record(&s, 0);
        const json_t *queue = find_in(json_object_get(state, "owner"), "type", "QUEUE");
        json_decref(world_edit(s.w, 1, "{'object':'contact','id':'%s','set':{'hubspot_owner_id':'%s'}}", js_str(r, "id"), js_str(queue, "id")));
    } else {
        assign_crm(&s, 0, "Inbound Leads");
    }
    world_settle(s.w);
    waits(&s, hubspot(&s) ? "Round robin" : "Inbound Leads");
    AUTO_FREE char *who = inbox_who(&s, 0);
    assert_string_equal(who, "ben@team.example");
    stage_done(&s);
}

static void a_queue_is_nobody(void **state)
{
    (void)state;
    in_both(give_to_queue);
}

/* ---- people come and go ---- */

static void leave_crm(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    clear(&s);
    assign_inbox(&s, 0, "cy@team.example");
    world_settle(s.w);
    AUTO_FREE char *cy = crm_id(&s, "cy@team.example");
    int64_t writes[2] = {world_writes(s.w, 0), world_writes(s.w, 1)};
    json_decref(world_edit(s.w, 1, hubspot(&s) ? "{'object':'owner','id':'%s','delete':true}" : "{'object':'User','id':'%s','set':{'IsActive':false}}", cy));
    again(&s);
    AUTO_FREE char *broken = world_broken(s.w);
    assert_null(broken);
    both_are(&s, 0, "cy@team.example", "cy@team.example"); /* nobody touched it */
    assert_int_equal(world_writes(s.w, 0), writes[0]);
    assert_int_equal(world_writes(s.w, 1), writes[1]);
    assign_inbox(&s, 1, "cy@team.example");
    world_settle(s.w);
    waits(&s, "no longer active");
    both_are(&s, 1, "cy@team.example", "nobody");
    assign_inbox(&s, 1, "ann@team.example");
    world_settle(s.w);
    both_are(&s, 1, "ann@team.example", "ann@team.example");
    stage_done(&s);
}

static void who_left_the_crm_keeps_old_records_and_gets_no_new_ones(void **state)
{
    (void)state;
    in_both(leave_crm);
}

static void leave_inbox(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    clear(&s);
    assign_inbox(&s, 0, "cy@team.example");
    world_settle(s.w);
    int64_t writes[2] = {world_writes(s.w, 0), world_writes(s.w, 1)};
    json_decref(world_edit(s.w, 0, "{'object':'member','id':'cy@team.example','delete':true}"));
    again(&s);
    AUTO_FREE char *broken = world_broken(s.w);
    assert_null(broken);
    assert_int_equal(world_writes(s.w, 0), writes[0]);
    assert_int_equal(world_writes(s.w, 1), writes[1]);
    assign_crm(&s, 1, "cy@team.example");
    world_settle(s.w);
    waits(&s, "no longer active");
    both_are(&s, 1, "nobody", "cy@team.example");
    stage_done(&s);
}

static void who_left_inbox_is_given_nothing(void **state)
{
    (void)state;
    in_both(leave_inbox);
}

static void change_address(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    clear(&s);
    assign_inbox(&s, 0, "ben@team.example");
    world_settle(s.w);
    AUTO_FREE char *ben = crm_id(&s, "ben@team.example");
    int64_t writes[2] = {world_writes(s.w, 0), world_writes(s.w, 1)};
    json_decref(world_edit(s.w, 1, hubspot(&s) ? "{'object':'owner','id':'%s','set':{'email':'benjamin@new.example'}}"
                                               : "{'object':'User','id':'%s','set':{'Email':'benjamin@new.example'}}", ben));
    again(&s);
    AUTO_FREE char *broken = world_broken(s.w);
    assert_null(broken);
    assert_int_equal(holds(&s, NULL), 0);
    assert_int_equal(world_writes(s.w, 0), writes[0]);
    assert_int_equal(world_writes(s.w, 1), writes[1]);
    assign_inbox(&s, 1, "ben@team.example"); /* still the same one */
    world_settle(s.w);
    both_are(&s, 1, "ben@team.example", "benjamin@new.example");
    json_decref(world_edit(s.w, 0, "{'object':'member','id':'ben@team.example','set':{'email':'benjamin@new.example'}}"));
    again(&s);
    assign_crm(&s, 2, "benjamin@new.example");
    world_settle(s.w);
    both_are(&s, 2, "benjamin@new.example", "benjamin@new.example");
    assert_int_equal(holds(&s, NULL), 0);
    stage_done(&s);
}

static void a_changed_address_is_no_edit_and_no_other_person(void **state)
{
    (void)state;
    in_both(change_address);
}

/* ---- two with one address ---- */

static char *add_double(struct stage *s)
{
    AUTO_JSON json_t *made = hubspot(s) ? world_edit(s->w, 1, "{'object':'owner','create':{'email':'ben@team.example'}}")
                                        : world_edit(s->w, 1, "{'object':'User','create':{'Username':'ben2@x.example','Email':'BEN@team.example',"
                                                              "'LastName':'B','Name':'B','IsActive':true,'UserType':'Standard'}}");
    return mem_dup(js_str(json_array_get(made, 0), hubspot(s) ? "id" : "Id"));
}

static void share_from_start(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    AUTO_FREE char *other = add_double(&s), *pairs = mem_printf("(\"ben@team.example\", \"%s\")", other);
    clear(&s);
    assign_inbox(&s, 0, "ben@team.example");
    world_settle(s.w);
    waits(&s, "ben@team.example");
    AUTO_FREE char *nobody = crm_who(&s, 0);
    assert_string_equal(nobody, "nobody");
    world_stop(s.w);
    AUTO_FREE char *named = mapping_of(crm, PLAIN, pairs); /* the operator names which one it is */
    s.w->crm[0].mapping = named;
    assign_inbox(&s, 0, NULL);
    assign_inbox(&s, 0, "ben@team.example");
    world_settle(s.w);
    AUTO_JSON json_t *r = record(&s, 0);
    assert_string_equal(hubspot(&s) ? js_str(json_object_get(r, "properties"), "hubspot_owner_id") : js_str(r, "OwnerId"), other);
    assert_int_equal(holds(&s, NULL), 0);
    stage_done(&s);
}

static void of_two_with_one_address_neither_is_guessed(void **state)
{
    (void)state;
    in_both(share_from_start);
}

static void share_later(const struct crm *crm)
{
    struct stage s = stage_new(crm, PLAIN, "");
    AUTO_FREE char *ben = crm_id(&s, "ben@team.example");
    clear(&s);
    assign_inbox(&s, 0, "ben@team.example");
    world_settle(s.w);
    free(add_double(&s));
    again(&s);
    assign_inbox(&s, 1, "ben@team.example");
    world_settle(s.w);
    for (size_t i = 0; i < 2; i++) {
        AUTO_JSON json_t *r = record(&s, i);
        assert_string_equal(hubspot(&s) ? js_str(json_object_get(r, "properties"), "hubspot_owner_id") : js_str(r, "OwnerId"), ben);
    }
    assert_int_equal(holds(&s, NULL), 0);
    stage_done(&s);
}

static void a_newcomer_with_an_address_in_use_takes_nothing_over(void **state)
{
    (void)state;
    in_both(share_later);
}

/* ---- a cut at every touch ---- */

static struct world *begin(const void *story, const char *mapping)
{
    const struct crm *crm = story;
    bool hub = str_eq(crm->name, "hubspot");
    struct stage s = {.crm = crm, .w = hub ? world_new(7, 3, mapping) : world_new_salesforce(7, 3, mapping, STATIC)};
    clear(&s);
    assign_inbox(&s, 0, "ben@team.example");
    assign_crm(&s, 1, "ann@team.example");
    assign_inbox(&s, 2, "cy@team.example");
    assign_crm(&s, 2, "ann@team.example");
    return s.w;
}

static void check(struct world *w, const void *story)
{
    struct stage s = {.crm = story, .w = w};
    both_are(&s, 0, "ben@team.example", "ben@team.example");
    both_are(&s, 1, "ann@team.example", "ann@team.example");
    both_are(&s, 2, "ann@team.example", "ann@team.example");
}

static void owners_survive_a_cut_at_any_touch(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(crms); i++) {
        AUTO_FREE char *mapping = mapping_of(&crms[i], PLAIN, ""), *name = mem_printf("owners, %s", crms[i].name);
        story_tell(&(struct telling){.name = name, .story = &crms[i], .mapping = mapping, .begin = begin, .check = check});
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(assigning_and_unassigning_goes_both_ways),
        cmocka_unit_test(addresses_match_in_any_case),
        cmocka_unit_test(the_table_lists_exceptions_and_nothing_else),
        cmocka_unit_test(who_has_no_counterpart_waits_for_a_person),
        cmocka_unit_test(who_has_no_counterpart_is_ignored_where_that_is_said),
        cmocka_unit_test(a_queue_is_nobody),
        cmocka_unit_test(who_left_the_crm_keeps_old_records_and_gets_no_new_ones),
        cmocka_unit_test(who_left_inbox_is_given_nothing),
        cmocka_unit_test(a_changed_address_is_no_edit_and_no_other_person),
        cmocka_unit_test(of_two_with_one_address_neither_is_guessed),
        cmocka_unit_test(a_newcomer_with_an_address_in_use_takes_nothing_over),
        cmocka_unit_test(owners_survive_a_cut_at_any_touch),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
