/*
 * report.c - what only the kernel can tell about how a run ended: threads, stacks, what waits for what.
 *
 * The text goes to the host line by line (HcReportText). A line is a word and fields `key=value` separated
 * by tabs; numbers are hexadecimal, and a key that means nothing here is left out. host/report reads them:
 *
 *     exception  that nobody took
 *     registers  of where the run ended
 *     pool       the block that an address of interest lies in
 *     cpu        number, IRQL, what it runs (one line each)
 *     thread     one for each, the current one first; what follows belongs to it:
  *     region       an open critical or guarded region, who entered it, and the lock that it came with
 *     held         a lock that it holds, and who acquired it
 *     apc          one that is queued to it; the IRP that it completes
 *     wait         an object that it waits for, with its owner where one is on record
 *     irp          a request that it has issued and that is not finished
 *     frame        of its kernel stack, newest first
 *     memory       what is on the user's stack, where that may be another's when the run has ended
 *     user         registers of that frame, where it is the user's or in an image that is gone: the host walks on
 *     again      what came before is of a moment that led to nothing: forget it
 *     broken     the report ends here, for writing it has faulted
 *
 *   R1  Nothing here may be trusted: a driver may have trampled any of it. Each pointer is looked at before it is
 *       followed and every walk ends; a fault in here ends the run with the verdict that led here (bugcheck.c).
 */
#include "nt/ke/ki.h"
#include "nt/inc/rtl.h"
#include "nt/inc/ex.h"

#define KI_MAXIMUM_FRAMES  64
#define KI_MAXIMUM_THREADS 512
#define KI_MAXIMUM_IRPS    16
#define KI_USER_STACK      0x2000 /* bytes of one that are kept */

#define KI_LINE(...)                                                                               \
    do {                                                                                           \
        char Text[512];                                                                            \
        int Length = KiFormatText(Text, sizeof(Text), __VA_ARGS__);                                \
        HcReportText(Text, Length);                                                                \
    } while (0)

static BOOLEAN
KiReadable(const volatile VOID *Address, ULONG Size)
{
    ULONG64 First = (ULONG64)Address;

    return First >= 0x10000 && MmIsAddressValid((PVOID)First) &&
           MmIsAddressValid((PVOID)(First + Size - 1));
}

static BOOLEAN
KiIsInGoneImage(PVOID Rip)
{
    return ABI_IS_SYSTEM((ULONG64)Rip) && !MmIsAddressValid(Rip) && MiIsUnloadedImage(Rip);
}

/* KiReportSuspended's: the run goes on after this report. */
static BOOLEAN
KiMomentPasses(VOID)
{
    return KiInjection.State == KiSuspensionProbed && !KiInjection.Reported;
}

/* Walks from Context to the end of the kernel stack, or to user mode. */
static VOID
KiReportFrames(PCONTEXT Start)
{
    CONTEXT Context;

    RtlCopyMemory(&Context, Start, sizeof(Context));
    for (ULONG Index = 0; Index < KI_MAXIMUM_FRAMES && (Index == 0 || Context.Rip != 0); Index++) {
        ULONG64 ImageBase = 0, Establisher, Before = Context.Rsp;
        PRUNTIME_FUNCTION Function;
        PVOID HandlerData;

        /* From a patch's trampoline back to the function: it says how to go on, and the stack is as in it. */
        Context.Rip = HcOriginalRip(Context.Rip);
        KI_LINE("frame\trip=%p\trsp=%p\trbp=%p\n", Context.Rip, Context.Rsp, Context.Rbp);
        if ((ABI_IS_USER(Context.Rip) && ABI_IS_USER(Context.Rsp)) ||
            KiIsInGoneImage((PVOID)Context.Rip)) {
            /* The user's part of the stack is the host's to walk: this process may not be open here. So is what an
               image's unwind data say that is gone. */
            if (KiMomentPasses()) {
                HcReportMemory(Context.Rsp, KI_USER_STACK);
            }
            KI_LINE("user\trbx=%p\trbp=%p\trsi=%p\trdi=%p\tr12=%p\tr13=%p\tr14=%p\tr15=%p\n",
                    Context.Rbx, Context.Rbp, Context.Rsi, Context.Rdi, Context.R12, Context.R13,
                    Context.R14, Context.R15);
            break;
        }
        Function = RtlLookupFunctionEntry(Context.Rip, &ImageBase, NULL);
        if (!KiReadable((PVOID)Context.Rsp, 8) && (Index != 0 || Function == NULL)) {
            break; /* the newest frame of a stack that is used up reaches out of it, its caller's does not */
        }
        if (Function == NULL) {
            Context.Rip = *(PULONG64)Context.Rsp;
            Context.Rsp += 8;
        } else {
            RtlVirtualUnwind(UNW_FLAG_NHANDLER, ImageBase, Context.Rip, Function, &Context,
                             &HandlerData, &Establisher, NULL);
        }
        if (Context.Rsp <= Before && !ABI_IS_USER(Context.Rsp)) {
            break;
        }
    }
}

