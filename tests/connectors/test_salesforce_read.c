/* Reading leads and contacts: values, what became of the missing, finding, and what errors mean. */
#include "tests/connectors/salesforce_kit.h"

#define READ "POST https://service.example/services/data/v62.0/composite/sobjects/Lead"
#define LOOK "/queryAll?q=SELECT%20Id%2C%20IsDeleted%2C%20MasterRecordId"

static const char *const some[] = {"LastName", "Company", "AnnualRevenue", "Tags__c", "Met__c", NULL};

static void values_become_natural(void **state)
{
    struct recorded *w = *state;
    const char *const ids[] = {ONE};
    struct err err = {0};
    AUTO(record_done) struct record r = {0};
    recorded_add(
        w, READ, 200,
        "[" ROW(
            ONE,
            ",\"LastName\":\"Lovelace\",\"Company\":\"[not provided]\",\"AnnualRevenue\":1000.0,\"Tags__c\":\"b;a\","
            "\"Met__c\":\"2026-01-02T03:04:05.000+0000\",\"Title\":\"not asked for\"") "]");
    assert_true(salesforce_connector.fetch(w->ep, "Lead", ids, 1, some, 0, &r, &err));
    assert_int_equal(r.err.kind, ERR_NONE);
    assert_int_equal(r.state, RECORD_LIVE);
    assert_member(r.fields, "LastName", "'Lovelace'");
    assert_member(r.fields, "Company", "null"); /* a filler is nothing */
    assert_member(r.fields, "AnnualRevenue", "1000");
    assert_member(r.fields, "Tags__c", "['a','b']");
    assert_member(r.fields, "Met__c", "'2026-01-02T03:04:05.000Z'");
    assert_member(r.fields, "Title", NULL);
    assert_string_equal(r.version, "2026-03-02T09:00:00.000+0000");
    assert_int_equal(r.as_of, RECORDED_NOW);
}

static void a_stamp_of_this_second_is_no_version_yet(void **state)
{
    struct recorded *w = *state;
    const char *const ids[] = {ONE};
    struct err err = {0};
    AUTO(record_done) struct record r = {0};
    recorded_add(w, READ, 200, "[{\"Id\":\"" ONE "\",\"SystemModstamp\":\"2026-03-02T09:15:29.000+0000\"}]");
    assert_true(salesforce_connector.fetch(w->ep, "Lead", ids, 1, some, 0, &r, &err));
    assert_null(r.version);
    assert_true(r.modified > 0);
}

static void the_missing_are_looked_for_among_the_deleted(void **state)
{
    struct recorded *w = *state;
    const char *const ids[] = {ONE, TWO, THREE, "999999999999"};
    struct err err = {0};
    struct record r[4] = {0};
    recorded_add(w, READ, 200, "[null,null,null]");
    recorded_add(w, LOOK, 200,
                 "{\"done\":true,\"records\":[{\"Id\":\"" ONE
                 "\",\"IsDeleted\":true,\"MasterRecordId\":\"00Q000000000009AAA\"},{"
                 "\"Id\":\"" TWO "\",\"IsDeleted\":true,\"MasterRecordId\":null}]}");
    assert_true(salesforce_connector.fetch(w->ep, "Lead", ids, 4, some, 0, r, &err));
    assert_int_equal(r[0].state, RECORD_MERGED);
    assert_string_equal(r[0].moved_to, "00Q000000000009AAA");
    assert_int_equal(r[1].state, RECORD_ARCHIVED);
    assert_int_equal(r[2].state, RECORD_GONE);
    assert_int_equal(r[3].state, RECORD_GONE);
    assert_int_equal(recorded_count(w, "999999999999"), 0); /* not even an id */
    for (int i = 0; i < 4; i++)
        record_done(&r[i]);
}

static void a_converted_lead_says_which_contact_it_became(void **state)
{
    struct recorded *w = *state;
    const char *const ids[] = {ONE, TWO};
    struct err err = {0};
    struct record r[2] = {0};
    recorded_add(w, READ, 200,
                 "[" ROW(ONE, ",\"LastName\":\"L\",\"IsConverted\":true,\"ConvertedContactId\":\"" CONTACT
                              "\"") "," ROW(TWO, ",\"IsConverted\":true,\"ConvertedContactId\":null") "]");
    assert_true(salesforce_connector.fetch(w->ep, "Lead", ids, 2, some, 0, r, &err));
    assert_int_equal(r[0].state, RECORD_CONVERTED);
    assert_string_equal(r[0].moved_type, "Contact");
    assert_string_equal(r[0].moved_to, CONTACT);
    assert_null(r[0].fields);
    assert_int_equal(r[1].err.kind, ERR_REJECT); /* into something nobody shows us: not to be taken for deleted */
    record_done(&r[0]);
    record_done(&r[1]);
}

