/*
 * teardown.c - the end of an instance.
 *
 * [DDI: PFLT_INSTANCE_TEARDOWN_CALLBACK; IFS: loading-and-unloading, performing-completion-processing-for-an-i-o-operation;
 * nt-semantics-2 1.8]
 *
 *   T1  InstanceTeardownStart first: the filter completes or resumes what it has pended. New operations pass the
 *       instance by from before it is called.
 *   T2  Then operations that are below get their post-callback at once, with a copy of the data and DRAINING; one
 *       whose buffers were swapped cannot be drained: it is cancelled and waited for.
 *   T3  InstanceTeardownComplete when no operation and no I/O of the instance's own is left (IoRundown).
 *   T4  Then the contexts, when no work item of the instance is left (work.c, D2), then the memory, when nobody refers
 *       to the instance any more.
 */
#include "fltp.h"

/* T2. One node of the list, copied and marked as ours; FALSE: none is left. */
static BOOLEAN
FltpTakePassed(PFLT_INSTANCE Instance, PFLTP_NODE Copy, PBOOLEAN Cancel)
{
    BOOLEAN Found = FALSE;
    KIRQL OldIrql;

    KeAcquireSpinLock(&Instance->OperationLock, &OldIrql);
    for (PLIST_ENTRY Entry = Instance->Passed.Flink; Entry != &Instance->Passed && !Found;
         Entry = Entry->Flink) {
        PFLTP_NODE Node = CONTAINING_RECORD(Entry, FLTP_NODE, Links);

        *Copy = *Node;
        if (Node->Swapped) {
            if (!Node->Operation->Cancelled) {
                Node->Operation->Cancelled = TRUE;
                InterlockedIncrement(&Node->Operation->References);
                Found = TRUE;
                *Cancel = TRUE;
            }
        } else if (InterlockedCompareExchange(&Node->Taken, 1, 0) == 0) {
            RemoveEntryList(&Node->Links);
            InterlockedIncrement(&Copy->Operation->References);
            Found = TRUE;
            *Cancel = FALSE;
        }
    }
    KeReleaseSpinLock(&Instance->OperationLock, OldIrql);
    return Found;
}

static VOID
FltpDrain(PFLT_INSTANCE Instance)
{
    FLT_RELATED_OBJECTS Objects;
    PFLTP_OPERATION Copy;
    FLTP_NODE Node;
    BOOLEAN Cancel;

    while (FltpTakePassed(Instance, &Node, &Cancel)) {
        PFLTP_OPERATION Operation = Node.Operation;

        if (Cancel) {
            if (Operation->Irp != NULL) {
                FltpCancel(Operation);
            }
            FltpDereferenceOperation(Operation);
            continue;
        }
        Copy = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Copy), FLTP_TAG_OPERATION);
        if (Copy != NULL) {
            RtlCopyMemory(Copy, Operation, sizeof(*Copy));
            *(PFLT_IO_PARAMETER_BLOCK *)&Copy->Data.Iopb = &Copy->Iopb;
            Copy->Iopb = Node.Before;
            Copy->Iopb.TargetInstance = Instance;
            Copy->Data.Flags |=
                FLTFL_CALLBACK_DATA_DRAINING_IO | FLTFL_CALLBACK_DATA_POST_OPERATION;
            Copy->Data.IoStatus.Status = STATUS_FLT_POST_OPERATION_CLEANUP;
            Copy->Data.IoStatus.Information = 0;
            FltpFillObjects(&Objects, Instance->Filter, Instance->Volume, Instance,
                            Copy->Iopb.TargetFileObject);
            if (Node.Post != NULL) {
                Node.Post(&Copy->Data, &Objects, Node.Context, FLTFL_POST_OPERATION_DRAINING);
            }
            ExFreePoolWithTag(Copy, FLTP_TAG_OPERATION);
        }
        FltpDereferenceOperation(Operation);
        ExReleaseRundownProtection(&Instance->IoRundown);
    }
}

/* The caller's reference on Instance is taken over. */
VOID
FltpTearDown(PFLT_INSTANCE Instance, FLT_INSTANCE_TEARDOWN_FLAGS Reason)
{
    PFLT_FILTER Filter = Instance->Filter;
    PFLT_VOLUME Volume = Instance->Volume;
    FLT_RELATED_OBJECTS Objects;

    FltpAcquireExclusive(&Volume->Lock);
    if (Instance->TearingDown || Instance->SettingUp) { /* somebody else is at it */
        FltpRelease(&Volume->Lock);
        FltObjectDereference(Instance);
        /* What comes next needs it gone: wait until it has left the filter's list. */
        KeDelayExecutionThread(KernelMode, FALSE, &(LARGE_INTEGER){.QuadPart = -10000});
        return;
    }
    Instance->TearingDown = TRUE;
    Instance->Header.Deleting = TRUE;
    if (Instance->Enabled) {
        FltpNoteProvider(Instance, -1);
    }
    Instance->Enabled = FALSE; /* T1 */
    FltpRelease(&Volume->Lock);
    FltpFillObjects(&Objects, Filter, Volume, Instance, NULL);
    if (Filter->Registration.InstanceTeardownStartCallback != NULL) {
        Filter->Registration.InstanceTeardownStartCallback(&Objects, Reason);
    }
    FltpDrain(Instance);
    ExWaitForRundownProtectionRelease(&Instance->IoRundown);
    if (Filter->Registration.InstanceTeardownCompleteCallback != NULL) {
        Filter->Registration.InstanceTeardownCompleteCallback(&Objects, Reason); /* T3 */
    }
    ExWaitForRundownProtectionRelease(&Instance->Header.WorkItems);
    FltpForgetTargets(Instance);
    FltpForgetInstance(Instance); /* T4 */
    FltpRemoveContexts(&Instance->Contexts, NULL);
    FltpAcquireExclusive(&FltpLock);
    ExAcquireResourceExclusiveLite(&Volume->Lock, TRUE);
    RemoveEntryList(&Instance->Header.Links);
    RemoveEntryList(&Instance->FilterLinks);
    IopSetPassing(Volume->DeviceObject, IsListEmpty(&Volume->Instances));
    ExReleaseResourceLite(&Volume->Lock);
    FltpRelease(&FltpLock);
    FltObjectDereference(Instance); /* the caller's */
    ExWaitForRundownProtectionRelease(&Instance->Header.Rundown);
    FltpFreeString(&Instance->Name);
    FltpFreeString(&Instance->Altitude);
    ExFreePoolWithTag(Instance, FLTP_TAG_INSTANCE);
}
