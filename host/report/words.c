/*
 * words.c - small vocabularies: IRQLs, major functions, statuses, wait reasons, transfer methods.
 */
#include "host/report/report.h"

const char *
word_irql(uint64_t irql)
{
    static const char *const names[] = {"PASSIVE_LEVEL", "APC_LEVEL", "DISPATCH_LEVEL"};

    if (irql < 3) {
        return names[irql];
    }
    return irql == 15   ? "HIGH_LEVEL"
           : irql == 14 ? "IPI_LEVEL"
           : irql == 13 ? "CLOCK_LEVEL"
           : irql < 13  ? "a device's IRQL"
                        : "not an IRQL";
}

const char *
word_major(unsigned major)
{
    static const char *const names[] = {"IRP_MJ_CREATE",
                                        "IRP_MJ_CREATE_NAMED_PIPE",
                                        "IRP_MJ_CLOSE",
                                        "IRP_MJ_READ",
                                        "IRP_MJ_WRITE",
                                        "IRP_MJ_QUERY_INFORMATION",
                                        "IRP_MJ_SET_INFORMATION",
                                        "IRP_MJ_QUERY_EA",
                                        "IRP_MJ_SET_EA",
                                        "IRP_MJ_FLUSH_BUFFERS",
                                        "IRP_MJ_QUERY_VOLUME_INFORMATION",
                                        "IRP_MJ_SET_VOLUME_INFORMATION",
                                        "IRP_MJ_DIRECTORY_CONTROL",
                                        "IRP_MJ_FILE_SYSTEM_CONTROL",
                                        "IRP_MJ_DEVICE_CONTROL",
                                        "IRP_MJ_INTERNAL_DEVICE_CONTROL",
                                        "IRP_MJ_SHUTDOWN",
                                        "IRP_MJ_LOCK_CONTROL",
                                        "IRP_MJ_CLEANUP",
                                        "IRP_MJ_CREATE_MAILSLOT",
                                        "IRP_MJ_QUERY_SECURITY",
                                        "IRP_MJ_SET_SECURITY",
                                        "IRP_MJ_POWER",
                                        "IRP_MJ_SYSTEM_CONTROL",
                                        "IRP_MJ_DEVICE_CHANGE",
                                        "IRP_MJ_QUERY_QUOTA",
                                        "IRP_MJ_SET_QUOTA",
                                        "IRP_MJ_PNP"};

    return major < sizeof(names) / sizeof(names[0]) ? names[major] : "unknown major function";
}

