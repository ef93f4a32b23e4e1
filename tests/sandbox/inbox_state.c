/* The objects as JSON, events, and the one way a context changes: by the API or by a person, with the same events. */
#include "tests/sandbox/inbox.h"

void inbox_id(struct inbox *in, char out[26])
{
    static const char alphabet[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    out[0] = 'k';
    for (int i = 1; i < 24; i++)
        out[i] = alphabet[sandbox_random(box_of(in)) % 36];
    out[24] = '\0';
}

json_t *inbox_stamp(int64_t ms)
{
    char text[WHEN_TEXT];
    if (!ms)
        return json_null();
    when_print(ms, text);
    return json_string(text);
}

bool inbox_manner(const struct inbox *in, const char *name)
{
    return js_bool_or(in->manners, name, false);
}

json_t *inbox_prospect_json(struct inbox *in, const struct inbox_prospect *p, bool with_threads)
{
    json_t *out = json_copy(p->profile), *context = json_copy(in->stale && p->before ? p->before : p->context);
    js_set(out, "lastUpdatedAt", inbox_stamp(p->updated));
    if (with_threads) {
        json_t *threads = json_array();
        size_t i = (size_t)(p - in->prospects);
        for (size_t t = i < in->n_threads ? i : 0; t < in->n_threads && t <= i; t++) {
            const struct inbox_thread *th = &in->threads[t];
            if (th->prospect == i)
                js_add(threads, json_pack("{s:s,s:O,s:o,s:o}", "id", th->id, "accountLinkId",
                                          json_object_get(json_array_get(in->accounts, (size_t)th->account), "id"), "lastMessageTimestamp",
                                          inbox_stamp(th->last), "createdAt", inbox_stamp(th->created)));
        }
        js_set(context, "threads", threads);
    }
    js_set(out, "context", context);
    return out;
}

json_t *inbox_thread_json(struct inbox *in, const struct inbox_thread *t)
{
    const struct inbox_prospect *p = &in->prospects[t->prospect];
    const json_t *account = json_array_get(in->accounts, (size_t)t->account);
    AUTO_FREE char *platform = mem_printf("%s:%s", js_str(account, "platformId"), p->platform_id);
    AUTO_FREE char *message = mem_printf("m%s", t->id + 1);
    json_t *out = json_pack("{s:s,s:s,s:s,s:b,s:s?,s:o,s:o,s:o,s:s,s:s,s:O,s:b,s:b,s:n}", "id", t->id, "platform", "twitter", "platformId", platform,
                            "done", t->done, "assigneeId", *t->assignee ? t->assignee : NULL, "lastMessageTimestamp", inbox_stamp(t->last),
                            "computedSortTimestamp", inbox_stamp(t->last), "createdAt", inbox_stamp(t->created), "status",
                            t->idle ? "idle" : "active", "variant", "xChat", "accountLinkId", json_object_get(account, "id"), "isSyncing", 0,
                            "isRequest", t->request, "typingIndicatorsEnabled");
    js_set(out, "lastMessage", json_pack("{s:s,s:s,s:s,s:o,s:n,s:n}", "id", message, "content", t->last_text, "authorId",
                                         t->last_inbound ? p->id : js_str(account, "id"), "createdAt", inbox_stamp(t->last), "userId", "campaignId"));
    js_set(out, "prospect", inbox_prospect_json(in, p, false));
    return out;
}

struct inbox_prospect *inbox_find(struct inbox *in, const char *id)
{
    for (size_t i = 0; id && i < in->n; i++)
        if (!in->prospects[i].deleted && (!strcmp(in->prospects[i].id, id) || !strcmp(in->prospects[i].platform_id, id)))
            return &in->prospects[i];
    return NULL;
}

json_t *inbox_named(json_t *list, const char *word)
{
    size_t i;
    json_t *v;
    json_array_foreach (list, i, v)
        if (str_eq(js_str(v, "id"), word) || str_eq(js_str(v, "name"), word))
            return v;
    return NULL;
}

void inbox_event(struct inbox *in, const char *type, json_t *stolen)
{
    char id[26];
    inbox_id(in, id);
    if (in->n_events == EVENTS_MOST) {
        json_decref(in->events[0]);
        memmove(in->events, in->events + 1, (in->n_events - 1) * sizeof *in->events);
        in->n_events--;
    }
    in->seq += inbox_manner(in, "seq_gaps") ? 1 + (int64_t)(sandbox_random(box_of(in)) % 3) : 1;
    in->events = mem_grow(in->events, in->n_events + 1, sizeof *in->events);
    in->events[in->n_events++] = json_pack("{s:s,s:I,s:s,s:s,s:o,s:s,s:o}", "id", id, "seq", (json_int_t)in->seq, "teamId", "team1sandbox", "type", type,
                                           "timestamp", inbox_stamp(sandbox_now(box_of(in))), "version", "1.0", "data", stolen);
}

static void prospect_event(struct inbox *in, struct inbox_prospect *p, const char *type)
{
    json_t *one = inbox_prospect_json(in, p, false);
    inbox_event(in, type, json_pack("{s:o}", "prospect", one));
}

void inbox_reorder(struct inbox *in, size_t thread)
{
    size_t at = 0;
    while (in->order[at] != thread)
        at++;
    memmove(in->order + at, in->order + at + 1, (in->n_threads - at - 1) * sizeof *in->order);
    in->order[in->n_threads - 1] = thread;
}

/* ---- contexts ---- */

static bool set_tags(struct inbox *in, struct inbox_prospect *p, const json_t *body, struct http_answer *refusal, bool *changed)
{
    json_t *tags = json_copy(json_object_get(p->context, "tags")), *v;
    size_t i;
    static const char *const lists[] = {"addTags", "removeTags"};
    for (int l = 0; l < 2; l++)
        json_array_foreach (json_object_get(body, lists[l]), i, v) {
            json_t *tag = inbox_named(in->tags, json_string_value(v));
            if (!tag) {
                json_decref(tags);
                inbox_refuse(in, refusal, 404, "TAG_NOT_FOUND", "no such tag");
                return false;
            }
            size_t k, at = json_array_size(tags);
            json_t *have;
            json_array_foreach (tags, k, have)
                if (json_equal(have, json_object_get(tag, "id")))
                    at = k;
            if (l == 0 && at == json_array_size(tags))
                json_array_append(tags, json_object_get(tag, "id"));
            if (l == 1 && at < json_array_size(tags))
                json_array_remove(tags, at);
        }
    *changed = !json_equal(tags, json_object_get(p->context, "tags"));
    js_set(p->context, "tags", tags);
    return true;
}

static bool valid(struct inbox *in, const json_t *body, struct http_answer *refusal)
{
    const json_t *status = json_object_get(body, "statusId"), *notes = json_object_get(body, "notes"), *valuation = json_object_get(body, "valuation");
    const char *name;
    json_t *v;
    static const char *const known[] = {"notes", "valuation", "statusId", "addTags", "removeTags", "assigneeId", "done"};
    json_object_foreach ((json_t *)body, name, v) {
        bool ok = false;
        for (size_t i = 0; i < COUNT(known); i++)
            ok |= !strcmp(known[i], name);
        if (!ok)
            return inbox_refuse(in, refusal, 400, "BAD_REQUEST", "unknown field"), false;
    }
    if (json_is_string(status) && !inbox_named(in->statuses, json_string_value(status)))
        return inbox_refuse(in, refusal, 404, "STATUS_NOT_FOUND", "no such status"), false;
    if ((notes && !json_is_null(notes) && !json_is_string(notes)) || (json_is_string(notes) && str_utf8_len(json_string_value(notes)) > 20000))
        return inbox_refuse(in, refusal, 422, "VALIDATION", "notes"), false;
    if (valuation && !json_is_null(valuation) && !json_is_number(valuation))
        return inbox_refuse(in, refusal, 422, "VALIDATION", "valuation"), false;
    return true;
}

static void set_threads(struct inbox *in, struct inbox_prospect *p, const json_t *body, bool *changed)
{
    const json_t *assignee = json_object_get(body, "assigneeId"), *done = json_object_get(body, "done");
    size_t i = (size_t)(p - in->prospects);
    for (size_t t = 0; (assignee || done) && t < in->n_threads; t++) {
        struct inbox_thread *th = &in->threads[t];
        const char *member = json_string_value(inbox_named(in->members, json_string_value(assignee)) ? assignee : NULL);
        if (th->prospect != i)
            continue;
        if (assignee && !str_eq(th->assignee, member ? member : "")) {
            snprintf(th->assignee, sizeof th->assignee, "%s", member ? member : "");
            *changed = true;
            inbox_event(in, member ? "thread.assigned" : "thread.unassigned", json_pack("{s:o}", "thread", inbox_thread_json(in, th)));
        }
        if (done && th->done != json_is_true(done)) {
            th->done = json_is_true(done);
            *changed = true;
            inbox_event(in, th->done ? "thread.archived" : "thread.unarchived", json_pack("{s:o}", "thread", inbox_thread_json(in, th)));
        }
    }
}

bool inbox_patch(struct inbox *in, struct inbox_prospect *p, const json_t *body, bool *changed, struct http_answer *refusal)
{
    static const char *const aspects[][2] = {{"statusId", "prospect.statusChanged"}, {"valuation", "prospect.valuationChanged"}, {"notes", "prospect.notesChanged"}};
    bool moved[4] = {false};
    json_t *before = json_deep_copy(p->context);
    if (!valid(in, body, refusal) || !set_tags(in, p, body, refusal, &moved[3])) {
        json_decref(before);
        return false;
    }
    for (size_t i = 0; i < COUNT(aspects); i++) {
        json_t *v = json_object_get(body, aspects[i][0]);
        moved[i] = v && !js_equal(v, json_object_get(p->context, aspects[i][0]));
        if (moved[i])
            json_object_set(p->context, aspects[i][0], v);
    }
    bool any = moved[0] || moved[1] || moved[2] || moved[3];
    if (any)
        p->updated = sandbox_now(box_of(in));
    if (any) {
        json_decref(p->before);
        p->before = json_incref(before);
    }
    json_decref(before);
    for (size_t i = 0; i < COUNT(aspects); i++)
        if (moved[i])
            prospect_event(in, p, aspects[i][1]);
    if (moved[3])
        prospect_event(in, p, "prospect.tagsChanged");
    set_threads(in, p, body, &any);
    *changed = any;
    return true;
}

/* ---- a person's edit ---- */

/* The full tag set as a difference, names or ids. */
static void tag_difference(struct inbox *in, struct inbox_prospect *p, const json_t *wanted, json_t *body)
{
    json_t *add = json_array(), *remove = json_array(), *v;
    size_t i;
    json_array_foreach ((json_t *)wanted, i, v) {
        json_t *tag = inbox_named(in->tags, json_string_value(v));
        if (tag)
            json_array_append(add, json_object_get(tag, "id"));
    }
    json_array_foreach (json_object_get(p->context, "tags"), i, v) {
        bool keep = false;
        for (size_t k = 0; k < json_array_size(add); k++)
            keep |= json_equal(json_array_get(add, k), v);
        if (!keep)
            json_array_append(remove, v);
    }
    js_set(body, "addTags", add);
    js_set(body, "removeTags", remove);
}

static bool edit_prospect(struct inbox *in, const json_t *edit, json_t **out, struct err *err)
{
    struct inbox_prospect *p = inbox_find(in, js_str(edit, "id"));
    AUTO_JSON json_t *body = json_object();
    const char *name;
    json_t *v;
    bool changed = false;
    struct http_answer refusal = {0};
    if (!p)
        return err_set(err, ERR_REJECT, "no prospect %s", js_str_or(edit, "id", "?"));
    if (js_bool_or(edit, "delete", false)) {
        p->deleted = true;
        return true;
    }
    json_object_foreach (json_object_get(edit, "set"), name, v) {
        const char *plain = str_starts(name, "context.") ? name + 8 : name;
        if (str_eq(plain, "status") || str_eq(plain, "statusId"))
            js_set(body, "statusId", json_is_null(v) ? json_null() : json_incref(json_object_get(inbox_named(in->statuses, json_string_value(v)), "id")));
        else if (str_eq(plain, "tags"))
            tag_difference(in, p, v, body);
        else if (str_eq(plain, "notes") || str_eq(plain, "valuation") || str_eq(plain, "assigneeId") || str_eq(plain, "done"))
            json_object_set(body, plain, v);
        else {
            json_object_set(p->profile, name, v);
            p->updated = sandbox_now(box_of(in));
            prospect_event(in, p, "prospect.enriched");
        }
    }
    bool ok = inbox_patch(in, p, body, &changed, &refusal);
    http_answer_done(&refusal);
    *out = inbox_prospect_json(in, p, false);
    return ok || err_set(err, ERR_REJECT, "the edit makes no sense");
}

static bool edit_word(struct inbox *in, json_t *list, const char *object, const json_t *edit, json_t **out, struct err *err)
{
    json_t *word = inbox_named(list, js_str(edit, "id")), *create = json_object_get(edit, "create"), *set = json_object_get(edit, "set");
    AUTO_FREE char *type = mem_printf("%s.%s", object, create ? "created" : js_bool_or(edit, "delete", false) ? "deleted" : "updated");
    char id[26];
    if (create) {
        inbox_id(in, id);
        word = json_pack("{s:s,s:s?,s:n}", "id", id, "name", js_str(create, "name"), "color");
        js_add(list, word);
    }
    if (!word)
        return err_set(err, ERR_REJECT, "no %s %s", object, js_str_or(edit, "id", "?"));
    if (set)
        json_object_update(word, set);
    *out = json_incref(word);
    inbox_event(in, type, json_pack("{s:O}", object, word));
    for (size_t i = 0; js_bool_or(edit, "delete", false) && i < json_array_size(list); i++)
        if (json_array_get(list, i) == word)
            json_array_remove(list, i);
    return true;
}

static bool edit_message(struct inbox *in, const json_t *edit, json_t **out, struct err *err)
{
    const json_t *m = json_object_get(edit, "create");
    for (size_t i = 0; m && i < in->n_threads; i++) {
        struct inbox_thread *t = &in->threads[i];
        if (!str_eq(t->id, js_str(m, "thread")))
            continue;
        t->last = sandbox_now(box_of(in));
        t->last_inbound = !str_eq(js_str(m, "from"), "us");
        str_copy(t->last_text, sizeof t->last_text, js_str_or(m, "content", ""));
        t->done = false;
        inbox_reorder(in, i);
        *out = inbox_thread_json(in, t);
        inbox_event(in, "message.created", json_pack("{s:o,s:O}", "message", json_incref(json_object_get(*out, "lastMessage")), "thread", *out));
        return true;
    }
    return err_set(err, ERR_REJECT, "no such thread");
}

bool inbox_edit(struct sandbox_service *s, const json_t *edit, json_t **out, struct err *err)
{
    struct inbox *in = (struct inbox *)s;
    const char *object = js_str_or(edit, "object", "");
    if (str_eq(object, "prospect"))
        return edit_prospect(in, edit, out, err);
    if (str_eq(object, "status") || str_eq(object, "tag"))
        return edit_word(in, str_eq(object, "tag") ? in->tags : in->statuses, object, edit, out, err);
    if (str_eq(object, "message"))
        return edit_message(in, edit, out, err);
    return err_set(err, ERR_REJECT, "Inbox has no object \"%s\"", object);
}