/* The context in which a thread that does not run left its processor: the frame of KiSwapStack. */
static VOID
KiContextOfSwapped(PVOID Stack, PCONTEXT Context)
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

/* A lock built from dispatcher objects is what the thread means to wait for; nt/ex leaves its address. */
static BOOLEAN
KiReportLock(PKTHREAD Thread, PVOID Object)
{
    PFAST_MUTEX Mutex = CONTAINING_RECORD(Object, FAST_MUTEX, Event);
    PERESOURCE Resource = Thread->WaitLock;

    switch (Thread->WaitReason) {
    case WrFastMutex:
        if (KiReadable(Mutex, sizeof(*Mutex))) {
            KI_LINE("wait\tkind=fast-mutex\tobject=%p\towner=%p\n", Mutex, Mutex->Owner);
            return TRUE;
        }
        break;
    case WrPushLock:
        KI_LINE("wait\tkind=push-lock\tobject=%p\n", Thread->WaitLock);
        return TRUE;
    case WrResource:
        if (KiReadable(Resource, sizeof(*Resource))) {
            KI_LINE("wait\tkind=resource\tobject=%p\taccess=%s\theld=%s\towner=%p\n", Resource,
                    Object == (PVOID)Resource->SharedWaiters ? "shared" : "exclusive",
                    (Resource->Flag & ResourceOwnedExclusive) ? "exclusive" : "shared",
                    (PVOID)Resource->OwnerEntry.OwnerThread);
            if (KiReadable(Resource->OwnerTable, sizeof(*Resource->OwnerTable))) {
                for (ULONG Index = 1; Index < 64 && Index < Resource->OwnerTable[0].TableSize;
                     Index++) {
                    if (Resource->OwnerTable[Index].OwnerThread != 0) {
                        KI_LINE("owner\tthread=%p\n",
                                (PVOID)Resource->OwnerTable[Index].OwnerThread);
                    }
                }
            }
            return TRUE;
        }
        break;
    }
    return FALSE;
}

static VOID
KiReportWaits(PKTHREAD Thread)
{
    DISPATCHER_HEADER *Header;

    if (Thread->WaitObjectCount != 0 && KiReadable(Thread->WaitBlockList, sizeof(KI_WAIT_BLOCK)) &&
        KiReportLock(Thread, Thread->WaitBlockList[0].Object)) {
        return;
    }
    for (ULONG Index = 0; Index < Thread->WaitObjectCount && Index < MAXIMUM_WAIT_OBJECTS;
         Index++) {
        if (!KiReadable(&Thread->WaitBlockList[Index], sizeof(KI_WAIT_BLOCK))) {
            break;
        }
        Header = Thread->WaitBlockList[Index].Object;
        if (!KiReadable(Header, sizeof(*Header))) {
            KI_LINE("wait\tkind=gone\tobject=%p\n", Header);
            continue;
        }
        switch (Header->Type & 0x7F) {
        case KiObjEventNotification:
        case KiObjEventSynchronization:
            KI_LINE("wait\tkind=event\tobject=%p\n", Header);
            break;
        case KiObjMutant:
            KI_LINE("wait\tkind=mutex\tobject=%p\towner=%p\n", Header,
                    ((PKMUTANT)Header)->OwnerThread);
            break;
        case KiObjSemaphore:
            KI_LINE("wait\tkind=semaphore\tobject=%p\n", Header);
            break;
        case KiObjQueue:
            KI_LINE("wait\tkind=queue\tobject=%p\n", Header);
            break;
        case KiObjProcess:
            KI_LINE("wait\tkind=process\tobject=%p\n", Header);
            break;
        case KiObjThread:
            KI_LINE("wait\tkind=thread\tobject=%p\towner=%p\n", Header, Header);
            break;
        case KiObjTimerNotification:
        case KiObjTimerSynchronization:
            KI_LINE(Header == &Thread->Timer.Header ? "wait\tkind=delay\n"
                                                    : "wait\tkind=timer\tobject=%p\n",
                    Header);
            break;
        default:
            KI_LINE("wait\tkind=object\tobject=%p\n", Header);
        }
    }
    if (Thread->Timer.Header.Inserted && Thread->WaitObjectCount != 0) {
        KI_LINE("timeout\tdue=%p\n", Thread->Timer.DueTime.QuadPart);
    }
}

