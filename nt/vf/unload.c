/*
 * unload.c - what a driver must have taken back when its unload routine returns: what it has registered, what is queued.
 *
 * Registrations are in one table: the routine that makes one and where its key is (an argument, or what an argument points
 * to afterwards), and the routine that takes it back. Queues are looked at in place. [DDI pages of each pair; "Writing an
 * Unload routine"; [BC:ce], [BC:c7]]
 */
#include "vfp.h"

#define VF_RESULT 127 /* what is returned: NULL if it failed */

/* What a routine that makes one returns. */
enum { VF_STATUS, VF_BOOLEAN, VF_NOTHING };

typedef struct _VF_PAIR {
    const char *Make;
    CHAR MakeKey; /* the argument; negative: what ~MakeKey points to; or VF_RESULT */
    const char *Undo;
    CHAR UndoKey;
    USHORT Rule;
    UCHAR Returns;
} VF_PAIR;

static const VF_PAIR VfPairs[] = {
    {"ExInitializeNPagedLookasideList", 0, "ExDeleteNPagedLookasideList", 0, VfRuleUnloadLookaside,
     VF_NOTHING},
    {"ExInitializePagedLookasideList", 0, "ExDeletePagedLookasideList", 0, VfRuleUnloadLookaside,
     VF_NOTHING},
    {"ExInitializeLookasideListEx", 0, "ExDeleteLookasideListEx", 0, VfRuleUnloadLookaside},
    {"PsSetLoadImageNotifyRoutine", 0, "PsRemoveLoadImageNotifyRoutine", 0, VfRuleUnloadCallback},
    {"PsSetCreateThreadNotifyRoutine", 0, "PsRemoveCreateThreadNotifyRoutine", 0,
     VfRuleUnloadCallback},
    {"CmRegisterCallback", ~2, "CmUnRegisterCallback", 0, VfRuleUnloadCallback},
    {"CmRegisterCallbackEx", ~4, "CmUnRegisterCallback", 0, VfRuleUnloadCallback},
    {"ObRegisterCallbacks", ~1, "ObUnRegisterCallbacks", 0, VfRuleUnloadCallback},
    {"IoRegisterShutdownNotification", 0, "IoUnregisterShutdownNotification", 0,
     VfRuleUnloadCallback},
    {"IoRegisterPlugPlayNotification", ~6, "IoUnregisterPlugPlayNotificationEx", 0,
     VfRuleUnloadCallback},
    {"", 0, "IoUnregisterPlugPlayNotification", 0, VfRuleUnloadCallback},
    {"IoRegisterFsRegistrationChange", 1, "IoUnregisterFsRegistrationChange", 1,
     VfRuleUnloadCallback},
    {"IoRegisterFileSystem", 0, "IoUnregisterFileSystem", 0, VfRuleUnloadCallback, VF_NOTHING},
    {"EtwRegister", ~3, "EtwUnregister", 0, VfRuleUnloadCallback},
    {"PoRegisterPowerSettingCallback", ~4, "PoUnregisterPowerSettingCallback", 0,
     VfRuleUnloadCallback},
    {"KeRegisterBugCheckCallback", 0, "KeDeregisterBugCheckCallback", 0, VfRuleUnloadCallback,
     VF_BOOLEAN},
    {"KeRegisterBugCheckReasonCallback", 0, "KeDeregisterBugCheckReasonCallback", 0,
     VfRuleUnloadCallback, VF_BOOLEAN},
    {"KeRegisterNmiCallback", VF_RESULT, "KeDeregisterNmiCallback", 0, VfRuleUnloadCallback},
    {"KeRegisterProcessorChangeCallback", VF_RESULT, "KeDeregisterProcessorChangeCallback", 0,
     VfRuleUnloadCallback},
    {"SeRegisterLogonSessionTerminatedRoutine", 0, "SeUnregisterLogonSessionTerminatedRoutine", 0,
     VfRuleUnloadCallback},
    {"SeRegisterLogonSessionTerminatedRoutineEx", 0, "SeUnregisterLogonSessionTerminatedRoutineEx",
     0, VfRuleUnloadCallback},
};

