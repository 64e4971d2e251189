/*
 * outputs.c - what a driver gives to user mode: random answers, against a model of each byte of them.
 *
 * An answer goes through the system buffer, an MDL or a copy, out of the pool or the stack. Some bytes of it were never written, and some are an address of
 * the kernel, which the program may have sent itself. The first of both that stands in it is told. `judged: ROUTINE RULE`: judged.py.
 * [wdm: "Failure to Initialize Output Buffers", "Errors in Handling Kernel Addresses"; docs/rules: PoolUninitialized, StackUninitialized, KernelAddress]
 */
#include <ntifs.h>
#include "numbered.h"
#include "outputs.h"
#define DEVICE L"JudgedOutputs"
#include "judged.h"

static ULONG64 Known, Unknown; /* addresses of these two */
static ULONG Reads;            /* which request the next read is */

static inline __attribute__((always_inline)) VOID
Write(const CASE *This, PUCHAR Answer)
{
    for (ULONG i = This->From; i < This->To; i++) {
        *(volatile UCHAR *)&Answer[i] = 0x11;
    }
    if (This->Address != NOWHERE) {
        *(volatile ULONG64 UNALIGNED *)&Answer[This->Address] =
            (ULONG64)(This->Other ? &Unknown : &Known);
    }
}

static inline __attribute__((always_inline)) NTSTATUS
Act(const CASE *This, PIRP Irp)
{
    struct {
        UCHAR Answer[MOST];
        UCHAR Above[512]; /* what called us has left something there */
    } Local;
    PUCHAR Pool;

    __asm__ volatile("" : : "r"(&Local) : "memory");
    switch (This->Kind) {
    case BUFFERED:
    case READS:
        Write(This, Irp->AssociatedIrp.SystemBuffer);
        break;
    case DIRECT:
        Write(This, MmGetSystemAddressForMdlSafe(Irp->MdlAddress, NormalPagePriority));
        break;
    case FROM_POOL:
        Pool = ExAllocatePoolWithTag(NonPagedPoolNx, MOST, 'tuoJ');
        Write(This, Pool);
        RtlCopyMemory(Irp->UserBuffer, Pool, This->Given);
        ExFreePoolWithTag(Pool, 'tuoJ');
        break;
    case FROM_STACK:
        Write(This, Local.Answer);
        RtlCopyMemory(Irp->UserBuffer, Local.Answer, This->Given);
        break;
    }
    Irp->IoStatus.Status = STATUS_SUCCESS;
    Irp->IoStatus.Information = This->Given;
    IoCompleteRequest(Irp, IO_NO_INCREMENT);
    return STATUS_SUCCESS;
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static NTSTATUS O##n(PIRP Irp)                                       \
    {                                                                                              \
        return Act(&Case[1##n - 100], Irp);                                                        \
    }
#define NAME(n) {"O" #n, O##n},
#define ALL(x)  x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9)
ALL(TEN)
static const struct {
    const char *Name;
    NTSTATUS (*Routine)(PIRP Irp);
} Routines[REQUESTS] = {ALL(NAMES)};

/* ---- the model ---- */

static BOOLEAN
IsWritten(const CASE *This, ULONG Byte)
{
    return Byte < This->Input || This->Kind == DIRECT || (Byte >= This->From && Byte < This->To) ||
           (This->Address != NOWHERE && Byte - This->Address < 8);
}

static VOID
Judge(ULONG Number)
{
    static BOOLEAN Sent;
    const CASE *This = &Case[Number];

    Sent |= This->Sent != NOWHERE;
    if (This->Given < 8 && (This->Kind == FROM_POOL || This->Kind == FROM_STACK)) {
        return; /* a word says nothing */
    }
    for (ULONG i = 0; i + 4 <= This->Given; i += 4) {
        if (!IsWritten(This, i) && !IsWritten(This, i + 1) && !IsWritten(This, i + 2) &&
            !IsWritten(This, i + 3)) {
            DbgPrint("judged: %s %s\n", Routines[Number].Name,
                     This->Kind == FROM_STACK ? "StackUninitialized" : "PoolUninitialized");
            return;
        }
        if (This->Address != NOWHERE && i == This->Address + 4u && (This->Other || !Sent)) {
            DbgPrint("judged: %s KernelAddress\n", Routines[Number].Name);
            return;
        }
    }
}

static NTSTATUS NTAPI
Dispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
    PIO_STACK_LOCATION Stack = IoGetCurrentIrpStackLocation(Irp);
    ULONG Number = NumberOf(Stack);

    if (Stack->MajorFunction == IRP_MJ_READ) {
        while (Case[Reads].Kind != READS) {
            Reads++;
        }
        Number = Reads++;
    }
    if (Number < REQUESTS) {
        SayWhetherLast(Number);
        return Routines[Number].Routine(Irp);
    }
    return Complete(Irp);
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    NTSTATUS Status;

    MakeUp();
    for (ULONG i = 0; i < REQUESTS; i++) {
        Judge(i); /* here: what a call leaves on the stack is not what was never written */
    }
    Status = MakeDevice(Driver, Dispatch, DeleteDevice);
    Device->Flags |= DO_BUFFERED_IO;
    return Status;
}
