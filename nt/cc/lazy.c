/*
 * lazy.c - the lazy writer, and writers that have to wait for it.
 *
 *   L1  A second after something has become dirty a worker of the system writes all that is, file by file, under the
 *       locks of AcquireForLazyWrite. While something is dirty it comes again each second; else there is no timer.
 *   L2  A file that cannot be written is tried again; after CCP_FAILURES seconds what is dirty is lost.
 *   L3  Above a threshold of dirty pages writers wait (CcCanIWrite), or have their write posted later
 *       (CcDeferWrite): the lazy writer comes at once then.
 *   L4  There is one pass at a time: it is armed again when it has come to its end. What it writes is settled at its beginning, and what
 *       there is left at its end: these two come before or behind each change of a stream (nt/inc/mm.h, MiStepOnStream).
 */
#include "ccp.h"

#define CCP_DELAY     (-10000000ll)
#define CCP_FAILURES  8u
#define CCP_THRESHOLD 16384ull /* pages: 64 MiB */

static VOID
CcpLazyTimerRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ExQueueWorkItem(&CcpLazyItem, CriticalWorkQueue);
}

/* Writes one file, which has been told to stay (Busy). TRUE: what is dirty is lost. */
static BOOLEAN
CcpWriteFile(PCCP_SHARED Shared)
{
    PCACHE_MANAGER_CALLBACKS Callbacks = Shared->Callbacks;
    PVOID Context = Shared->LazyWriteContext;
    BOOLEAN Lost = FALSE;
    ULONG64 Written;
    NTSTATUS Status;

    KeEnterCriticalRegion();
    if (Callbacks->AcquireForLazyWrite(Context, TRUE)) {
        CcpWriteLog(Shared, 0, 0);
        Status = MiFlushControl(Shared->Control, 0, 0, &Written);
        Callbacks->ReleaseFromLazyWrite(Context);
        if (NT_SUCCESS(Status)) {
            Shared->Failures = 0;
        } else {
            Lost = Status != STATUS_FILE_LOCK_CONFLICT && ++Shared->Failures >= CCP_FAILURES;
        }
    }
    KeLeaveCriticalRegion();
    return Lost;
}

static BOOLEAN
CcpIsToBeWritten(PCCP_SHARED Shared)
{
    return !Shared->DisableWriteBehind || Shared->OpenCount == 0;
}

/* What this pass is going to write, in the order of CcpMaps. */
static VOID
CcpTakeDirty(PLIST_ENTRY Taken)
{
    InitializeListHead(Taken);
    for (PLIST_ENTRY Entry = CcpMaps.Flink; Entry != &CcpMaps; Entry = Entry->Flink) {
        PCCP_SHARED Shared = CONTAINING_RECORD(Entry, CCP_SHARED, Links);

        if ((MiDirtyCount(Shared->Control) != 0 || Shared->OpenCount == 0) &&
            CcpIsToBeWritten(Shared)) {
            Shared->Busy++;
            InsertTailList(Taken, &Shared->Taken);
        }
    }
}

