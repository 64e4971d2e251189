/*
 * rooms.c - every query that tells how much room its answer takes, in every room from none to more than enough: it succeeds from the size that it tells on, tells the
 * same size each time, gives the same answer, and writes nothing beyond its room.
 * [DDI:wdm/zwquerykey], [DDI:wdm/zwqueryvaluekey], [DDI:wdm/zwenumeratekey], [DDI:wdm/zwenumeratevaluekey], [DDI:ntifs/zwqueryinformationtoken],
 * [DDI:ntifs/zwquerysecurityobject], [DDI:ntifs/zwqueryobject], [DDI:ntifs/obquerynamestring], [DDI:ntifs/sequerysecuritydescriptorinfo],
 * [DDI:ntifs/rtlabsolutetoselfrelativesd], [DDI:wdm/zwquerysymboliclinkobject]
 */
#include "../ntlab-test.h"

#define MOST 4096
#define EDGE 0xE5

typedef NTSTATUS (*ASK)(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed);

NTSYSAPI NTSTATUS NTAPI ZwQuerySecurityObject(HANDLE, SECURITY_INFORMATION, PSECURITY_DESCRIPTOR,
                                              ULONG, PULONG);

static HANDLE Key, Token, Directory, Link;
static PVOID KeyObject;
static PSECURITY_DESCRIPTOR Descriptor;
static SECURITY_DESCRIPTOR Absolute;
static BOOLEAN Allocated;
static UNICODE_STRING ValueName = RTL_CONSTANT_STRING(L"Value");
static UCHAR Whole[MOST + 64], Part[MOST + 64];

static NTSTATUS
QueryKey(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    return ZwQueryKey(Key, (KEY_INFORMATION_CLASS)Which, Buffer, Length, Needed);
}

static NTSTATUS
EnumerateKey(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    return ZwEnumerateKey(Key, 0, (KEY_INFORMATION_CLASS)Which, Buffer, Length, Needed);
}

static NTSTATUS
QueryValue(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    return ZwQueryValueKey(Key, &ValueName, (KEY_VALUE_INFORMATION_CLASS)Which, Buffer, Length,
                           Needed);
}

static NTSTATUS
EnumerateValue(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    return ZwEnumerateValueKey(Key, 0, (KEY_VALUE_INFORMATION_CLASS)Which, Buffer, Length, Needed);
}

static NTSTATUS
QueryToken(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    return ZwQueryInformationToken(Token, (TOKEN_INFORMATION_CLASS)Which, Buffer, Length, Needed);
}

static NTSTATUS
QuerySecurity(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    return ZwQuerySecurityObject(Key, Which, Buffer, Length, Needed);
}

static NTSTATUS
QueryInfo(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    SECURITY_INFORMATION Information = Which;

    *Needed = Length;
    return SeQuerySecurityDescriptorInfo(&Information, Buffer, Needed, &Descriptor);
}

static NTSTATUS
MakeRelative(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    *Needed = Length;
    return RtlAbsoluteToSelfRelativeSD(&Absolute, Buffer, Needed);
}

static NTSTATUS
QueryObject(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    return ZwQueryObject(Which & 1 ? Key : Directory, (OBJECT_INFORMATION_CLASS)(Which >> 1),
                         Buffer, Length, Needed);
}

static NTSTATUS
QueryName(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    return ObQueryNameString(KeyObject, Buffer, Length, Needed);
}

static NTSTATUS
QueryLink(ULONG Which, PVOID Buffer, ULONG Length, PULONG Needed)
{
    UNICODE_STRING Target = {0, (USHORT)Length, Buffer};
    NTSTATUS Status = ZwQuerySymbolicLinkObject(Link, &Target, Needed);

    return Status;
}

static VOID
Shift(PVOID Buffer, BOOLEAN Pointers)
{
    if (Pointers) {
        ((PUNICODE_STRING)Buffer)->Buffer = NULL; /* into the buffer that it was asked for */
    }
}

