/*
 * information.c - NtQueryInformationProcess and NtQueryInformationThread, and what NtSetInformation… changes of it.
 * [LEARN:winternl/ntqueryinformationprocess], [LEARN:winternl/ntqueryinformationthread],
 * [LEARN:processthreadsapi/setthreadpriority] (base priorities), [LEARN:processthreadsapi/setpriorityclass],
 * [LEARN:winbase/setprocessaffinitymask], [LEARN:processthreadsapi/setthreadidealprocessorex],
 * [LEARN:processthreadsapi/setthreaddescription]; the other classes as the public headers (ntddk.h, winternl.h) name them.
 * `information admin` may raise priorities, `information user` may not. Runs with --cpus 4.
 */
#include "ntlab-client.h"
#include <winternl.h>

NTSTATUS NTAPI NtSetInformationThread(HANDLE, THREADINFOCLASS, PVOID, ULONG);
ULONG NTAPI NtGetCurrentProcessorNumber(VOID);

#define ME              ((HANDLE) - 1)
#define THREAD          ((HANDLE) - 2)
#define KERNEL_ADDRESS  ((void *)0x400080000000ull)
#define BAD_CLASS       0xC0000003
#define LENGTH_MISMATCH 0xC0000004
#define VIOLATION       0xC0000005
#define INVALID_HANDLE  0xC0000008
#define INVALID_PARAM   0xC000000D
#define NOT_HELD        0xC0000061

static ULONG64 Space[256];
static BOOL Admin;

/* Of exactly that size; one byte less is refused. */
static ULONG
Process(int Class, ULONG Size)
{
    ULONG Length = 0;
    NTSTATUS Status;

    EXPECT_EQ((ULONG)NtQueryInformationProcess(ME, Class, Space, Size - 1, &Length),
              LENGTH_MISMATCH);
    memset(Space, 0xCC, sizeof(Space));
    Status = NtQueryInformationProcess(ME, Class, Space, Size, &Length);
    if (Status == 0) {
        EXPECT_EQ(Length, Size);
        EXPECT_EQ(((BYTE *)Space)[Size], 0xCC);
    }
    return (ULONG)Status;
}

static ULONG
Thread(int Class, ULONG Size)
{
    ULONG Length = 0;
    NTSTATUS Status;

    EXPECT_EQ((ULONG)NtQueryInformationThread(THREAD, Class, Space, Size - 1, &Length),
              LENGTH_MISMATCH);
    memset(Space, 0xCC, sizeof(Space));
    Status = NtQueryInformationThread(THREAD, Class, Space, Size, &Length);
    if (Status == 0) {
        EXPECT_EQ(Length, Size);
        EXPECT_EQ(((BYTE *)Space)[Size], 0xCC);
    }
    return (ULONG)Status;
}

static ULONG
ProcessLong(int Class)
{
    return Process(Class, 4) == 0 ? *(ULONG *)Space : 0x99999999;
}

static ULONG
ThreadLong(int Class)
{
    return Thread(Class, 4) == 0 ? *(ULONG *)Space : 0x99999999;
}

static ULONG
SetLong(int Class, LONG Value)
{
    return (ULONG)NtSetInformationThread(THREAD, Class, &Value, sizeof(Value));
}

static ULONG
SetProcessLong(int Class, LONG Value)
{
    return (ULONG)NtSetInformationProcess(ME, Class, &Value, sizeof(Value));
}

typedef struct _BASIC {
    ULONG64 ExitStatus, Peb, Affinity;
    LONG Priority, Pad;
    ULONG64 Id, Parent;
} BASIC;

typedef struct _THREAD_BASIC {
    NTSTATUS ExitStatus;
    PVOID Teb;
    HANDLE ProcessId, ThreadId;
    ULONG64 Affinity;
    LONG Priority, BasePriority;
} THREAD_BASIC;