static const struct {
    uint32_t status;
    const char *name, *text;
} statuses[] = {
    {0x00000000, "STATUS_SUCCESS", NULL},
    {0x00000102, "STATUS_TIMEOUT", NULL},
    {0x00000103, "STATUS_PENDING", NULL},
    {0x00000104, "STATUS_REPARSE", NULL},
    {0x80000001, "STATUS_GUARD_PAGE_VIOLATION", "touched a guard page"},
    {0x80000002, "STATUS_DATATYPE_MISALIGNMENT", "passed a misaligned pointer"},
    {0x80000003, "STATUS_BREAKPOINT", "hit a breakpoint, and no debugger is attached (--kd)"},
    {0x80000004, "STATUS_SINGLE_STEP", "single-stepped"},
    {0x80000005, "STATUS_BUFFER_OVERFLOW", NULL},
    {0x8000001A, "STATUS_NO_MORE_ENTRIES", NULL},
    {0xC0000001, "STATUS_UNSUCCESSFUL", NULL},
    {0xC0000002, "STATUS_NOT_IMPLEMENTED", NULL},
    {0xC0000003, "STATUS_INVALID_INFO_CLASS", NULL},
    {0xC0000004, "STATUS_INFO_LENGTH_MISMATCH", NULL},
    {0xC0000005, "STATUS_ACCESS_VIOLATION", "made an access violation"},
    {0xC0000006, "STATUS_IN_PAGE_ERROR", "touched a page that could not be read in"},
    {0xC0000008, "STATUS_INVALID_HANDLE", "used an invalid handle"},
    {0xC000000D, "STATUS_INVALID_PARAMETER", NULL},
    {0xC000000E, "STATUS_NO_SUCH_DEVICE", NULL},
    {0xC000000F, "STATUS_NO_SUCH_FILE", NULL},
    {0xC0000010, "STATUS_INVALID_DEVICE_REQUEST", NULL},
    {0xC0000011, "STATUS_END_OF_FILE", NULL},
    {0xC0000017, "STATUS_NO_MEMORY", NULL},
    {0xC000001C, "STATUS_INVALID_SYSTEM_SERVICE", NULL},
    {0xC000001D, "STATUS_ILLEGAL_INSTRUCTION", "executed an invalid instruction"},
    {0xC0000022, "STATUS_ACCESS_DENIED", NULL},
    {0xC0000023, "STATUS_BUFFER_TOO_SMALL", NULL},
    {0xC0000024, "STATUS_OBJECT_TYPE_MISMATCH", NULL},
    {0xC0000025, "STATUS_NONCONTINUABLE_EXCEPTION",
     "continued an exception that cannot be continued"},
    {0xC0000033, "STATUS_OBJECT_NAME_INVALID", NULL},
    {0xC0000034, "STATUS_OBJECT_NAME_NOT_FOUND", NULL},
    {0xC0000035, "STATUS_OBJECT_NAME_COLLISION", NULL},
    {0xC000003A, "STATUS_OBJECT_PATH_NOT_FOUND", NULL},
    {0xC0000043, "STATUS_SHARING_VIOLATION", NULL},
    {0xC000004B, "STATUS_THREAD_IS_TERMINATING", NULL},
    {0xC000007B, "STATUS_INVALID_IMAGE_FORMAT", NULL},
    {0xC000008E, "STATUS_FLOAT_DIVIDE_BY_ZERO", "divided a floating-point number by zero"},
    {0xC0000094, "STATUS_INTEGER_DIVIDE_BY_ZERO", "divided by zero"},
    {0xC0000095, "STATUS_INTEGER_OVERFLOW", "overflowed a division"},
    {0xC0000096, "STATUS_PRIVILEGED_INSTRUCTION", "executed a privileged instruction"},
    {0xC000009A, "STATUS_INSUFFICIENT_RESOURCES", NULL},
    {0xC00000B5, "STATUS_IO_TIMEOUT", NULL},
    {0xC00000BB, "STATUS_NOT_SUPPORTED", NULL},
    {0xC00000E5, "STATUS_INTERNAL_ERROR", NULL},
    {0xC00000FD, "STATUS_STACK_OVERFLOW", "used up its stack"},
    {0xC0000120, "STATUS_CANCELLED", NULL},
    {0xC0000138, "STATUS_ORDINAL_NOT_FOUND", NULL},
    {0xC0000139, "STATUS_ENTRYPOINT_NOT_FOUND", NULL},
    {0xC0000142, "STATUS_DLL_INIT_FAILED", NULL},
    {0xC0000135, "STATUS_DLL_NOT_FOUND", NULL},
    {0xC0000185, "STATUS_IO_DEVICE_ERROR", NULL},
    {0xC0000194, "STATUS_POSSIBLE_DEADLOCK", "may have deadlocked"},
    {0xC0000235, "STATUS_HANDLE_NOT_CLOSABLE", "closed a handle that is protected from close"},
    {0xC0000409, "STATUS_STACK_BUFFER_OVERRUN", "failed a security check (fast fail)"},
    {0xC000026E, "STATUS_VOLUME_DISMOUNTED", NULL},
    {0xC0000420, "STATUS_ASSERTION_FAILURE", "failed an assertion"},
    {0xC0000602, "STATUS_FAIL_FAST_EXCEPTION", "asked to fail fast"},
    {0xE06D7363, "C++ exception", "threw a C++ exception"},
};

const char *
word_status(uint32_t status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status) {
            return statuses[i].name;
        }
    }
    return NULL;
}

const char *
word_status_text(uint32_t status)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status) {
            return statuses[i].text;
        }
    }
    return NULL;
}

const char *
word_reason(uint64_t reason)
{
    static const char *const names[] = {
        "Executive",        "FreePage",          "PageIn",           "PoolAllocation",
        "DelayExecution",   "Suspended",         "UserRequest",      "WrExecutive",
        "WrFreePage",       "WrPageIn",          "WrPoolAllocation", "WrDelayExecution",
        "WrSuspended",      "WrUserRequest",     "WrEventPair",      "WrQueue",
        "WrLpcReceive",     "WrLpcReply",        "WrVirtualMemory",  "WrPageOut",
        "WrRendezvous",     "WrKeyedEvent",      "WrTerminated",     "WrProcessInSwap",
        "WrCpuRateControl", "WrCalloutStack",    "WrKernel",         "WrResource",
        "WrPushLock",       "WrMutex",           "WrQuantumEnd",     "WrDispatchInt",
        "WrPreempted",      "WrYieldExecution",  "WrFastMutex",      "WrGuardedMutex",
        "WrRundown",        "WrAlertByThreadId", "WrDeferredPreempt"};

    return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "?";
}

const char *
word_method(uint64_t code)
{
    static const char *const names[] = {"METHOD_BUFFERED", "METHOD_IN_DIRECT", "METHOD_OUT_DIRECT",
                                        "METHOD_NEITHER"};

    return names[code & 3];
}

const char *
word_access(uint64_t access)
{
    return access & 8 || access == 2 ? "executed" : access & 1 ? "wrote" : "read";
}
