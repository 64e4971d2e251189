/*
 * excpt.h - mingw-w64's, with what MSVC's has for C and windows.h brings: structured exceptions under their short names.
 */
#include_next <excpt.h>
#if !defined(__cplusplus) && !defined(NTLAB_EXCPT_H)
#define NTLAB_EXCPT_H
#ifndef try
#define try __try
#endif
#ifndef except
#define except __except
#endif
#ifndef finally
#define finally __finally
#endif
#ifndef leave
#define leave __leave
#endif
#endif
