/* What may be written: known properties, values of their type, options, owners, stages, unique values, required ones.
 * Everything that is wrong with a record is told at once, in HubSpot's wordy way. */
#include "tests/sandbox/hubspot.h"

#define TEXT_MOST 65536
#define DAY_MS 86400000

/* ---- one value ---- */

static bool has_option(const json_t *def, const char *value)
{
    size_t i;
    json_t *o;
    json_array_foreach (json_object_get(def, "options"), i, o)
        if (str_eq(js_str(o, "value"), value))
            return true;
    return js_bool_or(def, "externalOptions", false);
}

static bool has_options(const json_t *def, const char *value)
{
    if (!str_eq(js_str(def, "fieldType"), "checkbox"))
        return has_option(def, value);
    AUTO_FREE char *copy = mem_dup(value);
    char *save = NULL;
    for (char *one = strtok_r(copy, ";", &save); one; one = strtok_r(NULL, ";", &save))
        if (!has_option(def, one))
            return false;
    return true;
}

static bool is_time(const char *value, int64_t *ms)
{
    return when_parse(value, ms) || str_to_int(value, 0, INT64_MAX, ms);
}

static bool is_email(const char *value)
{
    const char *at = strchr(value, '@');
    return at && at != value && strchr(at, '.') && !strchr(at + 1, '@') && !strpbrk(value, " \t\n,;<>");
}

static const char *bad_deal_value(struct hub *h, const char *name, const char *value)
{
    if (str_eq(name, "pipeline") && !hub_pipeline(h, value))
        return "INVALID_OPTION";
    return str_eq(name, "dealstage") && !hub_stage(h, NULL, value) ? "INVALID_OPTION" : NULL;
}

/* The code of what is wrong; NULL: nothing. */
static const char *bad_value(struct hub *h, const struct hub_type *t, const json_t *def, const char *value)
{
    const char *type = js_str_or(def, "type", "string"), *name = js_str(def, "name");
    double real;
    int64_t ms = 0;
    if (!*value)
        return NULL;
    if (str_eq(type, "number") && !str_to_real(value, &real))
        return "INVALID_INTEGER";
    if (str_eq(type, "enumeration") && !has_options(def, value))
        return "INVALID_OPTION";
    if (str_eq(type, "bool") && !str_eq(value, "true") && !str_eq(value, "false"))
        return "INVALID_OPTION";
    if (str_eq(type, "datetime") && !is_time(value, &ms))
        return "INVALID_DATE";
    if (str_eq(type, "date") && (!is_time(value, &ms) || ms % DAY_MS != 0))
        return "INVALID_DATE";
    if (str_eq(name, "email") && !is_email(value))
        return "INVALID_EMAIL";
    if (str_eq(name, "hubspot_owner_id") && hub_flag(h, "owner_check") && !hub_is_owner(h, value))
        return "INVALID_OWNER_ID";
    if (t->kind == HUB_DEAL && bad_deal_value(h, name, value))
        return bad_deal_value(h, name, value);
    return str_utf8_len(value) > TEXT_MOST ? "VALUE_TOO_LONG" : NULL;
}

/* ---- what HubSpot makes of it ---- */

static char *tidy_text(struct hub *h, const struct hub_type *t, const char *name, const char *value)
{
    size_t n = strlen(value);
    int64_t most = hub_count(h, "truncate");
    if (hub_flag(h, "trim")) {
        while (n && strchr(" \t\r\n", value[n - 1]))
            n--;
        while (n && strchr(" \t\r\n", *value)) {
            value++;
            n--;
        }
    }
    char *out = mem_dup_n(value, n);
    if (most > 0 && !hub_is_unique(t, name))
        out[str_utf8_cut(out, (size_t)most)] = '\0';
    return out;
}

static bool contains(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += n)
        if ((at == list || at[-1] == ';') && (at[n] == ';' || !at[n]))
            return true;
    return false;
}

/* ";a;b" appends to what is there. */
static char *append(const char *old, const char *value)
{
    AUTO_FREE char *copy = mem_dup(value);
    char *out = mem_dup(old ? old : ""), *save = NULL;
    for (char *one = strtok_r(copy, ";", &save); one; one = strtok_r(NULL, ";", &save)) {
        char *longer = contains(out, one) ? mem_dup(out) : mem_printf("%s%s%s", out, *out ? ";" : "", one);
        free(out);
        out = longer;
    }
    return out;
}

static char *tidy_time(const char *value, bool day)
{
    int64_t ms = 0;
    char *out = mem_alloc(WHEN_TEXT);
    is_time(value, &ms);
    when_print(ms, out);
    if (day)
        out[10] = '\0';
    return out;
}

char *hub_tidy(struct hub *h, const struct hub_type *t, const struct hub_record *r, const char *name, const char *value)
{
    const json_t *def = hub_def(t, name);
    const char *type = js_str_or(def, "type", "");
    if (*value && (str_eq(type, "date") || str_eq(type, "datetime")))
        return tidy_time(value, str_eq(type, "date"));
    if (*value == ';' && str_eq(js_str(def, "fieldType"), "checkbox"))
        return append(js_str(r->props, name), value);
    return str_eq(type, "string") ? tidy_text(h, t, name, value) : mem_dup(value);
}

