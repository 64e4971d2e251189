/*
 * control.c - \FileSystem\Filters\FltMgr: what fltlib.dll asks about filters, volumes and instances.
 *
 * Loading and unloading need SeLoadDriverPrivilege, enabled; attaching and detaching, of which the pages do not say so and
 * which the minispy sample does without, an administrator. [LEARN: FilterLoad, FilterUnload, FilterAttach,
 * FilterFindFirst; nt-semantics-2 1.11]
 */
#include "fltp.h"
#include <ntlab-fltioctl.h>

static NTSTATUS
FltpLoadOrUnload(PFLTP_LOAD Load, ULONG Length, BOOLEAN Unload)
{
    UNICODE_STRING Name, Copy;
    NTSTATUS Status;

    if (Length < sizeof(USHORT) || Load->NameSize == 0 || Load->NameSize % sizeof(WCHAR) != 0 ||
        Length < FIELD_OFFSET(FLTP_LOAD, Name) + Load->NameSize) {
        return STATUS_INVALID_PARAMETER;
    }
    Name.Buffer = Load->Name;
    Name.Length = Name.MaximumLength = Load->NameSize;
    Status = FltpCopyString(&Copy, &Name, FLTP_TAG_NAME);
    if (NT_SUCCESS(Status)) {
        Status = Unload ? FltUnloadFilter(&Copy) : FltLoadFilter(&Copy);
        FltpFreeString(&Copy);
    }
    return Status;
}

static VOID
FltpFixed(PUNICODE_STRING String, PWSTR Buffer)
{
    Buffer[FLTP_NAME_CHARS - 1] = 0;
    RtlInitUnicodeString(String, Buffer);
}

static NTSTATUS
FltpAttachOrDetach(PFLTP_ATTACH Attach, BOOLEAN Detach)
{
    UNICODE_STRING FilterName, VolumeName, Instance, Altitude;
    PFLT_INSTANCE Created;
    PFLT_FILTER Filter;
    PFLT_VOLUME Volume;
    NTSTATUS Status;

    FltpFixed(&FilterName, Attach->Filter);
    FltpFixed(&VolumeName, Attach->Volume);
    FltpFixed(&Instance, Attach->Instance);
    FltpFixed(&Altitude, Attach->Altitude);
    Status = FltGetFilterFromName(&FilterName, &Filter);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = FltGetVolumeFromName(Filter, &VolumeName, &Volume);
    if (NT_SUCCESS(Status)) {
        if (Detach) {
            Status = FltDetachVolume(Filter, Volume, Instance.Length != 0 ? &Instance : NULL);
        } else {
            Status =
                Altitude.Length != 0
                    ? FltAttachVolumeAtAltitude(Filter, Volume, &Altitude,
                                                Instance.Length != 0 ? &Instance : NULL, &Created)
                    : FltAttachVolume(Filter, Volume, Instance.Length != 0 ? &Instance : NULL,
                                      &Created);
            if (NT_SUCCESS(Status)) {
                UNICODE_STRING Name = {0, sizeof(Attach->Instance) - sizeof(WCHAR),
                                       Attach->Instance};

                RtlCopyUnicodeString(&Name, &Created->Name);
                Attach->Instance[Name.Length / sizeof(WCHAR)] = 0;
                FltObjectDereference(Created);
            }
        }
        FltObjectDereference(Volume);
    }
    FltObjectDereference(Filter);
    return Status;
}

