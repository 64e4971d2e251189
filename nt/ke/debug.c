/*
 * debug.c - DbgPrint, breakpoints, the trace ring, and the small formatter that reports use.
 */
#include "nt/ke/ki.h"
#include "nt/inc/rtl.h"
#include "nt/inc/vf.h"

volatile struct abi_record *
KiTrace(ULONG Event, const volatile VOID *Object, ULONG64 A0, ULONG64 A1, ULONG64 A2, ULONG64 A3)
{
    volatile struct abi_record *Record = (volatile struct abi_record *)ABI_TRACE_RING;
    PKPRCB Prcb = KiPrcb();
    ULONG64 Index;

    if (Machine->untold) {
        return Record; /* a caller may write to it */
    }
    Index = Machine->trace_next++;
    Record = Machine->trace_large
                 ? (volatile struct abi_record *)ABI_TRACE_LARGE + Index % ABI_TRACE_LARGE_COUNT
                 : Record + Index % ABI_TRACE_COUNT;

    Record->kind = (USHORT)Event;
    Record->cpu = (UCHAR)Prcb->Number;
    Record->irql = KiIrql();
    Record->agent = (Prcb->DpcRoutineActive ? &Prcb->DpcAgent : &Prcb->CurrentThread->Agent)->Name;
    Record->object = (ULONG64)Object;
    Record->caller = (ULONG64)__builtin_return_address(0);
    Record->arg[0] = A0;
    Record->arg[1] = A1;
    Record->arg[2] = A2;
    Record->arg[3] = A3;
    Record->time_100ns = Machine->time_100ns;
    return Record;
}

VOID
KiDescribe(const VOID *Address, char *Buffer, ULONG Length)
{
    HcDescribe(VfHooks != NULL ? VfHooks->Caller((PVOID)Address) : Address, Buffer, Length);
}

int
KiFormatTextV(char *Buffer, ULONG Size, const char *Format, va_list Arguments)
{
    ULONG Used = 0;
    char Text[160];

    for (const char *p = Format; *p != 0 && Used + 1 < Size; p++) {
        const char *Piece = Text;
        ULONG64 Value;
        ULONG Digits;

        if (*p != '%') {
            Buffer[Used++] = *p;
            continue;
        }
        p++;
        switch (*p) {
        case 's':
            Piece = va_arg(Arguments, const char *);
            break;
        case 'a':
            KiDescribe(va_arg(Arguments, PVOID), Text, sizeof(Text));
            break;
        case 'u':
            Value = va_arg(Arguments, ULONG);
            Digits = sizeof(Text) - 1;
            Text[Digits] = 0;
            do {
                Text[--Digits] = '0' + (char)(Value % 10);
                Value /= 10;
            } while (Value != 0);
            Piece = Text + Digits;
            break;
        case 'x':
        case 'p':
            Value = *p == 'x' ? va_arg(Arguments, ULONG) : va_arg(Arguments, ULONG64);
            Digits = *p == 'x' ? 8 : 16;
            Text[Digits] = 0;
            while (Digits-- != 0) {
                Text[Digits] = "0123456789abcdef"[Value & 15];
                Value >>= 4;
            }
            break;
        case '%':
            Text[0] = '%';
            Text[1] = 0;
            break;
        default:
            Text[0] = '?';
            Text[1] = 0;
        }
        while (Piece != NULL && *Piece != 0 && Used + 1 < Size) {
            Buffer[Used++] = *Piece++;
        }
    }
    Buffer[Used] = 0;
    return (int)Used;
}

int
KiFormatText(char *Buffer, ULONG Size, const char *Format, ...)
{
    va_list Arguments;
    int Length;

    va_start(Arguments, Format);
    Length = KiFormatTextV(Buffer, Size, Format, Arguments);
    va_end(Arguments);
    return Length;
}

/*
 * Windows shows errors unless somebody has set a component's mask, and formats nothing else: what the arguments lead to is not
 * looked at. Under the verifier that counts; without it, all that is said is shown. [DDI:wdm/dbgprintex; "Reading and
 * Filtering Debugging Messages"]
 */
static BOOLEAN
KiIsFiltered(ULONG ComponentId, ULONG Level)
{
    ULONG Mask = Level < 32 ? 1u << Level : Level;

    return VfHooks != NULL && ComponentId != DPFLTR_DEFAULT_ID &&
           (Mask & (1u << DPFLTR_ERROR_LEVEL)) == 0;
}

ULONG NTAPI
vDbgPrintExWithPrefix(PCCH Prefix, ULONG ComponentId, ULONG Level, PCCH Format, va_list Arguments)
{
    char Buffer[1024];
    int Length, Start;

    if (KiIsFiltered(ComponentId, Level)) {
        return STATUS_SUCCESS;
    }
    for (Start = 0; Prefix[Start] != 0 && Start < 128; Start++) {
        Buffer[Start] = Prefix[Start];
    }
    Length =
        Start + (int)RtlpFormatNarrow(Buffer + Start, sizeof(Buffer) - Start, Format, Arguments);
    if (Length > (int)sizeof(Buffer) - 1) {
        Length = sizeof(Buffer) - 1;
    }
    HcPrint(ABI_OUT_DEBUG, Buffer, Length);
    return STATUS_SUCCESS;
}

