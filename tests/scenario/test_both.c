/* Stories of one Inbox with two CRMs: what people do in any of the three and what must come of it in the others. Each is told
 * undisturbed, then with the power cut at its touches; and a table says how many writes one edit is worth. */
#include "bridge/base/str.h"
#include "tests/kit/story.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

enum side { INBOX, HUBSPOT, SALESFORCE, SIDES };
enum what { VALUATION, NOTES, STATUS, TAGS, KINDS };

static const char *const fields[SIDES][KINDS] = {
    {"valuation", "notes", "status", "tags"},
    {"inbox_valuation", "inbox_notes", "inbox_stage", "inbox_tags"},
    {"inbox_valuation__c", "inbox_notes__c", "Status", "inbox_tags__c"}};

/* ---- what stands where ---- */

static json_t *record(struct world *w, size_t i, enum side side)
{
    AUTO_FREE char *key = world_key(w, i);
    size_t n = 1;
    json_t *r = side ? world_person(w, side, key, &n) : world_prospect(w, i);
    assert_in_range(n, 0, 1);
    return r;
}

/* The value as Inbox would name it: labels for ids, stages of the CRMs by Inbox's names, tags in order. */
static const char *label(struct world *w, const char *list, const char *id)
{
    AUTO_JSON json_t *state = world_state(w, INBOX);
    static char name[64];
    json_t *one;
    size_t i;
    *name = '\0';
    json_array_foreach (json_object_get(state, list), i, one)
        if (str_eq(js_str(one, "id"), id))
            str_copy(name, sizeof name, js_str(one, "name"));
    return name;
}

static const char *stage_name(const char *stage)
{
    static const char *const names[][3] = {{"New", "new", "Open - Not Contacted"}, {"Contacted", "contacted", "Working - Contacted"},
                                           {"Lost", "lost", "Closed - Not Converted"}, {"Won", "won", "-"}};
    for (size_t i = 0; i < COUNT(names); i++)
        for (size_t k = 0; k < 3; k++)
            if (str_eq(names[i][k], stage))
                return names[i][0];
    return stage ? stage : "";
}

static char *tag_names(struct world *w, enum side side, const json_t *value)
{
    static const char *const all[] = {"Lead", "Partner", "Press", "VIP"};
    struct buf out = {0};
    for (size_t k = 0; k < COUNT(all); k++) {
        bool has = side && json_is_string(value) && strstr(json_string_value(value), all[k]);
        for (size_t i = 0; !side && i < json_array_size(value); i++)
            has |= str_eq(label(w, "tag", json_string_value(json_array_get(value, i))), all[k]);
        if (has)
            buf_printf(&out, "%s%s", out.n ? " " : "", all[k]);
    }
    return buf_take(&out);
}

static char *value_of(struct world *w, size_t i, enum side side, enum what what)
{
    AUTO_JSON json_t *r = record(w, i, side);
    const json_t *in = side == SALESFORCE ? r : json_object_get(r, side ? "properties" : "context");
    const char *field = side == INBOX && what == STATUS ? "statusId" : fields[side][what];
    const json_t *v = json_object_get(in, field);
    if (what == TAGS)
        return tag_names(w, side, v);
    if (what == STATUS)
        return mem_dup(side ? stage_name(json_string_value(v)) : label(w, "status", json_string_value(v)));
    if (json_is_number(v))
        return mem_printf("%.0f", json_number_value(v));
    return mem_dup(json_is_string(v) ? json_string_value(v) : "");
}

static void assert_value(struct world *w, size_t i, enum side side, enum what what, const char *value)
{
    AUTO_FREE char *have = value_of(w, i, side, what);
    if (!str_eq(have, value))
        fail_msg("person %zu, %s of side %d: \"%s\" instead of \"%s\"", i, fields[INBOX][what], side, have, value);
}

static void assert_all(struct world *w, size_t i, enum what what, const char *value)
{
    for (enum side side = INBOX; side < SIDES; side++)
        assert_value(w, i, side, what, value);
}

/* The same on all sides, and one of two: which CRM wins depends on who was heard first. */
static void assert_one_of(struct world *w, size_t i, enum what what, const char *a, const char *b)
{
    AUTO_FREE char *have = value_of(w, i, INBOX, what);
    assert_all(w, i, what, have);
    assert_true(str_eq(have, a) || str_eq(have, b));
}

static size_t people(struct world *w, enum side side, size_t of)
{
    size_t n = 0;
    for (size_t i = 0; i < of; i++) {
        AUTO_JSON json_t *r = record(w, i, side);
        n += r != NULL;
    }
    return n;
}

/* ---- people ---- */

