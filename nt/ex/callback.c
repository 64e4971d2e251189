/*
 * callback.c - callback objects: named places where drivers register to be told.
 *
 *   C1  Registrations are called in the order of registration, in the notifier's context and IRQL
 *       (<= DISPATCH_LEVEL), with no lock held.
 *   C2  A registration that is being called (Busy) is not freed: ExUnregisterCallback waits until the
 *       call is over. So a callback must not unregister itself.
 *   C3  Who notifies holds the next registration before it lets go of the one that was called: another one's end cannot
 *       take it away meanwhile. Which is the next is seen in a step, for what was called took steps of its own.
 *
 * \Callback\SetSystemTime, PowerState and ProcessorAdd exist from boot; time.c notifies the first.
 * Facts: the DDI pages of ExCreateCallback, ExRegisterCallback, ExNotifyCallback, ExUnregisterCallback.
 */
#include "exp.h"
#include "nt/inc/left.h"
#include "nt/inc/life.h"

struct _CALLBACK_OBJECT {
    ULONG Signature;
    BOOLEAN AllowMultiple;
    LIST_ENTRY Registrations;
};

#define CALLBACK_SIGNATURE    'llaC'
#define CALLBACK_MODIFY_STATE 1
#define CALLBACK_ALL_ACCESS   (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | CALLBACK_MODIFY_STATE)

static const GENERIC_MAPPING ExpCallbackMapping = {STANDARD_RIGHTS_READ,
                                                   STANDARD_RIGHTS_WRITE | CALLBACK_MODIFY_STATE,
                                                   STANDARD_RIGHTS_EXECUTE, CALLBACK_ALL_ACCESS};

static VOID
ExpDeleteCallback(PVOID Object)
{
    ASSERT(IsListEmpty(&((PCALLBACK_OBJECT)Object)->Registrations));
}

static const OB_METHODS ExpCallbackMethods = {.Delete = ExpDeleteCallback};

