/*
 * bad.h - what bad.sys and its client share: one request, METHOD_NEITHER, with a pointer that is valid
 * in the client (input) and one that is valid nowhere (output).
 */
#ifndef BAD_H
#define BAD_H

#define IOCTL_BAD   CTL_CODE(FILE_DEVICE_UNKNOWN, 0x900, METHOD_NEITHER, FILE_ANY_ACCESS)
#define BAD_ADDRESS 0x0000000012340000ull

/* stops.sys: one mistake by its number. */
#define IOCTL_STOP CTL_CODE(FILE_DEVICE_UNKNOWN, 0x901, METHOD_BUFFERED, FILE_ANY_ACCESS)

enum {
    STOP_NONE,
    STOP_WRITE_RAISED,
    STOP_READ_RAISED,
    STOP_CALL_RAISED,
    STOP_KERNEL_RAISED,
    STOP_WRITE_FREED,
    STOP_READ_FREED,
    STOP_FAST_FAIL,
    STOP_SYSTEM_CALL,
    STOP_USER_CODE,
    STOP_ASSERTION,
    STOP_ASSERT_ROUTINE,
    STOP_INSTRUCTION_RAISED,
    STOP_NOT_CANONICAL_RAISED,
    STOP_LOWER_TO_HIGHER,
    STOP_DPC_WAITS,
    STOP_NO_PROCESSOR,
    STOP_WORKER_ATTACHED,
    STOP_WORKER_IMPERSONATES,
    STOP_WORKER_ENDS,
    STOP_ENDS_ATTACHED,
    STOP_CORRUPT_LIST,
    STOP_CORRUPT_LIST_REMOVED,
    STOP_TIMER_AGAIN,
    STOP_UNDERRUN,
    STOP_FREED_HEADER,
    STOP_FREED_LINK,
    STOP_LARGE_TWICE,
    STOP_QUOTA_PAGED,
    STOP_QUOTA_NONPAGED,
    STOP_NOT_CACHED,
};

typedef struct {
    unsigned int Case;
    unsigned long long Code; /* of user mode: returns at once */
} STOP_REQUEST;

#endif
