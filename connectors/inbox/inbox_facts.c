/* What a thread adds to its prospect: who answers for it, over which account, when it last moved, and whether the
 * prospect ever wrote.
 *
 * "Replied" is inferred, for Inbox has no such field. It is true when the last message is not ours, when Inbox lists
 * the thread among those waiting for an answer, when it is a message request, or when it is an xChat conversation (X
 * makes one only after both sides wrote). It is false otherwise: a plain thread whose last message is ours counts as
 * not answered, even if older messages, which are not looked at, were the prospect's. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

/* A message is ours when an account link wrote it, or a member or campaign sent it. The prospect's side of authorId is
 * not compared: Inbox writes its own id there in some places and X's in others. */
bool inbox_is_ours(const json_t *message, const char *account_link)
{
    const char *origin = js_str_or(message, "origin", "");
    return str_eq(js_str(message, "authorId"), account_link) || js_str(message, "userId") ||
           js_str(message, "campaignId") || !strcmp(origin, "internal") || !strcmp(origin, "api");
}

static const char *link_of(const json_t *thread)
{
    const char *link = inbox_id_of(json_object_get(thread, "accountLinkId"));
    return link ? link : inbox_id_of(json_object_get(thread, "accountLink"));
}

static enum inbox_truth judge_replied(const json_t *thread, bool waits_for_us, const char *link)
{
    const json_t *last = json_object_get(thread, "lastMessage");
    if (waits_for_us || js_bool_or(thread, "isRequest", false) || str_eq(js_str(thread, "variant"), "xChat"))
        return INBOX_TRUE;
    if (json_is_null(last))
        return INBOX_FALSE;
    if (!js_str(last, "authorId") || !link)
        return INBOX_UNTOLD;
    return inbox_is_ours(last, link) ? INBOX_FALSE : INBOX_TRUE;
}

void inbox_read_facts(const json_t *thread, bool waits_for_us, struct inbox_facts *out)
{
    const char *link = link_of(thread);
    const json_t *last = json_object_get(thread, "lastMessageTimestamp");
    const json_t *assignee = json_object_get(thread, "assigneeId");
    *out = (struct inbox_facts){.newest = true, .replied = judge_replied(thread, waits_for_us, link)};
    if (link)
        out->links[out->n_links++] = link;
    if (json_is_string(last))
        out->last_told = when_parse(json_string_value(last), &out->last);
    else
        out->last_told = json_is_null(last);
    out->assignee = inbox_id_of(assignee);
    out->assignee_told = out->assignee || json_is_null(assignee);
    if (!strcmp(js_str_or(thread, "platform", "twitter"), "twitter"))
        out->conversation = js_str(thread, "platformId");
}

static json_t *links_json(const struct inbox_facts *facts)
{
    const char *sorted[INBOX_LINKS_MAX];
    json_t *out = json_array();
    for (size_t i = 0; i < facts->n_links; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(sorted[at - 1], facts->links[i]) > 0; at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = facts->links[i];
    }
    for (size_t i = 0; i < facts->n_links; i++)
        js_add(out, js_text(sorted[i]));
    return out;
}

static void put(json_t *fields, inbox_want want, enum inbox_field_id id, json_t *stolen)
{
    if (inbox_wanted(want, id))
        js_set(fields, inbox_fields[id].name, stolen);
    else
        json_decref(stolen);
}

void inbox_put_facts(const struct inbox_facts *facts, inbox_want want, json_t *fields)
{
    char text[WHEN_TEXT];
    when_print(facts->last, text);
    if (facts->n_links)
        put(fields, want, INBOX_ACCOUNT_LINKS, links_json(facts));
    if (facts->last_told)
        put(fields, want, INBOX_LAST_MESSAGE, facts->last ? js_text(text) : json_null());
    if (facts->replied != INBOX_UNTOLD)
        put(fields, want, INBOX_REPLIED, json_boolean(facts->replied == INBOX_TRUE));
    if (facts->newest && facts->assignee_told && !json_object_get(fields, inbox_fields[INBOX_ASSIGNEE].name))
        put(fields, want, INBOX_ASSIGNEE, js_text(facts->assignee));
    if (facts->newest && facts->conversation) {
        AUTO_FREE char *url = mem_printf("https://x.com/i/chat/%s", facts->conversation);
        put(fields, want, INBOX_CONVERSATION, js_text(url));
    }
}

bool inbox_read_thread(const json_t *thread, bool waits_for_us, inbox_want want, struct inbox_tally *tally,
                       struct record *out)
{
    struct record r = {0};
    struct inbox_facts facts;
    const json_t *prospect = json_object_get(thread, "prospect");
    if (!inbox_identify(prospect, &r))
        return false;
    inbox_read_facts(thread, waits_for_us, &facts);
    if (!tally || inbox_tally_join(tally, r.key ? r.key : r.id, &facts)) {
        r.fields = inbox_read_fields(prospect, want);
        inbox_put_facts(&facts, want, r.fields);
    }
    *out = r;
    return true;
}
