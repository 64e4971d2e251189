/*
 * filelock.c - byte-range locks as a file system keeps them, and small helpers of file systems.
 * [DDI:ntifs/fsrtlfastlock], [DDI:ntifs/fsrtlprocessfilelock], [DDI:ntifs/fsrtlfastunlocksingle],
 * [DDI:ntifs/fsrtlfastunlockall], [DDI:ntifs/fsrtlfastunlockallbykey], [DDI:ntifs/fsrtlchecklockforreadaccess],
 * [DDI:ntifs/fsrtlchecklockforwriteaccess], [DDI:ntifs/fsrtlgetnextfilelock], [DDI:ntifs/fsrtlallocatefilelock],
 * [DDI:ntifs/fsrtlvalidatereparsepointbuffer], [DDI:ntifs/fsrtlcancellablewaitforsingleobject],
 * [DDI:ntifs/fsrtlpoststackoverflow], [DDI:ntifs/fsrtlallocateresource]
 */
#include "../ntlab-test.h"

NTKERNELAPI BOOLEAN NTAPI FsRtlAreThereCurrentOrInProgressFileLocks(PFILE_LOCK);
NTKERNELAPI NTSTATUS NTAPI FsRtlCancellableWaitForSingleObject(PVOID, PLARGE_INTEGER, PIRP);
NTKERNELAPI NTSTATUS NTAPI FsRtlCancellableWaitForMultipleObjects(ULONG, PVOID[], WAIT_TYPE,
                                                                  PLARGE_INTEGER, PKWAIT_BLOCK,
                                                                  PIRP);

static FILE_LOCK Lock;
static PFILE_OBJECT File, Other;
static PDEVICE_OBJECT Device;
static PEPROCESS Process;
static ULONG Unlocked;

static VOID NTAPI
OnUnlock(PVOID Context, PFILE_LOCK_INFO Info)
{
    Unlocked++;
}

static BOOLEAN
Take(PFILE_OBJECT Owner, ULONG Start, ULONG Length, ULONG Key, BOOLEAN Exclusive)
{
    LARGE_INTEGER Offset = {.QuadPart = Start}, Size = {.QuadPart = Length};
    IO_STATUS_BLOCK Iosb = {0};
    BOOLEAN Done = FsRtlPrivateLock(&Lock, Owner, &Offset, &Size, Process, Key, TRUE, Exclusive,
                                    &Iosb, NULL, NULL, FALSE);

    return Done && NT_SUCCESS(Iosb.Status);
}

static NTSTATUS
Drop(PFILE_OBJECT Owner, ULONG Start, ULONG Length, ULONG Key)
{
    LARGE_INTEGER Offset = {.QuadPart = Start}, Size = {.QuadPart = Length};

    return FsRtlFastUnlockSingle(&Lock, Owner, &Offset, &Size, Process, Key, NULL, FALSE);
}

static BOOLEAN
MayRead(PFILE_OBJECT Owner, ULONG Start, ULONG Length, ULONG Key)
{
    LARGE_INTEGER Offset = {.QuadPart = Start}, Size = {.QuadPart = Length};

    return FsRtlFastCheckLockForRead(&Lock, &Offset, &Size, Key, Owner, Process);
}

static BOOLEAN
MayWrite(PFILE_OBJECT Owner, ULONG Start, ULONG Length, ULONG Key)
{
    LARGE_INTEGER Offset = {.QuadPart = Start}, Size = {.QuadPart = Length};

    return FsRtlFastCheckLockForWrite(&Lock, &Offset, &Size, Key, Owner, Process);
}

static PIRP
Request(PFILE_OBJECT Owner, UCHAR Minor, ULONG Start, PLARGE_INTEGER Length, ULONG Key, UCHAR Flags)
{
    PIRP Irp = IoAllocateIrp(2, FALSE);
    PIO_STACK_LOCATION Stack;

    IoSetNextIrpStackLocation(Irp);
    Stack = IoGetCurrentIrpStackLocation(Irp);
    Stack->MajorFunction = IRP_MJ_LOCK_CONTROL;
    Stack->MinorFunction = Minor;
    Stack->FileObject = Owner;
    Stack->DeviceObject = Device;
    Stack->Flags = Flags;
    Stack->Parameters.LockControl.ByteOffset.QuadPart = Start;
    Stack->Parameters.LockControl.Length = Length;
    Stack->Parameters.LockControl.Key = Key;
    Irp->Tail.Overlay.Thread = PsGetCurrentThread();
    return Irp;
}

