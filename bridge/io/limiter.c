/* Sliding windows cut into slices. A call is counted in the slice of its moment; a window's use is the sum of its slices,
 * the oldest one counted whole, so the true sliding window is never exceeded. */
#include "bridge/io/limiter.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <pthread.h>
#include <string.h>

#define SLICES 60
#define BUCKETS_MOST 4
#define WINDOWS 3
#define DAY_MS 86400000LL
#define ASK_AGAIN_MS (15 * 60 * 1000LL) /* what others used of a day's quota is asked about again with a single call */
#define PACED_MS 60000
#define PACE_MOST_MS 1000

static const int share_percent[LANES] = {60, 15, 15, 10};

struct window {
    int64_t span;
    unsigned limit;
    int64_t first;                      /* number of the oldest slice kept */
    unsigned used[LANES][SLICES + 1];   /* ring by slice number */
    unsigned foreign;                   /* calls of other clients, as the service told */
    int64_t foreign_until, told; /* told: when the service last said so, or was asked to */
};

struct bucket {
    char *name;
    bool alone;
    int64_t wait_until;
    struct window windows[WINDOWS];
};

struct limiter {
    pthread_mutex_t lock;
    struct bucket buckets[BUCKETS_MOST];
    size_t n;
    double fill, day_fill;
};

struct limiter *limiter_new(const struct limiter_bucket *buckets, size_t n, double fill, double day_fill)
{
    struct limiter *l = mem_alloc(sizeof *l);
    pthread_mutex_init(&l->lock, NULL);
    l->n = n < BUCKETS_MOST ? n : BUCKETS_MOST;
    l->fill = fill;
    l->day_fill = day_fill;
    for (size_t b = 0; b < l->n; b++) {
        l->buckets[b].name = mem_dup(buckets[b].name);
        l->buckets[b].alone = buckets[b].alone;
        for (size_t w = 0; w < WINDOWS; w++) {
            l->buckets[b].windows[w].span = buckets[b].windows[w].span_ms;
            l->buckets[b].windows[w].limit = buckets[b].windows[w].limit;
        }
    }
    return l;
}