static void an_id_says_itself_which_object_it_is(void **state)
{
    struct recorded *w = *state;
    const char *const ids[] = {CONTACT, ONE};
    struct err err = {0};
    struct record r[2] = {0};
    recorded_add(w, READ, 200, "[" ROW(ONE, ",\"LastName\":\"Lead\"") "]");
    recorded_add(w,
                 "/composite/sobjects/Contact {\"ids\":[\"" CONTACT
                 "\"],\"fields\":[\"Id\",\"SystemModstamp\",\"CreatedDate\",\"CreatedById\",\"LastModifiedById\",\"LastName\"]}",
                 200, "[{\"Id\":\"" CONTACT "\",\"LastName\":\"Contact\"}]");
    assert_true(salesforce_connector.fetch(w->ep, "Lead", ids, 2, some, 0, r, &err));
    assert_member(r[0].fields, "LastName", "'Contact'");
    assert_member(r[0].fields, "Company", NULL); /* contacts have none: not told, rather than nothing */
    assert_member(r[1].fields, "LastName", "'Lead'");
    record_done(&r[0]);
    record_done(&r[1]);
}

static void a_short_answer_says_nothing_about_the_rest(void **state)
{
    struct recorded *w = *state;
    const char *const ids[] = {ONE, TWO};
    struct err err = {0};
    struct record r[2] = {0};
    recorded_add(w, READ, 200, "[" ROW(ONE, "") "]");
    assert_true(salesforce_connector.fetch(w->ep, "Lead", ids, 2, some, 0, r, &err));
    assert_int_equal(r[0].err.kind, ERR_NONE);
    assert_int_equal(r[1].err.kind, ERR_TEMP);
    record_done(&r[0]);
    record_done(&r[1]);
}

/* ---- finding ---- */

static void values_are_quoted_and_rows_sorted_to_them(void **state)
{
    struct recorded *w = *state;
    const char *const values[] = {"O'Neil\\", "x:2", "x:3"};
    struct err err = {0};
    struct found f[3] = {0};
    recorded_add(w, "WHERE%20k__c%20IN%20%28%27O%5C%27Neil%5C%5C%27%2C%27x%3A2%27%2C%27x%3A3%27%29", 200,
                 "{\"done\":true,\"records\":[" ROW(TWO, ",\"k__c\":\"X:2\"") "," ROW(
                     ONE, ",\"k__c\":\"o'neil\\\\\"") "," ROW(THREE, ",\"k__c\":\"x:2\"") "]}");
    assert_true(salesforce_connector.find(w->ep, "Lead", "k__c", values, 3, some, f, &err));
    assert_int_equal(f[0].n, 1);
    assert_string_equal(f[0].items[0].id, ONE);
    assert_int_equal(f[1].n, 2);
    assert_int_equal(f[2].n, 0);
    assert_int_equal(f[2].err.kind, ERR_NONE);
    for (int i = 0; i < 3; i++)
        found_done(&f[i]);
}

static void many_values_are_asked_for_in_addresses_of_bearable_length(void **state)
{
    struct recorded *w = *state;
    enum { N = 300 };
    char *values[N];
    static struct found f[N];
    struct err err = {0};
    for (size_t i = 0; i < N; i++)
        values[i] = mem_printf("some/long:key'%zu", i);
    for (int i = 0; i < 20; i++)
        recorded_add(w, "/query?q=", 200, "{\"done\":true,\"records\":[]}");
    assert_true(salesforce_connector.find(w->ep, "Lead", "k__c", (const char *const *)values, N, some, f, &err));
    size_t most = 0;
    for (size_t i = 0; i < w->n_asked; i++)
        most = strlen(w->asked[i]) > most ? strlen(w->asked[i]) : most;
    assert_true(most < 8000);
    assert_true(recorded_count(w, "/query") < 10);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(f[i].err.kind, ERR_NONE);
        free(values[i]);
    }
}

/* ---- describing and errors ---- */

