/* What the tests of the imitated Inbox share: a place with a box, a transport and the last answer. JSON in tests is
 * written with single quotes. */
#pragma once
#include "bridge/base/path.h"
#include "bridge/base/str.h"
#include "tests/sandbox/sandbox.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct place {
    struct sandbox *box;
    struct sandbox_service *inbox;
    struct http_transport *transport;
    struct http_answer answer; /* of the last ask() */
    json_t *json;              /* its body; NULL when that was none */
};

static inline void forget(struct place *p)
{
    http_answer_done(&p->answer);
    json_decref(p->json);
    p->json = NULL;
}

static inline int open_place(void **state, size_t prospects)
{
    struct place *p = mem_alloc(sizeof *p);
    p->box = sandbox_new(5);
    p->inbox = sandbox_inbox_new(p->box, prospects);
    p->transport = sandbox_transport(p->box);
    *state = p;
    return 0;
}

static inline int close_place(void **state)
{
    struct place *p = *state;
    forget(p);
    p->transport->free(p->transport);
    sandbox_free(p->box);
    free(p);
    return 0;
}

static inline char *quoted(const char *text)
{
    char *out = mem_dup(text);
    for (char *c = out; c && *c; c++)
        *c = *c == '\'' ? '"' : *c;
    return out;
}

/* Sends a request; the status. The answer stays in the place until the next. */
__attribute__((format(printf, 3, 5))) static inline int ask(struct place *p, const char *method, const char *fmt,
                                                            const char *body, ...)
{
    struct http_request r = {0};
    char path[1024];
    va_list ap;
    va_start(ap, body);
    vsnprintf(path, sizeof path, fmt, ap);
    va_end(ap);
    forget(p);
    AUTO_FREE char *url = mem_printf("http://inbox.sandbox%s%s", str_starts(path, "/_sandbox/") ? "" : "/api/v1", path);
    http_request_init(&r, method, url);
    http_headers_add(&r.headers, "Authorization", "Bearer sandbox-token");
    if (body) {
        char *text = quoted(body);
        http_request_body(&r, text, strlen(text), "application/json");
    }
    p->transport->perform(p->transport, &r, &p->answer, 1, 1);
    http_request_done(&r);
    struct err err = {0};
    p->json = p->answer.body_n ? js_parse(p->answer.body, p->answer.body_n, &err) : NULL;
    return p->answer.status;
}

static inline const json_t *at(const struct place *p, const char *path)
{
    return path_get(p->json, path);
}

static inline const char *text_at(const struct place *p, const char *path)
{
    return json_string_value(at(p, path));
}

static inline int64_t number_at(const struct place *p, const char *path)
{
    return json_integer_value(at(p, path));
}

/* A copy that outlives the answer. */
static inline char *keep(const struct place *p, const char *path)
{
    assert_non_null(text_at(p, path));
    return mem_dup(text_at(p, path));
}

__attribute__((format(printf, 2, 3))) static inline void edit(struct place *p, const char *fmt, ...)
{
    struct err err = {0};
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    AUTO_FREE char *json = quoted(text);
    AUTO_JSON json_t *edits = js_parse(json, strlen(json), &err), *out = NULL;
    if (!edits || !sandbox_edit(p->box, p->inbox, edits, &out, &err))
        fail_msg("%s: %s", text, err.text);
}

static inline void mannered(struct place *p, const char *manners)
{
    AUTO_FREE char *json = quoted(manners);
    assert_true(sandbox_inbox_manners(p->inbox, json));
}

/* Member of the i-th prospect as the state shows it; caller frees. */
static inline char *person(struct place *p, size_t i, const char *member)
{
    AUTO_JSON json_t *state = sandbox_state(p->box, p->inbox);
    const char *text = js_str(json_array_get(json_object_get(state, "prospect"), i), member);
    assert_non_null(text);
    return mem_dup(text);
}

static inline char *person_id(struct place *p, size_t i)
{
    return person(p, i, "externalId");
}

/* Id of a tag, status, member or account by a member's value; caller frees. */
static inline char *id_of(struct place *p, const char *list, const char *member, const char *value)
{
    AUTO_JSON json_t *state = sandbox_state(p->box, p->inbox);
    size_t i;
    json_t *one;
    json_array_foreach (json_object_get(state, list), i, one)
        if (str_eq(js_str(one, member), value))
            return mem_dup(js_str(one, "id"));
    fail_msg("no %s with %s %s", list, member, value);
    return NULL;
}

/* The types of the events after `seq`, with commas. Moves seq to the last one. */
static inline char *events_after(struct place *p, int64_t *seq)
{
    char *out = mem_dup("");
    size_t i;
    json_t *e;
    assert_int_equal(ask(p, "GET", "/events?limit=1000&afterSeq=%lld", NULL, (long long)*seq), 200);
    json_array_foreach ((json_t *)at(p, "events"), i, e) {
        char *longer = mem_printf("%s%s%s", out, *out ? "," : "", js_str(e, "type"));
        free(out);
        out = longer;
        *seq = js_int_or(e, "seq", 0);
    }
    return out;
}
