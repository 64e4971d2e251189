/*
 * fault.c - what an address is, and what a fault on it means.
 *
 * User addresses are looked up in the current process's areas. For system addresses the host is
 * asked: every page that anybody committed is known there.
 *
 * A guard page goes off once: STATUS_GUARD_PAGE_VIOLATION. On the current thread's own stack it grows
 * the stack instead, until one page is left: STATUS_STACK_OVERFLOW.
 */
#include "nt/inc/life.h"
#include "mi.h"
#include "nt/inc/peb.h"

BOOLEAN
MiAllows(UCHAR State, BOOLEAN Write, BOOLEAN Execute)
{
    ULONG Host;

    if (!(State & MI_STATE_COMMITTED)) {
        return FALSE;
    }
    Host = MiHostProtection(State);
    if (Write) {
        return (Host & ABI_PROT_WRITE) != 0;
    }
    return Execute ? (Host & ABI_PROT_EXECUTE) != 0 : Host != ABI_NONE;
}

/* An alias is as valid as the page that it stands for. */
static ULONG64
MiUnalias(ULONG64 Address)
{
    if (Address >= ABI_USER_ALIAS && Address < ABI_USER_ALIAS + ABI_USER_END) {
        return Address - ABI_USER_ALIAS;
    }
    if (Address >= ABI_SYSTEM_BASE + ABI_SYSTEM_ALIAS &&
        Address < ABI_SYSTEM_END + ABI_SYSTEM_ALIAS) {
        return Address - ABI_SYSTEM_ALIAS;
    }
    return 0;
}

static ULONG
MiFromHost(ULONG Host)
{
    return (Host & (ABI_PROT_READ | ABI_PROT_WRITE | ABI_PROT_EXECUTE) ? MI_PAGE_PRESENT : 0) |
           (Host & ABI_PROT_WRITE ? MI_PAGE_WRITE : 0) |
           (Host & ABI_PROT_EXECUTE ? MI_PAGE_EXECUTE : 0);
}

ULONG
MiQueryPage(const VOID *Pointer)
{
    ULONG64 Address = (ULONG64)Pointer, Direct = MiUnalias(Address);
    PMI_SPACE Space;
    PMI_AREA Area;
    SIZE_T Bytes;
    PVOID Base;
    ULONG Result, Tag;
    BOOLEAN Freed;
    UCHAR State;

    if ((Address & ~0xFFFull) == ABI_KERNEL_SHARED_DATA) {
        return MI_PAGE_PRESENT;
    }
    if (Direct != 0) {
        return HcPage(Direct & ~0xFFFull) & ABI_COMMITTED ? MI_PAGE_PRESENT | MI_PAGE_WRITE : 0;
    }
    if (ABI_IS_USER(Address)) {
        if ((Address & ~0xFFFull) == ABI_USER_SHARED_DATA) {
            return MI_PAGE_PRESENT;
        }
        Space = MI_SPACE_OF(PspCurrentProcess());
        Area = Space != NULL ? MiFindArea(Space, Address) : NULL;
        if (Area == NULL || Area->Zombie) {
            return 0;
        }
        State = MiState(Area, Address);
        if (!(State & MI_STATE_COMMITTED)) {
            return 0;
        }
        if (State & MI_STATE_GUARD) {
            return MI_PAGE_GUARD;
        }
        if (MiControlOf(Area) != NULL) {
            return MiFromHost(HcPage(Address & ~0xFFFull));
        }
        return MiFromHost(MiHostProtection(State));
    }
    if (!ABI_IS_SYSTEM(Address)) {
        return 0;
    }
    Result = MiFromHost(HcPage(Address & ~0xFFFull));
    if (Result == 0 && ExpFindPoolBlock(Pointer, &Base, &Bytes, &Tag, &Freed) && Freed) {
        Result |= MI_PAGE_FREED;
    }
    return Result;
}

BOOLEAN NTAPI
MmIsAddressValid(PVOID Address)
{
    return (MiQueryPage(Address) & MI_PAGE_PRESENT) != 0;
}

