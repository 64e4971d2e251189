/*
 * job.c - job objects: who is in one, what it tells, what its limits and its end do to its processes.
 *
 * Win32: Job Objects, AssignProcessToJobObject, TerminateJobObject, IsProcessInJob, QueryInformationJobObject,
 * SetInformationJobObject, JOBOBJECT_BASIC_LIMIT_INFORMATION. As argument: `sleeps`, or `own` for a child that ends its
 * own job.
 */
#include "ntlab-client.h"

static HANDLE
Start(const char *Self, const char *What)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    PROCESS_INFORMATION Child;
    char Line[400];

    snprintf(Line, sizeof(Line), "\"%s\" %s", Self, What);
    EXPECT(CreateProcessA(NULL, Line, NULL, NULL, FALSE, 0, NULL, NULL, &Startup, &Child));
    CloseHandle(Child.hThread);
    return Child.hProcess;
}

static DWORD
CodeOf(HANDLE Process)
{
    DWORD Code = 1000;

    GetExitCodeProcess(Process, &Code);
    return Code;
}

static int
IsIn(HANDLE Process, HANDLE Job)
{
    BOOL Result = 2;

    EXPECT(IsProcessInJob(Process, Job, &Result));
    return Result;
}

static int
Ends(HANDLE Process, DWORD Milliseconds)
{
    return WaitForSingleObject(Process, Milliseconds) == WAIT_OBJECT_0;
}

static JOBOBJECT_BASIC_ACCOUNTING_INFORMATION
Accounts(HANDLE Job)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION Info = {.TotalProcesses = 99};

    EXPECT(QueryInformationJobObject(Job, JobObjectBasicAccountingInformation, &Info, sizeof(Info),
                                     NULL));
    return Info;
}

