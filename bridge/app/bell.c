/* The bell is an eventfd: a ring before the wait is not lost, and a handler may write to it. */
#include "bridge/app/bell.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool bell_open(struct bell *bell, struct err *err)
{
    bell->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return bell->fd >= 0 || err_set(err, ERR_STORE, "no descriptor for the bell: %s", strerror(errno));
}

void bell_close(struct bell *bell)
{
    if (bell->fd >= 0)
        close(bell->fd);
    bell->fd = -1;
}

void bell_ring(struct bell *bell)
{
    int kept = errno;
    uint64_t one = 1;
    ssize_t n = bell->fd >= 0 ? write(bell->fd, &one, sizeof one) : 0;
    (void)n; /* full means it has been rung often enough */
    errno = kept;
}

void bell_wait(struct bell *bell, int64_t ms)
{
    struct pollfd p = {.fd = bell->fd, .events = POLLIN};
    uint64_t rings = 0;
    if (poll(&p, 1, ms > 3600000 ? 3600000 : ms < 0 ? 0 : (int)ms) > 0) {
        ssize_t n = read(bell->fd, &rings, sizeof rings);
        (void)n;
    }
}
