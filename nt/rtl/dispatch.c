/*
 * dispatch.c - finding the frame that handles an exception, and unwinding to it.
 *
 * RtlDispatchException asks each frame's handler from the inside out. The one that wants the
 * exception calls RtlUnwindEx, which walks again, now from its own frame, and lets each frame clean
 * up, until it is at the target and restores that frame's context at the target address.
 *
 * The walk of either may meet frames of an earlier one, for filters and __finally blocks can fault
 * and unwind too. The two routines through which every handler is called mark them (context.S):
 *
 *   D1  At the call of a handler by RtlDispatchException the walk goes on in the context that was
 *       dispatched. That is exact: every register of the trap, the volatile ones and xmm0-5 too.
 *       clang's -fasync-exceptions needs it, as it keeps values in volatile registers over a
 *       faulting load: if the frame that faulted handles it, it goes on with all registers of the
 *       fault.
 *   D2  At the call of a handler by RtlUnwindEx two unwinds have collided: the frames between are
 *       gone already, and the walk goes on with the frame that the earlier unwind was at, from the
 *       scope after the one that is running (ScopeIndex).
 *   D3  While an exception in a filter is dispatched, frames up to the one that the filter belongs
 *       to see EXCEPTION_NESTED_CALL.
 *
 * Source: Microsoft Learn, "x64 exception handling"; RtlUnwindEx, RtlVirtualUnwind;
 * EXCEPTION_RECORD.
 */
#include "nt/rtl/rtlp.h"

C_ASSERT(FIELD_OFFSET(DISPATCHER_CONTEXT, LanguageHandler) == 0x30);
C_ASSERT(FIELD_OFFSET(CONTEXT, ContextFlags) == 0x30);
C_ASSERT(FIELD_OFFSET(CONTEXT, Rax) == 0x78);
C_ASSERT(FIELD_OFFSET(CONTEXT, Rip) == 0xF8);
C_ASSERT(FIELD_OFFSET(CONTEXT, FltSave) == 0x100);
C_ASSERT(FIELD_OFFSET(CONTEXT, Xmm6) == 0x200);
C_ASSERT(sizeof(CONTEXT) == 0x4D0);

/* context.S */
#define RTLP_DISPATCHER_SLOT 0x20
/*
 * Walks go to higher addresses, but for a change of stack. More such steps than this: a wild chain.
 */
#define RTLP_MAX_BACKWARD 64

/*
 * One frame of a walk. A dispatch keeps one context and steps in place (Current == Caller): a
 * kernel stack of 24 KiB must hold exceptions that happen in the handling of others.
 */
typedef struct _RTLP_WALK {
    ULONG_PTR Low, High; /* limits of the stack */
    PCONTEXT Current;    /* in the frame */
    PCONTEXT Caller;     /* in its caller */
    BOOLEAN IsCall;      /* ControlPc is a return address */
    ULONG64 ControlPc;
    ULONG64 ImageBase;
    PRUNTIME_FUNCTION Function; /* NULL: a leaf function */
    PEXCEPTION_ROUTINE Handler;
    PVOID HandlerData;
    ULONG64 Frame;
    ULONG ScopeIndex;
    ULONG Backward;
} RTLP_WALK, *PRTLP_WALK;

/*
 * Handlers of the frames that call handlers. A walk of ours knows them by address and does not call
 * them; somebody else's may.
 */
EXCEPTION_DISPOSITION NTAPI
RtlpExceptionFrameHandler(PEXCEPTION_RECORD ExceptionRecord, PVOID EstablisherFrame,
                          PCONTEXT ContextRecord, PVOID DispatcherContext)
{
    UNREFERENCED_PARAMETER(ExceptionRecord);
    UNREFERENCED_PARAMETER(EstablisherFrame);
    UNREFERENCED_PARAMETER(ContextRecord);
    UNREFERENCED_PARAMETER(DispatcherContext);
    return ExceptionContinueSearch;
}

EXCEPTION_DISPOSITION NTAPI
RtlpUnwindFrameHandler(PEXCEPTION_RECORD ExceptionRecord, PVOID EstablisherFrame,
                       PCONTEXT ContextRecord, PVOID DispatcherContext)
{
    UNREFERENCED_PARAMETER(ExceptionRecord);
    UNREFERENCED_PARAMETER(EstablisherFrame);
    UNREFERENCED_PARAMETER(ContextRecord);
    UNREFERENCED_PARAMETER(DispatcherContext);
    /* Of another address than the one above: the linker may fold equal functions. */
    __asm__ volatile("nop");
    return ExceptionContinueSearch;
}

