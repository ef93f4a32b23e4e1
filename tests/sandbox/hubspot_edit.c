/* What people do in HubSpot: create, change, delete, restore, merge and associate records, and change the account. */
#include "tests/sandbox/hubspot.h"

/* An id, or a unique property with its value. */
static struct hub_record *target(struct hub_type *t, const json_t *id)
{
    const char *name;
    json_t *v;
    if (json_is_string(id))
        return hub_get(t, json_string_value(id));
    json_object_foreach ((json_t *)id, name, v)
        return hub_unique(t, name, json_string_value(v));
    return NULL;
}

static bool refuse(struct hub_bad *bad, struct err *err)
{
    err_set(err, ERR_REJECT, "%s", bad->message);
    hub_bad_done(bad);
    return false;
}

static bool check(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *props, struct err *err)
{
    struct hub_bad bad = {0};
    if (hub_check(h, t, r, props, HUB_BY_PERSON, &bad) && hub_check_unique(t, r, props, &bad))
        return true;
    return refuse(&bad, err);
}

/* {"object","id"}, one or many; "types" as numbers, none: the plain one */
static bool associate_one(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *with, bool part,
                          struct err *err)
{
    struct hub_type *to = hub_type_of(h, js_str(with, "object"));
    struct hub_record *other = to ? target(to, json_object_get(with, "id")) : NULL;
    struct hub_link l = {.from_type = t, .to_type = to, .from = r, .to = to ? hub_follow(to, other) : NULL};
    const json_t *codes = json_object_get(with, "types");
    size_t i;
    json_t *code;
    if (!l.to)
        return err_set(err, ERR_REJECT, "no record to associate with");
    json_array_foreach ((json_t *)codes, i, code)
        if (!hub_link_type(h, t->kind, to->kind, (int)json_integer_value(code)))
            return err_set(err, ERR_REJECT, "no such association type");
    if (!hub_plain_link(h, t->kind, to->kind))
        return err_set(err, ERR_REJECT, "%s are not associated with %s", t->names[0], to->names[0]);
    if (part)
        hub_part(h, &l, codes);
    else
        hub_join(h, &l, codes, false);
    return true;
}

static bool associate(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *with, bool part,
                      struct err *err)
{
    AUTO_JSON json_t *all = json_is_array(with) ? json_incref((json_t *)with) : json_pack("[O*]", with);
    size_t i;
    json_t *one;
    json_array_foreach (all, i, one)
        if (!associate_one(h, t, r, one, part, err))
            return false;
    return true;
}

/* The record, made now or found. */
static struct hub_record *begin(struct hub *h, struct hub_type *t, const json_t *edit, struct err *err)
{
    const json_t *create = json_object_get(edit, "create");
    struct hub_record *r = create ? NULL : target(t, json_object_get(edit, "id"));
    if (!create && !r)
        err_set(err, ERR_REJECT, "no such record");
    if (!create || !check(h, t, NULL, create, err))
        return r;
    r = hub_create(h, t, HUB_BY_PERSON);
    hub_write(h, t, r, create, HUB_BY_PERSON);
    hub_born(h, t, r);
    return r;
}

static bool change(struct hub *h, struct hub_type *t, struct hub_record *r, const json_t *edit, struct err *err)
{
    const json_t *set = json_object_get(edit, "set");
    if (set && !check(h, t, r, set, err))
        return false;
    hub_write(h, t, r, set, HUB_BY_PERSON);
    if (js_bool_or(edit, "restore", false) && r->archived) {
        r->archived = false;
        hub_touch(h, t, r);
        hub_tell(h, t, r, "restore", HUB_BY_PERSON);
    }
    if (js_bool_or(edit, "delete", false))
        hub_archive(h, t, r, HUB_BY_PERSON);
    if (js_bool_or(edit, "erase", false)) {
        hub_tell(h, t, r, "privacyDeletion", HUB_BY_PERSON);
        hub_erase(t, r);
    }
    return associate(h, t, r, json_object_get(edit, "associate"), false, err) &&
           associate(h, t, r, json_object_get(edit, "dissociate"), true, err);
}

static bool edit_record(struct hub *h, struct hub_type *t, const json_t *edit, json_t **out, struct err *err)
{
    const json_t *into = json_object_get(edit, "merge_into");
    struct hub_record *winner = into ? target(t, into) : NULL, *r = begin(h, t, edit, err);
    if (!r)
        return false;
    if (into && (!winner || winner == r))
        return err_set(err, ERR_REJECT, "no record to merge into");
    if (winner)
        r = hub_merge(h, t, winner, r);
    if (!change(h, t, r, edit, err))
        return false;
    AUTO_JSON json_t *names = hub_keys(r->props), *linked = json_array();
    for (size_t i = 0; i < HUB_KINDS; i++)
        js_add(linked, json_string(h->types[i].names[0]));
    struct hub_view view = {.names = names, .linked = linked};
    *out = hub_show(h, t, r, &view);
    return true;
}

/* {"object":"rule","create":{"type","required":[…],"property"?,"value"?}}; "delete": no rules any more */
static bool edit_rule(struct hub *h, const json_t *edit, json_t **out, struct err *err)
{
    const json_t *create = json_object_get(edit, "create");
    if (js_bool_or(edit, "delete", false))
        json_array_clear(h->rules);
    else if (!create || !hub_type_of(h, js_str(create, "type")))
        return err_set(err, ERR_REJECT, "a rule names a type");
    else
        js_add(h->rules, json_deep_copy(create));
    *out = json_deep_copy(h->rules);
    return true;
}

bool hub_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err)
{
    struct hub *h = (struct hub *)s;
    const char *object = js_str_or(edit, "object", "?");
    struct hub_type *t = hub_type_of(h, object);
    if (str_eq(object, "property"))
        return hub_edit_property(h, edit, out, err);
    if (str_eq(object, "pipeline"))
        return hub_edit_pipeline(h, edit, out, err);
    if (str_eq(object, "owner"))
        return hub_edit_owner(h, edit, out, err);
    if (str_eq(object, "rule"))
        return edit_rule(h, edit, out, err);
    if (!t)
        return err_set(err, ERR_REJECT, "HubSpot has no object \"%s\" here", object);
    return edit_record(h, t, edit, out, err);
}
