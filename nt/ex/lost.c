/*
 * lost.c - blocks of the kernel's own pool that nothing leads to any more: somebody forgot to free them, or an object's reference.
 *
 * For the tests of the kernel, at the end of a run (NTLAB_SELF_CHECK, host/cli/request.c). Each aligned word of the images' writable pages, of the
 * processors' blocks and of the threads' stacks that lies within a block is taken for a pointer to it; then each word of those blocks, until there
 * is nothing new. What is left is lost.
 *
 *   X1  A block that a driver has allocated leads on to others, but is never told of: it is not ours (owned.c).
 *   X2  A number that looks like a pointer hides a lost block; nothing makes one of a block that somebody has, for no pointer of ours is
 *       encoded beyond its low bits.
 *   X3  No schedule point is passed and nothing of the run changes; the run ends behind it.
 */
#include "exp.h"
#include "nt/inc/crt.h"

#define TAG_LOG_ENTRY 'rEoI' /* nt/io */
#define EXP_LOST_ROOM 16     /* blocks that come while they are counted */
#define EXP_LOST_TOLD 8

typedef struct _EXP_REACHED {
    EXP_BLOCK Block;
    struct _EXP_REACHED *Next; /* found, its words not yet looked at */
    BOOLEAN Found;
} EXP_REACHED;

typedef struct _EXP_REACH {
    ULONG_PTR First, End; /* no block lies outside */
    EXP_REACHED *Todo;
    ULONG Count, Room;
    EXP_REACHED Block[];
} EXP_REACH;

static VOID
ExpCountOne(PVOID Context, const EXP_BLOCK *Block)
{
    UNREFERENCED_PARAMETER(Block);
    ++*(PULONG)Context;
}

static VOID
ExpNoteOne(PVOID Context, const EXP_BLOCK *Block)
{
    EXP_REACH *Reach = Context;

    ASSERT(Reach->Count < Reach->Room);
    Reach->Block[Reach->Count++].Block = *Block;
}

static int __cdecl ExpCompareBlocks(const void *One, const void *Other)
{
    ULONG_PTR a = (ULONG_PTR)((const EXP_REACHED *)One)->Block.Address;
    ULONG_PTR b = (ULONG_PTR)((const EXP_REACHED *)Other)->Block.Address;

    return a < b ? -1 : a > b;
}

static EXP_REACHED *
ExpBlockAround(EXP_REACH *Reach, ULONG_PTR Word)
{
    ULONG Low = 0, High = Reach->Count;

    while (High - Low > 1) {
        ULONG Middle = Low + (High - Low) / 2;

        if ((ULONG_PTR)Reach->Block[Middle].Block.Address <= Word) {
            Low = Middle;
        } else {
            High = Middle;
        }
    }
    return Word - (ULONG_PTR)Reach->Block[Low].Block.Address < Reach->Block[Low].Block.Bytes
               ? &Reach->Block[Low]
               : NULL;
}

static BOOLEAN
ExpIsThere(ULONG_PTR Page, ULONG Access)
{
    return (HcPage(Page) & (ABI_COMMITTED | Access)) == (ABI_COMMITTED | Access);
}

static VOID
ExpLookAt(EXP_REACH *Reach, ULONG_PTR From, ULONG_PTR To)
{
    BOOLEAN There = FALSE; /* a driver's freed block, say, that the verifier keeps */

    for (ULONG_PTR At = (From + 7) & ~7ull, Page = 0; At + 8 <= To; At += 8) {
        EXP_REACHED *Found;
        ULONG_PTR Word;

        if ((At & ~(ULONG_PTR)(PAGE_SIZE - 1)) != Page) {
            Page = At & ~(ULONG_PTR)(PAGE_SIZE - 1);
            There = ExpIsThere(Page, ABI_PROT_READ);
        }
        if (!There || (Word = *(const ULONG_PTR *)At) - Reach->First >= Reach->End - Reach->First) {
            continue;
        }
        Found = ExpBlockAround(Reach, Word);
        if (Found != NULL && !Found->Found) {
            Found->Found = TRUE;
            Found->Next = Reach->Todo;
            Reach->Todo = Found;
        }
    }
}

static VOID
ExpLookAtImages(EXP_REACH *Reach)
{
    for (PLIST_ENTRY Entry = PsLoadedModuleList.Flink; Entry != &PsLoadedModuleList;
         Entry = Entry->Flink) {
        PKI_MODULE Module = CONTAINING_RECORD(Entry, KI_MODULE, InLoadOrderLinks);
        ULONG_PTR Base = (ULONG_PTR)Module->DllBase;

        for (ULONG_PTR At = Base; At < Base + Module->SizeOfImage; At += PAGE_SIZE) {
            if (ExpIsThere(At, ABI_PROT_WRITE)) {
                ExpLookAt(Reach, At, At + PAGE_SIZE);
            }
        }
    }
}

/* Of the stack that we run on nothing is looked at: it holds what the run had there, and nobody needs it any more. */
static VOID
ExpLookAtStack(EXP_REACH *Reach, PKTHREAD Thread)
{
    ExpLookAt(Reach, (ULONG_PTR)Thread, (ULONG_PTR)(Thread + 1));
    if (Thread != KeGetCurrentThread()) {
        ExpLookAt(Reach, (ULONG_PTR)Thread->KernelStack, (ULONG_PTR)Thread->StackBase);
    }
}