static VOID
KiReportIrps(PETHREAD Thread)
{
    ULONG Count = 0;
    PLIST_ENTRY Link = Thread->IrpList.Flink;

    for (; Link != &Thread->IrpList && Count < KI_MAXIMUM_IRPS && KiReadable(Link, sizeof(*Link));
         Link = Link->Flink) {
        PIRP Irp = CONTAINING_RECORD(Link, IRP, ThreadListEntry);
        PIO_STACK_LOCATION Stack;
        PDEVICE_OBJECT Device;

        Count++;
        if (!KiReadable(Irp, sizeof(*Irp)) || Irp->Type != IO_TYPE_IRP) {
            break;
        }
        Stack = Irp->CurrentLocation <= Irp->StackCount ? IoGetCurrentIrpStackLocation(Irp) : NULL;
        if (Stack == NULL || !KiReadable(Stack, sizeof(*Stack))) {
            KI_LINE("irp\taddress=%p\tcancel=%x\n", Irp, (ULONG)Irp->Cancel);
            continue;
        }
        Device = KiReadable(Stack->DeviceObject, sizeof(*Device)) ? Stack->DeviceObject : NULL;
        KI_LINE("irp\taddress=%p\tmajor=%x\tminor=%x\tcode=%x\tdevice=%p\tdriver=%p\tpending=%"
                "x\tcancel=%x\n",
                Irp, (ULONG)Stack->MajorFunction, (ULONG)Stack->MinorFunction,
                Stack->MajorFunction == IRP_MJ_DEVICE_CONTROL ||
                        Stack->MajorFunction == IRP_MJ_INTERNAL_DEVICE_CONTROL
                    ? Stack->Parameters.DeviceIoControl.IoControlCode
                    : 0,
                Stack->DeviceObject,
                Device != NULL && KiReadable(Device->DriverObject, sizeof(DRIVER_OBJECT))
                    ? Device->DriverObject->DriverStart
                    : NULL,
                (ULONG)(Stack->Control & SL_PENDING_RETURNED), (ULONG)Irp->Cancel);
    }
}

/* The locks that the thread has on record: nt/ex's, and its mutants. */
static VOID
KiReportHeld(PKTHREAD Thread)
{
    static const char *const Kinds[] = {[KiLockSpin] = "spin-lock",
                                        [KiLockFastMutex] = "fast-mutex",
                                        [KiLockResource] = "resource",
                                        [KiLockPushExclusive] = "push-lock",
                                        [KiLockPushShared] = "push-lock"};
    PLIST_ENTRY Link = Thread->MutantListHead.Flink;
    ULONG Count = 0;

    for (ULONG Index = 0; Index < Thread->HeldCount && Index < KI_HELD_LOCKS; Index++) {
        PKI_HELD_LOCK Held = &Thread->Held[Index];
        PERESOURCE Resource = (PERESOURCE)Held->Lock;
        BOOLEAN Shared = Held->Kind == KiLockPushShared ||
                         (Held->Kind == KiLockResource && KiReadable(Resource, sizeof(*Resource)) &&
                          !(Resource->Flag & ResourceOwnedExclusive));

        KI_LINE("held\tkind=%s\tobject=%p\tcaller=%p\taccess=%s\n",
                Held->Kind < RTL_NUMBER_OF(Kinds) && Kinds[Held->Kind] != NULL ? Kinds[Held->Kind]
                                                                               : "lock",
                Held->Lock, HcOriginalRip((ULONG64)Held->Caller), Shared ? "shared" : "exclusive");
    }
    for (; Link != &Thread->MutantListHead && Count++ < KI_MAXIMUM_IRPS &&
           KiReadable(Link, sizeof(*Link));
         Link = Link->Flink) {
        KI_LINE("held\tkind=mutex\tobject=%p\n", CONTAINING_RECORD(Link, KMUTANT, MutantListEntry));
    }
}

