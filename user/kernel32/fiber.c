/*
 * fiber.c - fibers: threads' contexts that the program switches itself.
 *
 * A fiber is what a switch has to keep: a stack with its bounds, the callee-saved registers (on that stack), and
 * the fiber's local storage. BaseSwitchFiber (fiberswitch.S) exchanges them; the kernel knows nothing of it and takes
 * the bounds from the TEB when a stack grows.
 *
 *   F1  TEB.NtTib.FiberData is the running fiber, or NULL; GetCurrentFiber and GetFiberData are inlined reads of it, so the
 *       parameter is the first field.
 *   F2  The running fiber's own fields are stale: its stack and storage are the TEB's.
 *   F3  A fiber made from a thread runs on the thread's stack and does not own it.
 *
 * Facts: CreateFiberEx, ConvertThreadToFiberEx, SwitchToFiber, DeleteFiber, ConvertFiberToThread; FlsAlloc.
 */
#include "user/kernel32/base.h"

typedef struct _BASE_FIBER {
    PVOID Parameter; /* F1 */
    PVOID ExceptionList;
    PVOID StackBase; /* from here to Rsp: fiberswitch.S */
    PVOID StackLimit;
    PVOID DeallocationStack;
    PVOID Rsp;
    PVOID FlsData;
    ULONG GuaranteedStackBytes;
    BOOL OwnsStack; /* F3 */
    LPFIBER_START_ROUTINE Start;
} BASE_FIBER, *PBASE_FIBER;
C_ASSERT(FIELD_OFFSET(BASE_FIBER, StackBase) == 0x10);
C_ASSERT(FIELD_OFFSET(BASE_FIBER, Rsp) == 0x28);

#define BASE_TEB_HAS_FIBER_DATA 0x4 /* SameTebFlags */

/* What BaseSwitchFiber's tail pops off a new stack, then returns to: fiberswitch.S. */
#define BASE_SWITCH_FRAME 0xF8
#ifndef ERROR_ALREADY_THREAD
#define ERROR_ALREADY_THREAD 1281
#endif

#define BASE_MXCSR       0x1F80
#define BASE_X87_CONTROL 0x27F

VOID BaseSwitchFiber(PBASE_FIBER From, PBASE_FIBER To);
VOID BaseFiberEntry(VOID);

static PBASE_FIBER
BaseCurrentFiber(VOID)
{
    PTEB Teb = NtCurrentTeb();

    return (Teb->SameTebFlags & BASE_TEB_HAS_FIBER_DATA) != 0 ? Teb->NtTib.FiberData : NULL;
}

/* The first code of a fiber, in the frame of BaseFiberEntry. */
VOID
BaseRunFiber(VOID)
{
    PBASE_FIBER Fiber = BaseCurrentFiber();

    __try {
        Fiber->Start(Fiber->Parameter);
        RtlExitUserThread(
            0); /* "If the fiber function returns, the thread running the fiber exits." */
    } __except (UnhandledExceptionFilter(GetExceptionInformation())) {
        NtTerminateProcess(NtCurrentProcess(), GetExceptionCode());
    }
}

BOOL WINAPI
IsThreadAFiber(VOID)
{
    return BaseCurrentFiber() != NULL;
}

LPVOID WINAPI
ConvertThreadToFiberEx(LPVOID Parameter, DWORD Flags)
{
    PTEB Teb = NtCurrentTeb();
    PBASE_FIBER Fiber;

    if ((Flags & ~FIBER_FLAG_FLOAT_SWITCH) != 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    if (BaseCurrentFiber() != NULL) {
        BaseFailWith(ERROR_ALREADY_FIBER);
        return NULL;
    }
    Fiber = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*Fiber));
    if (Fiber == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    Fiber->Parameter = Parameter;
    Teb->NtTib.FiberData = Fiber;
    Teb->SameTebFlags |= BASE_TEB_HAS_FIBER_DATA;
    return Fiber;
}

LPVOID WINAPI
ConvertThreadToFiber(LPVOID Parameter)
{
    return ConvertThreadToFiberEx(Parameter, 0);
}

BOOL WINAPI
ConvertFiberToThread(VOID)
{
    PTEB Teb = NtCurrentTeb();
    PBASE_FIBER Fiber = BaseCurrentFiber();

    if (Fiber == NULL) {
        return BaseFailWith(ERROR_ALREADY_THREAD);
    }
    Teb->SameTebFlags &= ~BASE_TEB_HAS_FIBER_DATA;
    Teb->NtTib.FiberData = NULL;
    RtlFreeHeap(BaseHeap(), 0, Fiber); /* its stack, if it owns one, is the thread's from now on */
    return TRUE;
}

