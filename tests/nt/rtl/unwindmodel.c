/*
 * unwindmodel.c - RtlVirtualUnwind against a machine: functions of every form that the calling convention allows are drawn, their instructions
 * are carried out on a stack, and from behind each of them the unwinder must come back to what the caller had: every register, where it
 * was kept, the frame, the handler where there is one. [winnt: RtlVirtualUnwind], ["x64 exception handling"], ["x64 prolog and epilog"]
 */
#include "../ntlab-test.h"

NTSYSAPI PVOID NTAPI RtlVirtualUnwind(ULONG, ULONG64, ULONG64, PVOID, PCONTEXT, PVOID *, PULONG64,
                                      PVOID);

#define FUNCTIONS          3000
#define STACK              0x10000
#define BEGIN              0x100 /* addresses in the image */
#define INFO               0x800
#define PARENT             0x900 /* who the function is a chained part of */
#define INDIRECT           0x9C0
#define RSP                4
#define UNW_FLAG_EHANDLER  1
#define UNW_FLAG_CHAININFO 4
#ifndef CONTEXT_UNWOUND_TO_CALL
#define CONTEXT_UNWOUND_TO_CALL 0x20000000
#endif

enum { Push, Large, Small, SetFrame, Save, SaveFar, Epilog, Vector = 8, VectorFar, MachineFrame };

typedef struct {
    UCHAR Kind, Register;
    ULONG Size, Length; /* bytes that it moves rsp by, or at which it saves; bytes of code */
} STEP;

typedef struct {
    STEP Step[24];
    ULONG Count;
} PROLOGUE;

static PUCHAR Image, Stack;
static PROLOGUE Primary, Chained;
static ULONG64 Integer[16], Callers[16], *Pointer[32];
static M128A Vectors[16], CallersVectors[16];
static ULONG Wrong, Seed, Saved, Allocated, FrameRegister, FrameOffset, Version, Frames;
static ULONG64 Return, CallersRsp;
static ULONG Handlers; /* where it is */
static BOOLEAN FrameIsSet, HasHandler, IsChained;

static ULONG
Random(ULONG Below)
{
    Seed = Seed * 1664525 + 1013904223;
    return (Seed >> 8) % Below;
}

static ULONG64
Random64(VOID)
{
    return (ULONG64)Random(1 << 24) << 40 ^ (ULONG64)Random(1 << 24) << 20 ^ Random(1 << 24);
}

static const UCHAR NonVolatile[] = {3, 5, 6, 7, 12, 13, 14, 15};

/* A register that must be kept and is not yet. */
static UCHAR
Unsaved(VOID)
{
    UCHAR Register;

    do {
        Register = NonVolatile[Random(sizeof(NonVolatile))];
    } while (Saved & 1u << Register);
    Saved |= 1u << Register;
    return Register;
}

static VOID
Add(PROLOGUE *Prologue, UCHAR Kind, UCHAR Register, ULONG Size)
{
    Prologue->Step[Prologue->Count++] = (STEP){Kind, Register, Size, 1 + Random(8)};
}

/* Registers that are kept in what was allocated: each in a place of its own. */
static VOID
DrawSaves(PROLOGUE *Prologue, ULONG From, ULONG To)
{
    ULONG Next = From;

    while (Next + 16 <= To && Random(3) != 0) {
        if (Random(2) == 0 && (Saved & 0xF0E8) != 0xF0E8) {
            Add(Prologue, Random(3) != 0 ? Save : SaveFar, Unsaved(), Next);
        } else if ((Saved >> 16 & 0xFFC0) != 0xFFC0) {
            UCHAR Register;

            do {
                Register = (UCHAR)(6 + Random(10));
            } while (Saved & 1u << (16 + Register));
            Saved |= 1u << (16 + Register);
            Add(Prologue, Random(3) != 0 ? Vector : VectorFar, Register, Next);
        }
        Next += 16 + 16 * Random(4);
    }
}

