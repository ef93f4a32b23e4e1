/* The configuration file: what its groups are called and what is in them. Reading is opt.c's work; this file says what
 * there is, and builds endpoints and routes from it. */
#include "bridge/app/sweep.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/registry.h"
#include "connectors/signature.h"
#include <libgen.h>
#include <unistd.h>

#define FIELD(s, m) offsetof(struct s, m)

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};

const struct opt settings_table[] = {
    {"store", OPT_TEXT, FIELD(settings, store), "inbox-bridge.db", false, 0, 0, NULL,
     "the one file that holds links, jobs and the change log; relative to this file"},
    {"key_file", OPT_TEXT, FIELD(settings, key_file), NULL, false, 0, 0, NULL,
     "key that seals stored tokens; made when absent; default: the store's name with .key"},
    {"log_level", OPT_CHOICE, FIELD(settings, log_level), "info", false, 0, 0, log_levels, "what `run` logs"},
    {"allow_plain_http", OPT_BOOL, FIELD(settings, allow_plain_http), "false", false, 0, 0, NULL,
     "allow http:// to other hosts than this one"},
    OPT_END};

const struct opt http_table[] = {
    {"listen", OPT_TEXT, FIELD(http_settings, listen), "127.0.0.1:8420", false, 0, 0, NULL,
     "address and port of webhooks, health and metrics: \"127.0.0.1:8420\", \"[::1]:8420\""},
    {"api_token", OPT_SECRET, FIELD(http_settings, api_token), NULL, false, 0, 0, NULL,
     "bearer token that /api/ asks for; without one there is no /api/"},
    {"tls_certificate", OPT_TEXT, FIELD(http_settings, tls_certificate), NULL, false, 0, 0, NULL,
     "PEM file of the certificate chain; relative to this file"},
    {"tls_key", OPT_TEXT, FIELD(http_settings, tls_key), NULL, false, 0, 0, NULL, "PEM file of its key; relative to this file"},
    {"public_url", OPT_TEXT, FIELD(http_settings, public_url), NULL, false, 0, 0, NULL,
     "what the services call to reach `listen`: \"https://bridge.example.com\"; `run` names the webhooks' URLs by it"},
    OPT_END};

const struct opt alarm_table[] = {
    {"url", OPT_TEXT, FIELD(alarm_settings, url), NULL, false, 0, 0, NULL, "where alarms and their end are posted"},
    {"secret", OPT_SECRET, FIELD(alarm_settings, secret), NULL, false, 0, 0, NULL, "signs them by Standard Webhooks: base64, \"whsec_…\""},
    {"after", OPT_SPAN, FIELD(alarm_settings, after), "5m", false, 0, 86400000, NULL, "how long a fault lasts before it is raised, and is over before it is cleared"},
    {"hold_age", OPT_SPAN, FIELD(alarm_settings, hold_age), "1d", false, 0, 0, NULL, "a cell that waits longer for a person is raised"},
    {"dead", OPT_INT, FIELD(alarm_settings, dead), "0", false, 0, 1000000, NULL, "more refused writes than so many are raised"},
    {"budget", OPT_INT, FIELD(alarm_settings, budget), "90", false, 1, 100, NULL, "percent of a day's calls that may be used before it is raised"},
    {"drift", OPT_INT, FIELD(alarm_settings, drift), "2", false, 0, 100, NULL,
     "percent of all records (20 at least) that a full comparison may find out of step before it is raised; the next one that finds fewer clears it"},
    OPT_END};

const struct opt endpoint_table[] = {
    {"connector", OPT_TEXT, FIELD(endpoint_settings, connector), NULL, true, 0, 0, NULL, "which service: see connectors/"},
    {"poll", OPT_SPAN, FIELD(endpoint_settings, poll), "30s", false, 1000, 86400000, NULL, "how often `run` asks for changes"},
    OPT_END};

const struct opt route_table[] = {
    {"name", OPT_TEXT, FIELD(route_settings, name), NULL, true, 0, 0, NULL, "name of the route; keep it: links belong to it"},
    {"inbox", OPT_TEXT, FIELD(route_settings, inbox), NULL, true, 0, 0, NULL, "endpoint of the Inbox side"},
    {"crm", OPT_TEXT, FIELD(route_settings, crm), NULL, true, 0, 0, NULL, "endpoint of the CRM side"},
    {"mapping", OPT_TEXT, FIELD(route_settings, mapping), NULL, true, 0, 0, NULL, "mapping file; relative to this file"},
    {"batch", OPT_INT, FIELD(route_settings, batch), "200", false, 1, 5000, NULL, "records worked on together: more are faster and need more memory"},
    {"mass_least", OPT_INT, FIELD(route_settings, mass_least), "20", false, 0, 1000000, NULL,
     "mass-change guard: up to so many detaches or clears in one pass are always allowed"},
    {"mass_percent", OPT_INT, FIELD(route_settings, mass_percent), "2", false, 0, 100, NULL,
     "mass-change guard: or this share of all links, when that is more"},
    {"reconcile", OPT_TEXT, FIELD(route_settings, reconcile), "24h", false, 0, 0, NULL,
     "when `run` compares everything: an interval (jittered), a time of day in UTC like 03:30, or off"},
    OPT_END};

