/*
 * excpt.h - mingw-w64's, with what MSVC's has for C and windows.h brings: structured exceptions under their short names.
 */
#include_next <excpt.h>
#include "../ntlab-try.h"
