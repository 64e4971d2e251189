/*
 * oplockkey.c - handles that were opened with one oplock key are one owner. [ntifs: OPLOCK_KEY_ECP_CONTEXT, FsRtlOplockKeysEqual;
 * IFS: "Oplock Semantics": "an oplock key allows a client to open multiple handles to the same stream without breaking its own
 * oplock"]
 */
#include "../ntlab-test.h"

static const GUID KeyType = {
    0x48850596, 0x3050, 0x4be7, {0x98, 0x63, 0xfe, 0xc3, 0x50, 0xce, 0x8d, 0x7f}};
static const GUID DualType = {
    0x41621a14, 0xb08b, 0x4df1, {0xb6, 0x76, 0xa0, 0x5f, 0xfd, 0xf0, 0x1b, 0xea}};

typedef struct _KEY {
    GUID Key;
    ULONG Reserved;
} KEY;
typedef struct _DUAL {
    GUID Parent, Target;
    BOOLEAN ParentSet, TargetSet;
} DUAL;

/* Key 0: none; negative: as a dual one. */
static NTSTATUS
Open(LONG Key, ULONG Options, PHANDLE Handle, PFILE_OBJECT *File)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\??\\C:\\oplockkey.txt");
    IO_DRIVER_CREATE_CONTEXT Context;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    PECP_LIST List = NULL;
    NTSTATUS Status;
    PVOID Ecp;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    IoInitializeDriverCreateContext(&Context);
    if (Key != 0) {
        FsRtlAllocateExtraCreateParameterList(0, &List);
        FsRtlAllocateExtraCreateParameter(Key > 0 ? &KeyType : &DualType,
                                          Key > 0 ? sizeof(KEY) : sizeof(DUAL), 0, NULL, 'tseT',
                                          &Ecp);
        RtlZeroMemory(Ecp, Key > 0 ? sizeof(KEY) : sizeof(DUAL));
        if (Key > 0) {
            ((KEY *)Ecp)->Key.Data1 = (ULONG)Key;
        } else {
            ((DUAL *)Ecp)->Target.Data1 = (ULONG)-Key;
            ((DUAL *)Ecp)->TargetSet = TRUE;
        }
        FsRtlInsertExtraCreateParameter(List, Ecp);
        Context.ExtraCreateParameter = List;
    }
    Status = IoCreateFileEx(Handle, FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE, &Attributes,
                            &Iosb, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                            FILE_OPEN_IF, Options, NULL, 0, CreateFileTypeNone, NULL, 0, &Context);
    if (List != NULL) {
        FsRtlFreeExtraCreateParameterList(List);
    }
    *File = NULL;
    if (NT_SUCCESS(Status)) {
        ObReferenceObjectByHandle(*Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)File, NULL);
    }
    return Status;
}

static IO_STATUS_BLOCK AskIosb;
static ULONG Answer[6];

static NTSTATUS
Ask(HANDLE File, HANDLE Event, ULONG Level)
{
    ULONG In[3] = {1 | 12 << 16, Level, 1 /* a request */};

    ZwClearEvent(Event);
    return ZwFsControlFile(File, Event, NULL, NULL, &AskIosb, CTL_CODE(9, 144, 0, 0), In,
                           sizeof(In), Answer, sizeof(Answer));
}

static BOOLEAN
IsBroken(HANDLE Event)
{
    LARGE_INTEGER Now = {.QuadPart = 0};

    return ZwWaitForSingleObject(Event, FALSE, &Now) == STATUS_SUCCESS;
}

