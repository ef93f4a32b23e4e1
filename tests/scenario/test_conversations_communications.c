/* The stories of conversations, with HubSpot's communications: where their key may be unique, and where it may not. */
#include "tests/kit/talk.h"

int main(void)
{
    return talk_stories(&talk_communications, 10) | talk_stories(&talk_without_unique_key, 10);
}