/* The IRP of the thread whose completion this APC is; NULL. */
static PIRP
KiIrpOfApc(PETHREAD Thread, PKAPC Apc)
{
    ULONG Count = 0;

    for (PLIST_ENTRY Link = Thread->IrpList.Flink;
         Link != &Thread->IrpList && Count++ < KI_MAXIMUM_IRPS && KiReadable(Link, sizeof(*Link));
         Link = Link->Flink) {
        PIRP Irp = CONTAINING_RECORD(Link, IRP, ThreadListEntry);

        if (Apc == &Irp->Tail.Apc) {
            return Irp;
        }
    }
    return NULL;
}

static VOID
KiReportApcs(PKTHREAD Thread)
{
    for (ULONG Mode = KernelMode; Mode <= UserMode; Mode++) {
        PLIST_ENTRY Head = &Thread->ApcState.ApcListHead[Mode], Link = Head->Flink;
        ULONG Count = 0;

        for (; Link != NULL && Link != Head && Count++ < KI_MAXIMUM_IRPS &&
               KiReadable(Link, sizeof(*Link));
             Link = Link->Flink) {
            PKAPC Apc = CONTAINING_RECORD(Link, KAPC, ApcListEntry);

            if (!KiReadable(Apc, sizeof(*Apc))) {
                break;
            }
            KI_LINE("apc\tkind=%s\taddress=%p\tkernel=%p\tnormal=%p\tirp=%p\n",
                    Apc == &Thread->SchedulerApc ? "suspend"
                    : Mode == UserMode           ? "user"
                    : Apc->NormalRoutine == NULL ? "special"
                                                 : "normal",
                    Apc, Apc->KernelRoutine, Apc->NormalRoutine, KiIrpOfApc((PETHREAD)Thread, Apc));
        }
    }
}

static const char *
KiProcessName(PKPROCESS Process)
{
    return Process == NULL || Process == &KiIdleEprocess.Pcb
               ? "Idle"
               : (const char *)((PEPROCESS)Process)->ImageFileName;
}

