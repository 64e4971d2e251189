/*
 * power.c - power IRPs and the states that drivers report. The system stays in S0; nothing goes idle.
 * [wdm: PoRequestPowerIrp, PoSetPowerState; nt-semantics-2 6.3]
 */
#include "nt/io/iop.h"
#include "nt/inc/left.h"

typedef struct _IOP_POWER_REQUEST {
    PDEVICE_OBJECT Top;
    PDEVICE_OBJECT DeviceObject;
    UCHAR Minor;
    POWER_STATE State;
    PREQUEST_POWER_COMPLETE Routine;
    PVOID Context;
} IOP_POWER_REQUEST, *PIOP_POWER_REQUEST;

/* Since Vista a no-op; before, it let the next power IRP of the device go, and none waits here. */
VOID NTAPI
PoStartNextPowerIrp(PIRP Irp)
{
}

POWER_STATE NTAPI
PoSetPowerState(PDEVICE_OBJECT DeviceObject, POWER_STATE_TYPE Type, POWER_STATE State)
{
    PIOP_DEVICE_EXTENSION Extension = IopExtension(DeviceObject);
    POWER_STATE Old;

    if (Type == SystemPowerState) {
        Old.SystemState = Extension->SystemState;
        Extension->SystemState = State.SystemState;
    } else {
        Old.DeviceState = Extension->DeviceState;
        Extension->DeviceState = State.DeviceState;
    }
    return Old;
}

static NTSTATUS NTAPI
IopPowerDone(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    PIOP_POWER_REQUEST Request = Context;
    IO_STATUS_BLOCK Iosb = Irp->IoStatus;

    if (Request->Routine != NULL) {
        Request->Routine(Request->DeviceObject, Request->Minor, Request->State, Request->Context,
                         &Iosb);
    }
    ObDereferenceObject(Request->Top);
    ObDereferenceObject(Request->DeviceObject);
    ExFreePoolWithTag(Request, 'rwPI');
    IoFreeIrp(Irp);
    return STATUS_MORE_PROCESSING_REQUIRED;
}

NTSTATUS NTAPI
PoRequestPowerIrp(PDEVICE_OBJECT DeviceObject, UCHAR MinorFunction, POWER_STATE PowerState,
                  PREQUEST_POWER_COMPLETE CompletionFunction, PVOID Context, PIRP *Irp)
{
    PIOP_POWER_REQUEST Request;
    PIO_STACK_LOCATION Stack;
    PIRP Power;

    if (MinorFunction != IRP_MN_QUERY_POWER && MinorFunction != IRP_MN_SET_POWER &&
        MinorFunction != IRP_MN_WAIT_WAKE) {
        return STATUS_INVALID_PARAMETER_2;
    }
    Request = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Request), 'rwPI');
    if (Request == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Request->Top = IoGetAttachedDeviceReference(DeviceObject);
    Power = IopAllocateIrp(Request->Top->StackSize, FALSE);
    if (Power == NULL) {
        ObDereferenceObject(Request->Top);
        ExFreePoolWithTag(Request, 'rwPI');
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    ObReferenceObject(DeviceObject);
    Request->DeviceObject = DeviceObject;
    Request->Minor = MinorFunction;
    Request->State = PowerState;
    Request->Routine = CompletionFunction;
    Request->Context = Context;
    Power->IoStatus.Status = STATUS_NOT_SUPPORTED;
    Stack = IoGetNextIrpStackLocation(Power);
    Stack->MajorFunction = IRP_MJ_POWER;
    Stack->MinorFunction = MinorFunction;
    if (MinorFunction == IRP_MN_WAIT_WAKE) {
        Stack->Parameters.WaitWake.PowerState = PowerState.SystemState;
    } else {
        Stack->Parameters.Power.Type = DevicePowerState;
        Stack->Parameters.Power.State = PowerState;
    }
    IoSetCompletionRoutine(Power, IopPowerDone, Request, TRUE, TRUE, TRUE);
    if (Irp != NULL) {
        *Irp = Power;
    }
    IofCallDriver(Request->Top, Power);
    return STATUS_PENDING; /* documented, whatever the driver did */
}

typedef struct _IOP_POWER_SETTING {
    LIST_ENTRY Links;
    GUID Setting;
    PPOWER_SETTING_CALLBACK Callback;
    PVOID Context;
} IOP_POWER_SETTING, *PIOP_POWER_SETTING;

NTSTATUS NTAPI
PoRegisterPowerSettingCallback(PDEVICE_OBJECT DeviceObject, LPCGUID SettingGuid,
                               PPOWER_SETTING_CALLBACK Callback, PVOID Context, PVOID *Handle)
{
    PIOP_POWER_SETTING Setting;

    if (SettingGuid == NULL || Callback == NULL) {
        return STATUS_INVALID_PARAMETER;
    }
    Setting = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Setting), 'tSwP');
    if (Setting == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Setting->Setting = *SettingGuid;
    Setting->Callback = Callback;
    Setting->Context = Context;
    InsertTailList(&IopPowerSettings, &Setting->Links);
    if (Handle != NULL) {
        *Handle = Setting;
    }
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
PoUnregisterPowerSettingCallback(PVOID Handle)
{
    for (PLIST_ENTRY Entry = IopPowerSettings.Flink; Entry != &IopPowerSettings;
         Entry = Entry->Flink) {
        if (Entry == &((PIOP_POWER_SETTING)Handle)->Links) {
            RemoveEntryList(Entry);
            ExFreePoolWithTag(Handle, 'tSwP');
            return STATUS_SUCCESS;
        }
    }
    return STATUS_INVALID_PARAMETER;
}

/* [ntifs: PoQueryWatchdogTime] FALSE: no watchdog has been set for a power IRP of the device. */
BOOLEAN NTAPI
PoQueryWatchdogTime(PDEVICE_OBJECT Pdo, PULONG SecondsRemaining)
{
    return FALSE;
}

PVOID NTAPI
PoRegisterSystemState(PVOID StateHandle, EXECUTION_STATE Flags)
{
    PULONG State = StateHandle != NULL ? StateHandle
                                       : ExAllocatePoolWithTag(NonPagedPool, sizeof(ULONG), 'tSwP');

    if (State != NULL) {
        *State = Flags;
    }
    return State;
}

VOID NTAPI
PoUnregisterSystemState(PVOID StateHandle)
{
    ExFreePoolWithTag(StateHandle, 'tSwP');
}

VOID NTAPI
PoSetSystemState(EXECUTION_STATE Flags)
{
}

VOID
IopListPowerSettings(KI_LEFT_SAY *Say, PVOID Context)
{
    for (PLIST_ENTRY Entry = IopPowerSettings.Flink; Entry != &IopPowerSettings;
         Entry = Entry->Flink) {
        PIOP_POWER_SETTING Each = CONTAINING_RECORD(Entry, IOP_POWER_SETTING, Links);

        Say(Context, "a power setting callback", Each, (PVOID)Each->Callback);
    }
}
