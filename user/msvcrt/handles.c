/*
 * handles.c - the table from descriptors to handles.
 *
 * Descriptors come in blocks of 32 that are made when they are first needed; the lowest free number
 * is always taken. 0, 1 and 2 are the standard handles. A parent hands its descriptors to a child
 * through STARTUPINFO's reserved block, as documented for the run time: a count, one flag byte for
 * each, one handle for each.
 *
 * The table is under CRT_LOCK_DESCRIPTORS. What is behind a descriptor is not locked: two threads
 * that use one descriptor at once are ordered by the stream above it or not at all.
 */
#include "crt.h"
#include "crtdata.h"
#include <winternl.h>

static PCRT_FD
Entry(int Fd)
{
    if (Fd < 0 || Fd >= FD_BLOCK * FD_BLOCKS || CrtFdBlocks[Fd / FD_BLOCK] == NULL) {
        return NULL;
    }
    return &CrtFdBlocks[Fd / FD_BLOCK][Fd % FD_BLOCK];
}

PCRT_FD
CrtFd(int Fd)
{
    PCRT_FD Entry1 = Entry(Fd);

    if (Entry1 == NULL || (Entry1->Flags & FD_OPEN) == 0) {
        CrtThread()->DosErrno = 0;
        CrtFail(EBADF);
        return NULL;
    }
    return Entry1;
}

static int
MakeBlock(int Block)
{
    if (CrtFdBlocks[Block] == NULL) {
        CrtFdBlocks[Block] = calloc(FD_BLOCK, sizeof(CRT_FD));
    }
    return CrtFdBlocks[Block] != NULL ? 0 : -1;
}

int
CrtAllocateFd(void)
{
    int Fd;

    _lock(CRT_LOCK_DESCRIPTORS);
    for (Fd = 0; Fd < FD_BLOCK * FD_BLOCKS; Fd++) {
        if (MakeBlock(Fd / FD_BLOCK) != 0) {
            break;
        }
        if (Entry(Fd)->Flags == 0) {
            Entry(Fd)->Flags = FD_RESERVED;
            _unlock(CRT_LOCK_DESCRIPTORS);
            return Fd;
        }
    }
    _unlock(CRT_LOCK_DESCRIPTORS);
    return CrtFail(EMFILE);
}

