/*
 * peb.h - the process and thread environment blocks, process parameters, loader entries.
 *
 * Layout of the public symbols, x64, Windows 10. Who fills what: nt/ps makes the blocks and the parameters,
 * ntdll's loader fills Ldr, heap and TLS fields. Only fields that somebody reads have names.
 */
#ifndef USER_INC_PEB_H
#define USER_INC_PEB_H

typedef struct _CURDIR {
    UNICODE_STRING DosPath;
    HANDLE Handle;
} CURDIR, *PCURDIR;

#define RTL_USER_PROC_PARAMS_NORMALIZED 0x01

typedef struct _RTL_USER_PROCESS_PARAMETERS {
    ULONG MaximumLength;
    ULONG Length;
    ULONG Flags;
    ULONG DebugFlags;
    HANDLE ConsoleHandle; /* 0x10 */
    ULONG ConsoleFlags;
    HANDLE StandardInput; /* 0x20 */
    HANDLE StandardOutput;
    HANDLE StandardError;
    CURDIR CurrentDirectory;      /* 0x38 */
    UNICODE_STRING DllPath;       /* 0x50 */
    UNICODE_STRING ImagePathName; /* 0x60 */
    UNICODE_STRING CommandLine;   /* 0x70 */
    PWSTR Environment;            /* 0x80 */
    ULONG StartingX, StartingY, CountX, CountY;
    ULONG CountCharsX, CountCharsY, FillAttribute;
    ULONG WindowFlags; /* 0xA4 */
    ULONG ShowWindowFlags;
    UNICODE_STRING WindowTitle; /* 0xB0 */
    UNICODE_STRING DesktopInfo;
    UNICODE_STRING ShellInfo;
    UNICODE_STRING RuntimeData;      /* 0xE0: the C run time's inherited descriptors */
    UCHAR CurrentDirectories[0x300]; /* 0xF0 */
    SIZE_T EnvironmentSize;          /* 0x3F0 */
    SIZE_T EnvironmentVersion;
    PVOID PackageDependencyData;
    ULONG ProcessGroupId;
    ULONG LoaderThreads;
} RTL_USER_PROCESS_PARAMETERS, *PRTL_USER_PROCESS_PARAMETERS;
C_ASSERT(FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, Environment) == 0x80);
C_ASSERT(FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, WindowTitle) == 0xB0);
C_ASSERT(FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, EnvironmentSize) == 0x3F0);

typedef struct _PEB_LDR_DATA {
    ULONG Length;
    BOOLEAN Initialized;
    HANDLE SsHandle;
    LIST_ENTRY InLoadOrderModuleList;
    LIST_ENTRY InMemoryOrderModuleList;
    LIST_ENTRY InInitializationOrderModuleList;
    PVOID EntryInProgress;
    BOOLEAN ShutdownInProgress;
    HANDLE ShutdownThreadId;
} PEB_LDR_DATA, *PPEB_LDR_DATA;

#define LDRP_IMAGE_DLL             0x00000004
#define LDRP_PROCESS_ATTACH_CALLED 0x00080000
#define LDRP_DONT_CALL_FOR_THREADS 0x00040000
#define LDRP_ENTRY_PROCESSED       0x00004000 /* imports are bound */