/* SECTION_IMAGE_INFORMATION, and what the image's own header says. */
static void
ImageOfProcess(void)
{
    const BYTE *Base = (const BYTE *)GetModuleHandleA(NULL);
    const IMAGE_NT_HEADERS64 *Header =
        (const IMAGE_NT_HEADERS64 *)(Base + ((const IMAGE_DOS_HEADER *)Base)->e_lfanew);
    const BYTE *Peb = *(const BYTE **)((const BYTE *)NtCurrentTeb() + 0x60);
    const ULONG *Half = (const ULONG *)Space;

    EXPECT_EQ(Process(37, 64), 0); /* ProcessImageInformation */
    EXPECT_EQ(Space[0], (ULONG64)Base + Header->OptionalHeader.AddressOfEntryPoint);
    EXPECT_EQ(Half[2], 0); /* ZeroBits */
    EXPECT_EQ(Space[2], Header->OptionalHeader.SizeOfStackReserve);
    EXPECT_EQ(Space[3], Header->OptionalHeader.SizeOfStackCommit);
    EXPECT_EQ(Half[8], Header->OptionalHeader.Subsystem);
    EXPECT_EQ((USHORT)Half[9], Header->OptionalHeader.MinorSubsystemVersion);
    EXPECT_EQ(Half[9] >> 16, Header->OptionalHeader.MajorSubsystemVersion);
    EXPECT_EQ((USHORT)Half[10], Header->OptionalHeader.MajorOperatingSystemVersion);
    EXPECT_EQ(Half[10] >> 16, Header->OptionalHeader.MinorOperatingSystemVersion);
    EXPECT_EQ((USHORT)Half[11], Header->FileHeader.Characteristics);
    EXPECT_EQ(Half[11] >> 16, Header->OptionalHeader.DllCharacteristics);
    EXPECT_EQ((USHORT)Half[12], IMAGE_FILE_MACHINE_AMD64);
    EXPECT_EQ((BYTE)(Half[12] >> 16), 1);                                 /* it has code */
    EXPECT_EQ(*(ULONG *)(Peb + 0x128), Header->OptionalHeader.Subsystem); /* and so does the PEB */
    EXPECT_EQ(*(ULONG *)(Peb + 0x12C), Header->OptionalHeader.MajorSubsystemVersion);
    EXPECT_EQ(*(ULONG *)(Peb + 0x130), Header->OptionalHeader.MinorSubsystemVersion);
}

