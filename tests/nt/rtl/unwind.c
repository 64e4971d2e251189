/*
 * unwind.c - RtlVirtualUnwind at every instruction of functions whose frames are known.
 *
 * A sample's instructions are carried out one by one on a context and a stack of the test's own
 * (the table beside it says what each does). Before and after each the unwinder must find the
 * caller.
 *
 * Sources: [X64] Microsoft Learn, "x64 prolog and epilog", "x64 exception handling"; winnt.h.
 */
#include "../ntlab-test.h"

typedef struct _TEST_FUNCTION {
    ULONG Begin, End, Unwind;
} TEST_FUNCTION;

TEST_FUNCTION *NTAPI RtlLookupFunctionEntry(ULONG64 ControlPc, PULONG64 ImageBase, PVOID History);
PVOID NTAPI RtlVirtualUnwind(ULONG Type, ULONG64 ImageBase, ULONG64 ControlPc,
                             TEST_FUNCTION *Function, PCONTEXT Context, PVOID *HandlerData,
                             PULONG64 Frame, PVOID Pointers);

/* Sample A: pushes, an allocation, saves of rsi and xmm6; ends in ret. */
__asm__(".text\n"
        "    .globl UnwindSampleA\n"
        "    .def UnwindSampleA; .scl 2; .type 32; .endef\n"
        "UnwindSampleA:\n"
        "    .seh_proc UnwindSampleA\n"
        "    push %rbx\n"
        "    .seh_pushreg %rbx\n"
        "    push %r12\n"
        "    .seh_pushreg %r12\n"
        "    sub $0x48, %rsp\n"
        "    .seh_stackalloc 0x48\n"
        "    movaps %xmm6, 0x20(%rsp)\n"
        "    .seh_savexmm %xmm6, 0x20\n"
        "    mov %rsi, 0x38(%rsp)\n"
        "    .seh_savereg %rsi, 0x38\n"
        "    .seh_endprologue\n"
        "    nop\n"
        "    movaps 0x20(%rsp), %xmm6\n"
        "    mov 0x38(%rsp), %rsi\n"
        "    add $0x48, %rsp\n"
        "    pop %r12\n"
        "    pop %rbx\n"
        "    ret\n"
        "    .seh_endproc\n"
        /* Sample B: a frame register; rsp moves in the body; ends in a jump out of the function. */
        "    .globl UnwindSampleB\n"
        "    .def UnwindSampleB; .scl 2; .type 32; .endef\n"
        "UnwindSampleB:\n"
        "    .seh_proc UnwindSampleB\n"
        "    push %rbp\n"
        "    .seh_pushreg %rbp\n"
        "    sub $0x1000, %rsp\n"
        "    .seh_stackalloc 0x1000\n"
        "    lea 0x40(%rsp), %rbp\n"
        "    .seh_setframe %rbp, 0x40\n"
        "    .seh_endprologue\n"
        "    sub $0x80, %rsp\n"
        "    nop\n"
        "    lea 0xFC0(%rbp), %rsp\n"
        "    pop %rbp\n"
        "    jmp UnwindSampleA\n"
        "    .seh_endproc\n");

VOID UnwindSampleA(VOID);
VOID UnwindSampleB(VOID);

enum {
    PushRbx,
    PushR12,
    PushRbp,
    MoveRsp,
    SaveXmm6,
    SaveRsi,
    LoadXmm6,
    LoadRsi,
    PopR12,
    PopRbx,
    PopRbp,
    RbpFromRsp,
    RspFromRbp,
    Clobber
};

typedef struct _STEP {
    UCHAR Bytes; /* of the instruction */
    UCHAR What;
    LONG Operand;
} STEP;

static const STEP SampleA[] = {{1, PushRbx, 0},     {2, PushR12, 0},    {4, MoveRsp, -0x48},
                               {5, SaveXmm6, 0x20}, {5, SaveRsi, 0x38}, {1, Clobber, 0},
                               {5, LoadXmm6, 0x20}, {5, LoadRsi, 0x38}, {4, MoveRsp, 0x48},
                               {2, PopR12, 0},      {1, PopRbx, 0}};
static const STEP SampleB[] = {{1, PushRbp, 0},     {7, MoveRsp, -0x1000}, {5, RbpFromRsp, 0x40},
                               {7, MoveRsp, -0x80}, {1, Clobber, 0},       {7, RspFromRbp, 0xFC0},
                               {1, PopRbp, 0}};

