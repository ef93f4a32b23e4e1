/* What the files of the HubSpot imitation share. Private to it. */
#pragma once
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/sandbox/sandbox.h"
#include <string.h>

#define HUB_FIRST_ID 100001 /* ids are unique per object type only, so every type begins here */
#define HUB_PORTAL 4242
#define HUB_APP "app-1"

enum hub_kind { HUB_CONTACT, HUB_COMPANY, HUB_DEAL, HUB_NOTE, HUB_COMMUNICATION, HUB_TASK, HUB_KINDS };
enum hub_version { HUB_V1, HUB_V2, HUB_V3, HUB_V4, HUB_2026_03, HUB_2026_09, HUB_NO_VERSION };

struct hub_record {
    int64_t id, merged_into; /* merged_into: 0 = not merged away */
    json_t *props;           /* name → string; absent = unset */
    json_t *before;          /* before: props before the last change, for stale reads */
    json_t *indexed;         /* indexed: props the search index still shows until `seen`; NULL = nothing yet */
    json_t *history;         /* name → [{value,timestamp,sourceType,sourceId}], newest first */
    json_t *links;           /* plural of the other type → {id → [code of a link type]}; NULL = none */
    int64_t created, updated, archived_at, seen; /* seen: when the search index knows the last change */
    bool archived, erased;
};

struct hub_type {
    enum hub_kind kind;
    const char *names[3];           /* "contacts", "0-1", "contact" */
    const char *created, *modified; /* its date properties */
    struct hub_record *records;     /* in order of ids, which have no gaps */
    size_t n;
    json_t *unique; /* property → {value → index} */
    json_t *defs;   /* property name → definition, archived ones too */
    json_t *groups; /* name → {name,label,displayOrder,archived} */
};

/* A kind of association as seen from one side. */
struct hub_link_type {
    enum hub_kind from, to;
    int code, reverse; /* code: typeId; those of people's own labels are HUB_OWN_LABEL higher */
    bool primary;      /* at most one per record */
    char label[64];    /* "" = none */
    char name[64];     /* "deal_to_contact": v3 */
};
#define HUB_OWN_LABEL 1000000
#define HUB_LINK_TYPES 96

struct hub_window {
    int64_t start, n;
};

struct hub {
    struct sandbox_service base;
    struct hub_type types[HUB_KINDS];
    struct hub_link_type link_types[HUB_LINK_TYPES];
    size_t n_link_types;
    json_t *manners, *owners, *pipelines, *rules;
    int next_label;      /* people's labels are numbered beside HubSpot's own, and overlap with them */
    int64_t next_number; /* of pipelines and stages */
    int64_t answers;     /* counted for correlation ids */
    bool stale;
    struct hub_window burst, second, day, link_burst, link_day;
    /* oauth */
    char *access, *refresh;
    int64_t access_until, issued;
    struct hub_events *events; /* NULL: nothing happened yet */
};

/* One request: path taken apart, body read. */
struct hub_ask {
    struct hub *h;
    const struct http_request *request;
    const char *method;
    enum hub_version version;
    char **part; /* what follows version and family: part[0] is mostly the type */
    size_t n;
    const json_t *query, *body; /* body: an object or an array; {} when there was none */
    size_t body_n;
    struct http_answer *a;
};

/* Why something is refused, in the form of HubSpot's errors. */
struct hub_bad {
    int status;
    const char *category, *sub; /* sub: subCategory or NULL */
    char *message;
    json_t *errors, *context; /* may be NULL */
};

enum hub_source { HUB_BY_APP, HUB_BY_PERSON };

static inline struct sandbox *hub_box(struct hub *h)
{
    return h->base.box;
}

/* ---- hubspot_errors.c ---- */

__attribute__((format(printf, 5, 6))) void hub_error(struct hub *h, struct http_answer *a, int status,
                                                     const char *category, const char *fmt, ...);
/* Fills *bad and is false, for `return`. */
__attribute__((format(printf, 4, 5))) bool hub_set_bad(struct hub_bad *bad, int status, const char *category,
                                                       const char *fmt, ...);
void hub_bad_done(struct hub_bad *bad);
void hub_refuse(struct hub *h, struct http_answer *a, struct hub_bad *bad); /* answers, and empties bad */
json_t *hub_bad_row(const struct hub_bad *bad, const json_t *input);        /* a row of a 207's errors */
void hub_refuse_status(struct sandbox_service *s, int status, struct http_answer *a);
void hub_reply(struct hub_ask *ask, int status, json_t *stolen); /* NULL: no body */
void hub_note(struct hub_ask *ask, bool wrote, const char *route);
void hub_not_found(struct hub_ask *ask);
void hub_wrong_method(struct hub_ask *ask);
bool hub_is(const struct hub_ask *ask, const char *method);

/* ---- hubspot_manners.c ---- */

