/* The one file: links, cells, jobs, ops, holds, cursors and the change log. This header speaks of those, never of SQL,
 * so that another database can stand behind it.
 *
 * Every verb reads or writes inside the caller's transaction when there is one, else in one of its own. One process per
 * store (lock); inside it, threads take turns: store_begin takes the store's lock, commit or rollback gives it back.
 * Failures are ERR_STORE, with what was done, on which file, what to do about it, and the database's own words; after one,
 * the transaction around it can only be rolled back. REJECT (a rule of uniqueness) and STALE (an update of a row that was
 * deleted meanwhile) undo only the verb. Ids given inside a transaction that is rolled back are void. Texts and JSON handed
 * out are the caller's; out-parameters are untouched on failure and, but for *found, when nothing was found. Text ids are
 * opaque. Times are ms. */
#pragma once
#include "bridge/io/env.h"
#include "bridge/io/limiter.h"
#include "bridge/io/seal.h"
#include <jansson.h>

struct store;

/* store_open makes the file (mode 0600, WAL) or migrates an older schema; refuses a newer one, a damaged one, one that is
 * not ours, and one another process holds, each with a sentence that says what to do. env gives the clock and the power
 * switch: each commit touches it. key seals secrets (NULL: store_secret_* refuse). */
struct store *store_open(const char *path, struct env *env, const struct seal_key *key, struct err *err) MUST_CHECK;
/* store_look opens the file for reading only, beside the process that holds it if there is one: no lock is taken, nothing is
 * made or migrated, every verb that writes fails. Refuses a file that is not there or has another schema. */
struct store *store_look(const char *path, struct env *env, const struct seal_key *key, struct err *err) MUST_CHECK;
void store_close(struct store *st); /* accepts NULL; rolls back */
/* store_relax: no fsync from now on; only for simulations, whose power cuts are simulated too. */
void store_relax(struct store *st);

bool store_begin(struct store *st, struct err *err) MUST_CHECK;
/* store_commit: the rows survive a power cut the moment it returns true. One wait for the disk, however many rows; none, and
 * no touch, when nothing was changed. When it fails nothing is kept, but for "the power is out" after the touch that follows
 * the commit. Either way the transaction is over. */
bool store_commit(struct store *st, struct err *err) MUST_CHECK;
void store_rollback(struct store *st); /* no-op outside a transaction of this thread */

/* struct store_tx rolls back at the closing brace unless committed:  STORE_TX(tx, st); if (!store_begin(st, err)) … */
static inline void store_tx_end(struct store **st)
{
    store_rollback(*st);
}
#define STORE_TX(name, st) __attribute__((cleanup(store_tx_end), unused)) struct store *name = (st)

/* ---- meta: small named texts (pinned organisation ids, plan approvals, limiter counters) ---- */
bool store_meta_get(struct store *st, const char *name, char **out, struct err *err) MUST_CHECK; /* *out NULL: none */
bool store_meta_set(struct store *st, const char *name, const char *text_or_null, struct err *err) MUST_CHECK;
bool store_secret_get(struct store *st, const char *name, char **plain, struct err *err) MUST_CHECK;
bool store_secret_set(struct store *st, const char *name, const char *plain, struct err *err) MUST_CHECK; /* durable */

/* ---- cursors: where a stream (endpoint, name) stands; opaque text ---- */
bool store_cursor_get(struct store *st, const char *endpoint, const char *stream, char **out, struct err *err) MUST_CHECK;
bool store_cursor_set(struct store *st, const char *endpoint, const char *stream, const char *cursor, struct err *err) MUST_CHECK;

/* ---- terms: pinned labels of by-label options (endpoint, field, id) ---- */
struct term {
    char *id, *label; /* label as mapping files name it; never changed by a rename in the service */
    char *now;        /* what the service calls it now */
    bool gone;        /* the service no longer lists it */
};
bool store_term_put(struct store *st, const char *endpoint, const char *field, const struct term *term, struct err *err) MUST_CHECK;
bool store_terms(struct store *st, const char *endpoint, const char *field, struct term **out, size_t *n, struct err *err) MUST_CHECK;
void terms_free(struct term *terms, size_t n);

