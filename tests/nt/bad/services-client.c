/*
 * services-client.c - where a user's addresses may lie: for each service each combination of a handle, a class and a length that succeeds is called again with each of
 * its addresses in the system's memory, in no memory, and with what it points to reaching over the end of the memory. It fails then, nothing is written to the
 * system's memory, and no handle is left. [DDI:wdm/probeforwrite, probeforread]: what is not wholly in the user part of the address space, or not there, raises STATUS_ACCESS_VIOLATION.
 */
#include "../ntlab-client.h"
#include <winioctl.h>
#include <winternl.h>

#define CODE(Function) CTL_CODE(FILE_DEVICE_UNKNOWN, Function, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define MOST_CLASSES   64
#define ROOM           0x600
#define HANDLES        17

#define BAD_LENGTH    0xC0000004
#define BAD_PARAMETER 0xC000000D
#define TOO_SMALL     0xC0000023
#define BAD_TYPE      0xC0000024

/*
 * What each argument is:
 *   h a handle       c a class       l a length of o or i        z zero        1, 2 the number       m an access mask, of all that may be had, M of a key
 *   o an answer of l bytes           i what is told, of l bytes  r a number that is answered          R that may be left out; B of one byte
 *   H a handle that is made          s a status block            a attributes with a name             n attributes without
 *   p attributes with the name of an object that NtCreate... of what is opened has made           T MEM_COMMIT
 *   P this process    S SEC_COMMIT    x, y where an address of ours and a size stand    I the ids of this thread    V handles
 *   D a descriptor with an owner and a group      G a generic mapping     Q how many bytes r has
 *   u a string                       U a string that is answered b an address of ours that is read    L a large integer, C a number in and out
 */
