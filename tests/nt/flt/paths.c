/*
 * paths.c - what callbacks may answer, contexts, names, and I/O of a filter's own.
 * [DDI: PFLT_PRE_OPERATION_CALLBACK, FltCompletePendedPreOperation, FltSetCallbackDataDirty, FltAllocateContext,
 * FltSetStreamContext, FltGetFileNameInformation, FltCreateFileEx, FltReadFile; nt-semantics-2 1.3 to 1.13]
 */
#include "tinyfs.h"

static PDRIVER_OBJECT Driver;
static PFLT_FILTER Filter;
static PFLT_INSTANCE Instance;
static enum {
    Nothing,
    Complete,
    PendEarly, /* completed before the callback has returned */
    PendLate,  /* by a work item */
    Synchronize,
    Shorten,         /* the length, dirty */
    ShortenSilently, /* not dirty */
    Swap,
    KeepPost, /* the post-callback keeps it */
    Safe,     /* FltDoCompletionProcessingWhenSafe */
    NoCallback,
    Disallow
} What;
static LONG Pres, Posts, Cleaned, SafeCalls;
static KIRQL PostIrql, SafeIrql;
static PETHREAD PreThread, PostThread;
static PVOID Swapped, SeenBelow;
static ULONG PostLength;
static FLT_CALLBACK_DATA_FLAGS Flags;
static PFLT_CALLBACK_DATA Kept;
static PFLT_FILE_NAME_INFORMATION PreName, PostName;
static NTSTATUS PreNameStatus, PostNameStatus;
static BOOLEAN WantNames;
static LONG TestCreates;

typedef struct _STREAM {
    ULONG Value;
} STREAM;

static VOID FLTAPI
Clean(PFLT_CONTEXT Context, FLT_CONTEXT_TYPE ContextType)
{
    Cleaned++;
}

static const FLT_CONTEXT_REGISTRATION Contexts[] = {
    {FLT_STREAM_CONTEXT, 0, Clean, sizeof(STREAM), 'mrtS'},
    {FLT_STREAMHANDLE_CONTEXT, 0, Clean, FLT_VARIABLE_SIZED_CONTEXTS, 'dnaH'},
    {FLT_INSTANCE_CONTEXT, FLTFL_CONTEXT_REGISTRATION_NO_EXACT_SIZE_MATCH, Clean, 64, 'tsnI'},
    {FLT_VOLUME_CONTEXT, 0, Clean, 16, 'uloV'},
    {FLT_CONTEXT_END}};

