/*
 * ntlab-user.h - included before every source of a client by sdk's toolchain file: annotations and short names of
 * structured exceptions that mingw-w64's headers lack.
 */
#ifndef NTLAB_USER_H
#define NTLAB_USER_H
#ifndef __ASSEMBLER__
#include <sal.h>
#include <specstrings.h>
#include "../ntlab-sal.h"
#endif
#endif
