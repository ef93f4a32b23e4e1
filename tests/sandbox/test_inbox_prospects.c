/* Inbox: reading prospects, the PATCH of their context, and what people do to them. */
#include "tests/sandbox/asking.h"

static int setup(void **state)
{
    return open_place(state, 30);
}

/* Everything empty, so that each test knows what it starts from. */
static char *blank(struct place *p, size_t i)
{
    char *id = person_id(p, i);
    edit(p,
         "{'object':'prospect','id':'%s','set':{'context':{'status':null,'tags':[],'notes':null,'valuation':null},"
         "'assigneeId':null,'done':false}}",
         id);
    return id;
}

static int64_t last_seq(struct place *p)
{
    int64_t seq = 0;
    free(events_after(p, &seq));
    return seq;
}

static void a_patch_changes_what_it_names_and_answers_the_whole(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = blank(p, 1), *won = id_of(p, "status", "name", "Won"), *vip = id_of(p, "tag", "name", "VIP");
    AUTO_FREE char *press = id_of(p, "tag", "name", "Press"), *cy = id_of(p, "member", "email", "cy@team.example");
    AUTO_FREE char *body = mem_printf(
        "{'statusId':'%s','addTags':['%s','%s','%s'],'notes':'12 seats','valuation':4200.5,"
        "'assigneeId':'%s','done':true}",
        won, vip, press, vip, cy);
    int64_t seq = last_seq(p);
    assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", body, id), 200);
    assert_string_equal(text_at(p, "context.statusId"), won);
    assert_int_equal(json_array_size(at(p, "context.tags")), 2);
    assert_string_equal(text_at(p, "context.notes"), "12 seats");
    assert_true(json_real_value(at(p, "context.valuation")) > 4200.4);
    assert_string_equal(text_at(p, "externalId"), id);
    assert_true(json_array_size(at(p, "context.threads")) >= 1);
    AUTO_FREE char *types = events_after(p, &seq);
    assert_true(
        str_starts(types, "prospect.statusChanged,prospect.tagsChanged,prospect.valuationChanged,prospect.notesChanged,"
                          "thread.assigned,thread.archived"));
    AUTO_FREE char *drop = mem_printf("{'removeTags':['%s'],'statusId':null,'valuation':null,'notes':null}", vip);
    ask(p, "PATCH", "/prospects/%s/context", drop, id);
    assert_string_equal(text_at(p, "context.tags[0]"), press);
    assert_true(json_is_null(at(p, "context.statusId")) && json_is_null(at(p, "context.valuation")) &&
                json_is_null(at(p, "context.notes")));
}

static void assignee_and_done_go_to_every_thread(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = blank(p, 2), *cy = id_of(p, "member", "email", "cy@team.example");
    AUTO_FREE char *body = mem_printf("{'assigneeId':'%s','done':true}", cy);
    edit(p, "{'object':'thread','create':{'prospect':'%s','account':'quietstartup'}}", id);
    edit(p, "{'object':'thread','create':{'prospect':'%s','account':'gretaholm'}}", id);
    ask(p, "PATCH", "/prospects/%s/context", body, id);
    assert_int_equal(json_array_size(at(p, "context.threads")), 2);
    AUTO_FREE char *one = keep(p, "context.threads[0].id"), *two = keep(p, "context.threads[1].id");
    ask(p, "GET", "/threads/%s", NULL, one);
    assert_string_equal(text_at(p, "assigneeId"), cy);
    ask(p, "GET", "/threads/%s", NULL, two);
    assert_string_equal(text_at(p, "assigneeId"), cy);
    assert_true(json_is_true(at(p, "done")));
}

static void the_same_value_again_is_no_event_unless_it_is_a_manner(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = blank(p, 1);
    ask(p, "PATCH", "/prospects/%s/context", "{'notes':'x','valuation':5}", id);
    int64_t seq = last_seq(p);
    ask(p, "PATCH", "/prospects/%s/context", "{'notes':'x','valuation':5.0}", id);
    ask(p, "PATCH", "/prospects/%s/context", "{}", id);
    AUTO_FREE char *none = events_after(p, &seq);
    assert_string_equal(none, "");
    mannered(p, "{'unchanged_event':true}");
    ask(p, "PATCH", "/prospects/%s/context", "{'notes':'x'}", id);
    AUTO_FREE char *one = events_after(p, &seq);
    assert_string_equal(one, "prospect.notesChanged");
}

