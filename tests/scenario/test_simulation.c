/* Seeded simulation: a small team and a CRM, people editing both sides at random, and a world that misbehaves in one chosen
 * way or in all. When all is quiet the invariants must hold. A seed reproduces its run exactly.
 *
 *   SIM_…                                         as tests/kit/seeds.h says
 *   SIM_DEALS=0|1                                 no deals, or deals for every seed (default: for every third)
 *
 * With Salesforce every seed has deals. The first argument picks tests: "*salesforce". */
#include "bridge/base/str.h"
#include "mappings/value.h"
#include "tests/kit/deals.h"
#include "tests/kit/seeds.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 3
#define EDITS 14
#define SEEDS 150
#define SALESFORCE_SEEDS 15

static struct tally told; /* what the metrics would say of all runs */

struct edit {
    size_t person;
    const char *field;
    int side;
    char value[48];
};

struct simulation {
    struct world *w;
    const struct deal_crm *crm;
    enum set set;
    uint64_t dice; /* the people's own, so that the bridge's calls do not change what people do */
    struct edit edits[EDITS + 200];
    size_t n;
    bool deals; /* prospects have deals, which carry status and valuation in the CRM */
    bool tidy;  /* the CRM trims and truncates what it is given */
    bool fewer; /* no more edits by meddlers */
    size_t last_person; /* people like to edit what was just edited, on the other side */
    unsigned last_what;
    int last_side;
};

static uint64_t roll(struct simulation *s, uint64_t sides)
{
    return seeds_roll(&s->dice, sides);
}

static void note(struct simulation *s, size_t person, const char *field, int side, const char *value)
{
    if (s->n == COUNT(s->edits))
        return;
    struct edit *e = &s->edits[s->n++];
    *e = (struct edit){.person = person, .field = field, .side = side};
    str_copy(e->value, sizeof e->value, value);
}

/* ---- people ---- */

static void edit_inbox(struct simulation *s, size_t i, unsigned what)
{
    static const char *const statuses[] = {"New", "Contacted", "Qualified", "Negotiation", "Won", "Lost"};
    static const char *const tags[] = {"Lead", "VIP", "Partner", "Press"};
    AUTO_JSON json_t *p = world_prospect(s->w, i);
    const char *id = js_str(p, "platformId");
    AUTO_FREE char *n = mem_printf("%zu", 1000 + s->n), *mark = mem_printf("inbox note %03zu", s->n);
    AUTO_FREE char *note_text = mem_printf("%s, written at length ", mark);
    json_t *done = NULL;
    if (what == 0) {
        done = world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.valuation':%s}}", id, n);
        note(s, i, "valuation", 0, n);
    } else if (what == 1) {
        done = world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.notes':'%s'}}", id, note_text);
        note(s, i, "notes", 0, mark);
    } else if (what == 2) {
        done = world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.status':'%s'}}", id, statuses[roll(s, 6)]);
    } else {
        done = world_edit(s->w, 0, "{'object':'prospect','id':'%s','set':{'context.tags':['%s','%s']}}", id, tags[roll(s, 2)], tags[2 + roll(s, 2)]);
    }
    json_decref(done);
}

/* The person's newest deal; NULL when there is none. */
static json_t *newest_deal(struct simulation *s, size_t i)
{
    AUTO_FREE char *who = world_key(s->w, i);
    json_t *newest = NULL, *deal = NULL;
    for (int n = 1; n == 1 || deal; n++) {
        AUTO_FREE char *key = mem_printf("%s#deal-%d", who, n);
        deal = world_deal(s->w, key);
        if (deal)
            json_decref(newest);
        newest = deal ? deal : newest;
    }
    return newest;
}

static void edit_deal(struct simulation *s, size_t i, bool amount)
{
    const struct deal_crm *crm = s->crm;
    AUTO_JSON json_t *deal = newest_deal(s, i);
    AUTO_FREE char *n = mem_printf("%zu", 1000 + s->n);
    const char *id = js_str(deal, crm->id);
    if (!id)
        return;
    if (amount) {
        json_decref(world_edit(s->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->object, id, crm->amount, n));
        note(s, i, "valuation", 1, n);
    } else {
        uint64_t stage = roll(s, DEAL_STAGES + 1);
        json_decref(world_edit(s->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->object, id, crm->stage,
                               stage < DEAL_STAGES ? crm->stages[stage] : crm->aside));
    }
}

