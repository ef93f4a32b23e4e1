/* Reading the switches of an imitated CRM. */
#include "tests/sandbox/crm_manners.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "tests/sandbox/sandbox_inner.h"
#include <stdlib.h>
#include <string.h>

json_t *crm_manners_new(struct crm_manners known)
{
    json_t *out = json_object();
    for (size_t i = 0; i < known.n; i++)
        js_set(out, known.table[i].name, js_parse(known.table[i].fallback, strlen(known.table[i].fallback), NULL));
    return out;
}

const json_t *crm_manner(const json_t *set, const char *name)
{
    const json_t *v = json_object_get(set, name);
    if (!v)
        abort(); /* misspelt by the one who asks */
    return v;
}

static bool fits(const struct crm_manner *m, const json_t *value, const json_t *now)
{
    if (json_is_boolean(now))
        return json_is_boolean(value);
    if (json_is_number(now))
        return json_is_number(value);
    bool known = !m->words[0];
    for (size_t i = 0; i < COUNT(m->words) && m->words[i]; i++)
        known |= str_eq(m->words[i], json_string_value(value));
    return known && json_is_string(value);
}

static const struct crm_manner *named(struct crm_manners known, const char *name, struct err *err)
{
    AUTO_FREE const char **names = mem_alloc(known.n * sizeof *names);
    for (size_t i = 0; i < known.n; i++) {
        if (str_eq(known.table[i].name, name))
            return &known.table[i];
        names[i] = known.table[i].name;
    }
    const char *near = str_nearest(name, names, known.n);
    err_set(err, ERR_REJECT, "no manner %s%s%s", name, near ? "; did you mean " : "", near ? near : "");
    return NULL;
}

static bool read_one(struct crm_manners known, const char *name, json_t *value, json_t *into, struct err *err)
{
    const struct crm_manner *m = named(known, name, err);
    if (!m)
        return false;
    bool spelt = m->words[0] && json_is_integer(value);
    AUTO_JSON json_t *said = spelt ? json_sprintf("%lld", (long long)json_integer_value(value)) : json_incref(value);
    if (!fits(m, said, json_object_get(into, name)))
        return err_set(err, ERR_REJECT, "%s cannot be that", name);
    json_object_set(into, name, said);
    return true;
}

void crm_manners_answer(struct crm_manners known, json_t **set, const char *method, const json_t *said, struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *next = str_eq(method, "DELETE") ? crm_manners_new(known) : json_copy(*set);
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)said, name, value)
        if (!read_one(known, name, value, next, &err)) {
            sandbox_reply_json(a, 400, json_pack("{s:s}", "error", err.text));
            return;
        }
    json_decref(*set);
    *set = json_incref(next);
    sandbox_reply_json(a, 200, json_incref(next));
}
