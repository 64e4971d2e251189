/*
 * view.c - views of sections in processes and in system space.
 *
 * A view shows the section's memory at another address. With a copy-on-write protection it has pages
 * of its own, copied when it is made (partial: what others write later does not show).
 */
#include "mi.h"

#define MI_GRANULARITY 0x10000ull

/* What a protection lets do with the pages that are shared: a copy on write writes none of them. */
static ULONG
MiReach(ULONG Protection)
{
    switch (Protection & 0xFF) {
    case PAGE_READONLY:
    case PAGE_WRITECOPY:
        return SECTION_MAP_READ;
    case PAGE_READWRITE:
        return SECTION_MAP_READ | SECTION_MAP_WRITE;
    case PAGE_EXECUTE:
    case PAGE_EXECUTE_READ:
    case PAGE_EXECUTE_WRITECOPY:
        return SECTION_MAP_READ | SECTION_MAP_EXECUTE;
    case PAGE_EXECUTE_READWRITE:
        return SECTION_MAP_READ | SECTION_MAP_WRITE | SECTION_MAP_EXECUTE;
    }
    return 0;
}

BOOLEAN
MiViewAllows(PMI_AREA Area, ULONG Protection)
{
    return (MiReach(Protection) & ~MiReach(Area->Protection)) == 0;
}

/* May a section made with Section be seen with View? */
static BOOLEAN
MiCompatible(ULONG Section, ULONG View)
{
    ULONG Write = PAGE_READWRITE | PAGE_EXECUTE_READWRITE;
    ULONG Execute =
        PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;

    if ((View & Write) && !(Section & Write)) {
        return FALSE;
    }
    return !(View & Execute) || (Section & Execute);
}

