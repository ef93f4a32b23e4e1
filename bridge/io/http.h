/* HTTP as values: a request, its answer, and a transport that carries many at once. The real transport is
 * http_curl.c; tests put the sandbox behind the same two structs. */
#pragma once
#include "bridge/base/err.h"
#include <stddef.h>
#include <stdint.h>

#define HTTP_BODY_MAX (4u << 20) /* ceiling of one answer unless the request says otherwise */
#define HTTP_HEADERS_MAX 64

struct http_header {
    char *name; /* name in lower case in answers */
    char *value;
};

struct http_headers {
    struct http_header *items;
    size_t n;
};

void http_headers_add(struct http_headers *h, const char *name, const char *value); /* copies both */
void http_headers_set(struct http_headers *h, const char *name, const char *value); /* replaces all of that name */
const char *http_headers_get(const struct http_headers *h, const char *name);       /* first, any case; NULL */
void http_headers_done(struct http_headers *h);

struct http_request {
    char *method;                /* method: "GET", "POST", … */
    char *url;                   /* url: absolute for clients; path?query for servers */
    struct http_headers headers;
    char *body;                  /* body may be NULL; NUL-terminated beyond body_n */
    size_t body_n;
    size_t answer_max;           /* answer_max bytes; 0 = HTTP_BODY_MAX */
    int64_t timeout_ms;          /* timeout_ms of the whole exchange; 0 = 30 s */
    char *socket;                /* socket: a Unix socket to connect to instead of the url's host; NULL = none */
    bool public_only;            /* public_only: whatever the host's name leads to must be a public address (address.h) */
};

/* What became of it, as far as the wire tells. Only `not_sent` proves that the service saw nothing. */
enum http_fate { HTTP_ANSWERED, HTTP_NOT_SENT, HTTP_LOST };

struct http_answer {
    enum http_fate fate;
    int status; /* status is 0 unless answered */
    struct http_headers headers;
    char *body; /* body is NUL-terminated beyond body_n; may hold NULs; NULL when empty */
    size_t body_n;
    struct err err; /* err tells why when not answered: TEMP for not_sent, UNSURE for lost, LIMIT for a body over the
                       ceiling (fate is then HTTP_LOST for writers: the service did act), CONFIG for TLS or address */
};

void http_request_init(struct http_request *r, const char *method, const char *url);
void http_request_body(struct http_request *r, char *stolen_body, size_t n, const char *content_type);
void http_request_done(struct http_request *r); /* wipes the Authorization header */
void http_answer_done(struct http_answer *a);

/* Percent-encoding for one path segment or query value; caller frees. */
char *http_escape(const char *s);
/* The value of a name in a url's query, decoded ("+" is a space); caller frees. NULL: it is not there, or is no UTF-8. */
char *http_query(const char *url, const char *name);

/* A transport performs n requests, up to `in_flight` of them at once, and fills answers[i] for requests[i] whatever
 * happens. It keeps connections alive between calls. It never retries, never follows a redirect. */
struct http_transport {
    void (*perform)(struct http_transport *self, const struct http_request *requests, struct http_answer *answers,
                    size_t n, unsigned in_flight);
    void (*free)(struct http_transport *self);
};

struct http_curl_options {
    bool allow_plain_http; /* plain http is refused unless to loopback (127.0.0.0/8, ::1, localhost) or this is set */
    const char *user_agent;
    const char *ca_file; /* NULL: the system's */
};
struct http_transport *http_curl_new(const struct http_curl_options *options);
