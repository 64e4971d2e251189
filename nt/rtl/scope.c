/*
 * scope.c - __C_specific_handler: the language handler of C's __try, and local unwinds.
 *
 * HandlerData is a table of scopes, inner before outer: [Begin, End) of the guarded code; Handler,
 * which is a __finally block if Target is 0, else a filter (1 stands for EXCEPTION_EXECUTE_HANDLER)
 * whose __except block is at Target.
 *
 *   S1  A __finally block runs once: ScopeIndex is set past it before it is called, and a walk that
 *       collides with this one starts there.
 *   S2  In the target frame of an unwind only those scopes are left that do not hold the target.
 *   S3  In a frame that made a call, the place that counts is the call: one byte before the return
 *       address. Windows takes the address itself, and compilers put a nop between a call and the
 *       next scope for it; clang 19 does not always, and then Windows finds the wrong scope.
 *
 * Source: Microsoft Learn, "x64 exception handling", "Language-specific handler"; winnt.h,
 * SCOPE_TABLE.
 */
#include "nt/rtl/rtlp.h"

typedef struct _RTLP_SCOPE_TABLE {
    ULONG Count;
    struct {
        ULONG Begin;
        ULONG End;
        ULONG Handler;
        ULONG Target;
    } Scope[];
} RTLP_SCOPE_TABLE, *PRTLP_SCOPE_TABLE;

typedef LONG(NTAPI *PRTLP_FILTER)(PEXCEPTION_POINTERS Pointers, PVOID EstablisherFrame);
typedef VOID(NTAPI *PRTLP_FINALLY)(BOOLEAN AbnormalTermination, PVOID EstablisherFrame);

static BOOLEAN
RtlpInScope(PRTLP_SCOPE_TABLE Table, ULONG Index, ULONG64 Rva)
{
    return Rva >= Table->Scope[Index].Begin && Rva < Table->Scope[Index].End;
}

/* S3: the dispatcher says in Fill0 whether ControlPc is a return address. */
static ULONG64
RtlpScopeRva(PDISPATCHER_CONTEXT Dispatcher)
{
    return Dispatcher->ControlPc - Dispatcher->ImageBase - (Dispatcher->Fill0 == 1 ? 1 : 0);
}

/* One __try may be several ranges of code. Is Rva in any range of the __try of this scope? */
static BOOLEAN
RtlpInSameTry(PRTLP_SCOPE_TABLE Table, ULONG Index, ULONG64 Rva)
{
    ULONG Other;

    for (Other = 0; Other < Table->Count; Other++) {
        if (RtlpInScope(Table, Other, Rva) &&
            Table->Scope[Other].Handler == Table->Scope[Index].Handler &&
            Table->Scope[Other].Target == Table->Scope[Index].Target) {
            return TRUE;
        }
    }
    return FALSE;
}

static EXCEPTION_DISPOSITION
RtlpSearchScopes(PEXCEPTION_RECORD ExceptionRecord, PVOID EstablisherFrame, PCONTEXT ContextRecord,
                 PDISPATCHER_CONTEXT Dispatcher, PRTLP_SCOPE_TABLE Table)
{
    ULONG64 ControlRva = RtlpScopeRva(Dispatcher);
    EXCEPTION_POINTERS Pointers = {ExceptionRecord, ContextRecord};
    ULONG Index;

    for (Index = Dispatcher->ScopeIndex; Index < Table->Count; Index++) {
        LONG Answer = EXCEPTION_EXECUTE_HANDLER;

        if (!RtlpInScope(Table, Index, ControlRva) || Table->Scope[Index].Target == 0) {
            continue;
        }
        if (Table->Scope[Index].Handler != 1) {
            PRTLP_FILTER Filter =
                (PRTLP_FILTER)(Dispatcher->ImageBase + Table->Scope[Index].Handler);

            Answer = Filter(&Pointers, EstablisherFrame);
        }
        if (Answer < 0) {
            return ExceptionContinueExecution;
        }
        if (Answer > 0) {
            /* The dispatch is over: its working context is the scratch. */
            RtlpUnwind(EstablisherFrame,
                       (PVOID)(Dispatcher->ImageBase + Table->Scope[Index].Target), ExceptionRecord,
                       (PVOID)(ULONG_PTR)(ULONG)ExceptionRecord->ExceptionCode,
                       Dispatcher->ContextRecord, Dispatcher->HistoryTable);
        }
    }
    return ExceptionContinueSearch;
}

static VOID
RtlpUnwindScopes(PEXCEPTION_RECORD ExceptionRecord, PVOID EstablisherFrame,
                 PDISPATCHER_CONTEXT Dispatcher, PRTLP_SCOPE_TABLE Table)
{
    ULONG64 ControlRva = RtlpScopeRva(Dispatcher);
    ULONG64 TargetRva = Dispatcher->TargetIp - Dispatcher->ImageBase;
    BOOLEAN IsTarget = (ExceptionRecord->ExceptionFlags & EXCEPTION_TARGET_UNWIND) != 0;
    ULONG Index;

    for (Index = Dispatcher->ScopeIndex; Index < Table->Count; Index++) {
        if (!RtlpInScope(Table, Index, ControlRva)) {
            continue;
        }
        if (IsTarget && RtlpInSameTry(Table, Index, TargetRva)) {
            return; /* S2 */
        }
        if (Table->Scope[Index].Target != 0) {
            if (IsTarget && Table->Scope[Index].Target == TargetRva) {
                return; /* S2: the __except block itself; scopes around it go on living */
            }
            continue;
        }
        Dispatcher->ScopeIndex = Index + 1; /* S1 */
        ((PRTLP_FINALLY)(Dispatcher->ImageBase + Table->Scope[Index].Handler))(TRUE,
                                                                               EstablisherFrame);
    }
}

EXCEPTION_DISPOSITION
__C_specific_handler(PEXCEPTION_RECORD ExceptionRecord, PVOID EstablisherFrame,
                     PCONTEXT ContextRecord, PDISPATCHER_CONTEXT Dispatcher)
{
    PRTLP_SCOPE_TABLE Table = Dispatcher->HandlerData;

    if ((ExceptionRecord->ExceptionFlags & EXCEPTION_UNWIND) == 0) {
        return RtlpSearchScopes(ExceptionRecord, EstablisherFrame, ContextRecord, Dispatcher,
                                Table);
    }
    RtlpUnwindScopes(ExceptionRecord, EstablisherFrame, Dispatcher, Table);
    return ExceptionContinueSearch;
}

/* A jump out of a __try with a __finally, as MSVC compiles it. */
VOID NTAPI
_local_unwind(PVOID TargetFrame, PVOID TargetIp)
{
    RtlUnwindEx(TargetFrame, TargetIp, NULL, NULL, NULL, NULL);
}

VOID NTAPI
__jump_unwind(PVOID TargetFrame, PVOID TargetIp)
{
    RtlUnwindEx(TargetFrame, TargetIp, NULL, NULL, NULL, NULL);
}
