/*
 * runtime.c - start-up and end as the UCRT's clients ask for them.
 *
 * A client's entry point configures the arguments, initializes the environment, runs its own
 * initializers and calls main with what __p___argc and __p___argv point to. Tables of exit
 * functions belong to modules (_onexit_table_t) and are run by them; _crt_atexit is the process's
 * own.
 */
#include "ucrt.h"

BOOL WINAPI
UcrtDllMain(HINSTANCE Instance, DWORD Reason, void *Reserved)
{
    if (Reason == DLL_PROCESS_ATTACH) {
        CrtUniversal = 1;
        CrtThreeDigits = 0;
    }
    return CrtDllMain(Instance, Reason, Reserved);
}

/* Mode: 0 no arguments wanted, 1 as they are, 2 with wildcards expanded. */
static errno_t
Configure(int Mode, int Narrow)
{
    char **Argv, **Env;
    wchar_t **WideArgv, **WideEnv;
    int Argc, Status;

    if (Mode == 0) {
        return 0;
    }
    if (Narrow) {
        Status = __getmainargs(&Argc, &Argv, &Env, Mode == 2, NULL);
    } else {
        Status = __wgetmainargs(&Argc, &WideArgv, &WideEnv, Mode == 2, NULL);
    }
    return Status == 0 ? 0 : ENOMEM;
}

errno_t
_configure_narrow_argv(int Mode)
{
    return Configure(Mode, 1);
}

errno_t
_configure_wide_argv(int Mode)
{
    return Configure(Mode, 0);
}

/* Both environments are there since the image was attached. */
int
_initialize_narrow_environment(void)
{
    return 0;
}

int
_initialize_wide_environment(void)
{
    return 0;
}

char **
_get_initial_narrow_environment(void)
{
    return _environ;
}

wchar_t **
_get_initial_wide_environment(void)
{
    return _wenviron;
}

/* The command line behind the program's name. */
char *
_get_narrow_winmain_command_line(void)
{
    char *p = _acmdln;
    int Quoted = 0;

    while (*p != 0 && (Quoted || (*p != ' ' && *p != '\t'))) {
        Quoted ^= *p++ == '"';
    }
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p;
}

wchar_t *
_get_wide_winmain_command_line(void)
{
    wchar_t *p = _wcmdln;
    int Quoted = 0;

    while (*p != 0 && (Quoted || (*p != ' ' && *p != '\t'))) {
        Quoted ^= *p++ == '"';
    }
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p;
}

int
_query_app_type(void)
{
    return CrtAppType;
}

int
_seh_filter_exe(unsigned long Code, struct _EXCEPTION_POINTERS *Pointers)
{
    return _XcptFilter(Code, Pointers);
}

int
_seh_filter_dll(unsigned long Code, struct _EXCEPTION_POINTERS *Pointers)
{
    (void)Code, (void)Pointers;
    return EXCEPTION_CONTINUE_SEARCH;
}

typedef struct {
    _PVFV *First, *Last, *End;
} ONEXIT_TABLE;

int
UcrtInitializeOnexitTable(ONEXIT_TABLE *Table)
{
    if (Table == NULL) {
        return -1;
    }
    if (Table->First == Table->End) {
        memset(Table, 0, sizeof(*Table));
    }
    return 0;
}

int
UcrtRegisterOnexitFunction(ONEXIT_TABLE *Table, _onexit_t Function)
{
    int Status = 0;

    if (Table == NULL) {
        return -1;
    }
    _lock(CRT_LOCK_EXIT);
    if (Table->Last == Table->End) {
        size_t Count = Table->Last - Table->First, Room = Count * 2 + 32;
        _PVFV *New = realloc(Table->First, Room * sizeof(_PVFV));

        if (New != NULL) {
            Table->First = New;
            Table->Last = New + Count;
            Table->End = New + Room;
        } else {
            Status = -1;
        }
    }
    if (Status == 0) {
        *Table->Last++ = (_PVFV)Function;
    }
    _unlock(CRT_LOCK_EXIT);
    return Status;
}

int
UcrtExecuteOnexitTable(ONEXIT_TABLE *Table)
{
    _PVFV Function;

    if (Table == NULL) {
        return -1;
    }
    for (;;) {
        _lock(CRT_LOCK_EXIT);
        Function = Table->Last > Table->First ? *--Table->Last : NULL;
        _unlock(CRT_LOCK_EXIT);
        if (Table->First == NULL || (Function == NULL && Table->Last == Table->First)) {
            break;
        }
        if (Function != NULL) {
            Function();
        }
    }
    free(Table->First);
    memset(Table, 0, sizeof(*Table));
    return 0;
}

