/*
 * job.c - job objects: processes that are counted, limited and ended together.
 *
 * Membership is EPROCESS.Job (a reference); children are born into their parent's job unless it lets
 * them break away. Kept: counts, the list of members, kill-on-close, the limit of active processes, freezing
 * ([PH:ntpsapi.h]: members and those who join later stand still). Other limits are stored and reported, and order nothing.
 * Facts: CreateJobObject, AssignProcessToJobObject, JOBOBJECT_BASIC_LIMIT_INFORMATION (Win32).
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

#define JOB_ASSIGN    0x0001
#define JOB_SET       0x0002
#define JOB_QUERY     0x0004
#define JOB_TERMINATE 0x0008
#define JOB_ALL       0x1F001F

#define LIMIT_ACTIVE_PROCESS    0x0008
#define LIMIT_BREAKAWAY_OK      0x0800
#define LIMIT_SILENT_BREAKAWAY  0x1000
#define LIMIT_KILL_ON_JOB_CLOSE 0x2000
#define LIMIT_VALID             0x7FFFF

typedef struct _PSP_JOB_LIMIT {
    LARGE_INTEGER PerProcessUserTimeLimit, PerJobUserTimeLimit;
    ULONG LimitFlags;
    SIZE_T MinimumWorkingSetSize, MaximumWorkingSetSize;
    ULONG ActiveProcessLimit;
    ULONG_PTR Affinity;
    ULONG PriorityClass, SchedulingClass;
} PSP_JOB_LIMIT;
C_ASSERT(sizeof(PSP_JOB_LIMIT) == 0x40);

typedef struct _PSP_JOB_EXTENDED {
    PSP_JOB_LIMIT Basic;
    ULONG64 Io[6];
    SIZE_T ProcessMemoryLimit, JobMemoryLimit, PeakProcessMemoryUsed, PeakJobMemoryUsed;
} PSP_JOB_EXTENDED;
C_ASSERT(sizeof(PSP_JOB_EXTENDED) == 0x90);

typedef struct _PSP_JOB_ACCOUNTING {
    LARGE_INTEGER TotalUserTime, TotalKernelTime, ThisPeriodTotalUserTime,
        ThisPeriodTotalKernelTime;
    ULONG TotalPageFaultCount, TotalProcesses, ActiveProcesses, TotalTerminatedProcesses;
} PSP_JOB_ACCOUNTING;
C_ASSERT(sizeof(PSP_JOB_ACCOUNTING) == 0x30);

typedef struct _PSP_JOB {
    KEVENT Event; /* signaled when a limit of time has ended the job: never here */
    ULONG Total, Active, Terminated;
    ULONG UiRestrictions;
    BOOLEAN Frozen;
    PSP_JOB_EXTENDED Limit;
} PSP_JOB, *PPSP_JOB;

/* JobObjectFreezeInformation, class 18. */
typedef struct _PSP_JOB_FREEZE {
    ULONG Flags; /* what is to be changed */
    BOOLEAN Freeze, Swap;
    UCHAR Reserved[2];
    ULONG HighEdgeFilter, LowEdgeFilter;
} PSP_JOB_FREEZE;
C_ASSERT(sizeof(PSP_JOB_FREEZE) == 0x10);

#define FREEZE_OPERATION   1
#define FREEZE_FLAGS_KNOWN 7 /* filter and swap operations, too */

static const GENERIC_MAPPING PspJobMapping = {
    STANDARD_RIGHTS_READ | JOB_QUERY,
    STANDARD_RIGHTS_WRITE | JOB_ASSIGN | JOB_SET | JOB_TERMINATE,
    STANDARD_RIGHTS_EXECUTE | SYNCHRONIZE,
    JOB_ALL,
};

static VOID
PspTerminateMembers(PPSP_JOB Job, NTSTATUS Status)
{
    PEPROCESS Process = NULL;

    KiChanges(Job);
    while ((Process = PspNextProcess(Process)) != NULL) {
        if (Process->Job == Job && !Process->Exiting) {
            ObpAddReference(Process);
            KiAcquirePoint(SP_OBJECT, &Process->ExitStatus, NULL, KI_ALSO_CHANGES(Job));
            if (!Process->Exiting) {
                Job->Terminated++;
                PspTerminateProcess(Process, Status);
            }
            ObDereferenceObject(Process);
            Process = NULL; /* ending one may take others off the list: again */
        }
    }
}

