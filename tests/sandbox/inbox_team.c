/* The team, its accounts on X and its members: read only. */
#include "tests/sandbox/inbox_inner.h"

void read_team(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    PUT(&b, "{\"id\":");
    write_text(&b, e->x->team);
    PUT(&b, ",\"name\":\"Quiet Startup\",\"slug\":\"quiet-startup\",\"image\":null,\"createdAt\":");
    write_time(&b, e->x->accounts[0].created);
    PUT(&b, ",\"updatedAt\":null,\"currency\":\"USD\",\"allowSupportAccess\":false}");
    reply(e, &b);
}

void list_accounts(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    for (size_t i = 0; i < COUNT(e->x->accounts); i++) {
        buf_putc(&b, i ? ',' : '[');
        write_account(&b, &e->x->accounts[i]);
    }
    PUT(&b, "]");
    reply(e, &b);
}

void list_members(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    PUT(&b, "[");
    for (size_t i = 0; i < e->x->n_members; i++)
        if (!e->x->members[i]->left) {
            if (b.n > 1)
                buf_putc(&b, ',');
            write_member(&b, e->x->members[i]);
        }
    PUT(&b, "]");
    reply(e, &b);
}

void read_member(struct exchange *e)
{
    struct buf b = BUF_INIT(0);
    const struct member *m = find_member(e->x, e->ids[0], false);
    if (!m) {
        reply_error(e, 404, "MEMBER_NOT_FOUND", "Member not found");
        return;
    }
    write_member(&b, m);
    reply(e, &b);
}
