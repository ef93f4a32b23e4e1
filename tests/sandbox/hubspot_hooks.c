/* Webhook deliveries, ready to be posted by whoever wants: the sandbox opens no connections itself. What happens to contacts,
 * companies and deals becomes events, the app's own writes too; up to a hundred of them are one signed body. They name the
 * record and one property, in no promised order, and the newest so many are kept.
 * GET /_sandbox/deliveries?secret=…&url=…&after=N: those after number N; a delivery says which is its last. */
#include "bridge/base/hash.h"
#include "tests/sandbox/hubspot.h"

#define KEPT 50000
#define TOGETHER 100

struct hub_event {
    int64_t at, id;
    const char *type, *what; /* "contact", "propertyChange" */
    char *name, *value;      /* of a propertyChange */
    int64_t other, survivor; /* of a merge */
    enum hub_source source;
};

struct hub_events {
    struct hub_event *ring; /* ring: grows with what is told and is one once it is KEPT long; most worlds are small and many */
    size_t room;
    int64_t told; /* events are numbered from 1 */
};

static void forget(struct hub_event *e)
{
    free(e->name);
    free(e->value);
}

void hub_events_free(struct hub_events *all)
{
    for (int64_t i = 0; all && i < all->told && i < KEPT; i++)
        forget(&all->ring[i]);
    if (all)
        free(all->ring);
    free(all);
}

/* ---- what happens ---- */

static struct hub_event *next_slot(struct hub_events *all)
{
    if (all->told == (int64_t)all->room && all->room < KEPT) {
        all->room = all->room ? all->room * 2 : 64;
        all->room = all->room < KEPT ? all->room : KEPT;
        all->ring = mem_grow(all->ring, all->room, sizeof *all->ring);
    }
    struct hub_event *e = &all->ring[all->told++ % KEPT];
    if (all->told > KEPT)
        forget(e);
    return e;
}

static struct hub_event *tell(struct hub *h, const struct hub_type *t, const struct hub_record *r, const char *what, enum hub_source source)
{
    if (t->kind > HUB_DEAL)
        return NULL; /* activities have no subscriptions */
    if (!h->events)
        h->events = mem_alloc(sizeof *h->events);
    struct hub_event *e = next_slot(h->events);
    *e = (struct hub_event){.at = sandbox_now(hub_box(h)), .id = r->id, .type = t->names[2], .what = what, .source = source};
    return e;
}

void hub_tell(struct hub *h, const struct hub_type *t, const struct hub_record *r, const char *what, enum hub_source source)
{
    tell(h, t, r, what, source);
}

void hub_tell_property(struct hub *h, const struct hub_type *t, const struct hub_record *r, const char *name, const char *value,
                       enum hub_source source)
{
    struct hub_event *e = tell(h, t, r, "propertyChange", source);
    if (e) {
        e->name = mem_dup(name);
        e->value = mem_dup(value);
    }
}

void hub_tell_merge(struct hub *h, const struct hub_type *t, const struct hub_record *winner, const struct hub_record *loser,
                    const struct hub_record *survivor)
{
    struct hub_event *e = tell(h, t, winner, "merge", HUB_BY_PERSON);
    if (e) {
        e->other = loser->id;
        e->survivor = survivor->id;
    }
}

/* ---- deliveries ---- */

static json_t *event_json(const struct hub_event *e, int64_t number)
{
    bool app = e->source == HUB_BY_APP;
    AUTO_FREE char *type = mem_printf("%s.%s", e->type, e->what);
    json_t *out = json_pack("{s:I,s:i,s:i,s:i,s:I,s:s,s:i,s:s,s:s}", "eventId", (json_int_t)(number % 1000), "subscriptionId", 3329277,
                            "portalId", HUB_PORTAL, "appId", 1, "occurredAt", (json_int_t)e->at, "subscriptionType", type, "attemptNumber", 0,
                            "changeSource", app ? "INTEGRATION" : "CRM_UI", "sourceId", app ? HUB_APP : "userId:7");
    if (str_eq(e->what, "merge")) {
        js_set(out, "primaryObjectId", json_integer(e->id));
        js_set(out, "mergedObjectIds", json_pack("[I]", (json_int_t)e->other));
        js_set(out, "newObjectId", json_integer(e->survivor));
        return out;
    }
    js_set(out, "objectId", json_integer(e->id));
    if (e->name) {
        js_set(out, "propertyName", json_string(e->name));
        js_set(out, "propertyValue", json_string(e->value));
    } else {
        js_set(out, "changeFlag", json_string(str_eq(e->what, "creation") ? "CREATED" : "DELETED"));
    }
    return out;
}

/* base64(HMAC-SHA256(secret, "POST" + url + body + time)) */
static json_t *headers(struct hub *h, const char *secret, const char *url, const char *body)
{
    uint8_t mac[HASH_SIZE];
    AUTO_FREE char *stamp = mem_printf("%lld", (long long)sandbox_now(hub_box(h)));
    AUTO_FREE char *text = mem_printf("POST%s%s%s", url, body, stamp);
    hash_hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
    AUTO_FREE char *signature = hash_base64(mac, sizeof mac);
    return json_pack("{s:s,s:s,s:s}", "Content-Type", "application/json", "X-HubSpot-Request-Timestamp", stamp, "X-HubSpot-Signature-v3",
                     signature);
}

void hub_answer_deliveries(struct hub *h, const json_t *asked, struct http_answer *a)
{
    const char *secret = js_str_or(asked, "secret", "sandbox-secret"), *url = js_str_or(asked, "url", "");
    int64_t told = h->events ? h->events->told : 0, n = js_int_or(asked, "after", 0);
    json_t *out = json_array();
    for (n = n < told - KEPT ? told - KEPT : n < 0 ? 0 : n; n < told;) {
        AUTO_JSON json_t *events = json_array();
        for (int i = 0; i < TOGETHER && n < told; i++, n++)
            js_add(events, event_json(&h->events->ring[n % KEPT], n + 1));
        AUTO_FREE char *body = js_print(events);
        js_add(out, json_pack("{s:o,s:s,s:I}", "headers", headers(h, secret, url, body), "body", body, "last", (json_int_t)n));
    }
    sandbox_reply_json(a, 200, out);
}
