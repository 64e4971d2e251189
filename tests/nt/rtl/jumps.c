/*
 * jumps.c - unwinds that somebody asks for himself: the local ones of compilers, one that collides with another, answers of handlers that are none; and two tables:
 * lists that are pushed whole, and numbers in every base.
 * [LEARN: x64 exception handling, language-specific handler], [winnt: EXCEPTION_UNWINDING, EXCEPTION_TARGET_UNWIND, EXCEPTION_COLLIDED_UNWIND],
 * [ntstatus: STATUS_UNWIND], [LEARN: interlockedapi/interlockedpushlistslistex], [DDI:ntddk/rtlinttochar and its kin: "Base ... 16, 8, 2 or 10", 0: 10]
 */
#include "../ntlab-test.h"

NTSYSAPI VOID NTAPI RtlRaiseException(PEXCEPTION_RECORD);
NTSYSAPI VOID NTAPI _local_unwind(PVOID, PVOID);
NTSYSAPI VOID NTAPI __jump_unwind(PVOID, PVOID);
NTSYSAPI PSLIST_ENTRY NTAPI RtlFirstEntrySList(const SLIST_HEADER *);
NTSYSAPI VOID NTAPI RtlUnwind(PVOID, PVOID, PEXCEPTION_RECORD, PVOID);
NTSYSAPI NTSTATUS NTAPI RtlIntegerToChar(ULONG, ULONG, LONG, PCHAR);
#define UNWINDING 0x02
#define EXIT      0x04
#define NESTED    0x10
#define TARGET    0x20
#define COLLIDED  0x40
#define LOOKED_AT (UNWINDING | EXIT | NESTED | TARGET | COLLIDED)
#define FIRST     ((NTSTATUS)0xE0000001)
#ifndef STATUS_UNWIND
#define STATUS_UNWIND ((NTSTATUS)0xC0000027)
#endif

enum { Inner, Outer, Holder };

typedef struct _CALLED {
    ULONG Which, Flags;
    NTSTATUS Code;
    ULONG Parameters;
    PVOID Record, Frame;
} CALLED;

static CALLED Calls[32];
static ULONG Count;
static BOOLEAN Collides;
static EXCEPTION_DISPOSITION Search, OfUnwind; /* of the inner frame's handler, the first time */

/* The frame that an unwind ends in, and the place in it. */
PVOID JumpFrame, JumpPlace;

ULONG HoldsJump(VOID (*Routine)(VOID));
VOID GuardedInner(VOID (*Routine)(VOID));
VOID GuardedOuter(VOID (*Routine)(VOID));

static EXCEPTION_DISPOSITION
Note(ULONG Which, PEXCEPTION_RECORD Record, PVOID Frame)
{
    EXCEPTION_DISPOSITION Answer = ExceptionContinueSearch;

    if (Count < RTL_NUMBER_OF(Calls)) {
        Calls[Count++] = (CALLED){Which,
                                  Record->ExceptionFlags & LOOKED_AT,
                                  Record->ExceptionCode,
                                  Record->NumberParameters,
                                  Record->ExceptionRecord,
                                  Frame};
    }
    if (Which == Inner && (Record->ExceptionFlags & UNWINDING) != 0) {
        Answer = OfUnwind;
        OfUnwind = ExceptionContinueSearch;
        if (Collides) {
            Collides = FALSE;
            RtlUnwind(JumpFrame, JumpPlace, NULL, (PVOID)5);
        }
    } else if (Which == Inner) {
        Answer = Search;
        Search = ExceptionContinueSearch;
    }
    return Answer;
}

#define HANDLER(Which)                                                                             \
    EXCEPTION_DISPOSITION NTAPI Which##Handler(PEXCEPTION_RECORD Record, PVOID Frame,              \
                                               PCONTEXT Context, PVOID Dispatcher)                 \
    {                                                                                              \
        return Note(Which, Record, Frame);                                                         \
    }
HANDLER(Inner)
HANDLER(Outer)
HANDLER(Holder)

#define GUARDED(Name, Handler)                                                                     \
    __asm__(".text\n.globl " Name "\n.def " Name "; .scl 2; .type 32; .endef\n.seh_proc " Name     \
            "\n" Name ":\n.seh_handler " Handler ", @unwind, @except\n"                            \
            " subq $0x28, %rsp\n .seh_stackalloc 0x28\n .seh_endprologue\n"                        \
            " call *%rcx\n nop\n addq $0x28, %rsp\n ret\n.seh_endproc\n")
GUARDED("GuardedInner", "InnerHandler");
GUARDED("GuardedOuter", "OuterHandler");

