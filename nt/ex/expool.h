/*
 * expool.h - how a pool block, a page of pool and an agent's arena look. For pool.c and poolapi.c.
 */
#ifndef NT_EX_EXPOOL_H
#define NT_EX_EXPOOL_H

#include "nt/inc/ke.h"
#include "nt/inc/ex.h"

/* The kinds of memory that pool is made of. */
typedef enum _EXP_KIND_ID {
    ExpKindExecutable = 0, /* nonpaged, may be executed */
    ExpKindNx = 1,         /* nonpaged, no execute */
    ExpKindPaged = 2,
    ExpKinds = 3,
} EXP_KIND_ID;

/* EXP_HEADER.State */
#define EXP_ALLOCATED 0x41
#define EXP_FREE      0x46 /* on a free list or in quarantine */
#define EXP_END       0x45 /* nothing cut behind this yet */
#define EXP_ALIGNED   0x4C /* stands before an aligned payload; the real header is Units before it */

/* EXP_HEADER.Flags */
#define EXP_QUOTA         0x01 /* the process charged stands in the block's last 8 bytes */
#define EXP_IN_QUARANTINE 0x02

/* 16 bytes before each block of less than a page. */
typedef struct _EXP_HEADER {
    USHORT Bytes; /* asked for */
    USHORT Units; /* whole block, header included, in 16 bytes */
    ULONG Tag;    /* where Windows's header has it: drivers and debuggers look */
    UCHAR State;
    UCHAR Kind;
    UCHAR Flags;
    UCHAR Type; /* POOL_TYPE, low byte */
    ULONG Check;
} EXP_HEADER, *PEXP_HEADER;
C_ASSERT(sizeof(EXP_HEADER) == 16);

#define EXP_MAGIC 0x1D0FE77Au
#define EXP_CHECK(Header)                                                                          \
    (EXP_MAGIC ^ ((ULONG)(Header)->Units * 0x01000193u) ^ ((Header)->State << 8))

/* A free block's first 16 bytes: the next one and its complement, so that a write to freed memory shows. */
typedef struct _EXP_LINK {
    struct _EXP_LINK *Next;
    ULONG64 Complement;
} EXP_LINK, *PEXP_LINK;

/* A run of pages; lies in the table at the end of its arena. */
typedef struct _EXP_RUN {
    ULONG Tag;
    UCHAR State;
    UCHAR Kind;
    UCHAR Flags;
    UCHAR Type;
    SIZE_T Bytes;
    PVOID Process;  /* charged */
    ULONG_PTR Next; /* free: the next free run of that length */
} EXP_RUN, *PEXP_RUN;
C_ASSERT(sizeof(EXP_RUN) == 32);

#define EXP_UNIT        16
#define EXP_SMALL_LIMIT (PAGE_SIZE - sizeof(EXP_HEADER)) /* the largest block that shares a page */
#define EXP_CLASSES     (PAGE_SIZE / EXP_UNIT + 1)
#define EXP_RUN_CLASSES 65 /* runs of up to 64 pages are kept by length */
#define EXP_QUARANTINE  32 /* blocks ... */
#define EXP_QUARANTINE_BYTES                                                                       \
    0x4000 /* ... and bytes that an agent keeps back before it uses them again */
#define EXP_COMMIT_STEP  0x10000ull
#define EXP_RECLAIM_STEP 0x200000ull /* fresh memory after which an agent asks its blocks back */

#define EXP_FRESH  0xA5A5A5A5A5A5A5A5ull /* never allocated */
#define EXP_POISON 0xFEEEFEEEFEEEFEEEull /* freed: not a canonical address */

/* One agent's memory of one kind. */
typedef struct _EXP_KIND {
    ULONG_PTR Next; /* bump: the next block in the page */
    ULONG_PTR PageEnd;
    ULONG_PTR FreshPage; /* the next page never used */
    ULONG_PTR Committed;
    ULONG_PTR Limit;
    ULONG_PTR Reclaimed; /* FreshPage when the blocks freed elsewhere were last fetched */
    PEXP_LINK Free[EXP_CLASSES];
    ULONG_PTR FreeRun[EXP_RUN_CLASSES];
    PEXP_HEADER Ring[EXP_QUARANTINE];
    ULONG RingHead;
    ULONG RingCount;
    ULONG RingBytes;
} EXP_KIND, *PEXP_KIND;

#define EXP_ARENA_HEAD 0x3000ull
C_ASSERT(sizeof(EXP_KIND) <= EXP_ARENA_HEAD);
#define EXP_RUN_TABLE (ABI_ARENA_SIZE / PAGE_SIZE * sizeof(EXP_RUN)) /* at the arena's end */
#define EXP_NX_OFFSET (ABI_ARENA_SIZE / 2)

