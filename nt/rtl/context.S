/*
 * context.S - a register context: captured, restored, and the calls that unwinding goes through.
 *
 * RtlpExecuteHandlerForException and RtlpExecuteHandlerForUnwind call a frame's language handler. The
 * unwinder knows their frames by their own handler's address, and finds the DISPATCHER_CONTEXT of the
 * call in the slot at EstablisherFrame + 0x20 (dispatch.c: RTLP_DISPATCHER_SLOT).
 *
 * Offsets are those of CONTEXT and DISPATCHER_CONTEXT for x64; dispatch.c asserts them.
 */
    .intel_syntax noprefix

    .set CxContextFlags, 0x30
    .set CxMxCsr, 0x34
    .set CxSegCs, 0x38
    .set CxEFlags, 0x44
    .set CxRax, 0x78
    .set CxRcx, 0x80
    .set CxRdx, 0x88
    .set CxRbx, 0x90
    .set CxRsp, 0x98
    .set CxRbp, 0xA0
    .set CxRsi, 0xA8
    .set CxRdi, 0xB0
    .set CxR8, 0xB8
    .set CxR9, 0xC0
    .set CxR10, 0xC8
    .set CxR11, 0xD0
    .set CxR12, 0xD8
    .set CxR13, 0xE0
    .set CxR14, 0xE8
    .set CxR15, 0xF0
    .set CxRip, 0xF8
    .set CxFltSave, 0x100
    .set CxXmm6, 0x200
    .set DcLanguageHandler, 0x30

    .text

/* VOID RtlCaptureContext(rcx ContextRecord): the caller's context, as if the call had returned. */
    .globl RtlCaptureContext
    .p2align 4
RtlCaptureContext:
    .seh_proc RtlCaptureContext
    pushfq
    .seh_stackalloc 8
    .seh_endprologue
    mov [rcx + CxRax], rax
    mov [rcx + CxRcx], rcx
    mov [rcx + CxRdx], rdx
    mov [rcx + CxRbx], rbx
    mov [rcx + CxRbp], rbp
    mov [rcx + CxRsi], rsi
    mov [rcx + CxRdi], rdi
    mov [rcx + CxR8], r8
    mov [rcx + CxR9], r9
    mov [rcx + CxR10], r10
    mov [rcx + CxR11], r11
    mov [rcx + CxR12], r12
    mov [rcx + CxR13], r13
    mov [rcx + CxR14], r14
    mov [rcx + CxR15], r15
    fxsave64 [rcx + CxFltSave]
    mov dword ptr [rcx + CxFltSave + 0x1C], 0xFFFF /* MxCsr_Mask: the same on every processor */
    stmxcsr [rcx + CxMxCsr]
    /* The selectors that Windows uses: CS, DS, ES, FS, GS, SS. */
#ifdef NT_INC_NT_H
    mov dword ptr [rcx + CxSegCs], 0x002B0010
    mov word ptr [rcx + CxSegCs + 10], 0x18
#else
    mov dword ptr [rcx + CxSegCs], 0x002B0033
    mov word ptr [rcx + CxSegCs + 10], 0x2B
#endif
    mov dword ptr [rcx + CxSegCs + 4], 0x0053002B
    mov word ptr [rcx + CxSegCs + 8], 0x2B
    lea rax, [rsp + 16]
    mov [rcx + CxRsp], rax
    mov rax, [rsp + 8]
    mov [rcx + CxRip], rax
    mov eax, [rsp]
    mov [rcx + CxEFlags], eax
    mov dword ptr [rcx + CxContextFlags], 0x10000F
    mov rax, [rcx + CxRax]
    add rsp, 8
    ret
    .seh_endproc

/*
 * VOID RtlpRestoreContext(rcx ContextRecord): every register of the context, vector and volatile ones
 * included; does not return. iretq loads rsp, rip and the flags at once and writes nothing near the
 * new rsp. The selectors are the present ones: kernel and user mode do not differ in them here.
 */
    .globl RtlpRestoreContext
    .p2align 4
RtlpRestoreContext:
    .seh_proc RtlpRestoreContext
    sub rsp, 0x38
    .seh_stackalloc 0x38
    .seh_endprologue
    test dword ptr [rcx + CxContextFlags], 8
    jz 1f
    fxrstor64 [rcx + CxFltSave]
    ldmxcsr [rcx + CxMxCsr]
