/*
 * stack.c - a thread's stack: reserved, committed page by page behind a guard page, and its end.
 * [K: "Thread Stack Size", "CreateThread", "Creating Guard Pages", "SetThreadStackGuarantee",
 *  "GetCurrentThreadStackLimits", "IsBadReadPtr"]
 */
#include "../../nt/ntlab-client.h"

#define PAGE 0x1000ull

static MEMORY_BASIC_INFORMATION
Region(const void *Address)
{
    MEMORY_BASIC_INFORMATION Info = {0};

    VirtualQuery(Address, &Info, sizeof(Info));
    return Info;
}

static ULONG64
Limit(void)
{
    return (ULONG64)((PNT_TIB)NtCurrentTeb())->StackLimit;
}

static DWORD WINAPI
Layout(LPVOID Context)
{
    ULONG_PTR Low, High;
    MEMORY_BASIC_INFORMATION Info;

    GetCurrentThreadStackLimits(&Low, &High);
    EXPECT_EQ(High - Low, 0x100000); /* what CreateThread was asked to reserve */
    Info = Region((PVOID)Low);
    EXPECT(Info.State == MEM_RESERVE && Info.RegionSize > 0xE0000);
    EXPECT(Info.AllocationBase == (PVOID)Low && Info.AllocationProtect == PAGE_READWRITE);
    Info = Region((PVOID)(Limit() - PAGE));
    EXPECT(Info.State == MEM_COMMIT && Info.Protect == (PAGE_READWRITE | PAGE_GUARD));
    EXPECT_EQ(Info.RegionSize, PAGE);
    Info = Region((PVOID)Limit());
    EXPECT(Info.State == MEM_COMMIT && Info.Protect == PAGE_READWRITE);
    EXPECT_EQ((ULONG64)Info.BaseAddress + Info.RegionSize, High);
    return 0;
}

/* Frames of a page and more: the compiler touches each page on its way down. */
static __attribute__((noinline)) ULONG64
Deep(int Depth)
{
    volatile char Frame[10000];

    Frame[0] = Frame[9999] = (char)Depth;
    return Depth == 0 ? Limit() : Deep(Depth - 1) + Frame[0] - Frame[9999];
}

static DWORD WINAPI
Grow(LPVOID Context)
{
    ULONG64 Before = Limit(), After = Deep(70);

    EXPECT(After < Before - 700000);
    EXPECT_EQ(Limit(), After); /* what was committed once stays */
    EXPECT((Region((PVOID)(After - PAGE)).Protect & PAGE_GUARD) != 0);
    return 0;
}

static ULONG64 LeftThere;
static DWORD Code;

static LONG CALLBACK
Overflown(PEXCEPTION_POINTERS Pointers)
{
    ULONG_PTR Low, High;

    if (Pointers->ExceptionRecord->ExceptionCode != EXCEPTION_STACK_OVERFLOW) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    Code = Pointers->ExceptionRecord->ExceptionCode;
    GetCurrentThreadStackLimits(&Low, &High);
    LeftThere = (ULONG64)&Low - Low;
    ExitThread(77); /* no frame is unwound */
}

static __attribute__((noinline)) int
Forever(volatile int *Count)
{
    volatile int Here = *Count + 1;

    return Forever(&Here) + Here;
}

static DWORD WINAPI
Overflow(LPVOID Context)
{
    ULONG Guarantee = (ULONG)(ULONG_PTR)Context, Asked = 0;
    volatile int Count = 0;

    if (Guarantee != 0) {
        EXPECT(SetThreadStackGuarantee(&Guarantee));
        EXPECT_EQ(Guarantee, 0);
        EXPECT(SetThreadStackGuarantee(&Asked) && Asked == (ULONG)(ULONG_PTR)Context);
    }
    return Forever(&Count);
}

