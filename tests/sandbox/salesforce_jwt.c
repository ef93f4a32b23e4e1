/* JWT assertions: the key pair of the sandbox's own app, and whether an assertion was signed with it. RS256 only. */
#include "bridge/base/hash.h"
#include "tests/sandbox/salesforce.h"
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define KEY_BITS 2048

static void free_digest(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

/* Made when first needed: a key takes longer than a whole test. */
static EVP_PKEY *key_of(const struct sf *s)
{
    struct sf *writable = (struct sf *)s;
    if (!s->key)
        writable->key = EVP_RSA_gen(KEY_BITS);
    if (!s->key)
        abort();
    return s->key;
}

void sf_key_free(struct sf *s)
{
    EVP_PKEY_free(s->key);
}

char *sf_key_pem(const struct sf *s)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    if (!bio || !PEM_write_bio_PrivateKey(bio, key_of(s), NULL, NULL, 0, NULL, NULL))
        abort();
    long n = BIO_get_mem_data(bio, &text);
    char *out = mem_dup_n(text, (size_t)n);
    BIO_free(bio);
    return out;
}

/* base64url without padding, n characters of it. */
static uint8_t *decode(const char *text, size_t n, size_t *out_n)
{
    AUTO_FREE char *plain = mem_alloc(n + 5);
    for (size_t i = 0; i < n; i++)
        plain[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    if (memchr(text, '=', n) || memchr(text, '+', n) || memchr(text, '/', n))
        return NULL;
    while (n % 4)
        plain[n++] = '=';
    return hash_base64_decode(plain, out_n);
}

static json_t *decode_json(const char *text, size_t n)
{
    size_t bytes = 0;
    AUTO_FREE char *plain = (char *)decode(text, n, &bytes);
    return plain ? js_parse(plain, bytes, NULL) : NULL;
}

static bool signed_by_us(const struct sf *s, const char *assertion, const char *dot)
{
    size_t n = 0;
    AUTO_FREE uint8_t *signature = decode(dot + 1, strlen(dot + 1), &n);
    AUTO(free_digest) EVP_MD_CTX *c = EVP_MD_CTX_new();
    return signature && c && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key_of(s)) == 1 &&
           EVP_DigestVerify(c, signature, n, (const unsigned char *)assertion, (size_t)(dot - assertion)) == 1;
}

json_t *sf_jwt_claims(const struct sf *s, const char *assertion)
{
    const char *first = strchr(assertion, '.'), *second = first ? strchr(first + 1, '.') : NULL;
    if (!second || strchr(second + 1, '.'))
        return NULL;
    AUTO_JSON json_t *header = decode_json(assertion, (size_t)(first - assertion));
    if (!str_eq(js_str(header, "alg"), "RS256") || !signed_by_us(s, assertion, second))
        return NULL;
    return decode_json(first + 1, (size_t)(second - first - 1));
}
