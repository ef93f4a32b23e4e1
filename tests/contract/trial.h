/* One promise on trial: a connector in a world of its own (a sandbox with one service, a clock that moves only when somebody
 * sleeps, one endpoint), and the verbs the promises are told in. A verb that cannot do its work fails the test. */
#pragma once
#include "tests/contract/contract.h"

#define TRIAL_PAGES 2000 /* more pages than any enumeration has */

struct trial {
    const struct contract_case *c;
    struct sandbox *box;
    struct sandbox_service *service;
    struct env env;
    struct endpoint *ep;
    unsigned traces; /* traces: how many were given out; every write has one of its own */
};

struct promise {
    const char *name;
    void (*kept)(void **state); /* kept: the test; *state is the trial */
};

#define PROMISE(f) {#f, f}

/* What is promised of each; the last has no name. */
extern const struct promise feed_promises[], read_promises[], write_promises[], bulk_promises[], survey_promises[], hook_promises[], refusal_promises[];

int trial_setup(void **state); /* *state: the case, then the trial */
int trial_teardown(void **state);

/* What this account cannot do it has not promised. First in a test: nothing is cleaned up. */
void trial_needs(struct trial *t, unsigned caps);
bool trial_deed(struct trial *t, enum contract_deed what, const char *id, const char *with); /* false: the service knows no such deed */
/* Ids of all records there are: {"id":true,…}, a new reference; not those in the bin, merged away or still without an id. */
json_t *trial_everybody(struct trial *t);
const char *trial_nth(json_t *ids, size_t n);              /* the n-th id, round and round; borrowed from ids */
int64_t trial_calls(struct trial *t, const char *which);   /* which: "total" or "writes" */

/* One page; *cursor moves on. Passing faults are waited out. False: nothing more is ready. */
bool trial_page(struct trial *t, const char *const *fields, char **cursor, struct page *page);
void trial_note(const struct page *page, json_t *seen);              /* whom it tells of */
void trial_drain(struct trial *t, char **cursor, json_t *seen);      /* reads until nothing more is ready, noting */
void trial_follow(struct trial *t, char **cursor, json_t *seen);     /* so long that everything done so far must have been told */
void trial_assert_told(json_t *everyone, const json_t *seen);

struct record trial_fetch(struct trial *t, const char *id);                         /* caller: record_done() */
struct result trial_put(struct trial *t, const char *id, const char *text);         /* the text field; caller: result_done() */
struct result trial_create(struct trial *t, const char *key);                        /* a record under this key; caller: result_done() */