static const struct {
    const char *Name, *Arguments;
} Services[] = {
    {"NtOpenThreadToken", "hmzH"},
    {"NtOpenThreadTokenEx", "hmzzH"},
    {"NtQuerySection", "hcolR"},
    {"NtQueryEvent", "hcolR"},
    {"NtQueryMutant", "hcolR"},
    {"NtQuerySemaphore", "hcolR"},
    {"NtQueryTimer", "hcolR"},
    {"NtQueryIoCompletion", "hcolR"},
    {"NtQueryObject", "hcolR"},
    {"NtQueryInformationProcess", "hcolR"},
    {"NtQueryInformationThread", "hcolR"},
    {"NtQueryInformationToken", "hcolr"},
    {"NtQueryInformationJobObject", "hcolR"},
    {"NtQuerySecurityObject", "hcolr"},
    {"NtQueryKey", "hcolr"},
    {"NtEnumerateKey", "hzcolr"},
    {"NtEnumerateValueKey", "hzcolr"},
    {"NtQueryValueKey", "hucolr"},
    {"NtQueryInformationFile", "hsolc"},
    {"NtQueryVolumeInformationFile", "hsolc"},
    {"NtQuerySystemInformation", "colR"},
    {"NtQueryVirtualMemory", "hbcolR"},
    {"NtQuerySymbolicLinkObject", "hUR"},
    {"NtQueryDirectoryObject", "hol11CR"},
    {"NtQueryDirectoryFile", "hzzzsolc1z1"},
    {"NtQueryAttributesFile", "fr"},
    {"NtQueryFullAttributesFile", "fr"},
    {"NtQuerySystemTime", "r"},
    {"NtQueryPerformanceCounter", "rR"},
    {"NtQueryTimerResolution", "rrr"},
    {"NtAllocateLocallyUniqueId", "r"},
    {"NtOpenProcessToken", "hmH"},
    {"NtOpenProcessTokenEx", "hmzH"},
    {"NtDuplicateToken", "hmnz1H"},
    {"NtCreateEvent", "Hmazz"},
    {"NtCreateMutant", "Hmaz"},
    {"NtCreateSemaphore", "Hma12"},
    {"NtCreateTimer", "Hmaz"},
    {"NtCreateIoCompletion", "Hma1"},
    {"NtCreateDirectoryObject", "Hma"},
    {"NtCreateJobObject", "Hma"},
    {"NtCreateKeyedEvent", "Hmaz"},
    {"NtCreateSymbolicLinkObject", "Hmau"},
    {"NtOpenFile", "Hmfs7z"},
    {"NtCreateFile", "HmfsLz71zzz"},
    {"NtOpenKey", "HMk"},
    {"NtCreateKey", "HMkzu1R"},
    {"NtSetEvent", "hR"},
    {"NtResetEvent", "hR"},
    {"NtPulseEvent", "hR"},
    {"NtReleaseSemaphore", "h1R"},
    {"NtCancelTimer", "hB"},
    {"NtReadVirtualMemory", "hbolR"},
    {"NtWriteVirtualMemory", "hbilR"},
    {"NtReadFile", "hzzzsolLz"},
    {"NtWriteFile", "hzzzsilLz"},
    {"NtFlushBuffersFile", "hs"},
    {"NtSetInformationFile", "hsilc"},
    {"NtSetValueKey", "huz3il"},
    {"NtSetSecurityObject", "hcd"},
    {"NtSetInformationObject", "hcil"},
    {"NtSetInformationJobObject", "hcil"},
    {"NtLockFile", "hzzzsLLz1z"},
    {"NtPrivilegeCheck", "hLB"},
    {"NtLockVirtualMemory", "Pxy1"},
    {"NtUnlockVirtualMemory", "Pxy1"},
    {"NtProtectVirtualMemory", "Pxy4r"},
    {"NtCreateSection", "Hmny4Sz"},
    {"NtOpenProcess", "HmnI"},
    {"NtOpenThread", "HmnI"},
    {"NtDuplicateObject", "PhPHmz2"},
    {"NtSetTimer", "hLzzzzB"},
    {"NtDelayExecution", "zL"},
    {"NtWaitForSingleObject", "hzL"},
    {"NtWaitForMultipleObjects", "1V1zL"},
    {"NtRemoveIoCompletion", "hrrsL"},
    {"NtRemoveIoCompletionEx", "hr1rLz"},
    {"NtAllocateVirtualMemory", "PxzyT4"},
    {"NtMapViewOfSection", "hPLzzLL1z4"},
    {"NtWaitForKeyedEvent", "hbzL"},
    {"NtReleaseKeyedEvent", "hbzL"},
    {"NtSignalAndWaitForSingleObject", "hhzL"},
    {"NtNotifyChangeKey", "hzzzs41zz1"},
    {"NtSetInformationKey", "hcil"},
    {"NtSetInformationToken", "hcil"},
    {"NtSetInformationThread", "hcil"},
    {"NtSetInformationProcess", "hcil"},
    {"NtSetTimerResolution", "11r"},
    {"NtResumeThread", "hR"},
    {"NtAlertResumeThread", "hR"},
    {"NtGetContextThread", "hr"},
    {"NtAdjustPrivilegesToken", "hzrlor"},
    {"NtAdjustGroupsToken", "hzrzzz"},
    {"NtCancelIoFile", "hs"},
    {"NtQueryDirectoryFileEx", "hzzzsolc1z"},
    {"NtCreateDebugObject", "Hmnz"},
    {"NtOpenKeyEx", "HMkz"},
    {"NtOpenEvent", "Hmp"},
    {"NtOpenMutant", "Hmp"},
    {"NtOpenSemaphore", "Hmp"},
    {"NtOpenTimer", "Hmp"},
    {"NtOpenSection", "HMp"},
    {"NtOpenIoCompletion", "Hmp"},
    {"NtOpenJobObject", "Hmp"},
    {"NtOpenKeyedEvent", "HMp"},
    {"NtOpenDirectoryObject", "HMp"},
    {"NtOpenSymbolicLinkObject", "HMp"},
    {"NtUnlockFile", "hsLLz"},
    {"NtDeleteValueKey", "hu"},
    {"NtAccessCheck", "Dh1GrQrr"},
};

NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);

typedef NTSTATUS(NTAPI *SERVICE)(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64,
                                 ULONG64, ULONG64, ULONG64, ULONG64);

static ULONG64 System, Arguments[11];
static HANDLE Device, Handles[HANDLES];
static BYTE *Buffer, *Edge; /* ours; Edge: what lies behind is not there */
static UNICODE_STRING Name, Other;
static OBJECT_ATTRIBUTES Attributes;
static ULONG Succeeded, Passed, Wrote, Left;
static WCHAR Opened[64];
static HANDLE Named[10];
static SID Everybody[1] = {{SID_REVISION, 1, SECURITY_WORLD_SID_AUTHORITY, {0}}};

static const ULONG Lengths[] = {ROOM, 4, 8, 16, 24, 32, 40, 48, 56, 64, 2, 1, 0};

static ULONG64
Ask(ULONG Function)
{
    ULONG64 Answer = ~0ull;
    DWORD Length = 0;

    DeviceIoControl(Device, CODE(Function), NULL, 0, &Answer, sizeof(Answer), &Length, NULL);
    return Answer;
}

static BOOL
IsAddress(char Kind)
{
    return strchr("oirRBHsanfkpuUbLCdxyIVDGQ", Kind) != NULL;
}

static void
NameIt(PCWSTR Text)
{
    Name.Length = (USHORT)(lstrlenW(Text) * 2);
    Name.MaximumLength = Name.Length + 2;
    Name.Buffer = (PWSTR)Text;
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_OPENIF, NULL, NULL);
}

static ULONG64
Stored(ULONG At, ULONG64 First, ULONG64 Second)
{
    ULONG64 *Place = (ULONG64 *)(Buffer + At * 0x700 + 0x1000);

    Place[0] = First;
    Place[1] = Second;
    return (ULONG64)Place;
}

static ULONG64
Good(char Kind, ULONG At, HANDLE Handle, ULONG Class, ULONG Length)
{
    switch (Kind) {
    case 'h':
        return (ULONG64)Handle;
    case 'c':
        return Class;
    case 'l':
        return Length;
    case 'm':
        return MAXIMUM_ALLOWED | SYNCHRONIZE;
    case 'M':
        return MAXIMUM_ALLOWED;
    case '1':
    case '2':
    case '3':
    case '4':
    case '7':
        return (ULONG64)(Kind - '0');
    case 'n':
        InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
        return (ULONG64)&Attributes;
    case 'a':
        NameIt(L"\\BaseNamedObjects\\bad-services-name");
        return (ULONG64)&Attributes;
    case 'p':
        NameIt(Opened);
        return (ULONG64)&Attributes;
    case 'T':
        return MEM_COMMIT;
    case 'f':
        NameIt(L"\\??\\C:\\bad-services.dir");
        Attributes.Attributes = OBJ_CASE_INSENSITIVE;
        return (ULONG64)&Attributes;
    case 'k':
        NameIt(L"\\REGISTRY\\MACHINE\\SOFTWARE\\bad-services");
        Attributes.Attributes = OBJ_CASE_INSENSITIVE;
        return (ULONG64)&Attributes;
    case 'u':
        Other.Length = Other.MaximumLength = 8;
        Other.Buffer = L"\\bad";
        return (ULONG64)&Other;
    case 'U':
        Other.Length = 0;
        Other.MaximumLength = 0x100;
        Other.Buffer = (PWSTR)(Buffer + 0x800);
        return (ULONG64)&Other;
    case 'd':
        InitializeSecurityDescriptor(Buffer + 0xA00, SECURITY_DESCRIPTOR_REVISION);
        return (ULONG64)Buffer + 0xA00;
    case 'D':
        InitializeSecurityDescriptor(Buffer + 0xA00, SECURITY_DESCRIPTOR_REVISION);
        SetSecurityDescriptorOwner(Buffer + 0xA00, Everybody, FALSE);
        SetSecurityDescriptorGroup(Buffer + 0xA00, Everybody, FALSE);
        return (ULONG64)Buffer + 0xA00;
    case 'Q':
        return Stored(At, 0x100, 0);
    case 'z':
        return 0;
    case 'P':
        return (ULONG64)-1;
    case 'S':
        return SEC_COMMIT;
    case 'x':
        return Stored(At, (ULONG64)Buffer, 0);
    case 'y':
        return Stored(At, 0x800, 0);
    case 'I':
        return Stored(At, GetCurrentProcessId(), GetCurrentThreadId());
    case 'V':
        return Stored(At, (ULONG64)Handles[3], 0);
    default:
        return IsAddress(Kind) ? (ULONG64)Buffer + At * 0x700 + 0x1000 : 0;
    }
}

