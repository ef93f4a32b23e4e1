/* What becomes of a value: trimmed, blank to null, dates and numbers read and printed again, lists checked. */
#include "tests/sandbox/salesforce.h"
#include <math.h>
#include <stdio.h>

static json_t *refuse_type(const char *wanted, const json_t *said, struct sf_bad *bad)
{
    AUTO_FREE char *text = js_print(said);
    const char *kind = json_is_string(said)    ? "VALUE_STRING"
                       : json_is_integer(said) ? "VALUE_NUMBER_INT"
                       : json_is_real(said)    ? "VALUE_NUMBER_FLOAT"
                       : json_is_true(said)    ? "VALUE_TRUE"
                       : json_is_false(said)   ? "VALUE_FALSE"
                                               : "START_OBJECT";
    sf_set_bad(bad, 400, "JSON_PARSER_ERROR", NULL,
               "Cannot deserialize instance of %s from %s value %s or request may be missing a required field at "
               "[line:1, column:1]",
               wanted, kind, json_is_string(said) ? json_string_value(said) : text);
    return NULL;
}

/* ---- texts ---- */

static char *trimmed(const char *text)
{
    static const char blank[] = " \t\r\n\f\v";
    size_t n;
    text += strspn(text, blank);
    for (n = strlen(text); n && strchr(blank, text[n - 1]);)
        n--;
    return mem_dup_n(text, n);
}

static char *with_crlf(const char *text)
{
    struct buf b = {0};
    for (const char *c = text; *c; c++) {
        if (*c == '\n' && (c == text || c[-1] != '\r'))
            buf_putc(&b, '\r');
        buf_putc(&b, *c);
    }
    return buf_take(&b);
}

static bool is_email(const char *text)
{
    const char *at = strchr(text, '@'), *dot = at ? strrchr(at, '.') : NULL;
    return at && at != text && dot > at + 1 && dot[1] && !strchr(at + 1, '@') && !strpbrk(text, " ,;<>\"") &&
           !strstr(text, "..");
}

/* "4155551234" becomes "(415) 555-1234". */
static char *phone(const char *text)
{
    if (strlen(text) != 10 || strspn(text, "0123456789") != 10)
        return mem_dup(text);
    return mem_printf("(%.3s) %.3s-%s", text, text + 3, text + 6);
}

