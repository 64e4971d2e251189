/*
 * crt.h - the private header of msvcrt.dll: the C run time that mingw's clients import.
 *
 * What it owns: start-up arguments and environment, stdio and the descriptors below it, the heap
 * functions over the process heap, strings, numbers to text and back, time, the C locale, signals,
 * setjmp, threads' data. What it must not know: how ntlab works. It imports documented routines of
 * kernel32 and ntdll only, so the same file runs on Windows and under Wine, which is how it is
 * tested.
 *
 * Facts come from the C standard and from Microsoft's documentation of the run-time library; where
 * msvcrt.dll and the newer UCRT differ (exponent digits, 1.#INF, rounding of ties) msvcrt.dll's
 * documented behaviour is taken. C99's conversions (z, t, j, hh) are understood as well.
 *
 *   crtdata.c   every mutable global           startup.c args.c environ.c exit.c  the process
 *   thread.c lock.c except.c signal.c jump.c   threads, locks, SEH, signals, setjmp
 *   heap.c memory.c string.c wstring.c ctype.c multibyte.c locale.c
 *   number.inc (narrow and wide) strtod.c dtoa.c cvt.c
 *   lowio.c open.c handles.c stat.c dir.c path.c      descriptors and files
 *   stream.c streamopen.c streamio.c streamwide.c streampos.c     FILE
 *   output.inc (printf) input.inc (scanf), each compiled narrow and wide
 *   time.c timezone.c timetext.c sort.c spawn.c float.c
 *
 * Lock order: the table of streams, a stream, then any other. A thread that holds a stream never
 * takes the table or another stream, but for stderr's.
 */
#ifndef USER_MSVCRT_CRT_H
#define USER_MSVCRT_CRT_H

#define _CRTBLD
#define _CRTIMP
#define _SECIMP
#define __CRT__NO_INLINE
#define __USE_MINGW_ANSI_STDIO 0
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <ctype.h>
#include <errno.h>
#include <time.h>
#include <limits.h>
#include <locale.h>
#include <io.h>
#include <fcntl.h>
#include <share.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <sys/timeb.h>
#include <sys/utime.h>
#include <signal.h>
#include <process.h>
#include <direct.h>
#include <malloc.h>
#include <float.h>
#include <conio.h>

/* mingw's headers reach these through functions or import pointers; here they are defined. */
#undef _fmode
#undef _iob
#undef __mb_cur_max
#undef __argc
#undef __argv
#undef __wargv
#undef _environ
#undef _wenviron
#undef _acmdln
#undef _wcmdln
#undef _commode
#undef _pgmptr
#undef _wpgmptr
#undef _osplatform
#undef _osver
#undef _winver
#undef _winmajor
#undef _winminor
#undef _tzname
#undef _timezone
#undef _daylight
#undef _dstbias
#undef _HUGE
#undef _sys_errlist
#undef _sys_nerr
#undef errno
#undef _doserrno
#undef _pctype
#undef _pwctype
#undef _ctype
#undef _wctype
#undef isalpha
#undef iswalpha
#undef isupper
#undef iswupper
#undef islower
#undef iswlower
#undef isdigit
#undef iswdigit
#undef isxdigit
#undef iswxdigit
#undef isspace
#undef iswspace
#undef ispunct
#undef iswpunct
#undef isalnum
#undef iswalnum
#undef isprint
#undef iswprint
#undef isgraph
#undef iswgraph
#undef iscntrl
#undef iswcntrl
#undef isleadbyte
#undef iswascii
#undef __isascii
#undef __toascii
#undef __iscsym
#undef __iscsymf
#undef _tolower
#undef _toupper
#undef iswctype
#undef __pctype_func
#undef __pwctype_func
#undef __iob_func
#undef strtod
#undef strtof
#undef stdin
#undef stdout
#undef stderr
extern int __argc;
extern char **__argv;
extern wchar_t **__wargv;
extern char *_acmdln;
extern wchar_t *_wcmdln;
extern char **_environ;
extern wchar_t **_wenviron;
extern char **__initenv;
extern wchar_t **__winitenv;
extern char *_pgmptr;
extern wchar_t *_wpgmptr;
extern int _fmode, _commode;
extern FILE _iob[];
extern int __mb_cur_max;
extern unsigned int __lc_codepage;
extern long _timezone, _dstbias;
extern int _daylight;
extern char *_tzname[2];
extern double _HUGE;
#define stdin  (&_iob[0])
#define stdout (&_iob[1])
#define stderr (&_iob[2])
#define errno  (*_errno())

