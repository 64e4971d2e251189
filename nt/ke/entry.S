/*
 * entry.S - what C cannot say: entry from and return to user mode, traps, context switches.
 *
 * M_ names are absolute addresses in the machine page (abi/machine.h), F_ offsets in KI_FRAME, T_ in
 * KTHREAD. The carrier is one Linux thread, so the page is a safe place for scratch values.
 *
 *   E1  On entry from user mode: protection keys first, then gs, then the stack, then the mode.
 *   E2  On return: everything of the kernel's is read before the keys close it.
 *   E3  A system-service instruction in kernel mode never gets past the entry (KiKernelModeSyscall).
 */
    .intel_syntax noprefix
    .set M_kpcr, 0x7FFD0000
    .set M_user_rsp, 0x7FFD0008
    .set M_kernel_rsp, 0x7FFD0010
    .set M_user_gs, 0x7FFD0018
    .set M_mode, 0x7FFD0020
    .set M_has_keys, 0x7FFD0024
    .set M_kernel_pkru, 0x7FFD0028
    .set M_user_pkru, 0x7FFD002C
    .set M_scratch, 0x7FFD0030
    .set M_budget, 0x7FFD0040
    .set M_points, 0x7FFD0048
    .set M_hash, 0x7FFD0050
    .set M_xsave_mask, 0x7FFD0070
    .set M_xsave_size, 0x7FFD0078
    .set M_exit_frame, 0x7FFD00B0
    .set M_features, 0x7FFD0130
    .set M_gate, 0x7FFD0138
    .set M_stamp_rax, 0x7FFDF010        /* struct abi_turn: a page that both modes may write */
    .set M_stamp_rdx, 0x7FFDF018
    .set M_stamp, 0x7FFDF080

    .set F_R12, 0x00
    .set F_Xmm, 0x20
    .set F_Vector, 0xC0
    .set F_Raw, 0xC8
    .set F_PreviousMode, 0xD0 + 0x28
    .set F_ExceptionActive, 0xD0 + 0x2B
    .set F_MxCsr, 0xD0 + 0x2C
    .set F_Rax, 0xD0 + 0x30
    .set F_Rcx, 0xD0 + 0x38
    .set F_Rdx, 0xD0 + 0x40
    .set F_R8, 0xD0 + 0x48
    .set F_R9, 0xD0 + 0x50
    .set F_R10, 0xD0 + 0x58
    .set F_R11, 0xD0 + 0x60
    .set F_Xmm0, 0xD0 + 0x70
    .set F_OldTrapFrame, 0xD0 + 0x138
    .set F_Rbx, 0xD0 + 0x140
    .set F_Rdi, 0xD0 + 0x148
    .set F_Rsi, 0xD0 + 0x150
    .set F_Rbp, 0xD0 + 0x158
    .set F_Rip, 0xD0 + 0x168
    .set F_Cs, 0xD0 + 0x170
    .set F_EFlags, 0xD0 + 0x178
    .set F_Rsp, 0xD0 + 0x180
    .set F_Ss, 0xD0 + 0x188
    .set FRAME_SIZE, 0x260

    .set T_SystemCallNumber, 0x80
    .set T_FirstArgument, 0x88
    .set T_TrapFrame, 0x90
    .set T_UserApcPending, 0x98 + 0x2A
    .set T_CombinedApcDisable, 0x1E4
    .set T_ThreadFlags, 0x78
    .set THREAD_IS_GUI, 0x40
    .set T_Process, 0x98 + 0x20         /* ApcState.Process */
    .set T_PreviousMode, 0x232
    .set P_InstrumentationCallback, 0x58
    .set D_Base, 0x00                   /* KSERVICE_TABLE_DESCRIPTOR */
    .set D_Limit, 0x10
    .set T_ApcStateIndex, 0x24A
    .set USER_END_HIGH, 0x1000 /* ABI_USER_END >> 32 */

    .text

/* Saves xmm6..15 and r12..15 into the KI_FRAME at \f. */
    .macro SAVE_PRESERVED f
    mov [\f + F_R12], r12
    mov [\f + F_R12 + 8], r13
    mov [\f + F_R12 + 16], r14
    mov [\f + F_R12 + 24], r15
    movaps [\f + F_Xmm + 0x00], xmm6
    movaps [\f + F_Xmm + 0x10], xmm7
    movaps [\f + F_Xmm + 0x20], xmm8
    movaps [\f + F_Xmm + 0x30], xmm9
    movaps [\f + F_Xmm + 0x40], xmm10
    movaps [\f + F_Xmm + 0x50], xmm11
    movaps [\f + F_Xmm + 0x60], xmm12
    movaps [\f + F_Xmm + 0x70], xmm13
    movaps [\f + F_Xmm + 0x80], xmm14
    movaps [\f + F_Xmm + 0x90], xmm15
    .endm
    .macro LOAD_PRESERVED f
    mov r12, [\f + F_R12]
    mov r13, [\f + F_R12 + 8]
    mov r14, [\f + F_R12 + 16]
    mov r15, [\f + F_R12 + 24]
    movaps xmm6, [\f + F_Xmm + 0x00]
    movaps xmm7, [\f + F_Xmm + 0x10]
    movaps xmm8, [\f + F_Xmm + 0x20]
    movaps xmm9, [\f + F_Xmm + 0x30]
    movaps xmm10, [\f + F_Xmm + 0x40]
    movaps xmm11, [\f + F_Xmm + 0x50]
    movaps xmm12, [\f + F_Xmm + 0x60]
    movaps xmm13, [\f + F_Xmm + 0x70]
    movaps xmm14, [\f + F_Xmm + 0x80]
    movaps xmm15, [\f + F_Xmm + 0x90]
    .endm

