/*
 * native.h - the system services and the native types that winternl.h leaves out.
 *
 * One prototype for each service that the DLLs of the box call; nt/services.tsv has the numbers.
 */
#ifndef USER_INC_NATIVE_H
#define USER_INC_NATIVE_H

#define NtCurrentProcess() ((HANDLE)(LONG_PTR) - 1)
#define NtCurrentThread()  ((HANDLE)(LONG_PTR) - 2)

typedef ULONG LOGICAL; /* what kernel32 passes on as BOOL: all 32 bits count */
typedef short CSHORT;
typedef struct _TIME_FIELDS {
    CSHORT Year;
    CSHORT Month;
    CSHORT Day;
    CSHORT Hour;
    CSHORT Minute;
    CSHORT Second;
    CSHORT Milliseconds;
    CSHORT Weekday;
} TIME_FIELDS, *PTIME_FIELDS;

#define MAXUSHORT          0xFFFF
#define SE_DACL_UNTRUSTED  0x0040
#define SE_SERVER_SECURITY 0x0080

#define SYMBOLIC_LINK_QUERY      0x1
#define SYMBOLIC_LINK_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | 0x1)

typedef enum _EVENT_TYPE { NotificationEvent, SynchronizationEvent } EVENT_TYPE;
typedef enum _TIMER_TYPE { NotificationTimer, SynchronizationTimer } TIMER_TYPE;
typedef enum _SECTION_INHERIT { ViewShare = 1, ViewUnmap = 2 } SECTION_INHERIT;
typedef enum _WAIT_TYPE { WaitAll, WaitAny } WAIT_TYPE;

/* Information classes that winternl.h does not name. */
#define FileCompletionInformation_              30
#define FileIoCompletionNotificationInformation 41
#define ObjectHandleFlagInformation             4
#define ThreadIsTerminated                      20
#define ThreadNameInformation                   38
#define SystemProcessInformationClass           5
#define SystemTimeOfDayInformationClass         3
#define SystemExtendedHandleInformation         64
#define SystemModuleInformation                 11
#define SystemTimeAdjustmentInformation         28

typedef struct _SYSTEM_BASIC_INFORMATION {
    ULONG Reserved;
    ULONG TimerResolution;
    ULONG PageSize;
    ULONG NumberOfPhysicalPages;
    ULONG LowestPhysicalPageNumber;
    ULONG HighestPhysicalPageNumber;
    ULONG AllocationGranularity;
    ULONG_PTR MinimumUserModeAddress;
    ULONG_PTR MaximumUserModeAddress;
    KAFFINITY ActiveProcessorsAffinityMask;
    CHAR NumberOfProcessors;
} SYSTEM_BASIC_INFORMATION, *PSYSTEM_BASIC_INFORMATION;

typedef struct _NT_SYSTEM_THREAD_INFORMATION {
    LARGE_INTEGER KernelTime, UserTime, CreateTime;
    ULONG WaitTime;
    PVOID StartAddress;
    CLIENT_ID ClientId;
    KPRIORITY Priority;
    LONG BasePriority;
    ULONG ContextSwitches;
    ULONG ThreadState;
    ULONG WaitReason;
} NT_SYSTEM_THREAD_INFORMATION, *PNT_SYSTEM_THREAD_INFORMATION;

typedef struct _SYSTEM_PROCESS_INFORMATION {
    ULONG NextEntryOffset;
    ULONG NumberOfThreads;
    LARGE_INTEGER WorkingSetPrivateSize;
    ULONG HardFaultCount;
    ULONG NumberOfThreadsHighWatermark;
    ULONGLONG CycleTime;
    LARGE_INTEGER CreateTime, UserTime, KernelTime;
    UNICODE_STRING ImageName;
    KPRIORITY BasePriority;
    HANDLE UniqueProcessId;
    HANDLE InheritedFromUniqueProcessId;
    ULONG HandleCount;
    ULONG SessionId;
    ULONG_PTR UniqueProcessKey;
    SIZE_T PeakVirtualSize, VirtualSize;
    ULONG PageFaultCount;
    SIZE_T PeakWorkingSetSize, WorkingSetSize;
    SIZE_T QuotaPeakPagedPoolUsage, QuotaPagedPoolUsage;
    SIZE_T QuotaPeakNonPagedPoolUsage, QuotaNonPagedPoolUsage;
    SIZE_T PagefileUsage, PeakPagefileUsage, PrivatePageCount;
    IO_COUNTERS IoCounters;
} SYSTEM_PROCESS_INFORMATION, *PSYSTEM_PROCESS_INFORMATION;
C_ASSERT(sizeof(SYSTEM_PROCESS_INFORMATION) == 0x100);

typedef struct _THREAD_BASIC_INFORMATION {
    NTSTATUS ExitStatus;
    PVOID TebBaseAddress;
    CLIENT_ID ClientId;
    KAFFINITY AffinityMask;
    KPRIORITY Priority;
    LONG BasePriority;
} THREAD_BASIC_INFORMATION, *PTHREAD_BASIC_INFORMATION;

typedef struct _NT_OBJECT_BASIC_INFORMATION {
    ULONG Attributes;
    ACCESS_MASK GrantedAccess;
    ULONG HandleCount;
    ULONG PointerCount;
    ULONG Reserved[10];
    LARGE_INTEGER CreationTime;
} NT_OBJECT_BASIC_INFORMATION;

