/*
 * ntdll.h - routines of ntdll.dll that the other DLLs of the box call and no public header declares.
 */
#ifndef USER_INC_NTDLL_H
#define USER_INC_NTDLL_H

FORCEINLINE VOID
InitializeListHead(PLIST_ENTRY Head)
{
    Head->Flink = Head->Blink = Head;
}

FORCEINLINE BOOLEAN
IsListEmpty(const LIST_ENTRY *Head)
{
    return Head->Flink == Head;
}

FORCEINLINE VOID
InsertTailList(PLIST_ENTRY Head, PLIST_ENTRY Entry)
{
    Entry->Flink = Head;
    Entry->Blink = Head->Blink;
    Head->Blink->Flink = Entry;
    Head->Blink = Entry;
}

FORCEINLINE VOID
InsertHeadList(PLIST_ENTRY Head, PLIST_ENTRY Entry)
{
    Entry->Blink = Head;
    Entry->Flink = Head->Flink;
    Head->Flink->Blink = Entry;
    Head->Flink = Entry;
}

FORCEINLINE VOID
RemoveEntryList(PLIST_ENTRY Entry)
{
    Entry->Flink->Blink = Entry->Blink;
    Entry->Blink->Flink = Entry->Flink;
}

FORCEINLINE PLIST_ENTRY
RemoveHeadList(PLIST_ENTRY Head)
{
    PLIST_ENTRY Entry = Head->Flink;

    RemoveEntryList(Entry);
    return Entry;
}

/* Strings. */
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR Character);
WCHAR NTAPI RtlDowncaseUnicodeChar(WCHAR Character);
BOOLEAN NTAPI RtlEqualUnicodeString(PCUNICODE_STRING A, PCUNICODE_STRING B, BOOLEAN IgnoreCase);
LONG NTAPI RtlCompareUnicodeString(PCUNICODE_STRING A, PCUNICODE_STRING B, BOOLEAN IgnoreCase);
NTSTATUS NTAPI RtlAppendUnicodeToString(PUNICODE_STRING To, PCWSTR From);
NTSTATUS NTAPI RtlAppendUnicodeStringToString(PUNICODE_STRING To, PCUNICODE_STRING From);
VOID NTAPI RtlCopyUnicodeString(PUNICODE_STRING To, PCUNICODE_STRING From);
BOOLEAN NTAPI RtlCreateUnicodeString(PUNICODE_STRING To, PCWSTR From);
NTSTATUS NTAPI RtlMultiByteToUnicodeN(PWCH To, ULONG ToBytes, PULONG Written, const CHAR *From,
                                      ULONG FromBytes);
NTSTATUS NTAPI RtlUnicodeToMultiByteN(PCHAR To, ULONG ToBytes, PULONG Written, PCWCH From,
                                      ULONG FromBytes);
NTSTATUS NTAPI RtlOemToUnicodeN(PWCH To, ULONG ToBytes, PULONG Written, const CHAR *From,
                                ULONG FromBytes);
NTSTATUS NTAPI RtlUnicodeToOemN(PCHAR To, ULONG ToBytes, PULONG Written, PCWCH From,
                                ULONG FromBytes);
NTSTATUS NTAPI RtlUTF8ToUnicodeN(PWSTR To, ULONG ToBytes, PULONG Written, PCCH From,
                                 ULONG FromBytes);
NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR To, ULONG ToBytes, PULONG Written, PCWCH From,
                                 ULONG FromBytes);
NTSTATUS NTAPI RtlStringFromGUID(REFGUID Guid, PUNICODE_STRING String);

NTSTATUS NTAPI RtlQueryTimeZoneInformation(LPTIME_ZONE_INFORMATION Zone);

/* Loader. */
PVOID NTAPI RtlImageRvaToVa(PIMAGE_NT_HEADERS Headers, PVOID Base, ULONG Rva,
                            PIMAGE_SECTION_HEADER *Last);
NTSTATUS NTAPI LdrLoadDll(PCWSTR SearchPath, PULONG Characteristics, PUNICODE_STRING Name,
                          PVOID *Base);