static BOOLEAN
CcpIsWork(VOID)
{
    for (PLIST_ENTRY Entry = CcpMaps.Flink; Entry != &CcpMaps; Entry = Entry->Flink) {
        PCCP_SHARED Shared = CONTAINING_RECORD(Entry, CCP_SHARED, Links);

        if (MiDirtyCount(Shared->Control) != 0 && CcpIsToBeWritten(Shared)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* L3. Is there room for the first of those whose write is to be posted? */
static BOOLEAN
CcpMayPost(VOID)
{
    PCCP_DEFERRED Deferred = CONTAINING_RECORD(CcpDeferred.Flink, CCP_DEFERRED, Links);

    return CcpMayWrite(Deferred->FileObject, Deferred->Bytes);
}

static VOID
CcpPostFirst(VOID)
{
    PCCP_DEFERRED Deferred = CONTAINING_RECORD(RemoveHeadList(&CcpDeferred), CCP_DEFERRED, Links);

    Deferred->Routine(Deferred->Context1, Deferred->Context2);
    ExpFree(Deferred);
}

/* Is a pass at its end? The caller stands at a step on MiControls. */
static BOOLEAN
CcpEndPass(PLIST_ENTRY Waiters)
{
    if (!IsListEmpty(&CcpDeferred) && CcpMayPost()) {
        return FALSE;
    }
    MiTakeList(&CcpLazyWaiters, Waiters);
    CcpLazyArmed = FALSE;
    if (CcpIsWork()) {
        CcpWakeLazyWriter();
    }
    return TRUE;
}

/* One file; with the last one the pass may be at its end, in the same step. */
static BOOLEAN
CcpWriteNext(PLIST_ENTRY Taken, PLIST_ENTRY Waiters)
{
    PCCP_SHARED Shared = CONTAINING_RECORD(RemoveHeadList(Taken), CCP_SHARED, Taken);
    BOOLEAN Lost = CcpWriteFile(Shared), Ends = FALSE;

    if (Lost) {
        MiBackOnStream(Shared->Pointers);
        MiPurgeControl(Shared->Control, 0, 0); /* L2 */
    }
    if (!IsListEmpty(Taken)) {
        MiBackOnStream(Shared->Pointers);
    } else if (Machine->explore != ABI_EXPLORE_OFF) {
        KiAcquirePoint(SP_OBJECT, Shared->Pointers, NULL, KI_ALSO_CHANGES(&MiControls));
    }
    Shared->Busy--;
    if (IsListEmpty(Taken)) {
        Ends = CcpEndPass(Waiters);
    }
    CcpTryDelete(Shared);
    return Ends;
}

/* L1, L4 */
static VOID NTAPI
CcpLazyWriter(PVOID Context)
{
    LIST_ENTRY Taken, Waiters;
    BOOLEAN Ends;

    KiChanges(&MiControls);
    CcpTakeDirty(&Taken);
    Ends = IsListEmpty(&Taken) && CcpEndPass(&Waiters);
    while (!IsListEmpty(&Taken)) {
        Ends = CcpWriteNext(&Taken, &Waiters);
    }
    while (!Ends) {
        CcpPostFirst();
        KiChanges(&MiControls);
        Ends = CcpEndPass(&Waiters);
    }
    while (!IsListEmpty(&Waiters)) {
        KeSetEvent(&CONTAINING_RECORD(RemoveHeadList(&Waiters), CCP_LAZY_WAIT, Links)->Done,
                   IO_NO_INCREMENT, FALSE);
    }
}

static VOID
CcpArm(LONG64 Delay)
{
    if (CcpLazyArmed) {
        return;
    }
    CcpLazyArmed = TRUE;
    ExInitializeWorkItem(&CcpLazyItem, CcpLazyWriter, NULL);
    KeInitializeDpc(&CcpLazyDpc, (PKDEFERRED_ROUTINE)CcpLazyTimerRoutine, NULL);
    KeInitializeTimer(&CcpLazyTimer);
    KiArmTimer(&CcpLazyTimer, Delay, &CcpLazyDpc);
}

VOID
CcpWakeLazyWriter(VOID)
{
    CcpArm(CCP_DELAY);
}

/* At once, whatever it would have waited for. While schedules are explored it may come at any time anyway. */
static VOID
CcpHurry(VOID)
{
    if (Machine->explore == ABI_EXPLORE_OFF && CcpLazyArmed && KiDisarmTimer(&CcpLazyTimer)) {
        CcpLazyArmed = FALSE;
    }
    CcpArm(-1);
}

/* Until the lazy writer has come to its end. */
static VOID
CcpWaitForLazyWriter(VOID)
{
    CCP_LAZY_WAIT Wait;

    KeInitializeEvent(&Wait.Done, SynchronizationEvent, FALSE);
    InsertTailList(&CcpLazyWaiters, &Wait.Links);
    CcpHurry();
    KeWaitForSingleObject(&Wait.Done, Executive, KernelMode, FALSE, NULL);
}

BOOLEAN
CcpMayWrite(PFILE_OBJECT FileObject, ULONG Bytes)
{
    PCCP_SHARED Shared = FileObject->SectionObjectPointer != NULL
                             ? FileObject->SectionObjectPointer->SharedCacheMap
                             : NULL;
    ULONG64 Pages = (Bytes + PAGE_SIZE - 1) / PAGE_SIZE;

    if (MiDirtyPages != 0 && MiDirtyPages + Pages > CCP_THRESHOLD) {
        return FALSE;
    }
    return Shared == NULL || Shared->DirtyThreshold == 0 ||
           MiDirtyCount(Shared->Control) + Pages <= Shared->DirtyThreshold ||
           MiDirtyCount(Shared->Control) == 0;
}

/* What decides whether it may be written is the stream's, and, where many pages of all streams are dirty, everybody's. */
static VOID
CcpStepOnLimits(PFILE_OBJECT FileObject)
{
    KiAcquirePoint(SP_OBJECT,
                   FileObject->SectionObjectPointer != NULL
                       ? (PVOID)FileObject->SectionObjectPointer
                       : (PVOID)FileObject,
                   NULL,
                   MiDirtyPages < CCP_THRESHOLD / 2 ? KI_ALSO_READS(&MiControls)
                                                    : KI_ALSO_CHANGES(&MiControls));
}

/* L3 */
BOOLEAN NTAPI
CcCanIWrite(PFILE_OBJECT FileObject, ULONG BytesToWrite, BOOLEAN Wait, BOOLEAN Retrying)
{
    CcpStepOnLimits(FileObject);
    while (!CcpMayWrite(FileObject, BytesToWrite)) {
        if (!Wait) {
            return FALSE;
        }
        CcpWaitForLazyWriter();
        CcpStepOnLimits(FileObject);
    }
    return TRUE;
}

VOID NTAPI
CcDeferWrite(PFILE_OBJECT FileObject, PCC_POST_DEFERRED_WRITE PostRoutine, PVOID Context1,
             PVOID Context2, ULONG BytesToWrite, BOOLEAN Retrying)
{
    PCCP_DEFERRED Deferred = ExpAllocate(sizeof(*Deferred), CCP_TAG);

    Deferred->FileObject = FileObject;
    Deferred->Bytes = BytesToWrite;
    Deferred->Routine = PostRoutine;
    Deferred->Context1 = Context1;
    Deferred->Context2 = Context2;
    KiChanges(&MiControls);
    if (Retrying) {
        InsertHeadList(&CcpDeferred, &Deferred->Links);
    } else {
        InsertTailList(&CcpDeferred, &Deferred->Links);
    }
    CcpHurry();
}

BOOLEAN NTAPI
CcCopyWriteWontFlush(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length)
{
    CcpStepOnLimits(FileObject);
    return Length <= 0x10000 && CcpMayWrite(FileObject, Length);
}

/* What is dirty now is written when this returns. */
NTSTATUS NTAPI
CcWaitForCurrentLazyWriterActivity(VOID)
{
    KiSchedulePoint(SP_OBJECT, &MiControls);
    if (CcpIsWork() || CcpLazyArmed) {
        CcpWaitForLazyWriter();
    }
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
CcIsThereDirtyDataEx(PVPB Vpb, PULONG NumberOfDirtyPages)
{
    ULONG64 Pages = 0;

    KiChanges(&MiControls);
    for (PLIST_ENTRY Entry = CcpMaps.Flink; Entry != &CcpMaps; Entry = Entry->Flink) {
        PCCP_SHARED Shared = CONTAINING_RECORD(Entry, CCP_SHARED, Links);

        if (Shared->FileObject->Vpb == Vpb && !(Shared->FileObject->Flags & FO_TEMPORARY_FILE)) {
            Pages += MiDirtyCount(Shared->Control);
        }
    }
    if (NumberOfDirtyPages != NULL) {
        *NumberOfDirtyPages = (ULONG)Pages;
    }
    return Pages != 0;
}

BOOLEAN NTAPI
CcIsThereDirtyData(PVPB Vpb)
{
    return CcIsThereDirtyDataEx(Vpb, NULL);
}
