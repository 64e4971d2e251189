/*
 * debug.c - debug objects: a debugger's queue of events, and the services on it.
 *
 * A process's DebugPort is its debug object (a reference). An event lies in the object's list from the moment it
 * happens until it is continued; while it does, its process is frozen once for it, through the door that jobs use. Of
 * each process one event is with the debugger at a time; the rest wait in order.
 *
 *   G1  EventsPresent is signaled exactly while some event can be read (under Lock).
 *   G2  An event of a process is put into the list only while the object is that process's port; who takes the
 *       port away takes its events off, and lets those go who wait for them.
 * Lock is never held while a thread is frozen or thawed.
 * Source: [PH:ntdbg.h], Win32: DebugActiveProcess, ContinueDebugEvent, DebugSetProcessKillOnExit, DebugActiveProcessStop.
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

#define DEBUG_READ_EVENT      0x1
#define DEBUG_PROCESS_ASSIGN  0x2
#define DEBUG_SET_INFORMATION 0x4
#define DEBUG_ALL             (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0xF)
#define DEBUG_KILL_ON_CLOSE   0x1

static const GENERIC_MAPPING DbgkpMapping = {
    STANDARD_RIGHTS_READ | DEBUG_READ_EVENT,
    STANDARD_RIGHTS_WRITE | DEBUG_PROCESS_ASSIGN,
    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
    DEBUG_ALL,
};

/* The oldest event of a process none of whose events is with the debugger. Under Lock. */
static PDBGK_EVENT
DbgkpReadable(PDBGK_OBJECT Object)
{
    for (PLIST_ENTRY Entry = Object->EventList.Flink; Entry != &Object->EventList;
         Entry = Entry->Flink) {
        PDBGK_EVENT Event = CONTAINING_RECORD(Entry, DBGK_EVENT, Links);
        BOOLEAN Busy = Event->Read;

        for (PLIST_ENTRY Other = Object->EventList.Flink; Other != Entry; Other = Other->Flink) {
            Busy |= CONTAINING_RECORD(Other, DBGK_EVENT, Links)->Process == Event->Process;
        }
        if (!Busy) {
            return Event;
        }
    }
    return NULL;
}

static VOID
DbgkpUpdate(PDBGK_OBJECT Object) /* G1 */
{
    if (DbgkpReadable(Object) != NULL) {
        KeSetEvent(&Object->EventsPresent, 0, FALSE);
    } else {
        KeClearEvent(&Object->EventsPresent);
    }
}

BOOLEAN
DbgkpQueueEvent(PDBGK_OBJECT Object, PDBGK_EVENT Event)
{
    PEPROCESS Process = Event->Process;
    BOOLEAN Queued;

    PspFreezeProcess(Process, TRUE);
    KeAcquireGuardedMutex(&Object->Lock);
    Queued = Process->DebugPort == Object; /* G2 */
    if (Queued) {
        InsertTailList(&Object->EventList, &Event->Links);
        DbgkpUpdate(Object);
    }
    KeReleaseGuardedMutex(&Object->Lock);
    if (!Queued) {
        PspFreezeProcess(Process, FALSE);
    }
    return Queued;
}

/* The event is off the list. */
static VOID
DbgkpComplete(PDBGK_EVENT Event, NTSTATUS Status)
{
    PspFreezeProcess(Event->Process, FALSE);
    if (Event->Synthetic) {
        DbgkpFreeEvent(Event);
    } else {
        Event->ContinueStatus = Status;
        KeSetEvent(&Event->Continued, 0, FALSE); /* frees it */
    }
}

VOID
DbgkpMarkPeb(PEPROCESS Process, BOOLEAN Debugged)
{
    SIZE_T Done;

    if (Process->Peb != NULL && Process->AddressSpace != NULL) {
        MiCopyOther(Process, (ULONG64)Process->Peb + PEB_BEING_DEBUGGED, &Debugged,
                    sizeof(Debugged), TRUE, &Done);
    }
}