/* ---- subjects: what a source record was when last seen (projection to the mapped fields) ---- */
struct subject {
    char *object;   /* native object of the source endpoint: "prospect" */
    char *key;      /* bridge key, unique per endpoint and object */
    char *id;       /* the source's id; may be NULL (not imported yet) */
    char *label;    /* "@ada" */
    json_t *fields; /* NULL: never seen */
    json_t *changed; /* {"field":[from,to]}: its last change lies between these moments of the service's clock, ms; NULL = none seen */
    int64_t as_of;  /* see struct record */
    bool stale;     /* must be read by id before it is believed */
    int64_t scan;   /* number of the last scan that saw it */
    int64_t missed_at; /* first time a read by id said it is gone; 0 = it is there */
};
void subject_done(struct subject *s);
bool store_subject_get(struct store *st, const char *endpoint, const char *object, const char *key, struct subject *out, bool *found, struct err *err) MUST_CHECK;
bool store_subject_by_id(struct store *st, const char *endpoint, const char *object, const char *id, struct subject *out, bool *found, struct err *err) MUST_CHECK;
bool store_subject_find(struct store *st, const char *endpoint, const char *words, struct subject *out, bool *found, struct err *err) MUST_CHECK; /* by key, id, label with or without @, any case */
bool store_subject_put(struct store *st, const char *endpoint, const struct subject *s, struct err *err) MUST_CHECK;
bool store_subject_count(struct store *st, const char *endpoint, int64_t *out, struct err *err) MUST_CHECK;
bool store_subjects_stale(struct store *st, const char *endpoint, int64_t *out, struct err *err) MUST_CHECK; /* how many must be read by id */
/* The next subjects after key (NULL: from the start), in key order, at most max; for scans. *n = 0 at the end. */
bool store_subjects_after(struct store *st, const char *endpoint, const char *object, const char *key, size_t max, struct subject **out, size_t *n, struct err *err) MUST_CHECK;
void subjects_free(struct subject *s, size_t n);

/* ---- links and their cells ---- */
enum link_state {
    LINK_LINKED,
    LINK_CREATING,  /* an op to create it is open */
    LINK_AMBIGUOUS, /* several records match: a person chooses (a hold without field says which) */
    LINK_PAUSED,    /* left the filter, or a person paused it */
    LINK_DETACHED,  /* the CRM record was archived or is gone */
    LINK_TOMBSTONE, /* must not come back by itself */
};
const char *link_state_name(enum link_state s);

struct link {
    int64_t id;       /* 0 = new: store_link_put gives it one */
    char *route;
    char *object;     /* mapping object: "prospect" */
    char *key;        /* bridge key of the subject; UNIQUE(route, object, key) */
    char *t_type, *t_id; /* UNIQUE(route, t_type, t_id) among primaries; t_id NULL until linked */
    enum link_state state;
    char *reason;     /* why it is in that state; may be NULL */
    bool secondary;   /* another link owns the fields of this CRM record (after a merge) */
    char *t_version;
    json_t *cells;    /* {"field":{"s":…,"t":…,"n":flips,"m":turns,"at":ms}}: both shadows; absent = never agreed */
    int64_t parent;   /* link of the parent object; 0 = none */
    int64_t touched;  /* newest state of the CRM record known, ms of the CRM's own clock; what is older is a stale replica; 0 = not known */
    int64_t behind;   /* since when the CRM has told an older state than that; ms, 0 = it does not */
};
void link_done(struct link *l);
void links_free(struct link *l, size_t n);
bool store_link_get(struct store *st, const char *route, const char *object, const char *key, struct link *out, bool *found, struct err *err) MUST_CHECK;
bool store_link_by_id(struct store *st, int64_t id, struct link *out, bool *found, struct err *err) MUST_CHECK;
bool store_link_by_target(struct store *st, const char *route, const char *t_type, const char *t_id, struct link *out, bool *found, struct err *err) MUST_CHECK; /* primary first */
bool store_link_put(struct store *st, struct link *l, struct err *err) MUST_CHECK; /* insert, or update all but route, object, key; REJECT when the target has a primary already */
bool store_link_delete(struct store *st, int64_t id, struct err *err) MUST_CHECK; /* with its ops and holds; the log stays */
bool store_links_after(struct store *st, const char *route, int64_t after_id, size_t max, struct link **out, size_t *n, struct err *err) MUST_CHECK;
/* The links of all objects whose keys begin with `front`: "x:123#" gives what hangs below a person. */
bool store_links_below(struct store *st, const char *route, const char *front, int64_t after_id, size_t max, struct link **out, size_t *n, struct err *err) MUST_CHECK;
bool store_link_counts(struct store *st, const char *route, int64_t by_state[8], struct err *err) MUST_CHECK;

