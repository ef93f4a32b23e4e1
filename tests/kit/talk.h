/* Conversations, in the words of each CRM: what a story about what was said has to know of where it is logged. */
#pragma once
#include "tests/kit/world.h"

struct talk_crm {
    const char *name;           /* its connector */
    const char *mapping;        /* of the people: what was said is below them */
    const char *entries;        /* object of the entries, with their key, format and fields, as a mapping says it */
    const char *list, *key;     /* entries in states; their key */
    const char *body;           /* field with what was said */
    const char *parents[3];     /* lists of people in states */
    const char *parent_key;     /* a field of theirs */
    const char *makes;          /* match of faults: calls that make entries */
    int every;                  /* every: touches between two cuts of a story: 0 = each is cut */
    struct world *(*make)(uint64_t seed, size_t people, const char *mapping);
};

extern const struct talk_crm talk_hubspot, talk_communications, talk_without_unique_key, talk_leads, talk_contacts;

char *talk_mapping(const struct talk_crm *crm, const char *rules); /* caller frees */
/* Is this entry of a state below that person's record, and below nobody else's? */
bool talk_is_below(const struct talk_crm *crm, const json_t *entry, const char *person);

/* Every story with this CRM; the exit status of a test program. seeds: how many of the random ones. Of the environment:
 *   TALK_PEOPLE=2000      a larger town in the test of what it costs
 *   TALK_ONLY="thirty*"   tests whose names match */
int talk_stories(const struct talk_crm *crm, int seeds);
