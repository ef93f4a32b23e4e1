/* Answers are small texts or JSON, never cached by anybody. */
#include "bridge/app/reply.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct http_answer *a, int status, const char *type, char *stolen)
{
    a->status = status;
    a->body = stolen;
    a->body_n = strlen(stolen);
    http_headers_set(&a->headers, "Content-Type", type);
    http_headers_set(&a->headers, "Cache-Control", "no-store");
}

void reply_text(struct http_answer *a, int status, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        abort();
    va_end(ap);
    fill(a, status, "text/plain; charset=utf-8", text);
}

void reply_json(struct http_answer *a, int status, const json_t *value, const struct err *err)
{
    if (value)
        fill(a, status, "application/json", js_print(value));
    else
        reply_text(a, status, "%s\n", err->text);
}

void reply_later(struct http_answer *a, int seconds, const char *why)
{
    AUTO_FREE char *after = mem_printf("%d", seconds);
    reply_text(a, 503, "%s", why);
    http_headers_set(&a->headers, "Retry-After", after);
}

void reply_method(struct http_answer *a, const char *allowed)
{
    reply_text(a, 405, "here one says %s\n", allowed);
    http_headers_set(&a->headers, "Allow", allowed);
}

bool reply_is_path(const struct http_request *q, const char *path)
{
    size_t n = strcspn(q->url, "?");
    return n == strlen(path) && !strncmp(q->url, path, n);
}
