/* Stores that do not know everything. One that was lost and restored from an older backup finds again what was agreed on since:
 * nobody's edit is undone, nothing is made twice, and where both sides agree nothing is written at all. Two bridges on the same
 * accounts, each with a store of its own, come to rest with each other. */
#include "bridge/base/str.h"
#include "tests/kit/must.h"
#include "tests/kit/seeds.h"
#include "tests/kit/talk.h"
#include "tests/kit/world.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
/* after the standard headers */
#include <cmocka.h>

#define PEOPLE 4
#define DAY_MS (24 * 3600 * INT64_C(1000))

/* ---- people ---- */

/* No deal is closed: what is edited meanwhile is left alone, and a store that was not there does not know when it was. */
#define OPEN 4
static const char *const statuses[OPEN] = {"New", "Contacted", "Qualified", "Negotiation"};
static const char *const stages[OPEN] = {"appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "contractsent"};
static const char *const tags[] = {"VIP", "Lead", "Press", "Investor"};

static void edit_inbox(struct world *w, uint64_t *dice, int n)
{
    AUTO_JSON json_t *p = world_prospect(w, seeds_roll(dice, PEOPLE));
    const char *id = js_str(p, "platformId");
    switch (seeds_roll(dice, 5)) {
    case 0:
        json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.status':'%s'}}", id, statuses[seeds_roll(dice, OPEN)]));
        break;
    case 1:
        json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.valuation':%d}}", id, 1000 + n));
        break;
    case 2:
        json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.notes':'in Inbox %d'}}", id, n));
        break;
    case 3:
        json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.tags':['%s','%s']}}", id, tags[seeds_roll(dice, 2)], tags[2 + seeds_roll(dice, 2)]));
        break;
    default:
        json_decref(world_edit(w, 0, "{'object':'message','prospect':'%s','content':'message %d','from':'prospect'}", id, n));
    }
}

static void edit_deal(struct world *w, const char *key, uint64_t *dice, int n)
{
    AUTO_FREE char *deal_key = mem_printf("%s#deal-1", key);
    AUTO_JSON json_t *deal = world_deal(w, deal_key);
    if (deal && seeds_roll(dice, 2))
        json_decref(world_edit(w, 1, "{'object':'deals','id':'%s','set':{'dealstage':'%s'}}", js_str(deal, "id"), stages[seeds_roll(dice, OPEN)]));
    else if (deal)
        json_decref(world_edit(w, 1, "{'object':'deals','id':'%s','set':{'amount':'%d'}}", js_str(deal, "id"), 1000 + n));
}

static void edit_crm(struct world *w, uint64_t *dice, int n)
{
    AUTO_FREE char *key = world_key(w, seeds_roll(dice, PEOPLE));
    AUTO_JSON json_t *c = world_contact(w, key);
    switch (c ? seeds_roll(dice, 3) : 3) {
    case 0:
        json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{'inbox_notes':'in the CRM %d'}}", js_str(c, "id"), n));
        break;
    case 1:
        json_decref(world_edit(w, 1, "{'object':'contact','id':'%s','set':{'inbox_tags':'%s'}}", js_str(c, "id"), tags[seeds_roll(dice, 4)]));
        break;
    default:
        edit_deal(w, key, dice, n);
    }
}

/* ---- what both sides hold ---- */

static json_t *held(struct world *w)
{
    json_t *all = json_object();
    for (size_t i = 0; i < PEOPLE; i++) {
        AUTO_FREE char *key = world_key(w, i);
        AUTO_JSON json_t *p = world_prospect(w, i), *c = world_contact(w, key), *mine = json_object();
        json_object_set(mine, "inbox", json_object_get(p, "context"));
        static const char *const names[] = {"firstname", "inbox_stage", "inbox_valuation", "inbox_tags", "inbox_notes", "inbox_prospect_key"};
        for (size_t k = 0; k < COUNT(names); k++)
            json_object_set(mine, names[k], json_object_get(json_object_get(c, "properties"), names[k]));
        json_object_set(all, key, mine);
    }
    static const char *const lists[] = {"deal", "note"}, *const members[] = {"dealstage", "amount", "dealname", "inbox_deal_key", "hs_note_body", "inbox_entry_key"};
    AUTO_JSON json_t *state = world_state(w, 1);
    for (size_t l = 0; l < COUNT(lists); l++) {
        json_t *record;
        size_t i;
        json_array_foreach (json_object_get(state, lists[l]), i, record) {
            AUTO_FREE char *name = mem_printf("%s %s", lists[l], js_str(record, "id"));
            json_t *mine = json_object();
            for (size_t k = 0; k < COUNT(members); k++)
                json_object_set(mine, members[k], json_object_get(json_object_get(record, "properties"), members[k]));
            json_object_set_new(all, name, mine);
        }
    }
    return all;
}

static void round_of(struct world *w, uint64_t *dice, int *n)
{
    for (int i = 0; i < 3; i++)
        seeds_roll(dice, 2) ? edit_inbox(w, dice, ++*n) : edit_crm(w, dice, ++*n);
    sandbox_advance(w->box, (int64_t)seeds_roll(dice, 4) * DAY_MS / 2);
    world_settle(w);
}

static void restore(struct world *w, const char *backup)
{
    AUTO_FREE char *wal = mem_printf("%s-wal", w->path), *shm = mem_printf("%s-shm", w->path);
    world_stop(w);
    unlink(wal);
    unlink(shm);
    assert_int_equal(rename(backup, w->path), 0);
    world_start(w);
    must(intake_restart(&w->intake[0], err));
    must(intake_mark_all(w->route, LANE_RECONCILE, err));
    world_settle(w);
}