ULONG NTAPI
vDbgPrintEx(ULONG ComponentId, ULONG Level, PCCH Format, va_list Arguments)
{
    return vDbgPrintExWithPrefix("", ComponentId, Level, Format, Arguments);
}

ULONG __cdecl DbgPrint(PCSTR Format, ...)
{
    va_list Arguments;
    ULONG Status;

    va_start(Arguments, Format);
    Status = vDbgPrintEx(0, 0, Format, Arguments);
    va_end(Arguments);
    return Status;
}

ULONG __cdecl DbgPrintEx(ULONG ComponentId, ULONG Level, PCSTR Format, ...)
{
    va_list Arguments;
    ULONG Status;

    va_start(Arguments, Format);
    Status = vDbgPrintEx(ComponentId, Level, Format, Arguments);
    va_end(Arguments);
    return Status;
}

ULONG __cdecl DbgPrintReturnControlC(PCCH Format, ...)
{
    va_list Arguments;
    ULONG Status;

    va_start(Arguments, Format);
    Status = vDbgPrintEx(0, 0, Format, Arguments);
    va_end(Arguments);
    return Status;
}

NTSTATUS NTAPI
DbgQueryDebugFilterState(ULONG ComponentId, ULONG Level)
{
    return TRUE; /* every component's every level is shown */
}

NTSTATUS NTAPI
DbgSetDebugFilterState(ULONG ComponentId, ULONG Level, BOOLEAN State)
{
    return STATUS_SUCCESS;
}

ULONG NTAPI
DbgPrompt(PCCH Prompt, PCH Response, ULONG Length)
{
    HcPrint(ABI_OUT_DEBUG, Prompt, strlen(Prompt));
    if (Length != 0) {
        Response[0] = 0;
    }
    return 0; /* nobody answers */
}

/*
 * User mode's DbgPrint (int 2Dh, service 1: rcx text, edx length): the text is a client's, read with care. The int 3
 * behind the instruction is there for debuggers that do not skip it.
 */
VOID
KiDebugPrintUser(struct abi_trap *Raw, PKI_FRAME Frame)
{
    char Text[512];
    ULONG Length = (ULONG)min(Raw->rdx & 0xFFFFFFFF, sizeof(Text));
    NTSTATUS Status = STATUS_SUCCESS;

    __try {
        ProbeForRead((PVOID)Raw->rcx, Length, 1);
        RtlCopyMemory(Text, (PVOID)Raw->rcx, Length);
    } __except (EXCEPTION_EXECUTE_HANDLER) {
        Status = GetExceptionCode();
    }
    if (NT_SUCCESS(Status)) {
        HcPrint(ABI_OUT_DEBUG, Text, Length);
    }
    Frame->Trap.Rax = (ULONG64)(LONG64)Status;
    Frame->Trap.Rip++;
}

/* A breakpoint or an assertion in kernel mode with --kd: print where, and go on. */
VOID
KiDebugService(struct abi_trap *Raw, BOOLEAN Service)
{
    char Text[256];
    int Length;

    Length = KiFormatText(Text, sizeof(Text), "%s in kernel mode at %a, continued (--kd)\n",
                          Raw->kind == ABI_TRAP_ASSERT ? "assertion" : "breakpoint",
                          (PVOID)(Raw->original_rip - 1));
    HcPrint(ABI_OUT_DEBUG, Text, Length);
}

__asm__(".intel_syntax noprefix\n"
        ".globl DbgBreakPoint, DbgBreakPointWithStatus\n"
        ".p2align 4\nDbgBreakPoint:\nDbgBreakPointWithStatus:\n    int 3\n    ret\n"
        ".att_syntax\n");

BOOLEAN NTAPI
KdRefreshDebuggerNotPresent(VOID)
{
    return !KiDebuggerAttached;
}

NTSTATUS NTAPI
KdDisableDebugger(VOID)
{
    return KiDebuggerAttached ? STATUS_SUCCESS : STATUS_DEBUGGER_INACTIVE;
}

NTSTATUS NTAPI
KdEnableDebugger(VOID)
{
    return KiDebuggerAttached ? STATUS_SUCCESS : STATUS_DEBUGGER_INACTIVE;
}

NTSTATUS NTAPI
KdChangeOption(KD_OPTION Option, ULONG InBufferBytes, PVOID InBuffer, ULONG OutBufferBytes,
               PVOID OutBuffer, PULONG OutBufferNeeded)
{
    return STATUS_DEBUGGER_INACTIVE;
}
