/*
 * opening-client.c - opens with memory that cannot be read, with the right to a system list, and byte-range locks of a file that another process has a handle of.
 * [DDI:ntifs/ntcreatefile], [LEARN:secauthz/sacl-access-right], [LEARN:fileapi/lockfileex]: what a process has locked is unlocked when it closes the file
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI RtlAdjustPrivilege(ULONG, BOOLEAN, BOOLEAN, PBOOLEAN);
NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES, PVOID);

#define VIOLATION     0xC0000005
#define MISALIGNED    0x80000002
#define INCONSISTENT  0x80000014
#define BAD_PARAMETER 0xC000000D
#define NOT_FOUND     0xC0000034
#define NOT_HELD      0xC0000061
#define KERNEL        ((PVOID)0x400080000000ull)

static UNICODE_STRING Name;
static OBJECT_ATTRIBUTES Attributes;
static IO_STATUS_BLOCK Iosb;

static POBJECT_ATTRIBUTES
At(PCWSTR Text)
{
    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return &Attributes;
}

/* Nothing is made by an open that fails for its parameters. */
static BOOL
IsThere(void)
{
    ULONG64 Basic[5];
    ULONG Status = (ULONG)NtQueryAttributesFile(At(L"\\??\\C:\\io-opening"), Basic);

    EXPECT(Status == 0 || Status == NOT_FOUND);
    return Status == 0;
}

static ULONG
Create(PVOID Ea, ULONG Length, PLARGE_INTEGER Size, PVOID Quality)
{
    HANDLE Handle = NULL;
    ULONG Status;

    At(L"\\??\\C:\\io-opening");
    Attributes.SecurityQualityOfService = Quality;
    Status = (ULONG)NtCreateFile(&Handle, DELETE | SYNCHRONIZE, &Attributes, &Iosb, Size, 0, 7,
                                 FILE_CREATE, FILE_DELETE_ON_CLOSE | FILE_SYNCHRONOUS_IO_NONALERT,
                                 Ea, Length);
    EXPECT_EQ(Handle != NULL, Status == 0);
    if (Handle != NULL) {
        EXPECT_EQ(Iosb.Information, FILE_CREATED);
        NtClose(Handle);
    }
    EXPECT(!IsThere());
    return Status;
}

static void
Memory(void)
{
    /* NextEntryOffset, Flags, EaNameLength, EaValueLength, "A" and its end, the value */
    static _Alignas(8) BYTE Good[12] = {0, 0, 0, 0, 0, 1, 2, 0, 'A', 0, 'x', 'y'};
    static _Alignas(8) BYTE Bad[12] = {0, 0, 0, 0, 0, 1, 2, 0, 'A', 'B', 'x', 'y'};
    BYTE *Pages = VirtualAlloc(NULL, 0x2000, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), SecurityIdentification, 0, FALSE};
    LARGE_INTEGER Size = {.QuadPart = 100};
    DWORD Old;

    EXPECT_EQ(Create(NULL, 0, NULL, NULL), 0);
    EXPECT_EQ(Create(Good, sizeof(Good), &Size, &Quality), 0);
    EXPECT_EQ(Create((PVOID)16, 0, NULL, NULL), 0); /* of no length: nobody looks */
    EXPECT_EQ(Create(NULL, 12, NULL, NULL), 0);
    EXPECT_EQ(Create(Bad, sizeof(Bad), NULL, NULL), INCONSISTENT);
    EXPECT_EQ(Create(Good, sizeof(Good) - 1, NULL, NULL), INCONSISTENT);
    EXPECT_EQ(Create((PVOID)16, 12, NULL, NULL), VIOLATION);
    EXPECT_EQ(Create(KERNEL, 12, NULL, NULL), VIOLATION);
    EXPECT_EQ(Create(Good + 1, 11, NULL, NULL), MISALIGNED);
    EXPECT(VirtualProtect(Pages + 0x1000, 0x1000, PAGE_NOACCESS, &Old));
    memcpy(Pages + 0x1000 - sizeof(Good), Good, sizeof(Good));
    EXPECT_EQ(Create(Pages + 0x1000 - sizeof(Good), sizeof(Good), NULL, NULL), 0);
    EXPECT_EQ(Create(Pages + 0x1000 - sizeof(Good), sizeof(Good) + 4, NULL, NULL), VIOLATION);
    EXPECT_EQ(Create(Pages + 0x1000, sizeof(Good), NULL, NULL), VIOLATION);
    EXPECT_EQ(Create(NULL, 0, (PVOID)16, NULL), VIOLATION);
    EXPECT_EQ(Create(NULL, 0, KERNEL, NULL), VIOLATION);
    Size.QuadPart = -1;
    EXPECT_EQ(Create(NULL, 0, &Size, NULL), BAD_PARAMETER);
    EXPECT_EQ(Create(NULL, 0, NULL, (PVOID)16), VIOLATION);
    EXPECT_EQ(Create(NULL, 0, NULL, KERNEL), VIOLATION);
    VirtualFree(Pages, 0, MEM_RELEASE);
}

