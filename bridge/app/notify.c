/* The notification protocol of systemd is one datagram to a socket of the file system, or of the abstract name space when
 * the name begins with @. Nothing of it may ever stop the bridge, so failures are silent. */
#include "bridge/app/notify.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int dial(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    size_t n = name ? strlen(name) : 0;
    if (!n || n >= sizeof at.sun_path || (*name != '/' && *name != '@'))
        return -1;
    memcpy(at.sun_path, name, n);
    if (*name == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (*name == '/'));
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, size) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The watchdog may be meant for another process of the unit. */
static int64_t watchdog_ms(void)
{
    int64_t usec = 0, pid = 0;
    const char *text = getenv("WATCHDOG_USEC"), *whose = getenv("WATCHDOG_PID");
    if (!text || !str_to_int(text, 1, INT64_MAX / 2, &usec))
        return 0;
    if (whose && (!str_to_int(whose, 1, INT32_MAX, &pid) || pid != getpid()))
        return 0;
    return usec / 2000 > 0 ? usec / 2000 : 1;
}

void notify_open(struct notify *n)
{
    *n = (struct notify){.fd = dial(getenv("NOTIFY_SOCKET"))};
    n->every = n->fd >= 0 ? watchdog_ms() : 0;
}

void notify_close(struct notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

void notify_say(const struct notify *n, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    if (n->fd < 0)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ssize_t sent = send(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)sent;
}

void notify_reloading(const struct notify *n)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    notify_say(n, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}

int64_t notify_alive(struct notify *n, int64_t now)
{
    if (!n->every)
        return WHEN_NEVER;
    if (now >= n->last + n->every || now < n->last) {
        notify_say(n, "WATCHDOG=1");
        n->last = now;
    }
    return n->last + n->every - now;
}
