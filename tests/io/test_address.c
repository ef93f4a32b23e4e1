/* Public addresses and those at home, in the spellings people and attackers use. */
#include "bridge/io/address.h"
#include "tests/base/asserts.h"

static void numbers_at_home_are_not_public(void **state)
{
    (void)state;
    static const char *const home[] = {"0.0.0.0", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001",
                                       "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1", "198.18.0.1",
                                       "198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255", "127.0.0.1.", "::", "::1",
                                       "[::1]", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
                                       "64:ff9b::7f00:1", "2001:db8::1", "2001::1", "2002:7f00:1::", "[fe80::1%25lo]"};
    for (size_t i = 0; i < COUNT(home); i++)
        if (address_public_host(home[i]))
            fail_msg("%s is said to be public", home[i]);
}

static void numbers_of_the_internet_are(void **state)
{
    (void)state;
    static const char *const away[] = {"1.1.1.1", "9.255.255.255", "11.0.0.1", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1",
                                       "192.167.0.1", "198.20.0.1", "223.255.255.255", "2606:4700::1111", "[2a00:1450::1]", "::ffff:8.8.8.8"};
    for (size_t i = 0; i < COUNT(away); i++)
        if (!address_public_host(away[i]))
            fail_msg("%s is said to be at home", away[i]);
}

static void some_names_never_leave_home(void **state)
{
    (void)state;
    static const char *const home[] = {"", ".", "localhost", "LOCALHOST.", "a.localhost", "printer.local", "metadata.google.internal"};
    for (size_t i = 0; i < COUNT(home); i++)
        assert_false(address_public_host(home[i]));
    assert_true(address_public_host("crm.example"));
    assert_true(address_public_host("localhost.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_at_home_are_not_public),
        cmocka_unit_test(numbers_of_the_internet_are),
        cmocka_unit_test(some_names_never_leave_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
