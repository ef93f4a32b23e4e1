/* People who look real: names, handles, emoji, right-to-left text, nulls, ids above 2^53, one very long note. */
#include "tests/sandbox/inbox.h"

static const char *const first[] = {"Ada", "Mara", "Yusuf", "Chloé", "李", "Olu", "Zoë", "نور", "Ivan", "Priya", "Søren", "Aiko", "Tomás", "Lena", "Kwame", "Ines"};
static const char *const last[] = {"Lind", "Okafor", "García", "Chen", "Haddad", "Novak", "Sato", "Müller", "de la Cruz", "O'Brien", "Kaya", "Rossi"};
static const char *const bios[] = {"Ops at Fjordworks", "Building things 🚀 | ex-Globex", "مهندسة برمجيات", "coffee, chips & climbing", NULL, "Founder @initech — DMs open",
                                   "צלם ומעצב", "VP Sales. Views mine."};
static const char *const notes[] = {"Wants pricing for 12 seats", "Met at the booth 🙂", "Asked twice about SSO\n\nFollow up Monday", "אמר שיחזור מחר"};

static size_t pick(struct inbox *in, size_t n)
{
    return sandbox_random(box_of(in)) % n;
}

static json_t *profile(struct inbox *in, size_t i, struct inbox_prospect *p)
{
    const char *f = first[pick(in, COUNT(first))], *l = last[pick(in, COUNT(last))], *bio = bios[pick(in, COUNT(bios))];
    AUTO_FREE char *name = mem_printf("%s %s", f, l), *user = mem_printf("person_%zu", i), *handle = mem_printf("@%s", user);
    AUTO_FREE char *url = mem_printf("https://x.com/%s", user);
    int64_t made = sandbox_now(box_of(in)) - (int64_t)pick(in, 400) * 86400000LL;
    return json_pack("{s:s,s:s,s:s,s:i,s:s,s:s,s:s,s:n,s:n,s:s?,s:s?,s:s,s:n,s:n,s:s,s:s,s:b,s:I,s:I,s:I,s:n,s:n,s:o,s:o,s:o,s:n,s:n,s:s,s:b,s:b,s:f}",
                     "platform", "twitter", "platformId", p->platform_id, "externalId", p->id, "documentId", (int)i, "displayName", name, "username",
                     user, "handle", handle, "image", "imageNormalized", "bio", bio, "location", i % 3 ? "Oslo" : NULL, "profileUrl", url,
                     "websiteUrl", "websiteDomain", "verified", i % 5 ? "none" : "verified", "profileType", "personal", "isProtected", 0,
                     "followerCount", (json_int_t)pick(in, 90000), "followingCount", (json_int_t)pick(in, 900), "postCount",
                     (json_int_t)pick(in, 9000), "engagementCount", "listedCount", "platformCreatedAt", inbox_stamp(made - 86400000LL * 900),
                     "firstSeenAt", inbox_stamp(made), "lastUpdatedAt", inbox_stamp(made), "lastEnrichedAt", "lastActiveAt", "source", "cached",
                     "isFresh", 1, "isStale", 0, "confidence", 0.9);
}

static json_t *long_note(void)
{
    char *text = mem_alloc(10001);
    for (int i = 0; i < 10000; i++)
        text[i] = (char)(i % 60 == 59 ? ' ' : 'a' + i % 26);
    json_t *v = json_string(text);
    free(text);
    return v;
}

static json_t *context(struct inbox *in, size_t i)
{
    json_t *c = json_object(), *tags = json_array();
    for (size_t k = 0; k < json_array_size(in->tags) && pick(in, 10) < 4; k++)
        json_array_append(tags, json_object_get(json_array_get(in->tags, pick(in, json_array_size(in->tags))), "id"));
    AUTO_JSON json_t *rough = tags;
    json_t *unique = json_array();
    for (size_t k = 0; k < json_array_size(rough); k++) {
        bool there = false;
        for (size_t m = 0; m < json_array_size(unique); m++)
            there |= json_equal(json_array_get(unique, m), json_array_get(rough, k));
        if (!there)
            json_array_append(unique, json_array_get(rough, k));
    }
    js_set(c, "tags", unique);
    json_t *status = json_array_get(in->statuses, pick(in, json_array_size(in->statuses)));
    js_set(c, "statusId", pick(in, 10) < 7 ? json_incref(json_object_get(status, "id")) : json_null());
    js_set(c, "valuation", pick(in, 10) < 3 ? json_integer((json_int_t)pick(in, 500) * 100) : json_null());
    js_set(c, "notes", i == 9 ? long_note() : pick(in, 10) < 3 ? json_string(notes[pick(in, COUNT(notes))]) : json_null());
    return c;
}

static void add_thread(struct inbox *in, size_t prospect)
{
    struct inbox_thread *t = &in->threads[in->n_threads];
    *t = (struct inbox_thread){.prospect = prospect, .account = (int)pick(in, 2), .done = pick(in, 10) == 0};
    t->request = !t->done && pick(in, 12) == 0;
    t->last_inbound = pick(in, 2);
    inbox_id(in, t->id);
    t->created = sandbox_now(box_of(in)) - (int64_t)(pick(in, 90 * 86400)) * 1000;
    t->last = t->created + (int64_t)pick(in, 3600 * 1000);
    if (pick(in, 3) == 0)
        snprintf(t->assignee, sizeof t->assignee, "%s", js_str(json_array_get(in->members, pick(in, 3)), "id"));
    snprintf(t->last_text, sizeof t->last_text, "Could you send pricing? (%zu)", prospect);
    in->order[in->n_threads] = in->n_threads;
    in->n_threads++;
}

void inbox_populate(struct inbox *in, size_t n)
{
    in->prospects = mem_alloc((n + 64) * sizeof *in->prospects);
    in->threads = mem_alloc((n + 64) * sizeof *in->threads);
    in->order = mem_alloc((n + 64) * sizeof *in->order);
    for (size_t i = 0; i < n; i++) {
        struct inbox_prospect *p = &in->prospects[in->n++];
        inbox_id(in, p->id);
        snprintf(p->platform_id, sizeof p->platform_id, "%llu", (unsigned long long)(1402239944556677880ull + i * 7919 + pick(in, 7000)));
        p->profile = profile(in, i, p);
        p->context = context(in, i);
        p->updated = sandbox_now(box_of(in));
        add_thread(in, i);
    }
}