json_t *hub_manners_new(void);
void hub_answer_manners(struct hub *h, const char *method, const json_t *said, struct http_answer *a);
bool hub_flag(const struct hub *h, const char *manner);
int64_t hub_count(const struct hub *h, const char *manner);
bool hub_says(const struct hub *h, const char *manner, const char *word);
const char *hub_text(const struct hub *h, const char *manner);

/* ---- hubspot_limits.c, hubspot_oauth.c ---- */

bool hub_within_limits(struct hub *h, const struct http_request *r, const char *path, struct http_answer *a);
bool hub_authorised(struct hub *h, const struct http_request *r, struct http_answer *a);
bool hub_has_scope(struct hub_ask *ask, const char *family); /* false: 403 is answered */
void hub_oauth(struct hub *h, const struct http_request *r, const char *path, const char *query, struct http_answer *a);
void hub_account(struct hub_ask *ask);
int64_t hub_midnight(struct hub *h); /* when the daily limit begins anew */

/* ---- hubspot_defaults.c, hubspot_properties.c, hubspot_groups.c ---- */

void hub_types_init(struct hub *h);
struct hub_type *hub_type_of(struct hub *h, const char *name);
json_t *hub_def(const struct hub_type *t, const char *name); /* a live definition; NULL */
json_t *hub_define(struct hub_type *t, const char *name, const char *label, const char *type, const char *field_type);
bool hub_is_unique(const struct hub_type *t, const char *name);
bool hub_is_activity(const struct hub_type *t);
json_t *hub_default_names(const struct hub_type *t); /* shown when nothing is asked for; new reference */
void hub_properties(struct hub_ask *ask);
void hub_groups(struct hub_ask *ask, struct hub_type *t);
void hub_custom_limits(struct hub_ask *ask);
bool hub_edit_property(struct hub *h, const json_t *edit, json_t **out, struct err *err);

/* ---- hubspot_values.c ---- */

/* hub_check: may these values be written? record NULL: it is to be created. False with *bad. */
bool hub_check(struct hub *h, struct hub_type *t, const struct hub_record *r, const json_t *props,
               enum hub_source source, struct hub_bad *bad);
/* hub_check_required: what a new record must have, and from 2026-09 on what the account's rules demand. */
bool hub_check_required(struct hub_ask *ask, struct hub_type *t, const struct hub_record *r, const json_t *props,
                        struct hub_bad *bad);
bool hub_check_unique(struct hub_type *t, const struct hub_record *r, const json_t *props, struct hub_bad *bad);
char *hub_tidy(struct hub *h, const struct hub_type *t, const struct hub_record *r, const char *name,
               const char *value);

/* ---- hubspot_records.c, hubspot_show.c, hubspot_merge.c ---- */

struct hub_record *hub_get(struct hub_type *t, const char *id); /* as stored: archived and merged ones too; NULL */
struct hub_record *hub_follow(struct hub_type *t, struct hub_record *r); /* the survivor of merges */
struct hub_record *hub_unique(struct hub_type *t, const char *property, const char *value);
/* hub_create may move the type's records: pointers to them are void afterwards. */
struct hub_record *hub_create(struct hub *h, struct hub_type *t, enum hub_source source);
/* hub_write sets all of props; "" clears. True when something changed. */
bool hub_write(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *props, enum hub_source source);
void hub_born(struct hub *h, struct hub_type *t, struct hub_record *r); /* what the account gives new records */
void hub_put(struct hub_record *r, const char *name, const char *value); /* without history, date or index */
void hub_touch(struct hub *h, struct hub_type *t, struct hub_record *r); /* modified now; the index follows later */
void hub_archive(struct hub *h, struct hub_type *t, struct hub_record *r, enum hub_source source);
void hub_erase(struct hub_type *t, struct hub_record *r); /* nothing remains but the id */
void hub_index_unique(struct hub_type *t, struct hub_record *r, const char *name, const char *old, const char *value);
void hub_type_done(struct hub_type *t);
struct hub_record *hub_merge(struct hub *h, struct hub_type *t, struct hub_record *winner, struct hub_record *loser);

struct hub_view {
    const json_t *names;  /* names of properties; none: the default set */
    const json_t *past;   /* names to tell the history of */
    const json_t *linked; /* types to tell the associations with */
    const json_t *props;  /* props to show instead of the record's; NULL */
    bool url;
};
json_t *hub_show(struct hub *h, struct hub_type *t, const struct hub_record *r, const struct hub_view *view);
json_t *hub_names(const json_t *said);  /* "a,b" or ["a","b"] → ["a","b"]; new reference */
json_t *hub_keys(const json_t *object); /* its member names */
json_t *hub_id(int64_t id);             /* as JSON string */

/* ---- hubspot_objects.c, hubspot_batch.c, hubspot_search.c ---- */

