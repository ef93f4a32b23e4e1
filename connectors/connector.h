/* The contract between the engine and a service. A connector speaks one service's dialect and nothing else: it never
 * logs, sleeps, retries, opens sockets, reads clocks, touches the store or knows the other side. Every byte it sends
 * goes through endpoint_call_many() (connectors/endpoint.h).
 *
 * Memory: what a connector fills in belongs to the caller, who frees it with the *_done functions below; what it is given
 * is borrowed for the call. Every verb takes arrays and answers per item. A verb returns false only when the whole call
 * says nothing about any item (err is then filled); item faults go into the items' own err.
 *
 * Values: fields are JSON in the service's own names and natural types: text is a string, numbers are numbers, booleans
 * booleans, dates "YYYY-MM-DD", date-times ISO 8601 UTC, a choice is the option's id, a set is an array of option ids (or
 * texts). JSON null is "the service holds nothing here"; a member that is absent was not told. */
#pragma once
#include "bridge/base/buf.h"
#include "bridge/base/opt.h"
#include "bridge/base/schema.h"
#include <jansson.h>
#include <stdint.h>

struct endpoint;

enum record_state {
    RECORD_LIVE,
    RECORD_ARCHIVED,  /* in the service's bin */
    RECORD_GONE,      /* the service knows no such id */
    RECORD_MERGED,    /* merged into moved_to; fields are the survivor's when known */
    RECORD_CONVERTED, /* became moved_type/moved_to */
};

struct record {
    char *object;     /* object: its native type; told by hook(), where one page may hold several, NULL elsewhere */
    char *id;         /* id in the service; never NULL in an answer */
    char *key;        /* key is the bridge key when the record tells it: "x:<platformId>"; NULL otherwise */
    char *label;      /* label for people: "@ada"; may be NULL */
    enum record_state state;
    char *moved_to, *moved_type;
    char *version;    /* version changes whenever the record does; opaque; may be NULL */
    int64_t modified; /* modified in ms; 0 = not told */
    bool untouched;   /* untouched: nobody has changed it since it was created, as far as its stamps tell */
    int64_t as_of;    /* as_of: the content is at least as new as this moment by the SERVICE's clock (event time; Date header
                         of the answer for reads); ms, 0 = not known */
    json_t *fields;   /* NULL: "look at this one", nothing known */
    json_t *history;  /* only with FETCH_HISTORY: {"field":[{"value":…,"at":ms,"own":bool},…]} newest first, `own` = written
                         by this very integration as far as the service tells; NULL when there is none */
    struct err err;   /* kind ERR_NONE when the item was answered */
};

struct page {
    struct record *items;
    size_t n;
    char *next;     /* next cursor; NULL = unchanged */
    bool more;      /* more pages are ready now */
    int64_t late;   /* late: every change is told, in the order of time but for delays of at most so many ms; 0 = no such order */
    bool gap;       /* gap: changes before this page are lost; a full enumeration must follow */
    bool walk;      /* walk: part of a full enumeration, not of the feed */
    bool relearn;   /* relearn: options (tags, statuses, properties) changed: describe again */
};

/* One write. id NULL = create. */
struct patch {
    const char *object;
    const char *id;
    const char *key_field, *key; /* the bridge key; a create carries it so that it is found, never repeated. On updates
                                    key_field is NULL, and key may be too */
    const char *parent_type, *parent_id; /* the record of the same service this one belongs to; NULL = none. A create makes both
                                    the record and what ties it to its parent, or neither; an update sees to it that they are
                                    tied, once: it looks first, and where nothing is missing it writes nothing */
    const char *trace;           /* idempotency key of the op */
    json_t *set;                 /* field → value in the service's dialect; JSON null clears */
    const char *const *tell;     /* tell: of a new record, fields beside those of set to tell in the result, as far as the service
                                    gave them at its birth and nobody can have changed them since; NULL = none */
    json_t *seen;                /* field → value the writer last saw there (for services that take differences) */
    int64_t unchanged_since;     /* unchanged_since: of an update: a service that can refuses it as STALE where the record was changed
                                    after this moment, as its `modified` says it; ms, 0 = write in any case */
    json_t *known;               /* known: the whole record as the writer knows it before this patch; NULL when it does not */
};

struct result {
    struct err err; /* ERR_NONE = done; UNSURE = may have been done; anything else = certainly not done */
    bool created;         /* created: the record is new; false where the key was found to have one already */
    bool tied;            /* tied: an update found that the record was not tied to its parent, and did it */
    struct record record; /* id, version and the fields read back, when done; with STALE the fields as they are, if told */
};

