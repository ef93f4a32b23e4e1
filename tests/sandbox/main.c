/* inbox-bridge-sandbox: the imitated services on loopback sockets. */
#include "bridge/base/str.h"
#include "bridge/io/server.h"
#include "tests/sandbox/sandbox.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct front {
    struct sandbox *box;
    struct sandbox_service *service;
    struct server *server;
};

static void handle(void *self, const struct http_request *request, struct http_answer *answer)
{
    struct front *f = self;
    int64_t delay = 0;
    sandbox_serve(f->box, f->service, request, answer, &delay);
    if (delay > 0) {
        struct timespec t = {.tv_sec = (time_t)(delay / 1000), .tv_nsec = (long)(delay % 1000) * 1000000};
        nanosleep(&t, NULL);
    }
    if (answer->fate != HTTP_ANSWERED)
        answer->status = 0;
}

static void usage(void)
{
    fprintf(stderr, "usage: inbox-bridge-sandbox [--inbox PORT] [--hubspot PORT] [--salesforce PORT] [--webhook PORT] "
                    "[--prospects N] [--seed S] [--no-limits] [--latency MS] [--write-jwt-key FILE]\n"
                    "PORT 0 picks a free one; the token sandbox-token is accepted\n");
}

struct options {
    int64_t inbox, hubspot, salesforce, webhook, prospects, seed, latency;
    bool no_limits;
    const char *key_file; /* where Salesforce's private key for JWT assertions goes */
};

static bool read_options(int argc, char **argv, struct options *o)
{
    struct {
        const char *name;
        int64_t *value, most;
    } known[] = {{"--inbox", &o->inbox, 65535},           {"--hubspot", &o->hubspot, 65535},
                 {"--salesforce", &o->salesforce, 65535}, {"--webhook", &o->webhook, 65535},
                 {"--prospects", &o->prospects, 1000000}, {"--seed", &o->seed, INT64_MAX},
                 {"--latency", &o->latency, 60000}};
    for (int i = 1; i < argc; i++) {
        bool found = str_eq(argv[i], "--no-limits");
        o->no_limits |= found;
        if (str_eq(argv[i], "--write-jwt-key") && i + 1 < argc) {
            o->key_file = argv[++i];
            found = true;
        }
        for (size_t k = 0; !found && k < COUNT(known); k++)
            if (str_eq(argv[i], known[k].name) && i + 1 < argc &&
                str_to_int(argv[i + 1], 0, known[k].most, known[k].value)) {
                found = true;
                i++;
            }
        if (!found)
            return false;
    }
    return true;
}

static bool write_key(struct sandbox_service *salesforce, const char *path)
{
    AUTO_FREE char *pem = sandbox_salesforce_key(salesforce);
    size_t n = strlen(pem);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, pem, n) == (ssize_t)n;
    if (fd >= 0)
        close(fd);
    if (!ok)
        perror(path);
    return ok;
}

/* Bulk uploads are the largest bodies; over 150 MB of base64 the service itself refuses. */
static bool open_front(struct front *f, int64_t port, unsigned threads)
{
    struct err err = {0};
    size_t most = str_eq(f->service->name, "salesforce") ? (size_t)160 << 20 : (size_t)8 << 20;
    struct server_options o = {.port = (uint16_t)port, .threads = threads, .body_max = most, .connections = 512};
    f->server = server_start(&o, handle, f, &err);
    if (f->server)
        printf("%s http://127.0.0.1:%u\n", f->service->name, server_port(f->server));
    else
        fprintf(stderr, "inbox-bridge-sandbox: %s: %s\n", f->service->name, err.text);
    return f->server != NULL;
}

int main(int argc, char **argv)
{
    struct options o = {.inbox = -1, .hubspot = -1, .salesforce = -1, .webhook = -1, .prospects = 300, .seed = 1};
    if (!read_options(argc, argv, &o)) {
        usage();
        return 1;
    }
    if (o.inbox < 0 && o.hubspot < 0 && o.salesforce < 0 && o.webhook < 0)
        o.inbox = o.hubspot = 0;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    struct sandbox *box = sandbox_new((uint64_t)o.seed);
    box->no_limits = o.no_limits;
    box->latency_ms = o.latency;
    box->real_time = true;
    struct front fronts[] = {{.box = box, .service = sandbox_inbox_new(box, (size_t)o.prospects)},
                             {.box = box, .service = sandbox_hubspot_new(box)},
                             {.box = box, .service = sandbox_salesforce_new(box)},
                             {.box = box, .service = sandbox_webhook_new(box)}};
    int64_t ports[] = {o.inbox, o.hubspot, o.salesforce, o.webhook};
    bool ok = !o.key_file || write_key(fronts[2].service, o.key_file);
    for (size_t i = 0; i < COUNT(fronts) && ok; i++)
        ok = ports[i] < 0 || open_front(&fronts[i], ports[i], o.latency ? 32 : 2);
    if (ok) {
        int sig = 0;
        printf("ready\n");
        fflush(stdout);
        sigwait(&stop, &sig);
    }
    for (size_t i = 0; i < COUNT(fronts); i++)
        server_stop(fronts[i].server);
    sandbox_free(box);
    return ok ? 0 : 1;
}
