/*
 * copy.c - memory of other processes.
 *
 * Slices are disjoint and an alias of every user page is always there, so a copy needs no attaching:
 * it looks at the other process's areas and goes through the alias. The caller's own buffer is touched
 * directly, under __try.
 */
#include "nt/inc/life.h"
#include "mi.h"

/* How many bytes from Address may be read (or written) in one piece: within a page. 0: none. */
static SIZE_T
MiPiece(PMI_SPACE Space, ULONG64 Address, SIZE_T Size, BOOLEAN Write, PULONG64 Memory)
{
    PMI_AREA Area = MiFindArea(Space, Address);
    SIZE_T Piece = PAGE_SIZE - (Address & (PAGE_SIZE - 1));

    if (Area == NULL || Area->Zombie || !MiAllows(MiState(Area, Address), Write, FALSE)) {
        return 0;
    }
    if (MiControlOf(Area) != NULL) {
        if (MiTouchFileView(Space, Address, Write) != STATUS_SUCCESS ||
            (Area = MiFindArea(Space, Address)) == NULL || MiControlOf(Area) == NULL) {
            return 0;
        }
        *Memory = ABI_ALIAS(MiFileViewBacking(Area, Address));
        return Piece < Size ? Piece : Size;
    }
    if (Write) {
        (void)MiWatchedWrite(Area, Address & ~(ULONG64)(PAGE_SIZE - 1));
    }
    *Memory = ABI_ALIAS(Area->Backing ? Area->Backing + (Address - Area->Start) : Address);
    return Piece < Size ? Piece : Size;
}

/*
 * Copies between the current process's buffer and Process's Address. Returns what was copied; a short
 * count is STATUS_PARTIAL_COPY. A fault on the buffer is the buffer's owner's status.
 */
NTSTATUS
MiCopyOther(PEPROCESS Process, ULONG64 Address, PVOID Buffer, SIZE_T Size, BOOLEAN Write,
            PSIZE_T Copied)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG64 Memory;
    SIZE_T Piece;

    *Copied = 0;
    while (*Copied < Size) {
        PMI_SPACE Space = MiLiveSpace(Process); /* to copy may wait */

        Piece =
            Space == NULL ? 0 : MiPiece(Space, Address + *Copied, Size - *Copied, Write, &Memory);
        if (Piece == 0) {
            return STATUS_PARTIAL_COPY;
        }
        __try {
            if (Write) {
                RtlCopyMemory((PVOID)Memory, (PUCHAR)Buffer + *Copied, Piece);
            } else {
                RtlCopyMemory((PUCHAR)Buffer + *Copied, (PVOID)Memory, Piece);
            }
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
        if (!NT_SUCCESS(Status)) {
            return *Copied ? STATUS_PARTIAL_COPY : Status;
        }
        *Copied += Piece;
    }
    return STATUS_SUCCESS;
}

#define MI_COPY_PIECE 0x10000 /* what is read before any of it is written */

/* Into another process: of a piece that cannot be read whole, nothing is written. */
static NTSTATUS
MiCopyInto(PEPROCESS Process, ULONG64 Address, PUCHAR Buffer, SIZE_T Size, PSIZE_T Copied)
{
    NTSTATUS Status = STATUS_SUCCESS;
    SIZE_T Piece, Part;

    for (*Copied = 0; NT_SUCCESS(Status) && *Copied < Size; *Copied += Part) {
        Piece = min(Size - *Copied, MI_COPY_PIECE);
        Part = 0;
        __try {
            for (SIZE_T Offset = 0; Offset < Piece; Offset += PAGE_SIZE) {
                *(volatile UCHAR *)(Buffer + *Copied + Offset);
            }
            *(volatile UCHAR *)(Buffer + *Copied + Piece - 1);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = *Copied != 0 ? STATUS_PARTIAL_COPY : GetExceptionCode();
        }
        if (NT_SUCCESS(Status)) {
            Status = MiCopyOther(Process, Address + *Copied, Buffer + *Copied, Piece, TRUE, &Part);
        }
    }
    return Status;
}