static VOID
Keys(VOID)
{
    HANDLE One, Same, Other, Dual, None, Event;
    PFILE_OBJECT OneFile, SameFile, OtherFile, DualFile, NoneFile;
    OBJECT_ATTRIBUTES Attributes;
    LARGE_INTEGER Offset = {.QuadPart = 0};
    IO_STATUS_BLOCK Iosb;

    NtlabCase = "Keys";
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&Event, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
    EXPECT_STATUS(Open(7, 0, &One, &OneFile), STATUS_SUCCESS);
    EXPECT_STATUS(Open(7, FILE_SYNCHRONOUS_IO_NONALERT, &Same, &SameFile), STATUS_SUCCESS);
    EXPECT_STATUS(Open(-7, 0, &Dual, &DualFile), STATUS_SUCCESS);
    EXPECT(FsRtlOplockKeysEqual(OneFile, OneFile));
    EXPECT(FsRtlOplockKeysEqual(OneFile, SameFile));
    EXPECT(FsRtlOplockKeysEqual(OneFile, DualFile)); /* the target key of a dual one */
    EXPECT(!FsRtlOplockKeysEqual(OneFile, NULL) && !FsRtlOplockKeysEqual(NULL, NULL));
    /* exclusive, although there are three handles: all have the key */
    EXPECT_STATUS(Ask(One, Event, 7), STATUS_PENDING);
    EXPECT_STATUS(ZwWriteFile(Same, NULL, NULL, NULL, &Iosb, "own", 3, &Offset, NULL),
                  STATUS_SUCCESS);
    EXPECT(!IsBroken(Event));
    EXPECT_STATUS(Open(8, FILE_COMPLETE_IF_OPLOCKED, &Other, &OtherFile),
                  STATUS_OPLOCK_BREAK_IN_PROGRESS);
    EXPECT(IsBroken(Event) && AskIosb.Status == STATUS_SUCCESS);
    EXPECT(Answer[1] == 7 && Answer[2] == 3); /* from RWH to RH */
    EXPECT(!FsRtlOplockKeysEqual(OneFile, OtherFile));
    ZwClose(One);
    ObDereferenceObject(OneFile);
    EXPECT_STATUS(Ask(Dual, Event, 7), STATUS_OPLOCK_NOT_GRANTED); /* another key is there */
    EXPECT_STATUS(Ask(Dual, Event, 1), STATUS_PENDING);
    EXPECT_STATUS(ZwWriteFile(Same, NULL, NULL, NULL, &Iosb, "own", 3, &Offset, NULL),
                  STATUS_SUCCESS);
    EXPECT(!IsBroken(Event));
    /* without a key every handle is by itself */
    EXPECT_STATUS(Open(0, FILE_SYNCHRONOUS_IO_NONALERT, &None, &NoneFile), STATUS_SUCCESS);
    EXPECT(FsRtlOplockKeysEqual(NoneFile, NoneFile) && !FsRtlOplockKeysEqual(NoneFile, DualFile));
    EXPECT_STATUS(ZwWriteFile(None, NULL, NULL, NULL, &Iosb, "else", 4, &Offset, NULL),
                  STATUS_SUCCESS);
    EXPECT(IsBroken(Event));
    ZwClose(Same);
    ZwClose(Dual);
    ZwClose(Other);
    ZwClose(None);
    ZwClose(Event);
    ObDereferenceObject(SameFile);
    ObDereferenceObject(DualFile);
    ObDereferenceObject(OtherFile);
    ObDereferenceObject(NoneFile);
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
}

