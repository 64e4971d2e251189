/*
 * thread.c - system threads and processes as drivers see them. [DDI:wdm/pscreatesystemthread],
 * [DDI:wdm/psterminatesystemthread], [DDI:ntifs/pslookupthreadbythreadid], [DDI:ntifs/pslookupprocessbyprocessid],
 * [DDI:ntifs/psissystemthread], [DDI:ntddk/psgetversion], [DDI:wdm/keareapcsdisabled]
 */
#include "../ntlab-test.h"

NTSYSAPI NTSTATUS NTAPI ZwQueryInformationThread(HANDLE, THREADINFOCLASS, PVOID, ULONG, PULONG);
NTKERNELAPI NTSTATUS NTAPI PsGetThreadExitStatus(PETHREAD);
NTKERNELAPI PEPROCESS NTAPI PsGetThreadProcess(PETHREAD);

static OBJECT_ATTRIBUTES Kernel = {.Length = sizeof(Kernel), .Attributes = OBJ_KERNEL_HANDLE};

typedef struct _SEEN {
    KIRQL Irql;
    BOOLEAN ApcsDisabled, AllDisabled, System;
    HANDLE ThreadId, ProcessId;
    PVOID Thread, Process;
    KEVENT Go;
} SEEN;

static VOID NTAPI
Observe(PVOID Context)
{
    SEEN *Seen = Context;

    Seen->Irql = KeGetCurrentIrql();
    Seen->ApcsDisabled = KeAreApcsDisabled();
    Seen->AllDisabled = KeAreAllApcsDisabled();
    Seen->System = PsIsSystemThread(PsGetCurrentThread());
    Seen->ThreadId = PsGetCurrentThreadId();
    Seen->ProcessId = PsGetCurrentProcessId();
    Seen->Thread = PsGetCurrentThread();
    Seen->Process = PsGetCurrentProcess();
    KeWaitForSingleObject(&Seen->Go, Executive, KernelMode, FALSE, NULL);
    PsTerminateSystemThread(0x12345);
}

static VOID
NewThread(VOID)
{
    static SEEN Seen;
    CLIENT_ID Id;
    HANDLE Handle;
    PETHREAD Thread, Found;
    PEPROCESS Process;

    KeInitializeEvent(&Seen.Go, NotificationEvent, FALSE);
    EXPECT_STATUS(
        PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, &Kernel, NULL, &Id, Observe, &Seen),
        STATUS_SUCCESS);
    EXPECT_STATUS(ObReferenceObjectByHandle(Handle, SYNCHRONIZE, *PsThreadType, KernelMode,
                                            (PVOID *)&Thread, NULL),
                  STATUS_SUCCESS);
    EXPECT(PsGetThreadId(Thread) == Id.UniqueThread);
    EXPECT(Id.UniqueProcess == (HANDLE)4);
    EXPECT_STATUS(PsLookupThreadByThreadId(Id.UniqueThread, &Found), STATUS_SUCCESS);
    EXPECT(Found == Thread);
    ObDereferenceObject(Found);
    EXPECT_STATUS(PsLookupProcessByProcessId((HANDLE)4, &Process), STATUS_SUCCESS);
    EXPECT(Process == PsInitialSystemProcess);
    ObDereferenceObject(Process);
    EXPECT(!PsIsThreadTerminating(Thread));
    KeSetEvent(&Seen.Go, 0, FALSE);
    EXPECT_STATUS(KeWaitForSingleObject(Thread, Executive, KernelMode, FALSE, NULL),
                  STATUS_SUCCESS);
    EXPECT_EQ(Seen.Irql, PASSIVE_LEVEL);
    EXPECT(Seen.ApcsDisabled); /* it runs in a critical region */
    EXPECT(!Seen.AllDisabled);
    EXPECT(Seen.System);
    EXPECT(Seen.Thread == Thread && Seen.ThreadId == Id.UniqueThread);
    EXPECT(Seen.Process == PsInitialSystemProcess && Seen.ProcessId == (HANDLE)4);
    EXPECT_STATUS(PsGetThreadExitStatus(Thread), 0x12345);
    EXPECT(PsIsThreadTerminating(Thread));
    ObDereferenceObject(Thread);
    ZwClose(Handle);
}