/* A thread's own data, made when it first needs them. */
typedef struct _CRT_THREAD {
    int Errno;
    unsigned long DosErrno;
    unsigned int RandState;
    char *TokenNext;
    wchar_t *WideTokenNext;
    struct tm Tm;
    char TimeText[26];
    wchar_t WideTimeText[26];
    char ErrorText[136];
    wchar_t WideErrorText[136];
    char *CvtText; /* _ecvt and _fcvt, allocated */
    void *ExceptionPointers;
    int FpeCode;
    __p_sig_fn_t OnIllegal, OnFloat, OnSegment; /* these signals are the thread's own */
    void *StartRoutine;
    void *StartArgument;
    HANDLE Handle; /* of a thread made by _beginthread: closed when it ends */
} CRT_THREAD, *PCRT_THREAD;

PCRT_THREAD CrtThread(void);
void CrtFreeThread(void);

/* Numbers for _lock. Those from CRT_LOCK_STREAM on are the streams of _iob: clients' own
 * _lock_file relies on 16 + index. */
#define CRT_LOCK_EXIT        8
#define CRT_LOCK_ENV         7
#define CRT_LOCK_TIME        6
#define CRT_LOCK_STREAMS     1
#define CRT_LOCK_DESCRIPTORS 11
#define CRT_LOCK_STREAM      16
#define CRT_IOB              20
#define CRT_LOCKS            (CRT_LOCK_STREAM + CRT_IOB)
void _lock(int Number);
void _unlock(int Number);
void CrtInitLocks(void);

/* Errors */
int CrtFail(int Errno);     /* sets errno, returns -1 */
int CrtFailLastError(void); /* errno from GetLastError, returns -1 */
int CrtErrnoOf(unsigned long Error);

/* Text between the ANSI code page and UTF-16; allocated, the caller frees. */
wchar_t *CrtWide(const char *Text);
char *CrtNarrow(const wchar_t *Text);
int CrtNarrowChar(wchar_t Char); /* in the current locale: a byte, or -1 */
wchar_t CrtWideChar(unsigned char Byte);

/* Start-up */
int CrtInitEnvironment(void);
char *CrtGetenv(const char *Name);
wchar_t *CrtWideEnvironmentBlock(const char *const *Environment);
int CrtParseArguments(const wchar_t *Line, int Expand, int *Count, wchar_t ***Arguments);
void CrtFlushAtExit(int Terminating);
void CrtInitStreams(void);
void CrtInitDescriptors(void);
extern int CrtTerminating;

/* A descriptor (see handles.c). */
#define FD_OPEN      0x01
#define FD_EOF       0x02
#define FD_PIPE      0x08
#define FD_NOINHERIT 0x10
#define FD_APPEND    0x20
#define FD_DEVICE    0x40
#define FD_TEXT      0x80
#define FD_U8        0x100 /* _O_U8TEXT: wide output becomes UTF-8 */
#define FD_U16       0x200 /* _O_U16TEXT, _O_WTEXT */
#define FD_RESERVED  0x400 /* taken, not open yet */
#define FD_ASKED     0x800 /* CrtIsWatched */
#define FD_WATCHED   0x1000
typedef struct _CRT_FD {
    HANDLE Handle;
    int Flags;
    int Ahead; /* a byte read past a carriage return, or -1 */
} CRT_FD, *PCRT_FD;
#define FD_BLOCK  32
#define FD_BLOCKS 64
PCRT_FD CrtFd(int Fd); /* an open descriptor, else NULL and EBADF */
int CrtAllocateFd(void);
void CrtBindFd(int Fd, HANDLE Handle, int Flags);
void CrtReleaseFd(int Fd);
int CrtIsWatched(int Fd);
void *CrtOptional(const char *Name); /* of kernel32, else NULL and ENOSYS */
int CrtOpen(const wchar_t *Path, int Flags, int Share, int Mode, int *Fd);
int CrtOpenModeFlags(const wchar_t *Mode, int *OpenFlags, int *StreamFlags);
__int64 CrtRawLength(int Fd, __int64 Start, size_t Translated);