static VOID
DrawPrologue(VOID)
{
    ULONG Pushes = Random(6);
    UCHAR Pushed[8];

    Primary.Count = Chained.Count = Saved = Allocated = FrameRegister = FrameOffset = 0;
    Frames = Random(8) == 0 ? 1 + Random(2) : 0;
    if (Frames != 0) {
        Primary.Step[Primary.Count++] = (STEP){MachineFrame, (UCHAR)(Frames - 1), 0, 0};
    }
    for (ULONG i = 0; i < Pushes; i++) {
        Add(&Primary, Push, Pushed[i] = Unsaved(), 8);
    }
    if (Random(4) != 0) {
        Allocated = 8 + 8 * Random(Random(2) == 0 ? 16 : 0x400);
        Add(&Primary, Allocated <= 128 && Random(3) != 0 ? Small : Large, (UCHAR)Random(2),
            Allocated);
    }
    if (Pushes != 0 && Random(3) == 0) {
        FrameRegister = Pushed[Random(Pushes)];
        FrameRegister = FrameRegister == 12 ? 0 : FrameRegister; /* it has no short forms */
    }
    DrawSaves(&Primary, 0, Allocated / 2 & ~15u);
    if (FrameRegister != 0) {
        FrameOffset = Random(min(Allocated / 16, 15) + 1);
        Add(&Primary, SetFrame, 0, 0);
    }
    IsChained = Frames == 0 && Random(4) == 0;
    if (IsChained) {
        DrawSaves(&Chained, Allocated / 2 & ~15u, Allocated);
    }
    HasHandler = Random(2);
    Version = 1 + Random(2);
}

static ULONG
LengthOf(const PROLOGUE *Prologue)
{
    ULONG Length = 0;

    for (ULONG i = 0; i < Prologue->Count; i++) {
        Length += Prologue->Step[i].Length;
    }
    return Length;
}

typedef struct {
    USHORT Slot[96];
    ULONG Count;
} CODES;

static VOID
Code(CODES *Codes, ULONG Offset, ULONG Kind, ULONG Info)
{
    Codes->Slot[Codes->Count++] = (USHORT)(Offset | Kind << 8 | Info << 12);
}

static VOID
Far(CODES *Codes, ULONG Value)
{
    Codes->Slot[Codes->Count++] = (USHORT)Value;
    Codes->Slot[Codes->Count++] = (USHORT)(Value >> 16);
}

/* The last instruction of a prologue comes first. */
static VOID
Encode(CODES *Codes, const PROLOGUE *Prologue)
{
    ULONG Offset = LengthOf(Prologue);

    for (ULONG i = Prologue->Count; i-- > 0;) {
        const STEP *Step = &Prologue->Step[i];
        BOOLEAN IsFar = Step->Kind == SaveFar || Step->Kind == VectorFar;

        Code(Codes, Offset, Step->Kind,
             Step->Kind == Small      ? Step->Size / 8 - 1
             : Step->Kind == SetFrame ? 0
                                      : Step->Register);
        if (IsFar || (Step->Kind == Large && Step->Register == 1)) {
            Far(Codes, Step->Size);
        } else if (Step->Kind == Save || Step->Kind == Large || Step->Kind == Vector) {
            Codes->Slot[Codes->Count++] = (USHORT)(Step->Size / (Step->Kind == Vector ? 16 : 8));
        }
        Offset -= Step->Length;
    }
}

/* Where the codes end: a handler's address, or the function that a chained part belongs to. */
static PULONG
PutInfo(ULONG At, ULONG Flags, const CODES *Codes, const PROLOGUE *Prologue)
{
    PUCHAR Info = Image + At;

    Info[0] = (UCHAR)(Version | Flags << 3);
    Info[1] = (UCHAR)LengthOf(Prologue);
    Info[2] = (UCHAR)Codes->Count;
    Info[3] = (UCHAR)(FrameRegister | FrameOffset << 4);
    RtlCopyMemory(Info + 4, Codes->Slot, Codes->Count * 2);
    return (PULONG)(Info + 4 + ((Codes->Count + 1) & ~1u) * 2);
}

static ULONG
FlagOf(VOID)
{
    return HasHandler ? UNW_FLAG_EHANDLER : 0;
}

