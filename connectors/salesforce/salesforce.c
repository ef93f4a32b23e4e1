/* Salesforce: options, the ways to log in, limits, and the table of its verbs. The dialect is in the files beside. */
#include "connectors/salesforce/salesforce.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include "bridge/base/when.h"
#include "connectors/salesforce/salesforce_private.h"
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define DAY_FILL                                                                                                       \
    0.7 /* of the day's calls for everything but live changes; the budget belongs to the whole organisation */
#define IN_FLIGHT 2 /* requests that touch children of one parent lock each other out */

static const char *const salesforce_native[] = {"Lead", "Contact", "Opportunity", "Task", NULL};
static const char *const salesforce_policies[] = {"hold", "link", "allow", NULL};

#define AT(m) offsetof(struct salesforce, m)
static const struct opt salesforce_options[] = {
    {"client_id", OPT_TEXT, AT(client_id), NULL, false, 0, 0, NULL, "consumer key of the external client app"},
    {"private_key", OPT_SECRET, AT(private_key), NULL, false, 0, 0, NULL,
     "RSA key (PEM) of the app's certificate: JWT bearer login, the one to prefer"},
    {"username", OPT_TEXT, AT(username), NULL, false, 0, 0, NULL, "the integration user's username, with private_key"},
    {"client_secret", OPT_SECRET, AT(client_secret), NULL, false, 0, 0, NULL,
     "app's secret: client credentials login, or with refresh_token"},
    {"refresh_token", OPT_SECRET, AT(refresh_token), NULL, false, 0, 0, NULL, "refresh token of the integration user"},
    {"login_url", OPT_TEXT, AT(login_url), "https://login.salesforce.com", false, 0, 0, NULL,
     "where to log in: login, test (sandboxes) or the organisation's My Domain, which client credentials need"},
    {"audience", OPT_TEXT, AT(audience), NULL, false, 0, 0, NULL,
     "aud of the JWT; default: login_url when it is https://test.salesforce.com, else https://login.salesforce.com"},
    {"session", OPT_SPAN, AT(session), "2h", false, 60000, 7 * DAY_MS, NULL,
     "life of a session (Setup, Session Settings); a new one is got at 80 %"},
    {"token", OPT_SECRET, AT(token), NULL, false, 0, 0, NULL,
     "a session id instead of a login, for trying things out; needs base_url"},
    {"base_url", OPT_TEXT, AT(base_url), NULL, false, 0, 0, NULL,
     "the organisation's address, with token only; a login tells it itself"},
    {"version", OPT_TEXT, AT(version), "62.0", false, 0, 0, NULL, "API version"},
    {"daily", OPT_INT, AT(daily), "15000", false, 100, 100000000, NULL,
     "calls per day, until the service tells its own number"},
    {"fill", OPT_REAL, AT(fill), "0.85", false, 0, 0, NULL, "share of the day's calls to use"},
    {"duplicates", OPT_CHOICE, AT(duplicates), "hold", false, 0, 0, salesforce_policies,
     "a duplicate rule objects: hold the record for a person, link the one match, or allow (alert rules only)"},
    {"auto_assign", OPT_BOOL, AT(auto_assign), "false", false, 0, 0, NULL,
     "let assignment rules give written leads to other owners"},
    {"bulk", OPT_INT, AT(bulk), "10000", false, 0, 1000000000, NULL,
     "from so many records at once on, new ones go and full comparisons read as Bulk API 2.0 jobs; 0 = never"},
    {"filler", OPT_TEXT, AT(filler), "[not provided]", false, 0, 0, NULL,
     "stands for a last name, company or opportunity name nobody told; reads as blank"},
    {"close_date", OPT_TEXT, AT(close_date), "2099-12-31", false, 0, 0, NULL,
     "stands for an opportunity's close date nobody told; reads as blank"},
    {"task_status", OPT_TEXT, AT(task_status), "Completed", false, 0, 0, NULL,
     "status of new tasks, which log what was said: one that closes them"},
    {"currency", OPT_TEXT, AT(currency), NULL, false, 0, 0, NULL,
     "ISO code of the organisation's one currency, which the API does not tell: amounts of another one are held"},
    OPT_END};

static bool salesforce_version_ok(const char *v)
{
    size_t n = v ? strspn(v, "0123456789") : 0;
    return n >= 2 && n <= 3 && str_eq(v + n, ".0");
}

static bool salesforce_day_ok(const char *text)
{
    int64_t ms = 0;
    char back[WHEN_TEXT];
    if (!text || strlen(text) != 10 || !when_parse(text, &ms))
        return false;
    when_print(ms, back);
    return !strncmp(back, text, 10);
}

