/*
 * kedata.c - every mutable global of nt/ke, so that a snapshot and a reader can name them.
 */
#include "nt/ke/ki.h"

KI_VERSION KiVersionRow;
const KI_VERSION *KiVersion = &KiVersionRow;
KI_LARGE struct abi_boot KiBoot;

KIPCR *KiProcessor[ABI_MAX_PROCESSORS];
ULONG KiProcessorCount;
KI_LARGE ETHREAD KiIdleThreads[ABI_MAX_PROCESSORS] __attribute__((aligned(64)));
EPROCESS KiIdleEprocess; /* a DPC may find itself in it: whole, though nt/ps did not make it */

/* agent.c */
KAGENT KiSystemAgent;
ULONG64 KiSlotBitmap[ABI_STACK_SLOTS / 64];

/* schedule.c */
ULONG KiHostClockSlices; /* since the host's clock was looked at */
ULONG64 KiBusy;          /* processors that may have something to do */
ULONG KiLonelySlices;    /* slices in a row in which nobody but the asker could step */

KI_QUEUED KiQueued[1 << KI_QUEUED_BITS];    /* left.c */
KI_LARGE KI_MADE KiMade[1 << KI_MADE_BITS]; /* made.c */

/* notify.c */
LIST_ENTRY KiProcessorCallbacks = {&KiProcessorCallbacks, &KiProcessorCallbacks};
LIST_ENTRY KiNmiCallbacks = {&KiNmiCallbacks, &KiNmiCallbacks};

/* timer.c, time.c */
LIST_ENTRY KiTimerListHead = {&KiTimerListHead, &KiTimerListHead};
ULONG64 KiBootTime;
ULONG64 KiVirtualLimit;
BOOLEAN KiTimersOver;
ULONG KiTimePassers;
BOOLEAN KiTimeIsChosen;
ULONG64 KiChosenTime;
BOOLEAN KiHostClock;
volatile KSYSTEM_TIME KeTickCount;
ULONG KiTimeIncrement = 156250;

/* schedule.c: one question at a time, and too large for a driver's stack */
KI_LARGE KI_BLOCK KiBlocks[64];
KI_LARGE struct abi_agent KiAgents[KI_AGENTS];
KI_LARGE struct abi_object KiAgentObjects[ABI_MAX_PROCESSORS][MAXIMUM_WAIT_OBJECTS + 4];
ULONG KiDpcs;
ULONG64 KiTargets;
LIST_ENTRY KiClaims = {&KiClaims, &KiClaims};
ULONG KiStamp;

KI_INJECTION KiInjection; /* inject.c */
PKPRCB KiEnding;          /* visit.c */

/* few.c */
BOOLEAN KiFewProcessors; /* fewer than threads, while schedules are explored */
KI_DISPLACED KiDisplaced[KI_MAX_DISPLACED];
ULONG KiLastPlace;
ULONG64 KiDpcDemands; /* processors */

/* window.c */
BOOLEAN KiWindowClosed;
ULONG64 KiWindowMissing;
KEVENT KiWindowOpens;

/* record.c */
KI_LARGE KI_RECORDING KiRecording;
KI_LARGE KI_SOUND KiSound; /* sound.c */

/* bugcheck.c, debug.c */
volatile LONG KiBugCheckActive;
struct abi_stop KiFirstStop; /* why the run ends, while the report is written */
LIST_ENTRY KiBugCheckCallbacks = {&KiBugCheckCallbacks, &KiBugCheckCallbacks};
LIST_ENTRY KiBugCheckReasonCallbacks = {&KiBugCheckReasonCallbacks, &KiBugCheckReasonCallbacks};
BOOLEAN KiDebuggerAttached;
BOOLEAN KdDebuggerEnabled;
BOOLEAN KdDebuggerNotPresent = TRUE;
volatile CCHAR KeNumberProcessors;
KAFFINITY KeActiveProcessors;
USHORT NtBuildNumberValue;
ULONG InitSafeBootMode; /* 0: not in safe mode */

LONG KiServiceTable[KI_SERVICES];
KSERVICE_TABLE_DESCRIPTOR KeServiceDescriptorTable[2], KeServiceDescriptorTableShadow[2];
struct _KI_OPENED KiOpened;
