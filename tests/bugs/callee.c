/*
 * callee.c - mistakes of drivers that are made to be attacked, one for each CASE: what is called or used was never written, what a __try
 * hides, what is kept after it was freed. In each of them a __try around the user's buffer takes the fault for the user's.
 */
#include "bug.h"

#define TAG   'eelC'
#define MAGIC 0xBAD0B0B0u
#define WORDS 64

typedef VOID (*CALLBACK)(VOID);

typedef struct _CALLEE {
    ULONG Value;
    CALLBACK Callback;
    ULONG Data[12];
} CALLEE, *PCALLEE;

static volatile ULONG Sink;
static PCALLEE volatile Kept;
static BOOLEAN Alive;
static FAST_MUTEX Mutex;

static VOID
Called(VOID)
{
    Sink++;
}

/* At PASSIVE_LEVEL, the user's address; the caller has a __try. */
static NTSTATUS
Use(PULONG User, ULONG Length)
{
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Words[WORDS], Word;
    PCALLEE Callee;
    CALLEE Own;

    (VOID) Words, (VOID)Word, (VOID)Callee, (VOID)Own;
#if EITHER(1140)
    /* A variable that is set on one way only. */
    ProbeForRead(User, sizeof(Own), 1);
    if (!HAS(1140)) {
        RtlZeroMemory(&Own, sizeof(Own));
    }
    if (*User == MAGIC) {
        Own.Value = MAGIC;
        Own.Callback = Called;
    }
    if (Own.Callback != NULL) {
        Own.Callback(); /* BUG(1140) */
    }
#elif EITHER(1141)
    /* The same of pool; and what is freed is freed whatever happens. */
    Callee = ExAllocatePoolWithTag(PagedPool, sizeof(*Callee), TAG);
    if (Callee == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    __try {
        ProbeForRead(User, sizeof(*Callee), 1);
        if (!HAS(1141)) {
            Callee->Callback = NULL;
        }
        if (*User == MAGIC) {
            Callee->Callback = Called;
        }
        if (Callee->Callback != NULL) {
            Callee->Callback(); /* BUG(1141) */
        }
    } __finally {
        ExFreePoolWithTag(Callee, TAG);
    }
#elif EITHER(1142)
    /* The probe raises, and the block is nobody's. */
    if (!HAS(1142)) {
        ProbeForRead(User, sizeof(*Callee), 1);
        Word = *User;
    }
    Callee = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Callee), TAG); /* BUG(1142) */
    if (Callee == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    if (HAS(1142)) {
        ProbeForRead(User, sizeof(*Callee), 1);
        Word = *User;
    }
    Callee->Value = Word;
    Sink = Callee->Value;
    ExFreePoolWithTag(Callee, TAG);
#elif EITHER(1143)
    /* Three requests: make it, use it, free it; and the pointer stays. */
    ProbeForRead(User, sizeof(*User), 1);
    Word = *User % 3;
    ExAcquireFastMutex(&Mutex);
    if (Word == 0 && !Alive) {
        Kept = ExAllocatePoolWithTag(NonPagedPoolNx, sizeof(*Kept), TAG);
        if (Kept != NULL) {
            Kept->Callback = Called;
            Alive = TRUE;
        }
    } else if (Word == 1 && Kept != NULL) {
        Kept->Callback();
    } else if (Word == 2 && Kept != NULL) {
        ExFreePoolWithTag((PVOID)Kept, TAG); /* BUG(1143) */
        Alive = FALSE;
        if (!HAS(1143)) {
            Kept = NULL;
        }
    }
    ExReleaseFastMutex(&Mutex);
#elif EITHER(1144)
    /* Looked at, and fetched once more. */
    ProbeForRead(User, Length, 1);
    for (ULONG Count = 0; Count < Length / sizeof(ULONG) && Count < WORDS; Count++) {
        Word = ((volatile ULONG *)User)[Count];
        if (Word == MAGIC) {
            break;
        }
        Words[Count] = HAS(1144) ? ((volatile ULONG *)User)[Count] : Word; /* BUG(1144) */
        Sink += Words[Count];
    }
#elif EITHER(1145)
    /* A count of elements, whose bytes do not fit into 32 bits. */
    ProbeForRead(User, sizeof(*User), 1);
    Word = *(volatile ULONG *)User;
    if (!HAS(1145) && Word > WORDS) {
        return STATUS_INVALID_PARAMETER;
    }
    Callee = ExAllocatePoolWithTag(NonPagedPoolNx,
                                   (ULONG)sizeof(*Callee) + Word * (ULONG)sizeof(ULONG), TAG);
    if (Callee == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (ULONG Count = 0; Count < Word; Count++) {
        ((volatile ULONG *)(Callee + 1))[Count] = Count; /* BUG(1145) */
    }
    ExFreePoolWithTag(Callee, TAG);
#endif
    return Status;
}

static NTSTATUS
BugRequest(PDEVICE_OBJECT Device, PIRP Irp, PIO_STACK_LOCATION Stack)
{
    PVOID User = Stack->Parameters.DeviceIoControl.Type3InputBuffer;
    NTSTATUS Status;

    if (Stack->MajorFunction != IRP_MJ_DEVICE_CONTROL ||
        Stack->Parameters.DeviceIoControl.IoControlCode != BUG_NEITHER || User == NULL) {
        return BugFinish(Irp, STATUS_INVALID_DEVICE_REQUEST, 0);
    }
    __try {
        Status = Use(User, Stack->Parameters.DeviceIoControl.InputBufferLength);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    return BugFinish(Irp, Status, 0);
}

static NTSTATUS
BugStart(PDRIVER_OBJECT Driver)
{
    ExInitializeFastMutex(&Mutex);
    return STATUS_SUCCESS;
}

static VOID
BugStop(VOID)
{
    if (Alive) {
        ExFreePoolWithTag((PVOID)Kept, TAG);
    }
}
