/*
 * tunnel.c - the tunnel cache: what a removed name had is given to the next one of that name in its directory.
 * [ntifs: FsRtlAddToTunnelCache, FsRtlFindInTunnelCache; nt-semantics-2 3.6]
 *
 *   T1  An entry lives 15 seconds, however often it is found; the newest of a name counts.
 *   T2  The entries hang in TimerQueue, oldest first; Cache is not used: there are few of them.
 */
#include "nt/fsrtl/fsrtlp.h"

#define FSRTLP_TUNNEL_AGE  150000000ll
#define FSRTLP_TUNNEL_MOST 256

typedef struct _FSRTLP_TUNNELED {
    LIST_ENTRY Links;
    LARGE_INTEGER Time;
    ULONGLONG Directory;
    BOOLEAN ByShort;
    UNICODE_STRING Short, Long;
    ULONG DataLength;
    PVOID Data;
    UCHAR Space[];
} FSRTLP_TUNNELED, *PFSRTLP_TUNNELED;

VOID NTAPI
FsRtlInitializeTunnelCache(PTUNNEL Cache)
{
    ExInitializeFastMutex(&Cache->Mutex);
    Cache->Cache = NULL;
    InitializeListHead(&Cache->TimerQueue);
    Cache->NumEntries = 0;
}

static VOID
FsRtlpDropTunneled(PTUNNEL Cache, PFSRTLP_TUNNELED Entry)
{
    RemoveEntryList(&Entry->Links);
    Cache->NumEntries--;
    ExFreePoolWithTag(Entry, TAG_FSRTL);
}

/* T1 */
static VOID
FsRtlpPruneTunnel(PTUNNEL Cache)
{
    LARGE_INTEGER Now;

    if (IsListEmpty(&Cache->TimerQueue)) {
        return;
    }
    KeQuerySystemTime(&Now);
    while (!IsListEmpty(&Cache->TimerQueue)) {
        PFSRTLP_TUNNELED Entry = CONTAINING_RECORD(Cache->TimerQueue.Flink, FSRTLP_TUNNELED, Links);

        if (Now.QuadPart - Entry->Time.QuadPart < FSRTLP_TUNNEL_AGE &&
            Cache->NumEntries <= FSRTLP_TUNNEL_MOST) {
            return;
        }
        FsRtlpDropTunneled(Cache, Entry);
    }
}

static PFSRTLP_TUNNELED
FsRtlpFindTunneled(PTUNNEL Cache, ULONGLONG Directory, PUNICODE_STRING Name)
{
    for (PLIST_ENTRY At = Cache->TimerQueue.Blink; At != &Cache->TimerQueue; At = At->Blink) {
        PFSRTLP_TUNNELED Entry = CONTAINING_RECORD(At, FSRTLP_TUNNELED, Links);

        if (Entry->Directory == Directory &&
            RtlEqualUnicodeString(Entry->ByShort ? &Entry->Short : &Entry->Long, Name, TRUE)) {
            return Entry;
        }
    }
    return NULL;
}

VOID NTAPI
FsRtlAddToTunnelCache(PTUNNEL Cache, ULONGLONG DirectoryKey, PUNICODE_STRING ShortName,
                      PUNICODE_STRING LongName, BOOLEAN KeyByShortName, ULONG DataLength,
                      PVOID Data)
{
    PFSRTLP_TUNNELED Entry, Old;

    Entry = ExAllocatePoolWithTag(
        PagedPool, sizeof(*Entry) + ((DataLength + 7) & ~7u) + ShortName->Length + LongName->Length,
        TAG_FSRTL);
    if (Entry == NULL) {
        return; /* it is a courtesy */
    }
    ExAcquireFastMutex(&Cache->Mutex);
    Old = FsRtlpFindTunneled(Cache, DirectoryKey, KeyByShortName ? ShortName : LongName);
    if (Old != NULL) {
        FsRtlpDropTunneled(Cache, Old);
    }
    KeQuerySystemTime(&Entry->Time);
    Entry->Directory = DirectoryKey;
    Entry->ByShort = KeyByShortName;
    Entry->DataLength = DataLength;
    Entry->Data = Entry->Space;
    RtlCopyMemory(Entry->Data, Data, DataLength);
    Entry->Short.Buffer = (PWSTR)(Entry->Space + ((DataLength + 7) & ~7u));
    Entry->Short.Length = Entry->Short.MaximumLength = ShortName->Length;
    RtlCopyMemory(Entry->Short.Buffer, ShortName->Buffer, ShortName->Length);
    Entry->Long.Buffer = (PWSTR)((PUCHAR)Entry->Short.Buffer + ShortName->Length);
    Entry->Long.Length = Entry->Long.MaximumLength = LongName->Length;
    RtlCopyMemory(Entry->Long.Buffer, LongName->Buffer, LongName->Length);
    InsertTailList(&Cache->TimerQueue, &Entry->Links);
    Cache->NumEntries++;
    FsRtlpPruneTunnel(Cache);
    ExReleaseFastMutex(&Cache->Mutex);
}

/* A long name that does not fit gets pool memory, which is the caller's to free. */
BOOLEAN NTAPI
FsRtlFindInTunnelCache(PTUNNEL Cache, ULONGLONG DirectoryKey, PUNICODE_STRING Name,
                       PUNICODE_STRING ShortName, PUNICODE_STRING LongName, PULONG DataLength,
                       PVOID Data)
{
    PFSRTLP_TUNNELED Entry;
    BOOLEAN Found = FALSE;

    ExAcquireFastMutex(&Cache->Mutex);
    FsRtlpPruneTunnel(Cache);
    Entry = FsRtlpFindTunneled(Cache, DirectoryKey, Name);
    if (Entry != NULL && *DataLength >= Entry->DataLength) {
        if (LongName->MaximumLength < Entry->Long.Length) {
            PWSTR Buffer = ExAllocatePoolWithTag(PagedPool, Entry->Long.Length, TAG_FSRTL);

            if (Buffer == NULL) {
                ExReleaseFastMutex(&Cache->Mutex);
                return FALSE;
            }
            LongName->Buffer = Buffer;
            LongName->MaximumLength = Entry->Long.Length;
        }
        RtlCopyUnicodeString(LongName, &Entry->Long);
        RtlCopyUnicodeString(ShortName, &Entry->Short);
        RtlCopyMemory(Data, Entry->Data, Entry->DataLength);
        *DataLength = Entry->DataLength;
        Found = TRUE;
    }
    ExReleaseFastMutex(&Cache->Mutex);
    return Found;
}

VOID NTAPI
FsRtlDeleteKeyFromTunnelCache(PTUNNEL Cache, ULONGLONG DirectoryKey)
{
    ExAcquireFastMutex(&Cache->Mutex);
    for (PLIST_ENTRY At = Cache->TimerQueue.Flink; At != &Cache->TimerQueue;) {
        PFSRTLP_TUNNELED Entry = CONTAINING_RECORD(At, FSRTLP_TUNNELED, Links);

        At = At->Flink;
        if (Entry->Directory == DirectoryKey) {
            FsRtlpDropTunneled(Cache, Entry);
        }
    }
    ExReleaseFastMutex(&Cache->Mutex);
}

VOID NTAPI
FsRtlDeleteTunnelCache(PTUNNEL Cache)
{
    while (!IsListEmpty(&Cache->TimerQueue)) {
        FsRtlpDropTunneled(Cache,
                           CONTAINING_RECORD(Cache->TimerQueue.Flink, FSRTLP_TUNNELED, Links));
    }
}
