/* Transforms: each a small function of one value, with its inverse where it has one. Blank values pass through all of
 * them but `default`. */
#include "bridge/base/js.h"
#include "bridge/base/buf.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "mappings/parts.h"
#include "mappings/value.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum arg { ARG_NONE, ARG_TEXT, ARG_COUNT, ARG_PAIR, ARG_HOLE };

typedef json_t *transform_fn(const struct step *s, const json_t *value, struct err *err);

struct transform {
    const char *name;
    enum arg arg;
    transform_fn *forth, *back; /* back NULL: no inverse */
    int set;                    /* +1 makes a set, -1 makes a text of one */
    const char *about;
};

/* ---- helpers ---- */

static json_t *same(const struct step *s, const json_t *v, struct err *err)
{
    (void)s;
    (void)err;
    return json_incref((json_t *)v);
}

static json_t *refuse(const struct step *s, const json_t *v, struct err *err)
{
    AUTO_FREE char *text = js_print(v);
    text[str_utf8_cut(text, 80)] = '\0';
    err_set(err, ERR_REJECT, "%s cannot take %s", step_name(s), text);
    return NULL;
}

/* Scalars as text, the way people write them. */
static char *text_of(const json_t *v)
{
    if (json_is_string(v))
        return mem_dup(json_string_value(v));
    if (json_is_real(v)) {
        char shortest[40];
        for (int digits = 15; digits <= 17; digits++) {
            double back = 0;
            snprintf(shortest, sizeof shortest, "%.*g", digits, json_real_value(v));
            if (str_to_real(shortest, &back) && back == json_real_value(v))
                break;
        }
        return mem_dup(shortest);
    }
    return js_print(v);
}

static json_t *steal_text(char *text)
{
    json_t *v = json_string(text);
    free(text);
    return v ? v : json_null();
}

/* ---- text ---- */

static json_t *trim(const struct step *s, const json_t *v, struct err *err)
{
    (void)s;
    (void)err;
    AUTO_FREE char *text = text_of(v);
    size_t from = strspn(text, " \t\r\n"), n = strlen(text);
    while (n > from && strchr(" \t\r\n", text[n - 1]))
        n--;
    return steal_text(mem_dup_n(text + from, n - from));
}

static json_t *ascii_case(const json_t *v, char first, char last, int shift)
{
    char *text = text_of(v);
    for (char *c = text; *c; c++)
        if (*c >= first && *c <= last)
            *c = (char)(*c + shift);
    return steal_text(text);
}

static json_t *lower(const struct step *s, const json_t *v, struct err *err)
{
    (void)s;
    (void)err;
    return ascii_case(v, 'A', 'Z', 32);
}

static json_t *upper(const struct step *s, const json_t *v, struct err *err)
{
    (void)s;
    (void)err;
    return ascii_case(v, 'a', 'z', -32);
}

static json_t *first_word(const struct step *s, const json_t *v, struct err *err)
{
    (void)s;
    (void)err;
    AUTO_FREE char *text = text_of(v);
    const char *from = text + strspn(text, " \t\n");
    return steal_text(mem_dup_n(from, strcspn(from, " \t\n")));
}

static json_t *rest(const struct step *s, const json_t *v, struct err *err)
{
    AUTO_FREE char *text = text_of(v);
    const char *from = text + strspn(text, " \t\n");
    from += strcspn(from, " \t\n");
    AUTO_JSON json_t *tail = json_string(from);
    return trim(s, tail, err);
}

static json_t *prefix(const struct step *s, const json_t *v, struct err *err)
{
    (void)err;
    AUTO_FREE char *text = text_of(v);
    return steal_text(mem_printf("%s%s", s->arg, text));
}

static json_t *strip_prefix(const struct step *s, const json_t *v, struct err *err)
{
    (void)err;
    AUTO_FREE char *text = text_of(v);
    return steal_text(mem_dup(str_starts(text, s->arg) ? text + strlen(s->arg) : text));
}

static json_t *truncate_to(const struct step *s, const json_t *v, struct err *err)
{
    (void)err;
    char *text = text_of(v);
    int64_t most = 0;
    str_to_int(s->arg, 0, INT32_MAX, &most);
    text[str_utf8_cut(text, (size_t)most)] = '\0';
    return steal_text(text);
}

static json_t *url(const struct step *s, const json_t *v, struct err *err)
{
    (void)err;
    AUTO_FREE char *text = text_of(v);
    const char *hole = strstr(s->arg, "{}");
    return steal_text(mem_printf("%.*s%s%s", (int)(hole - s->arg), s->arg, text, hole + 2));
}

