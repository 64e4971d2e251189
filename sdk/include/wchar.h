/*
 * wchar.h - mingw-w64's, and of swprintf both kinds: with a count, as C has it, and without, as the kernel exports it
 * and drivers call it.
 */
#ifndef NTLAB_WCHAR_H
#define NTLAB_WCHAR_H
#include_next <wchar.h>
#include <ntlab-crt.h>
#endif
