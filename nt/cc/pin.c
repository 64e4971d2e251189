/*
 * pin.c - the cache's own memory for file systems: mapped to look, pinned to change. [ntifs: CcMapData, CcPinRead,
 * CcPreparePinWrite, CcSetDirtyPinnedData, CcUnpinData]
 *
 *   B1  A range lies within one 256 KiB view; its memory is in one piece then.
 *   B2  Who pins the same range gets the same BCB, whose resource serves the flags PIN_EXCLUSIVE and shared.
 */
#include "ccp.h"

#define PIN_WAIT_      1u
#define PIN_EXCLUSIVE_ 2u
#define PIN_NO_READ_   4u
#define PIN_IF_BCB_    8u

static PCCP_BCB
CcpNewBcb(PCCP_SHARED Shared, ULONG64 Offset, ULONG Length)
{
    PCCP_BCB Bcb = ExpAllocate(sizeof(*Bcb), CCP_TAG);

    Bcb->Public.NodeTypeCode = 0x2FD;
    Bcb->Public.NodeByteSize = sizeof(PUBLIC_BCB);
    Bcb->Public.MappedFileOffset.QuadPart = (LONGLONG)Offset;
    Bcb->Public.MappedLength = Length;
    Bcb->Shared = Shared;
    Bcb->Address = MiFilePointer(Shared->Control, Offset);
    Bcb->References = 1;
    InitializeListHead(&Bcb->Links);
    ExInitializeResourceLite(&Bcb->Resource);
    Shared->Busy++;
    return Bcb;
}

/* B1; raises what the read fails with. FALSE: it would have to wait. */
static BOOLEAN
CcpBring(PCCP_SHARED Shared, ULONG64 Offset, ULONG Length, BOOLEAN Wait, BOOLEAN Read)
{
    NTSTATUS Status = STATUS_SUCCESS;

    DRIVER_REQUIRE(Offset / VACB_MAPPING_GRANULARITY ==
                       (Offset + Length - 1) / VACB_MAPPING_GRANULARITY,
                   CACHE_MANAGER, 2, Offset, Length, 0);
    if (MiIsValid(Shared->Control, Offset, Length)) {
        return TRUE;
    }
    if (!Wait) {
        return FALSE;
    }
    if (Read) {
        Status = MiMakeValid(Shared->Control, Offset, Length);
    } else {
        for (ULONG64 Page = Offset & ~(ULONG64)(PAGE_SIZE - 1);
             Page < Offset + Length && NT_SUCCESS(Status); Page += PAGE_SIZE) {
            BOOLEAN Whole = Page >= Offset && Page + PAGE_SIZE <= Offset + Length;

            Status = Whole ? MiMakeZero(Shared->Control, Page)
                           : MiMakeValid(Shared->Control, Page, PAGE_SIZE);
        }
    }
    if (!NT_SUCCESS(Status)) {
        ExRaiseStatus(FsRtlNormalizeNtstatus(Status, STATUS_UNEXPECTED_IO_ERROR));
    }
    return TRUE;
}

BOOLEAN NTAPI
CcMapData(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG Flags, PVOID *Bcb,
          PVOID *Buffer)
{
    PCCP_SHARED Shared;
    ULONG64 Offset = (ULONG64)FileOffset->QuadPart;
    PCCP_BCB Map;

    Shared = CcpStep(FileObject);
    if (!CcpBring(Shared, Offset, Length, (Flags & PIN_WAIT_) != 0, TRUE)) {
        return FALSE;
    }
    Map = CcpNewBcb(Shared, Offset, Length);
    *Bcb = Map;
    *Buffer = Map->Address;
    return TRUE;
}

static PCCP_BCB
CcpFindBcb(PCCP_SHARED Shared, ULONG64 Offset, ULONG Length)
{
    for (PLIST_ENTRY Entry = Shared->Bcbs.Flink; Entry != &Shared->Bcbs; Entry = Entry->Flink) {
        PCCP_BCB Bcb = CONTAINING_RECORD(Entry, CCP_BCB, Links);
        ULONG64 Start = (ULONG64)Bcb->Public.MappedFileOffset.QuadPart;

        if (Offset >= Start && Offset + Length <= Start + Bcb->Public.MappedLength) {
            return Bcb;
        }
    }
    return NULL;
}

/* B2 */
static BOOLEAN
CcpPin(PCCP_SHARED Shared, ULONG64 Offset, ULONG Length, ULONG Flags, BOOLEAN Read, PVOID *Result,
       PVOID *Buffer)
{
    PCCP_BCB Bcb = CcpFindBcb(Shared, Offset, Length);
    BOOLEAN Wait = (Flags & PIN_WAIT_) != 0;

    if (Bcb == NULL) {
        if (Flags & PIN_IF_BCB_) {
            return FALSE;
        }
        if (!CcpBring(Shared, Offset, Length, Wait, Read)) {
            return FALSE;
        }
        Bcb = CcpNewBcb(Shared, Offset, Length);
        Bcb->Pinned = TRUE;
        InsertTailList(&Shared->Bcbs, &Bcb->Links);
    } else {
        Bcb->References++;
    }
    if (!(Flags & PIN_EXCLUSIVE_ ? ExAcquireResourceExclusiveLite(&Bcb->Resource, Wait)
                                 : ExAcquireSharedStarveExclusive(&Bcb->Resource, Wait))) {
        MiBackOnStream(Shared->Pointers);
        Bcb->References--;
        return FALSE;
    }
    *Result = Bcb;
    *Buffer = (PUCHAR)Bcb->Address + (Offset - (ULONG64)Bcb->Public.MappedFileOffset.QuadPart);
    return TRUE;
}

