/* decide.c, row by row. The case files hold the table for people; this file holds the corners they cannot name: directions,
 * blank rules, ranks and evidence. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/sync/decide.h"
#include "bridge/sync/evidence.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
/* after the standard headers */
#include <cmocka.h>

/* Rows say only what is special about them. */
#pragma GCC diagnostic ignored "-Woverride-init"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* Values as short texts: "-" not there, "0" null, "" the empty text, anything else itself (numbers are numbers). */
static json_t *value(const char *text)
{
    int64_t n;
    if (!text || str_eq(text, "-"))
        return NULL;
    if (str_eq(text, "0"))
        return json_null();
    return str_to_int(text, 1, 1000, &n) ? json_integer(n) : json_string(text);
}

struct row {
    const char *s, *base_s, *t, *base_t;
    enum action act;
    struct rules rules;
    int rank[2];
    struct evidence seen[2];
    bool same, conflict;
};

#define BOTH .flow = FLOW_BOTH, .blank_to = {true, true}
#define RULES(...) {BOTH, .conflict = POLICY_HOLD, .initial = POLICY_HOLD, .otherwise = POLICY_HOLD, __VA_ARGS__}

static bool right(const struct row *r)
{
    AUTO_JSON json_t *s = value(r->s), *bs = value(r->base_s), *t = value(r->t), *bt = value(r->base_t);
    struct cell c = {.now = {s, t}, .base = {bs, bt}, .same = r->same, .rank = {r->rank[0], r->rank[1]}, .seen = {r->seen[0], r->seen[1]}};
    struct verdict_cell v = decide(&c, &r->rules);
    if (v.act == r->act && v.conflict == r->conflict && v.why)
        return true;
    print_error("s=%s/%s t=%s/%s: %s (%s), wanted %s\n", r->s, r->base_s, r->t, r->base_t, action_name(v.act), v.why, action_name(r->act));
    return false;
}

#define CHECK(rows)                        \
    do {                                   \
        size_t bad = 0;                    \
        for (size_t i = 0; i < COUNT(rows); i++) \
            bad += !right(&(rows)[i]);     \
        assert_int_equal(bad, 0);          \
    } while (0)

static void what_is_not_seen_or_not_to_flow_is_left_alone(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"a", "b", "c", "d", ACT_NONE, RULES(.flow = FLOW_NONE)},
        {"-", "b", "c", "d", ACT_NONE, RULES(.conflict = POLICY_CRM)},
        {"a", "b", "-", "d", ACT_NONE, RULES(.conflict = POLICY_CRM)},
        {"a", "a", "b", "b", ACT_NONE, RULES(.conflict = POLICY_CRM)},
        {"a", "b", "a", "b", ACT_ADOPT, RULES(.conflict = POLICY_CRM), .same = true},
        {"a", "-", "a", "-", ACT_ADOPT, RULES(.conflict = POLICY_CRM), .same = true},
    };
    CHECK(rows);
}

static void the_policy_decides_when_both_changed(void **state)
{
    (void)state;
#define ROW(a, b, policy, result) {a, "x", b, "y", result, RULES(.conflict = policy), .conflict = true}
    const struct row rows[] = {
        ROW("a", "b", POLICY_CRM, ACT_WRITE_S),
        ROW("a", "", POLICY_CRM, ACT_WRITE_S),
        ROW("a", "b", POLICY_SOURCE, ACT_WRITE_T),
        ROW("0", "b", POLICY_SOURCE, ACT_WRITE_T),
        ROW("a", "b", POLICY_HOLD, ACT_HOLD),
        ROW("a", "b", POLICY_CRM_UNLESS_BLANK, ACT_WRITE_S),
        ROW("a", "", POLICY_CRM_UNLESS_BLANK, ACT_WRITE_T),
        ROW("a", "b", POLICY_SOURCE_UNLESS_BLANK, ACT_WRITE_T),
        ROW("", "b", POLICY_SOURCE_UNLESS_BLANK, ACT_WRITE_S),
        ROW("5", "7", POLICY_MAX, ACT_WRITE_S),
        ROW("7", "5", POLICY_MAX, ACT_WRITE_T),
        ROW("7", "7", POLICY_MAX, ACT_ADOPT),
        ROW("5", "7", POLICY_MIN, ACT_WRITE_T),
        ROW("0", "7", POLICY_MIN, ACT_WRITE_S),
        ROW("a", "b", POLICY_UNION, ACT_HOLD),
        ROW("a", "b", POLICY_APPEND, ACT_HOLD),
    };
    CHECK(rows);
}

