/* HubSpot keeps the promises of the contract, with its contacts. */
#include "bridge/base/js.h"
#include "connectors/hubspot/hubspot.h"
#include "tests/contract/contract.h"

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

int main(void)
{
    static const struct contract_case hubspot = {
        .name = "hubspot",
        .kind = &hubspot_connector,
        .options = "token = \"env:CONTRACT_TOKEN\"; base_url = \"http://hubspot.sandbox\";",
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
    };
    return contract_run(&hubspot);
}