/*
 * The way of a system service, stage by stage; nt-semantics 8.2 and 8.3. It is assembled twice: KiSystemCall64 is what
 * every run uses, KiSystemCall64Observed the same with a stamp at the beginning of each stage and calls that tell the host
 * (`ntlab syscalls`, --mitigations); the loader chooses which of them a `syscall` leads to. So watching costs nothing where
 * nobody watches. KiServiceStages says where each stage begins; host/cli/syscalls.c counts instructions between them.
 *
 * Entered with rax number, r10 first argument, rdx r8 r9 the next, rcx the return address, r11 the flags, rsp the user's.
 * Loader patches every `syscall` of an image into a jump to here; the trap handler sends raw ones here as well.
 */
    .macro STAGE n, s
.LKiStage\n\s:
    .ifc \s,Observed
    .set STAMP_FEATURES, 2              /* ABI_FEATURE_STAGES */
    .irp border, 0, 8, 9, 16, 17, 18
    .if \border == \n
    .set STAMP_FEATURES, 2 | 8          /* and ABI_FEATURE_SHARES */
    .endif
    .endr
    test dword ptr [M_features], STAMP_FEATURES
    jz 9f
    mov [M_stamp_rax], rax
    mov [M_stamp_rdx], rdx
    lfence
    rdtsc
    mov [M_stamp + \n * 8], eax
    mov [M_stamp + \n * 8 + 4], edx
    mov rax, [M_stamp_rax]
    mov rdx, [M_stamp_rdx]
9:
    .endif
    .endm

    .macro SERVICE_PATH s
    .globl KiSystemCall64\s
    .p2align 4
KiSystemCall64\s:
    STAGE 0, \s                          /* isolation opens the kernel: what KVA shadow does with CR3 */
    cmp dword ptr [M_mode], 1
    jne KiKernelModeSyscall             /* E3 */
    mov [M_user_rsp], rsp
    mov r11, rcx
    cmp dword ptr [M_has_keys], 1       /* E1 */
    jne 1f
    movq xmm4, rax
    movq xmm5, rdx
    mov eax, [M_kernel_pkru]
    xor ecx, ecx
    xor edx, edx
    wrpkru
    movq rax, xmm4
    movq rdx, xmm5
1:
    STAGE 1, \s                          /* gs and the kernel stack: swapgs, RspBase */
    mov rcx, [M_kpcr]
    wrgsbase rcx
    mov rsp, [M_kernel_rsp]
    mov dword ptr [M_mode], 0
    STAGE 2, \s                          /* mitigations of the entry: no speculation past it, no stale returns */
    .ifc \s,Observed
    test dword ptr [M_features], 4
    jz 1f
    lfence
    FILL_RETURNS
1:
    .endif
    jmp KiSystemServiceUser\s

/* The common part; a proper function for the unwinder: its caller is the user's code. */
    .globl KiSystemServiceUser\s
    .def KiSystemServiceUser\s; .scl 2; .type 32; .endef
    .p2align 4
    .seh_proc KiSystemServiceUser\s
KiSystemServiceUser\s:
    .seh_pushframe
    sub rsp, FRAME_SIZE
    .seh_stackalloc F_Rip
    .seh_savereg rbp, F_Rbp
    .seh_setframe rbp, 0                /* from `mov rbp, rsp` below on; arguments lie under the frame */
    .seh_savereg rbx, F_Rbx
    .seh_savereg rdi, F_Rdi
    .seh_savereg rsi, F_Rsi
    .seh_savereg r12, F_R12
    .seh_savereg r13, F_R12 + 8
    .seh_savereg r14, F_R12 + 16
    .seh_savereg r15, F_R12 + 24
    .seh_endprologue
    STAGE 3, \s                          /* the trap frame */
    mov [rsp + F_Rip], r11
    mov rcx, [M_user_rsp]
    mov [rsp + F_Rsp], rcx
    mov [rsp + F_Rbx], rbx
    mov [rsp + F_Rdi], rdi
    mov [rsp + F_Rsi], rsi
    mov [rsp + F_Rbp], rbp
    stmxcsr [rsp + F_MxCsr]
    mov dword ptr [rsp + F_Cs], 0x33
    mov dword ptr [rsp + F_Ss], 0x2B
    mov qword ptr [rsp + F_EFlags], 0x246
    xor ebx, ebx
    mov [rsp + F_Vector], rbx
    mov [rsp + F_Raw], rbx
    mov dword ptr [rsp + F_PreviousMode], 0x02000001 /* service, from user mode */
    SAVE_PRESERVED rsp
    mov rbp, rsp
    STAGE 4, \s                          /* the thread: number, first argument, PreviousMode, trap frame */
    mov rbx, gs:[0x188]
    inc qword ptr gs:[0x1B8]            /* KPRCB.SystemCalls */
    mov [rbx + T_SystemCallNumber], eax
    mov [rbx + T_FirstArgument], r10
    mov byte ptr [rbx + T_PreviousMode], 1
    lea rcx, [rsp + 0xD0]
    mov [rbx + T_TrapFrame], rcx
    STAGE 5, \s                          /* schedule point, as KiSchedulePoint has it: ntlab's own */
    mov rcx, [M_hash]
    mov r11, rcx
    xor rcx, rax
    shr r11, 32
    mov rdi, 0x9E3779B97F4A7C15
    imul rcx, rdi
    add rcx, r11
    mov [M_hash], rcx
    inc qword ptr [M_points]
    dec qword ptr [M_budget]
    js KiSystemServicePoint\s            /* arguments survive it in the frame */
    .globl KiSystemServiceRepeat\s
