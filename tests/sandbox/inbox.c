/* Inbox API v1: who may ask, how often, and which handler answers. Literal segments stand before ids in the table of
 * routes, for "lookup" and "messages" would pass as ids. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define PREFIX "/api/v1"

/* ---- answers ---- */

static const char *const codes[][2] = {{"400", "VALIDATION_ERROR"}, {"401", "UNAUTHORIZED"}, {"403", "FORBIDDEN"},
                                       {"404", "NOT_FOUND"},        {"409", "CONFLICT"},     {"422", "UNPROCESSABLE"},
                                       {"429", "RATE_LIMITED"},     {"503", "UNAVAILABLE"}};

const char *status_code_name(int status)
{
    char text[16];
    snprintf(text, sizeof text, "%d", status);
    for (size_t i = 0; i < COUNT(codes); i++)
        if (!strcmp(codes[i][0], text))
            return codes[i][1];
    return "INTERNAL_SERVER_ERROR";
}

static void set_body(struct http_answer *a, int status, const char *type, struct buf *text)
{
    free(a->body);
    a->status = status;
    a->body_n = text->n;
    a->body = text->n ? buf_take(text) : NULL;
    http_headers_set(&a->headers, "content-type", type);
}

static void write_error(struct buf *b, int shape, int status, const char *code, const char *message)
{
    if (shape == ERROR_HTML) {
        buf_printf(b, "<html><head><title>%d</title></head><body><center><h1>%d</h1></center></body></html>", status,
                   status);
        return;
    }
    if (shape == ERROR_EMPTY)
        return;
    buf_puts(b, shape == ERROR_NESTED ? "{\"error\":{\"code\":" : shape == ERROR_STRING ? "{\"error\":" : "{\"code\":");
    write_text(b, code);
    PUT(b, ",\"message\":");
    write_text(b, message);
    if (shape == ERROR_NESTED)
        buf_printf(b, ",\"status\":%d}}", status);
    else
        buf_puts(b, shape == ERROR_STRING ? "}" : ",\"details\":null,\"requestId\":\"req_sandbox\"}");
}

void fill_error(struct inbox *x, struct http_answer *a, int status, const char *code, const char *message)
{
    struct buf b = BUF_INIT(0);
    write_error(&b, x->manners.error_shape, status, code, message);
    set_body(a, status, x->manners.error_shape == ERROR_HTML ? "text/html" : "application/json", &b);
}

void reply(struct exchange *e, struct buf *text)
{
    set_body(e->answer, 200, "application/json", text);
}

void reply_null(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    PUT(&b, "null");
    reply(e, &b);
}

void reply_nothing(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    if (e->x->manners.delete_body == BODY_NULL)
        PUT(&b, "null");
    if (e->x->manners.delete_body == BODY_OBJECT)
        PUT(&b, "{}");
    reply(e, &b);
}

