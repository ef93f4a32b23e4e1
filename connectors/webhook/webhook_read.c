/* Reading, where the receiver offers it: GET read_url?object=…&id=…&id=… or &field=…&value=…, signed over path and query in
 * place of a body. Records that the answer leaves out are not there; an answer without a list says nothing at all. */
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/webhook/webhook_private.h"
#include <string.h>

#define READ_MOST 50
#define URL_MOST 3500

/* "/path?query" of an absolute URL: what is signed. */
static const char *webhook_target(const char *url)
{
    const char *host = strstr(url, "://");
    const char *path = host ? strpbrk(host + 3, "/?") : NULL;
    return path ? path : "/";
}

/* As many of the values as one URL holds; *taken says how many. */
static char *webhook_read_url(const struct webhook *w, const char *object, const char *field, const char *const *values, size_t n,
                              size_t *taken)
{
    AUTO_FREE char *kind = http_escape(object), *name = field ? http_escape(field) : NULL;
    struct buf url = {0};
    buf_printf(&url, "%s%cobject=%s", w->read_url, strchr(w->read_url, '?') ? '&' : '?', kind);
    if (name)
        buf_printf(&url, "&field=%s", name);
    for (*taken = 0; *taken < n && *taken < READ_MOST; ++*taken) {
        AUTO_FREE char *value = http_escape(values[*taken]);
        if (*taken && url.n + strlen(value) + 8 > URL_MOST)
            break;
        buf_printf(&url, "&%s=%s", field ? "value" : "id", value);
    }
    return buf_take(&url);
}

struct reading {
    struct call *calls;
    size_t *from; /* from which value each call asks */
    size_t n;
};

static bool webhook_ask(struct endpoint *ep, const char *object, const char *field, const char *const *values, size_t n,
                        struct reading *r, struct err *err)
{
    const struct webhook *w = webhook_of(ep);
    if (!w->read_url)
        return err_set(err, ERR_CONFIG, "endpoint %s cannot be read: it has no read_url", ep->name);
    r->calls = mem_alloc((n + 1) * sizeof *r->calls);
    r->from = mem_alloc((n + 2) * sizeof *r->from);
    for (size_t at = 0, taken = 0; at < n; at += taken) {
        AUTO_FREE char *url = webhook_read_url(w, object, field, values + at, n - at, &taken);
        AUTO_FREE char *id = mem_printf("read-%016llx", (unsigned long long)ep->env->random(ep->env));
        struct call *c = &r->calls[r->n];
        r->from[r->n++] = at;
        r->from[r->n] = at + taken;
        call_init(c, "GET", "%s", url);
        if (!webhook_sign(ep, c, id, webhook_target(url), strlen(webhook_target(url)), err))
            return false;
        c->raw = false;
    }
    if (r->n)
        endpoint_call_many(ep, r->calls, r->n);
    return true;
}

static void webhook_reading_done(struct reading *r)
{
    for (size_t i = 0; i < r->n; i++)
        call_done(&r->calls[i]);
    free(r->calls);
    free(r->from);
}

static const json_t *webhook_rows(const struct call *c, struct err *err)
{
    const json_t *rows = json_object_get(c->json, "records");
    *err = c->err;
    if (c->err.kind == ERR_NONE && !json_is_array(rows))
        err_set(err, ERR_TEMP, "the receiver's answer lists no records");
    return err->kind == ERR_NONE ? rows : NULL;
}

/* A record is told whole: what it does not mention it does not hold. */
static void webhook_only(struct record *r, const char *const *fields)
{
    if (!fields || !r->fields)
        return;
    json_t *only = json_object();
    for (; *fields; fields++) {
        json_t *value = json_object_get(r->fields, *fields);
        js_set(only, *fields, value ? json_incref(value) : json_null());
    }
    json_decref(r->fields);
    r->fields = only;
}

static int64_t webhook_read_at(struct endpoint *ep, const struct call *c)
{
    int64_t date = endpoint_answer_date(&c->answer);
    return date ? date : ep->env->now(ep->env);
}

/* ---- by id ---- */

/* A record that goes by its key has no other id. */
static bool webhook_is(const struct record *r, const char *id)
{
    return str_eq(r->id, id) || str_eq(r->key, id);
}

static void webhook_fetched(struct endpoint *ep, const struct call *c, const char *id, const char *const *fields, struct record *out)
{
    const json_t *rows = webhook_rows(c, &out->err);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct record r = {0};
        if (!webhook_record(json_array_get(rows, i), webhook_read_at(ep, c), &r))
            continue;
        if (webhook_is(&r, id)) {
            webhook_only(&r, fields);
            *out = r;
            free(out->id);
            out->id = mem_dup(id);
            if (out->state == RECORD_LIVE && !out->fields)
                out->fields = json_object();
            return;
        }
        record_done(&r);
    }
    out->id = mem_dup(id);
    out->state = rows ? RECORD_GONE : RECORD_LIVE;
}

bool webhook_fetch(struct endpoint *ep, const char *object, const char *const *ids, size_t n, const char *const *fields, unsigned flags,
                   struct record *out, struct err *err)
{
    AUTO(webhook_reading_done) struct reading r = {0};
    (void)flags;
    if (!webhook_ask(ep, object, NULL, ids, n, &r, err))
        return false;
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = r.from[i]; k < r.from[i + 1]; k++) {
            out[k] = (struct record){0};
            webhook_fetched(ep, &r.calls[i], ids[k], fields, &out[k]);
        }
    return true;
}

/* ---- by a field ---- */

static bool webhook_holds(const struct record *r, const char *field, const char *value)
{
    AUTO_FREE char *text = webhook_text(json_object_get(r->fields, field));
    return str_eq(text ? text : r->key, value) || str_eq(r->key, value);
}

static void webhook_found(struct endpoint *ep, const struct call *c, const char *field, const char *value, const char *const *fields,
                          struct found *out)
{
    const json_t *rows = webhook_rows(c, &out->err);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        struct record r = {0};
        if (!webhook_record(json_array_get(rows, i), webhook_read_at(ep, c), &r))
            continue;
        if (r.state != RECORD_LIVE || !r.fields || !webhook_holds(&r, field, value)) {
            record_done(&r);
            continue;
        }
        webhook_only(&r, fields);
        out->items = mem_grow(out->items, out->n + 1, sizeof *out->items);
        out->items[out->n++] = r;
    }
}

bool webhook_find(struct endpoint *ep, const char *object, const char *field, const char *const *values, size_t n,
                  const char *const *fields, struct found *out, struct err *err)
{
    AUTO(webhook_reading_done) struct reading r = {0};
    if (!webhook_ask(ep, object, field, values, n, &r, err))
        return false;
    for (size_t i = 0; i < r.n; i++)
        for (size_t k = r.from[i]; k < r.from[i + 1]; k++) {
            out[k] = (struct found){0};
            webhook_found(ep, &r.calls[i], field, values[k], fields, &out[k]);
        }
    return true;
}
