/* Query strings, in the three spellings of arrays. */
#include "bridge/base/str.h"
#include "tests/sandbox/sandbox.h"
#include <string.h>

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char *decode(const char *s, size_t n)
{
    char *out = mem_alloc(n + 1), *to = out;
    for (size_t i = 0; i < n; i++)
        if (s[i] == '%' && i + 2 < n && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0) {
            *to++ = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
            i += 2;
        } else {
            *to++ = s[i] == '+' ? ' ' : s[i];
        }
    *to = '\0';
    if (!str_utf8_valid(out, (size_t)(to - out)))
        for (char *c = out; c < to; c++)
            *c = (unsigned char)*c < 0x80 ? *c : '?';
    return out;
}

/* The next name=value; false at the end. */
static bool next_pair(const char **at, char **name, char **value)
{
    while (**at == '&')
        (*at)++;
    if (!**at)
        return false;
    size_t n = strcspn(*at, "&");
    const char *equals = memchr(*at, '=', n);
    size_t name_n = equals ? (size_t)(equals - *at) : n;
    *name = decode(*at, name_n);
    *value = decode(*at + name_n + (equals != NULL), n - name_n - (equals != NULL));
    *at += n;
    return true;
}

char *sandbox_query_get(const char *query, const char *name)
{
    char *n = NULL, *v = NULL, *found = NULL;
    while (!found && next_pair(&query, &n, &v)) {
        if (str_eq(n, name))
            found = mem_dup(v);
        free(n);
        free(v);
    }
    return found;
}

static bool index_step(const char *step)
{
    return !*step || strspn(step, "0123456789") == strlen(step);
}

/* Puts a value under a[b][0][]: objects for names, arrays for indexes and empty brackets. */
static void put(json_t *into, char *name, const char *value)
{
    char *open = strchr(name, '[');
    if (open)
        *open = '\0';
    json_t *old = json_object_get(into, name);
    if (!open && old) { /* a=1&a=2 */
        if (!json_is_array(old)) {
            js_set(into, name, json_pack("[O]", old));
            old = json_object_get(into, name);
        }
        js_add(old, json_string(value));
        return;
    }
    if (!open) {
        js_set(into, name, json_string(value));
        return;
    }
    char *close = strchr(open + 1, ']');
    if (!close)
        return;
    *close = '\0';
    char *step = open + 1, *rest = close + 1;
    if (index_step(step) && !*rest) {
        if (!json_is_array(old))
            js_set(into, name, json_array());
        js_add(json_object_get(into, name), json_string(value));
        return;
    }
    if (!json_is_object(old))
        js_set(into, name, json_object());
    AUTO_FREE char *inner = mem_printf("%s%s", step, rest);
    put(json_object_get(into, name), inner, value);
}

json_t *sandbox_query_json(const char *query)
{
    json_t *out = json_object();
    char *name = NULL, *value = NULL;
    while (next_pair(&query, &name, &value)) {
        put(out, name, value);
        free(name);
        free(value);
    }
    return out;
}
