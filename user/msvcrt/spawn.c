/*
 * spawn.c - processes: the _spawn and _exec families, _cwait, and what needs a command interpreter.
 *
 * The arguments are joined by blanks without quoting, as documented. A name without extension is
 * tried with .com and .exe; the "p" forms look in PATH. Open descriptors that may be inherited go
 * to the child in STARTUPINFO's reserved block (handles.c reads it). There is no command
 * interpreter here: system answers that (documented: 0 for system(NULL), else -1 with ENOENT).
 */
#include "crt.h"
#include "crtdata.h"

static char *
JoinArguments(const char *const *Arguments)
{
    size_t Length = 1, i;
    char *Line, *p;

    for (i = 0; Arguments[i] != NULL; i++) {
        Length += strlen(Arguments[i]) + 1;
    }
    Line = p = malloc(Length);
    if (Line == NULL) {
        return NULL;
    }
    for (i = 0; Arguments[i] != NULL; i++) {
        if (i != 0) {
            *p++ = ' ';
        }
        strcpy(p, Arguments[i]);
        p += strlen(p);
    }
    *p = 0;
    return Line;
}

static BYTE *
InheritedDescriptors(WORD *Size)
{
    int Count = FD_BLOCK, i;
    BYTE *Block;
    HANDLE *Handles;

    *Size = (WORD)(sizeof(int) + Count * (1 + sizeof(HANDLE)));
    Block = calloc(1, *Size);
    if (Block == NULL) {
        return NULL;
    }
    memcpy(Block, &Count, sizeof(int));
    for (i = 0; i < Count; i++) {
        PCRT_FD Fd = CrtFdBlocks[0] != NULL ? &CrtFdBlocks[0][i] : NULL;
        HANDLE Handle = INVALID_HANDLE_VALUE;

        if (Fd != NULL && (Fd->Flags & (FD_OPEN | FD_NOINHERIT)) == FD_OPEN) {
            Block[sizeof(int) + i] = (BYTE)Fd->Flags;
            Handle = Fd->Handle;
        }
        Handles = (HANDLE *)(Block + sizeof(int) + Count + i * sizeof(HANDLE));
        memcpy(Handles, &Handle, sizeof(Handle));
    }
    return Block;
}

static intptr_t
Start(int Mode, const wchar_t *Path, const char *const *Arguments, const char *const *Environment)
{
    STARTUPINFOW Info = {sizeof(Info)};
    PROCESS_INFORMATION Process;
    char *Narrow = JoinArguments(Arguments);
    wchar_t *Line = Narrow != NULL ? CrtWide(Narrow) : NULL;
    wchar_t *Block = Environment != NULL ? CrtWideEnvironmentBlock(Environment) : NULL;
    DWORD Code = 0;
    BOOL Done;

    free(Narrow);
    if (Line == NULL) {
        free(Block);
        return CrtFail(ENOMEM);
    }
    fflush(NULL);
    Info.lpReserved2 = InheritedDescriptors(&Info.cbReserved2);
    if (Info.lpReserved2 == NULL) {
        Info.cbReserved2 = 0;
    }
    Done = CreateProcessW(Path, Line, NULL, NULL, TRUE,
                          CREATE_UNICODE_ENVIRONMENT | (Mode == _P_DETACH ? DETACHED_PROCESS : 0),
                          Block, NULL, &Info, &Process);
    if (!Done) {
        CrtFailLastError();
    }
    free(Line);
    free(Block);
    free(Info.lpReserved2);
    if (!Done) {
        return -1;
    }
    CloseHandle(Process.hThread);
    switch (Mode) {
    case _P_WAIT:
        WaitForSingleObject(Process.hProcess, INFINITE);
        GetExitCodeProcess(Process.hProcess, &Code);
        CloseHandle(Process.hProcess);
        return (int)Code;
    case _P_OVERLAY:
        _exit(0);
    case _P_DETACH:
        CloseHandle(Process.hProcess);
        return 0;
    }
    return (intptr_t)Process.hProcess;
}

/* Path with an extension that exists: room for four more characters is there. */
static int
Complete(wchar_t *Path)
{
    static const wchar_t *const Extensions[] = {L".com", L".exe"};
    const wchar_t *Name = Path, *p;
    size_t Length = wcslen(Path), i;

    for (p = Path; *p != 0; p++) {
        if (*p == '/' || *p == '\\') {
            Name = p + 1;
        }
    }
    if (wcschr(Name, '.') != NULL) {
        return GetFileAttributesW(Path) != INVALID_FILE_ATTRIBUTES;
    }
    for (i = 0; i < ARRAYSIZE(Extensions); i++) {
        wcscpy(Path + Length, Extensions[i]);
        if (GetFileAttributesW(Path) != INVALID_FILE_ATTRIBUTES) {
            return 1;
        }
    }
    Path[Length] = 0;
    return 0;
}

