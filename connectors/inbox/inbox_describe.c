/* What a prospect looks like for mappings: the table of fields, with the team's own tags, statuses, members and accounts
 * as options. These four lists come whole, as bare arrays. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

enum catalogue { TAGS, STATUSES, MEMBERS, ACCOUNT_LINKS, CATALOGUES };

static const struct {
    const char *path, *wrapper;
    enum inbox_field_id field;
    const char *labels[4]; /* the first member that is told names the option */
} catalogues[CATALOGUES] = {
    [TAGS] = {"/tags", "tags", INBOX_TAGS, {"name"}},
    [STATUSES] = {"/statuses", "statuses", INBOX_STATUS, {"name"}},
    [MEMBERS] = {"/members", "members", INBOX_ASSIGNEE, {"email", "name"}},
    [ACCOUNT_LINKS] = {"/account-links", "accountLinks", INBOX_ACCOUNT_LINKS, {"username", "name"}},
};

static const char *label_of(const json_t *item, const char *const *names)
{
    for (; *names; names++)
        if (!str_blank(js_str(item, *names)))
            return js_str(item, *names);
    return js_str(item, "id");
}

static bool add_options(const json_t *answer, enum catalogue which, struct schema_field *field, struct err *err)
{
    const json_t *list = json_is_array(answer) ? answer : json_object_get(answer, catalogues[which].wrapper);
    if (!json_is_array(list))
        return err_set(err, ERR_TEMP, "Inbox answered %s without a list", catalogues[which].path);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (inbox_id_of(item))
            schema_add_option(field, inbox_id_of(item), label_of(item, catalogues[which].labels));
    }
    return true;
}

static void add_known_options(struct schema_field *field, enum inbox_field_id id)
{
    static const char *const verified[] = {"none", "verified", "business", "government"};
    static const char *const types[] = {"personal", "business", "government"};
    if (id == INBOX_VERIFIED)
        for (size_t i = 0; i < COUNT(verified); i++)
            schema_add_option(field, verified[i], verified[i]);
    if (id == INBOX_PROFILE_TYPE)
        for (size_t i = 0; i < COUNT(types); i++)
            schema_add_option(field, types[i], types[i]);
}

static bool add_field(enum inbox_field_id id, const struct call *calls, struct schema *out, struct err *err)
{
    const struct inbox_field *f = &inbox_fields[id];
    struct schema_field *field = schema_add(out, f->name, f->label, f->type);
    field->read_only = !(f->flags & INBOX_WRITABLE);
    field->unique = f->flags & INBOX_UNIQUE;
    field->by_label = f->flags & INBOX_BY_LABEL;
    field->people = id == INBOX_ASSIGNEE;
    field->open = f->flags & INBOX_OPEN;
    add_known_options(field, id);
    for (int which = 0; which < CATALOGUES; which++)
        if (catalogues[which].field == id && !add_options(calls[which].json, which, field, err))
            return false;
    return true;
}

static bool build(const struct call *calls, struct schema *out, struct err *err)
{
    AUTO(schema_done) struct schema schema = {.object = mem_dup("prospect")};
    for (int which = 0; which < CATALOGUES; which++)
        if (calls[which].err.kind) {
            *err = calls[which].err;
            return err_wrap(err, "reading %s", catalogues[which].path);
        }
    for (int id = 0; id < INBOX_FIELDS; id++)
        if (!add_field(id, calls, &schema, err))
            return false;
    *out = schema;
    schema = (struct schema){0};
    return true;
}

bool inbox_describe(struct endpoint *ep, const char *object, struct schema *out, struct err *err)
{
    struct call calls[CATALOGUES] = {0};
    if (!strcmp(object, "message")) { /* what is made of a conversation is the mapping's matter */
        out->object = mem_dup(object);
        return true;
    }
    if (strcmp(object, "prospect"))
        return err_set(err, ERR_CONFIG, "Inbox has no object \"%s\"", object);
    for (int which = 0; which < CATALOGUES; which++)
        call_init(&calls[which], "GET", "%s", catalogues[which].path);
    endpoint_call_many(ep, calls, CATALOGUES);
    bool ok = build(calls, out, err);
    for (int which = 0; which < CATALOGUES; which++)
        call_done(&calls[which]);
    return ok;
}
