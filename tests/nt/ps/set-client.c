/*
 * set-client.c - what NtSetInformationProcess and NtSetInformationThread take: each class exactly its length, what can be read, values that mean
 * something, and of what needs a privilege nothing without it; what is refused changes nothing. [DDI:ntifs/ntsetinformationthread],
 * [LEARN:processthreadsapi/setthreadpriority, setthreadaffinitymask, setpriorityclass, setthreaddescription], [DDI:wdm/zwsetinformationthread].
 */
#include "../ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtSetInformationThread(HANDLE, THREADINFOCLASS, PVOID, ULONG);

#define MISMATCH  0xC0000004
#define BAD_VALUE 0xC000000D
#define NO_CLASS  0xC0000003
#define VIOLATION 0xC0000005
#define PRIVILEGE 0xC0000061
#define ME        ((HANDLE) - 1)
#define MY_THREAD ((HANDLE) - 2)

static ULONG
OfThread(ULONG Class, ULONG64 Value, ULONG Bytes)
{
    return (ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)Class, &Value, Bytes);
}

static ULONG
OfProcess(ULONG Class, ULONG64 Value, ULONG Bytes)
{
    return (ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)Class, &Value, Bytes);
}

/* One byte more or less than the class has; a buffer that is not there. */
static void
Lengths(void)
{
    static const struct {
        ULONG Class, Bytes;
    } Threads[] = {{2, 4},  {3, 4},  {4, 8},  {5, 8},  {9, 8},   {13, 4}, {14, 4},
                   {17, 0}, {18, 4}, {22, 4}, {24, 4}, {30, 16}, {33, 4}, {38, 16}},
      Processes[] = {{5, 4},  {9, 16}, {12, 4}, {18, 2}, {21, 8},
                     {22, 4}, {29, 4}, {33, 4}, {39, 4}};

    for (int i = 0; i < (int)(sizeof(Threads) / sizeof(Threads[0])); i++) {
        ULONG64 Space[4] = {0};
        THREADINFOCLASS Class = (THREADINFOCLASS)Threads[i].Class;
        ULONG Bytes = Threads[i].Bytes;

        EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, Class, Space, Bytes + 1), MISMATCH);
        if (Bytes != 0) {
            EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, Class, Space, Bytes - 1), MISMATCH);
            EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, Class, (PVOID)16, Bytes), VIOLATION);
        }
    }
    for (int i = 0; i < (int)(sizeof(Processes) / sizeof(Processes[0])); i++) {
        ULONG64 Space[4] = {0};
        ULONG Class = Processes[i].Class, Bytes = Processes[i].Bytes;

        EXPECT_EQ((ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)Class, Space, Bytes + 1),
                  MISMATCH);
        EXPECT_EQ((ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)Class, Space, Bytes - 1),
                  MISMATCH);
        EXPECT_EQ((ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)Class, (PVOID)16, Bytes),
                  VIOLATION);
    }
    EXPECT_EQ(OfThread(1000, 0, 4), NO_CLASS);
    EXPECT_EQ(OfProcess(1000, 0, 4), NO_CLASS);
}

