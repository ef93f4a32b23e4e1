/* Starting and ending the surface, and lending it one configuration after the other without closing the door. */
#include "bridge/app/http.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PEM_MOST (1 << 20)
#define THREADS 8 /* they wait for the disk together */
#define CONNECTIONS 512

void http_init(struct http *h, struct bell *bell, struct desk *desk)
{
    pthread_rwlockattr_t fair;
    *h = (struct http){.bell = bell, .desk = desk};
    pthread_rwlockattr_init(&fair); /* a steady stream of requests must not keep a reload waiting */
    pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&h->lock, &fair);
    pthread_rwlockattr_destroy(&fair);
}

/* ---- the server ---- */

static void forget(char **text)
{
    if (*text)
        mem_wipe(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static bool read_pem(const char *path, char **out, struct err *err)
{
    struct stat s;
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (!path)
        return true;
    bool fits = fd >= 0 && fstat(fd, &s) == 0 && s.st_size > 0 && s.st_size <= PEM_MOST;
    char *text = fits ? mem_alloc((size_t)s.st_size + 1) : NULL;
    bool ok = fits && read(fd, text, (size_t)s.st_size) == s.st_size;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (!ok) {
        forget(&text);
        return err_set(err, ERR_CONFIG, "%s cannot be read: %s", path, fits || fd < 0 ? strerror(why) : "no PEM file");
    }
    *out = text;
    return true;
}

/* "127.0.0.1:8420", "[::1]:8420" */
static bool split(const char *listen, char **address, uint16_t *port, struct err *err)
{
    const char *colon = strrchr(listen, ':');
    int64_t n = 0;
    if (!colon || colon == listen || !str_to_int(colon + 1, 0, UINT16_MAX, &n))
        return err_set(err, ERR_CONFIG, "http.listen = \"%s\": say an address and a port, as in \"127.0.0.1:8420\"", listen);
    bool six = *listen == '[' && colon[-1] == ']';
    *address = mem_dup_n(listen + six, (size_t)(colon - listen) - (six ? 2 : 0));
    *port = (uint16_t)n;
    return true;
}

/* Signals are the engine's business: the server's threads inherit a mask that lets none in. */
static bool serve(struct http *h, const struct server_options *o, struct err *err)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    h->server = server_start(o, http_handle, h, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return h->server != NULL;
}

static void end_server(struct http *h)
{
    server_stop(h->server);
    h->server = NULL;
    forget(&h->listen);
    forget(&h->certificate);
    forget(&h->key);
}

/* An unchanged server goes on serving; a changed one is another. */
static bool renew_server(struct http *h, const struct http_settings *s, struct err *err)
{
    AUTO_FREE char *address = NULL;
    char *certificate = NULL, *key = NULL;
    uint16_t port = 0;
    if (!s->listen) {
        end_server(h);
        return true;
    }
    if (!split(s->listen, &address, &port, err))
        return false;
    if (!read_pem(s->tls_certificate, &certificate, err) || !read_pem(s->tls_key, &key, err)) {
        forget(&certificate);
        return false;
    }
    if (h->server && str_eq(h->listen, s->listen) && str_eq(h->certificate, certificate) && str_eq(h->key, key)) {
        forget(&certificate);
        forget(&key);
        return true;
    }
    end_server(h);
    h->listen = mem_dup(s->listen);
    h->certificate = certificate;
    h->key = key;
    return serve(h, &(struct server_options){.address = address, .port = port, .threads = THREADS, .connections = CONNECTIONS,
                                             .certificate = certificate, .key = key}, err);
}

/* ---- lending ---- */

bool http_lend(struct http *h, struct app *app, struct vitals *vitals, struct err *err)
{
    if (!intray_open(&h->tray, app, err))
        return false;
    pthread_rwlock_wrlock(&h->lock);
    h->app = app;
    h->vitals = vitals;
    pthread_rwlock_unlock(&h->lock);
    return renew_server(h, &app->http, err);
}

void http_take_back(struct http *h)
{
    pthread_rwlock_wrlock(&h->lock);
    h->app = NULL;
    h->vitals = NULL;
    intray_close(&h->tray);
    pthread_rwlock_unlock(&h->lock);
}

void http_done(struct http *h)
{
    end_server(h);
    http_take_back(h);
    pthread_rwlock_destroy(&h->lock);
}
