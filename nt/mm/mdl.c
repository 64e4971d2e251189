/*
 * mdl.c - memory descriptor lists: locking pages and mapping them.
 *
 * The frame number of a page is the guest address of its memory divided by the page size: two views of
 * the same memory have the same frames. A system mapping is the memory's alias, so mapping costs
 * nothing, and it stays valid in any process. Frames of one MDL follow each other, since views and
 * areas are contiguous; a buffer across two views whose memory is not is refused with NOT_YET.
 *
 * Sources: MmProbeAndLockPages, MmMapLockedPagesSpecifyCache and their kin (wdm), bug checks 0x4E, 0x76,
 * 0xDA.
 */
#include "nt/inc/life.h"
#include "mi.h"

#define MI_FRAMES(Mdl) ((PPFN_NUMBER)((PMDL)(Mdl) + 1))

SIZE_T NTAPI
MmSizeOfMdl(PVOID Base, SIZE_T Length)
{
    return sizeof(MDL) + ADDRESS_AND_SIZE_TO_SPAN_PAGES(Base, Length) * sizeof(PFN_NUMBER);
}

PMDL NTAPI
MmCreateMdl(PMDL Mdl, PVOID Base, SIZE_T Length)
{
    if (Mdl == NULL) {
        Mdl = ExAllocatePoolWithTag(NonPagedPoolNx, MmSizeOfMdl(Base, Length), MI_TAG_MDL);
        if (Mdl == NULL) {
            return NULL;
        }
    }
    MmInitializeMdl(Mdl, Base, Length);
    return Mdl;
}

static ULONG
MiMdlPages(PMDL Mdl)
{
    return (ULONG)ADDRESS_AND_SIZE_TO_SPAN_PAGES(MmGetMdlVirtualAddress(Mdl), Mdl->ByteCount);
}

VOID NTAPI
MmBuildMdlForNonPagedPool(PMDL Mdl)
{
    ULONG64 Address = (ULONG64)Mdl->StartVa;
    ULONG i, Pages = MiMdlPages(Mdl);

    for (i = 0; i < Pages; i++) {
        MI_FRAMES(Mdl)[i] = MiBacking(Address + i * PAGE_SIZE) / PAGE_SIZE;
    }
    Mdl->Process = NULL;
    Mdl->MappedSystemVa = (PUCHAR)Mdl->StartVa + Mdl->ByteOffset;
    Mdl->MdlFlags |= MDL_SOURCE_IS_NONPAGED_POOL;
}

/* The status that locking a page would raise, or success. */
static NTSTATUS
MiLockable(ULONG64 Page, BOOLEAN Write, PMI_AREA *Area)
{
    PMI_SPACE Space;
    UCHAR State;

    if (!ABI_IS_USER(Page)) {
        ULONG Query = MiQueryPage((PVOID)Page);

        *Area = NULL;
        return (Query & MI_PAGE_PRESENT) && (!Write || (Query & MI_PAGE_WRITE))
                   ? STATUS_SUCCESS
                   : STATUS_ACCESS_VIOLATION;
    }
    Space = MI_SPACE_OF(PspCurrentProcess());
    *Area = Space != NULL ? MiFindArea(Space, Page) : NULL;
    if (*Area == NULL || (*Area)->Zombie) {
        return STATUS_ACCESS_VIOLATION;
    }
    if (MiControlOf(*Area) != NULL) {
        return MiFileFault(Space, Page, Write, FALSE);
    }
    State = MiState(*Area, Page);
    if ((State & MI_STATE_COMMITTED) && (State & MI_STATE_GUARD)) {
        NTSTATUS Status = MiResolveFault((PVOID)Page, Write, FALSE, KernelMode);

        if (Status != STATUS_SUCCESS) {
            return Status;
        }
        State = MiState(*Area, Page);
    }
    if (Write) {
        (void)MiWatchedWrite(*Area, Page);
    }
    return MiAllows(State, Write, FALSE) ? STATUS_SUCCESS : STATUS_ACCESS_VIOLATION;
}

