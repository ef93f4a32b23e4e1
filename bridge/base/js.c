/* JSON values in hand: members without surprises, building, comparing. Reading bytes is js_parse.c, writing them
 * js_print.c; nothing here looks at text. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <math.h>
#include <stdlib.h>

/* ---- members ---- */

const char *js_str(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

const char *js_str_or(const json_t *object, const char *key, const char *fallback)
{
    const char *s = js_str(object, key);
    return s ? s : fallback;
}

int64_t js_int_or(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *v = json_object_get(object, key);
    int64_t n;
    if (json_is_integer(v))
        return json_integer_value(v);
    if (json_is_real(v) && fabs(json_real_value(v)) < 9e15 && floor(json_real_value(v)) == json_real_value(v))
        return (int64_t)json_real_value(v);
    return json_is_string(v) && str_to_int(json_string_value(v), INT64_MIN, INT64_MAX, &n) ? n : fallback;
}

bool js_bool_or(const json_t *object, const char *key, bool fallback)
{
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_is_true(v) : fallback;
}

static void must(int failed)
{
    if (failed)
        abort();
}

void js_set(json_t *object, const char *key, json_t *stolen)
{
    must(json_object_set_new(object, key, stolen));
}

void js_add(json_t *array, json_t *stolen)
{
    must(json_array_append_new(array, stolen));
}

json_t *js_text(const char *s_or_null)
{
    json_t *v = s_or_null ? json_string(s_or_null) : NULL;
    return v ? v : json_null();
}

/* ---- comparing ---- */

static bool same_object(const json_t *a, const json_t *b)
{
    const char *key;
    json_t *value;
    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach ((json_t *)a, key, value)
        if (!js_equal(value, json_object_get(b, key)))
            return false;
    return true;
}

static bool same_array(const json_t *a, const json_t *b)
{
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++)
        if (!js_equal(json_array_get(a, i), json_array_get(b, i)))
            return false;
    return true;
}

bool js_equal(const json_t *a, const json_t *b)
{
    if (!a || !b || a == b)
        return a == b;
    if (json_is_number(a) && json_is_number(b))
        return json_is_integer(a) && json_is_integer(b) ? json_integer_value(a) == json_integer_value(b)
                                                        : json_number_value(a) == json_number_value(b);
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_is_object(a))
        return same_object(a, b);
    return json_is_array(a) ? same_array(a, b) : json_equal(a, b);
}
