/*
 * wdm.h - mingw-w64's, and behind it what it lacks.
 */
#ifndef NTLAB_WDM_H
#define NTLAB_WDM_H
#include_next <wdm.h>
#include <ntlab-wdk.h>
#include <ntlab-ktm.h>
#endif
