/* As many signed webhooks as the service takes: so many connections post the lines of a file over and over, each signed anew as
 * Inbox signs, and each waits for its answer before the next. Prints what was answered and how fast; the numbers of the lines
 * that got a 2xx go to a file, for whoever wants to see that none of them is lost.
 *     bench-flood PORT PATH SECRET LINES CONNECTIONS SECONDS TAKEN
 * SECONDS 0: every line once. Ends when nobody answers any more. */
#include "bridge/base/hash.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TIMES_MOST 4000000
#define ANSWER_MOST 4096

static struct {
    int port;
    const char *path, *secret;
    char **lines;
    size_t n;
    double until; /* 0: once */
    _Atomic size_t next, taken, other, broken, n_times;
    float *times; /* seconds, of answers with a 2xx */
    unsigned char *got;
} f;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int reach(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)f.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool send_one(int fd, const char *body)
{
    uint8_t mac[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    long long t = (long long)time(NULL);
    AUTO_FREE char *text = mem_printf("%lld.%s", t, body);
    hash_hmac_sha256(f.secret, strlen(f.secret), text, strlen(text), mac);
    hash_hex(mac, sizeof mac, hex);
    AUTO_FREE char *all = mem_printf("POST %s HTTP/1.1\r\nHost: bridge\r\nContent-Type: application/json\r\nX-Inbox-Signature: t=%lld,v1=%s\r\n"
                                     "Content-Length: %zu\r\n\r\n%s", f.path, t, hex, strlen(body), body);
    for (size_t sent = 0, n = strlen(all); sent < n;) {
        ssize_t now_sent = send(fd, all + sent, n - sent, MSG_NOSIGNAL);
        if (now_sent <= 0)
            return false;
        sent += (size_t)now_sent;
    }
    return true;
}

/* The status of a whole answer, which has a Content-Length; 0 = the connection broke. */
static int hear(int fd)
{
    char answer[ANSWER_MOST + 1];
    size_t n = 0;
    for (;;) {
        ssize_t more = n < ANSWER_MOST ? recv(fd, answer + n, ANSWER_MOST - n, 0) : 0;
        if (more <= 0)
            return 0;
        n += (size_t)more;
        answer[n] = '\0';
        const char *end = strstr(answer, "\r\n\r\n"), *length = strcasestr(answer, "content-length:");
        if (end && length && n >= (size_t)(end + 4 - answer) + strtoul(length + 15, NULL, 10))
            return atoi(answer + 9);
    }
}

static void *work(void *unused)
{
    int fd = reach();
    (void)unused;
    while (fd >= 0) {
        size_t i = f.next++;
        double began = now();
        if (f.until > 0 ? began > f.until : i >= f.n)
            break;
        int status = send_one(fd, f.lines[i % f.n]) ? hear(fd) : 0;
        if (status >= 200 && status < 300) {
            f.taken++;
            f.got[i % f.n] = 1;
            size_t k = f.n_times++;
            if (k < TIMES_MOST)
                f.times[k] = (float)(now() - began);
        } else if (status) {
            f.other++;
        } else {
            f.broken++;
            break;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static bool read_lines(const char *path)
{
    FILE *in = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while (in && (n = getline(&line, &room, in)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        f.lines = mem_grow(f.lines, f.n + 1, sizeof *f.lines);
        f.lines[f.n++] = mem_dup(line);
    }
    free(line);
    if (in)
        fclose(in);
    return f.n > 0;
}

int main(int argc, char **argv)
{
    if (argc != 8 || !read_lines(argv[4])) {
        fprintf(stderr, "usage: bench-flood PORT PATH SECRET LINES CONNECTIONS SECONDS TAKEN\n");
        return 1;
    }
    f.port = atoi(argv[1]);
    f.path = argv[2];
    f.secret = argv[3];
    f.times = mem_grow(NULL, TIMES_MOST, sizeof *f.times);
    f.got = mem_alloc(f.n);
    double began = now(), seconds = atof(argv[6]);
    f.until = seconds > 0 ? began + seconds : 0;
    size_t threads = (size_t)atoi(argv[5]);
    pthread_t *all = mem_alloc(threads * sizeof *all);
    for (size_t i = 0; i < threads; i++)
        pthread_create(&all[i], NULL, work, NULL);
    for (size_t i = 0; i < threads; i++)
        pthread_join(all[i], NULL);
    double spent = now() - began;
    size_t n = f.n_times < TIMES_MOST ? f.n_times : TIMES_MOST;
    qsort(f.times, n, sizeof *f.times, by_size);
    printf("%zu taken, %zu refused, %zu broken, %.0f/s, answered in median %.1f ms, 99th percentile %.1f ms, worst %.1f ms\n", (size_t)f.taken,
           (size_t)f.other, (size_t)f.broken, (double)f.taken / spent, n ? 1000 * f.times[n / 2] : 0, n ? 1000 * f.times[n * 99 / 100] : 0,
           n ? 1000 * f.times[n - 1] : 0);
    FILE *out = fopen(argv[7], "we");
    for (size_t i = 0; out && i < f.n; i++)
        if (f.got[i])
            fprintf(out, "%zu\n", i);
    bool ok = out && fclose(out) == 0;
    for (size_t i = 0; i < f.n; i++)
        free(f.lines[i]);
    free(f.lines);
    free(f.times);
    free(f.got);
    free(all);
    return !ok;
}
