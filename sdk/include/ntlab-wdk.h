/*
 * ntlab-wdk.h - what newer WDKs' wdm.h declares and mingw-w64's does not: behind sdk's wdm.h, so behind ntddk.h, ntifs.h
 * and fltKernel.h too. Only what Windows' own header declares: sources declare the rest themselves. [DDI: wdm.h]
 */
#ifndef NTLAB_WDK_H
#define NTLAB_WDK_H

#include <ntlab-sal.h>
#include <ntlab-atomic.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef NTDDI_WIN10_NI
#define NTDDI_WIN10_NI 0x0A00000C
#define NTDDI_WIN10_CU 0x0A00000D
#define NTDDI_WIN11_ZN 0x0A00000E
#define NTDDI_WIN11_GA 0x0A00000F
#define NTDDI_WIN11_GE 0x0A000010
#endif

#include "ntlab-try.h"

#ifndef RTL_CONST_CAST /* winnt.h's, which drivers do not include */
#ifdef __cplusplus
#define RTL_CONST_CAST(Type) const_cast<Type>
#else
#define RTL_CONST_CAST(Type) (Type)
#endif
#endif

#ifndef _TCHAR_DEFINED
#define _TCHAR_DEFINED
#ifdef UNICODE
typedef WCHAR TCHAR, *PTCHAR;
#else
typedef char TCHAR, *PTCHAR;
#endif
#endif

/* ---- pool ---- */

#ifndef POOL_NX_ALLOCATION
#define POOL_NX_ALLOCATION 512
#endif
#ifndef POOL_ZERO_ALLOCATION
#define POOL_ZERO_ALLOCATION 1024
#endif

typedef ULONG64 POOL_FLAGS;
#define POOL_FLAG_REQUIRED_START    0x0000000000000001ULL
#define POOL_FLAG_USE_QUOTA         0x0000000000000001ULL
#define POOL_FLAG_UNINITIALIZED     0x0000000000000002ULL
#define POOL_FLAG_SESSION           0x0000000000000004ULL
#define POOL_FLAG_CACHE_ALIGNED     0x0000000000000008ULL
#define POOL_FLAG_RESERVED1         0x0000000000000010ULL
#define POOL_FLAG_RAISE_ON_FAILURE  0x0000000000000020ULL
#define POOL_FLAG_NON_PAGED         0x0000000000000040ULL
#define POOL_FLAG_NON_PAGED_EXECUTE 0x0000000000000080ULL
#define POOL_FLAG_PAGED             0x0000000000000100ULL
#define POOL_FLAG_RESERVED2         0x0000000000000200ULL
#define POOL_FLAG_RESERVED3         0x0000000000000400ULL
#define POOL_FLAG_REQUIRED_END      0x0000000080000000ULL
#define POOL_FLAG_OPTIONAL_START    0x0000000100000000ULL
#define POOL_FLAG_SPECIAL_POOL      0x0000000100000000ULL
#define POOL_FLAG_OPTIONAL_END      0x8000000000000000ULL

typedef enum POOL_EXTENDED_PARAMETER_TYPE {
    PoolExtendedParameterInvalidType,
    PoolExtendedParameterPriority,
    PoolExtendedParameterSecurePool,
    PoolExtendedParameterNumaNode,
    PoolExtendedParameterMax
} POOL_EXTENDED_PARAMETER_TYPE,
    *PPOOL_EXTENDED_PARAMETER_TYPE;
typedef ULONG POOL_NODE_REQUIREMENT;

typedef struct _POOL_EXTENDED_PARAMS_SECURE_POOL {
    HANDLE SecurePoolHandle;
    PVOID Buffer;
    ULONG_PTR Cookie;
    ULONG SecurePoolFlags;
} POOL_EXTENDED_PARAMS_SECURE_POOL;

typedef struct DECLSPEC_ALIGN(8) _POOL_EXTENDED_PARAMETER {
    struct {
        ULONG64 Type : 8;
        ULONG64 Optional : 1;
        ULONG64 Reserved : 55;
    };
    union {
        ULONG64 Reserved2;
        PVOID Reserved3;
        EX_POOL_PRIORITY Priority;
        POOL_EXTENDED_PARAMS_SECURE_POOL *SecurePoolParams;
        POOL_NODE_REQUIREMENT PreferredNode;
    };
} POOL_EXTENDED_PARAMETER, *PPOOL_EXTENDED_PARAMETER;
typedef CONST POOL_EXTENDED_PARAMETER *PCPOOL_EXTENDED_PARAMETER;

