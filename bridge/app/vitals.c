/* Plain copies under one lock: nothing in them points into the engine. */
#include "bridge/app/vitals.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <string.h>

struct vitals *vitals_new(const struct app *app)
{
    struct vitals *v = mem_alloc(sizeof *v);
    pthread_mutex_init(&v->lock, NULL);
    v->endpoints = mem_alloc((app->n_endpoints + 1) * sizeof *v->endpoints);
    v->routes = mem_alloc((app->n_routes + 1) * sizeof *v->routes);
    return v;
}

void vitals_free(struct vitals *v)
{
    if (!v)
        return;
    pthread_mutex_destroy(&v->lock);
    free(v->endpoints);
    free(v->routes);
    free(v);
}

static int64_t echoes(const struct app *app, const struct app_endpoint *e)
{
    int64_t n = e->intake.echoes;
    for (size_t i = 0; i < app->n_routes; i++) {
        const struct route *r = &app->routes[i].route;
        n += (r->ep[SIDE_S] == e->ep ? r->tally.echo_s : 0) + (r->ep[SIDE_T] == e->ep ? r->tally.echo_t : 0);
    }
    return n;
}

static void show_endpoint(struct vitals_endpoint *out, const struct app *app, const struct app_endpoint *e)
{
    *out = (struct vitals_endpoint){.polled = e->polled, .up = e->polled && e->fault.kind == ERR_NONE, .kind = e->fault.kind,
                                    .calls = e->ep->calls, .echoes = echoes(app, e)};
    memcpy(out->answers, e->ep->answers, sizeof out->answers);
    str_copy(out->error, sizeof out->error, e->fault.kind == ERR_NONE ? "" : e->fault.text);
}

static void show_route(struct vitals_route *out, const struct app_route *ar)
{
    *out = (struct vitals_route){.tally = ar->route.tally, .learnt = ar->route.learnt, .kind = ar->why.kind};
    str_copy(out->stopped, sizeof out->stopped, ar->why.kind == ERR_NONE ? "" : ar->why.text);
}

void vitals_publish(struct vitals *v, struct app *app)
{
    pthread_mutex_lock(&v->lock);
    v->turned = app->env.now(&app->env);
    for (size_t i = 0; i < app->n_endpoints; i++)
        show_endpoint(&v->endpoints[i], app, &app->endpoints[i]);
    for (size_t i = 0; i < app->n_routes; i++)
        show_route(&v->routes[i], &app->routes[i]);
    pthread_mutex_unlock(&v->lock);
}

void vitals_alarms(struct vitals *v, const json_t *known)
{
    const char *key;
    json_t *entry;
    pthread_mutex_lock(&v->lock);
    v->n_alarms = 0;
    json_object_foreach ((json_t *)known, key, entry) {
        struct vitals_alarm *a = &v->alarms[v->n_alarms];
        AUTO_FREE char *kind = mem_dup_n(key, strcspn(key, ":"));
        if (!js_bool_or(entry, "raised", false) || v->n_alarms == VITALS_ALARMS)
            continue;
        str_copy(a->kind, sizeof a->kind, kind);
        str_copy(a->subject, sizeof a->subject, key + strcspn(key, ":") + (strchr(key, ':') != NULL));
        v->n_alarms++;
    }
    pthread_mutex_unlock(&v->lock);
}

size_t vitals_raised(struct vitals *v, struct vitals_alarm out[VITALS_ALARMS])
{
    pthread_mutex_lock(&v->lock);
    size_t n = v->n_alarms;
    memcpy(out, v->alarms, n * sizeof *out);
    pthread_mutex_unlock(&v->lock);
    return n;
}

int64_t vitals_turned(struct vitals *v)
{
    pthread_mutex_lock(&v->lock);
    int64_t turned = v->turned;
    pthread_mutex_unlock(&v->lock);
    return turned;
}

struct vitals_endpoint vitals_endpoint(struct vitals *v, size_t i)
{
    pthread_mutex_lock(&v->lock);
    struct vitals_endpoint copy = v->endpoints[i];
    pthread_mutex_unlock(&v->lock);
    return copy;
}

struct vitals_route vitals_route(struct vitals *v, size_t i)
{
    pthread_mutex_lock(&v->lock);
    struct vitals_route copy = v->routes[i];
    pthread_mutex_unlock(&v->lock);
    return copy;
}
