/*
 * notify.c - callbacks of the machine: a processor is added, a nonmaskable interrupt comes. Neither ever happens here, so
 * what is left is who is registered, and the processors that are there already.
 * [DDI:wdm/keregisterprocessorchangecallback, kederegisterprocessorchangecallback, keregisternmicallback,
 * kederegisternmicallback, ke_processor_change_notify_context]
 */
#include "nt/ke/ki.h"
#include "nt/inc/ex.h"

#define TAG_NOTIFY 'fNeK'

static PKI_NOTIFY
KiRegister(PLIST_ENTRY Head, PVOID Routine, PVOID Context)
{
    PKI_NOTIFY Notify = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Notify), TAG_NOTIFY);

    if (Notify != NULL) {
        Notify->Routine = Routine;
        Notify->Context = Context;
        InsertTailList(Head, &Notify->Links);
    }
    return Notify;
}

static BOOLEAN
KiDeregister(PLIST_ENTRY Head, PVOID Handle)
{
    for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
        PKI_NOTIFY Notify = CONTAINING_RECORD(At, KI_NOTIFY, Links);

        if (Notify == Handle) {
            RemoveEntryList(&Notify->Links);
            ExFreePoolWithTag(Notify, TAG_NOTIFY);
            return TRUE;
        }
    }
    return FALSE;
}

static NTSTATUS
KiTellOfProcessor(PPROCESSOR_CALLBACK_FUNCTION Routine, PVOID CallbackContext,
                  KE_PROCESSOR_CHANGE_NOTIFY_STATE State, ULONG Index, NTSTATUS Failure)
{
    KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT Change = {
        .State = State, .NtNumber = Index, .Status = Failure};
    NTSTATUS Status = STATUS_SUCCESS;

    KeGetProcessorNumberFromIndex(Index, &Change.ProcNumber);
    Routine(CallbackContext, &Change, &Status);
    return Status;
}

/* As if each were added now: all are about to be, then all have been, or have not when one callback refuses. */
static NTSTATUS
KiTellOfProcessors(PPROCESSOR_CALLBACK_FUNCTION Routine, PVOID CallbackContext)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Started;

    for (Started = 0; Started < KiProcessorCount && NT_SUCCESS(Status); Started++) {
        Status = KiTellOfProcessor(Routine, CallbackContext, KeProcessorAddStartNotify, Started,
                                   STATUS_SUCCESS);
    }
    for (ULONG Index = 0; Index < Started; Index++) {
        KiTellOfProcessor(Routine, CallbackContext,
                          NT_SUCCESS(Status) ? KeProcessorAddCompleteNotify
                                             : KeProcessorAddFailureNotify,
                          Index, Status);
    }
    return Status;
}

PVOID NTAPI
KeRegisterProcessorChangeCallback(PPROCESSOR_CALLBACK_FUNCTION CallbackFunction,
                                  PVOID CallbackContext, ULONG Flags)
{
    PVOID Handle = KiRegister(&KiProcessorCallbacks, (PVOID)CallbackFunction, CallbackContext);

    if (Handle != NULL && (Flags & KE_PROCESSOR_CHANGE_ADD_EXISTING) &&
        !NT_SUCCESS(KiTellOfProcessors(CallbackFunction, CallbackContext))) {
        KiDeregister(&KiProcessorCallbacks, Handle);
        Handle = NULL;
    }
    return Handle;
}

VOID NTAPI
KeDeregisterProcessorChangeCallback(PVOID CallbackHandle)
{
    KiDeregister(&KiProcessorCallbacks, CallbackHandle);
}

PVOID NTAPI
KeRegisterNmiCallback(PNMI_CALLBACK CallbackRoutine, PVOID Context)
{
    return KiRegister(&KiNmiCallbacks, (PVOID)CallbackRoutine, Context);
}

NTSTATUS NTAPI
KeDeregisterNmiCallback(PVOID Handle)
{
    return KiDeregister(&KiNmiCallbacks, Handle) ? STATUS_SUCCESS : STATUS_INVALID_HANDLE;
}
