/*
 * left.c - what an unloaded driver leaves behind. Into its image lead timers, DPCs, work items, threads, APCs and registered
 * routines; out of it came pool, symbolic links, kernel handles, what it has made (made.c) and devices (nt/io/driver.c).
 *
 * When an image goes, all of it is written down as text; if it is called after that, the bugcheck (0xCE) says it. Who has
 * queued a timer, DPC, APC or work item is remembered for the last ones only (KiQueued), by the object's address.
 * Where the verifier does not watch, all is printed when the image goes.
 */
#include "nt/ke/ki.h"
#include "nt/inc/crt.h"
#include "nt/inc/ps.h"
#include "nt/inc/ex.h"
#include "nt/inc/left.h"
#include "nt/inc/vf.h"

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

/* So much more text is there. */
static VOID
KiUsed(PKI_LEFT Left, int Length)
{
    Left->Text += Length;
    Left->Room -= (ULONG)Length;
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
    KiUsed(Left, Length);
    if (Slot->Object == Object && KiIsIn(Left, Slot->Caller)) {
        Length = KiFormatText(Left->Text, Left->Room, ", queued at %a", Slot->Caller);
        KiUsed(Left, Length);
    }
}

static PVOID
KiRoutineOfDpc(PKDPC Dpc)
{
    PVOID Callback = ExpCallbackOfDpc(Dpc);

    return Callback != NULL ? Callback : (PVOID)Dpc->DeferredRoutine;
}

static VOID
KiListTimers(PKI_LEFT Left)
{
    for (PLIST_ENTRY At = KiTimerListHead.Flink; At != &KiTimerListHead; At = At->Flink) {
        PKTIMER Timer = CONTAINING_RECORD(At, KTIMER, TimerListEntry);

        if (!MmIsAddressValid(Timer)) {
            break; /* its memory has been freed, and the list is damaged */
        }
        if (Timer->Dpc != KI_THREAD_TIMER && MmIsAddressValid(Timer->Dpc) &&
            KiIsIn(Left, KiRoutineOfDpc(Timer->Dpc))) {
            KiSayLeft(Left, "a timer", Timer, KiRoutineOfDpc(Timer->Dpc));
        }
    }
}

static VOID
KiListDpcs(PKI_LEFT Left)
{
    for (ULONG64 Set = KiMayHaveDpcs(); Set != 0; Set &= Set - 1) {
        PLIST_ENTRY Head = &KiProcessor[__builtin_ctzll(Set)]->Prcb.DpcListHead;

        for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
            PKDPC Dpc = CONTAINING_RECORD(At, KDPC, DpcListEntry);

            if (KiIsIn(Left, KiRoutineOfDpc(Dpc))) {
                KiSayLeft(Left, "a DPC", Dpc, KiRoutineOfDpc(Dpc));
            }
        }
    }
}

static VOID
KiListThreads(PKI_LEFT Left)
{
    for (PETHREAD Thread = NULL;
         (Thread = PspNextThreadOf(PsInitialSystemProcess, Thread)) != NULL;) {
        if (KiIsIn(Left, Thread->StartAddress) && Thread->Tcb.Header.SignalState == 0) {
            KiSayLeft(Left, "a thread", Thread, Thread->StartAddress);
        }
    }
}

static VOID
KiListApcs(PKI_LEFT Left, PKTHREAD Thread)
{
    for (ULONG Mode = 0; Mode < 2; Mode++) {
        PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[Mode];

        for (PLIST_ENTRY At = Head->Flink; At != NULL && At != Head; At = At->Flink) {
            PKAPC Apc = CONTAINING_RECORD(At, KAPC, ApcListEntry);
            PVOID Routine = (PVOID)Apc->KernelRoutine;

            if (!KiIsIn(Left, Routine) && Mode == KernelMode) {
                Routine = (PVOID)Apc->NormalRoutine;
            }
            if (KiIsIn(Left, Routine)) {
                KiSayLeft(Left, "an APC", Apc, Routine);
            }
        }
    }
}