KiSystemServiceRepeat\s:
    STAGE 6, \s                          /* number to table to routine */
    mov esi, eax
    mov edi, eax
    shr edi, 7
    and edi, 0x20                       /* bit 12: which of the two descriptors, 0x20 bytes each */
    and esi, 0xFFF
    test eax, 0x2000
    jnz KiSystemServiceInvalid\s
    lea r11, [rip + KeServiceDescriptorTable]
    test byte ptr [rbx + T_ThreadFlags], THREAD_IS_GUI
    jnz KiSystemServiceShadow\s
KiSystemServiceTable\s:
    cmp esi, [r11 + rdi + D_Limit]
    jae KiSystemServiceBeyond\s
    mov r11, [r11 + rdi + D_Base]
    movsxd rax, dword ptr [r11 + rsi * 4] /* offset << 4 | stack arguments */
    mov ecx, eax
    and ecx, 0xF
    sar rax, 4
    add rax, r11
    STAGE 7, \s                          /* stack arguments, with the user probe */
    sub rsp, 0x90                       /* home space and 14 stack arguments */
    test ecx, ecx
    jz 3f
    mov rsi, [rbp + F_Rsp]
    add rsi, 0x28
    mov rdi, rsi
    shr rdi, 32
    cmp edi, USER_END_HIGH
    jb 2f
    mov rsi, 0x0FFFFFFF0000             /* a kernel-range rsp faults instead of being read */
2:  lea rdi, [rsp + 0x20]
    .globl KiSystemServiceCopyStart\s, KiSystemServiceCopyEnd\s
KiSystemServiceCopyStart\s:
    rep movsq
KiSystemServiceCopyEnd\s:
    nop
3:
    .ifc \s,Observed
    STAGE 18, \s                         /* telling is none of the stages */
    test dword ptr [M_features], 1      /* ABI_FEATURE_SERVICES */
    jnz KiSystemServiceTell
KiSystemServiceCall:
    .endif
    STAGE 8, \s                          /* the service */
    mov rcx, r10
    call rax
    .globl KiSystemServiceExit\s
KiSystemServiceExit\s:                   /* rax: status; rbp: frame */
    mov rsp, rbp
    .ifc \s,Observed
    STAGE 17, \s
    test dword ptr [M_features], 1
    jnz KiSystemServiceTold
KiSystemServiceChecks:
    .endif
    STAGE 9, \s                          /* checks: 0x4A and 0x1 */
    mov rcx, gs:[0x18]
    movzx ecx, byte ptr [rcx + 0x50]    /* IRQL */
    or cl, [rbx + T_ApcStateIndex]
    movzx ecx, cl
    or ecx, [rbx + T_CombinedApcDisable]
    jnz KiSystemServiceBadExit\s
    STAGE 10, \s                         /* user APCs */
    cmp byte ptr [rbx + T_UserApcPending], 0
    jne KiSystemServiceApc\s
KiSystemServiceLeave\s:
    STAGE 11, \s                         /* registers of the frame */
    ldmxcsr [rbp + F_MxCsr]
    LOAD_PRESERVED rbp
    mov rcx, [rbx + T_Process]
    mov rbx, [rbp + F_Rbx]
    mov rdi, [rbp + F_Rdi]
    mov rsi, [rbp + F_Rsi]
    mov r8, [rbp + F_Rsp]
    mov r9, rax
    mov r10, [rbp + F_Rip]
    xor r11d, r11d
    mov rbp, [rbp + F_Rbp]              /* E2: nothing of the frame is needed any more */
    STAGE 12, \s                         /* instrumentation callback: r10 the return address, rip the callback */
    mov rcx, [rcx + P_InstrumentationCallback]
    test rcx, rcx
    jnz KiSystemServiceInstrument\s
KiSystemServiceMitigate\s:
    STAGE 13, \s                         /* mitigations of the exit */
    .ifc \s,Observed
    test dword ptr [M_features], 4
    jz 1f
    FILL_RETURNS
    lfence
    mov [M_stamp_rax], ss
    verw word ptr [M_stamp_rax]
1:
    .endif
    STAGE 14, \s                         /* the user's gs, and isolation closes the kernel */
    mov dword ptr [M_mode], 1
    mov rcx, [M_user_gs]
    wrgsbase rcx
    cmp dword ptr [M_has_keys], 0
    jne KiSystemServiceClose\s
KiSystemServiceScrub\s:
    STAGE 15, \s                         /* what the user must not see is cleared; sysretq */
    xorps xmm0, xmm0
    xorps xmm1, xmm1
    xorps xmm2, xmm2
    xorps xmm3, xmm3
    xorps xmm4, xmm4
    xorps xmm5, xmm5
    mov rax, r9
    mov rcx, r10
    mov r10, r11
    mov rsp, r8
    mov r11d, 0x246
    xor edx, edx
    xor r8d, r8d
    xor r9d, r9d
    STAGE 16, \s
    jmp rcx

