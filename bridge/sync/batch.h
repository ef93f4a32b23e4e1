/* A batch: the jobs taken at once, each with what is known about it, going through the steps of sync.c together so that
 * every service is asked in batches. Private to this room. */
#pragma once
#include "bridge/sync/drift.h"
#include "bridge/sync/plan.h"
#include "bridge/sync/route.h"

/* What becomes of the item's job. */
enum next { NEXT_FINISH, NEXT_AGAIN, NEXT_RETRY, NEXT_LATER };

struct outgoing { /* one write to one side */
    bool wanted;
    struct op op;
    struct result result;
    json_t *set, *seen; /* in the service's own terms */
    json_t *refused;    /* after a split: {field: the service's words}; NULL = not split */
    bool landed;        /* after a split: at least one field is written */
};

struct item {
    const struct job *job;
    struct bound *b;
    char *who;           /* key of its subject: the job's own, but for objects of a parent */
    struct link parent;  /* of an object of a parent, an entry or a conversation; id 0: there is none yet */
    bool followed;       /* a later record took its place: left alone */
    bool again;          /* it is over, and another one is wanted */
    bool moved;          /* the subject is not what the store knew */
    char foreign[80];    /* why its amounts cannot be compared; "" = they can */
    struct subject subject;
    bool known;          /* the subject is in the store or was just read */
    bool whole;          /* a whole conversation, to be unfolded into entries */
    struct link link;    /* link.id 0: no row yet */
    struct record t;     /* the CRM record, when read */
    bool has_t;
    bool create;
    bool final;          /* risky work (detach, clear) may be done now */
    bool detaches;       /* its record is not there any more: detached when the guard lets it through */
    bool buries;         /* the same of its source record: the link becomes a tombstone */
    struct hold *holds;
    size_t n_holds;
    struct op *ops;
    size_t n_ops;
    struct link_plan plan;
    bool planned;
    bool direct;         /* a bulk job had it and did not do it: this time it goes by itself */
    bool settled;        /* a bulk job made it, and it has just been read back */
    int64_t bulk;        /* its create waits for this bulk job; 0 = it goes by itself */
    struct outgoing out[2];
    json_t *log;         /* cells for the log row of this settle */
    const char *event;   /* its event, NULL = nothing to log */
    bool link_dirty;     /* the link row must be written */
    bool subject_dirty;
    bool news;           /* a read after the decision brought something nobody has decided on yet */
    bool compared;       /* a full comparison has counted it */
    bool off;            /* no further step touches it */
    enum next next;
    int64_t due;         /* with NEXT_LATER */
    const char *why;     /* with anything but NEXT_FINISH; for excluded items the reason */
    struct err err;      /* why it failed */
};

struct batch {
    struct route *r;
    struct item *items;
    size_t n;
    bool dry;  /* plan only: nothing is written anywhere */
    bool bulk; /* creates may be left to a bulk job; else somebody waits for this batch to be done */
    int64_t drift[DRIFT_CLASSES]; /* what a full comparison found, by class */
};

/* sync.c: the road with stops on the way, for what is not decided by the mapping alone. */
struct detour {
    bool dry;                                       /* ends after `decided`; nothing is written anywhere */
    void (*decided)(struct batch *b, void *self);   /* decided: every item is planned or off; plans may be changed */
    void (*done)(const struct batch *b, void *self); /* done: all is settled (with dry: decided); NULL = none */
    void *self;
};
bool sync_detour(struct route *r, const struct job *jobs, size_t n, const struct detour *d, struct err *err) MUST_CHECK;

/* drift.c: the decided items of a full comparison by class; kept in the transaction that settles them. */
void drift_note(struct batch *b);
bool drift_keep(struct batch *b, struct err *err) MUST_CHECK;
bool drift_waits(const struct item *it); /* it was not compared after all: its mark stays one */

