/* Writing: PATCH of a prospect's context, with documented members only. Tags are written as differences between what
 * the writer last saw and what it wants, so that tags others added meanwhile stay. The answer is the whole prospect and
 * serves as read-back; an answer without it leaves open what happened. Inbox cannot create prospects. */
#include "bridge/base/js.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/inbox/inbox_inner.h"
#include <math.h>
#include <string.h>

static bool has_text(const json_t *array, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++)
        if (str_eq(json_string_value(json_array_get(array, i)), text))
            return true;
    return false;
}

/* What stands in `left` and not in `right`, each once. NULL when nothing does. */
static json_t *difference(const json_t *left, const json_t *right)
{
    json_t *out = NULL;
    for (size_t i = 0; i < json_array_size(left); i++) {
        const char *tag = json_string_value(json_array_get(left, i));
        if (!tag || has_text(right, tag) || has_text(out, tag))
            continue;
        out = out ? out : json_array();
        js_add(out, js_text(tag));
    }
    return out;
}

static bool put_tags(json_t *body, const json_t *wanted, const json_t *seen, struct err *err)
{
    if (!json_is_array(wanted) && !json_is_null(wanted))
        return err_set(err, ERR_REJECT, "context.tags must be a list of tag ids");
    json_t *add = difference(wanted, seen), *drop = difference(seen, wanted);
    if (add)
        js_set(body, "addTags", add);
    if (drop)
        js_set(body, "removeTags", drop);
    return true;
}

/* "" is sent as null: what Inbox makes of an empty text is not documented. */
static bool put_text(json_t *body, const char *member, const char *field, const json_t *value, struct err *err)
{
    if (!json_is_string(value) && !json_is_null(value))
        return err_set(err, ERR_REJECT, "%s must be a text or null", field);
    const char *text = json_string_value(value);
    js_set(body, member, js_text(text && *text ? text : NULL));
    return true;
}

static bool put_number(json_t *body, const char *member, const char *field, const json_t *value, struct err *err)
{
    if (!json_is_null(value) && !(json_is_number(value) && isfinite(json_number_value(value))))
        return err_set(err, ERR_REJECT, "%s must be a number or null", field);
    js_set(body, member, json_deep_copy(value));
    return true;
}

static const struct inbox_field *writable(const char *name)
{
    for (int id = 0; id < INBOX_FIELDS; id++)
        if (!strcmp(inbox_fields[id].name, name) && inbox_fields[id].flags & INBOX_WRITABLE)
            return &inbox_fields[id];
    return NULL;
}

static bool put_field(json_t *body, const char *name, const json_t *value, const json_t *seen, struct err *err)
{
    const struct inbox_field *f = writable(name);
    if (!f)
        return err_set(err, ERR_CONFIG, "Inbox cannot write %s", name);
    if (f->type == SCHEMA_SET)
        return put_tags(body, value, json_object_get(seen, name), err);
    if (f->type == SCHEMA_NUMBER)
        return put_number(body, f->member, name, value, err);
    return put_text(body, f->member, name, value, err);
}

json_t *inbox_patch_body(const struct patch *patch, struct err *err)
{
    AUTO_JSON json_t *body = json_object();
    const char *name;
    json_t *value;
    if (!str_eq(patch->object, "prospect")) {
        err_set(err, ERR_CONFIG, "Inbox has no object \"%s\"", patch->object ? patch->object : "");
        return NULL;
    }
    if (!patch->id) {
        err_set(err, ERR_CONFIG, "Inbox cannot create prospects");
        return NULL;
    }
    json_object_foreach (patch->set, name, value)
        if (!put_field(body, name, value, patch->seen, err))
            return NULL;
    return json_incref(body);
}

/* One patch on its way. */
struct errand {
    json_t *body; /* NULL or empty: nothing to send */
    char *id;     /* Inbox id; NULL while only the key is known */
    struct call call;
    bool sent;
};

static void plan(const struct patch *patch, struct errand *e, struct result *out)
{
    *out = (struct result){0};
    e->body = inbox_patch_body(patch, &out->err);
    if (json_object_size(e->body) && !inbox_is_key(patch->id))
        e->id = mem_dup(patch->id);
}

