/*
 * ntlab-ifs.h - what newer WDKs' ntifs.h declares and mingw-w64's does not: information classes, file system controls,
 * create parameters, support routines. [DDI: ntifs.h; LEARN: MS-FSCC]
 */
#ifndef NTLAB_IFS_H
#define NTLAB_IFS_H

#include <ntlab-ddk.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- information about files ---- */

#define FILE_DISPOSITION_DO_NOT_DELETE             0x00000000
#define FILE_DISPOSITION_DELETE                    0x00000001
#define FILE_DISPOSITION_POSIX_SEMANTICS           0x00000002
#define FILE_DISPOSITION_FORCE_IMAGE_SECTION_CHECK 0x00000004
#define FILE_DISPOSITION_ON_CLOSE                  0x00000008
#define FILE_DISPOSITION_IGNORE_READONLY_ATTRIBUTE 0x00000010
typedef struct _FILE_DISPOSITION_INFORMATION_EX {
    ULONG Flags;
} FILE_DISPOSITION_INFORMATION_EX, *PFILE_DISPOSITION_INFORMATION_EX;

#define FILE_RENAME_REPLACE_IF_EXISTS                    0x00000001
#define FILE_RENAME_POSIX_SEMANTICS                      0x00000002
#define FILE_RENAME_SUPPRESS_PIN_STATE_INHERITANCE       0x00000004
#define FILE_RENAME_SUPPRESS_STORAGE_RESERVE_INHERITANCE 0x00000008
#define FILE_RENAME_NO_INCREASE_AVAILABLE_SPACE          0x00000010
#define FILE_RENAME_NO_DECREASE_AVAILABLE_SPACE          0x00000020
#define FILE_RENAME_PRESERVE_AVAILABLE_SPACE             0x00000030
#define FILE_RENAME_IGNORE_READONLY_ATTRIBUTE            0x00000040
#define FILE_RENAME_FORCE_RESIZE_TARGET_SR               0x00000080
#define FILE_RENAME_FORCE_RESIZE_SOURCE_SR               0x00000100
#define FILE_RENAME_FORCE_RESIZE_SR                      0x00000180
/* FILE_RENAME_INFORMATION and FILE_LINK_INFORMATION: ntifs.h makes ReplaceIfExists one of a union with Flags. */
typedef FILE_RENAME_INFORMATION FILE_RENAME_INFORMATION_EX, *PFILE_RENAME_INFORMATION_EX;

#define FILE_LINK_REPLACE_IF_EXISTS                    0x00000001
#define FILE_LINK_POSIX_SEMANTICS                      0x00000002
#define FILE_LINK_SUPPRESS_STORAGE_RESERVE_INHERITANCE 0x00000008
#define FILE_LINK_NO_INCREASE_AVAILABLE_SPACE          0x00000010
#define FILE_LINK_NO_DECREASE_AVAILABLE_SPACE          0x00000020
#define FILE_LINK_PRESERVE_AVAILABLE_SPACE             0x00000030
#define FILE_LINK_IGNORE_READONLY_ATTRIBUTE            0x00000040
typedef FILE_LINK_INFORMATION FILE_LINK_INFORMATION_EX, *PFILE_LINK_INFORMATION_EX;

#ifndef FILE_INVALID_FILE_ID
#define FILE_INVALID_FILE_ID ((LONGLONG) - 1LL)
#endif
#ifndef _FILE_ID_128
typedef struct _NTLAB_FILE_ID_128 {
    UCHAR Identifier[16];
} FILE_ID_128, *PFILE_ID_128;
#endif
typedef struct _FILE_ID_INFORMATION {
    ULONGLONG VolumeSerialNumber;
    FILE_ID_128 FileId;
} FILE_ID_INFORMATION, *PFILE_ID_INFORMATION;

#define NTLAB_DIR_HEAD                                                                             \
    ULONG NextEntryOffset;                                                                         \
    ULONG FileIndex;                                                                               \
    LARGE_INTEGER CreationTime;                                                                    \
    LARGE_INTEGER LastAccessTime;                                                                  \
    LARGE_INTEGER LastWriteTime;                                                                   \
    LARGE_INTEGER ChangeTime;                                                                      \
    LARGE_INTEGER EndOfFile;                                                                       \
    LARGE_INTEGER AllocationSize;                                                                  \
    ULONG FileAttributes;                                                                          \
    ULONG FileNameLength;                                                                          \
    ULONG EaSize;                                                                                  \
    ULONG ReparsePointTag;
typedef struct _FILE_ID_EXTD_DIR_INFORMATION {
    NTLAB_DIR_HEAD
    FILE_ID_128 FileId;
    WCHAR FileName[1];
} FILE_ID_EXTD_DIR_INFORMATION, *PFILE_ID_EXTD_DIR_INFORMATION;
typedef struct _FILE_ID_EXTD_BOTH_DIR_INFORMATION {
    NTLAB_DIR_HEAD
    FILE_ID_128 FileId;
    CCHAR ShortNameLength;
    WCHAR ShortName[12];
    WCHAR FileName[1];
} FILE_ID_EXTD_BOTH_DIR_INFORMATION, *PFILE_ID_EXTD_BOTH_DIR_INFORMATION;
typedef struct _FILE_ID_64_EXTD_DIR_INFORMATION {
    NTLAB_DIR_HEAD
    LARGE_INTEGER FileId;
    WCHAR FileName[1];
} FILE_ID_64_EXTD_DIR_INFORMATION, *PFILE_ID_64_EXTD_DIR_INFORMATION;
typedef struct _FILE_ID_64_EXTD_BOTH_DIR_INFORMATION {
    NTLAB_DIR_HEAD
    LARGE_INTEGER FileId;
    CCHAR ShortNameLength;
    WCHAR ShortName[12];
    WCHAR FileName[1];
} FILE_ID_64_EXTD_BOTH_DIR_INFORMATION, *PFILE_ID_64_EXTD_BOTH_DIR_INFORMATION;
typedef struct _FILE_ID_ALL_EXTD_DIR_INFORMATION {
    NTLAB_DIR_HEAD
    LARGE_INTEGER FileId;
    FILE_ID_128 FileId128;
    WCHAR FileName[1];
} FILE_ID_ALL_EXTD_DIR_INFORMATION, *PFILE_ID_ALL_EXTD_DIR_INFORMATION;
typedef struct _FILE_ID_ALL_EXTD_BOTH_DIR_INFORMATION {
    NTLAB_DIR_HEAD
    LARGE_INTEGER FileId;
    FILE_ID_128 FileId128;
    CCHAR ShortNameLength;
    WCHAR ShortName[12];
    WCHAR FileName[1];
} FILE_ID_ALL_EXTD_BOTH_DIR_INFORMATION, *PFILE_ID_ALL_EXTD_BOTH_DIR_INFORMATION;
#undef NTLAB_DIR_HEAD

