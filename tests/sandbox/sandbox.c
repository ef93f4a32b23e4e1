/* The world the services share: one clock, one chance, one lock, and the way of a request through faults, service and
 * the list of calls. Services know only their own manners; what a fault does to them is decided outside. */
#include "bridge/base/str.h"
#include "tests/sandbox/sandbox_inner.h"
#include <string.h>
#include <time.h>

#define OCTOBER_2026 1793000000000

/* ---- clock and chance ---- */

static int64_t system_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t sandbox_now(struct sandbox *box)
{
    return box->real_time ? system_ms() + box->offset : box->now;
}

void sandbox_advance(struct sandbox *box, int64_t ms)
{
    pthread_mutex_lock(&box->lock);
    box->now += ms;
    box->offset += ms;
    for (size_t i = 0; i < box->n; i++)
        if (box->services[i]->tick)
            box->services[i]->tick(box->services[i]);
    pthread_mutex_unlock(&box->lock);
}

/* splitmix64 */
uint64_t sandbox_random(struct sandbox *box)
{
    uint64_t z = (box->random += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double sandbox_chance(struct sandbox *box)
{
    return (double)(sandbox_random(box) >> 11) / 9007199254740992.0;
}

/* ---- life ---- */

/* Recursive: a service under the lock may advance the clock. */
static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(lock, &attributes);
    pthread_mutexattr_destroy(&attributes);
}

struct sandbox *sandbox_new(uint64_t seed)
{
    struct sandbox *box = mem_alloc(sizeof *box);
    init_lock(&box->lock);
    box->now = OCTOBER_2026;
    box->random = seed;
    box->rules = rules_new();
    box->calls = calls_new();
    return box;
}

void sandbox_free(struct sandbox *box)
{
    if (!box)
        return;
    for (size_t i = 0; i < box->n; i++)
        box->services[i]->free(box->services[i]);
    rules_free(box->rules);
    calls_free(box->calls);
    pthread_mutex_destroy(&box->lock);
    free(box);
}

void sandbox_attach(struct sandbox *box, struct sandbox_service *s)
{
    for (size_t i = 0; i < box->n; i++)
        if (box->services[i] == s)
            return;
    s->box = box;
    box->services[box->n++] = s;
}

/* ---- one request ---- */

static void put_date(struct sandbox *box, struct http_answer *a)
{
    char text[64];
    time_t t = (time_t)(sandbox_now(box) / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    http_headers_set(&a->headers, "date", text);
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The decoded path of an absolute or relative URL; *query points behind the question mark, or at "". */
static char *path_of(const char *url, const char **query)
{
    const char *host = strstr(url, "://"), *slash = host ? strchr(host + 3, '/') : url;
    const char *path = slash ? slash : "/", *mark = strchr(path, '?');
    size_t n = mark ? (size_t)(mark - path) : strlen(path);
    char *out = mem_alloc(n + 1), *to = out;
    *query = mark ? mark + 1 : "";
    for (size_t i = 0; i < n; i++) {
        bool escape = path[i] == '%' && i + 2 < n && hex(path[i + 1]) >= 0 && hex(path[i + 2]) >= 0;
        *to++ = escape ? (char)(hex(path[i + 1]) * 16 + hex(path[i + 2])) : path[i];
        i += escape ? 2 : 0;
    }
    *to = '\0';
    return out;
}

static void set_stale(struct sandbox_service *s, bool on)
{
    if (s->stale)
        s->stale(s, on);
}

static void meet_service(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, const char *path,
                         const char *query, struct http_answer *a, int64_t *delay)
{
    struct fault fault = rules_meet(box, s, r->method, path);
    *delay = fault.ms;
    calls_begin(box->calls);
    if (!fault_before(&fault, s, a)) {
        if (fault.kind == FAULT_STALE)
            set_stale(s, true);
        s->answer(s, r, path, query, a);
        if (fault.kind == FAULT_STALE)
            set_stale(s, false);
        fault_after(&fault, a);
        if (s->arrived)
            s->arrived(s, fault.kind == FAULT_NONE || fault.kind == FAULT_STALE || fault.kind == FAULT_DELAY);
    }
    const char *route = s->route && !calls_noted(box->calls) ? s->route(s, r->method, path) : NULL;
    calls_end(box->calls, s, r, route, a->status, sandbox_now(box));
}

void sandbox_serve(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, struct http_answer *a,
                   int64_t *delay)
{
    static const char control[] = "/_sandbox/";
    const char *query = "";
    AUTO_FREE char *path = path_of(r->url, &query);
    pthread_mutex_lock(&box->lock);
    *a = (struct http_answer){.fate = HTTP_ANSWERED};
    *delay = 0;
    if (s->tick)
        s->tick(s);
    if (!str_starts(path, control)) {
        meet_service(box, s, r, path, query, a, delay);
        *delay += box->latency_ms;
    } else if (!control_answer(box, s, r, path + strlen(control), a)) {
        s->answer(s, r, path, query, a);
    }
    if (a->fate == HTTP_ANSWERED)
        put_date(box, a);
    pthread_mutex_unlock(&box->lock);
}

void sandbox_reply_json(struct http_answer *a, int status, json_t *stolen)
{
    free(a->body);
    a->status = status;
    a->body = stolen ? js_print(stolen) : NULL;
    a->body_n = a->body ? strlen(a->body) : 0;
    json_decref(stolen);
    if (a->body)
        http_headers_set(&a->headers, "content-type", "application/json");
}
