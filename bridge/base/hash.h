/* Digests, HMAC and their encodings (OpenSSL behind this header). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 32

void hash_sha256(const void *data, size_t n, uint8_t out[HASH_SIZE]);
void hash_hmac_sha256(const void *key, size_t key_n, const void *data, size_t n, uint8_t out[HASH_SIZE]);
void hash_hex(const uint8_t *data, size_t n, char *out);  /* 2n+1 bytes */
char *hash_sha256_hex(const void *data, size_t n);        /* caller frees */
char *hash_base64(const uint8_t *data, size_t n);         /* caller frees */
uint8_t *hash_base64_decode(const char *text, size_t *n); /* standard alphabet; NULL when malformed; caller frees */
bool hash_same(const void *a, const void *b, size_t n);   /* constant time */
uint64_t hash_fast(const void *data, size_t n, uint64_t seed); /* not for secrets: spreading and seeds */
