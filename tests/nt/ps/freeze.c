/*
 * freeze.c - processes stand still: NtSuspendProcess, and jobs that are frozen. [PH:ntpsapi.h]:
 * JOBOBJECT_FREEZE_INFORMATION (8 and later), NtSuspendProcess, NtResumeProcess; Win32: AssignProcessToJobObject.
 * `counts` as argument: the child, which counts in shared memory, with two threads. BEFORE8: jobs cannot be frozen.
 */
#include "ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtSuspendProcess(HANDLE);
NTSTATUS NTAPI NtResumeProcess(HANDLE);
NTSTATUS NTAPI NtSetInformationJobObject(HANDLE, ULONG, PVOID, ULONG);

typedef struct _FREEZE {
    ULONG Flags;
    BOOLEAN Freeze, Swap;
    UCHAR Reserved[2];
    ULONG HighEdge, LowEdge;
} FREEZE;

static volatile LONG
    *Counters; /* of the child's threads: 0, 1 and 3; at 4 the address of its Counts */

static DWORD WINAPI
Counts(void *Index)
{
    for (;;) {
        Counters[(ULONG_PTR)Index]++;
        Sleep(1);
    }
}

static void
MapCounters(void)
{
    HANDLE Section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, "NtlabFreeze");

    Counters = MapViewOfFile(Section, FILE_MAP_WRITE, 0, 0, 0x1000);
}

static int
Moves(int Index)
{
    LONG Before = Counters[Index];

    Sleep(20);
    return Counters[Index] != Before;
}

static PROCESS_INFORMATION
Start(const char *Self, DWORD Flags)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    char Line[400];

    Counters[0] = Counters[1] = Counters[3] = 0;
    snprintf(Line, sizeof(Line), "\"%s\" counts", Self);
    EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, Flags, NULL, NULL, &Startup, &Child));
    return Child;
}

static void
Finish(PROCESS_INFORMATION *Child)
{
    EXPECT(TerminateProcess(Child->hProcess, 5));
    EXPECT_EQ(WaitForSingleObject(Child->hProcess, 100), WAIT_OBJECT_0);
    CloseHandle(Child->hThread);
    CloseHandle(Child->hProcess);
}

static void
WholeProcess(const char *Self)
{
    PROCESS_INFORMATION Child = Start(Self, 0);
    HANDLE Weak;

    Sleep(20);
    EXPECT(Moves(0) && Moves(1));
    DuplicateHandle(GetCurrentProcess(), Child.hProcess, GetCurrentProcess(), &Weak,
                    PROCESS_ALL_ACCESS & ~PROCESS_SUSPEND_RESUME, FALSE, 0);
    EXPECT_EQ(NtSuspendProcess(Weak), (NTSTATUS)0xC0000022 /* STATUS_ACCESS_DENIED */);
    EXPECT_EQ(NtResumeProcess(Weak), (NTSTATUS)0xC0000022);
    CloseHandle(Weak);
    EXPECT(Moves(0));
    DuplicateHandle(GetCurrentProcess(), Child.hProcess, GetCurrentProcess(), &Weak,
                    PROCESS_SUSPEND_RESUME, FALSE, 0);
    EXPECT_EQ(NtSuspendProcess(Weak), 0); /* the right that it takes is enough */
    EXPECT(!Moves(0));
    EXPECT(!Moves(1));
    EXPECT_EQ(SuspendThread(Child.hThread), 1); /* each thread's count went up */
    EXPECT_EQ(ResumeThread(Child.hThread), 2);
    EXPECT_EQ(NtSuspendProcess(Weak), 0);
    EXPECT_EQ(NtResumeProcess(Weak), 0);
    EXPECT(!Moves(0)); /* twice suspended, once resumed */
    EXPECT_EQ(NtResumeProcess(Weak), 0);
    EXPECT(Moves(0) && Moves(1));
    EXPECT_EQ(NtResumeProcess(Weak), 0); /* once too often: nothing */
    EXPECT_EQ(SuspendThread(Child.hThread), 0);
    EXPECT_EQ(ResumeThread(Child.hThread), 1);
    EXPECT_EQ(NtSuspendProcess((HANDLE)0x7770), (NTSTATUS)0xC0000008 /* STATUS_INVALID_HANDLE */);
    EXPECT_EQ(NtSuspendProcess(GetCurrentThread()),
              (NTSTATUS)0xC0000024 /* STATUS_OBJECT_TYPE_MISMATCH */);
    EXPECT_EQ(NtSuspendProcess(Weak), 0);
    CloseHandle(Weak);
    Finish(&Child); /* suspended processes can be ended */
}

static NTSTATUS
SetFreeze(HANDLE Job, BOOLEAN Freeze)
{
    FREEZE Info = {.Flags = 1, .Freeze = Freeze};

    return NtSetInformationJobObject(Job, 18, &Info, sizeof(Info));
}

