/*
 * stream.h - a file system of one stream whose disk is memory: what the cache manager needs of one, for drivers that try the cache manager.
 */
#ifndef STREAM_H
#define STREAM_H

#include "../ntlab-test.h"

#ifndef SIZE
#define SIZE 0x8000
#endif

typedef struct _STREAM {
    FSRTL_ADVANCED_FCB_HEADER Header;
    FAST_MUTEX Mutex;
    ERESOURCE Resource, Paging;
    SECTION_OBJECT_POINTERS Pointers;
    UCHAR Disk[SIZE];
    ULONG Reads, Writes;
    NTSTATUS WriteStatus, ReadStatus;
    PIRP Top; /* the top-level request when it was last read or written */
} STREAM, *PSTREAM;

static PDEVICE_OBJECT Device;

/* Paging I/O. */
static NTSTATUS NTAPI
Transfer(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Offset = Stack->Parameters.Read.ByteOffset.LowPart,
          Length = Stack->Parameters.Read.Length;
    PSTREAM Stream = Stack->FileObject != NULL ? Stack->FileObject->FsContext : NULL;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Stack->MajorFunction == IRP_MJ_READ || Stack->MajorFunction == IRP_MJ_WRITE) {
        PUCHAR Buffer = MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority);

        Stream->Top = IoGetTopLevelIrp();
        Length = Offset >= SIZE ? 0 : min(Length, SIZE - Offset);
        if (Stack->MajorFunction == IRP_MJ_READ) {
            Stream->Reads++;
            Status = Stream->ReadStatus;
            if (NT_SUCCESS(Status)) {
                RtlCopyMemory(Buffer, Stream->Disk + Offset, Length);
            }
        } else {
            Stream->Writes++;
            Status = Stream->WriteStatus;
            if (NT_SUCCESS(Status)) {
                RtlCopyMemory(Stream->Disk + Offset, Buffer, Length);
            }
        }
    }
    Irp->IoStatus.Status = Status;
    Irp->IoStatus.Information = NT_SUCCESS(Status) ? Length : 0;
    IoCompleteRequest(Irp, IO_DISK_INCREMENT);
    return Status;
}

static BOOLEAN NTAPI
Acquire(PVOID Context, BOOLEAN Wait)
{
    return TRUE;
}

static VOID NTAPI
Release(PVOID Context)
{
}

static CACHE_MANAGER_CALLBACKS Callbacks = {Acquire, Release, Acquire, Release};

static LARGE_INTEGER
At(LONGLONG Offset)
{
    LARGE_INTEGER Place = {.QuadPart = Offset};

    return Place;
}

static PFILE_OBJECT
OpenStream(PSTREAM Stream)
{
    PFILE_OBJECT File = IoCreateStreamFileObjectLite(NULL, Device);

    File->FsContext = Stream;
    File->SectionObjectPointer = &Stream->Pointers;
    File->ReadAccess = File->WriteAccess = TRUE;
    return File;
}

static VOID
Cache(PSTREAM Stream, PFILE_OBJECT File)
{
    CC_FILE_SIZES Sizes = {Stream->Header.AllocationSize, Stream->Header.FileSize,
                           Stream->Header.ValidDataLength};

    CcInitializeCacheMap(File, &Sizes, TRUE, &Callbacks, Stream);
}

/* Byte N of the disk is the number of its 256 bytes. */
static PSTREAM
MakeStream(VOID)
{
    PSTREAM Stream = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Stream), 'tseT');

    RtlZeroMemory(Stream, sizeof(*Stream));
    ExInitializeFastMutex(&Stream->Mutex);
    ExInitializeResourceLite(&Stream->Resource);
    ExInitializeResourceLite(&Stream->Paging);
    FsRtlSetupAdvancedHeader(&Stream->Header, &Stream->Mutex);
    Stream->Header.NodeTypeCode = 0x1234;
    Stream->Header.NodeByteSize = sizeof(Stream->Header);
    Stream->Header.Resource = &Stream->Resource;
    Stream->Header.PagingIoResource = &Stream->Paging;
    Stream->Header.AllocationSize = Stream->Header.FileSize = Stream->Header.ValidDataLength =
        At(SIZE);
    for (ULONG i = 0; i < SIZE; i++) {
        Stream->Disk[i] = (UCHAR)(i >> 8);
    }
    return Stream;
}

/* Nobody caches it any more; waits until what is dirty is written. */
static VOID
Uncache(PFILE_OBJECT File, PLARGE_INTEGER Truncate)
{
    CACHE_UNINITIALIZE_EVENT Event;

    KeInitializeEvent(&Event.Event, NotificationEvent, FALSE);
    CcUninitializeCacheMap(File, Truncate, &Event);
    KeWaitForSingleObject(&Event.Event, Executive, KernelMode, FALSE, NULL);
}

static VOID
FreeStream(PSTREAM Stream)
{
    FsRtlTeardownPerStreamContexts(&Stream->Header);
    ExDeleteResourceLite(&Stream->Resource);
    ExDeleteResourceLite(&Stream->Paging);
    ExFreePoolWithTag(Stream, 'tseT');
}

#define STREAM_DRIVER(...)                                                                         \
    static VOID NTAPI StreamUnload(PDRIVER_OBJECT DriverObject)                                    \
    {                                                                                              \
        IoDeleteDevice(DriverObject->DeviceObject);                                                \
    }                                                                                              \
    NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)          \
    {                                                                                              \
        static const NTLAB_TEST Tests[] = {__VA_ARGS__};                                           \
                                                                                                   \
        for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {                                     \
            DriverObject->MajorFunction[i] = Transfer;                                             \
        }                                                                                          \
        DriverObject->DriverUnload = StreamUnload;                                                 \
        IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Device);    \
        Device->Flags |= DO_DIRECT_IO;                                                             \
        Device->Flags &= ~DO_DEVICE_INITIALIZING;                                                  \
        NtlabRun(Tests, RTL_NUMBER_OF(Tests));                                                     \
        return STATUS_SUCCESS;                                                                     \
    }

#endif
