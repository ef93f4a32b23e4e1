/* HubSpot says everything in strings. Here they become what they mean, by the property's type, and back. */
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/hubspot/hubspot_private.h"
#include <stdio.h>
#include <string.h>

static json_t *hubspot_number(const char *text)
{
    int64_t n;
    double r;
    if (str_to_int(text, INT64_MIN, INT64_MAX, &n))
        return json_integer(n);
    if (!str_to_real(text, &r))
        return json_string(text);
    return r == (double)(json_int_t)r ? json_integer((json_int_t)r) : json_real(r);
}

static json_t *hubspot_time(const char *text, bool day)
{
    int64_t ms;
    bool told = when_parse(text, &ms) || str_to_int(text, INT64_MIN, INT64_MAX, &ms);
    return told ? connector_moment(ms, day) : json_string(text);
}

json_t *hubspot_typed(const struct schema *types, const char *name, const json_t *raw)
{
    const struct schema_field *f = schema_find(types, name);
    const char *text = json_string_value(raw);
    if (f && f->type == SCHEMA_SET && (!text || !*text))
        return json_array();
    if (!text || !*text)
        return json_null();
    switch (f ? f->type : SCHEMA_TEXT) {
    case SCHEMA_NUMBER:
        return hubspot_number(text);
    case SCHEMA_BOOL:
        return json_boolean(str_eq(text, "true"));
    case SCHEMA_SET:
        return connector_choices(text);
    case SCHEMA_DATE:
        return hubspot_time(text, true);
    case SCHEMA_DATETIME:
        return hubspot_time(text, false);
    default:
        return json_string(text);
    }
}

json_t *hubspot_raw(const json_t *v)
{
    struct buf b = {0};
    if (json_is_string(v))
        return json_incref((json_t *)v);
    if (json_is_boolean(v))
        return json_string(json_is_true(v) ? "true" : "false");
    if (json_is_integer(v))
        buf_printf(&b, "%lld", (long long)json_integer_value(v));
    if (json_is_real(v)) {
        AUTO_FREE char *text = js_print(v);
        strpbrk(text, "eE") ? buf_printf(&b, "%.6f", json_real_value(v)) : buf_puts(&b, text);
    }
    for (size_t i = 0; i < json_array_size(v); i++)
        buf_printf(&b, "%s%s", i ? ";" : "", json_string_value(json_array_get(v, i)));
    json_t *out = json_string(buf_str(&b));
    buf_done(&b);
    return out;
}

static json_t *hubspot_history(const struct schema *types, const json_t *past)
{
    json_t *out = json_object(), *list, *entry;
    const char *name;
    size_t i;
    json_object_foreach ((json_t *)past, name, list) {
        json_t *entries = json_array();
        json_array_foreach (list, i, entry) {
            int64_t at = 0;
            when_parse(js_str(entry, "timestamp"), &at);
            js_add(entries, json_pack("{s:o,s:I,s:b}", "value", hubspot_typed(types, name, json_object_get(entry, "value")), "at", (json_int_t)at, "own", 0));
        }
        js_set(out, name, entries);
    }
    return out;
}

void hubspot_record(const struct schema *types, const json_t *row, int64_t as_of, struct record *out)
{
    const char *name;
    json_t *raw;
    out->id = mem_dup(js_str(row, "id"));
    out->state = js_bool_or(row, "archived", false) ? RECORD_ARCHIVED : RECORD_LIVE;
    out->version = mem_dup(js_str(row, "updatedAt"));
    when_parse(js_str(row, "updatedAt"), &out->modified);
    out->untouched = js_str(row, "createdAt") && str_eq(js_str(row, "createdAt"), js_str(row, "updatedAt"));
    out->as_of = as_of;
    out->fields = json_object();
    json_object_foreach (json_object_get(row, "properties"), name, raw)
        js_set(out->fields, name, hubspot_typed(types, name, raw));
    out->key = mem_dup(js_str(out->fields, "inbox_prospect_key"));
    if (json_object_get(row, "propertiesWithHistory"))
        out->history = hubspot_history(types, json_object_get(row, "propertiesWithHistory"));
}
