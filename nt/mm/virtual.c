/*
 * virtual.c - the memory of user processes: reserve, commit, protect, free, query.
 *
 * Reservations begin at multiples of 64 KiB. Committed pages get their memory at once; there is no
 * paging file to run out of, so commitment never fails. Addresses outside of the process's slice
 * conflict by design; the low 2 GiB belong to one process at a time, the first that asks.
 *
 * Statuses: NtAllocateVirtualMemory, NtFreeVirtualMemory (ntifs), VirtualAlloc, VirtualFree,
 * VirtualProtect, VirtualQuery (Win32) in Microsoft's documentation.
 */
#include "nt/inc/life.h"
#include "mi.h"
#include "nt/inc/sound.h"

#define MI_GRANULARITY 0x10000ull
#define PAGE_MASK_BASE 0xFFu

static const struct {
    ULONG Page;
    UCHAR Host;
} MiProtections[8] = {
    {PAGE_NOACCESS, ABI_NONE},
    {PAGE_READONLY, ABI_PROT_READ},
    {PAGE_READWRITE, ABI_PROT_READ | ABI_PROT_WRITE},
    {PAGE_WRITECOPY, ABI_PROT_READ | ABI_PROT_WRITE},
    {PAGE_EXECUTE, ABI_PROT_READ | ABI_PROT_EXECUTE},
    {PAGE_EXECUTE_READ, ABI_PROT_READ | ABI_PROT_EXECUTE},
    {PAGE_EXECUTE_READWRITE, ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE},
    {PAGE_EXECUTE_WRITECOPY, ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE},
};

BOOLEAN
MiIsValidProtection(ULONG Protection)
{
    ULONG Base = Protection & PAGE_MASK_BASE;
    ULONG Flags = Protection & ~PAGE_MASK_BASE;
    ULONG i;

    if (Flags & ~(ULONG)(PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE)) {
        return FALSE;
    }
    if ((Flags & PAGE_NOCACHE) && (Flags & PAGE_WRITECOMBINE)) {
        return FALSE;
    }
    if (Base == PAGE_NOACCESS && Flags != 0) {
        return FALSE;
    }
    for (i = 0; i < 8; i++) {
        if (MiProtections[i].Page == Base) {
            return TRUE;
        }
    }
    return FALSE;
}

UCHAR
MiStateOf(ULONG Protection)
{
    UCHAR i;

    for (i = 0; MiProtections[i].Page != (Protection & PAGE_MASK_BASE); i++) {
    }
    return i | (Protection & PAGE_GUARD ? MI_STATE_GUARD : 0) |
           (Protection & PAGE_NOCACHE ? MI_STATE_NOCACHE : 0) |
           (Protection & PAGE_WRITECOMBINE ? MI_STATE_COMBINE : 0);
}

ULONG
MiPageOf(UCHAR State)
{
    return MiProtections[State & MI_STATE_PROTECTION].Page |
           (State & MI_STATE_GUARD ? PAGE_GUARD : 0) |
           (State & MI_STATE_NOCACHE ? PAGE_NOCACHE : 0) |
           (State & MI_STATE_COMBINE ? PAGE_WRITECOMBINE : 0);
}

ULONG
MiHostProtection(UCHAR State)
{
    if (State & MI_STATE_GUARD) {
        return ABI_NONE;
    }
    return MiProtections[State & MI_STATE_PROTECTION].Host;
}

static VOID
MiHostSet(PMI_AREA Area, ULONG64 Start, ULONG64 End, ULONG Protection, BOOLEAN Commit)
{
    if (Start == End) {
        return;
    }
    if (MiControlOf(Area) != NULL) {
        MiResetFileView(Area, Start, End);
    } else if (!Commit) {
        HcProtect(Start, End - Start, Protection);
    } else if (Area->Backing != 0) {
        HcMapView(Start, End - Start, Area->Backing + (Start - Area->Start), Protection);
    } else {
        HcCommit(Start, End - Start, Protection);
    }
}

/*
 * Pages of the range that are not committed fault at the first access. They do without this, but for a search: there the host
 * keeps open what the runs before had at these addresses.
 */
VOID
MiCloseReserved(ULONG64 Start, ULONG64 End)
{
    if (Start < End) {
        HcProtect(Start, End - Start, ABI_NONE);
    }
}

