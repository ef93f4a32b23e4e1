/* What would be done to one link, cell by cell, with the reason. Pure: values and rules in, plan out. */
#pragma once
#include "bridge/io/store.h"
#include "bridge/sync/decide.h"

struct cell_plan {
    const struct map_field *f;
    enum action act;
    bool write[2];     /* write[side]: both for a merge whose result neither side holds */
    bool merged;       /* to[] is a combination of both sides */
    bool conflict;
    bool adopt_only;   /* nothing to write, shadows move */
    bool held;         /* a hold exists and stays */
    bool release;      /* a hold exists and is over */
    bool clears;       /* writes a blank over a value */
    json_t *now[2];    /* as observed, in each side's terms; NULL = not observed */
    json_t *base[2];   /* shadows; NULL = never agreed */
    json_t *to[2];     /* to[side]: what will be written there */
    char *why;
};

struct link_plan {
    struct cell_plan *cells;
    size_t n;
    size_t writes[2];
    size_t holds, adopts, clears;
    bool unknown; /* an option id without a label was met: learn again */
};

struct sides {
    const json_t *fields[2];           /* fields[side] of the record as the connector gave them; T NULL for a create */
    const struct vocabulary *vocab[2];
    const json_t *history;             /* of the T record; NULL = none */
    const char *foreign;               /* why amounts of money cannot be compared; NULL = they can */
    const json_t *s_changed;           /* evidence of when the source's fields changed; NULL = none */
    int64_t as_of[2];
    int64_t t_modified;
};

void plan_cells(const struct map_object *o, const json_t *cells, const struct sides *sides, const struct hold *holds,
                size_t n_holds, struct link_plan *out);
void plan_as_is(struct cell_plan *c, const char *why); /* nothing is written; the shadows become what the sides hold */
void plan_begin(struct cell_plan *c, const char *first); /* a new CRM record has this value where Inbox has none */
void plan_count(struct link_plan *p);                  /* after cells were changed */
void plan_done(struct link_plan *p);

/* The shadow of one field in a link's cells: borrowed; NULL = never agreed. */
json_t *plan_base(const json_t *cells, const char *field, int side);