static void edit_crm(struct simulation *s, size_t i, unsigned what)
{
    static const char *const stages[] = {"new", "contacted", "qualified", "negotiation", "won", "lost"};
    static const char *const tags[] = {"Lead", "VIP", "Partner", "Press"};
    AUTO_FREE char *key = world_key(s->w, i);
    AUTO_JSON json_t *c = world_contact(s->w, key);
    const struct deal_crm *crm = s->crm;
    const char *id = js_str(c, crm->id);
    AUTO_FREE char *n = mem_printf("%zu", 1000 + s->n), *mark = mem_printf("crm note %03zu", s->n);
    AUTO_FREE char *note_text = mem_printf("%s, at length ", mark);
    json_t *done = NULL;
    if (!id)
        return; /* not there yet */
    if (s->deals && (what == 0 || what == 2)) {
        edit_deal(s, i, what == 0);
        return;
    }
    if (what == 0) {
        done = world_edit(s->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->person, id, crm->valuation, n);
        note(s, i, "valuation", 1, n);
    } else if (what == 1) {
        done = world_edit(s->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s'}}", crm->person, id, crm->notes, note_text);
        note(s, i, "notes", 1, mark);
    } else if (what == 2) {
        done = world_edit(s->w, 1, "{'object':'contact','id':'%s','set':{'inbox_stage':'%s'}}", id, stages[roll(s, 6)]);
    } else {
        done = world_edit(s->w, 1, "{'object':'%s','id':'%s','set':{'%s':'%s;%s'}}", crm->person, id, crm->tags, tags[roll(s, 2)], tags[2 + roll(s, 2)]);
    }
    json_decref(done);
}

static void somebody_edits(struct simulation *s)
{
    bool again = roll(s, 2);
    size_t person = roll(s, PEOPLE);
    unsigned what = (unsigned)roll(s, 4);
    int side = (int)roll(s, 2);
    if (again) {
        person = s->last_person;
        what = s->last_what;
        side = 1 - s->last_side;
    }
    s->last_person = person;
    s->last_what = what;
    s->last_side = side;
    if (side == 0)
        edit_inbox(s, person, what);
    else
        edit_crm(s, person, what);
}

static void meddle(struct world *w, void *self)
{
    struct simulation *s = self;
    (void)w;
    if (!s->fewer && roll(s, 8) == 0)
        somebody_edits(s);
}

/* ---- the world ---- */

static void misbehave(struct simulation *s)
{
    seeds_misbehave(s->w, s->set);
    if (seeds_has(s->set, RACES)) {
        s->w->meddle = meddle;
        s->w->meddler = s;
    }
    if (s->tidy)
        world_manners(s->w, 1, "{\"trim\":true,\"truncate\":24}");
}

static void behave(struct simulation *s)
{
    seeds_behave(s->w);
    s->fewer = true;
}

/* ---- nothing is lost in silence ---- */

/* Where nobody edits while the bridge writes, an edit that was written over unseen has no excuse: the policy must have
 * decided about it, so its "overtaken" row does not count. */
static bool excuses(const struct simulation *s, const struct log_row *row)
{
    return s->set == RACES || s->set == DISORDER || s->set == EVERYTHING || !str_eq(row->event, "overtaken");
}

static bool link_log(struct simulation *s, const char *object, const char *key, json_t *all)
{
    struct world *w = s->w;
    struct link link __attribute__((cleanup(link_done))) = {0};
    struct log_row *rows = NULL;
    size_t n = 0;
    bool found = false;
    struct err err = {0};
    if (!store_link_get(w->store, "r", object, key, &link, &found, &err) || !found)
        return false;
    struct hold *holds = NULL;
    size_t n_holds = 0;
    if (store_holds_of(w->store, link.id, &holds, &n_holds, &err))
        for (size_t i = 0; i < n_holds; i++)
            json_array_append(all, holds[i].about);
    holds_free(holds, n_holds);
    if (store_log_of(w->store, link.id, 0, 100000, &rows, &n, &err))
        for (size_t i = 0; i < n; i++)
            if (excuses(s, &rows[i]))
                json_array_append(all, rows[i].cells);
    log_rows_free(rows, n);
    return true;
}

/* What the log says of a person and their deals, and what stands in those that are over, which are left alone. */
static char *log_text(struct simulation *s, const char *key)
{
    AUTO_JSON json_t *all = json_array();
    bool found = link_log(s, "prospect", key, all);
    for (int n = 1; s->deals && found; n++) {
        AUTO_FREE char *child = mem_printf("%s#deal-%d", key, n);
        AUTO_JSON json_t *deal = world_deal(s->w, child);
        found = link_log(s, "deal", child, all);
        AUTO_FREE char *amount = deal_text(deal, s->crm->amount);
        if (deal && !deal_open(deal))
            js_add(all, json_string(amount));
    }
    return js_print(all);
}

static bool superseded(const struct simulation *s, size_t at)
{
    const struct edit *e = &s->edits[at];
    for (size_t i = at + 1; i < s->n; i++)
        if (s->edits[i].person == e->person && s->edits[i].side == e->side && str_eq(s->edits[i].field, e->field))
            return true;
    return false;
}

static char *lost_edit(struct simulation *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct edit *e = &s->edits[i];
        AUTO_FREE char *key = world_key(s->w, e->person);
        AUTO_FREE char *log = log_text(s, key);
        AUTO_JSON json_t *p = world_prospect(s->w, e->person);
        AUTO_FREE char *now = js_print(json_object_get(p, "context"));
        if (!superseded(s, i) && !strstr(now, e->value) && !strstr(log, e->value) && !seeds_unheard(s->w, e->side, e->value))
            return mem_printf("I4: %s's %s %s, written on side %d, is neither there nor in the log", key, e->field, e->value, e->side);
    }
    return NULL;
}

