/*
 * psp.h - nt/ps's own header: processes and threads as objects, their birth, their end.
 *
 * nt/ke knows how a thread runs; this component knows what it belongs to: process, handle table, token,
 * address space, ids. It must not know files or drivers, except to call nt/io when a thread ends.
 *
 *   P1  A process lives (in PsActiveProcessHead) from creation until its last thread has ended.
 *   P2  Ids follow from agents' names: a thread's id is 4 * its agent's slot, a process's the same for a
 *       slot of its own. System is 4.
 *   P3  A thread ends only in its own context (PspExitThread). Who terminates another queues two APCs: a normal
 *       kernel one, which a critical region holds off, and from it a user one.
 *
 * Files: psdata, process (objects, System), create (user processes), thread, exit, terminate (of others),
 * notify, query, set, lookup, context, token, job, debug and debugevent, init (the run itself),
 * sound (the suite's questions of it).
 * Lock order: none; schedule points only at calls of the dispatcher.
 */
#ifndef NT_PS_PSP_H
#define NT_PS_PSP_H

#include "nt/inc/ke.h"
#include "nt/inc/ex.h"
#include "nt/inc/ob.h"
#include "nt/inc/ps.h"
#include "nt/inc/mm.h"
#include "nt/inc/io.h"
#include "nt/inc/se.h"
#include "nt/inc/cm.h"

#define PSP_MAX_NOTIFY           64
#define PSP_NORMAL_PAGE_PRIORITY 5u /* MEMORY_PRIORITY_NORMAL */

/* Where kernel mode reaches user memory of any process: present for as long as it is committed. */
#define PSP_ALIAS(Address) ((PVOID)ABI_ALIAS((ULONG64)(Address)))

typedef struct _PSP_NOTIFY {
    PVOID Routine;
    ULONG Kind;           /* process: 0 plain, 1 Ex, 2 Ex2 */
    EX_RUNDOWN_REF Calls; /* in progress */
    BOOLEAN Leaves;       /* somebody removes it */
} PSP_NOTIFY;

extern PSP_NOTIFY PspProcessNotify[PSP_MAX_NOTIFY], PspThreadNotify[PSP_MAX_NOTIFY],
    PspImageNotify[PSP_MAX_NOTIFY];
extern ULONG PspNotifyEnd; /* no entry of these from here on has ever been used */
extern struct abi_boot PspBoot;
extern UNICODE_STRING PspDriverName[ABI_MAX_DRIVERS];
extern WCHAR PspDriverNameBuffer[ABI_MAX_DRIVERS][128];
extern WCHAR PspClientImage[256], PspClientCommand[2048];
UCHAR PspPriorityClass(PEPROCESS Process); /* PROCESS_PRIORITY_CLASS_... */
extern ULONG PspClientExit;                /* of the first client that did not return 0 */

/* process.c */
extern const GENERIC_MAPPING PspProcessMapping, PspThreadMapping;
NTSTATUS PspCreateProcessObject(PEPROCESS Parent, PACCESS_TOKEN Token, BOOLEAN User,
                                PEPROCESS *Process);
/* query.c */
#define PSP_PATH_ROOM 300
BOOLEAN PspDeviceName(PCUNICODE_STRING Dos, PWSTR Room, ULONG RoomBytes, PUNICODE_STRING Name);
/* thread.c: an object not yet started; the caller owns one reference. */
NTSTATUS PspCreateThreadObject(PEPROCESS Process, PKSTART_ROUTINE Routine, PVOID Context,
                               PCONTEXT UserContext, PVOID Teb, PETHREAD *Thread);
/* The kernel-mode beginning of every user thread. */
VOID PspUserThreadStartup(PVOID Context);
VOID PspStartThread(PETHREAD Thread); /* notifies, counts it in and makes it ready */
/* create.c */
NTSTATUS PspCreateUserThread(PEPROCESS Process, PVOID Start, PVOID Argument, SIZE_T StackReserve,
                             SIZE_T StackCommit, PETHREAD *Thread);
