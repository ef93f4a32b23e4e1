/* Salesforce: whatever is asked, in whatever shape, gets an answer of Salesforce's kind, and harms nobody. */
#include "tests/sandbox/asking_salesforce.h"

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static const char *const paths[] = {
    "/",
    "/services",
    "/services/data",
    "/services/data/v62",
    DATA,
    DATA "/%FF%00x",
    DATA "/query?q=%FF",
    DATA "/query/x/y/z",
    DATA "/query/01g5e0000000001AAA-x",
    DATA "/query?q=SELECT+Id+FROM+Lead+WHERE+((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((",
    DATA "/query?q=SELECT+Id,,+FROM+Lead",
    DATA "/query?q=SELECT+Owner.Owner.Id,.,a.+FROM+Lead+ORDER+BY+.",
    DATA "/query?q=SELECT+Id+FROM+Lead+WHERE+NOT+IN+(1)",
    DATA "/query?q=SELECT+Id+FROM+Lead+WHERE+Id+IN+()+LIMIT+-1",
    DATA "/query?q=SELECT+Id+FROM+Lead+WHERE+IsConverted+LIKE+null+AND+City+LIKE+null",
    DATA "/query?q=SELECT+Id+FROM+Lead+%C3%A9",
    DATA "/queryAll?q=SELECT+FIELDS(ALL)+FROM+User+LIMIT+2",
    DATA "/query?q=SELECT+FIELDS(ALL)+FROM+FieldDefinition+LIMIT+2",
    DATA "/tooling/query?q=SELECT+Id+FROM+Lead",
    DATA "/tooling/sobjects/CustomField",
    DATA "/sobjects/Lead",
    DATA "/sobjects/Lead/00Q5e0000000001EAA?fields=,,Id",
    DATA "/sobjects/Lead/x/y",
    DATA "/sobjects/Lead/Id/00Q5e0000000001EAA",
    DATA "/sobjects/Lead/Key__c/%2F%FF",
    DATA "/sobjects/Lead/describe",
    DATA "/sobjects/Lead/updated/?start=x",
    DATA "/sobjects/Organization/00D5e0000000001EAA",
    DATA "/sobjects/FieldPermissions",
    DATA "/composite",
    DATA "/composite/batch",
    DATA "/composite/tree",
    DATA "/composite/sobjects",
    DATA "/composite/sobjects?ids=,,x&allOrNone=true",
    DATA "/composite/sobjects/Lead",
    DATA "/composite/sobjects/Lead/Key__c",
    DATA "/composite/sobjects/Lead/Id",
    DATA "/jobs",
    DATA "/jobs/ingest",
    DATA "/jobs/ingest/7505e0000000001AAA",
    DATA "/jobs/ingest/7505e0000000001AAA/batches",
    DATA "/jobs/query",
    DATA "/jobs/query/7505e0000000001AAA/results?locator=Lx&maxRecords=0",
    "/services/oauth2/token",
};

static const char *const bodies[] = {
    "",
    "[]",
    "{}",
    "nonsense",
    "{'LastName':{},'Company':[],'Owner':{'Email':3},'attributes':7}",
    "{'LastName':'A','Company':'X','AnnualRevenue':1e308,'Key__c':'k'}",
    "{'FullName':'Lead.__c','Metadata':{'type':'Text','label':'L','length':-5}}",
    "{'FullName':'Lead.a.b__c','Metadata':{'type':'Number','label':'L','precision':999,'scale':-3}}",
    "{'FullName':'Lead.N__c','Metadata':{'type':'Number','label':'L','precision':999,'scale':300}}",
    "{'records':[null,7,[],{},{'attributes':{'type':7}},{'attributes':{'type':'Lead'},'id':7}],'allOrNone':true}",
    "{'records':[{'attributes':{'type':'Lead'},'Key__c':null},{'attributes':{'type':'Lead'},'Key__c':{}},{'attributes':"
    "{'type':'Lead'},'Key__c':7.5,'LastName':'A','Company':'X'},{'attributes':{'type':'Lead'},'Id':'x'}]}",
    "{'ids':[null,7,'x'],'fields':['Id',7]}",
    "{'ids':[null,7,'x'],'fields':['Id','Owner.Name']}",
    "{'compositeRequest':[7,{'url':'@{a','body':[]},{'method':'GET','url':'@{a.b}','referenceId':'a'}],'batchRequests':"
    "[7]}",
    "{'object':'Lead','operation':'insert','lineEnding':7}",
    "{'operation':'query','query':'SELECT Id, Owner.Name FROM Lead'}",
    "{'state':'UploadComplete'}",
    "{'ParentId':7,'SobjectType':'x','Field':'x','PermissionsRead':'maybe'}",
};

static void every_question_gets_an_answer(void **state)
{
    struct place *p = *state;
    with_key(p, "Lead");
    free(made_lead(p, "A"));
    p->box->no_limits = true;
    for (size_t i = 0; i < COUNT(paths); i++)
        for (size_t m = 0; m < COUNT(methods); m++)
            for (size_t b = 0; b < COUNT(bodies); b++) {
                const char *type = b % 2 ? "application/json" : "text/csv";
                int status = send_with(p, "sandbox-token", (struct header){0}, i % 7 ? "application/json" : type,
                                       methods[m], paths[i], quoted(bodies[b]));
                if (status < 200 || status >= 500)
                    fail_msg("%s %s %s: %d", methods[m], paths[i], bodies[b], status);
            }
}

static void every_csv_is_read_or_refused(void **state)
{
    struct place *p = *state;
    static const char *const texts[] = {"",
                                        "\n",
                                        "\r\n",
                                        "\"",
                                        "\"\"",
                                        "LastName",
                                        "a,b\n",
                                        "\"a\"b",
                                        "\"a\"\rb,",
                                        "LastName\n\"x\ny\",z\n",
                                        ",,,\n,,,",
                                        "\xef\xbb\xbfLastName,Company\nA,X",
                                        "LastName,Company\n#N/A,\n\n\nA,X,Y,Z\n"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        assert_int_equal(sf(p, "POST", DATA "/jobs/ingest", "{'object':'Lead','operation':'insert'}"), 200);
        AUTO_FREE char *id = keep(p, "id"), *path = mem_printf(DATA "/jobs/ingest/%s/batches", id);
        send_with(p, "sandbox-token", (struct header){0}, "text/csv", "PUT", path, mem_dup(texts[i]));
        assert_int_equal(sf(p, "PATCH", DATA "/jobs/ingest/%s", "{'state':'UploadComplete'}", id), 200);
        sandbox_advance(p->box, 3000);
        assert_int_equal(sf(p, "GET", DATA "/jobs/ingest/%s", NULL, id), 200);
        bool over = str_eq(text_at(p, "state"), "JobComplete") || str_eq(text_at(p, "state"), "Failed");
        if (!over)
            fail_msg("%s: %s", texts[i], text_at(p, "state"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_salesforce, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_question_gets_an_answer),
        TEST(every_csv_is_read_or_refused),
    };
    return cmocka_run_group_tests_name("sandbox.salesforce_nonsense", tests, NULL, NULL);
}
