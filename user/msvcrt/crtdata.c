/*
 * crtdata.c - every mutable global of msvcrt.dll, the exported ones first.
 *
 * A snapshot can name them, and nothing else in this image changes. What needs order is set up in
 * startup.c when the image is attached.
 */
#include "crt.h"
#include "crtdata.h"

/* Exported data. On x64 clients read these through their import tables. */
int __argc;
char **__argv;
wchar_t **__wargv;
char *_acmdln;
wchar_t *_wcmdln;
char **_environ;
wchar_t **_wenviron;
char **__initenv;
wchar_t **__winitenv;
char *_pgmptr;
wchar_t *_wpgmptr;
int _fmode = _O_TEXT;
int _commode;
unsigned int _osplatform = 2; /* VER_PLATFORM_WIN32_NT */
unsigned int _osver, _winver, _winmajor, _winminor;
FILE _iob[CRT_IOB];
int __mb_cur_max = 1;
unsigned int __lc_codepage;
long _timezone = 8 * 3600; /* documented initial values: Pacific time, until _tzset */
int _daylight = 1;
long _dstbias = -3600;
static char TzStandard[64] = "PST", TzDaylight[64] = "PDT";
char *_tzname[2] = {TzStandard, TzDaylight};
double _HUGE;
void (*_aexit_rtn)(int) = _exit;

/* Private */
DWORD CrtTls = TLS_OUT_OF_INDEXES;
CRT_THREAD CrtSpareThread; /* shared by threads for which there was no memory */
int CrtTerminating;
int CrtCodePage; /* 0: the C locale, where a byte is its own character */
CRITICAL_SECTION CrtLocks[CRT_LOCKS];
PCRT_FD CrtFdBlocks[FD_BLOCKS];
CRT_STREAM_SIDE CrtIobSide[CRT_IOB];
FILE *CrtStreams[CRT_STREAMS_MAX];
int CrtStreamCount;
_PVFV *CrtExitBegin, *CrtExitEnd, *CrtExitLimit;
int CrtExiting;
__p_sig_fn_t CrtOnInterrupt, CrtOnTerm, CrtOnBreak, CrtOnAbort;
FILETIME CrtStartTime;
int CrtTimeZoneSet;
TIME_ZONE_INFORMATION CrtZone;
int CrtZoneFromVariable;
int CrtAppType, CrtErrorMode, CrtNewMode;
int CrtThreeDigits = 1;
int CrtUniversal; /* this is ucrtbase.dll, whose printf differs in details */
unsigned int CrtUmask;
int CrtPutback = -1;
ULONGLONG CrtKeyAsked;
void *CrtNewHandler, *CrtStdNewHandler, *CrtTerminateHandler, *CrtUnexpectedHandler,
    *CrtPurecallHandler;
void *CrtMathError;
unsigned int CrtTempCounter;
unsigned __int64 CrtRandomCounter;
char CrtLocaleName[CRT_LOCALE_NAME];
wchar_t CrtWideLocaleName[CRT_LOCALE_NAME];
unsigned char CrtEnglish[LC_MAX + 1];
char CrtNotSpecified = CHAR_MAX;
char CrtTempName[MAX_PATH];
wchar_t CrtWideTempName[MAX_PATH];
/* The C locale's conventions; CHAR_MAX: not specified. */
struct lconv CrtConventions = {
    ".", "",       "",       "",       "",       "",       "",       "",       "",
    "",  CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX,
};
LCID CrtNoLocales[LC_MAX + 1]; /* by category; 0 is the C locale's */
