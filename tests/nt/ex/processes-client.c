/*
 * processes-client.c - the list of all processes and threads against a model: children that never begin, of each priority class, and threads that wait in
 * different ways come and go, 60 random steps; after each the list says what is known of them otherwise, of each one once. Then what the other lists of
 * NtQuerySystemInformation are made of. [LEARN:winternl/ntquerysysteminformation], [PH:ntexapi.h: SYSTEM_PROCESS_INFORMATION, SYSTEM_THREAD_INFORMATION,
 * SYSTEM_POOLTAG], [DDI:wdm: KWAIT_REASON]. With an argument it is a child, and does not come to be.
 */
#define SEED 9
#include "../model-client.h"
#include <winternl.h>

#define MISMATCH 0xC0000004
#define CHILDREN 5
#define THREADS  5
#define STEPS    60

typedef struct {
    ULONG64 KernelTime, UserTime, CreateTime;
    ULONG WaitTime;
    PVOID Start;
    ULONG_PTR Process, Thread;
    LONG Priority, Base;
    ULONG Switches, State, Reason;
} ROW;

typedef struct {
    ULONG Next, Threads;
    ULONG64 WorkingSet;
    ULONG Faults, HighWatermark;
    ULONG64 Cycles, CreateTime, UserTime, KernelTime;
    UNICODE_STRING Name;
    LONG Base;
    ULONG_PTR Id, Parent;
    ULONG Handles, Session;
    ULONG_PTR Key;
    SIZE_T PeakVirtual, Virtual;
    ULONG PageFaults;
    SIZE_T PeakWorkingSet, InWorkingSet, PeakPaged, Paged, PeakNonPaged, NonPaged;
    SIZE_T Pagefile, PeakPagefile, Private;
    ULONG64 Io[6];
    ROW Row[1];
} ENTRY;

static const struct {
    DWORD Flag;
    LONG Base;
} Classes[] = {{IDLE_PRIORITY_CLASS, 4},
               {BELOW_NORMAL_PRIORITY_CLASS, 6},
               {NORMAL_PRIORITY_CLASS, 8},
               {ABOVE_NORMAL_PRIORITY_CLASS, 10},
               {HIGH_PRIORITY_CLASS, 13}};

/* How a thread waits, and what the list says of it: State 5, waiting. */
enum { Stands, Sleeps, Waits, Removes, KINDS };
static const ULONG Reasons[KINDS] = {5, 4, 6, 15};

static struct {
    PROCESS_INFORMATION Info;
    LONG Base;
} Child[CHILDREN];

static struct {
    HANDLE Handle;
    DWORD Id;
    ULONG Kind;
    int Priority;
} Thread[THREADS];

static HANDLE Never, Port;
static BYTE Space[0x20000];
static ULONG Length;
static const char *Self;

static DWORD WINAPI
Work(PVOID Kind)
{
    ULONG_PTR Key;
    OVERLAPPED *Overlapped;
    DWORD Bytes;

    switch ((ULONG_PTR)Kind) {
    case Sleeps:
        Sleep(INFINITE);
        break;
    case Removes:
        GetQueuedCompletionStatus(Port, &Bytes, &Key, &Overlapped, INFINITE);
        break;
    default:
        WaitForSingleObject(Never, INFINITE);
    }
    return 0;
}

static void
ChangeChild(ULONG i)
{
    STARTUPINFOA Startup = {.cb = sizeof(Startup)};
    ULONG Class = Draw(5);

    if (Child[i].Info.hProcess != NULL) {
        TerminateProcess(Child[i].Info.hProcess, 0);
        WaitForSingleObject(Child[i].Info.hProcess, INFINITE);
        CloseHandle(Child[i].Info.hThread);
        CloseHandle(Child[i].Info.hProcess);
        Child[i].Info.hProcess = NULL;
    } else {
        Child[i].Base = Classes[Class].Base;
        IS(CreateProcessA(Self, "child child", NULL, NULL, FALSE,
                          CREATE_SUSPENDED | Classes[Class].Flag, NULL, NULL, &Startup,
                          &Child[i].Info),
           TRUE);
        Sleep(10); /* until its thread stands still */
    }
}

