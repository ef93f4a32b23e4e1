/* A receiver of the webhook protocol, as somebody might write one in an afternoon: it checks signatures, keeps records, knows
 * every message id it has taken, and lets itself be read. People's edits become signed deliveries, ready to be posted by
 * whoever wants. */
#include "bridge/base/hash.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/sandbox/webhook_inner.h"
#include <string.h>

#define FIRST_ID 1000

/* ---- records ---- */

json_t *hook_record(const struct receiver *x, const char *object, const char *id, const char *key)
{
    size_t i;
    json_t *r;
    json_array_foreach (x->records, i, r) {
        bool named = (id && str_eq(js_str(r, "external_id"), id)) || (key && str_eq(js_str(r, "key"), key));
        if (named && str_eq(js_str(r, "object"), object))
            return r;
    }
    return NULL;
}

json_t *hook_create(struct receiver *x, const char *object, const char *key)
{
    AUTO_FREE char *id = x->manners.ids_are_keys && key ? mem_dup(key) : mem_printf("w%zu", FIRST_ID + json_array_size(x->records));
    json_t *r = json_pack("{s:s,s:s,s:s?,s:{},s:i}", "object", object, "external_id", id, "key", key, "fields", "version", 0);
    js_add(x->records, r);
    return r;
}

static json_t *tidy(const struct receiver *x, json_t *value)
{
    const char *text = json_string_value(value);
    if (!text || !x->manners.truncate || str_utf8_len(text) <= x->manners.truncate)
        return json_incref(value);
    AUTO_FREE char *cut = mem_dup_n(text, str_utf8_cut(text, x->manners.truncate));
    return json_string(cut);
}

void hook_write(struct receiver *x, json_t *record, const json_t *fields)
{
    AUTO_JSON json_t *next = json_copy(json_object_get(record, "fields"));
    const char *name;
    json_t *value;
    char at[WHEN_TEXT];
    when_print(sandbox_now(x->base.box), at);
    json_object_foreach ((json_t *)fields, name, value)
        js_set(next, name, tidy(x, value));
    json_object_set(record, "fields", next);
    js_set(record, "version", json_integer(js_int_or(record, "version", 0) + 1));
    js_set(record, "timestamp", json_string(at));
}

/* ---- signatures ---- */

static void mac_of(const char *secret, const char *id, const char *at, const char *text, size_t n, char out[64])
{
    uint8_t mac[HASH_SIZE];
    size_t key_n = 0;
    AUTO(buf_done) struct buf all = {0};
    AUTO_FREE uint8_t *key = hash_base64_decode(secret + strlen("whsec_"), &key_n);
    buf_printf(&all, "%s.%s.", id, at);
    buf_add(&all, text, n);
    hash_hmac_sha256(key, key_n, buf_str(&all), all.n, mac);
    AUTO_FREE char *text64 = hash_base64(mac, sizeof mac);
    str_copy(out, 64, text64);
}

/* For a read the path and query stand in the body's place. */
static bool is_signed(const struct receiver *x, const struct http_request *r)
{
    const char *id = http_headers_get(&r->headers, "webhook-id"), *at = http_headers_get(&r->headers, "webhook-timestamp");
    const char *given = http_headers_get(&r->headers, "webhook-signature");
    const char *host = strstr(r->url, "://"), *target = host ? strchr(host + 3, '/') : r->url;
    bool read = str_eq(r->method, "GET");
    int64_t seconds = 0;
    char mac[64];
    if (!id || !at || !given || !str_to_int(at, 0, INT64_MAX / 1000, &seconds) || llabs(sandbox_now(x->base.box) - seconds * 1000) > 300000)
        return false;
    mac_of(SANDBOX_WEBHOOK_SECRET, id, at, read ? target : r->body ? r->body : "", read ? strlen(target) : r->body_n, mac);
    return strstr(given, mac) != NULL;
}

json_t *hook_delivery(const struct receiver *x, const json_t *message)
{
    AUTO_FREE char *body = js_print(message), *at = mem_printf("%lld", (long long)(sandbox_now(x->base.box) / 1000));
    char mac[64];
    mac_of(SANDBOX_WEBHOOK_SECRET, js_str_or(message, "id", "?"), at, body, strlen(body), mac);
    AUTO_FREE char *signature = mem_printf("v1,%s", mac);
    return json_pack("{s:{s:s,s:s,s:s,s:s},s:s}", "headers", "content-type", "application/json", "webhook-id", js_str(message, "id"),
                     "webhook-timestamp", at, "webhook-signature", signature, "body", body);
}

