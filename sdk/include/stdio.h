/*
 * stdio.h - mingw-w64's, and what drivers find in the WDK's: see ntlab-crt.h.
 */
#ifndef NTLAB_STDIO_H
#define NTLAB_STDIO_H
#include_next <stdio.h>
#include <wchar.h>
#include <ntlab-crt.h>
#endif
