/*
 * record.c - every step into the trace ring, with the line of the driver that it comes from.
 *
 * Only while a finding is run again, and in a run whose steps somebody wants to see (Machine->record): a search
 * passes millions of steps and looks at none of them. A record is written when an agent is let go on, so their order is that of the steps:
 *     kind, object   the operation
 *     caller         the return address in the image under test, else in the first that is not ours
 *     arg 0          what the host says of the choice (enum abi_step), 0: nobody was asked
 *     arg 1          the return address one frame further in: in the routine that was called
 *     arg 2          the return address one frame further out, 0: none
 *     arg 3          enum abi_step_flags; bits 32..47 and 48..63: the thread's KernelApcDisable and SpecialApcDisable
 *                    before the step
 *
 *   V1  The walk uses a stack of its own: what a driver finds below its stack pointer must not depend on
 *       whether somebody records.
 */
#include "nt/ke/ki.h"
#include "nt/inc/rtl.h"

#define KI_RECORD_FRAMES 24
#define KI_HIDDEN        (-(1ll << 40))

static BOOLEAN
KiIsOurs(const VOID *Address)
{
    PKI_MODULE Module = MiFindModule(Address);

    return Module == NULL || MiFindModule((PVOID)KiRecordStep) == Module;
}

static VOID
KiRecordOnStack(PVOID Parameter)
{
    PKI_RECORDING Recording = Parameter;
    PVOID Frames[KI_RECORD_FRAMES];
    ULONG Count = RtlpWalkContext(&Recording->Context, Recording->Low, Recording->High, 0, Frames,
                                  KI_RECORD_FRAMES),
          Found = Count;

    for (ULONG Index = 0; Index < Count; Index++) {
        PKI_MODULE Module = MiFindModule(Frames[Index]);

        if (Module != NULL && Module->UnderTest) {
            Found = Index;
            break;
        }
        if (Found == Count && !KiIsOurs(Frames[Index])) {
            Found = Index;
        }
    }
    Recording->Site = Found < Count ? (ULONG64)Frames[Found] : 0;
    Recording->Callee = Found < Count && Found > 0 ? (ULONG64)Frames[Found - 1] : 0;
    Recording->Outer = Found + 1 < Count ? (ULONG64)Frames[Found + 1] : 0;
}

/* Would it have to wait, and does it go on by its time-out? */
static ULONG64
KiStepFlags(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
            ULONG_PTR Context)
{
    ULONG64 Flags = 0;

    if (WouldWait == NULL || Operation == SP_OBJECT || Operation == SP_TRY_LOCK ||
        Operation == SP_TRY_SHARED || Operation == SP_RELEASE_LOCK) {
        return 0;
    }
    if (WouldWait == KiWouldBlock) {
        KI_PENDING_WAIT Wait = *(PKI_PENDING_WAIT)Context;

        Flags = (ULONG64)Wait.Count << 16;
        if (Wait.Timed) {
            Wait.Timed = FALSE;
            return Flags | (Operation != SP_DELAY && KiWouldBlock(Object, (ULONG_PTR)&Wait)
                                ? ABI_STEP_TIMES_OUT
                                : 0);
        }
    }
    return Flags | (WouldWait(Object, Context) ? ABI_STEP_BLOCKS : 0);
}

/* An access that the kernel does for a driver is one of the call's line (copy.c), not of what follows it. */
static ULONG64
KiSiteOfStep(ULONG64 Caller, ULONG Operation, ULONG_PTR Context)
{
    PKI_POINT Point = (PKI_POINT)Context;

    if ((Operation == SP_MEMORY_READ || Operation == SP_MEMORY_WRITE) && Point != NULL &&
        Point->Site + 1 == Caller) {
        return Point->Site;
    }
    return Caller;
}

VOID
KiRecordStep(ULONG Operation, const volatile VOID *Object, PKI_WOULD_WAIT WouldWait,
             ULONG_PTR Context)
{
    KI_RECORDING *Recording = &KiRecording;
    ULONG64 Choice = Machine->choice, Counts;
    volatile struct abi_record *Record;
    PKTHREAD Thread = KiThread();

    Machine->choice = 0;
    RtlCaptureContext(&Recording->Context);
    RtlpGetStackLimits(&Recording->Low, &Recording->High);
    KiCallOnStack(Recording->Stack + sizeof(Recording->Stack), KiRecordOnStack, Recording);
    Counts = (ULONG64)(USHORT)Thread->KernelApcDisable |
             (KiVersion->SpecialApcDisable ? (ULONG64)(USHORT)Thread->SpecialApcDisable << 16 : 0);
    Record = KiTrace(Operation, Object, Choice, Recording->Callee, Recording->Outer,
                     KiStepFlags(Operation, Object, WouldWait, Context) | Counts << 32);
    Record->caller = KiSiteOfStep(Recording->Site, Operation, Context);
}

VOID
KiHideBudget(VOID)
{
    if ((Machine->record & KI_EACH_STEP) && !Machine->explore && Machine->budget > KI_HIDDEN / 2) {
        KiRecording.Budget = Machine->budget;
        Machine->budget = KI_HIDDEN;
    }
}

VOID
KiShowBudget(VOID)
{
    if (Machine->budget <= KI_HIDDEN / 2) {
        Machine->budget = KiRecording.Budget;
    }
}

BOOLEAN
KiSpendBudget(VOID)
{
    if (Machine->budget > KI_HIDDEN / 2) {
        return FALSE;
    }
    KiRecording.Budget--;
    if (KiRecording.Budget < 0) {
        KiShowBudget();
        return FALSE;
    }
    return TRUE;
}

ULONG64
KiHashWords(ULONG64 Hash, const ULONG64 *Words, const ULONG64 *End)
{
    for (; Words < End; Words++) {
        Hash = (Hash ^ *Words) * 0x9E3779B97F4A7C15ull;
        Hash ^= Hash >> 29;
    }
    return Hash;
}

/* The stack of who asks from its caller's frame on, and what its user-mode code has on its page of stack. */
__attribute__((noinline)) ULONG64
KiHashStacks(VOID)
{
    PKTHREAD Thread = KiThread();
    ULONG64 Here = (ULONG64)__builtin_frame_address(0) + 16, Hash = 1, Rsp;
    PKTRAP_FRAME Frame;

    if (Here < (ULONG64)Thread->StackLimit || Here >= (ULONG64)Thread->InitialStack) {
        return Here; /* a DPC's */
    }
    Hash = KiHashWords(Hash, (PULONG64)Here, Thread->InitialStack);
    Frame = (PKTRAP_FRAME)Thread->InitialStack - 1;
    Rsp = Thread->Teb != NULL ? Frame->Rsp & ~7ull : 0;
    if (Rsp != 0 && ABI_IS_USER(Rsp) && MmIsAddressValid((PVOID)Rsp)) {
        Hash = KiHashWords(Hash, (PULONG64)Rsp, (PULONG64)((Rsp | 0xFFF) + 1));
    }
    return Hash;
}
