/* Intervals instead of moments: two edits are ordered only when their intervals do not touch. */
#include "bridge/sync/evidence.h"
#include "bridge/base/js.h"

void evidence_note(json_t **changed, const json_t *before, const json_t *told, int64_t from, int64_t to)
{
    const char *name;
    json_t *value, *out = NULL;
    json_object_foreach ((json_t *)told, name, value) {
        if (!json_object_get(before, name) || js_equal(json_object_get(before, name), value))
            continue;
        if (!out)
            out = *changed ? json_copy(*changed) : json_object();
        js_set(out, name, json_pack("[I,I]", (json_int_t)from, (json_int_t)to));
    }
    if (!out)
        return;
    json_decref(*changed);
    *changed = out;
}

struct evidence evidence_source(const json_t *changed, const char *field, int64_t agreed, int64_t as_of)
{
    const json_t *pair = json_object_get(changed, field);
    if (json_array_size(pair) != 2)
        return (struct evidence){agreed, as_of};
    return (struct evidence){json_integer_value(json_array_get(pair, 0)), json_integer_value(json_array_get(pair, 1))};
}

struct evidence evidence_target(const json_t *history, const char *field, int64_t agreed, int64_t modified)
{
    int64_t at = js_int_or(json_array_get(json_object_get(history, field), 0), "at", 0);
    return at ? (struct evidence){at, at} : (struct evidence){agreed, modified};
}
