/*
 * harderror.c - hard errors: what would be a dialog box is a line of the run's output, and the user answers.
 *
 * The user is a timer: the thread that asked waits for it, and its expiry is the answer. So virtual time
 * passes for the one who asks, everybody else can go on meanwhile, and an explorer that chooses when timers
 * expire chooses when the user answers.
 *
 *   H1  Nobody is asked if the thread (IoSetThreadHardErrorMode), its TEB (SetThreadErrorMode) or the process
 *       (SetErrorMode, SEM_FAILCRITICALERRORS) says so, unless the status overrides it: the response is
 *       ResponseReturnToCaller then.
 *   H2  What the user answers follows from the buttons alone (ExpAnswers).
 *   H3  A wait for the user that a user-mode caller began ends with its termination.
 * Facts: [PH:ntexapi.h] (options, responses, the overriding bit); Win32: SetErrorMode; docs/decisions.
 */
#include "nt/ex/exp.h"

#define EXP_MAX_PARAMETERS     5
#define EXP_OVERRIDE_ERRORMODE 0x10000000 /* in the status */
#define EXP_USER_THINKS        10000000   /* 100 ns */
#define EXP_TEB_ERROR_MODE     0x16B0
#define EXP_TEB_QUIET          0x10 /* SEM_FAILCRITICALERRORS, as a TEB has it */
#define EXP_OPTION_SHUTDOWN    6
#define EXP_OPTION_NO_WAIT     7

enum {
    ResponseReturnToCaller,
    ResponseNotHandled,
    ResponseAbort,
    ResponseCancel,
    ResponseIgnore,
    ResponseNo,
    ResponseOk,
    ResponseRetry,
    ResponseYes,
    ResponseTryAgain,
    ResponseContinue
};

/* H2, by HARDERROR_RESPONSE_OPTION: whatever brings the caller on, never a retry. */
static const UCHAR ExpAnswers[] = {
    ResponseAbort,  /* AbortRetryIgnore */
    ResponseOk,     /* Ok */
    ResponseOk,     /* OkCancel */
    ResponseCancel, /* RetryCancel */
    ResponseYes,    /* YesNo */
    ResponseYes,    /* YesNoCancel */
    ResponseOk,     /* ShutdownSystem */
    ResponseOk,     /* OkNoWait */
    ResponseCancel, /* CancelTryContinue */
};

