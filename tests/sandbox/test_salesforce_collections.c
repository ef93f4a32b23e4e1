/* Salesforce: many rows in one call, composites, rows that are locked. */
#include "tests/sandbox/asking_salesforce.h"

#define A_LEAD "{'attributes':{'type':'Lead'},'LastName':'A','Company':'X'}"

static bool worked(const struct place *p, size_t i)
{
    return js_bool_or(row_at(p, i), "success", false);
}

static size_t leads(struct place *p)
{
    assert_int_equal(soql(p, "SELECT COUNT() FROM Lead"), 200);
    return (size_t)number_at(p, "totalSize");
}

static void rows_have_their_own_fate_in_their_own_order(void **state)
{
    struct place *p = *state;
    assert_int_equal(
        sf(p, "POST", MANY,
           "{'allOrNone':false,'records':[" A_LEAD
           ",{'attributes':{'type':'Lead'},'LastName':'B'},{'attributes':{'type':'Contact'},'LastName':'C'},"
           "{'LastName':'D'}]}"),
        200);
    assert_true(worked(p, 0) && !worked(p, 1) && worked(p, 2) && !worked(p, 3));
    assert_string_equal(row_code(p, 1), "REQUIRED_FIELD_MISSING");
    assert_null(path_get(row_at(p, 1), "errors[0].errorCode"));
    assert_string_equal(json_string_value(path_get(row_at(p, 1), "errors[0].fields[0]")), "Company");
    assert_true(str_starts(js_str(row_at(p, 2), "id"), "003"));
    assert_null(json_object_get(row_at(p, 0), "created"));
}

static void all_or_none_takes_everything_back(void **state)
{
    struct place *p = *state;
    with_key(p, "Lead");
    AUTO_FREE char *old = made(p, "Lead", "{'LastName':'Old','Company':'X','Key__c':'old'}");
    assert_int_equal(sf(p, "PATCH", MANY "/Lead/Key__c",
                        "{'allOrNone':true,'records':[{'attributes':{'type':'Lead'},'Key__c':'old','City':'Oslo'},"
                        "{'attributes':{'type':'Lead'},'Key__c':'new','LastName':'N','Company':'X'},"
                        "{'attributes':{'type':'Lead'},'Key__c':'bad','LastName':'N'}]}"),
                     200);
    for (size_t i = 0; i < 2; i++)
        assert_string_equal(row_code(p, i), "ALL_OR_NONE_OPERATION_ROLLED_BACK");
    assert_string_equal(row_code(p, 2), "REQUIRED_FIELD_MISSING");
    assert_int_equal(leads(p), 1);
    assert_int_equal(sf(p, "GET", LEAD "/Key__c/new", NULL), 404);
    assert_int_equal(sf(p, "GET", LEAD "/Key__c/old", NULL), 200);
    assert_true(json_is_null(at(p, "City")));
}

static void upserts_by_key_say_what_they_created(void **state)
{
    struct place *p = *state;
    with_key(p, "Lead");
    const char *body = "{'records':[{'attributes':{'type':'Lead'},'Key__c':'a','LastName':'A','Company':'X'},"
                       "{'attributes':{'type':'Lead'},'Key__c':'b','LastName':'B','Company':'X'}]}";
    for (int round = 0; round < 2; round++) {
        assert_int_equal(sf(p, "PATCH", MANY "/Lead/Key__c", body), 200);
        for (size_t i = 0; i < 2; i++)
            assert_true(worked(p, i) && js_bool_or(row_at(p, i), "created", !round) == !round);
    }
    assert_int_equal(leads(p), 2);
    assert_int_equal(
        sf(p, "PATCH", MANY "/Lead/Key__c",
           "{'records':[{'attributes':{'type':'Lead'},'Key__c':'a','City':'Oslo'},{'attributes':{'type':'Lead'},"
           "'Key__c':'A','City':'Rome'},{'attributes':{'type':'Lead'},'LastName':'None','Company':'X'}]}"),
        200);
    assert_string_equal(row_code(p, 0), "DUPLICATE_VALUE");
    assert_string_equal(row_code(p, 1), "DUPLICATE_VALUE");
    assert_string_equal(row_code(p, 2), "MISSING_ARGUMENT");
    assert_int_equal(sf(p, "PATCH", MANY "/Lead/City", body), 404);
}

static void reading_many_answers_null_for_what_is_not_there(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = made_lead(p, "A"), *two = made_lead(p, "B"), *gone = made_lead(p, "C");
    assert_int_equal(sf(p, "DELETE", LEAD "/%s", NULL, gone), 204);
    assert_int_equal(post(p, "POST", MANY "/Lead",
                          "{'ids':['%s','%s','00Q5e0000000zzz','%.15s'],'fields':['Id','LastName']}", two, gone, one),
                     200);
    assert_string_equal(js_str(row_at(p, 0), "Id"), two);
    assert_true(json_is_null(row_at(p, 1)) && json_is_null(row_at(p, 2)));
    assert_string_equal(js_str(row_at(p, 3), "Id"), one);
    assert_int_equal(sf(p, "GET", MANY "/Lead?ids=%s,%s&fields=LastName", NULL, one, gone), 200);
    assert_int_equal(json_array_size(p->json), 2);
    assert_int_equal(post(p, "POST", MANY "/Lead", "{'ids':['%s'],'fields':['Nope']}", one), 400);
    assert_string_equal(code(p), "INVALID_FIELD");
    assert_int_equal(sf(p, "DELETE", MANY "?ids=%s,%s&allOrNone=false", NULL, one, gone), 200);
    assert_true(worked(p, 0) && !worked(p, 1));
    assert_string_equal(row_code(p, 1), "ENTITY_IS_DELETED");
}

