/*
 * matrix.c - holds each form of lock on this system and compares what it sees with locks.table, cell by cell.
 * The sources stand in the table and in docs/locks.md; a failed check names form and cell.
 */
#include "forms.c" /* one unit: counts of checks are static, and two inline routines of the DDK are not */

#include "calls.c"

static const LOCK_FORM *Row;
static ULONG Now; /* the form */

static VOID
Same(LONG Actual, LONG Expected, const char *Cell)
{
    NtlabReportEqual(Actual, Expected, (int)Now, Cell);
}

/* The caller's IRQL that the form needs; returns the old one. */
static KIRQL
Before(KIRQL Least)
{
    KIRQL Irql = KeGetCurrentIrql();

    if (Irql < Least) {
        KeRaiseIrql(Least, &Irql);
    }
    return Irql;
}

static LONG
Seen(LONG Held, KIRQL Entry)
{
    return Held == ENTRY || Held < Entry ? Entry : Held;
}

/* Acquired at Irql: the IRQL while held and afterwards. */
static VOID
HeldAt(KIRQL Irql, const char *Held, const char *After)
{
    KIRQL Saved = Before(Irql), Inside;

    FormAcquire(Now);
    Inside = KeGetCurrentIrql();
    FormRelease(Now);
    Irql = KeGetCurrentIrql();
    KeLowerIrql(Saved);
    Same(Inside, Seen(Row->Held[System], max(Irql, Row->Before)), Held);
    Same(Irql, max(Irql, Row->Before), After);
}

static VOID
Irqls(VOID)
{
    HeldAt(Row->Before, "held", "after");
    if (Row->Highest[System] > Row->Before) {
        KIRQL Saved = Before((KIRQL)Row->Highest[System]);

        FormAcquire(Now);
        Same(KeGetCurrentIrql(), Seen(Row->Held[System], (KIRQL)Row->Highest[System]),
             "highest: IRQL while held");
        FormRelease(Now);
        Same(KeGetCurrentIrql(), Row->Highest[System], "highest: IRQL afterwards");
        KeLowerIrql(Saved);
    }
    if (Row->ReleaseAt[System] == 1) {
        KIRQL Saved;

        FormAcquire(Now);
        KeRaiseIrql(DISPATCH_LEVEL, &Saved);
        FormRelease(Now);
        Same(KeGetCurrentIrql(), DISPATCH_LEVEL, "release at: DISPATCH_LEVEL, which stays");
        KeLowerIrql(Saved);
    }
    /* At PASSIVE_LEVEL `after` is exact. */
    Same(KeGetCurrentIrql(), PASSIVE_LEVEL, "after: PASSIVE_LEVEL again");
}

/* APCs that another thread queues while this one runs on. */
static volatile LONG SpecialRan, NormalRan, Wanted, Queued;
static KAPC Special, Normal;
static PKTHREAD Holder;

