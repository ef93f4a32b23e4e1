/* Values to bytes. Reals are printed as short as they can be and still read back the same (0.1, not
 * 0.10000000000000001), because people see them in their CRM. It prints every value it is given and refuses none. */
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <string.h>

struct printer {
    struct buf out;
    bool sorted;
    int indent; /* spaces a level; 0 = all on one line */
    int level;
};

static void put_value(struct printer *p, const json_t *v);

static void put_escape(struct buf *out, unsigned char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *known = c ? strchr(plain, c) : NULL;
    if (known)
        buf_add(out, (char[]){'\\', letter[known - plain]}, 2);
    else
        buf_printf(out, "\\u%04x", c);
}

static const bool escaped[256] = {[0 ... 31] = true, ['"'] = true, ['\\'] = true};

static void put_string(struct buf *out, const char *s, size_t n)
{
    buf_putc(out, '"');
    for (size_t i = 0, run; i < n; i++) {
        for (run = i; i < n && !escaped[(unsigned char)s[i]]; i++)
            ;
        buf_add(out, s + run, i - run);
        if (i < n)
            put_escape(out, (unsigned char)s[i]);
    }
    buf_putc(out, '"');
}

/* A real stays a real when read back: 5.0, not 5. */
static void put_real(struct buf *out, double v)
{
    char text[STR_REAL];
    str_of_real(v, text);
    buf_puts(out, text);
    if (!strpbrk(text, ".e"))
        buf_puts(out, ".0");
}

static void put_integer(struct buf *out, json_int_t v)
{
    char text[24], *at = text + sizeof text;
    uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (v < 0)
        *--at = '-';
    buf_add(out, at, (size_t)(text + sizeof text - at));
}

static void new_line(struct printer *p)
{
    if (p->indent)
        buf_printf(&p->out, "\n%*s", p->indent * p->level, "");
}

static void put_array(struct printer *p, const json_t *v)
{
    size_t n = json_array_size(v);
    buf_putc(&p->out, '[');
    p->level++;
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_putc(&p->out, ',');
        new_line(p);
        put_value(p, json_array_get(v, i));
    }
    p->level--;
    if (n)
        new_line(p);
    buf_putc(&p->out, ']');
}

struct member {
    const char *key;
    const json_t *value;
};

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct member *)a)->key, ((const struct member *)b)->key);
}

static void put_member(struct printer *p, const struct member *m, bool first)
{
    if (!first)
        buf_putc(&p->out, ',');
    new_line(p);
    put_string(&p->out, m->key, strlen(m->key));
    buf_puts(&p->out, p->indent ? ": " : ":");
    put_value(p, m->value);
}

static void put_members(struct printer *p, const json_t *v)
{
    const char *key;
    json_t *value;
    bool first = true;
    json_object_foreach ((json_t *)v, key, value) {
        put_member(p, &(struct member){key, value}, first);
        first = false;
    }
}

static void put_members_sorted(struct printer *p, const json_t *v)
{
    const char *key;
    json_t *value;
    size_t n = 0;
    AUTO_FREE struct member *all = mem_grow(NULL, json_object_size(v), sizeof *all);
    json_object_foreach ((json_t *)v, key, value)
        all[n++] = (struct member){key, value};
    qsort(all, n, sizeof *all, by_key);
    for (size_t i = 0; i < n; i++)
        put_member(p, &all[i], i == 0);
}

static void put_object(struct printer *p, const json_t *v)
{
    buf_putc(&p->out, '{');
    p->level++;
    if (p->sorted)
        put_members_sorted(p, v);
    else
        put_members(p, v);
    p->level--;
    if (json_object_size(v))
        new_line(p);
    buf_putc(&p->out, '}');
}

static void put_value(struct printer *p, const json_t *v)
{
    if (json_is_string(v))
        put_string(&p->out, json_string_value(v), json_string_length(v));
    else if (json_is_object(v))
        put_object(p, v);
    else if (json_is_array(v))
        put_array(p, v);
    else if (json_is_integer(v))
        put_integer(&p->out, json_integer_value(v));
    else if (json_is_real(v))
        put_real(&p->out, json_real_value(v));
    else
        buf_puts(&p->out, json_is_true(v) ? "true" : json_is_false(v) ? "false" : "null");
}

/* No ceiling of its own: the value is in memory already, and half a document would be worse than none. */
static char *print(const json_t *v, bool sorted, int indent)
{
    struct printer p = {.out = BUF_INIT(SIZE_MAX / 4), .sorted = sorted, .indent = indent};
    put_value(&p, v);
    return buf_take(&p.out);
}

char *js_print(const json_t *v)
{
    return print(v, false, 0);
}

char *js_print_sorted(const json_t *v)
{
    return print(v, true, 0);
}

char *js_print_pretty(const json_t *v)
{
    return print(v, false, 2);
}
