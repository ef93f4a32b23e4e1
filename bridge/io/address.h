/* Which addresses are the public internet's. A URL somebody else may choose must not lead into the machine or the network the
 * bridge runs in: loopback, private, link-local (where clouds keep their secrets), shared, multicast, reserved. */
#pragma once
#include <stdbool.h>

struct sockaddr;

bool address_public(const struct sockaddr *a);   /* false for families nobody here knows */
/* address_public_host: a host as URLs have it, brackets allowed. Numbers are judged; of names only those that always stay at
 * home ("localhost", "*.local", "*.internal") are known before they are looked up. */
bool address_public_host(const char *host);