BOOLEAN NTAPI
MmIsNonPagedSystemAddressValid(PVOID Address)
{
    return !ABI_IS_USER(Address) && MmIsAddressValid(Address);
}

ULONG64
MiBacking(ULONG64 Address)
{
    ULONG64 Direct = MiUnalias(Address);
    PMI_SPACE Space;
    PMI_AREA Area;

    if (Direct != 0) {
        return Direct;
    }
    Space = ABI_IS_USER(Address) ? MI_SPACE_OF(PspCurrentProcess()) : &MiSystemSpace;
    Area = Space != NULL ? MiFindArea(Space, Address) : NULL;
    if (Area != NULL && ABI_IS_USER(Address) && MiControlOf(Area) != NULL) {
        return MiFileViewBacking(Area, Address);
    }
    return Area != NULL && Area->Backing != 0 ? Area->Backing + (Address - Area->Start) : Address;
}

static VOID
MiDisarm(PMI_AREA Area, ULONG64 Page)
{
    PUCHAR State = MiStatePointer(Area, Page);

    *State &= ~MI_STATE_GUARD;
    HcProtect(Page, PAGE_SIZE, MiHostOf(Area, *State));
}

/* What an overflow leaves for its handlers: two pages, or what SetThreadStackGuarantee asked for. */
static ULONG64
MiGuarantee(PTEB Teb)
{
    ULONG64 Bytes = max(Teb->GuaranteedStackBytes, 2 * PAGE_SIZE);
    ULONG64 Most = (ULONG64)Teb->NtTib.StackBase - (ULONG64)Teb->DeallocationStack - 2 * PAGE_SIZE;

    return min(Bytes, Most) & ~(ULONG64)(PAGE_SIZE - 1);
}