static void a_description_tells_types_lengths_keys_and_values(void **state)
{
    struct recorded *w = *state;
    struct err err = {0};
    AUTO(schema_done) struct schema s = {0};
    assert_true(salesforce_connector.describe(w->ep, "Lead", &s, &err));
    assert_true(schema_find(&s, "k__c")->unique);
    assert_int_equal(schema_find(&s, "LastName")->max_len, 80);
    assert_int_equal(schema_find(&s, "AnnualRevenue")->type, SCHEMA_NUMBER);
    assert_int_equal(schema_find(&s, "Tags__c")->type, SCHEMA_SET);
    assert_true(schema_find(&s, "Id")->read_only);
    assert_null(schema_find(&s, "Address")); /* its parts are fields of their own */
    const struct schema_field *status = schema_find(&s, "Status");
    assert_false(status->open);
    assert_int_equal(status->n_options, 1);
    assert_string_equal(status->options[0].label, "Neu");
}

static enum err_kind probe_answers(struct recorded *w, int status, const char *body, struct err *err)
{
    struct organisation org = {0};
    *err = (struct err){0};
    recorded_add(w, "FROM%20Organization", status, body);
    assert_false(salesforce_connector.probe(w->ep, &org, err));
    return err->kind;
}

static void error_codes_become_kinds(void **state)
{
    struct recorded *w = *state;
    struct err err;
    assert_int_equal(probe_answers(w, 400, ERRORS("INVALID_FIELD", "No such column"), &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "field-level security"));
    assert_int_equal(probe_answers(w, 400, ERRORS("MALFORMED_QUERY", "x"), &err), ERR_BUG);
    assert_int_equal(probe_answers(w, 400, ERRORS("BRAND_NEW_CODE", "x"), &err), ERR_REJECT);
    assert_int_equal(probe_answers(w, 400, ERRORS("QUERY_TIMEOUT", "x"), &err), ERR_TEMP);
    assert_int_equal(probe_answers(w, 404, "<html>maintenance</html>", &err), ERR_TEMP);
    assert_int_equal(probe_answers(w, 410, ERRORS("UNSUPPORTED_API_VERSION", "x"), &err), ERR_CONFIG);
    assert_int_equal(probe_answers(w, 420, "", &err), ERR_TEMP);
    assert_int_equal(probe_answers(w, 403, ERRORS("API_DISABLED_FOR_ORG", "x"), &err), ERR_AUTH);
    assert_int_equal(probe_answers(w, 503, "<html>", &err), ERR_TEMP);
    assert_int_equal(
        probe_answers(w, 403, ERRORS("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), &err), ERR_RATE);
    assert_int_equal(err.retry_at, RECORDED_NOW + 5000);
}

static void the_days_quota_waits_and_is_believed(void **state)
{
    struct recorded *w = *state;
    struct err err;
    assert_int_equal(probe_answers(w, 403, ERRORS("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), &err),
                     ERR_RATE);
    assert_int_equal(err.retry_at, RECORDED_NOW + 15 * 60000);
}

static void what_is_left_of_the_quota_is_read(void **state)
{
    struct recorded *w = *state;
    AUTO(organisation_done) struct organisation org = {0};
    struct err err = {0};
    struct recording *r = recorded_add(
        w, "FROM%20Organization", 200,
        "{\"done\":true,\"records\":[{\"Id\":\"00D000000000001AAA\",\"Name\":\"Acme\",\"IsSandbox\":true}]}");
    r->header = "sforce-limit-info";
    r->value = "api-usage=4900/5000; per-app-api-usage=17/250(appName=x)";
    assert_true(salesforce_connector.probe(w->ep, &org, &err));
    assert_string_equal(org.id, "00D000000000001AAA");
    assert_non_null(strstr(org.label, "sandbox"));
    assert_int_equal(limiter_room(w->ep->limiter, RECORDED_NOW, 0, LANE_LIVE), 0); /* over 85 % of 5,000 */
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)
    const struct CMUnitTest tests[] = {
        CASE(values_become_natural),
        CASE(a_stamp_of_this_second_is_no_version_yet),
        CASE(the_missing_are_looked_for_among_the_deleted),
        CASE(a_converted_lead_says_which_contact_it_became),
        CASE(an_id_says_itself_which_object_it_is),
        CASE(a_short_answer_says_nothing_about_the_rest),
        CASE(values_are_quoted_and_rows_sorted_to_them),
        CASE(many_values_are_asked_for_in_addresses_of_bearable_length),
        CASE(a_description_tells_types_lengths_keys_and_values),
        CASE(error_codes_become_kinds),
        CASE(the_days_quota_waits_and_is_believed),
        CASE(what_is_left_of_the_quota_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