/* Takes the port away, and lets the process go (G2). FALSE: it was not this object's. */
static BOOLEAN
DbgkpDetach(PDBGK_OBJECT Object, PEPROCESS Process)
{
    PETHREAD Thread = NULL;
    PLIST_ENTRY Entry;
    PDBGK_EVENT Event;

    KeAcquireGuardedMutex(&Object->Lock);
    if (Process->DebugPort != Object) {
        KeReleaseGuardedMutex(&Object->Lock);
        return FALSE;
    }
    KiChanges(PSP_SETTINGS_OF_PROCESS(Process));
    Process->DebugPort = NULL;
    Process->DebugKnown = FALSE;
    KeReleaseGuardedMutex(&Object->Lock);
    DbgkpMarkPeb(Process, FALSE);
    while ((Thread = PspReferenceNextThread(Process, Thread)) != NULL) {
        Thread->DebugKnown = FALSE;
    }
    do {
        Event = NULL;
        KeAcquireGuardedMutex(&Object->Lock);
        for (Entry = Object->EventList.Flink; Entry != &Object->EventList && Event == NULL;
             Entry = Entry->Flink) {
            Event = CONTAINING_RECORD(Entry, DBGK_EVENT, Links);
            if (Event->Process != Process) {
                Event = NULL;
            }
        }
        if (Event != NULL) {
            RemoveEntryList(&Event->Links);
            DbgkpUpdate(Object);
        }
        KeReleaseGuardedMutex(&Object->Lock);
        if (Event != NULL) { /* a breakpoint of ours is over, other exceptions are the process's */
            DbgkpComplete(Event, Event->Change.State == DBGK_BREAKPOINT
                                     ? DBG_CONTINUE
                                     : DBG_EXCEPTION_NOT_HANDLED);
        }
    } while (Event != NULL);
    ObDereferenceObject(Object); /* the port's */
    return TRUE;
}

/* The debugger has closed it, or has ended. */
static VOID
DbgkpClose(PVOID Body, PEPROCESS Closer, ULONG ProcessHandles, ULONG SystemHandles)
{
    PDBGK_OBJECT Object = Body;
    PEPROCESS Process = NULL;

    if (SystemHandles != 1) {
        return;
    }
    while ((Process = PspNextProcess(Process)) != NULL) {
        if (Process->DebugPort == Object) {
            ObpAddReference(Process);
            if (Object->KillOnClose) {
                PspTerminateProcess(Process, STATUS_DEBUGGER_INACTIVE);
            }
            DbgkpDetach(Object, Process);
            ObDereferenceObject(Process);
            Process = NULL; /* others may have come and gone: again */
        }
    }
}

VOID
DbgkCreateType(VOID)
{
    static const OB_METHODS Methods = {.Close = DbgkpClose};

    ObpCreateType(L"DebugObject", &Methods, &DbgkpMapping, DEBUG_ALL, sizeof(DBGK_OBJECT),
                  FIELD_OFFSET(DBGK_OBJECT, EventsPresent), &DbgkDebugObjectType);
}

VOID
DbgkInherit(PEPROCESS Process, PEPROCESS Parent, PDBGK_OBJECT Object)
{
    if (Object == NULL && Parent != NULL && !Parent->NoDebugInherit) {
        Object = Parent->DebugPort;
    }
    if (Object != NULL) {
        ObpAddReference(Object);
        Process->DebugPort = Object;
        DbgkpMarkPeb(Process, TRUE);
    }
}

NTSTATUS
DbgkOpenPort(PEPROCESS Process, PHANDLE Handle)
{
    PDBGK_OBJECT Object = Process->DebugPort;
    NTSTATUS Status;

    if (Object == NULL) {
        return STATUS_PORT_NOT_SET;
    }
    ObpAddReference(Object);
    Status = ObOpenObjectByPointer(Object, 0, NULL, MAXIMUM_ALLOWED, DbgkDebugObjectType,
                                   KiPreviousMode(), Handle);
    ObDereferenceObject(Object);
    return Status;
}

