/*
 * instance.c - instances: a minifilter at an altitude on a volume.
 *
 * [DDI: FltAttachVolume, FltAttachVolumeAtAltitude, FltDetachVolume, PFLT_INSTANCE_SETUP_CALLBACK,
 * PFLT_INSTANCE_QUERY_TEARDOWN_CALLBACK; nt-semantics-2 1.8]
 *
 *   I1  An instance is put on its volume's list before its setup callback, so that name and altitude are taken, and
 *       gets callbacks when setup has succeeded. Setup is called without locks.
 *   I2  Any error or warning of setup vetoes.
 */
#include "fltp.h"

#define FLTP_NO_AUTOMATIC 1 /* Flags in the registry */
#define FLTP_NO_MANUAL    2

VOID
FltpFillObjects(PFLT_RELATED_OBJECTS Objects, PFLT_FILTER Filter, PFLT_VOLUME Volume,
                PFLT_INSTANCE Instance, PFILE_OBJECT FileObject)
{
    FLT_RELATED_OBJECTS Local = {.Size = sizeof(Local),
                                 .Filter = Filter,
                                 .Volume = Volume,
                                 .Instance = Instance,
                                 .FileObject = FileObject};

    RtlCopyMemory(Objects, &Local, sizeof(Local));
}

static VOID
FltpFreeInstance(PFLT_INSTANCE Instance)
{
    FltpFreeString(&Instance->Name);
    FltpFreeString(&Instance->Altitude);
    ExFreePoolWithTag(Instance, FLTP_TAG_INSTANCE);
}

/* I1. */
static NTSTATUS
FltpInsert(PFLT_INSTANCE Instance)
{
    PFLT_VOLUME Volume = Instance->Volume;
    PFLT_FILTER Filter = Instance->Filter;
    NTSTATUS Status = STATUS_SUCCESS;
    PLIST_ENTRY Entry, Place = NULL;

    FltpAcquireExclusive(&FltpLock);
    ExAcquireResourceExclusiveLite(&Volume->Lock, TRUE);
    if (Filter->Header.Deleting || Volume->Detached) {
        Status = STATUS_FLT_DELETING_OBJECT;
    }
    for (Entry = Volume->Instances.Flink; Entry != &Volume->Instances && NT_SUCCESS(Status);
         Entry = Entry->Flink) {
        PFLT_INSTANCE Other = CONTAINING_RECORD(Entry, FLT_INSTANCE, Header.Links);
        LONG Order = FltpCompareAltitudes(&Other->Altitude, &Instance->Altitude);

        if (RtlEqualUnicodeString(&Other->Name, &Instance->Name, TRUE)) {
            Status = STATUS_FLT_INSTANCE_NAME_COLLISION;
        } else if (Order == 0) {
            Status = STATUS_FLT_INSTANCE_ALTITUDE_COLLISION;
        } else if (Order < 0 && Place == NULL) {
            Place = Entry;
        }
    }
    if (NT_SUCCESS(Status)) {
        InsertTailList(Place != NULL ? Place : &Volume->Instances, &Instance->Header.Links);
        InsertTailList(&Filter->Instances, &Instance->FilterLinks);
        IopSetPassing(Volume->DeviceObject, FALSE);
    }
    ExReleaseResourceLite(&Volume->Lock);
    FltpRelease(&FltpLock);
    return Status;
}

static VOID
FltpRemove(PFLT_INSTANCE Instance)
{
    FltpAcquireExclusive(&FltpLock);
    ExAcquireResourceExclusiveLite(&Instance->Volume->Lock, TRUE);
    RemoveEntryList(&Instance->Header.Links);
    RemoveEntryList(&Instance->FilterLinks);
    IopSetPassing(Instance->Volume->DeviceObject, IsListEmpty(&Instance->Volume->Instances));
    ExReleaseResourceLite(&Instance->Volume->Lock);
    FltpRelease(&FltpLock);
}

