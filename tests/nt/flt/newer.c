/*
 * newer.c - what a minifilter has from later versions: priorities and activity identifiers, pages of the cache, reparse points
 * over existing ones, creates that open them or tell of the file, bypass I/O refused. On C:, with two instances.
 * [DDI: FltRetrieveIoPriorityInfo, FltSetActivityIdCallbackData, FltPropagateIrpExtension, FltFastIoMdlRead, FltTagFileEx,
 * FltAddOpenReparseEntry, FltRequestFileInfoOnCreateCompletion, FltVetoBypassIo]
 */
#include <initguid.h>
#include "tinyfs.h"

#define FILE_PATH L"\\??\\C:\\newer.dat"
#define TAG_ONE   0x00001234
#define TAG_TWO   0x00004321

static const GUID Mine = {1, 2, 3, {4}}, GuidOne = {11}, GuidTwo = {22};
static PFLT_FILTER Filter;
static PFLT_INSTANCE Upper, Lower;
static BOOLEAN Watch;
static BOOLEAN Ten; /* Windows 10 and later */
static GUID SeenBelow;
static NTSTATUS BelowStatus, FirstStatus, FastStatus, PropagateStatus, GeneratedStatus;
static LONG FastMdl;
static POPEN_REPARSE_LIST_ENTRY Entry;
static ULONG Wanted;
static NTSTATUS WantStatus, AnswerStatus, EaStatus, UnaskedStatus, EntryStatus, CopyStatus;
static QUERY_ON_CREATE_FILE_STAT_INFORMATION Answer;
static BOOLEAN Copied;
static NTSTATUS VetoStatus[4];
static BOOLEAN Veto;

static VOID
Propagated(PFLT_CALLBACK_DATA Data)
{
    LPCGUID Before = IoGetActivityIdThread(), Original;
    GUID Id;

    PropagateStatus = FltPropagateActivityIdToThread(Data, &Id, &Original);
    EXPECT(Original == Before);
    EXPECT(RtlEqualMemory(IoGetActivityIdThread(), &Mine, sizeof(GUID)));
    IoClearActivityIdThread(Original);
    EXPECT(IoGetActivityIdThread() == Before);
}

