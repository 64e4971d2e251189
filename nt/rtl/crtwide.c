/*
 * crtwide.c - wcslen, wcscpy_s, _wtoi, _itow ...: crtstring.inc for wchar_t.
 */
#include "nt/rtl/rtlp.h"
#include <stdlib.h>

#define T               WCHAR
#define U               WCHAR
#define C               WCHAR
#define N(Narrow, Wide) Wide
#include "nt/rtl/crtstring.inc"