/* set: {'field':…} in the side's own terms, without the braces. */
static void edit(struct world *w, size_t i, enum side side, const char *set)
{
    static const char *const objects[] = {"prospect", "contact", "Lead"}, *const ids[] = {"platformId", "id", "Id"};
    AUTO_JSON json_t *r = record(w, i, side);
    assert_non_null(r);
    json_decref(world_edit(w, side, "{'object':'%s','id':'%s','set':{%s}}", objects[side], js_str(r, ids[side]), set));
}

static void deed(struct world *w, size_t i, enum side side, const char *what)
{
    AUTO_JSON json_t *r = record(w, i, side);
    assert_non_null(r);
    json_decref(world_edit(w, side, "{'object':'%s','id':'%s',%s}", side == HUBSPOT ? "contact" : "Lead", js_str(r, side == HUBSPOT ? "id" : "Id"), what));
}

/* ---- the stories ---- */

static void nothing(struct world *w)
{
    (void)w;
}

static void lose_answers(struct world *w)
{
    sandbox_fault(w->box, "{\"match\":{\"method\":\"POST\",\"path\":\"*batch/upsert*\"},\"do\":\"reset_after\",\"times\":2}");
    sandbox_fault(w->box, "{\"match\":{\"method\":\"PATCH\",\"path\":\"*composite/sobjects*\"},\"do\":\"reset_after\",\"times\":2}");
}

static void all_there(struct world *w)
{
    AUTO_JSON json_t *hubspot = world_state(w, HUBSPOT), *salesforce = world_state(w, SALESFORCE);
    assert_int_equal(json_array_size(json_object_get(hubspot, "contact")), 2);
    assert_int_equal(json_array_size(json_object_get(salesforce, "Lead")), 2);
    assert_int_equal(people(w, HUBSPOT, 2), 2);
    assert_int_equal(people(w, SALESFORCE, 2), 2);
}

static void across(struct world *w)
{
    edit(w, 0, HUBSPOT, "'inbox_notes':'from HubSpot'");
    edit(w, 1, SALESFORCE, "'inbox_valuation__c':777,'Status':'Working - Contacted'");
}

static void came_across(struct world *w)
{
    assert_all(w, 0, NOTES, "from HubSpot");
    assert_all(w, 1, VALUATION, "777");
    assert_all(w, 1, STATUS, "Contacted");
}

/* The answers of the writes into Inbox are lost, so that one route is in doubt while the other is heard. */
static void across_in_doubt(struct world *w)
{
    edit(w, 0, SALESFORCE, "'inbox_notes__c':'from Salesforce'");
    edit(w, 0, HUBSPOT, "'inbox_notes':'from HubSpot'");
    edit(w, 0, INBOX, "'context.notes':'from Inbox'");
    sandbox_fault(w->box, "{\"match\":{\"method\":\"PATCH\",\"path\":\"*context*\"},\"do\":\"reset_after\",\"times\":2}");
}

static void nothing_unknown(struct world *w)
{
    assert_one_of(w, 0, NOTES, "from HubSpot", "from Salesforce");
}

static void both_crms(struct world *w)
{
    edit(w, 0, HUBSPOT, "'inbox_notes':'HubSpot says','inbox_stage':'lost'");
    edit(w, 0, SALESFORCE, "'inbox_notes__c':'Salesforce says','Status':'Working - Contacted'");
    edit(w, 1, HUBSPOT, "'inbox_valuation':'11'");
    edit(w, 1, SALESFORCE, "'inbox_valuation__c':22");
}

static void both_settled(struct world *w)
{
    assert_one_of(w, 0, NOTES, "HubSpot says", "Salesforce says");
    assert_one_of(w, 0, STATUS, "Lost", "Contacted");
    assert_one_of(w, 1, VALUATION, "11", "22");
}

static void tags(struct world *w)
{
    edit(w, 0, INBOX, "'context.tags':['VIP','Press']");
    edit(w, 1, INBOX, "'context.tags':['VIP','Press']");
    world_settle(w);
    edit(w, 0, HUBSPOT, "'inbox_tags':'VIP;Press;Lead'");
    edit(w, 0, SALESFORCE, "'inbox_tags__c':'VIP;Press;Partner'");
    edit(w, 0, INBOX, "'context.tags':['Press']");
    edit(w, 1, HUBSPOT, "'inbox_tags':'VIP'");
    edit(w, 1, SALESFORCE, "'inbox_tags__c':'Press'");
}

static void tags_met(struct world *w)
{
    assert_all(w, 0, TAGS, "Lead Partner Press");
    assert_all(w, 1, TAGS, "");
}

