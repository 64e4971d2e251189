/*
 * poolusage.c - which blocks of pool live, read off the pools themselves: nothing is counted while they are used.
 *
 * A page of an arena begins a run, or holds small blocks behind each other (P2, P3 of pool.c). No schedule point is passed.
 */
#include "expool.h"
#include "exp.h"
#include "owned.h"

typedef struct _EXP_VISIT {
    PEXP_POOL_VISITOR Visit;
    PVOID Context;
} EXP_VISIT;

static VOID
ExpVisitRun(const EXP_VISIT *To, PEXP_RUN Run, ULONG_PTR Address)
{
    EXP_BLOCK Block = {(PVOID)Address,
                       Run->Bytes,
                       Run->Tag,
                       Run->Kind == ExpKindPaged,
                       Run->Flags >> EXP_OWNER_SHIFT,
                       Run->Process};

    if (Run->State == EXP_ALLOCATED) {
        To->Visit(To->Context, &Block);
    }
}

static VOID
ExpVisitPage(const EXP_VISIT *To, ULONG_PTR Page)
{
    PEXP_HEADER Header = (PEXP_HEADER)Page, End = (PEXP_HEADER)(Page + PAGE_SIZE);

    while (Header < End && Header->Check == EXP_CHECK(Header) && Header->Units != 0 &&
           Header->State != EXP_END) {
        PVOID *Behind = (PVOID *)((PUCHAR)Header + Header->Units * EXP_UNIT);
        EXP_BLOCK Block = {Header + 1,
                           Header->Bytes,
                           Header->Tag,
                           Header->Kind == ExpKindPaged,
                           Header->Flags >> EXP_OWNER_SHIFT,
                           Header->Flags & EXP_QUOTA ? Behind[-1] : NULL};

        if (Header->State == EXP_ALLOCATED) {
            To->Visit(To->Context, &Block);
        }
        Header += Header->Units;
    }
}

static VOID
ExpVisitArena(const EXP_VISIT *To, ULONG_PTR Arena, ULONG_PTR First, ULONG_PTR End)
{
    SIZE_T Pages;

    for (ULONG_PTR At = First; At < End && ExpIsUsed(Arena, NULL, (PVOID)At);
         At += Pages * PAGE_SIZE) {
        PEXP_RUN Run = ExpRunOf(Arena, (PVOID)At);

        Pages = 1;
        if (Run->State != 0) {
            Pages = (Run->Bytes + PAGE_SIZE - 1) / PAGE_SIZE;
            ExpVisitRun(To, Run, At);
        } else {
            ExpVisitPage(To, At);
        }
    }
}

static VOID
ExpVisitCell(const EXP_VISIT *To, EXP_CELL *Cell)
{
    ULONG_PTR Start = ExpCellAddress(Cell);

    if (Cell->Use == 1) {
        ExpVisitRun(To, &Cell->Run, Start);
    }
    for (ULONG_PTR At = Start; Cell->Use == 2 && At < Start + EXP_CELL_SIZE; At += PAGE_SIZE) {
        if (!ExpIsUsed(0, Cell, (PVOID)At)) {
            break;
        }
        ExpVisitPage(To, At);
    }
}

VOID
ExpVisitPool(PEXP_POOL_VISITOR Visit, PVOID Context)
{
    EXP_VISIT To = {Visit, Context};

    for (ULONG Slot = 0; Slot < ABI_ARENAS; Slot++) {
        ULONG_PTR Nonpaged = ABI_NONPAGED_BASE + (ULONG64)Slot * ABI_ARENA_SIZE;
        ULONG_PTR Paged = ABI_PAGED_BASE + (ULONG64)Slot * ABI_ARENA_SIZE;

        if ((ExpArenaOpen[0][Slot / 64] | ExpArenaOpen[1][Slot / 64]) == 0) {
            Slot |= 63;
            continue;
        }
        if (ExpHomeArena((PVOID)Nonpaged) != 0) {
            ExpVisitArena(&To, Nonpaged, Nonpaged + EXP_ARENA_HEAD, Nonpaged + EXP_NX_OFFSET);
            ExpVisitArena(&To, Nonpaged, Nonpaged + EXP_NX_OFFSET + EXP_ARENA_HEAD,
                          Nonpaged + ABI_ARENA_SIZE - EXP_RUN_TABLE);
        }
        if (ExpHomeArena((PVOID)Paged) != 0) {
            ExpVisitArena(&To, Paged, Paged + EXP_ARENA_HEAD,
                          Paged + ABI_ARENA_SIZE - EXP_RUN_TABLE);
        }
    }
    for (ULONG i = 0; i < EXP_CELLS; i++) {
        ExpVisitCell(&To, &ExpCell[i]);
    }
}
