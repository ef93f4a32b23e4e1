/* init: a commented configuration and a copy of a shipped mapping to begin with, from flags or from answers. It asks no
 * service anything (that is `check`), takes no secret itself, and goes over no file unless told to. */
#include "bridge/app/app.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVICE_DIR "/etc/inbox-bridge" /* where the service looks: its store and its secrets have their places too */
#define SERVICE_STORE "/var/lib/inbox-bridge/inbox-bridge.db"
#define COPY_MOST (1u << 20)

enum crm { HUBSPOT, SALESFORCE, WEBHOOK, CRMS };
static const struct {
    const char *name, *mapping, *secret, *url;
} crms[CRMS] = {
    [HUBSPOT] = {"hubspot", "hubspot", "env:HUBSPOT_TOKEN", "base_url"},
    [SALESFORCE] = {"salesforce", "salesforce-leads", "env:SALESFORCE_KEY", "login_url"},
    [WEBHOOK] = {"webhook", "webhook", "env:WEBHOOK_SECRET", "url"},
};

enum answer { CRM, INBOX_TOKEN, INBOX_URL, CRM_TOKEN, BASE_URL, CLIENT_ID, USERNAME, MAPPING, STORE, OUT, ANSWERS };
#define FOR(crm) (1u << (crm))
#define FOR_ALL (FOR(CRMS) - 1)
static const struct {
    const char *flag, *question;
    unsigned asked;  /* for which CRMs it is asked when no flag says it */
    unsigned needed; /* for which it may not stay empty */
    bool secret;
} answers[ANSWERS] = {
    [CRM] = {"--crm", "Which CRM? hubspot, salesforce or webhook (any other system)", FOR_ALL, FOR_ALL, false},
    [INBOX_TOKEN] = {"--inbox-token", "Where is Inbox's API token? env:NAME, file:/path or cred:NAME", FOR_ALL, FOR_ALL, true},
    [INBOX_URL] = {"--inbox-url", NULL, 0, 0, false},
    [CRM_TOKEN] = {"--crm-token", "Where is the CRM's token, private key or signing secret?", FOR_ALL, FOR_ALL, true},
    [BASE_URL] = {"--base-url", "Which URL takes the messages?", FOR(WEBHOOK), FOR(WEBHOOK), false},
    [CLIENT_ID] = {"--client-id", "Consumer key of the external client app?", FOR(SALESFORCE), FOR(SALESFORCE), false},
    [USERNAME] = {"--username", "Username of the integration user?", FOR(SALESFORCE), FOR(SALESFORCE), false},
    [MAPPING] = {"--mapping", "Which mapping? salesforce-leads or salesforce-contacts", FOR(SALESFORCE), FOR_ALL, false},
    [STORE] = {"--store", NULL, 0, FOR_ALL, false},
    [OUT] = {"--out", NULL, 0, FOR_ALL, false},
};

struct init {
    char *said[ANSWERS];
    enum crm crm;
    bool yes, force;
};

static void init_done(struct init *in)
{
    for (int i = 0; i < ANSWERS; i++)
        free(in->said[i]);
}

static bool complain(const char *text, const char *word)
{
    fprintf(stderr, "inbox-bridge: init: %s%s\n", text, word);
    return false;
}

/* ---- flags, questions, defaults ---- */

static bool read_flags(struct init *in, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int which = 0;
        while (which < ANSWERS && strcmp(argv[i], answers[which].flag) != 0)
            which++;
        if (!strcmp(argv[i], "--yes"))
            in->yes = true;
        else if (!strcmp(argv[i], "--force"))
            in->force = true;
        else if (which == ANSWERS)
            return complain("unknown argument ", argv[i]);
        else if (i + 1 == argc)
            return complain("say what after ", argv[i]);
        else {
            free(in->said[which]);
            in->said[which] = mem_dup(argv[++i]);
        }
    }
    return true;
}

static char *fallback(const struct init *in, enum answer which)
{
    bool service = which != OUT && str_eq(in->said[OUT], SERVICE_DIR);
    switch (which) {
    case CRM: return mem_dup("hubspot");
    case INBOX_TOKEN: return mem_dup(service ? "cred:secret_inbox_token" : "env:INBOX_API_TOKEN");
    case CRM_TOKEN: return mem_dup(service ? "cred:secret_crm_token" : crms[in->crm].secret);
    case MAPPING: return mem_dup(crms[in->crm].mapping);
    case STORE: return mem_dup(service ? SERVICE_STORE : "inbox-bridge.db");
    case OUT: return mem_dup(".");
    default: return NULL;
    }
}

static bool ask(struct init *in, enum answer which)
{
    AUTO_FREE char *usual = fallback(in, which), *line = NULL;
    size_t cap = 0;
    printf("%s%s%s%s ", answers[which].question, usual ? " [" : "", usual ? usual : "", usual ? "]" : "");
    fflush(stdout);
    ssize_t n = getline(&line, &cap, stdin);
    if (n < 0)
        return complain("nobody answers: say --yes and what else is needed as flags", "");
    line[strcspn(line, "\r\n")] = '\0';
    in->said[which] = mem_dup(*line || !usual ? line : usual);
    return true;
}

