/* What the files of the imitated receiver share. */
#pragma once
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "tests/sandbox/sandbox.h"

struct receiver {
    struct sandbox_service base;
    json_t *records;    /* [{"object","external_id","key","fields","version","timestamp","archived"}] */
    json_t *seen;       /* ids of messages it has taken */
    json_t *deliveries; /* messages it would post, oldest first */
    json_t *offered;    /* {"id": what it said when it first came}: a repeated message must say the same */
    json_t *breaches;   /* promises of the protocol a sender broke, as sentences */
    int64_t taken;      /* messages that were done, each once */
    int64_t again;      /* messages that came again after they were done */
    struct {
        bool silent;        /* answers {"ok":true} and nothing else */
        bool compares;      /* 409 when it no longer holds what the message says it held */
        bool ids_are_keys;  /* has no ids of its own */
        size_t truncate;    /* texts longer than that are cut; 0 = never */
    } manners;
};

json_t *hook_record(const struct receiver *x, const char *object, const char *id, const char *key); /* borrowed; NULL */
json_t *hook_create(struct receiver *x, const char *object, const char *key);                       /* borrowed */
void hook_write(struct receiver *x, json_t *record, const json_t *fields);
json_t *hook_delivery(const struct receiver *x, const json_t *message); /* {"headers","body"}, signed now; new reference */

/* webhook_edit.c */
bool hook_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err);
void hook_control(struct receiver *x, const struct http_request *r, const char *verb, const char *query, struct http_answer *a);
