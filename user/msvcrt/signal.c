/*
 * signal.c - signals as the C run time knows them, and exceptions that become signals.
 *
 * SIGSEGV, SIGILL and SIGFPE belong to a thread, the others to the process (documented). A handler
 * is reset to SIG_DFL before it is called. The default of raise ends the process with exit code 3.
 * _XcptFilter is what start-up code asks from its __except filter: no handler means that the search
 * goes on, and the exception ends the process in the ordinary way.
 *
 * Partial: a console's Ctrl+C does not become SIGINT.
 */
#include "crt.h"
#include "crtdata.h"

static __p_sig_fn_t *
Slot(int Signal)
{
    switch (Signal) {
    case SIGINT:
        return &CrtOnInterrupt;
    case SIGTERM:
        return &CrtOnTerm;
    case SIGBREAK:
        return &CrtOnBreak;
    case SIGABRT:
    case SIGABRT_COMPAT:
        return &CrtOnAbort;
    case SIGILL:
        return &CrtThread()->OnIllegal;
    case SIGFPE:
        return &CrtThread()->OnFloat;
    case SIGSEGV:
        return &CrtThread()->OnSegment;
    }
    return NULL;
}

__p_sig_fn_t
signal(int Signal, __p_sig_fn_t Handler)
{
    __p_sig_fn_t *Where = Slot(Signal), Previous;

    if (Where == NULL || Handler == SIG_SGE || Handler == SIG_ACK) {
        CrtFail(EINVAL);
        return SIG_ERR;
    }
    Previous = *Where;
    if (Handler != SIG_GET) {
        *Where = Handler;
    }
    return Previous;
}

static void
Call(__p_sig_fn_t Handler, int Signal, int FpeCode)
{
    PCRT_THREAD Thread = CrtThread();
    int Previous = Thread->FpeCode;

    if (Signal == SIGFPE) { /* such a handler takes the kind of error as well */
        Thread->FpeCode = FpeCode;
        ((void (*)(int, int))Handler)(Signal, FpeCode);
        Thread->FpeCode = Previous;
    } else {
        Handler(Signal);
    }
}

int
raise(int Signal)
{
    __p_sig_fn_t *Where = Slot(Signal), Handler;
    PCRT_THREAD Thread = CrtThread();
    void *Pointers = Thread->ExceptionPointers;

    if (Where == NULL) {
        return CrtFail(EINVAL);
    }
    Handler = *Where;
    if (Handler == SIG_IGN) {
        return 0;
    }
    if (Handler == SIG_DFL) {
        _exit(3);
    }
    *Where = SIG_DFL;
    Thread->ExceptionPointers = NULL;
    Call(Handler, Signal, _FPE_EXPLICITGEN);
    Thread->ExceptionPointers = Pointers;
    return 0;
}

void **
__pxcptinfoptrs(void)
{
    return &CrtThread()->ExceptionPointers;
}

int *
__fpecode(void)
{
    return &CrtThread()->FpeCode;
}

static const struct {
    DWORD Code;
    int Signal, FpeCode;
} Exceptions[] = {
    {EXCEPTION_ACCESS_VIOLATION, SIGSEGV, 0},
    {EXCEPTION_ILLEGAL_INSTRUCTION, SIGILL, 0},
    {EXCEPTION_PRIV_INSTRUCTION, SIGILL, 0},
    {EXCEPTION_FLT_DENORMAL_OPERAND, SIGFPE, _FPE_DENORMAL},
    {EXCEPTION_FLT_DIVIDE_BY_ZERO, SIGFPE, _FPE_ZERODIVIDE},
    {EXCEPTION_FLT_INEXACT_RESULT, SIGFPE, _FPE_INEXACT},
    {EXCEPTION_FLT_INVALID_OPERATION, SIGFPE, _FPE_INVALID},
    {EXCEPTION_FLT_OVERFLOW, SIGFPE, _FPE_OVERFLOW},
    {EXCEPTION_FLT_STACK_CHECK, SIGFPE, _FPE_STACKOVERFLOW},
    {EXCEPTION_FLT_UNDERFLOW, SIGFPE, _FPE_UNDERFLOW},
};

int
_XcptFilter(unsigned long Code, struct _EXCEPTION_POINTERS *Pointers)
{
    PCRT_THREAD Thread = CrtThread();
    void *Previous = Thread->ExceptionPointers;
    __p_sig_fn_t *Where, Handler;
    size_t i;

    for (i = 0; i < ARRAYSIZE(Exceptions); i++) {
        if (Exceptions[i].Code == Code) {
            break;
        }
    }
    if (i == ARRAYSIZE(Exceptions)) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    Where = Slot(Exceptions[i].Signal);
    Handler = *Where;
    if (Handler == SIG_DFL) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    if (Handler == SIG_IGN) {
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    *Where = SIG_DFL;
    Thread->ExceptionPointers = Pointers;
    Call(Handler, Exceptions[i].Signal, Exceptions[i].FpeCode);
    Thread->ExceptionPointers = Previous;
    return EXCEPTION_CONTINUE_EXECUTION;
}