NTSTATUS NTAPI
NtCreateDebugObject(PHANDLE DebugHandle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                    ULONG Flags)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PDBGK_OBJECT Object;
    NTSTATUS Status;

    if ((Flags & ~DEBUG_KILL_ON_CLOSE) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ExpProbeHandle(DebugHandle, Mode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObCreateObject(Mode, DbgkDebugObjectType, Attributes, Mode, NULL, sizeof(DBGK_OBJECT),
                            0, sizeof(DBGK_OBJECT), (PVOID *)&Object);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeEvent(&Object->EventsPresent, NotificationEvent, FALSE);
    KeInitializeGuardedMutex(&Object->Lock);
    InitializeListHead(&Object->EventList);
    Object->KillOnClose = (Flags & DEBUG_KILL_ON_CLOSE) != 0;
    return ObpInsertFor(Object, Access, DebugHandle, Mode);
}

static NTSTATUS
DbgkpReferenceBoth(HANDLE ProcessHandle, HANDLE DebugHandle, PEPROCESS *Process,
                   PDBGK_OBJECT *Object)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    NTSTATUS Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_SUSPEND_RESUME,
                                                PsProcessTypeP, Mode, (PVOID *)Process, NULL);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(DebugHandle, DEBUG_PROCESS_ASSIGN, DbgkDebugObjectType,
                                           Mode, (PVOID *)Object, NULL);
        if (!NT_SUCCESS(Status)) {
            ObDereferenceObject(*Process);
        }
    }
    return Status;
}

NTSTATUS NTAPI
NtDebugActiveProcess(HANDLE ProcessHandle, HANDLE DebugHandle)
{
    PDBGK_OBJECT Object;
    PEPROCESS Process;
    NTSTATUS Status = DbgkpReferenceBoth(ProcessHandle, DebugHandle, &Process, &Object);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiChanges(PSP_SETTINGS_OF_PROCESS(Process));
    if (Process == PspThreadsProcess(PspCurrentThread()) || Process == PsInitialSystemProcess) {
        Status = STATUS_ACCESS_DENIED;
    } else if (Process->Exiting || Process->Pcb.Slice == 0) {
        Status = STATUS_PROCESS_IS_TERMINATING;
    } else if (Process->DebugPort != NULL) {
        Status = STATUS_PORT_ALREADY_SET;
    } else {
        ObpAddReference(Object);
        Process->DebugPort = Object;
        Process->NoDebugInherit = TRUE; /* as with DEBUG_ONLY_THIS_PROCESS */
        PspFreezeProcess(Process, TRUE);
        DbgkpMarkPeb(Process, TRUE);
        DbgkpPostAttached(Object, Process);
        PspFreezeProcess(Process, FALSE);
    }
    ObDereferenceObject(Object);
    ObDereferenceObject(Process);
    return Status;
}

NTSTATUS NTAPI
NtRemoveProcessDebug(HANDLE ProcessHandle, HANDLE DebugHandle)
{
    PDBGK_OBJECT Object;
    PEPROCESS Process;
    NTSTATUS Status = DbgkpReferenceBoth(ProcessHandle, DebugHandle, &Process, &Object);

    if (NT_SUCCESS(Status)) {
        Status = DbgkpDetach(Object, Process) ? STATUS_SUCCESS : STATUS_PORT_NOT_SET;
        ObDereferenceObject(Object);
        ObDereferenceObject(Process);
    }
    return Status;
}

/* A handle for the debugger; NULL where none can be had. */
static HANDLE
DbgkpOpen(PVOID Object, POBJECT_TYPE Type, ACCESS_MASK Access)
{
    HANDLE Handle;

    return NT_SUCCESS(ObOpenObjectByPointer(Object, 0, NULL, Access, Type, KernelMode, &Handle))
               ? Handle
               : NULL;
}

