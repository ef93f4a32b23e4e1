/* What systemd is told: READY=1, STATUS=…, RELOADING=1, STOPPING=1, WATCHDOG=1. Without NOTIFY_SOCKET nobody is told. */
#pragma once
#include "bridge/io/env.h"

struct notify {
    int fd;            /* -1: nobody listens */
    int64_t every;     /* ms between signs of life; 0: none are wanted */
    int64_t last;
};

void notify_open(struct notify *n);
void notify_close(struct notify *n);
void notify_say(const struct notify *n, const char *fmt, ...) PRINTF_LIKE(2, 3); /* one datagram of NAME=value lines */
void notify_reloading(const struct notify *n); /* with the monotonic time systemd wants beside it */
/* notify_alive is a sign of life when one is due; int64_t until the next, WHEN_NEVER when none are wanted. */
int64_t notify_alive(struct notify *n, int64_t now);
