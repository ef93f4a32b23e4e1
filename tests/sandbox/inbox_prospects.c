/* Prospects: read by externalId or X's id, and the PATCH of what the team knows, which is checked whole before any of it
 * is done. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

static void reply_prospect(struct exchange *e, const struct prospect *p)
{
    struct buf b = BUF_INIT(0);
    write_prospect(e->x, &b, p, SHOWN_ALONE);
    reply(e, &b);
}

static bool ask_prospect(struct exchange *e, struct prospect **out)
{
    struct prospect *p = table_get(&e->x->by_external, e->ids[0]);
    *out = p && !p->gone ? p : NULL;
    if (!*out)
        reply_error(e, 404, "PROSPECT_NOT_FOUND", "Prospect not found");
    return *out;
}

void read_prospect(struct exchange *e)
{
    struct prospect *p;
    if (ask_prospect(e, &p))
        reply_prospect(e, p);
}

void lookup_prospect(struct exchange *e)
{
    const char *id = js_str(e->query, "platformId");
    const struct prospect *p = table_get(&e->x->by_platform, id);
    if (!id)
        reply_error(e, 400, "VALIDATION_ERROR", "platformId is required");
    else if (p && !p->gone)
        reply_prospect(e, p);
    else
        reply_null(e);
}

/* ---- the PATCH ---- */

static bool refuse(struct exchange *e, const char *what)
{
    reply_error(e, 400, "VALIDATION_ERROR", "%s", what);
    return false;
}

static bool ask_notes(struct exchange *e, struct change *c)
{
    const json_t *v = json_object_get(e->body, "notes");
    if (v && !json_is_string(v) && !json_is_null(v))
        return refuse(e, "notes must be a text or null");
    c->has_notes = v;
    c->notes = json_string_value(v);
    if (c->notes && !*c->notes && e->x->manners.empty_notes)
        c->notes = NULL;
    return true;
}

static bool ask_value(struct exchange *e, struct change *c)
{
    const json_t *v = json_object_get(e->body, "valuation");
    if (v && !json_is_number(v) && !json_is_null(v))
        return refuse(e, "valuation must be a number or null");
    c->has_value = v;
    c->value_is_null = json_is_null(v);
    c->value = json_number_value(v);
    return true;
}

static bool ask_label(struct exchange *e, const struct labels *in, const json_t *id, const char *code,
                      struct label **out)
{
    if (!is_id(json_string_value(id)))
        return refuse(e, "malformed id");
    *out = find_label_id(in, json_string_value(id));
    if (!*out)
        reply_error(e, e->x->manners.unknown_label ? 422 : 404, code, "%s does not exist", json_string_value(id));
    return *out;
}

static bool ask_status(struct exchange *e, struct change *c)
{
    const json_t *v = json_object_get(e->body, "statusId");
    c->has_status = v;
    return !v || json_is_null(v) || ask_label(e, &e->x->statuses, v, "STATUS_NOT_FOUND", &c->status);
}

static size_t index_of(struct label *const *tags, size_t n, const struct label *l)
{
    size_t i = 0;
    while (i < n && tags[i] != l)
        i++;
    return i;
}

/* One of addTags and removeTags, into or out of the set. */
static bool ask_tags(struct exchange *e, const char *name, bool add, struct change *c)
{
    const json_t *list = json_object_get(e->body, name);
    if (!list)
        return true;
    if (!json_is_array(list))
        return refuse(e, "addTags and removeTags must be arrays");
    c->has_tags = true;
    c->tags = mem_grow(c->tags, c->n_tags + json_array_size(list) + 1, sizeof(struct label *));
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct label *l = NULL;
        if (!ask_label(e, &e->x->tags, json_array_get(list, i), "TAG_NOT_FOUND", &l))
            return false;
        size_t at = index_of(c->tags, c->n_tags, l);
        if (add && at == c->n_tags)
            c->tags[c->n_tags++] = l;
        if (!add && at < c->n_tags) {
            memmove(c->tags + at, c->tags + at + 1, (c->n_tags - at - 1) * sizeof(struct label *));
            c->n_tags--;
        }
    }
    return true;
}

static bool in_both(const struct exchange *e)
{
    const json_t *add = json_object_get(e->body, "addTags"), *drop = json_object_get(e->body, "removeTags");
    for (size_t i = 0; i < json_array_size(add); i++)
        for (size_t k = 0; k < json_array_size(drop); k++)
            if (json_equal(json_array_get(add, i), json_array_get(drop, k)))
                return true;
    return false;
}

static bool ask_tag_set(struct exchange *e, const struct prospect *p, struct change *c)
{
    int64_t most = e->x->manners.tag_limit;
    c->n_tags = p->now.n_tags;
    c->tags = mem_alloc((c->n_tags + 1) * sizeof(struct label *));
    if (c->n_tags)
        memcpy(c->tags, p->now.tags, c->n_tags * sizeof(struct label *));
    if (e->x->manners.tag_in_both && in_both(e))
        return refuse(e, "a tag is in both addTags and removeTags");
    if (!ask_tags(e, "addTags", true, c) || !ask_tags(e, "removeTags", false, c))
        return false;
    if (c->has_tags && most && c->n_tags > (size_t)most && c->n_tags > p->now.n_tags) {
        reply_error(e, 422, "TAG_LIMIT_REACHED", "A prospect has at most %lld tags", (long long)most);
        return false;
    }
    return true;
}

static bool ask_desk(struct exchange *e, struct change *c)
{
    const json_t *assignee = json_object_get(e->body, "assigneeId"), *done = json_object_get(e->body, "done");
    if (done && !json_is_boolean(done))
        return refuse(e, "done must be true or false");
    c->has_done = done;
    c->done = json_is_true(done);
    c->has_assignee = assignee;
    return !assignee || ask_member(e, assignee, &c->assignee);
}

void patch_context(struct exchange *e)
{
    static const char *const names[] = {"notes",      "valuation",  "statusId", "addTags",
                                        "removeTags", "assigneeId", "done",     NULL};
    struct change c = {0};
    struct prospect *p;
    bool ok = ask_prospect(e, &p) && ask_only(e, names) && ask_notes(e, &c) && ask_value(e, &c) && ask_status(e, &c) &&
              ask_desk(e, &c) && ask_tag_set(e, p, &c);
    if (ok) {
        e->wrote = change_prospect(e->x, p, &c);
        reply_prospect(e, p);
    }
    free(c.tags);
}
