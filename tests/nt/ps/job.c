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

/* All members that live end with the job, however many; a list that has no room for all says how many there are. */
static void
Several(const char *Self)
{
    enum { COUNT = 3 };
    HANDLE Job = CreateJobObjectA(NULL, "Local\\ntlab-job"), Opened, Process[COUNT];
    struct {
        DWORD Assigned, Listed;
        ULONG_PTR Id[4];
    } Ids = {0}; /* JOBOBJECT_BASIC_PROCESS_ID_LIST */
    DWORD Bytes = 0;

    Opened = OpenJobObjectA(JOB_OBJECT_QUERY, FALSE, "Local\\ntlab-job");
    EXPECT(Opened != NULL);
    EXPECT(OpenJobObjectA(JOB_OBJECT_QUERY, FALSE, "Local\\ntlab-none") == NULL);
    EXPECT_EQ(GetLastError(), ERROR_FILE_NOT_FOUND);
    for (int i = 0; i < COUNT; i++) {
        Process[i] = Start(Self, "sleeps");
        EXPECT(AssignProcessToJobObject(Job, Process[i]));
        EXPECT_EQ(Accounts(Opened).ActiveProcesses, i + 1);
    }
    EXPECT(!QueryInformationJobObject(Job, JobObjectBasicProcessIdList, &Ids,
                                      8 + 2 * sizeof(ULONG_PTR), &Bytes));
    EXPECT_EQ(GetLastError(), ERROR_MORE_DATA);
    EXPECT_EQ(Ids.Assigned, COUNT);
    EXPECT_EQ(Ids.Listed, 2);
    EXPECT(Ids.Id[0] != 0 && Ids.Id[1] != 0);
    EXPECT_EQ(Ids.Id[2], 0);
    EXPECT(QueryInformationJobObject(Job, JobObjectBasicProcessIdList, &Ids, sizeof(Ids), &Bytes));
    EXPECT_EQ(Bytes, 8 + COUNT * sizeof(ULONG_PTR));
    for (int i = 0; i < COUNT; i++) {
        EXPECT(Ids.Id[i] == GetProcessId(Process[0]) || Ids.Id[i] == GetProcessId(Process[1]) ||
               Ids.Id[i] == GetProcessId(Process[2]));
    }
    EXPECT(TerminateJobObject(Job, 77));
    for (int i = 0; i < COUNT; i++) {
        EXPECT(Ends(Process[i], 100));
        EXPECT_EQ(CodeOf(Process[i]), 77);
        EXPECT(!AssignProcessToJobObject(Job, Process[i])); /* nobody joins who has ended */
        CloseHandle(Process[i]);
    }
    EXPECT_EQ(Accounts(Job).ActiveProcesses, 0);
    EXPECT_EQ(Accounts(Job).TotalProcesses, COUNT);
    CloseHandle(Opened);
    CloseHandle(Job);
}

/* Extended limits are kept whole; what is no limit is refused and changes nothing. */
static void
Extended(void)
{
    HANDLE Job = CreateJobObjectA(NULL, NULL), Weak;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION Limit = {
        .BasicLimitInformation = {.LimitFlags = JOB_OBJECT_LIMIT_PROCESS_MEMORY |
                                                JOB_OBJECT_LIMIT_PRIORITY_CLASS,
                                  .PriorityClass = IDLE_PRIORITY_CLASS},
        .ProcessMemoryLimit = 0x123000,
        .JobMemoryLimit = 0x456000};
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION Got = {.JobMemoryLimit = 99};
    JOBOBJECT_BASIC_LIMIT_INFORMATION Basic = {.LimitFlags = 99};
    DWORD Bytes = 0;

    EXPECT(SetInformationJobObject(Job, JobObjectExtendedLimitInformation, &Limit, sizeof(Limit)));
    EXPECT(QueryInformationJobObject(Job, JobObjectExtendedLimitInformation, &Got, sizeof(Got),
                                     &Bytes));
    EXPECT_EQ(Bytes, sizeof(Got));
    EXPECT_EQ(Got.BasicLimitInformation.LimitFlags, Limit.BasicLimitInformation.LimitFlags);
    EXPECT_EQ(Got.BasicLimitInformation.PriorityClass, IDLE_PRIORITY_CLASS);
    EXPECT_EQ(Got.ProcessMemoryLimit, 0x123000);
    EXPECT_EQ(Got.JobMemoryLimit, 0x456000);
    EXPECT(QueryInformationJobObject(Job, JobObjectBasicLimitInformation, &Basic, sizeof(Basic),
                                     NULL));
    EXPECT_EQ(Basic.LimitFlags, Limit.BasicLimitInformation.LimitFlags);

    Limit.BasicLimitInformation.LimitFlags = 0x80000000;
    EXPECT(!SetInformationJobObject(Job, JobObjectExtendedLimitInformation, &Limit, sizeof(Limit)));
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(!SetInformationJobObject(Job, JobObjectExtendedLimitInformation, &Got, sizeof(Got) - 8));
    EXPECT_EQ(GetLastError(), ERROR_BAD_LENGTH);
    EXPECT(!SetInformationJobObject(Job, (JOBOBJECTINFOCLASS)99, &Got, 4));
    EXPECT(!QueryInformationJobObject(Job, (JOBOBJECTINFOCLASS)99, &Got, 4, NULL));
    DuplicateHandle(GetCurrentProcess(), Job, GetCurrentProcess(), &Weak, JOB_OBJECT_QUERY, FALSE,
                    0);
    EXPECT(!SetInformationJobObject(Weak, JobObjectBasicLimitInformation, &Basic, sizeof(Basic)));
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    EXPECT(QueryInformationJobObject(Weak, JobObjectExtendedLimitInformation, &Got, sizeof(Got),
                                     NULL));
    EXPECT_EQ(Got.BasicLimitInformation.LimitFlags, Basic.LimitFlags);
    CloseHandle(Weak);
    CloseHandle(Job);
}

