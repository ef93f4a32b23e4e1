/* Paths are read step by step from their text; nothing is compiled or kept. A set that fails has changed nothing. */
#include "bridge/base/path.h"
#include "bridge/base/js.h"
#include "bridge/base/str.h"
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

static json_t *child(const json_t *v, const struct step *s)
{
    return s->index < 0 ? json_object_get(v, s->name) : json_array_get(v, (size_t)s->index);
}

json_t *path_get(const json_t *root, const char *path)
{
    const char *at = path;
    struct step s;
    const json_t *v = root;
    int more;
    for (int steps = 0; (more = next(path, &at, &s)) > 0; steps++) {
        v = child(v, &s);
        if (!v || steps == PATH_MAX_STEPS)
            return NULL;
    }
    return more < 0 ? NULL : (json_t *)v;
}

bool path_check(const char *path, struct err *err)
{
    const char *at = path;
    struct step s;
    int more, steps = 0;
    if (!str_utf8_valid(path, strlen(path)))
        return err_set(err, ERR_CONFIG, "path \"%s\" is not UTF-8", path);
    while ((more = next(path, &at, &s)) > 0)
        if (++steps > PATH_MAX_STEPS)
            return err_set(err, ERR_CONFIG, "path \"%s\" has more than %d steps", path, PATH_MAX_STEPS);
    return more == 0 || err_set(err, ERR_CONFIG, "path \"%s\" is malformed at column %td", path, at - path + 1);
}

/* Can something stand at s in v? In an array the place behind the last one is free too. */
static bool takes(const json_t *v, const struct step *s)
{
    return s->index < 0 ? json_is_object(v) : json_is_array(v) && (size_t)s->index <= json_array_size(v);
}

static void put(json_t *v, const struct step *s, json_t *stolen)
{
    if (s->index < 0)
        js_set(v, s->name, stolen);
    else if ((size_t)s->index == json_array_size(v))
        js_add(v, stolen);
    else
        json_array_set_new(v, (size_t)s->index, stolen);
}

/* Wraps value in what the rest of the path still lacks, from its end; NULL when an index is not 0. Steals value. */
static json_t *wrapped(const char *path, const char *rest, json_t *value)
{
    struct step s;
    if (next(path, &rest, &s) <= 0)
        return value;
    json_t *inner = wrapped(path, rest, value), *outer = s.index < 0 ? json_object() : json_array();
    if (inner && takes(outer, &s)) {
        put(outer, &s, inner);
        return outer;
    }
    json_decref(inner);
    json_decref(outer);
    return NULL;
}

static bool lost(const char *path, struct err *err)
{
    return err_set(err, ERR_REJECT, "path \"%s\" does not lead into an object or array here", path);
}

bool path_set(json_t *root, const char *path, json_t *stolen, struct err *err)
{
    AUTO_JSON json_t *value = stolen;
    const char *at = path;
    struct step s;
    if (!path_check(path, err))
        return false;
    for (json_t *v = root; next(path, &at, &s) > 0; v = child(v, &s)) {
        if (!takes(v, &s))
            return lost(path, err);
        if (*at && child(v, &s))
            continue;
        json_t *tail = wrapped(path, at, json_incref(value));
        if (!tail)
            return lost(path, err);
        put(v, &s, tail);
        return true;
    }
    return lost(path, err);
}
