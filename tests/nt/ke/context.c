/*
 * context.c - every register of kernel mode as a filter sees it at an exception, and as the context that it leaves behind says.
 * [LEARN:winnt/context], [LEARN:c-runtime/getexceptioninformation]: "EXCEPTION_CONTINUE_EXECUTION: dismiss the exception at the point where it occurred", with the
 * context as the filter left it.
 */
#include "../ntlab-test.h"
#include "registers.h"

static REGISTERS Wanted;
static ULONG Wrong, Seen;

static LONG
Filter(PEXCEPTION_POINTERS Pointers)
{
    PCONTEXT Context = Pointers->ContextRecord;
    PEXCEPTION_RECORD Record = Pointers->ExceptionRecord;

    Seen++;
    Wrong += RegistersDiffer(&RegistersBefore, Context);
    Wrong += Context->Rip != (ULONG64)RegistersAt || Context->Rsp != RegistersStack;
    Wrong += Context->SegCs != 0x10 || Context->SegSs != 0x18;
    Wrong += Record->ExceptionCode != STATUS_ILLEGAL_INSTRUCTION || Record->NumberParameters != 0 ||
             Record->ExceptionAddress != RegistersAt || Record->ExceptionFlags != 0;
    RegistersPut(Context, &Wanted);
    Context->Rip = (ULONG64)RegistersBehind;
    Context->Rsp -= 0x40;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static VOID
Replaced(VOID)
{
    for (ULONG Round = 0; Round < 4; Round++) {
        RegistersChoose(&RegistersBefore, Round);
        RegistersChoose(&Wanted, Round + 5);
        RtlZeroMemory(&RegistersAfter, sizeof(RegistersAfter));
        Wrong = Seen = 0;
        __try {
            RegistersThrough();
        } __except (Filter(GetExceptionInformation())) {
            Wrong = 1000;
        }
        EXPECT_EQ(Seen, 1);
        EXPECT_EQ(Wrong, 0);
        EXPECT_EQ(RegistersChanged(&Wanted), 0);
        EXPECT_EQ(RegistersAfter.General[REGISTER_RSP], RegistersStack - 0x40);
        EXPECT_EQ(RegistersAfter.Flags & 0x200, 0x200);
    }
}

/* Who only unwinds has the caller's registers again: those that a call preserves. */
static VOID
Unwound(VOID)
{
    volatile ULONG64 Local[8];

    for (ULONG Round = 0; Round < 4; Round++) {
        ULONG64 Sum = 0;

        RegistersChoose(&RegistersBefore, Round);
        for (ULONG i = 0; i < 8; i++) {
            Local[i] = i * 3 + Round;
        }
        __try {
            RegistersThrough();
        } __except (EXCEPTION_EXECUTE_HANDLER) {
            Sum += 1000;
        }
        for (ULONG i = 0; i < 8; i++) {
            Sum += Local[i];
        }
        EXPECT_EQ(Sum, 1000 + 84 + 8 * Round);
    }
}

TEST_DRIVER(TEST(Replaced), TEST(Unwound))
