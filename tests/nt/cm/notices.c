/*
 * notices.c - what a registry callback is told, field by field: each operation's information before it, and behind it the same information with the object, the
 * status, and what has come of it. [DDI:wdm/_reg_create_key_information], [DDI:wdm/_reg_set_value_key_information],
 * [DDI:wdm/_reg_delete_value_key_information], [DDI:wdm/_reg_query_key_information], [DDI:wdm/_reg_query_value_key_information],
 * [DDI:wdm/_reg_enumerate_key_information], [DDI:wdm/_reg_enumerate_value_key_information], [DDI:wdm/_reg_rename_key_information],
 * [DDI:wdm/_reg_set_information_key_information], [DDI:wdm/_reg_query_multiple_value_key_information], [DDI:wdm/_reg_post_operation_information].
 */
#include "../ntlab-test.h"

#define PATH L"\\REGISTRY\\MACHINE\\SOFTWARE\\NtlabNotices"

NTSYSAPI NTSTATUS NTAPI ZwRenameKey(HANDLE, PUNICODE_STRING);
NTSYSAPI NTSTATUS NTAPI ZwFlushKey(HANDLE);

static PKTHREAD Mine;
static LARGE_INTEGER Cookie;
static ULONG Calls, Wrong;
static UNICODE_STRING ValueName = RTL_CONSTANT_STRING(L"value"),
                      NewName = RTL_CONSTANT_STRING(L"new");
static UNICODE_STRING ClassName = RTL_CONSTANT_STRING(L"class");
static PVOID Key; /* the object that the operation is on */
static ULONG64 Data[32];
static ULONG Length;

/* What is to come: the class, the fields, and how it ends. */
static struct {
    REG_NOTIFY_CLASS Pre, Post;
    PCUNICODE_STRING Name;
    ULONG Number, Kind, Size, Options, Disposition;
    ACCESS_MASK Access;
    NTSTATUS Status;
} Wanted;
static PVOID PreInformation;

static BOOLEAN
IsName(PCUNICODE_STRING One, PCUNICODE_STRING Two)
{
    return One != NULL && RtlEqualUnicodeString(One, Two, FALSE);
}

static VOID
CheckCreate(PREG_CREATE_KEY_INFORMATION Info, BOOLEAN Creating)
{
    Wrong += !IsName(Info->CompleteName, Wanted.Name) || Info->RootObject == NULL;
    Wrong += Wanted.Name->Buffer[0] != L'\\' && Info->RootObject != Key;
    Wrong += Info->ObjectType == NULL || Info->DesiredAccess != Wanted.Access;
    Wrong += Info->CreateOptions != Wanted.Options;
    Wrong += Creating ? !IsName(Info->Class, &ClassName) : Info->Class != NULL;
    Wrong +=
        Info->SecurityDescriptor != NULL || Info->ResultObject == NULL || Info->Disposition == NULL;
}

