/*
 * tinyfs.h - a file system for tests of the filter manager: a disk that is nothing but a device, a volume with a root
 * directory and a handful of files in memory. It does what the tests need and lets them say how: hold a read
 * back and complete it at DISPATCH_LEVEL, answer through fast I/O, fail.
 */
#ifndef TINYFS_H
#define TINYFS_H

#include <fltKernel.h>
#include "../ntlab-test.h"

#define TINY_FILES 16
#define TINY_SIZE  8192
#define TINY_NAME  32
#define TINY_DISK  L"\\Device\\NtlabTinyDisk"

typedef struct _TINY_FILE {
    FSRTL_ADVANCED_FCB_HEADER Header; /* first */
    FAST_MUTEX Mutex;
    ERESOURCE Resource;
    WCHAR Name[TINY_NAME];
    USHORT NameLength; /* bytes; 0: the entry is free */
    BOOLEAN Directory;
    BOOLEAN DeletePending;
    LONG Opens, Handles;
    ULONG Size;
    UCHAR Data[TINY_SIZE];
} TINY_FILE, *PTINY_FILE;

static PDRIVER_OBJECT TinyDriver;
static PDEVICE_OBJECT TinyDisk, TinyControl, TinyVolume;
static PTINY_FILE TinyFiles; /* the first is the root */
static FAST_IO_DISPATCH TinyFastIo;
/* What tests set and see. */
static BOOLEAN TinyHold; /* reads are kept until TinyRelease */
static PIRP TinyHeld;
static NTSTATUS TinyFail; /* of the next create */
static LONG TinyCreates, TinyCleanups, TinyCloses, TinyReads, TinyWrites, TinyFastReads,
    TinyControls;
static ULONG TinyFastFlags; /* 1: fast I/O answers */
static PVOID TinyLastBuffer;
static LONG TinyCancelled;

static NTSTATUS
TinyDone(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return Status;
}

static PTINY_FILE
TinyFind(PUNICODE_STRING Name)
{
    for (ULONG i = 0; i < TINY_FILES; i++) {
        UNICODE_STRING Other = {TinyFiles[i].NameLength, TinyFiles[i].NameLength,
                                TinyFiles[i].Name};

        if (TinyFiles[i].NameLength != 0 && RtlEqualUnicodeString(&Other, Name, TRUE)) {
            return &TinyFiles[i];
        }
    }
    return NULL;
}

static PTINY_FILE
TinyMake(PUNICODE_STRING Name, BOOLEAN Directory)
{
    for (ULONG i = 1; i < TINY_FILES; i++) {
        PTINY_FILE File = &TinyFiles[i];

        if (File->NameLength == 0 && File->Opens == 0) {
            RtlCopyMemory(File->Name, Name->Buffer, Name->Length);
            File->NameLength = Name->Length;
            File->Directory = Directory;
            File->DeletePending = FALSE;
            File->Size = 0;
            return File;
        }
    }
    return NULL;
}

