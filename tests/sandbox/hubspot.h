/* What the files of the HubSpot imitation share. Private to it. */
#pragma once
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/sandbox/sandbox.h"
#include <string.h>

struct hub_record {
    int64_t id, merged_into; /* merged_into: 0 = not merged away */
    json_t *props;           /* name → string; absent = unset */
    json_t *before;          /* props before the last change, for stale reads */
    json_t *history;         /* name → [{value,timestamp,sourceType,sourceId}], newest first */
    json_t *merged_ids;      /* ids merged into this one */
    int64_t created, updated, seen; /* seen: when the search index knows the last change */
    bool archived;
};

struct hub_type {
    const char *names[3]; /* "contacts", "0-1", "contact" */
    const char *modified; /* its modified-date property */
    struct hub_record *records;
    size_t n;
    int64_t *by_id;       /* id - first_id → index; ids are given in order */
    json_t *unique;       /* property → {value → index} */
    json_t *defs;         /* property name → definition */
};

struct hub {
    struct sandbox_service base;
    struct hub_type types[3];
    size_t n_types;
    int64_t next_id;
    json_t *manners;
    bool stale;
    int64_t window_start, window_n, second_start, second_n, day_n;
    /* oauth */
    char *access;
    int64_t access_until;
    char *refresh;
    int64_t issued;
};

static inline struct sandbox *hub_box(struct hub *h)
{
    return h->base.box;
}

struct hub_type *hub_type_of(struct hub *h, const char *name);
struct hub_record *hub_get(struct hub_type *t, const char *id);      /* as stored: archived and merged ones too; NULL */
struct hub_record *hub_follow(struct hub_type *t, struct hub_record *r); /* the survivor of merges */
struct hub_record *hub_unique(struct hub_type *t, const char *property, const char *value);
struct hub_record *hub_create(struct hub *h, struct hub_type *t);
/* Sets one property with history; "" clears. True when it changed. */
bool hub_set(struct hub *h, struct hub_type *t, struct hub_record *r, const char *name, const char *value, const char *source, const char *source_id);
void hub_touch(struct hub *h, struct hub_type *t, struct hub_record *r); /* modified now; the index follows later */
json_t *hub_record_json(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *wanted, const json_t *with_history);
/* NULL when all is well, else the message of the 400. New text. */
char *hub_invalid(struct hub *h, struct hub_type *t, const json_t *props, bool by_api);
struct hub_record *hub_merge(struct hub *h, struct hub_type *t, struct hub_record *winner, struct hub_record *loser);
void hub_error(struct http_answer *a, int status, const char *category, const char *message);
void hub_add_defaults(struct hub *h);
json_t *hub_define(struct hub_type *t, const char *name, const char *label, const char *type, const char *field_type);
void hub_batch(struct hub *h, struct hub_type *t, const char *verb, bool archived, const json_t *body, struct http_answer *a);
void hub_search(struct hub *h, struct hub_type *t, const json_t *body, struct http_answer *a);
void hub_properties(struct hub *h, struct hub_type *t, const char *method, char **part, size_t n, const json_t *body, struct http_answer *a);
bool hub_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err);
