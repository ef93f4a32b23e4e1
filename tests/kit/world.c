/* Building, running, cutting and inspecting a world. */
#include "tests/kit/world.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "bridge/sync/sync.h"
#include "bridge/sync/worker.h"
#include "connectors/registry.h"
#include "mappings/value.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char world_mapping[] =
    "prospect = {\n"
    "  crm = \"contacts\"; key = \"inbox_prospect_key\"; match = ( \"inbox_prospect_key\" ); create = true; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"firstname\"; flow = \"to_crm\"; },\n"
    "    { name = \"status\"; inbox = \"context.status\"; crm = \"inbox_stage\"; table = \"stages\"; conflict = \"crm\"; initial = \"source\"; },\n"
    "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"inbox_valuation\"; conflict = \"source_unless_blank\"; initial = \"source\"; },\n"
    "    { name = \"tags\"; inbox = \"context.tags\"; crm = \"inbox_tags\"; conflict = \"union\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"inbox_notes\"; conflict = \"crm\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = ( (\"New\", \"new\"), (\"Contacted\", \"contacted\"), (\"Qualified\", \"qualified\"), (\"Negotiation\", \"negotiation\"),\n"
    "             (\"Won\", \"won\"), (\"Lost\", \"lost\") );\n"
    "};\n";

const char world_grant[] = "client_id = \"app\"; client_secret = \"env:WORLD_SECRET\"; refresh_token = \"env:WORLD_REFRESH\";";
static const char static_token[] = "token = \"env:WORLD_TOKEN\";";

static const char webhook_mapping[] =
    "prospect = {\n"
    "  crm = \"people\"; key = \"inbox_prospect_key\"; match = ( \"inbox_prospect_key\" ); create = true; max_creates = 1000000;\n"
    "  fields = (\n"
    "    { name = \"name\"; inbox = \"displayName\"; crm = \"name\"; flow = \"to_crm\"; },\n"
    "    { name = \"status\"; inbox = \"context.status\"; crm = \"stage\"; table = \"stages\"; conflict = \"crm\"; initial = \"source\"; },\n"
    "    { name = \"valuation\"; inbox = \"context.valuation\"; crm = \"value\"; conflict = \"source_unless_blank\"; initial = \"source\"; },\n"
    "    { name = \"tags\"; inbox = \"context.tags\"; crm = \"tags\"; conflict = \"union\"; },\n"
    "    { name = \"notes\"; inbox = \"context.notes\"; crm = \"notes\"; conflict = \"crm\"; initial = \"source\"; }\n"
    "  );\n"
    "  stages = ( (\"New\", \"new\"), (\"Contacted\", \"contacted\"), (\"Qualified\", \"qualified\"), (\"Negotiation\", \"negotiation\"),\n"
    "             (\"Won\", \"won\"), (\"Lost\", \"lost\") );\n"
    "};\n";

static const char webhook_account[] = "url = \"http://webhook.sandbox/messages\"; secret = \"env:WORLD_WEBHOOK_SECRET\"; allow_private = true;";
static const char webhook_readable[] = "url = \"http://webhook.sandbox/messages\"; secret = \"env:WORLD_WEBHOOK_SECRET\"; allow_private = true; "
                                       "read_url = \"http://webhook.sandbox/records\";";

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

static void must(bool ok, const char *what, const struct err *err)
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
    must(ep != NULL, name, NULL);
    return ep;
}

static void make_properties(struct world *w, const struct map_object *o)
{
    struct schema source = {0}, wanted = {0};
    struct err err = {0};
    json_t *missing = NULL;
    must(w->ep[0]->kind->describe(w->ep[0], o->type[SIDE_S], &source, &err), "describe", &err);
    mapping_wanted(o, &source, &wanted);
    must(w->ep[1]->kind->setup(w->ep[1], &wanted, true, &missing, &err), "setup", &err);
    json_decref(missing);
    schema_done(&source);
    schema_done(&wanted);
}

