/* Writing leads: rows with outcomes of their own, creates that are found when repeated, fillers, and duplicate rules. */
#include "tests/connectors/salesforce_kit.h"

#define INSERT "POST https://service.example/services/data/v62.0/composite/sobjects {"
#define UPSERT "/composite/sobjects/Lead/loose__c"
#define RULE "DUPLICATES_DETECTED"
#define FOUR "00Q000000000004AAA"
#define FULL "{\"LastName\":\"L\",\"Company\":\"C\"}"

static void add(struct put *p, const char *id, const char *key, const char *set)
{
    struct patch *patch = put_add(p, id, set);
    patch->key_field = "k__c";
    patch->key = key;
}

static void rows_have_outcomes_of_their_own(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, NULL, "{\"Title\":\" Countess \"}");
    add(&p, TWO, NULL, "{\"Title\":\"x\"}");
    add(&p, THREE, NULL, "{\"Tags__c\":[\"a\",\"b\"],\"Title\":null}");
    add(&p, "999", NULL, "{\"Title\":\"x\"}");
    recorded_add(w, UPDATE, 200,
                 "[" DONE(ONE) "," FAILED("UNABLE_TO_LOCK_ROW", "locked") "," FAILED("ENTITY_IS_DELETED", "gone") "]");
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"Title\":\"Countess\",\"Tags__c\":null") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_member(p.out[0].record.fields, "Title", "'Countess'");
    assert_int_equal(json_object_size(p.out[0].record.fields), 1);
    assert_int_equal(p.out[1].err.kind, ERR_TEMP);
    assert_int_equal(p.out[2].err.kind, ERR_GONE);
    assert_int_equal(p.out[3].err.kind, ERR_GONE);
    assert_int_equal(recorded_count(w, "\"allOrNone\":false"), 1);
    assert_int_equal(recorded_count(w, "\"Tags__c\":\"a;b\",\"Title\":null"), 1);
}

/* ---- creates ---- */

#define TAKEN(field) FAILED("DUPLICATE_VALUE", "duplicate value found: " field " duplicates value on record with id: 00Q")

static void a_create_carries_the_key_and_overwrites_nothing(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, NULL, "x:1", FULL);
    recorded_add(w, INSERT, 200, "[" DONE(ONE) "]");
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"LastName\":\"L\",\"Company\":\"C\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_true(p.out[0].created);
    assert_string_equal(p.out[0].record.id, ONE);
    assert_int_equal(recorded_count(w, "\"k__c\":\"x:1\""), 1);
    assert_int_equal(recorded_count(w, "/query"), 0); /* nobody has to look first */
}

static void a_create_whose_key_is_taken_is_found(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, NULL, "x:1", FULL);
    recorded_add(w, INSERT, 200, "[" TAKEN("k__c") "]");
    recorded_add(w, "/query?q=", 200, "{\"done\":true,\"records\":[" ROW(ONE, ",\"k__c\":\"x:1\"") "]}");
    recorded_add(w, UPDATE, 200, "[" DONE(ONE) "]");
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"LastName\":\"L\",\"Company\":\"C\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_false(p.out[0].created);
    assert_string_equal(p.out[0].record.id, ONE);
}

static void a_key_that_is_not_unique_is_looked_for_before_an_upsert(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, NULL, "x:1", "{\"Title\":\"new\"}");
    p.patches[0].key_field = "loose__c";
    recorded_add(w, "/query?q=", 200, "{\"done\":true,\"records\":[]}");
    recorded_add(w, UPSERT, 200, "[{\"id\":\"" ONE "\",\"success\":true,\"errors\":[],\"created\":true}]");
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"Title\":\"new\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_true(p.out[0].created);
    assert_string_equal(w->asked[w->n_asked - 2] + strlen(w->asked[w->n_asked - 2]) - 19, "\"loose__c\":\"x:1\"}]}");
}

