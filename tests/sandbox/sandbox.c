/* The world the services share: clock, randomness, faults, and the list of calls. One request goes in, one answer comes
 * out; what a fault rule does to it is decided here, so that services know only their own manners. */
#include "tests/sandbox/sandbox.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <fnmatch.h>
#include <string.h>
#include <time.h>

#define CALLS_KEPT 1000

struct sandbox_calls {
    json_t *services; /* name → {"total","writes","routes":{}} */
    json_t *last;
    const char *route; /* of the request being served */
    char route_text[128];
    bool wrote;
};

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
    box->now += ms;
    box->offset += ms;
    for (size_t i = 0; i < box->n; i++)
        if (box->services[i]->tick)
            box->services[i]->tick(box->services[i]);
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

struct sandbox *sandbox_new(uint64_t seed)
{
    struct sandbox *box = mem_alloc(sizeof *box);
    pthread_mutex_init(&box->lock, NULL);
    box->now = 1793000000000; /* October 2026 */
    box->random = seed;
    box->faults = json_array();
    box->calls = mem_alloc(sizeof *box->calls);
    box->calls->services = json_object();
    box->calls->last = json_array();
    return box;
}

void sandbox_free(struct sandbox *box)
{
    if (!box)
        return;
    for (size_t i = 0; i < box->n; i++)
        box->services[i]->free(box->services[i]);
    json_decref(box->faults);
    json_decref(box->calls->services);
    json_decref(box->calls->last);
    free(box->calls);
    pthread_mutex_destroy(&box->lock);
    free(box);
}

void sandbox_attach(struct sandbox *box, struct sandbox_service *s)
{
    s->box = box;
    box->services[box->n++] = s;
}

/* ---- calls ---- */

void sandbox_note(struct sandbox *box, const char *route, bool wrote)
{
    str_copy(box->calls->route_text, sizeof box->calls->route_text, route);
    box->calls->route = box->calls->route_text;
    box->calls->wrote |= wrote;
}

static void bump(json_t *o, const char *name)
{
    js_set(o, name, json_integer(js_int_or(o, name, 0) + 1));
}

static json_t *child(json_t *o, const char *name)
{
    if (!json_object_get(o, name))
        js_set(o, name, json_object());
    return json_object_get(o, name);
}

static void record_call(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, int status)
{
    struct sandbox_calls *c = box->calls;
    json_t *one = child(c->services, s->name);
    AUTO_FREE char *plain = c->route ? NULL : mem_printf("%s %.*s", r->method, (int)strcspn(r->url, "?"), r->url);
    bump(one, "total");
    if (c->wrote)
        bump(one, "writes");
    bump(child(one, "routes"), c->route ? c->route : plain);
    if (box->real_time || json_array_size(c->last) < CALLS_KEPT) {
        if (json_array_size(c->last) >= CALLS_KEPT)
            json_array_remove(c->last, 0);
        js_add(c->last, json_pack("{s:s,s:s,s:s,s:i,s:I}", "service", s->name, "method", r->method, "url", r->url, "status", status, "at",
                                  (json_int_t)sandbox_now(box)));
    }
}

json_t *sandbox_calls_json(struct sandbox *box, struct sandbox_service *s)
{
    json_t *out = json_deep_copy(child(box->calls->services, s->name)), *last = json_array(), *row;
    size_t i;
    if (!json_object_get(out, "total"))
        js_set(out, "total", json_integer(0));
    if (!json_object_get(out, "writes"))
        js_set(out, "writes", json_integer(0));
    child(out, "routes");
    json_array_foreach (box->calls->last, i, row)
        if (str_eq(js_str(row, "service"), s->name))
            json_array_append(last, row);
    js_set(out, "last", last);
    return out;
}

void sandbox_calls_clear(struct sandbox *box)
{
    json_object_clear(box->calls->services);
    json_array_clear(box->calls->last);
}

/* ---- faults ---- */

static bool path_matches(const char *pattern, const char *path)
{
    if (strchr(pattern, '*'))
        return fnmatch(pattern, path, 0) == 0;
    return str_starts(path, pattern) || strstr(path, pattern);
}

static bool rule_applies(struct sandbox *box, json_t *rule, const struct http_request *r, const char *path)
{
    const json_t *match = json_object_get(rule, "match");
    const char *method = js_str(match, "method"), *pattern = js_str(match, "path"), *service = js_str(match, "service");
    if ((method && !str_eq_nocase(method, r->method)) || (pattern && !path_matches(pattern, path)))
        return false;
    (void)service;
    int64_t seen = js_int_or(rule, "_seen", 0) + 1, every = js_int_or(rule, "every", 1);
    js_set(rule, "_seen", json_integer(seen));
    if (every > 1 && seen % every)
        return false;
    const json_t *chance = json_object_get(rule, "chance");
    if (chance && sandbox_chance(box) >= json_number_value(chance))
        return false;
    int64_t times = js_int_or(rule, "times", -1);
    if (times == 0)
        return false;
    if (times > 0)
        js_set(rule, "times", json_integer(times - 1));
    return true;
}