static void open_ends(struct world *w)
{
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    w->ep[0] = make_endpoint(w, "inbox", "http://inbox.sandbox/api/v1", static_token);
    w->ep[1] = make_endpoint(w, w->crm, str_eq(w->crm, "hubspot") ? "http://hubspot.sandbox" : NULL, w->account);
    w->mapping = mapping_load_text("world.cfg", w->mapping_text, &faults);
    for (size_t i = 0; i < faults.n; i++)
        fprintf(stderr, "world: %s\n", faults.lines[i]);
    must(w->mapping != NULL, "mapping", NULL);
}

static void close_ends(struct world *w)
{
    for (int side = 0; side < 2; side++) {
        endpoint_free(w->ep[side]);
        w->ep[side] = NULL;
        free(w->intake[side].routes);
        w->intake[side].routes = NULL;
    }
    mapping_free(w->mapping);
    w->mapping = NULL;
}

static struct world *make_world(uint64_t seed, size_t prospects, const char *crm, const char *mapping_text, const char *account);

struct world *world_new(uint64_t seed, size_t prospects, const char *mapping_text)
{
    return world_new_with(seed, prospects, mapping_text, static_token);
}

struct world *world_new_with(uint64_t seed, size_t prospects, const char *mapping_text, const char *account)
{
    return make_world(seed, prospects, "hubspot", mapping_text ? mapping_text : world_mapping, account);
}

struct world *world_new_webhook(uint64_t seed, size_t prospects, bool readable)
{
    return make_world(seed, prospects, "webhook", webhook_mapping, readable ? webhook_readable : webhook_account);
}

struct world *world_new_salesforce(uint64_t seed, size_t prospects, const char *mapping_text, const char *account)
{
    return make_world(seed, prospects, "salesforce", mapping_text, account);
}

static struct sandbox_service *crm_service(struct sandbox *box, const char *crm)
{
    if (str_eq(crm, "salesforce"))
        return sandbox_salesforce_new(box);
    return str_eq(crm, "webhook") ? sandbox_webhook_new(box) : sandbox_hubspot_new(box);
}

const char *world_manners;

static void take_manners(struct world *w)
{
    struct http_request request = {0};
    struct http_answer answer = {0};
    int64_t delay = 0;
    AUTO_FREE char *url = mem_printf("http://%s.sandbox/_sandbox/manners", w->crm);
    if (!world_manners)
        return;
    http_request_init(&request, "POST", url);
    http_request_body(&request, mem_dup(world_manners), strlen(world_manners), "application/json");
    sandbox_serve(w->box, w->service[1], &request, &answer, &delay);
    must(answer.status == 200, "manners", NULL);
    http_request_done(&request);
    http_answer_done(&answer);
}

