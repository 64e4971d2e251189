/*
 * lock.c - services about residence and caches. Every page is resident and every cache coherent: what
 * is left of them is the check of the range, and which pages are locked.
 *
 *   L1  A page that is locked is committed and can be read.
 */
#include "mi.h"

/* The first range that ends above an address, or where it would be. */
static PMI_LOCKED *
MiRangeAbove(PMI_LOCKED *At, ULONG64 Address)
{
    while (*At != NULL && (*At)->End <= Address) {
        At = &(*At)->Next;
    }
    return At;
}

static PMI_LOCKED *
MiPutRange(PMI_LOCKED *At, ULONG64 Start, ULONG64 End)
{
    PMI_LOCKED Range = ExpAllocate(sizeof(*Range), MI_TAG_SPACE);

    Range->Start = Start;
    Range->End = End;
    Range->Next = *At;
    *At = Range;
    return &Range->Next;
}

static PMI_LOCKED
MiTakeRange(PMI_LOCKED *At)
{
    PMI_LOCKED Range = *At;

    *At = Range->Next;
    return Range;
}

static BOOLEAN
MiAnyLocked(PMI_LOCKED *Ranges, ULONG64 Start, ULONG64 End)
{
    PMI_LOCKED Range = *MiRangeAbove(Ranges, Start);

    return Range != NULL && Range->Start < End;
}

static BOOLEAN
MiAllLocked(PMI_LOCKED *Ranges, ULONG64 Start, ULONG64 End)
{
    PMI_LOCKED Range = *MiRangeAbove(Ranges, Start);

    return Range != NULL && Range->Start <= Start && Range->End >= End;
}

static VOID
MiAddLocked(PMI_LOCKED *Ranges, ULONG64 Start, ULONG64 End)
{
    PMI_LOCKED *At = MiRangeAbove(Ranges, Start - 1);

    while (*At != NULL && (*At)->Start <= End) {
        PMI_LOCKED Range = MiTakeRange(At);

        Start = min(Start, Range->Start);
        End = max(End, Range->End);
        ExpFree(Range);
    }
    MiPutRange(At, Start, End);
}

static BOOLEAN
MiRemoveLocked(PMI_LOCKED *Ranges, ULONG64 Start, ULONG64 End)
{
    PMI_LOCKED *At = MiRangeAbove(Ranges, Start);
    BOOLEAN Any = FALSE;

    while (*At != NULL && (*At)->Start < End) {
        PMI_LOCKED Range = MiTakeRange(At);

        if (Range->Start < Start) {
            At = MiPutRange(At, Range->Start, Start);
        }
        if (Range->End > End) {
            At = MiPutRange(At, End, Range->End);
        }
        ExpFree(Range);
        Any = TRUE;
    }
    return Any;
}

BOOLEAN
MiForgetLocks(PMI_SPACE Space, ULONG64 Start, ULONG64 End)
{
    BOOLEAN Process = MiRemoveLocked(&Space->LockedRange[0], Start, End);
    BOOLEAN System = MiRemoveLocked(&Space->LockedRange[1], Start, End);

    return Process || System;
}

/* There is no count: what is locked twice is unlocked once. [LEARN: VirtualLock; MS-ERREF: STATUS_WAS_LOCKED] */
static NTSTATUS
MiLockPages(PMI_SPACE Space, ULONG64 Start, ULONG64 End, ULONG Kinds)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; i < RTL_NUMBER_OF(Space->LockedRange); i++) {
        if (Kinds >> i & 1) {
            if (MiAnyLocked(&Space->LockedRange[i], Start, End)) {
                Status = STATUS_WAS_LOCKED;
            }
            MiAddLocked(&Space->LockedRange[i], Start, End);
        }
    }
    return Status;
}

/* All of them, or none. [LEARN: VirtualUnlock] */
static NTSTATUS
MiUnlockPages(PMI_SPACE Space, ULONG64 Start, ULONG64 End, ULONG Kinds)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(Space->LockedRange); i++) {
        if ((Kinds >> i & 1) && !MiAllLocked(&Space->LockedRange[i], Start, End)) {
            return STATUS_NOT_LOCKED;
        }
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Space->LockedRange); i++) {
        if (Kinds >> i & 1) {
            MiRemoveLocked(&Space->LockedRange[i], Start, End);
        }
    }
    return STATUS_SUCCESS;
}

/* A page that is to be locked is touched: a guard page goes off, which can pass schedule points. */
static NTSTATUS
MiReachPages(PEPROCESS Process, ULONG64 Start, ULONG64 End, BOOLEAN Touch, KPROCESSOR_MODE Mode)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG64 At = Start; At < End && NT_SUCCESS(Status); At += PAGE_SIZE) {
        PMI_SPACE Space = MiLiveSpace(Process);
        PMI_AREA Area = Space != NULL ? MiFindArea(Space, At) : NULL;

        if (Area == NULL || Area->Zombie) {
            Status = STATUS_ACCESS_VIOLATION;
        } else if (!MiAllows(MiState(Area, At), FALSE, FALSE)) {
            Status = Touch && Process == PspCurrentProcess()
                         ? MiResolveFault((PVOID)At, FALSE, FALSE, Mode)
                         : STATUS_ACCESS_VIOLATION;
        }
    }
    return Status;
}

