/*
 * thread.c - thread objects and system threads.
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

NTSTATUS
PspCreateThreadObject(PEPROCESS Process, PKSTART_ROUTINE Routine, PVOID Context,
                      PCONTEXT UserContext, PVOID Teb, PETHREAD *Result)
{
    OBJECT_ATTRIBUTES Attributes;
    PETHREAD Thread;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    Status = ObCreateObject(KernelMode, PsThreadTypeP, &Attributes, KernelMode, NULL,
                            sizeof(ETHREAD), 0, sizeof(ETHREAD), (PVOID *)&Thread);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlZeroMemory(Thread, sizeof(*Thread));
    if (Process != PsInitialSystemProcess) { /* drivers' threads: nobody lists them to compare */
        KiLooksAt(PSP_ALL_IDS);
    }
    InitializeListHead(&Thread->IrpList); /* before it stands in its process's list */
    InitializeListHead(&Thread->Timers);
    KiInitializeThread(&Thread->Tcb, &Process->Pcb, KiAgent(), Routine, Context, UserContext, Teb);
    ObReferenceObject(Process);
    Thread->Cid.UniqueProcess = Process->UniqueProcessId;
    Thread->Cid.UniqueThread = (HANDLE)((ULONG_PTR)Thread->Tcb.Agent.Slot * 4);
    Thread->ExitStatus = STATUS_PENDING;
    Thread->IoPriority = IoPriorityNormal;
    Thread->PagePriority = PSP_NORMAL_PAGE_PRIORITY;
    Thread->CreateTime.QuadPart = KiQuerySystemTime();
    Status = ObpInsertUnnamed(Thread, Process->Token);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Thread);
        return Status;
    }
    *Result = Thread;
    return STATUS_SUCCESS;
}

VOID
PspStartThread(PETHREAD Thread)
{
    PEPROCESS Process = PspThreadsProcess(Thread);

    Process->ActiveThreads++;
    ObReferenceObject(Thread); /* until it has ended */
    KiTrace(EV_THREAD_CREATE, Thread, (ULONG64)Thread->StartAddress, Thread->Tcb.Agent.Name,
            (ULONG64)Thread->Cid.UniqueThread, (ULONG64)Thread->Cid.UniqueProcess);
    PspNotifyThread(Thread, TRUE);
    if (Process->FreezeCount != 0) {
        KiFreezeThread(&Thread->Tcb, &Process->FreezeCount);
    }
    KiStartThread(&Thread->Tcb);
}

/*
 * The images of a new process are told of here: after the process and its thread, before any user code. Of threads that another process
 * has made any may be the first; `Context` is not NULL then. One that its own process has made comes behind that.
 */
VOID
PspUserThreadStartup(PVOID Context)
{
    PEPROCESS Process = PspCurrentProcess();

    if (Context != NULL && !Process->Begun) {
        KiChanges(&Process->Begun);
    } else if (Context != NULL) {
        KiLooksAt(&Process->Begun);
    }
    if (!Process->Begun) {
        Process->Begun = TRUE;
        for (PLIST_ENTRY Entry = Process->ModuleList.Flink; Entry != &Process->ModuleList;
             Entry = Entry->Flink) {
            PKI_MODULE Module = CONTAINING_RECORD(Entry, KI_MODULE, InLoadOrderLinks);

            PspCallImageNotify(&Module->FullDllName, Process->UniqueProcessId, Module);
        }
    }
    DbgkCreateThread();
}

/* Every system thread; returning ends it. A driver's begins in a critical region: normal kernel APCs are
   off (documented for PsCreateSystemThread). */
static VOID
PspSystemThreadStartup(PVOID Context)
{
    PETHREAD Thread = PspCurrentThread();

    if (Thread->InRegion) {
        KeEnterCriticalRegion();
    }
    ((PKSTART_ROUTINE)Thread->StartAddress)(Context);
    PspExitThread(STATUS_SUCCESS);
}

NTSTATUS
PspCreateSystemThread(PKSTART_ROUTINE Routine, PVOID Context, PETHREAD *Result)
{
    NTSTATUS Status = PspCreateThreadObject(PsInitialSystemProcess, PspSystemThreadStartup, Context,
                                            NULL, NULL, Result);

    if (NT_SUCCESS(Status)) {
        (*Result)->StartAddress = (PVOID)Routine;
        PspStartThread(*Result);
    }
    return Status;
}

NTSTATUS NTAPI
PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
                     HANDLE ProcessHandle, PCLIENT_ID ClientId, PKSTART_ROUTINE StartRoutine,
                     PVOID StartContext)
{
    PEPROCESS Process = PsInitialSystemProcess;
    PETHREAD Thread;
    HANDLE Handle;
    NTSTATUS Status;

    PAGED_CODE();
    if (ProcessHandle != NULL) {
        Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_CREATE_THREAD, PsProcessTypeP,
                                           KernelMode, (PVOID *)&Process, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Status =
        PspCreateThreadObject(Process, PspSystemThreadStartup, StartContext, NULL, NULL, &Thread);
    if (ProcessHandle != NULL) {
        ObDereferenceObject(Process);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Thread->StartAddress = (PVOID)StartRoutine;
    Thread->InRegion = TRUE;
    Status = ObOpenObjectByPointer(
        Thread, ObjectAttributes != NULL ? ObjectAttributes->Attributes & ~OBJ_CASE_INSENSITIVE : 0,
        NULL, DesiredAccess != 0 ? DesiredAccess : THREAD_ALL_ACCESS, PsThreadTypeP, KernelMode,
        &Handle);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Thread);
        return Status;
    }
    if (ClientId != NULL) {
        *ClientId = Thread->Cid;
    }
    *ThreadHandle = Handle;
    PspStartThread(Thread);
    ObDereferenceObject(Thread);
    return STATUS_SUCCESS;
}