static VOID
PspCloseJob(PVOID Object, PEPROCESS Process, ULONG ProcessHandles, ULONG SystemHandles)
{
    PPSP_JOB Job = Object;

    if (SystemHandles == 1 && (Job->Limit.Basic.LimitFlags & LIMIT_KILL_ON_JOB_CLOSE)) {
        PspTerminateMembers(Job, STATUS_SUCCESS);
    }
}

VOID
PspCreateJobType(VOID)
{
    static const OB_METHODS Methods = {.Close = PspCloseJob};

    ObpCreateType(L"Job", &Methods, &PspJobMapping, JOB_ALL, sizeof(PSP_JOB),
                  FIELD_OFFSET(PSP_JOB, Event), &PsJobTypeP);
}

/* Every member's every thread stands still, until the job is thawed. */
static VOID
PspFreezeMembers(PPSP_JOB Job, BOOLEAN Freeze)
{
    PEPROCESS Process = NULL;

    Job->Frozen = Freeze;
    while ((Process = PspNextProcess(Process)) != NULL) {
        if (Process->Job == Job && Process->Frozen != Freeze && !Process->Exiting) {
            ObpAddReference(Process);
            Process->Frozen = Freeze;
            PspFreezeProcess(Process, Freeze);
            ObDereferenceObject(Process);
            Process = NULL; /* others may have come and gone: again */
        }
    }
}

/* STATUS_QUOTA_EXCEEDED: the job has as many members as it may. */
NTSTATUS
PspJoinJob(PEPROCESS Process, PVOID Object)
{
    PPSP_JOB Job = Object;

    KiAcquirePoint(SP_OBJECT, &Process->Job, NULL, KI_ALSO_CHANGES(Job));
    if ((Job->Limit.Basic.LimitFlags & LIMIT_ACTIVE_PROCESS) &&
        Job->Active >= Job->Limit.Basic.ActiveProcessLimit) {
        return STATUS_QUOTA_EXCEEDED;
    }
    ObpAddReference(Job); /* no schedule point between the limit and the count */
    Process->Job = Job;
    Job->Total++;
    Job->Active++;
    if (Job->Frozen) {
        Process->Frozen = TRUE;
        PspFreezeProcess(Process, TRUE);
    }
    return STATUS_SUCCESS;
}

NTSTATUS
PspInheritJob(PEPROCESS Process, PEPROCESS Parent)
{
    PPSP_JOB Job = Parent->Job;

    if (Job == NULL || (Job->Limit.Basic.LimitFlags & LIMIT_SILENT_BREAKAWAY)) {
        return STATUS_SUCCESS;
    }
    return PspJoinJob(Process, Job);
}

/* The process has ended; its object keeps the reference, so that it still can be asked. */
VOID
PspLeaveJob(PEPROCESS Process)
{
    if (Process->Job != NULL) {
        KiChanges(Process->Job);
        ((PPSP_JOB)Process->Job)->Active--;
    }
}

