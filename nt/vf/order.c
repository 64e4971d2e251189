/*
 * order.c - in which order locks are acquired.
 *
 * While a thread holds A and acquires B there is an edge from A to B. A circle of edges means that threads can wait for
 * each other for ever, even if they never have: all kinds of locks are in one graph. A lock that was held at every edge of a
 * circle (a gate) keeps the threads apart, and nothing is said; an edge keeps those gates that were held each time. Edges of DriverEntry and of
 * the unload routine do not count: nobody else is there. [Driver Verifier, "Deadlock Detection"; bug check 0xC4, 0x1001]
 */
#include "vfp.h"

static ULONG64
VfEdgeKey(const volatile VOID *From, const volatile VOID *To)
{
    ULONG64 Key = ((ULONG64)From * 0x9E3779B97F4A7C15ull) ^ ((ULONG64)To * 0xC2B2AE3D27D4EB4Full);

    return Key != 0 ? Key : 1;
}

ULONG64
VfEdgeOf(const volatile VOID *From, const volatile VOID *To)
{
    return VfSetFind(&VfEdgeIndex, VfEdgeKey(From, To));
}

/* Is a lock held at all edges of the path and the new one? */
static BOOLEAN
VfHasGate(const ULONG *Path, ULONG Length, const VF_EDGE *New)
{
    for (ULONG g = 0; g < RTL_NUMBER_OF(New->Gate); g++) {
        ULONG With = 0;

        for (ULONG i = 0; New->Gate[g] != NULL && i < Length; i++) {
            const VF_EDGE *Edge = &VfEdges[Path[i]];

            With += Edge->Gate[0] == New->Gate[g] || Edge->Gate[1] == New->Gate[g] ||
                    Edge->Gate[2] == New->Gate[g];
        }
        if (New->Gate[g] != NULL && With == Length) {
            return TRUE;
        }
    }
    return FALSE;
}

#define VF_PATH 6
static BOOLEAN
VfComesBy(const ULONG *Path, ULONG Length, const volatile VOID *Lock)
{
    for (ULONG i = 0; i < Length; i++) {
        if (VfEdges[Path[i]].From == Lock) {
            return TRUE;
        }
    }
    return FALSE;
}

/* A path of edges from From back to where the new one begins, by no lock twice and without a gate. Its length; 0: there is none of up to VF_PATH edges. */
static ULONG
VfFindPath(const volatile VOID *From, const VF_EDGE *New, ULONG *Path, ULONG Depth)
{
    for (ULONG i = 0; i < VfEdgeCount; i++) {
        ULONG Length;

        if (VfEdges[i].From != From) {
            continue;
        }
        Path[Depth] = i;
        if (VfEdges[i].To == New->From) {
            if (!VfHasGate(Path, Depth + 1, New)) {
                return Depth + 1;
            }
        } else if (Depth + 1 < VF_PATH && !VfComesBy(Path, Depth + 1, VfEdges[i].To) &&
                   (Length = VfFindPath(VfEdges[i].To, New, Path, Depth + 1)) != 0) {
            return Length;
        }
    }
    return 0;
}

static VOID
VfJudgeEdge(PVF_FRAME Frame, const VF_EDGE *New)
{
    ULONG Path[VF_PATH], Length = VfFindPath(New->To, New, Path, 0);

    if (Length != 0) {
        const VF_EDGE *Other = &VfEdges[Path[0]];

        VfViolate(
            VfRuleLockOrder, NULL, Frame,
            "%a acquires the lock 0x%p while it holds 0x%p (acquired at %a); at %a the second "
            "is acquired under the first (acquired at %a)%s: two threads can wait for each "
            "other for ever",
            Frame->Caller, (PVOID)New->To, (PVOID)New->From, New->FromCaller, Other->ToCaller,
            Other->FromCaller, Length > 1 ? ", by way of others" : "");
    }
}

