/* A whole world in one process: sandbox services behind the fake transport, a clock that only tests move, a store file, and
 * the bridge in between, which can be started, cut off at any outside touch, and started again. One Inbox, and one CRM or
 * several that share it: side 0 is Inbox, side k > 0 the CRM of route[k - 1]. */
#pragma once
#include "bridge/sync/intake.h"
#include "bridge/sync/route.h"
#include "tests/sandbox/sandbox.h"

#define WORLD_CRMS 2

struct world_crm {
    const char *route;   /* route: the name of the route that leads to it; the only one is called "r" */
    const char *kind;    /* kind: its connector: "hubspot", "salesforce", "webhook" */
    const char *account; /* account: options of its endpoint: how it authorises */
    const char *mapping; /* mapping: text of the route's mapping; lives as long as the world */
    const char *manners; /* manners: of the service from before it is set up (world_manners); NULL = its usual ones */
};

struct world {
    struct sandbox *box;
    struct sandbox_service *service[1 + WORLD_CRMS]; /* service[side] */
    struct env env; /* first member users cast from: see world_of() */
    char *dir, *path;
    struct world_crm crm[WORLD_CRMS];
    size_t n; /* n: routes */
    /* the running bridge */
    bool up;
    struct store *store;
    struct endpoint *ep[1 + WORLD_CRMS];
    struct intake intake[1 + WORLD_CRMS];
    struct mapping *mapping[WORLD_CRMS];
    struct route route[WORLD_CRMS];
    /* the power switch */
    int64_t touches; /* outside touches since world_new or world_watch */
    int64_t cut_at;  /* the power goes at this touch; 0 = never */
    bool out;
    unsigned without; /* guards taken away */
    /* people who act between two calls */
    void (*meddle)(struct world *w, void *self);
    void *meddler;
    uint64_t seed;
    bool still;                    /* still: nothing moves; see world_still() */
    json_t *seen[1 + WORLD_CRMS]; /* seen[side]: its state since then; NULL: not asked for yet */
    /* deliveries of a webhook CRM, side 1: posted in order until they were taken */
    size_t delivered;
    bool undelivered; /* nothing gets through for now */
};

extern const char world_mapping[]; /* the mapping the scenarios use unless they bring their own: HubSpot's */
extern const char world_leads[];   /* the same for Salesforce's leads */

struct world *world_new(uint64_t seed, size_t prospects, const char *mapping_text);
/* The same with other credentials, e.g. a refresh grant instead of the static token; its tokens live sealed in the store. */
struct world *world_new_with(uint64_t seed, size_t prospects, const char *mapping_text, const char *account);
extern const char world_grant[]; /* such options: HubSpot's refresh grant */
/* The same with a receiver of webhooks for a CRM: one that can be read, or one that can not. */
struct world *world_new_webhook(uint64_t seed, size_t prospects, bool readable);
/* The same with Salesforce for a CRM; account: all its options. */
struct world *world_new_salesforce(uint64_t seed, size_t prospects, const char *mapping_text, const char *account);
/* HubSpot (side 1, route "r") and Salesforce (side 2, route "s") behind one Inbox; their mappings: NULL = the usual ones. */
struct world *world_new_both(uint64_t seed, size_t prospects, const char *hubspot, const char *salesforce);
/* Any CRMs behind one Inbox. */
struct world *world_new_of(uint64_t seed, size_t prospects, const struct world_crm *crms, size_t n);
void world_free(struct world *w);

/* Starts the bridge on the store file; stops it as a power cut or an orderly end would (the store cannot tell). Asserts that
 * starting works unless the power goes during it. */
bool world_start(struct world *w);
void world_stop(struct world *w);

/* One pass: intake and sync to quiet, the routes a batch each in turn, waiting (by the fake clock) for what is due within
 * `patience` ms. False when the power went. */
bool world_pass(struct world *w, int64_t patience);
/* Passes until one brings nothing new and nothing waits; restarts after power cuts. Asserts that it ends. */
void world_settle(struct world *w);

/* Counting and cutting. */
void world_watch(struct world *w, int64_t cut_at);

/* People. Edits are those of POST /_sandbox/edit, written with single quotes for readability. */
json_t *world_edit(struct world *w, int side, const char *edit_single_quoted, ...) __attribute__((format(printf, 3, 4)));
void world_edit_inbox(struct world *w, size_t i, const char *set); /* set: members of the i-th prospect, single-quoted */
json_t *world_state(struct world *w, int side); /* new reference */
/* While nothing moves, a state is asked for once, however many look at it. Edits and passes in between end the program. */
void world_still(struct world *w);
void world_moves(struct world *w);
void world_manners(struct world *w, int side, const char *json);
int64_t world_writes(struct world *w, int side);
int64_t world_calls(struct world *w, int side);
int64_t world_asked(struct world *w, int side, const char *route); /* calls of one route, in the sandbox's words: "POST /jobs/query" */

/* The prospects and contacts of one key, by the sandbox's own state. New references; NULL when absent. */
json_t *world_prospect(struct world *w, size_t i);
char *world_key(struct world *w, size_t i);
struct link world_link(struct world *w, const char *route, size_t i); /* of the i-th prospect, which must have one; caller link_done */
json_t *world_contact(struct world *w, const char *key); /* of side 1; asserts that there is at most one */
/* The contact, lead, … of one CRM; *n: how many live ones carry the key. */
json_t *world_person(struct world *w, int side, const char *key, size_t *n);

/* Deals, where the mapping has them: see tests/kit/deals.c. */
extern const char world_deals[]; /* a mapping with deals; its reopen is "new" */
char *world_deals_reopening(const char *policy); /* the same with another policy; caller frees */
json_t *world_deal(struct world *w, const char *key); /* asserts that there is at most one; NULL when absent */
char *world_broken_deal(struct world *w, const struct link *link); /* NULL, or what is broken */

/* Everything that must be true when all is quiet: every cell in step or held, one contact per key, the second full run writes
 * nothing, shadows are what the sides hold, replaying the log gives the shadows. Returns NULL, or what is broken (caller frees). */
char *world_broken(struct world *w);

/* Ends the program where the world itself fails; of use to the files of the kit. */
void world_must(bool ok, const char *what, const struct err *err);
struct route *world_route(struct world *w, const char *name);
