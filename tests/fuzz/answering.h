/* A connector all of whose calls are answered with the fuzzer's bytes, save the description of fields: it is true, so that the
 * verbs get as far as they can. The first byte picks the status. */
#pragma once
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "connectors/endpoint.h"
#include "connectors/registry.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct {
    const uint8_t *bytes;
    size_t n;
    int status;
    const char *where, *fields; /* where: in the URL of a description, which tells the fields */
    int64_t clock_ms;
} answering;

static void answering_perform(struct http_transport *self, const struct http_request *requests, struct http_answer *answers, size_t n,
                              unsigned in_flight)
{
    (void)self;
    (void)in_flight;
    for (size_t i = 0; i < n; i++) {
        bool describing = strstr(requests[i].url, answering.where) != NULL;
        const char *body = describing ? answering.fields : (const char *)answering.bytes;
        size_t body_n = describing ? strlen(answering.fields) : answering.n;
        answers[i] = (struct http_answer){
            .fate = HTTP_ANSWERED, .status = describing ? 200 : answering.status, .body = mem_dup_n(body, body_n), .body_n = body_n};
        http_headers_add(&answers[i].headers, "date", "Mon, 02 Mar 2026 09:15:30 GMT");
        http_headers_add(&answers[i].headers, "sforce-limit-info", body_n < 60 ? answers[i].body : "api-usage=18/5000");
    }
}

static int64_t answering_now(struct env *env)
{
    (void)env;
    return answering.clock_ms;
}

static void answering_sleep(struct env *env, int64_t ms)
{
    (void)env;
    answering.clock_ms += ms;
}

static uint64_t answering_chance(struct env *env)
{
    (void)env;
    return 4;
}

/* config: the endpoint's group as an operator writes it; its token is FUZZ_TOKEN of the environment. The caller frees. */
static struct endpoint *answering_endpoint(const char *kind, const char *config)
{
    static struct http_transport transport = {.perform = answering_perform};
    static struct env env = {
        .now = answering_now, .sleep = answering_sleep, .random = answering_chance, .transport = &transport};
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    answering.clock_ms = 1772442930000;
    setenv("FUZZ_TOKEN", "t", 1);
    struct opt_file *file = opt_open_text("fuzz", config, &faults);
    struct endpoint *ep = endpoint_new("e", registry_find(kind), opt_member(opt_root(file), "e"), NULL, &env, NULL, &faults);
    opt_close(file);
    if (!ep)
        abort();
    return ep;
}

static bool answering_success(void)
{
    return answering.status >= 200 && answering.status <= 299;
}

/* ---- what every verb owes ---- */

static void fetches(struct endpoint *ep, const char *object, const char *const *ids, size_t n, const char *const *fields, unsigned flags)
{
    struct err err = {0};
    AUTO_FREE struct record *records = mem_alloc(n * sizeof *records);
    if (ep->kind->fetch(ep, object, ids, n, fields, flags, records, &err))
        for (size_t i = 0; i < n; i++)
            if (records[i].err.kind == ERR_NONE && !records[i].id)
                abort();
    for (size_t i = 0; i < n; i++)
        record_done(&records[i]);
}

static void finds(struct endpoint *ep, const char *object, const char *by, const char *const *values, size_t n, const char *const *fields)
{
    struct err err = {0};
    AUTO_FREE struct found *found = mem_alloc(n * sizeof *found);
    if (!ep->kind->find(ep, object, by, values, n, fields, found, &err) && err.kind == ERR_NONE)
        abort();
    for (size_t i = 0; i < n; i++)
        found_done(&found[i]);
}

static void follows(struct endpoint *ep, const char *object, const char *const *fields, const char *cursor)
{
    struct err err = {0};
    struct page page = {0};
    if (ep->kind->changes(ep, object, fields, cursor, &page, &err))
        for (size_t i = 0; i < page.n; i++)
            if (!page.items[i].id)
                abort();
    page_done(&page);
}

/* puts takes the patches' sets. */
static void puts_all(struct endpoint *ep, struct patch *patches, size_t n)
{
    struct err err = {0};
    AUTO_FREE struct result *results = mem_alloc(n * sizeof *results);
    if (ep->kind->put(ep, patches, n, results, &err))
        for (size_t i = 0; i < n; i++)
            if (results[i].err.kind == ERR_NONE && (!answering_success() || !results[i].record.id))
                abort();
    for (size_t i = 0; i < n; i++) {
        result_done(&results[i]);
        json_decref(patches[i].set);
    }
}

static void probes(struct endpoint *ep)
{
    struct organisation org = {0};
    struct err err = {0};
    if (ep->kind->probe(ep, &org, &err) && !org.id)
        abort();
    organisation_done(&org);
}
