/* The sandbox: imitations of the services, bad manners included, as plain functions from request to answer. The
 * program inbox-bridge-sandbox puts sockets in front of them; scenario tests put them behind a fake transport. */
#pragma once
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/io/http.h"
#include <pthread.h>

/* One service's rules. Every service is a struct that starts with a struct sandbox_service. */
struct sandbox;
struct sandbox_service {
    const char *name; /* "inbox", "hubspot": also the line it prints */
    /* answer: path is decoded up to but not including the query; query is the raw query or "". Called under the
     * sandbox's lock. Fills status, headers and body of the answer. */
    void (*answer)(struct sandbox_service *s, const struct http_request *request, const char *path, const char *query,
                   struct http_answer *answer);
    json_t *(*state)(struct sandbox_service *s); /* all objects: {"prospect":[…],…}; new reference */
    /* edit: one person's edit as POST /_sandbox/edit takes it. False with err (REJECT) when it makes no sense. Puts
     * the object as it is afterwards into *out (new reference). */
    bool (*edit)(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err);
    void (*tick)(struct sandbox_service *s); /* after the clock moved or before each request: retention, index lag */
    void (*free)(struct sandbox_service *s);
    void (*stale)(struct sandbox_service *s, bool on); /* reads answer the previous state while on; may be NULL */
    void (*arrived)(struct sandbox_service *s, bool whole); /* after each answer: did it get there as it was made? may be NULL */
    /* refuse: fills the answer to a fault rule's "status" in the service's own words; may be NULL. */
    void (*refuse)(struct sandbox_service *s, int status, struct http_answer *answer);
    /* route: the name sandbox_note() would get, for a request a fault keeps from the service; may be NULL. */
    const char *(*route)(struct sandbox_service *s, const char *method, const char *path);
    /* write_state: state() as text, for services with very many objects; may be NULL. */
    void (*write_state)(struct sandbox_service *s, struct buf *out);
    struct sandbox *box;
};

/* The world the services share: one clock, one seeded randomness, faults, the list of calls. */
struct sandbox {
    pthread_mutex_t lock;
    int64_t now;    /* ms; services read sandbox_now() */
    bool real_time; /* now runs with the system clock plus what /_sandbox/clock advanced */
    int64_t offset;
    uint64_t random;             /* seeded state: sandbox_random() */
    bool no_limits;              /* rate limits off (benchmarks) */
    int64_t latency_ms;          /* added to each answer by the program's sockets (not in-process) */
    struct sandbox_rules *rules; /* fault rules, in the order they are tried */
    struct sandbox_calls *calls;
    struct sandbox_service *services[4];
    size_t n;
};

struct sandbox *sandbox_new(uint64_t seed);
void sandbox_free(struct sandbox *box);                                    /* frees its services too */
void sandbox_attach(struct sandbox *box, struct sandbox_service *service); /* once: again changes nothing */
int64_t sandbox_now(struct sandbox *box);
void sandbox_advance(struct sandbox *box, int64_t ms); /* then ticks all services */
uint64_t sandbox_random(struct sandbox *box);
double sandbox_chance(struct sandbox *box); /* 0 ≤ x < 1 */

/* One request through faults, call counting and, for /_sandbox/ paths, the control surface. delay_ms tells how long
 * the program should wait before answering (rule "delay"). The answer's fate is HTTP_NOT_SENT for reset_before,
 * HTTP_LOST for reset_after. Takes the lock. */
void sandbox_serve(struct sandbox *box, struct sandbox_service *service, const struct http_request *request,
                   struct http_answer *answer, int64_t *delay_ms);

/* The control verbs, for tests in the same process. New references. */
json_t *sandbox_state(struct sandbox *box, struct sandbox_service *service);
bool sandbox_edit(struct sandbox *box, struct sandbox_service *service, const json_t *edits, json_t **out,
                  struct err *err);
bool sandbox_fault(struct sandbox *box, const char *rule_json); /* adds one rule */
void sandbox_faults_clear(struct sandbox *box);
/* {"total":n,"writes":n,"routes":{"GET /threads":n,…},"last":[…]}; writes = requests that changed an object's state. */
json_t *sandbox_calls_json(struct sandbox *box, struct sandbox_service *service);
void sandbox_calls_clear(struct sandbox *box);
/* A service names the route ("PATCH /prospects/{id}/context") and says whether this request changed something. */
void sandbox_note(struct sandbox *box, const char *route, bool wrote);

/* A transport that serves http://<service name>.sandbox/… in this process, in request order, no sockets. */
struct http_transport *sandbox_transport(struct sandbox *box);

/* The services. prospects: how many to make at start. */
struct sandbox_service *sandbox_inbox_new(struct sandbox *box, size_t prospects);
struct sandbox_service *sandbox_hubspot_new(struct sandbox *box);
struct sandbox_service *sandbox_webhook_new(struct sandbox *box); /* a receiver of the generic webhook protocol */
#define SANDBOX_WEBHOOK_SECRET "whsec_c2FuZGJveCB3ZWJob29rIHNlY3JldA==" /* both ways */
struct sandbox_service *sandbox_salesforce_new(struct sandbox *box);

/* The private key, as PEM, that signs assertions for Salesforce's JWT flow; caller frees. */
char *sandbox_salesforce_key(struct sandbox_service *salesforce);

/* Manners of the Inbox service, a JSON object as POST /_sandbox/manners takes it; see README.md. False: not understood. */
bool sandbox_inbox_manners(struct sandbox_service *inbox, const char *json);

/* Helpers for writing services. */
void sandbox_reply_json(struct http_answer *answer, int status, json_t *stolen); /* NULL: empty body */
char *sandbox_query_get(const char *query, const char *name); /* decoded first value; caller frees; NULL */
/* The query as nested JSON, reading a=1&a=2, a[]=1, a[0]=1 (sparse) and a[b][c]=d alike; values are strings. */
json_t *sandbox_query_json(const char *query);
