/* AES-256-GCM with a key derived per context, so that a sealed text cannot be moved to another name. */
#include "bridge/io/seal.h"
#include "bridge/base/hash.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <unistd.h>

#define NONCE 12
#define TAG 16

static bool unhex(const char *hex, uint8_t out[32])
{
    for (int i = 0; i < 64; i++) {
        char c = hex[i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (v < 0)
            return false;
        out[i / 2] = (uint8_t)(i % 2 ? out[i / 2] | v : v << 4);
    }
    return true;
}

static bool make_key(const char *path, struct err *err)
{
    uint8_t key[32];
    char hex[66];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == EEXIST || err_set(err, ERR_CONFIG, "%s cannot be made: %s", path, strerror(errno));
    if (RAND_bytes(key, sizeof key) != 1)
        abort();
    hash_hex(key, sizeof key, hex);
    hex[64] = '\n';
    bool ok = write(fd, hex, 65) == 65 && fsync(fd) == 0;
    int why = errno;
    close(fd);
    mem_wipe(key, sizeof key);
    mem_wipe(hex, sizeof hex);
    if (!ok)
        unlink(path);
    return ok || err_set(err, ERR_CONFIG, "%s cannot be written: %s", path, strerror(why));
}

bool seal_key_file(const char *path, struct seal_key *out, struct err *err)
{
    char hex[80] = "";
    if (access(path, F_OK) != 0 && !make_key(path, err))
        return false;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, hex, sizeof hex - 1);
    if (fd >= 0)
        close(fd);
    if (n < 0)
        return err_set(err, ERR_CONFIG, "%s cannot be read: %s", path, strerror(errno));
    bool ok = n >= 64 && unhex(hex, out->bytes) && str_blank(hex + 64);
    mem_wipe(hex, sizeof hex);
    return ok || err_set(err, ERR_CONFIG, "%s is no key file: it must hold 64 hex digits", path);
}

static void derive(const struct seal_key *key, const char *context, uint8_t out[HASH_SIZE])
{
    hash_hmac_sha256(key->bytes, sizeof key->bytes, context, strlen(context), out);
}

char *seal_close(const struct seal_key *key, const char *context, const char *plain)
{
    size_t n = strlen(plain);
    uint8_t derived[HASH_SIZE];
    AUTO_FREE uint8_t *box = mem_alloc(NONCE + n + TAG + 1);
    int len = 0;
    derive(key, context, derived);
    if (RAND_bytes(box, NONCE) != 1)
        abort();
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, derived, box) &&
              EVP_EncryptUpdate(c, NULL, &len, (const uint8_t *)context, (int)strlen(context)) &&
              EVP_EncryptUpdate(c, box + NONCE, &len, (const uint8_t *)plain, (int)n) &&
              EVP_EncryptFinal_ex(c, box + NONCE + n, &len) &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, box + NONCE + n);
    EVP_CIPHER_CTX_free(c);
    mem_wipe(derived, sizeof derived);
    if (!ok)
        abort();
    AUTO_FREE char *text = hash_base64(box, NONCE + n + TAG);
    return mem_printf("v1:%s", text);
}

char *seal_open(const struct seal_key *key, const char *context, const char *sealed, struct err *err)
{
    size_t n = 0;
    uint8_t derived[HASH_SIZE];
    AUTO_FREE uint8_t *box = str_starts(sealed, "v1:") ? hash_base64_decode(sealed + 3, &n) : NULL;
    if (!box || n < NONCE + TAG) {
        err_set(err, ERR_STORE, "the sealed %s is malformed", context);
        return NULL;
    }
    size_t inside = n - NONCE - TAG;
    char *plain = mem_alloc(inside + 1);
    int len = 0;
    derive(key, context, derived);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ok = EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, derived, box) &&
              EVP_DecryptUpdate(c, NULL, &len, (const uint8_t *)context, (int)strlen(context)) &&
              EVP_DecryptUpdate(c, (uint8_t *)plain, &len, box + NONCE, (int)inside) &&
              EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, box + NONCE + inside) &&
              EVP_DecryptFinal_ex(c, (uint8_t *)plain + inside, &len) > 0;
    EVP_CIPHER_CTX_free(c);
    mem_wipe(derived, sizeof derived);
    if (ok)
        return plain;
    mem_wipe(plain, inside);
    free(plain);
    err_set(err, ERR_STORE, "the sealed %s does not open with this key file: it was altered, or the key file is another one", context);
    return NULL;
}
