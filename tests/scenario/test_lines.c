/* The record's address as a line of the bridge in people's notes: put once, respected when taken away, mended only where that is
 * said, never part of what people wrote, and one for each CRM. */
#include "bridge/base/str.h"
#include "mappings/fence.h"
#include "tests/kit/story.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define STATIC "token = \"env:WORLD_TOKEN\"; base_url = \"http://salesforce.sandbox\";"

struct crm { /* what the two call the same */
    const char *name, *object, *key, *title, *notes, *address;
};
static const struct crm crms[] = {
    {"hubspot", "contacts", "inbox_prospect_key", "firstname", "inbox_notes", "https://app.hubspot.com/contacts/4242/record/0-1/"},
    {"salesforce", "Lead", "inbox_prospect_key__c", "LastName", "inbox_notes__c", "http://salesforce.sandbox/00Q"},
};

static char *mapping_of(const struct crm *crm, const char *conflict, const char *more)
{
    return mem_printf("prospect = { crm = \"%s\"; key = \"%s\"; max_creates = 1000;\n"
                      "  fields = ( { name = \"n\"; inbox = \"displayName\"; crm = \"%s\"; flow = \"to_crm\"; },\n"
                      "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"%s\"; conflict = \"%s\"; initial = \"source\"; },\n"
                      "    { name = \"link\"; inbox = \"context.notes\"; crm = \"record_url\"; flow = \"to_inbox\"; line = true; %s } ); };\n",
                      crm->object, crm->key, crm->title, crm->notes, conflict, more);
}

static struct world *world_with(const struct crm *crm, const char *mapping)
{
    return str_eq(crm->name, "hubspot") ? world_new(7, 3, mapping) : world_new_salesforce(7, 3, mapping, STATIC);
}

/* ---- what stands where ---- */

static char *inbox_notes(struct world *w, size_t i)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    return mem_dup(js_str_or(json_object_get(p, "context"), "notes", ""));
}

static char *crm_notes(struct world *w, const struct crm *crm, size_t i)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *c = world_contact(w, key);
    return mem_dup(js_str_or(json_object_get(c, "properties") ? json_object_get(c, "properties") : c, crm->notes, ""));
}

static char *address(struct world *w, const struct crm *crm, size_t i)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *c = world_contact(w, key);
    const char *id = js_str_or(c, "id", js_str_or(c, "Id", "?"));
    return str_eq(crm->name, "hubspot") ? mem_printf("%s%s", crm->address, id) : mem_printf("http://salesforce.sandbox/%s", id);
}

static void write_notes(struct world *w, size_t i, const char *text)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    AUTO_FREE char *said = text ? mem_printf("'%s'", text) : mem_dup("null");
    json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.notes':%s}}", js_str(p, "platformId"), said));
}

static void write_crm(struct world *w, const struct crm *crm, size_t i, const char *text)
{
    AUTO_FREE char *key = world_key(w, i);
    AUTO_JSON json_t *c = world_contact(w, key);
    json_decref(world_edit(w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", str_eq(crm->name, "hubspot") ? "contact" : "Lead",
                           js_str_or(c, "id", js_str_or(c, "Id", "?")), crm->notes, text));
}

/* People's text on both sides, and our line below it in Inbox alone. */
static void stands(struct world *w, const struct crm *crm, size_t i, const char *people)
{
    AUTO_FREE char *mine = inbox_notes(w, i), *theirs = crm_notes(w, crm, i), *url = address(w, crm, i), *found = fence_find(mine, crm->name);
    AUTO_FREE char *text = fence_strip(mine);
    if (!str_eq(found, url) || !str_eq(text, people) || !str_eq(theirs, people))
        print_error("%s: Inbox \"%s\", CRM \"%s\"; wanted \"%s\" and %s\n", crm->name, mine, theirs, people, url);
    assert_true(str_eq(found, url));
    assert_string_equal(text, people);
    assert_string_equal(theirs, people);
}

static void finish(struct world *w)
{
    AUTO_FREE char *broken = world_broken(w);
    if (broken)
        print_error("%s\n", broken);
    assert_null(broken);
    world_free(w);
}

/* ---- stories ---- */

static void begin_clean(struct world *w)
{
    write_notes(w, 0, "met in Oslo");
    write_notes(w, 1, NULL);
    write_notes(w, 2, "[inbox-bridge other] https://crm.example/7\\nwrites often");
}

static void put_once(const struct crm *crm)
{
    AUTO_FREE char *mapping = mapping_of(crm, "crm", "");
    struct world *w = world_with(crm, mapping);
    begin_clean(w);
    world_settle(w);
    stands(w, crm, 0, "met in Oslo");
    stands(w, crm, 1, "");
    stands(w, crm, 2, "writes often");
    AUTO_FREE char *both = inbox_notes(w, 2), *other = fence_find(both, "other");
    assert_string_equal(other, "https://crm.example/7"); /* another route's line stays */
    write_crm(w, crm, 0, "met in Bergen");
    write_crm(w, crm, 2, "writes daily");
    world_settle(w);
    stands(w, crm, 0, "met in Bergen");
    stands(w, crm, 2, "writes daily");
    AUTO_FREE char *still = inbox_notes(w, 2), *kept = fence_find(still, "other");
    assert_string_equal(kept, "https://crm.example/7");
    finish(w);
}

