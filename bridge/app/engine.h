/* One turn of the engine: deliveries, polls, a batch of each route. It contains no thread and does not wait. */
#pragma once
#include "bridge/app/intray.h"

struct turn {
    bool busy;    /* there is more to do at once */
    bool failed;  /* the store failed: there is no going on */
    int64_t wake; /* else: when there will be */
};

void engine_turn(struct app *app, struct intray *tray, struct turn *out);