/* Callback data of the filter's own takes the identifier over, and its IRP has it below. */
static VOID
Generated(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects)
{
    PFLT_CALLBACK_DATA Own;
    GUID Id;

    EXPECT_STATUS(FltAllocateCallbackData(FltObjects->Instance, FltObjects->FileObject, &Own),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FltGetActivityIdCallbackData(Own, &Id), STATUS_NOT_FOUND);
    EXPECT_STATUS(FltPropagateIrpExtension(Data, Own, 1), STATUS_INVALID_PARAMETER);
    GeneratedStatus = FltPropagateIrpExtension(Data, Own, 0);
    EXPECT_STATUS(FltGetActivityIdCallbackData(Own, &Id), STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(&Id, &Mine, sizeof(Id)));
    RtlZeroMemory(&SeenBelow, sizeof(SeenBelow));
    Own->Iopb->MajorFunction = IRP_MJ_FLUSH_BUFFERS;
    FltPerformSynchronousIo(Own);
    FltFreeCallbackData(Own);
    EXPECT(RtlEqualMemory(&SeenBelow, &Mine, sizeof(GUID)));
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreFlush(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    GUID Id;

    if (!Watch) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (FltObjects->Instance == Lower) {
        BelowStatus = FltGetActivityIdCallbackData(Data, &SeenBelow);
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    FirstStatus = FltGetActivityIdCallbackData(Data, &Id);
    EXPECT_STATUS(FltPropagateActivityIdToThread(Data, &Id, &(LPCGUID){NULL}), STATUS_NOT_FOUND);
    EXPECT_STATUS(FltSetActivityIdCallbackData(Data, NULL), STATUS_NOT_SUPPORTED);
    EXPECT_STATUS(FltSetActivityIdCallbackData(Data, &Mine), STATUS_SUCCESS);
    Propagated(Data);
    Generated(Data, FltObjects);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreRead(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    GUID Id;

    if (Watch && FLT_IS_FASTIO_OPERATION(Data)) {
        FastStatus = FltGetActivityIdCallbackData(Data, &Id);
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreMdl(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    EXPECT(FltObjects->Instance == Lower); /* what an instance asks is seen below it only */
    FastMdl++;
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    PECP_LIST List;

    if (FltObjects->Instance == Lower && Entry != NULL) {
        EXPECT_STATUS(FltAllocateExtraCreateParameterList(Filter, 0, &List), STATUS_SUCCESS);
        CopyStatus = FltCopyOpenReparseList(Filter, Data, List);
        Copied = NT_SUCCESS(FltFindExtraCreateParameter(Filter, List, &ECP_TYPE_OPEN_REPARSE_GUID,
                                                        &(PVOID){NULL}, NULL));
        FltFreeOpenReparseList(Filter, List);
        FltFreeExtraCreateParameterList(Filter, List);
    }
    if (FltObjects->Instance != Upper || (Entry == NULL && Wanted == 0)) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    if (Entry != NULL) {
        EntryStatus = FltAddOpenReparseEntry(Filter, Data, Entry);
    }
    if (Wanted != 0) {
        WantStatus = FltRequestFileInfoOnCreateCompletion(Filter, Data, Wanted);
    }
    return FLT_PREOP_SYNCHRONIZE;
}

static FLT_POSTOP_CALLBACK_STATUS FLTAPI
PostCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID CompletionContext,
           FLT_POST_OPERATION_FLAGS Flags)
{
    ULONG Size;
    PVOID Info;

    if (Entry != NULL) {
        FltRemoveOpenReparseEntry(Filter, Data, Entry);
    }
    if (Wanted != 0) {
        AnswerStatus = FltRetrieveFileInfoOnCreateCompletionEx(Filter, Data, QoCFileStatInformation,
                                                               &Size, &Info);
        if (NT_SUCCESS(AnswerStatus)) {
            EXPECT_EQ(Size, sizeof(Answer));
            Answer = *(PQUERY_ON_CREATE_FILE_STAT_INFORMATION)Info;
            EXPECT(FltRetrieveFileInfoOnCreateCompletion(Filter, Data, QoCFileStatInformation,
                                                         &Size) == Info);
        }
        EaStatus = FltRetrieveFileInfoOnCreateCompletionEx(Filter, Data, QoCFileLxInformation,
                                                           &Size, &Info);
        UnaskedStatus = FltRetrieveFileInfoOnCreateCompletionEx(Filter, Data, QoCFileEaInformation,
                                                                &Size, &Info);
        EXPECT(Info == NULL && Size == 0);
    }
    return FLT_POSTOP_FINISHED_PROCESSING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreControl(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *CompletionContext)
{
    UNICODE_STRING Reason = RTL_CONSTANT_STRING(L"not with me"), None = {};
    PFLT_PARAMETERS P = &Data->Iopb->Parameters;

    if (!Veto || FltObjects->Instance != Upper ||
        P->FileSystemControl.Common.FsControlCode != FSCTL_MANAGE_BYPASS_IO) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    VetoStatus[0] = FltVetoBypassIo(Data, FltObjects, STATUS_SUCCESS, &Reason);
    VetoStatus[1] = FltVetoBypassIo(Data, FltObjects, STATUS_NOT_SUPPORTED, &None);
    VetoStatus[2] = FltVetoBypassIo(Data, FltObjects, STATUS_NOT_SUPPORTED, &Reason);
    Data->IoStatus.Status = NT_SUCCESS(VetoStatus[2]) ? STATUS_SUCCESS : VetoStatus[2];
    return FLT_PREOP_COMPLETE;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {{IRP_MJ_CREATE, 0, PreCreate, PostCreate},
                                                        {IRP_MJ_FLUSH_BUFFERS, 0, PreFlush},
                                                        {IRP_MJ_READ, 0, PreRead},
                                                        {IRP_MJ_MDL_READ, 0, PreMdl},
                                                        {IRP_MJ_PREPARE_MDL_WRITE, 0, PreMdl},
                                                        {IRP_MJ_FILE_SYSTEM_CONTROL, 0, PreControl},
                                                        {IRP_MJ_OPERATION_END}};

static NTSTATUS FLTAPI
Unload(FLT_FILTER_UNLOAD_FLAGS Flags)
{
    return STATUS_SUCCESS;
}

static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations,
                                              .FilterUnloadCallback = Unload};

static NTSTATUS
OpenIt(PCWSTR Name, ULONG Disposition, ULONG Options, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    UNICODE_STRING Path;

    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, NULL,
                               NULL);
    *Handle = NULL;
    return ZwCreateFile(Handle, FILE_GENERIC_READ | FILE_GENERIC_WRITE | DELETE, &Attributes, &Iosb,
                        NULL, 0, 7, Disposition, FILE_SYNCHRONOUS_IO_NONALERT | Options, NULL, 0);
}

static PFILE_OBJECT
Object(HANDLE Handle)
{
    PFILE_OBJECT FileObject = NULL;

    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&FileObject, NULL);
    return FileObject;
}

static VOID
Start(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"C:"), Altitude = RTL_CONSTANT_STRING(L"100"),
                   Below = RTL_CONSTANT_STRING(L"below");
    RTL_OSVERSIONINFOW Version = {sizeof(Version)};
    PFLT_VOLUME Volume;

    RtlGetVersion(&Version);
    Ten = Version.dwMajorVersion >= 10;
    EXPECT_STATUS(FltRegisterFilter(TinyDriver, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltGetVolumeFromName(Filter, &Name, &Volume), STATUS_SUCCESS);
    if (!NT_SUCCESS(FltGetVolumeInstanceFromName(Filter, Volume, NULL, &Upper))) {
        EXPECT_STATUS(FltAttachVolume(Filter, Volume, NULL, &Upper), STATUS_SUCCESS);
    }
    EXPECT_STATUS(FltAttachVolumeAtAltitude(Filter, Volume, &Altitude, &Below, &Lower),
                  STATUS_SUCCESS);
    FltObjectDereference(Volume);
}

static VOID
Priorities(VOID)
{
    PETHREAD Thread = PsGetCurrentThread();
    IO_PRIORITY_INFO Info, Before;
    KPRIORITY Priority = KeQueryPriorityThread(KeGetCurrentThread());

    EXPECT_EQ(FltGetIoPriorityHintFromThread(Thread), IoPriorityNormal);
    EXPECT_STATUS(FltSetIoPriorityHintIntoThread(Thread, (IO_PRIORITY_HINT)77),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(FltSetIoPriorityHintIntoThread(Thread, IoPriorityLow), STATUS_SUCCESS);
    EXPECT_EQ(FltGetIoPriorityHintFromThread(Thread), IoPriorityLow);
    EXPECT_EQ(KeQueryPriorityThread(KeGetCurrentThread()), Priority); /* the I/O priority alone */

    /* Neither request nor file nor thread: normal, and what is not to be changed */
    IoInitializePriorityInfo(&Info);
    EXPECT_STATUS(FltRetrieveIoPriorityInfo(NULL, NULL, NULL, &Info), STATUS_SUCCESS);
    EXPECT_EQ(Info.IoPriority, IoPriorityNormal);
    EXPECT_EQ(Info.ThreadPriority, 0xFFFF);
    EXPECT_STATUS(FltRetrieveIoPriorityInfo(NULL, NULL, Thread, &Info), STATUS_SUCCESS);
    EXPECT(Info.IoPriority == IoPriorityLow && Info.ThreadPriority == (ULONG)Priority);

    Info.IoPriority = IoPriorityVeryLow;
    EXPECT_STATUS(FltApplyPriorityInfoThread(&Info, &Before, Thread), STATUS_SUCCESS);
    EXPECT_EQ(Before.IoPriority, IoPriorityLow);
    EXPECT_EQ(FltGetIoPriorityHintFromThread(Thread), IoPriorityVeryLow);
    EXPECT_STATUS(FltApplyPriorityInfoThread(&Before, &Before, Thread), STATUS_SUCCESS);
    EXPECT_EQ(Before.IoPriority, IoPriorityVeryLow); /* one structure for both */
    EXPECT_EQ(FltGetIoPriorityHintFromThread(Thread), IoPriorityLow);
    Before.IoPriority = (IO_PRIORITY_HINT)99;
    EXPECT_STATUS(FltApplyPriorityInfoThread(&Before, NULL, Thread), STATUS_INVALID_PARAMETER_1);
    FltSetIoPriorityHintIntoThread(Thread, IoPriorityNormal);
}

/* A file object's priority, once it has one, goes before its thread's. [DDI: FltRetrieveIoPriorityInfo] */
static VOID
PriorityOfFile(VOID)
{
    IO_PRIORITY_INFO Info;
    PFILE_OBJECT FileObject;
    HANDLE Handle;

    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN_IF, 0, &Handle), STATUS_SUCCESS);
    FileObject = Object(Handle);
    IoInitializePriorityInfo(&Info);
    FltSetIoPriorityHintIntoThread(PsGetCurrentThread(), IoPriorityLow);
    FltRetrieveIoPriorityInfo(NULL, FileObject, PsGetCurrentThread(), &Info);
    EXPECT_EQ(Info.IoPriority, IoPriorityLow);
    EXPECT_STATUS(FltSetIoPriorityHintIntoFileObject(FileObject, IoPriorityVeryLow),
                  STATUS_SUCCESS);
    FltRetrieveIoPriorityInfo(NULL, FileObject, PsGetCurrentThread(), &Info);
    EXPECT_EQ(Info.IoPriority, IoPriorityVeryLow);
    FltSetIoPriorityHintIntoThread(PsGetCurrentThread(), IoPriorityNormal);
    ObDereferenceObject(FileObject);
    ZwClose(Handle);
}

static VOID
Activities(VOID)
{
    LARGE_INTEGER Zero = {};
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;
    char Text[8];

    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN_IF, 0, &Handle), STATUS_SUCCESS);
    EXPECT_STATUS(ZwWriteFile(Handle, NULL, NULL, NULL, &Iosb, "abcdefgh", 8, &Zero, NULL),
                  STATUS_SUCCESS);
    Watch = TRUE;
    FastStatus = STATUS_PENDING;
    BelowStatus = STATUS_PENDING;
    EXPECT_STATUS(ZwFlushBuffersFile(Handle, &Iosb), STATUS_SUCCESS);
    EXPECT_STATUS(FirstStatus, STATUS_NOT_FOUND);
    EXPECT_STATUS(PropagateStatus, STATUS_SUCCESS);
    EXPECT_STATUS(GeneratedStatus, STATUS_SUCCESS);
    EXPECT_STATUS(BelowStatus, STATUS_SUCCESS); /* those below find it in the same IRP */
    EXPECT(RtlEqualMemory(&SeenBelow, &Mine, sizeof(GUID)));
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 8, &Zero, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 8, &Zero, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FastStatus, STATUS_NOT_SUPPORTED); /* fast I/O has no IRP */
    Watch = FALSE;
    ZwClose(Handle);
}

