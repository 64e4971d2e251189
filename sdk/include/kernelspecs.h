/* kernelspecs.h - annotations of drivers' routines: driverspecs.h has most, ntlab-sal.h the rest. */
#ifndef NTLAB_KERNELSPECS_H
#define NTLAB_KERNELSPECS_H
#include <driverspecs.h>
#include <ntlab-sal.h>
#endif
