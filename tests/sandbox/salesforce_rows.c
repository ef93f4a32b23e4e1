/* Rows: stamped before they are committed, deleted into a recycle bin, changed as a whole or not at all. */
#include "tests/sandbox/salesforce.h"

#define REPLICA_LAG_MS 10000

/* ---- finding ---- */

struct sf_row *sf_find(struct sf *s, const char *id)
{
    char full[SF_ID];
    struct sf_type *t = sf_id_read(id, full) ? sf_type_of_id(s, full) : NULL;
    int64_t i = t ? sf_id_number(full) - 1 : -1;
    return t && i >= 0 && (size_t)i < t->n ? t->rows[i] : NULL;
}

const json_t *sf_seen(struct sf *s, const struct sf_row *r)
{
    bool lagging = s->stale && sf_now(s) - r->changed < REPLICA_LAG_MS;
    if (r->purged)
        return NULL;
    return lagging || sf_now(s) < r->commits_at ? r->before : r->values;
}

bool sf_live(struct sf *s, const struct sf_row *r)
{
    const json_t *values = sf_seen(s, r);
    return values && !json_is_true(json_object_get(values, "IsDeleted"));
}

const char *sf_get(const struct sf_row *r, const char *field)
{
    return r ? js_str(r->values, field) : NULL;
}

/* ---- the index of values that are unique ---- */

static char *folded(const struct sf_field *f, const char *value)
{
    char *out = mem_dup(value);
    for (char *c = out; !f->cased && *c; c++)
        *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
    return out;
}

/* Values of unique fields as text. */
static char *key_of(const struct sf_field *f, const json_t *values)
{
    const json_t *v = json_object_get(values, f->name);
    AUTO_FREE char *printed = v && !json_is_null(v) && !json_is_string(v) ? js_print(v) : NULL;
    const char *text = printed ? printed : json_string_value(v);
    return text ? folded(f, text) : NULL;
}

void sf_index(struct sf_type *t, const struct sf_field *f, struct sf_row *r, const json_t *values, bool add)
{
    AUTO_FREE char *key = key_of(f, values);
    json_t *known = json_object_get(t->unique, f->name);
    bool gone = json_is_true(json_object_get(values, "IsDeleted"));
    if (!known)
        js_set(t->unique, f->name, known = json_object());
    if (key && add && !gone)
        js_set(known, key, json_integer(sf_id_number(r->id) - 1));
    else if (key && !add && json_integer_value(json_object_get(known, key)) == sf_id_number(r->id) - 1)
        json_object_del(known, key);
}

void sf_index_all(struct sf_type *t, const struct sf_field *f)
{
    for (size_t i = 0; i < t->n; i++)
        sf_index(t, f, t->rows[i], t->rows[i]->values, true);
}

static void reindex(struct sf_type *t, struct sf_row *r, const json_t *old, const json_t *now)
{
    for (size_t i = 0; i < t->n_fields; i++) {
        if (!t->fields[i]->unique)
            continue;
        sf_index(t, t->fields[i], r, old, false);
        sf_index(t, t->fields[i], r, now, true);
    }
}

size_t sf_matches(struct sf_type *t, const struct sf_field *f, const char *value, struct sf_row **first)
{
    AUTO_FREE char *want = folded(f, value);
    const json_t *at = json_object_get(json_object_get(t->unique, f->name), want);
    size_t n = 0;
    if (f->unique) {
        *first = at ? t->rows[json_integer_value(at)] : NULL;
        return at != NULL;
    }
    for (size_t i = 0; i < t->n; i++) {
        AUTO_FREE char *have = t->rows[i]->deleted ? NULL : key_of(f, t->rows[i]->values);
        if (have && str_eq(have, want) && n++ == 0)
            *first = t->rows[i];
    }
    return n;
}

/* ---- changing ---- */

static struct sf_row *new_row(struct sf *s, struct sf_type *t, const char *user)
{
    struct sf_row *r = mem_alloc(sizeof *r);
    char at[SF_STAMP];
    sf_stamp(sf_now(s), at);
    sf_id_make(t->prefix, (int64_t)t->n + 1, r->id);
    t->rows = mem_grow(t->rows, t->n + 1, sizeof(struct sf_row *));
    t->rows[t->n++] = r;
    r->values = json_pack("{s:s,s:b,s:s,s:s}", "Id", r->id, "IsDeleted", 0, "CreatedDate", at, "CreatedById", user);
    return r;
}

