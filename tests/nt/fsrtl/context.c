/*
 * context.c - contexts on streams, files and file objects; FsFilter callbacks.
 * [ntifs: FsRtlInsertPerStreamContext, FsRtlLookupPerStreamContext, FsRtlTeardownPerStreamContexts,
 * FsRtlInsertPerFileContext, FsRtlInsertPerFileObjectContext, FsRtlRegisterFileSystemFilterCallbacks]
 */
#include "../ntlab-test.h"

#ifndef STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY
#define STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY ((NTSTATUS)0x00000126)
#endif

static PDRIVER_OBJECT Driver;
static LONG Freed;
static FSRTL_ADVANCED_FCB_HEADER Header;
static FAST_MUTEX Mutex;
static ERESOURCE Resource;

static VOID NTAPI
Free(PVOID Context)
{
    Freed++;
}

static VOID
Streams(VOID)
{
    FSRTL_PER_STREAM_CONTEXT A, B;
    int Owner, One, Two;

    RtlZeroMemory(&Header, sizeof(Header));
    ExInitializeFastMutex(&Mutex);
    FsRtlInitPerStreamContext(&A, &Owner, &One, Free);
    EXPECT_STATUS(FsRtlInsertPerStreamContext(&Header, &A), STATUS_INVALID_DEVICE_REQUEST);
    FsRtlSetupAdvancedHeader(&Header, &Mutex);
    EXPECT(FsRtlLookupPerStreamContext(&Header, &Owner, NULL) == NULL);
    FsRtlInitPerStreamContext(&B, &Owner, &Two, Free);
    EXPECT_STATUS(FsRtlInsertPerStreamContext(&Header, &A), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlInsertPerStreamContext(&Header, &B), STATUS_SUCCESS);
    EXPECT(FsRtlLookupPerStreamContext(&Header, &Owner, &One) == &A);
    EXPECT(FsRtlLookupPerStreamContext(&Header, &Owner, &Two) == &B);
    EXPECT(FsRtlLookupPerStreamContext(&Header, &Owner, NULL) != NULL); /* any of the owner's */
    EXPECT(FsRtlLookupPerStreamContext(&Header, &One, NULL) == NULL);
    EXPECT(FsRtlRemovePerStreamContext(&Header, &Owner, &One) == &A);
    EXPECT(FsRtlRemovePerStreamContext(&Header, &Owner, &One) == NULL);
    EXPECT_EQ(Freed, 0); /* who removes frees */
    FsRtlTeardownPerStreamContexts(&Header);
    EXPECT_EQ(Freed, 1);
    EXPECT(FsRtlLookupPerStreamContext(&Header, &Owner, NULL) == NULL);
}

static VOID
Files(VOID)
{
    FSRTL_PER_FILE_CONTEXT A = {};
    PVOID Pointer = NULL;
    int Owner;

    Freed = 0;
    A.OwnerId = &Owner;
    A.FreeCallback = Free;
    EXPECT_STATUS(FsRtlInsertPerFileContext(NULL, &A), STATUS_INVALID_DEVICE_REQUEST);
    EXPECT(FsRtlLookupPerFileContext(&Pointer, &Owner, NULL) == NULL);
    EXPECT_STATUS(FsRtlInsertPerFileContext(&Pointer, &A), STATUS_SUCCESS);
    EXPECT(FsRtlLookupPerFileContext(&Pointer, &Owner, NULL) == &A);
    EXPECT(FsRtlRemovePerFileContext(&Pointer, &Owner, NULL) == &A);
    EXPECT_STATUS(FsRtlInsertPerFileContext(&Pointer, &A), STATUS_SUCCESS);
    FsRtlTeardownPerFileContexts(&Pointer);
    EXPECT_EQ(Freed, 1);
    EXPECT(FsRtlLookupPerFileContext(&Pointer, &Owner, NULL) == NULL);
}

static PDEVICE_OBJECT Base, Upper;
static LONG Order, PreUpper, PreBase, PostUpper, PostBase;
static NTSTATUS PostStatus, Answer;

