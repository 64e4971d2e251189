/*
 * ps.h - processes and threads as the other components see them.
 */
#ifndef NT_INC_PS_H
#define NT_INC_PS_H

#include "nt/inc/ke.h"

/* Access rights that winnt.h documents and the DDK headers lack. */
#ifndef PROCESS_TERMINATE
#define PROCESS_TERMINATE                 0x0001
#define PROCESS_CREATE_THREAD             0x0002
#define PROCESS_VM_OPERATION              0x0008
#define PROCESS_VM_READ                   0x0010
#define PROCESS_VM_WRITE                  0x0020
#define PROCESS_CREATE_PROCESS            0x0080
#define PROCESS_SET_QUOTA                 0x0100
#define PROCESS_SET_INFORMATION           0x0200
#define PROCESS_QUERY_INFORMATION         0x0400
#define PROCESS_SUSPEND_RESUME            0x0800
#define PROCESS_QUERY_LIMITED_INFORMATION 0x1000
#endif
#ifndef THREAD_QUERY_INFORMATION
#define THREAD_QUERY_INFORMATION 0x0040
#endif
#ifndef THREAD_RESUME
#define THREAD_RESUME 0x1000
#endif

/*
 * Objects of schedule points: an id, which who looks for it reads and the end of its thread or process changes; and all of them,
 * which who lists them changes, and each beginning and end reads.
 */
#define PSP_ID(Id)  ((PVOID)(0x00F1000000000000ull + (ULONG_PTR)(Id)))
#define PSP_ALL_IDS (&PsActiveProcessHead)

struct _EPROCESS {
    KPROCESS Pcb;
    HANDLE UniqueProcessId;
    HANDLE InheritedFromUniqueProcessId;
    LIST_ENTRY ActiveProcessLinks;
    PACCESS_TOKEN Token; /* primary; referenced */
    PVOID HandleTable;   /* nt/ob */
    PVOID Peb;
    PVOID SectionBaseAddress;
    PVOID AddressSpace; /* nt/mm: the tree of virtual address descriptors */
    PVOID DebugPort;    /* a debug object; referenced */
    PVOID Job;
    UCHAR ImageFileName[16];
    UNICODE_STRING ImagePath; /* NT path */
    LARGE_INTEGER CreateTime, ExitTime;
    NTSTATUS ExitStatus;
    LONG ActiveThreads;
    LONG LeavingThreads; /* of them: have told the debugger of their end */
    LONG FreezeCount;    /* reasons why it stands still: its job, pending debug events */
    ULONG Flags;
    ULONG DefaultHardErrorProcessing;
    BOOLEAN Exiting;
    BOOLEAN Begun;          /* its first thread has run: images are told of as they are mapped */
    BOOLEAN Frozen;         /* its job is */
    BOOLEAN NoDebugInherit; /* its children are not its debugger's */
    BOOLEAN DebugKnown;     /* its debugger has been told of it */
    BOOLEAN IsClient;       /* started by the command line: its exit code counts */
    ULONG ClientIndex;
    SIZE_T QuotaUsage[3]; /* nonpaged, paged, page file */
    SIZE_T VirtualSize;
    KGUARDED_MUTEX Lock;
    PVOID StdHandles[3];
    PVOID ExceptionPort;
    ULONG Modules;         /* user images mapped */
    LIST_ENTRY ModuleList; /* nt/mm: KI_MODULE of each user image */
    PVOID Ntdll;           /* base of its ntdll.dll */
    KAGENT Agent;          /* named things that the process as a whole owns */
};
typedef struct _EPROCESS EPROCESS;

struct _ETHREAD {
    KTHREAD Tcb;
    CLIENT_ID Cid;
    LARGE_INTEGER CreateTime, ExitTime;
    NTSTATUS ExitStatus;
    PVOID StartAddress;
    PVOID Win32StartAddress;
    LIST_ENTRY IrpList;       /* nt/io: threaded IRPs */
    LIST_ENTRY Timers;        /* nt/ex: waitable timers whose APC it gets */
    struct _IRP *IrpCache[4]; /* nt/io: the last that it freed, by stack size */
    PKEVENT IrpRundown;       /* nt/io: set when IrpList becomes empty, at exit */
    PKEVENT IrpGone;          /* nt/io: set whenever a request leaves IrpList; NULL: nobody waits */
    PDEVICE_OBJECT DeviceToVerify;
    GUID ActivityId;  /* EtwActivityIdControl */
    LPCGUID Activity; /* IoSetActivityIdThread: the setter's memory */
    ULONG IoPriority, PagePriority;
    PACCESS_TOKEN ImpersonationToken;
    SECURITY_IMPERSONATION_LEVEL ImpersonationLevel;
    BOOLEAN EffectiveOnly;
    BOOLEAN CopyOnOpen;
    BOOLEAN Terminating;
    BOOLEAN HardErrorsDisabled;
    BOOLEAN ActiveExWorker;
    BOOLEAN OwnCode; /* of nt/ex: it runs nothing of a driver now */
    BOOLEAN HideFromDebugger;
    BOOLEAN DebugKnown;         /* its debugger has been told of it */
    BOOLEAN InRegion;           /* nt/ps put it into a critical region at its start */
    LIST_ENTRY ThreadListEntry; /* of the process */
    PVOID AlertByThreadId;      /* keyed wait of NtWaitForAlertByThreadId */
    PVOID AlertAddress; /* what user mode says that it waits for there; bit 0: a critical section */
    WCHAR Name[64];     /* ThreadNameInformation */
    ULONG FileFaults;   /* nt/mm: of views of files; each may have waited */
    BOOLEAN HadTimers;  /* nt/ex: some have been in Timers */
};
typedef struct _ETHREAD ETHREAD;

