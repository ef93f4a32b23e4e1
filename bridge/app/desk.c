/* One list under one lock. The server's threads put wishes in and look at them; the engine takes them out one by one, so that a
 * deed never meets a batch. */
#include "bridge/app/desk.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "bridge/base/str.h"
#include <string.h>
#include <time.h>

#define WISHES_MOST 64
#define WORDS_MOST 16
#define KEPT_MS (60 * 1000) /* an answer is kept so long for whoever lost it on the way */

enum wish_state { WAITS, DOES, DID };
static const char *const states[] = {"waits", "does", "done"};

struct wish {
    int64_t id;
    char *words[WORDS_MOST + 1];
    int n;
    const struct deed *deed;
    enum wish_state state;
    int64_t asked; /* when somebody last asked about it; once done: when that was */
    int64_t seen, left;
    json_t *said;  /* for app->said */
    int exit_code;
    json_t *answer;
    struct wish *next;
};

void desk_init(struct desk *d, struct bell *bell, struct env *env)
{
    pthread_condattr_t steady;
    *d = (struct desk){.bell = bell, .env = env, .turned = env->now(env)};
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&d->done, &steady);
    pthread_condattr_destroy(&steady);
}

static void wish_free(struct wish *w)
{
    for (int i = 0; i < w->n; i++)
        free(w->words[i]);
    json_decref(w->said);
    json_decref(w->answer);
    free(w);
}

void desk_done(struct desk *d)
{
    server_stop(d->server);
    desk_drop(d);
    for (struct wish *w = d->first, *next; w; w = next) {
        next = w->next;
        wish_free(w);
    }
    free(d->path);
    pthread_cond_destroy(&d->done);
    pthread_mutex_destroy(&d->lock);
}

/* ---- putting in, with the lock held ---- */

static struct wish *find(struct desk *d, int64_t id)
{
    struct wish *w = d->first;
    while (w && w->id != id)
        w = w->next;
    return w;
}

/* What is done and was not fetched, and what nobody asks about any more. */
static void tidy(struct desk *d, int64_t now)
{
    for (struct wish **at = &d->first; *at;) {
        struct wish *w = *at;
        bool old = (w->state == DID && now - w->asked > KEPT_MS) || (w->state == WAITS && now - w->asked > DESK_FORSAKEN_MS);
        if (!old) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        wish_free(w);
    }
}

static size_t count(const struct desk *d)
{
    size_t n = 0;
    for (const struct wish *w = d->first; w; w = w->next)
        n++;
    return n;
}

static struct wish *wish_of(const json_t *words, struct err *err)
{
    struct wish *w = mem_alloc(sizeof *w);
    size_t n = json_array_size(words);
    for (size_t i = 0; n <= WORDS_MOST && i < n && json_is_string(json_array_get(words, i)); i++)
        w->words[w->n++] = mem_dup(json_string_value(json_array_get(words, i)));
    w->deed = w->n ? deed_find(w->words[0]) : NULL;
    if (w->deed && (size_t)w->n == n && w->deed->fits(w->n, w->words)) {
        w->said = json_array();
        return w;
    }
    if (w->deed)
        err_set(err, ERR_REJECT, "%s: say %s", w->deed->name, w->deed->say);
    else
        err_set(err, ERR_REJECT, "the service that runs does not know this command: is it another version?");
    wish_free(w);
    return NULL;
}

int64_t desk_put(struct desk *d, const json_t *words, int64_t at, struct err *err)
{
    int64_t now = d->env->now(d->env);
    struct wish *w = wish_of(words, err), **last = &d->first;
    if (!w)
        return 0;
    if (now - at > DESK_FORSAKEN_MS) {
        wish_free(w);
        err_set(err, ERR_STALE, "said %lld seconds ago: whoever asked has gone", (long long)(now - at) / 1000);
        return 0;
    }
    pthread_mutex_lock(&d->lock);
    tidy(d, now);
    if (count(d) >= WISHES_MOST) {
        pthread_mutex_unlock(&d->lock);
        wish_free(w);
        err_set(err, ERR_LIMIT, "%d wishes wait already", WISHES_MOST);
        return 0;
    }
    while (*last)
        last = &(*last)->next;
    *last = w;
    w->asked = now;
    int64_t id = w->id = ++d->last_id;
    pthread_mutex_unlock(&d->lock);
    bell_ring(d->bell);
    return id;
}

/* ---- looking ---- */

static json_t *state_of(struct desk *d, struct wish *w, int64_t now)
{
    if (w->state != DID)
        w->asked = now;
    return json_pack("{s:s,s:I,s:I,s:I,s:O*}", "state", states[w->state], "silent", (json_int_t)(now - d->turned), "seen", w->seen, "left",
                     w->left, "answer", w->answer);
}

