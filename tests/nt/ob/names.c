/*
 * names.c - the object namespace: directories, links, paths. [DDI:wdm/zwcreatedirectoryobject],
 * [DDI:wdm/zwopensymboliclinkobject], [DDI:wdm/zwquerysymboliclinkobject], [DDI:wdm/zwmaketemporaryobject],
 * [DDI:wudfwdm/ns-wudfwdm-_object_attributes], [DDI:ntifs/obquerynamestring]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ZwCreateSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES,
                                                   PUNICODE_STRING);
NTSYSAPI NTSTATUS NTAPI ZwOpenDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI ZwQueryDirectoryObject(HANDLE, PVOID, ULONG, BOOLEAN, BOOLEAN, PULONG,
                                               PULONG);
NTSYSAPI NTSTATUS NTAPI ZwOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI ZwCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, EVENT_TYPE,
                                      BOOLEAN);

static OBJECT_ATTRIBUTES Attributes;
static UNICODE_STRING Name;

static POBJECT_ATTRIBUTES
Named(PCWSTR Path, ULONG Flags)
{
    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, Flags | OBJ_KERNEL_HANDLE, NULL, NULL);
    return &Attributes;
}

static NTSTATUS
MakeEvent(PHANDLE Handle, PCWSTR Path, ULONG Flags)
{
    return ZwCreateEvent(Handle, EVENT_ALL_ACCESS, Named(Path, Flags), NotificationEvent, FALSE);
}

static VOID
TemporaryNameEndsWithLastHandle(VOID)
{
    HANDLE First, Second;

    EXPECT_STATUS(MakeEvent(&First, L"\\BaseNamedObjects\\ntlab-a", 0), STATUS_SUCCESS);
    EXPECT_STATUS(ZwOpenEvent(&Second, EVENT_ALL_ACCESS, Named(L"\\BaseNamedObjects\\ntlab-a", 0)),
                  STATUS_SUCCESS);
    EXPECT(First != Second);
    ZwClose(First);
    /* the name lives as long as any handle */
    EXPECT_STATUS(ZwOpenEvent(&First, EVENT_ALL_ACCESS, Named(L"\\BaseNamedObjects\\ntlab-a", 0)),
                  STATUS_SUCCESS);
    ZwClose(First);
    ZwClose(Second);
    EXPECT_STATUS(ZwOpenEvent(&First, EVENT_ALL_ACCESS, Named(L"\\BaseNamedObjects\\ntlab-a", 0)),
                  STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID
PermanentNameStays(VOID)
{
    HANDLE Handle;

    EXPECT_STATUS(MakeEvent(&Handle, L"\\BaseNamedObjects\\ntlab-p", OBJ_PERMANENT),
                  STATUS_SUCCESS);
    ZwClose(Handle);
    EXPECT_STATUS(
        ZwOpenEvent(&Handle, EVENT_ALL_ACCESS | DELETE, Named(L"\\BaseNamedObjects\\ntlab-p", 0)),
        STATUS_SUCCESS);
    EXPECT_STATUS(ZwMakeTemporaryObject(Handle), STATUS_SUCCESS);
    ZwClose(Handle);
    EXPECT_STATUS(ZwOpenEvent(&Handle, EVENT_ALL_ACCESS, Named(L"\\BaseNamedObjects\\ntlab-p", 0)),
                  STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID
Collisions(VOID)
{
    HANDLE First, Second, Directory;

    MakeEvent(&First, L"\\BaseNamedObjects\\ntlab-c", 0);
    EXPECT_STATUS(MakeEvent(&Second, L"\\BaseNamedObjects\\ntlab-c", 0),
                  STATUS_OBJECT_NAME_COLLISION);
    /* OBJ_OPENIF: the existing one is opened */
    EXPECT_STATUS(MakeEvent(&Second, L"\\BaseNamedObjects\\ntlab-c", OBJ_OPENIF),
                  STATUS_OBJECT_NAME_EXISTS);
    ZwClose(Second);
    EXPECT_STATUS(ZwCreateDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS,
                                          Named(L"\\BaseNamedObjects\\ntlab-c", OBJ_OPENIF)),
                  STATUS_OBJECT_TYPE_MISMATCH);
    EXPECT_STATUS(ZwOpenDirectoryObject(&Directory, DIRECTORY_QUERY,
                                        Named(L"\\BaseNamedObjects\\ntlab-c", 0)),
                  STATUS_OBJECT_TYPE_MISMATCH);
    ZwClose(First);
}

static VOID
NamesWithoutCase(VOID)
{
    HANDLE First, Second;

    MakeEvent(&First, L"\\BaseNamedObjects\\ntlab-Case", 0);
    EXPECT_STATUS(ZwOpenEvent(&Second, EVENT_ALL_ACCESS,
                              Named(L"\\BASENAMEDOBJECTS\\NTLAB-CASE", OBJ_CASE_INSENSITIVE)),
                  STATUS_SUCCESS);
    ZwClose(Second);
    ZwClose(First);
}

static VOID
BadPaths(VOID)
{
    HANDLE Handle;

    EXPECT_STATUS(MakeEvent(&Handle, L"relative", 0), STATUS_OBJECT_PATH_SYNTAX_BAD);
    EXPECT_STATUS(MakeEvent(&Handle, L"\\NoSuchDirectory\\event", 0), STATUS_OBJECT_PATH_NOT_FOUND);
    EXPECT_STATUS(MakeEvent(&Handle, L"\\BaseNamedObjects\\\\event", 0),
                  STATUS_OBJECT_NAME_INVALID);
    EXPECT_STATUS(ZwOpenEvent(&Handle, EVENT_ALL_ACCESS, Named(L"\\BaseNamedObjects\\none", 0)),
                  STATUS_OBJECT_NAME_NOT_FOUND);
    Attributes.Length = 1;
    EXPECT_STATUS(ZwCreateEvent(&Handle, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE),
                  STATUS_INVALID_PARAMETER);
}

static VOID
RelativeToADirectory(VOID)
{
    HANDLE Directory, First, Second;

    EXPECT_STATUS(ZwCreateDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS,
                                          Named(L"\\BaseNamedObjects\\ntlab-dir", 0)),
                  STATUS_SUCCESS);
    RtlInitUnicodeString(&Name, L"child");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, Directory, NULL);
    EXPECT_STATUS(ZwCreateEvent(&First, EVENT_ALL_ACCESS, &Attributes, NotificationEvent, FALSE),
                  STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwOpenEvent(&Second, EVENT_ALL_ACCESS, Named(L"\\BaseNamedObjects\\ntlab-dir\\child", 0)),
        STATUS_SUCCESS);
    ZwClose(Second);
    /* a name under a RootDirectory does not begin with a backslash */
    RtlInitUnicodeString(&Name, L"\\child");
    InitializeObjectAttributes(&Attributes, &Name, OBJ_KERNEL_HANDLE, Directory, NULL);
    EXPECT_STATUS(ZwOpenEvent(&Second, EVENT_ALL_ACCESS, &Attributes),
                  STATUS_OBJECT_PATH_SYNTAX_BAD);
    ZwClose(First);
    ZwClose(Directory);
}