static void paragraphs(struct world *w)
{
    edit(w, 0, INBOX, "'context.notes':'first'");
    world_settle(w);
    edit(w, 0, INBOX, "'context.notes':'first\\n\\nby Inbox'");
    edit(w, 0, HUBSPOT, "'inbox_notes':'first\\n\\nby HubSpot'");
    edit(w, 0, SALESFORCE, "'inbox_notes__c':'first\\n\\nby Salesforce'");
}

static void paragraphs_met(struct world *w)
{
    AUTO_FREE char *notes = value_of(w, 0, INBOX, NOTES);
    assert_all(w, 0, NOTES, notes);
    static const char *const parts[] = {"first", "by Inbox", "by HubSpot", "by Salesforce"};
    for (size_t i = 0; i < COUNT(parts); i++) {
        const char *at = strstr(notes, parts[i]);
        assert_non_null(at);
        assert_null(strstr(at + 1, parts[i])); /* once each */
    }
}

static void archive(struct world *w)
{
    deed(w, 0, HUBSPOT, "'delete':true");
    edit(w, 0, SALESFORCE, "'inbox_notes__c':'still here'");
    deed(w, 1, SALESFORCE, "'delete':true");
    edit(w, 1, HUBSPOT, "'inbox_notes':'still there'");
}

static void archived(struct world *w)
{
    assert_int_equal(people(w, HUBSPOT, 2), 1);
    assert_int_equal(people(w, SALESFORCE, 2), 1);
    assert_value(w, 0, INBOX, NOTES, "still here");
    assert_value(w, 1, INBOX, NOTES, "still there");
}

static void merge(struct world *w)
{
    AUTO_JSON json_t *winner = record(w, 0, HUBSPOT);
    AUTO_FREE char *into = mem_printf("'merge_into':'%s'", js_str(winner, "id"));
    edit(w, 0, SALESFORCE, "'inbox_notes__c':'while they merge'");
    edit(w, 1, SALESFORCE, "'inbox_valuation__c':99");
    deed(w, 1, HUBSPOT, into);
}

static void merged(struct world *w)
{
    assert_int_equal(people(w, HUBSPOT, 2), 1);
    assert_int_equal(people(w, SALESFORCE, 2), 2);
    assert_all(w, 0, NOTES, "while they merge");
    assert_value(w, 1, INBOX, VALUATION, "99");
}

static void convert(struct world *w)
{
    deed(w, 0, SALESFORCE, "'convert':{}");
    edit(w, 0, HUBSPOT, "'inbox_notes':'while it is converted'");
    edit(w, 1, HUBSPOT, "'inbox_notes':'of somebody else'");
}

static void converted(struct world *w)
{
    AUTO_JSON json_t *state = world_state(w, SALESFORCE), *contact = record(w, 0, SALESFORCE);
    assert_int_equal(json_array_size(json_object_get(state, "Lead")), 2);
    assert_int_equal(json_array_size(json_object_get(state, "Contact")), 1);
    assert_true(str_starts(js_str(contact, "Id"), "003"));
    assert_value(w, 0, INBOX, NOTES, "while it is converted");
    assert_value(w, 0, HUBSPOT, NOTES, "while it is converted");
    assert_all(w, 1, NOTES, "of somebody else");
}

static const char append[] = "notes are merged paragraph by paragraph";

static const struct story stories[] = {
    {"first sync", NULL, true, nothing, all_there},
    {"lost answers on create", NULL, true, lose_answers, all_there},
    {"from one CRM to the other", NULL, false, across, came_across},
    {"answers of Inbox lost", NULL, false, across_in_doubt, nothing_unknown},
    {"both CRMs edited", NULL, false, both_crms, both_settled},
    {"tags of three sides", NULL, false, tags, tags_met},
    {"notes of three sides", append, false, paragraphs, paragraphs_met},
    {"archived in one", NULL, false, archive, archived},
    {"merged in one", NULL, false, merge, merged},
    {"converted in one", NULL, false, convert, converted},
};

/* ---- telling ---- */

static char *appending(const char *mapping, const char *field)
{
    AUTO_FREE char *line = mem_printf("crm = \"%s\"; conflict = \"", field);
    const char *at = strstr(mapping, line);
    assert_non_null(at);
    at += strlen(line);
    return mem_printf("%.*sappend%s", (int)(at - mapping), mapping, at + strcspn(at, "\""));
}

static char *append_texts[2];

static struct world *begin(const void *story, const char *mapping)
{
    const struct story *s = story;
    bool appends = s->how == append;
    return story_begin(s, world_new_both(42, 2, appends ? append_texts[0] : mapping, appends ? append_texts[1] : NULL));
}

