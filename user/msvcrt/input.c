/* input.c - scanf and its family for narrow text: input.inc is the engine, scanf.inc what both widths have. */
#include "crt.h"
#include "crtdata.h"

#define CH                 char
#define F_UNSIGNED         unsigned char
#define WIDE               0
#define NAME(narrow, wide) narrow
#include "input.inc"
#include "scanf.inc"

FORWARD(_cscanf, (const char *Format, ...), Format, ScanFile(stdin, Format, 0, Args))
