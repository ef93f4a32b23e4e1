#include "bridge/io/address.h"
#include "bridge/base/mem.h"
#include "bridge/base/str.h"
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

struct range {
    uint32_t from;
    int bits;
};

static bool public_v4(uint32_t a)
{
    static const struct range closed[] = {
        {0x00000000, 8},  /* this network */
        {0x0a000000, 8},  /* private */
        {0x64400000, 10}, /* shared by carriers */
        {0x7f000000, 8},  /* loopback */
        {0xa9fe0000, 16}, /* link-local */
        {0xac100000, 12}, /* private */
        {0xc0000000, 24}, /* protocol assignments */
        {0xc0000200, 24}, /* documentation */
        {0xc0a80000, 16}, /* private */
        {0xc6120000, 15}, /* benchmarks */
        {0xc6336400, 24}, /* documentation */
        {0xcb007100, 24}, /* documentation */
        {0xe0000000, 3},  /* multicast and reserved */
    };
    for (size_t i = 0; i < COUNT(closed); i++)
        if ((a ^ closed[i].from) >> (32 - closed[i].bits) == 0)
            return false;
    return true;
}

static uint32_t word(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Only 2000::/3 is given out; inside it some prefixes carry an address of the old kind. */
static bool public_v6(const uint8_t a[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (!memcmp(a, mapped, sizeof mapped) || !memcmp(a, nat64, sizeof nat64))
        return public_v4(word(a + 12));
    if ((a[0] & 0xe0) != 0x20)
        return false;
    if (a[0] == 0x20 && a[1] == 0x02) /* 6to4 */
        return public_v4(word(a + 2));
    bool teredo = word(a) == 0x20010000, documentation = word(a) == 0x20010db8;
    return !teredo && !documentation;
}

bool address_public(const struct sockaddr *a)
{
    if (a->sa_family == AF_INET)
        return public_v4(ntohl(((const struct sockaddr_in *)(const void *)a)->sin_addr.s_addr));
    if (a->sa_family == AF_INET6)
        return public_v6(((const struct sockaddr_in6 *)(const void *)a)->sin6_addr.s6_addr);
    return false;
}

static bool ends(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && str_eq_nocase(s + n - m, tail);
}

/* Numbers in all the spellings resolvers take: "127.1", "0x7f000001", "2130706433". */
static bool number(const char *host, bool *is_public)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *list = NULL;
    if (getaddrinfo(host, NULL, &hints, &list) != 0)
        return false;
    *is_public = address_public(list->ai_addr);
    freeaddrinfo(list);
    return true;
}

bool address_public_host(const char *host)
{
    size_t n = strlen(host);
    bool bracketed = n > 2 && host[0] == '[' && host[n - 1] == ']', is_public = false;
    AUTO_FREE char *bare = bracketed ? mem_dup_n(host + 1, n - 2) : mem_dup(host);
    n = strlen(bare);
    if (n && bare[n - 1] == '.')
        bare[--n] = '\0';
    if (!n)
        return false;
    if (number(bare, &is_public))
        return is_public;
    if (strpbrk(bare, ":%"))
        return false; /* with a zone, or no address at all */
    return !str_eq_nocase(bare, "localhost") && !ends(bare, ".localhost") && !ends(bare, ".local") && !ends(bare, ".internal");
}
