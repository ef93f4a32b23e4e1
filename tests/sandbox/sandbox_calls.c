/* The list of calls: how many per route, how many that changed something, and the last thousand. Kept in plain structs,
 * for simulations make hundreds of thousands of calls. */
#include "bridge/base/str.h"
#include "tests/sandbox/sandbox_inner.h"
#include <string.h>

#define LAST_KEPT 1000
#define ROUTES_MAX 256 /* of all services; the rest is counted as "other" */
#define NAME_MAX_BYTES 96

struct route {
    const struct sandbox_service *service;
    char name[NAME_MAX_BYTES];
    int64_t calls, writes;
};

struct call {
    const struct sandbox_service *service;
    char method[12];
    char *url;
    int status;
    int64_t at;
};

struct sandbox_calls {
    struct route *routes;
    size_t n_routes, cap_routes;
    struct call *last; /* last is a ring once it is full */
    size_t n_last, next, cap_last;
    char noted[NAME_MAX_BYTES]; /* noted is the route of the request being served; "" = not told yet */
    bool wrote;
};

struct sandbox_calls *calls_new(void)
{
    return mem_alloc(sizeof(struct sandbox_calls));
}

static void drop_last(struct sandbox_calls *c)
{
    for (size_t i = 0; i < c->n_last; i++)
        free(c->last[i].url);
    c->n_last = c->next = 0;
}

void calls_free(struct sandbox_calls *c)
{
    drop_last(c);
    free(c->last);
    free(c->routes);
    free(c);
}

void sandbox_note(struct sandbox *box, const char *route, bool wrote)
{
    struct sandbox_calls *c = box->calls;
    size_t n = strlen(route);
    n = n < NAME_MAX_BYTES ? n : NAME_MAX_BYTES - 1;
    memcpy(c->noted, route, n);
    c->noted[n] = '\0';
    c->wrote |= wrote;
}

void calls_begin(struct sandbox_calls *c)
{
    c->noted[0] = '\0';
    c->wrote = false;
}

bool calls_noted(const struct sandbox_calls *c)
{
    return c->noted[0];
}

static struct route *route_named(struct sandbox_calls *c, const struct sandbox_service *s, const char *name)
{
    for (size_t i = 0; i < c->n_routes; i++)
        if (c->routes[i].service == s && !strcmp(c->routes[i].name, name))
            return &c->routes[i];
    if (c->n_routes >= ROUTES_MAX && strcmp(name, "other") != 0)
        return route_named(c, s, "other");
    if (c->n_routes == c->cap_routes) {
        c->cap_routes = c->cap_routes ? c->cap_routes * 2 : 8;
        c->routes = mem_grow(c->routes, c->cap_routes, sizeof *c->routes);
    }
    struct route *r = &c->routes[c->n_routes++];
    *r = (struct route){.service = s};
    str_copy(r->name, sizeof r->name, name);
    return r;
}

static struct call *next_slot(struct sandbox_calls *c)
{
    if (c->n_last == LAST_KEPT) {
        struct call *oldest = &c->last[c->next];
        c->next = (c->next + 1) % LAST_KEPT;
        free(oldest->url);
        return oldest;
    }
    if (c->n_last == c->cap_last) {
        c->cap_last = c->cap_last ? c->cap_last * 2 : 16;
        c->last = mem_grow(c->last, c->cap_last, sizeof *c->last);
    }
    return &c->last[c->n_last++];
}

void calls_end(struct sandbox_calls *c, const struct sandbox_service *s, const struct http_request *r,
               const char *fallback, int status, int64_t now)
{
    if (!c->noted[0] && fallback)
        str_copy(c->noted, sizeof c->noted, fallback);
    if (!c->noted[0]) {
        AUTO_FREE char *plain = mem_printf("%s %.*s", r->method, (int)strcspn(r->url, "?"), r->url);
        str_copy(c->noted, sizeof c->noted, plain);
    }
    struct route *route = route_named(c, s, c->noted);
    route->calls++;
    route->writes += c->wrote;
    struct call *slot = next_slot(c);
    *slot = (struct call){.service = s, .url = mem_dup(r->url), .status = status, .at = now};
    str_copy(slot->method, sizeof slot->method, r->method);
}

static json_t *call_json(const struct call *call)
{
    json_t *out = json_object();
    js_set(out, "method", js_text(call->method));
    js_set(out, "url", js_text(call->url));
    js_set(out, "status", json_integer(call->status));
    js_set(out, "at", json_integer(call->at));
    return out;
}

json_t *calls_json(const struct sandbox_calls *c, const struct sandbox_service *s)
{
    json_t *out = json_object(), *routes = json_object(), *last = json_array();
    int64_t total = 0, writes = 0;
    for (size_t i = 0; i < c->n_routes; i++) {
        const struct route *r = &c->routes[i];
        if (r->service != s)
            continue;
        total += r->calls;
        writes += r->writes;
        js_set(routes, r->name, json_integer(r->calls));
    }
    for (size_t i = 0; i < c->n_last; i++) {
        const struct call *call = &c->last[(c->next + i) % c->n_last];
        if (call->service == s)
            js_add(last, call_json(call));
    }
    js_set(out, "total", json_integer(total));
    js_set(out, "writes", json_integer(writes));
    js_set(out, "routes", routes);
    js_set(out, "last", last);
    return out;
}

void calls_clear(struct sandbox_calls *c, const struct sandbox_service *s)
{
    size_t kept = 0, n = c->n_last, first = c->next;
    struct call *old = c->last;
    for (size_t i = 0; i < c->n_routes; i++)
        if (s && c->routes[i].service != s)
            c->routes[kept++] = c->routes[i];
    c->n_routes = kept;
    c->last = NULL;
    c->n_last = c->cap_last = c->next = 0;
    for (size_t i = 0; i < n; i++) {
        struct call *call = &old[(first + i) % n];
        if (s && call->service != s)
            *next_slot(c) = *call;
        else
            free(call->url);
    }
    free(old);
}

/* ---- the verbs of tests in the same process ---- */

json_t *sandbox_calls_json(struct sandbox *box, struct sandbox_service *s)
{
    pthread_mutex_lock(&box->lock);
    json_t *out = calls_json(box->calls, s);
    pthread_mutex_unlock(&box->lock);
    return out;
}

void sandbox_calls_clear(struct sandbox *box)
{
    pthread_mutex_lock(&box->lock);
    calls_clear(box->calls, NULL);
    pthread_mutex_unlock(&box->lock);
}
