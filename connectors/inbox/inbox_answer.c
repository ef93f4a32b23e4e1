/* What an answer means beyond what its status says to everybody: Inbox's own error code, in any of the shapes seen in
 * print, and the rate headers. Decides by status and known codes, never by the text for people. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define BODY_MAX (256u << 10) /* an error page beyond it is not read */
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

/* {"error":{code,message}} · {"error":"code","message"} · {"code","message"} · anything else has none. */
static const char *code_of(const json_t *body)
{
    const json_t *error = json_object_get(body, "error");
    if (json_is_string(error))
        return json_string_value(error);
    return js_str(json_is_object(error) ? error : body, "code");
}

/* A write may name a tag, status or member that is gone, while the prospect is there. */
static bool is_about_another_thing(const char *code)
{
    return code && (str_starts(code, "TAG_") || str_starts(code, "STATUS_") || str_starts(code, "MEMBER_"));
}

void inbox_judge(struct endpoint *ep, const struct http_answer *answer, bool writes, struct err *err)
{
    (void)ep;
    if (answer->fate != HTTP_ANSWERED || !answer->body || answer->body_n > BODY_MAX)
        return;
    AUTO_JSON json_t *body = js_parse(answer->body, answer->body_n, &(struct err){0});
    const char *code = code_of(body);
    if (err->kind == ERR_GONE && writes && is_about_another_thing(code))
        err->kind = ERR_REJECT;
    if (code && !strstr(err->text, code))
        err_wrap(err, "%.80s", code);
}

static bool header_number(const struct http_answer *answer, const char *name, int64_t *out)
{
    const char *text = http_headers_get(&answer->headers, name);
    return text && str_to_int(text, 0, UINT32_MAX, out);
}

/* The headers show one window and do not say which; its limit tells. Without a limit it is the minute's. */
static int64_t span_of(const struct inbox *inbox, int64_t limit)
{
    if (limit > 0 && limit == inbox->per_day)
        return DAY_MS;
    if (limit > 0 && limit == inbox->per_hour)
        return HOUR_MS;
    return MINUTE_MS;
}

void inbox_heed(struct endpoint *ep, unsigned bucket, const struct http_answer *answer)
{
    int64_t limit = 0, remaining;
    if (!header_number(answer, "x-ratelimit-remaining", &remaining))
        return;
    if (!header_number(answer, "x-ratelimit-limit", &limit))
        limit = 0;
    limiter_seen(ep->limiter, ep->env->now(ep->env), bucket, span_of(ep->state, limit), (unsigned)limit,
                 (unsigned)remaining);
}