static void
OfProcess(void)
{
    BASIC *Basic = (void *)Space;
    ULONG Length, Handles;
    HANDLE Event;
    UNICODE_STRING *Line = (void *)Space;

    EXPECT_EQ(Process(0, sizeof(*Basic)), 0); /* ProcessBasicInformation */
    EXPECT_EQ(Basic->Id, GetCurrentProcessId());
    EXPECT_EQ((ULONG)Basic->ExitStatus, 0x103); /* STATUS_PENDING */
    EXPECT_EQ(Basic->Affinity, 15);
    EXPECT_EQ(Basic->Priority, 8);
    EXPECT_EQ(*(ULONG64 *)((BYTE *)NtCurrentTeb() + 0x60), Basic->Peb);
    EXPECT(Basic->Parent != Basic->Id);
    EXPECT_EQ(Process(3, 88), 0); /* ProcessVmCounters */
    EXPECT(Space[0] >= Space[1] && Space[1] != 0);
    EXPECT_EQ(Process(4, 32), 0); /* ProcessTimes: created, not exited */
    EXPECT(Space[0] != 0 && Space[1] == 0);
    EXPECT_EQ(Process(7, 8), 0); /* ProcessDebugPort */
    EXPECT_EQ(Space[0], 0);
    EXPECT_EQ((ULONG)NtQueryInformationProcess(ME, 30, Space, 8, &Length),
              0xC0000353);         /* ProcessDebugObjectHandle: STATUS_PORT_NOT_SET */
    EXPECT_EQ(ProcessLong(31), 1); /* ProcessDebugFlags: children inherit */
    EXPECT_EQ(ProcessLong(24), 1); /* ProcessSessionInformation */
    EXPECT_EQ(Process(26, 8), 0);  /* ProcessWow64Information */
    EXPECT_EQ(Space[0], 0);
    EXPECT_EQ(Process(18, 2), 0); /* ProcessPriorityClass: normal */
    EXPECT_EQ(((BYTE *)Space)[1], 2);
    EXPECT_EQ(Process(21, 8), 0); /* ProcessAffinityMask */
    EXPECT_EQ(Space[0], 15);
    Handles = ProcessLong(20); /* ProcessHandleCount */
    Event = CreateEventA(NULL, FALSE, FALSE, NULL);
    EXPECT_EQ(ProcessLong(20), Handles + 1);
    CloseHandle(Event);
    EXPECT_EQ(ProcessLong(20), Handles);
    EXPECT_EQ(ProcessLong(22), 0);    /* ProcessPriorityBoost: not disabled */
    EXPECT_EQ(ProcessLong(29), 0);    /* ProcessBreakOnTermination */
    EXPECT_EQ(ProcessLong(33), 2);    /* ProcessIoPriority: normal */
    EXPECT_EQ(ProcessLong(39), 5);    /* ProcessPagePriority: normal */
    EXPECT_EQ(ProcessLong(34), 0x0D); /* ProcessExecuteFlags: 64-bit programs have it always on */
    EXPECT(ProcessLong(36) & 1 || ProcessLong(36) != 0); /* ProcessCookie */
    EXPECT_EQ(ProcessLong(36), ProcessLong(36));
    EXPECT_EQ(Process(23, 36), 0); /* ProcessDeviceMap: C: is a fixed disk */
    EXPECT_EQ(((ULONG *)Space)[0], 4);
    EXPECT_EQ(((BYTE *)Space)[4 + 2], DRIVE_FIXED);
    EXPECT_EQ(((BYTE *)Space)[4 + 3], DRIVE_UNKNOWN);
    EXPECT_EQ(Process(61, 1), 0); /* ProcessProtectionInformation: none */
    EXPECT_EQ(*(BYTE *)Space, 0);
    ImageOfProcess();
    EXPECT_EQ((ULONG)NtQueryInformationProcess(ME, 60, Space, 0, &Length), LENGTH_MISMATCH);
    EXPECT_EQ(NtQueryInformationProcess(ME, 60, Space, Length, &Length), 0); /* command line */
    EXPECT_EQ(Line->Length + sizeof(*Line) + 2, Length);
    EXPECT_EQ(Line->MaximumLength, Line->Length + 2);
    EXPECT_EQ(wcscmp(Line->Buffer, GetCommandLineW()), 0);
    EXPECT_EQ((ULONG)NtQueryInformationProcess(ME, 27, Space, 8, &Length), LENGTH_MISMATCH);
    EXPECT_EQ(NtQueryInformationProcess(ME, 27, Space, Length, &Length), 0); /* image name */
    EXPECT_EQ(wcsncmp(Line->Buffer, L"\\Device\\", 8), 0);
    EXPECT(wcsstr(Line->Buffer, L"information") != NULL);
    EXPECT_EQ(NtQueryInformationProcess(ME, 43, Space, sizeof(Space), &Length), 0); /* Win32 name */
    EXPECT_EQ(wcsncmp(Line->Buffer, L"C:\\", 3), 0);
    EXPECT_EQ((ULONG)NtQueryInformationProcess(ME, 9999, Space, 4, &Length), BAD_CLASS);
    EXPECT_EQ((ULONG)NtQueryInformationProcess(ME, 0, KERNEL_ADDRESS, 48, &Length), VIOLATION);
    EXPECT_EQ((ULONG)NtQueryInformationProcess(ME, 0, Space, 48, KERNEL_ADDRESS), VIOLATION);
    EXPECT_EQ((ULONG)NtQueryInformationProcess((HANDLE)0x5554, 0, Space, 48, NULL), INVALID_HANDLE);
}

