/*
 * rtldata.c - the globals of nt/rtl.
 *
 * Nls...: exported data that macros of the DDK read: both code pages have one byte for each
 * character.
 */
#include "nt/rtl/rtlp.h"

#ifdef RTL_KERNEL
USHORT NlsAnsiCodePage = 1252;
USHORT NlsOemCodePage = 437;
BOOLEAN NlsMbCodePageTag = FALSE;
BOOLEAN NlsMbOemCodePageTag = FALSE;
static USHORT RtlpNoLeadBytes[256];
PUSHORT NlsLeadByteInfo = RtlpNoLeadBytes;
PUSHORT NlsOemLeadByteInfo = RtlpNoLeadBytes;
#endif

/* rand: a sequence of its own, the same in every run. */
ULONG RtlpRandSeed = 1;