static NTSTATUS Completed;
static ULONG Completions;

/* Instead of IoCompleteRequest: the lock package hands the request back. */
static NTSTATUS NTAPI
OnComplete(PVOID Context, PIRP Irp)
{
    Completed = Irp->IoStatus.Status;
    Completions++;
    IoFreeIrp(Irp);
    return Completed;
}

static VOID
Begin(VOID)
{
    Process = PsGetCurrentProcess();
    File = IoCreateStreamFileObjectLite(NULL, Device);
    Other = IoCreateStreamFileObjectLite(NULL, Device);
    FsRtlInitializeFileLock(&Lock, OnComplete, OnUnlock);
    EXPECT(!FsRtlAreThereCurrentFileLocks(&Lock));
    EXPECT_STATUS(Drop(File, 0, 10, 0), STATUS_RANGE_NOT_LOCKED);
    EXPECT(MayRead(Other, 0, 10, 0) && MayWrite(Other, 0, 10, 0));
    EXPECT(FsRtlGetNextFileLock(&Lock, TRUE) == NULL);
}

static VOID
Ranges(VOID)
{
    PFILE_LOCK_INFO Info;

    EXPECT(Take(File, 10, 10, 1, TRUE));
    EXPECT(FsRtlAreThereCurrentFileLocks(&Lock));
    EXPECT(FsRtlAreThereCurrentOrInProgressFileLocks(&Lock));
    EXPECT(!Take(Other, 19, 1, 1, FALSE) && !Take(Other, 10, 1, 1, TRUE) &&
           !Take(Other, 0, 11, 1, TRUE));
    EXPECT(Take(Other, 20, 5, 2, FALSE)); /* right behind it */
    EXPECT(Take(Other, 5, 5, 2, FALSE));  /* right before */
    EXPECT(Take(File, 20, 5, 1, FALSE));  /* shared ones overlap */
    EXPECT(!Take(File, 20, 5, 1, TRUE));
    /* the owner is file, process and key */
    EXPECT(MayRead(File, 10, 10, 1) && MayWrite(File, 10, 10, 1));
    EXPECT(!MayRead(File, 10, 10, 2) && !MayWrite(File, 10, 10, 2));
    EXPECT(!MayRead(Other, 19, 1, 1) && !MayRead(Other, 0, 11, 1));
    EXPECT(MayRead(File, 5, 5, 1)); /* shared: all may read, none may write */
    EXPECT(!MayWrite(File, 5, 5, 1) && !MayWrite(Other, 5, 5, 2));
    EXPECT(MayRead(Other, 10, 0, 9)); /* nothing at all is always free */
    EXPECT(MayWrite(Other, 25, 100, 2));
    Info = FsRtlGetNextFileLock(&Lock, TRUE);
    EXPECT(Info != NULL);
    for (ULONG Count = 1; Count < 4; Count++) {
        EXPECT(Info != NULL && Info->ProcessId == Process);
        Info = FsRtlGetNextFileLock(&Lock, FALSE);
    }
    EXPECT(Info != NULL);
    EXPECT_EQ(FsRtlGetNextFileLock(&Lock, FALSE), NULL);
    EXPECT_STATUS(Drop(File, 10, 9, 1), STATUS_RANGE_NOT_LOCKED); /* the very range */
    EXPECT_STATUS(Drop(File, 11, 10, 1), STATUS_RANGE_NOT_LOCKED);
    EXPECT_STATUS(Drop(File, 10, 10, 2), STATUS_RANGE_NOT_LOCKED);
    EXPECT_STATUS(Drop(Other, 10, 10, 1), STATUS_RANGE_NOT_LOCKED);
    EXPECT_EQ(Unlocked, 0);
    EXPECT_STATUS(Drop(File, 10, 10, 1), STATUS_SUCCESS);
    EXPECT_EQ(Unlocked, 1); /* the file system is told */
    EXPECT_STATUS(FsRtlFastUnlockAllByKey(&Lock, Other, Process, 7, NULL), STATUS_RANGE_NOT_LOCKED);
    EXPECT(Take(Other, 100, 1, 3, TRUE));
    FsRtlFastUnlockAllByKey(&Lock, Other, Process, 2, NULL); /* those of key 2 */
    EXPECT(MayWrite(File, 5, 5, 1) && !MayWrite(File, 100, 1, 1) && !MayWrite(Other, 20, 5, 2));
    FsRtlFastUnlockAll(&Lock, Other, Process, NULL);
    EXPECT(MayWrite(File, 100, 1, 1));
    EXPECT(!MayWrite(Other, 20, 5, 2)); /* File's is still there */
    FsRtlFastUnlockAll(&Lock, File, Process, NULL);
    EXPECT(!FsRtlAreThereCurrentFileLocks(&Lock));
}