/* ---- messages ---- */

static json_t *told(const struct receiver *x, const json_t *record, bool created, bool duplicate)
{
    json_t *out = json_object();
    js_set(out, "ok", json_true());
    if (x->manners.silent)
        return out;
    js_set(out, "created", json_boolean(created));
    if (duplicate)
        js_set(out, "duplicate", json_true());
    for (const char *const *name = (const char *const[]){"external_id", "fields", "version", "timestamp", NULL}; *name; name++)
        json_object_set(out, *name, json_object_get(record, *name));
    return out;
}

static json_t *refusal(int status, const char *why)
{
    return json_pack("{s:i,s:{s:s}}", "status", status, "error", "message", why);
}

/* What the writer believed is no longer so. */
static bool moved(const struct receiver *x, const json_t *record, const json_t *message)
{
    const char *name;
    json_t *change;
    if (!x->manners.compares || !record)
        return false;
    json_object_foreach (json_object_get(message, "changed"), name, change) {
        const json_t *from = json_object_get(change, "from"), *is = json_object_get(json_object_get(record, "fields"), name);
        if (from && !(json_is_null(from) && !is) && !js_equal(from, is))
            return true;
    }
    return false;
}

/* ---- what a sender has promised ---- */

/* All of a message but its time is the same however often it is sent. */
static void check_same(struct receiver *x, const char *trace, const json_t *message)
{
    AUTO_JSON json_t *said = json_copy((json_t *)message);
    json_object_del(said, "timestamp");
    const json_t *before = json_object_get(x->offered, trace);
    AUTO_FREE char *now = js_print_sorted(said), *then = before ? js_print_sorted(before) : NULL;
    if (then && !str_eq(now, then)) {
        AUTO_FREE char *words = mem_printf("message %s said %s and then %s", trace, then, now);
        js_add(x->breaches, json_string(words));
    }
    if (!before)
        json_object_set(x->offered, trace, said);
}

/* A message that changes nothing is a change told twice, under two ids. */
static void check_news(struct receiver *x, const char *trace, const json_t *record, const json_t *fields)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)fields, name, value) {
        const json_t *held = json_object_get(json_object_get(record, "fields"), name);
        AUTO_JSON json_t *kept = tidy(x, value);
        if (!js_equal(held, kept) && !(json_is_null(kept) && !held))
            return;
    }
    AUTO_FREE char *all = js_print(fields), *words = mem_printf("message %s says again what is there already: %s", trace, all);
    js_add(x->breaches, json_string(words));
}

/* One message: the answer to it, "status" among its members. */
static json_t *take(struct receiver *x, const json_t *message)
{
    const char *trace = js_str(message, "id"), *object = js_str(message, "object"), *id = js_str(message, "external_id"), *key = js_str(message, "key");
    json_t *record = hook_record(x, object, id, id ? NULL : key);
    json_t *known = trace ? json_object_get(x->seen, trace) : NULL;
    if (!trace || !object || (!id && !key) || !json_is_object(json_object_get(message, "fields")))
        return refusal(422, "a message has id, object, external_id or key, and fields");
    check_same(x, trace, message);
    x->again += known != NULL;
    if (known && record)
        return told(x, record, false, true);
    if (js_bool_or(record, "archived", false) || (id && !record))
        return refusal(404, "no such record");
    if (moved(x, record, message)) {
        json_t *no = refusal(409, "it changed meanwhile");
        json_object_set(no, "fields", json_object_get(record, "fields"));
        json_object_set(no, "timestamp", json_object_get(record, "timestamp"));
        return no;
    }
    bool created = record == NULL;
    if (created)
        record = hook_create(x, object, key);
    else
        check_news(x, trace, record, json_object_get(message, "fields"));
    hook_write(x, record, json_object_get(message, "fields"));
    js_set(x->seen, trace, json_true());
    x->taken++;
    sandbox_note(x->base.box, "POST message", true);
    return told(x, record, created, false);
}

static void answer_list(struct receiver *x, const json_t *body, struct http_answer *a)
{
    const json_t *list = json_object_get(body, "records");
    json_t *rows = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *row = take(x, json_array_get(list, i));
        json_object_set(row, "id", json_object_get(json_array_get(list, i), "id"));
        js_add(rows, row);
    }
    sandbox_reply_json(a, 200, json_pack("{s:o}", "results", rows));
}