static VOID
KiListAllApcs(PKI_LEFT Left)
{
    for (PETHREAD Thread = NULL; (Thread = PspNextThread(Thread)) != NULL;) {
        KiListApcs(Left, &Thread->Tcb);
    }
}

static VOID
KiSayRoutine(PVOID Context, const char *What, const volatile VOID *Object, PVOID Routine)
{
    PKI_LEFT Left = Context;

    if (KiIsIn(Left, Routine) && Left->Room >= 160) {
        int Length = KiFormatText(Left->Text, Left->Room, "%s%s: %a", Left->Count++ ? "; " : "",
                                  What, Routine);

        KiUsed(Left, Length);
    }
}

static VOID
KiListBugCheckCallbacks(PKI_LEFT Left)
{
    for (PLIST_ENTRY At = KiBugCheckCallbacks.Flink; At != &KiBugCheckCallbacks; At = At->Flink) {
        PKBUGCHECK_CALLBACK_RECORD Record = CONTAINING_RECORD(At, KBUGCHECK_CALLBACK_RECORD, Entry);

        KiSayRoutine(Left, "a bug check callback", Record, (PVOID)Record->CallbackRoutine);
    }
    for (PLIST_ENTRY At = KiBugCheckReasonCallbacks.Flink; At != &KiBugCheckReasonCallbacks;
         At = At->Flink) {
        PKBUGCHECK_REASON_CALLBACK_RECORD Record =
            CONTAINING_RECORD(At, KBUGCHECK_REASON_CALLBACK_RECORD, Entry);

        KiSayRoutine(Left, "a bug check callback", Record, (PVOID)Record->CallbackRoutine);
    }
}

static VOID
KiListNotify(PKI_LEFT Left, PLIST_ENTRY Head, const char *What)
{
    for (PLIST_ENTRY At = Head->Flink; At != Head; At = At->Flink) {
        PKI_NOTIFY Notify = CONTAINING_RECORD(At, KI_NOTIFY, Links);

        KiSayRoutine(Left, What, Notify, Notify->Routine);
    }
}

