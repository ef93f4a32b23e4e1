/* What a prospect's own answer leaves out and its newest thread tells: the assignee (older servers keep it on threads
 * only), whether the prospect wrote, and the conversation. One more read a prospect, and only when one of these was
 * asked for and not told. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/when.h"
#include "connectors/inbox/inbox_inner.h"

static bool lacks(const json_t *fields, inbox_want want, enum inbox_field_id id)
{
    return inbox_wanted(want, id) && !json_object_get(fields, inbox_fields[id].name);
}

static const json_t *threads_of(const json_t *prospect)
{
    return json_object_get(json_object_get(prospect, "context"), "threads");
}

static const char *newest_thread(const json_t *prospect)
{
    const json_t *threads = threads_of(prospect);
    const char *newest = NULL;
    int64_t last = -1, at;
    for (size_t i = 0; i < json_array_size(threads); i++) {
        const json_t *thread = json_array_get(threads, i);
        const char *when = js_str(thread, "lastMessageTimestamp");
        if (!when || !when_parse(when, &at))
            at = 0;
        if (!inbox_id_of(thread) || at <= last)
            continue;
        newest = inbox_id_of(thread);
        last = at;
    }
    return newest;
}

/* Several threads: the newest one cannot say that the prospect wrote in none. */
static void take(const json_t *thread, const json_t *prospect, inbox_want want, json_t *fields)
{
    struct inbox_facts facts;
    inbox_read_facts(thread, false, &facts);
    facts.n_links = 0;
    facts.last_told = false;
    if (facts.replied == INBOX_FALSE && json_array_size(threads_of(prospect)) > 1)
        facts.replied = INBOX_UNTOLD;
    inbox_put_facts(&facts, want, fields);
}

static size_t ask(const json_t *const *prospects, const struct record *records, size_t n, inbox_want want, size_t *of,
                  struct call *calls)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *fields = records[i].fields;
        const char *thread = fields ? newest_thread(prospects[i]) : NULL;
        if (!thread || !(lacks(fields, want, INBOX_ASSIGNEE) || lacks(fields, want, INBOX_REPLIED) ||
                         lacks(fields, want, INBOX_CONVERSATION)))
            continue;
        AUTO_FREE char *id = http_escape(thread);
        call_init(&calls[m], "GET", "/threads/%s", id);
        of[m++] = i;
    }
    return m;
}

void inbox_complete(struct endpoint *ep, inbox_want want, const json_t *const *prospects, struct record *records,
                    size_t n)
{
    AUTO_FREE size_t *of = mem_alloc((n + 1) * sizeof *of);
    AUTO_FREE struct call *calls = mem_alloc((n + 1) * sizeof *calls);
    size_t m = ask(prospects, records, n, want, of, calls);
    if (m)
        endpoint_call_many(ep, calls, m);
    for (size_t i = 0; i < m; i++) {
        struct record *r = &records[of[i]];
        if (!calls[i].err.kind)
            take(calls[i].json, prospects[of[i]], want, r->fields);
        else if (calls[i].err.kind != ERR_GONE)
            r->err = calls[i].err;
        call_done(&calls[i]);
    }
}