#define BORN(at, last) ",\"CreatedDate\":\"2026-03-02T" at ".000+0000\",\"CreatedById\":\"005A\",\"LastModifiedById\":\"" last "\""

/* Of a new record also what the service gave it, as long as nobody else can have been there. */
static void what_a_new_record_was_given_is_told_until_somebody_touches_it(void **state)
{
    static const char *const tell[] = {"Status", "Title", NULL};
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, NULL, "x:1", FULL);
    add(&p, NULL, "x:2", FULL);
    add(&p, NULL, "x:3", FULL);
    add(&p, FOUR, NULL, "{\"Title\":\"x\"}");
    for (size_t i = 0; i < p.n; i++)
        p.patches[i].tell = tell;
    recorded_add(w, INSERT, 200, "[" DONE(ONE) "," DONE(TWO) "," DONE(THREE) "]");
    recorded_add(w, UPDATE, 200, "[" DONE(FOUR) "]");
    recorded_add(w, BACK, 200,
                 "[" ROW(ONE, ",\"Status\":\"New\",\"Title\":null" BORN("08:59:59", "005A")) "," ROW(
                     TWO, ",\"Status\":\"Old\"" BORN("08:59:58", "005A")) "," ROW(THREE, ",\"Status\":\"Old\"" BORN("09:00:00", "005B")) "," ROW(
                     FOUR, ",\"Title\":\"x\",\"Status\":\"Old\"" BORN("09:00:00", "005A")) "]");
    put_go(w, &p);
    assert_true(p.out[0].record.untouched);
    assert_member(p.out[0].record.fields, "Status", "'New'");
    assert_member(p.out[0].record.fields, "Title", "null");
    for (size_t i = 1; i < 4; i++) /* later; by another hand, if in the same second; not new at all */
        assert_null(json_object_get(p.out[i].record.fields, "Status"));
    assert_false(p.out[1].record.untouched);
    assert_false(p.out[2].record.untouched);
}

/* ---- fillers ---- */

static void fillers_go_into_new_records_only(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, NULL, "x:1", "{\"Title\":\"new\"}");
    add(&p, NULL, "x:2", "{\"Title\":\"there\"}");
    recorded_add(w, INSERT, 200, "[" DONE(ONE) "," TAKEN("k__c") "]");
    recorded_add(w, "/query?q=", 200, "{\"done\":true,\"records\":[" ROW(TWO, ",\"k__c\":\"x:2\"") "]}");
    recorded_add(w, "\"records\":[{\"attributes\":{\"type\":\"Lead\"},\"Title\":\"there\",\"id\":\"" TWO "\"}]", 200,
                 "[" DONE(TWO) "]");
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"Title\":\"new\"") "," ROW(TWO, ",\"Title\":\"there\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_true(p.out[0].created);
    assert_int_equal(p.out[1].err.kind, ERR_NONE);
    assert_false(p.out[1].created);
    assert_int_equal(recorded_count(w, "[not provided]"), 1);
    assert_int_equal(
        recorded_count(w, "\"Title\":\"new\",\"LastName\":\"[not provided]\",\"Company\":\"[not provided]\""), 1);
}

static void what_must_be_there_cannot_be_cleared(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, NULL, "{\"Company\":null,\"Title\":\"\"}");
    add(&p, TWO, NULL, "{\"LastName\":\"\"}");
    recorded_add(w, "\"records\":[{\"attributes\":{\"type\":\"Lead\"},\"Title\":null,\"id\":\"" ONE "\"}]", 200,
                 "[" DONE(ONE) "]");
    recorded_add(
        w, BACK, 200,
        "[" ROW(ONE, ",\"Company\":\"Acme\",\"Title\":null") "," ROW(TWO, ",\"LastName\":\"[not provided]\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_member(p.out[0].record.fields, "Company", "'Acme'"); /* it is told that it stayed */
    assert_int_equal(p.out[1].err.kind, ERR_NONE);
    assert_member(p.out[1].record.fields, "LastName", "null");
}

/* ---- doubt and refusal ---- */

static void what_the_answer_does_not_tell_is_open(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, NULL, "{\"Title\":\"x\"}");
    add(&p, TWO, NULL, "{\"Title\":\"x\"}");
    recorded_add(w, UPDATE, 200, "[" DONE(ONE) "]");
    recorded_add(w, BACK, 503, "");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE); /* written; what became of it is for the next look */
    assert_string_equal(p.out[0].record.id, ONE);
    assert_null(p.out[0].record.fields);
    assert_int_equal(p.out[1].err.kind, ERR_UNSURE);
}