NTKERNELAPI PVOID NTAPI ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag);
NTKERNELAPI PVOID NTAPI ExAllocatePool3(POOL_FLAGS Flags, SIZE_T NumberOfBytes, ULONG Tag,
                                        PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
                                        ULONG ExtendedParametersCount);
NTKERNELAPI VOID NTAPI ExFreePool2(PVOID P, ULONG Tag, PCPOOL_EXTENDED_PARAMETER ExtendedParameters,
                                   ULONG ExtendedParametersCount);

/*
 * A project opts in by defining POOL_NX_OPTIN: NonPagedPool is what ExInitializeDriverRuntime has decided, no-execute from
 * Windows 8 on; or POOL_NX_OPTIN_AUTO: always NonPagedPoolNx. [kernel: nx-pool-opt-in-mechanisms]
 */
#define DrvRtPoolNxOptIn 0x00000001
#if defined(POOL_NX_OPTIN) && POOL_NX_OPTIN
DECLSPEC_SELECTANY POOL_TYPE ExDefaultNonPagedPoolType = NonPagedPool;
#define NonPagedPool ExDefaultNonPagedPoolType
#elif defined(POOL_NX_OPTIN_AUTO) && POOL_NX_OPTIN_AUTO
#define NonPagedPool NonPagedPoolNx
#endif

NTKERNELAPI BOOLEAN NTAPI PsGetVersion(PULONG MajorVersion, PULONG MinorVersion, PULONG BuildNumber,
                                       PUNICODE_STRING CSDVersion);

FORCEINLINE VOID
ExInitializeDriverRuntime(ULONG RuntimeFlags)
{
#if defined(POOL_NX_OPTIN) && POOL_NX_OPTIN
    ULONG Major, Minor;

    PsGetVersion(&Major, &Minor, NULL, NULL);
    if ((RuntimeFlags & DrvRtPoolNxOptIn) && (Major > 6 || (Major == 6 && Minor >= 2))) {
        ExDefaultNonPagedPoolType = NonPagedPoolNx;
    }
#else
    (void)RuntimeFlags; /* NonPagedPool means what the source says */
#endif
}

FORCEINLINE PVOID
NtlabZeroPool(PVOID Memory, SIZE_T NumberOfBytes)
{
    if (Memory != NULL) {
        RtlZeroMemory(Memory, NumberOfBytes);
    }
    return Memory;
}

FORCEINLINE PVOID
ExAllocatePoolZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return NtlabZeroPool(ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag), NumberOfBytes);
}

FORCEINLINE PVOID
ExAllocatePoolUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExAllocatePoolWithTag(PoolType, NumberOfBytes, Tag);
}

FORCEINLINE PVOID
ExAllocatePoolQuotaZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return NtlabZeroPool(ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag), NumberOfBytes);
}

FORCEINLINE PVOID
ExAllocatePoolQuotaUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag)
{
    return ExAllocatePoolWithQuotaTag(PoolType, NumberOfBytes, Tag);
}

FORCEINLINE PVOID
ExAllocatePoolPriorityZero(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                           EX_POOL_PRIORITY Priority)
{
    return NtlabZeroPool(ExAllocatePoolWithTagPriority(PoolType, NumberOfBytes, Tag, Priority),
                         NumberOfBytes);
}

FORCEINLINE PVOID
ExAllocatePoolPriorityUninitialized(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                    EX_POOL_PRIORITY Priority)
{
    return ExAllocatePoolWithTagPriority(PoolType, NumberOfBytes, Tag, Priority);
}

typedef PVOID NTAPI ALLOCATE_FUNCTION(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag);
typedef VOID NTAPI FREE_FUNCTION(PVOID Buffer);
typedef PVOID NTAPI ALLOCATE_FUNCTION_EX(POOL_TYPE PoolType, SIZE_T NumberOfBytes, ULONG Tag,
                                         PLOOKASIDE_LIST_EX Lookaside);
typedef VOID NTAPI FREE_FUNCTION_EX(PVOID Buffer, PLOOKASIDE_LIST_EX Lookaside);

/* ---- locks ---- */

