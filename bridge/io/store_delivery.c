/* Deliveries: what a webhook brought, kept until the engine has made jobs of it. The text is the caller's own; the row is
 * what stands behind the 2xx the sender got. */
#include "bridge/io/store_private.h"

static void done_delivery(void *item)
{
    struct store_delivery *d = item;
    free(d->text);
}

static bool read_delivery(struct rows *r, void *item, struct err *err)
{
    (void)err;
    struct store_delivery *d = item;
    *d = (struct store_delivery){.id = rows_int(r, 0), .at = rows_int(r, 1), .text = rows_text(r, 2)};
    return true;
}

static const struct reader delivery_reader = {sizeof(struct store_delivery), read_delivery, done_delivery};

void store_deliveries_free(struct store_delivery *d, size_t n)
{
    list_free(&delivery_reader, d, n);
}

bool store_delivery_add(struct store *st, const char *endpoint, int64_t at, const char *text, struct err *err)
{
    VERB(v);
    int64_t ep = 0;
    return verb_write(&v, st, "keep a delivery", err) && name_make(st, endpoint, &ep, err) &&
           sql_run(st, "INSERT INTO delivery(endpoint, at, text) VALUES(?, ?, ?)", ARGS(INT(ep), INT(at), TEXT(text)), err) &&
           verb_commit(&v, err);
}

bool store_delivery_delete(struct store *st, int64_t id, struct err *err)
{
    VERB(v);
    return verb_write(&v, st, "finish a delivery", err) &&
           sql_run(st, "DELETE FROM delivery WHERE id = ?", ARGS(INT(id)), err) && verb_commit(&v, err);
}

bool store_deliveries(struct store *st, const char *endpoint, size_t max, struct store_delivery **out, size_t *n, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "list deliveries", err) &&
           sql_all(st, "SELECT id, at, text FROM delivery WHERE endpoint = ? ORDER BY id LIMIT ?",
                   ARGS(INT(name_find(st, endpoint)), INT(sql_limit(max))), &delivery_reader, out, n, err);
}

bool store_deliveries_count(struct store *st, const char *endpoint, int64_t *out, struct err *err)
{
    VERB(v);
    return verb_read(&v, st, "count deliveries", err) &&
           sql_int(st, "SELECT count(*) FROM delivery WHERE endpoint = ?", ARGS(INT(name_find(st, endpoint))), out, err);
}
