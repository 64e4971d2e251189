/*
 * poolapi.c - the older and newer doors to the pool, lists of them, and rarely called locks.
 * [DDI:wdm/exallocatepool], [DDI:wdm/exallocatepoolwithquotatag], [DDI:wdm/exallocatepool3], [DDI:wdm/exfreepool2],
 * [DDI:ntddk/exquerypoolblocksize], [DDI:wdm/exinitializelookasidelistex], [DDI:wdm/exdeletetimer],
 * [DDI:wdm/iocreatesynchronizationevent], [DDI:wdm/exsettimerresolution], [DDI:ntddk/exverifysuite],
 * [DDI:wdm/kesettargetprocessordpcex], [DDI:wdm/keinitializethreadeddpc]
 */
#include "../ntlab-test.h"

typedef struct _EXTENDED {
    ULONG64 Type : 8, Optional : 1, Reserved : 55;
    ULONG64 Value;
} EXTENDED; /* POOL_EXTENDED_PARAMETER */
NTKERNELAPI PVOID NTAPI ExAllocatePool3(ULONG64, SIZE_T, ULONG, const EXTENDED *, ULONG);
NTKERNELAPI VOID NTAPI ExFreePool2(PVOID, ULONG, const EXTENDED *, ULONG);
NTKERNELAPI SIZE_T NTAPI ExQueryPoolBlockSize(PVOID, PBOOLEAN);
#undef ExAllocatePool
#undef ExAllocatePoolWithQuota
NTKERNELAPI PVOID NTAPI ExAllocatePool(POOL_TYPE, SIZE_T);
NTKERNELAPI PVOID NTAPI ExAllocatePoolWithQuota(POOL_TYPE, SIZE_T);
#ifndef POOL_FLAG_NON_PAGED
#define POOL_FLAG_RAISE_ON_FAILURE 0x20ull
#define POOL_FLAG_NON_PAGED        0x40ull
#define POOL_FLAG_PAGED            0x100ull
#endif

static VOID
Pools(VOID)
{
    EXTENDED Priority = {1, 0, 0, 16}, Secure = {2, 0}, Hint = {2, 1};
    BOOLEAN Quota = 9;
    PUCHAR Block = ExAllocatePool(NonPagedPool, 100), Other;

    EXPECT(Block != NULL && ((ULONG_PTR)Block & 15) == 0);
    EXPECT(ExQueryPoolBlockSize(Block, &Quota) >= 100 && ExQueryPoolBlockSize(Block, &Quota) < 200);
    RtlFillMemory(Block, 100, 0x11);
    ExFreePool(Block);
    EXPECT_EQ(ExAllocatePool(NonPagedPool, 1ull << 46), NULL);
    EXPECT_RAISES(ExAllocatePool(NonPagedPool | POOL_RAISE_IF_ALLOCATION_FAILURE, 1ull << 46),
                  STATUS_INSUFFICIENT_RESOURCES);
    Block = ExAllocatePoolWithQuota(PagedPool, 0x1800);
    EXPECT(Block != NULL &&
           ((ULONG_PTR)Block & (PAGE_SIZE - 1)) == 0);      /* a page or more: on a page */
    EXPECT_EQ(ExQueryPoolBlockSize(Block, &Quota), 0x2000); /* whole pages */
    ExFreePool(Block);
    Block = ExAllocatePool3(POOL_FLAG_NON_PAGED, 64, '3loP', &Priority, 1);
    EXPECT(Block != NULL && Block[0] == 0 && Block[63] == 0); /* zeroed */
    Other = ExAllocatePool3(POOL_FLAG_NON_PAGED, 64, '3loP', NULL, 0);
    EXPECT(Other != NULL && Other != Block);
    ExFreePool2(Other, '3loP', NULL, 0);
    ExFreePool2(Block, '3loP', NULL, 0);
    EXPECT_EQ(ExAllocatePool3(POOL_FLAG_NON_PAGED, 64, '3loP', &Secure, 1), NULL);
    EXPECT_RAISES(
        ExAllocatePool3(POOL_FLAG_NON_PAGED | POOL_FLAG_RAISE_ON_FAILURE, 64, '3loP', &Secure, 1),
        STATUS_INVALID_PARAMETER);
    Block = ExAllocatePool3(POOL_FLAG_PAGED, 64, '3loP', &Hint, 1); /* optional: may be left out */
    EXPECT(Block != NULL);
    ExFreePoolWithTag(Block, '3loP');
    EXPECT_EQ(ExAllocatePool3(0, 64, '3loP', NULL, 0), NULL); /* no pool is named */
}

