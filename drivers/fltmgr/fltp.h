/*
 * fltp.h - fltmgr.sys: the filter manager, a file-system filter driver on documented interfaces of the kernel.
 *
 * It attaches a device to each volume (frame 0; more frames where legacy filters stand between) and turns what
 * arrives there, IRPs, fast I/O and FsFilter calls, into callbacks of minifilters' instances, highest altitude first.
 * It knows nothing of any file system, and of the kernel what the DDK says; the one exception is
 * IopWaitForDriverEntry (versions from 8 on serialise a filter's unload with its DriverEntry).
 *
 *     init.c data.c            DriverEntry, all globals
 *     filter.c unload.c        registration; loading and unloading (FltpSyncOpWorker, FltpDoUnloadFilter)
 *     altitude.c registry.c    altitudes as decimal text; service keys: Instances, Altitude, Flags
 *     volume.c mount.c         volumes: attached to, named, gone; control devices of file systems, mounts
 *     instance.c teardown.c    instances: attached, set up; torn down and drained
 *     operation.c pass.c       one operation on its way down the callbacks and up again
 *     param.c buffer.c         an IRP as parameter block and back; swapped buffers, locked ones
 *     dispatch.c fastio.c fsfilter.c    the three ways in
 *     context.c attach.c       contexts and their counts; what they hang on
 *     name.c parse.c       file names; normalize.c, provider.c: as filters that redirect tell them
 *     issue.c io.c create.c    I/O of a filter's own
 *     work.c cbdq.c cancel.c   deferred work, cancel-safe queues
 *     owned.c                  locks, oplocks and notifications of files that a filter owns
 *     port.c message.c control.c inform.c    ports, and what fltlib.dll asks
 *     misc.c ecp.c             locks, pool, extra create parameters; createinfo.c, openreparse.c: what a create is asked
 *     activity.c fastmdl.c     priorities and activity identifiers; pages of the cache
 *
 * Locks, in this order: FltpLock (filters, volumes), a volume's Lock (its instances), a context list's, an
 * instance's OperationLock (spin lock). No callback is called with any of them held.
 *
 *   G1  Header.Rundown of an object is what FltObjectReference takes; an instance's IoRundown is taken by each
 *       operation from the pre-callback until its post-callback is over, and by I/O of the instance's own.
 *   G2  An object's memory is freed when both have been run down and it is on no list.
 *   G3  A callback gets a pointer to FLT_RELATED_OBJECTS that lives as long as the callback.
 */
#ifndef FLTP_H
#define FLTP_H

#define _FLTMGR_
#define NTSTRSAFE_LIB
#include <ntifs.h>
#include <fltKernel.h>

#define FLTP_TAG_FILTER    'lfMF'
#define FLTP_TAG_INSTANCE  'niMF'
#define FLTP_TAG_VOLUME    'ovMF'
#define FLTP_TAG_OPERATION 'poMF'
#define FLTP_TAG_NAME      'anMF'
#define FLTP_TAG_CONTEXT   'tcMF'
#define FLTP_TAG_PORT      'opMF'
#define FLTP_TAG_WORK      'kwMF'
#define FLTP_TAG_TEMP      'tmMF'

#define FLTP_FILTER_TYPE   0xF101
#define FLTP_VOLUME_TYPE   0xF102
#define FLTP_INSTANCE_TYPE 0xF103
#define FLTP_PORT_TYPE     0xF104

#ifndef FLTMGR_FILE_SYSTEM
#define FLTMGR_FILE_SYSTEM 0xF5
#endif

/* Majors and internal operations as indexes. */
#define FLTP_OPERATIONS 50
FORCEINLINE ULONG
FltpIndex(UCHAR Major)
{
    return Major <= IRP_MJ_MAXIMUM_FUNCTION ? Major : IRP_MJ_MAXIMUM_FUNCTION + 1 + (255 - Major);
}

typedef struct _FLTP_OBJECT {
    USHORT Type;
    BOOLEAN Deleting;
    EX_RUNDOWN_REF Rundown;   /* G1 */
    EX_RUNDOWN_REF WorkItems; /* D2 */
    LIST_ENTRY Links;         /* FltpFilters, FltpVolumes, or the volume's instances */
} FLTP_OBJECT, *PFLTP_OBJECT;

