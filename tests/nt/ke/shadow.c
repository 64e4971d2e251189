/*
 * shadow.c - a driver adds the second table of system services, which on Windows is win32k's. shadow-client.c calls them.
 *
 * KeAddSystemServiceTable is exported and not documented: [SC] nt-semantics 8.1, 8.2.
 */
#include <ntifs.h>
#include "../ntlab-test.h"

NTKERNELAPI BOOLEAN NTAPI KeAddSystemServiceTable(PULONG_PTR Base, PULONG Count, ULONG Limit,
                                                  PUCHAR Number, ULONG Index);
NTKERNELAPI BOOLEAN NTAPI KeRemoveSystemServiceTable(ULONG Index);

static NTSTATUS NTAPI
Answer(VOID)
{
    return 42 + ExGetPreviousMode(); /* 1: UserMode */
}

/* Two of its arguments lie on the user's stack. */
static NTSTATUS NTAPI
Add(ULONG_PTR A, ULONG_PTR B, ULONG_PTR C, ULONG_PTR D, ULONG_PTR E, ULONG_PTR F)
{
    return (NTSTATUS)(A + 10 * B + 100 * C + 1000 * D + 10000 * E + 100000 * F);
}

static ULONG_PTR Table[2];
static UCHAR Arguments[2] = {0, 8};

static VOID
SecondTable(VOID)
{
    Table[0] = (ULONG_PTR)Answer;
    Table[1] = (ULONG_PTR)Add;
    EXPECT(
        !KeAddSystemServiceTable(Table, NULL, 2, Arguments, 0)); /* the first one is the kernel's */
    EXPECT(!KeAddSystemServiceTable(Table, NULL, 0, Arguments, 1));
    EXPECT(!KeRemoveSystemServiceTable(1)); /* there is none yet */
    EXPECT(KeAddSystemServiceTable(Table, NULL, 2, Arguments, 1));
    EXPECT(!KeAddSystemServiceTable(Table, NULL, 2, Arguments, 1)); /* there is one already */
}

TEST_DRIVER(TEST(SecondTable))