static VOID FLTAPI
Later(PFLT_GENERIC_WORKITEM FltWorkItem, PVOID FltObject, PVOID Context)
{
    EXPECT(FltObject == Filter);
    FltFreeGenericWorkItem(FltWorkItem);
    FltCompletePendedPreOperation(Context, FLT_PREOP_SUCCESS_WITH_CALLBACK, NULL);
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    Pres++;
    Instance = FltObjects->Instance;
    PreThread = PsGetCurrentThread();
    Flags = Data->Flags;
    switch (What) {
    case Complete:
        Data->IoStatus.Status = STATUS_DISK_CORRUPT_ERROR;
        Data->IoStatus.Information = 0;
        return FLT_PREOP_COMPLETE;
    case PendEarly:
        FltCompletePendedPreOperation(Data, FLT_PREOP_SUCCESS_WITH_CALLBACK, NULL);
        return FLT_PREOP_PENDING;
    case PendLate: {
        PFLT_GENERIC_WORKITEM Item = FltAllocateGenericWorkItem();

        EXPECT_STATUS(FltQueueGenericWorkItem(Item, Filter, Later, DelayedWorkQueue, Data),
                      STATUS_SUCCESS);
        return FLT_PREOP_PENDING;
    }
    case Synchronize:
        return FLT_PREOP_SYNCHRONIZE;
    case Shorten:
        Data->Iopb->Parameters.Read.Length = 2;
        FltSetCallbackDataDirty(Data);
        EXPECT(FltIsCallbackDataDirty(Data));
        break;
    case ShortenSilently:
        Data->Iopb->Parameters.Read.Length = 2;
        break;
    case Swap: {
        PMDL Mdl;

        Swapped = ExAllocatePoolWithTag(NonPagedPool, 512, 'pawS');
        RtlFillMemory(Swapped, 512, 0x77);
        Mdl = IoAllocateMdl(Swapped, 512, FALSE, FALSE, NULL);
        MmBuildMdlForNonPagedPool(Mdl);
        Data->Iopb->Parameters.Read.ReadBuffer = Swapped;
        Data->Iopb->Parameters.Read.MdlAddress = Mdl;
        FltSetCallbackDataDirty(Data);
        break;
    }
    case NoCallback:
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    case Disallow:
        if (FLT_IS_FASTIO_OPERATION(Data)) {
            return FLT_PREOP_DISALLOW_FASTIO;
        }
        break;
    default:
        break;
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
SafePost(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
         FLT_POST_OPERATION_FLAGS PostFlags)
{
    SafeCalls++;
    SafeIrql = KeGetCurrentIrql();
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
         FLT_POST_OPERATION_FLAGS PostFlags)
{
    FLT_POSTOP_CALLBACK_STATUS Status;

    Posts++;
    PostIrql = KeGetCurrentIrql();
    PostThread = PsGetCurrentThread();
    PostLength = Data->Iopb->Parameters.Read.Length;
    if (What == Swap) {
        SeenBelow = TinyLastBuffer;
        EXPECT(Data->Iopb->Parameters.Read.ReadBuffer != Swapped); /* the original again */
        EXPECT(FltGetSwappedBufferMdlAddress(Data) != NULL);
        RtlCopyMemory(Data->Iopb->Parameters.Read.ReadBuffer, Swapped, Data->IoStatus.Information);
        ExFreePoolWithTag(Swapped, 'pawS');
    }
    if (What == KeepPost) {
        Kept = Data;
        return FLT_POSTOP_MORE_PROCESSING_REQUIRED;
    }
    if (What == Safe) {
        EXPECT(FltDoCompletionProcessingWhenSafe(Data, FltObjects, CompletionContext, PostFlags,
                                                 SafePost, &Status));
        return Status;
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    TestCreates++;
    Instance = FltObjects->Instance;
    if (WantNames) {
        PreNameStatus = FltGetFileNameInformation(
            Data, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_DEFAULT, &PreName);
    }
    return FLT_PREOP_SUCCESS_WITH_CALLBACK;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
           FLT_POST_OPERATION_FLAGS PostFlags)
{
    if (WantNames) {
        PostNameStatus = FltGetFileNameInformation(
            Data, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_DEFAULT, &PostName);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static NTSTATUS FLTAPI
UnloadFilter(FLT_FILTER_UNLOAD_FLAGS UnloadFlags)
{
    return STATUS_SUCCESS;
}

static NTSTATUS FLTAPI
QueryTeardown(PCFLT_RELATED_OBJECTS FltObjects, FLT_INSTANCE_QUERY_TEARDOWN_FLAGS QueryFlags)
{
    return STATUS_SUCCESS;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_CREATE, 0, PreCreate, PostCreate},
                                                        {IRP_MJ_READ, 0, PreRead, PostRead},
                                                        {IRP_MJ_OPERATION_END}};
static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .ContextRegistration = Contexts,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = UnloadFilter,
                                              .InstanceQueryTeardownCallback = QueryTeardown};

static HANDLE File;

static NTSTATUS
Read(int How, PVOID Buffer, ULONG Length)
{
    What = How;
    return TinyReadAt(File, 0, Buffer, Length);
}

static VOID
Start(VOID)
{
    EXPECT_STATUS(FltRegisterFilter(Driver, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    File = TinyOpenFile(TINY_DISK L"\\data");
    EXPECT_STATUS(TinyWriteAt(File, 0, "0123456789", 10), STATUS_SUCCESS);
}

static VOID
Answers(VOID)
{
    char Text[16];

    EXPECT_STATUS(Read(Nothing, Text, 10), STATUS_SUCCESS);
    EXPECT_EQ(Posts, 1);
    EXPECT_STATUS(Read(Complete, Text, 10), STATUS_DISK_CORRUPT_ERROR);
    EXPECT_EQ(Posts, 1); /* its own post-callback is not called */
    EXPECT_EQ(TinyReads, 1);
    EXPECT_STATUS(Read(NoCallback, Text, 10), STATUS_SUCCESS);
    EXPECT_EQ(Posts, 1);
    EXPECT_STATUS(Read(PendEarly, Text, 10), STATUS_SUCCESS);
    EXPECT_EQ(Posts, 2);
    EXPECT_STATUS(Read(PendLate, Text, 10), STATUS_SUCCESS);
    EXPECT_EQ(Posts, 3);
    EXPECT(PostThread != PreThread); /* went on in the work item */
    EXPECT_STATUS(Read(Synchronize, Text, 10), STATUS_SUCCESS);
    EXPECT_EQ(Posts, 4);
    EXPECT(PostThread == PreThread);
    EXPECT(PostIrql <= APC_LEVEL);
    RtlFillMemory(Text, sizeof(Text), 'x');
    EXPECT_STATUS(Read(Shorten, Text, 10), STATUS_SUCCESS);
    EXPECT(Text[1] == '1' && Text[2] == 'x');
    EXPECT_EQ(PostLength, 10); /* its own post-callback sees the original */
    EXPECT_STATUS(Read(ShortenSilently, Text, 10), STATUS_SUCCESS);
    EXPECT(Text[2] == '2'); /* without dirty it does not count */
    RtlFillMemory(Text, sizeof(Text), 'x');
    EXPECT_STATUS(Read(Swap, Text, 10), STATUS_SUCCESS);
    EXPECT(SeenBelow == Swapped);
    EXPECT(RtlCompareMemory(Text, "0123456789", 10) == 10);
}

static VOID
Deferred(VOID)
{
    LARGE_INTEGER Where = {};
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    char Text[16];

    EXPECT_STATUS(TinyOpen(TINY_DISK L"\\data", GENERIC_READ, FILE_OPEN, 0, &Handle),
                  STATUS_SUCCESS);
    What = KeepPost;
    Iosb.Status = STATUS_PENDING;
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 10, &Where, NULL),
                  STATUS_PENDING);
    EXPECT_STATUS(Iosb.Status, STATUS_PENDING); /* whatever IoStatus says */
    FltCompletePendedPostOperation(Kept);
    EXPECT_STATUS(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);

    /* Completed at DISPATCH_LEVEL: the safe callback runs in a worker at a lower IRQL. */
    TinyHold = TRUE;
    What = Safe;
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 10, &Where, NULL),
                  STATUS_PENDING);
    TinyHold = FALSE;
    TinyRelease();
    EXPECT_STATUS(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_EQ(PostIrql, DISPATCH_LEVEL);
    EXPECT_EQ(SafeCalls, 1);
    EXPECT_EQ(SafeIrql, PASSIVE_LEVEL);
    /* At PASSIVE_LEVEL: at once. */
    EXPECT_STATUS(Read(Safe, Text, 10), STATUS_SUCCESS);
    EXPECT_EQ(SafeCalls, 2);
    ZwClose(Handle);
}

static VOID
FastIo(VOID)
{
    HANDLE Handle = File;
    char Text[16];

    TinyFastFlags = 1;
    File = TinyOpenFile(TINY_DISK L"\\data");
    EXPECT_STATUS(Read(Nothing, Text, 10), STATUS_SUCCESS);
    EXPECT(Flags & FLTFL_CALLBACK_DATA_FAST_IO_OPERATION);
    EXPECT_EQ(TinyFastReads, 1);
    EXPECT_STATUS(Read(Disallow, Text, 10), STATUS_SUCCESS); /* an IRP instead */
    EXPECT(Flags & FLTFL_CALLBACK_DATA_IRP_OPERATION);
    EXPECT_EQ(TinyFastReads, 1);
    EXPECT_STATUS(Read(Complete, Text, 10), STATUS_DISK_CORRUPT_ERROR);
    ZwClose(File);
    File = Handle;
    TinyFastFlags = 0;
}

static VOID
ContextsHang(VOID)
{
    PFLT_CONTEXT One, Two, Old;
    PFILE_OBJECT FileObject;

    ObReferenceObjectByHandle(File, 0, *IoFileObjectType, KernelMode, (PVOID *)&FileObject, NULL);
    EXPECT_STATUS(FltAllocateContext(Filter, FLT_STREAM_CONTEXT, 3, NonPagedPool, &One),
                  STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND); /* exact size */
    EXPECT_STATUS(FltAllocateContext(Filter, FLT_FILE_CONTEXT, 3, NonPagedPool, &One),
                  STATUS_FLT_CONTEXT_ALLOCATION_NOT_FOUND);
    EXPECT_STATUS(FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, 0x10000, PagedPool, &One),
                  STATUS_INVALID_BUFFER_SIZE);
    EXPECT_STATUS(FltAllocateContext(Filter, FLT_VOLUME_CONTEXT, 16, PagedPool, &One),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(FltAllocateContext(Filter, FLT_INSTANCE_CONTEXT, 10, NonPagedPool, &One),
                  STATUS_SUCCESS); /* fits into 64 */
    FltReleaseContext(One);
    EXPECT_EQ(Cleaned, 1);
    EXPECT_STATUS(FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(STREAM), PagedPool, &One),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FltGetStreamContext(Instance, FileObject, &Two), STATUS_NOT_FOUND);
    EXPECT_STATUS(
        FltSetStreamContext(Instance, FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, One, NULL),
        STATUS_SUCCESS);
    EXPECT_STATUS(
        FltSetStreamContext(Instance, FileObject, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, One, NULL),
        STATUS_FLT_CONTEXT_ALREADY_LINKED);
    FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(STREAM), PagedPool, &Two);
    EXPECT_STATUS(
        FltSetStreamContext(Instance, FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, Two, &Old),
        STATUS_FLT_CONTEXT_ALREADY_DEFINED);
    EXPECT(Old == One);
    FltReleaseContext(Old);
    EXPECT_STATUS(
        FltSetStreamContext(Instance, FileObject, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Two, &Old),
        STATUS_SUCCESS);
    EXPECT(Old == One);
    FltReleaseContext(Old); /* the stream's */
    EXPECT_EQ(Cleaned, 1);
    FltReleaseContext(One); /* ours: the last */
    EXPECT_EQ(Cleaned, 2);
    FltReleaseContext(Two);
    EXPECT_STATUS(FltGetStreamContext(Instance, FileObject, &One), STATUS_SUCCESS);
    EXPECT(One == Two);
    EXPECT_STATUS(FltDeleteStreamContext(Instance, FileObject, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(FltDeleteStreamContext(Instance, FileObject, NULL), STATUS_NOT_FOUND);
    EXPECT_EQ(Cleaned, 2); /* One is still held */
    FltReleaseContext(One);
    EXPECT_EQ(Cleaned, 3);
    /* Replaced, and nobody asks for the old one: the stream's reference to it was the last. */
    FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(STREAM), PagedPool, &One);
    EXPECT_STATUS(
        FltSetStreamContext(Instance, FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, One, NULL),
        STATUS_SUCCESS);
    FltReleaseContext(One);
    FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(STREAM), PagedPool, &Two);
    EXPECT_STATUS(
        FltSetStreamContext(Instance, FileObject, FLT_SET_CONTEXT_REPLACE_IF_EXISTS, Two, NULL),
        STATUS_SUCCESS);
    EXPECT_EQ(Cleaned, 4);
    FltReleaseContext(Two);
    EXPECT_EQ(Cleaned, 4); /* it hangs there */
    EXPECT_STATUS(FltDeleteStreamContext(Instance, FileObject, NULL), STATUS_SUCCESS);
    EXPECT_EQ(Cleaned, 5);
    /* Left on the file object: goes with its close; on the stream: with the instance. */
    FltAllocateContext(Filter, FLT_STREAMHANDLE_CONTEXT, 100, NonPagedPool, &One);
    EXPECT_STATUS(
        FltSetStreamHandleContext(Instance, FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, One, NULL),
        STATUS_SUCCESS);
    FltReleaseContext(One);
    FltAllocateContext(Filter, FLT_STREAM_CONTEXT, sizeof(STREAM), NonPagedPool, &One);
    EXPECT_STATUS(
        FltSetStreamContext(Instance, FileObject, FLT_SET_CONTEXT_KEEP_IF_EXISTS, One, NULL),
        STATUS_SUCCESS);
    FltReleaseContext(One);
    ObDereferenceObject(FileObject);
    EXPECT_EQ(Cleaned, 5);
}

