/* Any bytes as HubSpot's answer to every call. Each verb ends, answers for every item it was asked about, and says "done" of
 * a write only when the answer was a success. The first byte picks the status. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "connectors/endpoint.h"
#include "connectors/registry.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define ITEMS 3

static const uint8_t *answer_bytes;
static size_t answer_n, calls;
static int answer_status;

/* The first answer describes the properties, so that the verbs after it get as far as they can. */
static const char properties[] = "{\"results\":[{\"name\":\"k\",\"type\":\"string\",\"hasUniqueValue\":true},{\"name\":\"n\",\"type\":\"number\"},"
                                 "{\"name\":\"b\",\"type\":\"bool\"},{\"name\":\"d\",\"type\":\"date\"},{\"name\":\"t\",\"type\":\"datetime\"},"
                                 "{\"name\":\"c\",\"type\":\"enumeration\",\"fieldType\":\"checkbox\",\"options\":[{\"value\":\"x\",\"label\":\"X\"}]}]}";

static void perform(struct http_transport *self, const struct http_request *requests, struct http_answer *answers, size_t n, unsigned in_flight)
{
    (void)self;
    (void)in_flight;
    for (size_t i = 0; i < n; i++) {
        bool describing = strstr(requests[i].url, "/properties/") != NULL && calls++ == 0;
        const char *body = describing ? properties : (const char *)answer_bytes;
        size_t body_n = describing ? sizeof properties - 1 : answer_n;
        answers[i] = (struct http_answer){.fate = HTTP_ANSWERED, .status = describing ? 200 : answer_status, .body = mem_dup_n(body, body_n), .body_n = body_n};
        http_headers_add(&answers[i].headers, "date", "Mon, 02 Mar 2026 09:15:30 GMT");
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
    static const char *const ids[ITEMS] = {"1", "2", "3"}, *const fields[] = {"k", "n", "b", "d", "t", "c", NULL};
    struct err err = {0};
    struct record records[ITEMS] = {0};
    if (ep->kind->fetch(ep, "contacts", ids, ITEMS, fields, FETCH_FRESH | FETCH_HISTORY, records, &err))
        for (size_t i = 0; i < ITEMS; i++)
            if (records[i].err.kind == ERR_NONE && !records[i].id)
                abort();
    for (size_t i = 0; i < ITEMS; i++)
        record_done(&records[i]);
    for (int unique = 0; unique < 2; unique++) {
        struct found found[ITEMS] = {0};
        if (!ep->kind->find(ep, "contacts", unique ? "k" : "c", ids, ITEMS, fields, found, &err) && err.kind == ERR_NONE)
            abort();
        for (size_t i = 0; i < ITEMS; i++)
            found_done(&found[i]);
    }
    static const char *const cursors[] = {NULL, "now", "{\"lo\":1}", "{\"lo\":1,\"hi\":2,\"id\":\"5\"}", "{\"after\":\"7\"}", "nonsense"};
    for (size_t i = 0; i < COUNT(cursors); i++) {
        struct page page = {0};
        if (ep->kind->changes(ep, "contacts", fields, cursors[i], &page, &err))
            for (size_t k = 0; k < page.n; k++)
                if (!page.items[k].id)
                    abort();
        page_done(&page);
    }
}

static void writes(struct endpoint *ep)
{
    struct err err = {0};
    struct patch patches[ITEMS];
    struct result results[ITEMS] = {0};
    for (size_t i = 0; i < ITEMS; i++)
        patches[i] = (struct patch){.object = "contacts", .id = i ? (i == 1 ? "1" : "2") : NULL, .key_field = "k", .key = "x:1", .trace = "trace", .set = json_pack("{s:i}", "n", 5)};
    if (ep->kind->put(ep, patches, ITEMS, results, &err))
        for (size_t i = 0; i < ITEMS; i++)
            if (results[i].err.kind == ERR_NONE && (answer_status < 200 || answer_status > 299 || !results[i].record.id))
                abort();
    for (size_t i = 0; i < ITEMS; i++) {
        result_done(&results[i]);
        json_decref(patches[i].set);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int statuses[] = {200, 207, 201, 204, 400, 401, 403, 404, 409, 423, 429, 477, 500, 503, 302};
    struct http_transport transport = {.perform = perform};
    struct env env = {.now = now, .sleep = no_sleep, .random = no_chance, .transport = &transport};
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    answer_status = n ? statuses[data[0] % COUNT(statuses)] : 200;
    answer_bytes = n ? data + 1 : data;
    answer_n = n ? n - 1 : 0;
    calls = 0;
    clock_ms = 1772442930000;
    setenv("FUZZ_TOKEN", "t", 1);
    struct opt_file *file = opt_open_text("fuzz", "e = { token = \"env:FUZZ_TOKEN\"; };", &faults);
    struct endpoint *ep = endpoint_new("e", registry_find("hubspot"), opt_member(opt_root(file), "e"), NULL, &env, NULL, &faults);
    opt_close(file);
    if (!ep)
        abort();
    reads(ep);
    writes(ep);
    struct organisation org = {0};
    struct schema schema = {0};
    struct err err = {0};
    if (ep->kind->probe(ep, &org, &err) && !org.id)
        abort();
    if (!ep->kind->describe(ep, "contacts", &schema, &err) && err.kind == ERR_NONE)
        abort();
    organisation_done(&org);
    schema_done(&schema);
    endpoint_free(ep);
    return 0;
}
