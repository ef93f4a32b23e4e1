/* What is promised of deliveries: they name who was edited, and only the service's own are believed. */
#include "tests/contract/trial.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The deliveries that follow an edit of `id`. */
static json_t *delivered(struct trial *t, const char *id)
{
    assert_non_null(t->c->deliveries);
    trial_deed(t, DEED_TEXT, id, "told by a delivery");
    json_t *list = t->c->deliveries(t->box, t->service, id);
    assert_true(json_array_size(list) > 0);
    return list;
}

static bool hook(struct trial *t, const json_t *headers, const char *body, struct page *out, struct err *err)
{
    return t->c->kind->hook(t->ep, "POST", "/hooks/ep", headers, body, strlen(body), sandbox_now(t->box), out, err);
}

static void a_delivery_names_who_was_edited(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_HOOK);
    AUTO_JSON json_t *everyone = trial_everybody(t), *told = json_object(), *list = delivered(t, trial_nth(everyone, 3));
    sandbox_calls_clear(t->box);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        AUTO(page_done) struct page page = {0};
        struct err err = {0};
        if (!hook(t, json_object_get(one, "headers"), js_str(one, "body"), &page, &err))
            fail_msg("%s", err.text);
        assert_false(page.gap);
        assert_null(page.next);
        for (size_t k = 0; k < page.n; k++)
            assert_non_null(page.items[k].object);
        trial_note(&page, told);
    }
    assert_non_null(json_object_get(told, trial_nth(everyone, 3)));
    assert_int_equal(trial_calls(t, "total"), 0);
}

static void assert_refused(struct trial *t, const json_t *headers, const char *body)
{
    struct page page = {0};
    struct err err = {0};
    assert_false(hook(t, headers, body, &page, &err));
    assert_int_equal(err.kind, ERR_AUTH);
    assert_null(page.items);
}

static void a_delivery_that_was_altered_is_refused(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_HOOK);
    AUTO_JSON json_t *everyone = trial_everybody(t), *list = delivered(t, trial_nth(everyone, 3)), *nothing = json_object();
    const json_t *one = json_array_get(list, json_array_size(list) - 1), *headers = json_object_get(one, "headers");
    AUTO_FREE char *body = mem_printf("%s ", js_str(one, "body"));
    assert_refused(t, headers, body);
    body[strlen(body) - 1] = '\0';
    body[strlen(body) / 2] ^= 1;
    assert_refused(t, headers, body);
    assert_refused(t, nothing, js_str(one, "body"));
    assert_refused(t, NULL, js_str(one, "body"));
    assert_refused(t, headers, "");
}

static void a_delivery_of_yesterday_is_refused(void **state)
{
    struct trial *t = *state;
    trial_needs(t, CAP_HOOK);
    AUTO_JSON json_t *everyone = trial_everybody(t), *list = delivered(t, trial_nth(everyone, 3));
    const json_t *one = json_array_get(list, json_array_size(list) - 1);
    sandbox_advance(t->box, INT64_C(24) * 3600 * 1000);
    assert_refused(t, json_object_get(one, "headers"), js_str(one, "body"));
}

const struct promise hook_promises[] = {
    PROMISE(a_delivery_names_who_was_edited),
    PROMISE(a_delivery_that_was_altered_is_refused),
    PROMISE(a_delivery_of_yesterday_is_refused),
    {0},
};