typedef volatile LONG EX_SPIN_LOCK, *PEX_SPIN_LOCK;
NTKERNELAPI KIRQL NTAPI ExAcquireSpinLockExclusive(PEX_SPIN_LOCK SpinLock);
NTKERNELAPI VOID NTAPI ExAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockExclusive(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockExclusiveFromDpcLevel(PEX_SPIN_LOCK SpinLock);
NTKERNELAPI KIRQL NTAPI ExAcquireSpinLockShared(PEX_SPIN_LOCK SpinLock);
NTKERNELAPI VOID NTAPI ExAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockShared(PEX_SPIN_LOCK SpinLock, KIRQL OldIrql);
NTKERNELAPI VOID NTAPI ExReleaseSpinLockSharedFromDpcLevel(PEX_SPIN_LOCK SpinLock);
NTKERNELAPI LOGICAL NTAPI ExTryConvertSharedSpinLockExclusive(PEX_SPIN_LOCK SpinLock);
NTKERNELAPI LOGICAL NTAPI ExTryAcquireSpinLockExclusiveAtDpcLevel(PEX_SPIN_LOCK SpinLock);
NTKERNELAPI LOGICAL NTAPI ExTryAcquireSpinLockSharedAtDpcLevel(PEX_SPIN_LOCK SpinLock);

#ifndef EX_DEFAULT_PUSH_LOCK_FLAGS
#define EX_DEFAULT_PUSH_LOCK_FLAGS 0
#endif
typedef ULONG EX_PUSH_LOCK_FLAGS;
NTKERNELAPI VOID FASTCALL ExAcquirePushLockExclusiveEx(PULONG_PTR PushLock,
                                                       EX_PUSH_LOCK_FLAGS Flags);
NTKERNELAPI VOID FASTCALL ExAcquirePushLockSharedEx(PULONG_PTR PushLock, EX_PUSH_LOCK_FLAGS Flags);
NTKERNELAPI VOID FASTCALL ExReleasePushLockExclusiveEx(PULONG_PTR PushLock,
                                                       EX_PUSH_LOCK_FLAGS Flags);
NTKERNELAPI VOID FASTCALL ExReleasePushLockSharedEx(PULONG_PTR PushLock, EX_PUSH_LOCK_FLAGS Flags);
NTKERNELAPI VOID FASTCALL ExReleasePushLockEx(PULONG_PTR PushLock, EX_PUSH_LOCK_FLAGS Flags);
#define ExAcquirePushLockExclusive(Lock)                                                           \
    ExAcquirePushLockExclusiveEx(Lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define ExAcquirePushLockShared(Lock) ExAcquirePushLockSharedEx(Lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define ExReleasePushLockExclusive(Lock)                                                           \
    ExReleasePushLockExclusiveEx(Lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define ExReleasePushLockShared(Lock) ExReleasePushLockSharedEx(Lock, EX_DEFAULT_PUSH_LOCK_FLAGS)
#define ExReleasePushLock(Lock)       ExReleasePushLockEx(Lock, EX_DEFAULT_PUSH_LOCK_FLAGS)

/* ---- timers, time, processors ---- */

#ifndef ExInitializeDeleteTimerParameters
FORCEINLINE VOID
ExInitializeDeleteTimerParameters(PEXT_DELETE_PARAMETERS Parameters)
{
    RtlZeroMemory(Parameters, sizeof(*Parameters));
}
#endif
NTKERNELAPI ULONG64 NTAPI KeQueryInterruptTimePrecise(PULONG64 QpcTimeStamp);
NTKERNELAPI VOID NTAPI KeQueryUnbiasedInterruptTimePrecise(PULONG64 UnbiasedTime,
                                                           PULONG64 QpcTimeStamp);
NTKERNELAPI VOID NTAPI KeQuerySystemTimePrecise(PLARGE_INTEGER CurrentTime);
NTKERNELAPI LOGICAL NTAPI KeShouldYieldProcessor(VOID);
NTKERNELAPI VOID NTAPI ExQueryTimerResolution(PULONG MaximumTime, PULONG MinimumTime,
                                              PULONG CurrentTime);
#ifndef KeSaveFloatingPointState
/* The kernel of x64 saves these registers itself. */
#define KeSaveFloatingPointState(FloatSave)    ((VOID)(FloatSave), STATUS_SUCCESS)
#define KeRestoreFloatingPointState(FloatSave) ((VOID)(FloatSave), STATUS_SUCCESS)
#endif
FORCEINLINE ULONG
KeGetCurrentProcessorIndex(VOID)
{
    return KeGetCurrentProcessorNumberEx(NULL);
}

/* ---- requests ---- */

NTKERNELAPI PIRP NTAPI IoAllocateIrpEx(PDEVICE_OBJECT DeviceObject, CCHAR StackSize,
                                       BOOLEAN ChargeQuota);
NTKERNELAPI BOOLEAN NTAPI IoTryQueueWorkItem(PIO_WORKITEM IoWorkItem,
                                             PIO_WORKITEM_ROUTINE_EX WorkerRoutine,
                                             WORK_QUEUE_TYPE QueueType, PVOID Context);
NTKERNELAPI NTSTATUS NTAPI IoGetActivityIdIrp(PIRP Irp, LPGUID Guid);
NTKERNELAPI NTSTATUS NTAPI IoSetActivityIdIrp(PIRP Irp, LPCGUID Guid);
NTKERNELAPI LPCGUID NTAPI IoGetActivityIdThread(VOID);
NTKERNELAPI LPCGUID NTAPI IoSetActivityIdThread(LPCGUID ActivityId);
NTKERNELAPI VOID NTAPI IoClearActivityIdThread(LPCGUID OriginalId);
NTKERNELAPI NTSTATUS NTAPI IoPropagateActivityIdToThread(PIRP Irp, LPGUID PropagatedId,
                                                         LPCGUID *OriginalId);
NTKERNELAPI VOID NTAPI IoTransferActivityId(LPCGUID ActivityId, LPCGUID RelatedActivityId);
NTKERNELAPI VOID NTAPI IoSetMasterIrpStatus(PIRP MasterIrp, NTSTATUS Status);
NTKERNELAPI VOID NTAPI IoReportInterruptActive(PVOID Parameters);
NTKERNELAPI VOID NTAPI IoReportInterruptInactive(PVOID Parameters);
NTKERNELAPI NTSTATUS NTAPI IoSetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName,
                                                            CONST DEVPROPKEY *PropertyKey,
                                                            LCID Lcid, ULONG Flags,
                                                            DEVPROPTYPE Type, ULONG Size,
                                                            PVOID Data);
NTKERNELAPI NTSTATUS NTAPI IoGetDeviceInterfacePropertyData(PUNICODE_STRING SymbolicLinkName,
                                                            CONST DEVPROPKEY *PropertyKey,
                                                            LCID Lcid, ULONG Flags, ULONG Size,
                                                            PVOID Data, PULONG RequiredSize,
                                                            PDEVPROPTYPE Type);
typedef enum _DRIVER_REGKEY_TYPE {
    DriverRegKeyParameters,
    DriverRegKeyPersistentState,
    DriverRegKeySharedPersistentState
} DRIVER_REGKEY_TYPE;
typedef enum _DRIVER_DIRECTORY_TYPE {
    DriverDirectoryImage,
    DriverDirectoryData,
    DriverDirectorySharedData
} DRIVER_DIRECTORY_TYPE;
NTKERNELAPI NTSTATUS NTAPI IoOpenDriverRegistryKey(PDRIVER_OBJECT DriverObject,
                                                   DRIVER_REGKEY_TYPE RegKeyType,
                                                   ACCESS_MASK DesiredAccess, ULONG Flags,
                                                   PHANDLE DriverRegKey);
NTKERNELAPI NTSTATUS NTAPI IoGetDriverDirectory(PDRIVER_OBJECT DriverObject,
                                                DRIVER_DIRECTORY_TYPE DirectoryType, ULONG Flags,
                                                PHANDLE DriverDirectoryHandle);

#ifndef IRP_MN_FLUSH_DATA_ONLY
#define IRP_MN_FLUSH_DATA_ONLY      0x02
#define IRP_MN_FLUSH_NO_SYNC        0x03
#define IRP_MN_FLUSH_DATA_SYNC_ONLY 0x04
#endif
#ifndef IRP_UM_DRIVER_INITIATED_IO
#define IRP_UM_DRIVER_INITIATED_IO 0x00400000
#endif
#ifndef DO_DEVICE_TO_BE_RESET
#define DO_DEVICE_TO_BE_RESET 0x04000000
#endif
#ifndef DO_DAX_VOLUME
#define DO_DAX_VOLUME 0x10000000
#endif
#ifndef FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL
#define FILE_DEVICE_ALLOW_APPCONTAINER_TRAVERSAL 0x00020000
#endif
#ifndef FO_INDIRECT_WAIT_OBJECT
#define FO_INDIRECT_WAIT_OBJECT       0x10000000
#define FO_SECTION_MINSTORE_TREATMENT 0x20000000
#endif
#ifndef FILE_ATTRIBUTE_PINNED
#define FILE_ATTRIBUTE_INTEGRITY_STREAM      0x00008000
#define FILE_ATTRIBUTE_NO_SCRUB_DATA         0x00020000
#define FILE_ATTRIBUTE_EA                    0x00040000
#define FILE_ATTRIBUTE_PINNED                0x00080000
#define FILE_ATTRIBUTE_UNPINNED              0x00100000
#define FILE_ATTRIBUTE_RECALL_ON_OPEN        0x00040000
#define FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS 0x00400000
#define FILE_ATTRIBUTE_STRICTLY_SEQUENTIAL   0x20000000
#endif
#ifndef FILE_SESSION_AWARE
#define FILE_SESSION_AWARE 0x00040000
#endif
#ifndef FILE_CONTAINS_EXTENDED_CREATE_INFORMATION
#define FILE_CONTAINS_EXTENDED_CREATE_INFORMATION 0x10000000
#endif
#define FileKnownFolderInformation            ((FILE_INFORMATION_CLASS)76)
#define FileStatBasicInformation              ((FILE_INFORMATION_CLASS)77)
#define FileId64ExtdDirectoryInformation      ((FILE_INFORMATION_CLASS)78)
#define FileId64ExtdBothDirectoryInformation  ((FILE_INFORMATION_CLASS)79)
#define FileIdAllExtdDirectoryInformation     ((FILE_INFORMATION_CLASS)80)
#define FileIdAllExtdBothDirectoryInformation ((FILE_INFORMATION_CLASS)81)
#define FileStreamReservationInformation      ((FILE_INFORMATION_CLASS)82)
#define FileMupProviderInfo                   ((FILE_INFORMATION_CLASS)83)
#define FileAttributeCacheInformation         ((FILE_INFORMATION_CLASS)51)
#define FileNormalizedNameInformationEx       FileNormalizedNameInformation
#define DirectoryNotifyFullInformation        ((DIRECTORY_NOTIFY_INFORMATION_CLASS)3)
#define DirectoryNotifyMaximumInformation     ((DIRECTORY_NOTIFY_INFORMATION_CLASS)4)

/* ---- memory ---- */

#ifndef MdlMappingNoExecute
#define MdlMappingNoWrite   0x80000000
#define MdlMappingNoExecute 0x40000000
#endif
#ifndef MM_COPY_MEMORY_PHYSICAL
#define MM_COPY_MEMORY_PHYSICAL 0x1
#define MM_COPY_MEMORY_VIRTUAL  0x2
typedef struct _MM_COPY_ADDRESS {
    union {
        PVOID VirtualAddress;
        PHYSICAL_ADDRESS PhysicalAddress;
    };
} MM_COPY_ADDRESS, *PMMCOPY_ADDRESS;
NTKERNELAPI NTSTATUS NTAPI MmCopyMemory(PVOID TargetAddress, MM_COPY_ADDRESS SourceAddress,
                                        SIZE_T NumberOfBytes, ULONG Flags,
                                        PSIZE_T NumberOfBytesTransferred);
#endif
NTKERNELAPI PVOID NTAPI MmMapIoSpaceEx(PHYSICAL_ADDRESS PhysicalAddress, SIZE_T NumberOfBytes,
                                       ULONG Protect);
NTKERNELAPI PVOID NTAPI MmAllocateContiguousNodeMemory(SIZE_T NumberOfBytes,
                                                       PHYSICAL_ADDRESS LowestAcceptableAddress,
                                                       PHYSICAL_ADDRESS HighestAcceptableAddress,
                                                       PHYSICAL_ADDRESS BoundaryAddressMultiple,
                                                       ULONG Protect, ULONG PreferredNode);
typedef struct _MM_PHYSICAL_ADDRESS_LIST {
    PHYSICAL_ADDRESS PhysicalAddress;
    SIZE_T NumberOfBytes;
} MM_PHYSICAL_ADDRESS_LIST, *PMM_PHYSICAL_ADDRESS_LIST;
NTKERNELAPI NTSTATUS NTAPI MmAllocateMdlForIoSpace(PMM_PHYSICAL_ADDRESS_LIST AddressList,
                                                   SIZE_T NumberOfEntries, PMDL *NewMdl);
NTKERNELAPI HANDLE NTAPI MmSecureVirtualMemoryEx(PVOID Address, SIZE_T Size, ULONG ProbeMode,
                                                 ULONG Flags);

/* ---- registry callbacks ---- */

NTKERNELAPI NTSTATUS NTAPI CmCallbackGetKeyObjectIDEx(PLARGE_INTEGER Cookie, PVOID Object,
                                                      PULONG_PTR ObjectID,
                                                      PCUNICODE_STRING *ObjectName, ULONG Flags);
NTKERNELAPI VOID NTAPI CmCallbackReleaseKeyObjectIDEx(PCUNICODE_STRING ObjectName);
typedef struct _REG_QUERY_KEY_NAME {
    PVOID Object;
    POBJECT_NAME_INFORMATION ObjectNameInfo;
    ULONG Length;
    PULONG ReturnLength;
    PVOID CallContext;
    PVOID ObjectContext;
    PVOID Reserved;
} REG_QUERY_KEY_NAME, *PREG_QUERY_KEY_NAME;
typedef struct _REG_SAVE_MERGED_KEY_INFORMATION {
    PVOID Object;
    HANDLE FileHandle;
    PVOID HighKeyObject;
    PVOID LowKeyObject;
    PVOID CallContext;
    PVOID ObjectContext;
    PVOID Reserved;
} REG_SAVE_MERGED_KEY_INFORMATION, *PREG_SAVE_MERGED_KEY_INFORMATION;
typedef struct _REG_LOAD_KEY_INFORMATION_V2 {
    PVOID Object;
    PUNICODE_STRING KeyName;
    PUNICODE_STRING SourceFile;
    ULONG Flags;
    PVOID TrustClassObject;
    PVOID UserEvent;
    ACCESS_MASK DesiredAccess;
    PHANDLE RootHandle;
    PVOID CallContext;
    PVOID ObjectContext;
    ULONG_PTR Version;
    PVOID FileAccessToken;
} REG_LOAD_KEY_INFORMATION_V2, *PREG_LOAD_KEY_INFORMATION_V2;
#ifndef RegNtPreSaveMergedKey
#define RegNtPreSaveMergedKey  ((REG_NOTIFY_CLASS)48)
#define RegNtPostSaveMergedKey ((REG_NOTIFY_CLASS)49)
#endif

/* ---- objects, strings, safe failing ---- */

NTKERNELAPI BOOLEAN NTAPI ObReferenceObjectSafe(PVOID Object);
NTKERNELAPI BOOLEAN NTAPI ObReferenceObjectSafeWithTag(PVOID Object, ULONG Tag);
NTKERNELAPI NTSTATUS NTAPI EtwSetInformation(REGHANDLE RegHandle, ULONG InformationClass,
                                             PVOID EventInformation, ULONG InformationLength);
typedef const UTF8_STRING *PCUTF8_STRING;
NTSYSAPI VOID NTAPI RtlInitUTF8String(PUTF8_STRING DestinationString, PCSTR SourceString);
NTSYSAPI NTSTATUS NTAPI RtlInitUTF8StringEx(PUTF8_STRING DestinationString, PCSTR SourceString);
NTSYSAPI VOID NTAPI RtlFreeUTF8String(PUTF8_STRING Utf8String);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeStringToUTF8String(PUTF8_STRING DestinationString,
                                                     PCUNICODE_STRING SourceString,
                                                     BOOLEAN AllocateDestinationString);
NTSYSAPI NTSTATUS NTAPI RtlUTF8StringToUnicodeString(PUNICODE_STRING DestinationString,
                                                     PUTF8_STRING SourceString,
                                                     BOOLEAN AllocateDestinationString);
NTSYSAPI NTSTATUS NTAPI RtlUnicodeStringToInt64(PCUNICODE_STRING String, ULONG Base, PLONG64 Number,
                                                PWSTR *EndPointer);
NTSYSAPI VOID NTAPI RtlCopyBitMap(PRTL_BITMAP Source, PRTL_BITMAP Destination, ULONG TargetBit);
NTSYSAPI VOID NTAPI RtlExtractBitMap(PRTL_BITMAP Source, PRTL_BITMAP Destination, ULONG TargetBit,
                                     ULONG NumberOfBits);
NTSYSAPI ULONG NTAPI RtlNumberOfClearBitsInRange(PRTL_BITMAP BitMapHeader, ULONG StartingIndex,
                                                 ULONG Length);
NTSYSAPI ULONG NTAPI RtlNumberOfSetBitsInRange(PRTL_BITMAP BitMapHeader, ULONG StartingIndex,
                                               ULONG Length);

#ifndef FAST_FAIL_CORRUPT_LIST_ENTRY
#define FAST_FAIL_LEGACY_GS_VIOLATION        0
#define FAST_FAIL_VTGUARD_CHECK_FAILURE      1
#define FAST_FAIL_STACK_COOKIE_CHECK_FAILURE 2
#define FAST_FAIL_CORRUPT_LIST_ENTRY         3
#define FAST_FAIL_INCORRECT_STACK            4
#define FAST_FAIL_INVALID_ARG                5
#define FAST_FAIL_GS_COOKIE_INIT             6
#define FAST_FAIL_FATAL_APP_EXIT             7
#define FAST_FAIL_RANGE_CHECK_FAILURE        8
#define FAST_FAIL_UNSAFE_REGISTRY_ACCESS     9
#define FAST_FAIL_GUARD_ICALL_CHECK_FAILURE  10
#define FAST_FAIL_GUARD_WRITE_CHECK_FAILURE  11
#define FAST_FAIL_INVALID_FIBER_SWITCH       12
#define FAST_FAIL_INVALID_SET_OF_CONTEXT     13
#define FAST_FAIL_INVALID_REFERENCE_COUNT    14
#define FAST_FAIL_INVALID_JUMP_BUFFER        18
#define FAST_FAIL_MRDATA_MODIFIED            19
#define FAST_FAIL_INVALID_EXCEPTION_CHAIN    21
#define FAST_FAIL_INVALID_FAST_FAIL_CODE     0xFFFFFFFF
#endif
#ifndef RtlFailFast
#define RtlFailFast(Code)  __fastfail(Code)
#define RtlFailFast2(Code) __fastfail(Code)
#endif

FORCEINLINE VOID
FatalListEntryError(PVOID p1, PVOID p2, PVOID p3)
{
    (void)p1;
    (void)p2;
    (void)p3;
    RtlFailFast(FAST_FAIL_CORRUPT_LIST_ENTRY);
}

FORCEINLINE VOID
RtlpCheckListEntry(PLIST_ENTRY Entry)
{
    if (Entry->Flink->Blink != Entry || Entry->Blink->Flink != Entry) {
        FatalListEntryError((PVOID)Entry->Flink, (PVOID)Entry, (PVOID)Entry->Blink);
    }
}

/* An expression, which may be an assignment; mingw-w64's assigns to it. */
#undef UNREFERENCED_PARAMETER
#undef DBG_UNREFERENCED_PARAMETER
#undef DBG_UNREFERENCED_LOCAL_VARIABLE
#define UNREFERENCED_PARAMETER(_p)          ((void)(_p))
#define DBG_UNREFERENCED_PARAMETER(_p)      ((void)(_p))
#define DBG_UNREFERENCED_LOCAL_VARIABLE(_v) ((void)(_v))
/* mingw-w64's takes a variable's name only, and has a semicolon. */
#undef KeInitializeCallbackRecord
#define KeInitializeCallbackRecord(CallbackRecord) ((CallbackRecord)->State = BufferEmpty)
#ifndef NT_ANALYSIS_ASSUME
#define NT_ANALYSIS_ASSUME(_exp) ((void)0)
#endif
/* A checked build's: mingw-w64's take no message, and verify nothing. */
#if DBG
#undef NT_ASSERT
#undef NT_ASSERTMSG
#undef NT_ASSERTMSGW
#define NT_ASSERT(_exp)           ((_exp) ? TRUE : (DbgRaiseAssertionFailure(), FALSE))
#define NT_ASSERTMSG(_msg, _exp)  NT_ASSERT(_exp)
#define NT_ASSERTMSGW(_msg, _exp) NT_ASSERT(_exp)
#ifndef NT_VERIFY
#define NT_VERIFY     NT_ASSERT
#define NT_VERIFYMSG  NT_ASSERTMSG
#define NT_VERIFYMSGW NT_ASSERTMSGW
#endif
#endif
#ifndef NT_ASSERT_ACTION
#define NT_ASSERT_ACTION(_exp)   NT_ASSERT(_exp)
#define NT_ASSERT_ASSUME(_exp)   NT_ASSERT(_exp)
#define NT_ASSERT_NOASSUME(_exp) NT_ASSERT(_exp)
#define NT_VERIFY_NOASSUME(_exp) NT_VERIFY(_exp)
#define NT_ANALYSIS_ASSUME(_exp)
#endif
#ifndef NT_FRE_ASSERT
#define NT_FRE_ASSERT(_exp)          ((_exp) ? TRUE : (DbgRaiseAssertionFailure(), FALSE))
#define NT_FRE_ASSERTMSG(_msg, _exp) NT_FRE_ASSERT(_exp)
#define NT_FRE_VERIFY                NT_FRE_ASSERT
#define NT_FRE_VERIFYMSG             NT_FRE_ASSERTMSG
#endif
#ifndef DECLARE_GLOBAL_CONST_UNICODE_STRING
#define DECLARE_GLOBAL_CONST_UNICODE_STRING(_var, _str)                                            \
    extern const DECLSPEC_SELECTANY UNICODE_STRING _var = RTL_CONSTANT_STRING(_str)
#endif
#ifndef RTL_QUERY_REGISTRY_TYPECHECK
#define RTL_QUERY_REGISTRY_TYPECHECK       0x00000100
#define RTL_QUERY_REGISTRY_TYPECHECK_SHIFT 24
#define RTL_QUERY_REGISTRY_TYPECHECK_MASK  (0xff << RTL_QUERY_REGISTRY_TYPECHECK_SHIFT)
#endif

/* ---- function types that sources declare their routines with ---- */

typedef NTSTATUS NTAPI RTL_QUERY_REGISTRY_ROUTINE(PWSTR ValueName, ULONG ValueType, PVOID ValueData,
                                                  ULONG ValueLength, PVOID Context,
                                                  PVOID EntryContext);
typedef VOID NTAPI IO_CSQ_INSERT_IRP(struct _IO_CSQ *Csq, PIRP Irp);
typedef VOID NTAPI IO_CSQ_REMOVE_IRP(struct _IO_CSQ *Csq, PIRP Irp);
typedef PIRP NTAPI IO_CSQ_PEEK_NEXT_IRP(struct _IO_CSQ *Csq, PIRP Irp, PVOID PeekContext);
typedef VOID NTAPI IO_CSQ_ACQUIRE_LOCK(struct _IO_CSQ *Csq, PKIRQL Irql);
typedef VOID NTAPI IO_CSQ_RELEASE_LOCK(struct _IO_CSQ *Csq, KIRQL Irql);
typedef VOID NTAPI IO_CSQ_COMPLETE_CANCELED_IRP(struct _IO_CSQ *Csq, PIRP Irp);
#ifndef DRIVER_DISPATCH_PAGED
#define DRIVER_DISPATCH_PAGED  DRIVER_DISPATCH
#define DRIVER_DISPATCH_RAISED DRIVER_DISPATCH
#endif

/* ---- what MSVC's intrin.h declares (lib/intrinsic.c) ---- */

void __nop(void);
void __halt(void);
void __ud2(void);
void __sidt(void *Table);
void __lidt(void *Table);
void _sgdt(void *Table);
void _lgdt(void *Table);
unsigned long long __readdr(unsigned int Register);
void __writedr(unsigned int Register, unsigned long long Value);
unsigned char _InterlockedCompareExchange128(long long volatile *Target, long long High,
                                             long long Low, long long *Comparand);
#ifndef InterlockedCompareExchange128
#define InterlockedCompareExchange128 _InterlockedCompareExchange128
#endif
#ifndef UnsignedMultiply128
#define UnsignedMultiply128 _umul128
#define Multiply128         _mul128
#endif
#ifndef PreFetchCacheLine
#define PF_NON_TEMPORAL_LEVEL_ALL        0
#define PreFetchCacheLine(_level, _addr) __builtin_prefetch(_addr)
#endif

#ifdef __cplusplus
}
#endif

/* [winnt.h, wdm.h] Of a scoped or plain enumeration: bits of it are combined. */
#ifndef DEFINE_ENUM_FLAG_OPERATORS
#ifdef __cplusplus
#define DEFINE_ENUM_FLAG_OPERATORS(_type)                                                          \
    extern "C++" {                                                                                 \
    constexpr _type operator|(_type A, _type B)                                                    \
    {                                                                                              \
        return _type((__underlying_type(_type))A | (__underlying_type(_type))B);                   \
    }                                                                                              \
    constexpr _type operator&(_type A, _type B)                                                    \
    {                                                                                              \
        return _type((__underlying_type(_type))A & (__underlying_type(_type))B);                   \
    }                                                                                              \
    constexpr _type operator^(_type A, _type B)                                                    \
    {                                                                                              \
        return _type((__underlying_type(_type))A ^ (__underlying_type(_type))B);                   \
    }                                                                                              \
    constexpr _type operator~(_type A)                                                             \
    {                                                                                              \
        return _type(~(__underlying_type(_type))A);                                                \
    }                                                                                              \
    inline _type &operator|=(_type &A, _type B)                                                    \
    {                                                                                              \
        return A = A | B;                                                                          \
    }                                                                                              \
    inline _type &operator&=(_type &A, _type B)                                                    \
    {                                                                                              \
        return A = A & B;                                                                          \
    }                                                                                              \
    inline _type &operator^=(_type &A, _type B)                                                    \
    {                                                                                              \
        return A = A ^ B;                                                                          \
    }                                                                                              \
    }
#else
#define DEFINE_ENUM_FLAG_OPERATORS(_type)
#endif
#endif

#endif
