/* What is promised of a survey: all records at once, as a job of the service. */
#include "tests/contract/trial.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* One piece of a survey; the ids it tells are added. */
static bool told_some(struct trial *t, struct survey *s, json_t *ids)
{
    struct err err = {0};
    if (!t->c->kind->survey(t->ep, s, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < s->n; i++) {
        assert_int_equal(s->items[i].err.kind, ERR_NONE);
        assert_true(s->items[i].as_of > 0);
        assert_string_equal(json_object_get(ids, s->items[i].id) ? "told twice" : "", "");
        js_set(ids, s->items[i].id, json_incref(s->items[i].fields ? s->items[i].fields : json_null()));
    }
    return s->more;
}

/* All it tells; every call but those for the next piece goes by the ticket alone, as after a cut. */
static json_t *surveyed(struct trial *t)
{
    const char *const fields[] = {t->c->text, t->c->key_field, NULL};
    AUTO_FREE char *at = NULL;
    json_t *ids = json_object();
    for (int tries = 0; tries < 100; tries++) {
        struct survey s __attribute__((cleanup(survey_done))) = {.object = t->c->object, .key_field = t->c->key_field, .fields = fields, .ticket = mem_dup(at)};
        while (told_some(t, &s, ids))
            ;
        free(at);
        at = mem_dup(s.ticket);
        if (s.over)
            return ids;
        sandbox_advance(t->box, 1000);
    }
    fail_msg("the job does not come to an end");
    return ids;
}

static void a_survey_tells_every_record_with_a_key_once(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_SURVEY);
    AUTO(result_done) struct result made = trial_create(t, "x:881");
    assert_non_null(made.record.id);
    AUTO_JSON json_t *ids = surveyed(t);
    AUTO(record_done) struct record same = trial_fetch(t, made.record.id);
    assert_true(js_equal(json_object_get(json_object_get(ids, made.record.id), t->c->text), json_object_get(same.fields, t->c->text)));
    const char *id;
    json_t *fields;
    json_object_foreach (ids, id, fields)
        assert_non_null(js_str(fields, t->c->key_field));
}

static void a_survey_called_off_is_forgotten(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_SURVEY);
    const char *const fields[] = {t->c->text, NULL};
    struct survey s __attribute__((cleanup(survey_done))) = {.object = t->c->object, .key_field = t->c->key_field, .fields = fields};
    struct err err = {0};
    assert_true(t->c->kind->survey(t->ep, &s, &err));
    assert_non_null(s.ticket);
    s.drop = true;
    assert_true(t->c->kind->survey(t->ep, &s, &err));
    s.drop = false;
    s.over = s.running = false;
    assert_false(t->c->kind->survey(t->ep, &s, &err));
    assert_int_equal(err.kind, ERR_GONE);
}

const struct promise survey_promises[] = {
    PROMISE(a_survey_tells_every_record_with_a_key_once),
    PROMISE(a_survey_called_off_is_forgotten),
    {0},
};
