/* The generic webhook connector keeps the promises of the contract, with and without a receiver that can be read. */
#include "bridge/base/js.h"
#include "connectors/webhook/webhook.h"
#include "tests/contract/contract.h"

static struct sandbox_service *service(struct sandbox *box, size_t people)
{
    struct sandbox_service *s = sandbox_webhook_new(box);
    for (size_t i = 0; i < people; i++) {
        AUTO_FREE char *mail = mem_printf("person%zu@crm.example", i);
        AUTO_JSON json_t *edit = json_pack("{s:s,s:{s:s,s:s}}", "object", "people", "create", "email", mail, "notes", "Engineer");
        json_t *out = NULL;
        if (!sandbox_edit(box, s, edit, &out, &(struct err){0}))
            abort();
        json_decref(out);
    }
    return s;
}

static json_t *deed(struct sandbox *box, struct sandbox_service *s, enum contract_deed what, const char *id, const char *with)
{
    (void)box;
    (void)s;
    switch (what) {
    case DEED_TEXT:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", "people", "id", id, "set", "notes", with);
    case DEED_TOUCH:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", "people", "id", id, "set", "city", "Oslo");
    case DEED_ADD:
        return json_pack("{s:s,s:{s:s}}", "object", "people", "create", "notes", "Newcomer");
    case DEED_REMOVE:
        return json_pack("{s:s,s:s,s:b}", "object", "people", "id", id, "delete", 1);
    case DEED_MERGE:
        break;
    }
    return NULL;
}

static json_t *deliveries(struct sandbox *box, struct sandbox_service *s, const char *about)
{
    (void)about;
    return contract_ask(box, s, "/_sandbox/deliveries?after=200");
}

#define BASE "url = \"http://webhook.sandbox/messages\"; secret = \"env:CONTRACT_WEBHOOK_SECRET\"; id_path = \"external_id\"; allow_private = true; "
#define READABLE BASE "read_url = \"http://webhook.sandbox/records\"; "

int main(void)
{
    static const struct {
        const char *name, *options;
    } ways[] = {
        {"webhook, readable", READABLE},
        {"webhook, lists of ten", READABLE "batch = 10; "},
        {"webhook, not readable", BASE},
        {"webhook, a key being exchanged", BASE "secret_old = \"env:CONTRACT_HOOK_SECRET\"; "},
    };
    struct contract_case webhook = {
        .kind = &webhook_connector,
        .service = service,
        .object = "people",
        .state = "record",
        .state_id = "external_id",
        .text = "notes",
        .unique = "email",
        .key_field = "inbox_prospect_key",
        .feed_lag_ms = 1000,
        .page = 100,
        .deed = deed,
        .deliveries = deliveries,
    };
    int failed = 0;
    setenv("CONTRACT_WEBHOOK_SECRET", SANDBOX_WEBHOOK_SECRET, 1);
    for (size_t i = 0; i < COUNT(ways); i++) {
        webhook.name = ways[i].name;
        webhook.options = ways[i].options;
        failed += contract_run(&webhook);
    }
    return failed;
}
