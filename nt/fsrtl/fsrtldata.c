/*
 * fsrtldata.c - every mutable global of nt/fsrtl.
 */
#include "nt/fsrtl/fsrtlp.h"

ULONG
FsRtlpCounters[8]; /* fast I/O that was not possible, had to wait, ...: what fastio.c counts */
