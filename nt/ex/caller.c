/*
 * caller.c - memory that the caller of a service names: a bad address of user mode is a status, one of the kernel's own a fault.
 */
#include "exp.h"

#define IF_USER(Mode) ((Mode) != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH)

NTSTATUS
ExpProbe(PVOID Address, SIZE_T Bytes, ULONG Alignment, BOOLEAN Write, KPROCESSOR_MODE Mode)
{
    if (Mode == KernelMode) {
        return STATUS_SUCCESS;
    }
    __try {
        if (Write) {
            ProbeForWrite(Address, Bytes, Alignment);
        } else {
            ProbeForRead(Address, Bytes, Alignment);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS
ExpProbeHandle(PHANDLE Out, KPROCESSOR_MODE Mode)
{
    return ExpProbe(Out, sizeof(*Out), 1, TRUE, Mode);
}

NTSTATUS
ExpProbeResult(PVOID Out, ULONG Bytes, KPROCESSOR_MODE Mode)
{
    return Out == NULL ? STATUS_SUCCESS : ExpProbe(Out, Bytes, Bytes, TRUE, Mode);
}

NTSTATUS
ExpStoreHandle(PHANDLE Out, HANDLE Handle, KPROCESSOR_MODE Mode)
{
    __try {
        *Out = Handle;
    } __except (IF_USER(Mode)) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS
ExpStoreLong(PVOID Out, LONG Value, KPROCESSOR_MODE Mode)
{
    return Out == NULL ? STATUS_SUCCESS : ExpCopyOut(Out, &Value, sizeof(Value), Mode);
}

NTSTATUS
ExpCopyOut(PVOID To, const VOID *From, SIZE_T Bytes, KPROCESSOR_MODE Mode)
{
    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(To, Bytes, 1);
        }
        RtlCopyMemory(To, From, Bytes);
    } __except (IF_USER(Mode)) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

NTSTATUS
ExpCopyIn(PVOID To, const VOID *From, SIZE_T Bytes, KPROCESSOR_MODE Mode)
{
    __try {
        if (Mode != KernelMode) {
            ProbeForRead((PVOID)From, Bytes, 1);
        }
        RtlCopyMemory(To, From, Bytes);
    } __except (IF_USER(Mode)) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}
