/* Routes, endpoints and object types are few words repeated in every row: rows hold small integers, this table the words.
 * It is kept in memory whole; a rollback forgets what the transaction added. */
#include "bridge/base/str.h"
#include "bridge/io/store_private.h"

int64_t name_find(const struct store *st, const char *text)
{
    for (size_t i = 0; text && i < st->n_names; i++)
        if (str_eq(st->names[i], text))
            return (int64_t)i + 1;
    return 0;
}

const char *name_text(const struct store *st, int64_t id)
{
    return id > 0 && (size_t)id <= st->n_names ? st->names[id - 1] : NULL;
}

static void remember(struct store *st, char *taken)
{
    st->names = mem_grow(st->names, st->n_names + 1, sizeof *st->names);
    st->names[st->n_names++] = taken;
}

bool name_make(struct store *st, const char *text, int64_t *id, struct err *err)
{
    int64_t known = name_find(st, text);
    if (text && !known) {
        known = (int64_t)st->n_names + 1;
        if (!sql_run(st, "INSERT INTO name(id, text) VALUES(?, ?)", ARGS(INT(known), TEXT(text)), err))
            return false;
        remember(st, mem_dup(text));
    }
    *id = known;
    return true;
}

bool names_load(struct store *st, struct err *err)
{
    ROWS(r);
    bool more = false;
    if (!rows_open(&r, st, "SELECT id, text FROM name ORDER BY id", NO_ARGS, err))
        return false;
    for (;;) {
        if (!rows_next(&r, &more, err) || !more)
            return !more;
        if (rows_int(&r, 0) != (int64_t)st->n_names + 1)
            return sql_fail(st, SQLITE_CORRUPT, err);
        remember(st, rows_text(&r, 1));
    }
}

void names_cut(struct store *st, size_t n)
{
    while (st->n_names > n)
        free(st->names[--st->n_names]);
}
