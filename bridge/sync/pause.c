/* The flag is a named text of the store: the moment somebody paused the route. */
#include "bridge/sync/pause.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"

bool pause_since(struct store *st, const char *route, int64_t *since, struct err *err)
{
    AUTO_FREE char *name = mem_printf("paused:%s", route), *text = NULL;
    int64_t at = 0;
    if (!store_meta_get(st, name, &text, err))
        return false;
    if (text && !str_to_int(text, 1, INT64_MAX, &at))
        return err_set(err, ERR_STORE, "the flag %s holds \"%s\", which is no time: restore a backup", name, text);
    *since = at;
    return true;
}

bool pause_set(struct store *st, const char *route, bool paused, int64_t now, struct err *err)
{
    AUTO_FREE char *name = mem_printf("paused:%s", route), *text = mem_printf("%lld", (long long)now);
    int64_t since = 0;
    if (!pause_since(st, route, &since, err))
        return false;
    return paused == (since != 0) || store_meta_set(st, name, paused ? text : NULL, err);
}
