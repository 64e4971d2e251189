/*
 * jump.c - longjmp: back into the frame that called setjmp.
 *
 * With a frame in the buffer this is an unwind: __finally blocks on the way run. Without one the
 * registers are loaded and nothing else happens.
 *
 * Source: Microsoft Learn, "CRT reference", setjmp and longjmp; ISO C 7.13.
 */
#include "nt/rtl/rtlp.h"
#include <setjmp.h>

#undef longjmp

DECLSPEC_NORETURN void
longjmp(jmp_buf Jump, int Value)
{
    ULONG64 *Buffer = (ULONG64 *)Jump;
    EXCEPTION_RECORD Record;
    CONTEXT Context;

    Record.ExceptionCode = STATUS_LONGJUMP;
    Record.ExceptionFlags = 0;
    Record.ExceptionRecord = NULL;
    Record.ExceptionAddress = __builtin_return_address(0);
    Record.NumberParameters = 1;
    Record.ExceptionInformation[0] = (ULONG_PTR)Jump;
    if (Value == 0) {
        Value = 1; /* [C] 7.13.2.1 */
    }
    if (Buffer[0] != 0) {
        RtlUnwindEx((PVOID)Buffer[0], (PVOID)Buffer[10], &Record, (PVOID)(LONG_PTR)Value, NULL,
                    NULL);
    }
    RtlCaptureContext(&Context);
    Context.Rax = (ULONG64)Value;
    RtlRestoreContext(&Context, &Record);
    __builtin_unreachable();
}
