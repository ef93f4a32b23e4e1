/* Building, starting and cutting a world. */
#include "tests/kit/world.h"
#include "bridge/base/str.h"
#include "connectors/registry.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the env ---- */

static struct world *world_of(struct env *env)
{
    return (struct world *)(void *)((char *)env - offsetof(struct world, env));
}

static int64_t fake_now(struct env *env)
{
    return sandbox_now(world_of(env)->box);
}

static void fake_sleep(struct env *env, int64_t ms)
{
    sandbox_advance(world_of(env)->box, ms);
}

static uint64_t fake_random(struct env *env)
{
    return sandbox_random(world_of(env)->box);
}

static bool fake_touch(struct env *env, const char *what, bool after)
{
    struct world *w = world_of(env);
    if (w->out)
        return false;
    w->touches++;
    if (w->cut_at && w->touches >= w->cut_at) {
        w->out = true;
        return false;
    }
    if (!after && w->meddle && str_eq(what, "call"))
        w->meddle(w, w->meddler);
    sandbox_advance(w->box, 7); /* the world takes time */
    return true;
}

void world_watch(struct world *w, int64_t cut_at)
{
    w->touches = 0;
    w->cut_at = cut_at;
    w->out = false;
}
/* ---- building ---- */

void world_must(bool ok, const char *what, const struct err *err)
{
    if (ok)
        return;
    fprintf(stderr, "world: %s: %s\n", what, err ? err->text : "failed");
    abort();
}

static bool vault_load(void *self, const char *name, char **plain, struct err *err)
{
    struct world *w = self;
    *plain = NULL;
    return !w->store || store_secret_get(w->store, name, plain, err);
}

static bool vault_save(void *self, const char *name, const char *plain, struct err *err)
{
    struct world *w = self;
    return w->store && store_secret_set(w->store, name, plain, err);
}

static struct endpoint *make_endpoint(struct world *w, const char *name, const char *url, const char *account)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    AUTO_FREE char *base = url ? mem_printf("base_url = \"%s\";", url) : mem_dup("");
    AUTO_FREE char *text = mem_printf("e = { %s %s };", account, base);
    struct vault vault = {.self = w, .load = vault_load, .save = vault_save};
    struct opt_file *file = opt_open_text("world", text, &faults);
    struct endpoint *ep = file ? endpoint_new(name, registry_find(name), opt_member(opt_root(file), "e"), NULL, &w->env, &vault, &faults) : NULL;
    for (size_t i = 0; i < faults.n; i++)
        fprintf(stderr, "world: %s\n", faults.lines[i]);
    opt_close(file);
    world_must(ep != NULL, name, NULL);
    return ep;
}

static void make_properties(struct world *w, int side, const struct map_object *o)
{
    struct schema source = {0}, wanted = {0};
    struct err err = {0};
    json_t *missing = NULL;
    world_must(w->ep[0]->kind->describe(w->ep[0], o->type[SIDE_S], &source, &err), "describe", &err);
    mapping_wanted(o, &source, &wanted);
    world_must(w->ep[side]->kind->setup(w->ep[side], &wanted, true, &missing, &err), "setup", &err);
    json_decref(missing);
    schema_done(&source);
    schema_done(&wanted);
}

static void open_ends(struct world *w)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    w->ep[0] = make_endpoint(w, "inbox", "http://inbox.sandbox/api/v1", "token = \"env:WORLD_TOKEN\";");
    for (size_t i = 0; i < w->n; i++) {
        const struct world_crm *c = &w->crm[i];
        w->ep[i + 1] = make_endpoint(w, c->kind, str_eq(c->kind, "hubspot") ? "http://hubspot.sandbox" : NULL, c->account);
        w->mapping[i] = mapping_load_text("world.cfg", c->mapping, &faults);
    }
    for (size_t i = 0; i < faults.n; i++)
        fprintf(stderr, "world: %s\n", faults.lines[i]);
    for (size_t i = 0; i < w->n; i++)
        world_must(w->mapping[i] != NULL, "mapping", NULL);
}

static void close_ends(struct world *w)
{
    for (size_t side = 0; side <= w->n; side++) {
        endpoint_free(w->ep[side]);
        w->ep[side] = NULL;
        free(w->intake[side].routes);
        w->intake[side].routes = NULL;
    }
    for (size_t i = 0; i < w->n; i++) {
        mapping_free(w->mapping[i]);
        w->mapping[i] = NULL;
    }
}

static struct sandbox_service *crm_service(struct sandbox *box, const char *kind)
{
    if (str_eq(kind, "salesforce"))
        return sandbox_salesforce_new(box);
    return str_eq(kind, "webhook") ? sandbox_webhook_new(box) : sandbox_hubspot_new(box);
}