static void
SetOfProcess(void)
{
    BYTE Class[2] = {0, 1};
    ULONG64 Affinity = 3;
    THREAD_BASIC *Basic = (void *)Space;

    EXPECT_EQ(SetProcessLong(12, 1), 0); /* ProcessDefaultHardErrorMode */
    EXPECT_EQ(ProcessLong(12), 1);
    EXPECT_EQ(SetProcessLong(12, 0), 0);
    EXPECT_EQ(ProcessLong(12), 0);
    EXPECT_EQ(SetProcessLong(5, 0), INVALID_PARAM); /* ProcessBasePriority: 1 to 31 */
    EXPECT_EQ(SetProcessLong(5, 32), INVALID_PARAM);
    EXPECT_EQ(SetProcessLong(5, 9), Admin ? 0 : NOT_HELD); /* higher: a privilege */
    EXPECT_EQ(Process(0, 48), 0);
    EXPECT_EQ(((BASIC *)Space)->Priority, Admin ? 9 : 8);
    EXPECT_EQ(SetProcessLong(5, 8), 0);
    EXPECT_EQ(NtSetInformationProcess(ME, 18, Class, 2), 0); /* idle */
    EXPECT_EQ(Process(18, 2), 0);
    EXPECT_EQ(((BYTE *)Space)[1], 1);
    EXPECT_EQ(Process(0, 48), 0);
    EXPECT_EQ(((BASIC *)Space)->Priority, 4);
    Class[1] = 5; /* below normal */
    EXPECT_EQ(NtSetInformationProcess(ME, 18, Class, 2), 0);
    EXPECT_EQ(Process(18, 2), 0);
    EXPECT_EQ(((BYTE *)Space)[1], 5);
    Class[1] = 6; /* above */
    EXPECT_EQ(NtSetInformationProcess(ME, 18, Class, 2), 0);
    EXPECT_EQ(Process(18, 2), 0);
    EXPECT_EQ(((BYTE *)Space)[1], 6);
    Class[1] = 3; /* high; the thread moves with it, and keeps its distance */
    EXPECT_EQ(SetLong(3, 1), 0);
    EXPECT_EQ(NtSetInformationProcess(ME, 18, Class, 2), 0);
    EXPECT_EQ(Process(18, 2), 0);
    EXPECT_EQ(((BYTE *)Space)[1], 3);
    EXPECT_EQ(ThreadLong(25), 14); /* ThreadActualBasePriority */
    EXPECT_EQ(Thread(0, 48), 0);
    EXPECT_EQ(Basic->BasePriority, 1);
    Class[1] = 4; /* real time */
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, 18, Class, 2), Admin ? 0 : NOT_HELD);
    EXPECT_EQ(Process(18, 2), 0);
    EXPECT_EQ(((BYTE *)Space)[1], Admin ? 4 : 3);
    EXPECT_EQ(SetLong(3, -7), Admin ? 0 : INVALID_PARAM); /* real-time threads have more room */
    EXPECT_EQ(SetLong(3, 6), Admin ? 0 : INVALID_PARAM);
    EXPECT_EQ(SetLong(3, 7), INVALID_PARAM);
    EXPECT_EQ(SetLong(3, -8), INVALID_PARAM);
    EXPECT_EQ(SetLong(3, 0), 0);
    Class[1] = 7;
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, 18, Class, 2), INVALID_PARAM);
    Class[1] = 2;
    EXPECT_EQ(NtSetInformationProcess(ME, 18, Class, 2), 0);
    EXPECT_EQ(ThreadLong(25), 8);
    EXPECT_EQ(NtSetInformationProcess(ME, 21, &Affinity, 8), 0);
    EXPECT_EQ(Process(21, 8), 0);
    EXPECT_EQ(Space[0], 3);
    EXPECT_EQ(Thread(0, 48), 0);
    EXPECT_EQ(Basic->Affinity, 3); /* its threads', too */
    Affinity = 4;                  /* not one of the process's */
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 4, &Affinity, 8), INVALID_PARAM);
    Affinity = 0;
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 4, &Affinity, 8), INVALID_PARAM);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, 21, &Affinity, 8), INVALID_PARAM);
    Affinity = 16; /* there are four */
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, 21, &Affinity, 8), INVALID_PARAM);
    Affinity = 15;
    EXPECT_EQ(NtSetInformationProcess(ME, 21, &Affinity, 8), 0);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, 21, &Affinity, 4), LENGTH_MISMATCH);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, 21, KERNEL_ADDRESS, 8), VIOLATION);
    EXPECT_EQ((ULONG)NtSetInformationProcess(ME, 9999, &Affinity, 8), BAD_CLASS);
    EXPECT_EQ(SetProcessLong(22, 1), 0);
    EXPECT_EQ((ULONG)NtSetInformationProcess((HANDLE)0x5554, 12, &Affinity, 4), INVALID_HANDLE);
}

