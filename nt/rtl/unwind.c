/*
 * unwind.c - RtlVirtualUnwind: from the context of a function to that of its caller.
 *
 * Three places where a function can be, by its unwind information:
 *     prologue   only the codes of instructions that have run are undone
 *     body       all codes are undone; only here has the function a handler
 *     epilogue   the rest of the epilogue is carried out on the context. It is recognized by its
 *                instructions (version 1), or by its epilogue codes (version 2), for the format
 *                leaves a compiler few: add or lea to rsp, pops, then ret or a jump out of the
 *                function
 *
 *   U1  Memory is read through the context's rsp or frame register only, and never written.
 *   U2  A chain (UNW_FLAG_CHAININFO) describes one frame: the parent's codes all apply.
 *   U3  A machine frame ends a function: rip and rsp come from it and nothing is popped.
 *
 * Source: Microsoft Learn, "x64 exception handling" and "x64 prolog and epilog".
 */
#include "nt/rtl/rtlp.h"

enum {
    UWOP_PUSH_NONVOL = 0,
    UWOP_ALLOC_LARGE = 1,
    UWOP_ALLOC_SMALL = 2,
    UWOP_SET_FPREG = 3,
    UWOP_SAVE_NONVOL = 4,
    UWOP_SAVE_NONVOL_FAR = 5,
    UWOP_EPILOG = 6, /* version 2; in version 1 a save of half an xmm register, never emitted */
    UWOP_SPARE_CODE = 7,
    UWOP_SAVE_XMM128 = 8,
    UWOP_SAVE_XMM128_FAR = 9,
    UWOP_PUSH_MACHFRAME = 10,
};

typedef union _RTLP_UNWIND_CODE {
    struct {
        UCHAR CodeOffset;
        UCHAR UnwindOp : 4;
        UCHAR OpInfo : 4;
    };
    USHORT FrameOffset;
} RTLP_UNWIND_CODE, *PRTLP_UNWIND_CODE;

typedef struct _RTLP_UNWIND_INFO {
    UCHAR Version : 3;
    UCHAR Flags : 5;
    UCHAR SizeOfProlog;
    UCHAR CountOfCodes;
    UCHAR FrameRegister : 4;
    UCHAR FrameOffset : 4;
    RTLP_UNWIND_CODE UnwindCode[];
} RTLP_UNWIND_INFO, *PRTLP_UNWIND_INFO;

#define RTLP_RSP       4
#define RTLP_MAX_CHAIN 32

/* How many slots a code takes. */
static ULONG
RtlpCodeSlots(const RTLP_UNWIND_CODE *Code, UCHAR Version)
{
    switch (Code->UnwindOp) {
    case UWOP_ALLOC_LARGE:
        return Code->OpInfo == 0 ? 2 : 3;
    case UWOP_SAVE_NONVOL:
    case UWOP_SAVE_XMM128:
        return 2;
    case UWOP_SAVE_NONVOL_FAR:
    case UWOP_SAVE_XMM128_FAR:
    case UWOP_SPARE_CODE:
        return 3;
    case UWOP_EPILOG:
        return Version == 2 ? 1 : 2;
    default:
        return 1;
    }
}

static PVOID
RtlpAfterCodes(PRTLP_UNWIND_INFO Info)
{
    /* The array is padded to an even count. */
    return &Info->UnwindCode[(Info->CountOfCodes + 1) & ~1];
}

static ULONG64
RtlpRead(ULONG64 Address)
{
    return *(const volatile ULONG64 *)Address;
}

static VOID
RtlpPopRegister(PCONTEXT Context, ULONG Register, ULONG64 Address,
                PKNONVOLATILE_CONTEXT_POINTERS Pointers)
{
    (&Context->Rax)[Register] = RtlpRead(Address);
    if (Pointers != NULL) {
        Pointers->IntegerContext[Register] = (PULONG64)Address;
    }
}

static VOID
RtlpLoadVector(PCONTEXT Context, ULONG Register, ULONG64 Address,
               PKNONVOLATILE_CONTEXT_POINTERS Pointers)
{
    M128A *Target = &Context->Xmm0 + Register;

    Target->Low = RtlpRead(Address);
    Target->High = (LONGLONG)RtlpRead(Address + 8);
    if (Pointers != NULL) {
        Pointers->FloatingContext[Register] = (PM128A)Address;
    }
}