KiSystemServiceClose\s:
    cmp dword ptr [M_has_keys], 1
    jne KiLeaveByGate
    mov eax, [M_user_pkru]
    xor ecx, ecx
    xor edx, edx
    wrpkru
    jmp KiSystemServiceScrub\s

KiSystemServiceInstrument\s:
    mov r11, r10
    mov r10, rcx
    jmp KiSystemServiceMitigate\s

KiSystemServiceShadow\s:
    lea r11, [rip + KeServiceDescriptorTableShadow]
    jmp KiSystemServiceTable\s

KiSystemServiceBeyond\s:                 /* a first call of table 1 makes the thread a GUI thread */
    test edi, edi
    jz KiSystemServiceInvalid\s
    test byte ptr [rbx + T_ThreadFlags], THREAD_IS_GUI
    jnz KiSystemServiceInvalid\s
    mov [rbp + F_Rax], rax
    mov [rbp + F_Rdx], rdx
    mov [rbp + F_R8], r8
    mov [rbp + F_R9], r9
    mov [rbp + F_R10], r10
    sub rsp, 0x20
    call KiConvertToGuiThread
    add rsp, 0x20
    test al, al
    jz KiSystemServiceInvalid\s
    mov rax, [rbp + F_Rax]
    mov rdx, [rbp + F_Rdx]
    mov r8, [rbp + F_R8]
    mov r9, [rbp + F_R9]
    mov r10, [rbp + F_R10]
    jmp KiSystemServiceRepeat\s

KiSystemServiceInvalid\s:
    mov eax, 0xC000001C                 /* STATUS_INVALID_SYSTEM_SERVICE */
    jmp KiSystemServiceExit\s

KiSystemServicePoint\s:
    mov [rbp + F_Rax], rax
    mov [rbp + F_Rdx], rdx
    mov [rbp + F_R8], r8
    mov [rbp + F_R9], r9
    mov [rbp + F_R10], r10
    sub rsp, 0x20
    mov ecx, 1                          /* SP_SYSTEM_SERVICE */
    mov edx, eax
    xor r8d, r8d
    xor r9d, r9d
    call KiScheduleSlow
    add rsp, 0x20
    test byte ptr [rbx + T_UserApcPending], 2
    jnz KiSystemServiceSpecialApc\s
    mov rax, [rbp + F_Rax]
    mov rdx, [rbp + F_Rdx]
    mov r8, [rbp + F_R8]
    mov r9, [rbp + F_R9]
    mov r10, [rbp + F_R10]
    jmp KiSystemServiceRepeat\s

KiSystemServiceSpecialApc\s:             /* the system call has not begun: user mode is interrupted */
    mov rcx, [rbp + F_R10]
    mov [rbp + F_Rcx], rcx
    sub rsp, 0x20
    mov rcx, rbp
    call KiSpecialApcAtEntry
    mov rcx, rbp
    call KiReturnToUser
    int 3

KiSystemServiceApc\s:                    /* user APCs: may redirect the frame */
    mov [rbp + F_Rax], rax
    sub rsp, 0x20
    mov rcx, rbp
    call KiUserApcExit
    add rsp, 0x20
    test al, al
    mov rax, [rbp + F_Rax]
    jz KiSystemServiceLeave\s
    mov rcx, rbp                        /* every register counts now */
    call KiReturnToUser
    int 3

KiSystemServiceBadExit\s:
    sub rsp, 0x20
    mov rcx, rbp
    call KiBadServiceExit               /* does not return */
    int 3

    .ifc \s,Observed
KiSystemServiceTell:                    /* arguments 5 and on lie at [rsp + 0x20] */
    mov [rbp + F_Rax], rax
    mov [rbp + F_Rdx], rdx
    mov [rbp + F_R8], r8
    mov [rbp + F_R9], r9
    mov [rbp + F_R10], r10
    mov rcx, rbp
    lea rdx, [rsp + 0x20]
    sub rsp, 0x20
    call KiTellService
    add rsp, 0x20
    mov rax, [rbp + F_Rax]
    mov rdx, [rbp + F_Rdx]
    mov r8, [rbp + F_R8]
    mov r9, [rbp + F_R9]
    mov r10, [rbp + F_R10]
    jmp KiSystemServiceCall
KiSystemServiceTold:
    mov [rbp + F_Rax], rax
    mov rcx, rax
    sub rsp, 0x20
    call KiToldService
    add rsp, 0x20
    mov rax, [rbp + F_Rax]
    jmp KiSystemServiceChecks
    .endif
    .seh_endproc
    .endm

/* 32 calls fill the return stack with addresses that lead nowhere harmful. */
    .macro FILL_RETURNS
    .rept 32
    call 7f
    int 3
7:
    .endr
    lea rsp, [rsp + 32 * 8]
    .endm

    .globl KiPatchSyscallEntry
KiPatchSyscallEntry:
    SERVICE_PATH
    SERVICE_PATH Observed

    .section .rdata, "dr"
    .globl KiServiceStages
    .p2align 3
KiServiceStages:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    .quad .LKiStage\n
    .endr
    .text

/*
 * The system half is closed page by page while user code runs: the host does that, and goes on in user mode. As at the end
 * of the exit: r8 rsp, r9 result, r10 rip, r11 the user's r10.
 */
    .p2align 4
