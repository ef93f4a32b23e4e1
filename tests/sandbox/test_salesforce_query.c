/* Salesforce: SOQL, its pages and its refusals; the replication calls. */
#include "bridge/base/when.h"
#include "tests/sandbox/asking_salesforce.h"

static void make_some(struct place *p)
{
    static const char *const all[] = {
        "{'LastName':'Ada','Company':'Fjord','City':'Oslo','AnnualRevenue':10,'Email':'ada@x.example'}",
        "{'LastName':'Bo','Company':'Fjord','City':'Rome','AnnualRevenue':20.5}",
        "{'LastName':'Cy','Company':'North','AnnualRevenue':30}",
        "{'LastName':'O\\u0027Brien','Company':'North_%','City':'oslo','NumberOfEmployees':5}"};
    for (size_t i = 0; i < COUNT(all); i++) {
        free(made(p, "Lead", all[i]));
        sandbox_advance(p->box, 60000);
    }
}

/* The last names found, with commas. */
static char *found(struct place *p, const char *where)
{
    struct buf b = {0};
    size_t i;
    json_t *row;
    if (soql(p, "SELECT LastName FROM Lead %s", where) != 200)
        fail_msg("%s: %.*s", where, (int)p->answer.body_n, p->answer.body);
    json_array_foreach ((json_t *)at(p, "records"), i, row)
        buf_printf(&b, "%s%s", i ? "," : "", js_str(row, "LastName"));
    return buf_take(&b);
}

static void conditions_find_what_they_say(void **state)
{
    struct place *p = *state;
    static const char *const cases[][2] = {
        {"", "Ada,Bo,Cy,O'Brien"},
        {"WHERE City = 'OSLO'", "Ada,O'Brien"},
        {"WHERE City != 'Oslo'", "Bo,Cy"},
        {"WHERE City = null", "Cy"},
        {"WHERE City <> null AND AnnualRevenue > 10", "Bo"},
        {"WHERE AnnualRevenue >= 10 AND (City = 'Rome' OR Company = 'north')", "Bo,Cy"},
        {"WHERE NOT (City = 'Rome' OR City = null)", "Ada,O'Brien"},
        {"WHERE LastName IN ('Ada', 'cy', 'Nobody')", "Ada,Cy"},
        {"WHERE LastName NOT IN ('Ada', 'cy')", "Bo,O'Brien"},
        {"WHERE LastName LIKE 'o%' OR LastName LIKE '_y'", "Cy,O'Brien"},
        {"WHERE LastName = 'O\\'Brien'", "O'Brien"},
        {"WHERE NumberOfEmployees IN (4, 5)", "O'Brien"},
        {"WHERE IsConverted = false AND Owner.Email = 'ben@team.example' LIMIT 2", "Ada,Bo"},
        {"WHERE HasOptedOutOfEmail = true", ""},
        {"ORDER BY City DESC NULLS LAST, LastName DESC", "O'Brien,Bo,Ada,Cy"},
        {"ORDER BY AnnualRevenue LIMIT 2 OFFSET 1", "Ada,Bo"},
        {"WHERE CreatedDate >= 2026-01-01T00:00:00+00:00 AND CreatedDate != null", "Ada,Bo,Cy,O'Brien"},
        {"WHERE Id > '00Q5e0000000002' ORDER BY Id DESC", "O'Brien,Cy"},
        {"WHERE ((SystemModstamp = 2020-01-01T00:00:00Z AND Id > '00Q5e0000000002EAA') OR SystemModstamp > "
         "2020-01-01T00:00:00Z) ORDER BY SystemModstamp, Id LIMIT 1",
         "Ada"},
    };
    make_some(p);
    for (size_t i = 0; i < COUNT(cases); i++) {
        AUTO_FREE char *names = found(p, cases[i][0]);
        if (!str_eq(names, cases[i][1]))
            fail_msg("%s: %s", cases[i][0], names);
    }
}

