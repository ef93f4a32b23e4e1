/* The small tables: named texts, sealed secrets, cursors of streams, pinned labels. */
#include "bridge/io/store_private.h"

/* ---- meta ---- */

bool store_meta_get(struct store *st, const char *name, char **out, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a setting", err) &&
           sql_text(st, "SELECT text FROM meta WHERE name = ?", ARGS(TEXT(name)), out, err);
}

bool store_meta_set(struct store *st, const char *name, const char *text, struct err *err)
{
    VERB(v);
    if (!verb_write(&v, st, "keep a setting", err))
        return false;
    bool ok = text ? sql_run(st, "INSERT INTO meta(name, text) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET text = excluded.text",
                             ARGS(TEXT(name), TEXT(text)), err)
                   : sql_run(st, "DELETE FROM meta WHERE name = ?", ARGS(TEXT(name)), err);
    return ok && verb_commit(&v, err);
}

/* ---- secrets ---- */

static bool read_sealed(struct store *st, const char *name, char **out, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a secret", err) &&
           sql_text(st, "SELECT sealed FROM secret WHERE name = ?", ARGS(TEXT(name)), out, err);
}

bool store_secret_get(struct store *st, const char *name, char **plain, struct err *err)
{
    AUTO_FREE char *sealed = NULL;
    if (!read_sealed(st, name, &sealed, err))
        return false;
    if (sealed && !st->sealed)
        return err_set(err, ERR_STORE, "open the secret %s: there is no key file: name the one it was sealed with", name);
    char *opened = sealed ? seal_open(&st->key, name, sealed, err) : NULL;
    if (sealed && !opened)
        return false;
    *plain = opened;
    return true;
}

bool store_secret_set(struct store *st, const char *name, const char *plain, struct err *err)
{
    if (!st->sealed)
        return err_set(err, ERR_STORE, "seal the secret %s: there is no key file: name one in the settings", name);
    AUTO_FREE char *sealed = seal_close(&st->key, name, plain);
    VERB(v);
    return verb_write(&v, st, "keep a secret", err) &&
           sql_run(st, "INSERT INTO secret(name, sealed) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET sealed = excluded.sealed",
                   ARGS(TEXT(name), TEXT(sealed)), err) &&
           verb_commit(&v, err);
}

/* ---- cursors ---- */

bool store_cursor_get(struct store *st, const char *endpoint, const char *stream, char **out, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read a cursor", err) &&
           sql_text(st, "SELECT at FROM cursor WHERE endpoint = ? AND stream = ?",
                    ARGS(INT(name_find(st, endpoint)), TEXT(stream)), out, err);
}

bool store_cursor_set(struct store *st, const char *endpoint, const char *stream, const char *cursor, struct err *err)
{
    VERB(v);
    int64_t ep = 0;
    return verb_write(&v, st, "keep a cursor", err) && name_make(st, endpoint, &ep, err) &&
           sql_run(st,
                   "INSERT INTO cursor(endpoint, stream, at) VALUES(?, ?, ?) "
                   "ON CONFLICT(endpoint, stream) DO UPDATE SET at = excluded.at",
                   ARGS(INT(ep), TEXT(stream), TEXT(cursor)), err) &&
           verb_commit(&v, err);
}

/* ---- terms ---- */

static void done_term(void *item)
{
    struct term *t = item;
    free(t->id);
    free(t->label);
    free(t->now);
}

static bool read_term(struct rows *r, void *item, struct err *err)
{
    (void)err;
    struct term *t = item;
    *t = (struct term){rows_text(r, 0), rows_text(r, 1), rows_text(r, 2), rows_int(r, 3) != 0};
    return true;
}

static const struct reader term_reader = {sizeof(struct term), read_term, done_term};

void terms_free(struct term *terms, size_t n)
{
    list_free(&term_reader, terms, n);
}

bool store_term_put(struct store *st, const char *endpoint, const char *field, const struct term *t, struct err *err)
{
    VERB(v);
    int64_t ep = 0;
    return verb_write(&v, st, "pin a label", err) && name_make(st, endpoint, &ep, err) &&
           sql_run(st,
                   "INSERT INTO term(endpoint, field, id, label, now, gone) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(endpoint, "
                   "field, id) DO UPDATE SET label = excluded.label, now = excluded.now, gone = excluded.gone",
                   ARGS(INT(ep), TEXT(field), TEXT(t->id), TEXT(t->label), TEXT(t->now), INT(t->gone)), err) &&
           verb_commit(&v, err);
}

bool store_terms(struct store *st, const char *endpoint, const char *field, struct term **out, size_t *n, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "read pinned labels", err) &&
           sql_all(st, "SELECT id, label, now, gone FROM term WHERE endpoint = ? AND field = ? ORDER BY rowid",
                   ARGS(INT(name_find(st, endpoint)), TEXT(field)), &term_reader, out, n, err);
}