/* Is Address a place on this stack where 8 bytes can be read? */
static BOOLEAN
RtlpOnStack(PRTLP_WALK Walk, ULONG64 Address)
{
    return Address >= Walk->Low && Address < Walk->High && (Address & 7) == 0;
}

typedef enum _RTLP_STEP {
    RtlpStepped,
    RtlpEndOfStack, /* no caller, or it has another stack */
    RtlpBadStack,
} RTLP_STEP;

/* Steps over the frame of Walk->Current into Walk->Caller. */
static RTLP_STEP
RtlpStep(PRTLP_WALK Walk, ULONG HandlerType)
{
    PCONTEXT Caller = Walk->Caller;
    ULONG64 Rsp = Walk->Current->Rsp;

    Walk->Handler = NULL;
    Walk->ControlPc = RtlpOriginalRip(Walk->Current->Rip);
    Walk->IsCall = (Walk->Current->ContextFlags & RTLP_UNWOUND_TO_CALL) != 0;
    if (Walk->ControlPc == 0 || Rsp < Walk->Low || Rsp >= Walk->High) {
        return RtlpEndOfStack;
    }
    if (!RtlpOnStack(Walk, Rsp)) {
        return RtlpBadStack;
    }
    if (Caller != Walk->Current) {
        *Caller = *Walk->Current;
    }
    Walk->Function = RtlLookupFunctionEntry(Walk->ControlPc, &Walk->ImageBase, NULL);
    if (Walk->Function == NULL) {
        Walk->Frame = Rsp;
        Caller->Rip = *(PULONG64)Rsp;
        Caller->Rsp += 8;
        Caller->ContextFlags |= RTLP_UNWOUND_TO_CALL;
        return RtlpStepped;
    }
    Walk->Handler = RtlVirtualUnwind(HandlerType, Walk->ImageBase, Walk->ControlPc, Walk->Function,
                                     Caller, &Walk->HandlerData, &Walk->Frame, NULL);
    if (Caller->Rsp <= Rsp && ++Walk->Backward > RTLP_MAX_BACKWARD) {
        return RtlpBadStack;
    }
    return RtlpOnStack(Walk, Walk->Frame) ? RtlpStepped : RtlpBadStack;
}

/* The dispatcher context of the call that this frame, known by its handler, is in the middle of. */
static PRTLP_DISPATCHER_CONTEXT
RtlpEarlierDispatcher(PRTLP_WALK Walk)
{
    return *(PRTLP_DISPATCHER_CONTEXT *)(Walk->Frame + RTLP_DISPATCHER_SLOT);
}

/* D2 */
static RTLP_STEP
RtlpTakeOverUnwind(PRTLP_WALK Walk, ULONG HandlerType)
{
    PRTLP_DISPATCHER_CONTEXT Earlier = RtlpEarlierDispatcher(Walk);

    *Walk->Current = *Earlier->Public.ContextRecord;
    Walk->Current->Rip = Earlier->Public.ControlPc;
    Walk->ScopeIndex = Earlier->Public.ScopeIndex;
    return RtlpStep(Walk, HandlerType);
}

static VOID
RtlpFillDispatcher(PRTLP_WALK Walk, PRTLP_DISPATCHER_CONTEXT Dispatcher)
{
    Dispatcher->Public.ControlPc = Walk->ControlPc;
    Dispatcher->Public.ImageBase = Walk->ImageBase;
    Dispatcher->Public.FunctionEntry = Walk->Function;
    Dispatcher->Public.EstablisherFrame = Walk->Frame;
    Dispatcher->Public.LanguageHandler = Walk->Handler;
    Dispatcher->Public.HandlerData = Walk->HandlerData;
    Dispatcher->Public.ScopeIndex = Walk->ScopeIndex;
    Dispatcher->Public.Fill0 = Walk->IsCall;
}

