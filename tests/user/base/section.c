/*
 * section.c - critical sections: layout, LockCount, recursion, spinning, waiting, debug information, by version.
 *
 * [DBG] "Displaying a Critical Section"; [PH] phnt ntrtl.h; [SDK] the Win32 documentation.
 */
#include "../../nt/ntlab-client.h"
#include <stddef.h>

static CRITICAL_SECTION Section;
static HANDLE Entered, MayLeave;
static volatile LONG Inside, Most, Total;

static ULONG
Version(void)
{
    return *(ULONG *)0x7FFE026C * 100 + *(ULONG *)0x7FFE0270;
}

static BOOL
IsXp(void)
{
    return Version() == 501;
}

static void
Layout(void)
{
    EXPECT_EQ(sizeof(RTL_CRITICAL_SECTION), 0x28);                  /* [PH] */
    EXPECT_EQ(offsetof(RTL_CRITICAL_SECTION, LockCount), 8);        /* [PH] */
    EXPECT_EQ(offsetof(RTL_CRITICAL_SECTION, RecursionCount), 0xC); /* [PH] */
    EXPECT_EQ(offsetof(RTL_CRITICAL_SECTION, OwningThread), 0x10);  /* [PH] */
    EXPECT_EQ(offsetof(RTL_CRITICAL_SECTION, LockSemaphore), 0x18); /* [PH] */
    EXPECT_EQ(offsetof(RTL_CRITICAL_SECTION, SpinCount), 0x20);     /* [PH] */
}

static void
Counts(void)
{
    InitializeCriticalSection(&Section);
    EXPECT_EQ(Section.LockCount, -1); /* [DBG] unlocked in every version */
    EXPECT_EQ((ULONG_PTR)Section.OwningThread, 0);
    EnterCriticalSection(&Section);
    EXPECT_EQ(Section.LockCount, IsXp() ? 0 : -2); /* [DBG] */
    EXPECT_EQ((ULONG_PTR)Section.OwningThread, GetCurrentThreadId());
    EXPECT_EQ(Section.RecursionCount, 1);
    EnterCriticalSection(&Section);
    EXPECT_EQ(Section.LockCount, IsXp() ? 1 : -2);
    EXPECT_EQ(Section.RecursionCount, 2);
    EXPECT(TryEnterCriticalSection(&Section)); /* [SDK] by its owner it succeeds */
    EXPECT_EQ(Section.RecursionCount, 3);
    LeaveCriticalSection(&Section);
    LeaveCriticalSection(&Section);
    EXPECT_EQ(Section.RecursionCount, 1);
    EXPECT_EQ(Section.LockCount, IsXp() ? 0 : -2);
    LeaveCriticalSection(&Section);
    EXPECT_EQ(Section.LockCount, -1);
    EXPECT_EQ(Section.RecursionCount, 0);
    EXPECT_EQ((ULONG_PTR)Section.OwningThread, 0);
    DeleteCriticalSection(&Section);
}

static void
SpinCounts(void)
{
    SYSTEM_INFO Info;

    GetSystemInfo(&Info);
    EXPECT(InitializeCriticalSectionAndSpinCount(&Section, 4000));
    EXPECT_EQ(Section.SpinCount,
              Info.dwNumberOfProcessors > 1 ? 4000 : 0); /* [SDK] ignored on one processor */
    EXPECT_EQ(SetCriticalSectionSpinCount(&Section, 10), Info.dwNumberOfProcessors > 1 ? 4000 : 0);
    EXPECT_EQ(Section.SpinCount, Info.dwNumberOfProcessors > 1 ? 10 : 0);
    DeleteCriticalSection(&Section);
    InitializeCriticalSection(&Section);
    if (Version() >= 602 && Info.dwNumberOfProcessors > 1) {
        EXPECT_EQ(Section.SpinCount, 0x20007D0); /* [DBG] dynamic, 2000 */
    } else {
        EXPECT_EQ(Section.SpinCount & 0xFFFFFF, 0);
    }
    DeleteCriticalSection(&Section);
    if (Version() >= 600) {
        EXPECT(InitializeCriticalSectionEx(&Section, 100,
                                           0x01000000)); /* CRITICAL_SECTION_NO_DEBUG_INFO */
        EXPECT_EQ((LONG_PTR)Section.DebugInfo, -1);
        DeleteCriticalSection(&Section);
        EXPECT(!InitializeCriticalSectionEx(&Section, 0x01000000, 0));
        EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    }
}

