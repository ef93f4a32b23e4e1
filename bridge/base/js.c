/* JSON in and out. yajl's event parser reads (five times jansson's own lexer on service answers), jansson holds the
 * values, a small printer writes. */
#include "bridge/base/js.h"
#include "bridge/base/buf.h"
#include "bridge/base/str.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

/* ---- reading ---- */

struct reader {
    json_t *root;
    json_t *open[JS_MAX_DEPTH];
    size_t depth;
    char *key; /* of the member being read, NULL in arrays */
    size_t key_cap;
    bool has_key;
    bool too_deep;
};

static int put(struct reader *r, json_t *value)
{
    json_t *into = r->depth ? r->open[r->depth - 1] : NULL;
    if (!value)
        return 0;
    if (!into)
        r->root = value;
    else if (json_is_array(into))
        json_array_append_new(into, value);
    else
        json_object_set_new_nocheck(into, r->key, value);
    return 1;
}

static int push(struct reader *r, json_t *value)
{
    if (r->depth == JS_MAX_DEPTH) {
        r->too_deep = true;
        json_decref(value);
        return 0;
    }
    put(r, value);
    r->open[r->depth++] = value;
    return 1;
}

static int on_null(void *r)
{
    return put(r, json_null());
}

static int on_bool(void *r, int b)
{
    return put(r, json_boolean(b));
}

static int on_number(void *self, const char *s, size_t n)
{
    char text[64];
    bool real = memchr(s, '.', n) || memchr(s, 'e', n) || memchr(s, 'E', n);
    if (n >= sizeof text) {
        AUTO_FREE char *big = mem_dup_n(s, n);
        double v = strtod(big, NULL);
        return isfinite(v) && put(self, json_real(v));
    }
    memcpy(text, s, n);
    text[n] = '\0';
    errno = 0;
    if (!real) {
        long long v = strtoll(text, NULL, 10);
        if (!errno)
            return put(self, json_integer(v));
    }
    double v = strtod(text, NULL);
    return isfinite(v) && put(self, json_real(v));
}

/* yajl has checked the UTF-8; a NUL inside a string cannot be carried by C strings. */
static int on_string(void *r, const unsigned char *s, size_t n)
{
    return !memchr(s, 0, n) && put(r, json_stringn_nocheck((const char *)s, n));
}

static int on_key(void *self, const unsigned char *s, size_t n)
{
    struct reader *r = self;
    if (memchr(s, 0, n))
        return 0;
    if (n + 1 > r->key_cap) {
        r->key_cap = n + 64;
        r->key = mem_grow(r->key, r->key_cap, 1);
    }
    memcpy(r->key, s, n);
    r->key[n] = '\0';
    return 1;
}

static int on_open_object(void *r)
{
    return push(r, json_object());
}

static int on_open_array(void *r)
{
    return push(r, json_array());
}

static int on_close(void *self)
{
    struct reader *r = self;
    r->depth--;
    return 1;
}

static const yajl_callbacks callbacks = {.yajl_null = on_null,
                                         .yajl_boolean = on_bool,
                                         .yajl_number = on_number,
                                         .yajl_string = on_string,
                                         .yajl_start_map = on_open_object,
                                         .yajl_map_key = on_key,
                                         .yajl_end_map = on_close,
                                         .yajl_start_array = on_open_array,
                                         .yajl_end_array = on_close};

/* "line 3, column 14, near `<html>…`" */
static void complain(struct err *err, const char *text, size_t n, size_t at, const char *why)
{
    size_t line = 1, start = 0;
    char near[41];
    at = at < n ? at : n;
    for (size_t i = 0; i < at; i++)
        if (text[i] == '\n') {
            line++;
            start = i + 1;
        }
    size_t from = at > 20 ? at - 20 : 0, take = n - from < sizeof near - 1 ? n - from : sizeof near - 1;
    memcpy(near, text + from, take);
    near[take] = '\0';
    for (size_t i = 0; i < take; i++)
        if ((unsigned char)near[i] < ' ' || (unsigned char)near[i] > 0x7e)
            near[i] = ' ';
    err_set(err, ERR_TEMP, "not JSON at line %zu, column %zu: %s, near `%s`", line, at - start + 1, why, near);
}

static const char *reason(const struct reader *r, size_t n, size_t at)
{
    if (r->too_deep)
        return "nested too deep";
    if (at >= n)
        return "it ends in the middle";
    return "unexpected text";
}

json_t *js_parse(const char *text, size_t n, struct err *err)
{
    struct reader r = {0};
    yajl_handle h = yajl_alloc(&callbacks, NULL, &r);
    yajl_status s = yajl_parse(h, (const unsigned char *)text, n);
    size_t at = yajl_get_bytes_consumed(h);
    if (s == yajl_status_ok) {
        s = yajl_complete_parse(h);
        at = n;
    }
    yajl_free(h);
    free(r.key);
    if (s == yajl_status_ok && r.root && !r.depth)
        return r.root;
    complain(err, text, n, at, reason(&r, n, at));
    json_decref(r.root);
    return NULL;
}

/* ---- writing ---- */

static char *dump(const json_t *v, size_t flags)
{
    char *text = json_dumps(v, flags | JSON_ENCODE_ANY);
    return text ? text : mem_dup("null");
}

char *js_print(const json_t *v)
{
    return dump(v, JSON_COMPACT);
}

char *js_print_sorted(const json_t *v)
{
    return dump(v, JSON_COMPACT | JSON_SORT_KEYS);
}

char *js_print_pretty(const json_t *v)
{
    return dump(v, JSON_INDENT(2));
}

/* ---- members ---- */

const char *js_str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

const char *js_str_or(const json_t *object, const char *key, const char *fallback)
{
    const char *s = js_str(object, key);
    return s ? s : fallback;
}

int64_t js_int_or(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *v = json_object_get(object, key);
    int64_t n;
    if (json_is_integer(v))
        return json_integer_value(v);
    if (json_is_real(v) && fabs(json_real_value(v)) < 9e15 && floor(json_real_value(v)) == json_real_value(v))
        return (int64_t)json_real_value(v);
    return json_is_string(v) && str_to_int(json_string_value(v), INT64_MIN, INT64_MAX, &n) ? n : fallback;
}

bool js_bool_or(const json_t *object, const char *key, bool fallback)
{
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_is_true(v) : fallback;
}

static void must(int failed)
{
    if (failed)
        abort();
}

void js_set(json_t *object, const char *key, json_t *stolen)
{
    must(json_object_set_new(object, key, stolen));
}

void js_add(json_t *array, json_t *stolen)
{
    must(json_array_append_new(array, stolen));
}

json_t *js_text(const char *s_or_null)
{
    json_t *v = s_or_null ? json_string(s_or_null) : NULL;
    return v ? v : json_null();
}

/* ---- comparing ---- */

static bool same_object(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach ((json_t *)a, key, value)
        if (!js_equal(value, json_object_get(b, key)))
            return false;
    return true;
}

static bool same_array(const json_t *a, const json_t *b)
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++)
        if (!js_equal(json_array_get(a, i), json_array_get(b, i)))
            return false;
    return true;
}

bool js_equal(const json_t *a, const json_t *b)
{
    if (!a || !b || a == b)
        return a == b;
    if (json_is_number(a) && json_is_number(b))
        return json_is_integer(a) && json_is_integer(b) ? json_integer_value(a) == json_integer_value(b)
                                                        : json_number_value(a) == json_number_value(b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_object(a))
        return same_object(a, b);
    return json_is_array(a) ? same_array(a, b) : json_equal(a, b);
}
