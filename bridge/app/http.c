/* Which path is answered by whom. A request is answered from one configuration from its first to its last byte. */
#include "bridge/app/desk.h"
#include "bridge/app/http.h"
#include "bridge/app/look.h"
#include "bridge/app/metrics.h"
#include "bridge/app/reply.h"
#include "bridge/base/buf.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <string.h>

#define EXPLAIN_MOST 2 /* of the server's threads wait for the engine at once */
#define EXPLAIN_WAIT_MS (20 * 1000)
#define TURN_MOST_MS (5 * 60 * 1000) /* a batch against a slow service takes its time; a loop that hangs takes longer */

/* ---- health ---- */

static void healthz(struct http *h, const struct http_request *q, struct http_answer *a)
{
    int64_t silent = h->app->env.now(&h->app->env) - vitals_turned(h->vitals);
    (void)q;
    if (silent < TURN_MOST_MS)
        reply_text(a, 200, "alive\n");
    else
        reply_text(a, 503, "the engine's loop has not come round for %lld seconds\n", (long long)silent / 1000);
}

static void check_endpoint(struct http *h, size_t i, struct buf *why)
{
    const struct app_endpoint *e = &h->app->endpoints[i];
    const struct vitals_endpoint v = vitals_endpoint(h->vitals, i);
    int64_t now = h->app->env.now(&h->app->env);
    if (v.kind != ERR_NONE)
        buf_printf(why, "endpoint %s: %s\n", e->ep->name, v.error);
    else if (!v.polled)
        buf_printf(why, "endpoint %s: not asked yet\n", e->ep->name);
    else if (now - v.polled > 3 * e->poll + TURN_MOST_MS)
        buf_printf(why, "endpoint %s: not asked for %lld seconds\n", e->ep->name, (long long)(now - v.polled) / 1000);
}

static void readyz(struct http *h, const struct http_request *q, struct http_answer *a)
{
    struct buf why = {0};
    (void)q;
    for (size_t i = 0; i < h->app->n_routes; i++) {
        const struct vitals_route v = vitals_route(h->vitals, i);
        if (v.kind != ERR_NONE || !v.learnt)
            buf_printf(&why, "route %s: %s\n", h->app->routes[i].route.name, v.kind != ERR_NONE ? v.stopped : "has not learnt its schemas yet");
    }
    for (size_t i = 0; i < h->app->n_endpoints; i++)
        check_endpoint(h, i, &why);
    reply_text(a, why.n ? 503 : 200, "%s", why.n ? buf_str(&why) : "ready\n");
    buf_done(&why);
}

