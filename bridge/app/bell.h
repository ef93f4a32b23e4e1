/* The bell: anybody may ring it, from any thread or a signal handler; the engine wakes up. Rings are not counted. */
#pragma once
#include "bridge/base/err.h"

struct bell {
    int fd; /* -1: none */
};

bool bell_open(struct bell *bell, struct err *err) MUST_CHECK;
void bell_close(struct bell *bell);
void bell_ring(struct bell *bell);                 /* safe in a signal handler; a closed bell is silent */
void bell_wait(struct bell *bell, int64_t ms);     /* until it rings, or so long; a ring since the last wait counts */
