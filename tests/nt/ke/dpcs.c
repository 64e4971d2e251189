/*
 * dpcs.c - the queues of DPCs against a model: ten DPCs of every importance, for this processor, for another one and for none, are queued, queued again and removed
 * by a thread that goes from processor to processor, at PASSIVE_LEVEL, at DISPATCH_LEVEL and above; 600 random steps. Asked is what each call returns, and which
 * have run: where, at which IRQL, with what, and, on this processor, in which order.
 * [DDI:wdm/keinsertqueuedpc, keremovequeuedpc, kesetimportancedpc, kesettargetprocessordpcex, keflushqueueddpcs], [K:introduction-to-dpcs, organization-of-dpc-queues]:
 * one of high importance goes to the front, the others to the end; one of low importance does not start the queue. Runs with --cpus 4.
 */
#include "../ntlab-test.h"

#define SEED 17
#include "../draw.h"

NTKERNELAPI KAFFINITY NTAPI KeSetSystemAffinityThreadEx(KAFFINITY);
NTKERNELAPI VOID NTAPI KeRevertToUserAffinityThreadEx(KAFFINITY);

#define DPCS  10
#define CPUS  4
#define STEPS 600

static struct {
    KDPC Real;
    volatile LONG Ran; /* since the last look */
    volatile ULONG Cpu, Order;
    volatile KIRQL Irql;
    PVOID volatile Argument1, Argument2;
    /* The model's. */
    ULONG Importance, Target, Given;
    BOOLEAN Queued, Here;
    LONG Expected;
} Dpc[DPCS];

static ULONG Queue[DPCS], Queued; /* of this processor, in order */
static ULONG Wanted[DPCS], Wanteds;
static volatile LONG Runs;
static ULONG Step, Cpu;
static struct {
    ULONG Returned, Ran, Where, Order;
} Wrong;

static VOID NTAPI
Routine(PKDPC Which, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    ULONG i = (ULONG)(ULONG_PTR)Context;

    Dpc[i].Cpu = KeGetCurrentProcessorNumber();
    Dpc[i].Irql = KeGetCurrentIrql();
    Dpc[i].Argument1 = Argument1;
    Dpc[i].Argument2 = Argument2;
    if (Which == &Dpc[i].Real) {
        Dpc[i].Order = (ULONG)InterlockedIncrement(&Runs);
        InterlockedIncrement(&Dpc[i].Ran);
    }
}

/* ---- the model of this processor's queue ---- */

static VOID
Take(ULONG i)
{
    ULONG Kept = 0;

    for (ULONG j = 0; j < Queued; j++) {
        if (Queue[j] != i) {
            Queue[Kept++] = Queue[j];
        }
    }
    Queued = Kept;
    Dpc[i].Queued = FALSE;
}

static VOID
RunAll(VOID)
{
    while (Queued != 0) {
        ULONG i = Queue[0];

        Take(i);
        Dpc[i].Expected++;
        Wanted[Wanteds++] = i;
    }
}

/* ---- the steps ---- */

/* Only what is in no queue may change. */
static VOID
Change(ULONG i)
{
    static const KDPC_IMPORTANCE Importances[] = {LowImportance, MediumImportance, HighImportance,
                                                  MediumHighImportance};

    if (!Dpc[i].Queued && Dpc[i].Expected == 0) {
        Dpc[i].Importance = Draw(4);
        Dpc[i].Target = Draw(2) ? CPUS : Draw(CPUS);
        KeInitializeDpc(&Dpc[i].Real, Routine, (PVOID)(ULONG_PTR)i);
        if (Dpc[i].Importance != 1) { /* as they begin */
            KeSetImportanceDpc(&Dpc[i].Real, Importances[Dpc[i].Importance]);
        }
        if (Dpc[i].Target != CPUS && Draw(2)) {
            KeSetTargetProcessorDpc(&Dpc[i].Real, (CCHAR)Dpc[i].Target);
        } else if (Dpc[i].Target != CPUS) {
            PROCESSOR_NUMBER Number = {.Number = (UCHAR)Dpc[i].Target};

            Wrong.Returned += KeSetTargetProcessorDpcEx(&Dpc[i].Real, &Number) != STATUS_SUCCESS;
        }
    }
}

