/*
 * iop.h - the I/O manager's own header.
 *
 * nt/io owns driver, device and file objects, IRPs and completion ports, and every system service on
 * files. It knows handles and names through nt/inc/ob.h only, pages through MDLs only, and what a file
 * contains not at all: that is a driver's business, even for the drivers in the box.
 *
 *     driver.c reinit.c      service key to DriverEntry, unload, deferred unload
 *     device.c attach.c      device objects, their stacks and references
 *     create.c file.c        the open path (IopParseDevice), file objects, cleanup and close
 *     irp.c build.c call.c   IRPs: memory, the makers of them, down and up a stack
 *     complete.c tail.c      stage 2 of completion; the end that all services share
 *     cancel.c csq.c         cancellation, thread rundown, cancel-safe queues
 *     rw.c devctl.c info.c volume.c directory.c lock.c ea.c flush.c   one service family each
 *     iocp.c                 completion ports
 *     startio.c devqueue.c remlock.c workitem.c mdl.c timer.c shutdown.c symlink.c share.c
 *     harderror.c            what users are told
 *     fsreg.c                file-system registration, volume parameter blocks, mounting
 *     reparse.c              a create that met a reparse point
 *     paging.c source.c      paging I/O, and whether an image's file is the host's, for nt/mm
 *     ramdisk.c recognizer.c the disks of C: and D:, and who loads their file system
 *     pnp.c interface.c power.c wmi.c etw.c interrupt.c errlog.c      what drivers register with
 *     nulldev.c console.c hostfs.c npfs.c rawfs.c rootbus.c           drivers in the box
 *
 * Locks: one carrier runs all processors and can leave kernel code only at a schedule point, an IRQL
 * change, a fault or a call-out. Between those nothing interleaves, so the lists of this component are
 * changed without locks (rule L1); the locks that drivers can see (cancel, VPB, device queues, the file
 * object's) are real.
 */
#ifndef NT_IO_IOP_H
#define NT_IO_IOP_H

#include "nt/inc/ke.h"
#include "nt/inc/ps.h"
#include "nt/inc/ob.h"
#include "nt/inc/ex.h"
#include "nt/inc/mm.h"
#include "nt/inc/se.h"
#include "nt/inc/cm.h"
#include "nt/inc/io.h"
#include "nt/inc/ecp.h"

C_ASSERT(sizeof(IRP) == 0xd0);
C_ASSERT(sizeof(IO_STACK_LOCATION) == 0x48);
C_ASSERT(sizeof(FILE_OBJECT) == 0xd8);
C_ASSERT(sizeof(DRIVER_OBJECT) == 0x150);
C_ASSERT(FIELD_OFFSET(IO_STACK_LOCATION, Parameters.DeviceIoControl.IoControlCode) == 0x18);
C_ASSERT(FIELD_OFFSET(DEVICE_OBJECT, DeviceObjectExtension) == 0x138);

/* Microsoft's DEVICE_OBJECT is aligned to 16 bytes; the DDK header's is not. */
#define IOP_DEVICE_OBJECT_SIZE 0x150

#define TAG_IRP      ' prI'
#define TAG_IOBUFFER '  oI'
#define TAG_IONAME   'mNoI'
#define TAG_IODEVICE 'eDoI'
#define TAG_IODRIVER 'rDoI'
#define TAG_IOFILE   'iFoI'

/* DEVOBJ_EXTENSION as it is behind every device object; offsets are those that debuggers show. */
typedef struct _IOP_DEVICE_EXTENSION {
    CSHORT Type;
    USHORT Size;
    PDEVICE_OBJECT DeviceObject;
    ULONG PowerFlags;
    PVOID Dope;
    ULONG ExtensionFlags; /* DOE_... */
    PVOID DeviceNode;     /* PIOP_DEVICE_NODE */
    PDEVICE_OBJECT AttachedTo;
    LONG StartIoCount;
    LONG StartIoKey;
    ULONG StartIoFlags;
    PVPB Vpb;
    /* ntlab's own */
    BOOLEAN Deleted; /* IoDeleteDevice was called */
    ULONG InterfaceCount;
    SYSTEM_POWER_STATE SystemState;
    DEVICE_POWER_STATE DeviceState;
} IOP_DEVICE_EXTENSION, *PIOP_DEVICE_EXTENSION;