static struct world *make_world(uint64_t seed, size_t prospects, const char *crm, const char *mapping_text, const char *account)
{
    struct world *w = mem_alloc(sizeof *w);
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    setenv("WORLD_TOKEN", "sandbox-token", 1);
    setenv("WORLD_SECRET", "sandbox-secret", 1);
    setenv("WORLD_REFRESH", "sandbox-refresh", 1);
    setenv("WORLD_WEBHOOK_SECRET", SANDBOX_WEBHOOK_SECRET, 1);
    w->account = account;
    w->crm = crm;
    w->seed = seed;
    w->box = sandbox_new(seed);
    w->service[0] = sandbox_inbox_new(w->box, prospects);
    w->service[1] = crm_service(w->box, crm);
    take_manners(w);
    w->env = (struct env){.now = fake_now, .sleep = fake_sleep, .random = fake_random, .transport = sandbox_transport(w->box)};
    w->dir = mem_printf("%s/world.XXXXXX", base);
    must(mkdtemp(w->dir) != NULL, "mkdtemp", NULL);
    w->path = mem_printf("%s/store.db", w->dir);
    w->mapping_text = mapping_text;
    open_ends(w);
    for (size_t i = 0; i < w->mapping->n; i++)
        make_properties(w, &w->mapping->objects[i]);
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

/* ---- running ---- */

bool world_start(struct world *w)
{
    struct err err = {0};
    struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
    world_stop(w);
    w->up = true;
    open_ends(w);
    w->store = store_open(w->path, &w->env, &(struct seal_key){"a key of tests"}, &err);
    must(w->store || w->out, "store", &err);
    if (!w->store)
        return false;
    store_relax(w->store);
    route_init(&w->route);
    w->route.name = "r";
    w->route.store = w->store;
    w->route.env = &w->env;
    w->route.mapping = w->mapping;
    w->route.without = w->without;
    for (int side = 0; side < 2; side++) {
        w->route.ep[side] = w->ep[side];
        w->intake[side] = (struct intake){.ep = w->ep[side], .n = 1, .store = w->store, .env = &w->env,
                                          .routes = mem_alloc(sizeof(struct route *))};
        w->intake[side].routes[0] = &w->route;
    }
    for (int i = 0; i < 300; i++) { /* services may be out of sorts at start */
        err = (struct err){0};
        if (route_pin(&w->route, &err) && route_learn(&w->route, &faults, &err))
            return true;
        if (w->out)
            return false;
        sandbox_advance(w->box, 1000);
    }
    for (size_t i = 0; i < faults.n; i++)
        fprintf(stderr, "world: %s\n", faults.lines[i]);
    must(false, "start", &err);
    return false;
}

void world_stop(struct world *w)
{
    if (!w->up)
        return;
    route_done(&w->route);
    w->route.n = 0;
    close_ends(w);
    store_close(w->store);
    w->store = NULL;
    w->up = false;
}

static json_t *pending(struct world *w)
{
    AUTO_FREE char *url = mem_printf("http://webhook.sandbox/_sandbox/deliveries?after=%zu", w->delivered);
    struct http_request r = {.method = (char *)"GET", .url = url};
    struct http_answer a = {0};
    int64_t delay = 0;
    sandbox_serve(w->box, w->service[1], &r, &a, &delay);
    json_t *out = js_parse(a.body, a.body_n, NULL);
    http_answer_done(&a);
    return out;
}

/* What the other system posts arrives in order; what was not taken is posted again. */
static bool deliver(struct world *w)
{
    bool hooked = str_eq(w->crm, "webhook") && !w->undelivered;
    AUTO_JSON json_t *list = hooked ? pending(w) : NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *body = js_str(one, "body");
        struct page page __attribute__((cleanup(page_done))) = {0};
        struct err err = {0};
        must(w->ep[1]->kind->hook(w->ep[1], "POST", "/", json_object_get(one, "headers"), body, strlen(body), sandbox_now(w->box), &page, &err), "hook", &err);
        if (!intake_delivery(&w->intake[1], &page, &err))
            return false;
        w->delivered++;
    }
    return true;
}

static bool take_in(struct world *w)
{
    struct err err = {0};
    if (!deliver(w))
        return false;
    for (int side = 1; side >= 0; side--) { /* the CRM first: see followed() in worker.c */
        err = (struct err){0};
        if (!intake_all(&w->intake[side], NULL, NULL, &err))
            return false;
        if (w->intake[side].relearn || w->route.relearn) {
            struct opt_faults faults __attribute__((cleanup(opt_faults_done))) = {0};
            w->intake[side].relearn = false;
            if (!route_learn(&w->route, &faults, &err))
                return false;
        }
    }
    return true;
}

bool world_pass(struct world *w, int64_t patience)
{
    int64_t until = sandbox_now(w->box) + patience;
    if (!w->up && !world_start(w))
        return false;
    take_in(w);
    for (int i = 0; i < 200 && !w->out; i++) {
        struct err err = {0};
        int64_t total = 0, next = 0, now = sandbox_now(w->box);
        w->route.stop = (struct err){0};
        if (!worker_quiet(&w->route, NULL, NULL, &err))
            return false;
        if (!store_jobs_count(w->store, "r", &total, &next, &err))
            return false;
        int64_t wake = w->route.wait_until > next ? w->route.wait_until : next;
        if (!total || wake > until)
            break;
        sandbox_advance(w->box, wake > now ? wake - now + 1 : 1);
    }
    return !w->out;
}

