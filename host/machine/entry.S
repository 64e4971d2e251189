/*
 * entry.S - the ways between host and guest.
 *
 * machine_enter leaves the host for good: hypercalls and signals are the only ways back. A hypercall
 * comes from its stub with the number in eax; it runs on the host's own stack and, when it returns,
 * every volatile register but rax holds 0 and the flags are fixed, so that nothing of the host reaches the
 * guest. The vector registers are saved whole around the C code, which may use them.
 */
    .intel_syntax noprefix

    .bss
    .balign 8
    .globl machine_host_rsp, machine_guest_rsp, machine_guest_saved, machine_host_fs, machine_hypercalls
    .globl machine_xsave_area, machine_xsave_low
machine_host_rsp: .quad 0
machine_guest_rsp: .quad 0
machine_guest_saved: .fill 8, 8, 0
machine_host_fs: .quad 0
machine_xsave_low: .quad 0
    .globl machine_has_xinuse
machine_has_xinuse: .quad 0
machine_hypercalls: .fill 64, 8, 0
    .balign 64
machine_xsave_area: .fill 16384, 1, 0

    .text
    .globl machine_enter, machine_hypercall_entry, machine_hypercall_fast
    .hidden machine_enter, machine_hypercall_entry, machine_hypercall_fast
    .globl machine_save_vectors, machine_load_vectors, machine_resume
    .hidden machine_save_vectors, machine_load_vectors, machine_resume

/* Fields of the machine page (abi/machine.h), by absolute address. */
    .set HAS_KEYS, 0x7FFD0024
    .set KERNEL_PKRU, 0x7FFD0028
    .set SCRATCH, 0x7FFD0030

/* machine_enter(rdi: rip, rsi: rsp, rdx: argument) */
machine_enter:
    mov rsp, rsi
    mov rbp, rdx
    /* All vector state as it is initially: nothing of the host's, and XGETBV can tell. */
    lea rbx, [rip + machine_xsave_area]
    mov dword ptr [rbx + 24], 0x1F80
    mov eax, [rip + machine_xsave_low]
    xor edx, edx
    xrstor64 [rbx]
    mov rbx, rbp
    cmp dword ptr [HAS_KEYS], 1
    jne 1f
    mov eax, [KERNEL_PKRU]
    xor ecx, ecx
    xor edx, edx
    wrpkru
1:  mov rcx, rbx
    push rdi
    fninit
    xor eax, eax
    xor edx, edx
    xor ebx, ebx
    xor ebp, ebp
    xor esi, esi
    xor edi, edi
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    xor r11d, r11d
    xor r12d, r12d
    xor r13d, r13d
    xor r14d, r14d
    xor r15d, r15d
    ret

/*
 * eax: number. rsp: the guest's, at the return address. Opens the host's memory, which PKRU may have
 * closed, and notes the guest's registers. rcx, rdx, r8, r9 stay; r10 becomes the number, rbx rsp.
 */
    .macro ENTER_HOST
    mov r10, rcx
    mov r11, rdx
    cmp dword ptr [HAS_KEYS], 1
    jne 1f
    mov [SCRATCH], eax
    xor eax, eax
    xor ecx, ecx
    xor edx, edx
    wrpkru
    mov eax, [SCRATCH]
    mov rcx, r10
1:  mov [rip + machine_guest_saved], rbx
    mov [rip + machine_guest_saved + 8], rbp
    mov [rip + machine_guest_saved + 16], rsi
    mov [rip + machine_guest_saved + 24], rdi
    mov [rip + machine_guest_saved + 32], r12
    mov [rip + machine_guest_saved + 40], r13
    mov [rip + machine_guest_saved + 48], r14
    mov [rip + machine_guest_saved + 56], r15
    mov r10d, eax
    cld
    .endm

/* Runs the C code. rdx is in r11. */
    .macro CALL_HOST
    mov rdx, r11
    mov rbx, rsp
    mov [rip + machine_guest_rsp], rbx
    mov rsp, [rip + machine_host_rsp]
    sub rsp, 32
    lea r11, [rip + machine_hypercalls]
    call [r11 + r10 * 8]
    mov rsp, rbx
    mov r11, rax
    .endm

    .macro LEAVE_HOST
    mov rbx, [rip + machine_guest_saved]
    xor ecx, ecx
    mov [rip + machine_guest_rsp], rcx
    cmp dword ptr [HAS_KEYS], 1
    jne 2f
    mov eax, [KERNEL_PKRU]
    xor edx, edx
    wrpkru
2:  mov rax, r11
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    xor r11d, r11d
    xor edx, edx
    xor ecx, ecx
    ret
    .endm

/*
 * The vector registers to or from the XSAVE area at \area; eax, ecx and edx are lost. XSAVE and XRSTOR cost some hundred cycles. Most
 * often only the xmm registers are in use, as XGETBV tells: then the area is made by hand, with XSTATE_BV 2: the rest is as it is
 * initially. x87 is not looked at: host code does not touch it. snapshot.c adds it.
 */
    .macro SAVE_VECTORS area
    cmp dword ptr [rip + machine_has_xinuse], 0
    je 1f
    mov ecx, 1
    xgetbv
    test eax, 0xFC
    jnz 1f
    movaps [\area + 160], xmm0
    movaps [\area + 176], xmm1
    movaps [\area + 192], xmm2
    movaps [\area + 208], xmm3
    movaps [\area + 224], xmm4
    movaps [\area + 240], xmm5
    movaps [\area + 256], xmm6
    movaps [\area + 272], xmm7
    movaps [\area + 288], xmm8
    movaps [\area + 304], xmm9
    movaps [\area + 320], xmm10
    movaps [\area + 336], xmm11
    movaps [\area + 352], xmm12
    movaps [\area + 368], xmm13
    movaps [\area + 384], xmm14
    movaps [\area + 400], xmm15
    stmxcsr [\area + 24]
    mov qword ptr [\area + 512], 2
    jmp 2f
