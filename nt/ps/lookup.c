/*
 * lookup.c - who is current, who has this id, what belongs to whom.
 */
#include "nt/ps/psp.h"

PEPROCESS NTAPI
PsGetCurrentProcess(VOID)
{
    return PspCurrentProcess();
}

PEPROCESS NTAPI
IoGetCurrentProcess(VOID)
{
    return PspCurrentProcess();
}

HANDLE NTAPI
PsGetCurrentProcessId(VOID)
{
    return PspCurrentThread()->Cid.UniqueProcess;
}

HANDLE NTAPI
PsGetCurrentThreadId(VOID)
{
    return PspCurrentThread()->Cid.UniqueThread;
}

ULONG NTAPI
PsGetCurrentProcessSessionId(VOID)
{
    return PspCurrentProcess() == PsInitialSystemProcess ? 0 : 1;
}

HANDLE NTAPI
PsGetProcessId(PEPROCESS Process)
{
    return Process->UniqueProcessId;
}

HANDLE NTAPI
PsGetThreadId(PETHREAD Thread)
{
    return Thread->Cid.UniqueThread;
}

HANDLE NTAPI
PsGetThreadProcessId(PETHREAD Thread)
{
    return Thread->Cid.UniqueProcess;
}

PEPROCESS NTAPI
PsGetThreadProcess(PETHREAD Thread)
{
    return PspThreadsProcess(Thread);
}

PEPROCESS NTAPI
IoThreadToProcess(PETHREAD Thread)
{
    return PspThreadsProcess(Thread);
}

PEPROCESS NTAPI
PsGetCurrentThreadProcess(VOID)
{
    return PspThreadsProcess(PspCurrentThread());
}

HANDLE NTAPI
PsGetCurrentThreadProcessId(VOID)
{
    return PspCurrentThread()->Cid.UniqueProcess;
}

PVOID NTAPI
PsGetCurrentThreadTeb(VOID)
{
    return PspCurrentThread()->Tcb.Teb;
}

PVOID NTAPI
PsGetThreadTeb(PETHREAD Thread)
{
    return Thread->Tcb.Teb;
}

PVOID NTAPI
PsGetProcessPeb(PEPROCESS Process)
{
    return Process->Peb;
}

PVOID NTAPI
PsGetProcessWow64Process(PEPROCESS Process)
{
    return NULL; /* no 32-bit programs */
}

BOOLEAN NTAPI
IoIs32bitProcess(PIRP Irp)
{
    return FALSE;
}

PCHAR NTAPI
PsGetProcessImageFileName(PEPROCESS Process)
{
    return (PCHAR)Process->ImageFileName;
}

PVOID NTAPI
PsGetProcessSectionBaseAddress(PEPROCESS Process)
{
    return Process->SectionBaseAddress;
}

HANDLE NTAPI
PsGetProcessInheritedFromUniqueProcessId(PEPROCESS Process)
{
    return Process->InheritedFromUniqueProcessId;
}

LONGLONG NTAPI
PsGetProcessCreateTimeQuadPart(PEPROCESS Process)
{
    return Process->CreateTime.QuadPart;
}

LONGLONG NTAPI
PsGetThreadCreateTime(PETHREAD Thread)
{
    return Thread->CreateTime.QuadPart;
}

NTSTATUS NTAPI
PsGetProcessExitStatus(PEPROCESS Process)
{
    return Process->ExitStatus;
}

BOOLEAN NTAPI
PsGetProcessExitProcessCalled(PEPROCESS Process)
{
    return Process->Exiting;
}

NTSTATUS NTAPI
PsGetThreadExitStatus(PETHREAD Thread)
{
    return Thread->ExitStatus;
}

ULONG NTAPI
PsGetProcessSessionId(PEPROCESS Process)
{
    ULONG Session = 0;

    SeQuerySessionIdToken(Process->Token, &Session);
    return Session;
}

BOOLEAN NTAPI
PsIsSystemThread(PETHREAD Thread)
{
    return (BOOLEAN)Thread->Tcb.SystemThread;
}

BOOLEAN NTAPI
PsIsSystemProcess(PEPROCESS Process)
{
    return Process == PsInitialSystemProcess;
}

