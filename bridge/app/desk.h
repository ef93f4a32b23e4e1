/* The desk of the service: commands leave wishes at a socket beside the store, the engine takes them up between two batches.
 * Who may open the store may open the socket: its mode is 0600, and no token or port is needed.
 *
 *   POST /wishes {"words":["pause","sales"],"at":ms}   202 {"id":7}; 503 when too many wait, 410 when it was said too long ago
 *   GET /wishes/7                                      {"state":"waits|does|done","silent":ms,"seen":n,"left":n,
 *                                                       "answer":{"exit":0,"out":…,"said":[…]}}
 *   DELETE /wishes/7                                   takes it back unless it was begun
 *
 * A wish nobody asks about any more is not begun: whoever pressed Ctrl-C does not want it. */
#pragma once
#include "bridge/app/bell.h"
#include "bridge/app/deed.h"
#include "bridge/app/pass.h"
#include "bridge/io/server.h"
#include <pthread.h>

#define DESK_FORSAKEN_MS 10000 /* so long after the last question a wish counts as given up */

struct wish;
struct desk {
    pthread_mutex_t lock;
    pthread_cond_t done;    /* a wish was done */
    struct wish *first;     /* oldest first */
    int64_t last_id;
    int64_t turned;         /* when the engine last came by; ms */
    bool away;              /* the engine will not come by for now: nobody waits for it */
    struct pass *pass;      /* the engine's: the one pass under way, */
    struct wish *passing;   /* and whose it is */
    struct bell *bell;
    struct env *env;        /* for the clock */
    struct server *server;  /* NULL: there is no socket, commands beside the service are refused */
    char *path;
};

void desk_init(struct desk *d, struct bell *bell, struct env *env);
void desk_done(struct desk *d);
/* desk_open listens beside this store; nothing happens when it does already. */
bool desk_open(struct desk *d, const char *store, struct err *err) MUST_CHECK;
char *desk_path(const char *store); /* where its socket is; caller frees */

/* On the engine's thread. desk_turn does what was asked for; answers whether the engine should come by again soon. desk_drop
 * ends the pass under way, whose app goes, and sends home who waits, until the next turn. */
bool desk_turn(struct desk *d, struct app *app);
void desk_drop(struct desk *d);

/* On any thread. desk_put answers the wish's number, 0 with err. desk_state: as GET; NULL: no such wish. */
int64_t desk_put(struct desk *d, const json_t *words, int64_t at, struct err *err) MUST_CHECK;
json_t *desk_state(struct desk *d, int64_t id);
json_t *desk_wait(struct desk *d, int64_t id, int64_t ms); /* the same, once it is done or the time is up */
bool desk_withdraw(struct desk *d, int64_t id);            /* false: it was begun, or is not there */
