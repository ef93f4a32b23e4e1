/* What is promised of refusals: those of the connector, of the token and of the quota say what they are. */
#include "tests/contract/trial.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void what_it_cannot_do_is_a_fault_of_the_configuration(void **state)
{
    struct trial *t = *state;
    struct err err = {0};
    json_t *missing = NULL;
    struct schema wanted = {0};
    struct page page = {0};
    if (!(t->c->kind->caps & CAP_SETUP)) {
        assert_false(t->c->kind->setup(t->ep, &wanted, false, &missing, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
    }
    if (!(t->c->kind->caps & CAP_HOOK)) {
        assert_false(t->c->kind->hook(t->ep, "POST", "/", NULL, "", 0, 0, &page, &err));
        assert_int_equal(err.kind, ERR_CONFIG);
    }
}

static void a_refused_token_is_told_as_such(void **state)
{
    struct trial *t = *state;
    struct organisation out = {0};
    struct err err = {0};
    sandbox_fault(t->box, "{\"do\":\"status\",\"status\":401,\"times\":9}");
    assert_false(t->c->kind->probe(t->ep, &out, &err));
    assert_int_equal(err.kind, ERR_AUTH);
    sandbox_faults_clear(t->box);
}

static void a_quota_used_up_says_when_to_come_back(void **state)
{
    struct trial *t = *state;
    struct organisation out = {0};
    struct err err = {0};
    sandbox_fault(t->box, "{\"do\":\"status\",\"status\":429,\"times\":9,\"retry_after\":30}");
    assert_false(t->c->kind->probe(t->ep, &out, &err));
    assert_int_equal(err.kind, ERR_RATE);
    assert_true(err.retry_at > sandbox_now(t->box));
    sandbox_faults_clear(t->box);
}

const struct promise refusal_promises[] = {
    PROMISE(what_it_cannot_do_is_a_fault_of_the_configuration),
    PROMISE(a_refused_token_is_told_as_such),
    PROMISE(a_quota_used_up_says_when_to_come_back),
    {0},
};
