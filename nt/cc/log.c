/*
 * log.c - what a file system with a log has to know of pinned data: how old the changes are that are not on the disk yet. [ntifs:
 * CcSetLogHandleForFile, CcSetDirtyPinnedData, CcGetDirtyPages]
 *
 *   G1  A range that was made dirty with a sequence number is remembered, by itself or with the range that holds it, until its pages
 *       are clean: the BCB may be gone long before.
 *   G2  Before such a range is written, the log is written up to its newest number.
 */
#include "ccp.h"

typedef struct _CCP_LOGGED {
    LIST_ENTRY Links; /* of the shared map */
    ULONG64 Offset, Length;
    LARGE_INTEGER Oldest, Newest;
} CCP_LOGGED, *PCCP_LOGGED;

/* What is clean is forgotten. */
static VOID
CcpForgetClean(PCCP_SHARED Shared)
{
    for (PLIST_ENTRY Entry = Shared->Logged.Flink; Entry != &Shared->Logged;) {
        PCCP_LOGGED Logged = CONTAINING_RECORD(Entry, CCP_LOGGED, Links);

        Entry = Entry->Flink;
        if (!MiIsDirty(Shared->Control, Logged->Offset, Logged->Length)) {
            RemoveEntryList(&Logged->Links);
            ExpFree(Logged);
        }
    }
}

VOID
CcpForgetLog(PCCP_SHARED Shared)
{
    while (!IsListEmpty(&Shared->Logged)) {
        ExpFree(CONTAINING_RECORD(RemoveHeadList(&Shared->Logged), CCP_LOGGED, Links));
    }
}

/* G1. The range is dirty. */
VOID
CcpLog(PCCP_SHARED Shared, ULONG64 Offset, ULONG Length, LARGE_INTEGER Lsn)
{
    PCCP_LOGGED Logged;

    for (PLIST_ENTRY Entry = Shared->Logged.Flink; Entry != &Shared->Logged; Entry = Entry->Flink) {
        Logged = CONTAINING_RECORD(Entry, CCP_LOGGED, Links);
        if (Offset >= Logged->Offset && Offset + Length <= Logged->Offset + Logged->Length) {
            Logged->Oldest.QuadPart = min(Logged->Oldest.QuadPart, Lsn.QuadPart);
            Logged->Newest.QuadPart = max(Logged->Newest.QuadPart, Lsn.QuadPart);
            return;
        }
    }
    Logged = ExpAllocate(sizeof(*Logged), CCP_TAG);
    Logged->Offset = Offset;
    Logged->Length = Length;
    Logged->Oldest = Logged->Newest = Lsn;
    InsertTailList(&Shared->Logged, &Logged->Links);
}

/* G2; Length 0: to the end. */
VOID
CcpWriteLog(PCCP_SHARED Shared, ULONG64 Offset, ULONG64 Length)
{
    LARGE_INTEGER Newest = {};

    CcpForgetClean(Shared);
    for (PLIST_ENTRY Entry = Shared->Logged.Flink; Entry != &Shared->Logged; Entry = Entry->Flink) {
        PCCP_LOGGED Logged = CONTAINING_RECORD(Entry, CCP_LOGGED, Links);

        if (Logged->Offset + Logged->Length > Offset &&
            (Length == 0 || Logged->Offset < Offset + Length)) {
            Newest.QuadPart = max(Newest.QuadPart, Logged->Newest.QuadPart);
        }
    }
    if (Newest.QuadPart != 0 && Shared->FlushToLsn != NULL) {
        Shared->Busy++;
        Shared->FlushToLsn(Shared->LogHandle, Newest);
        Shared->Busy--;
    }
}

VOID NTAPI
CcSetLogHandleForFile(PFILE_OBJECT FileObject, PVOID LogHandle, PFLUSH_TO_LSN FlushToLsnRoutine)
{
    PCCP_SHARED Shared = CcpShared(FileObject);

    KiSchedulePoint(SP_OBJECT, Shared);
    Shared->LogHandle = LogHandle;
    Shared->FlushToLsn = FlushToLsnRoutine;
}

/* The oldest number of all dirty ranges of the log's files; 0: there is none. */
LARGE_INTEGER NTAPI
CcGetDirtyPages(PVOID LogHandle, PDIRTY_PAGE_ROUTINE DirtyPageRoutine, PVOID Context1,
                PVOID Context2)
{
    LARGE_INTEGER Oldest = {};

    KiSchedulePoint(SP_OBJECT, &CcpMaps);
    for (PLIST_ENTRY Map = CcpMaps.Flink; Map != &CcpMaps; Map = Map->Flink) {
        PCCP_SHARED Shared = CONTAINING_RECORD(Map, CCP_SHARED, Links);

        if (Shared->LogHandle != LogHandle) {
            continue;
        }
        CcpForgetClean(Shared);
        for (PLIST_ENTRY Entry = Shared->Logged.Flink; Entry != &Shared->Logged;
             Entry = Entry->Flink) {
            PCCP_LOGGED Logged = CONTAINING_RECORD(Entry, CCP_LOGGED, Links);
            LARGE_INTEGER Offset = {.QuadPart = (LONGLONG)Logged->Offset};

            if (Oldest.QuadPart == 0 || Logged->Oldest.QuadPart < Oldest.QuadPart) {
                Oldest = Logged->Oldest;
            }
            DirtyPageRoutine(Shared->FileObject, &Offset, (ULONG)Logged->Length, &Logged->Oldest,
                             &Logged->Newest, Context1, Context2);
        }
    }
    return Oldest;
}

/* The newest one of the file; 0: nothing of it is dirty by the log. */
LARGE_INTEGER NTAPI
CcGetLsnForFileObject(PFILE_OBJECT FileObject, PLARGE_INTEGER OldestLsn)
{
    PCCP_SHARED Shared = FileObject->SectionObjectPointer->SharedCacheMap;
    LARGE_INTEGER Oldest = {}, Newest = {};

    if (Shared != NULL) {
        KiSchedulePoint(SP_OBJECT, Shared);
        CcpForgetClean(Shared);
        for (PLIST_ENTRY Entry = Shared->Logged.Flink; Entry != &Shared->Logged;
             Entry = Entry->Flink) {
            PCCP_LOGGED Logged = CONTAINING_RECORD(Entry, CCP_LOGGED, Links);

            if (Oldest.QuadPart == 0 || Logged->Oldest.QuadPart < Oldest.QuadPart) {
                Oldest = Logged->Oldest;
            }
            Newest.QuadPart = max(Newest.QuadPart, Logged->Newest.QuadPart);
        }
    }
    if (OldestLsn != NULL) {
        *OldestLsn = Oldest;
    }
    return Newest;
}