typedef struct _FILE_STANDARD_INFORMATION_EX {
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER EndOfFile;
    ULONG NumberOfLinks;
    BOOLEAN DeletePending;
    BOOLEAN Directory;
    BOOLEAN AlternateStream;
    BOOLEAN MetadataAttribute;
} FILE_STANDARD_INFORMATION_EX, *PFILE_STANDARD_INFORMATION_EX;
typedef struct _FILE_STAT_INFORMATION {
    LARGE_INTEGER FileId;
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER EndOfFile;
    ULONG FileAttributes;
    ULONG ReparseTag;
    ULONG NumberOfLinks;
    ACCESS_MASK EffectiveAccess;
} FILE_STAT_INFORMATION, *PFILE_STAT_INFORMATION;
typedef struct _FILE_STAT_BASIC_INFORMATION {
    LARGE_INTEGER FileId;
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER EndOfFile;
    ULONG FileAttributes;
    ULONG ReparseTag;
    ULONG NumberOfLinks;
    ULONG DeviceType;
    ULONG DeviceCharacteristics;
    ULONG Reserved;
    LARGE_INTEGER VolumeSerialNumber;
    FILE_ID_128 FileId128;
} FILE_STAT_BASIC_INFORMATION, *PFILE_STAT_BASIC_INFORMATION;
typedef struct _FILE_STAT_LX_INFORMATION {
    LARGE_INTEGER FileId;
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER EndOfFile;
    ULONG FileAttributes;
    ULONG ReparseTag;
    ULONG NumberOfLinks;
    ACCESS_MASK EffectiveAccess;
    ULONG LxFlags;
    ULONG LxUid;
    ULONG LxGid;
    ULONG LxMode;
    ULONG LxDeviceIdMajor;
    ULONG LxDeviceIdMinor;
} FILE_STAT_LX_INFORMATION, *PFILE_STAT_LX_INFORMATION;
#define FILE_CS_FLAG_CASE_SENSITIVE_DIR 0x00000001
typedef struct _FILE_CASE_SENSITIVE_INFORMATION {
    ULONG Flags;
} FILE_CASE_SENSITIVE_INFORMATION, *PFILE_CASE_SENSITIVE_INFORMATION;
typedef struct _FILE_LINK_ENTRY_FULL_ID_INFORMATION {
    ULONG NextEntryOffset;
    FILE_ID_128 ParentFileId;
    ULONG FileNameLength;
    WCHAR FileName[1];
} FILE_LINK_ENTRY_FULL_ID_INFORMATION, *PFILE_LINK_ENTRY_FULL_ID_INFORMATION;
typedef struct _FILE_LINKS_FULL_ID_INFORMATION {
    ULONG BytesNeeded;
    ULONG EntriesReturned;
    FILE_LINK_ENTRY_FULL_ID_INFORMATION Entry;
} FILE_LINKS_FULL_ID_INFORMATION, *PFILE_LINKS_FULL_ID_INFORMATION;
typedef struct _FILE_VOLUME_NAME_INFORMATION {
    ULONG DeviceNameLength;
    WCHAR DeviceName[1];
} FILE_VOLUME_NAME_INFORMATION, *PFILE_VOLUME_NAME_INFORMATION;
typedef struct _FILE_IO_PRIORITY_HINT_INFORMATION_EX {
    IO_PRIORITY_HINT PriorityHint;
    BOOLEAN BoostOutstanding;
} FILE_IO_PRIORITY_HINT_INFORMATION_EX, *PFILE_IO_PRIORITY_HINT_INFORMATION_EX;
typedef struct _FILE_MEMORY_PARTITION_INFORMATION {
    ULONG_PTR OwnerPartitionHandle;
    union {
        struct {
            UCHAR NoCrossPartitionAccess;
            UCHAR Spare[3];
        };
        ULONG AllFlags;
    } Flags;
} FILE_MEMORY_PARTITION_INFORMATION, *PFILE_MEMORY_PARTITION_INFORMATION;
typedef struct _FILE_DESIRED_STORAGE_CLASS_INFORMATION {
    ULONG Class;
    ULONG Flags;
} FILE_DESIRED_STORAGE_CLASS_INFORMATION, *PFILE_DESIRED_STORAGE_CLASS_INFORMATION;
typedef struct _FILE_STORAGE_RESERVE_ID_INFORMATION {
    ULONG StorageReserveId;
} FILE_STORAGE_RESERVE_ID_INFORMATION, *PFILE_STORAGE_RESERVE_ID_INFORMATION;
typedef enum _FILE_KNOWN_FOLDER_TYPE {
    KnownFolderNone,
    KnownFolderDesktop,
    KnownFolderDocuments,
    KnownFolderDownloads,
    KnownFolderMusic,
    KnownFolderPictures,
    KnownFolderVideos,
    KnownFolderOther,
    KnownFolderMax = KnownFolderOther
} FILE_KNOWN_FOLDER_TYPE;
typedef struct _FILE_KNOWN_FOLDER_INFORMATION {
    FILE_KNOWN_FOLDER_TYPE Type;
} FILE_KNOWN_FOLDER_INFORMATION, *PFILE_KNOWN_FOLDER_INFORMATION;

#define NTLAB_NOTIFY_HEAD                                                                          \
    ULONG NextEntryOffset;                                                                         \
    ULONG Action;                                                                                  \
    LARGE_INTEGER CreationTime;                                                                    \
    LARGE_INTEGER LastModificationTime;                                                            \
    LARGE_INTEGER LastChangeTime;                                                                  \
    LARGE_INTEGER LastAccessTime;                                                                  \
    LARGE_INTEGER AllocatedLength;                                                                 \
    LARGE_INTEGER FileSize;                                                                        \
    ULONG FileAttributes;                                                                          \
    union {                                                                                        \
        ULONG ReparsePointTag;                                                                     \
        ULONG EaSize;                                                                              \
    };                                                                                             \
    LARGE_INTEGER FileId;                                                                          \
    LARGE_INTEGER ParentFileId;
typedef struct _FILE_NOTIFY_EXTENDED_INFORMATION {
    NTLAB_NOTIFY_HEAD
    ULONG FileNameLength;
    WCHAR FileName[1];
} FILE_NOTIFY_EXTENDED_INFORMATION, *PFILE_NOTIFY_EXTENDED_INFORMATION;
typedef struct _FILE_NOTIFY_FULL_INFORMATION {
    NTLAB_NOTIFY_HEAD
    USHORT FileNameLength;
    UCHAR FileNameFlags;
    UCHAR Reserved;
    WCHAR FileName[1];
} FILE_NOTIFY_FULL_INFORMATION, *PFILE_NOTIFY_FULL_INFORMATION;
#undef NTLAB_NOTIFY_HEAD

/* ---- information about volumes ---- */

#define SSINFO_FLAGS_ALIGNED_DEVICE              0x00000001
#define SSINFO_FLAGS_PARTITION_ALIGNED_ON_DEVICE 0x00000002
#define SSINFO_FLAGS_NO_SEEK_PENALTY             0x00000004
#define SSINFO_FLAGS_TRIM_ENABLED                0x00000008
#define SSINFO_FLAGS_BYTE_ADDRESSABLE            0x00000010
#define SSINFO_OFFSET_UNKNOWN                    0xffffffff
typedef struct _FILE_FS_SECTOR_SIZE_INFORMATION {
    ULONG LogicalBytesPerSector;
    ULONG PhysicalBytesPerSectorForAtomicity;
    ULONG PhysicalBytesPerSectorForPerformance;
    ULONG FileSystemEffectivePhysicalBytesPerSectorForAtomicity;
    ULONG Flags;
    ULONG ByteOffsetForSectorAlignment;
    ULONG ByteOffsetForPartitionAlignment;
} FILE_FS_SECTOR_SIZE_INFORMATION, *PFILE_FS_SECTOR_SIZE_INFORMATION;
typedef struct _FILE_FS_DATA_COPY_INFORMATION {
    ULONG NumberOfCopies;
} FILE_FS_DATA_COPY_INFORMATION, *PFILE_FS_DATA_COPY_INFORMATION;
typedef struct _FILE_FS_METADATA_SIZE_INFORMATION {
    LARGE_INTEGER TotalMetadataAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
} FILE_FS_METADATA_SIZE_INFORMATION, *PFILE_FS_METADATA_SIZE_INFORMATION;
typedef struct _FILE_FS_FULL_SIZE_INFORMATION_EX {
    ULONGLONG ActualTotalAllocationUnits;
    ULONGLONG ActualAvailableAllocationUnits;
    ULONGLONG ActualPoolUnavailableAllocationUnits;
    ULONGLONG CallerTotalAllocationUnits;
    ULONGLONG CallerAvailableAllocationUnits;
    ULONGLONG CallerPoolUnavailableAllocationUnits;
    ULONGLONG UsedAllocationUnits;
    ULONGLONG TotalReservedAllocationUnits;
    ULONGLONG VolumeStorageReserveAllocationUnits;
    ULONGLONG AvailableCommittedAllocationUnits;
    ULONGLONG PoolAvailableAllocationUnits;
    ULONG SectorsPerAllocationUnit;
    ULONG BytesPerSector;
} FILE_FS_FULL_SIZE_INFORMATION_EX, *PFILE_FS_FULL_SIZE_INFORMATION_EX;

