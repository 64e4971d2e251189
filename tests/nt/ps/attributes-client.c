/*
 * attributes-client.c - what NtCreateUserProcess and NtCreateThreadEx are given beside their arguments: lists of attributes and
 * parameters, each pointer of them wrong in turn, lengths that do not fit, handles of other types. A wrong address of the
 * system's memory is refused as one of nowhere is, and what lies there stays as it is.
 * [PH:ntpsapi.h: PS_ATTRIBUTE_LIST; LEARN: UpdateProcThreadAttribute]
 */
#include "ntlab-client.h"

typedef LONG NTSTATUS;
typedef struct {
    USHORT Length, Maximum;
    const WCHAR *Buffer;
} STRING16;
typedef struct {
    ULONG_PTR Attribute;
    SIZE_T Size;
    ULONG_PTR Value;
    PSIZE_T ReturnLength;
} ATTRIBUTE;
typedef struct {
    SIZE_T TotalLength;
    ATTRIBUTE Attributes[4];
} ATTRIBUTES;
typedef struct {
    HANDLE Process, Thread;
} IDS;

#define PARENT     0x60000
#define DEBUGGER   0x60001
#define TOKEN      0x60002
#define CLIENT_ID  0x10003
#define TEB        0x10004
#define IMAGE_NAME 0x20005
#define HANDLES    0x2000B

#define VIOLATION ((NTSTATUS)0xC0000005)
#define INVALID   ((NTSTATUS)0xC000000D)
#define NO_HANDLE ((NTSTATUS)0xC0000008)
#define MISMATCH  ((NTSTATUS)0xC0000024)

NTSTATUS NTAPI NtCreateUserProcess(PHANDLE, PHANDLE, ACCESS_MASK, ACCESS_MASK, PVOID, PVOID, ULONG,
                                   ULONG, PVOID, PVOID, PVOID);
NTSTATUS NTAPI NtCreateThreadEx(PHANDLE, ACCESS_MASK, PVOID, HANDLE, PVOID, PVOID, ULONG, SIZE_T,
                                SIZE_T, SIZE_T, PVOID);
NTSTATUS NTAPI RtlCreateProcessParametersEx(PVOID *, STRING16 *, STRING16 *, STRING16 *, STRING16 *,
                                            PVOID, STRING16 *, STRING16 *, STRING16 *, STRING16 *,
                                            ULONG);
NTSTATUS NTAPI NtQuerySystemInformation(ULONG, PVOID, ULONG, PULONG);
NTSTATUS NTAPI NtQueryInformationProcess(HANDLE, ULONG, PVOID, ULONG, PULONG);

static WCHAR Path[300] = L"\\??\\";
static BYTE *Parameters; /* RTL_USER_PROCESS_PARAMETERS, with addresses */
static ULONG_PTR System; /* memory of the system's, which can be read there */
static const ULONG_PTR Nowhere = 0x12340000;

static void
Find(void)
{
    static BYTE Modules[0x8000];
    STRING16 Image;
    ULONG Bytes;

    GetModuleFileNameW(NULL, Path + 4, 290);
    Image.Length = Image.Maximum = (USHORT)(wcslen(Path) * 2);
    Image.Buffer = Path;
    EXPECT_EQ(RtlCreateProcessParametersEx((PVOID *)&Parameters, &Image, NULL, NULL, &Image, NULL,
                                           NULL, NULL, NULL, NULL, 1),
              0);
    EXPECT_EQ(NtQuerySystemInformation(11 /* modules */, Modules, sizeof(Modules), &Bytes), 0);
    System = *(ULONG_PTR *)(Modules + 8 + 16);
    EXPECT(System > 0x100000000ull);
}

static NTSTATUS
Create(const ATTRIBUTE *More, PVOID Given, ULONG_PTR Name, SIZE_T NameBytes)
{
    HANDLE Process = NULL, Thread = NULL;
    ATTRIBUTES List = {sizeof(SIZE_T) + (More != NULL ? 2 : 1) * sizeof(ATTRIBUTE),
                       {{IMAGE_NAME, NameBytes, Name, NULL}}};
    NTSTATUS Status;

    if (More != NULL) {
        List.Attributes[1] = *More;
    }
    Status = NtCreateUserProcess(&Process, &Thread, MAXIMUM_ALLOWED, MAXIMUM_ALLOWED, NULL, NULL, 0,
                                 1 /* suspended */, Given, NULL, &List);
    if (Process != NULL) {
        TerminateProcess(Process, 3);
        WaitForSingleObject(Process, INFINITE);
        CloseHandle(Process);
        CloseHandle(Thread);
    }
    return Status;
}

