/*
 * query.c - questions that drivers ask about the current thread, a request or the system.
 */
#include "nt/io/iop.h"

VOID NTAPI
IoGetStackLimits(PULONG_PTR LowLimit, PULONG_PTR HighLimit)
{
    PKTHREAD Thread = KiThread();
    ULONG_PTR Here = (ULONG_PTR)&Thread;

    *LowLimit = (ULONG_PTR)Thread->StackLimit;
    *HighLimit = (ULONG_PTR)Thread->StackBase;
    if (Here < *LowLimit || Here >= *HighLimit) { /* a DPC's stack, or an expanded one */
        *LowLimit = Machine->stack_low;
        *HighLimit = Machine->stack_high;
    }
}

LOGICAL NTAPI
IoWithinStackLimits(ULONG_PTR RegionStart, SIZE_T RegionSize)
{
    ULONG_PTR Low, High;

    IoGetStackLimits(&Low, &High);
    return RegionStart >= Low && RegionStart + RegionSize <= High &&
           RegionStart + RegionSize >= RegionStart;
}

#undef IoGetRemainingStackSize
ULONG_PTR NTAPI
IoGetRemainingStackSize(VOID)
{
    ULONG_PTR Low, High;

    IoGetStackLimits(&Low, &High);
    return (ULONG_PTR)&Low - Low;
}

PVOID NTAPI
IoGetInitialStack(VOID)
{
    return KiThread()->InitialStack;
}

BOOLEAN NTAPI
IoIsSystemThread(PETHREAD Thread)
{
    return Thread->Tcb.SystemThread;
}

PIRP NTAPI
IoGetTopLevelIrp(VOID)
{
    return KiThread()->TopLevelIrp;
}

VOID NTAPI
IoSetTopLevelIrp(PIRP Irp)
{
    KiThread()->TopLevelIrp = Irp;
}

PEPROCESS NTAPI
IoGetRequestorProcess(PIRP Irp)
{
    PETHREAD Thread = Irp->Tail.Overlay.Thread;

    return Thread == NULL ? NULL
           : Irp->ApcEnvironment == AttachedApcEnvironment && &Thread->Tcb == KiThread()
               ? PspCurrentProcess()
               : PspThreadsProcess(Thread);
}

ULONG NTAPI
IoGetRequestorProcessId(PIRP Irp)
{
    PEPROCESS Process = IoGetRequestorProcess(Irp);

    return Process != NULL ? HandleToULong(Process->UniqueProcessId) : 0;
}

NTSTATUS NTAPI
IoGetRequestorSessionId(PIRP Irp, PULONG pSessionId)
{
    PEPROCESS Process = IoGetRequestorProcess(Irp);

    if (Process == NULL) {
        *pSessionId = (ULONG)-1;
        return STATUS_UNSUCCESSFUL;
    }
    *pSessionId = PsGetProcessSessionId(Process);
    return STATUS_SUCCESS;
}

/* [wdm: IoIsOperationSynchronous] Paging I/O by its flag; else the handle or the service is synchronous. */
BOOLEAN NTAPI
IoIsOperationSynchronous(PIRP Irp)
{
    PFILE_OBJECT FileObject = IoGetCurrentIrpStackLocation(Irp)->FileObject;

    if (Irp->Flags & IRP_PAGING_IO) {
        return (Irp->Flags & IRP_SYNCHRONOUS_PAGING_IO) != 0;
    }
    return (FileObject != NULL && IopIsSynchronousFile(FileObject)) ||
           (Irp->Flags & IRP_SYNCHRONOUS_API);
}

PCONFIGURATION_INFORMATION NTAPI
IoGetConfigurationInformation(VOID)
{
    return &IopConfiguration;
}

/* [wdm] 1.30 is Windows XP; a driver that asks for more than the system is gets FALSE. */
BOOLEAN NTAPI
IoIsWdmVersionAvailable(UCHAR MajorVersion, UCHAR MinorVersion)
{
    UCHAR Have = KiVersion->MajorVersion >= 6 ? 0x60 : 0x30;

    return MajorVersion < 1 || (MajorVersion == 1 && MinorVersion <= Have);
}

NTSTATUS NTAPI
IoCheckDesiredAccess(PACCESS_MASK DesiredAccess, ACCESS_MASK GrantedAccess)
{
    RtlMapGenericMask(DesiredAccess, &IopFileMapping);
    return (*DesiredAccess & ~GrantedAccess) == 0 ? STATUS_SUCCESS : STATUS_ACCESS_DENIED;
}

/* [ntifs] The page says: hardware errors of a removable device, or a volume to verify. */
VOID NTAPI
IoSetHardErrorOrVerifyDevice(PIRP Irp, PDEVICE_OBJECT DeviceObject)
{
    PETHREAD Thread = Irp->Tail.Overlay.Thread;

    if (Thread != NULL) {
        Thread->DeviceToVerify = DeviceObject;
    }
}

PDEVICE_OBJECT NTAPI
IoGetDeviceToVerify(PETHREAD Thread)
{
    return Thread->DeviceToVerify;
}

VOID NTAPI
IoSetDeviceToVerify(PETHREAD Thread, PDEVICE_OBJECT DeviceObject)
{
    Thread->DeviceToVerify = DeviceObject;
}

IO_PAGING_PRIORITY FASTCALL
IoGetPagingIoPriority(PIRP Irp)
{
    return Irp->Flags & IRP_PAGING_IO ? IoPagingPriorityNormal : IoPagingPriorityInvalid;
}

VOID NTAPI
IoAcquireVpbSpinLock(PKIRQL Irql)
{
    KeAcquireSpinLock(&IopVpbLock, Irql);
}

VOID NTAPI
IoReleaseVpbSpinLock(KIRQL Irql)
{
    KeReleaseSpinLock(&IopVpbLock, Irql);
}
