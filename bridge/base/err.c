/* Errors are filled once and wrapped on the way up; the text never grows past its place, and is always one line of
 * valid UTF-8. What a kind leads to is decided elsewhere. */
#include "bridge/base/err.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <stdarg.h>
#include <string.h>

static const char *const names[ERR_KINDS] = {
    [ERR_NONE] = "NONE",     [ERR_TEMP] = "TEMP",   [ERR_RATE] = "RATE",     [ERR_UNSURE] = "UNSURE",
    [ERR_STALE] = "STALE",   [ERR_GONE] = "GONE",   [ERR_REJECT] = "REJECT", [ERR_AUTH] = "AUTH",
    [ERR_CONFIG] = "CONFIG", [ERR_LIMIT] = "LIMIT", [ERR_STORE] = "STORE",   [ERR_BUG] = "BUG",
};

static PRINTF_LIKE(1, 0) char *format(const char *fmt, va_list ap)
{
    struct buf text = BUF_INIT(0);
    buf_vprintf(&text, fmt, ap);
    return buf_take(&text);
}

/* One line of UTF-8, whatever a service put into it. */
static void put_text(struct err *err, const char *text)
{
    bool valid = str_utf8_valid(text, strlen(text));
    str_copy(err->text, sizeof err->text, text);
    for (char *c = err->text; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            *c = ' ';
        if (!valid && (unsigned char)*c >= 0x80)
            *c = '?';
    }
}

bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
    va_list ap;
    if (!err)
        return false;
    va_start(ap, fmt);
    AUTO_FREE char *text = format(fmt, ap);
    va_end(ap);
    err->kind = kind;
    err->retry_at = 0;
    put_text(err, text);
    return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
    va_list ap;
    if (!err)
        return false;
    va_start(ap, fmt);
    AUTO_FREE char *doing = format(fmt, ap);
    va_end(ap);
    AUTO_FREE char *text = mem_printf("%s%s%s", doing, *err->text ? ": " : "", err->text);
    put_text(err, text);
    return false;
}

const char *err_name(enum err_kind kind)
{
    return (unsigned)kind < ERR_KINDS ? names[kind] : "BUG";
}

enum err_kind err_kind_of(const char *name)
{
    for (int i = 0; name && i < ERR_KINDS; i++)
        if (!strcmp(names[i], name))
            return (enum err_kind)i;
    return ERR_NONE;
}
