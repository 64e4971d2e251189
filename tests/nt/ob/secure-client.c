/*
 * secure-client.c - the descriptors of objects: what a maker gives them, what an opener then gets, right by right and all there is; read and changed part by
 * part, in every length, with and without the right to; owners that may not be; objects that are not made leave no name.
 * [DDI:ntifs/ntquerysecurityobject], [DDI:ntifs/ntsetsecurityobject], [LEARN:secauthz/security-information], [DDI:wdm/zwcreateevent],
 * [LEARN:secauthz/owner-of-a-new-object], [LEARN:secauthz/privilege-constants].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, int, BOOLEAN);
NTSTATUS NTAPI NtOpenEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE, ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE, ULONG, PVOID);
NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

#define DENIED      0xC0000022
#define NOT_FOUND   0xC0000034
#define COLLISION   0xC0000035
#define TOO_SMALL   0xC0000023
#define BAD_ADDRESS 0xC0000005
#define BAD_HANDLE  0xC0000008
#define BAD_OWNER   0xC000005A
#define NO_RIGHT    0xC0000061
#define FAR_AWAY    ((void *)0x400080000000ull)
#define PLACE       L"\\BaseNamedObjects\\ob-secure"

static BYTE World[12] = {1, 1, 0, 0, 0, 0, 0, 1},
            Guests[16] = {1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x22, 2};
static BYTE User[68], List[256];
static SECURITY_DESCRIPTOR Descriptor;
static UNICODE_STRING Name;
static OBJECT_ATTRIBUTES Attributes;
static ULONG64 Space[64];

static POBJECT_ATTRIBUTES
At(PCWSTR Text, ULONG Flags, void *Security)
{
    if (Text != NULL) {
        Name.Length = (USHORT)(lstrlenW(Text) * 2);
        Name.MaximumLength = Name.Length + 2;
        Name.Buffer = (PWSTR)Text;
    }
    InitializeObjectAttributes(&Attributes, Text != NULL ? &Name : NULL, Flags, NULL, Security);
    return &Attributes;
}

static void
Describe(PSID Owner, ULONG Allowed, PSID To, ULONG Denied)
{
    InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    InitializeAcl((PACL)List, sizeof(List), ACL_REVISION);
    if (Denied != 0) {
        AddAccessDeniedAce((PACL)List, ACL_REVISION, Denied, World);
    }
    AddAccessAllowedAce((PACL)List, ACL_REVISION, Allowed, To);
    SetSecurityDescriptorDacl(&Descriptor, TRUE, (PACL)List, FALSE);
    SetSecurityDescriptorOwner(&Descriptor, Owner, FALSE);
    SetSecurityDescriptorGroup(&Descriptor, Owner, FALSE);
}

static ULONG
AccessOf(HANDLE Handle)
{
    ULONG Basic[14], Length;

    EXPECT_EQ(NtQueryObject(Handle, 0, Basic, 56, &Length), 0);
    return Basic[1];
}

/* Each right by itself, by a list that allows some and denies some. The owner may always read and change the list. */
static void
Opens(void)
{
    static const ULONG Rights[] = {1, 2, SYNCHRONIZE, DELETE, READ_CONTROL, WRITE_DAC, WRITE_OWNER};
    static const struct {
        ULONG Allowed, Denied;
        BOOL Guest;
    } Table[] = {{SYNCHRONIZE, 0},      {EVENT_ALL_ACCESS, 2},       {3, SYNCHRONIZE},
                 {EVENT_ALL_ACCESS, 0}, {EVENT_ALL_ACCESS, 0, TRUE}, {DELETE | READ_CONTROL, 1},
                 {GENERIC_READ, 0},     {GENERIC_ALL, GENERIC_WRITE}};

    for (ULONG i = 0; i < sizeof(Table) / sizeof(Table[0]); i++) {
        HANDLE Event, Again;
        ULONG Allowed = Table[i].Allowed == GENERIC_READ  ? 0x20001
                        : Table[i].Allowed == GENERIC_ALL ? EVENT_ALL_ACCESS
                                                          : Table[i].Allowed;
        ULONG Denied = Table[i].Denied == GENERIC_WRITE ? 0x20002 : Table[i].Denied, Given;

        Describe(User, Table[i].Allowed, Table[i].Guest ? (PSID)Guests : (PSID)World,
                 Table[i].Denied);
        EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, At(PLACE, 0, &Descriptor), 0, FALSE), 0);
        EXPECT_EQ(AccessOf(Event), EVENT_ALL_ACCESS); /* its maker has what it asked for */
        Given = ((Table[i].Guest ? 0 : Allowed) & ~Denied) | READ_CONTROL | WRITE_DAC;
        for (ULONG k = 0; k < sizeof(Rights) / sizeof(Rights[0]); k++) {
            ULONG Status;

            Again = NULL;
            Status = (ULONG)NtOpenEvent(&Again, Rights[k], At(PLACE, 0, NULL));
            EXPECT_EQ(Status, Given & Rights[k] ? 0 : DENIED);
            EXPECT_EQ(Again != NULL, Status == 0);
            if (Again != NULL) {
                EXPECT_EQ(AccessOf(Again), Rights[k]);
                NtClose(Again);
            }
        }
        EXPECT_EQ((ULONG)NtOpenEvent(&Again, EVENT_ALL_ACCESS, At(PLACE, 0, NULL)),
                  Given == EVENT_ALL_ACCESS ? 0 : DENIED);
        if (Given == EVENT_ALL_ACCESS) {
            NtClose(Again);
        }
        EXPECT_EQ(NtOpenEvent(&Again, MAXIMUM_ALLOWED, At(PLACE, 0, NULL)), 0);
        EXPECT_EQ(AccessOf(Again), Given);
        NtClose(Again);
        NtClose(Event);
    }
}

