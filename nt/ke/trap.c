/*
 * trap.c - what the processor reports, turned into what NT makes of it; and the way out to user mode.
 *
 *     page fault   user address, kernel mode, IRQL < 2: STATUS_ACCESS_VIOLATION to the frame handlers
 *                  system address not there: bugcheck 0x50;  IRQL >= 2: 0xD1 in a driver, 0xA in the kernel
 *                  execution of user or no-execute memory in kernel mode: 0xFC
 *     int 29h      0x139;  rsp outside the stack: 0x7F (8);  the rest: an exception
 * Source: nt-semantics 5.1, 5.2 and -2 5.2.
 */
#include "nt/ke/ki.h"
#include "nt/ke/account.h"
#include "nt/inc/rtl.h"

#define FAULT_WRITE 2
#define FAULT_FETCH 16

static BOOLEAN
KiIsDriverCode(ULONG64 Rip)
{
    PKI_MODULE Module = MiFindModule((PVOID)Rip);

    return Module != NULL && Module->DllBase != (PVOID)ABI_KERNEL_BASE;
}

static VOID
KiFillFrame(struct abi_trap *Raw, PKI_FRAME Frame)
{
    PKTRAP_FRAME Trap = &Frame->Trap;

    Frame->Raw = Raw;
    Trap->PreviousMode = (KPROCESSOR_MODE)Raw->previous_mode;
    Trap->PreviousIrql = KiIrql();
    Trap->ExceptionActive = 1;
    Trap->Rax = Raw->rax;
    Trap->Rcx = Raw->rcx;
    Trap->Rdx = Raw->rdx;
    Trap->Rbx = Raw->rbx;
    Trap->Rbp = Raw->rbp;
    Trap->Rsi = Raw->rsi;
    Trap->Rdi = Raw->rdi;
    Trap->R8 = Raw->r8;
    Trap->R9 = Raw->r9;
    Trap->R10 = Raw->r10;
    Trap->R11 = Raw->r11;
    /* A point is passed inside of its trampoline, and that goes on. */
    Trap->Rip = Raw->kind == ABI_TRAP_POINT ? Raw->rip : Raw->original_rip;
    Trap->Rsp = Raw->rsp;
    Trap->EFlags = (ULONG)Raw->rflags;
    Trap->SegCs = 0x33;
    Trap->SegSs = 0x2B;
    Trap->ErrorCode = Raw->error;
    Trap->FaultAddress = Raw->fault_address;
}

static VOID
KiRaise(PKI_FRAME Frame, NTSTATUS Code, ULONG Parameters, ULONG_PTR P0, ULONG_PTR P1)
{
    EXCEPTION_RECORD Record;

    RtlZeroMemory(&Record, sizeof(Record));
    Record.ExceptionCode = Code;
    Record.ExceptionAddress = (PVOID)Frame->Trap.Rip;
    Record.NumberParameters = Parameters;
    Record.ExceptionInformation[0] = P0;
    Record.ExceptionInformation[1] = P1;
    KiDispatchException(&Record, Frame, Frame->Trap.PreviousMode, TRUE);
}

static ULONG_PTR
KiAccessCode(ULONG Error)
{
    return (Error & FAULT_FETCH) ? 8 : (Error & FAULT_WRITE) ? 1 : 0;
}

/* What KeBugCheck 0x50 calls the access since 1507, and before. */
static ULONG_PTR
KiPageFaultCode(ULONG Error)
{
    if (!KiVersion->PageFaultCodes) {
        return (Error & FAULT_WRITE) ? 1 : 0;
    }
    return (Error & FAULT_FETCH) ? 0x10 : (Error & FAULT_WRITE) ? 2 : 0;
}

/* Where a driver was that has been unloaded: what it left behind has been called. [BC: 0xCE, 0xD4] */
static VOID
KiUnloadedFault(struct abi_trap *Raw, KIRQL Irql)
{
    ULONG_PTR Code = KiAccessCode(Raw->error);

    if (!MiIsUnloadedImage((PVOID)Raw->fault_address)) {
        return;
    }
    if (Irql >= DISPATCH_LEVEL && (Raw->error & FAULT_FETCH) == 0) {
        KiBugCheck(SYSTEM_SCAN_AT_RAISED_IRQL_CAUGHT_IMPROPER_DRIVER_UNLOAD, Raw->fault_address,
                   Irql, Code, Raw->original_rip, Raw, NULL, NULL);
    }
    KiBugCheck(DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS, Raw->fault_address, Code,
               Raw->original_rip, 0, Raw, NULL, MiLeftByUnloaded((PVOID)Raw->fault_address));
}

