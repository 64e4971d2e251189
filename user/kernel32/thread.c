/*
 * thread.c - threads: make, end, priorities, contexts, APCs, names.
 */
#include "user/kernel32/base.h"

HANDLE WINAPI
CreateRemoteThreadEx(HANDLE Process, LPSECURITY_ATTRIBUTES Security, SIZE_T StackSize,
                     LPTHREAD_START_ROUTINE Start, LPVOID Parameter, DWORD Flags,
                     LPPROC_THREAD_ATTRIBUTE_LIST AttributeList, LPDWORD Id)
{
    OBJECT_ATTRIBUTES Attributes;
    PS_ATTRIBUTE_LIST List;
    CLIENT_ID ClientId = {0};
    SIZE_T Commit = StackSize, Reserve = 0;
    HANDLE Thread;
    NTSTATUS Status;

    if ((Flags & ~(CREATE_SUSPENDED | STACK_SIZE_PARAM_IS_A_RESERVATION)) != 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if ((Flags & STACK_SIZE_PARAM_IS_A_RESERVATION) != 0) {
        Commit = 0;
        Reserve = StackSize;
    }
    if (Process == NtCurrentProcess()) { /* a size of 0 is the executable's */
        PIMAGE_NT_HEADERS Headers = RtlImageNtHeader(NtCurrentPeb()->ImageBaseAddress);

        Commit = Commit != 0 ? Commit : Headers->OptionalHeader.SizeOfStackCommit;
        Reserve = Reserve != 0 ? Reserve : Headers->OptionalHeader.SizeOfStackReserve;
    }
    InitializeObjectAttributes(&Attributes, NULL,
                               Security != NULL && Security->bInheritHandle ? OBJ_INHERIT : 0, NULL,
                               Security != NULL ? Security->lpSecurityDescriptor : NULL);
    List.TotalLength = sizeof(List);
    List.Attributes[0].Attribute = PS_ATTRIBUTE_CLIENT_ID;
    List.Attributes[0].Size = sizeof(ClientId);
    List.Attributes[0].ValuePtr = &ClientId;
    List.Attributes[0].ReturnLength = NULL;
    Status =
        NtCreateThreadEx(&Thread, THREAD_ALL_ACCESS, &Attributes, Process, (PVOID)Start, Parameter,
                         (Flags & CREATE_SUSPENDED) != 0 ? THREAD_CREATE_FLAGS_CREATE_SUSPENDED : 0,
                         0, Commit, Reserve, &List);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    if (Id != NULL) {
        *Id = (DWORD)(ULONG_PTR)ClientId.UniqueThread;
    }
    return Thread;
}

HANDLE WINAPI
CreateRemoteThread(HANDLE Process, LPSECURITY_ATTRIBUTES Security, SIZE_T StackSize,
                   LPTHREAD_START_ROUTINE Start, LPVOID Parameter, DWORD Flags, LPDWORD Id)
{
    return CreateRemoteThreadEx(Process, Security, StackSize, Start, Parameter, Flags, NULL, Id);
}

HANDLE WINAPI
CreateThread(LPSECURITY_ATTRIBUTES Security, SIZE_T StackSize, LPTHREAD_START_ROUTINE Start,
             LPVOID Parameter, DWORD Flags, LPDWORD Id)
{
    return CreateRemoteThreadEx(NtCurrentProcess(), Security, StackSize, Start, Parameter, Flags,
                                NULL, Id);
}

VOID WINAPI
FreeLibraryAndExitThread(HMODULE Module, DWORD Code)
{
    FreeLibrary(Module);
    RtlExitUserThread(Code);
}

BOOL WINAPI
TerminateThread(HANDLE Thread, DWORD Code)
{
    if (Thread == NULL) {
        return BaseFailWith(ERROR_INVALID_HANDLE);
    }
    return BaseResult(NtTerminateThread(Thread, Code));
}

DWORD WINAPI
SuspendThread(HANDLE Thread)
{
    ULONG Previous;

    return BaseResult(NtSuspendThread(Thread, &Previous)) ? Previous : (DWORD)-1;
}

DWORD WINAPI
ResumeThread(HANDLE Thread)
{
    ULONG Previous;

    return BaseResult(NtResumeThread(Thread, &Previous)) ? Previous : (DWORD)-1;
}

HANDLE WINAPI
GetCurrentThread(VOID)
{
    return NtCurrentThread();
}

DWORD WINAPI
GetCurrentThreadId(VOID)
{
    return (DWORD)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueThread;
}

static BOOL
BaseThreadBasic(HANDLE Thread, PTHREAD_BASIC_INFORMATION Basic)
{
    return BaseResult(
        NtQueryInformationThread(Thread, ThreadBasicInformation, Basic, sizeof(*Basic), NULL));
}

DWORD WINAPI
GetThreadId(HANDLE Thread)
{
    THREAD_BASIC_INFORMATION Basic;

    return BaseThreadBasic(Thread, &Basic) ? (DWORD)(ULONG_PTR)Basic.ClientId.UniqueThread : 0;
}

DWORD WINAPI
GetProcessIdOfThread(HANDLE Thread)
{
    THREAD_BASIC_INFORMATION Basic;

    return BaseThreadBasic(Thread, &Basic) ? (DWORD)(ULONG_PTR)Basic.ClientId.UniqueProcess : 0;
}

BOOL WINAPI
GetExitCodeThread(HANDLE Thread, LPDWORD Code)
{
    THREAD_BASIC_INFORMATION Basic;

    if (!BaseThreadBasic(Thread, &Basic)) {
        return FALSE;
    }
    *Code = Basic.ExitStatus;
    return TRUE;
}

HANDLE WINAPI
OpenThread(DWORD Access, BOOL Inherit, DWORD Id)
{
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID ClientId = {NULL, (HANDLE)(ULONG_PTR)Id};
    HANDLE Thread = NULL;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, Inherit ? OBJ_INHERIT : 0, NULL, NULL);
    Status = NtOpenThread(&Thread, Access, &Attributes, &ClientId);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status == STATUS_INVALID_CID ? STATUS_INVALID_PARAMETER : Status);
        return NULL;
    }
    return Thread;
}

