/* Deals, in the words of each CRM: what a story about deals has to know of the service it is told with. */
#pragma once
#include "tests/kit/world.h"

enum deal_stage { DEAL_NEW, DEAL_CONTACTED, DEAL_QUALIFIED, DEAL_NEGOTIATION, DEAL_WON, DEAL_LOST, DEAL_STAGES };

struct deal_crm {
    const char *name;                            /* its connector */
    const char *mapping;                         /* mapping with deals; its reopen is "new" */
    const char *object, *list;                   /* deals, in edits and in states */
    const char *key, *amount, *stage, *currency; /* fields of a deal */
    const char *stages[DEAL_STAGES];             /* what the stages of the table are there */
    const char *aside;                           /* a stage the mapping ignores */
    const char *person, *person_key, *id;        /* contacts in edits; a field of theirs; what a record calls its id */
    const char *valuation, *notes, *tags;        /* fields of a contact */
    int every;                                   /* every: touches between two cuts of a story: 0 = each is cut */
    const char *renames[2];                      /* edits that rename the stage DEAL_NEW and the pipeline; NULL: nothing is pinned */
    const char *makes, *touches;                 /* matches of faults: calls that make deals; calls about deals */
    struct world *(*make)(uint64_t seed, size_t people, const char *mapping);
};

extern const struct deal_crm deal_hubspot, deal_salesforce;
char *deal_mapping(const struct deal_crm *crm, const char *reopen); /* crm's own with this policy; caller frees */

/* HubSpot (side 1, route "r") and Salesforce (side 2, route "s") behind one Inbox, with deals in both. */
struct world *deal_both(uint64_t seed, size_t people, const char *hubspot, const char *salesforce);
const struct deal_crm *deal_crm_of(const struct world *w, int side);

/* New references; NULL when absent. Assert that there is at most one of the key. */
json_t *deal_at(struct world *w, int side, const char *key);
json_t *deal_newest(struct world *w, int side, const char *who); /* of the person with this key: the one with the highest number */

/* Every story with this CRM; the exit status of a test program. */
int deal_stories(const struct deal_crm *crm, const char *filter);

/* A field of a record as text ("" = nothing there), whatever the service keeps it as; caller frees. */
char *deal_text(const json_t *record, const char *field);
bool deal_open(const json_t *deal);
/* The contact's ties to the deal: made away with, as people would. */
void deal_untie(struct world *w, const json_t *deal, const json_t *contact);