/* ---- jobs: durable dirty marks, one per (route, object, key) ---- */
struct job {
    int64_t id;
    char *object, *key;
    int lane;         /* enum lane; a second mark keeps the more urgent one */
    int attempts;
    int64_t due;      /* a second mark keeps the earlier one */
    int64_t mark;     /* grows with every mark: a job is done only if nobody marked it since it was claimed */
    char *why;        /* "event", "scan", "crm", "retry", … the latest */
};
void jobs_free(struct job *jobs, size_t n);
/* A second mark replaces the reason too, but for "risky", which stays until the job is put back or finished. */
bool store_job_mark(struct store *st, const char *route, const char *object, const char *key, int lane, int64_t due, const char *why, struct err *err) MUST_CHECK;
/* Due jobs of the route at `now`, most urgent lane first, oldest first, at most max; those whose reason is "risky" after all
 * others, those whose reason is one of but[2] (but NULL, or members NULL: none) not at all, nor those of lanes
 * from `lanes` on (LANES: of all) that are not risky. Claiming is not durable: after a crash they are simply due again. */
bool store_jobs_due(struct store *st, const char *route, int64_t now, int lanes, const char *const but[2], size_t max, struct job **out, size_t *n, struct err *err) MUST_CHECK;
bool store_job_finish(struct store *st, const struct job *job, struct err *err) MUST_CHECK;            /* deletes it unless marked since; then attempts := 0 */
/* store_job_again: due at `due` for that reason; marked meanwhile: at the earlier of the two times, for the mark's reason. */
bool store_job_again(struct store *st, const struct job *job, int64_t due, const char *why, bool count_attempt, struct err *err) MUST_CHECK;
bool store_jobs_count(struct store *st, const char *route, int64_t *total, int64_t *next_due, struct err *err) MUST_CHECK; /* next_due: of a job or a bulk job; WHEN_NEVER when none */
bool store_jobs_lanes(struct store *st, const char *route, int64_t by_lane[LANES], struct err *err) MUST_CHECK; /* how many wait in each */
bool store_jobs_delay(struct store *st, const char *route, int64_t until, struct err *err) MUST_CHECK; /* nothing of the route before */

/* ---- ops: durable write intents ---- */
enum op_state { OP_OPEN, OP_DEAD };
struct op {
    int64_t id;      /* 0 = new */
    int64_t link;
    char *route;
    int side;        /* 0 Inbox, 1 CRM */
    char *kind;      /* "create", "update" */
    char *trace;     /* idempotency key, unique */
    json_t *payload; /* the engine's: cells with what was decided, what is sent, what was there */
    enum op_state state;
    int attempts;
    int64_t created, run;
    char *error;     /* the service's words when dead */
    char *revive;    /* hash of record and mapping: a dead op is revived when it changes */
    int64_t bulk;    /* bulk: the bulk job it rides in, or rode in until the job said done; 0 = none */
};
void op_done(struct op *op);
void ops_free(struct op *ops, size_t n);
bool store_op_put(struct store *st, struct op *op, struct err *err) MUST_CHECK; /* insert (gives id), or update payload, state, attempts, run, error, revive, bulk */
bool store_op_delete(struct store *st, int64_t id, struct err *err) MUST_CHECK;
bool store_ops_of(struct store *st, int64_t link, struct op **out, size_t *n, struct err *err) MUST_CHECK; /* open and dead, oldest first */
bool store_ops_dead(struct store *st, const char *route, int64_t after_id, size_t max, struct op **out, size_t *n, struct err *err) MUST_CHECK;
bool store_ops_bulk(struct store *st, int64_t bulk, int64_t after_id, size_t max, struct op **out, size_t *n, struct err *err) MUST_CHECK; /* in the order of ids */
bool store_ops_counts(struct store *st, const char *route, int64_t *open, int64_t *dead, struct err *err) MUST_CHECK;

