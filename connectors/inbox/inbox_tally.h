/* What a walk over all threads learnt so far about prospects: several accounts of a team may talk to one person, and
 * each thread tells only its own part. Holds 32 bytes a prospect, and only while a walk runs. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INBOX_LINKS_MAX 4 /* accounts of one prospect that are told apart; beyond that it is read by itself */

struct inbox_facts;
struct inbox_tally_row;

struct inbox_tally {
    pthread_mutex_t lock;
    struct inbox_tally_row *rows; /* open addressing; NULL while empty */
    size_t size, used;
    char **links; /* ids of account links, each once */
    size_t n_links;
};

void inbox_tally_init(struct inbox_tally *t);
void inbox_tally_done(struct inbox_tally *t);
void inbox_tally_reset(struct inbox_tally *t); /* a new walk begins, or one ended */
/* inbox_tally_join puts what this thread says to what earlier ones said and answers with both together in *facts
 * (its links stay valid until reset or done). False: more accounts than it tells apart. */
bool inbox_tally_join(struct inbox_tally *t, const char *key, struct inbox_facts *facts);