static NTSTATUS
TinyCreate(PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PFILE_OBJECT FileObject = Stack->FileObject;
    ULONG Disposition = Stack->Parameters.Create.Options >> 24;
    UNICODE_STRING Name = FileObject->FileName;
    ULONG_PTR Information = FILE_OPENED;
    NTSTATUS Status = TinyFail;
    PTINY_FILE File;

    TinyFail = STATUS_SUCCESS;
    TinyCreates++;
    if (!NT_SUCCESS(Status)) {
        return TinyDone(Irp, Status, 0);
    }
    if (Name.Length == 0 && FileObject->RelatedFileObject == NULL) { /* the volume */
        FileObject->Flags |= FO_VOLUME_OPEN;
        FileObject->FsContext = &TinyFiles[0];
        TinyFiles[0].Opens++;
        FileObject->Vpb = TinyDisk->Vpb;
        return TinyDone(Irp, STATUS_SUCCESS, FILE_OPENED);
    }
    if (Name.Length > sizeof(WCHAR) && Name.Buffer[0] == L'\\') {
        Name.Buffer++;
        Name.Length -= sizeof(WCHAR);
    }
    if (Stack->Flags & SL_OPEN_TARGET_DIRECTORY) {
        File = &TinyFiles[0];
    } else if (Name.Length == sizeof(WCHAR) && Name.Buffer[0] == L'\\') {
        File = &TinyFiles[0];
    } else {
        File = TinyFind(&Name);
        if (File == NULL) {
            if (Disposition == FILE_OPEN || Disposition == FILE_OVERWRITE) {
                return TinyDone(Irp, STATUS_OBJECT_NAME_NOT_FOUND, FILE_DOES_NOT_EXIST);
            }
            File = TinyMake(&Name, (Stack->Parameters.Create.Options & FILE_DIRECTORY_FILE) != 0);
            if (File == NULL) {
                return TinyDone(Irp, STATUS_DISK_FULL, 0);
            }
            Information = FILE_CREATED;
        } else if (Disposition == FILE_CREATE) {
            return TinyDone(Irp, STATUS_OBJECT_NAME_COLLISION, FILE_EXISTS);
        } else if (Disposition == FILE_OVERWRITE || Disposition == FILE_OVERWRITE_IF ||
                   Disposition == FILE_SUPERSEDE) {
            File->Size = 0;
            Information = FILE_OVERWRITTEN;
        }
    }
    File->Opens++;
    File->Handles++;
    FileObject->FsContext = File;
    FileObject->SectionObjectPointer = NULL;
    if (TinyFastFlags & 1) {
        FileObject->PrivateCacheMap = File; /* "cached" for the I/O manager */
    }
    return TinyDone(Irp, STATUS_SUCCESS, Information);
}

static PVOID
TinyBuffer(PIRP Irp)
{
    return TinyLastBuffer = Irp->MdlAddress != NULL
                                ? MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority)
                            : Irp->AssociatedIrp.SystemBuffer != NULL
                                ? Irp->AssociatedIrp.SystemBuffer
                                : Irp->UserBuffer;
}

static NTSTATUS
TinyRead(PTINY_FILE File, ULONGLONG Offset, ULONG Length, PVOID Buffer, PULONG_PTR Information)
{
    *Information = 0;
    if (Offset >= File->Size) {
        return STATUS_END_OF_FILE;
    }
    Length = min(Length, File->Size - (ULONG)Offset);
    RtlCopyMemory(Buffer, File->Data + Offset, Length);
    *Information = Length;
    return STATUS_SUCCESS;
}

static VOID NTAPI
TinyCancel(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    IoReleaseCancelSpinLock(Irp->CancelIrql);
    TinyHeld = NULL;
    TinyCancelled++;
    TinyDone(Irp, STATUS_CANCELLED, 0);
}

/* The read that was kept, completed at DISPATCH_LEVEL. */
static VOID
TinyRelease(VOID)
{
    PIRP Irp = TinyHeld;
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG_PTR Information;
    NTSTATUS Status;
    KIRQL OldIrql;

    TinyHeld = NULL;
    IoSetCancelRoutine(Irp, NULL);
    Status = TinyRead(Stack->FileObject->FsContext, Stack->Parameters.Read.ByteOffset.QuadPart,
                      Stack->Parameters.Read.Length, TinyBuffer(Irp), &Information);
    KeRaiseIrql(DISPATCH_LEVEL, &OldIrql);
    TinyDone(Irp, Status, Information);
    KeLowerIrql(OldIrql);
}