static void updates_take_either_spelling_of_id(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *one = made_lead(p, "A"), *two = made_lead(p, "B");
    assert_int_equal(
        post(p, "PATCH", MANY,
             "{'records':[{'attributes':{'type':'Lead'},'id':'%s','City':'Oslo'},{'attributes':{'type':'Lead'},"
             "'Id':'%.15s','City':null},{'attributes':{'type':'Lead'},'id':'x','City':'Oslo'},"
             "{'attributes':{'type':'Contact'},'id':'%s','Title':'X'},{'attributes':{'type':'Lead'}}]}",
             one, two, one),
        200);
    assert_true(worked(p, 0) && worked(p, 1));
    assert_string_equal(row_code(p, 2), "MALFORMED_ID");
    assert_string_equal(row_code(p, 3), "MALFORMED_ID");
    assert_string_equal(row_code(p, 4), "MISSING_ARGUMENT");
}

static void more_than_two_hundred_are_refused_as_a_whole(void **state)
{
    struct place *p = *state;
    struct buf b = {0};
    buf_puts(&b, "{'records':[" A_LEAD);
    for (int i = 0; i < 200; i++)
        buf_puts(&b, "," A_LEAD);
    buf_puts(&b, "]}");
    assert_int_equal(sf(p, "POST", MANY, buf_str(&b)), 400);
    assert_string_equal(code(p), "EXCEEDED_ID_LIMIT");
    buf_done(&b);
    assert_int_equal(leads(p), 0);
}

static void locks_hit_some_rows(void **state)
{
    struct place *p = *state;
    set_manner(p, "{'lock_share':0.5}");
    struct buf b = {0};
    size_t locked = 0;
    buf_puts(&b, "{'records':[" A_LEAD);
    for (int i = 0; i < 99; i++)
        buf_puts(&b, "," A_LEAD);
    buf_puts(&b, "]}");
    assert_int_equal(sf(p, "POST", MANY, buf_str(&b)), 200);
    buf_done(&b);
    for (size_t i = 0; i < 100; i++)
        locked += str_eq(row_code(p, i), "UNABLE_TO_LOCK_ROW");
    assert_in_range(locked, 20, 80);
    assert_int_equal(leads(p), 100 - locked);
}

static void composites_pass_ids_on_and_roll_back(void **state)
{
    struct place *p = *state;
    assert_int_equal(
        sf(p, "POST", DATA "/composite",
           "{'allOrNone':true,'compositeRequest':[{'method':'POST','url':'/services/data/v62.0/sobjects/Lead',"
           "'referenceId':'a','body':{'LastName':'A','Company':'X'}},{'method':'POST','url':"
           "'/services/data/v62.0/sobjects/Task','referenceId':'b','body':{'Subject':'S','WhoId':'@{a.id}'}}]}"),
        200);
    assert_int_equal(number_at(p, "compositeResponse[1].httpStatusCode"), 201);
    assert_int_equal(
        sf(p, "POST", DATA "/composite",
           "{'allOrNone':true,'compositeRequest':[{'method':'POST','url':'/services/data/v62.0/sobjects/Lead',"
           "'referenceId':'a','body':{'LastName':'A','Company':'X'}},{'method':'POST','url':"
           "'/services/data/v62.0/sobjects/Lead','referenceId':'b','body':{'LastName':'S'}}]}"),
        200);
    assert_string_equal(text_at(p, "compositeResponse[0].body[0].errorCode"), "PROCESSING_HALTED");
    assert_int_equal(leads(p), 1);
    assert_int_equal(
        sf(p, "POST", DATA "/composite/batch",
           "{'batchRequests':[{'method':'GET','url':'v62.0/limits'},{'method':'GET','url':'v62.0/nope'}]}"),
        200);
    assert_true(json_is_true(at(p, "hasErrors")));
    assert_int_equal(number_at(p, "results[1].statusCode"), 404);
}

#define PART                                                                                                                      \
    "{'compositeRequest':[{'method':'PATCH','url':'/services/data/v62.0/sobjects/Lead/%s','referenceId':'a','httpHeaders':{'%s':'%s'}," \
    "'body':{'Title':'%s'}}]}"

/* Parts have headers of their own, and inherit three. */
static void parts_of_a_composite_have_conditions(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made_lead(p, "A");
    assert_int_equal(post(p, "POST", DATA "/composite", PART, id, "If-Unmodified-Since", "Mon, 01 Jan 2001 00:00:00 GMT", "too late"), 200);
    assert_int_equal(number_at(p, "compositeResponse[0].httpStatusCode"), 412);
    assert_true(json_is_null(at(p, "compositeResponse[0].body")));
    assert_int_equal(post(p, "POST", DATA "/composite", PART, id, "If-Unmodified-Since", "Fri, 01 Jan 2100 00:00:00 GMT", "in time"), 200);
    assert_int_equal(number_at(p, "compositeResponse[0].httpStatusCode"), 204);
    assert_int_equal(post(p, "POST", DATA "/composite", PART, id, "Content-Type", "text/plain", "never"), 400);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_salesforce, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rows_have_their_own_fate_in_their_own_order),
        TEST(all_or_none_takes_everything_back),
        TEST(upserts_by_key_say_what_they_created),
        TEST(reading_many_answers_null_for_what_is_not_there),
        TEST(updates_take_either_spelling_of_id),
        TEST(more_than_two_hundred_are_refused_as_a_whole),
        TEST(locks_hit_some_rows),
        TEST(composites_pass_ids_on_and_roll_back),
        TEST(parts_of_a_composite_have_conditions),
    };
    return cmocka_run_group_tests_name("sandbox.salesforce_collections", tests, NULL, NULL);
}
