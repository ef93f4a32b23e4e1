/* Deliveries of HubSpot's webhooks: an array of events, unordered and repeated. Each says only which record to look at; one
 * record is named once however many of its properties changed. Merges name all who took part, so that whoever is linked to
 * the loser looks too; what was deleted is told by the look. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/hubspot/hubspot_private.h"
#include "connectors/signature.h"
#include <string.h>

/* "contact.propertyChange" and, in newer apps, "object.propertyChange" with objectTypeId "0-1". */
static const char *hubspot_event_object(const json_t *event)
{
    static const struct {
        const char *word, *number, *object;
    } types[] = {{"contact.", "0-1", "contacts"}, {"company.", "0-2", "companies"}, {"deal.", "0-3", "deals"}};
    const char *type = js_str_or(event, "subscriptionType", js_str_or(event, "eventType", ""));
    const char *number = js_str(event, "objectTypeId");
    for (size_t i = 0; i < COUNT(types); i++)
        if (str_starts(type, types[i].word) || (str_starts(type, "object.") && str_eq(number, types[i].number)))
            return hubspot_object_of(types[i].object) ? types[i].object : NULL;
    return NULL;
}

static void hubspot_look_at(struct page *out, const char *object, const json_t *id)
{
    AUTO_FREE char *text = json_is_integer(id) ? mem_printf("%lld", (long long)json_integer_value(id)) : mem_dup(json_string_value(id));
    if (!text || !*text || str_eq(text, "0"))
        return;
    for (size_t i = 0; i < out->n; i++)
        if (str_eq(out->items[i].id, text) && str_eq(out->items[i].object, object))
            return;
    out->items = mem_grow(out->items, out->n + 1, sizeof *out->items);
    out->items[out->n++] = (struct record){.object = mem_dup(object), .id = mem_dup(text)};
}

void hubspot_take_event(struct page *out, const json_t *event)
{
    static const char *const members[] = {"objectId", "primaryObjectId", "newObjectId"};
    const char *object = hubspot_event_object(event);
    const json_t *merged = json_object_get(event, "mergedObjectIds");
    if (!object)
        return;
    for (size_t i = 0; i < COUNT(members); i++)
        hubspot_look_at(out, object, json_object_get(event, members[i]));
    for (size_t i = 0; i < json_array_size(merged); i++)
        hubspot_look_at(out, object, json_array_get(merged, i));
    /* associationChange names its ends instead; the first is of the type it is named after */
    if (!json_object_get(event, "objectId"))
        hubspot_look_at(out, object, json_object_get(event, "fromObjectId"));
}

/* The URL as HubSpot knows it. A query that hook_url does not have is the request's own. */
static char *hubspot_public_url(const struct hubspot *h, const char *url)
{
    const char *query = url ? strchr(url, '?') : NULL;
    if (!h->hook_url)
        return NULL;
    return mem_printf("%s%s", h->hook_url, query && !strchr(h->hook_url, '?') ? query : "");
}

bool hubspot_hook(struct endpoint *ep, const char *method, const char *url, const json_t *headers, const char *body, size_t body_n,
                  int64_t now, struct page *out, struct err *err)
{
    const struct hubspot *h = hubspot_of(ep);
    const struct delivery d = {.method = method, .headers = headers, .body = body, .body_n = body_n, .now = now, .tolerance = h->hook_tolerance};
    const struct signature_secrets secrets = {{h->hook_secret ? h->hook_secret : h->client_secret, h->hook_secret_old}};
    AUTO_FREE char *public_url = hubspot_public_url(h, url);
    struct err bad = {0};
    if (!signature_hubspot(&d, public_url, h->hook_v1, &secrets, err))
        return err_wrap(err, "endpoint %s", ep->name);
    AUTO_JSON json_t *events = js_parse(body ? body : "", body_n, &bad);
    if (!json_is_array(events))
        return err_set(err, ERR_REJECT, "a delivery that is no list of events%s%s", *bad.text ? ": " : "", bad.text);
    for (size_t i = 0; i < json_array_size(events); i++)
        hubspot_take_event(out, json_array_get(events, i));
    return true;
}
