/* decide(): what to do about one cell, from six values and the field's rules. Pure: no I/O, no clock, no memory.
 * The table it implements is section "Decide per cell" of the design; tests/sync/cases/ holds it as data. */
#pragma once
#include "mappings/mapping.h"

enum action { ACT_NONE, ACT_ADOPT, ACT_WRITE_S, ACT_WRITE_T, ACT_HOLD, ACTIONS };
const char *action_name(enum action a); /* "none" "adopt" "write_S" "write_T" "hold" */

/* The interval in which a side's present value came to be: [last time the old value was seen, first sign of the new
 * one], ms; 0,0 = nothing known. */
struct evidence {
    int64_t from, to;
};

struct cell {
    const json_t *now[2];  /* now[side]: the value each side holds; NULL = not observed this time */
    const json_t *base[2]; /* base[side]: what it held when they last agreed; both NULL = never agreed */
    bool same;             /* eq(s,t) by the mapping */
    int rank[2];           /* rank[side] in the field's order, for `monotone`; -1 = not in it */
    int was[2];            /* was[side]: the same of the value they last agreed on */
    struct evidence seen[2];
};

struct rules {
    enum flow flow;
    enum policy conflict, initial, otherwise;
    enum forbidden on_forbidden;
    bool blank_to[2];
};

struct verdict_cell {
    enum action act;
    const char *why; /* static text: "changed in Inbox", "both changed: crm wins", … */
    bool conflict;   /* both sides had changed: the loser's value goes into the log */
};

struct verdict_cell decide(const struct cell *cell, const struct rules *rules);
struct rules rules_of(const struct map_field *field);
