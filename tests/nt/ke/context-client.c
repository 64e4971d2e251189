/*
 * context-client.c - a thread's context: every register as an exception tells it, as a debugger reads it, and as it is set by going on, by
 * NtContinue, NtRaiseException and SetThreadContext; of the parts that ContextFlags names and of no others. What each instruction that traps is told as.
 * [LEARN:winnt/context], [LEARN:processthreadsapi/getthreadcontext, setthreadcontext], [LEARN:errhandlingapi/addvectoredexceptionhandler], [LEARN:winnt/exception_record].
 */
#include "../ntlab-client.h"
#include <winternl.h>
#include "registers.h"

NTSTATUS NTAPI NtContinue(PCONTEXT, BOOLEAN);
NTSTATUS NTAPI NtRaiseException(PEXCEPTION_RECORD, PCONTEXT, BOOLEAN);
NTSTATUS NTAPI NtGetContextThread(HANDLE, PCONTEXT);
NTSTATUS NTAPI NtSetContextThread(HANDLE, const CONTEXT *);

#define VIOLATION 0xC0000005
#define BAD_VALUE 0xC000000D
#define MY_THREAD ((HANDLE) - 2)

static REGISTERS Wanted;
static ULONG Wrong, Handled, FlagsInHandler;
static EXCEPTION_RECORD Record;