static ULONG64
VfPairKey(PVF_FRAME Frame, CHAR Key, ULONG Pair)
{
    ULONG64 Value = Key >= 0 ? Frame->Arg[(ULONG)Key] : *(PULONG64)Frame->Arg[(ULONG)~Key];

    /* One address may be registered with several routines; undoing is told by the key alone. */
    return Value;
}

static BOOLEAN
VfHasMade(const VF_PAIR *Pair, ULONG64 Result)
{
    return Pair->Returns == VF_NOTHING ||
           (Pair->Returns == VF_BOOLEAN ? (BOOLEAN)Result : NT_SUCCESS((NTSTATUS)Result));
}

static ULONG64
VfRegistered(PVF_FRAME Frame, ULONG64 Result)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(VfPairs); i++) {
        if (strcmp(VfPairs[i].Make, VfCurrent->Name) != 0) {
            continue;
        }
        if (VfPairs[i].MakeKey == VF_RESULT) {
            if (Result != 0) {
                VfSetPut(&VfRegistrations, Result, ((ULONG64)i + 1) << 56 | (ULONG64)Frame->Caller);
            }
            break;
        }
        if (VfHasMade(&VfPairs[i], Result)) {
            VfSetPut(&VfRegistrations, VfPairKey(Frame, VfPairs[i].MakeKey, i),
                     ((ULONG64)i + 1) << 56 | (ULONG64)Frame->Caller);
        }
        break;
    }
    return Result;
}

static VOID
VfUnregistered(PVF_FRAME Frame)
{
    for (ULONG i = 0; i < RTL_NUMBER_OF(VfPairs); i++) {
        if (strcmp(VfPairs[i].Undo, VfCurrent->Name) == 0) {
            VfSetRemove(&VfRegistrations, VfPairKey(Frame, VfPairs[i].UndoKey, i));
            break;
        }
    }
}

/* PsSetCreateProcessNotifyRoutine[Ex](Routine, Remove) */
static ULONG64
VfProcessNotify(PVF_FRAME Frame, ULONG64 Result)
{
    if ((BOOLEAN)Frame->Arg[1]) {
        VfSetRemove(&VfRegistrations, Frame->Arg[0]);
    } else if (NT_SUCCESS((NTSTATUS)Result)) {
        VfSetPut(&VfRegistrations, Frame->Arg[0], 0xFFull << 56 | (ULONG64)Frame->Caller);
    }
    return Result;
}

/* Symbolic links are known by a hash of the last part of their names: \??\ and \DosDevices\ are the same place. */
static ULONG64
VfNameKey(PUNICODE_STRING Name)
{
    ULONG64 Hash = 0xCBF29CE484222325ull;

    for (USHORT i = 0; i < Name->Length / sizeof(WCHAR); i++) {
        Hash = Name->Buffer[i] == L'\\'
                   ? 0xCBF29CE484222325ull
                   : (Hash ^ RtlUpcaseUnicodeChar(Name->Buffer[i])) * 0x100000001B3ull;
    }
    return Hash | 1;
}

static ULONG64
VfLinkCreated(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result)) {
        VfSetPut(&VfLinks, VfNameKey((PUNICODE_STRING)Frame->Arg[0]), (ULONG64)Frame->Caller);
    }
    return Result;
}

static VOID
VfLinkDeleted(PVF_FRAME Frame)
{
    if (KiIrql() == PASSIVE_LEVEL) {
        VfSetRemove(&VfLinks, VfNameKey((PUNICODE_STRING)Frame->Arg[0]));
    }
}

/* PsCreateSystemThread: the thread's handle is Arg[0]'s, its routine Arg[5]. */
static ULONG64
VfThreadCreated(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result)) {
        VfSetPut(&VfThreads, Frame->Arg[5], (ULONG64)Frame->Caller);
    }
    return Result;
}

/* IoCreateDevice(..., &Device) */
static ULONG64
VfDeviceCreated(PVF_FRAME Frame, ULONG64 Result)
{
    if (NT_SUCCESS((NTSTATUS)Result)) {
        VfSetPut(&VfDevices, *(PULONG64)Frame->Arg[6], (ULONG64)Frame->Caller);
    }
    return Result;
}