/* Which part takes which right; what is read, in every length. */
static void
Parts(void)
{
    static const struct {
        ULONG What, Reads, Writes;
    } Table[] = {{1, READ_CONTROL, WRITE_OWNER},
                 {2, READ_CONTROL, WRITE_OWNER},
                 {4, READ_CONTROL, WRITE_DAC},
                 {7, READ_CONTROL, WRITE_OWNER | WRITE_DAC}};
    HANDLE Event, Weak;
    ULONG Length, Need;

    Describe(User, EVENT_ALL_ACCESS, World, 0);
    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, At(PLACE, 0, &Descriptor), 0, FALSE), 0);
    for (ULONG i = 0; i < sizeof(Table) / sizeof(Table[0]); i++) {
        SECURITY_DESCRIPTOR_RELATIVE *Got = (void *)Space;

        EXPECT_EQ((ULONG)NtQuerySecurityObject(Event, Table[i].What, NULL, 0, &Need), TOO_SMALL);
        memset(Space, 0xCC, sizeof(Space));
        EXPECT_EQ((ULONG)NtQuerySecurityObject(Event, Table[i].What, Space, Need - 1, &Length),
                  TOO_SMALL);
        EXPECT(Length == Need && Space[0] == 0xCCCCCCCCCCCCCCCC);
        EXPECT_EQ(NtQuerySecurityObject(Event, Table[i].What, Space, Need, &Length), 0);
        EXPECT(Length == Need && ((BYTE *)Space)[Need] == 0xCC);
        EXPECT_EQ(Got->Owner != 0, (Table[i].What & 1) != 0);
        EXPECT_EQ(Got->Group != 0, (Table[i].What & 2) != 0);
        EXPECT_EQ(Got->Dacl != 0, (Table[i].What & 4) != 0);
        EXPECT_EQ(Got->Sacl, 0);
        EXPECT_EQ(Got->Control & SE_SELF_RELATIVE, SE_SELF_RELATIVE);
        for (ULONG k = 0; k < 4; k++) {
            ULONG Access = Table[i].Writes | Table[i].Reads, Right = 0x10000u << k;

            EXPECT_EQ(NtOpenEvent(&Weak, Right | SYNCHRONIZE, At(PLACE, 0, NULL)), 0);
            EXPECT_EQ(
                (ULONG)NtQuerySecurityObject(Weak, Table[i].What, Space, sizeof(Space), &Length),
                Right == Table[i].Reads ? 0 : DENIED);
            EXPECT_EQ((ULONG)NtSetSecurityObject(Weak, Table[i].What, &Descriptor),
                      Right == Table[i].Writes ? 0 : DENIED);
            EXPECT(Access != 0);
            NtClose(Weak);
        }
        EXPECT_EQ(NtSetSecurityObject(Event, Table[i].What, &Descriptor), 0);
    }
    EXPECT_EQ((ULONG)NtQuerySecurityObject(Event, 8, Space, sizeof(Space), &Length), DENIED);
    EXPECT_EQ((ULONG)NtSetSecurityObject(Event, 8, &Descriptor), DENIED);
    /* changed: another list counts for who opens it from now on */
    Describe(User, SYNCHRONIZE, World, 0);
    EXPECT_EQ(NtSetSecurityObject(Event, 4, &Descriptor), 0);
    EXPECT_EQ((ULONG)NtOpenEvent(&Weak, 2, At(PLACE, 0, NULL)), DENIED);
    EXPECT_EQ(SetEvent(Event), TRUE); /* a handle keeps what it has */
    InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION);
    EXPECT_EQ((ULONG)NtSetSecurityObject(Event, 1, &Descriptor), BAD_OWNER); /* it has none */
    EXPECT_EQ((ULONG)NtSetSecurityObject(Event, 2, &Descriptor), 0xC000005B);
    SetSecurityDescriptorOwner(&Descriptor, Guests, FALSE);
    EXPECT_EQ((ULONG)NtSetSecurityObject(Event, 1, &Descriptor), BAD_OWNER); /* not one of ours */
    EXPECT_EQ((ULONG)NtSetSecurityObject(Event, 4, FAR_AWAY), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtSetSecurityObject(Event, 4, NULL), BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtSetSecurityObject((HANDLE)0x7770, 4, &Descriptor), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtQuerySecurityObject((HANDLE)0x7770, 4, Space, 64, &Length), BAD_HANDLE);
    Descriptor.Revision = 9;
    EXPECT_EQ((ULONG)NtSetSecurityObject(Event, 4, &Descriptor), 0xC0000058);
    NtClose(Event);
}