static void make_services(struct world *w, size_t prospects)
{
    w->box = sandbox_new(w->seed);
    w->service[0] = sandbox_inbox_new(w->box, prospects);
    for (size_t i = 0; i < w->n; i++)
        w->service[i + 1] = crm_service(w->box, w->crm[i].kind);
    w->env = (struct env){.now = fake_now, .sleep = fake_sleep, .random = fake_random, .transport = sandbox_transport(w->box)};
}

struct world *world_new_of(uint64_t seed, size_t prospects, const struct world_crm *crms, size_t n)
{
    struct world *w = mem_alloc(sizeof *w);
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    setenv("WORLD_TOKEN", "sandbox-token", 1);
    setenv("WORLD_SECRET", "sandbox-secret", 1);
    setenv("WORLD_REFRESH", "sandbox-refresh", 1);
    setenv("WORLD_WEBHOOK_SECRET", SANDBOX_WEBHOOK_SECRET, 1);
    world_must(n <= WORLD_CRMS, "more CRMs than a world holds", NULL);
    memcpy(w->crm, crms, n * sizeof *crms);
    w->n = n;
    w->seed = seed;
    make_services(w, prospects);
    for (size_t i = 0; i < n; i++)
        if (crms[i].manners)
            world_manners(w, (int)i + 1, crms[i].manners);
    w->dir = mem_printf("%s/world.XXXXXX", base);
    world_must(mkdtemp(w->dir) != NULL, "mkdtemp", NULL);
    w->path = mem_printf("%s/store.db", w->dir);
    open_ends(w);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < w->mapping[k]->n; i++)
            make_properties(w, (int)k + 1, &w->mapping[k]->objects[i]);
    close_ends(w);
    w->env.touch = fake_touch;
    sandbox_calls_clear(w->box);
    return w;
}

void world_free(struct world *w)
{
    world_stop(w);
    static const char *const tails[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < COUNT(tails); i++) {
        AUTO_FREE char *file = mem_printf("%s%s", w->path, tails[i]);
        unlink(file);
    }
    rmdir(w->dir);
    sandbox_free(w->box);
    w->env.transport->free(w->env.transport);
    free(w->dir);
    free(w->path);
    free(w);
}

/* ---- starting and stopping ---- */

static void wire_route(struct world *w, size_t i)
{
    struct route *r = &w->route[i];
    route_init(r);
    r->name = w->crm[i].route;
    r->store = w->store;
    r->env = &w->env;
    r->mapping = w->mapping[i];
    r->without = w->without;
    r->ep[SIDE_S] = w->ep[0];
    r->ep[SIDE_T] = w->ep[i + 1];
    r->source = &w->intake[0];
    w->intake[0].routes[i] = r;
    w->intake[i + 1].routes[0] = r;
}

static void wire(struct world *w)
{
    for (size_t side = 0; side <= w->n; side++)
        w->intake[side] = (struct intake){.ep = w->ep[side], .n = side ? 1 : w->n, .store = w->store, .env = &w->env,
                                          .routes = mem_grow(NULL, w->n, sizeof(struct route *))};
    for (size_t i = 0; i < w->n; i++)
        wire_route(w, i);
}

static bool learn(struct world *w, struct route *r)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    struct err err = {0};
    for (int i = 0; i < 300; i++) { /* services may be out of sorts at start */
        err = (struct err){0};
        if (route_pin(r, &err) && route_learn(r, &faults, &err))
            return true;
        if (w->out)
            return false;
        sandbox_advance(w->box, 1000);
    }
    for (size_t i = 0; i < faults.n; i++)
        fprintf(stderr, "world: %s\n", faults.lines[i]);
    world_must(false, "start", &err);
    return false;
}

bool world_start(struct world *w)
{
    struct err err = {0};
    world_stop(w);
    w->up = true;
    open_ends(w);
    w->store = store_open(w->path, &w->env, &(struct seal_key){"a key of tests"}, &err);
    world_must(w->store || w->out, "store", &err);
    if (!w->store)
        return false;
    store_relax(w->store);
    wire(w);
    for (size_t i = 0; i < w->n; i++)
        if (!learn(w, &w->route[i]))
            return false;
    return true;
}

void world_stop(struct world *w)
{
    if (!w->up)
        return;
    for (size_t i = 0; i < w->n; i++) {
        route_done(&w->route[i]);
        w->route[i].n = 0;
    }
    close_ends(w);
    store_close(w->store);
    w->store = NULL;
    w->up = false;
}

struct route *world_route(struct world *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(w->route[i].name, name))
            return &w->route[i];
    world_must(false, name, NULL);
    return NULL;
}
