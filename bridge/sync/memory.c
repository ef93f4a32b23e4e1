#include "bridge/sync/memory.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "mappings/value.h"

static bool load(struct store *st, const char *endpoint, const struct link *link, struct subject *out, struct err *err)
{
    bool found = false;
    if (!store_subject_get(st, endpoint, link->t_type, link->key, out, &found, err))
        return false;
    if (!found) {
        out->object = mem_dup(link->t_type);
        out->key = mem_dup(link->key);
    }
    /* what is handed out is shared: what is changed here is ours */
    json_t *fields = out->fields ? json_copy(out->fields) : json_object();
    json_t *changed = out->changed ? json_copy(out->changed) : json_object();
    json_decref(out->fields);
    json_decref(out->changed);
    out->fields = fields;
    out->changed = changed;
    return true;
}

static bool keep(struct store *st, const char *endpoint, const struct link *link, struct subject *s, struct err *err)
{
    if (link->t_id && !str_eq(link->t_id, s->id)) {
        free(s->id);
        s->id = mem_dup(link->t_id);
    }
    return store_subject_put(st, endpoint, s, err);
}

static int64_t said_at(const struct subject *s, const char *field)
{
    return json_integer_value(json_array_get(json_object_get(s->changed, field), 1));
}

static void say(struct subject *s, const char *field, json_t *value, int64_t at)
{
    json_object_set(s->fields, field, value);
    js_set(s->changed, field, json_pack("[I,I]", (json_int_t)at, (json_int_t)at));
    if (at > s->as_of)
        s->as_of = at;
}

/* ---- reading ---- */

static void fill_in(const struct route *r, const struct bound *bound, const struct link *link, json_t *fields)
{
    for (size_t i = 0; i < bound->o->n_fields; i++) {
        const struct map_field *f = &bound->o->fields[i];
        const json_t *shadow = plan_base(link->cells, f->name, SIDE_T);
        struct err nameless = {0};
        if (json_object_get(fields, f->path[SIDE_T]))
            continue;
        if (!shadow || !map_write(f, SIDE_T, shadow, r->vocab[SIDE_T], fields, &nameless))
            js_set(fields, f->path[SIDE_T], json_null());
    }
    if (!json_object_get(fields, bound->o->key))
        js_set(fields, bound->o->key, json_string(link->key));
}

bool memory_recall(const struct route *r, const struct bound *bound, const struct link *link, struct record *out,
                   struct err *err)
{
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    if (!load(r->store, r->ep[SIDE_T]->name, link, &s, err))
        return false;
    fill_in(r, bound, link, s.fields);
    *out = (struct record){.id = mem_dup(link->t_id),
                           .key = mem_dup(link->key),
                           .state = s.missed_at ? RECORD_GONE : RECORD_LIVE,
                           .as_of = s.as_of,
                           .fields = json_incref(s.fields)};
    return true;
}

/* ---- what the service says by itself ---- */

static void overtaken(json_t *notes, const char *field, const json_t *value, const char *why)
{
    js_set(notes, field, json_pack("{s:O,s:s}", "lost", value, "why", why));
}

static bool log_notes(struct route *r, const struct link *link, const json_t *notes, struct err *err)
{
    return !json_object_size(notes) || store_log_add(r->store, r->run, link->id, "overtaken", notes, err);
}

static void take_fields(struct subject *s, const struct record *rec, const char *const *needed, json_t *notes, bool *news)
{
    for (; rec->fields && *needed; needed++) {
        json_t *value = json_object_get(rec->fields, *needed), *known = json_object_get(s->fields, *needed);
        if (!value || (known && js_equal(value, known)))
            continue;
        if (said_at(s, *needed) > rec->as_of) {
            overtaken(notes, *needed, value, "an older edit in the CRM, already overtaken");
            continue;
        }
        say(s, *needed, value, rec->as_of);
        *news = true;
    }
}

static void take_presence(struct subject *s, const struct record *rec, int64_t now, bool *news)
{
    bool gone = rec->state == RECORD_GONE || rec->state == RECORD_ARCHIVED;
    if (gone == (s->missed_at != 0) || rec->as_of < s->as_of)
        return;
    s->missed_at = gone ? now : 0;
    if (rec->as_of > s->as_of)
        s->as_of = rec->as_of;
    *news = true;
}

bool memory_told(struct route *r, const char *endpoint, const struct link *link, const struct record *rec,
                 const char *const *needed, bool *news, struct err *err)
{
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    AUTO_JSON json_t *notes = json_object();
    *news = false;
    if (!load(r->store, endpoint, link, &s, err))
        return false;
    take_presence(&s, rec, r->env->now(r->env), news);
    take_fields(&s, rec, needed, notes, news);
    return (!*news || keep(r->store, endpoint, link, &s, err)) && log_notes(r, link, notes, err);
}

/* ---- what it answers ---- */

/* One field of a write that was done. Somebody may have told of an edit since the writer looked. */
static void wrote_field(struct subject *s, const char *field, json_t *value, int64_t at, const json_t *seen, json_t *notes)
{
    json_t *known = json_object_get(s->fields, field);
    bool meanwhile = known && seen && !js_equal(known, json_object_get(seen, field));
    if (meanwhile && said_at(s, field) > at)
        return;
    if (meanwhile && !js_equal(known, value))
        overtaken(notes, field, known, "edited in the CRM while we wrote");
    say(s, field, value, at);
}

/* What else the answer tells. True when any of it is news, on which nobody has decided yet. */
static bool answered_fields(struct subject *s, const struct record *rec, const json_t *set, const char *const *needed)
{
    bool news = false;
    for (; rec->fields && *needed; needed++) {
        json_t *value = json_object_get(rec->fields, *needed), *known = json_object_get(s->fields, *needed);
        if (!value || json_object_get(set, *needed) || said_at(s, *needed) > rec->as_of)
            continue;
        news |= !known || !js_equal(known, value);
        say(s, *needed, value, rec->as_of);
    }
    return news;
}

static void wrote(struct subject *s, const struct result *res, const json_t *set, const json_t *seen, json_t *notes)
{
    const char *field;
    json_t *value;
    json_object_foreach ((json_t *)set, field, value) {
        json_t *told = json_object_get(res->record.fields, field);
        wrote_field(s, field, told ? told : value, res->record.as_of, seen, notes);
    }
    s->missed_at = 0;
}

bool memory_wrote(struct batch *b, struct item *it, const struct result *res, const json_t *set, const json_t *seen,
                  struct err *err)
{
    const struct endpoint *ep = b->r->ep[SIDE_T];
    bool done = res->err.kind == ERR_NONE, gone = res->err.kind == ERR_GONE;
    bool corrected = res->err.kind == ERR_STALE && res->record.fields;
    if (corrected)
        set = NULL;
    struct subject s __attribute__((cleanup(subject_done))) = {0};
    AUTO_JSON json_t *notes = json_object();
    if ((ep->caps & CAP_FETCH) || !(done || gone || corrected))
        return true;
    if (!load(b->r->store, ep->name, &it->link, &s, err))
        return false;
    if (done)
        wrote(&s, res, set, seen, notes);
    if (done || corrected)
        it->news |= answered_fields(&s, &res->record, set, it->b->needed[SIDE_T]);
    else
        s.missed_at = b->r->env->now(b->r->env);
    return keep(b->r->store, ep->name, &it->link, &s, err) && log_notes(b->r, &it->link, notes, err);
}
