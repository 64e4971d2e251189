/*
 * memory.c - bugs of memory.
 */
#include "bug.h"

#define TAG 'meMB'

static PUCHAR volatile Kept;
static volatile UCHAR Seen;
static KDPC Dpc;
static KTIMER *volatile Left;

typedef struct _ANSWER {
    ULONG Version;
    ULONG Flags;
    ULONG64 Value;
    PVOID Cookie;
} ANSWER, *PANSWER;

static VOID NTAPI
Nothing(PKDPC Unused, PVOID Context, PVOID Argument1, PVOID Argument2)
{
}

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    KeInitializeDpc(&Dpc, Nothing, NULL);
#if EITHER(130)
    /* A buffer that is allocated at start and forgotten in the unload routine. */
    Kept = ExAllocatePoolWithTag(PagedPool, 100, TAG); /* BUG(130) */
#endif
    return STATUS_SUCCESS;
}

static VOID
BugStop(VOID)
{
#if CASE == 630
    if (Kept != NULL) {
        ExFreePoolWithTag(Kept, TAG);
    }
#endif
}

static DECLSPEC_NOINLINE VOID
Copy(PUCHAR To, const UCHAR *From, ULONG Bytes)
{
    for (ULONG i = 0; i < Bytes; i++) {
        To[i] = From[i]; /* BUG(131) */
    }
}

#if EITHER(142)
static DECLSPEC_NOINLINE VOID
StartTimer(VOID)
{
    LARGE_INTEGER Late = {.QuadPart = -10000000};
    KTIMER Timer;

    KeInitializeTimer(&Timer);
    KeSetTimer(&Timer, Late, &Dpc); /* BUG(142) */
    if (!HAS(142)) {
        KeCancelTimer(&Timer);
    }
}
#endif

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PUCHAR Buffer = Irp->AssociatedIrp.SystemBuffer;
    ULONG Input = Stack->Parameters.DeviceIoControl.InputBufferLength;
    ULONG Output = Stack->Parameters.DeviceIoControl.OutputBufferLength;
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG_PTR Information = 0;
    PUCHAR Block;
    PMDL Mdl;

    (VOID) Input, (VOID)Output, (VOID)Buffer, (VOID)Block, (VOID)Mdl, (VOID)Seen, (VOID)Left;
    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL ||
        Stack->Parameters.DeviceIoControl.IoControlCode != BUG_BUFFERED || Buffer == NULL) {
        return BugFinish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
#if EITHER(130)
#elif EITHER(131)
    /* The length of the input is trusted for a buffer of a fixed size. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 48, TAG);
    if (Block != NULL) {
        Copy(Block, Buffer, HAS(131) ? Input : min(Input, 48));
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(132)
    /* A terminating zero is written behind the end. */
    Block = ExAllocatePoolWithTag(PagedPool, HAS(132) ? Input : Input + 1, TAG);
    if (Block != NULL) {
        RtlCopyMemory(Block, Buffer, Input);
        Block[Input] = 0; /* BUG(132) */
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(133)
    /* Freed, and looked at once more for a log line. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 32, TAG);
    if (Block != NULL) {
        Block[4] = 1;
        if (!HAS(133)) {
            Seen = Block[4];
        }
        ExFreePoolWithTag(Block, TAG);
        if (HAS(133)) {
            Seen = ((volatile UCHAR *)Block)[4]; /* BUG(133) */
        }
    }
#elif EITHER(134)
    /* Two error labels free the same block. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 32, TAG);
    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG);
        if (HAS(134)) {
            ExFreePoolWithTag(Block, TAG); /* BUG(134) */
        }
    }
#elif EITHER(135)
    /* Freed with the tag of another file. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 32, TAG);
    if (Block != NULL) {
        ExFreePoolWithTag(Block, HAS(135) ? 'rehO' : TAG); /* BUG(135) */
    }
#elif EITHER(136)
    /* An index of -1. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 32, TAG); /* BUG(136) */
    if (Block != NULL) {
        ((volatile UCHAR *)Block)[HAS(136) ? -1 : 0] = 1;
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(137)
    /* A pointer that was moved forward is freed. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
    if (Block != NULL) {
        ExFreePoolWithTag(Block + (HAS(137) ? 16 : 0), TAG); /* BUG(137) */
    }
