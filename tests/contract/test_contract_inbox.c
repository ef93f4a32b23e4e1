/* Inbox keeps the promises of the contract. */
#include "bridge/base/js.h"
#include "connectors/inbox/inbox.h"
#include "tests/contract/contract.h"

static json_t *deed(enum contract_deed what, const char *id, const char *with)
{
    switch (what) {
    case DEED_TEXT:
        return json_pack("{s:s,s:s,s:{s:s}}", "object", "prospect", "id", id, "set", "context.notes", with);
    case DEED_TOUCH:
        return json_pack("{s:s,s:s,s:s}", "object", "message", "prospect", id, "content", "Hello again");
    case DEED_ADD:
        return json_pack("{s:s,s:{s:s}}", "object", "prospect", "create", "displayName", "Newcomer");
    case DEED_REMOVE:
        return json_pack("{s:s,s:s,s:b}", "object", "prospect", "id", id, "delete", 1);
    case DEED_MERGE:
        break;
    }
    return NULL;
}

int main(void)
{
    static const struct contract_case inbox = {
        .name = "inbox",
        .kind = &inbox_connector,
        .options = "token = \"env:CONTRACT_TOKEN\"; base_url = \"http://inbox.sandbox/api/v1\";",
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
    };
    return contract_run(&inbox);
}