/* Opens Name below C: with a dual key, of which 0 is none. */
static NTSTATUS
OpenDual(PCWSTR Name, ULONG Parent, ULONG Target, ULONG Disposition, ULONG Options, PHANDLE Handle)
{
    IO_DRIVER_CREATE_CONTEXT Context;
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Path;
    IO_STATUS_BLOCK Iosb;
    PECP_LIST List;
    NTSTATUS Status;
    DUAL *Ecp;

    RtlInitUnicodeString(&Path, Name);
    InitializeObjectAttributes(&Attributes, &Path, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    IoInitializeDriverCreateContext(&Context);
    FsRtlAllocateExtraCreateParameterList(0, &List);
    FsRtlAllocateExtraCreateParameter(&DualType, sizeof(DUAL), 0, NULL, 'tseT', (PVOID *)&Ecp);
    RtlZeroMemory(Ecp, sizeof(*Ecp));
    Ecp->Parent.Data1 = Parent;
    Ecp->Target.Data1 = Target;
    Ecp->ParentSet = Parent != 0;
    Ecp->TargetSet = Target != 0;
    FsRtlInsertExtraCreateParameter(List, Ecp);
    Context.ExtraCreateParameter = List;
    Status =
        IoCreateFileEx(Handle, FILE_READ_DATA | FILE_WRITE_DATA | DELETE | SYNCHRONIZE, &Attributes,
                       &Iosb, NULL, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       Disposition, Options, NULL, 0, CreateFileTypeNone, NULL, 0, &Context);
    FsRtlFreeExtraCreateParameterList(List);
    return Status;
}

/* [ntddk: IoGetOplockKeyContextEx, OPLOCK_KEY_CONTEXT] */
static VOID
Contexts(VOID)
{
    struct {
        USHORT Version, Flags;
        GUID Parent, Target;
        ULONG Reserved;
    } *Keys;
    PVOID(NTAPI * Get)(PFILE_OBJECT);
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"IoGetOplockKeyContextEx");
    HANDLE Handle;
    PFILE_OBJECT File;

    NtlabCase = "Contexts";
    Get = (PVOID)MmGetSystemRoutineAddress(&Name); /* 8 */
    EXPECT(Get != NULL);
    EXPECT_STATUS(Open(0, 0, &Handle, &File), STATUS_SUCCESS);
    EXPECT(Get(File) == NULL);
    ZwClose(Handle);
    ObDereferenceObject(File);
    EXPECT_STATUS(Open(7, 0, &Handle, &File), STATUS_SUCCESS);
    Keys = Get(File);
    EXPECT(Keys != NULL && Keys->Version == 1 /* OPLOCK_KEY_VERSION_WIN7 */);
    EXPECT(Keys->Flags == 2 /* OPLOCK_KEY_FLAG_TARGET_KEY */ && Keys->Target.Data1 == 7);
    ZwClose(Handle);
    ObDereferenceObject(File);
    EXPECT_STATUS(OpenDual(L"\\??\\C:\\oplockkey.txt", 5, 6, FILE_OPEN, 0, &Handle),
                  STATUS_SUCCESS);
    ObReferenceObjectByHandle(Handle, 0, *IoFileObjectType, KernelMode, (PVOID *)&File, NULL);
    Keys = Get(File);
    EXPECT(Keys != NULL && Keys->Version == 2 && Keys->Flags == 3);
    EXPECT(Keys->Parent.Data1 == 5 && Keys->Target.Data1 == 6);
    ZwClose(Handle);
    ObDereferenceObject(File);
}

/* Whose parent key is the directory's key may change what is in it. [MS-FSA 2.1.4.12.2, PARENT_OBJECT] */
static VOID
Parents(VOID)
{
    PCWSTR Child = L"\\??\\C:\\oplockdir\\child";
    FILE_DISPOSITION_INFORMATION Away = {TRUE};
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    HANDLE Folder, File, Event;

    NtlabCase = "Parents";
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    ZwCreateEvent(&Event, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE);
    EXPECT_STATUS(
        OpenDual(L"\\??\\C:\\oplockdir", 0, 9, FILE_OPEN_IF, FILE_DIRECTORY_FILE, &Folder),
        STATUS_SUCCESS);
    EXPECT_STATUS(Ask(Folder, Event, 1), STATUS_PENDING);
    /* created and deleted by who has the key */
    EXPECT_STATUS(OpenDual(Child, 9, 1, FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT, &File),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwSetInformationFile(File, &Iosb, &Away, sizeof(Away), FileDispositionInformation),
        STATUS_SUCCESS);
    ZwClose(File);
    EXPECT(!IsBroken(Event));
    /* the target key is not asked for */
    EXPECT_STATUS(OpenDual(Child, 3, 9, FILE_CREATE, FILE_SYNCHRONOUS_IO_NONALERT, &File),
                  STATUS_SUCCESS);
    EXPECT(IsBroken(Event) && Answer[2] == 0);
    EXPECT_STATUS(Ask(Folder, Event, 1), STATUS_PENDING);
    EXPECT_STATUS(
        ZwSetInformationFile(File, &Iosb, &Away, sizeof(Away), FileDispositionInformation),
        STATUS_SUCCESS);
    EXPECT(!IsBroken(Event)); /* the name goes with the handle */
    ZwClose(File);
    EXPECT(IsBroken(Event));
    ZwClose(Folder);
    ZwClose(Event);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    DriverObject->DriverUnload = Unload;
    Keys();
    Contexts();
    Parents();
    DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL, "ntlab-test: done %d %d\n", NtlabPassed,
               NtlabFailed);
    return STATUS_SUCCESS;
}
