/* Stories of conversations on the timeline, told with any CRM: what people say, take back and correct, and that each message is exactly once on the record
 * of the person it was said with. Every story is told once undisturbed and then with a cut at each of its touches. */
#include "bridge/base/buf.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/kit/seeds.h"
#include "tests/kit/story.h"
#include "tests/kit/talk.h"
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

static const struct talk_crm *crm; /* the one the stories are told with */
static int random_seeds;

/* ---- what was said, and where it was logged ---- */

/* A field of a record, wherever the service keeps it. */
static const char *field_of(const json_t *record, const char *name)
{
    const json_t *props = json_object_get(record, "properties");
    return js_str_or(props ? props : record, name, "");
}

static bool gone(const json_t *record)
{
    return js_bool_or(record, "archived", false) || js_bool_or(record, "IsDeleted", false);
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

static char *contact_of_thread(const json_t *inbox, const json_t *state, const char *thread)
{
    AUTO_FREE char *key = mem_printf("x:%s", person_of(inbox, thread));
    for (size_t k = 0; k < COUNT(crm->parents) && crm->parents[k]; k++) {
        size_t i;
        json_t *c;
        json_array_foreach (json_object_get(state, crm->parents[k]), i, c)
            if (!gone(c) && str_eq(field_of(c, crm->parent_key), key))
                return mem_dup(js_str(c, js_str(c, "id") ? "id" : "Id"));
    }
    return NULL;
}

static size_t times(const char *text, const char *needle)
{
    size_t n = 0;
    for (const char *at = text; at && (at = strstr(at, needle)); at += strlen(needle))
        n++;
    return n;
}

/* How often this line stands in entries: on the right record, and on all. */
static void count_lines(const json_t *state, const char *line, const char *contact, size_t *right, size_t *all)
{
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(state, crm->list), i, entry) {
        size_t n = gone(entry) ? 0 : times(field_of(entry, crm->body), line);
        *all += n;
        *right += talk_is_below(crm, entry, contact) ? n : 0;
    }
}

/* What the timeline says, all of it. */
static char *timeline(struct world *w)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    struct buf b = {0};
    size_t i;
    json_t *entry;
    json_array_foreach (json_object_get(state, crm->list), i, entry)
        buf_printf(&b, "%s %s\n", field_of(entry, crm->key), field_of(entry, crm->body));
    return buf_take(&b);
}

