/*
 * environ.c - the environment: one list of wide strings and its narrow twin.
 *
 * _environ[i] and _wenviron[i] are the same variable. Names compare without regard to case. A
 * change goes to both lists and to the process's own block, so that a child inherits it. The
 * strings handed out by getenv stay valid until that variable changes; the lists are grown by
 * copying, and an old list is never freed, for main's envp may point at it.
 */
#include "crt.h"
#include "crtdata.h"

static size_t
Total(void)
{
    size_t Count = 0;

    while (_wenviron != NULL && _wenviron[Count] != NULL) {
        Count++;
    }
    return Count;
}

int
CrtInitEnvironment(void)
{
    wchar_t *Block = GetEnvironmentStringsW(), *p;
    size_t Count = 0, i;

    for (p = Block; p != NULL && *p != 0; p += wcslen(p) + 1) {
        Count += *p != '='; /* "=C:=C:\dir" entries are not variables */
    }
    _wenviron = calloc(Count + 1, sizeof(wchar_t *));
    _environ = calloc(Count + 1, sizeof(char *));
    if (_wenviron == NULL || _environ == NULL) {
        return -1;
    }
    for (p = Block, i = 0; p != NULL && *p != 0; p += wcslen(p) + 1) {
        if (*p != '=') {
            _wenviron[i] = _wcsdup(p);
            _environ[i] = CrtNarrow(p);
            if (_wenviron[i] == NULL || _environ[i] == NULL) {
                return -1;
            }
            i++;
        }
    }
    if (Block != NULL) {
        FreeEnvironmentStringsW(Block);
    }
    return 0;
}

char *
getenv(const char *Name)
{
    char *Value = NULL;
    size_t Length = strlen(Name), i;

    _lock(CRT_LOCK_ENV);
    for (i = 0; Length != 0 && _environ != NULL && _environ[i] != NULL; i++) {
        if (_strnicmp(_environ[i], Name, Length) == 0 && _environ[i][Length] == '=') {
            Value = _environ[i] + Length + 1;
            break;
        }
    }
    _unlock(CRT_LOCK_ENV);
    return Value;
}

static size_t
FindWide(const wchar_t *Name, size_t Length)
{
    size_t i;

    for (i = 0; _wenviron[i] != NULL; i++) {
        if (_wcsnicmp(_wenviron[i], Name, Length) == 0 && _wenviron[i][Length] == '=') {
            break;
        }
    }
    return i;
}

wchar_t *
_wgetenv(const wchar_t *Name)
{
    wchar_t *Value = NULL;
    size_t Length = wcslen(Name), i;

    _lock(CRT_LOCK_ENV);
    i = FindWide(Name, Length);
    if (Length != 0 && _wenviron[i] != NULL) {
        Value = _wenviron[i] + Length + 1;
    }
    _unlock(CRT_LOCK_ENV);
    return Value;
}

static int
Change(const wchar_t *Text)
{
    const wchar_t *Equals = wcschr(Text, '=');
    size_t Length, i, Count;
    wchar_t *Wide, *Name;
    char *Narrow;
    BOOL Done;

    if (Equals == NULL || Equals == Text) {
        return CrtFail(EINVAL);
    }
    Length = Equals - Text;
    Name = _wcsdup(Text);
    Wide = _wcsdup(Text);
    Narrow = CrtNarrow(Text);
    if (Name == NULL || Wide == NULL || Narrow == NULL) {
        goto Fail;
    }
    Name[Length] = 0;
    Count = Total();
    i = FindWide(Text, Length);
    if (Equals[1] == 0) { /* remove */
        if (_wenviron[i] != NULL) {
            for (; i < Count; i++) {
                _wenviron[i] = _wenviron[i + 1];
                _environ[i] = _environ[i + 1];
            }
        }
        Done = SetEnvironmentVariableW(Name, NULL);
        Done = TRUE; /* removing what is not there succeeds */
        free(Wide);
        free(Narrow);
    } else {
        if (_wenviron[i] == NULL) {
            wchar_t **WideList = calloc(Count + 2, sizeof(wchar_t *));
            char **NarrowList = calloc(Count + 2, sizeof(char *));

            if (WideList == NULL || NarrowList == NULL) {
                free(WideList);
                free(NarrowList);
                goto Fail;
            }
            memcpy(WideList, _wenviron, Count * sizeof(wchar_t *));
            memcpy(NarrowList, _environ, Count * sizeof(char *));
            _wenviron = WideList;
            _environ = NarrowList;
        }
        _wenviron[i] = Wide;
        _environ[i] = Narrow;
        Done = SetEnvironmentVariableW(Name, Equals + 1);
    }
    free(Name);
    return Done ? 0 : -1;
Fail:
    free(Name);
    free(Wide);
    free(Narrow);
    return CrtFail(ENOMEM);
}

