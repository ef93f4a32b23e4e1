/* What the files of the frame share. Services include only sandbox.h. */
#pragma once
#include "tests/sandbox/sandbox.h"

/* ---- sandbox_calls.c ---- */

struct sandbox_calls *calls_new(void);
void calls_free(struct sandbox_calls *c);
void calls_begin(struct sandbox_calls *c); /* a request comes in; sandbox_note() may follow */
bool calls_noted(const struct sandbox_calls *c);
/* fallback: the route's name when nobody noted one. */
void calls_end(struct sandbox_calls *c, const struct sandbox_service *s, const struct http_request *r,
               const char *fallback, int status, int64_t now);
json_t *calls_json(const struct sandbox_calls *c, const struct sandbox_service *s);
void calls_clear(struct sandbox_calls *c, const struct sandbox_service *s); /* NULL: of all services */

/* ---- sandbox_faults.c ---- */

enum fault_kind {
    FAULT_NONE,
    FAULT_STATUS,
    FAULT_RESET_BEFORE,
    FAULT_RESET_AFTER,
    FAULT_DELAY,
    FAULT_HTML,
    FAULT_EMPTY,
    FAULT_TRUNCATE,
    FAULT_STALE,
    FAULT_FLOOD,
};

struct fault {
    enum fault_kind kind;
    int status;          /* 0: the kind's own */
    int64_t retry_after; /* seconds; -1: no header */
    int64_t ms;
};

struct sandbox_rules *rules_new(void);
void rules_free(struct sandbox_rules *rules);
/* service: rules that name none apply to it alone; NULL: to all. */
bool rules_add(struct sandbox_rules *rules, const struct sandbox_service *service, const json_t *rule,
               struct err *err) MUST_CHECK;
void rules_clear(struct sandbox_rules *rules, const struct sandbox_service *service); /* NULL: all */
json_t *rules_json(const struct sandbox_rules *rules, const struct sandbox_service *service);
/* The fault this request meets, which is counted against its rule. */
struct fault rules_meet(struct sandbox *box, const struct sandbox_service *s, const char *method, const char *path);

/* True when the service must not see the request: the answer is ready. */
bool fault_before(const struct fault *f, struct sandbox_service *s, struct http_answer *a);
void fault_after(const struct fault *f, struct http_answer *a);

/* ---- sandbox_control.c ---- */

/* True when the path was one of the frame's own control verbs. */
bool control_answer(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, const char *verb,
                    struct http_answer *a);