/* ---- bulk jobs: ops that go to a service together, and come back when it says what became of them; and jobs that read ---- */
enum bulk_kind {
    BULK_INGEST, /* creates */
    BULK_QUERY,  /* reads the records of an object for a comparison */
};
struct bulk {
    int64_t id;     /* 0 = new */
    char *route;
    char *object;   /* object of the mapping */
    enum bulk_kind kind; /* kind is given by the insert, and stays */
    char *ticket;   /* ticket of the service's job; NULL while ops are still gathered, or before a query is begun */
    int64_t due;    /* due: when it wants looking at, ms */
    int attempts;   /* attempts since the last step forward */
    int64_t rows;   /* rows: ops gathered; records of linked ones read */
    int64_t begun;  /* begun: ms; given by the insert, and stays; 0 = by an older program */
    bool over;      /* over: a query that has nothing more to tell; its records are kept until it is deleted */
    char *error;    /* error: why a query was given up; NULL = it was not */
};
void bulk_done(struct bulk *b);
void bulks_free(struct bulk *b, size_t n);
bool store_bulk_put(struct store *st, struct bulk *b, struct err *err) MUST_CHECK; /* insert (gives id), or update ticket, due, attempts, rows, over, error */
bool store_bulk_delete(struct store *st, int64_t id, struct err *err) MUST_CHECK; /* its ops stay */
bool store_bulks(struct store *st, const char *route, struct bulk **out, size_t *n, struct err *err) MUST_CHECK; /* the soonest due first */
bool store_bulk_move(struct store *st, int64_t from, int64_t after_op, int64_t to, struct err *err) MUST_CHECK; /* ops with larger ids change over */
/* store_bulk_due: jobs of the object due at `now` in that lane or a less urgent one whose subject has no record yet; counts
 * to `most` at most. */
bool store_bulk_due(struct store *st, const char *route, const char *object, int lane, int64_t now, int64_t most, int64_t *out, struct err *err) MUST_CHECK;

/* What a query told, one record for each link: {"id","modified","as_of","fields"}. A later one takes the place of the earlier. */
bool store_seen_put(struct store *st, int64_t link, int64_t bulk, const json_t *record, struct err *err) MUST_CHECK;
bool store_seen_get(struct store *st, int64_t link, json_t **record, struct err *err) MUST_CHECK; /* new reference; NULL: none was told */
bool store_seen_drop(struct store *st, int64_t link, struct err *err) MUST_CHECK;
bool store_seen_clear(struct store *st, int64_t bulk, size_t max, size_t *n, struct err *err) MUST_CHECK; /* at most max; *n: how many went */
/* store_links_many counts the linked ones of an object with a record of that type, to `most` at most. */
bool store_links_many(struct store *st, const char *route, const char *object, const char *t_type, int64_t most, int64_t *out, struct err *err) MUST_CHECK;

/* ---- holds: cells (or whole links: field NULL) waiting for a person ---- */
struct hold {
    int64_t id;
    int64_t link;
    char *route;
    char *field;   /* NULL: the link itself */
    char *why;     /* "conflict", "flapping", "unknown outcome", "ambiguous", "currency", … */
    json_t *about; /* {"s":…,"t":…,"base_s":…,"base_t":…} or {"candidates":[…]} */
    int64_t opened;
    char *choice;  /* NULL until resolved: "inbox", "crm", "value", or a record id for ambiguous links */
    json_t *value; /* with choice "value" */
};
void hold_done(struct hold *h);
void holds_free(struct hold *h, size_t n);
bool store_hold_put(struct store *st, struct hold *h, struct err *err) MUST_CHECK; /* one per (link, field): opened stays, the rest is renewed, a choice too; gives id */
bool store_hold_delete(struct store *st, int64_t id, struct err *err) MUST_CHECK;
bool store_hold_by_id(struct store *st, int64_t id, struct hold *out, bool *found, struct err *err) MUST_CHECK;
bool store_holds_of(struct store *st, int64_t link, struct hold **out, size_t *n, struct err *err) MUST_CHECK;
bool store_holds(struct store *st, const char *route, int64_t after_id, size_t max, struct hold **out, size_t *n, struct err *err) MUST_CHECK;
bool store_holds_count(struct store *st, const char *route, int64_t *out, struct err *err) MUST_CHECK; /* without a choice yet */

