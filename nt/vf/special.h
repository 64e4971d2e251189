/*
 * special.h - the blocks of special pool, as the files of nt/vf that look at memory share them.
 */
#ifndef NT_VF_SPECIAL_H
#define NT_VF_SPECIAL_H

#include "vfp.h"

typedef struct _VF_BLOCK {
    ULONG64 Run;   /* pages: the last one is the guard */
    ULONG64 Pages; /* without the guard */
    ULONG64 Start; /* what the driver has */
    SIZE_T Bytes;
    const VOID *Caller, *FreeCaller;
    ULONG Tag;
    BOOLEAN Used, Freed, Out;
    BOOLEAN Request; /* the buffer of a request: the I/O manager has allocated it */
} VF_BLOCK, *PVF_BLOCK;
#define VF_BLOCKS     700
#define VF_QUARANTINE 64
#define VF_REQUESTS   8

extern VF_BLOCK VfBlocks[VF_BLOCKS];
extern ULONG VfBlockHigh, VfBlockFree; /* those used once; a hint where a free one is */
extern ULONG VfQuarantine[VF_QUARANTINE], VfQuarantineNext;
extern ULONG VfRequestsFreed[VF_REQUESTS], VfRequestsNext;
extern VF_SET VfBlockIndex; /* Start: index + 1 */
/* paging.c */
VOID VfBlockIn(PVF_BLOCK Block);
VOID VfBlockBorn(PVF_BLOCK Block);
VOID VfBlockFault(struct abi_trap *Raw, PVF_BLOCK Block, ULONG64 Address, BOOLEAN Write);
extern VF_SET VfMdls, VfStackObjects, VfStackDue;
extern VF_SET VfProcessHandles; /* abuse.c: handles and objects: process id */
extern VF_SET VfPhysicalMemory; /* hardware.c: handles of \Device\PhysicalMemory */

/* user.c: a buffer of user mode that a request's dispatch routine has. */
#define VF_USER_BYTES 0x10000
#define VF_USER_PAGES (VF_USER_BYTES / PAGE_SIZE + 1) /* it may begin within a page */
typedef struct _VF_USER {
    PVF_CALLOUT Callout; /* NULL: free */
    PKTHREAD Thread;
    PEPROCESS Process;
    ULONG64 Start, Bytes;
    UCHAR
    Protection[VF_USER_PAGES]; /* of each page while it is open; 0: it cannot be read anyway */
    BOOLEAN Closed, Probed, Input;
    BOOLEAN Stepping;    /* open for one instruction */
    BOOLEAN Inner;       /* a pointer in another buffer leads to it */
    ULONG64 StepAddress; /* what the instruction writes to; 0: it reads */
    ULONG StepOld[4];    /* and what stood there */
    ULONG64 ProbedTo;    /* the end of what was probed of it */
    ULONG Reads, Steps;
    struct {
        ULONG64 Start, Bytes;
        const VOID *Place;
    } Read[16];
} VF_USER, *PVF_USER;
#define VF_USERS 16
BOOLEAN VfIsWorthWatching(PIO_STACK_LOCATION Stack, ULONG Kind); /* Kind: who asks */
extern VF_USER VfUsers[VF_USERS];
extern VF_SET VfWatchedCodes; /* requests of each kind so far */

/* The upper half of an address of the kernel. */
#define VF_IS_SYSTEM_HALF(Word)                                                                    \
    ((Word) - (ULONG)(ABI_SYSTEM_BASE >> 32) < (ULONG)((ABI_SYSTEM_END - ABI_SYSTEM_BASE) >> 32))
extern VF_SET VfSent; /* memory.c: such addresses that programs have sent */

#define VF_SLACK    0xB5
#define VF_UNINIT   0xA7
#define VF_UNINIT32 0xA7A7A7A7u
#define VF_STACK    0xA9
#define VF_STACK32  0xA9A9A9A9u
#define VF_REACHED  0x10000 /* bytes: members of a structure are not farther from its beginning */

#endif
