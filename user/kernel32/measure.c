/*
 * measure.c - what the system counts and promises: processor times, cycles, working sets, NUMA nodes, power, policies.
 *
 * There is one node, one group, a machine on mains power, memory that is never paged out. Cycles are the processor time in
 * units of a 1 GHz processor, so that they are the same in every run.
 */
#include "user/kernel32/base.h"

#define CYCLES_PER_100NS 100

BOOL WINAPI
GetSystemTimes(PFILETIME Idle, PFILETIME Kernel, PFILETIME User)
{
    struct {
        LARGE_INTEGER Idle, Kernel, User, Dpc, Interrupt;
        ULONG Interrupts;
    } Processors[64]; /* SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION */
    LONGLONG Sum[3] = {0};
    ULONG Length = 0;
    NTSTATUS Status = NtQuerySystemInformation(8, Processors, sizeof(Processors), &Length);

    if (!NT_SUCCESS(Status)) {
        return BaseFail(Status);
    }
    for (ULONG i = 0; i < Length / sizeof(Processors[0]); i++) {
        Sum[0] += Processors[i].Idle.QuadPart;
        Sum[1] += Processors[i].Kernel.QuadPart; /* idle time is in it */
        Sum[2] += Processors[i].User.QuadPart;
    }
    if (Idle != NULL) {
        *Idle = *(PFILETIME)&Sum[0];
    }
    if (Kernel != NULL) {
        *Kernel = *(PFILETIME)&Sum[1];
    }
    if (User != NULL) {
        *User = *(PFILETIME)&Sum[2];
    }
    return TRUE;
}

BOOL WINAPI
QueryThreadCycleTime(HANDLE Thread, PULONG64 Cycles)
{
    KERNEL_USER_TIMES Times;
    NTSTATUS Status =
        NtQueryInformationThread(Thread, (THREADINFOCLASS)1, &Times, sizeof(Times), NULL);

    if (NT_SUCCESS(Status)) {
        *Cycles = (ULONG64)(Times.KernelTime.QuadPart + Times.UserTime.QuadPart) * CYCLES_PER_100NS;
    }
    return BaseResult(Status);
}

BOOL WINAPI
QueryProcessCycleTime(HANDLE Process, PULONG64 Cycles)
{
    KERNEL_USER_TIMES Times;
    NTSTATUS Status = NtQueryInformationProcess(Process, ProcessTimes, &Times, sizeof(Times), NULL);

    if (NT_SUCCESS(Status)) {
        *Cycles = (ULONG64)(Times.KernelTime.QuadPart + Times.UserTime.QuadPart) * CYCLES_PER_100NS;
    }
    return BaseResult(Status);
}

static BOOL
BaseIsProcess(HANDLE Process)
{
    return GetProcessId(Process) != 0;
}

/* Windows' defaults; nothing is paged out, so they limit nothing. */
BOOL WINAPI
GetProcessWorkingSetSizeEx(HANDLE Process, PSIZE_T Minimum, PSIZE_T Maximum, PDWORD Flags)
{
    if (!BaseIsProcess(Process)) {
        return FALSE;
    }
    *Minimum = 50 * 4096;
    *Maximum = 345 * 4096;
    *Flags = QUOTA_LIMITS_HARDWS_MIN_DISABLE | QUOTA_LIMITS_HARDWS_MAX_DISABLE;
    return TRUE;
}

BOOL WINAPI
GetProcessWorkingSetSize(HANDLE Process, PSIZE_T Minimum, PSIZE_T Maximum)
{
    DWORD Flags;

    return GetProcessWorkingSetSizeEx(Process, Minimum, Maximum, &Flags);
}

BOOL WINAPI
SetProcessWorkingSetSizeEx(HANDLE Process, SIZE_T Minimum, SIZE_T Maximum, DWORD Flags)
{
    return SetProcessWorkingSetSize(Process, Minimum, Maximum);
}

BOOL WINAPI
GetProcessPriorityBoost(HANDLE Process, PBOOL Disabled)
{
    ULONG Value = 0;
    NTSTATUS Status =
        NtQueryInformationProcess(Process, ProcessPriorityBoost, &Value, sizeof(Value), NULL);

    if (NT_SUCCESS(Status)) {
        *Disabled = (BOOL)Value;
    }
    return BaseResult(Status);
}