static VOID
Pages(VOID)
{
    LARGE_INTEGER Offset = {.QuadPart = 2}, Zero = {};
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT FileObject;
    HANDLE Handle;
    PMDL Mdl = NULL;
    char Text[8];

    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN, 0, &Handle), STATUS_SUCCESS);
    FileObject = Object(Handle);
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 8, &Zero, NULL),
                  STATUS_SUCCESS); /* it is cached now */
    FastMdl = 0;
    EXPECT(FltFastIoMdlRead(Upper, FileObject, &Offset, 4, 0, &Mdl, &Iosb));
    EXPECT_STATUS(Iosb.Status, STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, 4);
    EXPECT_EQ(FastMdl, 1);
    if (Mdl != NULL) {
        EXPECT(RtlEqualMemory(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority), "cdef", 4));
        EXPECT(FltFastIoMdlReadComplete(Upper, FileObject, Mdl));
    }
    Mdl = NULL;
    EXPECT(FltFastIoPrepareMdlWrite(Upper, FileObject, &Offset, 4, 0, &Mdl, &Iosb));
    EXPECT_EQ(Iosb.Information, 4);
    if (Mdl != NULL) {
        RtlCopyMemory(MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority), "CDEF", 4);
        EXPECT(FltFastIoMdlWriteComplete(Upper, FileObject, &Offset, Mdl));
    }
    EXPECT_EQ(FastMdl, 2);
    EXPECT_STATUS(ZwReadFile(Handle, NULL, NULL, NULL, &Iosb, Text, 8, &Zero, NULL),
                  STATUS_SUCCESS);
    EXPECT(RtlEqualMemory(Text, "abCDEFgh", 8));
    ObDereferenceObject(FileObject);
    ZwClose(Handle);
}