NTSTATUS
FltpAttach(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Name, PCUNICODE_STRING Altitude,
           FLT_INSTANCE_SETUP_FLAGS Flags, PFLT_INSTANCE *Result)
{
    FLT_RELATED_OBJECTS Objects;
    PFLT_INSTANCE Instance;
    NTSTATUS Status;

    Instance = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Instance), FLTP_TAG_INSTANCE);
    if (Instance == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Instance, sizeof(*Instance));
    Instance->Header.Type = FLTP_INSTANCE_TYPE;
    ExInitializeRundownProtection(&Instance->Header.Rundown);
    ExInitializeRundownProtection(&Instance->Header.WorkItems);
    ExInitializeRundownProtection(&Instance->IoRundown);
    KeInitializeSpinLock(&Instance->OperationLock);
    InitializeListHead(&Instance->Passed);
    FltpInitializeContextList(&Instance->Contexts);
    Instance->Filter = Filter;
    Instance->Volume = Volume;
    Instance->SettingUp = TRUE;
    Status = FltpCopyString(&Instance->Name, Name, FLTP_TAG_NAME);
    if (NT_SUCCESS(Status)) {
        Status = FltpCopyString(&Instance->Altitude, Altitude, FLTP_TAG_NAME);
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpInsert(Instance);
    }
    if (!NT_SUCCESS(Status)) {
        FltpFreeInstance(Instance);
        return Status;
    }
    if (Filter->Registration.InstanceSetupCallback != NULL) {
        FltpFillObjects(&Objects, Filter, Volume, Instance, NULL);
        Status = Filter->Registration.InstanceSetupCallback(
            &Objects, Flags,
            Volume->DiskDevice != NULL && Volume->Base->DeviceType == FILE_DEVICE_DISK_FILE_SYSTEM
                ? FILE_DEVICE_DISK_FILE_SYSTEM
                : Volume->Base->DeviceType,
            Volume->FileSystem);
    }
    if (NT_ERROR(Status) || NT_WARNING(Status)) { /* I2 */
        Instance->Header.Deleting = TRUE;
        FltpRemove(Instance);
        ExWaitForRundownProtectionRelease(&Instance->IoRundown);
        ExWaitForRundownProtectionRelease(&Instance->Header.WorkItems);
        FltpForgetInstance(Instance);
        FltpRemoveContexts(&Instance->Contexts, NULL);
        ExWaitForRundownProtectionRelease(&Instance->Header.Rundown);
        FltpFreeInstance(Instance);
        return STATUS_FLT_DO_NOT_ATTACH;
    }
    if (Result != NULL) {
        ExAcquireRundownProtection(&Instance->Header.Rundown);
        *Result = Instance;
    }
    FltpAcquireExclusive(&Volume->Lock);
    Instance->Enabled = TRUE;
    Instance->SettingUp = FALSE;
    FltpNoteProvider(Instance, 1);
    FltpRelease(&Volume->Lock);
    return STATUS_SUCCESS;
}

/* Every instance that the service key describes and that does not forbid it. */
VOID
FltpAttachAutomatically(PFLT_FILTER Filter, PFLT_VOLUME Volume, FLT_INSTANCE_SETUP_FLAGS Flags)
{
    PCWSTR Place = FltpInstancesKey(&Filter->ServicePath);
    UNICODE_STRING Name, Altitude;

    if (Volume->FileSystem == FLT_FSTYPE_NPFS || Volume->FileSystem == FLT_FSTYPE_MSFS) {
        if ((Filter->Registration.Flags & FLTFL_REGISTRATION_SUPPORT_NPFS_MSFS) == 0) {
            return;
        }
    }
    for (ULONG Index = 0;
         Place != NULL && NT_SUCCESS(FltpEnumerateInstanceKeys(&Filter->ServicePath, Index, &Name));
         Index++) {
        ULONG InstanceFlags = 0;

        FltpReadDword(&Filter->ServicePath, Place, &Name, L"Flags", &InstanceFlags);
        if ((InstanceFlags & FLTP_NO_AUTOMATIC) == 0 &&
            NT_SUCCESS(
                FltpReadString(&Filter->ServicePath, Place, &Name, L"Altitude", &Altitude))) {
            if (FltpIsAltitude(&Altitude)) {
                FltpAttach(Filter, Volume, &Name, &Altitude, Flags, NULL);
            }
            FltpFreeString(&Altitude);
        }
        FltpFreeString(&Name);
    }
}

