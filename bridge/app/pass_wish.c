/* What a pass is asked for, out of the words of a command: the same whether it runs alone or beside the service. */
#include "bridge/app/pass.h"
#include "bridge/base/str.h"

static const char *undo_wish(int argc, char **argv, struct pass_wish *out)
{
    const char *number = NULL;
    for (int i = 1; i < argc; i++)
        if (str_eq(argv[i], "--dry-run"))
            out->dry = true;
        else if (number)
            return argv[i];
        else
            number = argv[i];
    return number && str_to_int(number, 1, INT64_MAX, &out->undo) ? NULL : argv[0];
}

/* As the commands ask for it: plan --to FILE, apply FILE NAME. */
static const char *file_wish(int argc, char **argv, struct pass_wish *out)
{
    bool plans = str_eq(argv[0], "plan");
    if (argc != 3 || (plans && !str_eq(argv[1], "--to")))
        return argv[0];
    if (plans) {
        out->plan_to = argv[2];
        return NULL;
    }
    out->apply = argv[1];
    out->name = argv[2];
    return NULL;
}

const char *pass_wish(int argc, char **argv, struct pass_wish *out)
{
    *out = (struct pass_wish){.reconcile = str_eq(argv[0], "reconcile")};
    if (str_eq(argv[0], "undo"))
        return undo_wish(argc, argv, out);
    if (str_eq(argv[0], "plan") || str_eq(argv[0], "apply"))
        return file_wish(argc, argv, out);
    for (int i = 1; i < argc; i++) {
        if (str_eq(argv[i], "--accept-mass-change"))
            out->accept = true;
        else if (str_eq(argv[i], "--route") && i + 1 < argc)
            out->only = argv[++i];
        else if (str_eq(argv[i], "--accept") && out->reconcile && i + 1 < argc)
            out->plan = argv[++i];
        else if (str_eq(argv[i], "--report") && out->reconcile)
            out->report = true;
        else if (str_eq(argv[i], "--yes") && !out->reconcile)
            out->yes = true;
        else if (str_eq(argv[i], "--full") && !out->reconcile)
            out->full = true;
        else
            return argv[i];
    }
    return NULL;
}
