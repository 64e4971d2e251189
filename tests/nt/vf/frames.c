/*
 * frames.c - the stack: copies of every length into a frame whose end is known, by each routine that copies, and timers and DPCs in a frame and below all frames; against a
 * model of both.
 *
 * Each case has a routine of its own. What a copy goes over is put back, so that the case returns. `judged: ROUTINE RULE`: judged.py.
 * [wdm: RtlCopyMemory and its kin: "the caller must ensure that the destination buffer is large enough"; docs/rules: StackOverrun, StackObject]
 */
#include <ntifs.h>
#include <string.h>
#include "numbered.h"

#define SEED 640
#include "../draw.h"

#undef RtlCopyMemory
#undef RtlMoveMemory
#undef RtlZeroMemory
#undef RtlFillMemory
NTSYSAPI VOID NTAPI RtlCopyMemory(PVOID, const VOID *, SIZE_T);
NTSYSAPI VOID NTAPI RtlMoveMemory(PVOID, const VOID *, SIZE_T);
NTSYSAPI VOID NTAPI RtlZeroMemory(PVOID, SIZE_T);
NTSYSAPI VOID NTAPI RtlFillMemory(PVOID, SIZE_T, UCHAR);
char *__cdecl strcpy(char *, const char *);
wchar_t *__cdecl wcscpy(wchar_t *, const wchar_t *);

#define CASES      200
#define OBJECTS    60   /* the last ones */
#define LEFT       0x48 /* bytes of InFrame's variable */
#define SMALL      16   /* so short a copy is not looked at */
#define MOST       0x80
#define WELL_BELOW 0x3000 /* so far below lies no frame of what is called meanwhile */

enum { COPY, MOVE, SET, RTL_COPY, RTL_MOVE, RTL_ZERO, RTL_FILL, TEXT, WIDE_TEXT, COPIES };
enum { TIMER, TIMER_EX, TIMER_AT, TIMER_PAST, DPC, OBJECT_KINDS };

typedef struct _CASE {
    UCHAR Kind, Offset, Depth;
    UCHAR Bytes;
    UCHAR Below, Expires; /* of an object: it lies in no frame; else it is cancelled or expires */
} CASE;

static CASE Case[CASES];
static KTIMER Timer;

/* Calls Routine(Case, Variable): the variable is LEFT bytes below the return address. */
VOID InFrame(VOID (*Routine)(ULONG Number, PUCHAR Variable), ULONG Number);
__asm__(".text\n.globl InFrame\n.def InFrame; .scl 2; .type 32; .endef\n.seh_proc InFrame\n"
        "InFrame:\n subq $0x68, %rsp\n .seh_stackalloc 0x68\n .seh_endprologue\n"
        " movq %rcx, %rax\n movl %edx, %ecx\n leaq 0x20(%rsp), %rdx\n call *%rax\n nop\n"
        " addq $0x68, %rsp\n ret\n.seh_endproc\n");

static VOID NTAPI
Deferred(PKDPC This, PVOID Context, PVOID First, PVOID Second)
{
}

/* ---- copies ---- */

static inline __attribute__((always_inline)) VOID
Copy(const CASE *This, PUCHAR To)
{
    UCHAR Saved[MOST], From[MOST];
    WCHAR Wide[MOST];

    for (ULONG i = 0; i < MOST; i++) {
        Saved[i] = ((volatile UCHAR *)To)[i];
        *(volatile UCHAR *)&From[i] = This->Kind == TEXT && i < This->Bytes - 1u ? 'x' : 0;
        *(volatile WCHAR *)&Wide[i] = i < This->Bytes / 2u - 1u ? L'x' : 0;
    }
    switch (This->Kind) {
    case COPY:
        memcpy(To, Saved, This->Bytes);
        break;
    case MOVE:
        memmove(To, Saved, This->Bytes);
        break;
    case SET:
        memset(To, 0, This->Bytes);
        break;
    case RTL_COPY:
        RtlCopyMemory(To, Saved, This->Bytes);
        break;
    case RTL_MOVE:
        RtlMoveMemory(To, Saved, This->Bytes);
        break;
    case RTL_ZERO:
        RtlZeroMemory(To, This->Bytes);
        break;
    case RTL_FILL:
        RtlFillMemory(To, This->Bytes, 1);
        break;
    case TEXT:
        strcpy((char *)To, (const char *)From);
        break;
    case WIDE_TEXT:
        wcscpy((wchar_t *)To, Wide);
        break;
    }
    for (ULONG i = 0; i < MOST; i++) {
        ((volatile UCHAR *)To)[i] = Saved[i];
    }
}

/* ---- objects ---- */

