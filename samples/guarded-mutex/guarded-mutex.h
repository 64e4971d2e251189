/*
 * guarded-mutex.h - what driver and client share.
 */
#ifndef GUARDED_MUTEX_H
#define GUARDED_MUTEX_H

#define GUARDED_CODE(Function)                                                                     \
    CTL_CODE(FILE_DEVICE_UNKNOWN, Function, METHOD_BUFFERED, FILE_ANY_ACCESS)

#define IOCTL_LOOK    GUARDED_CODE(0x800) /* out: LOCK_STATE */
#define IOCTL_PAGE_IN GUARDED_CODE(0x801) /* in: PAGE_IN, out: PAGE_IN_RESULT */

/* How the file system gets its data from the lower driver. */
enum {
    ByZwReadFile,       /* and the I/O manager waits */
    ByInternalControl,  /* as to a TDI transport: waits for the event of the request */
    ByCompletionRoutine /* the same, but the completion routine sets the event */
};

/* How it finds out that it must not. */
enum { AskNothing, AskIrql, AskApcs, AskAllApcs };

typedef struct LOCK_STATE {
    ULONG Guarded; /* 1: KGUARDED_MUTEX, 0: FAST_MUTEX */
    ULONG Irql;
    ULONG ApcsDisabled;
    ULONG AllApcsDisabled; /* 2: this version has no such routine */
} LOCK_STATE;

typedef struct PAGE_IN {
    ULONG By, Ask;
    ULONG AtOnce; /* the lower driver completes in its dispatch routine; else from a timer's DPC */
} PAGE_IN;

typedef struct PAGE_IN_RESULT {
    ULONG Posted; /* the file system has left the reading to a worker thread */
    ULONG Bytes;
} PAGE_IN_RESULT;

#define BLOCK_BYTES 512
#define BLOCK_FILL  0x5A

#endif
