/* What systemd hears: through the file system, through the abstract name space, and nothing when nobody listens. */
#include "bridge/app/notify.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/base/asserts.h"
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int listener(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = strlen(name);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    memcpy(at.sun_path, name, n);
    if (*name == '@')
        at.sun_path[0] = '\0';
    assert_int_equal(bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*name == '/'))), 0);
    return fd;
}

static void assert_heard(int fd, const char *wanted)
{
    char text[600];
    ssize_t n = recv(fd, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    assert_string_equal(text, wanted);
}

static void tell_and_hear(const char *name)
{
    struct notify n;
    int fd = listener(name);
    setenv("NOTIFY_SOCKET", name, 1);
    notify_open(&n);
    notify_say(&n, "READY=1");
    notify_say(&n, "STATUS=%d routes", 3);
    assert_heard(fd, "READY=1");
    assert_heard(fd, "STATUS=3 routes");
    notify_reloading(&n);
    char text[100] = "";
    assert_true(recv(fd, text, sizeof text - 1, 0) > 0);
    assert_true(str_starts(text, "RELOADING=1\nMONOTONIC_USEC="));
    notify_close(&n);
    close(fd);
}

static void a_socket_of_the_file_system_is_told(void **state)
{
    AUTO_FREE char *name = mem_printf("/tmp/notify-test-%d", (int)getpid());
    (void)state;
    tell_and_hear(name);
    unlink(name);
}

static void a_socket_of_the_abstract_name_space_is_told(void **state)
{
    AUTO_FREE char *name = mem_printf("@inbox-bridge/notify-test-%d", (int)getpid());
    (void)state;
    tell_and_hear(name);
}

static void nobody_is_told_when_nobody_listens(void **state)
{
    static const char *const names[] = {"", "relative", "/nowhere/at/all"};
    struct notify n;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        notify_open(&n);
        assert_int_equal(n.fd, -1);
        notify_say(&n, "READY=1");
        assert_true(notify_alive(&n, 1) == WHEN_NEVER);
        notify_close(&n);
    }
}

static void signs_of_life_come_at_half_the_watchdogs_time(void **state)
{
    AUTO_FREE char *name = mem_printf("@inbox-bridge/watchdog-test-%d", (int)getpid());
    struct notify n;
    int fd = listener(name);
    (void)state;
    setenv("NOTIFY_SOCKET", name, 1);
    setenv("WATCHDOG_USEC", "20000000", 1);
    notify_open(&n);
    assert_true(notify_alive(&n, 100000) == 10000);
    assert_heard(fd, "WATCHDOG=1");
    assert_true(notify_alive(&n, 104000) == 6000);
    assert_heard(fd, "");
    assert_true(notify_alive(&n, 110000) == 10000);
    assert_heard(fd, "WATCHDOG=1");
    notify_close(&n);
    setenv("WATCHDOG_PID", "1", 1); /* another process of the unit */
    notify_open(&n);
    assert_true(notify_alive(&n, 200000) == WHEN_NEVER);
    notify_close(&n);
    unsetenv("WATCHDOG_PID");
    unsetenv("WATCHDOG_USEC");
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_of_the_file_system_is_told),
        cmocka_unit_test(a_socket_of_the_abstract_name_space_is_told),
        cmocka_unit_test(nobody_is_told_when_nobody_listens),
        cmocka_unit_test(signs_of_life_come_at_half_the_watchdogs_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
