/* An HTTP/1.1 server on a few threads (libmicrohttpd behind this header), plain or with TLS: bounded in body, headers,
 * connections and time. A handler sees one whole request and fills one whole answer. */
#pragma once
#include "bridge/io/http.h"

/* handle: called on a server thread, several at a time. request->url is path and query as received (undecoded);
 * answer is zeroed (status must be set, or 0 to drop the connection without an answer); its storage is freed by the
 * server. */
typedef void server_handler(void *self, const struct http_request *request, struct http_answer *answer);

struct server_options {
    const char *address;    /* IPv4 or IPv6; NULL = "127.0.0.1" */
    uint16_t port;          /* 0 = any free one: ask server_port */
    const char *socket;     /* path of a Unix socket, mode 0600, to listen at instead; one left there is replaced, and it is
                               gone after server_stop. Borrowed until then */
    unsigned threads;       /* 0 = 2 */
    unsigned connections;   /* 0 = 256; who comes then is let in, and who has kept us waiting longest goes */
    size_t body_max;        /* 0 = 1 MiB; larger is answered 413 */
    unsigned request_seconds; /* 0 = 10: to begin a request after connecting, and again for all of it */
    unsigned idle_seconds;  /* 0 = 30: between two requests, and to take an answer */
    const char *certificate, *key; /* PEM texts: TLS; NULL = plain. Borrowed until server_stop */
};

struct server;
struct server *server_start(const struct server_options *options, server_handler *handle, void *self, struct err *err);
uint16_t server_port(const struct server *server);
/* server_stop takes no new connections, gives the requests in hand a few seconds to be answered, and ends; accepts NULL. */
void server_stop(struct server *server);