1:  mov eax, [rip + machine_xsave_low]
    xor edx, edx
    xsave64 [\area]
2:
    .endm

    .macro LOAD_VECTORS area
    mov eax, [rip + machine_xsave_low]
    cmp dword ptr [rip + machine_has_xinuse], 0
    je 1f
    cmp qword ptr [\area + 512], 2
    jne 1f
    mov ecx, 1
    xgetbv
    test eax, 0xFC
    mov eax, [rip + machine_xsave_low]
    jnz 3f
    movaps xmm0, [\area + 160]
    movaps xmm1, [\area + 176]
    movaps xmm2, [\area + 192]
    movaps xmm3, [\area + 208]
    movaps xmm4, [\area + 224]
    movaps xmm5, [\area + 240]
    movaps xmm6, [\area + 256]
    movaps xmm7, [\area + 272]
    movaps xmm8, [\area + 288]
    movaps xmm9, [\area + 304]
    movaps xmm10, [\area + 320]
    movaps xmm11, [\area + 336]
    movaps xmm12, [\area + 352]
    movaps xmm13, [\area + 368]
    movaps xmm14, [\area + 384]
    movaps xmm15, [\area + 400]
    jmp 2f
3:  and eax, ~1 /* the area has no x87 */
1:  xor edx, edx
    xrstor64 [\area]
2:
    .endm

machine_hypercall_entry:
    ENTER_HOST
    mov rdi, rcx
    lea rbx, [rip + machine_xsave_area]
    SAVE_VECTORS rbx
    mov rcx, rdi
    CALL_HOST
    lea rbx, [rip + machine_xsave_area]
    LOAD_VECTORS rbx
    mov rdi, [rip + machine_guest_saved + 24]
    LEAVE_HOST

/* For C code that was compiled without vector registers. */
machine_hypercall_fast:
    ENTER_HOST
    CALL_HOST
    LEAVE_HOST

/* machine_save_vectors(rdi: XSAVE area) */
machine_save_vectors:
    SAVE_VECTORS rdi
    ret

/* machine_load_vectors(rdi: XSAVE area that was saved last) */
machine_load_vectors:
    LOAD_VECTORS rdi
    ret

/*
 * machine_resume(rdi: result, rsi: XSAVE area): leaves the hypercall that machine_guest_rsp and
 * machine_guest_saved describe, whatever the host's stack holds.
 */
machine_resume:
    mov eax, [rip + machine_xsave_low]
    xor edx, edx
    xrstor64 [rsi]
    mov r11, rdi
    mov rsp, [rip + machine_guest_rsp]
    mov rbp, [rip + machine_guest_saved + 8]
    mov rsi, [rip + machine_guest_saved + 16]
    mov rdi, [rip + machine_guest_saved + 24]
    mov r12, [rip + machine_guest_saved + 32]
    mov r13, [rip + machine_guest_saved + 40]
    mov r14, [rip + machine_guest_saved + 48]
    mov r15, [rip + machine_guest_saved + 56]
    LEAVE_HOST

/*
 * The gates of `--isolation pages` (isolation.c): on the host's stack, which nobody uses while the guest runs. Every register
 * of the guest's is kept: the way in needs them all, the way out has loaded the user's, but rax, rcx and rdx, which lie in
 * the exit frame. fs may hold what user code likes, and the C library needs its own.
 */
    .set EXIT_FRAME, 0x7FFD00B0
    .macro GATE routine
    push rax
    push rcx
    push rdx
    push rsi
    push rdi
    push r8
    push r9
    push r10
    push r11
    sub rsp, 8
    cld
    mov rax, [rip + machine_host_fs]
    wrfsbase rax
    call \routine
    add rsp, 8
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdi
    pop rsi
    pop rdx
    pop rcx
    pop rax
    .endm

    .bss
    .balign 8
machine_gate_rsp: .quad 0
    .text
    .globl machine_gate_enter, machine_gate_leave, machine_gate_switch
    .hidden machine_gate_enter, machine_gate_leave, machine_gate_switch
machine_gate_enter:
    mov [rip + machine_gate_rsp], rsp
    mov rsp, [rip + machine_host_rsp]
    GATE isolation_enter
    mov rsp, [rip + machine_gate_rsp]
    jmp [rip + machine_gate_target]

/* A call of the kernel's: every register but rax is kept. */
machine_gate_switch:
    mov [rip + machine_gate_rsp], rsp
    mov rsp, [rip + machine_host_rsp]
    GATE isolation_switch
    mov rsp, [rip + machine_gate_rsp]
    ret

machine_gate_leave:
    mov rsp, [rip + machine_host_rsp]
    GATE isolation_leave
    mov rax, [EXIT_FRAME + 40]
    mov rcx, [EXIT_FRAME + 48]
    mov rdx, [EXIT_FRAME + 56]
    mov rsp, EXIT_FRAME
    iretq
    .section .note.GNU-stack, "", @progbits
