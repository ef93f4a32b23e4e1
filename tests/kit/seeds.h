/* Seeded simulations: the ways in which a world misbehaves, and the loop over seeds. Who edits what is each test's own.
 *
 *   test_scenario_simulation                      every set with SIM_SEEDS seeds (default: the test's)
 *   SIM_SET=races SIM_FIRST=77 SIM_SEEDS=1 …      one run again
 *   SIM_WITHOUT=1|2|4|8|16|32|64                    a guard taken away: see enum guard */
#pragma once
#include "tests/kit/world.h"

enum set { CALM, LOST, CRASHES, STALE, RACES, DISORDER, EVERYTHING, SETS };

uint64_t seeds_roll(uint64_t *dice, uint64_t sides); /* people's own dice, so that the bridge's calls do not change what they do */
int64_t seeds_number(const char *name, int64_t fallback); /* of the environment */

bool seeds_has(enum set set, enum set what);             /* does this set misbehave in that way? */
void seeds_misbehave(struct world *w, enum set set);      /* faults and manners; who races, the test says */
void seeds_behave(struct world *w);
/* A pass of up to 20 s that may be cut off; the bridge comes up again with the next one. */
void seeds_pass(struct world *w, enum set set, uint64_t *dice);

/* Salesforce keeps no past, and its conditions have whole seconds: an edit between our last look and our write, in the very second
 * of the change before it, is written over, and nobody can know it. The sandbox tells which those are; nothing else is excused. */
bool seeds_unheard(struct world *w, int side, const char *value);

/* seeds_run runs each seed and prints the first that break; cmocka assertions. simulate: NULL, or what is broken. */
void seeds_run(enum set set, int64_t usual, char *(*simulate)(enum set set, uint64_t seed, unsigned without));

#define SEEDS_SET(function, set, usual, simulate) \
    static void function(void **state)            \
    {                                             \
        (void)state;                              \
        seeds_run(set, usual, simulate);          \
    }
