/* What the engine's thread lets others see of itself: it writes copies here between its steps, and the server's threads read
 * them. Whatever is in the store they ask the store. */
#pragma once
#include "bridge/app/app.h"
#include <pthread.h>

#define VITALS_TEXT 200

struct vitals_endpoint {
    int64_t polled;           /* last time it told all its changes; 0 = never */
    bool up;                  /* its last poll worked */
    enum err_kind kind;       /* why not */
    char error[VITALS_TEXT];
    uint64_t calls;
    uint64_t answers[6];      /* as struct endpoint's */
    int64_t echoes;           /* what it told that was nothing new */
};

struct vitals_route {
    struct tally tally;
    bool learnt;
    enum err_kind kind;       /* why it stands still; ERR_NONE = it goes */
    char stopped[VITALS_TEXT];
};

#define VITALS_ALARMS 32
struct vitals_alarm {
    char kind[32], subject[96];
};

struct vitals {
    pthread_mutex_t lock;
    struct vitals_alarm alarms[VITALS_ALARMS]; /* what is raised now */
    size_t n_alarms;
    int64_t turned; /* when the loop last came round */
    struct vitals_endpoint *endpoints;
    struct vitals_route *routes;
};

struct vitals *vitals_new(const struct app *app);
void vitals_free(struct vitals *v);
void vitals_publish(struct vitals *v, struct app *app); /* on the engine's thread */
void vitals_alarms(struct vitals *v, const json_t *known); /* on the engine's thread; known as in struct alarm */
size_t vitals_raised(struct vitals *v, struct vitals_alarm out[VITALS_ALARMS]);
int64_t vitals_turned(struct vitals *v);
struct vitals_endpoint vitals_endpoint(struct vitals *v, size_t i);
struct vitals_route vitals_route(struct vitals *v, size_t i);