NTSTATUS NTAPI
NtCreateJobObject(PHANDLE JobHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    NTSTATUS Status;
    PPSP_JOB Job;

    Status = ExpProbeHandle(JobHandle, Mode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObCreateObject(Mode, PsJobTypeP, ObjectAttributes, Mode, NULL, sizeof(PSP_JOB), 0,
                            sizeof(PSP_JOB), (PVOID *)&Job);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeInitializeEvent(&Job->Event, NotificationEvent, FALSE);
    return ObpInsertFor(Job, DesiredAccess, JobHandle, Mode);
}

NTSTATUS NTAPI
NtOpenJobObject(PHANDLE JobHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes)
{
    return ObpOpenService(JobHandle, DesiredAccess, ObjectAttributes, PsJobTypeP);
}

NTSTATUS NTAPI
NtAssignProcessToJobObject(HANDLE JobHandle, HANDLE ProcessHandle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PEPROCESS Process;
    NTSTATUS Status;
    PPSP_JOB Job;

    Status =
        ObReferenceObjectByHandle(JobHandle, JOB_ASSIGN, PsJobTypeP, Mode, (PVOID *)&Job, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_SET_QUOTA | PROCESS_TERMINATE,
                                       PsProcessTypeP, Mode, (PVOID *)&Process, NULL);
    if (NT_SUCCESS(Status)) {
        KiAcquirePoint(SP_OBJECT, Job, NULL, KI_ALSO_READS(&Process->ExitStatus));
        if (Process->Exiting) {
            Status = STATUS_PROCESS_IS_TERMINATING;
        } else if (Process->Job != NULL) {
            Status = STATUS_ACCESS_DENIED; /* jobs in jobs are not kept */
        } else {
            Status = PspJoinJob(Process, Job);
        }
        ObDereferenceObject(Process);
    }
    ObDereferenceObject(Job);
    return Status;
}

NTSTATUS NTAPI
NtTerminateJobObject(HANDLE JobHandle, NTSTATUS ExitStatus)
{
    NTSTATUS Status;
    PPSP_JOB Job;

    Status = ObReferenceObjectByHandle(JobHandle, JOB_TERMINATE, PsJobTypeP, KiPreviousMode(),
                                       (PVOID *)&Job, NULL);
    if (NT_SUCCESS(Status)) {
        BOOLEAN Own = PspThreadsProcess(PspCurrentThread())->Job == Job;

        PspTerminateMembers(Job, ExitStatus);
        ObDereferenceObject(Job);
        if (Own) {
            PspExitThread(ExitStatus);
        }
    }
    return Status;
}

NTSTATUS NTAPI
NtIsProcessInJob(HANDLE ProcessHandle, HANDLE JobHandle)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    PPSP_JOB Job = NULL;
    PEPROCESS Process;
    NTSTATUS Status;

    Status = ObReferenceObjectByHandle(ProcessHandle, PROCESS_QUERY_LIMITED_INFORMATION,
                                       PsProcessTypeP, Mode, (PVOID *)&Process, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (JobHandle != NULL) {
        Status =
            ObReferenceObjectByHandle(JobHandle, JOB_QUERY, PsJobTypeP, Mode, (PVOID *)&Job, NULL);
    }
    if (NT_SUCCESS(Status)) {
        KiLooksAt(&Process->Job);
        Status = Process->Job != NULL && (JobHandle == NULL || Process->Job == Job)
                     ? STATUS_PROCESS_IN_JOB
                     : STATUS_PROCESS_NOT_IN_JOB;
        if (JobHandle != NULL) {
            ObDereferenceObject(Job);
        }
    }
    ObDereferenceObject(Process);
    return Status;
}

static ULONG
PspListMembers(PPSP_JOB Job, PULONG Header, ULONG Length)
{
    PULONG_PTR Ids = (PULONG_PTR)(Header + 2);
    ULONG Room = (Length - 8) / sizeof(ULONG_PTR);

    Header[0] = Job->Active;
    Header[1] = 0;
    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        if (Process->Job == Job && Process->ActiveThreads != 0 && Header[1] < Room) {
            Ids[Header[1]++] = (ULONG_PTR)Process->UniqueProcessId;
        }
    }
    return 8 + Header[1] * sizeof(ULONG_PTR);
}

