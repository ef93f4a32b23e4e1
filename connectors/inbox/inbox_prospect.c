/* A prospect as Inbox tells it → a record. Reads both shapes in print (externalId and statusId, id and status) and the
 * abbreviated one of webhooks; what a shape leaves out is absent from the record. Pure. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/inbox/inbox_inner.h"
#include <string.h>

static const char *text_of(const json_t *v)
{
    const char *s = json_string_value(v);
    return s && *s ? s : NULL;
}

const char *inbox_id_of(const json_t *v)
{
    return text_of(json_is_object(v) ? json_object_get(v, "id") : v);
}

json_t *inbox_time(const char *text)
{
    int64_t ms;
    char out[WHEN_TEXT];
    if (!text || !when_parse(text, &ms))
        return NULL;
    when_print(ms, out);
    return js_text(out);
}

bool inbox_is_key(const char *id)
{
    return strchr(id, ':') != NULL; /* Inbox ids are [0-9a-z]+ */
}

const char *inbox_key_platform_id(const char *key)
{
    const char *colon = strchr(key, ':');
    return colon ? colon + 1 : key;
}

/* X's ids are numbers beyond 2^53 and come as text; a JSON integer is taken too. Caller frees; NULL. */
static char *platform_id_of(const json_t *prospect)
{
    const json_t *v = json_object_get(prospect, "platformId");
    if (json_is_integer(v))
        return mem_printf("%lld", (long long)json_integer_value(v));
    return mem_dup(text_of(v));
}

static char *label_of(const json_t *prospect)
{
    const char *username = text_of(json_object_get(prospect, "username"));
    const char *handle = text_of(json_object_get(prospect, "handle"));
    if (username)
        return mem_printf("@%s", username);
    return mem_dup(handle ? handle : text_of(json_object_get(prospect, "displayName")));
}

bool inbox_identify(const json_t *prospect, struct record *out)
{
    AUTO_FREE char *platform_id = platform_id_of(prospect);
    const char *platform = js_str_or(prospect, "platform", "twitter");
    const char *id = text_of(json_object_get(prospect, "externalId"));
    if (!id)
        id = text_of(json_object_get(prospect, "id"));
    if (!id && !platform_id)
        return false;
    if (platform_id)
        out->key = mem_printf("%s:%s", strcmp(platform, "twitter") ? platform : "x", platform_id);
    out->id = mem_dup(id ? id : out->key);
    out->label = label_of(prospect);
    return true;
}

bool inbox_has_context(const json_t *prospect)
{
    const json_t *context = json_object_get(prospect, "context");
    return json_is_array(json_object_get(context, "tags")) && json_object_get(context, "valuation") &&
           json_object_get(context, "notes") &&
           (json_object_get(context, "statusId") || json_object_get(context, "status"));
}

json_t *inbox_read_fields(const json_t *prospect, inbox_want want)
{
    json_t *fields = json_object();
    const json_t *context = json_object_get(prospect, "context");
    for (int id = 0; id < INBOX_FIELDS; id++) {
        const struct inbox_field *f = &inbox_fields[id];
        if (!inbox_wanted(want, id) || !f->read)
            continue;
        json_t *value = f->read(f->source == INBOX_OF_CONTEXT ? context : prospect, f->member);
        if (value)
            json_object_set_new_nocheck(fields, f->name, value);
    }
    return fields;
}

static bool is_in(const json_t *array, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (str_eq(json_string_value(json_array_get(array, i)), text))
            return true;
    return false;
}

/* Sorted insertion: sets are told in one order, whatever the source. */
static void add_link(json_t *links, const char *link)
{
    size_t i = 0;
    if (is_in(links, link))
        return;
    while (i < json_array_size(links) && strcmp(json_string_value(json_array_get(links, i)), link) < 0)
        i++;
    json_array_insert_new(links, i, js_text(link));
}

/* The prospect endpoints list all threads of the prospect: the complete set of accounts, and the last message of all. */
static void read_context_threads(const json_t *threads, inbox_want want, json_t *fields)
{
    AUTO_JSON json_t *links = json_array();
    int64_t last = 0, at;
    char text[WHEN_TEXT];
    for (size_t i = 0; i < json_array_size(threads); i++) {
        const json_t *thread = json_array_get(threads, i);
        const char *link = inbox_id_of(json_object_get(thread, "accountLinkId"));
        const char *when = js_str(thread, "lastMessageTimestamp");
        if (link)
            add_link(links, link);
        if (when && when_parse(when, &at) && at > last)
            last = at;
    }
    when_print(last, text);
    if (inbox_wanted(want, INBOX_ACCOUNT_LINKS))
        js_set(fields, inbox_fields[INBOX_ACCOUNT_LINKS].name, json_incref(links));
    if (inbox_wanted(want, INBOX_LAST_MESSAGE))
        js_set(fields, inbox_fields[INBOX_LAST_MESSAGE].name, last ? js_text(text) : json_null());
}

bool inbox_read_prospect(const json_t *prospect, inbox_want want, struct record *out)
{
    struct record r = {0};
    if (!inbox_identify(prospect, &r))
        return false;
    r.fields = inbox_read_fields(prospect, want);
    const json_t *threads = json_object_get(json_object_get(prospect, "context"), "threads");
    if (json_is_array(threads))
        read_context_threads(threads, want, r.fields);
    *out = r;
    return true;
}
