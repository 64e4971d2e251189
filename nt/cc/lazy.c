/*
 * lazy.c - the lazy writer, and writers that have to wait for it.
 *
 *   L1  A second after something has become dirty a worker of the system writes all that is, file by file, under the
 *       locks of AcquireForLazyWrite. While something is dirty it comes again each second; else there is no timer.
 *   L2  A file that cannot be written is tried again; after CCP_FAILURES seconds what is dirty is lost.
 *   L3  Above a threshold of dirty pages writers wait (CcCanIWrite), or have their write posted later
 *       (CcDeferWrite): the lazy writer comes at once then.
 */
#include "ccp.h"

#define CCP_DELAY     (-10000000ll)
#define CCP_FAILURES  8u
#define CCP_THRESHOLD 16384ull /* pages: 64 MiB */

static VOID
CcpLazyTimerRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    CcpLazyRunning = TRUE;
    ExQueueWorkItem(&CcpLazyItem, CriticalWorkQueue);
}

/* Writes one file. Whether the map is still there afterwards is not said. */
static VOID
CcpWriteFile(PCCP_SHARED Shared)
{
    PCACHE_MANAGER_CALLBACKS Callbacks = Shared->Callbacks;
    PVOID Context = Shared->LazyWriteContext;
    ULONG64 Written;
    NTSTATUS Status;

    Shared->Busy++;
    KeEnterCriticalRegion();
    if (Callbacks->AcquireForLazyWrite(Context, TRUE)) {
        CcpWriteLog(Shared, 0, 0);
        Status = MiFlushControl(Shared->Control, 0, 0, &Written);
        Callbacks->ReleaseFromLazyWrite(Context);
        if (NT_SUCCESS(Status)) {
            Shared->Failures = 0;
        } else if (Status != STATUS_FILE_LOCK_CONFLICT && ++Shared->Failures >= CCP_FAILURES) {
            MiPurgeControl(Shared->Control, 0, 0); /* L2 */
        }
    }
    KeLeaveCriticalRegion();
    Shared->Busy--;
    CcpTryDelete(Shared);
}

static PCCP_SHARED
CcpNextDirty(VOID)
{
    for (PLIST_ENTRY Entry = CcpMaps.Flink; Entry != &CcpMaps; Entry = Entry->Flink) {
        PCCP_SHARED Shared = CONTAINING_RECORD(Entry, CCP_SHARED, Links);

        if (Shared->Pass != CcpLazyPass &&
            (MiDirtyCount(Shared->Control) != 0 || Shared->OpenCount == 0) &&
            (!Shared->DisableWriteBehind || Shared->OpenCount == 0)) {
            Shared->Pass = CcpLazyPass;
            return Shared;
        }
    }
    return NULL;
}

static BOOLEAN
CcpIsWork(VOID)
{
    for (PLIST_ENTRY Entry = CcpMaps.Flink; Entry != &CcpMaps; Entry = Entry->Flink) {
        PCCP_SHARED Shared = CONTAINING_RECORD(Entry, CCP_SHARED, Links);

        if (MiDirtyCount(Shared->Control) != 0 &&
            (!Shared->DisableWriteBehind || Shared->OpenCount == 0)) {
            return TRUE;
        }
    }
    return FALSE;
}

/* L1 */
static VOID NTAPI
CcpLazyWriter(PVOID Context)
{
    PCCP_SHARED Shared;

    CcpLazyArmed = FALSE;
    CcpLazyPass++;
    while ((Shared = CcpNextDirty()) != NULL) {
        CcpWriteFile(Shared);
    }
    CcpPostDeferred();
    CcpLazyRunning = FALSE;
    KeSetEvent(&CcpLazyIdle, IO_NO_INCREMENT, FALSE);
    if (CcpIsWork()) {
        CcpWakeLazyWriter();
    }
}

static VOID
CcpArm(LONGLONG Delay)
{
    if (CcpLazyArmed) {
        return;
    }
    CcpLazyArmed = TRUE;
    ExInitializeWorkItem(&CcpLazyItem, CcpLazyWriter, NULL);
    KeInitializeDpc(&CcpLazyDpc, (PKDEFERRED_ROUTINE)CcpLazyTimerRoutine, NULL);
    KeInitializeTimer(&CcpLazyTimer);
    KeInitializeEvent(&CcpLazyIdle, NotificationEvent, FALSE);
    KeSetTimer(&CcpLazyTimer, (LARGE_INTEGER){.QuadPart = Delay}, &CcpLazyDpc);
}

VOID
CcpWakeLazyWriter(VOID)
{
    CcpArm(CCP_DELAY);
}

/* At once, whatever it would have waited for. */
static VOID
CcpHurry(VOID)
{
    if (CcpLazyArmed && !CcpLazyRunning && KeCancelTimer(&CcpLazyTimer)) {
        CcpLazyArmed = FALSE;
    }
    CcpArm(-1);
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

/* L3 */
BOOLEAN NTAPI
CcCanIWrite(PFILE_OBJECT FileObject, ULONG BytesToWrite, BOOLEAN Wait, BOOLEAN Retrying)
{
    KiSchedulePoint(SP_OBJECT, FileObject);
    while (!CcpMayWrite(FileObject, BytesToWrite)) {
        if (!Wait) {
            return FALSE;
        }
        CcpHurry();
        KeWaitForSingleObject(&CcpLazyIdle, Executive, KernelMode, FALSE, NULL);
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
    if (Retrying) {
        InsertHeadList(&CcpDeferred, &Deferred->Links);
    } else {
        InsertTailList(&CcpDeferred, &Deferred->Links);
    }
    CcpHurry();
}

VOID
CcpPostDeferred(VOID)
{
    while (!IsListEmpty(&CcpDeferred)) {
        PCCP_DEFERRED Deferred = CONTAINING_RECORD(CcpDeferred.Flink, CCP_DEFERRED, Links);

        if (!CcpMayWrite(Deferred->FileObject, Deferred->Bytes)) {
            return;
        }
        RemoveEntryList(&Deferred->Links);
        Deferred->Routine(Deferred->Context1, Deferred->Context2);
        ExpFree(Deferred);
    }
}

BOOLEAN NTAPI
CcCopyWriteWontFlush(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length)
{
    return Length <= 0x10000 && CcpMayWrite(FileObject, Length);
}

/* What is dirty now is written when this returns. */
NTSTATUS NTAPI
CcWaitForCurrentLazyWriterActivity(VOID)
{
    KiSchedulePoint(SP_OBJECT, &CcpMaps);
    if (CcpIsWork() || CcpLazyRunning) {
        CcpHurry();
        KeWaitForSingleObject(&CcpLazyIdle, Executive, KernelMode, FALSE, NULL);
    }
    return STATUS_SUCCESS;
}

BOOLEAN NTAPI
CcIsThereDirtyDataEx(PVPB Vpb, PULONG NumberOfDirtyPages)
{
    ULONG64 Pages = 0;

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
