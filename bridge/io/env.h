/* The world as a parameter: clock, sleep, randomness, transport, and the power switch of the crash tests. */
#pragma once
#include "bridge/io/http.h"
#include <stdint.h>

struct env {
    int64_t (*now)(struct env *env);               /* now in ms since 1970 UTC */
    void (*sleep)(struct env *env, int64_t ms);    /* sleep at most ms; a signal may end it early */
    uint64_t (*random)(struct env *env);           /* 64 uniform bits */
    struct http_transport *transport;              /* owned by whoever made the env */
    /* touch is called right before and right after each outside effect (a durable commit, a network call). NULL in
     * production. When it returns false the power is out: the effect is not done, or its result is not seen, and
     * every later touch fails too. */
    bool (*touch)(struct env *env, const char *what, bool after);
};

/* The real world: system clock, nanosleep, getrandom. The transport is the caller's to set. */
void env_real(struct env *env);

static inline bool env_touch(struct env *env, const char *what, bool after)
{
    return !env->touch || env->touch(env, what, after);
}
