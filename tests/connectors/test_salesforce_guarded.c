/* Updates on condition: parts of a composite call, each with the moment its record was last changed as the writer knows it. */
#include "tests/connectors/salesforce_kit.h"

#define COMPOSITE "POST https://service.example/services/data/v62.0/composite {"
#define PART(id, status, body) "{\"body\":" body ",\"httpHeaders\":{},\"httpStatusCode\":" status ",\"referenceId\":\"" id "\"}"
#define SINCE INT64_C(1772442000000) /* 2026-03-02T09:00:00Z */
#define MANY 51

static void add(struct put *p, const char *id, const char *set, int64_t since)
{
    put_add(p, id, set)->unchanged_since = since;
}

static void who_changed_meanwhile_is_not_written_over(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, "{\"Title\":\"Countess\"}", SINCE);
    add(&p, TWO, "{\"Title\":\"x\"}", SINCE + 61000);
    add(&p, THREE, "{\"Title\":\"y\"}", SINCE);
    recorded_add(w, COMPOSITE, 200,
                 "{\"compositeResponse\":[" PART(ONE, "204", "null") "," PART(TWO, "412", "null") "," PART(
                     THREE, "400", ERRORS("UNABLE_TO_LOCK_ROW", "locked")) "]}");
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"Title\":\"Countess\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
    assert_member(p.out[0].record.fields, "Title", "'Countess'");
    assert_int_equal(p.out[1].err.kind, ERR_STALE);
    assert_int_equal(p.out[2].err.kind, ERR_TEMP);
    assert_int_equal(recorded_count(w, COMPOSITE), 1);
    assert_int_equal(recorded_count(w, "\"If-Unmodified-Since\":\"Mon, 02 Mar 2026 09:00:00 GMT\""), 1);
    assert_int_equal(recorded_count(w, "\"If-Unmodified-Since\":\"Mon, 02 Mar 2026 09:01:01 GMT\""), 1);
    assert_int_equal(recorded_count(w, "\"Sforce-Auto-Assign\":\"FALSE\""), 1); /* parts inherit none */
    assert_int_equal(recorded_count(w, "/sobjects/Lead/" ONE "\",\"referenceId\""), 1);
}

static void what_the_answer_does_not_tell_is_open(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, "{\"Title\":\"a\"}", SINCE);
    add(&p, TWO, "{\"Title\":\"b\"}", SINCE);
    recorded_add(w, COMPOSITE, 200, "{\"compositeResponse\":[" PART(TWO, "500", "null") "]}");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_UNSURE);
    assert_int_equal(p.out[1].err.kind, ERR_UNSURE);
    assert_int_equal(recorded_count(w, UPDATE), 0);
}

static void a_lost_answer_is_open(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, "{\"Title\":\"a\"}", SINCE);
    recorded_add(w, COMPOSITE, 0, NULL);
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_UNSURE);
    assert_int_equal(recorded_count(w, UPDATE), 0);
}

static void what_is_refused_as_a_whole_goes_the_ordinary_way(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    add(&p, ONE, "{\"Title\":\"a\"}", SINCE);
    recorded_add(w, COMPOSITE, 400, ERRORS("INVALID_INPUT", "no"));
    recorded_add(w, UPDATE, 200, "[" DONE(ONE) "]");
    recorded_add(w, BACK, 200, "[" ROW(ONE, ",\"Title\":\"a\"") "]");
    put_go(w, &p);
    assert_int_equal(p.out[0].err.kind, ERR_NONE);
}

/* A mass change goes 200 a call; so does what the writer has not read. */
static void too_many_and_unread_ones_go_without_condition(void **state)
{
    struct recorded *w = *state;
    AUTO(put_done) struct put p = {0};
    struct buf rows = {0};
    for (int i = 1; i <= MANY; i++) {
        AUTO_FREE char *id = mem_printf("00Q0000000%05dAAA", i);
        add(&p, id, "{\"Title\":\"a\"}", SINCE);
        buf_printf(&rows, "%s{\"id\":\"%s\",\"success\":true,\"errors\":[]}", i > 1 ? "," : "", id);
    }
    AUTO_FREE char *answer = mem_printf("[%s]", buf_str(&rows));
    buf_done(&rows);
    recorded_add(w, UPDATE, 200, answer);
    recorded_add(w, BACK, 200, "[]");
    put_go(w, &p);
    assert_int_equal(recorded_count(w, "/composite {"), 0);
    assert_int_equal(recorded_count(w, UPDATE), 1);
    AUTO(put_done) struct put unread = {0};
    add(&unread, ONE, "{\"Title\":\"a\"}", 0);
    recorded_add(w, UPDATE, 200, "[" DONE(ONE) "]");
    recorded_add(w, BACK, 200, "[]");
    put_go(w, &unread);
    assert_int_equal(recorded_count(w, "/composite {"), 0);
    assert_int_equal(recorded_count(w, UPDATE), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, salesforce_begin, salesforce_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_changed_meanwhile_is_not_written_over),
        TEST(what_the_answer_does_not_tell_is_open),
        TEST(a_lost_answer_is_open),
        TEST(what_is_refused_as_a_whole_goes_the_ordinary_way),
        TEST(too_many_and_unread_ones_go_without_condition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