static void a_lost_answer_is_open_for_all(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, NULL, "{\"Title\":\"x\"}");
    recorded_add(w, UPDATE, 0, NULL);
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_UNSURE);
}

static void a_batch_refused_whole_is_halved_down_to_the_bad_row(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, NULL, "{\"Title\":\"good\"}");
    add(&p, TWO, NULL, "{\"AnnualRevenue\":\"bad\"}");
    recorded_add(w, UPDATE, 400, ERRORS("JSON_PARSER_ERROR", "Cannot deserialize"));
    recorded_add(w, "\"Title\":\"good\",\"id\":\"" ONE "\"}]}", 200, "[" DONE(ONE) "]");
    recorded_add(w, "\"AnnualRevenue\":\"bad\"", 400, ERRORS("JSON_PARSER_ERROR", "Cannot deserialize"));
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"Title\":\"good\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_int_equal(p.out[1].err.kind, ERR_REJECT);
}

static void a_converted_lead_and_a_raced_create_are_looked_at_again(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, NULL, "x:1", FULL);
    add(&p, NULL, "x:2", FULL);
    add(&p, NULL, "x:3", FULL);
    add(&p, ONE, NULL, "{\"Title\":\"x\"}");
    recorded_add(w, INSERT, 200, "[" TAKEN("k__c") "," TAKEN("<unknown>") "," TAKEN("Other__c") "]");
    recorded_add(w, UPDATE, 200, "[" FAILED("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead") "]");
    recorded_add(w, "/query?q=", 200,
                 "{\"done\":true,\"records\":[" ROW(
                     TWO, ",\"k__c\":\"x:1\",\"IsConverted\":true,\"ConvertedContactId\":\"" CONTACT "\"") "]}");
    recorded_add(w, "/composite/sobjects/Lead/k__c", 200, "[" TAKEN("k__c") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_STALE); /* its key is a converted lead's */
    assert_int_equal(p.out[1].err.kind, ERR_STALE); /* taken, not there, and taken again: somebody is at it */
    assert_int_equal(p.out[2].err.kind, ERR_REJECT);
    assert_int_equal(p.out[3].err.kind, ERR_STALE);
}

/* ---- duplicate rules ---- */

#define MATCH(id, type) "{\"record\":{\"attributes\":{\"type\":\"" type "\"},\"Id\":\"" id "\"}}"
#define MATCHES(list)                                                                                                  \
    "[{\"errorCode\":\"" RULE "\",\"message\":\"Use one of these records?\",\"duplicateResut\":{\"matchResults\":[{"   \
    "\"matchRecords\":[" list "]}]}}]"

static int begin_linking(void **state)
{
    return salesforce_begin_with(state, "duplicates = \"link\";");
}

static void refused_by_a_rule(struct recorded *w, struct put *p)
{
    add(p, NULL, "x:1", FULL);
    recorded_add(w, INSERT, 200, "[" FAILED(RULE, "Use one of these records?") "]");
}

static void a_held_duplicate_keeps_the_words_and_is_not_offered_in_pieces(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    refused_by_a_rule(w, &p);
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_LIMIT);
    assert_non_null(strstr(p.out[0].err.text, "Use one of these records?"));
}