static void
Jobs(const char *Self)
{
    PROCESS_INFORMATION Child = Start(Self, 0);
    HANDLE Job = CreateJobObjectA(NULL, NULL), Weak;
    FREEZE Info = {.Flags = 1, .Freeze = TRUE};

    Sleep(20);
    EXPECT(AssignProcessToJobObject(Job, Child.hProcess));
    EXPECT(Moves(0) && Moves(1));
#ifdef BEFORE8
    EXPECT_EQ(SetFreeze(Job, TRUE), (NTSTATUS)0xC0000003 /* STATUS_INVALID_INFO_CLASS */);
    EXPECT(Moves(0));
    Finish(&Child);
    return;
#endif
    EXPECT_EQ(NtSetInformationJobObject(Job, 18, &Info, sizeof(Info) - 4),
              (NTSTATUS)0xC0000004 /* STATUS_INFO_LENGTH_MISMATCH */);
    Info.Flags = 0x100;
    EXPECT_EQ(NtSetInformationJobObject(Job, 18, &Info, sizeof(Info)),
              (NTSTATUS)0xC000000D /* STATUS_INVALID_PARAMETER */);
    Info.Flags = 0; /* nothing is to be changed */
    EXPECT_EQ(NtSetInformationJobObject(Job, 18, &Info, sizeof(Info)), 0);
    EXPECT(Moves(0));
    DuplicateHandle(GetCurrentProcess(), Job, GetCurrentProcess(), &Weak, JOB_OBJECT_QUERY, FALSE,
                    0);
    EXPECT_EQ(SetFreeze(Weak, TRUE), (NTSTATUS)0xC0000022); /* JOB_OBJECT_SET_ATTRIBUTES */
    CloseHandle(Weak);

    EXPECT_EQ(SetFreeze(Job, TRUE), 0);
    EXPECT(!Moves(0));
    EXPECT(!Moves(1));
    EXPECT_EQ(SetFreeze(Job, TRUE), 0);        /* frozen is frozen: no count */
    EXPECT_EQ(ResumeThread(Child.hThread), 0); /* it is not suspended, and stays frozen */
    EXPECT(!Moves(0));
    EXPECT_EQ(SuspendThread(Child.hThread), 0);
    EXPECT_EQ(SetFreeze(Job, FALSE), 0);
    EXPECT(!Moves(0)); /* suspended as well */
    EXPECT(Moves(1));
    EXPECT_EQ(ResumeThread(Child.hThread), 1);
    EXPECT(Moves(0));

    /* suspended first, then frozen: the resumption is not enough */
    EXPECT_EQ(SuspendThread(Child.hThread), 0);
    EXPECT_EQ(SetFreeze(Job, TRUE), 0);
    EXPECT_EQ(ResumeThread(Child.hThread), 1);
    EXPECT(!Moves(0));
    EXPECT_EQ(SetFreeze(Job, FALSE), 0);
    EXPECT(Moves(0) && Moves(1));

    /* frozen and thawed before it could take notice */
    EXPECT_EQ(SetFreeze(Job, TRUE), 0);
    EXPECT_EQ(SetFreeze(Job, FALSE), 0);
    EXPECT(Moves(0) && Moves(1));

    EXPECT_EQ(SetFreeze(Job, TRUE), 0);
    Finish(&Child); /* frozen processes can be ended */

    /* who joins a frozen job stands still, and so does a thread that starts there */
    Child = Start(Self, CREATE_SUSPENDED);
    EXPECT(AssignProcessToJobObject(Job, Child.hProcess));
    EXPECT_EQ(ResumeThread(Child.hThread), 1);
    EXPECT(!Moves(0));
    EXPECT_EQ(SetFreeze(Job, FALSE), 0);
    EXPECT(Moves(0));
    EXPECT_EQ(SetFreeze(Job, TRUE), 0);
    CloseHandle(CreateRemoteThread(Child.hProcess, NULL, 0, *(LPTHREAD_START_ROUTINE *)&Counters[4],
                                   (void *)3, 0, NULL));
    EXPECT(!Moves(3));
    EXPECT_EQ(Counters[3], 0);
    EXPECT_EQ(SetFreeze(Job, FALSE), 0);
    EXPECT(Moves(3));
    EXPECT(Moves(0));
    Finish(&Child);
    CloseHandle(Job);
}

int
main(int Count, char **Words)
{
    MapCounters();
    if (Count > 1) {
        *(LPTHREAD_START_ROUTINE *)&Counters[4] = Counts; /* where it is in this process */
        CreateThread(NULL, 0, Counts, (void *)1, 0, NULL);
        Counts((void *)0);
    }
    WholeProcess(Words[0]);
    Jobs(Words[0]);
    return TEST_DONE();
}
