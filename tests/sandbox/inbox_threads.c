/* Threads: listing them by view, filters and cursor; finding, opening, changing, deleting them. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

/* ---- filters ---- */

struct filter {
    const json_t *ids; /* NULL: any */
    bool none;         /* none: those without one */
};

struct filters {
    struct filter tags, statuses, assignees, campaigns;
    const json_t *accounts;
    bool ascending, any; /* any: there is something to check at all */
};

static bool named(const json_t *ids, const char *id)
{
    if (json_is_string(ids))
        return str_eq(json_string_value(ids), id);
    for (size_t i = 0; i < json_array_size(ids); i++)
        if (str_eq(json_string_value(json_array_get(ids, i)), id))
            return true;
    return false;
}

static bool fits(const struct filter *f, const char *id)
{
    if (!f->ids && !f->none)
        return true;
    return id ? f->ids && named(f->ids, id) : f->none;
}

static bool tags_fit(const struct filter *f, const struct card *c)
{
    if (!c->n_tags)
        return fits(f, NULL);
    for (size_t i = 0; i < c->n_tags; i++)
        if (fits(f, c->tags[i]->id))
            return true;
    return false;
}

static bool passes(const struct filters *f, const struct thread *t)
{
    const struct card *c = &t->prospect->now;
    return (!f->accounts || named(f->accounts, t->account->id)) && tags_fit(&f->tags, c) &&
           fits(&f->statuses, c->status ? c->status->id : NULL) &&
           fits(&f->assignees, t->assignee ? t->assignee->id : NULL) && fits(&f->campaigns, NULL);
}

static bool ask_filter(struct exchange *e, const json_t *filters, const char *name, const char *none,
                       struct filter *out)
{
    const json_t *one = json_object_get(filters, name);
    if (one && !json_is_object(one)) {
        reply_error(e, 400, "VALIDATION_ERROR", "filters[%s] must be an object", name);
        return false;
    }
    return !one || (ask_list(e, one, "selectedIds", &out->ids) && ask_flag(e, one, none, &out->none));
}

static bool ask_filters(struct exchange *e, struct filters *f)
{
    const json_t *filters = json_object_get(e->query, "filters");
    const char *order = js_str_or(filters, "sortOrder", "desc");
    *f = (struct filters){.ascending = str_eq(order, "asc")};
    if (!f->ascending && !str_eq(order, "desc")) {
        reply_error(e, 400, "VALIDATION_ERROR", "sortOrder must be asc or desc");
        return false;
    }
    if (!ask_filter(e, filters, "tags", "noTags", &f->tags) ||
        !ask_filter(e, filters, "statuses", "noStatus", &f->statuses) ||
        !ask_filter(e, filters, "assignees", "noAssignee", &f->assignees) ||
        !ask_filter(e, filters, "campaigns", "noCampaign", &f->campaigns) ||
        !ask_list(e, e->query, "accountLinkIds", &f->accounts))
        return false;
    f->any = json_object_size(filters) || f->accounts;
    return true;
}

static bool ask_view(struct exchange *e, enum view *out)
{
    static const char *const names[VIEWS] = {NULL, "default", "no-reply", "requests", "archived"};
    const json_t *given = json_object_get(e->query, "inbox");
    *out = e->x->manners.omitted_inbox ? VIEW_DEFAULT : VIEW_ALL;
    for (int v = 1; v < VIEWS && given; v++)
        if (str_eq(json_string_value(given), names[v])) {
            *out = (enum view)v;
            return true;
        }
    if (given)
        reply_error(e, 400, "VALIDATION_ERROR", "inbox must be default, no-reply, requests or archived");
    return !given;
}

/* ---- listing ---- */

static const struct thread *step(const struct order *o, size_t *at, bool ascending)
{
    if (ascending)
        return *at < o->n ? o->items[(*at)++] : NULL;
    return *at > 0 ? o->items[--*at] : NULL;
}

/* The next one that passes; NULL at the end. */
static const struct thread *next_thread(const struct order *o, size_t *at, const struct filters *f)
{
    const struct thread *t;
    do
        t = step(o, at, f->ascending);
    while (t && f->any && !passes(f, t));
    return t;
}

void list_threads(struct exchange *e)
{
    struct inbox *x = e->x;
    struct buf b = BUF_INIT(0);
    struct filters f;
    struct cursor from;
    enum view view;
    int64_t limit;
    if (!ask_limit(e, 100, 20, &limit) || !ask_cursor(e, &from) || !ask_view(e, &view) || !ask_filters(e, &f))
        return;
    const struct order *o = &x->order[view];
    const struct thread *last = NULL, *t;
    size_t at = views_from(x, view, &from, f.ascending);
    PUT(&b, "{\"threads\":[");
    for (t = next_thread(o, &at, &f); t && limit; t = next_thread(o, &at, &f), limit--) {
        if (last)
            buf_putc(&b, ',');
        write_thread(x, &b, t, SHOWN_IN_THREAD);
        last = t;
    }
    PUT(&b, "],\"nextCursor\":");
    if (t && last)
        write_cursor(&b, last->sort, last->id);
    else
        PUT(&b, "null");
    PUT(&b, "}");
    reply(e, &b);
}