/* Contexts hang here: of a volume, an instance, a stream, a file, a file object. */
typedef struct _FLTP_CONTEXT_LIST {
    FAST_MUTEX Mutex;
    LIST_ENTRY Contexts; /* FLTP_CONTEXT.Links */
} FLTP_CONTEXT_LIST, *PFLTP_CONTEXT_LIST;

typedef struct _FLT_FILTER {
    FLTP_OBJECT Header;
    UNICODE_STRING Name; /* of the service */
    UNICODE_STRING ServicePath;
    UNICODE_STRING Altitude; /* of the default instance */
    PDRIVER_OBJECT DriverObject;
    PDRIVER_UNLOAD OldUnload;
    FLT_REGISTRATION Registration; /* members that the registered version lacks are NULL */
    const FLT_OPERATION_REGISTRATION *Operation[FLTP_OPERATIONS];
    PVOID Tables;         /* the driver's tables of operations and contexts */
    LIST_ENTRY Instances; /* FilterLinks; under FltpLock */
    LIST_ENTRY Ports;     /* server ports; under FltpPortLock */
    LIST_ENTRY Clients;
    KSPIN_LOCK ContextLock;
    LIST_ENTRY Contexts; /* all that exist, for whoever looks for a leak */
    LONG NamesHeld;      /* under FltpNameLock */
    BOOLEAN Started;
    BOOLEAN Unloading; /* an unload has been asked for */
    BOOLEAN Mandatory;
} FLT_FILTER;

typedef struct _FLT_VOLUME {
    FLTP_OBJECT Header;
    PDEVICE_OBJECT DeviceObject; /* ours, attached to Lower */
    PDEVICE_OBJECT Lower;
    PDEVICE_OBJECT Base;       /* the file system's volume device */
    PDEVICE_OBJECT DiskDevice; /* referenced; NULL: a network file system */
    UNICODE_STRING Name;       /* \Device\HarddiskVolume1 */
    UNICODE_STRING DriverName;
    UNICODE_STRING ControlName; /* of the file system's control device */
    FLT_FILESYSTEM_TYPE FileSystem;
    ERESOURCE Lock;
    LIST_ENTRY Instances; /* highest altitude first */
    LONG NameGeneration;  /* renames that may make cached names wrong */
    LONG NameProviders;   /* enabled instances of name providers */
    BOOLEAN NewlyMounted; /* the first operation sets up instances */
    BOOLEAN Detached;
    LIST_ENTRY Targeted; /* file objects opened by FltCreateFile: FLTP_TARGETED */
    KSPIN_LOCK TargetedLock;
    FLTP_CONTEXT_LIST Contexts;
    FAST_MUTEX CarrierMutex;
    LIST_ENTRY Carriers; /* what contexts hang on: streams, files, file objects */
} FLT_VOLUME;

typedef struct _FLT_INSTANCE {
    FLTP_OBJECT Header;
    LIST_ENTRY FilterLinks;
    PFLT_FILTER Filter;
    PFLT_VOLUME Volume;
    UNICODE_STRING Name;
    UNICODE_STRING Altitude;
    BOOLEAN Enabled;   /* setup has succeeded: callbacks may come */
    BOOLEAN SettingUp; /* its setup callback has not returned: it is torn down afterwards */
    BOOLEAN TearingDown;
    BOOLEAN DataScan;         /* FltRegisterForDataScan */
    EX_RUNDOWN_REF IoRundown; /* G1 */
    KSPIN_LOCK OperationLock;
    LIST_ENTRY Passed; /* nodes whose operation is below; under OperationLock */
    FLTP_CONTEXT_LIST Contexts;
} FLT_INSTANCE;

/* What an instance that wants the post-callback has left in the operation. */
typedef struct _FLTP_NODE {
    struct _FLTP_NODE *Up;
    struct _FLTP_OPERATION *Operation;
    LIST_ENTRY Links; /* Instance->Passed */
    PFLT_INSTANCE Instance;
    PFLT_POST_OPERATION_CALLBACK Post; /* NULL: drained, or none */
    PVOID Context;
    FLT_IO_PARAMETER_BLOCK Before; /* as the pre-callback found it */
    PMDL NewMdl;                   /* that the pre-callback put in */
    BOOLEAN Swapped;
    BOOLEAN Retain;
    LONG Taken; /* by the drain or by the completion: who does it first */
    BOOLEAN Inline;
} FLTP_NODE, *PFLTP_NODE;