static void
OfThread(void)
{
    THREAD_BASIC *Basic = (void *)Space;
    GROUP_AFFINITY Group = {2, 0};
    PROCESSOR_NUMBER Number = {0, 3, 0};
    ULONG64 Affinity = 8;
    PVOID Start;

    EXPECT_EQ(Thread(0, sizeof(*Basic)), 0); /* ThreadBasicInformation */
    EXPECT_EQ(Basic->ExitStatus, 0x103);
    EXPECT_EQ(Basic->Teb, NtCurrentTeb());
    EXPECT_EQ((ULONG64)Basic->ProcessId, GetCurrentProcessId());
    EXPECT_EQ((ULONG64)Basic->ThreadId, GetCurrentThreadId());
    EXPECT(Basic->Affinity == 15 && Basic->BasePriority == 0);
    EXPECT_EQ(Thread(1, 32), 0);
    EXPECT(Space[0] != 0 && Space[1] == 0);
    EXPECT_EQ(ThreadLong(12), 1); /* ThreadAmILastThread */
    EXPECT_EQ(ThreadLong(14), 0); /* ThreadPriorityBoost */
    EXPECT_EQ(ThreadLong(16), 0); /* ThreadIsIoPending */
    EXPECT_EQ(ThreadLong(20), 0); /* ThreadIsTerminated */
    EXPECT_EQ(ThreadLong(18), 0); /* ThreadBreakOnTermination */
    EXPECT_EQ(ThreadLong(22), 2);
    EXPECT_EQ(ThreadLong(24), 5);
    EXPECT_EQ(ThreadLong(35), 0); /* ThreadSuspendCount */
    EXPECT_EQ(Thread(9, 8), 0);   /* ThreadQuerySetWin32StartAddress */
    EXPECT(Space[0] != 0);
    Start = (PVOID)0x12345678;
    EXPECT_EQ(NtSetInformationThread(THREAD, 9, &Start, 8), 0);
    EXPECT_EQ(Thread(9, 8), 0);
    EXPECT_EQ(Space[0], 0x12345678);
    EXPECT_EQ(SetLong(2, 0), INVALID_PARAM); /* ThreadPriority: 1 to 31 */
    EXPECT_EQ(SetLong(2, 32), INVALID_PARAM);
    EXPECT_EQ(SetLong(2, 16), Admin ? 0 : NOT_HELD); /* real time */
    EXPECT_EQ(SetLong(2, 15), 0);
    EXPECT_EQ(Thread(0, 48), 0);
    EXPECT_EQ(Basic->Priority, 15);
    EXPECT_EQ(SetLong(3, 3), INVALID_PARAM); /* -2 to 2, -15, 15 */
    EXPECT_EQ(SetLong(3, -3), INVALID_PARAM);
    EXPECT_EQ(SetLong(3, 17), INVALID_PARAM);
    EXPECT_EQ(SetLong(3, 2), 0);
    EXPECT_EQ(ThreadLong(25), 10);
    EXPECT_EQ(SetLong(3, -2), 0);
    EXPECT_EQ(ThreadLong(25), 6);
    EXPECT_EQ(SetLong(3, 15), 0); /* THREAD_PRIORITY_TIME_CRITICAL */
    EXPECT_EQ(ThreadLong(25), 15);
    EXPECT_EQ(SetLong(3, -15), 0); /* THREAD_PRIORITY_IDLE */
    EXPECT_EQ(ThreadLong(25), 1);
    EXPECT_EQ(SetLong(3, 0), 0);
    EXPECT_EQ(ThreadLong(25), 8);
    EXPECT_EQ(NtSetInformationThread(THREAD, 4, &Affinity, 8), 0);
    EXPECT_EQ(Thread(0, 48), 0);
    EXPECT_EQ(Basic->Affinity, 8);
    EXPECT_EQ(NtGetCurrentProcessorNumber(), 3);
    EXPECT_EQ(NtSetInformationThread(THREAD, 30, &Group, sizeof(Group)), 0); /* group */
    EXPECT_EQ(Thread(30, sizeof(Group)), 0);
    EXPECT_EQ(((GROUP_AFFINITY *)Space)->Mask, 2);
    EXPECT_EQ(NtGetCurrentProcessorNumber(), 1);
    Group.Group = 1;
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 30, &Group, sizeof(Group)), INVALID_PARAM);
    Group.Group = 0;
    Group.Mask = 0;
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 30, &Group, sizeof(Group)), INVALID_PARAM);
    Group.Mask = 16;
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 30, &Group, sizeof(Group)), INVALID_PARAM);
    Affinity = 15;
    EXPECT_EQ(NtSetInformationThread(THREAD, 4, &Affinity, 8), 0);
    EXPECT_EQ(NtSetInformationThread(THREAD, 33, &Number, sizeof(Number)), 0); /* ideal processor */
    EXPECT_EQ(Thread(33, sizeof(Number)), 0);
    EXPECT_EQ(((PROCESSOR_NUMBER *)Space)->Number, 3);
    Number.Number = 4;
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 33, &Number, sizeof(Number)), INVALID_PARAM);
    Number.Number = 0;
    Number.Group = 1;
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 33, &Number, sizeof(Number)), INVALID_PARAM);
    EXPECT_EQ(SetLong(13, 2), 3); /* ThreadIdealProcessor: the previous one is the result */
    EXPECT_EQ(SetLong(13, MAXIMUM_PROCESSORS), 2); /* only asks */
    EXPECT_EQ(SetLong(13, 1), 2);
    EXPECT_EQ(SetLong(13, MAXIMUM_PROCESSORS + 1), INVALID_PARAM);
    EXPECT_EQ(SetLong(13, -1), INVALID_PARAM);
    EXPECT_EQ((ULONG)NtQueryInformationThread(THREAD, 9999, Space, 4, NULL), BAD_CLASS);
    EXPECT_EQ((ULONG)NtQueryInformationThread(THREAD, 0, KERNEL_ADDRESS, 48, NULL), VIOLATION);
    EXPECT_EQ((ULONG)NtQueryInformationThread((HANDLE)0x5554, 0, Space, 48, NULL), INVALID_HANDLE);
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 4, &Affinity, 4), LENGTH_MISMATCH);
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 9999, &Affinity, 4), BAD_CLASS);
    EXPECT_EQ((ULONG)NtSetInformationThread((HANDLE)0x5554, 3, &Affinity, 4), INVALID_HANDLE);
}

