/*
 * vfdata.c - the verifier's tables.
 */
#include "vfp.h"

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
