/* What is promised of many creates as one job of the service. */
#include "tests/contract/trial.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define LOADED 6

/* Takes them in two steps and hands them over; the ticket. */
static bool load_six(struct trial *t, char **ticket, struct err *err)
{
    const char *const fields[] = {t->c->text, NULL};
    struct load l __attribute__((cleanup(load_done))) = {.object = t->c->object, .key_field = t->c->key_field, .fields = fields};
    struct patch patches[LOADED];
    struct result out[LOADED] = {0};
    static char keys[LOADED][16];
    for (size_t i = 0; i < LOADED; i++) {
        snprintf(keys[i], sizeof keys[i], "x:77%zu", i);
        patches[i] = (struct patch){.object = t->c->object, .key_field = t->c->key_field, .key = keys[i], .trace = keys[i],
                                    .set = json_pack("{s:s}", t->c->text, i ? "plain" : "\"quoted\", and\ntwo lines")};
    }
    bool ok = t->c->kind->load(t->ep, patches, 2, &l, out, err) && t->c->kind->load(t->ep, patches + 2, LOADED - 2, &l, out + 2, err);
    for (size_t i = 0; i < LOADED; i++) {
        assert_int_equal(out[i].err.kind, ERR_NONE);
        json_decref(patches[i].set);
    }
    assert_true(ok);
    assert_int_equal(l.n, LOADED);
    assert_null(l.ticket);
    ok = t->c->kind->load(t->ep, NULL, 0, &l, NULL, err);
    if (ok)
        *ticket = mem_dup(l.ticket);
    return ok;
}

/* Everything the job says, by key ("" = refused); waits for its end. */
static json_t *collect_all(struct trial *t, const char *ticket)
{
    json_t *ids = json_object();
    for (int tries = 0; tries < 100; tries++) {
        struct harvest h __attribute__((cleanup(harvest_done))) = {0};
        do {
            struct err err = {0};
            if (!t->c->kind->collect(t->ep, ticket, &h, &err))
                fail_msg("%s", err.text);
            for (size_t i = 0; i < h.n; i++)
                js_set(ids, h.items[i].record.key, json_string(h.items[i].err.kind ? "" : h.items[i].record.id));
        } while (h.more);
        if (!h.running) {
            assert_int_not_equal(h.rest.kind, ERR_NONE);
            return ids;
        }
        sandbox_advance(t->box, 1000);
    }
    fail_msg("the job does not come to an end");
    return ids;
}

static void many_creates_go_as_one_job_that_begins_when_it_is_asked_about(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_BULK);
    struct err err = {0};
    AUTO_FREE char *ticket = NULL;
    AUTO_JSON json_t *before = trial_everybody(t);
    sandbox_fault(t->box, "{\"do\":\"reset_after\",\"times\":1}");
    assert_false(load_six(t, &ticket, &err)); /* what was lost is simply made again */
    assert_int_equal(err.kind, ERR_TEMP);
    sandbox_faults_clear(t->box);
    assert_true(load_six(t, &ticket, &err));
    sandbox_advance(t->box, 3600000);
    AUTO_JSON json_t *meanwhile = trial_everybody(t);
    assert_int_equal(json_object_size(meanwhile), json_object_size(before));
    AUTO_JSON json_t *ids = collect_all(t, ticket), *again = collect_all(t, ticket);
    assert_int_equal(json_object_size(ids), LOADED);
    assert_true(json_equal(ids, again));
    AUTO_JSON json_t *after = trial_everybody(t);
    const char *key;
    json_t *id;
    size_t made = 0;
    json_object_foreach (ids, key, id)
        made += *json_string_value(id) != '\0';
    assert_true(made > 0); /* where a rule watches, those alike are refused */
    assert_int_equal(json_object_size(after), json_object_size(before) + made);
    if (!*js_str_or(ids, "x:770", ""))
        return;
    AUTO(record_done) struct record first = trial_fetch(t, js_str(ids, "x:770"));
    assert_string_equal(js_str(first.fields, t->c->text), "\"quoted\", and\ntwo lines");
}

static void a_ticket_nobody_knows_is_gone(void **state)
{
    struct trial *t = *state;
    struct err err = {0};
    struct harvest h __attribute__((cleanup(harvest_done))) = {0};
    assert_false(t->c->kind->collect(t->ep, "7505e0000000042AAA no_such_key", &h, &err));
    assert_int_equal(err.kind, t->c->kind->caps & CAP_BULK ? ERR_GONE : ERR_CONFIG);
}

const struct promise bulk_promises[] = {
    PROMISE(many_creates_go_as_one_job_that_begins_when_it_is_asked_about),
    PROMISE(a_ticket_nobody_knows_is_gone),
    {0},
};
