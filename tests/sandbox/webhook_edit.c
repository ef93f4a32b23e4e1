/* What people do in the other system, the deliveries that follow, and the receiver's switches. */
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/sandbox/webhook_inner.h"

static void deliver(struct receiver *x, const json_t *record, const char *type, const json_t *fields)
{
    AUTO_FREE char *id = mem_printf("evt-%zu", json_array_size(x->deliveries) + 1);
    json_t *message = json_pack("{s:s,s:s,s:O,s:O,s:O,s:O?}", "id", id, "type", type, "object", json_object_get(record, "object"), "external_id",
                                json_object_get(record, "external_id"), "timestamp", json_object_get(record, "timestamp"), "fields", fields);
    if (json_is_string(json_object_get(record, "key")))
        json_object_set(message, "key", json_object_get(record, "key"));
    js_add(x->deliveries, message);
}

/* {"object","create":{…},"key"?} | {"object","id"|"key","set":{…}} | {"object","id","delete":true} */
bool hook_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err)
{
    struct receiver *x = (struct receiver *)s;
    const char *object = js_str(edit, "object");
    const json_t *create = json_object_get(edit, "create"), *set = create ? create : json_object_get(edit, "set");
    json_t *record = create ? NULL : hook_record(x, object, js_str(edit, "id"), js_str(edit, "key"));
    if (!object || (!create && (!record || js_bool_or(record, "archived", false))))
        return err_set(err, ERR_REJECT, "no such record");
    if (create)
        record = hook_create(x, object, js_str(edit, "key"));
    hook_write(x, record, set);
    if (js_bool_or(edit, "delete", false)) {
        js_set(record, "archived", json_true());
        deliver(x, record, "record.deleted", NULL);
    } else {
        deliver(x, record, "record.changed", set);
    }
    *out = json_deep_copy(record);
    return true;
}

static bool read_manners(struct receiver *x, const json_t *said)
{
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"silent", &x->manners.silent}, {"compares", &x->manners.compares}, {"ids_are_keys", &x->manners.ids_are_keys}};
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)said, name, value) {
        bool known = str_eq(name, "truncate") && json_is_integer(value);
        if (known)
            x->manners.truncate = (size_t)json_integer_value(value);
        for (size_t i = 0; i < COUNT(flags); i++)
            if (str_eq(name, flags[i].name) && json_is_boolean(value)) {
                *flags[i].flag = json_is_true(value);
                known = true;
            }
        if (!known)
            return false;
    }
    return true;
}

/* The deliveries from number `after` on, signed now. */
static void answer_deliveries(struct receiver *x, const char *query, struct http_answer *a)
{
    AUTO_JSON json_t *q = sandbox_query_json(query);
    json_t *out = json_array();
    for (size_t i = (size_t)js_int_or(q, "after", 0); i < json_array_size(x->deliveries); i++)
        js_add(out, hook_delivery(x, json_array_get(x->deliveries, i)));
    sandbox_reply_json(a, 200, out);
}

void hook_control(struct receiver *x, const struct http_request *r, const char *verb, const char *query, struct http_answer *a)
{
    AUTO_JSON json_t *body = r->body_n ? js_parse(r->body, r->body_n, NULL) : NULL;
    if (str_eq(verb, "deliveries"))
        answer_deliveries(x, query, a);
    else if (str_eq(verb, "manners") && body && read_manners(x, body))
        sandbox_reply_json(a, 200, json_object());
    else
        sandbox_reply_json(a, str_eq(verb, "manners") ? 400 : 404, json_pack("{s:s}", "error", "not understood"));
}
