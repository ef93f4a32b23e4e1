/* Conversations on the timeline: what people say, take back and correct, and that each message is exactly once on the record
 * of the person it was said with. Every story is told once undisturbed and then with a cut at each of its touches. */
#include "bridge/base/buf.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/kit/story.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

static const char rules[] = "digest = \"day\";";
static const char single[] = "digest = \"none\";";
static const char tight[] = "digest = \"day\"; limit = 500;";
static const char quiet[] = "digest = \"day\"; never_log = ( \"VIP\" );";

/* What a conversation is logged as, and whether the account allows its key to be unique. */
static const struct medium {
    const char *object, *body, *listed, *creates;
    const char *manners;
} media[] = {{"notes", "hs_note_body", "note", "*notes/batch/create*", NULL},
             {"communications", "hs_communication_body", "communication", "*communications/batch/create*", NULL},
             {"communications", "hs_communication_body", "communication", "*communications/batch/create*", "{\"unique_activities\":false}"}};
static const struct medium *medium = &media[0];

static char *mapping_of(const char *how)
{
    return mem_printf("%smessage = { crm = \"%s\"; of = \"prospect\"; mode = \"append\"; key = \"inbox_entry_key\"; %s\n"
                      "  fields = ( { name = \"text\"; inbox = \"body\"; crm = \"%s\"; flow = \"to_crm\"; },\n"
                      "             { name = \"time\"; inbox = \"timestamp\"; crm = \"hs_timestamp\"; flow = \"to_crm\"; } ); };\n",
                      world_mapping, medium->object, how, medium->body);
}

/* ---- what was said, and where it was logged ---- */

static bool is_linked(const json_t *note, const char *contact)
{
    const json_t *contacts = json_object_get(json_object_get(note, "associations"), "contacts");
    return contact && json_object_size(contacts) == 1 && json_object_get(contacts, contact);
}

/* X's id of whom the thread is with. */
static const char *person_of(const json_t *inbox, const char *thread)
{
    size_t i;
    json_t *t, *p;
    const char *id = NULL;
    json_array_foreach (json_object_get(inbox, "thread"), i, t)
        if (str_eq(js_str(t, "id"), thread))
            id = js_str(t, "prospect");
    json_array_foreach (json_object_get(inbox, "prospect"), i, p)
        if (id && (str_eq(js_str(p, "externalId"), id) || str_eq(js_str(p, "platformId"), id)))
            return js_str(p, "platformId");
    return "nobody";
}

static char *contact_of_thread(const json_t *inbox, const json_t *crm, const char *thread)
{
    size_t i;
    json_t *c;
    AUTO_FREE char *key = mem_printf("x:%s", person_of(inbox, thread));
    json_array_foreach (json_object_get(crm, "contact"), i, c)
        if (str_eq(js_str(json_object_get(c, "properties"), "inbox_prospect_key"), key))
            return mem_dup(js_str(c, "id"));
    return NULL;
}

static size_t times(const char *text, const char *needle)
{
    size_t n = 0;
    for (const char *at = text; at && (at = strstr(at, needle)); at += strlen(needle))
        n++;
    return n;
}

/* How often this line stands in notes: on the right record, and on all. */
static void count_lines(const json_t *crm, const char *line, const char *contact, size_t *right, size_t *all)
{
    size_t i;
    json_t *note;
    json_array_foreach (json_object_get(crm, medium->listed), i, note) {
        size_t n = js_bool_or(note, "archived", false) ? 0 : times(js_str(json_object_get(note, "properties"), medium->body), line);
        *all += n;
        *right += is_linked(note, contact) ? n : 0;
    }
}

/* What the timeline says, all of it. */
static char *timeline(struct world *w)
{
    AUTO_JSON json_t *crm = world_state(w, 1);
    struct buf b = {0};
    size_t i;
    json_t *note;
    json_array_foreach (json_object_get(crm, medium->listed), i, note)
        buf_printf(&b, "%s %s\n", js_str(json_object_get(note, "properties"), "inbox_entry_key"), js_str(json_object_get(note, "properties"), medium->body));
    return buf_take(&b);
}