void limiter_free(struct limiter *l)
{
    if (!l)
        return;
    for (size_t b = 0; b < l->n; b++)
        free(l->buckets[b].name);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

/* ---- windows ---- */

static int64_t slice_of(const struct window *w, int64_t now)
{
    int64_t width = (w->span + SLICES - 1) / SLICES; /* rounded up: the slices must cover the whole span */
    return now / width;
}

/* The clock was set back by more than the window: what was called until then was called just now, and nobody waits for a
 * moment that is years away. A smaller step is over within a window's time. */
static void set_back(struct window *w, int64_t now, int64_t oldest)
{
    unsigned used[LANES][SLICES + 1];
    memcpy(used, w->used, sizeof used);
    for (int64_t i = 0; i <= SLICES; i++)
        for (int lane = 0; lane < LANES; lane++)
            w->used[lane][(oldest + i) % (SLICES + 1)] = used[lane][(w->first + i) % (SLICES + 1)];
    w->first = oldest;
    w->foreign_until = w->foreign_until < now + w->span ? w->foreign_until : now + w->span;
    w->told = w->told < now ? w->told : now;
}

/* Forgets slices that have left the window. */
static void roll(struct window *w, int64_t now)
{
    int64_t oldest = slice_of(w, now) - SLICES;
    if (w->first - oldest > SLICES)
        set_back(w, now, oldest);
    if (w->first == 0 || oldest - w->first > SLICES) {
        memset(w->used, 0, sizeof w->used);
        w->first = oldest;
    }
    for (; w->first < oldest; w->first++)
        for (int lane = 0; lane < LANES; lane++)
            w->used[lane][w->first % (SLICES + 1)] = 0;
    if (now >= w->foreign_until)
        w->foreign = 0;
}

static unsigned lane_use(const struct window *w, int lane)
{
    unsigned n = 0;
    for (int i = 0; i <= SLICES; i++)
        n += w->used[lane][i];
    return n;
}

static unsigned total_use(const struct window *w)
{
    unsigned n = w->foreign;
    for (int lane = 0; lane < LANES; lane++)
        n += lane_use(w, lane);
    return n;
}

static unsigned allowance(const struct limiter *l, const struct window *w, enum lane lane)
{
    double fill = l->fill;
    if (w->span >= DAY_MS && lane != LANE_LIVE && l->day_fill < fill)
        fill = l->day_fill;
    double limit = (double)w->limit * fill;
    return limit < 1 ? 1 : (unsigned)limit;
}

/* What others use of a day ages without us: without a call now and then nobody would hear of it. */
static bool may_ask(const struct window *w, int64_t now)
{
    return w->foreign && w->span >= DAY_MS && now - w->told >= ASK_AGAIN_MS;
}

/* Room of a lane: what is left, less what is kept free for more urgent lanes. A quarter of a more urgent lane's own share
 * is never lent, so a live call finds room however busy a backfill is; the rest of idle shares is. */
static unsigned room_in(const struct limiter *l, const struct window *w, enum lane lane)
{
    unsigned limit = allowance(l, w, lane), used = total_use(w), kept = 0;
    for (int urgent = 0; urgent < (int)lane; urgent++) {
        unsigned keep = limit * (unsigned)share_percent[urgent] / 400, own = lane_use(w, urgent);
        kept += keep > own ? keep - own : 0;
    }
    if (limit <= 8)
        kept = 0; /* tiny windows have nothing to share out */
    return used + kept < limit ? limit - used - kept : 0;
}

/* When the oldest counted slice leaves the window. */
static int64_t next_slice(const struct window *w, int64_t now)
{
    int64_t width = (w->span + SLICES - 1) / SLICES; /* rounded up: the slices must cover the whole span */
    for (int64_t s = w->first; s <= slice_of(w, now); s++)
        for (int lane = 0; lane < LANES; lane++)
            if (w->used[lane][s % (SLICES + 1)])
                return (s + SLICES + 1) * width - now;
    return w->foreign ? w->foreign_until - now : width;
}

static int64_t next_free(const struct window *w, int64_t now)
{
    int64_t slice = next_slice(w, now), ask = w->told + ASK_AGAIN_MS - now;
    return w->foreign && w->span >= DAY_MS && ask < slice ? ask : slice;
}

/* ---- buckets ---- */

/* The buckets a call counts in: its own, and the main one unless it stands alone. */
static size_t counted_in(struct limiter *l, unsigned bucket, struct bucket *out[2])
{
    size_t n = 0;
    unsigned own = bucket < l->n ? bucket : 0;
    out[n++] = &l->buckets[own];
    if (own && !l->buckets[own].alone)
        out[n++] = &l->buckets[0];
    return n;
}

static int64_t wait_in(struct limiter *l, struct bucket *b, int64_t now, enum lane lane, unsigned calls, unsigned *room)
{
    b->wait_until = b->wait_until - now > DAY_MS ? now : b->wait_until; /* nobody asks for more: the clock was set back */
    int64_t wait = b->wait_until > now ? b->wait_until - now : 0;
    if (wait)
        *room = 0;
    for (int i = 0; i < WINDOWS; i++) {
        struct window *w = &b->windows[i];
        if (!w->limit || !w->span)
            continue;
        roll(w, now);
        unsigned here = room_in(l, w, lane);
        here += !here && may_ask(w, now);
        *room = here < *room ? here : *room;
        int64_t free_at = here >= calls ? 0 : next_free(w, now);
        wait = free_at > wait ? free_at : wait;
    }
    return wait;
}

static void count(struct bucket *b, int64_t now, enum lane lane, unsigned calls)
{
    for (int i = 0; i < WINDOWS; i++) {
        struct window *w = &b->windows[i];
        if (!w->limit || !w->span)
            continue;
        w->told = may_ask(w, now) ? now : w->told;
        w->used[lane][slice_of(w, now) % (SLICES + 1)] += calls;
    }
}

static int64_t longest_wait(struct limiter *l, struct bucket *const *in, size_t n, int64_t now, enum lane lane, unsigned calls)
{
    int64_t wait = 0;
    unsigned room = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        int64_t one = wait_in(l, in[i], now, lane, calls, &room);
        wait = one > wait ? one : wait;
    }
    return wait;
}

