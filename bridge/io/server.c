/* The HTTP server: libmicrohttpd collects a whole request within its bounds, a handler answers it, the server frees. */
#include "bridge/io/server.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <arpa/inet.h>
#include <microhttpd.h>
#include <string.h>

struct server {
    struct MHD_Daemon *daemon;
    server_handler *handle;
    void *self;
    size_t body_max;
    uint16_t port;
};

struct pending {
    struct http_request request;
    struct buf body;
};

static enum MHD_Result take_header(void *self, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    http_headers_add(self, name, value ? value : "");
    return MHD_YES;
}

/* The raw path and query as the peer sent them. */
static void *on_uri(void *self, const char *uri, struct MHD_Connection *connection)
{
    (void)self;
    (void)connection;
    struct pending *p = mem_alloc(sizeof *p);
    p->request.url = mem_dup(uri);
    return p;
}

static enum MHD_Result reply(struct MHD_Connection *c, struct http_answer *a)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(a->body_n, a->body, MHD_RESPMEM_MUST_FREE);
    a->body = NULL;
    for (size_t i = 0; i < a->headers.n; i++)
        MHD_add_response_header(r, a->headers.items[i].name, a->headers.items[i].value);
    enum MHD_Result ok = MHD_queue_response(c, (unsigned)a->status, r);
    MHD_destroy_response(r);
    return ok;
}

static enum MHD_Result too_large(struct MHD_Connection *c)
{
    struct http_answer a = {.status = 413, .body = mem_dup("too large\n"), .body_n = 10};
    return reply(c, &a);
}

static enum MHD_Result answer(struct server *s, struct MHD_Connection *c, struct pending *p, const char *method)
{
    struct http_answer a = {0};
    p->request.method = mem_dup(method);
    p->request.body_n = p->body.n;
    p->request.body = p->body.n ? buf_take(&p->body) : NULL;
    MHD_get_connection_values(c, MHD_HEADER_KIND, take_header, &p->request.headers);
    s->handle(s->self, &p->request, &a);
    if (!a.body) {
        a.body = mem_dup("");
        a.body_n = 0;
    }
    enum MHD_Result ok = a.status ? reply(c, &a) : MHD_NO; /* MHD_NO drops the connection */
    http_answer_done(&a);
    return ok;
}

/* Called at the head of a request, for each piece of its body, and at its end. The mark tells the first call. */
static enum MHD_Result on_request(void *self, struct MHD_Connection *c, const char *url, const char *method,
                                  const char *version, const char *data, size_t *n, void **state)
{
    struct server *s = self;
    struct pending *p = *state;
    (void)url;
    (void)version;
    if (!p->request.timeout_ms) {
        const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length");
        int64_t told = 0;
        p->request.timeout_ms = 1;
        p->body.max = s->body_max;
        if (length && str_to_int(length, 0, INT64_MAX, &told) && (uint64_t)told > s->body_max)
            return too_large(c);
        return MHD_YES;
    }
    if (*n) {
        buf_add(&p->body, data, *n);
        *n = 0;
        return MHD_YES;
    }
    return p->body.over ? too_large(c) : answer(s, c, p, method);
}

static void on_done(void *self, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
    struct pending *p = *state;
    (void)self;
    (void)c;
    (void)why;
    if (!p)
        return;
    http_request_done(&p->request);
    buf_done(&p->body);
    free(p);
    *state = NULL;
}

struct server *server_start(const struct server_options *o, server_handler *handle, void *self, struct err *err)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(o->port)};
    const char *address = o->address ? o->address : "127.0.0.1";
    if (inet_pton(AF_INET, address, &at.sin_addr) != 1) {
        err_set(err, ERR_CONFIG, "\"%s\" is no IPv4 address to listen on", address);
        return NULL;
    }
    struct server *s = mem_alloc(sizeof *s);
    s->handle = handle;
    s->self = self;
    s->body_max = o->body_max ? o->body_max : 1u << 20;
    s->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, o->port, NULL, NULL, on_request, s, MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_URI_LOG_CALLBACK,
        on_uri, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL, MHD_OPTION_THREAD_POOL_SIZE, o->threads ? o->threads : 2u,
        MHD_OPTION_CONNECTION_LIMIT, o->connections ? o->connections : 256u, MHD_OPTION_CONNECTION_TIMEOUT,
        o->idle_seconds ? o->idle_seconds : 30u, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)64 << 10, MHD_OPTION_END);
    if (!s->daemon) {
        err_set(err, ERR_CONFIG, "cannot listen on %s:%u", address, o->port);
        free(s);
        return NULL;
    }
    s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return s;
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

void server_stop(struct server *s)
{
    if (!s)
        return;
    MHD_stop_daemon(s->daemon);
    free(s);
}