/* No more than it may have: those who would be too many do not get in, and one who has ended makes room. */
static void
Limited(const char *Self)
{
    HANDLE Job = CreateJobObjectA(NULL, NULL);
    HANDLE First = Start(Self, "sleeps"), Second = Start(Self, "sleeps"),
           Third = Start(Self, "sleeps");
    JOBOBJECT_BASIC_LIMIT_INFORMATION Limit = {.LimitFlags = JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
                                               .ActiveProcessLimit = 1};

    EXPECT(SetInformationJobObject(Job, JobObjectBasicLimitInformation, &Limit, sizeof(Limit)));
    EXPECT(AssignProcessToJobObject(Job, First));
    EXPECT(!AssignProcessToJobObject(Job, Second));
    EXPECT_EQ(GetLastError(), ERROR_NOT_ENOUGH_QUOTA);
    EXPECT(!IsIn(Second, Job));
    EXPECT_EQ(Accounts(Job).ActiveProcesses, 1);
    TerminateProcess(First, 0);
    EXPECT(Ends(First, 100));
    EXPECT(AssignProcessToJobObject(Job, Third));
    EXPECT_EQ(Accounts(Job).ActiveProcesses, 1);
    EXPECT_EQ(Accounts(Job).TotalProcesses, 2);
    TerminateProcess(Second, 0);
    TerminateJobObject(Job, 0);
    EXPECT(Ends(Second, 100) && Ends(Third, 100));
    CloseHandle(First);
    CloseHandle(Second);
    CloseHandle(Third);
    CloseHandle(Job);
}

/* A process of a job creates its children in it. */
static void
Inherited(const char *Self)
{
    HANDLE Job = CreateJobObjectA(NULL, NULL), Other = CreateJobObjectA(NULL, NULL), Child;
    HANDLE Stranger = Start(Self, "sleeps");

    EXPECT(!QueryInformationJobObject(NULL, JobObjectBasicUIRestrictions, &Child, 4, NULL));
    EXPECT(!IsIn(Stranger, NULL));
    EXPECT(AssignProcessToJobObject(Other, Stranger));
    EXPECT(IsIn(Stranger, NULL));
    EXPECT(AssignProcessToJobObject(Job, GetCurrentProcess()));
    Child = Start(Self, "sleeps");
    EXPECT(IsIn(Child, Job));
    EXPECT(IsIn(Stranger, NULL)); /* in any job, whatever the caller's is */
    EXPECT(!IsIn(Stranger, Job));
    EXPECT(TerminateJobObject(Other, 0));
    CloseHandle(Stranger);
    CloseHandle(Other);
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
    Several(Words[0]);
    Extended();
    Limited(Words[0]);
    Limits();
    Child = Start(Words[0], "own"); /* the caller is one of them */
    EXPECT(Ends(Child, 1000));
    EXPECT_EQ(CodeOf(Child), 44);
    CloseHandle(Child);
    Inherited(Words[0]);
    return TEST_DONE();
}
