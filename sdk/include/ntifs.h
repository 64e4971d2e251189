/*
 * ntifs.h - mingw-w64's, and behind it what it lacks.
 */
#ifndef NTLAB_NTIFS_H
#define NTLAB_NTIFS_H
#include_next <ntifs.h>
#include <ntlab-wdk.h>
#endif