static void a_patch_is_done_whole_or_not_at_all(void **state)
{
    struct place *p = *state;
    static const char *const bad[] = {"{'notes':'no','statusId':'nosuchstatus'}",
                                      "{'notes':'no','addTags':['nosuchtag']}",
                                      "{'notes':'no','assigneeId':'nosuchmember'}",
                                      "{'notes':'no','valuation':'much'}",
                                      "{'notes':'no','done':'yes'}",
                                      "{'notes':'no','addTags':'Lead'}",
                                      "{'notes':'no','statusId':'No-Id'}"};
    static const int status[] = {404, 404, 404, 400, 400, 400, 400};
    AUTO_FREE char *id = blank(p, 1);
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", bad[i], id), status[i]);
    mannered(p, "{'unknown_label':'422','strict_fields':true}");
    assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", bad[1], id), 422);
    assert_string_equal(text_at(p, "error.code"), "TAG_NOT_FOUND");
    assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", "{'tagIds':[]}", id), 400);
    ask(p, "GET", "/prospects/%s", NULL, id);
    assert_true(json_is_null(at(p, "context.notes")));
}

static void a_tag_in_both_lists_goes_or_is_refused(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = blank(p, 1), *vip = id_of(p, "tag", "name", "VIP");
    AUTO_FREE char *body = mem_printf("{'addTags':['%s'],'removeTags':['%s']}", vip, vip);
    assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", body, id), 200);
    assert_int_equal(json_array_size(at(p, "context.tags")), 0);
    mannered(p, "{'tag_in_both':400}");
    assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", body, id), 400);
}

static void an_unknown_prospect_is_404_and_a_platform_id_is_one(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *platform = person(p, 1, "platformId"), *id = person_id(p, 1);
    assert_int_equal(ask(p, "GET", "/prospects/nobody", NULL), 404);
    assert_int_equal(ask(p, "GET", "/prospects/%s", NULL, platform), 404);
    assert_int_equal(ask(p, "GET", "/prospects/lookup?platformId=%s", NULL, platform), 200);
    assert_string_equal(text_at(p, "externalId"), id);
    assert_int_equal(ask(p, "GET", "/prospects/lookup", NULL), 400);
    assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", "[1]", id), 400);
    assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", "{oops", id), 400);
    assert_int_equal(ask(p, "PUT", "/prospects/%s/context", "{}", id), 405);
}

static void a_new_person_writes_and_is_there(void **state)
{
    struct place *p = *state;
    int64_t seq = last_seq(p);
    edit(p, "{'object':'prospect','create':{'displayName':'Newcomer','platformId':'1799999999999999999','context.tags':"
            "['Lead']}}");
    AUTO_FREE char *types = events_after(p, &seq);
    assert_true(str_starts(types, "prospect.created,thread.created,message.created"));
    assert_int_equal(ask(p, "GET", "/prospects/lookup?platformId=1799999999999999999", NULL), 200);
    assert_string_equal(text_at(p, "displayName"), "Newcomer");
    ask(p, "GET", "/threads?limit=1", NULL);
    assert_string_equal(text_at(p, "threads[0].prospect.displayName"), "Newcomer");
}

static void a_person_deleted_is_gone_with_all_threads(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 4);
    edit(p, "{'object':'prospect','id':'%s','delete':true}", id);
    assert_int_equal(ask(p, "GET", "/prospects/%s", NULL, id), 404);
    assert_int_equal(ask(p, "PATCH", "/prospects/%s/context", "{'notes':'x'}", id), 404);
    ask(p, "GET", "/threads?limit=100", NULL);
    for (size_t i = 0; i < json_array_size(at(p, "threads")); i++)
        assert_string_not_equal(js_str(json_object_get(json_array_get(at(p, "threads"), i), "prospect"), "externalId"),
                                id);
}