/* Its privilege is what gives the right to a system list. */
static void
SystemList(void)
{
    BOOLEAN Was;

    for (ULONG i = 0; i < 4; i++) {
        BOOLEAN Has = i & 1;
        ULONG Access = FILE_READ_DATA | SYNCHRONIZE | (i & 2 ? ACCESS_SYSTEM_SECURITY : 0);
        HANDLE Handle = NULL;

        EXPECT_EQ(RtlAdjustPrivilege(8 /* SeSecurityPrivilege */, Has, FALSE, &Was), 0);
        EXPECT_EQ((ULONG)NtOpenFile(&Handle, Access, At(L"\\Device\\Null"), &Iosb, 7,
                                    FILE_SYNCHRONOUS_IO_NONALERT),
                  (i & 2) && !Has ? NOT_HELD : 0);
        if (Handle != NULL) {
            NtClose(Handle);
        }
    }
    RtlAdjustPrivilege(8, FALSE, FALSE, &Was);
}

/* A privilege gives WRITE_OWNER of what a descriptor denies it for: of a device, a pipe, a mailslot. */
static void
Owners(void)
{
    SECURITY_DESCRIPTOR Descriptor;
    SECURITY_ATTRIBUTES Security = {sizeof(Security), &Descriptor, FALSE};
    static const BYTE World[] = {1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0};
    static const PCWSTR Names[] = {L"\\Device\\Null", L"\\??\\pipe\\ntlab-owners",
                                   L"\\??\\mailslot\\ntlab-owners"};
    _Alignas(8) BYTE List[64];
    HANDLE Pipe, Slot;
    BOOLEAN Was;

    EXPECT(InitializeAcl((PACL)List, sizeof(List), ACL_REVISION));
    EXPECT(AddAccessAllowedAce((PACL)List, ACL_REVISION, FILE_GENERIC_READ | FILE_GENERIC_WRITE,
                               (PSID)World));
    EXPECT(InitializeSecurityDescriptor(&Descriptor, SECURITY_DESCRIPTOR_REVISION));
    EXPECT(SetSecurityDescriptorDacl(&Descriptor, TRUE, (PACL)List, FALSE));
    Pipe =
        CreateNamedPipeA("\\\\.\\pipe\\ntlab-owners", PIPE_ACCESS_DUPLEX, 0, 8, 0, 0, 0, &Security);
    Slot = CreateMailslotA("\\\\.\\mailslot\\ntlab-owners", 0, 0, &Security);
    EXPECT(Pipe != INVALID_HANDLE_VALUE && Slot != INVALID_HANDLE_VALUE);
    for (ULONG i = 1; i < 6; i++) {
        BOOLEAN Has = i >= 3;
        HANDLE Handle = NULL;
        ULONG Status;

        EXPECT_EQ(RtlAdjustPrivilege(9 /* SeTakeOwnershipPrivilege */, Has, FALSE, &Was), 0);
        Status = (ULONG)NtOpenFile(&Handle, FILE_WRITE_DATA | WRITE_OWNER | SYNCHRONIZE,
                                   At(Names[i % 3]), &Iosb, 7, FILE_SYNCHRONOUS_IO_NONALERT);
        EXPECT_EQ(Status, Has ? 0 : 0xC0000022);
        if (Handle != NULL) {
            NtClose(Handle);
        }
    }
    RtlAdjustPrivilege(9, FALSE, FALSE, &Was);
    CloseHandle(Pipe);
    CloseHandle(Slot);
}

/* Another process has a handle of the same open file: who closes his own one unlocks what he has locked. */
static void
Locks(const char *Self)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child = {0};
    char Line[300], Bytes[8] = "1234567";
    HANDLE First, Second, Theirs;
    DWORD Done;

    for (ULONG i = 0; i < 4; i++) {
        DWORD Flags = i & 1 ? FILE_FLAG_OVERLAPPED : 0;
        OVERLAPPED Where = {0};

        First = CreateFileA("C:\\io-locks", GENERIC_READ | GENERIC_WRITE, 7, NULL, CREATE_ALWAYS,
                            Flags, NULL);
        Second = CreateFileA("C:\\io-locks", GENERIC_READ, 7, NULL, OPEN_EXISTING, 0, NULL);
        EXPECT(First != INVALID_HANDLE_VALUE && Second != INVALID_HANDLE_VALUE);
        EXPECT(WriteFile(First, Bytes, sizeof(Bytes), &Done, &Where) ||
               GetOverlappedResult(First, &Where, &Done, TRUE));
        sprintf(Line, "%s child", Self);
        EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, CREATE_SUSPENDED, NULL, NULL, &Startup,
                              &Child));
        EXPECT(DuplicateHandle(GetCurrentProcess(), First, Child.hProcess, &Theirs, 0, FALSE,
                               DUPLICATE_SAME_ACCESS));
        memset(&Where, 0, sizeof(Where));
        if (i < 2) {
            EXPECT(LockFileEx(First, LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY, 0, 4, 0,
                              &Where));
            EXPECT(!ReadFile(Second, Bytes, 4, &Done, NULL) &&
                   GetLastError() == ERROR_LOCK_VIOLATION);
        }
        CloseHandle(First);
        SetFilePointer(Second, 0, NULL, FILE_BEGIN);
        EXPECT(ReadFile(Second, Bytes, 4, &Done, NULL) && Done == 4);
        EXPECT(memcmp(Bytes, "1234", 4) == 0);
        TerminateProcess(Child.hProcess, 0);
        WaitForSingleObject(Child.hProcess, INFINITE);
        CloseHandle(Child.hThread);
        CloseHandle(Child.hProcess);
        CloseHandle(Second);
    }
}

int
main(int argc, char **argv)
{
    if (argc > 1) {
        return 0;
    }
    Memory();
    SystemList();
    Owners();
    Locks(argv[0]);
    return TEST_DONE();
}