/* Reads a UNICODE_STRING parameter into narrow text; anything unreadable becomes "?". */
static VOID
ExpReadErrorString(ULONG_PTR Parameter, char *Text, ULONG Room)
{
    PUNICODE_STRING String = (PUNICODE_STRING)Parameter;
    UNICODE_STRING Copy;
    ULONG i;

    __try {
        if (KiPreviousMode() != KernelMode) {
            ProbeForRead(String, sizeof(*String), 8);
        }
        Copy = *(volatile UNICODE_STRING *)String; /* once: user mode may change it meanwhile */
        if (KiPreviousMode() != KernelMode) {
            ProbeForRead(Copy.Buffer, Copy.Length, 2);
        }
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
ExpErrorSentence(NTSTATUS Status)
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

static BOOLEAN
ExpIsModeQuiet(NTSTATUS ErrorStatus)
{
    PETHREAD Thread = PspCurrentThread();
    PVOID Teb = Thread->Tcb.Teb;
    ULONG Mode = 0;

    if (Thread->HardErrorsDisabled) {
        return TRUE;
    }
    if ((ErrorStatus & EXP_OVERRIDE_ERRORMODE) != 0) {
        return FALSE;
    }
    if ((PspThreadsProcess(Thread)->DefaultHardErrorProcessing & 1) == 0) {
        return TRUE; /* the bit is SEM_FAILCRITICALERRORS, inverted */
    }
    if (Teb != NULL && Thread->Tcb.ApcStateIndex == OriginalApcEnvironment) {
        __try {
            Mode = *(PULONG)((ULONG64)Teb + EXP_TEB_ERROR_MODE);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
        }
    }
    return (Mode & EXP_TEB_QUIET) != 0;
}

ULONG
ExpAskUser(const char *Text, ULONG Options, KPROCESSOR_MODE Mode)
{
    LARGE_INTEGER Due = {.QuadPart = -EXP_USER_THINKS};
    ULONG Response = ExpAnswers[Options];
    KTIMER User;

    HcPrint(ABI_OUT_STDERR, Text, strlen(Text));
    if (Options == EXP_OPTION_NO_WAIT) {
        return Response;
    }
    KeInitializeTimer(&User);
    KeSetTimer(&User, Due, NULL);
    if (KeWaitForSingleObject(&User, UserRequest, Mode, FALSE, NULL) != STATUS_SUCCESS) {
        Response = ResponseReturnToCaller; /* H3 */
    }
    KeCancelTimer(&User);
    return Response;
}

/* The parameters are in kernel memory; strings among them where Mode says. */
static NTSTATUS
ExpRaise(NTSTATUS ErrorStatus, ULONG NumberOfParameters, ULONG StringMask, PULONG_PTR Parameters,
         ULONG Options, PULONG Response, KPROCESSOR_MODE Mode)
{
    NTSTATUS Shown = ErrorStatus & ~EXP_OVERRIDE_ERRORMODE;
    char String[EXP_MAX_PARAMETERS][80] = {}, Text[512], Where[128];
    const char *Sentence = ExpErrorSentence(Shown);
    ULONG Strings = 0, i;
    int Length;

    for (i = 0; i < NumberOfParameters; i++) {
        if (StringMask & (1u << i)) {
            ExpReadErrorString(Parameters[i], String[Strings++], sizeof(String[0]));
        }
    }
    if (Shown == STATUS_ENTRYPOINT_NOT_FOUND && NumberOfParameters == 3) {
        /* ntdll: an import that an image of the box lacks is being called. */
        KiFormatText(Text, sizeof(Text), "%s!%s", String[1], String[0]);
        KiNotYet(Text, (PVOID)Parameters[2]);
    }
    if (ExpIsModeQuiet(ErrorStatus)) { /* H1 */
        *Response = ResponseReturnToCaller;
        return STATUS_SUCCESS;
    }
    if (Options == EXP_OPTION_SHUTDOWN) {
        if (!SepHasPrivilege(RtlConvertUlongToLuid(SE_SHUTDOWN_PRIVILEGE), Mode)) {
            return STATUS_PRIVILEGE_NOT_HELD;
        }
        NOT_YET("a hard error that shuts the system down");
    }
    Length = KiFormatText(Text, sizeof(Text), "%s: ", PspCurrentProcess()->ImageFileName);
    if (Sentence != NULL) {
        Length += KiFormatText(Text + Length, sizeof(Text) - (ULONG)Length, Sentence, String[0],
                               String[1]);
    } else {
        Length += KiFormatText(Text + Length, sizeof(Text) - (ULONG)Length, "hard error %x %s %s",
                               (ULONG)Shown, String[0], String[1]);
    }
    if (Strings < NumberOfParameters && NumberOfParameters > 2) { /* the caller, from our ntdll */
        KiDescribe((PVOID)Parameters[NumberOfParameters - 1], Where, sizeof(Where));
        Length +=
            KiFormatText(Text + Length, sizeof(Text) - (ULONG)Length, ", called from %s", Where);
    }
    KiFormatText(Text + Length, sizeof(Text) - (ULONG)Length, "\n");
    *Response = ExpAskUser(Text, Options, Mode);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
ExRaiseHardError(NTSTATUS ErrorStatus, ULONG NumberOfParameters, ULONG UnicodeStringParameterMask,
                 PULONG_PTR Parameters, ULONG ValidResponseOptions, PULONG Response)
{
    PAGED_CODE();
    if (NumberOfParameters > EXP_MAX_PARAMETERS) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (ValidResponseOptions >= RTL_NUMBER_OF(ExpAnswers)) {
        return STATUS_INVALID_PARAMETER_4;
    }
    return ExpRaise(ErrorStatus, NumberOfParameters, UnicodeStringParameterMask, Parameters,
                    ValidResponseOptions, Response, KernelMode);
}

NTSTATUS NTAPI
NtRaiseHardError(NTSTATUS ErrorStatus, ULONG NumberOfParameters, ULONG UnicodeStringParameterMask,
                 PULONG_PTR Parameters, ULONG ValidResponseOptions, PULONG Response)
{
    ULONG_PTR Captured[EXP_MAX_PARAMETERS] = {0};
    ULONG Answer = ResponseNotHandled;
    NTSTATUS Status = STATUS_SUCCESS;

    if (NumberOfParameters > EXP_MAX_PARAMETERS) {
        return STATUS_INVALID_PARAMETER_2;
    }
    if (ValidResponseOptions >= RTL_NUMBER_OF(ExpAnswers)) {
        return STATUS_INVALID_PARAMETER_4;
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
    if (NT_SUCCESS(Status)) {
        Status = ExpRaise(ErrorStatus, NumberOfParameters, UnicodeStringParameterMask, Captured,
                          ValidResponseOptions, &Answer, KiPreviousMode());
    }
    if (NT_SUCCESS(Status)) {
        __try {
            *Response = Answer;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}