static VOID
KiPageFault(struct abi_trap *Raw, PKI_FRAME Frame)
{
    ULONG64 Address = Raw->fault_address;
    BOOLEAN Fetch = (Raw->error & FAULT_FETCH) != 0;
    KPROCESSOR_MODE Mode = (KPROCESSOR_MODE)Raw->previous_mode;
    KIRQL Irql = KiIrql();
    ULONG Page;
    NTSTATUS Status;

    if (VfHooks != NULL && VfHooks->Fault(Raw, (PVOID)Address, (Raw->error & FAULT_WRITE) != 0)) {
        Frame->Trap.EFlags = (ULONG)Raw->rflags; /* it may want to see the next instruction */
        return;
    }
    if (Mode == UserMode) {
        Status = MiResolveFault((PVOID)Address, (Raw->error & FAULT_WRITE) != 0, Fetch, UserMode);
        if (Status != STATUS_SUCCESS) {
            KiRaise(Frame, Status, 2, KiAccessCode(Raw->error), Address);
        }
        return;
    }
    if (Frame->Trap.Rip >= (ULONG64)KiSystemServiceCopyStart &&
        Frame->Trap.Rip < (ULONG64)KiSystemServiceCopyEnd) {
        /* The user's stack arguments cannot be read: that is the service's status. */
        Frame->Trap.Rip = (ULONG64)KiSystemServiceExit;
        Frame->Trap.Rax = (ULONG)STATUS_ACCESS_VIOLATION;
        return;
    }
    if (Frame->Trap.Rip >= (ULONG64)KiSystemServiceCopyStartObserved &&
        Frame->Trap.Rip < (ULONG64)KiSystemServiceCopyEndObserved) {
        Frame->Trap.Rip = (ULONG64)KiSystemServiceExitObserved;
        Frame->Trap.Rax = (ULONG)STATUS_ACCESS_VIOLATION;
        return;
    }
    if (ABI_IS_SYSTEM(Address)) {
        KiUnloadedFault(Raw, Irql);
    }
    if (Irql >= DISPATCH_LEVEL) {
        ULONG Code = KiIsDriverCode(Raw->original_rip) || Fetch ? DRIVER_IRQL_NOT_LESS_OR_EQUAL
                                                                : IRQL_NOT_LESS_OR_EQUAL;

        KiBugCheck(Code, Address, Irql, KiAccessCode(Raw->error), Raw->original_rip, Raw, NULL,
                   NULL);
    }
    if (Fetch) {
        Page = MiQueryPage((PVOID)Address);
        if ((Page & MI_PAGE_PRESENT) != 0) {
            KiBugCheck(ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, Address, Page,
                       (ULONG_PTR)&Frame->Trap, 0, Raw, NULL, NULL);
        }
    }
    if (ABI_IS_USER(Address)) {
        Status = MiResolveFault((PVOID)Address, (Raw->error & FAULT_WRITE) != 0, Fetch, KernelMode);
        if (Status != STATUS_SUCCESS) {
            KiRaise(Frame, Status, 2, KiAccessCode(Raw->error), Address);
        }
        return;
    }
    Page = MiQueryPage((PVOID)Address);
    if ((Page & MI_PAGE_PRESENT) != 0 && (Raw->error & FAULT_WRITE) != 0) {
        KiBugCheck(ATTEMPTED_WRITE_TO_READONLY_MEMORY, Address, Page, (ULONG_PTR)&Frame->Trap, 0xA,
                   Raw, NULL, NULL);
    }
    KiBugCheck(PAGE_FAULT_IN_NONPAGED_AREA, Address, KiPageFaultCode(Raw->error), Raw->original_rip,
               (Page & MI_PAGE_FREED) ? 0 : 2, Raw, NULL, NULL);
}

