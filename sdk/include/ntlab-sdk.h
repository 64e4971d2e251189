/*
 * ntlab-sdk.h - included before every source of a driver by sdk's toolchain file (-include): what keeps mingw-w64's
 * headers from working as they are.
 *
 * Some inline interlocked helpers become external under -fms-extensions, one in each object, and collide at link
 * time: wdm.h's get other names.
 */
#ifndef NTLAB_SDK_H
#define NTLAB_SDK_H

#ifndef __ASSEMBLER__
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#define __INTRINSIC_DEFINED_DdkInlineInterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_DdkInlineInterlockedBitTestAndReset
#define InterlockedBitTestAndSet   DdkInlineInterlockedBitTestAndSet
#define InterlockedBitTestAndReset DdkInlineInterlockedBitTestAndReset
#include <ntlab-sal.h>
#endif

#endif