static intptr_t
Spawn(int Mode, const char *Name, const char *const *Arguments, const char *const *Environment,
      int UsePath)
{
    wchar_t *Wide, *Path;
    const wchar_t *List;
    size_t Length, NameLength;
    intptr_t Result = -1;
    int Found;

    if (Name == NULL || *Name == 0 || Arguments == NULL || Mode < 0 || Mode > _P_DETACH) {
        return CrtFail(EINVAL);
    }
    Wide = CrtWide(Name);
    if (Wide == NULL) {
        return -1;
    }
    NameLength = wcslen(Wide);
    List = UsePath && wcspbrk(Wide, L"/\\:") == NULL ? _wgetenv(L"PATH") : NULL;
    Path = malloc((NameLength + (List != NULL ? wcslen(List) : 0) + 8) * sizeof(wchar_t));
    if (Path == NULL) {
        free(Wide);
        return CrtFail(ENOMEM);
    }
    wcscpy(Path, Wide);
    Found = Complete(Path);
    while (!Found && List != NULL && *List != 0) {
        for (Length = 0; List[Length] != 0 && List[Length] != ';'; Length++) {
            Path[Length] = List[Length];
        }
        List += Length + (List[Length] == ';');
        if (Length != 0) {
            if (Path[Length - 1] != '\\' && Path[Length - 1] != '/') {
                Path[Length++] = '\\';
            }
            wcscpy(Path + Length, Wide);
            Found = Complete(Path);
        }
    }
    if (Found) {
        Result = Start(Mode, Path, Arguments, Environment);
    } else {
        CrtFail(ENOENT);
    }
    free(Wide);
    free(Path);
    return Result;
}

intptr_t
_spawnve(int Mode, const char *Name, const char *const *Arguments, const char *const *Environment)
{
    return Spawn(Mode, Name, Arguments, Environment, 0);
}

intptr_t
_spawnv(int Mode, const char *Name, const char *const *Arguments)
{
    return Spawn(Mode, Name, Arguments, NULL, 0);
}

intptr_t
_spawnvp(int Mode, const char *Name, const char *const *Arguments)
{
    return Spawn(Mode, Name, Arguments, NULL, 1);
}

intptr_t
_spawnvpe(int Mode, const char *Name, const char *const *Arguments, const char *const *Environment)
{
    return Spawn(Mode, Name, Arguments, Environment, 1);
}

#define CRT_ARGUMENTS 256

/* Arguments given one by one, ended by NULL; for the "e" forms the environment follows. */
#define LIST(First)                                                                                \
    va_list Args;                                                                                  \
    const char *All[CRT_ARGUMENTS + 2];                                                            \
    int n = 0;                                                                                     \
                                                                                                   \
    va_start(Args, First);                                                                         \
    for (All[n] = First; All[n] != NULL && n < CRT_ARGUMENTS; n++) {                               \
        All[n + 1] = va_arg(Args, const char *);                                                   \
    }                                                                                              \
    All[n] = NULL;                                                                                 \
    const char *const *Environment = va_arg(Args, const char *const *);                            \
    va_end(Args);                                                                                  \
    (void)Environment

intptr_t
_spawnl(int Mode, const char *Name, const char *First, ...)
{
    LIST(First);
    return Spawn(Mode, Name, All, NULL, 0);
}

intptr_t
_spawnlp(int Mode, const char *Name, const char *First, ...)
{
    LIST(First);
    return Spawn(Mode, Name, All, NULL, 1);
}

intptr_t
_spawnle(int Mode, const char *Name, const char *First, ...)
{
    LIST(First);
    return Spawn(Mode, Name, All, Environment, 0);
}

intptr_t
_spawnlpe(int Mode, const char *Name, const char *First, ...)
{
    LIST(First);
    return Spawn(Mode, Name, All, Environment, 1);
}

intptr_t
_execl(const char *Name, const char *First, ...)
{
    LIST(First);
    return Spawn(_P_OVERLAY, Name, All, NULL, 0);
}

intptr_t
_execlp(const char *Name, const char *First, ...)
{
    LIST(First);
    return Spawn(_P_OVERLAY, Name, All, NULL, 1);
}

intptr_t
_execle(const char *Name, const char *First, ...)
{
    LIST(First);
    return Spawn(_P_OVERLAY, Name, All, Environment, 0);
}

intptr_t
_execv(const char *Name, const char *const *Arguments)
{
    return Spawn(_P_OVERLAY, Name, Arguments, NULL, 0);
}

intptr_t
_execve(const char *Name, const char *const *Arguments, const char *const *Environment)
{
    return Spawn(_P_OVERLAY, Name, Arguments, Environment, 0);
}

intptr_t
_execvp(const char *Name, const char *const *Arguments)
{
    return Spawn(_P_OVERLAY, Name, Arguments, NULL, 1);
}

intptr_t
_execvpe(const char *Name, const char *const *Arguments, const char *const *Environment)
{
    return Spawn(_P_OVERLAY, Name, Arguments, Environment, 1);
}

intptr_t
_cwait(int *Code, intptr_t Process, int Action)
{
    DWORD Status;

    (void)Action;
    if (WaitForSingleObject((HANDLE)Process, INFINITE) != WAIT_OBJECT_0 ||
        !GetExitCodeProcess((HANDLE)Process, &Status)) {
        CrtFailLastError();
        return CrtFail(ECHILD);
    }
    CloseHandle((HANDLE)Process);
    if (Code != NULL) {
        *Code = (int)Status;
    }
    return Process;
}

int
_getpid(void)
{
    return (int)GetCurrentProcessId();
}

int
system(const char *Command)
{
    if (Command == NULL) {
        return 0;
    }
    return CrtFail(ENOENT);
}

int
_wsystem(const wchar_t *Command)
{
    return system(Command != NULL ? "" : NULL);
}

FILE *
_popen(const char *Command, const char *Mode)
{
    (void)Command, (void)Mode;
    CrtFail(ENOENT);
    return NULL;
}

int
_pclose(FILE *File)
{
    (void)File;
    return CrtFail(EBADF);
}
