/*
 * exception.c - from a trap or a raise to whoever handles it.
 *
 *     kernel mode: frame handlers (RtlDispatchException), else a bugcheck: 0x7E in a system thread, 0x3B under a
 *                  system service that user mode called, 0x1E else
 *     user mode:   the debugger is asked; then the frame goes to ntdll!KiUserExceptionDispatcher with the record and the context on
 *                  the user's stack; what comes back, or has no usable stack, is the debugger's second chance
 *                  before the process ends
 * Source: nt-semantics 5.1, 8.2.
 */
#include "nt/ke/ki.h"
#include "nt/inc/rtl.h"

#define CONTEXT_EVERYTHING (CONTEXT_FULL | CONTEXT_SEGMENTS | CONTEXT_FLOATING_POINT)

VOID
KiContextFromFrame(PKI_FRAME Frame, PCONTEXT Context)
{
    PKTRAP_FRAME Trap = &Frame->Trap;

    RtlZeroMemory(Context, sizeof(*Context));
    Context->ContextFlags = CONTEXT_EVERYTHING;
    Context->MxCsr = Trap->MxCsr;
    Context->SegCs = Trap->PreviousMode == KernelMode ? 0x10 : 0x33;
    Context->SegSs = Trap->PreviousMode == KernelMode ? 0x18 : 0x2B;
    Context->SegDs = Context->SegEs = Context->SegGs = 0x2B;
    Context->SegFs = 0x53;
    Context->EFlags = Trap->EFlags;
    Context->Rax = Trap->Rax;
    Context->Rcx = Trap->Rcx;
    Context->Rdx = Trap->Rdx;
    Context->Rbx = Trap->Rbx;
    Context->Rsp = Trap->Rsp;
    Context->Rbp = Trap->Rbp;
    Context->Rsi = Trap->Rsi;
    Context->Rdi = Trap->Rdi;
    Context->R8 = Trap->R8;
    Context->R9 = Trap->R9;
    Context->R10 = Trap->R10;
    Context->R11 = Trap->R11;
    Context->R12 = Frame->R12;
    Context->R13 = Frame->R13;
    Context->R14 = Frame->R14;
    Context->R15 = Frame->R15;
    Context->Rip = Trap->Rip;
    Context->FltSave.ControlWord = 0x27F;
    Context->FltSave.MxCsr = Trap->MxCsr;
    Context->FltSave.MxCsr_Mask = 0xFFFF;
    RtlCopyMemory(&Context->Xmm0, &Trap->Xmm0, 6 * sizeof(M128A));
    RtlCopyMemory(&Context->Xmm6, Frame->Xmm, 10 * sizeof(M128A));
}

VOID
KiContextToFrame(PKI_FRAME Frame, PCONTEXT Context, KPROCESSOR_MODE Mode)
{
    PKTRAP_FRAME Trap = &Frame->Trap;

    Trap->PreviousMode = Mode;
    Trap->ExceptionActive = 1;
    if ((Context->ContextFlags & CONTEXT_CONTROL) == CONTEXT_CONTROL) {
        Trap->Rip = Context->Rip;
        Trap->Rsp = Context->Rsp;
        /* Status flags, DF, AC and TF of user mode; IF is always set. */
        Trap->EFlags = (Context->EFlags & 0x40DD5) | 0x202;
        Trap->SegCs = 0x33;
        Trap->SegSs = 0x2B;
    }
    if ((Context->ContextFlags & CONTEXT_INTEGER) == CONTEXT_INTEGER) {
        Trap->Rax = Context->Rax;
        Trap->Rcx = Context->Rcx;
        Trap->Rdx = Context->Rdx;
        Trap->Rbx = Context->Rbx;
        Trap->Rbp = Context->Rbp;
        Trap->Rsi = Context->Rsi;
        Trap->Rdi = Context->Rdi;
        Trap->R8 = Context->R8;
        Trap->R9 = Context->R9;
        Trap->R10 = Context->R10;
        Trap->R11 = Context->R11;
        Frame->R12 = Context->R12;
        Frame->R13 = Context->R13;
        Frame->R14 = Context->R14;
        Frame->R15 = Context->R15;
    }
    if ((Context->ContextFlags & CONTEXT_FLOATING_POINT) == CONTEXT_FLOATING_POINT) {
        Trap->MxCsr = Context->MxCsr & 0xFFFF;
        RtlCopyMemory(&Trap->Xmm0, &Context->Xmm0, 6 * sizeof(M128A));
        RtlCopyMemory(Frame->Xmm, &Context->Xmm6, 10 * sizeof(M128A));
    } else if (Trap->MxCsr == 0) {
        Trap->MxCsr = 0x1F80;
    }
}

