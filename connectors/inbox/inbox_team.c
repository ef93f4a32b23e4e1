/* Who is who on our side of a conversation: the team's members by the id of their user, and its account links. Both lists
 * come whole; they are read once for all the conversations of a batch and not kept, for people come and go. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"

static const char *first_of(const json_t *item, const char *const *names)
{
    for (; *names; names++)
        if (!str_blank(js_str(item, *names)))
            return js_str(item, *names);
    return NULL;
}

static json_t *names_in(const struct call *call, const char *wrapper, const char *id, const char *const *names, struct err *err)
{
    const json_t *list = json_is_array(call->json) ? call->json : json_object_get(call->json, wrapper);
    json_t *out;
    if (call->err.kind != ERR_NONE || !json_is_array(list)) {
        *err = call->err;
        if (call->err.kind == ERR_NONE)
            err_set(err, ERR_TEMP, "Inbox answered no list of %s", wrapper);
        return NULL;
    }
    out = json_object();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *name = first_of(item, names);
        if (js_str(item, id))
            js_set(out, js_str(item, id), json_string(name ? name : ""));
    }
    return out;
}

bool inbox_learn_team(struct endpoint *ep, struct inbox_team *out, struct err *err)
{
    static const char *const members[] = {"name", "email", NULL}, *const links[] = {"name", "username", NULL};
    struct call calls[2] = {0};
    call_init(&calls[0], "GET", "/members");
    call_init(&calls[1], "GET", "/account-links");
    endpoint_call_many(ep, calls, 2);
    out->members = names_in(&calls[0], "members", "userId", members, err);
    out->links = out->members ? names_in(&calls[1], "accountLinks", "id", links, err) : NULL;
    call_done(&calls[0]);
    call_done(&calls[1]);
    return out->links || err_wrap(err, "learning who is who");
}

void inbox_team_done(struct inbox_team *t)
{
    json_decref(t->members);
    json_decref(t->links);
    *t = (struct inbox_team){0};
}
