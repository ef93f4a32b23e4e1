/* Having a deed done: by the service when one holds the store, else here. A command says the same either way; what differs is
 * only who waits for whom. */
#include "bridge/app/desk.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <string.h>
#include <unistd.h>

#define ANSWER_MOST (256u << 20) /* a reconcile tells every row */
#define TIMEOUT_MS 5000          /* it only writes things down: seconds are much */
#define NOTE_AFTER_MS 3000
#define SILENT_MOST_MS (5 * 60 * 1000) /* of the engine: as /healthz */
#define MISSED_MOST 3

struct asking {
    struct app *app;
    char *path;
    int64_t id;
    struct progress bar;
};

enum heard { ANSWERED, NOBODY_THERE, NO_ANSWER };

/* One request; *out NULL unless it was answered with JSON. */
static enum heard request(struct asking *q, const char *method, const char *path, const json_t *body, int *status, json_t **out,
                          struct err *err)
{
    struct http_request r = {0};
    struct http_answer a = {0};
    AUTO_FREE char *url = mem_printf("http://localhost%s", path);
    char *text = body ? js_print(body) : NULL;
    http_request_init(&r, method, url);
    r.socket = mem_dup(q->path);
    r.timeout_ms = TIMEOUT_MS;
    r.answer_max = ANSWER_MOST;
    if (text)
        http_request_body(&r, text, strlen(text), "application/json");
    q->app->env.transport->perform(q->app->env.transport, &r, &a, 1, 1);
    enum heard got = a.fate == HTTP_ANSWERED ? ANSWERED : a.fate == HTTP_NOT_SENT ? NOBODY_THERE : NO_ANSWER;
    *status = a.status;
    *out = a.status >= 200 && a.status < 300 && a.body_n ? js_parse(a.body, a.body_n, err) : NULL;
    if (got != ANSWERED)
        *err = a.err;
    else if (a.status >= 300)
        err_set(err, ERR_REJECT, "%.*s", (int)strcspn(a.body ? a.body : "", "\n"), a.body ? a.body : "");
    http_request_done(&r);
    http_answer_done(&a);
    return got;
}

static void deaf(struct asking *q, const char *why)
{
    app_say(q->app, "the service that holds %s does not answer at %s: %s", q->app->settings.store, q->path, why);
    app_worse(q->app, EXIT_STORE);
}

/* ---- waiting ---- */

static void withdraw(struct asking *q)
{
    AUTO_FREE char *path = mem_printf("/wishes/%lld", (long long)q->id);
    struct err err = {0};
    AUTO_JSON json_t *none = NULL;
    int status = 0;
    if (request(q, "DELETE", path, NULL, &status, &none, &err) == ANSWERED && status == 200)
        app_say(q->app, "it was taken back: nothing was done");
    else
        app_say(q->app, "it may still be done: inbox-bridge status tells");
}

/* False: there is no use in waiting on; why is told. */
static bool bear(struct asking *q, const json_t *state, int64_t *missed, int64_t waited, bool *noted)
{
    int64_t silent = js_int_or(state, "silent", 0);
    *missed = state ? 0 : *missed + 1;
    if (*missed >= MISSED_MOST) {
        deaf(q, "it took the wish and then fell silent; whether it was done, inbox-bridge status tells");
        return false;
    }
    if (silent > SILENT_MOST_MS) {
        AUTO_FREE char *why = mem_printf("its engine has not come round for %lld seconds", (long long)silent / 1000);
        deaf(q, why);
        withdraw(q);
        return false;
    }
    if (!*noted && waited > NOTE_AFTER_MS && str_eq(js_str(state, "state"), "waits") && !q->app->quiet) {
        app_say(q->app, "waiting for the service to finish a batch");
        *noted = true;
    }
    return true;
}

/* The answer; NULL: none came, and why was told. */
static json_t *await(struct asking *q)
{
    AUTO_FREE char *path = mem_printf("/wishes/%lld", (long long)q->id);
    struct env *env = &q->app->env;
    int64_t began = env->now(env), missed = 0, nap = 10;
    bool noted = false;
    for (;;) {
        struct err err = {0};
        AUTO_JSON json_t *state = NULL;
        int status = 0;
        enum heard got = request(q, "GET", path, NULL, &status, &state, &err);
        if (got == NOBODY_THERE || (got == ANSWERED && status == 404)) {
            deaf(q, "it stopped meanwhile; whether it was done, inbox-bridge status tells");
            return NULL;
        }
        if (json_object_get(state, "answer"))
            return json_incref(json_object_get(state, "answer"));
        if (!bear(q, state, &missed, env->now(env) - began, &noted))
            return NULL;
        progress_show(&q->bar, js_int_or(state, "seen", 0), js_int_or(state, "left", 0));
        env->sleep(env, nap);
        nap = nap < 200 ? nap * 2 : 250;
    }
}

/* ---- asking ---- */

static json_t *words_of(int argc, char **argv)
{
    json_t *words = json_array();
    for (int i = 0; i < argc; i++) {
        json_t *word = json_string(argv[i]);
        js_add(words, word ? word : json_null());
    }
    return words;
}

static void repeat_said(struct app *app, const json_t *answer)
{
    size_t i;
    json_t *line;
    json_array_foreach (json_object_get(answer, "said"), i, line)
        fprintf(stderr, "%s\n", json_string_value(line));
    app_worse(app, (int)js_int_or(answer, "exit", EXIT_PARTLY));
}

/* False: nobody holds the store, or nobody can be asked. */
static bool ask(struct asking *q, int argc, char **argv, json_t **out)
{
    struct env *env = &q->app->env;
    struct err err = {0};
    AUTO_JSON json_t *told = NULL, *answer = NULL;
    AUTO_JSON json_t *wish = json_pack("{s:o,s:I}", "words", words_of(argc, argv), "at", (json_int_t)env->now(env));
    int status = 0;
    *out = NULL;
    enum heard got = access(q->path, F_OK) == 0 ? request(q, "POST", "/wishes", wish, &status, &told, &err) : NOBODY_THERE;
    if (got == NOBODY_THERE)
        return false;
    q->id = js_int_or(told, "id", 0);
    if (got == NO_ANSWER || !q->id) {
        if (got == NO_ANSWER)
            deaf(q, err.text);
        else
            app_say(q->app, "%s", err.text);
        app_worse(q->app, status == 400 ? EXIT_USAGE : EXIT_STORE);
        return true;
    }
    progress_start(&q->bar, q->app, argv[0]);
    answer = await(q);
    progress_end(&q->bar);
    if (answer) {
        repeat_said(q->app, answer);
        const json_t *of = json_object_get(answer, "out");
        *out = json_is_null(of) ? NULL : json_incref((json_t *)of);
    }
    return true;
}

bool deed_asked(struct app *app, int argc, char **argv, json_t **out)
{
    struct asking q = {.app = app, .path = desk_path(app->settings.store)};
    bool asked = ask(&q, argc, argv, out);
    free(q.path);
    return asked;
}

json_t *deed_do(struct app *app, int argc, char **argv)
{
    const struct deed *deed = deed_find(argv[0]);
    json_t *out = NULL;
    if (!deed->fits(argc, argv)) {
        app_say(app, "%s: say %s", argv[0], deed->say);
        app_worse(app, EXIT_USAGE);
        return NULL;
    }
    if (!app_load(app))
        return NULL;
    if (deed_asked(app, argc, argv, &out))
        return out;
    if (!(deed->looks ? app_look(app, true) : app_open(app)))
        return NULL;
    return deed->act(app, argc, argv);
}