typedef struct _OBJECT_HANDLE_FLAG_INFORMATION {
    BOOLEAN Inherit;
    BOOLEAN ProtectFromClose;
} OBJECT_HANDLE_FLAG_INFORMATION;

typedef struct _FILE_COMPLETION_INFORMATION {
    HANDLE Port;
    PVOID Key;
} FILE_COMPLETION_INFORMATION;

typedef struct _FILE_IO_COMPLETION_INFORMATION {
    PVOID KeyContext;
    PVOID ApcContext;
    IO_STATUS_BLOCK IoStatusBlock;
} FILE_IO_COMPLETION_INFORMATION, *PFILE_IO_COMPLETION_INFORMATION;

typedef struct _EVENT_BASIC_INFORMATION {
    EVENT_TYPE EventType;
    LONG EventState;
} EVENT_BASIC_INFORMATION;

typedef struct _SECTION_IMAGE_INFORMATION {
    PVOID TransferAddress;
    ULONG ZeroBits;
    SIZE_T MaximumStackSize;
    SIZE_T CommittedStackSize;
    ULONG SubSystemType;
    USHORT SubSystemMinorVersion;
    USHORT SubSystemMajorVersion;
    ULONG OperatingSystemVersion;
    USHORT ImageCharacteristics;
    USHORT DllCharacteristics;
    USHORT Machine;
    BOOLEAN ImageContainsCode;
    UCHAR ImageFlags;
    ULONG LoaderFlags;
    ULONG ImageFileSize;
    ULONG CheckSum;
} SECTION_IMAGE_INFORMATION, *PSECTION_IMAGE_INFORMATION;

typedef enum _KEY_INFORMATION_CLASS {
    KeyBasicInformation,
    KeyNodeInformation,
    KeyFullInformation,
    KeyNameInformation,
    KeyCachedInformation
} KEY_INFORMATION_CLASS;

typedef struct _KEY_BASIC_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG NameLength;
    WCHAR Name[1];
} KEY_BASIC_INFORMATION, *PKEY_BASIC_INFORMATION;

typedef struct _KEY_FULL_INFORMATION {
    LARGE_INTEGER LastWriteTime;
    ULONG TitleIndex;
    ULONG ClassOffset;
    ULONG ClassLength;
    ULONG SubKeys;
    ULONG MaxNameLen;
    ULONG MaxClassLen;
    ULONG Values;
    ULONG MaxValueNameLen;
    ULONG MaxValueDataLen;
    WCHAR Class[1];
} KEY_FULL_INFORMATION, *PKEY_FULL_INFORMATION;

typedef enum _KEY_VALUE_INFORMATION_CLASS {
    KeyValueBasicInformation,
    KeyValueFullInformation,
    KeyValuePartialInformation
} KEY_VALUE_INFORMATION_CLASS;

typedef struct _KEY_VALUE_FULL_INFORMATION {
    ULONG TitleIndex;
    ULONG Type;
    ULONG DataOffset;
    ULONG DataLength;
    ULONG NameLength;
    WCHAR Name[1];
} KEY_VALUE_FULL_INFORMATION, *PKEY_VALUE_FULL_INFORMATION;

typedef struct _KEY_VALUE_PARTIAL_INFORMATION {
    ULONG TitleIndex;
    ULONG Type;
    ULONG DataLength;
    UCHAR Data[1];
} KEY_VALUE_PARTIAL_INFORMATION, *PKEY_VALUE_PARTIAL_INFORMATION;

/* NtCreateUserProcess, NtCreateThreadEx: attributes. */
typedef struct _PS_ATTRIBUTE {
    ULONG_PTR Attribute;
    SIZE_T Size;
    union {
        ULONG_PTR Value;
        PVOID ValuePtr;
    };
    PSIZE_T ReturnLength;
} PS_ATTRIBUTE, *PPS_ATTRIBUTE;

typedef struct _PS_ATTRIBUTE_LIST {
    SIZE_T TotalLength;
    PS_ATTRIBUTE Attributes[1];
} PS_ATTRIBUTE_LIST, *PPS_ATTRIBUTE_LIST;

#define PS_ATTRIBUTE_PARENT_PROCESS  0x60000
#define PS_ATTRIBUTE_DEBUG_OBJECT    0x60001
#define PS_ATTRIBUTE_TOKEN           0x60002
#define PS_ATTRIBUTE_CLIENT_ID       0x10003
#define PS_ATTRIBUTE_TEB_ADDRESS     0x10004
#define PS_ATTRIBUTE_IMAGE_NAME      0x20005
#define PS_ATTRIBUTE_IMAGE_INFO      0x00006
#define PS_ATTRIBUTE_STD_HANDLE_INFO 0x2000A
#define PS_ATTRIBUTE_HANDLE_LIST     0x2000B

#define PROCESS_CREATE_FLAGS_NO_DEBUG_INHERIT 0x2
#define PROCESS_CREATE_FLAGS_INHERIT_HANDLES  0x4
#define THREAD_CREATE_FLAGS_CREATE_SUSPENDED  0x1

typedef struct _PS_CREATE_INFO {
    SIZE_T Size;
    ULONG State; /* 0 initial; 6 success */
    ULONG_PTR Body[9];
} PS_CREATE_INFO, *PPS_CREATE_INFO;
C_ASSERT(sizeof(PS_CREATE_INFO) == 0x58);