BOOLEAN
MiSetPages(PMI_SPACE Space, PMI_AREA Area, ULONG64 Start, ULONG64 End, UCHAR State)
{
    ULONG Host = MiHostProtection(State);
    ULONG64 Address, Run = Start;
    BOOLEAN RunCommit = FALSE, First = TRUE;

    for (Address = Start; Address < End; Address += PAGE_SIZE) {
        PUCHAR Pointer = MiStatePointer(Area, Address);
        BOOLEAN Commit = !(*Pointer & MI_STATE_COMMITTED);

        if (First || Commit != RunCommit) {
            MiHostSet(Area, Run, Address, Host, RunCommit);
            Run = Address;
            RunCommit = Commit;
            First = FALSE;
        }
        if (Commit) {
            Space->CommittedPages++;
        }
        *Pointer = State | MI_STATE_COMMITTED | (*Pointer & MI_STATE_PRIVATE);
    }
    MiHostSet(Area, Run, End, Host, RunCommit);
    if (Area->Watched) {
        MiWatchPages(Area, Start, End);
    }
    /* lock.c, L1 */
    return !MiAllows(State | MI_STATE_COMMITTED, FALSE, FALSE) && MiForgetLocks(Space, Start, End);
}

static VOID
MiDecommitRun(PMI_AREA Area, ULONG64 First, ULONG64 Last)
{
    if (First < Last) {
        HcDecommit(Area->Start + First * PAGE_SIZE, (Last - First) * PAGE_SIZE);
    }
}

#define MI_EIGHT_COMMITTED (MI_STATE_COMMITTED * 0x0101010101010101ull)

VOID
MiDecommitPages(PMI_SPACE Space, PMI_AREA Area, ULONG64 Start, ULONG64 End)
{
    ULONG64 Page = (Start - Area->Start) / PAGE_SIZE, Last = (End - Area->Start) / PAGE_SIZE;
    ULONG64 Run = Page; /* from here on all are committed */

    while (Page < Last && Area->Chunk != NULL) {
        PUCHAR States = Area->Chunk[Page / MI_CHUNK];
        ULONG64 Next = (Page / MI_CHUNK + 1) * MI_CHUNK;

        Next = Next < Last ? Next : Last;
        if (States == NULL) {
            MiDecommitRun(Area, Run, Page);
            Run = Page = Next;
            continue;
        }
        for (; Page < Next; Page++) {
            PUCHAR State = &States[Page % MI_CHUNK];

            if (Next - Page >= 8) { /* most of an area is as its neighbours are */
                ULONG64 Eight = *(UNALIGNED ULONG64 *)State & MI_EIGHT_COMMITTED;

                if (Eight == 0) {
                    MiDecommitRun(Area, Run, Page);
                    Page += 7;
                    Run = Page + 1;
                    continue;
                }
                if (Eight == MI_EIGHT_COMMITTED) {
                    *(UNALIGNED ULONG64 *)State = 0;
                    Space->CommittedPages -= 8;
                    Page += 7;
                    continue;
                }
            }
            if (*State & MI_STATE_COMMITTED) {
                *State = 0;
                Space->CommittedPages--;
            } else {
                MiDecommitRun(Area, Run, Page);
                Run = Page + 1;
            }
        }
    }
    MiDecommitRun(Area, Run, Page);
}

/* The area goes; with pages locked it only becomes unreachable, and goes with the last unlock (M4). */
VOID
MiReleaseArea(PMI_SPACE Space, PMI_AREA Area)
{
    PMI_SECTION Section = Area->Section;
    ULONG64 Address;

    if (Area->Locked != 0) {
        if (!Area->Zombie) {
            Area->Zombie = TRUE;
            MiForgetLocks(Space, Area->Start, Area->End);
            for (Address = Area->Start; Address < Area->End; Address += PAGE_SIZE) {
                if (MiState(Area, Address) & MI_STATE_COMMITTED) {
                    HcProtect(Address, PAGE_SIZE, ABI_NONE);
                }
            }
        }
        return;
    }
    if (MiControlOf(Area) != NULL) {
        MiUnlinkFileView(Area);
    }
    Area->Section = NULL;
    MiDecommitPages(Space, Area, Area->Start, Area->End);
    MiRemoveArea(Space, Area);
    if (Section != NULL) {
        Section->Views--;
        ObDereferenceObject(Section);
    }
}

