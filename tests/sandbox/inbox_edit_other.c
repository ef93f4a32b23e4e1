/* A person's edits of everything but prospects: threads, messages, tags, statuses, members, accounts, and events of
 * types nobody knows. */
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/sandbox/inbox_edit.h"
#include <string.h>

/* {"create":{…}} or {"create":true,"set":{…}}, {"set":{…}} or everything beside "object". */
static const json_t *members_of(const json_t *edit)
{
    const json_t *create = json_object_get(edit, "create"), *set = json_object_get(edit, "set");
    return json_is_object(create) ? create : json_is_object(set) ? set : edit;
}

static struct thread *thread_of(struct inbox *x, const json_t *in)
{
    struct thread *t = table_get(&x->by_thread, js_str(in, "thread"));
    const struct prospect *p = t ? NULL : edited_prospect(x, json_object_get(in, "prospect"));
    return t ? t : p && p->n_threads ? p->threads[0] : NULL;
}

static bool edit_threads(struct inbox *x, const json_t *edit, struct buf *out, struct err *err)
{
    const json_t *set = members_of(edit), *done = json_object_get(set, "done"),
                 *assignee = json_object_get(set, "assigneeId");
    struct change c = {.has_done = done, .done = json_is_true(done), .has_assignee = assignee};
    struct thread *t = table_get(&x->by_thread, js_str(edit, "id"));
    if (json_object_get(edit, "create")) {
        struct prospect *p = edited_prospect(x, json_object_get(set, "prospect"));
        struct account *a = find_account(x, js_str_or(set, "account", x->accounts[1].id));
        t = p && a ? open_thread(x, p, a) : NULL;
    }
    if (!t)
        return err_set(err, ERR_REJECT, "no such thread");
    if (js_bool_or(edit, "delete", false)) {
        delete_thread(x, t);
        return true;
    }
    c.assignee = find_member(x, json_string_value(assignee), true);
    change_thread(x, t, &c);
    views_out(x, t);
    t->idle = str_eq(js_str_or(set, "status", t->idle ? "idle" : "active"), "idle");
    t->request = js_bool_or(set, "isRequest", t->request);
    t->syncing = js_bool_or(set, "isSyncing", t->syncing);
    views_in(x, t);
    write_thread(x, out, t, SHOWN_IN_THREAD);
    return true;
}

/* Somebody says something: the prospect unless "from" is "us"; one of us in Inbox when "by" names a member, else in X. */
static bool say_something(struct inbox *x, const json_t *in, struct buf *out, struct err *err)
{
    struct thread *t = thread_of(x, in);
    bool ours = str_eq(js_str(in, "from"), "us");
    const char *content = js_str(in, "content");
    const struct member *by = ours ? find_member(x, js_str(in, "by"), true) : NULL;
    const char *when = js_str(in, "at");
    int64_t at = 0;
    if (!t || !content)
        return err_set(err, ERR_REJECT,
                       t ? "a message needs content" : "a message needs a thread or a prospect with one");
    if (when && !when_parse(when, &at))
        return err_set(err, ERR_REJECT, "at must be a time");
    if (when) {
        write_message(x, out, t, say_late(x, t, content, ours, at));
        return true;
    }
    write_message(x, out, t, say(x, t, content, ours, by ? ORIGIN_INTERNAL : ORIGIN_EXTERNAL, by));
    return true;
}

static bool edit_messages(struct inbox *x, const json_t *edit, struct buf *out, struct err *err)
{
    const json_t *set = members_of(edit);
    const char *id = js_str(edit, "id"), *content = js_str(set, "content"), *emoji = js_str(set, "reaction");
    if (!id)
        return say_something(x, set, out, err);
    struct thread *t = thread_of(x, edit);
    struct message *m = t ? find_message(x, t, id) : NULL;
    if (!m)
        return err_set(err, ERR_REJECT, "no such message: name its thread and id");
    if (js_bool_or(edit, "delete", false))
        delete_message(x, t, m, true);
    else if (content)
        edit_message(x, t, m, content, ORIGIN_EXTERNAL);
    else if (emoji)
        react(x, t, m, emoji, false, true);
    write_message(x, out, t, m);
    return true;
}

