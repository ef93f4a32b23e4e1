/* Allocation that never fails: the process ends instead, and crash recovery is tested. */
#include "bridge/base/mem.h"
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static void *or_die(void *p)
{
    if (p)
        return p;
    fputs("inbox-bridge: out of memory\n", stderr);
    abort();
}

void *mem_alloc(size_t size)
{
    return or_die(calloc(1, size ? size : 1));
}

void *mem_grow(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        bytes = SIZE_MAX / 2;
    return or_die(realloc(p, bytes ? bytes : 1));
}

char *mem_dup_n(const char *s, size_t n)
{
    char *copy = mem_grow(NULL, n + 1, 1);
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_dup(const char *s)
{
    return s ? mem_dup_n(s, strlen(s)) : NULL;
}

char *mem_printf(const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    return or_die(n < 0 ? NULL : text);
}

void mem_wipe(void *p, size_t n)
{
    if (p)
        explicit_bzero(p, n);
}

void mem_give_back(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