BOOLEAN NTAPI
RtlDispatchException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT ContextRecord)
{
    CONTEXT Context;
    RTLP_WALK Walk;
    RTLP_DISPATCHER_CONTEXT Dispatcher;
    ULONG Flags = ExceptionRecord->ExceptionFlags & EXCEPTION_NONCONTINUABLE;
    ULONG64 NestedFrame = 0;

    if (RtlpCallVectoredHandlers(ExceptionRecord, ContextRecord)) {
        RtlpCallVectoredContinueHandlers(ExceptionRecord, ContextRecord);
        return TRUE;
    }
    RtlpGetStackLimits(&Walk.Low, &Walk.High);
    Context = *ContextRecord;
    Walk.Current = &Context;
    Walk.Caller = &Context;
    Walk.Backward = 0;

    for (;;) {
        RTLP_STEP Step = RtlpStep(&Walk, UNW_FLAG_EHANDLER);

        Walk.ScopeIndex = 0;
        if (Step != RtlpStepped) {
            Flags |= Step == RtlpBadStack ? EXCEPTION_STACK_INVALID : 0;
            break;
        }
        if (Walk.Handler == (PEXCEPTION_ROUTINE)RtlpExceptionFrameHandler) {
            PRTLP_DISPATCHER_CONTEXT Earlier = RtlpEarlierDispatcher(&Walk);

            Flags |= EXCEPTION_NESTED_CALL; /* D3 */
            if (Earlier->Public.EstablisherFrame > NestedFrame) {
                NestedFrame = Earlier->Public.EstablisherFrame;
            }
            Context = *Earlier->ExceptionContext; /* D1 */
            continue;
        }
        if (Walk.Handler == (PEXCEPTION_ROUTINE)RtlpUnwindFrameHandler &&
            RtlpTakeOverUnwind(&Walk, UNW_FLAG_EHANDLER) != RtlpStepped) {
            Flags |= EXCEPTION_STACK_INVALID;
            break;
        }
        if (Walk.Handler != NULL) {
            EXCEPTION_DISPOSITION Disposition;

            RtlpFillDispatcher(&Walk, &Dispatcher);
            Dispatcher.Public.TargetIp = 0;
            Dispatcher.Public.ContextRecord = &Context;
            Dispatcher.Public.HistoryTable = NULL;
            Dispatcher.ExceptionContext = ContextRecord;
            ExceptionRecord->ExceptionFlags = Flags;
            Disposition = RtlpExecuteHandlerForException(ExceptionRecord, (PVOID)Walk.Frame,
                                                         ContextRecord, &Dispatcher);
            Flags |= ExceptionRecord->ExceptionFlags & EXCEPTION_NONCONTINUABLE;
            if (Walk.Frame == NestedFrame) {
                Flags &= ~EXCEPTION_NESTED_CALL;
                NestedFrame = 0;
            }
            if (Disposition == ExceptionContinueExecution) {
                if (Flags & EXCEPTION_NONCONTINUABLE) {
                    RtlpRaiseNoncontinuable(STATUS_NONCONTINUABLE_EXCEPTION, ExceptionRecord);
                }
                RtlpCallVectoredContinueHandlers(ExceptionRecord, ContextRecord);
                return TRUE;
            }
            if (Disposition == ExceptionNestedException) {
                Flags |= EXCEPTION_NESTED_CALL;
                if (Dispatcher.Public.EstablisherFrame > NestedFrame) {
                    NestedFrame = Dispatcher.Public.EstablisherFrame;
                }
            } else if (Disposition != ExceptionContinueSearch) {
                RtlpRaiseNoncontinuable(STATUS_INVALID_DISPOSITION, ExceptionRecord);
            }
        }
    }
    ExceptionRecord->ExceptionFlags = Flags;
    RtlpCallVectoredContinueHandlers(ExceptionRecord, ContextRecord);
    return FALSE;
}

