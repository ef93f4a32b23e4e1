/* What people do in Salesforce: create, change, delete, restore, merge and convert records, now or in a transaction that
 * is still open. */
#include "tests/sandbox/salesforce.h"

/* An id, or a field with its value: {"Email":"ada@x.example"}. */
static struct sf_row *target(struct sf *s, struct sf_type *t, const json_t *id)
{
    const char *name;
    json_t *v;
    if (json_is_string(id)) {
        struct sf_row *r = sf_find(s, json_string_value(id));
        return r && sf_type_of_id(s, r->id) == t ? r : NULL;
    }
    json_object_foreach ((json_t *)id, name, v)
        for (size_t i = t->n; i-- > 0;)
            if (js_equal(json_object_get(t->rows[i]->values, name), v))
                return t->rows[i];
    return NULL;
}

static bool refuse(struct sf_bad *bad, struct err *err)
{
    err_set(err, ERR_REJECT, "%s: %s", bad->code, bad->message);
    sf_bad_done(bad);
    return false;
}

static const char *person(struct sf *s, const json_t *edit)
{
    const struct sf_type *t = sf_type_of(s, "User");
    const char *by = js_str_or(edit, "by", "ann@team.example");
    for (size_t i = 0; i < t->n; i++)
        if (str_eq_nocase(sf_get(t->rows[i], "Email"), by) || str_eq(t->rows[i]->id, by))
            return t->rows[i]->id;
    return s->ann;
}

/* The record, made now or found. */
static struct sf_row *begin(struct sf *s, struct sf_type *t, const json_t *edit, const struct sf_hand *hand,
                            struct err *err)
{
    struct sf_bad bad = {0};
    const json_t *create = json_object_get(edit, "create");
    struct sf_row *r = create ? sf_save(s, t, NULL, create, hand, &bad) : target(s, t, json_object_get(edit, "id"));
    if (bad.code)
        refuse(&bad, err);
    else if (!r)
        err_set(err, ERR_REJECT, "no such record");
    return r;
}

static bool change(struct sf *s, struct sf_type *t, struct sf_row *r, const json_t *edit, const struct sf_hand *hand,
                   struct err *err)
{
    struct sf_bad bad = {0};
    const json_t *set = json_object_get(edit, "set"), *into = json_object_get(edit, "merge_into");
    const json_t *convert = json_object_get(edit, "convert");
    struct sf_row *winner = into ? target(s, t, into) : NULL;
    if (js_bool_or(edit, "undelete", false))
        sf_undelete(s, t, r, hand->user);
    if (set && !sf_save(s, t, r, set, hand, &bad))
        return refuse(&bad, err);
    if (into && (!winner || winner == r || winner->deleted))
        return err_set(err, ERR_REJECT, "no record to merge into");
    if (convert && !sf_convert(s, r, convert, hand->user, err))
        return false;
    if (winner && !sf_merge(s, t, winner, r, hand->user, err))
        return false;
    if (js_bool_or(edit, "delete", false) && !r->deleted)
        sf_delete(s, t, r, NULL, hand->user);
    r->purged |= js_bool_or(edit, "purge", false);
    return true;
}

static bool edit_row(struct sf *s, struct sf_type *t, const json_t *edit, json_t **out, struct err *err)
{
    struct sf_hand hand = {.person = true, .user = person(s, edit)};
    s->late_ms = js_int_or(edit, "late", sf_count(s, "late_commit_ms"));
    struct sf_row *r = begin(s, t, edit, &hand, err);
    bool ok = r && change(s, t, r, edit, &hand, err);
    s->late_ms = 0;
    if (ok)
        *out = sf_row_state(r);
    return ok;
}

json_t *sf_row_state(const struct sf_row *r)
{
    json_t *out = json_copy(r->values);
    if (r->purged)
        js_set(out, "_purged", json_true());
    if (r->commits_at)
        js_set(out, "_commits_at", json_integer(r->commits_at));
    return out;
}

bool sf_edit(struct sandbox_service *base, const json_t *edit, json_t **out, struct err *err)
{
    struct sf *s = (struct sf *)base;
    const char *object = js_str_or(edit, "object", "?");
    struct sf_type *t = sf_type_of(s, object);
    if (!t)
        return sf_edit_account(s, object, edit, out, err);
    if (t->tooling)
        return err_set(err, ERR_REJECT, "%s is made by defining fields", t->name);
    return edit_row(s, t, edit, out, err);
}