/* A stack as the kernel makes them: reserved, the top committed, a guard page below. */
static NTSTATUS
BaseMakeStack(PBASE_FIBER Fiber, SIZE_T Commit, SIZE_T Reserve)
{
    PIMAGE_NT_HEADERS Headers = RtlImageNtHeader(NtCurrentPeb()->ImageBaseAddress);
    PVOID Base = NULL, Page;
    SIZE_T Size;
    ULONG Old;
    NTSTATUS Status;

    if (Commit == 0) {
        Commit = Headers->OptionalHeader.SizeOfStackCommit;
    }
    if (Reserve == 0) {
        Reserve = Headers->OptionalHeader.SizeOfStackReserve;
    }
    Commit = (Commit + 0xFFF) & ~(SIZE_T)0xFFF;
    if (Reserve < Commit + 0x4000) {
        Reserve = (Commit + 0xFFFFF) & ~(SIZE_T)0xFFFFF;
    }
    Reserve = (Reserve + 0xFFFF) & ~(SIZE_T)0xFFFF;
    if (Commit > Reserve - 0x4000) {
        Commit = Reserve - 0x4000; /* the guard, and what an overflow's handlers need */
    }
    Status = NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Reserve, MEM_RESERVE,
                                     PAGE_READWRITE);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Size = Commit + 0x1000;
    Page = (PUCHAR)Base + Reserve - Size;
    Status =
        NtAllocateVirtualMemory(NtCurrentProcess(), &Page, 0, &Size, MEM_COMMIT, PAGE_READWRITE);
    if (NT_SUCCESS(Status)) {
        Size = 0x1000;
        Status = NtProtectVirtualMemory(NtCurrentProcess(), &Page, &Size,
                                        PAGE_READWRITE | PAGE_GUARD, &Old);
    }
    if (!NT_SUCCESS(Status)) {
        Size = 0;
        NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
        return Status;
    }
    Fiber->DeallocationStack = Base;
    Fiber->StackBase = (PUCHAR)Base + Reserve;
    Fiber->StackLimit = (PUCHAR)Page + 0x1000;
    return STATUS_SUCCESS;
}

LPVOID WINAPI
CreateFiberEx(SIZE_T Commit, SIZE_T Reserve, DWORD Flags, LPFIBER_START_ROUTINE Start,
              LPVOID Parameter)
{
    PBASE_FIBER Fiber;
    PULONG64 Frame;
    NTSTATUS Status;

    if ((Flags & ~FIBER_FLAG_FLOAT_SWITCH) != 0) {
        BaseFailWith(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    Fiber = RtlAllocateHeap(BaseHeap(), HEAP_ZERO_MEMORY, sizeof(*Fiber));
    if (Fiber == NULL) {
        BaseFailWith(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    Status = BaseMakeStack(Fiber, Commit, Reserve);
    if (!NT_SUCCESS(Status)) {
        RtlFreeHeap(BaseHeap(), 0, Fiber);
        BaseFail(Status);
        return NULL;
    }
    Fiber->Parameter = Parameter;
    Fiber->Start = Start;
    Fiber->OwnsStack = TRUE;
    /* BaseFiberEntry is entered by a `ret`: above its address an end mark for who walks the stack. */
    Frame = (PULONG64)((PUCHAR)Fiber->StackBase - 0x30 - BASE_SWITCH_FRAME);
    Fiber->Rsp = Frame;
    ((PULONG)Frame)[0] = BASE_MXCSR;
    ((PULONG)Frame)[1] = BASE_X87_CONTROL;
    Frame[BASE_SWITCH_FRAME / 8] = (ULONG64)BaseFiberEntry;
    return Fiber;
}

LPVOID WINAPI
CreateFiber(SIZE_T StackSize, LPFIBER_START_ROUTINE Start, LPVOID Parameter)
{
    return CreateFiberEx(StackSize, 0, 0, Start, Parameter);
}

VOID WINAPI
SwitchToFiber(LPVOID Fiber)
{
    PTEB Teb = NtCurrentTeb();
    PBASE_FIBER From = BaseCurrentFiber(), To = Fiber;

    if (To == From) {
        return; /* F2 */
    }
    From->FlsData = Teb->FlsData;
    Teb->FlsData = To->FlsData;
    From->GuaranteedStackBytes = Teb->GuaranteedStackBytes;
    Teb->GuaranteedStackBytes = To->GuaranteedStackBytes;
    BaseSwitchFiber(From, To);
}

VOID WINAPI
DeleteFiber(LPVOID Fiber)
{
    PBASE_FIBER Gone = Fiber;
    PVOID Base = Gone->DeallocationStack;
    SIZE_T Size = 0;

    if (Gone == BaseCurrentFiber()) {
        RtlExitUserThread(1); /* "its thread calls ExitThread and terminates" */
    }
    RtlProcessFlsData(Gone->FlsData, 1 | 2);
    if (Gone->OwnsStack) {
        NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
    }
    RtlFreeHeap(BaseHeap(), 0, Gone);
}
