/*
 * watch.c - write watches: which pages of an allocation have been written.
 *
 * Pages of an area that is `Watched` stay closed for writing until the first write, whoever's it is: user code's, the
 * kernel's, a device's by an MDL. MI_STATE_PRIVATE says of such a page that it has been written. A page that is decommitted
 * forgets that; a change of protection leaves it.
 *
 * Sources: VirtualAlloc (MEM_WRITE_WATCH), GetWriteWatch, ResetWriteWatch in Microsoft's documentation.
 */
#include "mi.h"

#define WRITE_WATCH_FLAG_RESET 1 /* winnt.h */

ULONG
MiHostOf(PMI_AREA Area, UCHAR State)
{
    ULONG Host = MiHostProtection(State);

    return Area->Watched && !(State & MI_STATE_PRIVATE) ? Host & ~(ULONG)ABI_PROT_WRITE : Host;
}

/* The pages' protection was set without asking what has been written. */
VOID
MiWatchPages(PMI_AREA Area, ULONG64 Start, ULONG64 End)
{
    for (; Start < End; Start += PAGE_SIZE) {
        HcProtect(Start, PAGE_SIZE, MiHostOf(Area, MiState(Area, Start)));
    }
}

/* Somebody is about to write; FALSE: that is not for us to allow. */
BOOLEAN
MiWatchedWrite(PMI_AREA Area, ULONG64 Page)
{
    UCHAR State = MiState(Area, Page);

    if (!Area->Watched || (State & MI_STATE_PRIVATE) || !MiAllows(State, TRUE, FALSE)) {
        return FALSE;
    }
    *MiStatePointer(Area, Page) |= MI_STATE_PRIVATE;
    HcProtect(Page, PAGE_SIZE, MiHostProtection(State));
    return TRUE;
}

static VOID
MiForgetWrite(PMI_AREA Area, ULONG64 Page)
{
    *MiStatePointer(Area, Page) &= ~MI_STATE_PRIVATE;
    HcProtect(Page, PAGE_SIZE, MiHostOf(Area, MiState(Area, Page)));
}

/* The watched area with all of the range in it. */
static PMI_AREA
MiWatchedArea(PEPROCESS Process, PVOID Base, SIZE_T Size)
{
    ULONG64 Start = (ULONG64)Base;
    PMI_SPACE Space = MI_SPACE_OF(Process);
    PMI_AREA Area = Space != NULL ? MiFindArea(Space, Start) : NULL;

    if (Area == NULL || Area->Zombie || !Area->Watched || Size == 0 || Size > Area->End - Start) {
        return NULL;
    }
    return Area;
}

static BOOLEAN
MiIsWritten(PMI_AREA Area, ULONG64 Page)
{
    const UCHAR Both = MI_STATE_COMMITTED | MI_STATE_PRIVATE;

    return (MiState(Area, Page) & Both) == Both;
}

/* Stores at most Room addresses, which were probed; what is stored can be reset with it. */
static NTSTATUS
MiReportWrites(PMI_AREA Area, ULONG64 Start, ULONG64 End, PVOID *Addresses, ULONG_PTR Room,
               PULONG_PTR Count, BOOLEAN Reset)
{
    ULONG_PTR Found = 0;

    __try {
        for (ULONG64 Page = Start; Page < End && Found < Room; Page += PAGE_SIZE) {
            if (MiIsWritten(Area, Page)) {
                Addresses[Found++] = (PVOID)Page;
            }
        }
        *Count = Found;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    for (ULONG64 Page = Start; Reset && Page < End && Found > 0; Page += PAGE_SIZE) {
        if (MiIsWritten(Area, Page)) {
            MiForgetWrite(Area, Page);
            Found--;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtGetWriteWatch(HANDLE ProcessHandle, ULONG Flags, PVOID BaseAddress, SIZE_T RegionSize,
                PVOID *UserAddressArray, PULONG_PTR EntriesInUserAddressArray, PULONG Granularity)
{
    ULONG64 Start = (ULONG64)BaseAddress & ~(ULONG64)(PAGE_SIZE - 1);
    ULONG64 End = (ULONG64)BaseAddress + RegionSize;
    KPROCESSOR_MODE Mode = KiPreviousMode();
    ULONG_PTR Room;
    PEPROCESS Process;
    PMI_AREA Area;
    NTSTATUS Status;

    if ((Flags & ~(ULONG)WRITE_WATCH_FLAG_RESET) != 0) {
        return STATUS_INVALID_PARAMETER_2;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(EntriesInUserAddressArray, sizeof(ULONG_PTR), sizeof(ULONG_PTR));
            ProbeForWrite(Granularity, sizeof(ULONG), sizeof(ULONG));
        }
        Room = *(volatile ULONG_PTR *)EntriesInUserAddressArray;
        if (Room > (ULONG64)MmHighestUserAddress / sizeof(PVOID)) {
            return STATUS_INVALID_PARAMETER_6;
        }
        if (Mode != KernelMode) {
            ProbeForWrite(UserAddressArray, Room * sizeof(PVOID), sizeof(PVOID));
        }
        *Granularity = PAGE_SIZE;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (Room == 0) {
        return STATUS_INVALID_PARAMETER_6;
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessTypeP, Mode,
                                       (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, MI_STEPS_OF(Process));
    Area = MiWatchedArea(Process, BaseAddress, RegionSize);
    Status = Area != NULL ? MiReportWrites(Area, Start, End, UserAddressArray, Room,
                                           EntriesInUserAddressArray, Flags != 0)
                          : STATUS_INVALID_PARAMETER_3;
    ObDereferenceObject(Process);
    return Status;
}

NTSTATUS NTAPI
NtResetWriteWatch(HANDLE ProcessHandle, PVOID BaseAddress, SIZE_T RegionSize)
{
    ULONG64 Page = (ULONG64)BaseAddress & ~(ULONG64)(PAGE_SIZE - 1);
    ULONG64 End = (ULONG64)BaseAddress + RegionSize;
    PEPROCESS Process;
    PMI_AREA Area;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessTypeP,
                                       KiPreviousMode(), (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, MI_STEPS_OF(Process));
    Area = MiWatchedArea(Process, BaseAddress, RegionSize);
    for (; Area != NULL && Page < End; Page += PAGE_SIZE) {
        if (MiIsWritten(Area, Page)) {
            MiForgetWrite(Area, Page);
        }
    }
    ObDereferenceObject(Process);
    return Area != NULL ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER_2;
}