/* Each message that people wrote here says "#number " once; seeded ones are only counted by thread and time. */
static void each_once(struct world *w, int from, int to)
{
    AUTO_JSON json_t *inbox = world_state(w, 0), *crm = world_state(w, 1);
    size_t i;
    json_t *m;
    for (int k = from; k < to; k++) {
        AUTO_FREE char *mark = mem_printf("#%d ", k), *contact = NULL;
        size_t right = 0, all = 0;
        json_array_foreach (json_object_get(inbox, "message"), i, m)
            if (strstr(js_str_or(m, "content", ""), mark)) {
                contact = contact_of_thread(inbox, crm, js_str(m, "threadId"));
                break;
            }
        count_lines(crm, mark, contact, &right, &all);
        if (right != 1 || all != 1) {
            print_error("message %d is %zu times on its record, %zu in all\n", k, right, all);
            AUTO_FREE char *text = timeline(w);
            for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
                print_error("%.*s\n", (int)strcspn(line, "\n"), line);
        }
        assert_int_equal(right, 1);
        assert_int_equal(all, 1);
    }
}

static size_t notes(struct world *w)
{
    AUTO_JSON json_t *crm = world_state(w, 1);
    return json_array_size(json_object_get(crm, medium->listed));
}

static char *thread_id(struct world *w, size_t i)
{
    AUTO_JSON json_t *inbox = world_state(w, 0);
    return mem_dup(js_str(json_array_get(json_object_get(inbox, "thread"), i), "id"));
}

static char *say(struct world *w, size_t thread, int number, const char *more)
{
    AUTO_FREE char *t = thread_id(w, thread);
    AUTO_JSON json_t *m = world_edit(w, 0, "{'object':'message','thread':'%s','content':'#%d says <something>'%s}", t, number, more);
    return mem_dup(js_str(json_is_array(m) ? json_array_get(m, 0) : m, "id"));
}

static void says(struct world *w, size_t thread, int number)
{
    free(say(w, thread, number, number % 2 ? "" : ",'from':'us'"));
}

/* ---- stories ---- */

struct story {
    const char *name, *how;
    bool first;
    void (*act)(struct world *w);
    void (*check)(struct world *w);
};

static void first_words(struct world *w)
{
    for (int i = 0; i < 4; i++)
        says(w, (size_t)i % 3, i);
}

static void first_logged(struct world *w)
{
    each_once(w, 0, 4);
}

static void lose_creates(struct world *w)
{
    first_words(w);
    AUTO_FREE char *fault = mem_printf("{\"match\":{\"method\":\"POST\",\"path\":\"%s\"},\"do\":\"reset_after\",\"times\":2}", medium->creates);
    sandbox_fault(w->box, fault);
}

static void three_days(struct world *w)
{
    for (int day = 0; day < 3; day++) {
        for (int i = 0; i < 3; i++)
            says(w, (size_t)i, day * 3 + i);
        sandbox_advance(w->box, 24 * 3600 * 1000);
    }
}

static void three_days_logged(struct world *w)
{
    each_once(w, 0, 9);
}

static void correct(struct world *w)
{
    AUTO_FREE char *a = say(w, 0, 0, ",'from':'us'"), *b = say(w, 0, 1, ""), *t = thread_id(w, 0);
    world_settle(w);
    json_decref(world_edit(w, 0, "{'object':'message','thread':'%s','id':'%s','content':'#7 corrected'}", t, a));
    json_decref(world_edit(w, 0, "{'object':'message','thread':'%s','id':'%s','delete':true}", t, b));
}

static void corrected(struct world *w)
{
    AUTO_FREE char *text = timeline(w);
    each_once(w, 7, 8);
    assert_null(strstr(text, "#0 "));
    assert_null(strstr(text, "#1 "));
    assert_non_null(strstr(text, "#7 corrected (edited)"));
    assert_non_null(strstr(text, "(deleted)"));
}

static void import_old(struct world *w)
{
    AUTO_FREE char *t = thread_id(w, 1);
    json_decref(world_edit(w, 0, "{'object':'thread','id':'%s','set':{'isSyncing':true}}", t));
    says(w, 1, 0);
    world_pass(w, 0);
    free(say(w, 1, 1, ",'at':'2026-01-02T03:04:05Z'"));
    free(say(w, 1, 3, ",'at':'2026-01-02T03:04:04Z'"));
    says(w, 1, 2);
    json_decref(world_edit(w, 0, "{'object':'thread','id':'%s','set':{'isSyncing':false}}", t));
}

