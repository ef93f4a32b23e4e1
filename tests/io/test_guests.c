/* Who has to go, at a clock of the test's own; the descriptors are real, so that hanging up can be seen. */
#include "bridge/base/mem.h"
#include "bridge/io/guests.h"
#include "tests/base/asserts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST 4
#define REQUEST_MS 1000
#define IDLE_MS 3000

static struct guests *all;

struct seat {
    int near, far;
    struct guest *g;
};

static int begin(void **state)
{
    (void)state;
    all = guests_new(&(struct guests_rules){MOST, REQUEST_MS, IDLE_MS});
    return 0;
}

static int end(void **state)
{
    (void)state;
    guests_free(all);
    return 0;
}

static struct seat enter_from(const struct sockaddr *from, int64_t now)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    return (struct seat){pair[0], pair[1], guests_enter(all, pair[0], from, now)};
}

static struct seat enter(const char *address, int64_t now)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
        return enter_from((struct sockaddr *)&four, now);
    assert_int_equal(inet_pton(AF_INET6, address, &six.sin6_addr), 1);
    return enter_from((struct sockaddr *)&six, now);
}

static void leave(struct seat *s)
{
    guests_leave(all, s->g);
    close(s->near);
    close(s->far);
}

static bool out(const struct seat *s)
{
    char c;
    ssize_t got = recv(s->far, &c, 1, MSG_DONTWAIT);
    assert_true(got == 0 || (got < 0 && errno == EAGAIN));
    return got == 0;
}

static void whoever_waited_longest_makes_room(void **state)
{
    struct seat s[MOST + 2];
    (void)state;
    for (int i = 0; i < MOST; i++)
        s[i] = enter("192.0.2.1", i);
    guests_speaks(all, s[0].g, 10);
    guests_heard(all, s[0].g);
    guests_waits(all, s[0].g, 10); /* answered: it begins anew */
    s[MOST] = enter("192.0.2.1", 11);
    assert_false(out(&s[0]));
    assert_true(out(&s[1]));
    leave(&s[2]); /* by itself: there is room */
    s[MOST + 1] = enter("192.0.2.1", 12);
    assert_false(out(&s[3]));
    for (int i = 0; i < MOST + 2; i++)
        if (i != 2)
            leave(&s[i]);
}

static void the_source_with_most_of_them_makes_room_for_others(void **state)
{
    struct seat good = enter("192.0.2.7", 0), s[MOST * 3];
    (void)state;
    for (int i = 0; i < MOST * 3; i++)
        s[i] = enter("192.0.2.1", 1 + i);
    assert_false(out(&good));
    for (int i = 0; i < MOST * 3; i++)
        assert_int_equal(out(&s[i]), i < MOST * 3 - (MOST - 1));
    for (int i = 0; i < MOST * 3; i++)
        leave(&s[i]);
    leave(&good);
}

static void a_network_of_ipv6_is_one_source(void **state)
{
    struct seat good = enter("2001:db8:0:7::1", 0), other = enter("2001:db8:0:8::1", 0), s[3];
    (void)state;
    s[0] = enter("2001:db8::1", 1);
    s[1] = enter("2001:db8::ffff:2", 2);
    s[2] = enter("2001:db8::3:0:0:3", 3);
    assert_false(out(&good));
    assert_false(out(&other));
    assert_true(out(&s[0]));
    for (int i = 0; i < 3; i++)
        leave(&s[i]);
    leave(&good);
    leave(&other);
}

static void a_request_in_our_hands_is_left_in_peace(void **state)
{
    struct seat s[MOST + 1];
    (void)state;
    for (int i = 0; i < MOST; i++) {
        s[i] = enter("192.0.2.1", 0);
        guests_speaks(all, s[i].g, 0);
        guests_heard(all, s[i].g);
    }
    s[MOST] = enter("192.0.2.1", 1);
    guests_look(all, 1000000);
    for (int i = 0; i < MOST; i++)
        assert_false(out(&s[i]));
    assert_true(out(&s[MOST]));
    for (int i = 0; i <= MOST; i++)
        leave(&s[i]);
}

static void who_takes_too_long_is_hung_up_on(void **state)
{
    struct seat silent = enter("192.0.2.1", 0), slow = enter("192.0.2.2", 0), idle = enter("192.0.2.3", 0), socket = enter_from(NULL, 500);
    (void)state;
    guests_speaks(all, slow.g, 900);
    guests_speaks(all, idle.g, 10);
    guests_heard(all, idle.g);
    guests_waits(all, idle.g, 20);
    guests_look(all, 999);
    assert_false(out(&silent));
    guests_look(all, 1000);
    assert_true(out(&silent));
    assert_false(out(&socket));
    guests_look(all, 1899);
    assert_false(out(&slow));
    guests_look(all, 1900);
    assert_true(out(&slow));
    assert_true(out(&socket));
    guests_look(all, 3019);
    assert_false(out(&idle));
    guests_speaks(all, idle.g, 3019); /* late, and yet it has its whole time */
    guests_look(all, 4018);
    assert_false(out(&idle));
    guests_look(all, 4019);
    assert_true(out(&idle));
    guests_waits(all, idle.g, 4020); /* what was hung up on stays so */
    guests_look(all, 9000);
    leave(&silent);
    leave(&slow);
    leave(&idle);
    leave(&socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(whoever_waited_longest_makes_room, begin, end),
        cmocka_unit_test_setup_teardown(the_source_with_most_of_them_makes_room_for_others, begin, end),
        cmocka_unit_test_setup_teardown(a_network_of_ipv6_is_one_source, begin, end),
        cmocka_unit_test_setup_teardown(a_request_in_our_hands_is_left_in_peace, begin, end),
        cmocka_unit_test_setup_teardown(who_takes_too_long_is_hung_up_on, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
