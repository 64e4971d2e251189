/*
 * capture.c - what a caller of Mode hands in and gets out. Memory of user mode is read once, into memory of ours, and
 * written last; kernel mode's is believed.
 */
#include "cmp.h"

NTSTATUS
CmpCaptureString(PUNICODE_STRING Source, KPROCESSOR_MODE Mode, PUNICODE_STRING Captured)
{
    NTSTATUS Status = STATUS_SUCCESS;
    UNICODE_STRING Local = {0};

    RtlZeroMemory(Captured, sizeof(*Captured));
    if (Source == NULL) {
        return STATUS_SUCCESS;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Source, sizeof(*Source), 8);
        }
        Local = *Source;
        if ((Local.Length & 1) != 0) {
            Status = STATUS_INVALID_PARAMETER;
        } else if (Local.Length != 0) {
            if (Mode != KernelMode) {
                ProbeForRead(Local.Buffer, Local.Length, sizeof(WCHAR));
            }
            Captured->Buffer = ExpAllocate(Local.Length + sizeof(WCHAR), CMP_TAG_TEMP);
            Captured->Length = Local.Length;
            Captured->MaximumLength = Local.Length + sizeof(WCHAR);
            RtlCopyMemory(Captured->Buffer, Local.Buffer, Local.Length);
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    if (!NT_SUCCESS(Status)) {
        CmpFreeString(Captured);
    }
    return Status;
}

VOID
CmpFreeString(PUNICODE_STRING Captured)
{
    if (Captured->Buffer != NULL) {
        ExpFree(Captured->Buffer);
        Captured->Buffer = NULL;
    }
}

NTSTATUS
CmpCaptureBytes(const VOID *Source, ULONG Length, KPROCESSOR_MODE Mode, PVOID *Captured)
{
    NTSTATUS Status = STATUS_SUCCESS;
    PVOID Copy = NULL;

    *Captured = NULL;
    if (Length == 0) {
        return STATUS_SUCCESS;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead((PVOID)Source, Length, 1);
        }
        Copy = ExAllocatePoolWithTag(PagedPool, Length, CMP_TAG_TEMP);
        *Captured = Copy;
        if (Copy == NULL) {
            Status = STATUS_INSUFFICIENT_RESOURCES;
        } else {
            RtlCopyMemory(Copy, Source, Length);
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    if (!NT_SUCCESS(Status) && *Captured != NULL) {
        ExFreePool(*Captured);
        *Captured = NULL;
    }
    return Status;
}

NTSTATUS
CmpDeliver(const VOID *Answer, ULONG Needed, ULONG Fixed, PVOID Buffer, ULONG Length,
           PULONG ResultLength, KPROCESSOR_MODE Mode)
{
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(ResultLength, sizeof(ULONG), sizeof(ULONG));
        }
        *ResultLength = Needed;
        if (Length < Fixed) {
            Status = STATUS_BUFFER_TOO_SMALL;
        } else {
            if (Mode != KernelMode) {
                ProbeForWrite(Buffer, min(Length, Needed), sizeof(ULONG));
            }
            RtlCopyMemory(Buffer, Answer, min(Length, Needed));
            Status = Length < Needed ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
        }
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    return Status;
}