static int64_t news(const struct world *w)
{
    return w->intake[0].marked + w->intake[1].marked + w->route.tally.seen;
}

void world_settle(struct world *w)
{
    for (int i = 0; i < 60; i++) {
        if (w->out) {
            world_stop(w);
            w->out = false;
            w->cut_at = 0;
        }
        if (!w->up && !world_start(w))
            continue;
        int64_t before = news(w), total = 0, next = 0;
        struct err err = {0};
        sandbox_advance(w->box, 130 * 1000); /* past every index lag */
        if (!world_pass(w, 30 * 60 * 1000))
            continue;
        if (news(w) == before && store_jobs_count(w->store, "r", &total, &next, &err) && (!total || next > sandbox_now(w->box) + 30 * 60 * 1000))
            return;
    }
    must(false, "settle: it does not come to rest", NULL);
}

/* ---- people and state ---- */

json_t *world_edit(struct world *w, int side, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    must(vasprintf(&text, fmt, ap) >= 0, "edit", NULL);
    va_end(ap);
    for (char *c = text; *c; c++)
        if (*c == '\'')
            *c = '"';
    struct err err = {0};
    AUTO_JSON json_t *edit = js_parse(text, strlen(text), &err);
    json_t *out = NULL;
    must(edit && sandbox_edit(w->box, w->service[side], edit, &out, &err), text, &err);
    free(text);
    return out;
}

json_t *world_state(struct world *w, int side)
{
    return sandbox_state(w->box, w->service[side]);
}

static int64_t counter(struct world *w, int side, const char *name)
{
    AUTO_JSON json_t *calls = sandbox_calls_json(w->box, w->service[side]);
    return js_int_or(calls, name, 0);
}

int64_t world_writes(struct world *w, int side)
{
    return counter(w, side, "writes");
}

int64_t world_calls(struct world *w, int side)
{
    return counter(w, side, "total");
}

json_t *world_prospect(struct world *w, size_t i)
{
    AUTO_JSON json_t *state = world_state(w, 0);
    return json_incref(json_array_get(json_object_get(state, "prospect"), i));
}

char *world_key(struct world *w, size_t i)
{
    AUTO_JSON json_t *p = world_prospect(w, i);
    return p ? mem_printf("x:%s", js_str_or(p, "platformId", "?")) : NULL;
}

static bool live(const json_t *contact)
{
    return !js_bool_or(contact, "archived", false) && !js_str(contact, "mergedInto") && !js_bool_or(contact, "IsDeleted", false) &&
           !js_bool_or(contact, "IsConverted", false);
}

/* The bridge key, wherever the service keeps it. */
static const char *key_of(const json_t *contact)
{
    const char *key = js_str(json_object_get(contact, "properties"), "inbox_prospect_key");
    if (!key)
        key = js_str(contact, "inbox_prospect_key__c");
    return key ? key : js_str(contact, "key");
}

static json_t *contacts_of(struct world *w, const char *key, size_t *n)
{
    static const char *const lists[] = {"record", "contact", "Lead", "Contact"};
    AUTO_JSON json_t *state = world_state(w, 1);
    json_t *found = NULL, *c;
    size_t i;
    *n = 0;
    for (size_t k = 0; k < COUNT(lists); k++)
        json_array_foreach (json_object_get(state, lists[k]), i, c)
            if (live(c) && str_eq(key_of(c), key)) {
                (*n)++;
                json_decref(found);
                found = json_incref(c);
            }
    return found;
}

json_t *world_contact(struct world *w, const char *key)
{
    size_t n = 0;
    json_t *c = contacts_of(w, key, &n);
    must(n <= 1, "two contacts of one key", NULL);
    return c;
}

/* ---- what must be true ---- */

