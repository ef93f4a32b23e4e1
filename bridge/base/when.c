/* Times as services write them. Calendar arithmetic is proleptic Gregorian, UTC, without the C library's time zones. */
#include "bridge/base/when.h"
#include "bridge/base/mem.h"
#include <stdio.h>
#include <string.h>

#define DAY_MS 86400000LL

static int64_t days_of(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_of(int64_t days, int64_t *y, int *m, int *d)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = yoe + era * 400 + (*m <= 2);
}

void when_print(int64_t ms, char out[WHEN_TEXT])
{
    int64_t day = ms / DAY_MS, rest = ms % DAY_MS, y;
    int m, d;
    if (rest < 0) {
        rest += DAY_MS;
        day--;
    }
    date_of(day, &y, &m, &d);
    snprintf(out, WHEN_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", (long long)(y % 100000), m, d,
             (int)(rest / 3600000) % 24, (int)(rest / 60000) % 60, (int)(rest / 1000) % 60, (int)(rest % 1000));
}

/* Exactly n digits. */
static bool digits(const char **s, int n, int *out)
{
    int v = 0;
    for (int i = 0; i < n; i++, (*s)++) {
        if (**s < '0' || **s > '9')
            return false;
        v = v * 10 + (**s - '0');
    }
    *out = v;
    return true;
}

static bool eat(const char **s, char c)
{
    return **s == c && (*s)++;
}

static bool valid_date(int y, int m, int d)
{
    static const int most[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    return m >= 1 && m <= 12 && d >= 1 && d <= most[m - 1] && (m != 2 || d < 29 || leap);
}

static bool zone(const char **s, int64_t *shift)
{
    int h, m;
    *shift = 0;
    if (eat(s, 'Z') || eat(s, 'z'))
        return true;
    int sign = **s == '-' ? -1 : **s == '+' ? 1 : 0;
    if (!sign)
        return false;
    (*s)++;
    if (!digits(s, 2, &h) || (eat(s, ':'), !digits(s, 2, &m)) || h > 23 || m > 59)
        return false;
    *shift = sign * (h * 60LL + m) * 60000;
    return true;
}

/* hh:mm, or hh:mm:ss; a leap second is the first one of the next minute. */
static bool hours(const char **s, int64_t *ms)
{
    int h, m, sec = 0;
    if (!digits(s, 2, &h) || !eat(s, ':') || !digits(s, 2, &m))
        return false;
    if (eat(s, ':') && !digits(s, 2, &sec))
        return false;
    *ms = ((h * 60LL + m) * 60 + sec) * 1000;
    return h <= 23 && m <= 59 && sec <= 60;
}

static bool clock_part(const char **s, int64_t *ms)
{
    int scale = 100;
    if (!hours(s, ms))
        return false;
    if (!eat(s, '.'))
        return true;
    if (**s < '0' || **s > '9')
        return false;
    for (; **s >= '0' && **s <= '9'; (*s)++, scale /= 10)
        *ms += (int64_t)(**s - '0') * scale;
    return true;
}

bool when_parse(const char *text, int64_t *ms)
{
    int y, m, d;
    int64_t clock = 0, shift = 0;
    const char *s = text;
    if (!s || !digits(&s, 4, &y) || !eat(&s, '-') || !digits(&s, 2, &m) || !eat(&s, '-') || !digits(&s, 2, &d) ||
        !valid_date(y, m, d))
        return false;
    if (*s && !((eat(&s, 'T') || eat(&s, 't') || eat(&s, ' ')) && clock_part(&s, &clock) && zone(&s, &shift)))
        return false;
    if (*s)
        return false;
    *ms = days_of(y, m, d) * DAY_MS + clock - shift;
    return true;
}

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void when_print_http(int64_t ms, char out[WHEN_TEXT])
{
    static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began on a Thursday */
    int64_t day = ms / DAY_MS - (ms % DAY_MS < 0), rest = ms - day * DAY_MS, y;
    int m, d;
    date_of(day, &y, &m, &d);
    snprintf(out, WHEN_TEXT, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT", days + (day % 7 + 7) % 7 * 3, (unsigned)d % 32,
             months + (m - 1) * 3, (unsigned)y % 10000, (unsigned)(rest / 3600000) % 24, (unsigned)(rest / 60000) % 60,
             (unsigned)(rest / 1000) % 60);
}

bool when_parse_http(const char *text, int64_t *ms)
{
    char name[4] = "";
    int d, y, used = 0;
    const char *comma = text ? strchr(text, ',') : NULL;
    if (!comma || sscanf(comma + 1, " %2d %3[A-Za-z] %4d %n", &d, name, &y, &used) != 3 || strlen(name) != 3)
        return false;
    const char *at = strstr(months, name), *s = comma + 1 + used;
    int64_t clock = 0;
    if (!at || (at - months) % 3 || y < 1 || !hours(&s, &clock) || strcmp(s, " GMT"))
        return false;
    int m = (int)(at - months) / 3 + 1;
    if (!valid_date(y, m, d))
        return false;
    *ms = days_of(y, m, d) * DAY_MS + clock;
    return true;
}

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", DAY_MS}, {"w", 7 * DAY_MS}};

bool when_parse_span(const char *text, int64_t *ms, struct err *err)
{
    int64_t n = 0, span;
    const char *s = text;
    for (; *s >= '0' && *s <= '9' && s - text < 12; s++)
        n = n * 10 + (*s - '0');
    for (size_t i = 0; s != text && i < COUNT(units); i++)
        if (!strcmp(units[i].name, s) && !__builtin_mul_overflow(n, units[i].ms, &span)) {
            *ms = span;
            return true;
        }
    return err_set(err, ERR_CONFIG, "\"%s\" is no time span: say for example 250ms, 15s, 5m, 2h or 7d", text);
}

void when_print_span(int64_t ms, char *out, size_t size)
{
    static const char *const names[] = {"d", "h", "m", "s"};
    static const int64_t sizes[] = {DAY_MS, 3600000, 60000, 1000};
    size_t i = 0;
    while (i < COUNT(sizes) && ms < sizes[i])
        i++;
    if (i == COUNT(sizes)) {
        snprintf(out, size, "%lldms", (long long)ms);
        return;
    }
    long long big = ms / sizes[i], small = i + 1 < COUNT(sizes) ? ms % sizes[i] / sizes[i + 1] : 0;
    if (small)
        snprintf(out, size, "%lld%s %lld%s", big, names[i], small, names[i + 1]);
    else
        snprintf(out, size, "%lld%s", big, names[i]);
}
