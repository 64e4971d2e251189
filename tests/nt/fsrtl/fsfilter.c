/*
 * fsfilter.c - how a file is acquired for a section, for a flush and for the mapped page writer, and released again: each filter of the stack is asked from the
 * top to the bottom and told from the bottom to the top; what no filter does, the file system's fast I/O entries do, or else the resources of the common
 * header are taken. [DDI:ntifs/_fs_filter_callbacks], [DDI:ntifs/fsrtlregisterfilesystemfiltercallbacks],
 * [DDI:ntifs/fsrtlacquirefileexclusive], [LEARN:ifs/fsrtl-routines], [SMP:fastfat, FatAcquireForCcFlush, FatFilterCallbackAcquireForCreateSection].
 */
#include "../ntlab-test.h"

#define FILTERS 10 /* more than are kept on the stack of who walks */

NTKERNELAPI NTSTATUS NTAPI IoCreateDriver(PUNICODE_STRING, PDRIVER_INITIALIZE);
NTKERNELAPI VOID NTAPI IoDeleteDriver(PDRIVER_OBJECT);
NTKERNELAPI NTSTATUS NTAPI FsRtlAcquireToCreateMappedSection(PFILE_OBJECT, ULONG);
NTKERNELAPI NTSTATUS NTAPI FsRtlAcquireFileForCcFlushEx(PFILE_OBJECT);
NTKERNELAPI VOID NTAPI FsRtlAcquireFileForCcFlush(PFILE_OBJECT);
NTKERNELAPI VOID NTAPI FsRtlReleaseFileForCcFlush(PFILE_OBJECT);
NTKERNELAPI NTSTATUS NTAPI FsRtlAcquireFileForModWriteEx(PFILE_OBJECT, PLARGE_INTEGER,
                                                         PERESOURCE *);
NTKERNELAPI BOOLEAN NTAPI FsRtlAcquireFileForModWrite(PFILE_OBJECT, PLARGE_INTEGER, PERESOURCE *);
NTKERNELAPI VOID NTAPI FsRtlReleaseFileForModWrite(PFILE_OBJECT, PERESOURCE);

#define COMPLETED ((NTSTATUS)0x00000126) /* STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY */

typedef enum _KIND { Section, Flush, ModWrite, Kinds } KIND;

static const UCHAR Operations[Kinds][2] = {
    {FS_FILTER_ACQUIRE_FOR_SECTION_SYNCHRONIZATION, FS_FILTER_RELEASE_FOR_SECTION_SYNCHRONIZATION},
    {FS_FILTER_ACQUIRE_FOR_CC_FLUSH, FS_FILTER_RELEASE_FOR_CC_FLUSH},
    {FS_FILTER_ACQUIRE_FOR_MOD_WRITE, FS_FILTER_RELEASE_FOR_MOD_WRITE}};

static PDRIVER_OBJECT Driver, System;
static PDEVICE_OBJECT Base, Filter[FILTERS]; /* the last is the top */
static PFILE_OBJECT File;
static FSRTL_ADVANCED_FCB_HEADER Header;
static FAST_MUTEX Mutex;
static ERESOURCE Main, Paging, Other;
static FAST_IO_DISPATCH FastIo;
static LARGE_INTEGER End;
static PERESOURCE Told;

static UCHAR Wanted;    /* the operation that is under way */
static ULONG Seen;      /* wrong arguments */
static CHAR Order[64];  /* 0 to 9: a filter is asked; a to j: told; F: the file system's entry */
static ULONG Calls, At; /* who answers otherwise than STATUS_SUCCESS */
static NTSTATUS Answer, Result, Entry;

static VOID
Note(CHAR What)
{
    if (Calls < sizeof(Order) - 1) {
        Order[Calls++] = What;
        Order[Calls] = 0;
    }
}

static ULONG
Which(PDEVICE_OBJECT DeviceObject)
{
    ULONG i = 0;

    while (i < FILTERS && Filter[i] != DeviceObject) {
        i++;
    }
    return i;
}

