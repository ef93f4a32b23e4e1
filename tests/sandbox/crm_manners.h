/* Switches of an imitated CRM, one table each: the table's own values are the defaults and say the type. */
#pragma once
#include "bridge/io/http.h"
#include <jansson.h>

struct crm_manner {
    const char *name, *fallback; /* fallback: as JSON */
    const char *words[4];        /* words a text may be ("204" may be said as 204); none: any text */
};

struct crm_manners {
    const struct crm_manner *table;
    size_t n;
};

json_t *crm_manners_new(struct crm_manners known);              /* the defaults; new reference */
const json_t *crm_manner(const json_t *set, const char *name);  /* aborts on a name the table does not have */
/* crm_manners_answer: what is said is taken whole or not at all; DELETE goes back to the defaults. */
void crm_manners_answer(struct crm_manners known, json_t **set, const char *method, const json_t *said, struct http_answer *a);