/* Creates of one object on their way into a bulk job. The caller zeroes it, sets the first three, and frees it with load_done. */
struct load {
    const char *object, *key_field;
    const char *const *fields; /* fields: every field that some patch sets, NULL-terminated; borrowed */
    struct buf text;           /* text: what was taken so far, in the service's own form */
    size_t n;                  /* n creates were taken */
    bool full;                 /* full: no more go into this one */
    char *ticket;              /* ticket: opaque and durable; set by the call that hands the load over */
};

/* What collect() has to say about a ticket. The caller zeroes it, calls until neither `running` nor `more`, frees it with
 * harvest_done. */
struct harvest {
    bool running;         /* running: the service is still at work; ask again later, with a new one */
    struct result *items; /* items: outcomes as of put(), record.key says whose; nothing is read back (no fields) */
    size_t n;
    bool more;            /* more: call again with this same struct for the next items */
    struct err rest;      /* rest: when nothing is left to tell: why the creates no item named were not done; never ERR_NONE then */
    struct buf text;      /* text, at, step, wanted: the connector's own, between two calls */
    size_t at, told, wanted[2];
    int step;
};

/* All records of an object that bear a bridge key, as one job of the service. The caller zeroes it, sets the first three and, to
 * go on, the ticket; frees it with survey_done. */
struct survey {
    const char *object, *key_field;
    const char *const *fields; /* as of fetch(); borrowed */
    bool drop;             /* drop: nobody wants the job of the ticket any more; the service forgets it, if it can */
    char *ticket;          /* ticket: opaque and durable; NULL: the job is to be begun. What was told before it changed is not told
                              again; before, all of it may be, and is the same */
    bool running;          /* running: the service is still at work; ask again later, with a new one */
    struct record *items;  /* items: as of fetch(), as old as the job: as_of is when it was begun. Any may be missing */
    size_t n;
    bool more;             /* more: call again with this same struct for the next items */
    bool over;             /* over: nothing is left to tell, and the service has been told so */
    struct buf text;       /* text, next, at, told, wanted: the connector's own, between two calls */
    char *next;
    size_t at, told, wanted;
};

struct found { /* per value of a find */
    struct record *items;
    size_t n;
    struct err err;
};

struct organisation {
    char *id;    /* id that never changes; pinned in the store */
    char *label;
    char *currency; /* may be NULL */
};

enum connector_caps {
    CAP_FETCH = 1 << 0,    /* fetch reads the service; without it what put() and hook() last said is that side's state */
    CAP_CREATE = 1 << 1,
    CAP_FIND = 1 << 2,     /* find by a unique field is a strong read: absence means absent */
    CAP_FEED = 1 << 3,     /* changes() follows a feed or window */
    CAP_HOOK = 1 << 4,
    CAP_HISTORY = 1 << 5,  /* fetch can tell each field's past values */
    CAP_DESCRIBE = 1 << 6,
    CAP_SETUP = 1 << 7,
    CAP_REPEAT = 1 << 8,   /* a patch put again under the same trace is done once: in doubt it is simply put again */
    CAP_BULK = 1 << 9,     /* many creates can go as one job; from endpoint.bulk_from creates on it is worth it */
    CAP_SURVEY = 1 << 10,  /* many records can be read as one job; from endpoint.survey_from linked ones on it is worth it */
};

enum fetch_flags {
    FETCH_HISTORY = 1 << 0,
    FETCH_FRESH = 1 << 1, /* from the primary, by id: this read confirms a write */
};

struct connector {
    const char *name;  /* name in the configuration file: "hubspot" */
    const char *about; /* one line for people */
    unsigned caps;     /* caps of every endpoint of this kind, unless its open() takes some away: ask endpoint.caps */
    size_t state_size;       /* bytes of private state; the endpoint allocates and zeroes them */
    const struct opt *options; /* table over the private state; parsed before open */
    const char *const *objects; /* native object names, NULL-terminated; none: any, and no feed of any */

