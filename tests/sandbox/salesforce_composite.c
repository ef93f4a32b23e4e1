/* Several requests in one: /composite, whose later parts may use answers of earlier ones, and /composite/batch. */
#include "tests/sandbox/salesforce.h"

#define PARTS_MOST 25

/* "@{a.id}" becomes what the answer called a has there. False: it has nothing. */
static bool expand(const char *text, const json_t *answers, struct buf *out)
{
    const char *open, *close, *dot;
    while ((open = strstr(text, "@{")) && (close = strchr(open, '}'))) {
        AUTO_FREE char *path = mem_dup_n(open + 2, (size_t)(close - open - 2));
        char *at = strchr(path, '.');
        if (at)
            *at = '\0';
        dot = at ? js_str(json_object_get(answers, path), at + 1) : NULL;
        if (!dot)
            return false;
        buf_add(out, text, (size_t)(open - text));
        buf_puts(out, dot);
        text = close + 1;
    }
    return buf_puts(out, text);
}

static bool inherited(const char *header)
{
    return str_eq_nocase(header, "Accept") || str_eq_nocase(header, "Authorization") || str_eq_nocase(header, "Content-Type");
}

/* One part through the whole service: three headers are those of the request around it, the others its own. */
static int call(struct sf_ask *ask, const char *method, const char *url, const json_t *headers, const char *body, json_t **answer)
{
    struct http_request r = {0};
    struct http_answer a = {.fate = HTTP_ANSWERED};
    const char *name;
    json_t *v;
    http_request_init(&r, method, url);
    for (size_t i = 0; i < ask->request->headers.n; i++)
        if (inherited(ask->request->headers.items[i].name))
            http_headers_add(&r.headers, ask->request->headers.items[i].name, ask->request->headers.items[i].value);
    json_object_foreach ((json_t *)headers, name, v)
        http_headers_add(&r.headers, name, json_is_string(v) ? json_string_value(v) : "");
    if (body)
        http_request_body(&r, mem_dup(body), strlen(body), "application/json");
    sf_serve(ask->s, &r, &a);
    *answer = a.body_n ? js_parse(a.body, a.body_n, NULL) : NULL;
    int status = a.status;
    http_request_done(&r);
    http_answer_done(&a);
    return status;
}

static json_t *halted(const char *message)
{
    return json_pack("[{s:s,s:s}]", "errorCode", "PROCESSING_HALTED", "message", message);
}

static json_t *do_part(struct sf_ask *ask, const json_t *part, json_t *answers)
{
    struct buf url = {0}, text = {0};
    const json_t *body = json_object_get(part, "body");
    const char *name = js_str_or(part, "referenceId", "");
    AUTO_FREE char *printed = body ? js_print(body) : NULL;
    json_t *answer = NULL;
    int status = 400;
    if (expand(js_str_or(part, "url", ""), answers, &url) && (!printed || expand(printed, answers, &text)))
        status = call(ask, js_str_or(part, "method", "GET"), buf_str(&url), json_object_get(part, "httpHeaders"),
                      printed ? buf_str(&text) : NULL, &answer);
    else
        answer = halted("Invalid reference specified. No value for it found.");
    buf_done(&url);
    buf_done(&text);
    if (answer)
        json_object_set(answers, name, answer);
    return json_pack("{s:o,s:{},s:i,s:s}", "body", answer ? answer : json_null(), "httpHeaders", "httpStatusCode",
                     status, "referenceId", name);
}

static bool good(const json_t *part)
{
    return js_int_or(part, "httpStatusCode", 500) < 300;
}

static void roll_back(json_t *parts)
{
    size_t i;
    json_t *part;
    json_array_foreach (parts, i, part)
        if (good(part)) {
            js_set(part, "body",
                   halted("The transaction was rolled back since another operation in the same "
                          "transaction failed."));
            js_set(part, "httpStatusCode", json_integer(400));
        }
}

static bool heads_well(const json_t *wanted)
{
    size_t i;
    json_t *part, *v;
    const char *name;
    json_array_foreach ((json_t *)wanted, i, part)
        json_object_foreach (json_object_get(part, "httpHeaders"), name, v)
            if (inherited(name) || !json_is_string(v))
                return false;
    return true;
}

static void composite(struct sf_ask *ask)
{
    const json_t *wanted = json_object_get(ask->body, "compositeRequest");
    AUTO_JSON json_t *answers = json_object();
    json_t *parts = json_array(), *part;
    size_t i, mark = sf_begin(ask->s);
    bool all = js_bool_or(ask->body, "allOrNone", false), ok = true, any = false;
    json_array_foreach ((json_t *)wanted, i, part)
        js_add(parts, do_part(ask, part, answers));
    json_array_foreach (parts, i, part) {
        ok &= good(part);
        any |= good(part) && !str_eq(js_str(json_array_get(wanted, i), "method"), "GET");
    }
    sf_end(ask->s, mark, ok || !all);
    if (!ok && all)
        roll_back(parts);
    sf_note(ask, any && (ok || !all), "/composite");
    sf_reply(ask, 200, json_pack("{s:o}", "compositeResponse", parts));
}

/* Independent parts; each counts as a call. */
static void batch(struct sf_ask *ask)
{
    const json_t *wanted = json_object_get(ask->body, "batchRequests");
    bool halt = js_bool_or(ask->body, "haltOnError", false), errors = false;
    json_t *results = json_array(), *part;
    size_t i;
    json_array_foreach ((json_t *)wanted, i, part) {
        AUTO_FREE char *url = mem_printf("/services/data/%s", js_str_or(part, "url", ""));
        const json_t *body = json_object_get(part, "richInput");
        AUTO_FREE char *text = body ? js_print(body) : NULL;
        json_t *answer = NULL;
        int status = 412;
        if (errors && halt)
            answer = halted("The request was halted");
        else if (!sf_within_limits(ask->s, ask->a))
            status = 403, answer = json_null();
        else
            status = call(ask, js_str_or(part, "method", "GET"), url, NULL, text, &answer);
        errors |= status >= 300;
        js_add(results, json_pack("{s:i,s:o}", "statusCode", status, "result", answer ? answer : json_null()));
    }
    sf_note(ask, !errors, "/composite/batch");
    sf_reply(ask, 200, json_pack("{s:b,s:o}", "hasErrors", errors, "results", results));
}

void sf_composite(struct sf_ask *ask)
{
    const char *what = ask->n > 1 ? ask->part[1] : "";
    const json_t *parts = json_object_get(ask->body, *what ? "batchRequests" : "compositeRequest");
    if (str_eq(what, "sobjects")) {
        sf_collections(ask);
        return;
    }
    if (*what && !str_eq(what, "batch"))
        sf_not_there(ask);
    else if (!sf_is(ask, "POST"))
        sf_wrong_method(ask, "POST");
    else if (!json_is_array(parts) || json_array_size(parts) > PARTS_MOST)
        sf_error(ask, 400, "INVALID_INPUT", "there must be 1 to %d subrequests", PARTS_MOST);
    else if (!*what && !heads_well(parts))
        sf_error(ask, 400, "INVALID_INPUT", "Accept, Authorization and Content-Type cannot be headers of a subrequest");
    else if (*what)
        batch(ask);
    else
        composite(ask);
}