static ULONG
Call(SERVICE Service)
{
    return (ULONG)Service(Arguments[0], Arguments[1], Arguments[2], Arguments[3], Arguments[4],
                          Arguments[5], Arguments[6], Arguments[7], Arguments[8], Arguments[9],
                          Arguments[10]);
}

static void
CloseMade(const char *Kinds)
{
    const char *At = strchr(Kinds, 'H');

    if (At != NULL) {
        HANDLE *Made = (HANDLE *)(Buffer + (At - Kinds) * 0x700 + 0x1000);

        if (*Made != NULL) {
            CloseHandle(*Made);
            *Made = NULL;
        }
    }
}

static void
Prepare(const char *Kinds, HANDLE Handle, ULONG Class, ULONG Length)
{
    memset(Buffer + 0x800, 0, 0x7000);
    for (ULONG i = 0; Kinds[i] != 0; i++) {
        Arguments[i] = Good(Kinds[i], i, Handle, Class, Length);
    }
}

/* It fails with this address. */
static void
Refused(const char *Service, SERVICE Routine, const char *Kinds, ULONG At, ULONG64 Address,
        const char *What)
{
    DWORD Before = 0, After = 0;
    ULONG Status;

    Arguments[At] = Address;
    GetProcessHandleCount(GetCurrentProcess(), &Before);
    Status = Call(Routine);
    GetProcessHandleCount(GetCurrentProcess(), &After);
    if (Status >= 0x80000000 && After > Before) {
        printf("ntlab-test: note %s: argument %u %s: a handle is left\n", Service, (unsigned)At,
               What);
        Left++;
    }
    if (Status < 0x80000000) {
        CloseMade(Kinds);
        Passed++;
        printf("ntlab-test: note %s: argument %u %s: 0x%x\n", Service, (unsigned)At, What,
               (unsigned)Status);
    }
}

