/*
 * crt.h - routines of the C library that nt/rtl exports to drivers and that the kernel itself uses. IRQL: any.
 */
#ifndef NT_INC_CRT_H
#define NT_INC_CRT_H

#include <stddef.h>

void __cdecl qsort(void *Base, size_t Count, size_t Size,
                   int(__cdecl *Compare)(const void *, const void *));

/* Negative, and Buffer not terminated, if the text does not fit. */
int __cdecl _snprintf(char *Buffer, size_t Count, const char *Format, ...);

#endif
