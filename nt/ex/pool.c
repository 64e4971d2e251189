/*
 * pool.c - the memory of the pools: which block an agent gets. poolfree.c: what becomes of a freed one.
 *
 * Each agent cuts its blocks from arenas of its own and puts what it frees on lists of its own,
 * whoever had allocated it:
 *
 *   P1  Which block an agent gets follows from that agent's own calls alone. The exception is an agent
 *       that has used EXP_RECLAIM_STEP of fresh memory, while others hold free blocks of its arena: it
 *       takes them back (a producer whose consumer frees would otherwise grow for ever).
 *   P2  A block of less than a page lies within a page behind a 16-byte header, and is never aligned to
 *       a page; a larger one begins on a page, and its description lies in the arena's run table. So a
 *       pointer's low bits say where its description is.
 *   P3  Behind the last block that was cut from a page stands an EXP_END header: a block is always
 *       followed by a sound header or by the page's end. An overrun shows when the block is freed.
 *   P4  A freed block is filled with EXP_POISON and rests in the quarantine ring of who freed it; then
 *       its first 16 bytes become a list link that carries its own complement.
 *   P5  No schedule point is passed here: nobody sees a list half changed.
 *
 * Facts: ExAllocatePoolWithTag (alignment, page rule), bug checks 0xC2 and 0x19 for the sub-codes.
 */
#include "expool.h"

typedef ULONG64 EXP_TWO_WORDS __attribute__((vector_size(16)));

/* Address is a multiple of 16. */
VOID
ExpFill(PVOID Address, SIZE_T Bytes, ULONG64 Pattern)
{
    EXP_TWO_WORDS *To = Address, Two = {Pattern, Pattern};

    for (; Bytes >= 4 * sizeof(Two); Bytes -= 4 * sizeof(Two), To += 4) {
        To[0] = To[1] = To[2] = To[3] = Two;
    }
    for (; Bytes >= sizeof(Two); Bytes -= sizeof(Two)) {
        *To++ = Two;
    }
    if (Bytes != 0) {
        *(PULONG64)To = Pattern;
    }
}

static ULONG_PTR
ExpArenaBase(ULONG Slot, BOOLEAN Paged)
{
    return (Paged ? ABI_PAGED_BASE : ABI_NONPAGED_BASE) + (ULONG64)Slot * ABI_ARENA_SIZE;
}

/* Executable memory differs from the rest in its pages. */
static ULONG
ExpProtection(EXP_KIND_ID Kind)
{
    return ABI_PROT_READ | ABI_PROT_WRITE | (Kind == ExpKindExecutable ? ABI_PROT_EXECUTE : 0);
}

static void
ExpStartKind(PEXP_KIND Kind, ULONG_PTR Base, ULONG_PTR Limit)
{
    Kind->FreshPage = Base + EXP_ARENA_HEAD;
    Kind->Committed = Base + EXP_COMMIT_STEP;
    Kind->Limit = Limit;
    Kind->Reclaimed = Kind->FreshPage;
}

PEXP_KIND
ExpOpenArena(PKAGENT Agent, BOOLEAN Paged)
{
    ULONG_PTR Base = ExpArenaBase(Agent->Slot, Paged);
    PULONG64 Open = &ExpArenaOpen[Paged][Agent->Slot / 64];

    if (!(*Open & 1ull << (Agent->Slot % 64))) {
        *Open |= 1ull << (Agent->Slot % 64);
        HcCommit(Base, EXP_COMMIT_STEP, ExpProtection(Paged ? ExpKindPaged : ExpKindExecutable));
        ExpStartKind((PEXP_KIND)Base, Base,
                     Paged ? Base + ABI_ARENA_SIZE - EXP_RUN_TABLE : Base + EXP_NX_OFFSET);
        if (!Paged) {
            HcCommit(Base + EXP_NX_OFFSET, EXP_COMMIT_STEP, ExpProtection(ExpKindNx));
            ExpStartKind((PEXP_KIND)(Base + EXP_NX_OFFSET), Base + EXP_NX_OFFSET,
                         Base + ABI_ARENA_SIZE - EXP_RUN_TABLE);
        }
        HcCommit(Base + ABI_ARENA_SIZE - EXP_RUN_TABLE, EXP_RUN_TABLE,
                 ABI_PROT_READ | ABI_PROT_WRITE);
    }
    Agent->PoolArena[Paged] = (PVOID)Base;
    return (PEXP_KIND)Base;
}

EXP_CELL *
ExpCellOf(const VOID *Address)
{
    ULONG_PTR a = (ULONG_PTR)Address;

    if (a < EXP_CELL_BASE || a >= ABI_MAPPING_END) {
        return NULL;
    }
    return &ExpCell[(a - EXP_CELL_BASE) / EXP_CELL_SIZE];
}

