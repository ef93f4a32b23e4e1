/* Which deeds there are, and what their arguments look like. The service believes no caller: it looks at them too. */
#include "bridge/app/deed.h"
#include "bridge/app/pass.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"

static bool plain(const char *word)
{
    return *word && *word != '-';
}

static bool fits_route(int argc, char **argv)
{
    return argc == 2 && (plain(argv[1]) || str_eq(argv[1], "--all"));
}

static bool fits_resolve(int argc, char **argv)
{
    (void)argv;
    return argc == 3 || argc == 4;
}

static bool fits_retry(int argc, char **argv)
{
    int64_t id = 0;
    return argc == 2 && (str_eq(argv[1], "--all") || str_to_int(argv[1], 1, INT64_MAX, &id));
}

static bool fits_one(int argc, char **argv)
{
    return argc == 2 && plain(argv[1]);
}

static bool fits_forget(int argc, char **argv)
{
    return fits_one(argc, argv) || (argc == 3 && str_eq(argv[1], "--lift"));
}

static bool fits_prune(int argc, char **argv)
{
    struct err err = {0};
    int64_t age = 0;
    return argc == 1 || (argc == 3 && str_eq(argv[1], "--older-than") && when_parse_span(argv[2], &age, &err));
}

static bool fits_setup(int argc, char **argv)
{
    return argc == 1 || (argc == 2 && str_eq(argv[1], "--apply"));
}

static bool fits_links(int argc, char **argv)
{
    return (argc == 3 || argc == 4) && str_eq(argv[1], "import");
}

static bool fits_pass(int argc, char **argv)
{
    struct pass_wish wish;
    return !pass_wish(argc, argv, &wish);
}

static const struct deed deeds[] = {
    {"pause", "pause ROUTE, or pause --all", fits_route, deed_pause, false, false},
    {"resume", "resume ROUTE, or resume --all", fits_route, deed_pause, false, false},
    {"resolve", "resolve ID inbox|crm|value VALUE|RECORD", fits_resolve, deed_resolve, false, false},
    {"retry", "retry ID, or retry --all", fits_retry, deed_retry, false, false},
    {"explain", "explain PROSPECT (@handle, key, id)", fits_one, deed_explain, true, false},
    {"forget", "forget PROSPECT (@handle, key, id), or forget --lift KEY", fits_forget, deed_forget, false, false},
    {"prune", "prune, or prune --older-than 90d", fits_prune, deed_prune, false, false},
    {"setup", "setup, or setup --apply", fits_setup, deed_setup, false, false},
    {"links", "links import FILE", fits_links, deed_links, false, false},
    {"sync", "sync [--full] [--route ROUTE] [--yes] [--accept-mass-change]", fits_pass, deed_sync, false, true},
    {"undo", "undo RUN, or undo RUN --dry-run; history PROSPECT names the runs", fits_pass, deed_undo, false, true},
    {"plan", "plan, or plan --out FILE", fits_pass, NULL, false, true},
    {"apply", "apply FILE", fits_pass, NULL, false, true},
    {"reconcile", "reconcile [--report] [--route ROUTE] [--accept PLAN] [--accept-mass-change]", fits_pass, NULL, false, true},
};

const struct deed *deed_find(const char *name)
{
    for (size_t i = 0; i < COUNT(deeds); i++)
        if (str_eq(deeds[i].name, name))
            return &deeds[i];
    return NULL;
}
