/* wpath.c - wide paths; see path.inc. */
#include "crt.h"

#define CH              wchar_t
#define F(narrow, wide) wide
#include "path.inc"