/* FALSE: all gates that the edge had are held this time as well. */
static BOOLEAN
VfLosesGates(VF_EDGE *Edge, const KI_HELD_LOCK *Held, ULONG Count)
{
    ULONG Kept = 0, Had = 0;

    for (; Had < RTL_NUMBER_OF(Edge->Gate) && Edge->Gate[Had] != NULL; Had++) {
        for (ULONG j = 0; j < Count; j++) {
            if (Held[j].Lock == Edge->Gate[Had]) {
                Edge->Gate[Kept++] = Edge->Gate[Had];
                break;
            }
        }
    }
    for (ULONG i = Kept; i < Had; i++) {
        Edge->Gate[i] = NULL;
    }
    return Kept != Had;
}

static VOID
VfAddEdge(PVF_FRAME Frame, const VF_EDGE *New)
{
    VfJudgeEdge(Frame, New);
    if (VfEdgeCount < VF_EDGES) {
        VfEdges[VfEdgeCount++] = *New;
        VfSetPut(&VfEdgeIndex, VfEdgeKey(New->From, New->To), VfEdgeCount);
    }
}

/* What the thread holds: its entries, and mutexes, which are on record with the regions that they came with. */
static ULONG
VfCollectHeld(PKTHREAD Thread, KI_HELD_LOCK *Held, ULONG Most)
{
    ULONG Count = min(Thread->HeldCount, KI_HELD_LOCKS);

    RtlCopyMemory(Held, Thread->Held, Count * sizeof(*Held));
    for (ULONG i = 0; i < min(Thread->RegionDepth, KI_REGIONS) && Count < Most; i++) {
        PVOID Lock = Thread->Region[i].Lock;
        BOOLEAN Known = Lock == NULL;

        for (ULONG j = 0; j < Count; j++) {
            Known |= Held[j].Lock == Lock;
        }
        if (!Known) {
            Held[Count].Lock = Lock;
            Held[Count++].Caller = Thread->Region[i].Caller;
        }
    }
    return Count;
}

VOID
VfLockOrdered(PVF_FRAME Frame, const volatile VOID *Lock)
{
    PKTHREAD Thread = KiThread();
    KI_HELD_LOCK Held[KI_HELD_LOCKS + 4];
    ULONG Count;

    if (Thread->HeldCount == 0 && Thread->RegionDepth == 0) {
        return;
    }
    Count = VfCollectHeld(Thread, Held, RTL_NUMBER_OF(Held));
    if (Count == 0 || VfInnermost(VfDriverEntry) != NULL || VfInnermost(VfUnload) != NULL) {
        return;
    }
    for (ULONG i = 0; i < Count; i++) {
        VF_EDGE New = {.From = Held[i].Lock,
                       .To = Lock,
                       .FromCaller = Held[i].Caller,
                       .ToCaller = Frame->Caller};
        ULONG64 Known = VfEdgeOf(New.From, Lock);
        ULONG Gates = 0;

        if (New.From == Lock || !VfIsVerified(New.FromCaller)) {
            continue;
        }
        if (Known != 0) {
            VF_EDGE *Edge = &VfEdges[Known - 1];

            if (Edge->Gate[0] != NULL && VfLosesGates(Edge, Held, Count)) {
                RtlCopyMemory(New.Gate, Edge->Gate, sizeof(New.Gate));
                VfJudgeEdge(Frame, &New);
            }
            continue;
        }
        for (ULONG j = 0; j < Count && Gates < RTL_NUMBER_OF(New.Gate); j++) {
            if (j != i && Held[j].Lock != Lock) {
                New.Gate[Gates++] = Held[j].Lock;
            }
        }
        VfAddEdge(Frame, &New);
    }
}

/* The memory is something else from now on. */
VOID
VfForgetLocks(const volatile VOID *Start, SIZE_T Bytes)
{
    ULONG Kept = 0;

    for (ULONG i = 0; i < VfEdgeCount; i++) {
        if ((ULONG64)VfEdges[i].From - (ULONG64)Start < Bytes ||
            (ULONG64)VfEdges[i].To - (ULONG64)Start < Bytes) {
            VfSetRemove(&VfEdgeIndex, VfEdgeKey(VfEdges[i].From, VfEdges[i].To));
        } else {
            VfEdges[Kept++] = VfEdges[i];
            VfSetPut(&VfEdgeIndex, VfEdgeKey(VfEdges[i].From, VfEdges[i].To), Kept);
        }
    }
    VfEdgeCount = Kept;
}
