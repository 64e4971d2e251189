/*
 * lock.c - services about residence and caches. Every page is resident and every cache coherent: what
 * is left of them is the check of the range.
 */
#include "mi.h"

static NTSTATUS
MiCheckRange(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG Option,
             BOOLEAN Touch)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    ULONG64 Start, End, At;
    PEPROCESS Process;
    PMI_SPACE Space;
    NTSTATUS Status;
    PMI_AREA Area;
    PVOID Base;
    SIZE_T Size;

    if ((Option & ~3u) || Option == 0) {
        return STATUS_INVALID_PARAMETER;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(BaseAddress, sizeof(PVOID), sizeof(PVOID));
            ProbeForWrite(RegionSize, sizeof(SIZE_T), sizeof(SIZE_T));
        }
        Base = *BaseAddress;
        Size = *RegionSize;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
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
    Space = MI_SPACE_OF(Process);
    for (At = Start; At < End && NT_SUCCESS(Status); At += PAGE_SIZE) {
        Area = Space != NULL ? MiFindArea(Space, At) : NULL;
        if (Area == NULL || !MiAllows(MiState(Area, At), FALSE, FALSE)) {
            /* A page that is locked is touched: a guard page goes off. */
            Status = Touch && Area != NULL && Process == PspCurrentProcess()
                         ? MiResolveFault((PVOID)At, FALSE, FALSE, Mode)
                         : STATUS_ACCESS_VIOLATION;
        }
    }
    ObDereferenceObject(Process);
    if (NT_SUCCESS(Status)) {
        __try {
            *BaseAddress = (PVOID)Start;
            *RegionSize = End - Start;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

NTSTATUS NTAPI
NtLockVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG MapType)
{
    return MiCheckRange(ProcessHandle, BaseAddress, RegionSize, MapType, TRUE);
}

NTSTATUS NTAPI
NtUnlockVirtualMemory(HANDLE ProcessHandle, PVOID *BaseAddress, PSIZE_T RegionSize, ULONG MapType)
{
    return MiCheckRange(ProcessHandle, BaseAddress, RegionSize, MapType, FALSE);
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

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(BaseAddress, sizeof(PVOID), sizeof(PVOID));
            ProbeForWrite(RegionSize, sizeof(SIZE_T), sizeof(SIZE_T));
            ProbeForWrite(Iosb, sizeof(*Iosb), sizeof(PVOID));
        }
        Size = *RegionSize;
        Base = *BaseAddress;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
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
