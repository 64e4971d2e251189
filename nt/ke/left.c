/*
 * left.c - what of an unloaded driver is still to come: timers, DPCs, work items and threads that lead into its image.
 *
 * When an image goes, all of it is written down as text; if it is called after that, the bugcheck (0xCE) says it. Who has
 * queued a timer, DPC or work item is remembered for the last ones only (KiQueued), by the object's address.
 */
#include "nt/ke/ki.h"
#include "nt/inc/ps.h"
#include "nt/inc/ex.h"

typedef struct _KI_LEFT {
    ULONG64 Start, Size;
    char *Text;
    ULONG Room, Count;
} KI_LEFT, *PKI_LEFT;

static PKI_QUEUED
KiQueuedSlot(const volatile VOID *Object)
{
    return &KiQueued[((ULONG64)Object * 0x9E3779B97F4A7C15ull) >> (64 - KI_QUEUED_BITS)];
}

VOID
KiNoteQueued(const volatile VOID *Object, PVOID Caller)
{
    PKI_QUEUED Slot = KiQueuedSlot(Object);

    Slot->Object = Object;
    Slot->Caller = Caller;
    Slot->Thread = KiThread()->Agent.Name;
}

static BOOLEAN
KiIsIn(PKI_LEFT Left, PVOID Routine)
{
    return (ULONG64)Routine - Left->Start < Left->Size;
}

static VOID
KiSayLeft(PKI_LEFT Left, const char *What, const volatile VOID *Object, PVOID Routine)
{
    PKI_QUEUED Slot = KiQueuedSlot(Object);
    int Length;

    if (Left->Room < 160) {
        return;
    }
    Length = KiFormatText(Left->Text, Left->Room, "%s%s 0x%p for %a", Left->Count++ ? "; " : "",
                          What, Object, Routine);
    Left->Text += Length;
    Left->Room -= (ULONG)Length;
    if (Slot->Object == Object && KiIsIn(Left, Slot->Caller)) {
        Length = KiFormatText(Left->Text, Left->Room, ", queued at %a", Slot->Caller);
        Left->Text += Length;
        Left->Room -= (ULONG)Length;
    }
}

static VOID
KiListTimers(PKI_LEFT Left)
{
    for (PLIST_ENTRY At = KiTimerListHead.Flink; At != &KiTimerListHead; At = At->Flink) {
        PKTIMER Timer = CONTAINING_RECORD(At, KTIMER, TimerListEntry);

        if (Timer->Dpc != NULL && Timer->Dpc != KI_THREAD_TIMER &&
            KiIsIn(Left, (PVOID)Timer->Dpc->DeferredRoutine)) {
            KiSayLeft(Left, "a timer", Timer, (PVOID)Timer->Dpc->DeferredRoutine);
        }
    }
}

static VOID
KiListDpcs(PKI_LEFT Left)
{
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        PLIST_ENTRY Head = &KiProcessor[Cpu]->Prcb.DpcListHead;

        for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
            PKDPC Dpc = CONTAINING_RECORD(At, KDPC, DpcListEntry);

            if (KiIsIn(Left, (PVOID)Dpc->DeferredRoutine)) {
                KiSayLeft(Left, "a DPC", Dpc, (PVOID)Dpc->DeferredRoutine);
            }
        }
    }
}

static VOID
KiListThreads(PKI_LEFT Left)
{
    PLIST_ENTRY Head = &PsInitialSystemProcess->Pcb.ThreadListHead;

    for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
        PETHREAD Thread = CONTAINING_RECORD(At, ETHREAD, Tcb.ThreadListEntry);

        if (KiIsIn(Left, Thread->StartAddress) && Thread->Tcb.Header.SignalState == 0) {
            KiSayLeft(Left, "a thread", Thread, Thread->StartAddress);
        }
    }
}

VOID
KiListLeft(ULONG64 Start, ULONG64 Size, char *Text, ULONG Bytes)
{
    KI_LEFT Left = {.Start = Start, .Size = Size, .Text = Text, .Room = Bytes};
    PWORK_QUEUE_ITEM Item = NULL;

    Text[0] = 0;
    KiListTimers(&Left);
    KiListDpcs(&Left);
    while ((Item = ExpNextWorkItem(Item)) != NULL) {
        if (KiIsIn(&Left, (PVOID)Item->WorkerRoutine)) {
            KiSayLeft(&Left, "a work item", Item, (PVOID)Item->WorkerRoutine);
        }
    }
    KiListThreads(&Left);
}
