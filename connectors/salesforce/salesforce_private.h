/* What the files of this connector share. */
#pragma once
#include "bridge/base/buf.h"
#include "connectors/endpoint.h"
#include "connectors/salesforce/salesforce.h"

#define SALESFORCE_ROWS 200  /* records of a collections call */
#define SALESFORCE_PAGE 2000 /* rows of a query */
#define SALESFORCE_QUERY_MAX                                                                                           \
    12000 /* bytes of a query in an address, as it is sent; the service's own limit lies at 16 KiB with all headers */
#define SALESFORCE_MODIFIED "SystemModstamp"
#define SALESFORCE_UNDER_WAY_MS (10 * INT64_C(60000)) /* no transaction runs longer */
#define SALESFORCE_CREATED "CreatedDate"
#define SALESFORCE_MAKER "CreatedById"
#define SALESFORCE_LAST_HAND "LastModifiedById"
#define SALESFORCE_ADDRESS "record_url" /* a field of our own: where people see the record */

/* The objects the connector holds, and where they differ. A new one is a line in salesforce_object.c. */
struct salesforce_object {
    const char *name;
    const char *prefix;      /* what its ids begin with: an id says itself what it is */
    const char *defined_on;  /* where its custom fields are defined */
    const char *required[4]; /* fields a record cannot be without; a filler stands there when there is nothing to say */
    const char *becomes;     /* becomes: what a converted one turns into; NULL = is never converted */
    const char *moved_by;    /* moved_by: the field that names the record it was converted to */
    bool merges;
    bool archives;           /* archives: old ones leave every query but those over everything */
    const char *parents[3];  /* objects its records may belong to; none: it is nobody's child */
    const char *belongs_by;  /* belongs_by: the field of a new record that names its parent */
};

enum salesforce_duplicates { SALESFORCE_HOLD, SALESFORCE_LINK, SALESFORCE_ALLOW };

struct salesforce {
    char *token, *base_url, *login_url, *client_id, *client_secret, *refresh_token, *private_key, *username, *audience;
    char *version, *filler, *close_date, *task_status, *currency;
    int64_t session, daily, bulk;
    double fill;
    int duplicates;
    bool auto_assign;
    bool contact_at_birth; /* a new opportunity may name its contact, as the description says */
    char *home; /* home: the organisation's address, as the last description was answered from; NULL before */
    struct schema known[8]; /* field types per object, as last described */
    size_t n_known;
};

static inline struct salesforce *salesforce_of(struct endpoint *ep)
{
    return ep->state;
}

/* salesforce_object.c */
const struct salesforce_object *salesforce_object_of(const char *name);  /* NULL: not one of ours */
const struct salesforce_object *salesforce_object_at(size_t i);          /* NULL past the last */
const struct salesforce_object *salesforce_object_by_id(const char *id); /* by the id's prefix; NULL */
bool salesforce_requires(const struct salesforce_object *o, const char *field);
bool salesforce_belongs(const struct salesforce_object *o, const char *parent_type);
bool salesforce_is_id(const char *id);                 /* 15 or 18 letters and digits */
const char *salesforce_required(const struct salesforce_object *o, size_t i); /* NULL past the last */
bool salesforce_same_id(const char *a, const char *b); /* 15 and 18 characters may name one record; NULLs never do */

/* salesforce_error.c: Salesforce's words for what went wrong, as kinds. */
enum err_kind salesforce_kind(const char *code, const char *message, enum err_kind otherwise);
void salesforce_row_error(struct endpoint *ep, const json_t *row,
                          struct err *err); /* of a collections row that failed */
void salesforce_judge(struct endpoint *ep, const struct http_answer *a, bool writes, struct err *err);
void salesforce_heed(struct endpoint *ep, unsigned bucket, const struct http_answer *a);
bool salesforce_incurable(const struct http_answer *a);
const char *salesforce_code(const json_t *error); /* errorCode or statusCode; "" */

/* salesforce_call.c: paths, queries, and answers that must be lists. */
void salesforce_call(struct endpoint *ep, struct call *c, const char *method,
                     const char *tail);                                                 /* tail: "/sobjects/Lead" */
void salesforce_query(struct endpoint *ep, struct call *c, const char *soql, bool all); /* all: deleted rows too */
/* salesforce_pages asks, and hands every page of records to take(), however short the service makes them. */
bool salesforce_pages(struct endpoint *ep, const char *soql, void (*take)(void *self, const json_t *rows), void *self,
                      struct err *err) MUST_CHECK;
const json_t *salesforce_rows(struct call *c);          /* a query's records; NULL with c->err */
const json_t *salesforce_listed(struct call *c);        /* an answer that is an array; NULL with c->err */
void salesforce_quote(struct buf *b, const char *text); /* 'it\'s' */
/* salesforce_in: adds "field IN ('a','b',…)" of as many values as fit into a query; how many (≥ 1). */
size_t salesforce_in(struct buf *b, const char *field, const char *const *values, size_t n);

