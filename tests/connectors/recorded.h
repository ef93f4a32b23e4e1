/* Recorded answers in place of a service: a transport that answers each request with the first unused recording whose
 * text stands in "METHOD url", and keeps what was asked. The clock stands still. */
#pragma once
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/endpoint.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define RECORDED_MAX 64
#define RECORDED_DATE "Mon, 02 Mar 2026 09:15:30 GMT"
#define RECORDED_NOW INT64_C(1772442930000)

struct recording {
    const char *match;
    int status; /* 0: the answer is lost */
    const char *body;
    const char *header, *value; /* one more header; NULL */
    bool used;
};

struct recorded {
    struct http_transport transport;
    struct env env;
    struct endpoint *ep;
    struct recording recordings[RECORDED_MAX];
    size_t n;
    char *asked[RECORDED_MAX]; /* "METHOD url body" */
    size_t n_asked;
};

static inline void recorded_answer(struct recorded *world, const char *line, struct http_answer *answer)
{
    for (size_t i = 0; i < world->n; i++) {
        struct recording *r = &world->recordings[i];
        if (r->used || !strstr(line, r->match))
            continue;
        r->used = true;
        answer->fate = r->status ? HTTP_ANSWERED : HTTP_LOST;
        answer->status = r->status;
        answer->body = mem_dup(r->body);
        answer->body_n = r->body ? strlen(r->body) : 0;
        http_headers_add(&answer->headers, "date", RECORDED_DATE);
        if (r->header)
            http_headers_add(&answer->headers, r->header, r->value);
        if (!r->status)
            err_set(&answer->err, ERR_UNSURE, "the line went dead");
        return;
    }
    fail_msg("nobody recorded an answer to: %s", line);
}

static inline void recorded_perform(struct http_transport *self, const struct http_request *requests,
                                    struct http_answer *answers, size_t n, unsigned in_flight)
{
    struct recorded *world = (struct recorded *)self;
    (void)in_flight;
    for (size_t i = 0; i < n; i++) {
        char *line = mem_printf("%s %s %s", requests[i].method, requests[i].url,
                                requests[i].body ? requests[i].body : "");
        assert_true(world->n_asked < RECORDED_MAX);
        world->asked[world->n_asked++] = line;
        recorded_answer(world, line, &answers[i]);
    }
}

static inline int64_t recorded_now(struct env *env)
{
    (void)env;
    return RECORDED_NOW;
}

static inline void recorded_sleep(struct env *env, int64_t ms)
{
    (void)env;
    (void)ms;
}

static inline uint64_t recorded_random(struct env *env)
{
    (void)env;
    return 4; /* chosen by fair dice */
}

static inline struct endpoint *recorded_endpoint(struct recorded *world, const struct connector *kind,
                                                 const char *options)
{
    struct opt_faults faults = {0};
    AUTO_FREE char *text = mem_printf("ep = { %s };", options);
    struct opt_file *file = opt_open_text("test", text, &faults);
    struct endpoint *ep = NULL;
    if (file)
        ep = endpoint_new("ep", kind, opt_member(opt_root(file), "ep"), NULL, &world->env, &(struct vault){0}, &faults);
    for (size_t i = 0; i < faults.n; i++)
        print_message("%s\n", faults.lines[i]);
    opt_faults_done(&faults);
    opt_close(file);
    return ep;
}

static inline void recorded_open(struct recorded *world, const struct connector *kind)
{
    *world = (struct recorded){
        .transport = {.perform = recorded_perform},
        .env = {.now = recorded_now, .sleep = recorded_sleep, .random = recorded_random},
    };
    world->env.transport = &world->transport;
    setenv("RECORDED_TOKEN", "not-a-token", 1);
    world->ep = recorded_endpoint(world, kind,
                                  "token = \"env:RECORDED_TOKEN\"; base_url = \"https://service.example\";");
    assert_non_null(world->ep);
}

static inline void recorded_close(struct recorded *world)
{
    endpoint_free(world->ep);
    for (size_t i = 0; i < world->n_asked; i++)
        free(world->asked[i]);
}

static inline struct recording *recorded_add(struct recorded *world, const char *match, int status, const char *body)
{
    assert_true(world->n < RECORDED_MAX);
    world->recordings[world->n] = (struct recording){.match = match, .status = status, .body = body};
    return &world->recordings[world->n++];
}

/* How many requests had this text in their line. */
static inline size_t recorded_count(const struct recorded *world, const char *text)
{
    size_t n = 0;
    for (size_t i = 0; i < world->n_asked; i++)
        n += strstr(world->asked[i], text) != NULL;
    return n;
}

static inline json_t *recorded_json(const char *text)
{
    struct err err = {0};
    json_t *v = js_parse(text, strlen(text), &err);
    if (!v)
        fail_msg("%s in %s", err.text, text);
    return v;
}

/* Compares a member with JSON written with ' for ". NULL: absent. */
static inline void assert_member(const json_t *object, const char *name, const char *expected)
{
    json_t *got = json_object_get(object, name);
    if (!expected) {
        assert_null(got);
        return;
    }
    AUTO_FREE char *text = mem_dup(expected);
    for (char *c = text; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    AUTO_JSON json_t *want = recorded_json(text);
    AUTO_FREE char *printed = got ? js_print(got) : mem_dup("(absent)");
    if (!js_equal(got, want))
        fail_msg("%s is %s, not %s", name, printed, text);
}

/* RECORDED_WORLD: setup and teardown of tests of one connector. */
#define RECORDED_WORLD(connector)            \
    static int setup(void **state)           \
    {                                        \
        static struct recorded world;        \
        recorded_open(&world, &(connector)); \
        *state = &world;                     \
        return 0;                            \
    }                                        \
    static int teardown(void **state)        \
    {                                        \
        recorded_close(*state);              \
        return 0;                            \
    }
