/*
 * poolfree.c - freeing pool: the checks that find a driver's mistakes, the quarantine, and who asks what an address was.
 *
 * Invariants P1 to P5: pool.c. Facts: bug checks 0x19 and 0xC2 with their sub-codes.
 */
#include "expool.h"
#include "owned.h"

static void
ExpReturnQuota(PVOID Process, EXP_KIND_ID Id, SIZE_T Bytes, PVOID Block, ULONG Tag)
{
    if (((ULONG_PTR)Process & 0xF) != 0 || !ABI_IS_SYSTEM(Process)) {
        KeBugCheckEx(BAD_POOL_CALLER, 0xD, (ULONG_PTR)Block, Tag, (ULONG_PTR)Process);
    }
    ExpChargeQuota(Process, Id == ExpKindPaged, -(LONG_PTR)Bytes);
    ObDereferenceObject(Process);
}

static void
ExpCheckIrql(EXP_KIND_ID Id, ULONG Type, const VOID *Block)
{
    KIRQL Irql = KiIrql();

    if (Irql > (Id == ExpKindPaged ? APC_LEVEL : DISPATCH_LEVEL)) {
        KeBugCheckEx(BAD_POOL_CALLER, 9, Irql, Type, (ULONG_PTR)Block);
    }
}

static BOOLEAN
ExpTagDiffers(ULONG Allocated, ULONG Given)
{
    return ((Allocated ^ Given) & ~0x80000000u) != 0; /* the top bit marked protected pool */
}

