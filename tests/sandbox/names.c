/* The town's people, put together from parts. */
#include "tests/sandbox/names.h"
#include "bridge/base/buf.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <stdio.h>
#include <string.h>

static const char *const first[][2] = {
    {"Ada", "ada"},       {"Mara", "mara"},     {"Jonas", "jonas"},     {"Zoë", "zoe"},       {"Renée", "renee"},
    {"Priya", "priya"},   {"Tomás", "tomas"},   {"Siobhán", "siobhan"}, {"Olu", "olu"},       {"Björn", "bjorn"},
    {"Lucía", "lucia"},   {"Kenji", "kenji"},   {"Amelia", "amelia"},   {"Dmitri", "dmitri"}, {"Fatima", "fatima"},
    {"Noah", "noah"},     {"Ingrid", "ingrid"}, {"Mateus", "mateus"},   {"Chloé", "chloe"},   {"Ravi", "ravi"},
    {"Hannah", "hannah"}, {"Kwame", "kwame"},   {"Elif", "elif"},       {"Grace", "grace"},   {"Sven", "sven"},
    {"Yuki", "yuki"},     {"Paolo", "paolo"},   {"Aisha", "aisha"},     {"Leon", "leon"},     {"Bea", "bea"},
    {"Marek", "marek"},   {"Nina", "nina"}};

static const char *const last[][2] = {
    {"Lovelace", "lovelace"}, {"Lind", "lind"},           {"Okafor", "okafor"},
    {"Müller", "mueller"},    {"O'Brien", "obrien"},      {"Nakamura", "nakamura"},
    {"García", "garcia"},     {"van der Berg", "vdberg"}, {"Sørensen", "sorensen"},
    {"Patel", "patel"},       {"Kowalski", "kowalski"},   {"Dubois", "dubois"},
    {"Ferreira", "ferreira"}, {"Haddad", "haddad"},       {"Nguyễn", "nguyen"},
    {"Smith", "smith"},       {"Rossi", "rossi"},         {"Çelik", "celik"},
    {"Mbeki", "mbeki"},       {"Andersson", "andersson"}, {"Ó Súilleabháin", "osullivan"},
    {"Yamada", "yamada"},     {"Ivanova", "ivanova"},     {"Castro", "castro"}};

static const char *const whole[][2] = {{"ليلى حداد", "layla"},
                                       {"יעל כהן", "yaelc"},
                                       {"محمد الأمين", "m_alamin"},
                                       {"山田 花子", "hanako"},
                                       {"Анна Петрова", "annap"},
                                       {"Ελένη Παππά", "eleni"},
                                       {"김민준", "minjun"},
                                       {"नेहा शर्मा", "neha"},
                                       {"زهرا کریمی", "zahra"},
                                       {"陳大文", "taiman"},
                                       {"🚀 Max | building in public", "maxbuilds"},
                                       {"the quiet startup ✨", "quietstartup"}};

static const char *const decoration[] = {" 🌱", " 🇺🇦", " ☕️", " 👩‍💻", " (hiring!)", " 🧵", ", PhD", " ⚡"};

static const char *const bios[] = {"Ops at Fjordworks. Coffee, bikes, spreadsheets.",
                                   "Building tools for people who hate tools 🔧",
                                   "Founder & CEO. Ex-Stripe. Angel.\nDMs open",
                                   "I write about climate, cities & trains 🚆",
                                   "Growth @ Northlight • she/her",
                                   "Mother of two \"small\" dragons 🐉",
                                   "مصممة منتجات، أحب القهوة",
                                   "Head of Sales | <b>not</b> a bot",
                                   "エンジニア / 猫派",
                                   "Investing in pre-seed B2B \\ Berlin",
                                   "Opinions mine, typos yours",
                                   "Podcast host. New episode every Tuesday → link below",
                                   "Designer. Previously: everything",
                                   "Journalist covering fintech. Signal in bio",
                                   "100% caffeine. 0% chill.",
                                   "Marketing lead who codes on weekends",
                                   "בונה מוצרים עם אנשים טובים",
                                   "Running a bakery 🥐 and a newsletter"};

