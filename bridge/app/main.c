/* inbox-bridge [-c FILE] [--json] COMMAND: finds the command and gives it the program. */
#include "bridge/app/app.h"
#include "bridge/base/log.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "connectors/registry.h"
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>

static const char exit_codes[] = "exit codes: 0 all in step · 1 usage · 2 configuration · 3 something was held, refused or "
                                 "failed (the rest is done) · 4 endpoint unreachable or credentials refused · 5 parts of the "
                                 "plan were stale · 6 store locked or unusable\n";

const struct command commands[] = {
    {"init", "[--crm hubspot|salesforce|webhook] [--inbox-token SECRET] [--crm-token SECRET] [--base-url URL] [--inbox-url URL] "
             "[--client-id ID] [--username NAME] [--mapping NAME|FILE] [--store FILE] [--out DIR] [--yes] [--force]",
     "writes a commented configuration and a mapping to begin with",
     "Asks for what no flag says; --yes takes the usual answer. A SECRET is env:NAME, file:/path or cred:NAME. --base-url is where "
     "the CRM is; the URL of the receiver for webhook. Files that are there are left alone unless --force is given.", cmd_init},
    {"check", "", "configuration, credentials, organisations, mapping against the live schemas", "Prints every fault at once.", cmd_check},
    {"setup", "[--apply]", "what is missing in the CRM; --apply creates it", "Compares the properties the mapping needs with those the CRM has.", cmd_setup},
    {"plan", "[--out FILE]", "what a sync would do, cell by cell; writes nothing to either side", "With --out every row goes to FILE, for apply.", cmd_plan},
    {"apply", "FILE", "does exactly that plan", "Cells whose values moved since are left alone and listed (exit code 5).", cmd_apply},
    {"sync", "[--full] [--yes] [--accept-mass-change]", "one pass to quiet",
     "--full enumerates and compares everything; --yes allows a first contact to create more than max_creates records; "
     "--accept-mass-change lets detaches and clears through that the guard stopped.", cmd_sync},
    {"run", "", "polls, takes webhooks and syncs until SIGTERM; SIGHUP reloads the configuration",
     "Logs to stderr in logfmt; the group http says where it listens, the group alarms who hears of trouble.", cmd_run},
    {"status", "", "links, jobs, ops and holds of every route; no network", "", cmd_status},
    {"explain", "PROSPECT", "each cell: both values, both shadows, why, and what happens next", "PROSPECT is a @handle, a key (x:…) or an id.", cmd_explain},
    {"holds", "", "cells that wait for a person", "", cmd_holds},
    {"resolve", "ID inbox|crm|value VALUE|RECORD", "decides a hold", "The next sync carries it out.", cmd_resolve},
    {"dead", "", "writes a service refused for good, with its words", "", cmd_dead},
    {"retry", "ID|--all", "tries dead writes again", "", cmd_retry},
    {"history", "PROSPECT [--at TIME]", "what was changed on one prospect, when, by which run and rule; no network",
     "--at shows the values as they were at that moment (2026-03-02 or 2026-03-02T09:15:00Z).", cmd_history},
    {"undo", "RUN [--dry-run]", "puts back what a run wrote",
     "Cell by cell, only where both sides still hold what the run left; the rest is listed with the reason. Records the run "
     "created are listed, not deleted.", cmd_undo},
    {"reconcile", "[--report] [--route R] [--accept PLAN]", "compares everything and reports the drift, then mends it",
     "--report only tells. Killed, it goes on where it was when it is started again within the hour. More detaches and clears than "
     "the mass-change guard allows are named by a plan: --accept PLAN lets just those through, --accept-mass-change whatever there is.", cmd_reconcile},
    {"adopt", "[--plan]", "rebuilds the links from the bridge keys in the CRM when the store is lost",
     "Creates nothing and writes nothing; cells that differ wait for the next sync. --plan only tells.", cmd_adopt},
    {"links", "export|import FILE", "the links as CSV: route,object,key,t_type,t_id,state",
     "An import is checked line by line and done whole or not at all. FILE - exports to the screen.", cmd_links},
    {"pause", "ROUTE|--all", "the route takes changes in but works nothing", "It stays so until resume.", cmd_pause},
    {"resume", "ROUTE|--all", "ends a pause", "", cmd_resume},
    {"forget", "PROSPECT | --lift KEY", "erases a prospect from the store; no sync brings it back",
     "What Inbox and the CRM hold is not touched, but for the bridge's own line in Inbox's notes. --lift lets the prospect in again.", cmd_forget},
    {"prune", "[--older-than 90d]", "drops old rows of the change log and what is finished", "", cmd_prune},
    {"backup", "FILE", "a checked copy of the store, also while the bridge runs", "", cmd_backup},
    {"reference", "", "prints the reference of all options as Markdown", "", cmd_reference},
    {NULL, NULL, NULL, NULL, NULL}};

