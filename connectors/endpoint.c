/* The one door. Limit, authorise, send, refresh once, classify: in that order, for every request of every connector. */
#include "connectors/endpoint.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <stdarg.h>
#include <string.h>

#define RETRY_DEFAULT_MS 60000
#define RETRY_MOST_MS (24 * 3600 * 1000LL)
#define IN_FLIGHT 8
#define PATIENT_MS 60000

/* ---- endpoints ---- */

struct endpoint *endpoint_new(const char *name, const struct connector *kind, const struct opt_node *group,
                              const char *const *also, struct env *env, const struct vault *vault, struct opt_faults *faults)
{
    struct endpoint *ep = mem_alloc(sizeof *ep);
    struct err err = {0};
    ep->name = mem_dup(name);
    ep->kind = kind;
    ep->caps = kind->caps;
    ep->state = mem_alloc(kind->state_size);
    ep->env = env;
    ep->patience = 60 * 1000;
    if (vault)
        ep->vault = *vault;
    bool ok = opt_read(group, kind->options, also, ep->state, faults);
    if (ok && !kind->open(ep, &err)) {
        opt_fault(faults, opt_place_file(group), opt_place_line(group), "endpoint %s: %s", name, err.text);
        ok = false;
    }
    if (ok)
        return ep;
    endpoint_free(ep);
    return NULL;
}

void endpoint_free(struct endpoint *ep)
{
    if (!ep)
        return;
    ep->kind->close(ep);
    opt_clear(ep->kind->options, ep->state);
    limiter_free(ep->limiter);
    oauth_free(ep->oauth);
    free(ep->base_url);
    free(ep->state);
    free(ep->name);
    free(ep);
}

/* ---- calls ---- */

void call_init(struct call *c, const char *method, const char *url_fmt, ...)
{
    char *url = NULL;
    va_list ap;
    va_start(ap, url_fmt);
    if (vasprintf(&url, url_fmt, ap) < 0)
        abort();
    va_end(ap);
    *c = (struct call){.writes = strcmp(method, "GET") != 0};
    c->request.method = mem_dup(method);
    c->request.url = url;
}

void call_body(struct call *c, const json_t *body)
{
    char *text = js_print(body);
    http_request_body(&c->request, text, strlen(text), "application/json");
}

void call_done(struct call *c)
{
    http_request_done(&c->request);
    http_answer_done(&c->answer);
    json_decref(c->json);
    c->json = NULL;
    free(c->path);
    c->path = NULL;
}

int64_t endpoint_answer_date(const struct http_answer *answer)
{
    int64_t ms = 0;
    const char *date = http_headers_get(&answer->headers, "date");
    return date && when_parse_http(date, &ms) ? ms : 0;
}

/* ---- classification ---- */

static enum err_kind kind_of(int status, bool writes)
{
    switch (status) {
    case 401:
    case 402:
    case 403:
        return ERR_AUTH;
    case 404:
    case 410:
        return ERR_GONE;
    case 408:
    case 425:
        return ERR_TEMP;
    case 412:
        return ERR_STALE;
    case 423:
        return ERR_TEMP;
    case 429:
    case 477:
        return ERR_RATE;
    default:
        break;
    }
    if (status >= 300 && status < 400)
        return ERR_CONFIG;
    if (status >= 400 && status < 500)
        return ERR_REJECT;
    return writes ? ERR_UNSURE : ERR_TEMP;
}

/* Seconds or a date, within sanity; 0 = not told. */
static int64_t retry_after(struct endpoint *ep, const struct http_answer *a)
{
    const char *text = http_headers_get(&a->headers, "retry-after");
    int64_t now = ep->env->now(ep->env), seconds = 0, at = 0;
    if (!text)
        return 0;
    if (str_to_int(text, 0, RETRY_MOST_MS / 1000, &seconds))
        return now + seconds * 1000;
    if (!when_parse_http(text, &at))
        return 0;
    int64_t base = endpoint_answer_date(a);
    int64_t span = at - (base ? base : now);
    return span < 0 ? now : now + (span > RETRY_MOST_MS ? RETRY_MOST_MS : span);
}

/* The service's own words, wherever it put them. */
static char *words_of(const struct http_answer *a)
{
    AUTO_JSON json_t *body = a->body_n ? js_parse(a->body, a->body_n, NULL) : NULL;
    json_t *error = json_object_get(body, "error");
    const char *text = json_is_object(error) ? js_str(error, "message") : NULL;
    if (!text)
        text = js_str(body, "message");
    if (!text)
        text = js_str(body, "error_description");
    if (!text)
        text = json_string_value(error);
    if (!text)
        text = a->body ? a->body : "";
    char *words = mem_dup(text);
    words[str_utf8_cut(words, 240)] = '\0';
    const char *id = js_str(body, "correlationId");
    if (!id)
        return words;
    char *both = mem_printf("%s (correlationId %s)", words, id);
    free(words);
    return both;
}

