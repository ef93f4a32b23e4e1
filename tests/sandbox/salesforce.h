/* What the files of the Salesforce imitation share. Private to it. */
#pragma once
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/sandbox/sandbox.h"
#include <string.h>

#define SF_ID 19 /* 18 characters and NUL */
#define SF_TYPES_MOST 24
#define SF_STAMP 32 /* "2026-01-02T03:04:05.000+0000" */
#define SF_VERSION_OLDEST 31
#define SF_VERSION_NEWEST 67
#define SF_ROWS_MOST 200
#define SF_MINUTE ((int64_t)60000)
#define SF_HOUR ((int64_t)3600000)
#define SF_DAY ((int64_t)86400000)

struct sf_field {
    char name[80], label[80], type[24], relationship[80]; /* type: as describe says it; relationship: "Owner" or "" */
    char to[2][24];                                       /* referenceTo */
    int length, precision, scale;
    bool nillable, createable, updateable, defaulted, external, unique, cased, restricted, custom, id_lookup;
    bool granted;          /* without it a field is seen only through a permission set */
    bool read, edit;       /* what the integration user may, kept by sf_permissions() */
    bool no_read, no_edit; /* taken away by a person */
    int64_t since;         /* when describe begins to show it */
    json_t *values;        /* values: [{active,defaultValue,label,value,validFor}]; NULL */
};

struct sf_row {
    char id[SF_ID];
    json_t *values; /* field → value as JSON; absent = null. Never changed in place: sf_put() replaces it */
    json_t *before; /* before: values before the last change; NULL = the row was not there */
    int64_t changed, commits_at, deleted_at;
    bool deleted, purged;
};

struct sf_type {
    const char *name, *label, *prefix;
    const char *entity;          /* where its custom fields are defined: "Activity" for Task */
    bool api, writable, tooling; /* api: under /sobjects; tooling: under /tooling */
    struct sf_field **fields;
    size_t n_fields;
    struct sf_row **rows; /* in order of ids, which have no gaps */
    size_t n;
    json_t *unique; /* field → {value → index of the row} */
};

struct sf_undo {
    struct sf_type *type;
    struct sf_row *row;
    struct sf_row was;
    bool created;
};

struct sf {
    struct sandbox_service base;
    struct sf_type types[SF_TYPES_MOST];
    size_t n_types;
    json_t *manners, *sessions, *cursors, *rules, *jobs;                 /* sessions: token → {at,user} */
    char org[SF_ID], robot[SF_ID], ann[SF_ID], ben[SF_ID], queue[SF_ID]; /* robot: the integration user */
    char *refresh;
    char *base_url; /* of the request being answered */
    void *key;      /* salesforce_jwt.c's */
    int64_t issued, logins, logins_since, schema_changed, late_ms, answers, cursors_made;
    int64_t used[24], used_hour; /* calls per hour, a ring; used_hour: the hour of the newest */
    int64_t purged_hour;
    bool stale;
    json_t *fresh, *telling, *unheard; /* salesforce_unheard.c: not told yet; in the answer being made; written over untold */
    int recording; /* how many transactions are open, one in the other */
    struct sf_undo *undo;
    size_t n_undo, cap_undo;
};

/* One request: path taken apart, body read. */
struct sf_ask {
    struct sf *s;
    const struct http_request *request;
    const char *method;
    int version; /* 62 for v62.0 */
    char **part; /* what follows /services/data/vXX.X */
    size_t n;
    const json_t *query, *body; /* body: {} when there was none, NULL when it was no JSON */
    struct http_answer *a;
};

/* Whose hand writes, and what its headers ask for. */
struct sf_hand {
    bool person, assign, allow_save, details;
    const char *user;
};

struct sf_bad {
    int status;
    const char *code;
    char *message;
    json_t *fields, *duplicates; /* may be NULL */
};

static inline struct sandbox *sf_box(struct sf *s)
{
    return s->base.box;
}

static inline int64_t sf_now(struct sf *s)
{
    return sandbox_now(s->base.box);
}

/* ---- salesforce_errors.c ---- */

/* Fills *bad and is false, for `return`. field NULL: none is named. */
__attribute__((format(printf, 5, 6))) bool sf_set_bad(struct sf_bad *bad, int status, const char *code,
                                                      const char *field, const char *fmt, ...);
