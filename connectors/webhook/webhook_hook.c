/* What the other system sends: one message, {"records":[…]} or a plain list, signed by Standard Webhooks. Each says which
 * record it is about and, for systems that cannot be read, what it holds now. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/webhook/webhook_private.h"

#define RECORDS_MOST 10000

static bool webhook_is_about_a_record(const json_t *message)
{
    const char *type = js_str_or(message, "type", "record.changed");
    return str_starts(type, "record.");
}

static bool webhook_take(struct page *out, const json_t *message, int64_t as_of, struct err *err)
{
    struct record r = {0};
    const char *object = js_str(message, "object");
    if (!json_is_object(message))
        return err_set(err, ERR_REJECT, "a message is an object");
    if (!webhook_is_about_a_record(message))
        return true;
    if (!object || !webhook_record(message, as_of, &r))
        return err_set(err, ERR_REJECT, "a message names its object, and the record by external_id or key");
    if (str_eq(js_str(message, "type"), "record.deleted"))
        r.state = RECORD_GONE;
    r.object = mem_dup(object);
    free(r.version); /* of a delivery, not of a read */
    r.version = NULL;
    out->items = mem_grow(out->items, out->n + 1, sizeof *out->items);
    out->items[out->n++] = r;
    return true;
}

static bool webhook_take_all(struct page *out, const json_t *body, int64_t as_of, struct err *err)
{
    const json_t *list = json_is_array(body) ? body : json_object_get(body, "records");
    if (!json_is_array(list))
        return webhook_take(out, body, as_of, err);
    if (json_array_size(list) > RECORDS_MOST)
        return err_set(err, ERR_REJECT, "more than %d records in one message", RECORDS_MOST);
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!webhook_take(out, json_array_get(list, i), webhook_time(body, as_of), err))
            return err_wrap(err, "record %zu", i + 1);
    return true;
}

bool webhook_hook(struct endpoint *ep, const char *method, const char *url, const json_t *headers, const char *body, size_t body_n,
                  int64_t now, struct page *out, struct err *err)
{
    const struct webhook *w = webhook_of(ep);
    const struct delivery d = {.method = method, .headers = headers, .body = body, .body_n = body_n, .now = now, .tolerance = w->hook_tolerance};
    const struct signature_secrets secrets = {{w->hook_secret ? w->hook_secret : w->secret, w->hook_secret_old ? w->hook_secret_old : w->hook_secret ? NULL : w->secret_old}};
    AUTO(page_done) struct page page = {0};
    struct err bad = {0};
    int64_t seconds = 0;
    (void)url;
    if (!signature_standard(&d, &secrets, err))
        return err_wrap(err, "endpoint %s", ep->name);
    AUTO_JSON json_t *message = js_parse(body ? body : "", body_n, &bad);
    if (!message)
        return err_set(err, ERR_REJECT, "a delivery that is no JSON: %s", bad.text);
    bool dated = str_to_int(signature_header(headers, "webhook-timestamp"), 0, INT64_MAX / 1000, &seconds);
    if (!webhook_take_all(&page, message, dated ? seconds * 1000 : now, err))
        return false;
    *out = page;
    page = (struct page){0};
    return true;
}