static json_t *url_back(const struct step *s, const json_t *v, struct err *err)
{
    AUTO_FREE char *text = text_of(v);
    const char *hole = strstr(s->arg, "{}");
    size_t head = (size_t)(hole - s->arg), tail = strlen(hole + 2), n = strlen(text);
    if (n < head + tail || strncmp(text, s->arg, head) != 0 || strcmp(text + n - tail, hole + 2) != 0)
        return refuse(s, v, err);
    return steal_text(mem_dup_n(text + head, n - head - tail));
}

/* ---- sets ---- */

static json_t *join(const struct step *s, const json_t *v, struct err *err)
{
    struct buf b = {0};
    (void)err;
    if (!json_is_array(v))
        return same(s, v, err);
    for (size_t i = 0; i < json_array_size(v); i++) {
        AUTO_FREE char *text = text_of(json_array_get(v, i));
        buf_printf(&b, "%s%s", i ? s->arg : "", text);
    }
    return steal_text(buf_take(&b));
}

static json_t *split(const struct step *s, const json_t *v, struct err *err)
{
    (void)err;
    AUTO_FREE char *text = text_of(v);
    AUTO_JSON json_t *out = json_array();
    size_t sep = strlen(s->arg);
    for (char *at = text, *end; at && *at; at = end ? end + sep : NULL) {
        end = strstr(at, s->arg);
        AUTO_JSON json_t *raw = steal_text(mem_dup_n(at, end ? (size_t)(end - at) : strlen(at)));
        json_t *item = trim(s, raw, err);
        if (value_blank(item))
            json_decref(item);
        else
            js_add(out, item);
    }
    return value_canonical(out, true);
}

/* ---- numbers, booleans, dates ---- */

static json_t *number(const struct step *s, const json_t *v, struct err *err)
{
    double r;
    int64_t n;
    if (json_is_number(v))
        return value_canonical(v, false);
    if (!json_is_string(v))
        return refuse(s, v, err);
    if (str_to_int(json_string_value(v), INT64_MIN, INT64_MAX, &n))
        return json_integer(n);
    if (!str_to_real(json_string_value(v), &r))
        return refuse(s, v, err);
    AUTO_JSON json_t *real = json_real(r);
    return value_canonical(real, false);
}

static json_t *as_text(const struct step *s, const json_t *v, struct err *err)
{
    (void)s;
    (void)err;
    return steal_text(text_of(v));
}

static json_t *integer(const struct step *s, const json_t *v, struct err *err)
{
    AUTO_JSON json_t *n = number(s, v, err);
    return n ? json_integer((json_int_t)llround(json_number_value(n))) : NULL;
}

static json_t *boolean(const struct step *s, const json_t *v, struct err *err)
{
    const char *slash = strchr(s->arg, '/');
    if (!json_is_boolean(v))
        return refuse(s, v, err);
    return steal_text(json_is_true(v) ? mem_dup_n(s->arg, (size_t)(slash - s->arg)) : mem_dup(slash + 1));
}

static json_t *boolean_back(const struct step *s, const json_t *v, struct err *err)
{
    AUTO_FREE char *text = text_of(v);
    const char *slash = strchr(s->arg, '/');
    if (str_eq(text, slash + 1))
        return json_false();
    if (strlen(text) == (size_t)(slash - s->arg) && str_starts(s->arg, text))
        return json_true();
    return refuse(s, v, err);
}

static json_t *date(const struct step *s, const json_t *v, struct err *err)
{
    int64_t ms;
    char text[WHEN_TEXT];
    if (!json_is_string(v) || !when_parse(json_string_value(v), &ms))
        return refuse(s, v, err);
    when_print(ms, text);
    return steal_text(mem_dup_n(text, 10));
}

static json_t *datetime(const struct step *s, const json_t *v, struct err *err)
{
    int64_t ms;
    char text[WHEN_TEXT];
    if (!json_is_string(v) || !when_parse(json_string_value(v), &ms))
        return refuse(s, v, err);
    when_print(ms, text);
    return json_string(text);
}

static json_t *fallback(const struct step *s, const json_t *v, struct err *err)
{
    (void)err;
    return value_blank(v) ? json_string(s->arg) : json_incref((json_t *)v);
}

static json_t *fallback_back(const struct step *s, const json_t *v, struct err *err)
{
    (void)err;
    return str_eq(json_string_value(v), s->arg) ? json_null() : json_incref((json_t *)v);
}