#define FLTP_OPERATION_SIGNATURE 0x70464C54

typedef struct _FLTP_OPERATION {
    FLT_CALLBACK_DATA Data; /* first: what filters hold */
    FLT_IO_PARAMETER_BLOCK Iopb;
    ULONG Signature;
    LONG References;
    PFLT_VOLUME Volume;
    PIRP Irp;
    PFLT_INSTANCE Current;   /* whose callback it is now; IoRundown held */
    PFLT_INSTANCE Initiator; /* generated I/O */
    PFLTP_NODE Nodes;        /* lowest first */
    FLT_RELATED_OBJECTS Objects;
    /* A pre- or post-callback pends: 0 running, 1 it has returned PENDING, 2 completed before that. */
    LONG Pend;
    LONG Stage; /* FLTP_STAGE: P4 of pass.c */
    FLT_PREOP_CALLBACK_STATUS PendStatus;
    PVOID PendContext;
    PFLTP_NODE PostNode; /* whose post-callback has it */
    BOOLEAN Synchronous; /* someone waits for Event and goes on in that thread */
    BOOLEAN Waits;       /* the dispatch thread does, from the start (creates) */
    BOOLEAN Modified;    /* the parameters are not those of the IRP any more */
    BOOLEAN Pended;      /* STATUS_PENDING has been or will be returned */
    BOOLEAN Completed;   /* the IRP has come back from below */
    BOOLEAN Disallowed;  /* fast I/O: the answer is FALSE */
    BOOLEAN MdlLocked;   /* FltLockUserBuffer made the MDL */
    BOOLEAN OwnSystemBuffer;
    BOOLEAN Generated;
    BOOLEAN Issued;
    BOOLEAN Cancelled;
    BOOLEAN HasActivity; /* generated, and not sent yet */
    GUID Activity;
    KEVENT Event;
    NTSTATUS FinalStatus;
    /* What the IRP had before the parameters were changed. */
    struct {
        ULONG Flags;
        PMDL MdlAddress;
        PVOID UserBuffer;
        PVOID SystemBuffer;
        PVOID Auxiliary;
        LARGE_INTEGER AllocationSize;
    } Saved;
    PMDL SentMdl;
    PVOID SentSystemBuffer;
    PVOID NewSystemBuffer; /* M2 of param.c */
    PMDL LockedMdl;
    /* Generated I/O. */
    PFLT_COMPLETED_ASYNC_IO_CALLBACK Done;
    PVOID DoneContext;
    PFLT_COMPLETE_CANCELED_CALLBACK Canceled;
    PFLT_GET_OPERATION_STATUS_CALLBACK StatusRoutine;
    PVOID StatusContext;
    PFLT_INSTANCE StatusInstance;
    FLTP_NODE First[2];
} FLTP_OPERATION, *PFLTP_OPERATION;

FORCEINLINE PFLTP_OPERATION
FltpOperation(PFLT_CALLBACK_DATA Data)
{
    return CONTAINING_RECORD(Data, FLTP_OPERATION, Data);
}

/* A device of ours: attached to a volume, to a control device, or one that fltlib opens. */
typedef enum _FLTP_DEVICE_KIND {
    FltpVolumeDevice,
    FltpControlDevice,
    FltpOwnDevice
} FLTP_DEVICE_KIND;
typedef struct _FLTP_DEVICE {
    FLTP_DEVICE_KIND Kind;
    PDEVICE_OBJECT Lower;
    PFLT_VOLUME Volume;
} FLTP_DEVICE, *PFLTP_DEVICE;

/* A file object that FltCreateFile has made: requests on it start below an instance. */
typedef struct _FLTP_TARGETED {
    LIST_ENTRY Links;
    PFILE_OBJECT FileObject;
    PFLT_INSTANCE Instance; /* Header.Rundown held? no: compared only while it is on the volume */
} FLTP_TARGETED, *PFLTP_TARGETED;

/* A create on its way, known by its thread (create.c). */
typedef struct _FLTP_CREATING {
    LIST_ENTRY Links;
    PETHREAD Thread;
    PFLT_INSTANCE Instance;
    PIRP Irp;
    PFILE_OBJECT FileObject;
} FLTP_CREATING, *PFLTP_CREATING;

