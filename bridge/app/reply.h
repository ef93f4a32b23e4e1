/* Filling in answers, and the two halves of the surface that are too long for one file. */
#pragma once
#include "bridge/app/http.h"

void reply_text(struct http_answer *a, int status, const char *fmt, ...) PRINTF_LIKE(3, 4);
void reply_json(struct http_answer *a, int status, const json_t *value_or_null, const struct err *err);
void reply_later(struct http_answer *a, int seconds, const char *why); /* 503 with Retry-After */
void reply_method(struct http_answer *a, const char *allowed);         /* 405 with Allow */
bool reply_is_path(const struct http_request *q, const char *path);    /* whatever the query */

/* hooks.c: POST /hooks/ENDPOINT */
void hooks_answer(struct http *h, const struct http_request *q, struct http_answer *a);
