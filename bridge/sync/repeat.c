/* Open ops of a side where a repeated write is done once (CAP_REPEAT): nobody has to find out whether the first one landed,
 * it is sent again as it was, under the same trace, before anything about its record is decided. The answer then counts as
 * if it had come at once. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/sync/memory.h"
#include "bridge/sync/verdict.h"

static struct op *open_op(const struct batch *b, const struct item *it)
{
    bool able = (b->r->ep[SIDE_T]->caps & CAP_REPEAT) && !(b->r->without & WITHOUT_PROBE);
    for (size_t i = 0; able && !it->off && i < it->n_ops; i++)
        if (it->ops[i].state == OP_OPEN && it->ops[i].side == SIDE_T)
            return &it->ops[i];
    return NULL;
}

static struct patch patch_of(const struct item *it, const struct op *op)
{
    bool create = str_eq(op->kind, "create") || !it->link.t_id;
    return (struct patch){.object = it->link.t_type,
                          .id = create ? NULL : it->link.t_id,
                          .key_field = create ? it->b->o->key : NULL,
                          .key = it->link.key,
                          .parent_type = create && it->parent.id ? it->parent.t_type : NULL,
                          .parent_id = create && it->parent.id ? it->parent.t_id : NULL,
                          .trace = op->trace,
                          .set = json_object_get(op->payload, "set"),
                          .seen = json_object_get(op->payload, "seen")};
}

/* What the service made of the value when it answers in kind; when it answers something else, somebody edited since. */
static json_t *landed_value(const struct batch *b, const struct map_field *f, const struct result *res, json_t *sent)
{
    bool unknown = false;
    AUTO_JSON json_t *told = res->record.fields ? map_read(f, SIDE_T, res->record.fields, b->r->vocab[SIDE_T], &unknown) : NULL;
    return json_incref(told && race_is_it(told, sent) ? told : sent);
}

static void settle_cells(struct batch *b, struct item *it, const struct op *op, const struct result *res)
{
    const json_t *cells = json_object_get(op->payload, "cells");
    for (size_t i = 0; i < it->b->o->n_fields; i++) {
        const struct map_field *f = &it->b->o->fields[i];
        const json_t *cell = json_object_get(cells, f->name);
        if (!cell)
            continue;
        AUTO_JSON json_t *value = landed_value(b, f, res, json_object_get(cell, "new"));
        recover_landed(b, it, op, f, cell, value);
    }
    if (!it->link.t_id)
        it->link.t_id = mem_dup(res->record.id);
    it->link.state = LINK_LINKED;
    it->event = str_eq(op->kind, "create") ? "created" : "recovered";
}

static void forget_op(struct item *it, struct op *op)
{
    size_t at = (size_t)(op - it->ops);
    op_done(op);
    for (size_t i = at; i + 1 < it->n_ops; i++)
        it->ops[i] = it->ops[i + 1];
    it->n_ops--;
}

static bool done_again(struct batch *b, struct item *it, struct op *op, const struct result *res, struct err *err)
{
    struct store *st = b->r->store;
    settle_cells(b, it, op, res);
    if (!memory_wrote(b, it, res, json_object_get(op->payload, "set"), json_object_get(op->payload, "seen"), err) ||
        !store_op_delete(st, op->id, err) || !store_link_put(st, &it->link, err) ||
        !store_log_add(st, b->r->run, it->link.id, it->event, it->log, err))
        return false;
    b->r->tally.created += str_eq(op->kind, "create");
    b->r->tally.updated_t += !str_eq(op->kind, "create");
    json_decref(it->log);
    it->log = NULL;
    it->event = NULL;
    it->link_dirty = false;
    forget_op(it, op);
    item_off(it, NEXT_AGAIN, "repeated");
    return true;
}

/* A repeat that is still in doubt stays open; one that was certainly refused is over, and the cells are decided anew. */
static bool settle_one(struct batch *b, struct item *it, struct op *op, struct result *res, struct err *err)
{
    if (!settle_owned(b, it, res, err))
        return false;
    switch (verdict_of(res->err.kind)->then) {
    case THEN_DONE:
        return done_again(b, it, op, res, err);
    case THEN_DEAD:
    case THEN_AGAIN:
    case THEN_LOST:
        if (!memory_wrote(b, it, res, NULL, NULL, err) || !store_op_delete(b->r->store, op->id, err))
            return false;
        forget_op(it, op);
        return true;
    default:
        item_fail(b, it, &res->err);
        return true;
    }
}

static bool settle_all(struct batch *b, struct item **who, struct result *results, size_t n, struct err *err)
{
    STORE_TX(tx, b->r->store);
    if (!store_begin(b->r->store, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!settle_one(b, who[i], open_op(b, who[i]), &results[i], err))
            return err_wrap(err, "settle %s", who[i]->job->key);
    return store_commit(b->r->store, err);
}

bool repeat_ops(struct batch *b, struct err *err)
{
    AUTO_FREE struct patch *patches = mem_grow(NULL, b->n + 1, sizeof *patches);
    AUTO_FREE struct result *results = mem_grow(NULL, b->n + 1, sizeof *results);
    AUTO_FREE struct item **who = mem_grow(NULL, b->n + 1, sizeof *who);
    size_t n = 0;
    for (size_t i = 0; !b->dry && i < b->n; i++) {
        const struct op *op = open_op(b, &b->items[i]);
        if (!op)
            continue;
        results[n] = (struct result){0};
        who[n] = &b->items[i];
        patches[n++] = patch_of(&b->items[i], op);
    }
    struct err one = {0};
    struct endpoint *ep = b->r->ep[SIDE_T];
    bool ok = !n || ep->kind->put(ep, patches, n, results, &one);
    for (size_t i = 0; i < n; i++)
        if (!ok && results[i].err.kind == ERR_NONE)
            results[i].err = one;
    ok = !n || settle_all(b, who, results, n, err);
    for (size_t i = 0; i < n; i++)
        result_done(&results[i]);
    return ok;
}