KiLeaveByGate:
    mov [M_exit_frame], r10
    mov qword ptr [M_exit_frame + 8], 0x33
    mov qword ptr [M_exit_frame + 16], 0x246
    mov [M_exit_frame + 24], r8
    mov qword ptr [M_exit_frame + 32], 0x2B
    mov [M_exit_frame + 40], r9         /* rax */
    mov [M_exit_frame + 48], r10        /* rcx */
    xor edx, edx
    mov [M_exit_frame + 56], rdx
    mov r10, r11
    mov r11d, 0x246
    xor r8d, r8d
    xor r9d, r9d
    xorps xmm0, xmm0
    xorps xmm1, xmm1
    xorps xmm2, xmm2
    xorps xmm3, xmm3
    xorps xmm4, xmm4
    xorps xmm5, xmm5
    jmp [M_gate]

/* A `syscall` in kernel mode: a verdict of its own, see docs/decisions. */
    .p2align 4
    .seh_proc KiKernelModeSyscall
KiKernelModeSyscall:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    and rsp, -16
    sub rsp, 0x20
    call KiSyscallInKernelMode          /* rcx: the return address */
    int 3
    .seh_endproc

/*
 * Zw entry. eax number, arguments as the caller gave them. PreviousMode is KernelMode for the call
 * and what it was afterwards, by an unwind as well (KiServiceInternalHandler).
 */
    .globl KiServiceInternal
    .def KiServiceInternal; .scl 2; .type 32; .endef
    .p2align 4
    .seh_proc KiServiceInternal
    .seh_handler KiServiceInternalHandler, @unwind
KiServiceInternal:
    push rbp
    .seh_pushreg rbp
    push rbx
    .seh_pushreg rbx
    push rsi
    .seh_pushreg rsi
    push rdi
    .seh_pushreg rdi
    sub rsp, 0xA8
    .seh_stackalloc 0xA8
    .seh_endprologue
    mov rbx, gs:[0x188]
    movzx r10d, byte ptr [rbx + T_PreviousMode]
    mov [rsp + 0xA0], r10               /* the handler finds it here */
    mov byte ptr [rbx + T_PreviousMode], 0
    mov ebp, eax
    mov r10, rcx
    lea rcx, [rip + KiServiceTable]     /* of the native table only */
    movsxd rax, dword ptr [rcx + rbp * 4]
    mov esi, eax
    sar rax, 4
    add rax, rcx
    mov ecx, esi
    and ecx, 0xF
    jz 1f
    lea rsi, [rsp + 0xA8 + 0x20 + 8 + 0x20] /* past pushes and return address: fifth argument */
    lea rdi, [rsp + 0x20]
    rep movsq
1:  mov rcx, r10
    call rax
    mov rcx, [rsp + 0xA0]
    mov [rbx + T_PreviousMode], cl
    add rsp, 0xA8
    pop rdi
    pop rsi
    pop rbx
    pop rbp
    ret
    .seh_endproc

/*
 * A trap, sent by the host: rcx is the abi_trap on this stack, above rsp. Builds a KI_FRAME, saves the
 * vector registers, and lets C decide. Returns through KiReturnToUser or KiReturnToKernel.
 */
    .globl KiTrapEntry
    .def KiTrapEntry; .scl 2; .type 32; .endef
    .p2align 4
    .seh_proc KiTrapEntry
KiTrapEntry:
    .seh_pushframe
    sub rsp, FRAME_SIZE + 8
    .seh_stackalloc F_Rip
    .seh_savereg rbx, F_Rbx
    .seh_savereg rdi, F_Rdi
    .seh_savereg rsi, F_Rsi
    .seh_savereg rbp, F_Rbp
    .seh_savereg r12, F_R12
    .seh_savereg r13, F_R12 + 8
    .seh_savereg r14, F_R12 + 16
    .seh_savereg r15, F_R12 + 24
    .seh_endprologue
    mov rbp, rsp
    SAVE_PRESERVED rbp
    movaps [rbp + F_Xmm0 + 0x00], xmm0
    movaps [rbp + F_Xmm0 + 0x10], xmm1
    movaps [rbp + F_Xmm0 + 0x20], xmm2
    movaps [rbp + F_Xmm0 + 0x30], xmm3
    movaps [rbp + F_Xmm0 + 0x40], xmm4
    movaps [rbp + F_Xmm0 + 0x50], xmm5
    stmxcsr [rbp + F_MxCsr]
    mov rsi, rcx
    xor eax, eax
    mov [rbp + F_Vector], rax
    sub rsp, [M_xsave_size]             /* the same on every processor, used or not */
    and rsp, -64
    mov eax, [M_xsave_mask]
    and eax, ~3                         /* what the frame does not hold already */
    jz 1f
    xor edx, edx
    xor ecx, ecx
    mov [rsp + 512], rcx                /* a clean XSAVE header */
    mov [rsp + 520], rcx
    mov [rsp + 528], rcx
    mov [rsp + 536], rcx
    mov [rsp + 544], rcx
    mov [rsp + 552], rcx
    mov [rsp + 560], rcx
    mov [rsp + 568], rcx
    xsave64 [rsp]
    mov [rbp + F_Vector], rsp
1:  sub rsp, 0x20
    mov rcx, rsi
    mov rdx, rbp
    call KiTrapDispatch
    mov rcx, rbp
    cmp byte ptr [rbp + F_PreviousMode], 0
    jne 2f
    call KiReturnToKernel
    int 3
