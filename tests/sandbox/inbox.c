/* Inbox v1 as a service: bearer, sliding limits, routes. The vendor's documents are silent on much; what is served here is
 * named in the reference, and the doubtful points can be switched through /_sandbox/manners. */
#include "tests/sandbox/inbox.h"

static void reply(struct http_answer *a, json_t *stolen)
{
    sandbox_reply_json(a, 200, stolen);
}

static void reply_null(struct http_answer *a)
{
    a->status = 200;
    a->body = mem_dup("null");
    a->body_n = 4;
    http_headers_set(&a->headers, "Content-Type", "application/json");
}

void inbox_refuse(struct inbox *in, struct http_answer *a, int status, const char *code, const char *message)
{
    const char *shape = js_str_or(in->manners, "error_shape", "nested");
    if (str_eq(shape, "string"))
        sandbox_reply_json(a, status, json_pack("{s:s,s:s}", "error", code, "message", message));
    else if (str_eq(shape, "flat"))
        sandbox_reply_json(a, status, json_pack("{s:s,s:s,s:s}", "code", code, "message", message, "requestId", "r1"));
    else if (str_eq(shape, "empty"))
        a->status = status;
    else
        sandbox_reply_json(a, status, json_pack("{s:{s:s,s:s,s:i}}", "error", "code", code, "message", message, "status", status));
}

/* ---- limits ---- */

static bool within_limits(struct inbox *in, struct http_answer *a)
{
    int64_t now = sandbox_now(box_of(in));
    if (box_of(in)->no_limits)
        return true;
    if (now - in->hour_start >= 3600000) {
        in->hour_start = now;
        in->hour_n = 0;
    }
    if (now - in->day_start >= 86400000) {
        in->day_start = now;
        in->day_n = 0;
    }
    int64_t oldest = in->calls_minute[in->calls_n % 300];
    bool over = (in->calls_n >= 300 && now - oldest < 60000) || in->hour_n >= 10000 || in->day_n >= 100000;
    int64_t left = 0;
    for (size_t i = 0; i < 300; i++)
        left += in->calls_n <= i || now - in->calls_minute[i] >= 60000;
    AUTO_FREE char *remaining = mem_printf("%lld", (long long)(over || !left ? 0 : left - 1)), *reset = mem_printf("%lld", (long long)(now / 1000 + 60));
    http_headers_set(&a->headers, "X-RateLimit-Limit", "300");
    http_headers_set(&a->headers, "X-RateLimit-Remaining", remaining);
    http_headers_set(&a->headers, "X-RateLimit-Reset", reset);
    if (over) {
        AUTO_FREE char *after = mem_printf("%lld", (long long)((60000 - (now - oldest)) / 1000 + 1));
        http_headers_set(&a->headers, "Retry-After", after);
        inbox_refuse(in, a, 429, "RATE_LIMITED", "Rate limit exceeded.");
        return false;
    }
    in->calls_minute[in->calls_n++ % 300] = now;
    in->hour_n++;
    in->day_n++;
    return true;
}

/* ---- threads ---- */

static bool in_view(struct inbox *in, const struct inbox_thread *t, const char *view)
{
    if (!view)
        return !str_eq(js_str(in->manners, "omitted_inbox"), "default") || (!t->done && !t->request);
    if (str_eq(view, "archived"))
        return t->done;
    if (str_eq(view, "requests"))
        return t->request && !t->done;
    if (str_eq(view, "no-reply"))
        return t->last_inbound && !t->done && !t->request;
    return !t->done && !t->request;
}

static bool after_cursor(const struct inbox_thread *t, int64_t at, const char *id, bool asc)
{
    if (t->last != at)
        return asc ? t->last > at : t->last < at;
    return asc ? strcmp(t->id, id) > 0 : strcmp(t->id, id) < 0;
}

static const char *cursor_part(const json_t *q, const char *flat, const char *nested)
{
    const char *v = js_str(q, flat);
    return v ? v : js_str(json_object_get(q, "cursor"), nested);
}

