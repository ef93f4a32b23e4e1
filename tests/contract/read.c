/* What is promised of reading: who one is, what can be written, and what stands in a record now. */
#include "tests/contract/trial.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void the_organisation_stays_the_same(void **state)
{
    struct trial *t = *state;
    AUTO(organisation_done) struct organisation one = {0}, two = {0};
    struct err err = {0};
    assert_true(t->c->kind->probe(t->ep, &one, &err));
    assert_true(t->c->kind->probe(t->ep, &two, &err));
    assert_non_null(one.id);
    assert_string_equal(one.id, two.id);
}

static void the_description_has_what_can_be_written(void **state)
{
    struct trial *t = *state;
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    assert_true(t->c->kind->describe(t->ep, t->c->object, &schema, &err));
    const struct schema_field *text = schema_find(&schema, t->c->text);
    if (schema.open && !text)
        return; /* takes whatever it is given */
    assert_non_null(text);
    assert_false(text->read_only);
    assert_int_equal(text->type, SCHEMA_TEXT);
    if (t->c->set) {
        assert_non_null(schema_find(&schema, t->c->set));
        assert_true(schema_find(&schema, t->c->set)->n_options > 0);
    }
    for (size_t i = 0; i < schema.n; i++)
        assert_non_null(schema.fields[i].name);
}

static void reads_answer_in_the_order_asked(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FETCH);
    enum { N = 120 };
    AUTO_JSON json_t *everyone = trial_everybody(t);
    const char *ids[N], *const fields[] = {t->c->text, NULL};
    static struct record out[N];
    struct err err = {0};
    memset(out, 0, sizeof out);
    for (size_t i = 0; i < N; i++)
        ids[i] = trial_nth(everyone, i * 2);
    assert_true(t->c->kind->fetch(t->ep, t->c->object, ids, N, fields, 0, out, &err));
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(out[i].err.kind, ERR_NONE);
        assert_int_equal(out[i].state, RECORD_LIVE);
        assert_string_equal(out[i].id, ids[i]);
        assert_true(json_object_size(out[i].fields) <= 1);
        record_done(&out[i]);
    }
}

static void an_unknown_id_is_gone_and_the_others_are_there(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FETCH);
    AUTO_JSON json_t *everyone = trial_everybody(t);
    const char *const ids[] = {trial_nth(everyone, 0), "999999999999", trial_nth(everyone, 1)};
    struct record out[3] = {0};
    struct err err = {0};
    assert_true(t->c->kind->fetch(t->ep, t->c->object, ids, 3, NULL, 0, out, &err));
    assert_int_equal(out[0].state, RECORD_LIVE);
    assert_int_equal(out[1].state, RECORD_GONE);
    assert_string_equal(out[1].id, ids[1]);
    assert_int_equal(out[2].state, RECORD_LIVE);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(out[i].err.kind, ERR_NONE);
        record_done(&out[i]);
    }
}

static void a_read_sees_a_persons_edit_at_once(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FETCH);
    AUTO_JSON json_t *everyone = trial_everybody(t);
    const char *id = trial_nth(everyone, 5);
    trial_deed(t, DEED_TEXT, id, "seen at once");
    AUTO(record_done) struct record r = trial_fetch(t, id);
    assert_string_equal(js_str(r.fields, t->c->text), "seen at once");
    assert_true(r.as_of > 0);
}

static void what_was_removed_is_gone_or_in_the_bin(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FETCH);
    AUTO_JSON json_t *everyone = trial_everybody(t);
    const char *id = trial_nth(everyone, 5);
    if (!trial_deed(t, DEED_REMOVE, id, NULL))
        return; /* not skip(): it would jump over what is to be freed */
    AUTO(record_done) struct record r = trial_fetch(t, id);
    assert_true(r.state == RECORD_GONE || r.state == RECORD_ARCHIVED);
    AUTO(result_done) struct result put = trial_put(t, id, "x");
    assert_int_equal(put.err.kind, ERR_GONE);
}

static void what_was_merged_says_into_whom(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FETCH);
    AUTO_JSON json_t *everyone = trial_everybody(t);
    const char *loser = trial_nth(everyone, 5), *winner = trial_nth(everyone, 6);
    if (!trial_deed(t, DEED_MERGE, loser, winner))
        return;
    AUTO(record_done) struct record r = trial_fetch(t, loser);
    assert_int_equal(r.state, RECORD_MERGED);
    assert_non_null(r.moved_to);
}

static void finding_by_a_unique_field_is_a_strong_read(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FIND);
    if (!t->c->unique)
        skip();
    AUTO_JSON json_t *everyone = trial_everybody(t);
    AUTO(record_done) struct record known = trial_fetch(t, trial_nth(everyone, 9));
    const char *const values[] = {js_str(known.fields, t->c->unique), "987654321000"};
    struct found out[2] = {0};
    struct err err = {0};
    assert_non_null(values[0]);
    assert_true(t->c->kind->find(t->ep, t->c->object, t->c->unique, values, 2, NULL, out, &err));
    assert_int_equal(out[0].n, 1);
    assert_string_equal(out[0].items[0].id, known.id);
    assert_int_equal(out[1].n, 0);
    assert_int_equal(out[1].err.kind, ERR_NONE);
    found_done(&out[0]);
    found_done(&out[1]);
}

const struct promise read_promises[] = {
    PROMISE(the_organisation_stays_the_same),
    PROMISE(the_description_has_what_can_be_written),
    PROMISE(reads_answer_in_the_order_asked),
    PROMISE(an_unknown_id_is_gone_and_the_others_are_there),
    PROMISE(a_read_sees_a_persons_edit_at_once),
    PROMISE(what_was_removed_is_gone_or_in_the_bin),
    PROMISE(what_was_merged_says_into_whom),
    PROMISE(finding_by_a_unique_field_is_a_strong_read),
    {0},
};