/* Copies Record and Context to the user's stack and sends the frame to ntdll. May raise. */
static BOOLEAN
KiSendToUser(PEXCEPTION_RECORD Record, PCONTEXT Context, PKI_FRAME Frame)
{
    /* What KiUserExceptionDispatcher finds at rsp: CONTEXT, (CONTEXT_EX), EXCEPTION_RECORD at +0x4F0, then a machine frame */
    ULONG64 Rsp = (Context->Rsp - 0x5C0) & ~0x3Full;
    BOOLEAN Sent = FALSE;

    __try {
        ProbeForWrite((PVOID)Rsp, 0x5C0, 16);
        RtlCopyMemory((PVOID)Rsp, Context, sizeof(*Context));
        RtlCopyMemory((PVOID)(Rsp + 0x4F0), Record, sizeof(*Record));
        *(PULONG64)(Rsp + 0x590) = Context->Rip;
        *(PULONG64)(Rsp + 0x598) = Context->SegCs;
        *(PULONG64)(Rsp + 0x5A0) = Context->EFlags;
        *(PULONG64)(Rsp + 0x5A8) = Context->Rsp;
        *(PULONG64)(Rsp + 0x5B0) = Context->SegSs;
        Sent = TRUE;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
    }
    if (!Sent) {
        return FALSE;
    }
    Frame->Trap.Rsp = Rsp;
    Frame->Trap.Rip = PspUserEntry("KiUserExceptionDispatcher");
    Frame->Trap.EFlags = 0x202;
    if (Frame->Trap.Rip == 0) {
        return FALSE;
    }
    KiInstrument(Frame);
    return TRUE;
}

/* Nobody in the kernel wants it. */
static DECLSPEC_NORETURN VOID
KiUnhandledKernelException(PEXCEPTION_RECORD Record, PCONTEXT Context, struct abi_trap *Raw)
{
    PKTHREAD Thread = KiThread();
    ULONG_PTR Code = (ULONG_PTR)(LONG_PTR)Record->ExceptionCode;
    ULONG_PTR Address = (ULONG_PTR)Record->ExceptionAddress;

    KiReportException(Record);
    if (KiIrql() < DISPATCH_LEVEL && Thread->SystemThread) {
        KiBugCheck(SYSTEM_THREAD_EXCEPTION_NOT_HANDLED, Code, Address, (ULONG_PTR)Record,
                   (ULONG_PTR)Context, Raw, Context, NULL);
    }
    if (KiIrql() < DISPATCH_LEVEL && Thread->TrapFrame != NULL &&
        Thread->TrapFrame->ExceptionActive == 2) {
        KiBugCheck(SYSTEM_SERVICE_EXCEPTION, (ULONG)Code, Address, (ULONG_PTR)Context, 0, Raw,
                   Context, NULL);
    }
    KiBugCheck(KMODE_EXCEPTION_NOT_HANDLED, Code, Address,
               Record->NumberParameters > 0 ? Record->ExceptionInformation[0] : 0,
               Record->NumberParameters > 1 ? Record->ExceptionInformation[1] : 0, Raw, Context,
               NULL);
}