void inbox_threads(struct inbox *in, const json_t *q, struct http_answer *a)
{
    const char *view = js_str(q, "inbox"), *id = cursor_part(q, "cursorId", "id"), *stamp = cursor_part(q, "cursorTimestamp", "timestamp");
    int64_t limit = js_int_or(q, "limit", 20), at = 0;
    bool asc = str_eq(js_str(json_object_get(q, "filters"), "sortOrder"), "asc");
    if (!id != !stamp || (stamp && !when_parse(stamp, &at)) || limit < 1 || limit > 100) {
        inbox_refuse(in, a, 400, "BAD_REQUEST", "limit or cursor");
        return;
    }
    json_t *list = json_array(), *next = json_null();
    const struct inbox_thread *last = NULL;
    size_t low = 0, high = in->n_threads;
    while (asc && id && low < high) { /* the order is by time: jump to the cursor */
        size_t mid = (low + high) / 2;
        if (in->threads[in->order[mid]].last < at)
            low = mid + 1;
        else
            high = mid;
    }
    for (size_t i = low; i < in->n_threads; i++) {
        const struct inbox_thread *t = &in->threads[in->order[asc ? i : in->n_threads - 1 - i]];
        if (t->idle || in->prospects[t->prospect].deleted || !in_view(in, t, view) || (id && !after_cursor(t, at, id, asc)))
            continue;
        if ((int64_t)json_array_size(list) == limit) {
            json_decref(next);
            next = json_pack("{s:o,s:s}", "timestamp", inbox_stamp(last->last), "id", last->id);
            break;
        }
        js_add(list, inbox_thread_json(in, t));
        last = t;
    }
    reply(a, json_pack("{s:o,s:o}", "threads", list, "nextCursor", next));
}

static struct inbox_thread *thread_of(struct inbox *in, const char *id)
{
    for (size_t i = 0; i < in->n_threads; i++)
        if (str_eq(in->threads[i].id, id))
            return &in->threads[i];
    return NULL;
}

/* ---- events ---- */

/* Neighbours change places, some come twice. */
static void disorder(struct inbox *in, json_t *list)
{
    for (size_t i = 1; i < json_array_size(list); i++) {
        json_t *a = json_incref(json_array_get(list, i - 1)), *b = json_incref(json_array_get(list, i));
        if (sandbox_chance(box_of(in)) < 0.3) {
            json_array_set(list, i - 1, b);
            json_array_set(list, i, a);
        }
        if (sandbox_chance(box_of(in)) < 0.2)
            json_array_insert(list, i, a);
        json_decref(a);
        json_decref(b);
    }
}

static void events(struct inbox *in, const json_t *q, struct http_answer *a)
{
    int64_t after = js_int_or(q, "afterSeq", 0), limit = js_int_or(q, "limit", 100), last = 0;
    if (limit < 1 || limit > 1000) {
        inbox_refuse(in, a, 400, "BAD_REQUEST", "limit");
        return;
    }
    json_t *list = json_array();
    size_t low = 0, high = in->n_events;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (js_int_or(in->events[mid], "seq", 0) <= after)
            low = mid + 1;
        else
            high = mid;
    }
    size_t end = low + (size_t)limit < in->n_events ? low + (size_t)limit : in->n_events;
    for (size_t i = low; i < end; i++) {
        json_array_append(list, in->events[i]);
        last = js_int_or(in->events[i], "seq", 0);
    }
    if (inbox_manner(in, "disorder"))
        disorder(in, list);
    reply(a, json_pack("{s:o,s:b,s:o}", "events", list, "hasMore", end < in->n_events, "lastSeq", last ? json_integer(last) : json_null()));
}

/* ---- tags and statuses ---- */

