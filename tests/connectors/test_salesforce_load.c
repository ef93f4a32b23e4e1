/* Creates as the CSV of a bulk job, and its handing over. */
#include "tests/connectors/salesforce_kit.h"

static const char *const columns[] = {"Title", "Tags__c", "AnnualRevenue", NULL};

static void add(struct recorded *w, struct load *l, const char *key, const char *set, struct result *out)
{
    struct err err = {0};
    AUTO_JSON json_t *v = recorded_json(set);
    const struct patch p = {.object = "Lead", .key_field = "k__c", .key = key, .trace = "t", .set = v};
    if (!salesforce_connector.load(w->ep, &p, 1, l, out, &err))
        fail_msg("%s", err.text);
}

static void rows_have_the_union_of_columns_and_fillers_where_they_must(void **state)
{
    struct recorded *w = *state;
    AUTO(load_done) struct load l = {.object = "Lead", .key_field = "k__c", .fields = columns};
    struct result out = {0};
    add(w, &l, "x:1", "{\"Title\":\"says \\\"a, b\\\"\",\"Tags__c\":[\"a\",\"b\"],\"AnnualRevenue\":12.5}", &out);
    add(w, &l, "x:2", "{\"Title\":null,\"Tags__c\":[]}", &out);
    assert_string_equal(buf_str(&l.text), "\"k__c\",\"Title\",\"Tags__c\",\"AnnualRevenue\",\"LastName\",\"Company\"\n"
                                          "\"x:1\",\"says \"\"a, b\"\"\",\"a;b\",\"12.5\",\"[not provided]\",\"[not provided]\"\n"
                                          "\"x:2\",\"#N/A\",\"#N/A\",\"\",\"[not provided]\",\"[not provided]\"\n");
    assert_int_equal(l.n, 2);
    assert_int_equal(recorded_count(w, "/jobs/"), 0); /* nothing is sent yet */
}

static void what_csv_cannot_say_is_left_to_put(void **state)
{
    struct recorded *w = *state;
    AUTO(load_done) struct load l = {.object = "Lead", .key_field = "k__c", .fields = columns};
    struct result out = {0};
    add(w, &l, "x:1", "{\"Title\":\"#N/A\"}", &out);
    assert_int_equal(out.err.kind, ERR_LIMIT);
    assert_int_equal(l.n, 0);
}

static void a_full_job_takes_no_more(void **state)
{
    struct recorded *w = *state;
    AUTO(load_done) struct load l = {.object = "Lead", .key_field = "k__c", .fields = columns};
    struct result out = {0};
    for (int i = 0; i < 10000; i++)
        add(w, &l, "x:1", "{\"Title\":\"t\"}", &out);
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_true(l.full);
    add(w, &l, "x:2", "{\"Title\":\"t\"}", &out);
    assert_int_equal(out.err.kind, ERR_TEMP);
    assert_int_equal(l.n, 10000);
}

static void a_load_is_uploaded_and_left_open(void **state)
{
    struct recorded *w = *state;
    AUTO(load_done) struct load l = {.object = "Lead", .key_field = "k__c", .fields = columns};
    struct result out = {0};
    struct err err = {0};
    add(w, &l, "x:1", "{\"Title\":\"t\"}", &out);
    recorded_add(w, "POST https://service.example/services/data/v62.0/jobs/ingest", 200, "{\"id\":\"750000000000001AAA\",\"state\":\"Open\"}");
    recorded_add(w, "PUT https://service.example/services/data/v62.0/jobs/ingest/750000000000001AAA/batches", 201, "");
    assert_true(salesforce_connector.load(w->ep, NULL, 0, &l, NULL, &err));
    assert_string_equal(l.ticket, "750000000000001AAA k__c");
    assert_int_equal(recorded_count(w, "\"operation\":\"upsert\",\"externalIdFieldName\":\"k__c\",\"contentType\":\"CSV\",\"lineEnding\":\"LF\""), 1);
    assert_int_equal(recorded_count(w, "UploadComplete"), 0);
}

static void an_upload_that_fails_is_no_write_in_doubt(void **state)
{
    struct recorded *w = *state;
    AUTO(load_done) struct load l = {.object = "Lead", .key_field = "k__c", .fields = columns};
    struct result out = {0};
    struct err err = {0};
    add(w, &l, "x:1", "{\"Title\":\"t\"}", &out);
    recorded_add(w, "/jobs/ingest", 503, "<html>");
    assert_false(salesforce_connector.load(w->ep, NULL, 0, &l, NULL, &err));
    assert_int_equal(err.kind, ERR_TEMP);
    assert_null(l.ticket);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_have_the_union_of_columns_and_fillers_where_they_must),
        TEST(what_csv_cannot_say_is_left_to_put),
        TEST(a_full_job_takes_no_more),
        TEST(a_load_is_uploaded_and_left_open),
        TEST(an_upload_that_fails_is_no_write_in_doubt),
    };
    return cmocka_run_group_tests_name("connectors.salesforce_load", tests, NULL, NULL);
}
