/* The rules of a digest as they were read. Private to digest_rules.c and digest.c. */
#pragma once
#include "mappings/digest.h"
#include <regex.h>

#define DIGEST_LEAST 500 /* characters: a heading, a name and something said */

enum digest_span { DIGEST_DAY, DIGEST_MESSAGE };
enum digest_format { DIGEST_HTML, DIGEST_TEXT };

struct digest_words { /* what stands for what cannot be shown */
    char *received, *sent, *deleted, *edited, *encrypted, *attachment, *redacted;
};

struct digest {
    int span, format;
    int64_t limit;    /* limit in characters; 0 = what the CRM takes */
    char *timezone;   /* "UTC" or "+02:00" */
    int64_t offset;   /* offset of the day's midnight from UTC, ms */
    struct opt_list redact, never_log;
    struct digest_words words;
    regex_t *patterns;
    size_t n_patterns;
};