typedef VOID(NTAPI *PPS_APC_ROUTINE)(PVOID Context, PVOID Argument1, PVOID Argument2);
typedef VOID(NTAPI *PTIMER_APC_ROUTINE)(PVOID Context, ULONG Low, LONG High);
typedef NTSTATUS(NTAPI *PUSER_THREAD_START_ROUTINE)(PVOID Parameter);

/* Those that winternl.h declares too: whoever generates stubs reads this file only. */
NTSTATUS NTAPI NtClose(HANDLE Handle);
NTSTATUS NTAPI NtCreateFile(PHANDLE File, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                            PIO_STATUS_BLOCK Iosb, PLARGE_INTEGER AllocationSize,
                            ULONG FileAttributes, ULONG ShareAccess, ULONG Disposition,
                            ULONG Options, PVOID Ea, ULONG EaLength);
NTSTATUS NTAPI NtOpenFile(PHANDLE File, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                          PIO_STATUS_BLOCK Iosb, ULONG ShareAccess, ULONG Options);
NTSTATUS NTAPI NtFsControlFile(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                               PIO_STATUS_BLOCK Iosb, ULONG Code, PVOID Input, ULONG InputLength,
                               PVOID Output, ULONG OutputLength);
NTSTATUS NTAPI NtDeviceIoControlFile(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                                     PIO_STATUS_BLOCK Iosb, ULONG Code, PVOID Input,
                                     ULONG InputLength, PVOID Output, ULONG OutputLength);
NTSTATUS NTAPI NtWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtQueryInformationProcess(HANDLE Process, PROCESSINFOCLASS Class, PVOID Information,
                                         ULONG Length, PULONG ReturnLength);
NTSTATUS NTAPI NtSetInformationProcess(HANDLE Process, PROCESSINFOCLASS Class, PVOID Information,
                                       ULONG Length);
NTSTATUS NTAPI NtQueryInformationThread(HANDLE Thread, THREADINFOCLASS Class, PVOID Information,
                                        ULONG Length, PULONG ReturnLength);
NTSTATUS NTAPI NtQueryInformationFile(HANDLE File, PIO_STATUS_BLOCK Iosb, PVOID Information,
                                      ULONG Length, FILE_INFORMATION_CLASS Class);
NTSTATUS NTAPI NtSetInformationFile(HANDLE File, PIO_STATUS_BLOCK Iosb, PVOID Information,
                                    ULONG Length, FILE_INFORMATION_CLASS Class);
NTSTATUS NTAPI NtQueryVolumeInformationFile(HANDLE File, PIO_STATUS_BLOCK Iosb, PVOID Information,
                                            ULONG Length, FS_INFORMATION_CLASS Class);
NTSTATUS NTAPI NtQueryObject(HANDLE Handle, OBJECT_INFORMATION_CLASS Class, PVOID Information,
                             ULONG Length, PULONG ReturnLength);
NTSTATUS NTAPI NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS Class, PVOID Information,
                                        ULONG Length, PULONG ReturnLength);

/* Objects. */
NTSTATUS NTAPI NtDuplicateObject(HANDLE SourceProcess, HANDLE Source, HANDLE TargetProcess,
                                 PHANDLE Target, ACCESS_MASK Access, ULONG Attributes,
                                 ULONG Options);