static void
Priorities(BOOL Privileged)
{
    ULONG Denied = Privileged ? 0 : PRIVILEGE;

    EXPECT_EQ(OfThread(2, 0, 4), BAD_VALUE);
    EXPECT_EQ(OfThread(2, 32, 4), BAD_VALUE);
    EXPECT_EQ(OfThread(2, 16, 4), Denied);
    EXPECT_EQ(OfThread(2, 15, 4), 0);
    EXPECT_EQ(OfThread(2, 8, 4), 0);
    for (int Base = -20; Base <= 20; Base++) {
        BOOL Good =
            (Base >= -2 && Base <= 2) || Base == 15 || Base == -15 || Base == 16 || Base == -16;

        EXPECT_EQ(OfThread(3, (ULONG)Base, 4), Good ? 0 : BAD_VALUE);
        if (Good) {
            EXPECT_EQ(GetThreadPriority(GetCurrentThread()), Base == 16    ? 15
                                                             : Base == -16 ? -15
                                                                           : Base);
        }
    }
    EXPECT(SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_NORMAL));
    EXPECT(!SetThreadPriority(GetCurrentThread(), 7));
    EXPECT_EQ(GetThreadPriority(GetCurrentThread()), THREAD_PRIORITY_NORMAL);

    EXPECT_EQ(OfProcess(5, 0, 4), BAD_VALUE);
    EXPECT_EQ(OfProcess(5, 32, 4), BAD_VALUE);
    EXPECT_EQ(OfProcess(5, 9, 4), Denied);
    EXPECT_EQ(OfProcess(5, 8, 4), 0);
    EXPECT_EQ(OfProcess(18, 7 << 8, 2), BAD_VALUE);
    EXPECT_EQ(OfProcess(18, 4 << 8, 2), Denied); /* real time */
    if (Privileged) {                            /* there the range is wider */
        EXPECT_EQ(OfThread(3, 6, 4), 0);
        EXPECT_EQ(OfThread(3, 7, 4), BAD_VALUE);
        EXPECT_EQ(OfThread(3, (ULONG)-7, 4), 0);
        EXPECT_EQ(OfThread(3, (ULONG)-8, 4), BAD_VALUE);
        EXPECT_EQ(OfThread(3, 0, 4), 0);
    }
    EXPECT(SetPriorityClass(GetCurrentProcess(), BELOW_NORMAL_PRIORITY_CLASS));
    EXPECT_EQ(GetPriorityClass(GetCurrentProcess()), BELOW_NORMAL_PRIORITY_CLASS);
    EXPECT(SetPriorityClass(GetCurrentProcess(), NORMAL_PRIORITY_CLASS));
    EXPECT_EQ(GetPriorityClass(GetCurrentProcess()), NORMAL_PRIORITY_CLASS);
}

static void
IoAndPages(BOOL Privileged)
{
    ULONG Got = 99, Length;

    for (ULONG Hint = 0; Hint < 7;
         Hint++) { /* very low, low, normal; high and critical are the system's */
        ULONG Expected = Hint <= 2 || (Privileged && Hint <= 4) ? 0
                         : Hint <= 4                            ? PRIVILEGE
                                                                : BAD_VALUE;

        EXPECT_EQ(OfThread(22, Hint, 4), Expected);
        if (Expected == 0) {
            EXPECT_EQ(
                (ULONG)NtQueryInformationThread(MY_THREAD, (THREADINFOCLASS)22, &Got, 4, &Length),
                0);
            EXPECT(Got == Hint && Length == 4);
        }
    }
    for (ULONG Page = 0; Page < 8; Page++) {
        EXPECT_EQ(OfThread(24, Page, 4), Page <= 5 ? 0 : BAD_VALUE);
        EXPECT_EQ((ULONG)NtQueryInformationThread(MY_THREAD, (THREADINFOCLASS)24, &Got, 4, &Length),
                  0);
        EXPECT_EQ(Got, Page <= 5 ? Page : 5);
    }
}

static void
Processors(void)
{
    struct {
        ULONG64 Mask;
        USHORT Group, Reserved[3];
    } Group = {0};
    struct {
        USHORT Group;
        UCHAR Number, Reserved;
    } Ideal = {0};
    DWORD_PTR Mine, All;

    GetProcessAffinityMask(GetCurrentProcess(), &Mine, &All);
    EXPECT_EQ(Mine, All);
    EXPECT_EQ(OfThread(4, 0, 8), BAD_VALUE);
    EXPECT_EQ(OfThread(4, All + 1, 8), BAD_VALUE);
    EXPECT_EQ(SetThreadAffinityMask(GetCurrentThread(), 1), Mine);
    EXPECT_EQ(SetThreadAffinityMask(GetCurrentThread(), Mine), 1);
    EXPECT_EQ(OfProcess(21, 0, 8), BAD_VALUE);
    EXPECT_EQ(OfProcess(21, All + 1, 8), BAD_VALUE);
    EXPECT_EQ(OfProcess(21, 1, 8), 0);
    EXPECT_EQ(SetThreadAffinityMask(GetCurrentThread(), 1), 1); /* its threads with it */
    EXPECT_EQ(OfThread(4, All, 8), All == 1 ? 0 : BAD_VALUE);
    EXPECT_EQ(OfProcess(21, All, 8), 0);
    EXPECT_EQ(OfThread(4, All, 8), 0);

    Group.Mask = 1;
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)30, &Group, 16), 0);
    EXPECT_EQ(SetThreadAffinityMask(GetCurrentThread(), All), 1);
    Group.Mask = 0;
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)30, &Group, 16), BAD_VALUE);
    Group.Mask = 1;
    Group.Group = 1;
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)30, &Group, 16), BAD_VALUE);
    EXPECT_EQ(OfThread(13, (ULONG)-1, 4), BAD_VALUE);
    EXPECT_EQ(OfThread(13, MAXIMUM_PROCESSORS + 1, 4), BAD_VALUE);
    OfThread(13, 0, 4);
    EXPECT_EQ(OfThread(13, MAXIMUM_PROCESSORS, 4), 0); /* only asks: the one before */
    EXPECT_EQ(OfThread(13, 0, 4), 0);
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)33, &Ideal, 4), 0);
    Ideal.Number = 63;
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)33, &Ideal, 4), BAD_VALUE);
    Ideal.Number = 0;
    Ideal.Group = 1;
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)33, &Ideal, 4), BAD_VALUE);
}