static void the_line_is_put_once_and_is_nobodys_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(crms); i++)
        put_once(&crms[i]);
}

static void taken_away(const struct crm *crm, const char *more, bool back)
{
    AUTO_FREE char *mapping = mapping_of(crm, "crm", more);
    struct world *w = world_with(crm, mapping);
    begin_clean(w);
    world_settle(w);
    write_notes(w, 0, "met in Oslo, twice");
    world_settle(w);
    AUTO_FREE char *mine = inbox_notes(w, 0), *theirs = crm_notes(w, crm, 0), *line = fence_find(mine, crm->name);
    assert_int_equal(line != NULL, back);
    assert_string_equal(theirs, "met in Oslo, twice");
    write_crm(w, crm, 0, "called");
    world_settle(w);
    AUTO_FREE char *later = inbox_notes(w, 0), *again = fence_find(later, crm->name), *people = fence_strip(later);
    assert_int_equal(again != NULL, back);
    assert_string_equal(people, "called");
    finish(w);
}

static void a_line_somebody_took_away_stays_away(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(crms); i++)
        taken_away(&crms[i], "", false);
}

static void a_line_is_mended_where_that_is_said(void **state)
{
    (void)state;
    taken_away(&crms[0], "on_forbidden = \"revert\";", true);
}

static void notes_merge_around_the_line(void **state)
{
    const struct crm *crm = &crms[0];
    AUTO_FREE char *mapping = mapping_of(crm, "append", "");
    struct world *w = world_with(crm, mapping);
    (void)state;
    begin_clean(w);
    world_settle(w);
    AUTO_FREE char *url = address(w, crm, 0), *longer = mem_printf("met in Oslo\\n\\ncalled\\n[inbox-bridge hubspot] %s", url);
    write_notes(w, 0, longer);
    write_crm(w, crm, 0, "met in Oslo\\n\\nwrote");
    world_settle(w);
    stands(w, crm, 0, "met in Oslo\n\nwrote\n\ncalled");
    finish(w);
}

/* ---- two CRMs behind one Inbox ---- */

static struct world *begin_both(const void *story, const char *mapping)
{
    const char *const *mappings = story;
    (void)mapping;
    struct world *w = world_new_both(7, 3, mappings[0], mappings[1]);
    begin_clean(w);
    return w;
}

static void check_both(struct world *w, const void *story)
{
    (void)story;
    for (size_t i = 0; i < 3; i++) {
        AUTO_FREE char *notes = inbox_notes(w, i), *hub = fence_find(notes, "hubspot"), *lead = fence_find(notes, "salesforce"), *people = fence_strip(notes);
        AUTO_FREE char *once = hub ? fence_put(notes, "hubspot", hub) : NULL;
        assert_true(hub && str_starts(hub, crms[0].address));
        assert_true(lead && str_starts(lead, crms[1].address));
        assert_string_equal(once, notes); /* one line of each */
        assert_string_equal(people, i == 0 ? "met in Oslo" : i == 1 ? "" : "writes often");
    }
}

static void each_crm_has_a_line_of_its_own(void **state)
{
    AUTO_FREE char *hub = mapping_of(&crms[0], "crm", ""), *lead = mapping_of(&crms[1], "crm", "");
    const char *mappings[] = {hub, lead};
    (void)state;
    story_tell(&(struct telling){.name = "a line for each CRM", .story = mappings, .begin = begin_both, .check = check_both});
}

/* ---- a cut at every touch ---- */

static struct world *begin(const void *story, const char *mapping)
{
    const struct crm *crm = story;
    struct world *w = world_with(crm, mapping);
    begin_clean(w);
    return w;
}

static void check(struct world *w, const void *story)
{
    stands(w, story, 0, "met in Oslo");
    stands(w, story, 1, "");
    stands(w, story, 2, "writes often");
}

static void the_line_survives_a_cut_at_any_touch(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(crms); i++) {
        AUTO_FREE char *mapping = mapping_of(&crms[i], "crm", ""), *name = mem_printf("line, %s", crms[i].name);
        story_tell(&(struct telling){.name = name, .story = &crms[i], .mapping = mapping, .begin = begin, .check = check});
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_line_is_put_once_and_is_nobodys_text),
        cmocka_unit_test(a_line_somebody_took_away_stays_away),
        cmocka_unit_test(a_line_is_mended_where_that_is_said),
        cmocka_unit_test(notes_merge_around_the_line),
        cmocka_unit_test(each_crm_has_a_line_of_its_own),
        cmocka_unit_test(the_line_survives_a_cut_at_any_touch),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
