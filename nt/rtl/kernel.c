/*
 * kernel.c - the kernel's side of the shim in rtlp.h: images, stacks, memory, the last stop.
 */
#include "nt/inc/ke.h"
#include "nt/rtl/rtlp.h"

#define RTLP_TAG 'grtS' /* as on Windows: "Strg" */

PVOID
RtlpLookupImage(ULONG64 ControlPc, PULONG64 ImageBase)
{
    ULONG Size;
    PVOID Base = KiLookupImage(ControlPc, &Size);

    *ImageBase = (ULONG64)Base;
    return Base;
}

/*
 * A thread's stack is what its KTHREAD says. The others (DPC, double fault, those of
 * KeExpandKernelStackAndCallout) fill a slot of their own; its guards bound them.
 */
VOID
RtlpGetStackLimits(PULONG_PTR Low, PULONG_PTR High)
{
    ULONG_PTR Here = (ULONG_PTR)__builtin_frame_address(0);
    PKTHREAD Thread = KiThread();

    if (Thread != NULL && Here >= (ULONG_PTR)Thread->StackLimit &&
        Here < (ULONG_PTR)Thread->StackBase) {
        *Low = (ULONG_PTR)Thread->StackLimit;
        *High = (ULONG_PTR)Thread->StackBase;
    } else {
        *Low = Here & ~(ABI_STACK_SLOT - 1);
        *High = *Low + ABI_STACK_SLOT;
    }
}

VOID
RtlpFirstChance(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT ContextRecord)
{
}

DECLSPEC_NORETURN VOID
RtlpUnhandledException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT ContextRecord)
{
    KiRaiseException(ExceptionRecord, ContextRecord, FALSE);
    KeBugCheckEx(KMODE_EXCEPTION_NOT_HANDLED, (ULONG_PTR)ExceptionRecord->ExceptionCode,
                 (ULONG_PTR)ExceptionRecord->ExceptionAddress, 0, 0);
}

PVOID
RtlpAllocate(SIZE_T Size)
{
    return ExAllocatePoolWithTag(PagedPool, Size, RTLP_TAG);
}

VOID
RtlpFree(PVOID Memory)
{
    ExFreePoolWithTag(Memory, 0);
}

DECLSPEC_NORETURN VOID
RtlpRaiseStatus(NTSTATUS Status)
{
    RtlRaiseStatus(Status);
}

/* [DDI:ntifs/rtlsuffixunicodestring] */
BOOLEAN NTAPI
RtlSuffixUnicodeString(PCUNICODE_STRING String1, PCUNICODE_STRING String2, BOOLEAN CaseInSensitive)
{
    UNICODE_STRING Tail = {String1->Length, String1->Length, NULL};

    if (String1->Length > String2->Length) {
        return FALSE;
    }
    Tail.Buffer = String2->Buffer + (String2->Length - String1->Length) / sizeof(WCHAR);
    return RtlEqualUnicodeString(String1, &Tail, CaseInSensitive);
}

VOID NTAPI
RtlCopyLuid(PLUID DestinationLuid, PLUID SourceLuid)
{
    *DestinationLuid = *SourceLuid;
}

#undef RtlEqualLuid
BOOLEAN NTAPI
RtlEqualLuid(PLUID Luid1, PLUID Luid2)
{
    return Luid1->LowPart == Luid2->LowPart && Luid1->HighPart == Luid2->HighPart;
}
