/* The HTTP server: libmicrohttpd collects a whole request within its bounds, a handler answers it, the server frees. */
#include "bridge/io/server.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 3000

struct server {
    struct MHD_Daemon *daemon;
    server_handler *handle;
    void *self;
    size_t body_max;
    uint16_t port;
    const char *socket;
    _Atomic int in_hand; /* requests begun and not yet answered */
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
    struct server *s = self;
    (void)connection;
    struct pending *p = mem_alloc(sizeof *p);
    atomic_fetch_add(&s->in_hand, 1);
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
    struct server *s = self;
    (void)c;
    (void)why;
    if (!p)
        return;
    atomic_fetch_sub(&s->in_hand, 1);
    http_request_done(&p->request);
    buf_done(&p->body);
    free(p);
    *state = NULL;
}

/* ---- start ---- */

struct place {
    struct sockaddr_storage at;
    bool v6;
};

static bool place_of(const char *address, uint16_t port, struct place *out, struct err *err)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&out->at;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out->at;
    *out = (struct place){.v6 = strchr(address, ':') != NULL};
    if (out->v6) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons(port);
    } else {
        four->sin_family = AF_INET;
        four->sin_port = htons(port);
    }
    if (inet_pton(out->v6 ? AF_INET6 : AF_INET, address, out->v6 ? (void *)&six->sin6_addr : (void *)&four->sin_addr) == 1)
        return true;
    return err_set(err, ERR_CONFIG, "\"%s\" is no address to listen on", address);
}

/* The mode is set before anybody can connect: a socket that does not listen yet refuses everyone. */
static int listen_at(const char *path, struct err *err)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof at.sun_path) {
        err_set(err, ERR_CONFIG, "%s: a socket's path has %zu characters at most", path, sizeof at.sun_path - 1);
        return -1;
    }
    str_copy(at.sun_path, sizeof at.sun_path, path);
    unlink(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && chmod(path, 0600) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    err_set(err, ERR_CONFIG, "cannot listen at %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static struct MHD_Daemon *begin(struct server *s, const struct server_options *o, unsigned flags, struct MHD_OptionItem *where)
{
    bool tls = o->certificate && o->key;
    struct MHD_OptionItem secure[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->certificate},
                                      {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key},
                                      {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem *more = tls ? secure : &secure[2];
    flags |= MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | (tls ? MHD_USE_TLS : 0u);
    return MHD_start_daemon(flags, o->port, NULL, NULL, on_request, s, MHD_OPTION_ARRAY, where, MHD_OPTION_URI_LOG_CALLBACK,
                            on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_done, s, MHD_OPTION_THREAD_POOL_SIZE,
                            o->threads ? o->threads : 2u, MHD_OPTION_CONNECTION_LIMIT, o->connections ? o->connections : 256u,
                            MHD_OPTION_CONNECTION_TIMEOUT, o->idle_seconds ? o->idle_seconds : 30u,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)64 << 10, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

static bool serve_socket(struct server *s, const struct server_options *o, struct err *err)
{
    int fd = listen_at(o->socket, err);
    struct MHD_OptionItem where[] = {{MHD_OPTION_LISTEN_SOCKET, fd, NULL}, {MHD_OPTION_END, 0, NULL}};
    if (fd < 0)
        return false;
    s->daemon = begin(s, o, 0, where);
    if (s->daemon)
        return true;
    close(fd);
    unlink(o->socket);
    return err_set(err, ERR_CONFIG, "cannot serve at %s", o->socket);
}

static bool serve_address(struct server *s, const struct server_options *o, struct err *err)
{
    const char *address = o->address ? o->address : "127.0.0.1";
    struct place place;
    if (!place_of(address, o->port, &place, err))
        return false;
    struct MHD_OptionItem where[] = {{MHD_OPTION_SOCK_ADDR, 0, &place.at}, {MHD_OPTION_END, 0, NULL}};
    s->daemon = begin(s, o, place.v6 ? MHD_USE_IPv6 : 0u, where);
    if (!s->daemon)
        return err_set(err, ERR_CONFIG, "cannot listen on %s:%u%s", address, o->port,
                       o->certificate ? " (is the address taken, or are certificate and key no pair?)" : "");
    s->port = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return true;
}

struct server *server_start(const struct server_options *o, server_handler *handle, void *self, struct err *err)
{
    struct server *s = mem_alloc(sizeof *s);
    s->handle = handle;
    s->self = self;
    s->body_max = o->body_max ? o->body_max : 1u << 20;
    s->socket = o->socket;
    if (o->socket ? serve_socket(s, o, err) : serve_address(s, o, err))
        return s;
    free(s);
    return NULL;
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

/* ---- stop ---- */

void server_stop(struct server *s)
{
    if (!s)
        return;
    MHD_socket fd = MHD_quiesce_daemon(s->daemon);
    for (int waited = 0; atomic_load(&s->in_hand) > 0 && waited < GRACE_MS; waited += 10)
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    MHD_stop_daemon(s->daemon);
    if (s->socket)
        unlink(s->socket);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    free(s);
}