#ifndef FILE_SUPPORTS_INTEGRITY_STREAMS
#define FILE_SUPPORTS_INTEGRITY_STREAMS 0x04000000
#endif
#define FILE_SUPPORTS_BLOCK_REFCOUNTING   0x08000000
#define FILE_SUPPORTS_SPARSE_VDL          0x10000000
#define FILE_DAX_VOLUME                   0x20000000
#define FILE_SUPPORTS_GHOSTING            0x40000000
#define FILE_SUPPORTS_CASE_SENSITIVE_DIRS 0x00800000
#define FILE_SUPPORTS_POSIX_UNLINK_RENAME 0x00000400

/* ---- flags of requests ---- */

#define SL_RETURN_ON_DISK_ENTRIES_ONLY    0x08
#define SL_NO_CURSOR_UPDATE               0x10
#define SL_QUERY_DIRECTORY_MASK           0x1b
#define SL_INFO_FORCE_ACCESS_CHECK        0x01
#define SL_INFO_IGNORE_READONLY_ATTRIBUTE 0x40
#define SL_IGNORE_READONLY_ATTRIBUTE      0x40
#define SL_BYPASS_ACCESS_CHECK            0x01
#ifndef SL_PERSISTENT_MEMORY_FIXED_MAPPING
#define SL_PERSISTENT_MEMORY_FIXED_MAPPING 0x20
#endif
#define IRP_MN_NOTIFY_CHANGE_DIRECTORY_EX 0x03
#define IO_REPARSE_GLOBAL                 0x00000002

/* ---- opportunistic locks ---- */

#define OPLOCK_FLAG_PARENT_OBJECT                  0x00000010
#define OPLOCK_FLAG_CLOSING_DELETE_ON_CLOSE        0x00000020
#define OPLOCK_FLAG_REMOVING_FILE_OR_LINK          0x00000040
#define OPLOCK_FLAG_BREAKING_FOR_SHARING_VIOLATION 0x00000080
#define OPLOCK_UPPER_FLAG_CHECK_NO_BREAK           0x00010000
#define OPLOCK_FS_FILTER_FLAGS_MASK                0xFFFF0000
#define OPLOCK_KEY_VERSION_WIN7                    0x0001
#define OPLOCK_KEY_VERSION_WIN8                    0x0002
#define OPLOCK_KEY_FLAG_PARENT_KEY                 0x0001
#define OPLOCK_KEY_FLAG_TARGET_KEY                 0x0002
typedef struct _OPLOCK_KEY_CONTEXT {
    USHORT Version;
    USHORT Flags;
    GUID ParentOplockKey;
    GUID TargetOplockKey;
    ULONG Reserved;
} OPLOCK_KEY_CONTEXT, *POPLOCK_KEY_CONTEXT;
typedef struct _DUAL_OPLOCK_KEY_ECP_CONTEXT {
    GUID ParentOplockKey;
    GUID TargetOplockKey;
    BOOLEAN ParentOplockKeySet;
    BOOLEAN TargetOplockKeySet;
} DUAL_OPLOCK_KEY_ECP_CONTEXT, *PDUAL_OPLOCK_KEY_ECP_CONTEXT;
DEFINE_GUID(GUID_ECP_DUAL_OPLOCK_KEY, 0x41621a14, 0xb08b, 0x4df1, 0xb6, 0x76, 0xa0, 0x5f, 0xfd,
            0xf0, 0x1b, 0xea);
NTKERNELAPI NTSTATUS NTAPI FsRtlCheckOplockEx2(POPLOCK Oplock, PIRP Irp, ULONG Flags,
                                               ULONG FlagsEx2, PVOID CompletionRoutineContext,
                                               PVOID CompletionRoutine, PVOID PostIrpRoutine,
                                               ULONGLONG Timeout, PVOID NotifyContext,
                                               PVOID NotifyRoutine);
NTKERNELAPI NTSTATUS NTAPI FsRtlCheckUpperOplock(POPLOCK Oplock, ULONG NewLowerOplockState,
                                                 PVOID CompletionRoutineContext,
                                                 PVOID CompletionRoutine, PVOID PrePendRoutine,
                                                 ULONG Flags);
NTKERNELAPI NTSTATUS NTAPI FsRtlUpperOplockFsctrl(POPLOCK Oplock, PIRP Irp, ULONG OpenCount,
                                                  ULONG LowerOplockState, ULONG Flags);
NTKERNELAPI BOOLEAN NTAPI FsRtlCheckLockForOplockRequest(PFILE_LOCK FileLock,
                                                         PLARGE_INTEGER AllocationSize);
NTKERNELAPI BOOLEAN NTAPI FsRtlAreThereWaitingFileLocks(PFILE_LOCK FileLock);
NTKERNELAPI POPLOCK_KEY_ECP_CONTEXT NTAPI IoGetOplockKeyContext(PFILE_OBJECT FileObject);
NTKERNELAPI POPLOCK_KEY_CONTEXT NTAPI IoGetOplockKeyContextEx(PFILE_OBJECT FileObject);

/* ---- extra create parameters ---- */

DEFINE_GUID(GUID_ECP_CSV_DOWN_LEVEL_OPEN, 0x4248be44, 0x647f, 0x488f, 0x8b, 0xe5, 0xa0, 0x8a, 0xaf,
            0x70, 0xf0, 0x28);
DEFINE_GUID(GUID_ECP_CSV_QUERY_FILE_REVISION, 0x44aec90b, 0xde65, 0x4d46, 0x8f, 0xbf, 0x76, 0x3f,
            0x9d, 0x97, 0x0b, 0x1d);
DEFINE_GUID(GUID_ECP_ATOMIC_CREATE, 0x4720bd83, 0x52ac, 0x4104, 0xa1, 0x30, 0xd1, 0xec, 0x6a, 0x8c,
            0xc8, 0xe5);
DEFINE_GUID(GUID_ECP_QUERY_ON_CREATE, 0x1aca62e9, 0xabb4, 0x4ff2, 0xbb, 0x5c, 0x1c, 0x79, 0x02,
            0x5e, 0x41, 0x7f);
DEFINE_GUID(GUID_ECP_CREATE_REDIRECTION, 0x188d6bd6, 0xa126, 0x4fa8, 0xbd, 0xf2, 0x1c, 0xcd, 0xf8,
            0x96, 0xf3, 0xe0);
DEFINE_GUID(GUID_ECP_IO_DEVICE_HINT, 0xf315b732, 0xac6b, 0x4d4d, 0xbe, 0x0c, 0xb3, 0x12, 0x64, 0x90,
            0xe1, 0xa3);
typedef struct _CSV_QUERY_FILE_REVISION_ECP_CONTEXT {
    LONGLONG FileId;
    LONGLONG FileRevision[3];
} CSV_QUERY_FILE_REVISION_ECP_CONTEXT, *PCSV_QUERY_FILE_REVISION_ECP_CONTEXT;
typedef enum _CSV_DOWN_LEVEL_FILE_TYPE {
    CsvDownLevelFileObject,
    CsvCsvFileObject
} CSV_DOWN_LEVEL_FILE_TYPE;
typedef struct _CSV_DOWN_LEVEL_OPEN_ECP_CONTEXT {
    ULONG Version;
    BOOLEAN IsResume;
    CSV_DOWN_LEVEL_FILE_TYPE FileType;
    ULONG SourceNodeId;
    ULONG DestinationNodeId;
} CSV_DOWN_LEVEL_OPEN_ECP_CONTEXT, *PCSV_DOWN_LEVEL_OPEN_ECP_CONTEXT;
DEFINE_GUID(ECP_TYPE_OPEN_REPARSE_GUID, 0x323eb6a8, 0xaffd, 0x4d95, 0x82, 0x30, 0x86, 0x3b, 0xce,
            0x09, 0xd3, 0x7a);
