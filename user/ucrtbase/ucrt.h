/*
 * ucrt.h - ucrtbase.dll: the Universal C Run Time, for clients of Visual Studio 2015 and later
 * (with the run time as a DLL) and of mingw's UCRT flavour.
 *
 * It is msvcrt.dll's code once more, under the UCRT's export names, with what only the UCRT has:
 * the start-up protocol (runtime.c), the __stdio_common_ functions that its inline printf and scanf
 * call (stdio.c), and C99's functions (c99.c). The loader maps api-ms-win-crt-... to it. printf's
 * details that differ are switched by CrtUniversal. Facts: Microsoft's documentation and the public
 * headers.
 */
#ifndef USER_UCRTBASE_UCRT_H
#define USER_UCRTBASE_UCRT_H

#include "user/msvcrt/crt.h"
#include "user/msvcrt/crtdata.h"

typedef void (*UCRT_INVALID_PARAMETER)(const wchar_t *, const wchar_t *, const wchar_t *, unsigned,
                                       uintptr_t);
extern UCRT_INVALID_PARAMETER UcrtInvalidParameter;
extern _tls_callback_type UcrtThreadLocalExit;
extern int UcrtAbortBehavior;
extern _PVFV UcrtQuickTable[32];
extern int UcrtQuickCount;

int __getmainargs(int *Argc, char ***Argv, char ***Env, int Expand, void *StartupInfo);
int __wgetmainargs(int *Argc, wchar_t ***Argv, wchar_t ***Env, int Expand, void *StartupInfo);
BOOL WINAPI CrtDllMain(HINSTANCE Instance, DWORD Reason, void *Reserved);

#endif
