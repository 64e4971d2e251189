/*
 * attach.c - attaching to processes, and the APCs that wait meanwhile, against a model: a client's thread attaches to another process and to the system's, up to
 * four deep, and back, at PASSIVE_LEVEL and at APC_LEVEL, while kernel APCs for each environment are queued to it and removed; 2000 random steps. After each
 * it is asked which process is current, what of user mode can be read, the IRQL, and which APCs have run, in which process and in which order.
 * [DDI:ntifs/kestackattachprocess, keunstackdetachprocess], [DDI:ntifs/keattachprocess, kedetachprocess]; APCs: nt-semantics 1.1, 1.2, 2.3.
 */
#include "../ntlab-test.h"

#define SEED 3
#include "../draw.h"

typedef VOID(NTAPI *NORMAL)(PVOID, PVOID, PVOID);
typedef VOID(NTAPI *KERNEL)(PKAPC, NORMAL *, PVOID *, PVOID *, PVOID *);
NTKERNELAPI VOID NTAPI KeInitializeApc(PKAPC, PKTHREAD, ULONG, KERNEL, PVOID, NORMAL,
                                       KPROCESSOR_MODE, PVOID);
NTKERNELAPI BOOLEAN NTAPI KeInsertQueueApc(PKAPC, PVOID, PVOID, KPRIORITY);
NTKERNELAPI BOOLEAN NTAPI KeRemoveQueueApc(PKAPC);
NTKERNELAPI VOID NTAPI KeAttachProcess(PKPROCESS Process);
NTKERNELAPI VOID NTAPI KeDetachProcess(VOID);
enum { Original, Attached, Current, Insert };

#define PROCESSES 3 /* its own, another one, the system's */
#define APCS      6
#define DEEP      4
#define STEPS     2000
#define ENTRIES   64

static PKPROCESS Process[PROCESSES];
static volatile ULONG *UserWord;

static struct {
    KAPC Real;
    ULONG Environment; /* the model's */
    BOOLEAN Normal, Queued;
} Apc[APCS];

static struct {
    KAPC_STATE Saved;
    ULONG To;
    BOOLEAN Old; /* by KeAttachProcess */
} Stack[DEEP];

static ULONG Depth, Here;                    /* which process is current */
static ULONG Queue[2][2][APCS], Count[2][2]; /* the model's: environment, special or normal */
static ULONG Got[ENTRIES], Gots, Wanted[ENTRIES], Wanteds;
static BOOLEAN NormalOnes; /* may run */
static struct {
    ULONG Current, Word, Irql, Ran, Returned;
} Wrong;
static ULONG Step;

static ULONG
WhichProcess(VOID)
{
    ULONG i;

    for (i = 0; i < PROCESSES && Process[i] != (PKPROCESS)IoGetCurrentProcess(); i++) {
    }
    return i;
}

/* What ran: which, where, at which IRQL. */
static ULONG
Entry(ULONG i, ULONG Where, KIRQL Irql)
{
    return i << 16 | Where << 8 | Irql;
}

static VOID NTAPI
KernelRoutine(PKAPC Which, NORMAL *Normal, PVOID *Context, PVOID *Argument1, PVOID *Argument2)
{
    Got[Gots++ % ENTRIES] = Entry((ULONG)(ULONG_PTR)*Argument1, WhichProcess(), KeGetCurrentIrql());
}

static VOID NTAPI
NormalRoutine(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    Got[Gots++ % ENTRIES] = Entry((ULONG)(ULONG_PTR)Argument1, WhichProcess(), KeGetCurrentIrql());
}

/* ---- the model ---- */

static ULONG
Index(VOID)
{
    return Depth != 0 ? Attached : Original;
}

static BOOLEAN
Remove(ULONG i)
{
    PULONG At = Queue[Apc[i].Environment][Apc[i].Normal];
    PULONG Left = &Count[Apc[i].Environment][Apc[i].Normal];
    ULONG Kept = 0;

    if (!Apc[i].Queued) {
        return FALSE;
    }
    for (ULONG j = 0; j < *Left; j++) {
        if (At[j] != i) {
            At[Kept++] = At[j];
        }
    }
    *Left = Kept;
    Apc[i].Queued = FALSE;
    return TRUE;
}