#define OPEN_REPARSE_POINT_TAG_ENCOUNTERED                      0x00000001
#define OPEN_REPARSE_POINT_REPARSE_IF_CHILD_EXISTS              0x00000002
#define OPEN_REPARSE_POINT_REPARSE_IF_CHILD_NOT_EXISTS          0x00000004
#define OPEN_REPARSE_POINT_REPARSE_IF_DIRECTORY_FINAL_COMPONENT 0x00000008
#define OPEN_REPARSE_POINT_VERSION_EX                           0x80000000
typedef struct _OPEN_REPARSE_LIST_ENTRY {
    LIST_ENTRY OpenReparseListEntry;
    ULONG ReparseTag;
    ULONG Flags;
    GUID ReparseGuid;
    USHORT Size;
    USHORT RemainingLength;
} OPEN_REPARSE_LIST_ENTRY, *POPEN_REPARSE_LIST_ENTRY;
typedef struct _OPEN_REPARSE_LIST {
    LIST_ENTRY OpenReparseList;
} OPEN_REPARSE_LIST, *POPEN_REPARSE_LIST;
typedef struct _QUERY_ON_CREATE_FILE_STAT_INFORMATION {
    LARGE_INTEGER FileId;
    LARGE_INTEGER CreationTime;
    LARGE_INTEGER LastAccessTime;
    LARGE_INTEGER LastWriteTime;
    LARGE_INTEGER ChangeTime;
    LARGE_INTEGER AllocationSize;
    LARGE_INTEGER EndOfFile;
    ULONG FileAttributes;
    ULONG ReparseTag;
    ULONG NumberOfLinks;
} QUERY_ON_CREATE_FILE_STAT_INFORMATION, *PQUERY_ON_CREATE_FILE_STAT_INFORMATION;
typedef struct _QUERY_ON_CREATE_FILE_LX_INFORMATION {
    ULONG EffectiveAccess;
    ULONG LxFlags;
    ULONG LxUid;
    ULONG LxGid;
    ULONG LxMode;
    ULONG LxDeviceIdMajor;
    ULONG LxDeviceIdMinor;
} QUERY_ON_CREATE_FILE_LX_INFORMATION, *PQUERY_ON_CREATE_FILE_LX_INFORMATION;
typedef struct _QUERY_ON_CREATE_EA_INFORMATION {
    ULONG EaBufferSize;
    PFILE_FULL_EA_INFORMATION EaBuffer;
} QUERY_ON_CREATE_EA_INFORMATION, *PQUERY_ON_CREATE_EA_INFORMATION;
typedef struct _QUERY_ON_CREATE_USN_INFORMATION {
    LARGE_INTEGER Usn;
    FILE_ID_128 FileReferenceNumber;
} QUERY_ON_CREATE_USN_INFORMATION, *PQUERY_ON_CREATE_USN_INFORMATION;
typedef struct _QUERY_ON_CREATE_SECURITY_INFORMATION {
    ULONG SecurityDescriptorSize;
    PSECURITY_DESCRIPTOR SecurityDescriptor;
} QUERY_ON_CREATE_SECURITY_INFORMATION, *PQUERY_ON_CREATE_SECURITY_INFORMATION;
typedef struct _QUERY_ON_CREATE_ECP_CONTEXT {
    ULONG RequestedClasses;
    ULONG ClassesProcessed;
    ULONG ClassesWithErrors;
    ULONG ClassesWithNoData;
    QUERY_ON_CREATE_FILE_STAT_INFORMATION StatInformation;
    QUERY_ON_CREATE_FILE_LX_INFORMATION LxInformation;
    QUERY_ON_CREATE_EA_INFORMATION EaInformation;
    ULONG Reserved;
    ULONG CommonBufferSize;
    PVOID CommonBuffer;
    QUERY_ON_CREATE_USN_INFORMATION UsnInformation;
    SECURITY_INFORMATION SecurityInformationRequested;
    QUERY_ON_CREATE_SECURITY_INFORMATION SecurityInformation;
} QUERY_ON_CREATE_ECP_CONTEXT, *PQUERY_ON_CREATE_ECP_CONTEXT;
NTKERNELAPI VOID NTAPI FsRtlPrepareToReuseEcp(PVOID EcpContext);

/* ---- file system controls ---- */

#define NTLAB_FSCTL(Function, Method, Access)                                                      \
    CTL_CODE(FILE_DEVICE_FILE_SYSTEM, Function, Method, Access)
#define FSCTL_MANAGE_BYPASS_IO          NTLAB_FSCTL(274, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_FILE_LEVEL_TRIM           NTLAB_FSCTL(130, METHOD_BUFFERED, FILE_WRITE_DATA)
#define FSCTL_QUERY_FILE_LAYOUT         NTLAB_FSCTL(157, METHOD_NEITHER, FILE_ANY_ACCESS)
#define FSCTL_OFFLOAD_READ              NTLAB_FSCTL(153, METHOD_BUFFERED, FILE_READ_ACCESS)
#define FSCTL_OFFLOAD_WRITE             NTLAB_FSCTL(154, METHOD_BUFFERED, FILE_WRITE_ACCESS)
#define FSCTL_CSV_INTERNAL              NTLAB_FSCTL(155, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_SET_PURGE_FAILURE_MODE    NTLAB_FSCTL(156, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_GET_INTEGRITY_INFORMATION NTLAB_FSCTL(159, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_SET_INTEGRITY_INFORMATION                                                            \
    NTLAB_FSCTL(160, METHOD_BUFFERED, FILE_READ_DATA | FILE_WRITE_DATA)
#define FSCTL_QUERY_FILE_REGIONS            NTLAB_FSCTL(161, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_RKF_INTERNAL                  NTLAB_FSCTL(171, METHOD_NEITHER, FILE_ANY_ACCESS)
#define FSCTL_SCRUB_DATA                    NTLAB_FSCTL(172, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_DISABLE_LOCAL_BUFFERING       NTLAB_FSCTL(174, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_SET_EXTERNAL_BACKING          NTLAB_FSCTL(195, METHOD_BUFFERED, FILE_SPECIAL_ACCESS)
#define FSCTL_GET_EXTERNAL_BACKING          NTLAB_FSCTL(196, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_DELETE_EXTERNAL_BACKING       NTLAB_FSCTL(197, METHOD_BUFFERED, FILE_SPECIAL_ACCESS)
#define FSCTL_DUPLICATE_EXTENTS_TO_FILE     NTLAB_FSCTL(209, METHOD_BUFFERED, FILE_WRITE_DATA)
#define FSCTL_QUERY_VOLUME_CONTAINER_STATE  NTLAB_FSCTL(228, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_SHUFFLE_FILE                  NTLAB_FSCTL(208, METHOD_BUFFERED, FILE_READ_ACCESS | FILE_WRITE_ACCESS)
#define FSCTL_SET_REPARSE_POINT_EX          NTLAB_FSCTL(259, METHOD_BUFFERED, FILE_SPECIAL_ACCESS)
#define FSCTL_QUERY_GHOSTED_FILE_EXTENTS    NTLAB_FSCTL(236, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_CSV_CONTROL                   NTLAB_FSCTL(181, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_CSV_QUERY_VETO_FILE_DIRECT_IO NTLAB_FSCTL(179, METHOD_BUFFERED, FILE_ANY_ACCESS)

typedef enum _CSV_CONTROL_OP {
    CsvControlStartRedirectFile = 0x02,
    CsvControlStopRedirectFile = 0x03,
    CsvControlQueryRedirectState = 0x04,
    CsvControlQueryFileRevision = 0x06,
    CsvControlQueryMdsPath = 0x08,
    CsvControlQueryFileRevisionFileId128 = 0x09,
    CsvControlQueryVolumeRedirectState = 0x0a,
    CsvControlEnableUSNRangeModificationTracking = 0x0d,
    CsvControlMarkHandleLocalVolumeMount = 0x0e,
    CsvControlUnmarkHandleLocalVolumeMount = 0x0f,
    CsvControlGetCsvFsMdsPathV2 = 0x12,
    CsvControlDisableCaching = 0x13,
    CsvControlEnableCaching = 0x14,
    CsvControlStartForceDFO = 0x15,
    CsvControlStopForceDFO = 0x16
} CSV_CONTROL_OP,
    *PCSV_CONTROL_OP;
