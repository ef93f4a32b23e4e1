/* A bar with rate and ETA on stderr when stderr is a terminal; silence otherwise. */
#include "bridge/app/app.h"
#include "bridge/base/when.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVERY_MS 200

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_start(struct progress *p, struct app *app, const char *what)
{
    *p = (struct progress){.app = app, .what = what, .started = now_ms(), .on = !app->quiet && !app->json && isatty(STDERR_FILENO)};
}

void progress_show(struct progress *p, int64_t done, int64_t left)
{
    int64_t now = now_ms(), spent = now - p->started;
    p->done = done;
    if (!p->on || now - p->last < EVERY_MS)
        return;
    p->last = now;
    double rate = spent > 0 ? (double)done * 1000.0 / (double)spent : 0;
    if (left < 0) {
        fprintf(stderr, "\r\033[K%s: %lld (%.0f/s)", p->what, (long long)done, rate);
        return;
    }
    char bar[31] = "", eta[32] = "";
    int full = done + left > 0 ? (int)(30 * done / (done + left)) : 0;
    memset(bar, '#', (size_t)full);
    memset(bar + full, '.', (size_t)(30 - full));
    if (rate > 0)
        when_print_span((int64_t)((double)left / rate * 1000.0), eta, sizeof eta);
    fprintf(stderr, "\r\033[K%s: [%s] %lld of %lld (%.0f/s, %s left)", p->what, bar, (long long)done,
            (long long)(done + left), rate, eta);
}

void progress_end(struct progress *p)
{
    if (p->on && p->last)
        fprintf(stderr, "\r\033[K");
}
