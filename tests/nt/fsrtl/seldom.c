/*
 * seldom.c - what file systems ask seldom: notifications with somebody's subject context, a report from within a report, the first form of both; streams whose header
 * has no push lock; a lock request that is none; a file acquired without a filter; what there is nothing to say to here.
 * [DDI:ntifs/fsrtlnotifyfullchangedirectory], [DDI:ntifs/fsrtlinsertperstreamcontext], [DDI:ntifs/fsrtlprocessfilelock],
 * [DDI:ntifs/fsrtlallocateextracreateparameterfromlookasidelist], [DDI:ntifs/fsrtlbalancereads], [DDI:ntifs/fsrtlnotifyvolumeeventex],
 * [DDI:ntifs/fsrtlarevolumestartupapplicationscomplete], [DDI:ntifs/ccsetparallelflushfile]
 */
#include "notify.h"

static UNICODE_STRING Root = RTL_CONSTANT_STRING(L"\\"), Folder = RTL_CONSTANT_STRING(L"\\folder");
static int Opens[3];
static PSECURITY_SUBJECT_CONTEXT SeenSubject;
static ULONG Traversed;

static BOOLEAN NTAPI
Traverse(PVOID FsContext, PVOID TargetContext, PSECURITY_SUBJECT_CONTEXT SubjectContext)
{
    Traversed++;
    SeenSubject = SubjectContext;
    return TRUE;
}

/* In pool, as the package frees it. */
static PSECURITY_SUBJECT_CONTEXT
Subject(VOID)
{
    PSECURITY_SUBJECT_CONTEXT Context = ExAllocatePoolWithTag(PagedPool, sizeof(*Context), 'dleS');

    SeCaptureSubjectContext(Context);
    return Context;
}

static VOID
Report(PCWSTR Name, USHORT Offset)
{
    UNICODE_STRING Full;

    RtlInitUnicodeString(&Full, Name);
    FsRtlNotifyFullReportChange(Sync, &List, (PSTRING)&Full, Offset, NULL, NULL,
                                FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, NULL);
}

/* The first one of a handle is kept, and let go of with it; later ones at once. */
static VOID
Subjects(VOID)
{
    PSECURITY_SUBJECT_CONTEXT First = Subject();
    REQUEST One, Two;

    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256), Traverse, First);
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Root, TRUE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&Two, 256), Traverse,
                                   Subject());
    Report(L"\\top", 2); /* in the directory itself nobody has to come through another */
    EXPECT(One.Done && !Two.Done && Traversed == 0);
    Report(L"\\folder\\x", 16);
    EXPECT(Two.Done && Traversed == 1 && SeenSubject == First);
    End(&One);
    End(&Two);
    FsRtlNotifyCleanup(Sync, &List, &Opens[0]);
    EXPECT(IsListEmpty(&List));
}

static REQUEST Outer, Inner;
static ULONG InnerOrder;

static NTSTATUS NTAPI
ReportsAgain(PDEVICE_OBJECT DeviceObject, PIRP Irp, PVOID Context)
{
    Report(L"\\folder\\inner", 16);
    InnerOrder = Inner.Done ? 1 : 2;
    return Completed(DeviceObject, Irp, Context);
}

/* The completion of what a report ends reports something itself. */
static VOID
Within(VOID)
{
    PIO_STACK_LOCATION Stack;

    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[0], (PSTRING)&Root, FALSE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&Outer, 256), NULL, NULL);
    Stack = IoGetCurrentIrpStackLocation(Outer.Irp);
    Stack->CompletionRoutine = ReportsAgain;
    Stack->Context = &Outer;
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[1], (PSTRING)&Folder, FALSE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&Inner, 256), NULL, NULL);
    Report(L"\\outer", 2);
    EXPECT(Outer.Done && Inner.Done && InnerOrder == 1);
    End(&Outer);
    End(&Inner);
    /* and the lock is free */
    FsRtlNotifyFullChangeDirectory(Sync, &List, &Opens[1], (PSTRING)&Folder, FALSE, FALSE,
                                   FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&Inner, 256), NULL, NULL);
    FsRtlNotifyCleanupAll(Sync, &List);
    EXPECT(Inner.Done && Inner.Iosb.Status == STATUS_NOTIFY_CLEANUP && IsListEmpty(&List));
    End(&Inner);
}

