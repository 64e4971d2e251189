/*
 * usage.c - routines that a driver should not call. [SDV's rule sets DdiUsage and Warning]
 */
#include "vfp.h"

static VOID
VfBreaks(PVF_FRAME Frame)
{
    VfViolate(VfRuleDebugBreakUsage, NULL, Frame, "%a calls %s", Frame->Caller, VfCurrent->Name);
}

static VOID
VfUnsafeString(PVF_FRAME Frame)
{
    VfViolate(VfRuleSafeStrings, NULL, Frame, "%a calls %s, which does not check the buffer's size",
              Frame->Caller, VfCurrent->Name);
}

/* FsRtlPrivateLock(Lock, File, Offset, Length, Process, Key, Fail, Exclusive, &Iosb, Irp, Context, Synchronized): without an
   IRP it is what the macro FsRtlFastLock, which is to be used instead, calls. [ntifs.h] */
static VOID
VfObsolete(PVF_FRAME Frame)
{
    if (Frame->Arg[9] == 0) {
        return;
    }
    VfViolate(VfRuleObsoleteDDIs, NULL, Frame, "%a calls %s, which is obsolete", Frame->Caller,
              VfCurrent->Name);
}

VOID
VfInitUsage(VOID)
{
    static const VF_HOOK_ROW Rows[] = {
        VF_HOOK(DbgBreakPoint, VfBreaks, NULL),  VF_HOOK(DbgBreakPointWithStatus, VfBreaks, NULL),
        VF_HOOK(strcpy, VfUnsafeString, NULL),   VF_HOOK(strcat, VfUnsafeString, NULL),
        VF_HOOK(wcscpy, VfUnsafeString, NULL),   VF_HOOK(wcscat, VfUnsafeString, NULL),
        VF_HOOK(sprintf, VfUnsafeString, NULL),  VF_HOOK(vsprintf, VfUnsafeString, NULL),
        VF_HOOK(swprintf, VfUnsafeString, NULL), VF_HOOK(FsRtlPrivateLock, VfObsolete, NULL),
    };

    VF_ADD_HOOKS(Rows);
}
