/* One bad field must not keep a record from syncing. What a service refused as a whole is offered again field by field, all
 * records side by side, so that only what is really bad stays behind, with the service's words about it. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/batch.h"

/* A record of a parent is not made bare: services want to know its stage at once. */
static bool worth_it(const struct item *it, int side)
{
    const struct outgoing *o = &it->out[side];
    bool create = it->create && side == SIDE_T;
    if (create && it->b->o->of)
        return false;
    return o->wanted && !it->off && o->result.err.kind == ERR_REJECT && json_object_size(o->set) > (create ? 0 : 1);
}

/* The k-th field that is to be written to this side; NULL past the last. */
static const struct map_field *nth(const struct item *it, int side, size_t k)
{
    for (size_t i = 0; i < it->plan.n; i++)
        if (it->plan.cells[i].write[side] && k-- == 0)
            return it->plan.cells[i].f;
    return NULL;
}

/* Once something landed, a call that ended in doubt leaves the record half written: only a look can tell which half. */
static void in_doubt(struct outgoing *o, const struct err *err)
{
    o->result.err = *err;
    if (o->landed)
        o->result.err.kind = ERR_UNSURE;
}

static void take_field(struct outgoing *o, const struct map_field *f, struct result *one)
{
    struct record *all = &o->result.record;
    if (one->err.kind == ERR_REJECT) {
        js_set(o->refused, f->name, json_string(one->err.text));
        return;
    }
    if (one->err.kind != ERR_NONE) {
        in_doubt(o, &one->err);
        return;
    }
    json_t *fields = all->fields ? json_incref(all->fields) : json_object();
    json_object_update(fields, one->record.fields);
    o->landed = true;
    one->created |= o->result.created;
    one->record.untouched |= o->result.record.untouched; /* nobody but us wrote since */
    result_done(&o->result);
    o->result = *one;
    json_decref(o->result.record.fields);
    o->result.record.fields = fields;
    *one = (struct result){0};
}

/* A create begins with nothing but its key; what follows are updates of the record that key names. */
static void take_bare(struct outgoing *o, struct result *one)
{
    result_done(&o->result);
    o->result = *one;
    o->landed = one->err.kind == ERR_NONE;
    *one = (struct result){0};
}

struct round {
    struct patch *patches;
    struct result *results;
    struct item **who;
    const struct map_field **fields; /* NULL: the bare record */
    char **traces;                   /* each offer is a write of its own */
    size_t n;
};

static void enlist(struct round *r, struct item *it, int side, const struct map_field *f, size_t k)
{
    const struct outgoing *o = &it->out[side];
    struct patch p = item_patch(it, side);
    r->traces[r->n] = mem_printf("%s.%zu", p.trace, k);
    p.trace = r->traces[r->n];
    if (o->landed) /* what changed it last was this very write */
        p.unchanged_since = o->result.record.modified;
    p.set = json_object();
    if (f && json_object_get(o->set, f->path[side]))
        json_object_set(p.set, f->path[side], json_object_get(o->set, f->path[side]));
    r->results[r->n] = (struct result){0};
    r->who[r->n] = it;
    r->fields[r->n] = f;
    r->patches[r->n++] = p;
}

/* Round 0 makes bare records where one was to be created; round k+1 writes everybody's k-th field. */
static void gather_round(struct batch *b, int side, size_t k, struct round *r)
{
    for (size_t i = 0; i < b->n; i++) {
        struct item *it = &b->items[i];
        struct outgoing *o = &it->out[side];
        bool create = it->create && side == SIDE_T;
        const struct map_field *f = k ? nth(it, side, k - 1) : NULL;
        if (o->refused && o->result.err.kind == ERR_NONE && (k ? f != NULL : create))
            enlist(r, it, side, f, k);
    }
}

static bool play_round(struct batch *b, int side, size_t k)
{
    AUTO_FREE struct patch *patches = mem_grow(NULL, b->n + 1, sizeof *patches);
    AUTO_FREE struct result *results = mem_grow(NULL, b->n + 1, sizeof *results);
    AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
    AUTO_FREE const struct map_field **fields = mem_grow(NULL, b->n + 1, sizeof *fields);
    AUTO_FREE char **traces = mem_grow(NULL, b->n + 1, sizeof *traces);
    struct round r = {.patches = patches, .results = results, .who = who, .fields = fields, .traces = traces};
    struct err err = {0};
    gather_round(b, side, k, &r);
    bool ok = !r.n || b->r->ep[side]->kind->put(b->r->ep[side], patches, r.n, results, &err);
    for (size_t i = 0; i < r.n; i++) {
        struct outgoing *o = &who[i]->out[side];
        if (!ok && results[i].err.kind == ERR_NONE)
            results[i].err = err;
        if (fields[i])
            take_field(o, fields[i], &results[i]);
        else
            take_bare(o, &results[i]);
        result_done(&results[i]);
        json_decref(patches[i].set);
        free(traces[i]);
    }
    return r.n || k == 0;
}

/* Nothing landed and nothing is in doubt: the record was refused after all, in the words of its first bad field. */
static void conclude(struct outgoing *o, bool create)
{
    const json_t *words = json_object_iter_value(json_object_iter(o->refused));
    if (!create && !o->landed && o->result.err.kind == ERR_NONE && words)
        err_set(&o->result.err, ERR_REJECT, "%s", json_string_value(words));
}

void split_refused(struct batch *b, int side)
{
    bool any = false;
    for (size_t i = 0; i < b->n; i++) {
        struct outgoing *o = &b->items[i].out[side];
        if (!worth_it(&b->items[i], side))
            continue;
        any = true;
        o->refused = json_object();
        result_done(&o->result);
        o->result = (struct result){0};
    }
    for (size_t k = 0; any && play_round(b, side, k); k++)
        continue;
    for (size_t i = 0; any && i < b->n; i++)
        if (b->items[i].out[side].refused)
            conclude(&b->items[i].out[side], b->items[i].create && side == SIDE_T);
}
