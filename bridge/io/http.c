/* The two HTTP structs: building, reading and freeing them. No bytes on any wire here. */
#include "bridge/io/http.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <string.h>

void http_headers_add(struct http_headers *h, const char *name, const char *value)
{
    if (h->n == HTTP_HEADERS_MAX)
        return;
    h->items = mem_grow(h->items, h->n + 1, sizeof *h->items);
    h->items[h->n++] = (struct http_header){mem_dup(name), mem_dup(value)};
}

static void drop(struct http_header *item)
{
    mem_wipe(item->value, strlen(item->value));
    free(item->name);
    free(item->value);
}

void http_headers_set(struct http_headers *h, const char *name, const char *value)
{
    size_t kept = 0;
    for (size_t i = 0; i < h->n; i++)
        if (str_eq_nocase(h->items[i].name, name))
            drop(&h->items[i]);
        else
            h->items[kept++] = h->items[i];
    h->n = kept;
    http_headers_add(h, name, value);
}

const char *http_headers_get(const struct http_headers *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++)
        if (str_eq_nocase(h->items[i].name, name))
            return h->items[i].value;
    return NULL;
}

void http_headers_done(struct http_headers *h)
{
    for (size_t i = 0; i < h->n; i++)
        drop(&h->items[i]);
    free(h->items);
    *h = (struct http_headers){0};
}

void http_request_init(struct http_request *r, const char *method, const char *url)
{
    *r = (struct http_request){.method = mem_dup(method), .url = mem_dup(url)};
}

void http_request_body(struct http_request *r, char *stolen_body, size_t n, const char *content_type)
{
    free(r->body);
    r->body = stolen_body;
    r->body_n = n;
    http_headers_set(&r->headers, "Content-Type", content_type);
}

void http_request_done(struct http_request *r)
{
    free(r->method);
    free(r->url);
    free(r->body);
    free(r->socket);
    http_headers_done(&r->headers);
    *r = (struct http_request){0};
}

void http_answer_done(struct http_answer *a)
{
    free(a->body);
    http_headers_done(&a->headers);
    *a = (struct http_answer){0};
}

char *http_escape(const char *s)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buf b = {0};
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c);
        if (plain) {
            buf_putc(&b, *s);
        } else {
            char hex[3] = {'%', digits[c >> 4], digits[c & 15]};
            buf_add(&b, hex, 3);
        }
    }
    return buf_take(&b);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static char *unescape(const char *from, size_t n)
{
    char *out = mem_alloc(n + 1);
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        bool coded = from[i] == '%' && i + 2 < n && hex(from[i + 1]) >= 0 && hex(from[i + 2]) >= 0;
        out[at++] = coded ? (char)(hex(from[i + 1]) * 16 + hex(from[i + 2])) : from[i] == '+' ? ' ' : from[i];
        i += coded ? 2 : 0;
    }
    if (!memchr(out, '\0', at) && str_utf8_valid(out, at))
        return out;
    free(out);
    return NULL;
}

char *http_query(const char *url, const char *name)
{
    const char *at = strchr(url, '?');
    size_t n = strlen(name);
    while (at) {
        at++;
        if (!strncmp(at, name, n) && at[n] == '=')
            return unescape(at + n + 1, strcspn(at + n + 1, "&"));
        at = strchr(at, '&');
    }
    return NULL;
}