/* What is freed comes back: a block that has been used is given again, another one not while it is in use. */
static VOID
Reuse(VOID)
{
    static PVOID Blocks[64];
    BOOLEAN Distinct = TRUE, Kept = TRUE;

    for (ULONG Round = 0; Round < 3; Round++) {
        for (ULONG i = 0; i < 64; i++) {
            Blocks[i] = ExAllocatePoolWithTag(NonPagedPool, 16 + i * 24, 'esuR');
            RtlFillMemory(Blocks[i], 16 + i * 24, (UCHAR)i);
        }
        for (ULONG i = 0; i < 64; i++) {
            for (ULONG j = 0; j < 16 + i * 24; j++) {
                Kept = Kept && ((PUCHAR)Blocks[i])[j] == (UCHAR)i;
            }
            for (ULONG j = 0; j < i; j++) {
                Distinct = Distinct && Blocks[i] != Blocks[j];
            }
        }
        for (ULONG i = Round; i < 64 + Round; i++) {
            ExFreePoolWithTag(Blocks[i % 64], 'esuR');
        }
    }
    EXPECT(Distinct && Kept);
    for (ULONG i = 0; i < 6; i++) { /* large ones: whole pages, forwards and backwards */
        Blocks[i] = ExAllocatePoolWithTag(NonPagedPool, (i + 1) * PAGE_SIZE, 'graL');
        RtlFillMemory(Blocks[i], (i + 1) * PAGE_SIZE, (UCHAR)(0x40 + i));
    }
    for (ULONG i = 0; i < 6; i++) {
        Kept = Kept && *(PUCHAR)Blocks[i] == 0x40 + i &&
               ((PUCHAR)Blocks[i])[(i + 1) * PAGE_SIZE - 1] == 0x40 + i;
    }
    EXPECT(Kept);
    for (ULONG i = 6; i-- > 0;) {
        ExFreePoolWithTag(Blocks[i], 'graL');
    }
}

static ULONG Made, Unmade;

static PVOID NTAPI
Allocate(POOL_TYPE Type, SIZE_T Size, ULONG Tag, PLOOKASIDE_LIST_EX List)
{
    Made++;
    return ExAllocatePoolWithTag(Type, Size, Tag);
}

static VOID NTAPI
Free(PVOID Block, PLOOKASIDE_LIST_EX List)
{
    Unmade++;
    ExFreePool(Block);
}

static VOID
Lookasides(VOID)
{
    static LOOKASIDE_LIST_EX List;
    PVOID First, Second;

    EXPECT_STATUS(
        ExInitializeLookasideListEx(&List, Allocate, Free, NonPagedPoolNx, 0, 48, 'kooL', 0),
        STATUS_SUCCESS);
    First = ExAllocateFromLookasideListEx(&List);
    Second = ExAllocateFromLookasideListEx(&List);
    EXPECT(Made == 2 && First != Second);
    ExFreeToLookasideListEx(&List, First);
    EXPECT_EQ(Unmade, 0); /* kept */
    EXPECT_EQ(ExAllocateFromLookasideListEx(&List), First);
    EXPECT_EQ(Made, 2);
    ExFreeToLookasideListEx(&List, First);
    ExFreeToLookasideListEx(&List, Second);
    ExDeleteLookasideListEx(&List);
    EXPECT(Made == 2 && Unmade == 2); /* all go back */
    EXPECT_STATUS(ExInitializeLookasideListEx(&List, NULL, NULL, PagedPool, 0, 48, 'kooL', 0),
                  STATUS_SUCCESS);
    First = ExAllocateFromLookasideListEx(&List);
    EXPECT(First != NULL);
    ExFreeToLookasideListEx(&List, First);
    ExDeleteLookasideListEx(&List);
}