static void metrics(struct http *h, const struct http_request *q, struct http_answer *a)
{
    struct err err = {0};
    AUTO_FREE char *text = metrics_text(h->app, h->vitals, &h->tray, &err);
    (void)q;
    reply_text(a, text ? 200 : 500, "%s%s", text ? text : err.text, text ? "" : "\n");
    if (text)
        http_headers_set(&a->headers, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
}

/* ---- what the commands print ---- */

/* Digests of one length are compared, so that neither content nor length of the token shows in the time it takes. */
static bool may_ask(const struct http *h, const struct http_request *q)
{
    const char *said = http_headers_get(&q->headers, "authorization"), *token = h->app->http.api_token;
    uint8_t ours[HASH_SIZE], theirs[HASH_SIZE];
    if (!said || !token || strncasecmp(said, "Bearer ", 7) != 0)
        return false;
    hash_sha256(token, strlen(token), ours);
    hash_sha256(said + 7, strlen(said + 7), theirs);
    return hash_same(ours, theirs, HASH_SIZE);
}

static void add_vitals(struct http *h, json_t *report)
{
    json_t *endpoints = json_array();
    for (size_t i = 0; i < h->app->n_routes; i++) {
        const struct vitals_route v = vitals_route(h->vitals, i);
        json_t *row = json_array_get(json_object_get(report, "routes"), i);
        if (v.kind != ERR_NONE)
            js_set(row, "stopped", json_string(v.stopped));
    }
    for (size_t i = 0; i < h->app->n_endpoints; i++) {
        const struct vitals_endpoint v = vitals_endpoint(h->vitals, i);
        json_t *row = json_pack("{s:s,s:b,s:I,s:I}", "name", h->app->endpoints[i].ep->name, "up", v.up, "polled", v.polled,
                                "calls", (json_int_t)v.calls);
        if (v.kind != ERR_NONE)
            js_set(row, "error", json_string(v.error));
        js_add(endpoints, row);
    }
    js_set(report, "endpoints", endpoints);
    js_set(report, "deliveries_waiting", json_integer(intray_waiting(&h->tray)));
}

static json_t *api_status(struct http *h, const struct http_request *q, struct err *err)
{
    json_t *report = look_status(h->app, err);
    (void)q;
    if (report)
        add_vitals(h, report);
    return report;
}

static json_t *api_holds(struct http *h, const struct http_request *q, struct err *err)
{
    (void)q;
    return look_holds(h->app, err);
}

static json_t *api_dead(struct http *h, const struct http_request *q, struct err *err)
{
    (void)q;
    return look_dead(h->app, err);
}

static char *who_of(const struct http_request *q, struct err *err)
{
    char *who = http_query(q->url, "who");
    if (!who)
        err_set(err, ERR_REJECT, "say ?who=, a @handle, a key or an id");
    return who;
}

static json_t *api_history(struct http *h, const struct http_request *q, struct err *err)
{
    AUTO_FREE char *who = who_of(q, err), *at = http_query(q->url, "at");
    int64_t moment = WHEN_NEVER;
    if (who && at && !when_parse(at, &moment)) {
        err_set(err, ERR_REJECT, "\"%s\" is no time: say 2026-03-02 or 2026-03-02T09:15:00Z", at);
        return NULL;
    }
    return who ? look_history(h->app, who, moment, err) : NULL;
}

/* Both services are asked, which is the engine's business: it is waited for, by a few threads at most. */
static json_t *api_explain(struct http *h, const struct http_request *q, struct err *err)
{
    AUTO_FREE char *who = who_of(q, err);
    if (!who)
        return NULL;
    AUTO_JSON json_t *words = json_pack("[s,s]", "explain", who);
    AUTO_JSON json_t *state = NULL;
    if (++h->explaining <= EXPLAIN_MOST) {
        int64_t id = desk_put(h->desk, words, h->app->env.now(&h->app->env), err);
        state = id ? desk_wait(h->desk, id, EXPLAIN_WAIT_MS) : NULL;
        if (id)
            desk_withdraw(h->desk, id);
    }
    h->explaining--;
    const json_t *answer = json_object_get(state, "answer"), *said = json_object_get(answer, "said");
    if (!answer && err->kind == ERR_NONE)
        err_set(err, ERR_TEMP, "the engine is in the middle of a batch");
    else if (json_array_size(said))
        err_set(err, js_int_or(answer, "exit", 0) == EXIT_USAGE ? ERR_GONE : ERR_STORE, "%s", json_string_value(json_array_get(said, 0)));
    return err->kind == ERR_NONE ? json_incref(json_object_get(answer, "out")) : NULL;
}

static void fail(struct http_answer *a, const struct err *err)
{
    if (err->kind == ERR_TEMP || err->kind == ERR_LIMIT)
        reply_later(a, 5, err->text);
    else
        reply_text(a, err->kind == ERR_REJECT ? 400 : err->kind == ERR_GONE ? 404 : 500, "%s\n", err->text);
}

static void api(struct http *h, const struct http_request *q, struct http_answer *a)
{
    static const struct {
        const char *path;
        json_t *(*answer)(struct http *, const struct http_request *, struct err *);
    } all[] = {{"/api/status", api_status}, {"/api/holds", api_holds}, {"/api/dead", api_dead}, {"/api/explain", api_explain},
               {"/api/history", api_history}};
    struct err err = {0};
    if (!may_ask(h, q)) {
        reply_text(a, 401, "say Authorization: Bearer and the api_token of the group http\n");
        http_headers_set(&a->headers, "WWW-Authenticate", "Bearer");
        return;
    }
    for (size_t i = 0; i < COUNT(all); i++)
        if (reply_is_path(q, all[i].path)) {
            AUTO_JSON json_t *out = all[i].answer(h, q, &err);
            if (out)
                reply_json(a, 200, out, &err);
            else
                fail(a, &err);
            return;
        }
    reply_text(a, 404, "/api/status, /api/holds, /api/dead, /api/explain and /api/history are here\n");
}

/* ---- which path ---- */

static void route_request(struct http *h, const struct http_request *q, struct http_answer *a)
{
    static const struct {
        const char *path;
        void (*answer)(struct http *, const struct http_request *, struct http_answer *);
    } all[] = {{"/healthz", healthz}, {"/readyz", readyz}, {"/metrics", metrics}};
    bool reads = str_eq(q->method, "GET") || str_eq(q->method, "HEAD");
    if (str_starts(q->url, "/hooks/")) {
        hooks_answer(h, q, a);
        return;
    }
    for (size_t i = 0; i < COUNT(all); i++)
        if (reply_is_path(q, all[i].path)) {
            if (reads)
                all[i].answer(h, q, a);
            else
                reply_method(a, "GET, HEAD");
            return;
        }
    if (!str_starts(q->url, "/api/"))
        reply_text(a, 404, "nothing is here\n");
    else if (!reads)
        reply_method(a, "GET, HEAD");
    else
        api(h, q, a);
}

void http_handle(void *self, const struct http_request *request, struct http_answer *answer)
{
    struct http *h = self;
    pthread_rwlock_rdlock(&h->lock);
    if (h->app)
        route_request(h, request, answer);
    else if (reply_is_path(request, "/healthz"))
        reply_text(answer, 200, "alive\n");
    else
        reply_later(answer, 1, "the configuration is being loaded\n");
    pthread_rwlock_unlock(&h->lock);
}
