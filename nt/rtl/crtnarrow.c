/*
 * crtnarrow.c - strlen, strcpy_s, atoi, _itoa ...: crtstring.inc for char.
 */
#include "nt/rtl/rtlp.h"
#include <stdlib.h>

#define T               CHAR
#define U               UCHAR
#define C               int
#define N(Narrow, Wide) Narrow
#include "nt/rtl/crtstring.inc"