const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

int cmd_reference(struct app *app, int argc, char **argv)
{
    (void)app;
    (void)argc;
    (void)argv;
    size_t n = 0;
    const struct connector *const *all = registry_all(&n);
    printf("# Options\n\n## Top level\n\n");
    opt_reference(stdout, settings_table);
    printf("\n## http\n\n");
    opt_reference(stdout, http_table);
    printf("\n## alarms\n\n");
    opt_reference(stdout, alarm_table);
    printf("\n## endpoints.NAME (every connector)\n\n");
    opt_reference(stdout, endpoint_table);
    for (size_t i = 0; i < n; i++) {
        printf("\n## endpoints.NAME with connector = \"%s\"\n\n%s\n\n", all[i]->name, all[i]->about);
        opt_reference(stdout, all[i]->options);
    }
    printf("\n## routes\n\n");
    opt_reference(stdout, route_table);
    return EXIT_IN_STEP;
}

static void usage(FILE *out)
{
    fprintf(out, "inbox-bridge keeps Inbox prospects and CRM records in step, in both directions.\n\n"
                 "usage: inbox-bridge [-c FILE] [--json] [--quiet] COMMAND [--help]\n"
                 "       inbox-bridge --version\n\n");
    for (const struct command *c = commands; c->name; c++)
        fprintf(out, "  %-10s %s\n", c->name, c->about);
    fprintf(out, "\nFILE is inbox-bridge.cfg unless -c says otherwise.\n%s", exit_codes);
}

static int help(const struct command *c)
{
    printf("usage: inbox-bridge [-c FILE] [--json] %s %s\n\n%s.\n%s%s%s", c->name, c->arguments, c->about, c->help,
           *c->help ? "\n" : "", exit_codes);
    return EXIT_IN_STEP;
}

static int no_command(const char *name)
{
    const char *names[32];
    size_t n = 0;
    for (const struct command *c = commands; c->name; c++)
        names[n++] = c->name;
    const char *nearest = str_nearest(name, names, n);
    fprintf(stderr, "inbox-bridge: no command is called \"%s\"%s%s%s\n", name, nearest ? "; did you mean \"" : "",
            nearest ? nearest : "", nearest ? "\"?" : "");
    return EXIT_USAGE;
}

/* Options may stand before or after the command; what is left is the command's. */
static int options(struct app *app, int argc, char **argv, char **rest, bool *wants_help)
{
    int n = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            app->json = true;
        else if (!strcmp(argv[i], "--quiet"))
            app->quiet = true;
        else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            *wants_help = true;
        else if (!strcmp(argv[i], "--version") && !n)
            rest[n++] = "version";
        else if ((!strcmp(argv[i], "-c") || !strcmp(argv[i], "--config")) && i + 1 < argc)
            app->config_path = argv[++i];
        else
            rest[n++] = argv[i];
    }
    return n;
}

int main(int argc, char **argv)
{
    struct app app = {.config_path = "inbox-bridge.cfg"};
    bool wants_help = false;
    AUTO_FREE char **rest = mem_grow(NULL, (size_t)argc + 1, sizeof *rest);
    int n = options(&app, argc, argv, rest, &wants_help);
    /* Batches of small values come and go together: glibc's fast bins would only put off merging them, again and again. */
    mallopt(M_MXFAST, 0);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a full disk is an error of the write, not a death */
    log_open(-1, LOG_LEVEL_ERROR);
    if (!n) {
        usage(wants_help ? stdout : stderr);
        return wants_help ? EXIT_IN_STEP : EXIT_USAGE;
    }
    if (!strcmp(rest[0], "version")) {
        printf("inbox-bridge %s\n", INBOX_BRIDGE_VERSION);
        return EXIT_IN_STEP;
    }
    const struct command *c = command_find(rest[0]);
    if (!c)
        return no_command(rest[0]);
    if (wants_help)
        return help(c);
    int code = c->run(&app, n, rest);
    app_close(&app);
    return code;
}