static void
DebugInformation(void)
{
    RTL_CRITICAL_SECTION_DEBUG *Debug;

    InitializeCriticalSectionAndSpinCount(&Section, 0);
    if (Version() >= 602) {
        EXPECT_EQ((LONG_PTR)Section.DebugInfo, -1); /* from 8 on only for those who ask */
        DeleteCriticalSection(&Section);
        EXPECT(InitializeCriticalSectionEx(&Section, 0, 0x10000000)); /* force */
    }
    Debug = (RTL_CRITICAL_SECTION_DEBUG *)Section.DebugInfo;
    EXPECT(Debug != NULL && (LONG_PTR)Debug != -1);
    EXPECT(Debug != NULL && (PVOID)Debug->CriticalSection == (PVOID)&Section);
    EXPECT(Debug != NULL && Debug->ProcessLocksList.Flink->Blink == &Debug->ProcessLocksList);
    EXPECT_EQ(Debug->ContentionCount, 0);
    DeleteCriticalSection(&Section);
    EXPECT_EQ((ULONG_PTR)Section.DebugInfo, 0);
}

static DWORD WINAPI
Holder(PVOID Argument)
{
    EnterCriticalSection(&Section);
    SetEvent(Entered);
    WaitForSingleObject(MayLeave, INFINITE);
    LeaveCriticalSection(&Section);
    return 0;
}

static DWORD WINAPI
Waiter(PVOID Argument)
{
    EnterCriticalSection(&Section);
    InterlockedIncrement(&Total);
    LeaveCriticalSection(&Section);
    return 0;
}

static void
Contention(void)
{
    HANDLE Thread[4];

    InitializeCriticalSectionAndSpinCount(&Section, 0);
    Entered = CreateEventA(NULL, FALSE, FALSE, NULL);
    MayLeave = CreateEventA(NULL, FALSE, FALSE, NULL);
    Thread[0] = CreateThread(NULL, 0, Holder, NULL, 0, NULL);
    WaitForSingleObject(Entered, INFINITE);
    EXPECT(!TryEnterCriticalSection(&Section)); /* [SDK] */
    EXPECT((ULONG_PTR)Section.OwningThread != 0 &&
           (ULONG_PTR)Section.OwningThread != GetCurrentThreadId());
    for (int Index = 1; Index < 4; Index++) {
        Thread[Index] = CreateThread(NULL, 0, Waiter, NULL, 0, NULL);
    }
    Sleep(10);
    EXPECT_EQ(Section.LockCount, IsXp() ? 3 : -2 - 3 * 4); /* [DBG] three waiters, none woken */
    if (Version() >= 602) {
        EXPECT_EQ((LONG_PTR)Section.LockSemaphore, -1); /* [DBG] */
    } else if (Version() >= 600) {
        EXPECT_EQ((ULONG_PTR)Section.LockSemaphore, 0); /* the system's keyed event */
    } else {
        EXPECT((ULONG_PTR)Section.LockSemaphore != 0 && (LONG_PTR)Section.LockSemaphore != -1);
        EXPECT_EQ(WaitForSingleObject(Section.LockSemaphore, 0), WAIT_TIMEOUT); /* an event */
    }
    SetEvent(MayLeave);
    EXPECT_EQ(WaitForMultipleObjects(4, Thread, TRUE, INFINITE), WAIT_OBJECT_0);
    EXPECT_EQ(Total, 3);
    EXPECT_EQ(Section.LockCount, -1);
    DeleteCriticalSection(&Section);
    EXPECT_EQ((ULONG_PTR)Section.LockSemaphore, 0);
}

static DWORD WINAPI
Many(PVOID Argument)
{
    for (int Index = 0; Index < 20000; Index++) {
        EnterCriticalSection(&Section);
        LONG Now = ++Inside;

        Most = Now > Most ? Now : Most;
        Total++;
        Inside--;
        LeaveCriticalSection(&Section);
    }
    return 0;
}

static void
Exclusion(ULONG Spin)
{
    HANDLE Thread[5];

    Total = Most = 0;
    InitializeCriticalSectionAndSpinCount(&Section, Spin);
    for (int Index = 0; Index < 5; Index++) {
        Thread[Index] = CreateThread(NULL, 0, Many, NULL, 0, NULL);
    }
    WaitForMultipleObjects(5, Thread, TRUE, INFINITE);
    EXPECT_EQ(Total, 5 * 20000);
    EXPECT_EQ(Most, 1);
    EXPECT_EQ(Section.LockCount, -1);
    EXPECT_EQ((ULONG_PTR)Section.OwningThread, 0);
    DeleteCriticalSection(&Section);
}