static VOID NTAPI
Returns(PVOID Context)
{
    *(volatile LONG *)Context = 1;
}

/* A routine that returns ends its thread as well. */
static VOID
ReturningEnds(VOID)
{
    static volatile LONG Ran;
    HANDLE Handle;

    Ran = 0;
    EXPECT_STATUS(
        PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, &Kernel, NULL, NULL, Returns, (PVOID)&Ran),
        STATUS_SUCCESS);
    EXPECT_STATUS(ZwWaitForSingleObject(Handle, FALSE, NULL), STATUS_SUCCESS);
    EXPECT_EQ(Ran, 1);
    ZwClose(Handle);
}

static VOID
BadIds(VOID)
{
    PETHREAD Thread;
    PEPROCESS Process;

    EXPECT(!NT_SUCCESS(PsLookupThreadByThreadId((HANDLE)3, &Thread)));
    EXPECT(!NT_SUCCESS(PsLookupProcessByProcessId((HANDLE)0x7FFFFFF0, &Process)));
}

static VOID
Version(VOID)
{
    ULONG Major = 0, Minor, Build = 0;

    EXPECT(PsGetVersion(&Major, &Minor, &Build, NULL) == FALSE); /* a free build */
    EXPECT(Major == 6 || Major == 10);
    EXPECT(Build >= 6000);
}

static VOID
Current(VOID)
{
    EXPECT(PsGetCurrentProcess() == IoGetCurrentProcess());
    EXPECT(PsGetThreadProcess(PsGetCurrentThread()) ==
           PsInitialSystemProcess); /* DriverEntry runs in System */
    EXPECT(IoThreadToProcess(PsGetCurrentThread()) == PsInitialSystemProcess);
    EXPECT(PsGetProcessId(PsInitialSystemProcess) == (HANDLE)4);
    EXPECT(PsGetThreadProcessId(PsGetCurrentThread()) == (HANDLE)4);
}

static VOID
SetInformation(VOID)
{
    KPRIORITY Priority = 14, Old = KeQueryPriorityThread(KeGetCurrentThread());
    LONG Increment = 1;

    EXPECT_STATUS(
        ZwSetInformationThread(NtCurrentThread(), ThreadPriority, &Priority, sizeof(Priority)),
        STATUS_SUCCESS);
    EXPECT_EQ(KeQueryPriorityThread(KeGetCurrentThread()), 14);
    EXPECT_STATUS(ZwSetInformationThread(NtCurrentThread(), ThreadPriority, &Priority, 2),
                  STATUS_INFO_LENGTH_MISMATCH);
    Priority = 99;
    EXPECT_STATUS(
        ZwSetInformationThread(NtCurrentThread(), ThreadPriority, &Priority, sizeof(Priority)),
        STATUS_INVALID_PARAMETER);
    EXPECT_STATUS(ZwSetInformationThread(NtCurrentThread(), 250, &Increment, sizeof(Increment)),
                  STATUS_INVALID_INFO_CLASS);
    KeSetPriorityThread(KeGetCurrentThread(), Old);
}

static VOID
Tokens(VOID)
{
    PACCESS_TOKEN Token = PsReferencePrimaryToken(PsGetCurrentProcess());
    BOOLEAN Copy, Effective;
    SECURITY_IMPERSONATION_LEVEL Level;

    EXPECT(Token != NULL);
    EXPECT_EQ(SeTokenType(Token), TokenPrimary);
    PsDereferencePrimaryToken(Token);
    EXPECT(PsReferenceImpersonationToken(PsGetCurrentThread(), &Copy, &Effective, &Level) == NULL);
}

TEST_DRIVER(TEST(NewThread), TEST(ReturningEnds), TEST(BadIds), TEST(Version), TEST(Current),
            TEST(SetInformation), TEST(Tokens))