void hub_objects(struct hub_ask *ask);
/* hub_new checks and makes one record of {properties, associations}. NULL with *bad; nothing happened then. */
struct hub_record *hub_new(struct hub_ask *ask, struct hub_type *t, const json_t *input, struct hub_bad *bad);
void hub_batch(struct hub_ask *ask, struct hub_type *t, const char *verb);
void hub_search(struct hub_ask *ask, struct hub_type *t);

/* ---- hubspot_pipelines.c, hubspot_stages.c, hubspot_owners.c ---- */

void hub_pipelines_init(struct hub *h);
void hub_pipelines(struct hub_ask *ask);
void hub_stages(struct hub_ask *ask, json_t *pipeline);
bool hub_check_stage(const json_t *said, struct hub_bad *bad);
json_t *hub_add_stage(struct hub *h, json_t *pipeline, const char *id, const json_t *said); /* NULL id: a number */
json_t *hub_pipeline(struct hub *h, const char *id);                                        /* live; NULL */
const json_t *hub_stage(struct hub *h, const char *pipeline, const char *id);               /* NULL pipeline: any */
bool hub_edit_pipeline(struct hub *h, const json_t *edit, json_t **out, struct err *err);
bool hub_used(struct hub *h, const char *property, const char *value); /* by a deal that is not archived */
void hub_owners_init(struct hub *h);
void hub_owners(struct hub_ask *ask);
bool hub_is_owner(struct hub *h, const char *id);
bool hub_edit_owner(struct hub *h, const json_t *edit, json_t **out, struct err *err);

/* ---- hubspot_links.c, hubspot_link_types.c, hubspot_associations.c, hubspot_association_batch.c ---- */

struct hub_link { /* struct hub_link: both ends of an association */
    struct hub_type *from_type, *to_type;
    struct hub_record *from, *to;
};
void hub_link_types_init(struct hub *h);
const struct hub_link_type *hub_link_type(struct hub *h, enum hub_kind from, enum hub_kind to, int code);
const struct hub_link_type *hub_plain_link(struct hub *h, enum hub_kind from, enum hub_kind to); /* NULL: none */
const struct hub_link_type *hub_named_link(struct hub *h, enum hub_kind from, enum hub_kind to, const char *name);
void hub_labels(struct hub_ask *ask, struct hub_type *from, struct hub_type *to, const char *id);
/* hub_specs reads [{associationCategory,associationTypeId}] into codes. */
bool hub_specs(struct hub *h, const struct hub_link *l, const json_t *specs, json_t **codes, struct hub_bad *bad);
json_t *hub_spec_json(const struct hub_link_type *lt);                           /* {category,typeId,label} */
const json_t *hub_linked(const struct hub_record *r, const struct hub_type *to); /* {id → codes}; may be NULL */
/* hub_join adds codes and the plain one; `replace` drops others first. hub_part: NULL codes drop all. */
void hub_join(struct hub *h, const struct hub_link *l, const json_t *codes, bool replace);
void hub_part(struct hub *h, const struct hub_link *l, const json_t *codes);
void hub_move_links(struct hub *h, struct hub_type *t, struct hub_record *from, struct hub_record *to);
bool hub_check_inline(struct hub *h, struct hub_type *t, const json_t *list, struct hub_bad *bad);
void hub_join_inline(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *list);
json_t *hub_links_v3(struct hub *h, struct hub_type *t, const struct hub_record *r, struct hub_type *to);
void hub_associations(struct hub_ask *ask, struct hub_type *from, struct hub_record *r);
json_t *hub_link_page(struct hub *h, const struct hub_type *from, struct hub_type *to, const struct hub_record *r,
                      int64_t limit, int64_t after); /* {results,paging} */
json_t *hub_joined_json(struct hub *h, const struct hub_link *l, const json_t *codes);
json_t *hub_default_json(struct hub *h, const struct hub_link *l);
void hub_association_family(struct hub_ask *ask); /* /crm/associations/…, /crm/v4/associations/… */
void hub_association_batch(struct hub_ask *ask, struct hub_type *from, struct hub_type *to, const char *verb);
struct hub_record *hub_live(struct hub_type *t, const char *id); /* followed, neither archived nor erased; NULL */

/* ---- hubspot_hooks.c ---- */

/* hub_tell: what = "creation", "deletion", "restore", "privacyDeletion". */
void hub_tell(struct hub *h, const struct hub_type *t, const struct hub_record *r, const char *what, enum hub_source source);
void hub_tell_property(struct hub *h, const struct hub_type *t, const struct hub_record *r, const char *name, const char *value,
                       enum hub_source source);
void hub_tell_merge(struct hub *h, const struct hub_type *t, const struct hub_record *winner, const struct hub_record *loser,
                    const struct hub_record *survivor);
void hub_answer_deliveries(struct hub *h, const json_t *asked, struct http_answer *a);
void hub_events_free(struct hub_events *all);

/* ---- hubspot_edit.c ---- */

bool hub_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err);