/* What is not made is not there either. */
static void
Unmade(void)
{
    HANDLE Event = NULL, Directory = NULL;

    EXPECT_EQ(
        (ULONG)NtCreateEvent(&Event, EVENT_ALL_ACCESS, At(PLACE, OBJ_PERMANENT, NULL), 0, FALSE),
        NO_RIGHT);
    EXPECT_EQ((ULONG)NtOpenEvent(&Event, 2, At(PLACE, 0, NULL)), NOT_FOUND);
    Describe(Guests, EVENT_ALL_ACCESS, World, 0);
    EXPECT_EQ((ULONG)NtCreateEvent(&Event, EVENT_ALL_ACCESS, At(PLACE, 0, &Descriptor), 0, FALSE),
              BAD_OWNER);
    EXPECT_EQ((ULONG)NtOpenEvent(&Event, 2, At(PLACE, 0, NULL)), NOT_FOUND);
    EXPECT_EQ((ULONG)NtCreateEvent(&Event, EVENT_ALL_ACCESS, At(PLACE, 0, FAR_AWAY), 0, FALSE),
              BAD_ADDRESS);
    EXPECT_EQ((ULONG)NtCreateEvent(&Event, EVENT_ALL_ACCESS | ACCESS_SYSTEM_SECURITY,
                                   At(PLACE, 0, NULL), 0, FALSE),
              NO_RIGHT);
    EXPECT_EQ(Event, NULL);
    EXPECT_EQ((ULONG)NtOpenEvent(&Event, 2, At(PLACE, 0, NULL)), NOT_FOUND);
    /* opened if it is there, and of its kind */
    Describe(User, EVENT_ALL_ACCESS, World, 0);
    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, At(PLACE, 0, &Descriptor), 0, FALSE), 0);
    {
        HANDLE Same = NULL;

        EXPECT_EQ((ULONG)NtCreateEvent(&Same, 2, At(PLACE, OBJ_OPENIF, NULL), 0, FALSE),
                  0x40000000); /* STATUS_OBJECT_NAME_EXISTS */
        EXPECT_EQ(AccessOf(Same), 2);
        NtClose(Same);
        Same = NULL;
        EXPECT_EQ((ULONG)NtCreateEvent(&Same, 2, At(PLACE, 0, NULL), 0, FALSE), COLLISION);
        EXPECT_EQ((ULONG)NtCreateDirectoryObject(&Directory, 3, At(PLACE, OBJ_OPENIF, NULL)),
                  0xC0000024);
        EXPECT(Same == NULL && Directory == NULL);
        Describe(User, SYNCHRONIZE, World, 0);
        EXPECT_EQ(NtSetSecurityObject(Event, 4, &Descriptor), 0);
        EXPECT_EQ((ULONG)NtCreateEvent(&Same, 2, At(PLACE, OBJ_OPENIF, NULL), 0, FALSE), DENIED);
        EXPECT_EQ(Same, NULL);
    }
    NtClose(Event);
    EXPECT_EQ((ULONG)NtOpenEvent(&Event, SYNCHRONIZE, At(PLACE, 0, NULL)), NOT_FOUND);
}

int
main(void)
{
    BYTE Buffer[128];
    HANDLE Token;
    DWORD Length;

    EXPECT(OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &Token));
    EXPECT(GetTokenInformation(Token, TokenUser, Buffer, sizeof(Buffer), &Length));
    memcpy(User, ((TOKEN_USER *)Buffer)->User.Sid, GetLengthSid(((TOKEN_USER *)Buffer)->User.Sid));
    CloseHandle(Token);
    Opens();
    Parts();
    Unmade();
    return TEST_DONE();
}