/* At PASSIVE_LEVEL: all of the environment that the thread is in. */
static VOID
Deliver(VOID)
{
    for (ULONG Normal = 0; Normal < 1u + NormalOnes; Normal++) {
        while (Count[Index()][Normal] != 0) {
            ULONG i = Queue[Index()][Normal][0];

            Remove(i);
            Wanted[Wanteds++ % ENTRIES] = Entry(i, Here, APC_LEVEL);
            if (Normal) {
                Wanted[Wanteds++ % ENTRIES] = Entry(i, Here, PASSIVE_LEVEL);
            }
        }
    }
}

/* ---- the steps ---- */

static VOID
Initialize(ULONG i)
{
    ULONG Environment = Draw(4);

    Apc[i].Normal = (BOOLEAN)Draw(2);
    Apc[i].Environment = Environment == Current ? Index() : Environment;
    KeInitializeApc(&Apc[i].Real, KeGetCurrentThread(), Environment, KernelRoutine, NULL,
                    Apc[i].Normal ? NormalRoutine : NULL, KernelMode, NULL);
}

static VOID
Put(ULONG i)
{
    BOOLEAN Expected = !Apc[i].Queued;

    if (Expected) {
        if (Apc[i].Environment == Insert) {
            Apc[i].Environment = Index();
        }
        Queue[Apc[i].Environment][Apc[i].Normal][Count[Apc[i].Environment][Apc[i].Normal]++] = i;
        Apc[i].Queued = TRUE;
    }
    Wrong.Returned += KeInsertQueueApc(&Apc[i].Real, (PVOID)(ULONG_PTR)i, NULL, 0) != Expected;
}

/* What is queued for where the thread is keeps it there. */
static BOOLEAN
MayLeave(KIRQL Irql)
{
    return Depth == 0 || (Count[Attached][0] == 0 && Count[Attached][1] == 0) ||
           (Irql == PASSIVE_LEVEL && NormalOnes);
}

static VOID
Attach(KIRQL Irql)
{
    BOOLEAN Old = Depth == 0 && Draw(3) == 0;
    ULONG To = Draw(PROCESSES);

    if (Depth == DEEP || !MayLeave(APC_LEVEL) || (To == Here && Old)) {
        return;
    }
    Stack[Depth].To = To == Here ? PROCESSES : Here; /* to go back to */
    Stack[Depth].Old = Old;
    if (Old) {
        KeAttachProcess(Process[To]);
    } else {
        KeStackAttachProcess(Process[To], &Stack[Depth].Saved);
    }
    if (To == Here) { /* nothing to undo */
        KeUnstackDetachProcess(&Stack[Depth].Saved);
        return;
    }
    Depth++;
    Here = To;
}

static VOID
Detach(KIRQL Irql)
{
    if (Depth == 0) {
        KeDetachProcess(); /* does nothing */
        return;
    }
    if (!MayLeave(Irql)) {
        return;
    }
    Depth--;
    Here = Stack[Depth].To;
    if (Stack[Depth].Old) {
        KeDetachProcess();
    } else {
        KeUnstackDetachProcess(&Stack[Depth].Saved);
    }
}

static BOOLEAN
CanRead(VOID)
{
    __try {
        return *UserWord == 0x12345678;
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        return FALSE;
    }
}

static VOID
Look(KIRQL Irql)
{
    BOOLEAN Same = Gots == Wanteds;

    Wrong.Current += WhichProcess() != Here;
    Wrong.Irql += KeGetCurrentIrql() != Irql;
    if (Here != 1) { /* the other one may have something there, too */
        Wrong.Word += CanRead() != (Here == 0);
    }
    for (ULONG i = 0; i < Gots && i < ENTRIES; i++) {
        Same &= Got[i] == Wanted[i];
    }
    if (!Same) {
        DbgPrintEx(DPFLTR_IHVDRIVER_ID, DPFLTR_ERROR_LEVEL,
                   "ntlab-test: note Model:0 step %u ran %u of %u: %x %x %x, expected %x %x %x\n",
                   Step, Gots, Wanteds, Got[0], Got[1], Got[2], Wanted[0], Wanted[1], Wanted[2]);
    }
    Wrong.Ran += !Same;
    Gots = Wanteds = 0;
}