static VOID
Names(VOID)
{
    static const UNICODE_STRING Whole = RTL_CONSTANT_STRING(TINY_DISK L"\\data");
    static const UNICODE_STRING Volume = RTL_CONSTANT_STRING(TINY_DISK);
    UNICODE_STRING Final = RTL_CONSTANT_STRING(L"data"), Extension, Stream, Last;
    UNICODE_STRING Odd = RTL_CONSTANT_STRING(L"\\a\\b.c.txt:s");
    PFLT_FILE_NAME_INFORMATION Info;
    PFILE_OBJECT FileObject;
    HANDLE Handle;

    WantNames = TRUE;
    Handle = TinyOpenFile(TINY_DISK L"\\DATA");
    WantNames = FALSE;
    EXPECT_STATUS(PreNameStatus, STATUS_SUCCESS);
    EXPECT_STATUS(PostNameStatus, STATUS_SUCCESS);
    EXPECT_EQ(PreName->Size, sizeof(*PreName));
    EXPECT(RtlEqualUnicodeString(&PreName->Name, &Whole, FALSE)); /* as the directory lists it */
    EXPECT(RtlEqualUnicodeString(&PreName->Volume, &Volume, FALSE));
    EXPECT_EQ(PreName->NamesParsed, 0);
    EXPECT_STATUS(FltParseFileNameInformation(PreName), STATUS_SUCCESS);
    EXPECT(RtlEqualUnicodeString(&PreName->FinalComponent, &Final, FALSE));
    EXPECT_EQ(PreName->Extension.Length, 0);
    EXPECT_EQ(PreName->ParentDir.Length, sizeof(WCHAR));
    EXPECT(PreName->NamesParsed & FLTFL_FILE_NAME_PARSED_EXTENSION);
    EXPECT(RtlEqualUnicodeString(&PostName->Name, &Whole, TRUE));
    EXPECT_EQ(PostName->Format, FLT_FILE_NAME_OPENED);
    FltReleaseFileNameInformation(PreName);
    FltReleaseFileNameInformation(PostName);
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&FileObject, NULL);
    EXPECT_STATUS(
        FltGetFileNameInformationUnsafe(
            FileObject, Instance, FLT_FILE_NAME_OPENED | FLT_FILE_NAME_QUERY_CACHE_ONLY, &Info),
        STATUS_SUCCESS); /* since the post-create */
    FltReleaseFileNameInformation(Info);
    EXPECT_STATUS(
        FltGetFileNameInformationUnsafe(
            FileObject, Instance, FLT_FILE_NAME_NORMALIZED | FLT_FILE_NAME_QUERY_CACHE_ONLY, &Info),
        STATUS_FLT_NAME_CACHE_MISS);
    EXPECT_STATUS(FltGetFileNameInformationUnsafe(FileObject, Instance, 0x10, &Info),
                  STATUS_INVALID_PARAMETER);
    ObDereferenceObject(FileObject);
    ZwClose(Handle);
    EXPECT_STATUS(FltParseFileName(&Odd, &Extension, &Stream, &Last), STATUS_SUCCESS);
    EXPECT(Extension.Length == 6 && Extension.Buffer[0] == L't');
    EXPECT(Stream.Length == 4 && Stream.Buffer[0] == L':');
    EXPECT(Last.Length == 18 && Last.Buffer[0] == L'b');
}

