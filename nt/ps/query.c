/*
 * query.c - NtQueryInformationProcess and NtQueryInformationThread.
 *
 * Each class fills a record of its size on the kernel stack; one copy at the end touches the caller's
 * memory. A class that nothing here can answer truthfully is STATUS_INVALID_INFO_CLASS.
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"

/* Classes that the DDK's enumerations lack. */
#define ProcessCommandLineInformation_ 60
#define ProcessProtectionInformation_  61
#define ThreadSuspendCount_            35
#define ThreadNameInformation_         38

typedef union _PSP_ANSWER {
    PROCESS_BASIC_INFORMATION Basic;
    KERNEL_USER_TIMES Times;
    VM_COUNTERS Vm;
    ULONG Long;
    ULONG64 Quad;
    HANDLE Handle;
    BOOLEAN Boolean;
    struct {
        BOOLEAN Foreground;
        UCHAR PriorityClass;
    } Class;
    struct {
        ULONG DriveMap;
        UCHAR DriveType[32];
    } Devices;
    struct {
        ULONG64 Accumulated, Current;
    } Cycles;
    struct {
        NTSTATUS ExitStatus;
        PVOID TebBaseAddress;
        CLIENT_ID ClientId;
        KAFFINITY AffinityMask;
        KPRIORITY Priority;
        LONG BasePriority;
    } Thread;
    GROUP_AFFINITY Group;
    PROCESSOR_NUMBER Processor;
    UCHAR Image[0x40];
} PSP_ANSWER;
C_ASSERT(RTL_FIELD_SIZE(PSP_ANSWER, Thread) == 0x30);

UCHAR
PspPriorityClass(PEPROCESS Process)
{
    switch (Process->Pcb.BasePriority) {
    case 4:
        return 1; /* idle */
    case 6:
        return 5; /* below normal */
    case 10:
        return 6; /* above normal */
    case 13:
        return 3; /* high */
    case 24:
        return 4; /* real time */
    default:
        return 2; /* normal */
    }
}