static HANDLE
DbgkpOpenFile(PUNICODE_STRING Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    WCHAR Room[PSP_PATH_ROOM];
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    if (!PspDeviceName(Name, Room, sizeof(Room), &Path)) {
        Path = *Name;
    }
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NT_SUCCESS(ZwOpenFile(&Handle, FILE_GENERIC_READ, &Attributes, &Iosb,
                                 FILE_SHARE_READ | FILE_SHARE_DELETE,
                                 FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE))
               ? Handle
               : NULL;
}

/* The event is marked read, the process frozen: what it refers to stays. */
static VOID
DbgkpOpenHandles(PDBGK_EVENT Event, DBGK_STATE_CHANGE *Change, PUNICODE_STRING Name)
{
    switch (Change->State) {
    case DBGK_CREATE_THREAD:
        Change->CreateThread.Thread = DbgkpOpen(Event->Thread, PsThreadTypeP, THREAD_ALL_ACCESS);
        break;
    case DBGK_CREATE_PROCESS:
        Change->CreateProcess.Process =
            DbgkpOpen(Event->Process, PsProcessTypeP, PROCESS_ALL_ACCESS);
        Change->CreateProcess.Thread = DbgkpOpen(Event->Thread, PsThreadTypeP, THREAD_ALL_ACCESS);
        Change->CreateProcess.File = Name->Buffer != NULL ? DbgkpOpenFile(Name) : NULL;
        break;
    case DBGK_LOAD_DLL:
        Change->LoadDll.File = DbgkpOpenFile(Name);
        break;
    }
}

