/* Many records read as one bulk query: the job, its pages, and what a cell of text stands for. */
#include "tests/connectors/salesforce_kit.h"
#include <stdio.h>

#define JOB "750000000000001AAA"
#define MADE "{\"id\":\"" JOB "\",\"state\":\"UploadComplete\",\"createdDate\":\"2026-03-02T09:00:00.000+0000\"}"
#define AS_OF "1772442000000"
#define LOOK "GET https://service.example/services/data/v62.0/jobs/query/" JOB " "
#define HEAD "\"Id\",\"SystemModstamp\",\"IsConverted\",\"ConvertedContactId\",\"LastName\",\"AnnualRevenue\",\"Tags__c\",\"Met__c\"\n"
#define CELLS(id, rest) "\"" id "\",\"2026-03-01T09:00:00.000Z\"," rest "\n"

static const char *const wanted[] = {"LastName", "AnnualRevenue", "Tags__c", "Met__c", NULL};

static struct survey asked(const char *ticket)
{
    return (struct survey){.object = "Lead", .key_field = "k__c", .fields = wanted, .ticket = mem_dup(ticket)};
}

static bool ask(struct recorded *w, struct survey *s, struct err *err)
{
    *err = (struct err){0};
    return salesforce_connector.survey(w->ep, s, err);
}

static void page(struct recorded *w, const char *match, const char *body, const char *locator)
{
    recorded_add(w, match, 200, body);
    w->recordings[w->n - 1].header = locator ? "Sforce-Locator" : NULL;
    w->recordings[w->n - 1].value = locator;
}

static void a_job_is_begun_with_the_fields_and_the_key_and_waited_for(void **state)
{
    struct recorded *w = *state;
    AUTO(survey_done) struct survey s = asked(NULL);
    struct err err;
    recorded_add(w, "POST https://service.example/services/data/v62.0/jobs/query", 200, MADE);
    recorded_add(w, LOOK, 200, "{\"state\":\"InProgress\"}");
    assert_true(ask(w, &s, &err));
    assert_true(s.running);
    assert_string_equal(s.ticket, JOB " " AS_OF " 5000 wait");
    const char *sent = w->asked[w->n_asked - 1];
    assert_non_null(strstr(sent, "\"operation\":\"query\""));
    assert_non_null(strstr(sent, "SELECT Id, SystemModstamp, "));
    assert_non_null(strstr(sent, "LastName, AnnualRevenue, Tags__c, Met__c FROM Lead WHERE k__c != null"));
    AUTO(survey_done) struct survey later = asked(s.ticket);
    assert_true(ask(w, &later, &err));
    assert_true(later.running);
    assert_string_equal(later.ticket, s.ticket);
}

static void cells_are_what_the_other_api_would_have_told(void **state)
{
    struct recorded *w = *state;
    AUTO(survey_done) struct survey s = asked(JOB " " AS_OF " 5000 wait");
    struct err err;
    recorded_add(w, LOOK, 200, "{\"state\":\"JobComplete\"}");
    page(w, "/results?maxRecords=5000",
         HEAD CELLS(ONE, "\"false\",\"\",\"Say \"\"hi\"\"\n, you\",\"1200.0\",\"b;a\",\"2026-02-03T04:05:06.000Z\"")
             CELLS(TWO, "\"false\",\"\",\"[not provided]\",\"\",\"\",\"\"") CELLS(THREE, "\"true\",\"" CONTACT "\",\"Gone\",\"\",\"\",\"\""),
         "MTAwMDA=");
    assert_true(ask(w, &s, &err));
    assert_int_equal(s.n, 3);
    assert_false(s.running);
    assert_false(s.more);
    assert_string_equal(s.ticket, JOB " " AS_OF " 5000 @MTAwMDA%3D");
    const json_t *one = s.items[0].fields;
    assert_string_equal(js_str(one, "LastName"), "Say \"hi\"\n, you");
    assert_int_equal(json_integer_value(json_object_get(one, "AnnualRevenue")), 1200);
    AUTO_FREE char *tags = js_print(json_object_get(one, "Tags__c"));
    assert_string_equal(tags, "[\"a\",\"b\"]");
    assert_string_equal(js_str(one, "Met__c"), "2026-02-03T04:05:06.000Z");
    assert_null(json_object_get(one, "IsConverted")); /* only what was wanted */
    assert_int_equal(s.items[0].as_of, INT64_C(1772442000000));
    assert_int_equal(s.items[0].state, RECORD_LIVE);
    assert_true(json_is_null(json_object_get(s.items[1].fields, "LastName"))); /* a filler says nothing */
    assert_true(json_is_null(json_object_get(s.items[1].fields, "AnnualRevenue")));
    assert_int_equal(s.items[2].state, RECORD_CONVERTED);
    assert_string_equal(s.items[2].moved_to, CONTACT);
}

