/*
 * point.c - schedule points inside of code: accesses to memory that no call of the kernel announces.
 *
 * The loader has put a jump in front of such an instruction (host/image/patch.h), or the compiler a
 * call (sanitize.c). What comes here is what the instruction is about to touch; when the point is
 * passed, it does so at once.
 *
 *   P1  A plain access is a point only if others touch the same bytes: the host remembers who did
 *       (HcTouch). An atomic one always is.
 *   P2  `point` stays on the stack of whoever stands here, and PendingContext leads to it while there
 *       is no PendingWait.
 *   P3  Two addresses may show one piece of memory: views of a section, an MDL's pages in system space. What a point
 *       names is the memory.
 *   P4  What a repeated string instruction touches is one piece after the other, each in a step (of a movs: two) of its own, at most to the end of a page;
 *       what one writes that a later one reads is in an earlier piece (struct abi_point_string).
 */
#include "nt/ke/ki.h"
#include "abi/lockstep.h"
#include "nt/inc/backing.h"

#define KI_DIRECTION 0x400 /* of the flags */

C_ASSERT(FIELD_OFFSET(struct abi_trap, rip) == 0x80);
C_ASSERT(FIELD_OFFSET(struct abi_trap, rflags) == 0x88);

/* What a trampoline leaves on the stack. */
typedef struct _KI_POINT_FRAME {
    ULONG64 Rax;
    ULONG64 Address;
    LONG64 Bit;
    ULONG64 What; /* enum abi_point */
} KI_POINT_FRAME, *PKI_POINT_FRAME;

/* P3 */
static ULONG64
KiMemoryOf(ULONG64 Address)
{
    if ((ABI_IS_SYSTEM(Address) && Address < ABI_MAPPING_BASE) ||
        Address - ABI_USER_SHARED_DATA < PAGE_SIZE) {
        return Address;
    }
    return MiBacking(Address);
}

/* Site: the code that does it, NULL: the kernel itself. Plain: neither atomic nor volatile. */
VOID
KiAccessPoint(ULONG Operation, const volatile VOID *Address, ULONG64 Size, PVOID Site,
              BOOLEAN Plain)
{
    KI_POINT Point = {.Size = (ULONG)Size, .Site = (ULONG64)Site, .Plain = Plain};

    if (Size == 0) {
        return;
    }
    if (Plain) {
        KiInjection.SeesPlain = TRUE;
    }
    if (Machine->explore) {
        Address = (PVOID)KiMemoryOf((ULONG64)Address);
    }
    if (Machine->explore >= ABI_EXPLORE_POLLS) {
        HcTouch(Address, Size, Operation == SP_MEMORY_READ ? ABI_TOUCH_READ : ABI_TOUCH_WRITE,
                KiAgent()->Name);
    }
    KiAcquirePoint(Operation, Address, NULL, (ULONG_PTR)&Point); /* P2 */
}

/*
 * P1: of a plain access that the kernel does for a driver, which called it at Site. Who goes round such calls polls (poll.c); what one call
 * looks at is told apart by Address and Which.
 */
VOID
KiPlainPoint(ULONG Operation, const volatile VOID *Address, ULONG64 Size, PVOID Site, ULONG Which)
{
    struct abi_trap Registers;
    KI_POINT Point = {.Size = (ULONG)Size, .Site = (ULONG64)Site, .Plain = TRUE};
    BOOLEAN Reads = Operation == SP_MEMORY_READ;

    Address = (PVOID)KiMemoryOf((ULONG64)Address);
    if (!HcTouch(Address, Size, Reads ? ABI_TOUCH_READ : ABI_TOUCH_WRITE, KiAgent()->Name)) {
        return;
    }
    if (Reads && KiPoller(&Registers, FALSE) != NULL) {
        Registers.rcx = (ULONG64)Address;
        Registers.rdx = Which;
        Point.Registers = &Registers;
    }
    KiAcquirePoint(Operation, Address, NULL, (ULONG_PTR)&Point); /* P2 */
}

VOID
KiMemoryPoint(ULONG Operation, const volatile VOID *Address, ULONG64 Size)
{
    KiAccessPoint(Operation, Address, Size, NULL, FALSE);
}

/* An exchange that changes nothing if something else than Expected is there. */
VOID
KiComparePoint(const volatile VOID *Address, ULONG64 Size, ULONG64 Expected, PVOID Site)
{
    struct abi_trap Registers;
    KI_POINT Point = {.Size = (ULONG)Size,
                      .What = (ULONG)Size | ABI_POINT_ATOMIC | ABI_POINT_COMPARES,
                      .Registers = &Registers,
                      .Site = (ULONG64)Site};

    Registers.rax = Expected;
    Registers.rip = 0;
    if (Machine->explore) {
        Address = (PVOID)KiMemoryOf((ULONG64)Address);
    }
    if (Machine->explore >= ABI_EXPLORE_POLLS) {
        HcTouch(Address, Size, ABI_TOUCH_WRITE, KiAgent()->Name);
    }
    KiAcquirePoint(SP_ATOMIC, Address, NULL, (ULONG_PTR)&Point);
}

/* User code has come to the end of its turn (struct abi_turn); nobody has to go on elsewhere. */
static VOID
KiTurnIsOver(VOID)
{
    KiTurn->left = KiTurn->length;
    Machine->budget = 0;
    KiSchedulePoint(SP_YIELD, NULL);
}

