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
};

json_t *salesforce_row_of(struct endpoint *ep, const struct task *t); /* the record as it is sent; new reference */
/* salesforce_outcome reads a task's row of an answer (NULL: there is none) into its result. */
void salesforce_outcome(struct endpoint *ep, struct task *t, const json_t *row);