static ULONG Fired, Deleted;

static VOID NTAPI
OnTimer(PEX_TIMER Timer, PVOID Context)
{
    Fired += Context == &Fired;
}

static VOID NTAPI
OnDelete(PVOID Context)
{
    Deleted += Context == &Deleted;
}

static VOID
Timers(VOID)
{
    EXT_DELETE_PARAMETERS Parameters;
    LARGE_INTEGER Delay = {.QuadPart = -300000};
    PEX_TIMER Timer = ExAllocateTimer(OnTimer, &Fired, 0);

    EXPECT(Timer != NULL);
    EXPECT(!ExSetTimer(Timer, -100000, 0, NULL)); /* it was not set before */
    EXPECT(ExSetTimer(Timer, -100000, 0, NULL));
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    EXPECT_EQ(Fired, 1);
    EXPECT(!ExCancelTimer(Timer, NULL));
    ExSetTimer(Timer, -100000, 100000, NULL); /* every 10 ms */
    Delay.QuadPart = -350000;
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    EXPECT_EQ(Fired, 4);
    EXPECT(ExCancelTimer(Timer, NULL));
    ExSetTimer(Timer, -100000, 0, NULL);
    RtlZeroMemory(&Parameters, sizeof(Parameters)); /* ExInitializeDeleteTimerParameters */
    Parameters.DeleteCallback = OnDelete;
    Parameters.DeleteContext = &Deleted;
    EXPECT(ExDeleteTimer(Timer, TRUE, TRUE, &Parameters)); /* cancelled, and waited for */
    EXPECT_EQ(Deleted, 1);
    KeDelayExecutionThread(KernelMode, FALSE, &Delay);
    EXPECT_EQ(Fired, 4);
}

static ULONG Processor;
static KIRQL Level;
static KEVENT Ran;

static VOID NTAPI
Dpc(PKDPC Object, PVOID Context, PVOID First, PVOID Second)
{
    Processor = KeGetCurrentProcessorNumberEx(NULL);
    Level = KeGetCurrentIrql();
    EXPECT(Context == &Processor && First == (PVOID)1 && Second == (PVOID)2);
    KeSetEvent(&Ran, 0, FALSE);
}

static VOID
Dpcs(VOID)
{
    PROCESSOR_NUMBER Number = {0, 2, 0};
    KDPC Object, Threaded;
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\NtlabSynch");
    HANDLE Handle;
    PKEVENT Event;

    KeInitializeEvent(&Ran, SynchronizationEvent, FALSE);
    KeInitializeDpc(&Object, Dpc, &Processor);
    EXPECT_STATUS(KeSetTargetProcessorDpcEx(&Object, &Number), STATUS_SUCCESS);
    EXPECT(KeInsertQueueDpc(&Object, (PVOID)1, (PVOID)2));
    KeWaitForSingleObject(&Ran, Executive, KernelMode, FALSE, NULL);
    EXPECT(Processor == 2 && Level == DISPATCH_LEVEL);
    Number.Number = 4;
    EXPECT_STATUS(KeSetTargetProcessorDpcEx(&Object, &Number), STATUS_INVALID_PARAMETER);
    Number.Number = 0;
    Number.Group = 1;
    EXPECT_STATUS(KeSetTargetProcessorDpcEx(&Object, &Number), STATUS_INVALID_PARAMETER);
    KeInitializeThreadedDpc(&Threaded, Dpc, &Processor);
    EXPECT(KeInsertQueueDpc(&Threaded, (PVOID)1, (PVOID)2));
    KeWaitForSingleObject(&Ran, Executive, KernelMode, FALSE, NULL);
    EXPECT(Level <= DISPATCH_LEVEL);
    KeFlushQueuedDpcs();
    EXPECT(!KeRemoveQueueDpc(&Object));
    Event = IoCreateSynchronizationEvent(&Name, &Handle);
    EXPECT(Event != NULL && KeReadStateEvent(Event)); /* signaled at first */
    EXPECT_STATUS(KeWaitForSingleObject(Event, Executive, KernelMode, FALSE, NULL), STATUS_SUCCESS);
    EXPECT(!KeReadStateEvent(Event)); /* one waiter took it */
    ZwClose(Handle);
    EXPECT(ExSetTimerResolution(10000, TRUE) > 0);
    ExSetTimerResolution(0, FALSE);
    EXPECT(!ExVerifySuite(DataCenter));
}

