/*
 * who.c - who is who, asked in the context of a client's thread: ids, session, TEB, PEB, times, quota and impersonation.
 * [DDI:ntddk/psgetcurrentprocessid], [DDI:ntifs/psgetprocessexittime], [DDI:ntifs/psimpersonateclient],
 * [DDI:ntifs/psreverttoself], [DDI:ntifs/psdisableimpersonation], [DDI:ntifs/psrestoreimpersonation],
 * [DDI:ntifs/psreferenceimpersonationtoken], [DDI:ntifs/pschargepoolquota], [DDI:ntifs/psisthreadterminating],
 * [DDI:ntifs/iothreadtoprocess], [DDI:wdm/iois32bitprocess]; the other names are exported, and answer what they say.
 */
#include "../ntlab-test.h"

#define EXPORTED(Type) NTKERNELAPI Type NTAPI
EXPORTED(PEPROCESS) PsGetThreadProcess(PETHREAD);
EXPORTED(PEPROCESS) PsGetCurrentThreadProcess(VOID);
EXPORTED(HANDLE) PsGetCurrentThreadProcessId(VOID);
EXPORTED(PVOID) PsGetCurrentThreadTeb(VOID);
EXPORTED(PVOID) PsGetThreadTeb(PETHREAD);
EXPORTED(PVOID) PsGetProcessPeb(PEPROCESS);
EXPORTED(PVOID) PsGetProcessWow64Process(PEPROCESS);
EXPORTED(PCHAR) PsGetProcessImageFileName(PEPROCESS);
EXPORTED(PVOID) PsGetProcessSectionBaseAddress(PEPROCESS);
EXPORTED(HANDLE) PsGetProcessInheritedFromUniqueProcessId(PEPROCESS);
EXPORTED(ULONG) PsGetProcessSessionId(PEPROCESS);
EXPORTED(ULONG) PsGetCurrentProcessSessionId(VOID);
EXPORTED(BOOLEAN) PsIsSystemProcess(PEPROCESS);
EXPORTED(BOOLEAN) PsIsProtectedProcess(PEPROCESS);
EXPORTED(BOOLEAN) PsIsProcessBeingDebugged(PEPROCESS);
EXPORTED(PVOID) PsGetProcessDebugPort(PEPROCESS);
EXPORTED(PVOID) PsGetProcessJob(PEPROCESS);
EXPORTED(UCHAR) PsGetProcessPriorityClass(PEPROCESS);
EXPORTED(ULONG) PsGetProcessSessionIdEx(PEPROCESS);
EXPORTED(PVOID) PsGetProcessWin32Process(PEPROCESS);
EXPORTED(PVOID) PsGetThreadWin32Thread(PETHREAD);
EXPORTED(NTSTATUS) PsGetContextThread(PETHREAD, PCONTEXT, KPROCESSOR_MODE);
NTSYSAPI NTSTATUS NTAPI ZwCreateJobObject(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES);
NTSYSAPI NTSTATUS NTAPI ZwAssignProcessToJobObject(HANDLE, HANDLE);
NTSYSAPI NTSTATUS NTAPI ZwIsProcessInJob(HANDLE, HANDLE);
EXPORTED(KPROCESSOR_MODE) PsGetCurrentThreadPreviousMode(VOID);
EXPORTED(BOOLEAN) PsGetProcessExitProcessCalled(PEPROCESS);
EXPORTED(NTSTATUS) PsGetProcessExitStatus(PEPROCESS);
EXPORTED(NTSTATUS) PsGetThreadExitStatus(PETHREAD);
EXPORTED(LONGLONG) PsGetThreadCreateTime(PETHREAD);
EXPORTED(HANDLE) PsGetThreadProcessId(PETHREAD);
EXPORTED(NTSTATUS) PsLookupProcessThreadByCid(PCLIENT_ID, PEPROCESS *, PETHREAD *);
EXPORTED(BOOLEAN) PsIsThreadImpersonating(PETHREAD);
EXPORTED(VOID) PsRevertThreadToSelf(PETHREAD);
EXPORTED(NTSTATUS) PsAssignImpersonationToken(PETHREAD, HANDLE);
EXPORTED(PVOID) PsGetCurrentThreadStackBase(VOID);
EXPORTED(PVOID) PsGetCurrentThreadStackLimit(VOID);

