/*
 * process.c - processes: this one and others, but for their creation.
 */
#include "user/kernel32/base.h"

HANDLE WINAPI
GetCurrentProcess(VOID)
{
    return NtCurrentProcess();
}

DWORD WINAPI
GetCurrentProcessId(VOID)
{
    return (DWORD)(ULONG_PTR)NtCurrentTeb()->ClientId.UniqueProcess;
}

static BOOL
BaseProcessBasic(HANDLE Process, PPROCESS_BASIC_INFORMATION Basic)
{
    return BaseResult(
        NtQueryInformationProcess(Process, ProcessBasicInformation, Basic, sizeof(*Basic), NULL));
}

DWORD WINAPI
GetProcessId(HANDLE Process)
{
    PROCESS_BASIC_INFORMATION Basic;

    return BaseProcessBasic(Process, &Basic) ? (DWORD)Basic.UniqueProcessId : 0;
}

BOOL WINAPI
GetExitCodeProcess(HANDLE Process, LPDWORD Code)
{
    PROCESS_BASIC_INFORMATION Basic;

    if (!BaseProcessBasic(Process, &Basic)) {
        return FALSE;
    }
    *Code = Basic.ExitStatus;
    return TRUE;
}

BOOL WINAPI
TerminateProcess(HANDLE Process, UINT Code)
{
    if (Process == NULL) {
        return BaseFailWith(ERROR_INVALID_HANDLE);
    }
    return BaseResult(NtTerminateProcess(Process, Code));
}

HANDLE WINAPI
OpenProcess(DWORD Access, BOOL Inherit, DWORD Id)
{
    OBJECT_ATTRIBUTES Attributes;
    CLIENT_ID ClientId = {(HANDLE)(ULONG_PTR)Id, NULL};
    HANDLE Process = NULL;
    NTSTATUS Status;

    InitializeObjectAttributes(&Attributes, NULL, Inherit ? OBJ_INHERIT : 0, NULL, NULL);
    Status = NtOpenProcess(&Process, Access, &Attributes, &ClientId);
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status == STATUS_INVALID_CID ? STATUS_INVALID_PARAMETER : Status);
        return NULL;
    }
    return Process;
}

BOOL WINAPI
GetProcessTimes(HANDLE Process, LPFILETIME Creation, LPFILETIME Exit, LPFILETIME Kernel,
                LPFILETIME User)
{
    KERNEL_USER_TIMES Times;
    NTSTATUS Status = NtQueryInformationProcess(Process, ProcessTimes, &Times, sizeof(Times), NULL);

    if (NT_SUCCESS(Status)) {
        *Creation = Times.CreateTime;
        *Exit = Times.ExitTime;
        *Kernel = *(LPFILETIME)&Times.KernelTime;
        *User = *(LPFILETIME)&Times.UserTime;
    }
    return BaseResult(Status);
}

BOOL WINAPI
GetProcessAffinityMask(HANDLE Process, PDWORD_PTR ProcessMask, PDWORD_PTR SystemMask)
{
    PROCESS_BASIC_INFORMATION Basic;
    SYSTEM_INFO System;

    if (!BaseProcessBasic(Process, &Basic)) {
        return FALSE;
    }
    GetSystemInfo(&System);
    *ProcessMask = Basic.AffinityMask;
    *SystemMask = System.dwActiveProcessorMask;
    return TRUE;
}

BOOL WINAPI
SetProcessAffinityMask(HANDLE Process, DWORD_PTR Mask)
{
    KAFFINITY Affinity = Mask;

    return BaseResult(
        NtSetInformationProcess(Process, ProcessAffinityMask, &Affinity, sizeof(Affinity)));
}

static const struct {
    DWORD Win32;
    UCHAR Native;
} BasePriorityClasses[] = {
    {IDLE_PRIORITY_CLASS, 1},         {NORMAL_PRIORITY_CLASS, 2},
    {HIGH_PRIORITY_CLASS, 3},         {REALTIME_PRIORITY_CLASS, 4},
    {BELOW_NORMAL_PRIORITY_CLASS, 5}, {ABOVE_NORMAL_PRIORITY_CLASS, 6},
};

BOOL WINAPI
SetPriorityClass(HANDLE Process, DWORD Class)
{
    struct {
        BOOLEAN Foreground;
        UCHAR Class;
    } Information = {FALSE, 0};
    ULONG Index;

    for (Index = 0; Index < RTL_NUMBER_OF(BasePriorityClasses); Index++) {
        if (BasePriorityClasses[Index].Win32 == Class) {
            Information.Class = BasePriorityClasses[Index].Native;
            return BaseResult(NtSetInformationProcess(Process, ProcessPriorityClass, &Information,
                                                      sizeof(Information)));
        }
    }
    return BaseFailWith(ERROR_INVALID_PARAMETER);
}

