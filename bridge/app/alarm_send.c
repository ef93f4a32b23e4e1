/* Notices go out signed by Standard Webhooks, under an id that stays the same however often they are offered. One is offered
 * at a time and given little time, for the engine waits. */
#include "bridge/app/alarm.h"
#include "bridge/base/js.h"
#include "bridge/base/log.h"
#include "connectors/signature.h"
#include <string.h>

#define TIMEOUT_MS 3000
#define FIRST_RETRY_MS (15 * 1000)
#define LAST_RETRY_MS (60 * 60 * 1000)
#define TRIES_MOST 40 /* more than a day */

static bool offer(struct app *app, const json_t *notice, int64_t now, int *status, struct err *err)
{
    struct http_request q = {0};
    struct http_answer a = {0};
    const char *id = js_str_or(notice, "id", "");
    struct signature_secrets secrets = {{app->alarms.secret, NULL}};
    char *body = js_print(json_object_get(notice, "body"));
    size_t n = strlen(body);
    AUTO_FREE char *signature = signature_standard_make(id, now / 1000, body, n, &secrets, err);
    AUTO_FREE char *stamp = mem_printf("%lld", (long long)now / 1000);
    if (!signature) {
        free(body);
        return false;
    }
    http_request_init(&q, "POST", app->alarms.url);
    http_request_body(&q, body, n, "application/json");
    http_headers_set(&q.headers, "webhook-id", id);
    http_headers_set(&q.headers, "webhook-timestamp", stamp);
    http_headers_set(&q.headers, "webhook-signature", signature);
    q.timeout_ms = TIMEOUT_MS;
    app->env.transport->perform(app->env.transport, &q, &a, 1, 1);
    *status = a.status;
    *err = a.err;
    http_request_done(&q);
    http_answer_done(&a);
    return *status >= 200 && *status < 300;
}

static void put_off(json_t *notice, int64_t now)
{
    int64_t tries = js_int_or(notice, "tries", 0) + 1, wait = FIRST_RETRY_MS;
    for (int64_t i = 1; i < tries && wait < LAST_RETRY_MS; i++)
        wait *= 2;
    js_set(notice, "tries", json_integer(tries));
    js_set(notice, "due", json_integer(now + (wait < LAST_RETRY_MS ? wait : LAST_RETRY_MS)));
}

bool alarm_send(struct alarm *a, int64_t now)
{
    size_t i;
    json_t *notice;
    json_array_foreach (a->outbox, i, notice) {
        struct err err = {0};
        int status = 0;
        if (js_int_or(notice, "due", 0) > now)
            continue;
        if (a->app->alarms.url && offer(a->app, notice, now, &status, &err)) {
            json_array_remove(a->outbox, i);
            return true;
        }
        put_off(notice, now);
        log_warn("alarm.unsent", "id", js_str(notice, "id"), "status", log_int(status), "error", *err.text ? err.text : NULL, NULL);
        if (!a->app->alarms.url || js_int_or(notice, "tries", 0) >= TRIES_MOST)
            json_array_remove(a->outbox, i);
        return true;
    }
    return false;
}
