/* Messages: what a patch says in JSON, and what a receiver's JSON says of a record. Every member of an answer may be missing
 * or of another type. Pure. */
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/path.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/webhook/webhook_private.h"
#include <string.h>

#define WORDS 240
#define DEEP 8

/* ---- out ---- */

static void put_field(const struct webhook *w, json_t *into, const char *name, json_t *value)
{
    struct err flat = {0}; /* "a" and "a.b" cannot both be objects: then the name stays as it is */
    if (!w->nested || !path_set(into, name, json_incref(value), &flat))
        json_object_set(into, name, value);
}

static json_t *fields_of(const struct webhook *w, const struct patch *p)
{
    json_t *out = json_object(), *value;
    const char *name;
    for (size_t i = 0; i < w->constants.n; i++) {
        const char *text = w->constants.items[i], *equals = strchr(text, '=');
        AUTO_FREE char *constant = mem_dup_n(text, (size_t)(equals - text));
        AUTO_JSON json_t *said = json_string(equals + 1);
        put_field(w, out, constant, said);
    }
    if (w->payload == WEBHOOK_FULL)
        json_object_foreach (p->known, name, value)
            if (!json_object_get(p->set, name))
                put_field(w, out, name, value);
    json_object_foreach (p->set, name, value)
        put_field(w, out, name, value);
    return out;
}

/* From what the writer last saw to what it wants: a receiver that holds something else may answer 409. */
static json_t *changed_of(const struct patch *p)
{
    json_t *out = json_object(), *value;
    const char *name;
    json_object_foreach (p->set, name, value) {
        json_t *from = json_object_get(p->seen, name), *one = json_object();
        if (from)
            json_object_set(one, "from", from);
        json_object_set(one, "to", value);
        js_set(out, name, one);
    }
    return out;
}

json_t *webhook_message(const struct webhook *w, const struct patch *p, int64_t now)
{
    char at[WHEN_TEXT];
    when_print(now, at);
    json_t *out = json_object();
    js_set(out, "id", js_text(p->trace));
    js_set(out, "type", json_string("record.upsert"));
    js_set(out, "timestamp", json_string(at));
    js_set(out, "object", js_text(p->object));
    js_set(out, "external_id", js_text(p->id));
    js_set(out, "key", js_text(p->key));
    js_set(out, "fields", fields_of(w, p));
    js_set(out, "changed", changed_of(p));
    return out;
}

/* ---- in ---- */

static void flatten(json_t *into, const char *before, const json_t *object, int deep)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)object, name, value) {
        AUTO_FREE char *full = *before ? mem_printf("%s.%s", before, name) : mem_dup(name);
        if (json_is_object(value) && deep < DEEP)
            flatten(into, full, value, deep + 1);
        else
            json_object_set(into, full, value);
    }
}

json_t *webhook_fields(const json_t *object)
{
    json_t *out = json_object();
    flatten(out, "", object, 0);
    return out;
}

char *webhook_text(const json_t *v)
{
    const char *text = json_string_value(v);
    if (json_is_integer(v))
        return mem_printf("%lld", (long long)json_integer_value(v));
    return text && *text ? mem_dup(text) : NULL;
}

int64_t webhook_time(const json_t *object, int64_t fallback)
{
    const json_t *said = json_object_get(object, "timestamp");
    int64_t ms = 0;
    if (json_is_integer(said) && json_integer_value(said) > 0)
        return json_integer_value(said);
    return json_is_string(said) && when_parse(json_string_value(said), &ms) ? ms : fallback;
}

bool webhook_record(const json_t *object, int64_t as_of, struct record *out)
{
    AUTO_FREE char *id = webhook_text(json_object_get(object, "external_id")), *key = webhook_text(json_object_get(object, "key"));
    const json_t *fields = json_object_get(object, "fields");
    if (!id && !key)
        return false;
    *out = (struct record){.id = mem_dup(id ? id : key),
                           .key = mem_dup(key),
                           .label = mem_dup(js_str(object, "label")),
                           .version = webhook_text(json_object_get(object, "version")),
                           .as_of = webhook_time(object, as_of),
                           .moved_to = webhook_text(json_object_get(object, "merged_into")),
                           .fields = json_is_object(fields) ? webhook_fields(fields) : NULL};
    if (js_bool_or(object, "deleted", false))
        out->state = RECORD_GONE;
    else if (out->moved_to)
        out->state = RECORD_MERGED;
    return true;
}

char *webhook_words(const json_t *answer, const char *otherwise)
{
    const json_t *error = json_object_get(answer, "error");
    const char *text = json_is_object(error) ? js_str(error, "message") : json_string_value(error);
    text = text ? text : js_str(answer, "message");
    char *words = mem_dup(text ? text : otherwise ? otherwise : "");
    words[str_utf8_cut(words, WORDS)] = '\0';
    return words;
}

/* ---- the answer to a patch ---- */

static bool truthy(const json_t *v)
{
    return v && !json_is_null(v) && !json_is_false(v);
}

static bool as_configured(const struct webhook *w, const json_t *answer)
{
    const json_t *v = w->success_path ? path_get(answer, w->success_path) : NULL;
    if (!w->success_path)
        return true;
    if (!w->success_value)
        return truthy(v);
    AUTO_FREE char *text = !v ? mem_dup("") : json_is_string(v) ? mem_dup(json_string_value(v)) : js_print(v);
    return v && str_eq(text, w->success_value);
}

static json_t *taken_fields(const struct patch *p, const json_t *answer)
{
    json_t *out = json_copy(p->set);
    AUTO_JSON json_t *told = json_is_object(json_object_get(answer, "fields")) ? webhook_fields(json_object_get(answer, "fields")) : NULL;
    json_object_update(out, told);
    return out;
}

void webhook_accept(const struct webhook *w, const struct patch *p, const json_t *answer, int64_t as_of, struct result *out)
{
    AUTO_FREE char *id = webhook_text(w->id_path ? path_get(answer, w->id_path) : json_object_get(answer, "external_id"));
    if ((w->success_path || w->id_path) && !answer) {
        err_set(&out->err, ERR_UNSURE, "the receiver's answer cannot be read");
        return;
    }
    if (!as_configured(w, answer)) {
        AUTO_FREE char *words = webhook_words(answer, "the answer does not say so");
        err_set(&out->err, ERR_REJECT, "not a success (%s): %s", w->success_path, words);
        return;
    }
    if (w->id_path && !id) {
        err_set(&out->err, ERR_UNSURE, "the receiver's answer has no id at %s", w->id_path);
        return;
    }
    out->created = !p->id && !js_bool_or(answer, "duplicate", false);
    out->record = (struct record){.id = mem_dup(p->id ? p->id : id ? id : p->key),
                                  .key = mem_dup(p->key),
                                  .version = webhook_text(json_object_get(answer, "version")),
                                  .as_of = webhook_time(answer, as_of),
                                  .fields = taken_fields(p, answer)};
    if (!out->record.id)
        err_set(&out->err, ERR_CONFIG, "a record with neither id nor key");
}