static VOID
CheckData(PFS_FILTER_CALLBACK_DATA Data)
{
    Seen += Data->Operation != Wanted || Data->FileObject != File || !KeAreApcsDisabled() ||
            Data->SizeOfFsFilterCallbackData != sizeof(*Data);
    if (Wanted == FS_FILTER_ACQUIRE_FOR_SECTION_SYNCHRONIZATION) {
        Seen +=
            Data->Parameters.AcquireForSectionSynchronization.SyncType != SyncTypeCreateSection ||
            Data->Parameters.AcquireForSectionSynchronization.PageProtection != PAGE_READWRITE;
    } else if (Wanted == FS_FILTER_ACQUIRE_FOR_MOD_WRITE) {
        Seen += Data->Parameters.AcquireForModifiedPageWriter.EndingOffset != &End ||
                Data->Parameters.AcquireForModifiedPageWriter.ResourceToRelease != &Told;
    } else if (Wanted == FS_FILTER_RELEASE_FOR_MOD_WRITE) {
        Seen += Data->Parameters.ReleaseForModifiedPageWriter.ResourceToRelease != Told;
    }
}

static NTSTATUS NTAPI
Pre(PFS_FILTER_CALLBACK_DATA Data, PVOID *CompletionContext)
{
    ULONG Number = Which(Data->DeviceObject);

    CheckData(Data);
    Note((CHAR)('0' + Number));
    *CompletionContext = &Filter[Number];
    return Number == At ? Answer : STATUS_SUCCESS;
}

static VOID NTAPI
Post(PFS_FILTER_CALLBACK_DATA Data, NTSTATUS OperationStatus, PVOID CompletionContext)
{
    ULONG Number = Which(Data->DeviceObject);

    CheckData(Data);
    Note((CHAR)('a' + Number));
    Seen += CompletionContext != &Filter[Number];
    Result = OperationStatus;
}

static FS_FILTER_CALLBACKS Callbacks = {
    sizeof(Callbacks), 0, Pre, Post, Pre, Post, Pre, Post, Pre, Post, Pre, Post, Pre, Post};

static VOID NTAPI
AcquireSection(PFILE_OBJECT FileObject)
{
    Note('F');
    Seen += FileObject != File;
}

static NTSTATUS NTAPI
AcquireFlush(PFILE_OBJECT FileObject, PDEVICE_OBJECT DeviceObject)
{
    Note('F');
    Seen += FileObject != File || DeviceObject != Base;
    return Entry;
}

static NTSTATUS NTAPI
AcquireModWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER EndingOffset, PERESOURCE *Resource,
                PDEVICE_OBJECT DeviceObject)
{
    Note('F');
    Seen += FileObject != File || DeviceObject != Base || EndingOffset != &End;
    if (Entry != STATUS_INVALID_DEVICE_REQUEST) {
        *Resource = &Other;
    }
    return Entry;
}

static NTSTATUS NTAPI
ReleaseModWrite(PFILE_OBJECT FileObject, PERESOURCE Resource, PDEVICE_OBJECT DeviceObject)
{
    Note('F');
    Seen += FileObject != File || DeviceObject != Base || Resource != Told;
    return Entry;
}

static VOID
SetFastIo(ULONG Size)
{
    RtlZeroMemory(&FastIo, sizeof(FastIo));
    FastIo.SizeOfFastIoDispatch = Size;
    FastIo.AcquireFileForNtCreateSection = FastIo.ReleaseFileForNtCreateSection = AcquireSection;
    FastIo.AcquireForCcFlush = FastIo.ReleaseForCcFlush = AcquireFlush;
    FastIo.AcquireForModWrite = AcquireModWrite;
    FastIo.ReleaseForModWrite = ReleaseModWrite;
    System->FastIoDispatch = Size != 0 ? &FastIo : NULL;
}

static VOID
Begin(UCHAR Operation)
{
    Wanted = Operation;
    Calls = 0;
    Order[0] = 0;
    Result = (NTSTATUS)0x7777;
}

static NTSTATUS
Acquire(KIND Kind)
{
    Begin(Operations[Kind][0]);
    Told = (PVOID)1;
    return Kind == Section ? FsRtlAcquireToCreateMappedSection(File, PAGE_READWRITE)
           : Kind == Flush ? FsRtlAcquireFileForCcFlushEx(File)
                           : FsRtlAcquireFileForModWriteEx(File, &End, &Told);
}

static VOID
Release(KIND Kind)
{
    Begin(Operations[Kind][1]);
    if (Kind == Section) {
        FsRtlReleaseFile(File);
    } else if (Kind == Flush) {
        FsRtlReleaseFileForCcFlush(File);
    } else {
        FsRtlReleaseFileForModWrite(File, Told);
    }
}