static void words(struct inbox *in, json_t *list, const char *object, const char *id, const char *method, const json_t *body, struct http_answer *a)
{
    json_t *word = id ? inbox_named(list, id) : NULL, *out = NULL;
    struct err err = {0};
    const char *name = js_str(body, "name");
    if (str_eq(id, "colors"))
        reply(a, json_pack("[{s:s,s:s},{s:s,s:s},{s:s,s:s}]", "name", "red", "hex", "#ef4444", "name", "blue", "hex", "#3b82f6", "name", "green", "hex", "#22c55e"));
    else if (!id && str_eq(method, "GET"))
        reply(a, json_incref(list));
    else if (id && !word)
        inbox_refuse(in, a, 404, "NOT_FOUND", "no such word");
    else if (str_eq(method, "GET"))
        reply(a, json_incref(word));
    else if (name && inbox_named(list, name) && inbox_named(list, name) != word)
        inbox_refuse(in, a, 409, "CONFLICT", "name is taken");
    else {
        AUTO_JSON json_t *edit = json_pack("{s:s,s:s?}", "object", object, "id", id);
        if (str_eq(method, "DELETE"))
            js_set(edit, "delete", json_true());
        else
            json_object_set(edit, id ? "set" : "create", (json_t *)body);
        if (inbox_edit(&in->base, edit, &out, &err))
            str_eq(method, "DELETE") ? reply(a, NULL) : reply(a, out);
        sandbox_note(box_of(in), object, true);
    }
}

/* ---- prospects ---- */

static void prospect(struct inbox *in, const char *id, bool patch, const json_t *body, struct http_answer *a)
{
    struct inbox_prospect *p = inbox_find(in, id);
    bool changed = false;
    if (!p || strcmp(p->id, id) != 0) {
        inbox_refuse(in, a, 404, "PROSPECT_NOT_FOUND", "no such prospect");
        return;
    }
    if (patch && !inbox_patch(in, p, body, &changed, a))
        return;
    sandbox_note(box_of(in), patch ? "PATCH /prospects/{id}/context" : "GET /prospects/{id}", changed);
    reply(a, inbox_prospect_json(in, p, true));
}

static void lookup(struct inbox *in, const json_t *q, struct http_answer *a)
{
    const char *id = js_str(q, "platformId");
    struct inbox_prospect *p = inbox_find(in, id);
    sandbox_note(box_of(in), "GET /prospects/lookup", false);
    if (!id)
        inbox_refuse(in, a, 400, "BAD_REQUEST", "platformId");
    else if (!p)
        reply_null(a);
    else
        reply(a, inbox_prospect_json(in, p, true));
}

/* ---- routes ---- */

struct route_in {
    struct inbox *in;
    const char *method;
    char *part[6]; /* path segments */
    size_t n;
    json_t *query, *body;
    struct http_answer *a;
};

static bool is(const struct route_in *r, size_t i, const char *word)
{
    return i < r->n && str_eq(r->part[i], word);
}

static void thread_routes(struct route_in *r)
{
    struct inbox *in = r->in;
    if (r->n == 1 && str_eq(r->method, "GET")) {
        sandbox_note(box_of(in), "GET /threads", false);
        inbox_threads(in, r->query, r->a);
        return;
    }
    struct inbox_thread *t = r->n > 1 ? thread_of(in, r->part[1]) : NULL;
    if (is(r, 1, "lookup") || is(r, 1, "lookup-by-username")) {
        reply_null(r->a);
    } else if (!t) {
        inbox_refuse(in, r->a, 404, "THREAD_NOT_FOUND", "no such thread");
    } else if (r->n == 3 && is(r, 2, "messages") && str_eq(r->method, "GET")) {
        AUTO_JSON json_t *whole = inbox_thread_json(in, t);
        reply(r->a, json_pack("{s:s,s:s,s:[O],s:n,s:b}", "teamId", "team1sandbox", "threadId", t->id, "messages", json_object_get(whole, "lastMessage"), "nextCursor", "isSyncing", 0));
    } else if (r->n == 2 && str_eq(r->method, "PATCH")) {
        AUTO_JSON json_t *ignored = NULL;
        bool changed = false;
        inbox_patch(in, &in->prospects[t->prospect], r->body, &changed, r->a);
        sandbox_note(box_of(in), "PATCH /threads/{id}", changed);
        reply(r->a, inbox_thread_json(in, t));
    } else {
        reply(r->a, inbox_thread_json(in, t));
    }
}

