/* The stories of conversations, with HubSpot: notes on contacts. */
#include "tests/kit/talk.h"

int main(void)
{
    return talk_stories(&talk_hubspot, 100);
}
