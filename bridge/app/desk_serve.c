/* The desk's socket: three requests, no more. The wish is done by the engine; here it is only taken down and looked up. */
#include "bridge/app/desk.h"
#include "bridge/app/reply.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <signal.h>
#include <string.h>

static const char wishes[] = "/wishes";

static void take_down(struct desk *d, const struct http_request *q, struct http_answer *a)
{
    struct err err = {0};
    AUTO_JSON json_t *body = js_parse(q->body ? q->body : "", q->body_n, &err);
    int64_t id = body ? desk_put(d, json_object_get(body, "words"), js_int_or(body, "at", 0), &err) : 0;
    AUTO_JSON json_t *out = id ? json_pack("{s:I}", "id", id) : NULL;
    reply_json(a, id ? 202 : err.kind == ERR_LIMIT ? 503 : err.kind == ERR_STALE ? 410 : 400, out, &err);
}

static void handle(void *self, const struct http_request *q, struct http_answer *a)
{
    struct desk *d = self;
    struct err err = {0};
    int64_t id = 0;
    bool one = str_starts(q->url, "/wishes/") && str_to_int(q->url + strlen("/wishes/"), 1, INT64_MAX, &id);
    if (str_eq(q->url, wishes) && str_eq(q->method, "POST")) {
        take_down(d, q, a);
    } else if (one && str_eq(q->method, "GET")) {
        AUTO_JSON json_t *state = desk_state(d, id);
        err_set(&err, ERR_GONE, "there is no wish %lld", (long long)id);
        reply_json(a, state ? 200 : 404, state, &err);
    } else if (one && str_eq(q->method, "DELETE")) {
        reply_text(a, desk_withdraw(d, id) ? 200 : 409, "\n");
    } else {
        reply_text(a, 404, "POST /wishes, GET and DELETE /wishes/ID are here\n");
    }
}

char *desk_path(const char *store)
{
    return mem_printf("%s.sock", store);
}

/* The server's threads let no signal in, as in http_start.c. Who asks about a wish often keeps its connection. */
bool desk_open(struct desk *d, const char *store, struct err *err)
{
    AUTO_FREE char *path = desk_path(store);
    sigset_t all, before;
    if (d->server && str_eq(d->path, path))
        return true;
    server_stop(d->server);
    free(d->path);
    d->path = mem_dup(path);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    d->server = server_start(&(struct server_options){.socket = d->path, .threads = 1, .connections = 64}, handle, d, err);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return d->server != NULL;
}
