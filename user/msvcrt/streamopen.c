/*
 * streamopen.c - streams are opened, reopened and closed; temporary files.
 */
#include "crt.h"
#include "crtdata.h"

/* Opens into File (taken or closed before), or a new stream when it is NULL. */
FILE *
CrtOpenStream(const wchar_t *Path, const wchar_t *Mode, int Share, FILE *File)
{
    int OpenFlags, StreamFlags, Fd;
    FILE *New = File;

    if (Path == NULL || Mode == NULL) {
        CrtFail(EINVAL);
        return NULL;
    }
    if (CrtOpenModeFlags(Mode, &OpenFlags, &StreamFlags) != 0) {
        return NULL;
    }
    if (New == NULL && (New = CrtAllocateStream()) == NULL) {
        return NULL;
    }
    if (CrtOpen(Path, OpenFlags, Share, _S_IREAD | _S_IWRITE, &Fd) != 0) {
        CrtFreeStream(New);
        return NULL;
    }
    New->_file = Fd;
    New->_flag = StreamFlags;
    return New;
}

FILE *
_wfsopen(const wchar_t *Path, const wchar_t *Mode, int Share)
{
    return CrtOpenStream(Path, Mode, Share, NULL);
}

FILE *
_fsopen(const char *Path, const char *Mode, int Share)
{
    wchar_t *WidePath, *WideMode;
    FILE *File = NULL;

    if (Path == NULL || Mode == NULL) {
        CrtFail(EINVAL);
        return NULL;
    }
    WidePath = CrtWide(Path);
    WideMode = CrtWide(Mode);
    if (WidePath != NULL && WideMode != NULL) {
        File = CrtOpenStream(WidePath, WideMode, Share, NULL);
    }
    free(WidePath);
    free(WideMode);
    return File;
}

FILE *
fopen(const char *Path, const char *Mode)
{
    return _fsopen(Path, Mode, _SH_DENYNO);
}

FILE *
_wfopen(const wchar_t *Path, const wchar_t *Mode)
{
    return _wfsopen(Path, Mode, _SH_DENYNO);
}

/* The checked forms open for nobody else (documented). */
errno_t
fopen_s(FILE **File, const char *Path, const char *Mode)
{
    if (File == NULL) {
        return errno = EINVAL;
    }
    *File = _fsopen(Path, Mode, _SH_DENYRW);
    return *File != NULL ? 0 : errno;
}

errno_t
_wfopen_s(FILE **File, const wchar_t *Path, const wchar_t *Mode)
{
    if (File == NULL) {
        return errno = EINVAL;
    }
    *File = _wfsopen(Path, Mode, _SH_DENYRW);
    return *File != NULL ? 0 : errno;
}

FILE *
_wfdopen(int Fd, const wchar_t *Mode)
{
    int OpenFlags, StreamFlags;
    FILE *File;

    if (CrtFd(Fd) == NULL || CrtOpenModeFlags(Mode, &OpenFlags, &StreamFlags) != 0) {
        return NULL;
    }
    File = CrtAllocateStream();
    if (File != NULL) {
        File->_file = Fd;
        File->_flag = StreamFlags;
    }
    return File;
}

FILE *
_fdopen(int Fd, const char *Mode)
{
    wchar_t *WideMode = CrtWide(Mode);
    FILE *File = WideMode != NULL ? _wfdopen(Fd, WideMode) : NULL;

    free(WideMode);
    return File;
}

/* The stream is locked; afterwards it is free but still locked. */
static int
Close(FILE *File)
{
    int Status = CrtFlush(File);

    if ((File->_flag & _IOMYBUF) != 0) {
        free(File->_base);
    }
    if (_close(File->_file) != 0) {
        Status = EOF;
    }
    if (File->_tmpfname != NULL) {
        free(File->_tmpfname);
    }
    CrtFreeStream(File);
    return Status;
}

int
fclose(FILE *File)
{
    int Status = EOF;

    if (File == NULL) {
        return CrtFail(EINVAL);
    }
    CrtLockStream(File);
    if ((File->_flag & _IOANY) != 0) {
        Status = Close(File);
    } else {
        CrtFail(EINVAL);
    }
    CrtUnlockStream(File);
    return Status;
}

int
_fcloseall(void)
{
    int i, Count = 0;
    FILE *File;

    for (i = 3; (File = CrtStream(i)) != NULL; i++) {
        if ((File->_flag & _IOANY) != 0 && fclose(File) != EOF) {
            Count++;
        }
    }
    return Count;
}

FILE *
_wfreopen(const wchar_t *Path, const wchar_t *Mode, FILE *File)
{
    FILE *Opened;
    int Fd;

    if (File == NULL || Path == NULL || Mode == NULL) {
        CrtFail(EINVAL);
        return NULL;
    }
    CrtLockStream(File);
    Fd = File->_file;
    if ((File->_flag & _IOANY) != 0) {
        Close(File);
    }
    File->_flag = _IOTAKEN;
    Opened = CrtOpenStream(Path, Mode, _SH_DENYNO, File);
    /* The lowest descriptor is the one just freed, unless another thread was quicker. */
    if (Opened != NULL && Fd >= 0 && Fd <= 2 && Opened->_file != Fd &&
        _dup2(Opened->_file, Fd) == 0) {
        _close(Opened->_file);
        Opened->_file = Fd;
    } else if (Opened != NULL && Fd >= 0 && Fd <= 2) {
        SetStdHandle(Fd == 0   ? STD_INPUT_HANDLE
                     : Fd == 1 ? STD_OUTPUT_HANDLE
                               : STD_ERROR_HANDLE,
                     (HANDLE)_get_osfhandle(Fd));
    }
    CrtUnlockStream(File);
    return Opened;
}

