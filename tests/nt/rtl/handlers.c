/*
 * handlers.c - language handlers by hand: what each is given at every frame, and what becomes of each answer.
 * [LEARN: x64 exception handling, language-specific handler], [winnt: EXCEPTION_RECORD, EXCEPTION_UNWINDING, EXCEPTION_TARGET_UNWIND,
 * EXCEPTION_NESTED_CALL], [LEARN:winternl/rtlunwind]: an exception goes from the newest frame to the oldest, then the frames up to that of who took it are unwound;
 * an answer that is none, and going on from an exception from which nobody can, raise STATUS_INVALID_DISPOSITION and STATUS_NONCONTINUABLE_EXCEPTION.
 */
#include "../ntlab-test.h"

NTSYSAPI VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD);
#define UNWINDING  2 /* EXCEPTION_UNWINDING */
#define EXIT       4
#define NESTED     0x10 /* EXCEPTION_NESTED_CALL */
#define ANY_UNWIND (UNWINDING | EXIT)

#define FIRST  ((NTSTATUS)0xE0000001)
#define SECOND ((NTSTATUS)0xE0000002)

enum { Inner, Outer };

/* One call of a handler. */
typedef struct _CALLED {
    ULONG Which, Flags;
    NTSTATUS Code;
} CALLED;

static CALLED Calls[32];
static ULONG Count;
static PVOID Frames[2];
static EXCEPTION_DISPOSITION Answer[2], UnwindAnswer[2];
static BOOLEAN Raises, Once; /* Once: only the first exception is answered so */

VOID Guarded(VOID (*Routine)(VOID));
VOID GuardedOuter(VOID (*Routine)(VOID));

static EXCEPTION_DISPOSITION
Note(ULONG Which, PEXCEPTION_RECORD Record, PVOID Frame)
{
    if (Count < RTL_NUMBER_OF(Calls)) {
        Calls[Count++] = (CALLED){Which, Record->ExceptionFlags, Record->ExceptionCode};
    }
    Frames[Which] = Frame;
    if ((Record->ExceptionFlags & ANY_UNWIND) != 0) {
        return UnwindAnswer[Which];
    }
    if (Which == Inner && Raises && Record->ExceptionCode == FIRST) {
        EXCEPTION_RECORD More = {.ExceptionCode = SECOND};

        RtlRaiseException(&More);
    }
    return Once && Record->ExceptionCode != FIRST ? ExceptionContinueSearch : Answer[Which];
}

EXCEPTION_DISPOSITION NTAPI
InnerHandler(PEXCEPTION_RECORD Record, PVOID Frame, PCONTEXT Context, PVOID Dispatcher)
{
    return Note(Inner, Record, Frame);
}

EXCEPTION_DISPOSITION NTAPI
OuterHandler(PEXCEPTION_RECORD Record, PVOID Frame, PCONTEXT Context, PVOID Dispatcher)
{
    return Note(Outer, Record, Frame);
}

#define GUARDED(Name, Handler)                                                                     \
    __asm__(".text\n.globl " Name "\n.def " Name "; .scl 2; .type 32; .endef\n.seh_proc " Name     \
            "\n" Name ":\n.seh_handler " Handler ", @unwind, @except\n"                            \
            " subq $0x28, %rsp\n .seh_stackalloc 0x28\n .seh_endprologue\n"                        \
            " call *%rcx\n nop\n addq $0x28, %rsp\n ret\n.seh_endproc\n")
GUARDED("Guarded", "InnerHandler");
GUARDED("GuardedOuter", "OuterHandler");

static ULONG RaisedFlags;

static VOID
RaiseFirst(VOID)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = FIRST, .ExceptionFlags = RaisedFlags};

    RtlRaiseException(&Record);
}

static VOID
Middle(VOID)
{
    Guarded(RaiseFirst);
}

/* What somebody takes at last: its code, and the exception that it came of. */
static NTSTATUS Taken, Before;
static BOOLEAN Returned;

