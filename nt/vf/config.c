/*
 * config.c - which rules are on.
 *
 * The host sends the text of the options --verifier and --rule, worked out: a line `name severity` for each rule that is
 * on, with severity 1 (note), 2 (warning) or 3 (error). No text: the verifier is off and costs nothing.
 */
#include "vfp.h"

#define VF_CONFIG_SIZE 16384

static VF_RULE_ID
VfFindRule(const char *Name, ULONG Length)
{
    for (ULONG i = 1; i < VfRuleCount; i++) {
        if (strlen(VfRuleNames[i]) == Length &&
            RtlCompareMemory(VfRuleNames[i], Name, Length) == Length) {
            return (VF_RULE_ID)i;
        }
    }
    return VfRuleNone;
}

BOOLEAN
VfConfigure(VOID)
{
    ULONG64 Length = HcConfig("verifier", NULL, 0);
    BOOLEAN Any = FALSE;
    char *Text;

    if (Length == 0 || Length > VF_CONFIG_SIZE) {
        return FALSE;
    }
    Text = ExpAllocate(Length + 1, 'fVtN');
    HcConfig("verifier", Text, Length);
    Text[Length] = 0;
    for (char *At = Text; *At != 0;) {
        char *End = strchr(At, '\n');
        char *Space = strchr(At, ' ');

        if (Space != NULL && (End == NULL || Space < End)) {
            VF_RULE_ID Rule = VfFindRule(At, (ULONG)(Space - At));

            if (Rule != VfRuleNone && Space[1] >= '0' && Space[1] <= '3') {
                VfSeverity[Rule] = (UCHAR)(Space[1] - '0');
                Any |= VfSeverity[Rule] != VF_OFF;
            }
        }
        if (End == NULL) {
            break;
        }
        At = End + 1;
    }
    ExpFree(Text);
    return Any;
}

static VOID
VfImageLoaded(PKI_MODULE Module)
{
    if (Module->UnderTest) {
        VfBind(Module);
    }
}

static VOID
VfImageUnloads(PKI_MODULE Module)
{
    ULONG64 Window = ((ULONG64)Module->DllBase - ABI_IMAGE_BASE) / ABI_IMAGE_WINDOW;

    if (VfIsVerified(Module->DllBase)) {
        VfOwnIrpUnload(Module);
        VfPoolUnload(Module);
        VfMemoryUnload(Module);
        VfHandleUnload(Module);
        VfForgetSections(Module);
    }
    VfVerifiedWindows[Window / 64] &= ~(1ull << (Window % 64));
}

/* Kernel mode; before anything is made of it. */
static BOOLEAN
VfFault(struct abi_trap *Raw, PVOID Address, BOOLEAN Write)
{
    if (Raw->vector == 13) {
        return VfFilledFault(Raw, (ULONG64)Address);
    }
    return ABI_IS_USER(Address)
               ? VfUserFault(Raw, (ULONG64)Address, Write)
               : Raw->previous_mode == KernelMode && (VfPoolFault(Raw, (ULONG64)Address, Write) ||
                                                      VfAddressFault(Raw, (ULONG64)Address, Write));
}

/* As MmIsVerifierEnabled gives them: DRIVER_VERIFIER_... of wdm.h, by what is on. */
static ULONG
VfFlags(VOID)
{
    return (VfIsOn(VfRulePoolOverrun) || VfIsOn(VfRulePoolUseAfterFree) ? 0x1 : 0) |
           (VfIsOn(VfRulePagedCode) || VfIsOn(VfRulePagedMemory) ? 0x2 : 0) |
           (VfFailures.On ? 0x4 : 0) | (VfIsOn(VfRulePoolLeak) ? 0x8 : 0) |
           (VfIsOn(VfRuleDoubleCompletion) ? 0x10 : 0);
}

VOID
VfInitSystem(VOID)
{
    static const VF_HOOKS Hooks = {.ImageLoaded = VfImageLoaded,
                                   .ImageUnloads = VfImageUnloads,
                                   .IrpEnds = VfIrpEnds,
                                   .Fault = VfFault,
                                   .Hardware = VfHardware,
                                   .Step = VfUserStep,
                                   .RequestBuffer = VfRequestBuffer,
                                   .Free = VfPoolFree,
                                   .Raised = VfRaised,
                                   .Caller = VfCallerOf,
                                   .AllocationFails = VfAllocationFails,
                                   .IsVerified = VfIsVerified,
                                   .Flags = VfFlags};

    BOOLEAN Rules, Failures;

    if (VfHooks != NULL) {
        return;
    }
    Rules = VfConfigure();
    Failures = VfConfigureFailures();
    if (!Rules && !Failures) {
        return;
    }
    VfInitIrql();
    VfInitRegion();
    VfInitLock();
    VfInitIrp();
    VfInitOwnIrp();
    VfInitPool();
    VfInitPaging();
    VfInitFilter();
    VfInitMemory();
    VfInitUser();
    VfInitAbuse();
    VfInitHardware();
    VfInitType();
    VfInitStack();
    VfInitHandle();
    VfInitUnload();
    VfInitUsage();
    VfCall = VfCallRoutine;
    VfHooks = &Hooks;
}