/* Memory goes: a timer in it that is set would be fired in what is something else by then. [BC:c4, 0x15] */
VOID
VfTimersGo(const VOID *Start, SIZE_T Bytes, const VOID *At, PVF_FRAME Frame)
{
    extern LIST_ENTRY KiTimerListHead;

    for (PLIST_ENTRY Entry = KiTimerListHead.Flink; Entry != &KiTimerListHead;
         Entry = Entry->Flink) {
        PKTIMER Timer = CONTAINING_RECORD(Entry, KTIMER, TimerListEntry);

        if (!MmIsAddressValid(Timer)) {
            break; /* the list is damaged */
        }
        if ((ULONG64)Timer - (ULONG64)Start < Bytes) {
            VfViolate(VfRuleLockFreed, At, Frame,
                      "%a frees memory with the timer 0x%p in it, which is set: cancel it before",
                      At, Timer);
            break;
        }
    }
}

static VOID
VfDeviceDeleted(PVF_FRAME Frame)
{
    PDEVICE_OBJECT Device = (PDEVICE_OBJECT)Frame->Arg[0];

    VfSetRemove(&VfDevices, Frame->Arg[0]);
    if (Device->ReferenceCount == 0) { /* its memory goes now, and with it the device extension */
        VfTimersGo(Device, Device->Size, Frame->Caller, Frame);
    }
}

static VOID
VfStillThere(PKI_MODULE Module, PVF_SET Set, VF_RULE_ID Rule, const char *What)
{
    for (ULONG i = 0; Set->Count != 0 && i < VF_SET_SIZE; i++) {
        const VOID *Caller = (const VOID *)(Set->Value[i] & 0x00FFFFFFFFFFFFFFull);
        ULONG Pair = (ULONG)(Set->Value[i] >> 56);

        if (Set->Key[i] != 0 && MiFindModule(Caller) == Module) {
            VfViolate(Pair == 0 || Pair == 0xFF ? Rule : (VF_RULE_ID)VfPairs[Pair - 1].Rule, Caller,
                      NULL, "the driver's unload routine has returned, and %s is still there: %a",
                      What, Caller);
        }
    }
}

static VOID
VfCheckTimers(PKI_MODULE Module)
{
    extern LIST_ENTRY KiTimerListHead;

    for (PLIST_ENTRY Entry = KiTimerListHead.Flink; Entry != &KiTimerListHead;
         Entry = Entry->Flink) {
        PKTIMER Timer = CONTAINING_RECORD(Entry, KTIMER, TimerListEntry);
        PKDPC Dpc;

        if (!MmIsAddressValid(Timer)) {
            break; /* the list is damaged */
        }
        Dpc = MmIsAddressValid(Timer->Dpc) ? Timer->Dpc : NULL;
        if (MiFindModule(Timer) == Module ||
            (Dpc != NULL && MiFindModule((PVOID)Dpc->DeferredRoutine) == Module)) {
            VfViolate(VfRuleUnloadTimer,
                      Dpc != NULL ? VF_START(Dpc->DeferredRoutine) : (const VOID *)Timer, NULL,
                      "the driver's unload routine has returned, and the timer 0x%p is still set: "
                      "its DPC %a will run in memory that is gone",
                      Timer, Dpc != NULL ? (PVOID)Dpc->DeferredRoutine : NULL);
        }
    }
}

/* The system runs what is queued before the image goes; so a DPC that is a global variable is in order. [DDI:wdm/kecanceltimer] */
static VOID
VfCheckDpcs(PKI_MODULE Module)
{
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        PLIST_ENTRY Head = &KiProcessor[Cpu]->Prcb.DpcListHead;

        for (PLIST_ENTRY Entry = Head->Flink; Entry != NULL && Entry != Head;
             Entry = Entry->Flink) {
            PKDPC Dpc = CONTAINING_RECORD(Entry, KDPC, DpcListEntry);

            if (MiFindModule((PVOID)Dpc->DeferredRoutine) == Module &&
                MiFindModule(Dpc) != Module) {
                VfViolate(VfRuleUnloadDpc, VF_START(Dpc->DeferredRoutine), NULL,
                          "the driver's unload routine has returned, and the DPC 0x%p (%a) is "
                          "still queued",
                          Dpc, (PVOID)Dpc->DeferredRoutine);
            }
        }
    }
}

