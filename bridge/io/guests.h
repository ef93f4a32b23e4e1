/* Who is connected to a server, and who has to go. Nobody is turned away: where there is no room, whoever has kept us waiting
 * longest, of the source with most of them, makes room; and who does not say all they have to say in time is hung up on. Thread-safe,
 * pure but for the caller's clock and shutdown(2), after which the server closes the connection by itself. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct sockaddr;
struct guests;
struct guest;

struct guests_rules {
    size_t most;        /* most at once */
    int64_t request_ms; /* request_ms to begin a request after connecting, and again for all of it, head and body, however it drips */
    int64_t idle_ms;    /* idle_ms to take an answer, and again until the next request */
};

struct guests *guests_new(const struct guests_rules *rules);
void guests_free(struct guests *all); /* all have left; accepts NULL */

/* guests_enter: a connection was accepted; from may be NULL (a Unix socket). Sources are IPv4 addresses and IPv6 /64. */
struct guest *guests_enter(struct guests *all, int fd, const struct sockaddr *from, int64_t now);
void guests_leave(struct guests *all, struct guest *g); /* before fd is closed; frees; accepts NULL, as all below */
void guests_speaks(struct guests *all, struct guest *g, int64_t now); /* its first line is there */
void guests_heard(struct guests *all, struct guest *g);               /* it is whole: the wait is ours, and it is left in peace */
void guests_waits(struct guests *all, struct guest *g, int64_t now);  /* it was answered, or is idle again */

/* guests_look hangs up on those whose time is over. */
void guests_look(struct guests *all, int64_t now);