NTSTATUS NTAPI NtSetInformationObject(HANDLE Handle, ULONG Class, PVOID Information, ULONG Length);
NTSTATUS NTAPI NtOpenDirectoryObject(PHANDLE Handle, ACCESS_MASK Access,
                                     POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtCreateDirectoryObject(PHANDLE Handle, ACCESS_MASK Access,
                                       POBJECT_ATTRIBUTES Attributes);
typedef struct _OBJECT_DIRECTORY_ENTRY {
    UNICODE_STRING Name;
    UNICODE_STRING TypeName;
} OBJECT_DIRECTORY_ENTRY, *POBJECT_DIRECTORY_ENTRY;
NTSTATUS NTAPI NtQueryDirectoryObject(HANDLE Handle, PVOID Buffer, ULONG Length, BOOLEAN Single,
                                      BOOLEAN Restart, PULONG Context, PULONG ReturnLength);
NTSTATUS NTAPI NtOpenSymbolicLinkObject(PHANDLE Handle, ACCESS_MASK Access,
                                        POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtQuerySymbolicLinkObject(HANDLE Handle, PUNICODE_STRING Target, PULONG Length);
NTSTATUS NTAPI NtCreateSymbolicLinkObject(PHANDLE Handle, ACCESS_MASK Access,
                                          POBJECT_ATTRIBUTES Attributes, PUNICODE_STRING Target);
NTSTATUS NTAPI NtCompareObjects(HANDLE First, HANDLE Second);
NTSTATUS NTAPI NtMakeTemporaryObject(HANDLE Handle);
NTSTATUS NTAPI NtQuerySecurityObject(HANDLE Handle, SECURITY_INFORMATION Information,
                                     PSECURITY_DESCRIPTOR Descriptor, ULONG Length, PULONG Needed);
NTSTATUS NTAPI NtSetSecurityObject(HANDLE Handle, SECURITY_INFORMATION Information,
                                   PSECURITY_DESCRIPTOR Descriptor);

/* Waits and what is waited for. */
NTSTATUS NTAPI NtWaitForMultipleObjects(ULONG Count, const HANDLE *Handles, WAIT_TYPE Type,
                                        BOOLEAN Alertable, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtSignalAndWaitForSingleObject(HANDLE Signal, HANDLE Wait, BOOLEAN Alertable,
                                              PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtDelayExecution(BOOLEAN Alertable, PLARGE_INTEGER Interval);
NTSTATUS NTAPI NtYieldExecution(VOID);
NTSTATUS NTAPI NtTestAlert(VOID);
NTSTATUS NTAPI NtAlertThread(HANDLE Thread);
NTSTATUS NTAPI NtAlertThreadByThreadId(HANDLE ThreadId);
NTSTATUS NTAPI NtWaitForKeyedEvent(HANDLE Event, PVOID Key, BOOLEAN Alertable,
                                   PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtReleaseKeyedEvent(HANDLE Event, PVOID Key, BOOLEAN Alertable,
                                   PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtWaitForAlertByThreadId(PVOID Address, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtCreateEvent(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                             EVENT_TYPE Type, BOOLEAN InitialState);
NTSTATUS NTAPI NtOpenEvent(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtSetEvent(HANDLE Handle, PLONG PreviousState);
NTSTATUS NTAPI NtResetEvent(HANDLE Handle, PLONG PreviousState);
NTSTATUS NTAPI NtClearEvent(HANDLE Handle);
NTSTATUS NTAPI NtPulseEvent(HANDLE Handle, PLONG PreviousState);
NTSTATUS NTAPI NtQueryEvent(HANDLE Handle, ULONG Class, PVOID Information, ULONG Length,
                            PULONG ReturnLength);
NTSTATUS NTAPI NtCreateMutant(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                              BOOLEAN Owned);
NTSTATUS NTAPI NtOpenMutant(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtReleaseMutant(HANDLE Handle, PLONG PreviousCount);
NTSTATUS NTAPI NtCreateSemaphore(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                                 LONG Initial, LONG Maximum);
NTSTATUS NTAPI NtOpenSemaphore(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtReleaseSemaphore(HANDLE Handle, LONG Count, PLONG PreviousCount);
NTSTATUS NTAPI NtCreateTimer(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                             TIMER_TYPE Type);
NTSTATUS NTAPI NtOpenTimer(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtSetTimer(HANDLE Handle, PLARGE_INTEGER DueTime, PTIMER_APC_ROUTINE Routine,
                          PVOID Context, BOOLEAN Resume, LONG Period, PBOOLEAN PreviousState);
NTSTATUS NTAPI NtCancelTimer(HANDLE Handle, PBOOLEAN CurrentState);
NTSTATUS NTAPI NtCreateIoCompletion(PHANDLE Handle, ACCESS_MASK Access,
                                    POBJECT_ATTRIBUTES Attributes, ULONG Count);
NTSTATUS NTAPI NtSetIoCompletion(HANDLE Handle, PVOID Key, PVOID Context, NTSTATUS Status,
                                 ULONG_PTR Information);
NTSTATUS NTAPI NtRemoveIoCompletion(HANDLE Handle, PVOID *Key, PVOID *Context,
                                    PIO_STATUS_BLOCK Iosb, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI NtRemoveIoCompletionEx(HANDLE Handle, PFILE_IO_COMPLETION_INFORMATION Entries,
                                      ULONG Count, PULONG Removed, PLARGE_INTEGER Timeout,
                                      BOOLEAN Alertable);

/* Files. */
NTSTATUS NTAPI NtReadFileScatter(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                                 PIO_STATUS_BLOCK Iosb, PFILE_SEGMENT_ELEMENT Segments,
                                 ULONG Length, PLARGE_INTEGER Offset, PULONG Key);
NTSTATUS NTAPI NtWriteFileGather(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                                 PIO_STATUS_BLOCK Iosb, PFILE_SEGMENT_ELEMENT Segments,
                                 ULONG Length, PLARGE_INTEGER Offset, PULONG Key);
NTSTATUS NTAPI NtReadFile(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                          PIO_STATUS_BLOCK Iosb, PVOID Buffer, ULONG Length, PLARGE_INTEGER Offset,
                          PULONG Key);
NTSTATUS NTAPI NtWriteFile(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                           PIO_STATUS_BLOCK Iosb, PVOID Buffer, ULONG Length, PLARGE_INTEGER Offset,
                           PULONG Key);
NTSTATUS NTAPI NtFlushBuffersFile(HANDLE File, PIO_STATUS_BLOCK Iosb);
NTSTATUS NTAPI NtCancelIoFile(HANDLE File, PIO_STATUS_BLOCK Iosb);
NTSTATUS NTAPI NtCancelIoFileEx(HANDLE File, PIO_STATUS_BLOCK Request, PIO_STATUS_BLOCK Iosb);
NTSTATUS NTAPI NtCancelSynchronousIoFile(HANDLE Thread, PIO_STATUS_BLOCK Request,
                                         PIO_STATUS_BLOCK Iosb);
NTSTATUS NTAPI NtQueryDirectoryFile(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                                    PIO_STATUS_BLOCK Iosb, PVOID Buffer, ULONG Length,
                                    FILE_INFORMATION_CLASS Class, BOOLEAN Single,
                                    PUNICODE_STRING Name, BOOLEAN Restart);
NTSTATUS NTAPI NtQueryAttributesFile(POBJECT_ATTRIBUTES Attributes,
                                     PFILE_BASIC_INFORMATION Information);
NTSTATUS NTAPI NtQueryFullAttributesFile(POBJECT_ATTRIBUTES Attributes,
                                         PFILE_NETWORK_OPEN_INFORMATION Information);
NTSTATUS NTAPI NtDeleteFile(POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtLockFile(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                          PIO_STATUS_BLOCK Iosb, PLARGE_INTEGER Offset, PLARGE_INTEGER Length,
                          ULONG Key, BOOLEAN FailNow, BOOLEAN Exclusive);
NTSTATUS NTAPI NtUnlockFile(HANDLE File, PIO_STATUS_BLOCK Iosb, PLARGE_INTEGER Offset,
                            PLARGE_INTEGER Length, ULONG Key);
NTSTATUS NTAPI NtNotifyChangeDirectoryFile(HANDLE File, HANDLE Event, PIO_APC_ROUTINE Apc,
                                           PVOID Context, PIO_STATUS_BLOCK Iosb, PVOID Buffer,
                                           ULONG Length, ULONG Filter, BOOLEAN Tree);
/* Pipes. */
#define FILE_PIPE_BYTE_STREAM_TYPE      0
#define FILE_PIPE_MESSAGE_TYPE          1
#define FILE_PIPE_REJECT_REMOTE_CLIENTS 2
#define FILE_PIPE_BYTE_STREAM_MODE      0
#define FILE_PIPE_MESSAGE_MODE          1
#define FILE_PIPE_QUEUE_OPERATION       0
#define FILE_PIPE_COMPLETE_OPERATION    1
#define FILE_PIPE_SERVER_END            1
#define FSCTL_PIPE_DISCONNECT           CTL_CODE(FILE_DEVICE_NAMED_PIPE, 1, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_PIPE_LISTEN               CTL_CODE(FILE_DEVICE_NAMED_PIPE, 2, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_PIPE_PEEK                 CTL_CODE(FILE_DEVICE_NAMED_PIPE, 3, METHOD_BUFFERED, FILE_READ_DATA)
#define FSCTL_PIPE_TRANSCEIVE                                                                      \
    CTL_CODE(FILE_DEVICE_NAMED_PIPE, 5, METHOD_NEITHER, FILE_READ_DATA | FILE_WRITE_DATA)
#define FSCTL_PIPE_WAIT        CTL_CODE(FILE_DEVICE_NAMED_PIPE, 6, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_PIPE_IMPERSONATE CTL_CODE(FILE_DEVICE_NAMED_PIPE, 7, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_PIPE_GET_PIPE_ATTRIBUTE                                                              \
    CTL_CODE(FILE_DEVICE_NAMED_PIPE, 10, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FSCTL_PIPE_GET_CONNECTION_ATTRIBUTE                                                        \
    CTL_CODE(FILE_DEVICE_NAMED_PIPE, 12, METHOD_BUFFERED, FILE_ANY_ACCESS)
typedef struct _FILE_PIPE_PEEK_BUFFER {
    ULONG NamedPipeState;
    ULONG ReadDataAvailable;
    ULONG NumberOfMessages;
    ULONG MessageLength;
    CHAR Data[1];
} FILE_PIPE_PEEK_BUFFER, *PFILE_PIPE_PEEK_BUFFER;
typedef struct _FILE_PIPE_WAIT_FOR_BUFFER {
    LARGE_INTEGER Timeout;
    ULONG NameLength;
    BOOLEAN TimeoutSpecified;
    WCHAR Name[1];
} FILE_PIPE_WAIT_FOR_BUFFER, *PFILE_PIPE_WAIT_FOR_BUFFER;
typedef struct _FILE_PIPE_INFORMATION {
    ULONG ReadMode;
    ULONG CompletionMode;
} FILE_PIPE_INFORMATION, *PFILE_PIPE_INFORMATION;
NTSTATUS NTAPI NtCreateMailslotFile(PHANDLE Handle, ULONG Access, POBJECT_ATTRIBUTES Attributes,
                                    PIO_STATUS_BLOCK Iosb, ULONG Options, ULONG Quota,
                                    ULONG MaximumMessageSize, PLARGE_INTEGER ReadTimeout);
NTSTATUS NTAPI NtCreateNamedPipeFile(PHANDLE Handle, ULONG Access, POBJECT_ATTRIBUTES Attributes,
                                     PIO_STATUS_BLOCK Iosb, ULONG ShareAccess, ULONG Disposition,
                                     ULONG Options, ULONG PipeType, ULONG ReadMode,
                                     ULONG CompletionMode, ULONG MaximumInstances,
                                     ULONG InboundQuota, ULONG OutboundQuota,
                                     PLARGE_INTEGER Timeout);

/* Memory. */
NTSTATUS NTAPI NtAllocateVirtualMemory(HANDLE Process, PVOID *Base, ULONG_PTR ZeroBits,
                                       PSIZE_T Size, ULONG Type, ULONG Protection);
NTSTATUS NTAPI NtFreeVirtualMemory(HANDLE Process, PVOID *Base, PSIZE_T Size, ULONG Type);
NTSTATUS NTAPI NtProtectVirtualMemory(HANDLE Process, PVOID *Base, PSIZE_T Size, ULONG New,
                                      PULONG Old);
NTSTATUS NTAPI NtQueryVirtualMemory(HANDLE Process, PVOID Base, ULONG Class, PVOID Information,
                                    SIZE_T Length, PSIZE_T ReturnLength);
NTSTATUS NTAPI NtReadVirtualMemory(HANDLE Process, PVOID Base, PVOID Buffer, SIZE_T Size,
                                   PSIZE_T Read);
NTSTATUS NTAPI NtWriteVirtualMemory(HANDLE Process, PVOID Base, PVOID Buffer, SIZE_T Size,
                                    PSIZE_T Written);
NTSTATUS NTAPI NtGetWriteWatch(HANDLE Process, ULONG Flags, PVOID Base, SIZE_T Size, PVOID *Pages,
                               PULONG_PTR Count, PULONG Granularity);
NTSTATUS NTAPI NtResetWriteWatch(HANDLE Process, PVOID Base, SIZE_T Size);
NTSTATUS NTAPI NtLockVirtualMemory(HANDLE Process, PVOID *Base, PSIZE_T Size, ULONG Option);
NTSTATUS NTAPI NtUnlockVirtualMemory(HANDLE Process, PVOID *Base, PSIZE_T Size, ULONG Option);
NTSTATUS NTAPI NtFlushInstructionCache(HANDLE Process, PVOID Base, SIZE_T Size);
NTSTATUS NTAPI NtFlushVirtualMemory(HANDLE Process, PVOID *Base, PSIZE_T Size,
                                    PIO_STATUS_BLOCK Iosb);
NTSTATUS NTAPI NtCreateSection(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                               PLARGE_INTEGER MaximumSize, ULONG Protection,
                               ULONG AllocationAttributes, HANDLE File);
NTSTATUS NTAPI NtOpenSection(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtQuerySection(HANDLE Handle, ULONG Class, PVOID Information, SIZE_T Length,
                              PSIZE_T ReturnLength);
NTSTATUS NTAPI NtMapViewOfSection(HANDLE Section, HANDLE Process, PVOID *Base, ULONG_PTR ZeroBits,
                                  SIZE_T CommitSize, PLARGE_INTEGER Offset, PSIZE_T ViewSize,
                                  SECTION_INHERIT Inherit, ULONG Type, ULONG Protection);
NTSTATUS NTAPI NtUnmapViewOfSection(HANDLE Process, PVOID Base);

/* Processes and threads. */
NTSTATUS NTAPI NtCreateUserProcess(PHANDLE Process, PHANDLE Thread, ACCESS_MASK ProcessAccess,
                                   ACCESS_MASK ThreadAccess, POBJECT_ATTRIBUTES ProcessAttributes,
                                   POBJECT_ATTRIBUTES ThreadAttributes, ULONG ProcessFlags,
                                   ULONG ThreadFlags, PRTL_USER_PROCESS_PARAMETERS Parameters,
                                   PPS_CREATE_INFO Info, PPS_ATTRIBUTE_LIST Attributes);
NTSTATUS NTAPI NtCreateThreadEx(PHANDLE Thread, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                                HANDLE Process, PVOID Start, PVOID Argument, ULONG Flags,
                                SIZE_T ZeroBits, SIZE_T StackCommit, SIZE_T StackReserve,
                                PPS_ATTRIBUTE_LIST AttributeList);
NTSTATUS NTAPI NtOpenProcess(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                             PCLIENT_ID Id);
NTSTATUS NTAPI NtOpenThread(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                            PCLIENT_ID Id);
NTSTATUS NTAPI NtTerminateProcess(HANDLE Process, NTSTATUS Status);
NTSTATUS NTAPI NtTerminateThread(HANDLE Thread, NTSTATUS Status);
NTSTATUS NTAPI NtSuspendThread(HANDLE Thread, PULONG PreviousCount);
NTSTATUS NTAPI NtResumeThread(HANDLE Thread, PULONG PreviousCount);
NTSTATUS NTAPI NtSuspendProcess(HANDLE Process);
/* Debug objects. */
#define DEBUG_ALL_ACCESS    (STANDARD_RIGHTS_REQUIRED | SYNCHRONIZE | 0xF)
#define DEBUG_KILL_ON_CLOSE 0x1

typedef enum _DBG_STATE {
    DbgIdle,
    DbgReplyPending,
    DbgCreateThreadStateChange,
    DbgCreateProcessStateChange,
    DbgExitThreadStateChange,
    DbgExitProcessStateChange,
    DbgExceptionStateChange,
    DbgBreakpointStateChange,
    DbgSingleStepStateChange,
    DbgLoadDllStateChange,
    DbgUnloadDllStateChange
} DBG_STATE;

typedef enum _DEBUGOBJECTINFOCLASS {
    DebugObjectUnusedInformation,
    DebugObjectKillProcessOnExitInformation
} DEBUGOBJECTINFOCLASS;

typedef struct _DBGKM_CREATE_THREAD {
    ULONG SubSystemKey;
    PVOID StartAddress;
} DBGKM_CREATE_THREAD;

typedef struct _DBGUI_WAIT_STATE_CHANGE {
    DBG_STATE NewState;
    CLIENT_ID AppClientId;
    union {
        struct {
            EXCEPTION_RECORD ExceptionRecord;
            ULONG FirstChance;
        } Exception;
        struct {
            HANDLE HandleToThread;
            DBGKM_CREATE_THREAD NewThread;
        } CreateThread;
        struct {
            HANDLE HandleToProcess;
            HANDLE HandleToThread;
            struct {
                ULONG SubSystemKey;
                HANDLE FileHandle;
                PVOID BaseOfImage;
                ULONG DebugInfoFileOffset;
                ULONG DebugInfoSize;
                DBGKM_CREATE_THREAD InitialThread;
            } NewProcess;
        } CreateProcessInfo;
        struct {
            NTSTATUS ExitStatus;
        } ExitThread, ExitProcess;
        struct {
            HANDLE FileHandle;
            PVOID BaseOfDll;
            ULONG DebugInfoFileOffset;
            ULONG DebugInfoSize;
            PVOID NamePointer;
        } LoadDll;
        struct {
            PVOID BaseAddress;
        } UnloadDll;
    } StateInfo;
} DBGUI_WAIT_STATE_CHANGE, *PDBGUI_WAIT_STATE_CHANGE;
C_ASSERT(sizeof(DBGUI_WAIT_STATE_CHANGE) == 0xB8);

NTSTATUS NTAPI NtCreateDebugObject(PHANDLE Handle, ACCESS_MASK Access,
                                   POBJECT_ATTRIBUTES Attributes, ULONG Flags);
NTSTATUS NTAPI NtDebugActiveProcess(HANDLE Process, HANDLE DebugObject);
NTSTATUS NTAPI NtRemoveProcessDebug(HANDLE Process, HANDLE DebugObject);
NTSTATUS NTAPI NtDebugContinue(HANDLE DebugObject, PCLIENT_ID Id, NTSTATUS Status);
NTSTATUS NTAPI NtWaitForDebugEvent(HANDLE DebugObject, BOOLEAN Alertable, PLARGE_INTEGER Timeout,
                                   PVOID Change);
NTSTATUS NTAPI NtSetInformationDebugObject(HANDLE DebugObject, DEBUGOBJECTINFOCLASS Class,
                                           PVOID Information, ULONG Length, PULONG ReturnLength);
NTSTATUS NTAPI NtResumeProcess(HANDLE Process);
NTSTATUS NTAPI NtGetContextThread(HANDLE Thread, PCONTEXT Context);
NTSTATUS NTAPI NtSetContextThread(HANDLE Thread, PCONTEXT Context);
NTSTATUS NTAPI NtSetInformationThread(HANDLE Thread, THREADINFOCLASS Class, PVOID Information,
                                      ULONG Length);
NTSTATUS NTAPI NtQueueApcThread(HANDLE Thread, PPS_APC_ROUTINE Routine, PVOID Context,
                                PVOID Argument1, PVOID Argument2);
NTSTATUS NTAPI NtQueueApcThreadEx(HANDLE Thread, HANDLE Reserve, PPS_APC_ROUTINE Routine,
                                  PVOID Context, PVOID Argument1, PVOID Argument2);
NTSTATUS NTAPI NtQueueApcThreadEx2(HANDLE Thread, HANDLE Reserve, ULONG Flags,
                                   PPS_APC_ROUTINE Routine, PVOID Context, PVOID Argument1,
                                   PVOID Argument2);
NTSTATUS NTAPI NtContinue(PCONTEXT Context, BOOLEAN TestAlert);
NTSTATUS NTAPI NtRaiseException(PEXCEPTION_RECORD Record, PCONTEXT Context, BOOLEAN FirstChance);
NTSTATUS NTAPI NtRaiseHardError(NTSTATUS Status, ULONG Count, ULONG UnicodeMask,
                                PULONG_PTR Parameters, ULONG Options, PULONG Response);
ULONG NTAPI NtGetCurrentProcessorNumber(VOID);
NTSTATUS NTAPI NtCreateJobObject(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtOpenJobObject(PHANDLE Handle, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtAssignProcessToJobObject(HANDLE Job, HANDLE Process);
NTSTATUS NTAPI NtIsProcessInJob(HANDLE Process, HANDLE Job);
NTSTATUS NTAPI NtTerminateJobObject(HANDLE Job, NTSTATUS Status);
NTSTATUS NTAPI NtQueryInformationJobObject(HANDLE Job, ULONG Class, PVOID Information, ULONG Length,
                                           PULONG ReturnLength);
NTSTATUS NTAPI NtSetInformationJobObject(HANDLE Job, ULONG Class, PVOID Information, ULONG Length);

/* Tokens. */
NTSTATUS NTAPI NtOpenProcessToken(HANDLE Process, ACCESS_MASK Access, PHANDLE Token);
NTSTATUS NTAPI NtOpenProcessTokenEx(HANDLE Process, ACCESS_MASK Access, ULONG Attributes,
                                    PHANDLE Token);
NTSTATUS NTAPI NtOpenThreadToken(HANDLE Thread, ACCESS_MASK Access, BOOLEAN AsSelf, PHANDLE Token);
NTSTATUS NTAPI NtOpenThreadTokenEx(HANDLE Thread, ACCESS_MASK Access, BOOLEAN AsSelf,
                                   ULONG Attributes, PHANDLE Token);
NTSTATUS NTAPI NtDuplicateToken(HANDLE Token, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                                BOOLEAN EffectiveOnly, TOKEN_TYPE Type, PHANDLE New);
NTSTATUS NTAPI NtAdjustPrivilegesToken(HANDLE Token, BOOLEAN DisableAll, PTOKEN_PRIVILEGES New,
                                       ULONG Length, PTOKEN_PRIVILEGES Previous,
                                       PULONG ReturnLength);
NTSTATUS NTAPI NtAdjustGroupsToken(HANDLE Token, BOOLEAN Reset, PTOKEN_GROUPS New, ULONG Length,
                                   PTOKEN_GROUPS Previous, PULONG ReturnLength);
NTSTATUS NTAPI NtAllocateLocallyUniqueId(PLUID Luid);
NTSTATUS NTAPI NtQueryInformationToken(HANDLE Token, TOKEN_INFORMATION_CLASS Class,
                                       PVOID Information, ULONG Length, PULONG ReturnLength);
NTSTATUS NTAPI NtSetInformationToken(HANDLE Token, TOKEN_INFORMATION_CLASS Class, PVOID Information,
                                     ULONG Length);
NTSTATUS NTAPI NtAccessCheck(PSECURITY_DESCRIPTOR Descriptor, HANDLE Token, ACCESS_MASK Access,
                             PGENERIC_MAPPING Mapping, PPRIVILEGE_SET Privileges,
                             PULONG PrivilegesLength, PACCESS_MASK Granted, PNTSTATUS Status);
NTSTATUS NTAPI NtPrivilegeCheck(HANDLE Token, PPRIVILEGE_SET Privileges, PBOOLEAN Result);

/* Registry. */
NTSTATUS NTAPI NtCreateKey(PHANDLE Key, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes,
                           ULONG TitleIndex, PUNICODE_STRING Class, ULONG Options,
                           PULONG Disposition);
NTSTATUS NTAPI NtOpenKey(PHANDLE Key, ACCESS_MASK Access, POBJECT_ATTRIBUTES Attributes);
NTSTATUS NTAPI NtDeleteKey(HANDLE Key);
NTSTATUS NTAPI NtFlushKey(HANDLE Key);
NTSTATUS NTAPI NtQueryKey(HANDLE Key, KEY_INFORMATION_CLASS Class, PVOID Information, ULONG Length,
                          PULONG Result);
NTSTATUS NTAPI NtEnumerateKey(HANDLE Key, ULONG Index, KEY_INFORMATION_CLASS Class,
                              PVOID Information, ULONG Length, PULONG Result);
NTSTATUS NTAPI NtQueryValueKey(HANDLE Key, PUNICODE_STRING Name, KEY_VALUE_INFORMATION_CLASS Class,
                               PVOID Information, ULONG Length, PULONG Result);
NTSTATUS NTAPI NtEnumerateValueKey(HANDLE Key, ULONG Index, KEY_VALUE_INFORMATION_CLASS Class,
                                   PVOID Information, ULONG Length, PULONG Result);
NTSTATUS NTAPI NtSetValueKey(HANDLE Key, PUNICODE_STRING Name, ULONG TitleIndex, ULONG Type,
                             PVOID Data, ULONG Size);
NTSTATUS NTAPI NtDeleteValueKey(HANDLE Key, PUNICODE_STRING Name);
NTSTATUS NTAPI NtNotifyChangeKey(HANDLE Key, HANDLE Event, PIO_APC_ROUTINE Apc, PVOID Context,
                                 PIO_STATUS_BLOCK Iosb, ULONG Filter, BOOLEAN Tree, PVOID Buffer,
                                 ULONG Length, BOOLEAN Asynchronous);

/* System. */
NTSTATUS NTAPI NtQueryPerformanceCounter(PLARGE_INTEGER Counter, PLARGE_INTEGER Frequency);
NTSTATUS NTAPI NtQuerySystemTime(PLARGE_INTEGER Time);
NTSTATUS NTAPI NtSetSystemTime(PLARGE_INTEGER Time, PLARGE_INTEGER Previous);
NTSTATUS NTAPI NtQueryTimer(HANDLE Handle, ULONG Class, PVOID Information, ULONG Length,
                            PULONG ReturnLength);
NTSTATUS NTAPI NtLoadDriver(PUNICODE_STRING ServicePath);
NTSTATUS NTAPI NtUnloadDriver(PUNICODE_STRING ServicePath);
NTSTATUS NTAPI NtSetSystemInformation(SYSTEM_INFORMATION_CLASS Class, PVOID Information,
                                      ULONG Length);
NTSTATUS NTAPI NtShutdownSystem(ULONG Action);

/* KUSER_SHARED_DATA: what user mode reads of it. */
#define USER_SHARED_DATA           ((volatile UCHAR *)0x7FFE0000)
#define UserSharedTickMultiplier() (*(volatile ULONG *)(USER_SHARED_DATA + 0x4))
#define UserSharedTickCount()      (*(volatile ULONGLONG *)(USER_SHARED_DATA + 0x320))
#define UserSharedMajor()          (*(volatile ULONG *)(USER_SHARED_DATA + 0x26C))
#define UserSharedMinor()          (*(volatile ULONG *)(USER_SHARED_DATA + 0x270))
#define UserSharedBuild()          (*(volatile ULONG *)(USER_SHARED_DATA + 0x260))

#include "user/inc/ntdll.h"

#endif
