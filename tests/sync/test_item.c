/* What is asked of a connector for one item. */
#include "bridge/sync/batch.h"
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A service whose clock or whose idea of a condition is wrong would refuse every update for ever. */
static void a_condition_that_never_holds_is_left_out_in_the_end(void **state)
{
    struct map_object o = {.type = {(char *)"prospect", (char *)"Lead"}};
    struct bound b = {.o = &o};
    struct job job = {0};
    struct item it = {.job = &job, .b = &b, .link = {.t_id = (char *)"00Q1", .t_type = (char *)"Lead"}, .t = {.modified = 1700000000000}};
    (void)state;
    assert_true(item_patch(&it, SIDE_T).unchanged_since == 1700000000000);
    job.attempts = 5;
    assert_true(item_patch(&it, SIDE_T).unchanged_since == 1700000000000);
    job.attempts = 6;
    assert_true(item_patch(&it, SIDE_T).unchanged_since == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_that_never_holds_is_left_out_in_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
