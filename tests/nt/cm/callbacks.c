/*
 * callbacks.c - registry callbacks, three of them: their order, what each operation tells them, and the contexts.
 * [K:filtering-registry-calls], [K:registering-for-notifications], [K:handling-notifications],
 * [DDI:wdm/cmregistercallbackex], [DDI:wdm/cmsetcallbackobjectcontext], [DDI:wdm/cmcallbackgetkeyobjectidex],
 * [DDI:wdm/cmgetcallbackversion], [DDI:wdm/cmgetboundtransaction], [DDI:wdm/_reg_notify_class] and the structures it names.
 */
#include "../ntlab-test.h"

#define PATH L"\\REGISTRY\\MACHINE\\SOFTWARE\\NtlabCallbacks"

NTKERNELAPI NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(PLARGE_INTEGER, PVOID, PULONG_PTR,
                                                      PCUNICODE_STRING *, ULONG);
NTKERNELAPI VOID NTAPI CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING);
NTKERNELAPI PVOID NTAPI CmGetBoundTransaction(PLARGE_INTEGER, PVOID);
NTSYSAPI NTSTATUS NTAPI ZwRenameKey(HANDLE, PUNICODE_STRING);
NTSYSAPI NTSTATUS NTAPI ZwFlushKey(HANDLE);

typedef struct _SEEN {
    ULONG Who;
    REG_NOTIFY_CLASS Class;
    PVOID Object, CallContext, ObjectContext;
    NTSTATUS Status;
    BOOLEAN PreGiven; /* a post call has the pre call's information */
} SEEN;

static SEEN Seen[64];
static ULONG SeenCount, Who[3] = {1, 2, 3};
static PKTHREAD Mine;
static LARGE_INTEGER Cookie[3];
static struct {
    ULONG Who;
    REG_NOTIFY_CLASS Class;
    NTSTATUS Status, Return;
    PVOID Key; /* a key object of its own, for who opens or creates one */
    ULONG Disposition;
} Answer; /* what one of them answers to one class */
static PVOID KeyObject;

/* Where a pre call's information has its object's and its call's context: the end of the documented structure. */
static PVOID *
ContextsOf(REG_NOTIFY_CLASS Class, PVOID Information)
{
    switch (Class) {
    case RegNtPreSetValueKey:
        return &((PREG_SET_VALUE_KEY_INFORMATION)Information)->CallContext;
    case RegNtPreDeleteKey:
        return &((PREG_DELETE_KEY_INFORMATION)Information)->CallContext;
    case RegNtPreDeleteValueKey:
        return &((PREG_DELETE_VALUE_KEY_INFORMATION)Information)->CallContext;
    case RegNtPreQueryKey:
        return &((PREG_QUERY_KEY_INFORMATION)Information)->CallContext;
    case RegNtPreQueryValueKey:
        return &((PREG_QUERY_VALUE_KEY_INFORMATION)Information)->CallContext;
    case RegNtPreEnumerateKey:
        return &((PREG_ENUMERATE_KEY_INFORMATION)Information)->CallContext;
    case RegNtPreEnumerateValueKey:
        return &((PREG_ENUMERATE_VALUE_KEY_INFORMATION)Information)->CallContext;
    case RegNtPreFlushKey:
        return &((PREG_FLUSH_KEY_INFORMATION)Information)->CallContext;
    case RegNtPreKeyHandleClose:
        return &((PREG_KEY_HANDLE_CLOSE_INFORMATION)Information)->CallContext;
    case RegNtPreRenameKey:
        return &((PREG_RENAME_KEY_INFORMATION)Information)->CallContext;
    default:
        return NULL;
    }
}

static BOOLEAN
IsPost(REG_NOTIFY_CLASS Class)
{
    switch (Class) {
    case RegNtPostSetValueKey:
    case RegNtPostDeleteKey:
    case RegNtPostDeleteValueKey:
    case RegNtPostQueryKey:
    case RegNtPostQueryValueKey:
    case RegNtPostEnumerateKey:
    case RegNtPostEnumerateValueKey:
    case RegNtPostFlushKey:
    case RegNtPostKeyHandleClose:
    case RegNtPostRenameKey:
    case RegNtPostCreateKeyEx:
    case RegNtPostOpenKeyEx:
        return TRUE;
    default:
        return FALSE;
    }
}