static void stages_only_go_on_by_their_rank(void **state)
{
    (void)state;
#define RANKED(a, b, result) {"s", "x", "t", "y", result, RULES(.conflict = POLICY_MONOTONE), .rank = {a, b}, .conflict = true}
    const struct row rows[] = {RANKED(1, 2, ACT_WRITE_S), RANKED(2, 1, ACT_WRITE_T), RANKED(1, 1, ACT_HOLD), RANKED(-1, 1, ACT_HOLD), RANKED(1, -1, ACT_HOLD)};
    CHECK(rows);
}

static void the_later_edit_wins_only_where_the_evidence_is_disjoint(void **state)
{
    (void)state;
#define TIMED(a, b, c, d, other, result) {"s", "x", "t", "y", result, RULES(.conflict = POLICY_NEWEST, .otherwise = other), .seen = {{a, b}, {c, d}}, .conflict = true}
    const struct row rows[] = {
        TIMED(10000, 11000, 1000, 2000, POLICY_CRM, ACT_WRITE_T),
        TIMED(1000, 2000, 10000, 11000, POLICY_SOURCE, ACT_WRITE_S),
        TIMED(1000, 5000, 3000, 8000, POLICY_CRM, ACT_WRITE_S),    /* they overlap */
        TIMED(1000, 5000, 6500, 6500, POLICY_SOURCE, ACT_WRITE_T), /* within the clocks' difference */
        TIMED(1000, 5000, 3000, 8000, POLICY_NEWEST, ACT_HOLD),
        TIMED(0, 0, 3000, 8000, POLICY_CRM, ACT_WRITE_S), /* nothing is known of one side */
        TIMED(1000, 2000, 0, 0, POLICY_SOURCE, ACT_WRITE_T),
    };
    CHECK(rows);
}

static void a_first_contact_prefers_a_value_to_a_blank_and_then_asks_the_operator(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"a", "-", "", "-", ACT_WRITE_T, RULES(.initial = POLICY_CRM)},
        {"0", "-", "b", "-", ACT_WRITE_S, RULES(.initial = POLICY_SOURCE)},
        {"a", "-", "b", "-", ACT_WRITE_S, RULES(.initial = POLICY_CRM), .conflict = true},
        {"a", "-", "b", "-", ACT_WRITE_T, RULES(.initial = POLICY_SOURCE), .conflict = true},
        {"a", "-", "b", "-", ACT_HOLD, RULES(.initial = POLICY_HOLD), .conflict = true},
        {"a", "-", "b", "-", ACT_WRITE_T, RULES(.initial = POLICY_NEWEST), .seen = {{9000, 9000}, {1000, 1000}}, .conflict = true},
        {"a", "x", "b", "-", ACT_WRITE_T, RULES(.initial = POLICY_SOURCE), .conflict = true}, /* half a shadow is none */
        {"a", "-", "b", "y", ACT_WRITE_T, RULES(.initial = POLICY_SOURCE), .conflict = true},
    };
    CHECK(rows);
}

static void a_one_way_field_is_never_written_backwards(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"x", "x", "b", "y", ACT_NONE, RULES(.flow = FLOW_TO_CRM)},
        {"x", "x", "b", "y", ACT_WRITE_T, RULES(.flow = FLOW_TO_CRM, .on_forbidden = FORBIDDEN_REVERT)},
        {"x", "x", "b", "y", ACT_HOLD, RULES(.flow = FLOW_TO_CRM, .on_forbidden = FORBIDDEN_ALERT)},
        {"a", "x", "y", "y", ACT_WRITE_T, RULES(.flow = FLOW_TO_CRM)},
        {"a", "x", "b", "y", ACT_WRITE_T, RULES(.flow = FLOW_TO_CRM, .conflict = POLICY_CRM), .conflict = true},
        {"a", "x", "y", "y", ACT_NONE, RULES(.flow = FLOW_TO_INBOX)},
        {"a", "x", "y", "y", ACT_WRITE_S, RULES(.flow = FLOW_TO_INBOX, .on_forbidden = FORBIDDEN_REVERT)},
        {"x", "x", "b", "y", ACT_WRITE_S, RULES(.flow = FLOW_TO_INBOX)},
        {"a", "x", "b", "y", ACT_WRITE_S, RULES(.flow = FLOW_TO_INBOX, .conflict = POLICY_SOURCE), .conflict = true},
        {"a", "-", "b", "-", ACT_WRITE_T, RULES(.flow = FLOW_TO_CRM, .initial = POLICY_CRM), .conflict = true},
        {"0", "-", "b", "-", ACT_NONE, RULES(.flow = FLOW_TO_CRM, .initial = POLICY_CRM)},
        {"a", "-", "b", "-", ACT_WRITE_S, RULES(.flow = FLOW_TO_INBOX, .initial = POLICY_SOURCE), .conflict = true},
        {"0", "x", "b", "b", ACT_NONE, {.flow = FLOW_TO_CRM, .blank_to = {true, false}}},
        {"x", "x", "0", "b", ACT_NONE, {.flow = FLOW_BOTH, .blank_to = {false, true}}},
        {"x", "x", "0", "b", ACT_WRITE_S, {.flow = FLOW_BOTH, .blank_to = {true, false}}},
        {"0", "x", "y", "y", ACT_NONE, {.flow = FLOW_TO_CRM, .on_forbidden = FORBIDDEN_REVERT, .blank_to = {true, false}}},
    };
    CHECK(rows);
}

