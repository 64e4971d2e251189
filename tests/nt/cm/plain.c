/*
 * plain.c - a driver whose INF says nothing of it, or is for a later version: it is loaded all the same.
 */
#include "../ntlab-test.h"

static VOID
Loaded(VOID)
{
    EXPECT(PsGetCurrentProcess() == PsInitialSystemProcess);
}

TEST_DRIVER(TEST(Loaded))
