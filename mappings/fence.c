/* Lines of the bridge in people's texts. A line is ours only when it is exactly as we write it, so that what people write around,
 * or make of one, is theirs and stays. A line goes together with the line break that separates it from the text before it. */
#include "mappings/fence.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include <string.h>

#define OPEN "[inbox-bridge "

/* Without the line break, be it a Windows one. */
static size_t line_length(const char *line)
{
    size_t n = strcspn(line, "\n");
    return n && line[n - 1] == '\r' ? n - 1 : n;
}

static const char *next_line(const char *line)
{
    const char *end = line + strcspn(line, "\n");
    return *end ? end + 1 : end;
}

/* "[inbox-bridge TAG] VALUE", the value one word. */
static bool parse(const char *line, const char **tag, size_t *tag_n, const char **value, size_t *value_n)
{
    size_t n = line_length(line);
    if (strncmp(line, OPEN, strlen(OPEN)) != 0)
        return false;
    *tag = line + strlen(OPEN);
    *tag_n = strcspn(*tag, "] \t\r\n");
    *value = *tag + *tag_n + 2;
    if (!*tag_n || strncmp(*tag + *tag_n, "] ", 2) != 0)
        return false;
    *value_n = strcspn(*value, " \t\r\n");
    return *value_n && *value + *value_n == line + n;
}

static bool is_ours(const char *line, const char *only)
{
    const char *tag, *value;
    size_t tag_n, value_n;
    return parse(line, &tag, &tag_n, &value, &value_n) && (!only || (strlen(only) == tag_n && !strncmp(tag, only, tag_n)));
}

static const char *find(const char *text, const char *only)
{
    for (const char *line = text; line && *line; line = next_line(line))
        if (is_ours(line, only))
            return line;
    return NULL;
}

bool fence_any(const char *text)
{
    return text && strstr(text, OPEN) && find(text, NULL);
}

/* The text without its lines of that tag (NULL: of any). What ended a line goes with it; at the end, what began it. */
static char *without(const char *text, const char *only)
{
    struct buf b = {0};
    const char *line = text;
    bool cut = false;
    for (; *line; line = next_line(line)) {
        cut = is_ours(line, only);
        if (!cut)
            buf_add(&b, line, (size_t)(next_line(line) - line));
    }
    bool ended = line > text && line[-1] == '\n';
    if (cut && !ended && b.n && buf_str(&b)[b.n - 1] == '\n') {
        char *out = mem_dup_n(buf_str(&b), b.n - 1);
        buf_done(&b);
        return out;
    }
    return buf_take(&b);
}

char *fence_strip(const char *text)
{
    return fence_any(text) ? without(text, NULL) : mem_dup(text);
}

char *fence_find(const char *text, const char *tag)
{
    const char *line = text ? find(text, tag) : NULL, *name, *value;
    size_t name_n, value_n;
    return line && parse(line, &name, &name_n, &value, &value_n) ? mem_dup_n(value, value_n) : NULL;
}

static void add_line(struct buf *b, const char *line, size_t n)
{
    if (b->n)
        buf_putc(b, '\n');
    buf_add(b, line, n);
}

char *fence_put(const char *text, const char *tag, const char *value)
{
    const char *said = text ? text : "", *first = find(said, tag);
    if (!value)
        return without(said, tag);
    AUTO_FREE char *line = mem_printf(OPEN "%s] %s", tag, value);
    struct buf b = {0};
    if (!first) {
        buf_puts(&b, said);
        add_line(&b, line, strlen(line));
        return buf_take(&b);
    }
    AUTO_FREE char *after = without(first + line_length(first), tag);
    buf_add(&b, said, (size_t)(first - said));
    buf_puts(&b, line);
    buf_puts(&b, after);
    return buf_take(&b);
}

char *fence_carry(const char *people, const char *old)
{
    struct buf above = {0}, b = {0};
    const char *line = old ? old : "";
    for (; *line && is_ours(line, NULL); line = next_line(line))
        add_line(&above, line, line_length(line));
    buf_puts(&b, buf_str(&above));
    buf_done(&above);
    if (people && *people)
        add_line(&b, people, strlen(people));
    for (; *line; line = next_line(line))
        if (is_ours(line, NULL))
            add_line(&b, line, line_length(line));
    return buf_take(&b);
}