static PEPROCESS Me;
static PETHREAD MyThread;
static PIRP Request;

/* A job of a driver's: the process that it has put in is in it, and its object says so. */
static VOID
Job(VOID)
{
    HANDLE Handle, Process = NULL;
    OBJECT_ATTRIBUTES Attributes;

    EXPECT(PsGetProcessJob(Me) == NULL);
    EXPECT(PsGetProcessDebugPort(Me) == NULL);
    EXPECT(PsGetProcessWin32Process(Me) == NULL && PsGetThreadWin32Thread(MyThread) == NULL);
    EXPECT_EQ(PsGetProcessPriorityClass(Me), 2); /* PROCESS_PRIORITY_CLASS_NORMAL */
    EXPECT_EQ(PsGetProcessSessionIdEx(Me), PsGetProcessSessionId(Me));
    EXPECT_EQ(PsGetProcessSessionIdEx(PsInitialSystemProcess), (ULONG)-1);
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    EXPECT_STATUS(ZwCreateJobObject(&Handle, 0x1F001F, &Attributes), STATUS_SUCCESS);
    EXPECT_STATUS(ObOpenObjectByPointer(Me, OBJ_KERNEL_HANDLE, NULL, PROCESS_ALL_ACCESS,
                                        *PsProcessType, KernelMode, &Process),
                  STATUS_SUCCESS);
    EXPECT_STATUS(ZwIsProcessInJob(Process, Handle), STATUS_PROCESS_NOT_IN_JOB);
    EXPECT_STATUS(ZwAssignProcessToJobObject(Handle, Process), STATUS_SUCCESS);
    EXPECT_STATUS(ZwIsProcessInJob(Process, Handle), STATUS_PROCESS_IN_JOB);
    EXPECT(PsGetProcessJob(Me) != NULL);
    ZwClose(Process);
    ZwClose(Handle);
}

/* The registers of the thread's user mode, as its debugger would get them. */
static VOID
Registers(VOID)
{
    static CONTEXT Context;

    Context.ContextFlags = CONTEXT_CONTROL | CONTEXT_INTEGER;
    EXPECT_STATUS(PsGetContextThread(MyThread, &Context, KernelMode), STATUS_SUCCESS);
    EXPECT(Context.Rip != 0 && Context.Rip < (ULONG_PTR)MmHighestUserAddress);
    EXPECT(Context.Rsp != 0 && Context.Rsp < (ULONG_PTR)MmHighestUserAddress);
}