static NTSTATUS NTAPI
Callback(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    REG_NOTIFY_CLASS Class = (REG_NOTIFY_CLASS)(ULONG_PTR)Argument1;
    ULONG Number = *(PULONG)Context;
    PVOID *Contexts = ContextsOf(Class, Argument2);
    SEEN *Entry = &Seen[SeenCount];

    if (KeGetCurrentThread() != Mine || SeenCount == RTL_NUMBER_OF(Seen)) {
        return STATUS_SUCCESS;
    }
    Entry->Who = Number;
    Entry->Class = Class;
    if (Contexts != NULL) {
        Entry->Object = *(PVOID *)Argument2; /* the first field of each of them */
        Entry->ObjectContext = Contexts[1];
        Entry->CallContext = Contexts[0];
        Contexts[0] = (PVOID)(ULONG_PTR)(0x100 * Number + Class);
    } else if (Class == RegNtCallbackObjectContextCleanup) {
        Entry->Object = ((PREG_CALLBACK_CONTEXT_CLEANUP_INFORMATION)Argument2)->Object;
        Entry->ObjectContext =
            ((PREG_CALLBACK_CONTEXT_CLEANUP_INFORMATION)Argument2)->ObjectContext;
    } else if (IsPost(Class)) {
        PREG_POST_OPERATION_INFORMATION Post = Argument2;

        Entry->Object = Post->Object;
        Entry->CallContext = Post->CallContext;
        Entry->ObjectContext = Post->ObjectContext;
        Entry->Status = Post->Status;
        Entry->PreGiven = Post->PreInformation != NULL;
    }
    SeenCount++;
    if (Answer.Who == Number && Answer.Class == Class) {
        if (IsPost(Class)) {
            ((PREG_POST_OPERATION_INFORMATION)Argument2)->ReturnStatus = Answer.Return;
        } else if (Answer.Key != NULL) {
            PREG_CREATE_KEY_INFORMATION Create = Argument2;

            ObReferenceObject(Answer.Key);
            *Create->ResultObject = Answer.Key;
            *Create->Disposition = Answer.Disposition;
            Create->GrantedAccess = Create->DesiredAccess;
        }
        return Answer.Status;
    }
    return STATUS_SUCCESS;
}

static VOID
Forget(VOID)
{
    RtlZeroMemory(Seen, sizeof(Seen));
    SeenCount = 0;
}

static HANDLE
Key(HANDLE Parent, PCWSTR Text)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    HANDLE Handle = NULL;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, Parent,
                               NULL);
    ZwCreateKey(&Handle, KEY_ALL_ACCESS, &Attributes, 0, NULL, 0, NULL);
    return Handle;
}

/* One operation: the callbacks from the highest altitude down, with an object; then in reverse, with the call's context. */
static VOID
ExpectOperation(REG_NOTIFY_CLASS Pre, REG_NOTIFY_CLASS Post, NTSTATUS Status, PVOID Object)
{
    EXPECT_EQ(SeenCount, 6);
    for (ULONG i = 0; i < 6; i++) {
        ULONG Number = i < 3 ? i + 1 : 6 - i;

        EXPECT_EQ(Seen[i].Who, Number);
        EXPECT_EQ(Seen[i].Class, i < 3 ? Pre : Post);
        EXPECT(Seen[i].Object == Object);
        EXPECT_EQ(Seen[i].CallContext, i < 3 ? 0 : 0x100 * Number + Pre);
        EXPECT(i < 3 || Seen[i].PreGiven);
        EXPECT_STATUS(Seen[i].Status, i < 3 ? STATUS_SUCCESS : Status);
    }
    Forget();
}