/* P1. Where calls are points, of a driver's instructions one that stands for a call is. */
static BOOLEAN
KiIsAlwaysPoint(ULONG What, const struct abi_trap *Registers)
{
    if (Machine->explore >= ABI_EXPLORE_ATOMICS) {
        return (What & ABI_POINT_ATOMIC) != 0;
    }
    return (What & ABI_POINT_EXCHANGE) != 0 && Registers->rip >= ABI_SYSTEM_BASE;
}

/* How many elements from Address on are in its page; an element that is in two is a piece by itself. */
static ULONG64
KiElementsInPage(ULONG64 Address, ULONG64 Size, BOOLEAN Down)
{
    ULONG64 Offset = Address & (PAGE_SIZE - 1);
    ULONG64 Bytes = Down ? Offset + Size : PAGE_SIZE - Offset;

    if (Offset + Size > PAGE_SIZE) {
        return 1;
    }
    return max(Bytes / Size, 1);
}

/* P4 */
static VOID
KiBeginPiece(ULONG What, struct abi_trap *Registers, struct abi_point_string *Piece)
{
    BOOLEAN Down = (Registers->rflags & KI_DIRECTION) != 0;
    ULONG64 Size = What & ABI_POINT_SIZE, Count = ABI_POINT_PIECE / Size, Ahead;

    if (What & ABI_POINT_WRITES) {
        Count = min(Count, KiElementsInPage(Registers->rdi, Size, Down));
    } else {
        Count = min(Count, KiElementsInPage(Registers->rsi, Size, Down));
        Count = min(Count, KiElementsInPage(Registers->rdi, Size, Down));
        Ahead = Down ? Registers->rsi - Registers->rdi : Registers->rdi - Registers->rsi;
        if (Ahead != 0 && Ahead < Count * Size) {
            Count = max(Ahead / Size, 1);
        }
    }
    Count = (What & ABI_POINT_REPEATED) ? min(Count, Registers->rcx) : 1;
    RtlZeroMemory(&Piece->count, sizeof(*Piece) - FIELD_OFFSET(struct abi_point_string, count));
    Piece->count = Count;
    Piece->left = Registers->rcx - Count;
}

/*
 * A patched instruction, which Registers show before its point: rip and rsp are those inside of its
 * trampoline.
 */
VOID
KiCodePoint(ULONG64 Address, ULONG What, struct abi_trap *Registers)
{
    KI_POINT Point = {.What = What,
                      .Registers = Registers,
                      .Site = Registers->rip,
                      .Plain =
                          (What & ABI_POINT_ATOMIC) == 0 && Machine->explore != ABI_EXPLORE_POLLS};
    struct abi_point_string *Piece = (struct abi_point_string *)Registers->rsp;
    ULONG64 Size = What & ABI_POINT_SIZE, Count = Registers->rcx;
    ULONG How = (What & ABI_POINT_ATOMIC)   ? ABI_TOUCH_ATOMIC
                : (What & ABI_POINT_WRITES) ? ABI_TOUCH_WRITE
                                            : ABI_TOUCH_READ;

    if (What & ABI_POINT_PAUSE) {
        KiTurn->left = KiTurn->length;
        Machine->budget = 0;
        KiAcquirePoint(SP_YIELD, NULL, NULL, (ULONG_PTR)&Point);
        KiNoteOpen(KiThread());
        return;
    }
    if (What & ABI_POINT_LOCK) {
        KiLockStep((PVOID)Address, What & ABI_POINT_SIZE);
        return;
    }
    if (What & ABI_POINT_STRING) {
        if (ABI_IS_USER(Registers->rip) && !ABI_IS_USER(Registers->rsp)) {
            return; /* no trampoline of ours */
        }
        KiBeginPiece(What, Registers, Piece);
        Count = Piece->count;
    }
    if (!Machine->explore) {
        KiTurnIsOver();
        return;
    }
    if (What & ABI_POINT_REPEATED) {
        if (Registers->rflags & KI_DIRECTION) {
            Address -= (Count - 1) * Size;
        }
        Size *= Count;
        if (Size == 0) {
            return;
        }
    }
    Address = KiMemoryOf(Address);
    if (Machine->explore >= ABI_EXPLORE_POLLS && !HcTouch(Address, Size, How, KiAgent()->Name) &&
        !KiIsAlwaysPoint(What, Registers)) {
        return; /* P1 */
    }
    Point.Size = (ULONG)Size;
    KiAcquirePoint(How == ABI_TOUCH_ATOMIC  ? SP_ATOMIC
                   : How == ABI_TOUCH_WRITE ? SP_MEMORY_WRITE
                                            : SP_MEMORY_READ,
                   (PVOID)Address, NULL, (ULONG_PTR)&Point);
}

/* From KiPatchPoint. */
VOID
KiCodePointFrame(struct abi_trap *Registers, PKI_POINT_FRAME Frame)
{
    ULONG What = (ULONG)Frame->What;
    ULONG64 Address = Frame->Address;
    LONG64 Size = What & ABI_POINT_SIZE, Bit = Frame->Bit;

    if (What & ABI_POINT_BIT) { /* bit 100 of a bit string is in its fourth 32-bit word */
        Bit = Size == 8 ? Bit : Size == 4 ? (LONG)Bit : (SHORT)Bit;
        Address += (ULONG64)((Bit >> (Size == 8 ? 6 : Size == 4 ? 5 : 4)) * Size);
    }
    KiCodePoint(Address, What, Registers);
}