void reply_error(struct exchange *e, int status, const char *code, const char *fmt, ...)
{
    char message[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    fill_error(e->x, e->answer, status, code, message);
}

/* ---- routes ---- */

enum { NO_BODY, MAY_BODY, MUST_BODY };

struct route {
    const char *name; /* method, space, path with {…} for ids: also what the list of calls shows */
    handler *handle;
    int body;
};

static const struct route routes[] = {
    {"GET /threads", list_threads, NO_BODY},
    {"GET /prospects/lookup", lookup_prospect, NO_BODY},
    {"GET /prospects/{prospectId}", read_prospect, NO_BODY},
    {"PATCH /prospects/{prospectId}/context", patch_context, MAY_BODY},
    {"GET /events", list_events, NO_BODY},
    {"POST /threads", create_thread, MUST_BODY},
    {"GET /threads/lookup", lookup_thread, NO_BODY},
    {"GET /threads/lookup-by-username", lookup_by_username, NO_BODY},
    {"POST /threads/messages", quick_send, MUST_BODY},
    {"GET /threads/{threadId}", read_thread, NO_BODY},
    {"PATCH /threads/{threadId}", patch_thread, MAY_BODY},
    {"DELETE /threads/{threadId}", remove_thread, MAY_BODY},
    {"POST /threads/{threadId}/typing", type_in_thread, MAY_BODY},
    {"PATCH /threads/{threadId}/settings", set_thread, MAY_BODY},
    {"GET /threads/{threadId}/messages", list_messages, NO_BODY},
    {"POST /threads/{threadId}/messages", send_message, MUST_BODY},
    {"PATCH /threads/{threadId}/messages/{messageId}", patch_message, MUST_BODY},
    {"DELETE /threads/{threadId}/messages/{messageId}", remove_message, MAY_BODY},
    {"GET /threads/{threadId}/messages/{messageId}/history", read_history, NO_BODY},
    {"POST /threads/{threadId}/messages/{messageId}/reactions/reactions", add_reaction, MUST_BODY},
    {"DELETE /threads/{threadId}/messages/{messageId}/reactions/reactions", remove_reaction, MUST_BODY},
    {"GET /team", read_team, NO_BODY},
    {"GET /account-links", list_accounts, NO_BODY},
    {"GET /members", list_members, NO_BODY},
    {"GET /members/{memberId}", read_member, NO_BODY},
    {"GET /tags", list_tags, NO_BODY},
    {"POST /tags", create_tag, MUST_BODY},
    {"GET /tags/colors", list_colors, NO_BODY},
    {"GET /tags/{tagId}", read_tag, NO_BODY},
    {"PATCH /tags/{tagId}", patch_tag, MAY_BODY},
    {"DELETE /tags/{tagId}", remove_tag, MAY_BODY},
    {"GET /statuses", list_statuses, NO_BODY},
    {"POST /statuses", create_status, MUST_BODY},
    {"GET /statuses/colors", list_colors, NO_BODY},
    {"GET /statuses/{statusId}", read_status, NO_BODY},
    {"PATCH /statuses/{statusId}", patch_status, MAY_BODY},
    {"DELETE /statuses/{statusId}", remove_status, MAY_BODY},
    {"GET /colors", list_colors, NO_BODY},
};

/* A server that takes reactions on the plain path only. */
static const struct route plain_reactions[] = {
    {"POST /threads/{threadId}/messages/{messageId}/reactions", add_reaction, MUST_BODY},
    {"DELETE /threads/{threadId}/messages/{messageId}/reactions", remove_reaction, MUST_BODY},
};

struct match {
    const struct route *route;
    bool path_known; /* path_known: some method has it */
    char *ids[2];
    size_t n_ids;
};

/* Compares "/a/{id}/b" with a path; ids are copied out. */
static bool path_fits(const char *pattern, const char *path, struct match *m)
{
    m->n_ids = 0;
    while (*pattern && *path) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        size_t n = strcspn(path, "/");
        if (!n || m->n_ids == COUNT(m->ids))
            return false;
        free(m->ids[m->n_ids]);
        m->ids[m->n_ids++] = mem_dup_n(path, n);
        path += n;
        pattern += strcspn(pattern, "}") + 1;
    }
    return !*pattern && (!*path || !strcmp(path, "/"));
}

static void try_route(const struct route *r, const char *method, const char *path, struct match *m)
{
    size_t n = strcspn(r->name, " ");
    if (m->route || !path_fits(r->name + n + 1, path, m))
        return;
    m->path_known = true;
    if (strlen(method) == n && !strncmp(r->name, method, n))
        m->route = r;
}

static void match_done(struct match *m)
{
    free(m->ids[0]);
    free(m->ids[1]);
}

static void find_route(const struct inbox *x, const char *method, const char *path, struct match *m)
{
    if (str_starts(path, PREFIX))
        path += strlen(PREFIX);
    bool plain = x->manners.single_reactions && strstr(path, "/reactions");
    const struct route *table = plain ? plain_reactions : routes;
    for (size_t i = 0; i < (plain ? COUNT(plain_reactions) : COUNT(routes)) && !m->route; i++)
        try_route(&table[i], method, path, m);
}

static const char *route_name(struct sandbox_service *s, const char *method, const char *path)
{
    AUTO(match_done) struct match m = {0};
    find_route((struct inbox *)(void *)s, method, path, &m);
    return m.route ? m.route->name : NULL;
}

/* ---- one request ---- */

static bool token_is_good(const struct http_request *r)
{
    const char *header = http_headers_get(&r->headers, "authorization");
    return header && !strncasecmp(header, "Bearer ", 7) && str_eq(header + 7, "sandbox-token");
}

static void put_retry_after(struct inbox *x, struct http_answer *a, int64_t now, int64_t wait_ms)
{
    char text[64];
    if (x->manners.retry_after == RETRY_MISSING)
        return;
    snprintf(text, sizeof text, "%lld", (long long)((wait_ms + 999) / 1000));
    if (x->manners.retry_after == RETRY_DATE) {
        time_t t = (time_t)((now + wait_ms + 999) / 1000);
        struct tm tm;
        gmtime_r(&t, &tm);
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    }
    http_headers_set(&a->headers, "retry-after", text);
}