static NTSTATUS
FltpFindEntry(PVOID Buffer, ULONG Length, PULONG Returned)
{
    FLTP_FIND Find = *(PFLTP_FIND)Buffer;
    PFLT_FILTER Filter;
    PFLT_VOLUME Volume;
    UNICODE_STRING Name;
    NTSTATUS Status;

    FltpFixed(&Name, Find.Name);
    switch (Find.Kind) {
    case FltpFindFilters:
        return FltEnumerateFilterInformation(Find.Index, Find.Class, Buffer, Length, Returned);
    case FltpFindVolumes:
        return FltEnumerateVolumeInformation(NULL, Find.Index, Find.Class, Buffer, Length,
                                             Returned);
    case FltpFindInstancesOfFilter:
        Status = FltGetFilterFromName(&Name, &Filter);
        if (NT_SUCCESS(Status)) {
            Status = FltEnumerateInstanceInformationByFilter(Filter, Find.Index, Find.Class, Buffer,
                                                             Length, Returned);
            FltObjectDereference(Filter);
        }
        return Status;
    case FltpFindInstancesOfVolume:
        Status = FltGetVolumeFromName(NULL, &Name, &Volume);
        if (NT_SUCCESS(Status)) {
            Status = FltEnumerateInstanceInformationByVolume(Volume, Find.Index, Find.Class, Buffer,
                                                             Length, Returned);
            FltObjectDereference(Volume);
        }
        return Status;
    }
    return STATUS_INVALID_PARAMETER;
}

static BOOLEAN
FltpCallerIsAdmin(VOID)
{
    SECURITY_SUBJECT_CONTEXT Subject;
    BOOLEAN Admin;

    SeCaptureSubjectContext(&Subject);
    Admin = SeTokenIsAdmin(SeQuerySubjectContextToken(&Subject));
    SeReleaseSubjectContext(&Subject);
    return Admin;
}

NTSTATUS
FltpMainDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Code = Stack->Parameters.DeviceIoControl.IoControlCode;
    ULONG In = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG Out = Stack->Parameters.DeviceIoControl.OutputBufferLength, Returned = 0;
    PVOID Buffer = Irp->AssociatedIrp.SystemBuffer;
    LUID LoadDriver = {.LowPart = 10};
    NTSTATUS Status;

    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL) {
        return FltpComplete(Irp,
                            Stack->MajorFunction == IRP_MJ_CREATE ||
                                    Stack->MajorFunction == IRP_MJ_CLEANUP ||
                                    Stack->MajorFunction == IRP_MJ_CLOSE
                                ? STATUS_SUCCESS
                                : STATUS_INVALID_DEVICE_REQUEST,
                            0);
    }
    if ((Code == IOCTL_FLT_LOAD || Code == IOCTL_FLT_UNLOAD) &&
        !SeSinglePrivilegeCheck(LoadDriver, Irp->RequestorMode)) {
        return FltpComplete(Irp, STATUS_PRIVILEGE_NOT_HELD, 0);
    }
    if ((Code == IOCTL_FLT_ATTACH || Code == IOCTL_FLT_DETACH) &&
        Irp->RequestorMode != KernelMode && !FltpCallerIsAdmin()) {
        return FltpComplete(Irp, STATUS_ACCESS_DENIED, 0);
    }
    switch (Code) {
    case IOCTL_FLT_LOAD:
    case IOCTL_FLT_UNLOAD:
        Status = FltpLoadOrUnload(Buffer, In, Code == IOCTL_FLT_UNLOAD);
        break;
    case IOCTL_FLT_ATTACH:
    case IOCTL_FLT_DETACH:
        Status = In < sizeof(FLTP_ATTACH) ? STATUS_INVALID_PARAMETER
                                          : FltpAttachOrDetach(Buffer, Code == IOCTL_FLT_DETACH);
        Returned = NT_SUCCESS(Status) && Out >= sizeof(FLTP_ATTACH) ? sizeof(FLTP_ATTACH) : 0;
        break;
    case IOCTL_FLT_FIND:
        Status = In < sizeof(FLTP_FIND) ? STATUS_INVALID_PARAMETER
                                        : FltpFindEntry(Buffer, Out, &Returned);
        if (!NT_SUCCESS(Status)) {
            Returned = 0;
        }
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    return FltpComplete(Irp, Status, Returned);
}
