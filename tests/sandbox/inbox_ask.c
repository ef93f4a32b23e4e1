/* What requests ask for, checked where a source says what is allowed. A question that fails has answered the request. */
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

#define INVALID "VALIDATION_ERROR"

bool is_id(const char *s)
{
    return s && *s && strspn(s, "0123456789abcdefghijklmnopqrstuvwxyz") == strlen(s);
}

bool ask_limit(struct exchange *e, int64_t most, int64_t fallback, int64_t *out)
{
    const json_t *given = json_object_get(e->query, "limit");
    *out = fallback;
    if (given && !str_to_int(json_is_string(given) ? json_string_value(given) : "", 1, most, out)) {
        reply_error(e, 400, INVALID, "limit must be a whole number from 1 to %lld", (long long)most);
        return false;
    }
    return true;
}

/* cursorId with cursorTimestamp, or the older cursor[id] with cursor[timestamp]; not both, not halves. */
bool ask_cursor(struct exchange *e, struct cursor *out)
{
    const json_t *old = json_object_get(e->query, "cursor");
    const json_t *new_id = json_object_get(e->query, "cursorId"),
                 *new_time = json_object_get(e->query, "cursorTimestamp");
    const char *id = js_str(old ? old : e->query, old ? "id" : "cursorId");
    const char *time = js_str(old ? old : e->query, old ? "timestamp" : "cursorTimestamp");
    *out = (struct cursor){0};
    if (!old && !new_id && !new_time)
        return true;
    if (old && (new_id || new_time)) {
        reply_error(e, 400, INVALID, "cursor cannot be used together with cursorId and cursorTimestamp");
        return false;
    }
    if (!id || !time) {
        reply_error(e, 400, INVALID, "a cursor needs an id and a timestamp");
        return false;
    }
    if (!is_id(id) || !when_parse(time, &out->at)) {
        reply_error(e, 400, INVALID, "malformed cursor");
        return false;
    }
    str_copy(out->id, sizeof out->id, id);
    out->given = true;
    return true;
}

/* A single value without brackets looks scalar to the server. Empty means null: not given. */
bool ask_list(struct exchange *e, const json_t *in, const char *name, const json_t **out)
{
    const json_t *given = json_object_get(in, name);
    bool text = json_is_string(given), empty = text && !*json_string_value(given);
    *out = NULL;
    if (!given || empty)
        return true;
    if (json_is_array(given) || (text && !e->x->manners.strict_arrays)) {
        *out = given;
        return true;
    }
    reply_error(e, 400, INVALID, "%s: expected array, received %s", name, text ? "string" : "object");
    return false;
}

bool ask_flag(struct exchange *e, const json_t *in, const char *name, bool *out)
{
    const json_t *given = json_object_get(in, name);
    const char *text = json_is_string(given) ? json_string_value(given) : "";
    *out = str_eq(text, "true");
    if (!given || *out || str_eq(text, "false"))
        return true;
    reply_error(e, 400, INVALID, "%s must be true or false", name);
    return false;
}

bool ask_text(struct exchange *e, const char *name, bool required, size_t most, const char **out)
{
    const json_t *given = json_object_get(e->body, name);
    *out = json_string_value(given);
    if (!given && !required)
        return true;
    if (!*out || !**out) {
        reply_error(e, 400, INVALID, "%s must be a text of at least one character", name);
        return false;
    }
    if (most && str_utf8_len(*out) > most) {
        reply_error(e, 422, "TOO_LONG", "%s has more than %zu characters", name, most);
        return false;
    }
    return true;
}

bool ask_only(struct exchange *e, const char *const *names)
{
    const char *name;
    json_t *value;
    if (!e->x->manners.strict_fields || !e->body)
        return true;
    json_object_foreach (e->body, name, value) {
        size_t i = 0;
        while (names[i] && strcmp(names[i], name) != 0)
            i++;
        if (!names[i]) {
            reply_error(e, 400, INVALID, "unrecognized key: %s", name);
            return false;
        }
    }
    return true;
}

bool ask_thread(struct exchange *e, struct thread **out)
{
    *out = table_get(&e->x->by_thread, e->ids[0]);
    if (!*out)
        reply_error(e, 404, "THREAD_NOT_FOUND", "Thread not found");
    return *out;
}

bool ask_message(struct exchange *e, struct thread **t, struct message **m)
{
    if (!ask_thread(e, t))
        return false;
    *m = find_message(e->x, *t, e->ids[1]);
    if (!*m)
        reply_error(e, 404, "MESSAGE_NOT_FOUND", "Message not found");
    return *m;
}

bool ask_person(struct exchange *e, const json_t *in, bool create, struct prospect **out)
{
    const char *platform = js_str(in, "externalPlatformId"), *external = js_str(in, "externalId");
    *out = NULL;
    if (!platform == !external) {
        reply_error(e, 400, INVALID, "exactly one of externalPlatformId and externalId is needed");
        return false;
    }
    *out = platform ? table_get(&e->x->by_platform, platform) : table_get(&e->x->by_external, external);
    if (*out && (*out)->gone)
        *out = NULL;
    bool possible = platform && strspn(platform, "0123456789") == strlen(platform) && *platform &&
                    strlen(platform) < 20;
    if (!*out && create && possible)
        *out = meet_prospect(e->x, platform);
    if (!*out && create)
        reply_error(e, 404, "PROSPECT_NOT_FOUND", "Prospect not found");
    return *out || !create;
}

bool ask_account(struct exchange *e, const json_t *in, struct account **out)
{
    const char *id = js_str(in, "accountLinkId");
    *out = NULL;
    if (!is_id(id)) {
        reply_error(e, 400, INVALID, "accountLinkId is required");
        return false;
    }
    for (size_t i = 0; i < COUNT(e->x->accounts); i++)
        if (str_eq(e->x->accounts[i].id, id))
            *out = &e->x->accounts[i];
    if (!*out)
        reply_error(e, 404, "ACCOUNT_LINK_NOT_FOUND", "Account link not found");
    return *out;
}

bool ask_member(struct exchange *e, const json_t *value, struct member **out)
{
    *out = NULL;
    if (json_is_null(value))
        return true;
    if (!is_id(json_string_value(value))) {
        reply_error(e, 400, INVALID, "assigneeId must be an id or null");
        return false;
    }
    *out = find_member(e->x, json_string_value(value), false);
    if (!*out)
        reply_error(e, e->x->manners.unknown_label ? 422 : 404, "MEMBER_NOT_FOUND", "Member not found");
    return *out;
}

void write_cursor(struct buf *b, int64_t at, const char *id)
{
    PUT(b, "{\"timestamp\":");
    write_time(b, at);
    PUT(b, ",\"id\":");
    write_text(b, id);
    PUT(b, "}");
}