ULONG_PTR
ExpCellAddress(EXP_CELL *Cell)
{
    return EXP_CELL_BASE + (Cell - ExpCell) * EXP_CELL_SIZE;
}

/* An unused cell, looked for from a place that follows from the agent's name. */
static EXP_CELL *
ExpTakeCell(PKAGENT Agent)
{
    ULONG Start = (Agent->Name * 0x9E3779B1u + Agent->Objects++ * 0x85EBCA77u) >> 22;

    for (ULONG i = 0; i < EXP_CELLS; i++) {
        EXP_CELL *Cell = &ExpCell[(Start + i) % EXP_CELLS];

        if (Cell->Use == 0) {
            return Cell;
        }
    }
    return NULL;
}

/* Is the page one that small blocks or runs were cut from? Reading it is safe then. */
BOOLEAN
ExpIsUsed(ULONG_PTR Arena, EXP_CELL *Cell, const VOID *Address)
{
    ULONG_PTR a = (ULONG_PTR)Address;
    ULONG_PTR Start;
    PEXP_KIND Kind;

    if (Cell != NULL) {
        if (Cell->Use != 2) {
            return Cell->Use == 1 && a < Cell->End;
        }
        Kind = Cell->Run.Process;
        Start = ExpCellAddress(Cell);
    } else {
        Start =
            Arena < ABI_PAGED_BASE && a >= Arena + EXP_NX_OFFSET ? Arena + EXP_NX_OFFSET : Arena;
        Kind = (PEXP_KIND)Start;
        if (a < Start + EXP_ARENA_HEAD || a >= Arena + ABI_ARENA_SIZE - EXP_RUN_TABLE) {
            return FALSE;
        }
    }
    /* Once the bump has left for another region, this one is full. */
    return Kind->FreshPage < Start || Kind->FreshPage > Kind->Limit || Kind->Limit < a ||
           a < Kind->FreshPage;
}

/* The description of the run that begins at an address of an arena. */
PEXP_RUN
ExpRunOf(ULONG_PTR Arena, const VOID *Address)
{
    return (PEXP_RUN)(Arena + ABI_ARENA_SIZE - EXP_RUN_TABLE) +
           ((ULONG_PTR)Address - Arena) / PAGE_SIZE;
}

static void
ExpReclaimRuns(PEXP_KIND Kind, PEXP_KIND Other, ULONG_PTR Arena)
{
    for (ULONG Pages = 1; Pages < EXP_RUN_CLASSES; Pages++) {
        ULONG_PTR Keep = 0, Next;

        for (ULONG_PTR At = Other->FreeRun[Pages]; At != 0; At = Next) {
            PEXP_RUN Run = ExpRunOf(ExpHomeArena((PVOID)At), (PVOID)At);
            ULONG_PTR *List = At - Arena < ABI_ARENA_SIZE ? &Kind->FreeRun[Pages] : &Keep;

            Next = Run->Next;
            Run->Next = *List;
            *List = At;
        }
        Other->FreeRun[Pages] = Keep;
    }
}

/*
 * Takes back the free blocks of this arena that other agents hold (P1).
 */
static void
ExpReclaim(PEXP_KIND Kind, EXP_KIND_ID Id)
{
    ULONG_PTR Arena = (ULONG_PTR)Kind & ~(ABI_ARENA_SIZE - 1);
    BOOLEAN Paged = Id == ExpKindPaged;

    Kind->Reclaimed = Kind->FreshPage;
    for (ULONG Word = 0; Word < ABI_ARENAS / 64; Word++) {
        for (ULONG64 Bits = ExpArenaOpen[Paged][Word]; Bits != 0; Bits &= Bits - 1) {
            ULONG Slot = Word * 64 + (ULONG)__builtin_ctzll(Bits);
            PEXP_KIND Other =
                (PEXP_KIND)(ExpArenaBase(Slot, Paged) + (Id == ExpKindNx ? EXP_NX_OFFSET : 0));

            if (Other == Kind) {
                continue;
            }
            ExpReclaimRuns(Kind, Other, Arena);
            for (ULONG Units = 2; Units < EXP_CLASSES; Units++) {
                PEXP_LINK Keep = NULL, *KeepTail = &Keep, Next;

                for (PEXP_LINK Link = Other->Free[Units]; Link != NULL; Link = Next) {
                    Next = Link->Next;
                    if ((ULONG_PTR)Link - Arena < ABI_ARENA_SIZE) {
                        Link->Next = Kind->Free[Units];
                        Link->Complement = ~(ULONG64)Link->Next;
                        Kind->Free[Units] = Link;
                    } else {
                        *KeepTail = Link;
                        KeepTail = &Link->Next;
                    }
                }
                *KeepTail = NULL;
                Other->Free[Units] = Keep;
                for (PEXP_LINK Link = Keep; Link != NULL; Link = Link->Next) {
                    Link->Complement = ~(ULONG64)Link->Next;
                }
            }
        }
    }
}

