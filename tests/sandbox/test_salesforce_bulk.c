/* Salesforce: Bulk API 2.0, both ways. */
#include "tests/sandbox/asking_salesforce.h"

#define INGEST DATA "/jobs/ingest"

/* A job with its content, set going; its id. */
static char *started(struct place *p, const char *job, const char *csv)
{
    assert_int_equal(sf(p, "POST", INGEST, job), 200);
    assert_string_equal(text_at(p, "state"), "Open");
    AUTO_FREE char *url = keep(p, "contentUrl"), *path = mem_printf("/%s", url);
    char *id = keep(p, "id");
    assert_true(str_starts(url, "services/data/v62.0/jobs/ingest/750"));
    assert_int_equal(send_with(p, "sandbox-token", (struct header){0}, "text/csv", "PUT", path, mem_dup(csv)), 201);
    assert_int_equal(send_with(p, "sandbox-token", (struct header){0}, "text/csv", "PUT", path, mem_dup(csv)), 400);
    assert_int_equal(sf(p, "PATCH", INGEST "/%s", "{'state':'UploadComplete'}", id), 200);
    assert_string_equal(text_at(p, "state"), "UploadComplete");
    return id;
}

static void finish(struct place *p, const char *id, const char *state)
{
    sandbox_advance(p->box, 1000);
    assert_int_equal(sf(p, "GET", INGEST "/%s", NULL, id), 200);
    assert_string_equal(text_at(p, "state"), "InProgress");
    sandbox_advance(p->box, 1000);
    assert_int_equal(sf(p, "GET", INGEST "/%s", NULL, id), 200);
    assert_string_equal(text_at(p, "state"), state);
}

static const char *results(struct place *p, const char *id, const char *what)
{
    assert_int_equal(sf(p, "GET", INGEST "/%s/%s", NULL, id, what), 200);
    return p->answer.body;
}

#define UPSERT                                                                                                         \
    "{'object':'Lead','operation':'upsert','externalIdFieldName':'Key__c','contentType':'CSV','lineEnding':'LF'}"

static void a_finished_job_may_be_full_of_failed_rows(void **state)
{
    struct place *p = *state;
    with_key(p, "Lead");
    AUTO_FREE char *old = made(p, "Lead", "{'LastName':'Old','Company':'X','City':'Rome','Title':'CEO','Key__c':'k1'}");
    AUTO_FREE char *id = started(
        p, UPSERT,
        "Id,Key__c,LastName,Company,City,Title\n,k1,Older,,#N/A,\n,k2,\"Say \"\"hi\"\"\n, you\",Y,,\n,k3,"
        "NoCompany,,,\n");
    finish(p, id, "JobComplete");
    assert_int_equal(number_at(p, "numberRecordsProcessed"), 3);
    assert_int_equal(number_at(p, "numberRecordsFailed"), 1);
    const char *failed = results(p, id, "failedResults");
    assert_string_equal(failed,
                        "\"sf__Id\",\"sf__Error\",\"Id\",\"Key__c\",\"LastName\",\"Company\",\"City\",\"Title\"\n"
                        "\"\",\"REQUIRED_FIELD_MISSING:Required fields are missing: [Company]:Company --\",\"\",\"k3\","
                        "\"NoCompany\",\"\",\"\",\"\"\n");
    const char *done = results(p, id, "successfulResults");
    assert_true(str_starts(done, "\"sf__Id\",\"sf__Created\",\"Id\""));
    AUTO_FREE char *row = mem_printf("\"%s\",\"false\",\"\",\"k1\"", old);
    assert_non_null(strstr(done, row));
    assert_non_null(strstr(done, "\"true\",\"\",\"k2\",\"Say \"\"hi\"\"\n, you\""));
    results(p, id, "unprocessedrecords");
    assert_int_equal(sf(p, "GET", LEAD "/%s", NULL, old), 200);
    assert_string_equal(text_at(p, "LastName"), "Older");
    assert_string_equal(text_at(p, "Title"), "CEO"); /* an empty cell leaves alone */
    assert_true(json_is_null(at(p, "City")));
    assert_int_equal(sf(p, "DELETE", INGEST "/%s", NULL, id), 204);
    assert_int_equal(sf(p, "GET", INGEST "/%s", NULL, id), 404);
}