static void the_last_page_is_followed_by_a_farewell(void **state)
{
    struct recorded *w = *state;
    AUTO(survey_done) struct survey s = asked(JOB " " AS_OF " 5000 @MTAwMDA%3D");
    struct err err;
    page(w, "/results?maxRecords=5000&locator=MTAwMDA%3D", HEAD CELLS(ONE, "\"false\",\"\",\"A\",\"\",\"\",\"\""), "null");
    assert_true(ask(w, &s, &err));
    assert_int_equal(s.n, 1);
    assert_false(s.over);
    assert_string_equal(s.ticket, JOB " " AS_OF " 5000 end");
    AUTO(survey_done) struct survey last = asked(s.ticket);
    recorded_add(w, "DELETE https://service.example/services/data/v62.0/jobs/query/" JOB, 404, ERRORS("NOT_FOUND", "no job")); /* all the better */
    assert_true(ask(w, &last, &err));
    assert_true(last.over);
}

static void a_page_is_told_in_pieces_and_the_ticket_moves_on_with_the_last(void **state)
{
    struct recorded *w = *state;
    AUTO(survey_done) struct survey s = asked(JOB " " AS_OF " 5000 first");
    struct err err;
    struct buf b = {0};
    buf_puts(&b, "\"Id\",\"LastName\"\r\n");
    for (int i = 0; i < 450; i++)
        buf_printf(&b, "\"00Q000000000%03dAAA\",\"N%d\"\r\n", i, i);
    page(w, "/results", buf_str(&b), "null");
    for (int piece = 0; piece < 3; piece++) {
        assert_true(ask(w, &s, &err));
        assert_int_equal(s.n, piece < 2 ? 200 : 50);
        assert_int_equal(s.more, piece < 2);
        assert_string_equal(s.ticket, piece < 2 ? JOB " " AS_OF " 5000 first" : JOB " " AS_OF " 5000 end");
    }
    assert_string_equal(js_str(s.items[49].fields, "LastName"), "N449");
    assert_int_equal(w->n_asked, 2); /* the description, and one page */
    buf_done(&b);
}

static void a_page_that_is_cut_short_is_asked_for_again(void **state)
{
    static const char *const pages[] = {"", "<html>\"sorry", HEAD CELLS(ONE, "\"false\",\"\",\"A"), HEAD "\"" ONE "\",\"2026\"\n",
                                        "\"LastName\"\n\"nobody\"\n", HEAD CELLS(ONE, "\"false\",\"\",\"A\",\"\",\"\",\"\"")};
    struct recorded *w = *state;
    for (size_t i = 0; i < COUNT(pages); i++) {
        AUTO(survey_done) struct survey s = asked(JOB " " AS_OF " 5000 first");
        struct err err;
        page(w, "/results", pages[i], i + 1 < COUNT(pages) ? "Sforce-Locator" : NULL); /* and one does not say whether it is the last */
        if (i + 1 < COUNT(pages)) {
            w->recordings[w->n - 1].header = "Sforce-NumberOfRecords";
            w->recordings[w->n - 1].value = "2";
        }
        assert_false(ask(w, &s, &err));
        assert_int_equal(err.kind, ERR_TEMP);
        assert_string_equal(s.ticket, JOB " " AS_OF " 5000 first");
    }
}

static void a_job_that_failed_or_is_forgotten_says_so(void **state)
{
    struct recorded *w = *state;
    struct err err;
    AUTO(survey_done) struct survey failed = asked(JOB " " AS_OF " 5000 wait"), gone = asked(failed.ticket), odd = asked("750 odd");
    recorded_add(w, LOOK, 200, "{\"state\":\"Failed\",\"errorMessage\":\"InvalidBatch : no such thing\"}");
    assert_false(ask(w, &failed, &err));
    assert_int_equal(err.kind, ERR_REJECT);
    assert_string_equal(err.text, "the bulk query of Lead failed: InvalidBatch : no such thing");
    recorded_add(w, LOOK, 404, ERRORS("NOT_FOUND", "The requested resource does not exist"));
    assert_false(ask(w, &gone, &err));
    assert_int_equal(err.kind, ERR_GONE);
    assert_false(ask(w, &odd, &err));
    assert_int_equal(err.kind, ERR_GONE);
}

static void a_job_nobody_wants_is_aborted_and_deleted(void **state)
{
    struct recorded *w = *state;
    struct err err;
    AUTO(survey_done) struct survey s = asked(JOB " " AS_OF " 5000 wait");
    s.drop = true;
    recorded_add(w, "PATCH https://service.example/services/data/v62.0/jobs/query/" JOB, 200, "{\"state\":\"Aborted\"}");
    recorded_add(w, "DELETE https://service.example/services/data/v62.0/jobs/query/" JOB, 204, NULL);
    assert_true(ask(w, &s, &err));
    assert_true(s.over);
    assert_int_equal(recorded_count(w, "{\"state\":\"Aborted\"}"), 1);
    assert_int_equal(recorded_count(w, "DELETE "), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_is_begun_with_the_fields_and_the_key_and_waited_for),
        TEST(cells_are_what_the_other_api_would_have_told),
        TEST(the_last_page_is_followed_by_a_farewell),
        TEST(a_page_is_told_in_pieces_and_the_ticket_moves_on_with_the_last),
        TEST(a_page_that_is_cut_short_is_asked_for_again),
        TEST(a_job_that_failed_or_is_forgotten_says_so),
        TEST(a_job_nobody_wants_is_aborted_and_deleted),
    };
    return cmocka_run_group_tests_name("connectors.salesforce_survey", tests, NULL, NULL);
}