static VOID
CheckPre(REG_NOTIFY_CLASS Class, PVOID Information)
{
    Wrong +=
        Class != RegNtPreCreateKeyEx && Class != RegNtPreOpenKeyEx && *(PVOID *)Information != Key;
    switch (Class) {
    case RegNtPreCreateKeyEx:
        CheckCreate(Information, TRUE);
        break;
    case RegNtPreOpenKeyEx:
        CheckCreate(Information, FALSE);
        break;
    case RegNtPreSetValueKey: {
        PREG_SET_VALUE_KEY_INFORMATION Info = Information;

        Wrong += !IsName(Info->ValueName, &ValueName) || Info->TitleIndex != 0;
        Wrong += Info->Type != Wanted.Kind || Info->DataSize != Wanted.Size;
        Wrong += !RtlEqualMemory(Info->Data, Data, Wanted.Size);
        break;
    }
    case RegNtPreDeleteValueKey:
        Wrong += !IsName(((PREG_DELETE_VALUE_KEY_INFORMATION)Information)->ValueName, &ValueName);
        break;
    case RegNtPreQueryKey: {
        PREG_QUERY_KEY_INFORMATION Info = Information;

        Wrong += Info->KeyInformationClass != (KEY_INFORMATION_CLASS)Wanted.Kind ||
                 Info->KeyInformation != Data || Info->Length != Wanted.Size ||
                 Info->ResultLength != &Length;
        break;
    }
    case RegNtPreQueryValueKey: {
        PREG_QUERY_VALUE_KEY_INFORMATION Info = Information;

        Wrong += !IsName(Info->ValueName, &ValueName);
        Wrong += Info->KeyValueInformationClass != (KEY_VALUE_INFORMATION_CLASS)Wanted.Kind ||
                 Info->KeyValueInformation != Data || Info->Length != Wanted.Size ||
                 Info->ResultLength != &Length;
        break;
    }
    case RegNtPreEnumerateKey: {
        PREG_ENUMERATE_KEY_INFORMATION Info = Information;

        Wrong += Info->Index != Wanted.Number ||
                 Info->KeyInformationClass != (KEY_INFORMATION_CLASS)Wanted.Kind ||
                 Info->KeyInformation != Data || Info->Length != Wanted.Size ||
                 Info->ResultLength != &Length;
        break;
    }
    case RegNtPreEnumerateValueKey: {
        PREG_ENUMERATE_VALUE_KEY_INFORMATION Info = Information;

        Wrong += Info->Index != Wanted.Number ||
                 Info->KeyValueInformationClass != (KEY_VALUE_INFORMATION_CLASS)Wanted.Kind ||
                 Info->KeyValueInformation != Data || Info->Length != Wanted.Size ||
                 Info->ResultLength != &Length;
        break;
    }
    case RegNtPreRenameKey:
        Wrong += !IsName(((PREG_RENAME_KEY_INFORMATION)Information)->NewName, &NewName);
        break;
    case RegNtPreSetInformationKey: {
        PREG_SET_INFORMATION_KEY_INFORMATION Info = Information;

        Wrong += Info->KeySetInformationClass != (KEY_SET_INFORMATION_CLASS)Wanted.Kind ||
                 Info->KeySetInformationLength != Wanted.Size ||
                 !RtlEqualMemory(Info->KeySetInformation, Data, Wanted.Size);
        break;
    }
    case RegNtPreQueryMultipleValueKey: {
        PREG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION Info = Information;

        Wrong += Info->EntryCount != 1 || !IsName(Info->ValueEntries[0].ValueName, &ValueName) ||
                 Info->ValueBuffer != Data || *Info->BufferLength != Wanted.Size ||
                 Info->RequiredBufferLength != &Length;
        break;
    }
    default:
        break;
    }
}

static NTSTATUS NTAPI
Told(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    REG_NOTIFY_CLASS Class = (REG_NOTIFY_CLASS)(ULONG_PTR)Argument1;

    if (KeGetCurrentThread() != Mine || (Class != Wanted.Pre && Class != Wanted.Post)) {
        return STATUS_SUCCESS;
    }
    Calls++;
    Wrong += Context != &Cookie;
    if (Class == Wanted.Pre) {
        PreInformation = Argument2;
        CheckPre(Class, Argument2);
    } else {
        PREG_POST_OPERATION_INFORMATION Info = Argument2;

        Wrong += Info->Status != Wanted.Status || Info->PreInformation != PreInformation;
        Wrong += Info->ReturnStatus != Wanted.Status && Info->ReturnStatus != STATUS_SUCCESS;
        if (Class == RegNtPostCreateKeyEx || Class == RegNtPostOpenKeyEx) {
            Wrong += NT_SUCCESS(Wanted.Status) && Info->Object == NULL;
            Wrong +=
                Class == RegNtPostCreateKeyEx && NT_SUCCESS(Wanted.Status) &&
                *((PREG_CREATE_KEY_INFORMATION)PreInformation)->Disposition != Wanted.Disposition;
        } else if (Class != RegNtPostKeyHandleClose) {
            Wrong += Info->Object != Key;
        }
    }
    return STATUS_SUCCESS;
}

static VOID
Expect(REG_NOTIFY_CLASS Pre, REG_NOTIFY_CLASS Post, NTSTATUS Status)
{
    RtlZeroMemory(&Wanted, sizeof(Wanted));
    Wanted.Pre = Pre;
    Wanted.Post = Post;
    Wanted.Status = Status;
    Calls = 0;
    PreInformation = NULL;
}

/* Both calls have come, and what they said was right. */
static VOID
Came(NTSTATUS Status, ULONG Count, int Line)
{
    NtlabReportEqual(Status, Wanted.Status, Line, "the operation's own status");
    NtlabReportEqual(Calls, Count, Line, "before and behind it");
    NtlabReportEqual(Wrong, 0, Line, "fields that are wrong");
    Wrong = 0;
}

