/* The stories of conversations, with Salesforce: tasks of contacts. STORY_EVERY=1 cuts them at each touch. */
#include "tests/kit/talk.h"

int main(void)
{
    return talk_stories(&talk_contacts, 6);
}
