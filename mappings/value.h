/* Canonical values and their comparison. */
#pragma once
#include <jansson.h>
#include <stdbool.h>

bool value_blank(const json_t *v);                        /* NULL, null, "", [] */
bool value_same(const json_t *a, const json_t *b);        /* canonical compare: null and "" differ; 5 and 5.0 are the same; sets by content */
bool value_alike(const json_t *a, const json_t *b);       /* after norm: white space trimmed and folded, CRLF, blanks alike, "5" and 5 alike, sets by content */
json_t *value_canonical(const json_t *v, bool is_set);    /* new reference */
int value_compare(const json_t *a, const json_t *b);      /* order: numbers (numeric strings too) by size, else text by bytes; blank first */
