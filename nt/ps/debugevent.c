/*
 * debugevent.c - what a debuggee tells its debugger of, in the thread to which it happens.
 *
 * Such a thread freezes its whole process, itself included, puts the event into the queue of the debug object and waits
 * until the debugger continues it (or is gone). It waits in a critical region: its own suspension finds it
 * afterwards; contexts are read and set meanwhile, by special APCs. Its termination waits for the continuation.
 *
 *   D1  Process and threads are told of once (ETHREAD.DebugKnown): by themselves before their first user code, or by
 *       who attached to them.
 *   D2  The last thread's end is the process's: LeavingThreads counts those that are past telling theirs, until they
 *       are no longer active (exit.c).
 * Source: Win32 "Debugging Events", DEBUG_EVENT; [PH:ntdbg.h].
 */
#include "nt/ps/psp.h"

PDBGK_EVENT
DbgkpMakeEvent(PETHREAD Thread, ULONG State, PKI_MODULE Module)
{
    PDBGK_EVENT Event = ExpAllocate(sizeof(*Event), 'egbD');

    RtlZeroMemory(Event, sizeof(*Event));
    KeInitializeEvent(&Event->Continued, SynchronizationEvent, FALSE);
    Event->Thread = Thread;
    Event->Process = PspThreadsProcess(Thread);
    ObpAddReference(Event->Thread);
    ObpAddReference(Event->Process);
    Event->Change.State = State;
    Event->Change.Cid = Thread->Cid;
    if (Module != NULL) {
        Event->FileName = Module->FullDllName;
        Event->FileName.Buffer = ExpAllocate(Module->FullDllName.Length + sizeof(WCHAR), 'egbD');
        RtlCopyMemory(Event->FileName.Buffer, Module->FullDllName.Buffer,
                      Module->FullDllName.Length);
    }
    return Event;
}

VOID
DbgkpFreeEvent(PDBGK_EVENT Event)
{
    if (Event->FileName.Buffer != NULL) {
        ExpFree(Event->FileName.Buffer);
    }
    ObDereferenceObject(Event->Thread);
    ObDereferenceObject(Event->Process);
    ExpFree(Event);
}

/* The current process's debugger, referenced; NULL for one that has none, or must not hear of this thread. */
static PDBGK_OBJECT
DbgkpPort(VOID)
{
    PDBGK_OBJECT Object = PspThreadsProcess(PspCurrentThread())->DebugPort;

    if (Object == NULL || PspCurrentThread()->HideFromDebugger) {
        return NULL;
    }
    ObpAddReference(Object);
    return Object;
}

/* Queues the event, waits and frees it. The status that the debugger continued with. */
static NTSTATUS
DbgkpReport(PDBGK_OBJECT Object, PDBGK_EVENT Event)
{
    NTSTATUS Status = DBG_EXCEPTION_NOT_HANDLED;

    KeEnterCriticalRegion();
    if (DbgkpQueueEvent(Object, Event)) {
        KeWaitForSingleObject(&Event->Continued, Executive, KernelMode, FALSE, NULL);
        Status = Event->ContinueStatus;
    }
    DbgkpFreeEvent(Event);
    KeLeaveCriticalRegion();
    return Status;
}

static PDBGK_EVENT
DbgkpModuleEvent(PETHREAD Thread, PKI_MODULE Module)
{
    PDBGK_EVENT Event = DbgkpMakeEvent(Thread, DBGK_LOAD_DLL, Module);

    Event->Change.LoadDll.BaseOfDll = Module->DllBase;
    Event->Change.LoadDll.DebugInfoFileOffset = 0;
    return Event;
}

/* By number: while an event is told of, images may come and go. */
static PKI_MODULE
DbgkpModuleAt(PEPROCESS Process, ULONG Index)
{
    for (PLIST_ENTRY Entry = Process->ModuleList.Flink; Entry != &Process->ModuleList;
         Entry = Entry->Flink) {
        if (Index-- == 0) {
            return CONTAINING_RECORD(Entry, KI_MODULE, InLoadOrderLinks);
        }
    }
    return NULL;
}

static PDBGK_EVENT
DbgkpProcessEvent(PETHREAD Thread, PVOID Start)
{
    PEPROCESS Process = PspThreadsProcess(Thread);
    PKI_MODULE Module = MiFindUserModule(Process, Process->SectionBaseAddress);
    PDBGK_EVENT Event = DbgkpMakeEvent(Thread, DBGK_CREATE_PROCESS, Module);

    Event->Change.CreateProcess.BaseOfImage = Process->SectionBaseAddress;
    Event->Change.CreateProcess.StartAddress = Start;
    return Event;
}

static PDBGK_EVENT
DbgkpThreadEvent(PETHREAD Thread, PVOID Start)
{
    PDBGK_EVENT Event = DbgkpMakeEvent(Thread, DBGK_CREATE_THREAD, NULL);

    Event->Change.CreateThread.StartAddress = Start;
    return Event;
}