static VOID
KiReportThread(PKTHREAD Thread, PCONTEXT Context, BOOLEAN Current)
{
    static const char *const States[] = {"initialized", "ready",   "running",    "standby",
                                         "terminated",  "waiting", "transition", "deferred"};
    PETHREAD Ethread = (PETHREAD)Thread;
    PEPROCESS Process = (PEPROCESS)Thread->Process;
    BOOLEAN Idle = Thread->Process == &KiIdleEprocess.Pcb;
    CONTEXT Swapped;
    KIRQL Irql = 0;

    if (Thread->State == Running && Thread->NextProcessor < KiProcessorCount) {
        Irql = KiProcessor[Thread->NextProcessor]->Irql;
    } else if (Thread->State == Waiting) {
        Irql = Thread->WaitIrql;
    }
    KI_LINE("thread\taddress=%p\ttid=%x\tpid=%x\tprocess=%p\tname=%s\tstate=%s\tcpu=%x\tirql=%"
            "x\tcurrent=%x\tsystem=%x\n",
            Thread, Idle ? 0 : (ULONG)(ULONG_PTR)Ethread->Cid.UniqueThread,
            Idle ? 0 : (ULONG)(ULONG_PTR)Process->UniqueProcessId, Process,
            KiProcessName(Thread->Process), States[Thread->State & 7], (ULONG)Thread->NextProcessor,
            (ULONG)Irql, (ULONG)Current, (ULONG)Thread->SystemThread);
    KI_LINE("+\tpriority=%x\tbase=%x\tkernel-apc=%x\tspecial-apc=%x\tteb=%p\tinitial=%p\tstack-"
            "base=%p\tstack-limit=%p\tstack=%p\n",
            (ULONG)Thread->Priority, (ULONG)Thread->BasePriority,
            (ULONG)(LONG)Thread->KernelApcDisable, (ULONG)(LONG)Thread->SpecialApcDisable,
            Thread->Teb, Thread->InitialStack, Thread->StackBase, Thread->StackLimit,
            Thread->KernelStack);
    KI_LINE("+\tstart=%p\tswitches=%x\treason=%x\tmode=%x\talertable=%x\tsuspend=%x\tprevious=%"
            "x\tservice=%x\tspin=%p\tname-of=%x\n",
            Ethread->StartAddress != NULL ? Ethread->StartAddress : Thread->StartRoutine,
            Thread->ContextSwitches, (ULONG)Thread->WaitReason, (ULONG)Thread->WaitMode,
            (ULONG)Thread->Alertable, (ULONG)(UCHAR)Thread->SuspendCount,
            (ULONG)Thread->PreviousMode, Thread->SystemCallNumber, Thread->SpinningOn,
            Thread->Agent.Name);
    if (Thread->ApcState.Process != NULL && Thread->ApcState.Process != Thread->Process) {
        KI_LINE("+\tattached=%p\tattached-name=%s\n", Thread->ApcState.Process,
                KiProcessName(Thread->ApcState.Process));
    }
    for (ULONG Index = 0; Index < Thread->RegionDepth && Index < RTL_NUMBER_OF(Thread->Region);
         Index++) {
        KI_LINE("region\tkind=%s\tcaller=%p\tlock=%p\n",
                Thread->Region[Index].Kind == KI_GUARDED ? "guarded" : "critical",
                HcOriginalRip((ULONG64)Thread->Region[Index].Caller), Thread->Region[Index].Lock);
    }
    KiReportHeld(Thread);
    if (Thread->State == Waiting) {
        KiReportWaits(Thread);
    }
    if (!Idle) {
        KiReportApcs(Thread);
        KiReportIrps(Ethread);
    }
    if (Context == NULL && Thread->State != Initialized && Thread->State != Terminated) {
        /* Running elsewhere: its processor's saved stack; else its own. */
        PVOID Stack = Thread->State == Running ? KiProcessor[Thread->NextProcessor]->Prcb.SavedRsp
                                               : Thread->KernelStack;

        if (KiReadable(Stack, 0x100)) {
            KiContextOfSwapped(Stack, &Swapped);
            Context = &Swapped;
        }
    }
    if (Context != NULL) {
        KiReportFrames(Context);
    }
}

VOID
KiContextOfTrap(struct abi_trap *Raw, PCONTEXT Context)
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
    Context->EFlags = (ULONG)Raw->rflags;
    Context->Rip = Raw->original_rip;
    if (Raw->kind == ABI_TRAP_FASTFAIL || Raw->kind == ABI_TRAP_ASSERT) {
        Context->Rip -= 2; /* the `int` itself */
    }
}

/* What the pool knows of an address that the report is going to show. */
static VOID
KiReportData(ULONG64 Address)
{
    PVOID Base;
    SIZE_T Bytes;
    BOOLEAN Freed;
    ULONG Tag;

    if (Address >= ABI_NONPAGED_BASE && Address < ABI_MAPPING_BASE &&
        ExpFindPoolBlock((PVOID)Address, &Base, &Bytes, &Tag, &Freed)) {
        KI_LINE("pool\taddress=%p\tblock=%p\tbytes=%p\ttag=%x\tfreed=%x\n", Address, Base,
                (ULONG64)Bytes, Tag, (ULONG)Freed);
    }
}

static VOID
KiReportRegisters(PCONTEXT Context, struct abi_trap *Raw)
{
    KI_LINE("registers\trip=%p\trsp=%p\tflags=%x\n", HcOriginalRip(Context->Rip), Context->Rsp,
            Context->EFlags);
    if (Raw != NULL) {
        KI_LINE("+\ttrap=1\tfault=%p\terror=%x\tvector=%x\n", Raw->fault_address, Raw->error,
                Raw->vector);
    }
    KI_LINE("+\trax=%p\trbx=%p\trcx=%p\trdx=%p\trsi=%p\trdi=%p\trbp=%p\tr8=%p\n", Context->Rax,
            Context->Rbx, Context->Rcx, Context->Rdx, Context->Rsi, Context->Rdi, Context->Rbp,
            Context->R8);
    KI_LINE("+\tr9=%p\tr10=%p\tr11=%p\tr12=%p\tr13=%p\tr14=%p\tr15=%p\n", Context->R9, Context->R10,
            Context->R11, Context->R12, Context->R13, Context->R14, Context->R15);
}