json_t *desk_state(struct desk *d, int64_t id)
{
    pthread_mutex_lock(&d->lock);
    struct wish *w = find(d, id);
    json_t *out = w ? state_of(d, w, d->env->now(d->env)) : NULL;
    pthread_mutex_unlock(&d->lock);
    return out;
}

json_t *desk_wait(struct desk *d, int64_t id, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000 + (until.tv_nsec + ms % 1000 * 1000000) / 1000000000;
    until.tv_nsec = (until.tv_nsec + ms % 1000 * 1000000) % 1000000000;
    pthread_mutex_lock(&d->lock);
    struct wish *w = find(d, id);
    for (int rc = 0; !rc && !d->away && w && w->state != DID; w = find(d, id))
        rc = pthread_cond_timedwait(&d->done, &d->lock, &until);
    json_t *out = w ? state_of(d, w, d->env->now(d->env)) : NULL;
    pthread_mutex_unlock(&d->lock);
    return out;
}

bool desk_withdraw(struct desk *d, int64_t id)
{
    pthread_mutex_lock(&d->lock);
    struct wish **at = &d->first;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    struct wish *w = *at;
    bool yes = w && w->state == WAITS;
    if (yes) {
        *at = w->next;
        wish_free(w);
    }
    pthread_mutex_unlock(&d->lock);
    return yes;
}

/* ---- doing, on the engine's thread ---- */

/* The next wish that may be begun: a pass waits for the one under way, all else goes first. */
static struct wish *take(struct desk *d)
{
    struct wish *pass = NULL, *w;
    int64_t now = d->env->now(d->env);
    pthread_mutex_lock(&d->lock);
    d->turned = now;
    d->away = false;
    tidy(d, now);
    for (w = d->first; w; w = w->next) {
        if (w->state != WAITS)
            continue;
        if (!w->deed->passes)
            break;
        pass = pass ? pass : w;
    }
    w = w ? w : d->pass ? NULL : pass;
    if (w)
        w->state = DOES;
    pthread_mutex_unlock(&d->lock);
    return w;
}

static void answer(struct desk *d, struct wish *w, json_t *out)
{
    log_info("asked", "command", w->deed->name, "exit", log_int(w->exit_code), NULL);
    json_t *all = json_pack("{s:i,s:O,s:o?}", "exit", w->exit_code, "said", w->said, "out", out);
    pthread_mutex_lock(&d->lock);
    w->answer = all;
    w->state = DID;
    w->asked = d->env->now(d->env);
    pthread_cond_broadcast(&d->done);
    pthread_mutex_unlock(&d->lock);
}

/* Faults of a deed are for who asked for it; the service's own exit code is another matter. */
struct hearing {
    struct app *app;
    struct wish *w;
    int before;
};

static struct hearing hear(struct app *app, struct wish *w)
{
    struct hearing h = {app, w, app->exit_code};
    app->said = w->said;
    app->exit_code = w->exit_code;
    return h;
}

static void heard(const struct hearing *h)
{
    h->w->exit_code = h->app->exit_code;
    h->app->exit_code = h->before;
    h->app->said = NULL;
}

static void look_on(struct desk *d, struct app *app)
{
    struct wish *w = d->passing;
    int64_t seen = 0, left = 0;
    struct hearing h = hear(app, w);
    json_t *out = pass_look(d->pass);
    pass_stand(d->pass, &seen, &left);
    heard(&h);
    pthread_mutex_lock(&d->lock);
    w->seen = seen;
    w->left = left;
    pthread_mutex_unlock(&d->lock);
    if (!out)
        return;
    answer(d, w, out);
    pass_free(d->pass);
    d->pass = NULL;
    d->passing = NULL;
}

static void begin(struct desk *d, struct app *app, struct wish *w)
{
    struct pass_wish wish;
    struct hearing h = hear(app, w);
    json_t *out = NULL;
    if (w->deed->passes)
        d->pass = pass_wish(w->n, w->words, &wish) ? NULL : pass_begin(app, &wish);
    else
        out = w->deed->act(app, w->n, w->words);
    heard(&h);
    if (w->deed->passes && d->pass)
        d->passing = w;
    else
        answer(d, w, out);
}

bool desk_turn(struct desk *d, struct app *app)
{
    if (d->pass)
        look_on(d, app);
    for (struct wish *w; (w = take(d));)
        begin(d, app, w);
    return d->pass != NULL;
}

void desk_drop(struct desk *d)
{
    pthread_mutex_lock(&d->lock);
    d->away = true;
    pthread_cond_broadcast(&d->done);
    pthread_mutex_unlock(&d->lock);
    if (!d->pass)
        return;
    pass_free(d->pass);
    d->pass = NULL;
    js_add(d->passing->said, json_string("inbox-bridge: the service loaded its configuration again or stopped meanwhile: what was begun goes on, "
                                         "ask again to hear how it ends"));
    d->passing->exit_code = EXIT_PARTLY;
    answer(d, d->passing, NULL);
    d->passing = NULL;
}
