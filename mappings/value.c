/* Canonical values and their comparison. No value is ever changed in place. */
#include "mappings/value.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <math.h>
#include <string.h>

bool value_blank(const json_t *v)
{
    return !v || json_is_null(v) || (json_is_string(v) && json_string_length(v) == 0) ||
           (json_is_array(v) && json_array_size(v) == 0);
}

static bool contains(const json_t *set, const json_t *item)
{
    for (size_t i = 0; i < json_array_size(set); i++)
        if (js_equal(json_array_get(set, i), item))
            return true;
    return false;
}

static bool same_set(const json_t *a, const json_t *b)
{
    for (size_t i = 0; i < json_array_size(a); i++)
        if (!contains(b, json_array_get(a, i)))
            return false;
    for (size_t i = 0; i < json_array_size(b); i++)
        if (!contains(a, json_array_get(b, i)))
            return false;
    return true;
}

bool value_same(const json_t *a, const json_t *b)
{
    if (json_is_array(a) && json_is_array(b))
        return same_set(a, b);
    return js_equal(a, b);
}

/* Two texts after white space is trimmed and folded. */
static bool folded_same(const char *a, const char *b)
{
    static const char space[] = " \t\r\n\v\f";
    a += strspn(a, space);
    b += strspn(b, space);
    while (*a && *b) {
        size_t wa = strspn(a, space), wb = strspn(b, space);
        if (!wa != !wb)
            return !a[wa] && !b[wb];
        if (!wa && *a != *b)
            return false;
        a += wa ? wa : 1;
        b += wb ? wb : 1;
    }
    return !a[strspn(a, space)] && !b[strspn(b, space)];
}

static bool number_of(const json_t *v, double *out)
{
    if (json_is_number(v)) {
        *out = json_number_value(v);
        return true;
    }
    return json_is_string(v) && str_to_real(json_string_value(v), out);
}

bool value_alike(const json_t *a, const json_t *b)
{
    double x, y;
    if (value_blank(a) || value_blank(b))
        return value_blank(a) && value_blank(b);
    if (value_same(a, b))
        return true;
    if (json_is_string(a) && json_is_string(b))
        return folded_same(json_string_value(a), json_string_value(b));
    return (json_is_number(a) || json_is_number(b)) && number_of(a, &x) && number_of(b, &y) && x == y;
}

static int by_bytes(const void *a, const void *b)
{
    const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
    const char *s = json_string_value(x), *t = json_string_value(y);
    if (s && t)
        return strcmp(s, t);
    return s ? 1 : t ? -1 : value_compare(x, y);
}

static json_t *canonical_set(const json_t *v)
{
    size_t n = json_array_size(v);
    AUTO_FREE json_t **items = mem_grow(NULL, n + 1, sizeof *items);
    for (size_t i = 0; i < n; i++)
        items[i] = json_array_get(v, i);
    qsort(items, n, sizeof *items, by_bytes);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        if (!i || !js_equal(items[i - 1], items[i]))
            json_array_append(out, items[i]);
    return out;
}

static json_t *without_cr(const char *s)
{
    char *copy = mem_dup(s), *to = copy;
    for (const char *from = s; *from; from++) {
        if (*from == '\r' && from[1] == '\n')
            continue;
        *to++ = *from == '\r' ? '\n' : *from;
    }
    *to = '\0';
    json_t *out = json_string(copy);
    free(copy);
    return out;
}

json_t *value_canonical(const json_t *v, bool is_set)
{
    if (json_is_array(v))
        return canonical_set(v);
    if (is_set && value_blank(v))
        return v ? json_array() : NULL;
    if (is_set)
        return json_pack("[O]", v);
    if (json_is_string(v) && strchr(json_string_value(v), '\r'))
        return without_cr(json_string_value(v));
    double r = json_is_real(v) ? json_real_value(v) : 0.5;
    if (floor(r) == r && fabs(r) < 9e15)
        return json_integer((json_int_t)r);
    return json_incref((json_t *)v);
}

int value_compare(const json_t *a, const json_t *b)
{
    double x, y;
    bool blank_a = value_blank(a), blank_b = value_blank(b);
    if (blank_a || blank_b)
        return blank_b - blank_a;
    if (number_of(a, &x) && number_of(b, &y))
        return (x > y) - (x < y);
    AUTO_FREE char *s = json_is_string(a) ? mem_dup(json_string_value(a)) : js_print(a);
    AUTO_FREE char *t = json_is_string(b) ? mem_dup(json_string_value(b)) : js_print(b);
    int order = strcmp(s, t);
    return (order > 0) - (order < 0);
}
