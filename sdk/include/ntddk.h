/*
 * ntddk.h - mingw-w64's, and behind it what it lacks.
 */
#ifndef NTLAB_NTDDK_H
#define NTLAB_NTDDK_H
#include_next <ntddk.h>
#include <ntlab-ddk.h>
#endif