static void
Members(const char *Self)
{
    HANDLE Job = CreateJobObjectA(NULL, NULL), Other = CreateJobObjectA(NULL, NULL), Weak;
    HANDLE First = Start(Self, "sleeps"), Second = Start(Self, "sleeps"),
           Third = Start(Self, "sleeps");
    struct {
        JOBOBJECT_BASIC_PROCESS_ID_LIST List;
        ULONG_PTR More[7];
    } Ids;

    EXPECT(!IsIn(First, Job));
    EXPECT(!IsIn(First, NULL)); /* NULL: any job */
    EXPECT(AssignProcessToJobObject(Job, First));
    EXPECT(IsIn(First, Job));
    EXPECT(IsIn(First, NULL));
    EXPECT(!IsIn(First, Other));
    EXPECT(AssignProcessToJobObject(Job, Second));
    EXPECT_EQ(Accounts(Job).TotalProcesses, 2);
    EXPECT_EQ(Accounts(Job).ActiveProcesses, 2);
    EXPECT(QueryInformationJobObject(Job, JobObjectBasicProcessIdList, &Ids, sizeof(Ids), NULL));
    EXPECT_EQ(Ids.List.NumberOfAssignedProcesses, 2);
    EXPECT_EQ(Ids.List.NumberOfProcessIdsInList, 2);
    EXPECT(Ids.List.ProcessIdList[0] == GetProcessId(First) ||
           Ids.List.ProcessIdList[1] == GetProcessId(First));
    EXPECT(Ids.List.ProcessIdList[0] == GetProcessId(Second) ||
           Ids.List.ProcessIdList[1] == GetProcessId(Second));

    EXPECT(TerminateProcess(First, 5)); /* one that has ended is active no more, but was there */
    EXPECT(Ends(First, 100));
    EXPECT_EQ(Accounts(Job).TotalProcesses, 2);
    EXPECT_EQ(Accounts(Job).ActiveProcesses, 1);

    /* TerminateJobObject: the right JOB_OBJECT_TERMINATE; all members end, with this code, and no one else */
    DuplicateHandle(GetCurrentProcess(), Job, GetCurrentProcess(), &Weak, JOB_OBJECT_QUERY, FALSE,
                    0);
    EXPECT(!TerminateJobObject(Weak, 6));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    EXPECT(!AssignProcessToJobObject(Weak, Third)); /* nor JOB_OBJECT_ASSIGN_PROCESS */
    EXPECT(!Ends(Second, 5));
    EXPECT(TerminateJobObject(Job, 55));
    EXPECT(Ends(Second, 100));
    EXPECT_EQ(CodeOf(First), 5);
    EXPECT_EQ(CodeOf(Second), 55);
    EXPECT(!Ends(Third, 5));
    EXPECT_EQ(Accounts(Job).ActiveProcesses, 0);

    /* JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE: when the last handle to the job is closed */
    {
        JOBOBJECT_EXTENDED_LIMIT_INFORMATION Limit = {.BasicLimitInformation.LimitFlags =
                                                          JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
        HANDLE Again;

        EXPECT(SetInformationJobObject(Other, JobObjectExtendedLimitInformation, &Limit,
                                       sizeof(Limit)));
        EXPECT(AssignProcessToJobObject(Other, Third));
        DuplicateHandle(GetCurrentProcess(), Other, GetCurrentProcess(), &Again, 0, FALSE,
                        DUPLICATE_SAME_ACCESS);
        CloseHandle(Other);
        EXPECT(!Ends(Third, 5));
        CloseHandle(Again);
        EXPECT(Ends(Third, 100));
    }
    CloseHandle(Weak);
    CloseHandle(Job);
    CloseHandle(First);
    CloseHandle(Second);
    CloseHandle(Third);
}

static void
Limits(void)
{
    HANDLE Job = CreateJobObjectA(NULL, NULL);
    JOBOBJECT_BASIC_UI_RESTRICTIONS Ui = {JOB_OBJECT_UILIMIT_DESKTOP}, Seen = {99};
    JOBOBJECT_BASIC_LIMIT_INFORMATION Limit = {.LimitFlags = JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
                                               .ActiveProcessLimit = 3},
                                      Got = {.LimitFlags = 99};
    DWORD Bytes = 0;

    EXPECT(
        QueryInformationJobObject(Job, JobObjectBasicUIRestrictions, &Seen, sizeof(Seen), &Bytes));
    EXPECT_EQ(Seen.UIRestrictionsClass, 0);
    EXPECT_EQ(Bytes, sizeof(Seen));
    EXPECT(SetInformationJobObject(Job, JobObjectBasicUIRestrictions, &Ui, sizeof(Ui)));
    EXPECT(QueryInformationJobObject(Job, JobObjectBasicUIRestrictions, &Seen, sizeof(Seen), NULL));
    EXPECT_EQ(Seen.UIRestrictionsClass, JOB_OBJECT_UILIMIT_DESKTOP);
    EXPECT(SetInformationJobObject(Job, JobObjectBasicLimitInformation, &Limit, sizeof(Limit)));
    EXPECT(QueryInformationJobObject(Job, JobObjectBasicLimitInformation, &Got, sizeof(Got), NULL));
    EXPECT_EQ(Got.LimitFlags, JOB_OBJECT_LIMIT_ACTIVE_PROCESS);
    EXPECT_EQ(Got.ActiveProcessLimit, 3);
    EXPECT(!QueryInformationJobObject(Job, JobObjectBasicLimitInformation, &Got, sizeof(Got) - 1,
                                      NULL));
    EXPECT_EQ(GetLastError(), ERROR_BAD_LENGTH);
    CloseHandle(Job);
}

/* A process of a job creates its children in it. */
static void
Inherited(const char *Self)
{
    HANDLE Job = CreateJobObjectA(NULL, NULL), Child;

    EXPECT(!QueryInformationJobObject(NULL, JobObjectBasicUIRestrictions, &Child, 4, NULL));
    EXPECT(AssignProcessToJobObject(Job, GetCurrentProcess()));
    Child = Start(Self, "sleeps");
    EXPECT(IsIn(Child, Job));
    /* NULL: the job of the calling process */
    EXPECT_EQ(Accounts(NULL).ActiveProcesses, 2);
    EXPECT(TerminateProcess(Child, 0));
    EXPECT(Ends(Child, 100));
    EXPECT_EQ(Accounts(NULL).ActiveProcesses, 1);
    CloseHandle(Child);
    CloseHandle(Job);
}

int
main(int Count, char **Words)
{
    HANDLE Child;

    setvbuf(stdout, NULL, _IONBF, 0);
    if (Count > 1 && strcmp(Words[1], "own") == 0) {
        HANDLE Job = CreateJobObjectA(NULL, NULL);

        AssignProcessToJobObject(Job, GetCurrentProcess());
        TerminateJobObject(Job, 44);
        return 45;
    }
    if (Count > 1) {
        Sleep(INFINITE);
    }
    Members(Words[0]);
    Limits();
    Child = Start(Words[0], "own"); /* the caller is one of them */
    EXPECT(Ends(Child, 1000));
    EXPECT_EQ(CodeOf(Child), 44);
    CloseHandle(Child);
    Inherited(Words[0]);
    return TEST_DONE();
}
