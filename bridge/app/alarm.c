/* Raised when a condition has lasted, cleared when it has been over as long: what flickers says nothing. The state is small
 * JSON in the store, so that a restart neither repeats an alarm nor forgets to say that it is over. */
#include "bridge/app/alarm.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "bridge/base/when.h"
#include <string.h>

#define LOOK_LEAST_MS 1000
#define LOOK_MOST_MS (15 * 1000)
#define HEARD_EVERY_MS (10 * 60 * 1000)
#define OUTBOX_MOST 100

static const char meta_name[] = "alarms";

/* ---- the store ---- */

static json_t *member(const json_t *saved, const char *name, json_t *fresh)
{
    json_t *there = json_object_get(saved, name);
    if (!there || json_typeof(there) != json_typeof(fresh))
        return fresh;
    json_decref(fresh);
    return json_incref(there);
}

void alarm_open(struct alarm *a, struct app *app)
{
    struct err err = {0};
    AUTO_FREE char *text = NULL;
    bool read = store_meta_get(app->store, meta_name, &text, &err);
    AUTO_JSON json_t *saved = read && text ? js_parse(text, strlen(text), &err) : NULL;
    *a = (struct alarm){.app = app, .known = member(saved, "known", json_object()), .outbox = member(saved, "outbox", json_array()),
                        .heard = member(saved, "heard", json_object())};
}

static void save(struct alarm *a, int64_t now)
{
    struct err err = {0};
    AUTO_JSON json_t *all = json_pack("{s:O,s:O,s:O}", "known", a->known, "outbox", a->outbox, "heard", a->heard);
    AUTO_FREE char *text = js_print(all);
    a->saved = now;
    if (!store_meta_set(a->app->store, meta_name, text, &err))
        log_warn("alarm.unsaved", "error", err.text, NULL); /* a restart may repeat one */
}

void alarm_close(struct alarm *a)
{
    json_decref(a->known);
    json_decref(a->outbox);
    json_decref(a->heard);
    *a = (struct alarm){0};
}

/* ---- notices ---- */

static void note(struct alarm *a, const char *key, const json_t *entry, bool raised, int64_t now)
{
    const char *colon = strchr(key, ':'), *text = js_str_or(entry, "text", "");
    AUTO_FREE char *kind = mem_dup_n(key, colon ? (size_t)(colon - key) : strlen(key));
    char at[WHEN_TEXT], since[WHEN_TEXT];
    when_print(now, at);
    when_print(js_int_or(entry, "since", now), since);
    log_event(raised ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, raised ? "alarm.raised" : "alarm.cleared", "alarm", kind, "subject",
              colon ? colon + 1 : "", "since", since, "what", text, NULL);
    if (!a->app->alarms.url || json_array_size(a->outbox) >= OUTBOX_MOST)
        return;
    AUTO_FREE char *id = mem_printf("%s-%s-%s", kind, since, raised ? "raised" : "cleared");
    json_t *data = json_pack("{s:s,s:s,s:s,s:s}", "alarm", kind, "subject", colon ? colon + 1 : "", "since", since, "text", text);
    json_t *body = json_pack("{s:s,s:s,s:o}", "type", raised ? "alarm.raised" : "alarm.cleared", "timestamp", at, "data", data);
    js_add(a->outbox, json_pack("{s:s,s:o,s:i,s:I}", "id", id, "body", body, "tries", 0, "due", (json_int_t)now));
}

/* ---- raising and clearing ---- */

/* Answers whether anything worth keeping changed. */
static bool take_true(struct alarm *a, const char *key, const json_t *cause, int64_t now)
{
    json_t *entry = json_object_get(a->known, key);
    if (!entry) {
        entry = json_pack("{s:I,s:b}", "since", (json_int_t)now, "raised", 0);
        js_set(a->known, key, entry);
    }
    json_object_del(entry, "gone");
    if (js_int_or(entry, "since", now) > now) /* the clock was set back */
        js_set(entry, "since", json_integer(now));
    if (js_bool_or(entry, "raised", false) || now - js_int_or(entry, "since", now) < js_int_or(cause, "wait", 0))
        return false;
    js_set(entry, "raised", json_true());
    js_set(entry, "text", json_string(js_str_or(cause, "text", "")));
    note(a, key, entry, true, now);
    return true;
}

static bool take_over(struct alarm *a, const char *key, json_t *entry, int64_t now)
{
    bool raised = js_bool_or(entry, "raised", false);
    int64_t gone = js_int_or(entry, "gone", 0);
    if (raised && (!gone || gone > now)) {
        js_set(entry, "gone", json_integer(now));
        gone = now;
    }
    if (raised && now - gone < a->app->alarms.after)
        return false;
    if (raised)
        note(a, key, entry, false, now);
    json_object_del(a->known, key);
    return raised;
}

static bool compare(struct alarm *a, json_t *causes, int64_t now)
{
    const char *key;
    json_t *value;
    void *next;
    bool changed = false;
    json_object_foreach (causes, key, value)
        changed |= take_true(a, key, value, now);
    json_object_foreach_safe (a->known, next, key, value)
        if (!json_object_get(causes, key))
            changed |= take_over(a, key, value, now);
    return changed;
}

int64_t alarm_turn(struct alarm *a)
{
    int64_t now = a->app->env.now(&a->app->env), every = a->app->alarms.after / 4;
    if (now < a->next && a->next - now <= LOOK_MOST_MS)
        return a->next;
    AUTO_JSON json_t *causes = alarm_watch(a);
    bool changed = compare(a, causes, now);
    changed |= alarm_send(a, now);
    if (changed || now - a->saved > HEARD_EVERY_MS)
        save(a, now);
    every = every < LOOK_LEAST_MS ? LOOK_LEAST_MS : every > LOOK_MOST_MS ? LOOK_MOST_MS : every;
    a->next = now + every;
    return a->next;
}
