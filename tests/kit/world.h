/* A whole world in one process: sandbox services behind the fake transport, a clock that only tests move, a store file, and
 * the bridge in between, which can be started, cut off at any outside touch, and started again. */
#pragma once
#include "bridge/sync/intake.h"
#include "bridge/sync/route.h"
#include "tests/sandbox/sandbox.h"

struct world {
    struct sandbox *box;
    struct sandbox_service *service[2]; /* Inbox, and the CRM */
    struct env env;                     /* first member users cast from: see world_of() */
    char *dir, *path;
    const char *mapping_text;
    const char *crm;     /* its connector: "hubspot", "salesforce", "webhook" */
    const char *account; /* options of the CRM's endpoint: how it authorises */
    /* the running bridge */
    bool up;
    struct store *store;
    struct endpoint *ep[2];
    struct intake intake[2];
    struct mapping *mapping;
    struct route route;
    /* the power switch */
    int64_t touches; /* outside touches since world_new or world_watch */
    int64_t cut_at;  /* the power goes at this touch; 0 = never */
    bool out;
    unsigned without; /* guards taken away */
    /* people who act between two calls */
    void (*meddle)(struct world *w, void *self);
    void *meddler;
    uint64_t seed;
    /* deliveries of a webhook CRM: posted in order until they were taken */
    size_t delivered;
    bool undelivered; /* nothing gets through for now */
};

extern const char *world_manners; /* manners of the CRM from before it is set up, for the worlds made next; NULL = its usual ones */
extern const char world_mapping[]; /* the mapping the scenarios use unless they bring their own */

struct world *world_new(uint64_t seed, size_t prospects, const char *mapping_text);
/* The same with other credentials, e.g. a refresh grant instead of the static token; its tokens live sealed in the store. */
struct world *world_new_with(uint64_t seed, size_t prospects, const char *mapping_text, const char *account);
extern const char world_grant[]; /* such options: HubSpot's refresh grant */
/* The same with a receiver of webhooks for a CRM: one that can be read, or one that can not. */
struct world *world_new_webhook(uint64_t seed, size_t prospects, bool readable);
/* The same with Salesforce for a CRM; account: all its options. */
struct world *world_new_salesforce(uint64_t seed, size_t prospects, const char *mapping_text, const char *account);
void world_free(struct world *w);

/* Starts the bridge on the store file; stops it as a power cut or an orderly end would (the store cannot tell). Asserts that
 * starting works unless the power goes during it. */
bool world_start(struct world *w);
void world_stop(struct world *w);

/* One pass: intake and sync to quiet, waiting (by the fake clock) for what is due within `patience` ms. False when the power
 * went. */
bool world_pass(struct world *w, int64_t patience);
/* Passes until one brings nothing new and nothing waits; restarts after power cuts. Asserts that it ends. */
void world_settle(struct world *w);

/* Counting and cutting. */
void world_watch(struct world *w, int64_t cut_at);

/* People. Edits are those of POST /_sandbox/edit, written with single quotes for readability. */
json_t *world_edit(struct world *w, int side, const char *edit_single_quoted, ...) __attribute__((format(printf, 3, 4)));
json_t *world_state(struct world *w, int side); /* new reference */
int64_t world_writes(struct world *w, int side);
int64_t world_calls(struct world *w, int side);

/* The prospects and contacts of one key, by the sandbox's own state. New references; NULL when absent. */
json_t *world_prospect(struct world *w, size_t i);
char *world_key(struct world *w, size_t i);
json_t *world_contact(struct world *w, const char *key); /* asserts that there is at most one */

/* Deals, where the mapping has them: see tests/kit/deals.c. */
extern const char world_deals[]; /* a mapping with deals; its reopen is "new" */
char *world_deals_reopening(const char *policy); /* the same with another policy; caller frees */
json_t *world_deal(struct world *w, const char *key); /* asserts that there is at most one; NULL when absent */
char *world_broken_deal(struct world *w, const struct link *link); /* NULL, or what is broken */

/* Everything that must be true when all is quiet: every cell in step or held, one contact per key, the second full run writes
 * nothing, shadows are what the sides hold, replaying the log gives the shadows. Returns NULL, or what is broken (caller frees). */
char *world_broken(struct world *w);
