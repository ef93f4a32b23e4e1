/* The one table of what a prospect has: describe() prints it, the reader of prospects walks it, put() looks writable
 * fields up in it. Values that Inbox does not tell stay absent; nothing is guessed. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

static json_t *read_text(const json_t *object, const char *member)
{
    json_t *v = json_object_get(object, member);
    return json_is_string(v) || json_is_null(v) ? json_incref(v) : NULL;
}

static json_t *read_bool(const json_t *object, const char *member)
{
    json_t *v = json_object_get(object, member);
    return json_is_boolean(v) ? json_incref(v) : NULL;
}

/* Numbers may come as text; "NaN" and "Infinity" are not told rather than cleared. */
static json_t *read_number(const json_t *object, const char *member)
{
    json_t *v = json_object_get(object, member);
    double real;
    if (json_is_string(v))
        return str_to_real(json_string_value(v), &real) ? json_real(real) : NULL;
    return json_is_number(v) || json_is_null(v) ? json_incref(v) : NULL;
}

static json_t *read_handle(const json_t *object, const char *member)
{
    const char *username = js_str(object, "username");
    if (js_str(object, member) || !username)
        return read_text(object, member);
    AUTO_FREE char *handle = mem_printf("@%s", username);
    return js_text(handle);
}

/* X marks its small picture by "_normal" before the extension. The full picture is the one without it, so that
 * abbreviated prospects, which only have `image`, say the same as full ones. */
static json_t *read_image(const json_t *object, const char *member)
{
    if (js_str(object, "imageNormalized"))
        return read_text(object, "imageNormalized");
    const char *image = js_str(object, member);
    const char *mark = image ? strstr(image, "_normal.") : NULL;
    if (!mark || strchr(mark, '/'))
        return read_text(object, member);
    AUTO_FREE char *full = mem_printf("%.*s%s", (int)(mark - image), image, mark + strlen("_normal"));
    return js_text(full);
}