static void jobs_fail_for_columns_and_line_ends(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = started(p, "{'object':'Lead','operation':'insert'}", "LastName,Nope\nA,1\n");
    finish(p, one, "Failed");
    assert_string_equal(text_at(p, "errorMessage"), "InvalidBatch : Field name not found : Nope");
    assert_non_null(strstr(results(p, one, "unprocessedrecords"), "\"A\",\"1\""));
    AUTO_FREE char *two = started(p, "{'object':'Lead','operation':'insert'}", "LastName,Company\r\nA,X\r\n");
    finish(p, two, "Failed");
    assert_non_null(strstr(text_at(p, "errorMessage"), "LineEnding"));
    AUTO_FREE char *three = started(
        p, "{'object':'Lead','operation':'insert','lineEnding':'CRLF','columnDelimiter':'TAB'}",
        "LastName\tCompany\r\nA\tX\r\n");
    finish(p, three, "JobComplete");
    assert_int_equal(soql(p, "SELECT Company FROM Lead"), 200);
    assert_string_equal(text_at(p, "records[0].Company"), "X");
    set_manner(p, "{'bulk_unprocessed':1}");
    AUTO_FREE char *four = started(p, "{'object':'Lead','operation':'insert'}", "LastName,Company\nA,X\nB,X\n");
    finish(p, four, "Failed");
    assert_string_equal(results(p, four, "unprocessedrecords"), "\"LastName\",\"Company\"\n\"B\",\"X\"\n");
}

static void states_go_one_way(void **state)
{
    struct place *p = *state;
    assert_int_equal(sf(p, "POST", INGEST, "{'object':'Lead','operation':'insert'}"), 200);
    AUTO_FREE char *id = keep(p, "id");
    assert_int_equal(sf(p, "DELETE", INGEST "/%s", NULL, id), 400);
    assert_int_equal(sf(p, "GET", INGEST "/%s/failedResults", NULL, id), 404);
    assert_int_equal(sf(p, "PATCH", INGEST "/%s", "{'state':'Aborted'}", id), 200);
    assert_int_equal(sf(p, "PATCH", INGEST "/%s", "{'state':'UploadComplete'}", id), 400);
    assert_string_equal(code(p), "INVALIDJOBSTATE");
    assert_int_equal(sf(p, "POST", INGEST, "{'object':'Unicorn','operation':'insert'}"), 400);
    assert_int_equal(sf(p, "POST", INGEST, "{'object':'Lead','operation':'upsert','externalIdFieldName':'City'}"), 400);
    AUTO_FREE char *one = made_lead(p, "A"), *csv = mem_printf("Id\n%s\n00Q5e0000000077\n", one);
    AUTO_FREE char *gone = started(p, "{'object':'Lead','operation':'delete'}", csv);
    finish(p, gone, "JobComplete");
    assert_int_equal(number_at(p, "numberRecordsFailed"), 1);
    assert_int_equal(sf(p, "GET", LEAD "/%s", NULL, one), 404);
}

static void jobs_are_forgotten_after_seven_days(void **state)
{
    struct place *p = *state;
    assert_int_equal(sf(p, "POST", INGEST, "{'object':'Lead','operation':'insert'}"), 200);
    AUTO_FREE char *id = keep(p, "id");
    sandbox_advance(p->box, 6 * 24 * INT64_C(3600000));
    assert_int_equal(sf(p, "GET", INGEST "/%s", NULL, id), 200);
    sandbox_advance(p->box, 2 * 24 * INT64_C(3600000));
    assert_int_equal(sf(p, "GET", INGEST "/%s", NULL, id), 404);
}

