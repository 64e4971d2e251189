/*
 * psdata.c - every mutable global of nt/ps.
 */
#include "nt/ps/psp.h"

POBJECT_TYPE PsProcessTypeP, PsThreadTypeP, PsJobTypeP;
POBJECT_TYPE *PsProcessType = &PsProcessTypeP;
POBJECT_TYPE *PsThreadType = &PsThreadTypeP;
POBJECT_TYPE *PsJobType = &PsJobTypeP;
LIST_ENTRY PsActiveProcessHead = {&PsActiveProcessHead, &PsActiveProcessHead};
PEPROCESS PsInitialSystemProcess;
PEPROCESS PsIdleProcess;

PSP_NOTIFY PspProcessNotify[PSP_MAX_NOTIFY], PspThreadNotify[PSP_MAX_NOTIFY], PspImageNotify[PSP_MAX_NOTIFY];
struct abi_boot PspBoot;
ULONG PspClientExit;     /* exit code of the first client that did not return 0 */