/* That something has changed is all that the first form says. */
static VOID
Form(VOID)
{
    REQUEST One;

    FsRtlNotifyChangeDirectory(Sync, &Opens[0], (PSTRING)&Folder, &List, FALSE,
                               FILE_NOTIFY_CHANGE_FILE_NAME, Begin(&One, 256));
    Report(L"\\top", 2);
    Report(L"\\folder\\x\\y", 20);
    EXPECT(!One.Done);
    Report(L"\\folder\\x", 16);
    EXPECT(One.Done && One.Iosb.Status == STATUS_NOTIFY_ENUM_DIR && One.Iosb.Information == 0);
    End(&One);
    FsRtlNotifyCleanup(Sync, &List, &Opens[0]);
}

static VOID NTAPI
Free(PVOID Context)
{
}

/* A header of the first version has a fast mutex alone. */
static VOID
Streams(VOID)
{
    static FSRTL_ADVANCED_FCB_HEADER Header;
    static FAST_MUTEX Mutex;
    FSRTL_PER_STREAM_CONTEXT One, Two;
    int Owner;

    ExInitializeFastMutex(&Mutex);
    FsRtlSetupAdvancedHeader(&Header, &Mutex);
    Header.Version = FSRTL_FCB_HEADER_V0;
    FsRtlInitPerStreamContext(&One, &Owner, &One, Free);
    FsRtlInitPerStreamContext(&Two, &Owner, &Two, Free);
    EXPECT_STATUS(FsRtlInsertPerStreamContext(&Header, &One), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlInsertPerStreamContext(&Header, &Two), STATUS_SUCCESS);
    EXPECT(FsRtlLookupPerStreamContext(&Header, &Owner, &One) == &One);
    EXPECT_EQ(KeGetCurrentIrql(), PASSIVE_LEVEL); /* it has been released */
    EXPECT(FsRtlRemovePerStreamContext(&Header, &Owner, &Two) == &Two);
    EXPECT(FsRtlLookupPerStreamContext(&Header, &Owner, &Two) == NULL);
    EXPECT(ExTryToAcquireFastMutex(&Mutex));
    ExReleaseFastMutex(&Mutex);
    FsRtlTeardownPerStreamContexts(&Header);
}

static ULONG LocksCompleted;
static NTSTATUS LockStatus;

static NTSTATUS NTAPI
LockOver(PVOID Context, PIRP Irp)
{
    LocksCompleted++;
    LockStatus = Irp->IoStatus.Status;
    return Irp->IoStatus.Status;
}

static VOID
Locks(VOID)
{
    FILE_LOCK Lock;
    LARGE_INTEGER One = {.QuadPart = 1};

    FsRtlInitializeFileLock(&Lock, LockOver, NULL);
    for (ULONG Minor = 0; Minor < 8; Minor++) {
        BOOLEAN Known = Minor >= IRP_MN_LOCK && Minor <= IRP_MN_UNLOCK_ALL_BY_KEY;
        REQUEST Request;
        PIO_STACK_LOCATION Stack;
        NTSTATUS Status;

        Begin(&Request, 0);
        Stack = IoGetCurrentIrpStackLocation(Request.Irp);
        Stack->MajorFunction = IRP_MJ_LOCK_CONTROL;
        Stack->MinorFunction = (UCHAR)Minor;
        Stack->Parameters.LockControl.Length = &One;
        Stack->Parameters.LockControl.ByteOffset.QuadPart = 0;
        LocksCompleted = 0;
        Status = FsRtlProcessFileLock(&Lock, Request.Irp, NULL);
        EXPECT((Status == STATUS_INVALID_DEVICE_REQUEST) == !Known);
        EXPECT(Request.Done || LocksCompleted == 1);
        if (!Known) {
            EXPECT(Request.Iosb.Status == STATUS_INVALID_DEVICE_REQUEST);
        }
        End(&Request);
    }
    FsRtlUninitializeFileLock(&Lock);
}

