/* A route: one Inbox endpoint, one CRM endpoint, one mapping, one store. Everything the engine needs to work on it, and
 * what it learnt at start. Sides are indexed; the engine never asks which service stands behind one. */
#pragma once
#include "bridge/io/store.h"
#include "connectors/endpoint.h"
#include "mappings/mapping.h"

struct intake;

struct bound { /* one mapping object, bound to both live schemas */
    struct map_object *o;
    struct schema schema[2];
    const char **needed[2]; /* native field names to ask for */
    int64_t few_until;      /* few_until: too few of it were to be created for a bulk job; counted again after this moment */
};

/* What a pass did; counts add up: seen = written + unchanged + excluded + held + failed + waiting. */
struct tally {
    int64_t seen, created, updated_t, updated_s, adopted, unchanged, excluded, held, dead, retried, detached, remapped;
    int64_t withheld; /* creates refused because no plan was applied yet */
    int64_t guarded;  /* detaches or clears the mass-change guard stopped */
    int64_t conflicts, stale;
    int64_t echo_s, echo_t; /* looks at what a side had told that found nothing to do: our own writes coming back, mostly */
    int64_t spared;         /* writes not made because the second look before them saw somebody edit */
    int64_t raced;          /* cells written while somebody edited them, found by the record's history */
};

struct route {
    const char *name;
    struct endpoint *ep[2];
    struct mapping *mapping;
    struct store *store;
    struct env *env;
    struct intake *source; /* source: the Inbox endpoint's, which knows the other routes that share it; NULL = none do */
    /* options, set by the app */
    size_t batch;          /* jobs taken at once, default 200 */
    int64_t mass_least;    /* mass-change guard: at least this many … default 20 */
    int mass_percent;      /* … or this share of all links, whichever is larger; default 2 */
    bool yes;              /* creates beyond max_creates are allowed in this run */
    bool accept_mass;      /* the mass-change guard is lifted for this run */
    /* learnt by route_learn */
    struct bound *objects;
    size_t n;
    struct vocabulary *vocab[2];
    char *currency[2]; /* currency[side]: of that organisation, by route_pin; NULL = not told */
    bool learnt; /* false: nothing is taken in and nothing worked on, for nobody could say what it means */
    int64_t learnt_at; /* learnt_at: when; ms */
    bool relearn;      /* relearn: an id was read that nobody has a name for: describe again before the next turn */
    /* of this run */
    int64_t run;
    struct tally tally;
    struct err stop;       /* kind ERR_NONE = going; otherwise why the route stands still */
    int64_t wait_until;    /* an endpoint asked us to wait */
    int64_t source_wait;   /* the source alone did: what needs it is put off until then, everything else goes on */
    bool hearing;          /* the CRM is still telling, page by page, what changed: what is risky waits until its number is known */
    bool comparing;        /* comparing: somebody compares by hand, chunk by chunk: what a survey told is still wanted */
    int64_t stepped_at;    /* stepped_at: the last worker_step's moment; ms */
    int64_t behind;        /* behind: since when the source's feed has had more to tell of conversations than was taken in; ms, 0 = not */
    bool paused;           /* a person paused it (pause.h); as of the last worker_step */
    /* the ablation of the simulations: guards taken away one at a time to show that the harness sees it */
    unsigned without;
};

enum guard { WITHOUT_INTENTS = 1, WITHOUT_PROBE = 2, WITHOUT_READBACK = 4, WITHOUT_CONFIRM = 8, WITHOUT_RACE = 16, WITHOUT_OTHERS = 32,
             WITHOUT_CONDITION = 64 };

/* The later of both, for who does everything or nothing. */
static inline int64_t route_waits(const struct route *r)
{
    return r->wait_until > r->source_wait ? r->wait_until : r->source_wait;
}

/* route_init fills the defaults; the caller sets name, endpoints, mapping, store and env. */
void route_init(struct route *r);
void route_done(struct route *r); /* frees what it learnt; the rest is the caller's */

/* route_learn probes nothing: it describes both sides, pins labels in the store, binds the mapping. All faults of the
 * mapping against the live schemas are collected; false with err when a service did not answer, or CONFIG when there
 * were faults. May be called again (options changed). */
bool route_learn(struct route *r, struct opt_faults *faults, struct err *err) MUST_CHECK;

/* route_pin checks the organisation ids of both endpoints against the pinned ones, pinning them at first contact. CONFIG
 * when an endpoint now belongs to another organisation. It learns their currencies on the way. */
bool route_pin(struct route *r, struct err *err) MUST_CHECK;

struct bound *route_object(struct route *r, const char *name);                        /* by mapping object name */
struct bound *route_object_of(struct route *r, int side, const char *native);         /* by native name; NULL */