#elif EITHER(138)
    /* The whole structure is given back, and only two of its fields are set. */
    if (Output >= sizeof(ANSWER)) {
        PANSWER Answer = (PANSWER)Buffer;

        if (!HAS(138)) {
            RtlZeroMemory(Answer, sizeof(*Answer));
        }
        Answer->Version = 1;
        Answer->Value = 2;
        Information = sizeof(*Answer);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(138) */
    return STATUS_SUCCESS;
#elif EITHER(139)
    /* The address of an object serves as a cookie for the user. */
    if (Output >= sizeof(PVOID)) {
        *(PVOID *)Buffer = HAS(139) ? (PVOID)Device : (PVOID)1;
        Information = sizeof(PVOID);
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = Information;
    IoCompleteRequest(Irp, IO_NO_INCREMENT); /* BUG(139) */
    return STATUS_SUCCESS;
#elif EITHER(140)
    /* An MDL is not freed. */
    Block = ExAllocatePoolWithTag(NonPagedPoolNx, 64, TAG);
    if (Block != NULL) {
        Mdl = IoAllocateMdl(Block, 64, FALSE, FALSE, NULL); /* BUG(140) */
        if (Mdl != NULL) {
            MmBuildMdlForNonPagedPool(Mdl);
            if (!HAS(140)) {
                IoFreeMdl(Mdl);
            }
        }
        ExFreePoolWithTag(Block, TAG);
    }
#elif EITHER(141)
    /* Pages are unlocked by the error path and by the end. */
    Block = ExAllocatePoolWithTag(PagedPool, 64, TAG);
    Mdl = Block != NULL ? IoAllocateMdl(Block, 64, FALSE, FALSE, NULL) : NULL;
    if (Mdl == NULL) {
        if (Block != NULL) {
            ExFreePoolWithTag(Block, TAG);
        }
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    MmProbeAndLockPages(Mdl, KernelMode, IoModifyAccess);
    MmUnlockPages(Mdl);
    if (HAS(141)) {
        MmUnlockPages(Mdl); /* BUG(141) */
    }
    IoFreeMdl(Mdl);
    ExFreePoolWithTag(Block, TAG);
#elif EITHER(142)
    /* A timer on the stack of a function that returns while it is set. */
    StartTimer();
#elif EITHER(143)
    /* An MDL is freed while its pages are locked. */
    Block = ExAllocatePoolWithTag(PagedPool, 64, TAG);
    Mdl = Block != NULL ? IoAllocateMdl(Block, 64, FALSE, FALSE, NULL) : NULL;
    if (Mdl == NULL) {
        if (Block != NULL) {
            ExFreePoolWithTag(Block, TAG);
        }
        return BugFinish(Irp, STATUS_INSUFFICIENT_RESOURCES, 0);
    }
    MmProbeAndLockPages(Mdl, KernelMode, IoModifyAccess);
    if (!HAS(143)) {
        MmUnlockPages(Mdl);
    }
    IoFreeMdl(Mdl); /* BUG(143) */
    ExFreePoolWithTag(Block, TAG);
#elif EITHER(144)
    /* An array of structures, whose count comes from the user and is off by one. */
    PANSWER Answers = ExAllocatePoolWithTag(NonPagedPoolNx, 3 * sizeof(ANSWER), TAG);

    if (Answers != NULL) {
        for (ULONG i = 0; HAS(144) ? i <= 3 : i < 3; i++) {
            Answers[i].Value = i; /* BUG(144) */
        }
        ExFreePoolWithTag(Answers, TAG);
    }
#elif EITHER(145)
    /* An entry is freed and then unlinked from its list. */
    PLIST_ENTRY Entry = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(LIST_ENTRY), TAG);
    LIST_ENTRY Head;

    InitializeListHead(&Head);
    if (Entry != NULL) {
        InsertTailList(&Head, Entry);
        if (HAS(145)) {
            ExFreePoolWithTag(Entry, TAG);
        }
        RemoveEntryList(Entry); /* NOLINE(145): inlined from the DDK's header */
        if (!HAS(145)) {
            ExFreePoolWithTag(Entry, TAG);
        }
    }
#else
#error no such case
#endif
    return BugFinish(Irp, Status, Information);
}
