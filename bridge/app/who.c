/* Routes and people by what somebody typed. No network: what the store knows is all there is. */
#include "bridge/app/app.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"

struct route *who_route(struct app *app, const char *name)
{
    for (size_t i = 0; i < app->n_routes; i++)
        if (str_eq(app->routes[i].route.name, name))
            return &app->routes[i].route;
    return NULL;
}

/* A subject may be gone while its links are still there: then the key itself is what was typed. */
static bool linked(struct app *app, const struct route *r, const char *key, bool *yes, struct err *err)
{
    for (size_t i = 0; !*yes && i < r->mapping->n; i++) {
        struct link link __attribute__((cleanup(link_done))) = {0};
        if (!store_link_get(app->store, r->name, r->mapping->objects[i].name, key, &link, yes, err))
            return false;
    }
    return true;
}

char *who_key(struct app *app, const struct route *r, const char *words, struct err *err)
{
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    bool found = false;
    if (!store_subject_find(app->store, r->ep[SIDE_S]->name, words, &s, &found, err))
        return NULL;
    if (found)
        return mem_dup(s.key);
    return linked(app, r, words, &found, err) && found ? mem_dup(words) : NULL;
}

int who_nobody(struct app *app, const char *command, const char *words)
{
    app_say(app, "%s: nobody called \"%s\" was seen yet", command, words);
    app_worse(app, EXIT_USAGE);
    return EXIT_USAGE;
}

int who_no_route(struct app *app, const char *command, const char *name)
{
    AUTO_FREE const char **names = mem_grow(NULL, app->n_routes + 1, sizeof *names);
    for (size_t i = 0; i < app->n_routes; i++)
        names[i] = app->routes[i].route.name;
    const char *nearest = str_nearest(name, names, app->n_routes);
    app_say(app, "%s: no route is called \"%s\"%s%s%s", command, name, nearest ? "; did you mean \"" : "", nearest ? nearest : "",
            nearest ? "\"?" : "");
    app_worse(app, EXIT_USAGE);
    return EXIT_USAGE;
}