static NTSTATUS
MiMapData(PEPROCESS Process, PMI_SECTION Section, PVOID *Base, ULONG64 Offset, PSIZE_T ViewSize,
          ULONG Type, ULONG Protection)
{
    PMI_SPACE Space = MI_SPACE_OF(Process);
    BOOLEAN Copy =
        (Protection & 0xFF) == PAGE_WRITECOPY || (Protection & 0xFF) == PAGE_EXECUTE_WRITECOPY;
    ULONG64 Size = *ViewSize, Committed;
    PMI_AREA Area;

    if (Offset >= Section->Size) {
        return STATUS_INVALID_VIEW_SIZE;
    }
    if (Size == 0) {
        Size = Section->Size - Offset;
    }
    if (Size > Section->Size - Offset) {
        return STATUS_INVALID_VIEW_SIZE;
    }
    Size = (Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    if (!MiCompatible(Section->Protection, Protection)) {
        return STATUS_SECTION_PROTECTION;
    }
    Area = MiInsertArea(Space, (ULONG64)*Base, Size, MI_GRANULARITY, (Type & MEM_TOP_DOWN) != 0);
    if (Area == NULL) {
        return *Base != NULL ? STATUS_CONFLICTING_ADDRESSES : STATUS_NO_MEMORY;
    }
    Area->Type = MEM_MAPPED;
    Area->Protection = Protection;
    Area->Section = Section;
    Area->Offset = Offset;
    Area->Backing = Copy ? 0 : Section->Backing + Offset;
    ObpAddReference(Section); /* the caller has one */
    Section->Views++;
    if (Section->Physical) {
        Area->Backing = MiHasMemory(Offset, Size) ? Offset : 0;
    }
    Committed = Section->Committed > Offset ? min(Section->Committed - Offset, Size) : 0;
    if (Section->Control != NULL) {
        Area->Backing = 0;
        Committed = Size;
        MiLinkFileView(Area, Space);
    }
    if (Committed != 0) {
        MiSetPages(Space, Area, Area->Start, Area->Start + Committed, MiStateOf(Protection));
        if (Copy && Section->Control == NULL) {
            RtlCopyMemory((PVOID)ABI_ALIAS(Area->Start),
                          (PVOID)ABI_ALIAS(Section->Backing + Offset), Committed);
        }
    }
    MiCloseReserved(Area->Start + (Section->Control != NULL ? 0 : Committed), Area->End);
    Process->VirtualSize += Size;
    *Base = (PVOID)Area->Start;
    *ViewSize = Size;
    return STATUS_SUCCESS;
}

static NTSTATUS
MiMapView(PEPROCESS Process, PMI_SECTION Section, PVOID *Base, ULONG64 Offset, PSIZE_T ViewSize,
          ULONG Type, ULONG Protection)
{
    struct abi_image Info;
    NTSTATUS Status;

    KiAcquirePoint(SP_OBJECT, MI_STEPS_OF(Process), NULL,
                   Section->Control != NULL ? KI_ALSO_CHANGES(Section->Control->Pointers) : 0);
    if (MiEnsureSpace(Process) == NULL) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    if (!(Section->Attributes & SEC_IMAGE)) {
        return MiMapData(Process, Section, Base, Offset, ViewSize, Type, Protection);
    }
    if (*Base != NULL) {
        NOT_YET("NtMapViewOfSection of an image at an address of the caller's choice");
    }
    ObReferenceObject(Section);
    Section->Views++;
    Status = MiMapImage(Process, Section->Image, *Base, Base, &Info, Section);
    if (!NT_SUCCESS(Status)) {
        Section->Views--;
        ObDereferenceObject(Section);
        return Status;
    }
    *ViewSize = (Info.size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    return Status;
}

NTSTATUS NTAPI
NtMapViewOfSection(HANDLE SectionHandle, HANDLE ProcessHandle, PVOID *BaseAddress,
                   ULONG_PTR ZeroBits, SIZE_T CommitSize, PLARGE_INTEGER SectionOffset,
                   PSIZE_T ViewSize, SECTION_INHERIT InheritDisposition, ULONG AllocationType,
                   ULONG Protect)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    ACCESS_MASK Access;
    PMI_SECTION Section;
    PEPROCESS Process;
    ULONG64 Offset = 0;
    NTSTATUS Status;
    SIZE_T Size;
    PVOID Base;

    if (InheritDisposition != ViewShare && InheritDisposition != ViewUnmap) {
        return STATUS_INVALID_PARAMETER_8;
    }
    if (AllocationType &
        ~(ULONG)(MEM_TOP_DOWN | MEM_RESERVE | SEC_NO_CHANGE | MEM_LARGE_PAGES | 0x40000000)) {
        return STATUS_INVALID_PARAMETER_9;
    }
    if (!MiIsValidProtection(Protect) || (Protect & PAGE_GUARD)) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    Status = MiProtectionAccess(Protect, &Access);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(BaseAddress, sizeof(PVOID), sizeof(PVOID));
            ProbeForWrite(ViewSize, sizeof(SIZE_T), sizeof(SIZE_T));
            if (SectionOffset != NULL) {
                ProbeForWrite(SectionOffset, sizeof(LARGE_INTEGER), sizeof(ULONG));
            }
        }
        Base = *BaseAddress;
        Size = *ViewSize;
        if (SectionOffset != NULL) {
            Offset = (ULONG64)SectionOffset->QuadPart;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if ((ULONG64)Base > (ULONG64)MmHighestUserAddress) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (Size > (ULONG64)MmHighestUserAddress + 1 - (ULONG64)Base) {
        return STATUS_INVALID_PARAMETER_7;
    }
    if (!MiZeroBitsAllow(ZeroBits, (ULONG64)Base)) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if ((ULONG64)Base & (MI_GRANULARITY - 1)) {
        return STATUS_MAPPED_ALIGNMENT;
    }
    if (!MiZeroBitsAllow(ZeroBits, MI_HIGHEST)) {
        return STATUS_NO_MEMORY; /* nothing that low is in any slice */
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessTypeP, Mode,
                                       (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(SectionHandle, Access, MmSectionObjectTypeP, Mode,
                                       (PVOID *)&Section, NULL);
    if (NT_SUCCESS(Status)) {
        if (Section->Physical) {
            Size += Size != 0 ? Offset & (MI_GRANULARITY - 1) : 0;
            Offset &= ~(MI_GRANULARITY - 1);
        }
        Status = (Offset & (MI_GRANULARITY - 1)) != 0
                     ? STATUS_MAPPED_ALIGNMENT
                     : MiMapView(Process, Section, &Base, Offset, &Size, AllocationType, Protect);
        ObDereferenceObject(Section);
    }
    ObDereferenceObject(Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        *BaseAddress = Base;
        *ViewSize = Size;
        if (SectionOffset != NULL) {
            SectionOffset->QuadPart = (LONGLONG)Offset;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    return Status;
}

static NTSTATUS
MiUnmapView(PEPROCESS Process, PVOID BaseAddress)
{
    PMI_SPACE Space;
    PMI_AREA Area;

    KiSchedulePoint(SP_OBJECT, MI_STEPS_OF(Process));
    Space = MiLiveSpace(Process);
    if (Space == NULL) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    Area = MiFindArea(Space, (ULONG64)BaseAddress);
    if (Area != NULL && !Area->Zombie && MiControlOf(Area) != NULL) {
        KiAcquirePoint(SP_OBJECT, MI_STEPS_OF(Process), NULL,
                       KI_ALSO_CHANGES(MiControlOf(Area)->Pointers));
        Space = MiLiveSpace(Process);
        Area = Space != NULL ? MiFindArea(Space, (ULONG64)BaseAddress) : NULL;
    }
    if (Area == NULL || Area->Zombie || (Area->Type != MEM_MAPPED && Area->Type != MEM_IMAGE)) {
        return STATUS_NOT_MAPPED_VIEW;
    }
    if (Area->Secured != 0) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if (Area->Type == MEM_IMAGE) {
        BaseAddress = (PVOID)Area->Start;
        MiUnmapImage(Process, Area);
        DbgkUnmapImage(Process, BaseAddress);
    } else {
        Process->VirtualSize -= Area->End - Area->Start;
        MiReleaseArea(Space, Area);
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtUnmapViewOfSection(HANDLE ProcessHandle, PVOID BaseAddress)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Process;
    NTSTATUS Status;

    if (Mode != KernelMode && (ULONG64)BaseAddress > (ULONG64)MmHighestUserAddress) {
        return STATUS_NOT_MAPPED_VIEW;
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessTypeP, Mode,
                                       (PVOID *)&Process, NULL);
    if (NT_SUCCESS(Status)) {
        Status = MiUnmapView(Process, BaseAddress);
        ObDereferenceObject(Process);
    }
    return Status;
}

/* Undocumented but exported: the same with objects. */
NTSTATUS NTAPI
MmMapViewOfSection(PVOID SectionObject, PEPROCESS Process, PVOID *CapturedBase, ULONG_PTR ZeroBits,
                   SIZE_T CommitSize, PLARGE_INTEGER SectionOffset, PSIZE_T CapturedViewSize,
                   SECTION_INHERIT InheritDisposition, ULONG AllocationType, ULONG Protect)
{
    return MiMapView(Process, SectionObject, CapturedBase, (ULONG64)SectionOffset->QuadPart,
                     CapturedViewSize, AllocationType, Protect);
}

NTSTATUS NTAPI
MmUnmapViewOfSection(PEPROCESS Process, PVOID BaseAddress)
{
    return MiUnmapView(Process, BaseAddress);
}

/* System space: the memory is there already, through its alias. */
NTSTATUS NTAPI
MmMapViewInSystemSpace(PVOID Section, PVOID *MappedBase, PSIZE_T ViewSize)
{
    PMI_SECTION Object = Section;
    ULONG64 Size =
        *ViewSize ? (*ViewSize + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1) : Object->Committed;
    PMI_AREA Area;

    if (Object->Attributes & SEC_IMAGE) {
        return STATUS_NOT_SUPPORTED;
    }
    if (Object->Control != NULL) {
        NOT_YET("a view of a file in system space");
    }
    if (Size > Object->Committed) {
        return STATUS_INVALID_VIEW_SIZE;
    }
    Area = MiFindArea(&MiSystemSpace, Object->Backing);
    Area->Section = Object;
    Area->Secured++; /* views in system space: all are the one alias */
    ObReferenceObject(Object);
    Object->Views++;
    *MappedBase = (PVOID)ABI_ALIAS(Object->Backing);
    *ViewSize = Size;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
MmUnmapViewInSystemSpace(PVOID MappedBase)
{
    PMI_AREA Area = MiFindArea(&MiSystemSpace, (ULONG64)MappedBase - ABI_SYSTEM_ALIAS);

    if (Area == NULL || Area->Type != MI_AREA_SECTION || Area->Secured == 0) {
        return STATUS_NOT_MAPPED_VIEW;
    }
    Area->Secured--;
    Area->Section->Views--;
    ObDereferenceObject(Area->Section);
    return STATUS_SUCCESS;
}
