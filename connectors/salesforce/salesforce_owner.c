/* Owners: active users are who can be given a record; who is not any more still stands in old ones. Leads and tasks may also
 * belong to queues, which go by their names, for they are nobody. Users of communities own nothing and are left out. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/salesforce/salesforce_private.h"

static void salesforce_take_users(void *self, const json_t *rows)
{
    struct schema_field *f = self;
    size_t i;
    json_t *user;
    json_array_foreach ((json_t *)rows, i, user) {
        const char *id = js_str(user, "Id"), *email = js_str(user, "Email");
        if (!salesforce_is_id(id))
            continue;
        schema_add_option(f, id, str_blank(email) ? js_str_or(user, "Username", id) : email);
        if (!js_bool_or(user, "IsActive", true))
            schema_gone_option(f);
    }
}

static bool salesforce_users(struct endpoint *ep, struct schema_field *f, struct err *err)
{
    return salesforce_pages(ep, "SELECT Id, Email, Username, IsActive FROM User WHERE UserType = 'Standard' ORDER BY Id",
                            salesforce_take_users, f, err) ||
           err_wrap(err, "reading the users");
}

static void salesforce_take_queues(void *self, const json_t *rows)
{
    size_t i;
    json_t *queue;
    json_array_foreach ((json_t *)rows, i, queue)
        if (js_str(queue, "Id"))
            schema_add_option(self, js_str(queue, "Id"), js_str_or(queue, "Name", js_str(queue, "Id")));
}

static bool salesforce_queues(struct endpoint *ep, struct schema_field *f, struct err *err)
{
    return salesforce_pages(ep, "SELECT Id, Name FROM Group WHERE Type = 'Queue' ORDER BY Id", salesforce_take_queues, f, err) ||
           err_wrap(err, "reading the queues");
}

bool salesforce_owners(struct endpoint *ep, struct schema *out, struct err *err)
{
    struct schema_field *f = (struct schema_field *)schema_find(out, "OwnerId");
    bool queued = str_eq(out->object, "Lead") || str_eq(out->object, "Task");
    if (!f)
        return true;
    f->type = SCHEMA_CHOICE;
    f->max_len = 0;
    f->by_label = f->people = f->required = true;
    struct err asked = {0};
    if ((salesforce_users(ep, f, &asked) && (!queued || salesforce_queues(ep, f, &asked))) || asked.kind == ERR_REJECT)
        return true; /* who may not see the users knows nobody: whoever is meant waits, all other fields go on */
    *err = asked;
    return false;
}