static NTSTATUS
TinyQuery(PTINY_FILE File, PFILE_OBJECT FileObject, ULONG Class, PVOID Buffer, ULONG Length,
          PULONG_PTR Information)
{
    switch (Class) {
    case FileStandardInformation: {
        PFILE_STANDARD_INFORMATION Standard = Buffer;

        RtlZeroMemory(Standard, sizeof(*Standard));
        Standard->EndOfFile.QuadPart = File->Size;
        Standard->AllocationSize.QuadPart = TINY_SIZE;
        Standard->NumberOfLinks = 1;
        Standard->Directory = File->Directory;
        *Information = sizeof(*Standard);
        return STATUS_SUCCESS;
    }
    case FileBasicInformation:
        RtlZeroMemory(Buffer, sizeof(FILE_BASIC_INFORMATION));
        ((PFILE_BASIC_INFORMATION)Buffer)->FileAttributes =
            File->Directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_NORMAL;
        *Information = sizeof(FILE_BASIC_INFORMATION);
        return STATUS_SUCCESS;
    case FileNetworkOpenInformation: {
        PFILE_NETWORK_OPEN_INFORMATION Network = Buffer;

        RtlZeroMemory(Network, sizeof(*Network));
        Network->EndOfFile.QuadPart = File->Size;
        Network->FileAttributes =
            File->Directory ? FILE_ATTRIBUTE_DIRECTORY : FILE_ATTRIBUTE_NORMAL;
        *Information = sizeof(*Network);
        return STATUS_SUCCESS;
    }
    case FileNameInformation: {
        PFILE_NAME_INFORMATION Name = Buffer;
        BOOLEAN Root = File == &TinyFiles[0];
        ULONG Whole = Root ? sizeof(WCHAR) : sizeof(WCHAR) + File->NameLength;
        ULONG Room = Length - FIELD_OFFSET(FILE_NAME_INFORMATION, FileName);
        WCHAR Text[TINY_NAME + 1];

        Text[0] = L'\\';
        RtlCopyMemory(Text + 1, File->Name, File->NameLength);
        Name->FileNameLength = Whole;
        RtlCopyMemory(Name->FileName, Text, min(Room, Whole));
        *Information = FIELD_OFFSET(FILE_NAME_INFORMATION, FileName) + min(Room, Whole);
        return Room < Whole ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS;
    }
    }
    return STATUS_INVALID_PARAMETER;
}

static NTSTATUS
TinySet(PTINY_FILE File, ULONG Class, PVOID Buffer)
{
    switch (Class) {
    case FileDispositionInformation:
        File->DeletePending = ((PFILE_DISPOSITION_INFORMATION)Buffer)->DeleteFile;
        return STATUS_SUCCESS;
    case FileEndOfFileInformation:
        File->Size = ((PFILE_END_OF_FILE_INFORMATION)Buffer)->EndOfFile.LowPart;
        return STATUS_SUCCESS;
    case FileRenameInformation: {
        PFILE_RENAME_INFORMATION Rename = Buffer;
        ULONG Start = 0;

        for (ULONG i = 0; i < Rename->FileNameLength / sizeof(WCHAR); i++) {
            Start = Rename->FileName[i] == L'\\' ? i + 1 : Start;
        }
        File->NameLength = (USHORT)(Rename->FileNameLength - Start * sizeof(WCHAR));
        RtlCopyMemory(File->Name, Rename->FileName + Start, File->NameLength);
        return STATUS_SUCCESS;
    }
    }
    return STATUS_INVALID_PARAMETER;
}

/* One entry at a time; the file object's position says which is next. */
static NTSTATUS
TinyDirectory(PFILE_OBJECT FileObject, PIRP Irp, PIO_STACK_LOCATION Stack, PULONG_PTR Information)
{
    PFILE_NAMES_INFORMATION Names = TinyBuffer(Irp);
    PUNICODE_STRING Pattern = (PUNICODE_STRING)Stack->Parameters.QueryDirectory.FileName;
    ULONG_PTR Index = (Stack->Flags & SL_RESTART_SCAN) ? 0 : (ULONG_PTR)FileObject->FsContext2;

    if (Stack->Parameters.QueryDirectory.FileInformationClass != FileNamesInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    for (Index++; Index < TINY_FILES; Index++) {
        UNICODE_STRING Name = {TinyFiles[Index].NameLength, TinyFiles[Index].NameLength,
                               TinyFiles[Index].Name};

        if (Name.Length != 0 && (Pattern == NULL || Pattern->Length == 0 ||
                                 RtlEqualUnicodeString(Pattern, &Name, TRUE))) {
            FileObject->FsContext2 = (PVOID)Index;
            RtlZeroMemory(Names, FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName));
            Names->FileNameLength = Name.Length;
            RtlCopyMemory(Names->FileName, Name.Buffer, Name.Length);
            *Information = FIELD_OFFSET(FILE_NAMES_INFORMATION, FileName) + Name.Length;
            return STATUS_SUCCESS;
        }
    }
    FileObject->FsContext2 = (PVOID)Index;
    return STATUS_NO_MORE_FILES;
}

