/* Any bytes as Salesforce's answer to every call but the description. Each verb ends, answers for every item it was asked
 * about, and says "done" of a write only when the answer was a success. The first byte picks the status, and whether a
 * duplicate rule's match is linked. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "connectors/endpoint.h"
#include "connectors/registry.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define ITEMS 4

static const uint8_t *answer_bytes;
static size_t answer_n;
static int answer_status;

static const char fields_text[] =
    "{\"fields\":[{\"name\":\"Id\",\"type\":\"id\"},{\"name\":\"LastName\",\"type\":\"string\",\"updateable\":true},"
    "{\"name\":\"Company\",\"type\":\"string\",\"updateable\":true},{\"name\":\"SystemModstamp\",\"type\":\"datetime\"}"
    ","
    "{\"name\":\"IsConverted\",\"type\":\"boolean\"},{\"name\":\"ConvertedContactId\",\"type\":\"reference\"},"
    "{\"name\":\"k__c\",\"type\":\"string\",\"unique\":true,\"externalId\":true,\"updateable\":true},"
    "{\"name\":\"n__c\",\"type\":\"currency\",\"updateable\":true},{\"name\":\"d__c\",\"type\":\"date\"},"
    "{\"name\":\"c__c\",\"type\":\"multipicklist\",\"updateable\":true,\"picklistValues\":[{\"value\":\"x\"}]}]}";

static void perform(struct http_transport *self, const struct http_request *requests, struct http_answer *answers,
                    size_t n, unsigned in_flight)
{
    (void)self;
    (void)in_flight;
    for (size_t i = 0; i < n; i++) {
        bool describing = strstr(requests[i].url, "/describe") != NULL;
        const char *body = describing ? fields_text : (const char *)answer_bytes;
        size_t body_n = describing ? sizeof fields_text - 1 : answer_n;
        answers[i] = (struct http_answer){.fate = HTTP_ANSWERED,
                                          .status = describing ? 200 : answer_status,
                                          .body = mem_dup_n(body, body_n),
                                          .body_n = body_n};
        http_headers_add(&answers[i].headers, "date", "Mon, 02 Mar 2026 09:15:30 GMT");
        http_headers_add(&answers[i].headers, "sforce-limit-info", body_n < 60 ? answers[i].body : "api-usage=18/5000");
    }
}

static int64_t clock_ms;

static int64_t now(struct env *env)
{
    (void)env;
    return clock_ms;
}

static void no_sleep(struct env *env, int64_t ms)
{
    (void)env;
    clock_ms += ms;
}

static uint64_t no_chance(struct env *env)
{
    (void)env;
    return 4;
}

static void reads(struct endpoint *ep)
{
    static const char *const ids[ITEMS] = {"00Q000000000001AAA", "003000000000001AAA", "00Q000000000002AAA",
                                           "nonsense"};
    static const char *const fields[] = {"LastName", "k__c", "n__c", "d__c", "c__c", NULL};
    static const char *const by[] = {"k__c", "n__c", "c__c", "d__c"};
    struct err err = {0};
    struct record records[ITEMS] = {0};
    if (ep->kind->fetch(ep, "Lead", ids, ITEMS, fields, FETCH_FRESH, records, &err))
        for (size_t i = 0; i < ITEMS; i++)
            if (records[i].err.kind == ERR_NONE && !records[i].id)
                abort();
    for (size_t i = 0; i < ITEMS; i++)
        record_done(&records[i]);
    for (size_t k = 0; k < COUNT(by); k++) {
        struct found found[ITEMS] = {0};
        if (!ep->kind->find(ep, "Lead", by[k], ids, ITEMS, fields, found, &err) && err.kind == ERR_NONE)
            abort();
        for (size_t i = 0; i < ITEMS; i++)
            found_done(&found[i]);
    }
}

static void follows(struct endpoint *ep)
{
    static const char *const cursors[] = {
        NULL,
        "now",
        "{\"from\":1772442930000,\"deletes\":1}",
        "{\"walk\":\"00Q000000000001AAA\",\"start\":5}",
        "{\"from\":1,\"deletes\":1772442930000,\"until\":9,\"at\":7,\"id\":\"00Q000000000001AAA\"}",
        "nonsense"};
    struct err err = {0};
    for (size_t i = 0; i < COUNT(cursors); i++) {
        struct page page = {0};
        if (ep->kind->changes(ep, "Lead", NULL, cursors[i], &page, &err))
            for (size_t k = 0; k < page.n; k++)
                if (!page.items[k].id)
                    abort();
        page_done(&page);
    }
}

static void writes(struct endpoint *ep)
{
    static const char *const ids[ITEMS] = {NULL, "00Q000000000001AAA", "003000000000001AAA", NULL};
    static const char *const keys[ITEMS] = {"x:1", NULL, NULL, "x:2"};
    struct err err = {0};
    struct patch patches[ITEMS];
    struct result results[ITEMS] = {0};
    for (size_t i = 0; i < ITEMS; i++) {
        patches[i] = (struct patch){.object = "Lead",
                                    .id = ids[i],
                                    .key_field = "k__c",
                                    .key = keys[i],
                                    .trace = "trace",
                                    .set = json_pack("{s:i}", "n__c", 5)};
        if (i == 3)
            js_set(patches[i].set, "LastName", json_string("L")), js_set(patches[i].set, "Company", json_string("C"));
    }
    if (ep->kind->put(ep, patches, ITEMS, results, &err))
        for (size_t i = 0; i < ITEMS; i++)
            if (results[i].err.kind == ERR_NONE &&
                (answer_status < 200 || answer_status > 299 || !results[i].record.id))
                abort();
    for (size_t i = 0; i < ITEMS; i++) {
        result_done(&results[i]);
        json_decref(patches[i].set);
    }
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
    struct http_transport transport = {.perform = perform};
    struct env env = {.now = now, .sleep = no_sleep, .random = no_chance, .transport = &transport};
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    bool link = n && data[0] & 0x80;
    answer_status = n ? statuses[(data[0] & 0x7f) % COUNT(statuses)] : 200;
    answer_bytes = n ? data + 1 : data;
    answer_n = n ? n - 1 : 0;
    clock_ms = 1772442930000;
    setenv("FUZZ_TOKEN", "t", 1);
    AUTO_FREE char *text = mem_printf(
        "e = { token = \"env:FUZZ_TOKEN\"; base_url = \"https://x.example\"; duplicates = \"%s\"; };",
        link ? "link" : "hold");
    struct opt_file *file = opt_open_text("fuzz", text, &faults);
    struct endpoint *ep = endpoint_new("e", registry_find("salesforce"), opt_member(opt_root(file), "e"), NULL, &env,
                                       NULL, &faults);
    opt_close(file);
    if (!ep)
        abort();
    reads(ep);
    follows(ep);
    writes(ep);
    sets_up(ep);
    struct organisation org = {0};
    struct err err = {0};
    if (ep->kind->probe(ep, &org, &err) && !org.id)
        abort();
    organisation_done(&org);
    endpoint_free(ep);
    return 0;
}