/* Is [Start, End) where this process may have something? Claims the low range if it is free. */
static BOOLEAN
MiMayUse(PEPROCESS Process, ULONG64 Start, ULONG64 End)
{
    PMI_SPACE Space = MI_SPACE_OF(Process);

    if (Start >= Space->Base && End <= Space->Base - MI_GRANULARITY + ABI_USER_IMAGES) {
        return TRUE;
    }
    if (Start >= ABI_LOW_BASE && End <= ABI_LOW_END &&
        (MiLowOwner == NULL || MiLowOwner == Process)) {
        return TRUE;
    }
    return FALSE;
}

static VOID
MiClaimLow(PEPROCESS Process, ULONG64 Start)
{
    if (Start < ABI_LOW_END) {
        MiLowOwner = Process;
        Process->Pcb.OwnsLowRange = TRUE;
    }
}

/* Below 32 how many of the low 32 bits, and all above them, are 0; else a mask, of which only the highest bit counts. */
BOOLEAN
MiZeroBitsAllow(ULONG_PTR ZeroBits, ULONG64 Address)
{
    if (ZeroBits == 0) {
        return TRUE;
    }
    if (ZeroBits < 32) {
        return ZeroBits <= 21 && Address >> (32 - ZeroBits) == 0;
    }
    return Address == 0 || __builtin_clzll(Address) >= __builtin_clzll(ZeroBits);
}

