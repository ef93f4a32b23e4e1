/* The yardstick: the least a C program can do to carry prospects to HubSpot. It walks the same pages as the connector,
 * sends the same fields in the same upserts and keeps one row for each contact. It does not look first, log, compare,
 * retry, limit itself or survive a crash: what it costs cannot be avoided, what the bridge costs beyond it is its own. */
#include "bridge/base/buf.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
#include <curl/curl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define SLOTS_MAX 64
#define BATCH 100
#define WAITING_MAX 16 /* upserts that may wait for a slot before reading pauses */

static const char *const views[] = {NULL, "default", "requests", "archived", "no-reply"};
static const char *const stages[][2] = {{"New", "NEW"},
                                        {"Contacted", "ATTEMPTED_TO_CONTACT"},
                                        {"Qualified", "OPEN_DEAL"},
                                        {"Negotiation", "IN_PROGRESS"},
                                        {"Won", "CONNECTED"},
                                        {"Lost", "UNQUALIFIED"}};

struct view {
    char *from; /* from is the query text of the next page; "" = the first one */
    bool flying, over;
};

struct slot {
    CURL *easy;
    struct buf answer;
    char *body;        /* body of an upsert; NULL = a page */
    struct view *view; /* view the page belongs to */
};

/* The X ids met so far: every thread is in two views, and a prospect may have several. 0 = free. */
struct seen {
    uint64_t *ids;
    size_t n, room;
};

static struct {
    const char *inbox, *hubspot;
    unsigned in_flight;
    bool at_once; /* all views at once instead of one after the other */
    CURLM *multi;
    struct curl_slist *headers;
    struct slot slots[SLOTS_MAX];
    struct view views[COUNT(views)];
    json_t *statuses, *tags; /* id -> what HubSpot calls it */
    json_t *batch;
    char *waiting[WAITING_MAX + BATCH];
    size_t n_waiting, n_flying;
    struct seen seen;
    sqlite3 *db;
    sqlite3_stmt *insert;
} me;

static void die(const char *what, const char *why)
{
    fprintf(stderr, "minimal: %s: %s\n", what, why);
    exit(1);
}

/* ---- seen ---- */

static bool seen_add(struct seen *s, uint64_t id)
{
    if (s->n * 2 >= s->room) {
        struct seen old = *s;
        *s = (struct seen){.room = old.room ? old.room * 2 : 1024};
        s->ids = mem_alloc(s->room * sizeof *s->ids);
        for (size_t i = 0; i < old.room; i++)
            if (old.ids[i])
                seen_add(s, old.ids[i]);
        free(old.ids);
    }
    size_t at = (id * 0x9e3779b97f4a7c15u) & (s->room - 1);
    for (; s->ids[at]; at = (at + 1) & (s->room - 1))
        if (s->ids[at] == id)
            return false;
    s->ids[at] = id;
    s->n++;
    return true;
}

/* ---- the id map ---- */

static void sql(const char *text)
{
    char *why = NULL;
    if (sqlite3_exec(me.db, text, NULL, NULL, &why) != SQLITE_OK)
        die(text, why ? why : "?");
}

static void map_open(const char *path)
{
    if (sqlite3_open(path, &me.db) != SQLITE_OK)
        die(path, sqlite3_errmsg(me.db));
    sql("PRAGMA journal_mode = WAL");
    sql("PRAGMA synchronous = FULL");
    sql("CREATE TABLE map(key TEXT PRIMARY KEY, contact TEXT NOT NULL) WITHOUT ROWID");
    if (sqlite3_prepare_v2(me.db, "INSERT OR REPLACE INTO map VALUES(?, ?)", -1, &me.insert, NULL) != SQLITE_OK)
        die(path, sqlite3_errmsg(me.db));
}

static void map_put(const char *key, const char *contact)
{
    sqlite3_bind_text(me.insert, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_text(me.insert, 2, contact, -1, SQLITE_STATIC);
    if (sqlite3_step(me.insert) != SQLITE_DONE)
        die("the id map", sqlite3_errmsg(me.db));
    sqlite3_reset(me.insert);
}

/* ---- what a contact is ---- */

static void set_text(json_t *props, const char *name, const char *text)
{
    if (text && *text)
        js_set(props, name, json_string(text));
}

static void set_number(json_t *props, const char *name, const json_t *v)
{
    char text[64];
    if (json_is_integer(v))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(v));
    else
        snprintf(text, sizeof text, "%.15g", json_real_value(v));
    if (json_is_number(v))
        set_text(props, name, text);
}

static void set_names(json_t *props, const char *display)
{
    const char *first = display ? display + strspn(display, " \t\n") : "";
    const char *rest = first + strcspn(first, " \t\n");
    AUTO_FREE char *word = mem_dup_n(first, (size_t)(rest - first));
    set_text(props, "firstname", word);
    set_text(props, "lastname", rest + strspn(rest, " \t\n"));
}