/* What the unwind has put into rax, or 99 if the routine has returned; rbx must be what it was. */
__asm__(".text\n.globl HoldsJump\n.def HoldsJump; .scl 2; .type 32; .endef\n.seh_proc HoldsJump\n"
        "HoldsJump:\n.seh_handler HolderHandler, @unwind, @except\n"
        " pushq %rbx\n .seh_pushreg %rbx\n subq $0x20, %rsp\n .seh_stackalloc 0x20\n"
        " .seh_endprologue\n movl $0x1234, %ebx\n movq %rsp, JumpFrame(%rip)\n"
        " leaq 1f(%rip), %rax\n movq %rax, JumpPlace(%rip)\n"
        " call *%rcx\n movl $99, %eax\n jmp 2f\n"
        "1: cmpl $0x1234, %ebx\n je 2f\n movl $98, %eax\n"
        "2: addq $0x20, %rsp\n popq %rbx\n ret\n.seh_endproc\n");

static VOID
ExpectCall(ULONG At, ULONG Which, NTSTATUS Code, ULONG Flags)
{
    EXPECT(At < Count);
    EXPECT_EQ(Calls[At].Which, Which);
    EXPECT_STATUS(Calls[At].Code, Code);
    EXPECT_EQ(Calls[At].Flags, Flags);
}

static VOID
Begin(VOID)
{
    Count = 0;
    Collides = FALSE;
    Search = OfUnwind = ExceptionContinueSearch;
}

/* ---- unwinds without an exception ---- */

static ULONG Way;

static VOID
Jump(VOID)
{
    switch (Way) {
    case 0:
        _local_unwind(JumpFrame, JumpPlace);
        break;
    case 1:
        __jump_unwind(JumpFrame, JumpPlace);
        break;
    case 2:
        RtlUnwind(JumpFrame, JumpPlace, NULL, (PVOID)7);
        break;
    }
}

static VOID
Inward(VOID)
{
    GuardedInner(Jump);
}

static VOID
Outward(VOID)
{
    GuardedOuter(Inward);
}

static VOID
Jumps(VOID)
{
    for (Way = 0; Way < 3; Way++) {
        Begin();
        EXPECT_EQ(HoldsJump(Outward), Way == 2 ? 7 : 0);
        EXPECT_EQ(Count, 3);
        ExpectCall(0, Inner, STATUS_UNWIND, UNWINDING);
        ExpectCall(1, Outer, STATUS_UNWIND, UNWINDING);
        ExpectCall(2, Holder, STATUS_UNWIND, UNWINDING | TARGET);
        EXPECT_EQ(Calls[2].Frame, JumpFrame);
        EXPECT_EQ(Calls[0].Parameters, 0);
        EXPECT_EQ(Calls[0].Record, NULL);
    }
}

/* The handler of a frame that is unwound unwinds itself: its own frame is the one that both have come to, and it is called once more. */
static VOID
Collision(VOID)
{
    Begin();
    Way = 2;
    Collides = TRUE;
    EXPECT_EQ(HoldsJump(Outward), 5);
    EXPECT_EQ(Count, 4);
    ExpectCall(0, Inner, STATUS_UNWIND, UNWINDING);
    ExpectCall(1, Inner, STATUS_UNWIND, UNWINDING | COLLIDED);
    ExpectCall(2, Outer, STATUS_UNWIND, UNWINDING);
    ExpectCall(3, Holder, STATUS_UNWIND, UNWINDING | TARGET);
    EXPECT_EQ(Calls[1].Frame, Calls[0].Frame);
}

/* ---- answers ---- */

static NTSTATUS Taken, Before;

static LONG
Take(PEXCEPTION_POINTERS Pointers)
{
    PEXCEPTION_RECORD Record = Pointers->ExceptionRecord;

    Taken = Record->ExceptionCode;
    Before = Record->ExceptionRecord != NULL ? Record->ExceptionRecord->ExceptionCode : 0;
    return EXCEPTION_EXECUTE_HANDLER;
}

static VOID
Raise(VOID)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = FIRST};

    RtlRaiseException(&Record);
}

static VOID
InwardRaise(VOID)
{
    GuardedInner(Raise);
}

static VOID
Taking(VOID)
{
    Taken = Before = 0;
    __try {
        GuardedOuter(InwardRaise);
    } __except (Take(GetExceptionInformation())) {
    }
}

/* Who unwinds a frame can only go on: another answer is an exception of its own, which comes of the first. */
static VOID
WrongOfUnwind(VOID)
{
    static const EXCEPTION_DISPOSITION Wrong[] = {ExceptionContinueExecution,
                                                  (EXCEPTION_DISPOSITION)99};

    for (ULONG i = 0; i < RTL_NUMBER_OF(Wrong); i++) {
        Begin();
        OfUnwind = Wrong[i];
        Taking();
        EXPECT_STATUS(Taken, STATUS_INVALID_DISPOSITION);
        EXPECT_STATUS(Before, FIRST);
        ExpectCall(0, Inner, FIRST, 0);
        ExpectCall(1, Outer, FIRST, 0);
        ExpectCall(2, Inner, FIRST, UNWINDING);
        EXPECT(Count > 3 && Calls[3].Code == STATUS_INVALID_DISPOSITION);
        EXPECT(Calls[Count - 1].Which == Outer && Calls[Count - 1].Flags == UNWINDING);
    }
}

