/* The stories of deals, with HubSpot. */
#include "tests/kit/deals.h"

int main(int argc, char **argv)
{
    return deal_stories(&deal_hubspot, argc > 1 ? argv[1] : NULL);
}
