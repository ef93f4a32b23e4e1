/* Messages: listing a thread's, newest first; sending, editing, taking back; history; reactions. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

#define CONTENT_MAX 10000 /* X's limit, taken as code points */

/* ---- listing ---- */

static bool is_before(const struct message *m, const struct cursor *c, bool repeat)
{
    int order = m->created < c->at ? -1 : m->created > c->at ? 1 : strcmp(m->id, c->id);
    return order < 0 || (order == 0 && repeat);
}

static bool is_listed(const struct inbox *x, const struct message *m, const struct cursor *from)
{
    return (!m->deleted || x->manners.list_deleted) && (!from->given || is_before(m, from, x->manners.boundary_repeat));
}

void list_messages(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    struct thread *t;
    struct cursor from;
    int64_t limit;
    if (!ask_thread(e, &t) || !ask_limit(e, 100, 50, &limit) || !ask_cursor(e, &from))
        return;
    const struct message *last = NULL;
    bool more = false;
    inbox_fill(e->x, t);
    PUT(&b, "{\"teamId\":");
    write_text(&b, e->x->team);
    PUT(&b, ",\"threadId\":");
    write_text(&b, t->id);
    PUT(&b, ",\"messages\":[");
    for (size_t i = t->n_messages; i-- && !more;) {
        const struct message *m = t->messages[i];
        if (!is_listed(e->x, m, &from))
            continue;
        more = limit-- == 0;
        if (more)
            break;
        if (last)
            buf_putc(&b, ',');
        write_message(e->x, &b, t, m);
        last = m;
    }
    PUT(&b, "],\"nextCursor\":");
    if (more)
        write_cursor(&b, last->created, last->id);
    else
        PUT(&b, "null");
    buf_puts(&b, t->syncing ? ",\"isSyncing\":true}" : ",\"isSyncing\":false}");
    reply(e, &b);
}

/* ---- sending ---- */

/* To somebody who never wrote, the add-on is needed. */
static bool may_send(struct exchange *e, const struct thread *t, const struct account *a)
{
    if (!e->x->manners.outbound && !(t && t->heard)) {
        reply_error(e, 403, "FORBIDDEN", "Outbound messages are not part of your plan");
        return false;
    }
    if (!str_eq(a->status, "active")) {
        reply_error(e, 409, "ACCOUNT_LINK_OFFLINE", "The account is signed out of X");
        return false;
    }
    return true;
}

/* The token belongs to the team's owner. */
static struct message *send(struct exchange *e, struct thread *t, const char *content)
{
    e->wrote = true;
    return say(e->x, t, content, true, ORIGIN_API, e->x->members[0]);
}

void send_message(struct exchange *e)
{
    static const char *const names[] = {"content", "replyToMessageId", NULL};
    struct buf b = BUF_INIT(0);
    struct thread *t;
    const char *content, *reply_to;
    if (!ask_thread(e, &t) || !ask_only(e, names) || !ask_text(e, "content", true, CONTENT_MAX, &content) ||
        !ask_text(e, "replyToMessageId", false, 0, &reply_to) || !may_send(e, t, t->account))
        return;
    if (reply_to && !find_message(e->x, t, reply_to)) {
        reply_error(e, 404, "MESSAGE_NOT_FOUND", "Message not found");
        return;
    }
    struct message *m = send(e, t, content);
    if (reply_to)
        str_copy(m->reply_to, sizeof m->reply_to, reply_to);
    write_message(e->x, &b, t, m);
    reply(e, &b);
}

void quick_send(struct exchange *e)
{
    static const char *const names[] = {"accountLinkId", "externalPlatformId", "externalId", "content", NULL};
    struct buf b = BUF_INIT(0), message = BUF_INIT(0);
    struct account *a;
    struct prospect *p;
    const char *content;
    if (!ask_only(e, names) || !ask_text(e, "content", true, CONTENT_MAX, &content) || !ask_account(e, e->body, &a))
        return;
    p = table_get(&e->x->by_platform, js_str(e->body, "externalPlatformId"));
    p = p ? p : table_get(&e->x->by_external, js_str(e->body, "externalId"));
    if (!may_send(e, p ? find_thread_of(p, a) : NULL, a) || !ask_person(e, e->body, true, &p))
        return;
    struct thread *t = open_thread(e->x, p, a);
    write_message(e->x, &message, t, send(e, t, content));
    write_thread(e->x, &b, t, SHOWN_BRIEFLY);
    AUTO_JSON json_t *whole = parsed(&b);
    PUT(&b, "{\"message\":");
    buf_puts(&b, buf_str(&message));
    buf_done(&message);
    PUT(&b, ",\"thread\":{\"id\":");
    write_text(&b, t->id);
    PUT(&b, ",\"platformId\":");
    write_text(&b, js_str(whole, "platformId"));
    PUT(&b, "}}");
    reply(e, &b);
}

