/*
 * process.c - process objects: the System process, creation of an empty one, deletion.
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

const GENERIC_MAPPING PspProcessMapping = {
    STANDARD_RIGHTS_READ | PROCESS_VM_READ | PROCESS_QUERY_INFORMATION,
    STANDARD_RIGHTS_WRITE | PROCESS_CREATE_PROCESS | PROCESS_CREATE_THREAD | PROCESS_VM_OPERATION |
        PROCESS_VM_WRITE | PROCESS_DUP_HANDLE | PROCESS_TERMINATE | PROCESS_SET_QUOTA |
        PROCESS_SET_INFORMATION | PROCESS_SUSPEND_RESUME,
    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION | PROCESS_TERMINATE,
    PROCESS_ALL_ACCESS};
const GENERIC_MAPPING PspThreadMapping = {
    STANDARD_RIGHTS_READ | THREAD_GET_CONTEXT | THREAD_QUERY_INFORMATION,
    STANDARD_RIGHTS_WRITE | THREAD_TERMINATE | THREAD_SUSPEND_RESUME | THREAD_ALERT |
        THREAD_SET_INFORMATION | THREAD_SET_CONTEXT | THREAD_SET_LIMITED_INFORMATION,
    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE | THREAD_QUERY_LIMITED_INFORMATION | THREAD_RESUME,
    THREAD_ALL_ACCESS};

static VOID
PspDeleteProcess(PVOID Object)
{
    PEPROCESS Process = Object;

    if (Process->ActiveProcessLinks.Flink != NULL) {
        if (Machine->explore) {
            KiAcquirePoint(SP_OBJECT, PSP_ID(Process->UniqueProcessId), NULL,
                           KI_ALSO_READS(PSP_ALL_IDS));
        }
        RemoveEntryList(&Process->ActiveProcessLinks);
    }
    if (Process->HandleTable != NULL) { /* it never came to life */
        ObpCloseAllHandles(Process);
    }
    MiDeleteAddressSpace(Process);
    if (Process->Job != NULL) {
        ObDereferenceObject(Process->Job);
    }
    if (Process->DebugPort != NULL) {
        ObDereferenceObject(Process->DebugPort);
    }
    if (Process->Token != NULL) {
        ObDereferenceObject(Process->Token);
    }
    if (Process->ImagePath.Buffer != NULL) {
        ExpFree(Process->ImagePath.Buffer);
    }
    if (Process->Agent.Slot != 0) {
        KiDeleteAgent(&Process->Agent);
    }
}

static VOID
PspDeleteThread(PVOID Object)
{
    PETHREAD Thread = Object;

    if (Thread->Tcb.Process != NULL) {
        KiFreeThreadStack(&Thread->Tcb);
        ObDereferenceObject(Thread->Tcb.Process);
    }
    if (Thread->ImpersonationToken != NULL) {
        ObDereferenceObject(Thread->ImpersonationToken);
    }
}

NTSTATUS
PspCreateProcessObject(PEPROCESS Parent, PACCESS_TOKEN Token, BOOLEAN User, PEPROCESS *Result)
{
    OBJECT_ATTRIBUTES Attributes;
    PEPROCESS Process;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    Status = ObCreateObject(KernelMode, PsProcessTypeP, &Attributes, KernelMode, NULL,
                            sizeof(EPROCESS), 0, sizeof(EPROCESS), (PVOID *)&Process);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlZeroMemory(Process, sizeof(*Process));
    KiInitializeAgent(&Process->Agent, KiAgent());
    Process->UniqueProcessId = (HANDLE)((ULONG_PTR)Process->Agent.Slot * 4);
    Process->InheritedFromUniqueProcessId = Parent != NULL ? Parent->UniqueProcessId : NULL;
    Process->ExitStatus = STATUS_PENDING;
    Process->DefaultHardErrorProcessing =
        Parent != NULL ? Parent->DefaultHardErrorProcessing : 1; /* inherited: SetErrorMode */
    InitializeListHead(&Process->ModuleList);
    KeInitializeGuardedMutex(&Process->Lock);
    KiInitializeProcess(&Process->Pcb, 8, KeQueryActiveProcessors(), 0);
    Process->CreateTime.QuadPart = KiQuerySystemTime();
    Process->Token = Token;
    SepReferenceToken(Token);
    Process->HandleTable = ObpCreateHandleTable(Process);
    KiLooksAt(PSP_ALL_IDS);
    InsertTailList(&PsActiveProcessHead, &Process->ActiveProcessLinks);
    Status = ObpInsertUnnamed(Process, Token);
    if (!NT_SUCCESS(Status)) {
        ObDereferenceObject(Process);
        return Status;
    }
    if (Parent != NULL && User) {
        Status = PspInheritJob(Process, Parent);
        if (!NT_SUCCESS(Status)) {
            ObDereferenceObject(Process);
            return Status;
        }
    }
    if (User) {
        Status = MiCreateAddressSpace(Process);
        if (!NT_SUCCESS(Status)) {
            ObDereferenceObject(Process);
            return Status;
        }
    }
    *Result = Process;
    return STATUS_SUCCESS;
}

static VOID
PspMakeTypes(VOID)
{
    static const OB_METHODS ProcessMethods = {.Delete = PspDeleteProcess};
    static const OB_METHODS ThreadMethods = {.Delete = PspDeleteThread};

    ObpCreateType(L"Process", &ProcessMethods, &PspProcessMapping, PROCESS_ALL_ACCESS,
                  sizeof(EPROCESS), FIELD_OFFSET(EPROCESS, Pcb.Header), &PsProcessTypeP);
    ObpCreateType(L"Thread", &ThreadMethods, &PspThreadMapping, THREAD_ALL_ACCESS, sizeof(ETHREAD),
                  FIELD_OFFSET(ETHREAD, Tcb.Header), &PsThreadTypeP);
    PspCreateJobType();
    DbgkCreateType();
    ObpWatchType(PsProcessTypeP);
    ObpWatchType(PsThreadTypeP);
    PsProcessType = (POBJECT_TYPE *)PsProcessTypeP;
    PsThreadType = (POBJECT_TYPE *)PsThreadTypeP;
    PsJobType = (POBJECT_TYPE *)PsJobTypeP;
}

BOOLEAN
PsInitSystem(ULONG Phase)
{
    if (Phase == 0) {
        PspMakeTypes();
        if (!NT_SUCCESS(
                PspCreateProcessObject(NULL, SepSystemToken(), FALSE, &PsInitialSystemProcess))) {
            return FALSE;
        }
        PsInitialSystemProcess->UniqueProcessId = (HANDLE)4;
        /* Kernel handles are the System process's handles. */
        ObpUseKernelTable(PsInitialSystemProcess);
        PsIdleProcess = (PEPROCESS)KiPrcb()->IdleThread->Process;
        InitializeListHead(&PsIdleProcess->ModuleList);
        RtlCopyMemory(PsInitialSystemProcess->ImageFileName, "System", 7);
    }
    return TRUE;
}