typedef struct _LDR_DATA_TABLE_ENTRY {
    LIST_ENTRY InLoadOrderLinks;
    LIST_ENTRY InMemoryOrderLinks;
    LIST_ENTRY InInitializationOrderLinks;
    PVOID DllBase; /* 0x30 */
    PVOID EntryPoint;
    ULONG SizeOfImage;          /* 0x40 */
    UNICODE_STRING FullDllName; /* 0x48 */
    UNICODE_STRING BaseDllName; /* 0x58 */
    ULONG Flags;                /* 0x68 */
    USHORT ObsoleteLoadCount;   /* 0x6C: ffff is pinned */
    USHORT TlsIndex;
    LIST_ENTRY HashLinks; /* 0x70 */
    ULONG TimeDateStamp;  /* 0x80 */
    PVOID EntryPointActivationContext;
    PVOID Lock;
    PVOID DdagNode; /* 0x98 */
    UCHAR Reserved[0xA0];
    /* Ours, behind what Windows has. */
    LONG References; /* of LdrLoadDll and importers; -1 pinned */
    ULONG TlsSize;   /* bytes of the TLS template, zero fill included */
    PIMAGE_TLS_DIRECTORY64 Tls;
    struct _LDR_DATA_TABLE_ENTRY **Imports; /* entries that this one holds a reference to */
    ULONG ImportCount;
    BOOLEAN InitListed;
    BOOLEAN Visiting;
} LDR_DATA_TABLE_ENTRY, *PLDR_DATA_TABLE_ENTRY;
C_ASSERT(FIELD_OFFSET(LDR_DATA_TABLE_ENTRY, TimeDateStamp) == 0x80);
C_ASSERT(FIELD_OFFSET(LDR_DATA_TABLE_ENTRY, DdagNode) == 0x98);

typedef struct _PEB {
    BOOLEAN InheritedAddressSpace;
    BOOLEAN ReadImageFileExecOptions;
    BOOLEAN BeingDebugged;
    UCHAR BitField;
    HANDLE Mutant;                                  /* 0x08 */
    PVOID ImageBaseAddress;                         /* 0x10 */
    PPEB_LDR_DATA Ldr;                              /* 0x18 */
    PRTL_USER_PROCESS_PARAMETERS ProcessParameters; /* 0x20 */
    PVOID SubSystemData;
    PVOID ProcessHeap; /* 0x30 */
    PRTL_CRITICAL_SECTION FastPebLock;
    PVOID AtlThunkSListPtr; /* 0x40 */
    PVOID IFEOKey;
    ULONG CrossProcessFlags; /* 0x50 */
    PVOID KernelCallbackTable;
    ULONG SystemReserved; /* 0x60 */
    ULONG AtlThunkSListPtr32;
    PVOID ApiSetMap;
    ULONG TlsExpansionCounter; /* 0x70 */
    PVOID TlsBitmap;
    ULONG TlsBitmapBits[2]; /* 0x80 */
    PVOID ReadOnlySharedMemoryBase;
    PVOID SharedData;
    PVOID *ReadOnlyStaticServerData; /* 0x98 */
    PVOID AnsiCodePageData;
    PVOID OemCodePageData;
    PVOID UnicodeCaseTableData;
    ULONG NumberOfProcessors; /* 0xB8 */
    ULONG NtGlobalFlag;
    LARGE_INTEGER CriticalSectionTimeout; /* 0xC0 */
    SIZE_T HeapSegmentReserve;
    SIZE_T HeapSegmentCommit;
    SIZE_T HeapDeCommitTotalFreeThreshold;
    SIZE_T HeapDeCommitFreeBlockThreshold;
    ULONG NumberOfHeaps; /* 0xE8 */
    ULONG MaximumNumberOfHeaps;
    PVOID *ProcessHeaps;
    PVOID GdiSharedHandleTable;
    PVOID ProcessStarterHelper;
    ULONG GdiDCAttributeList;
    PRTL_CRITICAL_SECTION LoaderLock; /* 0x110 */
    ULONG OSMajorVersion;             /* 0x118 */
    ULONG OSMinorVersion;
    USHORT OSBuildNumber; /* 0x120 */
    USHORT OSCSDVersion;
    ULONG OSPlatformId;
    ULONG ImageSubsystem; /* 0x128 */
    ULONG ImageSubsystemMajorVersion;
    ULONG ImageSubsystemMinorVersion;
    KAFFINITY ActiveProcessAffinityMask; /* 0x138 */
    ULONG GdiHandleBuffer[60];
    PVOID PostProcessInitRoutine; /* 0x230 */
    PVOID TlsExpansionBitmap;
    ULONG TlsExpansionBitmapBits[32];
    ULONG SessionId; /* 0x2C0 */
    UCHAR Rest[0x7C8 - 0x2C4];
} PEB, *PPEB;
C_ASSERT(FIELD_OFFSET(PEB, ProcessHeap) == 0x30);
C_ASSERT(FIELD_OFFSET(PEB, NumberOfProcessors) == 0xB8);
C_ASSERT(FIELD_OFFSET(PEB, LoaderLock) == 0x110);
C_ASSERT(FIELD_OFFSET(PEB, OSMajorVersion) == 0x118);
C_ASSERT(FIELD_OFFSET(PEB, SessionId) == 0x2C0);

