/*
 * startup.c - from the first instruction to the first thread.
 *
 * The host enters KiSystemStartup on the boot stack, which becomes processor 0's idle thread. Phase 0
 * runs there, before threads exist: nobody may wait. Phase 1 runs in the first system thread, which
 * ends by running what the command line says (nt/ps/init.c).
 */
#include "nt/ke/ki.h"

static VOID
KiInitializeProcessor(ULONG Cpu)
{
    PKIPCR Pcr = (PKIPCR)(ABI_PROCESSOR_BASE + Cpu * ABI_PROCESSOR_STRIDE);
    PKPRCB Prcb = &Pcr->Prcb;
    PKTHREAD Idle = &KiIdleThreads[Cpu].Tcb;
    ULONG64 FaultStack;

    C_ASSERT(sizeof(*Pcr) <= ABI_PROCESSOR_STRIDE);
    HcCommit(Pcr, ABI_PROCESSOR_STRIDE, ABI_PROT_READ | ABI_PROT_WRITE);
    KiProcessor[Cpu] = Pcr;
    Pcr->Self = Pcr;
    Pcr->CurrentPrcb = Prcb;
    Pcr->Irql = Cpu == 0 ? PASSIVE_LEVEL : DISPATCH_LEVEL;
    Prcb->MxCsr = 0x1F80;
    Prcb->LegacyNumber = (UCHAR)Cpu;
    Prcb->Number = Cpu;
    Prcb->CurrentThread = Idle;
    Prcb->IdleThread = Idle;
    InitializeListHead(&Prcb->DpcListHead);
    for (ULONG Priority = 0; Priority < 32; Priority++) {
        InitializeListHead(&Prcb->ReadyListHead[Priority]);
    }
    KiInitializeAgent(&Prcb->DpcAgent, &KiSystemAgent);
    FaultStack = ABI_STACK_BASE + Prcb->DpcAgent.Slot * ABI_STACK_SLOT + KI_GUARD_SIZE;
    HcCommit(FaultStack, KI_FAULT_STACK, ABI_PROT_READ | ABI_PROT_WRITE);
    Prcb->DpcStack = (PVOID)(FaultStack + KI_FAULT_STACK);
}

static VOID
KiInitializeIdleThread(ULONG Cpu)
{
    PKTHREAD Idle = &KiIdleThreads[Cpu].Tcb;

    KiInitializeThread(Idle, &KiIdleProcess, &KiSystemAgent, (PKSTART_ROUTINE)KiIdleLoop, NULL,
                       NULL, NULL);
    Idle->State = Running;
    Idle->Priority = 0;
    Idle->NextProcessor = Cpu;
    Idle->Affinity = 1ull << Cpu;
    if (Cpu == 0) {
        /* It runs on the boot stack; the stack of its own name stays unused. */
        Idle->StackLimit = (PVOID)(ABI_STACK_BASE + ABI_PAGE_SIZE);
        Idle->StackBase = (PVOID)(ABI_STACK_BASE + ABI_PAGE_SIZE + ABI_BOOT_STACK);
        Idle->InitialStack = Idle->StackBase;
    }
    KiProcessor[Cpu]->Prcb.SavedRsp = Idle->KernelStack;
}