static void old_logged(struct world *w)
{
    each_once(w, 0, 4);
}

static void many_words(struct world *w)
{
    for (int i = 0; i < 20; i++)
        says(w, 0, i);
}

static void many_logged(struct world *w)
{
    each_once(w, 0, 20);
    assert_true(notes(w) > 4);
}

static void hush(struct world *w)
{
    AUTO_JSON json_t *mine = world_state(w, 0);
    AUTO_FREE char *t = thread_id(w, 0);
    const char *person = person_of(mine, t);
    json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.tags':['VIP']}}", person));
    world_settle(w);
    first_words(w);
    world_settle(w);
    AUTO_FREE char *text = timeline(w);
    assert_null(strstr(text, "#0 "));
    for (size_t i = 0; i < 3; i++) { /* others were born with that tag */
        AUTO_JSON json_t *p = world_prospect(w, i);
        json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.tags':[]}}", js_str(p, "platformId")));
    }
}

static const struct story stories[] = {
    {"first log", rules, true, first_words, first_logged},
    {"lost answers on create", rules, true, lose_creates, first_logged},
    {"a stop of three days", rules, false, three_days, three_days_logged},
    {"edited and deleted", rules, false, correct, corrected},
    {"late old messages", rules, false, import_old, old_logged},
    {"one entry a message", single, true, first_words, first_logged},
    {"more than an entry holds", tight, false, many_words, many_logged},
    {"never logged, then logged", quiet, false, hush, first_logged},
};

static struct world *begin(const void *story, const char *mapping)
{
    const struct story *s = story;
    const struct world_crm crm = {"r", "hubspot", "token = \"env:WORLD_TOKEN\";", mapping, medium->manners};
    struct world *w = world_new_of(42, 3, &crm, 1);
    if (!s->first)
        world_settle(w);
    s->act(w);
    return w;
}

static void check(struct world *w, const void *story)
{
    ((const struct story *)story)->check(w);
}

static void tell(const struct story *s)
{
    AUTO_FREE char *mapping = mapping_of(s->how);
    story_tell(&(struct telling){.name = s->name, .story = s, .mapping = mapping, .begin = begin, .check = check});
}

STORY(the_first_log_survives_a_cut_at_any_touch, 0)
STORY(entries_whose_answers_are_lost_are_found_not_repeated, 1)
STORY(a_stop_of_three_days_is_caught_up_without_gap_or_double, 2)
STORY(what_was_edited_or_taken_back_is_so_in_the_log, 3)
STORY(old_messages_that_arrive_late_are_logged_on_their_day, 4)
STORY(one_entry_a_message_is_as_safe, 5)
STORY(what_one_entry_cannot_hold_goes_into_several, 6)
STORY(a_silenced_conversation_is_logged_once_it_may_be, 7)

static void tell_in(const struct medium *in, const struct story *s)
{
    medium = in;
    print_message("logged as %s%s\n", in->object, in->manners ? ", with no unique key" : "");
    tell(s);
    medium = &media[0];
}

static void the_stories_are_as_true_of_communications(void **state)
{
    (void)state;
    tell_in(&media[1], &stories[3]);
}

static void without_a_unique_key_what_was_lost_is_found_not_repeated(void **state)
{
    (void)state;
    tell_in(&media[2], &stories[1]);
}

/* ---- many seeds ---- */

/* People talk, correct, take back and stop the bridge, while one answer in twenty is lost. */
static void rumble(struct world *w, int steps, int *number)
{
    for (int i = 0; i < steps; i++) {
        uint64_t dice = sandbox_random(w->box);
        size_t thread = (size_t)(dice >> 8) % 3;
        AUTO_FREE char *id = say(w, thread, (*number)++, dice & 1 ? ",'from':'us'" : ""), *t = thread_id(w, thread);
        if (dice % 7 == 0)
            json_decref(world_edit(w, 0, "{'object':'message','thread':'%s','id':'%s','content':'#%d corrected'}", t, id, *number - 1));
        if (dice % 5 == 0)
            world_pass(w, 0);
        if (dice % 11 == 0)
            world_stop(w);
        sandbox_advance(w->box, (int64_t)((dice >> 16) % (9 * 3600 * 1000)));
    }
}