typedef struct _CSV_CONTROL_PARAM {
    CSV_CONTROL_OP Operation;
    LONGLONG Unused;
} CSV_CONTROL_PARAM, *PCSV_CONTROL_PARAM;
typedef struct _CSV_QUERY_REDIRECT_STATE {
    ULONG MdsNodeId;
    ULONG DsNodeId;
    BOOLEAN FileRedirected;
} CSV_QUERY_REDIRECT_STATE, *PCSV_QUERY_REDIRECT_STATE;
typedef struct _CSV_QUERY_FILE_REVISION {
    LONGLONG FileId;
    LONGLONG FileRevision[3];
} CSV_QUERY_FILE_REVISION, *PCSV_QUERY_FILE_REVISION;
typedef struct _CSV_QUERY_VETO_FILE_DIRECT_IO_OUTPUT {
    ULONGLONG VetoedFromAltitudeIntegral;
    ULONGLONG VetoedFromAltitudeDecimal;
    WCHAR Reason[256];
} CSV_QUERY_VETO_FILE_DIRECT_IO_OUTPUT, *PCSV_QUERY_VETO_FILE_DIRECT_IO_OUTPUT;
/* FSCTL_QUERY_FILE_REGIONS: Windows 8. [ntifs: FILE_REGION_INPUT, FILE_REGION_OUTPUT, FILE_REGION_INFO] */
#define FILE_REGION_USAGE_VALID_CACHED_DATA    0x00000001
#define FILE_REGION_USAGE_VALID_NONCACHED_DATA 0x00000002
typedef struct _FILE_REGION_INPUT {
    LONGLONG FileOffset;
    LONGLONG Length;
    ULONG DesiredUsage;
} FILE_REGION_INPUT, *PFILE_REGION_INPUT;
typedef struct _FILE_REGION_INFO {
    LONGLONG FileOffset;
    LONGLONG Length;
    ULONG Usage;
    ULONG Reserved;
} FILE_REGION_INFO, *PFILE_REGION_INFO;
typedef struct _FILE_REGION_OUTPUT {
    ULONG Flags;
    ULONG TotalRegionEntryCount;
    ULONG RegionEntryCount;
    ULONG Reserved;
    FILE_REGION_INFO Region[1];
} FILE_REGION_OUTPUT, *PFILE_REGION_OUTPUT;
typedef struct _FILE_LEVEL_TRIM_RANGE {
    ULONGLONG Offset;
    ULONGLONG Length;
} FILE_LEVEL_TRIM_RANGE, *PFILE_LEVEL_TRIM_RANGE;
typedef struct _FILE_LEVEL_TRIM {
    ULONG Key;
    ULONG NumRanges;
    FILE_LEVEL_TRIM_RANGE Ranges[1];
} FILE_LEVEL_TRIM, *PFILE_LEVEL_TRIM;
typedef struct _FILE_LEVEL_TRIM_OUTPUT {
    ULONG NumRangesProcessed;
} FILE_LEVEL_TRIM_OUTPUT, *PFILE_LEVEL_TRIM_OUTPUT;
typedef struct _DUPLICATE_EXTENTS_DATA {
    HANDLE FileHandle;
    LARGE_INTEGER SourceFileOffset;
    LARGE_INTEGER TargetFileOffset;
    LARGE_INTEGER ByteCount;
} DUPLICATE_EXTENTS_DATA, *PDUPLICATE_EXTENTS_DATA;
typedef struct _FSCTL_GET_INTEGRITY_INFORMATION_BUFFER {
    USHORT ChecksumAlgorithm;
    USHORT Reserved;
    ULONG Flags;
    ULONG ChecksumChunkSizeInBytes;
    ULONG ClusterSizeInBytes;
} FSCTL_GET_INTEGRITY_INFORMATION_BUFFER, *PFSCTL_GET_INTEGRITY_INFORMATION_BUFFER;
#define SET_PURGE_FAILURE_MODE_ENABLED  0x00000001
#define SET_PURGE_FAILURE_MODE_DISABLED 0x00000002
typedef struct _SET_PURGE_FAILURE_MODE_INPUT {
    ULONG Flags;
} SET_PURGE_FAILURE_MODE_INPUT, *PSET_PURGE_FAILURE_MODE_INPUT;
typedef USN_RECORD USN_RECORD_V2, *PUSN_RECORD_V2;
typedef struct _USN_RECORD_V3 {
    ULONG RecordLength;
    USHORT MajorVersion;
    USHORT MinorVersion;
    FILE_ID_128 FileReferenceNumber;
    FILE_ID_128 ParentFileReferenceNumber;
    USN Usn;
    LARGE_INTEGER TimeStamp;
    ULONG Reason;
    ULONG SourceInfo;
    ULONG SecurityId;
    ULONG FileAttributes;
    USHORT FileNameLength;
    USHORT FileNameOffset;
    WCHAR FileName[1];
} USN_RECORD_V3, *PUSN_RECORD_V3;
typedef enum _FS_BPIO_OPERATIONS {
    FS_BPIO_OP_ENABLE = 1,
    FS_BPIO_OP_DISABLE = 2,
    FS_BPIO_OP_QUERY = 3,
    FS_BPIO_OP_VOLUME_STACK_PAUSE = 4,
    FS_BPIO_OP_VOLUME_STACK_RESUME = 5,
    FS_BPIO_OP_STREAM_PAUSE = 6,
    FS_BPIO_OP_STREAM_RESUME = 7,
    FS_BPIO_OP_GET_INFO = 8,
    FS_BPIO_OP_MAX_OPERATION
} FS_BPIO_OPERATIONS;
typedef enum _FS_BPIO_INFLAGS {
    FSBPIO_INFL_None = 0,
    FSBPIO_INFL_SKIP_STORAGE_STACK_QUERY = 1
} FS_BPIO_INFLAGS;
typedef struct _FS_BPIO_INPUT {
    FS_BPIO_OPERATIONS Operation;
    FS_BPIO_INFLAGS InFlags;
    ULONGLONG Reserved1;
    ULONGLONG Reserved2;
} FS_BPIO_INPUT, *PFS_BPIO_INPUT;
typedef enum _FS_BPIO_OUTFLAGS {
    FSBPIO_OUTFL_None = 0,
    FSBPIO_OUTFL_VOLUME_STACK_BYPASS_PAUSED = 1,
    FSBPIO_OUTFL_STREAM_BYPASS_PAUSED = 2,
    FSBPIO_OUTFL_FILTER_ATTACH_BLOCKED = 4,
    FSBPIO_OUTFL_COMPATIBLE_STORAGE_DRIVER = 8
} FS_BPIO_OUTFLAGS;
typedef struct _FS_BPIO_RESULTS {
    NTSTATUS OpStatus;
    USHORT FailingDriverNameLen; /* characters */
    WCHAR FailingDriverName[32];
    USHORT FailureReasonLen; /* characters */
    WCHAR FailureReason[128];
} FS_BPIO_RESULTS, *PFS_BPIO_RESULTS;
typedef struct _FS_BPIO_INFO {
    ULONG ActiveBypassIoCount;
    USHORT StorageDriverNameLen;
    WCHAR StorageDriverName[32];
} FS_BPIO_INFO, *PFS_BPIO_INFO;
typedef struct _FS_BPIO_OUTPUT {
    FS_BPIO_OPERATIONS Operation;
    FS_BPIO_OUTFLAGS OutFlags;
    ULONGLONG Reserved1;
    ULONGLONG Reserved2;
    union {
        FS_BPIO_RESULTS Enable;
        FS_BPIO_RESULTS Query;
        FS_BPIO_RESULTS VolumeStackResume;
        FS_BPIO_RESULTS StreamResume;
        FS_BPIO_INFO GetInfo;
    };
} FS_BPIO_OUTPUT, *PFS_BPIO_OUTPUT;
typedef struct _REPARSE_DATA_BUFFER_EX {
    ULONG Flags;
    ULONG ExistingReparseTag;
    GUID ExistingReparseGuid;
    ULONGLONG Reserved;
    union {
        REPARSE_DATA_BUFFER ReparseDataBuffer;
        REPARSE_GUID_DATA_BUFFER ReparseGuidDataBuffer;
    };
} REPARSE_DATA_BUFFER_EX, *PREPARSE_DATA_BUFFER_EX;