static VOID
PutInfos(PULONG Function, ULONG Size, ULONG FirstBack, BOOLEAN AtEnd)
{
    CODES Codes = {.Count = 0}, Parents = {.Count = 0};
    PULONG Behind;

    if (Version == 2 && Size != 0) {
        Code(&Codes, Size, Epilog, AtEnd);
        if (FirstBack != 0) {
            Code(&Codes, FirstBack & 0xFF, Epilog, FirstBack >> 8);
        }
        if (Codes.Count % 2 != 0) {
            Code(&Codes, 0, Epilog, 0);
        }
    }
    Function[2] = INFO;
    Encode(&Codes, IsChained ? &Chained : &Primary);
    Behind = PutInfo(INFO, IsChained ? UNW_FLAG_CHAININFO : FlagOf(), &Codes,
                     IsChained ? &Chained : &Primary);
    if (IsChained) {
        Behind[0] = 0x10;
        Behind[1] = 0x20;
        Behind[2] = Random(3) == 0 ? INDIRECT | 1 : PARENT;
        *(PULONG)(Image + INDIRECT) = 0x10;
        *(PULONG)(Image + INDIRECT + 8) = PARENT;
        Encode(&Parents, &Primary);
        Behind = PutInfo(PARENT, FlagOf(), &Parents, &Primary);
    }
    Behind[0] = Handlers;
}

static ULONG64
Frame(VOID)
{
    return FrameIsSet ? Integer[FrameRegister] - FrameOffset * 16 : Integer[RSP];
}

/* From where the machine is now back to the caller. */
static VOID
Unwind(PULONG Function, ULONG At, BOOLEAN InBody)
{
    ULONG Called = Random(2) != 0 ? CONTEXT_UNWOUND_TO_CALL : 0;
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL | Called, .Rip = (ULONG64)(Image + At)};
    PVOID Pointers[32] = {NULL}, Data = NULL, Handler;
    ULONG64 Found = 0;
    BOOLEAN Told = Random(4) != 0;
    ULONG Before = Wrong;

    RtlCopyMemory(&Context.Rax, Integer, sizeof(Integer));
    RtlCopyMemory(&Context.Xmm0, Vectors, sizeof(Vectors));
    Handler = RtlVirtualUnwind(UNW_FLAG_EHANDLER, (ULONG64)Image, Context.Rip, Function, &Context,
                               &Data, &Found, Told ? Pointers : NULL);
    Wrong += Found != Frame() || Context.Rip != Return || Context.Rsp != CallersRsp;
    /* Whether the caller stands behind a call, or where it was interrupted. */
    Wrong += Context.ContextFlags != (CONTEXT_FULL | (Frames == 0 ? CONTEXT_UNWOUND_TO_CALL : 0));
    for (ULONG i = 0; i < 16; i++) {
        ULONG64 Value = (&Context.Rax)[i];
        BOOLEAN Kept = (0xF0E8 >> i & 1) != 0, KeptVector = i >= 6;

        Wrong += i != RSP && Value != (Kept ? Callers[i] : Integer[i]);
        Wrong += RtlCompareMemory(&Context.Xmm0 + i, KeptVector ? &CallersVectors[i] : &Vectors[i],
                                  sizeof(M128A)) != sizeof(M128A);
        Wrong +=
            Told && (InBody || Pointers[16 + i] != NULL) && Pointers[16 + i] != Pointer[16 + i];
        Wrong += Told && (InBody || Pointers[i] != NULL) && Pointers[i] != Pointer[i];
    }
    Wrong += Handler != (InBody && HasHandler ? Image + Handlers : NULL);
    Wrong += Handler != NULL && *((PULONG)Data - 1) != Handlers;
    if (Before != Wrong && Wrong - Before < 100) {
        EXPECT_EQ(At, 0);
        EXPECT_EQ(Seed, 0);
        Wrong += 100;
    }
}