static ULONG64
RunOverflow(ULONG Guarantee)
{
    HANDLE Thread = CreateThread(NULL, 0x40000, Overflow, (PVOID)(ULONG_PTR)Guarantee,
                                 STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
    DWORD Exit = 0;

    Code = 0;
    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Exit);
    CloseHandle(Thread);
    EXPECT_EQ(Exit, 77);
    EXPECT_EQ(Code, EXCEPTION_STACK_OVERFLOW);
    return LeftThere;
}

/* 64 KiB guaranteed: the handler runs that much above where it runs otherwise. */
static void
Overflows(void)
{
    PVOID Handler = AddVectoredExceptionHandler(TRUE, Overflown);
    ULONG64 Plain = RunOverflow(0), Guaranteed = RunOverflow(0x10000);

    EXPECT(Guaranteed >= Plain + 0xC000);
    RemoveVectoredExceptionHandler(Handler);
}

static void
OtherGuards(void)
{
    PUCHAR Page = VirtualAlloc(NULL, PAGE, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);

    /* "guard pages act as a one-shot access alarm" */
    EXPECT(IsBadReadPtr(Page, 1));
    EXPECT(!IsBadReadPtr(Page, 1));
    EXPECT_EQ(Region(Page).Protect, PAGE_READWRITE);
    EXPECT(VirtualFree(Page, 0, MEM_RELEASE));
    /* Of a stack nobody but its thread may touch the guard page: it would grow no more. */
    EXPECT(!IsBadReadPtr((PVOID)Limit(), PAGE));
    EXPECT(IsBadReadPtr((PVOID)((NT_TIB *)NtCurrentTeb())->StackBase, 1) ||
           Region(((NT_TIB *)NtCurrentTeb())->StackBase).State == MEM_COMMIT);
}

static void
Run(LPTHREAD_START_ROUTINE Routine, SIZE_T Size, DWORD Flags)
{
    HANDLE Thread = CreateThread(NULL, Size, Routine, NULL, Flags, NULL);

    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
}

static SIZE_T ReservedOf;

static DWORD WINAPI
Sizes(LPVOID Context)
{
    ULONG_PTR Low, High;

    GetCurrentThreadStackLimits(&Low, &High);
    ReservedOf = High - Low;
    return (DWORD)(High - Limit());
}

static DWORD
CommittedBy(SIZE_T Size, DWORD Flags)
{
    HANDLE Thread = CreateThread(NULL, Size, Sizes, NULL, Flags, NULL);
    DWORD Committed = 0;

    WaitForSingleObject(Thread, INFINITE);
    GetExitCodeThread(Thread, &Committed);
    CloseHandle(Thread);
    return Committed;
}

int
main(void)
{
    PIMAGE_DOS_HEADER Dos = (PIMAGE_DOS_HEADER)GetModuleHandleA(NULL);
    PIMAGE_NT_HEADERS Nt = (PIMAGE_NT_HEADERS)((PUCHAR)Dos + Dos->e_lfanew);

    Run(Layout, 0x100000, STACK_SIZE_PARAM_IS_A_RESERVATION);
    Run(Grow, 0x100000, STACK_SIZE_PARAM_IS_A_RESERVATION);
    /* "If this parameter is zero, the new thread uses the default size for the executable." */
    EXPECT(CommittedBy(0, 0) < 0x10000);
    EXPECT_EQ(ReservedOf, Nt->OptionalHeader.SizeOfStackReserve);
    EXPECT(CommittedBy(0x20000, 0) >= 0x20000); /* "The initial size of the stack" */
    EXPECT_EQ(ReservedOf, Nt->OptionalHeader.SizeOfStackReserve);
    /* More than the reserve: it becomes the reserve, "rounded up to the nearest multiple of 1 MB". */
    EXPECT(CommittedBy(0x280000, 0) >= 0x280000);
    EXPECT_EQ(ReservedOf, 0x300000);
    EXPECT(Deep(120) < (ULONG64)&Dos - 1200000); /* the first thread's, too */
    Overflows();
    OtherGuards();
    return TEST_DONE();
}
