/* The same for the imitated Salesforce: its place is that of asking.h, with Salesforce as the service. */
#pragma once
#include "tests/sandbox/asking.h"

#define DATA "/services/data/v62.0"
#define LEAD DATA "/sobjects/Lead"
#define MANY DATA "/composite/sobjects"

struct header {
    const char *name, *value;
};

static inline int open_salesforce(void **state)
{
    struct place *p = mem_alloc(sizeof *p);
    p->box = sandbox_new(5);
    p->inbox = sandbox_salesforce_new(p->box);
    p->transport = sandbox_transport(p->box);
    *state = p;
    return 0;
}

/* One more header may be given; without a token none is sent. */
static inline int send_with(struct place *p, const char *token, struct header more, const char *type,
                            const char *method, const char *path, char *stolen_body)
{
    struct http_request r = {0};
    struct err err = {0};
    AUTO_FREE char *url = mem_printf("http://salesforce.sandbox%s", path);
    AUTO_FREE char *bearer = mem_printf("Bearer %s", token ? token : "");
    forget(p);
    http_request_init(&r, method, url);
    if (token)
        http_headers_add(&r.headers, "Authorization", bearer);
    if (more.name)
        http_headers_add(&r.headers, more.name, more.value);
    if (stolen_body)
        http_request_body(&r, stolen_body, strlen(stolen_body), type);
    p->transport->perform(p->transport, &r, &p->answer, 1, 1);
    http_request_done(&r);
    p->json = p->answer.body_n && *p->answer.body != '"' ? js_parse(p->answer.body, p->answer.body_n, &err) : NULL;
    return p->answer.status;
}

/* A request whose path is printed; single quotes of the body are double ones. */
__attribute__((format(printf, 3, 5))) static inline int sf(struct place *p, const char *method, const char *path,
                                                           const char *body, ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, body);
    buf_vprintf(&b, path, ap);
    va_end(ap);
    AUTO_FREE char *text = buf_take(&b);
    return send_with(p, "sandbox-token", (struct header){0}, "application/json", method, text, quoted(body));
}

/* The body is printed, the path is not. */
__attribute__((format(printf, 4, 5))) static inline int post(struct place *p, const char *method, const char *path,
                                                             const char *body, ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, body);
    buf_vprintf(&b, body, ap);
    va_end(ap);
    AUTO_FREE char *text = buf_take(&b);
    return send_with(p, "sandbox-token", (struct header){0}, "application/json", method, path, quoted(text));
}

static inline int post_with(struct place *p, const char *name, const char *value, const char *method, const char *path,
                            const char *body)
{
    return send_with(p, "sandbox-token", (struct header){name, value}, "application/json", method, path, quoted(body));
}

/* SOQL: single quotes stay. */
__attribute__((format(printf, 2, 3))) static inline int soql(struct place *p, const char *fmt, ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    AUTO_FREE char *text = buf_take(&b), *safe = http_escape(text);
    return sf(p, "GET", DATA "/query?q=%s", NULL, safe);
}

__attribute__((format(printf, 2, 3))) static inline int soql_all(struct place *p, const char *fmt, ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, fmt);
    buf_vprintf(&b, fmt, ap);
    va_end(ap);
    AUTO_FREE char *text = buf_take(&b), *safe = http_escape(text);
    return sf(p, "GET", DATA "/queryAll?q=%s", NULL, safe);
}

/* A new record by the API; its id, which the caller frees. */
static inline char *made(struct place *p, const char *type, const char *fields)
{
    if (sf(p, "POST", DATA "/sobjects/%s", fields, type) != 201)
        fail_msg("%s: %.*s", fields, (int)p->answer.body_n, p->answer.body);
    return keep(p, "id");
}

static inline char *made_lead(struct place *p, const char *last)
{
    AUTO_FREE char *fields = mem_printf("{'LastName':'%s','Company':'Fjordworks'}", last);
    return made(p, "Lead", fields);
}

/* An External ID on Lead that is unique. */
static inline void with_key(struct place *p, const char *type)
{
    edit(p,
         "{'object':'field','id':'%s.Key__c','create':{'type':'Text','label':'Key','length':64,'externalId':true,"
         "'unique':true}}",
         type);
}

static inline void set_manner(struct place *p, const char *manners)
{
    assert_int_equal(sf(p, "POST", "%s", manners, "/_sandbox/manners"), 200);
}

static inline const char *answer_header(const struct place *p, const char *name)
{
    const char *text = http_headers_get(&p->answer.headers, name);
    return text ? text : "";
}

static inline size_t count_at(const struct place *p, const char *path)
{
    return json_array_size(at(p, path));
}

static inline const json_t *row_at(const struct place *p, size_t i)
{
    return json_array_get(p->json, i);
}

/* The errorCode of a refused request. */
static inline const char *code(const struct place *p)
{
    return js_str_or(row_at(p, 0), "errorCode", "");
}

/* The statusCode of a refused row of a collection. */
static inline const char *row_code(const struct place *p, size_t i)
{
    return js_str_or(json_array_get(json_object_get(row_at(p, i), "errors"), 0), "statusCode", "");
}