/* Who says that an exception came in a handler has the older frames told so. */
static VOID
SaysNested(VOID)
{
    Begin();
    Search = ExceptionNestedException;
    Taking();
    EXPECT_STATUS(Taken, FIRST);
    EXPECT_EQ(Count, 4);
    ExpectCall(0, Inner, FIRST, 0);
    ExpectCall(1, Outer, FIRST, NESTED);
    ExpectCall(2, Inner, FIRST, UNWINDING);
    ExpectCall(3, Outer, FIRST, UNWINDING);
}

/* ---- lists ---- */

static VOID
PushedWhole(VOID)
{
    static SLIST_HEADER Head;
    static DECLSPEC_ALIGN(16) SLIST_ENTRY Entry[24];
    ULONG Depth = 0, Next = 0;

    InitializeSListHead(&Head);
    for (ULONG Length = 1; Length <= 5; Length++) {
        PSLIST_ENTRY First = &Entry[Next], Former = RtlFirstEntrySList(&Head);

        for (ULONG i = 0; i + 1 < Length; i++) {
            Entry[Next + i].Next = &Entry[Next + i + 1];
        }
        Entry[Next + Length - 1].Next = (PSLIST_ENTRY)0x5555;
        EXPECT_EQ(InterlockedPushListSList(&Head, First, &Entry[Next + Length - 1], Length),
                  Former);
        Next += Length;
        Depth += Length;
        EXPECT_EQ(ExQueryDepthSList(&Head), Depth);
        EXPECT_EQ(RtlFirstEntrySList(&Head), First);
        if (Length == 3) { /* one goes, and the next stands in front */
            EXPECT_EQ(ExpInterlockedPopEntrySList(&Head), First);
            EXPECT_EQ(RtlFirstEntrySList(&Head), First + 1);
            EXPECT_EQ(ExQueryDepthSList(&Head), --Depth);
        }
    }
    /* 5, then 4, 3 without its first, 2, 1. */
    for (ULONG Length = 5; Length >= 1; Length--) {
        Next -= Length;
        for (ULONG i = Length == 3; i < Length; i++) {
            EXPECT_EQ(ExpInterlockedPopEntrySList(&Head), &Entry[Next + i]);
        }
    }
    EXPECT_EQ(ExpInterlockedPopEntrySList(&Head), NULL);
    EXPECT_EQ(ExQueryDepthSList(&Head), 0);
    EXPECT_EQ(ExpInterlockedFlushSList(&Head), NULL);
}

/* ---- numbers ---- */

static VOID
EveryBase(VOID)
{
    for (ULONG Base = 0; Base <= 37; Base++) {
        BOOLEAN Good = Base == 0 || Base == 2 || Base == 8 || Base == 10 || Base == 16;
        NTSTATUS Wanted = Good ? STATUS_SUCCESS : STATUS_INVALID_PARAMETER;
        WCHAR Wide[80];
        CHAR Narrow[80];
        UNICODE_STRING Text = {0, sizeof(Wide), Wide};
        ULONG Value = 0, Digits = Base == 2 ? 8 : Base == 8 ? 3 : Base == 16 ? 2 : 3;

        EXPECT_STATUS(RtlIntegerToUnicodeString(201, Base, &Text), Wanted);
        if (Good) {
            EXPECT_EQ(Text.Length, Digits * sizeof(WCHAR));
            EXPECT_STATUS(RtlUnicodeStringToInteger(&Text, Base, &Value), STATUS_SUCCESS);
            EXPECT_EQ(Value, 201);
        }
        EXPECT_STATUS(RtlInt64ToUnicodeString(201, Base, &Text), Wanted);
        RtlFillMemory(Narrow, sizeof(Narrow), 'x');
        EXPECT_STATUS(RtlIntegerToChar(201, Base, (LONG)Digits + 1, Narrow), Wanted);
        if (Good) {
            EXPECT_EQ(Narrow[Digits], 0);
            EXPECT_STATUS(RtlCharToInteger(Narrow, Base, &Value), STATUS_SUCCESS);
            EXPECT_EQ(Value, 201);
            RtlFillMemory(Narrow, sizeof(Narrow), 'x');
            EXPECT_STATUS(RtlIntegerToChar(201, Base, (LONG)Digits, Narrow), STATUS_SUCCESS);
            EXPECT_EQ(Narrow[Digits], 'x');
            EXPECT_STATUS(RtlIntegerToChar(201, Base, (LONG)Digits - 1, Narrow),
                          STATUS_BUFFER_OVERFLOW);
        }
        EXPECT_STATUS(RtlCharToInteger("1", Base, &Value), Wanted);
    }
}

TEST_DRIVER(TEST(Jumps), TEST(Collision), TEST(WrongOfUnwind), TEST(SaysNested), TEST(PushedWhole),
            TEST(EveryBase))