static void
ChangeThread(ULONG i)
{
    if (Thread[i].Handle == NULL) {
        Thread[i].Kind = Draw(KINDS);
        Thread[i].Priority = 0;
        Thread[i].Handle =
            CreateThread(NULL, 0, Work, (PVOID)(ULONG_PTR)Thread[i].Kind,
                         Thread[i].Kind == Stands ? CREATE_SUSPENDED : 0, &Thread[i].Id);
    } else if (Draw(2)) {
        Thread[i].Priority = (int)Draw(5) - 2;
        IS(SetThreadPriority(Thread[i].Handle, Thread[i].Priority), TRUE);
    } else {
        TerminateThread(Thread[i].Handle, 0);
        WaitForSingleObject(Thread[i].Handle, INFINITE);
        CloseHandle(Thread[i].Handle);
        Thread[i].Handle = NULL;
    }
    Sleep(10);
}

/* The list, and whether it is as long as it says. */
static void
Read(void)
{
    ULONG Needed = 0;

    IS((ULONG)NtQuerySystemInformation(5, Space, 0, &Needed), MISMATCH);
    IS((ULONG)NtQuerySystemInformation(5, Space, Needed - 1, &Length), MISMATCH);
    IS(Length, Needed);
    memset(Space, 0xCC, sizeof(Space));
    IS(NtQuerySystemInformation(5, Space, Needed, &Length), 0);
    IS(Length, Needed);
    IS(Space[Needed], 0xCC);
}

static void
CheckChild(const ENTRY *Entry, ULONG i)
{
    ULONG64 Times[4] = {0}, Vm[11] = {0};
    ULONG Got;
    WCHAR Name[64];
    const char *Last = strrchr(Self, '\\') != NULL ? strrchr(Self, '\\') + 1 : Self;

    NtQueryInformationProcess(Child[i].Info.hProcess, 4, Times, sizeof(Times), &Got);
    NtQueryInformationProcess(Child[i].Info.hProcess, 3, Vm, sizeof(Vm), &Got);
    IS(Entry->Threads, 1);
    IS(Entry->HighWatermark >= 1, 1);
    IS(Entry->CreateTime, Times[0]);
    IS(Entry->Base, Child[i].Base);
    IS(Entry->Parent, GetCurrentProcessId());
    IS(Entry->Virtual, Vm[1]);
    IS(Entry->NonPaged, Vm[8]);
    IS(Entry->Paged, Vm[6]);
    IS(Entry->Key != 0, 1);
    MultiByteToWideChar(CP_ACP, 0, Last, -1, Name, 64);
    IS(Entry->Name.Length, lstrlenW(Name) * 2);
    IS(Entry->Name.MaximumLength, Entry->Name.Length + 2);
    IS((BYTE *)Entry->Name.Buffer > Space && (BYTE *)Entry->Name.Buffer < Space + Length, 1);
    IS(lstrcmpiW(Entry->Name.Buffer, Name), 0);
    IS(Entry->Row[0].Process, Child[i].Info.dwProcessId);
    IS(Entry->Row[0].Thread, Child[i].Info.dwThreadId);
    IS(Entry->Row[0].State, 5);
    IS(Entry->Row[0].Reason, 5);
    IS(Entry->Row[0].Base, Child[i].Base);
    IS(Entry->Row[0].Start != NULL, 1);
}

static void
CheckThread(const ROW *Row, ULONG i)
{
    ULONG64 Times[4] = {0};
    ULONG Got;

    NtQueryInformationThread(Thread[i].Handle, 1, Times, sizeof(Times), &Got);
    IS(Row->Process, GetCurrentProcessId());
    IS(Row->CreateTime, Times[0]);
    IS(Row->State, 5);
    IS(Row->Reason, Reasons[Thread[i].Kind]);
    IS(Row->Base, 8 + Thread[i].Priority);
    IS(Row->Priority >= Row->Base && Row->Priority < 16, 1);
    IS(Row->Switches != 0, 1);
    IS(Row->Start != NULL, 1);
}

static void
CheckOwn(const ENTRY *Entry)
{
    ULONG Expected = 1, Found = 0, Mine = 0;

    for (ULONG i = 0; i < THREADS; i++) {
        Expected += Thread[i].Handle != NULL;
    }
    IS(Entry->Threads, Expected);
    for (ULONG r = 0; r < Entry->Threads; r++) {
        const ROW *Row = &Entry->Row[r];

        for (ULONG i = 0; i < THREADS; i++) {
            if (Thread[i].Handle != NULL && Row->Thread == Thread[i].Id) {
                Found++;
                CheckThread(Row, i);
            }
        }
        if (Row->Thread == GetCurrentThreadId()) {
            Mine++;
            IS(Row->State, 2); /* it runs */
        }
    }
    IS(Mine, 1);
    IS(Found + 1, Expected);
}