static NTSTATUS
MiLockRange(PEPROCESS Process, ULONG64 Start, ULONG64 End, ULONG Kinds, BOOLEAN Lock,
            KPROCESSOR_MODE Mode)
{
    NTSTATUS Status = STATUS_SUCCESS;

    KiSchedulePoint(SP_OBJECT, MI_STEPS_OF(Process));
    if (Lock) {
        Status = MiReachPages(Process, Start, End, TRUE, Mode);
    }
    if (NT_SUCCESS(Status)) {
        Status = MiReachPages(Process, Start, End, FALSE, Mode);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return Lock ? MiLockPages(MI_SPACE_OF(Process), Start, End, Kinds)
                : MiUnlockPages(MI_SPACE_OF(Process), Start, End, Kinds);
}

static NTSTATUS
MiChangeLocks(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG Kinds,
              BOOLEAN Lock)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Process;
    ULONG64 Start, End;
    NTSTATUS Status;
    PVOID Base;
    SIZE_T Size;

    if ((Kinds & ~3u) || Kinds == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = MiReadRange(BaseAddress, RegionSize, Mode, &Base, &Size);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if ((ULONG64)Base > (ULONG64)MmHighestUserAddress || Size == 0 ||
        Size > (ULONG64)MmHighestUserAddress + 1 - (ULONG64)Base) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessTypeP, Mode,
                                       (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Start = (ULONG64)Base & ~(ULONG64)(PAGE_SIZE - 1);
    End = ((ULONG64)Base + Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    Status = MiLockRange(Process, Start, End, Kinds, Lock, Mode);
    ObDereferenceObject(Process);
    return MiWriteRange(Status, BaseAddress, RegionSize, (PVOID)Start, End - Start);
}

NTSTATUS NTAPI
NtLockVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG MapType)
{
    return MiChangeLocks(ProcessHandle, BaseAddress, RegionSize, MapType, TRUE);
}

NTSTATUS NTAPI
NtUnlockVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG MapType)
{
    return MiChangeLocks(ProcessHandle, BaseAddress, RegionSize, MapType, FALSE);
}

NTSTATUS NTAPI
NtFlushInstructionCache(HANDLE ProcessHandle, PVOID BaseAddress, SIZE_T Length)
{
    PEPROCESS Process;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_WRITE, PsProcessTypeP,
                                       KiPreviousMode(), (PVOID *)&Process, NULL);
    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(Process);
    }
    return Status;
}

/* What a view of a file has dirtied is written, from the page of the base address on. */
static NTSTATUS
MiFlushView(PEPROCESS Process, ULONG64 Start, SIZE_T Size, PULONG64 Written)
{
    IO_STATUS_BLOCK Iosb = {};
    PFILE_OBJECT FileObject;
    LARGE_INTEGER Offset;
    PMI_CONTROL Control;
    PMI_SPACE Space;
    PMI_AREA Area;
    ULONG64 End;

    *Written = 0;
    KiLooksAt(MI_STEPS_OF(Process));
    Space = MiLiveSpace(Process);
    Area = Space != NULL ? MiFindArea(Space, Start) : NULL;
    if (Area == NULL || Area->Type != MEM_MAPPED) {
        return STATUS_NOT_MAPPED_DATA;
    }
    Control = MiControlOf(Area);
    if (Control == NULL) {
        return STATUS_SUCCESS;
    }
    End = Size == 0 ? Area->End : (Start + Size + PAGE_SIZE - 1) & ~(ULONG64)(PAGE_SIZE - 1);
    Start &= ~(ULONG64)(PAGE_SIZE - 1);
    End = min(End, Area->End);
    Offset.QuadPart = (LONGLONG)(Area->Offset + (Start - Area->Start));
    FileObject = Control->FileObject; /* the view may go meanwhile */
    ObpAddReference(FileObject);
    CcFlushCache(Control->Pointers, &Offset, (ULONG)(End - Start), &Iosb);
    ObDereferenceObject(FileObject);
    *Written = Iosb.Information;
    return Iosb.Status;
}

NTSTATUS NTAPI
NtFlushVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize,
                     PIO_STATUS_BLOCK Iosb)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Process;
    ULONG64 Written;
    NTSTATUS Status;
    SIZE_T Size;
    PVOID Base;

    Status = MiReadRange(BaseAddress, RegionSize, Mode, &Base, &Size);
    if (NT_SUCCESS(Status)) {
        Status = ExpProbe(Iosb, sizeof(*Iosb), sizeof(PVOID), TRUE, Mode);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_VM_OPERATION, PsProcessTypeP, Mode,
                                       (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiFlushView(Process, (ULONG64)Base, Size, &Written);
    ObDereferenceObject(Process);
    if (NT_SUCCESS(Status)) {
        __try {
            Iosb->Status = Status;
            Iosb->Information = Written;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}