static VOID
LinksAreFollowed(VOID)
{
    HANDLE Link, Event, Handle;
    UNICODE_STRING Target;
    WCHAR Buffer[64];
    ULONG Length = 0;

    RtlInitUnicodeString(&Target, L"\\BaseNamedObjects");
    EXPECT_STATUS(ZwCreateSymbolicLinkObject(&Link, SYMBOLIC_LINK_ALL_ACCESS,
                                             Named(L"\\??\\ntlab-link", 0), &Target),
                  STATUS_SUCCESS);
    MakeEvent(&Event, L"\\BaseNamedObjects\\ntlab-l", 0);
    EXPECT_STATUS(
        ZwOpenEvent(&Handle, EVENT_ALL_ACCESS, Named(L"\\DosDevices\\ntlab-link\\ntlab-l", 0)),
        STATUS_SUCCESS);
    ZwClose(Handle);
    EXPECT_STATUS(
        ZwOpenEvent(&Handle, EVENT_ALL_ACCESS, Named(L"\\GLOBAL??\\ntlab-link\\ntlab-l", 0)),
        STATUS_SUCCESS);
    ZwClose(Handle);
    EXPECT_STATUS(
        ZwOpenSymbolicLinkObject(&Handle, SYMBOLIC_LINK_QUERY, Named(L"\\??\\ntlab-link", 0)),
        STATUS_SUCCESS);
    Target.Buffer = Buffer;
    Target.Length = 0;
    Target.MaximumLength = 4;
    EXPECT_STATUS(ZwQuerySymbolicLinkObject(Handle, &Target, &Length), STATUS_BUFFER_TOO_SMALL);
    EXPECT_EQ(Length, sizeof(L"\\BaseNamedObjects"));
    Target.MaximumLength = sizeof(Buffer);
    EXPECT_STATUS(ZwQuerySymbolicLinkObject(Handle, &Target, &Length), STATUS_SUCCESS);
    EXPECT_EQ(Target.Length, sizeof(L"\\BaseNamedObjects") - sizeof(WCHAR));
    ZwClose(Handle);
    ZwClose(Event);
    ZwClose(Link);
    EXPECT_STATUS(
        ZwOpenSymbolicLinkObject(&Handle, SYMBOLIC_LINK_QUERY, Named(L"\\??\\ntlab-link", 0)),
        STATUS_OBJECT_NAME_NOT_FOUND);
}