/* Pointers: the answer begins with a string that points into it; Step: the lengths that are asked for. */
static VOID
Try(const char *Name, ASK Ask, ULONG Which, ULONG Step, BOOLEAN Pointers, int Line)
{
    ULONG Size = 0, Needed, Wrong[5] = {0};
    NTSTATUS Status;

    RtlFillMemory(Whole, sizeof(Whole), 0);
    Status = Ask(Which, Whole, MOST, &Size);
    NtlabReport(NT_SUCCESS(Status) && Size != 0 && Size <= MOST, Line, Name);
    if (!NT_SUCCESS(Status) || Size > MOST) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                   "ntlab-test: note %s:%d class %u: 0x%x, size %u\n", NtlabCase, Line, Which,
                   Status, Size);
        return;
    }
    if (Ask == QueryInfo || Ask == MakeRelative) {
        Size = RtlLengthSecurityDescriptor(Whole); /* where there is room it is not told */
    }
    Shift(Whole, Pointers);
    for (ULONG Length = 0; Length <= Size + 2 * Step; Length += Step) {
        RtlFillMemory(Part, sizeof(Part), EDGE);
        Needed = 0x7777;
        Status = Ask(Which, Part, Length, &Needed);
        Wrong[0] += (Status == STATUS_SUCCESS) != (Length >= Size);
        Wrong[1] += Length < Size && Needed != Size;
        Wrong[1] += Length >= Size && Needed != Size && Ask != QueryInfo && Ask != MakeRelative;
        for (ULONG i = Length; i < Size + 64; i++) {
            Wrong[2] += Part[i] != EDGE;
        }
        if (Length >= Size) {
            Shift(Part, Pointers);
            for (ULONG i = 0; i < Size; i++) { /* what lies between two fields is nobody's */
                Wrong[3] += Part[i] != Whole[i] && Part[i] != EDGE;
            }
        }
    }
    for (ULONG i = 0; i < 4; i++) {
        NtlabReport(Wrong[i] == 0, Line, Name);
        if (Wrong[i] != 0) {
            DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                       "ntlab-test: note %s:%d class %u, size %u: %u of kind %u\n", NtlabCase, Line,
                       Which, Size, Wrong[i], i);
        }
    }
}
#define TRY(Ask, Which, Step, Pointers) Try(#Ask, Ask, Which, Step, Pointers, __LINE__)

static VOID
Registry(VOID)
{
    static const ULONG Keys[] = {KeyBasicInformation, KeyNodeInformation, KeyFullInformation};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Keys); i++) {
        TRY(QueryKey, Keys[i], 1, FALSE);
        TRY(EnumerateKey, Keys[i], 1, FALSE);
    }
    TRY(QueryKey, KeyNameInformation, 1, FALSE);
    for (ULONG i = KeyValueBasicInformation; i <= KeyValuePartialInformation; i++) {
        TRY(QueryValue, i, 1, FALSE);
        TRY(EnumerateValue, i, 1, FALSE);
    }
}

static VOID
Tokens(VOID)
{
    /* those that are of one size want just that */
    static const ULONG Classes[] = {TokenUser,  TokenGroups,       TokenPrivileges,
                                    TokenOwner, TokenPrimaryGroup, TokenDefaultDacl};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Classes); i++) {
        ULONG Size = 0, Needed, Wrong = 0;

        RtlZeroMemory(Whole, sizeof(Whole));
        EXPECT_STATUS(QueryToken(Classes[i], Whole, MOST, &Size), STATUS_SUCCESS);
        for (ULONG Length = 0; Length < Size + 8; Length++) {
            RtlFillMemory(Part, sizeof(Part), EDGE);
            Needed = 0;
            Wrong += QueryToken(Classes[i], Part, Length, &Needed) !=
                     (Length < Size ? STATUS_BUFFER_TOO_SMALL : STATUS_SUCCESS);
            Wrong += Needed != Size;
            for (ULONG j = Length < Size ? 0 : Size; j < Size + 64; j++) {
                Wrong += Part[j] != EDGE; /* all or nothing */
            }
        }
        EXPECT_EQ(Wrong, 0);
    }
}

