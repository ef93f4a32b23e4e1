/* Times as services write them, and spans as people do. */
#include "bridge/base/when.h"
#include "tests/base/asserts.h"
#include <time.h>

#define SAMPLE INT64_C(1772442930250) /* 2026-03-02T09:15:30.250Z */

static void times_are_printed_in_utc_with_milliseconds(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "1970-01-01T00:00:00.000Z"},
                {SAMPLE, "2026-03-02T09:15:30.250Z"},
                {-1, "1969-12-31T23:59:59.999Z"},
                {INT64_C(951782400000), "2000-02-29T00:00:00.000Z"},
                {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[WHEN_TEXT];
        when_print(rows[i].ms, out);
        assert_string_equal(out, rows[i].text);
    }
}

static void the_ends_of_time_can_be_printed(void **state)
{
    (void)state;
    char out[WHEN_TEXT];
    when_print(WHEN_NEVER, out);
    assert_true(strlen(out) < WHEN_TEXT);
    when_print(INT64_MIN, out);
    assert_true(strlen(out) < WHEN_TEXT);
}

static void iso_8601_is_read_in_the_spellings_services_use(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"2026-03-02T09:15:30.250Z", SAMPLE},      {"2026-03-02t09:15:30.250z", SAMPLE},
                {"2026-03-02 09:15:30.25Z", SAMPLE},       {"2026-03-02T09:15:30.250999999Z", SAMPLE},
                {"2026-03-02T10:15:30.250+01:00", SAMPLE}, {"2026-03-02T09:15:30.250+0000", SAMPLE},
                {"2026-03-01T23:45:30.250-0930", SAMPLE},  {"2026-03-02T09:15:30Z", SAMPLE - 250},
                {"2026-03-02T09:15Z", SAMPLE - 30250},     {"2026-03-02", SAMPLE - 33330250},
                {"2016-12-31T23:59:60Z", 1483228800000},   {"1969-12-31T23:59:59.999Z", -1}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = 0;
        if (!when_parse(rows[i].text, &ms))
            fail_msg("refused %s", rows[i].text);
        assert_true(ms == rows[i].ms);
    }
}

static void what_is_no_time_leaves_the_place_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "now",
                                      "2026",
                                      "2026-3-2",
                                      "2026-13-01",
                                      "2026-00-01",
                                      "2026-02-29",
                                      "2026-04-31",
                                      "2026-01-32",
                                      "2026-01-00",
                                      "1900-02-29",
                                      "20260302",
                                      "2026-03-02T",
                                      "2026-03-02T09",
                                      "2026-03-02T09:15:30",
                                      "2026-03-02T24:00:00Z",
                                      "2026-03-02T09:60:00Z",
                                      "2026-03-02T09:15:61Z",
                                      "2026-03-02T09:15:30.Z",
                                      "2026-03-02T09:15:30+1",
                                      "2026-03-02T09:15:30+25:00",
                                      "2026-03-02T09:15:30Zx",
                                      "2026-03-02x",
                                      " 2026-03-02",
                                      "1772442930"};
    int64_t ms = 7;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (when_parse(bad[i], &ms))
            fail_msg("accepted %s", bad[i]);
    assert_false(when_parse(NULL, &ms));
    assert_int_equal(ms, 7);
}

static void every_day_of_four_centuries_reads_back_as_itself(void **state)
{
    (void)state;
    for (int64_t day = -719528 + 366; day < 200000; day += 1) {
        char out[WHEN_TEXT];
        int64_t ms = 0;
        when_print(day * 86400000, out);
        assert_true(when_parse(out, &ms));
        assert_true(ms == day * 86400000);
    }
}

static void the_calendar_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t s = -3000000000; s < 8000000000; s += 7654321) {
        char ours[WHEN_TEXT], theirs[WHEN_TEXT];
        time_t t = (time_t)s;
        struct tm tm;
        when_print(s * 1000, ours);
        strftime(theirs, sizeof theirs, "%Y-%m-%dT%H:%M:%S.000Z", gmtime_r(&t, &tm));
        assert_string_equal(ours, theirs);
    }
}

