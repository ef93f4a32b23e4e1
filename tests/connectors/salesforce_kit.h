/* Recorded answers of a Salesforce with leads and contacts, for the tests of its connector. */
#pragma once
#include "bridge/base/mem.h"
#include "connectors/salesforce/salesforce.h"
#include "connectors/salesforce/salesforce_private.h"
#include "tests/connectors/recorded.h"

#define FIELD(name, type) "{\"name\":\"" name "\",\"type\":\"" type "\",\"length\":80,\"updateable\":true}"
#define KEY                                                                                                            \
    "{\"name\":\"k__c\",\"type\":\"string\",\"length\":64,\"updateable\":true,\"unique\":true,\"externalId\":true}"
#define LOOSE_KEY                                                                                                      \
    "{\"name\":\"loose__c\",\"type\":\"string\",\"length\":64,\"updateable\":true,\"unique\":false,\"externalId\":true}"
#define STAMP FIELD("SystemModstamp", "datetime") "," FIELD("CreatedDate", "datetime") "," FIELD("CreatedById", "reference") "," FIELD(    \
                  "LastModifiedById", "reference")
#define STATUS                                                                                                         \
    "{\"name\":\"Status\",\"type\":\"picklist\",\"updateable\":true,\"restrictedPicklist\":true,\"picklistValues\":[{" \
    "\"value\":\"New\",\"label\":\"Neu\",\"active\":true},{\"value\":\"Old\",\"active\":false}]}"
#define TEXTS FIELD("LastName", "string") "," FIELD("Company", "string") "," FIELD("Title", "string")
#define TYPED FIELD("AnnualRevenue", "currency") "," FIELD("Tags__c", "multipicklist") "," FIELD("Met__c", "datetime")
#define MOVED FIELD("IsConverted", "boolean") "," FIELD("ConvertedContactId", "reference")
#define LEAD_FIELDS                                                                                                    \
    "{\"fields\":[{\"name\":\"Id\",\"type\":\"id\"}," STAMP "," KEY "," LOOSE_KEY "," TEXTS "," TYPED "," MOVED "," STATUS           \
    ",{\"name\":\"Address\",\"type\":\"address\"}]}"
#define CONTACT_FIELDS                                                                                                 \
    "{\"fields\":[{\"name\":\"Id\",\"type\":\"id\"}," STAMP "," KEY "," FIELD("LastName", "string") "]}"

#define ONE "00Q000000000001AAA"
#define TWO "00Q000000000002AAA"
#define THREE "00Q000000000003AAA"
#define CONTACT "003000000000001AAA"
#define ROW(id, rest)                                                                                                  \
    "{\"attributes\":{\"type\":\"Lead\"},\"Id\":\"" id "\",\"SystemModstamp\":\"2026-03-02T09:00:00.000+0000\"" rest "}"
#define ERRORS(code, message) "[{\"errorCode\":\"" code "\",\"message\":\"" message "\"}]"
#define FAILED(code, message)                                                                                          \
    "{\"success\":false,\"errors\":[{\"statusCode\":\"" code "\",\"message\":\"" message "\",\"fields\":[]}]}"
#define DONE(id) "{\"id\":\"" id "\",\"success\":true,\"errors\":[]}"

#define UPDATE "PATCH https://service.example/services/data/v62.0/composite/sobjects {"
#define BACK "POST https://service.example/services/data/v62.0/composite/sobjects/Lead {" /* what was written is read back */

/* Leads to be written at once, and what came of each. */
#define PUT_MOST 64
struct put {
    struct patch patches[PUT_MOST];
    struct result out[PUT_MOST];
    char ids[PUT_MOST][19]; /* ids: copies of those that were given */
    size_t n;
};

/* id: NULL: one to create; set: JSON. What more is said of the patch is the caller's. */
static inline struct patch *put_add(struct put *p, const char *id, const char *set)
{
    assert_true(p->n < PUT_MOST);
    char *own = p->ids[p->n];
    struct patch *patch = &p->patches[p->n++];
    if (id)
        snprintf(own, sizeof p->ids[0], "%s", id);
    *patch = (struct patch){.object = "Lead", .id = id ? own : NULL, .trace = "t", .set = recorded_json(set)};
    return patch;
}

static inline void put_go(struct recorded *w, struct put *p)
{
    struct err err = {0};
    if (!salesforce_connector.put(w->ep, p->patches, p->n, p->out, &err))
        fail_msg("%s", err.text);
}

static inline void put_done(struct put *p)
{
    for (size_t i = 0; i < p->n; i++) {
        json_decref(p->patches[i].set);
        result_done(&p->out[i]);
    }
}

static inline int salesforce_begin_with(void **state, const char *more)
{
    static struct recorded world;
    AUTO_FREE char *options = mem_printf("token = \"env:RECORDED_TOKEN\"; base_url = \"https://service.example\"; %s",
                                         more);
    recorded_open(&world, &salesforce_connector);
    endpoint_free(world.ep);
    world.ep = recorded_endpoint(&world, &salesforce_connector, options);
    assert_non_null(world.ep);
    recorded_add(&world, "/sobjects/Lead/describe", 200, LEAD_FIELDS);
    recorded_add(&world, "/sobjects/Contact/describe", 200, CONTACT_FIELDS);
    *state = &world;
    return 0;
}

static inline int salesforce_begin(void **state)
{
    return salesforce_begin_with(state, "");
}

static inline int salesforce_end(void **state)
{
    recorded_close(*state);
    return 0;
}