static void related_fields_come_nested(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *account = made(p, "Account", "{'Name':'Fjord'}");
    assert_int_equal(post(p, "POST", DATA "/sobjects/Contact", "{'LastName':'A','AccountId':'%s'}", account), 201);
    free(made(p, "Contact", "{'LastName':'B'}"));
    assert_int_equal(soql(p, "select id, account.name, Owner.Name, Owner.Email from contact order by lastname"), 200);
    assert_string_equal(text_at(p, "records[0].Account.Name"), "Fjord");
    assert_string_equal(text_at(p, "records[0].Account.attributes.type"), "Account");
    assert_string_equal(text_at(p, "records[0].Owner.Email"), "integration@sandbox.example");
    assert_true(json_is_null(at(p, "records[1].Account")));
    assert_string_equal(text_at(p, "records[0].attributes.type"), "Contact");
    assert_true(json_is_true(at(p, "done")));
}

static void refusals_quote_the_query(void **state)
{
    struct place *p = *state;
    static const char *const cases[][2] = {
        {"SELECT FROM Lead", "MALFORMED_QUERY"},
        {"SELECT Id FROM Lead WHERE", "MALFORMED_QUERY"},
        {"SELECT Id FROM Lead WHERE City = 'Oslo", "MALFORMED_QUERY"},
        {"SELECT Id FROM Lead WHERE City = Oslo", "MALFORMED_QUERY"},
        {"SELECT Id FROM Lead WHERE City = 'a' AND City = 'b' OR City = 'c'", "MALFORMED_QUERY"},
        {"SELECT * FROM Lead", "MALFORMED_QUERY"},
        {"SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY"},
        {"SELECT Id FROM Unicorn", "INVALID_TYPE"},
        {"SELECT Foo FROM Lead", "INVALID_FIELD"},
        {"SELECT Id FROM Lead WHERE Foo = 1", "INVALID_FIELD"},
        {"SELECT Id FROM Lead WHERE SystemModstamp > '2026-01-01T00:00:00Z'", "INVALID_FIELD"},
        {"SELECT Id FROM Lead WHERE Description = 'x'", "INVALID_FIELD"},
        {"SELECT Id FROM Lead WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"},
        {"SELECT Id FROM Lead LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (soql(p, "%s", cases[i][0]) != 400 || !str_eq(code(p), cases[i][1]))
            fail_msg("%s: %s", cases[i][0], code(p));
    assert_int_equal(soql(p, "SELECT Foo FROM Lead"), 400);
    assert_non_null(
        strstr(js_str(row_at(p, 0), "message"), "No such column 'Foo' on entity 'Lead'. If you are attempting"));
}

static void pages_hang_on_locators_that_die(void **state)
{
    struct place *p = *state;
    for (int i = 0; i < 450; i++)
        free(made_lead(p, "A"));
    AUTO_FREE char *q = http_escape("SELECT Id FROM Lead ORDER BY Id");
    AUTO_FREE char *path = mem_printf(DATA "/query?q=%s", q);
    struct header options = {"Sforce-Query-Options", "batchSize=200"};
    assert_int_equal(send_with(p, "sandbox-token", options, NULL, "GET", path, NULL), 200);
    assert_int_equal(count_at(p, "records"), 200);
    assert_int_equal(number_at(p, "totalSize"), 450);
    assert_true(json_is_false(at(p, "done")));
    AUTO_FREE char *next = keep(p, "nextRecordsUrl");
    assert_true(str_starts(next, "/services/data/v62.0/query/01g"));
    assert_true(str_eq(strchr(strstr(next, "01g"), '-'), "-200"));
    assert_int_equal(sf(p, "GET", "%s", NULL, next), 200);
    assert_int_equal(count_at(p, "records"), 250);
    assert_true(json_is_true(at(p, "done")));
    assert_null(at(p, "nextRecordsUrl"));
    sandbox_advance(p->box, 49 * (int64_t)3600000);
    assert_int_equal(sf(p, "GET", "%s", NULL, next), 400);
    assert_string_equal(code(p), "INVALID_QUERY_LOCATOR");
    set_manner(p, "{'page_size':7,'short_pages':true}");
    assert_int_equal(sf(p, "GET", "%s", NULL, path), 200);
    assert_in_range(count_at(p, "records"), 1, 7);
    assert_int_equal(soql(p, "SELECT COUNT() FROM Lead"), 200);
    assert_int_equal(number_at(p, "totalSize"), 450);
    assert_int_equal(count_at(p, "records"), 0);
}

/* ---- changes ---- */

static int window(struct place *p, const char *verb, int64_t from, int64_t to)
{
    char start[WHEN_TEXT], end[WHEN_TEXT];
    when_print(sandbox_now(p->box) + from * 60000, start);
    when_print(sandbox_now(p->box) + to * 60000, end);
    return sf(p, "GET", LEAD "/%s/?start=%.19s%%2B00:00&end=%.19s%%2B00:00", NULL, verb, start, end);
}

static void updated_covers_what_is_committed_only(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made_lead(p, "A");
    sandbox_advance(p->box, 120000);
    edit(p, "{'object':'Lead','create':{'LastName':'Late','Company':'X'},'late':300000}");
    edit(p, "{'object':'Lead','id':'%s','set':{'City':'Oslo'},'late':300000}", id);
    char began[WHEN_TEXT];
    when_print(sandbox_now(p->box), began);
    sandbox_advance(p->box, 120000);
    assert_int_equal(window(p, "updated", -60, 0), 200);
    assert_int_equal(count_at(p, "ids"), 1);
    assert_memory_equal(text_at(p, "latestDateCovered"), began, 16);
    assert_string_equal(text_at(p, "latestDateCovered") + 17, "00.000+0000");
    assert_int_equal(soql(p, "SELECT City FROM Lead"), 200);
    assert_int_equal(count_at(p, "records"), 1);
    assert_true(json_is_null(at(p, "records[0].City")));
    assert_int_equal(sf(p, "PATCH", LEAD "/%s", "{'City':'Rome'}", id), 400);
    assert_string_equal(code(p), "UNABLE_TO_LOCK_ROW");
    sandbox_advance(p->box, 240000);
    assert_int_equal(soql(p, "SELECT SystemModstamp, City FROM Lead ORDER BY Id"), 200);
    assert_int_equal(count_at(p, "records"), 2);
    assert_string_equal(text_at(p, "records[0].City"), "Oslo");
    assert_memory_equal(text_at(p, "records[1].SystemModstamp"), began, 19); /* earlier than it could be seen */
    assert_int_equal(window(p, "updated", -60, 0), 200);
    assert_int_equal(count_at(p, "ids"), 2);
}

static void windows_have_edges(void **state)
{
    struct place *p = *state;
    AUTO_FREE char *id = made_lead(p, "A");
    assert_int_equal(sf(p, "DELETE", LEAD "/%s", NULL, id), 204);
    sandbox_advance(p->box, 120000);
    assert_int_equal(window(p, "deleted", -60, 0), 200);
    assert_string_equal(text_at(p, "deletedRecords[0].id"), id);
    assert_non_null(text_at(p, "earliestDateAvailable"));
    assert_int_equal(window(p, "updated", -60, 0), 200);
    assert_int_equal(count_at(p, "ids"), 0);
    static const struct {
        const char *verb;
        int64_t from, to;
    } cases[] = {{"updated", 0, 0}, {"updated", -10, -20}, {"updated", -31 * 1440, 0}, {"deleted", -16 * 1440, 0}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(window(p, cases[i].verb, cases[i].from, cases[i].to), 400);
        assert_string_equal(code(p), "INVALID_REPLICATION_DATE");
    }
    assert_int_equal(window(p, "updated", -29 * 1440, 0), 200);
    assert_int_equal(sf(p, "GET", LEAD "/updated/?start=2026-10-01T00:00:00+00:00&end=x", NULL), 400);
    assert_int_equal(soql_all(p, "SELECT Id, IsDeleted FROM Lead WHERE IsDeleted = true"), 200);
    assert_int_equal(count_at(p, "records"), 1);
    sandbox_advance(p->box, 16 * (int64_t)86400000);
    assert_int_equal(soql_all(p, "SELECT Id FROM Lead"), 200);
    assert_int_equal(count_at(p, "records"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_salesforce, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(conditions_find_what_they_say),
        TEST(related_fields_come_nested),
        TEST(refusals_quote_the_query),
        TEST(pages_hang_on_locators_that_die),
        TEST(updated_covers_what_is_committed_only),
        TEST(windows_have_edges),
    };
    return cmocka_run_group_tests_name("sandbox.salesforce_query", tests, NULL, NULL);
}