/* Scratch must not be a context that is being dispatched: D1 reads that. */
VOID
RtlpUnwind(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord, PVOID ReturnValue,
           PCONTEXT Scratch, PUNWIND_HISTORY_TABLE HistoryTable)
{
    CONTEXT Context;
    RTLP_WALK Walk;
    RTLP_DISPATCHER_CONTEXT Dispatcher;
    EXCEPTION_RECORD UnwindRecord;
    ULONG Flags = EXCEPTION_UNWINDING | (TargetFrame == NULL ? EXCEPTION_EXIT_UNWIND : 0);

    if (ExceptionRecord == NULL) {
        UnwindRecord.ExceptionCode = STATUS_UNWIND;
        UnwindRecord.ExceptionRecord = NULL;
        UnwindRecord.ExceptionAddress = __builtin_return_address(0);
        UnwindRecord.NumberParameters = 0;
        ExceptionRecord = &UnwindRecord;
    }
    RtlpGetStackLimits(&Walk.Low, &Walk.High);
    RtlCaptureContext(&Context);
    Walk.Current = &Context;
    Walk.Caller = Scratch;
    Walk.Backward = 0;

    for (;; Context = *Scratch) {
        RTLP_STEP Step = RtlpStep(&Walk, UNW_FLAG_UHANDLER);

        Walk.ScopeIndex = 0;
        if (Step == RtlpBadStack) {
            RtlpRaiseNoncontinuable(STATUS_BAD_STACK, ExceptionRecord);
        }
        if (Step == RtlpEndOfStack) {
            /* The end of the stack: an exit unwind has done its work, another had no target. */
            ExceptionRecord->ExceptionFlags = Flags;
            RtlpUnhandledException(ExceptionRecord, &Context);
        }
        if (Walk.Handler == (PEXCEPTION_ROUTINE)RtlpExceptionFrameHandler) {
            *Scratch = *RtlpEarlierDispatcher(&Walk)->ExceptionContext; /* D1 */
            continue;
        }
        if (Walk.Handler == (PEXCEPTION_ROUTINE)RtlpUnwindFrameHandler) {
            if (RtlpTakeOverUnwind(&Walk, UNW_FLAG_UHANDLER) != RtlpStepped) {
                RtlpRaiseNoncontinuable(STATUS_BAD_STACK, ExceptionRecord);
            }
            Flags |= EXCEPTION_COLLIDED_UNWIND;
        }
        if (Walk.Function != NULL && TargetFrame != NULL && (ULONG64)TargetFrame < Walk.Frame) {
            RtlpRaiseNoncontinuable(STATUS_INVALID_UNWIND_TARGET, ExceptionRecord);
        }
        if (Walk.Handler != NULL) {
            EXCEPTION_DISPOSITION Disposition;

            if (Walk.Frame == (ULONG64)TargetFrame) {
                Flags |= EXCEPTION_TARGET_UNWIND;
                /* Before the handler: a language may put more into the target's registers. */
                Context.Rax = (ULONG64)ReturnValue;
            }
            RtlpFillDispatcher(&Walk, &Dispatcher);
            Dispatcher.Public.TargetIp = (ULONG64)TargetIp;
            Dispatcher.Public.ContextRecord = &Context;
            Dispatcher.Public.HistoryTable = HistoryTable;
            Dispatcher.ExceptionContext = NULL;
            ExceptionRecord->ExceptionFlags = Flags;
            Disposition = RtlpExecuteHandlerForUnwind(ExceptionRecord, (PVOID)Walk.Frame, &Context,
                                                      &Dispatcher);
            if (Disposition != ExceptionContinueSearch) {
                RtlpRaiseNoncontinuable(STATUS_INVALID_DISPOSITION, ExceptionRecord);
            }
        }
        Flags &= ~(EXCEPTION_TARGET_UNWIND | EXCEPTION_COLLIDED_UNWIND);
        if (Walk.Function != NULL && Walk.Frame == (ULONG64)TargetFrame) {
            break;
        }
    }
    Context.Rax = (ULONG64)ReturnValue;
    if (ExceptionRecord->ExceptionCode != STATUS_UNWIND_CONSOLIDATE) {
        Context.Rip = (ULONG64)TargetIp;
    }
    RtlRestoreContext(&Context, ExceptionRecord);
}

/*
 * ContextRecord is scratch for the system's own implementation. This one brings its own, and so may
 * be given the very context that is being dispatched (libgcc's handler does that).
 */
VOID NTAPI
RtlUnwindEx(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord, PVOID ReturnValue,
            PCONTEXT ContextRecord, PUNWIND_HISTORY_TABLE HistoryTable)
{
    CONTEXT Scratch;

    UNREFERENCED_PARAMETER(ContextRecord);
    RtlpUnwind(TargetFrame, TargetIp, ExceptionRecord, ReturnValue, &Scratch, HistoryTable);
}

VOID NTAPI
RtlUnwind(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord, PVOID ReturnValue)
{
    RtlUnwindEx(TargetFrame, TargetIp, ExceptionRecord, ReturnValue, NULL, NULL);
}