static VOID
Do(const STEP *Step)
{
    ULONG64 *Place;

    switch (Step->Kind) {
    case Push:
        Integer[RSP] -= 8;
        Place = (PULONG64)Integer[RSP];
        *Place = Integer[Step->Register];
        Pointer[16 + Step->Register] = Place;
        break;
    case Large:
    case Small:
        Integer[RSP] -= Step->Size;
        break;
    case SetFrame:
        Integer[FrameRegister] = Integer[RSP] + FrameOffset * 16;
        FrameIsSet = TRUE;
        break;
    case Save:
    case SaveFar:
        Place = (PULONG64)(Frame() + Step->Size);
        *Place = Integer[Step->Register];
        Pointer[16 + Step->Register] = Place;
        break;
    case Vector:
    case VectorFar:
        Place = (PULONG64)(Frame() + Step->Size);
        RtlCopyMemory(Place, &Vectors[Step->Register], sizeof(M128A));
        Pointer[Step->Register] = Place;
    }
}

/* The caller's registers, and a stack with the address that the function returns to. */
static VOID
Enter(VOID)
{
    PULONG64 Top = (PULONG64)(Stack + STACK - 0x100);

    for (ULONG i = 0; i < 16; i++) {
        Integer[i] = Random64();
        Vectors[i] = (M128A){Random64(), (LONGLONG)Random64()};
        Pointer[i] = Pointer[16 + i] = NULL;
    }
    FrameIsSet = FALSE;
    Return = Random64();
    Integer[RSP] = (ULONG64)Top;
    if (Frames != 0) {
        PULONG64 Trap = Top + (Frames - 1);

        Top[0] = 0x55; /* an error code, if there is one */
        Trap[0] = Return;
        Trap[3] = CallersRsp = Random64();
    } else {
        Top[0] = Return;
        CallersRsp = (ULONG64)(Top + 1);
    }
    RtlCopyMemory(Callers, Integer, sizeof(Integer));
    RtlCopyMemory(CallersVectors, Vectors, sizeof(Vectors));
}

/* What was saved may be used for anything. */
static VOID
Trash(VOID)
{
    for (UCHAR i = 0; i < 16; i++) {
        if (i != RSP && i != FrameRegister && (Pointer[16 + i] != NULL || (0xF0E8 >> i & 1) == 0)) {
            Integer[i] = Random64();
        }
        if (Pointer[i] != NULL || i < 6) {
            Vectors[i].Low = Random64();
        }
    }
    if (FrameIsSet && Random(2) == 0) {
        Integer[RSP] -= 16 * Random(20); /* _alloca */
    }
}

/* Instructions of a body, none of which begins an epilogue. */
static ULONG
Body(ULONG At, ULONG Begin)
{
    static const UCHAR Forms[][8] = {{1, 0x90},
                                     {3, 0x48, 0xFF, 0xD0},
                                     {6, 0xFF, 0x15, 0, 1, 0, 0},
                                     {2, 0x58, 0x90},
                                     {5, 0x48, 0x83, 0xC4, 8, 0x90},
                                     {4, 0x48, 0x83, 0xC0, 8},
                                     {3, 0x41, 0x58, 0x90},
                                     {7, 0x48, 0x81, 0xC4, 8, 0, 0, 0},
                                     {2, 0xF3, 0x90}};
    const UCHAR *Form = Forms[Random(RTL_NUMBER_OF(Forms))];

    switch (At > Begin + 1 ? Random(4) : 3) {
    case 0: /* a jump into the function */
        Image[At] = 0xEB;
        Image[At + 1] = (UCHAR) - (LONG)(2 + Random(min(At - Begin - 1 + IsChained, 100)));
        return 2;
    case 1:
        Image[At] = 0xE9;
        *(LONG UNALIGNED *)&Image[At + 1] = -(LONG)(5 + Random(At - Begin + IsChained));
        return 5;
    case 2: /* where codes say what is an epilogue nothing else is one */
        if (Version == 2) {
            Image[At] = 0xC3;
            return 1;
        }
    }
    RtlCopyMemory(Image + At, Form + 1, Form[0]);
    Image[At + Form[0]] = 0x90;
    return Form[0] + 1u;
}