static json_t *read_text(struct sf *s, const struct sf_field *f, char *text, struct sf_bad *bad)
{
    AUTO_FREE char *kept = str_eq(f->type, "phone") && sf_flag(s, "format_phones")         ? phone(text)
                           : str_eq(f->type, "textarea") && sf_says(s, "newlines", "crlf") ? with_crlf(text)
                                                                                           : mem_dup(text);
    for (char *c = kept; str_eq(f->type, "email") && sf_flag(s, "lower_email") && *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    if (f->length && str_utf8_len(kept) > (size_t)f->length)
        sf_set_bad(bad, 400, "STRING_TOO_LONG", f->name, "%s: data value too large: %s (max length=%d)", f->label, kept,
                   f->length);
    else if (str_eq(f->type, "email") && !is_email(kept))
        sf_set_bad(bad, 400, "INVALID_EMAIL_ADDRESS", f->name, "%s: invalid email address: %s", f->label, kept);
    else
        return json_string(kept);
    return NULL;
}

/* ---- picklists ---- */

static const char *listed(const struct sf_field *f, const char *value)
{
    size_t i;
    json_t *v;
    json_array_foreach (f->values, i, v)
        if (js_bool_or(v, "active", false) && str_eq_nocase(js_str(v, "value"), value))
            return js_str(v, "value");
    return NULL;
}

static bool restricted(struct sf *s, const struct sf_field *f)
{
    bool status = str_eq(f->name, "Status") || str_eq(f->name, "StageName");
    return f->restricted || (status && sf_flag(s, "restricted_status"));
}

static json_t *read_picks(struct sf *s, const struct sf_field *f, char *text, struct sf_bad *bad)
{
    struct buf out = {0};
    char *save = NULL;
    bool many = str_eq(f->type, "multipicklist"), ok = true;
    for (char *one = strtok_r(text, many ? ";" : "\n", &save); one && ok;
         one = strtok_r(NULL, many ? ";" : "\n", &save)) {
        AUTO_FREE char *clean = trimmed(one);
        const char *known = listed(f, clean);
        if (!known && restricted(s, f))
            ok = sf_set_bad(bad, 400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f->name,
                            "%s: bad value for restricted picklist field: %s", f->label, clean);
        else if (!known && str_utf8_len(clean) > 255)
            ok = sf_set_bad(bad, 400, "STRING_TOO_LONG", f->name, "%s: data value too large: %s (max length=255)",
                            f->label, clean);
        buf_printf(&out, "%s%s", out.n ? ";" : "", known ? known : clean);
    }
    json_t *value = ok ? json_string(buf_str(&out)) : NULL;
    buf_done(&out);
    return value;
}

/* ---- dates and numbers ---- */

static json_t *read_date(const struct sf_field *f, const json_t *said, struct sf_bad *bad)
{
    const char *text = json_string_value(said);
    int64_t ms = 0;
    char at[SF_STAMP];
    bool whole = str_eq(f->type, "datetime");
    if (!text || !when_parse(text, &ms))
        return refuse_type(f->type, said, bad);
    sf_stamp(ms, at);
    if (!whole)
        at[10] = '\0';
    return json_string(at);
}

static json_t *read_number(const struct sf_field *f, const json_t *said, struct sf_bad *bad)
{
    double v = json_number_value(said), step = pow(10, f->scale);
    bool whole = str_eq(f->type, "int");
    int digits = whole ? 9 : f->precision - f->scale;
    if (!json_is_number(said) && (!json_is_string(said) || !str_to_real(json_string_value(said), &v)))
        return refuse_type(whole ? "int" : f->type, said, bad);
    if (fabs(v) >= pow(10, digits)) {
        sf_set_bad(bad, 400, "NUMBER_OUTSIDE_VALID_RANGE", f->name,
                   "%s: value outside of valid range on numeric field: %g", f->label, v);
        return NULL;
    }
    return whole ? json_integer((json_int_t)v) : json_real(round(v * step) / step);
}

static json_t *read_flag(const json_t *said, struct sf_bad *bad)
{
    const char *text = json_string_value(said);
    if (json_is_boolean(said))
        return json_incref((json_t *)said);
    if (str_eq_nocase(text, "true") || str_eq_nocase(text, "false"))
        return json_boolean(str_eq_nocase(text, "true"));
    return refuse_type("boolean", said, bad);
}

/* ---- all of them ---- */

static json_t *read_written(struct sf *s, const struct sf_type *t, const struct sf_field *f, const json_t *said,
                            struct sf_bad *bad)
{
    AUTO_FREE char *text = json_is_string(said) ? trimmed(json_string_value(said)) : NULL;
    bool number = str_eq(f->type, "int") || str_eq(f->type, "double") || str_eq(f->type, "currency") ||
                  str_eq(f->type, "percent");
    AUTO_JSON json_t *clean = text ? json_string(text) : json_incref((json_t *)said);
    if (str_eq(f->type, "boolean"))
        return read_flag(clean, bad);
    if (number)
        return read_number(f, clean, bad);
    if (str_eq(f->type, "date") || str_eq(f->type, "datetime"))
        return read_date(f, clean, bad);
    if (!text)
        return refuse_type("string", said, bad);
    if (str_eq(f->type, "reference") || str_eq(f->type, "id"))
        return sf_refer(s, t, f, clean, bad);
    if (str_eq(f->type, "picklist") || str_eq(f->type, "multipicklist"))
        return read_picks(s, f, text, bad);
    return read_text(s, f, text, bad);
}

json_t *sf_value(struct sf *s, const struct sf_type *t, const struct sf_field *f, const json_t *said,
                 struct sf_bad *bad)
{
    bool empty = json_is_null(said) || (json_is_string(said) && str_blank(json_string_value(said)));
    if (!empty)
        return read_written(s, t, f, said, bad);
    if (f->nillable)
        return json_null();
    if (str_eq(f->type, "boolean"))
        sf_set_bad(bad, 400, "INVALID_TYPE_ON_FIELD_IN_RECORD", f->name, "%s: value not of required type: %s", f->label,
                   json_is_null(said) ? "null" : "");
    else
        sf_set_bad(bad, 400, "REQUIRED_FIELD_MISSING", f->name, "Required fields are missing: [%s]", f->name);
    return NULL;
}