static void
ExpFreePages(PVOID Block, ULONG_PTR Arena, EXP_CELL *Cell, ULONG Tag, BOOLEAN CheckTag)
{
    PEXP_RUN Run = Cell != NULL ? &Cell->Run : ExpRunOf(Arena, Block);
    SIZE_T Pages = (Run->Bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    PEXP_KIND Kind;

    if (Run->State == EXP_FREE) {
        KeBugCheckEx(BAD_POOL_CALLER, 7, 0, Run->Tag, (ULONG_PTR)Block);
    }
    if (Run->State != EXP_ALLOCATED) {
        KeBugCheckEx(BAD_POOL_CALLER, 0x46, (ULONG_PTR)Block, 0, 0);
    }
    if (CheckTag && ExpTagDiffers(Run->Tag, Tag)) {
        KeBugCheckEx(BAD_POOL_CALLER, 0xA, (ULONG_PTR)Block, Run->Tag, Tag);
    }
    ExpCheckIrql(Run->Kind, Run->Type, Block);
    KiTrace(EV_POOL_FREE, Block, Run->Bytes, Run->Tag, Run->Type, 0);
    if (Run->Process != NULL) {
        ExpReturnQuota(Run->Process, Run->Kind, Run->Bytes, Block, Run->Tag);
        Run->Process = NULL;
    }
    if (Run->Flags >> EXP_OWNER_SHIFT != 0) {
        ExpDisown(Run->Flags, Run->Tag, Run->Bytes);
        Run->Flags = 0;
    }
    Run->State = EXP_FREE;
    ExpPoolBytes[Run->Kind == ExpKindPaged] -= Run->Bytes;
    if (Cell != NULL) {
        /* The addresses go, so that a use after free faults; the cell may serve again. */
        HcDecommit(ExpCellAddress(Cell), Cell->End - ExpCellAddress(Cell));
        Cell->Use = 0;
        Cell->Freed = TRUE;
        return;
    }
    Kind = ExpKindOf(KiAgent(), Run->Kind);
    ExpFill(Block, Pages * PAGE_SIZE, EXP_POISON);
    Run->Next = Kind->FreeRun[Pages];
    Kind->FreeRun[Pages] = (ULONG_PTR)Block;
}

static void
ExpQuarantine(PEXP_KIND Kind, PEXP_HEADER Header)
{
    ULONG Bytes = Header->Units * EXP_UNIT;

    Header->Flags = EXP_IN_QUARANTINE;
    ExpFill(PAYLOAD_OF(Header), Bytes - sizeof(EXP_HEADER), EXP_POISON);
    while (Kind->RingCount == EXP_QUARANTINE ||
           (Kind->RingCount != 0 && Kind->RingBytes + Bytes > EXP_QUARANTINE_BYTES)) {
        PEXP_HEADER Oldest = Kind->Ring[Kind->RingHead % EXP_QUARANTINE];

        Kind->RingHead++;
        Kind->RingCount--;
        if (Oldest->Check != EXP_CHECK(Oldest) || Oldest->State != EXP_FREE) {
            /* Somebody wrote over the header of a freed block. */
            KeBugCheckEx(BAD_POOL_HEADER, 0xD, (ULONG_PTR)Oldest, (ULONG_PTR)Header,
                         *(PULONG64)Oldest);
        }
        Kind->RingBytes -= Oldest->Units * EXP_UNIT;
        ExpPushFree(Kind, Oldest);
    }
    Kind->Ring[(Kind->RingHead + Kind->RingCount) % EXP_QUARANTINE] = Header;
    Kind->RingCount++;
    Kind->RingBytes += Bytes;
}

VOID
ExpFreeBlock(PVOID Block, ULONG Tag, BOOLEAN CheckTag)
{
    ULONG_PTR Arena = ExpHomeArena(Block);
    EXP_CELL *Cell = Arena != 0 ? NULL : ExpCellOf(Block);
    PEXP_HEADER Header, Next;
    PEXP_KIND Kind;
    PVOID Process = NULL;

    if (Arena == 0 && (Cell == NULL || (Cell->Use == 0 && !Cell->Freed))) {
        if (ABI_IS_USER(Block)) {
            KeBugCheckEx(BAD_POOL_CALLER, 0x40, (ULONG_PTR)Block, ABI_SYSTEM_BASE, 0);
        }
        KeBugCheckEx(BAD_POOL_CALLER, 0x99, (ULONG_PTR)Block, 0, 0);
    }
    if (((ULONG_PTR)Block & (PAGE_SIZE - 1)) == 0) {
        if (Cell != NULL && Cell->Use == 0 && Cell->Freed &&
            (ULONG_PTR)Block == ExpCellAddress(Cell)) {
            KeBugCheckEx(BAD_POOL_CALLER, 7, 0, Cell->Run.Tag, (ULONG_PTR)Block);
        }
        if (Cell != NULL && (Cell->Use != 1 || (ULONG_PTR)Block != ExpCellAddress(Cell))) {
            KeBugCheckEx(BAD_POOL_CALLER, 0x46, (ULONG_PTR)Block, 0, 0);
        }
        ExpFreePages(Block, Arena, Cell, Tag, CheckTag);
        return;
    }
    if (((ULONG_PTR)Block & (EXP_UNIT - 1)) != 0 || (Cell != NULL && Cell->Use != 2) ||
        !ExpIsUsed(Arena, Cell, Block)) {
        KeBugCheckEx(BAD_POOL_CALLER, 0x99, (ULONG_PTR)Block, 0, 0);
    }
    Header = HEADER_OF(Block);
    if (Header->Check != EXP_CHECK(Header)) {
        KeBugCheckEx(BAD_POOL_HEADER, 0x20, (ULONG_PTR)Header,
                     (ULONG_PTR)Header + Header->Units * EXP_UNIT, *(PULONG64)Header);
    }
    if (Header->State == EXP_ALIGNED) {
        ExpSetHeader(Header, Header->Kind, Header->Units, EXP_FREE);
        Header -= Header->Units;
        if (Header->Check != EXP_CHECK(Header)) {
            KeBugCheckEx(BAD_POOL_HEADER, 0x20, (ULONG_PTR)Header, (ULONG_PTR)Block,
                         *(PULONG64)Header);
        }
    }
    if (Header->State == EXP_FREE) {
        KeBugCheckEx(BAD_POOL_CALLER, 7, 0, *(PULONG64)Header, (ULONG_PTR)Block);
    }
    if (Header->State != EXP_ALLOCATED) {
        KeBugCheckEx(BAD_POOL_CALLER, 0x46, (ULONG_PTR)Block, 0, 0);
    }
    if (CheckTag && ExpTagDiffers(Header->Tag, Tag)) {
        KeBugCheckEx(BAD_POOL_CALLER, 0xA, (ULONG_PTR)Block, Header->Tag, Tag);
    }
    ExpCheckIrql(Header->Kind, Header->Type, Block);
    Next = Header + Header->Units;
    if (((ULONG_PTR)Next & (PAGE_SIZE - 1)) != 0 && Next->Check != EXP_CHECK(Next)) { /* P3 */
        KeBugCheckEx(BAD_POOL_HEADER, 0x20, (ULONG_PTR)Header, (ULONG_PTR)Next, *(PULONG64)Next);
    }
    if (Header->Flags & EXP_QUOTA) {
        Process = ((PVOID *)((PUCHAR)Header + Header->Units * EXP_UNIT))[-1];
    }
    if (Header->Flags >> EXP_OWNER_SHIFT != 0) {
        ExpDisown(Header->Flags, Header->Tag, Header->Bytes);
    }
    if (!Machine->untold) {
        KiTrace(EV_POOL_FREE, Block, Header->Bytes, Header->Tag, Header->Type, 0);
    }
    ExpPoolBytes[Header->Kind == ExpKindPaged] -= Header->Bytes;
    ExpSetHeader(Header, Header->Kind, Header->Units, EXP_FREE);
    Kind = ExpKindOf(KiAgent(), Header->Kind);
    if (Process != NULL) {
        ExpReturnQuota(Process, Header->Kind, Header->Bytes, Block, Header->Tag);
    }
    ExpQuarantine(Kind, Header);
}

static BOOLEAN
ExpFindInPage(ULONG_PTR Page, ULONG_PTR Address, PVOID *Base, PSIZE_T Bytes, PULONG Tag,
              PBOOLEAN Freed)
{
    PEXP_HEADER Header = (PEXP_HEADER)Page;
    PEXP_HEADER End = (PEXP_HEADER)(Page + PAGE_SIZE);

    while (Header < End && Header->Check == EXP_CHECK(Header) && Header->Units != 0 &&
           Header->State != EXP_END) {
        if (Address < (ULONG_PTR)(Header + Header->Units)) {
            if (Address < (ULONG_PTR)(Header + 1)) {
                return FALSE;
            }
            *Base = PAYLOAD_OF(Header);
            *Bytes = Header->Bytes;
            *Tag = Header->Tag;
            *Freed = Header->State != EXP_ALLOCATED;
            return TRUE;
        }
        Header += Header->Units;
    }
    return FALSE;
}

static BOOLEAN
ExpFindBlock(const VOID *Address, PVOID *Base, PSIZE_T Bytes, PULONG Tag, PBOOLEAN Freed)
{
    ULONG_PTR Arena = ExpHomeArena(Address);
    ULONG_PTR Page = (ULONG_PTR)Address & ~(ULONG_PTR)(PAGE_SIZE - 1);
    EXP_CELL *Cell = NULL;

    if (Arena != 0) {
        ULONG_PTR First = Arena + EXP_ARENA_HEAD;

        if (Page < First || Page >= Arena + ABI_ARENA_SIZE - EXP_RUN_TABLE) {
            return FALSE;
        }
        /* A page of small blocks begins with a header: the explorer asks too often to look for a run first. */
        if (ExpRunOf(Arena, (PVOID)Page)->State == 0 && ExpIsUsed(Arena, Cell, Address) &&
            ((PEXP_HEADER)Page)->Check == EXP_CHECK((PEXP_HEADER)Page) &&
            ExpFindInPage(Page, (ULONG_PTR)Address, Base, Bytes, Tag, Freed)) {
            return TRUE;
        }
        for (ULONG_PTR At = Page; At >= First; At -= PAGE_SIZE) {
            PEXP_RUN Run = ExpRunOf(Arena, (PVOID)At);

            if (Run->State == EXP_ALLOCATED || Run->State == EXP_FREE) {
                if ((ULONG_PTR)Address - At <
                    ((Run->Bytes + PAGE_SIZE - 1) & ~(SIZE_T)(PAGE_SIZE - 1))) {
                    *Base = (PVOID)At;
                    *Bytes = Run->Bytes;
                    *Tag = Run->Tag;
                    *Freed = Run->State == EXP_FREE;
                    return TRUE;
                }
                break;
            }
        }
        return ExpIsUsed(Arena, Cell, Address) &&
               ExpFindInPage(Page, (ULONG_PTR)Address, Base, Bytes, Tag, Freed);
    }
    Cell = ExpCellOf(Address);
    if (Cell == NULL) {
        return FALSE;
    }
    if (Cell->Use == 2) {
        return ExpIsUsed(Arena, Cell, Address) &&
               ExpFindInPage(Page, (ULONG_PTR)Address, Base, Bytes, Tag, Freed);
    }
    if ((Cell->Use == 1 || Cell->Freed) && (ULONG_PTR)Address < Cell->End) {
        *Base = (PVOID)ExpCellAddress(Cell);
        *Bytes = Cell->Run.Bytes;
        *Tag = Cell->Run.Tag;
        *Freed = Cell->Use == 0;
        return TRUE;
    }
    return FALSE;
}

/*
 * The block that an address lies in, live or freed; each result may be left out. For reports: follows no
 * pointer that a driver may have written.
 */
BOOLEAN
ExpFindPoolBlock(const VOID *Address, PVOID *Base, PSIZE_T Bytes, PULONG Tag, PBOOLEAN Freed)
{
    PVOID LocalBase;
    SIZE_T LocalBytes;
    ULONG LocalTag;
    BOOLEAN LocalFreed;

    return ExpFindBlock(Address, Base != NULL ? Base : &LocalBase,
                        Bytes != NULL ? Bytes : &LocalBytes, Tag != NULL ? Tag : &LocalTag,
                        Freed != NULL ? Freed : &LocalFreed);
}
