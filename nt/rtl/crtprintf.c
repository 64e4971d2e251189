/*
 * crtprintf.c - sprintf, swprintf and their relatives: crtprintf.inc for both widths.
 */
#include "nt/rtl/rtlp.h"

#define T               CHAR
#define N(Narrow, Wide) Narrow
#include "nt/rtl/crtprintf.inc"
#undef T
#undef N
#define T               WCHAR
#define N(Narrow, Wide) Wide
#include "nt/rtl/crtprintf.inc"

/*
 * The name that old drivers import; it has no limit either. (C's swprintf, with one, is another.)
 */
__attribute__((alias("_swprintf"))) int RtlpOldSwprintf(WCHAR *Buffer, const WCHAR *Format,
                                                        ...) __asm__("swprintf");
