/* A person's edits of prospects, with names where the API wants ids. What they cause is what the API's writes cause:
 * the same changes, the same events. Other objects are in inbox_edit_other.c. */
#include "tests/sandbox/inbox_edit.h"
#include "bridge/base/str.h"
#include <string.h>

struct draft { /* one edit of one prospect, being read */
    struct inbox *x;
    struct prospect *p;
    struct change c;
    bool profile;  /* profile: something beyond the card changed */
    bool stranger; /* stranger: only the prospect's creation understands the key */
};

typedef bool setter(struct draft *d, const json_t *v, struct err *err);

static bool need_text(const json_t *v, const char **out, const char *what, struct err *err)
{
    *out = json_string_value(v);
    return *out || err_set(err, ERR_REJECT, "%s must be a text", what);
}

static bool need_label(const struct labels *in, const json_t *v, const char *what, struct label **out, struct err *err)
{
    *out = json_is_string(v) ? find_label(in, json_string_value(v)) : NULL;
    return *out ||
           err_set(err, ERR_REJECT, "no %s %s", what, json_is_string(v) ? json_string_value(v) : "(not a text)");
}

static bool set_status(struct draft *d, const json_t *v, struct err *err)
{
    d->c.has_status = true;
    return json_is_null(v) || need_label(&d->x->statuses, v, "status", &d->c.status, err);
}

static bool set_tags(struct draft *d, const json_t *v, struct err *err)
{
    size_t n = json_array_size(v);
    if (!json_is_array(v) && !json_is_null(v))
        return err_set(err, ERR_REJECT, "tags must be an array");
    d->c.has_tags = true;
    d->c.tags = mem_grow(d->c.tags, n + 1, sizeof(struct label *));
    d->c.n_tags = 0;
    for (size_t i = 0; i < n; i++) {
        struct label *l = NULL;
        bool there = false;
        if (!need_label(&d->x->tags, json_array_get(v, i), "tag", &l, err))
            return false;
        for (size_t k = 0; k < d->c.n_tags; k++)
            there |= d->c.tags[k] == l;
        if (!there)
            d->c.tags[d->c.n_tags++] = l;
    }
    return true;
}

static bool set_value(struct draft *d, const json_t *v, struct err *err)
{
    if (!json_is_number(v) && !json_is_null(v))
        return err_set(err, ERR_REJECT, "valuation must be a number or null");
    d->c.has_value = true;
    d->c.value_is_null = json_is_null(v);
    d->c.value = json_number_value(v);
    return true;
}

static bool set_notes(struct draft *d, const json_t *v, struct err *err)
{
    d->c.has_notes = true;
    return json_is_null(v) || need_text(v, &d->c.notes, "notes", err);
}

static bool set_assignee(struct draft *d, const json_t *v, struct err *err)
{
    d->c.has_assignee = true;
    if (json_is_null(v))
        return true;
    d->c.assignee = find_member(d->x, json_string_value(v), true);
    return d->c.assignee || err_set(err, ERR_REJECT, "no such member");
}

static bool set_done(struct draft *d, const json_t *v, struct err *err)
{
    d->c.has_done = true;
    d->c.done = json_is_true(v);
    return json_is_boolean(v) || err_set(err, ERR_REJECT, "done must be true or false");
}

static bool set_name(struct draft *d, const json_t *v, struct err *err)
{
    d->c.has_name = true;
    return need_text(v, &d->c.name, "displayName", err);
}

static bool set_bio(struct draft *d, const json_t *v, struct err *err)
{
    d->c.has_bio = true;
    return json_is_null(v) || need_text(v, &d->c.bio, "bio", err);
}

static bool set_username(struct draft *d, const json_t *v, struct err *err)
{
    const char *name;
    if (!need_text(v, &name, "username", err))
        return false;
    if (table_get(&d->x->by_username, name) && table_get(&d->x->by_username, name) != d->p)
        return err_set(err, ERR_REJECT, "%s is somebody else's", name);
    char *copy = mem_dup(name);
    table_drop(&d->x->by_username, d->p->username);
    free(d->p->username);
    d->p->username = copy;
    table_put(&d->x->by_username, copy, d->p);
    d->profile = true;
    return true;
}

static bool set_location(struct draft *d, const json_t *v, struct err *err)
{
    const char *text = NULL;
    if (!json_is_null(v) && !need_text(v, &text, "location", err))
        return false;
    free(d->p->place);
    d->p->place = mem_dup(text);
    d->p->location = NULL;
    d->profile = true;
    return true;
}

static bool set_followers(struct draft *d, const json_t *v, struct err *err)
{
    d->p->followers = json_integer_value(v);
    d->profile = true;
    return json_is_integer(v) || err_set(err, ERR_REJECT, "followerCount must be a whole number");
}