static const char *const top_also[] = {"endpoints", "routes", "http", "alarms", NULL};

/* Paths in the file are relative to the file. */
static char *beside(const struct app *app, const char *path)
{
    if (*path == '/')
        return mem_dup(path);
    AUTO_FREE char *copy = mem_dup(app->config_path);
    return mem_printf("%s/%s", dirname(copy), path);
}

static void resolve(const struct app *app, char **path)
{
    char *full = beside(app, *path);
    free(*path);
    *path = full;
}

/* ---- secrets live in the store, sealed ---- */

static bool vault_load(void *self, const char *name, char **plain, struct err *err)
{
    struct app *app = self;
    *plain = NULL;
    return !app->store || store_secret_get(app->store, name, plain, err);
}

static bool vault_save(void *self, const char *name, const char *plain, struct err *err)
{
    struct app *app = self;
    if (!app->store)
        return err_set(err, ERR_STORE, "the store is not open: the new token cannot be kept");
    return store_secret_set(app->store, name, plain, err);
}

/* A refresh may void the running service's own token, and the new one could not be kept. */
static bool vault_may(void *self, struct err *err)
{
    const struct app *app = self;
    return !app->looking || err_set(err, ERR_AUTH, "the running service holds the store, so its access token is not renewed from here");
}

/* ---- http ---- */

static void load_http(struct app *app, struct opt_faults *faults)
{
    const struct opt_node *group = opt_member(opt_root(app->file), "http");
    if (!group || !opt_read(group, http_table, NULL, &app->http, faults))
        return;
    if (!app->http.tls_certificate != !app->http.tls_key)
        opt_fault(faults, opt_place_file(group), opt_place_line(group), "tls_certificate and tls_key go together");
    if (app->http.tls_certificate)
        resolve(app, &app->http.tls_certificate);
    if (app->http.tls_key)
        resolve(app, &app->http.tls_key);
}

/* ---- alarms ---- */

static void load_alarms(struct app *app, struct opt_faults *faults)
{
    const struct opt_node *group = opt_member(opt_root(app->file), "alarms");
    struct err err = {0};
    if (!group)
        opt_default(alarm_table, &app->alarms);
    if (!group || !opt_read(group, alarm_table, NULL, &app->alarms, faults))
        return;
    if (app->alarms.url && !app->alarms.secret)
        opt_fault(faults, opt_place_file(group), opt_place_line(group), "alarms are signed: say secret = \"env:…\"");
    else if (app->alarms.url && !signature_standard_secret(app->alarms.secret, &err))
        opt_fault(faults, opt_place_file(group), opt_place_line(group), "secret: %s", err.text);
}

/* ---- endpoints ---- */

static struct app_endpoint *endpoint_find(struct app *app, const char *name)
{
    for (size_t i = 0; i < app->n_endpoints; i++)
        if (app->endpoints[i].ep && str_eq(app->endpoints[i].ep->name, name))
            return &app->endpoints[i];
    return NULL;
}