/* PATCH takes Inbox ids only: patches that name a prospect by its key ask for the id first. */
static void resolve_keys(struct endpoint *ep, const struct patch *patches, struct errand *errands, size_t n,
                         struct result *out)
{
    AUTO_FREE const char **keys = mem_alloc((n + 1) * sizeof *keys);
    AUTO_FREE struct record *records = mem_alloc((n + 1) * sizeof *records);
    AUTO_FREE size_t *of = mem_alloc((n + 1) * sizeof *of);
    const char *const none[] = {NULL};
    struct err err = {0};
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (json_object_size(errands[i].body) && !errands[i].id) {
            keys[m] = patches[i].id;
            of[m++] = i;
        }
    bool asked = !m || inbox_fetch(ep, "prospect", keys, m, none, 0, records, &err);
    for (size_t i = 0; i < m; i++) {
        struct result *r = &out[of[i]];
        if (!asked || records[i].err.kind)
            r->err = asked ? records[i].err : err;
        else if (records[i].state == RECORD_GONE || inbox_is_key(records[i].id))
            err_set(&r->err, ERR_GONE, "Inbox has no prospect %s", keys[i]);
        else
            errands[of[i]].id = mem_dup(records[i].id);
        record_done(&records[i]);
    }
}

static void send_all(struct endpoint *ep, struct errand *errands, size_t n)
{
    struct call *calls = mem_alloc((n + 1) * sizeof *calls);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (!errands[i].id)
            continue;
        AUTO_FREE char *id = http_escape(errands[i].id);
        call_init(&calls[m], "PATCH", "/prospects/%s/context", id);
        call_body(&calls[m], errands[i].body);
        calls[m++].writes = true;
    }
    if (m)
        endpoint_call_many(ep, calls, m);
    m = 0;
    for (size_t i = 0; i < n; i++)
        if ((errands[i].sent = errands[i].id != NULL))
            errands[i].call = calls[m++];
    free(calls);
}

/* Older servers leave the assignee out of the answer; a thread of the prospect confirms it, or nothing does. */
static void confirm_assignee(struct endpoint *ep, const struct errand *e, struct record *r)
{
    const json_t *prospect = e->call.json;
    if (!json_object_get(e->body, inbox_fields[INBOX_ASSIGNEE].member))
        return;
    inbox_complete(ep, (inbox_want)1 << INBOX_ASSIGNEE, &prospect, r, 1);
    r->err = (struct err){0}; /* the write itself was answered */
}

static void settle(struct endpoint *ep, const struct errand *e, struct result *out)
{
    const struct call *call = &e->call;
    if (!e->sent)
        return; /* refused by ourselves, or nothing to write */
    if (call->err.kind) {
        out->err = call->err;
    } else if (!inbox_has_context(call->json) || !inbox_read_prospect(call->json, inbox_wants(NULL), &out->record)) {
        err_set(&out->err, ERR_UNSURE, "Inbox took the write and answered without the prospect");
    } else {
        out->record.as_of = inbox_as_of(&call->answer);
        if (inbox_is_key(out->record.id)) { /* the answer left externalId out */
            free(out->record.id);
            out->record.id = mem_dup(e->id);
        }
        confirm_assignee(ep, e, &out->record);
    }
}

bool inbox_put(struct endpoint *ep, const struct patch *patches, size_t n, struct result *out, struct err *err)
{
    (void)err;
    struct errand *errands = mem_alloc((n + 1) * sizeof *errands);
    for (size_t i = 0; i < n; i++)
        plan(&patches[i], &errands[i], &out[i]);
    resolve_keys(ep, patches, errands, n, out);
    send_all(ep, errands, n);
    for (size_t i = 0; i < n; i++) {
        settle(ep, &errands[i], &out[i]);
        json_decref(errands[i].body);
        free(errands[i].id);
        if (errands[i].sent)
            call_done(&errands[i].call);
    }
    free(errands);
    return true;
}
