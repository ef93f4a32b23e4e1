/* Updates on condition: a record that changed since the writer looked is refused, not written over, so that an edit between the
 * last look and the write is seen. Collections know no condition; single rows do, and /composite takes 25 of them as one call.
 * The condition has whole seconds: an edit in the very second of the state that was read passes it. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/salesforce/salesforce_task.h"

#define SALESFORCE_PARTS 25
#define SALESFORCE_GUARDED 50 /* more at once is no conversation between people: those go 200 a call, without condition */
#define SALESFORCE_COMPOSITES (SALESFORCE_GUARDED / SALESFORCE_PARTS)

/* ---- requests ---- */

/* A part inherits none of the request's own headers. */
static json_t *salesforce_part_headers(struct endpoint *ep, const struct task *t)
{
    AUTO(call_done) struct call c = {0};
    char since[WHEN_TEXT];
    when_print_http(t->p->unchanged_since, since);
    json_t *out = json_pack("{s:s}", "If-Unmodified-Since", since);
    salesforce_write_headers(ep, &c);
    for (size_t i = 0; i < c.request.headers.n; i++)
        js_set(out, c.request.headers.items[i].name, json_string(c.request.headers.items[i].value));
    return out;
}

static json_t *salesforce_part(struct endpoint *ep, const struct task *t)
{
    AUTO_FREE char *url = mem_printf("/services/data/v%s/sobjects/%s/%s", salesforce_of(ep)->version, t->object->name, t->id);
    json_t *body = salesforce_row_of(ep, t);
    json_object_del(body, "attributes");
    json_object_del(body, "id");
    return json_pack("{s:s,s:s,s:s,s:o,s:o}", "method", "PATCH", "url", url, "referenceId", t->id, "httpHeaders",
                     salesforce_part_headers(ep, t), "body", body);
}

static void salesforce_composite(struct endpoint *ep, struct call *c, struct task *const *tasks, size_t n)
{
    json_t *parts = json_array();
    for (size_t i = 0; i < n; i++)
        js_add(parts, salesforce_part(ep, tasks[i]));
    AUTO_JSON json_t *body = json_pack("{s:b,s:o}", "allOrNone", 0, "compositeRequest", parts);
    salesforce_call(ep, c, "POST", "/composite");
    call_body(c, body);
    c->writes = true;
}

/* ---- answers ---- */

static const json_t *salesforce_part_of(const json_t *parts, const char *id)
{
    size_t i;
    json_t *part;
    json_array_foreach ((json_t *)parts, i, part)
        if (str_eq(js_str(part, "referenceId"), id))
            return part;
    return NULL;
}

/* The part's answer as a row of collections; NULL: it says nothing that tells. */
static json_t *salesforce_part_row(const struct task *t, const json_t *part)
{
    int64_t status = js_int_or(part, "httpStatusCode", 0);
    json_t *errors = json_object_get(part, "body");
    if (status >= 200 && status < 300)
        return json_pack("{s:s,s:b,s:[]}", "id", t->id, "success", 1, "errors");
    return json_array_size(errors) ? json_pack("{s:b,s:O}", "success", 0, "errors", errors) : NULL;
}

static void salesforce_part_outcome(struct endpoint *ep, struct task *t, const json_t *part)
{
    AUTO_JSON json_t *row = salesforce_part_row(t, part);
    if (js_int_or(part, "httpStatusCode", 0) == 412) /* it has no words */
        err_set(&t->out->err, ERR_STALE, "salesforce: %s was changed a moment ago", t->id);
    else
        salesforce_outcome(ep, t, row);
}

/* What was refused as a whole goes the ordinary way, which finds out whose fault it was. */
static void salesforce_composite_settle(struct endpoint *ep, struct call *c, struct task *const *tasks, size_t n)
{
    const json_t *parts = json_object_get(c->json, "compositeResponse");
    if (c->err.kind == ERR_REJECT || c->err.kind == ERR_BUG)
        return;
    for (size_t i = 0; i < n; i++) {
        tasks[i]->sent = true;
        if (c->err.kind == ERR_NONE)
            salesforce_part_outcome(ep, tasks[i], salesforce_part_of(parts, tasks[i]->id));
        else
            tasks[i]->out->err = c->err;
    }
}

/* ---- all of a put() ---- */

static bool salesforce_conditional(const struct task *t)
{
    return !t->sent && t->id && t->p->unchanged_since;
}

void salesforce_guarded(const struct writing *w)
{
    struct task *tasks[SALESFORCE_GUARDED];
    struct call calls[SALESFORCE_COMPOSITES] = {0};
    size_t n = 0, sent = 0;
    for (struct task *t = w->tasks; t < w->tasks + w->n; t++) {
        if (!salesforce_conditional(t))
            continue;
        if (n == SALESFORCE_GUARDED)
            return;
        tasks[n++] = t;
    }
    for (size_t at = 0; at < n; at += SALESFORCE_PARTS, sent++)
        salesforce_composite(w->ep, &calls[sent], tasks + at, n - at < SALESFORCE_PARTS ? n - at : SALESFORCE_PARTS);
    if (sent)
        endpoint_call_many(w->ep, calls, sent);
    for (size_t k = 0; k < sent; k++) {
        size_t at = k * SALESFORCE_PARTS;
        salesforce_composite_settle(w->ep, &calls[k], tasks + at, n - at < SALESFORCE_PARTS ? n - at : SALESFORCE_PARTS);
        call_done(&calls[k]);
    }
}