static void
TryAddresses(const char *Service, SERVICE Routine, const char *Kinds, HANDLE Handle, ULONG Class,
             ULONG Length)
{
    for (ULONG i = 0; Kinds[i] != 0; i++) {
        ULONG Bytes = strchr("oi", Kinds[i]) != NULL     ? Length
                      : strchr("sauG", Kinds[i]) != NULL ? 16
                                                         : 4;

        if (!IsAddress(Kinds[i]) || Bytes == 0 || Kinds[i] == 'b') {
            continue;
        }
        Prepare(Kinds, Handle, Class, Length);
        Refused(Service, Routine, Kinds, i, System, "of the system");
        Prepare(Kinds, Handle, Class, Length);
        Refused(Service, Routine, Kinds, i, (ULONG64)Edge, "of nothing");
        if (strchr("UCB", Kinds[i]) == NULL &&
            Bytes != ROOM) { /* of so much it is not known how much is used */
            Prepare(Kinds, Handle, Class, Length);
            Refused(Service, Routine, Kinds, i, (ULONG64)Edge - Bytes / 2, "at the end");
        }
        /* [Win32: DuplicateHandle] a copy need not be told of */
        if (Kinds[i] == 'H' && strcmp(Service, "NtDuplicateObject") != 0) {
            Prepare(Kinds, Handle, Class, Length);
            Refused(Service, Routine, Kinds, i, 0, "that is none");
        }
        if (strchr("afkp", Kinds[i]) != NULL) {
            Prepare(Kinds, Handle, Class, Length);
            Attributes.ObjectName = (PVOID)System;
            Refused(Service, Routine, Kinds, i, (ULONG64)&Attributes, "with a name of the system");
            Prepare(Kinds, Handle, Class, Length);
            Name.Buffer = (PVOID)System;
            Refused(Service, Routine, Kinds, i, (ULONG64)&Attributes, "with text of the system");
        }
        if (strchr("uU", Kinds[i]) != NULL) {
            Prepare(Kinds, Handle, Class, Length);
            Other.Buffer = (PVOID)System;
            Refused(Service, Routine, Kinds, i, (ULONG64)&Other, "with text of the system");
        }
    }
}

/* The first of the lengths that does, for this handle and class. */
static ULONG
TryLengths(const char *Service, SERVICE Routine, const char *Kinds, HANDLE Handle, ULONG Class)
{
    ULONG Status = 0;

    for (ULONG l = 0; l < (strchr(Kinds, 'l') != NULL ? sizeof(Lengths) / 4 : 1); l++) {
        Prepare(Kinds, Handle, Class, Lengths[l]);
        Status = Call(Routine);
        if (Status < 0x80000000) {
            CloseMade(Kinds);
            Succeeded++;
            TryAddresses(Service, Routine, Kinds, Handle, Class, Lengths[l]);
            break;
        }
        if (Status != BAD_LENGTH && Status != BAD_PARAMETER && Status != TOO_SMALL) {
            break; /* no length of another kind helps: not this handle, or not this class */
        }
    }
    return Status;
}

static void
Try(const char *Service, const char *Kinds)
{
    SERVICE Routine = (SERVICE)(PVOID)GetProcAddress(GetModuleHandleA("ntdll.dll"), Service);
    ULONG Before = Succeeded, Classes = strchr(Kinds, 'c') != NULL ? MOST_CLASSES : 1;
    BOOL Done[MOST_CLASSES] = {FALSE};

    EXPECT(Routine != NULL);
    wsprintfW(Opened, L"\\BaseNamedObjects\\bad-%S", Service + 6);
    for (ULONG h = 0; h < (strchr(Kinds, 'h') != NULL ? HANDLES : 1) && Routine != NULL; h++) {
        for (ULONG Class = 0; Class < Classes; Class++) {
            ULONG Status;

            if (Done[Class]) {
                continue;
            }
            Status = TryLengths(Service, Routine, Kinds, Handles[h], Class);
            Done[Class] = Status < 0x80000000;
            if (Status == BAD_TYPE) {
                break;
            }
        }
    }
    EXPECT_LINE(Succeeded > Before, Service);
    if (Ask(2) != 0) {
        printf("ntlab-test: note %s has written to the system's memory\n", Service);
        Wrote++;
    }
}