/* context.statusId, or context.status as an id or an object. */
static json_t *read_choice(const json_t *context, const char *member)
{
    json_t *v = json_object_get(context, member);
    if (!v && !strcmp(member, "statusId"))
        v = json_object_get(context, "status");
    if (json_is_null(v))
        return json_null();
    return inbox_id_of(v) ? js_text(inbox_id_of(v)) : NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each once: the order in which Inbox lists tags means nothing. */
static json_t *read_tags(const json_t *context, const char *member)
{
    const json_t *tags = json_object_get(context, member);
    if (!json_is_array(tags))
        return NULL;
    size_t n = 0;
    AUTO_FREE const char **ids = mem_alloc((json_array_size(tags) + 1) * sizeof *ids);
    for (size_t i = 0; i < json_array_size(tags); i++)
        if ((ids[n] = inbox_id_of(json_array_get(tags, i))))
            n++;
    qsort(ids, n, sizeof *ids, by_text);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        if (!i || strcmp(ids[i], ids[i - 1]))
            js_add(out, js_text(ids[i]));
    return out;
}

#define PROSPECT(id, name, label, type, flags, read) [id] = {name, label, type, flags, INBOX_OF_PROSPECT, read, name}
#define CONTEXT(id, name, label, type, flags, read, member)                                                            \
    [id] = {name, label, type, flags, INBOX_OF_CONTEXT, read, member}
#define THREAD(id, name, label, type, flags) [id] = {name, label, type, flags, INBOX_OF_THREAD, NULL, NULL}

const struct inbox_field inbox_fields[INBOX_FIELDS] = {
    PROSPECT(INBOX_DISPLAY_NAME, "displayName", "Name", SCHEMA_TEXT, 0, read_text),
    PROSPECT(INBOX_USERNAME, "username", "Username, without @", SCHEMA_TEXT, 0, read_text),
    PROSPECT(INBOX_HANDLE, "handle", "Handle, with @", SCHEMA_TEXT, 0, read_handle),
    PROSPECT(INBOX_BIO, "bio", "Bio", SCHEMA_TEXT, 0, read_text),
    PROSPECT(INBOX_LOCATION, "location", "Location", SCHEMA_TEXT, 0, read_text),
    PROSPECT(INBOX_IMAGE, "image", "Picture", SCHEMA_TEXT, 0, read_image),
    PROSPECT(INBOX_PROFILE_URL, "profileUrl", "Profile", SCHEMA_TEXT, 0, read_text),
    PROSPECT(INBOX_WEBSITE_URL, "websiteUrl", "Website", SCHEMA_TEXT, 0, read_text),
    PROSPECT(INBOX_WEBSITE_DOMAIN, "websiteDomain", "Website's domain", SCHEMA_TEXT, 0, read_text),
    PROSPECT(INBOX_VERIFIED, "verified", "Verified", SCHEMA_CHOICE, INBOX_OPEN, read_text),
    PROSPECT(INBOX_PROFILE_TYPE, "profileType", "Kind of profile", SCHEMA_CHOICE, INBOX_OPEN, read_text),
    PROSPECT(INBOX_FOLLOWERS, "followerCount", "Followers", SCHEMA_NUMBER, 0, read_number),
    PROSPECT(INBOX_FOLLOWING, "followingCount", "Following", SCHEMA_NUMBER, 0, read_number),
    PROSPECT(INBOX_POSTS, "postCount", "Posts", SCHEMA_NUMBER, 0, read_number),
    PROSPECT(INBOX_PLATFORM_ID, "platformId", "X user id", SCHEMA_TEXT, INBOX_UNIQUE, read_text),
    PROSPECT(INBOX_EXTERNAL_ID, "externalId", "Inbox id", SCHEMA_TEXT, INBOX_UNIQUE, read_text),
    PROSPECT(INBOX_PROTECTED, "isProtected", "Protected account", SCHEMA_BOOL, 0, read_bool),
    CONTEXT(INBOX_STATUS, "context.status", "Status", SCHEMA_CHOICE, INBOX_WRITABLE | INBOX_BY_LABEL, read_choice,
            "statusId"),
    CONTEXT(INBOX_TAGS, "context.tags", "Tags", SCHEMA_SET, INBOX_WRITABLE | INBOX_BY_LABEL, read_tags, "tags"),
    CONTEXT(INBOX_NOTES, "context.notes", "Notes", SCHEMA_TEXT, INBOX_WRITABLE, read_text, "notes"),
    CONTEXT(INBOX_VALUATION, "context.valuation", "Valuation", SCHEMA_NUMBER, INBOX_WRITABLE, read_number, "valuation"),
    CONTEXT(INBOX_ASSIGNEE, "context.assignee", "Assignee", SCHEMA_CHOICE, INBOX_WRITABLE | INBOX_BY_LABEL, read_choice,
            "assigneeId"),
    THREAD(INBOX_CONVERSATION, "conversationUrl", "Conversation", SCHEMA_TEXT, 0),
    THREAD(INBOX_ACCOUNT_LINKS, "accountLinks", "Accounts that talk to the prospect", SCHEMA_SET, INBOX_BY_LABEL),
    THREAD(INBOX_REPLIED, "replied", "Has written to us", SCHEMA_BOOL, 0),
    THREAD(INBOX_LAST_MESSAGE, "lastMessageAt", "Last message", SCHEMA_DATETIME, 0),
};

inbox_want inbox_wants(const char *const *fields)
{
    inbox_want want = 0;
    if (!fields)
        return ((inbox_want)1 << INBOX_FIELDS) - 1;
    for (; *fields; fields++)
        for (int id = 0; id < INBOX_FIELDS; id++)
            if (!strcmp(*fields, inbox_fields[id].name))
                want |= (inbox_want)1 << id;
    return want;
}

bool inbox_wants_threads(inbox_want want)
{
    return inbox_wanted(want, INBOX_CONVERSATION) || inbox_wanted(want, INBOX_ACCOUNT_LINKS) ||
           inbox_wanted(want, INBOX_REPLIED) || inbox_wanted(want, INBOX_LAST_MESSAGE) ||
           inbox_wanted(want, INBOX_ASSIGNEE);
}

const char **inbox_members(inbox_want want)
{
    static const char *const always[] = {"threads", "nextCursor", "id", "timestamp", "prospect", "context", "platform", "platformId",
                                         "externalId", "username", "handle", "displayName", "status", "assigneeId"};
    static const char *const of_threads[] = {"accountLinkId", "accountLink", "lastMessage", "lastMessageTimestamp", "isRequest",
                                             "variant", "authorId", "userId", "campaignId", "origin"};
    const char **out = mem_alloc((COUNT(always) + COUNT(of_threads) + INBOX_FIELDS + 2) * sizeof *out);
    size_t n = 0;
    for (size_t i = 0; i < COUNT(always); i++)
        out[n++] = always[i];
    bool threads = inbox_wants_threads(want) || (want & INBOX_SAID);
    for (size_t i = 0; threads && i < COUNT(of_threads); i++)
        out[n++] = of_threads[i];
    for (int id = 0; id < INBOX_FIELDS; id++)
        if (inbox_wanted(want, id) && inbox_fields[id].member)
            out[n++] = inbox_fields[id].member;
    if (inbox_wanted(want, INBOX_IMAGE))
        out[n++] = "imageNormalized";
    return out;
}
