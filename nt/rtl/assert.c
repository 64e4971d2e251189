/*
 * assert.c - what a driver's ASSERT calls in a checked build.
 *
 * Source: Microsoft Learn: ASSERT, ASSERTMSG (wdm.h), "breaks into the debugger".
 */
#include "nt/rtl/rtlp.h"

#undef DbgBreakPoint
VOID NTAPI DbgBreakPoint(VOID);

VOID NTAPI
RtlAssert(PVOID VoidFailedAssertion, PVOID VoidFileName, ULONG LineNumber, PSTR MutableMessage)
{
    DbgPrint("\n*** Assertion failed: %s%s\n***   Source File: %s, line %lu\n\n",
             MutableMessage != NULL ? MutableMessage : "", (PCSTR)VoidFailedAssertion,
             (PCSTR)VoidFileName, LineNumber);
    DbgBreakPoint();
}
