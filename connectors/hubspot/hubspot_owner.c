/* Owners: people of the account, and queues. Who left is archived: records keep naming them, nobody can be given them. */
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "connectors/hubspot/hubspot_private.h"
#include <string.h>

#define HUBSPOT_OWNERS 500 /* a page */

/* Queues have no e-mail; a name is better than a number. */
static char *hubspot_owner_name(const json_t *owner)
{
    const char *email = js_str(owner, "email");
    if (!str_blank(email))
        return mem_dup(email);
    AUTO_FREE char *name = mem_printf("%s %s", js_str_or(owner, "firstName", ""), js_str_or(owner, "lastName", ""));
    size_t n = strlen(name);
    while (n && name[n - 1] == ' ')
        name[--n] = '\0';
    return mem_dup(str_blank(name) ? js_str(owner, "id") : name + strspn(name, " "));
}

static void hubspot_take_owners(struct schema_field *f, const json_t *rows, bool archived)
{
    size_t i;
    json_t *owner;
    json_array_foreach ((json_t *)rows, i, owner) {
        const char *id = js_str(owner, "id");
        if (!id || schema_option_by_id(f, id))
            continue;
        AUTO_FREE char *name = hubspot_owner_name(owner);
        schema_add_option(f, id, name);
        if (archived)
            schema_gone_option(f);
    }
}

/* One of the two lists, page by page; an `after` that does not move ends it. */
static bool hubspot_list_owners(struct endpoint *ep, struct schema_field *f, bool archived, struct err *err)
{
    AUTO_FREE char *after = mem_dup("");
    for (;;) {
        struct call c __attribute__((cleanup(call_done)));
        AUTO_FREE char *tail = mem_printf("?limit=%d&archived=%s%s%s", HUBSPOT_OWNERS, archived ? "true" : "false", *after ? "&after=" : "", after);
        AUTO_FREE char *path = hubspot_path(ep, "owners", tail);
        call_init(&c, "GET", "%s", path);
        if (!hubspot_list(ep, &c, err))
            return err_wrap(err, "reading the owners");
        hubspot_take_owners(f, json_object_get(c.json, "results"), archived);
        const char *next = js_str(json_object_get(json_object_get(c.json, "paging"), "next"), "after");
        char *escaped = next ? http_escape(next) : NULL;
        bool moves = escaped && !str_eq(escaped, after);
        free(after);
        after = escaped;
        if (!moves)
            return true;
    }
}

bool hubspot_owners(struct endpoint *ep, struct schema *out, struct err *err)
{
    struct schema_field *f = (struct schema_field *)schema_find(out, "hubspot_owner_id");
    if (!f)
        return true;
    f->by_label = f->people = true;
    f->open = false;
    return hubspot_list_owners(ep, f, false, err) && hubspot_list_owners(ep, f, true, err);
}
