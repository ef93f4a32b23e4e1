/* Errors: one struct, passed by pointer, filled once where it happens and wrapped once per floor with
 * what we were doing. The kind says what a caller may do about it; the text is for people. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* bridge/sync/verdict.c holds the one table of what each kind leads to. */
enum err_kind {
    ERR_NONE = 0,
    ERR_TEMP,   /* passing fault, nothing happened: retry with jittered backoff */
    ERR_RATE,   /* a quota or Retry-After: the endpoint waits until retry_at */
    ERR_UNSURE, /* sent, answer lost: look before writing again */
    ERR_STALE,  /* the record moved under us: read again, decide anew */
    ERR_GONE,   /* the record is not there (any more) */
    ERR_REJECT, /* this item is refused for good, with the service's words */
    ERR_AUTH,   /* credentials refused: pause the endpoint, tell a person */
    ERR_CONFIG, /* the configuration or mapping cannot work: pause the route */
    ERR_LIMIT,  /* a ceiling of our own (size, count, depth) */
    ERR_STORE,  /* the store is locked, full, damaged or newer than this program */
    ERR_BUG,    /* a broken promise inside this program */
    ERR_KINDS
};

struct err {
    enum err_kind kind;
    int64_t retry_at; /* ms since the epoch; 0 = not known. Only with ERR_RATE and ERR_TEMP */
    char text[512];   /* one line, no trailing stop, UTF-8, cut at a character */
};

/* err_set fills err (NULL allowed) and returns false, so that `return err_set(…)` reads as a sentence. */
bool err_set(struct err *err, enum err_kind kind, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* err_wrap puts "what we were doing: " in front of the text and keeps kind and retry_at. Returns false. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* err_name is the word used in logs and the store: "TEMP", "RATE", … Never NULL. */
const char *err_name(enum err_kind kind);
enum err_kind err_kind_of(const char *name); /* ERR_NONE when unknown */
