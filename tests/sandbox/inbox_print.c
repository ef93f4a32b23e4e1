/* Things as the API's JSON text, written straight into a buffer: a page of a hundred threads is a quarter of a megabyte,
 * and simulations read hundreds of thousands of pages. Member order is the vendor's. */
#include "bridge/base/str.h"
#include "tests/sandbox/inbox_inner.h"
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* ---- values ---- */

static void write_escape(struct buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    if (c == '"' || c == '\\')
        buf_add(b, (char[]){'\\', (char)c}, 2);
    else if (c == '\n')
        PUT(b, "\\n");
    else
        buf_add(b, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

static void write_plain(struct buf *b, const char *s)
{
    for (size_t run = 0;;) {
        size_t i = run;
        while ((unsigned char)s[i] >= ' ' && s[i] != '"' && s[i] != '\\')
            i++;
        buf_add(b, s + run, i - run);
        if (!s[i])
            return;
        write_escape(b, (unsigned char)s[i]);
        run = i + 1;
    }
}

void write_text(struct buf *b, const char *s)
{
    if (!s) {
        PUT(b, "null");
        return;
    }
    buf_putc(b, '"');
    write_plain(b, s);
    buf_putc(b, '"');
}

void write_number(struct buf *b, int64_t n)
{
    char text[24], *at = text + sizeof text;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do
        *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (n < 0)
        *--at = '-';
    buf_add(b, at, (size_t)(text + sizeof text - at));
}

void write_real(struct buf *b, double v)
{
    char text[STR_REAL];
    if (v >= -1e15 && v <= 1e15 && v == (double)(int64_t)v) {
        write_number(b, (int64_t)v);
        return;
    }
    str_of_real(v, text);
    buf_puts(b, text);
}

static void put_digits(char *at, int64_t n, int digits)
{
    while (digits--) {
        at[digits] = (char)('0' + n % 10);
        n /= 10;
    }
}

/* As when_print() does, without its printf: a page has a thousand of them. */
void write_time(struct buf *b, int64_t ms)
{
    char text[] = "\"0000-00-00T00:00:00.000Z\"";
    if (!ms) {
        PUT(b, "null");
        return;
    }
    int64_t rest = ms % DAY_MS, z = ms / DAY_MS + 719468; /* days since 0000-03-01 */
    int64_t era = z / 146097, doe = z % 146097, yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153, month = mp < 10 ? mp + 3 : mp - 9;
    put_digits(text + 1, yoe + era * 400 + (month <= 2), 4);
    put_digits(text + 6, month, 2);
    put_digits(text + 9, doy - (153 * mp + 2) / 5 + 1, 2);
    put_digits(text + 12, rest / 3600000, 2);
    put_digits(text + 15, rest / 60000 % 60, 2);
    put_digits(text + 18, rest / 1000 % 60, 2);
    put_digits(text + 21, rest % 1000, 3);
    buf_add(b, text, sizeof text - 1);
}

static void write_bool(struct buf *b, bool v)
{
    if (v)
        PUT(b, "true");
    else
        PUT(b, "false");
}

/* ,"name":  with the literal's length known when compiling. */
#define KEY(b, name) PUT(b, ",\"" name "\":")
#define TEXT(b, name, value) (KEY(b, name), write_text(b, value))
#define TIME(b, name, value) (KEY(b, name), write_time(b, value))
#define NUMBER(b, name, value) (KEY(b, name), write_number(b, value))
#define FLAG(b, name, value) (KEY(b, name), write_bool(b, value))

static const char *or_null(const char *s)
{
    return *s ? s : NULL;
}

/* ---- the prospect ---- */

static const struct card *card_of(const struct inbox *x, const struct prospect *p)
{
    return x->stale && p->was ? p->was : &p->now;
}

static void write_context(struct inbox *x, struct buf *b, const struct prospect *p, enum shown shown)
{
    const struct card *c = card_of(x, p);
    bool migration = x->manners.prospect_shape && (shown == SHOWN_IN_EVENT || shown == SHOWN_BRIEFLY);
    PUT(b, ",\"context\":{\"tags\":[");
    for (size_t i = 0; i < c->n_tags; i++) {
        if (i)
            buf_putc(b, ',');
        write_text(b, c->tags[i]->id);
    }
    buf_putc(b, ']');
    if (migration)
        TEXT(b, "status", c->status ? c->status->id : NULL);
    else
        TEXT(b, "statusId", c->status ? c->status->id : NULL);
    KEY(b, "valuation");
    if (c->has_value)
        write_real(b, c->value);
    else
        PUT(b, "null");
    TEXT(b, "notes", c->notes);
    if (x->manners.context_assignee)
        TEXT(b, "assigneeId", p->n_threads && p->threads[0]->assignee ? p->threads[0]->assignee->id : NULL);
    if (shown != SHOWN_ALONE && shown != SHOWN_IN_STATE) {
        buf_putc(b, '}');
        return;
    }
    KEY(b, "threads");
    buf_putc(b, '[');
    for (size_t i = 0; i < p->n_threads; i++) {
        const struct thread *t = p->threads[i];
        buf_puts(b, i ? ",{\"id\":" : "{\"id\":");
        write_text(b, t->id);
        TEXT(b, "accountLinkId", t->account->id);
        TIME(b, "lastMessageTimestamp", t->last_at);
        TIME(b, "createdAt", t->created);
        buf_putc(b, '}');
    }
    PUT(b, "]}");
}

static const char *verified_word(const struct prospect *p)
{
    unsigned dice = (p->seed >> 20) % 20;
    return dice < 13 ? "none" : dice < 18 ? "verified" : dice < 19 ? "business" : "government";
}

static void write_image(struct buf *b, const struct prospect *p, const char *tail)
{
    if ((p->seed >> 7) % 10 == 0) {
        PUT(b, "null");
        return;
    }
    PUT(b, "\"https://pbs.twimg.com/profile_images/");
    buf_puts(b, p->platform_id);
    buf_puts(b, tail);
    buf_putc(b, '"');
}

static void write_platform_data(struct buf *b, const struct prospect *p)
{
    const char *verified = verified_word(p);
    PUT(b, ",\"platformData\":{\"isVerifiedBlue\":");
    write_bool(b, *verified == 'v');
    FLAG(b, "isVerifiedGold", *verified == 'b');
    FLAG(b, "isVerifiedGray", *verified == 'g');
    TEXT(b, "professionalCategory", (p->seed >> 9) % 4 ? NULL : "Entrepreneur");
    PUT(b, ",\"urlEntities\":[");
    if (p->domain) {
        PUT(b, "{\"url\":\"https://t.co/");
        buf_add(b, p->platform_id, 10);
        PUT(b, "\",\"expandedUrl\":\"https://");
        buf_puts(b, p->domain);
        PUT(b, "\",\"displayUrl\":\"");
        buf_puts(b, p->domain);
        PUT(b, "\",\"indices\":[0,23]}");
    }
    PUT(b, "],\"bannerUrl\":null");
    NUMBER(b, "tweetsCount", (int64_t)(p->seed >> 13) % 9000);
    NUMBER(b, "favoritesCount", (int64_t)(p->seed >> 17) % 20000);
    PUT(b, ",\"rawData\":null}");
}

static void write_urls(struct buf *b, const struct prospect *p)
{
    KEY(b, "profileUrl");
    PUT(b, "\"https://x.com/");
    write_plain(b, p->username);
    buf_putc(b, '"');
    KEY(b, "websiteUrl");
    if (p->domain) {
        PUT(b, "\"https://");
        buf_puts(b, p->domain);
        buf_putc(b, '"');
    } else {
        PUT(b, "null");
    }
    TEXT(b, "websiteDomain", p->domain);
}

static void write_counts(struct buf *b, const struct prospect *p)
{
    int64_t followers = p->followers >= 0 ? p->followers : (int64_t)((p->seed >> 23) % 90000 * ((p->seed >> 5) % 7));
    NUMBER(b, "followerCount", followers);
    NUMBER(b, "followingCount", (int64_t)(p->seed >> 19) % 4000);
    NUMBER(b, "postCount", (int64_t)(p->seed >> 13) % 9000);
    KEY(b, "engagementCount");
    if ((p->seed >> 11) % 3)
        write_number(b, (int64_t)(p->seed >> 29) % 30000);
    else
        PUT(b, "null");
    KEY(b, "listedCount");
    if ((p->seed >> 12) % 3)
        write_number(b, (int64_t)(p->seed >> 31) % 90);
    else
        PUT(b, "null");
}

static void write_ages(struct inbox *x, struct buf *b, const struct prospect *p, const struct card *c)
{
    int64_t age = inbox_now(x) - c->updated;
    TIME(b, "platformCreatedAt", p->joined);
    TIME(b, "firstSeenAt", p->first_seen);
    TIME(b, "lastUpdatedAt", c->updated);
    TIME(b, "lastEnrichedAt", p->enriched);
    TIME(b, "lastActiveAt", (p->seed >> 15) % 4 ? 0 : c->updated - 3600000);
    if (x->manners.profile_shape != PROFILE_NEWER)
        TEXT(b, "source", (p->seed >> 16) % 3 ? "cached" : "merged");
    FLAG(b, "isFresh", age < 7 * DAY_MS);
    FLAG(b, "isStale", age > 30 * DAY_MS);
    PUT(b, ",\"confidence\":0.");
    write_number(b, 5 + (int64_t)(p->seed >> 18) % 5);
}

/* The newer pages of the vendor leave verified, profileType, source and platformData out and add accountStatus. */
static bool is_newer(const struct inbox *x, const struct prospect *p)
{
    return x->manners.profile_shape == PROFILE_NEWER || (x->manners.profile_shape == PROFILE_MIXED && p->seed & 1);
}

static void write_head(struct inbox *x, struct buf *b, const struct prospect *p, enum shown shown)
{
    bool event = shown == SHOWN_IN_EVENT || shown == SHOWN_BRIEFLY;
    PUT(b, "{\"platform\":\"twitter\",\"platformId\":\"");
    buf_puts(b, p->platform_id);
    buf_putc(b, '"');
    if (event && x->manners.prospect_shape)
        TEXT(b, "id", or_null(p->external_id));
    else
        TEXT(b, "externalId", or_null(p->external_id));
    if (shown != SHOWN_BRIEFLY && shown != SHOWN_IN_EVENT)
        NUMBER(b, "documentId", p->document);
    TEXT(b, "displayName", card_of(x, p)->name);
    TEXT(b, "username", p->username);
    PUT(b, ",\"handle\":\"@");
    write_plain(b, p->username);
    buf_putc(b, '"');
    KEY(b, "image");
    write_image(b, p, "_normal.jpg");
}

void write_prospect(struct inbox *x, struct buf *b, const struct prospect *p, enum shown shown)
{
    const struct card *c = card_of(x, p);
    bool newer = is_newer(x, p);
    write_head(x, b, p, shown);
    if (shown != SHOWN_BRIEFLY) {
        KEY(b, "imageNormalized");
        write_image(b, p, ".jpg");
        TEXT(b, "bio", c->bio);
        TEXT(b, "location", p->place ? p->place : p->location);
        write_urls(b, p);
        if (!newer) {
            TEXT(b, "verified", verified_word(p));
            TEXT(b, "profileType", p->domain && p->seed & 2 ? "business" : "personal");
        }
        FLAG(b, "isProtected", (p->seed >> 14) % 12 == 0);
        write_counts(b, p);
        write_ages(x, b, p, c);
        if (newer)
            TEXT(b, "accountStatus", "active");
        if (!newer && shown != SHOWN_IN_EVENT && shown != SHOWN_IN_STATE)
            write_platform_data(b, p);
    }
    write_context(x, b, p, shown);
    buf_putc(b, '}');
}

/* ---- thread and message ---- */

const char *origin_name(enum origin o)
{
    static const char *const names[] = {NULL, "internal", "external", "api"};
    return names[o];
}

void write_author(struct inbox *x, struct buf *b, const struct thread *t, const struct message *m)
{
    const struct prospect *p = t->prospect;
    if (m->ours)
        write_text(b, t->account->id);
    else
        write_text(b, x->manners.author_id || !*p->external_id ? p->platform_id : p->external_id);
}

static void write_last(struct inbox *x, struct buf *b, const struct thread *t)
{
    const struct message *m = t->last;
    KEY(b, "lastMessage");
    if (!m) {
        PUT(b, "null");
        return;
    }
    PUT(b, "{\"id\":");
    write_text(b, m->id);
    TEXT(b, "content", m->content);
    KEY(b, "authorId");
    write_author(x, b, t, m);
    TIME(b, "createdAt", m->created);
    TEXT(b, "userId", m->sender ? m->sender->user_id : NULL);
    PUT(b, ",\"campaignId\":null}");
}

/* X puts the smaller of the two user ids first. */
static void write_pair(struct buf *b, const char *one, const char *two)
{
    size_t n = strlen(one), m = strlen(two);
    bool swap = n > m || (n == m && strcmp(one, two) > 0);
    PUT(b, "\"");
    buf_puts(b, swap ? two : one);
    buf_putc(b, ':');
    buf_puts(b, swap ? one : two);
    buf_putc(b, '"');
}

void write_thread(struct inbox *x, struct buf *b, const struct thread *t, enum shown shown)
{
    bool was = x->stale && t->has_was;
    const struct member *assignee = was ? t->was_assignee : t->assignee;
    PUT(b, "{\"id\":");
    write_text(b, t->id);
    PUT(b, ",\"platform\":\"twitter\",\"platformId\":");
    write_pair(b, t->account->platform_id, t->prospect->platform_id);
    FLAG(b, "done", was ? t->was_done : t->done);
    TEXT(b, "assigneeId", assignee ? assignee->id : NULL);
    TIME(b, "lastMessageTimestamp", t->last_at);
    TIME(b, "computedSortTimestamp", t->sort);
    TIME(b, "createdAt", t->created);
    TEXT(b, "status", t->idle ? "idle" : "active");
    TEXT(b, "variant", t->heard && t->spoke ? "xChat" : "unencrypted");
    TEXT(b, "accountLinkId", t->account->id);
    FLAG(b, "isSyncing", t->syncing);
    FLAG(b, "isRequest", t->request);
    KEY(b, "typingIndicatorsEnabled");
    if (t->typing < 0)
        PUT(b, "null");
    else
        write_bool(b, t->typing);
    write_last(x, b, t);
    KEY(b, "prospect");
    if (shown == SHOWN_IN_STATE)
        write_text(b, *t->prospect->external_id ? t->prospect->external_id : t->prospect->platform_id);
    else
        write_prospect(x, b, t->prospect, shown);
    buf_putc(b, '}');
}

static void write_reactions(struct buf *b, const struct thread *t, const struct message *m)
{
    PUT(b, ",\"reactions\":[");
    for (size_t i = 0; i < m->n_reactions; i++) {
        buf_puts(b, i ? ",{\"emoji\":" : "{\"emoji\":");
        write_text(b, m->reactions[i].emoji);
        TEXT(b, "senderPlatformId", m->reactions[i].ours ? t->account->platform_id : t->prospect->platform_id);
        TIME(b, "createdAt", m->reactions[i].at);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
}

void write_message(struct inbox *x, struct buf *b, const struct thread *t, const struct message *m)
{
    PUT(b, "{\"platform\":\"twitter\",\"teamId\":");
    write_text(b, x->team);
    TEXT(b, "threadId", t->id);
    TEXT(b, "id", m->id);
    TEXT(b, "userId", m->sender ? m->sender->user_id : NULL);
    TIME(b, "createdAt", m->created);
    TIME(b, "updatedAt", m->edited);
    TEXT(b, "platformId", m->platform_id);
    TEXT(b, "content", m->content);
    PUT(b, ",\"campaignId\":null");
    KEY(b, "authorId");
    write_author(x, b, t, m);
    TEXT(b, "origin", origin_name(m->origin));
    KEY(b, "replyData");
    if (*m->reply_to) {
        PUT(b, "{\"messageId\":");
        write_text(b, m->reply_to);
        buf_putc(b, '}');
    } else {
        PUT(b, "null");
    }
    PUT(b, ",\"forwardData\":null,\"entities\":null,\"attachment\":null");
    write_reactions(b, t, m);
    FLAG(b, "isEncrypted", t->heard && t->spoke);
    FLAG(b, "isEdited", m->edited != 0);
    TIME(b, "deletedAt", m->deleted);
    TIME(b, "platformDeletedAt", m->deleted_for_all ? m->deleted : 0);
    buf_putc(b, '}');
}

/* ---- the catalogue ---- */

void write_label(struct buf *b, const struct label *l, bool status)
{
    PUT(b, "{\"id\":");
    write_text(b, l->id);
    TEXT(b, "name", l->name);
    TEXT(b, "color", l->color);
    if (status)
        TIME(b, "createdAt", l->created);
    buf_putc(b, '}');
}

void write_member(struct buf *b, const struct member *m)
{
    PUT(b, "{\"id\":");
    write_text(b, m->id);
    TEXT(b, "userId", m->user_id);
    TEXT(b, "name", m->name);
    TEXT(b, "email", m->email);
    PUT(b, ",\"image\":null");
    TEXT(b, "role", m->role);
    TIME(b, "createdAt", m->created);
    PUT(b, ",\"updatedAt\":null}");
}

void write_account(struct buf *b, const struct account *a)
{
    PUT(b, "{\"id\":");
    write_text(b, a->id);
    PUT(b, ",\"platform\":\"twitter\"");
    TEXT(b, "platformId", a->platform_id);
    TEXT(b, "name", a->name);
    TEXT(b, "username", a->username);
    TEXT(b, "image", "https://pbs.twimg.com/profile_images/0/us_normal.jpg");
    TIME(b, "createdAt", a->created);
    TEXT(b, "status", a->status);
    TIME(b, "syncedAt", a->created + 600000);
    buf_putc(b, '}');
}