BOOLEAN NTAPI
PsIsThreadTerminating(PETHREAD Thread)
{
    return Thread->Terminating;
}

BOOLEAN NTAPI
PsIsProtectedProcess(PEPROCESS Process)
{
    return FALSE;
}

/* [PsIsProtectedProcess] No process here is protected, in either way. */
BOOLEAN NTAPI
PsIsProtectedProcessLight(PEPROCESS Process)
{
    return FALSE;
}

PVOID NTAPI
PsGetProcessDebugPort(PEPROCESS Process)
{
    return Process->DebugPort;
}

PVOID NTAPI
PsGetProcessJob(PEPROCESS Process)
{
    return Process->Job;
}

UCHAR NTAPI
PsGetProcessPriorityClass(PEPROCESS Process)
{
    return PspPriorityClass(Process);
}

/* The System process belongs to no session: -1. */
ULONG NTAPI
PsGetProcessSessionIdEx(PEPROCESS Process)
{
    return Process == PsInitialSystemProcess ? (ULONG)-1 : PsGetProcessSessionId(Process);
}

/* There is no win32k, so nobody has become one of its processes or threads. */
PVOID NTAPI
PsGetProcessWin32Process(PEPROCESS Process)
{
    return NULL;
}

PVOID NTAPI
PsGetCurrentProcessWin32Process(VOID)
{
    return NULL;
}

PVOID NTAPI
PsGetThreadWin32Thread(PETHREAD Thread)
{
    return NULL;
}

BOOLEAN NTAPI
PsIsProcessBeingDebugged(PEPROCESS Process)
{
    return Process->DebugPort != NULL;
}

KPROCESSOR_MODE NTAPI
PsGetCurrentThreadPreviousMode(VOID)
{
    return KiPreviousMode();
}