BOOLEAN NTAPI
CcPinRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG Flags, PVOID *Bcb,
          PVOID *Buffer)
{
    PCCP_SHARED Shared;

    Shared = CcpStep(FileObject);
    DRIVER_REQUIRE(Shared->PinAccess, CACHE_MANAGER, 3, (ULONG_PTR)FileObject, 0, 0);
    return CcpPin(Shared, (ULONG64)FileOffset->QuadPart, Length, Flags, TRUE, Bcb, Buffer);
}

/* What was mapped is pinned from here on. */
BOOLEAN NTAPI
CcPinMappedData(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, ULONG Flags,
                PVOID *Bcb)
{
    PCCP_BCB Map = *Bcb;
    PVOID Pinned, Buffer;

    if (Map->Pinned) {
        return TRUE;
    }
    if (!CcPinRead(FileObject, FileOffset, Length, Flags, &Pinned, &Buffer)) {
        return FALSE;
    }
    CcUnpinData(Map);
    *Bcb = Pinned;
    return TRUE;
}

BOOLEAN NTAPI
CcPreparePinWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Zero,
                  ULONG Flags, PVOID *Bcb, PVOID *Buffer)
{
    PCCP_SHARED Shared;

    Shared = CcpStep(FileObject);
    if (!CcpPin(Shared, (ULONG64)FileOffset->QuadPart, Length, Flags, FALSE, Bcb, Buffer)) {
        return FALSE;
    }
    if (Zero) {
        RtlZeroMemory(*Buffer, Length);
    }
    CcSetDirtyPinnedData(*Bcb, NULL);
    return TRUE;
}

VOID NTAPI
CcSetDirtyPinnedData(PVOID BcbVoid, PLARGE_INTEGER Lsn)
{
    PCCP_BCB Bcb = BcbVoid;

    MiBackOnStream(Bcb->Shared->Pointers);
    Bcb->Dirty = TRUE;
    MiMarkDirty(Bcb->Shared->Control, (ULONG64)Bcb->Public.MappedFileOffset.QuadPart,
                Bcb->Public.MappedLength);
    if (Lsn != NULL && Lsn->QuadPart != 0) {
        CcpLog(Bcb->Shared, (ULONG64)Bcb->Public.MappedFileOffset.QuadPart,
               Bcb->Public.MappedLength, *Lsn);
    }
}

static VOID
CcpDropBcb(PCCP_BCB Bcb)
{
    PCCP_SHARED Shared = Bcb->Shared;

    MiBackOnStream(Shared->Pointers);
    if (--Bcb->References != 0) {
        return;
    }
    if (Bcb->Pinned) {
        RemoveEntryList(&Bcb->Links);
    }
    Shared->Busy--;
    CcpTryDelete(Shared);
    ExDeleteResourceLite(&Bcb->Resource);
    ExpFree(Bcb);
}

VOID NTAPI
CcUnpinData(PVOID BcbVoid)
{
    PCCP_BCB Bcb = BcbVoid;

    KiSchedulePoint(SP_OBJECT, Bcb);
    if (Bcb->Pinned) {
        ExReleaseResourceLite(&Bcb->Resource);
    }
    CcpDropBcb(Bcb);
}

VOID NTAPI
CcUnpinDataForThread(PVOID BcbVoid, ERESOURCE_THREAD ResourceThreadId)
{
    PCCP_BCB Bcb = BcbVoid;

    if (Bcb->Pinned) {
        ExReleaseResourceForThreadLite(&Bcb->Resource, ResourceThreadId);
    }
    CcpDropBcb(Bcb);
}

VOID NTAPI
CcSetBcbOwnerPointer(PVOID BcbVoid, PVOID OwnerPointer)
{
    PCCP_BCB Bcb = BcbVoid;

    if (Bcb->Pinned) {
        ExSetResourceOwnerPointer(&Bcb->Resource, OwnerPointer);
    }
}

/* One more reference, without the resource: it outlives the unpin. */
VOID NTAPI
CcRepinBcb(PVOID BcbVoid)
{
    MiBackOnStream(((PCCP_BCB)BcbVoid)->Shared->Pointers);
    ((PCCP_BCB)BcbVoid)->References++;
}

PVOID NTAPI
CcRemapBcb(PVOID BcbVoid)
{
    PCCP_BCB Bcb = BcbVoid;

    MiBackOnStream(Bcb->Shared->Pointers);
    return CcpNewBcb(Bcb->Shared, (ULONG64)Bcb->Public.MappedFileOffset.QuadPart,
                     Bcb->Public.MappedLength);
}

VOID NTAPI
CcUnpinRepinnedBcb(PVOID BcbVoid, BOOLEAN WriteThrough, PIO_STATUS_BLOCK IoStatus)
{
    PCCP_BCB Bcb = BcbVoid;
    ULONG64 Written = 0;

    IoStatus->Status = STATUS_SUCCESS;
    if (WriteThrough && Bcb->Dirty) {
        CcpWriteLog(Bcb->Shared, (ULONG64)Bcb->Public.MappedFileOffset.QuadPart,
                    Bcb->Public.MappedLength);
        IoStatus->Status =
            MiFlushControl(Bcb->Shared->Control, (ULONG64)Bcb->Public.MappedFileOffset.QuadPart,
                           Bcb->Public.MappedLength, &Written);
        Bcb->Dirty = FALSE;
    }
    IoStatus->Information = Written;
    CcpDropBcb(Bcb);
}

PFILE_OBJECT NTAPI
CcGetFileObjectFromBcb(PVOID Bcb)
{
    return ((PCCP_BCB)Bcb)->Shared->FileObject;
}