int
_wputenv(const wchar_t *Text)
{
    int Status;

    _lock(CRT_LOCK_ENV);
    Status = Change(Text);
    _unlock(CRT_LOCK_ENV);
    return Status;
}

int
_putenv(const char *Text)
{
    wchar_t *Wide = CrtWide(Text);
    int Status;

    if (Wide == NULL) {
        return CrtFail(ENOMEM);
    }
    Status = _wputenv(Wide);
    free(Wide);
    return Status;
}

errno_t
_wputenv_s(const wchar_t *Name, const wchar_t *Value)
{
    size_t Length;
    wchar_t *Text;
    int Status;

    if (Name == NULL || Value == NULL) {
        errno = EINVAL;
        return EINVAL;
    }
    Length = wcslen(Name);
    Text = malloc((Length + wcslen(Value) + 2) * sizeof(wchar_t));
    if (Text == NULL) {
        errno = ENOMEM;
        return ENOMEM;
    }
    wcscpy(Text, Name);
    Text[Length] = '=';
    wcscpy(Text + Length + 1, Value);
    Status = _wputenv(Text);
    free(Text);
    return Status == 0 ? 0 : errno;
}

errno_t
_putenv_s(const char *Name, const char *Value)
{
    wchar_t *WideName = Name != NULL ? CrtWide(Name) : NULL;
    wchar_t *WideValue = Value != NULL ? CrtWide(Value) : NULL;
    errno_t Status = _wputenv_s(WideName, WideValue);

    free(WideName);
    free(WideValue);
    return Status;
}

errno_t
getenv_s(size_t *Needed, char *Buffer, size_t Size, const char *Name)
{
    const char *Value;

    if (Needed == NULL || Name == NULL || (Buffer == NULL && Size != 0)) {
        errno = EINVAL;
        return EINVAL;
    }
    Value = getenv(Name);
    *Needed = Value != NULL ? strlen(Value) + 1 : 0;
    if (Buffer != NULL && Size != 0) {
        Buffer[0] = 0;
    }
    if (Value == NULL || Size == 0) {
        return 0;
    }
    if (*Needed > Size) {
        errno = ERANGE;
        return ERANGE;
    }
    memcpy(Buffer, Value, *Needed);
    return 0;
}

errno_t
_wgetenv_s(size_t *Needed, wchar_t *Buffer, size_t Size, const wchar_t *Name)
{
    const wchar_t *Value;

    if (Needed == NULL || Name == NULL || (Buffer == NULL && Size != 0)) {
        errno = EINVAL;
        return EINVAL;
    }
    Value = _wgetenv(Name);
    *Needed = Value != NULL ? wcslen(Value) + 1 : 0;
    if (Buffer != NULL && Size != 0) {
        Buffer[0] = 0;
    }
    if (Value == NULL || Size == 0) {
        return 0;
    }
    if (*Needed > Size) {
        errno = ERANGE;
        return ERANGE;
    }
    memcpy(Buffer, Value, *Needed * sizeof(wchar_t));
    return 0;
}

/* A block for CreateProcessW from a list of narrow strings. */
wchar_t *
CrtWideEnvironmentBlock(const char *const *Environment)
{
    size_t Length = 2, i;
    wchar_t *Block, *p;

    for (i = 0; Environment[i] != NULL; i++) {
        Length += strlen(Environment[i]) + 1;
    }
    p = Block = calloc(Length, sizeof(wchar_t));
    for (i = 0; Block != NULL && Environment[i] != NULL; i++) {
        wchar_t *Wide = CrtWide(Environment[i]);

        if (Wide == NULL) {
            free(Block);
            return NULL;
        }
        wcscpy(p, Wide);
        p += wcslen(p) + 1;
        free(Wide);
    }
    return Block;
}
