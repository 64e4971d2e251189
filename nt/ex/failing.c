/*
 * failing.c - one allocation of the kernel's own fails.
 *
 * For the tests of the kernel (NTLAB_FAIL_KERNEL=N, beside NTLAB_SELF_CHECK): what the kernel asks its pool for by an exported routine may fail, and
 * it says so to who asked it. Each distinct stack of the kernel's frames, up to the first that is not the kernel's, has a number, in order of its first
 * allocation behind the boot; that of the Nth fails. The test is that nothing is lost and nobody stops: what becomes of the status is the caller's.
 *
 *   F1  What cannot fail asks ExpAllocate.
 *   F2  The same run has the same numbers: no address of a thread or block is among the frames.
 */
#include "expool.h"
#include "nt/inc/rtl.h"
#include "nt/inc/sound.h"
#include "nt/inc/environment.h"

#define EXP_FRAMES 16

VOID
ExpBeginFailing(VOID)
{
    char Text[16];
    ULONG64 Length = HcConfig("fail-kernel", Text, sizeof(Text) - 1);

    for (ULONG64 i = 0; i < min(Length, sizeof(Text)) && Text[i] >= '0' && Text[i] <= '9'; i++) {
        ExpFailing.Target = ExpFailing.Target * 10 + (ULONG)(Text[i] - '0');
    }
}

static ULONG64
ExpKernelStack(VOID)
{
    PVOID Frame[EXP_FRAMES];
    ULONG Count = RtlWalkFrameChain(Frame, EXP_FRAMES, 2 << 8);
    ULONG64 Hash = 0xCBF29CE484222325ull;

    for (ULONG i = 0; i < Count && (ULONG64)Frame[i] - ABI_IMAGE_BASE < ABI_IMAGE_WINDOW; i++) {
        Hash = (Hash ^ (ULONG64)Frame[i]) * 0x100000001B3ull;
    }
    return Hash;
}

/* Shall this one fail? */
BOOLEAN
ExpKernelFails(const VOID *Caller)
{
    ULONG64 Hash;

    if ((ULONG64)Caller - ABI_IMAGE_BASE >= ABI_IMAGE_WINDOW ||
        ExpFailing.Count == RTL_NUMBER_OF(ExpFailing.Stack) || KiAreAllocationsSpared()) {
        return FALSE;
    }
    Hash = ExpKernelStack();
    for (ULONG i = 0; i < ExpFailing.Count; i++) {
        if (ExpFailing.Stack[i] == Hash) {
            return FALSE;
        }
    }
    ExpFailing.Stack[ExpFailing.Count++] = Hash;
    return ExpFailing.Count == ExpFailing.Target;
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