static VOID
Waits(VOID)
{
    LARGE_INTEGER Ten = {.QuadPart = 10};
    UCHAR Exclusive = SL_EXCLUSIVE_LOCK, Now = SL_FAIL_IMMEDIATELY | SL_EXCLUSIVE_LOCK;

    EXPECT(Take(File, 0, 10, 0, TRUE));
    EXPECT_STATUS(FsRtlProcessFileLock(&Lock, Request(Other, IRP_MN_LOCK, 5, &Ten, 0, Now), NULL),
                  STATUS_LOCK_NOT_GRANTED);
    EXPECT(Completions == 1 && Completed == STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(
        FsRtlProcessFileLock(&Lock, Request(Other, IRP_MN_LOCK, 5, &Ten, 0, Exclusive), NULL),
        STATUS_PENDING); /* it waits */
    EXPECT_EQ(Completions, 1);
    EXPECT_STATUS(
        FsRtlProcessFileLock(&Lock, Request(File, IRP_MN_UNLOCK_SINGLE, 0, &Ten, 0, 0), NULL),
        STATUS_SUCCESS);
    EXPECT(Completions == 3 && !MayRead(File, 5, 1, 0)); /* the unlock, and then the waiting one */
    EXPECT_STATUS(
        FsRtlProcessFileLock(&Lock, Request(File, IRP_MN_LOCK, 0, &Ten, 0, Exclusive), NULL),
        STATUS_PENDING);
    EXPECT_STATUS(
        FsRtlProcessFileLock(&Lock, Request(Other, IRP_MN_UNLOCK_ALL_BY_KEY, 0, NULL, 0, 0), NULL),
        STATUS_SUCCESS);
    EXPECT(Completions == 5 && MayRead(File, 5, 1, 0) && !MayRead(Other, 9, 1, 0));
    EXPECT_STATUS(
        FsRtlProcessFileLock(&Lock, Request(File, IRP_MN_UNLOCK_ALL, 0, NULL, 0, 0), NULL),
        STATUS_SUCCESS);
    EXPECT_EQ(Completions, 6);
    EXPECT(!FsRtlAreThereCurrentFileLocks(&Lock));
    /* one that waits when the lock goes is completed, too */
    EXPECT(Take(File, 0, 10, 0, TRUE));
    FsRtlProcessFileLock(&Lock, Request(Other, IRP_MN_LOCK, 0, &Ten, 0, Exclusive), NULL);
    EXPECT(FsRtlAreThereCurrentOrInProgressFileLocks(&Lock));
    FsRtlUninitializeFileLock(&Lock);
    EXPECT(Completions == 7 && !NT_SUCCESS(Completed));
}

static VOID
Allocated(VOID)
{
    PFILE_LOCK Made = FsRtlAllocateFileLock(OnComplete, OnUnlock);
    PERESOURCE Resource = FsRtlAllocateResource();
    IO_STATUS_BLOCK Iosb;
    LARGE_INTEGER One = {.QuadPart = 1};

    EXPECT(Made != NULL && !FsRtlAreThereCurrentFileLocks(Made));
    EXPECT(FsRtlFastLock(Made, File, &One, &One, Process, 0, TRUE, TRUE, &Iosb, NULL, FALSE));
    EXPECT(FsRtlAreThereCurrentFileLocks(Made));
    FsRtlFreeFileLock(Made);
    EXPECT(Resource != NULL && !ExIsResourceAcquiredExclusiveLite(Resource));
    ExDeleteResourceLite(Resource);
    ExFreePool(Resource);
    ObDereferenceObject(File);
    ObDereferenceObject(Other);
}

static NTSTATUS
Reparse(ULONG Tag, USHORT DataLength, ULONG BufferLength, USHORT Offset, USHORT Length)
{
    static ULONG64 Space[32];
    PREPARSE_DATA_BUFFER Buffer = (PVOID)Space;

    RtlZeroMemory(Space, sizeof(Space));
    Buffer->ReparseTag = Tag;
    Buffer->ReparseDataLength = DataLength;
    Buffer->SymbolicLinkReparseBuffer.SubstituteNameOffset = Offset;
    Buffer->SymbolicLinkReparseBuffer.SubstituteNameLength = Length;
    return FsRtlValidateReparsePointBuffer(BufferLength, Buffer);
}

static VOID
Reparses(VOID)
{
    EXPECT_STATUS(Reparse(IO_REPARSE_TAG_SYMLINK, 20, 28, 0, 8), STATUS_SUCCESS);
    EXPECT_STATUS(Reparse(IO_REPARSE_TAG_SYMLINK, 20, 28, 0, 9), STATUS_IO_REPARSE_DATA_INVALID);
    EXPECT_STATUS(Reparse(IO_REPARSE_TAG_SYMLINK, 20, 28, 4, 6), STATUS_IO_REPARSE_DATA_INVALID);
    EXPECT_STATUS(Reparse(IO_REPARSE_TAG_SYMLINK, 8, 16, 0, 0), STATUS_IO_REPARSE_DATA_INVALID);
    EXPECT_STATUS(Reparse(IO_REPARSE_TAG_MOUNT_POINT, 16, 24, 0, 8), STATUS_SUCCESS);
    EXPECT_STATUS(Reparse(IO_REPARSE_TAG_MOUNT_POINT, 16, 24, 0, 9),
                  STATUS_IO_REPARSE_DATA_INVALID);
    EXPECT_STATUS(Reparse(0x80000017, 5, 13, 0, 0), STATUS_SUCCESS); /* Microsoft's: no GUID */
    EXPECT_STATUS(Reparse(0x80000017, 5, 12, 0, 0), STATUS_IO_REPARSE_DATA_INVALID);
    EXPECT_STATUS(Reparse(0x80000017, 0, 7, 0, 0), STATUS_IO_REPARSE_DATA_INVALID);
    EXPECT_STATUS(Reparse(0x1234, 5, 29, 0, 0), STATUS_SUCCESS); /* another's has one */
    EXPECT_STATUS(Reparse(0x1234, 5, 13, 0, 0), STATUS_IO_REPARSE_DATA_INVALID);
    EXPECT_STATUS(Reparse(1, 5, 29, 0, 0), STATUS_IO_REPARSE_TAG_INVALID); /* reserved */
    EXPECT_STATUS(Reparse(0x80000017, 5, 0x4001, 0, 0), STATUS_IO_REPARSE_DATA_INVALID);
}

static KEVENT Event, Done;

static VOID NTAPI
OnOverflow(PVOID Context, PKEVENT Given)
{
    EXPECT(Context == &Unlocked && Given == &Done);
    EXPECT(IoGetRemainingStackSize() > 0x2000);
    KeSetEvent(Given, 0, FALSE);
}

static VOID
Helpers(VOID)
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    PVOID Both[2] = {&Event, &Done};
    KWAIT_BLOCK Blocks[2];
    PIRP Irp = IoAllocateIrp(1, FALSE);

    KeInitializeEvent(&Event, NotificationEvent, TRUE);
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    EXPECT_STATUS(FsRtlCancellableWaitForSingleObject(&Event, NULL, Irp), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlCancellableWaitForSingleObject(&Done, &Zero, NULL), STATUS_TIMEOUT);
    EXPECT_STATUS(FsRtlCancellableWaitForMultipleObjects(2, Both, WaitAll, &Zero, Blocks, Irp),
                  STATUS_TIMEOUT);
    EXPECT_STATUS(FsRtlCancellableWaitForMultipleObjects(2, Both, WaitAny, &Zero, Blocks, Irp),
                  STATUS_WAIT_0);
    Irp->Cancel = TRUE; /* cancelled before it waits */
    EXPECT_STATUS(FsRtlCancellableWaitForSingleObject(&Event, NULL, Irp), STATUS_CANCELLED);
    IoFreeIrp(Irp);
    FsRtlPostStackOverflow(&Unlocked, &Done, OnOverflow);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    KeClearEvent(&Done);
    FsRtlPostPagingFileStackOverflow(&Unlocked, &Done, OnOverflow);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    IoDeleteDevice(DriverObject->DeviceObject);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Begin),     TEST(Ranges),   TEST(Waits),
                                       TEST(Allocated), TEST(Reparses), TEST(Helpers)};

    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Device);
    Device->Flags &= ~DO_DEVICE_INITIALIZING;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
