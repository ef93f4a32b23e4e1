/* What is promised of writing: it is read back, faults stay where they belong, in doubt nothing is done twice. */
#include "tests/contract/trial.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void an_empty_patch_makes_no_call(void **state)
{
    struct trial *t = *state;
    AUTO_JSON json_t *everyone = trial_everybody(t), *set = json_object();
    const struct patch patch = {.object = t->c->object, .id = trial_nth(everyone, 2), .trace = "t", .set = set};
    AUTO(result_done) struct result out = {0};
    struct err err = {0};
    sandbox_calls_clear(t->box);
    assert_true(t->c->kind->put(t->ep, &patch, 1, &out, &err));
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_false(out.created);
    assert_int_equal(trial_calls(t, "total"), 0);
}

static void a_write_is_read_back(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FETCH);
    AUTO_JSON json_t *everyone = trial_everybody(t);
    const char *id = trial_nth(everyone, 2);
    AUTO(result_done) struct result out = trial_put(t, id, "written by the bridge");
    assert_int_equal(out.err.kind, ERR_NONE);
    assert_string_equal(out.record.id, id);
    AUTO(record_done) struct record r = trial_fetch(t, id);
    assert_true(js_equal(json_object_get(out.record.fields, t->c->text), json_object_get(r.fields, t->c->text)));
}

static void a_text_can_be_cleared(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FETCH);
    AUTO_JSON json_t *everyone = trial_everybody(t);
    const char *id = trial_nth(everyone, 2);
    AUTO(result_done) struct result full = trial_put(t, id, "x"), empty = trial_put(t, id, NULL);
    assert_int_equal(empty.err.kind, ERR_NONE);
    AUTO(record_done) struct record r = trial_fetch(t, id);
    assert_true(str_blank(js_str(r.fields, t->c->text)));
}

static void faults_of_one_item_stay_with_it(void **state)
{
    struct trial *t = *state;
    AUTO_JSON json_t *everyone = trial_everybody(t), *set = json_object();
    js_set(set, t->c->text, js_text("both"));
    const struct patch patches[] = {{.object = t->c->object, .id = trial_nth(everyone, 2), .trace = "a", .set = set},
                                    {.object = t->c->object, .id = "999999999999", .trace = "b", .set = set},
                                    {.object = t->c->object, .id = trial_nth(everyone, 4), .trace = "c", .set = set}};
    struct result out[3] = {0};
    struct err err = {0};
    assert_true(t->c->kind->put(t->ep, patches, 3, out, &err));
    assert_int_equal(out[0].err.kind, ERR_NONE);
    assert_int_equal(out[1].err.kind, ERR_GONE);
    assert_int_equal(out[2].err.kind, ERR_NONE);
    for (size_t i = 0; i < 3; i++)
        result_done(&out[i]);
}

static void a_set_keeps_what_others_added(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_FETCH);
    if (!t->c->set)
        skip();
    AUTO(schema_done) struct schema schema = {0};
    struct err err = {0};
    AUTO_JSON json_t *everyone = trial_everybody(t), *set = json_object(), *seen = json_object();
    assert_true(t->c->kind->describe(t->ep, t->c->object, &schema, &err));
    const char *option = schema_find(&schema, t->c->set)->options[0].id, *id = trial_nth(everyone, 2);
    AUTO(record_done) struct record before = trial_fetch(t, id);
    js_set(set, t->c->set, json_pack("[s]", option));
    js_set(seen, t->c->set, json_array());
    const struct patch patch = {.object = t->c->object, .id = id, .trace = "t", .set = set, .seen = seen};
    AUTO(result_done) struct result out = {0};
    assert_true(t->c->kind->put(t->ep, &patch, 1, &out, &err));
    assert_int_equal(out.err.kind, ERR_NONE);
    const json_t *now = json_object_get(out.record.fields, t->c->set);
    assert_true(json_array_size(now) >= 1);
    if (t->c->kind->caps & CAP_CREATE)
        return; /* services that take whole sets replace them */
    assert_true(json_array_size(now) >= json_array_size(json_object_get(before.fields, t->c->set)));
}

static void a_lost_answer_leaves_it_open(void **state)
{
    struct trial *t = *state;
    AUTO_JSON json_t *everyone = trial_everybody(t);
    sandbox_fault(t->box, "{\"do\":\"reset_after\",\"times\":1}");
    AUTO(result_done) struct result out = trial_put(t, trial_nth(everyone, 2), "perhaps");
    assert_int_equal(out.err.kind, ERR_UNSURE);
    sandbox_faults_clear(t->box);
}

static void an_answer_that_cannot_be_read_leaves_it_open(void **state)
{
    struct trial *t = *state;
    AUTO_JSON json_t *everyone = trial_everybody(t);
    static const char *const faults[] = {"{\"do\":\"empty\",\"times\":1}", "{\"do\":\"truncate\",\"times\":1}"};
    for (size_t i = 0; i < COUNT(faults); i++) {
        sandbox_fault(t->box, faults[i]);
        AUTO(result_done) struct result out = trial_put(t, trial_nth(everyone, 2 + i), "perhaps");
        assert_int_equal(out.err.kind, ERR_UNSURE);
        sandbox_faults_clear(t->box);
    }
}

/* In doubt a write is put again; what people did since is not undone. */
static void a_write_put_again_is_done_once(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_REPEAT);
    AUTO_JSON json_t *everyone = trial_everybody(t);
    const char *id = trial_nth(everyone, 2);
    sandbox_fault(t->box, "{\"do\":\"reset_after\",\"times\":1}");
    AUTO(result_done) struct result lost = trial_put(t, id, "of the bridge");
    assert_int_equal(lost.err.kind, ERR_UNSURE);
    trial_deed(t, DEED_TEXT, id, "of a person");
    sandbox_calls_clear(t->box);
    t->traces--; /* the same again */
    AUTO(result_done) struct result again = trial_put(t, id, "of the bridge");
    assert_int_equal(again.err.kind, ERR_NONE);
    assert_int_equal(trial_calls(t, "writes"), 0);
    if (!(t->ep->caps & CAP_FETCH))
        return;
    AUTO(record_done) struct record r = trial_fetch(t, id);
    assert_string_equal(js_str(r.fields, t->c->text), "of a person");
}

static void two_creates_with_one_key_are_one_record(void **state)
{
    struct trial *t = *state;
    AUTO_JSON json_t *before = trial_everybody(t);
    if (!(t->c->kind->caps & CAP_CREATE)) {
        AUTO(result_done) struct result none = trial_create(t, "x:1");
        assert_int_equal(none.err.kind, ERR_CONFIG);
        return;
    }
    AUTO(result_done) struct result one = trial_create(t, "x:424242"), two = trial_create(t, "x:424242");
    assert_int_equal(one.err.kind, ERR_NONE);
    assert_int_equal(two.err.kind, ERR_NONE);
    assert_string_equal(one.record.id, two.record.id);
    AUTO_JSON json_t *after = trial_everybody(t);
    assert_int_equal(json_object_size(after), json_object_size(before) + 1);
}

const struct promise write_promises[] = {
    PROMISE(an_empty_patch_makes_no_call),
    PROMISE(a_write_is_read_back),
    PROMISE(a_text_can_be_cleared),
    PROMISE(faults_of_one_item_stay_with_it),
    PROMISE(a_set_keeps_what_others_added),
    PROMISE(a_lost_answer_leaves_it_open),
    PROMISE(an_answer_that_cannot_be_read_leaves_it_open),
    PROMISE(a_write_put_again_is_done_once),
    PROMISE(two_creates_with_one_key_are_one_record),
    {0},
};