static void
Names(void)
{
    static WCHAR Text[] = L"a thread of the test";
    UNICODE_STRING Name = {sizeof(Text) - 2, sizeof(Text), Text}, Bad = {8, 8, (PWSTR)16};
    ULONG64 Space[32];
    UNICODE_STRING *Got = (PVOID)Space;
    ULONG Length;

    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)38, &Name, 16), 0);
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)38, &Bad, 16), VIOLATION);
    EXPECT_EQ((ULONG)NtQueryInformationThread(MY_THREAD, (THREADINFOCLASS)38, Space, sizeof(Space),
                                              &Length),
              0);
    EXPECT(Got->Length == Name.Length && memcmp(Got->Buffer, Text, Name.Length) == 0);
    EXPECT_EQ(OfThread(9, 0x12340000, 8), 0);
    EXPECT_EQ((ULONG)NtQueryInformationThread(MY_THREAD, (THREADINFOCLASS)9, Space, 8, &Length), 0);
    EXPECT_EQ(Space[0], 0x12340000);
}

/* Only a primary token may become a process's, and only who may assign one. */
static void
Tokens(BOOL Privileged)
{
    HANDLE Access[2] = {NULL, NULL}, Mine, Impersonation = NULL, Primary = NULL;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Mine);
    EXPECT(DuplicateTokenEx(Mine, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation,
                            &Impersonation));
    EXPECT(
        DuplicateTokenEx(Mine, TOKEN_QUERY, NULL, SecurityImpersonation, TokenPrimary, &Primary));
    Access[0] = Impersonation;
    EXPECT((ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)9, Access, 16) ==
               (Privileged ? 0xC00000A8 : PRIVILEGE) ||
           (ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)9, Access, 16) ==
               PRIVILEGE); /* administrators do not hold it by default */
    Access[0] = Primary;   /* without TOKEN_ASSIGN_PRIMARY */
    EXPECT((ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)9, Access, 16) == 0xC0000022 ||
           (ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)9, Access, 16) == PRIVILEGE);
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)5, &Mine, 8),
              0xC00000A8); /* STATUS_BAD_TOKEN_TYPE */
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)5, &Primary, 8),
              0xC0000022);
    EXPECT_EQ((ULONG)NtSetInformationThread(MY_THREAD, (THREADINFOCLASS)5, &Impersonation, 8), 0);
    EXPECT(RevertToSelf());
    CloseHandle(Impersonation);
    CloseHandle(Primary);
    CloseHandle(Mine);
}

