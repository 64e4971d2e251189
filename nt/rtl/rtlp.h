/*
 * rtlp.h - the private header of nt/rtl, and the shim between it and the side it is compiled for.
 *
 * Most files here are compiled twice: into ntoskrnl.exe (forced header nt/inc/nt.h) and into
 * ntdll.dll (forced header user/inc/um.h). They are the list rtl_shared_sources of meson.build.
 * Such a file knows nothing of the kernel: what differs by side is in this header, and a line each
 * in nt/inc/rtl.h.
 *
 *     memory.S chkstk.S      memcpy and friends, stack probes
 *     context.S              capture and restore a register context, call a frame handler
 *     function.c unwind.c    .pdata: find a function, step over its frame
 *     dispatch.c scope.c     find a handler, unwind to it; __C_specific_handler
 *     raise.c walk.c         raise; walk the stack without unwinding it
 *     string.c compare.c     counted strings: made, compared, their case
 *     codepage.c convert.c utf8.c   between character sets; unicodetable.c is made by
 *                                   tools/gen_unicode.py
 *     integer.c guid.c       numbers and GUIDs as text
 *     dosname.c shortname.c  names of 8.3 form
 *     printf.c               the formatting engine
 *     crt*.c                 the part of the C run time that the kernel exports
 *     slist.c                sequenced lists
 *     splay.c gentable.c avltable.c   trees, and the generic tables on them
 *     hashtable.c            dynamic hash tables
 *     imageheader.c          headers, directories and exports of an image
 *     bitmap.c time.c random.c ipaddress.c version.c assert.c   what their names say
 *     jump.S jump.c          setjmp and longjmp
 *     kernel.c               the kernel only: its side of the shim
 */
#ifndef NT_RTL_RTLP_H
#define NT_RTL_RTLP_H

#include <stdarg.h>
#include <string.h>
#include "nt/inc/rtl.h"

#ifdef NT_INC_NT_H
#define RTL_KERNEL 1
#include "nt/inc/hc.h"
#include "nt/inc/sound.h"
#define RTLP_CONST const
#else
#define RTLP_CONST /* mingw's winternl.h lacks it in a few prototypes that the DDK headers have \
                         right */
#endif

/* Memory for results that the caller frees through an Rtl routine. NULL if there is none. */
PVOID RtlpAllocate(SIZE_T Size);
VOID RtlpFree(PVOID Memory);
DECLSPEC_NORETURN VOID RtlpRaiseStatus(NTSTATUS Status);
DECLSPEC_NORETURN VOID RtlpRaiseNoncontinuable(NTSTATUS Status, PEXCEPTION_RECORD Cause);

#ifdef RTL_KERNEL
/* A return address in a trampoline of a patched image stands for another; see machine.h. */
#define RtlpOriginalRip(Rip)                                             HcOriginalRip(ExpReturnOf(Rip))
#define RtlpCallVectoredHandlers(ExceptionRecord, ContextRecord)         FALSE
#define RtlpCallVectoredContinueHandlers(ExceptionRecord, ContextRecord) ((void)0)
#else
#define RtlpOriginalRip(Rip) (Rip)
/* TRUE: continue from the context. */
BOOLEAN RtlpCallVectoredHandlers(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT ContextRecord);
VOID RtlpCallVectoredContinueHandlers(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT ContextRecord);
/* What RtlAddFunctionTable registered; NULL if ControlPc is in none. */
PRUNTIME_FUNCTION RtlpLookupDynamicFunction(ULONG64 ControlPc, PULONG64 ImageBase);
#endif

/* ContextFlags: Rip is where a call returns to, not an instruction that was about to run. */
#define RTLP_UNWOUND_TO_CALL 0x20000000

/*
 * A dispatcher context of ours: handlers see the public part. It lets an unwind that meets the call
 * of a handler go on where the earlier dispatch or unwind stands (dispatch.c).
 */
typedef struct _RTLP_DISPATCHER_CONTEXT {
    DISPATCHER_CONTEXT Public;
    PCONTEXT ExceptionContext; /* what RtlDispatchException was called with */
} RTLP_DISPATCHER_CONTEXT, *PRTLP_DISPATCHER_CONTEXT;

EXCEPTION_DISPOSITION RtlpExecuteHandlerForException(PEXCEPTION_RECORD ExceptionRecord,
                                                     PVOID EstablisherFrame, PCONTEXT ContextRecord,
                                                     PRTLP_DISPATCHER_CONTEXT DispatcherContext);
EXCEPTION_DISPOSITION RtlpExecuteHandlerForUnwind(PEXCEPTION_RECORD ExceptionRecord,
                                                  PVOID EstablisherFrame, PCONTEXT ContextRecord,
                                                  PRTLP_DISPATCHER_CONTEXT DispatcherContext);
VOID RtlpUnwind(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord,
                PVOID ReturnValue, PCONTEXT Scratch, PUNWIND_HISTORY_TABLE HistoryTable);
DECLSPEC_NORETURN VOID RtlpRestoreContext(PCONTEXT ContextRecord);
DECLSPEC_NORETURN VOID RtlpConsolidateFrames(PCONTEXT ContextRecord,
                                             PEXCEPTION_RECORD ExceptionRecord, PVOID Callback);

extern ULONG RtlpRandSeed; /* rtldata.c */

/* codepage.c: one character. FALSE: the code page lacks it, and Byte is '?'. */
WCHAR RtlpAnsiToUnit(UCHAR Byte);
WCHAR RtlpOemToUnit(UCHAR Byte);
BOOLEAN RtlpUnitToAnsi(WCHAR Unit, PUCHAR Byte);
BOOLEAN RtlpUnitToOem(WCHAR Unit, PUCHAR Byte);
BOOLEAN RtlpLegalDosByte(UCHAR Byte);

/* printf.c: the length wanted, in units; terminated if that is less than Room. */
SIZE_T RtlpFormatNarrow(PCHAR Buffer, SIZE_T Room, PCSZ Format, va_list Arguments);
SIZE_T RtlpFormatWide(PWSTR Buffer, SIZE_T Room, PCWSTR Format, va_list Arguments);

/* What one file here calls of another; the DDK headers declare most of them for the kernel only. */
NTSTATUS NTAPI RtlMultiByteToUnicodeN(PWCH, ULONG, PULONG, const CHAR *, ULONG);
NTSTATUS NTAPI RtlOemToUnicodeN(PWCH, ULONG, PULONG, PCCH, ULONG);
NTSTATUS NTAPI RtlUnicodeToMultiByteN(PCHAR, ULONG, PULONG, PCWCH, ULONG);
NTSTATUS NTAPI RtlUpcaseUnicodeToMultiByteN(PCHAR, ULONG, PULONG, PCWCH, ULONG);
NTSTATUS NTAPI RtlUnicodeToOemN(PCHAR, ULONG, PULONG, PCWCH, ULONG);
NTSTATUS NTAPI RtlUpcaseUnicodeToOemN(PCHAR, ULONG, PULONG, PCWCH, ULONG);
NTSTATUS NTAPI RtlUnicodeToUTF8N(PCHAR, ULONG, PULONG, PCWCH, ULONG);
NTSTATUS NTAPI RtlUTF8ToUnicodeN(PWSTR, ULONG, PULONG, PCCH, ULONG);
NTSTATUS NTAPI RtlUpcaseUnicodeStringToCountedOemString(POEM_STRING, PCUNICODE_STRING, BOOLEAN);
WCHAR NTAPI RtlUpcaseUnicodeChar(WCHAR);
NTSTATUS NTAPI RtlIntegerToChar(ULONG, ULONG, LONG, PCHAR);

#endif