static LONG
Take(PEXCEPTION_POINTERS Pointers)
{
    PEXCEPTION_RECORD Record = Pointers->ExceptionRecord;

    Taken = Record->ExceptionCode;
    Before = Record->ExceptionRecord != NULL ? Record->ExceptionRecord->ExceptionCode : 0;
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID
Run(EXCEPTION_DISPOSITION Of, EXCEPTION_DISPOSITION OfUnwind)
{
    Answer[Inner] = Of;
    UnwindAnswer[Inner] = OfUnwind;
    Answer[Outer] = UnwindAnswer[Outer] = ExceptionContinueSearch;
    Count = 0;
    Taken = Before = 0;
    Returned = FALSE;
    __try {
        GuardedOuter(Middle);
        Returned = TRUE;
    } __except (Take(GetExceptionInformation())) {
    }
}

static VOID
ExpectCall(ULONG At, ULONG Which, NTSTATUS Code, ULONG Flags)
{
    EXPECT(At < Count);
    EXPECT_EQ(Calls[At].Which, Which);
    EXPECT_STATUS(Calls[At].Code, Code);
    EXPECT_EQ(Calls[At].Flags & (ANY_UNWIND | NESTED), Flags);
}

static VOID
Searched(VOID)
{
    Run(ExceptionContinueSearch, ExceptionContinueSearch);
    EXPECT_STATUS(Taken, FIRST);
    EXPECT_EQ(Before, 0);
    EXPECT(!Returned);
    EXPECT_EQ(Count, 4);
    ExpectCall(0, Inner, FIRST, 0);
    ExpectCall(1, Outer, FIRST, 0);
    ExpectCall(2, Inner, FIRST, UNWINDING);
    ExpectCall(3, Outer, FIRST, UNWINDING);
    EXPECT((ULONG_PTR)Frames[Inner] < (ULONG_PTR)Frames[Outer]);
}

static VOID
GoesOn(VOID)
{
    Run(ExceptionContinueExecution, ExceptionContinueSearch);
    EXPECT(Returned);
    EXPECT_EQ(Count, 1);
    EXPECT_EQ(Taken, 0);
}

/* An answer that is none, or that nobody can give there: the frames see the exception that comes of it, with the one before it. */
static VOID
Wrong(VOID)
{
    static const struct {
        EXCEPTION_DISPOSITION Answer, OfUnwind;
        ULONG Flags;
        NTSTATUS Comes;
    } Row[] = {
        {(EXCEPTION_DISPOSITION)99, ExceptionContinueSearch, 0, STATUS_INVALID_DISPOSITION},
        {ExceptionContinueExecution, ExceptionContinueSearch, EXCEPTION_NONCONTINUABLE,
         STATUS_NONCONTINUABLE_EXCEPTION},
    };

    for (ULONG i = 0; i < RTL_NUMBER_OF(Row); i++) {
        RaisedFlags = Row[i].Flags;
        Once = TRUE;
        Run(Row[i].Answer, Row[i].OfUnwind);
        RaisedFlags = 0;
        EXPECT(!Returned);
        EXPECT_STATUS(Taken, Row[i].Comes);
        EXPECT_STATUS(Before, FIRST);
        EXPECT_EQ(Count, 5);
        ExpectCall(0, Inner, FIRST, 0);
        ExpectCall(1, Inner, Row[i].Comes, 0);
        ExpectCall(2, Outer, Row[i].Comes, 0);
        ExpectCall(3, Inner, Row[i].Comes, UNWINDING);
        ExpectCall(4, Outer, Row[i].Comes, UNWINDING);
        EXPECT_EQ(Calls[1].Flags & EXCEPTION_NONCONTINUABLE, EXCEPTION_NONCONTINUABLE);
    }
}

static VOID
Nested(VOID)
{
    /* The handler of the inner frame raises: the second exception passes that frame once more, as one within a handler, and is taken. */
    Raises = TRUE;
    Run(ExceptionContinueSearch, ExceptionContinueSearch);
    Raises = FALSE;
    EXPECT_STATUS(Taken, SECOND);
    ExpectCall(0, Inner, FIRST, 0);
    ExpectCall(1, Inner, SECOND, NESTED);
    ExpectCall(2, Outer, SECOND, 0);
    ExpectCall(3, Inner, SECOND, UNWINDING);
    ExpectCall(4, Outer, SECOND, UNWINDING);
    EXPECT_EQ(Count, 5);
}

TEST_DRIVER(TEST(Searched), TEST(GoesOn), TEST(Wrong), TEST(Nested))