static BOOLEAN
Went(const char *Text)
{
    if (strcmp(Order, Text) != 0) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: note %s, not %s\n", Order,
                   Text);
        return FALSE;
    }
    return TRUE;
}

/* 0 it is not held, 1 shared, 2 exclusive */
static ULONG
Held(PERESOURCE Resource)
{
    return ExIsResourceAcquiredExclusiveLite(Resource)     ? 2
           : ExIsResourceAcquiredSharedLite(Resource) != 0 ? 1
                                                           : 0;
}

static VOID
ExpectHeld(ULONG OfMain, ULONG OfPaging)
{
    EXPECT_EQ(Held(&Main), OfMain);
    EXPECT_EQ(Held(&Paging), OfPaging);
}

/* Nobody has an entry, or each leaves it to the system: the header's resources. */
static VOID
Resources(VOID)
{
    static const struct {
        ULONG Flags, Kept; /* of the header; 1: it has the main resource, 2: the paging one */
        LONGLONG End;
        ULONG Held[Kinds][2];
        ULONG Told; /* 0 none, 1 the main, 2 the paging one */
    } Row[] = {
        {0, 3, 0x1000, {{2, 0}, {2, 1}, {0, 1}}, 2},
        {0, 3, 0x1001, {{2, 0}, {2, 1}, {2, 0}}, 1}, /* beyond what is valid */
        {FSRTL_FLAG_ACQUIRE_MAIN_RSRC_EX, 3, 0x1000, {{2, 0}, {2, 1}, {2, 0}}, 1},
        {FSRTL_FLAG_ACQUIRE_MAIN_RSRC_SH, 3, 0x1000, {{2, 0}, {2, 1}, {1, 0}}, 1},
        {0, 1, 0x1000, {{2, 0}, {2, 0}, {1, 0}}, 1},
        {0, 2, 0x1000, {{0, 0}, {0, 1}, {0, 1}}, 2},
        {0, 2, 0x1001, {{0, 0}, {0, 1}, {0, 1}}, 2},
        {0, 0, 0x1000, {{0, 0}, {0, 0}, {0, 0}}, 0},
    };
    /* an older structure ends before an entry: it is not there */
    static const ULONG Sizes[] = {0,
                                  sizeof(FAST_IO_DISPATCH),
                                  FIELD_OFFSET(FAST_IO_DISPATCH, AcquireForModWrite),
                                  FIELD_OFFSET(FAST_IO_DISPATCH, ReleaseForModWrite),
                                  FIELD_OFFSET(FAST_IO_DISPATCH, AcquireForCcFlush),
                                  FIELD_OFFSET(FAST_IO_DISPATCH, ReleaseForCcFlush)};
    static const ULONG Places[Kinds][2] = {{MAXULONG, MAXULONG},
                                           {FIELD_OFFSET(FAST_IO_DISPATCH, AcquireForCcFlush),
                                            FIELD_OFFSET(FAST_IO_DISPATCH, ReleaseForCcFlush)},
                                           {FIELD_OFFSET(FAST_IO_DISPATCH, AcquireForModWrite),
                                            FIELD_OFFSET(FAST_IO_DISPATCH, ReleaseForModWrite)}};

    Entry = STATUS_INVALID_DEVICE_REQUEST;
    for (ULONG How = 0; How < RTL_NUMBER_OF(Sizes); How++) {
        for (ULONG i = 0; i < RTL_NUMBER_OF(Row); i++) {
            Header.Flags = (UCHAR)Row[i].Flags;
            Header.Resource = Row[i].Kept & 1 ? &Main : NULL;
            Header.PagingIoResource = Row[i].Kept & 2 ? &Paging : NULL;
            End.QuadPart = Row[i].End;
            for (KIND Kind = Section; Kind < Kinds; Kind++) {
                SetFastIo(Sizes[How]);
                FastIo.AcquireFileForNtCreateSection = NULL;
                FastIo.ReleaseFileForNtCreateSection = NULL;
                EXPECT_STATUS(Acquire(Kind), STATUS_SUCCESS);
                EXPECT(Went(Sizes[How] > Places[Kind][0] ? "F" : ""));
                ExpectHeld(Row[i].Held[Kind][0], Row[i].Held[Kind][1]);
                EXPECT(KeAreApcsDisabled());
                if (Kind == ModWrite) {
                    EXPECT_EQ(Told, Row[i].Told == 1 ? &Main : Row[i].Told == 2 ? &Paging : NULL);
                }
                Release(Kind);
                EXPECT(Went(Sizes[How] > Places[Kind][1] ? "F" : ""));
                ExpectHeld(0, 0);
                EXPECT(!KeAreApcsDisabled());
            }
        }
    }
    Header.Flags = 0;
    Header.Resource = &Main;
    Header.PagingIoResource = &Paging;
    /* a flush of who has the file shared already stays shared */
    SetFastIo(0);
    KeEnterCriticalRegion();
    ExAcquireResourceSharedLite(&Main, TRUE);
    EXPECT_STATUS(Acquire(Flush), STATUS_SUCCESS);
    ExpectHeld(1, 1);
    Release(Flush);
    ExpectHeld(1, 0);
    ExReleaseResourceLite(&Main);
    KeLeaveCriticalRegion();
    /* no header at all */
    File->FsContext = NULL;
    for (KIND Kind = Section; Kind < Kinds; Kind++) {
        EXPECT_STATUS(Acquire(Kind), STATUS_SUCCESS);
        EXPECT(Kind != ModWrite || Told == NULL);
        Release(Kind);
        EXPECT(!KeAreApcsDisabled());
    }
    File->FsContext = &Header;
}