int
_crt_atexit(_PVFV Function)
{
    return atexit(Function);
}

int
_crt_at_quick_exit(_PVFV Function)
{
    int Status = -1;

    _lock(CRT_LOCK_EXIT);
    if (UcrtQuickCount < (int)ARRAYSIZE(UcrtQuickTable)) {
        UcrtQuickTable[UcrtQuickCount++] = Function;
        Status = 0;
    }
    _unlock(CRT_LOCK_EXIT);
    return Status;
}

void
UcrtQuickExit(int Code)
{
    while (UcrtQuickCount > 0) {
        UcrtQuickTable[--UcrtQuickCount]();
    }
    _exit(Code);
}

/* The client's own destructors of the main thread's thread-local objects: exit runs them first. */
void
_register_thread_local_exe_atexit_callback(_tls_callback_type Callback)
{
    UcrtThreadLocalExit = Callback;
}

void
UcrtExit(int Code)
{
    if (UcrtThreadLocalExit != NULL) {
        UcrtThreadLocalExit(NULL, DLL_PROCESS_DETACH, NULL);
    }
    exit(Code);
}

UCRT_INVALID_PARAMETER
UcrtSetInvalidParameterHandler(UCRT_INVALID_PARAMETER Handler)
{
    UCRT_INVALID_PARAMETER Previous = UcrtInvalidParameter;

    UcrtInvalidParameter = Handler;
    return Previous;
}

UCRT_INVALID_PARAMETER
UcrtGetInvalidParameterHandler(void)
{
    return UcrtInvalidParameter;
}

void
_invalid_parameter_noinfo(void)
{
    if (UcrtInvalidParameter != NULL) {
        UcrtInvalidParameter(NULL, NULL, NULL, 0, 0);
        return;
    }
    TerminateProcess(GetCurrentProcess(), 0xC0000417); /* STATUS_INVALID_CRUNTIME_PARAMETER */
}

void
_invalid_parameter_noinfo_noreturn(void)
{
    _invalid_parameter_noinfo();
    TerminateProcess(GetCurrentProcess(), 0xC0000417);
}

unsigned int
_set_abort_behavior(unsigned int Flags, unsigned int Mask)
{
    unsigned int Previous = (unsigned)UcrtAbortBehavior;

    UcrtAbortBehavior = (int)((Previous & ~Mask) | (Flags & Mask));
    return Previous;
}

_purecall_handler
_set_purecall_handler(_purecall_handler Handler)
{
    _purecall_handler Previous = (_purecall_handler)CrtPurecallHandler;

    CrtPurecallHandler = (void *)Handler;
    return Previous;
}

_purecall_handler
_get_purecall_handler(void)
{
    return (_purecall_handler)CrtPurecallHandler;
}

errno_t
_set_fmode(int Mode)
{
    if (Mode != _O_TEXT && Mode != _O_BINARY) {
        return errno = EINVAL;
    }
    _fmode = Mode;
    return 0;
}

errno_t
_get_fmode(int *Mode)
{
    *Mode = _fmode;
    return 0;
}

errno_t
_get_pgmptr(char **Value)
{
    *Value = _pgmptr;
    return 0;
}

errno_t
_get_wpgmptr(wchar_t **Value)
{
    *Value = _wpgmptr;
    return 0;
}

char **
__p__pgmptr(void)
{
    return &_pgmptr;
}

wchar_t **
__p__wpgmptr(void)
{
    return &_wpgmptr;
}

long *
__timezone(void)
{
    return &_timezone;
}

int *
__daylight(void)
{
    return &_daylight;
}

long *
__dstbias(void)
{
    return &_dstbias;
}

char **
__tzname(void)
{
    return _tzname;
}

errno_t
_dupenv_s(char **Value, size_t *Length, const char *Name)
{
    const char *Found;

    if (Value == NULL || Name == NULL) {
        return errno = EINVAL;
    }
    Found = getenv(Name);
    *Value = Found != NULL ? _strdup(Found) : NULL;
    if (Length != NULL) {
        *Length = Found != NULL ? strlen(Found) + 1 : 0;
    }
    return Found != NULL && *Value == NULL ? ENOMEM : 0;
}

errno_t
_wdupenv_s(wchar_t **Value, size_t *Length, const wchar_t *Name)
{
    const wchar_t *Found;

    if (Value == NULL || Name == NULL) {
        return errno = EINVAL;
    }
    Found = _wgetenv(Name);
    *Value = Found != NULL ? _wcsdup(Found) : NULL;
    if (Length != NULL) {
        *Length = Found != NULL ? wcslen(Found) + 1 : 0;
    }
    return Found != NULL && *Value == NULL ? ENOMEM : 0;
}