static VOID
KiReportProcessors(VOID)
{
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

        KI_LINE("cpu\tnumber=%x\tirql=%x\tthread=%p\tidle=%x\tdpc=%p\troutine=%p\tspin=%p\n", Cpu,
                (ULONG)KiProcessor[Cpu]->Irql, Prcb->CurrentThread,
                (ULONG)(Prcb->CurrentThread == Prcb->IdleThread),
                Prcb->DpcRoutineActive ? Prcb->RunningDpc : NULL,
                Prcb->DpcRoutineActive && KiReadable(Prcb->RunningDpc, sizeof(KDPC))
                    ? Prcb->RunningDpc->DeferredRoutine
                    : NULL,
                Prcb->SpinningOn);
    }
}

/* Threads of all processes but the current one, and idle threads that are inside a DPC or a spin. */
static VOID
KiReportOthers(PKTHREAD Current)
{
    ULONG Count = 0;

    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        PKPRCB Prcb = &KiProcessor[Cpu]->Prcb;

        if (Prcb->CurrentThread == Prcb->IdleThread && Prcb->CurrentThread != Current &&
            Prcb->DpcRoutineActive) {
            KiReportThread(Prcb->CurrentThread, NULL, FALSE);
        }
    }
    if (PsInitialSystemProcess == NULL) {
        return; /* before there were processes */
    }
    for (PEPROCESS Process = NULL; (Process = PspNextProcess(Process)) != NULL;) {
        if (!KiReadable(Process, sizeof(*Process))) {
            break;
        }
        for (PETHREAD Thread = NULL; (Thread = PspNextThreadOf(Process, Thread)) != NULL;) {
            if (!KiReadable(Thread, sizeof(*Thread)) || ++Count > KI_MAXIMUM_THREADS) {
                break;
            }
            if (&Thread->Tcb != Current && Thread->Tcb.State != Terminated) {
                KiReportThread(&Thread->Tcb, NULL, FALSE);
            }
        }
    }
}

VOID
KiReportException(PEXCEPTION_RECORD Record)
{
    if (KiBugCheckActive == 0) {
        KI_LINE("exception\tcode=%x\tat=%p\tcount=%x\tfirst=%p\tsecond=%p\n",
                (ULONG)Record->ExceptionCode, Record->ExceptionAddress, Record->NumberParameters,
                Record->ExceptionInformation[0], Record->ExceptionInformation[1]);
    }
}

/* A fault while the report was written: it ends here, and says so. */
VOID
KiReportBroken(const struct abi_stop *Why)
{
    struct abi_trap *Raw = (struct abi_trap *)Why->trap;

    KI_LINE("broken\tcode=%x\tfirst=%p\tat=%p\tfault=%p\n", Why->code, Why->parameter[0],
            Raw != NULL ? Raw->original_rip : 0, Raw != NULL ? Raw->fault_address : 0);
}

VOID
KiReportStop(const struct abi_stop *Why, PCONTEXT Context)
{
    struct abi_trap *Raw = (struct abi_trap *)Why->trap;
    CONTEXT Here;

    if (KiProcessorCount == 0 || KiPrcb()->CurrentThread == NULL) {
        return; /* before there were threads */
    }
    if (KiInjection.Reported) {
        KI_LINE("again\tof=stop\n");
    }
    /* An exception's own context comes first: handlers may have run since. */
    if (Context == NULL && Raw != NULL) {
        KiContextOfTrap(Raw, &Here);
        Context = &Here;
    } else if (Context == NULL) {
        RtlCaptureContext(&Here);
        Context = &Here;
    }
    KiReportRegisters(Context, Raw);
    KiReportThread(KiThread(), Context, TRUE);
    if (Raw != NULL) {
        KiReportData(Raw->fault_address);
    }
    for (ULONG Index = 0; Why->verdict == ABI_BUGCHECK && Index < 4; Index++) {
        KiReportData(Why->parameter[Index]);
    }
    KiReportProcessors();
    KiReportOthers(KiThread());
}

/* All threads at a moment at which one is suspended and nothing can happen: it comes first. */
VOID
KiReportSuspended(PKTHREAD Thread)
{
    KiReportThread(Thread, NULL, TRUE);
    KiReportProcessors();
    KiReportOthers(Thread);
}
