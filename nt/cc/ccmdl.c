/*
 * ccmdl.c - the cache's pages in an MDL: no copy. [ntifs: CcMdlRead, CcPrepareMdlWrite and their completions]
 *
 *   M1  While an MDL is out, its shared cache map stays and nothing of the stream is purged.
 */
#include "ccp.h"

static PMDL
CcpDescribe(PCCP_SHARED Shared, ULONG64 Offset, ULONG Length)
{
    PMDL Mdl = IoAllocateMdl(MiFilePointer(Shared->Control, Offset), Length, FALSE, FALSE, NULL);

    if (Mdl == NULL) {
        ExRaiseStatus(STATUS_INSUFFICIENT_RESOURCES);
    }
    for (ULONG i = 0; i < ADDRESS_AND_SIZE_TO_SPAN_PAGES(Offset, Length); i++) {
        ((PPFN_NUMBER)(Mdl + 1))[i] =
            ((ULONG64)MiFilePointer(Shared->Control,
                                    (Offset & ~(ULONG64)(PAGE_SIZE - 1)) + i * PAGE_SIZE) -
             ABI_SYSTEM_ALIAS) /
            PAGE_SIZE;
    }
    Mdl->Process = NULL;
    Mdl->MdlFlags |= MDL_PAGES_LOCKED;
    Shared->Busy++;
    return Mdl;
}

static VOID
CcpFreeChain(PFILE_OBJECT FileObject, PMDL Mdl)
{
    PCCP_SHARED Shared = CcpShared(FileObject);
    ULONG Count = 0;

    while (Mdl != NULL) {
        PMDL Next = Mdl->Next;

        Mdl->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_MAPPED_TO_SYSTEM_VA);
        IoFreeMdl(Mdl);
        Count++;
        Mdl = Next;
    }
    MiBackOnStream(Shared->Pointers);
    Shared->Busy -= Count;
    CcpTryDelete(Shared);
}

VOID NTAPI
CcMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, PMDL *MdlChain,
          PIO_STATUS_BLOCK IoStatus)
{
    PCCP_SHARED Shared;
    ULONG64 Offset = (ULONG64)FileOffset->QuadPart;
    PMDL *Link = MdlChain;
    ULONG Left = Length;
    NTSTATUS Status;

    Shared = CcpStep(FileObject);
    while (*Link != NULL) {
        Link = &(*Link)->Next;
    }
    Status = MiMakeValid(Shared->Control, Offset, Length);
    if (!NT_SUCCESS(Status)) {
        ExRaiseStatus(FsRtlNormalizeNtstatus(Status, STATUS_UNEXPECTED_IO_ERROR));
    }
    while (Left != 0) {
        ULONG Part =
            (ULONG)min((ULONG64)Left, VACB_MAPPING_GRANULARITY - Offset % VACB_MAPPING_GRANULARITY);

        *Link = CcpDescribe(Shared, Offset, Part);
        Link = &(*Link)->Next;
        Offset += Part;
        Left -= Part;
    }
    IoStatus->Status = STATUS_SUCCESS;
    IoStatus->Information = Length;
}

VOID NTAPI
CcMdlReadComplete(PFILE_OBJECT FileObject, PMDL MdlChain)
{
    CcpFreeChain(FileObject, MdlChain);
}

VOID NTAPI
CcPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, PMDL *MdlChain,
                  PIO_STATUS_BLOCK IoStatus)
{
    PCCP_SHARED Shared;
    ULONG64 Offset = (ULONG64)FileOffset->QuadPart, End = Offset + Length;
    PMDL *Link = MdlChain;
    NTSTATUS Status = STATUS_SUCCESS;

    Shared = CcpStep(FileObject);
    while (*Link != NULL) {
        Link = &(*Link)->Next;
    }
    for (ULONG64 Page = Offset & ~(ULONG64)(PAGE_SIZE - 1); Page < End && NT_SUCCESS(Status);
         Page += PAGE_SIZE) {
        Status = (Page >= Offset && Page + PAGE_SIZE <= End) ||
                         Page >= (ULONG64)Shared->ValidDataLength.QuadPart
                     ? MiMakeZero(Shared->Control, Page)
                     : MiMakeValid(Shared->Control, Page, PAGE_SIZE);
    }
    if (!NT_SUCCESS(Status)) {
        ExRaiseStatus(FsRtlNormalizeNtstatus(Status, STATUS_UNEXPECTED_IO_ERROR));
    }
    while (Offset < End) {
        ULONG Part =
            (ULONG)min(End - Offset, VACB_MAPPING_GRANULARITY - Offset % VACB_MAPPING_GRANULARITY);

        *Link = CcpDescribe(Shared, Offset, Part);
        Link = &(*Link)->Next;
        Offset += Part;
    }
    IoStatus->Status = STATUS_SUCCESS;
    IoStatus->Information = Length;
}

VOID NTAPI
CcMdlWriteComplete(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, PMDL MdlChain)
{
    PCCP_SHARED Shared;
    ULONG64 Offset = (ULONG64)FileOffset->QuadPart, Length = 0, Written;
    NTSTATUS Status = STATUS_SUCCESS;

    Shared = CcpStep(FileObject);
    for (PMDL Mdl = MdlChain; Mdl != NULL; Mdl = Mdl->Next) {
        Length += Mdl->ByteCount;
    }
    if (Length != 0) {
        MiMarkDirty(Shared->Control, Offset, Length);
    }
    if (FileObject->Flags & FO_WRITE_THROUGH) {
        Status = MiFlushControl(Shared->Control, Offset, Length, &Written);
        if (!NT_SUCCESS(Status)) {
            ExRaiseStatus(FsRtlNormalizeNtstatus(Status, STATUS_UNEXPECTED_IO_ERROR));
        }
    }
    CcpFreeChain(FileObject, MdlChain);
}

VOID NTAPI
CcMdlWriteAbort(PFILE_OBJECT FileObject, PMDL MdlChain)
{
    CcpFreeChain(FileObject, MdlChain);
}