#define TLS_SLOTS           64
#define TLS_EXPANSION_SLOTS 1024

typedef struct _TEB {
    NT_TIB NtTib;
    PVOID EnvironmentPointer; /* 0x38 */
    CLIENT_ID ClientId;       /* 0x40 */
    PVOID ActiveRpcHandle;
    PVOID *ThreadLocalStoragePointer; /* 0x58 */
    PPEB ProcessEnvironmentBlock;     /* 0x60 */
    ULONG LastErrorValue;             /* 0x68 */
    ULONG CountOfOwnedCriticalSections;
    PVOID CsrClientThread;
    PVOID Win32ThreadInfo;
    ULONG User32Reserved[26];
    ULONG UserReserved[5];
    PVOID WOW32Reserved; /* 0x100 */
    LCID CurrentLocale;  /* 0x108 */
    ULONG FpSoftwareStatusRegister;
    PVOID ReservedForDebuggerInstrumentation[16]; /* 0x110 */
    UCHAR Gap1[0x2C0 - 0x190];
    LONG ExceptionCode; /* 0x2C0 */
    UCHAR Gap2[0x1250 - 0x2C4];
    ULONG LastStatusValue;              /* 0x1250 */
    UNICODE_STRING StaticUnicodeString; /* 0x1258 */
    WCHAR StaticUnicodeBuffer[261];
    PVOID DeallocationStack;   /* 0x1478 */
    PVOID TlsSlots[TLS_SLOTS]; /* 0x1480 */
    LIST_ENTRY TlsLinks;       /* 0x1680: ours: the loader's list of threads */
    PVOID Vdm;
    PVOID ReservedForNtRpc;
    PVOID DbgSsReserved[2];
    ULONG HardErrorMode; /* 0x16B0 */
    PVOID Instrumentation[11];
    GUID ActivityId; /* 0x1710 */
    PVOID SubProcessTag;
    UCHAR Gap3[0x1748 - 0x1728];
    UCHAR IdealProcessor[4];
    ULONG GuaranteedStackBytes; /* 0x174C */
    UCHAR Gap4[0x1780 - 0x1750];
    PVOID *TlsExpansionSlots; /* 0x1780 */
    PVOID DeallocationBStore;
    PVOID BStoreLimit;
    ULONG MuiGeneration;
    ULONG IsImpersonating;
    PVOID NlsCache;
    PVOID ShimData;
    ULONG HeapData;
    HANDLE CurrentTransactionHandle;
    PVOID ActiveFrame;
    PVOID *FlsData; /* 0x17C8 */
    UCHAR Gap5[0x17EE - 0x17D0];
    USHORT SameTebFlags; /* 0x17EE */
    UCHAR Rest[0x1838 - 0x17F0];
} TEB, *PTEB;
C_ASSERT(FIELD_OFFSET(TEB, ThreadLocalStoragePointer) == 0x58);
C_ASSERT(FIELD_OFFSET(TEB, LastErrorValue) == 0x68);
C_ASSERT(FIELD_OFFSET(TEB, LastStatusValue) == 0x1250);
C_ASSERT(FIELD_OFFSET(TEB, DeallocationStack) == 0x1478);
C_ASSERT(FIELD_OFFSET(TEB, TlsSlots) == 0x1480);
C_ASSERT(FIELD_OFFSET(TEB, HardErrorMode) == 0x16B0);
C_ASSERT(FIELD_OFFSET(TEB, TlsExpansionSlots) == 0x1780);
C_ASSERT(FIELD_OFFSET(TEB, FlsData) == 0x17C8);

#define NtCurrentPeb()   (NtCurrentTeb()->ProcessEnvironmentBlock)
#define RtlProcessHeap() (NtCurrentPeb()->ProcessHeap)

#endif