static bool may_ask(struct inbox *x, const struct http_request *r, struct http_answer *a)
{
    int64_t wait, now = inbox_now(x);
    bool good = token_is_good(r), pass = good && limits_pass(x, now, &wait);
    limits_headers(x, now, a);
    if (!good)
        fill_error(x, a, 401, "UNAUTHORIZED", "Invalid or missing API token");
    else if (!pass) {
        char message[96];
        snprintf(message, sizeof message, "Rate limit exceeded. Try again in %lld seconds.",
                 (long long)((wait + 999) / 1000));
        fill_error(x, a, 429, "RATE_LIMITED", message);
        put_retry_after(x, a, now, wait);
    }
    return pass;
}

static bool read_body(struct exchange *e, int wanted)
{
    struct err err = {0};
    if (wanted == NO_BODY)
        return true;
    if (e->request->body_n)
        e->body = js_parse(e->request->body, e->request->body_n, &err);
    if ((e->request->body_n || wanted == MUST_BODY) && !json_is_object(e->body)) {
        reply_error(e, 400, "VALIDATION_ERROR", "the body must be a JSON object");
        return false;
    }
    return true;
}

static void handle(struct inbox *x, const struct match *m, const struct http_request *r, const char *query,
                   struct http_answer *a)
{
    struct exchange e = {.x = x, .request = r, .answer = a, .ids = {m->ids[0], m->ids[1]}};
    e.query = sandbox_query_json(query);
    if (read_body(&e, m->route->body))
        m->route->handle(&e);
    sandbox_note(x->base.box, m->route->name, e.wrote);
    json_decref(e.query);
    json_decref(e.body);
}

static void answer_manners(struct inbox *x, const struct http_request *r, struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *said = r->body_n ? js_parse(r->body, r->body_n, &err) : json_object();
    if (str_eq(r->method, "DELETE"))
        manners_init(&x->manners);
    if (said && manners_read(&x->manners, said, &err)) {
        views_sort(x);
        sandbox_reply_json(a, 200, manners_json(&x->manners));
    } else {
        sandbox_reply_json(a, 400, json_pack("{s:s}", "error", err.text));
    }
}

static void answer(struct sandbox_service *s, const struct http_request *r, const char *path, const char *query,
                   struct http_answer *a)
{
    struct inbox *x = (struct inbox *)(void *)s;
    AUTO(match_done) struct match m = {0};
    if (str_eq(path, "/_sandbox/manners")) {
        answer_manners(x, r, a);
        return;
    }
    if (str_eq(path, "/_sandbox/deliveries")) {
        answer_deliveries(x, query, a);
        return;
    }
    if (str_starts(path, "/_sandbox/")) {
        sandbox_reply_json(a, 404, json_pack("{s:s}", "error", "no such control"));
        return;
    }
    x->stale = x->stale && str_eq(r->method, "GET");
    if (!may_ask(x, r, a))
        return;
    find_route(x, r->method, path, &m);
    if (m.route)
        handle(x, &m, r, query, a);
    else if (m.path_known)
        fill_error(x, a, 405, "METHOD_NOT_ALLOWED", "Method not allowed");
    else
        fill_error(x, a, 404, "NOT_FOUND", "Not found");
}

/* ---- the service ---- */

static void tick(struct sandbox_service *s)
{
    events_retire((struct inbox *)(void *)s);
}

static void set_stale(struct sandbox_service *s, bool on)
{
    ((struct inbox *)(void *)s)->stale = on;
}

static void refuse(struct sandbox_service *s, int status, struct http_answer *a)
{
    struct inbox *x = (struct inbox *)(void *)s;
    limits_headers(x, inbox_now(x), a);
    fill_error(x, a, status, status_code_name(status), "Something went wrong (sandbox fault)");
}

bool sandbox_inbox_manners(struct sandbox_service *s, const char *json)
{
    struct inbox *x = (struct inbox *)(void *)s;
    struct err err = {0};
    AUTO_JSON json_t *said = js_parse(json, strlen(json), &err);
    bool ok = said && manners_read(&x->manners, said, &err);
    if (ok)
        views_sort(x);
    return ok;
}

struct sandbox_service *sandbox_inbox_new(struct sandbox *box, size_t prospects)
{
    struct inbox *x = mem_alloc(sizeof *x);
    x->base = (struct sandbox_service){.name = "inbox",
                                       .answer = answer,
                                       .state = inbox_state,
                                       .edit = inbox_edit,
                                       .tick = tick,
                                       .free = inbox_free,
                                       .stale = set_stale,
                                       .refuse = refuse,
                                       .route = route_name,
                                       .write_state = inbox_write_state};
    sandbox_attach(box, &x->base);
    x->seed = inbox_mix(box->random);
    x->random = x->seed;
    x->began = inbox_now(x);
    x->next_seq = 1000 + (int64_t)(x->seed % 9000);
    x->lost_seq = -1;
    manners_init(&x->manners);
    inbox_seed(x, prospects);
    return &x->base;
}