/* The epilogue's instructions behind At: how many bytes each has; the state moves with them. */
static ULONG
PutRelease(ULONG At)
{
    ULONG Size = Allocated;

    if (FrameRegister != 0) {
        LONG Far = (LONG)Allocated - (LONG)FrameOffset * 16;
        UCHAR Mode = Far == 0 && (FrameRegister & 7) != 5 && Random(2) == 0 ? 0
                     : Far >= -128 && Far < 128 && Random(3) != 0           ? 0x40
                                                                            : 0x80;

        Image[At] = 0x48 | (UCHAR)(FrameRegister >> 3);
        Image[At + 1] = 0x8D;
        Image[At + 2] = Mode | 0x20 | (FrameRegister & 7);
        *(LONG UNALIGNED *)&Image[At + 3] = Far;
        return Mode == 0 ? 3 : Mode == 0x40 ? 4 : 7;
    }
    if (Size == 0) {
        return 0;
    }
    Image[At] = 0x48;
    Image[At + 1] = Size < 128 ? 0x83 : 0x81;
    Image[At + 2] = 0xC4;
    *(PULONG UNALIGNED)&Image[At + 3] = Size;
    return Size < 128 ? 4 : 7;
}

static ULONG
PutLeave(ULONG At, ULONG Begin)
{
    static const UCHAR Leave[][8] = {{1, 0xC3},
                                     {3, 0xC2, 8, 0},
                                     {2, 0xF3, 0xC3},
                                     {6, 0xFF, 0x25, 0, 1, 0, 0},
                                     {3, 0x48, 0xFF, 0xE0},
                                     {3, 0x49, 0xFF, 0xE3},
                                     {5, 0xE9, 0x78, 0x56, 0, 0},
                                     {2, 0xEB, 0x7F},
                                     {5, 0xE9, 0x88, 0xA9, 0xFF, 0xFF}};
    const UCHAR *Form = Leave[Random(RTL_NUMBER_OF(Leave))];

    if (!IsChained && Random(8) == 0) { /* it calls itself at last */
        Image[At] = 0xE9;
        *(LONG UNALIGNED *)&Image[At + 1] = (LONG)Begin - (LONG)(At + 5);
        return 5;
    }
    RtlCopyMemory(Image + At, Form + 1, Form[0]);
    return Form[0];
}

typedef struct {
    ULONG At[16], Count, End; /* where each instruction begins: release, pops, leave */
    BOOLEAN Releases;
} EPILOGUE;

static VOID
PutEpilogue(EPILOGUE *Epilogue, ULONG At, ULONG Begin)
{
    ULONG Length;

    Epilogue->Count = 0;
    Epilogue->At[Epilogue->Count] = At;
    Length = PutRelease(At);
    Epilogue->Releases = Length != 0;
    Epilogue->Count += Length != 0;
    At += Length;
    for (ULONG i = Primary.Count; i-- > 0;) {
        if (Primary.Step[i].Kind == Push) {
            Epilogue->At[Epilogue->Count++] = At;
            if (Primary.Step[i].Register >= 8) {
                Image[At++] = 0x41;
            }
            Image[At++] = 0x58 | (Primary.Step[i].Register & 7);
        }
    }
    Epilogue->At[Epilogue->Count++] = At;
    Epilogue->End = At + PutLeave(At, Begin);
}

/* What was saved with a move is back before the epilogue begins. */
static VOID
TakeBack(const PROLOGUE *Prologue)
{
    for (ULONG i = 0; i < Prologue->Count; i++) {
        const STEP *Step = &Prologue->Step[i];

        if (Step->Kind == Save || Step->Kind == SaveFar) {
            Integer[Step->Register] = Callers[Step->Register];
        } else if (Step->Kind == Vector || Step->Kind == VectorFar) {
            Vectors[Step->Register] = CallersVectors[Step->Register];
        }
    }
}

