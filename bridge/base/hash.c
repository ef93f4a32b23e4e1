/* Digests and encodings over OpenSSL's EVP. */
#include "bridge/base/hash.h"
#include "bridge/base/mem.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

void hash_sha256(const void *data, size_t n, uint8_t out[HASH_SIZE])
{
    if (!EVP_Digest(data, n, out, NULL, EVP_sha256(), NULL))
        abort();
}

void hash_hmac_sha256(const void *key, size_t key_n, const void *data, size_t n, uint8_t out[HASH_SIZE])
{
    if (!HMAC(EVP_sha256(), key, (int)key_n, data, n, out, NULL))
        abort();
}

void hash_hex(const uint8_t *data, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * n] = '\0';
}

char *hash_sha256_hex(const void *data, size_t n)
{
    uint8_t digest[HASH_SIZE];
    char *hex = mem_alloc(2 * HASH_SIZE + 1);
    hash_sha256(data, n, digest);
    hash_hex(digest, HASH_SIZE, hex);
    return hex;
}

char *hash_base64(const uint8_t *data, size_t n)
{
    char *text = mem_alloc(4 * ((n + 2) / 3) + 1);
    EVP_EncodeBlock((unsigned char *)text, data, (int)n);
    return text;
}

uint8_t *hash_base64_decode(const char *text, size_t *n)
{
    size_t len = strlen(text), pad = 0;
    if (len % 4)
        return NULL;
    while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
        pad++;
    if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") != len - pad)
        return NULL;
    uint8_t *out = mem_alloc(len / 4 * 3 + 1);
    int got = EVP_DecodeBlock(out, (const unsigned char *)text, (int)len);
    if (got < 0) {
        free(out);
        return NULL;
    }
    *n = (size_t)got - pad;
    return out;
}

bool hash_same(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

/* FNV-1a with a final mix. */
uint64_t hash_fast(const void *data, size_t n, uint64_t seed)
{
    const uint8_t *p = data;
    uint64_t h = 0xcbf29ce484222325u ^ seed;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ (h >> 32);
}