static VOID
KiBreakpoint(struct abi_trap *Raw, PKI_FRAME Frame, BOOLEAN Service)
{
    /* The exception's address is the int 3 itself; going on means behind it. */
    if (Raw->previous_mode == KernelMode && KiDebuggerAttached) {
        KiDebugService(Raw, Service);
        return;
    }
    Frame->Trap.Rip = Service ? Frame->Trap.Rip : Frame->Trap.Rip - 1;
    KiRaise(Frame, STATUS_BREAKPOINT, 1, 0, 0);
}

static VOID
KiVector(struct abi_trap *Raw, PKI_FRAME Frame)
{
    switch (Raw->vector) {
    case 0:
        KiRaise(Frame, STATUS_INTEGER_DIVIDE_BY_ZERO, 0, 0, 0);
        break;
    case 1:
        if (VfHooks != NULL && Raw->previous_mode == KernelMode && VfHooks->Step(Raw)) {
            break;
        }
        KiRaise(Frame, STATUS_SINGLE_STEP, 0, 0, 0);
        break;
    case 3:
        KiBreakpoint(Raw, Frame, FALSE);
        break;
    case 4:
        KiRaise(Frame, STATUS_INTEGER_OVERFLOW, 0, 0, 0);
        break;
    case 6:
        KiRaise(Frame, STATUS_ILLEGAL_INSTRUCTION, 0, 0, 0);
        break;
    case 13:
        /* Not canonical: an access violation whose address is not told. */
        if (VfHooks != NULL && Raw->previous_mode == KernelMode) {
            VfHooks->Fault(Raw, (PVOID)Raw->fault_address, FALSE);
        }
        KiRaise(Frame, STATUS_ACCESS_VIOLATION, 2, 0, ~0ull);
        break;
    case 14:
        KiPageFault(Raw, Frame);
        break;
    case 16:
    case 19:
        KiRaise(Frame, STATUS_FLOAT_INVALID_OPERATION, 0, 0, 0);
        break;
    case 17:
        KiRaise(Frame, STATUS_DATATYPE_MISALIGNMENT, 0, 0, 0);
        break;
    default:
        KiBugCheck(UNEXPECTED_KERNEL_MODE_TRAP, Raw->vector, Raw->error, 0, Raw->rip, Raw, NULL,
                   NULL);
    }
}

VOID
KiTrapDispatch(struct abi_trap *Raw, PKI_FRAME Frame)
{
    PKTHREAD Thread = KiThread();
    ULONG Account = ABI_ACCOUNT_USER;

    KiFillFrame(Raw, Frame);
    if (Raw->previous_mode == UserMode) {
        if (KiAccounts()) {
            Account = KiAccountTrap(Raw);
        }
        Thread->PreviousMode = UserMode;
        Thread->TrapFrame = &Frame->Trap;
    }
    switch (Raw->kind) {
    case ABI_TRAP_PAUSE:
        KiTurn->left = KiTurn->length; /* ntdll's locks pause at the end of a turn */
        Machine->budget = 0;
        KiSchedulePoint(SP_YIELD, NULL);
        break;
    case ABI_TRAP_POINT:
        KiCodePoint(Raw->fault_address, Raw->error, Raw);
        break;
    case ABI_TRAP_HARDWARE:
        VfHooks->Hardware(Raw); /* only the verifier asks for it */
        Machine->hardware = ABI_HARDWARE_PASSED;
        break;
    case ABI_TRAP_PRIVILEGED:
        KiRaise(Frame, STATUS_PRIVILEGED_INSTRUCTION, 0, 0, 0);
        break;
    case ABI_TRAP_SYSCALL:
        KiServiceFromTrap(Frame);
        break;
    case ABI_TRAP_KERNEL_SYSCALL:
        KiSyscallInKernelMode((PVOID)Raw->original_rip);
    case ABI_TRAP_FASTFAIL:
        if (Raw->previous_mode == UserMode) {
            EXCEPTION_RECORD Record = {.ExceptionCode = STATUS_STACK_BUFFER_OVERRUN,
                                       .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
                                       .ExceptionAddress = (PVOID)Frame->Trap.Rip,
                                       .NumberParameters = 1,
                                       .ExceptionInformation = {Raw->rcx}};

            PspTerminateUnhandled(&Record); /* no handler sees a fast fail */
        }
        KiBugCheck(0x139 /* KERNEL_SECURITY_CHECK_FAILURE */, Raw->rcx, (ULONG_PTR)&Frame->Trap, 0,
                   0, Raw, NULL, NULL);
    case ABI_TRAP_ASSERT:
        if (Raw->previous_mode == KernelMode && KiDebuggerAttached) {
            KiDebugService(Raw, TRUE);
            break;
        }
        Frame->Trap.Rip -= 2;
        KiRaise(Frame, STATUS_ASSERTION_FAILURE, 0, 0, 0);
        break;
    case ABI_TRAP_DEBUG_SERVICE:
        if (Raw->previous_mode == UserMode && Raw->rax == 1 /* print */) {
            KiDebugPrintUser(Raw, Frame);
            break;
        }
        KiBreakpoint(Raw, Frame, TRUE);
        break;
    case ABI_TRAP_STACK_OVERFLOW:
        KiBugCheck(UNEXPECTED_KERNEL_MODE_TRAP, 8, Raw->fault_address, Raw->rsp, Raw->original_rip,
                   Raw, NULL, NULL);
    default:
        KiVector(Raw, Frame);
    }
    if (Raw->previous_mode == UserMode) {
        KiPrepareUserReturn(Frame);
        KiAccount(Account);
    }
}