2:  call KiReturnToUser
    int 3
    .seh_endproc

/* Loads everything from the frame and goes on in kernel mode. */
    .globl KiReturnToKernel
    .p2align 4
KiReturnToKernel:
    mov rbp, rcx
    mov r8, [rbp + F_Vector]
    test r8, r8
    jz 1f
    mov eax, [M_xsave_mask]
    and eax, ~3
    xor edx, edx
    xrstor64 [r8]
1:  ldmxcsr [rbp + F_MxCsr]
    LOAD_PRESERVED rbp
    movaps xmm0, [rbp + F_Xmm0 + 0x00]
    movaps xmm1, [rbp + F_Xmm0 + 0x10]
    movaps xmm2, [rbp + F_Xmm0 + 0x20]
    movaps xmm3, [rbp + F_Xmm0 + 0x30]
    movaps xmm4, [rbp + F_Xmm0 + 0x40]
    movaps xmm5, [rbp + F_Xmm0 + 0x50]
    mov rax, [rbp + F_Rip]
    mov [M_exit_frame], rax
    mov qword ptr [M_exit_frame + 8], 0x33
    mov eax, [rbp + F_EFlags]
    mov [M_exit_frame + 16], rax
    mov rax, [rbp + F_Rsp]
    mov [M_exit_frame + 24], rax
    mov qword ptr [M_exit_frame + 32], 0x2B
    mov rax, [rbp + F_Rax]
    mov rcx, [rbp + F_Rcx]
    mov rdx, [rbp + F_Rdx]
    mov rbx, [rbp + F_Rbx]
    mov rsi, [rbp + F_Rsi]
    mov rdi, [rbp + F_Rdi]
    mov r8, [rbp + F_R8]
    mov r9, [rbp + F_R9]
    mov r10, [rbp + F_R10]
    mov r11, [rbp + F_R11]
    mov rbp, [rbp + F_Rbp]
    mov rsp, M_exit_frame
    iretq

/* The same into user mode. */
    .globl KiReturnToUser
    .p2align 4
KiReturnToUser:
    mov rbp, rcx
    mov r8, [rbp + F_Vector]
    test r8, r8
    jz 1f
    mov eax, [M_xsave_mask]
    and eax, ~3
    xor edx, edx
    xrstor64 [r8]
1:  ldmxcsr [rbp + F_MxCsr]
    LOAD_PRESERVED rbp
    movaps xmm0, [rbp + F_Xmm0 + 0x00]
    movaps xmm1, [rbp + F_Xmm0 + 0x10]
    movaps xmm2, [rbp + F_Xmm0 + 0x20]
    movaps xmm3, [rbp + F_Xmm0 + 0x30]
    movaps xmm4, [rbp + F_Xmm0 + 0x40]
    movaps xmm5, [rbp + F_Xmm0 + 0x50]
    mov rax, [rbp + F_Rip]
    mov [M_exit_frame], rax
    mov qword ptr [M_exit_frame + 8], 0x33
    mov eax, [rbp + F_EFlags]
    mov [M_exit_frame + 16], rax
    mov rax, [rbp + F_Rsp]
    mov [M_exit_frame + 24], rax
    mov qword ptr [M_exit_frame + 32], 0x2B
    mov rax, [rbp + F_Rax]
    mov [M_exit_frame + 40], rax
    mov rax, [rbp + F_Rcx]
    mov [M_exit_frame + 48], rax
    mov rax, [rbp + F_Rdx]
    mov [M_exit_frame + 56], rax
    mov rbx, [rbp + F_Rbx]
    mov rsi, [rbp + F_Rsi]
    mov rdi, [rbp + F_Rdi]
    mov r8, [rbp + F_R8]
    mov r9, [rbp + F_R9]
    mov r10, [rbp + F_R10]
    mov r11, [rbp + F_R11]
    mov rbp, [rbp + F_Rbp]
    mov rsp, M_exit_frame
    mov dword ptr [M_mode], 1
    mov rcx, [M_user_gs]
    wrgsbase rcx
    cmp dword ptr [M_has_keys], 0
    je 2f
    cmp dword ptr [M_has_keys], 1
    jne 3f
    mov eax, [M_user_pkru]
    xor ecx, ecx
    xor edx, edx
    wrpkru
2:  mov rax, [M_exit_frame + 40]
    mov rcx, [M_exit_frame + 48]
    mov rdx, [M_exit_frame + 56]
    iretq
3:  jmp [M_gate]

/* VOID KiSwapStack(PVOID *SaveRsp, PVOID NewRsp): everything that a C call preserves. */
    .globl KiSwapStack
    .def KiSwapStack; .scl 2; .type 32; .endef
    .p2align 4
    .seh_proc KiSwapStack
