/*
 * exit.c - the end of a thread, and with the last one of its process.
 *
 * The order is the documented one: notify routines, the thread's IRPs, its mutants, its APCs (bugcheck 0x20 if a
 * kernel APC or a disabled region is left), and for the last thread the handles, the address space, the signal.
 * Source: nt-semantics 1.7.
 */
#include "nt/ps/psp.h"
#include "nt/inc/life.h"
#include "nt/inc/window.h"

static VOID
PspExitProcess(PEPROCESS Process)
{
    KAPC_STATE State;

    if (Process == PsInitialSystemProcess) {
        return;
    }
    Process->ExitTime.QuadPart = KiQuerySystemTime();
    KiTrace(EV_PROCESS_EXIT, Process, (ULONG)Process->ExitStatus, 0, 0, 0);
    if (Process->Pcb.Slice != 0) {
        PspNotifyProcess(Process, NULL, NULL, FALSE);
    }
    ObpCloseAllHandles(Process);
    if (Process->Pcb.Slice != 0) {
        KeStackAttachProcess(&PsInitialSystemProcess->Pcb, &State);
        MiDeleteAddressSpace(Process);
        KeUnstackDetachProcess(&State);
    }
    PspLeaveJob(Process);
    if (Process->IsClient) {
        KiArrive(Process->ClientIndex, TRUE);
        if (Process->ExitStatus != 0 && PspClientExit == 0 && !KiIsDisturbed(&Process->Pcb)) {
            PspClientExit = Process->ExitStatus;
        }
    }
    KiSignalProcess(&Process->Pcb);
}

/* PKI_WOULD_WAIT, of which no one waits: the process does not end with this thread, whoever of those that end goes first. */
static BOOLEAN
PspOthersAreLeft(const volatile VOID *ActiveThreads, ULONG_PTR Context)
{
    return *(const volatile LONG *)ActiveThreads > 1;
}

VOID
PspExitThread(NTSTATUS Status)
{
    PETHREAD Thread = PspCurrentThread();
    PEPROCESS Process = PspThreadsProcess(Thread);
    BOOLEAN Last;

    if (Thread->ActiveExWorker) {
        KeBugCheckEx(0xE9 /* ACTIVE_EX_WORKER_THREAD_TERMINATION */, (ULONG_PTR)Thread, 0, 0, 0);
    }
    if (Thread->Tcb.ApcStateIndex != OriginalApcEnvironment) {
        KeBugCheckEx(INVALID_PROCESS_ATTACH_ATTEMPT, (ULONG_PTR)Process,
                     (ULONG_PTR)Thread->Tcb.ApcState.Process, Thread->Tcb.ApcStateIndex, 0);
    }
    if (KiIrql() > PASSIVE_LEVEL) {
        KiPcr()->Irql = PASSIVE_LEVEL;
    }
    if (!Thread->Tcb.SystemThread) {
        KiChanges(&Thread->Terminating);
    }
    Thread->Terminating = TRUE;
    Thread->ExitStatus = Status;
    Thread->ExitTime.QuadPart = KiQuerySystemTime();
    KiTrace(EV_THREAD_EXIT, Thread, (ULONG)Status, 0, 0, 0);
    PspNotifyThread(Thread, FALSE);
    IopRundownThread(Thread);
    DbgkExitThread(Status);
    KiRundownMutants(&Thread->Tcb);
    if (Thread->InRegion && Thread->Tcb.KernelApcDisable == -1) {
        KiLeaveRegion(&Thread->Tcb, KI_CRITICAL,
                      NULL); /* ours; the driver may have left it already */
    }
    ExpRundownTimers(Thread);
    KiRundownApcs(&Thread->Tcb);
    if (Thread->Tcb.Teb != NULL && Process->ActiveThreads > 1) {
        /* The stack and the TEB go with the thread; the last one's with the address space. */
        PVOID Teb = Thread->Tcb.Teb, Stack = NULL, Linked = Teb;
        SIZE_T Size = 0;

        __try {
            Stack = PSP_FIELD(Teb, TEB_DEALLOCATION, PVOID);
            Linked = PSP_FIELD(Teb, TEB_LOADER_LINKS, PVOID);
        } __except (EXCEPTION_EXECUTE_HANDLER) {
        }
        if (Stack != NULL) {
            MiFreeUser(Process, &Stack, &Size, MEM_RELEASE);
        }
        Size = 0;
        if (Linked == NULL) { /* else it ended without ntdll, whose list runs through the block */
            MiFreeUser(Process, &Teb, &Size, MEM_RELEASE);
        }
        Thread->Tcb.Teb = NULL;
    }
    if (!Thread->Tcb.SystemThread) {
        KiAcquirePoint(SP_OBJECT, &Process->ActiveThreads, PspOthersAreLeft, 0);
    }
    /* Not before: whoever is the last one takes the address space away, which was in use up to here. */
    Process->LeavingThreads--;
    Last = --Process->ActiveThreads == 0;
    if (Last) {
        PspEndPoint(Process);
    }
    if (Last && Process->ExitStatus == STATUS_PENDING) {
        Process->ExitStatus = Status;
    }
    if (Last) {
        Process->Exiting |= Process != PsInitialSystemProcess;
        PspExitProcess(Process);
    }
    KeEnterCriticalRegion();
    ExpRundownThread(&Thread->Tcb);
    Thread->Tcb.KernelApcDisable = 0;
    KiTerminateThread(0); /* gives back the thread's reference to itself once it is off its stack */
}

NTSTATUS NTAPI
PsTerminateSystemThread(NTSTATUS ExitStatus)
{
    if (!KiThread()->SystemThread) {
        return STATUS_INVALID_PARAMETER;
    }
    PspExitThread(ExitStatus);
}

/* The run reports it; the process ends with the code as its status. */
VOID
PspTerminateUnhandled(PEXCEPTION_RECORD Record)
{
    PEPROCESS Process = PspCurrentProcess();
    char Text[256];
    int Length;

    Length = KiFormatText(Text, sizeof(Text), "%s: unhandled exception %x at %a\n",
                          Process->ImageFileName, (ULONG)Record->ExceptionCode,
                          Record->ExceptionAddress);
    HcPrint(ABI_OUT_STDERR, Text, Length);
    PspTerminateProcess(Process, Record->ExceptionCode);
    PspExitThread(Record->ExceptionCode);
}
