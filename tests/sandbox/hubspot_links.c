/* Associations as both records keep them: the other's id and the codes seen from this side. Archived ends are kept and
 * not shown; a merge carries them over. */
#include "tests/sandbox/hubspot.h"
#include <stdio.h>

const json_t *hub_linked(const struct hub_record *r, const struct hub_type *to)
{
    return json_object_get(r->links, to->names[0]);
}

/* ---- one side ---- */

static json_t *codes_of(struct hub_record *r, const struct hub_type *to, int64_t id)
{
    char key[24];
    snprintf(key, sizeof key, "%lld", (long long)id);
    if (!r->links)
        r->links = json_object();
    json_t *by_id = json_object_get(r->links, to->names[0]);
    if (!by_id) {
        by_id = json_object();
        js_set(r->links, to->names[0], by_id);
    }
    json_t *codes = json_object_get(by_id, key);
    if (!codes) {
        codes = json_array();
        js_set(by_id, key, codes);
    }
    return codes;
}

static size_t where(const json_t *codes, int code)
{
    for (size_t i = 0; i < json_array_size(codes); i++)
        if (json_integer_value(json_array_get(codes, i)) == code)
            return i;
    return SIZE_MAX;
}

static void add_code(json_t *codes, int code)
{
    if (where(codes, code) == SIZE_MAX)
        js_add(codes, json_integer(code));
}

static void drop_id(struct hub_record *r, const struct hub_type *to, int64_t id)
{
    char key[24];
    snprintf(key, sizeof key, "%lld", (long long)id);
    json_object_del(json_object_get(r->links, to->names[0]), key);
}

/* ---- both sides ---- */

static struct hub_link turned(const struct hub_link *l)
{
    return (struct hub_link){.from_type = l->to_type, .to_type = l->from_type, .from = l->to, .to = l->from};
}

static void add_both(struct hub *h, const struct hub_link *l, int code)
{
    const struct hub_link_type *lt = hub_link_type(h, l->from_type->kind, l->to_type->kind, code);
    if (!lt)
        return;
    add_code(codes_of(l->from, l->to_type, l->to->id), lt->code);
    add_code(codes_of(l->to, l->from_type, l->from->id), lt->reverse);
}

static void drop_code(struct hub *h, const struct hub_link *l, int code)
{
    const struct hub_link_type *lt = hub_link_type(h, l->from_type->kind, l->to_type->kind, code);
    json_t *here = codes_of(l->from, l->to_type, l->to->id), *there = codes_of(l->to, l->from_type, l->from->id);
    size_t i = where(here, code), k = lt ? where(there, lt->reverse) : SIZE_MAX;
    if (i != SIZE_MAX)
        json_array_remove(here, i);
    if (k != SIZE_MAX)
        json_array_remove(there, k);
}

static void drop_both(const struct hub_link *l)
{
    drop_id(l->from, l->to_type, l->to->id);
    drop_id(l->to, l->from_type, l->from->id);
}

/* The company is primary for the contact or deal: of many, the last one said. */
static void unseat_primary(struct hub *h, const struct hub_link *l, int code)
{
    const struct hub_link_type *lt = hub_link_type(h, l->from_type->kind, l->to_type->kind, code);
    struct hub_link side = l->to_type->kind == HUB_COMPANY ? *l : turned(l);
    const char *id;
    json_t *codes;
    if (!lt || !lt->primary)
        return;
    int own = l->to_type->kind == HUB_COMPANY ? lt->code : lt->reverse;
    json_object_foreach ((json_t *)hub_linked(side.from, side.to_type), id, codes) {
        struct hub_link other = side;
        other.to = hub_get(side.to_type, id);
        if (other.to && other.to != side.to && where(codes, own) != SIZE_MAX)
            drop_code(h, &other, own);
    }
}

/* ---- what follows ---- */

static size_t count_live(const struct hub_record *r, struct hub_type *to)
{
    size_t n = 0;
    const char *id;
    json_t *codes;
    json_object_foreach ((json_t *)hub_linked(r, to), id, codes)
        n += hub_live(to, id) != NULL;
    return n;
}

static void put_count(struct hub_record *r, const char *name, struct hub_type *to)
{
    char text[24];
    size_t n = count_live(r, to);
    snprintf(text, sizeof text, "%zu", n);
    hub_put(r, name, n ? text : NULL);
}

/* Counts are calculated and move no date; whether the association itself does is a manner. */
static void follow(struct hub *h, const struct hub_link *l)
{
    struct hub_link sides[] = {*l, turned(l)};
    for (int i = 0; i < 2; i++) {
        const struct hub_link *s = &sides[i];
        if (s->to_type->kind == HUB_DEAL && (s->from_type->kind == HUB_CONTACT || s->from_type->kind == HUB_COMPANY))
            put_count(s->from, "num_associated_deals", s->to_type);
        if (s->from_type->kind == HUB_DEAL && s->to_type->kind == HUB_CONTACT)
            put_count(s->from, "num_associated_contacts", s->to_type);
        if (hub_flag(h, "association_touch"))
            hub_touch(h, s->from_type, s->from);
    }
}