static json_t *fault_for(struct sandbox *box, const struct http_request *r, const char *path)
{
    size_t i;
    json_t *rule;
    json_array_foreach (box->faults, i, rule)
        if (rule_applies(box, rule, r, path))
            return rule;
    return NULL;
}

bool sandbox_fault(struct sandbox *box, const char *rule_json)
{
    json_t *rule = js_parse(rule_json, strlen(rule_json), NULL);
    if (!rule)
        return false;
    if (json_is_array(rule)) {
        json_array_extend(box->faults, rule);
        json_decref(rule);
    } else {
        js_add(box->faults, rule);
    }
    return true;
}

void sandbox_faults_clear(struct sandbox *box)
{
    json_array_clear(box->faults);
}

static void replace_body(struct http_answer *a, int status, const char *type, const char *text)
{
    free(a->body);
    a->status = status;
    a->body = mem_dup(text);
    a->body_n = strlen(text);
    http_headers_set(&a->headers, "Content-Type", type);
}

/* Faults that speak instead of the service. True when the service must not see the request. */
static bool fault_before(struct sandbox *box, const json_t *rule, struct http_answer *a, int64_t *delay)
{
    const char *what = js_str_or(rule, "do", "");
    (void)box;
    *delay += js_int_or(rule, "ms", 0);
    if (str_eq(what, "reset_before")) {
        a->fate = HTTP_NOT_SENT;
        err_set(&a->err, ERR_TEMP, "connection refused (sandbox)");
        return true;
    }
    if (str_eq(what, "status")) {
        replace_body(a, (int)js_int_or(rule, "status", 500), "application/json",
                     "{\"status\":\"error\",\"message\":\"sandbox fault\",\"category\":\"SANDBOX\",\"correlationId\":\"sandbox-1\"}");
        AUTO_FREE char *after = mem_printf("%lld", (long long)js_int_or(rule, "retry_after", 0));
        if (json_object_get(rule, "retry_after"))
            http_headers_set(&a->headers, "Retry-After", after);
        return true;
    }
    if (str_eq(what, "html")) {
        replace_body(a, (int)js_int_or(rule, "status", 502), "text/html", "<html><body><h1>502 Bad Gateway</h1></body></html>");
        return true;
    }
    return false;
}

/* Faults that spoil what the service said after it acted. */
static void fault_after(const json_t *rule, struct http_answer *a)
{
    const char *what = js_str_or(rule, "do", "");
    if (str_eq(what, "reset_after")) {
        http_answer_done(a);
        a->fate = HTTP_LOST;
        err_set(&a->err, ERR_UNSURE, "connection reset (sandbox)");
    } else if (str_eq(what, "empty")) {
        replace_body(a, a->status, "application/json", "");
    } else if (str_eq(what, "truncate") && a->body_n > 1) {
        a->body_n /= 2;
        a->body[a->body_n] = '\0';
    }
}

/* ---- the control surface ---- */

void sandbox_reply_json(struct http_answer *a, int status, json_t *stolen)
{
    free(a->body);
    a->status = status;
    a->body = stolen ? js_print(stolen) : NULL;
    a->body_n = a->body ? strlen(a->body) : 0;
    json_decref(stolen);
    if (a->body)
        http_headers_set(&a->headers, "Content-Type", "application/json");
}

json_t *sandbox_state(struct sandbox *box, struct sandbox_service *s)
{
    (void)box;
    return s->state(s);
}

bool sandbox_edit(struct sandbox *box, struct sandbox_service *s, const json_t *edits, json_t **out, struct err *err)
{
    AUTO_JSON json_t *done = json_array();
    AUTO_JSON json_t *list = json_is_array(edits) ? json_incref((json_t *)edits) : json_pack("[O]", edits);
    size_t i;
    json_t *edit;
    (void)box;
    json_array_foreach (list, i, edit) {
        json_t *one = NULL;
        if (!s->edit(s, edit, &one, err))
            return err_wrap(err, "edit %zu", i + 1);
        js_add(done, one ? one : json_null());
    }
    if (out)
        *out = json_incref(done);
    return true;
}

static void control_edit(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *edits = js_parse(r->body ? r->body : "", r->body_n, &err);
    json_t *out = NULL;
    if (edits && sandbox_edit(box, s, edits, &out, &err))
        sandbox_reply_json(a, 200, out);
    else
        sandbox_reply_json(a, 400, json_pack("{s:s}", "error", err.text));
}

