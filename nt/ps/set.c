/*
 * set.c - NtSetInformationProcess and NtSetInformationThread.
 *
 * Rights are checked for user mode only: a driver that calls the Zw routine with -1 or -2 changes what
 * the client itself may not, which is what the context article shows.
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

#define ThreadNameInformation_   38
#define THREAD_SET_THREAD_TOKEN_ 0x0080

typedef union _PSP_INPUT {
    UCHAR Bytes[24];
    LONG Long;
    BOOLEAN Boolean;
    KAFFINITY Affinity;
    HANDLE Handle;
    PVOID Pointer;
    UNICODE_STRING String;
    struct {
        BOOLEAN Foreground;
        UCHAR PriorityClass;
    } Class;
    struct {
        HANDLE Token, Thread;
    } Access;
    struct {
        ULONG Version, Reserved;
        PVOID Callback;
    } Instrumentation;
    GROUP_AFFINITY Group;
    PROCESSOR_NUMBER Processor;
} PSP_INPUT;

/* STATUS_INFO_LENGTH_MISMATCH unless Length is what the class takes. */
static NTSTATUS
PspReadInput(PVOID Buffer, ULONG Length, ULONG Expected, PSP_INPUT *Input)
{
    if (Length != Expected) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    __try {
        if (KiPreviousMode() != KernelMode) {
            ProbeForRead(Buffer, Length, 1);
        }
        RtlCopyMemory(Input, Buffer, Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

static BOOLEAN
PspMayRaisePriority(VOID)
{
    return SepHasPrivilege(RtlConvertUlongToLuid(SE_INC_BASE_PRIORITY_PRIVILEGE), KiPreviousMode());
}

static VOID
PspSetProcessPriority(PEPROCESS Process, KPRIORITY Base)
{
    KPRIORITY Old = Process->Pcb.BasePriority;
    PETHREAD Thread = NULL;

    Process->Pcb.BasePriority = (SCHAR)Base;
    while ((Thread = PspReferenceNextThread(Process, Thread)) != NULL) {
        LONG Increment = Thread->Tcb.BasePriority - Old;

        KeSetBasePriorityThread(&Thread->Tcb, Increment);
    }
}

static NTSTATUS
PspSetPrimaryToken(PEPROCESS Process, HANDLE TokenHandle)
{
    PACCESS_TOKEN Token, Old;
    NTSTATUS Status;

    if (!SepHasPrivilege(RtlConvertUlongToLuid(SE_ASSIGNPRIMARYTOKEN_PRIVILEGE),
                         KiPreviousMode())) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    Status = ObReferenceObjectByHandle(TokenHandle, TOKEN_ASSIGN_PRIMARY, SeTokenObjectTypeP,
                                       KiPreviousMode(), &Token, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (SeTokenType(Token) != TokenPrimary) {
        ObDereferenceObject(Token);
        return STATUS_BAD_TOKEN_TYPE;
    }
    Old = Process->Token;
    Process->Token = Token;
    ObDereferenceObject(Old);
    return STATUS_SUCCESS;
}

static NTSTATUS
PspSetProcess(PEPROCESS Process, ULONG Class, PVOID Buffer, ULONG Length)
{
    static const SCHAR ClassPriority[] = {8, 4, 8, 13, 24, 6, 10};
    PETHREAD Thread = NULL;
    PSP_INPUT Input;
    NTSTATUS Status;

    switch (Class) {
    case ProcessBasePriority:
        Status = PspReadInput(Buffer, Length, sizeof(LONG), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Input.Long &= 0x7FFFFFFF; /* the high bit is the memory priority */
        if (Input.Long == 0 || Input.Long > 31) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Input.Long > Process->Pcb.BasePriority && !PspMayRaisePriority()) {
            return STATUS_PRIVILEGE_NOT_HELD;
        }
        PspSetProcessPriority(Process, Input.Long);
        return STATUS_SUCCESS;
    case ProcessAccessToken:
        Status = PspReadInput(Buffer, Length, sizeof(Input.Access), &Input);
        return NT_SUCCESS(Status) ? PspSetPrimaryToken(Process, Input.Access.Token) : Status;
    case ProcessDefaultHardErrorMode:
        Status = PspReadInput(Buffer, Length, sizeof(ULONG), &Input);
        if (NT_SUCCESS(Status)) {
            Process->DefaultHardErrorProcessing = (ULONG)Input.Long;
        }
        return Status;
    case ProcessPriorityClass:
        Status = PspReadInput(Buffer, Length, sizeof(Input.Class), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Input.Class.PriorityClass >= RTL_NUMBER_OF(ClassPriority)) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Input.Class.PriorityClass == 4 && !PspMayRaisePriority()) {
            return STATUS_PRIVILEGE_NOT_HELD;
        }
        PspSetProcessPriority(Process, ClassPriority[Input.Class.PriorityClass]);
        return STATUS_SUCCESS;
    case ProcessAffinityMask:
        Status = PspReadInput(Buffer, Length, sizeof(KAFFINITY), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Input.Affinity == 0 || (Input.Affinity & ~KeQueryActiveProcessors())) {
            return STATUS_INVALID_PARAMETER;
        }
        Process->Pcb.Affinity = Input.Affinity;
        while ((Thread = PspReferenceNextThread(Process, Thread)) != NULL) {
            KeSetAffinityThread(&Thread->Tcb, Input.Affinity);
        }
        return STATUS_SUCCESS;
    case ProcessInstrumentationCallback:
        if (Length == sizeof(PVOID)) { /* the form of 7 */
            Status = PspReadInput(Buffer, Length, sizeof(PVOID), &Input);
            if (NT_SUCCESS(Status)) {
                Process->Pcb.InstrumentationCallback = Input.Pointer;
            }
            return Status;
        }
        Status = PspReadInput(Buffer, Length, sizeof(Input.Instrumentation), &Input);
        if (NT_SUCCESS(Status)) {
            Process->Pcb.InstrumentationCallback = Input.Instrumentation.Callback;
        }
        return Status;
    /* Boosts, I/O and page priorities order nothing here: checked, and of no effect. */
    case ProcessPriorityBoost:
    case ProcessIoPriority:
    case ProcessPagePriority:
    case ProcessBreakOnTermination:
        return PspReadInput(Buffer, Length, sizeof(ULONG), &Input);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS NTAPI
NtSetInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length)
{
    PEPROCESS Process;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_SET_INFORMATION, PsProcessTypeP,
                                       KiPreviousMode(), (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiChanges(PSP_SETTINGS_OF_PROCESS(Process));
    Status = PspSetProcess(Process, (ULONG)Class, Buffer, Length);
    ObDereferenceObject(Process);
    return Status;
}

static NTSTATUS
PspSetThreadName(PETHREAD Thread, PUNICODE_STRING String)
{
    USHORT Length = min(String->Length, sizeof(Thread->Name) - sizeof(WCHAR));
    WCHAR Name[RTL_NUMBER_OF(Thread->Name)] = {0};

    __try {
        if (KiPreviousMode() != KernelMode) {
            ProbeForRead(String->Buffer, String->Length, 1);
        }
        RtlCopyMemory(Name, String->Buffer, Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    RtlCopyMemory(Thread->Name, Name, sizeof(Name));
    return STATUS_SUCCESS;
}

static NTSTATUS
PspSetThread(PETHREAD Thread, ULONG Class, PVOID Buffer, ULONG Length)
{
    PSP_INPUT Input;
    NTSTATUS Status;

    switch (Class) {
    case ThreadPriority:
        Status = PspReadInput(Buffer, Length, sizeof(LONG), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Input.Long <= 0 || Input.Long > HIGH_PRIORITY) {
            return STATUS_INVALID_PARAMETER;
        }
        if (Input.Long >= LOW_REALTIME_PRIORITY && !PspMayRaisePriority()) {
            return STATUS_PRIVILEGE_NOT_HELD;
        }
        KeSetPriorityThread(&Thread->Tcb, Input.Long);
        return STATUS_SUCCESS;
    case ThreadBasePriority:
        Status = PspReadInput(Buffer, Length, sizeof(LONG), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Input.Long == 15 || Input.Long == -15) { /* 16 and -16 are kernel32's way to say so */
            Input.Long += Input.Long > 0 ? 1 : -1;
        }
        /* -16 and 16 saturate; between them -2 to 2, wider for real-time processes. */
        if ((Input.Long > 2 || Input.Long < -2) && Input.Long != 16 && Input.Long != -16 &&
            !(Thread->Tcb.Process->BasePriority >= LOW_REALTIME_PRIORITY && Input.Long >= -7 &&
              Input.Long <= 6)) {
            return STATUS_INVALID_PARAMETER;
        }
        KeSetBasePriorityThread(&Thread->Tcb, Input.Long);
        return STATUS_SUCCESS;
    case ThreadAffinityMask:
        Status = PspReadInput(Buffer, Length, sizeof(KAFFINITY), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Input.Affinity == 0 || (Input.Affinity & ~Thread->Tcb.Process->Affinity)) {
            return STATUS_INVALID_PARAMETER;
        }
        KeSetAffinityThread(&Thread->Tcb, Input.Affinity);
        return STATUS_SUCCESS;
    case ThreadImpersonationToken:
        Status = PspReadInput(Buffer, Length, sizeof(HANDLE), &Input);
        return NT_SUCCESS(Status) ? PsAssignImpersonationToken(Thread, Input.Handle) : Status;
    case ThreadQuerySetWin32StartAddress:
        Status = PspReadInput(Buffer, Length, sizeof(PVOID), &Input);
        if (NT_SUCCESS(Status)) {
            Thread->Win32StartAddress = Input.Pointer;
        }
        return Status;
    case ThreadIdealProcessor:
        Status = PspReadInput(Buffer, Length, sizeof(LONG), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Input.Long < 0 || Input.Long > MAXIMUM_PROCESSORS) {
            return STATUS_INVALID_PARAMETER;
        }
        Status =
            (NTSTATUS)Thread->Tcb.IdealProcessor; /* documented: the previous one, as the status */
        if (Input.Long < (LONG)KiProcessorCount) {
            Thread->Tcb.IdealProcessor = (ULONG)Input.Long;
        }
        return Status;
    case ThreadIdealProcessorEx:
        Status = PspReadInput(Buffer, Length, sizeof(PROCESSOR_NUMBER), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Input.Processor.Group != 0 || Input.Processor.Number >= KiProcessorCount) {
            return STATUS_INVALID_PARAMETER;
        }
        Thread->Tcb.IdealProcessor = Input.Processor.Number;
        return STATUS_SUCCESS;
    case ThreadGroupInformation:
        Status = PspReadInput(Buffer, Length, sizeof(GROUP_AFFINITY), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Input.Group.Group != 0 || Input.Group.Mask == 0 ||
            (Input.Group.Mask & ~Thread->Tcb.Process->Affinity)) {
            return STATUS_INVALID_PARAMETER;
        }
        KeSetAffinityThread(&Thread->Tcb, Input.Group.Mask);
        return STATUS_SUCCESS;
    case ThreadHideFromDebugger:
        if (Length != 0) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        Thread->HideFromDebugger = TRUE; /* for good */
        return STATUS_SUCCESS;
    case ThreadNameInformation_:
        Status = PspReadInput(Buffer, Length, sizeof(UNICODE_STRING), &Input);
        return NT_SUCCESS(Status) ? PspSetThreadName(Thread, &Input.String) : Status;
    /* I/O and page priorities order nothing here: they are checked and told. */
    case ThreadIoPriority:
        Status = PspReadInput(Buffer, Length, sizeof(ULONG), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if ((ULONG)Input.Long >= MaxIoPriorityTypes) {
            return STATUS_INVALID_PARAMETER;
        }
        if ((ULONG)Input.Long > IoPriorityNormal && !PspMayRaisePriority()) {
            return STATUS_PRIVILEGE_NOT_HELD;
        }
        Thread->IoPriority = (ULONG)Input.Long;
        return STATUS_SUCCESS;
    case ThreadPagePriority:
        Status = PspReadInput(Buffer, Length, sizeof(ULONG), &Input);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if ((ULONG)Input.Long > PSP_NORMAL_PAGE_PRIORITY) {
            return STATUS_INVALID_PARAMETER;
        }
        Thread->PagePriority = (ULONG)Input.Long;
        return STATUS_SUCCESS;
    case ThreadPriorityBoost:
    case ThreadBreakOnTermination:
        return PspReadInput(Buffer, Length, sizeof(ULONG), &Input);
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS NTAPI
NtSetInformationThread(HANDLE ThreadHandle, THREADINFOCLASS Class, PVOID Buffer, ULONG Length)
{
    ACCESS_MASK Access = THREAD_SET_INFORMATION;
    PETHREAD Thread;
    NTSTATUS Status;

    if (Class == ThreadImpersonationToken) {
        Access = THREAD_SET_THREAD_TOKEN_;
    } else if ((ULONG)Class == ThreadNameInformation_) {
        Access = THREAD_SET_LIMITED_INFORMATION;
    }
    Status = ObReferenceObjectByHandle(ThreadHandle, Access, PsThreadTypeP, KiPreviousMode(),
                                       (PVOID *)&Thread, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiChanges(PSP_SETTINGS_OF_THREAD(Thread));
    Status = PspSetThread(Thread, (ULONG)Class, Buffer, Length);
    ObDereferenceObject(Thread);
    return Status;
}
