/* A growing byte string with a ceiling: past `max` bytes it keeps what it has, sets `over` and takes no more. */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *s;  /* s is NUL-terminated once anything was added; NULL before. Use buf_str() to read */
    size_t n; /* n bytes without the NUL */
    size_t cap;
    size_t max; /* max bytes it may hold; 0 means BUF_MAX */
    bool over;  /* over is set when something did not fit */
};

#define BUF_MAX (64u << 20)
#define BUF_INIT(limit) ((struct buf){.max = (limit)})

bool buf_add(struct buf *b, const void *bytes, size_t n); /* false when over */
bool buf_puts(struct buf *b, const char *s);
bool buf_putc(struct buf *b, char c);
bool buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
const char *buf_str(const struct buf *b); /* never NULL */
char *buf_take(struct buf *b);            /* caller frees; b is empty again; never NULL */
void buf_reset(struct buf *b);            /* keeps the storage */
void buf_done(struct buf *b);             /* frees; accepts an empty one */