/* The context of a step that depends on, or changes, which addresses of a process are in use. */
static ULONG_PTR
MiSpaceIsRead(PEPROCESS Process)
{
    return Process != NULL ? KI_ALSO_READS(MI_STEPS_OF(Process)) : 0;
}

static ULONG_PTR
MiSpaceIsChanged(VOID)
{
    return KI_ALSO_CHANGES(MI_STEPS_OF(PspCurrentProcess()));
}

VOID NTAPI
MmProbeAndLockPages(PMDL Mdl, KPROCESSOR_MODE AccessMode, LOCK_OPERATION Operation)
{
    ULONG64 Start = (ULONG64)Mdl->StartVa,
            End = (ULONG64)MmGetMdlVirtualAddress(Mdl) + Mdl->ByteCount;
    PEPROCESS Process = PspCurrentProcess();
    ULONG i, Pages = MiMdlPages(Mdl);
    BOOLEAN User = ABI_IS_USER(Start);
    NTSTATUS Status = STATUS_SUCCESS;
    PMI_AREA Area;

    KiAcquirePoint(SP_OBJECT, (PVOID)Start, NULL, MiSpaceIsRead(User ? Process : NULL));
    if (AccessMode != KernelMode && (End < Start || End > MmUserProbeAddress)) {
        ExRaiseAccessViolation();
    }
    for (i = 0; i < Pages && NT_SUCCESS(Status); i++) {
        Status = MiLockable(Start + i * PAGE_SIZE, Operation != IoReadAccess, &Area);
    }
    if (!NT_SUCCESS(Status)) {
        MI_FRAMES(Mdl)[0] = (PFN_NUMBER)-1;
        ExRaiseStatus(Status);
    }
    for (i = 0; i < Pages; i++) {
        MI_FRAMES(Mdl)[i] = MiBacking(Start + i * PAGE_SIZE) / PAGE_SIZE;
        if (User) {
            MiFindArea(MI_SPACE_OF(Process), Start + i * PAGE_SIZE)->Locked++;
        }
    }
    Mdl->Process = NULL;
    if (User) {
        MI_SPACE_OF(Process)->LockedPages += Pages;
        Mdl->Process = Process;
    }
    Mdl->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED | MDL_WRITE_OPERATION);
    Mdl->MdlFlags |= MDL_PAGES_LOCKED | (Operation != IoReadAccess ? MDL_WRITE_OPERATION : 0);
    KiTrace(EV_PAGES_LOCK, Mdl, Pages, Start, Operation, 0);
}

VOID NTAPI
MmProbeAndLockProcessPages(PMDL Mdl, PEPROCESS Process, KPROCESSOR_MODE AccessMode,
                           LOCK_OPERATION Operation)
{
    KAPC_STATE ApcState;

    KeStackAttachProcess((PKPROCESS)Process, &ApcState);
    __try {
        MmProbeAndLockPages(Mdl, AccessMode, Operation);
    } __finally {
        KeUnstackDetachProcess(&ApcState);
    }
}

static VOID
MiUnmapSystem(PMDL Mdl)
{
    Mdl->MdlFlags &= ~(MDL_MAPPED_TO_SYSTEM_VA | MDL_PARTIAL_HAS_BEEN_MAPPED);
    Mdl->MappedSystemVa = NULL;
}

VOID NTAPI
MmUnlockPages(PMDL Mdl)
{
    ULONG64 Start = (ULONG64)Mdl->StartVa;
    ULONG i, Pages = MiMdlPages(Mdl);
    PEPROCESS Process = Mdl->Process;

    DRIVER_REQUIRE((Mdl->MdlFlags & MDL_PAGES_LOCKED) != 0, PFN_LIST_CORRUPT, 7, MI_FRAMES(Mdl)[0],
                   0, 0);
    KiAcquirePoint(SP_OBJECT, (PVOID)Start, NULL, MiSpaceIsRead(Process));
    if (Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) {
        MiUnmapSystem(Mdl);
    }
    Mdl->MdlFlags &= ~(MDL_PAGES_LOCKED | MDL_WRITE_OPERATION);
    KiTrace(EV_PAGES_UNLOCK, Mdl, Pages, Start, 0, 0);
    if (Process == NULL || Process->AddressSpace == NULL) {
        return;
    }
    DRIVER_REQUIRE(MI_SPACE_OF(Process)->LockedPages >= Pages, PROCESS_HAS_LOCKED_PAGES, 1, Mdl,
                   MI_SPACE_OF(Process)->LockedPages, Process);
    MI_SPACE_OF(Process)->LockedPages -= Pages;
    for (i = 0; i < Pages; i++) {
        PMI_AREA Area = MiFindArea(MI_SPACE_OF(Process), Start + i * PAGE_SIZE);

        if (Area != NULL && Area->Locked != 0 && --Area->Locked == 0 && Area->Zombie) {
            MiReleaseArea(MI_SPACE_OF(Process), Area); /* M4 */
        }
    }
}

