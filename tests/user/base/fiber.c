/*
 * fiber.c - fibers: conversion, switches, stacks of their own, storage, the end.
 * Sources: winbase.h's pages: ConvertThreadToFiberEx, CreateFiberEx, SwitchToFiber, DeleteFiber, FlsAlloc.
 */
#include "../../nt/ntlab-client.h"

static LPVOID Main, Fibers[3];
static char Order[64];
static int At;
static volatile LONG Freed;
static DWORD Slot;

static void CALLBACK
Ping(LPVOID Parameter)
{
    for (;;) {
        Order[At++] = *(char *)Parameter;
        SwitchToFiber(Main);
    }
}

static void
Switches(void)
{
    EXPECT(!IsThreadAFiber());
    SetLastError(0);
    EXPECT(!ConvertFiberToThread());
    EXPECT_EQ(GetLastError(), 1281); /* ERROR_ALREADY_THREAD */
    Main = ConvertThreadToFiber("main");
    EXPECT(Main != NULL);
    EXPECT(IsThreadAFiber());
    EXPECT(GetCurrentFiber() == Main); /* "the return value is the address of the fiber" */
    EXPECT(strcmp(GetFiberData(), "main") ==
           0); /* "the fiber data ... passed to CreateFiber or Convert" */
    EXPECT(ConvertThreadToFiber(NULL) == NULL);
    EXPECT_EQ(GetLastError(), ERROR_ALREADY_FIBER);
    EXPECT(CreateFiberEx(0, 0, 0x80, Ping, "x") == NULL); /* Flags: 0 or FIBER_FLAG_FLOAT_SWITCH */
    EXPECT_EQ(GetLastError(), ERROR_INVALID_PARAMETER);
    Fibers[0] = CreateFiber(0, Ping, "a");
    Fibers[1] = CreateFiberEx(0x2000, 0x40000, FIBER_FLAG_FLOAT_SWITCH, Ping, "b");
    EXPECT(Fibers[0] != NULL && Fibers[1] != NULL);
    EXPECT_EQ(At, 0); /* "CreateFiber ... does not schedule the fiber" */
    for (int Round = 0; Round < 3; Round++) {
        SwitchToFiber(Fibers[0]);
        SwitchToFiber(Fibers[1]);
    }
    EXPECT(strcmp(Order, "ababab") == 0);
    EXPECT(GetCurrentFiber() == Main);
    DeleteFiber(Fibers[0]);
    DeleteFiber(Fibers[1]);
}

static __attribute__((noinline)) int
Deep(int Depth)
{
    volatile char Room[4000];

    Room[0] = (char)Depth;
    return Depth == 0 ? 0 : Deep(Depth - 1) + 1 + (Room[0] & 0);
}

static int Result, Caught;
static double Sum;

static void CALLBACK
Stack(LPVOID Parameter)
{
    NT_TIB *Tib = (NT_TIB *)NtCurrentTeb();
    char Here;

    EXPECT(&Here < (char *)Tib->StackBase && &Here > (char *)Tib->StackLimit);
    Result = Deep(100); /* 400 KiB: the stack grows */
    EXPECT((char *)Tib->StackBase - (char *)Tib->StackLimit > 400000);
    Sum += 0.5;
    SwitchToFiber(Main);
    Result++; /* continues where it was */
    SwitchToFiber(Main);
}

static void
Stacks(void)
{
    NT_TIB *Tib = (NT_TIB *)NtCurrentTeb();
    PVOID Base = Tib->StackBase, Limit = Tib->StackLimit;
    LPVOID Fiber = CreateFiber(0, Stack, NULL);

    Sum = 1;
    SwitchToFiber(Fiber);
    EXPECT_EQ(Result, 100);
    EXPECT(Sum == 1.5);
    EXPECT(Tib->StackBase == Base && Tib->StackLimit == Limit);
    SwitchToFiber(Fiber);
    EXPECT_EQ(Result, 101);
    DeleteFiber(Fiber);
}