NTSTATUS NTAPI LdrUnloadDll(PVOID Base);
NTSTATUS NTAPI LdrGetDllHandle(PCWSTR SearchPath, PULONG Characteristics, PUNICODE_STRING Name,
                               PVOID *Base);
NTSTATUS NTAPI LdrGetDllHandleEx(ULONG Flags, PCWSTR SearchPath, PULONG Characteristics,
                                 PUNICODE_STRING Name, PVOID *Base);
NTSTATUS NTAPI LdrGetProcedureAddress(PVOID Base, PANSI_STRING Name, ULONG Ordinal, PVOID *Address);
NTSTATUS NTAPI LdrGetDllFullName(PVOID Base, PUNICODE_STRING Name);
NTSTATUS NTAPI LdrAddRefDll(ULONG Flags, PVOID Base);
NTSTATUS NTAPI LdrDisableThreadCalloutsForDll(PVOID Base);
NTSTATUS NTAPI LdrFindEntryForAddress(PVOID Address, PLDR_DATA_TABLE_ENTRY *Entry);
NTSTATUS NTAPI LdrLockLoaderLock(ULONG Flags, PULONG Disposition, PULONG_PTR Cookie);
NTSTATUS NTAPI LdrUnlockLoaderLock(ULONG Flags, ULONG_PTR Cookie);
NTSTATUS NTAPI LdrFindResource_U(PVOID Base, const ULONG_PTR *Path, ULONG Level,
                                 PIMAGE_RESOURCE_DATA_ENTRY *Entry);
NTSTATUS NTAPI LdrAccessResource(PVOID Base, PIMAGE_RESOURCE_DATA_ENTRY Entry, PVOID *Data,
                                 PULONG Size);
VOID NTAPI LdrShutdownProcess(VOID);
VOID NTAPI LdrShutdownThread(VOID);
PIMAGE_NT_HEADERS NTAPI RtlImageNtHeader(PVOID Base);
PVOID NTAPI RtlImageDirectoryEntryToData(PVOID Base, BOOLEAN MappedAsImage, USHORT Directory,
                                         PULONG Size);

/* Processes and threads. */
DECLSPEC_NORETURN VOID NTAPI RtlExitUserProcess(NTSTATUS Status);
DECLSPEC_NORETURN VOID NTAPI RtlExitUserThread(NTSTATUS Status);
NTSTATUS NTAPI RtlCreateUserThread(HANDLE Process, PSECURITY_DESCRIPTOR Descriptor,
                                   BOOLEAN Suspended, ULONG ZeroBits, SIZE_T StackReserve,
                                   SIZE_T StackCommit, PVOID Start, PVOID Parameter, PHANDLE Thread,
                                   PCLIENT_ID Id);
NTSTATUS NTAPI RtlCreateProcessParametersEx(PRTL_USER_PROCESS_PARAMETERS *Parameters,
                                            PUNICODE_STRING ImagePath, PUNICODE_STRING DllPath,
                                            PUNICODE_STRING CurrentDirectory,
                                            PUNICODE_STRING CommandLine, PVOID Environment,
                                            PUNICODE_STRING WindowTitle, PUNICODE_STRING Desktop,
                                            PUNICODE_STRING Shell, PUNICODE_STRING Runtime,
                                            ULONG Flags);
NTSTATUS NTAPI RtlDestroyProcessParameters(PRTL_USER_PROCESS_PARAMETERS Parameters);
VOID NTAPI RtlAcquirePebLock(VOID);
VOID NTAPI RtlReleasePebLock(VOID);

/* Exceptions. */
typedef LONG(NTAPI *PRTLP_UNHANDLED_FILTER)(PEXCEPTION_POINTERS Pointers);
VOID NTAPI RtlSetUnhandledExceptionFilter(PRTLP_UNHANDLED_FILTER Filter);
PVOID NTAPI RtlAddVectoredExceptionHandler(ULONG First, PVECTORED_EXCEPTION_HANDLER Handler);
ULONG NTAPI RtlRemoveVectoredExceptionHandler(PVOID Handle);
PVOID NTAPI RtlAddVectoredContinueHandler(ULONG First, PVECTORED_EXCEPTION_HANDLER Handler);
ULONG NTAPI RtlRemoveVectoredContinueHandler(PVOID Handle);
VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD Record);
DECLSPEC_NORETURN VOID NTAPI RtlRaiseStatus(NTSTATUS Status);
ULONG NTAPI RtlNtStatusToDosErrorNoTeb(NTSTATUS Status);
NTSTATUS NTAPI RtlGetLastNtStatus(VOID);
VOID NTAPI RtlSetLastWin32ErrorAndNtStatusFromNtStatus(NTSTATUS Status);

