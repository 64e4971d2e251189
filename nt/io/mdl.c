/*
 * mdl.c - the memory of memory descriptor lists; nt/mm fills in and maps the pages.
 * [wdm: IoAllocateMdl, IoBuildPartialMdl, IoFreeMdl]
 */
#include "nt/io/iop.h"

#define TAG_MDL ' ldM'

PMDL NTAPI
IoAllocateMdl(PVOID VirtualAddress, ULONG Length, BOOLEAN SecondaryBuffer, BOOLEAN ChargeQuota,
              PIRP Irp)
{
    SIZE_T Pages = ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, Length);
    SIZE_T Size = sizeof(MDL) + Pages * sizeof(PFN_NUMBER);
    PMDL Mdl;

    if (Length > 0x80000000u - PAGE_SIZE || /* 2 gigabytes less a page */
        KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Mdl = ExAllocatePoolWithTag(NonPagedPool, Size, TAG_MDL);
    if (Mdl == NULL) {
        return NULL;
    }
    RtlZeroMemory(Mdl, sizeof(*Mdl));
    Mdl->Size = (CSHORT)(Size > 0x7ff8 ? 0x7ff8 : Size);
    Mdl->StartVa = PAGE_ALIGN(VirtualAddress);
    Mdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
    Mdl->ByteCount = Length;
    if (Irp != NULL) {
        if (SecondaryBuffer && Irp->MdlAddress != NULL) {
            PMDL Last = Irp->MdlAddress;

            while (Last->Next != NULL) {
                Last = Last->Next;
            }
            Last->Next = Mdl;
        } else {
            Irp->MdlAddress = Mdl;
        }
    }
    return Mdl;
}

VOID NTAPI
IoFreeMdl(PMDL Mdl)
{
    if (Mdl->MdlFlags & MDL_PARTIAL_HAS_BEEN_MAPPED) {
        MmUnmapLockedPages(Mdl->MappedSystemVa, Mdl); /* MmPrepareMdlForReuse */
    }
    ExFreePoolWithTag(Mdl, 0);
}

VOID NTAPI
IoBuildPartialMdl(PMDL SourceMdl, PMDL TargetMdl, PVOID VirtualAddress, ULONG Length)
{
    ULONG_PTR Source = (ULONG_PTR)MmGetMdlVirtualAddress(SourceMdl);
    ULONG_PTR Start = (ULONG_PTR)VirtualAddress;
    ULONG Skip;

    if (Length == 0) {
        Length = (ULONG)(Source + SourceMdl->ByteCount - Start);
    }
    DRIVER_REQUIRE(Start >= Source && Start + Length <= Source + SourceMdl->ByteCount,
                   0x12E /* INVALID_MDL_RANGE */, SourceMdl, TargetMdl, VirtualAddress, Length);
    Skip = (ULONG)((Start - (ULONG_PTR)SourceMdl->StartVa) >> PAGE_SHIFT);
    TargetMdl->Process = SourceMdl->Process;
    TargetMdl->StartVa = PAGE_ALIGN(VirtualAddress);
    TargetMdl->ByteOffset = BYTE_OFFSET(VirtualAddress);
    TargetMdl->ByteCount = Length;
    TargetMdl->MdlFlags &= MDL_ALLOCATED_FIXED_SIZE | MDL_ALLOCATED_MUST_SUCCEED;
    TargetMdl->MdlFlags |=
        (SourceMdl->MdlFlags & (MDL_IO_PAGE_READ | MDL_WRITE_OPERATION | MDL_IO_SPACE)) |
        MDL_PARTIAL;
    if (SourceMdl->MdlFlags & (MDL_SOURCE_IS_NONPAGED_POOL | MDL_MAPPED_TO_SYSTEM_VA)) {
        TargetMdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL & SourceMdl->MdlFlags;
        if (SourceMdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) {
            TargetMdl->MdlFlags |= MDL_PARENT_MAPPED_SYSTEM_VA;
        }
        TargetMdl->MappedSystemVa = (PUCHAR)SourceMdl->MappedSystemVa + (Start - Source);
    }
    RtlCopyMemory(TargetMdl + 1, (PPFN_NUMBER)(SourceMdl + 1) + Skip,
                  ADDRESS_AND_SIZE_TO_SPAN_PAGES(VirtualAddress, Length) * sizeof(PFN_NUMBER));
}
