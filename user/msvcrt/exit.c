/*
 * exit.c - how a process ends, and the functions that run before it does.
 *
 * exit     functions of atexit and _onexit, last registered first; streams flushed; ExitProcess
 * _cexit   the same without the end; _exit only the end; _c_exit neither
 * abort    says so unless SIGABRT has a handler, raises it, ends with 3
 *
 * A function that is running may register another: it runs next. exit called from within one of
 * them goes on with the rest.
 */
#include "crt.h"
#include "crtdata.h"

static _onexit_t
Register(_onexit_t Function, _PVFV **Begin, _PVFV **End, _PVFV **Limit)
{
    if (*End == *Limit) {
        size_t Count = *End - *Begin, Room = Count * 2 + 32;
        _PVFV *Table = realloc(*Begin, Room * sizeof(_PVFV));

        if (Table == NULL) {
            return NULL;
        }
        *Begin = Table;
        *End = Table + Count;
        *Limit = Table + Room;
    }
    *(*End)++ = (_PVFV)Function;
    return Function;
}

_onexit_t
_onexit(_onexit_t Function)
{
    _lock(CRT_LOCK_EXIT);
    Function = Register(Function, &CrtExitBegin, &CrtExitEnd, &CrtExitLimit);
    _unlock(CRT_LOCK_EXIT);
    return Function;
}

int
atexit(void (*Function)(void))
{
    return _onexit((_onexit_t)Function) != NULL ? 0 : -1;
}

/* A module's own table; the caller keeps both ends, so the room is not known: it is the heap's. */
_onexit_t
__dllonexit(_onexit_t Function, _PVFV **Begin, _PVFV **End)
{
    _PVFV *Limit;

    _lock(CRT_LOCK_EXIT);
    Limit = *Begin != NULL ? *Begin + _msize(*Begin) / sizeof(_PVFV) : NULL;
    if (*Begin == NULL) {
        *End = NULL;
    }
    Function = Register(Function, Begin, End, &Limit);
    _unlock(CRT_LOCK_EXIT);
    return Function;
}

void
_initterm(_PVFV *Begin, _PVFV *End)
{
    for (; Begin < End; Begin++) {
        if (*Begin != NULL) {
            (*Begin)();
        }
    }
}

int
_initterm_e(_PIFV *Begin, _PIFV *End)
{
    int Status = 0;

    for (; Begin < End && Status == 0; Begin++) {
        if (*Begin != NULL) {
            Status = (*Begin)();
        }
    }
    return Status;
}

void
_cexit(void)
{
    _PVFV Function;

    for (;;) {
        _lock(CRT_LOCK_EXIT);
        Function = CrtExitEnd > CrtExitBegin ? *--CrtExitEnd : NULL;
        _unlock(CRT_LOCK_EXIT);
        if (Function == NULL) {
            break;
        }
        Function();
    }
    CrtFlushAtExit(0);
}

void
_c_exit(void)
{
}

void
exit(int Code)
{
    _cexit();
    _exit(Code);
}

void
_exit(int Code)
{
    ExitProcess((UINT)Code);
    __builtin_unreachable();
}

static void
Say(const char *Text)
{
    DWORD Written;
    HANDLE Error = GetStdHandle(STD_ERROR_HANDLE);

    if (Error != NULL && Error != INVALID_HANDLE_VALUE) {
        WriteFile(Error, Text, (DWORD)strlen(Text), &Written, NULL);
    }
}

void
abort(void)
{
    if (CrtOnAbort == SIG_DFL) {
        Say("\r\nabnormal program termination\r\n");
    }
    raise(SIGABRT);
    _exit(3);
}

/* The run time's own fatal errors; the number is the documented R60xx. */
void
_amsg_exit(int Number)
{
    char Text[48] = "\r\nruntime error R60";
    size_t Length = strlen(Text);

    Text[Length++] = '0' + Number / 10 % 10;
    Text[Length++] = '0' + Number % 10;
    strcpy(Text + Length, "\r\n");
    Say(Text);
    _exit(255);
}

void
_purecall(void)
{
    if (CrtPurecallHandler != NULL) {
        ((_PVFV)CrtPurecallHandler)();
    }
    _amsg_exit(25);
}

static void
AssertFailed(const char *Expression, const char *File, unsigned Line)
{
    char Number[16];

    fflush(NULL);
    Say("Assertion failed: ");
    Say(Expression);
    Say(", file ");
    Say(File);
    Say(", line ");
    Say(_ultoa(Line, Number, 10));
    Say("\r\n");
    abort();
}

void
_assert(const char *Expression, const char *File, unsigned Line)
{
    AssertFailed(Expression, File, Line);
}

void
_wassert(const wchar_t *Expression, const wchar_t *File, unsigned Line)
{
    char *NarrowExpression = CrtNarrow(Expression), *NarrowFile = CrtNarrow(File);

    AssertFailed(NarrowExpression != NULL ? NarrowExpression : "?",
                 NarrowFile != NULL ? NarrowFile : "?", Line);
}