/* ---- all values ---- */

struct findings {
    json_t *texts, *errors; /* what goes into the message, and the array beside it */
};

static char *words(const char *code, const char *name, const char *value)
{
    if (str_eq(code, "PROPERTY_DOESNT_EXIST"))
        return mem_printf("Property \"%s\" does not exist", name);
    if (str_eq(code, "INVALID_OPTION"))
        return mem_printf("%s was not one of the allowed options: []", value);
    if (str_eq(code, "INVALID_DATE"))
        return mem_printf("%s is not midnight!", value);
    if (str_eq(code, "INVALID_INTEGER"))
        return mem_printf("%s was not a valid number.", value);
    if (str_eq(code, "INVALID_EMAIL"))
        return mem_printf("Email address %s is invalid", value);
    if (str_eq(code, "VALUE_TOO_LONG"))
        return mem_printf("Property \"%s\" is too long. The maximum is %d characters.", name, TEXT_MOST);
    return mem_printf("Property \"%s\": %s cannot be set", name, value);
}

static void find(struct findings *f, const char *code, const char *name, const char *value)
{
    AUTO_FREE char *text = words(code, name, value ? value : "null");
    js_add(f->texts, json_pack("{s:b,s:s,s:s,s:s,s:s}", "isValid", 0, "message", text, "error", code, "name", name,
                               "localizedErrorMessage", text));
    js_add(f->errors, json_pack("{s:s,s:s,s:{s:[s]}}", "message", text, "code", code, "context", "propertyName", name));
}

static const char *judge(struct hub *h, struct hub_type *t, const char *name, const json_t *v, enum hub_source source)
{
    const json_t *def = hub_def(t, name);
    const char *value = json_string_value(v);
    bool lenient = source == HUB_BY_APP && hub_is_activity(t) && hub_flag(h, "ignore_on_activities");
    if (!def)
        return lenient ? NULL : "PROPERTY_DOESNT_EXIST";
    if (source == HUB_BY_APP && js_bool_or(json_object_get(def, "modificationMetadata"), "readOnlyValue", false))
        return lenient ? NULL : json_string_value(json_object_get(h->manners, "read_only_code"));
    return value ? bad_value(h, t, def, value) : "INVALID_VALUE";
}

/* The stage must be of the pipeline the deal is in, or goes to. */
static void judge_stage(struct hub *h, const struct hub_record *r, const json_t *props, struct findings *f)
{
    const char *stage = js_str(props, "dealstage"), *pipeline = js_str(props, "pipeline");
    if (!pipeline)
        pipeline = js_str(r ? r->props : NULL, "pipeline");
    if (!stage && js_str(props, "pipeline"))
        stage = js_str(r ? r->props : NULL, "dealstage");
    pipeline = pipeline ? pipeline : "default";
    if (stage && *stage && hub_stage(h, NULL, stage) && hub_pipeline(h, pipeline) && !hub_stage(h, pipeline, stage))
        find(f, "INVALID_OPTION", "dealstage", stage);
}

static void judge_lifecycle(struct hub *h, struct hub_type *t, const struct hub_record *r, const json_t *props,
                            struct findings *f)
{
    const json_t *options = json_object_get(hub_def(t, "lifecyclestage"), "options");
    const char *old = js_str(r ? r->props : NULL, "lifecyclestage"), *value = js_str(props, "lifecyclestage");
    bool passed = false;
    size_t i;
    json_t *o;
    if (!old || !value || !*value || str_eq(old, value) || !hub_says(h, "lifecycle_back", "400"))
        return;
    json_array_foreach ((json_t *)options, i, o) {
        passed |= str_eq(js_str(o, "value"), value);
        if (str_eq(js_str(o, "value"), old) && passed)
            find(f, "INVALID_LIFECYCLE_STAGE", "lifecyclestage", value);
    }
}

bool hub_check(struct hub *h, struct hub_type *t, const struct hub_record *r, const json_t *props,
               enum hub_source source, struct hub_bad *bad)
{
    struct findings f = {json_array(), json_array()};
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *)props, name, v) {
        const char *code = judge(h, t, name, v, source);
        if (code)
            find(&f, code, name, json_string_value(v));
    }
    if (t->kind == HUB_DEAL)
        judge_stage(h, r, props, &f);
    if (source == HUB_BY_APP)
        judge_lifecycle(h, t, r, props, &f);
    bool good = json_array_size(f.texts) == 0;
    if (!good) {
        AUTO_FREE char *list = js_print(f.texts);
        hub_set_bad(bad, 400, "VALIDATION_ERROR", "Property values were not valid: %s", list);
        bad->errors = json_incref(f.errors);
    }
    json_decref(f.texts);
    json_decref(f.errors);
    return good;
}
