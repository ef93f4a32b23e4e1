/* How Salesforce says no: an array with errorCode for a request, statusCode for a row of many, something else for
 * tokens, pages of a proxy and answers without a body. */
#include "tests/sandbox/salesforce.h"

bool sf_set_bad(struct sf_bad *bad, int status, const char *code, const char *field, const char *fmt, ...)
{
    struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    sf_bad_done(bad);
    *bad = (struct sf_bad){.status = status, .code = code, .message = buf_take(&b)};
    if (field)
        bad->fields = json_pack("[s]", field);
    return false;
}

void sf_bad_done(struct sf_bad *bad)
{
    free(bad->message);
    json_decref(bad->fields);
    json_decref(bad->duplicates);
    *bad = (struct sf_bad){0};
}

/* A 300 has no error array: its body is the list of what matched. */
void sf_refuse(struct sf_ask *ask, struct sf_bad *bad)
{
    json_t *one = json_object();
    if (bad->status == 300) {
        sandbox_reply_json(ask->a, 300, json_incref(bad->fields));
        json_decref(one);
        sf_bad_done(bad);
        return;
    }
    if (bad->duplicates)
        js_set(one, sf_text(ask->s, "duplicate_key"), json_incref(bad->duplicates));
    js_set(one, "message", js_text(bad->message));
    js_set(one, "errorCode", json_string(bad->code));
    if (bad->fields)
        js_set(one, "fields", json_incref(bad->fields));
    sandbox_reply_json(ask->a, bad->status, json_pack("[o]", one));
    sf_bad_done(bad);
}

json_t *sf_bad_row(struct sf_bad *bad)
{
    bool urls = bad->status == 300;
    json_t *row = json_pack("{s:s,s:o,s:o}", "statusCode", urls ? "DUPLICATE_EXTERNAL_ID" : bad->code, "message",
                            js_text(bad->message), "fields",
                            bad->fields && !urls ? json_incref(bad->fields) : json_array());
    sf_bad_done(bad);
    return row;
}

json_t *sf_failed_row(struct sf_bad *bad, const char *id)
{
    json_t *row = json_object();
    if (id)
        js_set(row, "id", json_string(id));
    js_set(row, "success", json_false());
    js_set(row, "errors", json_pack("[o]", sf_bad_row(bad)));
    return row;
}

void sf_error_to(struct http_answer *a, int status, const char *code, const char *message)
{
    sandbox_reply_json(a, status, json_pack("[{s:o,s:s}]", "message", js_text(message), "errorCode", code));
}

void sf_error(struct sf_ask *ask, int status, const char *code, const char *fmt, ...)
{
    struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    sf_error_to(ask->a, status, code, buf_str(&b));
    buf_done(&b);
}

void sf_not_there(struct sf_ask *ask)
{
    sf_error(ask, 404, "NOT_FOUND", "The requested resource does not exist");
}

void sf_unknown(struct sf_bad *bad, const char *what)
{
    sf_set_bad(bad, 404, "NOT_FOUND", NULL, "Provided external ID field does not exist or is not accessible: %s", what);
}

void sf_wrong_method(struct sf_ask *ask, const char *allowed)
{
    sf_error(ask, 405, "METHOD_NOT_ALLOWED", "HTTP Method '%s' not allowed. Allowed are %s", ask->method, allowed);
}

/* ---- faults in Salesforce's words ---- */

void sf_page(struct http_answer *a, int status, const char *type, const char *text)
{
    free(a->body);
    a->status = status;
    a->body = mem_dup(text);
    a->body_n = strlen(text);
    http_headers_set(&a->headers, "content-type", type);
}

void sf_refuse_status(struct sandbox_service *s, int status, struct http_answer *a)
{
    static const struct {
        int status;
        const char *code, *message;
    } words[] = {{400, "JSON_PARSER_ERROR", "Unexpected character at [line:1, column:1]"},
                 {401, "INVALID_SESSION_ID", "Session expired or invalid"},
                 {403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."},
                 {404, "NOT_FOUND", "The requested resource does not exist"},
                 {410, "UNSUPPORTED_API_VERSION", "This API version is retired"},
                 {429, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."},
                 {500, "UNKNOWN_EXCEPTION",
                  "An unexpected error occurred. Please include this ErrorId if you contact "
                  "support: 1793000000-12345 (-1793000000)"},
                 {503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable"}};
    (void)s;
    if (status == 406 || status == 420) {
        a->status = status;
        return;
    }
    for (size_t i = 0; i < COUNT(words); i++)
        if (words[i].status == status) {
            sf_error_to(a, status, words[i].code, words[i].message);
            return;
        }
    sf_page(a, status, "text/html",
            "<html><head><title>Salesforce</title></head><body>We are down for maintenance."
            "</body></html>");
}

/* ---- answers ---- */

void sf_reply(struct sf_ask *ask, int status, json_t *stolen)
{
    sandbox_reply_json(ask->a, status, stolen);
}

void sf_note(struct sf_ask *ask, bool wrote, const char *route)
{
    AUTO_FREE char *name = mem_printf("%s %s", ask->method, route);
    sandbox_note(sf_box(ask->s), name, wrote);
}

bool sf_is(const struct sf_ask *ask, const char *method)
{
    return str_eq(ask->method, method);
}
