/*
 * raise.c - exceptions raised by software, and the context record as a place to go on.
 *
 * The exception address of a raise is where its caller goes on; the context is the caller's.
 *
 * Source: Microsoft Learn: RtlRaiseException, RtlRaiseStatus (ntifs.h), RtlRestoreContext
 * (winnt.h).
 */
#include "nt/rtl/rtlp.h"

/* What setjmp of the x64 C run time fills in (setjmp.h, _JUMP_BUFFER). */
typedef struct _RTLP_JUMP_BUFFER {
    ULONG64 Frame;
    ULONG64 Rbx, Rsp, Rbp, Rsi, Rdi, R12, R13, R14, R15, Rip;
    ULONG MxCsr;
    USHORT FpCsr;
    USHORT Spare;
    M128A Xmm6to15[10];
} RTLP_JUMP_BUFFER, *PRTLP_JUMP_BUFFER;

C_ASSERT(FIELD_OFFSET(RTLP_JUMP_BUFFER, Xmm6to15) == 0x60);

/* Turns the context captured in the routine that calls this into that of the routine's caller. */
static __inline VOID
RtlpUnwindToCaller(PCONTEXT Context)
{
    ULONG64 ImageBase, Frame;
    PVOID HandlerData;
    PRUNTIME_FUNCTION Function = RtlLookupFunctionEntry(Context->Rip, &ImageBase, NULL);

    if (Function != NULL) {
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, ImageBase, Context->Rip, Function, Context,
                         &HandlerData, &Frame, NULL);
    }
}

/* Dispatches; goes on from the context if a handler says so, and does not come back otherwise. */
static DECLSPEC_NORETURN VOID
RtlpDispatchRaised(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT Context)
{
    RtlpFirstChance(ExceptionRecord, Context);
    if (RtlDispatchException(ExceptionRecord, Context)) {
        RtlRestoreContext(Context, NULL);
    }
    RtlpUnhandledException(ExceptionRecord, Context);
}

__attribute__((noinline)) VOID NTAPI
RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord)
{
    CONTEXT Context;

    RtlCaptureContext(&Context);
    RtlpUnwindToCaller(&Context); /* marks it: Rip is where the call returns to */
    ExceptionRecord->ExceptionAddress = (PVOID)Context.Rip;
    RtlpDispatchRaised(ExceptionRecord, &Context);
}

__attribute__((noinline)) VOID NTAPI
RtlRaiseStatus(NTSTATUS Status)
{
    EXCEPTION_RECORD Record;
    CONTEXT Context;

    RtlCaptureContext(&Context);
    RtlpUnwindToCaller(&Context);
    Record.ExceptionCode = Status;
    Record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    Record.ExceptionRecord = NULL;
    Record.ExceptionAddress = (PVOID)Context.Rip;
    Record.NumberParameters = 0;
    RtlpDispatchRaised(&Record, &Context);
}

/* For the dispatcher's own complaints: Cause is the exception that it was dealing with. */
VOID
RtlpRaiseNoncontinuable(NTSTATUS Status, PEXCEPTION_RECORD Cause)
{
    EXCEPTION_RECORD Record;

    Record.ExceptionCode = Status;
    Record.ExceptionFlags = EXCEPTION_NONCONTINUABLE;
    Record.ExceptionRecord = Cause;
    Record.NumberParameters = 0;
    RtlRaiseException(&Record);
    __builtin_unreachable();
}

/*
 * Two exceptions stand for more than the context says: a longjmp names the jump buffer to load, and
 * a consolidated unwind (C++ catch blocks) a routine to call first, which returns where to go on.
 */
VOID NTAPI
RtlRestoreContext(PCONTEXT ContextRecord, PEXCEPTION_RECORD ExceptionRecord)
{
    if (ExceptionRecord != NULL && ExceptionRecord->ExceptionCode == STATUS_LONGJUMP &&
        ExceptionRecord->NumberParameters >= 1) {
        PRTLP_JUMP_BUFFER Jump = (PRTLP_JUMP_BUFFER)ExceptionRecord->ExceptionInformation[0];
        ULONG Index;

        ContextRecord->Rbx = Jump->Rbx;
        ContextRecord->Rsp = Jump->Rsp;
        ContextRecord->Rbp = Jump->Rbp;
        ContextRecord->Rsi = Jump->Rsi;
        ContextRecord->Rdi = Jump->Rdi;
        ContextRecord->R12 = Jump->R12;
        ContextRecord->R13 = Jump->R13;
        ContextRecord->R14 = Jump->R14;
        ContextRecord->R15 = Jump->R15;
        ContextRecord->Rip = Jump->Rip;
        ContextRecord->MxCsr = Jump->MxCsr;
        ContextRecord->FltSave.MxCsr = Jump->MxCsr;
        ContextRecord->FltSave.ControlWord = Jump->FpCsr;
        for (Index = 0; Index < 10; Index++) {
            (&ContextRecord->Xmm6)[Index] = Jump->Xmm6to15[Index];
        }
    } else if (ExceptionRecord != NULL &&
               ExceptionRecord->ExceptionCode == STATUS_UNWIND_CONSOLIDATE &&
               ExceptionRecord->NumberParameters >= 1) {
        RtlpConsolidateFrames(ContextRecord, ExceptionRecord,
                              (PVOID)ExceptionRecord->ExceptionInformation[0]);
    }
    RtlpRestoreContext(ContextRecord);
}
