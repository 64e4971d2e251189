/*
 * owned.c - byte-range locks, oplocks and notifications that a filter keeps for files it owns; extra create parameters.
 * [DDI: FltProcessFileLock, FltAllocateFileLock, FltOplockFsctrl, FltCheckOplock, FltNotifyFilterChangeDirectory,
 * FltSetEcpListIntoCallbackData, FltQueryInformationByName, FltCommitComplete; ntifs: FsRtlInsertExtraCreateParameter]
 */
#include "tinyfs.h"

static PDRIVER_OBJECT Driver;
static PFLT_FILTER Filter;
static PFLT_INSTANCE Instance;
static FILE_LOCK Lock;
static PFILE_LOCK Strict;
static BOOLEAN UseStrict;
static OPLOCK Oplock, Atomic;
static PNOTIFY_SYNC NotifySync;
static LIST_ENTRY NotifyList;
static STRING Directory;
static LONG Waited, Posted, Refusals, EcpSeen, EcpCleaned, Creates;
static NTSTATUS WaitStatus;
static BOOLEAN WaitHere, GiveEcp;
static IO_PRIORITY_HINT Hint;
static const GUID Type = {0x6e746c61, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};
static const GUID OtherType = {0x6e746c62, 1, 2, {3, 4, 5, 6, 7, 8, 9, 10}};

/* ---- the filter ---- */

