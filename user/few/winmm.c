/*
 * winmm.c - the multimedia clock: milliseconds since the system was started. No sound, no joystick, no callbacks.
 *
 * A period can be asked for and ended, within what timeGetDevCaps says; the virtual clock is exact whatever was asked for.
 * Facts: timeBeginPeriod, timeGetDevCaps (Multimedia Reference).
 */
#include <mmsystem.h>

#define LEAST 1
#define MOST  1000000

BOOL WINAPI
DllMain(HINSTANCE Instance, DWORD Reason, LPVOID Reserved)
{
    return TRUE;
}

DWORD WINAPI
timeGetTime(VOID)
{
    return GetTickCount();
}

MMRESULT WINAPI
timeBeginPeriod(UINT Period)
{
    return Period >= LEAST && Period <= MOST ? TIMERR_NOERROR : TIMERR_NOCANDO;
}

MMRESULT WINAPI
timeEndPeriod(UINT Period)
{
    return Period >= LEAST && Period <= MOST ? TIMERR_NOERROR : TIMERR_NOCANDO;
}

MMRESULT WINAPI
timeGetDevCaps(LPTIMECAPS Caps, UINT Size)
{
    if (Caps == NULL || Size < sizeof(*Caps)) {
        return MMSYSERR_INVALPARAM;
    }
    Caps->wPeriodMin = LEAST;
    Caps->wPeriodMax = MOST;
    return TIMERR_NOERROR;
}
