/* Deliveries of webhooks. They arrive late, twice, in any order or never, so they only ring: the feed stays the truth and
 * says the same again. Three formats are on the wire and are told apart by what they carry: v2 has apiVersion, v1 has type
 * and version, the legacy one of campaigns has event. What a v1 delivery says goes through the reader of the feed. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include "connectors/signature.h"
#include <string.h>

/* v2 events are thin: they name an object. A thread or message does not name its prospect; the feed will. */
static void harvest_v2(struct inbox_harvest *h, const json_t *event)
{
    const json_t *object = json_object_get(event, "object");
    const char *type = js_str_or(event, "type", ""), *id = js_str(object, "id");
    if (!str_eq(js_str(object, "type"), "contact"))
        id = js_str(json_object_get(event, "data"), "contactId");
    h->relearn |= str_starts(type, "tag.") || str_starts(type, "status.");
    if (!id || !*id)
        return;
    struct record r = {.id = mem_dup(id)};
    inbox_harvest_record(h, &r);
}

/* A campaign's target. What stood for its id then need not be today's, so the key speaks for it. */
static void harvest_legacy(struct inbox_harvest *h, const json_t *event)
{
    struct record r = {0};
    if (!inbox_identify(json_object_get(json_object_get(event, "data"), "external"), &r))
        return;
    if (r.key) {
        free(r.id);
        r.id = mem_dup(r.key);
    }
    inbox_harvest_record(h, &r);
}

bool inbox_harvest_delivery(struct inbox_harvest *h, const json_t *event, struct err *err)
{
    if (js_str(event, "apiVersion") && json_is_object(json_object_get(event, "object")))
        harvest_v2(h, event);
    else if (js_str(event, "type"))
        inbox_harvest_event(h, event, inbox_wants(NULL));
    else if (js_str(event, "event"))
        harvest_legacy(h, event);
    else
        return err_set(err, ERR_REJECT, "a delivery in none of Inbox's three formats");
    return true;
}

/* What only threads name stays open (no network here), and a gap between deliveries means nothing: a webhook may be
 * subscribed to some of the types. */
static void take(struct inbox_harvest *h, struct page *out)
{
    out->items = h->items;
    out->n = h->n;
    out->relearn = h->relearn;
    h->items = NULL;
    h->n = 0;
    for (size_t i = 0; i < out->n; i++)
        out->items[i].object = mem_dup("prospect");
}

bool inbox_hook(struct endpoint *ep, const char *method, const char *url, const json_t *headers, const char *body,
                size_t body_n, int64_t now, struct page *out, struct err *err)
{
    const struct inbox *inbox = ep->state;
    const struct delivery d = {.method = method, .headers = headers, .body = body, .body_n = body_n, .now = now,
                               .tolerance = inbox->hook_tolerance};
    const struct signature_secrets secrets = {{inbox->hook_secret, inbox->hook_secret_old}};
    AUTO(inbox_harvest_done) struct inbox_harvest h = {0};
    struct err bad = {0};
    (void)url;
    if (!signature_inbox(&d, &secrets, err))
        return err_wrap(err, "endpoint %s", ep->name);
    AUTO_JSON json_t *event = js_parse(body ? body : "", body_n, &bad);
    if (!event)
        return err_set(err, ERR_REJECT, "a delivery that is no JSON: %s", bad.text);
    if (!inbox_harvest_delivery(&h, event, err))
        return false;
    take(&h, out);
    return true;
}
