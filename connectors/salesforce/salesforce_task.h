/* One patch on its way, for the files that write. */
#pragma once
#include "connectors/salesforce/salesforce_private.h"

struct task {
    const struct patch *p;
    struct result *out;
    const struct salesforce_object *object;
    char *id;  /* of the record to update; NULL = upsert */
    bool fill; /* a create that lacks what a record must have */
    bool sent; /* or not to be sent at all */
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
void salesforce_outcome(struct endpoint *ep, const struct task *t, const json_t *row);

/* salesforce_deal.c, before new opportunities are sent: those a conversion made get the bridge key instead, and say STALE so
 * that the engine finds them; the others learn the account of their contact. */
void salesforce_deals(struct writing *w);

/* salesforce_tie.c: what belongs to a parent. */
bool salesforce_born_tied(struct endpoint *ep, const struct task *t); /* does the new record itself name its parent? */
/* salesforce_tie looks which of the records that are there are tied to their parents, and ties the others. */
void salesforce_tie(struct writing *w);
