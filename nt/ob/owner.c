/*
 * owner.c - whose is a kernel handle? The driver that has made it, for the list of what it leaves behind (nt/ke/left.c).
 *
 * Asked when the handle is made, of the stack: the first driver under test on the way from here back. An entry of the kernel's table keeps the
 * window of addresses that its image lies in, beside its attributes; with the entry it goes.
 */
#include "obp.h"
#include "nt/inc/left.h"
#include "nt/inc/rtl.h"

#define OBP_WALK 24

/* Frame by frame, for the driver is mostly a few calls away and the rest of the stack is the longer part. */
VOID
ObpNoteOwner(POBP_ENTRY Entry)
{
    CONTEXT Context;
    ULONG_PTR Low, High;
    PVOID Caller;

    RtlCaptureContext(&Context);
    RtlpGetStackLimits(&Low, &High);
    for (ULONG i = 0; i < OBP_WALK; i++) {
        ULONG64 Window;
        PKI_MODULE Module;

        if (RtlpWalkContext(&Context, Low, High, 0, &Caller, 1) == 0) {
            break;
        }
        Window = ((ULONG64)Caller - ABI_IMAGE_BASE) / ABI_IMAGE_WINDOW;
        if (Window == 0 || Window >= ABI_IMAGE_WINDOWS) {
            continue; /* the kernel */
        }
        Module = MiFindModule(Caller);
        if (Module != NULL && Module->UnderTest) {
            Entry->Attributes |= (ULONG)Window << OBP_OWNER_SHIFT;
            break;
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