/* The current thread begins: with it its process, or it alone (D1). */
VOID
DbgkCreateThread(VOID)
{
    PETHREAD Thread = PspCurrentThread();
    PEPROCESS Process = PspThreadsProcess(Thread);
    PDBGK_OBJECT Object = DbgkpPort();
    PKI_MODULE Module;

    if (Object == NULL) {
        return;
    }
    if (Thread->DebugKnown) {
        ObDereferenceObject(Object);
        return;
    }
    Thread->DebugKnown = TRUE;
    if (Process->DebugKnown) {
        DbgkpReport(Object, DbgkpThreadEvent(Thread, Thread->StartAddress));
    } else {
        Process->DebugKnown = TRUE;
        DbgkpReport(Object, DbgkpProcessEvent(Thread, Thread->StartAddress));
        for (ULONG Index = 0; (Module = DbgkpModuleAt(Process, Index)) != NULL; Index++) {
            if (Module->DllBase != Process->SectionBaseAddress) {
                DbgkpReport(Object, DbgkpModuleEvent(Thread, Module));
            }
        }
    }
    ObDereferenceObject(Object);
}

VOID
DbgkExitThread(NTSTATUS Status)
{
    PETHREAD Thread = PspCurrentThread();
    PEPROCESS Process = PspThreadsProcess(Thread);
    PDBGK_OBJECT Object = DbgkpPort();
    PDBGK_EVENT Event;
    BOOLEAN Last;

    Last = ++Process->LeavingThreads == Process->ActiveThreads; /* D2 */
    if (Object == NULL) {
        return;
    }
    if (Thread->DebugKnown) {
        Event = DbgkpMakeEvent(Thread, Last ? DBGK_EXIT_PROCESS : DBGK_EXIT_THREAD, NULL);
        Event->Change.ExitStatus =
            Last && Process->ExitStatus != STATUS_PENDING ? Process->ExitStatus : Status;
        DbgkpReport(Object, Event);
    }
    ObDereferenceObject(Object);
}

BOOLEAN
DbgkException(PEXCEPTION_RECORD Record, BOOLEAN First)
{
    PETHREAD Thread = PspCurrentThread();
    PDBGK_OBJECT Object = DbgkpPort();
    PDBGK_EVENT Event;
    NTSTATUS Status;

    if (Object == NULL) {
        return FALSE;
    }
    Event = DbgkpMakeEvent(Thread,
                           Record->ExceptionCode == STATUS_BREAKPOINT    ? DBGK_BREAKPOINT
                           : Record->ExceptionCode == STATUS_SINGLE_STEP ? DBGK_SINGLE_STEP
                                                                         : DBGK_EXCEPTION,
                           NULL);
    Event->Change.Exception.Record = *Record;
    Event->Change.Exception.FirstChance = First;
    Status = DbgkpReport(Object, Event);
    ObDereferenceObject(Object);
    return Status == DBG_CONTINUE || Status == DBG_EXCEPTION_HANDLED;
}

/* Images that somebody else maps into the process are not told of: no thread of it could wait. */
VOID
DbgkMapImage(PEPROCESS Process, PKI_MODULE Module)
{
    PDBGK_OBJECT Object;

    if (Process != PspThreadsProcess(PspCurrentThread()) || (Object = DbgkpPort()) == NULL) {
        return;
    }
    DbgkpReport(Object, DbgkpModuleEvent(PspCurrentThread(), Module));
    ObDereferenceObject(Object);
}

VOID
DbgkUnmapImage(PEPROCESS Process, PVOID Base)
{
    PDBGK_OBJECT Object;
    PDBGK_EVENT Event;

    if (Process != PspThreadsProcess(PspCurrentThread()) || (Object = DbgkpPort()) == NULL) {
        return;
    }
    Event = DbgkpMakeEvent(PspCurrentThread(), DBGK_UNLOAD_DLL, NULL);
    Event->Change.UnloadBase = Base;
    DbgkpReport(Object, Event);
    ObDereferenceObject(Object);
}

static VOID
DbgkpPost(PDBGK_OBJECT Object, PDBGK_EVENT Event)
{
    Event->Synthetic = TRUE;
    if (!DbgkpQueueEvent(Object, Event)) {
        DbgkpFreeEvent(Event);
    }
}

/* What the process is at this moment, as events that nobody waits for; start addresses are not known any more. */
VOID
DbgkpPostAttached(PDBGK_OBJECT Object, PEPROCESS Process)
{
    PETHREAD Thread = NULL, First = NULL;
    PKI_MODULE Module;

    while ((Thread = PspReferenceNextThread(Process, Thread)) != NULL) {
        if (Thread->Terminating || Thread->DebugKnown || Thread->Tcb.State == Initialized) {
            continue;
        }
        Thread->DebugKnown = TRUE;
        if (First == NULL) {
            First = Thread;
            ObReferenceObject(First);
            Process->DebugKnown = TRUE;
            DbgkpPost(Object, DbgkpProcessEvent(Thread, NULL));
        } else {
            DbgkpPost(Object, DbgkpThreadEvent(Thread, NULL));
        }
    }
    if (First == NULL) {
        return;
    }
    for (ULONG Index = 0; (Module = DbgkpModuleAt(Process, Index)) != NULL; Index++) {
        if (Module->DllBase != Process->SectionBaseAddress) {
            DbgkpPost(Object, DbgkpModuleEvent(First, Module));
        }
    }
    ObDereferenceObject(First);
}
