/* What the service answers over HTTP: /hooks/ENDPOINT, /healthz, /readyz, /metrics, /api/…. The server's threads read the
 * store and the engine's vitals and put deliveries into the tray; nothing else of the engine is touched by them. */
#pragma once
#include "bridge/app/bell.h"
#include "bridge/app/intray.h"
#include "bridge/app/vitals.h"
#include "bridge/io/server.h"

struct desk;
struct http {
    pthread_rwlock_t lock;  /* held for reading while a request is answered, for writing while the configuration changes */
    struct app *app;        /* NULL between two configurations: whoever calls is asked to come again */
    struct vitals *vitals;
    struct intray tray;
    struct desk *desk;      /* for what only the engine can answer */
    _Atomic int explaining; /* threads that wait for it */
    struct bell *bell;      /* rung when a delivery was kept */
    struct server *server;  /* NULL: none was wanted */
    char *listen, *certificate, *key; /* what the server runs with */
};

void http_init(struct http *h, struct bell *bell, struct desk *desk);
/* http_lend: from now on requests are answered from this app. Starts the server, or another when its settings changed. */
bool http_lend(struct http *h, struct app *app, struct vitals *vitals, struct err *err) MUST_CHECK;
/* http_take_back: no request is in the app any more when it returns. */
void http_take_back(struct http *h);
void http_done(struct http *h); /* answers what is in hand, then ends the server */
void http_handle(void *self, const struct http_request *request, struct http_answer *answer); /* the server's handler */