/* What stands between quotes in the file must not end them, nor the line. */
static bool plain(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < ' ' || *c == '"' || *c == '\\' || *c == 0x7f)
            return false;
    return str_utf8_valid(text, strlen(text));
}

static bool accept(struct init *in, enum answer which)
{
    const char *text = in->said[which];
    if (str_blank(text))
        return answers[which].needed & FOR(in->crm) ? complain("this is needed: ", answers[which].flag) : true;
    if (!plain(text))
        return complain("quotes, backslashes and control characters have no place in ", answers[which].flag);
    if (answers[which].secret && !str_starts(text, "env:") && !str_starts(text, "file:") && !str_starts(text, "cred:"))
        return complain("a secret never stands in the file: say env:NAME, file:/path or cred:NAME after ", answers[which].flag);
    if (which != CRM)
        return true;
    for (int crm = 0; crm < CRMS; crm++)
        if (str_eq(text, crms[crm].name)) {
            in->crm = (enum crm)crm;
            return true;
        }
    return complain("hubspot, salesforce or webhook, not ", text);
}

static bool gather(struct init *in)
{
    if (!in->said[OUT])
        in->said[OUT] = fallback(in, OUT);
    for (int i = 0; i < ANSWERS; i++) {
        bool asked = !in->said[i] && !in->yes && answers[i].asked & FOR(in->crm);
        if (asked && !ask(in, (enum answer)i))
            return false;
        if (!in->said[i])
            in->said[i] = fallback(in, (enum answer)i);
        if (!accept(in, (enum answer)i))
            return false;
    }
    return true;
}

/* ---- the text ---- */

static void setting(struct buf *b, const char *name, const char *value, const char *about)
{
    if (!str_blank(value))
        buf_printf(b, "    %s = \"%s\";%s%s\n", name, value, about ? "   # " : "", about ? about : "");
}

static bool own_network(const char *url)
{
    return str_starts(url, "http://127.") || str_starts(url, "http://localhost") || str_starts(url, "http://[::1]");
}

static void crm_endpoint(struct buf *b, const struct init *in)
{
    static const char *const names[CRMS] = {"token", "private_key", "secret"};
    buf_printf(b, "  %s = {\n    connector = \"%s\";\n", crms[in->crm].name, crms[in->crm].name);
    setting(b, crms[in->crm].url, in->said[BASE_URL], NULL);
    setting(b, "client_id", in->said[CLIENT_ID], NULL);
    setting(b, "username", in->said[USERNAME], "give it only the rights it needs");
    setting(b, names[in->crm], in->said[CRM_TOKEN], NULL);
    if (in->crm == WEBHOOK) {
        buf_puts(b, "    # read_url = \"…\";   # where records can be read; without it what was last said is believed\n");
        if (own_network(in->said[BASE_URL]))
            buf_puts(b, "    allow_private = true;   # the url is on this machine\n");
    }
    setting(b, "poll", "60s", "how often changes are asked for; webhooks only make it faster");
    if (in->crm != SALESFORCE) /* it has no webhooks: its changes are polled */
        buf_printf(b, "    # hook_secret = \"env:CRM_HOOK_SECRET\";   # its webhooks come to /hooks/%s\n", crms[in->crm].name);
    buf_puts(b, "  };\n");
}

static char *configuration(const struct init *in, const char *mapping)
{
    struct buf b = BUF_INIT(0);
    buf_puts(&b, "# Configuration of inbox-bridge, begun by `inbox-bridge init`. `inbox-bridge check` tells every fault at once;\n"
                 "# `inbox-bridge reference` and inbox-bridge.cfg(5) tell all options. No secret stands here, only where it is:\n"
                 "# env:NAME (environment), file:/path, or cred:NAME (a credential of systemd).\n\n");
    buf_printf(&b, "# The one file with all that must survive: links, shadows, waiting work. Back it up; one process at a time.\n"
                   "store = \"%s\";\n# log_level = \"info\";   # error, warn, info or debug\n"
                   "http = { listen = \"127.0.0.1:8420\"; };   # webhooks, /healthz and /metrics; without it nothing listens\n\n",
               in->said[STORE]);
    buf_puts(&b, "# The accounts. The names before the = are yours; keep them, cursors and organisations belong to them.\n"
                 "endpoints = {\n  inbox = {\n    connector = \"inbox\";\n");
    setting(&b, "token", in->said[INBOX_TOKEN], "API token of the team: Settings, API");
    setting(&b, "base_url", in->said[INBOX_URL], NULL);
    setting(&b, "poll", "15s", NULL);
    buf_puts(&b, "    # hook_secret = \"env:INBOX_HOOK_SECRET\";   # its webhooks come to /hooks/inbox\n  };\n");
    crm_endpoint(&b, in);
    buf_printf(&b, "};\n\n# What is kept in step with what. The mapping says which field is which, who may change it, and who wins.\n"
                   "routes = (\n  { name = \"sales\";   # keep it: links belong to it\n"
                   "    inbox = \"inbox\"; crm = \"%s\"; mapping = \"%s\"; }\n);\n", crms[in->crm].name, mapping);
    return buf_take(&b);
}