static void query_results_come_in_pages_with_headers(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 5; i++)
        free(made_lead(p, "A"));
    assert_int_equal(sf(p, "POST", DATA "/jobs/query",
                        "{'operation':'query','query':'SELECT Id, LastName, City, IsConverted, "
                        "SystemModstamp, Owner.Email FROM Lead ORDER BY Id'}"),
                     200);
    assert_string_equal(text_at(p, "state"), "UploadComplete");
    AUTO_FREE char *id = keep(p, "id");
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results", NULL, id), 400);
    sandbox_advance(p->box, 2000);
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s", NULL, id), 200);
    assert_string_equal(text_at(p, "state"), "JobComplete");
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results?maxRecords=3", NULL, id), 200);
    assert_string_equal(answer_header(p, "Sforce-NumberOfRecords"), "3");
    AUTO_FREE char *locator = mem_dup(answer_header(p, "Sforce-Locator"));
    assert_string_not_equal(locator, "null");
    assert_true(str_starts(p->answer.body,
                           "\"Id\",\"LastName\",\"City\",\"IsConverted\",\"SystemModstamp\",\"Owner.Email\"\n"
                           "\"00Q5e0000000001EAA\",\"A\",\"\",\"false\",\"2026-10-"));
    assert_non_null(strstr(p->answer.body, ".000Z\",\"ben@team.example\"\n"));
    for (int i = 0; i < 2; i++) { /* a page can be read again */
        assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results?maxRecords=3&locator=%s", NULL, id, locator), 200);
        assert_string_equal(answer_header(p, "Sforce-NumberOfRecords"), "2");
        assert_string_equal(answer_header(p, "Sforce-Locator"), "null");
        assert_true(str_starts(p->answer.body, "\"Id\","));
    }
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results", NULL, id), 200);
    assert_string_equal(answer_header(p, "Sforce-NumberOfRecords"), "5");
    assert_int_equal(sf(p, "GET", "/services/data/v61.0/jobs/query/%s/results", NULL, id), 409);
    assert_int_equal(sf(p, "POST", DATA "/jobs/query", "{'operation':'query','query':'SELECT COUNT() FROM Lead'}"),
                     400);
}

static char *asked_for(struct place *p, const char *query, const char *more)
{
    AUTO_FREE char *body = mem_printf("{'operation':'%s','query':'%s'%s}", strstr(more, "all") ? "queryAll" : "query", query,
                                      strstr(more, "CRLF") ? ",'lineEnding':'CRLF'" : "");
    assert_int_equal(sf(p, "POST", DATA "/jobs/query", body), 200);
    char *id = keep(p, "id");
    return id;
}

static void a_query_tells_what_stood_there_when_it_was_asked(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = made_lead(p, "A"), *two = made_lead(p, "B");
    AUTO_FREE char *id = asked_for(p, "SELECT LastName FROM Lead ORDER BY LastName", "CRLF");
    assert_int_equal(sf(p, "PATCH", LEAD "/%s", "{'LastName':'Later'}", one), 204);
    sandbox_advance(p->box, 2000);
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results", NULL, id), 200);
    assert_string_equal(p->answer.body, "\"LastName\"\r\n\"A\"\r\n\"B\"\r\n");
    assert_int_equal(sf(p, "DELETE", LEAD "/%s", NULL, two), 204);
    AUTO_FREE char *live = asked_for(p, "SELECT LastName FROM Lead", ""), *all = asked_for(p, "SELECT LastName FROM Lead", "all");
    sandbox_advance(p->box, 2000);
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results", NULL, live), 200);
    assert_string_equal(answer_header(p, "Sforce-NumberOfRecords"), "1");
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results", NULL, all), 200);
    assert_string_equal(answer_header(p, "Sforce-NumberOfRecords"), "2"); /* deleted ones, too */
}