DWORD WINAPI
GetPriorityClass(HANDLE Process)
{
    struct {
        BOOLEAN Foreground;
        UCHAR Class;
    } Information;
    ULONG Index;
    NTSTATUS Status = NtQueryInformationProcess(Process, ProcessPriorityClass, &Information,
                                                sizeof(Information), NULL);

    for (Index = 0; NT_SUCCESS(Status) && Index < RTL_NUMBER_OF(BasePriorityClasses); Index++) {
        if (BasePriorityClasses[Index].Native == Information.Class) {
            return BasePriorityClasses[Index].Win32;
        }
    }
    BaseFail(NT_SUCCESS(Status) ? STATUS_UNSUCCESSFUL : Status);
    return 0;
}

BOOL WINAPI
GetProcessHandleCount(HANDLE Process, PDWORD Count)
{
    return BaseResult(
        NtQueryInformationProcess(Process, ProcessHandleCount, Count, sizeof(*Count), NULL));
}

BOOL WINAPI
GetProcessIoCounters(HANDLE Process, PIO_COUNTERS Counters)
{
    return BaseResult(
        NtQueryInformationProcess(Process, ProcessIoCounters, Counters, sizeof(*Counters), NULL));
}

BOOL WINAPI
ProcessIdToSessionId(DWORD Id, DWORD *Session)
{
    HANDLE Process = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, Id);
    NTSTATUS Status;

    if (Process == NULL) {
        return FALSE;
    }
    Status = NtQueryInformationProcess(Process, ProcessSessionInformation, Session,
                                       sizeof(*Session), NULL);
    NtClose(Process);
    return BaseResult(Status);
}

BOOL WINAPI
IsWow64Process(HANDLE Process, PBOOL Wow64)
{
    PROCESS_BASIC_INFORMATION Basic;

    if (!BaseProcessBasic(Process, &Basic)) {
        return FALSE;
    }
    *Wow64 = FALSE; /* there are no 32-bit processes */
    return TRUE;
}

BOOL WINAPI
IsWow64Process2(HANDLE Process, USHORT *ProcessMachine, USHORT *NativeMachine)
{
    *ProcessMachine = IMAGE_FILE_MACHINE_UNKNOWN;
    if (NativeMachine != NULL) {
        *NativeMachine = IMAGE_FILE_MACHINE_AMD64;
    }
    return TRUE;
}

BOOL WINAPI
IsProcessInJob(HANDLE Process, HANDLE Job, PBOOL Result)
{
    NTSTATUS Status = NtIsProcessInJob(Process, Job);

    *Result = Status == STATUS_PROCESS_IN_JOB;
    return BaseResult(Status);
}

