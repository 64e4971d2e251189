/*
 * psdata.c - every mutable global of nt/ps.
 */
#include "nt/ps/psp.h"

POBJECT_TYPE PsProcessTypeP, PsThreadTypeP, PsJobTypeP, DbgkDebugObjectType;
/* The exported variables hold the type itself: a driver's *PsProcessType reads through its import. */
POBJECT_TYPE *PsProcessType, *PsThreadType, *PsJobType;
LIST_ENTRY PsActiveProcessHead = {&PsActiveProcessHead, &PsActiveProcessHead};
PEPROCESS PsInitialSystemProcess;
PEPROCESS PsIdleProcess;

PSP_NOTIFY PspProcessNotify[PSP_MAX_NOTIFY], PspThreadNotify[PSP_MAX_NOTIFY],
    PspImageNotify[PSP_MAX_NOTIFY];
ULONG PspNotifyEnd;
KI_LARGE struct abi_boot PspBoot;
UNICODE_STRING PspDriverName[ABI_MAX_DRIVERS]; /* of the driver objects of PspBoot.driver */
WCHAR PspDriverNameBuffer[ABI_MAX_DRIVERS][128];
ULONG PspClientExit; /* exit code of the first client that did not return 0 */
WCHAR PspClientImage[256], PspClientCommand[2048]; /* init.c: too large for a stack */