/* The memory behind an MDL, if it is in one piece. */
static ULONG64
MiMdlMemory(PMDL Mdl)
{
    ULONG i, Pages = MiMdlPages(Mdl);

    for (i = 1; i < Pages; i++) {
        if (MI_FRAMES(Mdl)[i] != MI_FRAMES(Mdl)[0] + i) {
            NOT_YET("an MDL across views whose memory is not contiguous");
        }
    }
    return MI_FRAMES(Mdl)[0] * PAGE_SIZE;
}

static PVOID
MiMapUser(PMDL Mdl, PVOID Requested, ULONG Protection)
{
    PEPROCESS Process = PspCurrentProcess();
    PMI_SPACE Space = MI_SPACE_OF(Process);
    PMI_AREA Area = NULL;
    ULONG64 Memory = MiMdlMemory(Mdl);

    if (Space != NULL && ((ULONG64)Requested & (PAGE_SIZE - 1)) == 0) {
        Area = MiInsertArea(Space, (ULONG64)Requested, (ULONG64)MiMdlPages(Mdl) * PAGE_SIZE,
                            0x10000, FALSE);
    }
    if (Area == NULL) { /* documented: a user mapping raises */
        ExRaiseStatus(Requested != NULL ? STATUS_CONFLICTING_ADDRESSES
                                        : STATUS_INSUFFICIENT_RESOURCES);
    }
    Area->Type = MEM_PRIVATE;
    Area->Protection = Protection;
    Area->Backing = Memory;
    Area->Tag = (ULONG64)Mdl;
    MiSetPages(Space, Area, Area->Start, Area->End, MiStateOf(Protection));
    Process->VirtualSize += Area->End - Area->Start;
    return (PVOID)(Area->Start + Mdl->ByteOffset);
}

PVOID NTAPI
MmMapLockedPagesSpecifyCache(PMDL Mdl, KPROCESSOR_MODE AccessMode, MEMORY_CACHING_TYPE CacheType,
                             PVOID RequestedAddress, ULONG BugCheckOnFailure,
                             MM_PAGE_PRIORITY Priority)
{
    PVOID Address;

    KiAcquirePoint(SP_OBJECT, Mdl, NULL, AccessMode != KernelMode ? MiSpaceIsChanged() : 0);
    if (AccessMode != KernelMode) {
        Address = MiMapUser(Mdl, RequestedAddress, PAGE_READWRITE);
        KiTrace(EV_PAGES_MAP, Mdl, MiMdlPages(Mdl), (ULONG64)Address, UserMode, 0);
        return Address;
    }
    DRIVER_REQUIRE((Mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_PARTIAL | MDL_SOURCE_IS_NONPAGED_POOL |
                                     MDL_IO_SPACE)) != 0,
                   SYSTEM_PTE_MISUSE_, 0x100, Mdl, MiMdlPages(Mdl), Mdl->MdlFlags);
    if (!BugCheckOnFailure && KiAllocationFails(__builtin_return_address(0))) {
        return NULL;
    }
    Address = (PVOID)(ABI_ALIAS(MiMdlMemory(Mdl)) + Mdl->ByteOffset);
    Mdl->MappedSystemVa = Address;
    Mdl->MdlFlags |= MDL_MAPPED_TO_SYSTEM_VA;
    if (Mdl->MdlFlags & MDL_PARTIAL) {
        Mdl->MdlFlags |= MDL_PARTIAL_HAS_BEEN_MAPPED;
    }
    KiTrace(EV_PAGES_MAP, Mdl, MiMdlPages(Mdl), (ULONG64)Address, KernelMode, 0);
    return Address;
}