/* gather.c: what the store knows, then both sides read in batches. */
bool gather_store(struct batch *b, const struct job *jobs, size_t n, struct err *err) MUST_CHECK;
void gather_source(struct batch *b);
bool gather_target(struct batch *b, struct err *err) MUST_CHECK;
typedef bool pick(const struct item *it);
bool gather_fetch_source(struct batch *b, struct bound *bound, pick *wanted, struct err *err) MUST_CHECK;
bool gather_fetch_target(struct batch *b, struct bound *bound, pick *wanted, unsigned flags, struct err *err) MUST_CHECK;
/* gather_each: one call for the picked items of each object; where it fails as a whole, see gather_fail. */
void gather_each(struct batch *b, pick *wanted, bool (*step)(struct batch *, struct bound *, pick *, struct err *));
/* gather_fail: a whole call that failed files its error with every item it was for; the rest of the batch goes on. */
void gather_fail(struct batch *b, struct bound *bound, pick *wanted, const struct err *err);

/* match.c: records of those who have no link, by the bridge key and the match keys. */
bool match_targets(struct batch *b, struct err *err) MUST_CHECK;
bool match_choices(struct batch *b, struct err *err) MUST_CHECK; /* the records people picked for ambiguous links */

/* confirm.c: a second look before writing. */
void confirm_writes(struct batch *b);

/* unfold.c: conversations become entries. */
bool unfold_gather(struct batch *b, struct item *it, struct err *err) MUST_CHECK; /* an entry, or a conversation? and its person's link */
bool unfold_batch(struct batch *b, struct err *err) MUST_CHECK;
bool unfold_placed(const struct item *it); /* false: an entry whose person's record is not there to hang it below */
bool unfold_wake(struct batch *b, const struct item *it, struct err *err) MUST_CHECK; /* conversations that waited for this person */

/* survey.c: what a survey told is taken for the record where it is in step with all else; the others are read. */
bool survey_recall(struct batch *b, struct err *err) MUST_CHECK;

/* place.c: records that are not where the link says: merged, converted, archived, gone; and the guards before a write. */
void place_targets(struct batch *b);
void place_gone(struct batch *b, struct item *it); /* its source record is gone for good: what is risky about that is guarded */
bool place_stale(const struct batch *b, const struct item *it);
void place_detach(struct batch *b, struct item *it);

/* guard.c: what must not happen by the hundred. */
bool guard_batch(struct batch *b, struct err *err) MUST_CHECK;
bool guard_count(struct batch *b, struct err *err) MUST_CHECK; /* what was made without approval; inside a transaction */

/* others.c: Inbox records that another route is not sure about are not written yet. */
bool others_wait(struct batch *b, struct err *err) MUST_CHECK;

/* recover.c: open ops of earlier, cut-off writes: did they land? */
bool recover_ops(struct batch *b, struct err *err) MUST_CHECK;
/* recover_landed: the shadows as they are once this cell of the op has landed as `value`. */
void recover_landed(struct batch *b, struct item *it, const struct op *op, const struct map_field *f, const json_t *cell,
                    const json_t *value);

/* repeat.c: the same where a write may simply be repeated. */
bool repeat_ops(struct batch *b, struct err *err) MUST_CHECK;

/* bulk.c: which creates go together as a job of the service, and who waits for one. */
bool bulk_wait(struct batch *b, struct err *err) MUST_CHECK;  /* who rides in a job is left alone until it tells */
bool bulk_stage(struct batch *b, struct err *err) MUST_CHECK; /* inside the transaction of the intents: sets item.bulk */

/* write.c: intents, puts, the race check. */
bool write_intend(struct batch *b, struct err *err) MUST_CHECK;
bool write_put(struct batch *b, struct err *err) MUST_CHECK;
bool write_race(struct batch *b, struct err *err) MUST_CHECK;
char *write_fingerprint(const struct batch *b, const json_t *set); /* of what was sent under this mapping; caller frees */

/* split.c: what was refused as a whole is offered again field by field. */
void split_refused(struct batch *b, int side);