/* ---- deliveries: what webhooks brought and nobody has made jobs of yet ---- */
struct store_delivery {
    int64_t id, at; /* at: when it came, ms */
    char *text;     /* text is the caller's */
};
void store_deliveries_free(struct store_delivery *d, size_t n);
bool store_delivery_add(struct store *st, const char *endpoint, int64_t at, const char *text, struct err *err) MUST_CHECK;
bool store_delivery_delete(struct store *st, int64_t id, struct err *err) MUST_CHECK;
bool store_deliveries(struct store *st, const char *endpoint, size_t max, struct store_delivery **out, size_t *n, struct err *err) MUST_CHECK; /* oldest first */
bool store_deliveries_count(struct store *st, const char *endpoint, int64_t *out, struct err *err) MUST_CHECK;

/* ---- runs and the change log (append only) ---- */
bool store_run_start(struct store *st, const char *route, const char *kind, int64_t *run, struct err *err) MUST_CHECK;
bool store_run_end(struct store *st, int64_t run, const json_t *counts, struct err *err) MUST_CHECK;
struct run {
    int64_t id;
    char *route, *kind; /* kind: "sync", "full", "undo", … */
    int64_t started, ended; /* ended: 0 = it was cut off, or goes on */
};
void run_done(struct run *run);
bool store_run_get(struct store *st, int64_t id, struct run *out, bool *found, struct err *err) MUST_CHECK;

/* One settled record: cells is {"field":{"side":"crm|inbox|both|none","old":…,"new":…,"why":"…","policy":"…","line":n,
 * "s":shadow after,"t":shadow after, "lost":…}}; with side "both" old and new are the CRM's, "old_inbox" is the other. Members "s" and "t" are there whenever the shadows moved, so that replaying
 * the log gives the cells bit for bit; null members drop the cell. */
struct log_row {
    int64_t seq, at, run, link;
    char *event; /* "linked", "synced", "detached", "remapped", "held", "resolved", … */
    json_t *cells;
};
void log_rows_free(struct log_row *rows, size_t n);
bool store_log_add(struct store *st, int64_t run, int64_t link, const char *event, const json_t *cells, struct err *err) MUST_CHECK;
bool store_log_of(struct store *st, int64_t link, int64_t after_seq, size_t max, struct log_row **out, size_t *n, struct err *err) MUST_CHECK; /* link 0: all */
bool store_log_run(struct store *st, int64_t run, int64_t after_seq, size_t max, struct log_row **out, size_t *n, struct err *err) MUST_CHECK;

/* ---- keeping house ---- */
struct pruned {
    int64_t log, runs, subjects;
};
/* store_prune deletes what is finished and older than `before`: rows of the change log, but for the newest that tells a cell's
 * shadows, so that replaying still gives the cells; ended runs nobody refers to; source records gone since and never linked. */
bool store_prune(struct store *st, int64_t before, struct pruned *out, struct err *err) MUST_CHECK;
/* store_forget deletes everything known under the bridge key, on every route and endpoint: links (with those whose parent they
 * are), cells, records, jobs, ops, holds, log rows. What stays is a digest of the key under the seal key, for store_forgotten.
 * Needs a seal key. The bytes are gone from the file after store_compact. *rows: how many went. */
bool store_forget(struct store *st, const char *key, int64_t *rows, struct err *err) MUST_CHECK;
bool store_forgotten(struct store *st, const char *key, bool *yes, struct err *err) MUST_CHECK;
bool store_forgive(struct store *st, const char *key, bool *was, struct err *err) MUST_CHECK; /* store_forgive lets the key in again */
/* store_compact rewrites the file without what was deleted and empties its write-ahead log. Outside transactions only. */
bool store_compact(struct store *st, struct err *err) MUST_CHECK;
/* store_backup copies the store at `path` into the new file `to` (mode 0600), also while another process works on it, and looks
 * at every page of the copy. REJECT when `to` exists. Needs no open store. */
bool store_backup(const char *path, const char *to, struct err *err) MUST_CHECK;

/* ---- small additions for the engine ---- */
bool store_jobs_why(struct store *st, const char *route, const char *why, int64_t *count, struct err *err) MUST_CHECK; /* jobs with that reason */
bool store_jobs_hasten(struct store *st, const char *route, int64_t beyond, struct err *err) MUST_CHECK; /* jobs and bulk jobs of later than that are due now */
bool store_jobs_wake(struct store *st, const char *route, const char *why, struct err *err) MUST_CHECK; /* jobs with that reason (NULL: all) are due now */
bool store_job_get(struct store *st, const char *route, const char *object, const char *key, struct job *out, bool *found, struct err *err) MUST_CHECK; /* free with job_done */
void job_done(struct job *job);
