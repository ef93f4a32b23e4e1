/* Sets of bad luck, what people wrote and must find again, and one seed after the other. */
#include "tests/kit/seeds.h"
#include "bridge/base/str.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

static const char *const set_names[SETS] = {"calm", "lost", "crashes", "stale", "races", "disorder", "everything"};

uint64_t seeds_roll(uint64_t *dice, uint64_t sides)
{
    *dice = *dice * 6364136223846793005u + 1442695040888963407u;
    return (*dice >> 33) % sides;
}

int64_t seeds_number(const char *name, int64_t fallback)
{
    int64_t n = fallback;
    const char *text = getenv(name);
    return text && str_to_int(text, 0, INT32_MAX, &n) ? n : fallback;
}

bool seeds_has(enum set set, enum set what)
{
    return set == what || set == EVERYTHING;
}

/* Salesforce has no replicas that are behind, but transactions that commit late and rows that are locked. */
static void salesforce_manners(struct world *w, const char *manners)
{
    for (size_t side = 1; side <= w->n; side++)
        if (str_eq(w->crm[side - 1].kind, "salesforce"))
            world_manners(w, (int)side, manners);
}

static void stale(struct world *w)
{
    sandbox_fault(w->box, "{\"match\":{\"path\":\"*batch/read*\"},\"do\":\"stale\",\"every\":3}");
    salesforce_manners(w, "{\"late_commit_ms\":20000,\"lock_share\":0.1}");
}

void seeds_behave(struct world *w)
{
    sandbox_faults_clear(w->box);
    salesforce_manners(w, "{\"late_commit_ms\":0,\"lock_share\":0}");
}

void seeds_misbehave(struct world *w, enum set set)
{
    if (seeds_has(set, LOST)) {
        sandbox_fault(w->box, "{\"match\":{},\"do\":\"reset_after\",\"chance\":0.08}");
        sandbox_fault(w->box, "{\"match\":{},\"do\":\"reset_before\",\"chance\":0.04}");
        sandbox_fault(w->box, "{\"match\":{},\"do\":\"status\",\"status\":503,\"chance\":0.04}");
        sandbox_fault(w->box, "{\"match\":{},\"do\":\"truncate\",\"chance\":0.02}");
    }
    if (seeds_has(set, STALE))
        stale(w);
    if (seeds_has(set, DISORDER))
        world_manners(w, 0, "{\"disorder\":true,\"seq_gaps\":true}");
}

void seeds_pass(struct world *w, enum set set, uint64_t *dice)
{
    if (seeds_has(set, CRASHES))
        world_watch(w, 1 + (int64_t)seeds_roll(dice, 50));
    if (!world_pass(w, (int64_t)seeds_roll(dice, 20000)) && w->out) {
        world_stop(w);
        w->out = false;
        w->cut_at = 0;
    }
}

/* ---- nothing is lost in silence ---- */

void seeds_note(struct seeds_edits *edits, size_t person, const char *field, int side, const char *value)
{
    if (edits->n == COUNT(edits->list))
        return;
    struct seeds_edit *e = &edits->list[edits->n++];
    *e = (struct seeds_edit){.person = person, .field = field, .side = side};
    str_copy(e->value, sizeof e->value, value);
}

/* Where nobody edits while the bridge writes, an edit that was written over unseen has no excuse: the policy must have
 * decided about it, so its "overtaken" row does not count. */
static bool excuses(enum set set, const struct log_row *row)
{
    return seeds_has(set, RACES) || seeds_has(set, DISORDER) || !str_eq(row->event, "overtaken");
}

bool seeds_log(struct world *w, enum set set, const char *route, const char *object, const char *key, json_t *all)
{
    struct link link __attribute__((cleanup(link_done))) = {0};
    struct log_row *rows = NULL;
    struct hold *holds = NULL;
    size_t n = 0;
    bool found = false;
    struct err err = {0};
    assert_true(store_link_get(w->store, route, object, key, &link, &found, &err));
    if (!found)
        return false;
    assert_true(store_holds_of(w->store, link.id, &holds, &n, &err));
    for (size_t i = 0; i < n; i++)
        json_array_append(all, holds[i].about);
    holds_free(holds, n);
    assert_true(store_log_of(w->store, link.id, 0, 100000, &rows, &n, &err));
    for (size_t i = 0; i < n; i++)
        if (excuses(set, &rows[i]))
            json_array_append(all, rows[i].cells);
    log_rows_free(rows, n);
    return true;
}

static bool superseded(const struct seeds_edits *edits, size_t at)
{
    const struct seeds_edit *e = &edits->list[at];
    for (size_t i = at + 1; i < edits->n; i++)
        if (edits->list[i].person == e->person && edits->list[i].side == e->side && str_eq(edits->list[i].field, e->field))
            return true;
    return false;
}

bool seeds_unheard(struct world *w, int side, const char *value)
{
    AUTO_JSON json_t *state = world_state(w, side);
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(state, "_unheard"), i, one) {
        AUTO_FREE char *text = js_print(json_object_get(one, "value"));
        if (strstr(text, value) && str_eq(js_str(one, "was"), js_str(one, "stamp")))
            return true;
    }
    return false;
}

static char *lost_one(const struct seeds_loss *l, const struct seeds_edit *e)
{
    AUTO_FREE char *key = world_key(l->w, e->person);
    AUTO_FREE char *log = l->log(l->self, key);
    AUTO_JSON json_t *p = world_prospect(l->w, e->person);
    AUTO_FREE char *now = js_print(json_object_get(p, "context"));
    if (strstr(now, e->value) || strstr(log, e->value) || seeds_unheard(l->w, e->side, e->value))
        return NULL;
    return mem_printf("I4: %s's %s %s, written on side %d, is neither there nor in the log", key, e->field, e->value, e->side);
}

char *seeds_lost(const struct seeds_loss *l)
{
    char *lost = NULL;
    world_still(l->w);
    for (size_t i = 0; i < l->edits->n && !lost; i++)
        if (!superseded(l->edits, i))
            lost = lost_one(l, &l->edits->list[i]);
    world_moves(l->w);
    return lost;
}

/* ---- one after the other ---- */

void seeds_run(enum set set, int64_t usual, char *(*simulate)(enum set, uint64_t, unsigned))
{
    int64_t first = seeds_number("SIM_FIRST", 1), seeds = seeds_number("SIM_SEEDS", usual), bad = 0;
    const char *only = getenv("SIM_SET");
    if (only && !str_eq(only, set_names[set]))
        return;
    for (int64_t seed = first; seed < first + seeds; seed++) {
        AUTO_FREE char *broken = simulate(set, (uint64_t)seed, (unsigned)seeds_number("SIM_WITHOUT", 0));
        bad += broken != NULL;
        if (broken && bad <= seeds_number("SIM_SHOW", 3))
            print_error("SIM_SET=%s SIM_FIRST=%lld SIM_SEEDS=1: %s\n", set_names[set], (long long)seed, broken);
    }
    print_message("set %-10s %lld seeds, %lld broken\n", set_names[set], (long long)seeds, (long long)bad);
    assert_int_equal(bad, 0);
}