1:  mov rax, [rcx + CxRip]
    mov [rsp], rax
    mov eax, cs
    mov [rsp + 8], rax
    mov eax, [rcx + CxEFlags]
    mov [rsp + 16], rax
    mov rax, [rcx + CxRsp]
    mov [rsp + 24], rax
    mov eax, ss
    mov [rsp + 32], rax
    mov rax, [rcx + CxRax]
    mov rdx, [rcx + CxRdx]
    mov rbx, [rcx + CxRbx]
    mov rbp, [rcx + CxRbp]
    mov rsi, [rcx + CxRsi]
    mov rdi, [rcx + CxRdi]
    mov r8, [rcx + CxR8]
    mov r9, [rcx + CxR9]
    mov r10, [rcx + CxR10]
    mov r11, [rcx + CxR11]
    mov r12, [rcx + CxR12]
    mov r13, [rcx + CxR13]
    mov r14, [rcx + CxR14]
    mov r15, [rcx + CxR15]
    mov rcx, [rcx + CxRcx]
    iretq
    .seh_endproc

/*
 * VOID RtlpConsolidateFrames(rcx ContextRecord, rdx ExceptionRecord, r8 Callback): calls Callback
 * (ExceptionRecord) with a stack that unwinds as if the frame of ContextRecord had called it, while
 * everything below that frame is still there; goes on at the address that it returns.
 */
    .globl RtlpConsolidateFrames
    .p2align 4
RtlpConsolidateFrames:
    .seh_proc RtlpConsolidateFrames
    /* Above the frame that the unwinder sees: rip, cs, flags, rsp, ss of the context. */
    .seh_pushframe
    .seh_stackalloc 0x138
    .seh_savereg rbx, 0x20
    .seh_savereg rbp, 0x28
    .seh_savereg rsi, 0x30
    .seh_savereg rdi, 0x38
    .seh_savereg r12, 0x40
    .seh_savereg r13, 0x48
    .seh_savereg r14, 0x50
    .seh_savereg r15, 0x58
    .seh_savexmm xmm6, 0x70
    .seh_savexmm xmm7, 0x80
    .seh_savexmm xmm8, 0x90
    .seh_savexmm xmm9, 0xA0
    .seh_savexmm xmm10, 0xB0
    .seh_savexmm xmm11, 0xC0
    .seh_savexmm xmm12, 0xD0
    .seh_savexmm xmm13, 0xE0
    .seh_savexmm xmm14, 0xF0
    .seh_savexmm xmm15, 0x100
    .seh_endprologue
    and rsp, -16
    sub rsp, 0x170
    mov rax, [rcx + CxRip]
    mov [rsp + 0x138], rax
    mov rax, [rcx + CxRsp]
    mov [rsp + 0x150], rax
    mov rax, [rcx + CxRbx]
    mov [rsp + 0x20], rax
    mov rax, [rcx + CxRbp]
    mov [rsp + 0x28], rax
    mov rax, [rcx + CxRsi]
    mov [rsp + 0x30], rax
    mov rax, [rcx + CxRdi]
    mov [rsp + 0x38], rax
    mov rax, [rcx + CxR12]
    mov [rsp + 0x40], rax
    mov rax, [rcx + CxR13]
    mov [rsp + 0x48], rax
    mov rax, [rcx + CxR14]
    mov [rsp + 0x50], rax
    mov rax, [rcx + CxR15]
    mov [rsp + 0x58], rax
    .set Index, 0
    .rept 10
    movups xmm0, [rcx + CxXmm6 + Index * 16]
    movups [rsp + 0x70 + Index * 16], xmm0
    .set Index, Index + 1
    .endr
    mov [rsp + 0x60], rcx
    mov rcx, rdx
    call r8
    mov rcx, [rsp + 0x60]
    mov [rcx + CxRip], rax
    jmp RtlpRestoreContext
    .seh_endproc

/*
 * EXCEPTION_DISPOSITION RtlpExecuteHandlerFor...(rcx ExceptionRecord, rdx EstablisherFrame,
 *     r8 ContextRecord, r9 DispatcherContext): calls DispatcherContext->LanguageHandler.
 */
    .macro EXECUTE_HANDLER Name, Handler
    .globl \Name
    .p2align 4
\Name:
    .seh_proc \Name
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    .seh_handler \Handler, @except, @unwind
    mov [rsp + 0x20], r9
    call [r9 + DcLanguageHandler]
    nop
    add rsp, 0x28
    ret
    .seh_endproc
    .endm

    EXECUTE_HANDLER RtlpExecuteHandlerForException, RtlpExceptionFrameHandler
    EXECUTE_HANDLER RtlpExecuteHandlerForUnwind, RtlpUnwindFrameHandler

/* Not for export; what is an export stands in a table (*.exports). */
    .section .drectve, "yn"
    .ascii " -exclude-symbols:RtlpConsolidateFrames"
    .ascii " -exclude-symbols:RtlpExecuteHandlerForException"
    .ascii " -exclude-symbols:RtlpExecuteHandlerForUnwind"
    .ascii " -exclude-symbols:RtlpRestoreContext"