/* Fresh pages of the arena, committed; 0 when it is full. */
static ULONG_PTR
ExpFreshPages(PEXP_KIND Kind, EXP_KIND_ID Id, ULONG Pages)
{
    ULONG_PTR Start = Kind->FreshPage;
    ULONG_PTR End = Start + (ULONG_PTR)Pages * PAGE_SIZE;

    if (End > Kind->Limit) {
        return 0;
    }
    if (End > Kind->Committed) {
        ULONG_PTR To = min((End + EXP_COMMIT_STEP - 1) & ~(EXP_COMMIT_STEP - 1), Kind->Limit);

        HcCommit(Kind->Committed, To - Kind->Committed, ExpProtection(Id));
        Kind->Committed = To;
    }
    Kind->FreshPage = End;
    return Start;
}

/* Cuts a block from the agent's page, or from a new one. NULL: no memory. */
static PEXP_HEADER
ExpCut(PEXP_KIND Kind, EXP_KIND_ID Id, PKAGENT Agent, ULONG Units)
{
    ULONG Bytes = Units * EXP_UNIT;
    PEXP_HEADER Header;

    if (Kind->Next + Bytes > Kind->PageEnd) {
        ULONG_PTR Page;

        if (Kind->Next < Kind->PageEnd) {
            ULONG Left = (ULONG)(Kind->PageEnd - Kind->Next) / EXP_UNIT;

            Header = (PEXP_HEADER)Kind->Next;
            ExpSetHeader(Header, Id, Left, Left > 1 ? EXP_FREE : EXP_END);
            if (Left > 1) {
                ExpPushFree(Kind, Header);
            }
            Kind->Next = Kind->PageEnd;
        }
        if (Kind->FreshPage - Kind->Reclaimed >= EXP_RECLAIM_STEP ||
            Kind->FreshPage == Kind->Limit) {
            ExpReclaim(Kind, Id);
            if (Kind->Free[Units] != NULL) {
                return NULL; /* try the list again */
            }
        }
        Page = ExpFreshPages(Kind, Id, 1);
        if (Page == 0) {
            EXP_CELL *Cell = ExpTakeCell(Agent);

            if (Cell == NULL) {
                return NULL;
            }
            Cell->Use = 2;
            Cell->Run.Process = Kind;
            Kind->FreshPage = Kind->Committed = Kind->Reclaimed = ExpCellAddress(Cell);
            Kind->Limit = Kind->FreshPage + EXP_CELL_SIZE;
            Page = ExpFreshPages(Kind, Id, 1);
        }
        ExpFill((PVOID)Page, PAGE_SIZE, EXP_FRESH);
        Kind->Next = Page;
        Kind->PageEnd = Page + PAGE_SIZE;
    }
    Header = (PEXP_HEADER)Kind->Next;
    Kind->Next += Bytes;
    if (Kind->Next < Kind->PageEnd) {
        ExpSetHeader((PEXP_HEADER)Kind->Next, Id, 0, EXP_END); /* P3 */
    }
    return Header;
}

static PVOID
ExpAllocateSmall(PEXP_KIND Kind, EXP_KIND_ID Id, PKAGENT Agent, ULONG Bytes, ULONG Tag, ULONG Type)
{
    ULONG Units = (Bytes + sizeof(EXP_HEADER) + EXP_UNIT - 1) / EXP_UNIT;
    PEXP_HEADER Header;
    PEXP_LINK Link;

    if (Units < 2) {
        Units = 2;
    }
    Link = Kind->Free[Units];
    if (Link == NULL) {
        Header = ExpCut(Kind, Id, Agent, Units);
        if (Header == NULL) {
            Link = Kind->Free[Units];
            if (Link == NULL) {
                return NULL;
            }
        }
    }
    if (Link != NULL) {
        Header = HEADER_OF(Link);
        if (Link->Complement != ~(ULONG64)Link->Next || Header->Check != EXP_CHECK(Header) ||
            Header->State != EXP_FREE) {
            KeBugCheckEx(BAD_POOL_HEADER, 3, (ULONG_PTR)Header, (ULONG_PTR)Link->Next,
                         Link->Complement);
        }
        Kind->Free[Units] = Link->Next;
        Link->Next = (PVOID)EXP_POISON;
        Link->Complement = EXP_POISON;
    }
    Header->Tag = Tag;
    Header->Bytes = (USHORT)Bytes;
    Header->Flags = 0;
    Header->Type = (UCHAR)Type;
    ExpSetHeader(Header, Id, Units, EXP_ALLOCATED);
    return PAYLOAD_OF(Header);
}

