/*
 * bugcheck.c - the end of a run: bugchecks, verdicts, assertions of ours.
 *
 * Everything that ends a run early comes through KiStop. It tells the host the verdict, and the host
 * writes the report; the kernel adds the text that only it can give (stacks, threads, last driver calls), as
 * a stream of lines that report.c writes.
 */
#include "nt/ke/ki.h"
#include "nt/inc/rtl.h"

VOID KiReportStop(const struct abi_stop *Why, PCONTEXT Context); /* report.c */
VOID KiReportBroken(const struct abi_stop *Why);

static DECLSPEC_NORETURN VOID
KiEnd(struct abi_stop *Why, PCONTEXT Context)
{
    if (KiBugCheckActive++ == 0) {
        KiFirstStop = *Why;
        Machine->budget = 1ll << 60;
        KiReportStop(Why, Context);
    }
    HcStop(&KiFirstStop); /* not what went wrong in the report */
    __builtin_unreachable();
}

VOID
KiStopReported(struct abi_stop *Why)
{
    KiBugCheckActive++;
    KiFirstStop = *Why;
    Machine->budget = 1ll << 60;
    HcStop(&KiFirstStop);
    __builtin_unreachable();
}

static VOID
KiCopyText(char *To, SIZE_T Size, const char *From)
{
    SIZE_T Length = From != NULL ? strlen(From) : 0;

    if (Length >= Size) {
        Length = Size - 1;
    }
    RtlCopyMemory(To, From, Length);
    To[Length] = 0;
}

VOID
KiStop(ULONG Verdict, ULONG Code, struct abi_trap *Trap, PCONTEXT Context, const char *Message)
{
    struct abi_stop Why;

    RtlZeroMemory(&Why, sizeof(Why));
    Why.verdict = Verdict;
    Why.code = Code;
    Why.trap = (ULONG64)Trap;
    Why.context = (ULONG64)Context;
    KiCopyText(Why.message, sizeof(Why.message), Message);
    KiEnd(&Why, Context);
}

VOID
KiStopRun(ULONG Verdict, const char *Message)
{
    KiStop(Verdict, 0, NULL, NULL, Message);
}

static VOID
KiCallBugCheckCallbacks(VOID)
{
    while (!IsListEmpty(&KiBugCheckCallbacks)) {
        PKBUGCHECK_CALLBACK_RECORD Record = CONTAINING_RECORD(RemoveHeadList(&KiBugCheckCallbacks),
                                                              KBUGCHECK_CALLBACK_RECORD, Entry);

        Record->State = BufferStarted;
        Record->CallbackRoutine(Record->Buffer, Record->Length);
        Record->State = BufferFinished;
    }
}

VOID
KiBugCheck(ULONG Code, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3, ULONG_PTR P4,
           struct abi_trap *Trap, PCONTEXT Context, const char *Message)
{
    struct abi_stop Why;

    RtlZeroMemory(&Why, sizeof(Why));
    Why.verdict = ABI_BUGCHECK;
    Why.code = Code;
    Why.parameter[0] = P1;
    Why.parameter[1] = P2;
    Why.parameter[2] = P3;
    Why.parameter[3] = P4;
    Why.trap = (ULONG64)Trap;
    Why.context = (ULONG64)Context;
    KiCopyText(Why.message, sizeof(Why.message), Message);
    KiTrace(EV_BUGCHECK, NULL, Code, P1, P2, P3);
    if (KiBugCheckActive == 0) {
        KiBugCheckActive = 1;
        KiFirstStop = Why;
        Machine->budget = 1ll << 60;
        KiReportStop(&Why, Context);
        if (KiPcr() != NULL) {
            KiPcr()->Irql = HIGH_LEVEL;
        }
        KiCallBugCheckCallbacks();
    } else {
        KiReportBroken(&Why);
    }
    HcStop(&KiFirstStop); /* not what went wrong in the report or a callback */
    __builtin_unreachable();
}

VOID NTAPI
KeBugCheckEx(ULONG Code, ULONG_PTR P1, ULONG_PTR P2, ULONG_PTR P3, ULONG_PTR P4)
{
    CONTEXT Context;

    RtlCaptureContext(&Context);
    KiBugCheck(Code, P1, P2, P3, P4, NULL, &Context, NULL);
}

VOID NTAPI
KeBugCheck(ULONG Code)
{
    CONTEXT Context;

    RtlCaptureContext(&Context);
    KiBugCheck(Code, 0, 0, 0, 0, NULL, &Context, NULL);
}

VOID
KiAssertFailed(const char *Expression, const char *File, ULONG Line)
{
    CONTEXT Context;
    char Text[400];

    RtlCaptureContext(&Context);
    KiFormatText(Text, sizeof(Text), "assertion of ntlab's own failed: %s, %s:%u", Expression, File,
                 Line);
    KiStop(ABI_INTERNAL, 0, NULL, &Context, Text);
}

VOID
KiNotYet(const char *What, PVOID Caller)
{
    CONTEXT Context;
    char Text[400];

    RtlCaptureContext(&Context);
    KiFormatText(Text, sizeof(Text), "%a called %s, which is not implemented", Caller, What);
    KiStop(ABI_UNSUPPORTED, 0, NULL, &Context, Text);
}

BOOLEAN NTAPI
KeRegisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD Record, PKBUGCHECK_CALLBACK_ROUTINE Routine,
                           PVOID Buffer, ULONG Length, PUCHAR Component)
{
    if (Record->State != BufferEmpty) {
        return FALSE;
    }
    Record->CallbackRoutine = Routine;
    Record->Buffer = Buffer;
    Record->Length = Length;
    Record->Component = Component;
    Record->State = BufferInserted;
    InsertTailList(&KiBugCheckCallbacks, &Record->Entry);
    return TRUE;
}

BOOLEAN NTAPI
KeDeregisterBugCheckCallback(PKBUGCHECK_CALLBACK_RECORD Record)
{
    if (Record->State != BufferInserted) {
        return FALSE;
    }
    RemoveEntryList(&Record->Entry);
    Record->State = BufferEmpty;
    return TRUE;
}

BOOLEAN NTAPI
KeRegisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD Record,
                                 PKBUGCHECK_REASON_CALLBACK_ROUTINE Routine,
                                 KBUGCHECK_CALLBACK_REASON Reason, PUCHAR Component)
{
    if (Record->State != BufferEmpty) {
        return FALSE;
    }
    Record->CallbackRoutine = Routine;
    Record->Reason = Reason;
    Record->Component = Component;
    Record->State = BufferInserted;
    InsertTailList(&KiBugCheckReasonCallbacks, &Record->Entry);
    return TRUE;
}

BOOLEAN NTAPI
KeDeregisterBugCheckReasonCallback(PKBUGCHECK_REASON_CALLBACK_RECORD Record)
{
    if (Record->State != BufferInserted) {
        return FALSE;
    }
    RemoveEntryList(&Record->Entry);
    Record->State = BufferEmpty;
    return TRUE;
}
