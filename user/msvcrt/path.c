/* path.c - narrow paths; see path.inc. */
#include "crt.h"

#define CH              char
#define F(narrow, wide) narrow
#include "path.inc"