static void a_merged_person_answers_under_the_others_id(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 4), *into = person_id(p, 5);
    edit(p, "{'object':'prospect','id':'%s','merge_into':'%s'}", id, into);
    assert_int_equal(ask(p, "GET", "/prospects/%s", NULL, id), 200);
    assert_string_equal(text_at(p, "externalId"), into);
}

static void profiles_are_edited_too_and_names_of_fields_are_checked(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 4);
    struct err err = {0};
    int64_t seq = last_seq(p);
    edit(p,
         "{'object':'prospect','id':'%s','set':{'displayName':'Zed','username':'zed9','bio':null,'location':'Rome'}}",
         id);
    AUTO_FREE char *types = events_after(p, &seq);
    assert_true(str_starts(types, "prospect.enriched"));
    ask(p, "GET", "/prospects/%s", NULL, id);
    assert_string_equal(text_at(p, "handle"), "@zed9");
    AUTO_JSON json_t *bad = json_pack("{s:s,s:s,s:{s:s}}", "object", "prospect", "id", id, "set", "context.note", "x"),
                     *out = NULL;
    assert_false(sandbox_edit(p->box, p->inbox, bad, &out, &err));
    assert_non_null(strstr(err.text, "context.notes"));
}

static void not_yet_imported_people_have_no_external_id(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 4), *platform = person(p, 4, "platformId");
    edit(p, "{'object':'prospect','id':'%s','set':{'externalId':null}}", id);
    ask(p, "GET", "/prospects/lookup?platformId=%s", NULL, platform);
    assert_true(json_is_null(at(p, "externalId")));
    edit(p, "{'object':'prospect','id':'%s','set':{'externalId':'importedlater'}}", platform);
    assert_int_equal(ask(p, "GET", "/prospects/importedlater", NULL), 200);
}

static void the_town_looks_real(void **state)
{
    struct place *p = *state;
    AUTO_JSON json_t *all = sandbox_state(p->box, p->inbox);
    size_t longest = 0, empty_bios = 0, with_status = 0;
    for (size_t i = 0; i < 30; i++) {
        json_t *one = json_array_get(json_object_get(all, "prospect"), i), *context = json_object_get(one, "context");
        size_t n = str_utf8_len(js_str_or(context, "notes", ""));
        longest = n > longest ? n : longest;
        empty_bios += json_is_null(json_object_get(one, "bio"));
        with_status += json_is_string(json_object_get(context, "statusId"));
        assert_int_equal(strlen(js_str(one, "platformId")), 19);
    }
    assert_int_equal(longest, 10000);
    assert_in_range(empty_bios, 1, 15);
    assert_in_range(with_status, 13, 28);
}

static void newer_servers_leave_fields_out(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = person_id(p, 4);
    mannered(p, "{'profile_shape':'newer','context_assignee':true,'bump_last_updated':false}");
    ask(p, "GET", "/prospects/%s", NULL, id);
    assert_null(at(p, "platformData"));
    assert_null(at(p, "verified"));
    assert_string_equal(text_at(p, "accountStatus"), "active");
    assert_non_null(at(p, "context.assigneeId"));
    AUTO_FREE char *before = keep(p, "lastUpdatedAt");
    ask(p, "PATCH", "/prospects/%s/context", "{'notes':'quietly'}", id);
    assert_string_equal(text_at(p, "lastUpdatedAt"), before);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, close_place)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_patch_changes_what_it_names_and_answers_the_whole),
        TEST(assignee_and_done_go_to_every_thread),
        TEST(the_same_value_again_is_no_event_unless_it_is_a_manner),
        TEST(a_patch_is_done_whole_or_not_at_all),
        TEST(a_tag_in_both_lists_goes_or_is_refused),
        TEST(an_unknown_prospect_is_404_and_a_platform_id_is_one),
        TEST(a_new_person_writes_and_is_there),
        TEST(a_person_deleted_is_gone_with_all_threads),
        TEST(a_merged_person_answers_under_the_others_id),
        TEST(profiles_are_edited_too_and_names_of_fields_are_checked),
        TEST(not_yet_imported_people_have_no_external_id),
        TEST(the_town_looks_real),
        TEST(newer_servers_leave_fields_out),
    };
    return cmocka_run_group_tests_name("sandbox.inbox_prospects", tests, NULL, NULL);
}