/* data.c */
extern PDRIVER_OBJECT FltpDriver;
extern PDEVICE_OBJECT FltpMainDevice, FltpMessageDevice;
extern ERESOURCE FltpLock; /* FltpFilters, FltpVolumes, the filters' instance lists */
extern LIST_ENTRY FltpFilters, FltpVolumes;
extern ERESOURCE FltpPortLock;
extern LIST_ENTRY FltpPorts;
extern KSPIN_LOCK FltpCreatingLock, FltpNameLock;
extern LIST_ENTRY FltpCreating;
extern LONG FltpScanSections; /* sections for data scans that are open: scan.c */
VOID FltpTellSections(PFLTP_OPERATION Operation);
extern BOOLEAN FltpWatching; /* file systems tell of themselves */
extern ULONGLONG FltpMessageId;
extern FAST_IO_DISPATCH FltpFastIo;
extern RTL_OSVERSIONINFOW FltpSystem;

/* What older versions do not export; NULL there. */
typedef struct _FLTP_KERNEL {
    VOID(FASTCALL *ExfAcquirePushLockExclusive)(PEX_PUSH_LOCK Lock);
    VOID(FASTCALL *ExfAcquirePushLockShared)(PEX_PUSH_LOCK Lock);
    VOID(FASTCALL *ExfReleasePushLock)(PEX_PUSH_LOCK Lock);
    NTSTATUS(NTAPI *FsRtlInsertPerFileContext)(PVOID *Pointer, PFSRTL_PER_FILE_CONTEXT Ptr);
    PFSRTL_PER_FILE_CONTEXT(NTAPI *FsRtlLookupPerFileContext)
    (PVOID *Pointer, PVOID OwnerId, PVOID InstanceId);
    NTSTATUS(NTAPI *IoCreateFileEx)
    (PHANDLE FileHandle, ACCESS_MASK DesiredAccess, POBJECT_ATTRIBUTES ObjectAttributes,
     PIO_STATUS_BLOCK IoStatusBlock, PLARGE_INTEGER AllocationSize, ULONG FileAttributes,
     ULONG ShareAccess, ULONG Disposition, ULONG CreateOptions, PVOID EaBuffer, ULONG EaLength,
     CREATE_FILE_TYPE CreateFileType, PVOID InternalParameters, ULONG Options,
     PIO_DRIVER_CREATE_CONTEXT DriverContext);
    BOOLEAN(NTAPI *KeAreAllApcsDisabled)(VOID);
    NTSTATUS(NTAPI *FsRtlCheckOplockEx)
    (POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
     POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine, POPLOCK_FS_PREPOST_IRP PostIrpRoutine);
    BOOLEAN(NTAPI *FsRtlCurrentOplock)(POPLOCK Oplock);
    BOOLEAN(NTAPI *FsRtlCurrentOplockH)(POPLOCK Oplock);
    NTSTATUS(NTAPI *FsRtlOplockBreakH)
    (POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
     POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine, POPLOCK_FS_PREPOST_IRP PostIrpRoutine);
    NTSTATUS(NTAPI *FsRtlOplockBreakToNoneEx)
    (POPLOCK Oplock, PIRP Irp, ULONG Flags, PVOID Context,
     POPLOCK_WAIT_COMPLETE_ROUTINE CompletionRoutine, POPLOCK_FS_PREPOST_IRP PostIrpRoutine);
    NTSTATUS(NTAPI *FsRtlOplockFsctrlEx)(POPLOCK Oplock, PIRP Irp, ULONG OpenCount, ULONG Flags);
    BOOLEAN(NTAPI *FsRtlOplockIsSharedRequest)(PIRP Irp);
    BOOLEAN(NTAPI *FsRtlOplockKeysEqual)(PFILE_OBJECT Fo1, PFILE_OBJECT Fo2);
    __typeof__(&FsRtlAllocateExtraCreateParameterList) FsRtlAllocateExtraCreateParameterList;
    __typeof__(&FsRtlAllocateExtraCreateParameter) FsRtlAllocateExtraCreateParameter;
    __typeof__(&FsRtlAllocateExtraCreateParameterFromLookasideList)
        FsRtlAllocateExtraCreateParameterFromLookasideList;
    __typeof__(&FsRtlInitExtraCreateParameterLookasideList)
        FsRtlInitExtraCreateParameterLookasideList;
    __typeof__(&FsRtlDeleteExtraCreateParameterLookasideList)
        FsRtlDeleteExtraCreateParameterLookasideList;
    __typeof__(&FsRtlFreeExtraCreateParameter) FsRtlFreeExtraCreateParameter;
    __typeof__(&FsRtlFreeExtraCreateParameterList) FsRtlFreeExtraCreateParameterList;
    __typeof__(&FsRtlInsertExtraCreateParameter) FsRtlInsertExtraCreateParameter;
    __typeof__(&FsRtlFindExtraCreateParameter) FsRtlFindExtraCreateParameter;
    __typeof__(&FsRtlRemoveExtraCreateParameter) FsRtlRemoveExtraCreateParameter;
    __typeof__(&FsRtlGetNextExtraCreateParameter) FsRtlGetNextExtraCreateParameter;
    __typeof__(&FsRtlGetEcpListFromIrp) FsRtlGetEcpListFromIrp;
    __typeof__(&FsRtlSetEcpListIntoIrp) FsRtlSetEcpListIntoIrp;
    __typeof__(&FsRtlIsEcpAcknowledged) FsRtlIsEcpAcknowledged;
    __typeof__(&FsRtlAcknowledgeEcp) FsRtlAcknowledgeEcp;
    __typeof__(&FsRtlPrepareToReuseEcp) FsRtlPrepareToReuseEcp;
    __typeof__(&FsRtlIsEcpFromUserMode) FsRtlIsEcpFromUserMode;
    __typeof__(&IoGetIoPriorityHint) IoGetIoPriorityHint;
    __typeof__(&IoSetIoPriorityHint) IoSetIoPriorityHint;
    __typeof__(&IoRetrievePriorityInfo) IoRetrievePriorityInfo;
    __typeof__(&IoApplyPriorityInfoThread) IoApplyPriorityInfoThread;
    __typeof__(&IoGetActivityIdIrp) IoGetActivityIdIrp;
    __typeof__(&IoSetActivityIdIrp) IoSetActivityIdIrp;
    __typeof__(&IoPropagateActivityIdToThread) IoPropagateActivityIdToThread;
} FLTP_KERNEL;
extern FLTP_KERNEL FltpKernel;