static void answer_message(struct receiver *x, const struct http_request *r, struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *body = js_parse(r->body ? r->body : "", r->body_n, &err);
    if (!body) {
        sandbox_reply_json(a, 400, refusal(400, err.text));
    } else if (str_eq(js_str(body, "type"), "ping")) {
        sandbox_note(x->base.box, "POST ping", false);
        sandbox_reply_json(a, 200, json_pack("{s:{s:s,s:s}}", "organisation", "id", "sandbox", "label", "The sandbox"));
    } else if (json_is_array(json_object_get(body, "records"))) {
        answer_list(x, body, a);
    } else if (!str_eq(js_str(body, "id"), http_headers_get(&r->headers, "webhook-id"))) {
        sandbox_reply_json(a, 400, refusal(400, "webhook-id is not the message's id"));
    } else {
        json_t *answer = take(x, body);
        sandbox_reply_json(a, (int)js_int_or(answer, "status", js_bool_or(answer, "created", false) ? 201 : 200), answer);
    }
}

/* ---- reads ---- */

static bool asked_for(const json_t *record, const json_t *ids, const char *field, const json_t *values)
{
    const json_t *held = str_eq(field, "inbox_prospect_key") ? json_object_get(record, "key") : json_object_get(json_object_get(record, "fields"), field ? field : "");
    const char *text = json_string_value(held);
    size_t i;
    json_t *v;
    json_array_foreach ((json_t *)ids, i, v)
        if (str_eq(json_string_value(v), js_str(record, "external_id")))
            return true;
    json_array_foreach ((json_t *)values, i, v)
        if (text && str_eq(json_string_value(v), text))
            return true;
    return false;
}

static json_t *listed(const json_t *query, const char *name)
{
    json_t *v = json_object_get(query, name);
    return json_is_array(v) ? json_incref(v) : json_pack("[O*]", v);
}

static void answer_read(struct receiver *x, const char *query, struct http_answer *a)
{
    AUTO_JSON json_t *q = sandbox_query_json(query), *ids = listed(q, "id"), *values = listed(q, "value");
    const char *object = js_str(q, "object"), *field = js_str(q, "field");
    json_t *rows = json_array(), *r;
    size_t i;
    sandbox_note(x->base.box, "GET records", false);
    json_array_foreach (x->records, i, r)
        if (str_eq(js_str(r, "object"), object) && !js_bool_or(r, "archived", false) && asked_for(r, ids, field, values))
            json_array_append(rows, r);
    sandbox_reply_json(a, 200, json_pack("{s:o}", "records", rows));
}

/* ---- the service ---- */

static void answer(struct sandbox_service *s, const struct http_request *r, const char *path, const char *query, struct http_answer *a)
{
    struct receiver *x = (struct receiver *)s;
    if (str_starts(path, "/_sandbox/"))
        hook_control(x, r, path + strlen("/_sandbox/"), query, a);
    else if (!is_signed(x, r))
        sandbox_reply_json(a, 401, refusal(401, "the signature is missing, wrong or old"));
    else if (str_eq(r->method, "GET"))
        answer_read(x, query, a);
    else
        answer_message(x, r, a);
}

static json_t *state(struct sandbox_service *s)
{
    const struct receiver *x = (struct receiver *)s;
    AUTO_JSON json_t *records = json_deep_copy(x->records);
    return json_pack("{s:O,s:I,s:I,s:O}", "record", records, "taken", (json_int_t)x->taken, "again", (json_int_t)x->again, "breaches",
                     x->breaches);
}

static void refuse(struct sandbox_service *s, int status, struct http_answer *a)
{
    (void)s;
    sandbox_reply_json(a, status, refusal(status, "bad luck"));
}

static void free_receiver(struct sandbox_service *s)
{
    struct receiver *x = (struct receiver *)s;
    json_decref(x->records);
    json_decref(x->seen);
    json_decref(x->deliveries);
    json_decref(x->offered);
    json_decref(x->breaches);
    free(x);
}

struct sandbox_service *sandbox_webhook_new(struct sandbox *box)
{
    struct receiver *x = mem_alloc(sizeof *x);
    x->base = (struct sandbox_service){.name = "webhook", .answer = answer, .state = state, .edit = hook_edit, .free = free_receiver, .refuse = refuse};
    x->records = json_array();
    x->seen = json_object();
    x->deliveries = json_array();
    x->offered = json_object();
    x->breaches = json_array();
    sandbox_attach(box, &x->base);
    return &x->base;
}