/*
 * Cells: regions of 1 GiB at the upper end of the mapping range, for what an arena cannot hold. A cell
 * holds one block of pages, or small blocks when an arena is full.
 */
#define EXP_CELL_BASE (ABI_MAPPING_END - EXP_CELLS * EXP_CELL_SIZE)
#define EXP_CELL_SIZE 0x40000000ull
#define EXP_CELLS     1024
typedef struct _EXP_CELL {
    UCHAR Use; /* 0 free, 1 one block, 2 small blocks */
    UCHAR Freed;
    EXP_RUN Run;
    ULONG_PTR End; /* committed */
} EXP_CELL;

#define HEADER_OF(Block)   ((PEXP_HEADER)(Block) - 1)
#define PAYLOAD_OF(Header) ((PVOID)((PEXP_HEADER)(Header) + 1))

/* pool.c, for poolfree.c */
PEXP_KIND ExpOpenArena(PKAGENT Agent, BOOLEAN Paged);
VOID ExpFill(PVOID Address, SIZE_T Bytes, ULONG64 Pattern);
EXP_CELL *ExpCellOf(const VOID *Address);
ULONG_PTR ExpCellAddress(EXP_CELL *Cell);
PEXP_RUN ExpRunOf(ULONG_PTR Arena, const VOID *Address);
BOOLEAN ExpIsUsed(ULONG_PTR Arena, EXP_CELL *Cell, const VOID *Address);

extern ULONG64 ExpArenaOpen[2][ABI_ARENAS / 64]; /* by slot: nonpaged, paged */
extern EXP_CELL ExpCell[EXP_CELLS];
extern SIZE_T ExpPoolBytes[2]; /* live, nonpaged and paged */
extern BOOLEAN ExpPoolsReady;

/* Each block that is allocated or freed comes through these. */
KI_INLINE PEXP_KIND
ExpKindOf(PKAGENT Agent, EXP_KIND_ID Id)
{
    PEXP_KIND Kind = Agent->PoolArena[Id == ExpKindPaged];

    if (Kind == NULL) {
        Kind = ExpOpenArena(Agent, Id == ExpKindPaged);
    }
    return Id == ExpKindNx ? (PEXP_KIND)((PUCHAR)Kind + EXP_NX_OFFSET) : Kind;
}

/* The arena that holds an address: its base, 0 if no open arena does. */
KI_INLINE ULONG_PTR
ExpHomeArena(const VOID *Address)
{
    ULONG_PTR a = (ULONG_PTR)Address;
    BOOLEAN Paged = a >= ABI_PAGED_BASE;
    ULONG_PTR Start = Paged ? ABI_PAGED_BASE : ABI_NONPAGED_BASE;
    ULONG64 Slot;

    if (a < Start || (Slot = (a - Start) / ABI_ARENA_SIZE) >= ABI_ARENAS ||
        !(ExpArenaOpen[Paged][Slot / 64] & 1ull << (Slot % 64))) {
        return 0;
    }
    return Start + Slot * ABI_ARENA_SIZE;
}

KI_INLINE VOID
ExpSetHeader(PEXP_HEADER Header, EXP_KIND_ID Id, ULONG Units, UCHAR State)
{
    Header->Units = (USHORT)Units;
    Header->State = State;
    Header->Kind = (UCHAR)Id;
    Header->Check = EXP_CHECK(Header);
}

KI_INLINE VOID
ExpPushFree(PEXP_KIND Kind, PEXP_HEADER Header)
{
    PEXP_LINK Link = PAYLOAD_OF(Header);

    Header->Flags = 0;
    Link->Next = Kind->Free[Header->Units];
    Link->Complement = ~(ULONG64)Link->Next;
    Kind->Free[Header->Units] = Link;
}

#define EXP_POOL_TOTAL 0x100000000ull /* what one pool may hold */

PVOID ExpAllocateBlock(EXP_KIND_ID Kind, SIZE_T Bytes, ULONG Tag, ULONG Type, PVOID Process,
                       BOOLEAN CacheAligned);
VOID ExpFreeBlock(PVOID Block, ULONG Tag, BOOLEAN CheckTag);

/* failing.c */
#define EXP_FAILING_STACKS 2048
typedef struct _EXP_FAILING {
    ULONG Target; /* 0: none fails */
    ULONG Count;
    ULONG64 Stack[EXP_FAILING_STACKS];
    struct {            /* F3 */
        ULONG64 Within; /* an address of the routine; 0: none is watched */
        ULONG64 Return;
    } Watched[2];
} EXP_FAILING;
extern EXP_FAILING ExpFailing;
BOOLEAN ExpKernelFails(const VOID *Caller);

#endif