/* init.c */
NTSTATUS NTAPI FltpDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp);
NTSTATUS FltpComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information);
VOID FltpAcquireShared(PERESOURCE Lock);
VOID FltpAcquireExclusive(PERESOURCE Lock);
VOID FltpRelease(PERESOURCE Lock);
NTSTATUS FltpCopyString(PUNICODE_STRING To, PCUNICODE_STRING From, ULONG Tag);
VOID FltpFreeString(PUNICODE_STRING String);

/* altitude.c */
BOOLEAN FltpIsAltitude(PCUNICODE_STRING Altitude);
LONG FltpCompareAltitudes(PCUNICODE_STRING One, PCUNICODE_STRING Two);

/* registry.c */
NTSTATUS FltpReadString(PCUNICODE_STRING ServicePath, PCWSTR SubKey, PCUNICODE_STRING SubSubKey,
                        PCWSTR Value, PUNICODE_STRING Result);
NTSTATUS FltpReadDword(PCUNICODE_STRING ServicePath, PCWSTR SubKey, PCUNICODE_STRING SubSubKey,
                       PCWSTR Value, PULONG Result);
PCWSTR
FltpInstancesKey(PCUNICODE_STRING ServicePath); /* below it: Instances, or Parameters\Instances */
NTSTATUS FltpEnumerateInstanceKeys(PCUNICODE_STRING ServicePath, ULONG Index, PUNICODE_STRING Name);

/* filter.c */
PFLT_FILTER FltpFindFilter(PCUNICODE_STRING Name);               /* Header.Rundown acquired */
PFLT_FILTER FltpFindFilterByDriver(PDRIVER_OBJECT DriverObject); /* likewise */

/* unload.c */
NTSTATUS FltpDoUnloadFilter(PFLT_FILTER Filter, BOOLEAN Mandatory);
VOID NTAPI FltpMiniFilterDriverUnload(PDRIVER_OBJECT DriverObject);
NTSTATUS FltpServicePath(PCUNICODE_STRING Name, PUNICODE_STRING Path);

/* volume.c, mount.c */
VOID FltpWatchFileSystems(VOID);
NTSTATUS FltpAttachToVolume(PDEVICE_OBJECT Base, PDEVICE_OBJECT Disk, PDEVICE_OBJECT Control,
                            BOOLEAN NewlyMounted, PFLT_VOLUME *Volume);