static NTSTATUS
DbgkpRead(PDBGK_OBJECT Object, DBGK_STATE_CHANGE *Change)
{
    DBGK_EVENT Copy;
    PDBGK_EVENT Event;

    KeAcquireGuardedMutex(&Object->Lock);
    Event = DbgkpReadable(Object);
    if (Event != NULL) {
        Event->Read = TRUE;
        Copy = *Event;
        ObReferenceObject(Copy.Process); /* a detachment may come between */
        ObReferenceObject(Copy.Thread);
        if (Copy.FileName.Buffer != NULL) {
            Copy.FileName.Buffer = ExpAllocate(Copy.FileName.Length + sizeof(WCHAR), 'egbD');
            RtlCopyMemory(Copy.FileName.Buffer, Event->FileName.Buffer, Copy.FileName.Length);
        }
    }
    DbgkpUpdate(Object);
    KeReleaseGuardedMutex(&Object->Lock);
    if (Event == NULL) {
        return STATUS_NO_MORE_ENTRIES;
    }
    *Change = Copy.Change;
    DbgkpOpenHandles(&Copy, Change, &Copy.FileName);
    if (Copy.FileName.Buffer != NULL) {
        ExpFree(Copy.FileName.Buffer);
    }
    ObDereferenceObject(Copy.Thread);
    ObDereferenceObject(Copy.Process);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
NtWaitForDebugEvent(HANDLE DebugHandle, BOOLEAN Alertable, PLARGE_INTEGER Timeout, PVOID Change)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    LARGE_INTEGER Until = {.QuadPart = 0};
    DBGK_STATE_CHANGE Read;
    PDBGK_OBJECT Object;
    NTSTATUS Status;

    __try {
        if (Mode != KernelMode) {
            ProbeForWrite(Change, sizeof(Read), 8);
            if (Timeout != NULL) {
                ProbeForRead(Timeout, sizeof(*Timeout), 4);
            }
        }
        if (Timeout != NULL) {
            Until = *Timeout;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    Status = ObReferenceObjectByHandle(DebugHandle, DEBUG_READ_EVENT, DbgkDebugObjectType, Mode,
                                       (PVOID *)&Object, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Until.QuadPart <
        0) { /* absolute: another reader may be faster, and the wait begins again */
        Until.QuadPart = (LONGLONG)KiQuerySystemTime() - Until.QuadPart;
    }
    do {
        Status = KeWaitForSingleObject(&Object->EventsPresent, Executive, Mode, Alertable,
                                       Timeout != NULL ? &Until : NULL);
        if (Status != STATUS_SUCCESS) {
            break;
        }
        Status = DbgkpRead(Object, &Read);
    } while (Status == STATUS_NO_MORE_ENTRIES);
    ObDereferenceObject(Object);
    if (Status == STATUS_SUCCESS) {
        __try {
            RtlCopyMemory(Change, &Read, sizeof(Read));
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
    }
    return Status;
}

NTSTATUS NTAPI
NtDebugContinue(HANDLE DebugHandle, PCLIENT_ID ClientId, NTSTATUS ContinueStatus)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PDBGK_OBJECT Object;
    PDBGK_EVENT Event = NULL;
    CLIENT_ID Id;
    NTSTATUS Status;

    __try {
        if (Mode != KernelMode) {
            ProbeForRead(ClientId, sizeof(*ClientId), 8);
        }
        Id = *ClientId;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (ContinueStatus != DBG_CONTINUE && ContinueStatus != DBG_EXCEPTION_HANDLED &&
        ContinueStatus != DBG_EXCEPTION_NOT_HANDLED) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObReferenceObjectByHandle(DebugHandle, DEBUG_READ_EVENT, DbgkDebugObjectType, Mode,
                                       (PVOID *)&Object, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeAcquireGuardedMutex(&Object->Lock);
    for (PLIST_ENTRY Entry = Object->EventList.Flink; Entry != &Object->EventList && Event == NULL;
         Entry = Entry->Flink) {
        Event = CONTAINING_RECORD(Entry, DBGK_EVENT, Links);
        if (!Event->Read || Event->Change.Cid.UniqueProcess != Id.UniqueProcess ||
            Event->Change.Cid.UniqueThread != Id.UniqueThread) {
            Event = NULL;
        }
    }
    if (Event != NULL) {
        RemoveEntryList(&Event->Links);
        DbgkpUpdate(Object);
    }
    KeReleaseGuardedMutex(&Object->Lock);
    if (Event != NULL) {
        DbgkpComplete(Event, ContinueStatus);
    } else {
        Status = STATUS_INVALID_PARAMETER;
    }
    ObDereferenceObject(Object);
    return Status;
}

/* The one class: DebugObjectKillProcessOnExitInformation, a ULONG. */
NTSTATUS NTAPI
NtSetInformationDebugObject(HANDLE DebugHandle, ULONG Class, PVOID Information, ULONG Length,
                            PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PDBGK_OBJECT Object;
    ULONG Flags;
    NTSTATUS Status;

    if (Class != 1) {
        return STATUS_INVALID_PARAMETER;
    }
    __try {
        if (Mode != KernelMode) {
            ProbeForRead(Information, Length, 4);
            if (ReturnLength != NULL) {
                ProbeForWrite(ReturnLength, sizeof(ULONG), 4);
            }
        }
        if (ReturnLength != NULL) {
            *ReturnLength = sizeof(ULONG);
        }
        if (Length != sizeof(ULONG)) {
            return STATUS_INFO_LENGTH_MISMATCH;
        }
        Flags = *(PULONG)Information;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if ((Flags & ~DEBUG_KILL_ON_CLOSE) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObReferenceObjectByHandle(DebugHandle, DEBUG_SET_INFORMATION, DbgkDebugObjectType,
                                       Mode, (PVOID *)&Object, NULL);
    if (NT_SUCCESS(Status)) {
        Object->KillOnClose = (Flags & DEBUG_KILL_ON_CLOSE) != 0;
        ObDereferenceObject(Object);
    }
    return Status;
}
