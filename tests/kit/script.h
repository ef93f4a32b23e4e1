/* A transport that reads its answers from a script and remembers what it was asked. Header only: tests of the door and of
 * tokens use it where a whole sandbox would hide what they look at. */
#pragma once
#include "bridge/base/mem.h"
#include "bridge/io/env.h"
#include <string.h>

#define SCRIPT_MOST 32

struct line {
    int status; /* 0: lost; -1: never sent */
    const char *body;
    const char *header, *value; /* one header of the answer; may be NULL */
};

struct script {
    struct env env; /* first: functions of the env cast back */
    struct http_transport transport;
    const struct line *lines;
    size_t n, at;
    char *asked[SCRIPT_MOST]; /* "METHOD URL authorization body" */
    int64_t now, slept;
};

static inline struct script *script_of(struct env *env)
{
    return (struct script *)(void *)env;
}

static inline int64_t script_now(struct env *env)
{
    return script_of(env)->now;
}

static inline void script_sleep(struct env *env, int64_t ms)
{
    script_of(env)->now += ms;
    script_of(env)->slept += ms;
}

static inline uint64_t script_random(struct env *env)
{
    (void)env;
    return 4; /* chosen by a fair die */
}

static inline void script_answer(const struct line *l, struct http_answer *a)
{
    *a = (struct http_answer){.fate = l->status > 0 ? HTTP_ANSWERED : l->status ? HTTP_NOT_SENT : HTTP_LOST};
    if (l->status <= 0) {
        err_set(&a->err, l->status ? ERR_TEMP : ERR_UNSURE, l->status ? "nobody listens" : "the answer is lost");
        return;
    }
    a->status = l->status;
    a->body = mem_dup(l->body);
    a->body_n = l->body ? strlen(l->body) : 0;
    if (l->header)
        http_headers_add(&a->headers, l->header, l->value);
}

static inline void script_perform(struct http_transport *t, const struct http_request *r, struct http_answer *a, size_t n,
                                  unsigned in_flight)
{
    struct script *s = (struct script *)(void *)((char *)t - offsetof(struct script, transport));
    (void)in_flight;
    for (size_t i = 0; i < n; i++) {
        const char *token = http_headers_get(&r[i].headers, "authorization");
        if (s->at >= s->n || s->at >= SCRIPT_MOST) {
            a[i] = (struct http_answer){.fate = HTTP_NOT_SENT};
            err_set(&a[i].err, ERR_TEMP, "the script has ended");
            continue;
        }
        s->asked[s->at] = mem_printf("%s %s %s %s", r[i].method, r[i].url, token ? token : "-", r[i].body ? r[i].body : "");
        script_answer(&s->lines[s->at++], &a[i]);
    }
}

static inline void script_begin(struct script *s, const struct line *lines, size_t n)
{
    *s = (struct script){.lines = lines, .n = n, .now = 1800000000000LL};
    s->transport.perform = script_perform;
    s->env = (struct env){.now = script_now, .sleep = script_sleep, .random = script_random, .transport = &s->transport};
}

static inline void script_end(struct script *s)
{
    for (size_t i = 0; i < s->at; i++)
        free(s->asked[i]);
}