static NTSTATUS
With(ULONG_PTR Attribute, SIZE_T Size, ULONG_PTR Value)
{
    ATTRIBUTE More = {Attribute, Size, Value, NULL};

    return Create(&More, Parameters, (ULONG_PTR)Path, wcslen(Path) * 2);
}

static void
Names(void)
{
    SIZE_T Bytes = wcslen(Path) * 2;

    EXPECT_EQ(Create(NULL, Parameters, (ULONG_PTR)Path, Bytes), 0);
    EXPECT_EQ(Create(NULL, Parameters, System, Bytes), VIOLATION);
    EXPECT_EQ(Create(NULL, Parameters, Nowhere, Bytes), VIOLATION);
    EXPECT_EQ(Create(NULL, Parameters, (ULONG_PTR)Path, 0), INVALID);
    EXPECT_EQ(Create(NULL, Parameters, (ULONG_PTR)Path, 0x7FFF), INVALID);
    EXPECT_EQ(Create(NULL, (PVOID)System, (ULONG_PTR)Path, Bytes), VIOLATION);
    EXPECT_EQ(Create(NULL, (PVOID)Nowhere, (ULONG_PTR)Path, Bytes), VIOLATION);
    EXPECT_EQ(Create(NULL, Parameters, (ULONG_PTR)L"\\??\\C:\\none.exe", 30), (NTSTATUS)0xC0000034);
}

/* Each string of the parameters, and the environment, whose length is told behind. */
static void
Strings(void)
{
    static const ULONG At[] = {0x38, 0x50, 0x60, 0x70, 0xB0, 0xC0, 0xD0, 0xE0};
    SIZE_T Bytes = wcslen(Path) * 2, Environment = *(SIZE_T *)(Parameters + 0x3F0);

    for (ULONG i = 0; i < ARRAYSIZE(At); i++) {
        STRING16 *String = (STRING16 *)(Parameters + At[i]), Kept = *String;
        const ULONG_PTR Wrong[] = {System, Nowhere};

        for (ULONG j = 0; j < ARRAYSIZE(Wrong); j++) {
            String->Buffer = (const WCHAR *)Wrong[j];
            String->Length = String->Maximum = 8;
            EXPECT_EQ(Create(NULL, Parameters, (ULONG_PTR)Path, Bytes), VIOLATION);
        }
        *String = Kept;
    }
    *(SIZE_T *)(Parameters + 0x3F0) = 0x100001;
    EXPECT_EQ(Create(NULL, Parameters, (ULONG_PTR)Path, Bytes), INVALID);
    *(SIZE_T *)(Parameters + 0x3F0) = Environment;
    for (ULONG j = 0; j < 2; j++) {
        PVOID Kept = *(PVOID *)(Parameters + 0x80);

        *(ULONG_PTR *)(Parameters + 0x80) = j == 0 ? System : Nowhere;
        EXPECT_EQ(Create(NULL, Parameters, (ULONG_PTR)Path, Bytes), VIOLATION);
        *(PVOID *)(Parameters + 0x80) = Kept;
    }
    EXPECT_EQ(Create(NULL, Parameters, (ULONG_PTR)Path, Bytes), 0);
}

static void
Attributes(void)
{
    HANDLE Event = CreateEventA(NULL, FALSE, FALSE, NULL), Token, Duplicate, Weak;
    HANDLE List[2] = {Event, Event};
    IDS Ids = {0};

    EXPECT_EQ(With(CLIENT_ID, sizeof(Ids), (ULONG_PTR)&Ids), 0);
    EXPECT(Ids.Process != NULL && Ids.Thread != NULL);
    EXPECT_EQ(With(CLIENT_ID, sizeof(Ids), System), VIOLATION);
    EXPECT_EQ(With(CLIENT_ID, sizeof(Ids), Nowhere), VIOLATION);
    EXPECT_EQ(With(PARENT, 8, (ULONG_PTR)GetCurrentProcess()), 0);
    EXPECT_EQ(With(PARENT, 8, (ULONG_PTR)Event), MISMATCH);
    EXPECT_EQ(With(PARENT, 8, 0x7770), NO_HANDLE);
    EXPECT(DuplicateHandle(GetCurrentProcess(), GetCurrentProcess(), GetCurrentProcess(), &Weak,
                           SYNCHRONIZE, FALSE, 0));
    EXPECT_EQ(With(PARENT, 8, (ULONG_PTR)Weak), (NTSTATUS)0xC0000022);
    EXPECT_EQ(With(DEBUGGER, 8, (ULONG_PTR)Event), MISMATCH);
    EXPECT(OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Token));
    EXPECT(DuplicateTokenEx(Token, 0, NULL, SecurityImpersonation, TokenPrimary, &Duplicate));
    EXPECT_EQ(With(TOKEN, 8, (ULONG_PTR)Duplicate), 0);
    EXPECT_EQ(With(TOKEN, 8, (ULONG_PTR)Event), MISMATCH);
    EXPECT_EQ(With(HANDLES, sizeof(List), (ULONG_PTR)List), 0);
    EXPECT_EQ(With(HANDLES, 0, (ULONG_PTR)List), INVALID);
    EXPECT_EQ(With(HANDLES, 12, (ULONG_PTR)List), INVALID);
    EXPECT_EQ(With(HANDLES, 0x10008, (ULONG_PTR)List), INVALID);
    EXPECT_EQ(With(HANDLES, sizeof(List), System), VIOLATION);
    EXPECT_EQ(With(HANDLES, sizeof(List), Nowhere), VIOLATION);
}