/* Does the jump at Target leave the function? Its own chained parts are still the function. */
static BOOLEAN
RtlpLeavesFunction(ULONG64 Target, ULONG64 ImageBase, PRUNTIME_FUNCTION Function)
{
    ULONG64 Rva = Target - ImageBase;
    PRUNTIME_FUNCTION Other;
    ULONG64 OtherBase;
    PRTLP_UNWIND_INFO Info;
    ULONG Depth;

    if (Rva >= Function->BeginAddress && Rva < Function->EndAddress) {
        /* To the entry: a tail call of itself, unless a chained part begins here. */
        Info = (PRTLP_UNWIND_INFO)(ImageBase + Function->UnwindData);
        return Rva == Function->BeginAddress && (Info->Flags & UNW_FLAG_CHAININFO) == 0;
    }
    Other = RtlLookupFunctionEntry(Target, &OtherBase, NULL);
    for (Depth = 0; Other != NULL && OtherBase == ImageBase && Depth < RTLP_MAX_CHAIN; Depth++) {
        if (Other->BeginAddress == Function->BeginAddress) {
            return FALSE;
        }
        Info = (PRTLP_UNWIND_INFO)(ImageBase + Other->UnwindData);
        if ((Info->Flags & UNW_FLAG_CHAININFO) == 0) {
            break;
        }
        Other = RtlpAfterCodes(Info);
    }
    return TRUE;
}

/*
 * Is ControlPc in an epilogue (after its first instruction, or at it)? If so the rest is carried
 * out on the context, the return address is taken, and the answer is TRUE. Two passes: look, then
 * do.
 */
static BOOLEAN
RtlpUnwindEpilogue(ULONG64 ImageBase, ULONG64 ControlPc, PRUNTIME_FUNCTION Function,
                   PRTLP_UNWIND_INFO Info, PCONTEXT Context,
                   PKNONVOLATILE_CONTEXT_POINTERS Pointers)
{
    const UCHAR *End = (const UCHAR *)(ImageBase + Function->EndAddress);
    ULONG Pass;

    for (Pass = 0; Pass < 2; Pass++) {
        const UCHAR *Pc = (const UCHAR *)ControlPc;
        ULONG64 Rsp = Context->Rsp;

        if (End - Pc >= 4 && Pc[0] == 0x48 && Pc[1] == 0x83 && Pc[2] == 0xC4) {
            Rsp += (LONG64)(CHAR)Pc[3]; /* add rsp, imm8 */
            Pc += 4;
        } else if (End - Pc >= 7 && Pc[0] == 0x48 && Pc[1] == 0x81 && Pc[2] == 0xC4) {
            Rsp += *(const LONG UNALIGNED *)(Pc + 3); /* add rsp, imm32 */
            Pc += 7;
        } else if (End - Pc >= 4 && (Pc[0] & 0xFE) == 0x48 && Pc[1] == 0x8D &&
                   Info->FrameRegister != 0 && (Pc[2] & 0x38) == 0x20 && (Pc[2] & 7) != 4 &&
                   ((Pc[2] & 7) | (Pc[0] & 1) << 3) == Info->FrameRegister) {
            /* lea rsp, [frame register + displacement] */
            ULONG64 Base = (&Context->Rax)[Info->FrameRegister];

            if ((Pc[2] & 0xC0) == 0x40) {
                Rsp = Base + (LONG64)(CHAR)Pc[3];
                Pc += 4;
            } else if ((Pc[2] & 0xC0) == 0x80 && End - Pc >= 7) {
                Rsp = Base + *(const LONG UNALIGNED *)(Pc + 3);
                Pc += 7;
            } else if ((Pc[2] & 0xC0) == 0 && (Pc[2] & 7) != 5) {
                Rsp = Base;
                Pc += 3;
            } else {
                return FALSE;
            }
        }
        for (;;) {
            ULONG Register;

            if (End - Pc >= 1 && (Pc[0] & 0xF8) == 0x58) {
                Register = Pc[0] & 7;
                Pc += 1;
            } else if (End - Pc >= 2 && (Pc[0] & 0xF0) == 0x40 && (Pc[1] & 0xF8) == 0x58) {
                Register = (Pc[1] & 7) | (Pc[0] & 1) << 3;
                Pc += 2;
            } else {
                break;
            }
            if (Pass == 1) {
                RtlpPopRegister(Context, Register, Rsp, Pointers);
            }
            Rsp += 8;
        }
        if (Pass == 0) {
            const UCHAR *Jump = Pc;

            if (End - Pc < 1) {
                return FALSE;
            }
            if (Pc[0] == 0xC3 || Pc[0] == 0xC2 ||
                (End - Pc >= 2 && Pc[0] == 0xF3 && Pc[1] == 0xC3)) {
                continue; /* ret, ret imm16, rep ret */
            }
            if (Pc[0] == 0xE9 && End - Pc >= 5) {
                Jump = Pc + 5 + *(const LONG UNALIGNED *)(Pc + 1);
                if (RtlpOriginalRip((ULONG64)Jump) != (ULONG64)Jump) {
                    return FALSE; /* into a trampoline: a patched instruction, no tail call */
                }
            } else if (Pc[0] == 0xEB && End - Pc >= 2) {
                Jump = Pc + 2 + (CHAR)Pc[1];
            } else if ((Pc[0] == 0xFF && Pc[1] == 0x25) ||
                       ((Pc[0] & 0xF8) == 0x48 && Pc[1] == 0xFF && (Pc[2] & 0x38) == 0x20)) {
                continue; /* jmp through memory, or rex.w jmp: only epilogues have these */
            } else {
                return FALSE;
            }
            if (!RtlpLeavesFunction((ULONG64)Jump, ImageBase, Function)) {
                return FALSE;
            }
        } else {
            Context->Rip = RtlpRead(Rsp);
            Context->Rsp = Rsp + 8;
            Context->ContextFlags |= RTLP_UNWOUND_TO_CALL;
        }
    }
    return TRUE;
}