static VOID
Tags(VOID)
{
    REPARSE_GUID_DATA_BUFFER There;
    IO_STATUS_BLOCK Iosb;
    PFILE_OBJECT FileObject;
    HANDLE Handle;

    EXPECT_STATUS(OpenIt(L"\\??\\C:\\tagged", FILE_CREATE, 0, &Handle), STATUS_SUCCESS);
    FileObject = Object(Handle);
    EXPECT_STATUS(FltTagFileEx(Upper, FileObject, TAG_ONE, NULL, "one", 3, 0, NULL, 0),
                  STATUS_INVALID_PARAMETER); /* such a tag carries a GUID */
    EXPECT_STATUS(FltTagFileEx(Upper, FileObject, TAG_ONE, (GUID *)&GuidOne, "one", 3, 0, NULL, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FltTagFileEx(Upper, FileObject, TAG_TWO, (GUID *)&GuidTwo, "two", 3, TAG_TWO,
                               (GUID *)&GuidTwo, 0),
                  STATUS_IO_REPARSE_TAG_MISMATCH);
    EXPECT_STATUS(FltTagFileEx(Upper, FileObject, TAG_TWO, (GUID *)&GuidTwo, "two", 3, TAG_ONE,
                               (GUID *)&GuidTwo, 0),
                  STATUS_REPARSE_ATTRIBUTE_CONFLICT);
    EXPECT_STATUS(FltTagFileEx(Upper, FileObject, TAG_TWO, (GUID *)&GuidTwo, "two", 3, TAG_ONE,
                               (GUID *)&GuidOne, 0),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwFsControlFile(Handle, NULL, NULL, NULL, &Iosb, FSCTL_GET_REPARSE_POINT, NULL, 0,
                                  &There, sizeof(There)),
                  STATUS_SUCCESS);
    EXPECT_EQ(There.ReparseTag, TAG_TWO);
    EXPECT(RtlEqualMemory(&There.ReparseGuid, &GuidTwo, sizeof(GUID)));
    EXPECT(RtlEqualMemory(There.GenericReparseBuffer.DataBuffer, "two", 3));
    ObDereferenceObject(FileObject);
    ZwClose(Handle);
}

/* [ntifs: OPEN_REPARSE_LIST_ENTRY] */
static VOID
OpenReparse(VOID)
{
    OPEN_REPARSE_LIST_ENTRY One = {
        .ReparseTag = TAG_TWO, .ReparseGuid = GuidOne, .Size = sizeof(One)};
    HANDLE Handle;

    EXPECT_STATUS(OpenIt(L"\\??\\C:\\tagged", FILE_OPEN, 0, &Handle),
                  STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    if (!Ten) {
        return;
    }
    Entry = &One; /* another GUID */
    EXPECT_STATUS(OpenIt(L"\\??\\C:\\tagged", FILE_OPEN, 0, &Handle),
                  STATUS_IO_REPARSE_TAG_NOT_HANDLED);
    EXPECT_STATUS(EntryStatus, STATUS_SUCCESS);
    EXPECT((One.Flags & OPEN_REPARSE_POINT_TAG_ENCOUNTERED) == 0);
    One.ReparseGuid = GuidTwo;
    EXPECT_STATUS(OpenIt(L"\\??\\C:\\tagged", FILE_OPEN, 0, &Handle), STATUS_SUCCESS);
    EXPECT((One.Flags & OPEN_REPARSE_POINT_TAG_ENCOUNTERED) != 0);
    EXPECT_STATUS(CopyStatus, STATUS_SUCCESS);
    EXPECT(Copied);
    Entry = NULL;
    if (Handle != NULL) {
        ZwClose(Handle);
    }
}

/* [DDI: FltRetrieveFileInfoOnCreateCompletionEx] */
static VOID
Facts(VOID)
{
    FILE_INTERNAL_INFORMATION Internal = {};
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    Wanted = 0x80000000;
    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN, 0, &Handle), STATUS_SUCCESS);
    EXPECT_STATUS(WantStatus, STATUS_INVALID_PARAMETER_3);
    EXPECT_STATUS(AnswerStatus, STATUS_NOT_SUPPORTED); /* nothing was asked for */
    ZwClose(Handle);
    Wanted = QoCFileStatInformation | QoCFileLxInformation;
    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN, 0, &Handle), STATUS_SUCCESS);
    Wanted = 0;
    EXPECT_STATUS(WantStatus, STATUS_SUCCESS);
    EXPECT_STATUS(AnswerStatus, Ten ? STATUS_SUCCESS : STATUS_NOT_SUPPORTED);
    EXPECT_STATUS(EaStatus, Ten ? STATUS_NOT_FOUND : STATUS_NOT_SUPPORTED);
    EXPECT_STATUS(UnaskedStatus, STATUS_NOT_SUPPORTED);
    if (Ten) {
        ZwQueryInformationFile(Handle, &Iosb, &Internal, sizeof(Internal), FileInternalInformation);
        EXPECT_EQ(Answer.FileId.QuadPart, Internal.IndexNumber.QuadPart);
        EXPECT_EQ(Answer.EndOfFile.QuadPart, 8);
        EXPECT_EQ(Answer.NumberOfLinks, 1);
        EXPECT(Answer.FileAttributes & FILE_ATTRIBUTE_ARCHIVE);
        EXPECT(Answer.CreationTime.QuadPart != 0);
    }
    ZwClose(Handle);
}