static VOID
Ids(VOID)
{
    PEPROCESS Process;
    PETHREAD Thread;
    CLIENT_ID Id = {PsGetCurrentProcessId(), PsGetCurrentThreadId()};
    CLIENT_ID Nobody = {Id.UniqueProcess, (HANDLE)0x7FFFFFFC};

    EXPECT_EQ(PsGetProcessId(Me), Id.UniqueProcess);
    EXPECT_EQ(PsGetThreadId(MyThread), Id.UniqueThread);
    EXPECT_EQ(PsGetThreadProcessId(MyThread), Id.UniqueProcess);
    EXPECT_EQ(PsGetCurrentThreadProcessId(), Id.UniqueProcess);
    EXPECT_EQ(PsGetThreadProcess(MyThread), Me);
    EXPECT_EQ(PsGetCurrentThreadProcess(), Me);
    EXPECT_EQ(IoThreadToProcess(MyThread), Me);
    EXPECT_EQ(IoGetRequestorProcess(Request), Me);
    EXPECT_EQ(IoGetRequestorProcessId(Request), (ULONG)(ULONG_PTR)Id.UniqueProcess);
    EXPECT(Me != PsInitialSystemProcess);
    EXPECT_STATUS(PsLookupProcessThreadByCid(&Id, &Process, &Thread), STATUS_SUCCESS);
    EXPECT(Process == Me && Thread == MyThread);
    ObDereferenceObject(Process);
    ObDereferenceObject(Thread);
    EXPECT_STATUS(PsLookupProcessThreadByCid(&Id, NULL, &Thread), STATUS_SUCCESS);
    ObDereferenceObject(Thread);
    EXPECT_STATUS(PsLookupProcessThreadByCid(&Nobody, &Process, &Thread), STATUS_INVALID_CID);
    EXPECT_STATUS(PsLookupProcessByProcessId((HANDLE)0x7FFFFFFC, &Process), STATUS_INVALID_CID);
}

static VOID
UserSide(VOID)
{
    PVOID Teb = PsGetCurrentThreadTeb(), Peb = PsGetProcessPeb(Me);
    UNICODE_STRING Last, Wanted;
    PUNICODE_STRING Image = NULL;

    EXPECT_EQ(PsGetThreadTeb(MyThread), Teb);
    EXPECT_EQ(*(PVOID *)((PUCHAR)Teb + 0x30), Teb); /* NT_TIB.Self */
    EXPECT_EQ(*(PVOID *)((PUCHAR)Teb + 0x60), Peb); /* TEB.ProcessEnvironmentBlock */
    /* PEB.ImageBaseAddress */
    EXPECT_EQ(*(PVOID *)((PUCHAR)Peb + 0x10), PsGetProcessSectionBaseAddress(Me));
    EXPECT_EQ(*(PUSHORT)PsGetProcessSectionBaseAddress(Me), 0x5A4D);
    EXPECT_EQ(PsGetProcessPeb(PsInitialSystemProcess), NULL);
    EXPECT_STATUS(SeLocateProcessImageName(Me, &Image),
                  STATUS_SUCCESS); /* a device's name; the caller frees it */
    RtlInitUnicodeString(&Wanted, L"\\ps-who-client.exe");
    Last.Length = Last.MaximumLength = Wanted.Length;
    Last.Buffer = Image->Buffer + (Image->Length - Last.Length) / sizeof(WCHAR);
    EXPECT(RtlEqualUnicodeString(&Last, &Wanted, TRUE));
    RtlInitUnicodeString(&Wanted, L"\\Device\\");
    EXPECT(RtlPrefixUnicodeString(&Wanted, Image, TRUE));
    EXPECT(Image->MaximumLength >= Image->Length + sizeof(WCHAR) &&
           Image->Buffer[Image->Length / sizeof(WCHAR)] == 0);
    ExFreePool(Image);
    EXPECT_EQ(PsGetProcessWow64Process(Me), NULL);
    EXPECT(!IoIs32bitProcess(Request));
    EXPECT_EQ(PsGetCurrentThreadPreviousMode(), UserMode);
    EXPECT_EQ(ExGetPreviousMode(), UserMode);
    EXPECT_EQ(Request->RequestorMode, UserMode);
    EXPECT(!PsIsSystemThread(MyThread) && !PsIsThreadTerminating(MyThread));
    EXPECT((PUCHAR)PsGetCurrentThreadStackLimit() < (PUCHAR)&Teb &&
           (PUCHAR)&Teb < (PUCHAR)PsGetCurrentThreadStackBase());
}