#ifndef IO_REPARSE_TAG_DEDUP
#define IO_REPARSE_TAG_DEDUP            (0x80000013L)
#define IO_REPARSE_TAG_NFS              (0x80000014L)
#define IO_REPARSE_TAG_FILE_PLACEHOLDER (0x80000015L)
#define IO_REPARSE_TAG_WOF              (0x80000017L)
#define IO_REPARSE_TAG_WCI              (0x80000018L)
#define IO_REPARSE_TAG_WCI_1            (0x90001018L)
#define IO_REPARSE_TAG_GLOBAL_REPARSE   (0xA0000019L)
#define IO_REPARSE_TAG_CLOUD            (0x9000001AL)
#define IO_REPARSE_TAG_CLOUD_1          (0x9000101AL)
#define IO_REPARSE_TAG_CLOUD_MASK       (0x0000F000L)
#define IO_REPARSE_TAG_APPEXECLINK      (0x8000001BL)
#define IO_REPARSE_TAG_GVFS             (0x9000001CL)
#define IO_REPARSE_TAG_PROJFS           (0x9000001CL)
#define IO_REPARSE_TAG_LX_SYMLINK       (0xA000001DL)
#define IO_REPARSE_TAG_STORAGE_SYNC     (0x8000001EL)
#define IO_REPARSE_TAG_WCI_TOMBSTONE    (0xA000001FL)
#define IO_REPARSE_TAG_UNHANDLED        (0x80000020L)
#define IO_REPARSE_TAG_ONEDRIVE         (0x80000021L)
#define IO_REPARSE_TAG_PROJFS_TOMBSTONE (0xA0000022L)
#define IO_REPARSE_TAG_AF_UNIX          (0x80000023L)
#define IO_REPARSE_TAG_LX_FIFO          (0x80000024L)
#define IO_REPARSE_TAG_LX_CHR           (0x80000025L)
#define IO_REPARSE_TAG_LX_BLK           (0x80000026L)
#define IO_REPARSE_TAG_WCI_LINK         (0xA0000027L)
#define IO_REPARSE_TAG_WCI_LINK_1       (0xA0001027L)
#endif

/* ---- statuses ---- */

#ifndef STATUS_OPLOCK_SWITCHED_TO_NEW_HANDLE
#define STATUS_OPLOCK_SWITCHED_TO_NEW_HANDLE ((NTSTATUS)0x00000215L)
#define STATUS_OPLOCK_HANDLE_CLOSED          ((NTSTATUS)0x00000216L)
#endif
#ifndef STATUS_REPARSE_GLOBAL
#define STATUS_REPARSE_GLOBAL ((NTSTATUS)0x00000368L)
#endif
#ifndef STATUS_NOT_SAME_OBJECT
#define STATUS_NOT_SAME_OBJECT ((NTSTATUS)0xC00001ACL)
#endif
#ifndef STATUS_REPARSE_POINT_ENCOUNTERED
#define STATUS_REPARSE_POINT_ENCOUNTERED ((NTSTATUS)0xC000050BL)
#endif
#ifndef STATUS_OFFLOAD_READ_FLT_NOT_SUPPORTED
#define STATUS_OFFLOAD_READ_FLT_NOT_SUPPORTED   ((NTSTATUS)0xC000A2A1L)
#define STATUS_OFFLOAD_WRITE_FLT_NOT_SUPPORTED  ((NTSTATUS)0xC000A2A2L)
#define STATUS_OFFLOAD_READ_FILE_NOT_SUPPORTED  ((NTSTATUS)0xC000A2A3L)
#define STATUS_OFFLOAD_WRITE_FILE_NOT_SUPPORTED ((NTSTATUS)0xC000A2A4L)
#endif
#ifndef STATUS_CSV_IO_PAUSE_TIMEOUT
#define STATUS_CSV_IO_PAUSE_TIMEOUT ((NTSTATUS)0xC0130012L)
#endif

/* ---- sections and the cache ---- */

typedef struct _FS_FILTER_SECTION_SYNC_OUTPUT {
    ULONG StructureSize;
    ULONG SizeReturned;
    ULONG Flags;
    ULONG DesiredReadAlignment;
} FS_FILTER_SECTION_SYNC_OUTPUT, *PFS_FILTER_SECTION_SYNC_OUTPUT;
#define FS_FILTER_SECTION_SYNC_IN_FLAG_DONT_UPDATE_LAST_ACCESS 0x00000001
#define FS_FILTER_SECTION_SYNC_IN_FLAG_DONT_UPDATE_LAST_WRITE  0x00000002
#define FS_FILTER_SECTION_SYNC_SUPPORTS_ASYNC_PARALLEL_IO      0x00000001
#define FS_FILTER_SECTION_SYNC_SUPPORTS_DIRECT_MAP_DATA        0x00000002
#define FS_FILTER_SECTION_SYNC_SUPPORTS_DIRECT_MAP_IMAGE       0x00000004
#define FS_FILTER_SECTION_SYNC_IMAGE_EXTENTS_ARE_NOT_RVA       0x00000008
#ifndef FS_FILTER_QUERY_OPEN
#define FS_FILTER_QUERY_OPEN ((UCHAR) - 7)
#endif

#ifndef VPB_DISMOUNTING
#define VPB_DISMOUNTING 0x00000080
#endif
#ifndef CC_DISABLE_READ_AHEAD
#define CC_DISABLE_READ_AHEAD          0x00000002
#define CC_DISABLE_WRITE_BEHIND        0x00000004
#define CC_DISABLE_DIRTY_PAGE_TRACKING 0x00000008
#define CC_ENABLE_DISK_IO_ACCOUNTING   0x00000010
#endif
NTKERNELAPI BOOLEAN NTAPI PsIsDiskCountersEnabled(VOID);
NTKERNELAPI VOID NTAPI PsUpdateDiskCounters(PEPROCESS Process, ULONG64 BytesRead,
                                            ULONG64 BytesWritten, ULONG ReadOperationCount,
                                            ULONG WriteOperationCount, ULONG FlushOperationCount);
extern NTKERNELAPI ULONG CcFastReadNotPossible;
extern NTKERNELAPI ULONG CcFastReadWait;

NTKERNELAPI BOOLEAN NTAPI CcCopyReadEx(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                                       ULONG Length, BOOLEAN Wait, PVOID Buffer,
                                       PIO_STATUS_BLOCK IoStatus, PETHREAD IoIssuerThread);
NTKERNELAPI BOOLEAN NTAPI CcCopyWriteEx(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                                        ULONG Length, BOOLEAN Wait, PVOID Buffer,
                                        PETHREAD IoIssuerThread);
NTKERNELAPI VOID NTAPI CcScheduleReadAheadEx(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                                             ULONG Length, PETHREAD IoIssuerThread);
NTKERNELAPI VOID NTAPI CcSetReadAheadGranularityEx(PFILE_OBJECT FileObject, ULONG Granularity);
NTKERNELAPI VOID NTAPI CcSetAdditionalCacheAttributesEx(PFILE_OBJECT FileObject, ULONG Flags);
NTKERNELAPI BOOLEAN NTAPI MmForceSectionClosedEx(PSECTION_OBJECT_POINTERS SectionObjectPointer,
                                                 ULONG ForceCloseFlags);
NTKERNELAPI BOOLEAN NTAPI MmIsFileSectionActive(PSECTION_OBJECT_POINTERS FsSectionPointer,
                                                ULONG Flags, PULONG SectionIsActive);
NTKERNELAPI ULONG NTAPI
MmDoesFileHaveUserWritableReferences(PSECTION_OBJECT_POINTERS SectionPointer);

/* ---- support routines of file systems ---- */