/* The process has an instrumentation callback: user mode begins there, and finds in r10 where it should have begun. */
VOID
KiInstrument(PKI_FRAME Frame)
{
    PVOID Callback = KiThread()->ApcState.Process->InstrumentationCallback;

    if (Callback != NULL) {
        Frame->Trap.R10 = Frame->Trap.Rip;
        Frame->Trap.Rip = (ULONG64)Callback;
    }
}

/* Every way out to user mode but the system-service exit: APCs are delivered here. */
VOID
KiPrepareUserReturn(PKI_FRAME Frame)
{
    KiCheckInterrupts(PASSIVE_LEVEL);
    KiDeliverUserApcs(Frame);
    KiAccount(ABI_ACCOUNT_USER);
}

/* The system-service exit found a user APC pending. TRUE: the frame leads elsewhere now. */
BOOLEAN
KiUserApcExit(PKI_FRAME Frame)
{
    return KiDeliverUserApcs(Frame);
}

/*
 * The thread came to the service's entry, and a special user APC with it: as if it had arrived one instruction
 * earlier, in user mode. The system-call instruction (2 bytes, whichever it is) is executed again afterwards.
 */
VOID
KiSpecialApcAtEntry(PKI_FRAME Frame)
{
    Frame->Trap.Rip -= 2;
    Frame->Trap.ExceptionActive = 1;
    KiPrepareUserReturn(Frame);
}

/* A service returned with raised IRQL, attached, or inside a region: 0x4A and 0x1 name what was noticed. */
VOID
KiBadServiceExit(PKI_FRAME Frame)
{
    PKTHREAD Thread = KiThread();
    ULONG Stack;
    ULONG_PTR Routine = (ULONG_PTR)KiFindService(Thread->SystemCallNumber, &Stack);

    if (KiIrql() != PASSIVE_LEVEL) {
        KeBugCheckEx(0x4A /* IRQL_GT_ZERO_AT_SYSTEM_SERVICE */, Routine, KiIrql(), 0, 0);
    }
    KeBugCheckEx(APC_INDEX_MISMATCH, Routine, Thread->ApcStateIndex, KiApcDisableCount(Thread), 0);
}