/* Heaps. */
SIZE_T NTAPI RtlSizeHeap(PVOID Heap, ULONG Flags, const VOID *Block);
PVOID NTAPI RtlReAllocateHeap(PVOID Heap, ULONG Flags, PVOID Block, SIZE_T Size);
BOOLEAN NTAPI RtlValidateHeap(PVOID Heap, ULONG Flags, const VOID *Block);
BOOLEAN NTAPI RtlLockHeap(PVOID Heap);
#define RTL_HEAP_BUSY              0x0001
#define RTL_HEAP_SEGMENT           0x0002
#define RTL_HEAP_UNCOMMITTED_RANGE 0x0100
typedef struct _RTL_HEAP_WALK_ENTRY {
    PVOID DataAddress;
    SIZE_T DataSize;
    UCHAR OverheadBytes;
    UCHAR SegmentIndex;
    USHORT Flags;
    union {
        struct {
            SIZE_T Settable;
            USHORT TagIndex;
            USHORT AllocatorBackTraceIndex;
            ULONG Reserved[2];
        } Block;
        struct {
            ULONG CommittedSize;
            ULONG UnCommittedSize;
            PVOID FirstEntry;
            PVOID LastEntry;
        } Segment;
    };
} RTL_HEAP_WALK_ENTRY, *PRTL_HEAP_WALK_ENTRY;
BOOLEAN NTAPI RtlUnlockHeap(PVOID Heap);
ULONG NTAPI RtlGetProcessHeaps(ULONG Count, PVOID *Heaps);
NTSTATUS NTAPI RtlWalkHeap(PVOID Heap, PVOID Entry);
SIZE_T NTAPI RtlCompactHeap(PVOID Heap, ULONG Flags);
BOOLEAN NTAPI RtlSetUserValueHeap(PVOID Heap, ULONG Flags, PVOID Block, PVOID Value);
BOOLEAN NTAPI RtlGetUserInfoHeap(PVOID Heap, ULONG Flags, PVOID Block, PVOID *Value,
                                 PULONG UserFlags);

/* Locks. */
VOID NTAPI RtlInitializeSRWLock(PRTL_SRWLOCK Lock);
VOID NTAPI RtlAcquireSRWLockExclusive(PRTL_SRWLOCK Lock);
VOID NTAPI RtlAcquireSRWLockShared(PRTL_SRWLOCK Lock);
VOID NTAPI RtlReleaseSRWLockExclusive(PRTL_SRWLOCK Lock);
VOID NTAPI RtlReleaseSRWLockShared(PRTL_SRWLOCK Lock);
NTSTATUS NTAPI RtlEnterCriticalSection(PRTL_CRITICAL_SECTION Section);
NTSTATUS NTAPI RtlLeaveCriticalSection(PRTL_CRITICAL_SECTION Section);
LOGICAL NTAPI RtlTryEnterCriticalSection(PRTL_CRITICAL_SECTION Section);
NTSTATUS NTAPI RtlInitializeCriticalSection(PRTL_CRITICAL_SECTION Section);
NTSTATUS NTAPI RtlInitializeCriticalSectionAndSpinCount(PRTL_CRITICAL_SECTION Section,
                                                        ULONG SpinCount);
NTSTATUS NTAPI RtlInitializeCriticalSectionEx(PRTL_CRITICAL_SECTION Section, ULONG SpinCount,
                                              ULONG Flags);
