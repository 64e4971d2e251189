/*
 * poolsound.c - are the pools' own lists and counts whole?  At the end of a run, for the tests of the kernel (nt/inc/sound.h).
 *
 * What a driver may have written over, a freed block's link or header, is no mistake of ours: a list is followed as far as it is whole.
 */
#include "expool.h"
#include "exp.h"

static VOID
ExpCountBytes(PVOID Context, const EXP_BLOCK *Block)
{
    ((SIZE_T *)Context)[Block->Paged] += Block->Bytes;
}

static VOID
ExpCheckRing(PEXP_KIND Kind)
{
    ULONG Bytes = 0;

    for (ULONG i = 0; i < Kind->RingCount; i++) {
        PEXP_HEADER Header = Kind->Ring[(Kind->RingHead + i) % EXP_QUARANTINE];

        if (Header->Check != EXP_CHECK(Header)) {
            return;
        }
        KI_DEMAND(Header->State == EXP_FREE && (Header->Flags & EXP_IN_QUARANTINE) != 0,
                  "a block in quarantine", Header);
        Bytes += Header->Units * EXP_UNIT;
    }
    KI_DEMAND(Kind->RingBytes == Bytes, "how much is in quarantine", Kind);
    KI_DEMAND(Kind->RingCount <= EXP_QUARANTINE, "how many blocks are in quarantine", Kind);
}

static VOID
ExpCheckFree(PEXP_KIND Kind)
{
    for (ULONG Units = 2; Units < EXP_CLASSES; Units++) {
        for (PEXP_LINK Link = Kind->Free[Units]; Link != NULL; Link = Link->Next) {
            PEXP_HEADER Header = HEADER_OF(Link);

            if (Header->Check != EXP_CHECK(Header) || Link->Complement != ~(ULONG64)Link->Next) {
                break;
            }
            KI_DEMAND(Header->State == EXP_FREE && Header->Units == Units &&
                          (Header->Flags & EXP_IN_QUARANTINE) == 0,
                      "a list of free blocks", Header);
        }
    }
    for (ULONG Pages = 1; Pages < EXP_RUN_CLASSES; Pages++) {
        for (ULONG_PTR At = Kind->FreeRun[Pages]; At != 0;) {
            PEXP_RUN Run = ExpRunOf(ExpHomeArena((PVOID)At), (PVOID)At);

            KI_DEMAND(Run->State == EXP_FREE && (Run->Bytes + PAGE_SIZE - 1) / PAGE_SIZE == Pages &&
                          Run->Process == NULL,
                      "a list of free pages", Run);
            At = Run->Next;
        }
    }
}

static VOID
ExpCheckKind(ULONG_PTR Base)
{
    PEXP_KIND Kind = (PEXP_KIND)Base;

    KI_DEMAND(Kind->FreshPage <= Kind->Committed && Kind->Committed <= Kind->Limit &&
                  Kind->Reclaimed <= Kind->FreshPage && Kind->Next <= Kind->PageEnd,
              "what a pool has cut", Kind);
    ExpCheckRing(Kind);
    ExpCheckFree(Kind);
}

VOID
ExpCheckSound(VOID)
{
    SIZE_T Bytes[2] = {0, 0};

    ExpVisitPool(ExpCountBytes, Bytes);
    KI_DEMAND(Bytes[0] == ExpPoolBytes[0] && Bytes[1] == ExpPoolBytes[1], "how much pool is in use",
              ExpPoolBytes);
    for (ULONG Slot = 0; Slot < ABI_ARENAS; Slot++) {
        ULONG64 Bit = 1ull << (Slot % 64);

        if ((ExpArenaOpen[0][Slot / 64] & Bit) != 0) {
            ExpCheckKind(ABI_NONPAGED_BASE + (ULONG64)Slot * ABI_ARENA_SIZE);
            ExpCheckKind(ABI_NONPAGED_BASE + (ULONG64)Slot * ABI_ARENA_SIZE + EXP_NX_OFFSET);
        }
        if ((ExpArenaOpen[1][Slot / 64] & Bit) != 0) {
            ExpCheckKind(ABI_PAGED_BASE + (ULONG64)Slot * ABI_ARENA_SIZE);
        }
    }
}
