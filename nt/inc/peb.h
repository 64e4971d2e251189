/*
 * peb.h - the blocks of user mode that the kernel fills: process and thread environment, parameters.
 *
 * Layouts of Windows 10 x64, public symbols; fields that only user mode uses are left as gaps. They
 * lie in the process's slice: reached through a __try in its context, or through the alias.
 */
#ifndef NT_INC_PEB_H
#define NT_INC_PEB_H

typedef struct _CURDIR {
    UNICODE_STRING DosPath;
    HANDLE Handle;
} CURDIR;

#define RTL_USER_PROC_PARAMS_NORMALIZED 0x01

typedef struct _RTL_USER_PROCESS_PARAMETERS {
    ULONG MaximumLength; /* 0x00 */
    ULONG Length;        /* 0x04 */
    ULONG Flags;         /* 0x08 */
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
    ULONG Window[10];             /* 0x88 */
    UNICODE_STRING WindowTitle;   /* 0xB0 */
    UNICODE_STRING DesktopInfo;
    UNICODE_STRING ShellInfo;
    UNICODE_STRING RuntimeData; /* 0xE0 */
    UCHAR CurrentDirectories[0x300];
    SIZE_T EnvironmentSize; /* 0x3F0 */
    SIZE_T EnvironmentVersion;
    PVOID PackageDependencyData;
    ULONG ProcessGroupId;
    ULONG LoaderThreads;
} RTL_USER_PROCESS_PARAMETERS, *PRTL_USER_PROCESS_PARAMETERS;
C_ASSERT(FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, Environment) == 0x80);
C_ASSERT(FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, WindowTitle) == 0xB0);
C_ASSERT(FIELD_OFFSET(RTL_USER_PROCESS_PARAMETERS, EnvironmentSize) == 0x3F0);

typedef struct _PEB {
    BOOLEAN InheritedAddressSpace; /* 0x00 */
    BOOLEAN ReadImageFileExecOptions;
    BOOLEAN BeingDebugged;
    UCHAR BitField;
    HANDLE Mutant;                                  /* 0x08 */
    PVOID ImageBaseAddress;                         /* 0x10 */
    PVOID Ldr;                                      /* 0x18 */
    PRTL_USER_PROCESS_PARAMETERS ProcessParameters; /* 0x20 */
    UCHAR Gap1[0xB8 - 0x28];
    ULONG NumberOfProcessors; /* 0xB8 */
    ULONG NtGlobalFlag;
    LARGE_INTEGER CriticalSectionTimeout; /* 0xC0 */
    SIZE_T HeapSegmentReserve;            /* 0xC8 */
    SIZE_T HeapSegmentCommit;
    SIZE_T HeapDeCommitTotalFreeThreshold;
    SIZE_T HeapDeCommitFreeBlockThreshold;
    UCHAR Gap2[0x118 - 0xE8];
    ULONG OSMajorVersion; /* 0x118 */
    ULONG OSMinorVersion;
    USHORT OSBuildNumber; /* 0x120 */
    USHORT OSCSDVersion;
    ULONG OSPlatformId;
    ULONG ImageSubsystem; /* 0x128 */
    ULONG ImageSubsystemMajorVersion;
    ULONG ImageSubsystemMinorVersion;
    KAFFINITY ActiveProcessAffinityMask; /* 0x138 */
    UCHAR Gap3[0x2C0 - 0x140];
    ULONG SessionId; /* 0x2C0 */
    UCHAR Gap4[0x7C8 - 0x2C4];
} PEB;
C_ASSERT(FIELD_OFFSET(PEB, NumberOfProcessors) == 0xB8);
C_ASSERT(FIELD_OFFSET(PEB, OSMajorVersion) == 0x118);
C_ASSERT(FIELD_OFFSET(PEB, ActiveProcessAffinityMask) == 0x138);
C_ASSERT(FIELD_OFFSET(PEB, SessionId) == 0x2C0);

typedef struct _TEB {
    NT_TIB NtTib;             /* 0x00 */
    PVOID EnvironmentPointer; /* 0x38 */
    CLIENT_ID ClientId;       /* 0x40 */
    PVOID ActiveRpcHandle;
    PVOID ThreadLocalStoragePointer; /* 0x58 */
    PPEB ProcessEnvironmentBlock;    /* 0x60 */
    ULONG LastErrorValue;            /* 0x68 */
    UCHAR Gap1[0x108 - 0x6C];
    LCID CurrentLocale; /* 0x108 */
    UCHAR Gap2[0x1250 - 0x10C];
    ULONG LastStatusValue;              /* 0x1250 */
    UNICODE_STRING StaticUnicodeString; /* 0x1258 */
    WCHAR StaticUnicodeBuffer[261];
    PVOID DeallocationStack; /* 0x1478 */
    UCHAR Gap3[0x1748 - 0x1480];
    UCHAR IdealProcessor[4]; /* 0x1748 */
    ULONG GuaranteedStackBytes;
    UCHAR Gap4[0x17EE - 0x1750];
    USHORT SameTebFlags; /* 0x17EE */
    UCHAR Gap5[0x1838 - 0x17F0];
} TEB, *PTEB;
C_ASSERT(FIELD_OFFSET(TEB, ClientId) == 0x40);
C_ASSERT(FIELD_OFFSET(TEB, LastErrorValue) == 0x68);
C_ASSERT(FIELD_OFFSET(TEB, DeallocationStack) == 0x1478);
C_ASSERT(FIELD_OFFSET(TEB, SameTebFlags) == 0x17EE);

#endif