static void tell(const struct story *s)
{
    append_texts[0] = appending(world_mapping, "inbox_notes");
    append_texts[1] = appending(world_leads, "inbox_notes__c");
    story_tell(&(struct telling){.name = s->name, .story = s, .begin = begin, .check = story_check, .every = 7});
    free(append_texts[0]);
    free(append_texts[1]);
}

STORY(everybody_is_made_once_in_both_crms, 0)
STORY(creates_whose_answers_are_lost_are_found_in_both_crms, 1)
STORY(an_edit_in_one_crm_reaches_inbox_and_the_other_crm, 2)
STORY(answers_lost_on_the_way_into_inbox_leave_nothing_unknown, 3)
STORY(edits_in_both_crms_settle, 4)
STORY(tags_of_three_sides_merge, 5)
STORY(notes_of_three_sides_are_appended, 6)
STORY(what_is_archived_in_one_crm_goes_on_in_the_other, 7)
STORY(a_merge_in_one_crm_leaves_the_other_alone, 8)
STORY(a_conversion_in_one_crm_meets_an_edit_in_the_other, 9)

/* ---- how many writes one edit is worth ---- */

struct cost {
    enum side side;
    enum what what;
    const char *set;
    const char *value;
    int64_t writes[SIDES]; /* requests that changed something there; one record each */
};

static const struct cost costs[] = {
    {INBOX, NOTES, "'context.notes':'a'", "a", {0, 1, 1}},
    {INBOX, VALUATION, "'context.valuation':1", "1", {0, 1, 1}},
    {INBOX, STATUS, "'context.status':'Contacted'", "Contacted", {0, 1, 1}},
    {INBOX, TAGS, "'context.tags':['VIP','Press']", "Press VIP", {0, 1, 1}},
    {HUBSPOT, NOTES, "'inbox_notes':'b'", "b", {1, 0, 1}},
    {HUBSPOT, VALUATION, "'inbox_valuation':'2'", "2", {1, 0, 1}},
    {HUBSPOT, STATUS, "'inbox_stage':'lost'", "Lost", {1, 0, 1}},
    {HUBSPOT, TAGS, "'inbox_tags':'VIP;Lead'", "Lead VIP", {1, 0, 1}},
    {SALESFORCE, NOTES, "'inbox_notes__c':'c'", "c", {1, 1, 0}},
    {SALESFORCE, VALUATION, "'inbox_valuation__c':3", "3", {1, 1, 0}},
    {SALESFORCE, STATUS, "'Status':'Open - Not Contacted'", "New", {1, 1, 0}},
    {SALESFORCE, TAGS, "'inbox_tags__c':'Partner'", "Partner", {1, 1, 0}},
};

static void one_edit_is_one_write_on_each_other_side(void **state)
{
    static const char *const names[SIDES] = {"Inbox", "HubSpot", "Salesforce"};
    struct world *w = world_new_both(42, 2, NULL, NULL);
    (void)state;
    world_settle(w);
    print_message("%-11s %-10s  %5s %8s %11s\n", "edited in", "field", "Inbox", "HubSpot", "Salesforce");
    for (size_t k = 0; k < COUNT(costs); k++) {
        const struct cost *c = &costs[k];
        int64_t before[SIDES], made[SIDES];
        for (int side = 0; side < SIDES; side++)
            before[side] = world_writes(w, side);
        edit(w, 0, c->side, c->set);
        world_settle(w);
        for (int side = 0; side < SIDES; side++)
            made[side] = world_writes(w, side) - before[side];
        print_message("%-11s %-10s  %5lld %8lld %11lld\n", names[c->side], fields[INBOX][c->what], (long long)made[0], (long long)made[1], (long long)made[2]);
        assert_all(w, 0, c->what, c->value);
        assert_memory_equal(made, c->writes, sizeof made);
    }
    world_free(w);
}

/* ---- what the simulations found ---- */

/* A transaction of the very second of our own write is committed later, under the same stamp. */
static void a_late_commit_with_the_stamp_of_our_write_is_heard(void **state)
{
    (void)state;
    struct world *w = world_new_both(42, 2, NULL, NULL);
    world_settle(w);
    edit(w, 0, INBOX, "'context.valuation':5");
    sandbox_advance(w->box, 1000 - sandbox_now(w->box) % 1000);
    int64_t second = sandbox_now(w->box) / 1000;
    assert_true(world_pass(w, 0));
    assert_int_equal(sandbox_now(w->box) / 1000, second);
    AUTO_JSON json_t *r = record(w, 0, SALESFORCE);
    json_decref(world_edit(w, SALESFORCE, "{'object':'Lead','id':'%s','set':{'inbox_notes__c':'committed late'},'late':20000}", js_str(r, "Id")));
    sandbox_advance(w->box, 5000);
    assert_true(world_pass(w, 0)); /* hears of the write alone */
    world_settle(w);
    assert_all(w, 0, NOTES, "committed late");
    world_free(w);
}