static VOID
OfProcess(VOID)
{
    LARGE_INTEGER Now;

    EXPECT(strncmp(PsGetProcessImageFileName(Me), "ps-who-client.exe", 14) == 0);
    EXPECT(strcmp(PsGetProcessImageFileName(PsInitialSystemProcess), "System") == 0);
    EXPECT(!PsIsSystemProcess(Me) && PsIsSystemProcess(PsInitialSystemProcess));
    EXPECT(!PsIsProtectedProcess(Me) && !PsIsProcessBeingDebugged(Me));
    EXPECT_EQ(PsGetProcessSessionId(PsInitialSystemProcess), 0); /* services, since Vista */
    EXPECT_EQ(PsGetProcessSessionId(Me), 1);
    EXPECT_EQ(PsGetCurrentProcessSessionId(), 1);
    EXPECT(PsGetProcessInheritedFromUniqueProcessId(Me) != PsGetCurrentProcessId());
    KeQuerySystemTime(&Now);
    EXPECT(PsGetProcessCreateTimeQuadPart(Me) > 0);
    EXPECT(PsGetThreadCreateTime(MyThread) >= PsGetProcessCreateTimeQuadPart(Me));
    EXPECT(PsGetThreadCreateTime(MyThread) <= Now.QuadPart);
    EXPECT_EQ(PsGetProcessExitTime().QuadPart, 0); /* the current process runs */
    EXPECT(!PsGetProcessExitProcessCalled(Me));
    EXPECT_STATUS(PsGetProcessExitStatus(Me), STATUS_PENDING);
    EXPECT_STATUS(PsGetThreadExitStatus(MyThread), STATUS_PENDING);
}

/* Charged, given back; what is given back too much would be bug check 0x21. */
static VOID
Quota(VOID)
{
    EXPECT_STATUS(PsChargeProcessPoolQuota(Me, NonPagedPool, 1000), STATUS_SUCCESS);
    EXPECT_STATUS(PsChargeProcessPoolQuota(Me, PagedPool, 10), STATUS_SUCCESS);
    PsChargePoolQuota(Me, NonPagedPool, 500);
    PsReturnPoolQuota(Me, NonPagedPool, 1500);
    PsReturnPoolQuota(Me, PagedPool, 10);
    EXPECT_STATUS(PsChargeProcessPoolQuota(PsInitialSystemProcess, PagedPool, 16), STATUS_SUCCESS);
    PsReturnPoolQuota(PsInitialSystemProcess, PagedPool, 1 << 30); /* it has no quota */
}

static VOID
Impersonation(VOID)
{
    PACCESS_TOKEN Primary = PsReferencePrimaryToken(PsInitialSystemProcess), Token;
    BOOLEAN Copy = 9, Effective = 9;
    SECURITY_IMPERSONATION_LEVEL Level = SecurityAnonymous;
    SE_IMPERSONATION_STATE State;

    EXPECT(!PsIsThreadImpersonating(MyThread));
    EXPECT_EQ(PsReferenceImpersonationToken(MyThread, &Copy, &Effective, &Level), NULL);
    EXPECT(!PsDisableImpersonation(MyThread, &State)); /* TRUE only if it was impersonating */
    EXPECT_EQ(State.Token, NULL);
    PsRestoreImpersonation(MyThread, &State);
    EXPECT_STATUS(PsImpersonateClient(MyThread, Primary, TRUE, FALSE, SecurityIdentification),
                  STATUS_SUCCESS);
    EXPECT(PsIsThreadImpersonating(MyThread));
    Token = PsReferenceImpersonationToken(MyThread, &Copy, &Effective, &Level);
    EXPECT(Token == Primary && Copy == TRUE && Effective == FALSE);
    EXPECT_EQ(Level, SecurityIdentification);
    PsDereferenceImpersonationToken(Token);
    EXPECT(PsDisableImpersonation(MyThread, &State));
    EXPECT(!PsIsThreadImpersonating(MyThread));
    EXPECT(State.Token == Primary && State.CopyOnOpen && !State.EffectiveOnly);
    EXPECT_EQ(State.Level, SecurityIdentification);
    PsRestoreImpersonation(MyThread, &State);
    Token = PsReferenceImpersonationToken(MyThread, &Copy, &Effective, &Level);
    EXPECT(Token == Primary && Copy == TRUE && Effective == FALSE);
    EXPECT_EQ(Level, SecurityIdentification);
    PsDereferenceImpersonationToken(Token);
    EXPECT_STATUS(PsImpersonateClient(MyThread, Primary, FALSE, TRUE, SecurityImpersonation),
                  STATUS_SUCCESS); /* in place of the other */
    Token = PsReferenceImpersonationToken(MyThread, &Copy, &Effective, &Level);
    EXPECT(Token == Primary && Copy == FALSE && Effective == TRUE);
    PsDereferenceImpersonationToken(Token);
    PsRevertToSelf();
    EXPECT(!PsIsThreadImpersonating(MyThread));
    PsDereferencePrimaryToken(Primary);
}