/* An account may say that a deal makes its contact an opportunity. */
static void move_lifecycle(struct hub *h, const struct hub_link *l)
{
    struct hub_link side = l->from_type->kind == HUB_DEAL ? turned(l) : *l;
    if (side.from_type->kind != HUB_CONTACT || side.to_type->kind != HUB_DEAL || !hub_flag(h, "deal_moves_lifecycle"))
        return;
    AUTO_JSON json_t *props = json_pack("{s:s}", "lifecyclestage", "opportunity");
    hub_write(h, side.from_type, side.from, props, HUB_BY_APP);
}

void hub_join(struct hub *h, const struct hub_link *l, const json_t *codes, bool replace)
{
    const struct hub_link_type *plain = hub_plain_link(h, l->from_type->kind, l->to_type->kind);
    size_t i;
    json_t *code;
    if (replace)
        drop_both(l);
    if (plain)
        add_both(h, l, plain->code);
    json_array_foreach ((json_t *)codes, i, code) {
        unseat_primary(h, l, (int)json_integer_value(code));
        add_both(h, l, (int)json_integer_value(code));
    }
    follow(h, l);
    move_lifecycle(h, l);
}

void hub_part(struct hub *h, const struct hub_link *l, const json_t *codes)
{
    size_t i;
    json_t *code;
    json_array_foreach ((json_t *)codes, i, code)
        drop_code(h, l, (int)json_integer_value(code));
    if (!codes)
        drop_both(l);
    follow(h, l);
}

void hub_move_links(struct hub *h, struct hub_type *t, struct hub_record *from, struct hub_record *to)
{
    const char *name, *id;
    json_t *by_id, *codes;
    AUTO_JSON json_t *links = json_deep_copy(from->links);
    json_object_foreach (links, name, by_id)
        json_object_foreach (by_id, id, codes) {
            struct hub_type *other = hub_type_of(h, name);
            struct hub_link old = {.from_type = t, .to_type = other, .from = from, .to = hub_get(other, id)};
            struct hub_link new = {.from_type = t, .to_type = other, .from = to, .to = old.to};
            if (!old.to)
                continue;
            drop_both(&old);
            if (new.to != to)
                hub_join(h, &new, codes, false);
        }
}

/* ---- said while creating ---- */

static bool check_target(struct hub *h, struct hub_type *t, const json_t *said, struct hub_link *l, json_t **codes,
                         struct hub_bad *bad)
{
    const json_t *types = json_object_get(said, "types"), *first = json_array_get(types, 0);
    const char *id = js_str(json_object_get(said, "to"), "id");
    int code = (int)js_int_or(first, "associationTypeId", -1);
    code += str_eq(js_str(first, "associationCategory"), "USER_DEFINED") ? HUB_OWN_LABEL : 0;
    *l = (struct hub_link){.from_type = t};
    for (size_t i = 0; i < HUB_KINDS; i++)
        if (hub_link_type(h, t->kind, (enum hub_kind)i, code))
            l->to_type = &h->types[i];
    if (!id || !l->to_type)
        return hub_set_bad(bad, 400, "VALIDATION_ERROR", "No association type %d from %s exists", code, t->names[2]);
    if (!hub_specs(h, l, types, codes, bad))
        return false;
    l->to = hub_live(l->to_type, id);
    if (l->to)
        return true;
    hub_set_bad(bad, 400, "VALIDATION_ERROR", "One or more associations are not valid");
    AUTO_FREE char *text = mem_printf("%s=%s is not valid", l->to_type->names[2], id);
    bad->errors = json_pack("[{s:s,s:s,s:{s:[s]}}]", "message", text, "code", "INVALID_OBJECT_IDS", "context", "ids",
                            id);
    return false;
}

bool hub_check_inline(struct hub *h, struct hub_type *t, const json_t *list, struct hub_bad *bad)
{
    size_t i;
    json_t *said;
    json_array_foreach ((json_t *)list, i, said) {
        struct hub_link l;
        AUTO_JSON json_t *codes = NULL;
        if (!check_target(h, t, said, &l, &codes, bad))
            return false;
    }
    return true;
}

void hub_join_inline(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *list)
{
    size_t i;
    json_t *said;
    struct hub_bad bad = {0};
    json_array_foreach ((json_t *)list, i, said) {
        struct hub_link l;
        AUTO_JSON json_t *codes = NULL;
        if (check_target(h, t, said, &l, &codes, &bad)) {
            l.from = r;
            hub_join(h, &l, codes, false);
        }
        hub_bad_done(&bad);
    }
}

json_t *hub_links_v3(struct hub *h, struct hub_type *t, const struct hub_record *r, struct hub_type *to)
{
    json_t *out = json_array(), *codes, *code;
    const char *id;
    size_t i;
    json_object_foreach ((json_t *)hub_linked(r, to), id, codes) {
        if (!hub_live(to, id))
            continue;
        json_array_foreach (codes, i, code) {
            const struct hub_link_type *lt = hub_link_type(h, t->kind, to->kind, (int)json_integer_value(code));
            if (lt)
                js_add(out, json_pack("{s:s,s:s}", "id", id, "type", lt->name));
        }
    }
    return out;
}