static bool control(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, const char *path, struct http_answer *a)
{
    bool drop = str_eq(r->method, "DELETE"), post = str_eq(r->method, "POST");
    const char *what = path + strlen("/_sandbox/");
    AUTO_JSON json_t *body = r->body_n ? js_parse(r->body, r->body_n, NULL) : NULL;
    if (str_eq(what, "state")) {
        sandbox_reply_json(a, 200, s->state(s));
    } else if (str_eq(what, "edit") && post) {
        control_edit(box, s, r, a);
    } else if (str_eq(what, "calls")) {
        sandbox_reply_json(a, 200, sandbox_calls_json(box, s));
        if (drop)
            sandbox_calls_clear(box);
    } else if (str_eq(what, "faults")) {
        if (drop)
            sandbox_faults_clear(box);
        else if (post && !sandbox_fault(box, r->body ? r->body : ""))
            return sandbox_reply_json(a, 400, json_pack("{s:s}", "error", "not JSON")), true;
        sandbox_reply_json(a, 200, json_deep_copy(box->faults));
    } else if (str_eq(what, "clock")) {
        sandbox_advance(box, js_int_or(body, "advance_ms", 0));
        sandbox_reply_json(a, 200, json_pack("{s:I}", "now", (json_int_t)sandbox_now(box)));
    } else {
        return false;
    }
    return true;
}

/* ---- one request ---- */

static void put_date(struct sandbox *box, struct http_answer *a)
{
    char text[64];
    time_t t = (time_t)(sandbox_now(box) / 1000);
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    http_headers_set(&a->headers, "Date", text);
}

static char *path_of(const char *url, const char **query)
{
    const char *host = strstr(url, "://"), *slash = host ? strchr(host + 3, '/') : url;
    const char *path = slash ? slash : "/", *mark = strchr(path, '?');
    *query = mark ? mark + 1 : "";
    return mem_dup_n(path, mark ? (size_t)(mark - path) : strlen(path));
}

static void stale_start(struct sandbox_service *s, bool on)
{
    if (s->stale)
        s->stale(s, on);
}

static void serve(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, const char *path, const char *query,
                  struct http_answer *a, int64_t *delay)
{
    json_t *rule = fault_for(box, r, path);
    bool stale = rule && str_eq(js_str(rule, "do"), "stale");
    if (rule && fault_before(box, rule, a, delay))
        return;
    stale_start(s, stale);
    s->answer(s, r, path, query, a);
    stale_start(s, false);
    if (rule)
        fault_after(rule, a);
}

void sandbox_serve(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, struct http_answer *a, int64_t *delay)
{
    const char *query = "";
    AUTO_FREE char *path = path_of(r->url, &query);
    pthread_mutex_lock(&box->lock);
    *a = (struct http_answer){.fate = HTTP_ANSWERED};
    *delay = 0;
    if (s->tick)
        s->tick(s);
    if (!str_starts(path, "/_sandbox/")) {
        box->calls->route = NULL;
        box->calls->wrote = false;
        serve(box, s, r, path, query, a, delay);
        record_call(box, s, r, a->status);
        *delay += box->latency_ms;
    } else if (!control(box, s, r, path, a)) {
        s->answer(s, r, path, query, a);
    }
    if (a->fate == HTTP_ANSWERED)
        put_date(box, a);
    pthread_mutex_unlock(&box->lock);
}

/* ---- in-process transport ---- */

struct box_transport {
    struct http_transport base;
    struct sandbox *box;
};

static struct sandbox_service *service_of(struct sandbox *box, const char *url)
{
    for (size_t i = 0; i < box->n; i++) {
        AUTO_FREE char *prefix = mem_printf("http://%s.sandbox", box->services[i]->name);
        if (str_starts(url, prefix))
            return box->services[i];
    }
    return NULL;
}

static void perform(struct http_transport *self, const struct http_request *requests, struct http_answer *answers, size_t n, unsigned in_flight)
{
    struct sandbox *box = ((struct box_transport *)self)->box;
    (void)in_flight;
    for (size_t i = 0; i < n; i++) {
        struct sandbox_service *s = service_of(box, requests[i].url);
        int64_t delay = 0;
        if (s) {
            sandbox_serve(box, s, &requests[i], &answers[i], &delay);
            continue;
        }
        answers[i] = (struct http_answer){.fate = HTTP_NOT_SENT};
        err_set(&answers[i].err, ERR_TEMP, "no such host in the sandbox: %s", requests[i].url);
    }
}

static void free_transport(struct http_transport *self)
{
    free(self);
}

struct http_transport *sandbox_transport(struct sandbox *box)
{
    struct box_transport *t = mem_alloc(sizeof *t);
    t->base = (struct http_transport){.perform = perform, .free = free_transport};
    t->box = box;
    return &t->base;
}
