/*
 * registers.h - all registers of a thread, set to values that were chosen, through what happens at one instruction, and what is in them behind it.
 *
 *     RegistersThrough()     loads RegistersBefore, and traps at RegistersAt (ud2, over and over); who goes on at RegistersBehind comes back from the
 *                            call with RegistersAfter
 *     RegistersWaiting()     the same, but there is no trap: it goes round and round at RegistersLoop, of two instructions
 */
#ifndef NTLAB_REGISTERS_H
#define NTLAB_REGISTERS_H

typedef struct _REGISTERS {
    ULONG64 General[16]; /* as in CONTEXT: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 to r15 */
    ULONG64 Flags;
    ULONG MxCsr, Unused;
    M128A Xmm[16];
} REGISTERS;

#define REGISTER_RSP    4
#define REGISTERS_FLAGS 0x8D5 /* carry, parity, adjust, zero, sign, overflow */

#ifdef NTLAB_CLIENT_H
#define REGISTERS_ALIGNED __attribute__((aligned(16)))
#else
#define REGISTERS_ALIGNED DECLSPEC_ALIGN(16)
#endif
REGISTERS_ALIGNED REGISTERS RegistersBefore, RegistersAfter;
ULONG64 RegistersStack;
ULONG RegistersMxCsr;

VOID RegistersThrough(VOID);
VOID RegistersWaiting(VOID);
extern UCHAR RegistersAt[], RegistersBehind[], RegistersLoop[], RegistersLoopEnd[];

#define REGISTERS_ENTER(Name)                                                                      \
    ".globl " Name "\n.def " Name "; .scl 2; .type 32; .endef\n.seh_proc " Name "\n" Name ":\n"    \
    ".irp r, rbx, rbp, rsi, rdi, r12, r13, r14, r15\n"                                             \
    " pushq %\\r\n .seh_pushreg %\\r\n.endr\n"                                                     \
    " subq $0xA8, %rsp\n .seh_stackalloc 0xA8\n"                                                   \
    ".irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"                                                 \
    " movaps %xmm\\n, 16*(\\n-6)(%rsp)\n .seh_savexmm %xmm\\n, 16*(\\n-6)\n.endr\n"                \
    " .seh_endprologue\n"                                                                          \
    " movq %rsp, RegistersStack(%rip)\n stmxcsr RegistersMxCsr(%rip)\n"                            \
    " ldmxcsr RegistersBefore+0x88(%rip)\n"                                                        \
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"                               \
    " movaps RegistersBefore+0x90+16*\\n(%rip), %xmm\\n\n.endr\n"                                  \
    " pushq RegistersBefore+0x80(%rip)\n popfq\n" REGISTERS_GENERAL(" movq RegistersBefore+",      \
                                                                    "(%rip), %", "")
#define REGISTERS_GENERAL(First, Second, Third)                                                    \
    First "0x00" Second "rax" Third "\n" First "0x08" Second "rcx" Third "\n" First "0x10" Second  \
          "rdx" Third "\n" First "0x18" Second "rbx" Third "\n" First "0x28" Second "rbp" Third    \
          "\n" First "0x30" Second "rsi" Third "\n" First "0x38" Second "rdi" Third "\n" First     \
          "0x40" Second "r8" Third "\n" First "0x48" Second "r9" Third "\n" First "0x50" Second    \
          "r10" Third "\n" First "0x58" Second "r11" Third "\n" First "0x60" Second "r12" Third    \
          "\n" First "0x68" Second "r13" Third "\n" First "0x70" Second "r14" Third "\n" First     \
          "0x78" Second "r15" Third "\n"