void sf_bad_done(struct sf_bad *bad);
void sf_refuse(struct sf_ask *ask, struct sf_bad *bad);            /* answers, and empties bad */
json_t *sf_bad_row(struct sf_bad *bad);                            /* {statusCode,message,fields}; empties bad */
json_t *sf_failed_row(struct sf_bad *bad, const char *id_or_null); /* {success:false,errors:[…]}; empties bad */
__attribute__((format(printf, 4, 5))) void sf_error(struct sf_ask *ask, int status, const char *code, const char *fmt,
                                                    ...);
void sf_error_to(struct http_answer *a, int status, const char *code, const char *message);
void sf_not_there(struct sf_ask *ask);                 /* 404 of a path */
void sf_unknown(struct sf_bad *bad, const char *what); /* 404 of a record or External ID field */
void sf_wrong_method(struct sf_ask *ask, const char *allowed);
void sf_refuse_status(struct sandbox_service *s, int status, struct http_answer *a);
void sf_page(struct http_answer *a, int status, const char *type, const char *text);
void sf_reply(struct sf_ask *ask, int status, json_t *stolen); /* NULL: no body */
void sf_note(struct sf_ask *ask, bool wrote, const char *route);
bool sf_is(const struct sf_ask *ask, const char *method);

/* ---- salesforce_manners.c, salesforce_limits.c ---- */

json_t *sf_manners_new(void);
void sf_answer_manners(struct sf *s, const char *method, const json_t *said, struct http_answer *a);
bool sf_flag(const struct sf *s, const char *manner);
int64_t sf_count(const struct sf *s, const char *manner);
double sf_share(const struct sf *s, const char *manner);
bool sf_says(const struct sf *s, const char *manner, const char *word);
const char *sf_text(const struct sf *s, const char *manner);
bool sf_within_limits(struct sf *s, struct http_answer *a); /* counts, tells, and may refuse */
void sf_limits(struct sf_ask *ask);

/* ---- salesforce_jwt.c, salesforce_oauth.c, salesforce_session.c ---- */

void sf_key_free(struct sf *s);
char *sf_key_pem(const struct sf *s);
/* The claims of a token that our key signed; NULL. New reference. */
json_t *sf_jwt_claims(const struct sf *s, const char *assertion);
void sf_token(struct sf *s, const struct http_request *r, struct http_answer *a);
char *sf_session_new(struct sf *s, const char *user);
bool sf_authorised(struct sf *s, const struct http_request *r, struct http_answer *a);
void sf_userinfo(struct sf *s, struct http_answer *a);

/* ---- salesforce_ids.c ---- */

void sf_id_make(const char *prefix, int64_t number, char out[SF_ID]);
bool sf_id_read(const char *said, char out[SF_ID]); /* 15 or 18 characters → 18; false: no id */
int64_t sf_id_number(const char *id);               /* its running number; -1 */
void sf_stamp(int64_t ms, char out[SF_STAMP]);      /* whole seconds, as answers show them */

/* ---- salesforce_schema.c, salesforce_fields.c, salesforce_describe.c ---- */

void sf_types_init(struct sf *s);
void sf_fields_init(struct sf *s);
struct sf_type *sf_type_add(struct sf *s, const char *name, const char *label, const char *prefix, const char *flags);
struct sf_type *sf_type_of(struct sf *s, const char *name); /* any case; NULL */
struct sf_type *sf_type_of_id(struct sf *s, const char *id);
struct sf_field *sf_field_add(struct sf *s, struct sf_type *t, const char *name, const char *label, const char *type,
                              int length);
struct sf_field *sf_field(const struct sf_type *t, const char *name);                 /* any case, as defined; NULL */
struct sf_field *sf_visible(struct sf *s, const struct sf_type *t, const char *name); /* to the integration user */
void sf_field_free(struct sf_field *f);
void sf_picklist(struct sf_field *f, const char *values); /* "A|B*|C": B is the default */
json_t *sf_field_describe(const struct sf_field *f);
void sf_sobjects_list(struct sf_ask *ask);
json_t *sf_type_brief(struct sf_ask *ask, const struct sf_type *t);
void sf_describe(struct sf_ask *ask, const struct sf_type *t);
void sf_permissions(struct sf *s); /* after permission sets or fields changed */

/* ---- salesforce_values.c ---- */

/* The value as Salesforce would keep it, a new reference; NULL with *bad. */
json_t *sf_value(struct sf *s, const struct sf_type *t, const struct sf_field *f, const json_t *said,
                 struct sf_bad *bad);
json_t *sf_refer(struct sf *s, const struct sf_type *t, const struct sf_field *f, const json_t *said,
                 struct sf_bad *bad);
const char *sf_default_of(const struct sf_field *f); /* of a picklist; NULL */

