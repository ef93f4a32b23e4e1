/* Sealing of stored tokens: AES-256-GCM under a key derived (HKDF-SHA256) from an operator's secret. */
#pragma once
#include "bridge/base/err.h"
#include <stddef.h>
#include <stdint.h>

struct seal_key {
    uint8_t bytes[32];
};
/* seal_key_file: reads the key file (32 random bytes as 64 hex digits), making it (mode 0600, fsynced, O_EXCL) when absent. */
bool seal_key_file(const char *path, struct seal_key *out, struct err *err) MUST_CHECK;
/* "v1:" base64(nonce ‖ ciphertext ‖ tag); `context` is authenticated, not stored. Callers free (and wipe plain text). */
char *seal_close(const struct seal_key *key, const char *context, const char *plain);
char *seal_open(const struct seal_key *key, const char *context, const char *sealed, struct err *err) MUST_CHECK;