NTSTATUS NTAPI ZwQuerySystemInformation(ULONG Class, PVOID Buffer, ULONG Length, PULONG Needed);

/* SYSTEM_POOLTAG, as poolmon reads it: SystemPoolTagInformation */
typedef struct _TAG_USE {
    ULONG Tag, PagedAllocs, PagedFrees;
    SIZE_T PagedUsed;
    ULONG NonPagedAllocs, NonPagedFrees;
    SIZE_T NonPagedUsed;
} TAG_USE;

static struct {
    ULONG64 Count;
    TAG_USE Tag[1024];
} Use;

static VOID
ExpectUse(ULONG Paged, SIZE_T PagedBytes, ULONG NonPaged, SIZE_T NonPagedBytes)
{
    ULONG Needed = 0, Found = 0;
    TAG_USE Mine = {0};

    EXPECT_STATUS(ZwQuerySystemInformation(22, &Use, sizeof(Use), &Needed), STATUS_SUCCESS);
    EXPECT_EQ(Needed, 8 + (ULONG)Use.Count * sizeof(TAG_USE));
    for (ULONG i = 0; i < (ULONG)Use.Count; i++) {
        if (Use.Tag[i].Tag == 'esUT') {
            Mine = Use.Tag[i];
            Found++;
        }
    }
    EXPECT_EQ(Found, Paged + NonPaged != 0);
    EXPECT_EQ(Mine.PagedAllocs - Mine.PagedFrees, Paged);
    EXPECT_EQ(Mine.PagedUsed, PagedBytes);
    EXPECT_EQ(Mine.NonPagedAllocs - Mine.NonPagedFrees, NonPaged);
    EXPECT_EQ(Mine.NonPagedUsed, NonPagedBytes);
}

static VOID
UseByTag(VOID)
{
    PVOID Block[6];
    ULONG Needed = 0;

    ExpectUse(0, 0, 0, 0);
    Block[0] = ExAllocatePoolWithTag(PagedPool, 100, 'esUT');
    Block[1] = ExAllocatePoolWithTag(PagedPool, 100000, 'esUT');
    Block[2] = ExAllocatePoolWithTag(NonPagedPoolNx, 48, 'esUT');
    Block[3] = ExAllocatePoolWithTag(NonPagedPool, 5000, 'esUT');
    Block[4] = ExAllocatePoolWithTag(NonPagedPoolNxCacheAligned, 200, 'esUT');
    Block[5] = ExAllocatePoolWithTag(NonPagedPoolNx, 0x4000000, 'esUT'); /* more than others have */
    ExpectUse(2, 100100, 4, 48 + 5000 + 200 + 0x4000000);
    ExFreePool(Block[1]);
    ExFreePool(Block[4]);
    ExpectUse(1, 100, 3, 48 + 5000 + 0x4000000);
    ExFreePool(Block[5]);
    ExFreePool(Block[0]);
    ExpectUse(0, 0, 2, 48 + 5000);
    ExFreePool(Block[2]);
    ExFreePool(Block[3]);
    ExpectUse(0, 0, 0, 0);
    EXPECT_STATUS(ZwQuerySystemInformation(22, &Use, 8, &Needed), STATUS_INFO_LENGTH_MISMATCH);
    EXPECT(Needed > 8);
}

TEST_DRIVER(TEST(Pools), TEST(Reuse), TEST(Lookasides), TEST(Timers), TEST(Dpcs), TEST(UseByTag))
