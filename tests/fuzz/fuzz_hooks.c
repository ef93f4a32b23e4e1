/* Any bytes as a delivery: once unsigned, which nobody believes, and once rightly signed, for senders make mistakes too. What
 * comes of it names an object and an id. The first byte picks the service, the next few spoil a header. */
#include "bridge/base/hash.h"
#include "bridge/base/js.h"
#include "connectors/endpoint.h"
#include "connectors/registry.h"
#include "connectors/signature.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1772442930000)
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define PUBLIC "https://bridge.example/hooks/e"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static int64_t now(struct env *env)
{
    (void)env;
    return NOW;
}

static json_t *headers_inbox(const char *body, size_t n)
{
    uint8_t mac[HASH_SIZE];
    char hex[2 * HASH_SIZE + 1];
    AUTO_FREE char *text = mem_alloc(n + 32);
    size_t before = (size_t)sprintf(text, "%lld.", (long long)(NOW / 1000));
    memcpy(text + before, body, n);
    hash_hmac_sha256(SECRET, strlen(SECRET), text, before + n, mac);
    hash_hex(mac, sizeof mac, hex);
    AUTO_FREE char *header = mem_printf("t=%lld,v1=%s", (long long)(NOW / 1000), hex);
    return json_pack("{s:s}", "x-inbox-signature", header);
}

static json_t *headers_hubspot(const char *body, size_t n)
{
    uint8_t mac[HASH_SIZE];
    AUTO_FREE char *text = mem_alloc(n + 128), *at = mem_printf("%lld", (long long)NOW);
    size_t before = (size_t)sprintf(text, "POST%s", PUBLIC);
    memcpy(text + before, body, n);
    memcpy(text + before + n, at, strlen(at));
    hash_hmac_sha256(SECRET, strlen(SECRET), text, before + n + strlen(at), mac);
    AUTO_FREE char *signature = hash_base64(mac, sizeof mac);
    return json_pack("{s:s,s:s}", "x-hubspot-signature-v3", signature, "x-hubspot-request-timestamp", at);
}

static json_t *headers_webhook(const char *body, size_t n)
{
    const struct signature_secrets secrets = {{SECRET, NULL}};
    struct err err = {0};
    AUTO_FREE char *at = mem_printf("%lld", (long long)(NOW / 1000)), *signature = signature_standard_make("m", NOW / 1000, body, n, &secrets, &err);
    return json_pack("{s:s,s:s,s:s}", "webhook-id", "m", "webhook-timestamp", at, "webhook-signature", signature);
}

static const struct {
    const char *name, *options;
    json_t *(*headers)(const char *body, size_t n);
} services[] = {
    {"inbox", "token = \"env:FUZZ_SECRET\"; hook_secret = \"env:FUZZ_SECRET\";", headers_inbox},
    {"hubspot", "token = \"env:FUZZ_SECRET\"; hook_secret = \"env:FUZZ_SECRET\"; hook_url = \"" PUBLIC "\"; hook_v1 = true;", headers_hubspot},
    {"webhook", "url = \"https://crm.example/\"; secret = \"env:FUZZ_SECRET\";", headers_webhook},
};

static void post(struct endpoint *ep, const json_t *headers, const char *body, size_t n, bool honest)
{
    struct page page = {0};
    struct err err = {0};
    bool ok = ep->kind->hook(ep, "POST", "/hooks/e", headers, body, n, NOW, &page, &err);
    if (!honest && ok)
        abort();
    if (!ok && err.kind != (honest ? ERR_REJECT : ERR_AUTH))
        abort();
    for (size_t i = 0; i < page.n; i++)
        if (!page.items[i].id || !*page.items[i].id || !page.items[i].object)
            abort();
    page_done(&page);
}

/* The bytes as the value of every header a signature may stand in. */
static json_t *spoilt(const char *bytes)
{
    static const char *const names[] = {"x-inbox-signature", "x-hubspot-signature-v3", "x-hubspot-signature", "webhook-signature"};
    json_t *out = json_pack("{s:s,s:s,s:s}", "x-hubspot-request-timestamp", "1772442930000", "webhook-id", "m", "webhook-timestamp", "1772442930");
    for (size_t i = 0; i < COUNT(names); i++)
        json_object_set_new(out, names[i], json_string(bytes));
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct env env = {.now = now};
    AUTO(opt_faults_done) struct opt_faults faults = {0};
    size_t which = n ? data[0] % COUNT(services) : 0;
    const char *body = n ? (const char *)data + 1 : "";
    size_t body_n = n ? n - 1 : 0;
    setenv("FUZZ_SECRET", SECRET, 1);
    AUTO_FREE char *text = mem_printf("e = { %s };", services[which].options), *words = mem_dup_n(body, body_n);
    struct opt_file *file = opt_open_text("fuzz", text, &faults);
    struct endpoint *ep = endpoint_new("e", registry_find(services[which].name), opt_member(opt_root(file), "e"), NULL, &env, NULL, &faults);
    opt_close(file);
    if (!ep)
        abort();
    AUTO_JSON json_t *honest = services[which].headers(body, body_n), *forged = spoilt(words);
    post(ep, honest, body, body_n, true);
    post(ep, forged, body, body_n, false);
    endpoint_free(ep);
    return 0;
}