NTSTATUS
MiAllocateUser(PEPROCESS Process, PVOID *Base, SIZE_T *Size, ULONG Type, ULONG Protection)
{
    PMI_SPACE Space = MiEnsureSpace(Process);
    ULONG64 Start = (ULONG64)*Base, End;
    BOOLEAN Copy = (Protection & PAGE_MASK_BASE) == PAGE_WRITECOPY ||
                   (Protection & PAGE_MASK_BASE) == PAGE_EXECUTE_WRITECOPY;
    UCHAR State;
    PMI_AREA Area;

    if (Space == NULL) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    if (Start == 0) {
        Type |= MEM_RESERVE;
    }
    if (!MiIsValidProtection(Protection) || (Copy && (Type & MEM_RESERVE))) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    State = MiStateOf(Protection);
    if (Type & MEM_RESERVE) {
        if (Start == 0) {
            End = (*Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
            Area = MiInsertArea(Space, 0, End, MI_GRANULARITY, (Type & MEM_TOP_DOWN) != 0);
            if (Area == NULL) {
                return STATUS_NO_MEMORY;
            }
        } else {
            End = (Start + *Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
            Start &= ~(MI_GRANULARITY - 1);
            if (!MiMayUse(Process, Start, End)) {
                return STATUS_CONFLICTING_ADDRESSES;
            }
            Area = MiInsertArea(Space, Start, End - Start, MI_GRANULARITY, FALSE);
            if (Area == NULL) {
                return STATUS_CONFLICTING_ADDRESSES;
            }
            MiClaimLow(Process, Start);
        }
        Area->Type = MEM_PRIVATE;
        Area->Protection = Protection;
        Area->Watched = (Type & MEM_WRITE_WATCH) != 0;
        Start = Area->Start;
        End = Area->End;
        Process->VirtualSize += End - Start;
        if (Type & MEM_COMMIT) {
            MiSetPages(Space, Area, Start, End, State);
        }
    } else {
        End = (Start + *Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
        Start &= ~(ULONG64)(PAGE_SIZE - 1);
        Area = MiFindArea(Space, Start);
        if (Area == NULL || Area->End < End || Area->Zombie) {
            return STATUS_CONFLICTING_ADDRESSES;
        }
        if (Type & MEM_RESET) {
            if (Area->Type == MEM_IMAGE) {
                return STATUS_CONFLICTING_ADDRESSES;
            }
        } else {
            if (Area->Type == MEM_IMAGE ||
                (Area->Type == MEM_MAPPED && MiControlOf(Area) != NULL)) {
                return STATUS_ALREADY_COMMITTED;
            }
            if (Area->Type == MEM_MAPPED && !MiViewAllows(Area, Protection)) {
                return STATUS_SECTION_PROTECTION;
            }
            if (Area->Type != MEM_MAPPED && Copy) {
                return STATUS_INVALID_PAGE_PROTECTION;
            }
            MiSetPages(Space, Area, Start, End, State);
        }
    }
    *Base = (PVOID)Start;
    *Size = End - Start;
    return STATUS_SUCCESS;
}

NTSTATUS
MiFreeUser(PEPROCESS Process, PVOID *Base, SIZE_T *Size, ULONG Type)
{
    PMI_SPACE Space = MiLiveSpace(Process);
    ULONG64 Start = (ULONG64)*Base & ~(ULONG64)(PAGE_SIZE - 1), End;
    PMI_AREA Area;

    if (Space == NULL) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    End = ((ULONG64)*Base + *Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    Area = MiFindArea(Space, Start);
    if (Area == NULL || Area->Zombie) {
        return STATUS_MEMORY_NOT_ALLOCATED;
    }
    if (Area->Type != MEM_PRIVATE) {
        return STATUS_UNABLE_TO_DELETE_SECTION;
    }
    if (*Size == 0) {
        if (Start != Area->Start) {
            return STATUS_FREE_VM_NOT_AT_BASE;
        }
        End = Area->End;
    } else if (End > Area->End) {
        return STATUS_UNABLE_TO_FREE_VM;
    }
    if (Area->Secured != 0) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if (Type == MEM_DECOMMIT) {
        MiForgetLocks(Space, Start, End);
        MiDecommitPages(Space, Area, Start, End);
    } else {
        if (End < Area->End) {
            MiSplitArea(Space, Area, End);
        }
        if (Start > Area->Start) {
            MiSplitArea(Space, Area, Start);
            Area = MiFindArea(Space, Start);
        }
        Process->VirtualSize -= End - Start;
        MiReleaseArea(Space, Area);
    }
    *Base = (PVOID)Start;
    *Size = End - Start;
    return STATUS_SUCCESS;
}

static NTSTATUS
MiProtectUser(PEPROCESS Process, PVOID *Base, SIZE_T *Size, ULONG Protection, PULONG Old)
{
    PMI_SPACE Space = MiLiveSpace(Process);
    ULONG64 Start = (ULONG64)*Base & ~(ULONG64)(PAGE_SIZE - 1), End, Address;
    ULONG Bare = Protection & PAGE_MASK_BASE;
    PMI_AREA Area;
    UCHAR State;

    if (Space == NULL) {
        return STATUS_PROCESS_IS_TERMINATING;
    }
    End = ((ULONG64)*Base + *Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    Area = MiFindArea(Space, Start);
    if (Area == NULL || Area->Zombie || End > Area->End) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    for (Address = Start; Address < End; Address += PAGE_SIZE) {
        if (!(MiState(Area, Address) & MI_STATE_COMMITTED)) {
            return STATUS_NOT_COMMITTED;
        }
    }
    if (Area->Type == MEM_PRIVATE && (Bare == PAGE_WRITECOPY || Bare == PAGE_EXECUTE_WRITECOPY)) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if (Area->Type == MEM_MAPPED && Area->Section != NULL && !MiViewAllows(Area, Protection)) {
        return STATUS_SECTION_PROTECTION;
    }
    if (Area->Type == MEM_IMAGE) { /* a page of an image is never shared for writing */
        Protection = Bare == PAGE_READWRITE           ? PAGE_WRITECOPY
                     : Bare == PAGE_EXECUTE_READWRITE ? PAGE_EXECUTE_WRITECOPY
                                                      : Protection;
    }
    State = MiStateOf(Protection);
    if (Area->Secured != 0 &&
        !MiAllows(State | MI_STATE_COMMITTED, Area->SecuredProtection == PAGE_READWRITE, FALSE)) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    *Old = MiPageOf(MiState(Area, Start));
    *Base = (PVOID)Start;
    *Size = End - Start;
    return MiSetPages(Space, Area, Start, End, State) ? STATUS_WAS_UNLOCKED : STATUS_SUCCESS;
}

/* The process behind a handle; its space is what the body works on, without attaching. */
static NTSTATUS
MiReferenceProcess(HANDLE Handle, ACCESS_MASK Access, KPROCESSOR_MODE Mode, PEPROCESS *Process)
{
    return ObReferenceObjectByHandle(Handle, Access, PsProcessTypeP, Mode, (PVOID *)Process, NULL);
}

NTSTATUS
MiReadRange(PVOID *BaseAddress, PSIZE_T RegionSize, KPROCESSOR_MODE Mode, PVOID *Base, PSIZE_T Size)
{
    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(BaseAddress, sizeof(PVOID), sizeof(PVOID));
            ProbeForWrite(RegionSize, sizeof(SIZE_T), sizeof(SIZE_T));
        }
        *Base = *BaseAddress;
        *Size = *RegionSize;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS
MiWriteRange(NTSTATUS Status, PVOID *BaseAddress, PSIZE_T RegionSize, PVOID Base, SIZE_T Size)
{
    if (NT_SUCCESS(Status)) {
        __try {
            *BaseAddress = Base;
            *RegionSize = Size;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
        }
    }
    return Status;
}

#define MI_LARGE_PAGE 0x200000ull

/* Large pages are locked in memory, reserved and committed at once, and asked for in whole ones. [LEARN: Large-Page Support] */
static NTSTATUS
MiCheckLargePages(PVOID Base, SIZE_T Size, ULONG Type, KPROCESSOR_MODE Mode)
{
    LUID LockMemory = {4, 0}; /* SeLockMemoryPrivilege */

    if (!SeSinglePrivilegeCheck(LockMemory, Mode)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    if ((Type & (MEM_RESERVE | MEM_COMMIT)) != (MEM_RESERVE | MEM_COMMIT) ||
        ((ULONG64)Base | Size) % MI_LARGE_PAGE != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtAllocateVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, ULONG_PTR ZeroBits,
                        PSIZE_T RegionSize, ULONG AllocationType, ULONG Protect)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Process;
    NTSTATUS Status;
    SIZE_T Size;
    PVOID Base;

    if (!MiZeroBitsAllow(ZeroBits, 0)) {
        return STATUS_INVALID_PARAMETER_3;
    }
    if (!(AllocationType & (MEM_COMMIT | MEM_RESERVE | MEM_RESET)) ||
        (AllocationType & ~(ULONG)(MEM_COMMIT | MEM_RESERVE | MEM_RESET | MEM_TOP_DOWN |
                                   MEM_WRITE_WATCH | MEM_PHYSICAL | MEM_LARGE_PAGES)) ||
        ((AllocationType & MEM_RESET) && (AllocationType & ~(ULONG)MEM_RESET))) {
        return STATUS_INVALID_PARAMETER_5;
    }
    if (AllocationType & MEM_PHYSICAL) {
        NOT_YET("NtAllocateVirtualMemory with MEM_PHYSICAL");
    }
    if ((AllocationType & MEM_WRITE_WATCH) && !(AllocationType & MEM_RESERVE)) {
        return STATUS_INVALID_PARAMETER_5;
    }
    if (!MiIsValidProtection(Protect)) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    Status = MiReadRange(BaseAddress, RegionSize, Mode, &Base, &Size);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if ((ULONG64)Base > (ULONG64)MmHighestUserAddress) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (Size == 0 || Size > (ULONG64)MmHighestUserAddress + 1 - (ULONG64)Base) {
        return STATUS_INVALID_PARAMETER_4;
    }
    if (AllocationType & MEM_LARGE_PAGES) {
        Status = MiCheckLargePages(Base, Size, AllocationType, Mode);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        AllocationType &= ~(ULONG)MEM_LARGE_PAGES; /* every page is of one size here */
    }
    Status = MiReferenceProcess(ProcessHandle, PROCESS_VM_OPERATION, Mode, &Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, MI_STEPS_OF(Process));
    if (Base == NULL && !MiZeroBitsAllow(ZeroBits, MI_HIGHEST)) {
        Status = STATUS_NO_MEMORY; /* nothing that low is in any slice */
    } else {
        Status = MiAllocateUser(Process, &Base, &Size, AllocationType, Protect);
    }
    if (NT_SUCCESS(Status) && !(AllocationType & (MEM_COMMIT | MEM_RESET))) {
        MiCloseReserved((ULONG64)Base, (ULONG64)Base + Size);
    }
    ObDereferenceObject(Process);
    return MiWriteRange(Status, BaseAddress, RegionSize, Base, Size);
}

NTSTATUS NTAPI
NtFreeVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG FreeType)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Process;
    NTSTATUS Status;
    SIZE_T Size;
    PVOID Base;

    if (FreeType != MEM_DECOMMIT && FreeType != MEM_RELEASE) {
        return STATUS_INVALID_PARAMETER_4;
    }
    Status = MiReadRange(BaseAddress, RegionSize, Mode, &Base, &Size);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if ((ULONG64)Base > (ULONG64)MmHighestUserAddress) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (Size > (ULONG64)MmHighestUserAddress + 1 - (ULONG64)Base) {
        return STATUS_INVALID_PARAMETER_3;
    }
    Status = MiReferenceProcess(ProcessHandle, PROCESS_VM_OPERATION, Mode, &Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, MI_STEPS_OF(Process));
    Status = MiFreeUser(Process, &Base, &Size, FreeType);
    ObDereferenceObject(Process);
    return MiWriteRange(Status, BaseAddress, RegionSize, Base, Size);
}

NTSTATUS NTAPI
NtProtectVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize,
                       ULONG NewProtect, PULONG OldProtect)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Process;
    NTSTATUS Status;
    SIZE_T Size;
    PVOID Base;
    ULONG Old;

    if (!MiIsValidProtection(NewProtect)) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    Status = MiReadRange(BaseAddress, RegionSize, Mode, &Base, &Size);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ExpProbe(OldProtect, sizeof(ULONG), sizeof(ULONG), TRUE, Mode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if ((ULONG64)Base > (ULONG64)MmHighestUserAddress) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (Size == 0 || Size > (ULONG64)MmHighestUserAddress + 1 - (ULONG64)Base) {
        return STATUS_INVALID_PARAMETER_3;
    }
    Status = MiReferenceProcess(ProcessHandle, PROCESS_VM_OPERATION, Mode, &Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, MI_STEPS_OF(Process));
    Status = MiProtectUser(Process, &Base, &Size, NewProtect, &Old);
    ObDereferenceObject(Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        *OldProtect = Old;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    return MiWriteRange(Status, BaseAddress, RegionSize, Base, Size);
}

static NTSTATUS
MiQueryBasic(PEPROCESS Process, ULONG64 Address, PMI_BASIC_INFORMATION Info)
{
    PMI_SPACE Space = MI_SPACE_OF(Process);
    PMI_AREA Area, Next;
    ULONG64 End;
    UCHAR State;

    RtlZeroMemory(Info, sizeof(*Info));
    Address &= ~(ULONG64)(PAGE_SIZE - 1);
    Info->BaseAddress = (PVOID)Address;
    Area = MiFindArea(Space, Address);
    if (Area == NULL || Area->Zombie) {
        Next = MiNextArea(Space, Address);
        while (Next != NULL && Next->Zombie) {
            Next = MiNextArea(Space, Next->Start);
        }
        Info->RegionSize = (Next ? Next->Start : (ULONG64)MmHighestUserAddress + 1) - Address;
        Info->State = MEM_FREE;
        Info->Protect = PAGE_NOACCESS;
        return STATUS_SUCCESS;
    }
    State = MiState(Area, Address);
    for (End = Address + PAGE_SIZE; End < Area->End && MiState(Area, End) == State;
         End += PAGE_SIZE) {
    }
    Info->AllocationBase = (PVOID)Area->Start;
    Info->AllocationProtect = Area->Protection;
    Info->RegionSize = End - Address;
    Info->Type = Area->Type;
    if (State & MI_STATE_COMMITTED) {
        Info->State = MEM_COMMIT;
        Info->Protect = MiPageOf(State);
    } else {
        Info->State = MEM_RESERVE;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, ULONG Class, PVOID Buffer,
                     SIZE_T Length, PSIZE_T ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    MI_BASIC_INFORMATION Info;
    PEPROCESS Process;
    NTSTATUS Status;

    if (Class != 0 /* MemoryBasicInformation */) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length < sizeof(Info)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(Buffer, Length, sizeof(ULONG64));
            if (ReturnLength != NULL) {
                ProbeForWrite(ReturnLength, sizeof(SIZE_T), sizeof(SIZE_T));
            }
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if ((ULONG64)BaseAddress > (ULONG64)MmHighestUserAddress) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = MiReferenceProcess(ProcessHandle, PROCESS_QUERY_INFORMATION, Mode, &Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiLooksAt(MI_STEPS_OF(Process));
    Status = Process->AddressSpace == NULL ? STATUS_PROCESS_IS_TERMINATING
                                           : MiQueryBasic(Process, (ULONG64)BaseAddress, &Info);
    ObDereferenceObject(Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    __try {
        *(PMI_BASIC_INFORMATION)Buffer = Info;
        if (ReturnLength != NULL) {
            *ReturnLength = sizeof(Info);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

/* The slice follows from the process's name; only when two living ones collide, from who else lives. */
static ULONG64
MiTakeSlice(PEPROCESS Process)
{
    ULONG Slice = 1 + Process->Agent.Name % (ABI_SLICES - 1), i;

    for (i = 1; i < ABI_SLICES; i++) {
        if (!(MiSlices[Slice / 64] & 1ull << (Slice % 64))) {
            MiSlices[Slice / 64] |= 1ull << (Slice % 64);
            return Slice;
        }
        Slice = Slice % (ABI_SLICES - 1) + 1;
    }
    return 0;
}

NTSTATUS
MiCreateAddressSpace(PEPROCESS Process)
{
    PMI_SPACE Space;
    ULONG64 Slice = MiTakeSlice(Process);

    if (Slice == 0) {
        return STATUS_NO_MEMORY;
    }
    Process->Pcb.Slice = Slice;
    Process->Pcb.DirectoryTableBase = Slice << 12 | 1;
    Slice *= ABI_SLICE_SIZE;
    Space = ExpAllocate(sizeof(*Space), MI_TAG_SPACE);
    /* Half of what the kernel gives out is the first thread's, the rest is cut in 256 parts. */
    MiInitializeSpace(Space, Slice + MI_GRANULARITY, Slice + ABI_USER_IMAGES,
                      Slice + ABI_USER_IMAGES / 2, 256);
    Process->AddressSpace = Space;
    return STATUS_SUCCESS;
}

VOID
MiSetFirstAgent(PEPROCESS Process, ULONG AgentName)
{
    MI_SPACE_OF(Process)->FirstAgent = AgentName;
}

/* NULL: there is none (any more). */
PMI_SPACE
MiLiveSpace(PEPROCESS Process)
{
    PMI_SPACE Space = MI_SPACE_OF(Process);

    return Space != NULL && !Space->Deleted ? Space : NULL;
}

/* The System process gets user addresses of its own when a system thread first asks for some. */
PMI_SPACE
MiEnsureSpace(PEPROCESS Process)
{
    if (Process->AddressSpace == NULL && Process == PsInitialSystemProcess &&
        NT_SUCCESS(MiCreateAddressSpace(Process))) {
        MI_SPACE_OF(Process)->FirstAgent = KiAgent()->Name;
        if (PspCurrentProcess() == Process) {
            HcSetAddressSpace(Process->Pcb.Slice);
        }
    }
    return MiLiveSpace(Process);
}

/* When the last thread has gone. Pages that a driver left locked are its mistake: 0x76. */
VOID
MiDeleteAddressSpace(PEPROCESS Process)
{
    PMI_SPACE Space = MI_SPACE_OF(Process);

    if (Space == NULL) {
        return;
    }
    DRIVER_REQUIRE(Space->LockedPages == 0, PROCESS_HAS_LOCKED_PAGES, 0, Process,
                   Space->LockedPages, 0);
    KiLookAround(); /* what is there is most now */
    KiChanges(MI_STEPS_OF(Process));
    Space->Deleted = TRUE; /* to let an area go can pass schedule points */
    while (Space->Count != 0) {
        PMI_AREA Area = Space->Area[Space->Count - 1];

        if (MiControlOf(Area) != NULL) {
            MiBackOnStream(MiControlOf(Area)->Pointers);
        }
        Area->Locked = 0;
        if (Area->Type == MEM_IMAGE) {
            MiUnmapImage(Process, Area);
        } else {
            MiReleaseArea(Space, Area);
        }
    }
    if (MiLowOwner == Process) {
        MiLowOwner = NULL;
    }
    MiDeleteSpace(Space);
    MiSlices[Process->Pcb.Slice / 64] &= ~(1ull << (Process->Pcb.Slice % 64));
    Process->AddressSpace = NULL;
    Process->Pcb.Slice = 0; /* what is left of the process must not open it again */
    Process->Pcb.DirectoryTableBase = 1;
    ExpFree(Space);
}
