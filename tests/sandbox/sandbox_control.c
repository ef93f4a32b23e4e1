/* The control surface: what tests and people do to the world behind the services' backs, as functions and as paths
 * below /_sandbox/ on every port. */
#include "bridge/base/str.h"
#include "tests/sandbox/sandbox_inner.h"
#include <string.h>

#define STATE_MAX ((size_t)4 << 30)

json_t *sandbox_state(struct sandbox *box, struct sandbox_service *s)
{
    pthread_mutex_lock(&box->lock);
    json_t *out = s->state(s);
    pthread_mutex_unlock(&box->lock);
    return out;
}

static bool edit_all(struct sandbox_service *s, json_t *list, json_t *done, struct err *err)
{
    size_t i;
    json_t *edit;
    json_array_foreach (list, i, edit) {
        json_t *one = NULL;
        if (!s->edit(s, edit, &one, err))
            return err_wrap(err, "edit %zu", i + 1);
        js_add(done, one ? one : json_null());
    }
    return true;
}

bool sandbox_edit(struct sandbox *box, struct sandbox_service *s, const json_t *edits, json_t **out, struct err *err)
{
    AUTO_JSON json_t *done = json_array();
    AUTO_JSON json_t *list = json_is_array(edits) ? json_incref((json_t *)edits) : json_pack("[O]", edits);
    pthread_mutex_lock(&box->lock);
    if (s->tick)
        s->tick(s);
    bool ok = edit_all(s, list, done, err);
    pthread_mutex_unlock(&box->lock);
    if (ok && out)
        *out = json_incref(done);
    return ok;
}

static bool add_faults(struct sandbox *box, const struct sandbox_service *s, const char *text, size_t n,
                       struct err *err)
{
    AUTO_JSON json_t *rules = js_parse(text, n, err);
    if (!rules || !json_is_array(rules))
        return rules && rules_add(box->rules, s, rules, err);
    for (size_t i = 0; i < json_array_size(rules); i++)
        if (!rules_add(box->rules, s, json_array_get(rules, i), err))
            return err_wrap(err, "rule %zu", i + 1);
    return true;
}

bool sandbox_fault(struct sandbox *box, const char *rule_json)
{
    struct err err = {0};
    pthread_mutex_lock(&box->lock);
    bool ok = add_faults(box, NULL, rule_json, strlen(rule_json), &err);
    pthread_mutex_unlock(&box->lock);
    return ok;
}

void sandbox_faults_clear(struct sandbox *box)
{
    pthread_mutex_lock(&box->lock);
    rules_clear(box->rules, NULL);
    pthread_mutex_unlock(&box->lock);
}

/* ---- the same as paths ---- */

static void refuse(struct http_answer *a, int status, const char *why)
{
    sandbox_reply_json(a, status, json_pack("{s:s}", "error", why));
}

static void answer_edit(struct sandbox *box, struct sandbox_service *s, const struct http_request *r,
                        struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *edits = js_parse(r->body ? r->body : "", r->body_n, &err);
    json_t *out = NULL;
    if (edits && sandbox_edit(box, s, edits, &out, &err))
        sandbox_reply_json(a, 200, out);
    else
        refuse(a, 400, err.text);
}

static void answer_state(struct sandbox_service *s, struct http_answer *a)
{
    struct buf b = BUF_INIT(STATE_MAX);
    if (!s->write_state) {
        sandbox_reply_json(a, 200, s->state(s));
        return;
    }
    s->write_state(s, &b);
    a->status = b.over ? 500 : 200;
    a->body_n = b.n;
    a->body = buf_take(&b);
    http_headers_set(&a->headers, "content-type", "application/json");
}

static void answer_calls(struct sandbox *box, struct sandbox_service *s, const struct http_request *r,
                         struct http_answer *a)
{
    sandbox_reply_json(a, 200, calls_json(box->calls, s));
    if (str_eq(r->method, "DELETE"))
        calls_clear(box->calls, s);
}

static void answer_faults(struct sandbox *box, struct sandbox_service *s, const struct http_request *r,
                          struct http_answer *a)
{
    struct err err = {0};
    if (str_eq(r->method, "DELETE"))
        rules_clear(box->rules, s);
    else if (str_eq(r->method, "POST") && !add_faults(box, s, r->body ? r->body : "", r->body_n, &err))
        return refuse(a, 400, err.text);
    sandbox_reply_json(a, 200, rules_json(box->rules, s));
}

static void answer_clock(struct sandbox *box, const struct http_request *r, struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *body = r->body_n ? js_parse(r->body, r->body_n, &err) : json_object();
    int64_t ms = js_int_or(body, "advance_ms", 0);
    if (!body || ms < 0)
        return refuse(a, 400, body ? "time does not run backwards" : err.text);
    sandbox_advance(box, ms);
    sandbox_reply_json(a, 200, json_pack("{s:I}", "now", (json_int_t)sandbox_now(box)));
}

bool control_answer(struct sandbox *box, struct sandbox_service *s, const struct http_request *r, const char *verb,
                    struct http_answer *a)
{
    if (str_eq(verb, "state"))
        answer_state(s, a);
    else if (str_eq(verb, "edit") && str_eq(r->method, "POST"))
        answer_edit(box, s, r, a);
    else if (str_eq(verb, "calls"))
        answer_calls(box, s, r, a);
    else if (str_eq(verb, "faults"))
        answer_faults(box, s, r, a);
    else if (str_eq(verb, "clock"))
        answer_clock(box, r, a);
    else
        return false;
    return true;
}
