/*
 * types-client.c - what is said of each type of object, by an object of it and in the list of all, whatever stood in the room before; and an object's attributes, the size of its
 * name, and which handles are of one object. The client has SeCreatePermanentPrivilege.
 * [DDI:ntifs/ntqueryobject], [LEARN: __PUBLIC_OBJECT_TYPE_INFORMATION: "Reserved"], [LEARN: handleapi/compareobjecthandles], [DDI:wdm/ns-wdm-_object_attributes],
 * ["Windows Internals": an object type's _OBJECT_TYPE_INITIALIZER: a process's flags are 0xCA, SecurityRequired is one of them, MaintainHandleCount is none, and it
 * lies in the nonpaged pool that cannot be executed]
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtQueryObject(HANDLE, OBJECT_INFORMATION_CLASS, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtCreateEvent(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, int, BOOLEAN);
NTSTATUS NTAPI NtMakePermanentObject(HANDLE);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE);
NTSTATUS NTAPI NtCompareObjects(HANDLE, HANDLE);
NTSTATUS NTAPI NtDuplicateObject(HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);

#define NONPAGED_NX 512 /* NonPagedPoolNx */
#define NOT_SAME    0xC00001ACu
#define BAD_HANDLE  0xC0000008u

typedef struct _TYPE { /* OBJECT_TYPE_INFORMATION */
    UNICODE_STRING Name;
    ULONG Objects, Handles, Usage[4], MostObjects, MostHandles, MostUsage[4];
    ULONG InvalidAttributes;
    GENERIC_MAPPING Mapping;
    ULONG ValidAccess;
    BYTE SecurityRequired, MaintainHandleCount, Index, Reserved;
    ULONG PoolType, PagedCharge, NonPagedCharge;
} TYPE;

static union {
    TYPE Type;
    BYTE Bytes[0x8000];
    ULONG64 Count;
} One, Other, All;

static HANDLE
Duplicate(HANDLE Of)
{
    HANDLE Copy = NULL;

    EXPECT_EQ(NtDuplicateObject(GetCurrentProcess(), Of, GetCurrentProcess(), &Copy, 0, 0, 2), 0);
    return Copy;
}

/* The entry of the list with that name. */
static const TYPE *
Listed(const TYPE *Wanted)
{
    BYTE *At = All.Bytes + 8;

    for (ULONG64 i = 0; i < All.Count; i++) {
        const TYPE *Type = (const TYPE *)At;

        if (Type->Name.Length == Wanted->Name.Length &&
            memcmp(Type->Name.Buffer, Wanted->Name.Buffer, Wanted->Name.Length) == 0) {
            return Type;
        }
        At += sizeof(TYPE) + ((Type->Name.MaximumLength + 7) & ~7u);
    }
    return NULL;
}

static void
OfType(HANDLE Handle, PCWSTR Name)
{
    ULONG First = 0, Second = 0, Length = 2 * (ULONG)lstrlenW(Name);
    const TYPE *Entry;

    EXPECT(Handle != NULL && Handle != INVALID_HANDLE_VALUE);
    memset(&One, 0xFF, sizeof(One));
    memset(&Other, 0, sizeof(Other));
    EXPECT_EQ(NtQueryObject(Handle, 2, &One, sizeof(One), &First), 0);
    EXPECT_EQ(NtQueryObject(Handle, 2, &Other, sizeof(Other), &Second), 0);
    EXPECT_EQ(First, Second);
    EXPECT_EQ(One.Type.Name.Length, Length);
    EXPECT(memcmp(One.Type.Name.Buffer, Name, Length + 2) == 0);
    Other.Type.Name.Buffer = One.Type.Name.Buffer;
    EXPECT(memcmp(&One, &Other, sizeof(TYPE)) == 0);
    EXPECT(One.Type.Objects >= 1 && One.Type.Handles >= 1);
    EXPECT(One.Type.MostObjects >= One.Type.Objects && One.Type.MostHandles >= One.Type.Handles);
    EXPECT_EQ(One.Type.Reserved, 0);
    for (ULONG i = 0; i < 4; i++) {
        EXPECT(One.Type.Usage[i] == 0 && One.Type.MostUsage[i] == 0);
    }
    memset(&All, 0xFF, sizeof(All));
    EXPECT_EQ(NtQueryObject(NULL, 3, &All, sizeof(All), &First), 0);
    Entry = Listed(&One.Type);
    EXPECT(Entry != NULL);
    if (Entry != NULL) {
        Other.Type = *Entry;
        Other.Type.Name.Buffer = One.Type.Name.Buffer;
        EXPECT(memcmp(&One, &Other, sizeof(TYPE)) == 0);
    }
}

