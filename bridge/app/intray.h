/* The tray between the server's threads and the engine: deliveries become durable together, one wait for the disk for
 * however many threads are waiting, and the engine takes them in its own time. */
#pragma once
#include "bridge/app/app.h"
#include <pthread.h>

#define INTRAY_MOST 20000 /* deliveries that may wait; beyond that the sender is asked to come again */

struct intray {
    pthread_mutex_t lock;
    pthread_cond_t done;
    struct store *store;
    struct intray_entry *first, **last;
    bool leading;    /* a thread is writing */
    int64_t waiting; /* kept and not yet taken */
};

bool intray_open(struct intray *t, struct app *app, struct err *err) MUST_CHECK;
void intray_close(struct intray *t);
/* intray_put: on a server thread; true: the delivery survives a power cut. LIMIT when too many wait, STORE otherwise. */
bool intray_put(struct intray *t, const char *endpoint, int64_t at, const char *text, struct err *err) MUST_CHECK;
int64_t intray_waiting(struct intray *t);
/* intray_take: on the engine's thread; makes jobs of what waits for this endpoint, a bounded share of it in one transaction.
 * *taken: how many deliveries; those of an endpoint whose routes are not ready stay. */
bool intray_take(struct intray *t, struct intake *in, int64_t *taken, struct err *err) MUST_CHECK;
