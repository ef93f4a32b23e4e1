/* A webhook's delivery: verified, kept on the disk, then answered, then the bell. What it means is the engine's business. The
 * 2xx is a promise, so nothing is promised that a power cut could take back. */
#include "bridge/app/delivery.h"
#include "bridge/app/reply.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "bridge/base/str.h"
#include <string.h>

static struct app_endpoint *endpoint_at(struct app *app, const char *url)
{
    const char *name = url + strlen("/hooks/");
    size_t n = strcspn(name, "?");
    for (size_t i = 0; i < app->n_endpoints; i++) {
        const struct endpoint *ep = app->endpoints[i].ep;
        if (strlen(ep->name) == n && !strncmp(ep->name, name, n) && (ep->caps & CAP_HOOK))
            return &app->endpoints[i];
    }
    return NULL;
}

static json_t *headers_of(const struct http_request *q)
{
    json_t *out = json_object();
    for (size_t i = 0; i < q->headers.n; i++)
        if (str_utf8_valid(q->headers.items[i].value, strlen(q->headers.items[i].value)) &&
            str_utf8_valid(q->headers.items[i].name, strlen(q->headers.items[i].name)))
            js_set(out, q->headers.items[i].name, json_string(q->headers.items[i].value));
    return out;
}

static enum hook_result refuse(struct http_answer *a, const struct err *err)
{
    if (err->kind == ERR_AUTH) {
        reply_text(a, 401, "%s\n", err->text);
        return HOOK_UNSIGNED;
    }
    if (err->kind == ERR_CONFIG) {
        reply_later(a, 60, "deliveries of this endpoint cannot be verified: its secret is not configured\n");
        return HOOK_UNSET;
    }
    reply_text(a, 400, "%s\n", err->text);
    return HOOK_REFUSED;
}

static enum hook_result keep(struct http *h, struct app_endpoint *e, int64_t now, const struct page *page, struct http_answer *a)
{
    const struct endpoint *ep = e->ep;
    struct err err = {0};
    AUTO_FREE char *text = delivery_text(page);
    if (intray_put(&h->tray, ep->name, now, text, &err)) {
        reply_text(a, 200, "taken\n");
        bell_ring(h->bell);
        e->heard = now;
        return HOOK_TAKEN;
    }
    if (err.kind != ERR_LIMIT)
        log_error("delivery.lost", "endpoint", ep->name, "error", err.text, NULL);
    reply_later(a, 30, "too much waits already\n");
    return HOOK_OVERLOADED;
}

static enum hook_result deliver(struct http *h, struct app_endpoint *e, const struct http_request *q, struct http_answer *a)
{
    struct endpoint *ep = e->ep;
    struct page page __attribute__((cleanup(page_done))) = {0};
    struct err err = {0};
    AUTO_JSON json_t *headers = headers_of(q);
    int64_t now = h->app->env.now(&h->app->env);
    if (!ep->kind->hook(ep, q->method, q->url, headers, q->body, q->body_n, now, &page, &err)) {
        log_event(err.kind == ERR_AUTH ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN, "delivery.refused", "endpoint", ep->name, "kind",
                  err_name(err.kind), "error", err.text, NULL); /* strangers may not fill the log */
        return refuse(a, &err);
    }
    return keep(h, e, now, &page, a);
}

void hooks_answer(struct http *h, const struct http_request *q, struct http_answer *a)
{
    struct app_endpoint *e = endpoint_at(h->app, q->url);
    if (!e)
        reply_text(a, 404, "no endpoint of that name takes deliveries\n");
    else if (!str_eq(q->method, "POST"))
        reply_method(a, "POST");
    else
        e->hooks[deliver(h, e, q, a)]++;
}
