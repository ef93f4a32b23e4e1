/* Bytes to values: yajl's event parser reads (three times as fast as jansson's own lexer on pages of an API), jansson
 * holds what was read. Stricter than yajl about UTF-8 and kinder about half a surrogate pair, which truncated chat
 * texts do contain, and about an escaped NUL, which one person's text would hold up a whole page with: they become U+FFFD. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <string.h>
#include <yajl/yajl_parse.h>

struct reader {
    json_t *root;
    json_t *open[JS_MAX_DEPTH];
    size_t depth;
    char *key; /* of the member being read */
    size_t key_cap;
    const char *why; /* why a callback refused, NULL when none did */
    const char *const *only; /* names of members to keep; NULL: all */
    bool skip;               /* the value that comes belongs to a member nobody wants */
    size_t skipped;          /* depth within such a value */
};

static int refuse(struct reader *r, const char *why)
{
    r->why = why;
    return 0;
}

/* True when a plain value is not wanted. */
static bool passed_over(struct reader *r)
{
    bool skip = r->skip || r->skipped;
    r->skip = false;
    return skip;
}

static bool is_wanted(const struct reader *r, const char *name, size_t n)
{
    for (const char *const *w = r->only; w && *w; w++)
        if (n && **w == *name && !strncmp(*w, name, n) && !(*w)[n]) /* most differ in their first letter */
            return true;
    return !r->only;
}

static int put(struct reader *r, json_t *value)
{
    json_t *into = r->depth ? r->open[r->depth - 1] : NULL;
    if (!into)
        r->root = value;
    else if (json_is_array(into))
        json_array_append_new(into, value);
    else
        json_object_set_new_nocheck(into, r->key, value);
    return value != NULL;
}

static int push(struct reader *r, json_t *value)
{
    if (r->depth == JS_MAX_DEPTH) {
        json_decref(value);
        return refuse(r, "nested too deep");
    }
    put(r, value);
    r->open[r->depth++] = value;
    return 1;
}

static int on_null(void *r)
{
    return passed_over(r) || put(r, json_null());
}

static int on_bool(void *r, int b)
{
    return passed_over(r) || put(r, json_boolean(b));
}

/* Most integers are short: 18 digits cannot overflow, so they need no checks. */
static bool short_integer(const char *s, size_t n, int64_t *out)
{
    size_t i = s[0] == '-';
    int64_t v = 0;
    if (n - i > 18)
        return false;
    for (; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (s[i] - '0');
    }
    *out = s[0] == '-' ? -v : v;
    return true;
}

static int on_number(void *r, const char *s, size_t n)
{
    int64_t v;
    double real;
    if (passed_over(r))
        return 1;
    if (short_integer(s, n, &v))
        return put(r, json_integer(v));
    AUTO_FREE char *text = mem_dup_n(s, n);
    if (str_to_int(text, INT64_MIN, INT64_MAX, &v))
        return put(r, json_integer(v));
    return str_to_real(text, &real) ? put(r, json_real(real)) : refuse(r, "a number too large");
}

/* The text as a whole is valid UTF-8, so no string needs another look; a NUL, which C strings cannot carry, was mended. */
static int on_string(void *r, const unsigned char *s, size_t n)
{
    if (passed_over(r))
        return 1;
    if (memchr(s, 0, n))
        return refuse(r, "a NUL in a text");
    return put(r, json_stringn_nocheck((const char *)s, n));
}

static int on_key(void *self, const unsigned char *s, size_t n)
{
    struct reader *r = self;
    if (r->skipped || !is_wanted(r, (const char *)s, n)) {
        r->skip = !r->skipped;
        return 1;
    }
    if (memchr(s, 0, n))
        return refuse(r, "a NUL in a name");
    if (n + 1 > r->key_cap) {
        r->key_cap = n + 64;
        r->key = mem_grow(r->key, r->key_cap, 1);
    }
    memcpy(r->key, s, n);
    r->key[n] = '\0';
    return 1;
}

/* True when what opens here is not wanted; the depth within it is counted to find its end. */
static bool opened_unwanted(struct reader *r)
{
    bool skip = passed_over(r);
    r->skipped += skip;
    return skip;
}

