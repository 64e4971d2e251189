/*
 * walk.c - return addresses of the present stack, without running anybody's handlers.
 *
 * Source: Microsoft Learn: RtlCaptureStackBackTrace, RtlWalkFrameChain (ntddk.h, ntifs.h).
 */
#include "nt/rtl/rtlp.h"

/*
 * Return addresses from the frame of Context on, in the stack from Low to High; the first of them is Context's own rip.
 */
ULONG
RtlpWalkContext(PCONTEXT Context, ULONG_PTR Low, ULONG_PTR High, ULONG Skip, PVOID *Callers,
                ULONG Count)
{
    ULONG Found = 0;

    while (Found < Count) {
        ULONG64 Rip = RtlpOriginalRip(Context->Rip), ImageBase, Frame;
        PRUNTIME_FUNCTION Function;
        PVOID HandlerData;

        if (Rip == 0 || Context->Rsp < Low || Context->Rsp >= High || (Context->Rsp & 7) != 0) {
            break;
        }
        if (Skip != 0) {
            Skip--;
        } else {
            Callers[Found++] = (PVOID)Rip;
        }
        Function = RtlLookupFunctionEntry(Rip, &ImageBase, NULL);
        if (Function == NULL) {
            if (ImageBase == 0) {
                break; /* not in an image: no telling how its frame looks */
            }
            Context->Rip = *(PULONG64)Context->Rsp;
            Context->Rsp += 8;
            continue;
        }
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, ImageBase, Rip, Function, Context, &HandlerData, &Frame,
                         NULL);
    }
    return Found;
}

__attribute__((noinline)) ULONG NTAPI
RtlWalkFrameChain(PVOID *Callers, ULONG Count, ULONG Flags)
{
    CONTEXT Context;
    ULONG_PTR Low, High;

    /* Bit 0 asks for the user-mode stack of the thread. Bits 8 up: frames to skip. */
    if (Flags & 1) {
        return 0;
    }
    RtlCaptureContext(&Context);
    RtlpGetStackLimits(&Low, &High);
    return RtlpWalkContext(&Context, Low, High, 1 + (Flags >> 8), Callers, Count);
}

__attribute__((noinline)) USHORT NTAPI
RtlCaptureStackBackTrace(ULONG FramesToSkip, ULONG FramesToCapture, PVOID *BackTrace,
                         PULONG BackTraceHash)
{
    CONTEXT Context;
    ULONG_PTR Low, High;
    ULONG Found, Index, Hash = 0;

    RtlCaptureContext(&Context);
    RtlpGetStackLimits(&Low, &High);
    Found = RtlpWalkContext(&Context, Low, High, 1 + FramesToSkip, BackTrace,
                            min(FramesToCapture, 0xFFFF));
    for (Index = 0; Index < Found; Index++) {
        Hash += (ULONG)(ULONG_PTR)BackTrace[Index];
    }
    if (BackTraceHash != NULL) {
        *BackTraceHash = Hash;
    }
    return (USHORT)Found;
}