/* [K: "VirtualAlloc2", "MapViewOfFile3", "MEM_ADDRESS_REQUIREMENTS"] */
static void
Requirements(void)
{
    HMODULE Base = GetModuleHandleA("kernelbase.dll");
    PVOID(WINAPI * Alloc)(HANDLE, PVOID, SIZE_T, ULONG, ULONG, MEM_EXTENDED_PARAMETER *, ULONG) =
        (PVOID)GetProcAddress(Base, "VirtualAlloc2");
    PVOID(WINAPI * Map)(HANDLE, HANDLE, PVOID, ULONG64, SIZE_T, ULONG, ULONG,
                        MEM_EXTENDED_PARAMETER *, ULONG) =
        (PVOID)GetProcAddress(Base, "MapViewOfFile3");
    BOOL(WINAPI * Unmap)(HANDLE, PVOID, ULONG) = (PVOID)GetProcAddress(Base, "UnmapViewOfFile2");
    HANDLE Section =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x30000, NULL);
    MEM_ADDRESS_REQUIREMENTS Where = {NULL, NULL, 0x200000};
    MEM_EXTENDED_PARAMETER Parameter = {.Type = MemExtendedParameterAddressRequirements,
                                        .Pointer = &Where};
    PUCHAR Low, High, Plain;

    Plain = Alloc(NULL, NULL, 0x3000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE, NULL, 0);
    EXPECT(Plain != NULL && Plain[0x2FFF] == 0);
    Low = Alloc(GetCurrentProcess(), NULL, 0x30000, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE,
                &Parameter, 1);
    EXPECT(Low != NULL && (ULONG_PTR)Low % 0x200000 == 0);
    Low[0x2FFFF] = 1;
    /* "Starting at or above", and all of it "below" the end. */
    Where.LowestStartingAddress = Low + 0x400000;
    Where.HighestEndingAddress = Low + 0xC00000 - 1;
    High = Map(Section, NULL, NULL, 0, 0, 0, PAGE_READWRITE, &Parameter, 1);
    EXPECT(High >= Low + 0x400000 && High + 0x30000 <= Low + 0xC00000);
    EXPECT((ULONG_PTR)High % 0x200000 == 0);
    High[0x2FFFF] = 7;
    EXPECT(Unmap(GetCurrentProcess(), High, 0));
    High = Map(Section, GetCurrentProcess(), NULL, 0x20000, 0x10000, 0, PAGE_READONLY, NULL, 0);
    EXPECT(High != NULL && High[0xFFFF] == 7);
    EXPECT(Unmap(GetCurrentProcess(), High, 0));
    /* An address and requirements exclude each other; an alignment is a power of two; two sets are one too many. */
    EXPECT(Alloc(NULL, Low + 0x800000, 0x1000, MEM_RESERVE, PAGE_READWRITE, &Parameter, 1) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    Where.Alignment = 0x30000;
    EXPECT(Alloc(NULL, NULL, 0x1000, MEM_RESERVE, PAGE_READWRITE, &Parameter, 1) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    Where.Alignment = 0;
    Where.HighestEndingAddress = Low + 0x410000 - 1;
    EXPECT(Alloc(NULL, NULL, 0x20000, MEM_RESERVE, PAGE_READWRITE, &Parameter, 1) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_NOT_ENOUGH_MEMORY); /* there is no such room */
    EXPECT(VirtualFree(Low, 0, MEM_RELEASE) && VirtualFree(Plain, 0, MEM_RELEASE));
    CloseHandle(Section);
}

/* [SDK] GetWriteWatch, ResetWriteWatch, MEM_WRITE_WATCH: pages that were written since the allocation or the last reset. */
static void
WriteWatch(void)
{
    PUCHAR Region =
        VirtualAlloc(NULL, 0x10000, MEM_RESERVE | MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE);
    PVOID Page[16];
    ULONG_PTR Count = 16;
    DWORD Granularity = 0, Old;
    SIZE_T Written;
    HANDLE Read, Write;

    EXPECT(Region != NULL);
    EXPECT_EQ(GetWriteWatch(0, Region, 0x10000, Page, &Count, &Granularity), 0);
    EXPECT(Count == 0 && Granularity == 0x1000);
    EXPECT_EQ(Region[0x3000], 0); /* reading is no writing */
    Region[0x1234] = 1;
    InterlockedIncrement((volatile LONG *)(Region + 0x5000));
    Count = 16;
    EXPECT_EQ(GetWriteWatch(0, Region, 0x10000, Page, &Count, &Granularity), 0);
    EXPECT(Count == 2 && Page[0] == Region + 0x1000 && Page[1] == Region + 0x5000);
    /* Only what fits is told and, if asked, reset. */
    Count = 1;
    EXPECT_EQ(GetWriteWatch(WRITE_WATCH_FLAG_RESET, Region, 0x10000, Page, &Count, &Granularity),
              0);
    EXPECT(Count == 1 && Page[0] == Region + 0x1000);
    Count = 16;
    EXPECT_EQ(GetWriteWatch(WRITE_WATCH_FLAG_RESET, Region, 0x10000, Page, &Count, &Granularity),
              0);
    EXPECT(Count == 1 && Page[0] == Region + 0x5000);
    /* The kernel's writes count: into a buffer, by a device, from a process. */
    EXPECT(CreatePipe(&Read, &Write, NULL, 0) && WriteFile(Write, "ab", 2, &Old, NULL));
    EXPECT(ReadFile(Read, Region + 0x2FFF, 2, &Old, NULL) && Old == 2 && Region[0x3000] == 'b');
    EXPECT(WriteProcessMemory(GetCurrentProcess(), Region + 0x8000, "x", 1, &Written));
    Count = 16;
    EXPECT_EQ(GetWriteWatch(0, Region + 0x3000, 0xD000, Page, &Count, &Granularity), 0);
    EXPECT(Count == 2 && Page[0] == Region + 0x3000 && Page[1] == Region + 0x8000);
    EXPECT_EQ(ResetWriteWatch(Region, 0x10000), 0);
    /* A protection takes nothing from it. */
    EXPECT(VirtualProtect(Region, 0x10000, PAGE_READONLY, &Old) && Old == PAGE_READWRITE);
    EXPECT(VirtualProtect(Region, 0x10000, PAGE_READWRITE, &Old) && Old == PAGE_READONLY);
    Region[0xFFFF] = 1;
    Count = 16;
    EXPECT_EQ(GetWriteWatch(0, Region, 0x10000, Page, &Count, &Granularity), 0);
    EXPECT(Count == 1 && Page[0] == Region + 0xF000);
    /* What is not all watched, and flags that do not exist. */
    EXPECT(GetWriteWatch(0, Region, 0x20000, Page, &Count, &Granularity) != 0);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    EXPECT(GetWriteWatch(2, Region, 0x1000, Page, &Count, &Granularity) != 0);
    EXPECT(ResetWriteWatch(Page, 0x1000) != 0);
    EXPECT(VirtualFree(Region, 0, MEM_RELEASE));
    EXPECT(VirtualAlloc(NULL, 0x1000, MEM_COMMIT | MEM_WRITE_WATCH, PAGE_READWRITE) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER); /* "you must also specify MEM_RESERVE" */
    CloseHandle(Read);
    CloseHandle(Write);
}

/* Rights of a section that is opened by name: generic ones are mapped as everybody's are. */
static void
MappingRights(void)
{
    HANDLE Mapping =
        CreateFileMappingA(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE, 0, 0x1000, "Local\\rights");
    HANDLE Opened = OpenFileMappingA(GENERIC_READ, FALSE, "Local\\rights");

    EXPECT(Mapping != NULL && Opened != NULL);
    EXPECT(MapViewOfFile(Opened, FILE_MAP_READ, 0, 0, 0) != NULL);
    EXPECT(MapViewOfFile(Opened, FILE_MAP_WRITE, 0, 0, 0) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_ACCESS_DENIED);
    CloseHandle(Opened);
    Opened = OpenFileMappingA(GENERIC_READ | GENERIC_WRITE, FALSE, "Local\\rights");
    EXPECT(Opened != NULL && MapViewOfFile(Opened, FILE_MAP_WRITE, 0, 0, 0) != NULL);
    CloseHandle(Opened);
    CloseHandle(Mapping);
}

int
main(void)
{
    Layout();
    Counts();
    SpinCounts();
    DebugInformation();
    Contention();
    Exclusion(0);
    Exclusion(4000);
    Requirements();
    WriteWatch();
    MappingRights();
    return TEST_DONE();
}