/* ---- salesforce_rows.c, salesforce_show.c ---- */

struct sf_row *sf_find(struct sf *s, const char *id);        /* as stored, deleted ones too; NULL */
const json_t *sf_seen(struct sf *s, const struct sf_row *r); /* what a reader sees; NULL: nothing yet, or purged */
bool sf_live(struct sf *s, const struct sf_row *r);          /* seen, and not deleted */
const char *sf_get(const struct sf_row *r, const char *field);
/* Changes fields of a row, or makes one (row NULL); stamps it. changes: field → value, already checked. user NULL: an
 * automated process, which moves SystemModstamp alone. */
struct sf_row *sf_put(struct sf *s, struct sf_type *t, struct sf_row *r, const json_t *changes, const char *user);
void sf_delete(struct sf *s, struct sf_type *t, struct sf_row *r, const char *master_or_null, const char *user);
void sf_undelete(struct sf *s, struct sf_type *t, struct sf_row *r, const char *user);
/* Rows that have the value in an External ID or unique field: their number; *first is one of them. */
size_t sf_matches(struct sf_type *t, const struct sf_field *f, const char *value, struct sf_row **first);
void sf_index(struct sf_type *t, const struct sf_field *f, struct sf_row *r, const json_t *values, bool add);
void sf_index_all(struct sf_type *t, const struct sf_field *f); /* after a field became unique */
void sf_type_done(struct sf_type *t);
size_t sf_begin(struct sf *s); /* what follows can be rolled back, to the mark it returns */
void sf_end(struct sf *s, size_t mark, bool keep);
void sf_purge(struct sf *s); /* the recycle bin after 15 days */
json_t *sf_show(struct sf *s, int version, const struct sf_type *t, const json_t *values,
                const json_t *names); /* names NULL: all that are visible */
char *sf_url(int version, const struct sf_type *t, const char *id);

/* ---- salesforce_save.c, salesforce_guards.c, salesforce_duplicates.c ---- */

struct sf_hand sf_hand_of(struct sf_ask *ask);
struct sf_row *sf_save(struct sf *s, struct sf_type *t, struct sf_row *r, const json_t *said,
                       const struct sf_hand *hand, struct sf_bad *bad); /* r NULL: a new one. NULL with *bad */
bool sf_may_touch(struct sf *s, const struct sf_type *t, const struct sf_row *r, struct sf_bad *bad);
bool sf_erase(struct sf *s, struct sf_type *t, struct sf_row *r, const struct sf_hand *hand, struct sf_bad *bad);
bool sf_guard(struct sf *s, struct sf_type *t, const struct sf_row *r, json_t *changes, struct sf_bad *bad);
void sf_derive(struct sf *s, struct sf_type *t, const struct sf_row *r, json_t *changes);
bool sf_no_duplicate(struct sf *s, struct sf_type *t, const json_t *changes, const struct sf_hand *hand,
                     struct sf_bad *bad);

/* ---- salesforce_sobjects.c, salesforce_upsert.c, salesforce_collections.c, salesforce_composite.c ---- */

void sf_sobjects(struct sf_ask *ask);
void sf_by_key(struct sf_ask *ask, struct sf_type *t, const char *field, const char *value);
/* Creates or updates by a key. *created says which. NULL with *bad, whose status 300 lists the matches in fields. */
struct sf_row *sf_upsert(struct sf *s, struct sf_type *t, const struct sf_field *key, const json_t *value,
                         const json_t *said, const struct sf_hand *hand, bool *created, struct sf_bad *bad);
const struct sf_field *sf_key_field(struct sf *s, const struct sf_type *t, const char *name, struct sf_bad *bad);
void sf_collections(struct sf_ask *ask);
void sf_composite(struct sf_ask *ask);
void sf_dispatch(struct sf_ask *ask); /* salesforce.c: part[] to whoever answers it */
void sf_serve(struct sf *s, const struct http_request *r, struct http_answer *a); /* below /services/data/ */

/* ---- salesforce_soql.c, salesforce_where.c, salesforce_filter.c, salesforce_query.c ---- */