/* The path of the image in the NT form without its device, or as the command line knows it. */
BOOL WINAPI
QueryFullProcessImageNameW(HANDLE Process, DWORD Flags, LPWSTR Buffer, PDWORD Size)
{
    struct {
        UNICODE_STRING Name;
        WCHAR Text[600];
    } Image;
    PROCESSINFOCLASS Class =
        (Flags & PROCESS_NAME_NATIVE) != 0 ? ProcessImageFileName : ProcessImageFileNameWin32;
    NTSTATUS Status = NtQueryInformationProcess(Process, Class, &Image, sizeof(Image), NULL);
    DWORD Length = Image.Name.Length / sizeof(WCHAR);

    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (Length + 1 > *Size) {
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    RtlCopyMemory(Buffer, Image.Name.Buffer, Image.Name.Length);
    Buffer[Length] = 0;
    *Size = Length;
    return TRUE;
}

BOOL WINAPI
QueryFullProcessImageNameA(HANDLE Process, DWORD Flags, LPSTR Buffer, PDWORD Size)
{
    WCHAR Wide[600];
    DWORD Length = RTL_NUMBER_OF(Wide);

    if (!QueryFullProcessImageNameW(Process, Flags, Wide, &Length)) {
        return FALSE;
    }
    if (Length + 1 > *Size) {
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    *Size = BaseToAnsi(Wide, Length, Buffer, *Size);
    return TRUE;
}

LPWSTR WINAPI
GetCommandLineW(VOID)
{
    return BaseCommandLineW;
}

LPSTR WINAPI
GetCommandLineA(VOID)
{
    return BaseCommandLineA;
}

static VOID
BaseStartupInfo(LPSTARTUPINFOW Information)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;

    RtlZeroMemory(Information, sizeof(*Information));
    Information->cb = sizeof(*Information);
    Information->lpReserved = Parameters->ShellInfo.Buffer;
    Information->lpDesktop = Parameters->DesktopInfo.Buffer;
    Information->lpTitle = Parameters->WindowTitle.Buffer;
    Information->dwX = Parameters->StartingX;
    Information->dwY = Parameters->StartingY;
    Information->dwXSize = Parameters->CountX;
    Information->dwYSize = Parameters->CountY;
    Information->dwXCountChars = Parameters->CountCharsX;
    Information->dwYCountChars = Parameters->CountCharsY;
    Information->dwFillAttribute = Parameters->FillAttribute;
    Information->dwFlags = Parameters->WindowFlags;
    Information->wShowWindow = (WORD)Parameters->ShowWindowFlags;
    Information->cbReserved2 = Parameters->RuntimeData.Length;
    Information->lpReserved2 = (LPBYTE)Parameters->RuntimeData.Buffer;
    if ((Information->dwFlags & STARTF_USESTDHANDLES) != 0) {
        Information->hStdInput = Parameters->StandardInput;
        Information->hStdOutput = Parameters->StandardOutput;
        Information->hStdError = Parameters->StandardError;
    }
}

VOID WINAPI
GetStartupInfoW(LPSTARTUPINFOW Information)
{
    BaseStartupInfo(Information);
}

/* For as long as the process lives: nobody frees what GetStartupInfoA gives. */
static LPSTR
BaseLastingAnsi(LPCWSTR Text)
{
    UNICODE_STRING Wide;
    ANSI_STRING Ansi;

    if (Text == NULL) {
        return NULL;
    }
    RtlInitUnicodeString(&Wide, Text);
    return NT_SUCCESS(RtlUnicodeStringToAnsiString(&Ansi, &Wide, TRUE)) ? Ansi.Buffer : NULL;
}

VOID WINAPI
GetStartupInfoA(LPSTARTUPINFOA Information)
{
    STARTUPINFOW Wide;

    BaseStartupInfo(&Wide);
    C_ASSERT(sizeof(STARTUPINFOA) == sizeof(STARTUPINFOW));
    RtlCopyMemory(Information, &Wide, sizeof(*Information));
    RtlAcquireSRWLockExclusive(&BaseLock);
    if (BaseStartupDesktop == NULL) {
        BaseStartupDesktop = BaseLastingAnsi(Wide.lpDesktop);
        BaseStartupTitle = BaseLastingAnsi(Wide.lpTitle);
        BaseStartupReserved = BaseLastingAnsi(Wide.lpReserved);
    }
    RtlReleaseSRWLockExclusive(&BaseLock);
    Information->lpDesktop = BaseStartupDesktop;
    Information->lpTitle = BaseStartupTitle;
    Information->lpReserved = BaseStartupReserved;
}

BOOL WINAPI
SetProcessShutdownParameters(DWORD Level, DWORD Flags)
{
    return Level <= 0x4FF ? TRUE : BaseFailWith(ERROR_INVALID_PARAMETER);
}

BOOL WINAPI
SetProcessWorkingSetSize(HANDLE Process, SIZE_T Minimum, SIZE_T Maximum)
{
    PROCESS_BASIC_INFORMATION Basic;

    return BaseProcessBasic(Process,
                            &Basic); /* memory is never paged out: the limits have no effect */
}

BOOL WINAPI
DisableThreadLibraryCalls(HMODULE Module)
{
    return BaseResult(LdrDisableThreadCalloutsForDll(Module));
}

VOID WINAPI
FatalExit(int Code)
{
    RtlExitUserProcess(Code);
}

VOID WINAPI
FatalAppExitW(UINT Action, LPCWSTR Text)
{
    DbgPrint("%ls\n", Text);
    RtlExitUserProcess(1);
}

VOID WINAPI
FatalAppExitA(UINT Action, LPCSTR Text)
{
    DbgPrint("%s\n", Text);
    RtlExitUserProcess(1);
}

BOOL WINAPI
K32GetProcessMemoryInfo(HANDLE Process, PVOID Counters, DWORD Size)
{
    VM_COUNTERS Vm;
    NTSTATUS Status = NtQueryInformationProcess(Process, ProcessVmCounters, &Vm, sizeof(Vm), NULL);
    struct {
        DWORD cb;
        DWORD PageFaultCount;
        SIZE_T Values[8];
    } *Out = Counters;

    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    if (Size < sizeof(*Out)) {
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    Out->PageFaultCount = Vm.PageFaultCount;
    Out->Values[0] = Vm.PeakWorkingSetSize;
    Out->Values[1] = Vm.WorkingSetSize;
    Out->Values[2] = Vm.QuotaPeakPagedPoolUsage;
    Out->Values[3] = Vm.QuotaPagedPoolUsage;
    Out->Values[4] = Vm.QuotaPeakNonPagedPoolUsage;
    Out->Values[5] = Vm.QuotaNonPagedPoolUsage;
    Out->Values[6] = Vm.PagefileUsage;
    Out->Values[7] = Vm.PeakPagefileUsage;
    return TRUE;
}
