/* What killed commands left beside the store goes; what others still work with stays. */
#include "bridge/app/beside.h"
#include "bridge/base/mem.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static pid_t gone(void)
{
    pid_t pid = fork();
    if (!pid)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return pid;
}

static void touch(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void only_files_of_commands_that_are_gone_are_removed(void **state)
{
    char folder[] = "/tmp/inbox-bridge-beside.XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(folder));
    AUTO_FREE char *store = mem_printf("%s/bridge.db", folder), *mine = beside_path(store, "plan");
    AUTO_FREE char *dead = mem_printf("%s.plan-%d", store, (int)gone()), *dead_too = mem_printf("%s.import-%d", store, (int)gone());
    AUTO_FREE char *other = mem_printf("%s/other.db.plan-%d", folder, (int)gone()), *odd = mem_printf("%s.plan-x", store);
    const char *const stay[] = {store, mine, other, odd};
    for (size_t i = 0; i < 4; i++)
        touch(stay[i]);
    touch(dead);
    touch(dead_too);
    beside_tidy(store);
    assert_int_not_equal(access(dead, F_OK), 0);
    assert_int_not_equal(access(dead_too, F_OK), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(access(stay[i], F_OK), 0);
        unlink(stay[i]);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void a_store_in_a_folder_that_is_not_there_is_no_matter(void **state)
{
    (void)state;
    beside_tidy("/nonexistent/bridge.db");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_files_of_commands_that_are_gone_are_removed),
        cmocka_unit_test(a_store_in_a_folder_that_is_not_there_is_no_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
