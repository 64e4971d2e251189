/* wnumber.c - integers and wide text; see number.inc. */
#include "crt.h"

#define CH              wchar_t
#define F(narrow, wide) wide
#include "number.inc"