static const struct transform transforms[] = {
    {"copy", ARG_NONE, same, same, 0, "as it is"},
    {"trim", ARG_NONE, trim, same, 0, "white space at both ends cut"},
    {"lower", ARG_NONE, lower, NULL, 0, "ASCII letters in lower case"},
    {"upper", ARG_NONE, upper, NULL, 0, "ASCII letters in upper case"},
    {"first_word", ARG_NONE, first_word, NULL, 0, "up to the first space"},
    {"rest", ARG_NONE, rest, NULL, 0, "all after the first word"},
    {"join", ARG_TEXT, join, split, -1, "a set becomes one text"},
    {"split", ARG_TEXT, split, join, 1, "one text becomes a set"},
    {"prefix", ARG_TEXT, prefix, strip_prefix, 0, "text put in front"},
    {"strip_prefix", ARG_TEXT, strip_prefix, prefix, 0, "text in front taken away"},
    {"number", ARG_NONE, number, as_text, 0, "numeric text becomes a number"},
    {"integer", ARG_NONE, integer, same, 0, "rounded to a whole number"},
    {"boolean", ARG_PAIR, boolean, boolean_back, 0, "true/false as two words"},
    {"date", ARG_NONE, date, NULL, 0, "the day of a date-time (UTC)"},
    {"datetime", ARG_NONE, datetime, date, 0, "midnight UTC of a date"},
    {"truncate", ARG_COUNT, truncate_to, same, 0, "at most so many characters"},
    {"default", ARG_TEXT, fallback, fallback_back, 0, "this when blank"},
    {"url", ARG_HOLE, url, url_back, 0, "put in the place of {}"},
};

/* ---- steps ---- */

static bool arg_fits(const struct transform *t, const char *arg)
{
    int64_t n;
    switch (t->arg) {
    case ARG_NONE:
        return arg == NULL;
    case ARG_COUNT:
        return arg && str_to_int(arg, 1, INT32_MAX, &n);
    case ARG_PAIR:
        return arg && strchr(arg, '/') && *arg != '/' && strchr(arg, '/')[1];
    case ARG_HOLE:
        return arg && strstr(arg, "{}");
    default:
        return arg && *arg;
    }
}

static const char *const arg_help[] = {"no argument", "a text after the colon", "a count after the colon (truncate:100)",
                                       "two words after the colon (boolean:Yes/No)", "a text with {} after the colon"};

struct step *step_parse(const char *text, const char *file, int line, struct opt_faults *faults)
{
    const char *colon = strchr(text, ':'), *names[COUNT(transforms)];
    AUTO_FREE char *name = mem_dup_n(text, colon ? (size_t)(colon - text) : strlen(text));
    for (size_t i = 0; i < COUNT(transforms); i++) {
        names[i] = transforms[i].name;
        if (!str_eq(name, transforms[i].name))
            continue;
        if (!arg_fits(&transforms[i], colon ? colon + 1 : NULL)) {
            opt_fault(faults, file, line, "transform %s takes %s", name, arg_help[transforms[i].arg]);
            return NULL;
        }
        struct step *s = mem_alloc(sizeof *s);
        *s = (struct step){.kind = &transforms[i], .arg = colon ? mem_dup(colon + 1) : NULL, .line = line};
        return s;
    }
    const char *nearest = str_nearest(name, names, COUNT(transforms));
    opt_fault(faults, file, line, "unknown transform \"%s\"%s%s%s", name, nearest ? "; did you mean \"" : "",
              nearest ? nearest : "", nearest ? "\"?" : "");
    return NULL;
}

void step_free(struct step *s)
{
    if (!s)
        return;
    free(s->arg);
    free(s);
}

bool step_invertible(const struct step *s)
{
    return s->kind->back != NULL;
}

const char *step_name(const struct step *s)
{
    return s->kind->name;
}

int step_makes_set(const struct step *s)
{
    return s->kind->set;
}

json_t *step_forth(const struct step *s, const json_t *v, struct err *err)
{
    return value_blank(v) && s->kind->forth != fallback ? json_incref((json_t *)v) : s->kind->forth(s, v, err);
}

json_t *step_back(const struct step *s, const json_t *v, struct err *err)
{
    return value_blank(v) ? json_incref((json_t *)v) : s->kind->back(s, v, err);
}

json_t *step_text(const json_t *value)
{
    return steal_text(text_of(value));
}
