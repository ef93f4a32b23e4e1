/* Inbox keeps the promises of the contract. */
#include "bridge/base/js.h"
#include "connectors/inbox/inbox.h"
#include "tests/contract/contract.h"

/* A message arrives: the thread moves to the end of the walk. */
static json_t *message(struct sandbox *box, struct sandbox_service *service, const char *id)
{
    AUTO_FREE char *path = mem_printf("/api/v1/prospects/%s", id);
    AUTO_JSON json_t *prospect = contract_ask(box, service, path);
    const json_t *threads = json_object_get(json_object_get(prospect, "context"), "threads");
    const char *thread = js_str(json_array_get(threads, 0), "id");
    return thread ? json_pack("{s:s,s:{s:s,s:s}}", "object", "message", "create", "thread", thread, "content", "Hello?")
                  : NULL;
}

static json_t *deed(struct sandbox *box, struct sandbox_service *service, enum contract_deed what, const char *id,
                    const char *with)
{
    switch (what) {
    case DEED_TEXT:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", "prospect", "id", id, "set", "context.notes", with);
    case DEED_TOUCH:
        return message(box, service, id);
    case DEED_REMOVE:
        return json_pack("{s:s,s:s,s:b}", "object", "prospect", "id", id, "delete", 1);
    case DEED_ADD:
    case DEED_MERGE:
        break;
    }
    return NULL;
}

static json_t *deliveries(struct sandbox *box, struct sandbox_service *service, const char *about)
{
    (void)about;
    return contract_ask(box, service, "/_sandbox/deliveries?rotated=true&secret=" CONTRACT_HOOK_SECRET);
}

static const char *const manners[] = {
    NULL,
    "{\"omitted_inbox\":\"default\"}",
    "{\"error_shape\":\"string\"}",
    "{\"error_shape\":\"flat\",\"seq_gaps\":true}",
    "{\"error_shape\":\"empty\",\"seq_gaps\":true,\"omitted_inbox\":\"default\"}",
};

int main(void)
{
    struct contract_case inbox = {
        .kind = &inbox_connector,
        .options = "token = \"env:CONTRACT_TOKEN\"; base_url = \"http://inbox.sandbox/api/v1\"; hook_secret = \"env:CONTRACT_HOOK_SECRET\";",
        .service = sandbox_inbox_new,
        .object = "prospect",
        .state = "prospect",
        .state_id = "externalId",
        .text = "context.notes",
        .unique = "platformId",
        .set = "context.tags",
        .feed_lag_ms = 1000,
        .page = 100,
        .deed = deed,
        .deliveries = deliveries,
    };
    int failed = 0;
    for (size_t i = 0; i < COUNT(manners); i++) {
        inbox.name = manners[i] ? manners[i] : "inbox";
        inbox.manners = manners[i];
        failed += contract_run(&inbox);
    }
    return failed;
}