static VOID
Bypass(VOID)
{
    FS_BPIO_INPUT In = {.Operation = FS_BPIO_OP_QUERY};
    FS_BPIO_OUTPUT Out;
    IO_STATUS_BLOCK Iosb;
    HANDLE Handle;

    EXPECT_STATUS(OpenIt(FILE_PATH, FILE_OPEN, 0, &Handle), STATUS_SUCCESS);
    Veto = TRUE;
    EXPECT_STATUS(ZwFsControlFile(Handle, NULL, NULL, NULL, &Iosb, FSCTL_MANAGE_BYPASS_IO, &In,
                                  sizeof(In), &Out, sizeof(Out)),
                  STATUS_SUCCESS);
    EXPECT_STATUS(VetoStatus[0], STATUS_INVALID_PARAMETER_3);
    EXPECT_STATUS(VetoStatus[1], STATUS_INVALID_PARAMETER_4);
    EXPECT_STATUS(VetoStatus[2], STATUS_SUCCESS);
    EXPECT_EQ(Iosb.Information, sizeof(Out));
    EXPECT_EQ(Out.Operation, FS_BPIO_OP_QUERY);
    EXPECT_STATUS(Out.Query.OpStatus, STATUS_NOT_SUPPORTED);
    EXPECT_EQ(Out.Query.FailureReasonLen, 11);
    EXPECT(RtlEqualMemory(Out.Query.FailureReason, L"not with me", 22));
    EXPECT(Out.Query.FailingDriverNameLen != 0);
    EXPECT_STATUS(ZwFsControlFile(Handle, NULL, NULL, NULL, &Iosb, FSCTL_MANAGE_BYPASS_IO, &In,
                                  sizeof(In), &Out, sizeof(Out) - 1),
                  STATUS_BUFFER_TOO_SMALL);
    EXPECT_STATUS(ZwFsControlFile(Handle, NULL, NULL, NULL, &Iosb, FSCTL_MANAGE_BYPASS_IO, &In,
                                  sizeof(In) - 1, &Out, sizeof(Out)),
                  STATUS_INVALID_BUFFER_SIZE);
    Veto = FALSE;
    ZwClose(Handle);
}

static VOID
Stop(VOID)
{
    FltObjectDereference(Upper);
    FltObjectDereference(Lower);
    FltUnregisterFilter(Filter);
}

static VOID NTAPI
DriverUnload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {
        TEST(Start), TEST(Priorities),  TEST(PriorityOfFile), TEST(Activities), TEST(Pages),
        TEST(Tags),  TEST(OpenReparse), TEST(Facts),          TEST(Bypass),     TEST(Stop)};

    TinyDriver = DriverObject;
    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Newer", L"370044", 0);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = DriverUnload;
    return STATUS_SUCCESS;
}