static VOID
VfWorkQueued(PVF_FRAME Frame)
{
    VfSetPut(&VfWorkItems, Frame->Arg[0], (ULONG64)Frame->Caller);
}

/* IoFreeWorkItem(Item), IoUninitializeWorkItem(Item) */
static VOID
VfWorkFreed(PVF_FRAME Frame)
{
    PIO_WORKITEM Item = (PIO_WORKITEM)Frame->Arg[0];

    if (Item != NULL && MmIsAddressValid(Item) && IopIsItemQueued(Item)) {
        VfViolate(
            VfRuleWorkItemFreed, NULL, Frame,
            "%a frees the work item 0x%p, which is still queued: a worker thread will take it "
            "from memory that is somebody else's by then",
            Frame->Caller, Item);
    }
}

/* Items of ExQueueWorkItem that no worker has taken yet; IoQueueWorkItem keeps the driver loaded. */
static VOID
VfCheckWorkItems(PKI_MODULE Module)
{
    for (ULONG i = 0; VfWorkItems.Count != 0 && i < VF_SET_SIZE; i++) {
        PWORK_QUEUE_ITEM Item = (PWORK_QUEUE_ITEM)VfWorkItems.Key[i];

        if (Item != NULL && MiFindModule((PVOID)VfWorkItems.Value[i]) == Module &&
            MmIsAddressValid(Item) && Item->List.Flink != NULL &&
            MiFindModule((PVOID)Item->WorkerRoutine) == Module) {
            VfViolate(VfRuleUnloadWorkItem, (const VOID *)VfWorkItems.Value[i], NULL,
                      "the driver's unload routine has returned, and the work item 0x%p, queued at "
                      "%a, has not run yet",
                      Item, (PVOID)VfWorkItems.Value[i]);
        }
    }
}

/* A thread whose start routine is the driver's, and that has not ended. */
static VOID
VfCheckThreads(PKI_MODULE Module)
{
    for (PETHREAD Thread = NULL;
         (Thread = PspNextThreadOf(PsInitialSystemProcess, Thread)) != NULL;) {
        if (Thread->Tcb.State != Terminated && Thread->StartAddress != NULL &&
            MiFindModule(Thread->StartAddress) == Module && !Thread->Terminating) {
            const VOID *Caller = (const VOID *)VfSetFind(&VfThreads, (ULONG64)Thread->StartAddress);

            VfViolate(VfRuleUnloadThread, Caller != NULL ? Caller : VF_START(Thread->StartAddress),
                      NULL,
                      "the driver's unload routine has returned, and the thread that began at %a "
                      "still runs: its code is about to go",
                      Thread->StartAddress);
        }
    }
}

VOID
VfUnloadReturned(PVF_CALLOUT Callout)
{
    PKI_MODULE Module = MiFindModule(Callout->Routine);

    if (Callout->Kind != VfUnload || Module == NULL) {
        return;
    }
    VfCheckTimers(Module);
    VfCheckDpcs(Module);
    VfCheckThreads(Module);
    VfCheckWorkItems(Module);
    VfStillThere(Module, &VfRegistrations, VfRuleUnloadCallback, "what it has registered");
    VfStillThere(Module, &VfResources, VfRuleUnloadResource, "a resource that it has initialized");
    VfStillThere(Module, &VfLinks, VfRuleUnloadSymbolicLink, "a symbolic link");
    VfStillThere(Module, &VfDevices, VfRuleUnloadDevice, "a device");
    VfHandleUnload(Module); /* a reference may keep the image from ever going */
}