/* Routines of nt/ps and nt/ke that the DDK's headers do not declare. */
ULONG NTAPI PsGetProcessSessionId(PEPROCESS Process);
KAFFINITY NTAPI KeSetAffinityThread(PKTHREAD Thread, KAFFINITY Affinity);
extern POBJECT_TYPE *PsJobType; /* the exported name */
/* exit.c */
/* job.c */
VOID PspCreateJobType(VOID);
NTSTATUS PspInheritJob(PEPROCESS Process, PEPROCESS Parent);
VOID PspLeaveJob(PEPROCESS Process);
/* notify.c: false from a process routine's CreationStatus refuses the process */
NTSTATUS PspNotifyProcess(PEPROCESS Process, PEPROCESS Parent, PETHREAD Creator, BOOLEAN Create);
VOID PspNotifyThread(PETHREAD Thread, BOOLEAN Create);
BOOLEAN PspAreStartsWatched(VOID);
/* context.c */
/* query.c: what a class of a query answers, of Size bytes; Answer NULL: it is there already. How many they are is told where there was not room for them, too. */
NTSTATUS PspProbeAnswer(PVOID Buffer, ULONG Length, PULONG ReturnLength);
NTSTATUS PspGiveAnswer(NTSTATUS Status, PVOID Buffer, PULONG ReturnLength, PVOID Answer,
                       ULONG Size);
NTSTATUS PspSuspendThread(PETHREAD Thread, PULONG Count); /* terminating ones are not suspended */
/* terminate.c */
NTSTATUS PspTerminateThread(PETHREAD Thread, NTSTATUS Status);
VOID PspFreezeProcess(PEPROCESS Process, BOOLEAN Freeze);
VOID PspEndPoint(PEPROCESS Process);
/* As PspNextThreadOf for who waits in between; dereferences Thread. */
PETHREAD PspReferenceNextThread(PEPROCESS Process, PETHREAD Thread);

/*
 * debug.c, debugevent.c - a debug object is a queue of events; its processes have it as their DebugPort.
 */
typedef struct _DBGK_STATE_CHANGE { /* DBGUI_WAIT_STATE_CHANGE: what NtWaitForDebugEvent gives */
    ULONG State;
    CLIENT_ID Cid;
    union {
        struct {
            EXCEPTION_RECORD Record;
            ULONG FirstChance;
        } Exception;
        struct {
            HANDLE Thread;
            ULONG SubSystemKey;
            PVOID StartAddress;
        } CreateThread;
        struct {
            HANDLE Process, Thread;
            ULONG SubSystemKey;
            HANDLE File;
            PVOID BaseOfImage;
            ULONG DebugInfoFileOffset, DebugInfoSize;
            ULONG ThreadSubSystemKey;
            PVOID StartAddress;
        } CreateProcess;
        NTSTATUS ExitStatus;
        struct {
            HANDLE File;
            PVOID BaseOfDll;
            ULONG DebugInfoFileOffset, DebugInfoSize;
            PVOID NamePointer;
        } LoadDll;
        PVOID UnloadBase;
    };
} DBGK_STATE_CHANGE;
C_ASSERT(sizeof(DBGK_STATE_CHANGE) == 0xB8);

enum {
    DBGK_CREATE_THREAD = 2,
    DBGK_CREATE_PROCESS,
    DBGK_EXIT_THREAD,
    DBGK_EXIT_PROCESS,
    DBGK_EXCEPTION,
    DBGK_BREAKPOINT,
    DBGK_SINGLE_STEP,
    DBGK_LOAD_DLL,
    DBGK_UNLOAD_DLL
};

typedef struct _DBGK_OBJECT {
    KEVENT EventsPresent; /* signaled while an event can be read */
    KGUARDED_MUTEX Lock;  /* guards the list and the rest */
    LIST_ENTRY EventList; /* oldest first */
    BOOLEAN KillOnClose;
} DBGK_OBJECT, *PDBGK_OBJECT;

typedef struct _DBGK_EVENT {
    LIST_ENTRY Links;
    PEPROCESS Process; /* referenced, as is Thread */
    PETHREAD Thread;
    BOOLEAN Read;      /* given to the debugger, not yet continued */
    BOOLEAN Synthetic; /* of an attachment: nobody waits for it */
    NTSTATUS ContinueStatus;
    KEVENT Continued;
    UNICODE_STRING FileName; /* buffer is ours: the image's */
    DBGK_STATE_CHANGE Change;
} DBGK_EVENT, *PDBGK_EVENT;

