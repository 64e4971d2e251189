/*
 * failing.c - one allocation of the kernel's own fails, and what is answered then.
 *
 * For the tests of the kernel (NTLAB_FAIL_KERNEL=N, beside NTLAB_SELF_CHECK): what the kernel asks its pool for by an exported routine may fail, and
 * it says so to who asked it. Each distinct stack of the kernel's frames, up to the first that is not the kernel's, has a number, in order of its first
 * allocation behind the boot; that of the Nth fails. The test is that nothing is lost and nobody stops, and that who asked is told the reason.
 *
 *   F1  What cannot fail asks ExpAllocate.
 *   F2  The same run has the same numbers: no address of a thread or block is among the frames.
 *   F3  Two routines on the refused stack have a result that others see: the one that a driver has called last, if there is a driver, and the
 *       system service below. Each returns to ExpReturned0 or 1, which tells what it answers and goes on where it would have. Who walks the
 *       stack until then finds the real address there (ExpReturnOf). One that is left by an exception answers nothing.
 */
#include "expool.h"
#include "nt/inc/rtl.h"
#include "nt/inc/sound.h"
#include "nt/inc/environment.h"

#define EXP_FRAMES 16
#define EXP_DEPTH  200

VOID ExpReturned0(VOID);
VOID ExpReturned1(VOID);
extern const UCHAR KiSystemServiceExit[], KiSystemServiceExitObserved[];

/* The slot that the address was taken from lies right under the stack pointer. */
#define EXP_RETURNED(Which)                                                                        \
    __asm__(".text\n.globl ExpReturned" Which "\n.seh_proc ExpReturned" Which                      \
            "\nExpReturned" Which ":\n"                                                            \
            "subq $8, %rsp\n.seh_stackalloc 8\npushq %rax\n.seh_stackalloc 8\n"                    \
            "pushq %rdx\n.seh_stackalloc 8\nsubq $0x28, %rsp\n.seh_stackalloc 0x28\n"              \
            ".seh_endprologue\nmovl $" Which ", %ecx\nmovq %rax, %rdx\ncall ExpTellReturn\n"       \
            "movq %rax, 0x38(%rsp)\naddq $0x28, %rsp\npopq %rdx\npopq %rax\nret\n.seh_endproc\n")
EXP_RETURNED("0");
EXP_RETURNED("1");

VOID
ExpBeginFailing(VOID)
{
    char Text[16];
    ULONG64 Length = HcConfig("fail-kernel", Text, sizeof(Text) - 1);

    for (ULONG64 i = 0; i < min(Length, sizeof(Text)) && Text[i] >= '0' && Text[i] <= '9'; i++) {
        ExpFailing.Target = ExpFailing.Target * 10 + (ULONG)(Text[i] - '0');
    }
}

static BOOLEAN
ExpIsKernel(ULONG64 Address)
{
    return Address - ABI_IMAGE_BASE < ABI_IMAGE_WINDOW;
}

static ULONG64
ExpKernelStack(VOID)
{
    PVOID Frame[EXP_FRAMES];
    ULONG Count = RtlWalkFrameChain(Frame, EXP_FRAMES, 2 << 8);
    ULONG64 Hash = 0xCBF29CE484222325ull;

    for (ULONG i = 0; i < Count && ExpIsKernel((ULONG64)Frame[i]); i++) {
        Hash = (Hash ^ (ULONG64)Frame[i]) * 0x100000001B3ull;
    }
    return Hash;
}

/* F3 */
static VOID
ExpWatchReturns(VOID)
{
    PVOID Replaced[] = {ExpReturned0, ExpReturned1};
    CONTEXT Context;
    ULONG_PTR Low, High;
    ULONG64 Inner = 0;
    BOOLEAN Outside = FALSE; /* a driver has been met */
    char Text[200];

    RtlCaptureContext(&Context);
    RtlpGetStackLimits(&Low, &High);
    for (ULONG i = 0; i < EXP_DEPTH; i++) {
        PULONG64 Slot = (PULONG64)(Context.Rsp - sizeof(ULONG64));
        ULONG64 Rip = Context.Rip;
        BOOLEAN Service =
            Rip == (ULONG64)KiSystemServiceExit || Rip == (ULONG64)KiSystemServiceExitObserved;
        PVOID Caller;

        if (RtlpWalkContext(&Context, Low, High, 0, &Caller, 1) == 0) {
            return;
        }
        HcPrint(ABI_OUT_DEBUG, Text,
                KiFormatText(Text, sizeof(Text), "ntlab-test: refused below %p %a\n", Caller,
                             (ULONG64)Caller));
        if (Inner != 0 && *Slot == Rip &&
            (Service || (!Outside && !ExpIsKernel((ULONG64)Caller)))) {
            ExpFailing.Watched[Service].Within = Inner;
            ExpFailing.Watched[Service].Return = Rip;
            *Slot = (ULONG64)Replaced[Service];
        }
        if (Service) {
            return;
        }
        Outside = Outside || !ExpIsKernel((ULONG64)Caller);
        Inner = (ULONG64)Caller;
    }
}

/* Shall this one fail? */
BOOLEAN
ExpKernelFails(const VOID *Caller)
{
    ULONG64 Hash;

    if (!ExpIsKernel((ULONG64)Caller) || ExpFailing.Count == RTL_NUMBER_OF(ExpFailing.Stack) ||
        KiAreAllocationsSpared()) {
        return FALSE;
    }
    Hash = ExpKernelStack();
    for (ULONG i = 0; i < ExpFailing.Count; i++) {
        if (ExpFailing.Stack[i] == Hash) {
            return FALSE;
        }
    }
    ExpFailing.Stack[ExpFailing.Count++] = Hash;
    if (ExpFailing.Count != ExpFailing.Target) {
        return FALSE;
    }
    ExpWatchReturns();
    return TRUE;
}

ULONG64
ExpReturnOf(ULONG64 Rip)
{
    return Rip == (ULONG64)ExpReturned0   ? ExpFailing.Watched[0].Return
           : Rip == (ULONG64)ExpReturned1 ? ExpFailing.Watched[1].Return
                                          : Rip;
}

/* F3: where it goes on. */
ULONG64
ExpTellReturn(ULONG Which, ULONG64 Answer)
{
    char Text[100];

    HcPrint(ABI_OUT_DEBUG, Text,
            KiFormatText(Text, sizeof(Text), "ntlab-test: refused within %p, which answers %x\n",
                         ExpFailing.Watched[Which].Within, (ULONG)Answer));
    ExpFailing.Watched[Which].Within = 0;
    return ExpFailing.Watched[Which].Return;
}

VOID
ExpTellFailing(VOID)
{
    char Text[80];

    if (ExpFailing.Target > ExpFailing.Count) {
        HcPrint(ABI_OUT_DEBUG, Text,
                KiFormatText(Text, sizeof(Text), "ntlab-test: %u allocations of the kernel\n",
                             ExpFailing.Count));
    }
}