static VOID
Operations(VOID)
{
    HANDLE Handle = Key(NULL, PATH), Sub;
    UNICODE_STRING Value, Missing, Renamed;
    ULONG64 Buffer[64];
    ULONG Needed, Data = 7;
    PVOID Object, SubObject;

    RtlInitUnicodeString(&Value, L"Value");
    RtlInitUnicodeString(&Missing, L"Missing");
    RtlInitUnicodeString(&Renamed, L"Renamed");
    Sub = Key(Handle, L"Sub");
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, NULL);
    ObReferenceObjectByHandle(Sub, 0, NULL, KernelMode, &SubObject, NULL);
    Forget();
    EXPECT_STATUS(ZwSetValueKey(Handle, &Value, 0, REG_DWORD, &Data, 4), STATUS_SUCCESS);
    ExpectOperation(RegNtPreSetValueKey, RegNtPostSetValueKey, STATUS_SUCCESS, Object);
    EXPECT_STATUS(ZwQueryValueKey(Handle, &Value, KeyValuePartialInformation, Buffer,
                                  sizeof(Buffer), &Needed),
                  STATUS_SUCCESS);
    ExpectOperation(RegNtPreQueryValueKey, RegNtPostQueryValueKey, STATUS_SUCCESS, Object);
    EXPECT_STATUS(ZwQueryValueKey(Handle, &Missing, KeyValuePartialInformation, Buffer,
                                  sizeof(Buffer), &Needed),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    ExpectOperation(RegNtPreQueryValueKey, RegNtPostQueryValueKey, STATUS_OBJECT_NAME_NOT_FOUND,
                    Object);
    EXPECT_STATUS(
        ZwEnumerateValueKey(Handle, 0, KeyValueBasicInformation, Buffer, sizeof(Buffer), &Needed),
        STATUS_SUCCESS);
    ExpectOperation(RegNtPreEnumerateValueKey, RegNtPostEnumerateValueKey, STATUS_SUCCESS, Object);
    EXPECT_STATUS(
        ZwEnumerateValueKey(Handle, 1, KeyValueBasicInformation, Buffer, sizeof(Buffer), &Needed),
        STATUS_NO_MORE_ENTRIES);
    ExpectOperation(RegNtPreEnumerateValueKey, RegNtPostEnumerateValueKey, STATUS_NO_MORE_ENTRIES,
                    Object);
    EXPECT_STATUS(ZwEnumerateKey(Handle, 0, KeyBasicInformation, Buffer, sizeof(Buffer), &Needed),
                  STATUS_SUCCESS);
    ExpectOperation(RegNtPreEnumerateKey, RegNtPostEnumerateKey, STATUS_SUCCESS, Object);
    EXPECT_STATUS(ZwQueryKey(Handle, KeyFullInformation, Buffer, sizeof(Buffer), &Needed),
                  STATUS_SUCCESS);
    ExpectOperation(RegNtPreQueryKey, RegNtPostQueryKey, STATUS_SUCCESS, Object);
    EXPECT_STATUS(ZwFlushKey(Handle), STATUS_SUCCESS);
    ExpectOperation(RegNtPreFlushKey, RegNtPostFlushKey, STATUS_SUCCESS, Object);
    EXPECT_STATUS(ZwDeleteValueKey(Handle, &Value), STATUS_SUCCESS);
    ExpectOperation(RegNtPreDeleteValueKey, RegNtPostDeleteValueKey, STATUS_SUCCESS, Object);
    EXPECT_STATUS(ZwDeleteValueKey(Handle, &Value), STATUS_OBJECT_NAME_NOT_FOUND);
    ExpectOperation(RegNtPreDeleteValueKey, RegNtPostDeleteValueKey, STATUS_OBJECT_NAME_NOT_FOUND,
                    Object);
    EXPECT_STATUS(ZwRenameKey(Sub, &Renamed), STATUS_SUCCESS);
    ExpectOperation(RegNtPreRenameKey, RegNtPostRenameKey, STATUS_SUCCESS, SubObject);
    EXPECT_STATUS(ZwDeleteKey(Handle), STATUS_CANNOT_DELETE); /* it has a subkey */
    ExpectOperation(RegNtPreDeleteKey, RegNtPostDeleteKey, STATUS_CANNOT_DELETE, Object);
    EXPECT_STATUS(ZwDeleteKey(Sub), STATUS_SUCCESS);
    ExpectOperation(RegNtPreDeleteKey, RegNtPostDeleteKey, STATUS_SUCCESS, SubObject);
    ObDereferenceObject(SubObject);
    ZwClose(Sub);
    EXPECT(SeenCount >= 6 && Seen[0].Class == RegNtPreKeyHandleClose && Seen[0].Who == 1 &&
           Seen[0].Object == SubObject);
    EXPECT(Seen[3].Class == RegNtPostKeyHandleClose && Seen[3].Who == 3 &&
           Seen[3].CallContext == (PVOID)(ULONG_PTR)(0x300 + RegNtPreKeyHandleClose));
    ObDereferenceObject(Object);
    ZwDeleteKey(Handle);
    ZwClose(Handle);
}

