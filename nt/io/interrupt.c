/*
 * interrupt.c - interrupt objects. There is no hardware, so no service routine is called on its own; what
 * drivers synchronise with one works. [wdm: IoConnectInterrupt, KeSynchronizeExecution]
 */
#include "nt/io/iop.h"

struct _KINTERRUPT {
    CSHORT Type;
    CSHORT Size;
    LIST_ENTRY InterruptListEntry;
    PKSERVICE_ROUTINE ServiceRoutine;
    PVOID ServiceContext;
    KSPIN_LOCK SpinLock;
    PKSPIN_LOCK ActualLock;
    ULONG Vector;
    KIRQL Irql;
    KIRQL SynchronizeIrql;
    BOOLEAN ShareVector;
    BOOLEAN Connected;
};

NTSTATUS NTAPI
IoConnectInterrupt(PKINTERRUPT *InterruptObject, PKSERVICE_ROUTINE ServiceRoutine,
                   PVOID ServiceContext, PKSPIN_LOCK SpinLock, ULONG Vector, KIRQL Irql,
                   KIRQL SynchronizeIrql, KINTERRUPT_MODE InterruptMode, BOOLEAN ShareVector,
                   KAFFINITY ProcessorEnableMask, BOOLEAN FloatingSave)
{
    PKINTERRUPT Interrupt;

    *InterruptObject = NULL;
    if (ProcessorEnableMask == 0 || SynchronizeIrql < Irql) {
        return STATUS_INVALID_PARAMETER;
    }
    Interrupt = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Interrupt), 'tnIK');
    if (Interrupt == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    RtlZeroMemory(Interrupt, sizeof(*Interrupt));
    Interrupt->Type = IO_TYPE_INTERRUPT;
    Interrupt->Size = sizeof(*Interrupt);
    Interrupt->ServiceRoutine = ServiceRoutine;
    Interrupt->ServiceContext = ServiceContext;
    KeInitializeSpinLock(&Interrupt->SpinLock);
    Interrupt->ActualLock = SpinLock != NULL ? SpinLock : &Interrupt->SpinLock;
    Interrupt->Vector = Vector;
    Interrupt->Irql = Irql;
    Interrupt->SynchronizeIrql = SynchronizeIrql;
    Interrupt->ShareVector = ShareVector;
    Interrupt->Connected = TRUE;
    *InterruptObject = Interrupt;
    return STATUS_SUCCESS;
}

VOID NTAPI
IoDisconnectInterrupt(PKINTERRUPT InterruptObject)
{
    ExFreePoolWithTag(InterruptObject, 'tnIK');
}

/* Line and message based connections need interrupt resources, and no device here has any. */
NTSTATUS NTAPI
IoConnectInterruptEx(PIO_CONNECT_INTERRUPT_PARAMETERS Parameters)
{
    PIO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS Full = &Parameters->FullySpecified;

    switch (Parameters->Version) {
    case CONNECT_FULLY_SPECIFIED:
    case CONNECT_FULLY_SPECIFIED_GROUP:
        return IoConnectInterrupt(Full->InterruptObject, Full->ServiceRoutine, Full->ServiceContext,
                                  Full->SpinLock, Full->Vector, Full->Irql, Full->SynchronizeIrql,
                                  Full->InterruptMode, Full->ShareVector, Full->ProcessorEnableMask,
                                  Full->FloatingSave);
    case CONNECT_LINE_BASED:
    case CONNECT_MESSAGE_BASED:
        return STATUS_NOT_FOUND;
    }
    Parameters->Version = CONNECT_FULLY_SPECIFIED_GROUP;
    return STATUS_NOT_SUPPORTED;
}

VOID NTAPI
IoDisconnectInterruptEx(PIO_DISCONNECT_INTERRUPT_PARAMETERS Parameters)
{
    IoDisconnectInterrupt(Parameters->ConnectionContext.InterruptObject);
}

KIRQL NTAPI
KeAcquireInterruptSpinLock(PKINTERRUPT Interrupt)
{
    KIRQL OldIrql = KfRaiseIrql(Interrupt->SynchronizeIrql);

    KeAcquireSpinLockAtDpcLevel(Interrupt->ActualLock);
    return OldIrql;
}

VOID NTAPI
KeReleaseInterruptSpinLock(PKINTERRUPT Interrupt, KIRQL OldIrql)
{
    KeReleaseSpinLockFromDpcLevel(Interrupt->ActualLock);
    KeLowerIrql(OldIrql);
}

BOOLEAN NTAPI
KeSynchronizeExecution(PKINTERRUPT Interrupt, PKSYNCHRONIZE_ROUTINE SynchronizeRoutine,
                       PVOID SynchronizeContext)
{
    KIRQL OldIrql = KeAcquireInterruptSpinLock(Interrupt);
    BOOLEAN Result = SynchronizeRoutine(SynchronizeContext);

    KeReleaseInterruptSpinLock(Interrupt, OldIrql);
    return Result;
}
