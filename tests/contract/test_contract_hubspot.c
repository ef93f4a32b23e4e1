/* HubSpot keeps the promises of the contract, with its contacts. */
#include "bridge/base/js.h"
#include "bridge/base/hash.h"
#include "connectors/hubspot/hubspot.h"
#include "tests/contract/contract.h"
#include <string.h>

static struct sandbox_service *service(struct sandbox *box, size_t people)
{
    struct sandbox_service *s = sandbox_hubspot_new(box);
    for (size_t i = 0; i < people; i++) {
        AUTO_FREE char *mail = mem_printf("person%zu@crm.example", i);
        AUTO_JSON json_t *edit = json_pack("{s:s,s:{s:s,s:s}}", "object", "contacts", "create", "email", mail,
                                           "jobtitle", "Engineer");
        json_t *out = NULL;
        if (!sandbox_edit(box, s, edit, &out, &(struct err){0}))
            abort();
        json_decref(out);
        sandbox_advance(box, 20);
    }
    return s;
}

static json_t *deed(struct sandbox *box, struct sandbox_service *s, enum contract_deed what, const char *id,
                    const char *with)
{
    (void)box;
    (void)s;
    switch (what) {
    case DEED_TEXT:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", "contacts", "id", id, "set", "jobtitle", with);
    case DEED_TOUCH:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", "contacts", "id", id, "set", "city", "Oslo");
    case DEED_ADD:
        return json_pack("{s:s,s:{s:s}}", "object", "contacts", "create", "jobtitle", "Newcomer");
    case DEED_REMOVE:
        return json_pack("{s:s,s:s,s:b}", "object", "contacts", "id", id, "delete", 1);
    case DEED_MERGE:
        return json_pack("{s:s,s:s,s:s}", "object", "contacts", "id", id, "merge_into", with);
    }
    return NULL;
}

/* HubSpot's webhooks have no imitation: what it would post about that record. */
static json_t *deliveries(struct sandbox *box, struct sandbox_service *s, const char *about)
{
    static const char secret[] = CONTRACT_HOOK_SECRET;
    uint8_t mac[HASH_SIZE];
    (void)s;
    AUTO_FREE char *body = mem_printf("[{\"subscriptionType\":\"contact.propertyChange\",\"objectId\":%s,\"propertyName\":\"jobtitle\"}]", about);
    AUTO_FREE char *now = mem_printf("%lld", (long long)sandbox_now(box));
    AUTO_FREE char *text = mem_printf("POSThttps://bridge.example/hooks/ep%s%s", body, now);
    hash_hmac_sha256(secret, sizeof secret - 1, text, strlen(text), mac);
    AUTO_FREE char *signature = hash_base64(mac, sizeof mac);
    return json_pack("[{s:{s:s,s:s},s:s}]", "headers", "X-HubSpot-Signature-v3", signature, "X-HubSpot-Request-Timestamp", now, "body", body);
}

int main(void)
{
    static const struct contract_case hubspot = {
        .name = "hubspot",
        .kind = &hubspot_connector,
        .options = "token = \"env:CONTRACT_TOKEN\"; base_url = \"http://hubspot.sandbox\"; "
                   "hook_secret = \"env:CONTRACT_HOOK_SECRET\"; hook_url = \"https://bridge.example/hooks/ep\";",
        .service = service,
        .object = "contacts",
        .state = "contact",
        .state_id = "id",
        .text = "jobtitle",
        .unique = "email",
        .key_field = "inbox_prospect_key",
        .feed_lag_ms = 60000,
        .page = 100,
        .deed = deed,
        .deliveries = deliveries,
    };
    return contract_run(&hubspot);
}