/* A callback that fails ends the operation: those below are not called, and those above learn of it. */
static VOID
Refused(VOID)
{
    HANDLE Handle = Key(NULL, PATH);
    UNICODE_STRING Value;
    ULONG64 Buffer[16];
    ULONG Needed, Data = 7;

    RtlInitUnicodeString(&Value, L"Value");
    ZwSetValueKey(Handle, &Value, 0, REG_DWORD, &Data, 4);
    Forget();
    Answer.Who = 2;
    Answer.Class = RegNtPreDeleteValueKey;
    Answer.Status = STATUS_MEDIA_WRITE_PROTECTED;
    EXPECT_STATUS(ZwDeleteValueKey(Handle, &Value), STATUS_MEDIA_WRITE_PROTECTED);
    EXPECT_EQ(SeenCount, 3);
    EXPECT(Seen[0].Who == 1 && Seen[0].Class == RegNtPreDeleteValueKey);
    EXPECT(Seen[1].Who == 2 && Seen[1].Class == RegNtPreDeleteValueKey);
    EXPECT(Seen[2].Who == 1 && Seen[2].Class == RegNtPostDeleteValueKey);
    EXPECT_STATUS(Seen[2].Status, STATUS_MEDIA_WRITE_PROTECTED);
    EXPECT_STATUS(ZwQueryValueKey(Handle, &Value, KeyValuePartialInformation, Buffer,
                                  sizeof(Buffer), &Needed),
                  STATUS_SUCCESS); /* it is still there */

    /* STATUS_CALLBACK_BYPASS: the callback has done it, and the caller is told of success. */
    Answer.Status = STATUS_CALLBACK_BYPASS;
    Forget();
    EXPECT_STATUS(ZwDeleteValueKey(Handle, &Value), STATUS_SUCCESS);
    EXPECT_EQ(SeenCount, 3);
    EXPECT_STATUS(Seen[2].Status, STATUS_SUCCESS);
    EXPECT_STATUS(ZwQueryValueKey(Handle, &Value, KeyValuePartialInformation, Buffer,
                                  sizeof(Buffer), &Needed),
                  STATUS_SUCCESS);

    /* In a post call it replaces the status by ReturnStatus; any other answer does not. */
    Answer.Class = RegNtPostDeleteValueKey;
    Answer.Return = STATUS_DEVICE_BUSY;
    Forget();
    EXPECT_STATUS(ZwDeleteValueKey(Handle, &Value), STATUS_DEVICE_BUSY);
    EXPECT_EQ(SeenCount, 6);
    EXPECT_STATUS(Seen[3].Status, STATUS_SUCCESS);     /* the third, which comes first */
    EXPECT_STATUS(Seen[5].Status, STATUS_DEVICE_BUSY); /* the first, behind the second */
    EXPECT_STATUS(ZwQueryValueKey(Handle, &Value, KeyValuePartialInformation, Buffer,
                                  sizeof(Buffer), &Needed),
                  STATUS_OBJECT_NAME_NOT_FOUND); /* it was done */
    Answer.Status = STATUS_SUCCESS;
    EXPECT_STATUS(ZwSetValueKey(Handle, &Value, 0, REG_DWORD, &Data, 4), STATUS_SUCCESS);
    EXPECT_STATUS(ZwDeleteValueKey(Handle, &Value), STATUS_SUCCESS);
    RtlZeroMemory(&Answer, sizeof(Answer));
    ZwDeleteKey(Handle);
    ZwClose(Handle);
}

