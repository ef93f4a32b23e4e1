/* Sending: a signed message per record, or per list of records. The message's id is the patch's trace, so that a message sent
 * again in doubt is the same message. */
#include "bridge/base/buf.h"
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/webhook/webhook_private.h"
#include <string.h>

struct parcel { /* one request: the patches it carries */
    size_t *which;
    size_t n;
    struct call call;
    bool sent;
};

struct posting {
    struct endpoint *ep;
    const struct patch *patches;
    struct result *out;
};

/* ---- one request ---- */

/* A list has an id of its own; what counts is that of each message in it. */
static char *webhook_list_id(const struct posting *p, const struct parcel *parcel)
{
    AUTO(buf_done) struct buf all = {0};
    for (size_t i = 0; i < parcel->n; i++)
        buf_printf(&all, "%s\n", p->patches[parcel->which[i]].trace);
    AUTO_FREE char *hex = hash_sha256_hex(buf_str(&all), all.n);
    return mem_printf("list-%.32s", hex);
}

static json_t *webhook_list(const struct posting *p, const struct parcel *parcel, const char *id)
{
    char at[WHEN_TEXT];
    int64_t now = p->ep->env->now(p->ep->env);
    json_t *records = json_array();
    when_print(now, at);
    for (size_t i = 0; i < parcel->n; i++)
        js_add(records, webhook_message(webhook_of(p->ep), &p->patches[parcel->which[i]], now));
    return json_pack("{s:s,s:s,s:s,s:o}", "id", id, "type", "records", "timestamp", at, "records", records);
}

static void webhook_prepare(const struct posting *p, struct parcel *parcel)
{
    const struct webhook *w = webhook_of(p->ep);
    const struct patch *first = &p->patches[parcel->which[0]];
    bool list = w->batch > 1;
    AUTO_FREE char *id = list ? webhook_list_id(p, parcel) : mem_dup(first->trace);
    AUTO_JSON json_t *body = list ? webhook_list(p, parcel, id) : webhook_message(w, first, p->ep->env->now(p->ep->env));
    struct err err = {0};
    call_init(&parcel->call, "POST", "%s", w->url);
    call_body(&parcel->call, body);
    parcel->sent = webhook_sign(p->ep, &parcel->call, id, parcel->call.request.body, parcel->call.request.body_n, &err);
    for (size_t i = 0; !parcel->sent && i < parcel->n; i++)
        p->out[parcel->which[i]].err = err;
}

/* ---- answers ---- */

/* JSON that was cut off is not the same as words somebody wrote instead of JSON: the first leaves everything open. */
static bool webhook_broken(const struct http_answer *a, const json_t *answer)
{
    const char *type = http_headers_get(&a->headers, "content-type");
    bool meant = (type && strstr(type, "json")) || (a->body_n && (*a->body == '{' || *a->body == '['));
    return a->body_n && !answer && meant;
}

static int64_t webhook_answered_at(const struct posting *p, const struct http_answer *a)
{
    int64_t date = endpoint_answer_date(a);
    return date ? date : p->ep->env->now(p->ep->env);
}

/* What it holds instead may come with a 409. */
static void webhook_refused(const struct posting *p, const struct call *c, const json_t *answer, struct result *out)
{
    const json_t *fields = json_object_get(answer, "fields");
    out->err = c->err;
    if (c->err.kind == ERR_STALE && json_is_object(fields))
        out->record = (struct record){.fields = webhook_fields(fields), .as_of = webhook_time(answer, webhook_answered_at(p, &c->answer))};
}

static void webhook_settle_one(const struct posting *p, const struct call *c, const json_t *answer, size_t i)
{
    struct result *out = &p->out[i];
    if (c->err.kind != ERR_NONE) {
        webhook_refused(p, c, answer, out);
    } else if (webhook_broken(&c->answer, answer)) {
        err_set(&out->err, ERR_UNSURE, "the receiver's answer cannot be read");
    } else {
        webhook_accept(webhook_of(p->ep), &p->patches[i], answer, webhook_answered_at(p, &c->answer), out);
        out->created |= out->err.kind == ERR_NONE && c->answer.status == 201;
    }
}

static enum err_kind webhook_kind(int64_t status)
{
    switch (status) {
    case 404:
        return ERR_GONE;
    case 409:
    case 412:
        return ERR_STALE;
    case 408:
    case 429:
        return ERR_TEMP;
    default:
        return status >= 500 ? ERR_UNSURE : ERR_REJECT;
    }
}

