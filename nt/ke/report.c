/*
 * report.c - what only the kernel can tell about how a run ended: stacks, threads, the last driver calls.
 *
 * The text goes to the host line by line (HcReportText); each line is a word and fields separated by
 * tabs, so that the host can format them for people and for machines:
 *
 *     process  name  pid
 *     thread   address  tid  process  state  priority  irql  kernel-apc  special-apc  irp-or-wait
 *     frame    index  rip  rsp
 *     region   kind  caller
 *     call     device  major  minor  irp  driver-routine  status
 */
#include "nt/ke/ki.h"
#include "nt/inc/rtl.h"

static VOID KiLine(const char *Text)
{
    Hc->report_text(Text, strlen(Text));
}

#define KI_MAXIMUM_FRAMES 48

/* Walks from Context to the end of the kernel stack, or to user mode. */
static VOID KiReportFrames(PCONTEXT Start)
{
    CONTEXT Context;
    char Text[128];

    RtlCopyMemory(&Context, Start, sizeof(Context));
    for (ULONG Index = 0; Index < KI_MAXIMUM_FRAMES && Context.Rip != 0; Index++) {
        ULONG64 ImageBase = 0, Establisher, Before = Context.Rsp;
        PRUNTIME_FUNCTION Function;
        PVOID HandlerData;

        KiFormatText(Text, sizeof(Text), "frame\t%u\t%p\t%p\n", Index, HcOriginalRip(Context.Rip), Context.Rsp);
        KiLine(Text);
        if (ABI_IS_USER(Context.Rip) && ABI_IS_USER(Context.Rsp)) {
            break; /* the user's part of the stack: one frame says where it called from */
        }
        Function = RtlLookupFunctionEntry(Context.Rip, &ImageBase, NULL);
        if (!MmIsAddressValid((PVOID)Context.Rsp)) {
            break;
        }
        if (Function == NULL) {
            Context.Rip = *(PULONG64)Context.Rsp;
            Context.Rsp += 8;
        } else {
            RtlVirtualUnwind(UNW_FLAG_NHANDLER, ImageBase, Context.Rip, Function, &Context, &HandlerData, &Establisher,
                             NULL);
        }
        if (Context.Rsp <= Before && !ABI_IS_USER(Context.Rsp)) {
            break;
        }
    }
}

/* The context in which a thread that does not run left its processor: the frame of KiSwapStack. */
static VOID KiContextOfSwapped(PVOID Stack, PCONTEXT Context)
{
    ULONG64 Rsp = (ULONG64)Stack;
    PULONG64 Saved = (PULONG64)(Rsp + 0xB8);

    RtlZeroMemory(Context, sizeof(*Context));
    RtlCopyMemory(&Context->Xmm6, (PVOID)Rsp, 10 * sizeof(M128A));
    Context->R15 = Saved[0];
    Context->R14 = Saved[1];
    Context->R13 = Saved[2];
    Context->R12 = Saved[3];
    Context->Rdi = Saved[4];
    Context->Rsi = Saved[5];
    Context->Rbx = Saved[6];
    Context->Rbp = Saved[7];
    Context->Rip = Saved[8];
    Context->Rsp = (ULONG64)&Saved[9];
}

static VOID KiReportThread(PKTHREAD Thread, PCONTEXT Context)
{
    static const char *const States[] = {"initialized", "ready",      "running", "standby",
                                         "terminated",  "waiting",    "transition", "deferred"};
    char Text[256];
    CONTEXT Swapped;
    ULONG Irql = Thread->State == Running ? KiProcessor[Thread->NextProcessor]->Irql
                                          : (Thread->State == Waiting ? Thread->WaitIrql : 0);
    PEPROCESS Process = (PEPROCESS)Thread->Process;

    KiFormatText(Text, sizeof(Text), "thread\t%p\t%u\t%s\t%s\t%u\t%u\t%x\t%x\t%p\t%u\n", Thread,
             (ULONG)(ULONG_PTR)((PETHREAD)Thread)->Cid.UniqueThread,
             Thread->Process == &KiIdleProcess ? "Idle" : (const char *)Process->ImageFileName, States[Thread->State & 7],
             (ULONG)Thread->Priority, Irql, (ULONG)(LONG)Thread->KernelApcDisable, (ULONG)(LONG)Thread->SpecialApcDisable,
             Thread->State == Waiting && Thread->WaitObjectCount != 0 ? Thread->WaitBlockList[0].Object : NULL,
             (ULONG)Thread->WaitReason);
    KiLine(Text);
    for (ULONG Index = 0; Index < Thread->RegionDepth && Index < RTL_NUMBER_OF(Thread->Region); Index++) {
        KiFormatText(Text, sizeof(Text), "region\t%s\t%p\n", Thread->Region[Index].Kind ? "guarded" : "critical",
                 Thread->Region[Index].Caller);
        KiLine(Text);
    }
    if (Context == NULL && Thread->State != Initialized && Thread->State != Terminated) {
        /* Running elsewhere: its processor's saved stack; else its own. */
        PVOID Stack = Thread->State == Running ? KiProcessor[Thread->NextProcessor]->Prcb.SavedRsp : Thread->KernelStack;

        if (MmIsAddressValid(Stack)) {
            KiContextOfSwapped(Stack, &Swapped);
            Context = &Swapped;
        }
    }
    if (Context != NULL) {
        KiReportFrames(Context);
    }
}

static VOID KiContextOfTrap(struct abi_trap *Raw, PCONTEXT Context)
{
    RtlZeroMemory(Context, sizeof(*Context));
    Context->Rax = Raw->rax;
    Context->Rcx = Raw->rcx;
    Context->Rdx = Raw->rdx;
    Context->Rbx = Raw->rbx;
    Context->Rsp = Raw->rsp;
    Context->Rbp = Raw->rbp;
    Context->Rsi = Raw->rsi;
    Context->Rdi = Raw->rdi;
    Context->R8 = Raw->r8;
    Context->R9 = Raw->r9;
    Context->R10 = Raw->r10;
    Context->R11 = Raw->r11;
    Context->R12 = Raw->r12;
    Context->R13 = Raw->r13;
    Context->R14 = Raw->r14;
    Context->R15 = Raw->r15;
    Context->Rip = Raw->original_rip;
}

VOID KiReportStop(const struct abi_stop *Why, PCONTEXT Context)
{
    PKTHREAD Current = KiThread();
    CONTEXT Here;

    if (PsInitialSystemProcess == NULL) {
        return; /* before there were threads */
    }
    if (Why->trap != 0) {
        KiContextOfTrap((struct abi_trap *)Why->trap, &Here);
        Context = &Here;
    } else if (Context == NULL) {
        RtlCaptureContext(&Here);
        Context = &Here;
    }
    KiReportThread(Current, Context);
    for (PLIST_ENTRY Link = PsActiveProcessHead.Flink; Link != &PsActiveProcessHead; Link = Link->Flink) {
        PKPROCESS Process = &CONTAINING_RECORD(Link, EPROCESS, ActiveProcessLinks)->Pcb;

        for (PLIST_ENTRY Entry = Process->ThreadListHead.Flink; Entry != &Process->ThreadListHead; Entry = Entry->Flink) {
            PKTHREAD Thread = CONTAINING_RECORD(Entry, KTHREAD, ThreadListEntry);

            if (Thread != Current) {
                KiReportThread(Thread, NULL);
            }
        }
    }
}