static char *broken_cell(const json_t *cell, const char *key)
{
    const char *act = js_str(cell, "act");
    bool quiet = str_eq(act, "none") || str_eq(act, "hold");
    const json_t *s = json_object_get(cell, "inbox"), *base_s = json_object_get(cell, "base_inbox");
    const json_t *t = json_object_get(cell, "crm"), *base_t = json_object_get(cell, "base_crm");
    static const char *const settled[] = {"one-way", "the mapping ignores"};
    bool ignored = false;
    for (size_t i = 0; i < COUNT(settled); i++)
        ignored |= str_starts(js_str_or(cell, "why", ""), settled[i]);
    bool moved = s && t && base_s && base_t && str_eq(act, "none") && !ignored && (!value_same(s, base_s) || !value_same(t, base_t));
    if (quiet && !moved)
        return NULL;
    AUTO_FREE char *text = js_print(cell);
    return mem_printf("%s: %s: %s", moved ? "I11" : "I1", key, text);
}

/* Replays the log of one link into cells and compares them with the link's. */
static char *broken_log(struct world *w, const struct link *link)
{
    struct log_row *rows = NULL;
    size_t n = 0;
    struct err err = {0};
    AUTO_JSON json_t *cells = json_object();
    must(store_log_of(w->store, link->id, 0, 100000, &rows, &n, &err), "log", &err);
    for (size_t i = 0; i < n; i++) {
        const char *field;
        json_t *note;
        json_object_foreach (rows[i].cells, field, note)
            if (json_object_get(note, "s"))
                js_set(cells, field, json_pack("{s:O,s:O}", "s", json_object_get(note, "s"), "t", json_object_get(note, "t")));
    }
    log_rows_free(rows, n);
    const char *field;
    json_t *cell;
    json_object_foreach (link->cells, field, cell) {
        const json_t *replayed = json_object_get(cells, field);
        if (!js_equal(json_object_get(cell, "s"), json_object_get(replayed, "s")) ||
            !js_equal(json_object_get(cell, "t"), json_object_get(replayed, "t"))) {
            AUTO_FREE char *a = js_print(cell), *b = replayed ? js_print(replayed) : mem_dup("nothing");
            return mem_printf("I12: %s.%s: cell %s, replayed %s", link->key, field, a, b);
        }
    }
    return NULL;
}

static char *broken_link(struct world *w, const struct link *link)
{
    struct err err = {0};
    size_t n = 0, i;
    json_t *out = NULL, *cell;
    char *broken = broken_log(w, link);
    if (broken || link->state != LINK_LINKED || link->secondary)
        return broken;
    if ((broken = world_broken_deal(w, link)))
        return broken;
    json_decref(contacts_of(w, link->key, &n));
    if (n > 1)
        return mem_printf("I3: %zu contacts carry %s", n, link->key);
    struct job job = {.object = link->object, .key = link->key, .why = "look"};
    must(sync_explain(&w->route, &job, &out, &err), "explain", &err);
    json_array_foreach (json_object_get(out, "cells"), i, cell)
        if ((broken = broken_cell(cell, link->key)))
            break;
    json_decref(out);
    return broken;
}

static char *broken_links(struct world *w)
{
    struct link *links = NULL;
    size_t n = 0;
    struct err err = {0};
    char *broken = NULL;
    must(store_links_after(w->store, "r", 0, 1000000, &links, &n, &err), "links", &err);
    for (size_t i = 0; i < n && !broken; i++)
        broken = broken_link(w, &links[i]);
    links_free(links, n);
    return broken;
}

char *world_broken(struct world *w)
{
    struct err err = {0};
    w->touches = w->cut_at = 0;
    char *broken = broken_links(w);
    if (broken)
        return broken;
    int64_t before[2] = {world_writes(w, 0), world_writes(w, 1)};
    must(intake_mark_all(&w->route, LANE_RECONCILE, &err) && intake_restart(&w->intake[0], &err), "mark", &err);
    world_settle(w);
    for (int side = 0; side < 2; side++)
        if (world_writes(w, side) != before[side])
            return mem_printf("I2: the second run wrote %lld times to side %d", (long long)(world_writes(w, side) - before[side]), side);
    return NULL;
}