static VOID
OwnIo(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(TINY_DISK L"\\own");
    FILE_STANDARD_INFORMATION Standard;
    LONG Creates = TestCreates, Reads = Pres;
    OBJECT_ATTRIBUTES Attributes;
    LARGE_INTEGER Where = {};
    PFILE_OBJECT FileObject;
    PFLT_CALLBACK_DATA Data;
    IO_STATUS_BLOCK Iosb;
    ULONG Done = 0;
    HANDLE Handle;
    char Text[16];

    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(FltCreateFileEx(Filter, Instance, &Handle, &FileObject,
                                  GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &Attributes, &Iosb,
                                  NULL, 0, 7, FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0,
                                  0),
                  STATUS_SUCCESS);
    EXPECT_EQ(TestCreates, Creates); /* seen by those below only */
    EXPECT_STATUS(FltWriteFile(Instance, FileObject, &Where, 5, "hello", 0, &Done, NULL, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Done, 5);
    EXPECT_STATUS(FltReadFile(Instance, FileObject, &Where, 10, Text, 0, &Done, NULL, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Done, 5);
    EXPECT(RtlCompareMemory(Text, "hello", 5) == 5);
    What = Nothing;
    EXPECT_STATUS(TinyReadAt(Handle, 0, Text, 5), STATUS_SUCCESS);
    EXPECT_EQ(Pres, Reads); /* through the handle as well */
    EXPECT_STATUS(FltQueryInformationFile(Instance, FileObject, &Standard, sizeof(Standard),
                                          FileStandardInformation, &Done),
                  STATUS_SUCCESS);
    EXPECT_EQ(Standard.EndOfFile.QuadPart, 5);
    EXPECT_EQ(Done, sizeof(Standard));
    EXPECT_STATUS(
        FltFsControlFile(Instance, FileObject,
                         CTL_CODE(FILE_DEVICE_FILE_SYSTEM, 0x900, METHOD_BUFFERED, FILE_ANY_ACCESS),
                         "\1\2", 2, Text, 2, &Done),
        STATUS_SUCCESS);
    EXPECT(Text[0] == (char)0xFE && Done == 2);
    EXPECT_STATUS(FltAllocateCallbackData(Instance, FileObject, &Data), STATUS_SUCCESS);
    Data->Iopb->MajorFunction = IRP_MJ_READ;
    Data->Iopb->Parameters.Read.Length = 3;
    Data->Iopb->Parameters.Read.ReadBuffer = Text;
    FltPerformSynchronousIo(Data);
    EXPECT_STATUS(Data->IoStatus.Status, STATUS_SUCCESS);
    EXPECT_EQ(Data->IoStatus.Information, 3);
    EXPECT(Data->Flags & FLTFL_CALLBACK_DATA_GENERATED_IO);
    FltFreeCallbackData(Data);
    ObDereferenceObject(FileObject);
    EXPECT_STATUS(FltClose(Handle), STATUS_SUCCESS);
}

static VOID
Drain(VOID)
{
    LARGE_INTEGER Where = {};
    PFLT_VOLUME Volume;
    IO_STATUS_BLOCK Iosb;
    LONG Before = Posts, Contexts = Cleaned;
    HANDLE Handle;
    char Text[16];

    /* A read is below while the instance goes: its post-callback is called at once. */
    EXPECT_STATUS(TinyOpen(TINY_DISK L"\\data", GENERIC_READ, FILE_OPEN, 0, &Handle),
                  STATUS_SUCCESS);
    TinyHold = TRUE;
    What = Nothing;
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 10, &Where, NULL),
                  STATUS_PENDING);
    TinyHold = FALSE;
    EXPECT_STATUS(FltGetVolumeFromInstance(Instance, &Volume), STATUS_SUCCESS);
    EXPECT_STATUS(FltDetachVolume(Filter, Volume, NULL), STATUS_SUCCESS);
    EXPECT_EQ(Posts, Before + 1);
    EXPECT_EQ(Cleaned, Contexts + 2); /* what hung on the stream and the file object */
    TinyRelease();
    EXPECT_STATUS(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT_EQ(Posts, Before + 1); /* not once more */
    EXPECT_STATUS(FltAttachVolume(Filter, Volume, NULL, &Instance), STATUS_SUCCESS);
    EXPECT_STATUS(FltAttachVolume(Filter, Volume, NULL, &Instance),
                  STATUS_FLT_INSTANCE_NAME_COLLISION);
    EXPECT_STATUS(Read(Nothing, Text, 10), STATUS_SUCCESS);
    EXPECT_EQ(Posts, Before + 2);
    FltObjectDereference(Instance);
    FltObjectDereference(Volume);
    ZwClose(Handle);
    ZwClose(File);
    FltUnregisterFilter(Filter);
    TinyStop();
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {TEST(Start),  TEST(Answers),      TEST(Deferred),
                                       TEST(FastIo), TEST(ContextsHang), TEST(Names),
                                       TEST(OwnIo),  TEST(Drain)};

    Driver = DriverObject;
    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Paths", L"370031", 0);
    TinyStart(DriverObject);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