static VOID
KiInitializeSharedData(VOID)
{
    PKUSER_SHARED_DATA Shared = (PKUSER_SHARED_DATA)ABI_ALIAS(ABI_USER_SHARED_DATA);

    Shared->TickCountMultiplier = 0x0FA00000;
    Shared->NtMajorVersion = KiVersion->MajorVersion;
    Shared->NtMinorVersion = KiVersion->MinorVersion;
    Shared->NtProductType = NtProductWinNt;
    Shared->ProductTypeIsValid = TRUE;
    *(PULONG)((ULONG64)Shared + 0x260) = KiVersion->BuildNumber; /* NtBuildNumber, 8 and later */
    RtlCopyMemory((PVOID)Shared->NtSystemRoot, L"C:\\Windows", sizeof(L"C:\\Windows"));
    Shared->SuiteMask =
        0x110; /* single-user terminal services, personal: as a client system has it */
    Shared->KdDebuggerEnabled = KiDebuggerAttached ? 3 : 0;
    Shared->NumberOfPhysicalPages = 0x100000;
    Shared->ImageNumberLow = Shared->ImageNumberHigh = 0x8664;
    Shared->ActiveProcessorCount = KiProcessorCount;
    Shared->LargePageMinimum = 0x200000;
    for (ULONG Feature = 0; Feature < PROCESSOR_FEATURE_MAX; Feature++) {
        static const UCHAR Present[] = {PF_COMPARE_EXCHANGE_DOUBLE,
                                        PF_MMX_INSTRUCTIONS_AVAILABLE,
                                        PF_XMMI_INSTRUCTIONS_AVAILABLE,
                                        PF_RDTSC_INSTRUCTION_AVAILABLE,
                                        PF_PAE_ENABLED,
                                        PF_XMMI64_INSTRUCTIONS_AVAILABLE,
                                        PF_NX_ENABLED,
                                        13 /* SSE3 */,
                                        PF_COMPARE_EXCHANGE128,
                                        20 /* VIRT_FIRMWARE no */};

        for (ULONG Index = 0; Index < RTL_NUMBER_OF(Present) - 1; Index++) {
            if (Present[Index] == Feature) {
                Shared->ProcessorFeatures[Feature] = TRUE;
            }
        }
    }
    KiUpdateSharedTime();
    KiInitializeServices();
}

/* The first system thread. */
static VOID NTAPI
KiPhase1(PVOID Context)
{
    KiThread()->Awaited = TRUE;
    ObInitSystem(1);
    SeInitSystem(1);
    MmInitSystem(1);
    ExInitSystem(1);
    PsInitSystem(1);
    CmInitSystem(1);
    IoInitSystem(1);
    MiCreateKnownDlls();
    MiCreatePhysicalMemory();
    KiTrace(EV_BOOT, NULL, 1, 0, 0, 0);
    PspRunCommandLine();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

VOID
KiSystemStartup(PVOID Unused)
{
    PETHREAD Thread;

    HcBootInfo(&KiBoot);
    KiSelectVersion(KiBoot.os, KiBoot.build);
    KiSelectApcsDisabled();
    KiProcessorCount = KiBoot.cpus;
    KiBusy = 1; /* the first one boots */
    KiFewProcessors = KiBoot.explore != 0 && KiBoot.cpus < KI_AGENT_PROCESSORS;
    KiBootTime = KiBoot.boot_time_100ns;
    KiVirtualLimit = KiBoot.virtual_limit_100ns + KI_TICK_100NS;
    KiHostClock = KiBoot.host_clock != 0;
    if (KiHostClock) {
        KiBootTime = HcHostTime();
        KiVirtualLimit = ~0ull; /* real time ends by --run-timeout */
    }
    KiBootTime -= KI_TICK_100NS;
    Machine->time_100ns = KI_TICK_100NS; /* C3 of time.c */
    KiDebuggerAttached = KiBoot.kd != 0;
    KdDebuggerEnabled = KiDebuggerAttached;
    KdDebuggerNotPresent = !KiDebuggerAttached;
    KeNumberProcessors = (CCHAR)KiProcessorCount;
    KeActiveProcessors = KiProcessorCount == 64 ? ~0ull : (1ull << KiProcessorCount) - 1;
    NtBuildNumberValue = KiVersion->BuildNumber;

    KiSlotBitmap[0] |= 1; /* the boot stack */
    KiInitializeAgent(&KiSystemAgent, NULL);
    KiInitializeProcess(&KiIdleProcess, 0, KeActiveProcessors, 0);
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        KiInitializeProcessor(Cpu);
    }
    __asm__ volatile("wrgsbase %0" ::"r"(KiProcessor[0]));
    for (ULONG Cpu = 0; Cpu < KiProcessorCount; Cpu++) {
        KiInitializeIdleThread(Cpu);
    }
    KiLoadProcessor(0);
    KiInitializeSharedData();
    KiTrace(EV_BOOT, NULL, 0, KiProcessorCount, KiVersion->BuildNumber, 0);

    ExInitPools();
    ObInitSystem(0);
    SeInitSystem(0);
    MmInitSystem(0);
    PsInitSystem(0);
    ExInitSystem(0);
    CmInitSystem(0);
    IoInitSystem(0);

    if (!NT_SUCCESS(PspCreateSystemThread(KiPhase1, NULL, &Thread))) {
        ASSERT(!"the first system thread could not be made");
    }
    KiPcr()->Irql = DISPATCH_LEVEL;
    KiIdleLoop();
}