#define DOE_UNLOAD_PENDING          0x001
#define DOE_DELETE_PENDING          0x002
#define DOE_REMOVE_PENDING          0x004
#define DOE_REMOVE_PROCESSED        0x008
#define DOE_STARTIO_REQUESTED       0x020
#define DOE_STARTIO_REQUESTED_BYKEY 0x040
#define DOE_STARTIO_CANCELABLE      0x080
#define DOE_STARTIO_DEFERRED        0x100
#define DOE_STARTIO_NO_CANCEL       0x200
#define DOE_PASSES                  0x10000 /* ntlab's own: it stands in a stack and changes nothing (source.c) */

FORCEINLINE PIOP_DEVICE_EXTENSION
IopExtension(PDEVICE_OBJECT DeviceObject)
{
    return (PIOP_DEVICE_EXTENSION)DeviceObject->DeviceObjectExtension;
}

typedef struct _IOP_CLIENT_EXTENSION {
    struct _IOP_CLIENT_EXTENSION *Next;
    PVOID Id;
    DECLSPEC_ALIGN(16) UCHAR Body[];
} IOP_CLIENT_EXTENSION, *PIOP_CLIENT_EXTENSION;

typedef struct _IOP_REINIT {
    LIST_ENTRY Links;
    PDRIVER_OBJECT DriverObject;
    PDRIVER_REINITIALIZE Routine;
    PVOID Context;
} IOP_REINIT, *PIOP_REINIT;

/* DRIVER_EXTENSION and what follows it. */
typedef struct _IOP_DRIVER_EXTENSION {
    DRIVER_EXTENSION Public;
    PIOP_CLIENT_EXTENSION ClientExtensions;
    PVOID FsFilterCallbacks;
    PVOID KseCallbacks[4];
    /* ntlab's own */
    PKI_MODULE Module;
    UNICODE_STRING ServicePath;
    PETHREAD Entering; /* who runs DriverEntry */
    KEVENT Entered; /* DriverEntry has returned: what unload waits for where the version says so */
} IOP_DRIVER_EXTENSION, *PIOP_DRIVER_EXTENSION;

typedef struct _IOP_DRIVER {
    DRIVER_OBJECT Driver;
    IOP_DRIVER_EXTENSION Extension;
} IOP_DRIVER, *PIOP_DRIVER;

FORCEINLINE PIOP_DRIVER_EXTENSION
IopDriverExtension(PDRIVER_OBJECT DriverObject)
{
    return (PIOP_DRIVER_EXTENSION)DriverObject->DriverExtension;
}

/* A file object and what only the I/O manager knows of it. */
typedef struct _IOP_FILE {
    FILE_OBJECT File;
    ULONG NotificationModes; /* FILE_SKIP_..., of FileIoCompletionNotificationInformation */
    IO_PRIORITY_HINT Priority;
    BOOLEAN PrioritySet;
    PDEVICE_OBJECT DeviceHint;
    PTXN_PARAMETER_BLOCK Transaction;
    PECP_LIST EcpList; /* while it is being opened */
    BOOLEAN EcpOwned;
    BOOLEAN IgnoreSharing;
    BOOLEAN RemoteOrigin;
    LIST_ENTRY Contexts;           /* of filters (nt/fsrtl); under IrpListLock */
    OPLOCK_KEY_CONTEXT OplockKeys; /* of the create's extra parameters */
} IOP_FILE, *PIOP_FILE;

/* Irp->Flags: what was read goes to pages that lie anywhere; their addresses are behind the system buffer. rw.c, W5 */
#define IOP_IRP_SCATTERED 0x40000000

#define IOP_SKIP_PORT_ON_SUCCESS       1
#define IOP_SKIP_SET_EVENT             2
#define IOP_SKIP_USER_EVENT_ON_FAST_IO 4