static void list_route(struct route_in *r, json_t *list)
{
    json_t *one = r->n > 1 ? inbox_named(list, r->part[1]) : list;
    if (one)
        reply(r->a, json_incref(one));
    else
        inbox_refuse(r->in, r->a, 404, "NOT_FOUND", "no such id");
}

static void dispatch(struct route_in *r)
{
    struct inbox *in = r->in;
    if (is(r, 0, "team"))
        reply(r->a, json_pack("{s:s,s:s,s:s,s:s,s:s,s:b}", "id", "team1sandbox", "name", "Sandbox team", "slug", "sandbox", "createdAt",
                              "2025-01-01T00:00:00.000Z", "currency", "USD", "allowSupportAccess", 0));
    else if (is(r, 0, "account-links"))
        list_route(r, in->accounts);
    else if (is(r, 0, "members"))
        list_route(r, in->members);
    else if (is(r, 0, "threads"))
        thread_routes(r);
    else if (is(r, 0, "prospects") && is(r, 1, "lookup"))
        lookup(in, r->query, r->a);
    else if (is(r, 0, "prospects") && r->n == 3 && is(r, 2, "context") && str_eq(r->method, "PATCH"))
        prospect(in, r->part[1], true, r->body, r->a);
    else if (is(r, 0, "prospects") && r->n == 2)
        prospect(in, r->part[1], false, NULL, r->a);
    else if (is(r, 0, "tags") || is(r, 0, "statuses"))
        words(in, is(r, 0, "tags") ? in->tags : in->statuses, is(r, 0, "tags") ? "tag" : "status", r->n > 1 ? r->part[1] : NULL, r->method, r->body, r->a);
    else if (is(r, 0, "events")) {
        sandbox_note(box_of(in), "GET /events", false);
        events(in, r->query, r->a);
    } else
        inbox_refuse(in, r->a, 404, "NOT_FOUND", "no such route");
}

static void answer(struct sandbox_service *s, const struct http_request *req, const char *path, const char *query, struct http_answer *a)
{
    struct inbox *in = (struct inbox *)s;
    struct route_in r = {.in = in, .method = req->method, .a = a};
    if (str_eq(path, "/_sandbox/manners")) {
        AUTO_JSON json_t *m = js_parse(req->body ? req->body : "", req->body_n, NULL);
        json_object_update(in->manners, m);
        reply(a, json_incref(in->manners));
        return;
    }
    if (!str_eq(http_headers_get(&req->headers, "Authorization"), "Bearer sandbox-token")) {
        inbox_refuse(in, a, 401, "UNAUTHORIZED", "Invalid token");
        return;
    }
    if (!within_limits(in, a))
        return;
    AUTO_FREE char *copy = mem_dup(str_starts(path, "/api/v1") ? path + 7 : path);
    char *save = NULL;
    for (char *part = strtok_r(copy, "/", &save); part && r.n < COUNT(r.part); part = strtok_r(NULL, "/", &save))
        r.part[r.n++] = part;
    AUTO_JSON json_t *q = sandbox_query_json(query), *body = req->body_n ? js_parse(req->body, req->body_n, NULL) : json_object();
    r.query = q;
    r.body = body;
    if (!body)
        inbox_refuse(in, a, 400, "BAD_REQUEST", "not JSON");
    else
        dispatch(&r);
}

/* ---- the service ---- */

static json_t *state(struct sandbox_service *s)
{
    struct inbox *in = (struct inbox *)s;
    json_t *prospects = json_array();
    for (size_t i = 0; i < in->n; i++)
        if (!in->prospects[i].deleted)
            js_add(prospects, inbox_prospect_json(in, &in->prospects[i], false));
    return json_pack("{s:o,s:O,s:O,s:O,s:O,s:I}", "prospect", prospects, "tag", in->tags, "status", in->statuses, "member", in->members, "account_link",
                     in->accounts, "seq", (json_int_t)in->seq);
}