static NTSTATUS
FltpAttachManually(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING InstanceName,
                   PCUNICODE_STRING GivenAltitude, PFLT_INSTANCE *RetInstance)
{
    PCWSTR Place = FltpInstancesKey(&Filter->ServicePath);
    UNICODE_STRING Name = {}, Altitude = {};
    ULONG Flags = 0;
    NTSTATUS Status;

    if (!Filter->Started) {
        return STATUS_FLT_FILTER_NOT_READY;
    }
    if (GivenAltitude != NULL && !FltpIsAltitude(GivenAltitude)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (InstanceName != NULL && InstanceName->Length != 0) {
        Status = FltpCopyString(&Name, InstanceName, FLTP_TAG_NAME);
    } else if (GivenAltitude != NULL) {
        WCHAR Buffer[64]; /* a name of the manager's making */
        UNICODE_STRING Made = {0, sizeof(Buffer), Buffer};

        RtlAppendUnicodeToString(&Made, L"ctx");
        RtlAppendUnicodeStringToString(&Made, GivenAltitude);
        Status = FltpCopyString(&Name, &Made, FLTP_TAG_NAME);
    } else {
        Status = Place == NULL
                     ? STATUS_OBJECT_NAME_NOT_FOUND
                     : FltpReadString(&Filter->ServicePath, Place, NULL, L"DefaultInstance", &Name);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (GivenAltitude != NULL) {
        Status = FltpCopyString(&Altitude, GivenAltitude, FLTP_TAG_NAME);
    } else {
        Status = Place == NULL
                     ? STATUS_OBJECT_NAME_NOT_FOUND
                     : FltpReadString(&Filter->ServicePath, Place, &Name, L"Altitude", &Altitude);
        if (NT_SUCCESS(Status)) {
            FltpReadDword(&Filter->ServicePath, Place, &Name, L"Flags", &Flags);
        }
    }
    if (NT_SUCCESS(Status) && (Flags & FLTP_NO_MANUAL)) {
        Status = STATUS_FLT_DO_NOT_ATTACH;
    }
    if (NT_SUCCESS(Status)) {
        Status = FltpAttach(Filter, Volume, &Name, &Altitude,
                            FLTFL_INSTANCE_SETUP_MANUAL_ATTACHMENT, RetInstance);
        if (Status == STATUS_FLT_INSTANCE_ALTITUDE_COLLISION && GivenAltitude == NULL) {
            Status = STATUS_OBJECT_NAME_COLLISION; /* the registry's altitude is taken */
        }
    }
    FltpFreeString(&Altitude);
    FltpFreeString(&Name);
    return Status;
}

NTSTATUS FLTAPI
FltAttachVolume(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING InstanceName,
                PFLT_INSTANCE *RetInstance)
{
    return FltpAttachManually(Filter, Volume, InstanceName, NULL, RetInstance);
}

NTSTATUS FLTAPI
FltAttachVolumeAtAltitude(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Altitude,
                          PCUNICODE_STRING InstanceName, PFLT_INSTANCE *RetInstance)
{
    return FltpAttachManually(Filter, Volume, InstanceName, Altitude, RetInstance);
}

NTSTATUS FLTAPI
FltGetVolumeInstanceFromName(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING InstanceName,
                             PFLT_INSTANCE *RetInstance)
{
    NTSTATUS Status = STATUS_FLT_INSTANCE_NOT_FOUND;

    FltpAcquireShared(&Volume->Lock);
    for (PLIST_ENTRY Entry = Volume->Instances.Flink; Entry != &Volume->Instances;
         Entry = Entry->Flink) {
        PFLT_INSTANCE Instance = CONTAINING_RECORD(Entry, FLT_INSTANCE, Header.Links);

        if ((Filter == NULL || Instance->Filter == Filter) &&
            (InstanceName == NULL || InstanceName->Length == 0 ||
             RtlEqualUnicodeString(InstanceName, &Instance->Name, TRUE))) {
            Status = FltObjectReference(Instance);
            if (NT_SUCCESS(Status)) {
                *RetInstance = Instance;
            }
            break;
        }
    }
    FltpRelease(&Volume->Lock);
    return Status;
}

NTSTATUS FLTAPI
FltDetachVolume(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING InstanceName)
{
    FLT_RELATED_OBJECTS Objects;
    PFLT_INSTANCE Instance;
    NTSTATUS Status;

    Status = FltGetVolumeInstanceFromName(Filter, Volume, InstanceName, &Instance);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Filter->Registration.InstanceQueryTeardownCallback == NULL) {
        Status = STATUS_FLT_DO_NOT_DETACH;
    } else {
        FltpFillObjects(&Objects, Filter, Volume, Instance, NULL);
        Status = Filter->Registration.InstanceQueryTeardownCallback(&Objects, 0);
        Status = NT_ERROR(Status) || NT_WARNING(Status) ? STATUS_FLT_DO_NOT_DETACH : STATUS_SUCCESS;
    }
    if (NT_SUCCESS(Status)) {
        FltpTearDown(Instance, FLTFL_INSTANCE_TEARDOWN_MANUAL);
    } else {
        FltObjectDereference(Instance);
    }
    return Status;
}

NTSTATUS FLTAPI
FltGetVolumeFromInstance(PFLT_INSTANCE Instance, PFLT_VOLUME *RetVolume)
{
    NTSTATUS Status = FltObjectReference(Instance->Volume);

    if (NT_SUCCESS(Status)) {
        *RetVolume = Instance->Volume;
    }
    return Status;
}

NTSTATUS FLTAPI
FltGetFilterFromInstance(PFLT_INSTANCE Instance, PFLT_FILTER *RetFilter)
{
    NTSTATUS Status = FltObjectReference(Instance->Filter);

    if (NT_SUCCESS(Status)) {
        *RetFilter = Instance->Filter;
    }
    return Status;
}

/* The neighbour of Instance (NULL: the first or last one of the volume), referenced. */
static NTSTATUS
FltpNeighbour(PFLT_VOLUME Volume, PFLT_INSTANCE Instance, BOOLEAN Lower, PFLT_INSTANCE *Result)
{
    NTSTATUS Status = STATUS_NO_MORE_ENTRIES;
    PLIST_ENTRY Entry = Instance != NULL ? &Instance->Header.Links : &Volume->Instances;

    FltpAcquireShared(&Volume->Lock);
    for (Entry = Lower ? Entry->Flink : Entry->Blink; Entry != &Volume->Instances;
         Entry = Lower ? Entry->Flink : Entry->Blink) {
        PFLT_INSTANCE One = CONTAINING_RECORD(Entry, FLT_INSTANCE, Header.Links);

        if (One->Enabled && NT_SUCCESS(FltObjectReference(One))) {
            *Result = One;
            Status = STATUS_SUCCESS;
            break;
        }
    }
    FltpRelease(&Volume->Lock);
    return Status;
}

NTSTATUS FLTAPI
FltGetLowerInstance(PFLT_INSTANCE CurrentInstance, PFLT_INSTANCE *LowerInstance)
{
    return FltpNeighbour(CurrentInstance->Volume, CurrentInstance, TRUE, LowerInstance);
}

NTSTATUS FLTAPI
FltGetUpperInstance(PFLT_INSTANCE CurrentInstance, PFLT_INSTANCE *UpperInstance)
{
    return FltpNeighbour(CurrentInstance->Volume, CurrentInstance, FALSE, UpperInstance);
}

NTSTATUS FLTAPI
FltGetTopInstance(PFLT_VOLUME Volume, PFLT_INSTANCE *Instance)
{
    return FltpNeighbour(Volume, NULL, TRUE, Instance);
}

NTSTATUS FLTAPI
FltGetBottomInstance(PFLT_VOLUME Volume, PFLT_INSTANCE *Instance)
{
    return FltpNeighbour(Volume, NULL, FALSE, Instance);
}

LONG FLTAPI
FltCompareInstanceAltitudes(PFLT_INSTANCE Instance1, PFLT_INSTANCE Instance2)
{
    return FltpCompareAltitudes(&Instance1->Altitude, &Instance2->Altitude);
}