/* Version 2 says where its epilogues are; the first code holds their common size. */
static BOOLEAN
RtlpInEpilogueByCodes(ULONG64 ImageBase, ULONG64 ControlPc, PRUNTIME_FUNCTION Function,
                      PRTLP_UNWIND_INFO Info)
{
    ULONG Rva = (ULONG)(ControlPc - ImageBase);
    ULONG Size, Index;

    if (Info->CountOfCodes == 0 || Info->UnwindCode[0].UnwindOp != UWOP_EPILOG) {
        return FALSE;
    }
    Size = Info->UnwindCode[0].CodeOffset;
    if ((Info->UnwindCode[0].OpInfo & 1) && Rva >= Function->EndAddress - Size) {
        return TRUE; /* one lies at the end of the function */
    }
    for (Index = 1; Index < Info->CountOfCodes && Info->UnwindCode[Index].UnwindOp == UWOP_EPILOG;
         Index++) {
        ULONG Back = Info->UnwindCode[Index].CodeOffset | (ULONG)Info->UnwindCode[Index].OpInfo
                                                              << 8;
        ULONG Start = Function->EndAddress - Back;

        if (Back != 0 && Rva >= Start && Rva < Start + Size) {
            return TRUE;
        }
    }
    return FALSE;
}

/* Undoes the codes of one unwind information. TRUE if a machine frame was met (U3). */
static BOOLEAN
RtlpUndoCodes(PRTLP_UNWIND_INFO Info, ULONG PrologOffset, ULONG64 Frame, PCONTEXT Context,
              PKNONVOLATILE_CONTEXT_POINTERS Pointers)
{
    BOOLEAN MachineFrame = FALSE;
    ULONG Index;

    for (Index = 0; Index < Info->CountOfCodes;
         Index += RtlpCodeSlots(&Info->UnwindCode[Index], Info->Version)) {
        const RTLP_UNWIND_CODE *Code = &Info->UnwindCode[Index];
        ULONG Operand = Code[1].FrameOffset;
        ULONG FarOperand = Code[1].FrameOffset | (ULONG)Code[2].FrameOffset << 16;

        if (Code->UnwindOp == UWOP_EPILOG || Code->CodeOffset > PrologOffset) {
            continue;
        }
        switch (Code->UnwindOp) {
        case UWOP_PUSH_NONVOL:
            RtlpPopRegister(Context, Code->OpInfo, Context->Rsp, Pointers);
            Context->Rsp += 8;
            break;
        case UWOP_ALLOC_LARGE:
            Context->Rsp += Code->OpInfo == 0 ? Operand * 8 : FarOperand;
            break;
        case UWOP_ALLOC_SMALL:
            Context->Rsp += Code->OpInfo * 8 + 8;
            break;
        case UWOP_SET_FPREG:
            Context->Rsp = (&Context->Rax)[Info->FrameRegister] - Info->FrameOffset * 16;
            break;
        case UWOP_SAVE_NONVOL:
            RtlpPopRegister(Context, Code->OpInfo, Frame + Operand * 8, Pointers);
            break;
        case UWOP_SAVE_NONVOL_FAR:
            RtlpPopRegister(Context, Code->OpInfo, Frame + FarOperand, Pointers);
            break;
        case UWOP_SAVE_XMM128:
            RtlpLoadVector(Context, Code->OpInfo, Frame + Operand * 16, Pointers);
            break;
        case UWOP_SAVE_XMM128_FAR:
            RtlpLoadVector(Context, Code->OpInfo, Frame + FarOperand, Pointers);
            break;
        case UWOP_PUSH_MACHFRAME: {
            ULONG64 Trap = Context->Rsp + (Code->OpInfo != 0 ? 8 : 0); /* past the error code */

            MachineFrame = TRUE;
            Context->Rip = RtlpRead(Trap);
            Context->Rsp = RtlpRead(Trap + 24);
            break;
        }
        default:
            break;
        }
    }
    return MachineFrame;
}