static HANDLE
Make(PUNICODE_STRING Name, HANDLE Root, ULONG Options, BOOLEAN Create, NTSTATUS Status,
     ULONG Disposition, int Line)
{
    OBJECT_ATTRIBUTES Attributes;
    ULONG Made = 99;
    HANDLE Handle = NULL;
    NTSTATUS Got;

    InitializeObjectAttributes(&Attributes, Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, Root,
                               NULL);
    Expect(Create ? RegNtPreCreateKeyEx : RegNtPreOpenKeyEx,
           Create ? RegNtPostCreateKeyEx : RegNtPostOpenKeyEx, Status);
    Wanted.Name = Name;
    Wanted.Access = KEY_ALL_ACCESS;
    Wanted.Options = Options;
    Wanted.Disposition = Disposition;
    Got = Create ? ZwCreateKey(&Handle, KEY_ALL_ACCESS, &Attributes, 0, &ClassName, Options, &Made)
                 : ZwOpenKey(&Handle, KEY_ALL_ACCESS, &Attributes);
    Came(Got, 2, Line);
    EXPECT(!Create || !NT_SUCCESS(Status) || Made == Disposition);
    EXPECT_EQ(Handle != NULL, NT_SUCCESS(Status));
    return Handle;
}

static PVOID
ObjectOf(HANDLE Handle)
{
    PVOID Object = NULL;

    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, NULL);
    ObDereferenceObject(Object); /* the handle keeps it */
    return Object;
}

