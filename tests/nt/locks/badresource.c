/*
 * badresource.c - misuse of an ERESOURCE that is no cell of the table (-DCASE=n), each a documented bugcheck.
 */
#include "worker.h"

static ERESOURCE Resource;
static ULONG64 Storage[2];
#define OWNER ((ERESOURCE_THREAD)Storage | 3)

static VOID
Let(const char *Name, ULONG64 Value)
{
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: let %s 0x%I64x\n", Name,
               Value);
}

static LONG_PTR
Release(PVOID Thread)
{
    Let("thread", (ULONG64)KeGetCurrentThread());
    ExReleaseResourceForThreadLite(&Resource, (ERESOURCE_THREAD)Thread);
    return ExIsResourceAcquiredSharedLite(&Resource);
}

static VOID
Misuse(VOID)
{
    KeEnterCriticalRegion();
    ExInitializeResourceLite(&Resource);
    StartWorkers();
    ExAcquireResourceExclusiveLite(&Resource, TRUE);
    Let("lock", (ULONG64)&Resource);
    Let("me", (ULONG64)KeGetCurrentThread());
    Let("owner", OWNER);
    Let("storage", (ULONG64)Storage);
#if CASE == 1
    /* 0x16E: released in another thread's name, without an owner pointer: resource, current thread, the name [BC:16e] */
    Ask(0, Release, KeGetCurrentThread());
    EXPECT(ExAcquireResourceExclusiveLite(&Resource, FALSE)); /* until 7 nobody minds */
    ExReleaseResourceLite(&Resource);
#elif CASE == 2
    /* 0x16E: a name that is neither a thread nor an owner pointer */
    Let("thread", (ULONG64)KeGetCurrentThread());
    ExReleaseResourceForThreadLite(&Resource, 0x1230);
#elif CASE == 3
    /* 0x132: an owner pointer without its two low bits: resource, table, thread, pointer [BC:132] */
    ExSetResourceOwnerPointer(&Resource, Storage);
#elif CASE == 4
    /* 0x132: with one of them */
    ExSetResourceOwnerPointer(&Resource, (PVOID)((ULONG_PTR)Storage | 1));
#elif CASE == 5
    /* 0xE3: disowned, then released as if it were this thread's [BC:e3] */
    ExSetResourceOwnerPointer(&Resource, (PVOID)OWNER);
    ExReleaseResourceLite(&Resource);
#elif CASE == 6
    /* 0xE3: an owner pointer that owns nothing */
    ExReleaseResourceForThreadLite(&Resource, OWNER);
#elif CASE == 7
    /* 0xE3: released once too often */
    ExReleaseResourceLite(&Resource);
    ExReleaseResourceLite(&Resource);
#elif CASE == 8
    /* 0xE3: converted by who does not own it exclusively */
    ExConvertExclusiveToSharedLite(&Resource);
    ExConvertExclusiveToSharedLite(&Resource);
#elif CASE == 9
    /* 0xE3: disowned by who does not own it */
    ExReleaseResourceLite(&Resource);
    ExSetResourceOwnerPointer(&Resource, (PVOID)OWNER);
#endif
    ExDeleteResourceLite(&Resource);
    EndWorkers();
    KeLeaveCriticalRegion();
}

TEST_DRIVER(TEST(Misuse))
