/* The promises of connectors/connector.h as one suite of tests, run against every connector and the imitation of its
 * service. A case says what differs between services; the promises do not. */
#pragma once
#include "connectors/endpoint.h"
#include "tests/sandbox/sandbox.h"

/* What people do in the service while we look. */
enum contract_deed {
    DEED_TEXT,   /* sets the case's text field of `id` to `with` */
    DEED_TOUCH,  /* makes `id` move in the service's lists (a message, an edit) */
    DEED_ADD,    /* a new record; id and with are NULL */
    DEED_REMOVE, /* deletes `id` for good or into the bin */
    DEED_MERGE,  /* merges `id` into `with` */
};

#define CONTRACT_HOOK_SECRET "whsec_Y29udHJhY3QgaG9vayBzZWNyZXQ=" /* of every hook, in the environment under that name */

struct contract_case {
    const char *name;
    const struct connector *kind;
    const char
        *options; /* members of its group in the configuration; the token is in the environment as CONTRACT_TOKEN */
    struct sandbox_service *(*service)(struct sandbox *box, size_t people);
    const char *manners; /* manners the service is switched to, JSON; NULL = its best ones */
    const char *object;
    const char *state, *state_id; /* where sandbox_state() lists the objects, and the member that is their id */
    const char *text;             /* a writable text field */
    const char *unique;           /* a field find() takes; NULL when it cannot find */
    const char *key_field;        /* the bridge key of creates; NULL when it cannot create */
    const char *set;              /* a writable set; NULL = none */
    int64_t feed_lag_ms;          /* feed_lag_ms: after so long a change must be in the feed */
    size_t page;                  /* people of a page of the enumeration */
    /* deed: the edit as sandbox_edit() takes it, a new reference; NULL when the service knows no such deed. It may ask
     * the service for what it needs to know. */
    json_t *(*deed)(struct sandbox *box, struct sandbox_service *service, enum contract_deed what, const char *id,
                    const char *with);
    /* deliveries: what the service posts to a hook after the deeds so far, signed now: [{"headers":{},"body":text}], a new
     * reference; method and url are always POST and /hooks/ep. NULL when it has no hook. `about` was edited last. */
    json_t *(*deliveries)(struct sandbox *box, struct sandbox_service *service, const char *about);
};

/* contract_ask: a GET to the service as one of its people; the parsed answer, a new reference; NULL unless 2xx. */
json_t *contract_ask(struct sandbox *box, struct sandbox_service *service, const char *path);

int contract_run(const struct contract_case *c); /* the exit status of a test program */
