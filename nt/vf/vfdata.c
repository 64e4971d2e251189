/*
 * vfdata.c - the verifier's tables.
 */
#include "special.h"
#include "filter.h"

PVF_CALL VfCall;
const VF_HOOKS *VfHooks;

VF_ENTRY VfEntries[] = {
#define VF_EXPORTS(Export, Least, Most, Violated)                                                  \
    {.Name = (Export), .Low = (Least), .High = (Most), .Rule = (Violated)},
#include "vfrules.h"
#undef VF_EXPORTS
};
C_ASSERT(RTL_NUMBER_OF(VfEntries) == VF_EXPORT_COUNT);

UCHAR VfSeverity[VfRuleCount];
const char *const VfRuleNames[VfRuleCount] = {
    "",
#define VF_RULES(Name, Severity) #Name,
#include "vfrules.h"
#undef VF_RULES
};

ULONG64 VfVerifiedWindows[ABI_IMAGE_WINDOWS / 64];
ULONG64 VfTold[256];
ULONG VfToldCount;
VF_SET VfUserObjects;
VF_SET VfIoEvents;
VF_FILTER VfFilters[VF_FILTERS];
VF_SET VfFltContexts, VfFltNames, VfFltObjects, VfFltLive;
VF_SET VfRemoveUsers, VfCancelable;
PVF_ENTRY VfCurrent;
PVOID VfCaller;
VF_SET VfWorkItems, VfRegistrations, VfLinks, VfThreads, VfDevices;
VF_SET VfHandles, VfClosedHandles, VfReferencesHeld, VfDeviceReferences;
VF_BLOCK VfBlocks[VF_BLOCKS];
ULONG VfBlockHigh, VfBlockFree;
ULONG VfQuarantine[VF_QUARANTINE], VfQuarantineNext;
ULONG VfRequestsFreed[VF_REQUESTS], VfRequestsNext;
VF_SET VfBlockIndex;
VF_USER VfUsers[VF_USERS];
ULONG VfUserCount;
VF_SET VfWatchedCodes;
VF_RANGE VfPaged[VF_PAGED];
ULONG VfPagedCount, VfOpen;
VF_FAILURES VfFailures;
VF_SET VfStacks;
VF_SET VfMdls, VfStackObjects, VfStackDue;
VF_SET VfProcessHandles, VfUntypedObjects, VfPhysicalMemory, VfSent;
VF_IRP VfIrps[VF_IRPS];
PVF_IRP VfLastIrp = VfIrps; /* the one that was looked up last */
ULONG VfIrpCount;
VF_SET VfIrpIndex;
VF_SET VfResources;
VF_SET VfDeferred;
VF_EDGE VfEdges[VF_EDGES];
ULONG VfEdgeCount;
VF_SET VfEdgeIndex;