static NTSTATUS
TinyMount(PDEVICE_OBJECT DeviceObject, PIO_STACK_LOCATION Stack)
{
    NTSTATUS Status;

    if (Stack->Parameters.MountVolume.Vpb->RealDevice != TinyDisk || TinyVolume != NULL) {
        return STATUS_UNRECOGNIZED_VOLUME;
    }
    Status =
        IoCreateDevice(TinyDriver, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &TinyVolume);
    if (NT_SUCCESS(Status)) {
        TinyVolume->StackSize = TinyDisk->StackSize + 1;
        TinyVolume->Flags &= ~DO_DEVICE_INITIALIZING;
        TinyVolume->Vpb = NULL;
        Stack->Parameters.MountVolume.Vpb->DeviceObject = TinyVolume;
    }
    return Status;
}

static NTSTATUS NTAPI
TinyDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    PFILE_OBJECT FileObject = Stack->FileObject;
    PTINY_FILE File = FileObject != NULL ? FileObject->FsContext : NULL;
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG_PTR Information = 0;

    if (DeviceObject != TinyVolume) {
        if (Stack->MajorFunction == IRP_MJ_FILE_SYSTEM_CONTROL &&
            Stack->MinorFunction == IRP_MN_MOUNT_VOLUME) {
            Status = TinyMount(DeviceObject, Stack);
        }
        return TinyDone(Irp, Status, 0);
    }
    switch (Stack->MajorFunction) {
    case IRP_MJ_CREATE:
        return TinyCreate(Irp, Stack);
    case IRP_MJ_CLEANUP:
        TinyCleanups++;
        if ((FileObject->Flags & FO_VOLUME_OPEN) == 0 && --File->Handles == 0 &&
            File->DeletePending) {
            File->NameLength = 0;
        }
        break;
    case IRP_MJ_CLOSE:
        TinyCloses++;
        if (--File->Opens == 0 && File != &TinyFiles[0]) {
            FsRtlTeardownPerStreamContexts(&File->Header);
        }
        break;
    case IRP_MJ_READ:
        TinyReads++;
        if (TinyHold) {
            IoMarkIrpPending(Irp);
            TinyHeld = Irp;
            IoSetCancelRoutine(Irp, TinyCancel);
            return STATUS_PENDING;
        }
        Status = TinyRead(File, Stack->Parameters.Read.ByteOffset.QuadPart,
                          Stack->Parameters.Read.Length, TinyBuffer(Irp), &Information);
        if (NT_SUCCESS(Status) && (FileObject->Flags & FO_SYNCHRONOUS_IO)) {
            FileObject->CurrentByteOffset.QuadPart =
                Stack->Parameters.Read.ByteOffset.QuadPart + Information;
        }
        break;
    case IRP_MJ_WRITE:
        TinyWrites++;
        if (Stack->Parameters.Write.ByteOffset.QuadPart + Stack->Parameters.Write.Length >
            TINY_SIZE) {
            Status = STATUS_DISK_FULL;
            break;
        }
        Information = Stack->Parameters.Write.Length;
        RtlCopyMemory(File->Data + Stack->Parameters.Write.ByteOffset.LowPart, TinyBuffer(Irp),
                      Information);
        File->Size = max(File->Size, Stack->Parameters.Write.ByteOffset.LowPart +
                                         Stack->Parameters.Write.Length);
        break;
    case IRP_MJ_QUERY_INFORMATION:
        Status = TinyQuery(File, FileObject, Stack->Parameters.QueryFile.FileInformationClass,
                           Irp->AssociatedIrp.SystemBuffer, Stack->Parameters.QueryFile.Length,
                           &Information);
        break;
    case IRP_MJ_SET_INFORMATION:
        Status = TinySet(File, Stack->Parameters.SetFile.FileInformationClass,
                         Irp->AssociatedIrp.SystemBuffer);
        break;
    case IRP_MJ_DIRECTORY_CONTROL:
        Status = TinyDirectory(FileObject, Irp, Stack, &Information);
        break;
    case IRP_MJ_FILE_SYSTEM_CONTROL:
        TinyControls++;
        if (Stack->Parameters.FileSystemControl.FsControlCode ==
            CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS)) {
            PUCHAR Bytes = Irp->AssociatedIrp.SystemBuffer;

            Information = Stack->Parameters.FileSystemControl.InputBufferLength;
            for (ULONG i = 0; i < Information; i++) {
                Bytes[i] ^= 0xFF;
            }
        } else {
            Status = STATUS_INVALID_DEVICE_REQUEST;
        }
        break;
    case IRP_MJ_FLUSH_BUFFERS:
        break;
    default:
        Status = STATUS_INVALID_DEVICE_REQUEST;
        break;
    }
    return TinyDone(Irp, Status, Information);
}