static const json_t *webhook_row(const json_t *rows, const char *trace)
{
    for (size_t i = 0; i < json_array_size(rows); i++)
        if (str_eq(js_str(json_array_get(rows, i), "id"), trace))
            return json_array_get(rows, i);
    return NULL;
}

/* A list is answered by a list, one row per message; an empty answer takes it as a whole. */
static void webhook_settle_row(const struct posting *p, const struct call *c, const json_t *answer, size_t i)
{
    const json_t *rows = json_object_get(answer, "results"), *row = webhook_row(rows, p->patches[i].trace);
    int64_t status = js_int_or(row, "status", json_object_get(row, "error") ? 422 : 200), at = webhook_answered_at(p, &c->answer);
    struct result *out = &p->out[i];
    if (!json_is_array(rows)) {
        webhook_settle_one(p, c, answer, i);
    } else if (!row) {
        err_set(&out->err, ERR_UNSURE, "the receiver's answer leaves this record out");
    } else if (status >= 200 && status < 300) {
        webhook_accept(webhook_of(p->ep), &p->patches[i], row, webhook_time(answer, at), out);
    } else {
        AUTO_FREE char *words = webhook_words(row, "refused");
        struct call refused = {.answer = c->answer};
        err_set(&refused.err, webhook_kind(status), "the receiver answered %lld: %s", (long long)status, words);
        webhook_refused(p, &refused, row, out);
    }
}

static void webhook_settle(const struct posting *p, const struct parcel *parcel)
{
    const struct call *c = &parcel->call;
    AUTO_JSON json_t *answer = c->answer.body_n ? js_parse(c->answer.body, c->answer.body_n, NULL) : NULL;
    for (size_t i = 0; i < parcel->n; i++) {
        if (webhook_of(p->ep)->batch > 1 && c->err.kind == ERR_NONE)
            webhook_settle_row(p, c, answer, parcel->which[i]);
        else
            webhook_settle_one(p, c, answer, parcel->which[i]);
    }
}

/* ---- all of them ---- */

static void webhook_post(const struct posting *p, size_t *which, size_t n, size_t size);

/* A list refused as a whole is offered again in halves, down to the record that is meant. */
static void webhook_halve(const struct posting *p, struct parcel *parcel)
{
    if (parcel->n < 2 || p->out[parcel->which[0]].err.kind != ERR_REJECT || parcel->call.err.kind != ERR_REJECT)
        return;
    for (size_t i = 0; i < parcel->n; i++)
        result_done(&p->out[parcel->which[i]]);
    webhook_post(p, parcel->which, parcel->n, (parcel->n + 1) / 2);
}

static void webhook_post(const struct posting *p, size_t *which, size_t n, size_t size)
{
    size_t n_parcels = (n + size - 1) / size, m = 0;
    AUTO_FREE struct parcel *parcels = mem_alloc((n_parcels + 1) * sizeof *parcels);
    AUTO_FREE struct call *calls = mem_alloc((n_parcels + 1) * sizeof *calls);
    for (size_t i = 0; i < n_parcels; i++) {
        parcels[i] = (struct parcel){.which = which + i * size, .n = i * size + size > n ? n - i * size : size};
        webhook_prepare(p, &parcels[i]);
        if (parcels[i].sent)
            calls[m++] = parcels[i].call;
    }
    if (m)
        endpoint_call_many(p->ep, calls, m);
    m = 0;
    for (size_t i = 0; i < n_parcels; i++) {
        if (parcels[i].sent) {
            parcels[i].call = calls[m++];
            webhook_settle(p, &parcels[i]);
            webhook_halve(p, &parcels[i]);
        }
        call_done(&parcels[i].call);
    }
}

bool webhook_put(struct endpoint *ep, const struct patch *patches, size_t n, struct result *out, struct err *err)
{
    const struct posting p = {.ep = ep, .patches = patches, .out = out};
    AUTO_FREE size_t *which = mem_alloc((n + 1) * sizeof *which);
    size_t m = 0;
    (void)err;
    for (size_t i = 0; i < n; i++) {
        out[i] = (struct result){0};
        if (!patches[i].id || json_object_size(patches[i].set))
            which[m++] = i;
    }
    if (m)
        webhook_post(&p, which, m, (size_t)webhook_of(ep)->batch);
    return true;
}
