/*
 * psdata.c - every mutable global of nt/ps.
 */
#include "nt/ps/psp.h"

POBJECT_TYPE PsProcessTypeP, PsThreadTypeP, PsJobTypeP;
/* The exported variables hold the type itself: a driver's *PsProcessType reads through its import. */
POBJECT_TYPE *PsProcessType, *PsThreadType, *PsJobType;
LIST_ENTRY PsActiveProcessHead = {&PsActiveProcessHead, &PsActiveProcessHead};
PEPROCESS PsInitialSystemProcess;
PEPROCESS PsIdleProcess;

PSP_NOTIFY PspProcessNotify[PSP_MAX_NOTIFY], PspThreadNotify[PSP_MAX_NOTIFY], PspImageNotify[PSP_MAX_NOTIFY];
struct abi_boot PspBoot;
PETHREAD PspReapList; /* threads that have ended or are about to, for the reaper */
WORK_QUEUE_ITEM PspReapItem;
BOOLEAN PspReapQueued;
ULONG PspClientExit;     /* exit code of the first client that did not return 0 */