/* NtSetInformationThread(ThreadImpersonationToken), as a routine: a primary token is refused. */
static VOID
Assign(VOID)
{
    OBJECT_ATTRIBUTES Attributes;
    SECURITY_QUALITY_OF_SERVICE Quality = {sizeof(Quality), SecurityIdentification, 0, FALSE};
    HANDLE Primary = NULL, Token = NULL;
    PACCESS_TOKEN Mine;
    BOOLEAN Copy, Effective;
    SECURITY_IMPERSONATION_LEVEL Level;

    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Attributes.SecurityQualityOfService = &Quality;
    EXPECT_STATUS(
        ZwOpenProcessTokenEx(ZwCurrentProcess(), TOKEN_ALL_ACCESS, OBJ_KERNEL_HANDLE, &Primary),
        STATUS_SUCCESS);
    EXPECT_STATUS(
        ZwDuplicateToken(Primary, TOKEN_ALL_ACCESS, &Attributes, FALSE, TokenImpersonation, &Token),
        STATUS_SUCCESS);
    EXPECT_STATUS(ZwSetInformationThread(ZwCurrentThread(), ThreadImpersonationToken, &Primary,
                                         sizeof(Primary)),
                  STATUS_BAD_TOKEN_TYPE);
    EXPECT(!PsIsThreadImpersonating(MyThread));
    EXPECT_STATUS(
        ZwSetInformationThread(ZwCurrentThread(), ThreadImpersonationToken, &Token, sizeof(Token)),
        STATUS_SUCCESS);
    EXPECT(PsIsThreadImpersonating(MyThread));
    Mine = PsReferenceImpersonationToken(MyThread, &Copy, &Effective, &Level);
    PsDereferenceImpersonationToken(Mine);    /* the DDK's macro evaluates it twice */
    EXPECT_EQ(Level, SecurityIdentification); /* the token's own */
    EXPECT_STATUS(PsAssignImpersonationToken(MyThread, NULL), STATUS_SUCCESS); /* back */
    EXPECT(!PsIsThreadImpersonating(MyThread));
    PsRevertThreadToSelf(MyThread); /* who does not impersonate may go back, too */
    ZwClose(Token);
    ZwClose(Primary);
}

static NTSTATUS NTAPI
Open(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    static const NTLAB_TEST Tests[] = {TEST(Ids),           TEST(Job),       TEST(Registers),
                                       TEST(UserSide),      TEST(OfProcess), TEST(Quota),
                                       TEST(Impersonation), TEST(Assign)};

    Me = PsGetCurrentProcess();
    MyThread = PsGetCurrentThread();
    Request = Irp;
    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_CREATE) {
        NtlabRun(Tests, RTL_NUMBER_OF(Tests));
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\PsWho");

    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\PsWho");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\PsWho");
    PDEVICE_OBJECT Device;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = Open;
    DriverObject->MajorFunction[IRP_MJ_CLEANUP] = Open;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Open;
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    return IoCreateSymbolicLink(&Link, &Name);
}
