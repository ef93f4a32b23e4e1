/* Any bytes as Salesforce's answer to every call but the description. Each verb ends, answers for every item it was asked
 * about, and says "done" of a write only when the answer was a success. The first byte also picks whether a duplicate
 * rule's match is linked. */
#include "tests/fuzz/answering.h"

#define ITEMS 4

static const char fields_text[] =
    "{\"fields\":[{\"name\":\"Id\",\"type\":\"id\"},{\"name\":\"LastName\",\"type\":\"string\",\"updateable\":true},"
    "{\"name\":\"Company\",\"type\":\"string\",\"updateable\":true},{\"name\":\"SystemModstamp\",\"type\":\"datetime\"}"
    ","
    "{\"name\":\"IsConverted\",\"type\":\"boolean\"},{\"name\":\"ConvertedContactId\",\"type\":\"reference\"},"
    "{\"name\":\"k__c\",\"type\":\"string\",\"unique\":true,\"externalId\":true,\"updateable\":true},"
    "{\"name\":\"n__c\",\"type\":\"currency\",\"updateable\":true},{\"name\":\"d__c\",\"type\":\"date\"},"
    "{\"name\":\"c__c\",\"type\":\"multipicklist\",\"updateable\":true,\"picklistValues\":[{\"value\":\"x\"}]}]}";

static void reads(struct endpoint *ep)
{
    static const char *const ids[ITEMS] = {"00Q000000000001AAA", "003000000000001AAA", "00Q000000000002AAA",
                                           "nonsense"};
    static const char *const fields[] = {"LastName", "k__c", "n__c", "d__c", "c__c", NULL};
    static const char *const by[] = {"k__c", "n__c", "c__c", "d__c"};
    static const char *const cursors[] = {
        NULL,
        "now",
        "{\"from\":1772442930000,\"deletes\":1}",
        "{\"walk\":\"00Q000000000001AAA\",\"start\":5}",
        "{\"from\":1,\"deletes\":1772442930000,\"until\":9,\"at\":7,\"id\":\"00Q000000000001AAA\"}",
        "nonsense"};
    fetches(ep, "Lead", ids, ITEMS, fields, FETCH_FRESH);
    for (size_t i = 0; i < COUNT(by); i++)
        finds(ep, "Lead", by[i], ids, ITEMS, fields);
    for (size_t i = 0; i < COUNT(cursors); i++)
        follows(ep, "Lead", NULL, cursors[i]);
}

static void writes(struct endpoint *ep)
{
    static const char *const ids[ITEMS] = {NULL, "00Q000000000001AAA", "003000000000001AAA", NULL};
    static const char *const keys[ITEMS] = {"x:1", NULL, NULL, "x:2"};
    struct patch patches[ITEMS];
    for (size_t i = 0; i < ITEMS; i++)
        patches[i] = (struct patch){.object = "Lead",
                                    .id = ids[i],
                                    .key_field = "k__c",
                                    .key = keys[i],
                                    .trace = "trace",
                                    .set = json_pack("{s:i}", "n__c", 5)};
    js_set(patches[3].set, "LastName", json_string("L"));
    js_set(patches[3].set, "Company", json_string("C"));
    puts_all(ep, patches, ITEMS);
}

static void sets_up(struct endpoint *ep)
{
    AUTO(schema_done) struct schema wanted = {.object = mem_dup("Lead")};
    struct err err = {0};
    json_t *missing = NULL;
    schema_add(&wanted, "inbox_prospect_key__c", "Key", SCHEMA_TEXT)->unique = true;
    schema_add(&wanted, "c__c", "Set", SCHEMA_SET);
    if (!ep->kind->setup(ep, &wanted, true, &missing, &err) && err.kind == ERR_NONE)
        abort();
    json_decref(missing);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {200, 201, 204, 300, 400, 401, 403, 404, 410, 420, 429, 500, 503, 302};
    bool link = n && data[0] & 0x80;
    answering.status = n ? statuses[(data[0] & 0x7f) % COUNT(statuses)] : 200;
    answering.bytes = n ? data + 1 : data;
    answering.n = n ? n - 1 : 0;
    answering.where = "/describe";
    answering.fields = fields_text;
    AUTO_FREE char *text = mem_printf(
        "e = { token = \"env:FUZZ_TOKEN\"; base_url = \"https://x.example\"; duplicates = \"%s\"; };",
        link ? "link" : "hold");
    struct endpoint *ep = answering_endpoint("salesforce", text);
    reads(ep);
    writes(ep);
    sets_up(ep);
    probes(ep);
    endpoint_free(ep);
    return 0;
}
