/* One patch on its way, for the files that write. */
#pragma once
#include "connectors/salesforce/salesforce_private.h"

struct task {
    const struct patch *p;
    struct result *out;
    const struct salesforce_object *object;
    char *id;  /* of the record to update; NULL = upsert */
    bool insert; /* a create that the service itself refuses where the key is taken: nothing is overwritten */
    bool taken;  /* and so it did */
    bool fill;   /* what a record must have and nobody told is filled in: it is new for certain */
    bool sent;   /* or not to be sent at all */
    char *account; /* account of the parent, for a new opportunity; NULL = it has none */
};

/* The patches of one put(). */
struct writing {
    struct endpoint *ep;
    struct task *tasks;
    size_t n;
};

json_t *salesforce_row_of(struct endpoint *ep, const struct task *t); /* the record as it is sent; new reference */
/* salesforce_outcome reads a task's row of an answer (NULL: there is none) into its result. */
void salesforce_outcome(struct endpoint *ep, struct task *t, const json_t *row);

/* salesforce_guarded.c: sends the updates that may be refused where the record was changed meanwhile, unless there are too many. */
void salesforce_guarded(const struct writing *w);

/* salesforce_stand_in: what a new record has in that required field when nobody told; NULL = nothing is known that could. */
const char *salesforce_stand_in(struct endpoint *ep, const char *field);

/* salesforce_deal.c, before new opportunities are sent: those a conversion made get the bridge key instead, and say STALE so
 * that the engine finds them; the others learn the account of their contact. */
void salesforce_deals(const struct writing *w);

/* salesforce_tie.c: what belongs to a parent. */
bool salesforce_born_tied(struct endpoint *ep, const struct task *t); /* does the new record itself name its parent? */
/* salesforce_tie looks which of the records that are there are tied to their parents, and ties the others. */
void salesforce_tie(const struct writing *w);