/* Each message that people wrote here says "#number " once; seeded ones are only counted by thread and time. */
static void each_once(struct world *w, int from, int to)
{
    AUTO_JSON json_t *inbox = world_state(w, 0), *state = world_state(w, 1);
    size_t i;
    json_t *m;
    for (int k = from; k < to; k++) {
        AUTO_FREE char *mark = mem_printf("#%d ", k), *contact = NULL;
        size_t right = 0, all = 0;
        json_array_foreach (json_object_get(inbox, "message"), i, m)
            if (strstr(js_str_or(m, "content", ""), mark)) {
                contact = contact_of_thread(inbox, state, js_str(m, "threadId"));
                break;
            }
        count_lines(state, mark, contact, &right, &all);
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

static size_t entries(struct world *w)
{
    AUTO_JSON json_t *state = world_state(w, 1);
    return json_array_size(json_object_get(state, crm->list));
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
    AUTO_FREE char *fault = mem_printf("{\"match\":{%s},\"do\":\"reset_after\",\"times\":2}", crm->makes);
    assert_true(sandbox_fault(w->box, fault));
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
    assert_true(entries(w) > 4);
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
    struct world *w = crm->make(42, 3, mapping);
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
    AUTO_FREE char *mapping = talk_mapping(crm, s->how);
    story_tell(&(struct telling){.name = s->name, .story = s, .mapping = mapping, .begin = begin, .check = check, .every = crm->every});
}

STORY(the_first_log_survives_a_cut_at_any_touch, 0)
STORY(entries_whose_answers_are_lost_are_found_not_repeated, 1)
STORY(a_stop_of_three_days_is_caught_up_without_gap_or_double, 2)
STORY(what_was_edited_or_taken_back_is_so_in_the_log, 3)
STORY(old_messages_that_arrive_late_are_logged_on_their_day, 4)
STORY(one_entry_a_message_is_as_safe, 5)
STORY(what_one_entry_cannot_hold_goes_into_several, 6)
STORY(a_silenced_conversation_is_logged_once_it_may_be, 7)

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
    AUTO_FREE char *mapping = talk_mapping(crm, rules), *parts = talk_mapping(crm, tight);
    (void)state;
    for (uint64_t seed = 1; seed <= (uint64_t)random_seeds; seed++) {
        struct world *w = crm->make(seed, 3, seed % 3 ? mapping : parts);
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
    print_message("%d seeds, each message exactly once on the right record\n", random_seeds);
}

/* ---- what it costs ---- */

/* TALK_PEOPLE enlarges the town. People say thirty things in two days and a half while the bridge stands still, correct and take back some,
 * an import brings old ones late, and one answer in twenty is lost; each message is there once all the same. */
static void what_one_said(struct world *w, const char *thread, size_t t, int i)
{
    AUTO_JSON json_t *m = world_edit(w, 0, "{'object':'message','thread':'%s','content':'#%zu.%d!'%s}", thread, t, i,
                                     i % 10 == 9 ? ",'at':'2026-01-02T03:04:05Z'" : "");
    const char *id = js_str(json_is_array(m) ? json_array_get(m, 0) : m, "id");
    if (t % 20 == 3 && i == 7)
        json_decref(world_edit(w, 0, "{'object':'message','thread':'%s','id':'%s','content':'#%zu.7! corrected'}", thread, id, t));
    if (t % 20 == 4 && i == 7)
        json_decref(world_edit(w, 0, "{'object':'message','thread':'%s','id':'%s','delete':true}", thread, id));
}

static void everybody_once(struct world *w, size_t people, int messages)
{
    AUTO_FREE char *text = timeline(w);
    size_t said = 0;
    for (const char *at = strchr(text, '#'); at; at = strchr(at + 1, '#')) {
        size_t digits = strspn(at + 1, "0123456789");
        said += digits && at[1 + digits] == '.' && at[2 + digits + strspn(at + 2 + digits, "0123456789")] == '!';
    }
    assert_int_equal(said, people * (size_t)messages - (people + 15) / 20); /* but for those taken back */
    for (size_t t = 0; t < people; t += 17) {
        AUTO_FREE char *first = mem_printf("#%zu.0!", t), *last = mem_printf("#%zu.%d!", t, messages - 1);
        assert_int_equal(times(text, first), 1);
        assert_int_equal(times(text, last), 1);
    }
}

/* What the calls of a service were for. */
static void tell_routes(struct world *w, int side)
{
    AUTO_JSON json_t *calls = sandbox_calls_json(w->box, w->service[side]);
    const char *route;
    json_t *n;
    json_object_foreach (json_object_get(calls, "routes"), route, n)
        print_message("  side %d %6lld %s\n", side, (long long)json_integer_value(n), route);
}

static void thirty_messages_each_after_a_stop_cost_so_many_calls(void **state)
{
    enum { MESSAGES = 30 };
    size_t people = (size_t)seeds_number("TALK_PEOPLE", 200);
    AUTO_FREE char *mapping = talk_mapping(crm, rules);
    struct world *w = crm->make(7, people, mapping);
    (void)state;
    world_settle(w);
    sandbox_calls_clear(w->box);
    int64_t before[2] = {world_calls(w, 0), world_calls(w, 1)}, writes = world_writes(w, 1);
    AUTO_JSON json_t *inbox = world_state(w, 0);
    const json_t *threads = json_object_get(inbox, "thread");
    for (int i = 0; i < MESSAGES; i++) {
        for (size_t t = 0; t < people; t++)
            what_one_said(w, js_str(json_array_get(threads, t), "id"), t, i);
        sandbox_advance(w->box, 2 * 3600 * 1000);
    }
    sandbox_fault(w->box, "{\"match\":{\"path\":\"*\"},\"do\":\"reset_after\",\"chance\":0.05}");
    world_settle(w);
    sandbox_faults_clear(w->box);
    world_settle(w);
    int64_t inbox_calls = world_calls(w, 0) - before[0], crm_calls = world_calls(w, 1) - before[1];
    print_message("%zu people x %d messages after a stop: %lld calls to Inbox, %lld to the CRM (%lld that write)\n", people, MESSAGES,
                  (long long)inbox_calls, (long long)crm_calls, (long long)(world_writes(w, 1) - writes));
    tell_routes(w, 0);
    tell_routes(w, 1);
    everybody_once(w, people, MESSAGES);
    if (people <= 200) { /* larger towns tell their cost; the bounds are this one's */
        assert_true(inbox_calls < (int64_t)people * 3 / 2 + 120);
        assert_true(crm_calls < 60);
    }
    before[1] = world_writes(w, 1);
    world_settle(w);
    assert_int_equal(world_writes(w, 1), before[1]);
    world_free(w);
}

int talk_stories(const struct talk_crm *with, int seeds)
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
        cmocka_unit_test(every_message_is_there_once_whatever_is_lost),
        cmocka_unit_test(thirty_messages_each_after_a_stop_cost_so_many_calls),
    };
    crm = with;
    random_seeds = seeds;
    cmocka_set_test_filter(getenv("TALK_ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
