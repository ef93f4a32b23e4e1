/* Points in time are int64_t milliseconds since 1970 UTC; durations int64_t milliseconds. */
#pragma once
#include "bridge/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define WHEN_NEVER INT64_MAX
#define WHEN_TEXT 32

/* when_print: "2026-03-02T09:15:30.250Z". */
void when_print(int64_t ms, char out[WHEN_TEXT]);
/* when_parse: ISO 8601 date, or date-time with any fraction and Z, ±hh:mm or ±hhmm. A date alone is midnight UTC. */
bool when_parse(const char *text, int64_t *ms);
/* when_parse_http: IMF-fixdate of an HTTP Date or Retry-After header. */
bool when_parse_http(const char *text, int64_t *ms);
/* when_print_http: the same, in whole seconds: "Mon, 02 Mar 2026 09:15:30 GMT". */
void when_print_http(int64_t ms, char out[WHEN_TEXT]);
/* when_parse_span: "250ms" "15s" "5m" "2h" "7d" "2w" (a bare number is refused: say the unit). */
bool when_parse_span(const char *text, int64_t *ms, struct err *err) MUST_CHECK;
void when_print_span(int64_t ms, char *out, size_t size); /* "2h 5m", "15s", for people */