/*
 * TRUE: it goes on as if nothing had happened. The frame is the context that the debugger sees and changes: after
 * a breakpoint instruction it leads behind it, for handlers it is the instruction itself.
 */
static BOOLEAN
KiAskDebugger(PEXCEPTION_RECORD Record, PKI_FRAME Frame, BOOLEAN First)
{
    ULONG64 Rip = Frame->Trap.Rip;
    BOOLEAN Behind = Record->ExceptionCode == STATUS_BREAKPOINT && First &&
                     Record->ExceptionAddress == (PVOID)Rip;

    if (PspCurrentProcess()->DebugPort == NULL) {
        return FALSE;
    }
    if (Behind) {
        Frame->Trap.Rip = Rip + 1;
    }
    if (DbgkException(Record, First)) {
        return TRUE;
    }
    if (Behind && Frame->Trap.Rip == Rip + 1) {
        Frame->Trap.Rip = Rip;
    }
    return FALSE;
}

/* May be longer than a frame: two CONTEXTs live on the stack while handlers run. */
VOID
KiDispatchException(PEXCEPTION_RECORD Record, PKI_FRAME Frame, KPROCESSOR_MODE Mode, BOOLEAN First)
{
    CONTEXT Context;

    KiTrace(EV_EXCEPTION, Record->ExceptionAddress, (ULONG)Record->ExceptionCode,
            Record->ExceptionInformation[0], Record->ExceptionInformation[1], Mode);
    if (Mode == UserMode && First && KiAskDebugger(Record, Frame, TRUE)) {
        return;
    }
    KiContextFromFrame(Frame, &Context);
    if (Mode == KernelMode) {
        if (First && RtlDispatchException(Record, &Context)) {
            KiContextToFrame(Frame, &Context, KernelMode);
            return;
        }
        KiUnhandledKernelException(Record, &Context, Frame->Raw);
    }
    if (First && KiSendToUser(Record, &Context, Frame)) {
        return;
    }
    if (KiAskDebugger(Record, Frame, FALSE)) {
        return;
    }
    /* The process ends with the exception's code. */
    PspTerminateUnhandled(Record);
}

