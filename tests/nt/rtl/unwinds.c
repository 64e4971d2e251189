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

TEST_DRIVER(TEST(Unwinds), TEST(NoTarget), TEST(OtherStacks))