static void set_tags(json_t *props, const json_t *tags)
{
    struct buf b = {0};
    for (size_t i = 0; i < json_array_size(tags); i++) {
        const json_t *tag = json_array_get(tags, i);
        const char *id = json_is_object(tag) ? js_str(tag, "id") : json_string_value(tag);
        buf_printf(&b, "%s%s", i ? ";" : "", js_str_or(me.tags, id ? id : "", "?"));
    }
    set_text(props, "inbox_tags", buf_str(&b));
    buf_done(&b);
}

static json_t *input_of(const json_t *prospect, const char *key)
{
    json_t *props = json_object();
    const json_t *context = json_object_get(prospect, "context");
    set_names(props, js_str(prospect, "displayName"));
    set_text(props, "twitterhandle", js_str(prospect, "username"));
    set_text(props, "inbox_profile_url", js_str(prospect, "profileUrl"));
    set_text(props, "inbox_bio", js_str(prospect, "bio"));
    set_number(props, "inbox_followers", json_object_get(prospect, "followerCount"));
    set_text(props, "hs_lead_status", js_str(me.statuses, js_str_or(context, "statusId", "")));
    set_number(props, "inbox_valuation", json_object_get(context, "valuation"));
    set_tags(props, json_object_get(context, "tags"));
    set_text(props, "inbox_notes", js_str(context, "notes"));
    set_text(props, "inbox_prospect_key", key);
    return json_pack("{s:s,s:s,s:o}", "id", key, "idProperty", "inbox_prospect_key", "properties", props);
}

/* ---- answers ---- */

static void flush_batch(void)
{
    if (!json_array_size(me.batch))
        return;
    AUTO_JSON json_t *body = json_pack("{s:o}", "inputs", me.batch);
    me.batch = json_array();
    me.waiting[me.n_waiting++] = js_print(body);
}

static void take_page(struct view *v, const json_t *page)
{
    const json_t *next = json_object_get(page, "nextCursor"), *threads = json_object_get(page, "threads");
    for (size_t i = 0; i < json_array_size(threads); i++) {
        const json_t *prospect = json_object_get(json_array_get(threads, i), "prospect");
        const char *id = js_str(prospect, "platformId");
        if (!id || !seen_add(&me.seen, strtoull(id, NULL, 10)))
            continue;
        AUTO_FREE char *key = mem_printf("x:%s", id);
        js_add(me.batch, input_of(prospect, key));
        if (json_array_size(me.batch) == BATCH)
            flush_batch();
    }
    free(v->from);
    v->from = NULL;
    v->flying = false;
    v->over = !json_is_object(next);
    if (v->over)
        return;
    AUTO_FREE char *at = curl_easy_escape(NULL, js_str_or(next, "timestamp", ""), 0);
    v->from = mem_printf("&cursorId=%s&cursorTimestamp=%s", js_str_or(next, "id", ""), at);
}

static void take_contacts(const json_t *answer)
{
    const json_t *rows = json_object_get(answer, "results");
    sql("BEGIN");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *key = js_str(json_object_get(row, "properties"), "inbox_prospect_key"), *id = js_str(row, "id");
        if (!key || !id)
            die("an upsert", "a row without key or id");
        map_put(key, id);
    }
    sql("COMMIT");
}

static size_t on_body(char *data, size_t size, size_t n, void *self)
{
    struct slot *s = self;
    return buf_add(&s->answer, data, size * n) ? size * n : 0;
}

static json_t *parsed(const char *what, const struct buf *b)
{
    struct err err = {0};
    json_t *out = js_parse(buf_str(b), b->n, &err);
    if (!out)
        die(what, err.text);
    return out;
}

static void finish(struct slot *s, CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200)
        die(s->body ? "an upsert" : "a page", code ? curl_easy_strerror(code) : buf_str(&s->answer));
    curl_multi_remove_handle(me.multi, s->easy);
    AUTO_JSON json_t *answer = parsed("an answer", &s->answer);
    buf_reset(&s->answer);
    if (s->body)
        take_contacts(answer);
    else
        take_page(s->view, answer);
    free(s->body);
    s->body = NULL;
    s->view = NULL;
    me.n_flying--;
}

/* ---- calls ---- */

static void start(struct slot *s, const char *url)
{
    if (!s->easy)
        s->easy = curl_easy_init();
    curl_easy_setopt(s->easy, CURLOPT_URL, url);
    curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, me.headers);
    curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    if (s->body) {
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(s->body));
        curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->body);
    } else {
        curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
    }
    if (curl_multi_add_handle(me.multi, s->easy) != CURLM_OK)
        die(url, "not sent");
    me.n_flying++;
}