static int on_open_object(void *r)
{
    return opened_unwanted(r) || push(r, json_object());
}

static int on_open_array(void *r)
{
    return opened_unwanted(r) || push(r, json_array());
}

static int on_close(void *self)
{
    struct reader *r = self;
    if (r->skipped)
        r->skipped--;
    else
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

/* "not JSON at line 3, column 14: unexpected text, near `<html>…`" */
static void complain(struct err *err, const char *text, size_t n, size_t at, const char *why)
{
    size_t line = 1, start = 0;
    char near[41];
    at = at < n ? at : n;
    for (const char *nl = text; (nl = memchr(nl, '\n', (size_t)(text + at - nl))); nl++) {
        line++;
        start = (size_t)(nl - text) + 1;
    }
    size_t from = at > 20 ? at - 20 : 0, take = n - from < sizeof near - 1 ? n - from : sizeof near - 1;
    for (size_t i = 0; i < take; i++)
        near[i] = text[from + i] < ' ' || text[from + i] > '~' ? ' ' : text[from + i];
    near[take] = '\0';
    err_set(err, ERR_TEMP, "not JSON at line %zu, column %zu: %s, near `%s`", line, at - start + 1, why, near);
}

/* The code unit written as \uXXXX at s, or 0. */
static unsigned code_unit(const char *s, const char *end)
{
    unsigned v = 0;
    if (end - s < 6 || s[0] != '\\' || s[1] != 'u')
        return 0;
    for (int i = 2; i < 6; i++) {
        int c = s[i] | 0x20, digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return 0;
        v = v * 16 + (unsigned)digit;
    }
    return v;
}

/* A copy of text in which each half of a surrogate pair without its other half, and each NUL, is \ufffd, of the same length so
 * that places in it stay right; NULL when there is none. */
static char *mended(const char *text, size_t n)
{
    char *copy = NULL;
    const char *end = text + n;
    for (const char *p = text; (p = memchr(p, '\\', (size_t)(end - p)));) {
        unsigned unit = code_unit(p, end), low = unit >= 0xd800 && unit < 0xdc00 ? code_unit(p + 6, end) : 0;
        if (low >= 0xdc00 && low < 0xe000) {
            p += 12;
            continue;
        }
        bool nul = end - p >= 6 && !memcmp(p, "\\u0000", 6);
        if (nul || (unit >= 0xd800 && unit < 0xe000)) {
            copy = copy ? copy : mem_dup_n(text, n);
            memcpy(copy + (p - text), "\\ufffd", 6);
        }
        p += end - p < 2 ? 1 : 2;
    }
    return copy;
}

/* yajl has eaten the token it did not like: the fault is at its last byte. */
static size_t fault_at(yajl_handle h)
{
    size_t eaten = yajl_get_bytes_consumed(h);
    return eaten ? eaten - 1 : 0;
}

static bool read_all(struct reader *r, const char *text, size_t n, struct err *err)
{
    yajl_handle h = yajl_alloc(&callbacks, NULL, r);
    yajl_config(h, yajl_dont_validate_strings, 1);
    bool well = yajl_parse(h, (const unsigned char *)text, n) == yajl_status_ok, whole = false;
    if (!well)
        complain(err, text, n, fault_at(h), r->why ? r->why : "unexpected text");
    else if (!(whole = yajl_complete_parse(h) == yajl_status_ok))
        complain(err, text, n, r->why ? fault_at(h) : n, r->why ? r->why : "it ends in the middle");
    yajl_free(h);
    free(r->key);
    return well && whole;
}

json_t *js_parse(const char *text, size_t n, struct err *err)
{
    return js_parse_only(text, n, NULL, err);
}

json_t *js_parse_only(const char *text, size_t n, const char *const *members, struct err *err)
{
    struct reader r = {.only = members};
    text = text ? text : "";
    size_t valid = str_utf8_span(text, n);
    if (valid < n) {
        complain(err, text, n, valid, "not UTF-8");
        return NULL;
    }
    AUTO_FREE char *copy = mended(text, n);
    if (read_all(&r, copy ? copy : text, n, err))
        return r.root;
    json_decref(r.root);
    return NULL;
}