/* What came is compared and replaced; it goes on behind the instruction, on another stack pointer. */
static LONG CALLBACK
Replace(PEXCEPTION_POINTERS Pointers)
{
    PCONTEXT Context = Pointers->ContextRecord;

    Handled++;
    FlagsInHandler = (ULONG)__builtin_ia32_readeflags_u64();
    Record = *Pointers->ExceptionRecord;
    Wrong += RegistersDiffer(&RegistersBefore, Context);
    Wrong += Context->Rip != (ULONG64)RegistersAt || Context->Rsp != RegistersStack;
    Wrong += Context->SegCs != 0x33 || Context->SegSs != 0x2B || Context->SegDs != 0x2B ||
             Context->SegEs != 0x2B || Context->SegFs != 0x53 || Context->SegGs != 0x2B;
    Wrong += (Context->ContextFlags & (CONTEXT_FULL | CONTEXT_SEGMENTS)) !=
             (CONTEXT_FULL | CONTEXT_SEGMENTS);
    Wrong +=
        Context->FltSave.ControlWord != 0x27F || (Context->FltSave.MxCsr_Mask & 0xFFFF) != 0xFFFF;
    RegistersPut(Context, &Wanted);
    Context->Rip = (ULONG64)RegistersBehind;
    Context->Rsp -= 0x40;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void
Exceptions(void)
{
    PVOID Handler = AddVectoredExceptionHandler(1, Replace);

    for (ULONG Round = 0; Round < 4; Round++) {
        RegistersChoose(&RegistersBefore, Round);
        RegistersChoose(&Wanted, Round + 5);
        memset(&RegistersAfter, 0, sizeof(RegistersAfter));
        RegistersBefore.Flags |= 0x400; /* the direction flag is told, and clear where C runs */
        Wrong = Handled = 0;
        RegistersThrough();
        EXPECT_EQ(Handled, 1);
        EXPECT_EQ(Wrong, 0);
        EXPECT_EQ(FlagsInHandler & 0x400, 0);
        EXPECT_EQ(RegistersChanged(&Wanted), 0);
        EXPECT_EQ(RegistersAfter.General[REGISTER_RSP], RegistersStack - 0x40);
        EXPECT_EQ(Record.ExceptionCode, EXCEPTION_ILLEGAL_INSTRUCTION);
        EXPECT_EQ(Record.NumberParameters, 0);
        EXPECT_EQ(Record.ExceptionFlags & ~0x80u, 0);
        EXPECT_EQ(Record.ExceptionAddress, RegistersAt);
        EXPECT(Record.ExceptionRecord == NULL);
    }
    RemoveVectoredExceptionHandler(Handler);
}

static CONTEXT Next;
static BOOLEAN Alerts;

/* The registers as they were chosen, behind the instruction: by NtContinue, which does not come back. */
static LONG CALLBACK
Continue(PEXCEPTION_POINTERS Pointers)
{
    Next = *Pointers->ContextRecord;
    RegistersPut(&Next, &Wanted);
    Next.Rip = (ULONG64)RegistersBehind;
    Next.EFlags = (Next.EFlags & ~0x200u) | 0x3000; /* of these a thread has no say */
    NtContinue(&Next, Alerts);
    Handled = 100;
    return EXCEPTION_CONTINUE_SEARCH;
}

static void CALLBACK
Called(ULONG_PTR Argument)
{
    Handled += (ULONG)Argument;
}

static void
Continued(void)
{
    PVOID Handler = AddVectoredExceptionHandler(1, Continue);

    for (ULONG Round = 0; Round < 4; Round++) {
        RegistersChoose(&RegistersBefore, Round);
        RegistersChoose(&Wanted, Round + 9);
        Alerts = Round % 2 != 0;
        Handled = 0;
        EXPECT(QueueUserAPC(Called, GetCurrentThread(), 1));
        RegistersThrough();
        EXPECT_EQ(RegistersChanged(&Wanted), 0);
        EXPECT_EQ(RegistersAfter.Flags & 0x3200, 0x200);
        EXPECT_EQ(Handled, Alerts ? 1 : 0); /* TestAlert: what is queued comes first */
        SleepEx(0, TRUE);
        EXPECT_EQ(Handled, 1);
    }
    RemoveVectoredExceptionHandler(Handler);
    EXPECT_EQ((ULONG)NtContinue((PCONTEXT)16, FALSE), VIOLATION);
    EXPECT_EQ((ULONG)NtContinue(NULL, FALSE), VIOLATION);
}

static CONTEXT Given, Back;
static volatile ULONG Times;

/* The context is the one that was given, not that of the call. */
static LONG CALLBACK
Raised(PEXCEPTION_POINTERS Pointers)
{
    PCONTEXT Context = Pointers->ContextRecord;

    Times++;
    Record = *Pointers->ExceptionRecord;
    Wrong += RegistersDiffer(&Wanted, Context);
    Wrong += Context->Rip != (ULONG64)RegistersAt || Context->Rsp != Given.Rsp;
    *Context = Back;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void
Raises(void)
{
    EXCEPTION_RECORD Mine = {.ExceptionCode = 0xE0001234, .NumberParameters = 16};
    PVOID Handler = AddVectoredExceptionHandler(1, Raised);

    RtlCaptureContext(&Given);
    Given.Rsp -= 0x400; /* room for this function's own */
    EXPECT_EQ((ULONG)NtRaiseException((PEXCEPTION_RECORD)16, &Given, TRUE), VIOLATION);
    EXPECT_EQ((ULONG)NtRaiseException(&Mine, (PCONTEXT)16, TRUE), VIOLATION);
    EXPECT_EQ((ULONG)NtRaiseException(&Mine, &Given, TRUE), BAD_VALUE);
    Mine.NumberParameters = 15;
    for (int i = 0; i < 15; i++) {
        Mine.ExceptionInformation[i] = 0x1000 + i;
    }
    RegistersChoose(&Wanted, 3);
    RegistersPut(&Given, &Wanted);
    Given.Rip = (ULONG64)RegistersAt;
    Times = Wrong = 0;
    RtlCaptureContext(&Back);
    if (Times == 0) {
        NtRaiseException(&Mine, &Given, TRUE);
        EXPECT(0);
    }
    EXPECT_EQ(Times, 1);
    EXPECT_EQ(Wrong, 0);
    EXPECT_EQ(memcmp(Record.ExceptionInformation, Mine.ExceptionInformation, 15 * 8), 0);
    EXPECT(Record.ExceptionCode == Mine.ExceptionCode && Record.NumberParameters == 15);
    RemoveVectoredExceptionHandler(Handler);
}

static volatile LONG Started;

static DWORD WINAPI
Wait(PVOID Argument)
{
    Started = 1;
    RegistersWaiting();
    return 0;
}

/* A thread that only goes round is suspended, read and changed part by part. */
static void
Parts(void)
{
    static const ULONG Part[] = {CONTEXT_CONTROL, CONTEXT_INTEGER, CONTEXT_FLOATING_POINT,
                                 CONTEXT_SEGMENTS};
    static const ULONG Everything = CONTEXT_FULL | CONTEXT_SEGMENTS;
    static CONTEXT Now, Old, New, Got;
    HANDLE Thread;

    RegistersChoose(&RegistersBefore, 0);
    Thread = CreateThread(NULL, 0, Wait, NULL, 0, NULL);
    do {
        Sleep(1);
        EXPECT_EQ(SuspendThread(Thread), 0);
        Now.ContextFlags = Everything;
        EXPECT(GetThreadContext(Thread, &Now));
        if (Now.Rip < (ULONG64)RegistersLoop || Now.Rip >= (ULONG64)RegistersLoopEnd) {
            ResumeThread(Thread);
            Now.Rip = 0;
        }
    } while (Now.Rip == 0);
    EXPECT_EQ(RegistersDiffer(&RegistersBefore, &Now), 0);
    EXPECT_EQ(Now.Rsp, RegistersStack);
    EXPECT(Now.SegCs == 0x33 && Now.SegSs == 0x2B && Now.SegDs == 0x2B && Now.SegEs == 0x2B &&
           Now.SegFs == 0x53 && Now.SegGs == 0x2B);

    for (int i = 0; i < 4; i++) { /* what is asked for is told */
        memset(&Got, 0xCC, sizeof(Got));
        Got.ContextFlags = Part[i];
        EXPECT(GetThreadContext(Thread, &Got));
        switch (i) {
        case 0:
            EXPECT(Got.Rip == Now.Rip && Got.Rsp == Now.Rsp && Got.EFlags == Now.EFlags &&
                   Got.SegCs == Now.SegCs && Got.SegSs == Now.SegSs);
            break;
        case 1:
            EXPECT_EQ(memcmp(&Got.Rax, &Now.Rax, 4 * 8), 0);
            EXPECT_EQ(memcmp(&Got.Rbp, &Now.Rbp, 11 * 8), 0);
            break;
        case 2:
            EXPECT_EQ(memcmp(&Got.Xmm0, &Now.Xmm0, 16 * 16), 0);
            EXPECT(Got.MxCsr == Now.MxCsr && Got.FltSave.MxCsr == Now.MxCsr);
            break;
        default:
            EXPECT(Got.SegDs == 0x2B && Got.SegEs == 0x2B && Got.SegFs == 0x53 &&
                   Got.SegGs == 0x2B);
        }
    }
    for (int i = 0; i < 4; i++) { /* what is not named is not changed */
        RegistersChoose(&Wanted, (ULONG)i + 1);
        Old = Now;
        New = Now;
        RegistersPut(&New, &Wanted);
        New.EFlags = (ULONG)Wanted.Flags;
        New.Rsp = Now.Rsp - 0x10;
        New.SegDs = New.SegEs = New.SegFs = New.SegGs = 0;
        New.ContextFlags = Part[i];
        EXPECT(SetThreadContext(Thread, &New));
        Now.ContextFlags = Everything;
        EXPECT(GetThreadContext(Thread, &Now));
        EXPECT_EQ(Now.Rip, Old.Rip);
        EXPECT_EQ(Now.Rsp, i == 0 ? New.Rsp : Old.Rsp);
        EXPECT_EQ((Now.EFlags ^ (i == 0 ? New.EFlags : Old.EFlags)) & REGISTERS_FLAGS, 0);
        EXPECT_EQ(memcmp(&Now.Rax, i == 1 ? &New.Rax : &Old.Rax, 4 * 8), 0);
        EXPECT_EQ(memcmp(&Now.Rbp, i == 1 ? &New.Rbp : &Old.Rbp, 11 * 8), 0);
        EXPECT_EQ(memcmp(&Now.Xmm0, i == 2 ? &New.Xmm0 : &Old.Xmm0, 16 * 16), 0);
        EXPECT_EQ(Now.MxCsr, i == 2 ? New.MxCsr : Old.MxCsr);
        EXPECT(Now.SegCs == 0x33 && Now.SegDs == 0x2B && Now.SegFs == 0x53 && Now.SegGs == 0x2B);
    }
    EXPECT_EQ((ULONG)NtGetContextThread(Thread, (PCONTEXT)16), VIOLATION);
    EXPECT_EQ((ULONG)NtSetContextThread(Thread, (PCONTEXT)16), VIOLATION);

    RegistersChoose(&Wanted, 7); /* and goes on with what it was given, elsewhere */
    RegistersPut(&Now, &Wanted);
    Now.Rip = (ULONG64)RegistersBehind;
    Now.ContextFlags = Everything;
    memset(&RegistersAfter, 0, sizeof(RegistersAfter));
    EXPECT(SetThreadContext(Thread, &Now));
    EXPECT_EQ(ResumeThread(Thread), 1);
    EXPECT_EQ(WaitForSingleObject(Thread, 10000), WAIT_OBJECT_0);
    EXPECT_EQ(RegistersChanged(&Wanted), 0);
    CloseHandle(Thread);
}

/* One instruction each, with its address in rcx; a handler looks, and goes on behind it. */
#define INSTRUCTION(Name, Text) "Trap" Name ": " Text "\nTrap" Name "End: ret\n"
#define DECLARED(Name)          extern UCHAR Trap##Name[], Trap##Name##End[]
DECLARED(Divide);
DECLARED(Divide64);
DECLARED(Illegal);
DECLARED(Halt);
DECLARED(NoInterrupts);
DECLARED(Interrupts);
DECLARED(In);
DECLARED(Out);
DECLARED(ReadMsr);
DECLARED(WriteMsr);
DECLARED(Control);
DECLARED(Flush);
DECLARED(Break);
DECLARED(Read);
DECLARED(Write);
DECLARED(ReadHigh);
DECLARED(WriteHigh);
DECLARED(Odd);
DECLARED(Both);
__asm__(".text\n" INSTRUCTION("Divide", "divl %r8d") INSTRUCTION("Divide64", "idivq %r8")
            INSTRUCTION("Illegal", "ud2") INSTRUCTION("Halt", "hlt")
                INSTRUCTION("NoInterrupts", "cli") INSTRUCTION("Interrupts", "sti")
                    INSTRUCTION("In", "inb %dx, %al") INSTRUCTION("Out", "outb %al, %dx")
                        INSTRUCTION("ReadMsr", "rdmsr") INSTRUCTION("WriteMsr", "wrmsr")
                            INSTRUCTION("Control", "movq %cr3, %rax") INSTRUCTION("Flush", "wbinvd")
                                INSTRUCTION("Break", "int3")
                                    INSTRUCTION("Read", "movl 0x18(%r8), %eax")
                                        INSTRUCTION("Write", "movl %eax, 0x1C(%r8)")
                                            INSTRUCTION("ReadHigh", "movl (%r9), %eax")
                                                INSTRUCTION("WriteHigh", "movl %eax, (%r9)")
                                                    INSTRUCTION("Odd", "movaps (%rsp), %xmm0")
                                                        INSTRUCTION("Both", "incl 0x20(%r8)"));

static UCHAR *Behind;

static LONG CALLBACK
Step(PEXCEPTION_POINTERS Pointers)
{
    Handled++;
    Record = *Pointers->ExceptionRecord;
    Wrong += Pointers->ContextRecord->Rip != (ULONG64)Record.ExceptionAddress;
    Pointers->ContextRecord->Rip = (ULONG64)Behind;
    return EXCEPTION_CONTINUE_EXECUTION;
}

typedef VOID TRAP(ULONG64 Rcx, ULONG64 Rdx, ULONG64 R8, ULONG64 R9);

static void
Instructions(void)
{
    static const struct {
        UCHAR *At, *End;
        ULONG Code, Parameters;
        ULONG_PTR First, Second;
    } Trap[] = {
        {TrapDivide, TrapDivideEnd, EXCEPTION_INT_DIVIDE_BY_ZERO, 0, 0, 0},
        {TrapDivide64, TrapDivide64End, EXCEPTION_INT_DIVIDE_BY_ZERO, 0, 0, 0},
        {TrapIllegal, TrapIllegalEnd, EXCEPTION_ILLEGAL_INSTRUCTION, 0, 0, 0},
        {TrapHalt, TrapHaltEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapNoInterrupts, TrapNoInterruptsEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapInterrupts, TrapInterruptsEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapIn, TrapInEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapOut, TrapOutEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapReadMsr, TrapReadMsrEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapWriteMsr, TrapWriteMsrEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapControl, TrapControlEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapFlush, TrapFlushEnd, EXCEPTION_PRIV_INSTRUCTION, 0, 0, 0},
        {TrapBreak, TrapBreakEnd, EXCEPTION_BREAKPOINT, 1, 0, 0},
        {TrapRead, TrapReadEnd, EXCEPTION_ACCESS_VIOLATION, 2, 0, 0x18},
        {TrapWrite, TrapWriteEnd, EXCEPTION_ACCESS_VIOLATION, 2, 1, 0x1C},
        {TrapReadHigh, TrapReadHighEnd, EXCEPTION_ACCESS_VIOLATION, 2, 0, ~(ULONG_PTR)0},
        {TrapWriteHigh, TrapWriteHighEnd, EXCEPTION_ACCESS_VIOLATION, 2, 0, ~(ULONG_PTR)0},
        {TrapOdd, TrapOddEnd, EXCEPTION_ACCESS_VIOLATION, 2, 0, ~(ULONG_PTR)0},
        {TrapBoth, TrapBothEnd, EXCEPTION_ACCESS_VIOLATION, 2, 1, 0x20},
        {(UCHAR *)0x28, NULL, EXCEPTION_ACCESS_VIOLATION, 2, 8, 0x28}, /* fetched */
    };
    static UCHAR Return[] = {0xC3};
    PVOID Handler = AddVectoredExceptionHandler(1, Step);
    DWORD Old;

    VirtualProtect(Return, 1, PAGE_EXECUTE_READWRITE, &Old);
    for (int i = 0; i < (int)(sizeof(Trap) / sizeof(Trap[0])); i++) {
        Handled = Wrong = 0;
        Behind = Trap[i].End != NULL ? Trap[i].End : Return;
        memset(&Record, 0xCC, sizeof(Record));
        ((TRAP *)Trap[i].At)(0, 0, 0, 0x1234567812345678); /* is no address of a processor */
        EXPECT_EQ(Handled, 1);
        EXPECT_EQ(Wrong, 0);
        EXPECT_EQ(Record.ExceptionCode, Trap[i].Code);
        EXPECT_EQ(Record.ExceptionAddress, Trap[i].At);
        EXPECT_EQ(Record.NumberParameters, Trap[i].Parameters);
        if (Trap[i].Parameters > 0) {
            EXPECT_EQ(Record.ExceptionInformation[0], Trap[i].First);
        }
        if (Trap[i].Parameters > 1) {
            EXPECT_EQ(Record.ExceptionInformation[1], Trap[i].Second);
        }
    }
    RemoveVectoredExceptionHandler(Handler);
}

int
main(void)
{
    Exceptions();
    Continued();
    Raises();
    Parts();
    Instructions();
    return TEST_DONE();
}
