/* The transport of tests: http://<service>.sandbox/… is served in this process, in request order, no sockets. A rule's
 * delay moves the fake clock instead of anybody's patience; one beyond the request's own limit loses the answer. */
#include "bridge/base/str.h"
#include "tests/sandbox/sandbox.h"
#include <string.h>

#define PATIENCE_MS 30000

struct box_transport {
    struct http_transport base;
    struct sandbox *box;
};

static struct sandbox_service *service_of(struct sandbox *box, const char *url)
{
    static const char scheme[] = "http://", domain[] = ".sandbox";
    if (!str_starts(url, scheme))
        return NULL;
    for (size_t i = 0; i < box->n; i++) {
        size_t n = strlen(box->services[i]->name);
        const char *host = url + strlen(scheme);
        if (!strncmp(host, box->services[i]->name, n) && str_starts(host + n, domain))
            return box->services[i];
    }
    return NULL;
}

static void wait(struct sandbox *box, const struct http_request *r, struct http_answer *a, int64_t delay)
{
    int64_t most = r->timeout_ms ? r->timeout_ms : PATIENCE_MS;
    delay -= box->latency_ms;
    if (delay <= 0 || box->real_time)
        return;
    sandbox_advance(box, delay < most ? delay : most);
    if (delay < most || a->fate != HTTP_ANSWERED)
        return;
    http_answer_done(a);
    *a = (struct http_answer){.fate = HTTP_LOST};
    err_set(&a->err, ERR_UNSURE, "no answer within %lld ms (sandbox)", (long long)most);
}

static void check_size(const struct http_request *r, struct http_answer *a)
{
    size_t most = r->answer_max ? r->answer_max : HTTP_BODY_MAX;
    if (a->body_n <= most)
        return;
    http_answer_done(a);
    *a = (struct http_answer){.fate = HTTP_LOST};
    err_set(&a->err, ERR_LIMIT, "the answer is over %zu bytes", most);
}

static void perform(struct http_transport *self, const struct http_request *requests, struct http_answer *answers,
                    size_t n, unsigned in_flight)
{
    struct sandbox *box = ((struct box_transport *)(void *)self)->box;
    (void)in_flight;
    for (size_t i = 0; i < n; i++) {
        struct sandbox_service *s = service_of(box, requests[i].url);
        int64_t delay = 0;
        if (!s) {
            answers[i] = (struct http_answer){.fate = HTTP_NOT_SENT};
            err_set(&answers[i].err, ERR_TEMP, "no such host in the sandbox: %s", requests[i].url);
            continue;
        }
        sandbox_serve(box, s, &requests[i], &answers[i], &delay);
        wait(box, &requests[i], &answers[i], delay);
        check_size(&requests[i], &answers[i]);
    }
}

static void free_transport(struct http_transport *self)
{
    free(self);
}

struct http_transport *sandbox_transport(struct sandbox *box)
{
    struct box_transport *t = mem_alloc(sizeof *t);
    t->base = (struct http_transport){.perform = perform, .free = free_transport};
    t->box = box;
    return &t->base;
}
