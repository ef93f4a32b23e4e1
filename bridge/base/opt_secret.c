/* Secrets come from the environment, a file or systemd's credentials, never from the configuration itself. No message
 * repeats what was found. */
#include "bridge/base/mem.h"
#include "bridge/base/opt.h"
#include "bridge/base/str.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SECRET_MOST (64u << 10)

static char *refuse(struct err *err, const char *path, const char *why)
{
    err_set(err, ERR_CONFIG, "%s %s", path, why);
    return NULL;
}

/* A key may have many lines; only the newline at the very end is the editor's. */
static char *secret_of(const char *bytes, size_t n, const char *path, struct err *err)
{
    while (n && (bytes[n - 1] == '\n' || bytes[n - 1] == '\r'))
        n--;
    if (!n)
        return refuse(err, path, "is empty");
    if (memchr(bytes, 0, n))
        return refuse(err, path, "holds a NUL byte");
    return mem_dup_n(bytes, n);
}

static char *secret_file(const char *path, struct err *err)
{
    FILE *f = fopen(path, "rbe");
    if (!f)
        return refuse(err, path, strerror(errno));
    setvbuf(f, NULL, _IONBF, 0); /* no second copy of the secret in a buffer we cannot wipe */
    char *bytes = mem_alloc(SECRET_MOST + 1), *secret = NULL;
    errno = 0;
    size_t n = fread(bytes, 1, SECRET_MOST + 1, f);
    if (ferror(f))
        refuse(err, path, strerror(errno));
    else if (n > SECRET_MOST)
        refuse(err, path, "is larger than 64 KiB");
    else
        secret = secret_of(bytes, n, path, err);
    fclose(f);
    mem_wipe(bytes, n);
    free(bytes);
    return secret;
}

static char *secret_env(const char *name, struct err *err)
{
    const char *value = getenv(name);
    if (value && *value)
        return mem_dup(value);
    err_set(err, ERR_CONFIG, "the environment variable %s is not set", name);
    return NULL;
}

static char *secret_cred(const char *name, struct err *err)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    if (!dir) {
        err_set(err, ERR_CONFIG, "cred:%s needs CREDENTIALS_DIRECTORY, which systemd sets for LoadCredential=", name);
        return NULL;
    }
    if (!*name || strchr(name, '/'))
        return refuse(err, name, "is no name of a credential");
    AUTO_FREE char *path = mem_printf("%s/%s", dir, name);
    return secret_file(path, err);
}

char *opt_secret(const char *spec, struct err *err)
{
    if (str_starts(spec, "env:"))
        return secret_env(spec + 4, err);
    if (str_starts(spec, "file:"))
        return secret_file(spec + 5, err);
    if (str_starts(spec, "cred:"))
        return secret_cred(spec + 5, err);
    err_set(err, ERR_CONFIG,
            "a secret is never written into the file: say \"env:NAME\", \"file:/path\" or \"cred:NAME\"");
    return NULL;
}
