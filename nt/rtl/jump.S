/*
 * jump.S - setjmp: rcx is the jump buffer, rdx the frame that longjmp is to unwind to, 0 for none.
 *
 * Offsets are those of _JUMP_BUFFER (setjmp.h); raise.c has the structure.
 */
    .intel_syntax noprefix
    .text
    .globl _setjmp
    .globl _setjmpex
    .p2align 4
_setjmp:
_setjmpex:
    mov [rcx], rdx
    mov [rcx + 0x08], rbx
    lea rax, [rsp + 8]
    mov [rcx + 0x10], rax
    mov [rcx + 0x18], rbp
    mov [rcx + 0x20], rsi
    mov [rcx + 0x28], rdi
    mov [rcx + 0x30], r12
    mov [rcx + 0x38], r13
    mov [rcx + 0x40], r14
    mov [rcx + 0x48], r15
    mov rax, [rsp]
    mov [rcx + 0x50], rax
    stmxcsr [rcx + 0x58]
    fnstcw [rcx + 0x5C]
    .set Index, 0
    .irp Register, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15
    movups [rcx + 0x60 + Index * 16], \Register
    .set Index, Index + 1
    .endr
    xor eax, eax
    ret
