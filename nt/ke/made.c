/*
 * made.c - what images have made and must unmake, and nobody else lists: lookaside lists, resources, event providers, entries
 * of the error log. They lie in the driver's memory, or have no routine of its that would lead back to it.
 *
 * Who has made what is remembered by the object's address, in plain runs only: what a slot holds depends on who came last,
 * and a search must not see that two threads have made something in another order. nt/ke/left.c tells it at unload.
 *
 *   M1  An object stands in one of the KI_MADE_WINDOW slots from where its address leads. When all are taken the first is
 *       lost: what is told at unload is true, but not all is told of who makes thousands.
 */
#include "nt/ke/ki.h"
#include "nt/inc/left.h"

#define KI_MADE_WINDOW 16

static PKI_MADE
KiMadeSlot(const volatile VOID *Object, ULONG Step)
{
    ULONG64 Place = ((ULONG64)Object * 0x9E3779B97F4A7C15ull) >> (64 - KI_MADE_BITS);

    return &KiMade[(Place + Step) % RTL_NUMBER_OF(KiMade)];
}

static PKI_MADE
KiFindMade(const volatile VOID *Object)
{
    for (ULONG Step = 0; Step < KI_MADE_WINDOW; Step++) {
        if (KiMadeSlot(Object, Step)->Object == Object) {
            return KiMadeSlot(Object, Step);
        }
    }
    return NULL;
}

VOID
KiNoteMade(const char *What, const volatile VOID *Object, PVOID Caller)
{
    PKI_MADE Slot;

    if (Machine->explore) {
        return;
    }
    Slot = KiFindMade(Object);
    for (ULONG Step = 0; Slot == NULL && Step < KI_MADE_WINDOW; Step++) {
        Slot = KiMadeSlot(Object, Step)->Object == NULL ? KiMadeSlot(Object, Step) : NULL;
    }
    if (Slot == NULL) {
        Slot = KiMadeSlot(Object, 0); /* M1 */
    }
    Slot->Object = Object;
    Slot->Caller = Caller;
    Slot->What = What;
}

VOID
KiForgetMade(const volatile VOID *Object)
{
    PKI_MADE Slot = Machine->explore ? NULL : KiFindMade(Object);

    if (Slot != NULL) {
        Slot->Object = NULL;
    }
}

VOID
KiListMade(ULONG64 Start, ULONG64 Size, KI_LEFT_SAY *Say, PVOID Context)
{
    if (Machine->explore) {
        return; /* nothing is remembered, and each run of a search unloads */
    }
    for (ULONG i = 0; i < RTL_NUMBER_OF(KiMade); i++) {
        if (KiMade[i].Object != NULL && (ULONG64)KiMade[i].Caller - Start < Size) {
            Say(Context, KiMade[i].What, KiMade[i].Object, KiMade[i].Caller);
        }
    }
}
