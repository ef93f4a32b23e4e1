/* The one door for whole JSON documents. jansson values are the lingua franca of the program, but only this
 * room turns bytes into values and values into bytes, so that the parser behind it can be exchanged. */
#pragma once
#include "bridge/base/err.h"
#include "bridge/base/mem.h"
#include <jansson.h>
#include <stddef.h>

static inline void js_free_p(json_t **p)
{
    json_decref(*p);
}
#define AUTO_JSON __attribute__((cleanup(js_free_p)))

#define JS_MAX_DEPTH 64

/* js_parse reads a whole document (any JSON value, trailing white space allowed; duplicate keys: the last wins;
 * invalid UTF-8, NUL bytes and depth over JS_MAX_DEPTH refused; integers beyond 64 bits become reals; half a surrogate
 * pair, as truncated texts have it, and an escaped NUL become U+FFFD).
 * Returns a new reference, or NULL with err (kind TEMP: half an answer is worth another try) naming line, column
 * and a short excerpt of what stood there. */
json_t *js_parse(const char *text, size_t n, struct err *err) MUST_CHECK;

/* js_parse_only leaves out every member, at any depth, whose name is not in the list (NULL-terminated; NULL: keeps all): large
 * pages of which little is wanted cost a third. What is left out is still checked to be JSON. */
json_t *js_parse_only(const char *text, size_t n, const char *const *members, struct err *err) MUST_CHECK;

/* js_print: compact, keys in insertion order; js_print_sorted: keys sorted (for hashing and comparing bytes). Reals are
 * printed with as few digits as read back the same, and always as reals ("5.0").
 * The caller frees. Never NULL. */
char *js_print(const json_t *v);
char *js_print_sorted(const json_t *v);
char *js_print_pretty(const json_t *v);

/* Members of an object, without surprises: a missing member, another type or a NULL object gives the default. */
const char *js_str(const json_t *object, const char *key); /* NULL when not a string; borrowed */
const char *js_str_or(const json_t *object, const char *key, const char *fallback);
int64_t js_int_or(const json_t *object, const char *key, int64_t fallback); /* also integral reals, numeric strings */
bool js_bool_or(const json_t *object, const char *key, bool fallback);
void js_set(json_t *object, const char *key, json_t *stolen); /* aborts on misuse; steals the reference */
void js_add(json_t *array, json_t *stolen);
json_t *js_text(const char *s_or_null); /* JSON string or JSON null; new reference */

/* js_equal compares values; 5 and 5.0 are equal, object order is not looked at. NULL equals only NULL. */
bool js_equal(const json_t *a, const json_t *b);