static struct slot *free_slot(void)
{
    for (unsigned i = 0; i < me.in_flight; i++)
        if (!me.slots[i].body && !me.slots[i].view)
            return &me.slots[i];
    return NULL;
}

static struct view *next_view(void)
{
    for (size_t i = 0; i < COUNT(views); i++) {
        if (!me.views[i].over && !me.views[i].flying)
            return &me.views[i];
        if (!me.views[i].over && !me.at_once)
            return NULL;
    }
    return NULL;
}

static bool reading_over(void)
{
    for (size_t i = 0; i < COUNT(views); i++)
        if (!me.views[i].over)
            return false;
    return true;
}

static void start_upsert(struct slot *s)
{
    AUTO_FREE char *url = mem_printf("%s/crm/objects/2026-09/contacts/batch/upsert", me.hubspot);
    s->body = me.waiting[0];
    memmove(me.waiting, me.waiting + 1, --me.n_waiting * sizeof *me.waiting);
    start(s, url);
}

static void start_page(struct slot *s, struct view *v)
{
    const char *name = views[v - me.views];
    AUTO_FREE char *url = mem_printf("%s/api/v1/threads?limit=100&filters%%5BsortOrder%%5D=asc%s%s%s", me.inbox,
                                     name ? "&inbox=" : "", name ? name : "", v->from ? v->from : "");
    s->view = v;
    v->flying = true;
    start(s, url);
}

/* Upserts go before pages, so that little waits in memory. */
static void fill_slots(void)
{
    if (reading_over())
        flush_batch();
    for (struct slot *s; (s = free_slot());) {
        struct view *v = me.n_waiting < WAITING_MAX ? next_view() : NULL;
        if (me.n_waiting)
            start_upsert(s);
        else if (v)
            start_page(s, v);
        else
            return;
    }
}

static void run(void)
{
    for (fill_slots(); me.n_flying; fill_slots()) {
        int running = 0, left = 0;
        curl_multi_perform(me.multi, &running);
        for (CURLMsg *m; (m = curl_multi_info_read(me.multi, &left));) {
            struct slot *s = NULL;
            CURLcode code = m->data.result;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s);
            finish(s, code);
        }
        if (running)
            curl_multi_poll(me.multi, NULL, 0, 1000, NULL);
    }
}

/* The labels of statuses or tags by id; statuses in HubSpot's words. */
static json_t *labels(const char *what)
{
    struct slot s = {.easy = curl_easy_init()};
    AUTO_FREE char *url = mem_printf("%s/api/v1/%s", me.inbox, what);
    json_t *out = json_object(), *one;
    size_t i;
    curl_easy_setopt(s.easy, CURLOPT_URL, url);
    curl_easy_setopt(s.easy, CURLOPT_HTTPHEADER, me.headers);
    curl_easy_setopt(s.easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(s.easy, CURLOPT_WRITEDATA, &s);
    if (curl_easy_perform(s.easy) != CURLE_OK)
        die(what, "no answer");
    AUTO_JSON json_t *list = parsed(what, &s.answer);
    json_array_foreach (list, i, one) {
        const char *label = js_str(one, "name");
        for (size_t k = 0; k < COUNT(stages) && !strcmp(what, "statuses"); k++)
            if (str_eq(label, stages[k][0]))
                label = stages[k][1];
        js_set(out, js_str_or(one, "id", ""), json_string(label));
    }
    curl_easy_cleanup(s.easy);
    buf_done(&s.answer);
    return out;
}

int main(int argc, char **argv)
{
    int64_t in_flight = 0;
    if (argc < 5 || !str_to_int(argv[4], 1, SLOTS_MAX, &in_flight)) {
        fprintf(stderr, "usage: bench-minimal INBOX HUBSPOT MAP-FILE IN-FLIGHT [at-once]\n");
        return 1;
    }
    me.inbox = argv[1];
    me.hubspot = argv[2];
    me.in_flight = (unsigned)in_flight;
    me.at_once = argc > 5;
    curl_global_init(CURL_GLOBAL_DEFAULT);
    me.multi = curl_multi_init();
    me.headers = curl_slist_append(NULL, "Authorization: Bearer sandbox-token");
    me.headers = curl_slist_append(me.headers, "Content-Type: application/json");
    me.headers = curl_slist_append(me.headers, "Expect:");
    me.batch = json_array();
    map_open(argv[3]);
    me.statuses = labels("statuses");
    me.tags = labels("tags");
    run();
    printf("%zu contacts\n", me.seen.n);
    sqlite3_finalize(me.insert);
    sqlite3_close(me.db);
    return 0;
}
