/*
 * unwinds.c - unwinds that a driver asks for itself: RtlUnwind, RtlUnwindEx, longjmp with a frame; exceptions on a DPC's stack and
 * on one that was expanded. [winnt: RtlUnwind, RtlUnwindEx, RtlVirtualUnwind], [CRT: longjmp, setjmp],
 * [DDI:ntddk/keexpandkernelstackandcallout], ["x64 exception handling": unwind procedure]
 */
#include "../ntlab-test.h"

#include <setjmp.h>
#undef longjmp

NTSYSAPI VOID NTAPI RtlUnwind(PVOID, PVOID, PEXCEPTION_RECORD, PVOID);
NTSYSAPI VOID NTAPI RtlUnwindEx(PVOID, PVOID, PEXCEPTION_RECORD, PVOID, PCONTEXT, PVOID);
NTSYSAPI PVOID NTAPI RtlLookupFunctionEntry(ULONG64, PULONG64, PVOID);
NTSYSAPI PVOID NTAPI RtlVirtualUnwind(ULONG, ULONG64, ULONG64, PVOID, PCONTEXT, PVOID *, PULONG64,
                                      PVOID);

static DECLSPEC_ALIGN(16) ULONG64 Jump[32];
static volatile ULONG Finally;

/* The frame that the unwinder knows a function by. */
static DECLSPEC_NOINLINE PVOID
CallersFrame(VOID)
{
    CONTEXT Context;
    PVOID Data;
    ULONG64 Base, Frame = 0;

    RtlCaptureContext(&Context);
    for (ULONG i = 0; i < 2; i++) {
        PVOID Function = RtlLookupFunctionEntry(Context.Rip, &Base, NULL);

        RtlVirtualUnwind(0, Base, Context.Rip, Function, &Context, &Data, &Frame, NULL);
    }
    return (PVOID)Frame;
}

typedef enum { ByUnwind, ByUnwindEx, ByJump, ByRecord } HOW;

static DECLSPEC_NOINLINE VOID
Leave(HOW How, PVOID Frame)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = (NTSTATUS)0xE0001234};
    CONTEXT Scratch;

    switch (How) {
    case ByUnwind:
        RtlUnwind(Frame, (PVOID)Jump[10], NULL, (PVOID)21);
        break;
    case ByUnwindEx:
        RtlUnwindEx(Frame, (PVOID)Jump[10], NULL, (PVOID)22, &Scratch, NULL);
        break;
    case ByJump:
        longjmp((void *)Jump, 23);
    case ByRecord:
        RtlUnwindEx(Frame, (PVOID)Jump[10], &Record, (PVOID)24, &Scratch, NULL);
    }
}

static DECLSPEC_NOINLINE VOID
Inner(HOW How, PVOID Frame, ULONG Depth)
{
    __try {
        if (Depth == 0) {
            Leave(How, Frame);
        } else {
            Inner(How, Frame, Depth - 1);
        }
    } __finally {
        EXPECT(AbnormalTermination());
        Finally++;
    }
    EXPECT(!"behind an unwind");
}

static DECLSPEC_NOINLINE VOID
One(HOW How, ULONG Depth)
{
    volatile ULONG Round = 0;
    PVOID Frame = CallersFrame();
    int Value = _setjmpex((void *)Jump, Frame);

    if (Round++ == 0) {
        EXPECT_EQ(Value, 0);
        Finally = 0;
        Inner(How, Frame, Depth);
    }
    EXPECT_EQ(Value, 21 + (int)How); /* what the unwind returns */
    EXPECT_EQ(Finally, Depth + 1);   /* each __finally on the way has run, once */
}

static VOID
Unwinds(VOID)
{
    for (HOW How = ByUnwind; How <= ByRecord; How++) {
        for (ULONG Depth = 0; Depth < 3; Depth++) {
            One(How, Depth);
        }
    }
}

/* A target that lies below the frames: it cannot be met. */
static VOID
NoTarget(VOID)
{
    EXPECT_RAISES(RtlUnwind((PVOID)8, (PVOID)NoTarget, NULL, NULL), STATUS_INVALID_UNWIND_TARGET);
}

/* Frames of more than 512 KB, whose offsets take two slots of a code, and one whose second part is chained to the first. */
__asm__(".text\n.globl FarFrame, FarBody, ChainFrame, ChainBody\n"
        ".def FarFrame; .scl 2; .type 32; .endef\n.p2align 4\n.seh_proc FarFrame\nFarFrame:\n"
        "    subq $0x200000, %rsp\n    .seh_stackalloc 0x200000\n"
        "    movq %rbx, 0x100000(%rsp)\n    .seh_savereg %rbx, 0x100000\n"
        "    movaps %xmm6, 0x180000(%rsp)\n    .seh_savexmm %xmm6, 0x180000\n"
        "    .seh_endprologue\n"
        "FarBody:\n    nop\n    movaps 0x180000(%rsp), %xmm6\n    movq 0x100000(%rsp), %rbx\n"
        "    addq $0x200000, %rsp\n    ret\n.seh_endproc\n"
        ".def ChainFrame; .scl 2; .type 32; .endef\n.p2align 4\n.seh_proc ChainFrame\nChainFrame:\n"
        "    pushq %rbx\n    .seh_pushreg %rbx\n"
        "    subq $0x40, %rsp\n    .seh_stackalloc 0x40\n    .seh_endprologue\n    nop\n"
        "    .seh_startchained\n"
        "    movq %rsi, 0x20(%rsp)\n    .seh_savereg %rsi, 0x20\n    .seh_endprologue\n"
        "ChainBody:\n    nop\n    nop\n    movq 0x20(%rsp), %rsi\n    nop\n"
        "    .seh_endchained\n"
        "    addq $0x40, %rsp\n    popq %rbx\n    ret\n.seh_endproc\n");
