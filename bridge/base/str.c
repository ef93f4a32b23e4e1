/* Small questions about text: equal, blank, how long in characters, which known word is nearest. */
#include "bridge/base/str.h"
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool str_eq(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static int lower(int c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

bool str_eq_nocase(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool str_starts(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

bool str_blank(const char *s)
{
    return !s || !s[strspn(s, " \t\r\n\v\f")];
}

/* Length of a well-formed UTF-8 sequence at s (n bytes left), 0 when malformed. */
static size_t sequence(const unsigned char *s, size_t n)
{
    unsigned char c = s[0];
    size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (!len || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return overlong || outside ? 0 : len;
}

/* Eight ASCII bytes at s? Most text is, so that is asked first. */
static bool ascii8(const unsigned char *s)
{
    uint64_t word;
    memcpy(&word, s, sizeof word);
    return !(word & 0x8080808080808080u);
}

size_t str_utf8_span(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t i = 0;
    while (i < n) {
        if (n - i >= 8 && ascii8(u + i)) {
            i += 8;
            continue;
        }
        size_t len = sequence(u + i, n - i);
        if (!len)
            return i;
        i += len;
    }
    return n;
}

bool str_utf8_valid(const char *s, size_t n)
{
    return str_utf8_span(s, n) == n;
}

size_t str_utf8_len(const char *s)
{
    size_t points = 0;
    for (; *s; s++)
        points += ((unsigned char)*s & 0xc0) != 0x80;
    return points;
}

size_t str_utf8_cut(const char *s, size_t code_points)
{
    size_t i = 0;
    for (; s[i]; i++) {
        bool starts = ((unsigned char)s[i] & 0xc0) != 0x80;
        if (starts && code_points == 0)
            break;
        code_points -= starts;
    }
    return i;
}

void str_copy(char *dst, size_t size, const char *src)
{
    size_t n = strlen(src);
    if (!size)
        return;
    if (n >= size) {
        n = size - 1;
        while (n && ((unsigned char)src[n] & 0xc0) == 0x80)
            n--;
    }
    memcpy(dst, src, n);
    dst[n] = '\0';
}

bool str_to_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    char *end = NULL;
    if (!s || !(s[0] == '-' || s[0] == '+' || (s[0] >= '0' && s[0] <= '9')))
        return false;
    errno = 0;
    long long v = strtoll(s, &end, 10);
    if (errno || *end || end == s || v < min || v > max)
        return false;
    *out = v;
    return true;
}

static locale_t c_locale;

static void make_c_locale(void)
{
    c_locale = newlocale(LC_ALL_MASK, "C", NULL);
    if (!c_locale)
        abort();
}

static double read_real(const char *s, char **end)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_c_locale);
    return strtod_l(s, end, c_locale);
}

bool str_to_real(const char *s, double *out)
{
    char *end = NULL;
    if (!s || !*s || strspn(s, "+-.0123456789eE") != strlen(s))
        return false;
    double v = read_real(s, &end);
    if (*end || end == s || !isfinite(v))
        return false;
    *out = v;
    return true;
}

void str_of_real(double v, char out[STR_REAL])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, STR_REAL, "%.*g", digits, v);
        char *comma = strchr(out, ',');
        if (comma)
            *comma = '.';
        if (read_real(out, NULL) == v)
            return;
    }
}

/* Levenshtein in one row; words are option names, so short. */
static size_t distance(const char *a, const char *b)
{
    size_t row[65], n = strlen(b);
    if (n > 64 || strlen(a) > 64)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t left_up = row[0];
        row[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t up = row[j], best = left_up + (lower(a[i - 1]) != lower(b[j - 1]));
            best = up + 1 < best ? up + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            row[j] = best;
            left_up = up;
        }
    }
    return row[n];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t n)
{
    const char *best = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; word && i < n; i++) {
        size_t d = candidates[i] ? distance(word, candidates[i]) : SIZE_MAX;
        if (d < least && d <= strlen(candidates[i]) / 3 + 1) {
            least = d;
            best = candidates[i];
        }
    }
    return best;
}