/* Who may assign one: a primary token for which TOKEN_ASSIGN_PRIMARY is held becomes the process's, and nothing else does. */
static void
PrimaryToken(void)
{
    HANDLE Access[2] = {NULL, NULL}, Mine, Token[3], Now;
    TOKEN_STATISTICS Old, New;
    DWORD Bytes;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &Mine);
    EXPECT(GetTokenInformation(Mine, TokenStatistics, &Old, sizeof(Old), &Bytes));
    DuplicateTokenEx(Mine, TOKEN_ALL_ACCESS, NULL, SecurityImpersonation, TokenImpersonation,
                     &Token[0]);
    DuplicateTokenEx(Mine, TOKEN_QUERY, NULL, SecurityImpersonation, TokenPrimary, &Token[1]);
    DuplicateTokenEx(Mine, TOKEN_ASSIGN_PRIMARY | TOKEN_QUERY, NULL, SecurityImpersonation,
                     TokenPrimary, &Token[2]);
    for (int i = 0; i < 4; i++) {
        static const ULONG Expected[] = {0xC00000A8, 0xC0000022, 0, 0xC0000008};

        Access[0] = i < 3 ? Token[i] : (HANDLE)0x7FF4;
        EXPECT_EQ((ULONG)NtSetInformationProcess(ME, (PROCESSINFOCLASS)9, Access, 16), Expected[i]);
        OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &Now);
        EXPECT(GetTokenInformation(Now, TokenStatistics, &New, sizeof(New), &Bytes));
        CloseHandle(Now);
        EXPECT_EQ(memcmp(&New.TokenId, &Old.TokenId, sizeof(LUID)) == 0, i < 2);
    }
    GetTokenInformation(Token[2], TokenStatistics, &Old, sizeof(Old), &Bytes);
    EXPECT_EQ(memcmp(&New.TokenId, &Old.TokenId, sizeof(LUID)), 0);
    for (int i = 0; i < 3; i++) {
        CloseHandle(Token[i]);
    }
    CloseHandle(Mine);
}

/* Held, and disabled. */
static void
MayEnable(ULONG Privilege)
{
    TOKEN_PRIVILEGES Wanted = {1, {{{Privilege, 0}, SE_PRIVILEGE_ENABLED}}};
    HANDLE Token;

    OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &Token);
    EXPECT(AdjustTokenPrivileges(Token, FALSE, &Wanted, 0, NULL, NULL) &&
           GetLastError() == ERROR_SUCCESS);
    CloseHandle(Token);
}

/* ProcessInstrumentationCallback [PH:ntpsapi.h: PROCESS_INSTRUMENTATION_CALLBACK_INFORMATION]: user mode begins there, and finds in r10 where to go on. */
volatile ULONG64 Entered;
void Instrument(void);
__asm__(".text\n"
        ".globl Instrument\n"
        "Instrument:\n"
        "    lock incq Entered(%rip)\n"
        "    jmpq *%r10\n");

static DWORD WINAPI
Returns(PVOID Context)
{
    return 6;
}

static ULONG64
Entries(void)
{
    ULONG64 Before = Entered;
    HANDLE Thread;
    DWORD Code = 0;

    for (int i = 0; i < 5; i++) {
        Sleep(0);
    }
    EXPECT(Entered == Before || Entered >= Before + 5);
    Thread = CreateThread(NULL, 0, Returns, NULL, 0, NULL);
    WaitForSingleObject(Thread, INFINITE);
    EXPECT(GetExitCodeThread(Thread, &Code) && Code == 6);
    CloseHandle(Thread);
    return Entered - Before;
}

static void
Instrumented(void)
{
    struct {
        ULONG Version, Reserved;
        PVOID Callback;
    } New = {0, 0, Instrument};
    PVOID Old = Instrument;
    PROCESSINFOCLASS Class = (PROCESSINFOCLASS)40;

    EXPECT_EQ(Entries(), 0);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, Class, &New, 12), MISMATCH);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, Class, (PVOID)16, 16), VIOLATION);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, Class, (PVOID)16, 8), VIOLATION);
    EXPECT_EQ(Entries(), 0);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, Class, &New, 16), 0);
    EXPECT(Entries() >= 6);
    New.Callback = NULL;
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, Class, &New, 16), 0);
    EXPECT_EQ(Entries(), 0);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, Class, &Old, 8), 0); /* the form of 7 */
    EXPECT(Entries() >= 6);
    Old = NULL;
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, Class, &Old, 8), 0);
    EXPECT_EQ(Entries(), 0);
}

int
main(int Count, char **Words)
{
    BOOL System = Count > 1 && Words[1][0] == 's';
    BOOL Privileged = Count > 1 && Words[1][0] != 'u';

    if (Privileged) {
        MayEnable(14); /* SeIncreaseBasePriorityPrivilege */
    }
    if (System) {
        MayEnable(3); /* SeAssignPrimaryTokenPrivilege */
        PrimaryToken();
        return TEST_DONE();
    }
    Lengths();
    Priorities(Privileged);
    IoAndPages(Privileged);
    Processors();
    Names();
    Tokens(Privileged);
    Instrumented();
    return TEST_DONE();
}
