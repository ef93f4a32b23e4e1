/* The HTTP server: libmicrohttpd collects a whole request within its bounds, a handler answers it, the server frees. Its own
 * timeout knows silence only; who drips, and who takes up all the room, is the business of guests.c. */
#include "bridge/io/server.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/io/guests.h"
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 3000
#define LOOK_MS 500

struct server {
    struct MHD_Daemon *daemon;
    server_handler *handle;
    void *self;
    size_t body_max;
    uint16_t port;
    const char *socket;
    _Atomic int in_hand; /* requests begun and not yet answered */
    struct guests *guests;
    pthread_t doorman; /* hangs up on those whose time is over */
    pthread_mutex_t lock;
    pthread_cond_t closing;
    bool closed;
};

struct pending {
    struct http_request request;
    struct buf body;
};

/* ---- who is connected ---- */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct guest *guest_of(struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* The descriptor is open in both: libmicrohttpd closes it after the second. */
static void on_connection(void *self, struct MHD_Connection *c, void **guest, enum MHD_ConnectionNotificationCode what)
{
    struct server *s = self;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        guests_leave(s->guests, *guest);
        *guest = NULL;
        return;
    }
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *from = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (fd)
        *guest = guests_enter(s->guests, fd->connect_fd, from ? from->client_addr : NULL, now_ms());
}

static void *watch_door(void *self)
{
    struct server *s = self;
    pthread_mutex_lock(&s->lock);
    while (!s->closed) {
        int64_t at = now_ms() + LOOK_MS;
        pthread_cond_timedwait(&s->closing, &s->lock, &(struct timespec){at / 1000, at % 1000 * 1000000});
        guests_look(s->guests, now_ms());
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

/* ---- a request ---- */

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
    struct pending *p = mem_alloc(sizeof *p);
    guests_speaks(s->guests, guest_of(connection), now_ms());
    atomic_fetch_add(&s->in_hand, 1);
    p->request.url = mem_dup(uri);
    return p;
}

static enum MHD_Result reply(struct server *s, struct MHD_Connection *c, struct http_answer *a)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(a->body_n, a->body, MHD_RESPMEM_MUST_FREE);
    a->body = NULL;
    for (size_t i = 0; i < a->headers.n; i++)
        MHD_add_response_header(r, a->headers.items[i].name, a->headers.items[i].value);
    enum MHD_Result ok = MHD_queue_response(c, (unsigned)a->status, r);
    MHD_destroy_response(r);
    guests_waits(s->guests, guest_of(c), now_ms());
    return ok;
}

static enum MHD_Result too_large(struct server *s, struct MHD_Connection *c)
{
    struct http_answer a = {.status = 413, .body = mem_dup("too large\n"), .body_n = 10};
    return reply(s, c, &a);
}

static enum MHD_Result answer(struct server *s, struct MHD_Connection *c, struct pending *p, const char *method)
{
    struct http_answer a = {0};
    guests_heard(s->guests, guest_of(c));
    p->request.method = mem_dup(method);
    p->request.body_n = p->body.n;
    p->request.body = p->body.n ? buf_take(&p->body) : NULL;
    MHD_get_connection_values(c, MHD_HEADER_KIND, take_header, &p->request.headers);
    s->handle(s->self, &p->request, &a);
    if (!a.body) {
        a.body = mem_dup("");
        a.body_n = 0;
    }
    enum MHD_Result ok = a.status ? reply(s, c, &a) : MHD_NO; /* MHD_NO drops the connection */
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
            return too_large(s, c);
        return MHD_YES;
    }
    if (*n) {
        buf_add(&p->body, data, *n);
        *n = 0;
        return MHD_YES;
    }
    return p->body.over ? too_large(s, c) : answer(s, c, p, method);
}

static void on_done(void *self, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode why)
{
    struct pending *p = *state;
    struct server *s = self;
    (void)why;
    if (!p)
        return;
    guests_waits(s->guests, guest_of(c), now_ms());
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

static unsigned threads_of(const struct server_options *o)
{
    return o->threads ? o->threads : 2u;
}

static unsigned connections_of(const struct server_options *o)
{
    return o->connections ? o->connections : 256u;
}

static unsigned idle_of(const struct server_options *o)
{
    return o->idle_seconds ? o->idle_seconds : 30u;
}

/* Each thread has its part of libmicrohttpd's limit and stops accepting there: it is a quarter above ours, so that whoever makes
 * room for a newcomer may take a moment to go. */
static struct MHD_Daemon *begin(struct server *s, const struct server_options *o, unsigned flags, struct MHD_OptionItem *where)
{
    bool tls = o->certificate && o->key;
    struct MHD_OptionItem secure[] = {{MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->certificate},
                                      {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key},
                                      {MHD_OPTION_END, 0, NULL}};
    struct MHD_OptionItem *more = tls ? secure : &secure[2];
    unsigned threads = threads_of(o), most = connections_of(o);
    flags |= MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | (tls ? MHD_USE_TLS : 0u);
    return MHD_start_daemon(flags, o->port, NULL, NULL, on_request, s, MHD_OPTION_ARRAY, where, MHD_OPTION_URI_LOG_CALLBACK,
                            on_uri, s, MHD_OPTION_NOTIFY_COMPLETED, on_done, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
                            MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT, most + most / 4 + threads,
                            MHD_OPTION_CONNECTION_TIMEOUT, idle_of(o), MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)64 << 10, MHD_OPTION_ARRAY, more, MHD_OPTION_END);
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

static void begin_watch(struct server *s)
{
    pthread_condattr_t steady;
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&s->closing, &steady);
    pthread_condattr_destroy(&steady);
    if (pthread_create(&s->doorman, NULL, watch_door, s))
        abort();
}

static void end_watch(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    s->closed = true;
    pthread_cond_signal(&s->closing);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->doorman, NULL);
    pthread_cond_destroy(&s->closing);
    pthread_mutex_destroy(&s->lock);
}

static struct guests *guests_of(const struct server_options *o)
{
    return guests_new(&(struct guests_rules){connections_of(o), (o->request_seconds ? o->request_seconds : 10) * 1000, idle_of(o) * 1000});
}

struct server *server_start(const struct server_options *o, server_handler *handle, void *self, struct err *err)
{
    struct server *s = mem_alloc(sizeof *s);
    s->handle = handle;
    s->self = self;
    s->body_max = o->body_max ? o->body_max : 1u << 20;
    s->socket = o->socket;
    s->guests = guests_of(o);
    if (!(o->socket ? serve_socket(s, o, err) : serve_address(s, o, err))) {
        guests_free(s->guests);
        free(s);
        return NULL;
    }
    begin_watch(s);
    return s;
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
    end_watch(s);
    guests_free(s->guests);
    if (s->socket)
        unlink(s->socket);
    if (fd != MHD_INVALID_SOCKET)
        close(fd);
    free(s);
}
