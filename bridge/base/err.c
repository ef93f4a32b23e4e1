/* Errors are filled once and wrapped on the way up; the text never grows past its place. */
#include "bridge/base/err.h"
#include "bridge/base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const names[ERR_KINDS] = {"NONE", "TEMP", "RATE",   "UNSURE", "STALE", "GONE",
                                             "REJECT", "AUTH", "CONFIG", "LIMIT",  "STORE", "BUG"};

/* One line, whatever a service put into it. */
static void put_text(struct err *err, const char *text)
{
    str_copy(err->text, sizeof err->text, text);
    for (char *c = err->text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
}

bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    char text[2 * sizeof err->text];
    va_list ap;
    if (!err)
        return false;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    err->kind = kind;
    err->retry_at = 0;
    put_text(err, text);
    return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
    char text[3 * sizeof err->text];
    va_list ap;
    if (!err)
        return false;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof err->text, fmt, ap);
    va_end(ap);
    size_t at = n < 0 ? 0 : (size_t)n < sizeof err->text ? (size_t)n : sizeof err->text - 1;
    snprintf(text + at, sizeof text - at, ": %s", err->text);
    put_text(err, text);
    return false;
}

const char *err_name(enum err_kind kind)
{
    return kind < ERR_KINDS ? names[kind] : "BUG";
}

enum err_kind err_kind_of(const char *name)
{
    for (int i = 0; name && i < ERR_KINDS; i++)
        if (!strcmp(names[i], name))
            return (enum err_kind)i;
    return ERR_NONE;
}