BOOL WINAPI
SetProcessPriorityBoost(HANDLE Process, BOOL Disable)
{
    ULONG Value = Disable != FALSE;

    return BaseResult(
        NtSetInformationProcess(Process, ProcessPriorityBoost, &Value, sizeof(Value)));
}

BOOL WINAPI
IsProcessCritical(HANDLE Process, PBOOL Critical)
{
    ULONG Value = 0;
    NTSTATUS Status = NtQueryInformationProcess(Process, (PROCESSINFOCLASS)0x1D, &Value,
                                                sizeof(Value), NULL); /* BreakOnTermination */

    if (NT_SUCCESS(Status)) {
        *Critical = (BOOL)Value;
    }
    return BaseResult(Status);
}

BOOL WINAPI
GetProcessShutdownParameters(LPDWORD Level, LPDWORD Flags)
{
    *Level =
        0x280; /* what SetProcessShutdownParameters says else is not kept: nothing is shut down */
    *Flags = 0;
    return TRUE;
}

/* ---- NUMA, groups ---- */

BOOL WINAPI
GetNumaHighestNodeNumber(PULONG Highest)
{
    *Highest = 0;
    return TRUE;
}

BOOL WINAPI
GetNumaNodeProcessorMask(UCHAR Node, PULONGLONG Mask)
{
    SYSTEM_INFO System;

    if (Node != 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    GetSystemInfo(&System);
    *Mask = System.dwActiveProcessorMask;
    return TRUE;
}

BOOL WINAPI
GetNumaNodeProcessorMaskEx(USHORT Node, PGROUP_AFFINITY Affinity)
{
    ULONGLONG Mask;

    if (Node != 0 || !GetNumaNodeProcessorMask(0, &Mask)) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    RtlZeroMemory(Affinity, sizeof(*Affinity));
    Affinity->Mask = Mask;
    return TRUE;
}

BOOL WINAPI
GetNumaProcessorNode(UCHAR Processor, PUCHAR Node)
{
    if (Processor >= GetActiveProcessorCount(0)) {
        *Node = 0xFF;
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    *Node = 0;
    return TRUE;
}

BOOL WINAPI
GetNumaProcessorNodeEx(PPROCESSOR_NUMBER Processor, PUSHORT Node)
{
    if (Processor->Group != 0 || Processor->Number >= GetActiveProcessorCount(0)) {
        *Node = 0xFFFF;
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    *Node = 0;
    return TRUE;
}

BOOL WINAPI
GetNumaAvailableMemoryNode(UCHAR Node, PULONGLONG Bytes)
{
    MEMORYSTATUSEX Memory = {.dwLength = sizeof(Memory)};

    if (Node != 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    GlobalMemoryStatusEx(&Memory);
    *Bytes = Memory.ullAvailPhys;
    return TRUE;
}

BOOL WINAPI
GetNumaAvailableMemoryNodeEx(USHORT Node, PULONGLONG Bytes)
{
    return GetNumaAvailableMemoryNode(Node != 0 ? 0xFF : 0, Bytes);
}

BOOL WINAPI
GetProcessGroupAffinity(HANDLE Process, PUSHORT Count, PUSHORT Groups)
{
    if (!BaseIsProcess(Process)) {
        return FALSE;
    }
    if (*Count < 1) {
        *Count = 1;
        return BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
    }
    *Count = 1;
    Groups[0] = 0;
    return TRUE;
}

/* One entry; FALSE when there is no room, and it is counted all the same. */
static PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX
BaseRelation(PUCHAR Buffer, DWORD Room, PDWORD Needed, LOGICAL_PROCESSOR_RELATIONSHIP Relation,
             DWORD Size)
{
    PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX Entry = (PVOID)(Buffer + *Needed);

    *Needed += Size;
    if (*Needed > Room) {
        return NULL;
    }
    RtlZeroMemory(Entry, Size);
    Entry->Relationship = Relation;
    Entry->Size = Size;
    return Entry;
}

#define RELATION_SIZE(Field)                                                                       \
    (FIELD_OFFSET(SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX, Field) +                                \
     sizeof(((PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX)0)->Field))

BOOL WINAPI
GetLogicalProcessorInformationEx(LOGICAL_PROCESSOR_RELATIONSHIP Relation,
                                 PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX Buffer, PDWORD Length)
{
    PSYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX Entry;
    DWORD Count = GetActiveProcessorCount(0), Room = *Length, Needed = 0;
    KAFFINITY All = Count == 64 ? ~0ull : (1ull << Count) - 1;
    BOOL Any = Relation == RelationAll;

    if (!Any && Relation > RelationGroup) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    for (DWORD i = 0; i < Count && (Any || Relation == RelationProcessorCore); i++) {
        Entry = BaseRelation((PUCHAR)Buffer, Room, &Needed, RelationProcessorCore,
                             RELATION_SIZE(Processor));
        if (Entry != NULL) {
            Entry->Processor.GroupCount = 1;
            Entry->Processor.GroupMask[0].Mask = 1ull << i;
        }
    }
    if (Any || Relation == RelationNumaNode) {
        Entry =
            BaseRelation((PUCHAR)Buffer, Room, &Needed, RelationNumaNode, RELATION_SIZE(NumaNode));
        if (Entry != NULL) {
            Entry->NumaNode.GroupMask.Mask = All;
        }
    }
    if (Any || Relation == RelationProcessorPackage) {
        Entry = BaseRelation((PUCHAR)Buffer, Room, &Needed, RelationProcessorPackage,
                             RELATION_SIZE(Processor));
        if (Entry != NULL) {
            Entry->Processor.GroupCount = 1;
            Entry->Processor.GroupMask[0].Mask = All;
        }
    }
    if (Any || Relation == RelationGroup) {
        Entry = BaseRelation((PUCHAR)Buffer, Room, &Needed, RelationGroup, RELATION_SIZE(Group));
        if (Entry != NULL) {
            Entry->Group.MaximumGroupCount = Entry->Group.ActiveGroupCount = 1;
            Entry->Group.GroupInfo[0].MaximumProcessorCount = (BYTE)Count;
            Entry->Group.GroupInfo[0].ActiveProcessorCount = (BYTE)Count;
            Entry->Group.GroupInfo[0].ActiveProcessorMask = All;
        }
    }
    *Length = Needed;
    return Needed <= Room ? TRUE : BaseFailWith(ERROR_INSUFFICIENT_BUFFER);
}

/* ---- power, firmware, session ---- */

BOOL WINAPI
GetSystemPowerStatus(LPSYSTEM_POWER_STATUS Status)
{
    RtlZeroMemory(Status, sizeof(*Status));
    Status->ACLineStatus = 1;
    Status->BatteryFlag = 128; /* no battery */
    Status->BatteryLifePercent = 255;
    Status->BatteryLifeTime = Status->BatteryFullLifeTime = ~0u;
    return TRUE;
}

/* Nothing sleeps here: no thread's wish is kept, so the state before is always the same. */
EXECUTION_STATE WINAPI
SetThreadExecutionState(EXECUTION_STATE State)
{
    if ((State & ~(ES_SYSTEM_REQUIRED | ES_DISPLAY_REQUIRED | ES_USER_PRESENT |
                   ES_AWAYMODE_REQUIRED | ES_CONTINUOUS)) != 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return 0;
    }
    return ES_CONTINUOUS;
}

BOOL WINAPI
IsSystemResumeAutomatic(VOID)
{
    return FALSE;
}

BOOL WINAPI
GetFirmwareType(PFIRMWARE_TYPE Type)
{
    *Type = FirmwareTypeUefi;
    return TRUE;
}

DWORD WINAPI
WTSGetActiveConsoleSessionId(VOID)
{
    DWORD Session = 1;

    ProcessIdToSessionId(GetCurrentProcessId(), &Session);
    return Session;
}

/* ---- policies ---- */

DEP_SYSTEM_POLICY_TYPE WINAPI
GetSystemDEPPolicy(VOID)
{
    return DEPPolicyAlwaysOn; /* as for every 64-bit program */
}

BOOL WINAPI
GetProcessDEPPolicy(HANDLE Process, LPDWORD Flags, PBOOL Permanent)
{
    return BaseFailWith(ERROR_NOT_SUPPORTED); /* of 32-bit processes only */
}

BOOL WINAPI
SetProcessDEPPolicy(DWORD Flags)
{
    return BaseFailWith(ERROR_NOT_SUPPORTED);
}

VOID WINAPI
FlushProcessWriteBuffers(VOID)
{
    __asm__ volatile("lock orl $0, (%%rsp)" : : : "memory");
}

SIZE_T WINAPI
GetLargePageMinimum(VOID)
{
    return 0x200000;
}

UINT WINAPI
GetSystemWow64DirectoryW(LPWSTR Buffer, UINT Room)
{
    BaseFailWith(ERROR_CALL_NOT_IMPLEMENTED); /* as where there is no WOW64 */
    return 0;
}

UINT WINAPI
GetSystemWow64DirectoryA(LPSTR Buffer, UINT Room)
{
    BaseFailWith(ERROR_CALL_NOT_IMPLEMENTED);
    return 0;
}

BOOL WINAPI
Wow64DisableWow64FsRedirection(PVOID *Old)
{
    return BaseFailWith(ERROR_INVALID_FUNCTION); /* of a 64-bit program */
}

BOOL WINAPI
Wow64RevertWow64FsRedirection(PVOID Old)
{
    return BaseFailWith(ERROR_INVALID_FUNCTION);
}

BOOLEAN WINAPI
Wow64EnableWow64FsRedirection(BOOLEAN Enable)
{
    return (BOOLEAN)BaseFailWith(ERROR_INVALID_FUNCTION);
}

/* ---- hints about memory ---- */

BOOL WINAPI
PrefetchVirtualMemory(HANDLE Process, ULONG_PTR Count, PWIN32_MEMORY_RANGE_ENTRY Ranges,
                      ULONG Flags)
{
    if (Flags != 0 || Count == 0) {
        return BaseFailWith(ERROR_INVALID_PARAMETER);
    }
    return BaseIsProcess(Process);
}

/* The contents are no longer wanted, the pages are: they may hold what they held. */
DWORD WINAPI
DiscardVirtualMemory(PVOID Address, SIZE_T Size)
{
    return ((ULONG_PTR)Address & 0xFFF) != 0 || (Size & 0xFFF) != 0 || Size == 0
               ? ERROR_INVALID_PARAMETER
               : ERROR_SUCCESS;
}

LPVOID WINAPI
VirtualAllocExNuma(HANDLE Process, LPVOID Address, SIZE_T Size, DWORD Type, DWORD Protection,
                   DWORD Node)
{
    return VirtualAllocEx(Process, Address, Size, Type, Protection);
}

BOOL WINAPI
UnmapViewOfFileEx(PVOID Base, ULONG Flags)
{
    return UnmapViewOfFile(Base);
}

LPVOID WINAPI
MapViewOfFileExNuma(HANDLE Mapping, DWORD Access, DWORD High, DWORD Low, SIZE_T Bytes, LPVOID Base,
                    DWORD Node)
{
    return MapViewOfFileEx(Mapping, Access, High, Low, Bytes, Base);
}

HANDLE WINAPI
CreateFileMappingNumaW(HANDLE File, LPSECURITY_ATTRIBUTES Security, DWORD Protection, DWORD High,
                       DWORD Low, LPCWSTR Name, DWORD Node)
{
    return CreateFileMappingW(File, Security, Protection, High, Low, Name);
}

HANDLE WINAPI
CreateFileMappingNumaA(HANDLE File, LPSECURITY_ATTRIBUTES Security, DWORD Protection, DWORD High,
                       DWORD Low, LPCSTR Name, DWORD Node)
{
    return CreateFileMappingA(File, Security, Protection, High, Low, Name);
}

/* ---- jobs, tokens, restart ---- */

HANDLE WINAPI
OpenJobObjectW(DWORD Access, BOOL Inherit, LPCWSTR Name)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Text;
    HANDLE Job = NULL;
    NTSTATUS Status;

    if (Name == NULL) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    Status = NtOpenJobObject(&Job, Access,
                             BaseNamed(&Attributes, &Text, Name, NULL, Inherit ? OBJ_INHERIT : 0));
    if (!NT_SUCCESS(Status)) {
        BaseFail(Status);
        return NULL;
    }
    return Job;
}

ANSI_FORM(HANDLE, OpenJobObjectA, (DWORD Access, BOOL Inherit, LPCSTR Name), Name, NULL,
          OpenJobObjectW(Access, Inherit, Wide.Buffer))

HRESULT WINAPI
RegisterApplicationRestart(PCWSTR CommandLine, DWORD Flags)
{
    return S_OK; /* Windows Error Reporting restarts nobody here */
}

HRESULT WINAPI
UnregisterApplicationRestart(VOID)
{
    return S_OK;
}
