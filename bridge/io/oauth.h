/* Bearer tokens: static, or an OAuth refresh grant, single-flight, with the rotated refresh token made durable before
 * the new access token is first used. Thread-safe. */
#pragma once
#include "bridge/io/env.h"

/* Where tokens survive a restart. save must be durable when it returns true. Both may be called from any thread. */
struct vault {
    void *self;
    bool (*load)(void *self, const char *name, char **plain, struct err *err); /* *plain NULL when there is none */
    bool (*save)(void *self, const char *name, const char *plain, struct err *err);
    /* may: asked before a refresh, which may void the token the service gave before; NULL = yes. A reader of another
     * process's store says no. */
    bool (*may)(void *self, struct err *err);
};

struct oauth_options {
    const char *name;          /* name under which the vault keeps the token set */
    const char *static_token;  /* static_token: then nothing else is looked at */
    const char *token_url;
    const char *client_id, *client_secret, *refresh_token; /* the vault's refresh token wins over this one when the vault
                                                              says it descends from it (hash of the configured one kept) */
};

struct oauth;
struct oauth *oauth_new(const struct oauth_options *options, const struct vault *vault); /* copies */
void oauth_free(struct oauth *o);
/* oauth_authorise adds the Authorization header, refreshing first when ≥ 80 % of the token's life is over. *generation is
 * which token it used. AUTH when the grant is refused for good; TEMP or UNSURE otherwise. */
bool oauth_authorise(struct oauth *o, struct env *env, struct http_request *request, unsigned *generation, struct err *err) MUST_CHECK;
/* oauth_refused: a 401 came for that generation: refresh once (whoever comes first does it, the others take its token).
 * False when nothing can be refreshed (static token) or the refresh failed. */
bool oauth_refused(struct oauth *o, struct env *env, unsigned generation, struct err *err) MUST_CHECK;
