# sections.S - RTL_CRITICAL_SECTION where nobody has to wait: enter, try, leave.
#
# What costs a few instructions is here; everything else is critical.c, which has the encoding of LockCount. Leaf
# functions, no stack. Offsets: LockCount 8, RecursionCount 0Ch, OwningThread 10h; TEB.ClientId.UniqueThread gs:[48h].
#
# No lock prefix: all virtual processors take turns on one Linux thread, and none begins in the middle of an instruction.
#
# While schedules are explored, whoever comes from outside of ntdll tells the kernel before (explored.c).
#
# Whoever has entered counts the user's turn down (RtlpTurnIsOver in ntdllp.h): at its end another processor goes on, now
# that this one owns the section, or (every second time) before it does.

    .intel_syntax noprefix
    .text
    .set TURN, 0x7FFDF000
    .set POINT, TURN + 0x20             # abi_turn.lock_point

# RtlpLockStep(Word, What): what host/image/point.c leaves on the stack for the call, from the lowest address on rax, the
# address, a bit's number, what is done.
    .globl RtlpLockStep
    .p2align 4
    .seh_proc RtlpLockStep
RtlpLockStep:
    sub rsp, 0x28
    .seh_stackalloc 0x28
    .seh_endprologue
    mov [rsp], rax
    mov [rsp + 0x08], rcx
    mov qword ptr [rsp + 0x10], 0
    mov [rsp + 0x18], rdx
    call qword ptr [POINT]
    add rsp, 0x28
    ret
    .seh_endproc

    .globl RtlpEnterFromOutside, RtlEnterCriticalSection
    .p2align 4
RtlpEnterFromOutside:
    cmp qword ptr [POINT], 0
    jne RtlpEnterExplored
RtlEnterCriticalSection:
    cmp dword ptr [rip + RtlpSectionKind], 3
    je RtlpEnterSection                 # nt51 counts otherwise
    btr dword ptr [rcx + 8], 0
    jnc RtlpEnterSection
    mov rax, gs:[0x48]
    mov dword ptr [rcx + 0x0C], 1
    mov [rcx + 0x10], rax
    dec qword ptr [TURN]
    je RtlpTurnInSection
    xor eax, eax
    ret

    .globl RtlpLeaveFromOutside, RtlLeaveCriticalSection
    .p2align 4
RtlpLeaveFromOutside:
    cmp qword ptr [POINT], 0
    jne RtlpLeaveExplored
RtlLeaveCriticalSection:
    cmp dword ptr [rip + RtlpSectionKind], 3
    je RtlpLeaveOldSection
    dec dword ptr [rcx + 0x0C]
    jne 1f
    mov qword ptr [rcx + 0x10], 0
    mov eax, 1
    xadd [rcx + 8], eax                 # bit 0 was clear
    cmp eax, -2                         # and nobody waits
    mov edx, eax
    jne RtlpLeaveSection
1:  xor eax, eax
    ret
