/*
 * sound.c - do cache maps, their private parts, what is pinned and their control areas agree?  For the tests of the kernel (nt/inc/sound.h).
 */
#include "ccp.h"
#include "nt/inc/sound.h"

static VOID
CcpCheckPrivate(PCCP_SHARED Shared)
{
    ULONG Count = 0;

    for (PLIST_ENTRY At = Shared->Private.Flink; At != &Shared->Private; At = At->Flink) {
        PCCP_PRIVATE Private = CONTAINING_RECORD(At, CCP_PRIVATE, Links);

        KI_DEMAND(At->Flink->Blink == At && Private->NodeTypeCode == 0x2FE, "a private cache map",
                  Private);
        KI_DEMAND(Private->FileObject->PrivateCacheMap == Private,
                  "a file object has another private cache map", Private);
        Count++;
    }
    KI_DEMAND(Shared->OpenCount == Count, "how many cache a file", Shared);
}

static VOID
CcpCheckPinned(PCCP_SHARED Shared)
{
    ULONG Count = 0;

    for (PLIST_ENTRY At = Shared->Bcbs.Flink; At != &Shared->Bcbs; At = At->Flink) {
        PCCP_BCB Bcb = CONTAINING_RECORD(At, CCP_BCB, Links);
        ULONG64 Offset = (ULONG64)Bcb->Public.MappedFileOffset.QuadPart;

        KI_DEMAND(At->Flink->Blink == At && Bcb->Pinned && Bcb->References != 0 &&
                      Bcb->Shared == Shared,
                  "what is pinned", Bcb);
        KI_DEMAND(Bcb->Address == MiFilePointer(Shared->Control, Offset) &&
                      MiIsValid(Shared->Control, Offset, Bcb->Public.MappedLength),
                  "what is pinned was not read", Bcb);
        Count++;
    }
    KI_DEMAND(Shared->Busy >= Count, "how many need a cache map", Shared);
}

/* C1, L1 */
static VOID
CcpCheckMap(PCCP_SHARED Shared, BOOLEAN Last)
{
    BOOLEAN Dirty = MiDirtyCount(Shared->Control) != 0;

    KI_DEMAND(Shared->Links.Flink->Blink == &Shared->Links && Shared->NodeTypeCode == 0x2FF &&
                  Shared->FileObject == MiControlFile(Shared->Control),
              "a shared cache map", Shared);
    KI_DEMAND(!Last || Shared->OpenCount != 0 || Shared->Busy != 0 || Dirty || CcpLazyArmed,
              "a cache map that nobody needs", Shared);
    KI_DEMAND(!Dirty || CcpLazyArmed || (Shared->DisableWriteBehind && Shared->OpenCount != 0),
              "nobody will write what is dirty in the cache", Shared);
}

VOID
CcpCheckSound(BOOLEAN Last)
{
    for (PLIST_ENTRY At = CcpMaps.Flink; At != &CcpMaps; At = At->Flink) {
        PCCP_SHARED Shared = CONTAINING_RECORD(At, CCP_SHARED, Links);

        CcpCheckMap(Shared, Last);
        CcpCheckPrivate(Shared);
        CcpCheckPinned(Shared);
    }
    KI_DEMAND(!Last || CcpLazyArmed || IsListEmpty(&CcpLazyWaiters),
              "somebody waits for the lazy writer, which will not come", &CcpLazyWaiters);
    KI_DEMAND(!Last || CcpLazyArmed || IsListEmpty(&CcpDeferred),
              "a write was put off, and nobody will do it", &CcpDeferred);
}