/* What stands in Inbox is what somebody wrote: never a CRM's tidied echo of it. */
static char *invented(struct simulation *s)
{
    for (size_t i = 0; i < PEOPLE; i++) {
        AUTO_JSON json_t *p = world_prospect(s->w, i);
        const char *notes = js_str(json_object_get(p, "context"), "notes");
        if (notes && str_starts(notes, "inbox note") && !strstr(notes, ", written at length "))
            return mem_printf("I4: Inbox's note became \"%s\", which nobody wrote", notes);
    }
    return NULL;
}

/* ---- one run ---- */

static char *simulate_with(const struct deal_crm *crm, enum set set, uint64_t seed, unsigned without)
{
    struct simulation *s = mem_alloc(sizeof *s);
    s->crm = crm;
    s->set = set;
    s->tidy = crm == &deal_hubspot && seed % 2;
    s->dice = seed * 2654435761u + 12345;
    static const char *const reopens[] = {"new", "reuse", "never"};
    AUTO_FREE char *deals = deal_mapping(crm, reopens[seed / 3 % 3]);
    s->deals = crm != &deal_hubspot || seeds_number("SIM_DEALS", seed % 3 == 0);
    s->w = crm->make(seed + 1, PEOPLE, s->deals ? deals : NULL);
    s->w->without = without;
    misbehave(s);
    seeds_pass(s->w, s->set, &s->dice);
    for (int i = 0; i < EDITS; i++) {
        somebody_edits(s);
        sandbox_advance(s->w->box, (int64_t)roll(s, 40000));
        if (roll(s, 3) == 0)
            seeds_pass(s->w, s->set, &s->dice);
    }
    seeds_pass(s->w, s->set, &s->dice);
    behave(s);
    sandbox_advance(s->w->box, 5000); /* replicas catch up long before the change window leaves them behind */
    seeds_pass(s->w, s->set, &s->dice);
    world_settle(s->w);
    told.echo_t += s->w->route->tally.echo_t;
    told.spared += s->w->route->tally.spared;
    told.raced += s->w->route->tally.raced;
    char *broken = lost_edit(s);
    if (!broken)
        broken = invented(s);
    if (!broken)
        broken = world_broken(s->w);
    if (broken && getenv("SIM_LOG"))
        for (size_t i = 0; i < PEOPLE; i++) {
            AUTO_FREE char *key = world_key(s->w, i);
            AUTO_FREE char *log = log_text(s, key);
            AUTO_JSON json_t *contact = world_contact(s->w, key), *prospect = world_prospect(s->w, i);
            const json_t *props = json_object_get(contact, "properties"), *history = json_object_get(contact, "history");
            AUTO_FREE char *theirs = js_print(props ? props : contact), *inbox = js_print(json_object_get(prospect, "context"));
            AUTO_FREE char *past = js_print(history ? json_object_get(history, getenv("SIM_PAST") ? getenv("SIM_PAST") : "inbox_notes") : json_null());
            fprintf(stderr, "%s: %s\n  crm %s\n  notes %s\n  inbox %s\n", key, log, theirs, past, inbox);
        }
    world_free(s->w);
    free(s);
    return broken;
}

