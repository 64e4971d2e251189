/*
 * jump.c - setjmp and longjmp.
 *
 * The buffer is the documented _JUMP_BUFFER of x64: the frame, the registers that a callee keeps,
 * the return address, MXCSR and the x87 control word. With a frame, longjmp unwinds to it, so that
 * __finally and destructors on the way run; the record is STATUS_LONGJUMP with the buffer as its
 * argument, and RtlRestoreContext, as documented, takes the registers from there. Without a frame
 * the registers are put back as they are.
 */
#include "crt.h"

typedef struct __attribute__((aligned(16))) {
    unsigned __int64 Frame, Rbx, Rsp, Rbp, Rsi, Rdi, R12, R13, R14, R15, Rip;
    unsigned int MxCsr;
    unsigned short FpCsr, Spare;
    unsigned __int64 Xmm[10][2];
} JUMP;
_Static_assert(sizeof(JUMP) == 256 && offsetof(JUMP, Rip) == 0x50 && offsetof(JUMP, Xmm) == 0x60,
               "");

/* int _setjmp(jmp_buf, void *Frame). The stack pointer kept is the caller's, after the return. */
__asm__(".text\n"
        ".globl _setjmp\n"
        ".globl _setjmpex\n"
        ".p2align 4\n"
        "_setjmp:\n"
        "_setjmpex:\n"
        "    mov %rdx, (%rcx)\n"
        "    mov %rbx, 0x08(%rcx)\n"
        "    lea 8(%rsp), %rax\n"
        "    mov %rax, 0x10(%rcx)\n"
        "    mov %rbp, 0x18(%rcx)\n"
        "    mov %rsi, 0x20(%rcx)\n"
        "    mov %rdi, 0x28(%rcx)\n"
        "    mov %r12, 0x30(%rcx)\n"
        "    mov %r13, 0x38(%rcx)\n"
        "    mov %r14, 0x40(%rcx)\n"
        "    mov %r15, 0x48(%rcx)\n"
        "    mov (%rsp), %rax\n"
        "    mov %rax, 0x50(%rcx)\n"
        "    stmxcsr 0x58(%rcx)\n"
        "    fnstcw 0x5c(%rcx)\n"
        "    movdqa %xmm6, 0x60(%rcx)\n"
        "    movdqa %xmm7, 0x70(%rcx)\n"
        "    movdqa %xmm8, 0x80(%rcx)\n"
        "    movdqa %xmm9, 0x90(%rcx)\n"
        "    movdqa %xmm10, 0xa0(%rcx)\n"
        "    movdqa %xmm11, 0xb0(%rcx)\n"
        "    movdqa %xmm12, 0xc0(%rcx)\n"
        "    movdqa %xmm13, 0xd0(%rcx)\n"
        "    movdqa %xmm14, 0xe0(%rcx)\n"
        "    movdqa %xmm15, 0xf0(%rcx)\n"
        "    xor %eax, %eax\n"
        "    ret\n"
        /* void CrtJump(JUMP *, int Value) */
        ".globl CrtJump\n"
        ".p2align 4\n"
        "CrtJump:\n"
        "    mov %edx, %eax\n"
        "    mov 0x08(%rcx), %rbx\n"
        "    mov 0x18(%rcx), %rbp\n"
        "    mov 0x20(%rcx), %rsi\n"
        "    mov 0x28(%rcx), %rdi\n"
        "    mov 0x30(%rcx), %r12\n"
        "    mov 0x38(%rcx), %r13\n"
        "    mov 0x40(%rcx), %r14\n"
        "    mov 0x48(%rcx), %r15\n"
        "    ldmxcsr 0x58(%rcx)\n"
        "    fnclex\n"
        "    fldcw 0x5c(%rcx)\n"
        "    movdqa 0x60(%rcx), %xmm6\n"
        "    movdqa 0x70(%rcx), %xmm7\n"
        "    movdqa 0x80(%rcx), %xmm8\n"
        "    movdqa 0x90(%rcx), %xmm9\n"
        "    movdqa 0xa0(%rcx), %xmm10\n"
        "    movdqa 0xb0(%rcx), %xmm11\n"
        "    movdqa 0xc0(%rcx), %xmm12\n"
        "    movdqa 0xd0(%rcx), %xmm13\n"
        "    movdqa 0xe0(%rcx), %xmm14\n"
        "    movdqa 0xf0(%rcx), %xmm15\n"
        "    mov 0x10(%rcx), %rsp\n"
        "    jmp *0x50(%rcx)\n");

DECLSPEC_NORETURN void CrtJump(JUMP *Jump, int Value);

void
longjmp(void *Buffer, int Value)
{
    JUMP *Jump = Buffer;
    EXCEPTION_RECORD Record;
    CONTEXT Context;

    if (Value == 0) {
        Value = 1;
    }
    if (Jump->Frame == 0) {
        CrtJump(Jump, Value);
    }
    memset(&Record, 0, sizeof(Record));
    Record.ExceptionCode = STATUS_LONGJUMP;
    Record.NumberParameters = 1;
    Record.ExceptionInformation[0] = (ULONG_PTR)Jump;
    RtlUnwindEx((void *)Jump->Frame, (void *)Jump->Rip, &Record, (void *)(LONG_PTR)Value, &Context,
                NULL);
    __builtin_unreachable();
}