static void a_query_may_fail_be_aborted_or_refused(void **state)
{
    struct place *p = *state;
    set_manner(p, "{'bulk_query_fails':true}");
    AUTO_FREE char *failed = asked_for(p, "SELECT Id FROM Lead", "");
    sandbox_advance(p->box, 2000);
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s", NULL, failed), 200);
    assert_string_equal(text_at(p, "state"), "Failed");
    assert_non_null(text_at(p, "errorMessage"));
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results", NULL, failed), 400);
    AUTO_FREE char *aborted = asked_for(p, "SELECT Id FROM Lead", "");
    assert_int_equal(sf(p, "DELETE", DATA "/jobs/query/%s", NULL, aborted), 400); /* it is at work */
    assert_int_equal(sf(p, "PATCH", DATA "/jobs/query/%s", "{'state':'Aborted'}", aborted), 200);
    assert_string_equal(text_at(p, "state"), "Aborted");
    assert_int_equal(sf(p, "DELETE", DATA "/jobs/query/%s", NULL, aborted), 204);
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s", NULL, aborted), 404);
    assert_int_equal(sf(p, "POST", DATA "/jobs/query", "{'operation':'query','query':'SELECT Nope__c FROM Lead'}"), 400);
    assert_string_equal(code(p), "INVALID_FIELD");
    assert_int_equal(sf(p, "POST", DATA "/jobs/query", "{'operation':'query','query':'SELECT Id, (SELECT Id FROM Tasks) FROM Lead'}"), 400);
    assert_int_equal(sf(p, "POST", DATA "/jobs/query", "{'operation':'query','query':'SELECT Address FROM Lead'}"), 400);
    set_manner(p, "{'bulk_query_daily':2}");
    assert_int_equal(sf(p, "GET", DATA "/limits", NULL), 200);
    assert_int_equal(number_at(p, "DailyBulkV2QueryJobs.Remaining"), 0);
    assert_int_equal(sf(p, "POST", DATA "/jobs/query", "{'operation':'query','query':'SELECT Id FROM Lead'}"), 400);
    sandbox_advance(p->box, 25 * INT64_C(3600000));
    assert_int_equal(sf(p, "POST", DATA "/jobs/query", "{'operation':'query','query':'SELECT Id FROM Lead'}"), 200);
}

static void query_results_may_come_in_pages_of_any_length_and_expire(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 9; i++)
        free(made_lead(p, "A"));
    set_manner(p, "{'short_pages':true}");
    AUTO_FREE char *id = asked_for(p, "SELECT Id FROM Lead", ""), *locator = mem_dup("");
    sandbox_advance(p->box, 2000);
    int64_t rows = 0, got = 0, pages = 0;
    while (!str_eq(locator, "null")) {
        AUTO_FREE char *more = *locator ? mem_printf("&locator=%s", locator) : mem_dup("");
        assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results?maxRecords=4%s", NULL, id, more), 200);
        assert_true(str_to_int(answer_header(p, "Sforce-NumberOfRecords"), 1, 4, &got));
        free(locator);
        locator = mem_dup(answer_header(p, "Sforce-Locator"));
        rows += got;
        pages++;
    }
    assert_int_equal(rows, 9);
    assert_true(pages >= 3);
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results?locator=nonsense", NULL, id), 400);
    sandbox_advance(p->box, 8 * 24 * INT64_C(3600000));
    assert_int_equal(sf(p, "GET", DATA "/jobs/query/%s/results", NULL, id), 404);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_salesforce, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_finished_job_may_be_full_of_failed_rows),
        TEST(jobs_fail_for_columns_and_line_ends),
        TEST(states_go_one_way),
        TEST(jobs_are_forgotten_after_seven_days),
        TEST(query_results_come_in_pages_with_headers),
        TEST(a_query_tells_what_stood_there_when_it_was_asked),
        TEST(a_query_may_fail_be_aborted_or_refused),
        TEST(query_results_may_come_in_pages_of_any_length_and_expire),
    };
    return cmocka_run_group_tests_name("sandbox.salesforce_bulk", tests, NULL, NULL);
}