static void the_rules_of_a_field_are_what_its_line_says(void **state)
{
    (void)state;
    struct map_field f = {.flow = FLOW_TO_CRM, .conflict = POLICY_MAX, .initial = POLICY_CRM, .otherwise = POLICY_SOURCE, .on_forbidden = FORBIDDEN_ALERT, .blank_to = {true, false}};
    struct rules r = rules_of(&f);
    assert_int_equal(r.flow, FLOW_TO_CRM);
    assert_int_equal(r.conflict, POLICY_MAX);
    assert_int_equal(r.initial, POLICY_CRM);
    assert_int_equal(r.otherwise, POLICY_SOURCE);
    assert_int_equal(r.on_forbidden, FORBIDDEN_ALERT);
    assert_true(r.blank_to[SIDE_S]);
    assert_false(r.blank_to[SIDE_T]);
}

/* ---- evidence ---- */

static json_t *js(const char *text)
{
    json_t *v = js_parse(text, strlen(text), NULL);
    assert_non_null(v);
    return v;
}

static void evidence_remembers_between_which_moments_a_field_changed(void **state)
{
    (void)state;
    json_t *changed = NULL;
    AUTO_JSON json_t *before = js("{\"a\":1,\"b\":2}"), *same = js("{\"a\":1,\"c\":9}"), *moved = js("{\"a\":1,\"b\":3}"), *again = js("{\"a\":5}");
    evidence_note(&changed, before, same, 10, 20); /* nothing differs; c was never seen before */
    assert_null(changed);
    evidence_note(&changed, before, moved, 10, 20);
    json_t *first = json_incref(changed);
    evidence_note(&changed, before, again, 30, 40);
    assert_null(json_object_get(first, "a")); /* never altered in place */
    json_decref(first);
    struct evidence a = evidence_source(changed, "a", 1, 99), b = evidence_source(changed, "b", 1, 99), c = evidence_source(changed, "c", 1, 99);
    assert_int_equal(a.from, 30);
    assert_int_equal(b.to, 20);
    assert_int_equal(c.from, 1); /* between the agreement and the last look */
    assert_int_equal(c.to, 99);
    json_decref(changed);
    AUTO_JSON json_t *history = js("{\"x\":[{\"value\":\"v\",\"at\":77}],\"y\":[]}");
    struct evidence x = evidence_target(history, "x", 1, 99), y = evidence_target(history, "y", 1, 99), z = evidence_target(NULL, "x", 2, 3);
    assert_int_equal(x.from, 77);
    assert_int_equal(x.to, 77);
    assert_int_equal(y.to, 99);
    assert_int_equal(z.from, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_seen_or_not_to_flow_is_left_alone),
        cmocka_unit_test(the_policy_decides_when_both_changed),
        cmocka_unit_test(stages_only_go_on_by_their_rank),
        cmocka_unit_test(the_later_edit_wins_only_where_the_evidence_is_disjoint),
        cmocka_unit_test(a_first_contact_prefers_a_value_to_a_blank_and_then_asks_the_operator),
        cmocka_unit_test(a_one_way_field_is_never_written_backwards),
        cmocka_unit_test(the_rules_of_a_field_are_what_its_line_says),
        cmocka_unit_test(evidence_remembers_between_which_moments_a_field_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