NTSTATUS NTAPI
NtQueryInformationJobObject(HANDLE JobHandle, ULONG Class, PVOID Buffer, ULONG Length,
                            PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    union {
        PSP_JOB_ACCOUNTING Accounting;
        PSP_JOB_EXTENDED Limit;
        ULONG Long;
        UCHAR List[8 + 64 * sizeof(ULONG_PTR)];
    } Answer;
    PPSP_JOB Job = PspCurrentProcess()->Job;
    ULONG Size;
    NTSTATUS Status = PspProbeAnswer(Buffer, Length, ReturnLength);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (JobHandle != NULL) {
        Status =
            ObReferenceObjectByHandle(JobHandle, JOB_QUERY, PsJobTypeP, Mode, (PVOID *)&Job, NULL);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    } else if (Job == NULL) {
        return STATUS_ACCESS_DENIED;
    } else {
        ObReferenceObject(Job);
    }
    RtlZeroMemory(&Answer, sizeof(Answer));
    Status = STATUS_SUCCESS;
    KiLooksAt(Job);
    switch (Class) {
    case 1: /* JobObjectBasicAccountingInformation */
        Answer.Accounting.TotalProcesses = Job->Total;
        Answer.Accounting.ActiveProcesses = Job->Active;
        Answer.Accounting.TotalTerminatedProcesses = Job->Terminated;
        Size = sizeof(Answer.Accounting);
        break;
    case 2: /* JobObjectBasicLimitInformation */
        Answer.Limit.Basic = Job->Limit.Basic;
        Size = sizeof(Answer.Limit.Basic);
        break;
    case 3: /* JobObjectBasicProcessIdList */
        Size = Length < 16
                   ? 16
                   : PspListMembers(Job, (PULONG)Answer.List, min(Length, sizeof(Answer.List)));
        break;
    case 4: /* JobObjectBasicUIRestrictions */
        Answer.Long = Job->UiRestrictions;
        Size = sizeof(ULONG);
        break;
    case 9: /* JobObjectExtendedLimitInformation */
        Answer.Limit = Job->Limit;
        Size = sizeof(Answer.Limit);
        break;
    default:
        Size = 0;
        Status = STATUS_INVALID_INFO_CLASS;
        break;
    }
    if (NT_SUCCESS(Status) && (Class == 3 ? Length < Size : Length != Size)) {
        Status = STATUS_INFO_LENGTH_MISMATCH;
    } else if (Class == 3 && ((PULONG)Answer.List)[1] < ((PULONG)Answer.List)[0]) {
        Status = STATUS_BUFFER_OVERFLOW; /* what has room is told */
    }
    ObDereferenceObject(Job);
    return PspGiveAnswer(Status, Buffer, ReturnLength, &Answer, Size);
}

NTSTATUS NTAPI
NtSetInformationJobObject(HANDLE JobHandle, ULONG Class, PVOID Buffer, ULONG Length)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    ULONG Size = Class == 2    ? sizeof(PSP_JOB_LIMIT)
                 : Class == 9  ? sizeof(PSP_JOB_EXTENDED)
                 : Class == 18 ? sizeof(PSP_JOB_FREEZE)
                               : sizeof(ULONG);
    PSP_JOB_EXTENDED Input;
    NTSTATUS Status;
    PPSP_JOB Job;

    if (Class != 2 && Class != 4 && Class != 9 && (Class != 18 || !KiVersion->JobsFreeze)) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length != Size) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = ExpCopyIn(&Input, Buffer, Size, Mode);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Class == 18 && (*(PULONG)&Input & ~(ULONG)FREEZE_FLAGS_KNOWN)) {
        return STATUS_INVALID_PARAMETER;
    }
    if (Class != 4 && Class != 18 && (Input.Basic.LimitFlags & ~(ULONG)LIMIT_VALID)) {
        return STATUS_INVALID_PARAMETER;
    }
    Status = ObReferenceObjectByHandle(JobHandle, JOB_SET, PsJobTypeP, Mode, (PVOID *)&Job, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiSchedulePoint(SP_OBJECT, Job);
    if (Class == 4) {
        Job->UiRestrictions = *(PULONG)&Input;
    } else if (Class == 18) {
        PSP_JOB_FREEZE *Freeze = (PSP_JOB_FREEZE *)&Input;

        if ((Freeze->Flags & ~FREEZE_OPERATION) != 0) {
            NOT_YET("wake filters and swapping of frozen jobs");
        }
        if ((Freeze->Flags & FREEZE_OPERATION) != 0) {
            PspFreezeMembers(Job, Freeze->Freeze != FALSE);
        }
    } else if (Class == 2) {
        Job->Limit.Basic = Input.Basic;
    } else {
        Job->Limit = Input;
    }
    ObDereferenceObject(Job);
    return STATUS_SUCCESS;
}