static VOID NTAPI
EcpGone(PVOID EcpContext, LPCGUID EcpType)
{
    EcpCleaned++;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCreate(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    PECP_LIST List = (PECP_LIST)1;
    PULONG Value;
    ULONG Size;

    Creates++;
    Instance = FltObjects->Instance;
    EXPECT_STATUS(FltGetEcpListFromCallbackData(Filter, Data, &List), STATUS_SUCCESS);
    if (GiveEcp) {
        EXPECT(List == NULL); /* success, and no list */
        FltAllocateExtraCreateParameterList(Filter, 0, &List);
        FltAllocateExtraCreateParameter(Filter, &Type, sizeof(ULONG), 0, EcpGone, 'tpcE',
                                        (PVOID *)&Value);
        EXPECT_STATUS(FltInsertExtraCreateParameter(Filter, List, Value), STATUS_SUCCESS);
        EXPECT_STATUS(FltSetEcpListIntoCallbackData(Filter, Data, List), STATUS_SUCCESS);
        /* there is one now */
        EXPECT_STATUS(FltSetEcpListIntoCallbackData(Filter, Data, List), STATUS_INVALID_PARAMETER);
    } else if (List != NULL && NT_SUCCESS(FltFindExtraCreateParameter(Filter, List, &Type,
                                                                      (PVOID *)&Value, &Size))) {
        EXPECT(Size == sizeof(ULONG) && *Value == 77);
        EXPECT(!FltIsEcpFromUserMode(Filter, Value));
        FltAcknowledgeEcp(Filter, Value);
        EcpSeen++;
    }
    if (Data->Iopb->Parameters.Create.Options & FILE_OPEN_REQUIRING_OPLOCK) {
        /* the answer is in the status block; the create goes on or not, as the filter says */
        EXPECT(FltOplockFsctrl(&Atomic, Data, 1) == FLT_PREOP_COMPLETE);
        EXPECT_STATUS(Data->IoStatus.Status, STATUS_SUCCESS);
        EXPECT(!FltOplockIsFastIoPossible(&Atomic));
        EXPECT(FltCheckOplockEx(&Atomic, Data, OPLOCK_FLAG_BACK_OUT_ATOMIC_OPLOCK, NULL, NULL,
                                NULL) == FLT_PREOP_SUCCESS_WITH_CALLBACK);
        EXPECT(FltOplockIsFastIoPossible(&Atomic));
    }
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static NTSTATUS FLTAPI
Refuse(PVOID Context, PFLT_CALLBACK_DATA Data)
{
    Refusals++;
    EXPECT(Context == &Refusals);
    return STATUS_ACCESS_DENIED;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreLock(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    return FltProcessFileLock(UseStrict ? Strict : &Lock, Data, &Refusals);
}

static VOID FLTAPI
Posting(PFLT_CALLBACK_DATA Data, PVOID Context)
{
    Posted++;
    EXPECT(Context == &Oplock);
}

static VOID FLTAPI
Broken(PFLT_CALLBACK_DATA Data, PVOID Context)
{
    Waited++;
    WaitStatus = Data->IoStatus.Status;
    EXPECT(Context == &Oplock);
    FltCompletePendedPreOperation(
        Data, NT_SUCCESS(WaitStatus) ? FLT_PREOP_SUCCESS_NO_CALLBACK : FLT_PREOP_COMPLETE, NULL);
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreTransfer(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    FLT_PREOP_CALLBACK_STATUS Status;

    if (!FLT_IS_IRP_OPERATION(Data)) {
        return FLT_PREOP_DISALLOW_FASTIO;
    }
    Hint = FltGetIoPriorityHint(Data);
    if (!(Data->Iopb->MajorFunction == IRP_MJ_READ ? FltCheckLockForReadAccess(&Lock, Data)
                                                   : FltCheckLockForWriteAccess(&Lock, Data))) {
        Data->IoStatus.Status = STATUS_FILE_LOCK_CONFLICT;
        return FLT_PREOP_COMPLETE;
    }
    Status = WaitHere ? FltCheckOplock(&Oplock, Data, NULL, NULL, NULL)
                      : FltCheckOplock(&Oplock, Data, &Oplock, Broken, Posting);
    return Status == FLT_PREOP_SUCCESS_WITH_CALLBACK ? FLT_PREOP_SUCCESS_NO_CALLBACK : Status;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreControl(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    ULONG Code = Data->Iopb->Parameters.FileSystemControl.Common.FsControlCode;

    /* The number of opens: one, as far as the tests go. */
    return Code == FSCTL_REQUEST_OPLOCK_LEVEL_2 || Code == FSCTL_REQUEST_BATCH_OPLOCK ||
                   Code == FSCTL_OPLOCK_BREAK_ACKNOWLEDGE || Code == FSCTL_OPLOCK_BREAK_ACK_NO_2
               ? FltOplockFsctrl(&Oplock, Data, Code != FSCTL_REQUEST_OPLOCK_LEVEL_2)
               : FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreDirectory(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    if (Data->Iopb->MinorFunction != IRP_MN_NOTIFY_CHANGE_DIRECTORY) {
        return FLT_PREOP_SUCCESS_NO_CALLBACK;
    }
    EXPECT_STATUS(FltNotifyFilterChangeDirectory(
                      NotifySync, &NotifyList, Data->Iopb->TargetFileObject, &Directory, FALSE,
                      FALSE,
                      Data->Iopb->Parameters.DirectoryControl.NotifyDirectory.CompletionFilter,
                      Data, NULL, NULL, NULL),
                  STATUS_SUCCESS);
    return FLT_PREOP_PENDING;
}

static FLT_PREOP_CALLBACK_STATUS FLTAPI
PreCleanup(PFLT_CALLBACK_DATA Data, PCFLT_RELATED_OBJECTS FltObjects, PVOID *Context)
{
    FsRtlFastUnlockAll(&Lock, Data->Iopb->TargetFileObject, FltGetRequestorProcess(Data), NULL);
    FltCheckOplock(&Oplock, Data, NULL, NULL, NULL);
    FsRtlNotifyCleanup(NotifySync, &NotifyList, Data->Iopb->TargetFileObject);
    return FLT_PREOP_SUCCESS_NO_CALLBACK;
}

static const FLT_OPERATION_REGISTRATION Operations[] = {
    {IRP_MJ_CREATE, 0, PreCreate, NULL},
    {IRP_MJ_LOCK_CONTROL, 0, PreLock, NULL},
    {IRP_MJ_READ, 0, PreTransfer, NULL},
    {IRP_MJ_WRITE, 0, PreTransfer, NULL},
    {IRP_MJ_FILE_SYSTEM_CONTROL, 0, PreControl, NULL},
    {IRP_MJ_DIRECTORY_CONTROL, 0, PreDirectory, NULL},
    {IRP_MJ_CLEANUP, 0, PreCleanup, NULL},
    {IRP_MJ_OPERATION_END}};

static const FLT_REGISTRATION Registration = {.Size = sizeof(FLT_REGISTRATION),
                                              .Version = FLT_REGISTRATION_VERSION,
                                              .OperationRegistration = Operations};

/* ---- the tests ---- */

static HANDLE One, Two, Event;

static HANDLE
OpenData(VOID)
{
    HANDLE Handle = NULL;

    TinyOpen(TINY_DISK L"\\data", GENERIC_READ | GENERIC_WRITE, FILE_OPEN_IF, 0, &Handle);
    return Handle;
}

static VOID
Start(VOID)
{
    OBJECT_ATTRIBUTES Attributes;

    FltInitializeFileLock(&Lock);
    FltInitializeOplock(&Oplock);
    FsRtlNotifyInitializeSync(&NotifySync);
    InitializeListHead(&NotifyList);
    EXPECT_STATUS(FltRegisterFilter(Driver, &Registration, &Filter), STATUS_SUCCESS);
    EXPECT_STATUS(FltStartFiltering(Filter), STATUS_SUCCESS);
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&Event, EVENT_ALL_ACCESS, &Attributes, SynchronizationEvent, FALSE);
    One = OpenData();
    Two = OpenData();
    EXPECT(One != NULL && Two != NULL && Instance != NULL);
}

static NTSTATUS
LockAt(HANDLE File, PIO_STATUS_BLOCK Iosb, ULONG Offset, ULONG Length, BOOLEAN Fail)
{
    LARGE_INTEGER At = {.QuadPart = Offset}, Bytes = {.QuadPart = Length};

    return ZwLockFile(File, Event, NULL, NULL, Iosb, &At, &Bytes, 0, Fail, TRUE);
}

static NTSTATUS
UnlockAt(HANDLE File, ULONG Offset, ULONG Length)
{
    LARGE_INTEGER At = {.QuadPart = Offset}, Bytes = {.QuadPart = Length};
    IO_STATUS_BLOCK Iosb;

    return ZwUnlockFile(File, &Iosb, &At, &Bytes, 0);
}

static NTSTATUS
Ended(PIO_STATUS_BLOCK Iosb)
{
    LARGE_INTEGER Now = {};

    return ZwWaitForSingleObject(Event, FALSE, &Now) == STATUS_SUCCESS ? Iosb->Status
                                                                       : STATUS_PENDING;
}

static VOID
Locks(VOID)
{
    IO_STATUS_BLOCK Iosb = {}, Other = {};
    LARGE_INTEGER Zero = {};
    char Text[16];

    EXPECT_STATUS(LockAt(One, &Iosb, 0, 10, TRUE), STATUS_SUCCESS);
    EXPECT_STATUS(Ended(&Iosb), STATUS_SUCCESS);
    EXPECT_STATUS(LockAt(Two, &Iosb, 5, 10, TRUE), STATUS_LOCK_NOT_GRANTED);
    EXPECT_STATUS(LockAt(Two, &Iosb, 10, 10, TRUE), STATUS_SUCCESS); /* behind it */
    Ended(&Iosb);
    EXPECT_STATUS(UnlockAt(Two, 10, 10), STATUS_SUCCESS);
    EXPECT_STATUS(UnlockAt(Two, 10, 10), STATUS_RANGE_NOT_LOCKED);
    /* Data of a locked range is its owner's. */
    EXPECT_STATUS(ZwReadFile(Two, NULL, NULL, NULL, &Iosb, Text, 4, &Zero, NULL),
                  STATUS_FILE_LOCK_CONFLICT);
    EXPECT_STATUS(ZwWriteFile(Two, NULL, NULL, NULL, &Iosb, Text, 4, &Zero, NULL),
                  STATUS_FILE_LOCK_CONFLICT);
    EXPECT_STATUS(ZwWriteFile(One, NULL, NULL, NULL, &Iosb, "0123", 4, &Zero, NULL),
                  STATUS_SUCCESS);
    /* Who waits is served when the range is free. */
    EXPECT_STATUS(LockAt(Two, &Other, 0, 10, FALSE), STATUS_PENDING);
    EXPECT_STATUS(Ended(&Other), STATUS_PENDING);
    EXPECT_STATUS(UnlockAt(One, 0, 10), STATUS_SUCCESS);
    EXPECT_STATUS(Ended(&Other), STATUS_SUCCESS);
    EXPECT_STATUS(LockAt(One, &Iosb, 0, 10, TRUE), STATUS_LOCK_NOT_GRANTED);
    /* Who waits can be cancelled. */
    EXPECT_STATUS(LockAt(One, &Other, 0, 10, FALSE), STATUS_PENDING);
    EXPECT_STATUS(ZwCancelIoFile(One, &Iosb), STATUS_SUCCESS);
    EXPECT_STATUS(Ended(&Other), STATUS_CANCELLED);
    EXPECT_STATUS(UnlockAt(Two, 0, 10), STATUS_SUCCESS);
}

/* A completion routine that fails takes the lock back. */
static VOID
LockRefused(VOID)
{
    IO_STATUS_BLOCK Iosb = {};

    Strict = FltAllocateFileLock(Refuse, NULL);
    EXPECT(Strict != NULL);
    UseStrict = TRUE;
    EXPECT_STATUS(LockAt(One, &Iosb, 0, 10, TRUE), STATUS_ACCESS_DENIED);
    EXPECT_EQ(Refusals, 1);
    UseStrict = FALSE;
    EXPECT(FsRtlGetNextFileLock(Strict, TRUE) == NULL);
    FltFreeFileLock(Strict);
}

static NTSTATUS
Control(HANDLE File, ULONG Code, PIO_STATUS_BLOCK Iosb)
{
    return ZwFsControlFile(File, Event, NULL, NULL, Iosb, Code, NULL, 0, NULL, 0);
}

/* [DDI: FltOplockFsctrl; IFS: "Atomic Create-With-Oplock"] */
static VOID
Required(VOID)
{
    HANDLE Handle = NULL;

    FltInitializeOplock(&Atomic);
    EXPECT_STATUS(
        TinyOpen(TINY_DISK L"\\data", GENERIC_READ, FILE_OPEN, FILE_OPEN_REQUIRING_OPLOCK, &Handle),
        STATUS_SUCCESS);
    ZwClose(Handle);
    FltUninitializeOplock(&Atomic);
}

static VOID
Oplocks(VOID)
{
    IO_STATUS_BLOCK Granted = {}, Iosb = {}, Later = {};
    LARGE_INTEGER Zero = {};

    EXPECT(FltOplockIsFastIoPossible(&Oplock) && !FltCurrentOplock(&Oplock));
    EXPECT_STATUS(Control(One, FSCTL_REQUEST_OPLOCK_LEVEL_2, &Granted), STATUS_PENDING);
    EXPECT(!FltOplockIsFastIoPossible(&Oplock) && FltCurrentOplock(&Oplock));
    EXPECT(!FltCurrentBatchOplock(&Oplock) && !FltCurrentOplockH(&Oplock));
    /* A write breaks it to none, and waits for nobody. */
    EXPECT_STATUS(ZwWriteFile(Two, NULL, NULL, NULL, &Iosb, "a", 1, &Zero, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(Ended(&Granted), STATUS_SUCCESS);
    EXPECT_EQ(Granted.Information, FILE_OPLOCK_BROKEN_TO_NONE);
    EXPECT_EQ(Posted, 0);
    /* A batch oplock: the write waits until its owner acknowledges. */
    EXPECT_STATUS(Control(One, FSCTL_REQUEST_BATCH_OPLOCK, &Granted), STATUS_PENDING);
    EXPECT(FltCurrentBatchOplock(&Oplock) && FltCurrentOplockH(&Oplock));
    EXPECT_STATUS(ZwWriteFile(Two, NULL, NULL, NULL, &Later, "b", 1, &Zero, NULL), STATUS_PENDING);
    EXPECT_STATUS(Ended(&Granted), STATUS_SUCCESS);
    EXPECT(Posted == 1 && Waited == 0);
    EXPECT_STATUS(Control(One, FSCTL_OPLOCK_BREAK_ACK_NO_2, &Iosb), STATUS_SUCCESS);
    EXPECT(Waited == 1 && WaitStatus == STATUS_SUCCESS);
    EXPECT_STATUS(ZwWaitForSingleObject(Two, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_STATUS(Later.Status, STATUS_SUCCESS);
    EXPECT(!FltCurrentOplock(&Oplock));
    /* The waiting write is cancelled. */
    Ended(&Iosb);
    EXPECT_STATUS(Control(One, FSCTL_REQUEST_BATCH_OPLOCK, &Granted), STATUS_PENDING);
    EXPECT_STATUS(ZwWriteFile(Two, NULL, NULL, NULL, &Later, "c", 1, &Zero, NULL), STATUS_PENDING);
    EXPECT_STATUS(ZwCancelIoFile(Two, &Iosb), STATUS_SUCCESS);
    EXPECT(Waited == 2 && WaitStatus == STATUS_CANCELLED);
    EXPECT_STATUS(Later.Status, STATUS_CANCELLED);
    EXPECT_STATUS(Control(One, FSCTL_OPLOCK_BREAK_ACK_NO_2, &Iosb), STATUS_SUCCESS);
    /* The request is cancelled: the oplock is gone. */
    Ended(&Iosb);
    EXPECT_STATUS(Control(One, FSCTL_REQUEST_BATCH_OPLOCK, &Granted), STATUS_PENDING);
    EXPECT_STATUS(ZwCancelIoFile(One, &Iosb), STATUS_SUCCESS);
    EXPECT_STATUS(Ended(&Granted), STATUS_CANCELLED);
    EXPECT(!FltCurrentOplock(&Oplock));
    /* Closing the owner's handle ends it; a second owner is refused. */
    EXPECT_STATUS(Control(One, FSCTL_REQUEST_BATCH_OPLOCK, &Granted), STATUS_PENDING);
    EXPECT_STATUS(Control(Two, FSCTL_REQUEST_BATCH_OPLOCK, &Iosb), STATUS_OPLOCK_NOT_GRANTED);
    ZwClose(One);
    EXPECT(!FltCurrentOplock(&Oplock));
    One = OpenData();
}

static VOID
Notify(VOID)
{
    UNICODE_STRING Changed = RTL_CONSTANT_STRING(L"\\new");
    static UCHAR Buffer[256];
    PFILE_NOTIFY_INFORMATION Entry = (PVOID)Buffer;
    IO_STATUS_BLOCK Iosb = {}, Other = {};
    HANDLE Root;

    Directory.Buffer = (PCHAR)L"\\";
    Directory.Length = Directory.MaximumLength = 2;
    EXPECT_STATUS(
        TinyOpen(TINY_DISK L"\\", FILE_LIST_DIRECTORY, FILE_OPEN, FILE_DIRECTORY_FILE, &Root),
        STATUS_SUCCESS);
    Ended(&Iosb);
    EXPECT_STATUS(ZwNotifyChangeDirectoryFile(Root, Event, NULL, NULL, &Iosb, Buffer,
                                              sizeof(Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE),
                  STATUS_PENDING);
    EXPECT_STATUS(Ended(&Iosb), STATUS_PENDING);
    FsRtlNotifyFullReportChange(NotifySync, &NotifyList, (PSTRING)&Changed, 2, NULL, NULL,
                                FILE_NOTIFY_CHANGE_FILE_NAME, FILE_ACTION_ADDED, NULL);
    EXPECT_STATUS(Ended(&Iosb), STATUS_SUCCESS);
    EXPECT(Entry->Action == FILE_ACTION_ADDED && Entry->FileNameLength == 6 &&
           Entry->FileName[0] == L'n');
    EXPECT_STATUS(ZwNotifyChangeDirectoryFile(Root, Event, NULL, NULL, &Iosb, Buffer,
                                              sizeof(Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE),
                  STATUS_PENDING);
    EXPECT_STATUS(ZwCancelIoFile(Root, &Other), STATUS_SUCCESS);
    EXPECT_STATUS(Ended(&Iosb), STATUS_CANCELLED);
    EXPECT_STATUS(ZwNotifyChangeDirectoryFile(Root, Event, NULL, NULL, &Iosb, Buffer,
                                              sizeof(Buffer), FILE_NOTIFY_CHANGE_FILE_NAME, FALSE),
                  STATUS_PENDING);
    ZwClose(Root); /* the handle's cleanup ends it */
    EXPECT_STATUS(Ended(&Iosb), STATUS_NOTIFY_CLEANUP);
}

/* Any driver's create can carry parameters, and any driver below can put some in. */
static VOID
Parameters(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(TINY_DISK L"\\data");
    IO_DRIVER_CREATE_CONTEXT Context = {.Size = sizeof(Context)};
    NPAGED_LOOKASIDE_LIST Lookaside;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    PVOID Value, Found, Next;
    PECP_LIST List;
    HANDLE Handle;
    GUID NextType;
    ULONG Size;

    EXPECT_STATUS(FsRtlAllocateExtraCreateParameterList(0, &List), STATUS_SUCCESS);
    EXPECT_STATUS(
        FsRtlAllocateExtraCreateParameter(&Type, sizeof(ULONG), 0, EcpGone, 'tpcE', &Value),
        STATUS_SUCCESS);
    EXPECT_EQ(*(PULONG)Value, 0); /* zeroed */
    *(PULONG)Value = 77;
    EXPECT_STATUS(FsRtlFindExtraCreateParameter(List, &Type, &Found, &Size), STATUS_NOT_FOUND);
    EXPECT_STATUS(FsRtlInsertExtraCreateParameter(List, Value), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlFindExtraCreateParameter(List, &Type, &Found, &Size), STATUS_SUCCESS);
    EXPECT(Found == Value && Size == sizeof(ULONG));
    FsRtlInitExtraCreateParameterLookasideList(&Lookaside, FSRTL_ECP_LOOKASIDE_FLAG_NONPAGED_POOL,
                                               64, 'tpcE');
    EXPECT_STATUS(FsRtlAllocateExtraCreateParameterFromLookasideList(&OtherType, 64, 0, EcpGone,
                                                                     &Lookaside, &Next),
                  STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlInsertExtraCreateParameter(List, Next), STATUS_SUCCESS);
    EXPECT_STATUS(FsRtlGetNextExtraCreateParameter(List, Value, &NextType, &Found, &Size),
                  STATUS_SUCCESS);
    EXPECT(Found == Next && Size == 64 && NextType.Data1 == OtherType.Data1);
    EXPECT_STATUS(FsRtlGetNextExtraCreateParameter(List, Next, NULL, NULL, NULL), STATUS_NOT_FOUND);

    Context.ExtraCreateParameter = (PVOID)List;
    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT(!FsRtlIsEcpAcknowledged(Value));
    EXPECT_STATUS(IoCreateFileEx(&Handle, FILE_READ_DATA | SYNCHRONIZE, &Attributes, &Iosb, NULL, 0,
                                 7, FILE_OPEN, 0, NULL, 0, CreateFileTypeNone, NULL,
                                 IO_NO_PARAMETER_CHECKING, &Context),
                  STATUS_SUCCESS);
    EXPECT_EQ(EcpSeen, 1);
    EXPECT(FsRtlIsEcpAcknowledged(Value) && EcpCleaned == 0); /* the list is its caller's */
    ZwClose(Handle);
    EXPECT_STATUS(FsRtlRemoveExtraCreateParameter(List, &OtherType, &Found, NULL), STATUS_SUCCESS);
    FsRtlFreeExtraCreateParameter(Found);
    EXPECT_EQ(EcpCleaned, 1);
    FsRtlFreeExtraCreateParameterList(List);
    EXPECT_EQ(EcpCleaned, 2);
    FsRtlDeleteExtraCreateParameterLookasideList(&Lookaside,
                                                 FSRTL_ECP_LOOKASIDE_FLAG_NONPAGED_POOL);

    GiveEcp = TRUE; /* one that the filter puts in goes with the create */
    Handle = OpenData();
    GiveEcp = FALSE;
    EXPECT(Handle != NULL);
    EXPECT_EQ(EcpCleaned, 3);
    ZwClose(Handle);
}

static VOID
ByName(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(TINY_DISK L"\\data"),
                   Missing = RTL_CONSTANT_STRING(TINY_DISK L"\\missing");
    FILE_STANDARD_INFORMATION Standard;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    LONG Before = Creates;

    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(FltQueryInformationByName(Filter, Instance, &Attributes, &Iosb, &Standard,
                                            sizeof(Standard), FileStandardInformation, NULL),
                  STATUS_SUCCESS);
    EXPECT(Iosb.Information == sizeof(Standard) && Standard.EndOfFile.QuadPart == 4);
    EXPECT_EQ(Creates, Before); /* seen by those below only */
    Attributes.ObjectName = &Missing;
    EXPECT_STATUS(FltQueryInformationByName(Filter, Instance, &Attributes, &Iosb, &Standard,
                                            sizeof(Standard), FileStandardInformation, NULL),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    EXPECT_EQ(Hint, IoPriorityNormal);
}

/* A filter without a notification callback is in no transaction. */
static VOID
Transactions(VOID)
{
    PFLT_CONTEXT Context = (PFLT_CONTEXT)1;

    EXPECT_STATUS(FltEnlistInTransaction(Instance, (PVOID)1, NULL, 0), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(FltCommitComplete(Instance, (PVOID)1, NULL), STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(FltRollbackComplete(Instance, (PVOID)1, NULL), STATUS_INVALID_PARAMETER);
    EXPECT(!NT_SUCCESS(FltGetTransactionContext(Instance, (PVOID)1, &Context)) && Context == NULL);
}

static VOID
Stop(VOID)
{
    ZwClose(One);
    ZwClose(Two);
    ZwClose(Event);
    FltUninitializeOplock(&Oplock);
    FltUninitializeFileLock(&Lock);
    FltUnregisterFilter(Filter);
    FsRtlNotifyUninitializeSync(&NotifySync);
    TinyStop();
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    static const NTLAB_TEST Tests[] = {
        TEST(Start),  TEST(Locks),      TEST(LockRefused), TEST(Required),     TEST(Oplocks),
        TEST(Notify), TEST(Parameters), TEST(ByName),      TEST(Transactions), TEST(Stop)};

    Driver = DriverObject;
    TinyNoKeys(RegistryPath);
    TinyKeys(RegistryPath, L"Owned", L"370033", 0);
    TinyStart(DriverObject);
    NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    DriverObject->DriverUnload = Unload;
    return STATUS_SUCCESS;
}