    /* open: called once before anything else, on a zeroed state with the options read; sets up the endpoint (base URL,
     * buckets, token). No network. */
    bool (*open)(struct endpoint *ep, struct err *err);
    /* close: frees what open and later calls put into the state. Must accept a half-opened state. */
    void (*close)(struct endpoint *ep);
    /* probe: one cheap authenticated call. */
    bool (*probe)(struct endpoint *ep, struct organisation *out, struct err *err);
    /* describe: the fields of an object. May be cached by the caller, never by the connector. */
    bool (*describe)(struct endpoint *ep, const char *object, struct schema *out, struct err *err);
    /* setup: which of `wanted` (fields with type, unique, options) is missing. Texts for people go into *missing (JSON array
     * of {"field","what","done":bool,"manual":text?}; new reference); with apply it creates what it can. */
    bool (*setup)(struct endpoint *ep, const struct schema *wanted, bool apply, json_t **missing, struct err *err);
    /* changes: one page after the cursor. `fields` (NULL-terminated) are the native fields wanted in items. A NULL cursor
     * starts a full enumeration, whose last page carries a `next` from which the feed goes on without a gap. May repeat,
     * must not skip. */
    bool (*changes)(struct endpoint *ep, const char *object, const char *const *fields, const char *cursor,
                    struct page *out, struct err *err);
    /* hook: verifies an incoming request and turns it into a page whose records name their object and say "look at this one"
     * (no fields), or carry content of the event's time as those of changes() do; a page without any still says that there
     * is news. Headers are {"name":"value"} in any case, url is path and query as received. No network; called on other
     * threads than the other verbs, so it only reads what open() set. AUTH: signature missing, wrong or stale; REJECT:
     * signed, but not understood; CONFIG: no secret to check it with. */
    bool (*hook)(struct endpoint *ep, const char *method, const char *url, const json_t *headers, const char *body,
                 size_t body_n, int64_t now, struct page *out, struct err *err);
    /* find: records whose field equals values[i], into out[i]. On a unique field it is a strong read. */
    bool (*find)(struct endpoint *ep, const char *object, const char *field, const char *const *values, size_t n,
                 const char *const *fields, struct found *out, struct err *err);
    /* fetch: ids[i] into out[i]. */
    bool (*fetch)(struct endpoint *ep, const char *object, const char *const *ids, size_t n, const char *const *fields,
                  unsigned flags, struct record *out, struct err *err);
    /* put: patches[i] into out[i]. The same record never appears twice in one call. An empty `set` on an update makes no
     * call and answers done without a record; with a parent, only what it takes to tie the two. */
    bool (*put)(struct endpoint *ep, const struct patch *patches, size_t n, struct result *out, struct err *err);
    /* load: with patches (creates without a parent) it adds them to l, without network; out[i].err says what became of each:
     * ERR_NONE taken, ERR_TEMP l is full, anything else: put() has to do it. With n = 0 it hands everything over and sets
     * l->ticket. Nothing takes effect before the first collect() of that ticket, so a load whose answer was lost is simply
     * made again. */
    bool (*load)(struct endpoint *ep, const struct patch *patches, size_t n, struct load *l, struct result *out, struct err *err);
    /* collect: sets the job of a ticket going if nobody has yet, and tells what became of it: see struct harvest. May be asked
     * from the beginning again, and tells the same. GONE: the service knows no such job (any more), so nobody can say. */
    bool (*collect)(struct endpoint *ep, const char *ticket, struct harvest *h, struct err *err);
    /* survey: begins a job that reads, or tells the next of what one has read: see struct survey. TEMP, RATE: ask again with the
     * same ticket; anything else: this way does not lead there, and what was not told has to be fetched. */
    bool (*survey)(struct endpoint *ep, struct survey *s, struct err *err);
};

/* Shared answers for what a service cannot do: CONFIG "hubspot cannot …". Connectors name them; nothing is ever NULL. */
bool connector_no_setup(struct endpoint *, const struct schema *, bool, json_t **, struct err *);
bool connector_no_hook(struct endpoint *, const char *, const char *, const json_t *, const char *, size_t, int64_t,
                       struct page *, struct err *);
bool connector_no_find(struct endpoint *, const char *, const char *, const char *const *, size_t, const char *const *,
                       struct found *, struct err *);

bool connector_no_load(struct endpoint *, const struct patch *, size_t, struct load *, struct result *, struct err *);
bool connector_no_collect(struct endpoint *, const char *, struct harvest *, struct err *);
bool connector_no_survey(struct endpoint *, struct survey *, struct err *);

/* Spellings several services share, as the contract's values; new references. */
json_t *connector_choices(const char *text);         /* "b;a": a set, sorted; empty text: the empty set */
json_t *connector_moment(int64_t ms, bool only_day); /* a date-time, or its date in UTC */

void record_copy(struct record *to, const struct record *from); /* deep; fields are shared references */
void record_done(struct record *r);
void page_done(struct page *p);
void result_done(struct result *r);
void found_done(struct found *f);
void load_done(struct load *l);
void harvest_clear(struct harvest *h); /* frees the items alone */
void harvest_done(struct harvest *h);
void survey_clear(struct survey *s); /* frees the items alone */
void survey_done(struct survey *s);  /* with the ticket */
void organisation_done(struct organisation *o);
