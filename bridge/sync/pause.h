/* Paused routes: a durable flag. What changes is still taken in; nothing is worked on until somebody resumes it. */
#pragma once
#include "bridge/io/store.h"

/* pause_since: *since 0 = not paused; else since when, ms. */
bool pause_since(struct store *st, const char *route, int64_t *since, struct err *err) MUST_CHECK;
bool pause_set(struct store *st, const char *route, bool paused, int64_t now,
               struct err *err) MUST_CHECK; /* a second pause keeps the first time */
