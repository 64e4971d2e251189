/*
 * critical-region.h - what driver and client share: which lock, and who stands where.
 *
 * The order of a run: the first process holds (IOCTL_HOLD) in one thread and suspends that thread from another one
 * (IOCTL_WAIT_INSIDE, SuspendThread, IOCTL_SUSPENDED); then the second process uses the device (IOCTL_WAIT_TURN,
 * IOCTL_USE) and says so (IOCTL_DONE, IOCTL_WAIT_DONE); then the first one resumes its thread.
 */
#ifndef CRITICAL_REGION_H
#define CRITICAL_REGION_H

#define REGION_CODE(Function)                                                                      \
    CTL_CODE(FILE_DEVICE_UNKNOWN, Function, METHOD_BUFFERED, FILE_ANY_ACCESS)

#define IOCTL_HOLD        REGION_CODE(0x800) /* in: ULONG choice. Takes the lock, stays until told */
#define IOCTL_WAIT_INSIDE REGION_CODE(0x801) /* out: HOLDER_STATE */
#define IOCTL_SUSPENDED   REGION_CODE(0x802) /* the holder has been suspended, as far as it can be */
#define IOCTL_WAIT_TURN   REGION_CODE(0x803)
#define IOCTL_USE         REGION_CODE(0x804) /* in: ULONG choice, out: USE_RESULT */
#define IOCTL_DONE        REGION_CODE(0x805)
#define IOCTL_WAIT_DONE   REGION_CODE(0x806)
#define IOCTL_UPDATE      REGION_CODE(0x807) /* in: ULONG choice. One use, with no hand over around it */

enum {
    RegionAlone,         /* a critical region, and no lock */
    ResourceBare,        /* ERESOURCE */
    ResourceInRegion,    /* region, acquire, release, leave */
    ResourceRegionLate,  /* acquire, region, ... */
    ResourceRegionEarly, /* ... leave, release */
    UnsafeMutexBare,     /* ExAcquireFastMutexUnsafe */
    UnsafeMutexInRegion,
    FastMutex,
    GuardedMutex,
    Mutex, /* KMUTEX */
    SpinLock,
    Semaphore,        /* of limit 1, used as a lock */
    SemaphoreTimeout, /* who waits too long takes the buffer away from the holder */
    MutexTimeout,     /* the same with a KMUTEX */
    Choices
};

#define CHOICE_NAMES                                                                               \
    {"region",                                                                                     \
     "resource",                                                                                   \
     "resource-in-region",                                                                         \
     "resource-region-late",                                                                       \
     "resource-region-early",                                                                      \
     "unsafe-mutex",                                                                               \
     "unsafe-mutex-in-region",                                                                     \
     "fast-mutex",                                                                                 \
     "guarded-mutex",                                                                              \
     "mutex",                                                                                      \
     "spin-lock",                                                                                  \
     "semaphore",                                                                                  \
     "semaphore-timeout",                                                                          \
     "mutex-timeout"}

/* Of the thread that holds the lock, as it sees itself. */
typedef struct HOLDER_STATE {
    ULONG Irql;
    ULONG ApcsDisabled;    /* KeAreApcsDisabled: a critical or guarded region */
    ULONG AllApcsDisabled; /* KeAreAllApcsDisabled: a guarded region, or IRQL >= APC_LEVEL */
    ULONG OtherThread;     /* id of the second process's thread, which waits for its turn */
} HOLDER_STATE;

typedef struct USE_RESULT {
    ULONG TimedOut;
    ULONG Torn; /* cells of the buffer that another thread had not finished with */
} USE_RESULT;

#endif