static VOID
Operations(VOID)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(PATH), Sub = RTL_CONSTANT_STRING(L"sub"), Top;
    UNICODE_STRING None = RTL_CONSTANT_STRING(L"none"), Root = RTL_CONSTANT_STRING(L"\\REGISTRY");
    OBJECT_ATTRIBUTES Attributes;
    KEY_VALUE_ENTRY Entry = {.ValueName = &ValueName};
    HANDLE Base, Handle, Again;

    Mine = KeGetCurrentThread();
    InitializeObjectAttributes(&Attributes, &Root, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwOpenKey(&Handle, KEY_READ, &Attributes), STATUS_SUCCESS);
    Key = ObjectOf(Handle);
    RtlInitUnicodeString(&Top, L"380000.7");
    EXPECT_STATUS(CmRegisterCallbackEx(Told, &Top, &Top, &Cookie, &Cookie, NULL), STATUS_SUCCESS);
    /* by a whole name: below the root */
    Base = Make(&Path, NULL, 0, TRUE, STATUS_SUCCESS, REG_CREATED_NEW_KEY, __LINE__);
    ZwClose(Handle);
    Key = ObjectOf(Base);
    Handle =
        Make(&Sub, Base, REG_OPTION_VOLATILE, TRUE, STATUS_SUCCESS, REG_CREATED_NEW_KEY, __LINE__);
    Again = Make(&Sub, Base, REG_OPTION_VOLATILE, TRUE, STATUS_SUCCESS, REG_OPENED_EXISTING_KEY,
                 __LINE__);
    ZwClose(Again);
    Again = Make(&Sub, Base, 0, FALSE, STATUS_SUCCESS, 0, __LINE__);
    ZwClose(Again);
    Make(&None, Base, 0, FALSE, STATUS_OBJECT_NAME_NOT_FOUND, 0, __LINE__);

    Data[0] = 0x1122334455667788;
    Expect(RegNtPreSetValueKey, RegNtPostSetValueKey, STATUS_SUCCESS);
    Wanted.Kind = REG_BINARY;
    Wanted.Size = 7;
    Came(ZwSetValueKey(Base, &ValueName, 0, REG_BINARY, Data, 7), 2, __LINE__);
    for (ULONG Kind = KeyValueBasicInformation; Kind <= KeyValuePartialInformation; Kind++) {
        for (ULONG Size = 4; Size <= sizeof(Data); Size += sizeof(Data) - 4) {
            NTSTATUS Status = Size == 4 ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS;

            Expect(RegNtPreQueryValueKey, RegNtPostQueryValueKey, Status);
            Wanted.Kind = Kind;
            Wanted.Size = Size;
            Came(ZwQueryValueKey(Base, &ValueName, (KEY_VALUE_INFORMATION_CLASS)Kind, Data, Size,
                                 &Length),
                 2, __LINE__);
            Expect(RegNtPreEnumerateValueKey, RegNtPostEnumerateValueKey, Status);
            Wanted.Kind = Kind;
            Wanted.Size = Size;
            Came(ZwEnumerateValueKey(Base, 0, (KEY_VALUE_INFORMATION_CLASS)Kind, Data, Size,
                                     &Length),
                 2, __LINE__);
        }
    }
    Expect(RegNtPreEnumerateValueKey, RegNtPostEnumerateValueKey, STATUS_NO_MORE_ENTRIES);
    Wanted.Number = 1;
    Wanted.Size = sizeof(Data);
    Came(ZwEnumerateValueKey(Base, 1, KeyValueBasicInformation, Data, sizeof(Data), &Length), 2,
         __LINE__);
    for (ULONG Size = 4; Size <= 8; Size += 4) {
        ULONG Room = Size;

        Expect(RegNtPreQueryMultipleValueKey, RegNtPostQueryMultipleValueKey,
               Size == 4 ? STATUS_BUFFER_OVERFLOW : STATUS_SUCCESS);
        Wanted.Size = Size;
        Came(ZwQueryMultipleValueKey(Base, &Entry, 1, Data, &Room, &Length), 2, __LINE__);
        EXPECT_EQ(Length, 7);
    }
    EXPECT(Entry.DataLength == 7 && Entry.DataOffset == 0 && Entry.Type == REG_BINARY);
    for (ULONG Kind = KeyBasicInformation; Kind <= KeyFullInformation; Kind++) {
        Expect(RegNtPreQueryKey, RegNtPostQueryKey, STATUS_SUCCESS);
        Wanted.Kind = Kind;
        Wanted.Size = sizeof(Data);
        Came(ZwQueryKey(Base, (KEY_INFORMATION_CLASS)Kind, Data, sizeof(Data), &Length), 2,
             __LINE__);
        Expect(RegNtPreEnumerateKey, RegNtPostEnumerateKey, STATUS_SUCCESS);
        Wanted.Kind = Kind;
        Wanted.Size = sizeof(Data);
        Came(ZwEnumerateKey(Base, 0, (KEY_INFORMATION_CLASS)Kind, Data, sizeof(Data), &Length), 2,
             __LINE__);
    }
    Expect(RegNtPreEnumerateKey, RegNtPostEnumerateKey, STATUS_NO_MORE_ENTRIES);
    Wanted.Number = 5;
    Wanted.Size = sizeof(Data);
    Came(ZwEnumerateKey(Base, 5, KeyBasicInformation, Data, sizeof(Data), &Length), 2, __LINE__);
    Expect(RegNtPreFlushKey, RegNtPostFlushKey, STATUS_SUCCESS);
    Came(ZwFlushKey(Base), 2, __LINE__);
    Data[0] = 0x01D0000000000000;
    Expect(RegNtPreSetInformationKey, RegNtPostSetInformationKey, STATUS_SUCCESS);
    Wanted.Kind = KeyWriteTimeInformation;
    Wanted.Size = sizeof(LARGE_INTEGER);
    Came(ZwSetInformationKey(Base, KeyWriteTimeInformation, Data, sizeof(LARGE_INTEGER)), 2,
         __LINE__);
    EXPECT_STATUS(ZwQueryKey(Base, KeyBasicInformation, Data, sizeof(Data), &Length),
                  STATUS_SUCCESS);
    EXPECT_EQ(((PKEY_BASIC_INFORMATION)Data)->LastWriteTime.QuadPart, 0x01D0000000000000);
    Expect(RegNtPreDeleteValueKey, RegNtPostDeleteValueKey, STATUS_SUCCESS);
    Came(ZwDeleteValueKey(Base, &ValueName), 2, __LINE__);
    Expect(RegNtPreDeleteValueKey, RegNtPostDeleteValueKey, STATUS_OBJECT_NAME_NOT_FOUND);
    Came(ZwDeleteValueKey(Base, &ValueName), 2, __LINE__);
    Key = ObjectOf(Handle);
    Expect(RegNtPreRenameKey, RegNtPostRenameKey, STATUS_SUCCESS);
    Came(ZwRenameKey(Handle, &NewName), 2, __LINE__);
    Expect(RegNtPreDeleteKey, RegNtPostDeleteKey, STATUS_SUCCESS);
    Came(ZwDeleteKey(Handle), 2, __LINE__);
    Expect(RegNtPreKeyHandleClose, RegNtPostKeyHandleClose, STATUS_SUCCESS);
    Came(ZwClose(Handle), 2, __LINE__);
    Key = ObjectOf(Base);
    Expect(RegNtPreDeleteKey, RegNtPostDeleteKey, STATUS_SUCCESS);
    Came(ZwDeleteKey(Base), 2, __LINE__);
    ZwClose(Base);
    EXPECT_STATUS(CmUnRegisterCallback(Cookie), STATUS_SUCCESS);
    EXPECT_STATUS(CmUnRegisterCallback(Cookie), STATUS_INVALID_PARAMETER);
}

TEST_DRIVER(TEST(Operations))