static VOID
LoopsEnd(VOID)
{
    HANDLE A, B, Handle;
    UNICODE_STRING Target;

    RtlInitUnicodeString(&Target, L"\\??\\ntlab-loop-b");
    ZwCreateSymbolicLinkObject(&A, SYMBOLIC_LINK_ALL_ACCESS, Named(L"\\??\\ntlab-loop-a", 0),
                               &Target);
    RtlInitUnicodeString(&Target, L"\\??\\ntlab-loop-a");
    ZwCreateSymbolicLinkObject(&B, SYMBOLIC_LINK_ALL_ACCESS, Named(L"\\??\\ntlab-loop-b", 0),
                               &Target);
    EXPECT(!NT_SUCCESS(ZwOpenEvent(&Handle, EVENT_ALL_ACCESS, Named(L"\\??\\ntlab-loop-a\\x", 0))));
    ZwClose(A);
    ZwClose(B);
}

static VOID
ObjectsKnowTheirNames(VOID)
{
    union {
        OBJECT_NAME_INFORMATION Info;
        UCHAR Bytes[256];
    } Answer;
    UNICODE_STRING Expected;
    HANDLE Event;
    PVOID Object;
    ULONG Length = 0;

    MakeEvent(&Event, L"\\BaseNamedObjects\\ntlab-n", 0);
    ObReferenceObjectByHandle(Event, 0, NULL, KernelMode, &Object, NULL);
    EXPECT_STATUS(ObQueryNameString(Object, NULL, 0, &Length), STATUS_INFO_LENGTH_MISMATCH);
    EXPECT_EQ(Length, sizeof(OBJECT_NAME_INFORMATION) + sizeof(L"\\BaseNamedObjects\\ntlab-n"));
    EXPECT_STATUS(ObQueryNameString(Object, &Answer.Info, sizeof(Answer), &Length), STATUS_SUCCESS);
    RtlInitUnicodeString(&Expected, L"\\BaseNamedObjects\\ntlab-n");
    EXPECT(RtlEqualUnicodeString(&Answer.Info.Name, &Expected, FALSE));
    ObDereferenceObject(Object);
    ZwClose(Event);
    /* no name: an empty string */
    ZwCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    ObReferenceObjectByHandle(Event, 0, NULL, KernelMode, &Object, NULL);
    EXPECT_STATUS(ObQueryNameString(Object, &Answer.Info, sizeof(Answer), &Length), STATUS_SUCCESS);
    EXPECT_EQ(Answer.Info.Name.Length, 0);
    ObDereferenceObject(Object);
    ZwClose(Event);
}

typedef struct _ENTRY {
    UNICODE_STRING Name, TypeName;
} ENTRY;

static VOID
DirectoriesAreListed(VOID)
{
    static UCHAR Buffer[512];
    HANDLE Directory, A, B;
    ULONG Context = 0, Length;
    ENTRY *Entry = (ENTRY *)Buffer;
    UNICODE_STRING Type;

    ZwCreateDirectoryObject(&Directory, DIRECTORY_ALL_ACCESS,
                            Named(L"\\BaseNamedObjects\\ntlab-list", 0));
    EXPECT_STATUS(
        ZwQueryDirectoryObject(Directory, Buffer, sizeof(Buffer), FALSE, TRUE, &Context, &Length),
        STATUS_NO_MORE_ENTRIES);
    MakeEvent(&A, L"\\BaseNamedObjects\\ntlab-list\\a", 0);
    MakeEvent(&B, L"\\BaseNamedObjects\\ntlab-list\\b", 0);
    EXPECT_STATUS(
        ZwQueryDirectoryObject(Directory, Buffer, sizeof(Buffer), FALSE, TRUE, &Context, &Length),
        STATUS_SUCCESS);
    EXPECT_EQ(Context, 2);
    EXPECT(Entry[0].Name.Buffer != NULL && Entry[1].Name.Buffer != NULL &&
           Entry[2].Name.Buffer == NULL);
    RtlInitUnicodeString(&Type, L"Event");
    EXPECT(RtlEqualUnicodeString(&Entry[0].TypeName, &Type, FALSE));
    EXPECT_STATUS(
        ZwQueryDirectoryObject(Directory, Buffer, sizeof(Buffer), TRUE, TRUE, &Context, &Length),
        STATUS_SUCCESS);
    EXPECT_EQ(Context, 1);
    EXPECT_STATUS(
        ZwQueryDirectoryObject(Directory, Buffer, sizeof(Buffer), TRUE, FALSE, &Context, &Length),
        STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwQueryDirectoryObject(Directory, Buffer, sizeof(Buffer), TRUE, FALSE, &Context, &Length),
        STATUS_NO_MORE_ENTRIES);
    EXPECT_STATUS(ZwQueryDirectoryObject(Directory, Buffer, 8, FALSE, TRUE, &Context, &Length),
                  STATUS_BUFFER_TOO_SMALL);
    ZwClose(A);
    ZwClose(B);
    ZwClose(Directory);
}

TEST_DRIVER(TEST(TemporaryNameEndsWithLastHandle), TEST(PermanentNameStays), TEST(Collisions),
            TEST(NamesWithoutCase), TEST(BadPaths), TEST(RelativeToADirectory),
            TEST(LinksAreFollowed), TEST(LoopsEnd), TEST(ObjectsKnowTheirNames),
            TEST(DirectoriesAreListed))