/* A name, which a debugger shows; to hide from a debugger is for good. */
static void
Names(void)
{
    static WCHAR Text[] = L"a name";
    UNICODE_STRING Name = {sizeof(Text) - 2, sizeof(Text), Text}, *Seen = (void *)Space;
    ULONG Length = 0;
    BOOLEAN Hidden = 9;

    EXPECT_EQ(NtSetInformationThread(THREAD, 38, &Name, sizeof(Name)), 0);
    EXPECT_EQ((ULONG)NtQueryInformationThread(THREAD, 38, Space, 0, &Length), 0xC0000023);
    EXPECT_EQ(NtQueryInformationThread(THREAD, 38, Space, sizeof(Space), &Length), 0);
    EXPECT(Seen->Length == Name.Length && wcsncmp(Seen->Buffer, Text, 6) == 0);
    Name.Buffer = KERNEL_ADDRESS;
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 38, &Name, sizeof(Name)), VIOLATION);
    EXPECT_EQ(NtQueryInformationThread(THREAD, 38, Space, sizeof(Space), &Length), 0);
    EXPECT(Seen->Length == Name.Length && wcsncmp(Seen->Buffer, Text, 6) == 0);
    EXPECT_EQ(NtQueryInformationThread(THREAD, 17, &Hidden, 1, &Length), 0);
    EXPECT_EQ(Hidden, FALSE);
    EXPECT_EQ((ULONG)NtSetInformationThread(THREAD, 17, &Hidden, 1), LENGTH_MISMATCH);
    EXPECT_EQ(NtSetInformationThread(THREAD, 17, NULL, 0), 0);
    EXPECT_EQ(NtQueryInformationThread(THREAD, 17, &Hidden, 1, &Length), 0);
    EXPECT_EQ(Hidden, TRUE);
}

