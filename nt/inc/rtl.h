/*
 * rtl.h - what nt/rtl offers to the other components beyond its exports, and what it needs of them.
 *
 * The x64 unwinder's types are public (winnt.h) but the DDK headers lack them; they are here for
 * the kernel, and winnt.h's are used where it was included.
 */
#ifndef NT_INC_RTL_H
#define NT_INC_RTL_H

#ifndef _WINNT_

typedef struct _RUNTIME_FUNCTION {
    ULONG BeginAddress;
    ULONG EndAddress;
    ULONG UnwindData;
} RUNTIME_FUNCTION, *PRUNTIME_FUNCTION;

#define UNWIND_HISTORY_TABLE_SIZE 12

typedef struct _UNWIND_HISTORY_TABLE_ENTRY {
    ULONG64 ImageBase;
    PRUNTIME_FUNCTION FunctionEntry;
} UNWIND_HISTORY_TABLE_ENTRY, *PUNWIND_HISTORY_TABLE_ENTRY;

typedef struct _UNWIND_HISTORY_TABLE {
    ULONG Count;
    UCHAR LocalHint;
    UCHAR GlobalHint;
    UCHAR Search;
    UCHAR Once;
    ULONG64 LowAddress;
    ULONG64 HighAddress;
    UNWIND_HISTORY_TABLE_ENTRY Entry[UNWIND_HISTORY_TABLE_SIZE];
} UNWIND_HISTORY_TABLE, *PUNWIND_HISTORY_TABLE;

typedef struct _DISPATCHER_CONTEXT {
    ULONG64 ControlPc;
    ULONG64 ImageBase;
    PRUNTIME_FUNCTION FunctionEntry;
    ULONG64 EstablisherFrame;
    ULONG64 TargetIp;
    PCONTEXT ContextRecord;
    PEXCEPTION_ROUTINE LanguageHandler;
    PVOID HandlerData;
    PUNWIND_HISTORY_TABLE HistoryTable;
    ULONG ScopeIndex;
    ULONG Fill0;
} DISPATCHER_CONTEXT, *PDISPATCHER_CONTEXT;

typedef struct _KNONVOLATILE_CONTEXT_POINTERS {
    PM128A FloatingContext[16];
    PULONG64 IntegerContext[16];
} KNONVOLATILE_CONTEXT_POINTERS, *PKNONVOLATILE_CONTEXT_POINTERS;

#define EXCEPTION_UNWINDING       0x2
#define EXCEPTION_EXIT_UNWIND     0x4
#define EXCEPTION_STACK_INVALID   0x8
#define EXCEPTION_NESTED_CALL     0x10
#define EXCEPTION_TARGET_UNWIND   0x20
#define EXCEPTION_COLLIDED_UNWIND 0x40
#define EXCEPTION_UNWIND          0x66

#define UNW_FLAG_NHANDLER  0
#define UNW_FLAG_EHANDLER  1
#define UNW_FLAG_UHANDLER  2
#define UNW_FLAG_CHAININFO 4

PRUNTIME_FUNCTION NTAPI RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase,
                                               PUNWIND_HISTORY_TABLE HistoryTable);
PEXCEPTION_ROUTINE NTAPI RtlVirtualUnwind(ULONG HandlerType, ULONG64 ImageBase, ULONG64 ControlPc,
                                          PRUNTIME_FUNCTION FunctionEntry, PCONTEXT ContextRecord,
                                          PVOID *HandlerData, PULONG64 EstablisherFrame,
                                          PKNONVOLATILE_CONTEXT_POINTERS ContextPointers);
VOID NTAPI RtlUnwindEx(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord,
                       PVOID ReturnValue, PCONTEXT ContextRecord,
                       PUNWIND_HISTORY_TABLE HistoryTable);
VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD ExceptionRecord);
DECLSPEC_NORETURN VOID NTAPI RtlRaiseStatus(NTSTATUS Status);
VOID NTAPI RtlUnwind(PVOID TargetFrame, PVOID TargetIp, PEXCEPTION_RECORD ExceptionRecord,
                     PVOID ReturnValue);
PVOID NTAPI RtlPcToFileHeader(PVOID PcValue, PVOID *BaseOfImage);
VOID NTAPI RtlRestoreContext(PCONTEXT ContextRecord, PEXCEPTION_RECORD ExceptionRecord);

#endif

/*
 * Calls the frame handlers of whoever raised ExceptionRecord in ContextRecord, on this stack.
 * TRUE: a handler said "continue", go on from ContextRecord (it may have been changed). FALSE:
 * nobody wants it. Does not return if a frame handles it: that frame goes on instead.
 */
BOOLEAN NTAPI RtlDispatchException(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT ContextRecord);

/*
 * Formats as DbgPrint does (printf.c). Returns the length wanted; what fits is in Buffer,
 * terminated if that is less than Room.
 */
SIZE_T RtlpFormatNarrow(char *Buffer, SIZE_T Room, const char *Format, va_list Arguments);

/*
 * What nt/rtl needs of the side that it is compiled for: nt/rtl/kernel.c has the kernel's, on top
 * of KiLookupImage and KiRaiseException; ntdll has its own.
 */

/* The limits of the stack that the caller runs on: a thread's, a DPC's, the double-fault one. */
/* walk.c: return addresses from the frame of Context on, which moves. */
ULONG RtlpWalkContext(PCONTEXT Context, ULONG_PTR Low, ULONG_PTR High, ULONG Skip, PVOID *Callers,
                      ULONG Count);
VOID RtlpGetStackLimits(PULONG_PTR Low, PULONG_PTR High);
/* The image that holds ControlPc, or NULL. */
PVOID RtlpLookupImage(ULONG64 ControlPc, PULONG64 ImageBase);
/* A debugged process raises in the kernel, which asks the debugger first: it does not come back then. */
VOID RtlpFirstChance(PEXCEPTION_RECORD ExceptionRecord, PCONTEXT ContextRecord);
/* No frame took it: last stop of RtlRaiseException, RtlRaiseStatus and a failed RtlUnwindEx. */
DECLSPEC_NORETURN VOID RtlpUnhandledException(PEXCEPTION_RECORD ExceptionRecord,
                                              PCONTEXT ContextRecord);

#endif