/* salesforce_value.c: Salesforce's JSON as the contract's, and back. */
json_t *salesforce_typed(struct endpoint *ep, const struct schema *types, const char *name, const json_t *raw);
json_t *salesforce_raw(const json_t *value);
/* salesforce_filler: what stands in that required field when there is nothing to say; NULL = nothing reads as blank there. */
const char *salesforce_filler(struct endpoint *ep, const char *field);
/* salesforce_record reads a row; fields (NULL = all there are) are those to tell. False when the row has no id. */
bool salesforce_record(struct endpoint *ep, const struct schema *types, const json_t *row, int64_t as_of,
                       const char *const *fields, struct record *out);

/* salesforce_describe.c */
const struct schema *salesforce_types(struct endpoint *ep, const char *object,
                                      struct err *err); /* learnt once; NULL with err */
void salesforce_forget(struct endpoint *ep, const char *object);
/* salesforce_stage.c: `description` of opportunities and what other resources say of stages, as options of the schema. */
bool salesforce_stages(struct endpoint *ep, const json_t *description, struct schema *out, struct err *err);
const char *salesforce_first_stage(struct endpoint *ep); /* where opportunities begin; NULL = not known */
bool salesforce_describe(struct endpoint *, const char *, struct schema *, struct err *);

/* salesforce_owner.c: users and queues become options of OwnerId. */
bool salesforce_owners(struct endpoint *ep, struct schema *out, struct err *err) MUST_CHECK;

/* salesforce_read.c, salesforce_lost.c */
/* salesforce_read fills out[i] for ids[i], all of one object; those that are not there are GONE. fields NULL = all. */
void salesforce_read(struct endpoint *ep, const struct schema *types, const char *const *ids, size_t n,
                     const char *const *fields, struct record *out);
/* salesforce_lost finds out what became of records that are GONE: in the bin, merged, archived, or not known. */
void salesforce_lost(struct endpoint *ep, const struct schema *types, const char *const *ids, size_t n,
                     const char *const *fields, struct record *out);
/* salesforce_names: the fields to ask for: wanted (NULL = all) as far as there are such, and what every read needs. */
json_t *salesforce_names(const struct schema *types, const char *const *fields);
bool salesforce_fetch(struct endpoint *, const char *, const char *const *, size_t, const char *const *, unsigned,
                      struct record *, struct err *);
bool salesforce_find(struct endpoint *, const char *, const char *, const char *const *, size_t, const char *const *,
                     struct found *, struct err *);

/* salesforce_changes.c */
bool salesforce_changes(struct endpoint *, const char *, const char *const *, const char *, struct page *,
                        struct err *);

/* salesforce_put.c, salesforce_duplicate.c */
bool salesforce_put(struct endpoint *, const struct patch *, size_t, struct result *, struct err *);
void salesforce_write_headers(struct endpoint *ep, struct call *c);
/* salesforce_link gives the one record a duplicate rule names the bridge key of the patch, and says STALE so that the
 * engine finds it; anything else is a refusal in words. */
void salesforce_link(struct endpoint *ep, const struct patch *p, const json_t *body, struct err *err);

/* salesforce_load.c, salesforce_collect.c: many creates as one Bulk 2.0 job. */
bool salesforce_load(struct endpoint *, const struct patch *, size_t, struct load *, struct result *, struct err *);
bool salesforce_collect(struct endpoint *, const char *, struct harvest *, struct err *);

/* salesforce_results.c: the CSV of a finished job, some rows at a time. */
enum salesforce_list { SALESFORCE_DONE, SALESFORCE_FAILED };
/* salesforce_results fills the items from h->text on from h->at, at most SALESFORCE_ROWS; *end when it is at the end. TEMP for a
 * list that is cut short or is none. */
bool salesforce_results(struct endpoint *ep, enum salesforce_list list, const char *key_field, struct harvest *h, bool *end,
                        struct err *err);

/* salesforce_survey.c, salesforce_page.c: many records read as one Bulk 2.0 query. */
bool salesforce_survey(struct endpoint *, struct survey *, struct err *);
/* salesforce_page_rows reads the next records of s->text on from s->at, at most SALESFORCE_ROWS, all as old as as_of; *end at the
 * end of it. TEMP for a page that cannot be read. */
bool salesforce_page_rows(struct endpoint *ep, const struct schema *types, int64_t as_of, struct survey *s, bool *end, struct err *err);

/* salesforce_setup.c */
bool salesforce_setup(struct endpoint *, const struct schema *, bool, json_t **, struct err *);
