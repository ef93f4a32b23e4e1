/* Everything there is: what tests compare with. Written as text, for a town of a hundred thousand is a quarter of a
 * gigabyte. Prospects and threads in the API's own shape, in order of creation, the deleted left out; messages in short. */
#include "tests/sandbox/inbox_inner.h"

#define STATE_MAX ((size_t)4 << 30)

json_t *parsed(struct buf *b)
{
    struct err err = {0};
    json_t *v = js_parse(buf_str(b), b->n, &err);
    buf_done(b);
    *b = BUF_INIT(0);
    return v ? v : json_null();
}

/* A list whose items are written one by one. */
static void begin_item(struct buf *b, bool *any)
{
    if (*any)
        buf_putc(b, ',');
    *any = true;
}

static void write_prospects(struct inbox *x, struct buf *b)
{
    bool any = false;
    for (size_t i = 0; i < x->n_prospects; i++) {
        if (x->prospects[i]->gone)
            continue;
        begin_item(b, &any);
        write_prospect(x, b, x->prospects[i], SHOWN_IN_STATE);
    }
}

static void write_threads(struct inbox *x, struct buf *b)
{
    bool any = false;
    for (size_t i = 0; i < x->n_prospects; i++)
        for (size_t k = 0; k < x->prospects[i]->n_threads; k++) {
            begin_item(b, &any);
            write_thread(x, b, x->prospects[i]->threads[k], SHOWN_IN_STATE);
        }
}

static void write_short(struct buf *b, const struct thread *t, const struct message *m)
{
    PUT(b, "{\"id\":");
    write_text(b, m->id);
    PUT(b, ",\"threadId\":");
    write_text(b, t->id);
    PUT(b, ",\"content\":");
    write_text(b, m->content);
    buf_puts(b, m->ours ? ",\"from\":\"us\",\"origin\":" : ",\"from\":\"prospect\",\"origin\":");
    write_text(b, origin_name(m->origin));
    PUT(b, ",\"createdAt\":");
    write_time(b, m->created);
    PUT(b, ",\"editedAt\":");
    write_time(b, m->edited);
    PUT(b, ",\"deletedAt\":");
    write_time(b, m->deleted);
    PUT(b, "}");
}

static void write_messages(struct inbox *x, struct buf *b)
{
    bool any = false;
    for (size_t i = 0; i < x->n_prospects; i++)
        for (size_t k = 0; k < x->prospects[i]->n_threads; k++) {
            struct thread *t = x->prospects[i]->threads[k];
            inbox_fill(x, t);
            for (size_t m = 0; m < t->n_messages; m++) {
                begin_item(b, &any);
                write_short(b, t, t->messages[m]);
            }
        }
}

static void write_catalogue(struct inbox *x, struct buf *b)
{
    PUT(b, ",\"tag\":[");
    for (size_t i = 0; i < x->tags.n; i++) {
        buf_puts(b, i ? "," : "");
        write_label(b, x->tags.items[i], false);
    }
    PUT(b, "],\"status\":[");
    for (size_t i = 0; i < x->statuses.n; i++) {
        buf_puts(b, i ? "," : "");
        write_label(b, x->statuses.items[i], true);
    }
    PUT(b, "],\"member\":[");
    for (size_t i = 0; i < x->n_members; i++) {
        buf_puts(b, i ? "," : "");
        write_member(b, x->members[i]);
    }
    PUT(b, "],\"account\":[");
    for (size_t i = 0; i < COUNT(x->accounts); i++) {
        buf_puts(b, i ? "," : "");
        write_account(b, &x->accounts[i]);
    }
    PUT(b, "]");
}

void inbox_write_state(struct sandbox_service *s, struct buf *b)
{
    struct inbox *x = (struct inbox *)(void *)s;
    AUTO_JSON json_t *manners = manners_json(&x->manners);
    AUTO_FREE char *switches = js_print(manners);
    PUT(b, "{\"prospect\":[");
    write_prospects(x, b);
    PUT(b, "],\"thread\":[");
    write_threads(x, b);
    PUT(b, "],\"message\":[");
    write_messages(x, b);
    PUT(b, "]");
    write_catalogue(x, b);
    buf_printf(b, ",\"events\":{\"kept\":%zu,\"nextSeq\":%lld,\"lostSeq\":%lld},\"manners\":", x->n_events,
               (long long)x->next_seq, (long long)x->lost_seq);
    buf_puts(b, switches);
    PUT(b, "}");
}

json_t *inbox_state(struct sandbox_service *s)
{
    struct buf b = BUF_INIT(STATE_MAX);
    inbox_write_state(s, &b);
    return parsed(&b);
}
