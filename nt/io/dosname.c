/*
 * dosname.c - the drive letter of a volume, and the path that begins with it. [DDI: IoVolumeDeviceToDosName,
 * RtlVolumeDeviceToDosName, IoQueryFileDosDeviceName]
 *
 * Windows asks the mount manager. Here the letters are the links \GLOBAL??\A: to \GLOBAL??\Z: themselves: the first
 * one that leads to the device. A volume without a letter has no such name (Windows answers with a mounted folder's).
 */
#include "nt/io/iop.h"

#define DOS_TAG 'nDoI'

/* The letter whose link leads to that name; 0: none. */
static WCHAR
IopLetterOf(PCUNICODE_STRING DeviceName)
{
    WCHAR LinkText[] = L"\\GLOBAL??\\A:", TargetText[128];
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Link, Target;
    NTSTATUS Status;
    HANDLE Handle;

    for (WCHAR Letter = 'A'; Letter <= 'Z'; Letter++) {
        LinkText[10] = Letter;
        RtlInitUnicodeString(&Link, LinkText);
        InitializeObjectAttributes(&Attributes, &Link, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                                   NULL, NULL);
        if (!NT_SUCCESS(ZwOpenSymbolicLinkObject(&Handle, SYMBOLIC_LINK_QUERY, &Attributes))) {
            continue;
        }
        Target.Buffer = TargetText;
        Target.Length = 0;
        Target.MaximumLength = sizeof(TargetText);
        Status = ZwQuerySymbolicLinkObject(Handle, &Target, NULL);
        ZwClose(Handle);
        if (NT_SUCCESS(Status) && RtlEqualUnicodeString(&Target, DeviceName, TRUE)) {
            return Letter;
        }
    }
    return 0;
}

/* An object's name, from paged pool. */
static NTSTATUS
IopNameOf(PVOID Object, POBJECT_NAME_INFORMATION *Name)
{
    ULONG Length = 0;
    NTSTATUS Status = ObQueryNameString(Object, NULL, 0, &Length);

    *Name = NULL;
    if (Status != STATUS_INFO_LENGTH_MISMATCH) {
        return NT_SUCCESS(Status) ? STATUS_OBJECT_NAME_INVALID : Status;
    }
    *Name = ExAllocatePoolWithTag(PagedPool, Length, DOS_TAG);
    if (*Name == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = ObQueryNameString(Object, *Name, Length, &Length);
    if (!NT_SUCCESS(Status)) {
        ExFreePoolWithTag(*Name, DOS_TAG);
        *Name = NULL;
    }
    return Status;
}

NTSTATUS NTAPI
IoVolumeDeviceToDosName(PVOID VolumeDeviceObject, PUNICODE_STRING DosName)
{
    POBJECT_NAME_INFORMATION Name;
    NTSTATUS Status;
    WCHAR Letter;

    PAGED_CODE();
    Status = IopNameOf(VolumeDeviceObject, &Name);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Letter = IopLetterOf(&Name->Name);
    ExFreePoolWithTag(Name, DOS_TAG);
    if (Letter == 0) {
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
    DosName->Buffer = ExAllocatePoolWithTag(PagedPool, 3 * sizeof(WCHAR), DOS_TAG);
    if (DosName->Buffer == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    DosName->Length = 2 * sizeof(WCHAR);
    DosName->MaximumLength = 3 * sizeof(WCHAR);
    DosName->Buffer[0] = Letter;
    DosName->Buffer[1] = ':';
    DosName->Buffer[2] = 0;
    return STATUS_SUCCESS;
}

#undef RtlVolumeDeviceToDosName
NTSTATUS NTAPI
RtlVolumeDeviceToDosName(PVOID VolumeDeviceObject, PUNICODE_STRING DosName)
{
    return IoVolumeDeviceToDosName(VolumeDeviceObject, DosName);
}

NTSTATUS NTAPI
IoQueryFileDosDeviceName(PFILE_OBJECT FileObject, POBJECT_NAME_INFORMATION *ObjectNameInformation)
{
    POBJECT_NAME_INFORMATION Device, File;
    UNICODE_STRING Rest;
    NTSTATUS Status;
    WCHAR Letter;

    PAGED_CODE();
    Status = IopNameOf(FileObject->DeviceObject, &Device);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Letter = IopLetterOf(&Device->Name);
    Status = Letter == 0 ? STATUS_OBJECT_NAME_NOT_FOUND : IopNameOf(FileObject, &File);
    if (NT_SUCCESS(Status) && !RtlPrefixUnicodeString(&Device->Name, &File->Name, TRUE)) {
        ExFreePoolWithTag(File, DOS_TAG);
        Status = STATUS_OBJECT_NAME_INVALID;
    }
    if (NT_SUCCESS(Status)) {
        Rest.Length = File->Name.Length - Device->Name.Length;
        Rest.Buffer = File->Name.Buffer + Device->Name.Length / sizeof(WCHAR);
        RtlMoveMemory(File->Name.Buffer + 2, Rest.Buffer, Rest.Length);
        File->Name.Buffer[0] = Letter;
        File->Name.Buffer[1] = ':';
        File->Name.Buffer[2 + Rest.Length / sizeof(WCHAR)] = 0;
        File->Name.Length = Rest.Length + 2 * sizeof(WCHAR);
        *ObjectNameInformation = File;
    }
    ExFreePoolWithTag(Device, DOS_TAG);
    return Status;
}
