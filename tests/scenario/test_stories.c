/* Stories: what people do on both sides and what must come of it. Each is told once undisturbed; then its outside touches are
 * counted, and for k = 1…N the power is cut at touch k, the bridge restarted, and the end must be the same. */
#include "bridge/base/str.h"
#include "tests/kit/story.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 6

static char *prop(struct world *w, size_t i, const char *name)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *c = world_contact(w, key);
    return mem_dup(js_str(json_object_get(c, "properties"), name));
}

static char *contact_id(struct world *w, size_t i)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *c = world_contact(w, key);
    assert_non_null(c);
    return mem_dup(js_str(c, "id"));
}

static json_t *context(struct world *w, size_t i)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    return json_incref(json_object_get(p, "context"));
}

static void edit_crm(struct world *w, size_t i, const char *set)
{
    AUTO_FREE char *id = contact_id(w, i);
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{%s}}", id, set));
}

static void assert_prop(struct world *w, size_t i, const char *name, const char *value)
{
    AUTO_FREE char *have = prop(w, i, name);
    assert_string_equal(have ? have : "", value);
}

static void assert_context(struct world *w, size_t i, const char *name, const char *json)
{
    AUTO_JSON json_t *c = context(w, i);
    AUTO_FREE char *have = js_print(json_object_get(c, name));
    assert_string_equal(have, json);
}

static size_t contacts(struct world *w)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    size_t n = 0, i;
    json_t *c;
    json_array_foreach (json_object_get(state, "contact"), i, c)
        n += !js_bool_or(c, "archived", false) && !js_str(c, "mergedInto");
    return n;
}

/* ---- the stories ---- */

static void nothing(struct world *w)
{
    (void)w;
}

static void lose_answers(struct world *w)
{
    sandbox_fault(w->box, "{\"match\":{\"method\":\"POST\",\"path\":\"*batch/upsert*\"},\"do\":\"reset_after\",\"times\":2}");
}

static void storm(struct world *w)
{
    sandbox_fault(w->box, "{\"match\":{\"path\":\"*batch*\"},\"do\":\"status\",\"status\":429,\"retry_after\":3,\"times\":3}");
}

static void all_there(struct world *w)
{
    assert_int_equal(contacts(w), 6);
}

static void both_sides(struct world *w)
{
    world_edit_inbox(w, 0, "'context.status':'Qualified','context.valuation':777");
    edit_crm(w, 1, "'inbox_notes':'from the CRM'");
    edit_crm(w, 2, "'inbox_stage':'won'");
    world_edit_inbox(w, 3, "'context.status':'Lost'");
    edit_crm(w, 3, "'inbox_stage':'negotiation'");
    world_edit_inbox(w, 4, "'context.valuation':11");
    edit_crm(w, 4, "'inbox_valuation':'22'");
}

static void both_met(struct world *w)
{
    assert_prop(w, 0, "inbox_stage", "qualified");
    assert_prop(w, 0, "inbox_valuation", "777");
    assert_context(w, 1, "notes", "\"from the CRM\"");
    assert_prop(w, 2, "inbox_stage", "won");
    assert_prop(w, 3, "inbox_stage", "negotiation"); /* conflict: crm */
    assert_prop(w, 4, "inbox_valuation", "11");      /* conflict: source_unless_blank */
    assert_context(w, 4, "valuation", "11");
}

static void tags(struct world *w)
{
    world_edit_inbox(w, 0, "'context.tags':['VIP','Press']");
    edit_crm(w, 0, "'inbox_tags':'Lead;Investor'");
}

static void tags_met(struct world *w)
{
    AUTO_JSON json_t *c = context(w, 0);
    AUTO_FREE char *t = prop(w, 0, "inbox_tags");
    size_t n = 1;
    for (const char *x = t; *x; x++)
        n += *x == ';';
    assert_int_equal(json_array_size(json_object_get(c, "tags")), n);
    assert_non_null(strstr(t, "VIP"));
    assert_non_null(strstr(t, "Investor"));
}

static void merge(struct world *w)
{
    AUTO_FREE char *a = contact_id(w, 0), *b = contact_id(w, 1);
    world_edit_inbox(w, 2, "'context.notes':'while they merge'");
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','merge_into':'%s'}", b, a));
}

static void merged(struct world *w)
{
    assert_int_equal(contacts(w), 5);
    assert_prop(w, 2, "inbox_notes", "while they merge");
}

static void archive(struct world *w)
{
    AUTO_FREE char *a = contact_id(w, 0);
    json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','delete':true}", a));
    world_edit_inbox(w, 0, "'context.valuation':5");
    world_edit_inbox(w, 1, "'context.valuation':6");
}

static void archived(struct world *w)
{
    assert_int_equal(contacts(w), 5); /* detached, not made again */
    assert_prop(w, 1, "inbox_valuation", "6");
}

/* The access token lives half an hour; every restart needs a new one. */
static void outlive_the_token(struct world *w)
{
    sandbox_advance(w->box, 31 * 60 * 1000);
    world_edit_inbox(w, 0, "'context.valuation':77");
    edit_crm(w, 1, "'inbox_notes':'after the token'");
}

static void token_renewed(struct world *w)
{
    assert_int_equal(contacts(w), 6);
    assert_prop(w, 0, "inbox_valuation", "77");
    assert_context(w, 1, "notes", "\"after the token\"");
}

static const struct story stories[] = {
    {"first sync", NULL, true, nothing, all_there},
    {"lost answers on create", NULL, true, lose_answers, all_there},
    {"429 storm", NULL, true, storm, all_there},
    {"both sides edited", NULL, false, both_sides, both_met},
    {"tag merge", NULL, false, tags, tags_met},
    {"CRM merge", NULL, false, merge, merged},
    {"archive", NULL, false, archive, archived},
    {"token refresh", world_grant, false, outlive_the_token, token_renewed},
};

/* ---- telling ---- */

static struct world *begin(const void *story, const char *mapping)
{
    const struct story *s = story;
    return story_begin(s, s->how ? world_new_with(42, PEOPLE, mapping, s->how) : world_new(42, PEOPLE, mapping));
}

static void tell(const struct story *s)
{
    story_tell(&(struct telling){.name = s->name, .story = s, .begin = begin, .check = story_check});
}

STORY(the_first_sync_survives_a_cut_at_any_touch, 0)
STORY(creates_whose_answers_are_lost_are_found_not_repeated, 1)
STORY(a_429_storm_loses_nothing, 2)
STORY(edits_on_both_sides_survive_a_cut_at_any_touch, 3)
STORY(tags_changed_on_both_sides_merge, 4)
STORY(a_merge_in_the_crm_moves_the_link, 5)
STORY(an_archived_record_is_detached_and_not_made_again, 6)
STORY(a_token_that_runs_out_is_renewed, 7)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_sync_survives_a_cut_at_any_touch),
        cmocka_unit_test(creates_whose_answers_are_lost_are_found_not_repeated),
        cmocka_unit_test(a_429_storm_loses_nothing),
        cmocka_unit_test(edits_on_both_sides_survive_a_cut_at_any_touch),
        cmocka_unit_test(tags_changed_on_both_sides_merge),
        cmocka_unit_test(a_merge_in_the_crm_moves_the_link),
        cmocka_unit_test(an_archived_record_is_detached_and_not_made_again),
        cmocka_unit_test(a_token_that_runs_out_is_renewed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
