/* Memory: allocation that aborts instead of failing (crash recovery is tested), and cleanup attributes. */
#pragma once
#include <stddef.h>
#include <stdlib.h>

void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));           /* zeroed */
void *mem_grow(void *p, size_t n, size_t size) __attribute__((returns_nonnull)); /* n items of size, overflow-checked */
char *mem_dup(const char *s);                                                    /* NULL in, NULL out */
char *mem_dup_n(const char *s, size_t n);                                        /* first n bytes, NUL added */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2), returns_nonnull));
void mem_wipe(void *p, size_t n); /* not optimised away: for secrets */
void mem_give_back(void);         /* free memory of all threads to the system; takes a millisecond or so: once a minute is plenty */

static inline void mem_free_p(void *p)
{
    free(*(void **)p);
}

#define AUTO_FREE __attribute__((cleanup(mem_free_p)))
#define AUTO(fn) __attribute__((cleanup(fn)))
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