static const struct connector *connector_named(const char *name, const struct opt_node *node, struct opt_faults *faults)
{
    const struct connector *kind = registry_find(name);
    size_t n = 0;
    const struct connector *const *all = registry_all(&n);
    AUTO_FREE const char **names = mem_grow(NULL, n + 1, sizeof *names);
    for (size_t i = 0; i < n; i++)
        names[i] = all[i]->name;
    const char *nearest = kind ? NULL : str_nearest(name, names, n);
    if (!kind)
        opt_fault(faults, opt_place_file(node), opt_place_line(node), "no connector is called \"%s\"%s%s%s", name,
                  nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
    return kind;
}

static void load_endpoint(struct app *app, const struct opt_node *node, struct opt_faults *faults)
{
    static const char *const also[] = {"connector", "poll", NULL};
    struct vault vault = {.self = app, .load = vault_load, .save = vault_save, .may = vault_may};
    struct endpoint_settings s = {0};
    /* The connector's own table knows the other names; here only ours are read. */
    AUTO_FREE const char **theirs = mem_grow(NULL, opt_count(node) + 1, sizeof *theirs);
    size_t n = 0;
    for (size_t i = 0; i < opt_count(node); i++)
        theirs[n++] = opt_name(opt_item(node, i));
    theirs[n] = NULL;
    const struct connector *kind = NULL;
    if (opt_read(node, endpoint_table, theirs, &s, faults))
        kind = connector_named(s.connector, node, faults);
    struct endpoint *ep = kind ? endpoint_new(opt_name(node), kind, node, also, &app->env, &vault, faults) : NULL;
    if (ep) {
        app->endpoints = mem_grow(app->endpoints, app->n_endpoints + 1, sizeof *app->endpoints);
        app->endpoints[app->n_endpoints++] = (struct app_endpoint){.ep = ep, .poll = s.poll};
    }
    opt_clear(endpoint_table, &s);
}

/* ---- routes ---- */

static struct endpoint *side(struct app *app, const char *name, const char *member, const struct opt_node *node,
                             struct opt_faults *faults)
{
    struct app_endpoint *e = endpoint_find(app, name);
    const struct opt_node *all = opt_member(opt_root(app->file), "endpoints");
    if (!e && !opt_member(all, name))
        opt_fault(faults, opt_place_file(node), opt_place_line(node), "%s = \"%s\": no such endpoint", member, name);
    return e ? e->ep : NULL;
}

static void load_route(struct app *app, const struct opt_node *node, struct opt_faults *faults)
{
    struct app_route ar = {0};
    route_init(&ar.route);
    if (!opt_read(node, route_table, NULL, &ar.settings, faults))
        return;
    resolve(app, &ar.settings.mapping);
    struct route *r = &ar.route;
    r->env = &app->env;
    r->batch = (size_t)ar.settings.batch;
    r->mass_least = ar.settings.mass_least;
    r->mass_percent = (int)ar.settings.mass_percent;
    r->ep[SIDE_S] = side(app, ar.settings.inbox, "inbox", node, faults);
    r->ep[SIDE_T] = side(app, ar.settings.crm, "crm", node, faults);
    r->mapping = mapping_load(ar.settings.mapping, faults);
    struct err err = {0};
    if (!sweep_when_parse(ar.settings.reconcile, &ar.sweep, &err))
        opt_fault(faults, opt_place_file(node), opt_place_line(node), "reconcile: %s", err.text);
    for (size_t i = 0; i < app->n_routes; i++)
        if (str_eq(app->routes[i].settings.name, ar.settings.name))
            opt_fault(faults, opt_place_file(node), opt_place_line(node), "two routes are called \"%s\"", ar.settings.name);
    app->routes = mem_grow(app->routes, app->n_routes + 1, sizeof *app->routes);
    app->routes[app->n_routes++] = ar;
}

/* Routes point into arrays that grew while loading; only now do they stand still. */
static void wire(struct app *app)
{
    for (size_t i = 0; i < app->n_routes; i++)
        app->routes[i].route.name = app->routes[i].settings.name;
    for (size_t e = 0; e < app->n_endpoints; e++) {
        struct intake *in = &app->endpoints[e].intake;
        *in = (struct intake){.ep = app->endpoints[e].ep, .env = &app->env,
                              .routes = mem_grow(NULL, app->n_routes + 1, sizeof *in->routes)};
        for (size_t i = 0; i < app->n_routes; i++) {
            struct route *r = &app->routes[i].route;
            if (r->ep[SIDE_S] == in->ep || r->ep[SIDE_T] == in->ep)
                in->routes[in->n++] = r;
            if (r->ep[SIDE_S] == in->ep)
                r->source = in;
        }
    }
}

static void load_groups(struct app *app, struct opt_faults *faults)
{
    const struct opt_node *root = opt_root(app->file);
    const struct opt_node *endpoints = opt_member(root, "endpoints"), *routes = opt_member(root, "routes");
    if (!endpoints || !opt_count(endpoints))
        opt_fault(faults, app->config_path, 0, "no endpoints: say endpoints = { inbox = { … }; … }");
    if (!routes || !opt_count(routes))
        opt_fault(faults, app->config_path, 0, "no routes: say routes = ( { name = \"…\"; inbox = …; crm = …; mapping = …; } )");
    for (size_t i = 0; endpoints && i < opt_count(endpoints); i++)
        load_endpoint(app, opt_item(endpoints, i), faults);
    for (size_t i = 0; routes && i < opt_count(routes); i++)
        load_route(app, opt_item(routes, i), faults);
}

bool app_load(struct app *app)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    env_real(&app->env);
    app->file = opt_open(app->config_path, &faults);
    if (app->file && opt_read(opt_root(app->file), settings_table, top_also, &app->settings, &faults)) {
        resolve(app, &app->settings.store);
        if (app->settings.key_file)
            resolve(app, &app->settings.key_file);
        else
            app->settings.key_file = mem_printf("%s.key", app->settings.store);
        app->env.transport = http_curl_new(&(struct http_curl_options){
            .allow_plain_http = app->settings.allow_plain_http, .user_agent = "inbox-bridge/" INBOX_BRIDGE_VERSION});
    }
    if (app->file && app->env.transport)
        load_groups(app, &faults);
    if (app->file)
        load_http(app, &faults);
    if (app->file)
        load_alarms(app, &faults);
    wire(app);
    if (faults.n)
        app_faults(app, &faults);
    return faults.n == 0;
}