static struct {
    PERESOURCE Resource;
    BOOLEAN Exclusive;
    KEVENT Has, Go;
} Holder;

static VOID NTAPI
Hold(PVOID Context)
{
    KeEnterCriticalRegion();
    if (Holder.Exclusive) {
        ExAcquireResourceExclusiveLite(Holder.Resource, TRUE);
    } else {
        ExAcquireResourceSharedLite(Holder.Resource, TRUE);
    }
    KeSetEvent(&Holder.Has, 0, FALSE);
    KeWaitForSingleObject(&Holder.Go, Executive, KernelMode, FALSE, NULL);
    ExReleaseResourceLite(Holder.Resource);
    KeLeaveCriticalRegion();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

/* The page writer does not wait: "the file system should return STATUS_CANT_WAIT". */
static VOID
Busy(VOID)
{
    static const struct {
        ULONG Flags;
        LONGLONG End;
        BOOLEAN OfMain, Exclusive;
        NTSTATUS Status;
    } Row[] = {
        {0, 0x1000, FALSE, TRUE, STATUS_CANT_WAIT},
        {0, 0x1000, FALSE, FALSE, STATUS_SUCCESS},
        {0, 0x1000, TRUE, TRUE, STATUS_SUCCESS},
        {0, 0x2000, TRUE, FALSE, STATUS_CANT_WAIT},
        {0, 0x2000, FALSE, TRUE, STATUS_SUCCESS},
        {FSRTL_FLAG_ACQUIRE_MAIN_RSRC_SH, 0x1000, TRUE, TRUE, STATUS_CANT_WAIT},
        {FSRTL_FLAG_ACQUIRE_MAIN_RSRC_SH, 0x1000, TRUE, FALSE, STATUS_SUCCESS},
        {FSRTL_FLAG_ACQUIRE_MAIN_RSRC_EX, 0x1000, TRUE, FALSE, STATUS_CANT_WAIT},
    };

    SetFastIo(0);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Row); i++) {
        HANDLE Handle;
        PVOID Thread;
        NTSTATUS Status;

        Header.Flags = (UCHAR)Row[i].Flags;
        End.QuadPart = Row[i].End;
        Holder.Resource = Row[i].OfMain ? &Main : &Paging;
        Holder.Exclusive = Row[i].Exclusive;
        KeInitializeEvent(&Holder.Has, SynchronizationEvent, FALSE);
        KeInitializeEvent(&Holder.Go, SynchronizationEvent, FALSE);
        PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL, NULL, Hold, NULL);
        ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode, &Thread, NULL);
        ZwClose(Handle);
        KeWaitForSingleObject(&Holder.Has, Executive, KernelMode, FALSE, NULL);
        Status = Acquire(ModWrite);
        EXPECT_STATUS(Status, Row[i].Status);
        if (NT_SUCCESS(Status)) {
            EXPECT(FsRtlAcquireFileForModWrite(File, &End, &Told)); /* once more */
            Release(ModWrite);
            Release(ModWrite);
        } else {
            EXPECT_EQ(Told, NULL);
            EXPECT(!FsRtlAcquireFileForModWrite(File, &End, &Told));
        }
        ExpectHeld(0, 0);
        EXPECT(!KeAreApcsDisabled());
        KeSetEvent(&Holder.Go, 0, FALSE);
        KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL);
        ObDereferenceObject(Thread);
    }
    Header.Flags = 0;
    End.QuadPart = 0x1000;
}