static void remember(struct sf *s, struct sf_type *t, struct sf_row *r, bool created)
{
    if (!s->recording || t->tooling)
        return;
    if (s->n_undo == s->cap_undo) {
        s->cap_undo = s->cap_undo ? s->cap_undo * 2 : 64;
        s->undo = mem_grow(s->undo, s->cap_undo, sizeof *s->undo);
    }
    s->undo[s->n_undo] = (struct sf_undo){.type = t, .row = r, .was = *r, .created = created};
    json_incref(r->values);
    json_incref(r->before);
    s->n_undo++;
}

struct sf_row *sf_put(struct sf *s, struct sf_type *t, struct sf_row *r, const json_t *changes, const char *user)
{
    bool created = r == NULL;
    char at[SF_STAMP];
    if (created)
        r = new_row(s, t, user);
    remember(s, t, r, created);
    json_t *next = json_copy(r->values);
    json_object_update(next, (json_t *)changes);
    sf_stamp(sf_now(s), at);
    js_set(next, "SystemModstamp", json_string(at));
    if (user) {
        js_set(next, "LastModifiedDate", json_string(at));
        js_set(next, "LastModifiedById", json_string(user));
    }
    reindex(t, r, created ? NULL : r->values, next);
    if (sf_now(s) >= r->commits_at) { /* within one open transaction the state before it stays */
        json_decref(r->before);
        r->before = created ? NULL : json_incref(r->values);
    }
    AUTO_JSON json_t *old = r->values;
    r->values = next;
    sf_unheard_put(s, r, created ? NULL : old, changes, user);
    r->changed = sf_now(s);
    r->commits_at = s->late_ms ? sf_now(s) + s->late_ms : 0;
    return r;
}

void sf_delete(struct sf *s, struct sf_type *t, struct sf_row *r, const char *master, const char *user)
{
    AUTO_JSON json_t *changes = json_pack("{s:b}", "IsDeleted", 1);
    if (master)
        js_set(changes, "MasterRecordId", json_string(master));
    sf_put(s, t, r, changes, user);
    r->deleted = true;
    r->deleted_at = sf_now(s);
}

void sf_undelete(struct sf *s, struct sf_type *t, struct sf_row *r, const char *user)
{
    AUTO_JSON json_t *changes = json_pack("{s:b,s:n}", "IsDeleted", 0, "MasterRecordId");
    if (!r->deleted)
        return;
    r->deleted = false;
    sf_put(s, t, r, changes, user);
}

void sf_purge(struct sf *s)
{
    int64_t kept = sf_count(s, "deletes_kept_days") * SF_DAY;
    if (s->purged_hour == sf_now(s) / SF_HOUR)
        return;
    s->purged_hour = sf_now(s) / SF_HOUR;
    for (size_t i = 0; i < s->n_types; i++)
        for (size_t k = 0; k < s->types[i].n; k++) {
            struct sf_row *r = s->types[i].rows[k];
            r->purged |= r->deleted && sf_now(s) - r->deleted_at > kept;
        }
}

/* ---- all or nothing ---- */

size_t sf_begin(struct sf *s)
{
    s->recording++;
    return s->n_undo;
}

static void take_back(struct sf_undo *u)
{
    struct sf_row *r = u->row;
    reindex(u->type, r, r->values, u->created ? NULL : u->was.values);
    json_decref(r->values);
    json_decref(r->before);
    *r = u->was;
    if (u->created) { /* rows end in order, so it is the last */
        json_decref(r->values);
        json_decref(r->before);
        u->type->n--;
        free(r);
    }
}

void sf_end(struct sf *s, size_t mark, bool keep)
{
    bool permissions = false;
    s->recording--;
    while (!keep && s->n_undo > mark) {
        permissions |= strstr(s->undo[s->n_undo - 1].type->name, "Permission") != NULL;
        take_back(&s->undo[--s->n_undo]);
    }
    if (permissions)
        sf_permissions(s);
    while (!s->recording && s->n_undo) { /* an outer one may still want them */
        s->n_undo--;
        json_decref(s->undo[s->n_undo].was.values);
        json_decref(s->undo[s->n_undo].was.before);
    }
}

static void free_rows(struct sf_type *t)
{
    for (size_t i = 0; i < t->n; i++) {
        json_decref(t->rows[i]->values);
        json_decref(t->rows[i]->before);
        free(t->rows[i]);
    }
    free(t->rows);
}

void sf_type_done(struct sf_type *t)
{
    free_rows(t);
    for (size_t i = 0; i < t->n_fields; i++)
        sf_field_free(t->fields[i]);
    free(t->fields);
    json_decref(t->unique);
}