NTSTATUS NTAPI
PsLookupProcessByProcessId(HANDLE ProcessId, PEPROCESS *Process)
{
    KiSchedulePoint(SP_REFERENCE, PSP_ID(ProcessId));
    for (PEPROCESS Candidate = NULL; (Candidate = PspNextProcess(Candidate)) != NULL;) {
        if (Candidate->UniqueProcessId == ProcessId && ObReferenceObjectSafe(Candidate)) {
            *Process = Candidate;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_CID;
}

NTSTATUS NTAPI
PsLookupThreadByThreadId(HANDLE ThreadId, PETHREAD *Thread)
{
    KiSchedulePoint(SP_REFERENCE, PSP_ID(ThreadId));
    for (PETHREAD Candidate = NULL; (Candidate = PspNextThread(Candidate)) != NULL;) {
        if (Candidate->Cid.UniqueThread == ThreadId && ObReferenceObjectSafe(Candidate)) {
            *Thread = Candidate;
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_CID;
}

NTSTATUS NTAPI
PsLookupProcessThreadByCid(PCLIENT_ID Cid, PEPROCESS *Process, PETHREAD *Thread)
{
    NTSTATUS Status = PsLookupThreadByThreadId(Cid->UniqueThread, Thread);

    if (NT_SUCCESS(Status) && Process != NULL) {
        *Process = PspThreadsProcess(*Thread);
        ObReferenceObject(*Process);
    }
    return Status;
}

BOOLEAN NTAPI
PsGetVersion(PULONG Major, PULONG Minor, PULONG Build, PUNICODE_STRING CsdVersion)
{
    if (Major != NULL) {
        *Major = KiVersion->MajorVersion;
    }
    if (Minor != NULL) {
        *Minor = KiVersion->MinorVersion;
    }
    if (Build != NULL) {
        *Build = KiVersion->BuildNumber;
    }
    if (CsdVersion != NULL) {
        RtlInitUnicodeString(CsdVersion, NULL);
    }
    return FALSE; /* a free build */
}

/* The debug privilege opens every process and thread. */
static NTSTATUS
PspOpen(PVOID Object, POBJECT_TYPE Type, const GENERIC_MAPPING *Mapping, ACCESS_MASK Access,
        ULONG Attributes, PHANDLE Handle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    ACCESS_STATE State;
    ULONG64 Aux[64];
    HANDLE New;
    NTSTATUS Status = SepCreateAccessState(&State, Aux, Access, Mapping);

    if (NT_SUCCESS(Status)) {
        if (Mode != KernelMode &&
            SepHasPrivilege(RtlConvertUlongToLuid(SE_DEBUG_PRIVILEGE), Mode)) {
            State.PreviouslyGrantedAccess |= (State.RemainingDesiredAccess & MAXIMUM_ALLOWED)
                                                 ? Mapping->GenericAll
                                                 : State.RemainingDesiredAccess;
            State.RemainingDesiredAccess = 0;
        }
        Status = ObOpenObjectByPointer(Object, Attributes, &State, 0, Type, Mode, &New);
        SeDeleteAccessState(&State);
    }
    ObDereferenceObject(Object);
    if (NT_SUCCESS(Status)) {
        __try {
            *Handle = New;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

static NTSTATUS
PspCaptureOpen(PHANDLE Handle, POBJECT_ATTRIBUTES Attributes, PCLIENT_ID ClientId, PULONG Flags,
               PCLIENT_ID Captured)
{
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        if (KiPreviousMode() != KernelMode) {
            ProbeForWrite(Handle, sizeof(*Handle), 8);
            ProbeForRead(Attributes, sizeof(*Attributes), 8);
            if (ClientId != NULL) {
                ProbeForRead(ClientId, sizeof(*ClientId), 4);
            }
        }
        *Flags =
            Attributes->Attributes & (KiPreviousMode() != KernelMode ? ~OBJ_KERNEL_HANDLE : ~0u);
        if (Attributes->ObjectName != NULL || ClientId == NULL) {
            Status = STATUS_INVALID_PARAMETER_MIX;
        } else {
            *Captured = *ClientId;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

NTSTATUS NTAPI
NtOpenProcess(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
              PCLIENT_ID ClientId)
{
    CLIENT_ID Id;
    ULONG Flags;
    PEPROCESS Process;
    PETHREAD Thread;
    NTSTATUS Status = PspCaptureOpen(Handle, Attributes, ClientId, &Flags, &Id);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Id.UniqueThread != NULL) {
        Status = PsLookupProcessThreadByCid(&Id, &Process, &Thread);
        if (NT_SUCCESS(Status)) {
            ObDereferenceObject(Thread);
        }
    } else {
        Status = PsLookupProcessByProcessId(Id.UniqueProcess, &Process);
    }
    return NT_SUCCESS(Status)
               ? PspOpen(Process, PsProcessTypeP, &PspProcessMapping, Access, Flags, Handle)
               : Status;
}

NTSTATUS NTAPI
NtOpenThread(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes, PCLIENT_ID ClientId)
{
    CLIENT_ID Id;
    ULONG Flags;
    PETHREAD Thread;
    NTSTATUS Status = PspCaptureOpen(Handle, Attributes, ClientId, &Flags, &Id);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = PsLookupThreadByThreadId(Id.UniqueThread, &Thread);
    return NT_SUCCESS(Status)
               ? PspOpen(Thread, PsThreadTypeP, &PspThreadMapping, Access, Flags, Handle)
               : Status;
}

LARGE_INTEGER NTAPI
PsGetProcessExitTime(VOID)
{
    return PspCurrentProcess()->ExitTime;
}

PVOID NTAPI
PsGetCurrentProcessWow64Process(VOID)
{
    return NULL;
}

ULONG NTAPI
PsGetThreadSessionId(PETHREAD Thread)
{
    return PsGetProcessSessionId(PspThreadsProcess(Thread));
}

PVOID NTAPI
PsGetCurrentThreadStackBase(VOID)
{
    return KiThread()->StackBase;
}

PVOID NTAPI
PsGetCurrentThreadStackLimit(VOID)
{
    return KiThread()->StackLimit;
}

BOOLEAN NTAPI
PsGetThreadHardErrorsAreDisabled(PETHREAD Thread)
{
    return Thread->HardErrorsDisabled;
}

VOID NTAPI
PsSetThreadHardErrorsAreDisabled(PETHREAD Thread, BOOLEAN Disabled)
{
    Thread->HardErrorsDisabled = Disabled;
}