static bool salesforce_check(const struct salesforce *s, struct err *err)
{
    if (!salesforce_version_ok(s->version))
        return err_set(err, ERR_CONFIG, "version is written like 62.0");
    if (!(s->fill > 0 && s->fill <= 1))
        return err_set(err, ERR_CONFIG, "fill must be more than 0 and at most 1");
    if (str_blank(s->filler))
        return err_set(err, ERR_CONFIG, "filler must not be blank: the service wants a text there");
    if (!salesforce_day_ok(s->close_date))
        return err_set(err, ERR_CONFIG, "close_date is written like 2099-12-31");
    if (s->token)
        return s->base_url || err_set(err, ERR_CONFIG, "token needs base_url");
    if (!s->client_id)
        return err_set(err, ERR_CONFIG,
                       "say client_id, with private_key and username, or client_secret, or refresh_token");
    if (s->private_key)
        return s->username ? oauth_key_usable(s->private_key, err)
                           : err_set(err, ERR_CONFIG, "private_key needs username: whom to log in");
    if (!s->refresh_token && !s->client_secret)
        return err_set(err, ERR_CONFIG, "client_id needs private_key, refresh_token or client_secret");
    bool shared = strstr(s->login_url, "//login.salesforce.com") || strstr(s->login_url, "//test.salesforce.com");
    if (!s->refresh_token && shared)
        return err_set(err, ERR_CONFIG,
                       "client credentials are only taken by the organisation's My Domain: say login_url");
    return true;
}

static struct oauth *salesforce_oauth(struct endpoint *ep)
{
    const struct salesforce *s = salesforce_of(ep);
    bool test = str_eq(s->login_url, "https://test.salesforce.com");
    const char *audience = s->audience ? s->audience : test ? s->login_url : "https://login.salesforce.com";
    AUTO_FREE char *url = mem_printf("%s/services/oauth2/token", s->login_url),
                   *name = mem_printf("oauth:%s", ep->name);
    const struct oauth_options o = {.name = name,
                                    .static_token = s->token,
                                    .token_url = url,
                                    .client_id = s->client_id,
                                    .client_secret = s->client_secret,
                                    .refresh_token = s->refresh_token,
                                    .private_key = s->private_key,
                                    .subject = s->username,
                                    .audience = audience,
                                    .life_ms = s->session};
    return oauth_new(&o, &ep->vault);
}

static void salesforce_cut_slash(char *url)
{
    size_t n = url ? strlen(url) : 0;
    while (n && url[n - 1] == '/')
        url[--n] = '\0';
}

static bool salesforce_open(struct endpoint *ep, struct err *err)
{
    struct salesforce *s = salesforce_of(ep);
    salesforce_cut_slash(s->login_url);
    salesforce_cut_slash(s->base_url);
    if (!salesforce_check(s, err))
        return false;
    const struct limiter_bucket bucket = {.name = "main", .windows = {{DAY_MS, (unsigned)s->daily}}};
    ep->base_url = s->token ? mem_dup(s->base_url) : NULL; /* else it comes with the token */
    ep->limiter = limiter_new(&bucket, 1, s->fill, DAY_FILL);
    ep->oauth = salesforce_oauth(ep);
    ep->in_flight = IN_FLIGHT;
    ep->judge = salesforce_judge;
    ep->heed = salesforce_heed;
    ep->incurable = salesforce_incurable;
    ep->bulk_from = s->auto_assign ? 0 : s->bulk; /* a job runs no assignment rules unless it names one */
    ep->survey_from = s->bulk;
    return true;
}

static void salesforce_close(struct endpoint *ep)
{
    struct salesforce *s = salesforce_of(ep);
    for (size_t i = 0; i < s->n_known; i++)
        schema_done(&s->known[i]);
    s->n_known = 0;
    free(s->home);
    s->home = NULL;
}

static bool salesforce_probe(struct endpoint *ep, struct organisation *out, struct err *err)
{
    AUTO(call_done) struct call c = {0};
    salesforce_query(ep, &c, "SELECT Id, Name, IsSandbox, OrganizationType FROM Organization", false);
    if (!endpoint_call(ep, &c, err))
        return err_wrap(err, "asking Salesforce for the organisation");
    const json_t *org = json_array_get(json_object_get(c.json, "records"), 0);
    const char *id = js_str(org, "Id"), *sandbox = js_bool_or(org, "IsSandbox", false) ? ", sandbox" : "";
    if (!id)
        return err_set(err, ERR_TEMP, "Salesforce answered no organisation");
    *out = (struct organisation){
        .id = mem_dup(id),
        .currency = mem_dup(salesforce_of(ep)->currency), /* with several, each record tells its own */
        .label = mem_printf("%s (%s%s)", js_str_or(org, "Name", id), js_str_or(org, "OrganizationType", "?"), sandbox)};
    return true;
}

const struct connector salesforce_connector = {
    .name = "salesforce",
    .about = "Salesforce leads, contacts, opportunities and tasks; JWT bearer, client credentials or refresh token",
    .caps = CAP_FETCH | CAP_CREATE | CAP_FIND | CAP_FEED | CAP_DESCRIBE | CAP_SETUP | CAP_BULK | CAP_SURVEY,
    .state_size = sizeof(struct salesforce),
    .options = salesforce_options,
    .objects = salesforce_native,
    .open = salesforce_open,
    .close = salesforce_close,
    .probe = salesforce_probe,
    .describe = salesforce_describe,
    .setup = salesforce_setup,
    .changes = salesforce_changes,
    .hook = connector_no_hook,
    .find = salesforce_find,
    .fetch = salesforce_fetch,
    .put = salesforce_put,
    .load = salesforce_load,
    .collect = salesforce_collect,
    .survey = salesforce_survey,
};