NTSTATUS NTAPI RtlDeleteCriticalSection(PRTL_CRITICAL_SECTION Section);
NTSTATUS NTAPI RtlSleepConditionVariableCS(PRTL_CONDITION_VARIABLE Variable,
                                           PRTL_CRITICAL_SECTION Section, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI RtlSleepConditionVariableSRW(PRTL_CONDITION_VARIABLE Variable, PRTL_SRWLOCK Lock,
                                            PLARGE_INTEGER Timeout, ULONG Flags);
VOID NTAPI RtlWakeConditionVariable(PRTL_CONDITION_VARIABLE Variable);
VOID NTAPI RtlWakeAllConditionVariable(PRTL_CONDITION_VARIABLE Variable);
NTSTATUS NTAPI RtlWaitOnAddress(const volatile VOID *Address, PVOID Compare, SIZE_T Size,
                                PLARGE_INTEGER Timeout);
VOID NTAPI RtlWakeAddressSingle(PVOID Address);
VOID NTAPI RtlWakeAddressAll(PVOID Address);
NTSTATUS NTAPI RtlRunOnceBeginInitialize(PRTL_RUN_ONCE Once, ULONG Flags, PVOID *Context);
NTSTATUS NTAPI RtlRunOnceComplete(PRTL_RUN_ONCE Once, ULONG Flags, PVOID Context);
NTSTATUS NTAPI RtlRunOnceExecuteOnce(PRTL_RUN_ONCE Once, PVOID Function, PVOID Parameter,
                                     PVOID *Context);

/* Fiber local storage. */
VOID NTAPI RtlProcessFlsData(PVOID FlsData, ULONG Flags);
NTSTATUS NTAPI RtlFlsAlloc(PVOID Callback, PULONG Index);
NTSTATUS NTAPI RtlFlsFree(ULONG Index);
NTSTATUS NTAPI RtlFlsGetValue(ULONG Index, PVOID *Value);
NTSTATUS NTAPI RtlFlsSetValue(ULONG Index, PVOID Value);

/* Paths and the environment. */
typedef struct _RTL_RELATIVE_NAME_U {
    UNICODE_STRING RelativeName;
    HANDLE ContainingDirectory;
    PVOID CurDirRef;
} RTL_RELATIVE_NAME_U, *PRTL_RELATIVE_NAME_U;

typedef enum _RTL_PATH_TYPE {
    RtlPathTypeUnknown,
    RtlPathTypeUncAbsolute,   /* \\server\share */
    RtlPathTypeDriveAbsolute, /* C:\x */
    RtlPathTypeDriveRelative, /* C:x */
    RtlPathTypeRooted,        /* \x */
    RtlPathTypeRelative,
    RtlPathTypeLocalDevice,     /* \\.\x and \\?\x */
    RtlPathTypeRootLocalDevice, /* \\. */
} RTL_PATH_TYPE;

RTL_PATH_TYPE NTAPI RtlDetermineDosPathNameType_U(PCWSTR Path);
ULONG NTAPI RtlGetFullPathName_U(PCWSTR Path, ULONG Bytes, PWSTR Buffer, PWSTR *FilePart);
BOOLEAN NTAPI RtlDosPathNameToNtPathName_U(PCWSTR DosName, PUNICODE_STRING NtName, PWSTR *FilePart,
                                           PRTL_RELATIVE_NAME_U Relative);
NTSTATUS NTAPI RtlDosPathNameToNtPathName_U_WithStatus(PCWSTR DosName, PUNICODE_STRING NtName,
                                                       PWSTR *FilePart,
                                                       PRTL_RELATIVE_NAME_U Relative);
ULONG NTAPI RtlIsDosDeviceName_U(PCWSTR Path);
ULONG NTAPI RtlGetCurrentDirectory_U(ULONG Bytes, PWSTR Buffer);
NTSTATUS NTAPI RtlSetCurrentDirectory_U(PUNICODE_STRING Path);
BOOLEAN NTAPI RtlDoesFileExists_U(PCWSTR Path);
ULONG NTAPI RtlDosSearchPath_U(PCWSTR Path, PCWSTR Name, PCWSTR Extension, ULONG Bytes,
                               PWSTR Buffer, PWSTR *FilePart);
NTSTATUS NTAPI RtlQueryEnvironmentVariable(PWSTR Environment, PCWSTR Name, SIZE_T NameLength,
                                           PWSTR Value, SIZE_T ValueLength, PSIZE_T ReturnLength);
NTSTATUS NTAPI RtlSetEnvironmentVar(PWSTR *Environment, PCWSTR Name, SIZE_T NameLength,
                                    PCWSTR Value, SIZE_T ValueLength);
NTSTATUS NTAPI RtlQueryEnvironmentVariable_U(PWSTR Environment, PUNICODE_STRING Name,
                                             PUNICODE_STRING Value);
NTSTATUS NTAPI RtlSetEnvironmentVariable(PWSTR *Environment, PUNICODE_STRING Name,
                                         PUNICODE_STRING Value);
NTSTATUS NTAPI RtlExpandEnvironmentStrings_U(PWSTR Environment, PUNICODE_STRING Source,
                                             PUNICODE_STRING Target, PULONG Length);
NTSTATUS NTAPI RtlCreateEnvironment(BOOLEAN Inherit, PWSTR *Environment);
NTSTATUS NTAPI RtlDestroyEnvironment(PWSTR Environment);

/* Security: plain data (nt/se, compiled into ntdll as well). */
BOOLEAN NTAPI RtlValidSid(PSID Sid);
ULONG NTAPI RtlLengthSid(PSID Sid);
ULONG NTAPI RtlLengthRequiredSid(ULONG Count);
BOOLEAN NTAPI RtlEqualSid(PSID A, PSID B);
BOOLEAN NTAPI RtlEqualPrefixSid(PSID A, PSID B);
NTSTATUS NTAPI RtlInitializeSid(PSID Sid, PSID_IDENTIFIER_AUTHORITY Authority, UCHAR Count);
PULONG NTAPI RtlSubAuthoritySid(PSID Sid, ULONG Index);
NTSTATUS NTAPI RtlCopySid(ULONG Length, PSID To, PSID From);
BOOLEAN NTAPI RtlValidAcl(PACL Acl);
NTSTATUS NTAPI RtlCreateAcl(PACL Acl, ULONG Length, ULONG Revision);
NTSTATUS NTAPI RtlGetAce(PACL Acl, ULONG Index, PVOID *Ace);
NTSTATUS NTAPI RtlAddAce(PACL Acl, ULONG Revision, ULONG Index, PVOID List, ULONG Length);
NTSTATUS NTAPI RtlDeleteAce(PACL Acl, ULONG Index);
BOOLEAN NTAPI RtlFirstFreeAce(PACL Acl, PVOID *Ace);
NTSTATUS NTAPI RtlAddAccessAllowedAceEx(PACL Acl, ULONG Revision, ULONG Flags, ACCESS_MASK Mask,
                                        PSID Sid);
NTSTATUS NTAPI RtlAddAccessDeniedAceEx(PACL Acl, ULONG Revision, ULONG Flags, ACCESS_MASK Mask,
                                       PSID Sid);
NTSTATUS NTAPI RtlCreateSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, ULONG Revision);
BOOLEAN NTAPI RtlValidSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor);
ULONG NTAPI RtlLengthSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor);
NTSTATUS NTAPI RtlGetControlSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor,
                                               PSECURITY_DESCRIPTOR_CONTROL Control,
                                               PULONG Revision);
NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, BOOLEAN Present,
                                            PACL Dacl, BOOLEAN Defaulted);
NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, BOOLEAN Present,
                                            PACL Sacl, BOOLEAN Defaulted);
NTSTATUS NTAPI RtlSetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID Owner,
                                             BOOLEAN Defaulted);
NTSTATUS NTAPI RtlSetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID Group,
                                             BOOLEAN Defaulted);
NTSTATUS NTAPI RtlGetDaclSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PBOOLEAN Present,
                                            PACL *Dacl, PBOOLEAN Defaulted);
NTSTATUS NTAPI RtlGetSaclSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PBOOLEAN Present,
                                            PACL *Sacl, PBOOLEAN Defaulted);
NTSTATUS NTAPI RtlGetOwnerSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID *Owner,
                                             PBOOLEAN Defaulted);
NTSTATUS NTAPI RtlGetGroupSecurityDescriptor(PSECURITY_DESCRIPTOR Descriptor, PSID *Group,
                                             PBOOLEAN Defaulted);
NTSTATUS NTAPI RtlMakeSelfRelativeSD(PSECURITY_DESCRIPTOR Any, PSECURITY_DESCRIPTOR Relative,
                                     PULONG Length);
NTSTATUS NTAPI RtlAbsoluteToSelfRelativeSD(PSECURITY_DESCRIPTOR Absolute,
                                           PSECURITY_DESCRIPTOR Relative, PULONG Length);