/* The file system's own entries: the resources are theirs. */
static VOID
Entries(VOID)
{
    SetFastIo(sizeof(FastIo));
    Entry = STATUS_SUCCESS;
    for (KIND Kind = Section; Kind < Kinds; Kind++) {
        EXPECT_STATUS(Acquire(Kind), STATUS_SUCCESS);
        EXPECT(Went("F"));
        ExpectHeld(0, 0);
        EXPECT(KeAreApcsDisabled());
        EXPECT(Kind != ModWrite || Told == &Other);
        Release(Kind);
        EXPECT(Went("F"));
        EXPECT(!KeAreApcsDisabled());
    }
    Entry = STATUS_CANT_WAIT;
    for (KIND Kind = Flush; Kind < Kinds; Kind++) {
        EXPECT_STATUS(Acquire(Kind), STATUS_CANT_WAIT);
        EXPECT(Went("F"));
        ExpectHeld(0, 0);
        EXPECT(!KeAreApcsDisabled());
    }
    Entry = STATUS_SUCCESS;
    EXPECT_EQ(Seen, 0);
}

/* Ten filters: all are asked, from the top, and told, from the bottom. */
static VOID
Filters(VOID)
{
    EXPECT_STATUS(FsRtlRegisterFileSystemFilterCallbacks(NULL, &Callbacks),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(FsRtlRegisterFileSystemFilterCallbacks(Driver, NULL), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(FsRtlRegisterFileSystemFilterCallbacks(Driver, &Callbacks), STATUS_SUCCESS);
    SetFastIo(sizeof(FastIo));
    At = FILTERS + 1;
    for (KIND Kind = Section; Kind < Kinds; Kind++) {
        Entry = STATUS_SUCCESS;
        EXPECT_STATUS(Acquire(Kind), STATUS_SUCCESS);
        EXPECT(Went("9876543210Fabcdefghij"));
        EXPECT_STATUS(Result, STATUS_SUCCESS);
        Release(Kind);
        EXPECT(Went("9876543210Fabcdefghij"));
        EXPECT(!KeAreApcsDisabled());
        if (Kind != Section) { /* what the file system says is told to all */
            Entry = STATUS_CANT_WAIT;
            EXPECT_STATUS(Acquire(Kind), STATUS_CANT_WAIT);
            EXPECT(Went("9876543210Fabcdefghij"));
            EXPECT_STATUS(Result, STATUS_CANT_WAIT);
            EXPECT(!KeAreApcsDisabled());
        }
        Entry = STATUS_SUCCESS;
        At = 4;
        Answer = COMPLETED; /* it has done the work: nobody below is asked */
        EXPECT(NT_SUCCESS(Acquire(Kind)));
        EXPECT(Went("987654fghij"));
        EXPECT(NT_SUCCESS(Result) && KeAreApcsDisabled());
        Told = NULL;
        Release(Kind);
        EXPECT(Went("987654fghij"));
        EXPECT(!KeAreApcsDisabled());
        Answer = STATUS_INSUFFICIENT_RESOURCES; /* it fails: those above hear of it */
        EXPECT_STATUS(Acquire(Kind), STATUS_INSUFFICIENT_RESOURCES);
        EXPECT(Went("987654fghij"));
        EXPECT_STATUS(Result, STATUS_INSUFFICIENT_RESOURCES);
        EXPECT(!KeAreApcsDisabled());
        At = FILTERS - 1; /* the top: there is nobody above */
        EXPECT_STATUS(Acquire(Kind), STATUS_INSUFFICIENT_RESOURCES);
        EXPECT(Went("9"));
        At = FILTERS + 1;
        EXPECT_STATUS(Acquire(Kind), STATUS_SUCCESS);
        At = 4; /* a release cannot be failed */
        Release(Kind);
        EXPECT(Went("9876543210Fabcdefghij"));
        EXPECT(!KeAreApcsDisabled());
        At = FILTERS + 1;
    }
    EXPECT_EQ(Seen, 0);
}

/* Callbacks that are registered again replace those before; one that is not there is not called, nor what an older structure does not hold. */
static VOID
Registers(VOID)
{
    FS_FILTER_CALLBACKS Less = Callbacks;

    Less.PreAcquireForCcFlush = NULL;
    Less.PostReleaseForCcFlush = NULL;
    Less.SizeOfFsFilterCallbacks =
        FIELD_OFFSET(FS_FILTER_CALLBACKS, PreAcquireForModifiedPageWriter);
    EXPECT_STATUS(FsRtlRegisterFileSystemFilterCallbacks(Driver, &Less), STATUS_SUCCESS);
    EXPECT_STATUS(Acquire(Section), STATUS_SUCCESS);
    EXPECT(Went("9876543210Fabcdefghij"));
    Release(Section);
    EXPECT(Went("9876543210Fabcdefghij"));
    EXPECT_STATUS(Acquire(ModWrite), STATUS_SUCCESS);
    EXPECT(Went("F"));
    Release(ModWrite);
    EXPECT(Went("F"));
    Seen = 0; /* a completion without its Pre has no context */
    EXPECT_STATUS(Acquire(Flush), STATUS_SUCCESS);
    EXPECT(Went("Fabcdefghij"));
    EXPECT_EQ(Seen, FILTERS);
    Seen = 0;
    Release(Flush);
    EXPECT(Went("9876543210F"));
    EXPECT_EQ(Seen, 0);
    /* the old forms, which tell nothing */
    Begin(FS_FILTER_ACQUIRE_FOR_CC_FLUSH);
    FsRtlAcquireFileForCcFlush(File);
    EXPECT(Went("Fabcdefghij") && KeAreApcsDisabled());
    Release(Flush);
    Begin(FS_FILTER_ACQUIRE_FOR_SECTION_SYNCHRONIZATION);
    FsRtlAcquireFileExclusive(File);
    EXPECT(Went("9876543210Fabcdefghij") && KeAreApcsDisabled());
    Release(Section);
    EXPECT(!KeAreApcsDisabled());
}

static NTSTATUS NTAPI
SystemEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    System = DriverObject;
    return STATUS_SUCCESS;
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    Irp->IoStatus.Status = STATUS_SUCCESS;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    ExDeleteResourceLite(&Main);
    ExDeleteResourceLite(&Paging);
    ExDeleteResourceLite(&Other);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Resources), TEST(Busy), TEST(Entries), TEST(Filters),
                                       TEST(Registers)};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\FileSystem\\FsRtlTestFilter");

    Driver = DriverObject;
    DriverObject->DriverUnload = Unload;
    IoCreateDriver(&Name, SystemEntry);
    for (ULONG i = 0; i <= IRP_MJ_MAXIMUM_FUNCTION; i++) {
        DriverObject->MajorFunction[i] = System->MajorFunction[i] = Dispatch;
    }
    IoCreateDevice(System, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Base);
    Base->Flags &= ~DO_DEVICE_INITIALIZING;
    for (ULONG i = 0; i < FILTERS; i++) {
        IoCreateDevice(DriverObject, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Filter[i]);
        IoAttachDeviceToDeviceStack(Filter[i], Base);
        Filter[i]->Flags &= ~DO_DEVICE_INITIALIZING;
    }
    ExInitializeResourceLite(&Main);
    ExInitializeResourceLite(&Paging);
    ExInitializeResourceLite(&Other);
    ExInitializeFastMutex(&Mutex);
    FsRtlSetupAdvancedHeader(&Header, &Mutex);
    Header.Resource = &Main;
    Header.PagingIoResource = &Paging;
    Header.ValidDataLength.QuadPart = Header.FileSize.QuadPart = 0x1000;
    File = IoCreateStreamFileObjectLite(NULL, Base);
    File->FsContext = &Header;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    ObDereferenceObject(File);
    FsRtlTeardownPerStreamContexts(&Header);
    for (ULONG i = FILTERS; i-- > 0;) {
        IoDetachDevice(i > 0 ? Filter[i - 1] : Base);
        IoDeleteDevice(Filter[i]);
    }
    IoDeleteDevice(Base);
    IoDeleteDriver(System);
    return STATUS_SUCCESS;
}