int64_t limiter_wait(struct limiter *l, int64_t now, unsigned bucket, enum lane lane, unsigned calls)
{
    struct bucket *in[2];
    pthread_mutex_lock(&l->lock);
    size_t n = counted_in(l, bucket, in);
    int64_t wait = longest_wait(l, in, n, now, lane, calls);
    pthread_mutex_unlock(&l->lock);
    return wait;
}

static int64_t pace_in(const struct limiter *l, struct window *w, int64_t now, enum lane lane, unsigned calls)
{
    if (!w->limit || !w->span || w->span > PACED_MS)
        return 0;
    roll(w, now);
    unsigned all = allowance(l, w, lane);
    int64_t pace = total_use(w) * 2 < all ? 0 : w->span * calls / all;
    return pace < PACE_MOST_MS ? pace : PACE_MOST_MS;
}

int64_t limiter_pace(struct limiter *l, int64_t now, unsigned bucket, enum lane lane, unsigned calls)
{
    struct bucket *in[2];
    int64_t pace = 0;
    pthread_mutex_lock(&l->lock);
    size_t n = counted_in(l, bucket, in);
    for (size_t i = 0; i < n; i++)
        for (int k = 0; k < WINDOWS; k++) {
            int64_t one = pace_in(l, &in[i]->windows[k], now, lane, calls);
            pace = one > pace ? one : pace;
        }
    pthread_mutex_unlock(&l->lock);
    return pace;
}

int64_t limiter_take(struct limiter *l, int64_t now, unsigned bucket, enum lane lane, unsigned calls)
{
    struct bucket *in[2];
    pthread_mutex_lock(&l->lock);
    size_t n = counted_in(l, bucket, in);
    int64_t wait = longest_wait(l, in, n, now, lane, calls);
    for (size_t i = 0; !wait && i < n; i++)
        count(in[i], now, lane, calls);
    pthread_mutex_unlock(&l->lock);
    return wait;
}

unsigned limiter_room(struct limiter *l, int64_t now, unsigned bucket, enum lane lane)
{
    struct bucket *in[2];
    unsigned room = UINT32_MAX;
    pthread_mutex_lock(&l->lock);
    size_t n = counted_in(l, bucket, in);
    for (size_t i = 0; i < n; i++)
        wait_in(l, in[i], now, lane, 1, &room);
    pthread_mutex_unlock(&l->lock);
    return room;
}

void limiter_wait_until(struct limiter *l, unsigned bucket, int64_t until)
{
    pthread_mutex_lock(&l->lock);
    struct bucket *b = &l->buckets[bucket < l->n ? bucket : 0];
    if (until > b->wait_until)
        b->wait_until = until;
    pthread_mutex_unlock(&l->lock);
}

static struct window *window_of(struct limiter *l, unsigned bucket, int64_t span)
{
    struct bucket *b = &l->buckets[bucket < l->n ? bucket : 0];
    for (int i = 0; i < WINDOWS; i++)
        if (b->windows[i].span == span)
            return &b->windows[i];
    return NULL;
}

void limiter_seen(struct limiter *l, int64_t now, unsigned bucket, int64_t span_ms, unsigned limit, unsigned remaining)
{
    pthread_mutex_lock(&l->lock);
    struct window *w = window_of(l, bucket, span_ms);
    if (w && limit)
        w->limit = limit;
    if (w && w->limit) {
        roll(w, now);
        unsigned told = remaining < w->limit ? w->limit - remaining : 0, own = total_use(w) - w->foreign;
        w->foreign = told > own ? told - own : 0;
        w->foreign_until = now + w->span;
        w->told = now;
    }
    pthread_mutex_unlock(&l->lock);
}

