/* The real world. */
#include "bridge/io/env.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

static int64_t real_now(struct env *env)
{
    (void)env;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void real_sleep(struct env *env, int64_t ms)
{
    (void)env;
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    if (ms > 0)
        nanosleep(&t, NULL); /* a signal ends it early: that is wanted */
}

static uint64_t real_random(struct env *env)
{
    (void)env;
    uint64_t v = 0;
    while (getrandom(&v, sizeof v, 0) != sizeof v)
        if (errno != EINTR)
            abort();
    return v;
}

void env_real(struct env *env)
{
    *env = (struct env){.now = real_now, .sleep = real_sleep, .random = real_random};
}