/* ---- files ---- */

static char *read_file(const char *path)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    char *text = mem_alloc(COPY_MOST + 1);
    size_t n = fread(text, 1, COPY_MOST, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

/* A shipped mapping lies beside the program: where it was installed, or in the sources it was built in. */
static char *shipped(const char *name)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    for (char *end = strrchr(self, '/'); end; end = strrchr(self, '/')) {
        *end = '\0';
        AUTO_FREE char *installed = mem_printf("%s/share/inbox-bridge/mappings/%s.cfg", self, name);
        AUTO_FREE char *source = mem_printf("%s/mappings/%s.cfg", self, name);
        char *text = read_file(installed);
        if (!text)
            text = read_file(source);
        if (text)
            return text;
    }
    complain("no mapping of this name is shipped: ", name);
    return NULL;
}

static bool vacant(const struct init *in, const char *path)
{
    if (in->force || access(path, F_OK) != 0)
        return true;
    fprintf(stderr, "inbox-bridge: init: %s is there already; --force goes over it\n", path);
    return false;
}

/* For root in a folder of a group, the service's: what the group shall read is the group's. */
static bool hand_over(int fd, const char *folder)
{
    struct stat s;
    return geteuid() != 0 || stat(folder, &s) != 0 || s.st_gid == 0 ||
           (fchown(fd, (uid_t)-1, s.st_gid) == 0 && fchmod(fd, 0640) == 0);
}

static bool put_file(const struct init *in, const char *path, const char *text)
{
    AUTO_FREE char *fresh = mem_printf("%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    size_t n = strlen(text);
    bool ok = fd >= 0 && fchmod(fd, 0600) == 0 && write(fd, text, n) == (ssize_t)n && hand_over(fd, in->said[OUT]) && fsync(fd) == 0;
    ok = (fd < 0 || close(fd) == 0) && ok;
    ok = ok && (in->force ? rename(fresh, path) == 0 : link(fresh, path) == 0);
    int why = errno;
    unlink(fresh);
    if (!ok)
        fprintf(stderr, "inbox-bridge: init: %s: %s\n", path, strerror(why));
    return ok;
}

/* Credentials exist only where systemd or inbox-bridge-ctl runs the program: there is nothing to look at now. */
static void remind(const char *spec)
{
    static const char service[] = "cred:secret_";
    struct err err = {0};
    char *secret = opt_secret(spec, &err);
    if (!secret && str_starts(spec, service))
        printf("put the secret into " SERVICE_DIR "/secrets/%s\n", spec + strlen(service));
    else if (!secret)
        printf("still to be put in its place: %s (%s)\n", spec, err.text);
    else
        mem_wipe(secret, strlen(secret));
    free(secret);
}

static void tell(const struct init *in, const char *config, const char *mapping)
{
    printf("wrote %s and %s\n", config, mapping);
    remind(in->said[INBOX_TOKEN]);
    remind(in->said[CRM_TOKEN]);
    if (str_eq(in->said[OUT], SERVICE_DIR))
        printf("read the mapping, then: inbox-bridge-ctl check\n");
    else
        printf("read the mapping, then: inbox-bridge -c %s check\n", config);
}

int cmd_init(struct app *app, int argc, char **argv)
{
    struct init in __attribute__((cleanup(init_done))) = {0};
    (void)app;
    if (!read_flags(&in, argc, argv) || !gather(&in))
        return EXIT_USAGE;
    const char *named = strrchr(in.said[MAPPING], '/');
    AUTO_FREE char *text = named ? read_file(in.said[MAPPING]) : shipped(in.said[MAPPING]);
    if (!text)
        return named ? complain("cannot be read: ", in.said[MAPPING]), EXIT_USAGE : EXIT_USAGE;
    AUTO_FREE char *base = named ? mem_dup(named + 1) : mem_printf("%s.cfg", in.said[MAPPING]);
    AUTO_FREE char *config = mem_printf("%s/inbox-bridge.cfg", in.said[OUT]), *mapping = mem_printf("%s/%s", in.said[OUT], base);
    AUTO_FREE char *settings = configuration(&in, base);
    if (mkdir(in.said[OUT], 0700) != 0 && errno != EEXIST) {
        complain("the folder cannot be made: ", in.said[OUT]);
        return EXIT_USAGE;
    }
    bool both = vacant(&in, config), all = vacant(&in, mapping) && both;
    if (!all || !put_file(&in, mapping, text) || !put_file(&in, config, settings))
        return EXIT_USAGE;
    tell(&in, config, mapping);
    return EXIT_IN_STEP;
}