/* Whose child it is that names another parent, and what it inherits: that one's priority class. */
static void
Parents(void)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Parent;
    ULONG_PTR Basic[6] = {0};
    HANDLE Child = NULL, Thread = NULL;
    IDS Ids = {0};
    ATTRIBUTES List = {sizeof(SIZE_T) + 3 * sizeof(ATTRIBUTE),
                       {{IMAGE_NAME, wcslen(Path) * 2, (ULONG_PTR)Path, NULL},
                        {CLIENT_ID, sizeof(Ids), (ULONG_PTR)&Ids, NULL},
                        {PARENT, 8, 0, NULL}}};
    char Line[] = "parent", Image[MAX_PATH];

    GetModuleFileNameA(NULL, Image, MAX_PATH);
    EXPECT(CreateProcessA(Image, Line, NULL, NULL, FALSE, CREATE_SUSPENDED | IDLE_PRIORITY_CLASS,
                          NULL, NULL, &Startup, &Parent));
    List.Attributes[2].Value = (ULONG_PTR)Parent.hProcess;
    EXPECT_EQ(NtCreateUserProcess(&Child, &Thread, MAXIMUM_ALLOWED, MAXIMUM_ALLOWED, NULL, NULL, 0,
                                  1, Parameters, NULL, &List),
              0);
    EXPECT_EQ(NtQueryInformationProcess(Child, 0, Basic, sizeof(Basic), NULL), 0);
    EXPECT_EQ(Basic[4], (ULONG_PTR)Ids.Process);
    EXPECT_EQ(Basic[5], Parent.dwProcessId);
    EXPECT_EQ(GetProcessId(Child), (ULONG_PTR)Ids.Process);
    EXPECT_EQ(GetThreadId(Thread), (ULONG_PTR)Ids.Thread);
    EXPECT(TerminateProcess(Child, 1) && TerminateProcess(Parent.hProcess, 1));
    CloseHandle(Child);
    CloseHandle(Thread);
    CloseHandle(Parent.hProcess);
    CloseHandle(Parent.hThread);
}

static DWORD WINAPI
Nothing(PVOID Context)
{
    return 4;
}

static NTSTATUS
CreateThreadWith(PVOID Attributes)
{
    HANDLE Thread = NULL;
    NTSTATUS Status = NtCreateThreadEx(&Thread, MAXIMUM_ALLOWED, NULL, GetCurrentProcess(), Nothing,
                                       NULL, 0, 0, 0, 0, Attributes);

    if (Thread != NULL) {
        WaitForSingleObject(Thread, INFINITE);
        CloseHandle(Thread);
    }
    return Status;
}

static void
Threads(void)
{
    IDS Ids = {0};
    PVOID Teb = NULL;
    ATTRIBUTES List = {sizeof(SIZE_T) + 2 * sizeof(ATTRIBUTE),
                       {{CLIENT_ID, sizeof(Ids), (ULONG_PTR)&Ids, NULL},
                        {TEB, sizeof(Teb), (ULONG_PTR)&Teb, NULL}}};

    EXPECT_EQ(CreateThreadWith(NULL), 0);
    EXPECT_EQ(CreateThreadWith(&List), 0);
    EXPECT((ULONG_PTR)Ids.Process == GetCurrentProcessId() && Ids.Thread != NULL && Teb != NULL);
    EXPECT_EQ(CreateThreadWith((PVOID)System), VIOLATION);
    EXPECT_EQ(CreateThreadWith((PVOID)Nowhere), VIOLATION);
    List.Attributes[0].Value = System;
    EXPECT_EQ(CreateThreadWith(&List), VIOLATION);
    List.Attributes[0].Value = (ULONG_PTR)&Ids;
    List.Attributes[1].Value = System;
    EXPECT_EQ(CreateThreadWith(&List), VIOLATION);
    List.Attributes[1].Value = Nowhere;
    EXPECT_EQ(CreateThreadWith(&List), VIOLATION);
}

int
main(int argc, char **argv)
{
    Find();
    Names();
    Strings();
    Attributes();
    Parents();
    Threads();
    return TEST_DONE();
}
