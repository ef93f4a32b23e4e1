/* The same for the imitated HubSpot: its place is that of asking.h, with HubSpot as the service. */
#pragma once
#include "tests/sandbox/asking.h"

#define OBJECTS "/crm/objects/2026-09"
#define PROPERTIES "/crm/properties/2026-09"

static inline int open_hubspot(void **state)
{
    struct place *p = mem_alloc(sizeof *p);
    p->box = sandbox_new(5);
    p->inbox = sandbox_hubspot_new(p->box);
    p->transport = sandbox_transport(p->box);
    *state = p;
    return 0;
}

static inline int send_as(struct place *p, const char *token, const char *type, const char *method, const char *path,
                          char *stolen_body)
{
    struct http_request r = {0};
    struct err err = {0};
    AUTO_FREE char *url = mem_printf("http://hubspot.sandbox%s", path);
    AUTO_FREE char *bearer = mem_printf("Bearer %s", token);
    forget(p);
    http_request_init(&r, method, url);
    http_headers_add(&r.headers, "Authorization", bearer);
    if (stolen_body)
        http_request_body(&r, stolen_body, strlen(stolen_body), type);
    p->transport->perform(p->transport, &r, &p->answer, 1, 1);
    http_request_done(&r);
    p->json = p->answer.body_n ? js_parse(p->answer.body, p->answer.body_n, &err) : NULL;
    return p->answer.status;
}

/* Sends a request, its path and body printed from one list of arguments; the status. Single quotes are double ones. */
__attribute__((format(printf, 3, 5))) static inline int hub(struct place *p, const char *method, const char *path,
                                                            const char *body, ...)
{
    va_list ap;
    char text[2048];
    va_start(ap, body);
    vsnprintf(text, sizeof text, path, ap);
    va_end(ap);
    return send_as(p, "sandbox-token", "application/json", method, text, quoted(body));
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
    return send_as(p, "sandbox-token", "application/json", method, path, quoted(text));
}

/* A new record by the API; its id, which the caller frees. */
__attribute__((format(printf, 3, 4))) static inline char *made(struct place *p, const char *type, const char *props,
                                                               ...)
{
    va_list ap;
    struct buf b = {0};
    va_start(ap, props);
    buf_vprintf(&b, props, ap);
    va_end(ap);
    AUTO_FREE char *text = buf_take(&b), *path = mem_printf(OBJECTS "/%s", type);
    if (post(p, "POST", path, "{'properties':%s}", text) != 201)
        fail_msg("%s: %.*s", text, (int)p->answer.body_n, p->answer.body);
    return keep(p, "id");
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

static inline void settle(struct place *p) /* the index has seen everything */
{
    sandbox_advance(p->box, 10000);
}
