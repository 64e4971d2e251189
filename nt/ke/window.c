/*
 * window.c - from where on schedules are explored, if clients take part.
 *
 * What a client does before its first instruction (the loader, in a process of its own) is the same in every
 * schedule and touches nothing of a driver. So the window is closed while clients start: whoever asks goes on, and
 * the host hears nothing. A client that has arrived waits for the others; then the window opens.
 *
 *   W1  It is closed only where no driver can run by itself: no thread of one, no timer.
 *   W2  It opens at once when a driver under test is called, or fltmgr.sys, which calls its filters.
 *   W3  A client that ends without having arrived has arrived. If nobody can go on, it opens (a client may wait for
 *       another one while its DLLs initialise).
 *   W4  It closes again when nobody can go on but by time (visit.c, I5): what the kernel does then is its shutdown. W2 holds.
 * Source: machine-notes 21.
 */
#include "nt/ke/ki.h"
#include "nt/inc/window.h"

VOID
KiCloseWindow(ULONG Clients)
{
    if (Machine->explore && Clients != 0 && KiOnlyKernelIsLeft()) {
        KeInitializeEvent(&KiWindowOpens, NotificationEvent, FALSE);
        KiWindowMissing = (2ull << (Clients - 1)) - 1;
        KiWindowClosed = TRUE;
    }
}

/* W4 */
VOID
KiCloseWindowAtEnd(VOID)
{
    KeInitializeEvent(&KiWindowOpens, NotificationEvent, FALSE);
    KiWindowClosed = TRUE;
}

VOID
KiOpenWindow(VOID)
{
    KiWindowClosed = FALSE;
    KeSetEvent(&KiWindowOpens, IO_NO_INCREMENT, FALSE);
}

VOID
KiArrive(ULONG Client, BOOLEAN Ends)
{
    if (!KiWindowClosed || (KiWindowMissing & (1ull << Client)) == 0) {
        return;
    }
    KiWindowMissing &= ~(1ull << Client);
    if (KiWindowMissing == 0) {
        KiOpenWindow();
    } else if (!Ends) {
        KeWaitForSingleObject(&KiWindowOpens, Executive, KernelMode, FALSE, NULL);
    }
}

/* W2: Routine is what is about to be called. */
VOID
KiEnterDriverSlow(const VOID *Routine)
{
    static const UNICODE_STRING FilterManager = RTL_CONSTANT_STRING(L"fltmgr.sys");
    PKI_MODULE Module = MiFindModule(Routine);

    if (Module != NULL &&
        (Module->UnderTest || RtlEqualUnicodeString(&Module->BaseDllName, &FilterManager, TRUE))) {
        KiOpenWindow();
    }
}

/* Who goes on while it is closed: the first of those who need not wait. */
ULONG
KiChooseUnheard(const struct abi_agent *Agents, ULONG Count)
{
    ULONG Choice = 0;

    while (Choice < Count && (Agents[Choice].kind == ABI_AGENT_TIMER ||
                              (Agents[Choice].flags & ABI_AGENT_BLOCKED) != 0)) {
        Choice++;
    }
    return Choice < Count ? Choice : 0;
}
