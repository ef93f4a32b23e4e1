/* Seeded simulations: the ways in which a world misbehaves, and the loop over seeds. Who edits what is each test's own.
 *
 *   test_scenario_simulation                      every set with SIM_SEEDS seeds (default: the test's)
 *   SIM_SET=races SIM_FIRST=77 SIM_SEEDS=1 …      one run again
 *   SIM_WITHOUT=1|2|4|8|16|32|64                    a guard taken away: see enum guard */
#pragma once
#include "tests/kit/world.h"

#define SEEDS_EDITS 214

enum set { CALM, LOST, CRASHES, STALE, RACES, DISORDER, EVERYTHING, SETS };

uint64_t seeds_roll(uint64_t *dice, uint64_t sides); /* people's own dice, so that the bridge's calls do not change what they do */
int64_t seeds_number(const char *name, int64_t fallback); /* of the environment */

bool seeds_has(enum set set, enum set what);             /* does this set misbehave in that way? */
void seeds_misbehave(struct world *w, enum set set);      /* faults and manners; who races, the test says */
void seeds_behave(struct world *w);
/* A pass of up to 20 s that may be cut off; the bridge comes up again with the next one. */
void seeds_pass(struct world *w, enum set set, uint64_t *dice);

/* What people wrote, each value once only, so that it can be looked for. */
struct seeds_edit {
    size_t person;
    const char *field;
    int side;
    char value[48];
};

struct seeds_edits {
    struct seeds_edit list[SEEDS_EDITS]; /* list: what comes after the last is not noted */
    size_t n;
};

void seeds_note(struct seeds_edits *edits, size_t person, const char *field, int side, const char *value);
/* Adds what the log and the holds of a link say in this set's favour; false: there is no such link. */
bool seeds_log(struct world *w, enum set set, const char *route, const char *object, const char *key, json_t *all);

/* Salesforce keeps no past, and its conditions have whole seconds: an edit between our last look and our write, in the very second
 * of the change before it, is written over, and nobody can know it. The sandbox tells which those are; nothing else is excused. */
bool seeds_unheard(struct world *w, int side, const char *value);

/* Nothing is lost in silence: what was written last stands in Inbox or is told by the log. */
struct seeds_loss {
    struct world *w;
    const struct seeds_edits *edits;
    void *self;
    char *(*log)(void *self, const char *key); /* log: all that is told of this person; caller frees */
};
char *seeds_lost(const struct seeds_loss *l); /* NULL, or what was lost (caller frees) */

/* seeds_run runs each seed and prints the first that break; cmocka assertions. simulate: NULL, or what is broken. */
void seeds_run(enum set set, int64_t usual, char *(*simulate)(enum set set, uint64_t seed, unsigned without));

#define SEEDS_SET(function, set, usual, simulate) \
    static void function(void **state)            \
    {                                             \
        (void)state;                              \
        seeds_run(set, usual, simulate);          \
    }
