/* Memory: zeroed, copied, wiped, freed at the closing brace, and never NULL. */
#include "tests/base/asserts.h"
#include <sys/wait.h>
#include <unistd.h>

static void new_memory_is_zeroed(void **state)
{
    (void)state;
    AUTO_FREE char *p = mem_alloc(64);
    for (int i = 0; i < 64; i++)
        assert_int_equal(p[i], 0);
}

static void nothing_is_still_something_to_free(void **state)
{
    (void)state;
    AUTO_FREE void *a = mem_alloc(0);
    AUTO_FREE void *b = mem_grow(NULL, 0, 8);
    assert_non_null(a);
    assert_non_null(b);
}

static void growing_keeps_what_was_there(void **state)
{
    (void)state;
    AUTO_FREE int *p = NULL;
    for (int i = 0; i < 1000; i++) {
        p = mem_grow(p, (size_t)i + 1, sizeof *p);
        p[i] = i;
    }
    assert_int_equal(p[0], 0);
    assert_int_equal(p[999], 999);
}

static void copies_are_their_own(void **state)
{
    (void)state;
    char word[] = "inbox";
    AUTO_FREE char *all = mem_dup(word);
    AUTO_FREE char *part = mem_dup_n(word, 2);
    word[0] = 'X';
    assert_string_equal(all, "inbox");
    assert_string_equal(part, "in");
}

static void the_copy_of_nothing_is_nothing(void **state)
{
    (void)state;
    assert_null(mem_dup(NULL));
    AUTO_FREE char *empty = mem_dup_n("", 0);
    assert_string_equal(empty, "");
}

static void printing_measures_before_it_writes(void **state)
{
    (void)state;
    AUTO_FREE char *s = mem_printf("%0*d", 5000, 7);
    assert_int_equal(strlen(s), 5000);
    assert_int_equal(s[4999], '7');
}

static void wiping_leaves_zeros_and_accepts_nothing(void **state)
{
    (void)state;
    char secret[] = "hunter2";
    mem_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++)
        assert_int_equal(secret[i], 0);
    mem_wipe(NULL, 0);
}

/* In a child of its own, quietly: sanitizers would end it with words of their own. */
static void a_size_that_overflows_ends_the_process(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        volatile size_t n = SIZE_MAX / 2;
        if (!freopen("/dev/null", "w", stderr))
            _exit(0);
        void *p = mem_grow(NULL, n, 16);
        _exit(p ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_memory_is_zeroed),
        cmocka_unit_test(nothing_is_still_something_to_free),
        cmocka_unit_test(growing_keeps_what_was_there),
        cmocka_unit_test(copies_are_their_own),
        cmocka_unit_test(the_copy_of_nothing_is_nothing),
        cmocka_unit_test(printing_measures_before_it_writes),
        cmocka_unit_test(wiping_leaves_zeros_and_accepts_nothing),
        cmocka_unit_test(a_size_that_overflows_ends_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
