/*
 * except.c - user-mode exceptions around the shared dispatcher (nt/rtl/dispatch.c).
 *
 * Order: vectored handlers, then frames, then the filter of RtlUserThreadStart, which asks the filter that
 * kernel32 has set; continue handlers after anybody said "continue". What nobody wants goes back to the kernel as
 * a second chance, which ends the process.
 *
 * Facts: "Vectored Exception Handling", "Structured Exception Handling", UnhandledExceptionFilter.
 */
#include "user/ntdll/ntdllp.h"
#include "nt/inc/rtl.h"

typedef struct _RTLP_VECTORED {
    LIST_ENTRY Links;
    LONG References;
    PVECTORED_EXCEPTION_HANDLER Handler;
} RTLP_VECTORED, *PRTLP_VECTORED;

static PVOID
RtlpAddVectored(PLIST_ENTRY List, ULONG First, PVECTORED_EXCEPTION_HANDLER Handler)
{
    PRTLP_VECTORED Entry = RtlAllocateHeap(RtlProcessHeap(), 0, sizeof(*Entry));

    if (Entry == NULL) {
        return NULL;
    }
    Entry->References = 1;
    Entry->Handler = Handler;
    RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
    if (First) {
        InsertHeadList(List, &Entry->Links);
    } else {
        InsertTailList(List, &Entry->Links);
    }
    RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
    return Entry;
}

static ULONG
RtlpRemoveVectored(PLIST_ENTRY List, PVOID Handle)
{
    PLIST_ENTRY Links;
    PRTLP_VECTORED Found = NULL;

    RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
    for (Links = List->Flink; Links != List; Links = Links->Flink) {
        if (Links == Handle) {
            Found = CONTAINING_RECORD(Links, RTLP_VECTORED, Links);
            if (--Found->References == 0) {
                RemoveEntryList(&Found->Links);
            } else {
                Found->Handler = NULL; /* it is running: whoever runs it unlinks it */
            }
            break;
        }
    }
    Handle = Found != NULL && Found->References == 0 ? Found : NULL;
    RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
    if (Handle != NULL) {
        RtlFreeHeap(RtlProcessHeap(), 0, Handle);
    }
    return Found != NULL;
}

PVOID NTAPI
RtlAddVectoredExceptionHandler(ULONG First, PVECTORED_EXCEPTION_HANDLER Handler)
{
    return RtlpAddVectored(&RtlpVectoredHandlers, First, Handler);
}

ULONG NTAPI
RtlRemoveVectoredExceptionHandler(PVOID Handle)
{
    return RtlpRemoveVectored(&RtlpVectoredHandlers, Handle);
}

PVOID NTAPI
RtlAddVectoredContinueHandler(ULONG First, PVECTORED_EXCEPTION_HANDLER Handler)
{
    return RtlpAddVectored(&RtlpContinueHandlers, First, Handler);
}

ULONG NTAPI
RtlRemoveVectoredContinueHandler(PVOID Handle)
{
    return RtlpRemoveVectored(&RtlpContinueHandlers, Handle);
}

static BOOLEAN
RtlpCallVectored(PLIST_ENTRY List, PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    EXCEPTION_POINTERS Pointers = {Record, Context};
    PLIST_ENTRY Links;
    LONG Answer = EXCEPTION_CONTINUE_SEARCH;

    if (IsListEmpty(List)) {
        return FALSE;
    }
    RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
    for (Links = List->Flink; Links != List && Answer != EXCEPTION_CONTINUE_EXECUTION;) {
        PRTLP_VECTORED Entry = CONTAINING_RECORD(Links, RTLP_VECTORED, Links);
        PVECTORED_EXCEPTION_HANDLER Handler = Entry->Handler;

        Entry->References++;
        RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
        if (Handler != NULL) {
            Answer = Handler(&Pointers);
        }
        RtlAcquireSRWLockExclusive(&RtlpVectoredLock);
        Links = Links->Flink;
        if (--Entry->References == 0) {
            RemoveEntryList(&Entry->Links);
            RtlFreeHeap(RtlProcessHeap(), 0, Entry);
        }
    }
    RtlReleaseSRWLockExclusive(&RtlpVectoredLock);
    return Answer == EXCEPTION_CONTINUE_EXECUTION;
}

BOOLEAN
RtlpCallVectoredHandlers(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    return RtlpCallVectored(&RtlpVectoredHandlers, Record, Context);
}

VOID
RtlpCallVectoredContinueHandlers(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    RtlpCallVectored(&RtlpContinueHandlers, Record, Context);
}

VOID
RtlpUserException(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    NTSTATUS Status;

    if (RtlDispatchException(Record, Context)) {
        Status = NtContinue(Context, FALSE);
    } else {
        Status = NtRaiseException(Record, Context, FALSE);
    }
    RtlRaiseStatus(Status);
}

/* What nt/rtl asks of its side. */

VOID
RtlpGetStackLimits(PULONG_PTR Low, PULONG_PTR High)
{
    *Low = (ULONG_PTR)NtCurrentTeb()->NtTib.StackLimit;
    *High = (ULONG_PTR)NtCurrentTeb()->NtTib.StackBase;
}

VOID
RtlpFirstChance(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    if (NtCurrentPeb()->BeingDebugged) {
        NtRaiseException(Record, Context, TRUE);
    }
}

VOID
RtlpUnhandledException(PEXCEPTION_RECORD Record, PCONTEXT Context)
{
    NtRaiseException(Record, Context, FALSE);
    NtTerminateProcess(NtCurrentProcess(), Record->ExceptionCode);
    __builtin_unreachable();
}

PVOID
RtlpLookupImage(ULONG64 ControlPc, PULONG64 ImageBase)
{
    PLDR_DATA_TABLE_ENTRY Entry = LdrpFindByAddress((PVOID)ControlPc);

    if (Entry == NULL) {
        return NULL;
    }
    *ImageBase = (ULONG64)Entry->DllBase;
    return Entry->DllBase;
}

PVOID
RtlpAllocate(SIZE_T Size)
{
    return RtlAllocateHeap(RtlProcessHeap(), 0, Size);
}

VOID
RtlpFree(PVOID Memory)
{
    RtlFreeHeap(RtlProcessHeap(), 0, Memory);
}

VOID
RtlpRaiseStatus(NTSTATUS Status)
{
    RtlRaiseStatus(Status);
}

VOID NTAPI
RtlSetUnhandledExceptionFilter(PRTLP_UNHANDLED_FILTER Filter)
{
    RtlpUnhandledFilter = Filter;
}

static LONG
RtlpLastFilter(PEXCEPTION_POINTERS Pointers)
{
    return RtlpUnhandledFilter != NULL ? RtlpUnhandledFilter(Pointers) : EXCEPTION_CONTINUE_SEARCH;
}

/* Every user thread starts here; its own start routine is the argument. */
VOID NTAPI
RtlUserThreadStart(PUSER_THREAD_START_ROUTINE Start, PVOID Parameter)
{
    __try {
        RtlExitUserThread(Start(Parameter));
    } __except (RtlpLastFilter(GetExceptionInformation())) {
        NtTerminateProcess(NtCurrentProcess(), GetExceptionCode());
    }
}
