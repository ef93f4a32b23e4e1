/* run: the service. The engine turns on this thread, the server's threads ring the bell, signals ask it to stop or to load
 * the configuration again, and systemd hears how it goes. */
#include "bridge/app/alarm.h"
#include "bridge/app/desk.h"
#include "bridge/app/engine.h"
#include "bridge/app/http.h"
#include "bridge/app/notify.h"
#include "bridge/base/log.h"
#include "bridge/base/mem.h"
#include "bridge/sync/verdict.h"
#include <signal.h>
#include <unistd.h>

#define PASS_LOOK_MS 50 /* somebody waits to hear that all is done */
#define GIVE_BACK_MS (60 * 1000)

struct service {
    struct app *app, *first; /* first belongs to main() */
    struct vitals *vitals;
    struct http http;
    struct desk desk;
    struct env env; /* the desk's, which outlives any configuration */
    struct notify notify;
    struct alarm alarm;
    int64_t gave_back;
    int exit_code; /* a service that is down for a while is no reason to end with an error later: only a store that failed is */
};

/* ---- signals ---- */

static _Atomic int stop_asked, reload_asked;
static struct bell bell = {.fd = -1};

static void on_signal(int sig)
{
    if (sig == SIGHUP)
        reload_asked = 1;
    else
        stop_asked = 1;
    bell_ring(&bell);
}

static void catch_signals(void)
{
    struct sigaction act = {.sa_handler = on_signal}; /* no SA_RESTART: a sleep ends early */
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
}

/* ---- one configuration ---- */

/* Without a socket the service serves all the same; commands that write have to wait until it is stopped. */
static void open_desk(struct service *s, const struct app *app)
{
    struct err err = {0};
    if (!desk_open(&s->desk, app->settings.store, &err))
        log_warn("desk.closed", "error", err.text, NULL);
}

/* The door opens before the schemas are learnt: what comes meanwhile is kept. */
static bool begin(struct service *s, struct app *app)
{
    struct err err = {0};
    s->app = app;
    s->vitals = vitals_new(app);
    vitals_publish(s->vitals, app);
    alarm_open(&s->alarm, app);
    open_desk(s, app);
    if (http_lend(&s->http, app, s->vitals, &err))
        return true;
    app_fail(app, "http", &err);
    return false;
}

static void end(struct service *s)
{
    desk_drop(&s->desk);
    http_take_back(&s->http);
    alarm_close(&s->alarm);
    vitals_free(s->vitals);
    s->vitals = NULL;
}

static void drop(struct service *s, struct app *app)
{
    app_close(app);
    if (app != s->first)
        free(app);
}

/* Nobody is there to start an unattended bridge again: what passes by itself is waited for. */
static bool may_pass(const struct app *app)
{
    for (size_t i = 0; i < app->n_routes; i++)
        if (verdict_of(app->routes[i].route.stop.kind)->then == THEN_PAUSE)
            return false;
    return true;
}

/* A new configuration is loaded beside the old one and takes over only when it is without fault; one process per store, so
 * the old one lets go first. Endpoints point into their app, so it is never copied. */
static bool reload(struct service *s)
{
    struct app *old = s->app, *fresh = mem_alloc(sizeof *fresh);
    *fresh = (struct app){.config_path = old->config_path, .json = old->json, .quiet = true, .logs = true};
    reload_asked = 0;
    notify_reloading(&s->notify);
    bool ok = app_load(fresh);
    if (ok) {
        end(s);
        app_release(old);
        ok = app_open(fresh) && begin(s, fresh) && (app_learn(fresh) || may_pass(fresh));
    }
    if (ok) {
        log_info("config.loaded", "file", fresh->config_path, NULL);
        drop(s, old);
        return true;
    }
    log_error("config.refused", "file", old->config_path, NULL);
    if (s->app == fresh)
        end(s);
    drop(s, fresh);
    s->app = old;
    return old->store || (app_open(old) && begin(s, old));
}