static void
Types(void)
{
    HANDLE Token;
    HKEY Key;

    OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &Token);
    RegOpenKeyExW(HKEY_LOCAL_MACHINE, L"SYSTEM", 0, KEY_READ, &Key);
    OfType(CreateEventW(NULL, 0, 0, NULL), L"Event");
    EXPECT_EQ(One.Type.PoolType, NONPAGED_NX);
    EXPECT_EQ(One.Type.SecurityRequired, 0);
    OfType(CreateMutexW(NULL, 0, NULL), L"Mutant");
    OfType(CreateSemaphoreW(NULL, 0, 1, NULL), L"Semaphore");
    OfType(CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, NULL),
           L"Section");
    OfType(CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0), L"IoCompletion");
    OfType(CreateFileW(L"C:\\types.bin", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL), L"File");
    OfType(Key, L"Key");
    OfType(Token, L"Token");
    OfType(Duplicate(GetCurrentProcess()), L"Process");
    EXPECT_EQ(One.Type.PoolType, NONPAGED_NX);
    EXPECT_EQ(One.Type.SecurityRequired, 1);
    EXPECT_EQ(One.Type.MaintainHandleCount, 0);
    OfType(Duplicate(GetCurrentThread()), L"Thread");
    EXPECT_EQ(One.Type.SecurityRequired, 1);
}

/* The attributes and what the name's answer takes: of a file nobody knows before the file system is asked. */
static void
Basic(HANDLE Handle, ULONG Attributes, BOOL Named)
{
    struct {
        ULONG Attributes, Access, Handles, References, Paged, NonPaged, Reserved[3], NameSize,
            TypeSize, SecuritySize;
        LARGE_INTEGER Created;
    } Info;
    ULONG Needed = 0, Length = 0;

    memset(&Info, 0xFF, sizeof(Info));
    EXPECT_EQ(NtQueryObject(Handle, 0, &Info, sizeof(Info), &Length), 0);
    EXPECT_EQ(Info.Attributes, Attributes);
    (void)NtQueryObject(Handle, 1, &One, 0, &Needed);
    EXPECT_EQ(Info.NameSize, Named ? Needed : 0);
    (void)NtQueryObject(Handle, 2, &One, sizeof(One), &Needed);
    EXPECT_EQ(Info.TypeSize, Needed);
    EXPECT(Info.Handles >= 1 && Info.References >= Info.Handles);
}

static void
Attributes(void)
{
    static WCHAR Path[] = L"\\BaseNamedObjects\\ob-types";
    UNICODE_STRING Name = {sizeof(Path) - 2, sizeof(Path), Path};
    OBJECT_ATTRIBUTES Object;
    HANDLE Event,
        Plain = CreateEventW(NULL, 0, 0, NULL), Same = Duplicate(Plain),
        File = CreateFileW(L"C:\\types.txt", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);

    InitializeObjectAttributes(&Object, &Name, OBJ_INHERIT, NULL, NULL);
    EXPECT_EQ(NtCreateEvent(&Event, EVENT_ALL_ACCESS, &Object, 0, FALSE), 0);
    Basic(Event, OBJ_INHERIT, TRUE);
    EXPECT_EQ(NtMakePermanentObject(Event), 0);
    Basic(Event, OBJ_INHERIT | OBJ_PERMANENT, TRUE);
    EXPECT_EQ(NtMakeTemporaryObject(Event), 0);
    Basic(Event, OBJ_INHERIT, TRUE);
    Basic(Plain, 0, FALSE);
    Basic(File, 0, FALSE);

    EXPECT_EQ(NtCompareObjects(Plain, Same), 0);
    EXPECT_EQ(NtCompareObjects(Plain, Plain), 0);
    EXPECT_EQ((ULONG)NtCompareObjects(Plain, Event), NOT_SAME);
    EXPECT_EQ((ULONG)NtCompareObjects(Plain, File), NOT_SAME);
    EXPECT_EQ((ULONG)NtCompareObjects(Plain, NULL), BAD_HANDLE);
    EXPECT_EQ((ULONG)NtCompareObjects(NULL, Plain), BAD_HANDLE);
    CloseHandle(Event);
    CloseHandle(Plain);
    EXPECT_EQ((ULONG)NtCompareObjects(Same, Plain), BAD_HANDLE);
}

int
main(void)
{
    Types();
    Attributes();
    return TEST_DONE();
}