static NTSTATUS NTAPI
Pre(PFS_FILTER_CALLBACK_DATA Data, PVOID *CompletionContext)
{
    *CompletionContext = Data->DeviceObject;
    if (Data->DeviceObject == Upper) {
        PreUpper = ++Order;
        return Answer;
    }
    PreBase = ++Order;
    return STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY;
}

static VOID NTAPI
Post(PFS_FILTER_CALLBACK_DATA Data, NTSTATUS OperationStatus, PVOID CompletionContext)
{
    EXPECT(CompletionContext == Data->DeviceObject);
    PostStatus = OperationStatus;
    *(Data->DeviceObject == Upper ? &PostUpper : &PostBase) = ++Order;
}

static VOID
Walk(VOID)
{
    FS_FILTER_CALLBACKS Callbacks = {.SizeOfFsFilterCallbacks = sizeof(Callbacks),
                                     .PreAcquireForSectionSynchronization = Pre,
                                     .PostAcquireForSectionSynchronization = Post};
    FSRTL_PER_FILEOBJECT_CONTEXT Context = {};
    PFILE_OBJECT FileObject;

    IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Base);
    Base->Flags &= ~DO_DEVICE_INITIALIZING;
    IoCreateDevice(Driver, 0, NULL, FILE_DEVICE_DISK_FILE_SYSTEM, 0, FALSE, &Upper);
    IoAttachDeviceToDeviceStack(Upper, Base);
    Upper->Flags &= ~DO_DEVICE_INITIALIZING;
    FileObject = IoCreateStreamFileObjectLite(NULL, Base);
    RtlZeroMemory(&Header, sizeof(Header));
    ExInitializeResourceLite(&Resource);
    Header.Resource = &Resource;
    FileObject->FsContext = &Header;

    /* Nobody has callbacks or fast I/O entries: the main resource, exclusive, in a critical region. */
    FsRtlAcquireFileExclusive(FileObject);
    EXPECT(ExIsResourceAcquiredExclusiveLite(&Resource));
    EXPECT(KeAreApcsDisabled());
    FsRtlReleaseFile(FileObject);
    EXPECT(!ExIsResourceAcquiredExclusiveLite(&Resource));
    EXPECT(!KeAreApcsDisabled());

    EXPECT_STATUS(FsRtlRegisterFileSystemFilterCallbacks(Driver, &Callbacks), STATUS_SUCCESS);
    FsRtlAcquireFileExclusive(FileObject);
    EXPECT_EQ(PreUpper, 1);
    EXPECT_EQ(PreBase, 2);
    EXPECT_EQ(PostBase, 0); /* it has done the work: its own completion is not asked for */
    EXPECT_EQ(PostUpper, 3);
    EXPECT_STATUS(PostStatus, STATUS_FSFILTER_OP_COMPLETED_SUCCESSFULLY);
    EXPECT(!ExIsResourceAcquiredExclusiveLite(&Resource));
    KeLeaveCriticalRegion(); /* instead of the release, which has no callback here */

    FsRtlInitPerFileObjectContext(&Context, &Base, &Upper);
    EXPECT(FsRtlLookupPerFileObjectContext(FileObject, &Base, NULL) == NULL);
    EXPECT_STATUS(FsRtlInsertPerFileObjectContext(FileObject, &Context), STATUS_SUCCESS);
    EXPECT(FsRtlLookupPerFileObjectContext(FileObject, &Base, &Upper) == &Context);
    EXPECT(FsRtlRemovePerFileObjectContext(FileObject, &Base, &Upper) == &Context);
    EXPECT(FsRtlLookupPerFileObjectContext(FileObject, &Base, NULL) == NULL);

    ObDereferenceObject(FileObject);
    IoDetachDevice(Base);
    IoDeleteDevice(Upper);
    IoDeleteDevice(Base);
    ExDeleteResourceLite(&Resource);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Streams), TEST(Files), TEST(Walk)};

    Driver = DriverObject;
    Answer = STATUS_SUCCESS;
    DriverObject->DriverUnload = Unload;
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    return STATUS_SUCCESS;
}
