/*
 * trace.h - records of the event stream, 64 bytes each, in the ring of the machine page.
 *
 * A record says what was about to happen (a schedule point) or what did (an event). The operation
 * and its objects are what the explorer's dependence relation is made of, so each schedule point
 * names every object that the step reads or writes.
 */
#ifndef ABI_TRACE_H
#define ABI_TRACE_H

#include <stdint.h>

enum abi_access { ABI_READ = 1, ABI_WRITE = 2 };

struct abi_record {
    uint16_t kind;   /* enum abi_event */
    uint8_t cpu;     /* processor */
    uint8_t irql;    /* before the operation */
    uint32_t agent;  /* name of the acting agent (hash of its creator's name and a count) */
    uint64_t object; /* the object that the operation touches first */
    uint64_t caller; /* return address in the code that asked */
    uint64_t arg[4]; /* by kind */
    uint64_t time_100ns;
};

/* arg 0 of a schedule point that is recorded (nt/ke/record.c): the number of the choice from 1, and how it was made. */
enum abi_step {
    ABI_STEP_NUMBER = 0xFFFFFFFF,
    ABI_STEP_FREE = 1 << 0, /* << 32: others could have stepped, and who stepped last could not */
    ABI_STEP_PREEMPTS = 1 << 1 /* << 32: who stepped last could have gone on */
};
#define ABI_STEP_SHIFT 32
/* arg 3 */
enum abi_step_flags {
    ABI_STEP_BLOCKS = 1,    /* it has to wait */
    ABI_STEP_TIMES_OUT = 2, /* it goes on only because its time-out passes */
    /* bits 16..31: objects of a wait */
};

/* Schedule points are 1..; plain events are 0x100 and up. The lists may grow at their ends only. */
enum abi_event {
    SP_NONE = 0,
    SP_SYSTEM_SERVICE, /* object: service number */
    SP_WAIT,           /* object: first object waited for */
    SP_SET_EVENT,
    SP_RESET_EVENT,
    SP_PULSE_EVENT,
    SP_RELEASE_SEMAPHORE,
    SP_RELEASE_MUTANT,
    SP_SET_TIMER,
    SP_CANCEL_TIMER,
    SP_READ_STATE,
    SP_QUEUE_DPC,
    SP_REMOVE_DPC,
    SP_QUEUE_APC,
    SP_INSERT_QUEUE,
    SP_REMOVE_QUEUE,
    SP_ACQUIRE_SPINLOCK,
    SP_RELEASE_SPINLOCK,
    SP_ACQUIRE_LOCK, /* fast mutex, push lock, resource, rundown ... */
    SP_RELEASE_LOCK,
    SP_INTERLOCKED,
    SP_CREATE_THREAD,
    SP_EXIT_THREAD,
    SP_SET_PRIORITY,
    SP_SUSPEND,
    SP_RESUME,
    SP_YIELD, /* pause, Sleep(0), a spinning processor */
    SP_QUERY_TIME,
    SP_DELAY,
    SP_IRP_CALL,
    SP_IRP_COMPLETE,
    SP_IRP_CANCEL,
    SP_OBJECT,
    SP_HANDLE,
    SP_REGISTRY,
    SP_POOL,
    SP_ENTER_REGION,
    SP_LEAVE_REGION,
    SP_DRIVER_LOAD,
    SP_DRIVER_UNLOAD,
    SP_MEMORY_READ, /* plain accesses of instrumented code; object: the address */
    SP_MEMORY_WRITE,
    SP_REFERENCE, /* of an object: counted up, or down but not to 0 */
    SP_LOOKUP,    /* of a handle */
    SP_ATOMIC,    /* an instruction with `lock`, or xchg; object: the address */
    SP_ACQUIRE_SHARED,
    SP_RELEASE_SHARED,
    SP_TRY_LOCK, /* an attempt that never waits */
    SP_TRY_SHARED,
    SP_DELIVER_APC, /* object: the thread */
    SP_RUN_DPC,     /* object: the DPC */
    SP_FIRE_TIMER,  /* object: the timer */
    SP_POOL_FREE,   /* object: the block */
    SP_TERMINATE,   /* object: the process */
    SP_CLAIM_LOCK, /* in front of SP_ACQUIRE_LOCK, of one that can be shared: keeps new sharers out */
    SP_LAST,

    EV_BOOT = 0x100,
    EV_IMAGE_LOAD, /* object: base */
    EV_IMAGE_UNLOAD,
    EV_PROCESS_CREATE, /* object: process */
    EV_PROCESS_EXIT,
    EV_THREAD_CREATE,
    EV_THREAD_EXIT,
    EV_SWITCH, /* object: new thread */
    EV_DRIVER_CALL, /* object: device object; arg 0 major << 8 | minor, 1 IRP, 2 control code, 3 dispatch routine */
    EV_DRIVER_RETURN, /* object: device object; arg 0 status, 1 IRP */
    EV_IRP_COMPLETE,  /* object: IRP; arg 0 status, 1 information */
    EV_COPY,          /* I/O manager copied: object: IRP; arg 0 bytes, 1: 0 in, 1 out */
    EV_POOL_ALLOC,    /* object: block; arg 0 bytes, 1 tag, 2 pool type */
    EV_POOL_FREE,
    EV_PAGES_LOCK, /* object: MDL; arg 0 pages */
    EV_PAGES_UNLOCK,
    EV_PAGES_MAP,
    EV_DPC_RUN,
    EV_APC_RUN,
    EV_EXCEPTION, /* object: address; arg 0 code */
    EV_BUGCHECK,
    EV_SUSPENDED, /* by the environment, as EV_RESUMED; object: the thread, which is the agent too */
    EV_RESUMED,
    EV_LAST,
};

#endif
