/*
 * stack.c - copies over the end of a frame.
 *
 * A routine that copies to a variable of a frame, by an export that the verifier sees, may not reach the frame's return
 * address: who returns there jumps to what was copied. Frames are found as an exception finds them. A copy within a frame
 * that goes from one variable to the next is not seen; nor is one by code of the driver itself, but the crash that follows.
 */
#include "vfp.h"

#define VF_FRAMES_LOOKED 12
#define VF_SMALL_COPY                                                                              \
    16 /* costs more to look at than to do, and hardly ever has a length from outside */

static VOID
VfJudgeCopy(PVF_FRAME Frame, ULONG64 To, ULONG64 Bytes)
{
    ULONG64 Here = (ULONG64)Frame;
    CONTEXT Context;

    /* Frame lies on the stack of this thread, or of its processor. */
    if (Bytes <= VF_SMALL_COPY || To < Here || To - Here > KERNEL_STACK_SIZE ||
        !VfIsOn(VfRuleStackOverrun)) {
        return;
    }
    VfContextOf(Frame, &Context);
    for (ULONG i = 0; i < VF_FRAMES_LOOKED && Context.Rip != 0; i++) {
        ULONG64 Base, Establisher, Before = Context.Rsp;
        PRUNTIME_FUNCTION Function;
        PVOID Routine = (PVOID)Context.Rip, Data;

        Context.Rip = HcOriginalRip(Context.Rip);
        Function = RtlLookupFunctionEntry(Context.Rip, &Base, NULL);
        if (Function == NULL) {
            return;
        }
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, Base, Context.Rip, Function, &Context, &Data,
                         &Establisher, NULL);
        if (Context.Rsp <= Before) {
            return;
        }
        if (To < Context.Rsp - 8) { /* the return address: the frame ends here */
            if (Bytes > Context.Rsp - 8 - To) {
                VfViolate(VfRuleStackOverrun, NULL, Frame,
                          "%a writes %u bytes to 0x%p on the stack, where %u are left in the frame "
                          "of %a: its return address is overwritten",
                          Frame->Caller, (ULONG)min(Bytes, 0xFFFFFFFF), (PVOID)To,
                          (ULONG)(Context.Rsp - 8 - To), Routine);
            }
            return;
        }
    }
}

/* memcpy(To, From, Bytes), memset(To, Value, Bytes) */
static VOID
VfCopiesThird(PVF_FRAME Frame)
{
    VfJudgeCopy(Frame, Frame->Arg[0], Frame->Arg[2]);
}

/* RtlZeroMemory(To, Bytes), RtlFillMemory(To, Bytes, Value) */
static VOID
VfFillsSecond(PVF_FRAME Frame)
{
    VfJudgeCopy(Frame, Frame->Arg[0], Frame->Arg[1]);
}

/* strcpy(To, From), wcscpy */
static VOID
VfCopiesText(PVF_FRAME Frame)
{
    VfJudgeCopy(Frame, Frame->Arg[0], strlen((const char *)Frame->Arg[1]) + 1);
}

static VOID
VfCopiesWideText(PVF_FRAME Frame)
{
    VfJudgeCopy(Frame, Frame->Arg[0], (wcslen((const WCHAR *)Frame->Arg[1]) + 1) * sizeof(WCHAR));
}

VOID
VfInitStack(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(memcpy, VfCopiesThird, NULL),        VF_HOOK(memmove, VfCopiesThird, NULL),
        VF_HOOK(memset, VfCopiesThird, NULL),        VF_HOOK(RtlCopyMemory, VfCopiesThird, NULL),
        VF_HOOK(RtlMoveMemory, VfCopiesThird, NULL), VF_HOOK(RtlZeroMemory, VfFillsSecond, NULL),
        VF_HOOK(RtlFillMemory, VfFillsSecond, NULL), VF_HOOK(strcpy, VfCopiesText, NULL),
        VF_HOOK(wcscpy, VfCopiesWideText, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