static VOID
RunEpilogue(const EPILOGUE *Epilogue, PULONG Function, ULONG64 Base)
{
    ULONG Next = 0;

    TakeBack(&Primary);
    TakeBack(&Chained);
    if (Epilogue->Releases) {
        /* The codes of a version 2 may leave it out: then it is of the body, and has the handler. */
        Unwind(Function, Epilogue->At[Next++], FALSE);
        Integer[RSP] = Base + Allocated;
    }
    for (ULONG i = Primary.Count; i-- > 0;) {
        if (Primary.Step[i].Kind == Push) {
            Unwind(Function, Epilogue->At[Next++], FALSE);
            Integer[Primary.Step[i].Register] = *(PULONG64)Integer[RSP];
            Integer[RSP] += 8;
        }
    }
    Unwind(Function, Epilogue->At[Next], FALSE);
}

static VOID
OneFunction(VOID)
{
    ULONG Function[3] = {BEGIN}, Length, At, Body1, Body2, Size, Back;
    EPILOGUE Middle, Last;
    PROLOGUE *Own;
    LONG UNALIGNED *Leave;
    ULONG64 Base;

    DrawPrologue();
    Own = IsChained ? &Chained : &Primary;
    RtlFillMemory(Image + BEGIN, 0x400, 0x90);
    At = Body1 = BEGIN + LengthOf(Own);
    Length = Body(At, BEGIN);
    PutEpilogue(&Middle, At + Length, BEGIN);
    Body2 = Middle.End;
    PutEpilogue(&Last, Body2 + Body(Body2, BEGIN), BEGIN);
    /* All epilogues of a function that has codes for them are of one size. */
    RtlMoveMemory(Image + Last.At[0], Image + Middle.At[0], Middle.End - Middle.At[0]);
    for (ULONG i = 0; i < Middle.Count; i++) {
        Last.At[i] = Last.At[0] + (Middle.At[i] - Middle.At[0]);
    }
    Leave = (LONG UNALIGNED *)&Image[Last.At[Last.Count - 1] + 1];
    if (((PUCHAR)Leave)[-1] == 0xE9 && *Leave < 0 && *Leave > -0x400) {
        *Leave -= (LONG)(Last.At[0] - Middle.At[0]); /* to its own beginning */
    }
    Last.End = Last.At[0] + (Middle.End - Middle.At[0]);
    Function[1] = Last.End;
    Size = Last.End - Last.At[0];
    Back = Last.End - Middle.At[0];
    /* What stands behind the codes looks like one of them: an epilogue that begins with the body. */
    Handlers = 0x600 | (Last.End - Body1 < 0x100 ? Last.End - Body1 : 1);
    PutInfos(Function, Frames == 0 ? Size : 0, Back, TRUE);

    Enter();
    if (IsChained) {
        for (ULONG i = 0; i < Primary.Count; i++) {
            Do(&Primary.Step[i]);
        }
    }
    At = BEGIN;
    for (ULONG i = 0; i < Own->Count; i++) {
        if (At < Body1) {
            Unwind(Function, At, IsChained);
        }
        Do(&Own->Step[i]);
        At += Own->Step[i].Length;
    }
    Base = Integer[RSP];
    Trash();
    Unwind(Function, Body1, TRUE);
    Unwind(Function, Body2, TRUE);
    if (Frames == 0) {
        ULONG64 Kept[16];

        RtlCopyMemory(Kept, Integer, sizeof(Kept));
        RunEpilogue(&Middle, Function, Base);
        RtlCopyMemory(Integer, Kept, sizeof(Kept));
        RunEpilogue(&Last, Function, Base);
    }
}

static VOID
Drawn(VOID)
{
    Image = ExAllocatePoolWithTag(NonPagedPoolNx, 0x1000, 'mwuT');
    Stack = ExAllocatePoolWithTag(NonPagedPoolNx, STACK, 'mwuT');
    RtlZeroMemory(Image, 0x1000);
    RtlZeroMemory(Stack, STACK);
    Seed = 1;
    for (ULONG i = 0; i < FUNCTIONS && Wrong == 0; i++) {
        OneFunction();
    }
    EXPECT_EQ(Wrong, 0);
    ExFreePoolWithTag(Image, 'mwuT');
    ExFreePoolWithTag(Stack, 'mwuT');
}

TEST_DRIVER(TEST(Drawn))
