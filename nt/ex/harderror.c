/*
 * harderror.c - what a user-mode component could not go on with: a DLL that is not found, an entry point that is missing.
 *
 * Windows shows a box; here a line goes to ntlab's own output. One case ends the run: ntdll's loader reports an import
 * that an image of the box does not export, when it is called, as STATUS_ENTRYPOINT_NOT_FOUND with three parameters: the
 * export's name, the image's name, the caller. That is something ntlab does not implement, and is said so.
 */
#include "nt/inc/ke.h"
#include "nt/inc/ps.h"

PCHAR NTAPI PsGetProcessImageFileName(PEPROCESS Process);
int __cdecl _snprintf(char *Buffer, size_t Count, const char *Format, ...);

#define EXP_HARD_ERROR_PARAMETERS 5
#define EXP_RESPONSE_RETURN       6 /* ResponseReturnToCaller */

typedef struct _EXP_HARD_ERROR {
    ULONG_PTR Value[EXP_HARD_ERROR_PARAMETERS];
    char Text[EXP_HARD_ERROR_PARAMETERS][96];
} EXP_HARD_ERROR;

/* The strings are the caller's: any of it may fault. */
static NTSTATUS ExpCaptureHardError(EXP_HARD_ERROR *Error, ULONG Count, ULONG UnicodeMask, PULONG_PTR Parameters)
{
    KPROCESSOR_MODE Mode = ExGetPreviousMode();
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Index, At;

    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Parameters, Count * sizeof(ULONG_PTR), sizeof(ULONG_PTR));
        }
        for (Index = 0; Index < Count; Index++) {
            UNICODE_STRING String;

            Error->Value[Index] = Parameters[Index];
            if ((UnicodeMask & (1u << Index)) == 0) {
                continue;
            }
            if (Mode != KernelMode) {
                ProbeForRead((PVOID)Error->Value[Index], sizeof(String), sizeof(ULONG_PTR));
            }
            String = *(PUNICODE_STRING)Error->Value[Index];
            if (Mode != KernelMode) {
                ProbeForRead(String.Buffer, String.Length, sizeof(WCHAR));
            }
            for (At = 0; At < String.Length / sizeof(WCHAR) && At + 1 < sizeof(Error->Text[0]); At++) {
                WCHAR Unit = String.Buffer[At];

                Error->Text[Index][At] = Unit >= 0x20 && Unit < 0x7F ? (char)Unit : '?';
            }
            Error->Text[Index][At] = 0;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

NTSTATUS NTAPI NtRaiseHardError(NTSTATUS ErrorStatus, ULONG Count, ULONG UnicodeMask, PULONG_PTR Parameters,
                                ULONG ValidResponseOptions, PULONG Response)
{
    PCSTR Process = PsGetProcessImageFileName(PspCurrentProcess());
    EXP_HARD_ERROR Error;
    char What[200];
    NTSTATUS Status;
    ULONG Index;

    if (Count > EXP_HARD_ERROR_PARAMETERS) {
        return STATUS_INVALID_PARAMETER_2;
    }
    RtlZeroMemory(&Error, sizeof(Error));
    Status = ExpCaptureHardError(&Error, Count, UnicodeMask, Parameters);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ErrorStatus == STATUS_ENTRYPOINT_NOT_FOUND && Count == 3) {
        _snprintf(What, sizeof(What), "%s!%s", Error.Text[1], Error.Text[0]);
        KiNotYet(What, (PVOID)Error.Value[2]);
    }
    DbgPrint("%s: error 0x%08X", Process, ErrorStatus);
    for (Index = 0; Index < Count; Index++) {
        if ((UnicodeMask & (1u << Index)) != 0) {
            DbgPrint("%s%s", Index == 0 ? ": " : ", ", Error.Text[Index]);
        }
    }
    DbgPrint("\n");
    Status = STATUS_SUCCESS;
    __try {
        if (ExGetPreviousMode() != KernelMode) {
            ProbeForWrite(Response, sizeof(*Response), sizeof(ULONG));
        }
        *Response = EXP_RESPONSE_RETURN;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}