/* race.c: edits between our read and our write, told by the record's history. */
struct race {
    json_t *s, *base_s;  /* what we sent stood for, and the shadow before */
    json_t *was, *sent;  /* in the CRM: before our write, and written */
    int64_t since;       /* entries before this moment are older than our read; ms of the service's clock */
};
/* race_found: somebody's value between `was` and ours; new reference, NULL = none. */
json_t *race_found(const struct route *r, const struct map_field *f, const json_t *entries, const struct race *race);
void race_settle(struct batch *b, struct item *it, const struct map_field *f, const struct race *race, json_t *value);
bool race_is_it(const json_t *got, const json_t *sent); /* the same value, as services tidy it */
json_t *race_past(const struct route *r, const struct map_field *f, const json_t *entry); /* a history entry in mapping terms */

/* family.c: objects of a parent. Their keys are "<subject>#<object>-<n>". */
struct kin { /* the newest record of one kind a subject has */
    char *key;
    struct link link;
    bool found;
};
bool family_newest(struct route *r, const struct map_object *o, const char *subject, struct kin *out, struct err *err) MUST_CHECK;
void kin_done(struct kin *k);
/* family_gather finds out whose record it is: who, the link's key, parent, followed. */
bool family_gather(struct batch *b, struct item *it, char **key, struct err *err) MUST_CHECK;
void family_turns(struct batch *b);                   /* one item of a subject at a time */
void family_admit(struct batch *b, struct item *it);  /* before the CRM is asked: paused, waiting, not wanted */
/* family_due: jobs for the children a plan's items would have and have not; the caller frees them. */
bool family_due(struct batch *b, struct job **jobs, size_t *n, struct err *err) MUST_CHECK;
bool family_settle(struct batch *b, struct item *it, struct err *err) MUST_CHECK; /* who must look because of this one */

/* closed.c: records that are over. */
void closed_decide(struct batch *b, struct item *it);
bool closed_reason(const struct link *link); /* was it over when last seen? */

/* tie.c: records whose tie to their parent is not known, or is looked at again. */
void tie_batch(struct batch *b);
void tie_doubt(struct link *link);           /* from here on it is not known */
bool tie_in_doubt(const struct link *link);
void family_parent(struct item *it);         /* family.c: the link knows its parent */

/* settle.c: one transaction for everything the batch did. */
bool settle_batch(struct batch *b, struct err *err) MUST_CHECK;
/* settle_owned: a create that was answered with the id of another link's record is refused, not believed. */
bool settle_owned(struct batch *b, struct item *it, struct result *res, struct err *err) MUST_CHECK;
enum wrote { WROTE_S, WROTE_T, WROTE_BOTH, WROTE_NOTHING }; /* which side was written when a cell came to agree */
void settle_cell(struct item *it, const struct map_field *f, const json_t *s, const json_t *t, int64_t now, enum wrote wrote);
void settle_note(struct item *it, const char *field, const char *side, const json_t *old, const json_t *now,
                 const char *why, const char *policy, int line, const json_t *lost);

/* item.c: small steps several of them share. */
struct sides item_sides(const struct batch *b, struct item *it); /* what is planned from; borrows from the item */
struct patch item_patch(const struct item *it, int side); /* borrows from the item */
bool item_unsaid(const struct cell_plan *c); /* a create leaves this cell, which both sides may write, to the service */
bool item_sent(const struct item *it, int side); /* it is wanted, and not left to a bulk job */
bool item_landed(const struct item *it, const char *field, int side); /* was this field written just now? */
void item_done(struct item *it);
void item_off(struct item *it, enum next next, const char *why);
/* item_fail files an error under its verdict: retry, wait, dead … True when the whole route must stop or wait. */
bool item_fail(struct batch *b, struct item *it, const struct err *err);
/* item_fail_side: the same where it is known which side failed. A source without quota holds up only what needs it. */
bool item_fail_side(struct batch *b, struct item *it, int side, const struct err *err);
#define WHY_SOURCE_WAITS "source waits" /* reason of jobs put off so */
#define WHY_WITHHELD "withheld" /* reason of jobs whose create waits for a plan */
#define WHY_SOURCE_GONE "gone in Inbox" /* reason of links whose source record is gone */
/* route_stop notes why the route stands still (the first reason stays). */
void route_stop(struct route *r, const struct err *err);
