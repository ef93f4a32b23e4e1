/* Everything there is, as JSON: what tests compare with. Prospects and threads in the API's own shape, in order of
 * creation, the deleted left out; messages in short. */
#include "tests/sandbox/inbox_inner.h"

json_t *parsed(struct buf *b)
{
    struct err err = {0};
    json_t *v = js_parse(buf_str(b), b->n, &err);
    buf_done(b);
    *b = BUF_INIT(0);
    return v ? v : json_null();
}

static json_t *prospects(struct inbox *x)
{
    json_t *out = json_array();
    for (size_t i = 0; i < x->n_prospects; i++) {
        struct buf b = BUF_INIT(0);
        if (x->prospects[i]->gone)
            continue;
        write_prospect(x, &b, x->prospects[i], SHOWN_ALONE);
        json_t *p = parsed(&b);
        json_object_del(p, "platformData");
        js_add(out, p);
    }
    return out;
}

static json_t *thread_json(struct inbox *x, const struct thread *t)
{
    struct buf b = BUF_INIT(0);
    write_thread(x, &b, t, SHOWN_BRIEFLY);
    json_t *out = parsed(&b);
    js_set(out, "prospect", js_text(*t->prospect->external_id ? t->prospect->external_id : t->prospect->platform_id));
    return out;
}

static json_t *message_json(const struct thread *t, const struct message *m)
{
    json_t *out = json_object();
    js_set(out, "id", js_text(m->id));
    js_set(out, "threadId", js_text(t->id));
    js_set(out, "content", js_text(m->content));
    js_set(out, "from", js_text(m->ours ? "us" : "prospect"));
    js_set(out, "origin", js_text(origin_name(m->origin)));
    js_set(out, "createdAt", json_integer(m->created));
    js_set(out, "editedAt", m->edited ? json_integer(m->edited) : json_null());
    js_set(out, "deletedAt", m->deleted ? json_integer(m->deleted) : json_null());
    return out;
}

static void add_threads(struct inbox *x, json_t *threads, json_t *messages)
{
    for (size_t i = 0; i < x->n_prospects; i++)
        for (size_t k = 0; k < x->prospects[i]->n_threads; k++) {
            struct thread *t = x->prospects[i]->threads[k];
            js_add(threads, thread_json(x, t));
            inbox_fill(x, t);
            for (size_t m = 0; m < t->n_messages; m++)
                js_add(messages, message_json(t, t->messages[m]));
        }
}

static json_t *labels_json(const struct labels *labels, bool status)
{
    json_t *out = json_array();
    for (size_t i = 0; i < labels->n; i++) {
        struct buf b = BUF_INIT(0);
        write_label(&b, labels->items[i], status);
        js_add(out, parsed(&b));
    }
    return out;
}

static json_t *events_json(const struct inbox *x)
{
    json_t *out = json_object();
    js_set(out, "kept", json_integer((json_int_t)x->n_events));
    js_set(out, "nextSeq", json_integer(x->next_seq));
    js_set(out, "lostSeq", json_integer(x->lost_seq));
    return out;
}

json_t *inbox_state(struct sandbox_service *s)
{
    struct inbox *x = (struct inbox *)(void *)s;
    json_t *out = json_object(), *threads = json_array(), *messages = json_array(), *members = json_array(),
           *accounts = json_array();
    for (size_t i = 0; i < x->n_members; i++) {
        struct buf b = BUF_INIT(0);
        write_member(&b, x->members[i]);
        js_add(members, parsed(&b));
    }
    for (size_t i = 0; i < COUNT(x->accounts); i++) {
        struct buf b = BUF_INIT(0);
        write_account(&b, &x->accounts[i]);
        js_add(accounts, parsed(&b));
    }
    add_threads(x, threads, messages);
    js_set(out, "prospect", prospects(x));
    js_set(out, "thread", threads);
    js_set(out, "message", messages);
    js_set(out, "tag", labels_json(&x->tags, false));
    js_set(out, "status", labels_json(&x->statuses, true));
    js_set(out, "member", members);
    js_set(out, "account", accounts);
    js_set(out, "events", events_json(x));
    js_set(out, "manners", manners_json(&x->manners));
    return out;
}