static BOOLEAN NTAPI
TinyFastRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset, ULONG Length, BOOLEAN Wait,
             ULONG LockKey, PVOID Buffer, PIO_STATUS_BLOCK Iosb, PDEVICE_OBJECT DeviceObject)
{
    TinyFastReads++;
    Iosb->Status =
        TinyRead(FileObject->FsContext, FileOffset->QuadPart, Length, Buffer, &Iosb->Information);
    return TRUE;
}

static VOID
TinyStart(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING DiskName = RTL_CONSTANT_STRING(TINY_DISK);
    UNICODE_STRING ControlName = RTL_CONSTANT_STRING(L"\\NtlabTinyFs");

    TinyDriver = DriverObject;
    TinyFiles = ExAllocatePoolWithTag(NonPagedPool, TINY_FILES * sizeof(TINY_FILE), 'yniT');
    RtlZeroMemory(TinyFiles, TINY_FILES * sizeof(TINY_FILE));
    for (ULONG i = 0; i < TINY_FILES; i++) {
        ExInitializeFastMutex(&TinyFiles[i].Mutex);
        ExInitializeResourceLite(&TinyFiles[i].Resource);
        FsRtlSetupAdvancedHeader(&TinyFiles[i].Header, &TinyFiles[i].Mutex);
        TinyFiles[i].Header.Resource = &TinyFiles[i].Resource;
    }
    TinyFiles[0].Directory = TRUE;
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = TinyDispatch;
    }
    TinyFastIo.SizeOfFastIoDispatch = sizeof(TinyFastIo);
    TinyFastIo.FastIoRead = TinyFastRead;
    DriverObject->FastIoDispatch = &TinyFastIo;
    IoCreateDevice(DriverObject, 0, &DiskName, FILE_DEVICE_DISK, 0, FALSE, &TinyDisk);
    TinyDisk->Flags &= ~DO_DEVICE_INITIALIZING;
    IoCreateDevice(DriverObject, 0, &ControlName, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE,
                   &TinyControl);
    TinyControl->Flags &= ~DO_DEVICE_INITIALIZING;
    IoRegisterFileSystem(TinyControl);
}

static VOID
TinyStop(VOID)
{
    if (TinyVolume != NULL) {
        FsRtlTeardownPerStreamContexts(&TinyFiles[0].Header);
        TinyDisk->Vpb->Flags &= ~VPB_MOUNTED;
        TinyDisk->Vpb->DeviceObject = NULL;
        IoDeleteDevice(TinyVolume); /* who is attached is told */
        TinyVolume = NULL;
    }
    IoUnregisterFileSystem(TinyControl);
    IoDeleteDevice(TinyControl);
    IoDeleteDevice(TinyDisk);
    for (ULONG i = 0; i < TINY_FILES; i++) {
        ExDeleteResourceLite(&TinyFiles[i].Resource);
    }
    ExFreePoolWithTag(TinyFiles, 'yniT');
}