#define PspCurrentThread()        ((PETHREAD)KiThread())
#define PspCurrentProcess()       ((PEPROCESS)KiThread()->ApcState.Process)
#define PspThreadsProcess(Thread) ((PEPROCESS)((PKTHREAD)(Thread))->Process)

extern PEPROCESS PsInitialSystemProcess;
extern PEPROCESS PsIdleProcess;
extern LIST_ENTRY PsActiveProcessHead; /* EPROCESS.ActiveProcessLinks of every process */

/* Who comes behind it, NULL: the first. None is referenced: who waits in between begins again, or holds it (nt/ps/psp.h). */
KI_INLINE PEPROCESS
PspNextProcess(PEPROCESS Process)
{
    PLIST_ENTRY Next =
        Process != NULL ? Process->ActiveProcessLinks.Flink : PsActiveProcessHead.Flink;

    return Next != &PsActiveProcessHead ? CONTAINING_RECORD(Next, EPROCESS, ActiveProcessLinks)
                                        : NULL;
}

KI_INLINE PETHREAD
PspNextThreadOf(PEPROCESS Process, PETHREAD Thread)
{
    PLIST_ENTRY Head = &Process->Pcb.ThreadListHead;
    PLIST_ENTRY Next = Thread != NULL ? Thread->Tcb.ThreadListEntry.Flink : Head->Flink;

    return Next != Head ? CONTAINING_RECORD(Next, ETHREAD, Tcb.ThreadListEntry) : NULL;
}

/* Of all processes. */
KI_INLINE PETHREAD
PspNextThread(PETHREAD Thread)
{
    PEPROCESS Process = Thread != NULL ? PspThreadsProcess(Thread) : NULL;
    PETHREAD Next = Thread != NULL ? PspNextThreadOf(Process, Thread) : NULL;

    while (Next == NULL && (Process = PspNextProcess(Process)) != NULL) {
        Next = PspNextThreadOf(Process, NULL);
    }
    return Next;
}

/* The first system thread ends here: loads the drivers, runs the clients, unloads, stops the run. */
VOID PspRunCommandLine(VOID);
VOID PspUnloadLastDriver(VOID); /* of the command line */

/* A system thread in the System process; returns a referenced thread. */
NTSTATUS PspCreateSystemThread(PKSTART_ROUTINE Routine, PVOID Context, PETHREAD *Thread);
/* What stands behind the last backslash of Path; it points into Path. */
UNICODE_STRING PspLastComponent(PCUNICODE_STRING Path);
/* A user process from an NT path, its first thread ready to start. Parent NULL: System. */
NTSTATUS PspCreateUserProcess(PCWSTR ImagePath, PCWSTR CommandLine, PACCESS_TOKEN Token,
                              PEPROCESS Parent, BOOLEAN InheritHandles, PVOID Parameters,
                              PEPROCESS *Process, PETHREAD *Thread);
DECLSPEC_NORETURN VOID PspExitThread(NTSTATUS Status); /* the current thread */
NTSTATUS PspTerminateProcess(PEPROCESS Process, NTSTATUS Status);
/* Address of an export of the current process's ntdll; 0 before it is mapped. Cached by nt/ps. */
ULONG64 PspUserEntry(PCSTR Name);
/* An exception of the current user thread that nobody handled, or that no handler may see (fast fail):
   ends the process with its code; the run reports it. */
DECLSPEC_NORETURN VOID PspTerminateUnhandled(PEXCEPTION_RECORD Record);
/* The kernel routine of the APC that terminates a thread: such an APC goes to the head of its queue. */
VOID NTAPI PspExitApcKernelRoutine(PKAPC Apc, PKI_NORMAL_ROUTINE *NormalRoutine,
                                   PVOID *NormalContext, PVOID *SystemArgument1,
                                   PVOID *SystemArgument2);

/* What a debuggee's current thread tells its debugger of (nt/ps/debugevent.c); nothing without one. It returns when the
   debugger has continued. TRUE: the debugger has handled the exception. */
BOOLEAN DbgkException(PEXCEPTION_RECORD Record, BOOLEAN First);
VOID DbgkMapImage(PEPROCESS Process, PKI_MODULE Module);
VOID DbgkUnmapImage(PEPROCESS Process, PVOID Base);

/* Is this file name one of the command line's drivers? */
BOOLEAN PspIsDriverUnderTest(const char *FileName);
/* An image was mapped: into a process, or (id NULL) as a driver. Runs the notify routines. */
VOID PspCallImageNotify(PUNICODE_STRING FullName, HANDLE ProcessId, PKI_MODULE Module);

#endif
