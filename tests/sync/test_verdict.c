/* verdict.c: one row per kind, and when to try again. */
#include "bridge/sync/verdict.h"
#include "bridge/base/mem.h"
#include <setjmp.h>
#include <stdarg.h>
/* after the standard headers */
#include <cmocka.h>

static int64_t fixed_now(struct env *env)
{
    (void)env;
    return 1000000;
}

static uint64_t least(struct env *env)
{
    (void)env;
    return 0;
}

static uint64_t most(struct env *env)
{
    (void)env;
    return UINT64_MAX;
}

static void every_kind_has_one_verdict(void **state)
{
    (void)state;
    static const struct {
        enum err_kind kind;
        enum then then;
        int code;
    } rows[] = {{ERR_NONE, THEN_DONE, 0}, {ERR_TEMP, THEN_RETRY, 3}, {ERR_RATE, THEN_WAIT, 3}, {ERR_UNSURE, THEN_PROBE, 3}, {ERR_STALE, THEN_AGAIN, 3},
                {ERR_GONE, THEN_LOST, 3}, {ERR_REJECT, THEN_DEAD, 3}, {ERR_AUTH, THEN_PAUSE, 4}, {ERR_CONFIG, THEN_PAUSE, 2}, {ERR_LIMIT, THEN_DEAD, 3},
                {ERR_STORE, THEN_PAUSE, 6}, {ERR_BUG, THEN_DEAD, 3}};
    assert_int_equal(COUNT(rows), ERR_KINDS);
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(verdict_of(rows[i].kind)->then, rows[i].then);
        assert_int_equal(verdict_of(rows[i].kind)->exit_code, rows[i].code);
    }
    assert_ptr_equal(verdict_of(ERR_KINDS), verdict_of(ERR_BUG));
    assert_true(verdict_of(ERR_UNSURE)->op_stays); /* sent, answer lost: only a look resolves it */
    assert_false(verdict_of(ERR_TEMP)->op_stays);
}

static void waits_double_up_to_ten_minutes_and_keep_half_for_chance(void **state)
{
    (void)state;
    struct env low = {.now = fixed_now, .random = least}, high = {.now = fixed_now, .random = most};
    struct err err = {.kind = ERR_TEMP};
    int64_t base = 2000;
    for (int n = 0; n < 15; n++) {
        assert_int_equal(verdict_due(&err, n, &low) - 1000000, base / 2);
        int64_t wait = verdict_due(&err, n, &high) - 1000000;
        assert_true(wait >= base / 2 && wait <= base);
        base = base * 2 > 600000 ? 600000 : base * 2;
    }
}

static void what_the_service_says_is_waited_for(void **state)
{
    (void)state;
    struct env low = {.now = fixed_now, .random = least};
    struct err err = {.kind = ERR_RATE, .retry_at = 5000000};
    assert_int_equal(verdict_due(&err, 0, &low), 5000000);
    err.retry_at = 3;
    assert_int_equal(verdict_due(&err, 0, &low), 1001000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_one_verdict),
        cmocka_unit_test(waits_double_up_to_ten_minutes_and_keep_half_for_chance),
        cmocka_unit_test(what_the_service_says_is_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
