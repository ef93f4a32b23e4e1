/* Bearer tokens: static, or one of three grants (refresh token, signed assertion, client credentials), single-flight, with
 * a rotated refresh token made durable before the new access token is first used. Where the token answer names the
 * instance it is for, relative addresses are completed with it. Thread-safe. */
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

/* The grant follows from what is told: private_key = signed assertion, refresh_token = refresh, else client credentials. */
struct oauth_options {
    const char *name;          /* name under which the vault keeps the token set */
    const char *static_token;  /* static_token: then nothing else is looked at */
    const char *token_url;
    const char *client_id;
    const char *client_secret; /* client_secret may be NULL where the service wants none */
    const char *refresh_token; /* the vault's refresh token wins over this one when the vault says it descends from it (hash
                                  of the configured one kept) */
    const char *private_key;   /* private_key: PEM of an RSA key; the assertion is signed with it (RS256) */
    const char *subject;       /* subject of the assertion: the user it speaks for */
    const char *audience;      /* audience of the assertion */
    int64_t life_ms;           /* life_ms of a token whose answer names none; 0 = half an hour */
};

struct oauth;
struct oauth *oauth_new(const struct oauth_options *options, const struct vault *vault); /* copies */
void oauth_free(struct oauth *o);
/* oauth_key_usable: whether the PEM text holds a private key that can sign; CONFIG when not. */
bool oauth_key_usable(const char *pem, struct err *err) MUST_CHECK;
/* oauth_authorise adds the Authorization header, getting a token first when there is none or ≥ 80 % of its life is over. A
 * request whose url is relative gets the token's instance put in front, when it has one. *generation is which token it
 * used. AUTH when the grant is refused for good (also for half a minute after that, without asking again); CONFIG when
 * nothing can be signed; RATE, TEMP or UNSURE otherwise. */
bool oauth_authorise(struct oauth *o, struct env *env, struct http_request *request, unsigned *generation, struct err *err) MUST_CHECK;
/* oauth_refused: a 401 came for that generation: get a new token once (whoever comes first does it, the others take it).
 * False when nothing can be got: a static token (err untouched), the grant failed, or a new token was refused as well a
 * moment ago, so that another one would not help (AUTH). */
bool oauth_refused(struct oauth *o, struct env *env, unsigned generation, struct err *err) MUST_CHECK;
/* oauth_worked: the token of that generation was taken by the service. */
void oauth_worked(struct oauth *o, unsigned generation);
