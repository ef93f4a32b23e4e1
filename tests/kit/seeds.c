/* Sets of bad luck, and one seed after the other. */
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