static void http_dates_are_read_in_every_month(void **state)
{
    (void)state;
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int m = 0; m < 12; m++) {
        char http[64], iso[64];
        int64_t a = 0, b = 1;
        snprintf(http, sizeof http, "Mon, 02 %s 2026 09:15:30 GMT", months[m]);
        snprintf(iso, sizeof iso, "2026-%02d-02T09:15:30Z", m + 1);
        assert_true(when_parse_http(http, &a));
        assert_true(when_parse(iso, &b));
        assert_true(a == b);
    }
}

static void http_dates_are_written_as_the_c_library_writes_them(void **state)
{
    (void)state;
    for (int64_t at = -40LL * 365 * 86400000; at < 90LL * 365 * 86400000; at += 86400000LL * 13 + 3661999) {
        char ours[WHEN_TEXT], theirs[64];
        time_t t = (time_t)((at - (at % 1000 + 1000) % 1000) / 1000);
        struct tm tm;
        int64_t back = 0;
        when_print_http(at, ours);
        strftime(theirs, sizeof theirs, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&t, &tm));
        assert_string_equal(ours, theirs);
        assert_true(when_parse_http(ours, &back) && back == (int64_t)t * 1000);
    }
}

static void what_is_no_http_date_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "120",
                                      "Mon, 02 Mar 2026 09:15:30",
                                      "Mon, 02 Mar 2026 09:15:30 CET",
                                      "Mon, 02 anF 2026 09:15:30 GMT",
                                      "Mon, 02 Ma 2026 09:15:30 GMT",
                                      "Mon, 31 Feb 2026 09:15:30 GMT",
                                      "Mon, -2 Mar 2026 09:15:30 GMT",
                                      "Mon, 02 Mar -999 09:15:30 GMT",
                                      "Mon, 02 Mar 2026 09:15:30.5 GMT",
                                      "Mon, 02 Mar 2026 25:15:30 GMT",
                                      "Mon 02 Mar 2026 09:15:30 GMT",
                                      "Mon, 02 Mar 2026",
                                      "Mon,"};
    int64_t ms = 7;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (when_parse_http(bad[i], &ms))
            fail_msg("accepted %s", bad[i]);
    assert_false(when_parse_http(NULL, &ms));
    assert_int_equal(ms, 7);
}

static void spans_are_read_with_their_unit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"250ms", 250},    {"15s", 15000},     {"5m", 300000}, {"2h", 7200000},
                {"7d", 604800000}, {"2w", 1209600000}, {"0s", 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t ms = -1;
        assert_true(when_parse_span(rows[i].text, &ms, NULL));
        assert_true(ms == rows[i].ms);
    }
}

static void a_span_without_a_unit_is_told_what_to_say(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "15", "s", "-5s", "1.5h", "5 m", "5min", "5M", "1h30m", "99999999999999d", "999999999999d"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct err err = {0};
        int64_t ms = 7;
        assert_false(when_parse_span(bad[i], &ms, &err));
        assert_err(&err, ERR_CONFIG, "15s");
        assert_int_equal(ms, 7);
    }
}

static void spans_are_printed_for_people(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{0, "0ms"},       {999, "999ms"},      {15000, "15s"},     {15999, "15s"},
                {60000, "1m"},    {90000, "1m 30s"},   {7500000, "2h 5m"}, {7200000, "2h"},
                {86400000, "1d"}, {95000000, "1d 2h"}, {604800000, "7d"},  {-250, "-250ms"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char out[32];
        when_print_span(rows[i].ms, out, sizeof out);
        assert_string_equal(out, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_printed_in_utc_with_milliseconds),
        cmocka_unit_test(the_ends_of_time_can_be_printed),
        cmocka_unit_test(iso_8601_is_read_in_the_spellings_services_use),
        cmocka_unit_test(what_is_no_time_leaves_the_place_alone),
        cmocka_unit_test(every_day_of_four_centuries_reads_back_as_itself),
        cmocka_unit_test(the_calendar_agrees_with_the_c_library),
        cmocka_unit_test(http_dates_are_read_in_every_month),
        cmocka_unit_test(http_dates_are_written_as_the_c_library_writes_them),
        cmocka_unit_test(what_is_no_http_date_is_refused),
        cmocka_unit_test(spans_are_read_with_their_unit),
        cmocka_unit_test(a_span_without_a_unit_is_told_what_to_say),
        cmocka_unit_test(spans_are_printed_for_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