/* Page is an armed guard page. Is it the end of the current thread's stack? Then the guard moves. */
static NTSTATUS
MiGrowStack(PMI_SPACE Space, PMI_AREA Area, ULONG64 Page)
{
    PTEB Teb = KiThread()->Teb;
    PMI_AREA TebArea = Teb != NULL ? MiFindArea(Space, (ULONG64)Teb) : NULL;
    ULONG64 Bottom, End;

    if (TebArea == NULL || !(MiState(TebArea, (ULONG64)Teb) & MI_STATE_COMMITTED)) {
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    Teb = (PTEB)ABI_ALIAS(Teb); /* the user may have closed it */
    Bottom = (ULONG64)Teb->DeallocationStack;
    if (Page < Bottom || Page >= (ULONG64)Teb->NtTib.StackBase || Bottom != Area->Start) {
        return STATUS_GUARD_PAGE_VIOLATION;
    }
    End = Bottom + PAGE_SIZE + MiGuarantee(Teb);
    if (Page > End && !(MiState(Area, Page - PAGE_SIZE) & MI_STATE_COMMITTED)) {
        Teb->NtTib.StackLimit = (PVOID)Page;
        MiSetPages(Space, Area, Page - PAGE_SIZE, Page, MiStateOf(PAGE_READWRITE | PAGE_GUARD));
        return STATUS_SUCCESS;
    }
    /* The end: what is left above the lowest page is for the exception's handlers. */
    if (Page > Bottom + PAGE_SIZE) {
        MiSetPages(Space, Area, Bottom + PAGE_SIZE, Page, MiStateOf(PAGE_READWRITE));
        Teb->NtTib.StackLimit = (PVOID)(Bottom + PAGE_SIZE);
    }
    return STATUS_STACK_OVERFLOW;
}

NTSTATUS
MiResolveFault(PVOID Pointer, BOOLEAN Write, BOOLEAN Execute, KPROCESSOR_MODE Mode)
{
    ULONG64 Page = (ULONG64)Pointer & ~(ULONG64)(PAGE_SIZE - 1);
    PMI_SPACE Space = MI_SPACE_OF(PspCurrentProcess());
    PMI_AREA Area;
    UCHAR State;

    if (!ABI_IS_USER(Pointer) || Space == NULL) {
        return STATUS_ACCESS_VIOLATION;
    }
    Area = MiFindArea(Space, Page);
    if (Area == NULL || Area->Zombie) {
        return STATUS_ACCESS_VIOLATION;
    }
    State = MiState(Area, Page);
    if (!(State & MI_STATE_COMMITTED)) {
        return STATUS_ACCESS_VIOLATION;
    }
    if (MiControlOf(Area) != NULL) {
        return MiFileFault(Space, Page, Write, Execute);
    }
    if (State & MI_STATE_GUARD) {
        MiDisarm(Area, Page);
        return MiGrowStack(Space, Area, Page);
    }
    if (Write && MiWatchedWrite(Area, Page)) {
        return STATUS_SUCCESS;
    }
    return STATUS_ACCESS_VIOLATION;
}

/* The documented checks; the caller stands in a __try. */
VOID NTAPI
ProbeForRead(const VOID *Address, SIZE_T Length, ULONG Alignment)
{
    ULONG64 Start = (ULONG64)Address;

    if (Length == 0) {
        return;
    }
    if (Start & (Alignment - 1)) {
        ExRaiseDatatypeMisalignment();
    }
    if (Start + Length < Start || Start + Length > MmUserProbeAddress) {
        ExRaiseAccessViolation();
    }
}

VOID NTAPI
ProbeForWrite(PVOID Address, SIZE_T Length, ULONG Alignment)
{
    ULONG64 Start = (ULONG64)Address, End = Start + Length;

    if (Length == 0) {
        return;
    }
    if (Start & (Alignment - 1)) {
        ExRaiseDatatypeMisalignment();
    }
    if (End < Start || End > MmUserProbeAddress) {
        ExRaiseAccessViolation();
    }
    for (; Start < End; Start = (Start & ~(ULONG64)(PAGE_SIZE - 1)) + PAGE_SIZE) {
        *(volatile UCHAR *)Start = *(volatile UCHAR *)Start;
    }
}

/* The range stays as accessible as it is now until it is unsecured; who frees or protects it more
   strictly is refused. */
HANDLE NTAPI
MmSecureVirtualMemory(PVOID Address, SIZE_T Size, ULONG ProbeMode)
{
    ULONG64 Start = (ULONG64)Address, At;
    PMI_SPACE Space = MI_SPACE_OF(PspCurrentProcess());
    PMI_AREA Area;

    if (Space == NULL || !ABI_IS_USER(Address) || Size == 0) {
        return NULL;
    }
    KiAcquirePoint(SP_OBJECT, Address, NULL, KI_ALSO_READS(MI_STEPS_OF(PspCurrentProcess())));
    Area = MiFindArea(Space, Start);
    if (Area == NULL || Area->Zombie || Start + Size > Area->End) {
        return NULL;
    }
    for (At = Start & ~(ULONG64)(PAGE_SIZE - 1); At < Start + Size; At += PAGE_SIZE) {
        if (!MiAllows(MiState(Area, At), ProbeMode == PAGE_READWRITE, FALSE)) {
            return NULL;
        }
    }
    Area->Secured++;
    if (ProbeMode == PAGE_READWRITE || Area->SecuredProtection == 0) {
        Area->SecuredProtection = ProbeMode;
    }
    return (HANDLE)Area->Start;
}

VOID NTAPI
MmUnsecureVirtualMemory(HANDLE SecureHandle)
{
    PMI_SPACE Space = MI_SPACE_OF(PspCurrentProcess());
    PMI_AREA Area;

    if (Space == NULL) {
        return;
    }
    KiLooksAt(MI_STEPS_OF(PspCurrentProcess()));
    Area = MiFindArea(Space, (ULONG64)SecureHandle);
    if (Area != NULL && Area->Secured != 0 && --Area->Secured == 0) {
        Area->SecuredProtection = 0;
    }
}