static VOID
ExpLookAtThreads(EXP_REACH *Reach)
{
    for (ULONG i = 0; i < KiProcessorCount; i++) {
        ExpLookAt(Reach, (ULONG_PTR)KiProcessor[i], (ULONG_PTR)KiProcessor[i] + sizeof(KIPCR));
        ExpLookAtStack(Reach, KiProcessor[i]->Prcb.IdleThread);
    }
    for (PETHREAD Thread = NULL; (Thread = PspNextThread(Thread)) != NULL;) {
        ExpLookAtStack(Reach, &Thread->Tcb);
    }
}

/* All blocks, by address; the list itself is not among them. */
static EXP_REACH *
ExpListBlocks(VOID)
{
    EXP_REACH *Reach;
    ULONG Count = 0;

    ExpVisitPool(ExpCountOne, &Count);
    Count += EXP_LOST_ROOM;
    Reach = ExpAllocate(sizeof(*Reach) + Count * sizeof(Reach->Block[0]), 'tsoL');
    Reach->Room = Count;
    ExpVisitPool(ExpNoteOne, Reach);
    qsort(Reach->Block, Reach->Count, sizeof(Reach->Block[0]), ExpCompareBlocks);
    Reach->First = (ULONG_PTR)Reach->Block[0].Block.Address;
    Reach->End = (ULONG_PTR)Reach->Block[Reach->Count - 1].Block.Address +
                 Reach->Block[Reach->Count - 1].Block.Bytes;
    ExpBlockAround(Reach, (ULONG_PTR)Reach)->Found = TRUE;
    return Reach;
}

/* An entry of the error log is the driver's that asked for it, and its to lose: it keeps the driver object, whose image stays. */
static VOID
ExpLookAtLogEntries(EXP_REACH *Reach)
{
    for (ULONG i = 0; i < Reach->Count; i++) {
        if (Reach->Block[i].Block.Tag == TAG_LOG_ENTRY && !Reach->Block[i].Found) {
            Reach->Block[i].Found = TRUE;
            Reach->Block[i].Next = Reach->Todo;
            Reach->Todo = &Reach->Block[i];
        }
    }
}

ULONG
ExpFindLost(PSTR Text, ULONG Bytes)
{
    EXP_REACH *Reach = ExpListBlocks();
    ULONG Lost = 0, Length = 0;

    ExpLookAtLogEntries(Reach);
    ExpLookAtImages(Reach);
    ExpLookAtThreads(Reach);
    for (EXP_REACHED *Each; (Each = Reach->Todo) != NULL;) {
        Reach->Todo = Each->Next;
        ExpLookAt(Reach, (ULONG_PTR)Each->Block.Address,
                  (ULONG_PTR)Each->Block.Address + Each->Block.Bytes);
    }
    for (ULONG i = 0; i < Reach->Count; i++) {
        const EXP_BLOCK *Block = &Reach->Block[i].Block;

        if (Reach->Block[i].Found || Block->Owner != 0) {
            continue;
        }
        if (Lost++ < EXP_LOST_TOLD) {
            Length += (ULONG)_snprintf(Text + Length, Bytes - Length, "%s0x%p '%.4s' of %u bytes",
                                       Lost > 1 ? ", " : "", Block->Address,
                                       (const char *)&Block->Tag, (ULONG)Block->Bytes);
        }
    }
    ExpFree(Reach);
    return Lost;
}

/* ---- words, for nt/ob/held.c ---- */

VOID
ExpVisitWords(ULONG_PTR From, ULONG_PTR To, PEXP_WORD_VISITOR Visit, PVOID Context)
{
    BOOLEAN There = FALSE;

    for (ULONG_PTR At = (From + 7) & ~7ull, Page = 0; At + 8 <= To; At += 8) {
        if ((At & ~(ULONG_PTR)(PAGE_SIZE - 1)) != Page) {
            Page = At & ~(ULONG_PTR)(PAGE_SIZE - 1);
            There = ExpIsThere(Page, ABI_PROT_READ);
        }
        if (There) {
            Visit(Context, *(const ULONG_PTR *)At);
        }
    }
}

static VOID
ExpVisitThread(PKTHREAD Thread, PEXP_WORD_VISITOR Visit, PVOID Context)
{
    if (Thread != KeGetCurrentThread()) {
        ExpVisitWords((ULONG_PTR)Thread->KernelStack, (ULONG_PTR)Thread->StackBase, Visit, Context);
    }
}

VOID
ExpVisitOtherWords(PEXP_WORD_VISITOR Visit, PVOID Context)
{
    for (PLIST_ENTRY At = PsLoadedModuleList.Flink->Flink; At != &PsLoadedModuleList;
         At = At->Flink) { /* the first is the kernel */
        PKI_MODULE Module = CONTAINING_RECORD(At, KI_MODULE, InLoadOrderLinks);
        ULONG_PTR Base = (ULONG_PTR)Module->DllBase;

        for (ULONG_PTR Page = Base; Page < Base + Module->SizeOfImage; Page += PAGE_SIZE) {
            if (ExpIsThere(Page, ABI_PROT_WRITE)) {
                ExpVisitWords(Page, Page + PAGE_SIZE, Visit, Context);
            }
        }
    }
    for (PETHREAD Thread = NULL; (Thread = PspNextThread(Thread)) != NULL;) {
        ExpVisitThread(&Thread->Tcb, Visit, Context);
    }
}
