/* Reading prospects by id or key. There is no call for several at once, so they go in parallel through the one door. A
 * lookup that finds nobody is 200 with JSON null; an id that is gone is 404. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

void inbox_call_prospect(struct call *call, const char *id)
{
    AUTO_FREE char *escaped = http_escape(inbox_key_platform_id(id));
    call_init(call, "GET", inbox_is_key(id) ? "/prospects/lookup?platformId=%s" : "/prospects/%s", escaped);
}

int64_t inbox_as_of(const struct http_answer *answer)
{
    int64_t date = endpoint_answer_date(answer);
    return date ? date + 1000 : 0; /* an event of the same second must not replace what was read after it */
}

static bool is_nobody(const struct call *call)
{
    return call->err.kind == ERR_GONE || (!call->err.kind && (!call->json || json_is_null(call->json)));
}

/* A prospect that answers under another id was merged into that one. */
static void note_merge(const char *asked, struct record *r)
{
    if (inbox_is_key(asked) || inbox_is_key(r->id) || !strcmp(asked, r->id))
        return;
    r->state = RECORD_MERGED;
    r->moved_to = r->id;
    r->id = mem_dup(asked);
}

static void take_prospect(const struct call *call, const char *asked, inbox_want want, struct record *out)
{
    *out = (struct record){0};
    if (is_nobody(call)) {
        out->state = RECORD_GONE;
    } else if (call->err.kind) {
        out->err = call->err;
    } else if (!inbox_read_prospect(call->json, want, out)) {
        err_set(&out->err, ERR_TEMP, "Inbox answered something that names no prospect");
    } else {
        out->as_of = inbox_as_of(&call->answer);
        note_merge(asked, out);
    }
    if (!out->id)
        out->id = mem_dup(asked);
}

/* Performs the reads; the caller frees the calls with free_calls. */
static struct call *read_all(struct endpoint *ep, const char *const *ids, size_t n)
{
    struct call *calls = mem_alloc((n + 1) * sizeof *calls);
    for (size_t i = 0; i < n; i++)
        inbox_call_prospect(&calls[i], ids[i]);
    if (n)
        endpoint_call_many(ep, calls, n);
    return calls;
}

/* The records of all calls, in order. */
static void take_all(struct endpoint *ep, const struct call *calls, const char *const *ids, size_t n, inbox_want want,
                     struct record *out)
{
    AUTO_FREE const json_t **prospects = mem_grow(NULL, n + 1, sizeof(void *));
    for (size_t i = 0; i < n; i++) {
        take_prospect(&calls[i], ids[i], want, &out[i]);
        prospects[i] = calls[i].json;
    }
    inbox_complete(ep, want, prospects, out, n);
}

static void free_calls(struct call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        call_done(&calls[i]);
    free(calls);
}

/* FETCH_FRESH needs nothing special: reads by id are what there is. History is not kept by Inbox. */
bool inbox_fetch(struct endpoint *ep, const char *object, const char *const *ids, size_t n, const char *const *fields,
                 unsigned flags, struct record *out, struct err *err)
{
    (void)flags;
    if (!strcmp(object, "message"))
        return inbox_fetch_conversations(ep, ids, n, out, err);
    if (strcmp(object, "prospect"))
        return err_set(err, ERR_CONFIG, "Inbox has no object \"%s\"", object);
    inbox_want want = inbox_wants(fields);
    struct call *calls = read_all(ep, ids, n);
    take_all(ep, calls, ids, n, want, out);
    free_calls(calls, n);
    return true;
}

/* The ids to read for the values of a find: keys for X ids, so that the lookup is asked. */
static bool prepare_ids(const char *field, const char *const *values, size_t n, char **ids, struct err *err)
{
    bool by_platform = !strcmp(field, "platformId") || !strcmp(field, "key");
    if (!by_platform && strcmp(field, "externalId"))
        return err_set(err, ERR_CONFIG, "Inbox cannot find prospects by %s", field);
    for (size_t i = 0; i < n; i++)
        ids[i] = by_platform && !inbox_is_key(values[i]) ? mem_printf("x:%s", values[i]) : mem_dup(values[i]);
    return true;
}

static void take_found(struct record *stolen, struct found *out)
{
    *out = (struct found){.err = stolen->err};
    if (stolen->err.kind || stolen->state == RECORD_GONE) {
        record_done(stolen);
        return;
    }
    out->items = mem_alloc(sizeof *out->items);
    out->items[out->n++] = *stolen;
}

bool inbox_find_by(struct endpoint *ep, const char *object, const char *field, const char *const *values, size_t n,
                   const char *const *fields, struct found *out, struct err *err)
{
    AUTO_FREE char **ids = mem_alloc((n + 1) * sizeof *ids);
    if (strcmp(object, "prospect"))
        return err_set(err, ERR_CONFIG, "Inbox has no object \"%s\"", object);
    if (!prepare_ids(field, values, n, ids, err))
        return false;
    inbox_want want = inbox_wants(fields);
    AUTO_FREE struct record *records = mem_alloc((n + 1) * sizeof *records);
    struct call *calls = read_all(ep, (const char *const *)ids, n);
    take_all(ep, calls, (const char *const *)ids, n, want, records);
    for (size_t i = 0; i < n; i++) {
        take_found(&records[i], &out[i]);
        free(ids[i]);
    }
    free_calls(calls, n);
    return true;
}