/* ---- the loop ---- */

static void tell_status(struct service *s)
{
    size_t stopped = 0;
    for (size_t i = 0; i < s->app->n_routes; i++)
        stopped += s->app->routes[i].why.kind != ERR_NONE;
    notify_say(&s->notify, "STATUS=%zu routes, %zu of them stopped", s->app->n_routes, stopped);
}

/* What a burst needed is free afterwards, but strewn among pages that are kept: without this the service would stay as large as
 * its worst minute. */
static void give_back(struct service *s, int64_t now)
{
    if (now - s->gave_back < GIVE_BACK_MS && now >= s->gave_back)
        return;
    s->gave_back = now;
    mem_give_back();
}

static void turn(struct service *s)
{
    struct turn t;
    bool passes = desk_turn(&s->desk, s->app);
    engine_turn(s->app, &s->http.tray, &t);
    vitals_publish(s->vitals, s->app);
    if (!t.failed) {
        int64_t look = alarm_turn(&s->alarm);
        t.wake = look < t.wake ? look : t.wake;
        vitals_alarms(s->vitals, s->alarm.known);
    }
    int64_t now = s->app->env.now(&s->app->env), alive = notify_alive(&s->notify, now);
    if (t.failed) {
        s->exit_code = EXIT_STORE;
        stop_asked = 1;
        return;
    }
    give_back(s, now);
    if (t.busy || stop_asked || reload_asked)
        return;
    tell_status(s);
    int64_t wait = t.wake - now < alive ? t.wake - now : alive;
    bell_wait(&bell, passes && wait > PASS_LOOK_MS ? PASS_LOOK_MS : wait);
}

/* It ends before its first turn, perhaps after every restart: whoever hears of alarms hears of it, once. */
static int give_up(struct service *s)
{
    for (size_t i = 0; i < s->app->n_routes; i++)
        s->app->routes[i].why = s->app->routes[i].route.stop;
    alarm_turn(&s->alarm);
    return s->app->exit_code;
}

static int serve(struct service *s)
{
    struct app *app = s->app;
    if (!app_open(app) || !begin(s, app))
        return app->exit_code;
    if (!app_learn(app) && !may_pass(app))
        return give_up(s);
    log_info("run.start", "store", app->settings.store, "routes", log_int((int64_t)app->n_routes), "listen", app->http.listen,
             "hooks", app->http.public_url, NULL);
    notify_say(&s->notify, "READY=1");
    while (!stop_asked) {
        if (reload_asked && !reload(s))
            return EXIT_STORE;
        notify_say(&s->notify, "READY=1");
        while (!stop_asked && !reload_asked)
            turn(s);
    }
    notify_say(&s->notify, "STOPPING=1");
    return s->exit_code;
}

int cmd_run(struct app *first, int argc, char **argv)
{
    struct err err = {0};
    struct service s = {.app = first, .first = first};
    if (argc > 1) {
        fprintf(stderr, "inbox-bridge: run: unknown argument %s\n", argv[1]);
        return EXIT_USAGE;
    }
    if (!app_load(first))
        return first->exit_code;
    log_open(STDERR_FILENO, (enum log_level)first->settings.log_level);
    first->logs = true;
    if (!bell_open(&bell, &err)) {
        app_fail(first, "run", &err);
        return first->exit_code;
    }
    catch_signals();
    notify_open(&s.notify);
    env_real(&s.env);
    desk_init(&s.desk, &bell, &s.env);
    http_init(&s.http, &bell, &s.desk);
    int code = serve(&s);
    desk_drop(&s.desk);
    http_done(&s.http); /* whoever is being answered still is */
    desk_done(&s.desk);
    alarm_close(&s.alarm);
    vitals_free(s.vitals);
    if (s.app != first)
        drop(&s, s.app);
    notify_close(&s.notify);
    log_info("run.stop", NULL);
    return code;
}