static DECLSPEC_ALIGN(16) ULONG64 Stack[0x300];

static VOID
Push(PCONTEXT Context, ULONG64 Value)
{
    Context->Rsp -= 8;
    *(PULONG64)Context->Rsp = Value;
}

static ULONG64
Pop(PCONTEXT Context)
{
    Context->Rsp += 8;
    return *(PULONG64)(Context->Rsp - 8);
}

static VOID
CarryOut(const STEP *Step, PCONTEXT Context, BOOLEAN UsesRbp)
{
    switch (Step->What) {
    case PushRbx:
        Push(Context, Context->Rbx);
        Context->Rbx = 1;
        break;
    case PushR12:
        Push(Context, Context->R12);
        Context->R12 = 2;
        break;
    case PushRbp:
        Push(Context, Context->Rbp);
        break;
    case MoveRsp:
        Context->Rsp += (LONG64)Step->Operand;
        break;
    case SaveXmm6:
        *(M128A *)(Context->Rsp + Step->Operand) = Context->Xmm6;
        break;
    case SaveRsi:
        *(PULONG64)(Context->Rsp + Step->Operand) = Context->Rsi;
        break;
    case LoadXmm6:
        Context->Xmm6 = *(M128A *)(Context->Rsp + Step->Operand);
        break;
    case LoadRsi:
        Context->Rsi = *(PULONG64)(Context->Rsp + Step->Operand);
        break;
    case PopR12:
        Context->R12 = Pop(Context);
        break;
    case PopRbx:
        Context->Rbx = Pop(Context);
        break;
    case PopRbp:
        Context->Rbp = Pop(Context);
        break;
    case RbpFromRsp:
        Context->Rbp = Context->Rsp + (LONG64)Step->Operand;
        break;
    case RspFromRbp:
        Context->Rsp = Context->Rbp + (LONG64)Step->Operand;
        break;
    case Clobber:
        if (!UsesRbp) {
            Context->Rsi = 3;
            Context->Xmm6.Low = 4;
        }
        break;
    }
    Context->Rip += Step->Bytes;
}

/* Unwinds a copy and compares with what the caller had. */
static int
Unwinds(const CONTEXT *Now, const CONTEXT *Caller)
{
    CONTEXT Context = *Now;
    ULONG64 ImageBase = 0, Frame = 0;
    PVOID HandlerData = NULL;
    TEST_FUNCTION *Function = RtlLookupFunctionEntry(Now->Rip, &ImageBase, NULL);

    if (Function == NULL) {
        return 0;
    }
    RtlVirtualUnwind(0, ImageBase, Now->Rip, Function, &Context, &HandlerData, &Frame, NULL);
    return Context.Rip == Caller->Rip && Context.Rsp == Caller->Rsp && Context.Rbx == Caller->Rbx &&
           Context.R12 == Caller->R12 && Context.Rsi == Caller->Rsi && Context.Rbp == Caller->Rbp &&
           Context.Xmm6.Low == Caller->Xmm6.Low && Context.Xmm6.High == Caller->Xmm6.High;
}

static VOID
Sample(VOID (*Routine)(VOID), const STEP *Steps, int Count, BOOLEAN UsesRbp)
{
    static CONTEXT Now, Caller;
    int Index;

    Caller.Rip = 0x123456789;
    Caller.Rsp = (ULONG64)&Stack[0x2F2];
    Caller.Rbx = 0xB0B0;
    Caller.R12 = 0x1212;
    Caller.Rsi = 0x5151;
    Caller.Rbp = 0xBABA;
    Caller.Xmm6.Low = 0x6666;
    Caller.Xmm6.High = 0x7777;
    Now = Caller;
    Push(&Now, Caller.Rip);
    Now.Rip = (ULONG64)Routine;
    for (Index = 0; Index <= Count; Index++) {
        /* [X64] "the unwinder ... in the prolog, the body or the epilog" */
        EXPECT(Unwinds(&Now, &Caller));
        if (Index < Count) {
            CarryOut(&Steps[Index], &Now, UsesRbp);
        }
    }
}

static VOID
PushesAndSaves(VOID)
{
    Sample(UnwindSampleA, SampleA, sizeof(SampleA) / sizeof(STEP), FALSE);
}

static VOID
FrameRegister(VOID)
{
    Sample(UnwindSampleB, SampleB, sizeof(SampleB) / sizeof(STEP), TRUE);
}

TEST_DRIVER(TEST(PushesAndSaves), TEST(FrameRegister))
