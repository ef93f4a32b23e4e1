/* What became of a bulk job: its states, and its lists in any order and in pieces. */
#include "tests/connectors/salesforce_kit.h"
#include <stdio.h>

#define JOB "750000000000001AAA"
#define TICKET JOB " k__c"
#define LOOK "GET https://service.example/services/data/v62.0/jobs/ingest/" JOB " "
#define DONE_HEAD "\"sf__Id\",\"sf__Created\",\"k__c\",\"Title\"\n"

static void job(struct recorded *w, const char *state, int processed, int failed)
{
    static char bodies[8][300]; /* recordings are borrowed */
    static size_t n;
    char *body = bodies[n++ % COUNT(bodies)];
    snprintf(body, sizeof bodies[0], "{\"id\":\"" JOB "\",\"state\":\"%s\",\"numberRecordsProcessed\":%d,\"numberRecordsFailed\":%d,"
             "\"errorMessage\":\"InvalidBatch : no such column\"}",
             state, processed, failed);
    recorded_add(w, LOOK, 200, body);
}

static bool ask(struct recorded *w, struct harvest *h, struct err *err)
{
    *err = (struct err){0};
    return salesforce_connector.collect(w->ep, TICKET, h, err);
}

static void an_open_job_is_set_going(void **state)
{
    struct recorded *w = *state;
    AUTO(harvest_done) struct harvest h = {0};
    struct err err;
    job(w, "Open", 0, 0);
    recorded_add(w, "PATCH https://service.example/services/data/v62.0/jobs/ingest/" JOB, 200, "{\"state\":\"UploadComplete\"}");
    assert_true(ask(w, &h, &err));
    assert_true(h.running);
    assert_int_equal(recorded_count(w, "{\"state\":\"UploadComplete\"}"), 1);
}

static void rows_are_told_apart_by_their_key(void **state)
{
    struct recorded *w = *state;
    AUTO(harvest_done) struct harvest h = {0};
    struct err err;
    job(w, "JobComplete", 3, 1);
    recorded_add(w, "successfulResults", 200, DONE_HEAD "\"" TWO "\",\"false\",\"x:2\",\"a, \"\"b\"\"\nc\"\n\"" ONE "\",\"true\",\"x:1\",\"\"\n");
    recorded_add(w, "failedResults", 200,
                 "\"sf__Id\",\"sf__Error\",\"k__c\",\"Title\"\n\"\",\"STRING_TOO_LONG:Title: data value too large: a:b (max length=128):Title "
                 "--\",\"x:3\",\"long\"\n");
    assert_true(ask(w, &h, &err));
    assert_int_equal(h.n, 2);
    assert_string_equal(h.items[0].record.key, "x:2");
    assert_string_equal(h.items[0].record.id, TWO);
    assert_false(h.items[0].created);
    assert_true(h.items[1].created);
    assert_true(h.more);
    assert_true(ask(w, &h, &err));
    assert_int_equal(h.n, 1);
    assert_string_equal(h.items[0].record.key, "x:3");
    assert_int_equal(h.items[0].err.kind, ERR_REJECT);
    assert_string_equal(h.items[0].err.text, "STRING_TOO_LONG: Title: data value too large: a:b (max length=128) [Title]");
    assert_false(h.more);
    assert_int_equal(h.rest.kind, ERR_TEMP);
}

static void a_list_that_is_cut_short_is_asked_for_again(void **state)
{
    static const char *const lists[] = {"", DONE_HEAD, DONE_HEAD "\"" ONE "\",\"true\",\"x:1\",\"\"\n",
                                        DONE_HEAD "\"" ONE "\",\"true\",\"x:1\",\"\"\n\"" TWO "\",\"true\",\"x:",
                                        DONE_HEAD "\"" ONE "\",\"true\",\"x:1\",\"\"\n\"" TWO "\",\"true\"\n", "<html>sorry</html>"};
    struct recorded *w = *state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        AUTO(harvest_done) struct harvest h = {0};
        struct err err;
        job(w, "JobComplete", 2, 0);
        recorded_add(w, "successfulResults", 200, lists[i]);
        assert_false(ask(w, &h, &err));
        assert_int_equal(err.kind, ERR_TEMP);
    }
}

static void a_failed_job_says_why_for_all_it_did_not_do(void **state)
{
    struct recorded *w = *state;
    AUTO(harvest_done) struct harvest h = {0};
    struct err err;
    job(w, "Failed", 0, 0);
    assert_true(ask(w, &h, &err));
    assert_false(h.running);
    assert_false(h.more);
    assert_int_equal(h.n, 0);
    assert_string_equal(h.rest.text, "not done: the bulk job is Failed: InvalidBatch : no such column");
}

static void a_lock_is_worth_another_try(void **state)
{
    struct recorded *w = *state;
    AUTO(harvest_done) struct harvest h = {0};
    struct err err;
    job(w, "JobComplete", 1, 1);
    recorded_add(w, "failedResults", 200,
                 "\"sf__Id\",\"sf__Error\",\"k__c\"\n\"\",\"UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record:--\",\"x:3\"\n");
    assert_true(ask(w, &h, &err));
    assert_int_equal(h.n, 1);
    assert_int_equal(h.items[0].err.kind, ERR_TEMP);
}

static void a_job_nobody_knows_is_gone(void **state)
{
    struct recorded *w = *state;
    AUTO(harvest_done) struct harvest h = {0};
    struct err err;
    recorded_add(w, LOOK, 404, ERRORS("NOT_FOUND", "The requested resource does not exist"));
    assert_false(ask(w, &h, &err));
    assert_int_equal(err.kind, ERR_GONE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_open_job_is_set_going),
        TEST(rows_are_told_apart_by_their_key),
        TEST(a_list_that_is_cut_short_is_asked_for_again),
        TEST(a_failed_job_says_why_for_all_it_did_not_do),
        TEST(a_lock_is_worth_another_try),
        TEST(a_job_nobody_knows_is_gone),
    };
    return cmocka_run_group_tests_name("connectors.salesforce_collect", tests, NULL, NULL);
}