VOID
VfInitUnload(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(ExInitializeNPagedLookasideList, NULL, VfRegistered),
        VF_HOOK(ExDeleteNPagedLookasideList, VfUnregistered, NULL),
        VF_HOOK(ExInitializePagedLookasideList, NULL, VfRegistered),
        VF_HOOK(ExDeletePagedLookasideList, VfUnregistered, NULL),
        VF_HOOK(ExInitializeLookasideListEx, NULL, VfRegistered),
        VF_HOOK(ExDeleteLookasideListEx, VfUnregistered, NULL),
        VF_HOOK(PsSetLoadImageNotifyRoutine, NULL, VfRegistered),
        VF_HOOK(PsRemoveLoadImageNotifyRoutine, VfUnregistered, NULL),
        VF_HOOK(PsSetCreateThreadNotifyRoutine, NULL, VfRegistered),
        VF_HOOK(PsRemoveCreateThreadNotifyRoutine, VfUnregistered, NULL),
        VF_HOOK(PsSetCreateProcessNotifyRoutine, NULL, VfProcessNotify),
        VF_HOOK(PsSetCreateProcessNotifyRoutineEx, NULL, VfProcessNotify),
        VF_HOOK(CmRegisterCallback, NULL, VfRegistered),
        VF_HOOK(CmRegisterCallbackEx, NULL, VfRegistered),
        VF_HOOK(CmUnRegisterCallback, VfUnregistered, NULL),
        VF_HOOK(ObRegisterCallbacks, NULL, VfRegistered),
        VF_HOOK(ObUnRegisterCallbacks, VfUnregistered, NULL),
        VF_HOOK(IoRegisterShutdownNotification, NULL, VfRegistered),
        VF_HOOK(IoUnregisterShutdownNotification, VfUnregistered, NULL),
        VF_HOOK(IoRegisterPlugPlayNotification, NULL, VfRegistered),
        VF_HOOK(IoUnregisterPlugPlayNotificationEx, VfUnregistered, NULL),
        VF_HOOK(IoUnregisterPlugPlayNotification, VfUnregistered, NULL),
        VF_HOOK(IoRegisterFsRegistrationChange, NULL, VfRegistered),
        VF_HOOK(IoUnregisterFsRegistrationChange, VfUnregistered, NULL),
        VF_HOOK(IoRegisterFileSystem, NULL, VfRegistered),
        VF_HOOK(IoUnregisterFileSystem, VfUnregistered, NULL),
        VF_HOOK(EtwRegister, NULL, VfRegistered),
        VF_HOOK(EtwUnregister, VfUnregistered, NULL),
        VF_HOOK(PoRegisterPowerSettingCallback, NULL, VfRegistered),
        VF_HOOK(PoUnregisterPowerSettingCallback, VfUnregistered, NULL),
        VF_HOOK(KeRegisterBugCheckCallback, NULL, VfRegistered),
        VF_HOOK(KeDeregisterBugCheckCallback, VfUnregistered, NULL),
        VF_HOOK(KeRegisterBugCheckReasonCallback, NULL, VfRegistered),
        VF_HOOK(KeDeregisterBugCheckReasonCallback, VfUnregistered, NULL),
        VF_HOOK(KeRegisterNmiCallback, NULL, VfRegistered),
        VF_HOOK(KeDeregisterNmiCallback, VfUnregistered, NULL),
        VF_HOOK(KeRegisterProcessorChangeCallback, NULL, VfRegistered),
        VF_HOOK(KeDeregisterProcessorChangeCallback, VfUnregistered, NULL),
        VF_HOOK(SeRegisterLogonSessionTerminatedRoutine, NULL, VfRegistered),
        VF_HOOK(SeUnregisterLogonSessionTerminatedRoutine, VfUnregistered, NULL),
        VF_HOOK(SeRegisterLogonSessionTerminatedRoutineEx, NULL, VfRegistered),
        VF_HOOK(SeUnregisterLogonSessionTerminatedRoutineEx, VfUnregistered, NULL),
        VF_HOOK(IoCreateSymbolicLink, NULL, VfLinkCreated),
        VF_HOOK(IoCreateUnprotectedSymbolicLink, NULL, VfLinkCreated),
        VF_HOOK(IoDeleteSymbolicLink, VfLinkDeleted, NULL),
        VF_HOOK(ExQueueWorkItem, VfWorkQueued, NULL),
        VF_HOOK(IoFreeWorkItem, VfWorkFreed, NULL),
        VF_HOOK(IoUninitializeWorkItem, VfWorkFreed, NULL),
        VF_HOOK(PsCreateSystemThread, NULL, VfThreadCreated),
        VF_HOOK(IoCreateDevice, NULL, VfDeviceCreated),
        VF_HOOK(IoDeleteDevice, VfDeviceDeleted, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
