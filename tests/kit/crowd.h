/* The people of a seeded simulation: they edit all sides at random and like to edit what was just edited, while the world
 * misbehaves as its set says. When all is quiet, what they wrote is there or told. What an edit is, each test says.
 *
 *   SIM_LOG=1                                     shows who is what at the end of a run that broke */
#pragma once
#include "tests/kit/seeds.h"

struct crowd {
    /* said by the test */
    size_t people;  /* people: how many prospects are edited */
    unsigned kinds; /* kinds: how many kinds of edits there are */
    bool deals;     /* deals: prospects have deals in the CRMs */
    bool tidy;      /* tidy: the first CRM trims and truncates what it is given */
    void (*edit)(struct crowd *c, size_t person, unsigned what, int side); /* edit: one edit of kind `what` */
    void (*show)(struct crowd *c, const char *key);                        /* show: prints what the CRMs hold of a person */
    /* the run */
    struct world *w; /* w: from crowd_begin to crowd_end */
    enum set set;
    uint64_t dice;
    struct seeds_edits edits; /* edits: what the test has noted of them */
    bool fewer;               /* fewer: no more edits by meddlers */
    size_t last_person;
    unsigned last_what;
    int last_side;
};

/* Takes w, in which nothing has happened yet, and lets it misbehave. */
void crowd_begin(struct crowd *c, struct world *w, enum set set, uint64_t seed, unsigned without);
void crowd_live(struct crowd *c); /* people and bridge at work, then a world that behaves, until all is quiet */
uint64_t crowd_roll(struct crowd *c, uint64_t sides);

/* NULL, or what is broken; caller frees. */
char *crowd_lost(struct crowd *c); /* what was written last stands in Inbox or in a deal that is over, or is told */
/* Two routes do not play ball: no notes and no `money`, the field that carries the valuation, come back again and again. */
char *crowd_flapping(struct crowd *c, const char *money);

char *crowd_end(struct crowd *c, char *broken); /* frees the world; broken as it was given */