/* What goes through the object manager from IoCreateFile to IopParseDevice. */
typedef struct _IOP_OPEN {
    CSHORT Type; /* IO_TYPE_OPEN_PACKET */
    CSHORT Size;
    PFILE_OBJECT FileObject;
    NTSTATUS FinalStatus;
    ULONG_PTR Information;
    BOOLEAN Parsed; /* IopParseDevice was reached and has decided */
    PFILE_OBJECT RelatedFileObject;
    LARGE_INTEGER AllocationSize;
    ULONG CreateOptions;
    USHORT FileAttributes;
    USHORT ShareAccess;
    ULONG Disposition;
    PFILE_FULL_EA_INFORMATION EaBuffer;
    ULONG EaLength;
    ULONG Options;
    CREATE_FILE_TYPE CreateFileType;
    PVOID TypeParameters;
    PDEVICE_OBJECT DeviceHint;
    struct _IO_DRIVER_CREATE_CONTEXT *DriverContext;
    BOOLEAN TraversedMountPoint;
    BOOLEAN HasQuality;
    SECURITY_QUALITY_OF_SERVICE Quality; /* what the attributes allow a server */
    ULONG Reparses;                      /* so many links were followed */
    /* Open, ask, close: nothing is left behind. */
    BOOLEAN QueryOnly;
    BOOLEAN DeleteOnly;
    PFILE_NETWORK_OPEN_INFORMATION NetworkInformation;
} IOP_OPEN, *PIOP_OPEN;

#ifndef FILE_DEVICE_CONSOLE
#define FILE_DEVICE_CONSOLE 0x50
#endif
/* Exported, not in this DDK. */
NTSTATUS NTAPI ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode);

extern POBJECT_TYPE *IoDeviceObjectType, *IoDriverObjectType;
extern const GUID IopInterfaceArrival, IopInterfaceRemoval;
ULONG NTAPI PsGetProcessSessionId(PEPROCESS Process);

/* iodata.c */
extern LIST_ENTRY IopDiskFileSystems, IopCdRomFileSystems, IopTapeFileSystems,
    IopNetworkFileSystems;
extern LIST_ENTRY IopFsNotify;
extern LIST_ENTRY IopShutdownQueue, IopLastChanceShutdownQueue;
extern LIST_ENTRY IopReinitQueue, IopBootReinitQueue;
extern EX_PUSH_LOCK IopInterfaceLock;
extern LIST_ENTRY IopTimers, IopInterfaces, IopPnpNotify, IopPowerSettings;
extern KSPIN_LOCK IopCancelLock, IopVpbLock, IopFileLock;
extern ULONG IopErrorLogSequence, IopDeviceNumber, IopInterfaceNumber;
extern char IopFailureText[256];
extern BOOLEAN IopUnloadPutOff;
extern const char *IopRefusal;
extern NTSTATUS IopRefusalStatus;
extern PDRIVER_OBJECT IopRootBusDriver;
extern PDEVICE_OBJECT IopRamDisk[2];
/* Links that drivers have made, as far as there is room: symlink.c */
#define IOP_LINKS     64
#define IOP_LINK_NAME 64
typedef struct _IOP_MADE_LINK {
    PVOID Caller; /* NULL: free */
    WCHAR Name[IOP_LINK_NAME];
} IOP_MADE_LINK;
extern IOP_MADE_LINK IopLinks[IOP_LINKS];
extern KTIMER IopSecondTimer;
extern KDPC IopSecondDpc;
extern ULONG IopRunningTimers;
extern KMUTEX IopLoadMutex;
extern GENERIC_MAPPING IopFileMapping, IopCompletionMapping;
extern UNICODE_STRING IopHardwareDatabase;
extern CONFIGURATION_INFORMATION IopConfiguration;
extern LIST_ENTRY IopPopups;