static VOID NTAPI
KernelRoutine(PKAPC Apc, NORMAL *Routine, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    if (Apc == &Special) {
        SpecialRan++;
    }
}
static VOID NTAPI
NormalRoutine(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    NormalRan++;
}
static VOID NTAPI
QueueApcs(PVOID Context)
{
    while (!Wanted) {
        YieldProcessor();
    }
    KeInitializeApc(&Special, Holder, 0, KernelRoutine, NULL, NULL, KernelMode, NULL);
    KeInitializeApc(&Normal, Holder, 0, KernelRoutine, NULL, NormalRoutine, KernelMode, NULL);
    KeInsertQueueApc(&Special, NULL, NULL, 0);
    KeInsertQueueApc(&Normal, NULL, NULL, 0);
    Queued = 1;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Apcs(VOID)
{
    PVOID Other;
    LONG SpecialInside, NormalInside;
    BOOLEAN Disabled, AllDisabled = FALSE;
    BOOLEAN(NTAPI * All)(VOID) = RoutineAddress("KeAreAllApcsDisabled");
    KIRQL Saved;

    if (KeQueryActiveProcessors() == 1) {
        return; /* nobody could queue while the holder runs at DISPATCH_LEVEL */
    }
    SpecialRan = NormalRan = Wanted = Queued = 0;
    Holder = KeGetCurrentThread();
    Other = StartThread(QueueApcs, NULL);
    Milliseconds(1);
    Saved = Before(Row->Before);
    FormAcquire(Now);
    Disabled = KeAreApcsDisabled();
    if (All != NULL) {
        AllDisabled = All();
    }
    Wanted = 1;
    while (!Queued) {
        YieldProcessor();
    }
    for (ULONG i = 0; i < 50; i++) {
        YieldProcessor();
    }
    SpecialInside = SpecialRan;
    NormalInside = NormalRan;
    FormRelease(Now);
    KeLowerIrql(Saved);
    Same(!SpecialInside, Row->Special[System], "special: blocked while held");
    Same(!NormalInside, Row->Normal[System], "normal: blocked while held");
    Same(SpecialRan, 1, "special: delivered on release");
    Same(NormalRan, 1, "normal: delivered on release");
    if (Row->Disabled[System] >= 0) {
        Same(Disabled, Row->Disabled[System], "disabled");
    }
    if (Row->AllDisabled[System] >= 0) {
        Same(AllDisabled, Row->AllDisabled[System], "all disabled");
    }
    JoinThread(Other);
}

/* The holder once more. */
static VOID
Recursion(VOID)
{
    KIRQL Saved = Before(Row->Before), Inside;

    if (Row->Again[System] == 1) {
        FormAcquire(Now);
        FormAcquire(Now);
        Inside = KeGetCurrentIrql();
        FormRelease(Now);
        FormRelease(Now);
        Same(Inside, Seen(Row->Held[System], Row->Before), "again: granted");
    }
    if (Row->TryAgain[System] >= 0) {
        BOOLEAN Granted;

        FormAcquire(Now);
        Granted = FormTry(Now);
        Inside = KeGetCurrentIrql();
        if (Granted) {
            FormRelease(Now);
        }
        FormRelease(Now);
        Same(Granted, Row->TryAgain[System], "try again");
        Same(Inside, Seen(Row->Held[System], Row->Before), "try again: the IRQL stays");
        Granted = FormTry(Now); /* free: by the same routine it is granted */
        Inside = KeGetCurrentIrql();
        FormRelease(Now);
        Same(Granted, TRUE, "try: a free one is granted");
        Same(Inside, Seen(Row->Held[System], Row->Before), "try: IRQL while held");
        Same(KeGetCurrentIrql(), Row->Before, "try: IRQL afterwards");
    }
    KeLowerIrql(Saved);
}

/* Another thread, while this one holds it. */
static volatile LONG Answer;

static VOID NTAPI
TryIt(PVOID Context)
{
    KIRQL Saved = Before(Row->Before), Refused;
    BOOLEAN Granted = FormTry(Now);

    Refused = KeGetCurrentIrql();
    if (Granted) {
        FormRelease(Now);
    }
    KeLowerIrql(Saved);
    Answer = Granted ? TRUE : Refused == Row->Before ? FALSE : -2; /* a refusal leaves the IRQL */
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
ReleaseIt(PVOID Context)
{
    Answer = 0;
    __try {
        FormRelease(Now);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Answer = GetExceptionCode();
    }
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID NTAPI
AcquireIt(PVOID Context)
{
    FormAcquire(Now);
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static VOID
Others(VOID)
{
    if (Row->TryOther[System] >= 0 && Row->Held[System] <= APC_LEVEL) {
        FormAcquire(Now);
        Answer = -1;
        JoinThread(StartThread(TryIt, NULL));
        Same(Answer, Row->TryOther[System], "try other");
        FormRelease(Now);
    } else if (Row->TryOther[System] >= 0 && KeQueryActiveProcessors() != 1) {
        KIRQL Saved = Before(Row->Before);
        PVOID Thread;

        KeLowerIrql(Saved);
        Answer = -1;
        Thread = StartThread(TryIt, NULL); /* on another processor, while this one holds it */
        Saved = Before(Row->Before);
        FormAcquire(Now);
        while (Answer == -1) {
            YieldProcessor();
        }
        FormRelease(Now);
        KeLowerIrql(Saved);
        Same(Answer, Row->TryOther[System], "try other");
        JoinThread(Thread);
    }
    if (Row->Other[System] >= 0 || Row->Other[System] < -1) {
        FormAcquire(Now);
        JoinThread(StartThread(ReleaseIt, NULL));
        Same(Answer, Row->Other[System], "other");
        if (Answer != 0) {
            FormRelease(Now);
        } else { /* really free now */
            FormAcquire(Now);
            FormRelease(Now);
        }
    }
    if (Row->Unowned[System] >= 0 || Row->Unowned[System] < -1) {
        NTSTATUS Status = STATUS_SUCCESS;

        __try {
            FormRelease(Now);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Status = GetExceptionCode();
        }
        Same(Status, Row->Unowned[System], "unowned");
        Same(KeGetCurrentIrql(), PASSIVE_LEVEL, "unowned: the IRQL stays");
    }
    if (Row->Exit[System] >= 0) {
        JoinThread(StartThread(AcquireIt, NULL));
        if (Row->Exit[System] == 1) {
            LARGE_INTEGER Zero = {.QuadPart = 0};
            NTSTATUS First =
                KeWaitForSingleObject(FormLock(Now), Executive, KernelMode, FALSE, &Zero);

            Same(First, STATUS_ABANDONED, "exit: abandoned, told to the next owner");
            FormRelease(Now);
            First = KeWaitForSingleObject(FormLock(Now), Executive, KernelMode, FALSE, &Zero);
            Same(First, STATUS_SUCCESS, "exit: told once");
            FormRelease(Now);
        } else {
            Same(TRUE, TRUE, "exit: nothing");
            FormRelease(Now);
        }
    }
}

/* Each routine of the table is exported from its first system on, and by no earlier one. */
static VOID
Exports(VOID)
{
    for (Now = 0; Now < RoutineCount; Now++) {
        NtlabCase = Routines[Now].Name;
        Same(RoutineAddress(Routines[Now].Name) != NULL, System >= Routines[Now].Since, "since");
    }
}

static VOID
EachForm(VOID)
{
    for (Now = 0; Now < Forms; Now++) {
        Row = &LockForms[Now];
        NtlabCase = Row->Name;
        if (!FormExists(Now) || !FormInitialize(Now)) {
            continue;
        }
        Irqls();
        Apcs();
        Recursion();
        Others();
        FormDelete(Now);
    }
}

static VOID
LookUp(VOID)
{
    FormsLookUp();
}

TEST_DRIVER(TEST(LookUp), TEST(Exports), TEST(EachForm), TEST(CallEach))