/* Each operation, in order of its class. */
static NTSTATUS
Operate(REG_NOTIFY_CLASS Class, HANDLE Handle, HANDLE Sub)
{
    UNICODE_STRING Value = RTL_CONSTANT_STRING(L"Value"), New = RTL_CONSTANT_STRING(L"Elsewhere");
    static ULONG64 Buffer[64];
    ULONG Needed = 0, Data = 8;

    Forget();
    switch (Class) {
    case RegNtPreDeleteKey:
        return ZwDeleteKey(Sub);
    case RegNtPreSetValueKey:
        return ZwSetValueKey(Handle, &Value, 0, REG_DWORD, &Data, 4);
    case RegNtPreDeleteValueKey:
        return ZwDeleteValueKey(Handle, &Value);
    case RegNtPreRenameKey:
        return ZwRenameKey(Sub, &New);
    case RegNtPreEnumerateKey:
        return ZwEnumerateKey(Handle, 0, KeyBasicInformation, Buffer, sizeof(Buffer), &Needed);
    case RegNtPreEnumerateValueKey:
        return ZwEnumerateValueKey(Handle, 0, KeyValueFullInformation, Buffer, sizeof(Buffer),
                                   &Needed);
    case RegNtPreQueryKey:
        return ZwQueryKey(Handle, KeyFullInformation, Buffer, sizeof(Buffer), &Needed);
    case RegNtPreQueryValueKey:
        return ZwQueryValueKey(Handle, &Value, KeyValueFullInformation, Buffer, sizeof(Buffer),
                               &Needed);
    case RegNtPreSetInformationKey:
        return ZwSetInformationKey(Handle, KeyWriteTimeInformation, Buffer, sizeof(LARGE_INTEGER));
    case RegNtPreQueryMultipleValueKey: {
        KEY_VALUE_ENTRY Entry = {.ValueName = &Value};

        return ZwQueryMultipleValueKey(Handle, &Entry, 1, Buffer, &Data, &Needed);
    }
    default:
        return ZwFlushKey(Handle);
    }
}

/* Bypassed and refused, each: the caller is told so, and nothing of the key has changed. */
static VOID
Bypassed(VOID)
{
    static const REG_NOTIFY_CLASS Classes[] = {
        RegNtPreDeleteKey,         RegNtPreSetValueKey,
        RegNtPreDeleteValueKey,    RegNtPreRenameKey,
        RegNtPreEnumerateKey,      RegNtPreEnumerateValueKey,
        RegNtPreQueryKey,          RegNtPreQueryValueKey,
        RegNtPreSetInformationKey, RegNtPreQueryMultipleValueKey,
        RegNtPreFlushKey};
    HANDLE Handle = Key(NULL, PATH), Sub = Key(Handle, L"Below");
    UNICODE_STRING Value = RTL_CONSTANT_STRING(L"Value");
    UCHAR Buffer[256];
    PKEY_VALUE_PARTIAL_INFORMATION Info = (PVOID)Buffer;
    PKEY_FULL_INFORMATION Full = (PVOID)Buffer;
    ULONG Needed, Data = 7;

    ZwSetValueKey(Handle, &Value, 0, REG_DWORD, &Data, 4);
    for (ULONG i = 0; i < RTL_NUMBER_OF(Classes); i++) {
        Answer.Who = 3;
        Answer.Class = Classes[i];
        Answer.Status = STATUS_CALLBACK_BYPASS;
        EXPECT_STATUS(Operate(Classes[i], Handle, Sub), STATUS_SUCCESS);
        Answer.Status = STATUS_MEDIA_WRITE_PROTECTED;
        EXPECT_STATUS(Operate(Classes[i], Handle, Sub), STATUS_MEDIA_WRITE_PROTECTED);
        RtlZeroMemory(&Answer, sizeof(Answer));
        EXPECT_STATUS(ZwQueryValueKey(Handle, &Value, KeyValuePartialInformation, Buffer,
                                      sizeof(Buffer), &Needed),
                      STATUS_SUCCESS);
        EXPECT(Info->DataLength == 4 && *(PULONG)Info->Data == 7);
        EXPECT_STATUS(ZwQueryKey(Handle, KeyFullInformation, Buffer, sizeof(Buffer), &Needed),
                      STATUS_SUCCESS);
        EXPECT(Full->SubKeys == 1 && Full->Values == 1 && Full->MaxNameLen == 10);
    }
    for (ULONG i = RTL_NUMBER_OF(Classes); i-- > 0;) { /* now they do it, the deletion at last */
        EXPECT_STATUS(Operate(Classes[i], Handle, Sub), STATUS_SUCCESS);
    }
    EXPECT_STATUS(ZwQueryKey(Handle, KeyFullInformation, Buffer, sizeof(Buffer), &Needed),
                  STATUS_SUCCESS);
    EXPECT(Full->SubKeys == 0 && Full->Values == 1);
    ZwClose(Sub);
    ZwDeleteKey(Handle);
    ZwClose(Handle);
}