/* driver.c */
NTSTATUS NTAPI IopInvalidDeviceRequest(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS IopCreateBuiltinDriver(PCWSTR Name, PDRIVER_INITIALIZE Entry,
                                PDRIVER_OBJECT *DriverObject);
VOID IopDeleteDriver(PVOID Object);
VOID IopTryUnload(PDRIVER_OBJECT DriverObject); /* V2 of device.c: the last reference has gone */
VOID IopStartTimers(VOID);
VOID IopForgetReinit(PDRIVER_OBJECT DriverObject); /* it has failed, or goes */
VOID IopRunReinit(BOOLEAN Boot);
VOID IopDriverEntered(PDRIVER_OBJECT DriverObject); /* clears DO_DEVICE_INITIALIZING */

/* device.c */
VOID IopDeleteDevice(PVOID Object);
VOID IopReferenceDevice(PDEVICE_OBJECT DeviceObject);
VOID IopDereferenceDevice(PDEVICE_OBJECT DeviceObject);
VOID IopUsePoint(PDEVICE_OBJECT DeviceObject); /* schedule points: V4 */
VOID IopGoPoint(PDRIVER_OBJECT DriverObject);
VOID IopCompleteUnloadOrDelete(PDEVICE_OBJECT DeviceObject);
NTSTATUS IopDeviceSecurity(PVOID Object, ULONG Operation, PSECURITY_INFORMATION Information,
                           PSECURITY_DESCRIPTOR Descriptor, PULONG Length);
NTSTATUS IopFileSecurity(PVOID Object, ULONG Operation, PSECURITY_INFORMATION Information,
                         PSECURITY_DESCRIPTOR Descriptor, PULONG Length); /* filesec.c */
PSECURITY_DESCRIPTOR IopDefaultDescriptor(DEVICE_TYPE DeviceType, ULONG Characteristics);

/* create.c, file.c */
NTSTATUS IopParseDevice(PVOID Object, POB_OPEN_PACKET Packet, PUNICODE_STRING CompleteName,
                        PUNICODE_STRING Remaining, PVOID *Found);
NTSTATUS IopParseFile(PVOID Object, POB_OPEN_PACKET Packet, PUNICODE_STRING CompleteName,
                      PUNICODE_STRING Remaining, PVOID *Found);
VOID IopDeleteFile(PVOID Object);
VOID IopCloseFile(PVOID Object, PEPROCESS Process, ULONG ProcessHandles, ULONG SystemHandles);
NTSTATUS IopAskName(PFILE_OBJECT FileObject, PFILE_NAME_INFORMATION *Name);
NTSTATUS IopQueryName(PVOID Object, POBJECT_NAME_INFORMATION Info, ULONG Length,
                      PULONG ReturnLength);
NTSTATUS IopOpen(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                 PIO_STATUS_BLOCK Iosb, PIOP_OPEN Open, KPROCESSOR_MODE Mode, ULONG Options);
VOID IopInitializeOpen(PIOP_OPEN Open);
/* reparse.c: frees Buffer. STATUS_REPARSE: CompleteName is what is to be opened instead. */
NTSTATUS IopReparse(PIOP_OPEN Open, PFILE_OBJECT FileObject, ULONG_PTR Tag, PVOID Buffer,
                    PUNICODE_STRING CompleteName);
PFILE_OBJECT IopAllocateFile(PDEVICE_OBJECT DeviceObject);
NTSTATUS IopLockFile(PFILE_OBJECT FileObject, KPROCESSOR_MODE Mode); /* synchronous handles */
VOID IopUnlockFile(PFILE_OBJECT FileObject);
FORCEINLINE PIOP_FILE
IopFile(PFILE_OBJECT FileObject)
{
    return (PIOP_FILE)FileObject;
}

/* irp.c */
PIRP IopAllocateIrp(CCHAR StackSize, BOOLEAN ChargeQuota);
PIRP
IopAllocateIrpThatMust(CCHAR StackSize); /* cleanup and close are sent, whatever memory there is */
VOID IopFreeMdls(PIRP Irp);
VOID IopFreeIrpCache(PETHREAD Thread);

/* complete.c */
VOID IopCompleteRequest(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine, PVOID *NormalContext,
                        PVOID *SystemArgument1, PVOID *SystemArgument2);
VOID IopFinishIrp(PIRP Irp, PFILE_OBJECT FileObject); /* stage 2, at APC_LEVEL in the thread */
VOID IopQueueCompletion(PIRP Irp, CCHAR PriorityBoost);
/* activity.c */
VOID IopDropActivity(PIRP Irp);
VOID IopQueueIrpToThread(PIRP Irp);
VOID IopDequeueIrp(PIRP Irp);

/* tail.c: one request of a system service, from the handle to the wait. */
typedef struct _IOP_REQUEST {
    PFILE_OBJECT FileObject; /* referenced; the IRP takes the reference over */
    PDEVICE_OBJECT DeviceObject;
    PKEVENT Event; /* the caller's, referenced, cleared; likewise */
    ACCESS_MASK GrantedAccess;
    KPROCESSOR_MODE Mode;
    BOOLEAN Synchronous; /* the handle is */
    BOOLEAN Locked;      /* the file object's lock is held (synchronous handles) */
} IOP_REQUEST, *PIOP_REQUEST;
NTSTATUS IopBeginRequest(HANDLE Handle, ACCESS_MASK Access, PIOP_REQUEST Request);
NTSTATUS IopTakeEvent(HANDLE Event, PIOP_REQUEST Request);
NTSTATUS
IopLockRequest(PIOP_REQUEST Request); /* last step before the IRP: lock, clear the file's event */
VOID IopAbandonRequest(PIOP_REQUEST Request); /* before an IRP exists */
PIRP IopRequestIrp(PIOP_REQUEST Request, PIO_STATUS_BLOCK Iosb, PIO_APC_ROUTINE ApcRoutine,
                   PVOID ApcContext, UCHAR MajorFunction, PIO_STACK_LOCATION *Stack);
VOID IopAbandonIrp(PIRP Irp, PIOP_REQUEST Request); /* frees buffers, MDLs, the IRP; abandons */
NTSTATUS IopSend(PIRP Irp, PIOP_REQUEST Request, BOOLEAN Deferred);
/* Services that wait, whatever the handle: IopWaitIrp instead of IopRequestIrp, then IopSendAndWait. */
typedef struct _IOP_WAIT {
    KEVENT Event;
    IO_STATUS_BLOCK Iosb;
} IOP_WAIT, *PIOP_WAIT;
PIRP IopWaitIrp(PIOP_REQUEST Request, PIOP_WAIT Wait, PIO_STATUS_BLOCK Iosb, UCHAR MajorFunction,
                PIO_STACK_LOCATION *Stack);
NTSTATUS IopSendAndWait(PIRP Irp, PIOP_REQUEST Request, PIOP_WAIT Wait, PIO_STATUS_BLOCK Iosb);
NTSTATUS IopProbeIosb(PIO_STATUS_BLOCK Iosb, KPROCESSOR_MODE Mode);
NTSTATUS IopWriteIosb(PIO_STATUS_BLOCK Iosb, NTSTATUS Status, ULONG_PTR Information);
/* A system buffer for the IRP, copied from Source if given; the flags say that it is freed. */
NTSTATUS IopBufferIrp(PIRP Irp, SIZE_T Length, PVOID Source, SIZE_T SourceLength);
/* The caller's buffer as the device's flags say. Fills: the driver writes to it. [LEARN: "IRP-Based I/O Operations that Obey Device Object Flags"] */
NTSTATUS IopDataIrp(PIRP Irp, PDEVICE_OBJECT DeviceObject, PVOID Buffer, ULONG Length,
                    BOOLEAN Fills);
NTSTATUS IopMdlIrp(PIRP Irp, PVOID Buffer, ULONG Length, LOCK_OPERATION Operation);
/* Parameters that user mode may have given; NULL leaves Value as it is. */
NTSTATUS IopCaptureLarge(PLARGE_INTEGER Source, KPROCESSOR_MODE Mode, PLARGE_INTEGER Value);
NTSTATUS IopCaptureUlong(PULONG Source, KPROCESSOR_MODE Mode, PULONG Value);

/* cancel.c */
VOID IopCancelThreadIo(PETHREAD Thread);
PDRIVER_CANCEL IopSetCancelRoutine(PIRP Irp, PDRIVER_CANCEL Routine); /* X4 */
VOID IopListPoint(PETHREAD Thread);

/* iocp.c */
VOID IopDeleteCompletion(PVOID Object);
NTSTATUS IopSetFileCompletion(PFILE_OBJECT FileObject, HANDLE Port, PVOID Key,
                              KPROCESSOR_MODE Mode);
VOID IopPostIrp(PKQUEUE Port, PVOID Key, PIRP Irp);
NTSTATUS NTAPI IoSetIoCompletion(PVOID Port, PVOID Key, PVOID ApcContext, NTSTATUS Status,
                                 ULONG_PTR Information, BOOLEAN Quota);

/* info.c: what drivers are asked on behalf of another component */
NTSTATUS IopQueryFile(PFILE_OBJECT FileObject, FILE_INFORMATION_CLASS Class, ULONG Length,
                      PVOID Buffer, PULONG Returned);

/* fsreg.c */
NTSTATUS IopMountVolume(PDEVICE_OBJECT DeviceObject, BOOLEAN AllowRaw);
PVPB IopCreateVpb(PDEVICE_OBJECT DeviceObject);
/* In front of what looks at a VPB, or counts in it, without IopVpbLock (M4). IRQL <= DISPATCH_LEVEL. */
VOID IopVpbPoint(VOID);
BOOLEAN IopReleaseVpb(PVPB Vpb); /* TRUE: that was the last one, and the caller deletes it */
VOID IopDereferenceVpb(PVPB Vpb);
VOID IopDeleteVpb(PVPB Vpb); /* its count is zero */
VOID IopShutdownFileSystems(VOID);
typedef struct _IOP_FS_NOTIFY {
    LIST_ENTRY Links;
    PDRIVER_OBJECT DriverObject;
    PDRIVER_FS_NOTIFICATION Routine;
} IOP_FS_NOTIFY, *PIOP_FS_NOTIFY;

/* shutdown.c */
typedef struct _IOP_SHUTDOWN {
    LIST_ENTRY Links;
    PDEVICE_OBJECT DeviceObject;
} IOP_SHUTDOWN, *PIOP_SHUTDOWN;

/* pnp.c */
typedef struct _IOP_DEVICE_NODE {
    LIST_ENTRY Links;
    PDEVICE_OBJECT Pdo;
    PDRIVER_OBJECT Driver;
    ULONG Started;
    UNICODE_STRING InstancePath; /* ROOT\NAME\0000 */
    UNICODE_STRING ServiceName;
    PVOID Properties;
} IOP_DEVICE_NODE, *PIOP_DEVICE_NODE;
typedef struct _IOP_PNP_NOTIFY {
    LIST_ENTRY Links;
    IO_NOTIFICATION_EVENT_CATEGORY Category;
    PDRIVER_OBJECT DriverObject;
    PDRIVER_NOTIFICATION_CALLBACK_ROUTINE Callback;
    PVOID Context;
    GUID Class;              /* of an interface */
    PFILE_OBJECT FileObject; /* of a target device */
    PDEVICE_OBJECT Target;
    ULONG Holders;    /* the registration, and who has chosen it */
    BOOLEAN Silenced; /* no call begins any more */
    LIST_ENTRY Calls; /* IOP_PNP_CALL: in its routine */
    KEVENT CallOver;  /* set behind a call for who waits for that */
} IOP_PNP_NOTIFY, *PIOP_PNP_NOTIFY;

extern LIST_ENTRY IopDeviceNodes, IopOrphans;
NTSTATUS IopOpenRegistryPath(PCWSTR First, PUNICODE_STRING Second, PCWSTR Third, ACCESS_MASK Access,
                             PHANDLE Key);
VOID IopTellInterface(const GUID *Class, PUNICODE_STRING Link, BOOLEAN Arrival);
VOID IopTellExistingInterfaces(const GUID *Class, PDRIVER_NOTIFICATION_CALLBACK_ROUTINE Callback,
                               PVOID Context);
NTSTATUS IopStartPnpDriver(PDRIVER_OBJECT DriverObject);
VOID IopRemovePnpDevices(PDRIVER_OBJECT DriverObject);
NTSTATUS IopSendSynchronous(PDEVICE_OBJECT DeviceObject, PIO_STACK_LOCATION Template,
                            NTSTATUS Initial, ULONG_PTR *Information);

/* Drivers in the box. */
NTSTATUS NTAPI IopNullEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI IopConsoleEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI IopHostFsEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI IopRamDiskEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI IopRecognizerEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI IopRootBusEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI IopRawEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI IopPipeEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);
NTSTATUS NTAPI IopMailslotEntry(PDRIVER_OBJECT DriverObject, PUNICODE_STRING RegistryPath);

FORCEINLINE BOOLEAN
IopIsSynchronousFile(PFILE_OBJECT FileObject)
{
    return (FileObject->Flags & FO_SYNCHRONOUS_IO) != 0;
}

#endif