/* An object of each type that has a name, by the service that opens it. */
static void
MakeNamed(void)
{
    static const struct {
        const char *Type, *Arguments;
    } Types[] = {
        {"Event", "Hmpzz"},         {"Mutant", "Hmpz"},
        {"Semaphore", "Hmp12"},     {"Timer", "Hmpz"},
        {"Section", "HMpy4Sz"},     {"IoCompletion", "Hmp1"},
        {"JobObject", "Hmp"},       {"KeyedEvent", "HMpz"},
        {"DirectoryObject", "HMp"}, {"SymbolicLinkObject", "HMpu"},
    };

    for (size_t i = 0; i < sizeof(Types) / sizeof(Types[0]); i++) {
        char Service[40];

        wsprintfA(Service, "NtCreate%s", Types[i].Type);
        wsprintfW(Opened, L"\\BaseNamedObjects\\bad-%S", Types[i].Type);
        Prepare(Types[i].Arguments, NULL, 0, 0);
        EXPECT_EQ(Call((SERVICE)(PVOID)GetProcAddress(GetModuleHandleA("ntdll.dll"), Service)), 0);
        Named[i] = *(HANDLE *)(Buffer + 0x1000);
        EXPECT(Named[i] != NULL);
    }
    Handles[15] = Named[7];
}

static void
Make(void)
{
    DWORD Old;

    Device = CreateFileA("\\\\.\\bad-services", GENERIC_READ | GENERIC_WRITE, 0, NULL,
                         OPEN_EXISTING, 0, NULL);
    EXPECT(Device != INVALID_HANDLE_VALUE);
    System = Ask(1);
    EXPECT(System != 0 && System != ~0ull);
    Buffer = VirtualAlloc(NULL, 0x9000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    EXPECT(VirtualProtect(Buffer + 0x8000, 0x1000, PAGE_NOACCESS, &Old));
    Edge = Buffer + 0x8000;
    CreateDirectoryA("C:\\bad-services.dir", NULL);
    Handles[0] = (HANDLE)-1;
    Handles[1] = (HANDLE)-2;
    Handles[2] = CreateFileA("C:\\bad-services.dir\\file", GENERIC_READ | GENERIC_WRITE, 7, NULL,
                             CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    Handles[3] = CreateEventA(NULL, TRUE, TRUE, NULL);
    Handles[4] = CreateSemaphoreA(NULL, 5, 5000, NULL);
    Handles[5] = CreateMutexA(NULL, FALSE, NULL);
    Handles[6] = CreateWaitableTimerA(NULL, TRUE, NULL);
    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Handles[7]);
    Handles[8] = CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x2000, NULL);
    RegCreateKeyA(HKEY_LOCAL_MACHINE, "SOFTWARE\\bad-services\\sub", (HKEY *)&Handles[9]);
    RegCloseKey((HKEY)Handles[9]);
    RegCreateKeyA(HKEY_LOCAL_MACHINE, "SOFTWARE\\bad-services", (HKEY *)&Handles[9]);
    RegSetValueExA((HKEY)Handles[9], "\\bad", 0, REG_SZ, (BYTE *)"text", 5);
    Handles[10] = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    Handles[11] = CreateFileA("C:\\bad-services.dir", GENERIC_READ, 7, NULL, OPEN_EXISTING,
                              FILE_FLAG_BACKUP_SEMANTICS, NULL);
    Handles[12] = CreateJobObjectA(NULL, NULL);
    NameIt(L"\\DosDevices");
    EXPECT_EQ(NtOpenSymbolicLinkObject(&Handles[13], GENERIC_READ, &Attributes), 0);
    NameIt(L"\\BaseNamedObjects");
    EXPECT_EQ(NtOpenDirectoryObject(&Handles[14], 3, &Attributes), 0);
    WriteFile(Handles[2], Buffer, 0x800, &Old, NULL);
    MakeNamed();
    DuplicateToken(Handles[7], SecurityImpersonation, &Handles[16]);
    EXPECT(ImpersonateSelf(SecurityImpersonation));
}

int
main(void)
{
    Make();
    for (size_t i = 0; i < sizeof(Services) / sizeof(Services[0]); i++) {
        Try(Services[i].Name, Services[i].Arguments);
    }
    EXPECT_EQ(Passed, 0);
    EXPECT_EQ(Left, 0);
    EXPECT_EQ(Wrote, 0);
    EXPECT(Succeeded > 100);
    return TEST_DONE();
}
