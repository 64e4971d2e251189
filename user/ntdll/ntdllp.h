/*
 * ntdllp.h - the private header of ntdll.dll: the loader, user-mode dispatchers, heaps and locks.
 *
 * ntdll is the only door to the kernel. It depends on nothing but the system services; every other DLL
 * stands on it. Its files:
 *
 *     start.S            where the kernel enters user mode: thread start, APC, exception
 *     ldrinit.c          first thread, further threads, shutdown
 *     ldrload.c          find, map, reference and unload an image
 *     ldrsnap.c          exports and imports; what an import without an export becomes
 *     ldrtls.c           static thread-local storage and TLS callbacks
 *     ldrres.c           resources
 *     ldrnotify.c        who is told of DLLs
 *     except.c           vectored handlers, the last filter; what the shared unwinder asks of us
 *     heap.c             size-class allocator
 *     wait.c             queues of threads that wait on an address
 *     critical.c sections.S srw.c runonce.c  locks on top of them
 *     explored.c         the same as others call them: steps, while schedules are explored
 *     env.c path.c params.c  environment, DOS paths, process parameters
 *     thread.c fls.c     threads and their local storage
 *     pool.c             work items, timers, registered waits, the Tp routines
 *     atom.c resource.c registry.c ustring.c  atom tables, RTL_RESOURCE, the registry by path, strings
 *     error.c debug.c time.c version.c string.c  the rest
 *     ntdlldata.c        every mutable global
 *
 * Lock order: loader lock, PEB lock, heap lock, wait-queue bucket. DllMain runs under the loader lock.
 */
#ifndef USER_NTDLL_NTDLLP_H
#define USER_NTDLL_NTDLLP_H

NTSTATUS NTAPI RtlHashUnicodeString(PCUNICODE_STRING String, BOOLEAN IgnoreCase, ULONG Algorithm,
                                    PULONG Hash);
NTSTATUS NTAPI RtlIntegerToUnicodeString(ULONG Value, ULONG Base, PUNICODE_STRING String);

/* Loader. */
extern PEB_LDR_DATA LdrpData;
extern RTL_CRITICAL_SECTION LdrpLoaderLock;
extern LONG LdrpState; /* 0 nothing, 1 first thread at work, 2 the process runs */
extern BOOLEAN LdrpShutdown;
extern HANDLE LdrpShutdownThread;
extern PLDR_DATA_TABLE_ENTRY LdrpImage, LdrpNtdll, LdrpKernel32;
extern ULONG LdrpTlsCount;     /* indices given out */
extern LIST_ENTRY LdrpThreads; /* TEB.TlsLinks of each thread that has TLS */
extern UNICODE_STRING LdrpSystemDirectory;
extern LIST_ENTRY LdrpListeners; /* ldrnotify.c; loader lock */

#define LDRP_DLL_LOADED   1
#define LDRP_DLL_UNLOADED 2
VOID LdrpNotify(PLDR_DATA_TABLE_ENTRY Entry, ULONG Reason);

NTSTATUS LdrpLoad(PCUNICODE_STRING Name, PLDR_DATA_TABLE_ENTRY *Entry);
PLDR_DATA_TABLE_ENTRY LdrpFindByName(PCUNICODE_STRING Name);
PLDR_DATA_TABLE_ENTRY LdrpFindByAddress(const VOID *Address);
PLDR_DATA_TABLE_ENTRY LdrpInsert(PVOID Base, PCUNICODE_STRING FullName);
VOID LdrpRelease(PLDR_DATA_TABLE_ENTRY Entry);
VOID LdrpReference(PLDR_DATA_TABLE_ENTRY Entry);
VOID LdrpListForInit(PLDR_DATA_TABLE_ENTRY Entry);
NTSTATUS LdrpAttachListed(BOOLEAN Static);
BOOLEAN LdrpIsSystemImage(PLDR_DATA_TABLE_ENTRY Entry);
BOOLEAN LdrpCallInit(PLDR_DATA_TABLE_ENTRY Entry, ULONG Reason, PVOID Reserved);
NTSTATUS LdrpSnapImports(PLDR_DATA_TABLE_ENTRY Entry);
/* The address of an export; forwarders load what they name and Importer keeps it. */
NTSTATUS LdrpFindExport(PLDR_DATA_TABLE_ENTRY Entry, PCSTR Name, ULONG Ordinal,
                        PLDR_DATA_TABLE_ENTRY Importer, PVOID *Address);
VOID LdrpApiSet(PCUNICODE_STRING Name, PUNICODE_STRING Host);
NTSTATUS LdrpInitTls(PLDR_DATA_TABLE_ENTRY Entry); /* gives an index, serves the threads that run */
NTSTATUS LdrpThreadTls(VOID);
VOID LdrpFreeThreadTls(VOID);
VOID LdrpCallTlsCallbacks(PLDR_DATA_TABLE_ENTRY Entry, ULONG Reason);
VOID LdrpHardError(NTSTATUS Status, PCUNICODE_STRING First, PCUNICODE_STRING Second, PVOID Caller);

