/*
 * watch.c - a kernel that tells what it reads and writes. Only in build/nt/watched.exe, which is the same kernel with
 * a call in front of each access (-fsanitize=thread): sanitize.c's callbacks come here there.
 *
 * The host compares what steps access with what they say that they touch (host/explore/watch.c). Not told:
 *     user memory                     whose accesses those are is the program's affair
 *     while Machine->watching is 0    who could step, and what it would do, is described: that is no step
 */
#include "nt/ke/ki.h"

/* As KiAccessPoint, in whose place it is called. */
VOID
KiWatchAccess(ULONG Operation, const volatile VOID *Address, ULONG64 Size, PVOID Site,
              BOOLEAN Plain)
{
    struct abi_watched *Access = (struct abi_watched *)Machine->watched;

    if (Access == NULL || Machine->watching == 0 || (ULONG64)Address < ABI_SYSTEM_BASE) {
        return;
    }
    Access->address = (ULONG64)Address;
    Access->site = (ULONG64)Site;
    Access->size = Size | (Operation == SP_MEMORY_READ ? 0 : ABI_WATCHED_WRITES);
    if (Access < (struct abi_watched *)ABI_WATCH_RING + ABI_WATCH_COUNT - 1) {
        Machine->watched = (ULONG64)(Access + 1);
    }
}

/* As KiComparePoint. */
VOID
KiWatchCompare(const volatile VOID *Address, ULONG64 Size, ULONG64 Expected, PVOID Site)
{
    KiWatchAccess(SP_ATOMIC, Address, Size, Site, FALSE);
}