PVOID NTAPI
MmMapLockedPages(PMDL Mdl, KPROCESSOR_MODE AccessMode)
{
    return MmMapLockedPagesSpecifyCache(Mdl, AccessMode, MmCached, NULL, TRUE, HighPagePriority);
}

VOID NTAPI
MmUnmapLockedPages(PVOID BaseAddress, PMDL Mdl)
{
    PMI_SPACE Space = MI_SPACE_OF(PspCurrentProcess());
    PMI_AREA Area;

    KiAcquirePoint(SP_OBJECT, Mdl, NULL, ABI_IS_USER(BaseAddress) ? MiSpaceIsChanged() : 0);
    if (ABI_IS_USER(BaseAddress)) {
        Area = Space != NULL ? MiFindArea(Space, (ULONG64)BaseAddress) : NULL;
        DRIVER_REQUIRE(Area != NULL && Area->Backing != 0 && Area->Tag != 0,
                       DRIVER_UNMAPPING_INVALID_VIEW_, BaseAddress, 1, 0, 0);
        PspCurrentProcess()->VirtualSize -= Area->End - Area->Start;
        MiReleaseArea(Space, Area);
        return;
    }
    DRIVER_REQUIRE((Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA) != 0, SYSTEM_PTE_MISUSE_, 0x301,
                   BaseAddress, Mdl, MiMdlPages(Mdl));
    MiUnmapSystem(Mdl);
}

NTSTATUS NTAPI
MmProtectMdlSystemAddress(PMDL Mdl, ULONG NewProtect)
{
    if (!(Mdl->MdlFlags & MDL_MAPPED_TO_SYSTEM_VA)) {
        return STATUS_NOT_MAPPED_VIEW;
    }
    NOT_YET("MmProtectMdlSystemAddress: system mappings are always writable");
}

NTSTATUS NTAPI
MmAdvanceMdl(PMDL Mdl, ULONG NumberOfBytes)
{
    ULONG Pages, Left;

    if (!(Mdl->MdlFlags & (MDL_PAGES_LOCKED | MDL_SOURCE_IS_NONPAGED_POOL))) {
        return STATUS_INVALID_PARAMETER_1;
    }
    if (NumberOfBytes >= Mdl->ByteCount) {
        return STATUS_INVALID_PARAMETER_2;
    }
    Pages = (Mdl->ByteOffset + NumberOfBytes) / PAGE_SIZE;
    Left = MiMdlPages(Mdl) - Pages;
    if (Pages != 0) {
        if (Mdl->Process != NULL &&
            (Mdl->MdlFlags & MDL_PAGES_LOCKED)) { /* what is passed is unlocked */
            ULONG i;

            for (i = 0; i < Pages; i++) {
                PMI_AREA Area =
                    MiFindArea(MI_SPACE_OF(Mdl->Process), (ULONG64)Mdl->StartVa + i * PAGE_SIZE);

                Area->Locked--;
            }
            MI_SPACE_OF(Mdl->Process)->LockedPages -= Pages;
        }
        RtlMoveMemory(MI_FRAMES(Mdl), MI_FRAMES(Mdl) + Pages, Left * sizeof(PFN_NUMBER));
    }
    Mdl->StartVa = (PUCHAR)Mdl->StartVa + (ULONG64)Pages * PAGE_SIZE;
    Mdl->ByteOffset = (Mdl->ByteOffset + NumberOfBytes) % PAGE_SIZE;
    Mdl->ByteCount -= NumberOfBytes;
    if (Mdl->MdlFlags & (MDL_MAPPED_TO_SYSTEM_VA | MDL_SOURCE_IS_NONPAGED_POOL)) {
        Mdl->MappedSystemVa = (PUCHAR)Mdl->MappedSystemVa + NumberOfBytes;
    }
    return STATUS_SUCCESS;
}
