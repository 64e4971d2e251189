/*
 * seh.c - structured exception handling: the table-driven unwinder as a driver meets it.
 *
 * Sources: [SEH] Microsoft Learn, "Structured Exception Handling (C/C++)" with its try-except and
 * try-finally pages; [X64] "x64 exception handling"; [DDI] the routine's page; [MN1]
 * docs/machine-notes, compilers, 1.
 */
#include "../ntlab-test.h"
#include <setjmp.h>
#undef longjmp

#define BAD ((volatile int *)0x10)

VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord);
VOID __cdecl RtlRestoreContext(PCONTEXT ContextRecord, PEXCEPTION_RECORD ExceptionRecord);

static volatile int Order[32];
static volatile int Steps;

static VOID
Step(int What)
{
    if (Steps < 32) {
        Order[Steps] = What;
    }
    Steps++;
}

static int
Was(int Count, const int *Expected)
{
    int Index;

    if (Steps != Count) {
        return 0;
    }
    for (Index = 0; Index < Count; Index++) {
        if (Order[Index] != Expected[Index]) {
            return 0;
        }
    }
    return 1;
}

#define EXPECT_ORDER(...)                                                                          \
    do {                                                                                           \
        static const int Expected_[] = {__VA_ARGS__};                                              \
        EXPECT(Was(sizeof(Expected_) / sizeof(int), Expected_));                                   \
        Steps = 0;                                                                                 \
    } while (0)

static LONG
Filter(int What, LONG Answer)
{
    Step(What);
    return Answer;
}

__attribute__((noinline)) static int
Load(volatile int *Address)
{
    return *Address;
}

/*
 * Through a pointer: where clang 19 sees that a __finally block does not return, it leaves the
 * scopes around it out of the table.
 */
static VOID(NTAPI *volatile RaiseStatus)(NTSTATUS);

__attribute__((noinline)) static VOID
Raise(NTSTATUS Status)
{
    RaiseStatus(Status);
    __asm__ volatile("");
}

/*
 * [SEH] "If an exception occurs during execution of the guarded section ... the __except expression
 * is evaluated"; EXCEPTION_EXECUTE_HANDLER runs the block.
 */