static inline __attribute__((always_inline)) VOID
Queue(const CASE *This, PVOID Object)
{
    static const LONGLONG Due[] = {-10000000, -10000000, 0, 1};
    LARGE_INTEGER Time, Second = {.QuadPart = -20000000};
    KIRQL Irql = PASSIVE_LEVEL;

    if (This->Kind == DPC) {
        KeInitializeDpc(Object, Deferred, NULL);
        KeRaiseIrql(DISPATCH_LEVEL, &Irql);
        KeInsertQueueDpc(Object, NULL, NULL);
        if (This->Below) {
            KeReadStateTimer(&Timer); /* a call: what lies below is nobody's frame */
        }
        KeRemoveQueueDpc(Object);
        KeLowerIrql(Irql);
        return;
    }
    KeInitializeTimer(Object);
    Time.QuadPart = Due[This->Kind];
    if (This->Kind == TIMER_AT) {
        KeQuerySystemTime(&Time);
        Time.QuadPart += 10000000;
    }
    if (This->Kind == TIMER_EX) {
        KeSetTimerEx(Object, Time, 0, NULL);
    } else {
        KeSetTimer(Object, Time, NULL);
    }
    if (This->Expires) {
        KeDelayExecutionThread(KernelMode, FALSE, &Second);
    } else {
        KeCancelTimer(Object);
    }
}

/* The number is the case's, so that no routine is another one's code. */
static inline __attribute__((always_inline)) VOID
Do(ULONG Number, PUCHAR Variable)
{
    const CASE *This = &Case[Number];
    union {
        KTIMER Timer;
        KDPC Dpc;
    } Own;

    if (Number < CASES - OBJECTS) {
        Copy(This, Variable + This->Offset);
    } else if (This->Below) {
        Queue(This, (PVOID)(((ULONG_PTR)Variable - WELL_BELOW) & ~15ull));
    } else {
        Queue(This, &Own);
    }
}

#define ONE(n)                                                                                     \
    __attribute__((noinline)) static VOID F##n(ULONG Number, PUCHAR Variable)                      \
    {                                                                                              \
        Do(1##n - 1000, Variable);                                                                 \
        __asm__ volatile("" ::: "memory");                                                         \
    }
#define NAME(n)    {"F" #n, F##n},
#define TENS(x, n) x(n##0) x(n##1) x(n##2) x(n##3) x(n##4) x(n##5) x(n##6) x(n##7) x(n##8) x(n##9)
TENS(TEN, 0)
TENS(TEN, 1)
static const struct {
    const char *Name;
    VOID (*Routine)(ULONG Number, PUCHAR Variable);
} Routines[CASES] = {TENS(NAMES, 0) TENS(NAMES, 1)};

/* Functions between the frame and the copy. */
static volatile ULONG Spent;

__attribute__((noinline)) static VOID
Deeper(ULONG Number, PUCHAR Variable)
{
    Routines[Number].Routine(Number, Variable);
    Spent++;
}

__attribute__((noinline)) static VOID
Deepest(ULONG Number, PUCHAR Variable)
{
    Deeper(Number, Variable);
    Spent++;
}

static VOID
Make(ULONG Number)
{
    CASE *This = &Case[Number];

    if (Number >= CASES - OBJECTS) {
        This->Kind = (UCHAR)Any(OBJECT_KINDS);
        This->Below = Any(2) != 0;
        This->Expires = Any(2) != 0 && !This->Below;
        return;
    }
    This->Kind = (UCHAR)Any(COPIES);
    This->Depth = (UCHAR)Any(3);
    This->Offset = (UCHAR)(2 * Any(LEFT / 2));
    /* Often to the end of the frame, or just over it. */
    This->Bytes = (UCHAR)(Any(3) == 0 ? 2 + Any(LEFT) : LEFT - This->Offset + Any(5) - 2);
    if (This->Kind == WIDE_TEXT) {
        This->Bytes = (UCHAR)((This->Bytes + 1) & ~1);
    }
    if (This->Bytes < 2) {
        This->Bytes = 2;
    }
    if (This->Offset + This->Bytes > LEFT && This->Bytes <= SMALL) {
        This->Bytes = SMALL + 2;
    }
}

static VOID
Judge(ULONG Number)
{
    const CASE *This = &Case[Number];

    if (Number >= CASES - OBJECTS) {
        if (This->Below && This->Kind != TIMER_PAST) {
            DbgPrint("judged: %s StackObject\n", Routines[Number].Name);
        }
    } else if (This->Offset + This->Bytes > LEFT) {
        DbgPrint("judged: %s StackOverrun\n", Routines[Number].Name);
    }
}

static VOID NTAPI
Unload(PDRIVER_OBJECT Driver)
{
    KeFlushQueuedDpcs();
}

NTSTATUS NTAPI
DriverEntry(PDRIVER_OBJECT Driver, PUNICODE_STRING RegistryPath)
{
    Driver->DriverUnload = Unload;
    KeInitializeTimer(&Timer);
    for (ULONG i = 0; i < CASES; i++) {
        Make(i);
        Judge(i);
        InFrame(Case[i].Depth == 0   ? Routines[i].Routine
                : Case[i].Depth == 1 ? Deeper
                                     : Deepest,
                i);
    }
    DbgPrint("judged %u of %u\n", CASES, CASES);
    return STATUS_SUCCESS;
}
