/* Paths are read step by step from their text; nothing is compiled or kept. */
#include "bridge/base/path.h"
#include "bridge/base/mem.h"
#include <string.h>

#define STEP_MAX 128

struct step {
    char name[STEP_MAX];
    long index; /* -1: a member */
};

/* Reads ['…'] or [123]; *at stands behind the bracket. */
static bool bracket(const char **at, struct step *s)
{
    const char *p = *at;
    if (*p == '\'') {
        const char *end = strchr(++p, '\'');
        if (!end || end[1] != ']' || end == p || (size_t)(end - p) >= STEP_MAX)
            return false;
        memcpy(s->name, p, (size_t)(end - p));
        s->name[end - p] = '\0';
        s->index = -1;
        *at = end + 2;
        return true;
    }
    long n = 0;
    const char *start = p;
    for (; *p >= '0' && *p <= '9' && p - start < 9; p++)
        n = n * 10 + (*p - '0');
    if (p == start || *p != ']')
        return false;
    s->index = n;
    *at = p + 1;
    return true;
}

/* 1 = a step, 0 = the end, -1 = malformed. */
static int next(const char *path, const char **at, struct step *s)
{
    const char *p = *at;
    if (!*p)
        return p == path ? -1 : 0;
    if (*p == '[') {
        p++;
        if (!bracket(&p, s))
            return -1;
        *at = p;
        return 1;
    }
    if (*p == '.' && p++ == path)
        return -1;
    size_t n = strcspn(p, ".[");
    if (!n || n >= STEP_MAX || memchr(p, ']', n) || (p == *at && p != path))
        return -1;
    memcpy(s->name, p, n);
    s->name[n] = '\0';
    s->index = -1;
    *at = p + n;
    return 1;
}

json_t *path_get(const json_t *root, const char *path)
{
    const char *at = path;
    struct step s;
    const json_t *v = root;
    int more;
    for (int depth = 0; (more = next(path, &at, &s)) > 0; depth++) {
        v = s.index < 0 ? json_object_get(v, s.name) : json_array_get(v, (size_t)s.index);
        if (!v || depth == PATH_MAX_STEPS)
            return NULL;
    }
    return more < 0 ? NULL : (json_t *)v;
}

bool path_check(const char *path, struct err *err)
{
    const char *at = path;
    struct step s;
    int more, steps = 0;
    while ((more = next(path, &at, &s)) > 0)
        if (++steps > PATH_MAX_STEPS)
            return err_set(err, ERR_CONFIG, "path \"%s\" has more than %d steps", path, PATH_MAX_STEPS);
    return more == 0 || err_set(err, ERR_CONFIG, "path \"%s\" is malformed at column %td", path, at - path + 1);
}

/* The value at one step, made when it is a missing member of an object and more steps follow. */
static json_t *descend(json_t *v, const struct step *s, bool array_next)
{
    if (s->index >= 0)
        return json_array_get(v, (size_t)s->index);
    json_t *child = json_object_get(v, s->name);
    if (!child && json_is_object(v)) {
        child = array_next ? json_array() : json_object();
        json_object_set_new(v, s->name, child);
    }
    return child;
}

static bool put(json_t *v, const struct step *s, json_t *value)
{
    if (s->index < 0)
        return json_is_object(v) && !json_object_set(v, s->name, value);
    size_t n = json_array_size(v), i = (size_t)s->index;
    if (!json_is_array(v) || i > n)
        return false;
    return i == n ? !json_array_append(v, value) : !json_array_set(v, i, value);
}

bool path_set(json_t *root, const char *path, json_t *stolen, struct err *err)
{
    const char *at = path;
    struct step s;
    json_t *v = root;
    bool ok = path_check(path, err);
    while (ok && next(path, &at, &s) > 0) {
        if (!*at) {
            ok = put(v, &s, stolen);
            break;
        }
        v = descend(v, &s, *at == '[' && at[1] != '\'');
        ok = v != NULL;
    }
    if (!ok && err && err->kind == ERR_NONE)
        err_set(err, ERR_REJECT, "path \"%s\" does not lead into an object or array here", path);
    json_decref(stolen);
    return ok;
}