unsigned limiter_used(struct limiter *l, int64_t now, unsigned bucket, int64_t span_ms)
{
    unsigned n = 0;
    pthread_mutex_lock(&l->lock);
    struct window *w = window_of(l, bucket, span_ms);
    if (w) {
        roll(w, now);
        n = total_use(w);
    }
    pthread_mutex_unlock(&l->lock);
    return n;
}

size_t limiter_gauges(struct limiter *l, int64_t now, struct limiter_gauge out[LIMITER_GAUGES])
{
    _Static_assert(LIMITER_GAUGES >= BUCKETS_MOST * WINDOWS, "a gauge for every window");
    size_t n = 0;
    pthread_mutex_lock(&l->lock);
    for (size_t b = 0; b < l->n; b++)
        for (int i = 0; i < WINDOWS; i++) {
            struct window *w = &l->buckets[b].windows[i];
            if (!w->limit || !w->span)
                continue;
            roll(w, now);
            out[n++] = (struct limiter_gauge){l->buckets[b].name, w->span, w->limit, total_use(w)};
        }
    pthread_mutex_unlock(&l->lock);
    return n;
}

/* ---- surviving a restart ---- */

static json_t *save_window(struct window *w, int64_t now)
{
    json_t *slices = json_array();
    roll(w, now);
    for (int64_t s = w->first; s <= slice_of(w, now); s++) {
        unsigned n = 0;
        for (int lane = 0; lane < LANES; lane++)
            n += w->used[lane][s % (SLICES + 1)];
        if (n)
            js_add(slices, json_pack("[I,I]", (json_int_t)s, (json_int_t)n));
    }
    return json_pack("{s:I,s:o}", "span", (json_int_t)w->span, "slices", slices);
}

json_t *limiter_save(struct limiter *l, int64_t now)
{
    json_t *out = json_object();
    pthread_mutex_lock(&l->lock);
    for (size_t b = 0; b < l->n; b++) {
        json_t *windows = json_array();
        for (int i = 0; i < WINDOWS; i++)
            if (l->buckets[b].windows[i].limit)
                js_add(windows, save_window(&l->buckets[b].windows[i], now));
        js_set(out, l->buckets[b].name,
               json_pack("{s:I,s:o}", "wait_until", (json_int_t)l->buckets[b].wait_until, "windows", windows));
    }
    pthread_mutex_unlock(&l->lock);
    return out;
}

static void load_window(struct window *w, int64_t now, const json_t *slices)
{
    size_t i;
    json_t *pair;
    roll(w, now);
    json_array_foreach ((json_t *)slices, i, pair) {
        int64_t s = json_integer_value(json_array_get(pair, 0)), n = json_integer_value(json_array_get(pair, 1));
        if (s >= w->first && s <= slice_of(w, now) && n > 0 && n < UINT32_MAX / 2)
            w->used[LANE_BACKFILL][s % (SLICES + 1)] += (unsigned)n;
    }
}

void limiter_load(struct limiter *l, int64_t now, const json_t *saved)
{
    pthread_mutex_lock(&l->lock);
    for (size_t b = 0; b < l->n; b++) {
        const json_t *one = json_object_get(saved, l->buckets[b].name);
        int64_t until = js_int_or(one, "wait_until", 0);
        size_t i;
        json_t *w;
        if (until > now && until < now + DAY_MS)
            l->buckets[b].wait_until = until;
        json_array_foreach (json_object_get(one, "windows"), i, w) {
            struct window *to = window_of(l, (unsigned)b, js_int_or(w, "span", -1));
            if (to)
                load_window(to, now, json_object_get(w, "slices"));
        }
    }
    pthread_mutex_unlock(&l->lock);
}