static VOID
Acquired(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\fsrtl-seldom");
    PFSRTL_COMMON_FCB_HEADER Header;
    OBJECT_ATTRIBUTES Object;
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT Stream;
    HANDLE Opened;

    InitializeObjectAttributes(&Object, &Name, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwCreateFile(&Opened, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &Object,
                               &Iosb, NULL, 0, 7, FILE_OPEN_IF, FILE_SYNCHRONOUS_IO_NONALERT, NULL,
                               0),
                  STATUS_SUCCESS);
    ObReferenceObjectByHandle(Opened, 0, *IoFileObjectType, KernelMode, (PVOID *)&Stream, NULL);
    Header = Stream->FsContext;
    EXPECT(!ExIsResourceAcquiredExclusiveLite(Header->Resource));
    FsRtlAcquireFileExclusive(Stream);
    EXPECT(ExIsResourceAcquiredExclusiveLite(Header->Resource));
    FsRtlReleaseFile(Stream);
    EXPECT(!ExIsResourceAcquiredExclusiveLite(Header->Resource));
    CcSetParallelFlushFile(Stream, TRUE);
    /* nobody has registered for the volume's device; its driver is no mirror's */
    EXPECT_STATUS(FsRtlNotifyVolumeEventEx(Stream, FSRTL_VOLUME_LOCK, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlNotifyVolumeEvent(Stream, FSRTL_VOLUME_UNLOCK), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlBalanceReads(IoGetRelatedDeviceObject(Stream)),
                  STATUS_INVALID_DEVICE_REQUEST);
    FsRtlIncrementCcFastReadNotPossible();
    FsRtlIncrementCcFastReadNoWait();
    FsRtlIncrementCcFastReadResourceMiss();
    FsRtlIncrementCcFastReadWait();
    EXPECT(FsRtlAreVolumeStartupApplicationsComplete());
    ObDereferenceObject(Stream);
    ZwClose(Opened);
}

/* More than a block of the list holds. */
static VOID
Parameters(VOID)
{
    static const GUID Type = {0x66666666, 1, 2, {3}};
    static PAGED_LOOKASIDE_LIST Blocks;
    PVOID Ecp;

    FsRtlInitExtraCreateParameterLookasideList(&Blocks, 0, 64, 'dleS');
    for (ULONG Size = 60; Size < 70; Size++) {
        NTSTATUS Expected = Size <= 64 ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;

        Ecp = &Ecp;
        EXPECT_STATUS(
            FsRtlAllocateExtraCreateParameterFromLookasideList(&Type, Size, 0, NULL, &Blocks, &Ecp),
            Expected);
        EXPECT((Ecp != NULL) == NT_SUCCESS(Expected) && Ecp != &Ecp);
        if (NT_SUCCESS(Expected)) {
            FsRtlFreeExtraCreateParameter(Ecp);
        }
    }
    FsRtlDeleteExtraCreateParameterLookasideList(&Blocks, 0);
}

static VOID
Last(VOID)
{
    FsRtlNotifyUninitializeSync(&Sync);
    EXPECT(Sync == NULL);
    ObDereferenceObject(File);
    ZwClose(Handle);
}

TEST_DRIVER(TEST(Prepare), TEST(Subjects), TEST(Within), TEST(Form), TEST(Streams), TEST(Locks),
            TEST(Acquired), TEST(Parameters), TEST(Last))
