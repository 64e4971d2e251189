/*
 * fiberswitch.S - BaseSwitchFiber: rcx the fiber that runs, rdx the one that shall.
 *
 * What the convention preserves is pushed on the old stack before the TEB's bounds change, so that a push that
 * makes the old stack grow still finds the old bounds. The frame is BASE_SWITCH_FRAME bytes (fiber.c).
 */
    .intel_syntax noprefix
    .text
    .globl BaseSwitchFiber
    .p2align 4
    .seh_proc BaseSwitchFiber
BaseSwitchFiber:
    push rbx
    .seh_pushreg rbx
    push rbp
    .seh_pushreg rbp
    push rsi
    .seh_pushreg rsi
    push rdi
    .seh_pushreg rdi
    push r12
    .seh_pushreg r12
    push r13
    .seh_pushreg r13
    push r14
    .seh_pushreg r14
    push r15
    .seh_pushreg r15
    sub rsp, 0xB8
    .seh_stackalloc 0xB8
    .seh_endprologue
    stmxcsr [rsp]
    fnstcw [rsp + 4]
    .set Index, 1
    .irp Register, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15
    movups [rsp + Index * 16], \Register
    .set Index, Index + 1
    .endr

    mov rax, gs:[0x30]
    mov r8, [rax]
    mov [rcx + 0x08], r8
    mov r8, [rax + 0x08]
    mov [rcx + 0x10], r8
    mov r8, [rax + 0x10]
    mov [rcx + 0x18], r8
    mov r8, [rax + 0x1478]
    mov [rcx + 0x20], r8
    mov [rcx + 0x28], rsp

    mov r8, [rdx + 0x08]
    mov [rax], r8
    mov r8, [rdx + 0x10]
    mov [rax + 0x08], r8
    mov r8, [rdx + 0x18]
    mov [rax + 0x10], r8
    mov r8, [rdx + 0x20]
    mov [rax + 0x1478], r8
    mov [rax + 0x20], rdx
    mov rsp, [rdx + 0x28]

    ldmxcsr [rsp]
    fldcw [rsp + 4]
    .set Index, 1
    .irp Register, xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15
    movups \Register, [rsp + Index * 16]
    .set Index, Index + 1
    .endr
    add rsp, 0xB8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rdi
    pop rsi
    pop rbp
    pop rbx
    ret
    .seh_endproc

/* A new fiber's first instruction; 0 lies where a return address would. */
    .globl BaseFiberEntry
    .p2align 4
    .seh_proc BaseFiberEntry
BaseFiberEntry:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    call BaseRunFiber
    int3
    .seh_endproc
