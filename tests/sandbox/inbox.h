/* What the files of the Inbox imitation share. Private to it. */
#pragma once
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/sandbox/sandbox.h"
#include <stdio.h>
#include <string.h>

#define EVENTS_MOST 25000
#define EVENTS_KEPT_MS (7 * 86400000LL)

struct inbox_thread {
    char id[26];
    size_t prospect; /* index */
    int account;
    bool done, idle, request;
    char assignee[26];
    int64_t last, created; /* ms; last = sort key */
    char last_text[64];
    bool last_inbound;
    json_t *messages; /* array, oldest first; NULL = only the last one */
};

struct inbox_prospect {
    char id[26];
    char platform_id[24];
    json_t *profile; /* profile fields */
    json_t *context; /* tags, statusId, valuation, notes */
    json_t *before;  /* context before the last change, for stale reads */
    int64_t updated;
    bool deleted;
};

struct inbox {
    struct sandbox_service base; /* first */
    struct inbox_prospect *prospects;
    size_t n;
    struct inbox_thread *threads;
    size_t n_threads;
    size_t *order; /* thread indexes, oldest sort key first */
    json_t *tags, *statuses, *members, *accounts;
    json_t **events; /* ring by seq - first_seq */
    size_t n_events;
    int64_t seq; /* last given */
    int64_t calls_minute[300], calls_at; /* sliding minute: times of the last calls */
    size_t calls_n;
    int64_t hour_start, hour_n, day_start, day_n;
    json_t *manners;
    bool stale;
};

static inline struct sandbox *box_of(struct inbox *in)
{
    return in->base.box;
}

void inbox_id(struct inbox *in, char out[26]);
json_t *inbox_stamp(int64_t ms); /* ISO text or null for 0 */
json_t *inbox_prospect_json(struct inbox *in, const struct inbox_prospect *p, bool with_threads);
json_t *inbox_thread_json(struct inbox *in, const struct inbox_thread *t);
struct inbox_prospect *inbox_find(struct inbox *in, const char *id); /* by id or platformId */
json_t *inbox_named(json_t *list, const char *name_or_id);           /* borrowed; NULL */
void inbox_event(struct inbox *in, const char *type, json_t *stolen_data);
void inbox_reorder(struct inbox *in, size_t thread);
/* Changes aspects of a context from a PATCH-like body; raises events; *changed tells whether anything moved. */
bool inbox_patch(struct inbox *in, struct inbox_prospect *p, const json_t *body, bool *changed, struct http_answer *refusal);
bool inbox_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err);
void inbox_refuse(struct inbox *in, struct http_answer *a, int status, const char *code, const char *message);
void inbox_threads(struct inbox *in, const json_t *query, struct http_answer *a);
bool inbox_manner(const struct inbox *in, const char *name);
void inbox_populate(struct inbox *in, size_t n);
