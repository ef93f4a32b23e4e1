/* logfmt events: `ts=… level=info event=job.done route=sales prospect=x:15 …`. Only floors 3 and 4 may call this.
 * Values of fields whose name is or ends in token, secret, password, authorization, key_file are printed as ***. */
#pragma once
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* One sink for the process, set once at start: fd to write to (-1 = silent) and the lowest level kept. */
void log_open(int fd, enum log_level level);
void log_clock(int64_t (*now_ms)(void *), void *self); /* NULL: the system clock */

/* log_event("job.done", "route", route, "n", log_int(n), NULL): pairs of name and text, NULL name ends the list,
 * a NULL text leaves the field out. One write(2) a line; thread-safe. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
const char *log_int(int64_t n); /* per-thread ring of 8 buffers */
#define log_error(...) log_event(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_event(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_event(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_event(LOG_LEVEL_DEBUG, __VA_ARGS__)
