/* What Salesforce's error codes mean for whoever asked: one table. A code it does not know is refused for good until
 * proved otherwise. Here too: the words of a failed row, and the header that tells how much of the day's quota is left. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define DAY_MS (24 * 60 * MINUTE_MS)

static const struct {
    const char *code;
    enum err_kind kind;
    int64_t wait; /* ms until it is worth another try; 0 = the usual backoff */
} salesforce_codes[] = {
    {"INVALID_SESSION_ID", ERR_AUTH, 0},
    {"INVALID_AUTH_HEADER", ERR_AUTH, 0},
    {"API_CURRENTLY_DISABLED", ERR_AUTH, 0},
    {"API_DISABLED_FOR_ORG", ERR_AUTH, 0},
    {"ORG_LOCKED", ERR_AUTH, 0},
    {"TRIAL_EXPIRED", ERR_AUTH, 0},
    {"REQUEST_LIMIT_EXCEEDED", ERR_RATE, 15 * MINUTE_MS},
    {"ORG_IN_MAINTENANCE", ERR_RATE, 5 * MINUTE_MS},
    {"INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE", ERR_RATE, 5 * MINUTE_MS},
    {"STORAGE_LIMIT_EXCEEDED", ERR_TEMP, 60 * MINUTE_MS},
    {"UNABLE_TO_LOCK_ROW", ERR_TEMP, 0},
    {"QUERY_TIMEOUT", ERR_TEMP, 0},
    {"REQUEST_RUNNING_TOO_LONG", ERR_TEMP, 0},
    {"TOO_MANY_APEX_REQUESTS", ERR_TEMP, 0},
    {"RECORD_IN_USE_BY_WORKFLOW", ERR_TEMP, 0},
    {"SERVER_UNAVAILABLE", ERR_TEMP, 0},
    {"FUNCTIONALITY_TEMPORARILY_UNAVAILABLE", ERR_TEMP, 0},
    {"TXN_SECURITY_METERING_ERROR", ERR_TEMP, 0},
    {"ALL_OR_NONE_OPERATION_ROLLED_BACK", ERR_TEMP, 0},
    {"PROCESSING_HALTED", ERR_TEMP, 0},
    {"ENTITY_IS_LOCKED", ERR_TEMP, 240 * MINUTE_MS}, /* by an approval: people decide in hours */
    {"ENTITY_IS_DELETED", ERR_GONE, 0},
    {"NOT_FOUND", ERR_GONE, 0},
    {"CANNOT_UPDATE_CONVERTED_LEAD", ERR_STALE, 0}, /* the next look tells what it became */
    {"UNSUPPORTED_API_VERSION", ERR_CONFIG, 0},
    {"INVALID_TYPE", ERR_CONFIG, 0},
    {"MALFORMED_QUERY", ERR_BUG, 0},
    {"JSON_PARSER_ERROR", ERR_BUG, 0},
    {"METHOD_NOT_ALLOWED", ERR_BUG, 0},
    {"EXCEEDED_ID_LIMIT", ERR_BUG, 0},
};

