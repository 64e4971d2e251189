/*
 * ntddk.h - mingw-w64's, and behind it what it lacks.
 */
#ifndef NTLAB_NTDDK_H
#define NTLAB_NTDDK_H
/* mingw-w64's loses the splay links where generic tables are to be AVL trees: its names change hands behind it. */
#ifdef RTL_USE_AVL_TABLES
#undef RTL_USE_AVL_TABLES
#include_next <ntddk.h>
#define RTL_USE_AVL_TABLES
#else
#include_next <ntddk.h>
#endif
#include <ntlab-ddk.h>
#endif