PEXCEPTION_ROUTINE NTAPI
RtlVirtualUnwind(ULONG HandlerType, ULONG64 ImageBase, ULONG64 ControlPc,
                 PRUNTIME_FUNCTION FunctionEntry, PCONTEXT ContextRecord, PVOID *HandlerData,
                 PULONG64 EstablisherFrame, PKNONVOLATILE_CONTEXT_POINTERS ContextPointers)
{
    PRTLP_UNWIND_INFO Info = (PRTLP_UNWIND_INFO)(ImageBase + FunctionEntry->UnwindData);
    PRTLP_UNWIND_INFO First = Info;
    ULONG PrologOffset = (ULONG)(ControlPc - ImageBase) - FunctionEntry->BeginAddress;
    BOOLEAN InProlog, MachineFrame;
    ULONG64 Frame = ContextRecord->Rsp;
    ULONG Index, Depth;

    InProlog = PrologOffset < Info->SizeOfProlog;
    /* The frame register counts once it is set: in a chained part it was set long before. */
    if (Info->FrameRegister != 0) {
        BOOLEAN IsSet = !InProlog || (Info->Flags & UNW_FLAG_CHAININFO) != 0;

        for (Index = 0; !IsSet && Index < Info->CountOfCodes;
             Index += RtlpCodeSlots(&Info->UnwindCode[Index], Info->Version)) {
            IsSet = Info->UnwindCode[Index].UnwindOp == UWOP_SET_FPREG &&
                    PrologOffset >= Info->UnwindCode[Index].CodeOffset;
        }
        if (IsSet) {
            Frame = (&ContextRecord->Rax)[Info->FrameRegister] - Info->FrameOffset * 16;
        }
    }
    *EstablisherFrame = Frame;

    if (!InProlog &&
        (Info->Version != 2 || RtlpInEpilogueByCodes(ImageBase, ControlPc, FunctionEntry, Info)) &&
        RtlpUnwindEpilogue(ImageBase, ControlPc, FunctionEntry, Info, ContextRecord,
                           ContextPointers)) {
        return NULL;
    }

    MachineFrame = RtlpUndoCodes(Info, PrologOffset, Frame, ContextRecord, ContextPointers);
    for (Depth = 0; (Info->Flags & UNW_FLAG_CHAININFO) != 0 && Depth < RTLP_MAX_CHAIN;
         Depth++) { /* U2 */
        PRUNTIME_FUNCTION Parent = RtlpAfterCodes(Info);

        if (Parent->UnwindData & 1) {
            Parent = (PRUNTIME_FUNCTION)(ImageBase + Parent->UnwindData - 1);
        }
        Info = (PRTLP_UNWIND_INFO)(ImageBase + Parent->UnwindData);
        MachineFrame |= RtlpUndoCodes(Info, ~0u, Frame, ContextRecord, ContextPointers);
    }
    if (MachineFrame) {
        ContextRecord->ContextFlags &= ~RTLP_UNWOUND_TO_CALL;
    } else {
        ContextRecord->Rip = RtlpRead(ContextRecord->Rsp);
        ContextRecord->Rsp += 8;
        ContextRecord->ContextFlags |= RTLP_UNWOUND_TO_CALL;
    }

    /* The handler is the primary function's: it stands after the last codes of the chain. */
    if ((InProlog && First == Info) || (Info->Flags & UNW_FLAG_CHAININFO) != 0 ||
        (Info->Flags & HandlerType & (UNW_FLAG_EHANDLER | UNW_FLAG_UHANDLER)) == 0) {
        return NULL;
    }
    *HandlerData = (PULONG)RtlpAfterCodes(Info) + 1;
    return (PEXCEPTION_ROUTINE)(ImageBase + *(PULONG)RtlpAfterCodes(Info));
}