/* A string in the caller's buffer, described by a UNICODE_STRING before it. */
static NTSTATUS
PspAnswerString(PCUNICODE_STRING String, PVOID Buffer, ULONG Length, PULONG Needed)
{
    PUNICODE_STRING Out = Buffer;

    *Needed = sizeof(UNICODE_STRING) + String->Length + sizeof(WCHAR);
    if (Length < *Needed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    __try {
        Out->Length = String->Length;
        Out->MaximumLength = String->Length + sizeof(WCHAR);
        Out->Buffer = (PWSTR)(Out + 1);
        RtlCopyMemory(Out->Buffer, String->Buffer, String->Length);
        Out->Buffer[String->Length / sizeof(WCHAR)] = 0;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    return STATUS_SUCCESS;
}

/* The command line lies in the process's own memory, and it may have changed it. */
static NTSTATUS
PspAnswerCommandLine(PEPROCESS Process, PVOID Buffer, ULONG Length, PULONG Needed)
{
    UNICODE_STRING Line = {0};
    PVOID Parameters = NULL;
    PWSTR Copy;
    SIZE_T Done;
    NTSTATUS Status = STATUS_NOT_FOUND;

    if (Process->Peb == NULL || Process->AddressSpace == NULL) {
        return STATUS_NOT_FOUND;
    }
    Status = MiCopyOther(Process, (ULONG64)Process->Peb + PEB_PARAMETERS, &Parameters,
                         sizeof(PVOID), FALSE, &Done);
    if (NT_SUCCESS(Status)) {
        Status =
            MiCopyOther(Process, (ULONG64)Parameters + FIELD_OFFSET(PSP_PARAMETERS, CommandLine),
                        &Line, sizeof(Line), FALSE, &Done);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Copy = ExpAllocate(Line.Length + sizeof(WCHAR), 'lcsP');
    Status = MiCopyOther(Process, (ULONG64)Line.Buffer, Copy, Line.Length, FALSE, &Done);
    if (NT_SUCCESS(Status)) {
        Line.Buffer = Copy;
        Status = PspAnswerString(&Line, Buffer, Length, Needed);
    }
    ExpFree(Copy);
    return Status;
}

static NTSTATUS
PspAnswerProcess(PEPROCESS Process, ULONG Class, PSP_ANSWER *Answer, PULONG Size)
{
    PKI_MODULE Module;

    RtlZeroMemory(Answer, sizeof(*Answer));
    *Size = sizeof(ULONG);
    switch (Class) {
    case ProcessBasicInformation:
        Answer->Basic.AffinityMask = Process->Pcb.Affinity; /* settings: in the step before */
        Answer->Basic.BasePriority = Process->Pcb.BasePriority;
        KiLooksAt(&Process->ExitStatus);
        Answer->Basic.ExitStatus = Process->ExitStatus;
        Answer->Basic.PebBaseAddress = Process->Peb;
        Answer->Basic.UniqueProcessId = (ULONG_PTR)Process->UniqueProcessId;
        Answer->Basic.InheritedFromUniqueProcessId =
            (ULONG_PTR)Process->InheritedFromUniqueProcessId;
        *Size = sizeof(Answer->Basic);
        return STATUS_SUCCESS;
    case ProcessVmCounters:
        Answer->Vm.VirtualSize = Answer->Vm.PeakVirtualSize = Process->VirtualSize;
        Answer->Vm.QuotaNonPagedPoolUsage = Process->QuotaUsage[0];
        Answer->Vm.QuotaPagedPoolUsage = Process->QuotaUsage[1];
        *Size = sizeof(Answer->Vm);
        return STATUS_SUCCESS;
    case ProcessTimes: /* processor time does not pass */
        KiLooksAt(&Process->ExitStatus);
        Answer->Times.CreateTime = Process->CreateTime;
        Answer->Times.ExitTime = Process->ExitTime;
        *Size = sizeof(Answer->Times);
        return STATUS_SUCCESS;
    case ProcessDebugPort:
        Answer->Handle = Process->DebugPort != NULL ? (HANDLE)-1 : NULL;
        *Size = sizeof(HANDLE);
        return STATUS_SUCCESS;
    case ProcessDebugObjectHandle:
        *Size = sizeof(HANDLE);
        return DbgkOpenPort(Process, &Answer->Handle);
    case ProcessDebugFlags:
        Answer->Long = !Process->NoDebugInherit;
        return STATUS_SUCCESS;
    case ProcessDefaultHardErrorMode:
        Answer->Long = Process->DefaultHardErrorProcessing;
        return STATUS_SUCCESS;
    case ProcessPriorityClass:
        Answer->Class.PriorityClass = PspPriorityClass(Process);
        *Size = sizeof(Answer->Class);
        return STATUS_SUCCESS;
    case ProcessHandleCount:
        Answer->Long = ObpCountHandles(Process);
        return STATUS_SUCCESS;
    case ProcessAffinityMask:
        Answer->Quad = Process->Pcb.Affinity;
        *Size = sizeof(KAFFINITY);
        return STATUS_SUCCESS;
    case ProcessPriorityBoost:
    case ProcessBreakOnTermination:
        return STATUS_SUCCESS;
    case ProcessDeviceMap:
        Answer->Devices.DriveMap = 1 << ('C' - 'A');
        Answer->Devices.DriveType['C' - 'A'] = 3; /* fixed */
        *Size = sizeof(Answer->Devices);
        return STATUS_SUCCESS;
    case ProcessSessionInformation:
        Answer->Long = PsGetProcessSessionId(Process);
        return STATUS_SUCCESS;
    case ProcessWow64Information:
        *Size = sizeof(ULONG_PTR);
        return STATUS_SUCCESS;
    case ProcessCookie: /* of the caller only, from its name */
        if (Process != PspCurrentProcess()) {
            return STATUS_INVALID_PARAMETER;
        }
        Answer->Long = Process->Agent.Name | 1;
        return STATUS_SUCCESS;
    case ProcessImageInformation:
        Module = MiFindUserModule(Process, Process->SectionBaseAddress);
        if (Module == NULL) {
            return STATUS_PROCESS_IS_TERMINATING;
        }
        MiFillImageInformation(&Module->Image, Module->EntryPoint, Answer->Image);
        *Size = sizeof(Answer->Image);
        return STATUS_SUCCESS;
    case ProcessExecuteFlags:
        if (Process != PspCurrentProcess()) {
            return STATUS_INVALID_PARAMETER;
        }
        Answer->Long =
            0x0D; /* MEM_EXECUTE_OPTION_DISABLE, PERMANENT, DISABLE_THUNK_EMULATION: always so on x64 */
        return STATUS_SUCCESS;
    case ProcessIoPriority:
        Answer->Long = 2;
        return STATUS_SUCCESS;
    case ProcessPagePriority:
        Answer->Long = 5;
        return STATUS_SUCCESS;
    case ProcessProtectionInformation_:
        *Size = sizeof(UCHAR);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

/* Before or behind it. */
static VOID
PspEndIsAskedFor(PETHREAD Thread)
{
    if (Machine->explore != ABI_EXPLORE_OFF) {
        KiSchedulePoint(SP_READ_STATE, &Thread->Tcb);
    }
}

static NTSTATUS
PspAnswerThread(PETHREAD Thread, ULONG Class, PSP_ANSWER *Answer, PULONG Size)
{
    RtlZeroMemory(Answer, sizeof(*Answer));
    *Size = sizeof(ULONG);
    switch (Class) {
    case ThreadBasicInformation:
        Answer->Thread.AffinityMask = Thread->Tcb.Affinity; /* settings: in the step before */
        Answer->Thread.Priority = Thread->Tcb.Priority;
        Answer->Thread.BasePriority = KiBaseIncrement(&Thread->Tcb);
        PspEndIsAskedFor(Thread);
        Answer->Thread.ExitStatus =
            Thread->Tcb.Header.SignalState ? Thread->ExitStatus : STATUS_PENDING;
        Answer->Thread.TebBaseAddress = Thread->Tcb.Teb;
        Answer->Thread.ClientId = Thread->Cid;
        *Size = sizeof(Answer->Thread);
        return STATUS_SUCCESS;
    case ThreadTimes:
        KiLooksAt(&Thread->Terminating); /* its end sets the time next */
        Answer->Times.CreateTime = Thread->CreateTime;
        Answer->Times.ExitTime = Thread->ExitTime;
        *Size = sizeof(Answer->Times);
        return STATUS_SUCCESS;
    case ThreadQuerySetWin32StartAddress:
        Answer->Handle =
            Thread->Win32StartAddress ? Thread->Win32StartAddress : Thread->StartAddress;
        *Size = sizeof(PVOID);
        return STATUS_SUCCESS;
    case ThreadAmILastThread:
        if (Thread != PspCurrentThread()) {
            return STATUS_INVALID_PARAMETER;
        }
        Answer->Long = PspThreadsProcess(Thread)->ActiveThreads == 1;
        return STATUS_SUCCESS;
    case ThreadPriorityBoost:
    case ThreadBreakOnTermination:
        return STATUS_SUCCESS;
    case ThreadIsIoPending:
        if (Thread != PspCurrentThread()) {
            KiChanges(IOP_REQUESTS_OF(Thread->Tcb.Process)); /* nt/io/cancel.c, X5 */
        }
        Answer->Long = !IsListEmpty(&Thread->IrpList);
        return STATUS_SUCCESS;
    case ThreadHideFromDebugger:
        Answer->Boolean = Thread->HideFromDebugger;
        *Size = sizeof(BOOLEAN);
        return STATUS_SUCCESS;
    case ThreadIsTerminated:
        PspEndIsAskedFor(Thread);
        Answer->Long = Thread->Tcb.Header.SignalState != 0;
        return STATUS_SUCCESS;
    case ThreadIoPriority:
        Answer->Long = Thread->IoPriority;
        return STATUS_SUCCESS;
    case ThreadPagePriority:
        Answer->Long = Thread->PagePriority;
        return STATUS_SUCCESS;
    case ThreadActualBasePriority:
        Answer->Long = (ULONG)Thread->Tcb.BasePriority;
        return STATUS_SUCCESS;
    case ThreadSuspendCount_:
        KiSchedulePoint(SP_OBJECT, Thread); /* who suspends it gives back a reference to it next */
        Answer->Long = (ULONG)Thread->Tcb.SuspendCount;
        return STATUS_SUCCESS;
    case ThreadGroupInformation:
        Answer->Group.Mask = Thread->Tcb.Affinity;
        *Size = sizeof(Answer->Group);
        return STATUS_SUCCESS;
    case ThreadIdealProcessorEx:
        Answer->Processor.Number = (UCHAR)Thread->Tcb.IdealProcessor;
        *Size = sizeof(Answer->Processor);
        return STATUS_SUCCESS;
    default:
        return STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS
PspProbeAnswer(PVOID Buffer, ULONG Length, PULONG ReturnLength)
{
    KPROCESSOR_MODE Mode = KiPreviousMode();
    NTSTATUS Status = ExpProbe(Buffer, Length, 1, TRUE, Mode);

    return NT_SUCCESS(Status) && ReturnLength != NULL
               ? ExpProbe(ReturnLength, sizeof(ULONG), 1, TRUE, Mode)
               : Status;
}

NTSTATUS
PspGiveAnswer(NTSTATUS Status, PVOID Buffer, PULONG ReturnLength, PVOID Answer, ULONG Size)
{
    __try {
        if (!NT_ERROR(Status) && Answer != NULL) {
            RtlCopyMemory(Buffer, Answer, Size);
        }
        if (ReturnLength != NULL && (!NT_ERROR(Status) || Status == STATUS_INFO_LENGTH_MISMATCH)) {
            *ReturnLength = Size;
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return Status;
}

/* A right of the full kind, or the limited one where that is enough. */
static NTSTATUS
PspReferenceFor(HANDLE Handle, ACCESS_MASK Full, ACCESS_MASK Limited, POBJECT_TYPE Type,
                PVOID *Object)
{
    NTSTATUS Status = ObReferenceObjectByHandle(Handle, Full, Type, KiPreviousMode(), Object, NULL);

    if (Status == STATUS_ACCESS_DENIED && Limited != 0) {
        Status = ObReferenceObjectByHandle(Handle, Limited, Type, KiPreviousMode(), Object, NULL);
    }
    return Status;
}

/* What PROCESS_QUERY_LIMITED_INFORMATION does not show: how it is debugged, and what may be executed. */
static ACCESS_MASK
PspLimitedProcessAccess(ULONG Class)
{
    switch (Class) {
    case ProcessDebugPort:
    case ProcessDebugFlags:
    case ProcessExecuteFlags:
        return 0;
    }
    return PROCESS_QUERY_LIMITED_INFORMATION;
}

static ACCESS_MASK
PspLimitedThreadAccess(ULONG Class)
{
    switch (Class) {
    case ThreadQuerySetWin32StartAddress:
    case ThreadIsIoPending:
    case ThreadHideFromDebugger:
        return 0;
    }
    return THREAD_QUERY_LIMITED_INFORMATION;
}

/* The kernel names an image by its device, "\\Device\\HarddiskVolume1\\..."; FALSE: it has no drive. */
BOOLEAN
PspDeviceName(PCUNICODE_STRING Dos, PWSTR Room, ULONG RoomBytes, PUNICODE_STRING Name)
{
    UNICODE_STRING Rest = *Dos, Prefix = RTL_CONSTANT_STRING(L"\\??\\");
    WCHAR Drive;

    if (RtlPrefixUnicodeString(&Prefix, &Rest, FALSE)) {
        Rest.Buffer += 4;
        Rest.Length -= 4 * sizeof(WCHAR);
    }
    if (Rest.Length < 2 * sizeof(WCHAR) || Rest.Buffer[1] != L':') {
        return FALSE;
    }
    Drive = RtlUpcaseUnicodeChar(Rest.Buffer[0]);
    Rest.Buffer += 2;
    Rest.Length -= 2 * sizeof(WCHAR);
    Name->Buffer = Room;
    Name->Length = 0;
    Name->MaximumLength = (USHORT)RoomBytes;
    return NT_SUCCESS(RtlAppendUnicodeToString(Name, Drive == L'D'
                                                         ? L"\\Device\\HarddiskVolume2"
                                                         : L"\\Device\\HarddiskVolume1")) &&
           NT_SUCCESS(RtlAppendUnicodeStringToString(Name, &Rest));
}

NTSTATUS NTAPI
NtQueryInformationProcess(HANDLE ProcessHandle, PROCESSINFOCLASS Class, PVOID Buffer, ULONG Length,
                          PULONG ReturnLength)
{
    PSP_ANSWER Answer;
    UNICODE_STRING Win32, Name;
    WCHAR Room[PSP_PATH_ROOM];
    PEPROCESS Process;
    ULONG Size = 0;
    NTSTATUS Status;

    Status = PspProbeAnswer(Buffer, Length, ReturnLength);
    if (NT_SUCCESS(Status)) {
        Status = PspReferenceFor(ProcessHandle, PROCESS_QUERY_INFORMATION,
                                 PspLimitedProcessAccess(Class), PsProcessTypeP, (PVOID *)&Process);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiLooksAt(PSP_SETTINGS_OF_PROCESS(Process));
    switch ((ULONG)Class) {
    case ProcessImageFileName:
        if (!PspDeviceName(&Process->ImagePath, Room, sizeof(Room), &Name)) {
            Name = Process->ImagePath;
        }
        Status = PspAnswerString(&Name, Buffer, Length, &Size);
        Status = PspGiveAnswer(Status, Buffer, ReturnLength, NULL, Size);
        break;
    case ProcessImageFileNameWin32:
        Win32 = Process->ImagePath;
        if (Win32.Length > 8 && Win32.Buffer[1] == L'?') { /* without \??\ */
            Win32.Buffer += 4;
            Win32.Length -= 8;
        }
        Status = PspAnswerString(&Win32, Buffer, Length, &Size);
        Status = PspGiveAnswer(Status, Buffer, ReturnLength, NULL, Size);
        break;
    case ProcessCommandLineInformation_:
        Status = PspAnswerCommandLine(Process, Buffer, Length, &Size);
        Status = PspGiveAnswer(Status, Buffer, ReturnLength, NULL, Size);
        break;
    default:
        Status = PspAnswerProcess(Process, (ULONG)Class, &Answer, &Size);
        if (NT_SUCCESS(Status) && Length != Size) {
            Status = STATUS_INFO_LENGTH_MISMATCH;
        }
        Status = PspGiveAnswer(Status, Buffer, ReturnLength, &Answer, Size);
        break;
    }
    ObDereferenceObject(Process);
    return Status;
}

NTSTATUS NTAPI
NtQueryInformationThread(HANDLE ThreadHandle, THREADINFOCLASS Class, PVOID Buffer, ULONG Length,
                         PULONG ReturnLength)
{
    UNICODE_STRING Name;
    PSP_ANSWER Answer;
    PETHREAD Thread;
    ULONG Size = 0;
    NTSTATUS Status;

    Status = PspProbeAnswer(Buffer, Length, ReturnLength);
    if (NT_SUCCESS(Status)) {
        Status = PspReferenceFor(ThreadHandle, THREAD_QUERY_INFORMATION,
                                 PspLimitedThreadAccess(Class), PsThreadTypeP, (PVOID *)&Thread);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KiLooksAt(PSP_SETTINGS_OF_THREAD(Thread));
    if ((ULONG)Class == ThreadNameInformation_) {
        RtlInitUnicodeString(&Name, Thread->Name);
        Status = PspAnswerString(&Name, Buffer, Length, &Size);
        if (Status == STATUS_INFO_LENGTH_MISMATCH) {
            Status = PspGiveAnswer(Status, Buffer, ReturnLength, NULL, Size);
            Status = STATUS_BUFFER_TOO_SMALL;
        } else {
            Status = PspGiveAnswer(Status, Buffer, ReturnLength, NULL, Size);
        }
    } else {
        Status = PspAnswerThread(Thread, (ULONG)Class, &Answer, &Size);
        if (NT_SUCCESS(Status) && Length != Size) {
            Status = STATUS_INFO_LENGTH_MISMATCH;
        }
        Status = PspGiveAnswer(Status, Buffer, ReturnLength, &Answer, Size);
    }
    ObDereferenceObject(Thread);
    return Status;
}

NTSTATUS NTAPI
SeLocateProcessImageName(PEPROCESS Process, PUNICODE_STRING *ImageFileName)
{
    WCHAR Room[PSP_PATH_ROOM];
    UNICODE_STRING Path;
    PUNICODE_STRING Name;

    if (!PspDeviceName(&Process->ImagePath, Room, sizeof(Room), &Path)) {
        Path = Process->ImagePath;
    }
    Name = ExAllocatePoolWithTag(PagedPool, sizeof(*Name) + Path.Length + sizeof(WCHAR), 'niSe');
    if (Name == NULL) {
        return STATUS_NO_MEMORY;
    }
    Name->Buffer = (PWSTR)(Name + 1);
    Name->Length = Path.Length;
    Name->MaximumLength = Name->Length + sizeof(WCHAR);
    RtlCopyMemory(Name->Buffer, Path.Buffer, Name->Length);
    Name->Buffer[Name->Length / sizeof(WCHAR)] = 0;
    *ImageFileName = Name; /* the caller frees it with ExFreePool */
    return STATUS_SUCCESS;
}
