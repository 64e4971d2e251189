/*
 * window.h - from where on schedules are explored, if clients take part: nt/ke/window.c.
 */
#ifndef NTLAB_WINDOW_H
#define NTLAB_WINDOW_H

extern BOOLEAN KiWindowClosed; /* nothing is explored now */

/* So many clients are about to start; one is at its first instruction, or ends before. PASSIVE_LEVEL. */
VOID KiCloseWindow(ULONG Clients);
VOID KiArrive(ULONG Client, BOOLEAN Ends);
VOID KiOpenWindow(VOID);
VOID KiCloseWindowAtEnd(VOID); /* PASSIVE_LEVEL */

/* A driver's routine is about to be called, at any IRQL. */
VOID KiEnterDriverSlow(const VOID *Routine);
KI_INLINE VOID
KiEnterDriver(const VOID *Routine)
{
    if (__builtin_expect(KiWindowClosed, 0)) {
        KiEnterDriverSlow(Routine);
    }
}

#endif