/* A stream: FILE must come first and its lock right behind it, for clients' _lock_file. */
typedef struct _CRT_STREAM {
    FILE File;
    CRITICAL_SECTION Lock;
    int Depth;
    __int64 FillStart; /* position in the file of the first byte in the buffer, for reading */
} CRT_STREAM, *PCRT_STREAM;
typedef struct _CRT_STREAM_SIDE {
    int Depth;
    __int64 FillStart;
} CRT_STREAM_SIDE;

#define _IOYOURBUF   0x0100
#define _IOSETVBUF   0x0400
#define _IOANY       (_IOREAD | _IOWRT | _IORW)
#define CRT_BUFFER   4096
#define _IOTAKEN     0x0800 /* in the course of being opened */
#define _IOTRANSIENT 0x1000 /* buffered for the length of one call only */

void CrtLockStream(FILE *File);
void CrtUnlockStream(FILE *File);
FILE *CrtAllocateStream(void); /* taken, not yet open, not locked */
void CrtFreeStream(FILE *File);
int CrtFlush(FILE *File);
void CrtStreamReleased(FILE *File);
int CrtFlushAll(int Writers);
__int64 *CrtFillStart(FILE *File);
int *CrtDepth(FILE *File);
FILE *CrtOpenStream(const wchar_t *Path, const wchar_t *Mode, int Share, FILE *File);
FILE *CrtStream(int Index); /* open or not; NULL past the last */
int CrtPutc(int Char, FILE *File);
int CrtGetc(FILE *File);
int CrtUngetc(int Char, FILE *File);
wint_t CrtPutwc(wchar_t Char, FILE *File);
wint_t CrtGetwc(FILE *File);
wint_t CrtUngetwc(wint_t Char, FILE *File);
int _filbuf(FILE *File);
int _flsbuf(int Char, FILE *File);

/* Numbers to text and back */
int CrtDigits(double Value, int Fixed, int Count, char *Digits, int *Point);
#define CRT_DIGITS 1100
int CrtFormatDouble(char *Text, double Value, char Type, int Precision, int Alternate);
size_t CrtFormatDoubleSize(int Precision);
double CrtStrtod(const char *Text, char **End, int Float);

/* Formatted output and input */
typedef struct _CRT_OUT {
    FILE *File;
    void *Buffer;
    size_t Size;  /* in characters */
    size_t Count; /* produced, whether they fitted or not */
    int Failed;
    int Iso; /* %s is narrow in a wide format, as the standard has it */
} CRT_OUT;
int CrtFormat(CRT_OUT *Out, const char *Format, va_list Args);
int CrtFormatWide(CRT_OUT *Out, const wchar_t *Format, va_list Args);
typedef struct _CRT_IN {
    FILE *File;
    const void *Text, *TextEnd;
    size_t Read;
    int Secure;
} CRT_IN;
int CrtScan(CRT_IN *In, const char *Format, va_list Args);
int CrtScanWide(CRT_IN *In, const wchar_t *Format, va_list Args);

/* int Name(Parameters), the last of which are "..." after Last: what Call gives, which has them as Args. */
#define FORWARD(Name, Parameters, Last, Call)                                                      \
    int Name Parameters                                                                            \
    {                                                                                              \
        va_list Args;                                                                              \
        int Count;                                                                                 \
                                                                                                   \
        va_start(Args, Last);                                                                      \
        Count = Call;                                                                              \
        va_end(Args);                                                                              \
        return Count;                                                                              \
    }

/* Time */
__int64 CrtFileTimeToTime(const FILETIME *FileTime);
void CrtTimeToFileTime(__int64 Time, FILETIME *FileTime);
int CrtBreakDown(__int64 Time, struct tm *Tm);
__int64 CrtDays(__int64 Year, int Month, int Day);
void CrtTzset(void);
int CrtIsDaylight(const struct tm *Tm);
extern const unsigned short CrtDaysBefore[2][13];
extern const char *const CrtDayNames[7], *const CrtMonthNames[12];

extern DWORD CrtTls;
extern int CrtCodePage;
extern const wchar_t CrtHigh1252[32];

#endif
