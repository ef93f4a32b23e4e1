/* Distance: a relay on loopback that lets requests through at once and keeps each answer back for so many milliseconds,
 * every connection by itself. The sandbox's own delays hold up the other connections of the same server thread; these
 * hold up nobody. Knows of HTTP only that a peer that has asked waits for the answer. */
#include "bridge/base/str.h"
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int64_t late_ms, to_port;

static struct sockaddr_in loopback(int64_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int at_once(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return fd;
}

static void keep_back(void)
{
    struct timespec t = {.tv_sec = (time_t)(late_ms / 1000), .tv_nsec = (long)(late_ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

/* One piece from here to there; false = one of them is gone. The first piece of an answer waits. */
static bool pass(int from, int to, bool is_answer, bool *asked)
{
    char piece[65536];
    ssize_t n = read(from, piece, sizeof piece);
    if (n <= 0)
        return false;
    if (is_answer && *asked)
        keep_back();
    *asked = !is_answer;
    for (ssize_t sent = 0, part; sent < n; sent += part)
        if ((part = write(to, piece + sent, (size_t)(n - sent))) <= 0)
            return false;
    return true;
}

static void *serve(void *arg)
{
    int near = (int)(intptr_t)arg, far = at_once(socket(AF_INET, SOCK_STREAM, 0));
    struct sockaddr_in to = loopback(to_port);
    bool open = connect(far, (struct sockaddr *)&to, sizeof to) == 0, asked = false;
    while (open) {
        struct pollfd ready[2] = {{near, POLLIN, 0}, {far, POLLIN, 0}};
        poll(ready, 2, -1);
        if (ready[0].revents)
            open = pass(near, far, false, &asked);
        if (open && ready[1].revents)
            open = pass(far, near, true, &asked);
    }
    close(near);
    close(far);
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = loopback(0);
    socklen_t size = sizeof at;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    if (argc != 3 || !str_to_int(argv[1], 1, 65535, &to_port) || !str_to_int(argv[2], 0, 60000, &late_ms) ||
        bind(door, (struct sockaddr *)&at, sizeof at) || listen(door, 512) ||
        getsockname(door, (struct sockaddr *)&at, &size)) {
        fprintf(stderr, "usage: bench-far PORT MS\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    printf("http://127.0.0.1:%u\n", ntohs(at.sin_port));
    fflush(stdout);
    for (;;) {
        int fd = accept(door, NULL, NULL);
        pthread_t thread;
        if (fd < 0 || pthread_create(&thread, NULL, serve, (void *)(intptr_t)at_once(fd)))
            return 1;
        pthread_detach(thread);
    }
}