static void
SetStandard(int Fd, HANDLE Handle)
{
    static const DWORD Which[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

    if (Fd >= 0 && Fd <= 2) {
        SetStdHandle(Which[Fd], Handle);
    }
}

void
CrtBindFd(int Fd, HANDLE Handle, int Flags)
{
    PCRT_FD New = Entry(Fd);

    New->Handle = Handle;
    New->Ahead = -1;
    New->Flags = Flags | FD_OPEN;
}

void
CrtReleaseFd(int Fd)
{
    PCRT_FD Old = Entry(Fd);

    Old->Handle = INVALID_HANDLE_VALUE;
    Old->Ahead = -1;
    Old->Flags = 0;
}

static int
TypeFlags(HANDLE Handle)
{
    switch (GetFileType(Handle) & ~FILE_TYPE_REMOTE) {
    case FILE_TYPE_CHAR:
        return FD_DEVICE;
    case FILE_TYPE_PIPE:
        return FD_PIPE;
    }
    return 0;
}

void
CrtInitDescriptors(void)
{
    static const DWORD Which[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};
    STARTUPINFOW Info;
    unsigned int Count, i;
    HANDLE Handle;

    if (MakeBlock(0) != 0) {
        return;
    }
    GetStartupInfoW(&Info);
    if (Info.lpReserved2 != NULL && Info.cbReserved2 >= sizeof(int)) {
        const unsigned char *Flags = Info.lpReserved2 + sizeof(int);

        memcpy(&Count, Info.lpReserved2, sizeof(int));
        if (Count > (Info.cbReserved2 - sizeof(int)) / (1 + sizeof(HANDLE))) {
            Count = (Info.cbReserved2 - sizeof(int)) / (1 + sizeof(HANDLE));
        }
        for (i = 0; i < Count && i < FD_BLOCK * FD_BLOCKS; i++) {
            memcpy(&Handle, Flags + Count + i * sizeof(HANDLE), sizeof(HANDLE));
            if ((Flags[i] & FD_OPEN) == 0 || Handle == NULL || Handle == INVALID_HANDLE_VALUE ||
                MakeBlock(i / FD_BLOCK) != 0) {
                continue;
            }
            if ((Flags[i] & FD_PIPE) != 0) {
                /* Not asked what it is: the parent may read it now, and the question would wait for that. */
                CrtBindFd(i, Handle, Flags[i] & (FD_APPEND | FD_TEXT | FD_PIPE));
            } else if (GetFileType(Handle) != FILE_TYPE_UNKNOWN) {
                CrtBindFd(i, Handle, (Flags[i] & (FD_APPEND | FD_TEXT)) | TypeFlags(Handle));
            }
        }
    }
    for (i = 0; i < 3; i++) {
        if (Entry(i)->Flags == 0) {
            Handle = GetStdHandle(Which[i]);
            if (Handle != NULL && Handle != INVALID_HANDLE_VALUE) {
                CrtBindFd(i, Handle, FD_TEXT | TypeFlags(Handle));
            } else { /* no such handle: the number stays taken, and every use fails */
                CrtBindFd(i, INVALID_HANDLE_VALUE, FD_TEXT | FD_DEVICE);
            }
        }
    }
}

intptr_t
_get_osfhandle(int Fd)
{
    PCRT_FD This = CrtFd(Fd);

    return This != NULL ? (intptr_t)This->Handle : -1;
}

int
_open_osfhandle(intptr_t Handle, int Flags)
{
    int Fd;

    SetLastError(NO_ERROR); /* a handle may be of no known type without an error */
    if (GetFileType((HANDLE)Handle) == FILE_TYPE_UNKNOWN && GetLastError() != NO_ERROR) {
        return CrtFailLastError();
    }
    Fd = CrtAllocateFd();
    if (Fd >= 0) {
        CrtBindFd(Fd, (HANDLE)Handle,
                  TypeFlags((HANDLE)Handle) | ((Flags & _O_TEXT) != 0 ? FD_TEXT : 0) |
                      ((Flags & _O_APPEND) != 0 ? FD_APPEND : 0) |
                      ((Flags & _O_NOINHERIT) != 0 ? FD_NOINHERIT : 0));
    }
    return Fd;
}

int
_isatty(int Fd)
{
    PCRT_FD This = CrtFd(Fd);

    return This != NULL ? This->Flags & FD_DEVICE : 0;
}

/*
 * Does the pipe lead out of ntlab? What is printed there is shown at once, as on a terminal: of a run that ends in a hang, what the
 * program said last would be lost otherwise.
 */
int
CrtIsWatched(int Fd)
{
    static const WCHAR Device[] = L"\\Device\\ConPipe";
    PCRT_FD This = CrtFd(Fd);
    struct {
        UNICODE_STRING Name;
        WCHAR Text[64];
    } Name;
    ULONG Length;

    if (This == NULL || (This->Flags & FD_PIPE) == 0) {
        return 0;
    }
    if ((This->Flags & FD_ASKED) == 0) {
        This->Flags |= FD_ASKED;
        if (NtQueryObject(This->Handle, 1 /* ObjectNameInformation */, &Name, sizeof(Name),
                          &Length) >= 0 &&
            Name.Name.Length >= sizeof(Device) - sizeof(WCHAR) &&
            memcmp(Name.Name.Buffer, Device, sizeof(Device) - sizeof(WCHAR)) == 0) {
            This->Flags |= FD_WATCHED;
        }
    }
    return (This->Flags & FD_WATCHED) != 0;
}

int
_setmode(int Fd, int Mode)
{
    PCRT_FD This = CrtFd(Fd);
    int Previous, Unicode;

    if (This == NULL) {
        return -1;
    }
    Unicode = Mode & (_O_WTEXT | _O_U8TEXT | _O_U16TEXT);
    if (Unicode == 0 && Mode != _O_TEXT && Mode != _O_BINARY) {
        return CrtFail(EINVAL);
    }
    Previous = (This->Flags & FD_TEXT) == 0  ? _O_BINARY
               : (This->Flags & FD_U8) != 0  ? _O_U8TEXT
               : (This->Flags & FD_U16) != 0 ? _O_U16TEXT
                                             : _O_TEXT;
    This->Flags &= ~(FD_TEXT | FD_U8 | FD_U16);
    if (Mode != _O_BINARY) {
        This->Flags |= FD_TEXT;
    }
    if (Unicode != 0) {
        This->Flags |= (Mode & _O_U8TEXT) == _O_U8TEXT ? FD_U8 : FD_U16;
    }
    return Previous;
}

int
_close(int Fd)
{
    PCRT_FD This = CrtFd(Fd);
    HANDLE Handle;
    int Other, Shared = 0;

    if (This == NULL) {
        return -1;
    }
    Handle = This->Handle;
    /* Standard output and error may be one handle. */
    for (Other = 1; Other <= 2; Other++) {
        if (Fd == 3 - Other && (Entry(Other)->Flags & FD_OPEN) != 0 &&
            Entry(Other)->Handle == Handle) {
            Shared = 1;
        }
    }
    CrtReleaseFd(Fd);
    SetStandard(Fd, NULL);
    if (!Shared && Handle != INVALID_HANDLE_VALUE && !CloseHandle(Handle)) {
        return CrtFailLastError();
    }
    return 0;
}

int
_dup2(int Source, int Target)
{
    PCRT_FD From = CrtFd(Source);
    HANDLE Copy;

    if (From == NULL) {
        return -1;
    }
    if (Target < 0 || Target >= FD_BLOCK * FD_BLOCKS) {
        return CrtFail(EBADF);
    }
    if (Source == Target) {
        return 0;
    }
    if (MakeBlock(Target / FD_BLOCK) != 0) {
        return CrtFail(ENOMEM);
    }
    if (!DuplicateHandle(GetCurrentProcess(), From->Handle, GetCurrentProcess(), &Copy, 0, TRUE,
                         DUPLICATE_SAME_ACCESS)) {
        return CrtFailLastError();
    }
    if ((Entry(Target)->Flags & FD_OPEN) != 0) {
        _close(Target);
    }
    CrtBindFd(Target, Copy, From->Flags & ~FD_NOINHERIT);
    SetStandard(Target, Copy);
    return 0;
}

int
_dup(int Source)
{
    int Fd;

    if (CrtFd(Source) == NULL) {
        return -1;
    }
    Fd = CrtAllocateFd();
    if (Fd >= 0 && _dup2(Source, Fd) != 0) {
        CrtReleaseFd(Fd);
        return -1;
    }
    return Fd;
}

/*
 * The two routines for pipes are looked up when they are used: of all that this image needs only
 * they may be absent, and a client that has no pipes runs without.
 */
void *
CrtOptional(const char *Name)
{
    void *Routine = (void *)GetProcAddress(GetModuleHandleW(L"kernel32.dll"), Name);

    if (Routine == NULL) {
        CrtFail(ENOSYS);
    }
    return Routine;
}

int
_pipe(int *Pair, unsigned int Size, int Mode)
{
    SECURITY_ATTRIBUTES Security = {sizeof(Security), NULL, (Mode & _O_NOINHERIT) == 0};
    BOOL(WINAPI * Create)(PHANDLE, PHANDLE, LPSECURITY_ATTRIBUTES, DWORD) =
        CrtOptional("CreatePipe");
    HANDLE Read, Write;
    int Flags = 0;

    if (Create == NULL) {
        return -1;
    }

    if ((Mode & _O_BINARY) == 0 && ((Mode & _O_TEXT) != 0 || _fmode != _O_BINARY)) {
        Flags |= _O_TEXT;
    }
    if (!Create(&Read, &Write, &Security, Size)) {
        return CrtFailLastError();
    }
    Pair[0] = _open_osfhandle((intptr_t)Read, Flags | (Mode & _O_NOINHERIT));
    Pair[1] = _open_osfhandle((intptr_t)Write, Flags | (Mode & _O_NOINHERIT));
    if (Pair[0] < 0 || Pair[1] < 0) {
        CloseHandle(Read);
        CloseHandle(Write);
        return -1;
    }
    return 0;
}
