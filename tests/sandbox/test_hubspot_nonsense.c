/* HubSpot: whatever is asked, in whatever shape, is answered with JSON or nothing, and harms nobody. */
#include "tests/sandbox/asking_hubspot.h"

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static const char *const paths[] = {
    "/",
    "/crm",
    "/crm/v3",
    "/crm/objects/2026-09",
    OBJECTS "/deals",
    OBJECTS "/deals/100001?idProperty=&associations=,,&properties=a,,b&limit=x&archived=maybe",
    OBJECTS "/contacts/100001?idProperty=email&propertiesWithHistory[]=email",
    OBJECTS "/deals/batch/create",
    OBJECTS "/deals/batch/read?archived=true",
    OBJECTS "/contacts/batch/update",
    OBJECTS "/contacts/batch/upsert",
    OBJECTS "/contacts/batch/archive",
    OBJECTS "/contacts/batch/eat",
    OBJECTS "/contacts/search",
    OBJECTS "/contacts/merge",
    OBJECTS "/contacts/gdpr-delete",
    OBJECTS "/deals/100001/associations",
    OBJECTS "/deals/100001/associations/contacts?limit=0",
    OBJECTS "/deals/100001/associations/contacts/100001",
    OBJECTS "/deals/100001/associations/contacts/100001/x/y/z/and/on/and/on",
    OBJECTS "/deals/100001/associations/default/contacts/100001",
    "/crm/v3/objects/deals/100001/associations/contacts/100001/7",
    "/crm/v4/associations/deals/contacts/batch/create",
    "/crm/v4/associations/deals/contacts/batch/labels/archive",
    "/crm/v3/associations/deals/contacts/batch/create",
    "/crm/v3/associations/deals/contacts/types",
    "/crm/v4/associations/deals/contacts/labels/1",
    PROPERTIES "/deals",
    PROPERTIES "/deals/amount",
    PROPERTIES "/deals/batch/create",
    PROPERTIES "/deals/groups",
    PROPERTIES "/deals/groups/dealinformation",
    "/crm/pipelines/2026-09/deals",
    "/crm/pipelines/2026-09/deals/default/stages",
    "/crm/pipelines/2026-09/deals/default/stages/closedwon",
    "/crm/owners/2026-09?limit=-1&after=z",
    "/crm/limits/2026-09/custom-properties",
    "/account-info/v3",
    "/oauth/v3/token",
};

static const char *const bodies[] = {
    "",
    "[]",
    "{}",
    "nonsense",
    "[1,null,{'associationCategory':3,'associationTypeId':'x'}]",
    "{'inputs':[null,3,[],{},{'id':7},{'id':'x','properties':[],'idProperty':'email'}]}",
    "{'inputs':[{'id':'a@x.example','idProperty':'email','properties':{'email':''}}]}",
    "{'inputs':[{'from':{},'to':[{}],'types':[{}]},{'from':{'id':'100001'},'to':{'id':'100001'},'types':3}]}",
    "{'properties':{'dealstage':{},'pipeline':7,'hs_object_id':null},'associations':[7,{'to':3,'types':{}}]}",
    "{'properties':{},'associations':{'to':3}}",
    "{'filterGroups':[7,{'filters':[7,{'propertyName':'associations.x','operator':'EQ','value':'1'}]}],'sorts':[[]]}",
    "{'filters':[{'propertyName':'email','operator':'CONTAINS_TOKEN','value':'*'}],'sorts':['-'],'query':'**'}",
    "{'name':'n','label':'','type':'enumeration','fieldType':'checkbox','groupName':'dealinformation','options':[7]}",
    "{'label':'L','displayOrder':0,'stages':[{}],'metadata':{'probability':{}}}",
    "{'primaryObjectId':'100001','objectIdToMerge':'100001','objectId':{}}",
};

static void every_question_gets_an_answer(void **state)
{
    struct place *p = *state;
    edit(p, "{'object':'contacts','create':{'email':'a@x.example'}}");
    edit(p, "{'object':'deals','create':{'dealname':'A','dealstage':'qualifiedtobuy'}}");
    p->box->no_limits = true;
    for (size_t i = 0; i < COUNT(paths); i++)
        for (size_t m = 0; m < COUNT(methods); m++)
            for (size_t b = 0; b < COUNT(bodies); b++) {
                int status = send_as(p, "sandbox-token", "application/json", methods[m], paths[i], quoted(bodies[b]));
                bool json = p->json || p->answer.body_n == 0;
                if (status < 200 || status >= 500 || !json || (status != 204 && !p->json))
                    fail_msg("%s %s %s: %d", methods[m], paths[i], bodies[b], status);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_question_gets_an_answer, open_hubspot, close_place),
    };
    return cmocka_run_group_tests_name("sandbox.hubspot_nonsense", tests, NULL, NULL);
}