static void tick(struct sandbox_service *s)
{
    struct inbox *in = (struct inbox *)s;
    int64_t at = 0, oldest = sandbox_now(s->box) - EVENTS_KEPT_MS;
    size_t gone = 0;
    while (gone < in->n_events && when_parse(js_str(in->events[gone], "timestamp"), &at) && at < oldest)
        json_decref(in->events[gone++]);
    if (gone)
        memmove(in->events, in->events + gone, (in->n_events - gone) * sizeof *in->events);
    in->n_events -= gone;
}

static void set_stale(struct sandbox_service *s, bool on)
{
    ((struct inbox *)s)->stale = on;
}

static void free_inbox(struct sandbox_service *s)
{
    struct inbox *in = (struct inbox *)s;
    for (size_t i = 0; i < in->n; i++) {
        json_decref(in->prospects[i].profile);
        json_decref(in->prospects[i].context);
        json_decref(in->prospects[i].before);
    }
    for (size_t i = 0; i < in->n_events; i++)
        json_decref(in->events[i]);
    free(in->prospects);
    free(in->threads);
    free(in->order);
    free(in->events);
    json_decref(in->tags);
    json_decref(in->statuses);
    json_decref(in->members);
    json_decref(in->accounts);
    json_decref(in->manners);
    free(in);
}

static void add_words(struct inbox *in, json_t *list, const char *const *names)
{
    for (; *names; names++) {
        char id[26];
        inbox_id(in, id);
        js_add(list, json_pack("{s:s,s:s,s:s,s:s}", "id", id, "name", *names, "color", "blue", "createdAt", "2026-01-01T00:00:00.000Z"));
    }
}

static void add_team(struct inbox *in)
{
    static const char *const people[] = {"ann", "ben", "cy"};
    for (size_t i = 0; i < COUNT(people); i++) {
        char id[26], user[26];
        inbox_id(in, id);
        inbox_id(in, user);
        AUTO_FREE char *mail = mem_printf("%s@team.example", people[i]);
        js_add(in->members, json_pack("{s:s,s:s,s:s,s:s,s:n,s:s,s:s,s:n}", "id", id, "userId", user, "name", people[i], "email", mail, "image", "role",
                                      i ? "user" : "owner", "createdAt", "2026-01-01T00:00:00.000Z", "updatedAt"));
    }
    for (int i = 0; i < 2; i++) {
        char id[26];
        inbox_id(in, id);
        AUTO_FREE char *user = mem_printf("ourteam%d", i + 1), *platform = mem_printf("110223994455667788%d", i);
        js_add(in->accounts, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:n}", "id", id, "platform", "twitter", "platformId", platform, "name", user,
                                       "username", user, "image", "", "createdAt", "2026-01-01T00:00:00.000Z", "status", "active", "syncedAt"));
    }
}

static int by_time(const void *a, const void *b, void *self)
{
    const struct inbox *in = self;
    const struct inbox_thread *x = &in->threads[*(const size_t *)a], *y = &in->threads[*(const size_t *)b];
    return x->last != y->last ? (x->last > y->last) - (x->last < y->last) : strcmp(x->id, y->id);
}

struct sandbox_service *sandbox_inbox_new(struct sandbox *box, size_t prospects)
{
    static const char *const tags[] = {"Lead", "VIP", "Partner", "Press", "Investor", "Spam", NULL};
    static const char *const statuses[] = {"New", "Contacted", "Qualified", "Negotiation", "Won", "Lost", NULL};
    struct inbox *in = mem_alloc(sizeof *in);
    in->base = (struct sandbox_service){.name = "inbox", .answer = answer, .state = state, .edit = inbox_edit, .tick = tick, .free = free_inbox, .stale = set_stale};
    sandbox_attach(box, &in->base);
    in->tags = json_array();
    in->statuses = json_array();
    in->members = json_array();
    in->accounts = json_array();
    in->manners = json_object();
    in->seq = 1000 + (int64_t)(sandbox_random(box) % 1000);
    add_words(in, in->tags, tags);
    add_words(in, in->statuses, statuses);
    add_team(in);
    inbox_populate(in, prospects);
    qsort_r(in->order, in->n_threads, sizeof *in->order, by_time, in);
    return &in->base;
}