static char *tell_difference(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *v;
    json_object_foreach ((json_t *)a, key, v)
        if (!js_equal(v, json_object_get(b, key))) {
            AUTO_FREE char *x = js_print(v), *y = json_object_get(b, key) ? js_print(json_object_get(b, key)) : mem_dup("nothing");
            return mem_printf("%s: before %s\n  after %s", key, x, y);
        }
    json_object_foreach ((json_t *)b, key, v)
        if (!json_object_get(a, key)) {
            AUTO_FREE char *y = js_print(v);
            return mem_printf("%s: new %s", key, y);
        }
    return NULL;
}

/* People, their deals, and what they said. */
static char *everything(void)
{
    AUTO_FREE char *talk = talk_mapping(&talk_hubspot, "");
    return mem_printf("%s%s", world_deals, strstr(talk, "message = "));
}

static char *restored(uint64_t seed)
{
    uint64_t dice = seed * 7919 + 1;
    AUTO_FREE char *rules = everything();
    struct world *w = world_new(seed, PEOPLE, rules);
    AUTO_FREE char *backup = mem_printf("%s/backup.db", w->dir);
    int n = 0, rounds = 2 + (int)seeds_roll(&dice, 3);
    /* What the CRM gives a new deal where Inbox says nothing is nobody's edit, but only the lost store knew that. */
    for (size_t i = 0; i < PEOPLE; i++) {
        AUTO_JSON json_t *p = world_prospect(w, i);
        json_decref(world_edit(w, 0, "{'object':'prospect','id':'%s','set':{'context.status':'%s'}}", js_str(p, "platformId"), statuses[i]));
    }
    world_settle(w);
    for (int i = 0; i < rounds; i++)
        round_of(w, &dice, &n);
    must(store_backup(w->path, backup, err));
    rounds = 1 + (int)seeds_roll(&dice, 4);
    for (int i = 0; i < rounds; i++)
        round_of(w, &dice, &n);
    AUTO_JSON json_t *before = held(w);
    int64_t writes[2] = {world_writes(w, 0), world_writes(w, 1)};
    restore(w, backup);
    AUTO_JSON json_t *after = held(w);
    char *bad = tell_difference(before, after);
    if (!bad && (world_writes(w, 0) != writes[0] || world_writes(w, 1) != writes[1]))
        bad = mem_printf("wrote %lld, %lld times for nothing", (long long)(world_writes(w, 0) - writes[0]), (long long)(world_writes(w, 1) - writes[1]));
    if (!bad)
        bad = world_broken(w);
    world_free(w);
    return bad;
}

/* ---- two bridges ---- */

static void look_at_everything(struct world *w)
{
    world_start(w);
    must(intake_restart(&w->intake[0], err));
    must(intake_mark_all(w->route, LANE_RECONCILE, err));
    world_settle(w);
}

/* The bridge with the other store goes on; both have what people did since its last turn to find out. */
static void take_turns(struct world *w, char *const path[2], uint64_t *dice)
{
    int n = 0;
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 2; k++)
            seeds_roll(dice, 2) ? edit_inbox(w, dice, ++n) : edit_crm(w, dice, ++n);
        world_stop(w);
        w->path = path[i % 2];
        world_pass(w, (int64_t)seeds_roll(dice, 60000));
        sandbox_advance(w->box, (int64_t)seeds_roll(dice, 10) * 60000);
    }
    for (int i = 0; i < 4; i++) {
        world_stop(w);
        w->path = path[i % 2];
        look_at_everything(w);
    }
}

static void remove_store(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < COUNT(tails); i++) {
        AUTO_FREE char *file = mem_printf("%s%s", path, tails[i]);
        unlink(file);
    }
}

static char *twins(uint64_t seed)
{
    uint64_t dice = seed * 104729 + 1;
    AUTO_FREE char *rules = everything();
    struct world *w = world_new(seed, PEOPLE, rules);
    AUTO_FREE char *second = mem_printf("%s/twin.db", w->dir);
    char *const path[2] = {w->path, second};
    take_turns(w, path, &dice);
    AUTO_JSON json_t *before = held(w);
    char *bad = NULL;
    for (int i = 0; i < 2 && !bad; i++) {
        world_stop(w);
        w->path = path[i];
        world_settle(w);
        bad = world_broken(w);
    }
    AUTO_JSON json_t *after = held(w);
    if (!bad)
        bad = tell_difference(before, after);
    world_stop(w);
    w->path = path[0];
    remove_store(second);
    world_free(w);
    return bad;
}

/* ---- the tests ---- */

static void run(int64_t usual, char *(*simulate)(uint64_t seed))
{
    int64_t first = seeds_number("SIM_FIRST", 1), seeds = seeds_number("SIM_SEEDS", usual);
    int broken = 0;
    for (int64_t seed = first; seed < first + seeds; seed++) {
        AUTO_FREE char *bad = simulate((uint64_t)seed);
        if (bad)
            print_error("seed %lld: %s\n", (long long)seed, bad);
        broken += bad != NULL;
    }
    assert_int_equal(broken, 0);
}

static void an_older_store_finds_again_what_was_agreed_on_since(void **state)
{
    (void)state;
    run(4, restored);
}

static void two_bridges_on_the_same_accounts_come_to_rest(void **state)
{
    (void)state;
    run(1, twins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_store_finds_again_what_was_agreed_on_since),
        cmocka_unit_test(two_bridges_on_the_same_accounts_come_to_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
