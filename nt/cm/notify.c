/*
 * notify.c - NtNotifyChangeKey: being told that a key or its tree has changed.
 *
 * A request waits on the node's list until one change that its filter names (and, without WatchTree, that
 * happens to the key itself), or until the handle is closed: then it ends with STATUS_NOTIFY_ENUM_DIR or
 * STATUS_NOTIFY_CLEANUP. A synchronous one waits for that in its thread.
 *
 * Facts: the DDI page of ZwNotifyChangeKey.
 */
#include "cmp.h"

#ifndef STATUS_NOTIFY_CLEANUP
#define STATUS_NOTIFY_CLEANUP ((NTSTATUS)0x0000010B)
#endif
#ifndef STATUS_NOTIFY_ENUM_DIR
#define STATUS_NOTIFY_ENUM_DIR ((NTSTATUS)0x0000010C)
#endif

typedef struct _CM_NOTIFY {
    LIST_ENTRY Link;
    PCM_KEY Key;
    ULONG Filter;
    BOOLEAN Tree;
    BOOLEAN Asynchronous;
    NTSTATUS Status;
    PKEVENT Event;             /* the caller's, referenced; or the waiting thread's own */
    PIO_STATUS_BLOCK IoStatus; /* in Process */
    PEPROCESS Process;         /* referenced */
} CM_NOTIFY, *PCM_NOTIFY;

static VOID
CmpFinish(PCM_NOTIFY Notify, NTSTATUS Status)
{
    RemoveEntryList(&Notify->Link);
    Notify->Status = Status;
    if (!Notify->Asynchronous) {
        KeSetEvent(Notify->Event, EVENT_INCREMENT, FALSE);
        return;
    }
    if (Notify->IoStatus != NULL) {
        KAPC_STATE State;

        KeStackAttachProcess((PVOID)Notify->Process, &State);
        __try {
            Notify->IoStatus->Status = Status;
            Notify->IoStatus->Information = 0;
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            /* The caller has taken its memory away. */
        }
        KeUnstackDetachProcess(&State);
    }
    if (Notify->Event != NULL) {
        KeSetEvent(Notify->Event, EVENT_INCREMENT, FALSE);
        ObDereferenceObject(Notify->Event);
    }
    ObDereferenceObject(Notify->Process);
    ExpFree(Notify);
}

VOID
CmpNotify(PCM_NODE Node, ULONG Filter)
{
    for (PCM_NODE At = Node; At != NULL; At = At->Parent) {
        for (PLIST_ENTRY Link = At->Notifies.Flink; Link != &At->Notifies;) {
            PCM_NOTIFY Notify = CONTAINING_RECORD(Link, CM_NOTIFY, Link);

            Link = Link->Flink;
            if ((Notify->Filter & Filter) && (At == Node || Notify->Tree)) {
                CmpFinish(Notify, STATUS_NOTIFY_ENUM_DIR);
                Link = At->Notifies.Flink; /* others may have come and gone */
            }
        }
    }
}

VOID
CmpDropNotifies(PCM_NODE Node, PCM_KEY Key)
{
    if (!Key->Notified) {
        return;
    }
    if (Machine->explore != ABI_EXPLORE_OFF) {
        KiAcquirePoint(SP_REGISTRY, Node, NULL, (ULONG_PTR)CMP_WATCHERS | KI_REGISTRY_CHANGES);
    }
    for (PLIST_ENTRY Link = Node->Notifies.Flink; Link != &Node->Notifies;) {
        PCM_NOTIFY Notify = CONTAINING_RECORD(Link, CM_NOTIFY, Link);

        Link = Link->Flink;
        if (Notify->Key == Key) {
            CmpFinish(Notify, STATUS_NOTIFY_CLEANUP);
            Link = Node->Notifies.Flink;
        }
    }
}

NTSTATUS NTAPI
NtNotifyChangeKey(HANDLE KeyHandle, HANDLE Event, PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                  PIO_STATUS_BLOCK IoStatusBlock, ULONG NotifyFilter, BOOLEAN WatchSubtree,
                  PVOID Buffer, ULONG BufferLength, BOOLEAN Asynchronous)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PKEVENT EventObject = NULL;
    CM_NOTIFY Local = {0};
    PCM_NOTIFY Notify;
    KEVENT Done;
    PCM_KEY Key;
    NTSTATUS Status;

    if (NotifyFilter == 0 || (NotifyFilter & ~(ULONG)(REG_LEGAL_CHANGE_FILTER | 0x10000000))) {
        return STATUS_INVALID_PARAMETER;
    }
    if (ApcRoutine != NULL) {
        NOT_YET("NtNotifyChangeKey with an APC routine or a work item");
    }
    if (Mode != KernelMode) {
        __try {
            ProbeForWrite(IoStatusBlock, sizeof(*IoStatusBlock), 4);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            return GetExceptionCode();
        }
    }
    if (Event != NULL) {
        Status = ObReferenceObjectByHandle(Event, EVENT_MODIFY_STATE, ExEventObjectTypeP, Mode,
                                           (PVOID *)&EventObject, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Asynchronous && EventObject != NULL) {
        KeClearEvent(EventObject);
    }
    Status = CmpReferenceKey(KeyHandle, KEY_NOTIFY,
                             &Key); /* from here on no point is passed before it is in the list */
    if (!NT_SUCCESS(Status)) {
        if (EventObject != NULL) {
            ObDereferenceObject(EventObject);
        }
        return Status;
    }
    Notify = Asynchronous ? ExpAllocate(sizeof(*Notify), 'tNMC') : &Local;
    Key->Notified = TRUE;
    Notify->Key = Key;
    Notify->Filter = NotifyFilter;
    Notify->Tree = WatchSubtree;
    Notify->Asynchronous = Asynchronous;
    Notify->IoStatus = IoStatusBlock;
    if (Asynchronous) {
        Notify->Event = EventObject;
        Notify->Process = PspCurrentProcess();
        ObpAddReference(Notify->Process);
        InsertTailList(&Key->Node->Notifies, &Notify->Link);
        ObDereferenceObject(Key);
        return STATUS_PENDING;
    }
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    Notify->Event = &Done;
    InsertTailList(&Key->Node->Notifies, &Notify->Link);
    Status = KeWaitForSingleObject(&Done, Executive, Mode, Mode != KernelMode, NULL);
    if (Status != STATUS_SUCCESS && !KeReadStateEvent(&Done)) {
        RemoveEntryList(&Notify->Link); /* alerted */
    } else {
        Status = Notify->Status;
    }
    __try {
        IoStatusBlock->Status = Status;
        IoStatusBlock->Information = 0;
    } __except (Mode != KernelMode ? EXCEPTION_EXECUTE_HANDLER : EXCEPTION_CONTINUE_SEARCH) {
        Status = GetExceptionCode();
    }
    if (EventObject != NULL) {
        KeSetEvent(EventObject, EVENT_INCREMENT, FALSE);
        ObDereferenceObject(EventObject);
    }
    ObDereferenceObject(Key);
    return Status;
}
