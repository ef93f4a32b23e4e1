/* The stories of deals, with Salesforce: opportunities of contacts. STORY_EVERY=1 cuts them at each touch. */
#include "tests/kit/deals.h"

int main(int argc, char **argv)
{
    return deal_stories(&deal_salesforce, argc > 1 ? argv[1] : NULL);
}
