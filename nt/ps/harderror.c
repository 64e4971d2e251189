/*
 * harderror.c - what would be a dialog box: the run prints it, and the answer is OK.
 */
#include "nt/ps/psp.h"

#define PSP_MAX_PARAMETERS 5

/* Reads a UNICODE_STRING parameter into narrow text; anything unreadable becomes "?". */
static VOID
PspReadErrorString(ULONG_PTR Parameter, char *Text, ULONG Room)
{
    PUNICODE_STRING String = (PUNICODE_STRING)Parameter;
    UNICODE_STRING Copy;
    ULONG i;

    __try {
        if (KiPreviousMode() != KernelMode) {
            ProbeForRead(String, sizeof(*String), 8);
            ProbeForRead(String->Buffer, String->Length, 2);
        }
        Copy = *String;
        for (i = 0; i < Copy.Length / sizeof(WCHAR) && i < Room - 1; i++) {
            Text[i] = Copy.Buffer[i] < 0x80 ? (char)Copy.Buffer[i] : '?';
        }
        Text[i] = 0;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Text[0] = '?';
        Text[1] = 0;
    }
}

static const char *
PspErrorSentence(NTSTATUS Status)
{
    switch (Status) {
    case STATUS_ENTRYPOINT_NOT_FOUND:
        return "the entry point %s could not be located in %s";
    case STATUS_ORDINAL_NOT_FOUND:
        return "the ordinal %s could not be located in %s";
    case STATUS_DLL_NOT_FOUND:
        return "%s was not found";
    case STATUS_DLL_INIT_FAILED:
        return "the initialisation of %s failed";
    case STATUS_INVALID_IMAGE_FORMAT:
        return "%s is not a valid image";
    default:
        return NULL;
    }
}

NTSTATUS NTAPI
NtRaiseHardError(NTSTATUS ErrorStatus, ULONG NumberOfParameters, ULONG UnicodeStringParameterMask,
                 PULONG_PTR Parameters, ULONG ValidResponseOptions, PULONG Response)
{
    PEPROCESS Process = PspCurrentProcess();
    ULONG_PTR Captured[PSP_MAX_PARAMETERS] = {0};
    char String[PSP_MAX_PARAMETERS][80], Text[400], Where[128];
    const char *Sentence = PspErrorSentence(ErrorStatus);
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Strings = 0, i;
    int Length;

    if (NumberOfParameters > PSP_MAX_PARAMETERS) {
        return STATUS_INVALID_PARAMETER_2;
    }
    __try {
        if (KiPreviousMode() != KernelMode) {
            ProbeForWrite(Response, sizeof(ULONG), sizeof(ULONG));
            ProbeForRead(Parameters, NumberOfParameters * sizeof(ULONG_PTR), sizeof(ULONG_PTR));
        }
        RtlCopyMemory(Captured, Parameters, NumberOfParameters * sizeof(ULONG_PTR));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (i = 0; i < NumberOfParameters; i++) {
        if (UnicodeStringParameterMask & (1u << i)) {
            PspReadErrorString(Captured[i], String[Strings++], sizeof(String[0]));
        }
    }
    for (i = Strings; i < PSP_MAX_PARAMETERS; i++) {
        String[i][0] = 0;
    }
    if (ErrorStatus == STATUS_ENTRYPOINT_NOT_FOUND && NumberOfParameters == 3) {
        /* ntdll: an import that an image of the box lacks is being called. */
        KiFormatText(Text, sizeof(Text), "%s!%s", String[1], String[0]);
        KiNotYet(Text, (PVOID)Captured[2]);
    }
    Length = KiFormatText(Text, sizeof(Text), "%s: ", Process->ImageFileName);
    HcPrint(ABI_OUT_STDERR, Text, (ULONG)Length);
    if (Sentence != NULL) {
        Length = KiFormatText(Text, sizeof(Text), Sentence, String[0], String[1]);
    } else {
        Length = KiFormatText(Text, sizeof(Text), "hard error %x %s %s", (ULONG)ErrorStatus,
                              String[0], String[1]);
    }
    HcPrint(ABI_OUT_STDERR, Text, (ULONG)Length);
    if (Strings < NumberOfParameters && NumberOfParameters > 2) { /* the caller, from our ntdll */
        KiDescribe((PVOID)Captured[NumberOfParameters - 1], Where, sizeof(Where));
        Length = KiFormatText(Text, sizeof(Text), ", called from %s", Where);
        HcPrint(ABI_OUT_STDERR, Text, (ULONG)Length);
    }
    HcPrint(ABI_OUT_STDERR, "\n", 1);
    __try {
        *Response = 6; /* ResponseOk */
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}