static VOID
One(KIRQL Irql)
{
    ULONG i = Draw(APCS);

    switch (Draw(8)) {
    case 0:
    case 1:
        if (!Apc[i].Queued) {
            Initialize(i);
        }
        break;
    case 2:
    case 3:
        Put(i);
        break;
    case 4: {
        BOOLEAN Expected = Remove(i);

        Wrong.Returned += KeRemoveQueueApc(&Apc[i].Real) != Expected;
        break;
    }
    case 5:
    case 6:
        Attach(Irql);
        break;
    default:
        Detach(Irql);
    }
}

static VOID
Model(VOID)
{
    NormalOnes = !KeAreApcsDisabled();
    for (ULONG i = 0; i < APCS; i++) {
        Initialize(i);
    }
    for (Step = 0; Step < STEPS; Step++) {
        KIRQL Old = PASSIVE_LEVEL;

        if (Draw(2)) {
            KeRaiseIrql(APC_LEVEL, &Old);
            for (ULONG i = Draw(6); i != 0; i--) {
                One(APC_LEVEL);
            }
            Look(APC_LEVEL);
            KeLowerIrql(Old);
        } else {
            One(PASSIVE_LEVEL);
        }
        Deliver();
        Look(PASSIVE_LEVEL);
    }
    for (ULONG i = 0; i < APCS; i++) {
        Remove(i);
        KeRemoveQueueApc(&Apc[i].Real);
    }
    while (Depth != 0) {
        Detach(PASSIVE_LEVEL);
        Look(PASSIVE_LEVEL);
    }
    EXPECT_EQ(Wrong.Current, 0);
    EXPECT_EQ(Wrong.Word, 0);
    EXPECT_EQ(Wrong.Irql, 0);
    EXPECT_EQ(Wrong.Ran, 0);
    EXPECT_EQ(Wrong.Returned, 0);
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    static const NTLAB_TEST Tests[] = {TEST(Model)};
    PULONG64 Input = Irp->AssociatedIrp.SystemBuffer;

    if (IoGetCurrentIrpStackLocation(Irp)->MajorFunction == IRP_MJ_DEVICE_CONTROL) {
        Process[0] = (PKPROCESS)IoGetCurrentProcess();
        Process[2] = (PKPROCESS)PsInitialSystemProcess;
        EXPECT_STATUS(PsLookupProcessByProcessId((HANDLE)Input[0], (PEPROCESS *)&Process[1]),
                      STATUS_SUCCESS);
        UserWord = (PULONG)Input[1];
        NtlabRun(Tests, RTL_NUMBER_OF(Tests));
        ObDereferenceObject(Process[1]);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = 0;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

static VOID NTAPI
Unload(PDRIVER_OBJECT DriverObject)
{
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\KeAttach");

    IoDeleteSymbolicLink(&Link);
    IoDeleteDevice(DriverObject->DeviceObject);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\Device\\KeAttach");
    UNICODE_STRING Link = RTL_CONSTANT_STRING(L"\\DosDevices\\KeAttach");
    PDEVICE_OBJECT Device;

    DriverObject->MajorFunction[IRP_MJ_CREATE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_CLOSE] = Dispatch;
    DriverObject->MajorFunction[IRP_MJ_DEVICE_CONTROL] = Dispatch;
    DriverObject->DriverUnload = Unload;
    IoCreateDevice(DriverObject, 0, &Name, FILE_DEVICE_UNKNOWN, 0, FALSE, &Device);
    return IoCreateSymbolicLink(&Link, &Name);
}