/* One for another processor may run at any time: it is queued once in a step. */
static VOID
Put(ULONG i, KIRQL Irql)
{
    BOOLEAN Here = Dpc[i].Target == CPUS || Dpc[i].Target == Cpu, Expected = !Dpc[i].Queued, Got;

    if ((!Here || !Dpc[i].Here) && (Dpc[i].Queued || Dpc[i].Expected != 0)) {
        return;
    }
    if (Expected) {
        Dpc[i].Here = Here;
        Dpc[i].Given = Step * 100 + Draw(100);
        Dpc[i].Queued = TRUE;
        if (!Here) {
            Dpc[i].Expected = 1;
        } else if (Dpc[i].Importance == 2) {
            memmove(&Queue[1], &Queue[0], Queued++ * sizeof(Queue[0]));
            Queue[0] = i;
        } else {
            Queue[Queued++] = i;
        }
    }
    Got = KeInsertQueueDpc(&Dpc[i].Real, (PVOID)(ULONG_PTR)(Expected ? Dpc[i].Given : 1),
                           (PVOID)(ULONG_PTR)i);
    Wrong.Returned += Got != Expected;
    if (Irql < DISPATCH_LEVEL && Here && Dpc[i].Importance != 0) {
        RunAll();
    }
}

static VOID
Remove(ULONG i)
{
    if (Dpc[i].Here || !Dpc[i].Queued) {
        BOOLEAN Expected = Dpc[i].Queued;

        if (Expected) {
            Take(i);
        }
        Wrong.Returned += KeRemoveQueueDpc(&Dpc[i].Real) != Expected;
    }
}

static VOID
One(KIRQL Irql)
{
    ULONG i = Draw(DPCS);

    switch (Draw(5)) {
    case 0:
        Change(i);
        break;
    case 1:
        Remove(i);
        break;
    default:
        Put(i, Irql);
    }
}

/* Everything has run, once. */
static VOID
Look(VOID)
{
    KeFlushQueuedDpcs();
    RunAll();
    for (ULONG i = 0; i < DPCS; i++) {
        Wrong.Ran += Dpc[i].Ran != Dpc[i].Expected;
        if (Dpc[i].Ran != Dpc[i].Expected) {
            DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                       "ntlab-test: note Model:0 step %u DPC %u of importance %u ran %d times, "
                       "expected %d\n",
                       Step, i, Dpc[i].Importance, Dpc[i].Ran, Dpc[i].Expected);
        }
        if (Dpc[i].Ran != 0) {
            Wrong.Where += Dpc[i].Irql != DISPATCH_LEVEL ||
                           Dpc[i].Cpu != (Dpc[i].Target == CPUS ? Cpu : Dpc[i].Target) ||
                           (ULONG_PTR)Dpc[i].Argument1 != Dpc[i].Given ||
                           (ULONG_PTR)Dpc[i].Argument2 != i;
        }
    }
    for (ULONG j = 1; j < Wanteds; j++) {
        if (Dpc[Wanted[j]].Expected == 1 && Dpc[Wanted[j - 1]].Expected == 1) {
            Wrong.Order += Dpc[Wanted[j]].Order < Dpc[Wanted[j - 1]].Order;
        }
    }
    for (ULONG i = 0; i < DPCS; i++) {
        Dpc[i].Ran = Dpc[i].Expected = 0;
        Dpc[i].Queued = Dpc[i].Here = FALSE;
    }
    Wanteds = 0;
}

static VOID
Model(VOID)
{
    PROCESSOR_NUMBER Bad[] = {{0, CPUS, 0}, {1, 0, 0}, {0, 0, 1}};

    for (ULONG i = 0; i < DPCS; i++) {
        KeInitializeDpc(&Dpc[i].Real, Routine, (PVOID)(ULONG_PTR)i);
        Dpc[i].Importance = 1;
        Dpc[i].Target = CPUS;
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(Bad); i++) {
        EXPECT_STATUS(KeSetTargetProcessorDpcEx(&Dpc[0].Real, &Bad[i]), STATUS_INVALID_PARAMETER);
    }
    for (Step = 0; Step < STEPS; Step++) {
        static const KIRQL Levels[] = {PASSIVE_LEVEL, APC_LEVEL, DISPATCH_LEVEL, 5, 12};
        KIRQL Irql = Levels[Draw(5)], Old;

        Cpu = Draw(CPUS);
        KeSetSystemAffinityThreadEx((KAFFINITY)1 << Cpu);
        if (Draw(2)) { /* no more than one is queued at once */
            One(PASSIVE_LEVEL);
        } else {
            KeRaiseIrql(Irql, &Old);
            for (ULONG n = 1 + Draw(7); n != 0; n--) {
                if (Wanteds + Queued < DPCS) {
                    One(Irql);
                }
            }
            KeLowerIrql(Old);
        }
        Look();
    }
    KeRevertToUserAffinityThreadEx(0);
    EXPECT_EQ(Wrong.Returned, 0);
    EXPECT_EQ(Wrong.Ran, 0);
    EXPECT_EQ(Wrong.Where, 0);
    EXPECT_EQ(Wrong.Order, 0);
}

TEST_DRIVER(TEST(Model))