struct soql {
    json_t *select, *where, *order; /* where: {"and":[…]}, {"or":[…]}, {"not":…} or {"field","op","value","kind"} */
    char from[80];
    int64_t limit, offset; /* -1: none */
    bool count, all_fields;
};
struct soql_text { /* the reader of a query's text */
    const char *at, *whole;
    char kind; /* 'w' word, 's' string, 0 end, else the symbol's first character */
    struct buf token;
};
void soql_next(struct soql_text *x);
bool soql_is(const struct soql_text *x, const char *word);
bool soql_take(struct soql_text *x, const char *word); /* true: it was, and is read */
bool soql_bad(struct soql_text *x, struct sf_bad *bad);
json_t *soql_where(struct soql_text *x, struct sf_bad *bad); /* NULL with *bad */
bool soql_parse(const char *text, struct soql *q, struct sf_bad *bad);
void soql_done(struct soql *q);
/* Checks a condition's fields against the type, and makes its values comparable. */
bool soql_bind(struct sf *s, const struct sf_type *t, json_t *where, struct sf_bad *bad);
bool soql_fits(struct sf *s, const struct sf_type *t, const json_t *values, const json_t *where);
/* The field a path ends in; *to: its type. NULL: no such column. */
const struct sf_field *soql_field(struct sf *s, const struct sf_type *t, const char *path, const struct sf_type **to);
const json_t *soql_value(struct sf *s, const struct sf_type *t, const json_t *values, const char *path);
int soql_compare(const json_t *a, const json_t *b); /* nulls first */
/* All rows as they are to be shown; NULL with *bad. *count: how many, also of COUNT(). */
json_t *sf_run(struct sf *s, int version, const char *text, bool all, bool tooling, int64_t *count, struct sf_bad *bad);
void sf_query(struct sf_ask *ask, bool all, bool tooling);

/* ---- salesforce_replication.c, salesforce_tooling.c ---- */

void sf_replication(struct sf_ask *ask, struct sf_type *t, bool deleted);
void sf_tooling(struct sf_ask *ask);
void sf_tooling_rows(struct sf *s); /* the definitions as rows, made anew */
struct sf_field *sf_define(struct sf *s, const char *full_name, const json_t *metadata, struct sf_bad *bad);

/* ---- salesforce_csv.c, salesforce_bulk*.c ---- */

json_t *sf_csv_read(const char *text, size_t n, char separator, bool crlf, struct sf_bad *bad); /* [[cell,…],…] */
void sf_csv_row(struct buf *b, const json_t *cells, const char *end);
void sf_jobs(struct sf_ask *ask);
void sf_jobs_tick(struct sf *s);
void sf_ingest_run(struct sf *s, json_t *job);
json_t *sf_job_new(struct sf_ask *ask, const char *kind);
void sf_query_jobs(struct sf_ask *ask);
int64_t sf_query_jobs_today(const struct sf *s);
void sf_query_run(struct sf *s, json_t *job);
json_t *sf_job_named(struct sf *s, const char *id, const char *kind);
json_t *sf_job_json(const json_t *job);
void sf_reply_csv(struct sf_ask *ask, struct buf *b);

/* ---- salesforce_edit.c, salesforce_convert.c, salesforce_account.c ---- */

bool sf_edit(struct sandbox_service *base, const json_t *edit, json_t **out, struct err *err);
bool sf_convert(struct sf *s, struct sf_row *lead, const json_t *how, const char *user, struct err *err);
bool sf_merge(struct sf *s, struct sf_type *t, struct sf_row *winner, struct sf_row *loser, const char *user,
              struct err *err);
bool sf_edit_account(struct sf *s, const char *object, const json_t *edit, json_t **out, struct err *err);
json_t *sf_row_state(const struct sf_row *r);
void sf_town_init(struct sf *s);

/* ---- salesforce_unheard.c ---- */

/* A row was changed; old: its values before, NULL for a new one. */
void sf_unheard_put(struct sf *s, const struct sf_row *r, const json_t *old, const json_t *changes, const char *user);
void sf_unheard_shown(struct sf *s, const json_t *values, const char *field);
void sf_unheard_arrived(struct sandbox_service *base, bool whole);

/* ---- salesforce_deals.c ---- */

bool sf_edit_record_type(struct sf *s, const json_t *edit, json_t **out, struct err *err);
bool sf_edit_currency(struct sf *s, const json_t *edit, json_t **out, struct err *err);
json_t *sf_record_types(struct sf *s, const struct sf_type *of); /* recordTypeInfos of its description */
void sf_ui_api(struct sf_ask *ask);
bool sf_deal_fits(struct sf *s, const struct sf_row *r, json_t *changes, struct sf_bad *bad);
bool sf_task_fits(struct sf *s, const struct sf_row *r, const json_t *changes, struct sf_bad *bad);
void sf_deal_made(struct sf *s, const struct sf_row *deal, const char *user);
bool sf_archived(const json_t *values); /* hidden from all but /queryAll, and read only */