static void every_message_is_there_once_whatever_is_lost(void **state)
{
    enum { SEEDS = 100 };
    AUTO_FREE char *mapping = mapping_of(rules), *parts = mapping_of(tight);
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct world *w = world_new(seed, 3, seed % 3 ? mapping : parts);
        int number = 0;
        sandbox_fault(w->box, "{\"match\":{\"path\":\"*\"},\"do\":\"reset_after\",\"chance\":0.05}");
        rumble(w, 12, &number);
        world_settle(w);
        sandbox_faults_clear(w->box);
        world_settle(w);
        AUTO_FREE char *broken = world_broken(w);
        if (broken)
            print_error("seed %llu: %s\n", (unsigned long long)seed, broken);
        assert_null(broken);
        each_once(w, 0, number);
        world_free(w);
    }
    print_message("%d seeds, each message exactly once on the right record\n", SEEDS);
}

/* ---- what it costs ---- */

static void thirty_messages_with_two_hundred_people_cost_so_many_calls(void **state)
{
    enum { PEOPLE = 200, MESSAGES = 30 };
    AUTO_FREE char *mapping = mapping_of(rules);
    struct world *w = world_new(7, PEOPLE, mapping);
    (void)state;
    world_settle(w);
    int64_t before[2] = {world_calls(w, 0), world_calls(w, 1)}, writes = world_writes(w, 1);
    AUTO_JSON json_t *inbox = world_state(w, 0);
    for (int i = 0; i < MESSAGES; i++) {
        for (size_t t = 0; t < PEOPLE; t++)
            json_decref(world_edit(w, 0, "{'object':'message','thread':'%s','content':'#%zu.%d '}",
                                   js_str(json_array_get(json_object_get(inbox, "thread"), t), "id"), t, i));
        sandbox_advance(w->box, 2 * 3600 * 1000); /* a stop of two days and a half */
    }
    world_settle(w);
    int64_t inbox_calls = world_calls(w, 0) - before[0], crm_calls = world_calls(w, 1) - before[1];
    print_message("%d people x %d messages after a stop: %lld calls to Inbox, %lld to the CRM (%lld that write)\n", PEOPLE, MESSAGES,
                  (long long)inbox_calls, (long long)crm_calls, (long long)(world_writes(w, 1) - writes));
    AUTO_FREE char *text = timeline(w);
    for (size_t t = 0; t < PEOPLE; t += 17) {
        AUTO_FREE char *first = mem_printf("#%zu.0 ", t), *last = mem_printf("#%zu.%d ", t, MESSAGES - 1);
        assert_int_equal(times(text, first), 1);
        assert_int_equal(times(text, last), 1);
    }
    assert_true(inbox_calls < PEOPLE + 120);
    assert_true(crm_calls < 60);
    before[1] = world_writes(w, 1);
    world_settle(w);
    assert_int_equal(world_writes(w, 1), before[1]);
    world_free(w);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_log_survives_a_cut_at_any_touch),
        cmocka_unit_test(entries_whose_answers_are_lost_are_found_not_repeated),
        cmocka_unit_test(a_stop_of_three_days_is_caught_up_without_gap_or_double),
        cmocka_unit_test(what_was_edited_or_taken_back_is_so_in_the_log),
        cmocka_unit_test(old_messages_that_arrive_late_are_logged_on_their_day),
        cmocka_unit_test(one_entry_a_message_is_as_safe),
        cmocka_unit_test(what_one_entry_cannot_hold_goes_into_several),
        cmocka_unit_test(a_silenced_conversation_is_logged_once_it_may_be),
        cmocka_unit_test(the_stories_are_as_true_of_communications),
        cmocka_unit_test(without_a_unique_key_what_was_lost_is_found_not_repeated),
        cmocka_unit_test(every_message_is_there_once_whatever_is_lost),
        cmocka_unit_test(thirty_messages_with_two_hundred_people_cost_so_many_calls),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