static const char *path_of(const struct call *c)
{
    return c->path ? c->path : c->request.url;
}

static void classify_status(struct endpoint *ep, struct call *c)
{
    const struct http_answer *a = &c->answer;
    if (a->status >= 200 && a->status < 300)
        return;
    AUTO_FREE char *words = words_of(a), *path = mem_dup(path_of(c));
    const char *to = http_headers_get(&a->headers, "location");
    path[strcspn(path, "?")] = '\0';
    if (a->status >= 300 && a->status < 400)
        err_set(&c->err, ERR_CONFIG, "%s %s is redirected to %s; the token is not sent there", c->request.method, path, to ? to : "?");
    else
        err_set(&c->err, kind_of(a->status, c->writes), "%s %s answered %d: %s", c->request.method, path, a->status, words);
    c->err.retry_at = retry_after(ep, a);
    int64_t now = ep->env->now(ep->env);
    if (c->err.kind == ERR_RATE && !c->err.retry_at)
        c->err.retry_at = now + RETRY_DEFAULT_MS;
    if (a->status == 423 && c->err.retry_at < now + 2000)
        c->err.retry_at = now + 2000;
}

static void parse_answer(struct call *c)
{
    if (c->raw || !c->answer.body_n || c->err.kind != ERR_NONE)
        return;
    struct err err = {0};
    c->json = js_parse_only(c->answer.body, c->answer.body_n, c->only, &err);
    if (!c->json)
        err_set(&c->err, c->writes ? ERR_UNSURE : ERR_TEMP, "%s answered %d with something else: %s", c->request.method,
                c->answer.status, err.text);
}

static void classify(struct endpoint *ep, struct call *c)
{
    struct http_answer *a = &c->answer;
    c->err = (struct err){0};
    if (a->fate != HTTP_ANSWERED) {
        c->err = a->err;
        if (a->fate == HTTP_LOST && c->err.kind != ERR_LIMIT)
            c->err.kind = c->writes ? ERR_UNSURE : ERR_TEMP;
        if (a->fate == HTTP_LOST && c->err.kind == ERR_LIMIT && c->writes)
            c->err.kind = ERR_UNSURE;
        err_wrap(&c->err, "%s %s", c->request.method, path_of(c));
        return;
    }
    if (ep->heed)
        ep->heed(ep, c->bucket, a);
    classify_status(ep, c);
    if (ep->judge && c->err.kind != ERR_NONE)
        ep->judge(ep, a, c->writes, &c->err);
    if (c->err.kind == ERR_RATE && c->err.retry_at && ep->limiter)
        limiter_wait_until(ep->limiter, c->bucket, c->err.retry_at);
    parse_answer(c);
}

/* ---- the door ---- */

/* Waits its turn; false = it would be longer than the patience, the call is not made. */
static bool admit(struct endpoint *ep, struct call *c, int64_t until)
{
    while (ep->limiter) {
        int64_t now = ep->env->now(ep->env);
        int64_t wait = limiter_take(ep->limiter, now, c->bucket, ep->lane, 1);
        if (wait <= 0)
            return true;
        if (now + wait > until) {
            err_set(&c->err, ERR_RATE, "%s: its call quota is used up for now", ep->name);
            c->err.retry_at = now + wait;
            return false;
        }
        ep->env->sleep(ep->env, wait);
    }
    return true;
}

/* The address as the connector gave it, also when it was completed for an earlier token. */
static void reset_url(struct call *c)
{
    if (!c->path && c->request.url[0] == '/')
        c->path = mem_dup(c->request.url);
    if (!c->path)
        return;
    free(c->request.url);
    c->request.url = mem_dup(c->path);
}

static bool authorise(struct endpoint *ep, struct call *c, unsigned *generation)
{
    reset_url(c);
    if (ep->oauth && !oauth_authorise(ep->oauth, ep->env, &c->request, generation, &c->err))
        return false;
    if (c->request.url[0] != '/')
        return true;
    if (!ep->base_url)
        return err_set(&c->err, ERR_CONFIG, "%s: nobody says where the service is", ep->name);
    char *full = mem_printf("%s%s", ep->base_url, c->request.url);
    free(c->request.url);
    c->request.url = full;
    return true;
}

static void power_out(struct call *c, bool after)
{
    http_answer_done(&c->answer);
    c->answer = (struct http_answer){.fate = after ? HTTP_LOST : HTTP_NOT_SENT};
    err_set(&c->answer.err, after ? ERR_UNSURE : ERR_TEMP, "power is out");
}

