/* Inbox as a connector: its options, its account, and the table of its verbs. The dialect itself is in the files beside
 * this one. Inbox is reached with a static team token; its three rate windows are shared by the whole team. */
#include "connectors/inbox/inbox.h"
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_FILL 0.7 /* of the day's calls for everything but live changes; the team's other programs use the rest */

static const struct opt inbox_options[] = {
    {"token", OPT_SECRET, offsetof(struct inbox, token), NULL, true, 0, 0, NULL,
     "API token of the team (Settings, API)"},
    {"base_url", OPT_TEXT, offsetof(struct inbox, base_url), "https://inboxapp.com/api/v1", false, 0, 0, NULL,
     "address of the API"},
    {"per_minute", OPT_INT, offsetof(struct inbox, per_minute), "300", false, 1, 1000000, NULL,
     "calls the team may make in a minute"},
    {"per_hour", OPT_INT, offsetof(struct inbox, per_hour), "10000", false, 1, 10000000, NULL,
     "calls the team may make in an hour"},
    {"per_day", OPT_INT, offsetof(struct inbox, per_day), "100000", false, 1, 100000000, NULL,
     "calls the team may make in a day"},
    {"fill", OPT_REAL, offsetof(struct inbox, fill), "0.9", false, 0, 0, NULL,
     "share of each of these limits that the bridge uses at most"},
    {"hook_secret", OPT_SECRET, offsetof(struct inbox, hook_secret), NULL, false, 0, 0, NULL,
     "signing secret of the webhook (its page in the dashboard)"},
    {"hook_secret_old", OPT_SECRET, offsetof(struct inbox, hook_secret_old), NULL, false, 0, 0, NULL,
     "the secret before, while it is being exchanged"},
    {"hook_tolerance", OPT_SPAN, offsetof(struct inbox, hook_tolerance), "5m", false, 1000, 24 * HOUR_MS, NULL,
     "how old the signature of a delivery may be"},
    OPT_END,
};

static char *without_slash(const char *url)
{
    size_t n = strlen(url);
    while (n && url[n - 1] == '/')
        n--;
    return mem_dup_n(url, n);
}

static bool inbox_open(struct endpoint *ep, struct err *err)
{
    struct inbox *inbox = ep->state;
    inbox_tally_init(&inbox->tally);
    if (!(inbox->fill > 0 && inbox->fill <= 1))
        return err_set(err, ERR_CONFIG, "fill must be more than 0 and at most 1");
    const struct limiter_bucket bucket = {
        .name = "main",
        .windows = {{MINUTE_MS, (unsigned)inbox->per_minute},
                    {HOUR_MS, (unsigned)inbox->per_hour},
                    {24 * HOUR_MS, (unsigned)inbox->per_day}},
    };
    const struct oauth_options token = {.name = ep->name, .static_token = inbox->token};
    ep->base_url = without_slash(inbox->base_url);
    ep->limiter = limiter_new(&bucket, 1, inbox->fill, DAY_FILL);
    ep->oauth = oauth_new(&token, &ep->vault);
    ep->judge = inbox_judge;
    ep->heed = inbox_heed;
    return true;
}

/* Base URL, limiter and token belong to the endpoint, which frees them. */
static void inbox_close(struct endpoint *ep)
{
    struct inbox *inbox = ep->state;
    inbox_tally_done(&inbox->tally);
}

static bool inbox_probe(struct endpoint *ep, struct organisation *out, struct err *err)
{
    AUTO(call_done) struct call call = {0};
    call_init(&call, "GET", "/team");
    if (!endpoint_call(ep, &call, err))
        return err_wrap(err, "asking Inbox for the team");
    const char *id = js_str(call.json, "id");
    if (!id)
        return err_set(err, ERR_TEMP, "Inbox answered a team without an id");
    *out = (struct organisation){
        .id = mem_dup(id),
        .label = mem_dup(js_str_or(call.json, "name", id)),
        .currency = mem_dup(js_str(call.json, "currency")),
    };
    return true;
}

static bool inbox_changes(struct endpoint *ep, const char *object, const char *const *fields, const char *cursor,
                          struct page *out, struct err *err)
{
    AUTO(inbox_cursor_done) struct inbox_cursor at = {0};
    struct page page = {0};
    bool said = !strcmp(object, "message");
    if (!said && strcmp(object, "prospect"))
        return err_set(err, ERR_CONFIG, "Inbox has no object \"%s\"", object);
    inbox_want want = said ? INBOX_SAID : inbox_wants(fields);
    inbox_cursor_read(cursor, &at);
    page.walk = at.stage != INBOX_FEED;
    bool ok = at.stage == INBOX_LEARN  ? inbox_learn(ep, want, &at, &page, err)
              : at.stage == INBOX_WALK ? inbox_walk(ep, want, &at, &page, err)
                                       : inbox_follow(ep, want, &at, &page, err);
    if (!ok) {
        page_done(&page);
        return false;
    }
    page.next = inbox_cursor_print(&at);
    *out = page;
    return true;
}

static const char *const inbox_objects[] = {"prospect", "message", NULL};

const struct connector inbox_connector = {
    .name = "inbox",
    .about = "Inbox (inboxapp.com): the people a team talks to in direct messages",
    .caps = CAP_FETCH | CAP_FIND | CAP_FEED | CAP_HOOK | CAP_DESCRIBE,
    .state_size = sizeof(struct inbox),
    .options = inbox_options,
    .objects = inbox_objects,
    .open = inbox_open,
    .close = inbox_close,
    .probe = inbox_probe,
    .describe = inbox_describe,
    .setup = connector_no_setup,
    .changes = inbox_changes,
    .hook = inbox_hook,
    .find = inbox_find_by,
    .fetch = inbox_fetch,
    .put = inbox_put,
    .load = connector_no_load,
    .collect = connector_no_collect,
    .survey = connector_no_survey,
};