/* Triggers and flows wrap what happened inside them; a lock in there is still only a lock. */
static const char *salesforce_inner(const char *code, const char *message)
{
    bool wraps = str_eq(code, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY") || str_eq(code, "CANNOT_EXECUTE_FLOW_TRIGGER") ||
                 str_eq(code, "CUSTOM_APEX_ERROR");
    return wraps && strstr(message, "UNABLE_TO_LOCK_ROW") ? "UNABLE_TO_LOCK_ROW" : code;
}

enum err_kind salesforce_kind(const char *code, const char *message, enum err_kind otherwise)
{
    code = salesforce_inner(code, message);
    for (size_t i = 0; i < COUNT(salesforce_codes); i++)
        if (str_eq(salesforce_codes[i].code, code))
            return salesforce_codes[i].kind;
    return otherwise;
}

/* Too many at once is over in seconds, the day's quota is not. */
static int64_t salesforce_wait(const char *code, const char *message)
{
    if (str_eq(code, "REQUEST_LIMIT_EXCEEDED") && str_starts(message, "Concurrent"))
        return 5 * SECOND_MS;
    for (size_t i = 0; i < COUNT(salesforce_codes); i++)
        if (str_eq(salesforce_codes[i].code, code))
            return salesforce_codes[i].wait;
    return 0;
}

const char *salesforce_code(const json_t *error)
{
    const char *code = js_str(error, "errorCode");
    return code ? code : js_str_or(error, "statusCode", "");
}

static char *salesforce_words(const json_t *error)
{
    const char *code = salesforce_code(error), *message = js_str_or(error, "message", "refused without a word");
    const char *hint = str_eq(code, "INVALID_FIELD") ? "; or the integration user may not see it (field-level security)"
                                                     : "";
    struct buf b = BUF_INIT(600);
    size_t i;
    json_t *field;
    buf_printf(&b, "%s: %.*s", code, (int)str_utf8_cut(message, 240), message);
    json_array_foreach (json_object_get(error, "fields"), i, field)
        if (json_is_string(field))
            buf_printf(&b, "%s%s", i ? ", " : " [", json_string_value(field));
    if (i)
        buf_puts(&b, "]");
    buf_puts(&b, hint);
    for (char *c = b.s; *c; c++)
        *c = *c == '\n' || *c == '\r' ? ' ' : *c;
    return buf_take(&b);
}

void salesforce_row_error(struct endpoint *ep, const json_t *row, struct err *err)
{
    const json_t *error = json_array_get(json_object_get(row, "errors"), 0);
    const char *code = salesforce_code(error), *message = js_str_or(error, "message", "");
    AUTO_FREE char *words = salesforce_words(error);
    enum err_kind kind = salesforce_kind(code, message, ERR_REJECT);
    bool itself = str_eq(code, "INVALID_CROSS_REFERENCE_KEY") && !json_array_size(json_object_get(error, "fields"));
    bool passing = str_eq(code, "UNKNOWN_EXCEPTION") || str_eq(code, "INTERNAL_ERROR");
    int64_t wait = salesforce_wait(code, message);
    err_set(err, itself ? ERR_GONE : passing ? ERR_TEMP : kind, "%s", words);
    err->retry_at = wait ? ep->env->now(ep->env) + wait : 0;
}

/* ---- whole answers ---- */

/* What no code tells: the edge's own pages and bare statuses. */
static enum err_kind salesforce_kind_of_status(int status, enum err_kind kind)
{
    switch (status) {
    case 404: /* a record that is not there says so as JSON; this is a maintenance page */
    case 406:
    case 420:
        return ERR_TEMP;
    case 410:
        return ERR_CONFIG;
    case 414:
    case 431:
        return ERR_BUG;
    default:
        return kind;
    }
}

void salesforce_judge(struct endpoint *ep, const struct http_answer *a, bool writes, struct err *err)
{
    AUTO_JSON json_t *body = a->body_n ? js_parse(a->body, a->body_n, NULL) : NULL;
    const json_t *error = json_is_array(body) ? json_array_get(body, 0) : body;
    const char *code = salesforce_code(error), *message = js_str_or(error, "message", "");
    if (!*code) {
        err->kind = salesforce_kind_of_status(a->status, err->kind);
        return;
    }
    AUTO_FREE char *words = salesforce_words(error), *head = mem_dup(err->text);
    char *cut = strstr(head, " answered ");
    if (cut)
        cut[strlen(" answered 200")] = '\0';
    bool sick = a->status >= 500, told_by_status = sick || a->status == 401 || a->status == 403 || a->status == 429;
    enum err_kind kind = salesforce_kind(code, message, told_by_status ? err->kind : ERR_REJECT);
    if (sick && writes && kind == ERR_TEMP && !str_eq(code, "UNABLE_TO_LOCK_ROW"))
        kind = err->kind; /* what a sick server did before it said so, nobody knows */
    if (str_eq(code, "INVALID_FIELD") && !writes)
        kind = ERR_CONFIG;
    int64_t wait = salesforce_wait(code, message), told = err->retry_at;
    err_set(err, kind, "%s: %s", head, words);
    err->retry_at = kind != ERR_RATE && kind != ERR_TEMP ? 0 : told ? told : wait ? ep->env->now(ep->env) + wait : 0;
}

/* These 401 are about the network or the app's policy: a client that logs in again loops until the user is locked out. */
bool salesforce_incurable(const struct http_answer *a)
{
    static const char *const texts[] = {"Connected app is not attached to Agent",
                                        "This session is not valid for use with the REST API"};
    for (size_t i = 0; a->body && i < COUNT(texts); i++)
        if (strstr(a->body, texts[i]))
            return true;
    return false;
}

/* "api-usage=18/5000", perhaps with more behind it. The quota is the whole organisation's. */
void salesforce_heed(struct endpoint *ep, unsigned bucket, const struct http_answer *a)
{
    const char *text = http_headers_get(&a->headers, "sforce-limit-info");
    const char *at = text ? strstr(text, "api-usage=") : NULL;
    if (!at || (at != text && at[-1] == '-'))
        return;
    at += strlen("api-usage=");
    const char *slash = strchr(at, '/');
    AUTO_FREE char *used = slash ? mem_dup_n(at, (size_t)(slash - at)) : NULL;
    AUTO_FREE char *limit = slash ? mem_dup_n(slash + 1, strspn(slash + 1, "0123456789")) : NULL;
    int64_t u = 0, l = 0;
    if (used && str_to_int(used, 0, INT32_MAX, &u) && str_to_int(limit, 1, INT32_MAX, &l))
        limiter_seen(ep->limiter, ep->env->now(ep->env), bucket, DAY_MS, (unsigned)l, (unsigned)(u < l ? l - u : 0));
}
