/*
 * startup.c - attach and detach of the image, and what a client's start-up code asks for.
 *
 * The client's entry point (mainCRTStartup in mingw's crt2.o) calls __set_app_type, _initterm and
 * __getmainargs before main. By then DllMain has made the locks, the descriptors of the standard
 * handles, the three streams and the environment, so every function works from the first
 * constructor on.
 *
 * At detach the streams are flushed: a client may leave by ExitProcess. A stream whose lock a
 * terminated thread still holds is passed over.
 */
#include "crt.h"
#include "crtdata.h"

typedef struct {
    int newmode;
} CRT_STARTUPINFO;

static wchar_t *
CopyWide(const wchar_t *Text)
{
    size_t Bytes = (wcslen(Text) + 1) * sizeof(wchar_t);
    wchar_t *Copy = malloc(Bytes);

    if (Copy != NULL) {
        memcpy(Copy, Text, Bytes);
    }
    return Copy;
}

static BOOL
Attach(void)
{
    wchar_t Path[MAX_PATH];
    DWORD Version = GetVersion();

    _winmajor = Version & 0xFF;
    _winminor = Version >> 8 & 0xFF;
    _winver = _winmajor << 8 | _winminor;
    _osver = Version >> 16 & 0x7FFF;
    CrtTls = TlsAlloc();
    if (CrtTls == TLS_OUT_OF_INDEXES) {
        return FALSE;
    }
    CrtInitLocks();
    GetSystemTimeAsFileTime(&CrtStartTime);
    *(unsigned __int64 *)&_HUGE = 0x7FF0000000000000ull;
    CrtInitDescriptors();
    CrtInitStreams();
    _wcmdln = CopyWide(GetCommandLineW());
    if (_wcmdln == NULL || (_acmdln = CrtNarrow(_wcmdln)) == NULL) {
        return FALSE;
    }
    if (GetModuleFileNameW(NULL, Path, MAX_PATH) == 0) {
        Path[0] = 0;
    }
    Path[MAX_PATH - 1] = 0;
    _wpgmptr = CopyWide(Path);
    _pgmptr = _wpgmptr != NULL ? CrtNarrow(_wpgmptr) : NULL;
    return _pgmptr != NULL && CrtInitEnvironment() == 0;
}

BOOL WINAPI
CrtDllMain(HINSTANCE Instance, DWORD Reason, void *Reserved)
{
    switch (Reason) {
    case DLL_PROCESS_ATTACH:
        return Attach();
    case DLL_THREAD_DETACH:
        CrtFreeThread();
        break;
    case DLL_PROCESS_DETACH:
        CrtTerminating = Reserved != NULL;
        CrtFlushAtExit(CrtTerminating);
        if (!CrtTerminating) {
            CrtFreeThread();
            TlsFree(CrtTls);
        }
        break;
    }
    return TRUE;
}

static int
MainArguments(int Expand, const CRT_STARTUPINFO *StartupInfo)
{
    if (StartupInfo != NULL) {
        CrtNewMode = StartupInfo->newmode;
    }
    if (__wargv == NULL && CrtParseArguments(_wcmdln, Expand, &__argc, &__wargv) != 0) {
        return -1;
    }
    return 0;
}

int
__getmainargs(int *Argc, char ***Argv, char ***Env, int Expand, void *StartupInfo)
{
    int i;

    if (MainArguments(Expand, StartupInfo) != 0) {
        return -1;
    }
    if (__argv == NULL) {
        char **Narrow = calloc(__argc + 1, sizeof(char *));

        if (Narrow == NULL) {
            return -1;
        }
        for (i = 0; i < __argc; i++) {
            Narrow[i] = CrtNarrow(__wargv[i]);
            if (Narrow[i] == NULL) {
                return -1;
            }
        }
        __argv = Narrow;
    }
    *Argc = __argc;
    *Argv = __argv;
    *Env = __initenv = _environ;
    return 0;
}

int
__wgetmainargs(int *Argc, wchar_t ***Argv, wchar_t ***Env, int Expand, void *StartupInfo)
{
    if (MainArguments(Expand, StartupInfo) != 0) {
        return -1;
    }
    *Argc = __argc;
    *Argv = __wargv;
    *Env = __winitenv = _wenviron;
    return 0;
}

void
__set_app_type(int Type)
{
    CrtAppType = Type;
}

int *
__p__fmode(void)
{
    return &_fmode;
}

int *
__p__commode(void)
{
    return &_commode;
}

char **
__p__acmdln(void)
{
    return &_acmdln;
}

wchar_t **
__p__wcmdln(void)
{
    return &_wcmdln;
}

int *
__p___argc(void)
{
    return &__argc;
}

char ***
__p___argv(void)
{
    return &__argv;
}

wchar_t ***
__p___wargv(void)
{
    return &__wargv;
}

char ***
__p__environ(void)
{
    return &_environ;
}

wchar_t ***
__p__wenviron(void)
{
    return &_wenviron;
}

int
_set_error_mode(int Mode)
{
    int Previous = CrtErrorMode;

    if (Mode >= 0 && Mode <= 2) {
        CrtErrorMode = Mode;
    } else if (Mode != 3) {
        return CrtFail(EINVAL);
    }
    return Previous;
}

void
__setusermatherr(void *Handler)
{
    CrtMathError = Handler;
}
