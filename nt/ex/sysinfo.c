/*
 * sysinfo.c - NtQuerySystemInformation: what drivers and clients ask about the whole system.
 *
 * Each class is a routine that writes its answer through a writer, which counts the bytes it would need
 * and keeps what fits: so one pass serves the question for the size and the answer.
 *
 * Facts: the documentation of NtQuerySystemInformation, and the structures of the public phnt headers. Class 22 is what poolmon shows.
 */
#include "exp.h"

typedef struct _EXP_WRITER {
    PUCHAR Buffer; /* system memory of Limit bytes, zeroed */
    ULONG Limit;
    ULONG Used;
    PUCHAR Target; /* where the caller will see it: for pointers inside */
} EXP_WRITER;

/* Room for Bytes more, or NULL: count only. */
static PVOID
ExpReserve(EXP_WRITER *Writer, ULONG Bytes)
{
    ULONG At = Writer->Used;

    Writer->Used += Bytes;
    return Writer->Used <= Writer->Limit ? Writer->Buffer + At : NULL;
}

#define EXP_PHYSICAL_PAGES 0x100000 /* 4 GiB */

static NTSTATUS
ExpQueryBasic(EXP_WRITER *Writer)
{
    struct {
        ULONG Reserved;
        ULONG TimerResolution;
        ULONG PageSize;
        ULONG NumberOfPhysicalPages;
        ULONG LowestPhysicalPageNumber;
        ULONG HighestPhysicalPageNumber;
        ULONG AllocationGranularity;
        ULONG_PTR MinimumUserModeAddress;
        ULONG_PTR MaximumUserModeAddress;
        ULONG_PTR ActiveProcessorsAffinityMask;
        CCHAR NumberOfProcessors;
    } *Info = ExpReserve(Writer, 64);

    C_ASSERT(sizeof(*Info) == 64);
    if (Info != NULL) {
        Info->TimerResolution = KeQueryTimeIncrement();
        Info->PageSize = PAGE_SIZE;
        Info->NumberOfPhysicalPages = EXP_PHYSICAL_PAGES;
        Info->LowestPhysicalPageNumber = 1;
        Info->HighestPhysicalPageNumber = EXP_PHYSICAL_PAGES;
        Info->AllocationGranularity = 0x10000;
        Info->MinimumUserModeAddress = ABI_LOW_BASE;
        Info->MaximumUserModeAddress = MI_USER_PROBE_ADDRESS - 1;
        Info->ActiveProcessorsAffinityMask = KeQueryActiveProcessors();
        Info->NumberOfProcessors = (CCHAR)KiProcessorCount;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryProcessor(EXP_WRITER *Writer)
{
    struct {
        USHORT Architecture;
        USHORT Level;
        USHORT Revision;
        USHORT MaximumProcessors;
        ULONG FeatureBits;
    } *Info = ExpReserve(Writer, sizeof(*Info));

    if (Info != NULL) {
        Info->Architecture = 9; /* PROCESSOR_ARCHITECTURE_AMD64 */
        Info->Level = 6;
        Info->MaximumProcessors = (USHORT)KiProcessorCount;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryPerformance(EXP_WRITER *Writer)
{
    struct {
        LARGE_INTEGER IdleProcessTime;
        LARGE_INTEGER Transfer[3];
        ULONG Operations[3];
        ULONG AvailablePages;
        ULONG CommittedPages;
        ULONG CommitLimit;
        UCHAR Rest[296 - 56];
        ULONG ContextSwitches;
        ULONG TlbFills[2];
        ULONG SystemCalls; /* that user mode made */
    } *Info = ExpReserve(Writer, 312);

    C_ASSERT(sizeof(*Info) == 312);
    if (Info != NULL) {
        for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
            Info->ContextSwitches += (ULONG)KiProcessor[Cpu]->Prcb.ContextSwitches;
            Info->SystemCalls += (ULONG)KiProcessor[Cpu]->Prcb.SystemCalls;
        }
        Info->AvailablePages = EXP_PHYSICAL_PAGES / 2;
        Info->CommitLimit = EXP_PHYSICAL_PAGES * 2;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryTimeOfDay(EXP_WRITER *Writer)
{
    struct {
        LARGE_INTEGER BootTime;
        LARGE_INTEGER CurrentTime;
        LARGE_INTEGER TimeZoneBias;
        ULONG TimeZoneId;
        ULONG Reserved;
        ULONG64 BootTimeBias;
        ULONG64 SleepTimeBias;
    } *Info = ExpReserve(Writer, sizeof(*Info));

    if (Info != NULL) {
        Info->CurrentTime.QuadPart = (LONGLONG)KiQuerySystemTime();
        Info->BootTime.QuadPart = Info->CurrentTime.QuadPart - (LONGLONG)KiQueryInterruptTime();
        Info->TimeZoneBias.QuadPart = ExpTimeZoneBias;
    }
    return STATUS_SUCCESS;
}

typedef struct _EXP_THREAD_INFORMATION {
    LARGE_INTEGER KernelTime, UserTime, CreateTime;
    ULONG WaitTime;
    PVOID StartAddress;
    CLIENT_ID ClientId;
    LONG Priority, BasePriority;
    ULONG ContextSwitches, ThreadState, WaitReason;
} EXP_THREAD_INFORMATION;
C_ASSERT(sizeof(EXP_THREAD_INFORMATION) == 0x50);

typedef struct _EXP_PROCESS_INFORMATION {
    ULONG NextEntryOffset;
    ULONG NumberOfThreads;
    LARGE_INTEGER WorkingSetPrivateSize;
    ULONG HardFaultCount, NumberOfThreadsHighWatermark;
    ULONG64 CycleTime;
    LARGE_INTEGER CreateTime, UserTime, KernelTime;
    UNICODE_STRING ImageName;
    LONG BasePriority;
    HANDLE UniqueProcessId, InheritedFromUniqueProcessId;
    ULONG HandleCount, SessionId;
    ULONG_PTR UniqueProcessKey;
    SIZE_T PeakVirtualSize, VirtualSize;
    ULONG PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize;
    SIZE_T QuotaPeakPagedPoolUsage, QuotaPagedPoolUsage, QuotaPeakNonPagedPoolUsage,
        QuotaNonPagedPoolUsage;
    SIZE_T PagefileUsage, PeakPagefileUsage, PrivatePageCount;
    LARGE_INTEGER Io[6];
} EXP_PROCESS_INFORMATION;
C_ASSERT(sizeof(EXP_PROCESS_INFORMATION) == 0x100);

static NTSTATUS
ExpQueryProcesses(EXP_WRITER *Writer)
{
    EXP_PROCESS_INFORMATION *Last = NULL;

    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        UNICODE_STRING System = RTL_CONSTANT_STRING(L"System");
        UNICODE_STRING Name =
            Process->ImagePath.Length != 0 ? PspLastComponent(&Process->ImagePath) : System;
        ULONG Threads = 0;
        EXP_PROCESS_INFORMATION *Info = ExpReserve(Writer, sizeof(*Info));
        PWCHAR Text;

        for (PETHREAD Thread = NULL; (Thread = PspNextThreadOf(Process, Thread)) != NULL;) {
            EXP_THREAD_INFORMATION *Row = ExpReserve(Writer, sizeof(*Row));

            Threads++;
            if (Row != NULL) {
                Row->CreateTime = Thread->CreateTime;
                Row->StartAddress = Thread->StartAddress;
                Row->ClientId = Thread->Cid;
                Row->Priority = Thread->Tcb.Priority;
                Row->BasePriority = Thread->Tcb.BasePriority;
                Row->ContextSwitches = Thread->Tcb.ContextSwitches;
                Row->ThreadState = Thread->Tcb.State;
                Row->WaitReason = Thread->Tcb.WaitReason;
            }
        }
        Text = ExpReserve(Writer, (Name.Length + sizeof(WCHAR) + 7) & ~7u);
        if (Info != NULL) {
            if (Last != NULL) {
                Last->NextEntryOffset = (ULONG)((PUCHAR)Info - (PUCHAR)Last);
            }
            Last = Info;
            Info->NumberOfThreads = Threads;
            Info->NumberOfThreadsHighWatermark = Threads;
            Info->CreateTime = Process->CreateTime;
            Info->BasePriority = Process->Pcb.BasePriority;
            Info->UniqueProcessId = Process->UniqueProcessId;
            Info->InheritedFromUniqueProcessId = Process->InheritedFromUniqueProcessId;
            Info->UniqueProcessKey = (ULONG_PTR)Process;
            Info->VirtualSize = Process->VirtualSize;
            Info->QuotaNonPagedPoolUsage = Process->QuotaUsage[0];
            Info->QuotaPagedPoolUsage = Process->QuotaUsage[1];
            if (Text != NULL && Process->UniqueProcessId != NULL) {
                RtlCopyMemory(Text, Name.Buffer, Name.Length);
                Info->ImageName.Length = Name.Length;
                Info->ImageName.MaximumLength = (USHORT)(Name.Length + sizeof(WCHAR));
                Info->ImageName.Buffer = (PWCHAR)(Writer->Target + ((PUCHAR)Text - Writer->Buffer));
            }
        }
    }
    return STATUS_SUCCESS;
}

typedef struct _EXP_MODULE_INFORMATION {
    HANDLE Section;
    PVOID MappedBase, ImageBase;
    ULONG ImageSize, Flags;
    USHORT LoadOrderIndex, InitOrderIndex, LoadCount, OffsetToFileName;
    UCHAR FullPathName[256];
} EXP_MODULE_INFORMATION;
C_ASSERT(sizeof(EXP_MODULE_INFORMATION) == 296);

static NTSTATUS
ExpQueryModules(EXP_WRITER *Writer)
{
    PULONG Count = ExpReserve(Writer, 8);
    USHORT Index = 0;

    for (PLIST_ENTRY Link = PsLoadedModuleList.Flink; Link != &PsLoadedModuleList;
         Link = Link->Flink) {
        PKI_MODULE Module = CONTAINING_RECORD(Link, KI_MODULE, InLoadOrderLinks);
        EXP_MODULE_INFORMATION *Info = ExpReserve(Writer, sizeof(*Info));

        if (Info != NULL) {
            ULONG Chars = min(Module->FullDllName.Length / sizeof(WCHAR), 255);

            Info->ImageBase = Module->DllBase;
            Info->ImageSize = Module->SizeOfImage;
            Info->Flags = Module->Flags;
            Info->LoadOrderIndex = Index;
            Info->LoadCount = Module->LoadCount;
            for (ULONG i = 0; i < Chars; i++) {
                Info->FullPathName[i] = (UCHAR)Module->FullDllName.Buffer[i];
                if (Info->FullPathName[i] == '\\') {
                    Info->OffsetToFileName = (USHORT)(i + 1);
                }
            }
        }
        Index++;
    }
    if (Count != NULL) {
        *Count = Index;
    }
    return STATUS_SUCCESS;
}

typedef struct _EXP_TAG_INFORMATION { /* SYSTEM_POOLTAG */
    ULONG Tag;
    ULONG PagedAllocs, PagedFrees;
    SIZE_T PagedUsed;
    ULONG NonPagedAllocs, NonPagedFrees;
    SIZE_T NonPagedUsed;
} EXP_TAG_INFORMATION;
C_ASSERT(sizeof(EXP_TAG_INFORMATION) == 40);

#define EXP_TAGS 1024

typedef struct _EXP_TAG_TABLE {
    ULONG Count;
    EXP_TAG_INFORMATION Tag[EXP_TAGS]; /* ascending; what finds no room is not told */
} EXP_TAG_TABLE;

static VOID
ExpCountBlock(PVOID Context, const EXP_BLOCK *Block)
{
    EXP_TAG_TABLE *Table = Context;
    ULONG At = Table->Count;

    while (At != 0 && Table->Tag[At - 1].Tag >= Block->Tag) {
        At--;
    }
    if (At == Table->Count || Table->Tag[At].Tag != Block->Tag) {
        if (Table->Count == EXP_TAGS) {
            return;
        }
        RtlMoveMemory(&Table->Tag[At + 1], &Table->Tag[At],
                      (Table->Count - At) * sizeof(Table->Tag[0]));
        RtlZeroMemory(&Table->Tag[At], sizeof(Table->Tag[At]));
        Table->Tag[At].Tag = Block->Tag;
        Table->Count++;
    }
    *(Block->Paged ? &Table->Tag[At].PagedAllocs : &Table->Tag[At].NonPagedAllocs) += 1;
    *(Block->Paged ? &Table->Tag[At].PagedUsed : &Table->Tag[At].NonPagedUsed) += Block->Bytes;
}

/* What was freed is not counted: of allocations and frees only the difference is known. */
static NTSTATUS
ExpQueryPoolTags(EXP_WRITER *Writer)
{
    EXP_TAG_TABLE *Table = ExpAllocate(sizeof(*Table), 'fnIS');
    PULONG Count = ExpReserve(Writer, 8);
    PVOID Tags;

    Table->Count = 0;
    ExpVisitPool(ExpCountBlock, Table);
    Tags = ExpReserve(Writer, Table->Count * sizeof(Table->Tag[0]));
    if (Tags != NULL) {
        *Count = Table->Count;
        RtlCopyMemory(Tags, Table->Tag, Table->Count * sizeof(Table->Tag[0]));
    }
    ExpFree(Table);
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryDebugger(EXP_WRITER *Writer)
{
    PUCHAR Info = ExpReserve(Writer, 2);

    if (Info != NULL) {
        Info[0] = KdDebuggerEnabled;
        Info[1] = KdDebuggerNotPresent;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryCodeIntegrity(EXP_WRITER *Writer)
{
    PULONG Info = ExpReserve(Writer, 8);

    if (Info != NULL) {
        Info[0] = 8;
        Info[1] = 1 | 2; /* enabled; test signing */
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryProcessorTimes(EXP_WRITER *Writer)
{
    for (ULONG i = 0; i < KiProcessorCount; i++) {
        PLARGE_INTEGER Times =
            ExpReserve(Writer, 48); /* idle, kernel, user, DPC, interrupt, count */

        if (Times != NULL) {
            Times[0].QuadPart = Times[1].QuadPart = (LONGLONG)KiQueryInterruptTime();
        }
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryZone(EXP_WRITER *Writer)
{
    ExpReserve(Writer, 172); /* RTL_TIME_ZONE_INFORMATION: UTC, no daylight saving */
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryRangeStart(EXP_WRITER *Writer)
{
    PULONG_PTR Info = ExpReserve(Writer, sizeof(ULONG_PTR));

    if (Info != NULL) {
        *Info = ABI_SYSTEM_BASE;
    }
    return STATUS_SUCCESS;
}

static NTSTATUS
ExpQueryFlags(EXP_WRITER *Writer)
{
    ExpReserve(Writer, sizeof(ULONG)); /* NtGlobalFlag */
    return STATUS_SUCCESS;
}

static const struct {
    ULONG Class;
    BOOLEAN Exact; /* the length must be the structure's, not just enough */
    NTSTATUS (*Query)(EXP_WRITER *Writer);
} ExpClasses[] = {
    {0, TRUE, ExpQueryBasic},        {1, TRUE, ExpQueryProcessor},
    {2, FALSE, ExpQueryPerformance}, {3, FALSE, ExpQueryTimeOfDay},
    {5, FALSE, ExpQueryProcesses},   {8, FALSE, ExpQueryProcessorTimes},
    {9, TRUE, ExpQueryFlags},        {11, FALSE, ExpQueryModules},
    {22, FALSE, ExpQueryPoolTags},   {35, FALSE, ExpQueryDebugger},
    {44, TRUE, ExpQueryZone},        {50, TRUE, ExpQueryRangeStart},
    {62, TRUE, ExpQueryBasic},       {103, TRUE, ExpQueryCodeIntegrity},
};

NTSTATUS NTAPI
NtQuerySystemInformation(ULONG SystemInformationClass, PVOID SystemInformation,
                         ULONG SystemInformationLength, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    EXP_WRITER Writer = {.Target = SystemInformation};
    NTSTATUS Status = STATUS_INVALID_INFO_CLASS;

    for (ULONG i = 0; i < RTL_NUMBER_OF(ExpClasses); i++) {
        if (ExpClasses[i].Class != SystemInformationClass) {
            continue;
        }
        if (ExpClasses[i].Query == ExpQueryProcesses) {
            KiSchedulePoint(SP_OBJECT, PSP_ALL_IDS);
        } else {
            KiSchedulePoint(SP_READ_STATE, &ExpClasses[i]);
        }
        Status = ExpClasses[i].Query(&Writer);
        if (NT_SUCCESS(Status)) {
            ULONG Needed = Writer.Used;

            if (ReturnLength != NULL) {
                Status = ExpCopyOut(ReturnLength, &Needed, sizeof(Needed), Mode);
                if (!NT_SUCCESS(Status)) {
                    return Status;
                }
            }
            if (SystemInformationLength < Needed ||
                (ExpClasses[i].Exact && SystemInformationLength != Needed)) {
                return STATUS_INFO_LENGTH_MISMATCH;
            }
            Writer.Buffer = ExpAllocate(Needed, 'fnIS');
            Writer.Limit = Needed;
            Writer.Used = 0;
            ExpClasses[i].Query(&Writer);
            Status = ExpCopyOut(SystemInformation, Writer.Buffer, Needed, Mode);
            ExpFree(Writer.Buffer);
        }
        return Status;
    }
    return Status;
}

ULONG NTAPI
NtGetCurrentProcessorNumber(VOID)
{
    return KeGetCurrentProcessorNumber();
}