static VOID
CallFaults(VOID)
{
    volatile int After = 0;
    NTSTATUS Code = 0;

    RaiseStatus = (VOID(NTAPI *)(NTSTATUS))ExRaiseStatus;
    Steps = 0;
    __try {
        Step(1);
        Load(BAD);
        Step(99);
    } __except (Filter(2, EXCEPTION_EXECUTE_HANDLER)) {
        Code = GetExceptionCode();
        Step(3);
    }
    After = 1;
    EXPECT_ORDER(1, 2, 3);
    EXPECT_STATUS(Code, STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(After, 1);
}

/*
 * [MN1] A plain load in the frame that handles: values that live past it are right after the
 * handler.
 */
__attribute__((noinline)) static int
SameFrame(volatile int *P, int *Q, int A, int B, int C, int D)
{
    int V = A * 3 + B;
    int W = C * 5 + D;
    int X = A ^ D;

    __try {
        V = *P;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        V = -1;
    }
    *Q = V + W;
    return X + A + B + C + D + W;
}

static VOID
SameFrameHandles(VOID)
{
    int Out = 0, Good = 7;
    int Result;

    Result = SameFrame(BAD, &Out, 1, 2, 3, 4);
    EXPECT_EQ(Out, -1 + 19);
    EXPECT_EQ(Result, (1 ^ 4) + 10 + 19);
    Result = SameFrame(&Good, &Out, 1, 2, 3, 4);
    EXPECT_EQ(Out, 7 + 19);
}

/* [MN1] The same with values in vector registers. */
typedef float TEST_VECTOR __attribute__((vector_size(16)));

__attribute__((noinline)) static VOID
SameFrameVector(volatile int *P, TEST_VECTOR *Out, const TEST_VECTOR *In)
{
    TEST_VECTOR A = In[0], B = In[1] + In[2];

    __try {
        *P = 5;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    Out[0] = A * B;
}

static VOID
SameFrameKeepsVectors(VOID)
{
    static const TEST_VECTOR In[3] = {{1, 2, 3, 4}, {1, 1, 1, 1}, {1, 2, 3, 4}};
    TEST_VECTOR Out[1] = {{0, 0, 0, 0}};
    int Good;

    SameFrameVector(BAD, Out, In);
    EXPECT(Out[0][0] == 2 && Out[0][1] == 6 && Out[0][2] == 12 && Out[0][3] == 20);
    Out[0][3] = 0;
    SameFrameVector(&Good, Out, In);
    EXPECT(Out[0][0] == 2 && Out[0][1] == 6 && Out[0][2] == 12 && Out[0][3] == 20);
}

/*
 * [MN1] The handler is an outer frame: its nonvolatile registers are those of the call. [X64]
 * "nonvolatile registers ... preserved"
 */
__attribute__((noinline)) static int
Inner(volatile int *P, int A, int B, int C, int D, int E, int F, int G)
{
    int V = *P;

    /* Keeps many registers busy over the load. */
    return V + A * B + C * D + E * F * G + Load((volatile int *)&G);
}

__attribute__((noinline)) static int
OuterFrame(volatile int *P, int A, int B, int C, int D, int E, int F)
{
    int V = 0;

    __try {
        V = Inner(P, A, B, C, D, E, F, A + B);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        V = 1000;
    }
    return V + A + 2 * B + 3 * C + 4 * D + 5 * E + 6 * F;
}

static VOID
OuterFrameHandles(VOID)
{
    EXPECT_EQ(OuterFrame(BAD, 1, 2, 3, 4, 5, 6), 1000 + 1 + 4 + 9 + 16 + 25 + 36);
}

/*
 * [SEH] try-finally: "the termination handler is executed however the flow of control leaves the
 * guarded section"; AbnormalTermination().
 */
static VOID
FinallyRuns(VOID)
{
    Steps = 0;
    __try {
        Step(1);
    } __finally {
        Step(AbnormalTermination() ? 99 : 2);
    }
    EXPECT_ORDER(1, 2);

    __try {
        __try {
            Load(BAD);
            Step(98);
        } __finally {
            Step(AbnormalTermination() ? 3 : 99);
        }
        Step(97);
    } __except (Filter(1, EXCEPTION_EXECUTE_HANDLER)) {
        Step(4);
    }
    EXPECT_ORDER(1, 3, 4);
}

/*
 * [SEH] "the handler search is from the innermost frame outwards; then termination handlers run
 * from the inside out, before the __except block"
 */
__attribute__((noinline)) static VOID
NestedInner(VOID)
{
    __try {
        __try {
            Load(BAD);
        } __finally {
            Step(4);
        }
    } __except (Filter(1, EXCEPTION_CONTINUE_SEARCH)) {
        Step(99);
    }
}

__attribute__((noinline)) static VOID
NestedMiddle(VOID)
{
    __try {
        __try {
            NestedInner();
        } __except (Filter(2, EXCEPTION_CONTINUE_SEARCH)) {
            Step(98);
        }
    } __finally {
        Step(5);
    }
}

static VOID
NestedOrder(VOID)
{
    Steps = 0;
    __try {
        __try {
            NestedMiddle();
        } __finally {
            Step(6);
        }
    } __except (Filter(3, EXCEPTION_EXECUTE_HANDLER)) {
        Step(7);
    }
    EXPECT_ORDER(1, 2, 3, 4, 5, 6, 7);
}

/*
 * [SEH] EXCEPTION_CONTINUE_EXECUTION: "continue execution at the point where the exception
 * occurred".
 */
static LONG
Repair(PEXCEPTION_POINTERS Pointers, volatile int **P, volatile int *Good)
{
    Step(2);
    *P = Good;
    /* The load is `mov eax, [rcx]` below. */
    Pointers->ContextRecord->Rcx = (ULONG64)Good;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static VOID
ContinueExecution(VOID)
{
    volatile int Good = 1234, Loaded = 0;
    volatile int *P = BAD;

    Steps = 0;
    __try {
        int Value;

        Step(1);
        __asm__ volatile("movl (%%rcx), %%eax" : "=a"(Value) : "c"(P) : "memory");
        Loaded = Value;
        Step(3);
    } __except (Repair(GetExceptionInformation(), &P, &Good)) {
        Step(99);
    }
    EXPECT_ORDER(1, 2, 3);
    EXPECT_EQ(Loaded, 1234);
}

/* [DDI:ExRaiseStatus] "raises an exception with the supplied status value"; the record says so. */
static LONG
Inspect(PEXCEPTION_POINTERS Pointers, NTSTATUS Code, ULONG Flags)
{
    EXPECT_STATUS(Pointers->ExceptionRecord->ExceptionCode, Code);
    EXPECT_EQ(Pointers->ExceptionRecord->ExceptionFlags & EXCEPTION_NONCONTINUABLE, Flags);
    EXPECT(Pointers->ExceptionRecord->ExceptionAddress == (PVOID)Pointers->ContextRecord->Rip);
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID
RaiseFillsRecord(VOID)
{
    Steps = 0;
    __try {
        Raise(STATUS_INSUFFICIENT_RESOURCES);
    } __except (Inspect(GetExceptionInformation(), STATUS_INSUFFICIENT_RESOURCES,
                        EXCEPTION_NONCONTINUABLE)) {
        Step(1);
        EXPECT_STATUS(GetExceptionCode(), STATUS_INSUFFICIENT_RESOURCES);
    }
    EXPECT_ORDER(1);
}

/* [SEH] An access violation's record: two parameters, read (0) or write (1), and the address. */
static LONG
InspectFault(PEXCEPTION_POINTERS Pointers, ULONG_PTR Write)
{
    EXPECT_STATUS(Pointers->ExceptionRecord->ExceptionCode, STATUS_ACCESS_VIOLATION);
    EXPECT_EQ(Pointers->ExceptionRecord->NumberParameters, 2);
    EXPECT_EQ(Pointers->ExceptionRecord->ExceptionInformation[0], Write);
    EXPECT_EQ(Pointers->ExceptionRecord->ExceptionInformation[1], 0x10);
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID
FaultFillsRecord(VOID)
{
    Steps = 0;
    __try {
        Load(BAD);
    } __except (InspectFault(GetExceptionInformation(), 0)) {
        Step(1);
    }
    __try {
        *BAD = 1;
    } __except (InspectFault(GetExceptionInformation(), 1)) {
        Step(2);
    }
    EXPECT_ORDER(1, 2);
}

/* [X64] An exception in a filter is dispatched like any other, to the frames outside. */
static LONG
FaultingFilter(VOID)
{
    Step(1);
    __try {
        Load(BAD);
    } __except (Filter(2, EXCEPTION_EXECUTE_HANDLER)) {
        Step(3);
    }
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID
FilterFaultsInside(VOID)
{
    Steps = 0;
    __try {
        Raise(STATUS_UNSUCCESSFUL);
    } __except (FaultingFilter()) {
        Step(4);
        EXPECT_STATUS(GetExceptionCode(), STATUS_UNSUCCESSFUL);
    }
    EXPECT_ORDER(1, 2, 3, 4);
}

static int FilterRuns;

static LONG
RaisingFilter(VOID)
{
    if (FilterRuns++ == 0) {
        Step(1);
        Raise(STATUS_NO_MEMORY);
    }
    Step(2);
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG
NestedFilter(PEXCEPTION_POINTERS Pointers)
{
    Step(3);
    return Pointers->ExceptionRecord->ExceptionCode == STATUS_NO_MEMORY ? EXCEPTION_EXECUTE_HANDLER
                                                                        : EXCEPTION_CONTINUE_SEARCH;
}

static VOID
FilterRaises(VOID)
{
    Steps = 0;
    FilterRuns = 0;
    __try {
        __try {
            Raise(STATUS_UNSUCCESSFUL);
        } __except (RaisingFilter()) {
            Step(99);
        }
    } __except (NestedFilter(GetExceptionInformation())) {
        Step(4);
        EXPECT_STATUS(GetExceptionCode(), STATUS_NO_MEMORY);
    }
    /* The frame whose filter raised is asked again, for the new exception. */
    EXPECT_ORDER(1, 2, 3, 4);
}

/*
 * [X64] Collided unwind: a __finally block that raises replaces the exception; blocks that ran do
 * not run again.
 */
__attribute__((noinline)) static VOID
Collide(VOID)
{
    __try {
        __try {
            __try {
                Raise(STATUS_UNSUCCESSFUL);
            } __finally {
                Step(2);
                Raise(STATUS_NO_MEMORY);
            }
        } __finally {
            Step(4);
        }
    } __finally {
        Step(5);
    }
}

static VOID
CollidedUnwind(VOID)
{
    Steps = 0;
    __try {
        __try {
            Collide();
        } __finally {
            Step(6);
        }
    } __except (Filter((NTSTATUS)GetExceptionCode() == STATUS_NO_MEMORY ? 3 : 1,
                       EXCEPTION_EXECUTE_HANDLER)) {
        Step((NTSTATUS)GetExceptionCode() == STATUS_NO_MEMORY ? 7 : 99);
    }
    EXPECT_ORDER(1, 2, 3, 4, 5, 6, 7);
}

/* A __finally block may handle an exception of its own and let the unwind go on. */
__attribute__((noinline)) static VOID
FinallyHandles(VOID)
{
    __try {
        Load(BAD);
    } __finally {
        __try {
            Step(2);
            Load(BAD);
        } __except (Filter(3, EXCEPTION_EXECUTE_HANDLER)) {
            Step(4);
        }
    }
}

static VOID
FinallyHandlesItsOwn(VOID)
{
    Steps = 0;
    __try {
        FinallyHandles();
    } __except (Filter(1, EXCEPTION_EXECUTE_HANDLER)) {
        Step(5);
    }
    EXPECT_ORDER(1, 2, 3, 4, 5);
}

/* An exception in an __except block goes outwards; the block's own __try is no longer active. */
static VOID
ExceptBlockRaises(VOID)
{
    Steps = 0;
    __try {
        __try {
            Raise(STATUS_UNSUCCESSFUL);
        } __except (Filter(1, EXCEPTION_EXECUTE_HANDLER)) {
            Step(2);
            Raise(STATUS_NO_MEMORY);
        }
    } __except (Filter(3, EXCEPTION_EXECUTE_HANDLER)) {
        Step(4);
        EXPECT_STATUS(GetExceptionCode(), STATUS_NO_MEMORY);
    }
    EXPECT_ORDER(1, 2, 3, 4);
}

/* A frame larger than a page, with a frame pointer and a fault in it. */
__attribute__((noinline)) static int
LargeFrame(int Size)
{
    volatile char Large[9000];
    int Result = 0;

    Large[Size] = 1;
    __try {
        Result = Load(BAD);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Result = Size + Large[Size];
    }
    return Result;
}

static VOID
LargeFrameHandles(VOID)
{
    EXPECT_EQ(LargeFrame(8191), 8192);
}

/*
 * A fault inside memcpy reaches the caller's handler. [DDI:ProbeForRead] "must be ... in a
 * try/except block" rests on it.
 */
static VOID
CopyFaults(VOID)
{
    char Buffer[100];
    volatile SIZE_T Length = sizeof(Buffer);

    Steps = 0;
    __try {
        RtlCopyMemory(Buffer, (PVOID)BAD, Length);
        Step(99);
    } __except (Filter(1, EXCEPTION_EXECUTE_HANDLER)) {
        Step(2);
    }
    __try {
        RtlFillMemory((PVOID)BAD, Length, 1);
        Step(98);
    } __except (Filter(3, EXCEPTION_EXECUTE_HANDLER)) {
        Step(4);
    }
    EXPECT_ORDER(1, 2, 3, 4);
}

/* A jump out of a __try runs its __finally block. [SEH] "return, goto, break ... " */
__attribute__((noinline)) static int
ReturnInside(int Value)
{
    __try {
        Step(1);
        if (Value > 0) {
            return Value;
        }
        Step(99);
    } __finally {
        Step(2);
    }
    return -1;
}

static VOID
ReturnRunsFinally(VOID)
{
    Steps = 0;
    EXPECT_EQ(ReturnInside(5), 5);
    EXPECT_ORDER(1, 2);
}

/* Integer division by zero, and deep recursion between the fault and its handler. */
__attribute__((noinline)) static int
Deep(int Level, volatile int *Zero)
{
    volatile int Pad[20];
    int Result;

    Pad[Level % 20] = Level;
    if (Level == 0) {
        return Pad[0] / *Zero;
    }
    Result = Deep(Level - 1, Zero) + Pad[Level % 20];
    return Result;
}

static VOID
DeepFault(VOID)
{
    volatile int Zero = 0;
    NTSTATUS Code = 0;

    __try {
        Deep(40, &Zero);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Code = GetExceptionCode();
    }
    EXPECT_STATUS(Code, STATUS_INTEGER_DIVIDE_BY_ZERO);
}

/*
 * [DDI:RtlCaptureStackBackTrace] "captures a stack back trace by walking up the stack"; frames
 * skipped.
 */
__attribute__((noinline)) static USHORT
Capture(ULONG Skip, ULONG Count, PVOID *Trace, PULONG Hash)
{
    USHORT Found = RtlCaptureStackBackTrace(Skip, Count, Trace, Hash);

    __asm__ volatile("");
    return Found;
}

static VOID
BackTraceNamesCallers(VOID)
{
    PVOID Trace[8], Less[8];
    ULONG Hash = 0;
    USHORT Found;

    Found = Capture(0, 8, Trace, &Hash);
    EXPECT(Found >= 3);
    EXPECT((ULONG_PTR)Trace[0] - (ULONG_PTR)Capture < 0x100);
    EXPECT((ULONG_PTR)Trace[1] - (ULONG_PTR)BackTraceNamesCallers < 0x400);
    EXPECT_EQ(Capture(0, 2, Less, NULL), 2);
    EXPECT_EQ(Capture(1, 1, Less, NULL), 1);
    EXPECT((ULONG_PTR)Less[0] - (ULONG_PTR)BackTraceNamesCallers < 0x400);
}

/*
 * [CRT:longjmp] the call of setjmp returns again, with the value; 0 becomes 1. Without a frame
 * nothing is unwound.
 */
static DECLSPEC_ALIGN(16) ULONG64 JumpBuffer[32];

__attribute__((noinline)) static VOID
JumpFrom(int Depth, int Value)
{
    if (Depth != 0) {
        JumpFrom(Depth - 1, Value);
        __asm__ volatile("");
    }
    longjmp((void *)JumpBuffer, Value);
}

static VOID
LongJump(VOID)
{
    volatile int Round = 0;
    int Value = _setjmp((void *)JumpBuffer, NULL);

    Round++;
    if (Round == 1) {
        EXPECT_EQ(Value, 0);
        JumpFrom(5, 77);
    }
    if (Round == 2) {
        EXPECT_EQ(Value, 77);
        JumpFrom(0, 0);
    }
    EXPECT_EQ(Round, 3);
    EXPECT_EQ(Value, 1);
}

static VOID RaiseOwn(LONG Answer);

/* [LEARN:winnt/rtlraiseexception]: the record is the caller's own; where it was raised is filled in. */
static LONG
Continued(PEXCEPTION_POINTERS Pointers, LONG Answer)
{
    PEXCEPTION_RECORD Record = Pointers->ExceptionRecord;

    EXPECT_EQ((ULONG)Record->ExceptionCode, 0xE0001234);
    EXPECT(Record->NumberParameters == 2 && Record->ExceptionInformation[0] == 11 &&
           Record->ExceptionInformation[1] == 12);
    EXPECT((ULONG_PTR)Record->ExceptionAddress - (ULONG_PTR)RaiseOwn < 0x1000);
    EXPECT(Record->ExceptionRecord == NULL);
    Step(1);
    return Answer;
}

static VOID
RaiseOwn(LONG Answer)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = (NTSTATUS)0xE0001234,
                               .NumberParameters = 2,
                               .ExceptionInformation = {11, 12}};

    __try {
        RtlRaiseException(&Record);
        Step(2); /* continued */
    } __except (Continued(GetExceptionInformation(), Answer)) {
        EXPECT_EQ((ULONG)GetExceptionCode(), 0xE0001234);
        Step(3);
    }
}

static VOID
RaisesOwnRecord(VOID)
{
    static const int Handled[] = {1, 3}, Went[] = {1, 2};

    Steps = 0;
    RaiseOwn(EXCEPTION_EXECUTE_HANDLER);
    EXPECT(Was(2, Handled));
    Steps = 0;
    RaiseOwn(EXCEPTION_CONTINUE_EXECUTION);
    EXPECT(Was(2, Went));
}

/* [SEH] a filter that continues what cannot be continued: another exception, of which the first is the cause. */
static LONG
NotContinuable(PEXCEPTION_POINTERS Pointers)
{
    PEXCEPTION_RECORD Record = Pointers->ExceptionRecord;

    EXPECT_EQ(Record->ExceptionCode, STATUS_NONCONTINUABLE_EXCEPTION);
    EXPECT((Record->ExceptionFlags & EXCEPTION_NONCONTINUABLE) != 0);
    EXPECT(Record->NumberParameters == 0);
    EXPECT(Record->ExceptionRecord != NULL &&
           Record->ExceptionRecord->ExceptionCode == (NTSTATUS)0xE0005678);
    Step(2);
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID
NoncontinuableStays(VOID)
{
    static const int Expected[] = {1, 2, 3};
    EXCEPTION_RECORD Record = {.ExceptionCode = (NTSTATUS)0xE0005678,
                               .ExceptionFlags = EXCEPTION_NONCONTINUABLE};

    Steps = 0;
    __try {
        __try {
            RtlRaiseException(&Record);
            Step(9);
        } __except (GetExceptionCode() == (NTSTATUS)0xE0005678
                        ? Filter(1, EXCEPTION_CONTINUE_EXECUTION)
                        : EXCEPTION_CONTINUE_SEARCH) {
            Step(9);
        }
    } __except (NotContinuable(GetExceptionInformation())) {
        Step(3);
    }
    EXPECT(Was(3, Expected));
}

/* [LEARN:winnt/rtlrestorecontext]: with STATUS_UNWIND_CONSOLIDATE a routine is called, and what it returns is where the context's frame goes on. */
static CONTEXT Consolidated;
static EXCEPTION_RECORD Cause;
static volatile int Consolidations;

static PVOID NTAPI
Consolidate(PEXCEPTION_RECORD Record)
{
    EXPECT(Record->ExceptionCode == STATUS_UNWIND_CONSOLIDATE && Record->NumberParameters == 2);
    EXPECT_EQ(Record->ExceptionInformation[1], 77);
    Consolidations++;
    return (PVOID)Consolidated.Rip;
}

static VOID
RestoresContext(VOID)
{
    static volatile int Times;

    Times = Consolidations = 0;
    RtlCaptureContext(&Consolidated);
    Times++;
    if (Times == 1) {
        RtlRestoreContext(&Consolidated, NULL);
    } else if (Times == 2) {
        Cause.ExceptionCode = STATUS_UNWIND_CONSOLIDATE;
        Cause.NumberParameters = 2;
        Cause.ExceptionInformation[0] = (ULONG_PTR)Consolidate;
        Cause.ExceptionInformation[1] = 77;
        RtlRestoreContext(&Consolidated, &Cause);
    }
    EXPECT_EQ(Times, 3);
    EXPECT_EQ(Consolidations, 1);
}

TEST_DRIVER(TEST(CallFaults), TEST(SameFrameHandles), TEST(SameFrameKeepsVectors),
            TEST(OuterFrameHandles), TEST(FinallyRuns), TEST(NestedOrder), TEST(ContinueExecution),
            TEST(RaiseFillsRecord), TEST(FaultFillsRecord), TEST(FilterFaultsInside),
            TEST(FilterRaises), TEST(CollidedUnwind), TEST(FinallyHandlesItsOwn),
            TEST(ExceptBlockRaises), TEST(LargeFrameHandles), TEST(CopyFaults),
            TEST(ReturnRunsFinally), TEST(DeepFault), TEST(BackTraceNamesCallers), TEST(LongJump),
            TEST(RaisesOwnRecord), TEST(NoncontinuableStays), TEST(RestoresContext))
