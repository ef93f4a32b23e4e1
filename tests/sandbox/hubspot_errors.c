/* How HubSpot says no: one shape for whole answers, another for the rows of a 207, a third for limits. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

/* HubSpot's correlation ids are UUIDs; ours count, so that runs repeat. */
static json_t *correlation(struct hub *h)
{
    char text[64];
    snprintf(text, sizeof text, "aeb5f871-7f07-4993-9211-%012llx", (unsigned long long)++h->answers);
    return json_string(text);
}

static json_t *error_json(struct hub *h, const char *category, const char *message)
{
    return json_pack("{s:s,s:s,s:o,s:s}", "status", "error", "message", message, "correlationId", correlation(h),
                     "category", category);
}

void hub_error(struct hub *h, struct http_answer *a, int status, const char *category, const char *fmt, ...)
{
    struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    sandbox_reply_json(a, status, error_json(h, category, buf_str(&b)));
    buf_done(&b);
}

bool hub_set_bad(struct hub_bad *bad, int status, const char *category, const char *fmt, ...)
{
    struct buf b = {0};
    va_list ap;
    hub_bad_done(bad);
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    *bad = (struct hub_bad){.status = status, .category = category, .message = buf_take(&b)};
    return false;
}

void hub_bad_done(struct hub_bad *bad)
{
    free(bad->message);
    json_decref(bad->errors);
    json_decref(bad->context);
    *bad = (struct hub_bad){0};
}

void hub_refuse(struct hub *h, struct http_answer *a, struct hub_bad *bad)
{
    json_t *out = error_json(h, bad->category, bad->message);
    if (bad->sub)
        js_set(out, "subCategory", json_string(bad->sub));
    if (bad->errors)
        js_set(out, "errors", json_incref(bad->errors));
    if (bad->context)
        js_set(out, "context", json_incref(bad->context));
    sandbox_reply_json(a, bad->status, out);
    hub_bad_done(bad);
}

/* The row names its input by the trace id when there is one, else by the id. */
json_t *hub_bad_row(const struct hub_bad *bad, const json_t *input)
{
    json_t *trace = json_object_get(input, "objectWriteTraceId"), *id = json_object_get(input, "id");
    json_t *context = bad->context ? json_deep_copy(bad->context) : json_object();
    json_t *row = json_pack("{s:s,s:s,s:s}", "status", "error", "category", bad->category, "message", bad->message);
    if (bad->sub)
        js_set(row, "subCategory", json_string(bad->sub));
    if (bad->errors)
        js_set(row, "errors", json_incref(bad->errors));
    if (trace)
        js_set(context, "objectWriteTraceId", json_pack("[O]", trace));
    else if (id)
        js_set(context, "ids", json_pack("[O]", id));
    js_set(row, "context", context);
    return row;
}

/* ---- faults in HubSpot's words ---- */

static void refuse_rate(struct hub *h, struct http_answer *a)
{
    sandbox_reply_json(a, 429,
                       json_pack("{s:s,s:s,s:s,s:o,s:s}", "status", "error", "message",
                                 "You have reached your ten_secondly_rolling limit.", "errorType", "RATE_LIMIT",
                                 "correlationId", correlation(h), "policyName", "TEN_SECONDLY_ROLLING"));
}

void hub_refuse_status(struct sandbox_service *s, int status, struct http_answer *a)
{
    static const struct {
        int status;
        const char *category, *message;
    } words[] = {{400, "VALIDATION_ERROR", "Invalid input JSON"},
                 {401, "INVALID_AUTHENTICATION", "Authentication credentials not found."},
                 {403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."},
                 {404, "OBJECT_NOT_FOUND", "Object not found."},
                 {409, "CONFLICT", "The resource was changed meanwhile."},
                 {423, "LOCKED", "The resource is locked by a heavy sync."},
                 {477, "MIGRATION_IN_PROGRESS", "The account is being migrated to another data centre."},
                 {503, "SERVICE_UNAVAILABLE", "Service unavailable"}};
    struct hub *h = (struct hub *)s;
    if (status == 429) {
        refuse_rate(h, a);
        return;
    }
    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].status == status) {
            hub_error(h, a, status, words[i].category, "%s", words[i].message);
            return;
        }
    hub_error(h, a, status, "INTERNAL_ERROR", "internal error");
}

/* ---- answers ---- */

void hub_reply(struct hub_ask *ask, int status, json_t *stolen)
{
    sandbox_reply_json(ask->a, status, stolen);
}

void hub_note(struct hub_ask *ask, bool wrote, const char *route)
{
    AUTO_FREE char *name = mem_printf("%s %s", ask->method, route);
    sandbox_note(hub_box(ask->h), name, wrote);
}

void hub_not_found(struct hub_ask *ask)
{
    hub_error(ask->h, ask->a, 404, "OBJECT_NOT_FOUND", "Object not found.  objectId are usually numeric.");
}

void hub_wrong_method(struct hub_ask *ask)
{
    hub_error(ask->h, ask->a, 405, "METHOD_NOT_ALLOWED", "HTTP 405 Method Not Allowed");
}

bool hub_is(const struct hub_ask *ask, const char *method)
{
    return str_eq(ask->method, method);
}