FILE *
freopen(const char *Path, const char *Mode, FILE *File)
{
    wchar_t *WidePath, *WideMode;

    if (Path == NULL || Mode == NULL) {
        CrtFail(EINVAL);
        return NULL;
    }
    WidePath = CrtWide(Path);
    WideMode = CrtWide(Mode);
    File = WidePath != NULL && WideMode != NULL ? _wfreopen(WidePath, WideMode, File) : NULL;
    free(WidePath);
    free(WideMode);
    return File;
}

errno_t
freopen_s(FILE **New, const char *Path, const char *Mode, FILE *File)
{
    if (New == NULL) {
        return errno = EINVAL;
    }
    *New = freopen(Path, Mode, File);
    return *New != NULL ? 0 : errno;
}

errno_t
_wfreopen_s(FILE **New, const wchar_t *Path, const wchar_t *Mode, FILE *File)
{
    if (New == NULL) {
        return errno = EINVAL;
    }
    *New = _wfreopen(Path, Mode, File);
    return *New != NULL ? 0 : errno;
}

/* A name that does not exist yet: the folder, a prefix, a counter of this process. No clock and no
 * random number, so that a run can be repeated. */
static int
NewName(wchar_t *Name, size_t Size, const wchar_t *Folder, const wchar_t *Prefix)
{
    wchar_t Number[34];
    size_t Length;

    do {
        if (wcscpy_s(Name, Size, Folder) != 0) {
            return -1;
        }
        Length = wcslen(Name);
        if (Length != 0 && Name[Length - 1] != '\\' && Name[Length - 1] != '/' &&
            wcscat_s(Name, Size, L"\\") != 0) {
            return -1;
        }
        _ui64tow(GetCurrentProcessId(), Number, 36);
        if (wcscat_s(Name, Size, Prefix) != 0 || wcscat_s(Name, Size, Number) != 0 ||
            wcscat_s(Name, Size, L".") != 0 ||
            wcscat_s(Name, Size, _ultow(++CrtTempCounter, Number, 36)) != 0) {
            return -1;
        }
    } while (GetFileAttributesW(Name) != INVALID_FILE_ATTRIBUTES);
    return 0;
}

wchar_t *
_wtmpnam(wchar_t *Name)
{
    if (Name == NULL) {
        Name = CrtWideTempName;
    }
    return NewName(Name, L_tmpnam, L"\\", L"s") == 0 ? Name : NULL;
}

char *
tmpnam(char *Name)
{
    wchar_t Wide[MAX_PATH];
    size_t i = 0;

    if (NewName(Wide, L_tmpnam, L"\\", L"s") != 0) {
        return NULL;
    }
    if (Name == NULL) {
        Name = CrtTempName;
    }
    do {
        Name[i] = (char)Wide[i];
    } while (Wide[i++] != 0);
    return Name;
}

errno_t
tmpnam_s(char *Name, size_t Size)
{
    char Text[MAX_PATH];

    if (Name == NULL || tmpnam(Text) == NULL) {
        return errno = EINVAL;
    }
    return strcpy_s(Name, Size, Text);
}

wchar_t *
_wtempnam(const wchar_t *Folder, const wchar_t *Prefix)
{
    wchar_t *Name = malloc(MAX_PATH * sizeof(wchar_t)), *Variable = _wgetenv(L"TMP");

    if (Name == NULL) {
        return NULL;
    }
    if (Variable != NULL && GetFileAttributesW(Variable) != INVALID_FILE_ATTRIBUTES) {
        Folder = Variable;
    } else if (Folder == NULL || GetFileAttributesW(Folder) == INVALID_FILE_ATTRIBUTES) {
        Folder = L".";
    }
    if (NewName(Name, MAX_PATH, Folder, Prefix != NULL ? Prefix : L"") != 0) {
        free(Name);
        return NULL;
    }
    return Name;
}

char *
_tempnam(const char *Folder, const char *Prefix)
{
    wchar_t *WideFolder = Folder != NULL ? CrtWide(Folder) : NULL;
    wchar_t *WidePrefix = Prefix != NULL ? CrtWide(Prefix) : NULL;
    wchar_t *Wide = _wtempnam(WideFolder, WidePrefix);
    char *Name = Wide != NULL ? CrtNarrow(Wide) : NULL;

    free(WideFolder);
    free(WidePrefix);
    free(Wide);
    return Name;
}

FILE *
tmpfile(void)
{
    wchar_t Folder[MAX_PATH], Name[MAX_PATH];

    if (GetTempPathW(MAX_PATH, Folder) == 0 || NewName(Name, MAX_PATH, Folder, L"t") != 0) {
        return NULL;
    }
    return CrtOpenStream(Name, L"w+bTD", _SH_DENYNO, NULL);
}

errno_t
tmpfile_s(FILE **File)
{
    if (File == NULL) {
        return errno = EINVAL;
    }
    *File = tmpfile();
    return *File != NULL ? 0 : errno;
}

/* Every tmpfile deletes itself when it is closed; this closes those that are open. */
int
_rmtmp(void)
{
    return 0;
}

int
_getmaxstdio(void)
{
    return CRT_STREAMS_MAX;
}

int
_setmaxstdio(int Count)
{
    if (Count < CRT_IOB || Count > 2048) {
        return CrtFail(EINVAL);
    }
    return Count <= CRT_STREAMS_MAX ? Count : CrtFail(EINVAL);
}