static void the_one_match_gets_the_key_and_is_found_next_time(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    refused_by_a_rule(w, &p);
    recorded_add(w,
                 "PATCH https://service.example/services/data/v62.0/sobjects/Lead/k__c/x%3A1 "
                 "{\"LastName\":\"L\",\"Company\":\"C\"}",
                 400, MATCHES(MATCH(TWO, "Lead") "," MATCH(TWO, "Lead")));
    recorded_add(w, BACK, 200, "[" ROW(TWO, ",\"k__c\":null") "]");
    recorded_add(w, "PATCH https://service.example/services/data/v62.0/sobjects/Lead/" TWO " {\"k__c\":\"x:1\"}", 204,
                 NULL);
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_STALE);
}

static void a_match_of_another_prospect_waits_for_a_person(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    refused_by_a_rule(w, &p);
    recorded_add(w, "/sobjects/Lead/k__c/x%3A1", 400, MATCHES(MATCH(TWO, "Lead")));
    recorded_add(w, BACK, 200, "[" ROW(TWO, ",\"k__c\":\"x:7\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_LIMIT);
    assert_non_null(strstr(p.out[0].err.text, "x:7"));
}

static void several_matches_and_matches_elsewhere_wait_for_a_person(void **state)
{
    struct recorded *w = *state;
    static const char *const answers[] = {MATCHES(MATCH(TWO, "Lead") "," MATCH(THREE, "Lead")),
                                          MATCHES(MATCH(CONTACT, "Contact"))};
    for (size_t i = 0; i < COUNT(answers); i++) {
        AUTO(put_done) struct put p = {0};
        refused_by_a_rule(w, &p);
        recorded_add(w, "/sobjects/Lead/k__c/x%3A1", 400, answers[i]);
        put_go(w, &p);
        assert_int_equal(p.out[0].err.kind, ERR_LIMIT);
        assert_non_null(strstr(p.out[0].err.text, i ? CONTACT : "several"));
    }
}

/* ---- what it costs ---- */

static void an_empty_patch_makes_no_call(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, NULL, "{}");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_int_equal(w->n_asked, 0);
}

static void the_same_record_twice_is_written_once(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, NULL, "{\"Title\":\"a\"}");
    add(&p, "00Q000000000001", NULL, "{\"Title\":\"b\"}"); /* the short form of the same id */
    recorded_add(w, UPDATE, 200, "[" DONE(ONE) "]");
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"Title\":\"a\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_int_equal(p.out[1].err.kind, ERR_STALE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, salesforce_begin, salesforce_end)
#define LINKING(f) cmocka_unit_test_setup_teardown(f, begin_linking, salesforce_end)
    const struct CMUnitTest tests[] = {
        CASE(rows_have_outcomes_of_their_own),
        CASE(a_create_carries_the_key_and_overwrites_nothing),
        CASE(a_create_whose_key_is_taken_is_found),
        CASE(a_key_that_is_not_unique_is_looked_for_before_an_upsert),
        CASE(what_a_new_record_was_given_is_told_until_somebody_touches_it),
        CASE(fillers_go_into_new_records_only),
        CASE(what_must_be_there_cannot_be_cleared),
        CASE(what_the_answer_does_not_tell_is_open),
        CASE(a_lost_answer_is_open_for_all),
        CASE(a_batch_refused_whole_is_halved_down_to_the_bad_row),
        CASE(a_converted_lead_and_a_raced_create_are_looked_at_again),
        CASE(a_held_duplicate_keeps_the_words_and_is_not_offered_in_pieces),
        LINKING(the_one_match_gets_the_key_and_is_found_next_time),
        LINKING(a_match_of_another_prospect_waits_for_a_person),
        LINKING(several_matches_and_matches_elsewhere_wait_for_a_person),
        CASE(an_empty_patch_makes_no_call),
        CASE(the_same_record_twice_is_written_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