VOID FltpVolumeGone(PFLT_VOLUME Volume);
PFLT_VOLUME FltpNextVolume(
    PFLT_VOLUME Volume); /* Header.Rundown of the result is acquired, the argument's released */
VOID FltpFirstOperation(PFLT_VOLUME Volume);
NTSTATUS FltpControlDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp);

/* instance.c */
NTSTATUS FltpAttach(PFLT_FILTER Filter, PFLT_VOLUME Volume, PCUNICODE_STRING Name,
                    PCUNICODE_STRING Altitude, FLT_INSTANCE_SETUP_FLAGS Flags,
                    PFLT_INSTANCE *Instance);
VOID FltpAttachAutomatically(PFLT_FILTER Filter, PFLT_VOLUME Volume,
                             FLT_INSTANCE_SETUP_FLAGS Flags);
VOID FltpFillObjects(PFLT_RELATED_OBJECTS Objects, PFLT_FILTER Filter, PFLT_VOLUME Volume,
                     PFLT_INSTANCE Instance, PFILE_OBJECT FileObject);
/* teardown.c */
VOID FltpTearDown(PFLT_INSTANCE Instance, FLT_INSTANCE_TEARDOWN_FLAGS Reason);

/* operation.c, pass.c */
PFLTP_OPERATION FltpAllocateOperation(PFLT_VOLUME Volume);
VOID FltpFreeOperation(PFLTP_OPERATION Operation);
VOID FltpDereferenceOperation(PFLTP_OPERATION Operation);
PFLT_INSTANCE FltpNextInstance(PFLT_VOLUME Volume, PFLT_INSTANCE Above, UCHAR Major, ULONG IrpFlags,
                               PFILE_OBJECT FileObject, BOOLEAN Irp);
typedef enum _FLTP_NEXT { FltpGoDown, FltpGoUp, FltpStop } FLTP_NEXT;
FLTP_NEXT FltpDescend(PFLTP_OPERATION Operation, PFLT_INSTANCE Instance);
BOOLEAN FltpContinue(PFLTP_OPERATION Operation, FLT_PREOP_CALLBACK_STATUS Status, PVOID Context,
                     PFLT_INSTANCE *Next);
BOOLEAN FltpAscend(PFLTP_OPERATION Operation); /* FALSE: a post-callback has kept it */
NTSTATUS FltpRun(PFLTP_OPERATION Operation, PFLT_INSTANCE First);
VOID FltpResume(PFLTP_OPERATION Operation, FLTP_NEXT Where);
VOID FltpCancel(PFLTP_OPERATION Operation); /* the caller has a reference on it */
NTSTATUS FltpFinish(PFLTP_OPERATION Operation);

/* param.c, buffer.c */
VOID FltpFromIrp(PFLTP_OPERATION Operation, PIRP Irp);
VOID FltpToIrp(PFLTP_OPERATION Operation, PIRP Irp, PIO_STACK_LOCATION Stack);
BOOLEAN FltpBufferFields(PFLT_IO_PARAMETER_BLOCK Iopb, ULONG Flags, PMDL **Mdl, PVOID **Buffer,
                         PULONG *Length,
                         LOCK_OPERATION *Access); /* FALSE: it has none; *Mdl NULL: no such field */
VOID FltpSaveIrp(PFLTP_OPERATION Operation, PIRP Irp);
VOID FltpRestoreIrp(PFLTP_OPERATION Operation, PIRP Irp);

/* fsfilter.c, fastio.c */
NTSTATUS FltpRegisterFsFilter(VOID);
VOID FltpFillFastIo(VOID);

