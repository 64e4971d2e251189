/*
 * poll.c - from where a thread looks at something, or sleeps, while schedules are explored.
 *
 * A search takes a loop that sleeps between two looks for a wait (host/explore/spin.c). It knows the loop by the registers that the
 * driver or client has when it calls, and by its stack. What a call may change (rcx, rdx, r8 to r10, the flags) is shown as 0;
 * rax says whether time passes, r11 where the driver's own frames end, 0: not known.
 */
#include "nt/inc/rtl.h"
#include "nt/ke/ki.h"

#define KI_POLL_FRAMES 48

static BOOLEAN
KiIsInDriver(ULONG64 Rip)
{
    return Rip - (ABI_IMAGE_BASE + ABI_IMAGE_WINDOW) < (ABI_IMAGE_WINDOWS - 1) * ABI_IMAGE_WINDOW;
}

/* Unwinds as long as it is in a driver, or (FALSE) in the kernel. */
static BOOLEAN
KiUnwindPast(PCONTEXT Context, BOOLEAN Driver)
{
    for (ULONG Depth = 0; Depth < KI_POLL_FRAMES; Depth++) {
        ULONG64 ImageBase = 0, Establisher;
        PRUNTIME_FUNCTION Function;
        PVOID HandlerData;

        Context->Rip = HcOriginalRip(Context->Rip);
        if (Context->Rip < ABI_SYSTEM_BASE || KiIsInDriver(Context->Rip) != Driver) {
            return Context->Rip != 0;
        }
        Function = RtlLookupFunctionEntry(Context->Rip, &ImageBase, NULL);
        if (Function == NULL) {
            return FALSE;
        }
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, ImageBase, Context->Rip, Function, Context,
                         &HandlerData, &Establisher, NULL);
    }
    return FALSE;
}

struct abi_trap *
KiPoller(struct abi_trap *Registers, BOOLEAN Sleeps)
{
    CONTEXT Context;

    if (!Machine->explore) {
        return NULL;
    }
    RtlCaptureContext(&Context);
    if (!KiUnwindPast(&Context, FALSE)) {
        return NULL;
    }
    *Registers = (struct abi_trap){.rax = Sleeps,
                                   .rbx = Context.Rbx,
                                   .rsp = Context.Rsp,
                                   .rbp = Context.Rbp,
                                   .rsi = Context.Rsi,
                                   .rdi = Context.Rdi,
                                   .r12 = Context.R12,
                                   .r13 = Context.R13,
                                   .r14 = Context.R14,
                                   .r15 = Context.R15,
                                   .rip = Context.Rip};
    if (KiIsInDriver(Context.Rip) && KiUnwindPast(&Context, TRUE)) {
        Registers->r11 = Context.Rsp;
    }
    return Registers;
}

VOID
KiLookPoint(const volatile VOID *Object)
{
    struct abi_trap Registers;
    KI_POINT Point = {.Registers = KiPoller(&Registers, FALSE)};

    KiAcquirePoint(SP_READ_STATE, Object, NULL, Point.Registers != NULL ? (ULONG_PTR)&Point : 0);
}