static VOID
Descriptors(VOID)
{
    for (ULONG Which = 1; Which < 8; Which++) {
        TRY(QuerySecurity, Which, 1, FALSE);
        TRY(QueryInfo, Which, 1, FALSE);
    }
    TRY(MakeRelative, 0, 1, FALSE);
}

static VOID
Objects(VOID)
{
    TRY(QueryObject, 1 << 1 /* its name */, 1, TRUE);
    TRY(QueryObject, 1 << 1 | 1, 1, TRUE);
    TRY(QueryName, 0, 1, TRUE);
    TRY(QueryLink, 0, 2, FALSE);
}

static VOID
Prepare(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Registry\\Machine\\Software\\NtlabRooms"),
                   Sub = RTL_CONSTANT_STRING(L"sub key"), Class = RTL_CONSTANT_STRING(L"its class"),
                   Devices = RTL_CONSTANT_STRING(L"\\Device"),
                   Root = RTL_CONSTANT_STRING(L"\\SystemRoot");
    OBJECT_ATTRIBUTES Attributes;
    ULONG Length = 0, Bits = 0;
    BOOLEAN Present, Defaulted;
    PSID Sid;
    PACL Acl;
    HANDLE Handle;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwCreateKey(&Key, KEY_ALL_ACCESS, &Attributes, 0, &Class, 0, NULL),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwSetValueKey(Key, &ValueName, 0, REG_BINARY, "0123456789abc", 13),
                  STATUS_SUCCESS);
    InitializeObjectAttributes(&Attributes, &Sub, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, Key,
                               NULL);
    EXPECT_STATUS(ZwCreateKey(&Handle, KEY_ALL_ACCESS, &Attributes, 0, &Class, 0, NULL),
                  STATUS_SUCCESS);
    ZwClose(Handle);
    ObReferenceObjectByHandle(Key, 0, NULL, KernelMode, &KeyObject, NULL);
    InitializeObjectAttributes(&Attributes, &Devices, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE,
                               NULL, NULL);
    EXPECT_STATUS(ZwOpenDirectoryObject(&Directory, DIRECTORY_QUERY, &Attributes), STATUS_SUCCESS);
    InitializeObjectAttributes(&Attributes, &Root, OBJ_KERNEL_HANDLE | OBJ_CASE_INSENSITIVE, NULL,
                               NULL);
    EXPECT_STATUS(ZwOpenSymbolicLinkObject(&Link, GENERIC_READ, &Attributes), STATUS_SUCCESS);
    EXPECT_STATUS(ZwOpenProcessTokenEx(NtCurrentProcess(), TOKEN_QUERY, OBJ_KERNEL_HANDLE, &Token),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ObGetObjectSecurity(KeyObject, &Descriptor, &Allocated), STATUS_SUCCESS);
    RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION);
    RtlGetOwnerSecurityDescriptor(Descriptor, &Sid, &Defaulted);
    RtlSetOwnerSecurityDescriptor(&Absolute, Sid, FALSE);
    RtlGetDaclSecurityDescriptor(Descriptor, &Present, &Acl, &Defaulted);
    RtlSetDaclSecurityDescriptor(&Absolute, TRUE, Acl, FALSE);
}

static VOID
Last(VOID)
{
    ZwDeleteKey(Key);
    ObReleaseObjectSecurity(Descriptor, Allocated);
    ObDereferenceObject(KeyObject);
    ZwClose(Key);
    ZwClose(Token);
    ZwClose(Directory);
    ZwClose(Link);
}

TEST_DRIVER(TEST(Prepare), TEST(Registry), TEST(Tokens), TEST(Descriptors), TEST(Objects),
            TEST(Last))
