/* winput.c - wscanf and its family: input.inc is the engine, scanf.inc what both widths have. */
#include "crt.h"
#include "crtdata.h"

#define CH                 wchar_t
#define F_UNSIGNED         wchar_t
#define WIDE               1
#define NAME(narrow, wide) wide
#include "input.inc"
#include "scanf.inc"
