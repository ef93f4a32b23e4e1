/* logfmt lines, one write(2) each. Secrets are recognised by their field's name and never printed. It neither rotates
 * nor buffers: that is the work of whoever reads the descriptor. */
#include "bridge/base/log.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define VALUE_MOST 2048

static struct {
    int fd;
    enum log_level level;
    int64_t (*now)(void *);
    void *self;
} sink = {.fd = -1};

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void log_open(int fd, enum log_level level)
{
    sink.fd = fd;
    sink.level = level;
}

void log_clock(int64_t (*now_ms)(void *), void *self)
{
    sink.now = now_ms;
    sink.self = self;
}

static int64_t now(void)
{
    struct timespec t;
    if (sink.now)
        return sink.now(sink.self);
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && str_eq_nocase(s + n - m, tail);
}

static bool secret(const char *name)
{
    static const char *const words[] = {"token", "secret", "password", "authorization", "key_file"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (ends_with(name, words[i]))
            return true;
    return false;
}

static bool plain(const char *s)
{
    for (const char *c = s; *c; c++)
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '=' || *c == '\\' || *c == 0x7f)
            return false;
    return *s != '\0';
}

static void put_char(struct buf *b, char c, bool utf8)
{
    if (c == '"' || c == '\\')
        buf_putc(b, '\\');
    if (c == '\n')
        buf_puts(b, "\\n");
    else if ((unsigned char)c < ' ' || c == 0x7f)
        buf_putc(b, ' ');
    else
        buf_putc(b, !utf8 && (unsigned char)c >= 0x80 ? '?' : c);
}

/* A value longer than a person reads is cut, so that one value cannot push the others off the line. */
static void put_value(struct buf *b, const char *s)
{
    char kept[VALUE_MOST];
    size_t n = strlen(s);
    bool utf8 = str_utf8_valid(s, n);
    str_copy(kept, sizeof kept, s);
    if (utf8 && n < sizeof kept && plain(s)) {
        buf_puts(b, s);
        return;
    }
    buf_putc(b, '"');
    for (const char *c = kept; *c; c++)
        put_char(b, *c, utf8);
    buf_puts(b, n < sizeof kept ? "\"" : "…\"");
}

/* A reader that is slow or gone must not stop the bridge: what cannot be written is dropped. */
static void emit(const char *line, size_t n)
{
    while (n) {
        ssize_t w = write(sink.fd, line, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return;
        line += w;
        n -= (size_t)w;
    }
}

void log_event(enum log_level level, const char *event, ...)
{
    struct buf b = BUF_INIT(0);
    char ts[WHEN_TEXT];
    va_list ap;
    if (sink.fd < 0 || level > sink.level)
        return;
    when_print(now(), ts);
    buf_printf(&b, "ts=%s level=%s event=%s", ts, level_names[level], event);
    va_start(ap, event);
    for (const char *name; (name = va_arg(ap, const char *));) {
        const char *text = va_arg(ap, const char *);
        if (!text)
            continue;
        buf_printf(&b, " %s=", name);
        put_value(&b, secret(name) ? "***" : text);
    }
    va_end(ap);
    buf_putc(&b, '\n');
    emit(buf_str(&b), b.n);
    buf_done(&b);
}

const char *log_int(int64_t n)
{
    static _Thread_local char ring[8][24];
    static _Thread_local unsigned at;
    char *out = ring[at++ % COUNT(ring)];
    snprintf(out, sizeof ring[0], "%lld", (long long)n);
    return out;
}
