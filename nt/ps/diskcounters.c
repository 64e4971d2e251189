/*
 * diskcounters.c - disk input and output counted by process: ntlab counts none, and file systems are told so.
 * [DDI: PsIsDiskCountersEnabled]
 */
#include "nt/ps/psp.h"

BOOLEAN NTAPI
PsIsDiskCountersEnabled(VOID)
{
    return FALSE;
}
