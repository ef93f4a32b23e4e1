/* A growing byte string that knows its ceiling. */
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include <stdio.h>
#include <string.h>

static bool room(struct buf *b, size_t more)
{
    size_t max = b->max ? b->max : BUF_MAX;
    if (b->over || more > max || b->n > max - more) {
        b->over = true;
        return false;
    }
    if (b->n + more + 1 > b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 64;
        while (cap < b->n + more + 1)
            cap *= 2;
        b->s = mem_grow(b->s, cap, 1);
        b->cap = cap;
    }
    return true;
}

bool buf_add(struct buf *b, const void *bytes, size_t n)
{
    if (!room(b, n))
        return false;
    if (n)
        memcpy(b->s + b->n, bytes, n);
    b->n += n;
    b->s[b->n] = '\0';
    return true;
}

bool buf_puts(struct buf *b, const char *s)
{
    return buf_add(b, s, strlen(s));
}

bool buf_putc(struct buf *b, char c)
{
    if (b->n + 1 >= b->cap || b->over || (b->max && b->n >= b->max))
        return buf_add(b, &c, 1);
    b->s[b->n++] = c; /* the common case: there is room */
    b->s[b->n] = '\0';
    return true;
}

bool buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0 || !room(b, (size_t)n))
        return false;
    vsnprintf(b->s + b->n, (size_t)n + 1, fmt, ap);
    b->n += (size_t)n;
    return true;
}

bool buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    bool ok = buf_vprintf(b, fmt, ap);
    va_end(ap);
    return ok;
}

const char *buf_str(const struct buf *b)
{
    return b->s ? b->s : "";
}

char *buf_take(struct buf *b)
{
    char *s = b->s ? b->s : mem_dup("");
    *b = (struct buf){.max = b->max};
    return s;
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->over = false;
    if (b->s)
        b->s[0] = '\0';
}

void buf_done(struct buf *b)
{
    free(b->s);
    *b = (struct buf){.max = b->max};
}