static bool edit_labels(struct inbox *x, bool status, const json_t *edit, struct buf *out, struct err *err)
{
    struct labels *labels = status ? &x->statuses : &x->tags;
    const json_t *set = members_of(edit), *color = json_object_get(set, "color");
    const char *name = js_str(set, "name");
    struct label *l = find_label(labels, js_str(edit, "id"));
    if (json_object_get(edit, "create")) {
        if (!name || find_label(labels, name))
            return err_set(err, ERR_REJECT, "it needs a name that is free");
        l = inbox_add_label(x, labels, name, color || status ? json_string_value(color) : "#3b82f6");
        tell_label(x, status ? "status.created" : "tag.created", l, status);
    } else if (!l) {
        return err_set(err, ERR_REJECT, "no such %s", status ? "status" : "tag");
    } else if (js_bool_or(edit, "delete", false)) {
        delete_label(x, labels, l);
        return true;
    } else {
        rename_label(x, labels, l, name, color, json_string_value(color));
    }
    write_label(out, l, status);
    return true;
}

static bool edit_members(struct inbox *x, const json_t *edit, struct buf *out, struct err *err)
{
    const json_t *set = members_of(edit);
    struct member *m = find_member(x, js_str(edit, "id"), true);
    if (json_object_get(edit, "create"))
        m = inbox_add_member(x, js_str(set, "name"), js_str_or(set, "email", "new@team.example"), "user");
    else if (m && js_str(set, "name")) {
        free(m->name);
        m->name = mem_dup(js_str(set, "name"));
    }
    if (!m)
        return err_set(err, ERR_REJECT, "no such member");
    if (js_str(set, "email") && !json_object_get(edit, "create")) {
        free(m->email);
        m->email = mem_dup(js_str(set, "email"));
    }
    m->left |= js_bool_or(edit, "delete", false);
    write_member(out, m);
    return true;
}

static bool edit_accounts(struct inbox *x, const json_t *edit, struct buf *out, struct err *err)
{
    static const char *const words[] = {"active", "offline", "paused"};
    struct account *a = find_account(x, js_str(edit, "id"));
    const char *status = js_str(members_of(edit), "status");
    if (!a)
        return err_set(err, ERR_REJECT, "no such account");
    for (size_t i = 0; i < COUNT(words); i++)
        if (str_eq(status, words[i]))
            a->status = words[i];
    write_account(out, a);
    return true;
}

static bool add_event(struct inbox *x, const json_t *edit, struct err *err)
{
    const json_t *set = members_of(edit), *data = json_object_get(set, "data");
    if (!js_str(set, "type"))
        return err_set(err, ERR_REJECT, "an event needs a type");
    event_raise_named(x, js_str(set, "type"), data ? js_print(data) : mem_dup("{}"));
    return true;
}

bool inbox_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err)
{
    struct inbox *x = (struct inbox *)(void *)s;
    AUTO(buf_done) struct buf b = BUF_INIT(0);
    const char *object = js_str_or(edit, "object", "");
    bool status = !strcmp(object, "status"), ok = false;
    if (!strcmp(object, "prospect"))
        ok = edit_prospects(x, edit, &b, err);
    else if (!strcmp(object, "thread"))
        ok = edit_threads(x, edit, &b, err);
    else if (!strcmp(object, "message"))
        ok = edit_messages(x, edit, &b, err);
    else if (status || !strcmp(object, "tag"))
        ok = edit_labels(x, status, edit, &b, err);
    else if (!strcmp(object, "member"))
        ok = edit_members(x, edit, &b, err);
    else if (!strcmp(object, "account"))
        ok = edit_accounts(x, edit, &b, err);
    else if (!strcmp(object, "event"))
        ok = add_event(x, edit, err);
    else
        err_set(err, ERR_REJECT, "Inbox has no object %s", object);
    if (ok)
        *out = b.n ? parsed(&b) : json_null();
    return ok || err_wrap(err, "%s", object);
}
