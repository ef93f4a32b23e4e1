/* Small text questions that several rooms ask. All take NUL-terminated UTF-8 unless stated. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool str_eq(const char *a, const char *b);        /* NULL equals only NULL */
bool str_eq_nocase(const char *a, const char *b); /* ASCII case */
bool str_starts(const char *s, const char *prefix);
bool str_blank(const char *s);                          /* NULL, "" or only white space */
void str_copy(char *dst, size_t size, const char *src); /* cuts at a character, always terminates */
size_t str_utf8_len(const char *s);                     /* code points */
size_t str_utf8_cut(const char *s, size_t code_points); /* bytes that hold at most that many code points */
bool str_utf8_valid(const char *s, size_t n);
size_t str_utf8_span(const char *s, size_t n); /* bytes before the first malformed one; n when there is none */
bool str_to_int(const char *s, int64_t min, int64_t max, int64_t *out); /* whole string, base 10 */
bool str_to_real(const char *s, double *out);                           /* whole string, decimal, finite, locale-free */

#define STR_REAL 32
void str_of_real(double v, char out[STR_REAL]); /* the shortest decimal that reads back as v: "0.1", "5", "1e+300" */

/* str_nearest returns the candidate with the smallest edit distance (≤ 1/3 of its length + 1), or NULL. */
const char *str_nearest(const char *word, const char *const *candidates, size_t n);