/* A raw `syscall` or `int 2Eh` of user mode arrived as a trap: the same services, by hand. */
VOID
KiServiceFromTrap(PKI_FRAME Frame)
{
    PKTHREAD Thread = KiThread();
    PKTRAP_FRAME Trap = &Frame->Trap;
    ULONG Number = (ULONG)Trap->Rax;
    ULONG64 Stack[14] = {0};
    ULONG64 Result;
    ULONG StackArguments = 0;
    PVOID Routine;

    Trap->ExceptionActive = 2;
    Thread->SystemCallNumber = Number;
    Thread->FirstArgument = (PVOID)Trap->R10;
    KiEmptyPoint(SP_SYSTEM_SERVICE, (PVOID)(ULONG64)Number);
    if ((Thread->ApcState.UserApcPending & KI_SPECIAL_USER_APC_PENDING) != 0) {
        Trap->Rip -= 2; /* as KiSpecialApcAtEntry; KiTrapDispatch delivers it */
        Trap->ExceptionActive = 1;
        return;
    }
    Trap->Rcx = Trap->Rip;
    Trap->R11 = Trap->EFlags;
    Routine = KiFindService(Number, &StackArguments);
    if (Routine == NULL && (Number & 0x3000) == 0x1000 && KiConvertToGuiThread()) {
        Routine = KiFindService(Number, &StackArguments);
    }
    if (Routine == NULL) {
        Trap->Rax = (ULONG)STATUS_INVALID_SYSTEM_SERVICE;
        return;
    }
    __try {
        ULONG64 Base = Trap->Rsp + 0x28;

        if (StackArguments != 0) {
            ProbeForRead((PVOID)Base, StackArguments * 8, 8);
            RtlCopyMemory(Stack, (PVOID)Base, StackArguments * 8);
        }
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Trap->Rax = (ULONG)GetExceptionCode();
        return;
    }
    typedef ULONG64 (*KI_SERVICE)(ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64,
                                  ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64, ULONG64,
                                  ULONG64, ULONG64, ULONG64, ULONG64);
    Result = ((KI_SERVICE)Routine)(Trap->R10, Trap->Rdx, Trap->R8, Trap->R9, Stack[0], Stack[1],
                                   Stack[2], Stack[3], Stack[4], Stack[5], Stack[6], Stack[7],
                                   Stack[8], Stack[9], Stack[10], Stack[11], Stack[12], Stack[13]);
    Trap->Rax = Result;
    if (KiIrql() != PASSIVE_LEVEL || Thread->ApcStateIndex != 0 ||
        Thread->CombinedApcDisable != 0) {
        KiBadServiceExit(Frame);
    }
    KiInstrument(Frame);
}

/*
 * A system-call instruction in kernel mode. On hardware the entry's swapgs would load the user's GS and the
 * stack switch would read the TEB as a KPRCB: a double fault. docs/decisions has the reasoning.
 */
VOID
KiSyscallInKernelMode(PVOID Return)
{
    char Text[256];

    KiFormatText(Text, sizeof(Text),
                 "a system call instruction was executed in kernel mode, before %a: on x64 the "
                 "entry's swapgs takes the "
                 "user's GS for the kernel's, and the processor double-faults",
                 Return);
    KiBugCheck(UNEXPECTED_KERNEL_MODE_TRAP, 8, 0, 0, (ULONG_PTR)Return, NULL, NULL, Text);
}

/* An indirect call in kernel mode went for a user address, and this version has SMEP on. */
VOID
KiSmepFault(ULONG64 Target, PULONG64 Stack)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = STATUS_ACCESS_VIOLATION,
                               .NumberParameters = 2,
                               .ExceptionAddress = (PVOID)Target,
                               .ExceptionInformation = {8, Target}};
    char Text[200];

    if ((MiQueryPage((PVOID)Target) & MI_PAGE_PRESENT) == 0) {
        /* Nothing is there: the fetch itself faults, whatever SMEP says. */
        if (KiIrql() >= DISPATCH_LEVEL) {
            KiBugCheck(DRIVER_IRQL_NOT_LESS_OR_EQUAL, Target, KiIrql(), 8, Target, NULL, NULL,
                       NULL);
        }
        RtlRaiseException(&Record);
    }

    KiFormatText(Text, sizeof(Text),
                 "kernel mode was about to execute user code at %a, called before %a (SMEP)",
                 (PVOID)Target, (PVOID)Stack[0]);
    KiBugCheck(ATTEMPTED_EXECUTE_OF_NOEXECUTE_MEMORY, Target, MiQueryPage((PVOID)Target), 0, 0,
               NULL, NULL, Text);
}

/* On an unwind through KiServiceInternal: PreviousMode is the caller's again. */
EXCEPTION_DISPOSITION
KiServiceInternalHandler(PEXCEPTION_RECORD Record, PVOID EstablisherFrame, PCONTEXT Context,
                         PVOID Dispatcher)
{
    if (Record->ExceptionFlags & 0x66) {
        KiThread()->PreviousMode = *(PUCHAR)((ULONG64)EstablisherFrame + 0xA0);
    }
    return ExceptionContinueSearch;
}
