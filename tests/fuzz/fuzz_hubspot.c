/* Any bytes as HubSpot's answer to every call. Each verb ends, answers for every item it was asked about, and says "done" of
 * a write only when the answer was a success. */
#include "tests/fuzz/answering.h"

#define ITEMS 3

static const char properties[] = "{\"results\":[{\"name\":\"k\",\"type\":\"string\",\"hasUniqueValue\":true},{\"name\":\"n\",\"type\":\"number\"},"
                                 "{\"name\":\"b\",\"type\":\"bool\"},{\"name\":\"d\",\"type\":\"date\"},{\"name\":\"t\",\"type\":\"datetime\"},"
                                 "{\"name\":\"c\",\"type\":\"enumeration\",\"fieldType\":\"checkbox\",\"options\":[{\"value\":\"x\",\"label\":\"X\"}]}]}";

static void reads(struct endpoint *ep)
{
    static const char *const ids[ITEMS] = {"1", "2", "3"}, *const fields[] = {"k", "n", "b", "d", "t", "c", NULL};
    static const char *const cursors[] = {NULL, "now", "{\"lo\":1}", "{\"lo\":1,\"hi\":2,\"id\":\"5\"}", "{\"after\":\"7\"}", "nonsense"};
    fetches(ep, "contacts", ids, ITEMS, fields, FETCH_FRESH | FETCH_HISTORY);
    finds(ep, "contacts", "k", ids, ITEMS, fields);
    finds(ep, "contacts", "c", ids, ITEMS, fields);
    for (size_t i = 0; i < COUNT(cursors); i++)
        follows(ep, "contacts", fields, cursors[i]);
}

static void writes(struct endpoint *ep)
{
    static const char *const ids[ITEMS] = {NULL, "1", "2"};
    struct patch patches[ITEMS];
    for (size_t i = 0; i < ITEMS; i++)
        patches[i] = (struct patch){
            .object = "contacts", .id = ids[i], .key_field = "k", .key = "x:1", .trace = "trace", .set = json_pack("{s:i}", "n", 5)};
    puts_all(ep, patches, ITEMS);
}

/* The describing that a verb does first is answered truly; this one is not. */
static void describes(struct endpoint *ep)
{
    struct schema schema = {0};
    struct err err = {0};
    answering.where = "no such place";
    if (!ep->kind->describe(ep, "contacts", &schema, &err) && err.kind == ERR_NONE)
        abort();
    schema_done(&schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {200, 207, 201, 204, 400, 401, 403, 404, 409, 423, 429, 477, 500, 503, 302};
    answering.status = n ? statuses[data[0] % COUNT(statuses)] : 200;
    answering.bytes = n ? data + 1 : data;
    answering.n = n ? n - 1 : 0;
    answering.where = "/properties/";
    answering.fields = properties;
    struct endpoint *ep = answering_endpoint("hubspot", "e = { token = \"env:FUZZ_TOKEN\"; };");
    reads(ep);
    writes(ep);
    probes(ep);
    describes(ep);
    endpoint_free(ep);
    return 0;
}