static const char *const places[] = {"Oslo",      "Berlin, Germany",
                                     "São Paulo", "Lagos, Nigeria",
                                     "東京",      "San Francisco, CA",
                                     "دبي",       "Remote 🌍",
                                     "Zürich",    "Austin, TX",
                                     "London",    "תל אביב",
                                     "Kraków",    "somewhere over the \"rainbow\""};

static const char *const domains[] = {"fjordworks.example",   "northlight.example",  "quietstartup.example",
                                      "brightbakery.example", "tram-and-co.example", "xn--mnchen-3ya.example"};

static const char *const notes[] = {"Wants pricing for 12 seats",
                                    "Met at SaaStr, very warm. Follow up after the 14th.",
                                    "Budget approved in Q3 🎉",
                                    "Asked for SOC 2 report\n- sent on Monday\n- waiting for legal",
                                    "Prefers e-mail; never call before 10:00 CET",
                                    "Competitor: HelpRocket. Contract ends in November.",
                                    "ליצור קשר אחרי החג",
                                    "Said \"maybe next year\"",
                                    "Referred by Mara Lind",
                                    "Needs: SSO, audit log, EU hosting. Decision maker: CFO (not her).",
                                    "Price sensitive — offer annual plan",
                                    "VIP. Handle with care ❤️"};

static const char *const said[] = {"Could you send pricing?",
                                   "Hey! Saw your post about onboarding, love it 😍",
                                   "Is there a free trial?",
                                   "Who do I talk to about a partnership?",
                                   "We're a team of 12, does the plan scale?",
                                   "مرحبا، هل تدعمون العربية؟",
                                   "Not interested, thanks",
                                   "Interesting… tell me more 👀",
                                   "Can we jump on a call on Thursday?",
                                   "I forwarded this to our CFO",
                                   "ok",
                                   "Does it work with HubSpot?",
                                   "שלום, אפשר פרטים?",
                                   "Sorry for the late reply!\nStill keen.",
                                   "What about GDPR & data residency?"};

static const char *const answered[] = {"Sure, here it is: https://inbox.example/pricing",
                                       "Thanks for reaching out! What does your team look like?",
                                       "Happy to help 🙌",
                                       "Yes, 14 days, no card needed.",
                                       "Thursday 15:00 CET works. Invite is on its way.",
                                       "Following up on this, any news?",
                                       "We host in Frankfurt and Virginia, you choose.",
                                       "Hi! I saw you're hiring SDRs. Curious how you handle DMs today?",
                                       "No worries at all. I'll check back next quarter.",
                                       "It does, two ways, custom fields included."};

void names_person(uint64_t r, struct names_person *out)
{
    const char *const *one = first[r % COUNT(first)], *const *two = last[(r >> 8) % COUNT(last)];
    uint64_t dice = (r >> 16) % 100;
    *out = (struct names_person){0};
    if (dice < 14) {
        one = whole[(r >> 24) % COUNT(whole)];
        str_copy(out->name, sizeof out->name, one[0]);
        str_copy(out->handle, sizeof out->handle, one[1]);
    } else {
        snprintf(out->name, sizeof out->name, "%s %s%s", one[0], two[0],
                 dice < 30 ? decoration[(r >> 24) % COUNT(decoration)] : "");
        snprintf(out->handle, sizeof out->handle, "%.6s%.4s", one[1], two[1]);
    }
    out->bio = (r >> 32) % 100 < 80 ? bios[(r >> 40) % COUNT(bios)] : NULL;
    out->location = (r >> 34) % 100 < 60 ? places[(r >> 44) % COUNT(places)] : NULL;
    out->domain = (r >> 36) % 100 < 30 ? domains[(r >> 48) % COUNT(domains)] : NULL;
}

const char *names_note(uint64_t r)
{
    return notes[r % COUNT(notes)];
}

const char *names_said(uint64_t r)
{
    return said[r % COUNT(said)];
}

const char *names_answered(uint64_t r)
{
    return answered[r % COUNT(answered)];
}

char *names_long_note(void)
{
    static const char sentence[] = "2026-03-02: long call, she wants everything in writing… ✍️ ";
    struct buf b = BUF_INIT(0);
    while (str_utf8_len(buf_str(&b)) < 10000)
        buf_puts(&b, sentence);
    b.s[str_utf8_cut(b.s, 10000)] = '\0';
    return buf_take(&b);
}