static void
Look(void)
{
    ULONG Mine = 0, System = 0, Children = 0, Expected = 0, Named = 0, At = 0, Rows;
    const ENTRY *Entry;

    Read();
    do {
        Entry = (const ENTRY *)(Space + At);
        Rows = FIELD_OFFSET(ENTRY, Row) + Entry->Threads * sizeof(ROW);
        IS(Entry->Next == 0 || Entry->Next >= Rows, 1);
        Children += Entry->Parent == GetCurrentProcessId();
        for (ULONG i = 0; i < CHILDREN; i++) {
            if (Child[i].Info.hProcess != NULL && Entry->Id == Child[i].Info.dwProcessId) {
                Named++;
                CheckChild(Entry, i);
            }
        }
        if (Entry->Id == GetCurrentProcessId()) {
            Mine++;
            CheckOwn(Entry);
        }
        if (Entry->Id == 4) {
            System++;
            IS(lstrcmpW(Entry->Name.Buffer, L"System"), 0);
            IS(Entry->Threads != 0, 1);
        }
        At += Entry->Next;
    } while (Entry->Next != 0 && At < Length);
    IS(At + Rows <= Length, 1);
    for (ULONG i = 0; i < CHILDREN; i++) {
        Expected += Child[i].Info.hProcess != NULL;
    }
    IS(Mine, 1);
    IS(System, 1);
    IS(Children, Expected);
    IS(Named, Expected);
}

/* SystemPerformanceInformation: how often threads were switched and services called. */
static void
Counted(void)
{
    ULONG Before[78], After[78];

    EXPECT_EQ(NtQuerySystemInformation(2, Before, sizeof(Before), &Length), 0);
    EXPECT_EQ(Length, sizeof(Before));
    for (ULONG i = 0; i < 20; i++) {
        Sleep(1);
    }
    EXPECT_EQ(NtQuerySystemInformation(2, After, sizeof(After), &Length), 0);
    EXPECT(After[74] - Before[74] >= 20 && After[74] - Before[74] < 200); /* switches */
    EXPECT(After[77] - Before[77] >= 20 && After[77] - Before[77] < 200); /* system calls */
    EXPECT(After[11] != 0 && After[13] > After[12]); /* pages; the limit of what is committed */
}

/* SystemPoolTagInformation: each tag once, in order, none of which has more frees than allocations. */
static void
Tags(void)
{
    typedef struct {
        ULONG Tag, PagedAllocs, PagedFrees;
        SIZE_T PagedUsed;
        ULONG Allocs, Frees;
        SIZE_T Used;
    } TAG;
    const TAG *Tag = (const TAG *)(Space + 8);
    ULONG Bad = 0, Needed = 0, Count;

    EXPECT_EQ((ULONG)NtQuerySystemInformation(22, Space, 0, &Needed), MISMATCH);
    EXPECT_EQ(NtQuerySystemInformation(22, Space, sizeof(Space), &Length), 0);
    Count = *(ULONG *)Space;
    EXPECT_EQ(Length, 8 + Count * sizeof(TAG));
    EXPECT(Count > 5);
    for (ULONG i = 0; i < Count; i++) {
        Bad += (i != 0 && Tag[i].Tag <= Tag[i - 1].Tag) || Tag[i].PagedAllocs < Tag[i].PagedFrees ||
               Tag[i].Allocs < Tag[i].Frees ||
               (Tag[i].PagedUsed == 0) != (Tag[i].PagedAllocs == Tag[i].PagedFrees) ||
               (Tag[i].Used == 0) != (Tag[i].Allocs == Tag[i].Frees);
    }
    EXPECT_EQ(Bad, 0);
}

int
main(int Count, char **Words)
{
    Self = Words[0];
    Never = CreateEventA(NULL, TRUE, FALSE, NULL);
    Port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    for (Step = 1; Step <= STEPS; Step++) {
        if (Draw(2)) {
            ChangeChild(Draw(CHILDREN));
        } else {
            ChangeThread(Draw(THREADS));
        }
        Look();
    }
    for (ULONG i = 0; i < CHILDREN; i++) {
        if (Child[i].Info.hProcess != NULL) {
            ChangeChild(i);
            Look();
        }
    }
    EXPECT_EQ(Wrong, 0);
    Counted();
    Tags();
    return TEST_DONE();
}