/* Exceptions. */
extern PRTLP_UNHANDLED_FILTER RtlpUnhandledFilter;
extern LIST_ENTRY RtlpVectoredHandlers, RtlpContinueHandlers;
extern RTL_SRWLOCK RtlpVectoredLock;
extern LIST_ENTRY RtlpFunctionTables; /* added at run time; RtlpVectoredLock */
BOOLEAN NTAPI RtlDispatchException(PEXCEPTION_RECORD Record, PCONTEXT Context);

/*
 * User code takes turns: ntlab lets another processor go on after so many atomic instructions, which it counts itself in
 * clients' code and leaves to us in our own. Whoever comes to 0 pauses, and the count begins anew.
 */
#define RTLP_TURN ((volatile LONG64 *)0x7FFDF000)
extern ULONG RtlpTurns; /* how many have ended in a lock */
static inline BOOLEAN
RtlpTurnIsOver(VOID)
{
    return --*RTLP_TURN == 0;
}

/* While schedules are explored: explored.c. */
BOOLEAN RtlpIsExplored(VOID);
VOID RtlpLockStep(const volatile VOID *Word, ULONG What);
/* The locks as others call them, and as what is called on their behalf does. */
NTSTATUS NTAPI RtlpEnterFromOutside(PRTL_CRITICAL_SECTION Section);
NTSTATUS NTAPI RtlpLeaveFromOutside(PRTL_CRITICAL_SECTION Section);
VOID NTAPI RtlpAcquireExclusiveFromOutside(PRTL_SRWLOCK Lock);
VOID NTAPI RtlpAcquireSharedFromOutside(PRTL_SRWLOCK Lock);
VOID NTAPI RtlpReleaseExclusiveFromOutside(PRTL_SRWLOCK Lock);
VOID NTAPI RtlpReleaseSharedFromOutside(PRTL_SRWLOCK Lock);
BOOLEAN NTAPI RtlTryAcquireSRWLockExclusive(PRTL_SRWLOCK Lock);
BOOLEAN NTAPI RtlTryAcquireSRWLockShared(PRTL_SRWLOCK Lock);

/* Critical sections; see critical.c, and sections.S, which knows the last number. */
enum { SectionAlerts, SectionKeyed, SectionEvents, SectionOld };
extern ULONG RtlpSectionKind;
extern LIST_ENTRY RtlCriticalSectionList; /* RTL_CRITICAL_SECTION_DEBUG.ProcessLocksList */
extern RTL_SRWLOCK RtlpSectionListLock;
VOID RtlpChooseSections(VOID);

/* Threads waiting on an address; see wait.c. */
#define RTLP_FOR_SECTION 2 /* RTLP_WAITER.Kind */
typedef struct _RTLP_WAITER {
    LIST_ENTRY Links;
    PVOID Address;
    HANDLE ThreadId;
    volatile LONG Woken;
    ULONG Kind;
} RTLP_WAITER, *PRTLP_WAITER;

#define RTLP_BUCKETS 64
typedef struct _RTLP_BUCKET {
    volatile LONG Lock;
    LIST_ENTRY Waiters; /* Flink NULL: not used yet */
} RTLP_BUCKET, *PRTLP_BUCKET;
extern RTLP_BUCKET RtlpBuckets[RTLP_BUCKETS];

PRTLP_BUCKET RtlpLockBucket(const volatile VOID *Address);
VOID RtlpUnlockBucket(PRTLP_BUCKET Bucket);
VOID RtlpQueueWaiter(PRTLP_BUCKET Bucket, PRTLP_WAITER Waiter, PVOID Address, ULONG Kind);
/* The first waiter on Address, or NULL. */
PRTLP_WAITER RtlpFirstWaiter(PRTLP_BUCKET Bucket, PVOID Address);
ULONG RtlpCountWaiters(PVOID Address);
#define RTLP_WOKEN_AT_ONCE 64
ULONG RtlpTakeWaiters(PVOID Address, ULONG Count, HANDLE *Threads);
VOID RtlpAlert(HANDLE *Threads, ULONG Count);
VOID RtlpEnqueueSleeper(PRTL_CONDITION_VARIABLE Variable, PRTLP_WAITER Waiter);
NTSTATUS RtlpSleep(PRTL_CONDITION_VARIABLE Variable, PRTLP_WAITER Waiter, PLARGE_INTEGER Timeout);
/* Unlinks; the caller alerts the thread id that it returns after it has unlocked. */
HANDLE RtlpReleaseWaiter(PRTLP_WAITER Waiter);
/* Sleeps until released: STATUS_SUCCESS, or STATUS_TIMEOUT with the waiter unlinked. */
NTSTATUS RtlpWaitQueued(PRTLP_WAITER Waiter, PLARGE_INTEGER Timeout);

/* Heaps. */
extern struct _RTLP_HEAP *RtlpHeaps[64];
extern ULONG RtlpHeapCount;

/* Fiber local storage. */
#define RTLP_FLS_SLOTS 128
extern PVOID RtlpFlsCallbacks[RTLP_FLS_SLOTS];
extern UCHAR RtlpFlsUsed[RTLP_FLS_SLOTS];
VOID RtlpRunFlsCallbacks(VOID);

/* Environment and paths. */
extern RTL_CRITICAL_SECTION RtlpPebLock;

#endif
