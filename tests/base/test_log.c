/* Log lines, read back from a pipe. */
#include "bridge/base/log.h"
#include "bridge/base/str.h"
#include "tests/base/asserts.h"
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static int ends[2];
static char got[1 << 16];

static int64_t clock_still(void *self)
{
    return *(int64_t *)self;
}

static int setup(void **state)
{
    static int64_t now = INT64_C(1772442930250);
    (void)state;
    if (pipe2(ends, O_NONBLOCK))
        return -1;
    log_open(ends[1], LOG_LEVEL_INFO);
    log_clock(clock_still, &now);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    log_open(-1, LOG_LEVEL_ERROR);
    log_clock(NULL, NULL);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static const char *lines(void)
{
    ssize_t n = read(ends[0], got, sizeof got - 1);
    got[n > 0 ? n : 0] = '\0';
    return got;
}

static void an_event_is_one_line_of_fields(void **state)
{
    (void)state;
    log_info("job.done", "route", "sales", "n", log_int(-5), NULL);
    assert_string_equal(lines(), "ts=2026-03-02T09:15:30.250Z level=info event=job.done route=sales n=-5\n");
}

static void a_field_without_text_is_left_out(void **state)
{
    (void)state;
    log_error("job.dead", "route", NULL, "kind", "REJECT", NULL);
    assert_string_equal(lines(), "ts=2026-03-02T09:15:30.250Z level=error event=job.dead kind=REJECT\n");
}

static void values_with_blanks_are_quoted_and_stay_on_one_line(void **state)
{
    (void)state;
    log_warn("x", "a", "two words", "b", "", "c", "say \"hi\" \\ bye", "d", "line\nbreak\x1b[31m\r", "e", "k=v", NULL);
    assert_holds(lines(), " a=\"two words\" b=\"\" c=\"say \\\"hi\\\" \\\\ bye\" d=\"line\\nbreak [31m \" e=\"k=v\"\n");
}

static void levels_below_the_lowest_kept_are_silent(void **state)
{
    (void)state;
    log_debug("chatter", NULL);
    assert_string_equal(lines(), "");
    log_open(ends[1], LOG_LEVEL_DEBUG);
    log_debug("chatter", NULL);
    assert_holds(lines(), "level=debug event=chatter\n");
}

static void secrets_are_never_printed(void **state)
{
    (void)state;
    static const char *const names[] = {"token",         "refresh_token", "client_secret", "password",
                                        "Authorization", "key_file",      "TOKEN"};
    for (size_t i = 0; i < COUNT(names); i++) {
        log_info("x", names[i], "hunter2", NULL);
        assert_null(strstr(lines(), "hunter2"));
        assert_holds(got, "=***\n");
    }
    log_info("x", "token_age", "5m", NULL);
    assert_holds(lines(), "token_age=5m");
}

static void one_long_value_does_not_push_the_others_off_the_line(void **state)
{
    (void)state;
    AUTO_FREE char *text = mem_printf("%010000d", 1);
    log_info("x", "body", text, "after", "here", NULL);
    assert_true(strlen(lines()) < 3000);
    assert_holds(got, "000…\" after=here\n");
}

static void bytes_that_are_not_utf8_do_not_reach_the_log(void **state)
{
    (void)state;
    log_info("x", "name", "caf\xe9", NULL);
    assert_holds(lines(), "name=\"caf?\"\n");
    log_info("x", "name", "caf\xc3\xa9", NULL);
    assert_holds(lines(), "name=caf\xc3\xa9\n");
}

static void eight_numbers_fit_into_one_line(void **state)
{
    (void)state;
    log_info("x", "a", log_int(1), "b", log_int(2), "c", log_int(3), "d", log_int(4), "e", log_int(5), "f", log_int(6),
             "g", log_int(7), "h", log_int(INT64_MIN), NULL);
    assert_holds(lines(), "a=1 b=2 c=3 d=4 e=5 f=6 g=7 h=-9223372036854775808\n");
}

static void a_full_pipe_does_not_stop_the_bridge(void **state)
{
    (void)state;
    AUTO_FREE char *text = mem_printf("%02000d", 1);
    for (int i = 0; i < 200; i++)
        log_info("x", "body", text, NULL);
    assert_true(strlen(lines()) > 0);
}

static void *chatter(void *name)
{
    for (int i = 0; i < 100; i++)
        log_info("x", "who", (const char *)name, "n", log_int(i), NULL);
    return NULL;
}

static void threads_do_not_mix_their_lines(void **state)
{
    (void)state;
    pthread_t a, b;
    int n = 0;
    pthread_create(&a, NULL, chatter, "a");
    pthread_create(&b, NULL, chatter, "b");
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    char *rest = NULL;
    lines();
    for (char *line = strtok_r(got, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), n++)
        assert_true(str_starts(line, "ts=2026-03-02T09:15:30.250Z level=info event=x who="));
    assert_int_equal(n, 200);
}

static void the_system_clock_is_the_default(void **state)
{
    (void)state;
    log_clock(NULL, NULL);
    log_info("x", NULL);
    assert_true(str_starts(lines(), "ts=20"));
}

#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(an_event_is_one_line_of_fields),
        LOG_TEST(a_field_without_text_is_left_out),
        LOG_TEST(values_with_blanks_are_quoted_and_stay_on_one_line),
        LOG_TEST(levels_below_the_lowest_kept_are_silent),
        LOG_TEST(secrets_are_never_printed),
        LOG_TEST(one_long_value_does_not_push_the_others_off_the_line),
        LOG_TEST(bytes_that_are_not_utf8_do_not_reach_the_log),
        LOG_TEST(eight_numbers_fit_into_one_line),
        LOG_TEST(a_full_pipe_does_not_stop_the_bridge),
        LOG_TEST(threads_do_not_mix_their_lines),
        LOG_TEST(the_system_clock_is_the_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
