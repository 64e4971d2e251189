/*
 * owner.c - whose is a kernel handle? The driver that has made it, for the list of what it leaves behind (nt/ke/left.c).
 *
 * Asked when the handle is made, of the stack: the first driver under test on the way from here back. An entry of the kernel's table keeps the
 * window of addresses that its image lies in, beside its attributes; with the entry it goes. What the kernel's own frames take is kept, so that
 * most often the way to the driver is a few additions.
 */
#include "obp.h"
#include "nt/inc/left.h"
#include "nt/inc/rtl.h"

#define OBP_WALK 24

static struct abi_kept_frame *
ObpFrameAt(ULONG64 Rip)
{
    return (struct abi_kept_frame *)ABI_FRAMES + (Rip * 0x9E3779B97F4A7C15ull >> 57);
}
C_ASSERT(ABI_FRAME_COUNT == 1 << (64 - 57));

static ULONG64
ObpWindowOf(ULONG64 Rip)
{
    return (Rip - ABI_IMAGE_BASE) / ABI_IMAGE_WINDOW; /* 0: the kernel's */
}

static BOOLEAN
ObpIsOwner(ULONG64 Rip, POBP_ENTRY Entry)
{
    ULONG64 Window = ObpWindowOf(Rip);
    PKI_MODULE Module;

    if (Window == 0 || Window >= ABI_IMAGE_WINDOWS) {
        return FALSE;
    }
    Module = MiFindModule((PVOID)Rip);
    if (Module == NULL || !Module->UnderTest) {
        return FALSE;
    }
    Entry->Attributes |= (ULONG)Window << OBP_OWNER_SHIFT;
    return TRUE;
}

/* From the kernel to the driver, by frames that are known. FALSE: not all are, or there is something else in between. */
static BOOLEAN
ObpFindOwnerQuickly(PCONTEXT Context, ULONG_PTR High, POBP_ENTRY Entry)
{
    ULONG64 Rip = Context->Rip, Rsp = Context->Rsp;

    for (ULONG i = 0; i < OBP_WALK && ObpWindowOf(Rip) == 0; i++) {
        const struct abi_kept_frame *Frame = ObpFrameAt(Rip);

        if (Frame->rip != Rip || Frame->size > High - Rsp) {
            return FALSE;
        }
        Rsp += Frame->size;
        Rip = ((PULONG64)Rsp)[-1];
    }
    return ObpIsOwner(Rip, Entry);
}

/*
 * Of a function of the kernel's whose frame has one size: without a frame register, or with handlers, for which the compiler takes one. (No
 * function of the kernel makes room on its stack as it goes; what switches stacks has a frame register and no handler.)
 */
static VOID
ObpKeepFrame(ULONG64 Rip, ULONG64 Rsp, PCONTEXT Caller)
{
    ULONG64 ImageBase;
    PRUNTIME_FUNCTION Function = RtlLookupFunctionEntry(Rip, &ImageBase, NULL);
    const UCHAR *Info;

    if (Function == NULL || Caller->Rsp - Rsp < 8 || Caller->Rsp - Rsp > 0x10000 ||
        ((PULONG64)Caller->Rsp)[-1] != Caller->Rip) {
        return;
    }
    Info = (const UCHAR *)ImageBase + Function->UnwindData;
    if (((Info[3] & 0xF) == 0 || (Info[0] >> 3 & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER)) != 0) &&
        (Info[0] >> 3 & UNW_FLAG_CHAININFO) == 0) {
        *ObpFrameAt(Rip) = (struct abi_kept_frame){Rip, Caller->Rsp - Rsp};
    }
}

/* Frame by frame, for the driver is mostly a few calls away and the rest of the stack is the longer part. */
VOID
ObpNoteOwner(POBP_ENTRY Entry)
{
    CONTEXT Context;
    ULONG_PTR Low, High;
    PVOID Caller;

    RtlCaptureContext(&Context);
    RtlpGetStackLimits(&Low, &High);
    if (ObpFindOwnerQuickly(&Context, High, Entry)) {
        return;
    }
    for (ULONG i = 0; i < OBP_WALK; i++) {
        ULONG64 Rip = Context.Rip, Rsp = Context.Rsp;

        if (RtlpWalkContext(&Context, Low, High, 0, &Caller, 1) == 0 ||
            ObpIsOwner((ULONG64)Caller, Entry)) {
            break;
        }
        if (ObpWindowOf(Rip) == 0 && (ULONG64)Caller == Rip) {
            ObpKeepFrame(Rip, Rsp, &Context);
        }
    }
}

static PCUNICODE_STRING
ObpNameToSay(PVOID Object)
{
    return ObpTypeOf(Object) == IoFileObjectTypeP ? &((PFILE_OBJECT)Object)->FileName
                                                  : &ObpObject(Object)->Name;
}

VOID
ObpListHandles(ULONG64 Start, OBP_HANDLE_SAY *Say, PVOID Context)
{
    ULONG Window = (ULONG)((Start - ABI_IMAGE_BASE) / ABI_IMAGE_WINDOW), Index = 0;
    POBP_ENTRY Entry;

    while ((Entry = ObpNextEntry(ObpKernelTable, &Index)) != NULL) {
        if (Entry->Attributes >> OBP_OWNER_SHIFT == Window) {
            Entry->Attributes &= (1u << OBP_OWNER_SHIFT) - 1; /* its code goes */
            Say(Context, (HANDLE)((ULONG64)Index << 2 | OBP_KERNEL_HANDLE_BITS),
                &ObpTypeOf(Entry->Object)->Name, ObpNameToSay(Entry->Object));
        }
        Index++;
    }
}