__asm__(
    ".text\n.globl RegistersAt, RegistersBehind, RegistersLoop, RegistersLoopEnd\n" REGISTERS_ENTER(
        "RegistersThrough") "RegistersAt: ud2\n jmp RegistersAt\n"
                            "RegistersBehind:\n"
                            " movq %rax, RegistersAfter(%rip)\n movq %rcx, "
                            "RegistersAfter+0x08(%rip)\n"
                            " movq %rdx, RegistersAfter+0x10(%rip)\n movq %rbx, "
                            "RegistersAfter+0x18(%rip)\n"
                            " movq %rsp, RegistersAfter+0x20(%rip)\n movq %rbp, "
                            "RegistersAfter+0x28(%rip)\n"
                            " movq %rsi, RegistersAfter+0x30(%rip)\n movq %rdi, "
                            "RegistersAfter+0x38(%rip)\n"
                            ".irp n, 8, 9, 10, 11, 12, 13, 14, 15\n movq %r\\n, "
                            "RegistersAfter+8*\\n(%rip)\n.endr\n"
                            " movq RegistersStack(%rip), %rsp\n pushfq\n popq "
                            "RegistersAfter+0x80(%rip)\n cld\n"
                            " stmxcsr RegistersAfter+0x88(%rip)\n ldmxcsr RegistersMxCsr(%rip)\n"
                            ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
                            " movaps %xmm\\n, RegistersAfter+0x90+16*\\n(%rip)\n.endr\n"
                            ".irp n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n movaps 16*(\\n-6)(%rsp), "
                            "%xmm\\n\n.endr\n"
                            " addq $0xA8, %rsp\n"
                            ".irp r, r15, r14, r13, r12, rdi, rsi, rbp, rbx\n popq %\\r\n.endr\n"
                            " ret\n.seh_endproc\n" REGISTERS_ENTER(
                                "RegistersWaiting") "RegistersLoop: pause\n jmp "
                                                    "RegistersLoop\nRegistersLoopEnd: "
                                                    "ud2\n.seh_endproc\n");

/* Values that no two registers share; Round 0, 1, ...: others. */
static inline VOID
RegistersChoose(REGISTERS *Values, ULONG Round)
{
    for (ULONG i = 0; i < 16; i++) {
        Values->General[i] = 0x1111000000000001ull * (i + 1) + ((ULONG64)(Round + 1) << 20);
        Values->Xmm[i].Low = 0x2222000000000003ull * (i + 1) + ((ULONG64)(Round + 1) << 24);
        Values->Xmm[i].High = 0x0333000000000005ll * (i + 1) + ((LONG64)(Round + 1) << 28);
    }
    Values->Flags = (Round % 2 == 0 ? 0x845 : 0x90) | 0x202;
    Values->MxCsr = Round % 2 == 0 ? 0x1FA0 : 0x9F81; /* exceptions masked; flags and modes */
}

/* What of a context is another than in a set: 0 if all are the same. The stack pointer is the caller's own affair. */
static inline ULONG
RegistersDiffer(const REGISTERS *Values, const CONTEXT *Context)
{
    const ULONG64 *General = (const ULONG64 *)&Context->Rax;
    const M128A *Xmm = &Context->Xmm0;
    ULONG Wrong = 0;

    for (ULONG i = 0; i < 16; i++) {
        Wrong += i != REGISTER_RSP && General[i] != Values->General[i];
        Wrong += Xmm[i].Low != Values->Xmm[i].Low || Xmm[i].High != Values->Xmm[i].High;
    }
    Wrong += ((Context->EFlags ^ Values->Flags) & REGISTERS_FLAGS) != 0;
    return Wrong + (Context->MxCsr != Values->MxCsr) + (Context->FltSave.MxCsr != Values->MxCsr);
}

static inline VOID
RegistersPut(PCONTEXT Context, const REGISTERS *Values)
{
    ULONG64 *General = (ULONG64 *)&Context->Rax;
    M128A *Xmm = &Context->Xmm0;

    for (ULONG i = 0; i < 16; i++) {
        if (i != REGISTER_RSP) {
            General[i] = Values->General[i];
        }
        Xmm[i] = Values->Xmm[i];
    }
    Context->EFlags = (ULONG)Values->Flags;
    Context->MxCsr = Context->FltSave.MxCsr = Values->MxCsr;
}

/* How many of those that came out of the call are others than these. */
static inline ULONG
RegistersChanged(const REGISTERS *Values)
{
    ULONG Wrong = 0;

    for (ULONG i = 0; i < 16; i++) {
        Wrong += i != REGISTER_RSP && RegistersAfter.General[i] != Values->General[i];
        Wrong += RegistersAfter.Xmm[i].Low != Values->Xmm[i].Low ||
                 RegistersAfter.Xmm[i].High != Values->Xmm[i].High;
    }
    Wrong += ((RegistersAfter.Flags ^ Values->Flags) & REGISTERS_FLAGS) != 0;
    return Wrong + (RegistersAfter.MxCsr != Values->MxCsr);
}

#endif
