/* Webhook deliveries, ready to be posted by whoever wants: the sandbox opens no connections itself. Each event becomes a
 * body and its signature, in today's format or, for campaign events, the legacy one; retries and doubles are up to the caller.
 * GET /_sandbox/deliveries?secret=…&afterSeq=N&format=v1|legacy&rotated=true */
#include "bridge/base/hash.h"
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

/* t=<seconds>,v1=<hex of HMAC-SHA256 over "t.body">; when a secret is being rotated a foreign v1 stands before ours, and
 * ours is in upper case. */
static char *sign(const char *secret, const char *body, int64_t now, bool rotated)
{
    uint8_t mac[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    AUTO_FREE char *text = mem_printf("%lld.%s", (long long)(now / 1000), body);
    hash_hmac_sha256(secret, strlen(secret), text, strlen(text), mac);
    hash_hex(mac, sizeof mac, hex);
    for (char *c = hex; rotated && *c; c++)
        *c = *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
    return mem_printf("t=%lld,%sv1=%s", (long long)(now / 1000), rotated ? "v1=00ff00ff," : "", hex);
}

/* target.contacted → {"event":"targetContacted",…}: no id, no seq. NULL for events the old format does not know. */
static char *legacy_body(const struct event *e, const char *modern)
{
    static const char *const names[][2] = {{"target.contacted", "targetContacted"},
                                           {"target.followUpSent", "targetFollowUpSent"},
                                           {"target.replied", "targetReplied"}};
    struct err err = {0};
    AUTO_JSON json_t *event = js_parse(modern, strlen(modern), &err);
    for (size_t i = 0; i < COUNT(names); i++) {
        if (!str_eq(e->type, names[i][0]))
            continue;
        AUTO_JSON json_t *out = json_pack("{s:s,s:s,s:s,s:s}", "event", names[i][1], "version", "1.0", "source",
                                          "inbox", "platform", "twitter");
        json_object_set(out, "timestamp", json_object_get(event, "timestamp"));
        json_t *data = json_copy(json_object_get(event, "data"));
        if (json_object_get(data, "prospect"))
            json_object_set(data, "external", json_object_get(data, "prospect"));
        json_object_del(data, "prospect");
        js_set(out, "data", data ? data : json_object());
        return js_print(out);
    }
    return NULL;
}

static json_t *delivery(const char *secret, const char *body, int64_t now, bool rotated)
{
    AUTO_FREE char *signature = sign(secret, body, now, rotated);
    json_t *headers = json_object(), *out = json_object();
    js_set(headers, "Content-Type", js_text("application/json"));
    js_set(headers, "X-Inbox-Signature", js_text(signature));
    js_set(out, "headers", headers);
    js_set(out, "body", js_text(body));
    return out;
}

void answer_deliveries(struct inbox *x, const char *query, struct http_answer *a)
{
    AUTO_JSON json_t *q = sandbox_query_json(query);
    const char *secret = js_str_or(q, "secret", "ibt_wh_sandbox");
    bool legacy = str_eq(js_str(q, "format"), "legacy"), rotated = str_eq(js_str(q, "rotated"), "true");
    int64_t after = js_int_or(q, "afterSeq", -1), now = inbox_now(x);
    json_t *out = json_array();
    for (size_t i = 0; i < x->n_events; i++) {
        const struct event *e = &x->events[(x->first_event + i) % x->cap_events];
        struct buf b = BUF_INIT(0);
        if (e->seq <= after || e->visible > now)
            continue;
        write_event(x, &b, e);
        AUTO_FREE char *modern = buf_take(&b), *old = legacy ? legacy_body(e, modern) : NULL;
        if (!legacy || old)
            js_add(out, delivery(secret, legacy ? old : modern, now, rotated));
    }
    sandbox_reply_json(a, 200, out);
}
