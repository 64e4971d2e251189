# start.S - where the kernel enters user mode, and where user code enters ntdll without a prototype.
#
# LdrInitializeThunk is C (ldrinit.c): rcx = CONTEXT to continue with, rdx = ntdll's base, rsp = rcx.
#
# KiUserApcDispatcher: rsp -> CONTEXT whose P1Home..P4Home hold NormalContext, SystemArgument1,
# SystemArgument2 and the routine, P5Home 1 unless the APC is a special one (then what is queued behind it waits for
# an alertable wait). The routine gets the CONTEXT as a fourth argument. KiUserExceptionDispatcher: rsp -> CONTEXT, at +0x4F0 the
# EXCEPTION_RECORD. Both are the public x64 layouts, which debuggers and unwinders know: the frames are
# described as machine frames, so that a stack walk goes on in the interrupted code.

    .intel_syntax noprefix
    .text

# On entry CONTEXT lies at rsp. Below it goes a machine frame (rip, cs, rflags, rsp, ss) made from it, and home
# space for who is called; the unwind codes find the other registers inside CONTEXT.
    .macro ENTER_FROM_KERNEL
    .seh_pushframe
    .seh_stackalloc 0x30
    .seh_savereg rbx, 0x60 + 0x90
    .seh_savereg rbp, 0x60 + 0xA0
    .seh_savereg rsi, 0x60 + 0xA8
    .seh_savereg rdi, 0x60 + 0xB0
    .seh_savereg r12, 0x60 + 0xD8
    .seh_savereg r13, 0x60 + 0xE0
    .seh_savereg r14, 0x60 + 0xE8
    .seh_savereg r15, 0x60 + 0xF0
    .seh_savexmm xmm6, 0x60 + 0x200
    .seh_savexmm xmm7, 0x60 + 0x210
    .seh_savexmm xmm8, 0x60 + 0x220
    .seh_savexmm xmm9, 0x60 + 0x230
    .seh_savexmm xmm10, 0x60 + 0x240
    .seh_savexmm xmm11, 0x60 + 0x250
    .seh_savexmm xmm12, 0x60 + 0x260
    .seh_savexmm xmm13, 0x60 + 0x270
    .seh_savexmm xmm14, 0x60 + 0x280
    .seh_savexmm xmm15, 0x60 + 0x290
    .seh_endprologue
    cld
    sub rsp, 0x60
    mov rax, [rsp + 0x60 + 0xF8]
    mov [rsp + 0x30], rax
    mov rax, [rsp + 0x60 + 0x98]
    mov [rsp + 0x48], rax
    .endm

    .globl KiUserApcDispatcher
    .p2align 4
    .seh_proc KiUserApcDispatcher
KiUserApcDispatcher:
    ENTER_FROM_KERNEL
    mov rcx, [rsp + 0x60]
    mov rdx, [rsp + 0x68]
    mov r8, [rsp + 0x70]
    lea r9, [rsp + 0x60]
    call qword ptr [rsp + 0x78]
    lea rcx, [rsp + 0x60]
    mov dl, [rsp + 0x80]
    call NtContinue
    mov ecx, eax
    call RtlRaiseStatus
    int3
    .seh_endproc

    .globl KiUserExceptionDispatcher
    .p2align 4
    .seh_proc KiUserExceptionDispatcher
KiUserExceptionDispatcher:
    ENTER_FROM_KERNEL
    lea rcx, [rsp + 0x60 + 0x4F0]
    lea rdx, [rsp + 0x60]
    call RtlpUserException
    int3
    .seh_endproc

    .globl KiRaiseUserExceptionDispatcher
    .p2align 4
    .seh_proc KiRaiseUserExceptionDispatcher
KiRaiseUserExceptionDispatcher:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov rax, gs:[0x30]
    mov ecx, [rax + 0x2C0]
    call RtlRaiseStatus
    int3
    .seh_endproc

# An import that nothing exports is bound to a thunk that loads its record into rax and jumps here.
    .globl LdrpMissingImportThunk
    .p2align 4
    .seh_proc LdrpMissingImportThunk
LdrpMissingImportThunk:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov rcx, rax
    mov rdx, [rsp + 0x28]
    call LdrpMissingImport
    int3
    .seh_endproc

    .globl DbgBreakPoint, DbgUserBreakPoint
    .p2align 4
DbgBreakPoint:
DbgUserBreakPoint:
    int3
    ret

# DbgPrint's service: rcx text, edx length, r8d component, r9d level (DebugService, int 2Dh).
    .globl RtlpDebugPrint
    .p2align 4
RtlpDebugPrint:
    mov eax, 1
    int 0x2d
    int3
    ret

# A service that the kernel does not have: rax is its name.
    .globl LdrpMissingServiceThunk
    .p2align 4
    .seh_proc LdrpMissingServiceThunk
LdrpMissingServiceThunk:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov rcx, rax
    mov rdx, [rsp + 0x28]
    call LdrpMissingService
    add rsp, 0x28
    ret
    .seh_endproc