/* A callback gives who opens or creates a key one of its own. [DDI:wdm/_reg_create_key_information]: ResultObject, Disposition. And one that finds fault behind
   the operation: the handle that was made is gone. */
static VOID
Given(VOID)
{
    HANDLE Handle = Key(NULL, PATH), Below = Key(Handle, L"Below"), Made;
    UNICODE_STRING Nothing = RTL_CONSTANT_STRING(L"Nothing");
    OBJECT_ATTRIBUTES Attributes;
    PVOID Object, Got = NULL;
    ULONG Disposition;

    ObReferenceObjectByHandle(Below, 0, NULL, KernelMode, &Object, NULL);
    InitializeObjectAttributes(&Attributes, &Nothing, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
                               Handle, NULL);
    for (ULONG i = 0; i < 6; i++) {
        BOOLEAN Create = i % 2 != 0;
        NTSTATUS Expected = i < 2 ? STATUS_SUCCESS : STATUS_DEVICE_BUSY, Status;

        Answer.Who = 2;
        Answer.Class = Create ? RegNtPreCreateKeyEx : RegNtPreOpenKeyEx;
        Answer.Status = i < 4 ? STATUS_CALLBACK_BYPASS : STATUS_DEVICE_BUSY;
        Answer.Key = i < 2 ? Object : NULL;
        Answer.Disposition = REG_OPENED_EXISTING_KEY;
        if (i >= 2 && i < 4) { /* behind it, of a key that is there */
            RtlInitUnicodeString(&Nothing, L"Below");
            Answer.Class = Create ? RegNtPostCreateKeyEx : RegNtPostOpenKeyEx;
            Answer.Return = STATUS_DEVICE_BUSY;
        } else {
            RtlInitUnicodeString(&Nothing, L"Nothing");
        }
        Made = NULL;
        Disposition = 99;
        Forget();
        Status = Create ? ZwCreateKey(&Made, KEY_READ, &Attributes, 0, NULL, 0, &Disposition)
                        : ZwOpenKey(&Made, KEY_READ, &Attributes);
        EXPECT_STATUS(Status, Expected);
        /* the first one learns what came of it; of a handle that was made, that it is closed, too */
        EXPECT_EQ(SeenCount, i >= 2 && i < 4 ? 12 : 3);
        EXPECT_STATUS(Seen[i >= 2 && i < 4 ? 5 : 2].Status, Expected);
        RtlZeroMemory(&Answer, sizeof(Answer));
        EXPECT((Made != NULL) == NT_SUCCESS(Expected));
        if (Made != NULL) {
            EXPECT(!Create || Disposition == REG_OPENED_EXISTING_KEY);
            ObReferenceObjectByHandle(Made, KEY_READ, NULL, KernelMode, &Got, NULL);
            EXPECT(Got == Object);
            ObDereferenceObject(Got);
            ZwClose(Made);
        }
    }
    RtlInitUnicodeString(&Nothing, L"Nothing");
    EXPECT_STATUS(ZwOpenKey(&Made, KEY_READ, &Attributes), STATUS_OBJECT_NAME_NOT_FOUND);
    ObDereferenceObject(Object);
    ZwDeleteKey(Below);
    ZwClose(Below);
    ZwDeleteKey(Handle);
    ZwClose(Handle);
}