/* Imported anew under another id, or (null) not imported yet. */
static bool set_external(struct draft *d, const json_t *v, struct err *err)
{
    const char *id = "";
    if (!json_is_null(v) && (!need_text(v, &id, "externalId", err) || !is_id(id) || strlen(id) >= ID_SIZE ||
                             table_get(&d->x->by_external, id)))
        return err_set(err, ERR_REJECT, "externalId must be a free id");
    if (*d->p->external_id)
        table_drop(&d->x->by_external, d->p->external_id);
    str_copy(d->p->external_id, ID_SIZE, id);
    if (*id)
        table_put(&d->x->by_external, d->p->external_id, d->p);
    d->profile = true;
    return true;
}

static bool skip(struct draft *d, const json_t *v, struct err *err)
{
    (void)v;
    return d->stranger || err_set(err, ERR_REJECT, "only while creating");
}

static const struct {
    const char *key;
    setter *set;
} setters[] = {
    {"context.status", set_status},
    {"context.statusId", set_status},
    {"context.tags", set_tags},
    {"context.valuation", set_value},
    {"context.notes", set_notes},
    {"context.assignee", set_assignee},
    {"context.assigneeId", set_assignee},
    {"assigneeId", set_assignee},
    {"done", set_done},
    {"displayName", set_name},
    {"bio", set_bio},
    {"username", set_username},
    {"location", set_location},
    {"followerCount", set_followers},
    {"externalId", set_external},
    {"platformId", skip},
    {"account", skip},
    {"message", skip},
    {"from", skip},
};

static bool set_one(struct draft *d, const char *key, const json_t *v, struct err *err)
{
    const char *keys[COUNT(setters)];
    for (size_t i = 0; i < COUNT(setters); i++) {
        keys[i] = setters[i].key;
        if (!strcmp(keys[i], key))
            return setters[i].set(d, v, err) || err_wrap(err, "%s", key);
    }
    const char *near = str_nearest(key, keys, COUNT(keys));
    return err_set(err, ERR_REJECT, "a person cannot set %s%s%s", key, near ? "; did you mean " : "", near ? near : "");
}

/* {"context":{"notes":…}} is {"context.notes":…}. */
static bool set_all(struct draft *d, const json_t *set, struct err *err)
{
    const char *key, *inner;
    json_t *v, *w;
    json_object_foreach ((json_t *)set, key, v) {
        if (!str_eq(key, "context")) {
            if (!set_one(d, key, v, err))
                return false;
            continue;
        }
        json_object_foreach (v, inner, w) {
            AUTO_FREE char *whole = mem_printf("context.%s", inner);
            if (!set_one(d, whole, w, err))
                return false;
        }
    }
    return true;
}

static bool edit_prospect(struct inbox *x, struct prospect *p, const json_t *set, bool creating, struct err *err)
{
    struct draft d = {.x = x, .p = p, .stranger = creating};
    bool ok = set_all(&d, set, err);
    if (ok) {
        change_prospect(x, p, &d.c);
        if (d.profile)
            p->now.updated = p->enriched = inbox_now(x);
        if (d.profile && !creating)
            tell_prospect(x, "prospect.enriched", p);
    }
    free(d.c.tags);
    return ok;
}

/* A new person writes to us. */
static struct prospect *create_prospect(struct inbox *x, const json_t *set, struct err *err)
{
    const char *platform = js_str(set, "platformId"), *account = js_str(set, "account");
    struct account *a = account ? find_account(x, account) : &x->accounts[0];
    if (!a || (platform && (table_get(&x->by_platform, platform) || strlen(platform) >= X_ID_SIZE))) {
        err_set(err, ERR_REJECT, a ? "platformId is somebody else's" : "no such account");
        return NULL;
    }
    struct prospect *p = meet_prospect(x, platform);
    struct thread *t = open_thread(x, p, a);
    say(x, t, js_str_or(set, "message", "Hi there 👋"), str_eq(js_str(set, "from"), "us"), ORIGIN_EXTERNAL, NULL);
    if (edit_prospect(x, p, set, true, err))
        return p;
    delete_prospect(x, p);
    return NULL;
}

struct prospect *edited_prospect(struct inbox *x, const json_t *id)
{
    const char *text = json_string_value(id);
    struct prospect *p = table_get(&x->by_external, text);
    p = p ? p : table_get(&x->by_platform, text);
    return p && !p->gone ? p : NULL;
}

bool edit_prospects(struct inbox *x, const json_t *edit, struct buf *out, struct err *err)
{
    const json_t *create = json_object_get(edit, "create"), *merge = json_object_get(edit, "merge_into");
    const json_t *set = json_is_object(create) ? create : json_object_get(edit, "set");
    struct prospect *p = create ? create_prospect(x, set, err) : edited_prospect(x, json_object_get(edit, "id"));
    if (!p)
        return create ? false : err_set(err, ERR_REJECT, "no such prospect");
    if (merge) {
        struct prospect *into = edited_prospect(x, merge);
        if (!into || into == p)
            return err_set(err, ERR_REJECT, "no such prospect to merge into");
        merge_prospect(x, p, into);
        p = into;
    } else if (js_bool_or(edit, "delete", false)) {
        delete_prospect(x, p);
        return true;
    } else if (!create && !edit_prospect(x, p, set, false, err)) {
        return false;
    }
    write_prospect(x, out, p, SHOWN_ALONE);
    return true;
}