static char *simulate(enum set set, uint64_t seed, unsigned without)
{
    return simulate_with(&deal_hubspot, set, seed, without);
}

static char *simulate_salesforce(enum set set, uint64_t seed, unsigned without)
{
    return simulate_with(&deal_salesforce, set, seed, without);
}

SEEDS_SET(a_calm_world_converges, CALM, SEEDS, simulate)
SEEDS_SET(lost_answers_lose_nothing, LOST, SEEDS, simulate)
SEEDS_SET(crashes_lose_nothing, CRASHES, SEEDS, simulate)
SEEDS_SET(stale_reads_lose_nothing, STALE, SEEDS, simulate)
SEEDS_SET(races_lose_nothing, RACES, SEEDS, simulate)
SEEDS_SET(disordered_events_lose_nothing, DISORDER, SEEDS, simulate)
SEEDS_SET(everything_at_once_loses_nothing, EVERYTHING, SEEDS, simulate)
SEEDS_SET(a_calm_world_converges_with_salesforce, CALM, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(lost_answers_lose_nothing_with_salesforce, LOST, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(crashes_lose_nothing_with_salesforce, CRASHES, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(stale_reads_lose_nothing_with_salesforce, STALE, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(races_lose_nothing_with_salesforce, RACES, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(everything_at_once_loses_nothing_with_salesforce, EVERYTHING, SALESFORCE_SEEDS, simulate_salesforce)
SEEDS_SET(disordered_events_lose_nothing_with_salesforce, DISORDER, SALESFORCE_SEEDS, simulate_salesforce)

/* What people did to our writes was not only survived, it was counted. */
static void the_metrics_saw_it(void **state)
{
    (void)state;
    if (getenv("SIM_SET") || getenv("SIM_SEEDS") || getenv("SIM_WITHOUT"))
        return;
    print_message("%lld echoes, %lld writes spared, %lld cells raced\n", (long long)told.echo_t, (long long)told.spared, (long long)told.raced);
    assert_true(told.echo_t > 0 && told.spared > 0 && told.raced > 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_calm_world_converges),      cmocka_unit_test(lost_answers_lose_nothing),
        cmocka_unit_test(crashes_lose_nothing),        cmocka_unit_test(stale_reads_lose_nothing),
        cmocka_unit_test(races_lose_nothing),          cmocka_unit_test(disordered_events_lose_nothing),
        cmocka_unit_test(everything_at_once_loses_nothing),
        cmocka_unit_test(a_calm_world_converges_with_salesforce),
        cmocka_unit_test(lost_answers_lose_nothing_with_salesforce),
        cmocka_unit_test(crashes_lose_nothing_with_salesforce),
        cmocka_unit_test(stale_reads_lose_nothing_with_salesforce),
        cmocka_unit_test(races_lose_nothing_with_salesforce),
        cmocka_unit_test(disordered_events_lose_nothing_with_salesforce),
        cmocka_unit_test(everything_at_once_loses_nothing_with_salesforce),
        cmocka_unit_test(the_metrics_saw_it),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
