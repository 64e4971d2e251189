/*
 * owned.h - for poolapi.c and poolfree.c: whose a block is.
 */
#ifndef NT_EX_OWNED_H
#define NT_EX_OWNED_H

#include "nt/inc/ke.h"

#define EXP_OWNER_SHIFT                                                                            \
    2 /* of EXP_HEADER.Flags and EXP_RUN.Flags: behind EXP_QUOTA and EXP_IN_QUARANTINE */
#define EXP_OWNERS     64
#define EXP_OWNED_BITS 10

typedef struct _EXP_OWNED {
    ULONG Tag;
    ULONG Count;
    SIZE_T Bytes;
    UCHAR Owner; /* 0: free */
} EXP_OWNED;

UCHAR ExpOwnerOfCaller(const VOID *Caller);
VOID ExpOwn(PVOID Block, UCHAR Owner, ULONG Tag, SIZE_T Bytes);
VOID ExpDisown(UCHAR Flags, ULONG Tag, SIZE_T Bytes);

extern UCHAR ExpOwnerOf[ABI_IMAGE_WINDOWS];
extern ULONG64 ExpOwnersUsed;
extern ULONG ExpOwnerBlocks[EXP_OWNERS];
extern EXP_OWNED ExpOwned[1 << EXP_OWNED_BITS];

#endif