VOID NTAPI RtlMapGenericMask(PACCESS_MASK Mask, PGENERIC_MAPPING Mapping);

/* Work, timers, waits. */
NTSTATUS NTAPI RtlQueueWorkItem(PVOID Function, PVOID Context, ULONG Flags);
NTSTATUS NTAPI RtlRegisterWait(PHANDLE Wait, HANDLE Object, PVOID Callback, PVOID Context,
                               ULONG Milliseconds, ULONG Flags);
NTSTATUS NTAPI RtlDeregisterWaitEx(HANDLE Wait, HANDLE Event);
NTSTATUS NTAPI RtlCreateTimerQueue(PHANDLE Queue);
NTSTATUS NTAPI RtlCreateTimer(HANDLE Queue, PHANDLE Timer, PVOID Callback, PVOID Context,
                              ULONG DueTime, ULONG Period, ULONG Flags);
NTSTATUS NTAPI RtlUpdateTimer(HANDLE Queue, HANDLE Timer, ULONG DueTime, ULONG Period);
NTSTATUS NTAPI RtlDeleteTimer(HANDLE Queue, HANDLE Timer, HANDLE Event);
NTSTATUS NTAPI RtlDeleteTimerQueueEx(HANDLE Queue, HANDLE Event);
NTSTATUS NTAPI RtlSetIoCompletionCallback(HANDLE File, PVOID Callback, ULONG Flags);

NTSTATUS NTAPI TpAllocCleanupGroup(PTP_CLEANUP_GROUP *Group);
VOID NTAPI TpReleaseCleanupGroup(PTP_CLEANUP_GROUP Group);
VOID NTAPI TpReleaseCleanupGroupMembers(PTP_CLEANUP_GROUP Group, ULONG CancelPending,
                                        PVOID Parameter);
NTSTATUS NTAPI TpAllocWork(PTP_WORK *Work, PTP_WORK_CALLBACK Callback, PVOID Context,
                           PTP_CALLBACK_ENVIRON Environment);
NTSTATUS NTAPI TpSimpleTryPost(PTP_SIMPLE_CALLBACK Callback, PVOID Context,
                               PTP_CALLBACK_ENVIRON Environment);
NTSTATUS NTAPI TpAllocTimer(PTP_TIMER *Timer, PTP_TIMER_CALLBACK Callback, PVOID Context,
                            PTP_CALLBACK_ENVIRON Environment);
NTSTATUS NTAPI TpAllocWait(PTP_WAIT *Wait, PTP_WAIT_CALLBACK Callback, PVOID Context,
                           PTP_CALLBACK_ENVIRON Environment);
NTSTATUS NTAPI TpAllocIoCompletion(PTP_IO *Io, HANDLE File, PVOID Callback, PVOID Context,
                                   PTP_CALLBACK_ENVIRON Environment);
NTSTATUS NTAPI TpAllocPool(PTP_POOL *Pool, PVOID Reserved);
NTSTATUS NTAPI TpSetPoolMinThreads(PTP_POOL Pool, DWORD Minimum);
NTSTATUS NTAPI TpCallbackMayRunLong(PTP_CALLBACK_INSTANCE Instance);

/* Messages. */
ULONG NTAPI DbgPrint(PCSTR Format, ...);
ULONG NTAPI DbgPrintEx(ULONG Component, ULONG Level, PCSTR Format, ...);
VOID NTAPI DbgBreakPoint(VOID);

/* Misc. */
LOGICAL NTAPI RtlQueryPerformanceCounter(PLARGE_INTEGER Counter);
LOGICAL NTAPI RtlQueryPerformanceFrequency(PLARGE_INTEGER Frequency);
LARGE_INTEGER NTAPI RtlGetSystemTimePrecise(VOID);
NTSTATUS NTAPI RtlVerifyVersionInfo(PRTL_OSVERSIONINFOEXW Wanted, ULONG Types,
                                    ULONGLONG Conditions);
