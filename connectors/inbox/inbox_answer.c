/* What an answer means beyond its status: the words of the error, in any of the shapes seen in print, and the rate
 * headers. Decides by status class and known codes, never by the text for people. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define BODY_MAX (256u << 10) /* an error page beyond it is not read */
#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)

struct words {
    const char *code, *message; /* borrowed from the body; NULL */
};

/* {"error":{code,message}} · {"error":"code","message"} · {"code","message"} · anything else has no words. */
static void read_words(const json_t *body, struct words *out)
{
    const json_t *error = json_object_get(body, "error");
    const json_t *holder = json_is_object(error) ? error : body;
    out->code = json_is_string(error) ? json_string_value(error) : js_str(holder, "code");
    out->message = js_str(holder, "message");
}

static enum err_kind kind_of(int status, bool writes, const char *code, enum err_kind general)
{
    bool other_thing = code && (str_starts(code, "TAG_") || str_starts(code, "STATUS_") || str_starts(code, "MEMBER_"));
    switch (status) {
    case 402:
    case 403:
        return ERR_AUTH;
    case 404:
    case 410:
        return writes && other_thing ? ERR_REJECT : ERR_GONE;
    case 400:
    case 405:
    case 406:
    case 409:
    case 413:
    case 414:
    case 415:
    case 422:
        return ERR_REJECT;
    default:
        return general;
    }
}

void inbox_judge(struct endpoint *ep, const struct http_answer *answer, bool writes, struct err *err)
{
    struct words words = {0};
    (void)ep;
    if (answer->fate != HTTP_ANSWERED || (answer->status >= 200 && answer->status < 300))
        return;
    AUTO_JSON json_t *body = NULL;
    if (answer->body && answer->body_n <= BODY_MAX)
        body = js_parse(answer->body, answer->body_n, &(struct err){0});
    read_words(body, &words);
    int64_t retry_at = err->retry_at;
    err_set(err, kind_of(answer->status, writes, words.code, err->kind), "Inbox answered %d%s%.80s%s%.300s",
            answer->status, words.code ? " " : "", words.code ? words.code : "", words.message ? ": " : "",
            words.message ? words.message : "");
    err->retry_at = retry_at;
    if (err->kind == ERR_RATE && !retry_at && endpoint_answer_date(answer))
        err->retry_at = endpoint_answer_date(answer) + MINUTE_MS;
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