static PVOID
ExpAllocatePages(PEXP_KIND Kind, EXP_KIND_ID Id, PKAGENT Agent, SIZE_T Bytes, ULONG Tag, ULONG Type,
                 PVOID Process)
{
    SIZE_T Pages = (Bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    ULONG_PTR Address = 0;
    PEXP_RUN Run;

    if (Pages < EXP_RUN_CLASSES) {
        if (Kind->FreeRun[Pages] == 0 && Kind->FreshPage - Kind->Reclaimed >= EXP_RECLAIM_STEP) {
            ExpReclaim(Kind, Id);
        }
        Address = Kind->FreeRun[Pages];
        if (Address != 0) {
            Run = ExpRunOf(ExpHomeArena((PVOID)Address), (PVOID)Address);
            Kind->FreeRun[Pages] = Run->Next;
        } else if (Kind->Limit - ((ULONG_PTR)Kind & ~(ABI_ARENA_SIZE - 1)) <= ABI_ARENA_SIZE) {
            Address = ExpFreshPages(Kind, Id, (ULONG)Pages);
            if (Address != 0) {
                ExpFill((PVOID)Address, Pages * PAGE_SIZE, EXP_FRESH);
            }
        }
    }
    if (Address != 0) {
        Run = ExpRunOf(ExpHomeArena((PVOID)Address), (PVOID)Address);
    } else {
        EXP_CELL *Cell = ExpTakeCell(Agent);

        if (Cell == NULL || Pages * PAGE_SIZE > EXP_CELL_SIZE) {
            return NULL;
        }
        Address = ExpCellAddress(Cell);
        HcCommit(Address, Pages * PAGE_SIZE, ExpProtection(Id));
        Cell->Use = 1;
        Cell->Freed = FALSE;
        Cell->End = Address + Pages * PAGE_SIZE;
        Run = &Cell->Run;
    }
    Run->Tag = Tag;
    Run->State = EXP_ALLOCATED;
    Run->Kind = (UCHAR)Id;
    Run->Flags = 0;
    Run->Type = (UCHAR)Type;
    Run->Bytes = Bytes;
    Run->Process = Process;
    Run->Next = 0;
    return (PVOID)Address;
}

/*
 * A block of pool, or NULL. Process: who is charged, NULL: nobody.
 */
PVOID
ExpAllocateBlock(EXP_KIND_ID Id, SIZE_T Bytes, ULONG Tag, ULONG Type, PVOID Process,
                 BOOLEAN CacheAligned)
{
    PKAGENT Agent = KiAgent();
    PEXP_KIND Kind = ExpKindOf(Agent, Id);
    SIZE_T Whole = Bytes;
    PVOID Block;

    if (Bytes > EXP_CELL_SIZE || ExpPoolBytes[Id == ExpKindPaged] + Bytes > EXP_POOL_TOTAL) {
        return NULL;
    }
    if (CacheAligned && Bytes < PAGE_SIZE) {
        Whole = (Bytes + 0x3F) & ~0x3Full;
        Whole += 0x30;
    }
    if (Process != NULL) {
        Whole = ((Whole + 7) & ~7ull) + 8;
    }
    if (Bytes < PAGE_SIZE && Whole <= EXP_SMALL_LIMIT) {
        PEXP_HEADER Header;

        Block = ExpAllocateSmall(Kind, Id, Agent, (ULONG)Whole, Tag, Type);
        if (Block == NULL) {
            return NULL;
        }
        Header = HEADER_OF(Block);
        Header->Bytes = (USHORT)Bytes;
        if (Process != NULL) {
            Header->Flags |= EXP_QUOTA;
            ((PVOID *)((PUCHAR)Header + Header->Units * EXP_UNIT))[-1] = Process;
        }
        if (CacheAligned && ((ULONG_PTR)Block & 0x3F) != 0) {
            PUCHAR Aligned = (PUCHAR)(((ULONG_PTR)Block + 0x3F) & ~0x3Full);
            PEXP_HEADER Alias = HEADER_OF(Aligned);

            Alias->Tag = Tag;
            Alias->Bytes = (USHORT)Bytes;
            Alias->Flags = 0;
            Alias->Type = (UCHAR)Type;
            ExpSetHeader(Alias, Id, (ULONG)(Alias - Header), EXP_ALIGNED);
            Block = Aligned;
        }
    } else {
        Block = ExpAllocatePages(Kind, Id, Agent, Bytes, Tag, Type, Process);
        if (Block == NULL) {
            return NULL;
        }
    }
    ExpPoolBytes[Id == ExpKindPaged] += Bytes;
    return Block;
}