static NTSTATUS
TinyOpen(PCWSTR Path, ACCESS_MASK Access, ULONG Disposition, ULONG Options, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    return ZwCreateFile(Handle, Access | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                        FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, Disposition,
                        Options, NULL, 0);
}

/* A file opened for everything, synchronously. */
static HANDLE
TinyOpenFile(PCWSTR Path)
{
    HANDLE Handle = NULL;

    TinyOpen(Path, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_OPEN_IF,
             FILE_SYNCHRONOUS_IO_NONALERT, &Handle);
    return Handle;
}

static NTSTATUS
TinyWriteAt(HANDLE Handle, ULONG Offset, const VOID *Data, ULONG Length)
{
    LARGE_INTEGER Where = {.QuadPart = Offset};
    IO_STATUS_BLOCK Iosb;

    return ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, (PVOID)Data, Length, &Where, NULL);
}

static NTSTATUS
TinyReadAt(HANDLE Handle, ULONG Offset, PVOID Data, ULONG Length)
{
    LARGE_INTEGER Where = {.QuadPart = Offset};
    IO_STATUS_BLOCK Iosb;

    return ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Data, Length, &Where, NULL);
}

/* The keys that setup, or ntlab itself, has made: away. */
static VOID
TinyNoKeys(PUNICODE_STRING RegistryPath)
{
    static WCHAR Buffer[300];
    UNICODE_STRING Path = {0, sizeof(Buffer), Buffer};
    struct {
        KEY_BASIC_INFORMATION Info;
        WCHAR Space[100];
    } Basic;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Key, Child;
    ULONG Length;

    RtlAppendUnicodeStringToString(&Path, RegistryPath);
    RtlAppendUnicodeToString(&Path, L"\\Instances");
    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    if (!NT_SUCCESS(ZwOpenKey(&Key, KEY_ALL_ACCESS, &Attributes))) {
        return;
    }
    while (
        NT_SUCCESS(ZwEnumerateKey(Key, 0, KeyBasicInformation, &Basic, sizeof(Basic), &Length))) {
        UNICODE_STRING Name = {(USHORT)Basic.Info.NameLength, (USHORT)Basic.Info.NameLength,
                               Basic.Info.Name};

        InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                                   Key, NULL);
        if (!NT_SUCCESS(ZwOpenKey(&Child, KEY_ALL_ACCESS, &Attributes))) {
            break;
        }
        ZwDeleteKey(Child);
        ZwClose(Child);
    }
    ZwDeleteKey(Key);
    ZwClose(Key);
}

/* The keys that an INF would make: one instance at an altitude. */
static VOID
TinyKeys(PUNICODE_STRING RegistryPath, PCWSTR Instance, PCWSTR Altitude, ULONG InstanceFlags)
{
    static WCHAR Buffer[300];
    UNICODE_STRING Path = {0, sizeof(Buffer), Buffer}, Value;
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Key;

    RtlAppendUnicodeStringToString(&Path, RegistryPath);
    RtlAppendUnicodeToString(&Path, L"\\Instances");
    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    ZwCreateKey(&Key, KEY_ALL_ACCESS, &Attributes, 0, NULL, 0, NULL);
    RtlInitUnicodeString(&Value, L"DefaultInstance");
    ZwSetValueKey(Key, &Value, 0, REG_SZ, (PVOID)Instance,
                  (ULONG)(wcslen(Instance) + 1) * sizeof(WCHAR));
    ZwClose(Key);
    RtlAppendUnicodeToString(&Path, L"\\");
    RtlAppendUnicodeToString(&Path, Instance);
    ZwCreateKey(&Key, KEY_ALL_ACCESS, &Attributes, 0, NULL, 0, NULL);
    RtlInitUnicodeString(&Value, L"Altitude");
    ZwSetValueKey(Key, &Value, 0, REG_SZ, (PVOID)Altitude,
                  (ULONG)(wcslen(Altitude) + 1) * sizeof(WCHAR));
    RtlInitUnicodeString(&Value, L"Flags");
    ZwSetValueKey(Key, &Value, 0, REG_DWORD, &InstanceFlags, sizeof(InstanceFlags));
    ZwClose(Key);
}

#endif