KiSwapStack:
    push rbp
    .seh_pushreg rbp
    push rbx
    .seh_pushreg rbx
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
    movaps [rsp + 0x00], xmm6
    .seh_savexmm xmm6, 0x00
    movaps [rsp + 0x10], xmm7
    .seh_savexmm xmm7, 0x10
    movaps [rsp + 0x20], xmm8
    .seh_savexmm xmm8, 0x20
    movaps [rsp + 0x30], xmm9
    .seh_savexmm xmm9, 0x30
    movaps [rsp + 0x40], xmm10
    .seh_savexmm xmm10, 0x40
    movaps [rsp + 0x50], xmm11
    .seh_savexmm xmm11, 0x50
    movaps [rsp + 0x60], xmm12
    .seh_savexmm xmm12, 0x60
    movaps [rsp + 0x70], xmm13
    .seh_savexmm xmm13, 0x70
    movaps [rsp + 0x80], xmm14
    .seh_savexmm xmm14, 0x80
    movaps [rsp + 0x90], xmm15
    .seh_savexmm xmm15, 0x90
    .seh_endprologue
    stmxcsr [rsp + 0xA0]
    fnstcw [rsp + 0xA4]
    mov eax, [rsp + 0xA0]
    movzx r8d, word ptr [rsp + 0xA4]
    mov [rcx], rsp
    mov rsp, rdx
    cmp eax, [rsp + 0xA0]               /* to load them takes as long as all that follows, and they are mostly the same */
    je 1f
    ldmxcsr [rsp + 0xA0]
1:  cmp r8w, [rsp + 0xA4]
    je 2f
    fldcw [rsp + 0xA4]
2:  movaps xmm6, [rsp + 0x00]
    movaps xmm7, [rsp + 0x10]
    movaps xmm8, [rsp + 0x20]
    movaps xmm9, [rsp + 0x30]
    movaps xmm10, [rsp + 0x40]
    movaps xmm11, [rsp + 0x50]
    movaps xmm12, [rsp + 0x60]
    movaps xmm13, [rsp + 0x70]
    movaps xmm14, [rsp + 0x80]
    movaps xmm15, [rsp + 0x90]
    /* The others must not tell who ran before: a loop is known by its registers, what is left in them included. */
    xor eax, eax
    xor ecx, ecx
    xor edx, edx
    xor r8d, r8d
    xor r9d, r9d
    xor r10d, r10d
    xor r11d, r11d
    add rsp, 0xB8
    pop r15
    pop r14
    pop r13
    pop r12
    pop rdi
    pop rsi
    pop rbx
    pop rbp
    ret
    .seh_endproc

/* First instruction of a thread: KiInitializeThread has laid a KiSwapStack frame that returns here. */
    .globl KiThreadStartup
    .def KiThreadStartup; .scl 2; .type 32; .endef
    .p2align 4
    .seh_proc KiThreadStartup
KiThreadStartup:
    sub rsp, 0x20                       /* entered by `ret`, so rsp is aligned already */
    .seh_stackalloc 0x20
    .seh_endprologue
    call KiThreadMain
    int 3
    .seh_endproc

/* VOID KiCallOnStack(PVOID Stack, VOID (*Routine)(PVOID), PVOID Argument) */
    .globl KiCallOnStack
    .def KiCallOnStack; .scl 2; .type 32; .endef
    .p2align 4
    .seh_proc KiCallOnStack
KiCallOnStack:
    push rbp
    .seh_pushreg rbp
    mov rbp, rsp
    .seh_setframe rbp, 0
    .seh_endprologue
    mov rsp, rcx
    sub rsp, 0x20
    mov rcx, r8
    call rdx
    mov rsp, rbp
    pop rbp
    ret
    .seh_endproc

/*
 * What the loader's trampolines call. cr8: the value lies above the return address; every register
 * is preserved. KiWriteCr8 and KiReadCr8 are C and preserve the callee-saved ones.
 */
    .macro PATCH_SAVE
    push rbp
    mov rbp, rsp
    pushfq
    push rax
    push rcx
    push rdx
    push r8
    push r9
    push r10
    push r11
    sub rsp, 0x80
    and rsp, -16
    movups [rsp + 0x20], xmm0
    movups [rsp + 0x30], xmm1
    movups [rsp + 0x40], xmm2
    movups [rsp + 0x50], xmm3
    movups [rsp + 0x60], xmm4
    movups [rsp + 0x70], xmm5
    .endm
    .macro PATCH_LOAD
    movups xmm0, [rsp + 0x20]
    movups xmm1, [rsp + 0x30]
    movups xmm2, [rsp + 0x40]
    movups xmm3, [rsp + 0x50]
    movups xmm4, [rsp + 0x60]
    movups xmm5, [rsp + 0x70]
    lea rsp, [rbp - 64]
    pop r11
    pop r10
    pop r9
    pop r8
    pop rdx
    pop rcx
    pop rax
    popfq
    pop rbp
    .endm

    .globl KiPatchCr8Write, KiPatchCr8Read, KiPatchPause, KiPatchPoint, KiPatchSmepFault
    .def KiPatchCr8Write; .scl 2; .type 32; .endef
    .p2align 4
    .seh_proc KiPatchCr8Write
KiPatchCr8Write:
    push rbp
    .seh_pushreg rbp
    mov rbp, rsp
    .seh_setframe rbp, 0
    .seh_endprologue
    pushfq
    push rax
    push rcx
    push rdx
    push r8
    push r9
    push r10
    push r11
    sub rsp, 0x80
    and rsp, -16
    movups [rsp + 0x20], xmm0
    movups [rsp + 0x30], xmm1
    movups [rsp + 0x40], xmm2
    movups [rsp + 0x50], xmm3
    movups [rsp + 0x60], xmm4
    movups [rsp + 0x70], xmm5
    mov rcx, [rbp + 16]
    mov rdx, [rbp + 8]
    call KiWriteCr8
    PATCH_LOAD
    ret
    .seh_endproc

    .p2align 4