/* NtRaiseException and the raise routines of kernel mode. */
NTSTATUS
KiRaiseException(PEXCEPTION_RECORD Record, PCONTEXT Context, BOOLEAN First)
{
    PKTHREAD Thread = KiThread();
    EXCEPTION_RECORD Copy;
    CONTEXT CopyContext;
    PKI_FRAME Frame;

    if (Thread->PreviousMode == KernelMode) {
        KiUnhandledKernelException(Record, Context, NULL);
    }
    __try {
        ProbeForRead(Record, sizeof(*Record), 8);
        ProbeForRead(Context, sizeof(*Context), 16);
        Copy = *Record;
        RtlCopyMemory(&CopyContext, Context, sizeof(CopyContext));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (Copy.NumberParameters > EXCEPTION_MAXIMUM_PARAMETERS) {
        return STATUS_INVALID_PARAMETER;
    }
    Frame = KI_FRAME_OF(Thread->TrapFrame);
    KiContextToFrame(Frame, &CopyContext, UserMode);
    KiDispatchException(&Copy, Frame, UserMode, First);
    KiPrepareUserReturn(Frame);
    KiReturnToUser(Frame);
}

NTSTATUS
KiContinue(PCONTEXT Context, BOOLEAN TestAlert)
{
    PKTHREAD Thread = KiThread();
    CONTEXT Copy;
    PKI_FRAME Frame;

    __try {
        if (Thread->PreviousMode == UserMode) {
            ProbeForRead(Context, sizeof(*Context), 16);
        }
        RtlCopyMemory(&Copy, Context, sizeof(Copy));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return GetExceptionCode();
    }
    if (TestAlert) {
        KeTestAlertThread(UserMode); /* what is queued comes before this, or behind */
    }
    Frame = KI_FRAME_OF(Thread->TrapFrame);
    KiContextToFrame(Frame, &Copy, UserMode);
    KiPrepareUserReturn(Frame);
    KiReturnToUser(Frame);
}

VOID
KiGetUserContext(PKTHREAD Thread, PCONTEXT Context)
{
    ULONG Flags = Context->ContextFlags;
    CONTEXT Full;

    KiContextFromFrame(KI_FRAME_OF(Thread->TrapFrame), &Full);
    if ((Flags & CONTEXT_CONTROL) == CONTEXT_CONTROL) {
        Context->Rip = Full.Rip;
        Context->Rsp = Full.Rsp;
        Context->EFlags = Full.EFlags;
        Context->SegCs = Full.SegCs;
        Context->SegSs = Full.SegSs;
    }
    if ((Flags & CONTEXT_SEGMENTS) == CONTEXT_SEGMENTS) {
        Context->SegDs = Full.SegDs;
        Context->SegEs = Full.SegEs;
        Context->SegFs = Full.SegFs;
        Context->SegGs = Full.SegGs;
    }
    if ((Flags & CONTEXT_INTEGER) == CONTEXT_INTEGER) {
        RtlCopyMemory(&Context->Rax, &Full.Rax,
                      FIELD_OFFSET(CONTEXT, Rsp) - FIELD_OFFSET(CONTEXT, Rax));
        RtlCopyMemory(&Context->Rbp, &Full.Rbp,
                      FIELD_OFFSET(CONTEXT, Rip) - FIELD_OFFSET(CONTEXT, Rbp));
    }
    if ((Flags & CONTEXT_FLOATING_POINT) == CONTEXT_FLOATING_POINT) {
        Context->FltSave = Full.FltSave;
        Context->MxCsr = Full.MxCsr;
    }
}

VOID
KiSetUserContext(PKTHREAD Thread, PCONTEXT Context)
{
    PKI_FRAME Frame = KI_FRAME_OF(Thread->TrapFrame);
    UCHAR Kind = Frame->Trap.ExceptionActive;

    KiContextToFrame(Frame, Context, UserMode);
    Frame->Trap.ExceptionActive = Kind;
}

/*
 * A user APC: the frame goes to ntdll!KiUserApcDispatcher with what it needs on the user's stack. TestAlert: it goes on
 * to the next APC of the queue, as after an alertable wait; after a special one it must not.
 */
VOID
KiInitializeUserApc(PKI_FRAME Frame, PKI_NORMAL_ROUTINE Routine, PVOID Context, PVOID Argument1,
                    PVOID Argument2, BOOLEAN TestAlert)
{
    CONTEXT Saved;
    ULONG64 Rsp;
    EXCEPTION_RECORD Record;
    NTSTATUS Status = STATUS_SUCCESS;

    KiContextFromFrame(Frame, &Saved);
    Rsp = (Saved.Rsp - sizeof(CONTEXT) - 0x80) & ~0x3Full;
    Saved.P1Home = (ULONG64)Context;
    Saved.P2Home = (ULONG64)Argument1;
    Saved.P3Home = (ULONG64)Argument2;
    Saved.P4Home = (ULONG64)Routine;
    Saved.P5Home = TestAlert;
    __try {
        ProbeForWrite((PVOID)Rsp, sizeof(CONTEXT) + 0x40, 16);
        RtlCopyMemory((PVOID)Rsp, &Saved, sizeof(CONTEXT));
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (!NT_SUCCESS(Status)) {
        RtlZeroMemory(&Record, sizeof(Record));
        Record.ExceptionCode = Status;
        Record.ExceptionAddress = (PVOID)Saved.Rip;
        PspTerminateUnhandled(&Record);
    }
    Frame->Trap.Rsp = Rsp;
    Frame->Trap.Rip = PspUserEntry("KiUserApcDispatcher");
    Frame->Trap.EFlags = 0x202;
    KiInstrument(Frame);
}