static void send_one(struct endpoint *ep, struct call *c)
{
    struct env *env = ep->env;
    if (!env_touch(env, "call", false)) {
        power_out(c, false);
        return;
    }
    env->transport->perform(env->transport, &c->request, &c->answer, 1, 1);
    if (!env_touch(env, "call", true))
        power_out(c, true);
}

/* Hands the admitted calls to the transport together; under test one by one, so that the power can go between two. */
static void send_all(struct endpoint *ep, struct call **go, size_t n)
{
    ep->calls += n;
    if (ep->env->touch || n == 1) {
        for (size_t i = 0; i < n; i++)
            send_one(ep, go[i]);
        return;
    }
    AUTO_FREE struct http_request *requests = mem_grow(NULL, n + 1, sizeof *requests);
    AUTO_FREE struct http_answer *answers = mem_alloc((n + 1) * sizeof *answers);
    for (size_t i = 0; i < n; i++)
        requests[i] = go[i]->request;
    ep->env->transport->perform(ep->env->transport, requests, answers, n, ep->in_flight ? ep->in_flight : IN_FLIGHT);
    for (size_t i = 0; i < n; i++)
        go[i]->answer = answers[i];
}

/* Calls marked for the round, in groups as large as the limiter lets through at once. */
static void round_of(struct endpoint *ep, struct call **todo, size_t n, unsigned *generation)
{
    AUTO_FREE struct call **go = mem_grow(NULL, n + 1, sizeof *go);
    int64_t until = ep->env->now(ep->env) + ep->patience;
    size_t ready = 0;
    for (size_t i = 0; i < n; i++) {
        struct call *c = todo[i];
        bool now = ep->limiter && limiter_room(ep->limiter, ep->env->now(ep->env), c->bucket, ep->lane) > 0;
        if (!now && ep->limiter && ready) { /* the next one has to wait: let the others go first */
            send_all(ep, go, ready);
            ready = 0;
        }
        c->err = (struct err){0};
        if (!admit(ep, c, until) || !authorise(ep, c, generation)) {
            c->answer.fate = HTTP_NOT_SENT;
            continue;
        }
        go[ready++] = c;
    }
    if (ready)
        send_all(ep, go, ready);
    for (size_t i = 0; i < n; i++)
        if (todo[i]->err.kind == ERR_NONE)
            classify(ep, todo[i]);
}

/* Keeps in todo the calls refused for their token; the others prove that it is good. */
static size_t refused_of(struct endpoint *ep, struct call **todo, size_t n, unsigned generation)
{
    size_t refused = 0;
    for (size_t i = 0; i < n; i++) {
        const struct http_answer *a = &todo[i]->answer;
        if (a->status == 401 && !(ep->incurable && ep->incurable(a)))
            todo[refused++] = todo[i];
        else if (ep->oauth && a->fate == HTTP_ANSWERED && a->status != 401)
            oauth_worked(ep->oauth, generation);
    }
    return refused;
}

void endpoint_call_many(struct endpoint *ep, struct call *calls, size_t n)
{
    AUTO_FREE struct call **todo = mem_grow(NULL, n + 1, sizeof *todo);
    unsigned generation = 0;
    for (size_t i = 0; i < n; i++)
        todo[i] = &calls[i];
    round_of(ep, todo, n, &generation);
    size_t refused = refused_of(ep, todo, n, generation);
    struct err err = {0};
    if (!refused || !ep->oauth)
        return;
    if (!oauth_refused(ep->oauth, ep->env, generation, &err)) {
        for (size_t i = 0; i < refused && err.kind != ERR_NONE; i++)
            todo[i]->err = err;
        return;
    }
    for (size_t i = 0; i < refused; i++) {
        http_answer_done(&todo[i]->answer);
        json_decref(todo[i]->json);
        todo[i]->json = NULL;
    }
    round_of(ep, todo, refused, &generation);
    refused_of(ep, todo, refused, generation);
}

size_t endpoint_turns(struct endpoint *ep, unsigned each, int64_t *next)
{
    int64_t now = ep->env->now(ep->env);
    *next = now;
    if (!ep->limiter || ep->patience >= PATIENT_MS)
        return SIZE_MAX;
    *next = now + limiter_wait(ep->limiter, now, 0, ep->lane, each);
    return limiter_room(ep->limiter, now, 0, ep->lane) / each;
}

bool endpoint_call(struct endpoint *ep, struct call *call, struct err *err)
{
    endpoint_call_many(ep, call, 1);
    if (call->err.kind == ERR_NONE)
        return true;
    *err = call->err;
    return false;
}