KiPatchCr8Read:
    push rax
    mov rax, gs:[0x18]
    movzx eax, byte ptr [rax + 0x50]
    mov [rsp + 16], rax
    pop rax
    ret

/* pause in kernel mode: a schedule point. */
    .p2align 4
    .seh_proc KiPatchPause
KiPatchPause:
    push rbp
    .seh_pushreg rbp
    mov rbp, rsp
    .seh_setframe rbp, 0
    .seh_endprologue
    pushfq
    push rax
    push rcx
    push rdx
    push r8
    push r9
    push r10
    push r11
    sub rsp, 0x80
    and rsp, -16
    movups [rsp + 0x20], xmm0
    movups [rsp + 0x30], xmm1
    movups [rsp + 0x40], xmm2
    movups [rsp + 0x50], xmm3
    movups [rsp + 0x60], xmm4
    movups [rsp + 0x70], xmm5
    mov rcx, [rbp + 8]
    call KiPause
    PATCH_LOAD
    ret
    .seh_endproc

/*
 * An access to memory in kernel mode comes next (host/image/patch.h): [rsp] the return address, above
 * it a KI_POINT_FRAME of 32 bytes. The registers go into a struct abi_trap.
 */
    .p2align 4
    .seh_proc KiPatchPoint
KiPatchPoint:
    push rbp
    .seh_pushreg rbp
    mov rbp, rsp
    .seh_setframe rbp, 0
    .seh_endprologue
    pushfq
    cld
    sub rsp, 0x158
    and rsp, -16
    mov [rsp + 0x80], rax
    mov [rsp + 0x88], rcx
    mov [rsp + 0x90], rdx
    mov [rsp + 0x98], rbx
    lea rax, [rbp + 16]
    mov [rsp + 0xA0], rax
    mov rax, [rbp]
    mov [rsp + 0xA8], rax
    mov [rsp + 0xB0], rsi
    mov [rsp + 0xB8], rdi
    mov [rsp + 0xC0], r8
    mov [rsp + 0xC8], r9
    mov [rsp + 0xD0], r10
    mov [rsp + 0xD8], r11
    mov [rsp + 0xE0], r12
    mov [rsp + 0xE8], r13
    mov [rsp + 0xF0], r14
    mov [rsp + 0xF8], r15
    mov rax, [rbp + 8]
    mov [rsp + 0x100], rax
    mov rax, [rbp - 8]
    mov [rsp + 0x108], rax
    movups [rsp + 0x20], xmm0
    movups [rsp + 0x30], xmm1
    movups [rsp + 0x40], xmm2
    movups [rsp + 0x50], xmm3
    movups [rsp + 0x60], xmm4
    movups [rsp + 0x70], xmm5
    lea rcx, [rsp + 0x80]
    lea rdx, [rbp + 16]
    call KiCodePointFrame
    movups xmm0, [rsp + 0x20]
    movups xmm1, [rsp + 0x30]
    movups xmm2, [rsp + 0x40]
    movups xmm3, [rsp + 0x50]
    movups xmm4, [rsp + 0x60]
    movups xmm5, [rsp + 0x70]
    mov rax, [rsp + 0x80]
    mov rcx, [rsp + 0x88]
    mov rdx, [rsp + 0x90]
    mov r8, [rsp + 0xC0]
    mov r9, [rsp + 0xC8]
    mov r10, [rsp + 0xD0]
    mov r11, [rsp + 0xD8]
    lea rsp, [rbp - 8]
    popfq
    pop rbp
    ret
    .seh_endproc

/* An indirect call or jump went for a user address: r11 the target, [rsp] the return address. */
    .p2align 4
    .seh_proc KiPatchSmepFault
KiPatchSmepFault:
    push rbp
    .seh_pushreg rbp
    mov rbp, rsp
    .seh_setframe rbp, 0
    .seh_endprologue
    sub rsp, 0x20
    and rsp, -16
    mov rcx, r11
    lea rdx, [rbp + 8]
    call KiSmepFault
    int 3
    .seh_endproc

/* Not for export; what is an export stands in a table (*.exports). */
    .section .drectve, "yn"
    .ascii " -exclude-symbols:KiCallOnStack"
    .ascii " -exclude-symbols:KiPatchSyscallEntry"
    .ascii " -exclude-symbols:KiReturnToKernel"
    .ascii " -exclude-symbols:KiReturnToUser"
    .ascii " -exclude-symbols:KiServiceInternal"
    .ascii " -exclude-symbols:KiSwapStack"
    .ascii " -exclude-symbols:KiSystemServiceCopyEnd"
    .ascii " -exclude-symbols:KiSystemServiceCopyStart"
    .ascii " -exclude-symbols:KiSystemServiceExit"
    .ascii " -exclude-symbols:KiSystemServiceUser"
    .ascii " -exclude-symbols:KiThreadStartup"
    .ascii " -exclude-symbols:KiSystemServiceCopyEndObserved"
    .ascii " -exclude-symbols:KiSystemServiceCopyStartObserved"
    .ascii " -exclude-symbols:KiSystemServiceExitObserved"
    .ascii " -exclude-symbols:KiSystemServiceUserObserved"
    .ascii " -exclude-symbols:KiSystemServiceRepeat"
    .ascii " -exclude-symbols:KiSystemServiceRepeatObserved"