extern POBJECT_TYPE DbgkDebugObjectType;
VOID DbgkCreateType(VOID);
PDBGK_EVENT DbgkpMakeEvent(PETHREAD Thread, ULONG State, PKI_MODULE Module);
/* The event is the object's, and the process stands still. FALSE: not its debugger any more; the caller frees. */
BOOLEAN DbgkpQueueEvent(PDBGK_OBJECT Object, PDBGK_EVENT Event);
VOID DbgkpFreeEvent(PDBGK_EVENT Event);
VOID DbgkpPostAttached(PDBGK_OBJECT Object, PEPROCESS Process);
VOID DbgkpMarkPeb(PEPROCESS Process, BOOLEAN Debugged);
NTSTATUS DbgkOpenPort(PEPROCESS Process, PHANDLE Handle); /* STATUS_PORT_NOT_SET */
/* A new process's debugger: Object (referenced for it), or its parent's. */
VOID DbgkInherit(PEPROCESS Process, PEPROCESS Parent, PDBGK_OBJECT Object);
VOID DbgkCreateThread(VOID);
VOID DbgkExitThread(NTSTATUS Status);

/* The documented parts of PEB, TEB and process parameters, by offset (x64). */
typedef struct _PSP_PARAMETERS {
    ULONG MaximumLength, Length;     /* 0x00 */
    ULONG Flags, DebugFlags;         /* 0x08 */
    HANDLE ConsoleHandle;            /* 0x10 */
    ULONG ConsoleFlags, Fill;        /* 0x18 */
    HANDLE Standard[3];              /* 0x20 input, output, error */
    UNICODE_STRING CurrentDirectory; /* 0x38 */
    HANDLE CurrentDirectoryHandle;   /* 0x48 */
    UNICODE_STRING DllPath;          /* 0x50 */
    UNICODE_STRING ImagePathName;    /* 0x60 */
    UNICODE_STRING CommandLine;      /* 0x70 */
    PVOID Environment;               /* 0x80 */
    ULONG Window[9];                 /* 0x88 */
    ULONG WindowFlags;               /* 0xac: Windows has it at 0xa4, ShowWindowFlags at 0xa8 */
    UNICODE_STRING WindowTitle;      /* 0xb0 */
    UNICODE_STRING DesktopInfo;      /* 0xc0 */
    UNICODE_STRING ShellInfo;        /* 0xd0 */
    UNICODE_STRING RuntimeData;      /* 0xe0 */
    UCHAR CurrentDirectories[0x300]; /* 0xf0 */
    SIZE_T EnvironmentSize;          /* 0x3f0 */
    SIZE_T EnvironmentVersion;       /* 0x3f8 */
} PSP_PARAMETERS;
C_ASSERT(FIELD_OFFSET(PSP_PARAMETERS, Environment) == 0x80);
C_ASSERT(FIELD_OFFSET(PSP_PARAMETERS, WindowTitle) == 0xb0);
C_ASSERT(FIELD_OFFSET(PSP_PARAMETERS, EnvironmentSize) == 0x3f0);

/*
 * What is set of a process or thread, and asked for, by information classes and debuggers (KiChanges, KiLooksAt). It is not their life: to
 * ask comes before or behind what sets, in no order with those who give back references. A process's includes its primary token.
 */
#define PSP_SETTINGS_OF_PROCESS(Process) (&(Process)->Token)
#define PSP_SETTINGS_OF_THREAD(Thread)   (&(Thread)->Name)

#define PEB_BEING_DEBUGGED            0x02
#define PEB_IMAGE_BASE                0x10
#define PEB_PARAMETERS                0x20
#define PEB_PROCESSORS                0xb8
#define PEB_HEAP_RESERVE              0xc8
#define PEB_OS_MAJOR                  0x118
#define PEB_OS_MINOR                  0x11c
#define PEB_OS_BUILD                  0x120
#define PEB_OS_PLATFORM               0x124
#define PEB_SUBSYSTEM                 0x128
#define PEB_SESSION                   0x2c0
#define PEB_THREADS                   0xf00 /* ours: it has had a second one */
#define TEB_STACK_BASE                0x08
#define TEB_STACK_LIMIT               0x10
#define TEB_SELF                      0x30
#define TEB_PROCESS_ID                0x40
#define TEB_THREAD_ID                 0x48
#define TEB_PEB                       0x60
#define TEB_DEALLOCATION              0x1478
#define TEB_LOADER_LINKS              0x1680 /* ours: NULL once ntdll's loader has let the thread go */
#define PSP_TEB_SIZE                  0x2000
#define PSP_PEB_SIZE                  0x1000
#define PSP_FIELD(Base, Offset, Type) (*(Type *)((ULONG64)(Base) + (Offset)))

/* init.c: the end of the run; sound.c: what the suite wants looked at before it. */
DECLSPEC_NORETURN VOID PspStop(ULONG Verdict, ULONG Code, const char *Message);
VOID PspBeginChecks(VOID);
VOID PspCheckSelf(VOID);

#endif