static NTSTATUS
MiCopyService(HANDLE ProcessHandle, PVOID Base, PVOID Buffer, SIZE_T Size, PSIZE_T Done,
              BOOLEAN Write)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    SIZE_T Copied = 0;
    PEPROCESS Process;
    NTSTATUS Status;

    __try {
        if (Mode != KernelMode) {
            if ((ULONG64)Base + Size < (ULONG64)Base || (ULONG64)Buffer + Size < (ULONG64)Buffer ||
                (ULONG64)Base + Size > (ULONG64)MmHighestUserAddress ||
                (ULONG64)Buffer + Size > (ULONG64)MmHighestUserAddress) {
                return STATUS_ACCESS_VIOLATION;
            }
            if (Done != NULL) {
                ProbeForWrite(Done, sizeof(SIZE_T), sizeof(SIZE_T));
            }
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Status = STATUS_SUCCESS;
    if (Size != 0) {
        Status =
            ObReferenceObjectByHandle(ProcessHandle, Write ? PROCESS_VM_WRITE : PROCESS_VM_READ,
                                      PsProcessTypeP, Mode, (PVOID *)&Process, NULL);
        if (NT_SUCCESS(Status)) {
            KiSchedulePoint(SP_OBJECT, MI_STEPS_OF(Process));
            Status = Write ? MiCopyInto(Process, (ULONG64)Base, Buffer, Size, &Copied)
                           : MiCopyOther(Process, (ULONG64)Base, Buffer, Size, FALSE, &Copied);
            ObDereferenceObject(Process);
        }
    }
    __try {
        if (Done != NULL) {
            *Done = Copied;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

NTSTATUS NTAPI
NtReadVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T Size,
                    PSIZE_T Read)
{
    return MiCopyService(ProcessHandle, BaseAddress, Buffer, Size, Read, FALSE);
}

NTSTATUS NTAPI
NtWriteVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress, PVOID Buffer, SIZE_T Size,
                     PSIZE_T Written)
{
    return MiCopyService(ProcessHandle, BaseAddress, Buffer, Size, Written, TRUE);
}

/* Undocumented but exported, and used: one side is the current process, or both are the same. */
NTSTATUS NTAPI
MmCopyVirtualMemory(PEPROCESS From, PVOID FromAddress, PEPROCESS To, PVOID ToAddress, SIZE_T Size,
                    KPROCESSOR_MODE Mode, PSIZE_T Copied)
{
    KAPC_STATE ApcState;
    NTSTATUS Status;

    *Copied = 0;
    if (Size == 0) {
        return STATUS_SUCCESS;
    }
    if (Mode != KernelMode && ((ULONG64)FromAddress + Size > (ULONG64)MmHighestUserAddress ||
                               (ULONG64)ToAddress + Size > (ULONG64)MmHighestUserAddress)) {
        return STATUS_ACCESS_VIOLATION;
    }
    KiAcquirePoint(SP_OBJECT, MI_STEPS_OF(From), NULL, KI_ALSO_READS(MI_STEPS_OF(To)));
    if (!ABI_IS_USER(FromAddress)) { /* from the kernel's memory into To */
        return ABI_IS_USER(ToAddress)
                   ? MiCopyOther(To, (ULONG64)ToAddress, FromAddress, Size, TRUE, Copied)
                   : STATUS_ACCESS_VIOLATION;
    }
    if (!ABI_IS_USER(ToAddress)) {
        return MiCopyOther(From, (ULONG64)FromAddress, ToAddress, Size, FALSE, Copied);
    }
    KeStackAttachProcess((PKPROCESS)To, &ApcState);
    Status = MiCopyOther(From, (ULONG64)FromAddress, ToAddress, Size, FALSE, Copied);
    KeUnstackDetachProcess(&ApcState);
    return Status;
}

#define MM_COPY_MEMORY_PHYSICAL 0x1
#define MM_COPY_MEMORY_VIRTUAL  0x2

typedef struct _MM_COPY_ADDRESS_ {
    union {
        PVOID VirtualAddress;
        PHYSICAL_ADDRESS PhysicalAddress;
    };
} MM_COPY_ADDRESS_;

/* 8.1: reads what may be unreadable, without raising. The target is nonpaged. */
NTSTATUS NTAPI
MmCopyMemory(PVOID Target, MM_COPY_ADDRESS_ Source, SIZE_T Bytes, ULONG Flags, PSIZE_T Transferred)
{
    ULONG64 Address = (ULONG64)Source.VirtualAddress, Memory;
    SIZE_T Piece;

    *Transferred = 0;
    if (Flags != MM_COPY_MEMORY_PHYSICAL && Flags != MM_COPY_MEMORY_VIRTUAL) {
        return STATUS_INVALID_PARAMETER_4;
    }
    while (*Transferred < Bytes) {
        Piece = PAGE_SIZE - (Address & (PAGE_SIZE - 1));
        Piece = min(Piece, Bytes - *Transferred);
        if (Flags == MM_COPY_MEMORY_PHYSICAL) { /* a physical address is a guest address */
            Memory = HcPage(Address & ~(ULONG64)(PAGE_SIZE - 1)) & ABI_COMMITTED ? Address : 0;
        } else {
            Memory = MiQueryPage((PVOID)Address) & MI_PAGE_PRESENT ? MiBacking(Address) : 0;
        }
        if (Memory == 0) {
            return *Transferred ? STATUS_PARTIAL_COPY : STATUS_INVALID_ADDRESS;
        }
        RtlCopyMemory((PUCHAR)Target + *Transferred, (PVOID)ABI_ALIAS(Memory), Piece);
        *Transferred += Piece;
        Address += Piece;
    }
    return STATUS_SUCCESS;
}