/* ---- editing and taking back: our own messages, in xChat threads ---- */

static bool may_touch(struct exchange *e, const struct thread *t, const struct message *m)
{
    if (!(t->heard && t->spoke))
        reply_error(e, 409, "UNSUPPORTED_THREAD", "Only possible in xChat threads");
    else if (!m->ours)
        reply_error(e, 403, "FORBIDDEN", "Not your message");
    else if (m->deleted)
        reply_error(e, 409, "MESSAGE_DELETED", "The message is deleted");
    else
        return true;
    return false;
}

static void begin_success(struct buf *b, const struct message *m)
{
    PUT(b, "{\"success\":true,\"messageId\":");
    write_text(b, m->id);
}

void patch_message(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    struct thread *t;
    struct message *m;
    const char *content;
    if (!ask_message(e, &t, &m) || !ask_text(e, "content", true, CONTENT_MAX, &content) || !may_touch(e, t, m))
        return;
    e->wrote = edit_message(e->x, t, m, content, ORIGIN_API);
    begin_success(&b, m);
    PUT(&b, ",\"content\":");
    write_text(&b, m->content);
    PUT(&b, ",\"editedAt\":");
    write_time(&b, m->edited ? m->edited : inbox_now(e->x));
    PUT(&b, "}");
    reply(e, &b);
}

void remove_message(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    struct thread *t;
    struct message *m;
    if (!ask_message(e, &t, &m) || !may_touch(e, t, m))
        return;
    e->wrote = delete_message(e->x, t, m, js_bool_or(e->body, "deleteForAll", true));
    begin_success(&b, m);
    PUT(&b, ",\"deletedAt\":");
    write_time(&b, m->deleted);
    PUT(&b, "}");
    reply(e, &b);
}

static json_t *version_json(const json_t *message, const char *content, const char *at, const char *edit_origin)
{
    static const char *const not_there[] = {"updatedAt", "isEdited", "deletedAt", "platformDeletedAt"};
    json_t *v = json_copy((json_t *)message);
    for (size_t i = 0; i < COUNT(not_there); i++)
        json_object_del(v, not_there[i]);
    js_set(v, "content", js_text(content));
    js_set(v, "createdAt", js_text(at));
    js_set(v, "campaignStepId", json_null());
    js_set(v, "editOrigin", js_text(edit_origin));
    js_set(v, "expandedData", json_null());
    return v;
}

static json_t *deletion_json(const struct thread *t, const struct message *m, const json_t *message)
{
    if (!m->deleted)
        return json_null();
    json_t *out = json_object();
    js_set(out, "deletedAt", json_copy(json_object_get(message, "deletedAt")));
    js_set(out, "deletionType", js_text(m->deleted_for_all ? "all" : "self"));
    js_set(out, "deletionAuthorPlatformId", js_text(m->ours ? t->account->platform_id : t->prospect->platform_id));
    js_set(out, "origin", js_text("api"));
    return out;
}

static char *time_text(int64_t ms)
{
    struct buf b = BUF_INIT(0);
    write_time(&b, ms);
    char *quoted = buf_take(&b), *plain = mem_dup_n(quoted + 1, strlen(quoted) - 2);
    free(quoted);
    return plain;
}

void read_history(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    struct thread *t;
    struct message *m;
    if (!ask_message(e, &t, &m))
        return;
    write_message(e->x, &b, t, m);
    AUTO_JSON json_t *message = parsed(&b), *out = json_object();
    json_t *versions = json_array();
    for (size_t i = 0; i < m->n_versions; i++) {
        AUTO_FREE char *at = time_text(m->versions[i].at);
        js_add(versions, version_json(message, m->versions[i].content, at, origin_name(m->versions[i].origin)));
    }
    AUTO_FREE char *at = time_text(m->edited ? m->edited : m->created);
    js_add(versions, version_json(message, m->content, at, origin_name(m->edit_origin)));
    js_set(out, "versions", versions);
    js_set(out, "deletion", deletion_json(t, m, message));
    AUTO_FREE char *text = js_print(out);
    buf_puts(&b, text);
    reply(e, &b);
}

/* ---- reactions ---- */

static void answer_reaction(struct exchange *e, bool add)
{
    struct buf b = BUF_INIT(0);
    struct thread *t;
    struct message *m;
    const char *emoji;
    if (!ask_message(e, &t, &m) || !ask_text(e, "emoji", true, 0, &emoji))
        return;
    e->wrote = react(e->x, t, m, emoji, true, add);
    begin_success(&b, m);
    PUT(&b, "}");
    reply(e, &b);
}

void add_reaction(struct exchange *e)
{
    answer_reaction(e, true);
}

void remove_reaction(struct exchange *e)
{
    answer_reaction(e, false);
}