/* Once Salesforce has been written to, the next call fails: that is the one that reads back. */
static void break_read_back(struct world *w, void *self)
{
    int64_t *writes = self;
    if (*writes < 0 || world_writes(w, SALESFORCE) == *writes)
        return;
    *writes = -1;
    sandbox_fault(w->box, "{\"match\":{\"path\":\"/services/data\"},\"do\":\"reset_before\",\"times\":1}");
}

static bool logged(struct world *w, size_t i, const char *route, const char *field, const char *value)
{
    struct link link __attribute__((cleanup(link_done))) = world_link(w, route, i);
    struct log_row *rows = NULL;
    size_t n = 0;
    bool there = false;
    struct err err = {0};
    assert_true(store_log_of(w->store, link.id, 0, 1000, &rows, &n, &err));
    for (size_t k = 0; k < n; k++) {
        AUTO_FREE char *lost = js_print(json_object_get(json_object_get(rows[k].cells, field), "lost"));
        there |= str_eq(lost, value);
    }
    log_rows_free(rows, n);
    return there;
}

/* Inbox wins, and what it wins over is in the log, though nobody could read what became of the write. */
static void a_write_that_cannot_be_read_back_is_not_forgotten(void **state)
{
    (void)state;
    struct world *w = world_new_both(42, 2, NULL, NULL);
    world_settle(w);
    edit(w, 0, INBOX, "'context.valuation':10");
    edit(w, 0, SALESFORCE, "'inbox_valuation__c':20");
    int64_t writes = world_writes(w, SALESFORCE);
    w->meddle = break_read_back;
    w->meddler = &writes;
    world_settle(w);
    assert_int_equal(writes, -1);
    assert_all(w, 0, VALUATION, "10");
    assert_true(logged(w, 0, "s", "valuation", "20"));
    world_free(w);
}

/* Salesforce's route wrote into Inbox, and the answer is lost; HubSpot's would write the same field a moment later. */
static void what_one_route_is_not_sure_of_no_other_writes_over(void **state)
{
    (void)state;
    struct err err = {0};
    struct world *w = world_new_both(42, 2, NULL, NULL);
    world_settle(w);
    edit(w, 0, INBOX, "'context.notes':'from Inbox'");
    edit(w, 0, SALESFORCE, "'inbox_notes__c':'from Salesforce'");
    sandbox_fault(w->box, "{\"match\":{\"method\":\"PATCH\",\"path\":\"*context*\"},\"do\":\"reset_after\",\"times\":1}");
    assert_true(world_pass(w, 0));
    assert_value(w, 0, INBOX, NOTES, "from Salesforce");
    edit(w, 0, HUBSPOT, "'inbox_notes':'from HubSpot'");
    assert_true(intake_mark_all(&w->route[0], LANE_LIVE, &err));
    assert_true(world_pass(w, 0));
    assert_value(w, 0, INBOX, NOTES, "from Salesforce");
    world_settle(w);
    assert_all(w, 0, NOTES, "from HubSpot");
    assert_true(logged(w, 0, "s", "notes", "\"from Inbox\""));
    world_free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_edit_is_one_write_on_each_other_side),
        cmocka_unit_test(a_late_commit_with_the_stamp_of_our_write_is_heard),
        cmocka_unit_test(a_write_that_cannot_be_read_back_is_not_forgotten),
        cmocka_unit_test(what_one_route_is_not_sure_of_no_other_writes_over),
        cmocka_unit_test(everybody_is_made_once_in_both_crms),
        cmocka_unit_test(creates_whose_answers_are_lost_are_found_in_both_crms),
        cmocka_unit_test(an_edit_in_one_crm_reaches_inbox_and_the_other_crm),
        cmocka_unit_test(answers_lost_on_the_way_into_inbox_leave_nothing_unknown),
        cmocka_unit_test(edits_in_both_crms_settle),
        cmocka_unit_test(tags_of_three_sides_merge),
        cmocka_unit_test(notes_of_three_sides_are_appended),
        cmocka_unit_test(what_is_archived_in_one_crm_goes_on_in_the_other),
        cmocka_unit_test(a_merge_in_one_crm_leaves_the_other_alone),
        cmocka_unit_test(a_conversion_in_one_crm_meets_an_edit_in_the_other),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