NTSTATUS NTAPI RtlGetVersion(PRTL_OSVERSIONINFOW Version);
VOID NTAPI RtlGetNtVersionNumbers(PULONG Major, PULONG Minor, PULONG Build);
BOOLEAN NTAPI RtlGetProductInfo(ULONG A, ULONG B, ULONG C, ULONG D, PULONG Product);
ULONG NTAPI RtlRandomEx(PULONG Seed);
NTSTATUS NTAPI RtlAdjustPrivilege(ULONG Privilege, BOOLEAN Enable, BOOLEAN Thread,
                                  PBOOLEAN Previous);

/* The C routines that ntdll exports; the box's DLLs use these and no others. */
int __cdecl _vsnprintf(char *Buffer, size_t Count, const char *Format, va_list Arguments);
int __cdecl _snprintf(char *Buffer, size_t Count, const char *Format, ...);
int __cdecl _vsnwprintf(wchar_t *Buffer, size_t Count, const wchar_t *Format, va_list Arguments);
int __cdecl _snwprintf(wchar_t *Buffer, size_t Count, const wchar_t *Format, ...);
size_t __cdecl strlen(const char *String);
int __cdecl strcmp(const char *A, const char *B);
int __cdecl strncmp(const char *A, const char *B, size_t Count);
int __cdecl _stricmp(const char *A, const char *B);
int __cdecl _strnicmp(const char *A, const char *B, size_t Count);
char *__cdecl strcpy(char *To, const char *From);
char *__cdecl strcat(char *To, const char *From);
char *__cdecl strchr(const char *String, int Character);
char *__cdecl strrchr(const char *String, int Character);
char *__cdecl strstr(const char *String, const char *Part);
size_t __cdecl wcslen(const wchar_t *String);
int __cdecl wcscmp(const wchar_t *A, const wchar_t *B);
int __cdecl wcsncmp(const wchar_t *A, const wchar_t *B, size_t Count);
int __cdecl _wcsicmp(const wchar_t *A, const wchar_t *B);
int __cdecl _wcsnicmp(const wchar_t *A, const wchar_t *B, size_t Count);
wchar_t *__cdecl wcscpy(wchar_t *To, const wchar_t *From);
wchar_t *__cdecl wcscat(wchar_t *To, const wchar_t *From);
wchar_t *__cdecl wcschr(const wchar_t *String, wchar_t Character);
wchar_t *__cdecl wcsrchr(const wchar_t *String, wchar_t Character);
wchar_t *__cdecl wcsstr(const wchar_t *String, const wchar_t *Part);
wchar_t *__cdecl wcsncpy(wchar_t *To, const wchar_t *From, size_t Count);
void *__cdecl memset(void *To, int Fill, size_t Count);
void *__cdecl memcpy(void *To, const void *From, size_t Count);
void *__cdecl memmove(void *To, const void *From, size_t Count);
int __cdecl memcmp(const void *A, const void *B, size_t Count);

/* dbgui.c */
NTSTATUS NTAPI DbgUiConnectToDbg(VOID);
HANDLE NTAPI DbgUiGetThreadDebugObject(VOID);
VOID NTAPI DbgUiSetThreadDebugObject(HANDLE Object);
NTSTATUS NTAPI DbgUiWaitStateChange(PDBGUI_WAIT_STATE_CHANGE Change, PLARGE_INTEGER Timeout);
NTSTATUS NTAPI DbgUiContinue(PCLIENT_ID Id, NTSTATUS Status);
NTSTATUS NTAPI DbgUiStopDebugging(HANDLE Process);
NTSTATUS NTAPI DbgUiDebugActiveProcess(HANDLE Process);
NTSTATUS NTAPI DbgUiIssueRemoteBreakin(HANDLE Process);
VOID NTAPI DbgUiRemoteBreakin(PVOID Context);
NTSTATUS NTAPI DbgUiConvertStateChangeStructure(PDBGUI_WAIT_STATE_CHANGE Change,
                                                LPDEBUG_EVENT Event);

#endif