NTKERNELAPI BOOLEAN NTAPI FsRtlMdlReadEx(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                                         ULONG Length, ULONG LockKey, PMDL *MdlChain,
                                         PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI BOOLEAN NTAPI FsRtlMdlRead(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                                       ULONG Length, ULONG LockKey, PMDL *MdlChain,
                                       PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI BOOLEAN NTAPI FsRtlPrepareMdlWrite(PFILE_OBJECT FileObject, PLARGE_INTEGER FileOffset,
                                               ULONG Length, ULONG LockKey, PMDL *MdlChain,
                                               PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI NTSTATUS NTAPI FsRtlPrepareMdlWriteEx(PFILE_OBJECT FileObject,
                                                  PLARGE_INTEGER FileOffset, ULONG Length,
                                                  ULONG LockKey, PMDL *MdlChain,
                                                  PIO_STATUS_BLOCK IoStatus);
NTKERNELAPI NTSTATUS NTAPI FsRtlAcquireFileForCcFlushEx(PFILE_OBJECT FileObject);
NTKERNELAPI VOID NTAPI FsRtlAcquireFileForCcFlush(PFILE_OBJECT FileObject);
NTKERNELAPI VOID NTAPI FsRtlReleaseFileForCcFlush(PFILE_OBJECT FileObject);
NTKERNELAPI NTSTATUS NTAPI FsRtlGetSectorSizeInformation(
    PDEVICE_OBJECT DeviceObject, PFILE_FS_SECTOR_SIZE_INFORMATION SectorSizeInfo);
NTKERNELAPI NTSTATUS NTAPI FsRtlGetSupportedFeatures(PDEVICE_OBJECT DeviceObject,
                                                     PULONG SupportedFeatures);
NTKERNELAPI NTSTATUS NTAPI FsRtlIssueDeviceIoControl(PDEVICE_OBJECT DeviceObject,
                                                     ULONG IoControlCode, UCHAR Flags,
                                                     PVOID InputBuffer, ULONG InputBufferLength,
                                                     PVOID OutputBuffer, ULONG OutputBufferLength,
                                                     PULONG_PTR IosbInformation);
NTKERNELAPI NTSTATUS NTAPI FsRtlKernelFsControlFile(PFILE_OBJECT FileObject, ULONG FsControlCode,
                                                    PVOID InputBuffer, ULONG InputBufferLength,
                                                    PVOID OutputBuffer, ULONG OutputBufferLength,
                                                    PULONG RetOutputBufferSize);
NTKERNELAPI NTSTATUS NTAPI FsRtlQueryKernelEaFile(PFILE_OBJECT FileObject, PVOID ReturnedEaData,
                                                  ULONG Length, BOOLEAN ReturnSingleEntry,
                                                  PVOID EaList, ULONG EaListLength, PULONG EaIndex,
                                                  BOOLEAN RestartScan, PULONG LengthReturned);
NTKERNELAPI NTSTATUS NTAPI FsRtlSetKernelEaFile(PFILE_OBJECT FileObject, PVOID EaBuffer,
                                                ULONG Length);
NTKERNELAPI NTSTATUS NTAPI FsRtlQueryInformationFile(PFILE_OBJECT FileObject, PVOID FileInformation,
                                                     ULONG Length,
                                                     FILE_INFORMATION_CLASS FileInformationClass,
                                                     PULONG RetFileInformationSize);
NTKERNELAPI NTSTATUS NTAPI FsRtlQueryCachedVdl(PFILE_OBJECT FileObject, PLONGLONG Vdl);
NTKERNELAPI NTSTATUS NTAPI FsRtlUpdateDiskCounters(ULONG64 BytesRead, ULONG64 BytesWritten);
NTKERNELAPI BOOLEAN NTAPI FsRtlIsDaxVolume(PFILE_OBJECT FileObject);
NTKERNELAPI BOOLEAN NTAPI FsRtlIsMobileOS(VOID);
NTKERNELAPI LOGICAL NTAPI FsRtlIsSystemPagingFile(PFILE_OBJECT FileObject);
NTKERNELAPI BOOLEAN NTAPI FsRtlIsNameInUnUpcasedExpression(PUNICODE_STRING Expression,
                                                           PUNICODE_STRING Name, BOOLEAN IgnoreCase,
                                                           PWCH UpcaseTable);
NTKERNELAPI PVOID NTAPI FsRtlAllocateAePushLock(POOL_TYPE PoolType, ULONG Tag);
NTKERNELAPI VOID NTAPI FsRtlFreeAePushLock(PVOID AePushLock);
NTKERNELAPI NTSTATUS NTAPI FsRtlVolumeDeviceToCorrelationId(PDEVICE_OBJECT VolumeDeviceObject,
                                                            GUID *Guid);
NTKERNELAPI NTSTATUS NTAPI IoGetSymlinkSupportInformation(VOID);
NTKERNELAPI NTSTATUS NTAPI IoCheckLinkShareAccess(ACCESS_MASK DesiredAccess,
                                                  ULONG DesiredShareAccess, PFILE_OBJECT FileObject,
                                                  PSHARE_ACCESS ShareAccess, PVOID LinkShareAccess,
                                                  ULONG IoShareAccessFlags);
NTKERNELAPI BOOLEAN NTAPI IoIsInitiator32bitProcess(PIRP Irp);
NTKERNELAPI PEPROCESS NTAPI IoGetInitiatorProcess(PFILE_OBJECT FileObject);
NTKERNELAPI NTSTATUS NTAPI IoRetrievePriorityInfo(PIRP Irp, PFILE_OBJECT FileObject,
                                                  PETHREAD Thread, PIO_PRIORITY_INFO PriorityInfo);
NTKERNELAPI NTSTATUS NTAPI IoApplyPriorityInfoThread(PIO_PRIORITY_INFO InputPriorityInfo,
                                                     PIO_PRIORITY_INFO OutputPriorityInfo,
                                                     PETHREAD Thread);
typedef VOID NTAPI DRIVER_FS_NOTIFICATION(struct _DEVICE_OBJECT *DeviceObject, BOOLEAN FsActive);

/* ---- security, objects, services ---- */

NTKERNELAPI VOID NTAPI SeCaptureSubjectContextEx(PETHREAD Thread, PEPROCESS Process,
                                                 PSECURITY_SUBJECT_CONTEXT SubjectContext);
typedef NTSTATUS(NTAPI SE_LOGON_SESSION_TERMINATED_ROUTINE)(PLUID LogonId);
typedef NTSTATUS(NTAPI SE_LOGON_SESSION_TERMINATED_ROUTINE_EX)(PLUID LogonId, PVOID Context);
typedef SE_LOGON_SESSION_TERMINATED_ROUTINE_EX *PSE_LOGON_SESSION_TERMINATED_ROUTINE_EX;
NTKERNELAPI NTSTATUS NTAPI SeRegisterLogonSessionTerminatedRoutineEx(
    PSE_LOGON_SESSION_TERMINATED_ROUTINE_EX CallbackRoutine, PVOID Context);
NTKERNELAPI NTSTATUS NTAPI SeUnregisterLogonSessionTerminatedRoutineEx(
    PSE_LOGON_SESSION_TERMINATED_ROUTINE_EX CallbackRoutine, PVOID Context);
NTKERNELAPI NTSTATUS NTAPI SeQuerySessionIdTokenEx(PACCESS_TOKEN Token, PBOOLEAN IsServiceSession,
                                                   PULONG SessionId);
NTKERNELAPI NTSTATUS NTAPI SeGetCachedSigningLevel(PFILE_OBJECT FileObject, PULONG Flags,
                                                   PUCHAR SigningLevel, PUCHAR Thumbprint,
                                                   PULONG ThumbprintSize,
                                                   PULONG ThumbprintAlgorithm);
NTKERNELAPI PEPROCESS NTAPI PsGetThreadProcess(PETHREAD Thread);
NTKERNELAPI NTSTATUS NTAPI ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE PreviousMode);
NTKERNELAPI NTSTATUS NTAPI ObLogSecurityDescriptor(PSECURITY_DESCRIPTOR InputSecurityDescriptor,
                                                   PSECURITY_DESCRIPTOR *OutputSecurityDescriptor,
                                                   ULONG RefBias);
NTKERNELAPI VOID NTAPI ObReferenceSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
                                                     ULONG Count);
NTKERNELAPI VOID NTAPI ObDereferenceSecurityDescriptor(PSECURITY_DESCRIPTOR SecurityDescriptor,
                                                       ULONG Count);
#ifndef SECURITY_MAX_SID_SIZE
#define SECURITY_MAX_SID_SIZE                                                                      \
    (sizeof(SID) - sizeof(ULONG) + SID_MAX_SUB_AUTHORITIES * sizeof(ULONG))
#endif
typedef struct _SE_TOKEN_USER {
    union {
        TOKEN_USER TokenUser;
        SID_AND_ATTRIBUTES User;
    };
    union {
        SID Sid;
        UCHAR Buffer[SECURITY_MAX_SID_SIZE];
    };
} SE_TOKEN_USER, *PSE_TOKEN_USER;
typedef union _SE_SID {
    SID Sid;
    UCHAR Buffer[SECURITY_MAX_SID_SIZE];
} SE_SID, *PSE_SID;

#ifndef MEM_IMAGE
#define MEM_IMAGE 0x1000000
#endif
typedef enum _MEMORY_INFORMATION_CLASS { MemoryBasicInformation } MEMORY_INFORMATION_CLASS;
typedef struct _MEMORY_BASIC_INFORMATION {
    PVOID BaseAddress;
    PVOID AllocationBase;
    ULONG AllocationProtect;
    USHORT PartitionId;
    SIZE_T RegionSize;
    ULONG State;
    ULONG Protect;
    ULONG Type;
} MEMORY_BASIC_INFORMATION, *PMEMORY_BASIC_INFORMATION;
NTSYSAPI NTSTATUS NTAPI ZwQueryVirtualMemory(HANDLE ProcessHandle, PVOID BaseAddress,
                                             MEMORY_INFORMATION_CLASS MemoryInformationClass,
                                             PVOID MemoryInformation,
                                             SIZE_T MemoryInformationLength, PSIZE_T ReturnLength);
NTSYSAPI NTSTATUS NTAPI ZwQueryDirectoryFileEx(HANDLE FileHandle, HANDLE Event,
                                               PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                               PIO_STATUS_BLOCK IoStatusBlock,
                                               PVOID FileInformation, ULONG Length,
                                               FILE_INFORMATION_CLASS FileInformationClass,
                                               ULONG QueryFlags, PUNICODE_STRING FileName);
NTSYSCALLAPI NTSTATUS NTAPI NtQueryDirectoryFileEx(HANDLE FileHandle, HANDLE Event,
                                                   PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                                   PIO_STATUS_BLOCK IoStatusBlock,
                                                   PVOID FileInformation, ULONG Length,
                                                   FILE_INFORMATION_CLASS FileInformationClass,
                                                   ULONG QueryFlags, PUNICODE_STRING FileName);
NTSYSAPI NTSTATUS NTAPI ZwQueryInformationByName(POBJECT_ATTRIBUTES ObjectAttributes,
                                                 PIO_STATUS_BLOCK IoStatusBlock,
                                                 PVOID FileInformation, ULONG Length,
                                                 FILE_INFORMATION_CLASS FileInformationClass);
NTSYSAPI NTSTATUS NTAPI ZwFlushBuffersFileEx(HANDLE FileHandle, ULONG FLags, PVOID Parameters,
                                             ULONG ParametersSize, PIO_STATUS_BLOCK IoStatusBlock);
NTSYSAPI NTSTATUS NTAPI ZwNotifyChangeDirectoryFile(HANDLE FileHandle, HANDLE Event,
                                                    PIO_APC_ROUTINE ApcRoutine, PVOID ApcContext,
                                                    PIO_STATUS_BLOCK IoStatusBlock, PVOID Buffer,
                                                    ULONG Length, ULONG CompletionFilter,
                                                    BOOLEAN WatchTree);
NTSYSAPI NTSTATUS NTAPI ZwCancelIoFileEx(HANDLE FileHandle, PIO_STATUS_BLOCK IoRequestToCancel,
                                         PIO_STATUS_BLOCK IoStatusBlock);
NTSYSAPI NTSTATUS NTAPI ZwSaveKeyEx(HANDLE KeyHandle, HANDLE FileHandle, ULONG Format);
NTSYSAPI BOOLEAN NTAPI RtlIsCloudFilesPlaceholder(ULONG FileAttributes, ULONG ReparseTag);
NTSYSAPI BOOLEAN NTAPI RtlIsPartialPlaceholder(ULONG FileAttributes, ULONG ReparseTag);
NTSYSAPI CHAR NTAPI RtlQueryProcessPlaceholderCompatibilityMode(VOID);
NTSYSAPI CHAR NTAPI RtlSetProcessPlaceholderCompatibilityMode(CHAR Mode);
NTSYSAPI CHAR NTAPI RtlQueryThreadPlaceholderCompatibilityMode(VOID);
NTSYSAPI CHAR NTAPI RtlSetThreadPlaceholderCompatibilityMode(CHAR Mode);

/* Where an entry of a directory listing has what. The two offsets of the name are in the order of Windows' header, exchanged. */
typedef struct _FILE_INFORMATION_DEFINITION {
    FILE_INFORMATION_CLASS Class;
    ULONG NextEntryOffset;
    ULONG FileNameLengthOffset;
    ULONG FileNameOffset;
} FILE_INFORMATION_DEFINITION, *PFILE_INFORMATION_DEFINITION;
typedef const FILE_INFORMATION_DEFINITION *PCFILE_INFORMATION_DEFINITION;

#define NTLAB_ENTRY(Class, Type)                                                                   \
    {Class, FIELD_OFFSET(Type, NextEntryOffset), FIELD_OFFSET(Type, FileName),                     \
     FIELD_OFFSET(Type, FileNameLength)}
#define FileFullDirectoryInformationDefinition                                                     \
    NTLAB_ENTRY(FileFullDirectoryInformation, FILE_FULL_DIR_INFORMATION)
#define FileBothDirectoryInformationDefinition                                                     \
    NTLAB_ENTRY(FileBothDirectoryInformation, FILE_BOTH_DIR_INFORMATION)
#define FileDirectoryInformationDefinition                                                         \
    NTLAB_ENTRY(FileDirectoryInformation, FILE_DIRECTORY_INFORMATION)
#define FileNamesInformationDefinition NTLAB_ENTRY(FileNamesInformation, FILE_NAMES_INFORMATION)
#define FileIdFullDirectoryInformationDefinition                                                   \
    NTLAB_ENTRY(FileIdFullDirectoryInformation, FILE_ID_FULL_DIR_INFORMATION)
#define FileIdBothDirectoryInformationDefinition                                                   \
    NTLAB_ENTRY(FileIdBothDirectoryInformation, FILE_ID_BOTH_DIR_INFORMATION)

#if NTDDI_VERSION >= 0x06020000
#define FSRTL_FCB_HEADER_V2 0x02
FORCEINLINE VOID NTAPI
FsRtlSetupAdvancedHeader(PVOID AdvHdr, PFAST_MUTEX FMutex)
{
    PFSRTL_ADVANCED_FCB_HEADER Header = (PFSRTL_ADVANCED_FCB_HEADER)AdvHdr;

    Header->Flags |= FSRTL_FLAG_ADVANCED_HEADER;
    Header->Flags2 |= FSRTL_FLAG2_SUPPORTS_FILTER_CONTEXTS;
    Header->Version = FSRTL_FCB_HEADER_V2;
    InitializeListHead(&Header->FilterContexts);
    if (FMutex != NULL) {
        Header->FastMutex = FMutex;
    }
    *(PULONG_PTR)&Header->PushLock = 0;
    Header->FileContextSupportPointer = NULL;
    Header->Oplock = NULL;
}
#endif

#ifdef __cplusplus
}
#endif

#endif