extern const UCHAR FarBody[], ChainBody[];

static ULONG64
Undo(const UCHAR *At, PCONTEXT Context, PVOID Pointers)
{
    ULONG64 Base, Frame = 0;
    PVOID Data, Function;

    Context->Rip = (ULONG64)At;
    Function = RtlLookupFunctionEntry(Context->Rip, &Base, NULL);
    EXPECT(Function != NULL);
    RtlVirtualUnwind(0, Base, Context->Rip, Function, Context, &Data, &Frame, Pointers);
    return Frame;
}

static VOID
Far(VOID)
{
    PUCHAR Stack = ExAllocatePoolWithTag(NonPagedPoolNx, 0x201000, 'wnuT');
    PVOID Pointers[32] = {NULL}; /* KNONVOLATILE_CONTEXT_POINTERS: 16 of vectors, 16 of integers */
    CONTEXT Context = {.Rsp = (ULONG64)Stack};

    *(PULONG64)(Stack + 0x100000) = 0x1111;
    *(PULONG64)(Stack + 0x180000) = 0x3333;
    *(PULONG64)(Stack + 0x180008) = 0x4444;
    *(PULONG64)(Stack + 0x200000) = 0x2222;
    EXPECT_EQ(Undo(FarBody, &Context, Pointers), Stack);
    EXPECT_EQ(Context.Rbx, 0x1111);
    EXPECT_EQ(Context.Rip, 0x2222);
    EXPECT_EQ(Context.Rsp, Stack + 0x200008);
    EXPECT(Context.Xmm6.Low == 0x3333 && Context.Xmm6.High == 0x4444);
    EXPECT(Pointers[6] == Stack + 0x180000 && Pointers[16 + 3] == Stack + 0x100000);
    EXPECT(Pointers[7] == NULL && Pointers[16 + 6] == NULL);
    ExFreePoolWithTag(Stack, 'wnuT');
}

/* The second part's own codes are undone, then those of what it is chained to. */
static VOID
Chained(VOID)
{
    ULONG64 Stack[16] = {0};
    CONTEXT Context = {.Rsp = (ULONG64)Stack, .Rsi = 1, .Rbx = 2};

    Stack[4] = 0x5555; /* rsi */
    Stack[8] = 0x6666; /* rbx */
    Stack[9] = 0x7777; /* where it returns to */
    EXPECT_EQ(Undo(ChainBody + 1, &Context, NULL), Stack);
    EXPECT_EQ(Context.Rsi, 0x5555);
    EXPECT_EQ(Context.Rbx, 0x6666);
    EXPECT_EQ(Context.Rip, 0x7777);
    EXPECT_EQ(Context.Rsp, &Stack[10]);
}

static KEVENT Done;
static volatile NTSTATUS Caught;
static volatile ULONG Nested;

static VOID(NTAPI *volatile Raise)(NTSTATUS);

static VOID
RaiseNested(VOID)
{
    Caught = STATUS_SUCCESS;
    Nested = 0;
    __try {
        __try {
            Raise(STATUS_DEVICE_BUSY);
            Nested += 100; /* code behind the call: the handler does not lie in the block's range */
        } __finally {
            Nested++;
        }
    } __except (GetExceptionCode() == STATUS_DEVICE_BUSY ? EXCEPTION_EXECUTE_HANDLER
                                                         : EXCEPTION_CONTINUE_SEARCH) {
        Caught = GetExceptionCode();
    }
}

static VOID NTAPI
Dpc(PKDPC It, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    RaiseNested();
    KeSetEvent(&Done, 0, FALSE);
}

static VOID NTAPI
Expanded(PVOID Parameter)
{
    RaiseNested();
}

static VOID
OtherStacks(VOID)
{
    KDPC Own;

    Raise = ExRaiseStatus;
    KeInitializeEvent(&Done, NotificationEvent, FALSE);
    KeInitializeDpc(&Own, Dpc, NULL);
    KeInsertQueueDpc(&Own, NULL, NULL);
    KeWaitForSingleObject(&Done, Executive, KernelMode, FALSE, NULL);
    EXPECT_STATUS(Caught, STATUS_DEVICE_BUSY);
    EXPECT_EQ(Nested, 1);
    Caught = STATUS_SUCCESS;
    EXPECT_STATUS(KeExpandKernelStackAndCallout(Expanded, NULL, 0x4000), STATUS_SUCCESS);
    EXPECT_STATUS(Caught, STATUS_DEVICE_BUSY);
    EXPECT_EQ(Nested, 1);
}

TEST_DRIVER(TEST(Unwinds), TEST(NoTarget), TEST(Far), TEST(Chained), TEST(OtherStacks))
