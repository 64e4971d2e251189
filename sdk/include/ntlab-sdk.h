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
/* mingw-w64's are not compiled where they cannot be inlined, in a __try for one: each object gets its own. */
#undef __USE_MINGW_ANSI_STDIO /* sprintf and its kin are the kernel's, not a library's */
#define __USE_MINGW_ANSI_STDIO 0
#include <_mingw.h>
#if defined(__cplusplus) && !defined(NOMINMAX)
/* The DDK's macros, as routines: libstdc++'s headers may come after the DDK's, and have their own. */
#define NOMINMAX 1
template <typename A, typename B>
static constexpr auto
min(A First, B Second)
{
    return First < Second ? First : Second;
}
template <typename A, typename B>
static constexpr auto
max(A First, B Second)
{
    return First > Second ? First : Second;
}
#endif
#undef __forceinline
#define __forceinline static __inline__ __attribute__((__unused__))
#define FORCEINLINE   static __inline__ __attribute__((__unused__))
#define __INTRINSIC_DEFINED_InterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_InterlockedBitTestAndReset
#define __INTRINSIC_DEFINED_DdkInlineInterlockedBitTestAndSet
#define __INTRINSIC_DEFINED_DdkInlineInterlockedBitTestAndReset
#define InterlockedBitTestAndSet   DdkInlineInterlockedBitTestAndSet
#define InterlockedBitTestAndReset DdkInlineInterlockedBitTestAndReset
#include <ntlab-sal.h>
#endif

#endif