int WINAPI
GetThreadPriority(HANDLE Thread)
{
    THREAD_BASIC_INFORMATION Basic;

    if (!BaseThreadBasic(Thread, &Basic)) {
        return THREAD_PRIORITY_ERROR_RETURN;
    }
    /* Saturated increments come back as the two extreme values. */
    if (Basic.BasePriority == 16) {
        return THREAD_PRIORITY_TIME_CRITICAL;
    }
    if (Basic.BasePriority == -16) {
        return THREAD_PRIORITY_IDLE;
    }
    return Basic.BasePriority;
}

BOOL WINAPI
SetThreadPriority(HANDLE Thread, int Priority)
{
    LONG Base = Priority == THREAD_PRIORITY_TIME_CRITICAL ? 16
                : Priority == THREAD_PRIORITY_IDLE        ? -16
                                                          : Priority;

    return BaseResult(NtSetInformationThread(Thread, ThreadBasePriority, &Base, sizeof(Base)));
}

BOOL WINAPI
SetThreadPriorityBoost(HANDLE Thread, BOOL Disable)
{
    ULONG Value = Disable != FALSE;

    return BaseResult(NtSetInformationThread(Thread, ThreadPriorityBoost, &Value, sizeof(Value)));
}

BOOL WINAPI
GetThreadPriorityBoost(HANDLE Thread, PBOOL Disabled)
{
    ULONG Value;
    NTSTATUS Status =
        NtQueryInformationThread(Thread, ThreadPriorityBoost, &Value, sizeof(Value), NULL);

    if (NT_SUCCESS(Status)) {
        *Disabled = Value;
    }
    return BaseResult(Status);
}

DWORD_PTR WINAPI
SetThreadAffinityMask(HANDLE Thread, DWORD_PTR Mask)
{
    THREAD_BASIC_INFORMATION Basic;
    KAFFINITY Affinity = Mask;

    if (!BaseThreadBasic(Thread, &Basic) ||
        !BaseResult(
            NtSetInformationThread(Thread, ThreadAffinityMask, &Affinity, sizeof(Affinity)))) {
        return 0;
    }
    return Basic.AffinityMask;
}

BOOL WINAPI
GetThreadGroupAffinity(HANDLE Thread, PGROUP_AFFINITY Group)
{
    THREAD_BASIC_INFORMATION Basic;

    if (Group == NULL) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (!BaseThreadBasic(Thread, &Basic)) {
        return FALSE;
    }
    RtlZeroMemory(Group, sizeof(*Group));
    Group->Mask = Basic.AffinityMask;
    return TRUE;
}

BOOL WINAPI
SetThreadGroupAffinity(HANDLE Thread, const GROUP_AFFINITY *Group, PGROUP_AFFINITY Previous)
{
    if (Group == NULL) {
        return BaseFailWith(ERROR_NOACCESS); /* as the service finds it */
    }
    if (Group->Group != 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (Previous != NULL && !GetThreadGroupAffinity(Thread, Previous)) {
        return FALSE;
    }
    return SetThreadAffinityMask(Thread, Group->Mask) != 0;
}

DWORD WINAPI
SetThreadIdealProcessor(HANDLE Thread, DWORD Processor)
{
    ULONG Value = Processor;
    NTSTATUS Status = NtSetInformationThread(Thread, ThreadIdealProcessor, &Value, sizeof(Value));

    /* The service returns the previous one as its status. */
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return (DWORD)-1;
    }
    return (DWORD)Status;
}

BOOL WINAPI
GetThreadContext(HANDLE Thread, LPCONTEXT Context)
{
    return BaseResult(NtGetContextThread(Thread, Context));
}

BOOL WINAPI
SetThreadContext(HANDLE Thread, const CONTEXT *Context)
{
    return BaseResult(NtSetContextThread(Thread, (PCONTEXT)Context));
}

