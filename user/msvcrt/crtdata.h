/* crtdata.h - the globals of crtdata.c. */
#ifndef USER_MSVCRT_CRTDATA_H
#define USER_MSVCRT_CRTDATA_H

#define CRT_STREAMS_MAX 512 /* documented: _getmaxstdio */

extern CRT_THREAD CrtSpareThread;
extern CRITICAL_SECTION CrtLocks[CRT_LOCKS];
extern PCRT_FD CrtFdBlocks[FD_BLOCKS];
extern CRT_STREAM_SIDE CrtIobSide[CRT_IOB];
extern FILE *CrtStreams[CRT_STREAMS_MAX];
extern int CrtStreamCount;
extern _PVFV *CrtExitBegin, *CrtExitEnd, *CrtExitLimit;
extern int CrtExiting;
extern __p_sig_fn_t CrtOnInterrupt, CrtOnTerm, CrtOnBreak, CrtOnAbort;
extern FILETIME CrtStartTime;
extern int CrtTimeZoneSet;
extern TIME_ZONE_INFORMATION CrtZone;
extern int CrtZoneFromVariable;
extern int CrtAppType, CrtErrorMode, CrtNewMode;
extern unsigned int _osver, _winver, _winmajor, _winminor;
extern int CrtThreeDigits, CrtUniversal;
extern unsigned int CrtUmask;
extern int CrtPutback;
extern ULONGLONG CrtKeyAsked; /* when _kbhit first found that no key can come */
extern void *CrtNewHandler, *CrtStdNewHandler, *CrtTerminateHandler, *CrtUnexpectedHandler,
    *CrtPurecallHandler;
extern void *CrtMathError;
extern unsigned int CrtTempCounter;
extern unsigned __int64 CrtRandomCounter;
#define CRT_LOCALE_NAME 256
extern char CrtLocaleName[CRT_LOCALE_NAME]; /* what setlocale returned last */
extern wchar_t CrtWideLocaleName[CRT_LOCALE_NAME];
extern unsigned char CrtEnglish[LC_MAX + 1]; /* by category: the system's locale, not C */
extern char CrtNotSpecified;                 /* of struct lconv's numbers */
extern char CrtTempName[MAX_PATH];
extern wchar_t CrtWideTempName[MAX_PATH];
extern struct lconv CrtConventions;
extern LCID CrtNoLocales[LC_MAX + 1];

#endif