static LONG CALLBACK
Vectored(EXCEPTION_POINTERS *Pointers)
{
    if (Pointers->ExceptionRecord->ExceptionCode == 0xE0000001) {
        Caught++;
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

static void CALLBACK
Raise(LPVOID Parameter)
{
    RaiseException(0xE0000001, 0, 0, NULL);
    SwitchToFiber(Main);
}

static void
Exceptions(void)
{
    PVOID Handler = AddVectoredExceptionHandler(1, Vectored);
    LPVOID Fiber = CreateFiber(0, Raise, NULL);

    SwitchToFiber(Fiber);
    EXPECT_EQ(Caught, 1);
    DeleteFiber(Fiber);
    RemoveVectoredExceptionHandler(Handler);
}

static void WINAPI
Free(PVOID Value)
{
    InterlockedExchangeAdd(&Freed, (LONG)(INT_PTR)Value);
}

static void CALLBACK
Storage(LPVOID Parameter)
{
    EXPECT(FlsGetValue(Slot) == NULL); /* each fiber has its own */
    FlsSetValue(Slot, (PVOID)5);
    SwitchToFiber(Main);
}

static void
LocalStorage(void)
{
    LPVOID Fiber = CreateFiber(0, Storage, NULL);

    Slot = FlsAlloc(Free);
    EXPECT(FlsSetValue(Slot, (PVOID)3));
    SwitchToFiber(Fiber);
    EXPECT(FlsGetValue(Slot) == (PVOID)3);
    EXPECT_EQ(Freed, 0);
    DeleteFiber(Fiber);
    EXPECT_EQ(Freed, 5); /* "called on fiber deletion" [FLS_CALLBACK_FUNCTION] */
    EXPECT(FlsGetValue(Slot) == (PVOID)3);
    FlsFree(Slot);
    EXPECT_EQ(Freed, 8);
}

static void CALLBACK
Returns(LPVOID Parameter)
{
}

static DWORD WINAPI
Thread(LPVOID How)
{
    LPVOID Self = ConvertThreadToFiber(NULL);

    if (How == NULL) {
        SwitchToFiber(CreateFiber(0, Returns, NULL));
    } else {
        DeleteFiber(Self);
    }
    return 99;
}

static void
Ends(void)
{
    for (int How = 0; How < 2; How++) {
        HANDLE Handle = CreateThread(NULL, 0, Thread, (LPVOID)(INT_PTR)How, 0, NULL);
        DWORD Code = 99;

        EXPECT_EQ(WaitForSingleObject(Handle, 10000), WAIT_OBJECT_0);
        GetExitCodeThread(Handle, &Code);
        /* "If the fiber function returns, the thread ... exits"; "If the currently running fiber calls
           DeleteFiber, its thread calls ExitThread" */
        EXPECT(Code != 99);
        CloseHandle(Handle);
    }
}

static DWORD WINAPI
Mover(LPVOID Fiber)
{
    Main = ConvertThreadToFiber(NULL);
    SwitchToFiber(Fiber); /* "You can ... switch to a fiber that was created by another thread" */
    EXPECT(ConvertFiberToThread());
    return 7;
}

static void
OtherThread(void)
{
    LPVOID Mine = Main, Fiber = CreateFiber(0, Ping, "z");
    DWORD Code = 0;
    HANDLE Handle;

    At = 0;
    Handle = CreateThread(NULL, 0, Mover, Fiber, 0, NULL);
    EXPECT_EQ(WaitForSingleObject(Handle, 10000), WAIT_OBJECT_0);
    GetExitCodeThread(Handle, &Code);
    EXPECT_EQ(Code, 7);
    EXPECT_EQ(Order[0], 'z');
    CloseHandle(Handle);
    DeleteFiber(Fiber);
    Main = Mine;
}

int
main(void)
{
    Switches();
    Stacks();
    Exceptions();
    LocalStorage();
    Ends();
    OtherThread();
    EXPECT(ConvertFiberToThread());
    EXPECT(!IsThreadAFiber());
    return TEST_DONE();
}