static VOID
KiSayAtWork(PVOID Context, const char *What, const volatile VOID *Object, PVOID Routine)
{
    if (KiIsIn(Context, Routine)) {
        KiSayLeft(Context, What, Object, Routine);
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
    ExpListAtWork(KiSayAtWork, &Left);
    KiListThreads(&Left);
    KiListAllApcs(&Left);
    PspListRoutines(KiSayRoutine, &Left);
    CmpListRoutines(KiSayRoutine, &Left);
    ObpListRoutines(KiSayRoutine, &Left);
    ExpListRoutines(KiSayRoutine, &Left);
    IopListRoutines(KiSayRoutine, &Left);
    SepListRoutines(KiSayRoutine, &Left);
    KiListBugCheckCallbacks(&Left);
    KiListNotify(&Left, &KiProcessorCallbacks, "a processor change callback");
    KiListNotify(&Left, &KiNmiCallbacks, "an NMI callback");
}

static VOID
KiSayPool(PVOID Context, ULONG Tag, ULONG Count, SIZE_T Bytes)
{
    PKI_LEFT Left = Context;
    char Name[5] = {0};
    int Length;

    for (ULONG i = 0; i < 4; i++) {
        UCHAR c = (UCHAR)(Tag >> (8 * i));

        Name[i] = c >= 0x20 && c < 0x7F ? (char)c : '.';
    }
    if (Left->Room >= 160) {
        Length = KiFormatText(Left->Text, Left->Room, "%s%u %s of pool with the tag %s, %u bytes",
                              Left->Count++ ? "; " : "", Count, Count == 1 ? "block" : "blocks",
                              Name, (ULONG)Bytes);
        KiUsed(Left, Length);
    }
}

static VOID
KiSayLink(PVOID Context, PCWSTR Name)
{
    PKI_LEFT Left = Context;
    UNICODE_STRING Text;
    int Length;

    RtlInitUnicodeString(&Text, Name);
    if (Left->Room >= 240) {
        Length = _snprintf(Left->Text, Left->Room, "%sthe symbolic link %wZ",
                           Left->Count++ ? "; " : "", &Text);
        KiUsed(Left, Length);
    }
}

static VOID
KiSayHandle(PVOID Context, HANDLE Handle, PCUNICODE_STRING Type, PCUNICODE_STRING Name)
{
    PKI_LEFT Left = Context;
    int Length;

    if (Left->Room >= 240) {
        Length =
            _snprintf(Left->Text, 200, "%sthe handle 0x%p: %wZ%s%wZ", Left->Count++ ? "; " : "",
                      Handle, Type, Name->Length != 0 ? " " : "", Name);
        KiUsed(Left, Length >= 0 && Length < 200 ? Length : 199);
    }
}

static VOID
KiSayMade(PVOID Context, const char *What, const volatile VOID *Object, PVOID Caller)
{
    PKI_LEFT Left = Context;
    int Length;

    if (Left->Room >= 200) {
        Length = KiFormatText(Left->Text, Left->Room, "%s%s 0x%p, made at %a",
                              Left->Count++ ? "; " : "", What, Object, Caller);
        KiUsed(Left, Length);
    }
    KiForgetMade(Object); /* its code goes */
}

/* Timers that would queue nothing, but are linked where they lie: in the image, or where its code has set them. */
static VOID
KiListBareTimers(PKI_LEFT Left)
{
    for (PLIST_ENTRY At = KiTimerListHead.Flink; At != &KiTimerListHead; At = At->Flink) {
        PKTIMER Timer = CONTAINING_RECORD(At, KTIMER, TimerListEntry);
        PKI_QUEUED Slot = KiQueuedSlot(Timer);

        if (!MmIsAddressValid(Timer)) {
            break;
        }
        if (Timer->Dpc == NULL &&
            (KiIsIn(Left, Timer) || (Slot->Object == Timer && KiIsIn(Left, Slot->Caller)))) {
            KiSayMade(Left, "a set timer without a DPC", Timer,
                      Slot->Object == Timer ? Slot->Caller : NULL);
        }
    }
}

VOID
KiTellKept(PKI_MODULE Module, ULONG Count)
{
    char Text[1200], Line[1400];
    KI_LEFT Left = {.Text = Text, .Room = sizeof(Text)};

    Text[0] = 0;
    if (VfHooks != NULL && VfHooks->IsVerified(Module->DllBase)) {
        return;
    }
    KiListMade((ULONG64)Module->DllBase, Module->SizeOfImage, KiSayMade, &Left);
    _snprintf(Line, sizeof(Line),
              "ntlab: %wZ has been unloaded, and its image stays: %u %s to its driver object %s "
              "left%s%s\n",
              &Module->BaseDllName, Count, Count == 1 ? "reference" : "references",
              Count == 1 ? "is" : "are", Text[0] != 0 ? ": " : "", Text);
    HcPrint(ABI_OUT_DEBUG, Line, strlen(Line));
}

VOID
KiTellLeft(PKI_MODULE Module, const char *Routines)
{
    char Text[1200], Line[1400];
    KI_LEFT Left = {.Start = (ULONG64)Module->DllBase,
                    .Size = Module->SizeOfImage,
                    .Text = Text,
                    .Room = sizeof(Text)};

    Text[0] = 0;
    if (Routines[0] != 0) {
        Left.Count = 1;
        RtlCopyMemory(Text, Routines, strlen(Routines) + 1);
        Left.Text += strlen(Routines);
        Left.Room -= (ULONG)strlen(Routines);
    }
    ExpCloseOwner(Module->DllBase, KiSayPool, &Left);
    IopListLinks(Left.Start, Left.Size, KiSayLink, &Left);
    ObpListHandles(Left.Start, KiSayHandle, &Left);
    KiListMade(Left.Start, Left.Size, KiSayMade, &Left);
    KiListBareTimers(&Left);
    if (Text[0] == 0 || (VfHooks != NULL && VfHooks->IsVerified(Module->DllBase))) {
        return;
    }
    _snprintf(Line, sizeof(Line), "ntlab: %wZ is unloaded and leaves behind: %s\n",
              &Module->BaseDllName, Text);
    HcPrint(ABI_OUT_DEBUG, Line, strlen(Line));
}
