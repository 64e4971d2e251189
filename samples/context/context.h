/*
 * context.h - what driver and client share.
 *
 * \\.\ContextLower is reached directly. \\.\Context passes IOCTL_RECORD on to it, in the same thread or from a worker.
 */
#ifndef CONTEXT_H
#define CONTEXT_H

#define CONTEXT_CODE(Function)                                                                     \
    CTL_CODE(FILE_DEVICE_UNKNOWN, Function, METHOD_BUFFERED, FILE_ANY_ACCESS)

#define IOCTL_RECORD                                                                               \
    CONTEXT_CODE(                                                                                  \
        0x800) /* CONTEXT_CALL in and out: a record for each routine on the request's way */
#define IOCTL_HISTORY                                                                              \
    CONTEXT_CODE(0x801) /* out: DriverEntry, then the last cleanups and closes of ContextLower */
#define IOCTL_OPEN CONTEXT_CODE(0x802) /* the driver opens a file in the caller's process */
#define IOCTL_USE  CONTEXT_CODE(0x803) /* and uses it: CONTEXT_USE out */
#define IOCTL_POINTER                                                                              \
    CONTEXT_CODE(0x804) /* CONTEXT_POINTER in and out: reads an address of some process */
#define IOCTL_RAISE                                                                                \
    CONTEXT_CODE(0x805) /* CONTEXT_RAISE in and out: priorities of the current thread and process */
#define IOCTL_WAIT CONTEXT_CODE(0x806) /* waits CONTEXT_WAIT_MS in the dispatch routine */

#define CONTEXT_WAIT_MS 50

/* CONTEXT_CALL.Flags */
#define CONTEXT_POST  1 /* the upper device passes the request on from a system worker thread */
#define CONTEXT_LATER 2 /* the lower device completes it from a timer's DPC */

enum {
    AtDriverEntry,
    AtUpperDispatch,
    AtWorker,
    AtLowerDispatch,
    AtDpc,
    AtCompletion,
    AtCleanup,
    AtClose
};

typedef struct CONTEXT_RECORD_ {
    ULONG Where, Irql;
    ULONG64 Process, Thread, Teb;
    ULONG64 SystemProcess; /* its id, to compare */
    ULONG UserStatus;      /* of reading CONTEXT_CALL.Marker; STATUS_PENDING: not tried */
    ULONG64 UserValue;
} CONTEXT_RECORD_;

#define CONTEXT_RECORDS 8

typedef struct CONTEXT_CALL {
    ULONG64 Marker; /* an address of the client */
    ULONG Flags, Count;
    CONTEXT_RECORD_ Records[CONTEXT_RECORDS];
} CONTEXT_CALL;

typedef struct CONTEXT_USE {
    ULONG Handle, KernelHandle, FileObject; /* 1: led to the driver's file */
    ULONG HandleInWorker;
} CONTEXT_USE;

typedef struct CONTEXT_POINTER {
    ULONG64 Process, Address;
    ULONG Attach, Status;
    ULONG64 Value;
} CONTEXT_POINTER;

typedef struct CONTEXT_RAISE {
    LONG Thread, Process; /* priorities to set */
    ULONG ThreadStatus, ProcessStatus;
    LONG Now; /* of the current thread */
} CONTEXT_RAISE;

#endif