static DWORD WINAPI
Other(void *Context)
{
    EXPECT_EQ(ThreadLong(12), 0); /* there are two */
    return 77;
}

static void
Ended(void)
{
    THREAD_BASIC *Basic = (void *)Space;
    HANDLE Handle = CreateThread(NULL, 0, Other, NULL, CREATE_SUSPENDED, NULL);
    ULONG Value = 9;

    EXPECT_EQ(NtQueryInformationThread(Handle, 35, &Value, 4, NULL), 0);
    EXPECT_EQ(Value, 1); /* suspended once */
    EXPECT_EQ((ULONG)NtQueryInformationThread(Handle, 12, &Value, 4, NULL), INVALID_PARAM);
    ResumeThread(Handle);
    WaitForSingleObject(Handle, INFINITE);
    EXPECT_EQ(NtQueryInformationThread(Handle, 0, Space, 48, NULL), 0);
    EXPECT_EQ(Basic->ExitStatus, 77);
    EXPECT_EQ(NtQueryInformationThread(Handle, 20, &Value, 4, NULL), 0);
    EXPECT_EQ(Value, 1);
    EXPECT_EQ(NtQueryInformationThread(Handle, 1, Space, 32, NULL), 0);
    EXPECT(Space[1] >= Space[0]);
    CloseHandle(Handle);
}

int
main(int argc, char **argv)
{
    HANDLE Token;
    TOKEN_PRIVILEGES Raise = {1, {{{14 /* SeIncreaseBasePriority */, 0}, SE_PRIVILEGE_ENABLED}}};

    Admin = argc > 1 && strcmp(argv[1], "admin") == 0;
    OpenProcessToken(ME, TOKEN_ADJUST_PRIVILEGES, &Token);
    AdjustTokenPrivileges(Token, FALSE, &Raise, 0, NULL, NULL);
    EXPECT_EQ(GetLastError(), Admin ? 0 : ERROR_NOT_ALL_ASSIGNED);
    OfProcess();
    OfThread();
    SetOfProcess();
    Ended();
    Names();
    TEST_DONE();
    return NtlabFailed != 0;
}
