/* Any four texts as notes of both sides, before and now: the merge ends, invents no paragraph, loses none that both sides
 * hold, and merging its own outcome again changes nothing. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/sync/merge.h"
#include "mappings/fence.h"
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool among(const char *part, size_t n, const char *text)
{
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        if (strlen(at) >= n)
            return true;
    return n == 0;
}

/* Every paragraph of `text` stands in one of the two others. */
static void require_from(const char *text, const char *a, const char *b)
{
    for (const char *at = text + strspn(text, "\r\n"); *at; at += strspn(at, "\r\n")) {
        const char *end = strstr(at, "\n\n");
        size_t n = end ? (size_t)(end - at) : strlen(at);
        AUTO_FREE char *part = mem_dup_n(at, n);
        if (!among(part, n, a) && !among(part, n, b))
            abort();
        at += n;
    }
}

/* A line put into any text changes nothing of people's, is found again, and goes without a trace; new text keeps it. */
static void fence(const char *text, const char *other)
{
    AUTO_FREE char *people = fence_strip(text), *put = fence_put(text, "t", "https://a/1"), *again = fence_put(put, "t", "https://a/1");
    AUTO_FREE char *after = fence_strip(put), *found = fence_find(put, "t"), *pure = fence_strip(people), *gone = fence_put(put, "t", NULL);
    AUTO_FREE char *theirs = fence_strip(other), *carried = fence_carry(theirs, put), *back = fence_strip(carried), *still = fence_find(carried, "t");
    AUTO_FREE char *left = fence_strip(gone);
    if (strcmp(after, people) || strcmp(again, put) || strcmp(pure, people) || !found || strcmp(found, "https://a/1"))
        abort();
    if (strcmp(back, theirs) || !still || strcmp(left, people))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *texts[4];
    const char *at = (const char *)data, *end = at + n;
    for (int i = 0; i < 4; i++) {
        const char *stop = at < end ? memchr(at, '|', (size_t)(end - at)) : NULL;
        size_t len = at < end ? (size_t)((stop ? stop : end) - at) : 0;
        texts[i] = mem_dup_n(at < end ? at : "", len);
        AUTO_JSON json_t *legal = json_string(texts[i]);
        if (!legal) /* not UTF-8: never comes out of the parser */
            texts[i][0] = '\0';
        at += len + 1;
    }
    fence(texts[0], texts[1]);
    fence(texts[2], texts[3]);
    for (int newer = 0; newer < 2; newer++) {
        AUTO_JSON json_t *merged = merge_notes(texts[0], texts[1], texts[2], texts[3], newer);
        const char *out = json_string_value(merged);
        if (!merged)
            continue; /* more paragraphs than are merged */
        require_from(out, texts[2], texts[3]);
        AUTO_JSON json_t *again = merge_notes(out, out, out, out, newer);
        if (again && strcmp(json_string_value(again), out))
            abort();
    }
    for (int i = 0; i < 4; i++)
        free(texts[i]);
    return 0;
}