static VOID
ObjectContexts(VOID)
{
    HANDLE Handle = Key(NULL, PATH), Other = Key(NULL, PATH);
    ULONG64 Buffer[64];
    ULONG Needed, Cleanups[3] = {0};
    PVOID Old = (PVOID)1;

    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &KeyObject, NULL);
    EXPECT_STATUS(CmSetCallbackObjectContext(KeyObject, &Cookie[0], (PVOID)0x11, &Old),
                  STATUS_SUCCESS);
    EXPECT(Old == NULL);
    EXPECT_STATUS(CmSetCallbackObjectContext(KeyObject, &Cookie[2], (PVOID)0x33, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(CmSetCallbackObjectContext(KeyObject, &Cookie[0], (PVOID)0x12, &Old),
                  STATUS_SUCCESS);
    EXPECT(Old == (PVOID)0x11);
    Forget();
    ZwQueryKey(Handle, KeyFullInformation, Buffer, sizeof(Buffer), &Needed);
    EXPECT_EQ(SeenCount, 6);
    for (ULONG i = 0; i < 6; i++) {
        ULONG Number = Seen[i].Who;

        EXPECT_EQ(Seen[i].ObjectContext, Number == 1 ? 0x12 : Number == 3 ? 0x33 : 0);
    }
    Forget();
    ZwQueryKey(Other, KeyFullInformation, Buffer, sizeof(Buffer), &Needed);
    EXPECT(SeenCount == 6 && Seen[0].ObjectContext == NULL); /* another object of the same key */
    ObDereferenceObject(KeyObject);
    Forget();
    ZwClose(Handle); /* each that has a context there is told that the object goes */
    for (ULONG i = 0; i < SeenCount; i++) {
        if (Seen[i].Class == RegNtCallbackObjectContextCleanup) {
            EXPECT(Seen[i].Object == KeyObject);
            EXPECT_EQ(Seen[i].ObjectContext, Seen[i].Who == 1 ? 0x12 : 0x33);
            Cleanups[Seen[i].Who - 1]++;
        }
    }
    EXPECT(Cleanups[0] == 1 && Cleanups[1] == 0 && Cleanups[2] == 1);
    ZwDeleteKey(Other);
    ZwClose(Other);
}

static VOID
Names(VOID)
{
    HANDLE Handle = Key(NULL, PATH), Second = Key(NULL, PATH);
    UNICODE_STRING Expected;
    PCUNICODE_STRING Name = NULL, Again = NULL;
    ULONG_PTR Id[2] = {0};
    PVOID Object, Twin;
    ULONG Major = 0, Minor = 99;

    RtlInitUnicodeString(&Expected, PATH);
    ObReferenceObjectByHandle(Handle, 0, NULL, KernelMode, &Object, NULL);
    ObReferenceObjectByHandle(Second, 0, NULL, KernelMode, &Twin, NULL);
    EXPECT_STATUS(CmCallbackGetKeyObjectIDEx(&Cookie[0], Object, &Id[0], &Name, 0), STATUS_SUCCESS);
    EXPECT(RtlEqualUnicodeString(Name, &Expected, TRUE));
    EXPECT(Name->MaximumLength >= Name->Length);
    EXPECT_STATUS(CmCallbackGetKeyObjectIDEx(&Cookie[0], Twin, &Id[1], NULL, 0), STATUS_SUCCESS);
    EXPECT(Id[0] != 0 && Id[0] == Id[1]); /* the same for every object of a key */
    CmCallbackReleaseKeyObjectIDEx(Name);
    EXPECT_STATUS(CmCallbackGetKeyObjectID(&Cookie[0], Twin, &Id[1], &Again), STATUS_SUCCESS);
    EXPECT(Id[0] == Id[1] && RtlEqualUnicodeString(Again, &Expected, TRUE));
    EXPECT_STATUS(CmCallbackGetKeyObjectIDEx(&Cookie[0], Object, NULL, NULL, 1),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(CmCallbackGetKeyObjectIDEx(&Cookie[0], NULL, &Id[1], NULL, 0),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(CmCallbackGetKeyObjectID(&Cookie[0], NULL, &Id[1], NULL),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(CmCallbackGetKeyObjectID(&Cookie[0], PsGetCurrentProcess(), &Id[1], NULL),
                  STATUS_INVALID_PARAMETER); /* no key */
    EXPECT(CmGetBoundTransaction(&Cookie[0], Object) == NULL);
    CmGetCallbackVersion(&Major, &Minor);
    EXPECT(Major == 1 && Minor <= 1);
    CmGetCallbackVersion(NULL, NULL); /* each may be left out */
    ZwDeleteKey(Handle);
    EXPECT_STATUS(CmCallbackGetKeyObjectIDEx(&Cookie[0], Object, &Id[0], NULL, 0),
                  STATUS_INVALID_PARAMETER); /* it is deleted */
    EXPECT_STATUS(CmCallbackGetKeyObjectID(&Cookie[0], Object, &Id[0], NULL),
                  STATUS_INVALID_PARAMETER);
    ObDereferenceObject(Object);
    ObDereferenceObject(Twin);
    ZwClose(Handle);
    ZwClose(Second);
}

static NTSTATUS
Register(ULONG Number, PCWSTR Text)
{
    UNICODE_STRING Altitude;

    RtlInitUnicodeString(&Altitude, Text);
    return CmRegisterCallbackEx(Callback, &Altitude, &Altitude, &Who[Number], &Cookie[Number],
                                NULL);
}

/* They are called by altitude, whichever was registered first. */
static VOID
Registered(VOID)
{
    UNICODE_STRING Empty = {0}, Altitude;
    LARGE_INTEGER Other;

    Mine = KeGetCurrentThread();
    RtlInitUnicodeString(&Altitude, L"370100");
    EXPECT_STATUS(Register(1, L"370020.5"), STATUS_SUCCESS);
    EXPECT_STATUS(Register(2, L"98000"), STATUS_SUCCESS); /* fewer digits: lower */
    EXPECT_STATUS(Register(0, L"370020.51"), STATUS_SUCCESS);
    EXPECT_STATUS(Register(0, L"370020.51"), STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    EXPECT_STATUS(Register(1, L"98000"), STATUS_FLT_INSTANCE_ALTITUDE_COLLISION);
    EXPECT_STATUS(CmRegisterCallbackEx(Callback, &Empty, &Altitude, NULL, &Other, NULL),
                  STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(CmRegisterCallbackEx(Callback, &Altitude, &Altitude, NULL, &Other, &Altitude),
                  STATUS_INVALID_PARAMETER);
    EXPECT(Cookie[0].QuadPart != Cookie[1].QuadPart && Cookie[1].QuadPart != Cookie[2].QuadPart);
}

static VOID
Unregistered(VOID)
{
    HANDLE Handle;

    for (ULONG i = 0; i < 3; i++) {
        EXPECT_STATUS(CmUnRegisterCallback(Cookie[i]), STATUS_SUCCESS);
        EXPECT_STATUS(CmUnRegisterCallback(Cookie[i]), STATUS_INVALID_PARAMETER);
        Forget();
        Handle = Key(NULL, PATH);
        for (ULONG k = 0; k < SeenCount; k++) {
            EXPECT(Seen[k].Who > i + 1);
        }
        EXPECT((SeenCount != 0) == (i != 2));
        ZwDeleteKey(Handle);
        ZwClose(Handle);
    }
    /* The old form has no altitude; its contexts and classes are the same. */
    EXPECT_STATUS(CmRegisterCallback(Callback, &Who[1], &Cookie[1]), STATUS_SUCCESS);
    Forget();
    Handle = Key(NULL, PATH);
    EXPECT(SeenCount == 2 && Seen[0].Class == RegNtPreCreateKeyEx && Seen[0].Who == 2 &&
           Seen[1].Class == RegNtPostCreateKeyEx && Seen[1].Object != NULL);
    ZwDeleteKey(Handle);
    ZwClose(Handle);
    EXPECT_STATUS(CmUnRegisterCallback(Cookie[1]), STATUS_SUCCESS);
}

TEST_DRIVER(TEST(Registered), TEST(Operations), TEST(Refused), TEST(Bypassed), TEST(Given),
            TEST(ObjectContexts), TEST(Names), TEST(Unregistered))
