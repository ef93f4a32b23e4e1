/* One configured account of a connector, and the one door to its service: endpoint_call_many() limits, authorises,
 * sends, refreshes the token once on 401 and classifies every outcome. Long waits come back as RATE with a time, so
 * nothing here sleeps on a quota longer than `patience`. */
#pragma once
#include "bridge/io/env.h"
#include "bridge/io/limiter.h"
#include "bridge/io/oauth.h"
#include "connectors/connector.h"

struct endpoint {
    char *name;
    const struct connector *kind;
    void *state; /* the connector's own, state_size bytes, options parsed into it */
    struct env *env;
    unsigned caps; /* caps: what this account can do; the kind's, less what its options leave out */
    /* Set by the connector's open(): */
    char *base_url;              /* base_url without a trailing slash */
    struct limiter *limiter;
    struct oauth *oauth;
    unsigned in_flight;          /* in_flight requests at once at most; 0 = 8 */
    /* judge refines the outcome of one answered request (429 policies, error bodies); err already holds the general
     * classification by status, ERR_NONE for 2xx. NULL = none. */
    void (*judge)(struct endpoint *ep, const struct http_answer *answer, bool writes, struct err *err);
    /* incurable: this 401 is not about the token, a new one would be refused as well. NULL = every 401 is worth a new token. */
    bool (*incurable)(const struct http_answer *answer);
    /* heed reads rate headers of every answer. NULL = none. */
    void (*heed)(struct endpoint *ep, unsigned bucket, const struct http_answer *answer);
    int64_t bulk_from;           /* bulk_from: so many creates of one object due at once go as a bulk job (CAP_BULK); 0 = never */
    int64_t survey_from;         /* survey_from: from so many linked records of one object on a comparison reads them as a job
                                    (CAP_SURVEY); 0 = never */
    /* Set by the engine before each batch: */
    enum lane lane;
    int64_t patience;            /* patience: wait for the limiter at most so long (ms) within a call; more = RATE */
    struct vault vault;
    uint64_t calls;              /* calls made since open, for plans and status */
    uint64_t answers[6];         /* answers[1] to [5]: how many of them were answered 1xx to 5xx; [0]: how many were not answered */
};

/* endpoint_new reads the group's options by the connector's table (plus `also` names the app reads), opens. Faults are
 * collected. NULL with a fault. */
struct endpoint *endpoint_new(const char *name, const struct connector *kind, const struct opt_node *group,
                              const char *const *also, struct env *env, const struct vault *vault,
                              struct opt_faults *faults);
void endpoint_free(struct endpoint *ep);

struct call {
    struct http_request request; /* request.url may be relative ("/team"): the token's instance or base_url is put in front */
    char *path;                  /* path: the relative url as it was, kept by the door; a new token may be for another instance */
    bool writes;                 /* writes: a lost answer is UNSURE, not TEMP */
    unsigned bucket;             /* bucket of the limiter */
    struct http_answer answer;
    struct err err;              /* ERR_NONE: a 2xx answer */
    json_t *json;                /* the parsed body of a 2xx answer; NULL when empty. A 2xx body that is not JSON is an err:
                                    TEMP for reads, UNSURE for writes */
    bool raw;                    /* raw: do not parse */
    const char *const *only;     /* only: members to keep of a large answer (js_parse_only); NULL: all; borrowed */
};

void call_init(struct call *c, const char *method, const char *url_fmt, ...) __attribute__((format(printf, 3, 4)));
void call_body(struct call *c, const json_t *body); /* JSON body */
void call_done(struct call *c);

/* endpoint_call_many performs all calls and fills each one's answer, err and json. One 401 refreshes the token and repeats
 * the refused calls once, at the address the new token is for. Never retries otherwise. */
void endpoint_call_many(struct endpoint *ep, struct call *calls, size_t n);
/* endpoint_turns: how many things that cost `each` calls may be done now without waiting at the door; SIZE_MAX for who has the
 * patience to. *next: when the next one may. */
size_t endpoint_turns(struct endpoint *ep, unsigned each, int64_t *next);
bool endpoint_call(struct endpoint *ep, struct call *call, struct err *err) MUST_CHECK; /* one; copies its err */
int64_t endpoint_answer_date(const struct http_answer *answer); /* its Date header in ms; 0 when absent */