BOOL WINAPI
GetThreadTimes(HANDLE Thread, LPFILETIME Creation, LPFILETIME Exit, LPFILETIME Kernel,
               LPFILETIME User)
{
    KERNEL_USER_TIMES Times;
    NTSTATUS Status = NtQueryInformationThread(Thread, ThreadTimes, &Times, sizeof(Times), NULL);

    if (NT_SUCCESS(Status)) {
        *Creation = Times.CreateTime;
        *Exit = Times.ExitTime;
        *Kernel = *(LPFILETIME)&Times.KernelTime;
        *User = *(LPFILETIME)&Times.UserTime;
    }
    return BaseResult(Status);
}

BOOL WINAPI
GetThreadIOPendingFlag(HANDLE Thread, PBOOL Pending)
{
    ULONG Value;
    NTSTATUS Status =
        NtQueryInformationThread(Thread, ThreadIsIoPending, &Value, sizeof(Value), NULL);

    if (NT_SUCCESS(Status)) {
        *Pending = Value != 0;
    }
    return BaseResult(Status);
}

static VOID NTAPI
BaseUserApc(PVOID Function, PVOID Data, PVOID Unused)
{
    ((PAPCFUNC)Function)((ULONG_PTR)Data);
}

DWORD WINAPI
QueueUserAPC(PAPCFUNC Function, HANDLE Thread, ULONG_PTR Data)
{
    return BaseResult(NtQueueApcThread(Thread, BaseUserApc, (PVOID)Function, (PVOID)Data, NULL));
}

#define BASE_APC_CALLBACK_DATA_CONTEXT 0x10000

/* APC_CALLBACK_DATA of processthreadsapi.h. */
typedef struct _BASE_APC_DATA {
    ULONG_PTR Parameter;
    PCONTEXT ContextRecord;
    ULONG_PTR Reserved0, Reserved1;
} BASE_APC_DATA;

/* The routine wants to know what it interrupted: KiUserApcDispatcher has it. */
static VOID NTAPI
BaseUserApcWithContext(PVOID Function, PVOID Data, PVOID Unused, PCONTEXT Context)
{
    BASE_APC_DATA Callback = {.Parameter = (ULONG_PTR)Data, .ContextRecord = Context};

    ((PAPCFUNC)Function)((ULONG_PTR)&Callback);
}

BOOL WINAPI
QueueUserAPC2(PAPCFUNC Function, HANDLE Thread, ULONG_PTR Data, int Flags)
{
    PPS_APC_ROUTINE Routine = (Flags & BASE_APC_CALLBACK_DATA_CONTEXT) != 0
                                  ? (PPS_APC_ROUTINE)(PVOID)BaseUserApcWithContext
                                  : BaseUserApc;

    return BaseResult(
        NtQueueApcThreadEx2(Thread, NULL, Flags, Routine, (PVOID)Function, (PVOID)Data, NULL));
}

HRESULT WINAPI
SetThreadDescription(HANDLE Thread, PCWSTR Description)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Description);
    return HRESULT_FROM_NT(NtSetInformationThread(Thread, (THREADINFOCLASS)ThreadNameInformation,
                                                  &Name, sizeof(Name)));
}

HRESULT WINAPI
GetThreadDescription(HANDLE Thread, PWSTR *Description)
{
    struct {
        UNICODE_STRING Name;
        WCHAR Text[256];
    } Buffer;
    NTSTATUS Status = NtQueryInformationThread(Thread, (THREADINFOCLASS)ThreadNameInformation,
                                               &Buffer, sizeof(Buffer), NULL);

    if (NT_SUCCESS(Status)) {
        *Description = RtlAllocateHeap(BaseHeap(), 0, Buffer.Name.Length + sizeof(WCHAR));
        if (*Description == NULL) {
            return E_OUTOFMEMORY;
        }
        RtlCopyMemory(*Description, Buffer.Name.Buffer, Buffer.Name.Length);
        (*Description)[Buffer.Name.Length / sizeof(WCHAR)] = 0;
    }
    return HRESULT_FROM_NT(Status);
}

VOID WINAPI
GetCurrentThreadStackLimits(PULONG_PTR Low, PULONG_PTR High)
{
    *Low = (ULONG_PTR)NtCurrentTeb()->DeallocationStack;
    *High = (ULONG_PTR)NtCurrentTeb()->NtTib.StackBase;
}

/* 0 asks; the guarantee is kept in the TEB: a stack overflow is told that much before the end. */
#define BASE_LEAST_GUARANTEE 0x2000 /* two pages on x64 */

BOOL WINAPI
SetThreadStackGuarantee(PULONG Bytes)
{
    PTEB Teb = NtCurrentTeb();
    ULONG Wanted = *Bytes;

    *Bytes = Teb->GuaranteedStackBytes;
    if (Wanted == 0) {
        return TRUE;
    }
    Wanted = max((Wanted + 0xFFF) & ~0xFFFu, BASE_LEAST_GUARANTEE);
    if (Wanted >= (ULONG_PTR)Teb->NtTib.StackBase - (ULONG_PTR)Teb->DeallocationStack) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    if (Wanted > Teb->GuaranteedStackBytes) { /* it is never made smaller */
        Teb->GuaranteedStackBytes = Wanted;
    }
    return TRUE;
}