/* ---- one thread ---- */

static void reply_thread(struct exchange *e, const struct thread *t)
{
    struct buf b = BUF_INIT(0);
    write_thread(e->x, &b, t, SHOWN_IN_THREAD);
    reply(e, &b);
}

void lookup_thread(struct exchange *e)
{
    struct account *a;
    struct prospect *p;
    if (!ask_account(e, e->query, &a) || !ask_person(e, e->query, false, &p))
        return;
    const struct thread *t = p ? find_thread_of(p, a) : NULL;
    if (t)
        reply_thread(e, t);
    else
        reply_null(e);
}

void lookup_by_username(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    const char *name = js_str(e->query, "username");
    const json_t *accounts;
    if (str_blank(name)) {
        reply_error(e, 400, "VALIDATION_ERROR", "username is required");
        return;
    }
    if (!ask_list(e, e->query, "accountLinkIds", &accounts))
        return;
    const struct prospect *p = table_get(&e->x->by_username, name);
    bool any = false;
    PUT(&b, "[");
    for (size_t i = 0; p && i < p->n_threads; i++) {
        if (accounts && !named(accounts, p->threads[i]->account->id))
            continue;
        if (any)
            buf_putc(&b, ',');
        write_thread(e->x, &b, p->threads[i], SHOWN_IN_THREAD);
        any = true;
    }
    PUT(&b, "]");
    reply(e, &b);
}

void create_thread(struct exchange *e)
{
    static const char *const names[] = {"accountLinkId", "externalPlatformId", "externalId", NULL};
    struct account *a;
    struct prospect *p;
    if (!ask_only(e, names) || !ask_account(e, e->body, &a) || !ask_person(e, e->body, true, &p))
        return;
    const struct thread *t = find_thread_of(p, a);
    if (t && e->x->manners.thread_exists) {
        reply_error(e, 409, "THREAD_EXISTS", "A thread with this prospect exists");
        return;
    }
    e->wrote = !t;
    reply_thread(e, open_thread(e->x, p, a));
}

void read_thread(struct exchange *e)
{
    struct thread *t;
    if (ask_thread(e, &t))
        reply_thread(e, t);
}

void patch_thread(struct exchange *e)
{
    static const char *const names[] = {"done", "assigneeId", NULL};
    const json_t *done = json_object_get(e->body, "done"), *assignee = json_object_get(e->body, "assigneeId");
    struct change c = {.has_done = done, .has_assignee = assignee, .done = json_is_true(done)};
    struct thread *t;
    if (!ask_thread(e, &t) || !ask_only(e, names) || (assignee && !ask_member(e, assignee, &c.assignee)))
        return;
    if (done && !json_is_boolean(done)) {
        reply_error(e, 400, "VALIDATION_ERROR", "done must be true or false");
        return;
    }
    e->wrote = change_thread(e->x, t, &c);
    reply_thread(e, t);
}

void remove_thread(struct exchange *e)
{
    struct thread *t;
    if (!ask_thread(e, &t))
        return;
    e->wrote = true;
    delete_thread(e->x, t);
    reply_nothing(e);
}

void type_in_thread(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    struct thread *t;
    if (!ask_thread(e, &t))
        return;
    if (!(t->heard && t->spoke))
        PUT(&b, "{\"status\":\"skipped\",\"reason\":\"unsupported\"}");
    else if (t->typing == 0)
        PUT(&b, "{\"status\":\"skipped\",\"reason\":\"typingDisabled\"}");
    else if (!e->x->manners.outbound)
        PUT(&b, "{\"status\":\"skipped\",\"reason\":\"outboundDisabled\"}");
    else
        PUT(&b, "{\"status\":\"sent\"}");
    reply(e, &b);
}

void set_thread(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    const json_t *typing = json_object_get(e->body, "typingIndicatorsEnabled");
    struct thread *t;
    if (!ask_thread(e, &t))
        return;
    if (typing && !json_is_boolean(typing) && !json_is_null(typing)) {
        reply_error(e, 400, "VALIDATION_ERROR", "typingIndicatorsEnabled must be true, false or null");
        return;
    }
    signed char now = json_is_null(typing) ? -1 : (signed char)json_is_true(typing);
    e->wrote = typing && now != t->typing;
    t->typing = typing ? now : t->typing;
    PUT(&b, "{\"threadId\":");
    write_text(&b, t->id);
    buf_puts(&b, t->typing < 0 ? ",\"typingIndicatorsEnabled\":null}"
                 : t->typing   ? ",\"typingIndicatorsEnabled\":true}"
                               : ",\"typingIndicatorsEnabled\":false}");
    reply(e, &b);
}