/* context.c */
typedef struct _FLTP_CONTEXT {
    LIST_ENTRY Links;        /* of what it hangs on */
    LIST_ENTRY FilterLinks;  /* Filter->Contexts */
    PFLT_FILTER Filter;      /* Header.Rundown held */
    PVOID Owner;             /* filter (volume contexts) or instance: the key */
    PFLTP_CONTEXT_LIST List; /* what it hangs on; NULL: nothing */
    const FLT_CONTEXT_REGISTRATION *Registration;
    LONG References;
    FLT_CONTEXT_TYPE Type;
    USHORT Signature;
    POOL_TYPE PoolType;
    WORK_QUEUE_ITEM Item; /* the last release may come at DISPATCH_LEVEL */
    PVOID Section;        /* scan.c */
    HANDLE SectionHandle;
    PVOID Told; /* the operation whose conflict was told last */
    DECLSPEC_ALIGN(16) UCHAR Body[];
} FLTP_CONTEXT, *PFLTP_CONTEXT;
VOID FltpInitializeContextList(PFLTP_CONTEXT_LIST List);
PFLT_CONTEXT FltpTakeContext(PFLTP_CONTEXT_LIST List, PVOID Owner);
VOID FltpRemoveContexts(PFLTP_CONTEXT_LIST List, PVOID Owner); /* NULL: all */
/* attach.c: a structure of ours on a stream, a file or a file object. */
typedef struct _FLTP_CARRIER {
    union {
        FSRTL_PER_STREAM_CONTEXT Stream;
        FSRTL_PER_FILE_CONTEXT File;
        FSRTL_PER_FILEOBJECT_CONTEXT Handle;
    };
    LIST_ENTRY VolumeLinks;
    PFLT_VOLUME Volume;
    FLT_CONTEXT_TYPE Type;
    FLTP_CONTEXT_LIST List;
    /* Of file objects: names that were asked for. */
    struct _FLTP_NAME *Names[2];
} FLTP_CARRIER, *PFLTP_CARRIER;
PFLTP_CARRIER FltpCarrier(PFLT_VOLUME Volume, PFILE_OBJECT FileObject, FLT_CONTEXT_TYPE Type,
                          BOOLEAN Create);
VOID FltpForgetCarriers(PFLT_VOLUME Volume);
NTSTATUS FltpSetContext(PFLTP_CONTEXT_LIST List, PVOID Owner, FLT_CONTEXT_TYPE Type,
                        FLT_SET_CONTEXT_OPERATION Operation, PFLT_CONTEXT NewContext,
                        PFLT_CONTEXT *OldContext);
NTSTATUS FltpGetContext(PFLTP_CONTEXT_LIST List, PVOID Owner, FLT_CONTEXT_TYPE Type,
                        PFLT_CONTEXT *Context);
NTSTATUS FltpDeleteContext(PFLTP_CONTEXT_LIST List, PVOID Owner, FLT_CONTEXT_TYPE Type,
                           PFLT_CONTEXT *OldContext);
VOID FltpForgetInstance(PFLT_INSTANCE Instance); /* contexts on streams, files, file objects */
VOID FltpCloseFileObject(PFLT_VOLUME Volume, PFILE_OBJECT FileObject);

/* name.c, provider.c */
VOID FltpForgetNames(PFLTP_CARRIER Carrier);
VOID FltpNoteNameChange(PFLTP_OPERATION Operation);
VOID FltpNoteProvider(PFLT_INSTANCE Instance, LONG Change);

/* issue.c */
NTSTATUS FltpIssue(PFLTP_OPERATION Operation);
NTSTATUS FltpNewRequest(PFLT_INSTANCE Instance, PFILE_OBJECT FileObject, UCHAR Major, UCHAR Minor,
                        PFLT_CALLBACK_DATA *Data);
VOID FltpGeneratedDone(PFLTP_OPERATION Operation);

/* create.c */
PFLT_INSTANCE FltpCreateTarget(PFLT_VOLUME Volume, PIRP Irp, PFLTP_CREATING *Creating);
PFLT_INSTANCE FltpFileTarget(PFLT_VOLUME Volume, PFILE_OBJECT FileObject);
VOID FltpCreateEnded(PFLT_VOLUME Volume, PFLTP_CREATING Creating, NTSTATUS Status);
VOID FltpForgetTarget(PFLT_VOLUME Volume, PFILE_OBJECT FileObject);
VOID FltpForgetTargets(PFLT_INSTANCE Instance);

/* port.c, message.c */
NTSTATUS FltpMessageDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp);
VOID FltpClosePorts(PFLT_FILTER Filter);

/* control.c */
NTSTATUS FltpMainDispatch(PDEVICE_OBJECT DeviceObject, PIRP Irp);

/* The kernel's, beside the DDK: waits until DriverEntry has returned, on versions that serialise load and unload. */
NTSYSAPI VOID NTAPI IopWaitForDriverEntry(PDRIVER_OBJECT DriverObject);
NTSYSAPI VOID NTAPI IopSetPassing(PDEVICE_OBJECT DeviceObject, BOOLEAN Passes);

#endif