NTSTATUS NTAPI
ExCreateCallback(PCALLBACK_OBJECT *CallbackObject, POBJECT_ATTRIBUTES ObjectAttributes,
                 BOOLEAN Create, BOOLEAN AllowMultipleCallbacks)
{
    PCALLBACK_OBJECT Object = NULL;
    HANDLE Handle;
    NTSTATUS Status = STATUS_OBJECT_NAME_NOT_FOUND;

    if (ObjectAttributes->ObjectName != NULL) {
        Status = ObOpenObjectByName(ObjectAttributes, ExCallbackObjectTypeP, KernelMode, NULL, 0,
                                    NULL, &Handle);
    } else if (!Create) {
        return STATUS_UNSUCCESSFUL;
    }
    if (!NT_SUCCESS(Status) && Create) {
        Status = ObCreateObject(KernelMode, ExCallbackObjectTypeP, ObjectAttributes, KernelMode,
                                NULL, sizeof(*Object), 0, 0, (PVOID *)&Object);
        if (NT_SUCCESS(Status)) {
            Object->Signature = CALLBACK_SIGNATURE;
            Object->AllowMultiple = AllowMultipleCallbacks;
            InitializeListHead(&Object->Registrations);
            Status = ObInsertObject(Object, NULL, CALLBACK_ALL_ACCESS, 0, NULL, &Handle);
        }
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(Handle, 0, ExCallbackObjectTypeP, KernelMode,
                                       (PVOID *)&Object, NULL);
    ZwClose(Handle);
    if (NT_SUCCESS(Status)) {
        *CallbackObject = Object;
    }
    return Status;
}

PVOID NTAPI
ExRegisterCallback(PCALLBACK_OBJECT CallbackObject, PCALLBACK_FUNCTION CallbackFunction,
                   PVOID CallbackContext)
{
    PEXP_REGISTRATION Registration;

    KiChanges(&CallbackObject->Registrations);
    if (!CallbackObject->AllowMultiple && !IsListEmpty(&CallbackObject->Registrations)) {
        return NULL;
    }
    Registration = ExpAllocate(sizeof(*Registration), 'gRbC');
    Registration->Object = CallbackObject;
    Registration->Function = CallbackFunction;
    Registration->Context = CallbackContext;
    KeInitializeEvent(&Registration->Idle, SynchronizationEvent, FALSE);
    InsertTailList(&CallbackObject->Registrations, &Registration->Link);
    InsertTailList(&ExpRegistrations, &Registration->All);
    ObReferenceObject(CallbackObject);
    return Registration;
}

VOID NTAPI
ExUnregisterCallback(PVOID CbRegistration)
{
    PEXP_REGISTRATION Registration = CbRegistration;
    PCALLBACK_OBJECT Object = Registration->Object;

    KiChanges(&Object->Registrations);
    Registration->Removing = TRUE;
    if (Registration->Busy != 0) { /* C2 */
        KeWaitForSingleObject(&Registration->Idle, Executive, KernelMode, FALSE, NULL);
        KiChanges(&Object->Registrations); /* it leaves the list now */
    }
    RemoveEntryList(&Registration->Link);
    RemoveEntryList(&Registration->All);
    ExpFree(Registration);
    ObDereferenceObject(Object);
}

/* The one behind Link that is to be called, held (C2); NULL: there is none. */
static PEXP_REGISTRATION
ExpHoldNext(PCALLBACK_OBJECT Object, PLIST_ENTRY Link)
{
    while ((Link = Link->Flink) != &Object->Registrations) {
        PEXP_REGISTRATION Registration = CONTAINING_RECORD(Link, EXP_REGISTRATION, Link);

        if (!Registration->Removing) {
            Registration->Busy++;
            return Registration;
        }
    }
    return NULL;
}

VOID NTAPI
ExNotifyCallback(PCALLBACK_OBJECT CallbackObject, PVOID Argument1, PVOID Argument2)
{
    PCALLBACK_OBJECT Object = CallbackObject;
    PEXP_REGISTRATION Registration, Next;

    if (Object == NULL) {
        return;
    }
    KiChanges(&Object->Registrations);
    for (Registration = ExpHoldNext(Object, &Object->Registrations); Registration != NULL;
         Registration = Next) {
        if (VfCall == NULL) {
            Registration->Function(Registration->Context, Argument1, Argument2);
        } else {
            VF_CALL(VOID, VfCallback, Registration->Function, Registration->Context, Argument1,
                    Argument2, 0);
        }
        KiChanges(&Object->Registrations); /* C3 */
        Next = ExpHoldNext(Object, &Registration->Link);
        if (--Registration->Busy == 0 && Registration->Removing) {
            KeSetEvent(&Registration->Idle, 0, FALSE);
        }
    }
}

VOID
ExpInitializeCallbacks(ULONG Phase)
{
    static const PCWSTR Names[] = {L"\\Callback\\SetSystemTime", L"\\Callback\\PowerState",
                                   L"\\Callback\\ProcessorAdd"};
    PCALLBACK_OBJECT *const Objects[] = {&ExCbSetSystemTime, &ExCbPowerState, &ExCbProcessorAdd};
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Directory;
    NTSTATUS Status;

    if (Phase == 0) {
        Status = ObpCreateType(L"Callback", &ExpCallbackMethods, &ExpCallbackMapping,
                               CALLBACK_ALL_ACCESS, 0, OBP_NOT_WAITABLE, &ExCallbackObjectTypeP);
        ASSERT(NT_SUCCESS(Status));
        return;
    }
    RtlInitUnicodeString(&Name, L"\\Callback");
    InitializeObjectAttributes(
        &Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT | OBJ_OPENIF | OBJ_KERNEL_HANDLE,
        NULL, NULL);
    Status = ZwCreateDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS, &Attributes);
    ASSERT(NT_SUCCESS(Status));
    ZwClose(Directory);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Names); i++) {
        RtlInitUnicodeString(&Name, Names[i]);
        InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_PERMANENT, NULL,
                                   NULL);
        Status = ExCreateCallback(Objects[i], &Attributes, TRUE, TRUE);
        ASSERT(NT_SUCCESS(Status));
    }
}

VOID
ExpListRoutines(KI_LEFT_SAY *Say, PVOID Context)
{
    for (PLIST_ENTRY Entry = ExpRegistrations.Flink; Entry != &ExpRegistrations;
         Entry = Entry->Flink) {
        PEXP_REGISTRATION Registration = CONTAINING_RECORD(Entry, EXP_REGISTRATION, All);

        Say(Context, "the callback of an object", Registration, (PVOID)Registration->Function);
    }
}
